"""The subgroups of SO(3) and O(3) by their labels: abstract groups, and where they lie in space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from intertwine.checks import is_whole
from intertwine.errors import GroupError
from intertwine.group.catalogue.cyclic_dihedral import cyclic_group, dihedral_group
from intertwine.group.catalogue.embedding import (
    AxialEmbedding,
    Embedding,
    InversionEmbedding,
    Placed,
    TableEmbedding,
)
from intertwine.group.catalogue.point_groups import point_group
from intertwine.group.catalogue.products import DirectProductGroup, direct_product
from intertwine.group.catalogue.so2_o2 import o2_group, so2_group
from intertwine.group.catalogue.solids import ico_group, octa_group
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import Group
from intertwine.group.matrices.rotations import about, multiply, rotation_of_quaternion, same_rotation
from intertwine.suggestions import suggests

_AXES = np.eye(3)
_IDENTITY = about(_AXES[2], 0.0)


@dataclass(frozen=True)
class Position:
    """A subgroup of SO(3) by its label.

    Attributes:
        kind: ``"so3"``, ``"ico"``, ``"octa"``, ``"tetra"``, ``"axial"`` (rotations about z) or ``"dihedral"`` (with half turns
            about axes across).
        count: the number of rotations about z, -1 for all.
        frame: the unit quaternion of the rotation A that moves it: the subgroup is A^-1 H A.
    """

    kind: str
    count: int
    frame: tuple[float, ...]

    @property
    def moved_by(self) -> np.ndarray:
        """The matrix of the rotation A, shape ``(3, 3)``."""
        return rotation_of_quaternion(np.array(self.frame))

    @property
    def is_everything(self) -> bool:
        """Whether it is the whole group as it is."""
        return self.kind == "so3" and same_rotation(np.array(self.frame), _IDENTITY)


_SOLIDS = ("ico", "octa", "tetra")

_ROTATION_HINT = (
    "use 'so3', 'ico', 'octa', 'tetra', (False, n) for n rotations about z, (True, n) for these and half turns about axes "
    "across z (n = -1 means all rotations; an angle in place of True is twice that of the axis across); a rotation may follow"
)


def _frame(parts: list[Any]) -> tuple[list[Any], np.ndarray]:
    """The label without the element at its end, and the rotation of that element."""
    if parts and isinstance(parts[-1], GroupElement):
        element = parts[-1]
        rotation = getattr(element.group, "rotation_of", None)
        if rotation is None:
            raise GroupError(
                f"a subgroup of space is moved by an element of SO(3) or O(3), not by one of {element.group}"
            )
        # The inversion commutes with all rotations and moves nothing.
        return parts[:-1], rotation(element)
    return parts, _IDENTITY


def rotation_position(id: Any) -> Position:
    """A subgroup of SO(3) by its label.

    Args:
        id: the label; see :class:`intertwine.group.SO3`.

    Raises:
        GroupError: if it is no label.
    """
    parts, frame = _frame(list(id) if isinstance(id, (tuple, list)) else [id])
    if len(parts) == 1 and parts[0] in ("so3", *_SOLIDS):
        return Position(parts[0], 0, tuple(frame.tolist()))
    if len(parts) != 2 or not isinstance(parts[0], (bool, float, np.floating)):
        raise GroupError(f"SO(3) has no subgroup {id!r}", hint=_ROTATION_HINT)
    flips, count = parts[0], parts[1]
    if not is_whole(count) or (count < 1 and count != -1):
        raise GroupError(f"SO(3) has no subgroup of {count!r} rotations", hint=_ROTATION_HINT)
    if not isinstance(flips, (bool, np.bool_)):
        frame = multiply(about(_AXES[2], -float(flips) / 2), frame)
        flips = True
    if flips and count == 1:
        # One half turn about x: the two rotations about z, moved.
        frame = multiply(about(_AXES[1], -np.pi / 2), frame)
        flips, count = False, 2
    return Position("dihedral" if flips else "axial", int(count), tuple(frame.tolist()))


def rotations(position: Position, maximum_frequency: int) -> Embedding:
    """A proper subgroup of SO(3) in its standard position.

    Args:
        position: which one.
        maximum_frequency: the greatest frequency that it lists, if continuous.
    """
    if position.kind in ("ico", "octa"):
        solid = ico_group() if position.kind == "ico" else octa_group()
        return TableEmbedding(solid, solid.rotation_matrices)
    if position.kind == "tetra":
        tetrahedral = point_group("T")
        return TableEmbedding(tetrahedral, tetrahedral.natural_representation.matrices)
    n = position.count
    if position.kind == "axial":
        return AxialEmbedding(so2_group(maximum_frequency) if n == -1 else cyclic_group(n))
    return AxialEmbedding(o2_group(maximum_frequency) if n == -1 else dihedral_group(n))


_WITH_INVERSION = {
    "ico": "FullIcosahedral",
    "octa": "FullOctahedral",
    "tetra": "FullTetrahedral",
    "axial": "Cylindrical",
    "dihedral": "FullCylindrical",
}


def _inverted(rotations: Group, kind: str, discrete: bool = False) -> DirectProductGroup:
    """The product of C_2, as the inversion, with a group of rotations."""
    name = _WITH_INVERSION[kind] + ("Discrete" if discrete else "")
    if discrete and kind == "axial" and rotations.order() == 2:
        name = "Klein4"
    return direct_product(cyclic_group(2), rotations, name)


def with_inversion(position: Position, maximum_frequency: int) -> Embedding:
    """The product of C_2, as the inversion, with a proper subgroup of SO(3) in its standard position.

    Args:
        position: which subgroup.
        maximum_frequency: the greatest frequency that it lists, if continuous.
    """
    inner = rotations(position, maximum_frequency)
    if position.kind == "axial" and position.count == 1:
        return TableEmbedding(cyclic_group(2), np.stack([np.eye(3), -np.eye(3)]))
    return InversionEmbedding(_inverted(inner.group, position.kind, position.count > 0), inner)


def full_tetrahedral(parts: list[Any], id: Any) -> Placed:
    """All symmetries of the tetrahedron, T_d.

    Args:
        parts: the label after its first part.
        id: the label, for the message.

    Raises:
        GroupError: if it is no label.
    """
    rest, frame = _frame(parts)
    if rest:
        raise GroupError(f"O(3) has no subgroup {id!r}")
    tetrahedral = point_group("Td")
    return Placed(
        TableEmbedding(tetrahedral, tetrahedral.natural_representation.matrices), rotation_of_quaternion(frame)
    )


def cone(parts: list[Any], id: Any, maximum_frequency: int) -> Placed:
    """Rotations about z with mirrors through that axis.

    Args:
        parts: the label after its first part.
        id: the label, for the message.
        maximum_frequency: the greatest frequency that it lists, if continuous.

    Raises:
        GroupError: if it is no label.
    """
    rest, frame = _frame(parts)
    axis = rest.pop(0) if len(rest) == 2 and isinstance(rest[0], (float, np.floating)) else 0.0
    if len(rest) != 1 or not is_whole(rest[0]):
        raise GroupError(
            f"O(3) has no subgroup {id!r}", hint="use ('cone', n), or ('cone', a, n) for a mirror at the angle a / 2"
        )
    n = int(rest[0])
    if n < 1 and n != -1:
        raise GroupError(f"O(3) has no subgroup of {n} rotations", hint="use a number of rotations, or -1 for all")
    moved = multiply(about(_AXES[2], -float(axis) / 2), frame)
    if n == 1:
        mirror = np.stack([np.eye(3), np.diag([1.0, -1.0, 1.0])])
        return Placed(TableEmbedding(cyclic_group(2), mirror), rotation_of_quaternion(moved))
    group = o2_group(maximum_frequency) if n == -1 else dihedral_group(n)
    return Placed(AxialEmbedding(group, 1.0), rotation_of_quaternion(moved))


@suggests
def full_ico_group() -> DirectProductGroup:
    """The group I_h = C_2 x I of all symmetries of the icosahedron.

    Example:
        >>> full_ico_group().order()
        120
    """
    return _inverted(ico_group(), "ico")


@suggests
def full_octa_group() -> DirectProductGroup:
    """The group O_h = C_2 x O of all symmetries of the cube.

    Example:
        >>> full_octa_group().order()
        48
    """
    return _inverted(octa_group(), "octa")


@suggests
def cylinder_group(maximum_frequency: int = 3) -> DirectProductGroup:
    """The group C_2 x SO(2) of the rotations about an axis and the inversion.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> cylinder_group(1).irreps()[1].id
        ((0,), (1,), 0)
    """
    return _inverted(so2_group(maximum_frequency), "axial")


@suggests
def full_cylinder_group(maximum_frequency: int = 3) -> DirectProductGroup:
    """The group C_2 x O(2) of all symmetries of a cylinder: rotations about its axis, half turns across it, and the inversion.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> full_cylinder_group(1)
        FullCylindrical
    """
    return _inverted(o2_group(maximum_frequency), "dihedral")


@suggests
def cylinder_discrete_group(n: int) -> DirectProductGroup:
    """The group C_2 x C_n of n rotations about an axis and the inversion.

    Args:
        n: the number of rotations.

    Example:
        >>> cylinder_discrete_group(3).order()
        6
    """
    return _inverted(cyclic_group(n), "axial", discrete=True)


@suggests
def full_cylinder_discrete_group(n: int) -> DirectProductGroup:
    """The group C_2 x D_n of n rotations about an axis, n half turns across it, and the inversion.

    Args:
        n: the number of rotations.

    Example:
        >>> full_cylinder_discrete_group(3).order()
        12
    """
    return _inverted(dihedral_group(n), "dihedral", discrete=True)
