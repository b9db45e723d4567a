"""Filters on the cells of a kernel whose responses to images are nearest to those of given functions.

A filter psi with cells x answers to the wave exp(i w x) with sum_x psi(x) exp(i w x). Taken at points, a ring times a harmonic
Y_l answers to some frequencies as other orders do, and then turns wrongly: that is the equivariance error of a layer. How much
depends on what the images hold. Here they are a random field with the isotropic spectrum S of natural images behind a lens, so
that two things can be computed:

- the filter nearest to a function phi, psi = C^-1 b with the covariance C(x, x') of the field at the cells, and its covariance
  b(x) with the integral of the field against phi (Gaussian-process quadrature: O'Hagan, "Bayes-Hermite quadrature", 1991);
- the error of any filters of order l: the part of the amplitude of their answers that is not g(|w|) Y_l(w / |w|), for the
  profile g that suits them best.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from scipy.special import gamma, jv

from intertwine.group.matrices.harmonics import harmonics
from intertwine.kernels.lattice import CellBasis, Cells
from intertwine.kernels.ring_functions import Ring, ScalarBasis
from intertwine.memory import remembered

_LENS = 0.5
"""The width of the Gaussian lens, in cells: that of a photograph in focus."""

_LONGEST_WAVE = 60.0
"""Waves that are longer, in cells, are no stronger than this one."""

_NOISE = 1e-4
"""The share of white noise in the energy of an image, for which filters are fitted."""

_NODES = 64
"""Nodes of each quadrature."""

_GREATEST = 2.5
"""The greatest frequency of the quadrature, over the greatest that the grid holds along an axis."""

_REACH = 6.0
"""A ring is negligible so many times its width away."""

_DIGITS = 9
"""Distances that agree to so many digits are equal."""


@dataclass(frozen=True)
class FittedBasis(CellBasis):
    """Rings times harmonics as the filters nearest to them on the cells of one kernel."""

    remedy: ClassVar[str] = "a larger kernel, a greater bound such as low_error=0.2"

    def filters(self, ring: Any, order: Any) -> np.ndarray:
        """The filters of one ring and order.

        Args:
            ring: the ring.
            order: the order.

        Returns:
            shape ``(harmonics, cells)``.
        """
        return _fitted(self.cells, ring.radius, ring.sigma, order)


def fitted_basis(scalars: ScalarBasis, cells: Cells, bound: float) -> FittedBasis:
    """Rings times harmonics as the filters nearest to them, without those that turn too wrongly.

    Args:
        scalars: rings with harmonics.
        cells: the cells of the kernel.
        bound: the greatest error of a filter; see :func:`turning_errors`.
    """
    basis = FittedBasis(scalars.dimension, scalars.rings, cells)
    errors = iter(turning_errors(basis, np.array(cells).reshape(len(cells), -1)))
    kept = [
        replace(ring, orders=tuple(order for order in ring.orders if next(errors) <= bound)) for ring in basis.rings
    ]
    return replace(basis, rings=tuple(ring for ring in kept if ring.orders))


def turning_errors(scalars: ScalarBasis, points: np.ndarray) -> list[float]:
    """For each ring and order, how much of its filters' answers to natural images turns wrongly, between 0 and 1.

    Args:
        scalars: rings with harmonics, fitted or taken at points.
        points: the cells of the kernel, shape ``(cells, d)``.
    """
    values = scalars.evaluate(points)
    return [turning_error(values[block.where], points, block.order) for block in scalars.blocks]  # type: ignore[arg-type]


def turning_error(filters: np.ndarray, points: np.ndarray, order: int) -> float:
    """How much of the answers of filters to natural images turns wrongly: the amplitude of it over that of all.

    Args:
        filters: one for each harmonic of the order, shape ``(harmonics, cells)``.
        points: the cells, shape ``(cells, d)``.
        order: l.
    """
    angular, shells, shell_of = _angular(points, order)
    waves, energy = _shell_waves(points.shape[1], order, tuple(shells.tolist()))
    # Correlations with the functions g Y_l of one frequency |w| each; the best profile g is the field's own answer to them.
    moments = np.zeros(len(shells))
    np.add.at(moments, shell_of, (filters * angular).sum(axis=0))
    right = float(((moments @ waves) ** 2 * energy).sum()) / len(filters)
    covariance = _covariance(tuple(map(tuple, points.tolist())))[0]
    whole = float((filters @ covariance * filters).sum())
    return float(np.sqrt(max(0.0, 1 - right / whole))) if whole > 0 else 0.0


def _wave(dimension: int, order: int, z: np.ndarray) -> np.ndarray:
    """The radial part of a plane wave: exp(i w x) = sum_l i^l wave_l(|w| |x|) sum_m Y_lm Y_lm, for Y of mean square 1."""
    shift = dimension / 2 - 1
    at_zero = z < 1e-9
    safe = np.where(at_zero, 1.0, z)
    values = gamma(dimension / 2) * (2 / safe) ** shift * jv(order + shift, safe)
    return np.where(at_zero, float(order == 0), values)


@remembered
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)


@remembered
def _spectrum(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, and the energy of images at each, of sum 1.

    Natural images have about the same energy in each octave (Field, "Relations between the statistics of natural images and
    the response properties of cortical cells", 1987).
    """
    nodes, weights = _nodes()
    frequencies = (nodes + 1) * _GREATEST * np.pi / 2
    slope = (frequencies**2 + (2 * np.pi / _LONGEST_WAVE) ** 2) ** (-dimension / 2)
    energy = weights * frequencies ** (dimension - 1) * slope * np.exp(-((_LENS * frequencies) ** 2))
    return frequencies, energy / energy.sum()


