"""Subgroups and homogeneous spaces, named as R names them: by rotations, a reflection, elements or structure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from intertwine._r.crossing.values import tuples
from intertwine._r.elements import element as _element
from intertwine._r.elements import group_of
from intertwine.errors import ArgumentError, GroupError, IntertwineError
from intertwine.group import (
    O2,
    O3,
    SO2,
    SO3,
    CyclicGroup,
    DihedralGroup,
    FiniteGroup,
    Group,
    GroupElement,
    HomSpace,
    Icosahedral,
    Octahedral,
)


def subgroup_label(space: Any, rotations: Any = None, axis: Any = None, subgroup: Any = None) -> Any:
    """The label of a subgroup: by rotations and a reflection, by elements, by the name of its structure, or as it is."""
    group = group_of(space)
    if subgroup is not None:
        if rotations is not None or axis is not None:
            raise ArgumentError("`subgroup` says all about the subgroup", hint="leave rotations and axis out")
        return _given_label(group, subgroup)
    if rotations is None and axis is None:
        raise ArgumentError(
            "no subgroup was named", hint="say how many rotations are kept: rotations = 1 keeps none but the identity"
        )
    kept = 1 if rotations is None else tuples(rotations)
    if isinstance(group, (DihedralGroup, O2)):
        return (None if axis is None else axis, kept)
    if isinstance(group, (SO3, O3, Octahedral, Icosahedral)):
        if axis is not None and not isinstance(group, (SO3, O3)):
            raise GroupError(f"the subgroups of {group} have no axis here", hint="use subgroup = list(TRUE, 2)")
        across: Any = False if axis is None else axis == 0 or 2.0 * float(axis)
        return (False, across, kept) if isinstance(group, O3) else (across, kept)
    if not isinstance(group, (CyclicGroup, SO2)):
        raise GroupError(
            f"the subgroups of {group} are not named by rotations", hint="use subgroup = , see subgroups()"
        )
    if axis is not None:
        raise GroupError(
            f"{group} has no reflections, so its subgroups have no axis", hint="name the number of rotations alone"
        )
    return kept


def _given_label(group: Group, given: Any) -> Any:
    if isinstance(given, GroupElement):
        given = [given]
    if isinstance(given, list) and given and all(isinstance(g, GroupElement) and g.group == group for g in given):
        if isinstance(group, FiniteGroup):
            return group._id_of_subgroup(sorted(group.closure(group.index(g) for g in given)))
        raise GroupError(f"{group} is continuous: its subgroups are named by a label", hint="see ?subgroups")
    if isinstance(given, str) and isinstance(group, FiniteGroup):
        found = [listed for listed in group.subgroups() if listed.name == given]
        if len(found) == 1:
            return found[0].id
        if len(found) > 1:
            raise GroupError(
                f"{group} has {len(found)} classes of subgroups of structure {given}",
                hint="choose a row of subgroups(), or give elements that generate it",
            )
        try:
            group.subgroup(given)
        except IntertwineError:
            known = ", ".join(dict.fromkeys(listed.name for listed in group.subgroups()))
            raise GroupError(f"{group} has no subgroup {given!r}", hint=f"its subgroups are {known}") from None
    return tuples(given)


def restrict(value: Any, *subgroup: Any) -> Any:
    """The value under a subgroup; of spaces and groups, the subgroup's."""
    found = subgroup_label(value, *subgroup)
    if isinstance(value, Group):
        return value.subgroup(found)[0]
    restricted = value.restrict(found)
    return restricted[0] if isinstance(restricted, tuple) else restricted


class SubgroupMaps:
    """A subgroup, and the maps of elements between it and the group.

    Args:
        space: a group or a space.
        subgroup: what `subgroup_label` takes.
    """

    def __init__(self, space: Any, subgroup: Any) -> None:
        owner = group_of(space)
        self.subgroup, self._include, self._project = owner.subgroup(subgroup_label(space, *subgroup))

    def include(self, element: GroupElement) -> GroupElement | None:
        """An element of the subgroup as one of the group."""
        return self._include(self.subgroup.element(element))

    def project(self, element: GroupElement) -> GroupElement | None:
        """An element of the group as one of the subgroup, ``None`` outside of it."""
        return self._project(element)


def subgroup_maps(space: Any, *subgroup: Any) -> dict[str, Any]:
    """The subgroup and its maps."""
    maps = SubgroupMaps(space, subgroup)
    return {"group": maps.subgroup, "maps": maps}


def mapped(maps: SubgroupMaps, way: str, element: GroupElement) -> GroupElement | None:
    """An element carried into the group or into the subgroup."""
    chosen: Callable[[GroupElement], GroupElement | None] = getattr(maps, way)
    return chosen(element)


def homspace(space: Any, *subgroup: Any) -> HomSpace:
    """The homogeneous space of the cosets of a subgroup."""
    return group_of(space).homspace(subgroup_label(space, *subgroup))


def homspace_facts(space: HomSpace) -> dict[str, Any]:
    """What a homogeneous space prints."""
    orders = [g.order() for g in (space.G, space.H)]
    return {
        "group": str(space.G),
        "subgroup": str(space.H),
        "points": orders[0] / orders[1] if min(orders) > 0 else math.inf,
    }


def homspace_basis(space: HomSpace, at: GroupElement, rho: Any, psi: Any) -> np.ndarray:
    """The fields on a homogeneous space that transform by an irrep, at one element."""
    if psi is None:
        return space.scalar_basis(at, rho)
    return space.basis(at, rho, psi)


def same_coset(space: HomSpace, first: GroupElement, second: GroupElement) -> bool:
    """Whether two elements are the same point of a homogeneous space."""
    return bool(space.same_coset(first, second))


element = _element
