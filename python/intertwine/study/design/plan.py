"""All that the trainings of a study have in common: data, targets, splits, moved samples."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, ShapeError
from intertwine.study.design.samples import IN_MEMORY, ArraySamples, MovedSamples, Samples, gathered, n_bytes
from intertwine.study.design.settings import Settings
from intertwine.study.design.sources import Read
from intertwine.study.design.splits import first_share, missing_classes, spread
from intertwine.study.design.transforms import GridMove, Move, make_move, transform_names
from intertwine.training.data.batches import DatasetSource, TensorSource, as_targets
from intertwine.training.data.identity import Identity, describe, identity_of_source
from intertwine.training.data.pairing import TargetKind
from intertwine.training.data.turning import move_targets as turned_targets

_TEST, _FIT, _TEST_MOVES, _POOL_MOVES = 1, 2, 3, 4
"""Purposes of random numbers, so that none depends on how many others were drawn."""


@dataclass
class Data:
    """The samples of a study.

    Args:
        pool: samples that are split into those to learn from and those to choose by.
        y: their targets.
        test: samples that are reported on.
        test_y: their targets.
        group: what each sample of the pool shows.
        kind: of the targets: ``"class"`` or ``"numeric"``.
        n_classes: how many classes there are; ``None`` for measurements.
        labels: their names.
        dimension: of space: 1, 2 or 3; 0 if there is none.
        points: whether samples are clouds of points.
        notes: what the user should know.
    """

    pool: Samples
    y: torch.Tensor
    test: Samples
    test_y: torch.Tensor
    group: np.ndarray | None
    kind: TargetKind
    n_classes: int | None
    labels: tuple[str, ...] | None
    dimension: int
    points: bool
    notes: list[str] = field(default_factory=list)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sides of the grid."""
        return tuple(self.pool.shape[1:])

    @property
    def outputs(self) -> int:
        """Classes, or numbers for each sample or place."""
        if self.n_classes is not None:
            return self.n_classes
        return 1 if self.y.ndim in (1, 1 + len(self.sizes)) else self.y.shape[1]

    @property
    def dense(self) -> bool:
        """Whether there is a target for each place of the grid."""
        return self.y.ndim > 2 and not self.points

    def identity(self) -> Identity:
        """What the data of a study that is resumed must have in common with these."""
        found = {**_identity("x", self.pool), **_identity("test x", self.test)}
        rest = {
            "y": self.y,
            "test y": self.test_y,
            "group": None if self.group is None else self.group.tolist(),
            "labels": self.labels,
        }
        return found | {f"{name}.content": describe(value) for name, value in rest.items()}


def _identity(name: str, samples: Any) -> Identity:
    if isinstance(samples, Part):
        return {**_identity(name, samples.samples), f"{name}.part": describe(samples.numbers)}
    if isinstance(samples, ArraySamples):
        values = samples.values
        with warnings.catch_warnings():  # a tensor of numbers that must not change is only read here
            warnings.simplefilter("ignore", UserWarning)
            return identity_of_source(name, TensorSource(torch.from_numpy(values)))
    return identity_of_source(name, DatasetSource(samples.dataset))


