"""Groups, elements and representations, labelled as R labels them: by rotation, flip, frequency and angle."""

from __future__ import annotations

import math
from typing import Any

from intertwine._r.values import tuples
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError
from intertwine.group import (
    CyclicGroup,
    DihedralGroup,
    Group,
    GroupElement,
    IrreducibleRepresentation,
    Representation,
    directsum,
)
from intertwine.group.orthogonal2 import O2, SO2

_TURN = 2 * math.pi


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


def element(space: Any, rotation: int | None, flip: int | None, angle: float | None) -> GroupElement:
    """The element with this many steps of rotation, or this angle, after `flip` reflections."""
    group = group_of(space)
    if rotation is not None and angle is not None:
        raise ArgumentError("`rotation` and `angle` both say how far to turn", hint="give one of them")
    if _mirrors_only(space, group):
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
    if isinstance(group, (CyclicGroup, SO2)):
        if flip:
            raise GroupError(f"{group} has no reflections", hint="use gspace_flip_rot2d() or dihedral_group()")
        return group.element(float(angle or 0.0) if isinstance(group, SO2) else _steps(group, rotation, angle))
    raise GroupError(f"the elements of {group} have no rotation numbers", hint="use group_elements(G)[[i]]")


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


def _mirrors_only(space: Any, group: Group) -> bool:
    """Whether the group C2 acts on the plane by a reflection, so that its label is a flip."""
    space = getattr(space, "gspace", space)
    if getattr(space, "dimensionality", 0) != 2 or not isinstance(group, CyclicGroup) or group.N != 2:
        return False
    matrix = space.basespace_action(group.element(1))
    return bool(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0] < 0)


def elements(space: Any) -> list[GroupElement]:
    """All elements of a finite group, the identity first."""
    group = group_of(space)
    if group.order() < 0:
        raise GroupError(f"{group} has infinitely many elements")
    return list(group.elements)


def order(space: Any) -> float:
    """The number of elements; infinity for a continuous group."""
    count = group_of(space).order()
    return math.inf if count < 0 else float(count)


def identity(space: Any) -> GroupElement:
    """The neutral element."""
    return group_of(space).identity


def product(first: GroupElement, second: GroupElement) -> GroupElement:
    """`first` after `second`."""
    return first @ second


def power(base: GroupElement, exponent: int) -> GroupElement:
    """`base` times itself, or its inverse."""
    return base**exponent


def matrix(representation: Representation, at: GroupElement) -> Any:
    """The matrix of a representation at an element."""
    if not isinstance(at, GroupElement):
        raise ArgumentTypeError(
            f"a representation is evaluated at a group element, not at {type(at).__name__}",
            hint="make one with group_element(gs, rotation = 1)",
        )
    return representation(at)


def representations(space: Any) -> dict[str, Representation]:
    """The irreps and the regular representation, by name."""
    return dict(group_of(space).representations)


def irrep(space: Any, frequency: int | None, flip: int | None, label: Any) -> IrreducibleRepresentation:
    """The irrep of this frequency and behaviour under reflection, or with this label."""
    group = group_of(space)
    if label is not None:
        return group.irrep(*(label if isinstance(label, list) else [label]))
    if isinstance(group, DihedralGroup):
        return _dihedral_irrep(group, frequency, flip)
    if isinstance(group, O2):
        k = int(frequency or 0)
        return group.irrep(int(k > 0) if flip is None else int(flip), k)
    if isinstance(group, (CyclicGroup, SO2)):
        if _mirrors_only(space, group):
            return group.irrep(int((flip if frequency is None else frequency) or 0))
        if flip:
            raise GroupError(f"{group} has no reflections, so its irreps have a frequency alone")
        return group.irrep(int(frequency or 0))
    raise GroupError(f"the irreps of {group} have no frequency", hint="use irrep(G, label = ) or representations(G)")


