"""U-Nets with and without symmetry at equal numbers of parameters: nuclei, a flow, and volumes. Prints tables.

    pip download --no-deps stardist==0.9.2 && unzip stardist-0.9.2-*.whl -d stardist
    .venv/bin/python benchmarks/segmentation.py stardist/stardist/data/images results.jsonl

Nuclei: a fluorescence image with labels, as the package stardist brings it. The classes of pixels are background, nucleus, and
the border of a nucleus. Tiles of the left five eighths of the image are for training (10, 30 or 100 % of them), the rest for
testing. Each network is tested upright, on quarter turns, and on turns by 30 and 45 degrees, for which the image is interpolated.

Flow: the velocity on a periodic grid from the vorticity; both networks are periodic in every layer. Volumes: synthetic nuclei of
the same package, of which every second slice is kept, so that voxels are twice as high as wide; the group turns about the axis
of the slices.

Networks that are compared have numbers of parameters that differ by less than 3 %, with widths found by hand, and see as many
batches. Finished runs are kept in the file, so that the program may be stopped and started again.

Origin and licence of the images. The functions of stardist that load them say "Fluorescence microscopy image and mask from the
2018 kaggle DSB challenge" (Caicedo et al., Nature Methods 16, 2019) of the flat one, and "synthetic nuclei" of the volume. The
package is under BSD-3-Clause and names no other licence for them. The images and masks of that challenge are set BBBC038 of the
Broad Bioimage Benchmark Collection; published copies and corrections of the set say that it is in the public domain (CC0 1.0).
The package does not say which image of the set it is, or whether it was cut or its mask corrected, so its licence is
not certain beyond that of the package. Neither image is part of this repository. The set BBBC038 itself is an alternative with
a known origin, though no package brings it; BBBC039, 200 images of nuclei with masks drawn by hand, is another (see their pages
for the terms).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from intertwine import gspaces, models, training

STEPS, BATCH, TILE = 120, 4, 64
WIDTHS = (2, 4, 6)
SHARES = (0.1, 0.3, 1.0)
SEEDS = range(5)


def frames(path: Path) -> np.ndarray:
    image = Image.open(path)
    pages = []
    for page in range(getattr(image, "n_frames", 1)):
        image.seek(page)
        pages.append(np.asarray(image).copy())
    return np.stack(pages)


def scaled(image: np.ndarray) -> torch.Tensor:
    low, high = np.percentile(image, [1, 99])
    return torch.tensor((image - low) / (high - low), dtype=torch.float32)


def classes_of(labels: np.ndarray) -> torch.Tensor:
    """0 outside of nuclei, 2 at pixels of nuclei that touch another label, 1 inside."""
    padded = np.pad(labels, 1, mode="edge")
    touches = np.zeros(labels.shape, dtype=bool)
    for axis in range(labels.ndim):
        for step in (-1, 1):
            moved = np.roll(padded, step, axis)[tuple(labels.ndim * (slice(1, -1),))]
            touches |= moved != labels
    return torch.tensor(np.where(labels == 0, 0, np.where(touches, 2, 1)))


def tiles(values: torch.Tensor, side: int) -> torch.Tensor:
    """Tiles of an image (height, width), shape (tiles, side, side)."""
    return values.unfold(0, side, side).unfold(1, side, side).reshape(-1, side, side)


def mean_iou(found: torch.Tensor, wanted: torch.Tensor) -> float:
    scores = []
    for number in range(int(wanted.max()) + 1):
        a, b = found == number, wanted == number
        scores.append(float((a & b).sum() / (a | b).sum().clamp(min=1)))
    return sum(scores) / len(scores)


def classes(model: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in x.split(8)])


def turned(x: torch.Tensor, degrees: float, order: int) -> torch.Tensor:
    """Images turned and cut to the middle, where nothing comes from outside."""
    side = x.shape[-1]
    y = training.turn_images(x, degrees, order=order)
    cut = (side - TILE) // 2
    return y[..., cut : side - cut, cut : side - cut]


def train(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, seed: int, **given: Any) -> torch.nn.Module:
    epochs = max(1, round(STEPS * BATCH / len(x)))
    options = {"batch_size": min(BATCH, len(x)), "learn_rate": 0.01, "schedule": "onecycle", "seed": seed, **given}
    return training.fit(model, x, y, epochs=epochs, **options).module


# --- nuclei -----------------------------------------------------------------------------------------------------------------


def nuclei_networks() -> dict[str, Callable[[], torch.nn.Module]]:
    def equivariant() -> torch.nn.Module:
        return models.equivariant_unet(1, 3, gspaces.flipRot2dOnR2(4), widths=WIDTHS, size=TILE)

    def plain() -> torch.nn.Module:
        return models.plain_unet(1, 3, widths=(4, 9, 12))

    return {"D4": equivariant, "plain": plain, "plain, turned": plain}


def nuclei(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    image, labels = scaled(frames(folder / "img2d.tif")[0]), classes_of(frames(folder / "mask2d.tif")[0])
    left = 5 * TILE
    train_set = {"x": tiles(image[:, :left], TILE)[:, None], "y": tiles(labels[:, :left], TILE)}
    right_x, right_y = image[:, left:], labels[:, left:]
    wide = 96
    test = {
        "x": tiles(right_x, TILE)[:, None],
        "y": tiles(right_y, TILE),
        "wide x": tiles(right_x, wide)[:, None],
        "wide y": tiles(right_y, wide),
    }
    return train_set, test


def nuclei_run(folder: Path, name: str, share: float, seed: int) -> dict[str, float]:
    data, test = nuclei(folder)
    order = torch.randperm(len(data["x"]), generator=torch.Generator().manual_seed(seed))
    chosen = order[: max(2, round(share * len(order)))]
    torch.manual_seed(seed)
    model = nuclei_networks()[name]()
    given = {"augment": "rotations"} if name == "plain, turned" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = train(model, data["x"][chosen], data["y"][chosen], seed, loss="cross_entropy", **given)
    upright = classes(model, test["x"])
    found = {"iou": mean_iou(upright, test["y"])}
    with torch.no_grad():
        x = test["x"].double()
        model = model.double()
        pairs = [(model(x), model(x.rot90(1, (2, 3))).rot90(-1, (2, 3)))]
        found["quarter turn, difference"] = max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)
        model = model.float()
    found["iou, quarter turn"] = mean_iou(classes(model, test["x"].rot90(1, (2, 3))), test["y"].rot90(1, (1, 2)))
    wide = classes(model, test["wide x"])[:, None].float()
    for degrees in (0, 30, 45):
        seen = classes(model, turned(test["wide x"], degrees, 3))
        # Labels have nothing in between: the nearest counts.
        labels = turned(test["wide y"][:, None].float(), degrees, 0)[:, 0].long()
        same = turned(wide, degrees, 0)[:, 0].long()
        found[f"iou, {degrees} degrees"] = mean_iou(seen, labels)
        found[f"changed, {degrees} degrees"] = float((seen != same).float().mean())
    return {"parameters": models.count_parameters(model), **found}


# --- flow -------------------------------------------------------------------------------------------------------------------


def flows(n: int, side: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Vorticities on a periodic grid and their velocities (right, up), without mean."""
    generator = np.random.default_rng(seed)
    k = np.fft.fftfreq(side, 1 / side)
    # Memory counts y against its mathematical direction.
    ky, kx = -k[:, None], k[None, :]
    square = np.where((s := kx**2 + ky**2) == 0, 1, s)
    noise = np.fft.fft2(generator.standard_normal((n, side, side)))
    vorticity = noise * np.exp(-square / 30) * (s > 0)
    stream = vorticity / square * (np.abs(kx) < side / 2) * (np.abs(ky) < side / 2)
    parts = [np.fft.ifft2(f).real for f in (vorticity, 1j * ky * stream, -1j * kx * stream)]
    omega, u, v = (torch.tensor(p, dtype=torch.float32) for p in parts)
    velocity = torch.stack([u, v], 1)
    return (omega / omega.std())[:, None], velocity / velocity.std()


