"""Irreps of a direct product of two groups: the irreducible parts of tensor products of irreps of the two."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.matrices.hom import ENDOMORPHISMS, canonical_basis
from intertwine.memory import interned

_TYPES = {dimension: letter for letter, dimension in ENDOMORPHISMS.items()}


def number_of_parts(psi1: IrreducibleRepresentation, psi2: IrreducibleRepresentation) -> int:
    """The number of different irreducible parts of the tensor product of two irreps.

    Args:
        psi1: an irrep of one group.
        psi2: an irrep of another group.
    """
    return 2 if psi1.type == psi2.type == "C" else 1


class _ProductMatrix:
    """B (psi1(g1) (x) psi2(g2)) B^T at a pair of values."""

    def __init__(
        self, psi1: IrreducibleRepresentation, psi2: IrreducibleRepresentation, basis: np.ndarray | None
    ) -> None:
        self._psi1, self._psi2, self._basis = psi1, psi2, basis

    def __call__(self, value: tuple[Any, Any]) -> np.ndarray:
        matrices = []
        for psi, part in ((self._psi1, value[0]), (self._psi2, value[1])):
            group = psi.group
            matrices.append(psi.matrices[group._numbers[part]] if isinstance(group, FiniteGroup) else psi._matrix(part))
        product = np.kron(*matrices)
        return product if self._basis is None else self._basis @ product @ self._basis.T


def _part_basis(
    psi1: IrreducibleRepresentation, psi2: IrreducibleRepresentation, part: int
) -> tuple[np.ndarray | None, int]:
    """A basis of an irreducible part of the tensor product, as rows, and the dimension of its endomorphisms.

    The products u (x) v of imaginary endomorphisms u, v of psi1 and psi2 (u^2 = v^2 = -1) are symmetric, commute with the tensor
    product, and square to the identity: their eigenspaces are its parts. Quaternions have two such products that commute.
    """
    e1, e2 = psi1.sum_of_squares_constituents, psi2.sum_of_squares_constituents
    if 1 in (e1, e2):
        return None, e1 * e2
    size = psi1.size * psi2.size
    u, v = psi1.endomorphism_basis(), psi2.endomorphism_basis()
    # The part 0 of two irreps of type C has the sum of their frequencies.
    sign = 1.0 if part == 0 else -1.0
    projector = (np.eye(size) - sign * np.kron(u[1], v[1])) / 2
    if e1 == e2 == 4:
        projector = projector @ (np.eye(size) - np.kron(u[2], v[2])) / 2
    dimension = size // (4 if e1 == e2 == 4 else 2)
    return canonical_basis(projector, dimension), 1 if e1 == e2 == 4 else 2


@interned
def product_irrep(
    group: Group, psi1: IrreducibleRepresentation, psi2: IrreducibleRepresentation, part: int, printed: str
) -> IrreducibleRepresentation:
    """An irreducible part of the tensor product of irreps of two groups, as an irrep of the product of the groups.

    Args:
        group: the product, whose canonical values are pairs.
        psi1: an irrep of the first group.
        psi2: an irrep of the second group.
        part: which part.
        printed: the name of the group: equal products may differ in it, and irreps print that of their group.
    """
    basis, e = _part_basis(psi1, psi2, part)
    size = psi1.size * psi2.size if basis is None else len(basis)
    lie = None
    if isinstance(group, ContinuousGroup):
        factors = [np.kron(x, np.eye(psi2.size)) for x in psi1.lie_matrices]
        factors += [np.kron(np.eye(psi1.size), x) for x in psi2.lie_matrices]
        lie = np.stack(factors) if basis is None else np.stack([basis @ x @ basis.T for x in factors])
    id = (psi1.id, psi2.id, part)
    attributes: dict[str, Any] = {"frequency": group.frequency(id)} if isinstance(group, ContinuousGroup) else {}
    return IrreducibleRepresentation(
        group,
        id,
        f"irrep_[{psi1.id},{psi2.id}]({part})",
        _ProductMatrix(psi1, psi2, basis),
        size,
        _TYPES[e],
        _lie=lie,
        **attributes,
    )
