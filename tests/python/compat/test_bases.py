"""Bases of kernels by escnn's names are equivariant, and independent."""

from typing import Any

import pytest
import torch

from intertwine import group, gspaces
from intertwine.compat import bases

RINGS: dict[str, Any] = {"radii": [0.0, 1.0, 2.0], "sigma": [0.6, 0.6, 0.6], "maximum_frequency": 2}
CASES = {
    "SO(2)": (bases.kernels_SO2_act_R2, gspaces.rot2dOnR2(-1), "irrep_1", "irrep_2"),
    "O(2)": (bases.kernels_O2_act_R2, gspaces.flipRot2dOnR2(-1), "irrep_1,1", "irrep_1,2"),
    "C4": (bases.kernels_CN_act_R2, gspaces.rot2dOnR2(4), "regular", "irrep_1"),
    "D4": (bases.kernels_DN_act_R2, gspaces.flipRot2dOnR2(4), "irrep_1,1", "regular"),
    "a reflection": (bases.kernels_Flip_act_R2, gspaces.flip2dOnR2(), "regular", "irrep_1"),
    "octahedron": (bases.kernels_Octa_act_R3, gspaces.octaOnR3(), "irrep_0", "regular"),
    "SO(3)": (bases.kernels_SO3_act_R3, gspaces.rot3dOnR3(), "irrep_1", "irrep_1"),
}


@pytest.mark.parametrize("name", CASES)
def test_kernels_commute_with_the_group(name: str) -> None:
    make, space, source, target = CASES[name]
    a, b = space.fibergroup.representations[source], space.fibergroup.representations[target]
    basis = make(a, b, **RINGS)
    points = torch.randn(200, space.dimensionality, generator=torch.Generator().manual_seed(0))
    before = basis.sample(points)
    assert before.shape == (200, basis.dim, b.size, a.size)
    assert torch.linalg.matrix_rank(before.transpose(0, 1).flatten(1).double()) == basis.dim == len(basis)
    out = torch.empty_like(before)
    assert basis.sample(points, out=out) is out
    for element in list(space.testing_elements)[:6]:
        matrix = torch.tensor(space.basespace_action(element), dtype=torch.float32)
        turned = torch.tensor(b(element)).float() @ before @ torch.tensor(a(element)).float().T
        assert torch.allclose(basis(points @ matrix.T), turned, atol=1e-4)


def test_matrices_on_a_point() -> None:
    regular = group.cyclic_group(4).regular_representation
    basis = bases.kernels_on_point(regular, regular)
    assert basis.sample(torch.zeros(3, 0)).shape == (3, 4, 4, 4)