def flow_networks() -> dict[str, Callable[[], torch.nn.Module]]:
    def equivariant() -> torch.nn.Module:
        options = {"widths": (3, 4, 6), "size": 32, "padding_mode": "circular"}
        return models.equivariant_unet(1, {"vector": 1}, gspaces.rot2dOnR2(4), **options)

    def plain() -> torch.nn.Module:
        return models.plain_unet(1, 2, widths=(4, 6, 10), padding_mode="circular")

    return {"C4": equivariant, "plain": plain}


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).norm() / wanted.norm())


def flow_run(_: Path, name: str, share: float, seed: int) -> dict[str, float]:
    x, y = flows(round(100 * share), 32, seed)
    test_x, test_y = flows(50, 32, 999)
    torch.manual_seed(seed)
    model = train(flow_networks()[name](), x, y, seed, batch_size=min(8, len(x)))
    with torch.no_grad():
        answer = model(test_x)
        turned_y = test_y.rot90(1, (2, 3))
        turned_y = torch.stack([-turned_y[:, 1], turned_y[:, 0]], 1)
        moved = answer.rot90(1, (2, 3))
        moved = torch.stack([-moved[:, 1], moved[:, 0]], 1)
        after = model(test_x.rot90(1, (2, 3)))
        shifted = model(test_x.roll((4, 8), (2, 3)))
    return {
        "parameters": models.count_parameters(model),
        "error": relative(answer, test_y),
        "error, quarter turn": relative(after, turned_y),
        "quarter turn, difference": relative(after, moved),
        "shift by 4 and 8, difference": relative(shifted, answer.roll((4, 8), (2, 3))),
    }


