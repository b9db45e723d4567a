"""Harmonics, their action, and the cells of a kernel."""

import numpy as np
import pytest

from intertwine.errors import IntertwineError
from intertwine.group.matrices.harmonics import harmonic_action, harmonic_size, harmonics
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.ring_functions import scalar_basis


def orthogonal(seed: int, d: int = 2) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))[0]


@pytest.mark.parametrize("order", range(7))
def test_harmonics_are_cosines_and_sines(order):
    angles = np.linspace(0, 2 * np.pi, 13)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    values = harmonics(directions, order)
    expected = [np.cos(order * angles)] + ([np.sin(order * angles)] if order else [])
    np.testing.assert_allclose(values, expected, atol=1e-12)
    assert len(values) == harmonic_size(2, order)


@pytest.mark.parametrize("order", range(7))
@pytest.mark.parametrize("seed", range(4))
def test_harmonics_turn_with_their_matrices(order, seed):
    A, B = orthogonal(seed), orthogonal(seed + 10)
    u = np.random.default_rng(seed).standard_normal((9, 2))
    u /= np.linalg.norm(u, axis=1)[:, None]
    D = harmonic_action(A, order)
    np.testing.assert_allclose(harmonics(u @ A.T, order), D @ harmonics(u, order), atol=1e-12)
    np.testing.assert_allclose(D @ D.T, np.eye(len(D)), atol=1e-12)
    np.testing.assert_allclose(harmonic_action(A @ B, order), D @ harmonic_action(B, order), atol=1e-12)


@pytest.mark.parametrize("order", range(5))
def test_quarter_turns_are_exact(order):
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert set(np.unique(harmonic_action(quarter, order))) <= {-1.0, 0.0, 1.0}


def test_harmonics_on_the_line():
    points = np.array([[1.0], [-1.0]])
    assert harmonics(points, 0).tolist() == [[1.0, 1.0]]
    assert harmonics(points, 1).tolist() == [[1.0, -1.0]]
    assert harmonic_action(np.array([[-1.0]]), 1).tolist() == [[-1.0]]


@pytest.mark.parametrize(("dimension", "order"), [(2, -1), (1, 2), (1, -1)])
def test_there_are_no_other_harmonics(dimension, order):
    with pytest.raises(IntertwineError):
        harmonic_size(dimension, order)


def test_cells_are_listed_as_they_lie_in_memory():
    points = lattice_points(2, (3, 3), (1, 1))
    assert points[0].tolist() == [-1, 1]  # the first row is the upper one
    assert points[2].tolist() == [1, 1]
    assert points[4].tolist() == [0, 0]
    assert points[8].tolist() == [1, -1]
    assert lattice_points(2, (2, 2), (3, 3))[0].tolist() == [-1.5, 1.5]


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 7])
def test_scalar_functions_turn_with_their_matrices(kernel_size):
    basis = scalar_basis(2, kernel_size)
    points = np.random.default_rng(0).standard_normal((20, 2)) * kernel_size / 3
    values = basis.evaluate(points)
    assert values.shape == (basis.size, 20)
    for seed in range(3):
        A = orthogonal(seed)
        turned = basis.evaluate(points @ A.T)
        for (_, _, rows), D in zip(basis.blocks, basis.action(A)):
            np.testing.assert_allclose(turned[rows], D @ values[rows], atol=1e-12)


def test_only_order_zero_lives_at_the_origin():
    basis = scalar_basis(2, 5, frequencies_cutoff=3.0)
    values = basis.evaluate(np.zeros((1, 2)))
    for _, order, rows in basis.blocks:
        if order:
            assert not values[rows].any()


def test_norms_are_one_number_for_each_ring_and_order():
    basis = scalar_basis(2, 5)
    norms = basis.norms(lattice_points(2, (5, 5), (1, 1)))
    for _, _, rows in basis.blocks:
        assert np.ptp(norms[rows]) < 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_functions_on_the_cells_of_a_kernel_are_seen(seed):
    points = lattice_points(2, (5, 5), (1, 1))
    basis = scalar_basis(2, 5, rings=[0.0, 0.5, 2.0], sigma=[0.005, 0.005, 0.4]).without_vanishing(points)
    assert [ring.radius for ring in basis.rings] == [0.0, 2.0]
    assert np.sqrt((basis.evaluate(points) ** 2).sum(axis=1)).min() > 1e-6


@pytest.mark.parametrize(
    "settings",
    [
        {"rings": [5.0]},
        {"rings": [-1.0]},
        {"rings": [1.0], "sigma": [0.0]},
        {"rings": [1.0], "sigma": [0.5, 0.5]},
        {"sigma": -1.0},
        {"rings": [float("nan")]},
        {"sigma": float("nan")},
        {"frequencies_cutoff": "many"},
        {"rings": "all"},
    ],
    ids=str,
)
def test_bad_settings_are_refused(settings):
    with pytest.raises(IntertwineError):
        scalar_basis(2, 3, **settings)
