"""Clebsch-Gordan coefficients of the rotations of space, in the real basis of the harmonics."""

from __future__ import annotations

from math import factorial, sqrt

import numpy as np

from intertwine.group.matrices.hom import canonical_line
from intertwine.memory import remembered


def _racah(l1: int, m1: int, l2: int, m2: int, l3: int) -> float:
    """<l1 m1 l2 m2 | l3 m1 + m2> by Racah's formula, in exact integers up to the last square root."""
    m3 = m1 + m2
    total = 0
    # Over a common denominator every term of the alternating sum is a whole number.
    low = max(0, l2 - l3 - m1, l1 - l3 + m2)
    high = min(l1 + l2 - l3, l1 - m1, l2 + m2)
    common = factorial(high) * factorial(l1 + l2 - l3) * factorial(l1 - m1) * factorial(l2 + m2)
    common *= factorial(l3 - l2 + m1 + high) * factorial(l3 - l1 - m2 + high)
    for k in range(low, high + 1):
        term = factorial(k) * factorial(l1 + l2 - l3 - k) * factorial(l1 - m1 - k) * factorial(l2 + m2 - k)
        term *= factorial(l3 - l2 + m1 + k) * factorial(l3 - l1 - m2 + k)
        total += (-1) ** k * (common // term) if common % term == 0 else 0
    square = (2 * l3 + 1) * factorial(l3 + l1 - l2) * factorial(l3 - l1 + l2) * factorial(l1 + l2 - l3)
    square *= factorial(l3 + m3) * factorial(l3 - m3) * factorial(l1 - m1) * factorial(l1 + m1)
    square *= factorial(l2 - m2) * factorial(l2 + m2)
    return total / common * sqrt(square / factorial(l1 + l2 + l3 + 1))


def _real_basis(l: int) -> np.ndarray:
    """The real harmonics by the complex ones with the phase of Condon and Shortley, rows by columns m = -l, ..., l."""
    basis = np.zeros((2 * l + 1, 2 * l + 1), dtype=complex)
    for m in range(1, l + 1):
        row = 2 * (l - m)
        basis[row, l + m], basis[row, l - m] = (-1) ** m / np.sqrt(2), 1 / np.sqrt(2)
        basis[row + 1, l + m], basis[row + 1, l - m] = -1j * (-1) ** m / np.sqrt(2), 1j / np.sqrt(2)
    basis[2 * l, l] = 1.0
    return basis


@remembered
def real_coupling(l1: int, l2: int, l3: int) -> np.ndarray:
    """The canonical basis of Hom(l1 (x) l2, l3) for the irreps of SO(3): one tensor of norm 1, or none.

    Args:
        l1: frequency of the first irrep.
        l2: frequency of the second irrep.
        l3: frequency of the third irrep.

    Returns:
        shape ``(n, 2 l3 + 1, 2 l1 + 1, 2 l2 + 1)`` with n = 1 if |l1 - l2| <= l3 <= l1 + l2, otherwise 0; read-only.

    Source: Varshalovich, Moskalev and Khersonskii, "Quantum theory of angular momentum", 1988, chapter 8.

    Example:
        >>> (real_coupling(1, 1, 1)[0] * 6**0.5).round(9).tolist()[2]
        [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    shape = (2 * l3 + 1, 2 * l1 + 1, 2 * l2 + 1)
    if not abs(l1 - l2) <= l3 <= l1 + l2:
        return np.zeros((0, *shape))
    complex_tensor = np.zeros(shape)
    for m1 in range(-l1, l1 + 1):
        for m2 in range(max(-l2, -l3 - m1), min(l2, l3 - m1) + 1):
            complex_tensor[l3 + m1 + m2, l1 + m1, l2 + m2] = _racah(l1, m1, l2, m2, l3)
    tensor = np.einsum(
        "cz,zxy,ax,by->cab", _real_basis(l3).conj(), complex_tensor, _real_basis(l1), _real_basis(l2), optimize=True
    )
    # Up to one phase the tensor is real: the phase is 1 or i as the sum of the frequencies is even or odd.
    real = tensor.imag if (l1 + l2 + l3) % 2 else tensor.real
    real = real / np.linalg.norm(real)
    result = canonical_line(real.ravel()).reshape(1, *shape)
    result.flags.writeable = False
    return result
