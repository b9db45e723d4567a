"""Maps of channels by Schur's lemma are the dense maps, computed otherwise."""

from __future__ import annotations

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.nn.conv.schur import SchurBlocks

SPACES = {
    "D8": (lambda: gspaces.flipRot2dOnR2(8), 32),
    "C16": (lambda: gspaces.rot2dOnR2(16), 32),
    "D16": (lambda: gspaces.flipRot2dOnR2(16), 16),
    "octahedral": (gspaces.octaOnR3, 16),
}


def layer_of(name: str, cls: type = nn.R2Conv, quotient: bool = False) -> nn.EquivariantModule:
    build, fields = SPACES[name]
    space = build()
    smaller = (False, 2) if name == "octahedral" else (0, 1) if name[0] == "D" else 2
    out = space.quotient_repr(smaller) if quotient else space.regular_repr
    kinds = (nn.FieldType(space, fields * [space.regular_repr]), nn.FieldType(space, 2 * fields * [out]))
    convolution = nn.R3Conv if space.dimensionality == 3 else nn.R2Conv
    layer = convolution(*kinds, 1) if cls is nn.R2Conv else cls(*kinds)
    layer = layer.double()
    layer.bias.data.normal_()
    assert layer._schur is not None
    return layer


@pytest.mark.parametrize("quotient", [False, True], ids=["regular", "quotient"])
@pytest.mark.parametrize("name", SPACES)
def test_it_is_the_dense_map(name, quotient):
    torch.manual_seed(0)
    layer = layer_of(name, quotient=quotient)
    plane = layer.d == 2
    x = torch.randn(2, layer.in_type.size, *((24, 23) if plane else (9, 8, 8)), dtype=torch.float64)
    assert layer._schur.is_cheaper_for(x)
    filters, bias = layer.expand_parameters()
    dense = torch.nn.functional.conv2d if plane else torch.nn.functional.conv3d
    seen, expected = layer(x), dense(x, filters, bias)
    wide = x[:1].repeat(1, 1, *((1, 2) if plane else (1, 1, 2)))
    assert (layer(wide) - dense(wide, filters, bias)).abs().max() < 1e-12 * expected.abs().max()
    assert (seen - expected).abs().max() < 1e-12 * expected.abs().max()
    ours, theirs = (
        torch.autograd.grad(y.square().sum(), layer.weights, retain_graph=True)[0] for y in (seen, expected)
    )
    assert (ours - theirs).abs().max() < 1e-12 * theirs.abs().max()
    assert nn.check_equivariance(layer, x[:1], atol=1e-12).passed
    shift = bias.view(1, -1, *(layer.d * (1,)))
    with torch.no_grad():
        kept = layer.eval()(x)
        assert (kept - expected).abs().max() < 1e-12 * expected.abs().max()
        layer.weights.mul_(2)
        assert (layer(x) - (2 * (expected - shift) + shift)).abs().max() < 1e-11


@pytest.mark.parametrize("name", SPACES)
def test_vectors(name):
    torch.manual_seed(0)
    layer = layer_of(name, nn.Linear)
    x = torch.randn(2048, layer.in_type.size, dtype=torch.float64)
    assert layer._schur.is_cheaper_for(x)
    expected = torch.nn.functional.linear(x, *layer.expand_parameters())
    assert (layer(x) - expected).abs().max() < 1e-12 * expected.abs().max()


def test_few_points_and_autocast_take_the_dense_map():
    layer = layer_of("D8").float()
    few, many = (torch.randn(1, layer.in_type.size, n, n) for n in (3, 33))
    assert not layer._schur.is_cheaper_for(few)
    assert layer._schur.is_cheaper_for(many)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not layer._schur.is_cheaper_for(many)


def test_no_block_form_where_it_is_not_cheaper():
    space = gspaces.rot2dOnR2(4)
    kind = nn.field_type(space, regular=4)
    assert nn.R2Conv(kind, kind, 1)._schur is None
    assert not SchurBlocks.is_cheaper(nn.R2Conv(kind, kind, 1).basisexpansion.plan)
    large = nn.field_type(gspaces.flipRot2dOnR2(16), regular=16)
    assert nn.R2Conv(large, large, 3)._schur is None
    assert nn.R2Conv(large, large, 1, stride=2)._plain_map is False


def test_compiles():
    layer = layer_of("D8").float()
    x = torch.randn(1, layer.in_type.size, 33, 33)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    assert torch.allclose(compiled(x), layer(x), atol=1e-4)
