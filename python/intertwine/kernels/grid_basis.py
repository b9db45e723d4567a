"""Scalar functions that a grid can turn: filters fitted to the photographs and volumes that they will meet.

A function of a ring and a harmonic is known at the cells of a kernel only. Taken at points, it answers to frequencies that it
should not see, and differently for the turned image: that is the equivariance error of a layer. Here the filters are chosen for
the least error instead. Images are seen as a random field with an isotropic spectrum S, that of natural images behind a lens;
a filter psi with cells x answers to the wave exp(i w x) with sum_x psi(x) exp(i w x), and should answer with g(|w|) Y_l(w / |w|).

- For a given profile g, the best filters of the grid are psi = C^-1 (Y_l u), with the covariance C(x, x') of the field and the
  moments u(|x|) of g: least squares, or Gaussian-process quadrature (O'Hagan, "Bayes-Hermite quadrature", 1991).
- The profiles are those for which these filters miss the least: the eigenvectors of G^1/2 Q G^1/2, where G are the energies of
  profiles, and Q the energies of their filters. One minus an eigenvalue is the part of the energy that turns wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import gamma, jv

from intertwine.errors import ArgumentError
from intertwine.group.harmonics import harmonics, largest_order
from intertwine.group.representation import block_diagonal
from intertwine.kernels.scalar import Ring, ScalarBasis

Cells = tuple[tuple[float, ...], ...]

_LENS = 0.5
"""The width of the Gaussian lens, in cells: that of a photograph in focus."""

_LONGEST_WAVE = 60.0
"""Waves that are longer, in cells, are no stronger than this one."""

_NOISE = 1e-4
"""The share of white noise in the energy of an image."""

_NODES = 128
"""Nodes of the quadrature over frequencies, of which the greatest is so many times the grid's own:"""
_GREATEST = 3.0

_NEAR = 1e-6
"""Radii, and lengths in the choice of a basis, that differ by less are equal."""


@dataclass(frozen=True)
class Profile(Ring):
    """A radial profile of one order; ``radius`` and ``sigma`` are where the energy of its filters lies.

    Attributes:
        number: which of the profiles of its order it is.
        error: the part of the amplitude of its answers that turns wrongly, for the spectrum assumed.
    """

    number: int
    error: float


