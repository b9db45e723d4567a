"""Maxima over windows in space, of functions on the group that are given by their Fourier coefficients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.group.core.element import GroupElement
from intertwine.nn.base.module import check_field_type
from intertwine.nn.base.shared_constructors import constructor
from intertwine.nn.base.windows import need_window_fits, uneven_windows
from intertwine.nn.nonlinear.fourier import FourierLayer

_MAXIMUM: dict[int, Any] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


class FourierMaxPool(FourierLayer):
    """The greatest value of functions on the group over windows in space, for functions given by their Fourier coefficients.

    The coefficients are sampled on a grid of elements, as by :class:`FourierPointwise`; each sample is pooled by its maximum over
    each window, y(p, g) = max { f(q, g) : q in the window of p }; and the result is projected back by least squares. It is exact
    for the elements that carry both the pixels and the grid of elements to themselves, at the sizes whose windows lie evenly
    about the centre. For others the error falls with the grid of elements: for functions on SO(2) of frequencies up to 2 and
    windows of four cells, turned without their places, it is at most 11 %, 2.1 % and 0.5 % of the output with N = 8, 16 and 32.

    Args:
        in_type: equal fields of Fourier coefficients of functions on the group, or on the cosets of a subgroup.
        kernel_size: the size of the window, one number or one for each axis of space.
        stride: the distance of windows; ``kernel_size`` by default.
        subgroup_id: the label of the subgroup on whose cosets the functions live; ``None`` for functions on the group.

    Raises:
        ArgumentError: without space, or for arguments that make no grid.
        UnsupportedFieldError: for other fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2()
        >>> functions = space.fibergroup.bl_regular_representation(2)
        >>> layer = nn.FourierMaxPool(nn.FieldType(space, 3 * [functions]), 2, N=16)
        >>> layer(torch.randn(1, 15, 6, 6)).shape
        torch.Size([1, 15, 3, 3])
    """

    needs_grid = True

    @classmethod
    def construction_prices(  # type: ignore[override]
        cls, in_type: FieldType, kernel_size: Any = 1, stride: Any = None, **others: Any
    ) -> Iterator[Price]:
        """The elements of the grid, and the values of the irreps there.

        Args:
            in_type: the type.
            kernel_size: the size of the window.
            stride: the distance of windows.
            **others: the other arguments of the constructor.
        """
        return super().construction_prices(in_type, **others)

    @constructor
    def __init__(
        self,
        in_type: FieldType,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] | None = None,
        *,
        subgroup_id: Any = None,
        grid: list[GroupElement] | None = None,
        normalize: bool = True,
        **grid_kwargs: Any,
    ) -> None: ...

    def _build(  # type: ignore[override]
        self,
        in_type: FieldType,
        kernel_size: Any,
        stride: Any,
        subgroup_id: Any,
        grid: list[GroupElement] | None,
        normalize: bool,
        grid_kwargs: dict[str, Any],
    ) -> None:
        check_field_type(in_type, "FourierMaxPool")
        super()._build(in_type, (), grid_kwargs, None, None, grid, True, None, normalize, None, subgroup_id)
        self.d = in_type.gspace.dimensionality
        if self.d == 0:
            raise ArgumentError("FourierMaxPool needs space, but {type} has none", parts={"type": in_type})
        self.kernel_size = sizes_of(kernel_size, self.d, "kernel_size", least=1)
        self.stride = self.kernel_size if stride is None else sizes_of(stride, self.d, "stride", least=1)
        self._warn_if_uneven(kernel_size=self.kernel_size, stride=self.stride)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        need_window_fits("FourierMaxPool", tuple(tensor.shape), self.kernel_size, self.d * (0,))

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        return self._never_exact_reason or uneven_windows(size, self.kernel_size, self.stride, self.d * (0,))

    def _act(self, samples: torch.Tensor, space: torch.Size) -> tuple[torch.Tensor, torch.Size]:
        images = samples.flatten(1, 2).unflatten(2, space)
        pooled = _MAXIMUM[self.d](images, self.kernel_size, self.stride)
        return pooled.flatten(2).unflatten(1, samples.shape[1:3]), pooled.shape[2:]

    def extra_repr(self) -> str:
        """Windows, grid and type."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, grid={len(self.grid)}, {self.in_type}"
