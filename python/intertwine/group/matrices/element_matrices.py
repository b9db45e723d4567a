"""The matrices of a representation at all elements of a finite group, kept in the most compact form.

A group of order n has n matrices of size n x n in its regular representation: 216 MB for 300 elements. They are permutations, of
which the images of the channels determine: they take 0.7 MB.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

_SNAP = 1e-11
"""Entries nearer than this to 0, 1 or -1 are set to it."""

_SMALL = 2**16
"""Matrices of at most this many bytes in all are kept as arrays, which are quicker to read."""


_AT_ONCE = 2**20
"""Of arrays with more numbers one matrix is snapped at a time: what is held meanwhile is several times as large."""


def _snap(matrix: np.ndarray) -> np.ndarray:
    nearest = np.rint(matrix)
    return np.where((np.abs(matrix - nearest) < _SNAP) & (np.abs(nearest) <= 1), nearest, matrix) + 0.0


def snapped(matrix: np.ndarray) -> np.ndarray:
    """The matrix with entries at rounding distance from 0, 1 and -1 put there; read-only."""
    if matrix.size > _AT_ONCE and matrix.ndim > 2:
        result = np.empty(matrix.shape)
        for where, part in zip(result, matrix, strict=True):
            where[...] = _snap(part)
    else:
        result = _snap(matrix)
    return _read_only(result)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@dataclass(frozen=True, eq=False)
class DenseMatrices:
    """Matrices as they are.

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

    @property
    def dense(self) -> np.ndarray:
        """All matrices, shape ``(order, n, n)``; read-only."""
        return self.matrices

    def at(self, element: int) -> np.ndarray:
        """The matrix of the element of a number, shape ``(n, n)``."""
        return self.matrices[element]

    def take(self, elements: np.ndarray) -> DenseMatrices:
        """The matrices of some elements only."""
        return DenseMatrices(_read_only(self.matrices[elements]))

    def block(self, channels: list[int]) -> DenseMatrices:
        """The matrices on channels that are mixed with no others."""
        return DenseMatrices(_read_only(self.matrices[:, channels][:, :, channels]))

    def average(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the matrices under weights, shape ``(n, n)``."""
        return np.tensordot(weights, self.matrices, 1)

    def compressed(self, basis: np.ndarray, elements: Any = slice(None)) -> np.ndarray:
        """The matrices of elements (of all) on the span of orthonormal rows, shape ``(elements, k, k)``."""
        return basis @ self.matrices[elements] @ basis.T


@dataclass(frozen=True, eq=False)
class SignedPermutations:
    """Matrices that permute the channels up to signs: rho(g) e_j = s_g(j) e_(p_g(j)).

    Attributes:
        images: p_g(j), shape ``(order, n)``.
        signs: s_g(j), 1 or -1, of the same shape; ``None`` where all are 1.
    """

    images: np.ndarray
    signs: np.ndarray | None = None

    @property
    def size(self) -> int:
        """The number n of channels."""
        return self.images.shape[-1]

    @property
    def entries(self) -> np.ndarray:
        """The signs, also where all are 1, shape ``(order, n)``."""
        return np.ones(self.images.shape) if self.signs is None else self.signs

    @cached_property
    def characters(self) -> np.ndarray:
        """The traces: the numbers of channels that stay where they are, by their signs; shape ``(order,)``."""
        return np.where(self.images == np.arange(self.size), self.entries, 0.0).sum(axis=1)

    @property
    def dense(self) -> np.ndarray:
        """All matrices, shape ``(order, n, n)``, exactly 0, 1 and -1; read-only, made anew each time."""
        order, size = self.images.shape
        matrices = np.zeros((order, size, size))
        matrices[np.arange(order)[:, None], self.images, np.arange(size)[None, :]] = self.entries
        return _read_only(matrices)

    def at(self, element: int) -> np.ndarray:
        """The matrix of the element of a number, shape ``(n, n)``."""
        matrix = np.zeros((self.size, self.size))
        matrix[self.images[element], np.arange(self.size)] = 1.0 if self.signs is None else self.signs[element]
        return _read_only(matrix)

    def take(self, elements: np.ndarray) -> SignedPermutations:
        """The matrices of some elements only."""
        return SignedPermutations(self.images[elements], None if self.signs is None else self.signs[elements])

    def block(self, channels: list[int]) -> SignedPermutations:
        """The matrices on channels that are mixed with no others."""
        place = np.full(self.size, -1)
        place[channels] = np.arange(len(channels))
        return SignedPermutations(
            place[self.images[:, channels]], None if self.signs is None else self.signs[:, channels]
        )

    def average(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the matrices under weights, shape ``(n, n)``."""
        index = self.images.astype(np.intp) * self.size + np.arange(self.size)
        spread = np.broadcast_to(weights[:, None], self.images.shape)
        if self.signs is not None:
            spread = spread * self.signs
        return np.bincount(index.ravel(), spread.ravel(), minlength=self.size**2).reshape(self.size, self.size)

    def compressed(self, basis: np.ndarray, elements: Any = slice(None)) -> np.ndarray:
        """The matrices of elements (of all) on the span of orthonormal rows, shape ``(elements, k, k)``."""
        moved = basis[:, self.images[elements]]
        if self.signs is not None:
            moved = moved * self.signs[elements]
        return moved.transpose(1, 0, 2) @ basis.T


Matrices = DenseMatrices | SignedPermutations


def as_signed_permutations(matrices: Matrices) -> SignedPermutations | None:
    """The matrices as permutations up to signs, if they are.

    Args:
        matrices: the matrices, with entries at rounding distance from 0, 1 and -1 put there.
    """
    if isinstance(matrices, SignedPermutations):
        return matrices
    dense = matrices.matrices
    if np.count_nonzero(dense) != dense.shape[0] * dense.shape[1]:
        return None
    images = np.abs(dense).argmax(axis=1)
    entries = np.take_along_axis(dense, images[:, None, :], axis=1)[:, 0]
    if not (np.abs(entries) == 1).all():
        return None
    return SignedPermutations(images, None if (entries == 1).all() else entries)


def compact(matrices: np.ndarray | Matrices) -> Matrices:
    """Matrices in their smallest form: as signed permutations if they are such and large, else densely.

    Args:
        matrices: all matrices, shape ``(order, n, n)``; or a form that holds them already.
    """
    found = DenseMatrices(snapped(matrices)) if isinstance(matrices, np.ndarray) else matrices
    if len(found.characters) * found.size**2 * 8 <= _SMALL:
        return DenseMatrices(found.dense)
    return as_signed_permutations(found) or found


class Deferred(ABC):
    """Matrices that are made when they are asked for."""

    @abstractmethod
    def make(self) -> Matrices:
        """The matrices."""


def direct_sum(parts: list[Matrices]) -> Matrices:
    """The block-diagonal matrices of several representations.

    Args:
        parts: their matrices.
    """
    starts = np.cumsum([0, *(part.size for part in parts)])
    permutations = [as_signed_permutations(part) for part in parts]
    if None not in permutations:
        found = cast("list[SignedPermutations]", permutations)
        images = np.concatenate([part.images + start for part, start in zip(found, starts)], axis=1)
        signs = None
        if any(part.signs is not None for part in found):
            signs = np.concatenate([part.entries for part in found], axis=1)
        return SignedPermutations(images, signs)
    result = np.zeros((len(parts[0].characters), starts[-1], starts[-1]))
    for part, start in zip(parts, starts):
        stop = start + part.size
        result[:, start:stop, start:stop] = part.dense
    return DenseMatrices(_read_only(result))


def kronecker(a: Matrices, b: Matrices) -> Matrices:
    """The Kronecker products of the matrices of two representations.

    Args:
        a: those of the first.
        b: those of the second.
    """
    first, second = as_signed_permutations(a), as_signed_permutations(b)
    if first is not None and second is not None:
        images = (first.images[:, :, None] * b.size + second.images[:, None, :]).reshape(len(first.images), -1)
        if first.signs is None and second.signs is None:
            return SignedPermutations(images)
        signs = first.entries[:, :, None] * second.entries[:, None, :]
        return SignedPermutations(images, signs.reshape(images.shape))
    size = a.size * b.size
    return DenseMatrices(snapped(np.einsum("gij,gkl->gikjl", a.dense, b.dense).reshape(-1, size, size)))
