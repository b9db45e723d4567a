"""Cells beyond the edge of a grid."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from intertwine.errors import ArgumentError

MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
"""The modes by their names here and as ``torch.nn.functional.pad`` calls them."""


def padding_mode(value: Any) -> str:
    """A mode of padding.

    Args:
        value: what was given.

    Raises:
        ArgumentError: if there is no such mode.
    """
    if not isinstance(value, str) or value not in MODES:
        raise ArgumentError(f"the padding_mode {value!r} is unknown", hint=f"use one of {', '.join(MODES)}")
    return value


def padded(tensor: torch.Tensor, margin: tuple[int, ...], mode: str) -> torch.Tensor:
    """Features with cells added at both ends of each axis of space.

    Args:
        tensor: shape ``(batch, channels, *space)``.
        margin: how many, for each axis.
        mode: what they hold.
    """
    if not any(margin):
        return tensor
    return F.pad(tensor, both_ends(margin), mode=MODES[mode])


def padding_module(margin: tuple[int, ...], mode: str) -> torch.nn.Module:
    """The same as a module of torch.

    Args:
        margin: how many cells, for each axis.
        mode: what they hold.
    """
    prefix = {"zeros": "Zero", "reflect": "Reflection", "replicate": "Replication", "circular": "Circular"}[mode]
    return getattr(torch.nn, f"{prefix}Pad{len(margin)}d")(tuple(both_ends(margin)))


def both_ends(margin: tuple[int, ...]) -> list[int]:
    """As torch wants it: two numbers for each axis, from the last one on.

    Args:
        margin: how many cells, for each axis.
    """
    return [n for n in reversed(margin) for _ in range(2)]
