"""The continuous groups, by samples: what holds for every element, and what depends on no listing."""

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine.errors import IntertwineError
from intertwine.group import (
    change_basis,
    cyclic_group,
    cylinder_discrete_group,
    cylinder_group,
    dihedral_group,
    direct_product,
    directsum,
    double_group,
    full_cylinder_group,
    full_ico_group,
    full_octa_group,
    homomorphism_space,
    ico_group,
    o2_group,
    o3_group,
    octa_group,
    point_group,
    so2_group,
    so3_group,
)

from ..contracts.copies import reloaded
from ..contracts.lists import turned

GROUPS = {
    "SO(2)": lambda: so2_group(3),
    "O(2)": lambda: o2_group(3),
    "SO(3)": lambda: so3_group(2),
    "O(3)": lambda: o3_group(2),
    "C2 x SO(2)": lambda: cylinder_group(2),
    "C2 x O(2)": lambda: full_cylinder_group(2),
    "SO(2) x SO(2)": lambda: double_group(so2_group(1)),
    "SO(2) x C3": lambda: direct_product(so2_group(1), cyclic_group(3)),
    "C4 x SO(3)": lambda: direct_product(cyclic_group(4), so3_group(1)),
}

HIGH = {
    "SO(2)": (7,),
    "O(2)": (1, 7),
    "SO(3)": (7,),
    "O(3)": (1, 6),
    "C2 x SO(2)": ((1,), (7,)),
    "C2 x O(2)": ((1,), (1, 7)),
    "SO(2) x SO(2)": ((3,), (4,), 1),
    "SO(2) x C3": ((5,), (1,), 1),
    "C4 x SO(3)": ((1,), (4,)),
}
"""An irrep that no group above lists."""

PLANAR = {"SO(2)": so2_group, "O(2)": o2_group}


@pytest.fixture(params=GROUPS, name="G")
def fixture_group(request):
    return GROUPS[request.param]()


@pytest.fixture(params=PLANAR, name="P")
def fixture_planar_group(request):
    return PLANAR[request.param](3)


def high(G):
    return G.irrep(*next(HIGH[name] for name in GROUPS if GROUPS[name]() == G))


def samples(G, n=12):
    rng = np.random.default_rng(0)
    return [G.sample(rng) for _ in range(n)]


def representations(G):
    psi = G.irreps()
    yield from psi
    yield high(G)
    yield psi[1] + psi[-1] + psi[1]
    yield turned(psi[0] + psi[2])
    yield psi[-1].tensor(psi[-2])
    yield G.bl_regular_representation(1)


def test_axioms(G):
    e = G.identity
    elements = samples(G, 6)
    for a, b, c in itertools.product(elements, repeat=3):
        assert (a @ b) @ c == a @ (b @ c)
        assert ~(a @ b) == ~b @ ~a
    for a in elements:
        assert a @ ~a == e == ~a @ a
        assert a @ e == a == e @ a
        assert hash(a @ ~a) == hash(e)
    assert G.continuous
    assert G.order() == -1
    with pytest.raises(IntertwineError, match="infinitely"):
        G.elements  # noqa: B018


def test_parametrisations_round_trip(G):
    for param in G.PARAMETRIZATIONS:
        for g in samples(G):
            assert G.element(g.to(param), param) == g
    assert so2_group().element(2 * np.pi) == so2_group().identity
    assert so2_group().element(-np.pi / 2) == so2_group().element(3 * np.pi / 2)


def test_representations_multiply_like_the_group(G):
    elements = samples(G, 6)
    for rho in representations(G):
        np.testing.assert_allclose(rho(G.identity), np.eye(rho.size), atol=1e-12)
        for a, b in itertools.product(elements, repeat=2):
            np.testing.assert_allclose(rho(a @ b), rho(a) @ rho(b), atol=1e-12)
            np.testing.assert_allclose(rho(a) @ rho(a).T, np.eye(rho.size), atol=1e-12)


def test_representations_are_sums_of_their_irreps(G):
    from scipy.linalg import block_diag

    for rho in representations(G):
        Q = rho.change_of_basis
        for g in samples(G, 4):
            blocks = block_diag(*[G.irrep(*id)(g) for id in rho.irreps])
            np.testing.assert_allclose(Q @ blocks @ Q.T, rho(g), atol=1e-10)
        assert rho.contains_trivial() == (G.trivial_representation.id in rho.irreps)
        assert not rho.is_permutation or rho.size == len([id for id in rho.irreps if G.irrep(*id).is_trivial()])


