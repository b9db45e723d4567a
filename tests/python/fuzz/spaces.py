"""Spaces and fields at random."""

from __future__ import annotations

import random
from collections.abc import Callable

from intertwine import group, gspaces, nn
from intertwine.errors import IntertwineError
from intertwine.group import FiniteGroup, Representation
from intertwine.gspaces import GSpace

from ..contracts.lists import GSPACES, turned

SPACES: dict[str, Callable[[], GSpace]] = {
    **GSPACES,
    **{f"C{n}": lambda n=n: gspaces.rot2dOnR2(n) for n in (5, 6, 7, 12)},
    **{f"D{n}": lambda n=n: gspaces.flipRot2dOnR2(n) for n in (1, 5, 6)},
    "SO(2)": lambda: gspaces.rot2dOnR2(-1),
    "O(2)": lambda: gspaces.flipRot2dOnR2(-1),
    "no space, D4": lambda: gspaces.no_base_space(group.dihedral_group(4)),
    "no space, SO(3)": lambda: gspaces.no_base_space(group.so3_group(2)),
    "no space, O(2)": lambda: gspaces.no_base_space(group.o2_group(3)),
    "volumes, SO(2)": lambda: gspaces.rot2dOnR3(-1),
    "volumes, SO(3)": gspaces.rot3dOnR3,
    "volumes, O(3)": gspaces.flipRot3dOnR3,
    "volumes, Ih": gspaces.fullIcoOnR3,
    "volumes, Oh, by its symbol": lambda: gspaces.gspace(group.point_group("m-3m")),
}
"""Spaces by name."""

_MOST = {0: 40, 1: 40, 2: 40, 3: 16}
"""The most channels of a type, by the dimension of space."""


class Draw(random.Random):
    """Random choices, the same for a seed on every machine."""

    def flip(self, probability: float) -> bool:
        """True with some probability."""
        return self.random() < probability


def representation(draw: Draw, space: GSpace, kind: str) -> Representation:
    """A representation of some kind: ``irreps``, ``permutations``, ``induced`` or ``any``."""
    G = space.fibergroup
    irreps = [space.irrep(*psi.id) for psi in space.irreps][:8]
    if kind == "any":
        kind = draw.choice(["irreps", "irreps", "permutations", "induced", "sums", "turned"])
    if kind == "irreps" or not isinstance(G, FiniteGroup):
        return draw.choice(irreps)
    if kind == "sums":
        return group.directsum([draw.choice(irreps) for _ in range(draw.randint(1, 3))])
    if kind == "turned":
        return turned(draw.choice([*irreps, space.regular_repr]), draw.randrange(5))
    if kind == "permutations" and draw.flip(0.6):
        return draw.choice([space.regular_repr, space.regular_repr, space.trivial_repr])
    label, subgroup = draw.choice(_subgroups(G))
    if kind == "permutations":
        return space.quotient_repr(label)
    return space.induced_repr(label, draw.choice(list(subgroup.irreps())))


def _subgroups(G: FiniteGroup) -> list:
    found = []
    for label in [entry.id if hasattr(entry, "id") else entry for entry in G.subgroups()]:
        try:
            found.append((label, G.subgroup(label)[0]))
        except IntertwineError:
            continue
    return found


def field_type(draw: Draw, space: GSpace, kind: str | None = None) -> nn.FieldType:
    """One to four fields."""
    kind = kind or draw.choice(["any", "any", "irreps", "permutations", "permutations", "induced", "uniform"])
    room, fields = _MOST[space.dimensionality], []
    for _ in range(draw.randint(1, 4)):
        rho = representation(draw, space, "any" if kind == "uniform" else kind)
        for _ in range(draw.randint(1, 3) if kind == "uniform" else 1):
            if rho.size <= room:
                fields.append(rho)
                room -= rho.size
        if kind == "uniform":
            break
    return nn.FieldType(space, fields or [space.trivial_repr])
