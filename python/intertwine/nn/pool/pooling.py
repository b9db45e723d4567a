"""Pooling over space, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import flag, sizes_of
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type, need_permutations
from intertwine.nn.base.padding import padded, padding_mode, padding_module
from intertwine.nn.base.windows import need_room, off_centre

_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_MAXIMUM = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_CONV_MODULES = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}


class _Pool(EquivariantModule):
    """A pooling layer: it keeps the type and needs a grid."""

    needs_grid: ClassVar[bool] = True
    only: ClassVar[int | None] = None
    """The number of axes of space for which the layer is meant; any by default."""
    kernel_size: tuple[int, ...]
    padding: tuple[int, ...]
    stride: tuple[int, ...]
    padding_mode: str
    _filled: bool
    """Whether the margin holds what the image is continued by, and is added before the layer."""

    def __init__(self, in_type: FieldType) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = in_type
        self.d = in_type.gspace.dimensionality
        if self.d == 0 or self.d != (self.only or self.d):
            wanted = f"{self.only} axes of space" if self.only else "space"
            raise ArgumentError(f"{name} pools over {wanted}, but {in_type} has {self.d}")

    def _set_padding_mode(self, mode: str) -> None:
        self.padding_mode = padding_mode(mode)
        self._filled = self.padding_mode != "zeros"

    @property
    def _mode_text(self) -> str:
        return f", padding_mode={self.padding_mode!r}" if self._filled else ""

    @property
    def _windows_text(self) -> str:
        sizes = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return sizes + self._mode_text

    @property
    def _margin(self) -> tuple[int, ...]:
        """Cells that are added around the image."""
        return self.padding

    def _with_margin(self, plain: torch.nn.Module) -> torch.nn.Module:
        """A module of torch behind the padding, if that is none of its own."""
        if not self._filled or not any(self._margin):
            return plain
        return torch.nn.Sequential(padding_module(self._margin, self.padding_mode), plain)

    def _warn_of_windows(self) -> None:
        self._warn_if_uneven(
            kernel_size=self.kernel_size, stride=self.stride, padding=self.padding, dilation=self._steps
        )

    @property
    def _steps(self) -> tuple[int, ...]:
        """Distance of the cells of a window."""
        steps: tuple[int, ...] = getattr(self, "dilation", self.d * (1,))
        return steps

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        window = tuple(step * (width - 1) + 1 for step, width in zip(self._steps, self.kernel_size, strict=True))
        return self._always_breaks or off_centre(size, window, self.stride, self.padding)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        window = tuple(step * (width - 1) + 1 for step, width in zip(self._steps, self.kernel_size, strict=True))
        if self._filled:
            need_room(type(self).__name__, tuple(tensor.shape), window, self._margin, self.padding_mode)
        else:
            need_room(type(self).__name__, tuple(tensor.shape), window, self.padding)


def _check_padding(kernel_size: tuple[int, ...], padding: tuple[int, ...], name: str) -> None:
    if any(2 * margin > width for margin, width in zip(padding, kernel_size, strict=True)):
        raise ArgumentError(
            f"{name} was given padding {padding}, more than half of its window {kernel_size}: some windows would be empty"
        )


class PointwiseAvgPool(_Pool):
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
        super().__init__(in_type)
        self.kernel_size = sizes_of(kernel_size, self.d, "kernel_size", least=1)
        self.stride = self.kernel_size if stride is None else sizes_of(stride, self.d, "stride", least=1)
        self.padding = sizes_of(padding, self.d, "padding", least=0)
        self._set_padding_mode(padding_mode)
        if not self._filled:
            _check_padding(self.kernel_size, self.padding, type(self).__name__)
        self.ceil_mode = flag(ceil_mode, "ceil_mode")
        self._warn_of_windows()

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if self.d == 3 and not self._filled:
            # torch's mean over volumes wants room for a window without the padding.
            need_room(type(self).__name__, tuple(tensor.shape), self.kernel_size, self.d * (0,))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        margin = self.padding
        if self._filled:
            tensor, margin = padded(tensor, margin, self.padding_mode), self.d * (0,)
        return _AVERAGE[self.d](tensor, self.kernel_size, self.stride, margin, self.ceil_mode)

    def _export(self) -> torch.nn.Module:
        cls: Any = {1: torch.nn.AvgPool1d, 2: torch.nn.AvgPool2d, 3: torch.nn.AvgPool3d}[self.d]
        margin = 0 if self._filled else self.padding
        return self._with_margin(cls(self.kernel_size, self.stride, margin, self.ceil_mode))

    def extra_repr(self) -> str:
        """Its windows."""
        return f"{self._windows_text}, type={self.in_type}"


class PointwiseMaxPool(_Pool):
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
    """

    needs: ClassVar[str] = "fields whose channels the group only permutes"

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
        need_permutations(in_type, type(self).__name__, "NormMaxPool")
        self.kernel_size = sizes_of(kernel_size, self.d, "kernel_size", least=1)
        self.stride = self.kernel_size if stride is None else sizes_of(stride, self.d, "stride", least=1)
        self.padding = sizes_of(padding, self.d, "padding", least=0)
        self._set_padding_mode(padding_mode)
        if not self._filled:
            _check_padding(self.kernel_size, self.padding, type(self).__name__)
        self.dilation = sizes_of(dilation, self.d, "dilation", least=1)
        self.ceil_mode = flag(ceil_mode, "ceil_mode")
        self._warn_of_windows()

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        margin = self.padding
        if self._filled:
            tensor, margin = padded(tensor, margin, self.padding_mode), self.d * (0,)
        return _MAXIMUM[self.d](tensor, self.kernel_size, self.stride, margin, self.dilation, self.ceil_mode)

    def _export(self) -> torch.nn.Module:
        cls: Any = {1: torch.nn.MaxPool1d, 2: torch.nn.MaxPool2d, 3: torch.nn.MaxPool3d}[self.d]
        margin = 0 if self._filled else self.padding
        return self._with_margin(cls(self.kernel_size, self.stride, margin, self.dilation, ceil_mode=self.ceil_mode))

    def extra_repr(self) -> str:
        """Its windows."""
        return f"{self._windows_text}, type={self.in_type}"


