"""Every group in the list: axioms, parametrisations, equality, subgroups, irreps."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine.errors import GroupError, IntertwineError
from intertwine.group import (
    CyclicGroup,
    DihedralGroup,
    GroupElement,
    cyclic_group,
    dihedral_group,
    direct_product,
    so2_group,
    trivial_group,
)

from ..contracts.cases import over
from ..contracts.copies import reloaded
from ..contracts.lists import GROUPS, SUBGROUPS
from ..contracts.processes import two_processes

SUBGROUP_CASES = [(name, id) for name, ids in SUBGROUPS.items() for id in ids]


over_groups = over("G", GROUPS, make=lambda name: GROUPS[name]())
over_subgroups = over("case", SUBGROUP_CASES, make=lambda case: (GROUPS[case[0]](), case[1]))


# ---- axioms


@over_groups
def test_axioms(G):
    e = G.identity
    assert e in G.elements
    for g in G.elements:
        assert g @ e == g == e @ g
        assert g @ ~g == e == ~g @ g
        assert ~~g == g
    few = G.elements[:: max(1, G.order() // 6)]
    for a, b, c in itertools.product(few, repeat=3):
        assert (a @ b) @ c == a @ (b @ c)
        assert ~(a @ b) == ~b @ ~a


@over_groups
def test_order_counts_distinct_elements(G):
    assert len(G.elements) == len(set(G.elements)) == G.order()
    assert G.elements[0] == G.identity
    assert not G.continuous


@over_groups
def test_generators_generate(G):
    reached = {G.identity}
    frontier = [G.identity]
    while frontier:
        frontier = [p for p in {a @ g for a in frontier for g in G.generators} if p not in reached]
        reached.update(frontier)
    assert reached == set(G.elements)


@over_groups
def test_abelian_is_what_it_says(G):
    commutes = all(a @ b == b @ a for a, b in itertools.product(G.elements, repeat=2))
    assert G.abelian == commutes


@over_groups
def test_table_and_inverses(G):
    for i, a in enumerate(G.elements):
        assert G.elements[G.inverses[i]] == ~a
        for j, b in enumerate(G.elements):
            assert G.elements[G.table[i, j]] == a @ b
    with pytest.raises(ValueError, match="read-only"):
        G.table[0, 0] = 1


@over_groups
def test_powers(G):
    for g in G.elements:
        assert g**0 == G.identity
        assert g**3 == g @ g @ g
        assert g**-1 == ~g
        assert g ** G.order() == G.identity


# ---- elements


@over_groups
def test_parametrisations_round_trip(G):
    for param in G.PARAMETRIZATIONS:
        for g in G.elements:
            assert G.element(g.to(param), param) == g
            assert GroupElement(g.to(param), G, param) == g
    with pytest.raises(IntertwineError, match="parametrisation"):
        G.element(G.identity.value, "quaternion")


def test_fault_3_all_rotations_of_c8_are_decoded_from_their_matrices():
    G = cyclic_group(8)
    for k in range(8):
        a = 2 * np.pi * k / 8
        matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        assert G.element(matrix, "MAT") == G.element(k)
        assert G.element(a, "radians") == G.element(k)
        np.testing.assert_allclose(G.element(k).to("MAT"), matrix, atol=1e-15)


def test_dihedral_elements_are_decoded_from_their_matrices():
    G = dihedral_group(8)
    for g in G.elements:
        flip, rotation = g.to("MAT")
        assert G.element((flip, rotation), "MAT") == g
        assert G.element(rotation @ np.diag([1.0, -1.0 if flip else 1.0]), "MAT") == g


@over_groups
def test_samples_are_elements(G):
    rng = np.random.default_rng(0)
    drawn = [G.sample(rng) for _ in range(12 * G.order())]
    assert set(drawn) == set(G.elements)
    assert [G.sample(np.random.default_rng(1)) for _ in range(3)] == [
        G.sample(np.random.default_rng(1)) for _ in range(3)
    ]


@over_groups
def test_sampling_leaves_numpys_global_state_alone(G):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    G.sample()
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@over_groups
def test_testing_elements(G):
    assert set(G.testing_elements()) <= set(G.elements)
    assert G.identity in set(G.testing_elements())


@over_groups
def test_elements_are_immutable(G):
    with pytest.raises((AttributeError, TypeError)):
        G.identity.value = 3


@pytest.mark.parametrize(
    ("build", "printed"),
    [
        (lambda: cyclic_group(4).element(1), "1[2pi/4]"),
        (lambda: cyclic_group(1).identity, "0[2pi/1]"),
        (lambda: dihedral_group(4).element((1, 3)), "(-, 3[2pi/4])"),
        (lambda: dihedral_group(3).identity, "(+, 0[2pi/3])"),
    ],
)
def test_printed_elements(build, printed):
    assert str(build()) == repr(build()) == printed


# ---- values


@over_groups
def test_groups_are_values(G):
    twin = type(G)(*G.__reduce__()[1])
    assert twin is not G
    assert twin == G
    assert hash(twin) == hash(G)
    assert twin.identity == G.identity
    assert hash(twin.elements[-1]) == hash(G.elements[-1])
    assert twin.elements[-1] @ G.elements[-1] == G.elements[-1] @ twin.elements[-1]
    assert sum(build() == G for build in GROUPS.values()) == 1
    assert G != "C4"


@over_groups
def test_pickle_and_deepcopy_copy_no_group(G):
    assert copy.deepcopy(G) is G
    assert copy.copy(G) is G
    assert reloaded(G) == G
    assert len(pickle.dumps(G)) < 200 + 3 * np.asarray(getattr(G, "given", 0)).nbytes
    g = G.elements[-1]
    assert copy.deepcopy(g) == g
    assert copy.deepcopy(g).group is G
    assert reloaded(g) == g
    assert len(pickle.dumps(g)) < 400 + 3 * np.asarray(getattr(G, "given", 0)).nbytes


def test_elements_of_other_groups_are_refused():
    a, b = cyclic_group(4).element(1), cyclic_group(8).element(1)
    with pytest.raises(GroupError, match="C8"):
        a @ b
    assert a != b
    with pytest.raises(IntertwineError):
        cyclic_group(4).element(cyclic_group(8).element(5))
    with pytest.raises(IntertwineError):
        cyclic_group(4).irrep(1)(b)
    with pytest.raises(IntertwineError):
        cyclic_group(4).irrep(1)(1)


def test_factories_do_not_depend_on_what_was_built_before():
    # a cache that takes 4.0 or True for 4 or 1 answers differently before and after the first call
    for wrong in (4.0, 1.0, True, "4", None):
        for build in (cyclic_group, dihedral_group):
            build(4), build(1)
            with pytest.raises(IntertwineError):
                build(wrong)


def test_fault_7_a_group_does_not_change_when_another_is_built():
    for found in two_processes():
        assert found["irreps before"] == found["irreps after"]


# ---- irreps


@over_groups
def test_squares_of_sizes_add_up_to_the_order(G):
    assert sum(psi.size**2 / psi.sum_of_squares_constituents for psi in G.irreps()) == G.order()


@over_groups
def test_schur_orthogonality_of_characters(G):
    for a, b in itertools.product(G.irreps(), repeat=2):
        inner = np.mean([a.character(g) * b.character(g) for g in G.elements])
        expected = {"R": 1, "C": 2, "H": 4}[a.type] if a == b else 0
        assert inner == pytest.approx(expected, abs=1e-12)


@over_groups
def test_schur_orthogonality_of_matrix_entries(G):
    for psi in G.irreps():
        endomorphisms = psi.endomorphism_basis()
        assert len(endomorphisms) == {"R": 1, "C": 2, "H": 4}[psi.type]
        matrices = np.stack([psi(g) for g in G.elements])
        for X in endomorphisms:
            np.testing.assert_allclose(matrices @ X, X @ matrices, atol=1e-12)
        np.testing.assert_allclose(endomorphisms[0], np.eye(psi.size), atol=1e-12)
        # the average over the group of psi (x) psi projects onto the endomorphisms
        average = np.einsum("gij,gkl->ikjl", matrices, matrices).reshape(psi.size**2, -1) / G.order()
        flat = endomorphisms.reshape(len(endomorphisms), -1)
        np.testing.assert_allclose(average, flat.T @ np.linalg.inv(flat @ flat.T) @ flat, atol=1e-12)


@over_groups
def test_irreps_are_found_by_their_labels(G):
    for psi in G.irreps():
        assert G.irrep(*psi.id) == psi
        assert G.get_irrep_id(psi) == psi.id
        assert psi.irreps == [psi.id]
        if all(isinstance(part, int) for part in psi.id):
            assert psi.name == "irrep_" + ",".join(map(str, psi.id))
    assert G.trivial_representation.is_trivial()
    assert G.irreps()[0] == G.trivial_representation
    assert sum(psi.is_trivial() for psi in G.irreps()) == 1
    assert list(G.standard_representations()) == [*(psi.name for psi in G.irreps()), "regular"]


@pytest.mark.parametrize(
    "id", [(9,), (-1,), (1, 1, 1), (), ("a",), (1.5,), (None,), ([1],), (0, -1), (2, 0), (np.nan,)]
)
@pytest.mark.parametrize("name", ["C7", "D8"])
def test_irreps_that_do_not_exist_are_refused(name, id):
    with pytest.raises(IntertwineError):
        GROUPS[name]().irrep(*id)


# ---- subgroups


@over_subgroups
def test_subgroup_maps_are_homomorphisms(case):
    G, id = case
    H, include, restrict = G.subgroup(id)
    assert include(H.identity) == G.identity
    assert G.order() % H.order() == 0
    for a, b in itertools.product(H.elements, repeat=2):
        assert include(a @ b) == include(a) @ include(b)
    images = {include(h): h for h in H.elements}
    assert len(images) == H.order()
    for g in G.elements:
        assert restrict(g) == images.get(g)


@over_groups
def test_trivial_and_whole_subgroup(G):
    assert G.subgroup(G.subgroup_trivial_id)[0].order() == 1
    whole = G.subgroup(G.subgroup_self_id)[0]
    # D1 has one reflection and no rotation: as a subgroup it is a C2, like every single reflection
    assert whole == (cyclic_group(2) if G.name == "D1" else G)


@pytest.mark.parametrize(
    "id", [0, -1, 3, 5, 1.5, "2", None, (1, 2), (None, 0), (None, 3), (7, 2), (0, 3), ("x", 1), (0,), [1, 2, 3]]
)
@pytest.mark.parametrize("name", ["C4", "D4", "C8"])
def test_subgroups_that_do_not_exist_are_refused(name, id):
    if name == "D4" and id == (1, 2):
        pytest.skip("is one of D4")
    with pytest.raises(IntertwineError):
        GROUPS[name]().subgroup(id)


# ---- properties over all small groups


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 24), st.booleans(), st.data())
def test_any_planar_group_multiplies_like_its_matrices(N, mirrored, data):
    G = dihedral_group(N) if mirrored else cyclic_group(N)
    element = st.integers(0, G.order() - 1).map(G.elements.__getitem__)
    a, b = data.draw(element), data.draw(element)

    def matrix(g):
        if not mirrored:
            return g.to("MAT")
        flip, rotation = g.to("MAT")
        return rotation @ np.diag([1.0, -1.0 if flip else 1.0])

    np.testing.assert_allclose(matrix(a @ b), matrix(a) @ matrix(b), atol=1e-12)
    np.testing.assert_allclose(matrix(~a), matrix(a).T, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    st.one_of(
        st.integers(max_value=0),
        st.floats(),
        st.text(max_size=3),
        st.none(),
        st.booleans(),
        st.lists(st.integers(), max_size=2),
    )
)
def test_groups_that_do_not_exist_are_refused(N):
    for build in (cyclic_group, dihedral_group, CyclicGroup, DihedralGroup):
        with pytest.raises(IntertwineError):
            build(N)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.floats(),
        st.text(max_size=3),
        st.none(),
        st.lists(st.integers(), max_size=3),
        st.tuples(st.integers(), st.text()),
    ),
    st.sampled_from(["int", "MAT"]),
)
def test_values_that_are_no_elements_are_refused(value, param):
    for G in (cyclic_group(4), dihedral_group(4), trivial_group()):
        if isinstance(value, list) and len(value) == 2 and param == "int" and G.name == "D4" and value[0] in (0, 1):
            continue
        with pytest.raises(IntertwineError):
            G.element(value, param)


@pytest.mark.parametrize("angle", [0.1, np.nan, np.inf, np.pi / 8])
def test_angles_that_are_no_elements_are_refused(angle):
    with pytest.raises(IntertwineError):
        cyclic_group(4).element(angle, "radians")
    with pytest.raises(IntertwineError):
        dihedral_group(4).element((0, angle), "radians")


@pytest.mark.parametrize(
    "matrix",
    [
        np.zeros((2, 2)),
        np.diag([1.0, -1.0]),
        np.eye(3),
        2 * np.eye(2),
        np.full((2, 2), np.nan),
        np.array([[0.6, -0.8], [0.8, 0.6]]),
    ],
)
def test_matrices_that_are_no_elements_are_refused(matrix):
    with pytest.raises(IntertwineError):
        cyclic_group(8).element(matrix, "MAT")


@pytest.mark.parametrize(
    "make",
    [
        lambda: cyclic_group(10**400),
        lambda: dihedral_group(5001),
        lambda: direct_product(cyclic_group(101), cyclic_group(100)),
        lambda: so2_group().subgroup(10**30),
        lambda: so2_group().irrep(1).restrict(10**9),
    ],
)
def test_groups_too_large_for_a_table_are_refused(make):
    with pytest.raises(GroupError, match="10000 is the most"):
        make()
