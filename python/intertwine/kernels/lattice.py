"""The cells of a kernel as points of R^d, and filters on these cells: differential operators.

Let P be a homogeneous polynomial of degree n, the symbol of the operator P(d/dx). Three kinds of filters stand for it:

- finite differences, which are exact for polynomials: of degree less than the number of cells along each axis;
- derivatives of a Gaussian, by which the image is smoothed, too;
- what P(d/dx) makes of the interpolant by radial functions around the cells and polynomials of degree n (Fornberg and Flyer, "A
  primer on radial basis functions with applications to the geosciences", 2015).

Symbols turn like the polynomials that they are: powers of |w|^2, which is the Laplacian, times harmonics. So the equivariant
operators (Jenner and Weiler, "Steerable partial differential operators for equivariant neural networks", 2022) are solutions of
the same equation as equivariant kernels, with these filters in place of rings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import factorial, prod
from typing import Any, ClassVar

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.group.matrices.harmonics import harmonics
from intertwine.kernels.orbits import Angular, Factors
from intertwine.kernels.ring_functions import Ring, ScalarBasis
from intertwine.memory import remembered

Cells = tuple[tuple[float, ...], ...]

RADIAL_FUNCTIONS = {"ga": None, "mq": 0.5, "imq": -0.5, "iq": -1.0}
"""exp(-r^2), and the exponents e of (1 + r^2)^e: multiquadric, inverse multiquadric and inverse quadratic."""


@remembered
def lattice_points(dimension: int, kernel_size: tuple[int, ...], dilation: tuple[float, ...]) -> np.ndarray:
    """Coordinates of the cells of a kernel about its centre, in the order in which a kernel lies in memory.

    Coordinates are those of mathematics: the last axis in memory is x; before it come y and z, which point up although rows and
    slices count down.

    Args:
        dimension: d.
        kernel_size: the number of cells along each axis of the kernel in memory.
        dilation: the distance of neighbouring cells along each axis.

    Returns:
        shape ``(cells, d)``; read-only.
    """
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(kernel_size, dilation, strict=True)]
    x, *others = reversed(np.meshgrid(*axes, indexing="ij"))
    points = np.stack([x.ravel(), *(-axis.ravel() for axis in others)], axis=1) + 0.0
    points.flags.writeable = False
    return points


@dataclass(frozen=True)
class CellBasis(ScalarBasis, ABC):
    """Functions times harmonics that are known as filters on the cells of one kernel only.

    Attributes:
        cells: the cells.
    """

    cells: Cells

    def factors(self, points: np.ndarray) -> Factors:
        """The filters; they are no products.

        Args:
            points: the cells, shape ``(cells, d)``.

        Raises:
            ArgumentError: for other points.
        """
        if tuple(map(tuple, points.tolist())) != self.cells:
            raise ArgumentError("filters on the cells of a kernel are known at these cells only")
        values = np.zeros((self.size, len(points)))
        for ring, order, rows in self.blocks:
            values[rows] = self.filters(ring, order)
        return Factors.of(values)

    @abstractmethod
    def filters(self, ring: Any, order: Any) -> np.ndarray:
        """The filters of one ring and order.

        Args:
            ring: the ring.
            order: the order.

        Returns:
            shape ``(harmonics, cells)``.
        """


@dataclass(frozen=True)
class LaplacePower(Ring):
    """A power of the Laplacian, which takes the place of a ring: its radius is the exponent."""

    def attributes(self, order: Angular) -> dict[str, Any]:
        """What is known of the operators of one order of harmonics, by e2cnn's keys.

        Args:
            order: l.
        """
        power = int(self.radius)
        total = order + 2 * power  # type: ignore[operator]
        return {**super().attributes(order), "power": power, "frequency": order, "order": total}


@dataclass(frozen=True)
class DifferentialBasis(CellBasis):
    """Differential operators with the symbols |w|^(2 k) |w|^l Y_l(w / |w|), as filters on the cells of one kernel.

    Attributes:
        kernel: the number of cells along each axis in memory.
        smoothing: the width of the Gaussian, in distances of the cells; ``None`` for differences.
        radial: the name of the radial function; ``None`` for finite differences.
    """

    remedy: ClassVar[str] = "a greater maximum_order or maximum_power"

    kernel: tuple[int, ...]
    smoothing: float | None = None
    radial: str | None = None

    def filters(self, ring: Any, order: Any) -> np.ndarray:
        """The filters of one power of the Laplacian and one order of harmonics.

        Derivatives are by the distance of neighbouring cells, or by the width of the Gaussian.

        Args:
            ring: the power.
            order: the order of the harmonics.

        Returns:
            shape ``(harmonics, cells)``.
        """
        return _differences(self.kernel, self.smoothing, self.radial, int(ring.radius), order)


def differential_basis(
    kernel: tuple[int, ...],
    dilation: int,
    maximum_order: int,
    maximum_power: int | None = None,
    smoothing: float | None = None,
    radial: str | None = None,
) -> DifferentialBasis:
    """All differential operators up to some order, as filters on the cells of a kernel.

    Args:
        kernel: the number of cells along each axis in memory.
        dilation: the distance of neighbouring cells.
        maximum_order: the greatest order, which is less than the number of cells along each axis.
        maximum_power: the greatest power of the Laplacian that is split off; by default as great as can be.
        smoothing: the width of a Gaussian, in cells of the image.
        radial: the name of a radial function.
    """
    d = len(kernel)
    most = maximum_order // 2 if maximum_power is None else min(maximum_power, maximum_order // 2)
    powers = tuple(
        LaplacePower(float(power), 1.0, tuple(range(maximum_order - 2 * power + 1))) for power in range(most + 1)
    )
    cells = tuple(map(tuple, lattice_points(d, kernel, d * (float(dilation),)).tolist()))
    return DifferentialBasis(d, powers, cells, kernel, None if smoothing is None else smoothing / dilation, radial)


def _symbols(points: np.ndarray, power: int, order: int) -> np.ndarray:
    """The polynomials |x|^(2 power) |x|^l Y_l(x / |x|), shape ``(harmonics, points)``."""
    radii = np.sqrt((points**2).sum(axis=1))
    return harmonics(points / np.where(radii == 0, 1.0, radii)[:, None], order) * radii ** (order + 2 * power)


@remembered
def _axis_differences(cells: int) -> np.ndarray:
    """The finite differences for (d/dx)^a / a! on the cells along an axis, in row a.

    These are the rows of the inverse of the Vandermonde matrix, because their products with powers of x are 0 and 1.
    """
    reach = max((cells - 1) / 2, 0.5)
    orders = np.arange(cells)
    inverse = np.linalg.inv(np.vander((orders - (cells - 1) / 2) / reach, increasing=True))
    parity = (-1.0) ** orders[:, None]
    return (inverse + parity * inverse[:, ::-1]) / 2 / reach ** orders[:, None]


def _along_axes(matrices: list[np.ndarray], values: np.ndarray) -> np.ndarray:
    """A product with one matrix along each axis but the first."""
    for axis, matrix in enumerate(matrices, start=1):
        values = np.moveaxis(np.tensordot(matrix, values, axes=(1, axis)), 0, axis)
    return values


def _finite_differences(kernel: tuple[int, ...], symbols: np.ndarray, degree: int) -> np.ndarray:
    """The finite differences for homogeneous polynomials of which the values at the cells are given, ``(..., cells)``."""
    axes = [_axis_differences(cells) for cells in kernel]
    coefficients = _along_axes(axes, symbols.reshape(-1, *kernel))
    # What rounding makes of coefficients that are zero would grow with the differences of higher orders.
    coefficients = np.where(np.indices(kernel).sum(axis=0) == degree, coefficients, 0.0)
    factorials = [np.array([float(factorial(a)) for a in range(cells)]) for cells in kernel]
    weights = [(factor[:, None] * axis).T for factor, axis in zip(factorials, axes, strict=True)]
    return _along_axes(weights, coefficients).reshape(symbols.shape)


def _radial_derivative(name: str | None, times: int, half_squares: np.ndarray) -> np.ndarray:
    """Derivatives of a radial function by t = r^2 / 2; without a name of the Gaussian exp(-t)."""
    if name is None or name == "ga":
        rate = -1.0 if name is None else -2.0
        return rate**times * np.exp(rate * half_squares)
    exponent = RADIAL_FUNCTIONS[name]
    base = 1 + 2 * half_squares
    return 2.0**times * prod(exponent - i for i in range(times)) * base ** (exponent - times)  # type: ignore[operator]


def _derivatives(points: np.ndarray, name: str | None, power: int, order: int) -> np.ndarray:
    """What the differential operators make of a radial function f, at -x, shape ``(harmonics, points)``.

    With t = |x|^2 / 2 the Laplacian takes f to 2 t f'' + d f', and the solid harmonic H_l as an operator takes it to H_l(x) times
    the l-th derivative (Hobson, "The theory of spherical and ellipsoidal harmonics", 1931).
    """
    terms: dict[tuple[int, int], float] = {(0, 0): 1.0}  # coefficients of t^a f^(b)

    def differentiate(found: dict[tuple[int, int], float]) -> dict[tuple[int, int], float]:
        result: dict[tuple[int, int], float] = {}
        for (a, b), factor in found.items():
            result[a, b + 1] = result.get((a, b + 1), 0.0) + factor
            if a:
                result[a - 1, b] = result.get((a - 1, b), 0.0) + a * factor
        return result

    for _ in range(power):
        once = differentiate(terms)
        terms = {key: points.shape[1] * factor for key, factor in once.items()}
        for (a, b), factor in differentiate(once).items():
            terms[a + 1, b] = terms.get((a + 1, b), 0.0) + 2 * factor
    for _ in range(order):
        terms = differentiate(terms)
    half_squares = (points**2).sum(axis=1) / 2
    radial = sum(
        factor * half_squares**a * _radial_derivative(name, b, half_squares) for (a, b), factor in terms.items()
    )
    return (-1) ** order * _symbols(points, 0, order) * radial


@remembered
def _differences(
    kernel: tuple[int, ...], smoothing: float | None, radial: str | None, power: int, order: int
) -> np.ndarray:
    """The filters of one power of the Laplacian and one order of harmonics, shape ``(harmonics, cells)``."""
    points = lattice_points(len(kernel), kernel, len(kernel) * (1.0,))
    if smoothing is not None:
        found = _derivatives(points / smoothing, None, power, order)
    else:
        found = _finite_differences(kernel, _symbols(points, power, order), order + 2 * power)
    if radial is not None:
        half_squares = ((points[:, None] - points[None]) ** 2).sum(axis=2) / 2
        matrix = _radial_derivative(radial, 0, half_squares)
        exponents = np.indices(len(kernel) * (order + 2 * power + 1,)).reshape(len(kernel), -1).T
        exponents = exponents[exponents.sum(axis=1) <= order + 2 * power]
        monomials = (points[:, None] ** exponents).prod(axis=2)
        whole = np.block([[matrix, monomials], [monomials.T, np.zeros(2 * monomials.shape[1:])]])
        # Finite differences are exact for these monomials.
        wanted = np.concatenate([_derivatives(points, radial, power, order), found @ monomials], axis=1)
        found = np.linalg.solve(whole, wanted.T).T[:, : len(points)]
    found.flags.writeable = False
    return found
