"""Batch norms against the formula, in every layout and under every transform that computes them in its own way."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn

SPACE = gspaces.flipRot2dOnR2(4)
EVEN = nn.field_type(SPACE, regular=3)
UNEVEN = nn.FieldType(
    SPACE, [SPACE.regular_repr, SPACE.trivial_repr, SPACE.quotient_repr((None, 2)), SPACE.regular_repr]
)
KINDS = pytest.mark.parametrize("kind", [EVEN, UNEVEN], ids=["even", "uneven"])


def features(kind, batch=5, dtype=torch.float64, layout=torch.contiguous_format, offset=0.0):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, kind.size, 4, 3, generator=generator, dtype=torch.float64)
    steps = torch.arange(kind.size, dtype=torch.float64).view(-1, 1, 1)
    return (x * (1 + steps / 4) + steps + offset).to(dtype).contiguous(memory_format=layout)


def layer(kind, cls=nn.InnerBatchNorm, **given):
    torch.manual_seed(0)
    module = cls(kind, **given).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(1.0, 0.3)
    return module


def formula(module, x):
    """The output, and the means and unbiased variances, by the definition."""
    parts, means, variances = [], [], []
    for number, (a, b) in enumerate(zip(module.in_type.fields_start, module.in_type.fields_end, strict=True)):
        own = x[:, a:b]
        means.append(own.mean())
        variances.append(own.var())
        part = (own - own.mean()) / (own.var(correction=0) + module.eps).sqrt()
        parts.append(part if module.weight is None else part * module.weight[number] + module.bias[number])
    return torch.cat(parts, 1), torch.stack(means), torch.stack(variances)


@KINDS
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("momentum", [0.3, None])
def test_inner_batch_norm_is_its_formula(kind, layout, momentum):
    module = layer(kind, momentum=momentum)
    mean, var = module.running_mean.clone(), module.running_var.clone()
    for step in (1, 2, 3):
        x = features(kind, layout=layout, offset=float(step)).requires_grad_()
        expected, found_mean, found_var = formula(module, x)
        probe = torch.randn_like(expected)
        wanted = torch.autograd.grad((expected * probe).sum(), [x, *module.parameters()])
        y = module(x)
        for a, b in zip(torch.autograd.grad((y * probe).sum(), [x, *module.parameters()]), wanted, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(y, expected, rtol=1e-12, atol=1e-12)
        share = 1 / step if momentum is None else momentum
        mean, var = (1 - share) * mean + share * found_mean.detach(), (1 - share) * var + share * found_var.detach()
    torch.testing.assert_close(module.running_mean, mean, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(module.running_var, var, rtol=1e-14, atol=1e-14)
    module.eval()
    divisor = (module._scale_by_channel(var) + module.eps).sqrt()
    plain = torch.nn.functional.batch_norm(x, module._scale_by_channel(mean), divisor**2, None, None, False, 0.0, 0.0)
    weight, bias = module._affine_by_channel(torch.float64)
    torch.testing.assert_close(module(x), plain * weight.view(-1, 1, 1) + bias.view(-1, 1, 1), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cls", [nn.InnerBatchNorm, nn.IIDBatchNorm2d, nn.GNormBatchNorm])
def test_the_plain_average_of_double_precision_is_exact(cls):
    """A share of 1 / n in single precision, or a whole number among the divisors, would show in the eighth digit."""
    module = layer(UNEVEN, cls, momentum=None)
    seen = []
    for step in range(3):
        alone = layer(UNEVEN, cls, momentum=1.0)
        x = features(UNEVEN, offset=step / 3)
        module(x)
        alone(x)
        seen.append(alone.running_var.numpy())
    np.testing.assert_allclose(module.running_var.numpy(), np.mean(seen, axis=0), rtol=1e-14)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_statistics_of_single_precision(dtype):
    x = features(UNEVEN, batch=64, dtype=dtype)
    for cls in (nn.InnerBatchNorm, nn.IIDBatchNorm2d):
        module, exact = cls(UNEVEN), cls(UNEVEN).double()
        assert module(x).dtype == dtype
        exact(x.double())
        torch.testing.assert_close(module.running_var.double(), exact.running_var, rtol=1e-5, atol=0.0)
        whole = cls(UNEVEN).to(dtype)
        assert whole(x).dtype == dtype


@pytest.mark.filterwarnings("ignore:.torch.jit.script")  # torch's own derivatives forward
@KINDS
def test_transforms_of_the_training(kind):
    """Derivatives forward and twice, a map over batches, and one whole graph, with no read of a number of batches."""
    module = layer(kind, track_running_stats=False)
    x = features(kind)
    direction = torch.randn_like(x)
    _, slope = torch.func.jvp(module, (x,), (direction,))
    step = 1e-6
    torch.testing.assert_close(
        slope, (module(x + step * direction) - module(x - step * direction)) / (2 * step), rtol=1e-6, atol=1e-7
    )
    with torch.autograd.forward_ad.dual_level():
        dual = module(torch.autograd.forward_ad.make_dual(x, direction))
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(dual).tangent, slope)
    pair = torch.stack([x, 2 * x + 1])
    torch.testing.assert_close(torch.func.vmap(module)(pair), torch.stack([module(part) for part in pair]))

    def loss(x):
        return (module(x) * direction).square().sum()

    laid_out = x.contiguous(memory_format=torch.channels_last)
    hessian = torch.func.jvp(torch.func.grad(loss), (x,), (direction,))[1]
    again = torch.autograd.functional.hvp(loss, laid_out, direction)[1]
    torch.testing.assert_close(again, hessian)

    average = layer(kind, momentum=None)
    twin = copy.deepcopy(average)
    program = torch.compile(twin, fullgraph=True, backend="aot_eager")
    for offset in (0.0, 1.0):
        x = features(kind, offset=offset)
        torch.testing.assert_close(program(x), average(x))
    torch.testing.assert_close(twin.running_var, average.running_var, rtol=1e-14, atol=0.0)


@pytest.mark.parametrize("size", [(3, 4), (60, 70), (400, 400)])
@pytest.mark.parametrize("cls", [nn.InnerBatchNorm, nn.IIDBatchNorm2d])
def test_every_size_is_computed_alike(size, cls):
    """Small, large and very large inputs go other ways; a mean of 300 deviations loses three of seven digits, no more."""
    x = 300 + torch.randn(2, EVEN.size, *size, generator=torch.Generator().manual_seed(0))
    module, exact = cls(EVEN), cls(EVEN).double()
    torch.testing.assert_close(module(x).double(), exact(x.double()), rtol=0.0, atol=2e-3)
    torch.testing.assert_close(module.running_var.double(), exact.running_var, rtol=1e-6, atol=0.0)
