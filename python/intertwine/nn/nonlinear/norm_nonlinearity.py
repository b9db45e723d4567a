"""Non-linearities of the norms of fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.checks import choice, flag
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import Blocks, field_channels, part_of
from intertwine.nn.base.norms import Subfields, need_supported, smallest_square
from intertwine.nn.base.type_preserving import TypePreserving


def _squash(norms: torch.Tensor) -> torch.Tensor:
    return norms / (1 + norms)


_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "n_relu": F.relu,
    "n_sigmoid": torch.sigmoid,
    "n_softplus": F.softplus,
    "squash": _squash,
}


class _NormNonLinearity(TypePreserving):
    """x f(|x| - b) / |x| on blocks of channels, with one b for each field."""

    def __init__(self, in_type: FieldType, function: str = "n_relu", bias: bool = True) -> None:
        super().__init__(in_type)
        self.function = choice(function, _FUNCTIONS, type(self).__name__, "function")
        bias = flag(bias, "bias")
        if function == "squash" and bias:
            raise ArgumentError("the function squash takes no bias", hint="write function='squash', bias=False")
        self.log_bias = torch.nn.Parameter(torch.zeros(len(in_type))) if bias else None

    def _set_blocks(self, blocks: list[np.ndarray], fields: np.ndarray | None = None) -> None:
        self._blocks = Blocks(blocks)
        self._many = fields is not None
        if fields is not None:
            self.register_constant("field_of_block", fields)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        bias = None
        if self.log_bias is not None:
            bias = self.log_bias.exp()
            if self._many:
                bias = bias.index_select(0, self.field_of_block)  # type: ignore[arg-type]
        least = smallest_square(tensor.dtype)
        parts = []
        for numbers, values in self._blocks.split(tensor):
            squares = values.square().sum(dim=2)
            # The clamp stops the gradient where the square root has none.
            norms = squares.clamp_min(least).sqrt()
            shifted = norms if bias is None else norms - part_of(bias, numbers, tensor.dim() - 2)
            factors = _FUNCTIONS[self.function](shifted) / norms
            factors = factors.masked_fill(squares <= least, 0.0)
            parts.append(values * factors.unsqueeze(2))
        return self._blocks.join(parts, tensor)

    def _shown(self) -> list[str]:
        return [f"function={self.function}", f"bias={self.log_bias is not None}"]


class NormNonLinearity(_NormNonLinearity):
    """A function of the norm of each field: x f(|x| - b) / |x|, and 0 at 0.

    Every orthogonal representation keeps the norm, so this works for every field (Worrall et al., "Harmonic networks", 2017;
    Weiler and Cesa, "General E(2)-equivariant steerable CNNs", 2019). The bias b is the exponential of ``log_bias``, one number
    for each field in their order.

    Args:
        in_type: any fields.
        function: ``"n_relu"``, ``"n_sigmoid"``, ``"n_softplus"``, or ``"squash"`` (|x| / (1 + |x|), which takes no bias).
        bias: whether to learn b.

    Raises:
        ArgumentError: for another function, or squash with a bias.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.NormNonLinearity(nn.field_type(gspaces.rot2dOnR2(4), vector=1), bias=False)
        >>> layer(torch.tensor([[3.0, 4.0]])).tolist()
        [[3.0, 4.0]]
    """

    def _prepare(self) -> None:
        need_supported(self.in_type, "norm", type(self).__name__)
        self._set_blocks(field_channels(self.in_type))


class InducedNormNonLinearity(_NormNonLinearity):
    """A function of the norm of each block of an induced field: x f(|x| - b) / |x| on every block.

    The group permutes the blocks of Ind_H sigma and acts orthogonally inside of them, so the norm of each block is a channel of
    a quotient field. All blocks of a field share its b.

    Args:
        in_type: fields made by ``induced_representation``, or others whose blocks are found in their matrices.
        function: as for :class:`NormNonLinearity`.
        bias: whether to learn b, one for each field.
        subfield_size: the number of channels of a block, where it is not known: for all fields, or one for each.

    Raises:
        UnsupportedFieldError: for fields that are no equal blocks.

    Example:
        >>> from intertwine import gspaces, nn
        >>> arrows = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
        >>> layer = nn.InducedNormNonLinearity(arrows, bias=False, subfield_size=2)
        >>> layer(torch.tensor([[3.0, 4.0]])).tolist()
        [[3.0, 4.0]]
    """

    needs: ClassVar[str] = "fields of equal blocks that the group permutes"

    def __init__(
        self,
        in_type: FieldType,
        function: str = "n_relu",
        bias: bool = True,
        subfield_size: int | list[int] | None = None,
    ) -> None:
        super().__init__(in_type, function, bias)
        found = Subfields(in_type, subfield_size, type(self).__name__)
        self._arguments["subfield_size"] = found.recipe
        self._set_blocks(found.channels, found.field_of_block)
