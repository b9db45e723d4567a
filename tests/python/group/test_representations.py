"""Every representation in the list: homomorphism, splitting, structure, equality, printing, copies."""

import copy
import itertools
import pickle

import numpy as np
import pytest

from intertwine.errors import IntertwineError
from intertwine.group import (
    Representation,
    change_basis,
    cyclic_group,
    dihedral_group,
    directsum,
    disentangle,
    homomorphism_space,
    intertwiners,
    trivial_group,
)
from intertwine.group.matrices.hom import canonical_basis

from ..contracts.cases import over
from ..contracts.copies import reloaded
from ..contracts.lists import GROUPS, REPRESENTATIONS, SUBGROUPS, turned
from ..contracts.processes import two_processes

SUBGROUP_CASES = [(name, id) for name, ids in SUBGROUPS.items() for id in ids]


over_representations = over("rho", REPRESENTATIONS, make=lambda name: REPRESENTATIONS[name]())
over_subgroups = over("case", SUBGROUP_CASES, make=lambda case: (GROUPS[case[0]](), case[1]))


def multiplicity(rho: Representation, psi: Representation) -> int:
    """How often psi is in rho, from characters alone."""
    G = rho.group
    inner = np.mean([np.trace(rho(g)) * np.trace(psi(g)) for g in G.elements])
    value = inner / {"R": 1, "C": 2, "H": 4}[psi.type]
    assert value == pytest.approx(round(value), abs=1e-10)
    return round(value)


def blocks(rho: Representation, g) -> np.ndarray:
    from scipy.linalg import block_diag

    return block_diag(*[rho.group.irrep(*id)(g) for id in rho.irreps])


# ---- matrices


@over_representations
def test_multiplies_like_the_group(rho):
    G = rho.group
    np.testing.assert_allclose(rho(G.identity), np.eye(rho.size), atol=1e-12)
    for g, h in itertools.product(G.elements, G.elements[:8]):
        np.testing.assert_allclose(rho(g @ h), rho(g) @ rho(h), atol=1e-12)


@over_representations
def test_is_orthogonal(rho):
    for g in rho.group.elements:
        np.testing.assert_allclose(rho(g) @ rho(g).T, np.eye(rho.size), atol=1e-12)
        np.testing.assert_allclose(rho(~g), rho(g).T, atol=1e-12)
    Q = rho.change_of_basis
    np.testing.assert_allclose(Q @ Q.T, np.eye(rho.size), atol=1e-12)
    np.testing.assert_allclose(rho.change_of_basis_inv, Q.T, atol=0)


@over_representations
def test_splits_into_irreps_and_back(rho):
    G = rho.group
    for psi in G.irreps():
        assert rho.multiplicity(psi.id) == multiplicity(rho, psi) == rho.irreps.count(psi.id)
    Q = rho.change_of_basis
    for g in G.elements:
        np.testing.assert_allclose(Q @ blocks(rho, g) @ Q.T, rho(g), atol=1e-10)


@over_representations
def test_characters(rho):
    for g in rho.group.elements:
        assert rho.character(g) == pytest.approx(np.trace(rho(g)), abs=1e-12)


@over_representations
def test_matrices_are_read_only(rho):
    for array in (rho(rho.group.identity), rho.change_of_basis, rho.matrices):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@over_representations
def test_rebuilt_from_its_parts_it_is_equal(rho):
    twin = Representation(rho.group, rho.name, rho.irreps, rho.change_of_basis)
    assert twin == rho
    assert hash(twin) == hash(rho)
    for g in rho.group.elements:
        np.testing.assert_allclose(twin(g), rho(g), atol=1e-10)
    given = Representation(rho.group, rho.name, rho.irreps, rho.change_of_basis, representation=rho)
    assert given == rho


# ---- structure


@over_representations
def test_structure_is_what_the_matrices_say(rho):
    matrices = np.stack([rho(g) for g in rho.group.elements])
    permutes = bool(np.all((matrices == 0) | (matrices == 1)))
    assert rho.is_permutation == permutes
    assert ("pointwise" in rho.supported_nonlinearities) == permutes
    assert rho.is_trivial() == (rho.size == 1 and bool(np.all(matrices == 1)))
    invariants = np.linalg.matrix_rank(matrices.mean(axis=0), tol=1e-8)
    assert rho.contains_trivial() == (invariants > 0)
    assert rho.multiplicity(rho.group.trivial_representation.id) == invariants


