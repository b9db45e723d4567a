"""The spaces of e2cnn, which are classes there, and its list of modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.compat.kinds import Kind
from intertwine.compat.planes import PlaneOfE2cnn
from intertwine.gspaces import GSpace2D


class GeneralOnR2(metaclass=Kind):
    """Any plane with a group; only for ``isinstance``."""

    holds: ClassVar[Callable[[Any], bool]] = staticmethod(lambda space: isinstance(space, GSpace2D))


class Rot2dOnR2(metaclass=Kind):
    """The plane with N rotations, or all.

    Args:
        N: their number; -1 for all.
        maximum_frequency: of the irreps that are listed, if there are all rotations.
    """

    holds: ClassVar[Callable[[Any], bool]] = staticmethod(
        lambda space: isinstance(space, GSpace2D) and not space.flips_order
    )

    def __new__(cls, N: int | None = None, maximum_frequency: int | None = None) -> Any:  # noqa: D102
        return PlaneOfE2cnn((None, -1 if N is None else N), 6 if maximum_frequency is None else maximum_frequency)


class FlipRot2dOnR2(metaclass=Kind):
    """The plane with N rotations, or all, and as many reflections.

    Args:
        N: their number; -1 for all.
        maximum_frequency: of the irreps that are listed, if there are all rotations.
        axis: the angle of the first mirror, in radians.
    """

    holds: ClassVar[Callable[[Any], bool]] = staticmethod(
        lambda space: isinstance(space, GSpace2D) and bool(space.flips_order) and space.rotations_order != 1
    )

    def __new__(  # noqa: D102
        cls, N: int | None = None, maximum_frequency: int | None = None, axis: float = np.pi / 2
    ) -> Any:
        frequency = 6 if maximum_frequency is None else maximum_frequency
        return PlaneOfE2cnn((2 * axis, -1 if N is None else N), frequency)


class Flip2dOnR2(metaclass=Kind):
    """The plane with one reflection.

    Args:
        axis: the angle of the mirror, in radians.
    """

    holds: ClassVar[Callable[[Any], bool]] = staticmethod(
        lambda space: isinstance(space, GSpace2D) and bool(space.flips_order) and space.rotations_order == 1
    )

    def __new__(cls, axis: float = np.pi / 2) -> Any:  # noqa: D102
        return PlaneOfE2cnn((2 * axis, 1))


class TrivialOnR2(metaclass=Kind):
    """The plane without symmetry."""

    holds: ClassVar[Callable[[Any], bool]] = staticmethod(
        lambda space: isinstance(space, GSpace2D) and not space.flips_order and space.rotations_order == 1
    )

    def __new__(cls) -> Any:  # noqa: D102
        return PlaneOfE2cnn((None, 1))


class ModuleList(torch.nn.ModuleList):
    """A list of modules."""
