"""What the gauge decides, in one place: bases that no theorem determines but saved models rely on.

Run as a program it writes the golden values that ``test_gauge.py`` compares with. Do so only together with a new
``GAUGE_VERSION``, because models saved before would mean other functions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from intertwine import GAUGE_VERSION, gspaces, nn
from intertwine.group import cyclic_group, dihedral_group, homomorphism_space
from intertwine.group.constructions.induced_structure import induced_components
from intertwine.kernels import fitted_basis
from intertwine.kernels.kernel_basis import row_basis
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.ring_functions import scalar_basis

GOLDEN = Path(__file__).with_name("gauge_golden.npz")


def _filters(in_type: nn.FieldType, out_type: nn.FieldType) -> np.ndarray:
    conv = nn.R2Conv(in_type, out_type, kernel_size=3, bias=False, initialize=False).double()
    with torch.no_grad():
        conv.weights.copy_(torch.arange(1.0, conv.weights.numel() + 1, dtype=torch.float64))
        return conv.expand_parameters()[0].numpy()


def _fitted(dimension: int, kernel_size: int) -> np.ndarray:
    points = lattice_points(dimension, dimension * (kernel_size,), dimension * (1,))
    basis = fitted_basis(scalar_basis(dimension, kernel_size), tuple(map(tuple, points.tolist())), 0.2)
    return basis.evaluate(points) / basis.norms(points)[:, None]


def gauge_values() -> dict[str, np.ndarray]:
    """Named arrays: changes of basis, homomorphisms, first rows of kernels, filters of weights 1, 2, 3, ..."""
    C, D, T = cyclic_group(8), dihedral_group(4), dihedral_group(3)
    vector = D.irrep(1, 1)
    square, turns, mirror = gspaces.flipRot2dOnR2(N=4), gspaces.rot2dOnR2(N=8), gspaces.flip2dOnR2()
    pairs = {
        "vector to vector of D4": (vector, vector),
        "trivial to vector of D4": (D.irrep(0, 0), vector),
        "quotient to square of D4": (D.quotient_representation((0, 2)), vector.tensor(vector)),
        "regular to sign of D4": (D.regular_representation, D.irrep(1, 0)),
    }
    rows = {}
    for name, (a, b) in pairs.items():
        found = [
            row_basis(vector, s, t, scalar_basis(2, 3)).coefficients
            for s in induced_components(a)
            for t in induced_components(b)
        ]
        rows[f"rows, {name}"] = np.concatenate([x.ravel() for x in found if x is not None])
    return {
        "version": np.array(GAUGE_VERSION),
        "regular of D3": T.regular_representation.change_of_basis,
        "regular of C8": C.regular_representation.change_of_basis,
        "regular of C8 restricted to C2": C.regular_representation.restrict(2).change_of_basis,
        "quotient of D4": D.quotient_representation((1, 1)).change_of_basis,
        "square of the vector of D4": vector.tensor(vector).change_of_basis,
        "induced from the vector of C4": D.induced_representation((None, 4), cyclic_group(4).irrep(1)).change_of_basis,
        "endomorphisms of irrep 1 of C8": C.irrep(1).endomorphism_basis(),
        "endomorphisms of regular D3": homomorphism_space(T.regular_representation, T.regular_representation),
        **rows,
        **{f"fitted filters, {n} cells of R^{d}": _fitted(d, n) for d, n in ((2, 3), (2, 5), (3, 3))},
        "filter, trivial to regular of D4": _filters(
            nn.FieldType(square, [square.trivial_repr]), nn.FieldType(square, [square.regular_repr])
        ),
        "filter, regular to vector of D4": _filters(
            nn.FieldType(square, [square.regular_repr]), nn.FieldType(square, [square.irrep(1, 1)])
        ),
        "filter, vector to irreps of C8": _filters(
            nn.FieldType(turns, [turns.irrep(1)]), nn.FieldType(turns, [turns.irrep(2), turns.irrep(0)])
        ),
        "filter, regular to sign of a mirror": _filters(
            nn.FieldType(mirror, [mirror.regular_repr]), nn.FieldType(mirror, [mirror.irrep(1)])
        ),
    }


if __name__ == "__main__":
    np.savez_compressed(GOLDEN, **gauge_values())  # pyright: ignore[reportArgumentType]
