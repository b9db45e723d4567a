"""Pooling over the cosets of a subgroup, for every subgroup, and maxima of functions on a group over windows."""

from __future__ import annotations

import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import ArgumentError, GroupError, UnsupportedFieldError

from ..contracts.cases import over

GROUPS = {
    "C6": lambda: group.cyclic_group(6),
    "D4": lambda: group.dihedral_group(4),
    "octahedral": group.octa_group,
    "quaternions": group.quaternion_group,
    "tetrahedron with mirrors": lambda: group.point_group("Td"),
}


def kind_of(G, *representations):
    return nn.FieldType(gspaces.no_base_space(G), list(representations))


@over("name", GROUPS)
def test_every_subgroup(name):
    G = GROUPS[name]()
    pairs = [(a, b) for a in G.subgroups() for b in G.subgroups() if set(b.elements) <= set(a.elements)]
    assert len(pairs) > 5
    for below, smaller in pairs:
        kind = kind_of(G, G.quotient_representation(smaller.id), G.regular_representation)
        x = torch.randn(5, kind.size, dtype=torch.float64)
        for mode in ("max", "mean"):
            layer = nn.SubgroupPooling(kind, below.id, mode)
            assert layer.out_type.representations == 2 * (G.quotient_representation(below.id),)
            y = layer(x)
            for g in G.generators:
                moved = layer(kind.transform_fibers(x, g))
                torch.testing.assert_close(moved, layer.out_type.transform_fibers(y, g))


def test_values():
    space = gspaces.flipRot2dOnR2(8)
    kind = nn.field_type(space, regular=3)
    x = torch.randn(2, 48, 3, 3)
    y = nn.SubgroupPooling(kind, (None, 8))(x)
    torch.testing.assert_close(y, x.view(2, 3, 2, 8, 3, 3).amax(dim=3).flatten(1, 2))
    whole = nn.SubgroupPooling(kind, space.fibergroup.subgroup_self_id)
    torch.testing.assert_close(whole(x), nn.GroupPooling(kind)(x))
    # Pooled twice is pooled once.
    smaller = nn.SubgroupPooling(kind, (None, 4))
    again = nn.SubgroupPooling(smaller.out_type, (None, 8))
    torch.testing.assert_close(again(smaller(x)), y)
    mean = nn.SubgroupPooling(kind, (None, 8), mode="mean")(x)
    torch.testing.assert_close(mean, x.view(2, 3, 2, 8, 3, 3).mean(dim=3).flatten(1, 2))


def test_what_is_no_function_on_cosets_is_refused():
    space = gspaces.flipRot2dOnR2(4)
    for fields, label in (
        (nn.FieldType(space, [space.quotient_repr((None, 4))]), (None, 2)),
        (nn.FieldType(space, [space.quotient_repr((0, 1))]), (None, 4)),
        (nn.FieldType(space, [space.regular_repr + space.regular_repr]), (None, 4)),
        (nn.field_type(space, vector=1), (None, 4)),
        (nn.field_type(gspaces.rot2dOnR2(), trivial=1), 4),
    ):
        with pytest.raises(UnsupportedFieldError, match="SubgroupPooling needs"):
            nn.SubgroupPooling(fields, label)
    with pytest.raises(GroupError):
        nn.SubgroupPooling(nn.field_type(space, regular=1), (None, 3))


def test_maxima_of_functions_are_those_of_their_samples():
    # On a grid of all elements the transform of a finite group is exact: maxima of regular fields.
    G = group.cyclic_group(8)
    space = gspaces.rot2dOnR2(8)
    labels = [psi.id for psi in G.irreps()]
    kind = nn.FieldType(space, 2 * [G.spectral_regular_representation(*labels)])
    layer = nn.FourierMaxPool(kind, 3, 2).double()
    fourier = nn.FourierTransform(G, labels).double()
    x = torch.randn(2, kind.size, 7, 7, dtype=torch.float64)
    expected = fourier.coefficients(torch.nn.functional.max_pool2d(fourier.sample(x), 3, 2))
    torch.testing.assert_close(layer(x), expected)
    assert layer.check_equivariance(x=x).passed
    assert nn.shape_plan(layer, 8).sizes[:2] == [7, 9]
    with pytest.raises(UnsupportedFieldError):
        nn.FourierMaxPool(nn.field_type(space, regular=1), 2)
    with pytest.raises(ArgumentError, match="space"):
        nn.FourierMaxPool(nn.FieldType(gspaces.no_base_space(G), list(kind)), 2)


def test_finer_grids_of_elements_are_closer_to_all_rotations():
    G = gspaces.rot2dOnR2().fibergroup
    rho = G.bl_regular_representation(2)
    kind = nn.FieldType(gspaces.rot2dOnR2(), 4 * [rho])
    x = torch.randn(100, kind.size, 2, 2, dtype=torch.float64)
    errors = []
    for count in (8, 16, 32):
        layer = nn.FourierMaxPool(kind, 2, N=count).double()
        g = G.element(0.5)
        turned = kind.transform_fibers(layer(x), g)
        errors.append(float((layer(kind.transform_fibers(x, g)) - turned).norm() / turned.norm()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[1] < 0.05
