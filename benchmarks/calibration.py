"""How often a symmetry study is wrong: 1,000 studies resampled from recorded runs, for each of some tasks made from digits.

    python benchmarks/calibration.py record FOLDER   trains the networks, 40 seeds of each candidate: ten minutes of one core
    python benchmarks/calibration.py pack FOLDER     gathers them in benchmarks/calibration.npz
    python benchmarks/calibration.py report [--studies 1000] [--margin 0.02]

`record` goes on where it was interrupted. `report` prints markdown tables: studies with any false claim, studies that name a
candidate within the margin of the best, verdicts that claim something, and runs of the race beside those of the full grid.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intertwine import gspaces, models
from intertwine.study.statistics import Outcomes, Settings, simulate

POOL = Path(__file__).with_suffix(".npz")
SEEDS, TEST, PARAMETERS, BATCH, RATE = 40, 800, 1500, 25, 0.03
SPACES = {
    "D4": lambda: gspaces.flipRot2dOnR2(4),
    "C4": lambda: gspaces.rot2dOnR2(4),
    "mirror": lambda: gspaces.flip2dOnR2(),
    "C1": lambda: gspaces.trivialOnR2(),
}
Arrays = tuple[torch.Tensor, torch.Tensor]


def digits(size: int = 9) -> Arrays:
    """Scikit-learn's digits, resized."""
    from sklearn import datasets

    bunch: Any = datasets.load_digits()
    x = torch.from_numpy(np.asarray(bunch["images"], dtype=np.float32))[:, None] / 16
    x = torch.nn.functional.interpolate(x, size=(size, size), mode="bilinear", align_corners=False)
    return x, torch.from_numpy(np.asarray(bunch["target"], dtype=np.int64))


