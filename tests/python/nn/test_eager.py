"""Gradients by hand are those of torch."""

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.nn.base.cpu_gradients import gated_half, greatest


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