@pytest.mark.parametrize("name", [n for n in REPRESENTATIONS if n.startswith(("regular of", "quotient of"))])
def test_permutations_hold_zeros_and_ones_exactly(name):
    rho = REPRESENTATIONS[name]()
    assert rho.is_permutation
    for g in rho.group.elements:
        matrix = rho(g)
        assert set(np.unique(matrix)) <= {0.0, 1.0}
        assert not np.signbit(matrix).any()
        assert np.array_equal(matrix.sum(axis=0), np.ones(rho.size))


def test_regular_is_the_left_shift_of_the_elements():
    for build in GROUPS.values():
        G = build()
        for g in G.elements:
            matrix = G.regular_representation(g)
            for j, h in enumerate(G.elements):
                assert matrix[G.elements.index(g @ h), j] == 1


def test_the_regular_representation_of_the_walk_through():
    expected = [[0, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    G = cyclic_group(4)
    assert G.regular_representation(G.element(1)).tolist() == expected
    assert G.irrep(1)(G.element(1)).tolist() == [[0, -1], [1, 0]]


def test_permutation_is_seen_after_a_change_of_basis():
    G = dihedral_group(4)
    hidden = turned(G.regular_representation)
    assert not hidden.is_permutation
    back = change_basis(hidden, np.linalg.inv(turned_matrix(G)), "back")
    assert back.is_permutation
    assert back == G.regular_representation


def turned_matrix(G):
    rng = np.random.default_rng(0)
    return np.linalg.qr(rng.standard_normal((G.order(), G.order())))[0]


# ---- building


def test_direct_sums():
    G = dihedral_group(4)
    a, b = G.irrep(1, 1), G.regular_representation
    total = a + b
    assert total == directsum([a, b])
    assert hash(total) == hash(directsum([a, b], name="other"))
    assert total.size == a.size + b.size
    for g in G.elements:
        np.testing.assert_allclose(total(g)[:2, :2], a(g), atol=1e-12)
        np.testing.assert_array_equal(total(g)[2:, 2:], b(g))
        assert not total(g)[:2, 2:].any()
    assert (b + b).is_permutation


def test_direct_sum_in_other_coordinates():
    G = cyclic_group(8)
    rng = np.random.default_rng(1)
    A = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    plain = directsum([G.irrep(1), G.irrep(3)])
    moved = directsum([G.irrep(1), G.irrep(3)], change_of_basis=A)
    assert moved != plain
    for g in G.elements:
        np.testing.assert_allclose(moved(g), A @ plain(g) @ A.T, atol=1e-12)


def test_tensor_products_are_kronecker_products():
    for build in (lambda: cyclic_group(4), lambda: dihedral_group(3)):
        G = build()
        for a, b in itertools.product([*G.irreps(), G.regular_representation], repeat=2):
            product = a.tensor(b)
            for g in G.elements:
                np.testing.assert_allclose(product(g), np.kron(a(g), b(g)), atol=1e-12)


@over_subgroups
def test_restriction_keeps_the_matrices(case):
    G, id = case
    H, include, _ = G.subgroup(id)
    for rho in [*G.irreps(), G.regular_representation, turned(G.regular_representation)]:
        down = rho.restrict(id)
        assert down.group == H
        assert down.size == rho.size
        for h in H.elements:
            np.testing.assert_allclose(down(h), rho(include(h)), atol=1e-12)


@over_subgroups
def test_frobenius_reciprocity(case):
    G, id = case
    H = G.subgroup(id)[0]
    for sigma in H.irreps():
        induced = G.induced_representation(id, sigma)
        assert induced.size == sigma.size * G.order() // H.order()
        for psi in G.irreps():
            up = np.mean([induced.character(g) * psi.character(g) for g in G.elements])
            below = psi.restrict(id)
            down = np.mean([sigma.character(h) * below.character(h) for h in H.elements])
            assert up == pytest.approx(down, abs=1e-10)


@over_subgroups
def test_induced_blocks_are_indexed_by_cosets(case):
    G, id = case
    H, include, restrict = G.subgroup(id)
    sigma = H.irreps()[-1]
    d = sigma.size
    images = [include(h) for h in H.elements]
    representatives, seen = [], set()
    for g in reversed(G.elements):
        if g not in seen:
            representatives.append(g)
            seen |= {g @ h for h in images}
    rho = G.induced_representation(id, sigma, representatives=representatives)
    for g in G.elements:
        matrix = rho(g)
        for (a, ga), (b, gb) in itertools.product(enumerate(representatives), repeat=2):
            h = restrict(~ga @ g @ gb)
            expected = np.zeros((d, d)) if h is None else sigma(h)
            np.testing.assert_allclose(matrix[a * d : a * d + d, b * d : b * d + d], expected, atol=1e-12)


@over_subgroups
def test_quotients_are_transitive_permutations(case):
    G, id = case
    H, include, _ = G.subgroup(id)
    rho = G.quotient_representation(id)
    assert rho.size == G.order() // H.order()
    assert rho.is_permutation
    assert rho.multiplicity(G.trivial_representation.id) == 1
    stable = [
        any(np.array_equal(rho(include(h))[:, j], np.eye(rho.size)[j]) for j in range(rho.size)) for h in H.elements
    ]
    assert all(stable)


def test_representatives_must_cover_the_cosets():
    G = dihedral_group(4)
    with pytest.raises(IntertwineError, match="coset"):
        G.quotient_representation((None, 4), representatives=[G.identity, G.element((0, 1))])
    with pytest.raises(IntertwineError):
        G.quotient_representation((None, 4), representatives=[G.identity])
    with pytest.raises(IntertwineError):
        G.induced_representation((None, 4), dihedral_group(4).irrep(1, 1))


def test_homomorphism_spaces_have_the_dimension_of_their_characters():
    for names in itertools.product(["regular of D3", "turned regular of D3", "irrep (1, 1) of D3"], repeat=2):
        a, b = (REPRESENTATIONS[name]() for name in names)
        G = a.group
        basis = homomorphism_space(a, b)
        dimension = round(np.mean([a.character(g) * b.character(g) for g in G.elements]))
        assert basis.shape == (dimension, b.size, a.size)
        assert np.linalg.matrix_rank(basis.reshape(dimension, -1)) == dimension
        for g in G.elements:
            np.testing.assert_allclose(b(g) @ basis, basis @ a(g), atol=1e-12)


def test_homomorphism_spaces_of_complex_type():
    G = cyclic_group(8)
    a, b = G.irrep(1) + G.irrep(2), turned(G.irrep(1) + G.irrep(1))
    basis = homomorphism_space(a, b)
    assert basis.shape == (4, 4, 4)
    for g in G.elements:
        np.testing.assert_allclose(b(g) @ basis, basis @ a(g), atol=1e-12)
    assert homomorphism_space(G.irrep(1), G.irrep(2)).shape == (0, 2, 2)
    assert b.endomorphism_basis().shape == (8, 4, 4)
    assert G.irrep(1).endomorphism_basis().shape == (2, 2, 2)


def test_disentangle_separates_what_the_matrices_do_not_mix():
    for rho in [
        dihedral_group(4).regular_representation.restrict((None, 2)),
        cyclic_group(8).regular_representation.restrict(4),
        dihedral_group(4).irrep(1, 1).restrict((0, 1)),
        cyclic_group(4).regular_representation,
        cyclic_group(4).irrep(1) + cyclic_group(4).irrep(0),
    ]:
        matrix, parts = disentangle(rho)
        assert sum(part.size for part in parts) == rho.size
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(rho.size), atol=1e-12)
        total = directsum(parts)
        for g in rho.group.elements:
            np.testing.assert_allclose(matrix @ rho(g) @ matrix.T, total(g), atol=1e-12)
        if rho.is_permutation:
            assert all(part.is_permutation for part in parts)


# ---- values


@over_representations
def test_fault_8_equal_things_have_equal_hashes(rho):
    twins = [rho, *(copy.copy(rho), copy.deepcopy(rho), reloaded(rho))]
    assert all(twin == rho and hash(twin) == hash(rho) for twin in twins)
    renamed = Representation(rho.group, "another name", rho.irreps, rho.change_of_basis)
    assert renamed == rho
    assert hash(renamed) == hash(rho)
    assert rho != "rho"


def test_things_built_twice_are_equal():
    for build in REPRESENTATIONS.values():
        assert build() == build()
    listed = [build() for build in REPRESENTATIONS.values()]
    for a, b in itertools.combinations(listed, 2):
        same = a.group == b.group and a.size == b.size and all(np.allclose(a(g), b(g)) for g in a.group.elements)
        if a == b:
            assert same, (a, b)
            assert hash(a) == hash(b)


@over_representations
def test_fault_12_copies_and_pickles_hold_no_group(rho):
    assert copy.deepcopy(rho) is rho
    assert copy.deepcopy([rho, {"a": rho}])[1]["a"] is rho
    loaded = reloaded(rho)
    assert loaded == rho
    assert repr(loaded) == repr(rho)
    assert len(pickle.dumps(rho)) < 2000 + 40 * rho.size**2 * rho.group.order()
    for g in rho.group.elements:
        np.testing.assert_array_equal(loaded(g), rho(g))


def test_names_do_not_depend_on_what_was_built_before():
    r = dihedral_group(4).regular_representation
    a = change_basis(r, np.eye(8), "a")
    b = change_basis(r, np.eye(8), "b")
    assert (a.restrict((None, 4)).name, b.restrict((None, 4)).name) == ("D4:a", "D4:b")
    assert (a.tensor(a).name, b.tensor(b).name) == ("a X a", "b X b")


def test_immutable():
    rho = cyclic_group(4).irrep(1)
    rho.irreps.append((7,))
    assert rho.irreps == [(1,)]
    with pytest.raises((AttributeError, TypeError)):
        rho.size = 3


@pytest.mark.parametrize(
    ("build", "printed"),
    [
        (lambda: trivial_group().trivial_representation, "C1|[irrep_0]:1"),
        (lambda: cyclic_group(4).irrep(1), "C4|[irrep_1]:2"),
        (lambda: cyclic_group(4).regular_representation, "C4|[regular]:4"),
        (lambda: dihedral_group(4).irrep(1, 1), "D4|[irrep_1,1]:2"),
        (lambda: dihedral_group(4).quotient_representation((None, 2)), "D4|[quotient[(None, 2)]]:4"),
        (lambda: cyclic_group(8).quotient_representation(2), "C8|[quotient[2]]:4"),
        (lambda: cyclic_group(8).irrep(1) + cyclic_group(8).irrep(2), "C8|[[irrep_1]_[irrep_2]]:4"),
        (lambda: cyclic_group(8).irrep(1).tensor(cyclic_group(8).irrep(2)), "C8|[irrep_1 X irrep_2]:4"),
        (lambda: dihedral_group(4).irrep(1, 1).restrict((0, 2)), "D2|[D4:irrep_1,1]:2"),
        (
            lambda: dihedral_group(4).induced_representation((None, 4), cyclic_group(4).irrep(2)),
            "D4|[induced[(None, 4)][irrep_2]]:2",
        ),
    ],
)
def test_printed_representations(build, printed):
    assert str(build()) == repr(build()) == printed


def test_representations_listed_by_name():
    listed = [str(r) for r in cyclic_group(4).standard_representations().values()]
    assert listed == ["C4|[irrep_0]:1", "C4|[irrep_1]:2", "C4|[irrep_2]:1", "C4|[regular]:4"]


def test_fault_2_bases_are_the_same_bytes_in_every_process():
    one, other = two_processes()
    for key in ("representations", "labels", "homomorphisms", "generated", "printed"):
        assert one[key] == other[key]


# ---- refusals


@pytest.mark.parametrize(
    "call",
    [
        lambda G: Representation(G, "x", [(1,)], np.eye(3)),
        lambda G: Representation(G, "x", [(1,)], np.diag([1.0, 0.0])),
        lambda G: Representation(G, "x", [(1,)], np.full((2, 2), np.nan)),
        lambda G: Representation(G, "x", [(9,)], np.eye(2)),
        lambda G: Representation(G, "x", [(1,)], np.eye(2), representation=lambda g: np.eye(2)),
        lambda G: change_basis(G.irrep(1), np.eye(3), "x"),
        lambda G: change_basis(G.irrep(1), np.ones((2, 2)), "x"),
        lambda G: directsum([]),
        lambda G: directsum([G.irrep(1), cyclic_group(8).irrep(1)]),
        lambda G: directsum([G.irrep(1)], change_of_basis=np.eye(3)),
        lambda G: G.irrep(1) + cyclic_group(8).irrep(1),
        lambda G: G.irrep(1).tensor(cyclic_group(8).irrep(1)),
        lambda G: G.irrep(1).restrict(3),
        lambda G: G.irrep(1).multiplicity((9,)),
        lambda G: G.restrict_representation(2, cyclic_group(8).irrep(1)),
        lambda G: homomorphism_space(G.irrep(1), cyclic_group(8).irrep(1)),
        lambda G: G.quotient_representation(3),
        lambda G: directsum(["regular"]),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(IntertwineError) as caught:
        call(cyclic_group(4))
    assert str(caught.value)


@pytest.mark.parametrize("case", ["equal orbits", "orbits of several sizes"])
def test_the_gauge_of_maps_into_many_blocks_is_that_of_their_projector(case):
    group = dihedral_group(12)
    psi = group.irrep(1, 2)
    rho = group.regular_representation.tensor(psi) if case == "equal orbits" else group.quotient_representation((0, 1))
    if case != "equal orbits":
        rho = directsum([rho, psi, *(8 * [group.regular_representation])])
    turned = [np.kron(rho(g), psi(g)) for g in group.elements]
    dimension = multiplicity(rho, psi)
    projector = np.mean(turned, axis=0)
    found = intertwiners(psi.generator_matrices, rho.generator_matrices, dimension=dimension)
    np.testing.assert_allclose(found.reshape(dimension, -1), canonical_basis(projector, dimension), rtol=0, atol=1e-12)
