"""Pooling with a Gaussian blur before cells are left out (Zhang, "Making convolutional networks shift-invariant again", 2019)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.cpu_gradients import uses_eager_cpu_autograd
from intertwine.nn.base.type_preserving import PERMUTED
from intertwine.nn.base.windows import need_window_fits, uneven_windows
from intertwine.nn.pool.pooling import MAXIMUM, WindowPool

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}

_SIDE = 128
"""Up to this side matrices blur volumes faster than a convolution."""
_MOST_CELLS = 2**28
"""Of a blur: 1 GiB in float32."""


def _trains_on_cpu(tensor: torch.Tensor) -> bool:
    """Whether matrices along each axis take a third of the time: torch's gradient of such a convolution is slow on a CPU."""
    return (
        uses_eager_cpu_autograd(tensor)
        and tensor.dtype in (torch.float32, torch.float64)
        and tensor.is_contiguous()
        and tensor.numel() > 0
        and max(tensor.shape[2:]) <= _SIDE
    )


class BlurredPool(WindowPool):
    """A pooling layer with a Gaussian blur."""

    reach: ClassVar[float]
    """How many widths the window of the blur reaches to each side."""
    blur: torch.Tensor

    @classmethod
    def construction_prices(cls, in_type: FieldType, sigma: float = 0.6, **others: Any) -> Iterator[Price]:
        """Its constants: the cells of the blur.

        Args:
            in_type: the type.
            sigma: the width of the blur.
            **others: the other arguments of the constructor.
        """
        cells = (2 * cls.reach * sigma + 2) ** in_type.gspace.dimensionality
        yield Price(50 * cells, 1e-7 * cells)

    @classmethod
    def _half(cls, sigma: Any) -> int:
        """The cells of the blur to each side of its centre."""
        if isinstance(sigma, bool) or not isinstance(sigma, (int, float)) or not 0 < sigma < np.inf:
            raise ArgumentError(f"the width sigma of the blur must be positive, not {sigma!r}")
        return round(cls.reach * sigma)

    def _set_blur(self, sigma: float) -> None:
        half = self._half(sigma)
        if (2 * half + 1) ** self.d > _MOST_CELLS:
            raise ArgumentError(f"a blur of width sigma = {sigma!r} has too many cells", hint="use a smaller width")
        self.sigma = float(sigma)
        line = np.exp(-0.5 * (np.arange(-half, half + 1) / self.sigma) ** 2)
        window = line
        for _ in range(self.d - 1):
            window = window[..., None] * line
        self.register_constant("blur", (window / window.sum())[None, None])

    def _blurred(self, tensor: torch.Tensor, margin: tuple[int, ...]) -> torch.Tensor:
        if self.d == 3 and _trains_on_cpu(tensor):
            return self._blurred_by_axes(tensor, margin)
        channels = tensor.shape[1]
        filters = self.blur.to(tensor.dtype).expand(channels, *self.blur.shape[1:])
        return _CONV[self.d](tensor, filters, None, self.stride, margin, 1, channels)

    def _blurred_by_axes(self, tensor: torch.Tensor, margin: tuple[int, ...]) -> torch.Tensor:
        """The same for volumes, one axis after the other: the window is a product of one line along each."""
        line = self.blur.sum(dim=(0, 1, 3, 4)).to(tensor.dtype).view(1, 1, -1)

        def matrix(axis: int) -> torch.Tensor:
            cells = torch.eye(tensor.shape[2 + axis], dtype=tensor.dtype, device=tensor.device).unsqueeze(1)
            return F.conv1d(cells, line, None, self.stride[axis], margin[axis]).squeeze(1)

        depth, height, width = (matrix(axis) for axis in range(3))
        blurred = torch.matmul(height.T, torch.matmul(tensor, width))
        return torch.matmul(depth.T, blurred.flatten(3)).unflatten(3, blurred.shape[3:])

    def _torch_blur(self, margin: tuple[int, ...]) -> torch.nn.Module:
        """The blur of each channel as a convolution of torch."""
        n, window = self.in_type.size, tuple(self.blur.shape[2:])
        plain = torch_class("Conv", self.d)(n, n, window, self.stride, margin, groups=n, bias=False)
        plain.weight.data = self.blur.expand(n, *self.blur.shape[1:]).clone()
        return plain


