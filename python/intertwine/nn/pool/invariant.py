"""Maps from fields to features that the group does not change."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from intertwine.checks import whole
from intertwine.errors import ArgumentError, ShapeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import Blocks, FieldsBySize
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.cpu_gradients import greatest
from intertwine.nn.base.module import EquivariantModule, check_field_type, need_permutations
from intertwine.nn.base.norms import Subfields, norm_of
from intertwine.nn.base.type_preserving import PERMUTED


class InvariantPool(EquivariantModule):
    """A layer that makes one invariant channel of each field.

    Args:
        in_type: the type.
        **kwargs: accepted as by escnn, and not used.
    """

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, type(self).__name__)
        self.out_type = FieldType(in_type.gspace, len(in_type) * (in_type.gspace.trivial_repr,))
        self._fields = FieldsBySize(in_type)


class GroupPooling(InvariantPool):
    """The greatest channel of each field: one invariant channel for each field.

    Args:
        in_type: regular, quotient or trivial fields.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.GroupPooling(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.tensor([[3.0, 1.0, 4.0, 1.0]])).tolist()
        [[4.0]]
    """

    needs = PERMUTED

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__(in_type)
        need_permutations(in_type, type(self).__name__, "NormPool")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._fields.join_fields([greatest(values) for _, values in self._fields.split(tensor)])

    def _export(self) -> torch.nn.Module:
        return export_field_maximum(self.in_type)


class NormPool(InvariantPool):
    """The norm of each field: one invariant channel for each field.

    Every orthogonal representation keeps the norm. Its gradient at zero is zero.

    Args:
        in_type: any fields.
        **kwargs: accepted as by escnn, and not used.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.NormPool(nn.field_type(gspaces.rot2dOnR2(4), vector=1))(torch.tensor([[3.0, 4.0]])).tolist()
        [[5.0]]
    """

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._fields.join_fields([norm_of(values) for _, values in self._fields.split(tensor)])


class InducedNormPool(InvariantPool):
    """The greatest norm among the blocks of each induced field: one invariant channel for each field.

    Args:
        in_type: fields made by ``induced_representation``, or others whose blocks are found in their matrices.
        subfield_size: the number of channels of a block, where it is not known: for all fields, or one for each.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        UnsupportedFieldError: for fields that are no equal blocks.

    Example:
        >>> from intertwine import gspaces, nn
        >>> arrows = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
        >>> nn.InducedNormPool(arrows, subfield_size=2)(torch.tensor([[3.0, 4.0]])).tolist()
        [[5.0]]
    """

    needs: ClassVar[str] = "fields of equal blocks that the group permutes"

    field_seconds = 7e-5

    def __init__(self, in_type: FieldType, subfield_size: int | list[int] | None = None, **kwargs: object) -> None:
        super().__init__(in_type)
        found = Subfields(in_type, subfield_size, type(self).__name__)
        self._arguments["subfield_size"] = found.recipe
        self._blocks = Blocks(found.channels)
        ends = np.cumsum(found.counts).tolist()
        self._fields = Blocks([np.arange(end - count, end) for end, count in zip(ends, found.counts, strict=True)])

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        norms = self._blocks.join_fields([norm_of(values) for _, values in self._blocks.split(tensor)])
        return self._fields.join_fields([greatest(values) for _, values in self._fields.split(norms)])


class MaxPoolChannels(torch.nn.Module):
    """The greatest of every ``kernel_size`` channels in a row; an ordinary torch module.

    Args:
        kernel_size: the number of channels.

    Example:
        >>> from intertwine import nn
        >>> nn.MaxPoolChannels(2)(torch.tensor([[3.0, 1.0, 4.0, 1.0]])).tolist()
        [[3.0, 4.0]]
    """

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = whole(kernel_size, "kernel_size")
        if self.kernel_size < 1:
            raise ArgumentError(f"kernel_size must be at least 1, not {kernel_size}")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The maxima, shape ``(batch, channels / kernel_size, *space)``.

        Args:
            input: shape ``(batch, channels, *space)``.
        """
        if input.dim() < 2 or input.shape[1] % self.kernel_size:
            raise ShapeError(
                f"MaxPoolChannels needs a multiple of {self.kernel_size} channels, but the shape is {tuple(input.shape)}"
            )
        return greatest(input.unflatten(1, (-1, self.kernel_size)))

    def extra_repr(self) -> str:
        """The number of channels."""
        return f"kernel_size={self.kernel_size}"


def export_field_maximum(in_type: FieldType) -> torch.nn.Module:
    """The maximum over each field's channels, of plain torch modules.

    Args:
        in_type: fields of one size.

    Raises:
        UnsupportedFieldError: if the fields have different sizes.
    """
    sizes = {representation.size for representation in in_type.representations}
    if len(sizes) > 1:
        raise UnsupportedFieldError(
            "fields of different sizes cannot be pooled by plain torch modules",
            hint="pool one size at a time before the export",
        )
    size = sizes.pop()
    dimension = in_type.gspace.dimensionality
    if size == 1:
        return torch.nn.Identity()
    if dimension == 0:
        return torch.nn.MaxPool1d(size)
    if dimension == 3:
        # No pool of torch has four axes.
        raise UnsupportedFieldError("volumes cannot be pooled over channels by plain torch modules")
    # Windows of fixed size: TorchScript knows no adaptive ones that leave axes alone.
    pool = torch_class("MaxPool", dimension + 1)((size, *(dimension * (1,))))
    return torch.nn.Sequential(torch.nn.Unflatten(1, (len(in_type), size)), pool, torch.nn.Flatten(1, 2))