def _waves(dimension: int, order: int, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The radial parts of waves at some radii, shape ``(radii, frequencies)``, and the energy at the frequencies."""
    frequencies, energy = _spectrum(dimension)
    return _wave(dimension, order, radii[:, None] * frequencies), energy


@remembered
def _shell_waves(dimension: int, order: int, shells: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    # all rings of a kernel meet the same shells of cells, where Bessel functions are what takes the time
    return _waves(dimension, order, np.array(shells))


def _angular(points: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Harmonics of mean square 1 at the cells, the radii that occur, and the number of that of each cell."""
    radii = np.round(np.sqrt((points**2).sum(axis=1)), _DIGITS)
    shells, shell_of = np.unique(radii, return_inverse=True)
    values = harmonics(points / np.where(radii == 0, 1.0, radii)[:, None], order)
    if order:
        values = np.where(radii == 0, 0.0, values)
    return np.sqrt(len(values)) * values, shells, shell_of


@remembered
def _covariance(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """The covariance of images at the cells, and its inverse once there is noise."""
    points = np.array(cells)
    distances = np.round(np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)), _DIGITS)
    found, where = np.unique(distances, return_inverse=True)
    waves, energy = _waves(points.shape[1], 0, found)
    covariance = (waves @ energy)[where.reshape(distances.shape)]
    return covariance, np.linalg.inv(covariance + _NOISE * np.eye(len(points)))


@remembered
def _fitted(cells: Cells, radius: float, sigma: float, order: int) -> np.ndarray:
    """The filters nearest to a ring times the harmonics of one order, shape ``(harmonics, cells)``."""
    points = np.array(cells)
    dimension = points.shape[1]
    if radius == 0 and sigma < 1 / _REACH:
        # The ring lies within one cell, whose value determines it.
        return ScalarBasis(dimension, (Ring(radius, sigma, (order,)),)).evaluate(points)
    angular, shells, shell_of = _angular(points, order)
    nodes, weights = _nodes()
    start, stop = max(0.0, radius - _REACH * sigma), radius + _REACH * sigma
    places = start + (nodes + 1) * (stop - start) / 2
    ring = weights * places ** (dimension - 1) * np.exp(-0.5 * ((places - radius) / sigma) ** 2)
    ring_waves, energy = _waves(dimension, order, places)
    waves, _ = _shell_waves(dimension, order, tuple(shells.tolist()))
    moments = (waves * (energy * (ring @ ring_waves))).sum(axis=1)
    filters = (angular * moments[shell_of]) @ _covariance(cells)[1]
    filters.flags.writeable = False
    return filters
