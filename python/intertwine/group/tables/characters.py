"""The characters of the real irreps of a finite group, from its table of products alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np

from intertwine.errors import GroupError
from intertwine.group.tables.cayley_table import whole_where_near

_EQUAL = 1e-6
"""Characters that differ by less are the same character: those of different irreps of a group of moderate order do not."""

_SPLIT = 1e-6
"""Eigenvalues that differ by less, relative to the largest, are left together: the next combination splits them."""

_TRIES = 40


@dataclass(frozen=True, eq=False)
class RealCharacters:
    """The characters of all real irreps of a finite group in canonical order.

    The trivial irrep is first, then they are ordered by size, then by characters, the greater ones first, in the order of the
    elements.

    Attributes:
        values: the characters at all elements, shape ``(irreps, order)``.
        sizes: the sizes of the irreps.
        types: ``"R"``, ``"C"`` or ``"H"``.
    """

    values: np.ndarray
    sizes: tuple[int, ...]
    types: tuple[str, ...]


def fixed_numbers(count: int, attempt: int) -> np.ndarray:
    """Deterministic numbers between -1 and 1 in place of random ones, so that bases are reproducible.

    Args:
        count: how many.
        attempt: which sequence.
    """
    # The quadratic residues of a prime: whole numbers, so that no rounding enters.
    k = np.arange(1, count + 1, dtype=np.int64) + 7919 * attempt
    return ((k * k % 1000003 * (k + 11) * 1009 + k * 77003) % 1000003) / 500001.5 - 1.0


def scattered_numbers(count: int, attempt: int) -> np.ndarray:
    """Numbers between -1 and 1 that satisfy no linear relation with small whole coefficients, the same everywhere.

    Values of a polynomial, as ``fixed_numbers`` has them, add up to equal sums over the faces of a cube: they do not tell the
    characters of C2^5 apart. These are the first numbers of SplitMix64 (Steele, Lea and Flood, 2014), of which each bit depends
    on all bits of the position.

    Args:
        count: how many.
        attempt: which sequence.
    """
    with np.errstate(over="ignore"):
        z = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(attempt << 32)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(float) / 2.0**52 - 1.0


def real_characters(table: np.ndarray, inverses: np.ndarray, classes: np.ndarray) -> RealCharacters:
    """The characters of all real irreps.

    The sums over the classes C u C^-1 commute, and their common eigenvectors are the real parts of the complex characters
    (Burnside's method, symmetrised); the Frobenius-Schur indicator, the mean of chi(g^2), tells the type.

    Args:
        table: table of products, shape ``(order, order)``.
        inverses: the number of each element's inverse.
        classes: the number of each element's conjugacy class.

    Raises:
        GroupError: if the characters found do not add up to the order of the group.
    """
    order = len(table)
    firsts, merged = np.unique(np.minimum(classes, classes[inverses]), return_index=True, return_inverse=True)[1:]
    merged = merged.reshape(-1)
    functions = _common_eigenfunctions(table, inverses, merged, firsts)[merged]
    # The sum over z of f(z) f(x^-1 z) is f(x) / f(1), with the square of the error of f.
    normalised = np.stack([(functions * functions[table[inverses[x]]]).sum(axis=0) for x in firsts], axis=1)[:, merged]
    indicator = normalised[:, np.diagonal(table)].mean(axis=1)
    norms = (normalised**2).mean(axis=1)
    found: list[tuple[int, str, np.ndarray]] = []
    for value, norm, character in zip(indicator, norms, normalised, strict=True):
        complex_type = abs(value) < 0.5 * np.sqrt(norm)
        size = round(float(1 / np.sqrt(2 * norm if complex_type else norm)))
        kind = "C" if complex_type else "R" if value > 0 else "H"
        size *= 1 if kind == "R" else 2
        found.append((size, kind, whole_where_near(size * character)))
    total = sum(size**2 // {"R": 1, "C": 2, "H": 4}[kind] for size, kind, _ in found)
    if total != order:
        raise GroupError(f"the characters found account for {total} of {order} elements")
    found.sort(key=cmp_to_key(_compare))
    values = np.stack([character for _, _, character in found])
    return RealCharacters(values, tuple(size for size, _, _ in found), tuple(kind for _, kind, _ in found))


def _common_eigenfunctions(
    table: np.ndarray, inverses: np.ndarray, merged: np.ndarray, firsts: np.ndarray
) -> np.ndarray:
    """The functions of the classes C u C^-1, as columns, that all convolutions by such classes multiply by numbers.

    One combination of the convolutions, with weights that have no pattern, tells nearly all of them apart. What it leaves
    together, because two of its eigenvalues happen to be close, the next combination splits.
    """
    count = len(firsts)
    sizes = np.bincount(merged)
    # For all x and one z of each class M, the class L of x^-1 z, as the number of the pair (M, L).
    pairs = (np.arange(count) * count + merged[table[inverses][:, firsts]]).ravel()
    scale = np.sqrt(sizes)
    spaces = [np.eye(count)]
    for attempt in range(_TRIES):
        weights = (scattered_numbers(count, attempt) / sizes)[merged]
        convolution = np.bincount(pairs, np.repeat(weights, count), minlength=count**2).reshape(count, count)
        convolution = convolution * scale[:, None] / scale[None, :]
        spaces = [part for space in spaces for part in _eigenspaces(space, convolution)]
        if len(spaces) == count:
            return np.concatenate(spaces, axis=1) / scale[:, None]
    raise GroupError(f"{count - len(spaces)} of {count} characters could not be told apart", hint="check the table")


def _eigenspaces(space: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    """The parts, with orthonormal columns, into which the eigenvalues of a symmetric matrix split an invariant space."""
    if space.shape[1] == 1:
        return [space]
    inside = space.T @ matrix @ space
    values, vectors = np.linalg.eigh((inside + inside.T) / 2)
    cuts = np.flatnonzero(np.diff(values) > _SPLIT * max(1.0, float(np.abs(values).max()))) + 1
    return np.split(space @ vectors, cuts, axis=1)


def _compare(a: tuple[int, str, np.ndarray], b: tuple[int, str, np.ndarray]) -> int:
    trivial_a, trivial_b = bool((a[2] == 1.0).all()), bool((b[2] == 1.0).all())
    if trivial_a != trivial_b:
        return -1 if trivial_a else 1
    if a[0] != b[0]:
        return a[0] - b[0]
    differ = np.flatnonzero(np.abs(a[2] - b[2]) > _EQUAL)
    if not len(differ):
        return 0
    return -1 if a[2][differ[0]] > b[2][differ[0]] else 1
