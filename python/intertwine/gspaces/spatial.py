"""Space with rotations, mirrors and the inversion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from intertwine.checks import angle
from intertwine.errors import GroupError
from intertwine.group import GroupElement, Representation, o3_group
from intertwine.group.core.group import ElementMap
from intertwine.gspaces.gspace import GSpace
from intertwine.numpy_scalars import without_numpy_scalars
from intertwine.suggestions import suggests


class GSpace3D(GSpace):
    """The space R^3 with a subgroup of O(3) acting on it.

    Points are (x, y, z). In a volume the last axis is x, the second last is y counted downwards, and before it comes z counted
    downwards, as in images.

    Args:
        sg_id: the label of the subgroup; see :class:`intertwine.group.O3`.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for continuous groups; greater ones are built
            when asked for.

    Example:
        >>> GSpace3D(("cone", 4)).fibergroup
        D4
    """

    _parent: GSpace3D | None = None
    """The space that was restricted to this one, whose group has the subgroup ``sg_id``."""

    def __init__(self, sg_id: Any, maximum_frequency: int = 2) -> None:
        sg_id, maximum_frequency = without_numpy_scalars((sg_id, maximum_frequency))
        whole = o3_group(maximum_frequency)
        self._sg_id = tuple(sg_id) if isinstance(sg_id, list) else sg_id
        self._maximum_frequency = maximum_frequency
        group, _, _ = whole.subgroup(self._sg_id)
        action: Representation = whole.standard_representation()
        super().__init__(
            group, 3, f"{group}_on_R3[{sg_id}]", action if group == whole else action.restrict(self._sg_id)
        )

    @property
    def sg_id(self) -> Any:
        """The label of its group in O(3), by which the space was made; ``None`` for the restriction of another space."""
        return self._sg_id if self._parent is None else None

    def restrict(self, id: Any) -> tuple[GSpace, ElementMap, ElementMap]:
        """Space with a subgroup acting on it.

        Args:
            id: the label of the subgroup, see the class of the group.

        Returns:
            the space, the map of the subgroup's elements into the group, and the map back (``None`` outside).
        """
        space, inclusion, restriction = super().restrict(id)
        smaller = GSpace3D.__new__(GSpace3D)
        smaller._sg_id, smaller._maximum_frequency, smaller._parent = id, self._maximum_frequency, self
        GSpace.__init__(smaller, space.fibergroup, 3, space.name, space.basespace_action)
        return smaller, inclusion, restriction

    def __reduce__(self) -> tuple[Callable[..., GSpace], tuple[Any, ...]]:
        if self._parent is not None:
            return (_restricted, (self._parent, self._sg_id))
        return (GSpace3D, (self._sg_id, self._maximum_frequency))


def _restricted(parent: GSpace, id: Any) -> GSpace:
    return parent.restrict(id)[0]


def _space(sg_id: tuple[Any, ...] | str, adjoint: GroupElement | None = None, maximum_frequency: int = 2) -> GSpace3D:
    if adjoint is not None:
        if not isinstance(adjoint, GroupElement):
            raise GroupError(
                f"adjoint is an element of O(3) or SO(3), not {adjoint!r}",
                hint="make one, for example with so3_group().element([0, 0, 0.5], 'EV')",
            )
        sg_id = (*sg_id, adjoint)
    return GSpace3D(sg_id, maximum_frequency)


@suggests
def flipRot3dOnR3(maximum_frequency: int = 2) -> GSpace3D:
    """Space with all rotations and the inversion, the group O(3).

    Args:
        maximum_frequency: the greatest frequency that ``irreps`` lists.

    Example:
        >>> flipRot3dOnR3().fibergroup
        O(3)
    """
    return _space("o3", None, maximum_frequency)


@suggests
def rot3dOnR3(maximum_frequency: int = 2) -> GSpace3D:
    """Space with all rotations, the group SO(3).

    Args:
        maximum_frequency: the greatest frequency that ``irreps`` lists.

    Example:
        >>> rot3dOnR3().fibergroup
        SO(3)
    """
    return _space("so3", None, maximum_frequency)


@suggests
def fullIcoOnR3() -> GSpace3D:
    """Space with the 120 symmetries of the icosahedron.

    Example:
        >>> fullIcoOnR3().fibergroup.order()
        120
    """
    return _space((True, "ico"), None, 4)


@suggests
def icoOnR3() -> GSpace3D:
    """Space with the 60 rotations of the icosahedron.

    Example:
        >>> icoOnR3().fibergroup
        Icosahedral
    """
    return _space((False, "ico"), None, 4)


@suggests
def fullOctaOnR3() -> GSpace3D:
    """Space with the 48 symmetries of the cube: all that carry a grid of voxels to itself.

    Example:
        >>> space = fullOctaOnR3()
        >>> all(space.is_exact(g) for g in space.testing_elements)
        True
    """
    return _space((True, "octa"), None, 3)


@suggests
def octaOnR3() -> GSpace3D:
    """Space with the 24 rotations of the cube.

    Example:
        >>> octaOnR3().fibergroup
        Octahedral
    """
    return _space((False, "octa"), None, 3)


@suggests
def dihedralOnR3(
    n: int = -1, axis: float = np.pi / 2, adjoint: GroupElement | None = None, maximum_frequency: int = 2
) -> GSpace3D:
    """Space with n rotations about the z-axis, and half turns about n axes across it.

    Args:
        n: the number of rotations; -1 for all of them.
        axis: the angle of one of the axes across to the x-axis, in radians.
        adjoint: an element a of O(3): the group becomes a^-1 H a, about the axis a^-1 z.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for n = -1.

    Example:
        >>> dihedralOnR3(4).fibergroup
        D4
    """
    return _space((False, 2 * angle(axis, "the axis of a reflection"), n), adjoint, maximum_frequency)


@suggests
def rot2dOnR3(n: int = -1, adjoint: GroupElement | None = None, maximum_frequency: int = 2) -> GSpace3D:
    """Space with n rotations about the z-axis.

    Args:
        n: the number of rotations; -1 for all of them.
        adjoint: an element a of O(3): the group becomes a^-1 H a, about the axis a^-1 z.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for n = -1.

    Example:
        >>> rot2dOnR3(4).basespace_action(rot2dOnR3(4).fibergroup.element(1)).tolist()
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return _space((False, False, n), adjoint, maximum_frequency)


