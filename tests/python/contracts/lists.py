"""What the contracts run over. An entry added here runs through every contract of its kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from intertwine import group, gspaces
from intertwine.group import (
    FiniteGroup,
    Group,
    Representation,
    alternating_group,
    cyclic_group,
    dicyclic_group,
    dihedral_group,
    direct_product,
    directsum,
    double_group,
    full_cylinder_discrete_group,
    full_ico_group,
    full_octa_group,
    group_from_matrices,
    group_from_permutations,
    group_from_table,
    ico_group,
    o3_group,
    octa_group,
    point_group,
    quaternion_group,
    semidirect_product,
    so3_group,
    symmetric_group,
    trivial_group,
)
from intertwine.gspaces import GSpace


def turned(representation: Representation, seed: int = 0) -> Representation:
    """The same representation in random orthogonal coordinates, where nothing is a permutation any more."""
    rng = np.random.default_rng(seed)
    matrix, _ = np.linalg.qr(rng.standard_normal((representation.size, representation.size)))
    return group.change_basis(representation, matrix, f"turned {representation.name}")


def frobenius() -> Group:
    """The affine maps x -> a x + b of five points: an irrep of size 4 and type R."""
    return semidirect_product(cyclic_group(5), cyclic_group(4), lambda h, n: n ** (2**h.value))


def binary_tetrahedral() -> Group:
    """The quaternions with i, j, k turned in a ring: irreps of all three types."""
    return group_from_matrices(
        [group.quaternion_matrix((0.5, 0.5, 0.5, 0.5)), group.quaternion_matrix((0.0, 1.0, 0.0, 0.0))], "2T"
    )


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
    "S3": lambda: symmetric_group(3),
    "S4": lambda: symmetric_group(4),
    "A4": lambda: alternating_group(4),
    "Q8": quaternion_group,
    "Dic3": lambda: dicyclic_group(3),
    "2T": binary_tetrahedral,
    "C5 : C4": frobenius,
    "square, by matrices": lambda: group_from_matrices([[[0, -1], [1, 0]], [[1, 0], [0, -1]]], "square"),
    "square, by permutations": lambda: group_from_permutations([(1, 2, 3, 0), (0, 3, 2, 1)], "square"),
    "square, by its table": lambda: group_from_table(dihedral_group(4).table, "square"),
    "C2h": lambda: point_group("2/m"),
    "S6": lambda: point_group("-3"),
    "T": lambda: point_group("23"),
    "Td": lambda: point_group("Td"),
    "D3h": lambda: point_group("-6m2"),
    "O": octa_group,
    "C3 x C4": lambda: direct_product(cyclic_group(3), cyclic_group(4)),
    "C3 x Q8": lambda: direct_product(cyclic_group(3), quaternion_group()),
    "C2 x D3, cylinder": lambda: full_cylinder_discrete_group(3),
    "D3 twice": lambda: double_group(dihedral_group(3)),
}

FINITE: dict[str, Callable[[], FiniteGroup]] = {
    **GROUPS,  # type: ignore[dict-item]
    **{f"point group {symbol}": lambda symbol=symbol: point_group(symbol) for symbol in group.CRYSTALLOGRAPHIC},
    **{
        f"point group {symbol}": lambda symbol=symbol: point_group(symbol) for symbol in ("I", "Ih", "C5v", "D4d", "C7")
    },
    "I": ico_group,
    "C2 x O": full_octa_group,
    "C2 x I": full_ico_group,
    "Q8 x Q8": lambda: direct_product(quaternion_group(), quaternion_group()),
    "O x C2": lambda: direct_product(octa_group(), cyclic_group(2)),
    "S5": lambda: symmetric_group(5),
    "A5": lambda: alternating_group(5),
    "S5, by its table": lambda: group_from_table(symmetric_group(5).table),
    "Dic12": lambda: dicyclic_group(12),
    "2T, by its table": lambda: group_from_table(binary_tetrahedral().table),
    "C7 : C3": lambda: semidirect_product(cyclic_group(7), cyclic_group(3), lambda h, n: n ** (2**h.value)),
    "C60, by its table": lambda: group_from_table(cyclic_group(60).table),
    "C2 x C2 x C2": lambda: group_from_table([[i ^ j for j in range(8)] for i in range(8)]),
    "cube of space by reflections": lambda: group_from_matrices(
        [np.diag([-1, 1, 1]), [[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [0, 0, 1], [0, 1, 0]]]
    ),
    "cube of four dimensions by turns": lambda: group_from_matrices(
        [[[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], np.eye(4)[[1, 2, 3, 0]]]
    ),
}
"""Finite groups for contracts that work on whole tables at once."""

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
    "S4": [(), (1,), (2,), (1, 2), (9, 3)],
    "Q8": [(), (3,), (1,), (1, 2)],
    "2T": [(2,), (1,)],
    "C5 : C4": [(5,), (1,)],
    "square, by its table": [(4,), (2, 5)],
    "Td": [(1,), (2,), (3, 4), (1, 2)],
    "D3h": [(1, 2), (3,)],
    "O": ["octa", "tetra", (False, 1), (False, 3), (False, 4), (True, 1), (True, 2), (True, 3), (True, 4)],
    "C3 x C4": [(1, 4), (3, 2), (1, 1)],
    "C3 x Q8": [(3, (3,)), (1, (1, 2))],
    "C2 x D3, cylinder": [(2, (None, 3)), (1, (0, 3)), (2, (1, 1))],
    "D3 twice": ["diagonal", ((None, 3), (0, 1)), ((0, 3), (None, 1))],
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
    **{f"irrep {k} of 2T": lambda k=k: binary_tetrahedral().irrep(k) for k in range(1, 5)},
    "irrep 3 of C5 : C4": lambda: frobenius().irrep(3),
    "quaternions twice, turned": lambda: turned(quaternion_group().irrep(4) + quaternion_group().irrep(4)),
    "square of the quaternions": lambda: quaternion_group().irrep(4).tensor(quaternion_group().irrep(4)),
    **{f"irrep {k} of O": lambda k=k: octa_group().irrep(k) for k in (1, -1, 2, 3)},
    "edges of the cube": lambda: octa_group().cube_edges_representation,
    "corners of the cube": lambda: octa_group().cube_vertices_representation,
    "quadrupole of O": lambda: so3_group().irrep(2).restrict("octa"),
    "vector of C2 x D3": lambda: o3_group().standard_representation().restrict((True, True, 3)),
    "a part of C3 x C4": lambda: direct_product(cyclic_group(3), cyclic_group(4)).irrep((1,), (1,), 1),
    "C3 x Q8 of both": lambda: direct_product(cyclic_group(3), quaternion_group()).irrep((1,), (4,)),
    "permutations of four points": lambda: symmetric_group(4).natural_representation,
    "coordinates of Td": lambda: point_group("Td").natural_representation,
    "coordinates of D3h": lambda: point_group("D3h").natural_representation,
    "quotient of S4 by a swap": lambda: symmetric_group(4).quotient_representation((1,)),
    "S4 induced from a complex irrep": lambda: symmetric_group(4).induced_representation(
        (2,), symmetric_group(4).subgroup((2,))[0].irrep(2)
    ),
    "Td restricted to S4": lambda: point_group("Td").natural_representation.restrict((1,)),
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
    "triangle, by permutations": lambda: symmetric_group(3).irrep(2),
    "two mirrors, by quaternions": lambda: directsum([quaternion_group().irrep(1), quaternion_group().irrep(2)]),
    "a line and its mirror": lambda: cyclic_group(2).irrep(1),
    "cube": lambda: octa_group().standard_representation,
    "quarter turns of space": lambda: directsum([cyclic_group(4).irrep(1), cyclic_group(4).irrep(0)]),
    "quarter and half turns of space": lambda: gspaces.dihedralOnR3(4).basespace_action,
    "inversion": lambda: directsum([cyclic_group(2).irrep(1)] * 3),
    "tetrahedron with mirrors": lambda: point_group("Td").natural_representation,
}
"""Orthogonal actions on the line, the plane and space."""

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
    "no space, Q8": lambda: gspaces.no_base_space(quaternion_group()),
    "triangle, by permutations": lambda: gspaces.gspace(symmetric_group(3), symmetric_group(3).irrep(2)),
    "two mirrors, by quaternions": lambda: gspaces.gspace(
        quaternion_group(), directsum([quaternion_group().irrep(1), quaternion_group().irrep(2)])
    ),
    "square, by matrices": lambda: gspaces.gspace(
        group_from_matrices([[[0, -1], [1, 0]], [[1, 0], [0, -1]]], "square")
    ),
    "line": gspaces.trivialOnR1,
    "line, flip": gspaces.flipOnR1,
    "volumes, Td": lambda: gspaces.gspace(point_group("Td")),
    "volumes, D3": lambda: gspaces.gspace(point_group("D3")),
    "volumes, no symmetry": gspaces.trivialOnR3,
    "volumes, O": gspaces.octaOnR3,
    "volumes, I": gspaces.icoOnR3,
    "volumes, Oh": gspaces.fullOctaOnR3,
    "volumes, C4": lambda: gspaces.rot2dOnR3(4),
    "volumes, cone of 3": lambda: gspaces.conicalOnR3(3),
    "volumes, D4": lambda: gspaces.dihedralOnR3(4),
    "volumes, cylinder of 2": lambda: gspaces.cylindricalOnR3(2),
    "volumes, full cylinder of 3": lambda: gspaces.fullCylindricalOnR3(3),
    "volumes, mirror": gspaces.mirOnR3,
    "volumes, inversion": gspaces.invOnR3,
    "volumes, C4 about another axis": lambda: gspaces.rot2dOnR3(4, so3_group().element([0.4, 0.2, 0.1], "EV")),
}

CONTINUOUS_SPACES: dict[str, Callable[[], GSpace]] = {
    "SO(2)": gspaces.rot2dOnR2,
    "O(2)": gspaces.flipRot2dOnR2,
    "O(2), oblique axis": lambda: gspaces.flipRot2dOnR2(axis=0.4),
    "O(2), diagonal axis": lambda: gspaces.flipRot2dOnR2(axis=np.pi / 4),
    "SO(3)": gspaces.rot3dOnR3,
    "O(3)": gspaces.flipRot3dOnR3,
    "rotations about an axis": gspaces.rot2dOnR3,
    "rotations about another axis": lambda: gspaces.rot2dOnR3(adjoint=so3_group().element([0.4, 0.2, 0.1], "EV")),
    "cone": gspaces.conicalOnR3,
    "half turns": gspaces.dihedralOnR3,
    "cylinder": gspaces.cylindricalOnR3,
    "full cylinder": gspaces.fullCylindricalOnR3,
}
"""Spaces with infinitely many elements."""

SPACES = {name: build for name, build in GSPACES.items() if not name.startswith("no space")} | CONTINUOUS_SPACES
"""Spaces with points: the line, the plane, space."""
