"""How build, memory and expansion grow with the kernel, with escnn beside it; and how many steps an expansion takes.

    python benchmarks/growth.py [--only kernels|others|wide|launches] [--slow]

Prints markdown tables. Each build runs in a fresh process, on one thread. Seconds are those of the processor. Memory is the
greatest that the process ever held, less what it held after a small first layer. Exponents are fitted to the kernel's width.
escnn is left out where it is not installed; ``--slow`` runs it on kernels that take it a minute, too.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import re
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

WIDTHS = (15, 21, 31, 41, 51, 71, 101)
PEER_WIDTHS = (5, 9, 15)
SLOW_PEER_WIDTHS = (21, 31)


# The name of the space, its arguments, and the fields of input and output.
SPACES: dict[str, tuple[str, tuple[int, ...], Callable[[Any], list[Any]]]] = {
    "C8": ("rot2dOnR2", (8,), lambda space: [space.regular_repr]),
    "C8, trivial": ("rot2dOnR2", (8,), lambda space: [space.trivial_repr]),
    "C500": ("rot2dOnR2", (500,), lambda space: [space.regular_repr]),
    "D128": ("flipRot2dOnR2", (128,), lambda space: [space.regular_repr]),
    "octahedral group": ("octaOnR3", (), lambda space: [space.regular_repr]),
    "icosahedral group": ("icoOnR3", (), lambda space: [space.regular_repr]),
    "SO(3), irreps 0 to 2": ("rot3dOnR3", (), lambda space: [space.irrep(k) for k in range(3)]),
}


def layer(name: str, space: str, copies: int, width: int) -> torch.nn.Module:
    """A convolution between so many copies of some fields."""
    gspaces, nn = importlib.import_module(f"{name}.gspaces"), importlib.import_module(f"{name}.nn")
    factory, arguments, fields = SPACES[space]
    at = getattr(gspaces, factory)(*arguments)
    kind = nn.FieldType(at, copies * fields(at))
    convolution = nn.R2Conv if at.dimensionality == 2 else nn.R3IcoConv if space[0] == "i" else nn.R3Conv
    return convolution(kind, kind, kernel_size=width)


def symmetric(name: str, n: int) -> Any:
    return importlib.import_module(f"{name}.group").symmetric_group(n).regular_representation


def generated(name: str, N: int) -> Any:
    c, s = np.cos(2 * np.pi / N), np.sin(2 * np.pi / N)
    generators = [np.array([[c, -s], [s, c]]), np.diag([1.0, -1.0])]
    return importlib.import_module(f"{name}.group").group_from_matrices(generators).regular_representation


def fourier(name: str, N: int) -> Any:
    gspaces, nn = importlib.import_module(f"{name}.gspaces"), importlib.import_module(f"{name}.nn")
    space = gspaces.rot3dOnR3()
    return nn.FourierPointwise(space, 2, space.fibergroup.bl_irreps(3), type="fibonacci", N=N)


CASES: dict[str, Callable[..., Any]] = {
    "layer": layer,
    "symmetric": symmetric,
    "generated": generated,
    "fourier": fourier,
}
OTHERS: dict[str, tuple[Any, ...]] = {
    "C8, 1 trivial field, kernel 91": ("layer", "C8, trivial", 1, 91),
    "C500, 1 regular field, kernel 3": ("layer", "C500", 1, 3),
    "D128, 1 regular field, kernel 3": ("layer", "D128", 1, 3),
    "octahedral group, 64 regular fields, kernel 3": ("layer", "octahedral group", 64, 3),
    "icosahedral group, 1 regular field, kernel 9": ("layer", "icosahedral group", 1, 9),
    "SO(3), irreps 0 to 2 twice, kernel 15": ("layer", "SO(3), irreps 0 to 2", 2, 15),
    "S6, regular representation": ("symmetric", 6),
    "500 elements from two matrices, regular representation": ("generated", 250),
    "SO(3), Fourier grid of 500": ("fourier", 500),
}


def used() -> float:
    """Megabytes that the process held at its greatest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median(work: Callable[[], object], at_least: float = 0.3) -> float:
    """The median of the processor's time for a call."""
    work()
    times: list[float] = []
    while sum(times) < at_least or len(times) < 5:
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return statistics.median(times)


def measure(name: str, case: str, *arguments: Any) -> dict[str, float]:
    layer(name, "C8", 1, 3)  # what every first layer pays
    before, started = used(), time.process_time()
    built = CASES[case](name, *arguments)
    found = {"build": time.process_time() - started, "memory": used() - before}
    if hasattr(built, "basisexpansion"):
        with torch.no_grad():
            found["expand"] = median(built.expand_parameters)
            filters = built.expand_parameters()[0]
            found["copy"] = median(filters.clone)
        found["filter"] = filters.numel() * filters.element_size() / 2**20
    return found


def fresh(name: str, *case: Any) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", json.dumps([name, *case])]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def exponent(widths: tuple[int, ...], values: list[float]) -> str:
    """By which power of the width the values grow: the slope of a line through their logarithms."""
    return f"{np.polyfit(np.log(widths), np.log(values), 1)[0]:.2f}"


def has_peer() -> bool:
    return importlib.util.find_spec("escnn") is not None


def allowed(width: int, filters: float) -> float:
    """Four times the filter, and rings and orders times cells in double precision; in megabytes."""
    from intertwine.kernels import scalar_basis

    rings = scalar_basis(2, width).rings
    orders = max(len(ring.orders) for ring in rings)
    return 4 * filters + (len(rings) + 2 * orders) * width**2 * 8 / 2**20


