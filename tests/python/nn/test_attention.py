"""Heads that the group permutes, and attention between points."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, group, gspaces, models, nn, training
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, ShapeError, UnsupportedFieldError

from ..contracts.cases import over

D4, C4 = gspaces.flipRot2dOnR2(4), gspaces.rot2dOnR2(4)
C8 = group.cyclic_group(8)


def drawn(module):
    """The module with weights, also where they start at zero."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=0.5)
    return module.double().eval()


def quotient(space, fields=2):
    return nn.FieldType(space, fields * [space.quotient_repr((0, 1))])


PERMUTED = {
    "all, D4": (lambda: nn.Attention(nn.field_type(D4, regular=2), "permuted"), (5, 5)),
    "all, quotient": (lambda: nn.Attention(quotient(D4), "permuted"), (4, 4)),
    "neighbours, D4": (lambda: nn.NeighbourAttention(nn.field_type(D4, regular=2), heads="permuted"), (4, 4)),
    "windows, C4": (lambda: nn.WindowAttention(nn.field_type(C4, regular=3), 2, "permuted"), (4, 4)),
    "shifted windows, quotient": (lambda: nn.WindowAttention(quotient(D4), 2, "permuted", shifted=True), (4, 4)),
    "neighbours, cube": (
        lambda: nn.NeighbourAttention(nn.field_type(gspaces.octaOnR3(), regular=1), heads="permuted"),
        (3, 3, 3),
    ),
    "induced": (
        lambda: nn.NeighbourAttention(
            nn.FieldType(D4, 2 * [D4.induced_repr((None, 4), D4.fibergroup.subgroup((None, 4))[0].irrep(1))]),
            heads="permuted",
        ),
        (3, 3),
    ),
}


@over("name", PERMUTED)
def test_heads_that_the_group_permutes_are_exact(name):
    make, size = PERMUTED[name]
    layer = drawn(make())
    x = layer.in_type(torch.randn(2, layer.in_type.size, *size, dtype=torch.float64))
    for g in layer.in_type.fibergroup.elements:
        torch.testing.assert_close(layer(x.transform(g)).tensor, layer(x).transform(g).tensor, rtol=0, atol=1e-12)


def test_a_permuted_head_sees_one_channel_of_each_field_and_looks_its_own_way():
    kind = nn.field_type(C4, regular=2)
    layer = drawn(nn.NeighbourAttention(kind, heads="permuted", bias=False))
    x = torch.randn(1, 8, 5, 5, dtype=torch.float64)
    parts = layer._projected(x)
    torch.testing.assert_close(parts[0][:, 1], layer.query(x)[:, [1, 5]])
    bias = layer._position_bias().view(4, 3, 3)
    assert not torch.allclose(bias, bias.flip(-1))
    torch.testing.assert_close(bias, bias.roll(1, 0).rot90(1, (-2, -1)))
    by_hand = nn.Attention(kind, "permuted")
    by_hand.load_state_dict(by_hand.state_dict() | {k: v for k, v in layer.state_dict().items() if "position" not in k})
    by_hand = by_hand.double().eval()
    q, k, v = (part[0].flatten(2).transpose(1, 2) for part in by_hand._projected(x))
    weights = torch.softmax(q @ k.transpose(1, 2) / 2**0.5, dim=-1)
    found = (weights @ v).permute(2, 0, 1).reshape(1, 8, 5, 5)
    torch.testing.assert_close(by_hand(x), by_hand.output(found))


def test_permuted_heads_in_blocks_files_and_smaller_symmetries(tmp_path):
    block = drawn(nn.transformer_block(nn.field_type(D4, regular=2), "permuted", reach=1))
    x = torch.randn(1, 16, 5, 5, dtype=torch.float64)
    deploy.save(block, tmp_path / "block.safetensors")
    torch.testing.assert_close(deploy.load(tmp_path / "block.safetensors")(x), block(x))
    torch.testing.assert_close(models.restrict_model(block, (None, 4))(x), block(x))


