"""A small study, whose networks train in a tenth of a second: crosses that are long in one direction or the other."""

from __future__ import annotations

import torch

from intertwine import study

SMALL = {
    "schedules": ["C4", "D1"],
    "rivals": ["plain"],
    "depth": 2,
    "learn_rates": [0.01, 0.03],
    "epochs": 2,
    "batch_size": 32,
    "budget": {"parameters": 300},
    "backbone_options": {"kernel_size": 3},
    "transforms": ["as_is", "quarter_turns"],
    "first_seeds": 2,
    "max_seeds": 3,
}


def crosses(n=80, seed=0):
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 2
    x = 0.5 * torch.randn(n, 1, 9, 9, generator=generator)
    x[y == 1, :, 2:7, 4] += 1.0
    x[y == 0, :, 4, 2:7] += 1.0
    return x, y


def small(**changes):
    x, y = crosses()
    return study.symmetry_study(x, y, **{**SMALL, **changes})


def steady(table):
    """The table without what differs when a study is repeated."""
    return [{name: value for name, value in row.items() if name not in ("seconds", "memory_mb")} for row in table]
