"""Normalisations of each sample: what torch's do where the group permutes channels, and safe at the edges."""

from __future__ import annotations

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import ArgumentError

SPACE = gspaces.flipRot2dOnR2(4)
REGULAR = nn.field_type(SPACE, regular=4)
MIXED = nn.FieldType(SPACE, [SPACE.regular_repr, SPACE.irrep(1, 1), SPACE.trivial_repr, SPACE.irrep(1, 0)])
NORMS = {
    "layer": nn.LayerNorm,
    "rms": nn.RMSNorm,
    "instance": nn.InstanceNorm,
    "group": lambda kind, **options: nn.GroupNorm(kind, 2, **options),
}


def randomised(layer):
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    return layer.double()


def test_permuted_channels_are_normalised_as_by_torch():
    x = 3.0 + torch.randn(2, 32, 5, 5, dtype=torch.float64)
    plain = torch.nn.functional
    by_channel = plain.layer_norm(x.movedim(1, -1), (32,)).movedim(-1, 1)
    torch.testing.assert_close(nn.LayerNorm(REGULAR, affine=False).double()(x), by_channel)
    by_channel = plain.rms_norm(x.movedim(1, -1), (32,), eps=1e-5).movedim(-1, 1)
    torch.testing.assert_close(nn.RMSNorm(REGULAR, affine=False).double()(x), by_channel)
    torch.testing.assert_close(nn.GroupNorm(REGULAR, 2, affine=False).double()(x), plain.group_norm(x, 2))
    torch.testing.assert_close(nn.InstanceNorm(REGULAR).double()(x), plain.group_norm(x, 4))


def test_the_mean_along_the_invariant_vectors_is_gone():
    x = 5.0 + torch.randn(2, MIXED.size, 5, 5, dtype=torch.float64)
    ones = torch.cat([torch.ones(8), torch.zeros(2), torch.ones(1), torch.zeros(1)]).double()
    y = nn.LayerNorm(MIXED, eps=0.0, affine=False).double()(x)
    assert torch.einsum("c,bchw->bhw", ones, y).abs().max() < 1e-12
    torch.testing.assert_close(y.square().mean(dim=1), torch.ones(2, 5, 5, dtype=torch.float64))
    y = nn.GroupNorm(MIXED, 2, eps=0.0, affine=False).double()(x)
    for part in (slice(0, 10), slice(10, 12)):
        assert torch.einsum("c,bchw->b", ones[part], y[:, part]).abs().max() < 1e-10
        torch.testing.assert_close(y[:, part].square().mean(dim=(1, 2, 3)), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("name", NORMS)
def test_a_sample_does_not_depend_on_the_others(name):
    layer = randomised(NORMS[name](MIXED, affine=True)).train()
    x = torch.randn(3, MIXED.size, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(layer(x)[:1], layer(x[:1]))
    torch.testing.assert_close(layer(x), layer.eval()(x))


@pytest.mark.parametrize("name", NORMS)
def test_zeros_single_positions_and_half_precision(name):
    vectors = nn.FieldType(SPACE, 2 * [SPACE.irrep(1, 1)])
    for kind in (MIXED, REGULAR, vectors):
        layer = NORMS[name](kind, affine=True)
        x = torch.zeros(1, kind.size, 1, 1, requires_grad=True)
        layer(x).sum().backward()
        assert torch.isfinite(x.grad).all()
        huge = 1e4 * torch.randn(2, kind.size, 3, 3)
        wanted = layer(huge.half().float())
        assert (layer(huge.half()).float() - wanted).abs().max() < 5e-3
        assert (layer.half()(huge.half()).float() - wanted).abs().max() < 5e-3


def test_groups_divide_the_fields():
    with pytest.raises(ArgumentError, match=r"does not divide the 4 fields\. Use one of 1, 2, 4"):
        nn.GroupNorm(REGULAR, 3)
