"""Dropout of channels and of fields."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from intertwine.checks import flag, number
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.base.type_preserving import PERMUTED, TypePreserving


class _Dropout(TypePreserving):
    """Random zeros in training mode, the identity in eval mode."""

    settings = ("p", "inplace")

    def __init__(self, in_type: FieldType, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(in_type)
        self.p, self.inplace = number(p, "the probability p", 0.0, 1.0), flag(inplace, "inplace")

    def _export(self) -> torch.nn.Module:
        return torch.nn.Dropout(self.p, self.inplace)


class PointwiseDropout(_Dropout):
    """Each channel at each point is set to zero with probability p, else divided by 1 - p, in training mode.

    In distribution this commutes with permutations of the channels; a single draw does not.

    Args:
        in_type: regular, quotient or trivial fields.
        p: the probability.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseDropout(nn.field_type(gspaces.rot2dOnR2(4), regular=1), p=1.0)
        >>> layer(torch.ones(1, 4)).tolist()
        [[0.0, 0.0, 0.0, 0.0]]
    """

    needs = PERMUTED
    alternative = "FieldDropout"

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.dropout(tensor, self.p, self.training, self.inplace)


class FieldDropout(_Dropout):
    """Each field at each point is set to zero with probability p, else divided by 1 - p, in training mode.

    All channels of a field are kept or set to zero together, so this works for every field.

    Args:
        in_type: any fields.
        p: the probability.
        inplace: whether to overwrite the input.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.FieldDropout(nn.field_type(gspaces.rot2dOnR2(4), vector=3), p=1.0)
        >>> layer(torch.ones(1, 6)).tolist()
        [[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """

    def _prepare(self) -> None:
        self._fields = FieldsBySize(self.in_type)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return tensor
        parts = []
        for _, values in self._fields.split(tensor):
            parts.append(values * F.dropout(torch.ones_like(values[:, :, :1]), self.p, True))
        dropped = self._fields.join(parts, tensor)
        return tensor.copy_(dropped) if self.inplace else dropped