@suggests
def conicalOnR3(
    n: int = -1, axis: float = np.pi / 2, adjoint: GroupElement | None = None, maximum_frequency: int = 2
) -> GSpace3D:
    """Space with n rotations about the z-axis, and mirrors through it: the symmetries of a cone or a pyramid.

    Args:
        n: the number of rotations; -1 for all of them.
        axis: the angle of one mirror plane to the x-axis, in radians.
        adjoint: an element a of O(3): the group becomes a^-1 H a, about the axis a^-1 z.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for n = -1.

    Example:
        >>> conicalOnR3(6).fibergroup
        D6
    """
    return _space(("cone", 2 * angle(axis, "the axis of a reflection"), n), adjoint, maximum_frequency)


@suggests
def mirOnR3(axis: float = np.pi / 2, adjoint: GroupElement | None = None) -> GSpace3D:
    """Space with one mirror plane, which holds the z-axis.

    Args:
        axis: the angle of the plane to the x-axis, in radians.
        adjoint: an element a of O(3): the group becomes a^-1 H a.

    Example:
        >>> mirOnR3().basespace_action(mirOnR3().fibergroup.element(1)).tolist()
        [[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return _space(("cone", 2 * angle(axis, "the axis of a reflection"), 1), adjoint, 1)


@suggests
def fullCylindricalOnR3(
    n: int = -1, axis: float = np.pi / 2, adjoint: GroupElement | None = None, maximum_frequency: int = 2
) -> GSpace3D:
    """Space with n rotations about the z-axis, half turns about axes across it, and the inversion.

    Args:
        n: the number of rotations; -1 for all of them.
        axis: twice the angle of one of the axes across to the x-axis, in radians (as in escnn, where the other spaces take the
            angle itself).
        adjoint: an element a of O(3): the group becomes a^-1 H a, about the axis a^-1 z.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for n = -1.

    Example:
        >>> fullCylindricalOnR3(4).fibergroup.order()
        16
    """
    return _space((True, angle(axis, "the axis of a reflection"), n), adjoint, maximum_frequency)


@suggests
def cylindricalOnR3(n: int = -1, adjoint: GroupElement | None = None, maximum_frequency: int = 2) -> GSpace3D:
    """Space with n rotations about the z-axis, and the inversion.

    Args:
        n: the number of rotations; -1 for all of them.
        adjoint: an element a of O(3): the group becomes a^-1 H a, about the axis a^-1 z.
        maximum_frequency: the greatest frequency that ``irreps`` lists, for n = -1.

    Example:
        >>> cylindricalOnR3(4).fibergroup.order()
        8
    """
    return _space((True, False, n), adjoint, maximum_frequency)


@suggests
def invOnR3() -> GSpace3D:
    """Space with the inversion x -> -x alone.

    Example:
        >>> invOnR3().fibergroup
        C2
    """
    return _space((True, False, 1), None, 1)


@suggests
def trivialOnR3() -> GSpace3D:
    """Space without symmetry but translations: ordinary convolutional networks.

    Example:
        >>> trivialOnR3().fibergroup.order()
        1
    """
    return _space((False, False, 1), None, 1)
