"""Normalisation of each field by itself."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.checks import flag, number
from intertwine.fields import FieldType
from intertwine.kernels.precision import without_autocast
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.channel_blocks import Blocks, field_channels
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.norm.normalisation import field_kinds


class FieldNorm(EquivariantModule):
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

    @classmethod
    def declares(cls, in_type: FieldType, affine: bool = True, **others: Any) -> dict[str, tuple[int, ...] | None]:
        """One weight for each field.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return {"weight": (len(in_type),)} if affine else {}

    def __init__(self, in_type: FieldType, eps: float = 1e-05, affine: bool = True) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "FieldNorm")
        self.out_type = in_type
        self.eps, self.affine = number(eps, "eps", 0.0), flag(affine, "affine")
        kinds, vectors = field_kinds(in_type)
        self._blocks = Blocks(field_channels(in_type), kinds)
        self._has_mean = [found.shape[1] > 0 for found in vectors]
        for kind, found in enumerate(vectors):
            if self._has_mean[kind]:
                self.register_constant(f"invariant_{kind}", found.T)
        trivial = BiasExpansion(in_type)
        self._trivial = trivial if trivial.count else None
        self.weight = torch.nn.Parameter(torch.ones(len(in_type))) if affine else None
        self.bias = torch.nn.Parameter(torch.zeros(trivial.count)) if affine and trivial.count else None

    def reset_parameters(self) -> None:
        """Sets weights to one and biases to zero."""
        if self.weight is not None:
            torch.nn.init.ones_(self.weight)
        if self.bias is not None:
            torch.nn.init.zeros_(self.bias)

    def reset_running_stats(self) -> None:
        """Nothing: there are none."""

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        trailing = (tensor.dim() - 2) * (1,)
        parts = []
        for kind, (numbers, values) in zip(self._blocks.kinds, self._blocks.split(tensor), strict=True):
            if self._has_mean[kind]:
                vectors: torch.Tensor = getattr(self, f"invariant_{kind}").to(tensor.dtype)
                flat = values.flatten(3) if values.dim() > 3 else values[..., None]
                with without_autocast(tensor):
                    values = values - (vectors.T @ (vectors @ flat)).view(values.shape)
            scales = (values.square().mean(dim=2) + self.eps).rsqrt()
            if self.weight is not None:
                scales = scales * (self.weight if numbers is None else self.weight[numbers]).view(-1, *trailing)
            parts.append(values * scales.unsqueeze(2))
        out = self._blocks.join(parts, tensor)
        if self.bias is not None and self._trivial is not None:
            out = out + self._trivial(self.bias).view(-1, *trailing)
        return out

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"{self.in_type}, eps={self.eps}, affine={self.affine}"
