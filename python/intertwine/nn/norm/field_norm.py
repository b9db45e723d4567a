"""Normalisation of each field by itself."""

from __future__ import annotations

import torch

from intertwine.checks import number
from intertwine.fields import FieldType
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.channel_blocks import Blocks, field_channels, part_of
from intertwine.nn.norm.batchnorm_base import AffineNorm
from intertwine.nn.norm.irrep_coordinates import field_kinds


class FieldNorm(AffineNorm):
    """Each field, at each point by itself, freed of its invariant part and scaled to unit mean square.

    With P the projection on the invariant vectors of a field: y = x - P x, out = y / sqrt(|y|^2 / size + eps) * weight + bias.
    Nothing depends on other items of the batch or other points, so it does the same in training and evaluation.

    Args:
        in_type: any fields; one that is all invariant becomes its bias.
        eps: added to the mean square.
        affine: whether to learn one weight for each field and one bias for each trivial irrep.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.FieldNorm(nn.field_type(gspaces.rot2dOnR2(4), vector=1))
        >>> layer(torch.tensor([[3.0, 4.0]])).square().sum().round().item()
        2.0
    """

    field_seconds = 5e-5
    field_bytes = 1200.0

    def __init__(self, in_type: FieldType, eps: float = 1e-05, affine: bool = True) -> None:
        super().__init__(in_type)
        self.eps = number(eps, "eps", 0.0)
        kinds, vectors = field_kinds(in_type)
        self._blocks = Blocks(field_channels(in_type), kinds)
        self._has_mean = [found.shape[1] > 0 for found in vectors]
        for kind, found in enumerate(vectors):
            if self._has_mean[kind]:
                self.register_constant(f"invariant_{kind}", found.T)
        trivial = BiasExpansion(in_type)
        self._trivial = trivial if trivial.count else None
        self._set_parameters(affine, trivial.count)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        parts = []
        for kind, (numbers, values) in zip(self._blocks.kinds, self._blocks.split(tensor), strict=True):
            if self._has_mean[kind]:
                vectors: torch.Tensor = getattr(self, f"invariant_{kind}").to(tensor.dtype)
                flat = values.flatten(3) if values.dim() > 3 else values[..., None]
                with without_autocast(tensor):
                    values = values - (vectors.T @ (vectors @ flat)).view(values.shape)
            scales = (values.square().mean(dim=2) + self.eps).rsqrt()
            if self.weight is not None:
                scales = scales * part_of(self.weight, numbers, tensor.dim() - 2)
            parts.append(values * scales.unsqueeze(2))
        out = self._blocks.join(parts, tensor)
        if self.bias is not None and self._trivial is not None:
            out = out + self._trivial(self.bias).view(-1, *((tensor.dim() - 2) * (1,)))
        return out
