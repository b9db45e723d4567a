"""Batch normalisation of fields whose channels the group permutes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from intertwine.errors import ShapeError
from intertwine.kernels.torch_modes import is_traced
from intertwine.nn.base.type_preserving import PERMUTED
from intertwine.nn.norm.batchnorm_base import BatchNorm
from intertwine.nn.norm.moments import along_channels, channel_moments, has_kernels, normalise

_FEW = 8192
"""Below so many numbers a copy costs less than many small operations."""

_MANY = 1 << 22
"""From so many numbers on a channel stays in a processor's cache, and a field does not."""


class InnerBatchNorm(BatchNorm):
    """Batch normalisation with one mean and variance for each field, over batch, space and the field's channels.

    (x - mean) / sqrt(variance + eps) * weight + bias, with one weight and bias for each field, so the group's permutation of
    the channels changes nothing (Weiler and Cesa, "General E(2)-equivariant steerable CNNs", 2019). Unlike in
    :class:`NormBatchNorm` and :class:`GNormBatchNorm`, gradients pass through the statistics, as in torch.

    Args:
        in_type: regular, quotient or trivial fields.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.InnerBatchNorm(nn.field_type(gspaces.rot2dOnR2(4), regular=2))
        >>> layer(torch.randn(3, 8, 5, 5)).shape
        torch.Size([3, 8, 5, 5])
    """

    needs = PERMUTED
    alternative = "NormBatchNorm"

    def _count_means(self) -> int:
        return len(self.in_type)

    def _mean_by_channel(self, means: torch.Tensor) -> torch.Tensor:
        return self._scale_by_channel(means)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        own = self._uses_batch()
        if own and 0 < tensor.numel() <= self.in_type.size and self._smallest == 1:
            raise ShapeError(
                f"one value per field is too little to normalise, in a batch of shape {tuple(tensor.shape)}",
                hint="use a larger batch, or eval mode",
            )
        if self._fields_are_rows(tensor):
            return self._by_fields(tensor)
        if not own:
            return self._normalised(tensor, self.running_mean, self.running_var)  # type: ignore[arg-type]
        if not tensor.numel() and self._synchronised is None:
            self._follow(None, None)
            return self._normalised(tensor, None, tensor.new_ones(len(self.in_type)))
        fused = has_kernels(tensor)
        with torch.set_grad_enabled(torch.is_grad_enabled() and not fused):
            mean, var, count = self._moments(tensor)
        self._follow(mean, var * self._unbiased(count, var.dtype))
        affine = self._affine_by_channel(mean.dtype)
        if not fused:
            return self._with_moments(tensor, *affine, mean, var)

        def pooled(values: torch.Tensor) -> torch.Tensor:
            whole = values if self._synchronised is None else self._synchronised.total(values)
            return self._scale_by_channel(self._per_scale(whole)) / count

        by_channel = (self._scale_by_channel(mean), self._scale_by_channel(var))
        return normalise(tensor, *affine, *by_channel, self.eps, pooled, self._plainly)  # type: ignore[return-value]

    def _moments(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """The mean and variance of each field, and the number of values of each channel: those of its channels, pooled."""
        mean, var, count = channel_moments(tensor, self._synchronised)
        pooled = self._per_scale(mean)
        return pooled, self._per_scale(var + (mean - self._scale_by_channel(pooled)).square()), count

    def _unbiased(self, count: Any, dtype: torch.dtype) -> Any:
        """The factor n / (n - 1) for the n values of each field."""
        values: Any = count * (self._equal_size or self.channels_of_scale.to(dtype))  # type: ignore[operator, union-attr]
        return values / (values - 1)

    def _with_moments(
        self,
        tensor: torch.Tensor,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        mean: torch.Tensor,
        var: torch.Tensor,
    ) -> torch.Tensor:
        """The normalisation in operations that torch can differentiate, compile and transform."""
        inverse = self._scale_by_channel((var + self.eps).rsqrt())
        scale = inverse if weight is None else inverse * weight
        out = (tensor - along_channels(self._scale_by_channel(mean), tensor)) * along_channels(scale, tensor)
        return (out if bias is None else out + along_channels(bias, tensor)).to(tensor.dtype)

    def _plainly(self, tensor: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None) -> torch.Tensor:
        mean, var, _ = self._moments(tensor)
        return self._with_moments(tensor, weight, bias, mean, var)

    def _fields_are_rows(self, tensor: torch.Tensor) -> bool:
        """Whether torch's batch norm may take the channels of a field for space: on a CPU with no more threads than fields."""
        return (
            self._equal_size > 0
            and self.momentum is not None
            and tensor.device.type == "cpu"
            and 0 < tensor.numel() < _MANY
            and (tensor.is_contiguous() or tensor.numel() < _FEW)
            and self._synchronised is None
            and not is_traced()
            and len(self.in_type) >= torch.get_num_threads()
        )

    def _by_fields(self, tensor: torch.Tensor) -> torch.Tensor:
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        wide = tensor.reshape(tensor.shape[0], len(self.in_type), -1)
        settings = (self.weight, self.bias, self._uses_batch(), self.momentum or 0.0, self.eps)
        return F.batch_norm(wide, self.running_mean, self.running_var, *settings).view(tensor.shape)

    def _uses_batch(self) -> bool:
        """Whether the statistics are those of the batch."""
        return self.training or self.running_mean is None
