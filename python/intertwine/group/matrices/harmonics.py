"""Harmonic functions on the sphere of directions in R^d, and how orthogonal matrices act on them.

The harmonics of order l span a space that every orthogonal matrix A maps to itself: Y_l(A u) = D_l(A) Y_l(u). On the line they
are 1 and the sign, in the plane cos(l t) and sin(l t), in space the real spherical harmonics; each order is scaled so that the
squares of its functions add up to 1 at every point. Those of order 1 are the coordinates themselves.

In space the functions of order l are listed by falling frequency m around the z-axis, cos(m t) before sin(m t):
m = l, l, l - 1, l - 1, ..., 1, 1, 0. So those of order 1 are x, y, z, and a rotation about the z-axis turns the pairs
(cos, sin) like the harmonics of the plane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.memory import remembered

_AT_ONCE = 2**20
"""Of more values of harmonics than this those for one matrix are found at a time."""

LARGEST_SPATIAL_ORDER = 64
"""Up to here the tests hold the harmonics of space to 1e-12."""


def harmonic_size(dimension: int, order: int) -> int:
    """The number of harmonics of one order.

    Args:
        dimension: d of the space R^d, 1, 2 or 3.
        order: l, from 0 on.

    Raises:
        ArgumentError: for a space or an order without harmonics.
    """
    if dimension == 3 and 0 <= order <= LARGEST_SPATIAL_ORDER:
        return 2 * order + 1
    if dimension == 2 and order >= 0:
        return 1 if order == 0 else 2
    if dimension == 1 and order in (0, 1):
        return 1
    raise ArgumentError(f"there are no harmonics of order {order} in R^{dimension} here")


def powers(c: Any, s: Any, order: int) -> list[tuple[Any, Any]]:
    """Real and imaginary part of (c + i s)^m for m = 0, ..., order, by repeated multiplication.

    That is exact where c and s are 0 and 1, which cos(m t) is not. Arrays of numpy and tensors of torch serve alike.

    Args:
        c: real part.
        s: imaginary part.
        order: the greatest exponent.
    """
    re, im = c * 0 + 1, s * 0
    found = [(re, im)]
    for _ in range(order):
        re, im = re * c - im * s, re * s + im * c
        found.append((re, im))
    return found


def solid_harmonics(x: Any, y: Any, z: Any, order: int) -> list[list[Any]]:
    """The solid harmonics |r|^l Y_l(r / |r|) of space of orders 0, ..., order: homogeneous polynomials of the coordinates.

    The associated Legendre functions follow the usual recursion in l, started at l = m and normalised at every step, so that
    nothing over- or underflows (Holmes and Featherstone, "A unified approach to the Clenshaw summation", 2002, for the scaling).
    Arrays of numpy and tensors of torch serve alike.

    Args:
        x: first coordinates.
        y: second coordinates.
        z: third coordinates.
        order: the greatest order.

    Returns:
        for each order the list of its 2 l + 1 functions.
    """
    square = x * x + y * y + z * z
    planar = powers(x, y, order)
    one = z * 0 + 1
    # legendre[m][l - m]: its products with cos(m t) and sin(m t) have mean square 1 over the sphere.
    legendre: list[list[Any]] = []
    start = one
    for m in range(order + 1):
        if m > 0:
            start = start * float(np.sqrt((2 * m + 1) / (2 * m) * (2 if m == 1 else 1)))
        column = [start]
        for degree in range(m + 1, order + 1):
            a = float(np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2)))
            term = z * column[-1]
            if degree > m + 1:
                b = float(np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1)))
                term = term - b * square * column[-2]
            column.append(a * term)
        legendre.append(column)
    found = []
    for degree in range(order + 1):
        scale = float(1 / np.sqrt(2 * degree + 1))
        functions = []
        for m in range(degree, 0, -1):
            radial = legendre[m][degree - m] * scale
            functions += [radial * planar[m][0], radial * planar[m][1]]
        functions.append(legendre[0][degree] * scale)
        found.append(functions)
    return found


def harmonics(directions: np.ndarray, order: int) -> np.ndarray:
    """Harmonics of one order at unit vectors.

    Args:
        directions: unit vectors, shape ``(..., points, d)``.
        order: l.

    Returns:
        shape ``(..., harmonic_size(d, l), points)``; the squares add up to 1 at each point.

    Example:
        >>> harmonics(np.array([[0.0, 1.0]]), 1).ravel().tolist()
        [0.0, 1.0]
        >>> harmonics(np.array([[0.0, 0.6, 0.8]]), 1).ravel().tolist()
        [0.0, 0.6, 0.8]
    """
    harmonic_size(directions.shape[-1], order)
    return harmonics_up_to(directions, order, order)[0]


def harmonics_up_to(directions: np.ndarray, largest: int, least: int = 0) -> list[np.ndarray]:
    """Harmonics of orders from ``least`` to ``largest`` at unit vectors; on the line there are no more than two.

    Args:
        directions: unit vectors, shape ``(..., points, d)``.
        largest: the greatest order.
        least: the least order.

    Returns:
        for each order an array as from `harmonics`.
    """
    dimension = directions.shape[-1]
    coordinates = [directions[..., axis] for axis in range(dimension)]
    found: list[np.ndarray] = []
    higher: list[Any] = []
    if dimension > 1 and largest > 1:
        higher = (powers if dimension == 2 else solid_harmonics)(*coordinates, largest)  # type: ignore[operator]
    for order in range(least, largest + 1):
        if order == 0:
            found.append(np.ones((*directions.shape[:-2], 1, directions.shape[-2])))
        elif dimension == 1:
            found.append(np.sign(directions).swapaxes(-1, -2))
        elif order == 1:
            found.append(np.array(directions, dtype=float).swapaxes(-1, -2))
        else:
            found.append(np.stack(higher[order], axis=-2))
    return found


@remembered
def sphere_quadrature(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights by which the mean over the sphere of a polynomial is found, exact up to a degree.

    Gauss and Legendre in z, equal steps around the axis.

    Args:
        degree: the greatest degree of the polynomial.

    Returns:
        unit vectors, shape ``(points, 3)``, and weights that add up to 1, shape ``(points,)``; read-only.

    Example:
        >>> points, weights = sphere_quadrature(4)
        >>> round(float(weights @ points[:, 0] ** 4), 12)
        0.2
    """
    z, across = np.polynomial.legendre.leggauss(degree // 2 + 1)
    count = degree + 1
    angles = 2 * np.pi * np.arange(count) / count
    radius = np.sqrt(1 - z**2)
    points = np.stack(
        [np.outer(radius, np.cos(angles)), np.outer(radius, np.sin(angles)), np.outer(z, np.ones(count))], axis=-1
    )
    points, weights = points.reshape(-1, 3), np.repeat(across / 2 / count, count)
    points.flags.writeable = weights.flags.writeable = False
    return points, weights


@remembered
def _quadrature_dual(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Points u_i and vectors c_i with D_l(A) = sum_i Y_l(A u_i) c_i^T: the action from values at the points of a quadrature.

    This holds because the mean of Y Y^T over the sphere is the identity over 2 l + 1.
    """
    points, weights = sphere_quadrature(2 * order)
    return points, (2 * order + 1) * (harmonics(points, order) * weights).T


def harmonic_action(matrix: np.ndarray, order: int) -> np.ndarray:
    """The matrix D_l(A) with Y_l(A u) = D_l(A) Y_l(u).

    Args:
        matrix: an orthogonal matrix A, or several, shape ``(..., d, d)``.
        order: l.

    Returns:
        shape ``(..., size, size)`` with ``size = harmonic_size(d, l)``.

    Example:
        >>> half_turn = np.diag([-1.0, -1.0, 1.0])
        >>> np.diag(harmonic_action(half_turn, 2)).round(12).tolist()
        [1.0, 1.0, -1.0, -1.0, 1.0]
    """
    matrix = np.asarray(matrix, dtype=float)
    dimension = matrix.shape[-1]
    size = harmonic_size(dimension, order)
    if order == 0:
        return np.ones((*matrix.shape[:-2], 1, 1))
    if order == 1 or dimension == 1:
        return np.array(matrix)
    if dimension == 2:
        # A = R(a) diag(1, +-1), and its first column is (cos a, sin a).
        re, im = powers(matrix[..., 0, 0], matrix[..., 1, 0], order)[order]
        sign = np.sign(np.linalg.det(matrix))
        rows = np.stack([re, -sign * im, im, sign * re], axis=-1)
        return rows.reshape(*matrix.shape[:-2], size, size)
    points, dual = _quadrature_dual(order)
    if matrix.ndim > 2 and matrix[..., 0, 0].size * len(points) * (order + 1) ** 2 > _AT_ONCE:
        return np.stack([harmonic_action(one, order) for one in matrix])
    return harmonics(points @ matrix.swapaxes(-1, -2), order) @ dual


@remembered
def circle_derivative(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles t_k and numbers c_k with f'(0) = sum_k c_k f(t_k) for trigonometric polynomials f up to a degree.

    The derivative of the interpolant at 2 degree + 1 equal steps (Trefethen, "Spectral methods in MATLAB", 2000).

    Args:
        degree: the greatest frequency of f.

    Returns:
        the angles and the numbers, shape ``(2 degree,)``.
    """
    steps = np.arange(1, 2 * degree + 1)
    angles = 2 * np.pi * steps / (2 * degree + 1)
    return angles, -0.5 * (-1.0) ** steps / np.sin(angles / 2)


def _rotation(generator: np.ndarray, angle: float) -> np.ndarray:
    """exp(angle X) for a skew matrix X of R^2 or R^3 with X^3 = -X."""
    return np.eye(len(generator)) + np.sin(angle) * generator + (1 - np.cos(angle)) * generator @ generator


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
    if dimension == 2:
        # In the plane A = exp(t X) turns by the angle t X_yx, and D_l by l times that.
        return order * lie
    if order == 1:
        return np.array(lie)
    angles, numbers = circle_derivative(order)
    found = np.zeros((len(lie), size, size))
    for k, skew in enumerate(lie):
        speed = float(np.sqrt((skew**2).sum() / 2))
        if speed > 0:
            # one rotation at a time: what the harmonics take for all of them grows with the fifth power of the order
            for angle, number in zip(angles, numbers, strict=True):
                found[k] += number * speed * harmonic_action(_rotation(skew / speed, angle), order)
    return found
