"""Batch normalisation of fields whose channels the group permutes."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from intertwine.errors import ShapeError
from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.base.type_preserving import PERMUTED
from intertwine.nn.norm.batchnorm_base import BatchNorm
from intertwine.nn.norm.synchronise import Processes


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

    def _prepare(self) -> None:
        self._fields = FieldsBySize(self.in_type)

    def _count_means(self) -> int:
        return len(self.in_type)

    def _scale_by_channel(self, scales: torch.Tensor) -> torch.Tensor:
        sizes = torch.tensor([rho.size for rho in self.in_type.representations], device=scales.device)
        return scales.repeat_interleave(sizes)

    def _mean_by_channel(self, means: torch.Tensor) -> torch.Tensor:
        return self._scale_by_channel(means)

    def _average_factor(self) -> float:
        if not self.training or self.num_batches_tracked is None:
            return 0.0 if self.momentum is None else self.momentum
        self.num_batches_tracked.add_(1)
        return 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        factor = self._average_factor()
        batch_statistics = self.training or self.running_mean is None
        if batch_statistics and 0 < tensor.numel() <= self.in_type.size and self._fields.smallest == 1:
            raise ShapeError(
                f"one value per field is too little to normalise, in a batch of shape {tuple(tensor.shape)}",
                hint="use a larger batch, or eval mode",
            )
        parts = []
        for numbers, values in self._fields.split(tensor):
            mean = _part(self.running_mean, numbers)
            var = _part(self.running_var, numbers)
            flat = values.flatten(2)
            settings = (mean, var, _part(self.weight, numbers), _part(self.bias, numbers))
            if self.training and self._processes is not None:
                normed = _over_processes(self._processes, flat, *settings, factor, self.eps)
            else:
                normed = F.batch_norm(flat, *settings, batch_statistics, factor, self.eps)
            if self.training and isinstance(numbers, torch.Tensor) and mean is not None and var is not None:
                with torch.no_grad():
                    self.running_mean[numbers] = mean  # type: ignore[index]
                    self.running_var[numbers] = var  # type: ignore[index]
            parts.append(normed.view(values.shape))
        return self._fields.join(parts, tensor)


def _over_processes(
    processes: Processes,
    flat: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    factor: float,
    eps: float,
) -> torch.Tensor:
    """``F.batch_norm`` in training mode, with the statistics of all processes."""
    count = processes.total(flat.new_tensor(float(flat.shape[0] * flat.shape[2])))
    mean = processes.total(flat.sum(dim=(0, 2))) / count
    about = flat - mean.view(-1, 1)
    var = processes.total(about.square().sum(dim=(0, 2))) / count
    if running_mean is not None and running_var is not None:
        with torch.no_grad():
            running_mean.lerp_(mean.detach().to(running_mean.dtype), factor)
            running_var.lerp_((var.detach() * (count / (count - 1))).to(running_var.dtype), factor)
    normed = about * (var + eps).rsqrt().view(-1, 1)
    if weight is not None and bias is not None:
        normed = normed * weight.view(-1, 1) + bias.view(-1, 1)
    return normed


def _part(values: torch.Tensor | None, numbers: torch.Tensor | slice | None) -> torch.Tensor | None:
    return values if values is None or numbers is None else values[numbers]
