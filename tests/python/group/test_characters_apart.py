"""Groups with many irreps of one size, whose characters are hard to tell apart: elementary abelian, extra-special, products."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

from intertwine.group import alternating_group, dihedral_group, symmetric_group
from intertwine.group.catalogue.from_generators import group_from_matrices, group_from_permutations, group_from_table
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import block_diagonal
from intertwine.group.matrices.hom import ENDOMORPHISMS


def cyclic(n: int) -> np.ndarray:
    return (np.arange(n)[:, None] + np.arange(n)) % n


def product(*tables: np.ndarray) -> np.ndarray:
    """The table of a direct product."""
    result = np.zeros((1, 1), dtype=int)
    for table in tables:
        n = len(table)
        result = np.kron(result * n, np.ones_like(table)) + np.tile(table, result.shape)
    return result


def extra_special(p: int, n: int, minus: bool = False) -> np.ndarray:
    """Pairs (z, v) of a number and a vector of size 2n modulo p, with (z, v)(w, u) = (z + w + v^T J u, v + u)."""
    form = np.kron(np.array([[0, 1], [0, 0]]), np.eye(n, dtype=int))
    if minus:
        form[0, 0] = form[n, n] = 1
    pairs = np.array(list(itertools.product(range(p), repeat=2 * n + 1)))
    z, v = pairs[:, 0], pairs[:, 1:]
    place = p ** np.arange(2 * n, -1, -1)
    centre = (z[:, None] + z + v @ form @ v.T) % p
    return centre * place[0] + ((v[:, None] + v) % p) @ place[1:]


QUATERNIONS = extra_special(2, 1, minus=True)

GROUPS: dict[str, Callable[[], np.ndarray]] = {
    **{f"C2^{k}": lambda k=k: product(*[cyclic(2)] * k) for k in range(1, 9)},
    "C3^3": lambda: product(*[cyclic(3)] * 3),
    "C3^4": lambda: product(*[cyclic(3)] * 4),
    "C4^3 x C2": lambda: product(*[cyclic(4)] * 3, cyclic(2)),
    "C2^4 x C4^2": lambda: product(*[cyclic(2)] * 4, *[cyclic(4)] * 2),
    "2+^5": lambda: extra_special(2, 2),
    "2-^5": lambda: extra_special(2, 2, minus=True),
    "2+^7": lambda: extra_special(2, 3),
    "2-^7": lambda: extra_special(2, 3, minus=True),
    "2-^9": lambda: extra_special(2, 4, minus=True),
    "3^1+2": lambda: extra_special(3, 1),
    "3^1+4": lambda: extra_special(3, 2),
    "5^1+2": lambda: extra_special(5, 1),
    "Q8 x Q8": lambda: product(QUATERNIONS, QUATERNIONS),
    "Q8 x Q8 x C8": lambda: product(QUATERNIONS, QUATERNIONS, cyclic(8)),
    "D4 x D4 x D4": lambda: product(*[dihedral_group(4).table] * 3),
    "A5 x C2^3": lambda: product(alternating_group(5).table, *[cyclic(2)] * 3),
    "S4 x A4": lambda: product(symmetric_group(4).table, alternating_group(4).table),
    "C512": lambda: cyclic(512),
}

LARGE = 130
"""Groups with more elements are made in one way only, so that all takes seconds."""

BY_PERMUTATIONS = {"Q8 x Q8 x C8", "2-^9"}


def check(group: FiniteGroup) -> None:
    """Raises unless the irreps are all there, multiply like the group, and are orthogonal in Schur's sense."""
    irreps = group.irreps()
    assert sum(irrep.size**2 // ENDOMORPHISMS[irrep.type] for irrep in irreps) == group.order()
    characters = np.stack([irrep.characters for irrep in irreps])
    gram = characters @ characters.T / group.order()
    np.testing.assert_allclose(gram, np.diag([ENDOMORPHISMS[irrep.type] for irrep in irreps]), atol=1e-11)
    for irrep in irreps:
        matrices = irrep.matrices
        np.testing.assert_allclose(
            matrices @ matrices.transpose(0, 2, 1), np.eye(irrep.size)[None] + 0 * matrices, atol=1e-12
        )
        for h in group.generator_numbers:
            np.testing.assert_allclose(matrices @ matrices[h], matrices[group.table[:, h]], atol=1e-12)


def faithful(group: FiniteGroup) -> np.ndarray:
    """A sum of irreps in which no element but the identity is the identity."""
    still, chosen = np.ones(group.order(), dtype=bool), []
    for irrep in reversed(group.irreps()):
        identity = np.abs(irrep.matrices - np.eye(irrep.size)).max(axis=(1, 2)) < 1e-9
        if (still & identity).sum() < still.sum():
            still &= identity
            chosen.append(irrep.matrices)
    return block_diagonal(chosen)


@pytest.mark.parametrize("name", GROUPS)
def test_all_irreps_are_found(name):
    table = GROUPS[name]()
    group = group_from_table(table)
    numbers = list(group.generator_numbers)
    if name not in BY_PERMUTATIONS:
        check(group)
    if len(table) < LARGE or name in BY_PERMUTATIONS:
        check(group_from_permutations(table[numbers]))
    if len(table) < LARGE:
        check(group_from_matrices(faithful(group)[numbers]))


def test_labels_do_not_depend_on_how_characters_were_told_apart():
    # C2^5 from its table: the characters are ordered by their values at the elements, the greater ones first.
    group = group_from_table(product(*[cyclic(2)] * 5))
    signs = np.array([[(-1) ** bin(i & j).count("1") for j in range(32)] for i in range(32)])
    expected = signs[np.lexsort(-signs.T[::-1])]
    np.testing.assert_array_equal(np.stack([irrep.characters for irrep in group.irreps()]), expected)
