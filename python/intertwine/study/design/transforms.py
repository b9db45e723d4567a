"""How test samples are moved: each by a motion of its own, which is the same in the whole study."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from intertwine.errors import ArgumentError, ShapeError
from intertwine.gspaces.resample import act_on_grid
from intertwine.study.design.schedules import space_of
from intertwine.suggestions import nearest
from intertwine.training.data.batches import scaled

AS_IS = "as_is"
NAMES = (AS_IS, "rotations", "quarter_turns", "mirrors")
ORDER = 3
"""Of the splines that interpolate between the pixels."""

Move = Callable[[torch.Tensor, np.ndarray], torch.Tensor]
"""From samples and their numbers to the moved samples."""


@dataclass(frozen=True)
class GridMove:
    """Each sample moved by a motion of its own about the centre of its grid.

    Args:
        matrices: one orthogonal matrix for each sample, [n, d, d].
    """

    matrices: np.ndarray

    def __call__(self, x: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
        """The moved samples.

        Args:
            x: [batch, channels, ...].
            numbers: of these samples.
        """
        own, which = np.unique(self.matrices[numbers].round(12), axis=0, return_inverse=True)
        which, x = which.reshape(-1), scaled(x, torch.float32)
        moved = torch.empty_like(x)
        for k, matrix in enumerate(own):
            chosen = torch.from_numpy(np.flatnonzero(which == k))
            moved[chosen] = act_on_grid(x[chosen], matrix, order=ORDER)
        return moved


@dataclass(frozen=True)
class PointMove(GridMove):
    """Each cloud of points moved by a motion of its own about the origin."""

    def __call__(self, x: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
        """The moved clouds.

        Args:
            x: [batch, points, coordinates].
            numbers: of these samples.
        """
        return torch.einsum("bij,bpj->bpi", torch.from_numpy(self.matrices[numbers]).to(x.dtype), x)


@dataclass(frozen=True)
class OwnMove:
    """Samples moved by a function of the user's.

    Args:
        function: of x and a torch generator.
        seed: of the generator.
    """

    function: Callable[[torch.Tensor, torch.Generator], torch.Tensor]
    seed: int

    def __call__(self, x: torch.Tensor, numbers: np.ndarray) -> torch.Tensor:
        """The moved samples; each has a generator of its own, so that it does not matter with which others it comes.

        Args:
            x: [batch, channels, ...].
            numbers: of these samples.
        """
        found = [
            self.function(x[k : k + 1], torch.Generator().manual_seed(self.seed + 7919 * int(number)))
            for k, number in enumerate(numbers)
        ]
        return torch.cat(found)


def transform_names(transforms: Sequence[Any] | Mapping[str, Any]) -> tuple[str, ...]:
    """The names of transforms, that of angles being their number of degrees.

    Args:
        transforms: as the settings have them.

    Raises:
        ArgumentError: for a name that there is not.

    Example:
        >>> transform_names(["as_is", 45])
        ('as_is', '45')
    """
    if isinstance(transforms, Mapping):
        return tuple(dict.fromkeys((AS_IS, *transforms)))
    names = []
    for each in transforms:
        if isinstance(each, (int, float)) and not isinstance(each, bool):
            names.append(f"{float(each) % 360:g}")
        elif each in NAMES:
            names.append(each)
        else:
            like = nearest(str(each), NAMES) or NAMES
            raise ArgumentError(
                f"there is no transform {each!r}", hint=f"use {' or '.join(like)}, or an angle in degrees"
            )
    return tuple(dict.fromkeys(names))


def make_move(
    name: str,
    transforms: Sequence[Any] | Mapping[str, Any],
    n: int,
    sizes: Sequence[int],
    seed: int,
    points: int | None = None,
) -> Move | None:
    """What moves samples in one of the transforms; ``None`` if they stay as they are.

    Args:
        name: of the transform.
        transforms: as the settings have them.
        n: how many samples there are.
        sizes: of the grid.
        seed: draws the motions.
        points: the number of coordinates, if the samples are clouds of points.

    Raises:
        ShapeError: if there is no grid of the right shape.
    """
    own_seed = int(np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(1)[0])
    if isinstance(transforms, Mapping):
        return OwnMove(transforms[name], own_seed) if name in transforms and transforms[name] is not None else None
    if name == AS_IS:
        return None
    matrices = _matrices(name, n, points or len(sizes), np.random.default_rng(own_seed))
    if points:
        return PointMove(matrices)
    if len(set(sizes)) > 1 and name == "quarter_turns":
        raise ShapeError(
            f"quarter turns swap the sides {' x '.join(map(str, sizes))}, so that such images do not fit in one batch",
            hint="pad or cut the images to equal sides",
        )
    return GridMove(matrices)


def angles_of(move: Move | None) -> np.ndarray | None:
    """The angles of plane motions in degrees, 0 to 360; ``None`` for others.

    Args:
        move: from `make_move`.
    """
    if not isinstance(move, GridMove) or move.matrices.shape[-1] != 2 or (np.linalg.det(move.matrices) < 0).any():
        return None
    return np.degrees(np.arctan2(move.matrices[:, 1, 0], move.matrices[:, 0, 0])) % 360


def _matrices(name: str, n: int, dimension: int, rng: np.random.Generator) -> np.ndarray:
    if dimension not in (1, 2, 3) or (dimension == 1 and name != "mirrors"):
        raise ShapeError(
            f"samples with {dimension} axes of space have no {name!r}",
            hint="use transforms=('as_is',), or functions of your own",
        )
    if name == "mirrors":
        return np.tile(np.diag([-1.0] + [1.0] * (dimension - 1)), (n, 1, 1))
    if dimension == 3 and name in ("rotations", "quarter_turns"):
        if name == "rotations":
            return Rotation.from_quat(rng.normal(size=(n, 4))).as_matrix()
        space: Any = space_of("O", 3)
        motions = np.stack([space.basespace_action(g) for g in space.fibergroup.elements])
        return motions[rng.integers(len(motions), size=n)]
    if dimension == 3:
        return Rotation.from_euler("z", np.full(n, float(name)), degrees=True).as_matrix()
    turns = {"rotations": lambda: 360 * rng.random(n), "quarter_turns": lambda: 90.0 * rng.integers(4, size=n)}
    degrees = turns[name]() if name in turns else np.full(n, float(name))
    return rotation_matrices(degrees)


def rotation_matrices(degrees: np.ndarray) -> np.ndarray:
    """Counter-clockwise rotations of the plane, [n, 2, 2]; multiples of 90 degrees are exact.

    Args:
        degrees: the angles, [n].
    """
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    c[degrees % 180 == 90], s[degrees % 180 == 0] = 0.0, 0.0
    return np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], -2)