def moved(x: torch.Tensor, turns: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Each image mirrored if its flip is 1, then turned by its number of quarter turns."""
    x = torch.where(flips[:, None, None, None] == 1, x.flip(3), x)
    views = torch.stack([x.rot90(k, (2, 3)) for k in range(4)])
    return views[turns, torch.arange(len(x))]


def numbers(high: int, n: int, seed: int) -> torch.Tensor:
    return torch.randint(high, (n,), generator=torch.Generator().manual_seed(seed))


def upright() -> Arrays:
    return digits()


def turned() -> Arrays:
    x, y = digits()
    return moved(x, numbers(4, len(x), 1), torch.zeros(len(x))), y


def mirrored() -> Arrays:
    x, y = digits()
    return moved(x, numbers(1, len(x), 1), numbers(2, len(x), 2)), y


def six_or_nine() -> Arrays:
    """Upright digits, 6 or 9: a turn by half a circle makes one class of the other."""
    x, y = digits()
    keep = (y == 6) | (y == 9)
    return x[keep], (y[keep] == 9).long()


def scrambled() -> Arrays:
    """Digits whose pixels are shuffled, in one way for all: what remains of them has no symmetry."""
    x, y = digits()
    order = torch.randperm(81, generator=torch.Generator().manual_seed(3))
    return x.flatten(2)[:, :, order].reshape(x.shape), y


def arrangement() -> Arrays:
    """Four digits, each turned and mirrored at random: a 4 and three 7s. The class is where the 4 is."""
    x, y = digits(6)
    return tiles(x[y == 4], x[y == 7], 1797)


def tiles(odd: torch.Tensor, common: torch.Tensor, n: int) -> Arrays:
    where = numbers(4, n, 5)
    images = torch.stack([common[numbers(len(common), n, 10 + k)] for k in range(4)], 1)
    images[torch.arange(n), where] = odd[numbers(len(odd), n, 6)]
    flat = images.flatten(0, 1)
    flat = moved(flat, numbers(4, len(flat), 7), numbers(2, len(flat), 8)).reshape(n, 2, 2, 1, *odd.shape[-2:])
    return flat.permute(0, 3, 1, 4, 2, 5).reshape(n, 1, 2 * odd.shape[-2], 2 * odd.shape[-1]), where


@dataclass(frozen=True)
class Task:
    """Images and labels, how many of them each run learns from and chooses by, and the candidates.

    Names are those of the candidates, but for twins.
    """

    make: Callable[[], Arrays]
    images: int = 400
    candidates: tuple[str, ...] = ("plain", "mirror", "C4", "D4", "D4 | D4 | C1")
    names: tuple[str, ...] | None = None
    steps: int = 100


TASKS = {
    "upright": Task(upright),
    "all turned": Task(turned, candidates=("plain", "augmented", "C4", "D4", "D4 | C4 | C4")),
    "mirrored": Task(mirrored, candidates=("plain", "augmented", "mirror", "D4", "D4 | mirror | mirror")),
    "6 or 9": Task(six_or_nine, 60),
    "texture below, arrangement above": Task(
        arrangement, 600, ("plain", "C4", "D4", "D4 | D4 | C1", "D4 | mirror | mirror"), steps=140
    ),
    "no symmetry helps": Task(scrambled),
    "few images": Task(turned, 120, ("plain", "augmented", "C4", "D4", "D4 | C4 | C4")),
    "many images": Task(upright, 950, ("plain", "mirror", "C4", "D4 | D4 | C1", "D4 | mirror | mirror")),
    "one network, three names": Task(upright, 400, ("plain",) * 3, ("a", "b", "c")),
    "one network, five names": Task(turned, 400, ("C4",) * 5, ("a", "b", "c", "d", "e")),
}


def network(name: str, size: int, classes: int) -> torch.nn.Module:
    """Three blocks with about as many parameters as all others have."""
    if name in ("plain", "augmented"):
        return models.match_parameters(
            lambda widths: models.plain_cnn(1, classes, widths=widths, kernel_size=3, size=size), PARAMETERS, (1, 2, 2)
        )
    kept = (name.split(" | ") * 3)[:3]
    restrict = {k: SPACES[kept[k]]() for k in (1, 2) if kept[k] != kept[k - 1]}
    return models.match_parameters(
        lambda widths: models.equivariant_cnn(
            1, classes, SPACES[kept[0]](), widths=widths, kernel_size=3, size=size, restrict=restrict or None
        ),
        PARAMETERS,
        (1, 2, 2),
    )


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Images mirrored and turned at random."""
    turns, flips = (torch.randint(high, (len(x),), generator=generator) for high in (4, 2))
    return moved(x, turns, flips)


def batches(n: int, steps: int, seed: int) -> torch.Tensor:
    """Which samples each step of a training sees, epoch by epoch in another order: [steps, BATCH]."""
    generator = torch.Generator().manual_seed(seed)
    epochs = [
        torch.randperm(n, generator=generator)[: n - n % BATCH] for _ in range(1 + steps * BATCH // (n - n % BATCH))
    ]
    return torch.cat(epochs)[: steps * BATCH].reshape(steps, BATCH)


def train(modules: list[torch.nn.Module], x: torch.Tensor, y: torch.Tensor, steps: int, augmented: bool) -> None:
    """Trains networks of one kind at once, each on its own samples: x [networks, n, 1, size, size], y [networks, n].

    The library's `fit` trains one network at a time, which takes four times as long for networks as small as these.
    """
    params, buffers = torch.func.stack_module_state(modules)
    template = modules[0].train()

    def loss(p: Any, b: Any, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        output = torch.func.functional_call(template, (p, b), (images,))
        return torch.nn.functional.cross_entropy(output, labels)

    gradient = torch.func.vmap(torch.func.grad_and_value(loss))
    adam = torch.optim.Adam(list(params.values()), lr=RATE)
    cycle = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps)
    order = torch.stack([batches(x.shape[1], steps, seed) for seed in range(len(x))])
    generator = torch.Generator().manual_seed(0)
    each = torch.arange(len(x))[:, None]
    for step in range(steps):
        images, labels = x[each, order[:, step]], y[each, order[:, step]]
        if augmented:
            images = augment(images.flatten(0, 1), generator).reshape(images.shape)
        for name, value in gradient(params, buffers, images, labels)[0].items():
            params[name].grad = value
        adam.step()
        cycle.step()
    for number, module in enumerate(modules):
        state = {name: value[number].detach() for name, value in {**params, **buffers}.items()}
        module.load_state_dict({name: state[name] for name in module.state_dict()})


def runs(task: Task, kind: str, twin: int, data: Arrays, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """The validation score of each seed, and which test images each recognises."""
    x, y = data
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(99))
    test = min(TEST, len(x) - task.images)
    held, rest = order[:test], order[test : test + task.images]
    modules, splits = [], []
    for seed in range(1, seeds + 1):
        splits.append(rest[torch.randperm(len(rest), generator=torch.Generator().manual_seed(seed))])
        torch.manual_seed(1000 * twin + seed)
        modules.append(network(kind, x.shape[-1], int(y.max()) + 1))
    split = torch.stack(splits)
    chosen, kept = split[:, : len(rest) // 4], split[:, len(rest) // 4 :]
    train(modules, x[kept], y[kept], task.steps, kind == "augmented")
    validation, right = [], []
    with torch.no_grad():
        for module, part in zip(modules, chosen):
            module.eval()
            validation.append(float((module(x[part]).argmax(1) == y[part]).float().mean()))
            right.append((module(x[held]).argmax(1) == y[held]).numpy())
    return np.array(validation), np.stack(right)


def record(folder: Path, only: str | None = None, seeds: int = SEEDS) -> None:
    """Trains what the folder does not hold yet, a file for each task and candidate."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    for title, task in TASKS.items():
        if only not in (None, title):
            continue
        data = task.make()
        for twin, (name, kind) in enumerate(zip(task.names or task.candidates, task.candidates)):
            file = file_of(folder, title, name)
            if file.exists():
                continue
            start = time.process_time()
            validation, test = runs(task, kind, twin if task.names else 0, data, seeds)
            np.savez_compressed(file, validation=validation, test=test)
            spent = time.process_time() - start
            print(
                f"{title}: {name}: {test.mean():.4f}, sd of seeds {test.mean(1).std(ddof=1):.4f}, validation "
                f"{validation.mean():.4f}; {spent / seeds:.2f} s a run",
                flush=True,
            )


def file_of(folder: Path, title: str, name: str) -> Path:
    return folder / f"{title} - {name.replace(' | ', '_')}.npz"


def pack(folder: Path) -> None:
    """Puts what is recorded into one file: validation scores, and the test as bits that say where a run differs from most."""
    packed = {}
    for title, task in TASKS.items():
        names = task.names or task.candidates
        found = [np.load(file_of(folder, title, name)) for name in names]
        right = np.stack([one["test"] for one in found])
        usual = right.mean((0, 1)) > 0.5
        packed[f"{title}/names"] = np.array(names)
        packed[f"{title}/validation"] = np.stack([one["validation"] for one in found]).astype(np.float32)
        packed[f"{title}/usual"] = usual
        packed[f"{title}/unusual"] = np.packbits(right != usual, axis=-1)
    np.savez_compressed(POOL, **packed)
    print(f"{POOL}: {POOL.stat().st_size / 1000:.0f} kB")


def pool(title: str) -> Outcomes:
    """The recorded runs of one task. Twins swap their runs, so that their means are equal."""
    with np.load(POOL) as packed:
        names, validation, usual, bits = (packed[f"{title}/{k}"] for k in ("names", "validation", "usual", "unusual"))
    right = np.unpackbits(bits, axis=-1, count=len(usual)).astype(bool) != usual
    if TASKS[title].names:
        validation, right = (
            np.concatenate([np.roll(one, k, 0) for k in range(len(one))], 1) for one in (validation, right)
        )
    return Outcomes(dict(zip(names.tolist(), validation)), dict(zip(names.tolist(), right)))


def report(studies: int, margin: float) -> None:
    """Prints two tables: the means of the candidates, and what the studies said."""
    print("| task | candidates and their means in percent |\n|---|---|")
    for title in TASKS:
        means = {name.replace("|", r"\|"): 100 * scores.mean() for name, scores in pool(title).test.items()}
        print(f"| {title} | {', '.join(f'{name} {mean:.1f}' for name, mean in means.items())} |")
    print("\n| task | seeds | false claims | right named | by the grid | decided | by the grid | runs of the grid |")
    print("|---|---|---|---|---|---|---|---|")
    for title in TASKS:
        for seeds in (20, 40):
            found = simulate(pool(title), Settings(margin=margin, max_seeds=seeds), studies)
            shares = (found.right_named, found.grid_right_named, found.decided, found.grid_decided)
            told = " | ".join(f"{100 * share:.1f} %" for share in (found.false_claims, *shares))
            print(f"| {title} | {seeds} | {told} | {100 * found.runs / found.grid_runs:.0f} % |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["record", "pack", "report"], nargs="?", default="report")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("calibration"))
    parser.add_argument("--only", help="record one task")
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--margin", type=float, default=0.02)
    arguments = parser.parse_args()
    if arguments.what == "record":
        record(arguments.folder, arguments.only)
    elif arguments.what == "pack":
        pack(arguments.folder)
    else:
        report(arguments.studies, arguments.margin)
