"""Equivariant convolution of volumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from intertwine.fields import FieldType
from intertwine.nn.conv.grid_conv import _GridConv


class R3Conv(_GridConv):
    """An equivariant convolution of volumes.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g, so turning the volume turns the result.
    K is made of Gaussian rings times spherical harmonics, by default escnn's (Weiler, Geiger, Welling, Boomsma and Cohen, "3D
    steerable CNNs", 2018). The rotations of the cube, and reflections that carry the grid to itself, are exact.

    Args:
        in_type: the fields of the input, on R^3.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in voxels, one number or one for each axis in memory (z, y, x) where the group keeps
            these axes apart; odd ones have a voxel at their centre.
        padding: voxels added around the volume, one number or one for each axis, or ``"same"``.
        stride: the distance of output voxels.
        dilation: the distance of the kernel's cells.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in voxels.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in voxels.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of voxels, one number or one for each axis in memory (z, y, x) where the group keeps these
            apart. Only ratios count: rings and sigma are measured in the smallest of them.
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            :class:`R2Conv`.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for sizes that make no sense, or that differ along axes which the group mixes.
        EmptyBasisError: if there is no equivariant kernel, as for kernel size 2 with the default rings.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.octaOnR3()
        >>> conv = nn.R3Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=1), 3)
        >>> conv(torch.randn(2, 1, 5, 5, 5)).shape
        torch.Size([2, 24, 3, 3, 3])
    """

    dimension: ClassVar[int] = 3

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        padding: int | tuple[int, ...] | str = 0,
        stride: int | tuple[int, ...] = 1,
        dilation: int = 1,
        padding_mode: str = "zeros",
        groups: int = 1,
        bias: bool = True,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
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
            spacing=spacing,
            low_error=low_error,
            basis_filter=basis_filter,
            initialize=initialize,
        )


class R3ConvTransposed(_GridConv):
    """An equivariant transposed convolution of volumes: the adjoint of a convolution, for making volumes larger.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    Args:
        in_type: the fields of the input, on R^3.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in voxels, as in :class:`R3Conv`.
        padding: voxels removed around the output, one number or one for each axis.
        output_padding: voxels added at one end of each axis; any but 0 moves the centre and breaks exact equivariance.
        stride: the distance of the input's voxels in the output.
        dilation: the distance of the kernel's cells.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in voxels.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in voxels.
        maximum_offset: accepted for escnn's sake; all frequencies up to the cut-off are used.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of voxels, as in :class:`R3Conv`.
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            :class:`R2Conv`.
        padding_mode: how the input goes on beyond its edges: by ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for sizes that make no sense, or that differ along axes which the group mixes.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot3dOnR3(), vector=1)
        >>> nn.R3ConvTransposed(kind, kind, 3, padding=1, stride=2)(torch.randn(1, 3, 4, 4, 4)).shape
        torch.Size([1, 3, 7, 7, 7])
    """

    dimension: ClassVar[int] = 3
    transposed: ClassVar[bool] = True

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
            spacing=spacing,
            low_error=low_error,
            basis_filter=basis_filter,
            initialize=initialize,
        )
