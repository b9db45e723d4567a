"""Dropout of channels and of fields."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import flag
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.base.module import EquivariantModule, check_field_type, need_permutations


class _Dropout(EquivariantModule):
    """Random zeros in training mode, the identity in eval mode."""

    def __init__(self, in_type: FieldType, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, type(self).__name__)
        self.out_type = in_type
        if isinstance(p, bool) or not isinstance(p, (int, float)) or not 0 <= p <= 1:
            raise ArgumentError(f"the probability p must be between 0 and 1, not {p!r}")
        self.p, self.inplace = float(p), flag(inplace, "inplace")

    def _export(self) -> torch.nn.Module:
        return torch.nn.Dropout(self.p, self.inplace)

    def extra_repr(self) -> str:
        """Settings and type."""
        return f"p={self.p}, inplace={self.inplace}, type={self.in_type}"


class PointwiseDropout(_Dropout):
    """Each channel at each point is set to zero with probability p, else divided by 1 - p, in training mode.

    In distribution this commutes with permutations of the channels; a single draw does not.

    Args:
        in_type: regular, quotient or trivial fields.
        p: the probability.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    needs: ClassVar[str] = "fields whose channels the group only permutes"

    def __init__(self, in_type: FieldType, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(in_type, p, inplace)
        need_permutations(in_type, "PointwiseDropout", "FieldDropout")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.dropout(tensor, self.p, self.training, self.inplace)


class FieldDropout(_Dropout):
    """Each field at each point is set to zero with probability p, else divided by 1 - p, in training mode.

    All channels of a field share their fate, so this works for every field.

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

    def __init__(self, in_type: FieldType, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__(in_type, p, inplace)
        self._fields = FieldsBySize(in_type)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return tensor
        parts = []
        for _, values in self._fields.split(tensor):
            parts.append(values * F.dropout(torch.ones_like(values[:, :, :1]), self.p, True))
        dropped = self._fields.join(parts, tensor)
        return tensor.copy_(dropped) if self.inplace else dropped
