"""Building, training and saving regular layers, side by side with plain PyTorch and with escnn.

    python benchmarks/first_light.py [--no-peers] [--only build|model|step|size]

Prints a markdown table. Every number is the median of several runs, each in a fresh process, so that nothing is
cached; ratios have both sides in one process, in turn. escnn is left out where it is not installed.
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
from types import SimpleNamespace

import torch

KERNEL, FIELDS, BATCH, SIDE = 5, 16, 16, 29
# Group, seconds within which the layer must be built, runs for us, runs for the peer, steps to time.
LAYERS = {"C8": (0.05, 5, 3, 15), "D8": (0.05, 5, 1, 7), "D16": (0.10, 5, 1, 3)}
MODEL_SECONDS, STEP_RATIO, SIZE_RATIO = 0.10, 1.1, 1.2


def library(name: str) -> SimpleNamespace:
    """The two halves of a library that are named alike in ours and in escnn."""
    return SimpleNamespace(gspaces=importlib.import_module(f"{name}.gspaces"), nn=importlib.import_module(f"{name}.nn"))


def space_of(lib: SimpleNamespace, group: str) -> object:
    factory = lib.gspaces.rot2dOnR2 if group[0] == "C" else lib.gspaces.flipRot2dOnR2
    return factory(N=int(group[1:]))


def layer_of(lib: SimpleNamespace, group: str) -> torch.nn.Module:
    space = space_of(lib, group)
    fields = lib.nn.FieldType(space, FIELDS * [space.regular_repr])
    return lib.nn.R2Conv(fields, fields, kernel_size=KERNEL)


def model_of(lib: SimpleNamespace) -> torch.nn.Module:
    nn, space = lib.nn, lib.gspaces.rot2dOnR2(N=4)
    widths = [[space.trivial_repr], 4 * [space.regular_repr], 4 * [space.regular_repr], [space.regular_repr]]
    image, first, second, last = (nn.FieldType(space, fields) for fields in widths)
    return nn.SequentialModule(
        nn.R2Conv(image, first, kernel_size=3),
        nn.InnerBatchNorm(first),
        nn.ReLU(first),
        nn.R2Conv(first, second, kernel_size=3),
        nn.InnerBatchNorm(second),
        nn.ReLU(second),
        nn.R2Conv(second, last, kernel_size=3),
    )


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def build(name: str, group: str) -> dict[str, float]:
    """Seconds until a layer is built, and until it has given its first result."""
    lib = library(name)
    made: list[torch.nn.Module] = []
    built = seconds_of(lambda: made.append(layer_of(lib, group)))
    layer = made[0]
    image = torch.randn(1, layer.in_type.size, 9, 9)
    called = seconds_of(lambda: layer(lib.nn.GeometricTensor(image, layer.in_type)))
    return {"build": built, "first": built + called}


def model(name: str, _: str) -> dict[str, float]:
    lib = library(name)
    return {"build": seconds_of(lambda: model_of(lib))}


def step(name: str, group: str) -> dict[str, float]:
    """Time of a training step of the layer over that of a plain convolution of the same width."""
    lib = library(name)
    layer = layer_of(lib, group)
    width = layer.in_type.size
    plain = torch.nn.Conv2d(width, width, KERNEL)
    images = torch.randn(BATCH, width, SIDE, SIDE)

    def trainer(module: torch.nn.Module, forward: Callable[[], torch.Tensor]) -> Callable[[], None]:
        optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)

        def one_step() -> None:
            optimizer.zero_grad()
            forward().square().mean().backward()
            optimizer.step()

        return one_step

    ours = trainer(layer, lambda: layer(lib.nn.GeometricTensor(images, layer.in_type)).tensor)
    theirs = trainer(plain, lambda: plain(images))
    for _ in range(2):
        ours(), theirs()
    pairs = [(seconds_of(ours), seconds_of(theirs)) for _ in range(LAYERS[group][3])]
    return {
        "step": statistics.median(a for a, _ in pairs),
        "plain": statistics.median(b for _, b in pairs),
        "ratio": statistics.median(a / b for a, b in pairs),
    }


def size(name: str, group: str) -> dict[str, float]:
    """Bytes of a checkpoint over bytes of the weights in it, after an evaluation has filled every cache."""
    layer = layer_of(library(name), group).train()
    trained = set(layer.state_dict())
    layer.eval()
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    weights = sum(p.numel() * p.element_size() for p in layer.parameters())
    return {
        "ratio": file.tell() / weights,
        "bytes": file.tell(),
        "same_keys": float(trained == set(layer.state_dict())),
    }


MEASURES = {"build": build, "model": model, "step": step, "size": size}


def fresh(measure: str, name: str, group: str, runs: int = 1) -> dict[str, float]:
    """Medians over runs of a measure, each in a process of its own."""
    command = [sys.executable, __file__, "--measure", measure, "--library", name, "--group", group]
    outputs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        for _ in range(runs)
    ]
    return {key: statistics.median(output[key] for output in outputs) for key in outputs[0]}


def row(what: str, ours: str, target: str, met: bool, peer: str) -> None:
    print(f"| {what} | {ours} | {target} | {'yes' if met else '**no**'} | {peer} |", flush=True)


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def table(wanted: set[str], peers: bool) -> None:
    with_peer = peers and importlib.util.find_spec("escnn") is not None

    def peer(measure: str, group: str, show: Callable[[dict[str, float]], str], runs: int = 1) -> str:
        return show(fresh(measure, "escnn", group, runs)) if with_peer else "-"

    print(f"\n{FIELDS} regular fields to {FIELDS}, kernel {KERNEL}; torch {torch.__version__},", end=" ")
    print(f"{torch.get_num_threads()} thread(s)\n")
    print("| what | intertwine | target | met | escnn |\n|---|---|---|---|---|")
    for group, (limit, runs, peer_runs, _) in LAYERS.items() if "build" in wanted else ():
        ours = fresh("build", "intertwine", group, runs)
        row(
            f"build a {group} layer (and its first result)",
            f"{milliseconds(ours['build'])} ({milliseconds(ours['first'])})",
            milliseconds(limit),
            ours["build"] <= limit,
            peer("build", group, lambda t: f"{milliseconds(t['build'])} ({milliseconds(t['first'])})", peer_runs),
        )
    if "model" in wanted:
        ours = fresh("model", "intertwine", "C4", 5)
        row(
            "build the seven-layer C4 model",
            milliseconds(ours["build"]),
            milliseconds(MODEL_SECONDS),
            ours["build"] <= MODEL_SECONDS,
            peer("model", "C4", lambda t: milliseconds(t["build"]), 3),
        )
    for group in LAYERS if "step" in wanted else ():
        ours = fresh("step", "intertwine", group)
        row(
            f"{group} training step / `Conv2d` of {milliseconds(ours['plain'])} (batch {BATCH}, {SIDE} x {SIDE})",
            f"{ours['ratio']:.2f}",
            f"{STEP_RATIO}",
            ours["ratio"] <= STEP_RATIO,
            peer("step", group, lambda t: f"{t['ratio']:.2f}"),
        )
    for group in LAYERS if "size" in wanted else ():
        ours = fresh("size", "intertwine", group)
        row(
            f"{group} checkpoint / weights (same keys in train and eval)",
            f"{ours['ratio']:.2f} ({'yes' if ours['same_keys'] else 'no'})",
            f"{SIZE_RATIO} (yes)",
            ours["ratio"] <= SIZE_RATIO and bool(ours["same_keys"]),
            peer("size", group, lambda t: f"{t['ratio']:.1f} ({'yes' if t['same_keys'] else 'no'})"),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-peers", action="store_true", help="measure our own side only")
    parser.add_argument("--only", choices=MEASURES, help="one part of the table")
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
        table({arguments.only} if arguments.only else set(MEASURES), not arguments.no_peers)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
    main()