def test_schur_orthogonality(G):
    elements, weights = G.class_quadrature(8)
    assert weights.sum() == pytest.approx(1)
    for a, b in itertools.product(G.irreps(), repeat=2):
        inner = float(np.dot(weights, [a.character(g) * b.character(g) for g in elements]))
        assert inner == pytest.approx({"R": 1, "C": 2, "H": 4}[a.type] if a == b else 0, abs=1e-12)
    for psi in G.irreps():
        basis = psi.endomorphism_basis()
        assert np.linalg.matrix_rank(basis.reshape(len(basis), -1)) == len(basis)
        assert len(basis) == {"R": 1, "C": 2}[psi.type]
        for g in samples(G, 4):
            np.testing.assert_allclose(psi(g) @ basis, basis @ psi(g), atol=1e-12)


def test_lie_algebra_is_the_derivative(G):
    step = 1e-6
    for rho in representations(G):
        assert len(rho.lie_matrices) == G.lie_dimension
        for axis, lie in enumerate(rho.lie_matrices):
            small = G.one_parameter(axis, step)
            np.testing.assert_allclose(lie, (rho(small) - rho(~small)) / (2 * step), atol=1e-6)
            np.testing.assert_allclose(lie, -lie.T, atol=1e-11)
            assert G.one_parameter(axis, 2 * np.pi) == G.identity


def test_quadrature_is_exact_up_to_its_degree(G):
    """The means of the entries of all irreps but the trivial one are zero (Schur)."""
    irreps = [psi for psi in [*G.irreps(), high(G)] if not psi.is_trivial()]
    degree = max(G.frequency(psi.id) for psi in irreps)
    for psi in irreps:
        elements, weights = G.quadrature(degree)
        mean = sum(w * psi(g) for g, w in zip(elements, weights))
        np.testing.assert_allclose(mean, 0, atol=1e-12)
    for psi in irreps:
        elements, weights = G.class_quadrature(degree)
        assert sum(w * psi.character(g) for g, w in zip(elements, weights)) == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("G", [so2_group(), o2_group(), so3_group(), o3_group()], ids=str)
def test_quadrature_of_a_lower_degree_is_not_exact(G):
    beyond = [psi for psi in G.irreps_up_to(4) if G.frequency(psi.id) > 1]
    elements, weights = G.quadrature(1)
    assert max(np.abs(sum(w * psi(g) for g, w in zip(elements, weights))).max() for psi in beyond) > 1e-3
    elements, weights = G.class_quadrature(1)
    assert max(abs(sum(w * psi.character(g) for g, w in zip(elements, weights))) for psi in beyond) > 1e-3


def test_tensor_products_and_homomorphisms(G):
    for a, b in itertools.product(G.irreps(), repeat=2):
        product = a.tensor(b)
        for g in samples(G, 3):
            np.testing.assert_allclose(product(g), np.kron(a(g), b(g)), atol=1e-12)
    a, b = G.irreps()[1] + G.irreps()[-1], turned(G.irreps()[1] + G.irreps()[1])
    basis = homomorphism_space(a, b)
    assert basis.shape[1:] == (b.size, a.size)
    elements, weights = G.class_quadrature(8)
    assert len(basis) == round(float(np.dot(weights, [a.character(g) * b.character(g) for g in elements])))
    for g in samples(G, 4):
        np.testing.assert_allclose(b(g) @ basis, basis @ a(g), atol=1e-12)


MOVED = so3_group().element([0.3, -0.5, 0.2], "EV")


