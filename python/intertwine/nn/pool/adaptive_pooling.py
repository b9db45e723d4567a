"""Pooling over space to a given size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import sizes_of
from intertwine.fields import FieldType
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.type_preserving import PERMUTED, GridLayer
from intertwine.nn.base.windows import need_window_fits


class AdaptivePool(GridLayer):
    """A pooling layer whose windows cover the input evenly, as many as the output has cells.

    Args:
        in_type: the type.
        output_size: one number, or one for each axis of space.
    """

    settings = ("output_size",)
    torch_name: ClassVar[str]
    """The class of torch, without the number of axes."""
    functions: ClassVar[dict[int, Callable[..., Any]]]
    """The function of torch for each number of axes."""

    def __init__(self, in_type: FieldType, output_size: int | tuple[int, ...]) -> None:
        super().__init__(in_type)
        self.output_size = sizes_of(output_size, self.d, "output_size", least=1)
        self._warn_if_uneven(output_size=self.output_size)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        need_window_fits(type(self).__name__, tuple(tensor.shape), self.d * (1,), self.d * (0,))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self.functions[self.d](tensor, self.output_size)

    def _export(self) -> torch.nn.Module:
        return torch_class(self.torch_name, self.d)(self.output_size)


class PointwiseAdaptiveAvgPool(AdaptivePool):
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

    torch_name = "AdaptiveAvgPool"
    functions = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}


class PointwiseAdaptiveMaxPool(AdaptivePool):
    """The maximum of each channel over windows that cover the input evenly, to an output of a given size.

    Args:
        in_type: regular, quotient or trivial fields.
        output_size: one number, or one for each axis of space.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveMaxPool(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 2)
        >>> layer(torch.randn(1, 4, 5, 7)).shape
        torch.Size([1, 4, 2, 2])
    """

    needs = PERMUTED
    alternative = "PointwiseAdaptiveAvgPool"
    torch_name = "AdaptiveMaxPool"
    functions = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


class PointwiseAdaptiveAvgPool2D(PointwiseAdaptiveAvgPool):
    """:class:`PointwiseAdaptiveAvgPool` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveAvgPool2D(nn.field_type(gspaces.rot2dOnR2(4), vector=1), 2)
        >>> layer(torch.randn(1, 2, 5, 7)).shape
        torch.Size([1, 2, 2, 2])
    """

    only = 2


class PointwiseAdaptiveAvgPool3D(PointwiseAdaptiveAvgPool):
    """:class:`PointwiseAdaptiveAvgPool` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveAvgPool3D(nn.field_type(gspaces.octaOnR3(), trivial=1), 2)
        >>> layer(torch.randn(1, 1, 5, 5, 5)).shape
        torch.Size([1, 1, 2, 2, 2])
    """

    only = 3


class PointwiseAdaptiveMaxPool2D(PointwiseAdaptiveMaxPool):
    """:class:`PointwiseAdaptiveMaxPool` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveMaxPool2D(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 2)
        >>> layer(torch.randn(1, 4, 5, 7)).shape
        torch.Size([1, 4, 2, 2])
    """

    only = 2


class PointwiseAdaptiveMaxPool3D(PointwiseAdaptiveMaxPool):
    """:class:`PointwiseAdaptiveMaxPool` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAdaptiveMaxPool3D(nn.field_type(gspaces.octaOnR3(), trivial=1), 2)
        >>> layer(torch.randn(1, 1, 5, 5, 5)).shape
        torch.Size([1, 1, 2, 2, 2])
    """

    only = 3
