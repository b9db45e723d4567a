"""Cells taken away from a grid, or added to it, by as many at both ends of each axis: its centre stays where it is."""

from __future__ import annotations

from abc import abstractmethod

import torch
import torch.nn.functional as F

from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError, CentreError, ShapeError
from intertwine.fields import FieldType
from intertwine.nn.base.padding import MODES, both_ends, padded, padding_module
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.type_preserving import GridLayer
from intertwine.nn.base.windows import need_window_fits


class _Borders(GridLayer):
    """Another size around the same centre.

    Args:
        in_type: any fields on a line, a plane or space.
        cells: how many at each end, one number or one for each axis; give this or ``size``.
        size: of the output, one number or one for each axis.
    """

    sign: int
    """Whether cells are added or taken away."""

    def __init__(
        self, in_type: FieldType, cells: int | tuple[int, ...] | None = None, size: int | tuple[int, ...] | None = None
    ) -> None:
        super().__init__(in_type)
        if (cells is None) == (size is None):
            raise ArgumentError(f"{type(self).__name__} needs either cells or size, and not both")
        self.cells = None if cells is None else sizes_of(cells, self.d, "cells", least=0)
        self.size = None if size is None else sizes_of(size, self.d, "size", least=1)
        given = {"cells": self.cells, "size": self.size}
        self._warn_if_uneven(**{name: value for name, value in given.items() if value})

    @abstractmethod
    def _export_cells(self, cells: tuple[int, ...]) -> torch.nn.Module:
        """The same as a layer of torch."""

    def _cells(self, shape: torch.Size) -> tuple[int, ...]:
        """How many cells there are to add or to take away at each end of each axis."""
        if self.size is None:
            return self.cells or ()
        return even_margins(tuple(shape[2:]), self.size, self.sign, type(self).__name__)

    def _export(self) -> torch.nn.Module:
        return super()._export() if self.cells is None else self._export_cells(self.cells)

    def _shown(self) -> list[str]:
        return [f"cells={self.cells}" if self.size is None else f"size={self.size}"]


def even_margins(space: tuple[int, ...], size: tuple[int, ...], sign: int, name: str) -> tuple[int, ...]:
    """How many cells to add, or to take away, at each end of each axis for a grid of some size with the same centre.

    Args:
        space: cells of the grid along each axis.
        size: cells that are wanted along each axis.
        sign: 1 to add cells, -1 to take them away.
        name: of the layer, for the message.

    Raises:
        ShapeError: if the grid is too large or too small.
        CentreError: if the centre would move: both sides must be even or both odd.
    """
    change = [sign * (wanted - n) for n, wanted in zip(space, size, strict=True)]
    what = f"{name} {'adds cells to' if sign > 0 else 'takes cells away from'} {space} cells by as many at both ends"
    if any(n < 0 for n in change):
        raise ShapeError(f"{what}, which never gives {size}", hint="crop what is larger, and pad what is smaller")
    if any(n % 2 for n in change):
        raise CentreError(
            f"{what}, which never gives {size}: the centre would move by half a cell, and the symmetry be lost",
            hint="let both sides be even or both odd; shape_plan() finds sizes at which they are",
        )
    return tuple(n // 2 for n in change)


def cropped(tensor: torch.Tensor, cells: tuple[int, ...]) -> torch.Tensor:
    """A view without the outer cells of each axis of space.

    Args:
        tensor: shape ``(batch, channels, *space)``.
        cells: how many at each end of each axis.
    """
    for axis, cut in enumerate(cells, start=2):
        # Also where nothing is cut: the recorded graph of a module takes other sizes.
        tensor = tensor.narrow(axis, cut, tensor.shape[axis] - 2 * cut)
    return tensor


class CropModule(_Borders):
    """The inner part of a grid: as many cells less at both ends of each axis.

    The centre stays where it is, so that the layer is exact on the lattice for every size that it takes.

    Raises:
        ArgumentError: with both or neither of cells and size.
        ShapeError: when called, if nothing would be left, or the centre would move: sides of 9 cells have no inner part of 4.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
        >>> nn.CropModule(kind, cells=2)(torch.randn(1, 2, 9, 9)).shape
        torch.Size([1, 2, 5, 5])
        >>> nn.CropModule(kind, size=5)(torch.randn(1, 2, 9, 9)).shape
        torch.Size([1, 2, 5, 5])
    """

    sign = -1

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if any(2 * cut >= n for cut, n in zip(self._cells(tensor.shape), tensor.shape[2:], strict=True)):
            raise ShapeError(
                f"CropModule takes {self.cells} cells away at both ends of each axis, and nothing would be left of the shape "
                f"{tuple(tensor.shape)}",
                hint="use larger images, or fewer cells",
            )

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return cropped(tensor, self._cells(tensor.shape))

    def _export_cells(self, cells: tuple[int, ...]) -> torch.nn.Module:
        return padding_module(tuple(-n for n in cells), "zeros")


class PadModule(_Borders):
    """A larger grid: as many cells more at both ends of each axis.

    The centre stays where it is, so that the layer is exact on the lattice for every size that it takes.

    Args:
        padding_mode: what the new cells hold: ``"zeros"``, or the image continued by ``"reflect"``, ``"replicate"`` or
            ``"circular"``.

    Raises:
        ArgumentError: with both or neither of cells and size, or for another mode.
        ShapeError: when called, if the centre would move, or the image is too small to be continued.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
        >>> nn.PadModule(kind, size=9, padding_mode="reflect")(torch.randn(1, 2, 5, 5)).shape
        torch.Size([1, 2, 9, 9])
    """

    sign = 1

    def __init__(
        self,
        in_type: FieldType,
        cells: int | tuple[int, ...] | None = None,
        size: int | tuple[int, ...] | None = None,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(in_type, cells, size)
        self.padding_mode = checked_mode(padding_mode)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        cells, shape = self._cells(tensor.shape), tuple(tensor.shape)
        need_window_fits("PadModule", shape, self.d * (1,), self.d * (0,))
        need_window_fits("PadModule", shape, self.d * (1,), cells, self.padding_mode)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        cells = self._cells(tensor.shape)
        if self.size is None:
            return padded(tensor, cells, self.padding_mode)
        # Also where nothing is added: the recorded graph of a module takes other sizes.
        return F.pad(tensor, both_ends(cells), MODES[self.padding_mode])

    def _export_cells(self, cells: tuple[int, ...]) -> torch.nn.Module:
        return padding_module(cells, self.padding_mode)

    def _shown(self) -> list[str]:
        return [*super()._shown(), *([f"padding_mode={self.padding_mode!r}"] if self.padding_mode != "zeros" else [])]
