"""Schedules: which group each block of a network keeps, along a chain of subgroups."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from intertwine import gspaces
from intertwine.errors import ArgumentError, GroupError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import common_subgroup
from intertwine.suggestions import nearest

Schedule = tuple[str, ...]

DEFAULTS: dict[int, tuple[str, ...]] = {1: ("D1",), 2: ("D4",), 3: ("Oh",)}
"""The largest group for a dimension: those that the grid keeps exactly."""

_SOLIDS = {
    "Oh": gspaces.fullOctaOnR3,
    "O": gspaces.octaOnR3,
    "Ih": gspaces.fullIcoOnR3,
    "I": gspaces.icoOnR3,
    "Ci": gspaces.invOnR3,
    "Cs": gspaces.mirOnR3,
    "C1": gspaces.trivialOnR3,
}
_KNOWN = {
    1: ["D1", "C1"],
    2: ["D8", "D4", "D2", "D1", "C8", "C4", "C2", "C1"],
    3: [*_SOLIDS, "C4", "D4", "C4v", "C4h", "D4h"],
}


def space_of(name: str, dimension: int) -> GSpace:
    """The line, plane or space with a group.

    Args:
        name: C and a number for rotations, D for rotations with mirrors, as in ``"C8"``, ``"D4"``, ``"D1"`` (a mirror),
            ``"C1"`` (nothing); in space Schoenflies' symbols ``"Oh"``, ``"O"``, ``"Ih"``, ``"I"``, ``"Ci"``, ``"Cs"``,
            ``"C4"``, ``"D4"`` (rotations alone), ``"C4v"``, ``"C4h"``, ``"D4h"``.
        dimension: 1, 2 or 3.

    Raises:
        ArgumentError: for another name.

    Example:
        >>> space_of("D4", 2)
        D4_on_R2[(3.141592653589793, 4)]
    """
    found = re.fullmatch(r"([CD])(\d+)([vh]?)", name)
    letter, n, end = (found[1], int(found[2]), found[3]) if found else ("", 0, "")
    if dimension == 1 and name in ("C1", "D1"):
        return gspaces.trivialOnR1() if name == "C1" else gspaces.flipOnR1()
    if dimension == 2 and n >= 1 and not end:
        if n == 1:
            return gspaces.trivialOnR2() if letter == "C" else gspaces.flip2dOnR2()
        return gspaces.rot2dOnR2(n) if letter == "C" else gspaces.flipRot2dOnR2(n)
    if dimension == 3 and name in _SOLIDS:
        return _SOLIDS[name]()
    if dimension == 3 and n >= 2 and (letter, end) != ("D", "v"):
        makers: dict[tuple[str, str], Any] = {
            ("C", ""): gspaces.rot2dOnR3,
            ("D", ""): gspaces.dihedralOnR3,
            ("C", "v"): gspaces.conicalOnR3,
            ("C", "h"): gspaces.cylindricalOnR3,
            ("D", "h"): gspaces.fullCylindricalOnR3,
        }
        return makers[letter, end](n)
    like = nearest(name, _KNOWN[dimension])
    raise ArgumentError(
        f"there is no group {name!r} in dimension {dimension}", hint=f"use {' or '.join(like or _KNOWN[dimension])}"
    )


def parts_of(name: str, dimension: int) -> tuple[str | None, str | None]:
    """The subgroups of rotations and of one mirror of a group, by name; ``None`` where there are none but all or nothing.

    Args:
        name: of the group.
        dimension: 1, 2 or 3.
    """
    if dimension == 1:
        return None, None
    if dimension == 2:
        n = int(name[1:])
        return (f"C{n}" if n > 1 else None, "D1" if n > 1 else None) if name[0] == "D" else (None, None)
    turning = {"Oh": "O", "Ih": "I"} | ({name: "D" + name[1:-1]} if name[0] == "D" and name[-1] == "h" else {})
    if name[0] == "C" and name[-1] in "vh" and name[1:-1].isdigit():
        turning[name] = name[:-1]
    rotations = turning.get(name)
    return rotations, "Cs" if rotations and contains(name, "Cs", dimension) else None


def contains(group: str, subgroup: str, dimension: int) -> bool:
    """Whether every motion of a group is one of another group.

    Args:
        group: the larger one, by name.
        subgroup: the smaller one, by name.
        dimension: 1, 2 or 3.
    """
    large, small = space_of(group, dimension), space_of(subgroup, dimension)
    try:
        shared = common_subgroup(large, small)
    except GroupError:
        return False
    return large.restrict(shared)[0].fibergroup.order() == small.fibergroup.order()


def label(schedule: Sequence[str]) -> str:
    """A schedule in one line.

    Args:
        schedule: the group of each block.

    Example:
        >>> label(("D4", "D4", "C1")), label(("C4", "C4"))
        ('D4 | D4 | C1', 'C4')
    """
    return schedule[0] if len(set(schedule)) == 1 else " | ".join(schedule)


def parse(value: Any, depth: int, dimension: int) -> Schedule:
    """A schedule from its line or from a list.

    Args:
        value: such as ``"D4 | D4 | C1"`` or ``["D4", "D4", "C1"]``; one name is kept in all blocks.
        depth: how many blocks there are.
        dimension: 1, 2 or 3.

    Raises:
        ArgumentError: if a group does not exist, contains the one before it, or their number is not the depth.

    Example:
        >>> parse("D4 | C1 | C1", 3, 2), parse("C8", 2, 2)
        (('D4', 'C1', 'C1'), ('C8', 'C8'))
    """
    given = [part.strip() for part in value.split("|")] if isinstance(value, str) else list(value)
    names = given * depth if len(given) == 1 else given
    if len(names) != depth:
        raise ArgumentError(f"the schedule {value!r} names {len(names)} groups, but there are {depth} blocks")
    for name in names:
        space_of(name, dimension)
    for large, small in zip(names, names[1:]):
        if large != small and not contains(large, small, dimension):
            raise ArgumentError(
                f"the schedule {value!r} goes from {large} to {small}, which is no subgroup of it",
                hint="name groups each of which is part of the one before it",
            )
    return tuple(names)


@dataclass(frozen=True)
class Proposal:
    """Schedules that a study tries, and how many more there would be.

    Args:
        schedules: in the order in which they are likely to matter.
        left_out: those beyond the limit.
    """

    schedules: tuple[Schedule, ...]
    left_out: tuple[Schedule, ...]


def propose_schedules(spaces: Sequence[str], depth: int, dimension: int = 2, most: int = 9) -> Proposal:
    """Schedules along chains of subgroups: constant ones first, then those that give up symmetry late, then early.

    Args:
        spaces: the largest groups, by name.
        depth: how many blocks there are.
        dimension: 1, 2 or 3.
        most: how many schedules at most.

    Example:
        >>> [label(each) for each in propose_schedules(["D4"], 2, most=6).schedules]
        ['D4', 'C4', 'D1', 'D4 | C1', 'D4 | D1', 'D4 | C4']
    """
    tiers: list[list[Schedule]] = [[] for _ in range(depth + 2)]
    for name in spaces:
        space_of(name, dimension)
        rotations, mirror = parts_of(name, dimension)
        subgroups = [group for group in (rotations, mirror) if group]
        tiers[0] += [(group,) * depth for group in (name, *subgroups)]
        for late, first in enumerate(range(depth - 1, 0, -1)):
            tiers[1 + late] += [(name,) * first + (group,) * (depth - first) for group in ("C1", *reversed(subgroups))]
            if rotations:
                tiers[-1].append((rotations,) * first + ("C1",) * (depth - first))
        if depth > 2:
            tiers[-1] += [(name,) * (depth - 2) + (group, "C1") for group in subgroups]
    found = list(dict.fromkeys(schedule for tier in tiers for schedule in tier if set(schedule) != {"C1"}))
    return Proposal(tuple(found[:most]), tuple(found[most:]))
