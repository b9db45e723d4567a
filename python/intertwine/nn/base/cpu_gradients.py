"""Hand-written backward passes for two operations, which go over the memory fewer times than torch's own on a CPU."""

from __future__ import annotations

import math
from typing import Any

import torch

from intertwine.kernels.torch_modes import has_values, is_traced


def uses_eager_cpu_autograd(*tensors: torch.Tensor) -> bool:
    """Whether plain autograd on a CPU will differentiate: elsewhere a compiler or a transform does better with torch's own.

    Args:
        *tensors: what is computed with.
    """
    first = tensors[0]
    return (
        torch.is_grad_enabled()
        and first.requires_grad
        and first.device.type == "cpu"
        and not is_traced()
        and not torch.is_autocast_enabled("cpu")
        and all(
            tensor.dtype == first.dtype and type(tensor) in (torch.Tensor, torch.nn.Parameter) and has_values(tensor)
            for tensor in tensors
        )
    )


class _Greatest(torch.autograd.Function):
    """The maximum over axis 2, whose gradient is shared equally by all that are greatest, as that of ``torch.amax`` is.

    Counting them in the numbers' own type takes a third of the time of torch's count in whole numbers.
    """

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        greatest = values.amax(dim=2)
        ctx.save_for_backward(values, greatest)
        return greatest

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        values, greatest = ctx.saved_tensors
        with torch.no_grad():
            # The places of the maxima are constants; as numbers from the start they need no second pass.
            places = torch.eq(values, greatest.unsqueeze(2), out=torch.empty_like(values))
            count = places.sum(dim=2)
        shares = (gradient / count).unsqueeze(2)
        return places * shares if torch.is_grad_enabled() else places.mul_(shares)


def greatest(values: torch.Tensor) -> torch.Tensor:
    """The greatest channel of each block; equal ones share its gradient.

    Args:
        values: shape ``(batch, blocks, size, *space)``.

    Returns:
        shape ``(batch, blocks, *space)``.
    """
    return _Greatest.apply(values) if uses_eager_cpu_autograd(values) else values.amax(dim=2)  # type: ignore[return-value]


def _halves(tensor: torch.Tensor, gates: int) -> tuple[torch.Tensor, torch.Tensor]:
    raw, features = tensor.split([gates, tensor.shape[1] - gates], dim=1)
    return raw, features.unflatten(1, (gates, -1))


class _GatedHalf(torch.autograd.Function):
    """Blocks times the sigmoids of as many channels before them; both gradients are written where they belong."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        raw, features = _halves(tensor, len(bias))
        factors = torch.sigmoid(raw - bias)
        ctx.save_for_backward(tensor, bias, factors)
        return (features * factors.unsqueeze(2)).flatten(1, 2)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        tensor, bias, factors = ctx.saved_tensors
        raw, features = _halves(tensor, len(bias))
        twice = torch.is_grad_enabled()
        if twice:
            factors = torch.sigmoid(raw - bias)
        parts = gradient.unflatten(1, (len(bias), -1))
        of_gates = (parts * features).sum(dim=2) * (factors * (1 - factors))
        axes = [axis for axis in range(of_gates.dim()) if axis != 1]
        of_bias = -of_gates.sum(dim=axes).view(bias.shape)
        if twice:
            return torch.cat([of_gates, (parts * factors.unsqueeze(2)).flatten(1, 2)], dim=1), of_bias
        whole = torch.empty_like(tensor)
        into_gates, into_features = _halves(whole, len(bias))
        into_gates.copy_(of_gates)
        torch.mul(parts, factors.unsqueeze(2), out=into_features)
        return whole, of_bias


def gated_half(tensor: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Blocks of one size times the sigmoids of the channels before them: x_i sigmoid(s_i - b_i).

    Args:
        tensor: first n gates, then the n blocks, shape ``(batch, n + n size, *space)``.
        bias: shape ``(n,)``.

    Returns:
        shape ``(batch, n size, *space)``.
    """
    bias = bias.view(-1, *((tensor.dim() - 2) * (1,)))
    if uses_eager_cpu_autograd(tensor, bias) and tensor.is_contiguous() and math.prod(tensor.shape):
        return _GatedHalf.apply(tensor, bias)  # type: ignore[return-value]
    raw, features = _halves(tensor, len(bias))
    return (features * torch.sigmoid(raw - bias).unsqueeze(2)).flatten(1, 2)