def _dihedral_irrep(group: DihedralGroup, frequency: int | None, flip: int | None) -> IrreducibleRepresentation:
    wanted = int(frequency or 0)
    if flip is not None:
        return group.irrep(int(flip), wanted)
    labels = [psi.id for psi in group.irreps() if psi.id[1] == wanted]
    # Frequencies 0 and N / 2 have one irrep for each parity: the even one is meant unless something else is said.
    return group.irrep(*min(labels)) if labels else group.irrep(0, wanted)


def trivial(space: Any) -> Representation:
    """The trivial representation."""
    return group_of(space).trivial_representation


def regular(space: Any) -> Representation:
    """The regular representation."""
    return group_of(space).regular_representation


def subgroup_label(space: Any, rotations: Any, axis: Any) -> Any:
    """The label of a subgroup: the number of rotations that are kept, and the reflection that is, if any."""
    group = group_of(space)
    if rotations is None and axis is None:
        raise ArgumentError(
            "no subgroup was named", hint="say how many rotations are kept: rotations = 1 keeps none but the identity"
        )
    kept = 1 if rotations is None else tuples(rotations)
    if isinstance(group, (DihedralGroup, O2)):
        return (None if axis is None else axis, kept)
    if axis is not None:
        raise GroupError(
            f"{group} has no reflections, so its subgroups have no axis", hint="name the number of rotations alone"
        )
    return kept


def fourier(space: Any, frequency: int, rotations: Any = None, axis: Any = None) -> Representation:
    """The functions on the group, or on the cosets of a subgroup, up to a frequency, by their Fourier coefficients."""
    group: Any = group_of(space)
    irreps = group.bl_irreps(frequency)
    if rotations is None and axis is None:
        return group.spectral_regular_representation(*irreps)
    return group.spectral_quotient_representation(subgroup_label(space, rotations, axis), *irreps)


def induced(space: Any, representation: Representation, rotations: Any, axis: Any) -> Representation:
    """The representation induced from one of a subgroup."""
    group: Any = group_of(space)
    return group.induced_representation(subgroup_label(space, rotations, axis), representation)


def quotient(space: Any, rotations: Any, axis: Any) -> Representation:
    """The permutation of the cosets of a subgroup."""
    group: Any = group_of(space)
    return group.quotient_representation(subgroup_label(space, rotations, axis))


def restrict(value: Any, rotations: Any, axis: Any) -> Any:
    """The value under a subgroup; of spaces and groups, the subgroup's."""
    label = subgroup_label(value, rotations, axis)
    if isinstance(value, Group):
        return value.subgroup(label)[0]
    restricted = value.restrict(label)
    return restricted[0] if isinstance(restricted, tuple) else restricted


def direct_sum(parts: Any) -> Representation:
    """The direct sum of representations of one group."""
    given = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    return given[0] if len(given) == 1 else directsum(given)


def tensor_product(first: Representation, second: Representation) -> Representation:
    """The tensor product of two representations."""
    return first.tensor(second)


def disentangle(representation: Representation) -> dict[str, Any]:
    """A representation as a change of basis of a sum of smaller ones."""
    from intertwine.group import disentangle as split

    change, parts = split(representation)
    return {"change_of_basis": change, "representations": list(parts)}


def facts(representation: Representation) -> dict[str, Any]:
    """What a summary of a representation shows."""
    return {
        "group": str(representation.group),
        "name": representation.name,
        "size": representation.size,
        "irreps": [_label(id) for id in representation.irreps],
        "permutation": bool(_truth(representation, "is_permutation")),
        "trivial": bool(representation.is_trivial()),
        "irreducible": isinstance(representation, IrreducibleRepresentation),
    }


def _truth(value: Any, name: str) -> bool:
    found = getattr(value, name)
    return bool(found() if callable(found) else found)


def _label(id: tuple[int, ...]) -> str:
    return ",".join(str(n) for n in id)


def size(representation: Representation) -> int:
    """The number of channels that a representation acts on."""
    return representation.size
