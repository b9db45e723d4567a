"""The real irreps of a finite group, from its table and one faithful representation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from intertwine.errors import GroupError
from intertwine.group.characters import RealCharacters, fixed_numbers
from intertwine.group.hom import canonical_basis
from intertwine.group.irrep import ENDOMORPHISMS
from intertwine.group.representation import snapped

_GAP = 0.05
"""Eigenvalues of one averaged matrix are told apart if their distance is at least this share of their spread."""

_POLISH = 5e-14
"""Matrices that miss the homomorphism by more than this are polished."""

_TRIES = 40


@dataclass(frozen=True, eq=False)
class MatrixSource:
    """A representation that irreps are split off from, by its matrices.

    Attributes:
        matrices: shape ``(order, n, n)``, orthogonal.
    """

    matrices: np.ndarray

    @property
    def size(self) -> int:
        """The size n of the matrices."""
        return self.matrices.shape[-1]

    @cached_property
    def characters(self) -> np.ndarray:
        """The traces, shape ``(order,)``."""
        return np.einsum("gii->g", self.matrices)

    def average(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the matrices under weights, shape ``(n, n)``."""
        return np.tensordot(weights, self.matrices, 1)

    def compressed(self, basis: np.ndarray) -> np.ndarray:
        """The matrices on the span of orthonormal rows, shape ``(order, k, k)``."""
        return basis @ self.matrices @ basis.T


@dataclass(frozen=True, eq=False)
class PermutationSource:
    """A representation that irreps are split off from, by permutations: rho(g) e_j = e_(p_g(j)).

    Attributes:
        permutations: p_g(j), shape ``(order, n)``.
    """

    permutations: np.ndarray

    @property
    def size(self) -> int:
        """The number n of points."""
        return self.permutations.shape[-1]

    @cached_property
    def characters(self) -> np.ndarray:
        """The numbers of fixed points, shape ``(order,)``."""
        return (self.permutations == np.arange(self.size)).sum(axis=1).astype(float)

    def average(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the permutation matrices under weights, shape ``(n, n)``."""
        index = self.permutations * self.size + np.arange(self.size)
        shape = (self.size, self.size)
        spread = np.broadcast_to(weights[:, None], self.permutations.shape)
        return np.bincount(index.ravel(), spread.ravel(), minlength=self.size**2).reshape(shape)

    def compressed(self, basis: np.ndarray) -> np.ndarray:
        """The matrices on the span of orthonormal rows, shape ``(order, k, k)``."""
        return basis[:, self.permutations].transpose(1, 0, 2) @ basis.T


Source = MatrixSource | PermutationSource


def real_irreps(table: np.ndarray, characters: RealCharacters, natural: Sequence[Source]) -> list[np.ndarray]:
    """The matrices of all real irreps in the order of their characters.

    Irreps of size 1 are their characters. The first natural representation, if it is irreducible, is an irrep as it stands.
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
    endomorphisms = np.array([ENDOMORPHISMS[kind] for kind in characters.types], dtype=float)
    found: dict[int, np.ndarray] = {
        k: characters.values[k][:, None, None] for k, size in enumerate(characters.sizes) if size == 1
    }
    multiplicities = np.stack([_multiplicities(source.characters, characters, endomorphisms) for source in natural])
    if multiplicities[0].sum() == 1 and isinstance(natural[0], MatrixSource):
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
        sources: dict[int, Source] = dict(enumerate(natural))
        for copies, _, source, k in once or [min(choices)]:
            if source not in sources:
                i, j = pairs[source - len(natural)]
                sources[source] = MatrixSource(_product(found[i], found[j]))
            weights = characters.values[k] * (characters.sizes[k] / endomorphisms[k] / order)
            found[k] = _split_off(sources[source], weights, characters.sizes[k], copies, table)
    return [snapped(found[k]) for k in range(len(characters.sizes))]


def _multiplicities(values: np.ndarray, characters: RealCharacters, endomorphisms: np.ndarray) -> np.ndarray:
    return np.rint(values @ characters.values.T / values.shape[-1] / endomorphisms).astype(int)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    size = a.shape[-1] * b.shape[-1]
    return np.einsum("gij,gkl->gikjl", a, b).reshape(-1, size, size)


def _split_off(source: Source, weights: np.ndarray, size: int, copies: int, table: np.ndarray) -> np.ndarray:
    """The matrices of the irrep to which the weights of a projector belong."""
    basis = canonical_basis(source.average(weights), size * copies)
    matrices = source.compressed(basis)
    if copies > 1:
        matrices = MatrixSource(matrices).compressed(canonical_basis(_one_copy(matrices, size), size))
    return polished(matrices, table)


def _one_copy(matrices: np.ndarray, size: int) -> np.ndarray:
    """The projector to one irrep of size ``size`` in a representation that holds nothing but copies of it."""
    order, whole = matrices.shape[0], matrices.shape[-1]
    for attempt in range(_TRIES):
        upper = fixed_numbers(whole * whole, attempt).reshape(whole, whole)
        # sum over g of rho(g) S rho(g)^T, as one product of matrices.
        moved = (matrices @ (upper + upper.T)).transpose(1, 0, 2).reshape(whole, -1)
        mean = moved @ matrices.transpose(1, 0, 2).reshape(whole, -1).T / order
        values, vectors = np.linalg.eigh((mean + mean.T) / 2)
        # Equal eigenvalues come in runs of the irrep's size; the lowest run that stands clear is taken.
        edges = np.concatenate([[np.inf], values[size::size] - values[size - 1 : -1 : size], [np.inf]])
        clear = np.minimum(edges[:-1], edges[1:]) > _GAP * (values[-1] - values[0])
        if clear.any():
            run = int(np.argmax(clear)) * size
            chosen = vectors[:, run : run + size]
            return chosen @ chosen.T
    raise GroupError(
        f"no copy of an irrep of size {size} stands clear among {whole // size}", hint="give a smaller representation"
    )


def residual(matrices: np.ndarray, table: np.ndarray) -> float:
    """The greatest entry of rho(g) rho(h) - rho(gh) over all g and a few h.

    Args:
        matrices: shape ``(order, n, n)``.
        table: table of products.
    """
    few = list(range(1, min(len(table), 4)))
    if not few:
        return float(np.abs(matrices[0] - np.eye(matrices.shape[-1])).max())
    return float(max(np.abs(matrices @ matrices[h] - matrices[table[:, h]]).max() for h in few))


def polished(matrices: np.ndarray, table: np.ndarray) -> np.ndarray:
    """The representation next to matrices that multiply like the group up to a small error.

    One step rho(g) <- mean over h of rho(gh) rho(h)^T squares the error.

    Args:
        matrices: shape ``(order, n, n)``, orthogonal up to rounding or a little more.
        table: table of products.
    """
    for _ in range(3):
        if residual(matrices, table) < _POLISH:
            break
        order, size = matrices.shape[0], matrices.shape[-1]
        flat = matrices.transpose(1, 0, 2).reshape(size, -1)
        better = np.stack([matrices[table[g]].transpose(1, 0, 2).reshape(size, -1) @ flat.T for g in range(order)])
        u, _, vt = np.linalg.svd(better / order)
        matrices = u @ vt
    return matrices
