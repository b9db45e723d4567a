"""The groups of space against independent sources: scipy's harmonics and rotations, polynomials, and Lie's solver."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.special import sph_harm_y

from intertwine.errors import IntertwineError
from intertwine.group import (
    cyclic_group,
    dicyclic_group,
    dihedral_group,
    direct_product,
    double_group,
    full_octa_group,
    ico_group,
    intertwiners,
    o3_group,
    octa_group,
    so2_group,
    so3_group,
)
from intertwine.group.matrices.clebsch_gordan import real_coupling
from intertwine.group.matrices.harmonics import harmonic_action, harmonic_lie, harmonics, sphere_quadrature
from intertwine.group.matrices.rotations import ROTATION_PARAMETRIZATIONS

ORDERS = range(13)


def scipys_harmonics(directions, order):
    """Real harmonics from scipy's complex ones, in our order and scale."""
    polar, azimuth = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    scale = np.sqrt(4 * np.pi / (2 * order + 1))
    rows = []
    for m in range(order, 0, -1):
        value = (-1) ** m * np.sqrt(2) * scale * sph_harm_y(order, m, polar, azimuth)
        rows += [value.real, value.imag]
    rows.append(scale * sph_harm_y(order, 0, polar, azimuth).real)
    return np.array(rows)


def directions(n=20, seed=0):
    points = np.random.default_rng(seed).standard_normal((n, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("order", ORDERS)
def test_harmonics_are_scipys(order):
    points = directions()
    np.testing.assert_allclose(harmonics(points, order), scipys_harmonics(points, order), atol=1e-12)
    np.testing.assert_allclose((harmonics(points, order) ** 2).sum(axis=0), 1, atol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_wigner_matrices_move_scipys_harmonics(order):
    points = directions()
    for rotation in Rotation.random(3, rng=1).as_matrix():
        for matrix in (rotation, -rotation):
            moved = harmonic_action(matrix, order)
            expected = scipys_harmonics(points @ matrix.T, order)
            np.testing.assert_allclose(moved @ scipys_harmonics(points, order), expected, atol=1e-12)
    psi = so3_group().irrep(order)
    g = so3_group().element(rotation, "MAT")
    np.testing.assert_allclose(
        psi(g) @ scipys_harmonics(points, order), scipys_harmonics(points @ rotation.T, order), atol=1e-12
    )


@pytest.mark.parametrize("order", ORDERS)
def test_wigner_matrices_are_homomorphisms(order):
    a, b = Rotation.random(2, rng=2).as_matrix()
    A, B = harmonic_action(a, order), harmonic_action(b, order)
    np.testing.assert_allclose(A @ B, harmonic_action(a @ b, order), atol=1e-12)
    np.testing.assert_allclose(A @ A.T, np.eye(2 * order + 1), atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_lie_algebra_closes(order):
    x, y, z = so3_group().irrep(order).lie_matrices
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
        np.testing.assert_allclose(a @ b - b @ a, c, atol=1e-11)
    np.testing.assert_allclose(x @ x + y @ y + z @ z, -order * (order + 1) * np.eye(2 * order + 1), atol=1e-10)
    skew = np.random.default_rng(0).standard_normal((1, 3, 3))
    skew = skew - skew.swapaxes(1, 2)
    step = 1e-6
    turned = Rotation.from_rotvec(step * np.array([skew[0, 2, 1], skew[0, 0, 2], skew[0, 1, 0]])).as_matrix()
    derivative = (harmonic_action(turned, order) - harmonic_action(turned.T, order)) / (2 * step)
    np.testing.assert_allclose(harmonic_lie(skew, order)[0], derivative, atol=1e-7)


@pytest.mark.parametrize("degree", [0, 1, 2, 5, 8, 13])
def test_quadrature_of_the_sphere(degree):
    points, weights = sphere_quadrature(degree)
    for powers in itertools.product(range(degree + 1), repeat=3):
        if sum(powers) <= degree:
            mean = weights @ np.prod(points**powers, axis=1)
            expected = 0.0
            if not any(p % 2 for p in powers):
                # Folland, "How to integrate a polynomial over a sphere", 2001.
                double = [np.prod(np.arange(p - 1, 0, -2, dtype=float)) for p in powers]
                expected = np.prod(double) / np.prod(np.arange(sum(powers) + 1, 0, -2, dtype=float))
            assert mean == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("triple", list(itertools.product(range(4), repeat=3)), ids=str)
def test_clebsch_gordan_in_closed_form_is_the_solvers(triple):
    a, b, c = (so3_group().irrep(l) for l in triple)
    lie = np.stack(
        [np.kron(x, np.eye(b.size)) + np.kron(np.eye(a.size), y) for x, y in zip(a.lie_matrices, b.lie_matrices)]
    )
    solved = intertwiners(np.zeros((0, *lie.shape[1:])), np.zeros((0, c.size, c.size)), a_lie=lie, b_lie=c.lie_matrices)
    closed = real_coupling(*triple)
    assert len(closed) == (abs(triple[0] - triple[1]) <= triple[2] <= triple[0] + triple[1])
    np.testing.assert_allclose(closed, solved.reshape(closed.shape), atol=1e-12)


@pytest.mark.parametrize("triple", [(6, 5, 9), (12, 12, 12), (8, 4, 12)], ids=str)
def test_clebsch_gordan_of_high_frequency(triple):
    a, b, c = (so3_group().irrep(l) for l in triple)
    tensor = real_coupling(*triple)[0]
    assert np.linalg.norm(tensor) == pytest.approx(1)
    for g in (so3_group().element([0.3, 1.0, -0.4], "EV"), so3_group().element([0.0, 0.0, 2.0], "EV")):
        moved = np.einsum("kc,cnm->knm", c(g), tensor)
        np.testing.assert_allclose(np.einsum("kab,an,bm->knm", tensor, a(g), b(g)), moved, atol=1e-12)


@pytest.mark.parametrize("param", ROTATION_PARAMETRIZATIONS)
def test_parametrisations_are_scipys(param):
    for rotation in Rotation.random(5, rng=3):
        g = so3_group().element(rotation.as_quat(), "Q")
        np.testing.assert_allclose(so3_group().irrep(1)(g), rotation.as_matrix(), atol=1e-14)
        back = so3_group().element(g.to(param), param)
        assert back == g
        if len(param) == 3 and param != "MAT":
            np.testing.assert_allclose(
                Rotation.from_euler(param, g.to(param)).as_matrix(), rotation.as_matrix(), atol=1e-12
            )


def test_the_vector_is_x_y_z():
    quarter = so3_group().element([0, 0, np.pi / 2], "EV")
    np.testing.assert_array_equal(so3_group().irrep(1)(quarter), [[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert so3_group().standard_representation() == so3_group().irrep(1)
    assert o3_group().standard_representation() == o3_group().irrep(1, 1)
    np.testing.assert_array_equal(o3_group().irrep(1, 1)(o3_group().inversion), -np.eye(3))
    np.testing.assert_array_equal(o3_group().irrep(0, 1)(o3_group().inversion), np.eye(3))
    for G in (octa_group(), ico_group()):
        for g in G.elements:
            np.testing.assert_allclose(G.irrep(1)(g), g.to("MAT"), atol=0)


def test_solids_carry_their_corners_to_corners():
    golden = (1 + np.sqrt(5)) / 2
    cube = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    corners = [np.roll([golden * a, 0.0, b], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)]
    for G, points in ((octa_group(), cube), (ico_group(), np.array(corners))):
        for g in G.elements:
            moved = points @ g.to("MAT").T
            assert np.abs(moved[:, None] - points[None]).max(axis=2).min(axis=1).max() < 1e-12
        assert len({tuple(np.round(g.to("MAT"), 9).ravel()) for g in G.elements}) == G.order()


def test_figures_of_the_solids_are_permuted():
    """The character counts the corners, faces and edges that an element leaves in place."""
    cube, ico = octa_group(), ico_group()
    figures = {
        "cube_vertices_representation": list(itertools.product([-1, 1], repeat=3)),
        "cube_faces_representation": [s * e for e in np.eye(3) for s in (-1, 1)],
        "cube_edges_representation": [p for p in itertools.product([-1, 0, 1], repeat=3) if np.abs(p).sum() == 2],
    }
    for name, points in figures.items():
        rho = getattr(cube, name)
        assert rho.size == len(points)
        for g in cube.elements:
            fixed = sum(np.allclose(g.to("MAT") @ p, p) for p in points)
            assert rho.character(g) == fixed
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array([np.roll([golden * a, 0.0, b], k) for k in range(3) for a in (-1, 1) for b in (-1, 1)])
    for g in ico.elements:
        fixed = sum(np.allclose(g.to("MAT") @ p, p) for p in corners)
        assert ico.ico_vertices_representation.character(g) == fixed
    assert [ico.ico_faces_representation.size, ico.ico_edges_representation.size] == [20, 30]


def test_irreps_of_the_solids_are_those_that_they_say():
    cube = octa_group()
    for g in cube.elements:
        x, y, z = g.to("MAT") @ np.array([0.3, 0.5, 0.7])
        assert cube.irrep(3)(g)[0, 0] * 0.3 * 0.5 * 0.7 == pytest.approx(x * y * z)
        first = np.array([0.3**2 - 0.5**2, (2 * 0.7**2 - 0.3**2 - 0.5**2) / np.sqrt(3)])
        np.testing.assert_allclose(
            cube.irrep(2)(g) @ first, [x * x - y * y, (2 * z * z - x * x - y * y) / np.sqrt(3)], atol=1e-12
        )
    for G in (cube, ico_group()):
        third = so3_group().irrep(3).restrict("octa" if G is cube else "ico")
        assert third.irreps == ([(1,), (-1,), (3,)] if G is cube else [(3,), (4,)])


def test_products_of_irreps_fall_apart_as_their_types_say():
    C3, Q8, D3 = cyclic_group(3), dicyclic_group(2), dihedral_group(3)
    quaternionic = next(psi for psi in Q8.irreps() if psi.type == "H")
    assert [psi.type for psi in direct_product(C3, C3).irreps()] == ["R", "C", "C", "C", "C"]
    for G in (direct_product(C3, C3), direct_product(C3, Q8), direct_product(Q8, Q8), double_group(D3)):
        types = {"R": 1, "C": 2, "H": 4}
        assert sum(psi.size**2 // types[psi.type] for psi in G.irreps()) == G.order()
        for psi in G.irreps():
            products = np.einsum("aij,bjk->abik", psi.matrices, psi.matrices)
            np.testing.assert_allclose(products, psi.matrices[G.table], atol=1e-12)
            assert len(psi.endomorphism_basis()) == types[psi.type]
            assert (psi.characters**2).mean() == pytest.approx(types[psi.type])
    both = direct_product(Q8, Q8).irrep(quaternionic.id, quaternionic.id)
    assert (both.size, both.type) == (4, "R")
    mixed = direct_product(C3, Q8).irrep((1,), quaternionic.id)
    assert (mixed.size, mixed.type) == (4, "C")
    # The part 0 has the sum of the frequencies: restricted to the pairs (g, g) of C7 it has frequency 2 + 1.
    C7 = double_group(cyclic_group(7))
    assert C7.irrep((2,), (1,), 0).restrict("diagonal").irreps == [(3,)]
    assert C7.irrep((2,), (1,), 1).restrict("diagonal").irreps == [(1,)]


def test_labels_that_python_takes_for_equal_are_told_apart():
    psi = so3_group().irrep(2)
    assert (False, 4) == (0.0, 4)
    for id, H in (((False, 4), cyclic_group(4)), ((0.0, 4), dihedral_group(4)), ((True, 4), dihedral_group(4))):
        assert psi.restrict(id).group == H == so3_group().homspace(id).H
    assert so3_group().homspace((False, 4)) != so3_group().homspace((0.0, 4))
    assert psi.restrict((True, 3)) != psi.restrict((1.0, 3))


def test_grids_of_the_groups():
    G, O = so3_group(), o3_group()
    for type, N, count in (
        ("cube", None, 24),
        ("ico", None, 60),
        ("rand", 5, 5),
        ("thomson", 12, 12),
        ("thomson_cube", 2, 48),
    ):
        assert len(G.grid(type, N)) == count
        assert len(O.grid(type, N)) == (count if type == "rand" else 2 * count)
        assert len(O.grid_so3(type, N)) == count
    g = G.sample()
    moved = G.grid("cube", adj=g)
    assert all(~g @ h @ g == k for h, k in zip(G.grid("cube"), moved))
    for group in (G, O):
        for h in group.sphere_grid("fibonacci", 20):
            assert h.group == group
    poles = [G.irrep(1)(h)[:, 2] for h in G.sphere_grid("cube")]
    assert {tuple(np.round(p, 12) + 0.0) for p in poles} == {tuple(s * e + 0.0) for e in np.eye(3) for s in (-1, 1)}
    assert G.grid("rand", 3, seed=1) == G.grid("rand", 3, seed=1)


def test_spheres_and_fields():
    G = so3_group(3)
    assert G.bl_sphere_representation(3).irreps == [(0,), (1,), (2,), (3,)]
    assert G.bl_regular_representation(2).size == 1 + 9 + 25
    assert G.bl_quotient_representation(4, "octa").irreps == [(0,), (4,)]
    assert G.bl_quotient_representation(6, "ico").irreps == [(0,), (6,)]
    assert o3_group().bl_sphere_representation(2).irreps == [(0, 0), (1, 1), (0, 2)]
    # Vector fields on the sphere have no part of frequency 0 and two of every other.
    assert G.bl_induced_representation(2, so2_group().irrep(1), (False, -1)).irreps == [(1,), (1,), (2,), (2,)]


@pytest.mark.parametrize(
    "call",
    [
        lambda: so3_group().element([0.0, 0.0, 0.0, 2.0]),
        lambda: so3_group().element([1.0, 0.0]),
        lambda: so3_group().element("x"),
        lambda: so3_group().element(np.full(4, np.nan)),
        lambda: so3_group().element(-np.eye(3), "MAT"),
        lambda: so3_group().element(np.ones((3, 3)), "MAT"),
        lambda: so3_group().element([0, 0, 1], "XYY"),
        lambda: so3_group().irrep(-1),
        lambda: so3_group().irrep(1, 2),
        lambda: so3_group().irrep(1.5),
        lambda: so3_group().irrep(10**6),
        lambda: so3_group().subgroup("cube"),
        lambda: so3_group().subgroup((False, 0)),
        lambda: so3_group().subgroup((True, 2.5)),
        lambda: so3_group().subgroup(()),
        lambda: so3_group().subgroup((False, 2, cyclic_group(3).element(1))),
        lambda: o3_group().element(2),
        lambda: o3_group().element((2, [0.0, 0.0, 0.0, 1.0])),
        lambda: o3_group().element((0, [0.0, 0.0, 0.0])),
        lambda: o3_group().irrep(2, 1),
        lambda: o3_group().irrep(1),
        lambda: o3_group().subgroup("ico"),
        lambda: o3_group().subgroup(("cone",)),
        lambda: o3_group().subgroup(("cone", 0)),
        lambda: o3_group().subgroup(("cone", "x", 3)),
        lambda: o3_group().subgroup(("fulltetra", 3)),
        lambda: o3_group().subgroup((True, "solid")),
        lambda: octa_group().element([0.6, 0.0, 0.0, 0.8]),
        lambda: octa_group().irrep(4),
        lambda: octa_group().irrep(1, 1),
        lambda: octa_group().subgroup((False, 5)),
        lambda: octa_group().subgroup(("ico",)),
        lambda: octa_group().subgroup((2, 2)),
        lambda: ico_group().subgroup((True, 4)),
        lambda: ico_group().bl_irreps(5),
        lambda: full_octa_group().irrep((0,)),
        lambda: full_octa_group().irrep((0,), (1,), 1),
        lambda: full_octa_group().irrep((0,), (9,)),
        lambda: full_octa_group().element(3),
        lambda: full_octa_group().element((0, [0.0, 0.0, 0.0, 1.0]), "int"),
        lambda: full_octa_group().subgroup("octa"),
        lambda: full_octa_group().pair_elements(octa_group().identity, octa_group().identity),
        lambda: full_octa_group().grid("spiral"),
        lambda: direct_product(cyclic_group(2), 3),
        lambda: double_group("C2"),
        lambda: so3_group().grid("spiral"),
        lambda: so3_group().grid("thomson"),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(IntertwineError) as caught:
        call()
    assert str(caught.value)
