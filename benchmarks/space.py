"""Layers of space side by side with escnn and plain PyTorch: building, saving, expanding, training.

    python benchmarks/space.py [--only layers|network|pointwise] [--slow]

Prints markdown tables. Builds are timed in fresh processes, groups included, with what escnn keeps on disk in place; steps of
training in one process in turn with a plain `Conv3d` of the same width. escnn's builds take minutes: they are behind --slow.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
from plane import has_peer, milliseconds, seconds

KERNEL, BATCH, SIDE = 5, 4, 17

# Needed: seconds to build, checkpoint over weights, seconds to expand, step over plain.
LAYERS: dict[str, tuple[float, float, float, float]] = {
    "SO(3), 4 x irreps 0..2": (0.100, 1.2, 0.005, 1.2),
    "octahedral, 2 -> 2 regular": (0.120, 1.2, 0.010, 1.3),
    "icosahedral, 1 -> 1 regular": (0.350, 1.2, 0.030, 1.5),
}


def layer_of(library: str, name: str) -> torch.nn.Module:
    gspaces, nn = importlib.import_module(f"{library}.gspaces"), importlib.import_module(f"{library}.nn")
    if name.startswith("SO(3)"):
        space = gspaces.rot3dOnR3()
        fields = 4 * [space.irrep(l) for l in range(3)]
    else:
        space = gspaces.octaOnR3() if name.startswith("octa") else gspaces.icoOnR3()
        fields = (2 if name.startswith("octa") else 1) * [space.regular_repr]
    kind = nn.FieldType(space, fields)
    return nn.R3Conv(kind, kind, KERNEL, padding=KERNEL // 2)


def se3_network(
    library: str, widths: tuple[int, ...] = (200, 480, 480, 960), copies: tuple[int, ...] = (3, 2, 6, 12, 8)
) -> Any:
    """escnn's example of a residual network on volumes with the symmetry SO(3), written from its description.

    Fields are sums of tensor powers of the vector, which the group acts on like on polynomials. In a block two convolutions of
    kernel 3 lie around a batch norm and an ELU on 96 rotations; the shortcut is a blurred, pointwise map. At the end an ELU on 24
    points of the sphere is averaged to invariant channels, which a small perceptron classifies. It takes volumes of 33^3.

    Args:
        library: "intertwine" or "escnn".
        widths: channels inside of the blocks, about.
        copies: the number of fields before each block, and behind the last.
    """
    gspaces, nn, group = (importlib.import_module(f"{library}.{part}") for part in ("gspaces", "nn", "group"))
    space = gspaces.rot3dOnR3()
    rotations = space.fibergroup

    def polynomials(degree: int) -> Any:
        powers = [space.trivial_repr, space.irrep(1)]
        while len(powers) <= degree:
            powers.append(powers[-1].tensor(space.irrep(1)))
        return group.directsum(powers, name=f"polynomials_{degree}")

    class Block(nn.EquivariantModule):
        def __init__(self, in_type: Any, out_type: Any, width: int) -> None:
            super().__init__()
            self.in_type, self.out_type = in_type, out_type
            samples = 96
            act = nn.FourierELU(
                space, round(width / samples), irreps=rotations.bl_irreps(2), inplace=True, type="thomson", N=samples
            )
            inner = act.in_type
            self.rest = nn.SequentialModule(
                nn.R3Conv(in_type, inner, kernel_size=3, padding=1, bias=False, initialize=False),
                nn.IIDBatchNorm3d(inner, affine=True),
                act,
                nn.R3Conv(inner, out_type, kernel_size=3, padding=1, stride=2, bias=False, initialize=False),
            )
            self.smaller = nn.PointwiseAvgPoolAntialiased3D(in_type, 0.33, 2, 1)
            self.shortcut = (
                nn.R3Conv(in_type, out_type, kernel_size=1, padding=0, bias=False) if in_type != out_type else None
            )

        def forward(self, x: Any) -> Any:
            small = self.smaller(x)
            return self.rest(x) + (small if self.shortcut is None else self.shortcut(small))

        def evaluate_output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
            return self.rest.evaluate_output_shape(input_shape)

    kinds = [nn.FieldType(space, count * [polynomials(2 if number == 0 else 3)]) for number, count in enumerate(copies)]
    trivial = nn.FieldType(space, [space.trivial_repr])
    modules: list[Any] = [nn.R3Conv(trivial, kinds[0], kernel_size=5, padding=2, bias=False, initialize=False)]
    modules += [Block(a, b, width) for a, b, width in zip(kinds, kinds[1:], widths, strict=False)]
    pool = nn.QuotientFourierELU(
        space,
        (False, -1),
        128,
        irreps=rotations.bl_sphere_representation(L=2).irreps,
        out_irreps=rotations.bl_sphere_representation(L=0).irreps,
        grid=rotations.sphere_grid(type="thomson_cube", N=1),
    )
    modules += [nn.R3Conv(kinds[-1], pool.in_type, kernel_size=3, padding=0, bias=False, initialize=False), pool]
    for layer in (m for module in modules for m in module.modules() if isinstance(m, nn.R3Conv)):
        torch.nn.init.normal_(layer.weights, std=0.05)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.in_type = trivial
            self.blocks = nn.SequentialModule(*modules)
            parts: list[torch.nn.Module] = []
            for a, b in ((pool.out_type.size, 256), (256, 128)):
                parts += [
                    torch.nn.Linear(a, b, bias=False),
                    torch.nn.BatchNorm1d(b),
                    torch.nn.ELU(),
                    torch.nn.Dropout(0.1),
                ]
            self.classifier = torch.nn.Sequential(*parts, torch.nn.Linear(128, 10))

        def forward(self, volumes: torch.Tensor) -> torch.Tensor:
            features = self.blocks(nn.GeometricTensor(volumes, self.in_type)).tensor
            return self.classifier(features.flatten(1))

    return Network()


def checkpoint(module: torch.nn.Module) -> float:
    """Bytes of the tensors in the state over those of the parameters; the file has some 2 kB more for whatever it holds."""

    def size(tensors: Any) -> int:
        return sum(t.numel() * t.element_size() for t in tensors if isinstance(t, torch.Tensor))

    return size(module.state_dict().values()) / size(module.parameters())


def measure_build(library: str, name: str) -> dict[str, float]:
    importlib.import_module(f"{library}.nn")
    started = time.perf_counter()
    module = se3_network(library) if name == "network" else layer_of(library, name)
    built = time.perf_counter() - started
    weights = sum(p.numel() * p.element_size() for p in module.parameters())
    return {"build": built, "checkpoint": checkpoint(module.eval()), "megabytes": weights / 1e6}


def measure_expand(library: str, name: str) -> dict[str, float]:
    layer = layer_of(library, name)
    return {"expand": seconds(lambda: layer.expand_parameters())}


def fresh(measure: str, library: str, name: str, runs: int = 1) -> dict[str, float]:
    """Medians over runs of a measure, each in a process of its own."""
    command = [sys.executable, __file__, "--measure", measure, "--library", library, "--name", name]
    outputs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(runs)
    ]
    return {key: statistics.median(output[key] for output in outputs) for key in outputs[0]}


def step_ratio(layer: torch.nn.Module, plain: torch.nn.Module, x: torch.Tensor, runs: int = 5) -> float:
    """A step of training over that of a plain layer, each time in turn."""

    def step(module: torch.nn.Module) -> None:
        value = module(x)
        (value if isinstance(value, torch.Tensor) else value.tensor).square().mean().backward()

    ratios = [seconds(lambda: step(layer), 0.3) / seconds(lambda: step(plain), 0.3) for _ in range(runs)]
    return statistics.median(ratios)


def measure_step(library: str, name: str) -> dict[str, float]:
    layer: Any = layer_of(library, name)
    width = layer.in_type.size
    plain = torch.nn.Conv3d(width, width, KERNEL, padding=KERNEL // 2)
    x: Any = torch.randn(BATCH, width, SIDE, SIDE, SIDE)
    if library == "intertwine":
        return {"step": step_ratio(layer, plain, x)}
    wrapped = layer.in_type(x)
    ratios = []
    for _ in range(3):
        theirs = seconds(lambda: layer(wrapped).tensor.square().mean().backward(), 0.3)
        ratios.append(theirs / seconds(lambda: plain(x).square().mean().backward(), 0.3))
    return {"step": statistics.median(ratios)}


def layers_table(slow: bool) -> None:
    peers = slow and has_peer()
    print(f"\nR3Conv, kernel {KERNEL}, batch {BATCH}, {SIDE}^3 voxels, one thread\n")
    print("| layer | library | build (needed) | checkpoint / weights | expand (needed) | step / plain (needed) |")
    print("|---|---|---|---|---|---|")
    for name, (build, ratio, expand, step) in LAYERS.items():
        for library in ("intertwine", "escnn") if peers else ("intertwine",):
            runs = 5 if library == "intertwine" else 1
            seen = {
                key: value
                for measure in ("build", "expand", "step")
                for key, value in fresh(measure, library, name, runs if measure == "build" else 1).items()
            }
            own = library == "intertwine"
            cells = [
                name,
                library,
                milliseconds(seen["build"]) + (f" ({milliseconds(build)})" if own else ""),
                f"{seen['checkpoint']:.2f}" + (f" ({ratio})" if own else ""),
                milliseconds(seen["expand"]) + (f" ({milliseconds(expand)})" if own else ""),
                f"{seen['step']:.2f}" + (f" ({step})" if own else ""),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def network_table(slow: bool) -> None:
    print("\nThe residual SE(3) network of escnn's example\n")
    print("| library | build (needed 2 s) | weights | checkpoint / weights (needed 1.05) |\n|---|---|---|---|")
    for library in ("intertwine", "escnn") if slow and has_peer() else ("intertwine",):
        seen = fresh("build", library, "network", 3 if library == "intertwine" else 1)
        cells = [library, milliseconds(seen["build"]), f"{seen['megabytes']:.2f} MB", f"{seen['checkpoint']:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def pointwise_table(slow: bool) -> None:
    from intertwine import gspaces, nn

    print("\nOctahedral regular fields, by Schur's lemma, against the dense layer of the same width\n")
    print("| layer, fields, input | training step / plain | eval / plain |\n|---|---|---|")
    space = gspaces.octaOnR3()
    for fields in (8, 16, 24, 32):
        kind = nn.FieldType(space, fields * [space.regular_repr])
        bare = nn.FieldType(gspaces.no_base_space(space.fibergroup), fields * [space.regular_repr])
        cases: list[tuple[str, Any, torch.nn.Module, torch.Tensor]] = [
            (
                "1 x 1",
                nn.R3Conv(kind, kind, 1),
                torch.nn.Conv3d(kind.size, kind.size, 1),
                torch.randn(4, kind.size, 13, 13, 13),
            ),
            ("Linear", nn.Linear(bare, bare), torch.nn.Linear(kind.size, kind.size), torch.randn(4096, kind.size)),
        ]
        for label, layer, plain, x in cases:
            train = step_ratio(layer, plain, x, 3)
            layer.eval()
            with torch.no_grad():
                apply = [seconds(lambda: layer(x), 0.2) / seconds(lambda: plain(x), 0.2) for _ in range(3)]
            shape = " x ".join(map(str, (x.shape[0], *x.shape[2:])))
            print(f"| {label}, {fields}, {shape} | {train:.2f} | {statistics.median(apply):.2f} |", flush=True)


MEASURES = {"build": measure_build, "expand": measure_expand, "step": measure_step}
TABLES: dict[str, Callable[[bool], None]] = {
    "layers": layers_table,
    "network": network_table,
    "pointwise": pointwise_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TABLES, help="one table")
    parser.add_argument("--slow", action="store_true", help="measure escnn too, which takes minutes")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--library", default="intertwine", help=argparse.SUPPRESS)
    parser.add_argument("--name", default="network", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.measure:
        if arguments.library != "intertwine":
            warnings.simplefilter("ignore")
        print(json.dumps(MEASURES[arguments.measure](arguments.library, arguments.name)))
    else:
        for name, table in TABLES.items():
            if arguments.only in (None, name):
                table(arguments.slow)


if __name__ == "__main__":
    main()
