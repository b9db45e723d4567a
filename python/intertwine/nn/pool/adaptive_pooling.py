"""Pooling over space to a given size."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type, need_permutations
from intertwine.nn.base.windows import need_room

_AVERAGE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
_MAXIMUM = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


class _AdaptivePool(EquivariantModule):
    """Windows that cover the input evenly, as many as the output has cells."""

    needs_grid: ClassVar[bool] = True
    only: ClassVar[int | None] = None

    def __init__(self, in_type: FieldType, output_size: int | tuple[int, ...]) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = in_type
        self.d = in_type.gspace.dimensionality
        if self.d == 0 or self.d != (self.only or self.d):
            wanted = f"{self.only} axes of space" if self.only else "space"
            raise ArgumentError(f"{name} pools over {wanted}, but {in_type} has {self.d}")
        self.output_size = sizes_of(output_size, self.d, "output_size", least=1)
        self._warn_if_uneven(output_size=self.output_size)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        need_room(type(self).__name__, tuple(tensor.shape), self.d * (1,), self.d * (0,))

    def extra_repr(self) -> str:
        """Size and type."""
        return f"output_size={self.output_size}, type={self.in_type}"


class PointwiseAdaptiveAvgPool(_AdaptivePool):
    """The mean of each channel over windows that cover the input evenly, to an output of a given size.

    Window i of n covers cells floor(i m / n) to ceil((i + 1) m / n) of m, which a reflection carries to window n - 1 - i: so it
    is exact on the lattice for every size.

    Args:
        in_type: any fields.
        output_size: one number, or one for each axis of space.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveAvgPool(nn.field_type(gspaces.rot2dOnR2(4), vector=1), 2)
        >>> layer(torch.randn(1, 2, 5, 7)).shape
        torch.Size([1, 2, 2, 2])
    """

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return _AVERAGE[self.d](tensor, self.output_size)

    def _export(self) -> torch.nn.Module:
        cls: Any = {1: torch.nn.AdaptiveAvgPool1d, 2: torch.nn.AdaptiveAvgPool2d, 3: torch.nn.AdaptiveAvgPool3d}[self.d]
        return cls(self.output_size)


class PointwiseAdaptiveMaxPool(_AdaptivePool):
    """The maximum of each channel over windows that cover the input evenly, to an output of a given size.

    Args:
        in_type: regular, quotient or trivial fields.
        output_size: one number, or one for each axis of space.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    needs: ClassVar[str] = "fields whose channels the group only permutes"

    def __init__(self, in_type: FieldType, output_size: int | tuple[int, ...]) -> None:
        super().__init__(in_type, output_size)
        need_permutations(in_type, type(self).__name__, "PointwiseAdaptiveAvgPool")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        pooled: Any = _MAXIMUM[self.d](tensor, self.output_size)
        return pooled

    def _export(self) -> torch.nn.Module:
        cls: Any = {1: torch.nn.AdaptiveMaxPool1d, 2: torch.nn.AdaptiveMaxPool2d, 3: torch.nn.AdaptiveMaxPool3d}[self.d]
        return cls(self.output_size)


class PointwiseAdaptiveAvgPool2D(PointwiseAdaptiveAvgPool):
    """:class:`PointwiseAdaptiveAvgPool` of images.

    Args:
        in_type: any fields.
        output_size: one number, or one for each axis of space.
    """

    only = 2


class PointwiseAdaptiveAvgPool3D(PointwiseAdaptiveAvgPool):
    """:class:`PointwiseAdaptiveAvgPool` of volumes.

    Args:
        in_type: any fields.
        output_size: one number, or one for each axis of space.
    """

    only = 3


class PointwiseAdaptiveMaxPool2D(PointwiseAdaptiveMaxPool):
    """:class:`PointwiseAdaptiveMaxPool` of images.

    Args:
        in_type: regular, quotient or trivial fields.
        output_size: one number, or one for each axis of space.
    """

    only = 2


class PointwiseAdaptiveMaxPool3D(PointwiseAdaptiveMaxPool):
    """:class:`PointwiseAdaptiveMaxPool` of volumes.

    Args:
        in_type: regular, quotient or trivial fields.
        output_size: one number, or one for each axis of space.
    """

    only = 3
