"""The equivariant convolutions of lines, planes and volumes, and their transposes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from intertwine.fields import FieldType
from intertwine.nn.base.shared_constructors import constructor
from intertwine.nn.conv.grid_conv import _GridConv
from intertwine.nn.conv.transposed_conv import _ConvTransposed


class _Conv(_GridConv):
    """The convolutions.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in cells, one number or one for each axis in memory, (rows, columns) or (z, y, x),
            where the group keeps these apart; odd ones have a cell at their centre.
        padding: cells added around the input, one number or one for each axis, or ``"same"``.
        stride: the distance of output cells.
        dilation: the distance of the kernel's cells.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in cells.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in cells.
        maximum_offset: has no effect: all frequencies up to the cut-off are used. Programs written for escnn may give it.
        recompute: has no effect: no basis is stored on disk. Programs written for escnn may give it.
        basis_filter: takes the attributes of a basis kernel, by escnn's keys, and tells whether to keep it. One that reads
            ``radius``, ``sigma``, ``radial_idx``, ``j`` and ``irrep:frequency`` alone costs nothing; one that reads
            ``in_irrep``, ``out_irrep``, ``in_repr`` or ``out_repr`` too makes the layer see all fields as sums of irreps.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of cells, one number or one for each axis in memory where the group keeps these apart. Only ratios
            count: rings and sigma are measured in the smallest of them.
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            :class:`R2Conv`.
    """

    @constructor
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
        maximum_offset: int | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
    ) -> None: ...


class R1Conv(_Conv, lacks=("maximum_offset", "recompute", "spacing", "low_error")):
    """An equivariant convolution of signals, such as time series or sequences that may be read in both directions.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g. K is made of Gaussian rings, even and
    odd. Every symmetry of the line carries its grid to itself, so it is exact.

    Args:
        kernel_size: the width of the kernel in cells; odd ones have a cell at their centre.
        frequencies_cutoff: the greatest order (0 even, 1 odd) on a ring of radius r: a function of r, or a number c for c r.

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


class R1ConvTransposed(_ConvTransposed, lacks=("maximum_offset", "recompute", "spacing", "low_error")):
    """An equivariant transposed convolution of signals: the adjoint of a convolution, for making signals longer.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    Args:
        kernel_size: the width of the kernel in cells.
        frequencies_cutoff: the greatest order (0 even, 1 odd) on a ring of radius r: a function of r, or a number c for c r.

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


class R2Conv(_Conv):
    """An equivariant convolution of images.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g, so turning the image turns the result.
    K is made of Gaussian rings times circular harmonics, by default escnn's (Weiler and Cesa, "General E(2)-equivariant
    steerable CNNs", 2019). Quarter turns and reflections that carry the grid to itself are exact.

    Args:
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            below.

    How exact a layer is:
        Quarter turns are exact. What other rotations leave comes from the filter, which is known at the cells of the kernel only
        (a 3 x 3 kernel holds order 2 badly: 0.2 of its answers to a photograph turn wrongly, order 1: 0.04), and between layers
        from non-linearities, whose new frequencies the grid cannot hold (:class:`AliasFree`). With ``low_error`` the filters are
        the nearest to their rings and harmonics in the least-squares sense for natural images, instead of values at points, and
        orders of which more than 0.1, or the bound given, would still turn wrongly are left out. On photographs turned by 45
        degrees, C8, as ``benchmarks/equivariance.py`` measures it:

        ==================  =======  =========  ==========
        relative error      default  low_error  alias-free
        ==================  =======  =========  ==========
        layer, kernel 3     0.040     0.020
        layer, kernel 5     0.023     0.015
        three, kernel 3     0.132     0.047     0.028
        three, kernel 5     0.036     0.027     0.018
        ==================  =======  =========  ==========

        It costs nothing at run time. A 3 x 3 kernel loses a third of its weights (order 2; ``low_error=0.2`` keeps it), a 5 x 5
        kernel none. Weights mean other filters than without it, so load a state only with the setting that it was trained with;
        model files hold it. ``docs/equivariance.md`` has all figures, for other groups and for volumes.

    Raises:
        FieldTypeError: if the types are not on one plane.
        ArgumentError: for sizes that make no sense.
        EmptyBasisError: if there is no equivariant kernel, as for kernel size 2 with the default rings.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=3), 3)
        >>> conv(torch.randn(2, 1, 32, 32)).shape
        torch.Size([2, 12, 30, 30])
    """

    dimension: ClassVar[int] = 2


class R2ConvTransposed(_ConvTransposed):
    """An equivariant transposed convolution of images: the adjoint of a convolution, for making images larger.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    Raises:
        FieldTypeError: if the types are not on one plane.
        ArgumentError: for sizes that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> nn.R2ConvTransposed(kind, kind, 3, padding=1, stride=2)(torch.randn(1, 8, 5, 5)).shape
        torch.Size([1, 8, 9, 9])
    """

    dimension: ClassVar[int] = 2


class R3Conv(_Conv, lacks=("maximum_offset",)):
    """An equivariant convolution of volumes.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g, so turning the volume turns the result.
    K is made of Gaussian rings times spherical harmonics, by default escnn's (Weiler, Geiger, Welling, Boomsma and Cohen, "3D
    steerable CNNs", 2018). The rotations of the cube, and reflections that carry the grid to itself, are exact.

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


class R3ConvTransposed(_ConvTransposed):
    """An equivariant transposed convolution of volumes: the adjoint of a convolution, for making volumes larger.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

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