def kernels_table(slow: bool) -> None:
    print("\nC8, 4 regular fields to 4\n")
    print("| library, kernel | build, s | memory, MB | four filters and the factors, MB | filter, MB | expand, ms |")
    print("|---|--:|--:|--:|--:|--:|")
    peers = PEER_WIDTHS + (SLOW_PEER_WIDTHS if slow else ())
    for name, widths in (("intertwine", WIDTHS), ("escnn", peers if has_peer() else ())):
        rows = []
        for width in widths:
            found = fresh(name, "layer", "C8", 4, width)
            rows.append(found)
            bound = f"{allowed(width, found['filter']):.0f}" if name == "intertwine" else ""
            print(
                f"| {name} {width} | {found['build']:.3f} | {found['memory']:.0f} | {bound} | {found['filter']:.1f} | "
                f"{1000 * found['expand']:.2f} |",
                flush=True,
            )
        if rows:
            build, expand = (exponent(widths, [row[key] for row in rows]) for key in ("build", "expand"))
            memory = exponent(widths, [max(row["memory"], 0.1) for row in rows])
            print(f"| {name}, exponent | {build} | {memory} | | | {expand} |", flush=True)


def others_table(slow: bool) -> None:
    print("\nOther builds\n\n| what | build, s | memory, MB | expand, ms |\n|---|--:|--:|--:|")
    for label, case in OTHERS.items():
        found = fresh("intertwine", *case)
        expand = f"{1000 * found['expand']:.2f}" if "expand" in found else ""
        print(f"| {label} | {found['build']:.3f} | {found['memory']:.0f} | {expand} |", flush=True)


def wide_table(slow: bool) -> None:
    print("\nC8, regular fields, kernel 5: expansion beside a freshly allocated copy of the filter\n")
    print("| fields | filter, MB | expand, ms | copy, ms | ratio |\n|--:|--:|--:|--:|--:|")
    for fields in (4, 16, 32, 64, 128):
        found = fresh("intertwine", "layer", "C8", fields, 5)
        expand, copied = found["expand"], found["copy"]
        print(
            f"| {fields} | {found['filter']:.1f} | {1000 * expand:.2f} | {1000 * copied:.2f} | {expand / copied:.2f} |",
            flush=True,
        )


# Operations that launch nothing on a device.
VIEWS = re.compile(
    r"(_unsafe_)?view|transpose|t|permute|expand|slice|select|detach|alias|as_strided|(un)?squeeze|split(_with_sizes)?|unbind"
    r"|(new_)?empty(_like|_strided)?"
)


def launches_table(slow: bool) -> None:
    """Counts the operations as on a GPU, where the derivative is the transposed map written out."""
    from torch.utils._python_dispatch import TorchDispatchMode

    from intertwine import gspaces, nn
    from intertwine.kernels import KernelExpansion

    class Launches(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = function.__name__.split(".")[0]
            self.count += 0 if VIEWS.fullmatch(name) else 2 if name == "slice_backward" else 1
            return function(*args, **kwargs or {})

    plane, mirror, turns = gspaces.rot2dOnR2(8), gspaces.flipRot2dOnR2(4), gspaces.rot2dOnR2()
    space, cube, ico = gspaces.rot3dOnR3(), gspaces.octaOnR3(), gspaces.icoOnR3()

    def layer(convolution: Any, at: Any, fields: list[Any], width: int) -> KernelExpansion:
        kind = nn.FieldType(at, fields)
        return convolution(kind, kind, width).basisexpansion

    made = {
        "C8, 4 regular, kernel 5": layer(nn.R2Conv, plane, 4 * [plane.regular_repr], 5),
        "C8, 32 regular, kernel 5": layer(nn.R2Conv, plane, 32 * [plane.regular_repr], 5),
        "C8, 4 regular and 4 of irrep 1, kernel 5": layer(
            nn.R2Conv, plane, 4 * [plane.regular_repr] + 4 * [plane.irrep(1)], 5
        ),
        "D4, 4 regular and 4 quotients, kernel 5": layer(
            nn.R2Conv, mirror, 4 * [mirror.regular_repr] + 4 * [mirror.quotient_repr((0, 2))], 5
        ),
        "SO(2), irreps 0 to 3, 8 times, kernel 5": layer(nn.R2Conv, turns, 8 * [turns.irrep(k) for k in range(4)], 5),
        "SO(3), irreps 0 to 2, 4 times, kernel 5": layer(nn.R3Conv, space, 4 * [space.irrep(k) for k in range(3)], 5),
        "octahedral group, 2 regular, kernel 3": layer(nn.R3Conv, cube, 2 * [cube.regular_repr], 3),
        "icosahedral group, 1 regular, kernel 5": layer(nn.R3IcoConv, ico, [ico.regular_repr], 5),
    }
    print("\nSteps of an expansion that launch a kernel\n")
    print("| layer | forward | backward |\n|---|--:|--:|")
    for label, expansion in made.items():
        expansion._has_own_derivative = lambda weights: True  # type: ignore[method-assign]
        weights = torch.zeros(expansion.dimension(), requires_grad=True)
        with Launches() as forward:
            filters = expansion(weights)
        with Launches() as backward:
            torch.autograd.grad(filters, weights, torch.zeros_like(filters))
        print(f"| {label} | {forward.count} | {backward.count - 1} |", flush=True)


TABLES = {"kernels": kernels_table, "others": others_table, "wide": wide_table, "launches": launches_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TABLES, help="one table")
    parser.add_argument("--slow", action="store_true", help="also builds that take escnn minutes")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.measure:
        warnings.simplefilter("ignore")
        print(json.dumps(measure(*json.loads(arguments.measure))))
        return
    for name, table in TABLES.items():
        if arguments.only in (None, name):
            table(arguments.slow)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
    main()
