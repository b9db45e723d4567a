"""The real irreps of a finite group, from its table and one faithful representation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from intertwine.errors import GroupError
from intertwine.group.matrices.element_matrices import DenseMatrices, Matrices, snapped
from intertwine.group.matrices.hom import ENDOMORPHISMS, canonical_basis
from intertwine.group.tables.cayley_table import closure, generating_numbers
from intertwine.group.tables.characters import RealCharacters, fixed_numbers, scattered_numbers

_GAP = 0.05
"""Two eigenvalues of one averaged matrix count as different if their distance is at least this share of the spread of all."""

_POLISH = 5e-14
"""Matrices that miss the homomorphism by more than this are polished."""

_SPREAD = 1e-6
"""Eigenvalues with a smaller relative spread than this count as equal: the matrix is then a multiple of the identity."""

_TRIES = 40


def real_irreps(table: np.ndarray, characters: RealCharacters, natural: Sequence[Matrices]) -> list[np.ndarray]:
    """The matrices of all real irreps in the order of their characters.

    Irreps of size 1 are their characters. The first natural representation, if it is irreducible, is taken as an irrep unchanged.
    All others are split off from natural representations, and then from tensor products of two irreps already there, which
    reach every irrep if a natural one is faithful (Burnside). Where an irrep occurs once, its subspace is the range
    of its character projector; where it occurs more often, one copy is an eigenspace of the mean of rho(g) S rho(g)^T for a
    fixed symmetric S, on which only multiples of 1 are symmetric and commute. The basis is canonical.

    Args:
        table: table of products, shape ``(order, order)``.
        characters: the characters of the irreps.
        natural: representations to begin with, one of them faithful.

    Returns:
        one array of shape ``(order, size, size)`` per irrep, read-only.

    Raises:
        GroupError: if the representation is not faithful, so that some irreps are out of reach.
    """
    order = len(table)
    law = _Products(table, generating_numbers(table))
    endomorphisms = np.array([ENDOMORPHISMS[kind] for kind in characters.types], dtype=float)
    found: dict[int, np.ndarray] = {
        k: characters.values[k][:, None, None] for k, size in enumerate(characters.sizes) if size == 1
    }
    multiplicities = np.stack([_multiplicities(source.characters, characters, endomorphisms) for source in natural])
    if multiplicities[0].sum() == 1 and isinstance(natural[0], DenseMatrices):
        found[int(np.argmax(multiplicities[0]))] = natural[0].matrices
    pairs: list[tuple[int, int]] = []
    known: list[int] = []
    while len(found) < len(characters.sizes):
        fresh = sorted(set(found) - set(known))
        for j in fresh:
            new = [(i, j) for i in [*known, j] if characters.sizes[i] * characters.sizes[j] > 1]
            if new:
                products = np.stack([characters.values[i] * characters.values[j] for i, j in new])
                pairs += new
                multiplicities = np.concatenate([multiplicities, _multiplicities(products, characters, endomorphisms)])
            known.append(j)
        sizes = np.array(
            [*(source.size for source in natural), *(characters.sizes[i] * characters.sizes[j] for i, j in pairs)]
        )
        # The fewest copies first, then the smallest matrices, then the first pair.
        rank = np.lexsort((np.arange(len(sizes)), sizes))
        choices: list[tuple[int, int, int, int]] = []
        for k in range(len(characters.sizes)):
            copies = multiplicities[rank, k]
            if k not in found and copies.any():
                best = int(rank[np.argmin(np.where(copies > 0, copies, order + 1))])
                choices.append((int(multiplicities[best, k]), int(sizes[best]), best, k))
        if not choices:
            raise GroupError("the representation is not faithful: not all irreps can be made of it")
        once = [choice for choice in choices if choice[0] == 1]
        sources: dict[int, Matrices] = dict(enumerate(natural))
        for copies, _, source, k in once or [min(choices)]:
            if source not in sources:
                i, j = pairs[source - len(natural)]
                sources[source] = DenseMatrices(_product(found[i], found[j]))
            weights = characters.values[k] * (characters.sizes[k] / endomorphisms[k] / order)
            found[k] = _split_off(sources[source], weights, characters.sizes[k], copies, law)
    return [snapped(found[k]) for k in range(len(characters.sizes))]


def _multiplicities(values: np.ndarray, characters: RealCharacters, endomorphisms: np.ndarray) -> np.ndarray:
    return np.rint(values @ characters.values.T / values.shape[-1] / endomorphisms).astype(int)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = a.shape[-1] * b.shape[-1]
    return np.einsum("gij,gkl->gikjl", a, b).reshape(-1, size, size)


@dataclass(frozen=True, eq=False)
class _Products:
    """How a group multiplies.

    Attributes:
        table: table of products.
        generators: numbers of elements that generate the group.
    """

    table: np.ndarray
    generators: Sequence[int]

    @cached_property
    def steps(self) -> list[list[int]]:
        """Elements of each coset of H_k in H_(k+1), where H_k is what the first k generators generate; H_0 = 1.

        Each element of the group is a product of one of each step in just one way, the last step first: a mean over the group
        is a mean over each step in turn.
        """
        found, inside = [], [0]
        for k in range(len(self.generators)):
            larger = closure(self.table, list(self.generators[: k + 1]))
            seen = np.zeros(len(self.table), dtype=bool)
            step = []
            for g in larger:
                if not seen[g]:
                    step.append(g)
                    seen[self.table[g, inside]] = True
            found.append(step)
            inside = larger
        return found


def _split_off(source: Matrices, weights: np.ndarray, size: int, copies: int, products: _Products) -> np.ndarray:
    """The matrices of the irrep to which the weights of a projector belong."""
    basis = canonical_basis(source.average(weights), size * copies)
    if copies > 1:
        basis = canonical_basis(_one_copy(source, basis, size, products), size) @ basis
    return polished(source.compressed(basis), products.table, products.generators)


def _one_copy(source: Matrices, basis: np.ndarray, size: int, products: _Products) -> np.ndarray:
    """The projector on one copy of an irrep of size ``size``. The rows of ``basis`` span a sum of copies of this irrep."""
    whole = len(basis)
    steps = [source.compressed(basis, step) for step in products.steps]
    numbers = fixed_numbers
    for attempt in range(_TRIES):
        upper = numbers(whole * whole, attempt).reshape(whole, whole)
        # The mean over g of rho(g) S rho(g)^T.
        mean = upper + upper.T
        for matrices in steps:
            mean = (matrices @ mean @ matrices.transpose(0, 2, 1)).mean(axis=0)
        values, vectors = np.linalg.eigh((mean + mean.T) / 2)
        if values[-1] - values[0] < _SPREAD * max(1.0, float(np.abs(values).max())):
            # The numbers have a pattern that these matrices share.
            numbers = scattered_numbers
            continue
        # Equal eigenvalues come in runs of the irrep's size; the lowest run with a gap on both sides is taken.
        edges = np.concatenate([[np.inf], values[size::size] - values[size - 1 : -1 : size], [np.inf]])
        clear = np.minimum(edges[:-1], edges[1:]) > _GAP * (values[-1] - values[0])
        if clear.any():
            run = int(np.argmax(clear)) * size
            chosen = vectors[:, run : run + size]
            return chosen @ chosen.T
    raise GroupError(
        f"no copy of an irrep of size {size} stands clear among {whole // size}", hint="give a smaller representation"
    )


def residual(matrices: np.ndarray, table: np.ndarray, generators: Sequence[int]) -> float:
    """The greatest entry of rho(g) rho(h) - rho(gh) over all g and the generators h.

    Args:
        matrices: shape ``(order, n, n)``.
        table: table of products.
        generators: numbers of elements that generate the group.
    """
    if not len(generators):
        return float(np.abs(matrices[0] - np.eye(matrices.shape[-1])).max())
    return float(max(np.abs(matrices @ matrices[h] - matrices[table[:, h]]).max() for h in generators))


def polished(matrices: np.ndarray, table: np.ndarray, generators: Sequence[int]) -> np.ndarray:
    """The representation next to matrices that multiply like the group up to a small error.

    One step rho(g) <- mean over h of rho(gh) rho(h)^T squares the error.

    Args:
        matrices: shape ``(order, n, n)``, orthogonal up to rounding or a little more.
        table: table of products.
        generators: numbers of elements that generate the group.
    """
    for _ in range(3):
        if residual(matrices, table, generators) < _POLISH:
            break
        order, size = matrices.shape[0], matrices.shape[-1]
        flat = matrices.transpose(1, 0, 2).reshape(size, -1)
        better = np.stack([matrices[table[g]].transpose(1, 0, 2).reshape(size, -1) @ flat.T for g in range(order)])
        u, _, vt = np.linalg.svd(better / order)
        matrices = u @ vt
    return matrices
