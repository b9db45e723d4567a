"""Spaces as R makes them and looks at them."""

from __future__ import annotations

from typing import Any

from intertwine import gspaces
from intertwine._r.elements import group_of
from intertwine._r.labels import representation_text
from intertwine.errors import GroupError
from intertwine.group import ContinuousGroup, GroupElement, Representation


def space_name(space: Any) -> str:
    """`C4 on R^2`; of vectors without positions the group alone."""
    group = space.fibergroup
    return f"{group} on R^{space.dimensionality}" if space.dimensionality else str(group)


def facts(space: Any) -> dict[str, Any]:
    """What the printed form of a space shows."""
    group = space.fibergroup
    named: list[Representation] = list(group.irreps())
    if not isinstance(group, ContinuousGroup):
        named.append(group.regular_representation)
    return {
        "name": space.name,
        "title": space_name(space),
        "group": str(group),
        "order": float(group.order()),
        "dimensionality": int(space.dimensionality),
        "representations": [representation_text(rho) for rho in named],
    }


def general(group: Any, action: Any = None, name: str | None = None) -> Any:
    """The space on which a group acts by a representation of size 1, 2 or 3, or by its own matrices."""
    from intertwine._r.groups import standard

    owner = group_of(group)
    if action is None:
        try:
            action = standard(owner)
        except GroupError:
            action = None
    return gspaces.gspace(owner, action, name)


def action(space: Any) -> Representation:
    """The matrices by which a space moves."""
    return space.basespace_action


def exact_elements(space: Any) -> list[GroupElement]:
    """The elements that move a grid of pixels or voxels without interpolation."""
    return list(space.exact_elements)
