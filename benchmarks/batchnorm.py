"""Normalisations beside torch's batch norm of the same channels: a step of training, and evaluation. Prints a table.

    .venv/bin/python benchmarks/batchnorm.py

Each figure is a time in microseconds of the processor on one thread, the lower quartile of interleaved calls, and its ratio to
that of ``torch.nn.BatchNorm2d``.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch
from beside_torch import evaluation, seconds

from intertwine import gspaces, nn

SECONDS = 1.0
LAYERS = (nn.InnerBatchNorm, nn.IIDBatchNorm2d, nn.GNormBatchNorm, nn.FieldNorm)


def fields() -> dict[str, nn.FieldType]:
    turns, flips = gspaces.rot2dOnR2(8), gspaces.flipRot2dOnR2(4)
    alternating = 4 * (flips.regular_repr, flips.trivial_repr)
    return {
        "C8, 4 regular": nn.field_type(turns, regular=4),
        "C8, 16 regular": nn.field_type(turns, regular=16),
        "D4, 4 regular, 8 trivial": nn.field_type(flips, regular=4, trivial=8),
        "D4, regular and trivial in turn": nn.FieldType(flips, alternating),
    }


CASES = [
    ("C8, 4 regular", (2, 7, 7)),
    ("C8, 4 regular", (16, 32, 32)),
    ("C8, 16 regular", (16, 16, 16)),
    ("C8, 16 regular", (64, 32, 32)),
    ("D4, 4 regular, 8 trivial", (16, 32, 32)),
    ("D4, regular and trivial in turn", (16, 32, 32)),
]


def step(module: torch.nn.Module, x: torch.Tensor) -> Callable[[], None]:
    with torch.no_grad():
        gradient = torch.randn_like(module(x))

    def run() -> None:
        x.grad = None
        for parameter in module.parameters():
            parameter.grad = None
        module(x).backward(gradient)

    return run


def compared(ours: Callable[[], None], plain: Callable[[], None]) -> str:
    for call in (ours, plain, ours, plain):
        call()
    times: tuple[list[float], list[float]] = ([], [])
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(times[0]) < 8:
        for found, call in zip(times, (ours, plain), strict=True):
            found.append(seconds(call))
    a, b = (statistics.quantiles(found, n=4)[0] for found in times)
    return f"{1e6 * a:>10.0f}{1e6 * b:>10.0f}{a / b:>7.2f}"


def main() -> None:
    torch.set_num_threads(1)
    out = sys.stdout.write
    out(f"{'fields':33}{'batch, space':13}{'layout':9}{'layer':16}{'step, us':>10}{'torch':>10}{'ratio':>7}")
    out(f"{'eval, us':>10}{'torch':>10}{'ratio':>7}\n")
    kinds = fields()
    for name, (batch, *space) in CASES:
        kind = kinds[name]
        for layout, format in (("rows", torch.contiguous_format), ("channels", torch.channels_last)):
            for cls in LAYERS if layout == "rows" else LAYERS[:2]:
                ours, plain = cls(kind), torch.nn.BatchNorm2d(kind.size)
                x = torch.randn(batch, kind.size, *space).to(memory_format=format).requires_grad_()
                cells = compared(step(ours, x), step(plain, x))
                cells += compared(evaluation(ours.eval(), x), evaluation(plain.eval(), x))
                where = "x".join(map(str, (batch, *space)))
                out(f"{name:33}{where:13}{layout:9}{cls.__name__:16}{cells}\n")


if __name__ == "__main__":
    main()
