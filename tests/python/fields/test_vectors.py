"""A vector is a vector: what the spaces call vector, pseudovector and pseudoscalar, held against derivatives of fields."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import RepresentationError
from intertwine.fields.field_type import as_field_type
from intertwine.group import FiniteGroup

from ..contracts.copies import reloaded
from ..contracts.lists import SPACES

NAMED = ("vector", "pseudovector", "pseudoscalar")


@pytest.fixture(params=SPACES, name="space")
def fixture_space(request):
    return SPACES[request.param]()


def elements(space):
    group = space.fibergroup
    if isinstance(group, FiniteGroup):
        return list(group.elements)
    source = np.random.default_rng(0)
    return [*space.exact_elements, *(group.sample(source) for _ in range(5))]


def representations(space):
    return {
        "vector": space.standard_repr,
        "pseudovector": space.pseudovector_repr,
        "pseudoscalar": space.pseudoscalar_repr,
    }


# --- what they are: A, det A times A, det A


def test_they_are_the_action_and_its_determinant(space):
    for g in elements(space):
        A = space.basespace_action(g)
        sign = np.linalg.det(A)
        np.testing.assert_allclose(space.standard_repr(g), A, atol=1e-12)
        np.testing.assert_allclose(space.pseudovector_repr(g), sign * A, atol=1e-12)
        np.testing.assert_allclose(space.pseudoscalar_repr(g), [[sign]], atol=1e-12)
        assert abs(float(space.pseudoscalar_repr(g)[0, 0])) == 1.0
    for rho in representations(space).values():
        blocks = rho.change_of_basis.T @ rho(elements(space)[-1]) @ rho.change_of_basis
        of_irreps = nn.FieldType(space, [space.irrep(*id) for id in rho.irreps]).representation
        np.testing.assert_allclose(blocks, of_irreps(elements(space)[-1]), atol=1e-9)


def test_names_in_every_door(space):
    d = space.dimensionality
    kind = nn.field_type(space, vector=2, pseudovector=1, pseudoscalar=1)
    assert kind == as_field_type(space, {"vector": 2, "pseudovector": 1, "pseudoscalar": 1})
    assert kind.size == 3 * d + 1
    assert kind.fields_names() == ["vector", "vector", "pseudovector", "pseudoscalar"]
    assert "{vector (x2), pseudovector (x1), pseudoscalar (x1)}" in repr(kind)
    assert kind[0] == space.basespace_action
    for twin in (copy.deepcopy(kind), reloaded(kind)):
        assert twin == kind
        assert repr(twin) == repr(kind)
        for g in elements(space):
            assert torch.equal(twin.fiber_representation(g), kind.fiber_representation(g))


def test_no_space_has_no_vectors():
    space = gspaces.no_base_space(gspaces.flipRot2dOnR2(4).fibergroup)
    for name in NAMED:
        with pytest.raises(RepresentationError, match=name):
            nn.field_type(space, **{name: 1})


def test_they_stay_what_they_are_under_subgroups(space):
    group = space.fibergroup
    ids = [found.id for found in group.subgroups()] if hasattr(group, "subgroups") and group.order() < 50 else []
    if group == gspaces.flipRot2dOnR2().fibergroup:
        ids = [(None, -1), (None, 4), (0.3, 4), (0.7, 1)]
    kind = nn.field_type(space, vector=1, pseudovector=1, pseudoscalar=1)
    for id in ids:
        smaller, up, _ = space.restrict(id)
        below = kind.restrict(id)
        assert below == nn.field_type(smaller, vector=1, pseudovector=1, pseudoscalar=1)
        for h in list(smaller.testing_elements)[:8]:
            torch.testing.assert_close(below.fiber_representation(h), kind.fiber_representation(up(h)))


# --- what they are for: derivatives on the grid, x to the right along the last axis, y and z upwards, against their axes


def derivative(field, k, d):
    """The central difference along the k-th coordinate, on a grid whose ends meet."""
    axis = field.dim() - 1 - k
    forward = torch.roll(field, -1, axis) - torch.roll(field, 1, axis)
    return (forward if k == 0 else -forward) / 2


def gradient(field, d):
    return torch.cat([derivative(field, k, d) for k in range(d)], dim=1)


def curl(field, d):
    parts = field.unbind(1)

    def slope(i, k):
        return derivative(parts[i], k, d)

    if d == 2:
        return torch.stack([slope(1, 0) - slope(0, 1)], dim=1)
    return torch.stack([slope((k + 2) % 3, (k + 1) % 3) - slope((k + 1) % 3, (k + 2) % 3) for k in range(3)], dim=1)


def divergence(field, d):
    return sum(derivative(part[:, None], k, d) for k, part in enumerate(field.unbind(1)))


def across(field, d):
    """The gradient turned by 90 degrees, as a stream function makes a velocity."""
    slopes = gradient(field, d)
    return torch.stack([slopes[:, 1], -slopes[:, 0]], dim=1)


def helicity(field, d):
    return (field * curl(field, d)).sum(dim=1, keepdim=True)


LAWS = [
    (gradient, "trivial", "vector", (1, 2, 3)),
    (gradient, "pseudoscalar", "pseudovector", (1, 2, 3)),
    (divergence, "vector", "trivial", (1, 2, 3)),
    (divergence, "pseudovector", "pseudoscalar", (1, 2, 3)),
    (across, "trivial", "pseudovector", (2,)),
    (across, "pseudoscalar", "vector", (2,)),
    (curl, "vector", "pseudoscalar", (2,)),
    (curl, "vector", "pseudovector", (3,)),
    (curl, "pseudovector", "vector", (3,)),
    (helicity, "vector", "pseudoscalar", (3,)),
]


def test_derivatives_move_as_their_types_say(space):
    d, sizes = space.dimensionality, (4, 5, 6)
    generator = torch.Generator().manual_seed(0)
    exact = space.exact_elements
    assert exact
    for law, given, found, dimensions in LAWS:
        if d not in dimensions:
            continue
        source, target = nn.field_type(space, **{given: 1}), nn.field_type(space, **{found: 1})
        x = torch.randn(1, source.size, *sizes[:d], generator=generator, dtype=torch.float64)
        for g in exact:
            moved = law(source.transform(x, g), d)
            torch.testing.assert_close(
                moved, target.transform(law(x, d), g), atol=1e-12, rtol=0, msg=f"{law.__name__} {g}"
            )


@pytest.mark.parametrize("N", [4, -1])
def test_the_irrep_of_a_mirrored_plane_is_no_gradient(N):
    space = gspaces.flipRot2dOnR2(N)
    x = torch.randn(1, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    scalar, irrep = nn.field_type(space, trivial=1), nn.FieldType(space, [space.irrep(1, 1)])
    wrong = [
        g
        for g in space.exact_elements
        if not torch.allclose(gradient(scalar.transform(x, g), 2), irrep.transform(gradient(x, 2), g), atol=1e-5)
    ]
    assert wrong
