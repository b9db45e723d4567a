"""Equivariant partial differential operators: convolutions whose filters differentiate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, ClassVar

import numpy as np

from intertwine.budget import Price
from intertwine.checks import choice, flag, number, sizes_of, whole_at_least
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.kernels import RADIAL_FUNCTIONS, DifferentialBasis, differential_basis
from intertwine.kernels.prices import fitting_price
from intertwine.nn.base.shared_constructors import constructor
from intertwine.nn.conv.convolutions import _Conv

_GREATEST_ORDER = 20
"""Differences of higher orders are lost in rounding."""


def _whole(value: Any, name: str, least: int) -> int | None:
    return None if value is None else whole_at_least(value, name, least)


class _Diffop(_Conv):
    """The differential operators: what they share.

    Args:
        kernel_size: the width of the stencil in cells; without it, as wide as ``maximum_order`` and ``accuracy`` need.
        accuracy: the error of the differences is of this order in the distance of cells; 2 unless ``kernel_size`` and
            ``maximum_order`` are both given. Not all three may be.
        maximum_order: the greatest order of the derivatives, which is less than ``kernel_size``; without it, the greatest that
            ``kernel_size`` and ``accuracy`` allow.
        maximum_power: the greatest power of the Laplacian in an operator; by default as great as the order allows.
        basis_filter: takes the attributes of a basis operator, by e2cnn's keys, and tells whether to keep it, such as
            ``lambda a: a["order"] == 2``. One that reads ``order``, ``power`` and ``frequency`` alone costs nothing.
        rbffd: whether images are interpolated by radial functions around the cells and polynomials of the operator's order,
            instead of by polynomials alone.
        radial_basis_function: which ones, of the distance r in cells of the stencil: ``"ga"`` exp(-r^2), ``"mq"``
            (1 + r^2)^(1/2), ``"imq"`` (1 + r^2)^(-1/2) or ``"iq"`` (1 + r^2)^(-1).
        smoothing: the width of a Gaussian in cells; its derivatives are then the filters. A quarter of ``kernel_size`` serves
            well.
    """

    @constructor
    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...] | None = None,
        accuracy: int | None = None,
        padding: int | tuple[int, ...] | str = 0,
        stride: int | tuple[int, ...] = 1,
        dilation: int = 1,
        padding_mode: str = "zeros",
        groups: int = 1,
        bias: bool = True,
        basisexpansion: str = "blocks",
        maximum_order: int | None = None,
        maximum_power: int | None = None,
        maximum_offset: int | None = None,
        recompute: bool = False,
        angle_offset: float | None = None,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        initialize: bool = True,
        cache: bool | str = False,
        rbffd: bool = False,
        radial_basis_function: str = "ga",
        smoothing: float | None = None,
    ) -> None: ...

    def _build(self, in_type: FieldType, out_type: FieldType, kernel_size: Any = None, **settings: Any) -> None:
        size = self._size(kernel_size, settings)
        super()._build(in_type, out_type, size, **settings)
        self.maximum_order = self._order(self._kernel, settings)
        self.smoothing = settings["smoothing"]

    @classmethod
    def construction_prices(
        cls, in_type: FieldType, out_type: FieldType, kernel_size: Any = None, **others: Any
    ) -> Iterator[Price]:
        """The basis of operators on the cells.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            kernel_size: the width of the stencil.
            **others: the other arguments of the constructor.
        """
        size = cls._size(kernel_size, others)
        yield from super().construction_prices(in_type, out_type, size, **others)
        kernel = sizes_of(size, cls.dimension, "kernel_size", least=1)
        # The matrix of a linear system has so many rows.
        yield fitting_price(
            cls._scalars(in_type, kernel, (), **others), prod(kernel) if others.get("rbffd") else max(kernel)
        )

    @classmethod
    def _number_of_weights(
        cls, in_type: FieldType, out_type: FieldType, kernel_size: Any = None, **others: Any
    ) -> int | None:
        return super()._number_of_weights(in_type, out_type, cls._size(kernel_size, others), **others)

    @classmethod
    def _size(cls, kernel_size: Any, settings: dict[str, Any]) -> Any:
        """The width of the stencil, as it is given or as it follows."""
        order = _whole(settings.get("maximum_order"), "maximum_order", 0)
        accuracy = _whole(settings.get("accuracy"), "accuracy", 1)
        if kernel_size is not None:
            if order is not None and accuracy is not None:
                raise ArgumentError(
                    f"{cls.__name__} has kernel_size={kernel_size}, maximum_order={order} and accuracy={accuracy}, but two "
                    "of them determine the third",
                    hint="leave one of them out",
                )
            return kernel_size
        if order is None:
            raise ArgumentError(f"{cls.__name__} needs kernel_size or maximum_order", hint="for example kernel_size=3")
        accuracy = accuracy or (2 if order else 1)
        # The differences of cells that lie on both sides of the centre are better by one order than their number says.
        return order + accuracy - (accuracy + 1) % 2

    @classmethod
    def _order(cls, kernel: tuple[int, ...], settings: dict[str, Any]) -> int:
        """The greatest order of the derivatives, as it is given or as it follows."""
        width = min(kernel)
        order = _whole(settings.get("maximum_order"), "maximum_order", 0)
        if order is None:
            accuracy = _whole(settings.get("accuracy"), "accuracy", 1) or (2 if width > 1 else 1)
            order = width - accuracy + (accuracy + 1) % 2
            if order < 0:
                raise ArgumentError(
                    f"a stencil of {width} cells has no differences of accuracy {accuracy}",
                    hint="use a larger kernel_size",
                )
        if not order < width:
            raise ArgumentError(
                f"derivatives of order {order} need more than {width} cells along each axis",
                hint=f"use kernel_size={order + 1 + order % 2}, or leave out kernel_size",
            )
        if order > _GREATEST_ORDER:
            raise ArgumentError(
                f"derivatives of order {order} are lost in rounding",
                hint=f"set maximum_order, to at most {_GREATEST_ORDER}",
            )
        return order

    @classmethod
    def _scalars(
        cls,
        in_type: FieldType,
        kernel: tuple[int, ...],
        units: tuple[float, ...],
        *,
        dilation: int = 1,
        maximum_power: int | None = None,
        angle_offset: float | None = None,
        rbffd: bool = False,
        radial_basis_function: str = "ga",
        smoothing: float | None = None,
        **others: Any,
    ) -> DifferentialBasis:
        if smoothing is not None and not number(smoothing, "smoothing") > 0:
            raise ArgumentError(f"smoothing is the width of a Gaussian, a positive number, not {smoothing!r}")
        if flag(rbffd, "rbffd") and smoothing is not None:
            raise ArgumentError("smoothing and rbffd=True are two kinds of filters", hint="use one of them")
        radial = choice(radial_basis_function, RADIAL_FUNCTIONS, cls.__name__, "radial_basis_function")
        if angle_offset is not None:
            _need_commuting(in_type, number(angle_offset, "angle_offset"))
        return differential_basis(
            kernel,
            dilation,
            cls._order(kernel, others),
            _whole(maximum_power, "maximum_power", 0),
            smoothing,
            radial if rbffd else None,
        )


def _need_commuting(in_type: FieldType, angle: float) -> None:
    """Raises unless a rotation of the plane commutes with the group: turned operators would not be equivariant."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for matrix in in_type.gspace.basespace_action.generator_matrices:
        if np.abs(turn @ matrix - matrix @ turn).max() > 1e-9:
            raise ArgumentError(
                f"operators that are turned by {angle:g} are not equivariant to the reflections of {{space}}",
                hint="leave angle_offset out; without reflections it changes nothing but the basis",
                parts={"space": in_type.gspace},
            )


