"""Every space in the list: a group with an orthogonal action, and what can be made of it."""

import copy
import itertools

import numpy as np
import pytest

from intertwine import gspaces
from intertwine._r.spaces import space_name
from intertwine.errors import IntertwineError
from intertwine.group import (
    GeneratedGroup,
    cyclic_group,
    dihedral_group,
    o2_group,
    point_group,
    quaternion_group,
    so2_group,
    so3_group,
    symmetric_group,
)

from ..contracts.copies import reloaded
from ..contracts.lists import GSPACES


@pytest.fixture(params=GSPACES, name="space")
def fixture_space(request):
    return GSPACES[request.param]()


def matrix(space, g):
    return space.basespace_action(g) if space.dimensionality else np.zeros((0, 0))


def test_the_action_is_an_orthogonal_representation(space):
    G, d = space.fibergroup, space.dimensionality
    for g, h in itertools.product(G.elements, repeat=2):
        assert matrix(space, g).shape == (d, d)
        np.testing.assert_allclose(matrix(space, g) @ matrix(space, h), matrix(space, g @ h), atol=1e-12)
        np.testing.assert_allclose(matrix(space, g) @ matrix(space, g).T, np.eye(d), atol=1e-12)


def test_exact_elements_are_the_lattice_symmetries(space):
    for g in space.fibergroup.elements:
        A = matrix(space, g)
        permutes = bool(np.all(np.isclose(A, np.round(A), atol=1e-9)))
        assert space.is_exact(g) == permutes == (g in space.exact_elements)
        if permutes:
            assert set(np.unique(A)) <= {-1.0, 0.0, 1.0}


def test_representations_come_from_the_group(space):
    G = space.fibergroup
    exact = space.exact_elements
    assert all(a @ b in exact for a in exact for b in exact)
    assert space.trivial_repr == G.trivial_representation
    assert space.regular_repr == G.regular_representation
    assert list(space.representations) == list(G.representations)
    for psi in G.irreps():
        assert space.irrep(*psi.id) == psi
    assert set(space.testing_elements) <= set(G.elements)
    assert space.quotient_repr(G.subgroup_self_id) == G.quotient_representation(G.subgroup_self_id)


def test_spaces_are_values(space):
    twins = [
        copy.copy(space),
        copy.deepcopy(space),
        reloaded(space),
        *(b() for n, b in GSPACES.items() if b() == space),
    ]
    for twin in twins:
        assert twin == space
        assert hash(twin) == hash(space)
        assert repr(twin) == repr(space)
    assert sum(build() == space for build in GSPACES.values()) == 1
    assert copy.deepcopy(space).fibergroup is space.fibergroup


def test_restriction_keeps_the_action(space):
    G = space.fibergroup
    ids = [G.subgroup_trivial_id, G.subgroup_self_id]
    if dihedral_group(4) == G:
        ids += [(None, 4), (None, 2), (0, 2), (1, 2), (0, 1), (3, 1)]
    if cyclic_group(8) == G:
        ids += [2, 4]
    if isinstance(G, GeneratedGroup):
        ids = [found.id for found in G.subgroups()]
    for id in ids:
        smaller, up, down = space.restrict(id)
        assert smaller.dimensionality == space.dimensionality
        images = {up(h): h for h in smaller.fibergroup.elements}
        for g in G.elements:
            assert down(g) == images.get(g)
            if g in images:
                np.testing.assert_allclose(matrix(smaller, images[g]), matrix(space, g), atol=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C4", {1: [[0, -1], [1, 0]], 2: [[-1, 0], [0, -1]]}),
        ("flip", {1: [[-1, 0], [0, 1]]}),
        ("flip, axis 0", {1: [[1, 0], [0, -1]]}),
        ("flip, diagonal", {1: [[0, 1], [1, 0]]}),
        ("D4", {(1, 0): [[-1, 0], [0, 1]], (1, 1): [[0, -1], [-1, 0]]}),
        ("D4, axis 0", {(1, 0): [[1, 0], [0, -1]]}),
    ],
)
def test_the_sense_of_turns_and_the_axes_of_mirrors(name, expected):
    space = GSPACES[name]()
    for value, A in expected.items():
        assert matrix(space, space.fibergroup.element(value)).tolist() == A


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("trivial", "C1_on_R2[(None, 1)]"),
        ("C4", "C4_on_R2[(None, 4)]"),
        ("flip", "C2_on_R2[(3.141592653589793, 1)]"),
        ("D4", "D4_on_R2[(3.141592653589793, 4)]"),
        ("D4, axis 0", "D4_on_R2[(0.0, 4)]"),
    ],
)
def test_printed_spaces(name, printed):
    assert str(GSPACES[name]()) == repr(GSPACES[name]()) == printed
    assert GSPACES[name]().name == printed


