"""Spaces as R makes them and looks at them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from intertwine import gspaces
from intertwine._r.crossing.labels import representation_text
from intertwine._r.crossing.message_parts import in_r
from intertwine._r.elements import group_of
from intertwine.errors import GroupError
from intertwine.group import ContinuousGroup, FiniteGroup, GroupElement, Representation
from intertwine.group.matrices.describe_motion import axis_angle, direction_text

_SMALL = 1e-6

_ACTS_IN_SEVERAL_WAYS = re.compile(r"C\d+|D\d+|Klein4|O\(2\)")
"""Groups that act on one space by different motions: a mirror and a half turn are both a C2."""

_HAS_A_MAIN_AXIS = re.compile(r"C\d+|D\d+|Klein4|S?O\(2\)|(Full)?Cylindrical(Discrete)?")
"""Groups of space that may lie about another axis than z, and their half turns and mirrors at another angle."""


@in_r.register(gspaces.GSpace)
def space_name(space: Any) -> str:
    """`C4 on R^2`, `C2 (mirror) on R^2`; of vectors without positions the group alone."""
    group = space.fibergroup
    if not space.dimensionality:
        return str(group)
    what = motions(space) if _ACTS_IN_SEVERAL_WAYS.fullmatch(str(group)) else ""
    if space.dimensionality == 3 and _HAS_A_MAIN_AXIS.fullmatch(str(group)):
        where = position(space)
        comma = "," if what not in ("", "half turn") and where.startswith("about") else ""
        what = f"{what}{comma} {where}".strip()
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


def position(space: Any) -> str:
    """The main axis of a group of space if it is not z, and where its half turns or mirrors lie if not where they usually do.

    Example:
        >>> position(gspaces.rot2dOnR3(4)), position(gspaces.dihedralOnR3(4)), position(gspaces.fullCylindricalOnR3(1))
        ('', '', 'about (1, 1, 0)')
        >>> position(gspaces.dihedralOnR3(4, axis=0.3)), position(gspaces.mirOnR3(axis=0.0))
        ('at 17.2 degrees', 'at 0 degrees')
    """
    group = space.fibergroup
    finite = isinstance(group, FiniteGroup)
    matrices = np.array([space.basespace_action(g) for g in (group.elements if finite else space.testing_elements)])
    signs = np.rint(np.linalg.det(matrices))
    turns = signs[:, None, None] * matrices
    moved = [(axis_angle(turn), sign) for turn, sign in zip(turns, signs, strict=True) if np.trace(turn) < 3 - _SMALL]
    main = [(abs(angle), abs(axis[2]) < 1 - _SMALL, axis) for (axis, angle), sign in moved if sign > 0]
    x, z = np.eye(3)[0], np.eye(3)[2]
    # A mirror alone has no axis but its normal, which usually is x.
    axis = min(main, key=lambda found: (round(found[0], 4), found[1]))[2] if main else z
    across = [other for (other, angle), _ in moved if abs(other @ axis) < _SMALL and abs(abs(angle) - 180) < _SMALL]
    if abs(axis @ z) < 1 - _SMALL:
        return f"about {direction_text(axis)}" + (f", across {direction_text(across[0])}" if across and finite else "")
    if not main and moved and not across:
        return f"of {direction_text(moved[0][0][0])}"
    if not across or not finite:
        return ""
    has_inversion = bool((np.trace(matrices, axis1=1, axis2=2) < _SMALL - 3).any())
    rotates = bool((signs > 0).all())
    # The normals of mirrors are told apart from their planes by a quarter turn.
    usual = 90 if rotates or has_inversion else 0
    step = 180 / len({tuple(other.round(6) + 0.0) for other in across})
    found = float(np.degrees(np.arctan2(across[0] @ np.cross(z, x), across[0] @ x)))
    if min((found - usual) % step, (usual - found) % step) < 1e-4:
        return ""
    shown = found if rotates or has_inversion else found + 90
    return f"at {round(shown % 180, 1) % 180:g} degrees"


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