def prepare_data(read: Read, settings: Settings) -> Data:
    """The samples of a study, with those to test on set apart.

    Args:
        read: what was read.
        settings: of the study.

    Raises:
        ArgumentError, ArgumentTypeError, ShapeError: if targets do not fit the samples, or there are too few.
    """
    notes = list(read.notes)
    missing = settings.recipe.get("na", "error")
    y, kind = as_targets(read.y, len(read.x), missing)
    group = None if read.group is None else np.asarray(read.group)
    if group is not None and group.shape != (len(read.x),):
        raise ArgumentError(f"there are {len(read.x)} samples, but `group` has shape {group.shape}")
    if read.test_x is not None:
        pool, test = read.x, read.test_x
        test_y, other = as_targets(read.test_y, len(test), missing)
        if other != kind or tuple(test.shape) != tuple(pool.shape):
            raise ArgumentError(
                f"the samples to test on have shape {tuple(test.shape)} and targets of kind {other}, "
                f"but those to learn from {tuple(pool.shape)} and {kind}"
            )
    else:
        rng = np.random.default_rng([settings.seed, _TEST])
        held, kept = first_share(spread(y.numpy(), group, rng), round(settings.test_share * len(read.x)))
        held, kept = np.sort(held), np.sort(kept)
        pool, test = _chosen(read.x, kept), _chosen(read.x, held)
        test_y, y = y[held], y[kept]
        group = None if group is None else group[kept]
    n_classes = None
    if kind == "class":
        told = settings.recipe.get("n_classes") or (len(read.labels) if read.labels else 0)
        n_classes = max(int(y.max()), int(test_y.max())) + 1
        if told and told < n_classes:
            raise ArgumentError(f"`y` holds {n_classes} classes, but there are {told}")
        n_classes = told or n_classes
        for where, values in (("the samples to test on", test_y), ("the samples to learn from", y)):
            gone = missing_classes(values.numpy(), np.arange(len(values)), n_classes)
            if gone:
                notes.append(f"{where} hold none of class {', '.join(_class_names(gone, read.labels))}")
    dimension, points = _dimension(tuple(pool.shape), settings)
    return Data(pool, y, test, test_y, group, kind, n_classes, read.labels, dimension, points, notes)


def _dimension(shape: tuple[int, ...], settings: Settings) -> tuple[int, bool]:
    """The dimension of space, and whether samples of a shape are clouds of points."""
    axes, told = len(shape) - 1, settings.dimension
    if told is None or told == axes:
        if axes not in (1, 2, 3) and isinstance(settings.backbone, str):
            raise ShapeError(
                f"samples of shape {shape} lie on no grid of 1 to 3 dimensions", hint="give a backbone of your own"
            )
        return (axes if axes in (1, 2, 3) else 0), False
    if len(shape) != 2 or shape[1] != told or told not in (2, 3):
        raise ShapeError(
            f"samples of shape {shape} are no clouds of points with {told} coordinates",
            hint="give x as [n, points, coordinates], or leave `dimension` out",
        )
    if isinstance(settings.backbone, str):
        raise ArgumentError(
            f"the backbone {settings.backbone!r} is for grids", hint="give a function that builds networks for points"
        )
    return told, True


def _class_names(numbers: list[int], labels: tuple[str, ...] | None) -> list[str]:
    return [labels[number] if labels else str(number) for number in numbers]


def _chosen(samples: Samples, numbers: np.ndarray) -> Samples:
    if _only_here(samples) and n_bytes(samples) <= IN_MEMORY:
        return ArraySamples(samples.take(numbers).numpy())
    return Part(samples, numbers)


def _only_here(samples: Samples) -> bool:
    """Whether other processes cannot read the samples by themselves: they are an array of this process."""
    whole = samples.samples if isinstance(samples, Part) else samples
    return isinstance(whole, ArraySamples) and whole.path is None


@dataclass
class Part:
    """Some of the samples of a file or data set.

    Args:
        samples: all of them.
        numbers: which ones.
    """

    samples: Samples
    numbers: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.samples.shape

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, numbers: np.ndarray) -> torch.Tensor:
        """Some samples as one tensor.

        Args:
            numbers: which ones, from 0.
        """
        return self.samples.take(self.numbers[numbers])


