"""Gradients by hand are those of torch."""

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.nn.base import cpu_gradients
from intertwine.nn.base.cpu_gradients import divided_by_root, gated_half, greatest


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5, 5), (1, 1, 1, 3)])
@pytest.mark.parametrize("ties", [False, True])
def test_values_and_gradients_are_those_of_amax(shape, ties):
    torch.manual_seed(0)
    values = torch.randn(shape, dtype=torch.float64)
    values = values.round().requires_grad_() if ties else values.requires_grad_()
    ours, theirs = greatest(values), values.amax(dim=2)
    assert torch.equal(ours, theirs)
    weights = torch.randn(ours.shape, dtype=torch.float64)
    own = torch.autograd.grad((ours * weights).sum(), values)[0]
    assert torch.allclose(own, torch.autograd.grad((theirs * weights).sum(), values)[0], rtol=0, atol=1e-15)


def test_second_derivatives():
    values = torch.randn(2, 2, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(greatest, values)
    assert torch.autograd.gradgradcheck(lambda x: greatest(x) ** 2, values)


def test_infinities_stay_finite_in_the_gradient():
    values = torch.tensor([[[1.0, float("inf")]]], requires_grad=True)
    greatest(values).sum().backward()
    assert torch.equal(values.grad, torch.tensor([[[0.0, 1.0]]]))


def test_transforms_of_functions_see_torchs_own_maximum():
    values = torch.randn(3, 2, 2, 4)
    per_sample = torch.func.vmap(torch.func.grad(lambda x: greatest(x[None]).sum()))(values)
    assert torch.equal(per_sample, torch.func.grad(lambda x: x.amax(dim=2).sum())(values))


def plainly_gated(tensor, bias):
    raw, features = tensor[:, : len(bias)], tensor[:, len(bias) :].unflatten(1, (len(bias), -1))
    gates = torch.sigmoid(raw - bias.view(-1, *((tensor.dim() - 2) * (1,))))
    return (features * gates.unsqueeze(2)).flatten(1, 2)


@pytest.mark.parametrize("shape", [(3, 6), (2, 6, 4), (2, 8, 3, 5), (2, 4, 2, 2, 2)])
def test_gates_have_the_gradients_of_torch(shape):
    torch.manual_seed(0)
    tensor = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(2, dtype=torch.float64, requires_grad=True)
    ours, theirs = gated_half(tensor, bias), plainly_gated(tensor, bias)
    assert torch.equal(ours, theirs)
    weights = torch.randn(ours.shape, dtype=torch.float64)
    own = torch.autograd.grad((ours * weights).sum(), (tensor, bias))
    other = torch.autograd.grad((theirs * weights).sum(), (tensor, bias))
    assert all(torch.allclose(a, b, rtol=1e-13, atol=1e-14) for a, b in zip(own, other, strict=True))
    assert torch.autograd.gradgradcheck(gated_half, (tensor, bias))


def test_gates_under_transforms_of_functions():
    space = gspaces.rot2dOnR2(4)
    layer = nn.GatedNonLinearity1(nn.field_type(space, trivial=2, irrep_1=2))
    x = torch.randn(3, 6, 2, 2)
    grads = torch.func.vmap(torch.func.grad(lambda one: layer(one[None]).sum()))(x)
    x = x.requires_grad_()
    assert torch.allclose(grads, torch.autograd.grad(layer(x).sum(), x)[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 6), (2, 6, 4), (2, 6, 3, 5)])
@pytest.mark.parametrize("weighted", [False, True])
def test_norms_of_positions_have_the_gradients_of_torch(shape, weighted):
    torch.manual_seed(0)
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True)]
    if weighted:
        given.append(torch.randn(6, dtype=torch.float64, requires_grad=True))

    def ours(values, weight=None):
        return divided_by_root(values, weight, 1e-3)

    def theirs(values, weight=None):
        normed = torch.nn.functional.rms_norm(values.movedim(1, -1), (6,), weight, 1e-3)
        return normed.movedim(-1, 1)

    weights = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(ours(*given), theirs(*given), rtol=1e-13, atol=1e-14)
    pairs = (torch.autograd.grad((norm(*given) * weights).sum(), given) for norm in (ours, theirs))
    for own, other in zip(*pairs, strict=True):
        torch.testing.assert_close(own, other, rtol=1e-12, atol=1e-13)
    assert torch.autograd.gradgradcheck(ours, given)


@pytest.mark.parametrize("weighted", [False, True])
def test_norms_of_samples_have_the_gradients_of_torch(weighted, monkeypatch):
    monkeypatch.setattr(cpu_gradients, "_CHUNK", 50)
    torch.manual_seed(0)
    layer = nn.GroupNorm(nn.field_type(gspaces.rot2dOnR2(4), vector=2, regular=1), 3, affine=weighted).double()
    x = torch.randn(4, 8, 3, 2, dtype=torch.float64, requires_grad=True)
    given, weights = [x, *layer.parameters()], torch.randn(4, 8, 3, 2, dtype=torch.float64)
    own = torch.autograd.grad((layer(x) * weights).sum(), given)
    with monkeypatch.context() as patch:
        patch.setattr(cpu_gradients, "uses_eager_cpu_autograd", lambda *_: False)
        other = torch.autograd.grad((layer(x) * weights).sum(), given)
    for ours, theirs in zip(own, other, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
    assert torch.autograd.gradcheck(layer, x)
    assert torch.autograd.gradgradcheck(layer, x)
    zero = torch.zeros_like(x, requires_grad=True)
    layer(zero).sum().backward()
    assert zero.grad.isfinite().all()


@pytest.mark.parametrize("sides", [(7, 5, 6), (3, 9, 4)])
@pytest.mark.parametrize(("stride", "padding"), [(2, None), (2, 1), (1, 0)])
def test_blurred_volumes_are_those_of_a_convolution(sides, stride, padding):
    layer = nn.PointwiseAvgPoolAntialiased3D(
        nn.field_type(gspaces.rot2dOnR3(4), trivial=2), 0.4, stride, padding
    ).double()
    x = torch.randn(2, 2, *sides, dtype=torch.float64, requires_grad=True)
    filters = layer.blur.expand(2, *layer.blur.shape[1:])
    expected = torch.nn.functional.conv3d(x, filters, None, layer.stride, layer.padding, 1, 2)
    weights = torch.randn_like(expected)
    ours = layer(x)
    assert type(ours.grad_fn).__name__ != type(expected.grad_fn).__name__
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-14)
    pair = [torch.autograd.grad((y * weights).sum(), x)[0] for y in (ours, expected)]
    torch.testing.assert_close(*pair, rtol=0, atol=1e-14)
    assert ours.is_contiguous()
