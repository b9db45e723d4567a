"""Hand-written backward passes for a few operations, which go over the memory fewer times than torch's own on a CPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from intertwine.kernels.torch_modes import has_values, is_traced

_CHUNK = 1 << 16
"""How many numbers stay in a processor's cache."""


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


def inverse_root(square: torch.Tensor, eps: float) -> torch.Tensor:
    """The factor that divides by the root of a mean square; finite at zero.

    Args:
        square: the mean square.
        eps: what is added to it.
    """
    return (square + eps).clamp_min(torch.finfo(square.dtype).tiny).rsqrt()


def _plainly_divided(rows: torch.Tensor, weight: torch.Tensor | None, eps: float) -> torch.Tensor:
    divided = rows * inverse_root(rows.square().mean(dim=1, keepdim=True), eps)
    return divided if weight is None else divided * weight[:, None]


class _DividedByRoot(torch.autograd.Function):
    """``_plainly_divided``, which keeps nothing but the features and a number for each position for the backward pass."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor | None, eps: float) -> torch.Tensor:  # type: ignore[override]
        scale = inverse_root(rows.square().mean(dim=1, keepdim=True), eps)
        ctx.save_for_backward(rows, weight, scale)
        ctx.eps = eps
        divided = rows * scale
        return divided if weight is None else divided.mul_(weight[:, None])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        rows, weight, scale = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            inputs = [value for value, want in zip((rows, weight), wanted, strict=True) if want]
            divided = _plainly_divided(rows, weight, ctx.eps)
            found = iter(torch.autograd.grad(divided, inputs, gradient, create_graph=True))
            return *(next(found) if want else None for want in wanted), None
        products = gradient * rows
        of_weight = torch.matmul(products, scale.transpose(1, 2)).sum(dim=(0, 2)) if wanted[1] else None
        along = products.sum(dim=1, keepdim=True) if weight is None else torch.matmul(weight[None], products)
        of_rows = torch.mul(gradient, scale, out=products)
        if weight is not None:
            of_rows.mul_(weight[:, None])
        return of_rows.addcmul_(rows, along * scale.pow(3), value=-1 / rows.shape[1]), of_weight, None


def divided_by_root(values: torch.Tensor, weight: torch.Tensor | None, eps: float) -> torch.Tensor:
    """Features divided by the root of the mean of their squares over the channels, times the weight of each channel.

    Args:
        values: shape ``(batch, channels, *space)``.
        weight: shape ``(channels,)``.
        eps: added to the mean of the squares.
    """
    rows = values.flatten(2) if values.dim() > 2 else values.unsqueeze(2)
    given = (rows,) if weight is None else (rows, weight)
    divide = _DividedByRoot.apply if uses_eager_cpu_autograd(*given) and values.numel() else _plainly_divided
    return divide(rows, weight, eps).view_as(values)  # type: ignore[union-attr]


def _plainly_pooled(
    rows: torch.Tensor, weight: torch.Tensor | None, eps: float, pooled: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    scale = _pooled_scale(rows, eps, pooled)
    return rows * (scale if weight is None else scale * weight).unsqueeze(2)


def _pooled_scale(rows: torch.Tensor, eps: float, pooled: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    # A norm over the last axis is one pass over memory.
    return inverse_root(pooled(torch.linalg.vector_norm(rows, dim=2).square() / rows.shape[2]), eps)


class _DividedByPooledRoot(torch.autograd.Function):
    """``_plainly_pooled``, which takes so many samples at a time as stay in the cache."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        rows: torch.Tensor,
        weight: torch.Tensor | None,
        eps: float,
        pooled: Callable[[torch.Tensor], torch.Tensor],
    ) -> torch.Tensor:
        divided, scales = torch.empty_like(rows), rows.new_empty(rows.shape[:2])
        samples = max(1, _CHUNK // rows[0].numel())
        for values, found, scale in zip(*(part.split(samples) for part in (rows, divided, scales)), strict=True):
            scale.copy_(_pooled_scale(values, eps, pooled))
            torch.mul(values, (scale if weight is None else scale * weight).unsqueeze(2), out=found)
        ctx.save_for_backward(rows, weight, scales)
        ctx.eps, ctx.pooled, ctx.samples = eps, pooled, samples
        return divided

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        rows, weight, scales = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            inputs = [value for value, want in zip((rows, weight), wanted, strict=True) if want]
            divided = _plainly_pooled(rows, weight, ctx.eps, ctx.pooled)
            found = iter(torch.autograd.grad(divided, inputs, gradient, create_graph=True))
            return *(next(found) if want else None for want in wanted), None, None
        of_rows = torch.empty_like(rows)
        of_weight: Any = None if weight is None else torch.zeros_like(weight)
        pieces = (part.split(ctx.samples) for part in (gradient, rows, of_rows, scales))
        for change, values, found, scale in zip(*pieces, strict=True):
            along = torch.mul(change, values, out=found).sum(dim=2)
            if weight is not None:
                of_weight += (along * scale).sum(dim=0)
                along = along * weight
            back = ctx.pooled(along * scale.pow(3)) / -values.shape[2]
            torch.mul(change, (scale if weight is None else scale * weight).unsqueeze(2), out=found)
            found.addcmul_(values, back.unsqueeze(2))
        return of_rows, of_weight, None, None


def divided_by_pooled_root(
    values: torch.Tensor, weight: torch.Tensor | None, eps: float, pooled: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """Features divided by the root of the mean of squares of their group over all positions, times the weight of each channel.

    Args:
        values: shape ``(batch, channels, *space)``.
        weight: shape ``(channels,)``.
        eps: added to the mean of the squares.
        pooled: from a number for each channel, shape ``(samples, channels)``, to the mean over its group.
    """
    rows = values.flatten(2)
    given = (rows,) if weight is None else (rows, weight)
    eager = uses_eager_cpu_autograd(*given) and values.numel()
    divide = _DividedByPooledRoot.apply if eager else _plainly_pooled
    return divide(rows, weight, eps, pooled).view_as(values)  # type: ignore[union-attr]
