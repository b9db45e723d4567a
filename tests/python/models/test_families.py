"""Transformers, perceptrons and networks on points."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, group, gspaces, models, nn
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError

from ..contracts.cases import over

PLANES = {
    "D4": gspaces.flipRot2dOnR2(4),
    "C8": gspaces.rot2dOnR2(8),
    "SO(2)": gspaces.rot2dOnR2(),
    "line": gspaces.flipOnR1(),
}


@over("name", PLANES)
@over("size", [12, 13])
@over("near", [{"reach": 1}, {"reach": None}, {"window": 2}])
def test_transformers_do_not_see_lattice_moves(name, size, near):
    space = PLANES[name]
    if near.get("window") and size == 12:
        size = 16  # windows of two share a grid of four patches evenly
    model = (
        models.equivariant_transformer(1, 3, space, width=2, depth=2, size=size, frequency=1, **near).double().eval()
    )
    x = torch.randn(2, 1, *(space.dimensionality * (size,)), dtype=torch.float64)
    moved = x.flip(2) if x.dim() == 3 else x.rot90(1, (2, 3))
    with torch.no_grad():
        assert torch.allclose(model(moved), model(x), atol=1e-12)
        assert not torch.allclose(model(x.roll(1, 2)), model(x), atol=1e-9)
    assert nn.shape_plan(model, x.shape[2:]).exact


def test_transformers_with_heads_and_less_symmetry():
    model = models.equivariant_transformer(
        1,
        gspace=PLANES["D4"],
        width=2,
        depth=2,
        size=17,
        restrict={1: (None, 4)},
        head=nn.HeadFields.spec(out={"vector": 1}),
    )
    x = torch.randn(2, 1, 17, 17, dtype=torch.float64)
    model = model.double().eval()
    with torch.no_grad():
        found, turned = model(x), model(x.rot90(1, (2, 3)))
        assert torch.allclose(turned, torch.stack([-found[:, 1], found[:, 0]], 1), atol=1e-12)
        assert torch.equal(deploy.load_bytes(deploy.save_bytes(model))(x), found)
    line = models.equivariant_transformer(1, 2, PLANES["line"], width=2, depth=1, patch=2, size=8)
    assert line(torch.randn(1, 1, 8)).shape == (1, 2)
    small = models.equivariant_transformer(1, 2, PLANES["D4"], width=2, depth=1, patch=2, size=8).double().eval()
    assert nn.check_equivariance(small, size=8).passed
    volume = models.equivariant_transformer(1, 2, gspaces.octaOnR3(), width=1, heads=1, depth=1, size=8).double().eval()
    x = torch.randn(1, 1, 8, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(volume(x.rot90(1, (2, 4))), volume(x), atol=1e-12)
    with pytest.raises(ArgumentError, match="such as 16, or all one more, such as 17"):
        models.equivariant_transformer(1, 3, PLANES["D4"], size=15)


GROUPS = {
    "SO(3)": lambda: group.so3_group(2),
    "O(3)": lambda: group.o3_group(2),
    "D8": lambda: group.dihedral_group(8),
    "quaternions": lambda: group.dicyclic_group(2),
}


@over("name", GROUPS)
@over("nonlinearity", [None, "gated"])
def test_perceptrons_are_equivariant(name, nonlinearity):
    space = gspaces.no_base_space(GROUPS[name]())
    irreps = [psi for psi in space.fibergroup.irreps() if not psi.is_trivial()]
    kind = nn.FieldType(space, [irreps[-1], irreps[0], irreps[0]])
    model = models.equivariant_mlp(kind, [irreps[0]], widths=(2, 3), norm="layer", nonlinearity=nonlinearity).double()
    assert model.check_equivariance(x=torch.randn(4, kind.size, dtype=torch.float64), rtol=1e-9).passed
    x = torch.randn(4, kind.size, dtype=torch.float64)
    assert torch.equal(deploy.load_bytes(deploy.save_bytes(model))(x), model(x))


def test_perceptrons_give_up_symmetry():
    space = gspaces.no_base_space(group.dihedral_group(4))
    model = models.equivariant_mlp(
        nn.field_type(space, regular=1), 3, widths=(2, 2), restrict={1: (None, 4)}, dropout=0.1
    )
    assert model.symmetry.fibergroup.order() == 4
    assert model(torch.randn(5, 8)).shape == (5, 3)


CLOUDS = {
    "SO(3)": gspaces.rot3dOnR3,
    "O(3)": gspaces.flipRot3dOnR3,
    "cube": gspaces.octaOnR3,
    "plane": gspaces.flipRot2dOnR2,
}


def on_points(model, x, edges):
    for layer in model:
        x = layer(x, edges) if hasattr(layer, "scalars") else layer(x)
    return x


@over("name", CLOUDS)
@over("out", [2, {"vector": 1}])
def test_networks_on_points_turn_with_them(name, out):
    space = CLOUDS[name]()
    model = models.point_network(2, out, space, radius=1.5, widths=(2, 2), norm="layer").double().eval()
    coords = torch.rand(12, space.dimensionality, dtype=torch.float64) * 2
    edges = nn.radius_graph(coords, 1.5)
    x = model.in_type(torch.randn(12, 2, dtype=torch.float64), coords)
    with torch.no_grad():
        answer = on_points(model, x, edges)
        for element in model.in_type.testing_elements:
            moved = on_points(model, x.transform(element), edges)
            assert torch.allclose(moved.tensor, answer.transform(element).tensor, atol=1e-9)
        loaded = deploy.load_bytes(deploy.save_bytes(model))
        assert torch.equal(on_points(loaded, x, edges).tensor, answer.tensor)


def test_what_these_networks_refuse():
    with pytest.raises(ArgumentError, match="no norm 'batch'"):
        models.point_network(1, 1, radius=1.0, norm="batch")
    with pytest.raises(FieldTypeError, match="Points need"):
        models.point_network(1, 1, gspaces.no_base_space(group.so3_group(1)), radius=1.0)
    with pytest.raises(ArgumentError, match="no output"):
        models.point_network(1, radius=1.0)
    with pytest.raises(ArgumentTypeError, match="field type of its input"):
        models.equivariant_mlp(3, 2)
    with pytest.raises(FieldTypeError, match="begins on"):
        models.equivariant_cnn(nn.field_type(gspaces.rot2dOnR2(4), vector=1), 2, gspaces.rot2dOnR2(8))