@dataclass
class Plan:
    """Data with their moved copies, and the splits of each seed.

    Args:
        data: of the study.
        settings: of the study.
        pool: samples to learn and to choose from, by the transforms.
        test: samples to test on, by the transforms.
        pool_y: targets of the pool, by the transforms: those of places move with their samples.
        test_y: targets to test on, likewise.
        moves: what moved the samples to test on.
    """

    data: Data
    settings: Settings
    pool: Mapping[str, Samples]
    test: Mapping[str, Samples]
    pool_y: Mapping[str, torch.Tensor]
    test_y: Mapping[str, torch.Tensor]
    moves: Mapping[str, Move | None]

    @property
    def full_size(self) -> int:
        """How many samples are learned from."""
        return len(self.data.pool) - round(self.settings.validation_share * len(self.data.pool))

    def split(self, seed: int, train_size: int) -> tuple[np.ndarray, np.ndarray]:
        """The samples of the pool that are learned from, and those that candidates are chosen by.

        Args:
            seed: of the training.
            train_size: how many are learned from; those of a smaller number are among those of a larger one.
        """
        rng = np.random.default_rng([self.settings.seed, _FIT, seed])
        blocks = spread(self.data.y.numpy(), self.data.group, rng)
        held, kept = first_share(blocks, round(self.settings.validation_share * len(self.data.pool)))
        return kept[:train_size] if train_size < self.full_size else kept, held


def make_plan(data: Data, settings: Settings, folder: Path | None) -> Plan:
    """Everything that all trainings share, made once.

    Args:
        data: of the study.
        settings: of the study.
        folder: for files that other processes map into memory; ``None`` to keep all in this process.
    """
    names = transform_names(settings.transforms)
    if settings.judge not in names:
        raise ArgumentError(
            f"`judge` is {settings.judge!r}, which is none of the transforms", hint=f"use one of {', '.join(names)}"
        )
    roles = {"pool": (data.pool, data.y, _POOL_MOVES), "test": (data.test, data.test_y, _TEST_MOVES)}
    found: dict[str, dict[str, Samples]] = {role: {} for role in roles}
    targets: dict[str, dict[str, torch.Tensor]] = {role: {} for role in roles}
    moves: dict[str, Move | None] = {}
    for role, (samples, y, purpose) in roles.items():
        seed = int(np.random.SeedSequence([settings.seed, purpose]).generate_state(1)[0])
        base: Samples = samples
        alone = _only_here(samples)
        if (alone and folder is not None) or (
            not isinstance(samples, ArraySamples) and not alone and n_bytes(samples) <= IN_MEMORY
        ):
            base = gathered(samples, _file(folder, f"{role}_as_is"))
        for name in names:
            move = make_move(
                name, settings.transforms, len(samples), data.sizes, seed, data.dimension if data.points else None
            )
            moved: Samples = base if move is None else MovedSamples(base, move)
            if move is not None and n_bytes(samples, torch.float32) <= IN_MEMORY:
                moved = gathered(moved, _file(folder, f"{role}_{len(found[role])}"))
            found[role][name] = moved
            targets[role][name] = move_targets(y, data, move)
            if role == "test":
                moves[name] = move
        if "as_is" not in found[role]:
            found[role]["as_is"] = base
    if folder is not None:  # what travels to other processes names files, and does not hold their content
        data = replace(data, pool=found["pool"]["as_is"], test=found["test"]["as_is"])
    return Plan(data, settings, found["pool"], found["test"], targets["pool"], targets["test"], moves)


def move_targets(y: torch.Tensor, data: Data, move: Move | None) -> torch.Tensor:
    """The targets of moved samples: those of places move along, those of whole samples stay.

    Args:
        y: the targets.
        data: of the study.
        move: what moves the samples.

    Raises:
        ArgumentError: if the samples are moved by a function of the user's, which says nothing of the targets.
    """
    if move is None or not data.dense:
        return y
    if not isinstance(move, GridMove):
        raise ArgumentError(
            "nothing says how targets of places move under a function", hint="use the named transforms for such targets"
        )
    fields = y[:, None] if data.kind == "numeric" and y.ndim == 1 + len(data.sizes) else y
    parts = [turned_targets(fields[k : k + 1], data.kind, matrix) for k, matrix in enumerate(move.matrices)]
    return torch.cat(parts).reshape(y.shape)


def _file(folder: Path | None, name: str) -> Path | None:
    return None if folder is None else folder / f"{name}.npy"
