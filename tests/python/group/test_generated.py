"""Finite groups from generators: tables, irreps, characters, subgroups, point groups, and what is refused."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine.errors import GroupError, IntertwineError
from intertwine.group import (
    CRYSTALLOGRAPHIC,
    GeneratedGroup,
    MatrixGroup,
    alternating_group,
    cyclic_group,
    dicyclic_group,
    dihedral_group,
    group_from_matrices,
    group_from_permutations,
    group_from_table,
    point_group,
    quaternion_group,
    semidirect_product,
    symmetric_group,
)

from ..contracts.cases import over
from ..contracts.copies import reloaded
from ..contracts.lists import FINITE
from .irreps_golden import GOLDEN, irreps_at_generators

ENDOMORPHISMS = {"R": 1, "C": 2, "H": 4}


over_groups = over("G", FINITE, make=lambda name: FINITE[name]())


# ---- tables


@over_groups
def test_the_table_is_that_of_a_group(G):
    table, n = G.table, G.order()
    everyone = np.arange(n)
    assert (table[0] == everyone).all()
    assert (table[:, 0] == everyone).all()
    assert (np.sort(table, axis=0) == everyone[:, None]).all()
    assert (np.sort(table, axis=1) == everyone).all()
    for a in range(n):
        assert (table[table[a]] == table[a][table]).all()
    assert (table[everyone, G.inverses] == 0).all()


def test_matrices_and_permutations_multiply_by_the_table():
    for name, build in FINITE.items():
        G = build()
        if "MAT" in G.PARAMETRIZATIONS and isinstance(G, MatrixGroup):
            matrices = np.stack([g.to("MAT") for g in G.elements])
            for h in range(G.order()):
                np.testing.assert_allclose(matrices @ matrices[h], matrices[G.table[:, h]], atol=1e-13, err_msg=name)
        if "permutation" in G.PARAMETRIZATIONS:
            permutations = np.array([g.to("permutation") for g in G.elements])
            for h in range(G.order()):
                assert (permutations[:, permutations[h]] == permutations[G.table[:, h]]).all()


def test_elements_come_breadth_first_by_words_in_the_generators():
    for generators in ([(1, 0, 2, 3), (1, 2, 3, 0)], [(1, 2, 3, 4, 0), (0, 2, 4, 1, 3)], [(2, 1, 0), (2, 1, 0)]):
        G = group_from_permutations(generators)
        expected = [tuple(range(len(generators[0])))]
        for p in expected:
            for q in generators:
                product = tuple(p[j] for j in q)
                if product not in expected:
                    expected.append(product)
        assert [g.to("permutation") for g in G.elements] == expected


def test_a_table_keeps_the_order_of_its_elements():
    shift = np.array([[(i + j - 2) % 5 for j in range(5)] for i in range(5)])
    G = group_from_table(shift, names="abcde")
    assert [str(g) for g in G.elements] == ["c", "a", "b", "d", "e"]
    assert str(G.element(1) @ G.element(4)) == "c"
    assert group_from_table(dihedral_group(5).table).table.tolist() == dihedral_group(5).table.tolist()


def test_generators_that_miss_by_a_little_are_polished():
    exact = point_group("Ih")
    rough = group_from_matrices(np.round(exact.given, 9))
    assert rough.order() == 120
    assert (rough.table == exact.table).all()
    matrices = np.stack([g.to("MAT") for g in rough.elements])
    np.testing.assert_allclose(matrices[:, None] @ matrices[None], matrices[rough.table], atol=1e-13)
    np.testing.assert_allclose(matrices, exact.natural_representation.matrices, atol=1e-8)


def test_orders_of_the_families():
    assert [symmetric_group(n).order() for n in range(1, 7)] == [1, 2, 6, 24, 120, 720]
    assert [alternating_group(n).order() for n in range(1, 7)] == [1, 1, 3, 12, 60, 360]
    assert [dicyclic_group(n).order() for n in (1, 2, 3, 10)] == [4, 8, 12, 40]
    for n in (3, 4, 5):
        even = {p for p in itertools.permutations(range(n)) if np.linalg.det(np.eye(n)[list(p)]) > 0}
        assert {g.to("permutation") for g in alternating_group(n).elements} == even


# ---- irreps


@over_groups
def test_irreps_multiply_like_the_group(G):
    for psi in G.irreps():
        M = psi.matrices
        np.testing.assert_allclose(M @ M.transpose(0, 2, 1), np.broadcast_to(np.eye(psi.size), M.shape), atol=1e-12)
        for h in range(G.order()):
            np.testing.assert_allclose(M @ M[h], M[G.table[:, h]], atol=1e-12)


@over_groups
def test_schur_orthogonality_with_types(G):
    irreps = G.irreps()
    values = np.stack([np.einsum("gii->g", psi.matrices) for psi in irreps])
    e = np.array([ENDOMORPHISMS[psi.type] for psi in irreps])
    np.testing.assert_allclose(values @ values.T / G.order(), np.diag(e), atol=1e-12)
    # Frobenius and Schur: 1, 0 or -2 by the type
    indicators = values[:, np.diagonal(G.table)].mean(axis=1)
    np.testing.assert_allclose(indicators, [{"R": 1, "C": 0, "H": -2}[psi.type] for psi in irreps], atol=1e-12)
    assert sum(psi.size**2 // k for psi, k in zip(irreps, e)) == G.order()
    # as many as classes, if each is taken together with that of the inverses
    merged = {frozenset({a, b}) for a, b in zip(G.class_numbers, G.class_numbers[G.inverses])}
    assert len(irreps) == len(merged)


@over_groups
def test_the_endomorphisms_have_the_dimension_of_the_type(G):
    for psi in G.irreps():
        assert len(psi.endomorphism_basis()) == ENDOMORPHISMS[psi.type]


@over_groups
def test_labels_are_in_canonical_order(G):
    if not isinstance(G, GeneratedGroup):
        return
    irreps = G.irreps()
    assert [psi.id for psi in irreps] == [(k,) for k in range(len(irreps))]
    assert irreps[0].is_trivial()
    keys = [(psi.size, *(-psi.characters.round(6))) for psi in irreps[1:]]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ["S4", "Q8", "2T", "C5 : C4", "D4", "point group Oh", "point group D6h", "A5"])
def test_labels_depend_on_the_table_alone(name):
    G = FINITE[name]()
    H = group_from_table(G.table)
    found = [psi.characters for psi in H.irreps()]
    if isinstance(G, GeneratedGroup):
        np.testing.assert_allclose(found, [psi.characters for psi in G.irreps()], atol=1e-12)
    else:
        for psi in G.irreps():
            assert sum(np.allclose(psi.characters, c) for c in found) == 1


def test_an_irreducible_natural_representation_is_an_irrep_as_it_was_given():
    for symbol in ("T", "Td", "Th", "O", "Oh", "I", "Ih"):
        G = point_group(symbol)
        natural = G.natural_representation
        assert natural.irreducible
        assert (natural.matrices == np.stack([g.to("MAT") for g in G.elements])).all()
        assert (natural.matrices[1 : len(G.given) + 1] == G.given).all()
    assert quaternion_group().natural_representation == quaternion_group().irrep(4)
    assert symmetric_group(4).natural_representation.is_permutation
    square = group_from_table(dihedral_group(4).table)
    assert square.natural_representation == square.regular_representation


def test_irreps_of_a_lattice_are_signed_permutations_where_they_can_be():
    for G in (point_group("D4h"), group_from_table(dihedral_group(4).table), quaternion_group(), point_group("Th")):
        for psi in G.irreps():
            assert (psi.size == 2 and psi.type == "C") or psi.is_signed_permutation, psi
    for psi in point_group("C4h").irreps():
        assert psi.is_signed_permutation


def test_the_gauge_is_the_golden_one():
    with np.load(GOLDEN) as stored:
        golden = dict(stored)
    values = irreps_at_generators()
    assert set(values) == set(golden)
    for name, value in values.items():
        np.testing.assert_allclose(value, golden[name], atol=1e-12, rtol=0, err_msg=name)


# ---- conjugacy


@over_groups
def test_conjugacy_classes(G):
    few = G.elements if G.order() <= 24 else G.elements[:: G.order() // 8]
    classes = G.conjugacy_classes
    assert classes[0] == [G.identity]
    assert sorted(G.index(g) for found in classes for g in found) == list(range(G.order()))
    firsts = [G.index(found[0]) for found in classes]
    assert firsts == sorted(firsts)
    for g in few:
        found = next(c for c in classes if g in c)
        assert {h @ g @ ~h for h in G.elements} == set(found)
    for g, n in zip(G.elements, G.element_orders):
        if g in few:
            assert next(k for k in range(1, G.order() + 1) if g**k == G.identity) == n


@over_groups
def test_centre_and_derived_subgroup(G):
    if G.order() > 24:
        return
    assert G.centre == [z for z in G.elements if all(z @ g == g @ z for g in G.elements)]
    commutators = {a @ b @ ~a @ ~b for a in G.elements for b in G.elements}
    while True:
        larger = commutators | {a @ b for a in commutators for b in commutators}
        if larger == commutators:
            break
        commutators = larger
    assert set(G.derived_subgroup) == commutators
    # as many irreps of one complex dimension as the quotient has elements
    flat = sum(1 if psi.size == 1 else 2 for psi in G.irreps() if psi.size == 1 or (psi.size, psi.type) == (2, "C"))
    assert flat == G.order() // len(commutators)


@over_groups
def test_character_tables(G):
    table = G.character_table
    values, sizes = np.asarray(table), np.array(table.sizes)
    assert values.shape == (len(G.irreps()), len(G.conjugacy_classes))
    assert sizes.sum() == G.order()
    e = [ENDOMORPHISMS[psi.type] for psi in table.irreps]
    np.testing.assert_allclose((values * sizes) @ values.T / G.order(), np.diag(e), atol=1e-12)
    for psi, row in zip(table.irreps, values):
        assert row[0] == psi.size
        np.testing.assert_allclose(row, [psi.character(g) for g in table.representatives], atol=1e-12)
    lines = str(table).splitlines()
    assert len(lines) == 3 + len(values)
    assert len(set(map(len, lines))) == 1
    with pytest.raises(ValueError, match="read-only"):
        table.values[...] = 0


def test_the_character_table_of_s4():
    # columns: identity, swap, 4-cycle, 3-cycle, two swaps
    expected = [[1, 1, 1, 1, 1], [1, -1, -1, 1, 1], [2, 0, 0, -1, 2], [3, 1, -1, 0, -1], [3, -1, 1, 0, -1]]
    assert symmetric_group(4).character_table.values.tolist() == expected
    assert symmetric_group(4).character_table.orders == (1, 2, 4, 3, 2)


# ---- subgroups


@pytest.mark.parametrize(
    ("build", "subgroups", "classes"),
    [
        (lambda: quaternion_group(), 6, 6),
        (lambda: dihedral_group(4), 10, 8),
        (lambda: cyclic_group(60), 12, 12),
        (lambda: symmetric_group(4), 30, 11),
        (lambda: alternating_group(5), 59, 9),
        (lambda: point_group("Oh"), 98, 33),
        (lambda: point_group("Ih"), 164, 22),
        (lambda: symmetric_group(5), 156, 19),
        (lambda: group_from_table([[i ^ j for j in range(32)] for i in range(32)]), 374, 374),
    ],
)
def test_numbers_of_subgroups(build, subgroups, classes):
    found = build().subgroups()
    assert len(found) == classes
    assert sum(c.conjugates for c in found) == subgroups


def test_subgroups_are_all_there():
    for G in (symmetric_group(3), alternating_group(4), quaternion_group(), dihedral_group(6), point_group("D2h")):
        # three elements generate any subgroup of these
        every = {frozenset(G.closure(list(t))) for t in itertools.combinations(range(G.order()), 3)}
        every |= {frozenset(G.closure(list(t))) for t in itertools.combinations(range(G.order()), 1)}
        found = G.subgroups()
        conjugates = set()
        for c in found:
            orbit = {
                frozenset(int(G.table[G.table[g, h], G.inverses[g]]) for h in c.elements) for g in range(G.order())
            }
            assert len(orbit) == c.conjugates
            assert c.normal == (len(orbit) == 1)
            conjugates |= orbit
        assert conjugates == every
        assert len({frozenset(c.elements) for c in found}) == len(found)


@over_groups
def test_subgroups_have_the_elements_that_their_labels_say(G):
    if G.order() > 60 or G.name.startswith("TableGroup(60"):
        return
    for c in G.subgroups():
        H, include, restrict = G.subgroup(c.id)
        assert H.order() == c.order == len(c.elements)
        assert {G.index(include(h)) for h in H.elements} == set(c.elements)
        numbers = np.array([G.index(include(h)) for h in H.elements])
        assert (G.table[np.ix_(numbers, numbers)] == numbers[H.table]).all()
        assert all(restrict(include(h)) == h for h in H.elements)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda: symmetric_group(3), "D3"),
        (lambda: symmetric_group(4), "S4"),
        (lambda: symmetric_group(5), "S5"),
        (lambda: point_group("Td"), "S4"),
        (lambda: point_group("Oh"), "C2 x S4"),
        (lambda: point_group("Ih"), "C2 x A5"),
        (lambda: point_group("D2h"), "C2 x C2 x C2"),
        (lambda: point_group("C4h"), "C2 x C4"),
        (lambda: point_group("C6h"), "C2 x C6"),
        (lambda: point_group("S6"), "C6"),
        (lambda: point_group("D3d"), "D6"),
        (lambda: quaternion_group(), "Q8"),
        (lambda: dicyclic_group(3), "Dic3"),
        (lambda: dicyclic_group(1), "C4"),
        (FINITE["C5 : C4"], "C5 : C4"),
        (FINITE["C7 : C3"], "C7 : C3"),
        (lambda: semidirect_product(cyclic_group(3), cyclic_group(4), lambda h, n: n ** (-1) ** h.value), "Dic3"),
    ],
)
def test_structures_are_named(build, name):
    G = build()
    assert G.subgroups()[-1].name == name
    assert G.subgroups()[-1].order == G.order()


def test_any_elements_label_a_subgroup():
    G = symmetric_group(4)
    assert G.subgroup_id([1, 2]) == G.subgroup_self_id == (1, 2)
    assert G.subgroup([3, 1])[0] is G.subgroup(G.subgroup_id((1, 3)))[0]
    assert G.subgroup(G.element(1))[0].order() == 2
    assert G.subgroup(())[0].order() == 1
    H, include, _ = point_group("Oh").subgroup((1,))
    assert (H.natural_representation.matrices == [include(h).to("MAT") for h in H.elements]).all()
    assert H.name == "C4"
    assert reloaded(H) == H
    K = H.subgroup((2,))[0]
    assert K.order() == 2
    assert [g.to("MAT")[0, 0] for g in K.elements] == [1, -1]


def test_equal_groups_keep_their_own_names():
    one = group_from_permutations(symmetric_group(4).given, "one")
    other = group_from_permutations(symmetric_group(4).given, "other")
    assert one == other == symmetric_group(4)
    assert hash(one) == hash(other) == hash(symmetric_group(4))
    assert one.element(3) == other.element(3)
    for G in (one, other):
        psi = G.irrep(2)
        assert str(psi) == f"{G}|[irrep_2]:2"
        assert str(psi.restrict((1,))) == f"C2|[{G}:irrep_2]:2"
        assert str(psi.restrict((1, 2))) == f"{G}|[{G}:irrep_2]:2"
    assert group_from_matrices(point_group("Td").given) == point_group("Td")
    assert group_from_matrices(-point_group("Td").given) != point_group("Td")
    assert group_from_table(symmetric_group(4).table) != symmetric_group(4)


# ---- point groups

TRICLINIC_TO_TETRAGONAL = "1 -1 2 m 2/m 222 mm2 mmm 4 -4 4/m 422 4mm -42m 4/mmm"
TRIGONAL_TO_CUBIC = "3 -3 32 3m -3m 6 -6 6/m 622 6mm -6m2 6/mmm 23 m-3 432 -43m m-3m"
HERMANN_MAUGUIN = [*TRICLINIC_TO_TETRAGONAL.split(), *TRIGONAL_TO_CUBIC.split()]
ORDERS = [1, 2, 2, 2, 4, 4, 4, 8, 4, 4, 8, 8, 8, 8, 16, 3, 6, 6, 6, 12, 6, 6, 12, 12, 12, 12, 24, 12, 24, 24, 24, 48]


def kinds(G):
    """Elements counted by determinant and trace: rotations by 360 / n degrees, mirrors, and so on."""
    matrices = np.stack([g.to("MAT") for g in G.elements])
    pairs = zip(np.rint(np.linalg.det(matrices)).astype(int).tolist(), np.rint(np.einsum("gii->g", matrices)).tolist())
    return sorted(pairs)


def test_the_32_crystallographic_point_groups():
    groups = [point_group(symbol) for symbol in HERMANN_MAUGUIN]
    assert [G.order() for G in groups] == ORDERS
    assert tuple(G.schoenflies for G in groups) == CRYSTALLOGRAPHIC
    assert [G.hermann_mauguin for G in groups] == HERMANN_MAUGUIN
    for G, name in zip(groups, CRYSTALLOGRAPHIC):
        assert point_group(name) is G
    # no two are conjugate in O(3): they differ in their kinds of elements
    assert len({str(kinds(G)) for G in groups}) == 32
    cube = {tuple(g.to("MAT").ravel()) for g in point_group("Oh").elements}
    prism = {tuple(g.to("MAT").ravel()) for g in point_group("D6h").elements}
    for G in groups:
        matrices = {tuple(g.to("MAT").ravel()) for g in G.elements}
        assert matrices <= cube or matrices <= prism, G


def test_matrices_of_point_groups_are_exact():
    for symbol in CRYSTALLOGRAPHIC:
        for g in point_group(symbol).elements:
            matrix = g.to("MAT")
            assert set(np.abs(matrix).ravel()) <= {0.0, 0.5, float(np.sqrt(3.0)) / 2, 1.0}
            assert not np.signbit(matrix[matrix == 0]).any()


def test_settings_of_point_groups():
    def has(symbol, matrix):
        return any(np.array_equal(g.to("MAT"), matrix) for g in point_group(symbol).elements)

    x, y, z = (np.diag(d) for d in ([1.0, -1, -1], [-1.0, 1, -1], [-1.0, -1, 1]))
    for symbol in ("2", "mm2", "4", "-4", "422", "6", "23"):
        assert has(symbol, z), symbol
    for symbol in ("32", "-42m", "622"):
        assert has(symbol, x), symbol
    for symbol in ("3m", "-6m2", "mm2", "6mm"):
        assert has(symbol, -x), symbol
    assert has("m", -z)
    assert not has("-6m2", x)
    assert has("-6m2", y)
    assert not has("-42m", -x)
    assert has("-43m", np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))
    assert not has("-43m", -np.eye(3))
    assert has("m-3", -np.eye(3))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m3m", "Oh"),
        ("4/m -3 2/m", "Oh"),
        ("2/m 2/m 2/m", "D2h"),
        ("6/m2/m2/m", "D6h"),
        ("3m1", "C3v"),
        ("C3i", "S6"),
        ("S2", "-1"),
        ("C_{4v}", "4mm"),
        ("td", "\u221243m"),
        ("Vd", "-42m"),
        ("C1h", "m"),
    ],
)
def test_other_symbols(one, other):
    assert point_group(one) is point_group(other)


def test_point_groups_that_no_crystal_has():
    assert [point_group(s).order() for s in ("I", "Ih", "C5v", "D5h", "D5d", "D4d", "S8", "C7h")] == [
        *(60, 120, 10, 20, 20, 16, 8, 14)
    ]
    assert point_group("Ih").hermann_mauguin is None
    assert [psi.size for psi in point_group("I").irreps()] == [1, 3, 3, 4, 5]


def test_elements_print_by_angle_and_axis():
    G = point_group("Oh")
    printed = [str(g) for g in G.elements]
    assert printed[:4] == ["identity", "90 deg about (0, 0, 1)", "120 deg about (1, 1, 1)", "inversion"]
    assert len(set(printed)) == 48
    assert sum(text.startswith("mirror") for text in printed) == 9
    assert str(quaternion_group().elements) == "[1, i, j, -1, k, -k, -i, -j]"
    assert str(dicyclic_group(3).elements[:5]) == "[1, a, b, a^2, a b]"
    assert repr(group_from_permutations([(1, 0, 3, 2)]).elements[1]) == "(0 1)(2 3)"


# ---- what is refused

REFUSED = {
    "a matrix that is not orthogonal": (lambda: group_from_matrices([[[1, 1], [0, 1]]]), "orthogonal"),
    "a matrix that is orthogonal to four digits": (
        lambda: group_from_matrices([[[0.5, -0.8660], [0.8660, 0.5]]]),
        "orthogonal",
    ),
    "a rotation by one radian": (
        lambda: group_from_matrices([[[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]]]),
        "more than 1000",
    ),
    "a stated order": (lambda: group_from_matrices(point_group("Oh").given, max_order=47), "more than 47"),
    "a stated order of permutations": (lambda: group_from_permutations(symmetric_group(4).given, max_order=23), "23"),
    "matrices of two sizes": (lambda: group_from_matrices([np.eye(2), np.eye(3)]), "one size"),
    "no matrices": (lambda: group_from_matrices([]), "shape"),
    "a matrix alone": (lambda: group_from_matrices(np.eye(2)), "shape"),
    "text": (lambda: group_from_matrices("ab"), "matrices"),
    "not finite": (lambda: group_from_matrices([[[np.nan]]]), "orthogonal"),
    "no permutation": (lambda: group_from_permutations([(0, 0, 1)]), "no permutation"),
    "no whole numbers": (lambda: group_from_permutations([(0.5, 1.5)]), "no permutation"),
    "permutations of two lengths": (lambda: group_from_permutations([(0, 1), (0, 1, 2)]), "one length"),
    "no square": (lambda: group_from_table([[0, 1]]), "square"),
    "numbers that are no elements": (lambda: group_from_table([[0, 1], [1, 2]]), "0 to 1"),
    "no Latin square": (lambda: group_from_table([[0, 1, 2], [1, 1, 0], [2, 0, 1]]), "Latin"),
    "no Latin square by columns": (lambda: group_from_table([[0, 1, 2], [1, 2, 0], [2, 1, 0]]), "Latin|identity"),
    "no identity": (lambda: group_from_table([[1, 0, 2], [0, 2, 1], [2, 1, 0]]), "identity"),
    "a loop that is not associative": (
        lambda: group_from_table([[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [2, 4, 0, 1, 3], [3, 2, 4, 0, 1], [4, 3, 1, 2, 0]]),
        r"not associative: \(\d \d\) \d = \d, but \d \(\d \d\) = \d",
    ),
    "too few names": (lambda: group_from_table([[0, 1], [1, 0]], names=["e"]), "names"),
    "a symmetric group of no points": (lambda: symmetric_group(0), "at least 1"),
    "a large symmetric group": (lambda: symmetric_group(7), "more than 1000"),
    "an alternating group of text": (lambda: alternating_group("5"), "whole number"),
    "a large dicyclic group": (lambda: dicyclic_group(10**9), "more than 1000"),
    "no automorphism": (
        lambda: semidirect_product(cyclic_group(4), cyclic_group(2), [[0, 1, 2, 3], [0, 2, 1, 3]]),
        "no automorphism",
    ),
    "no action": (
        lambda: semidirect_product(cyclic_group(5), cyclic_group(4), lambda h, n: n ** (-1 if h.value == 1 else 1)),
        "does not act",
    ),
    "an action that permutes nothing": (
        lambda: semidirect_product(cyclic_group(3), cyclic_group(2), [[0, 1, 2], [0, 0, 0]]),
        "does not permute",
    ),
    "an action of the wrong shape": (lambda: semidirect_product(cyclic_group(3), cyclic_group(2), [[0, 1]]), "shape"),
    "factors that are no groups": (lambda: semidirect_product(3, 2, None), "finite groups"),
    "a point group that is none": (lambda: point_group("C4x"), "C4x"),
    "a point group of order 0": (lambda: point_group("C0v"), "C0v"),
    "an odd rotoreflection": (lambda: point_group("S5"), "S5"),
    "a point group by a number": (lambda: point_group(32), "string"),
    "a huge point group": (lambda: point_group("D900h"), "more than 1000"),
    "an element that is none": (lambda: symmetric_group(3).element(6), "no element 6"),
    "a negative element": (lambda: symmetric_group(3).element(-1), "no element"),
    "a matrix that is none": (lambda: point_group("Td").element(-np.eye(3), "MAT"), "no element"),
    "a permutation that is none": (lambda: alternating_group(3).element((1, 0, 2), "permutation"), "no element"),
    "a permutation of text": (lambda: alternating_group(3).element("abc", "permutation"), "no element"),
    "a pair that is none": (lambda: FINITE["C5 : C4"]().element(3, "pair"), "pair"),
    "an irrep that is none": (lambda: symmetric_group(3).irrep(3), "no irrep"),
    "a negative irrep": (lambda: symmetric_group(3).irrep(-1), "no irrep"),
    "a subgroup that is none": (lambda: symmetric_group(3).subgroup((9,)), "no element 9"),
    "a subgroup by its name": (lambda: symmetric_group(3).subgroup("C2"), "tuple of elements"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_reason(name):
    call, words = REFUSED[name]
    with pytest.raises(IntertwineError, match=words):
        call()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 5), st.randoms(use_true_random=False))
def test_damaged_tables_are_refused(n, random):
    table = dihedral_group(n).table.copy()
    i, j = random.randrange(2 * n), random.randrange(2 * n)
    table[i, j] = (table[i, j] + random.randrange(1, 2 * n)) % (2 * n)
    with pytest.raises(GroupError):
        group_from_table(table)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_permutations_make_a_group(data):
    n = data.draw(st.integers(1, 5))
    generators = data.draw(st.lists(st.permutations(range(n)), min_size=1, max_size=3))
    G = group_from_permutations(generators)
    irreps = G.irreps()
    assert sum(psi.size**2 // ENDOMORPHISMS[psi.type] for psi in irreps) == G.order()
    for psi in irreps:
        np.testing.assert_allclose(psi.matrices @ psi.matrices[-1], psi.matrices[G.table[:, -1]], atol=1e-12)
    assert reloaded(G) == G
    assert all(g in G.elements for g in G.generators)


def test_large_groups_are_not_slow():
    # generous: a hundred times of what it takes
    started = time.perf_counter()
    group_from_table(symmetric_group(5).table).irreps()
    group_from_permutations(symmetric_group(6).given).irreps()
    assert time.perf_counter() - started < 10


# ---- complex matrices


def test_complex_generators_are_taken_as_real_ones_of_twice_the_size():
    quaternions = group_from_matrices([[[1j, 0], [0, -1j]], [[0, 1], [-1, 0]]], "Q8, complex")
    assert quaternions.order() == 8
    assert quaternions.natural_representation.irreps == [(4,)]
    assert quaternions.irrep(4).type == "H"
    assert quaternions.element(np.array([[0, 1j], [1j, 0]]), "MAT") in quaternions.elements
    clock = np.diag(np.exp(2j * np.pi * np.arange(3) / 3))
    heisenberg = group_from_matrices([clock, np.roll(np.eye(3), 1, axis=0)])
    assert heisenberg.order() == 27
    assert [irrep.size for irrep in heisenberg.irreps()] == [1, 2, 2, 2, 2, 6]
    assert reloaded(heisenberg) == heisenberg
    turn = heisenberg.element(clock, "MAT").to("MAT")
    np.testing.assert_allclose(turn[2:4, 2:4], [[-0.5, -np.sqrt(0.75)], [np.sqrt(0.75), -0.5]], atol=1e-12)


def test_complex_numbers_without_imaginary_parts_are_real():
    turn = np.array([[0, -1], [1, 0]])
    assert group_from_matrices([turn.astype(complex)]) == group_from_matrices([turn])


def test_complex_generators_that_are_not_unitary_are_refused():
    with pytest.raises(GroupError, match="Generator 1 is not unitary"):
        group_from_matrices([[[1j]], [[1 + 1j]]])
