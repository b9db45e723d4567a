"""The plane with rotations and reflections."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from intertwine.checks import angle, is_whole
from intertwine.errors import GroupError
from intertwine.group.catalogue.cyclic_dihedral import DihedralGroup, cyclic_group, dihedral_group, turn
from intertwine.group.catalogue.so2_o2 import O2, o2_group, so2_group
from intertwine.group.constructions.decomposition import named_representation
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import snapped
from intertwine.gspaces.gspace import GSpace
from intertwine.numpy_scalars import without_numpy_scalars
from intertwine.suggestions import suggests


def _reflection(axis: float) -> np.ndarray:
    """The reflection in the line through the origin at an angle to the x-axis."""
    c, s = np.cos(2 * axis), np.sin(2 * axis)
    return snapped(np.array([[c, s], [s, -c]]))


def _planar_group(sg_id: tuple[float | None, int], maximum_frequency: int) -> Group:
    double_axis, N = sg_id
    if not is_whole(N) or (N < 1 and N != -1):
        raise GroupError(
            f"the number of rotations must be a whole number of at least 1, or -1 for all of them, not {N!r}"
        )
    if N == -1:
        return so2_group(maximum_frequency) if double_axis is None else o2_group(maximum_frequency)
    if double_axis is None:
        return cyclic_group(int(N))
    return cyclic_group(2) if N == 1 else dihedral_group(int(N))


def _planar_action(group: Group, double_axis: float | None, N: int) -> Representation:
    if not isinstance(group, FiniteGroup):
        if double_axis is None:
            return group.irrep(1)
        # A reflection in a line at an angle is that in the x-axis, turned.
        c, s = np.cos(double_axis / 2), np.sin(double_axis / 2)
        return Representation(group, f"action_on_R2[{double_axis},-1]", [(1, 1)], np.array([[c, -s], [s, c]]))
    flip = None if double_axis is None else _reflection(double_axis / 2)
    matrices = []
    for element in group.elements:
        if isinstance(group, DihedralGroup):
            flipped, step = element.value
        elif flip is not None:
            flipped, step = element.value, 0
        else:
            flipped, step = 0, element.value
        rotation = turn(step, N)
        matrices.append(rotation @ flip if flipped and flip is not None else rotation)
    return named_representation(group, snapped(np.stack(matrices)), f"action_on_R2[{double_axis},{N}]")


class GSpace2D(GSpace):
    """The plane R^2 with a group of rotations and reflections about the origin.

    Points are (x, y) with x pointing right and y up; in an image the last axis is x and the second last is y counted downwards,
    so a rotation by a positive angle is counter-clockwise as seen.

    Args:
        sg_id: ``(None, N)`` for N rotations; ``(2 a, N)`` for N rotations and the reflections in the line at the angle ``a``
            to the x-axis and its images; N = -1 stands for all rotations.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for all rotations; greater ones are built when
            asked for.
    """

    def __init__(self, sg_id: tuple[float | None, int], maximum_frequency: int = 6) -> None:
        sg_id, maximum_frequency = without_numpy_scalars((sg_id, maximum_frequency))
        group = _planar_group(sg_id, maximum_frequency)
        self._maximum_frequency = maximum_frequency
        self._sg_id = sg_id
        super().__init__(group, 2, f"{group}_on_R2[{sg_id}]", _planar_action(group, *sg_id))

    @property
    def rotations_order(self) -> int:
        """The number of rotations; -1 for all."""
        return self._sg_id[1]

    @property
    def flips_order(self) -> int:
        """1 if there are reflections, else 0."""
        return 0 if self._sg_id[0] is None else 1

    @property
    def sg_id(self) -> tuple[float | None, int]:
        """The label by which the space was made."""
        return self._sg_id

    def restrict(self, id: Any) -> tuple[GSpace, ElementMap, ElementMap]:
        """The plane with a subgroup acting on it.

        Args:
            id: the label of the subgroup, see :class:`intertwine.group.CyclicGroup` and
                :class:`intertwine.group.DihedralGroup`.

        Returns:
            the space, the map of the subgroup's elements into the group, and the map back (``None`` outside).
        """
        _, inclusion, restriction = self.fibergroup.subgroup(id)
        double_axis, N = self._sg_id
        sg_id: tuple[float | None, int]
        if isinstance(self.fibergroup, (DihedralGroup, O2)):
            axis, M = id
            step = 1.0 if N == -1 else 2 * np.pi / N
            sg_id = (None, M) if axis is None or double_axis is None else (double_axis + axis * step, M)
        else:
            M = id[0] if isinstance(id, tuple) else id
            sg_id = (double_axis, 1) if double_axis is not None and M == 2 else (None, M)
        return GSpace2D(sg_id, self._maximum_frequency), inclusion, restriction

    def __reduce__(self) -> tuple[Callable[..., GSpace2D], tuple[Hashable, ...]]:
        return (GSpace2D, (self._sg_id, self._maximum_frequency))


@suggests
def rot2dOnR2(N: int = -1, maximum_frequency: int = 6) -> GSpace2D:
    """The plane with N rotations.

    Args:
        N: the number of rotations; -1 for all of them, the group SO(2).
        maximum_frequency: the greatest frequency that ``irreps`` lists, for SO(2).

    Example:
        >>> rot2dOnR2(4)
        C4_on_R2[(None, 4)]
    """
    return GSpace2D((None, N), maximum_frequency)


@suggests
def flipRot2dOnR2(N: int = -1, maximum_frequency: int = 6, axis: float = np.pi / 2) -> GSpace2D:
    """The plane with N rotations and N reflections.

    Args:
        N: the number of rotations; -1 for all of them, the group O(2).
        maximum_frequency: the greatest frequency that ``irreps`` lists, for O(2).
        axis: the angle of one line of reflection to the x-axis, in radians; the vertical line by default.

    Example:
        >>> flipRot2dOnR2(4).fibergroup
        D4
    """
    return GSpace2D((2 * angle(axis, "the axis of a reflection"), N), maximum_frequency)


@suggests
def flip2dOnR2(axis: float = np.pi / 2) -> GSpace2D:
    """The plane with one reflection.

    Args:
        axis: the angle of the line of reflection to the x-axis, in radians; the vertical line by default.

    Example:
        >>> flip2dOnR2().basespace_action(flip2dOnR2().fibergroup.element(1)).tolist()
        [[-1.0, 0.0], [0.0, 1.0]]
    """
    return GSpace2D((2 * angle(axis, "the axis of a reflection"), 1))


@suggests
def trivialOnR2() -> GSpace2D:
    """The plane without symmetry but translations: ordinary convolutional networks.

    Example:
        >>> trivialOnR2().fibergroup.order()
        1
    """
    return GSpace2D((None, 1))


__all__ = ["GSpace2D", "flip2dOnR2", "flipRot2dOnR2", "rot2dOnR2", "trivialOnR2"]
