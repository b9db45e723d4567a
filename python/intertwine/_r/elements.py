"""Group elements as R names them: by what they do to the plane or to space, by position, or by name."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np

from intertwine._r.crossing.message_parts import in_r
from intertwine._r.crossing.numpy_arrays import numbers
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError, IntertwineError
from intertwine.group import (
    O2,
    O3,
    SO2,
    SO3,
    CyclicGroup,
    DihedralGroup,
    DirectProductGroup,
    FiniteGroup,
    Group,
    GroupElement,
    Icosahedral,
    MatrixGroup,
    Octahedral,
    PermutationGroup,
    o3_group,
)
from intertwine.group.catalogue.embedding import axial_matrix
from intertwine.group.matrices.describe_motion import describe
from intertwine.group.matrices.element_matrices import snapped
from intertwine.group.matrices.rotations import about, rotation_of_quaternion, to_quaternion

_TURN = 2 * math.pi
_SAME = 1e-5
_PLANAR = (CyclicGroup, DihedralGroup, SO2, O2)
_WITH_INVERSION = ("FullIcosahedral", "FullOctahedral", "FullTetrahedral", "Cylindrical", "FullCylindrical", "Klein4")


def group_of(value: Any) -> Group:
    """The group of a space, a field type, a representation, an element or a module; a group is its own."""
    if isinstance(value, Group):
        return value
    for name in ("fibergroup", "group"):
        found = getattr(value, name, None)
        if isinstance(found, Group):
            return found
    if hasattr(value, "in_type"):
        return group_of(value.in_type)
    raise ArgumentTypeError(
        f"a group or a space is needed, but {type(value).__name__} was given",
        hint="make one with gspace_rot2d(N = 4) or cyclic_group(4)",
    )


# --- naming elements ------------------------------------------------------------------------------------------------------


def element(
    space: Any,
    rotation: int | None = None,
    flip: int | None = None,
    angle: float | None = None,
    axis: list[float] | None = None,
    matrix: Any = None,
    quaternion: list[float] | None = None,
    euler: list[float] | None = None,
    order: str = "ZYZ",
    inversion: bool | None = None,
    position: int | None = None,
    permutation: list[int] | None = None,
    name: str | None = None,
    parts: list[Any] | None = None,
) -> GroupElement:
    """The element that is named in one of these ways; positions and permutations count from zero here."""
    group = group_of(space)
    ways = {"position": position, "permutation": permutation, "name": name, "parts": parts}
    given = [key for key, value in ways.items() if value is not None]
    if given:
        others = (rotation, flip, angle, axis, matrix, quaternion, euler, inversion)
        if len(given) > 1 or any(value is not None for value in others):
            raise ArgumentError("an element is named in one way only", hint=f"give {given[0]} alone")
        return _listed(group, **{given[0]: ways[given[0]]})
    turns = {"angle and axis": axis, "matrix": matrix, "quaternion": quaternion, "euler": euler}
    named = [key for key, value in turns.items() if value is not None]
    if len(named) > 1:
        raise ArgumentError(f"{' and '.join(named)} both say which rotation is meant", hint="give one of them")
    planar = not named and _planar(space, group, inversion)
    if planar:
        return planar(rotation, flip, angle)
    if rotation is not None or flip is not None:
        raise GroupError(
            f"the elements of {group} are not named by steps of rotation or by a flip",
            hint="use group_element(gs, angle = , axis = ), matrix = or position =",
        )
    if matrix is not None:
        if inversion is not None or angle is not None:
            raise ArgumentError("a matrix says all about an element", hint="leave angle and inversion out")
        return by_matrix(space, numbers(matrix))
    return by_matrix(space, _rotation(space, angle, axis, quaternion, euler, order) * (-1.0 if inversion else 1.0))


def _rotation(
    space: Any,
    angle: float | None,
    axis: list[float] | None,
    quaternion: list[float] | None,
    euler: list[float] | None,
    order: str,
) -> np.ndarray:
    if quaternion is not None:
        return rotation_of_quaternion(to_quaternion(quaternion, "Q"))
    if euler is not None:
        return rotation_of_quaternion(to_quaternion(euler, order))
    size = _size(space)
    if size == 2 and axis is None:
        c, s = math.cos(angle or 0.0), math.sin(angle or 0.0)
        return np.array([[c, -s], [s, c]])
    if size != 3:
        raise GroupError(
            f"{group_of(space)} does not act on space, so its elements have no angle and axis",
            hint="name them by position, as group_elements() lists them",
        )
    if axis is not None and (angle is None or not np.linalg.norm(axis) > 0):
        raise ArgumentError(
            "a turn needs an axis that is not zero, and an angle", hint="give angle = pi / 2, axis = c(0, 0, 1)"
        )
    return rotation_of_quaternion(about((0.0, 0.0, 1.0) if axis is None else axis, angle or 0.0))


def _listed(
    group: Group,
    position: int | None = None,
    permutation: list[int] | None = None,
    name: str | None = None,
    parts: list[Any] | None = None,
) -> GroupElement:
    if parts is not None:
        if not isinstance(group, DirectProductGroup) or len(parts) != 2:
            raise GroupError(f"{group} is no product of two groups, whose elements have two parts")
        return group.pair_elements(*parts)
    if permutation is not None:
        if not isinstance(group, PermutationGroup):
            raise GroupError(
                f"the elements of {group} are no permutations", hint="make it with group_from_permutations()"
            )
        return group.element([int(k) for k in permutation], "permutation")
    members = elements(group)
    if name is not None:
        for member, printed in zip(members, texts(members), strict=True):
            if printed == name:
                return member
        raise GroupError(f"{group} has no element called {name!r}", hint="see group_elements(G)")
    return members[int(position or 0)]


def _planar(space: Any, group: Group, inversion: bool | None) -> Callable[..., GroupElement] | None:
    """How elements are named by steps of rotation and flips, for groups that have such names."""
    if isinstance(group, _PLANAR):
        return None if inversion else functools.partial(planar_element, space, group)
    if not is_with_inversion(group) or not isinstance(group.G2, _PLANAR):
        return None
    product = group

    def named(rotation: int | None, flip: int | None, angle: float | None) -> GroupElement:
        turn = planar_element(product.G2, product.G2, rotation, flip, angle)
        return product.pair_elements(product.G1.element(int(bool(inversion))), turn)

    return named


def planar_element(
    space: Any, group: Group, rotation: int | None, flip: int | None, angle: float | None
) -> GroupElement:
    """The element with this many steps of rotation, or this angle, after `flip` reflections."""
    if rotation is not None and angle is not None:
        raise ArgumentError("`rotation` and `angle` both say how far to turn", hint="give one of them")
    if mirrors_only(space, group):
        if rotation or angle:
            raise GroupError(
                f"{space} has reflections alone, no rotations", hint="name the element with flip = 0 or flip = 1"
            )
        return group.element(int(flip or 0))
    if isinstance(group, (SO2, O2)) and rotation is not None:
        raise GroupError(
            f"{group} turns by any angle, not in steps", hint="name the element by its angle: angle = pi / 4"
        )
    if isinstance(group, O2):
        return group.element((int(flip or 0), float(angle or 0.0)))
    if isinstance(group, DihedralGroup):
        return group.element((int(flip or 0), _steps(group, rotation, angle)))
    if flip:
        raise GroupError(f"{group} has no reflections", hint="use gspace_flip_rot2d() or dihedral_group()")
    if isinstance(group, CyclicGroup):
        return group.element(_steps(group, rotation, angle))
    return group.element(float(angle or 0.0))


def _steps(group: CyclicGroup | DihedralGroup, rotation: int | None, angle: float | None) -> int:
    if angle is None:
        return int(rotation or 0)
    steps = angle * group.N / _TURN
    nearest = round(steps)
    if abs(steps - nearest) > 1e-6:
        raise GroupError(
            f"{group} has no rotation by {angle:.4g} radians",
            hint=f"its rotations are multiples of 2 * pi / {group.N}; the nearest is rotation = {nearest % group.N}",
        )
    return nearest % group.N


def mirrors_only(space: Any, group: Group) -> bool:
    """Whether the group C2 acts on the space by a reflection or the inversion, so that its label is a flip."""
    space = getattr(space, "gspace", space)
    if not getattr(space, "dimensionality", 0) or not isinstance(group, CyclicGroup) or group.N != 2:
        return False
    return bool(np.linalg.det(space.basespace_action(group.element(1))) < 0)


# --- orthogonal matrices --------------------------------------------------------------------------------------------------


def is_with_inversion(group: Any) -> TypeGuard[DirectProductGroup]:
    """Whether a group is the product of the inversion with a group of rotations of space."""
    return (
        isinstance(group, DirectProductGroup)
        and isinstance(group.G1, CyclicGroup)
        and group.name.removesuffix("Discrete") in _WITH_INVERSION
    )


def spatial_matrix(g: GroupElement) -> np.ndarray | None:
    """The orthogonal matrix of an element of a group that has usual ones, else ``None``."""
    group = g.group
    if isinstance(group, (SO3, Octahedral, Icosahedral)):
        return np.asarray(g.to("MAT"))
    if isinstance(group, O3):
        inverted, rotation = g.to("MAT")
        return rotation * (-1.0) ** inverted
    if isinstance(group, MatrixGroup):
        return np.asarray(g.to("MAT"))
    if is_with_inversion(group):
        inverted, turn = group.split_element(g)
        inner = axial_matrix(turn, -1.0) if isinstance(turn.group, _PLANAR) else spatial_matrix(turn)
        return None if inner is None else inner * (-1.0) ** int(inverted.value)
    if isinstance(group, _PLANAR):
        return axial_matrix(g, 1.0)[:2, :2]
    return None


def orthogonal_matrix(space: Any, g: GroupElement) -> np.ndarray:
    """The matrix by which an element acts on a space, or on that on which its group usually acts."""
    action = _action(space)
    found = action(g) if action is not None else spatial_matrix(g)
    if found is None:
        raise GroupError(
            f"the group {g.group} is not given by orthogonal matrices",
            hint="take a space in which it acts, or a representation: rho(g)",
        )
    return snapped(np.asarray(found))


def _action(space: Any) -> Any:
    space = getattr(space, "gspace", space)
    return space.basespace_action if getattr(space, "dimensionality", 0) else None


def _size(space: Any) -> int | None:
    action = _action(space)
    if action is not None:
        return int(action.size)
    found = spatial_matrix(group_of(space).identity)
    return None if found is None else len(found)


def by_matrix(space: Any, matrix: np.ndarray) -> GroupElement:
    """The element that acts by an orthogonal matrix."""
    group, action = group_of(space), _action(space)
    size = _size(space)
    if size is None or np.shape(matrix) != (size, size):
        shape = " x ".join(str(n) for n in np.shape(matrix))
        needed = f"{size} x {size} are needed" if size else "its elements are no matrices"
        raise GroupError(f"a matrix of shape {shape} is no element of {group}: {needed}")
    if isinstance(group, FiniteGroup):
        candidates: Any = group.elements
    else:
        candidates = [g for g in [_continuous(space, group, action, matrix)] if g is not None]
    for g in candidates:
        if np.abs(orthogonal_matrix(space, g) - matrix).max() < _SAME:
            return g
    turn = describe(matrix) if np.abs(matrix @ matrix.T - np.eye(size)).max() < _SAME else None
    raise GroupError(
        f"{group} has no such element: {turn}"
        if turn
        else "the matrix is not orthogonal: A %*% t(A) is not the identity",
        hint="see group_elements()" if isinstance(group, FiniteGroup) and turn else None,
    )


def _continuous(space: Any, group: Group, action: Any, matrix: np.ndarray) -> GroupElement | None:
    label = getattr(getattr(space, "gspace", space), "sg_id", None)
    try:
        if action is not None and len(matrix) == 3 and label is not None:
            whole = o3_group()
            return whole.subgroup(label)[2](whole.element(matrix, "MAT"))
        if action is not None and len(action.irreps) == 1:
            matrix = action.change_of_basis.T @ matrix @ action.change_of_basis
        if is_with_inversion(group):
            return _continuous_pair(group, matrix)
        return group.element(matrix, "MAT")
    except IntertwineError:
        return None


def _continuous_pair(group: Any, matrix: np.ndarray) -> GroupElement | None:
    from intertwine.group.catalogue.embedding import AxialEmbedding

    inverted = int(np.linalg.det(matrix) < 0)
    turn = AxialEmbedding(group.G2).find(-matrix if inverted else matrix)
    return None if turn is None else group.pair_elements(group.G1.element(inverted), turn)


# --- what elements tell ---------------------------------------------------------------------------------------------------


@in_r.register
def text(g: GroupElement) -> str:
    """An element as R prints it: by angle and axis, as cycles that count from one, or as its group writes it."""
    group = g.group
    if isinstance(group, PermutationGroup):
        return cycles(g.to("permutation"))
    if isinstance(group, DirectProductGroup) and not is_with_inversion(group):
        return "(" + ", ".join(text(part) for part in group.split_element(g)) + ")"
    if isinstance(group, (SO2, O2, SO3, O3, Octahedral, Icosahedral, DirectProductGroup)):
        matrix = spatial_matrix(g)
        return str(g) if matrix is None else describe(matrix)
    return str(g)


def texts(members: list[GroupElement]) -> list[str]:
    """The printed forms of elements."""
    return [text(g) for g in (members if isinstance(members, (list, tuple)) else [members])]


def cycles(permutation: Any) -> str:
    """A permutation of 0, ..., n - 1 as cycles of 1, ..., n."""
    seen: set[int] = set()
    found = []
    for start in range(len(permutation)):
        cycle = []
        k = start
        while k not in seen:
            seen.add(k)
            cycle.append(str(k + 1))
            k = int(permutation[k])
        if len(cycle) > 1:
            found.append("(" + " ".join(cycle) + ")")
    return "".join(found) or "()"


def values(g: GroupElement, what: str, order: str = "ZYZ", space: Any = None) -> Any:
    """An element in another parametrisation; positions and permutations count from zero here."""
    group = g.group
    if what == "position":
        if not isinstance(group, FiniteGroup):
            raise GroupError(f"the elements of {group} have no positions: they are infinitely many")
        return group.index(g)
    if what == "permutation":
        if not isinstance(group, PermutationGroup):
            raise GroupError(f"the elements of {group} are no permutations")
        return np.asarray(g.to("permutation"))
    matrix = orthogonal_matrix(space, g)
    if what == "matrix":
        return matrix
    inverted = bool(np.linalg.det(matrix) < 0)
    if len(matrix) == 2:
        if what != "angle":
            raise GroupError(f"{text(g)} acts on the plane, where there are no {what}s")
        return {"angle": float(np.arctan2(matrix[1, 0], matrix[0, 0])), "flip": inverted}
    if len(matrix) != 3:
        raise GroupError(f"{text(g)} does not act on the plane or on space: it has no {what}")
    turn = to_quaternion(-matrix if inverted else matrix, "MAT")
    if what == "angle":
        vector = SO3().element(turn).to("EV")
        angle = float(np.linalg.norm(vector))
        axis = vector / angle if angle > 1e-12 else np.array([0.0, 0.0, 1.0])
        return {"angle": angle, "axis": axis, "inversion": inverted}
    value = turn if what == "quaternion" else SO3().element(turn).to(order)
    return {what: np.asarray(value), "inversion": inverted}


def elements(space: Any) -> list[GroupElement]:
    """All elements of a finite group, the identity first."""
    group = group_of(space)
    if group.order() < 0:
        raise GroupError(
            f"{group} has infinitely many elements", hint="use group_sample(), group_grid() or group_testing_elements()"
        )
    return list(group.elements)


def product(first: GroupElement, second: GroupElement) -> GroupElement:
    """`first` after `second`."""
    return first @ second


def power(base: GroupElement, exponent: int) -> GroupElement:
    """`base` times itself, or its inverse."""
    return base**exponent


def parts(value: Any) -> list[Any]:
    """The two parts of an element of a product, or the two groups of a product."""
    group = group_of(value)
    if not isinstance(group, DirectProductGroup):
        raise GroupError(f"{group} is no product of two groups")
    return list(group.split_element(value)) if isinstance(value, GroupElement) else [group.G1, group.G2]


def element_order(g: GroupElement) -> float:
    """The least n > 0 with g^n = 1; infinity for an element of a continuous group that has none up to 1000."""
    identity, power = g.group.identity, g
    for n in range(1, 1001):
        if power == identity:
            return float(n)
        power = power @ g
    return math.inf


def matrices(space: Any, members: list[GroupElement]) -> np.ndarray:
    """The orthogonal matrices of elements in a space, or in that in which their group usually acts; [elements, d, d]."""
    return np.stack([orthogonal_matrix(space, g) for g in members])


def has_matrices(space: Any) -> bool:
    """Whether the elements act on the line, the plane or space."""
    size = _size(space)
    return size is not None and size <= 3


def moves(space: Any, members: list[GroupElement]) -> list[str]:
    """What elements do in a space, by angle, axis and mirror; their printed forms where they act on none."""
    if not has_matrices(space):
        return texts(members)
    return [describe(orthogonal_matrix(space, g)) for g in members]
