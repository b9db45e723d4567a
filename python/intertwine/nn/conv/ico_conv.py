"""Convolution of volumes with kernels made of points, for the symmetries of the icosahedron."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.kernels import ScalarBasis, axes_orbit, orbit_basis
from intertwine.nn.base.shared_constructors import constructor
from intertwine.nn.conv.convolutions import _Conv
from intertwine.nn.conv.grid_conv import _GridConv
from intertwine.nn.conv.transposed_conv import _ConvTransposed

_FOLDS = {"ico": 5, "dodeca": 3, "icosidodeca": 2}
"""The points lie on the axes of rotations of these orders."""


class _IcoConv(_GridConv):
    """A convolution whose scalar functions are Gaussians at an orbit of points."""

    samples: str

    def _build(self, *args: Any, samples: str, **settings: Any) -> None:
        super()._build(*args, samples=samples, **settings)
        self.samples = samples

    @classmethod
    def _scalars(
        cls,
        in_type: FieldType,
        kernel: tuple[int, ...],
        units: tuple[float, ...],
        *,
        dilation: int = 1,
        rings: list[float] | None = None,
        sigma: list[float] | float | None = None,
        samples: str = "ico",
        **others: Any,
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


class R3IcoConv(_IcoConv, _Conv):
    """A convolution of volumes equivariant to the icosahedron, with kernels made of points instead of harmonics.

    On spheres around the centre lie Gaussians at the vertices of a regular solid, which the group permutes; the coefficients are
    intertwiners as in :class:`R3Conv`. Kernels that are not band-limited see more of the grid: R3Conv turns more exactly (Cesa,
    Lang and Weiler, "A program to build E(N)-equivariant steerable CNNs", 2022).

    Args:
        samples: which points: ``"ico"`` (the 12 vertices of the icosahedron), ``"dodeca"`` (the 20 vertices of the dodecahedron)
            or ``"icosidodeca"`` (the 30 middles of their edges).
        sigma: widths of the Gaussians in voxels.
        rings: radii of the spheres in voxels.

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
        samples: str = "ico",
        sigma: list[float] | float | None = None,
        rings: list[float] | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
    ) -> None: ...


class R3IcoConvTransposed(_IcoConv, _ConvTransposed):
    """The adjoint of :class:`R3IcoConv`, for making volumes larger.

    Args:
        samples: which points: ``"ico"`` (the 12 vertices of the icosahedron), ``"dodeca"`` (the 20 vertices of the dodecahedron)
            or ``"icosidodeca"`` (the 30 middles of their edges).
        sigma: widths of the Gaussians in voxels.
        rings: radii of the spheres in voxels.

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
        samples: str = "ico",
        sigma: list[float] | float | None = None,
        rings: list[float] | None = None,
        recompute: bool = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        spacing: float | tuple[float, ...] = 1,
        padding_mode: str = "zeros",
    ) -> None: ...
