"""Equivariant transposed convolution on grids: what the transposed convolutions of every dimension share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.fields import FieldType
from intertwine.group.core.representation import Representation
from intertwine.nn.base.padding import padded, padding_module
from intertwine.nn.base.shared_constructors import constructor
from intertwine.nn.base.windows import need_output, need_window_fits, smallest_input
from intertwine.nn.conv.grid_conv import _GridConv

_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


class _ConvTransposed(_GridConv):
    """What transposed convolutions of every dimension share: the adjoint of a convolution.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in cells, one number or one for each axis in memory, (rows, columns) or (z, y, x),
            where the group keeps these apart; odd ones have a cell at their centre.
        padding: cells removed around the output, one number or one for each axis.
        output_padding: cells added at one end of each axis; any but 0 moves the centre and breaks exact equivariance.
        stride: the distance of the input's cells in the output.
        dilation: the distance of the kernel's cells.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in cells.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in cells.
        maximum_offset: has no effect: all frequencies up to the cut-off are used. Programs written for escnn may give it.
        recompute: has no effect: no basis is stored on disk. Programs written for escnn may give it.
        basis_filter: takes the attributes of a basis kernel, by escnn's keys, and tells whether to keep it. See :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of cells, one number or one for each axis in memory where the group keeps these apart. Only ratios
            count: rings and sigma are measured in the smallest of them.
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            :class:`R2Conv`.
        padding_mode: how the input goes on beyond its edges: by ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
    """

    transposed: ClassVar[bool] = True

    @constructor
    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        padding: int | tuple[int, ...] = 0,
        output_padding: int | tuple[int, ...] = 0,
        stride: int | tuple[int, ...] = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None = None,
        maximum_offset: int | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        padding_mode: str = "zeros",
    ) -> None: ...

    @classmethod
    def _fields(
        cls, in_type: FieldType, out_type: FieldType, groups: int
    ) -> tuple[tuple[Representation, ...], tuple[Representation, ...]]:
        """The fields of the input and of the output that a filter connects: all inputs share one group of outputs."""
        target, source = super()._fields(out_type, in_type, groups)
        return source, target

    def _margin_and_least_size(self) -> tuple[tuple[int, ...], int]:
        """How many cells beyond each edge of the input reach the output, and how many cells the input must have."""
        axes = list(zip(self._window, self._stride, self._padding, strict=True))
        beyond = tuple(-((1 - width) // step) if self.padding_mode != "zeros" else 0 for width, step, _ in axes)
        # (n - 1) stride + window - 2 padding cells are left of n.
        needed = (-((width - 2 * cut - 1 - step) // step) for width, step, cut in axes)
        return beyond, max(smallest_input(self.d * (1,), beyond, self.padding_mode), *needed)

    def _raise_too_small(self, shape: tuple[int, ...]) -> None:
        name = type(self).__name__
        need_window_fits(name, shape, self.d * (1,), self._outer_margin, self.padding_mode)
        need_output(name, shape, self._window, self._stride, self._padding, self._output_padding)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        return self._never_exact_reason

    @property
    def _cropped(self) -> tuple[int, ...]:
        """How many cells are taken away at both ends of each axis."""
        triples = zip(self._padding, self._outer_margin, self._stride, strict=True)
        return tuple(margin + beyond * step for margin, beyond, step in triples)

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The filter as torch takes it, and the bias of each channel or ``None``.

        The filter has the shape ``(in channels, out channels / groups, *kernel)``.

        Args:
            weights: flat coefficients of the filter.
            bias: one number for each trivial irrep of the output.
        """
        filters, expanded = super()._expand(weights, bias)
        return filters.transpose(0, 1).contiguous(), expanded

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        filters, bias = self._kept("filter", self._expand)
        return _TRANSPOSED[self.d](
            padded(tensor, self._outer_margin, self.padding_mode),
            filters,
            bias,
            self._stride,
            self._cropped,
            self._output_padding,
            self.groups,
            self._dilation,
        )

    def _export(self) -> torch.nn.Module:
        plain = self._exported("ConvTranspose", padding=self._cropped, output_padding=self._output_padding)
        if any(self._outer_margin):
            return torch.nn.Sequential(padding_module(self._outer_margin, self.padding_mode), plain)
        return plain
