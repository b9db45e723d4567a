"""Pooling of whole fields over space."""

from __future__ import annotations

import torch

from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.pool.pooling import MAXIMUM, WindowPool


class NormMaxPool(WindowPool):
    """The vector of greatest norm of each field over windows.

    Every orthogonal representation keeps norms, so it works for every field. Of equal norms the first cell counts.

    Args:
        in_type: any fields.
        padding: cells around the input.
        padding_mode: what the margin holds: ``"zeros"`` (nothing, which is never chosen), or the image continued by
            ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.NormMaxPool(nn.field_type(gspaces.rot2dOnR2(4), vector=1), 2)
        >>> layer(torch.randn(1, 2, 6, 6)).shape
        torch.Size([1, 2, 3, 3])
    """

    def _prepare(self) -> None:
        self._fields = FieldsBySize(self.in_type)

    def _pool(self, tensor: torch.Tensor, *margins: tuple[int, ...]) -> torch.Tensor:
        parts = []
        shape = tensor.shape[2:]
        for _, values in self._fields.split(tensor):
            # Squares lie in the order of the norms.
            squares = values.detach().square().sum(dim=2)
            _, where = MAXIMUM[self.d](
                squares, self.kernel_size, self.stride, margins[0], self.dilation, self.ceil_mode, True
            )
            shape = where.shape[2:]
            index = where.flatten(2).unsqueeze(2).expand(-1, -1, values.shape[2], -1)
            parts.append(values.flatten(3).gather(3, index).unflatten(3, shape))
        like = tensor.new_empty(1).expand(tensor.shape[0], tensor.shape[1], *shape)
        return self._fields.join(parts, like)
