"""Filters fitted to the cells of a kernel, and how wrongly filters turn: against waves summed one by one."""

import itertools

import numpy as np
import pytest

from intertwine.errors import ArgumentError
from intertwine.group.matrices.harmonics import harmonics
from intertwine.kernels import Ring, ScalarBasis, fitted_basis, scalar_basis, turning_error, turning_errors
from intertwine.kernels.lattice import lattice_points

KERNELS = [(1, 3), (2, 3), (2, 4), (2, 5), (2, 7), (3, 3), (3, 5)]


def points_of(dimension, kernel_size):
    return lattice_points(dimension, dimension * (kernel_size,), dimension * (1,))


def fitted(dimension, kernel_size, bound=1.0, scalars=None):
    cells = tuple(map(tuple, points_of(dimension, kernel_size).tolist()))
    return fitted_basis(scalars or scalar_basis(dimension, kernel_size), cells, bound)


def lattice_matrices(dimension):
    for order in itertools.permutations(range(dimension)):
        for signs in itertools.product((-1.0, 1.0), repeat=dimension):
            yield np.diag(signs)[list(order)]


def natural_waves(dimension, count=6000, lens=0.5, seed=0):
    """Waves whose energies are those of natural images behind a lens, with directions spread over the sphere."""
    rng = np.random.default_rng(seed)
    length = 0.005 * np.exp((np.arange(count) + rng.uniform(size=count)) / count * np.log(500 * np.pi))
    direction = rng.standard_normal((count, dimension))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    slope = (length**2 + (2 * np.pi / 60) ** 2) ** (-dimension / 2)
    energy = length**dimension * slope * np.exp(-((lens * length) ** 2))
    return length, direction, energy / energy.sum()


@pytest.mark.parametrize(("dimension", "kernel_size"), KERNELS)
def test_fitted_filters_turn_exactly_on_the_lattice(dimension, kernel_size):
    points = points_of(dimension, kernel_size)
    basis = fitted(dimension, kernel_size)
    values = basis.evaluate(points)
    for matrix in lattice_matrices(dimension):
        moved = [np.flatnonzero(np.abs(points - x).sum(axis=1) < 1e-9)[0] for x in points @ matrix.T]
        for (_, _, rows), D in zip(basis.blocks, basis.action(matrix), strict=True):
            np.testing.assert_allclose(values[rows][:, moved], D @ values[rows], atol=1e-12)


@pytest.mark.parametrize(("dimension", "kernel_size"), [(2, 3), (2, 5), (3, 3)])
def test_fitted_filters_answer_to_waves_as_their_functions(dimension, kernel_size):
    """Least squares: no other filter misses the integral of the function against natural images by less."""
    points = points_of(dimension, kernel_size)
    basis = fitted(dimension, kernel_size)
    rng = np.random.default_rng(1)
    length, direction, energy = natural_waves(dimension)
    seen = np.exp(1j * (length[:, None] * direction) @ points.T)  # (waves, cells)
    ring, order, rows = basis.blocks[-1]
    fine = np.arange(-5, 5.001, 0.25) if dimension == 2 else np.arange(-4, 4.001, 0.4)
    where = np.stack(np.meshgrid(*dimension * [fine], indexing="ij"), axis=-1).reshape(-1, dimension)
    function = ScalarBasis(dimension, (Ring(ring.radius, ring.sigma, (order,)),)).evaluate(where)[0]
    kept = np.abs(function) > 1e-8 * np.abs(function).max()
    wanted = np.concatenate(
        [
            np.exp(1j * (part @ where[kept].T)) @ function[kept]
            for part in np.array_split(length[:, None] * direction, 20)
        ]
    )
    filters = basis.evaluate(points)[rows][0]
    filters = (
        filters
        * float((energy * (seen @ filters).conj() * wanted).sum().real)
        / float((energy * np.abs(seen @ filters) ** 2).sum())
    )

    def miss(psi):
        return float((energy * np.abs(seen @ psi - wanted) ** 2).sum())

    whole = float((energy * np.abs(wanted) ** 2).sum())
    assert miss(filters) < 0.1 * whole
    for _ in range(10):
        other = filters + 0.1 * np.linalg.norm(filters) * rng.standard_normal(len(filters)) / np.sqrt(len(filters))
        assert miss(other) > miss(filters)