def test_fields_that_permute_no_channels_have_no_permuted_heads():
    for kind in (
        nn.field_type(D4, regular=1, trivial=1),
        nn.FieldType(gspaces.rot2dOnR2(8), [C8.trivial_representation + C8.irrep(1)]),
        nn.field_type(gspaces.rot2dOnR2(), vector=2),
    ):
        with pytest.raises(UnsupportedFieldError, match="ermuted heads"):
            nn.Attention(kind, "permuted")
    with pytest.raises(ArgumentError):
        nn.Attention(nn.field_type(D4, regular=1), "permuting")


# --- points


def clouds(space, sizes=(5, 1, 7)):
    kind = nn.field_type(space, trivial=2, vector=2)
    if not space.fibergroup.continuous:
        kind = nn.field_type(space, regular=2)
    torch.manual_seed(1)
    count, d = sum(sizes), space.dimensionality
    x = kind(torch.randn(count, kind.size, dtype=torch.float64), torch.randn(count, d, dtype=torch.float64))
    return x, torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))


SPACES = {
    "SO(3)": gspaces.rot3dOnR3,
    "O(2)": gspaces.flipRot2dOnR2,
    "C4": lambda: C4,
    "octahedron": gspaces.octaOnR3,
    "line": gspaces.flipOnR1,
}


@over("name", SPACES)
def test_points_attend_within_their_sets_with_a_bias_by_offset(name):
    x, sets = clouds(SPACES[name]())
    for heads in [2] if x.type.fibergroup.continuous else [2, "permuted"]:
        layer = drawn(nn.Attention(x.type, heads, width=1.5))
        out = layer(x, batch=sets)
        shuffled = torch.randperm(len(sets))
        mixed = layer(x.type(x.tensor[shuffled], x.coords[shuffled]), batch=7 - 2 * sets[shuffled])
        torch.testing.assert_close(mixed.tensor, out.tensor[shuffled])
        for number in range(3):
            own = sets == number
            alone = layer(x.type(x.tensor[own], x.coords[own] + 3.0))
            torch.testing.assert_close(alone.tensor, out.tensor[own])
        for g in x.type.testing_elements:
            moved = layer(x.transform(g), batch=sets).tensor
            torch.testing.assert_close(moved, out.transform(g).tensor, rtol=0, atol=1e-11)
        assert not torch.allclose(drawn(nn.Attention(x.type, heads))(x, batch=sets).tensor, out.tensor)


def test_sets_of_points_keep_to_themselves_in_a_network():
    x, sets = clouds(C4)
    edges = nn.radius_graph(x.coords, 2.0, sets)
    conv = nn.R2PointConv(x.type, x.type, width=2.0, n_rings=3)
    net = drawn(nn.SequentialModule(nn.ResidualModule(x.type, nn.Attention(x.type, width=1.5)), conv))
    whole = training.run_on_points(net, x, edges, sets).tensor
    both = training.PointSets(x, edges, sets, 3)
    for number in range(3):
        part = both.part([number])
        torch.testing.assert_close(training.run_on_points(net, part.x, part.edges).tensor, whole[sets == number])


def test_gradients_reach_the_bias_and_the_coordinates():
    x, sets = clouds(C4)
    coords = x.coords.clone().requires_grad_()
    layer = drawn(nn.Attention(x.type, "permuted", width=1.5)).train()
    layer(x.type(x.tensor, coords), batch=sets).tensor.square().sum().backward()
    assert float(layer.position.weights.grad.abs().max()) > 0
    assert torch.isfinite(coords.grad).all()
    assert float(coords.grad.abs().max()) > 0


def test_points_that_do_not_fit_are_refused():
    x, sets = clouds(C4)
    layer = nn.Attention(x.type, width=1.5).double()
    with pytest.raises(ArgumentTypeError, match="needs coordinates"):
        layer(x.tensor)
    with pytest.raises(ArgumentTypeError, match="needs coordinates"):
        nn.Attention(x.type).double()(x.tensor, batch=sets)
    for wrong in (sets[1:], sets.double(), [0, 1]):
        with pytest.raises(ShapeError, match="one whole number for each"):
            layer(x, batch=wrong)
    with pytest.raises(FieldTypeError, match="needs space"):
        nn.Attention(nn.field_type(gspaces.no_base_space(group.cyclic_group(4)), regular=1), width=1.0)