@pytest.mark.parametrize(
    ("G", "id", "H"),
    [
        (so2_group(), 1, cyclic_group(1)),
        (so2_group(), 8, cyclic_group(8)),
        (so2_group(), -1, so2_group()),
        (o2_group(), (None, 6), cyclic_group(6)),
        (o2_group(), (None, -1), so2_group()),
        (o2_group(), (0.0, 4), dihedral_group(4)),
        (o2_group(), (0.7, 3), dihedral_group(3)),
        (o2_group(), (0.3, 1), cyclic_group(2)),
        (o2_group(), (0.0, -1), o2_group()),
        (o2_group(), (0.4, -1), o2_group()),
        (so3_group(), (False, 1), cyclic_group(1)),
        (so3_group(), (False, -1), so2_group()),
        (so3_group(), (True, -1), o2_group()),
        (so3_group(), (0.8, -1), o2_group()),
        (so3_group(), (False, 5), cyclic_group(5)),
        (so3_group(), (True, 4), dihedral_group(4)),
        (so3_group(), (True, 1), cyclic_group(2)),
        (so3_group(), "ico", ico_group()),
        (so3_group(), "octa", octa_group()),
        (so3_group(), "tetra", point_group("T")),
        (so3_group(), ("octa", MOVED), octa_group()),
        (so3_group(), (True, -1, MOVED), o2_group()),
        (so3_group(), ("so3", MOVED), so3_group()),
        (o3_group(), "o3", o3_group()),
        (o3_group(), "so3", so3_group()),
        (o3_group(), (True, "ico"), full_ico_group()),
        (o3_group(), (True, "octa"), full_octa_group()),
        (o3_group(), (False, "ico"), ico_group()),
        (o3_group(), (True, False, -1), cylinder_group()),
        (o3_group(), (True, True, -1), full_cylinder_group()),
        (o3_group(), (True, False, 3), cylinder_discrete_group(3)),
        (o3_group(), (True, False, 1), cyclic_group(2)),
        (o3_group(), (False, False, 6), cyclic_group(6)),
        (o3_group(), ("cone", -1), o2_group()),
        (o3_group(), ("cone", 4), dihedral_group(4)),
        (o3_group(), ("cone", 0.6, 1), cyclic_group(2)),
        (o3_group(), "fulltetra", point_group("Td")),
        (o3_group(), ("cone", 3, MOVED), dihedral_group(3)),
        (full_cylinder_group(), (1, (0.0, 4)), dihedral_group(4)),
        (full_cylinder_group(), (2, (None, -1)), cylinder_group()),
        (double_group(so2_group(2)), "diagonal", so2_group()),
        (double_group(so2_group(2)), (2, 3), direct_product(cyclic_group(2), cyclic_group(3))),
        (direct_product(cyclic_group(4), so3_group(1)), (2, "octa"), full_octa_group()),
    ],
    ids=lambda value: str(value)[:40],
)
def test_restriction(G, id, H):
    found, include, restrict = G.subgroup(id)
    assert found == H
    elements = samples(H, 8)
    for a, b in itertools.product(elements, repeat=2):
        assert include(a @ b) == include(a) @ include(b)
    for h in elements:
        assert restrict(include(h)) == h
    for rho in representations(G):
        if rho.size > 16:
            continue
        below = rho.restrict(id)
        assert below.group == H
        for h in elements:
            np.testing.assert_allclose(below(h), rho(include(h)), atol=1e-10)


def test_fault_7_maximum_frequency_is_no_part_of_the_group():
    a, b = so2_group(2), so2_group(6)
    assert [len(a.irreps()), len(b.irreps())] == [3, 7]
    assert a == b
    assert hash(a) == hash(b)
    assert a.irrep(5) == b.irrep(5)
    assert a.irrep(1) + b.irrep(4) == b.irrep(1) + a.irrep(4)
    assert a.element(1.0) == b.element(1.0)
    assert [len(o2_group(2).irreps()), len(o2_group(6).irreps()), len(so2_group(2).irreps())] == [4, 8, 3]


def test_groups_are_values(G):
    assert copy.deepcopy(G) is G
    assert reloaded(G) == G
    assert len(reloaded(G).irreps()) == len(G.irreps())
    for rho in representations(G):
        assert copy.deepcopy(rho) is rho
        twin = reloaded(rho)
        assert twin == rho
        assert hash(twin) == hash(rho)
        for g in samples(G, 2):
            np.testing.assert_allclose(twin(g), rho(g), atol=0)
    assert so2_group() != o2_group()
    assert so2_group() != cyclic_group(8)


