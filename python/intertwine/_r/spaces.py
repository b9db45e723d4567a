"""Spaces as R makes them and looks at them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from intertwine import gspaces
from intertwine._r.crossing.labels import representation_text
from intertwine._r.crossing.words import in_r
from intertwine._r.elements import group_of
from intertwine.errors import GroupError
from intertwine.group import ContinuousGroup, FiniteGroup, GroupElement, Representation

_SMALL = 1e-6

_ACTS_IN_SEVERAL_WAYS = re.compile(r"C\d+|D\d+|Klein4|O\(2\)")
"""Groups that act on one space by different motions: a mirror and a half turn are both a C2."""


@in_r.register(gspaces.GSpace)
def space_name(space: Any) -> str:
    """`C4 on R^2`, `C2 (mirror) on R^2`; of vectors without positions the group alone."""
    group = space.fibergroup
    if not space.dimensionality:
        return str(group)
    what = motions(space) if _ACTS_IN_SEVERAL_WAYS.fullmatch(str(group)) else ""
    return f"{group} ({what}) on R^{space.dimensionality}" if what else f"{group} on R^{space.dimensionality}"


def motions(space: Any) -> str:
    """What a group does that may act in several ways; empty where its name says it.

    Example:
        >>> motions(gspaces.flip2dOnR2()), motions(gspaces.rot2dOnR2(2)), motions(gspaces.invOnR3())
        ('mirror', 'half turn', 'inversion')
        >>> motions(gspaces.conicalOnR3(4)), motions(gspaces.dihedralOnR3(4)), motions(gspaces.rot2dOnR2(4))
        ('4 mirrors', 'half turns', '')
    """
    group, d = space.fibergroup, space.dimensionality
    finite = isinstance(group, FiniteGroup)
    matrices = np.array([space.basespace_action(g) for g in (group.elements if finite else space.testing_elements)])
    improper = matrices[np.linalg.det(matrices) < 0]
    if d == 2 and len(matrices) > 2:
        return _axis(improper)
    if not len(improper):
        if len(matrices) == 2:
            return "half turn" if np.abs(matrices - np.eye(d)).max() > _SMALL else "nothing moves"
        return "half turns" if not str(group).startswith("C") else ""
    traces = np.trace(improper, axis1=1, axis2=2)
    kinds = []
    if d == 3 and (traces < _SMALL - d).any():
        kinds.append("inversion")
    mirrors = int((traces > d - 2 - _SMALL).sum())
    if mirrors:
        kinds.append(
            "mirror" + _axis(improper, " at ") if mirrors == 1 else f"{mirrors} mirrors" if finite else "mirrors"
        )
    return " and ".join(kinds) or "mirror turns"


def _axis(mirrors: np.ndarray, start: str = "mirrors at ") -> str:
    """Where the mirror axis of the plane that makes the flip lies, if it is not the vertical one."""
    if not len(mirrors) or mirrors.shape[1] != 2:
        return ""
    degrees = np.degrees(np.arctan2(mirrors[0, 1, 0], mirrors[0, 0, 0])) / 2 % 180
    return "" if abs(degrees - 90) < _SMALL else f"{start}{round(float(degrees), 1) % 180:g} degrees"


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
    from intertwine._r.representations import standard

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