class PointwiseAvgPoolAntialiased(_Pool):
    """A Gaussian blur of each channel, read at every ``stride``-th cell.

    (Zhang, "Making convolutional networks shift-invariant again", 2019.) The window is round(3 sigma) cells to each side. An odd
    size with ``stride`` dividing size - 1 keeps the centre in place and is exact on the lattice.

    Args:
        in_type: any fields.
        sigma: the width of the blur, in cells.
        stride: the distance of the cells that are kept.
        padding: cells around the image; half of the window by default.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
    """

    @classmethod
    def prices(cls, in_type: FieldType, sigma: float, **others: Any) -> Iterator[Price]:
        """Its constants: the cells of the blur.

        Args:
            in_type: the type.
            sigma: the width of the blur.
            **others: the other arguments of the constructor.
        """
        yield _blur_price(3.0 * sigma, in_type.gspace.dimensionality)

    def __init__(
        self,
        in_type: FieldType,
        sigma: float,
        stride: int | tuple[int, ...],
        padding: int | tuple[int, ...] | None = None,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(in_type)
        self.sigma = _checked_width(sigma)
        half = round(3 * self.sigma)
        self.kernel_size = self.d * (2 * half + 1,)
        self.stride = sizes_of(stride, self.d, "stride", least=1)
        self.padding = self.d * (half,) if padding is None else sizes_of(padding, self.d, "padding", least=0)
        self._set_padding_mode(padding_mode)
        self._warn_of_windows()
        self.register_constant("blur", _gaussian_window(self.sigma, half, self.d))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        channels = tensor.shape[1]
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        filters = blur.to(tensor.dtype).expand(channels, *blur.shape[1:])
        margin = self.padding
        if self._filled:
            tensor, margin = padded(tensor, margin, self.padding_mode), self.d * (0,)
        return _CONV[self.d](tensor, filters, None, self.stride, margin, 1, channels)

    def _export(self) -> torch.nn.Module:
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        margin = self.d * (0,) if self._filled else self.padding
        return self._with_margin(_blurring(blur, self.in_type.size, self.d, self.stride, margin))

    def extra_repr(self) -> str:
        """Its window."""
        return f"sigma={self.sigma}, stride={self.stride}, padding={self.padding}{self._mode_text}, type={self.in_type}"


class PointwiseMaxPoolAntialiased(PointwiseMaxPool):
    """The maximum of each channel over windows around every cell, blurred and then read at every ``stride``-th cell.

    (Zhang, "Making convolutional networks shift-invariant again", 2019.) The blur is a Gaussian window of round(4 sigma) cells
    to each side.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of the cells that are kept; ``kernel_size`` by default.
        padding: cells around the input: minus infinity for the maximum, zeros for the blur.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        sigma: the width of the blur, in cells.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    @classmethod
    def prices(cls, in_type: FieldType, sigma: float = 0.6, **others: Any) -> Iterator[Price]:
        """Its constants: the cells of the blur.

        Args:
            in_type: the type.
            sigma: the width of the blur.
            **others: the other arguments of the constructor.
        """
        yield _blur_price(4.0 * sigma, in_type.gspace.dimensionality)

    def __init__(
        self,
        in_type: FieldType,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        ceil_mode: bool = False,
        sigma: float = 0.6,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(in_type, kernel_size, stride, padding, dilation, ceil_mode, padding_mode)
        self.sigma = _checked_width(sigma)
        half = round(4 * self.sigma)
        self._blur_padding = tuple(margin + half for margin in self.padding)
        self.register_constant("blur", _gaussian_window(self.sigma, half, self.d))

    @property
    def _margin(self) -> tuple[int, ...]:
        """That of the maximum and that of the blur, added at once."""
        return tuple(own + blur for own, blur in zip(self.padding, self._blur_padding, strict=True))

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        # The maximum keeps some cells, and the blur needs as many as its window has.
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        steps = zip(self.dilation, self.kernel_size, strict=True)
        reach = tuple(half + step * (width - 1) for half, (step, width) in zip(blur.shape[2:], steps, strict=True))
        need_room(type(self).__name__, tuple(tensor.shape), reach, self._margin)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        windows = [step * (width - 1) for step, width in zip(self.dilation, self.kernel_size, strict=True)]
        pooled = tuple(n + 2 * p - w for n, p, w in zip(size, self.padding, windows, strict=True))
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        return self._always_breaks or off_centre(pooled, tuple(blur.shape[2:]), self.stride, self._blur_padding)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        channels = tensor.shape[1]
        once, none = self.d * (1,), self.d * (0,)
        margin, blur_margin = self.padding, self._blur_padding
        if self._filled:
            tensor, margin, blur_margin = padded(tensor, self._margin, self.padding_mode), none, none
        greatest = _MAXIMUM[self.d](tensor, self.kernel_size, once, margin, self.dilation, self.ceil_mode)
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        filters = blur.to(tensor.dtype).expand(channels, *blur.shape[1:])
        return _CONV[self.d](greatest, filters, None, self.stride, blur_margin, 1, channels)

    def _export(self) -> torch.nn.Module:
        cls: Any = {1: torch.nn.MaxPool1d, 2: torch.nn.MaxPool2d, 3: torch.nn.MaxPool3d}[self.d]
        blur: torch.Tensor = self.blur  # type: ignore[assignment]
        margin, blur_margin = self.padding, self._blur_padding
        if self._filled:
            margin = blur_margin = self.d * (0,)
        plain = torch.nn.Sequential(
            cls(self.kernel_size, 1, margin, self.dilation, ceil_mode=self.ceil_mode),
            _blurring(blur, self.in_type.size, self.d, self.stride, blur_margin),
        )
        return self._with_margin(plain)

    def extra_repr(self) -> str:
        """Its windows."""
        return super().extra_repr().replace(", type=", f", sigma={self.sigma}, type=")


def _blur_price(half: float, dimension: int) -> Price:
    cells = (2 * half + 2) ** dimension
    return Price(50 * cells, 1e-7 * cells)


def _checked_width(sigma: float) -> float:
    if isinstance(sigma, bool) or not isinstance(sigma, (int, float)) or not 0 < sigma < np.inf:
        raise ArgumentError(f"the width sigma of the blur must be positive, not {sigma!r}")
    return float(sigma)


def _gaussian_window(sigma: float, half: int, dimension: int) -> np.ndarray:
    """A Gaussian of sum one, shape ``(1, 1, 2 half + 1, ...)``."""
    line = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    window = line
    for _ in range(dimension - 1):
        window = window[..., None] * line
    return (window / window.sum())[None, None]


def _blurring(
    blur: torch.Tensor, channels: int, dimension: int, stride: tuple[int, ...], padding: tuple[int, ...]
) -> torch.nn.Module:
    """The blur of each channel as a plain convolution."""
    plain: Any = _CONV_MODULES[dimension](
        channels, channels, tuple(blur.shape[2:]), stride, padding, groups=channels, bias=False
    )
    plain.weight.data = blur.expand(channels, *blur.shape[1:]).clone()
    return plain


class PointwiseAvgPool2D(PointwiseAvgPool):
    """:class:`PointwiseAvgPool` of images.

    Args:
        in_type: any fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: cells around the input.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
    """

    only = 2


class PointwiseAvgPool3D(PointwiseAvgPool):
    """:class:`PointwiseAvgPool` of volumes.

    Args:
        in_type: any fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: cells around the input.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
    """

    only = 3


class PointwiseMaxPool2D(PointwiseMaxPool):
    """:class:`PointwiseMaxPool` of images.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: margin around the input.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, so minus infinity), or the image continued by ``"reflect"``,
            ``"replicate"`` or ``"circular"``.
    """

    only = 2


class PointwiseMaxPool3D(PointwiseMaxPool):
    """:class:`PointwiseMaxPool` of volumes.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: margin around the input.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, so minus infinity), or the image continued by ``"reflect"``,
            ``"replicate"`` or ``"circular"``.
    """

    only = 3


class PointwiseAvgPoolAntialiased2D(PointwiseAvgPoolAntialiased):
    """:class:`PointwiseAvgPoolAntialiased` of images.

    Args:
        in_type: any fields.
        sigma: the width of the blur, in cells.
        stride: the distance of the cells that are kept.
        padding: cells around the input; half of the window by default.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
    """

    only = 2


class PointwiseAvgPoolAntialiased3D(PointwiseAvgPoolAntialiased):
    """:class:`PointwiseAvgPoolAntialiased` of volumes.

    Args:
        in_type: any fields.
        sigma: the width of the blur, in cells.
        stride: the distance of the cells that are kept.
        padding: cells around the input; half of the window by default.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
    """

    only = 3


class PointwiseMaxPoolAntialiased2D(PointwiseMaxPoolAntialiased):
    """:class:`PointwiseMaxPoolAntialiased` of images.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: margin around the input.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, so minus infinity), or the image continued by ``"reflect"``,
            ``"replicate"`` or ``"circular"``.
        sigma: the width of the blur, in cells.
    """

    only = 2


class PointwiseMaxPoolAntialiased3D(PointwiseMaxPoolAntialiased):
    """:class:`PointwiseMaxPoolAntialiased` of volumes.

    Args:
        in_type: regular, quotient or trivial fields.
        kernel_size: the size of the window.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: margin around the input.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, so minus infinity), or the image continued by ``"reflect"``,
            ``"replicate"`` or ``"circular"``.
        sigma: the width of the blur, in cells.
    """

    only = 3
