"""Harmonic functions on the sphere of directions in R^d, and how orthogonal matrices act on them.

The harmonics of order l span a space that every orthogonal matrix A maps to itself: Y_l(A u) = D_l(A) Y_l(u). In the plane
they are cos(l t) and sin(l t); on the line 1 and the sign.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from intertwine.errors import ArgumentError


def harmonic_size(dimension: int, order: int) -> int:
    """The number of harmonics of one order.

    Args:
        dimension: d of the space R^d, 1 or 2.
        order: l, from 0 on.

    Raises:
        ArgumentError: for a space or an order without harmonics.
    """
    if dimension == 2 and order >= 0:
        return 1 if order == 0 else 2
    if dimension == 1 and order in (0, 1):
        return 1
    raise ArgumentError(f"there are no harmonics of order {order} in R^{dimension} here")


def _power(c: np.ndarray, s: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """(c + i s)^order by repeated multiplication: exact where c and s are 0 and 1, which cos(l t) is not."""
    re, im = np.ones_like(c), np.zeros_like(s)
    for _ in range(order):
        re, im = re * c - im * s, re * s + im * c
    return re, im


def harmonics(directions: np.ndarray, order: int) -> np.ndarray:
    """Harmonics of one order at unit vectors.

    Args:
        directions: unit vectors, shape ``(points, d)``.
        order: l.

    Returns:
        shape ``(harmonic_size(d, l), points)``; the mean of their squares over the circle is 1 for l = 0 and 1/2 otherwise.

    Example:
        >>> harmonics(np.array([[0.0, 1.0]]), 1).ravel().tolist()
        [0.0, 1.0]
    """
    dimension = directions.shape[1]
    size = harmonic_size(dimension, order)
    if order == 0:
        return np.ones((1, len(directions)))
    if dimension == 1:
        return np.sign(directions).T
    re, im = _power(directions[:, 0], directions[:, 1], order)
    return np.stack([re, im])[:size]


def harmonic_action(matrix: np.ndarray, order: int) -> np.ndarray:
    """The matrix D_l(A) with Y_l(A u) = D_l(A) Y_l(u).

    Args:
        matrix: an orthogonal matrix A, shape ``(d, d)``.
        order: l.

    Returns:
        shape ``(size, size)`` with ``size = harmonic_size(d, l)``.
    """
    dimension = len(matrix)
    size = harmonic_size(dimension, order)
    if order == 0:
        return np.ones((1, 1))
    if dimension == 1:
        return np.array(matrix, dtype=float)
    # A = R(a) diag(1, +-1), and its first column is (cos a, sin a).
    re, im = _power(np.asarray(matrix[0, 0]), np.asarray(matrix[1, 0]), order)
    sign = float(np.sign(np.linalg.det(matrix)))
    return np.array([[re, -sign * im], [im, sign * re]]).reshape(size, size)


def harmonic_lie(lie: np.ndarray, order: int) -> np.ndarray:
    """The derivative of D_l along a Lie algebra that acts on R^d.

    Args:
        lie: skew matrices, shape ``(k, d, d)``.
        order: l.

    Returns:
        shape ``(k, size, size)`` with ``size = harmonic_size(d, l)``.
    """
    dimension = lie.shape[-1]
    size = harmonic_size(dimension, order)
    if order == 0 or dimension == 1:
        return np.zeros((len(lie), size, size))
    # In the plane A = exp(t X) turns by the angle t X_yx, and D_l by l times that.
    return order * lie


@lru_cache(maxsize=64)
def lattice_points(dimension: int, kernel_size: tuple[int, ...], dilation: tuple[int, ...]) -> np.ndarray:
    """Coordinates of the cells of a kernel about its centre, in the order in which a kernel lies in memory.

    Coordinates are those of mathematics: x points right, and y up although rows count down.

    Args:
        dimension: d.
        kernel_size: the number of cells along each axis of the kernel in memory.
        dilation: the distance of neighbouring cells along each axis.

    Returns:
        shape ``(cells, d)``; read-only.
    """
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(kernel_size, dilation, strict=True)]
    grids = np.meshgrid(*axes, indexing="ij")
    if dimension == 2:
        rows, columns = grids
        points = np.stack([columns.ravel(), -rows.ravel()], axis=1)
    else:
        points = np.stack([grid.ravel() for grid in grids], axis=1)
    points = points + 0.0
    points.flags.writeable = False
    return points
