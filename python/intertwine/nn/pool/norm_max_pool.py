"""Pooling of whole fields over space."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from intertwine.checks import flag, sizes_of
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.base.padding import padded
from intertwine.nn.pool.pooling import _check_padding, _Pool

_WHERE = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


class NormMaxPool(_Pool):
    """The vector of greatest norm of each field over windows.

    Every orthogonal representation keeps norms, so it works for every field. Of equal norms the first cell counts.

    Args:
        in_type: any fields.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of windows; ``kernel_size`` by default.
        padding: cells around the input.
        dilation: distance of the cells of a window.
        ceil_mode: whether a window may stick out.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, which is never chosen), or the image continued by
            ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.NormMaxPool(nn.field_type(gspaces.rot2dOnR2(4), vector=1), 2)
        >>> layer(torch.randn(1, 2, 6, 6)).shape
        torch.Size([1, 2, 3, 3])
    """

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
        self._set_padding_mode(padding_mode)
        if not self._filled:
            _check_padding(self.kernel_size, self.padding, type(self).__name__)
        self.dilation = sizes_of(dilation, self.d, "dilation", least=1)
        self.ceil_mode = flag(ceil_mode, "ceil_mode")
        self._warn_of_windows()
        self._fields = FieldsBySize(in_type)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        margin = self.padding
        if self._filled:
            tensor, margin = padded(tensor, margin, self.padding_mode), self.d * (0,)
        parts = []
        shape = tensor.shape[2:]
        for _, values in self._fields.split(tensor):
            # Squares lie in the order of the norms.
            squares = values.detach().square().sum(dim=2)
            _, where = _WHERE[self.d](
                squares, self.kernel_size, self.stride, margin, self.dilation, self.ceil_mode, True
            )
            shape = where.shape[2:]
            index = where.flatten(2).unsqueeze(2).expand(-1, -1, values.shape[2], -1)
            parts.append(values.flatten(3).gather(3, index).unflatten(3, shape))
        like = tensor.new_empty(1).expand(tensor.shape[0], tensor.shape[1], *shape)
        return self._fields.join(parts, like)

    def extra_repr(self) -> str:
        """Its windows."""
        return f"{self._windows_text}, type={self.in_type}"