@pytest.mark.parametrize("sampled", [False, True], ids=["fitted", "points"])
@pytest.mark.parametrize(("dimension", "kernel_size"), [(2, 3), (2, 5), (3, 3)])
def test_turning_errors_are_those_of_waves(dimension, kernel_size, sampled):
    """The part of the answers to many waves that no profile times the harmonics explains, by regression on radii."""
    points = points_of(dimension, kernel_size)
    basis = scalar_basis(dimension, kernel_size) if sampled else fitted(dimension, kernel_size)
    length, direction, energy = natural_waves(dimension, count=40_000)
    for (_, order, rows), found in zip(basis.blocks, turning_errors(basis, points), strict=True):
        filters = basis.evaluate(points)[rows]
        angular = harmonics(direction, order)
        answers = (filters @ np.exp(1j * points @ (length[:, None] * direction).T)) * (-1j) ** order
        right = 0.0
        for here in np.array_split(np.argsort(length), 400):
            e = energy[here]
            overlap = (e * (answers[:, here] * angular[:, here])).sum()
            right += abs(overlap) ** 2 / (e * (angular[:, here] ** 2)).sum()
        whole = (energy * np.abs(answers) ** 2).sum()
        expected = np.sqrt(max(0.0, 1 - right / whole))
        assert abs(found - expected) < 0.01 + 0.05 * expected, (order, found, expected)


def test_fitting_turns_high_orders_more_exactly():
    for dimension, kernel_size in ((2, 3), (2, 5), (2, 7), (3, 3), (3, 5)):
        points = points_of(dimension, kernel_size)
        scalars = scalar_basis(dimension, kernel_size)
        at_points = turning_errors(scalars, points)
        best = turning_errors(fitted(dimension, kernel_size), points)
        for (_, order, _), before, after in zip(scalars.blocks, at_points, best, strict=True):
            assert after < before + 0.003
            if order == 2:
                assert after < 0.9 * before


def test_the_origin_and_exact_filters_have_no_error():
    points = points_of(2, 5)
    basis = fitted(2, 5)
    np.testing.assert_allclose(basis.evaluate(points)[0], np.all(points == 0, axis=1), atol=1e-12)
    assert turning_errors(basis, points)[0] < 1e-6
    wide = points_of(2, 15)
    gauss = np.exp(-(wide**2).sum(axis=1) / (2 * 1.5**2))[None]
    assert turning_error(gauss, wide, 0) < 2e-3  # the lens lets a little of each frequency through
    assert turning_error(np.stack([wide[:, 0], wide[:, 1]]) * gauss, wide, 1) < 0.01
    skew = np.stack([wide[:, 0], 0 * wide[:, 1]]) * gauss
    assert turning_error(skew, wide, 1) > 0.5


@pytest.mark.parametrize("bound", [0.2, 0.1, 0.05, 0.02])
def test_no_filter_is_beyond_the_bound(bound):
    for dimension, kernel_size in KERNELS:
        points = points_of(dimension, kernel_size)
        basis = fitted(dimension, kernel_size, bound)
        assert max(turning_errors(basis, points), default=0.0) <= bound
        assert basis.size <= scalar_basis(dimension, kernel_size).size
    kept = {bound: fitted(2, 3, bound).size for bound in (0.2, 0.1, 0.02)}
    assert kept == {0.2: 6, 0.1: 4, 0.02: 2}


def test_fitted_filters_are_known_at_their_cells_only():
    basis = fitted(2, 3)
    with pytest.raises(ArgumentError, match="cells"):
        basis.evaluate(points_of(2, 3) + 0.25)


def test_parts_of_a_fitted_basis_keep_its_filters():
    points = points_of(2, 5)
    basis = fitted(2, 5)
    low = basis.filtered(lambda attributes: attributes["irrep:frequency"] < 2)
    rows = [n for _, order, where in basis.blocks if order < 2 for n in range(where.start, where.stop)]
    np.testing.assert_array_equal(low.evaluate(points), basis.evaluate(points)[rows])
    assert basis.without_vanishing(points).size == basis.size