@dataclass(frozen=True)
class GridBasis(ScalarBasis):
    """Functions known at the cells of a kernel alone, where they turn with the least error.

    Attributes:
        cells: the cells.
        low_error: the greatest error of a function.
    """

    cells: Cells
    low_error: float

    def evaluate(self, points: np.ndarray) -> np.ndarray:
        """The functions at the cells.

        Args:
            points: the cells, shape ``(cells, d)``.

        Returns:
            shape ``(size, cells)``.

        Raises:
            ArgumentError: for other points, of which nothing is known.
        """
        if tuple(map(tuple, points.tolist())) != self.cells:
            raise ArgumentError("filters with low_error are known at the cells of their kernel only")
        values = np.zeros((self.size, len(points)))
        for ring, order, rows in self.blocks:
            if isinstance(ring, Profile) and isinstance(order, int):
                values[rows] = _order(self.cells, self.low_error, order)[1][ring.number]
        return values

    def carried(self, matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The functions phi(A^-1 x) at the cells, by how they turn."""
        return block_diagonal(self.action(matrix.T)) @ self.evaluate(points)


def _wave(dimension: int, order: int, z: np.ndarray) -> np.ndarray:
    """The radial part of a plane wave: exp(i w x) = sum_l i^l wave_l(|w| |x|) sum_m Y_lm Y_lm, for Y of mean square 1."""
    shift = dimension / 2 - 1
    safe = np.where(z < _NEAR, 1.0, z)
    values = gamma(dimension / 2) * (2 / safe) ** shift * jv(order + shift, safe)
    return np.where(z < _NEAR, float(order == 0), values)


@lru_cache(maxsize=4)
def _spectrum(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and the energy of images at each, of sum 1.

    Natural images have about the same energy in each octave (Field, "Relations between the statistics of natural images and
    the response properties of cortical cells", 1987).
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    greatest = _GREATEST * np.pi
    frequencies = (nodes + 1) * greatest / 2
    slope = (frequencies**2 + (2 * np.pi / _LONGEST_WAVE) ** 2) ** (-dimension / 2)
    energy = weights * frequencies ** (dimension - 1) * slope * np.exp(-((_LENS * frequencies) ** 2))
    return frequencies, energy / energy.sum()


@lru_cache(maxsize=64)
def _inverse_covariance(cells: Cells) -> np.ndarray:
    points = np.array(cells)
    frequencies, energy = _spectrum(points.shape[1])
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    found, where = np.unique(np.round(distances, 9), return_inverse=True)
    values = _wave(points.shape[1], 0, found[:, None] * frequencies) @ energy
    return np.linalg.inv(values[where.reshape(distances.shape)] + _NOISE * np.eye(len(points)))


@lru_cache(maxsize=512)
def _order(cells: Cells, low_error: float, order: int) -> tuple[tuple[Profile, ...], np.ndarray]:
    """The profiles of one order and their filters, shape ``(profiles, harmonics, cells)``."""
    points = np.array(cells)
    radii = np.sqrt((points**2).sum(axis=1))
    frequencies, energy = _spectrum(points.shape[1])
    directions = points / np.where(radii < _NEAR, 1.0, radii)[:, None]
    angular = harmonics(directions, order) * np.where((radii < _NEAR) & (order > 0), 0.0, 1.0)
    shells, shell_of = np.unique(np.round(radii, 9), return_inverse=True)
    waves = _wave(points.shape[1], order, shells[:, None] * frequencies)
    values, vectors = np.linalg.eigh((waves * energy) @ waves.T)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    spread = angular[:, :, None] * root[shell_of][None]  # (harmonics, cells, shells)
    fitted = np.einsum("xy,mys->mxs", _inverse_covariance(cells), spread)
    captured = np.einsum("mxs,mxt->st", spread, fitted)
    values, vectors = np.linalg.eigh((captured + captured.T) / 2)
    kept = vectors[:, values >= 1 - low_error**2]
    chosen = _canonical(kept @ kept.T, kept.shape[1])
    filters = np.einsum("mxs,ns->nmx", fitted, chosen)
    errors = np.sqrt(np.clip(1 - np.einsum("ns,st,nt->n", chosen, captured, chosen), 0.0, None))
    weights = (filters**2).sum(axis=1)
    weights /= weights.sum(axis=1, keepdims=True)
    means = weights @ radii
    widths = np.sqrt(np.clip(weights @ radii**2 - means**2, 0.0, None))
    profiles = tuple(
        Profile(float(mean), float(width), (order,), number, float(error))
        for number, (mean, width, error) in enumerate(zip(means, widths, errors, strict=True))
    )
    filters.flags.writeable = False
    return profiles, filters


def _canonical(projector: np.ndarray, count: int) -> np.ndarray:
    """An orthonormal basis of the image of a projector, each vector as near to one axis as can be, shape ``(count, n)``."""
    rest = projector.copy()
    found = []
    for _ in range(count):
        lengths = np.diag(rest)
        axis = int(np.flatnonzero(lengths >= lengths.max() - _NEAR)[0])
        vector = rest[axis] / np.sqrt(lengths[axis])
        rest = rest - np.outer(vector, vector)
        found.append((axis, vector))
    return np.array([vector for _, vector in sorted(found, key=lambda one: one[0])]).reshape(count, len(projector))


@lru_cache(maxsize=64)
def grid_basis(cells: Cells, low_error: float) -> GridBasis:
    """The filters of a kernel that the grid can turn with an error below a bound.

    Args:
        cells: the cells of the kernel.
        low_error: the greatest part of the amplitude of a filter's answers that may turn wrongly.
    """
    dimension = len(cells[0])
    last = largest_order(dimension)
    rings: list[Ring] = []
    order = 0
    while last is None or order <= last:
        profiles = _order(cells, low_error, order)[0]
        if not profiles:
            break
        rings += profiles
        order += 1
    return GridBasis(dimension, tuple(rings), cells, low_error)