# --- volumes ----------------------------------------------------------------------------------------------------------------


def volume_networks() -> dict[str, Callable[[], torch.nn.Module]]:
    def equivariant() -> torch.nn.Module:
        return models.equivariant_unet(
            1, 2, gspaces.rot2dOnR3(4), widths=(2, 5), size=(16, 20, 20), depth=1, spacing=(2, 1, 1)
        )

    def plain() -> torch.nn.Module:
        return models.plain_unet(1, 2, widths=(3, 8), depth=1, dimension=3)

    return {"C4 about z": equivariant, "plain": plain}


def volume_run(folder: Path, name: str, share: float, seed: int) -> dict[str, float]:
    image, labels = (frames(folder / file)[::2] for file in ("img3d.tif", "mask3d.tif"))
    x, y = scaled(image)[None], torch.tensor((labels > 0).astype(np.int64))
    blocks = [(r, c) for r in (0, 20, 40) for c in (0, 20)]
    chosen = torch.randperm(3, generator=torch.Generator().manual_seed(seed))[: max(1, round(3 * share))]

    def cut(values: torch.Tensor, column: int, rows: list[int]) -> torch.Tensor:
        return torch.stack([values[..., r : r + 20, column : column + 20] for r in rows])

    rows = sorted({r for r, _ in blocks})
    train_x, train_y = cut(x, 0, rows)[chosen], cut(y, 0, rows)[chosen]
    test_x, test_y = cut(x, 30, rows), cut(y, 30, rows)
    torch.manual_seed(seed)
    model = train(volume_networks()[name](), train_x, train_y, seed, batch_size=1, loss="cross_entropy")
    upright = classes(model, test_x)
    with torch.no_grad():
        before, after = model(test_x), model(test_x.rot90(1, (3, 4))).rot90(-1, (3, 4))
    return {
        "parameters": models.count_parameters(model),
        "iou": mean_iou(upright, test_y),
        "iou, quarter turn": mean_iou(classes(model, test_x.rot90(1, (3, 4))), test_y.rot90(1, (2, 3))),
        "quarter turn, difference": relative(after, before),
    }


TASKS: dict[str, tuple[Callable[[], dict[str, Any]], Callable[..., dict[str, float]], tuple[float, ...]]] = {
    "nuclei": (nuclei_networks, nuclei_run, SHARES),
    "flow": (flow_networks, flow_run, (0.1, 1.0)),
    "volumes": (volume_networks, volume_run, (1.0,)),
}


def table(rows: list[dict[str, Any]], task: str) -> None:
    rows = [row for row in rows if row["task"] == task]
    keys = [key for key in rows[0] if key not in ("task", "network", "share", "seed", "seconds")] if rows else []
    print(f"\n{task}: medians of {len({row['seed'] for row in rows})} seeds, the least and the greatest in brackets")
    for key in keys:
        print(f"\n{key}")
        for network in dict.fromkeys(row["network"] for row in rows):
            cells = []
            for share in sorted({row["share"] for row in rows}):
                found = [row[key] for row in rows if row["network"] == network and row["share"] == share]
                if found:
                    least, greatest = min(found), max(found)
                    cells.append(f"{share:4.0%} {statistics.median(found):9.4g} ({least:.4g} to {greatest:.4g})")
            print(f"  {network:14}", "   ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="the folder with the images")
    parser.add_argument("results", type=Path, help="the file of finished runs")
    arguments = parser.parse_args()
    folder, kept = arguments.images, arguments.results
    torch.set_num_threads(1)
    for task, (networks, _, _) in TASKS.items():
        counts = {name: models.count_parameters(build()) for name, build in networks().items()}
        if max(counts.values()) > 1.03 * min(counts.values()):
            raise SystemExit(f"{task}: the networks have different numbers of parameters: {counts}")
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["task"], row["network"], row["share"], row["seed"]) for row in rows}
    for seed in SEEDS:
        for task, (networks, run, shares) in TASKS.items():
            for network in networks():
                for share in shares:
                    if (task, network, share, seed) in done:
                        continue
                    start = time.process_time()
                    row = {"task": task, "network": network, "share": share, "seed": seed}
                    row |= run(folder, network, share, seed)
                    row["seconds"] = time.process_time() - start
                    rows.append(row)
                    with kept.open("a") as file:
                        file.write(json.dumps(row) + "\n")
    for task in TASKS:
        table(rows, task)


if __name__ == "__main__":
    main()
