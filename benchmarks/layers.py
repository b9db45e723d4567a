"""Forward and backward of layers that are no convolutions, side by side with escnn.

    python benchmarks/layers.py [--no-peers] [--only NAME] [--runs 9]

Prints a markdown table. Both sides run in turn in one process on the same input; each number is the median of several runs and
the ratio is the median of the ratios of neighbours. escnn is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

BATCH, SIDE, FIELDS = 16, 29, 16


def library(name: str) -> SimpleNamespace:
    """The two halves of a library that are named alike in ours and in escnn."""
    return SimpleNamespace(gspaces=importlib.import_module(f"{name}.gspaces"), nn=importlib.import_module(f"{name}.nn"))


def regular(lib: SimpleNamespace, N: int = 8) -> Any:
    space = lib.gspaces.rot2dOnR2(N=N)
    return lib.nn.FieldType(space, FIELDS * [space.regular_repr])


def vectors(lib: SimpleNamespace) -> Any:
    space = lib.gspaces.rot2dOnR2(N=8)
    return lib.nn.FieldType(space, 4 * FIELDS * [space.irrep(1)])


def mixed(lib: SimpleNamespace) -> Any:
    space = lib.gspaces.rot2dOnR2(N=8)
    fields = FIELDS * [space.trivial_repr] + FIELDS * [space.irrep(1)] + FIELDS // 2 * [space.regular_repr]
    return lib.nn.FieldType(space, fields)


def gated(lib: SimpleNamespace) -> Any:
    space = lib.gspaces.rot2dOnR2(N=8)
    return lib.nn.FieldType(space, 2 * FIELDS * [space.trivial_repr] + 2 * FIELDS * [space.irrep(1)])


LAYERS: dict[str, Callable[[SimpleNamespace], torch.nn.Module]] = {
    "inner batch norm, regular": lambda lib: lib.nn.InnerBatchNorm(regular(lib)),
    "iid batch norm, regular": lambda lib: lib.nn.IIDBatchNorm2d(regular(lib)),
    "iid batch norm, mixed": lambda lib: lib.nn.IIDBatchNorm2d(mixed(lib)),
    "norm batch norm, vectors": lambda lib: lib.nn.NormBatchNorm(vectors(lib)),
    "g-norm batch norm, vectors": lambda lib: lib.nn.GNormBatchNorm(vectors(lib)),
    "norm non-linearity, vectors": lambda lib: lib.nn.NormNonLinearity(vectors(lib)),
    "norm non-linearity, mixed": lambda lib: lib.nn.NormNonLinearity(mixed(lib)),
    "gated, vectors": lambda lib: lib.nn.GatedNonLinearity1(gated(lib)),
    "fourier relu, SO(2)": lambda lib: lib.nn.FourierPointwise(
        lib.gspaces.rot2dOnR2(-1), FIELDS, [(0,), (1,), (2,), (3,)], N=16
    ),
    "fourier elu, O(2)": lambda lib: lib.nn.FourierELU(
        lib.gspaces.flipRot2dOnR2(-1), FIELDS // 2, [(0, 0), (1, 0), (1, 1), (1, 2)], N=8
    ),
    "group pooling, regular": lambda lib: lib.nn.GroupPooling(regular(lib)),
    "norm pooling, vectors": lambda lib: lib.nn.NormPool(vectors(lib)),
    "norm max pooling, vectors": lambda lib: lib.nn.NormMaxPool(vectors(lib), kernel_size=2),
    "vector field, regular": lambda lib: lib.nn.VectorFieldNonLinearity(regular(lib)),
    "concatenated relu, regular": lambda lib: lib.nn.ConcatenatedNonLinearity(regular(lib, 4)),
    "field dropout, mixed": lambda lib: lib.nn.FieldDropout(mixed(lib)),
}


def step_of(lib: SimpleNamespace, name: str) -> Callable[[], None]:
    """One pass forward and backward in training mode."""
    torch.manual_seed(0)
    layer = LAYERS[name](lib).train()
    images = torch.randn(BATCH, layer.in_type.size, SIDE, SIDE, requires_grad=True)
    gradient: list[torch.Tensor] = []

    def step() -> None:
        # What a convolution gives is contiguous and no leaf.
        output = layer(lib.nn.GeometricTensor(images * 1.0, layer.in_type)).tensor
        if not gradient:
            gradient.append(torch.randn(output.shape))
        output.backward(gradient[0])
        images.grad = None

    return step


def seconds_of(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--no-peers", action="store_true", help="measure our own side only")
    parser.add_argument("--only", help="layers whose names contain this")
    parser.add_argument("--runs", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with_peer = not arguments.no_peers and importlib.util.find_spec("escnn") is not None
    ours = library("intertwine")
    theirs = library("escnn") if with_peer else None
    print(
        f"\nForward and backward, batch {BATCH}, {SIDE} x {SIDE}, {FIELDS} fields; torch {torch.__version__}, 1 thread\n"
    )
    print("| layer | intertwine | escnn | escnn / intertwine |\n|---|---|---|---|")
    ratios = []
    for name in LAYERS:
        if arguments.only and arguments.only not in name:
            continue
        own = step_of(ours, name)
        other = step_of(theirs, name) if theirs else None
        for work in (own, other):
            if work is not None:
                work(), work()
        pairs = [(seconds_of(own), seconds_of(other) if other else 0.0) for _ in range(arguments.runs)]
        mine = statistics.median(a for a, _ in pairs)
        if other is None:
            print(f"| {name} | {1000 * mine:.1f} ms | - | - |", flush=True)
            continue
        ratios.append(statistics.median(b / a for a, b in pairs))
        peer = statistics.median(b for _, b in pairs)
        print(f"| {name} | {1000 * mine:.1f} ms | {1000 * peer:.1f} ms | {ratios[-1]:.1f} |", flush=True)
    if ratios:
        print(f"| median | | | {statistics.median(ratios):.1f} (smallest {min(ratios):.1f}) |")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
    main()
