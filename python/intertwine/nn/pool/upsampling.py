"""Interpolation to a finer grid."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from intertwine.checks import choice, flag, number, sizes_of
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.padding import padded, padding_module
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.type_preserving import GridLayer
from intertwine.nn.base.windows import need_window_fits

_REACH = {"bilinear": 1, "trilinear": 1, "bicubic": 2}
"""The number of cells beyond the edge that a mode reads."""
_MODES = {2: ("nearest", "nearest-exact", "bilinear", "bicubic"), 3: ("nearest", "nearest-exact", "trilinear")}


class _Upsampling(GridLayer):
    """Channel-wise interpolation, which is linear, so that it commutes with what the group does to channels.

    Args:
        in_type: any fields.
        scale_factor: how much finer; give this or ``size``.
        size: of the output, one number or one for each axis.
        mode: how to interpolate.
        align_corners: whether the centres of the corner cells stay in place, as in torch.
        padding_mode: what lies beyond the edges of the image: ``"replicate"``, as in torch, or with a whole ``scale_factor``
            and without ``align_corners`` also ``"zeros"``, ``"reflect"`` or ``"circular"``.
    """

    def __init__(
        self,
        in_type: FieldType,
        scale_factor: float | None = None,
        size: int | tuple[int, ...] | None = None,
        mode: str = "bilinear",
        align_corners: bool = False,
        padding_mode: str = "replicate",
    ) -> None:
        super().__init__(in_type)
        name = type(self).__name__
        if (scale_factor is None) == (size is None):
            raise ArgumentError(f"{name} needs either scale_factor or size, and not both")
        if scale_factor is not None and not 0 < number(scale_factor, "scale_factor") < 1e6:
            raise ArgumentError(f"scale_factor must be above 0 and below 1e6, not {scale_factor!r}")
        self._scale_factor = scale_factor
        self._size = None if size is None else sizes_of(size, self.d, "size", least=1)
        if self._size is not None:
            self._warn_if_uneven(size=self._size)
        self._mode = choice(mode, _MODES[self.d], name, "mode")
        self._align_corners = None if mode.startswith("nearest") else flag(align_corners, "align_corners")
        self.padding_mode = checked_mode(padding_mode)
        whole = scale_factor is not None and float(scale_factor).is_integer()
        if self.padding_mode != "replicate" and (self._align_corners or not whole):
            raise ArgumentError(
                f"{name} takes padding_mode={padding_mode!r} only with a whole scale_factor and align_corners=False",
                hint="use such a factor, or padding_mode='replicate'",
            )
        # Without them the nearest cells of the image are taken, which is 'replicate'.
        self._outer_margin = self.d * (0 if self.padding_mode == "replicate" else _REACH.get(mode, 0),)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        least = 1 if self._scale_factor is None else math.ceil(1 / self._scale_factor)
        need_window_fits(type(self).__name__, tuple(tensor.shape), self.d * (least,), self.d * (0,))
        need_window_fits(type(self).__name__, tuple(tensor.shape), self.d * (1,), self._outer_margin, self.padding_mode)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        if self._never_exact_reason:
            return self._never_exact_reason
        targets = self._size or tuple(int(n * float(self._scale_factor or 1)) for n in size)
        if self._mode == "nearest" and any(target % n for target, n in zip(targets, size, strict=True)):
            return f"the nearest of {size} cells for {targets} is not the same from both sides"
        if self._mode == "nearest-exact" and any(
            (2 * place + 1) * n % (2 * target) == 0
            for n, target in zip(size, targets, strict=True)
            for place in range(target)
        ):
            return f"cells of {targets} lie in the middle between two of {size}, of which one side's is taken"
        if self._scale_factor is not None and any(
            abs(n * self._scale_factor - target) > 1e-9 for n, target in zip(size, targets, strict=True)
        ):
            return f"{self._scale_factor} times {size} cells are no whole number"
        return None

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        tensor = padded(tensor, self._outer_margin, self.padding_mode)
        finer = F.interpolate(
            tensor, self._size, self._scale_factor, mode=self._mode, align_corners=self._align_corners
        )
        for axis, cut in enumerate(self._cut):
            if cut:
                finer = finer.narrow(2 + axis, cut, finer.shape[2 + axis] - 2 * cut)
        return finer

    @property
    def _cut(self) -> tuple[int, ...]:
        """Cells of the finer grid that lie beyond the edges."""
        return tuple(n * int(self._scale_factor or 1) for n in self._outer_margin)

    def _export(self) -> torch.nn.Module:
        scale: Any = self._scale_factor
        plain = torch.nn.Upsample(self._size, scale, mode=self._mode, align_corners=self._align_corners)
        if not any(self._outer_margin):
            return plain
        less = tuple(-n for n in self._cut)
        return torch.nn.Sequential(
            padding_module(self._outer_margin, self.padding_mode), plain, padding_module(less, "zeros")
        )

    def _shown(self) -> list[str]:
        how = f"size={self._size}" if self._size is not None else f"scale_factor={self._scale_factor}"
        edges = [f"padding_mode={self.padding_mode!r}"] if self.padding_mode != "replicate" else []
        return [how, f"mode={self._mode}", f"align_corners={self._align_corners}", *edges]


class R2Upsampling(_Upsampling):
    """Images interpolated to a finer grid.

    With a whole ``scale_factor`` all modes are exact on the lattice. Otherwise ``"nearest"`` rounds to one side.

    Args:
        in_type: any fields on the plane.
        mode: ``"bilinear"``, ``"nearest"``, ``"nearest-exact"`` or ``"bicubic"``.

    Raises:
        ArgumentError: for another mode, or with both or neither of scale and size.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.R2Upsampling(nn.field_type(gspaces.rot2dOnR2(4), vector=1), scale_factor=2)
        >>> layer(torch.randn(1, 2, 5, 5)).shape
        torch.Size([1, 2, 10, 10])
    """

    only = 2


class R3Upsampling(_Upsampling):
    """Volumes interpolated to a finer grid; see :class:`R2Upsampling`.

    Args:
        in_type: any fields on space.
        mode: ``"trilinear"``, ``"nearest"`` or ``"nearest-exact"``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.R3Upsampling(nn.field_type(gspaces.octaOnR3(), trivial=1), scale_factor=2)
        >>> layer(torch.randn(1, 1, 3, 3, 3)).shape
        torch.Size([1, 1, 6, 6, 6])
    """

    only = 3

    def __init__(
        self,
        in_type: FieldType,
        scale_factor: float | None = None,
        size: int | tuple[int, ...] | None = None,
        mode: str = "trilinear",
        align_corners: bool = False,
        padding_mode: str = "replicate",
    ) -> None:
        super().__init__(in_type, scale_factor, size, mode, align_corners, padding_mode)