class R2Diffop(_Diffop):
    """An equivariant partial differential operator on images.

    (D f)(x) = P(d/dx) f(x), where the symbol P is a matrix of polynomials with P(g w) = rho_out(g) P(w) rho_in(g)^T for all g.
    Gradient, divergence, curl and Laplacian are such operators. The polynomials are powers of the Laplacian times circular
    harmonics, up to an order, and their coefficients are the weights (Jenner and Weiler, "Steerable partial differential
    operators for equivariant neural networks", 2022). On the grid they are finite differences, which are exact for polynomials of
    degree less than ``kernel_size`` in each coordinate, or derivatives of a Gaussian, or differences by radial functions. The
    weights are relative to filters of equal norm, as in :class:`R2Conv`.

    Quarter turns and reflections that carry the grid to itself are exact. The error of other rotations falls with the distance of
    cells, as the power ``accuracy``.

    Args:
        angle_offset: turns the basis of the operators. Without reflections all turned operators are there anyway; with
            reflections, turned operators are not equivariant, and are refused.
        cache: has no effect: nothing is stored on disk. Programs written for e2cnn may give it.
        basisexpansion: has no effect. Programs written for e2cnn may give it.

    Raises:
        FieldTypeError: if the types are not on one plane.
        ArgumentError: for sizes and orders that make no sense.
        EmptyBasisError: if there is no equivariant operator.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.flipRot2dOnR2(4)
        >>> gradient = nn.R2Diffop(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), maximum_order=1)
        >>> gradient(torch.randn(2, 1, 32, 32)).shape
        torch.Size([2, 2, 31, 31])
        >>> [(a["order"], a["power"]) for a in gradient.basisexpansion.get_basis_info()]
        [(1, 0)]
    """

    dimension: ClassVar[int] = 2


class R3Diffop(_Diffop, lacks=("basisexpansion", "maximum_offset", "recompute", "angle_offset", "cache")):
    """An equivariant partial differential operator on volumes: :class:`R2Diffop` with spherical harmonics.

    (D f)(x) = P(d/dx) f(x), where the symbol P is a matrix of polynomials with P(g w) = rho_out(g) P(w) rho_in(g)^T for all g.
    The rotations of the cube, and reflections that carry the grid to itself, are exact.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for sizes and orders that make no sense.
        EmptyBasisError: if there is no equivariant operator.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot3dOnR3(), vector=1)
        >>> curl = nn.R3Diffop(kind, kind, 3, maximum_order=1, basis_filter=lambda a: a["order"] == 1, padding="same")
        >>> curl.weights.shape
        torch.Size([1])
    """

    dimension: ClassVar[int] = 3