class PointwiseAvgPoolAntialiased(BlurredPool):
    """A Gaussian blur of each channel, read at every ``stride``-th cell.

    The window is round(3 sigma) cells to each side. An odd size with ``stride`` dividing size - 1 keeps the centre in place and
    is exact on the lattice.

    Args:
        in_type: any fields.
        sigma: the width of the blur, in cells.
        stride: the distance of the cells that are kept.
        padding: cells around the image; half of the window by default.
        padding_mode: what the margin holds: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAvgPoolAntialiased(nn.field_type(gspaces.rot2dOnR2(4), vector=1), sigma=0.66, stride=2)
        >>> layer(torch.ones(1, 2, 7, 7)).shape
        torch.Size([1, 2, 4, 4])
    """

    settings = ("sigma", "stride", "padding")
    pads_freely = True
    reach = 3.0

    def __init__(
        self,
        in_type: FieldType,
        sigma: float,
        stride: int | tuple[int, ...],
        padding: int | tuple[int, ...] | None = None,
        padding_mode: str = "zeros",
    ) -> None:
        half = self._half(sigma)
        margin = half if padding is None else padding
        super().__init__(in_type, 2 * half + 1, stride, margin, padding_mode=padding_mode)
        self._set_blur(sigma)

    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        return self._blurred(tensor, margins[0])

    def _torch_pool(self, *margins: tuple[int, ...]) -> torch.nn.Module:
        return self._torch_blur(margins[0])


class PointwiseMaxPoolAntialiased(BlurredPool):
    """The maximum of each channel over windows around every cell, blurred and then read at every ``stride``-th cell.

    The blur is a Gaussian window of round(4 sigma) cells to each side.

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

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseMaxPoolAntialiased(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 3, 2, 1)
        >>> layer(torch.ones(1, 4, 7, 7)).shape
        torch.Size([1, 4, 5, 5])
    """

    needs = PERMUTED
    alternative = "NormMaxPool"
    reach = 4.0

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
        self._set_blur(sigma)

    @property
    def _margins(self) -> tuple[tuple[int, ...], ...]:
        half = self.blur.shape[2] // 2
        return self.padding, tuple(margin + half for margin in self.padding)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        # The maximum keeps some cells, and the blur needs as many as its window has.
        reach = tuple(blur + width - 1 for blur, width in zip(self.blur.shape[2:], self._window, strict=True))
        need_window_fits(type(self).__name__, tuple(tensor.shape), reach, self._whole_margin)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        pooled = tuple(n + 2 * p - w + 1 for n, p, w in zip(size, self.padding, self._window, strict=True))
        return self._never_exact_reason or uneven_windows(
            pooled, tuple(self.blur.shape[2:]), self.stride, self._margins[1]
        )

    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        greatest = MAXIMUM[self.d](
            tensor, self.kernel_size, self.d * (1,), margins[0], self.dilation, ceil_mode=self.ceil_mode
        )
        return self._blurred(greatest, margins[1])

    def _torch_pool(self, *margins: tuple[int, ...]) -> torch.nn.Module:
        cls = torch_class("MaxPool", self.d)
        greatest = cls(self.kernel_size, 1, margins[0], self.dilation, ceil_mode=self.ceil_mode)
        return torch.nn.Sequential(greatest, self._torch_blur(margins[1]))

    def _shown(self) -> list[str]:
        return [*super()._shown(), f"sigma={self.sigma}"]


class PointwiseAvgPoolAntialiased2D(PointwiseAvgPoolAntialiased):
    """:class:`PointwiseAvgPoolAntialiased` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAvgPoolAntialiased2D(nn.field_type(gspaces.rot2dOnR2(4), vector=1), sigma=0.66, stride=2)
        >>> layer(torch.ones(1, 2, 7, 7)).shape
        torch.Size([1, 2, 4, 4])
    """

    only = 2


class PointwiseAvgPoolAntialiased3D(PointwiseAvgPoolAntialiased):
    """:class:`PointwiseAvgPoolAntialiased` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseAvgPoolAntialiased3D(nn.field_type(gspaces.octaOnR3(), trivial=1), sigma=0.66, stride=2)
        >>> layer(torch.ones(1, 1, 7, 7, 7)).shape
        torch.Size([1, 1, 4, 4, 4])
    """

    only = 3


class PointwiseMaxPoolAntialiased2D(PointwiseMaxPoolAntialiased):
    """:class:`PointwiseMaxPoolAntialiased` of images.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseMaxPoolAntialiased2D(nn.field_type(gspaces.rot2dOnR2(4), regular=1), 3, 2, 1)
        >>> layer(torch.ones(1, 4, 7, 7)).shape
        torch.Size([1, 4, 5, 5])
    """

    only = 2


class PointwiseMaxPoolAntialiased3D(PointwiseMaxPoolAntialiased):
    """:class:`PointwiseMaxPoolAntialiased` of volumes.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseMaxPoolAntialiased3D(nn.field_type(gspaces.octaOnR3(), trivial=1), 3, 2, 1)
        >>> layer(torch.ones(1, 1, 7, 7, 7)).shape
        torch.Size([1, 1, 5, 5, 5])
    """

    only = 3
