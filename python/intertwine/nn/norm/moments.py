"""Mean and variance of each channel, and the normalisation of fields that share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from intertwine.kernels.torch_modes import has_values, is_traced
from intertwine.nn.norm.synchronise import Processes

_CHUNK = 1 << 16
"""How many numbers stay in a processor's cache."""

_ROW = 16
"""The length from which on a row is worth a sum of its own."""


def has_kernels(tensor: torch.Tensor) -> bool:
    """Whether torch's kernels for batch norms take a tensor, which no transform and no compiler sees through.

    Args:
        tensor: features.
    """
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.device.type in ("cpu", "cuda")
        and not is_traced()
        and has_values(tensor)
        and torch.autograd.forward_ad._current_level < 0
    )


def along_channels(values: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """One value for each channel, to be broadcast over batch and space.

    Args:
        values: shape ``(channels,)``.
        tensor: the features.
    """
    return values.view(-1, *((tensor.dim() - 2) * (1,)))


def channel_moments(tensor: torch.Tensor, processes: Processes | None) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """The mean and variance (about that mean) of each channel over batch and space, and over how many values.

    They are differentiable where gradients are recorded, and of single precision for features of half of it.

    Args:
        tensor: shape ``(batch, channels, *space)``.
        processes: over which they are taken as well; ``None`` for this one alone.
    """
    half = tensor.dtype in (torch.float16, torch.bfloat16)
    count = tensor.numel() // tensor.shape[1]
    kernels = count > 0 and not torch.is_grad_enabled() and has_kernels(tensor)
    if kernels and _has_long_rows(tensor):
        mean, var = _row_moments(tensor.flatten(2))
    elif kernels:
        # Unused statistics of single precision are what lets the kernel return such.
        unused = 2 * [tensor.new_zeros(tensor.shape[1], dtype=torch.float32) if half else None]
        mean, var = torch.batch_norm_update_stats(tensor, *unused, 0.0)  # type: ignore[attr-defined]
    else:
        values = tensor.float() if half else tensor
        axes = [axis for axis in range(tensor.dim()) if axis != 1]
        mean = values.sum(axes) / max(count, 1)
        var = (values - along_channels(mean, values)).square().sum(axes) / max(count, 1)
    if processes is None:
        return mean, var, count
    whole: Any = processes.total(mean.new_full((), count))
    common = processes.total(mean * count) / whole
    return common, processes.total((var + (mean - common).square()) * count) / whole, whole


def _has_long_rows(tensor: torch.Tensor) -> bool:
    """Whether torch's kernel takes one number after the other, while its sums of rows take several at once."""
    return (
        tensor.device.type == "cpu"
        and tensor.dtype == torch.float32
        and tensor.is_contiguous()
        and tensor.numel() >= _CHUNK
        and tensor.numel() >= _ROW * tensor.shape[0] * tensor.shape[1]
    )


def _row_moments(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean and variance of each channel, in as many passes as torch's kernel: what is centred stays in the cache."""
    items, channels, size = rows.shape
    mean = rows.sum(dim=2).sum(dim=0) / (items * size)
    centred = rows.new_empty(min(items, max(1, _CHUNK // (channels * size))), channels, size)
    squares = torch.zeros_like(mean)
    for part in rows.split(len(centred)):
        torch.sub(part, mean.unsqueeze(1), out=centred[: len(part)])
        squares += torch.linalg.vector_norm(centred[: len(part)], dim=2).square().sum(dim=0)
    return mean, squares / (items * size)


class _Normalise(torch.autograd.Function):
    """(x - mean) / sqrt(var + eps) * weight + bias, where mean and variance are those of the fields of x.

    Channels stay apart, as in torch's batch norm, which works on them in parallel; only numbers for each channel are pooled.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any,
        tensor: torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        mean: torch.Tensor,
        var: torch.Tensor,
        eps: float,
        pooled: Callable[[torch.Tensor], torch.Tensor],
        plainly: Callable[..., torch.Tensor],
    ) -> torch.Tensor:
        ctx.save_for_backward(tensor, weight, bias, mean, var)
        ctx.eps, ctx.pooled, ctx.plainly = eps, pooled, plainly
        return F.batch_norm(tensor, mean, var, weight, bias, False, 0.0, eps)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        tensor, weight, bias, mean, var = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:3]
        if torch.is_grad_enabled():
            inputs = [value for value, want in zip((tensor, weight, bias), wanted, strict=True) if want]
            found = iter(torch.autograd.grad(ctx.plainly(tensor, weight, bias), inputs, grads[0], create_graph=True))
            return *(next(found) if want else None for want in wanted), None, None, None, None, None
        inverse = (var + ctx.eps).rsqrt()
        # The share of a process may be empty: it still sums with the others.
        of_weight = of_bias = torch.zeros_like(mean)
        if tensor.numel():
            _, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
                grads[0], tensor, weight, None, None, mean, inverse, True, ctx.eps, [False, True, True]
            )
        of_tensor = None
        if wanted[0]:
            slope, level = ctx.pooled(of_weight), ctx.pooled(of_bias)
            if tensor.is_cuda and tensor.numel():
                one = torch.ones(1, dtype=torch.int32, device=tensor.device)
                of_tensor = torch.batch_norm_backward_elemt(  # type: ignore[attr-defined]
                    grads[0], tensor, mean, inverse, weight, level, slope / inverse, one
                )
            else:
                scale = inverse if weight is None else inverse * weight
                of_tensor = F.batch_norm(tensor, mean, var, -scale * slope, -scale * level, False, 0.0, ctx.eps)
                of_tensor.addcmul_(grads[0], along_channels(scale, tensor))
        return of_tensor, of_weight if wanted[1] else None, of_bias if wanted[2] else None, *(5 * (None,))


normalise = _Normalise.apply
"""``_Normalise`` as a function of the features, the weight and bias of each channel, the mean and variance of its field (seen as
constants), eps, the mean of a number for each channel over the values of its field, and the same normalisation in operations
that torch can differentiate."""
