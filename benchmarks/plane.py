"""Layers of the plane side by side with escnn and plain PyTorch: building, saving, expanding, training, evaluating.

    python benchmarks/plane.py [--only layers|resnet|overhead|pointwise]

Prints markdown tables. Both libraries run in one process in turn where times are compared; a build is timed in a fresh process.
escnn is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

KERNEL = 5
# Name, fields of each kind, seconds within which it must be built, how many times faster than escnn it must expand.
LAYERS: dict[str, tuple[float, float]] = {
    "C8": (0.020, 1.0),
    "C16": (0.050, 5.0),
    "D16": (0.100, 5.0),
    "SO2": (0.050, 1.0),
    "O2": (0.100, 20.0),
}


def layer_of(name: str, group: str) -> torch.nn.Module:
    """16 regular fields to 16, or 8 copies of the irreps of frequency 0 to 3 to the same."""
    gspaces, nn = importlib.import_module(f"{name}.gspaces"), importlib.import_module(f"{name}.nn")
    if group in ("SO2", "O2"):
        space = gspaces.rot2dOnR2() if group == "SO2" else gspaces.flipRot2dOnR2()
        labels = [(k,) for k in range(4)] if group == "SO2" else [(0, 0), (1, 1), (1, 2), (1, 3)]
        fields = 8 * [space.irrep(*label) for label in labels]
    else:
        space = gspaces.rot2dOnR2(int(group[1:])) if group[0] == "C" else gspaces.flipRot2dOnR2(int(group[1:]))
        fields = 16 * [space.regular_repr]
    kind = nn.FieldType(space, fields)
    return nn.R2Conv(kind, kind, kernel_size=KERNEL)


def seconds(work: Callable[[], object], at_least: float = 0.5) -> float:
    """The median time of a call."""
    work()
    times: list[float] = []
    while sum(times) < at_least or len(times) < 3:
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def checkpoint(module: torch.nn.Module) -> float:
    """Bytes of the saved state over bytes of the parameters."""
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    return file.tell() / sum(p.numel() * p.element_size() for p in module.parameters())


def measure_build(name: str, group: str) -> dict[str, float]:
    importlib.import_module(f"{name}.nn")
    started = time.perf_counter()
    if group == "resnet":
        module: torch.nn.Module = wide_resnet(name)
    else:
        module = layer_of(name, group)
    built = time.perf_counter() - started
    weights = sum(p.numel() * p.element_size() for p in module.parameters())
    return {"build": built, "checkpoint": checkpoint(module.eval()), "megabytes": weights / 1e6}


def measure_expand(name: str, group: str) -> dict[str, float]:
    layer = layer_of(name, group)
    return {"expand": seconds(lambda: layer.expand_parameters())}


def fresh(measure: str, name: str, group: str, runs: int = 1) -> dict[str, float]:
    """Medians over runs of a measure, each in a process of its own."""
    command = [sys.executable, __file__, "--measure", measure, "--library", name, "--group", group]
    outputs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(runs)
    ]
    return {key: statistics.median(output[key] for output in outputs) for key in outputs[0]}


def has_peer() -> bool:
    return importlib.util.find_spec("escnn") is not None


def milliseconds(value: float) -> str:
    return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.1f} s"


def layers_table() -> None:
    print(f"\n16 regular fields to 16 (irreps: 8 of each frequency 0 to 3), kernel {KERNEL}, one thread\n")
    print("| layer | build | escnn | checkpoint / weights | escnn | expand | escnn | times faster (needed) |")
    print("|---|---|---|---|---|---|---|---|")
    for group, (_, faster) in LAYERS.items():
        ours = fresh("build", "intertwine", group, 5)
        rates: list[float] = []
        own: list[float] = []
        other: list[float] = []
        for _ in range(3 if has_peer() else 1):
            own.append(fresh("expand", "intertwine", group)["expand"])
            if has_peer():
                other.append(fresh("expand", "escnn", group)["expand"])
                rates.append(other[-1] / own[-1])
        peer = fresh("build", "escnn", group) if has_peer() else None
        cells = [
            group,
            milliseconds(ours["build"]),
            milliseconds(peer["build"]) if peer else "-",
            f"{ours['checkpoint']:.2f}",
            f"{peer['checkpoint']:.1f}" if peer else "-",
            milliseconds(statistics.median(own)),
            milliseconds(statistics.median(other)) if other else "-",
            f"{statistics.median(rates):.1f} ({faster:g})" if rates else "-",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def wide_resnet(name: str, depth: int = 16, widen: int = 8) -> torch.nn.Module:
    """A wide residual network of depth 16 and width 8 with the symmetries D8, D4, D1 in its three stages.

    Built against the common interface from its description (Weiler and Cesa, 2019): the widths are those of the planar network
    (Zagoruyko and Komodakis, 2016), divided by the square root of the group's order so that the weights stay as many.
    """
    gspaces, nn = importlib.import_module(f"{name}.gspaces"), importlib.import_module(f"{name}.nn")
    blocks = (depth - 4) // 6
    space = gspaces.flipRot2dOnR2(8)

    def regular(at: Any, planar: int) -> Any:
        return nn.FieldType(at, max(1, round(planar / at.fibergroup.order() ** 0.5)) * [at.regular_repr])

    class Block(torch.nn.Module):
        def __init__(self, source: Any, target: Any, stride: int) -> None:
            super().__init__()
            self.first = nn.SequentialModule(nn.InnerBatchNorm(source), nn.ReLU(source))
            self.rest = nn.SequentialModule(
                nn.R2Conv(source, target, 5, padding=2, stride=stride, bias=False),
                nn.InnerBatchNorm(target),
                nn.ReLU(target),
                nn.R2Conv(target, target, 5, padding=2, bias=False),
            )
            same = source == target and stride == 1
            self.shortcut = None if same else nn.R2Conv(source, target, 1, stride=stride, bias=False)

        def forward(self, x: Any) -> Any:
            y = self.first(x)
            return self.rest(y) + (x if self.shortcut is None else self.shortcut(y))

    kind = regular(space, 16)
    modules: list[torch.nn.Module] = [
        nn.R2Conv(nn.FieldType(space, 3 * [space.trivial_repr]), kind, 5, padding=2, bias=False)
    ]
    for stage, (planar, stride, smaller) in enumerate(((16, 1, None), (32, 2, (0, 4)), (64, 2, (0, 1)))):
        if smaller is not None:
            restrict = nn.RestrictionModule(kind, smaller)
            apart = nn.DisentangleModule(restrict.out_type)
            modules += [restrict, apart]
            kind = apart.out_type
            space = kind.gspace
        target = regular(space, planar * widen)
        for number in range(blocks):
            modules.append(Block(kind, target, stride if number == 0 and stage else 1))
            kind = target
    modules += [nn.InnerBatchNorm(kind), nn.ReLU(kind), nn.GroupPooling(kind)]
    return torch.nn.Sequential(*modules)


def resnet_table(with_peer: bool = False) -> None:
    print("\nE(2) wide ResNet 16-8 (D8, D4, D1)\n")
    print("| library | build | weights | checkpoint / weights |\n|---|---|---|---|")
    # escnn takes minutes to build it.
    for name in ("intertwine", "escnn") if with_peer and has_peer() else ("intertwine",):
        seen = fresh("build", name, "resnet")
        cells = [name, milliseconds(seen["build"]), f"{seen['megabytes']:.0f} MB", f"{seen['checkpoint']:.2f}"]
        print(f"| {' | '.join(cells)} |", flush=True)


def burst(work: Callable[[], object], calls: int = 20) -> float:
    """The time of a call in an ordinary loop: the caches hold what the same call left there."""
    work(), work()
    started = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - started) / calls


def more_than(work: Callable[[], object], plain: Callable[[], object], runs: int = 60) -> float:
    """The median of how much longer a call takes, each time between two of the other."""
    found = []
    for _ in range(runs):
        before, between, after = burst(plain), burst(work), burst(plain)
        found.append(between - (before + after) / 2)
    return statistics.median(found)


def overhead_table() -> None:
    from intertwine import gspaces, nn

    space = gspaces.rot2dOnR2(8)

    def sides(fields: int) -> tuple[Any, torch.nn.Module]:
        kind = nn.FieldType(space, fields * [space.regular_repr])
        return nn.R2Conv(kind, kind, KERNEL), torch.nn.Conv2d(kind.size, kind.size, KERNEL)

    print("\nC8 regular fields, kernel 5, against a plain `Conv2d` of the same width\n")
    print("| fields, batch, image | training step / plain (needed) |\n|---|---|")
    for fields, batch, side, limit in ((1, 1, 17, 2.0), (4, 1, 17, 2.0), (8, 16, 29, 1.1), (16, 16, 29, 1.1)):
        layer, plain = sides(fields)
        images = torch.randn(batch, plain.in_channels, side, side)

        def step(module: torch.nn.Module, x: torch.Tensor = images) -> None:
            module(x).square().mean().backward()

        ratios = [seconds(lambda: step(layer), 0.3) / seconds(lambda: step(plain), 0.3) for _ in range(5)]
        print(f"| {fields}, {batch}, {side} x {side} | {statistics.median(ratios):.2f} ({limit}) |", flush=True)

    print("\nThe same in eval mode without gradients, against its own `export()`, image 1 x 17 x 17\n")
    print("| fields | plain | more than plain (needed) |\n|---|---|---|")
    for fields in (1, 4, 8, 16, 32):
        layer, _ = sides(fields)
        exported = layer.export()
        small = torch.randn(1, layer.in_type.size, 17, 17)
        with torch.no_grad():
            extra = more_than(lambda: layer(small), lambda: exported(small))
            alone = burst(lambda: exported(small))
        print(f"| {fields} | {1e6 * alone:.0f} us | {1e6 * extra:.0f} us (30) |", flush=True)


def pointwise_table() -> None:
    from intertwine import gspaces, nn

    print(
        "\n1 x 1 convolutions between regular fields (Schur's lemma) against a plain `Conv2d` of the same width, batch 16\n"
    )
    print("| group, fields, image | training step / plain | eval / plain |\n|---|---|---|")
    spaces = {"C8": gspaces.rot2dOnR2(8), "D8": gspaces.flipRot2dOnR2(8), "D16": gspaces.flipRot2dOnR2(16)}
    for name, space in spaces.items():
        for fields, side in ((16, 29), (32, 16)):
            kind = nn.FieldType(space, fields * [space.regular_repr])
            layer, plain = nn.R2Conv(kind, kind, 1), torch.nn.Conv2d(kind.size, kind.size, 1)
            images = torch.randn(16, kind.size, side, side)

            def step(module: torch.nn.Module, x: torch.Tensor = images) -> None:
                module(x).square().mean().backward()

            train = [seconds(lambda: step(layer), 0.3) / seconds(lambda: step(plain), 0.3) for _ in range(3)]
            layer.eval()
            with torch.no_grad():
                apply = [seconds(lambda: layer(images), 0.2) / seconds(lambda: plain(images), 0.2) for _ in range(3)]
            cells = (
                f"{name}, {fields}, {side} x {side} | {statistics.median(train):.2f} | {statistics.median(apply):.2f}"
            )
            print(f"| {cells} |", flush=True)


MEASURES = {"build": measure_build, "expand": measure_expand}
TABLES: dict[str, Callable[..., None]] = {
    "layers": layers_table,
    "resnet": resnet_table,
    "overhead": overhead_table,
    "pointwise": pointwise_table,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=TABLES, help="one table")
    parser.add_argument(
        "--slow", action="store_true", help="build the residual network with escnn too, which takes minutes"
    )
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--library", default="intertwine", help=argparse.SUPPRESS)
    parser.add_argument("--group", default="C8", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.measure:
        if arguments.library != "intertwine":
            warnings.simplefilter("ignore")
        print(json.dumps(MEASURES[arguments.measure](arguments.library, arguments.group)))
    else:
        for name, table in TABLES.items():
            if arguments.only in (None, name):
                table(arguments.slow) if table is resnet_table else table()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
    main()
