"""Nothing waits for a device: what the contract of all layers does not see."""

from __future__ import annotations

from unittest import mock

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from intertwine import gspaces, nn
from intertwine.nn.conv import edge_sums, schur

from ..contracts.waiting import DEVICE, on_device, operations


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: x.cpu(),
        lambda x: x[x > 0],
        lambda x: torch.equal(x, x),
        lambda x: x + torch.arange(3.0).to(x.device),
        lambda x: x + torch.tensor([1.0, 2.0, 3.0], device=x.device),
        lambda x: x.repeat_interleave(torch.arange(3, device=x.device)),
    ],
)
def test_the_contract_sees_what_waits(read):
    class Reads(torch.nn.Module):
        def forward(self, x):
            read(x)
            return x

    with FakeTensorMode(allow_non_fake_inputs=True):
        x = torch.empty(3, device=DEVICE)
        with pytest.raises(Exception, match=r"a copy from|_local_scalar_dense|nonzero|equal|repeat_interleave"):
            operations(Reads(), x, backward=False)


def test_batch_norms_by_torchs_kernels_read_nothing():
    kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2, trivial=1)
    where = "intertwine.nn.norm"
    layers = [nn.InnerBatchNorm(kind, momentum=momentum) for momentum in (0.1, None)]

    def moments(tensor, *_):
        return tensor.new_empty(tensor.shape[1]), tensor.new_empty(tensor.shape[1])

    with (
        FakeTensorMode(allow_non_fake_inputs=True),
        mock.patch(f"{where}.inner_batchnorm.has_kernels", return_value=True),
        mock.patch(f"{where}.moments.has_kernels", return_value=True),
        mock.patch("torch.batch_norm_update_stats", moments),
    ):
        for layer in layers:
            x = torch.empty(2, kind.size, 5, 5, device=DEVICE, requires_grad=True)
            assert operations(on_device(layer), x) > 20


def test_a_device_gets_a_batch_at_once():
    kind = nn.field_type(gspaces.rot2dOnR2(16), regular=32)
    conv = nn.R2Conv(kind, kind + kind, 1).eval()
    assert conv._schur is not None
    with FakeTensorMode(allow_non_fake_inputs=True):
        on_device(conv)
        few, many = (torch.empty(n, kind.size, 40, 40, device=DEVICE) for n in (2, 5))
        assert operations(conv, few, backward=False) == operations(conv, many, backward=False)
    x = torch.randn(2, kind.size, 24, 24)
    conv = nn.R2Conv(kind, kind + kind, 1).eval()
    with torch.no_grad():
        expected = conv(x)
        with mock.patch.object(schur, "is_readable", return_value=False):
            torch.testing.assert_close(conv(x), expected)


@pytest.mark.parametrize("edges", [0, 1, 7, 400])
@pytest.mark.parametrize("wide", [False, True])
def test_sums_over_edges_without_a_look_at_the_edges(edges, wide):
    """Some nodes have no edge, one has half of all."""
    space = gspaces.rot2dOnR2(4)
    one, two = nn.field_type(space, vector=1), nn.field_type(space, regular=2)
    conv = nn.R2PointConv(two if wide else one, one if wide else two, width=2.0, n_rings=2).double()
    generator = torch.Generator().manual_seed(0)
    index = torch.randint(3, 30, (2, edges), generator=generator)
    index[:, : edges // 2] = index[:1, : edges // 2] * torch.tensor([[1], [0]]) + 5
    x = torch.randn(40, conv.in_type.size, generator=generator, dtype=torch.float64, requires_grad=True)
    coords = torch.randn(40, 2, generator=generator, dtype=torch.float64)

    def results():
        y = conv(x, index, coords=coords)
        return y, *torch.autograd.grad(y.square().sum(), [x, *conv.parameters()])

    expected = results()
    with mock.patch.object(edge_sums, "is_readable", return_value=False):
        for found, wanted in zip(results(), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
