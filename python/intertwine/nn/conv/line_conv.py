"""Equivariant convolution of signals on a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from intertwine.fields import FieldType
from intertwine.nn.conv.grid_conv import _GridConv


class R1Conv(_GridConv):
    """An equivariant convolution of signals, such as time series or sequences that may be read in both directions.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g. K is made of Gaussian rings, even and
    odd. Every symmetry of the line carries its grid to itself, so it is exact.

    Args:
        in_type: the fields of the input, on R^1.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in cells; odd ones have a cell at their centre.
        padding: cells added at both ends, or ``"same"``.
        stride: the distance of output cells.
        dilation: the distance of the kernel's cells.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in cells.
        frequencies_cutoff: the greatest order (0 even, 1 odd) on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in cells.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.

    Raises:
        FieldTypeError: if the types are not on one line.
        ArgumentError: for sizes that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.flipOnR1()
        >>> conv = nn.R1Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=2), 5, padding="same")
        >>> conv(torch.randn(2, 1, 16)).shape
        torch.Size([2, 4, 16])
    """

    dimension: ClassVar[int] = 1

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        padding: int | tuple[int, ...] | str = 0,
        stride: int | tuple[int, ...] = 1,
        dilation: int = 1,
        padding_mode: str = "zeros",
        groups: int = 1,
        bias: bool = True,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None = None,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
    ) -> None:
        super().__init__()
        self._build(
            in_type,
            out_type,
            kernel_size=kernel_size,
            padding=padding,
            stride=stride,
            dilation=dilation,
            padding_mode=padding_mode,
            groups=groups,
            bias=bias,
            sigma=sigma,
            frequencies_cutoff=frequencies_cutoff,
            rings=rings,
            basis_filter=basis_filter,
            initialize=initialize,
        )


class R1ConvTransposed(_GridConv):
    """An equivariant transposed convolution of signals: the adjoint of a convolution, for making signals longer.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    Args:
        in_type: the fields of the input, on R^1.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in cells.
        padding: cells removed at both ends of the output.
        output_padding: cells added at one end; any but 0 moves the centre and breaks exact equivariance.
        stride: the distance of the input's cells in the output.
        dilation: the distance of the kernel's cells.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in cells.
        frequencies_cutoff: the greatest order (0 even, 1 odd) on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in cells.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        padding_mode: how the input goes on beyond its edges: by ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises:
        FieldTypeError: if the types are not on one line.
        ArgumentError: for sizes that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.flipOnR1(), regular=2)
        >>> nn.R1ConvTransposed(kind, kind, 3, padding=1, stride=2)(torch.randn(1, 4, 5)).shape
        torch.Size([1, 4, 9])
    """

    dimension: ClassVar[int] = 1
    transposed: ClassVar[bool] = True

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        padding: int | tuple[int, ...] = 0,
        output_padding: int | tuple[int, ...] = 0,
        stride: int | tuple[int, ...] = 1,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None = None,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        self._build(
            in_type,
            out_type,
            kernel_size=kernel_size,
            padding=padding,
            output_padding=output_padding,
            padding_mode=padding_mode,
            stride=stride,
            dilation=dilation,
            groups=groups,
            bias=bias,
            sigma=sigma,
            frequencies_cutoff=frequencies_cutoff,
            rings=rings,
            basis_filter=basis_filter,
            initialize=initialize,
        )
