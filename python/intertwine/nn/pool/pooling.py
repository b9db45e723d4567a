"""Pooling over windows in space: the mean and the maximum of each channel."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import flag, sizes_of
from intertwine.errors import ArgumentError, ShapeError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.padding import padded, padding_module
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.type_preserving import PERMUTED, GridLayer
from intertwine.nn.base.windows import need_window_fits, uneven_windows

AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
MAXIMUM = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


class WindowPool(GridLayer):
    """A pooling layer over windows at equal distances.

    A subclass implements ``_pool`` and, where torch has such a layer, ``_torch_pool``. Both are given the padding of each of
    its steps: zeros where the image was continued beforehand.

    Args:
        in_type: the type.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: cells around the image.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds.

    Raises:
        ArgumentError: if a window could lie in the padding alone.
    """

    settings = ("kernel_size", "stride", "padding")
    pads_freely: ClassVar[bool] = False
    """Whether the padding may be wider than half of the window."""

    def __init__(
        self,
        in_type: FieldType,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        ceil_mode: bool = False,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(in_type)
        self.kernel_size = sizes_of(kernel_size, self.d, "kernel_size", least=1)
        self.stride = self.kernel_size if stride is None else sizes_of(stride, self.d, "stride", least=1)
        self.padding = sizes_of(padding, self.d, "padding", least=0)
        self.padding_mode = checked_mode(padding_mode)
        self._continued = self.padding_mode != "zeros"
        self.dilation = sizes_of(dilation, self.d, "dilation", least=1)
        self.ceil_mode = flag(ceil_mode, "ceil_mode")
        wide = any(2 * margin > width for margin, width in zip(self.padding, self.kernel_size, strict=True))
        if wide and not (self.pads_freely or self._continued):
            raise ArgumentError(
                f"{type(self).__name__} was given padding {self.padding}, more than half of its window {self.kernel_size}: "
                "some windows would be empty"
            )
        self._warn_if_uneven(
            kernel_size=self.kernel_size, stride=self.stride, padding=self.padding, dilation=self.dilation
        )

    @property
    def _margins(self) -> tuple[tuple[int, ...], ...]:
        """The padding of each step."""
        return (self.padding,)

    @property
    def _whole_margin(self) -> tuple[int, ...]:
        """The padding of all steps together."""
        return tuple(map(sum, zip(*self._margins, strict=True)))

    @property
    def _no_margins(self) -> tuple[tuple[int, ...], ...]:
        return len(self._margins) * (self.d * (0,),)

    @property
    def _window(self) -> tuple[int, ...]:
        """The cells that a window spans."""
        return tuple(step * (width - 1) + 1 for step, width in zip(self.dilation, self.kernel_size, strict=True))

    @abstractmethod
    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        """The output for an input with some padding."""

    def _torch_pool(self, *margins: tuple[int, ...]) -> torch.nn.Module:
        """The layer of torch with some padding; raises UnsupportedFieldError where there is none."""
        return super()._export()

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if not self._continued:
            return self._pool(tensor, *self._margins)
        return self._pool(padded(tensor, self._whole_margin, self.padding_mode), *self._no_margins)

    def _export(self) -> torch.nn.Module:
        if not self._continued:
            return self._torch_pool(*self._margins)
        plain, margin = self._torch_pool(*self._no_margins), self._whole_margin
        return torch.nn.Sequential(padding_module(margin, self.padding_mode), plain) if any(margin) else plain

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        return self._never_exact_reason or uneven_windows(size, self._window, self.stride, self.padding)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        margin = self._whole_margin if self._continued else self.padding
        need_window_fits(type(self).__name__, tuple(tensor.shape), self._window, margin, self.padding_mode)
        for size, step, cells in zip(tensor.shape[2:], self.dilation, self.padding, strict=True):
            if step > 1 and cells and not self._continued and size < step:
                raise ShapeError(
                    f"{type(self).__name__} has windows with {step} cells from one value to the next, some of which hold nothing "
                    f"but padding of an input of the shape {tuple(tensor.shape)}",
                    hint="use larger images, no padding, or a smaller dilation",
                )

    def _shown(self) -> list[str]:
        return [*super()._shown(), *([f"padding_mode={self.padding_mode!r}"] if self._continued else [])]


class PointwiseAvgPool(WindowPool):
    """The mean of each channel over windows.

    Windows of ``kernel_size`` with ``stride`` equal to it tile the image exactly, and quarter turns carry tiles to tiles, when
    the image's size is a multiple of it; otherwise a margin is lost on one side and equivariance with it.

    Args:
        in_type: any fields.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: cells around the image.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAvgPool(nn.field_type(gspaces.rot2dOnR2(4), trivial=1), 2)
        >>> layer(torch.ones(1, 1, 4, 4)).shape
        torch.Size([1, 1, 2, 2])
    """

    def __init__(
        self,
        in_type: FieldType,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        ceil_mode: bool = False,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(in_type, kernel_size, stride, padding, 1, ceil_mode, padding_mode)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if self.d == 3 and not self._continued:
            # torch's mean over volumes wants room for a window without the padding.
            need_window_fits(type(self).__name__, tuple(tensor.shape), self.kernel_size, self.d * (0,))

    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        return AVERAGE[self.d](tensor, self.kernel_size, self.stride, margins[0], self.ceil_mode)

    def _torch_pool(self, *margins: tuple[int, ...]) -> torch.nn.Module:
        return torch_class("AvgPool", self.d)(self.kernel_size, self.stride, margins[0], self.ceil_mode)


class PointwiseMaxPool(WindowPool):
    """The maximum of each channel over windows.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: margin around the image.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, so minus infinity), or the image continued by ``"reflect"``,
            ``"replicate"`` or ``"circular"``.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseMaxPool(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 2)
        >>> layer(torch.ones(1, 4, 6, 6)).shape
        torch.Size([1, 4, 3, 3])
    """

    needs = PERMUTED
    alternative = "NormMaxPool"

    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        return MAXIMUM[self.d](
            tensor, self.kernel_size, self.stride, margins[0], self.dilation, ceil_mode=self.ceil_mode
        )

    def _torch_pool(self, *margins: tuple[int, ...]) -> torch.nn.Module:
        cls = torch_class("MaxPool", self.d)
        return cls(self.kernel_size, self.stride, margins[0], self.dilation, ceil_mode=self.ceil_mode)


class PointwiseAvgPool2D(PointwiseAvgPool):
    """:class:`PointwiseAvgPool` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.PointwiseAvgPool2D(nn.field_type(gspaces.rot2dOnR2(4), trivial=1), 2)(torch.ones(1, 1, 4, 4)).shape
        torch.Size([1, 1, 2, 2])
    """

    only = 2


class PointwiseAvgPool3D(PointwiseAvgPool):
    """:class:`PointwiseAvgPool` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.PointwiseAvgPool3D(nn.field_type(gspaces.octaOnR3(), trivial=1), 2)(torch.ones(1, 1, 4, 4, 4)).shape
        torch.Size([1, 1, 2, 2, 2])
    """

    only = 3


class PointwiseMaxPool2D(PointwiseMaxPool):
    """:class:`PointwiseMaxPool` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.PointwiseMaxPool2D(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 2)(torch.ones(1, 4, 6, 6)).shape
        torch.Size([1, 4, 3, 3])
    """

    only = 2


class PointwiseMaxPool3D(PointwiseMaxPool):
    """:class:`PointwiseMaxPool` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.PointwiseMaxPool3D(nn.field_type(gspaces.octaOnR3(), trivial=1), 2)(torch.ones(1, 1, 6, 6, 6)).shape
        torch.Size([1, 1, 3, 3, 3])
    """

    only = 3
