"""What the contracts run over. An entry added here runs through every contract of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from intertwine import group, gspaces
from intertwine.group import Group, Representation, cyclic_group, dihedral_group, trivial_group
from intertwine.gspaces import GSpace


def turned(representation: Representation, seed: int = 0) -> Representation:
    """The same representation in random orthogonal coordinates, where nothing is a permutation any more."""
    rng = np.random.default_rng(seed)
    matrix, _ = np.linalg.qr(rng.standard_normal((representation.size, representation.size)))
    return group.change_basis(representation, matrix, f"turned {representation.name}")


GROUPS: dict[str, Callable[[], Group]] = {
    "trivial": trivial_group,
    "C2": lambda: cyclic_group(2),
    "C3": lambda: cyclic_group(3),
    "C4": lambda: cyclic_group(4),
    "C6": lambda: cyclic_group(6),
    "C7": lambda: cyclic_group(7),
    "C8": lambda: cyclic_group(8),
    "D1": lambda: dihedral_group(1),
    "D2": lambda: dihedral_group(2),
    "D3": lambda: dihedral_group(3),
    "D4": lambda: dihedral_group(4),
    "D5": lambda: dihedral_group(5),
    "D8": lambda: dihedral_group(8),
}

SUBGROUPS: dict[str, list[Any]] = {
    "trivial": [1],
    "C2": [1, 2],
    "C4": [1, 2, 4],
    "C6": [1, 2, 3, 6],
    "C8": [2, 4],
    "D1": [(None, 1), (0, 1)],
    "D2": [(None, 2), (0, 1), (1, 1), (0, 2)],
    "D3": [(None, 3), (None, 1), (0, 1), (2, 1), (0, 3)],
    "D4": [(None, 1), (None, 2), (None, 4), (0, 1), (3, 1), (0, 2), (1, 2), (0, 4)],
    "D8": [(None, 4), (1, 2), (3, 4)],
}
"""Labels of subgroups by group."""

REPRESENTATIONS: dict[str, Callable[[], Representation]] = {
    "trivial of C1": lambda: trivial_group().trivial_representation,
    "regular of C1": lambda: trivial_group().regular_representation,
    **{f"irrep {k} of C8": lambda k=k: cyclic_group(8).irrep(k) for k in range(5)},
    **{f"irrep {k} of C3": lambda k=k: cyclic_group(3).irrep(k) for k in range(2)},
    **{f"irrep {id} of D4": lambda id=id: dihedral_group(4).irrep(*id) for id in [(0, 0), (1, 0), (1, 1), (0, 2)]},
    **{f"irrep {id} of D3": lambda id=id: dihedral_group(3).irrep(*id) for id in [(1, 0), (1, 1)]},
    **{f"regular of {name}": lambda build=build: build().regular_representation for name, build in GROUPS.items()},
    "quotient of C8 by C2": lambda: cyclic_group(8).quotient_representation(2),
    "quotient of D4 by C4": lambda: dihedral_group(4).quotient_representation((None, 4)),
    "quotient of D4 by a mirror": lambda: dihedral_group(4).quotient_representation((1, 1)),
    "quotient of D3 by itself": lambda: dihedral_group(3).quotient_representation((0, 3)),
    "D4 induced from the vector of C4": lambda: dihedral_group(4).induced_representation(
        (None, 4), cyclic_group(4).irrep(1)
    ),
    "C8 induced from the sign of C2": lambda: cyclic_group(8).induced_representation(2, cyclic_group(2).irrep(1)),
    "C4 restricted from regular D4": lambda: dihedral_group(4).regular_representation.restrict((None, 4)),
    "C2 restricted from the vector of D4": lambda: dihedral_group(4).irrep(1, 1).restrict((3, 1)),
    "square of the vector of D4": lambda: dihedral_group(4).irrep(1, 1).tensor(dihedral_group(4).irrep(1, 1)),
    "regular times vector of C4": lambda: cyclic_group(4).regular_representation.tensor(cyclic_group(4).irrep(1)),
    "regular + vector + sign of D4": lambda: (
        dihedral_group(4).regular_representation + dihedral_group(4).irrep(1, 1) + dihedral_group(4).irrep(1, 0)
    ),
    "turned regular of C4": lambda: turned(cyclic_group(4).regular_representation),
    "turned sum of C8": lambda: turned(cyclic_group(8).irrep(1) + cyclic_group(8).irrep(1) + cyclic_group(8).irrep(2)),
    "turned regular of D3": lambda: turned(dihedral_group(3).regular_representation),
}

ACTIONS: dict[str, Callable[[], Representation]] = {
    "nothing": lambda: group.directsum([trivial_group().trivial_representation] * 2),
    "rotations by quarters": lambda: cyclic_group(4).irrep(1),
    "rotations by thirds": lambda: cyclic_group(3).irrep(1),
    "rotations by eighths": lambda: cyclic_group(8).irrep(1),
    "one mirror": lambda: group.directsum([cyclic_group(2).irrep(1), cyclic_group(2).irrep(0)]),
    "half a turn": lambda: group.directsum([cyclic_group(2).irrep(1)] * 2),
    "square": lambda: dihedral_group(4).irrep(1, 1),
    "triangle": lambda: dihedral_group(3).irrep(1, 1),
}
"""Orthogonal actions on the plane."""

GSPACES: dict[str, Callable[[], GSpace]] = {
    "trivial": gspaces.trivialOnR2,
    "C2": lambda: gspaces.rot2dOnR2(N=2),
    "C3": lambda: gspaces.rot2dOnR2(N=3),
    "C4": lambda: gspaces.rot2dOnR2(N=4),
    "C8": lambda: gspaces.rot2dOnR2(N=8),
    "flip": gspaces.flip2dOnR2,
    "flip, axis 0": lambda: gspaces.flip2dOnR2(axis=0.0),
    "flip, diagonal": lambda: gspaces.flip2dOnR2(axis=np.pi / 4),
    "flip, oblique": lambda: gspaces.flip2dOnR2(axis=0.3),
    "D2": lambda: gspaces.flipRot2dOnR2(N=2),
    "D3": lambda: gspaces.flipRot2dOnR2(N=3),
    "D4": lambda: gspaces.flipRot2dOnR2(N=4),
    "D4, axis 0": lambda: gspaces.flipRot2dOnR2(N=4, axis=0.0),
    "D8": lambda: gspaces.flipRot2dOnR2(N=8),
    "no space, C4": lambda: gspaces.no_base_space(cyclic_group(4)),
}
