"""Evaluation of a convolution beside torch's own of the same filter: as it is, and frozen. Prints a table.

    .venv/bin/python benchmarks/frozen.py

Each figure is the median of the differences of interleaved calls, in microseconds, on one thread.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import torch

from intertwine import gspaces, nn

CALLS = 400


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def row(fields: int) -> str:
    space = gspaces.rot2dOnR2(8)
    kind = nn.field_type(space, regular=fields)
    layer = nn.R2Conv(kind, kind, 3).eval()
    plain = layer.export().eval()
    x = torch.randn(1, kind.size, 3, 3)
    loose: list[float] = []
    still: list[float] = []
    base: list[float] = []
    with torch.no_grad():
        twin = nn.freeze(nn.R2Conv(kind, kind, 3).eval())
        for _ in range(CALLS):
            base.append(seconds(lambda: plain(x)))
            loose.append(seconds(lambda: layer(x)) - base[-1])
            still.append(seconds(lambda: twin(x)) - base[-1])
    whole = statistics.median(base)
    cells = [whole, statistics.median(loose), statistics.median(still)]
    return f"{fields:>14}" + "".join(f"{1e6 * cell:>14.1f}" for cell in cells)


def main() -> None:
    torch.set_num_threads(1)
    out = sys.stdout.write
    out(f"{'regular fields':>14}{'plain, us':>14}{'compared +us':>14}{'frozen +us':>14}\n")
    for fields in (1, 4, 16, 32, 64):
        out(row(fields) + "\n")


if __name__ == "__main__":
    main()
