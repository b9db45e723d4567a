"""The groups of space beside escnn's: printed forms, labels, characters, matrices up to the order of the harmonics."""

import numpy as np
import pytest

from intertwine import group, gspaces

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    return pytest.importorskip("escnn.group")


def same_characters(ours, theirs, pairs):
    for g, h in pairs:
        assert ours.character(g) == pytest.approx(theirs.character(h), abs=1e-6)


FINITE = {
    "octa_group": (),
    "ico_group": (),
    "full_octa_group": (),
    "cylinder_discrete_group": (3,),
    "full_cylinder_discrete_group": (3,),
}


@pytest.mark.parametrize("name", FINITE)
def test_finite_groups(escnn, name):
    ours, theirs = getattr(group, name)(*FINITE[name]), getattr(escnn, name)(*FINITE[name])
    assert str(ours) == str(theirs)
    assert ours.order() == theirs.order()
    assert ours.PARAM == theirs.PARAM
    assert set(theirs.PARAMETRIZATIONS) <= set(ours.PARAMETRIZATIONS)
    pairs = [(ours.element(h.value, h.param), h) for h in theirs.elements]
    assert len({str(g) for g, _ in pairs}) == ours.order()
    assert [(psi.id, str(psi), psi.type) for psi in ours.irreps()] == [
        (phi.id, str(phi), phi.type) for phi in theirs.irreps()
    ]
    for psi, phi in zip(ours.irreps(), theirs.irreps()):
        same_characters(psi, phi, pairs)
    for (a, b), (c, d) in zip(pairs[:10], pairs[5:15]):
        assert ours.element((b @ d).value, theirs.PARAM) == a @ c
        assert ours.element((~b).value, theirs.PARAM) == ~a
    # escnn's edges of the cube are the cosets of a half turn about a face: another permutation than that of the edges.
    figures = [
        n
        for n in vars(type(theirs))
        if n.startswith(("cube_", "ico_", "standard")) and n != "cube_edges_representation"
    ]
    for figure in figures:
        same_characters(getattr(ours, figure), getattr(theirs, figure), pairs)


@pytest.mark.parametrize("name", ["so3_group", "o3_group", "cylinder_group", "full_cylinder_group"])
def test_continuous_groups(escnn, name):
    ours, theirs = getattr(group, name)(3), getattr(escnn, name)(3)
    assert str(ours) == str(theirs)
    assert ours.PARAM == theirs.PARAM
    assert (ours.subgroup_trivial_id, ours.subgroup_self_id) == (theirs.subgroup_trivial_id, theirs.subgroup_self_id)
    listed = {psi.id: psi for psi in ours.irreps()}
    elements = [theirs.sample() for _ in range(5)]
    pairs = [(ours.element(h.value, h.param), h) for h in elements]
    for phi in theirs.irreps():
        psi = listed.get(phi.id)
        if psi is not None:
            assert (str(psi), psi.size, psi.type) == (str(phi), phi.size, phi.type)
            same_characters(psi, phi, pairs)
    if name.endswith("o3_group"):
        assert ours.bl_irreps(3) == theirs.bl_irreps(3)
        for L in (1, 2):
            assert str(ours.bl_regular_representation(L)) == str(theirs.bl_regular_representation(L))
            assert sorted(ours.bl_sphere_representation(L).irreps) == sorted(theirs.bl_sphere_representation(L).irreps)
        for g, h in pairs:
            np.testing.assert_allclose(
                ours.standard_representation()(g), theirs.standard_representation()(h), atol=1e-9
            )
            for param in ("MAT", "EV", "ZYZ", "xyz"):
                mine, other = g.to(param), h.to(param)
                rotation = [
                    group.so3_group().element(v[1] if isinstance(v, tuple) else v, param) for v in (mine, other)
                ]
                assert rotation[0] == rotation[1]


SUBGROUPS = {
    "so3_group": ["so3", "ico", "octa", (False, -1), (False, 4), (True, -1), (True, 3), (0.6, 3), (True, 1), (False, 1)],
    "o3_group": [
        "o3", "so3", (True, "ico"), (True, "octa"), (False, "octa"), (True, False, -1), (True, False, 2), (True, False, 1),
        (True, True, -1), (True, True, 3), ("cone", -1), ("cone", 4), ("cone", 1), (False, True, 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "id"), [(name, id) for name, ids in SUBGROUPS.items() for id in ids], ids=str)
def test_subgroups(escnn, name, id):
    ours, theirs = getattr(group, name)(3), getattr(escnn, name)(3)
    H, include, _ = ours.subgroup(id)
    K, embed, _ = theirs.subgroup(id)
    assert str(H) == str(K)
    standard, other = ours.standard_representation(), theirs.standard_representation()
    for k in list(K.testing_elements())[:24]:
        h = H.element(k.value, k.param)
        np.testing.assert_allclose(standard(include(h)), other(embed(k)), atol=1e-6)


SPACES = [
    ("rot3dOnR3", ()), ("flipRot3dOnR3", ()), ("rot2dOnR3", (4,)), ("rot2dOnR3", ()), ("dihedralOnR3", (4,)),
    ("dihedralOnR3", ()), ("dihedralOnR3", (4, 0.3)), ("dihedralOnR3", (1,)), ("conicalOnR3", (3,)), ("conicalOnR3", ()),
    ("mirOnR3", ()), ("fullCylindricalOnR3", (4,)), ("fullCylindricalOnR3", (3,)), ("cylindricalOnR3", (3,)),
    ("cylindricalOnR3", (2,)), ("cylindricalOnR3", ()), ("invOnR3", ()), ("trivialOnR3", ()), ("octaOnR3", ()),
    ("icoOnR3", ()), ("fullOctaOnR3", ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), SPACES, ids=str)
def test_spaces(escnn, name, args):
    from escnn import gspaces as peer

    ours, theirs = getattr(gspaces, name)(*args), getattr(peer, name)(*args)
    assert str(ours) == str(theirs)
    assert str(ours.fibergroup) == str(theirs.fibergroup)
    assert ours.dimensionality == theirs.dimensionality
    for h in list(theirs.testing_elements)[:24]:
        g = ours.fibergroup.element(h.value, h.param)
        np.testing.assert_allclose(ours.basespace_action(g), theirs.basespace_action(h), atol=1e-6)
