"""Blocks, models and normalisations beside ordinary torch networks of the same channels: a training step, evaluation, memory.

    .venv/bin/python benchmarks/beside_torch.py [--only blocks|models|norms] [--match TEXT] [--seconds 3]

Prints a markdown table. Both sides run in turn in one process, on one thread and the same input; neither is compiled. A ratio is
the median of the ratios of neighbouring runs, by the time of the processor. A training step is the forward pass, the sum of
squares of the output, and the backward pass to the parameters (and to the input of blocks and norms, which stand in the middle
of a network). Models are frozen for evaluation, as `nn.freeze` does before they serve. Memory is the most that torch allocates in
a step beyond what it held before. Grids with odd sides are halved by a blur on one side, and by the mean of three cells along
each axis on the other, which is another and cheaper operation.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from intertwine import gspaces, models, nn

Case = tuple[Callable[[], torch.nn.Module], Callable[[], torch.nn.Module], tuple[int, ...]]
BATCH, SIDE = 16, 32

# --- the plain side -----------------------------------------------------------------------------------------------------


class Apart(torch.nn.Module):
    """A norm of torch over the last axis, applied to the channels of a grid."""

    def __init__(self, norm: torch.nn.Module) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x.movedim(1, -1)).movedim(-1, 1)


class Added(torch.nn.Module):
    """Layers around which the input goes, through layers of its own."""

    def __init__(self, *inner: torch.nn.Module, around: torch.nn.Module | None = None) -> None:
        super().__init__()
        self.inner, self.around = torch.nn.Sequential(*inner), around or torch.nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.around(x) + self.inner(x)


class Squeeze(torch.nn.Module):
    """Squeeze and excitation of channels."""

    def __init__(self, channels: int, between: int) -> None:
        super().__init__()
        self.squeeze, self.excite = torch.nn.Linear(channels, between), torch.nn.Linear(between, channels)

    def forward(self, x: Tensor) -> Tensor:
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.flatten(2).mean(2)))))
        return x * gates[:, :, None, None]


class Attending(torch.nn.Module):
    """Attention of every position to all, to those within reach, or to those in its window, with a bias for each offset."""

    def __init__(self, channels: int, heads: int, reach: int = 0, window: int = 0) -> None:
        super().__init__()
        self.heads, self.reach, self.window = heads, reach, window
        self.maps = torch.nn.ModuleList(torch.nn.Conv2d(channels, channels, 1) for _ in range(4))
        width = 2 * reach + 1 if reach else 2 * window - 1
        self.position = torch.nn.Parameter(torch.zeros(heads, width**2)) if reach or window else None
        cells = torch.stack(torch.meshgrid(2 * [torch.arange(window)], indexing="ij")).flatten(1)
        offsets = cells[:, None, :] - cells[:, :, None] + window - 1
        self.register_buffer("offsets", offsets[0] * width + offsets[1])

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        query, key, value = (part(x) for part in list(self.maps)[:3])
        if self.reach:
            attended = self._near(query, key, value)
        elif self.window:
            attended = self._in_windows(query, key, value)
        else:
            parts = (part.view(batch, self.heads, -1, height * width).transpose(2, 3) for part in (query, key, value))
            attended = F.scaled_dot_product_attention(*parts).transpose(2, 3)
        return self.maps[3](attended.reshape(batch, channels, height, width))

    def _near(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        batch, _, height, width = query.shape
        side, area = 2 * self.reach + 1, height * width

        def around(x: Tensor) -> Tensor:
            padded = F.pad(x, 4 * [self.reach])
            return padded.unfold(2, side, 1).unfold(3, side, 1).reshape(*x.shape[:2], area, side**2)

        query = query.view(batch, self.heads, -1, area).movedim(2, 3).unsqueeze(3)
        key, value = (around(part).unflatten(1, (self.heads, -1)).movedim(2, 4) for part in (key, value))
        inside = around(query.new_ones(1, 1, height, width))[0, 0, :, None, :]
        mask = self.position[:, None, None, :] + torch.zeros_like(inside).masked_fill(inside == 0, -torch.inf)  # type: ignore[index]
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask).squeeze(3).movedim(3, 2)

    def _in_windows(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        batch, channels, height, width = query.shape
        side = self.window

        def cut(x: Tensor) -> Tensor:
            x = x.view(batch, self.heads, -1, height // side, side, width // side, side)
            return x.permute(0, 3, 5, 1, 4, 6, 2).reshape(batch, -1, self.heads, side**2, channels // self.heads)

        mask = self.position[:, self.offsets]  # type: ignore[index]
        attended = F.scaled_dot_product_attention(cut(query), cut(key), cut(value), attn_mask=mask)
        attended = attended.view(batch, height // side, width // side, self.heads, side, side, -1)
        return attended.permute(0, 3, 6, 1, 4, 2, 5).reshape(batch, channels, height, width)


def layer_norm(channels: int) -> torch.nn.Module:
    return Apart(torch.nn.LayerNorm(channels))


def transformer_block(channels: int, heads: int, **near: int) -> torch.nn.Module:
    wide = (torch.nn.Conv2d(channels, 2 * channels, 1), torch.nn.ELU(), torch.nn.Conv2d(2 * channels, channels, 1))
    return torch.nn.Sequential(
        Added(layer_norm(channels), Attending(channels, heads, **near)), Added(layer_norm(channels), *wide)
    )


def normed(channels: int, width: int, kernel: int) -> list[torch.nn.Module]:
    conv = torch.nn.Conv2d(channels, width, kernel, padding=kernel // 2, bias=False)
    return [conv, torch.nn.BatchNorm2d(width)]


def plain_block(channels: int, width: int, kernel: int = 3) -> list[torch.nn.Module]:
    return [*normed(channels, width, kernel), torch.nn.ReLU()]


# --- what is compared ---------------------------------------------------------------------------------------------------


def norms() -> dict[str, Case]:
    space = gspaces.rot2dOnR2(8)
    kinds = {"regular": nn.field_type(space, regular=16), "vectors": nn.field_type(space, vector=64)}
    found: dict[str, Case] = {}
    for name, kind in kinds.items():
        size, shape = kind.size, (BATCH, kind.size, SIDE, SIDE)

        def add(label: str, ours: Any, plain: Any, name: str = name, shape: tuple[int, ...] = shape) -> None:
            found[f"{label}, {name}"] = (ours, plain, shape)

        def batch(size: int = size) -> torch.nn.Module:
            return torch.nn.BatchNorm2d(size)

        if name == "regular":
            add("InnerBatchNorm", lambda kind=kind: nn.InnerBatchNorm(kind), batch)
        add("IIDBatchNorm2d", lambda kind=kind: nn.IIDBatchNorm2d(kind), batch)
        add("LayerNorm", lambda kind=kind: nn.LayerNorm(kind), lambda size=size: layer_norm(size))
        add("RMSNorm", lambda kind=kind: nn.RMSNorm(kind), lambda size=size: Apart(torch.nn.RMSNorm(size, eps=1e-5)))
        add("GroupNorm", lambda kind=kind: nn.GroupNorm(kind, 4), lambda size=size: torch.nn.GroupNorm(4, size))
        add("InstanceNorm", lambda kind=kind: nn.InstanceNorm(kind), lambda size=size: torch.nn.InstanceNorm2d(size))
    return found


def blocks() -> dict[str, Case]:
    space = gspaces.flipRot2dOnR2(4)
    kind, wide = nn.field_type(space, regular=8), nn.field_type(space, regular=16)
    size, narrow = kind.size, kind.size // 4
    conv = nn.R2Conv.spec(out=kind, kernel_size=3, padding=1, bias=False)
    norm, relu = nn.InnerBatchNorm.spec(), nn.ReLU.spec()
    thin = {"out": {"regular": 2}, "bias": False}
    narrowing, between = nn.R2Conv.spec(kernel_size=1, **thin), nn.R2Conv.spec(kernel_size=3, padding=1, **thin)
    back = nn.R2Conv.spec(out=kind, kernel_size=1, bias=False)
    bottleneck = [narrowing, norm, relu, between, norm, relu, back, norm]
    plain_bottleneck = [*plain_block(size, narrow, 1), *plain_block(narrow, narrow), *normed(narrow, size, 1)]
    squeeze = nn.SqueezeExcitation.spec(reduction=4)
    grid, odd = (BATCH, size, SIDE, SIDE), (BATCH, size, SIDE + 1, SIDE + 1)
    coarse, small = (BATCH, wide.size, SIDE // 2, SIDE // 2), (BATCH, size, SIDE // 2, SIDE // 2)

    def up(kernel: int) -> nn.Spec:
        return nn.R2ConvTransposed.spec(out=kind, kernel_size=kernel, stride=2, padding=1, bias=False)

    def plain_up(kernel: int) -> torch.nn.Module:
        return torch.nn.ConvTranspose2d(wide.size, size, kernel, stride=2, padding=1, bias=False)

    return {
        "convolution, batch norm, ReLU": (
            lambda: nn.SequentialModule(kind, conv, norm, relu),
            lambda: torch.nn.Sequential(*plain_block(size, size)),
            grid,
        ),
        "residual": (
            lambda: nn.ResidualModule(kind, [conv, norm, relu, conv, norm]),
            lambda: Added(*plain_block(size, size), *normed(size, size, 3)),
            grid,
        ),
        "bottleneck": (lambda: nn.ResidualModule(kind, bottleneck), lambda: Added(*plain_bottleneck), grid),
        "residual, squeeze and excitation": (
            lambda: nn.ResidualModule(kind, [conv, norm, relu, conv, norm, squeeze]),
            lambda: Added(*plain_block(size, size), *normed(size, size, 3), Squeeze(size, 2)),
            grid,
        ),
        "down and convolution, even": (
            lambda: nn.SequentialModule(kind, nn.PointwiseAvgPool2D.spec(kernel_size=2), conv),
            lambda: torch.nn.Sequential(torch.nn.AvgPool2d(2), normed(size, size, 3)[0]),
            grid,
        ),
        "down and convolution, odd": (
            lambda: nn.SequentialModule(
                kind, nn.PointwiseAvgPoolAntialiased2D.spec(sigma=models.grid_parts.BLUR, stride=2), conv
            ),
            lambda: torch.nn.Sequential(torch.nn.AvgPool2d(3, 2, 1), normed(size, size, 3)[0]),
            odd,
        ),
        "up, even": (lambda: up(4).build(wide), lambda: plain_up(4), coarse),
        "up, odd": (lambda: up(3).build(wide), lambda: plain_up(3), (*coarse[:2], 17, 17)),
        "attention, global": (lambda: nn.Attention(kind, heads=2), lambda: Attending(size, 2), small),
        "attention, neighbours": (
            lambda: nn.NeighbourAttention(kind, reach=2, heads=2),
            lambda: Attending(size, 2, reach=2),
            small,
        ),
        "attention, windows": (
            lambda: nn.WindowAttention(kind, window=4, heads=2),
            lambda: Attending(size, 2, window=4),
            small,
        ),
        "transformer block": (lambda: nn.transformer_block(kind, 2), lambda: transformer_block(size, 2), small),
    }


def networks() -> dict[str, Case]:
    turns, flips = gspaces.rot2dOnR2(8), gspaces.flipRot2dOnR2(4)
    side = SIDE + 1
    image = (BATCH, 1, side, side)
    line, cubes = gspaces.flipOnR1(), gspaces.rot2dOnR3(4)
    vectors = nn.field_type(gspaces.no_base_space(turns.fibergroup), regular=8)
    perceptron = [m for a, b in ((64, 128), (128, 128)) for m in (torch.nn.Linear(a, b), torch.nn.ReLU())]

    def plain_transformer() -> torch.nn.Module:
        stack = [transformer_block(64, 2, reach=2) for _ in range(2)]
        patches = torch.nn.Conv2d(1, 64, 5, stride=4, padding=2)
        ending = (layer_norm(64), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 10))
        return torch.nn.Sequential(patches, *stack, *ending)

    return {
        "CNN, C8": (
            lambda: models.equivariant_cnn(1, 10, turns, widths=(4, 8, 8), size=side),
            lambda: models.plain_cnn(1, 10, widths=(32, 64, 64), size=side),
            image,
        ),
        "ResNet, D4": (
            lambda: models.equivariant_resnet(1, 10, flips, widths=(4, 8, 8), depths=(1, 1, 1), size=side),
            lambda: models.plain_resnet(1, 10, widths=(32, 64, 64), depths=(1, 1, 1), size=side),
            image,
        ),
        "ResNet with bottlenecks, D4": (
            lambda: models.equivariant_resnet(1, 10, flips, widths=(8, 16), depths=(1, 1), size=side, bottleneck=True),
            lambda: models.plain_resnet(1, 10, widths=(64, 128), depths=(1, 1), size=side, bottleneck=True),
            image,
        ),
        "U-Net, reflections, signals": (
            lambda: models.equivariant_unet(1, 2, line, widths=(16, 32), size=512),
            lambda: models.plain_unet(1, 2, widths=(32, 64), size=512, dimension=1),
            (BATCH, 1, 512),
        ),
        "U-Net, D4, images": (
            lambda: models.equivariant_unet(1, 2, flips, widths=(4, 8), size=side),
            lambda: models.plain_unet(1, 2, widths=(32, 64), size=side),
            image,
        ),
        **{
            f"U-Net, C4, volumes of {n}": (
                lambda n=n: models.equivariant_unet(1, 2, cubes, widths=(4, 8), size=n, depth=1),
                lambda n=n: models.plain_unet(1, 2, widths=(16, 32), size=n, depth=1, dimension=3),
                (4, 1, n, n, n),
            )
            for n in (16, 17)
        },
        "transformer, C8": (
            lambda: models.equivariant_transformer(1, 10, turns, width=8, depth=2, size=side),
            plain_transformer,
            image,
        ),
        **{
            f"perceptron, C8, {n} vectors": (
                lambda: models.equivariant_mlp(vectors, 10, widths=(16, 16)),
                lambda: torch.nn.Sequential(*perceptron, torch.nn.Linear(128, 10)),
                (n, 64),
            )
            for n in (1024, 8192)
        },
    }


GROUPS: dict[str, Callable[[], dict[str, Case]]] = {"norms": norms, "blocks": blocks, "models": networks}

# --- measuring ----------------------------------------------------------------------------------------------------------


def training_step(module: torch.nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        module(x).square().sum().backward()
        x.grad = None
        module.zero_grad(set_to_none=True)

    return run


def evaluation(module: torch.nn.Module, x: Tensor) -> Callable[[], None]:
    def run() -> None:
        with torch.no_grad():
            module(x)

    return run


def seconds(call: Callable[[], None]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def compared(ours: Callable[[], None], plain: Callable[[], None], budget: float) -> tuple[float, float, float]:
    """The medians of both in milliseconds, and of their ratio."""
    for call in (ours, plain, ours, plain):
        call()
    pairs: list[tuple[float, float]] = []
    end = time.perf_counter() + budget
    while time.perf_counter() < end or len(pairs) < 9:
        pairs.append((seconds(ours), seconds(plain)))
        second, first = seconds(plain), seconds(ours)
        pairs.append((first, second))
    a, b = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
    return a, b, statistics.median(first / second for first, second in pairs)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what the profiler of torch says on stderr."""
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def greatest_memory(call: Callable[[], None]) -> int:
    """The most that torch allocates in a call beyond what it held before, in bytes."""
    call()
    with (
        quiet(),
        torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile,
    ):
        call()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    changes = sorted((e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == "[memory]")
    held = most = 0
    for _, change in changes:
        held += change
        most = max(most, held)
    return most


def row(group: str, name: str, case: Case, budget: float) -> str:
    torch.manual_seed(0)
    make_ours, make_plain, shape = case
    ours, plain = make_ours().train(), make_plain().train()
    x = torch.randn(shape, requires_grad=group != "models")
    steps = (training_step(ours, x), training_step(plain, x))
    a, b, step = compared(*steps, budget)
    memory = greatest_memory(steps[0]) / greatest_memory(steps[1])
    ours.eval(), plain.eval()
    if group == "models":
        nn.freeze(ours)
    _, _, evaluated = compared(evaluation(ours, x), evaluation(plain, x), budget / 3)
    return f"| {name} | {a:.1f} | {b:.1f} | {step:.2f} | {evaluated:.2f} | {memory:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", choices=GROUPS)
    parser.add_argument("--match", default="", help="rows whose names contain this")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each row")
    given = parser.parse_args()
    torch.set_num_threads(1)
    for group, cases in GROUPS.items():
        if given.only in (None, group):
            sys.stdout.write(
                f"\n| {group} | step, ms | torch, ms | step | evaluation | memory |\n|---|--:|--:|--:|--:|--:|\n"
            )
            for name, case in cases().items():
                if given.match in name:
                    sys.stdout.write(row(group, name, case, given.seconds) + "\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