def test_homogeneous_spaces_hold_fields_that_transform():
    G = o2_group()
    for id in [(None, -1), (0.0, 1), (None, 4), (0.2, 3)]:
        space = G.homspace(id)
        H, include, _ = G.subgroup(id)
        for rho, psi in itertools.product(G.irreps(), H.irreps()[:3]):
            size, count, width = space.dimension_basis(rho.id, psi.id)
            for g in samples(G, 3):
                B = space.basis(g, rho, psi)
                assert B.shape == (size, count, width)
                for h in samples(H, 3):
                    # f(g h) = psi(h)^-1 f(g): the last axis transforms by psi
                    np.testing.assert_allclose(space.basis(g @ include(h), rho, psi), B @ psi(h), atol=1e-10)
                for k in samples(G, 2):
                    moved = np.einsum("ij,jkl->ikl", rho(k), B)
                    np.testing.assert_allclose(space.basis(k @ g, rho, psi), moved, atol=1e-10)


@pytest.mark.parametrize(
    "call",
    [
        lambda G: G.irrep(-1),
        lambda G: G.irrep(1.5),
        lambda G: G.irrep("a"),
        lambda G: G.irrep([1]),
        lambda G: G.irrep(),
        lambda G: G.irrep(0, 0, 0),
        lambda G: G.element("x"),
        lambda G: G.element(None),
        lambda G: G.element(np.nan),
        lambda G: G.element(np.inf),
        lambda G: G.element(cyclic_group(4).element(1)),
        lambda G: G.element(np.eye(3), "MAT"),
        lambda G: G.element(2 * np.eye(2), "MAT"),
        lambda G: G.element(1, "int"),
        lambda G: G.subgroup(0),
        lambda G: G.subgroup(-2),
        lambda G: G.subgroup("C4"),
        lambda G: G.subgroup((0.0, 0)),
        lambda G: G.subgroup((np.nan, 2)),
        lambda G: G.regular_representation,
        lambda G: G.irreps()[1](cyclic_group(4).element(1)),
        lambda G: G.irreps()[1].matrices,
        lambda G: directsum([G.irreps()[1], cyclic_group(4).irrep(1)]),
        lambda G: change_basis(G.irreps()[-1], np.ones((2, 2)), "x"),
        lambda G: G.grid(0),
        lambda G: G.grid(4, type="spiral"),
    ],
)
def test_bad_input_is_refused(P, call):
    with pytest.raises(IntertwineError) as caught:
        call(P)
    assert str(caught.value)


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(
        st.integers(max_value=-1), st.floats(), st.text(max_size=3), st.none(), st.lists(st.integers(), max_size=2)
    )
)
def test_maximum_frequencies_that_make_no_sense_are_refused(value):
    for build in (so2_group, o2_group, so3_group, o3_group):
        with pytest.raises(IntertwineError):
            build(value)


@pytest.mark.peer
@pytest.mark.parametrize("name", PLANAR)
def test_as_in_escnn(name):
    escnn = pytest.importorskip("escnn.group")
    G, other = (so2_group(3), escnn.so2_group(3)) if name == "SO(2)" else (o2_group(3), escnn.o2_group(3))
    assert str(G) == str(other)
    assert [str(psi) for psi in G.irreps()] == [str(psi) for psi in other.irreps()[: len(G.irreps())]]
    values = [0.0, 1.0, 2.5] if name == "SO(2)" else [(0, 0.0), (1, 1.0), (0, 2.5)]
    for value in values:
        g, h = G.element(value), other.element(value)
        assert str(g) == str(h)
        for psi, phi in zip(G.irreps(), other.irreps()):
            np.testing.assert_allclose(psi(g), phi(h), atol=1e-12)
            assert (psi.id, psi.type, psi.attributes) == (phi.id, phi.type, phi.attributes)
    assert str(G.bl_regular_representation(2)) == str(other.bl_regular_representation(2))
    assert G.bl_regular_representation(2).irreps == other.bl_regular_representation(2).irreps
    assert G.bl_irreps(2) == other.bl_irreps(2)
    assert repr(G.standard_representation()) == repr(other.standard_representation())
    assert G.subgroup_self_id == other.subgroup_self_id
    assert G.subgroup_trivial_id == other.subgroup_trivial_id
    for id in [4, -1] if name == "SO(2)" else [(None, 4), (0.0, 3), (None, -1), (0.5, 1)]:
        assert str(G.subgroup(id)[0]) == str(other.subgroup(id)[0])
        assert repr(G.irreps()[-1].restrict(id)) == repr(other.irreps()[len(G.irreps()) - 1].restrict(id))
