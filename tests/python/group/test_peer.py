"""Groups and representations beside escnn's: printed forms, matrices, labels."""

import numpy as np
import pytest

from intertwine import group

from ..contracts.lists import GROUPS, SUBGROUPS

pytestmark = pytest.mark.peer

THEIRS = [name for name, build in GROUPS.items() if isinstance(build(), (group.CyclicGroup, group.DihedralGroup))]
CASES = [(name, id) for name, ids in SUBGROUPS.items() if name in THEIRS for id in ids]


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    return pytest.importorskip("escnn.group")


def theirs_of(escnn, G):
    return escnn.cyclic_group(G.N) if isinstance(G, group.CyclicGroup) else escnn.dihedral_group(G.N)


@pytest.mark.parametrize("name", THEIRS)
def test_groups(escnn, name):
    ours = GROUPS[name]()
    theirs = theirs_of(escnn, ours)
    assert str(ours) == str(theirs)
    assert ours.order() == theirs.order()
    assert [str(g) for g in ours.elements] == [str(g) for g in theirs.elements]
    assert [repr(g) for g in ours.generators] == [repr(g) for g in theirs.generators]
    assert ours.PARAM == theirs.PARAM
    assert set(theirs.PARAMETRIZATIONS) <= set(ours.PARAMETRIZATIONS)
    assert ours.subgroup_trivial_id == theirs.subgroup_trivial_id
    assert ours.subgroup_self_id == theirs.subgroup_self_id
    for a, b in zip(ours.elements, theirs.elements):
        assert a.value == b.value
        assert str(~a) == str(~b)
        np.testing.assert_allclose(np.hstack(flat(a.to("radians"))), np.hstack(flat(b.to("radians"))))
        for c, d in zip(ours.elements, theirs.elements):
            assert str(a @ c) == str(b @ d)


def flat(value):
    return list(value) if isinstance(value, tuple) else [value]


@pytest.mark.parametrize("name", THEIRS)
def test_representations_by_name(escnn, name):
    ours = GROUPS[name]()
    theirs = theirs_of(escnn, ours)
    # Theirs also lists what has been made before, by other tests.
    assert list(ours.standard_representations()) == list(theirs.representations)[: len(ours.standard_representations())]
    for mine, other in zip(ours.standard_representations().values(), theirs.representations.values()):
        assert repr(mine) == repr(other)
        assert mine.irreps == other.irreps
        for a, b in zip(ours.elements, theirs.elements):
            np.testing.assert_allclose(mine(a), other(b), atol=1e-12)
    assert [psi.id for psi in ours.irreps()] == [psi.id for psi in theirs.irreps()]
    for mine, other in zip(ours.irreps(), theirs.irreps()):
        assert mine.type == other.type
        assert mine.attributes == other.attributes
        assert mine.endomorphism_basis().shape == other.endomorphism_basis().shape
        assert mine.sum_of_squares_constituents == other.sum_of_squares_constituents


@pytest.mark.parametrize(("name", "id"), CASES, ids=str)
def test_subgroups(escnn, name, id):
    ours = GROUPS[name]()
    theirs = theirs_of(escnn, ours)
    if (name, id) == ("D8", (3, 4)):
        pytest.skip("escnn cannot include this one")
    H, include, _ = ours.subgroup(id)
    K, embed, _ = theirs.subgroup(id)
    assert str(H) == str(K)
    assert [str(include(h)) for h in H.elements] == [str(embed(k)) for k in K.elements]
    for mine, other in [
        (ours.quotient_representation(id), theirs.quotient_representation(id)),
        (ours.induced_representation(id, H.irreps()[-1]), theirs.induced_representation(id, K.irreps()[-1])),
        (ours.regular_representation.restrict(id), theirs.regular_representation.restrict(id)),
        (ours.irreps()[-1].restrict(id), theirs.irreps()[-1].restrict(id)),
    ]:
        assert repr(mine) == repr(other)
        assert sorted(mine.irreps) == sorted(other.irreps)
        for a, b in zip(mine.group.elements, other.group.elements):
            np.testing.assert_allclose(mine(a), other(b), atol=1e-10)


def test_names_of_sums_and_products(escnn):
    for module in (group, escnn):
        G = module.cyclic_group(8)
        built = [
            G.irrep(1) + G.irrep(2),
            module.directsum([G.irrep(1), G.irrep(2)], name="foo"),
            G.irrep(1).tensor(G.irrep(2)),
            module.change_basis(G.irrep(1), np.eye(2), "bar"),
        ]
        assert [repr(rho) for rho in built] == [
            "C8|[[irrep_1]_[irrep_2]]:4",
            "C8|[foo]:4",
            "C8|[irrep_1 X irrep_2]:4",
            "C8|[bar]:2",
        ]
        assert built[2].irreps == [(1,), (3,)]
        assert module.homomorphism_space(G.irrep(1), built[0]).shape == (2, 4, 2)
        assert built[0].endomorphism_basis().shape == (4, 4, 4)


@pytest.mark.parametrize(
    ("symbol", "theirs"), [("O", "octa_group"), ("Oh", "full_octa_group"), ("I", "ico_group"), ("Ih", "full_ico_group")]
)
def test_point_groups(escnn, symbol, theirs):
    theirs = getattr(escnn, theirs)()
    ours = group.point_group(symbol)
    assert ours.order() == theirs.order()

    def profile(psi, elements):
        return (psi.size, psi.type, *sorted(round(float(np.trace(psi(g))), 6) + 0.0 for g in elements))

    mine = sorted(profile(psi, ours.elements) for psi in ours.irreps())
    other = sorted(profile(psi, theirs.elements) for psi in theirs.irreps())
    assert len(mine) == len(other)
    for a, b in zip(mine, other):
        assert a[:2] == b[:2]
        np.testing.assert_allclose(a[2:], b[2:], atol=1e-5)
