"""Convolution of volumes with kernels made of points, for the symmetries of the icosahedron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.kernels import ScalarBasis, axes_orbit, orbit_basis
from intertwine.nn.conv.grid_conv import _GridConv

_FOLDS = {"ico": 5, "dodeca": 3, "icosidodeca": 2}
"""The points lie on the axes of rotations of these orders."""


class _IcoConv(_GridConv):
    """A convolution whose scalar functions are Gaussians at an orbit of points."""

    samples: str

    @classmethod
    def _scalars(
        cls,
        in_type: FieldType,
        kernel: tuple[int, ...],
        dilation: int,
        units: tuple[float, ...],
        rings: list[float] | None,
        sigma: list[float] | float | None,
        frequencies_cutoff: float | Callable[[float], float] | None,
        samples: str,
    ) -> ScalarBasis:
        action = in_type.gspace.basespace_action
        if samples not in _FOLDS:
            raise ArgumentError(f"{cls.__name__} has no samples {samples!r}", hint=f"use one of {', '.join(_FOLDS)}")
        if in_type.fibergroup.order() not in (60, 120):
            raise ArgumentError(
                f"{cls.__name__} needs the symmetries of the icosahedron, but {in_type.fibergroup} was given",
                hint="use icoOnR3() or fullIcoOnR3(), or R3Conv for any group",
            )
        orbit = axes_orbit(action, _FOLDS[samples], samples)
        return orbit_basis(orbit, kernel, dilation, rings, sigma, units)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"{super().extra_repr()}, samples={self.samples}"


class R3IcoConv(_IcoConv):
    """A convolution of volumes equivariant to the icosahedron, with kernels made of points instead of harmonics.

    On spheres around the centre lie Gaussians at the vertices of a regular solid, which the group permutes; the coefficients are
    intertwiners as in :class:`R3Conv`. Kernels that are not band-limited see more of the grid: R3Conv turns more exactly (Cesa,
    Lang and Weiler, "A program to build E(N)-equivariant steerable CNNs", 2022).

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
        samples: which points: ``"ico"`` (the 12 vertices of the icosahedron), ``"dodeca"`` (the 20 vertices of the dodecahedron)
            or ``"icosidodeca"`` (the 30 middles of their edges).
        sigma: widths of the Gaussians in voxels.
        rings: radii of the spheres in voxels.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of voxels, one number or one for each axis in memory (z, y, x) where the group keeps these
            apart. Only ratios count: rings and sigma are measured in the smallest of them.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for sizes that make no sense, and groups without the axes of the icosahedron.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.icoOnR3()
        >>> conv = nn.R3IcoConv(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), 3)
        >>> conv(torch.randn(1, 1, 4, 4, 4)).shape
        torch.Size([1, 3, 2, 2, 2])
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
        samples: str = "ico",
        sigma: list[float] | float | None = None,
        rings: list[float] | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
    ) -> None:
        super().__init__()
        self.samples = samples
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
            rings=rings,
            spacing=spacing,
            basis_filter=basis_filter,
            initialize=initialize,
        )


class R3IcoConvTransposed(_IcoConv):
    """The adjoint of :class:`R3IcoConv`, for making volumes larger.

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
        samples: which points: ``"ico"`` (the 12 vertices of the icosahedron), ``"dodeca"`` (the 20 vertices of the dodecahedron)
            or ``"icosidodeca"`` (the 30 middles of their edges).
        sigma: widths of the Gaussians in voxels.
        rings: radii of the spheres in voxels.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of voxels, as in :class:`R3Conv`.
        padding_mode: how the input goes on beyond its edges: by ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for sizes that make no sense, and groups without the axes of the icosahedron.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.icoOnR3(), vector=1)
        >>> nn.R3IcoConvTransposed(kind, kind, 3, padding=1, stride=2)(torch.randn(1, 3, 4, 4, 4)).shape
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
        samples: str = "ico",
        sigma: list[float] | float | None = None,
        rings: list[float] | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        self.samples = samples
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
            rings=rings,
            spacing=spacing,
            basis_filter=basis_filter,
            initialize=initialize,
        )