@pytest.mark.parametrize(
    "call",
    [
        lambda: gspaces.rot2dOnR2(N=0),
        lambda: gspaces.rot2dOnR2(N=-2),
        lambda: gspaces.rot2dOnR2(N=2.5),
        lambda: gspaces.rot2dOnR2(N="4"),
        lambda: gspaces.flipRot2dOnR2(N=0),
        lambda: gspaces.flipRot2dOnR2(N=4, axis="x"),
        lambda: gspaces.flip2dOnR2(axis=float("nan")),
        lambda: gspaces.flip2dOnR2(axis=None),
        lambda: gspaces.no_base_space("C4"),
        lambda: gspaces.rot2dOnR2(N=4).restrict(3),
        lambda: gspaces.rot2dOnR2(N=4).irrep(9),
        lambda: gspaces.rot2dOnR2(N=4).quotient_repr(3),
        lambda: gspaces.rot2dOnR2(N=4).basespace_action(cyclic_group(8).element(1)),
        lambda: gspaces.rot2dOnR2(N=4).is_exact(cyclic_group(8).element(1)),
        lambda: gspaces.rot2dOnR2(N=4).is_exact(1),
        lambda: gspaces.gspace("Td"),
        lambda: gspaces.gspace(symmetric_group(3)),
        lambda: gspaces.gspace(symmetric_group(3), np.eye(2)),
        lambda: gspaces.gspace(symmetric_group(4), symmetric_group(4).natural_representation),
        lambda: gspaces.gspace(quaternion_group()),
        lambda: gspaces.gspace(point_group("Td"), point_group("Th").natural_representation),
        lambda: gspaces.gspace(point_group("Td")).restrict((99,)),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(IntertwineError) as caught:
        call()
    assert str(caught.value)


def test_without_a_space_there_is_no_action():
    with pytest.raises(IntertwineError, match="no base space"):
        gspaces.no_base_space(cyclic_group(4)).basespace_action  # noqa: B018


def test_the_default_is_the_continuous_group_as_in_escnn():
    assert gspaces.rot2dOnR2().fibergroup == so2_group()
    assert gspaces.flipRot2dOnR2().fibergroup == o2_group()
    assert gspaces.rot2dOnR2() != gspaces.rot2dOnR2(4)


def test_exact_elements_of_continuous_groups():
    for space, count in ((gspaces.rot2dOnR2(), 4), (gspaces.flipRot2dOnR2(), 8), (gspaces.flipRot2dOnR2(axis=0.3), 8)):
        exact = space.exact_elements
        assert len(exact) == len(set(exact)) == count
        assert all(space.is_exact(g) for g in exact)


THEIRS = [n for n, build in GSPACES.items() if isinstance(build(), gspaces.GSpace2D)]


@pytest.mark.peer
@pytest.mark.parametrize("name", THEIRS)
def test_spaces_as_in_escnn(name):
    theirs_of = pytest.importorskip("escnn.gspaces")
    ours = GSPACES[name]()
    theirs = {
        "trivial": lambda: theirs_of.trivialOnR2(),
        "flip": lambda: theirs_of.flip2dOnR2(),
        "flip, axis 0": lambda: theirs_of.flip2dOnR2(axis=0.0),
        "flip, diagonal": lambda: theirs_of.flip2dOnR2(axis=np.pi / 4),
        "flip, oblique": lambda: theirs_of.flip2dOnR2(axis=0.3),
        "D4, axis 0": lambda: theirs_of.flipRot2dOnR2(N=4, axis=0.0),
    }.get(name, lambda: (theirs_of.rot2dOnR2 if name[0] == "C" else theirs_of.flipRot2dOnR2)(N=int(name[1:])))()
    assert str(ours) == str(theirs)
    # escnn's groups also list what was asked of them before
    known = [n for n in theirs.representations if n.startswith(("irrep", "regular"))]
    assert list(ours.fibergroup.standard_representations()) == known
    for g, h in zip(ours.fibergroup.elements, theirs.fibergroup.elements):
        assert str(g) == str(h)
        np.testing.assert_allclose(matrix(ours, g), theirs.basespace_action(h), atol=1e-12)
    if name in ("D4", "D4, axis 0"):
        for id in [(None, 4), (None, 2), (0, 2), (1, 2), (0, 1), (1, 1)]:
            assert str(ours.restrict(id)[0]) == str(theirs.restrict(id)[0])


def test_different_groups_of_space_print_differently_in_r():
    tilted = so3_group().element([0.3, -0.2, 0.5], "EV")
    turned = [gspaces.rot2dOnR3, gspaces.cylindricalOnR3]
    flipped = [gspaces.dihedralOnR3, gspaces.conicalOnR3, gspaces.fullCylindricalOnR3]
    spaces = [make(2, **moved) for make in turned + flipped for moved in ({}, {"adjoint": tilted})]
    spaces += [make(2, axis=axis) for make in flipped for axis in (0.3, 0.7)]
    spaces += [make(1, axis=axis) for make in flipped for axis in (0.3, np.pi / 2)]
    spaces += [gspaces.invOnR3(), gspaces.mirOnR3(adjoint=tilted)]
    names = [space_name(space) for space in spaces]
    for (a, first), (b, second) in itertools.combinations(zip(spaces, names, strict=True), 2):
        assert (first == second) == (a == b), (first, second)
