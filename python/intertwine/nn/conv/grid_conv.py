"""Equivariant convolution on grids, in every dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import low_error_bound, relative_sizes, sizes_of
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError
from intertwine.fields import FieldType
from intertwine.group.core.representation import Representation
from intertwine.kernels import ScalarBasis, expansion_plan, fitted_basis, scalar_basis, split_filter
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.prices import fitting_price, lattice_price, plan_prices, plan_weights
from intertwine.nn.base.module import check_field_type, refuse_uneven
from intertwine.nn.base.padding import padded, padding_module
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.windows import least_room, need_room, off_centre
from intertwine.nn.conv.basis_layer import ExpandedModule

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MODULES: dict[tuple[int, bool], Any] = {
    (1, False): torch.nn.Conv1d,
    (2, False): torch.nn.Conv2d,
    (3, False): torch.nn.Conv3d,
    (1, True): torch.nn.ConvTranspose1d,
    (2, True): torch.nn.ConvTranspose2d,
    (3, True): torch.nn.ConvTranspose3d,
}


class _GridConv(ExpandedModule):
    """A convolution, or a transposed one, whose filter solves K(g x) = rho_out(g) K(x) rho_in(g)^T.

    The flat ``weights`` are coefficients of a basis of such filters: Gaussian rings times harmonics, times intertwiners. The
    filter is expanded from them at each call in training, and once in eval mode without gradients.
    """

    needs_grid: ClassVar[bool] = True
    dimension: ClassVar[int]
    transposed: ClassVar[bool] = False

    @classmethod
    def prices(
        cls,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        dilation: int = 1,
        groups: int = 1,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: Any = None,
        rings: list[float] | None = None,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        samples: str = "ico",
        **others: Any,
    ) -> Iterator[Price]:
        """The basis of kernels on the cells.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            kernel_size: the width of the kernel.
            dilation: the distance of the kernel's cells.
            groups: into how many parts the fields fall.
            sigma: widths of the rings.
            frequencies_cutoff: the greatest frequency on a ring.
            rings: radii of the rings.
            spacing: the distance of pixels.
            low_error: whether filters are fitted.
            samples: the points of :class:`R3IcoConv`.
            **others: the other arguments of the constructor.
        """
        d = cls.dimension
        kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        cells = prod(float(width) for width in kernel)
        units = relative_sizes(spacing, d, "spacing")
        yield lattice_price(
            cells, max(u * n for u, n in zip(units, kernel, strict=True)) if rings is None else len(rings)
        )
        scalars = cls._scalars(in_type, kernel, dilation, units, rings, sigma, frequencies_cutoff, samples)
        if low_error_bound(low_error) is not None:
            yield fitting_price(scalars, int(cells))
        action = in_type.gspace.basespace_action
        yield from plan_prices(action, *cls._fields(in_type, out_type, groups), scalars, int(cells))

    @classmethod
    def declares(
        cls,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        dilation: int = 1,
        groups: int = 1,
        sigma: list[float] | float | None = None,
        frequencies_cutoff: Any = None,
        rings: list[float] | None = None,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        samples: str = "ico",
        **others: Any,
    ) -> dict[str, tuple[int, ...] | None]:
        """The weights; as for `prices`.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            kernel_size: the width of the kernel.
            dilation: the distance of the kernel's cells.
            groups: into how many parts the fields fall.
            sigma: widths of the rings.
            frequencies_cutoff: the greatest frequency on a ring.
            rings: radii of the rings.
            spacing: the distance of pixels.
            low_error: whether filters are fitted: which of them are kept is not known beforehand.
            samples: the points of :class:`R3IcoConv`.
            **others: the other arguments of the constructor.
        """
        if low_error_bound(low_error) is not None or in_type.fibergroup.continuous:
            return {"weights": None}
        d = cls.dimension
        kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        units = relative_sizes(spacing, d, "spacing")
        scalars = cls._scalars(in_type, kernel, dilation, units, rings, sigma, frequencies_cutoff, samples)
        points = lattice_points(d, kernel, tuple(dilation * unit for unit in units))
        sides = cls._fields(in_type, out_type, groups)
        count = plan_weights(in_type.gspace.basespace_action, *sides, scalars.seen_on(points))
        return {"weights": None if count is None else (count,)}

    @classmethod
    def _fields(
        cls, in_type: FieldType, out_type: FieldType, groups: int
    ) -> tuple[tuple[Representation, ...], tuple[Representation, ...]]:
        """The fields of the input and of the output that a filter connects."""
        parts = sizes_of(groups, 1, "groups", least=1)[0]
        fields = in_type.representations, out_type.representations
        one = [side[: max(1, len(side) // parts)] for side in fields]
        return (fields[0], one[1]) if cls.transposed else (one[0], fields[1])

    def _build(
        self,
        in_type: FieldType,
        out_type: FieldType,
        *,
        kernel_size: int | tuple[int, ...],
        padding: int | tuple[int, ...] | str,
        stride: int | tuple[int, ...],
        dilation: int,
        padding_mode: str = "zeros",
        output_padding: int | tuple[int, ...] = 0,
        groups: int,
        bias: bool,
        sigma: list[float] | float | None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        basis_filter: Callable[[dict[str, Any]], bool] | None,
        initialize: bool,
    ) -> None:
        name, d = type(self).__name__, self.dimension
        self.in_type = check_field_type(in_type, name)
        self.out_type = check_field_type(out_type, name, "out_type")
        if in_type.gspace != out_type.gspace:
            raise FieldTypeError(
                f"{name} needs input and output fields on one space, but {in_type} and {out_type} were given",
                hint="restrict the input with RestrictionModule, or make the output type on its space",
            )
        if in_type.gspace.dimensionality != d:
            raise FieldTypeError(
                f"{name} works on R^{d}, but {in_type.gspace} is of dimension {in_type.gspace.dimensionality}"
            )
        self.d = d
        self._kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        self.kernel_size = self._kernel[0] if len(set(self._kernel)) == 1 else self._kernel
        self.stride, self.dilation, self.padding, self.output_padding = stride, dilation, padding, output_padding
        self._stride = sizes_of(stride, d, "stride", least=1)
        self._dilation = d * sizes_of(dilation, 1, "dilation", least=1)
        self._padding = (
            self._same_padding()
            if isinstance(padding, str) and padding == "same"
            else sizes_of(padding, d, "padding", least=0)
        )
        self._output_padding = sizes_of(output_padding, d, "output_padding", least=0)
        if any(
            extra >= max(step, gap)
            for extra, step, gap in zip(self._output_padding, self._stride, self._dilation, strict=True)
        ) and any(self._output_padding):
            raise ArgumentError(
                f"output_padding {output_padding} must be smaller than stride {stride} or dilation {dilation}"
            )
        self._warn_if_uneven(stride=self._stride, padding=self._padding)
        if any(self._output_padding):
            self._breaks_the_grid(
                f"output_padding={output_padding} adds cells at one end only", "Use output_padding=0."
            )
        self.padding_mode = checked_mode(padding_mode)
        self.groups = sizes_of(groups, 1, "groups", least=1)[0]
        # The cells that the kernel spans along each axis.
        self._window = tuple(step * (width - 1) + 1 for step, width in zip(self._dilation, self._kernel, strict=True))
        # A transposed convolution whose input goes on beyond its edges: so many cells of it reach the output.
        self._beyond = tuple(
            -((1 - width) // step) if self.transposed and self.padding_mode != "zeros" else 0
            for width, step in zip(self._window, self._stride, strict=True)
        )
        # (n - 1) stride + window - 2 padding cells are left of n.
        needed = (
            -((width - 2 * cut - 1 - step) // step)
            for width, step, cut in zip(self._window, self._stride, self._padding, strict=True)
        )
        self._room = (
            max(least_room(d * (1,), self._beyond, padding_mode), *needed)
            if self.transposed
            else least_room(self._window, self._padding, padding_mode)
        )
        # A filter of torch holds one group of inputs for all outputs; a transposed one the other way round.
        one_in, one_out = self._one_group(in_type, "input"), self._one_group(out_type, "output")
        source, target = (in_type, one_out) if self.transposed else (one_in, out_type)
        units = relative_sizes(spacing, d, "spacing")
        refuse_uneven(in_type, name, kernel_size=self._kernel, spacing=units)
        self.spacing = spacing
        points = lattice_points(d, self._kernel, tuple(s * u for s, u in zip(self._dilation, units, strict=True)))
        cells = tuple(map(tuple, points.tolist()))
        self.low_error = low_error
        bound = low_error_bound(low_error)
        scalars = self._scalars(
            in_type,
            self._kernel,
            self._dilation[0],
            units,
            rings,
            sigma,
            frequencies_cutoff,
            getattr(self, "samples", "ico"),
        )
        if bound is not None:
            scalars = fitted_basis(scalars, cells, bound)
        element_filter = None
        if basis_filter is not None:
            scalars, element_filter = split_filter(scalars, basis_filter)
        plan = expansion_plan(
            in_type.gspace.basespace_action,
            source.representations,
            target.representations,
            scalars,
            cells,
            element_filter,
        )
        self._set_parameters(plan, bias, initialize)
        steps = (*self._stride, *(1 + n for n in self._padding), *(1 + n for n in self._output_padding), self.groups)
        self._plain_map = self._schur is not None and not self.transposed and all(n == 1 for n in steps)

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
        """The scalar functions that the kernels are made of."""
        return scalar_basis(cls.dimension, kernel, dilation, rings, sigma, frequencies_cutoff, units)

    def _same_padding(self) -> tuple[int, ...]:
        """The padding for which the output is as large as the input."""
        name = type(self).__name__
        if any(step != 1 for step in self._stride):
            raise ArgumentError(f"{name} with padding='same' needs stride 1, not {self.stride}")
        extents = [gap * (width - 1) for gap, width in zip(self._dilation, self._kernel, strict=True)]
        if any(extent % 2 for extent in extents):
            raise ArgumentError(
                f"{name} with padding='same' needs as many cells on both sides, but a kernel of size {self.kernel_size} "
                "would have one more on one side, which is not equivariant",
                hint="use an odd kernel_size",
            )
        return tuple(extent // 2 for extent in extents)

    def _one_group(self, type_: FieldType, what: str) -> FieldType:
        """The fields of one of the ``groups``, which must all be alike."""
        fields, rest = divmod(len(type_), self.groups)
        first = type_.representations[:fields]
        # no more groups than fields: their number is compared before the groups are
        if rest or any(
            type_.representations[i * fields : (i + 1) * fields] != first for i in range(self.groups if fields else 0)
        ):
            raise ArgumentError(
                f"the {len(type_)} {what} fields {type_} do not fall into {self.groups} equal groups",
                hint="use a number of groups that divides the fields into equal parts",
            )
        return FieldType(type_.gspace, first)

    # --- the filter -------------------------------------------------------------------------------------------------------

    def _check_axes(self, tensor: torch.Tensor) -> None:
        shape, room = tensor.shape, self._room
        # The usual case first and in one go: this runs with cold caches after each convolution.
        if len(shape) == 2 + self.d:
            for size in shape[2:]:
                if size < room:
                    break
            else:
                return
        super()._check_axes(tensor)
        if self.transposed:
            need_room(type(self).__name__, tuple(shape), self.d * (1,), self._beyond, self.padding_mode)
            self._need_output(tuple(shape))
        else:
            need_room(type(self).__name__, tuple(shape), self._window, self._padding, self.padding_mode)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        if self._always_breaks or self.transposed:
            return self._always_breaks
        return off_centre(size, self._window, self._stride, self._padding)

    def _need_output(self, shape: tuple[int, ...]) -> None:
        """Raises if a transposed convolution would leave nothing."""
        axes = zip(shape[2:], self._window, self._stride, self._padding, self._output_padding, strict=True)
        left = tuple((n - 1) * step + width - 2 * cut + more for n, width, step, cut, more in axes)
        if min(left) < 1:
            raise ShapeError(
                f"{type(self).__name__} with padding {self.padding} takes away all {tuple(shape[2:])} cells and more: "
                f"{left} would be left",
                hint="use larger images, or less padding",
            )

    @property
    def _cropped(self) -> tuple[int, ...]:
        """Cells that a transposed convolution takes away at both ends of each axis."""
        triples = zip(self._padding, self._beyond, self._stride, strict=True)
        return tuple(margin + beyond * step for margin, beyond, step in triples)

    def _expand(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter as torch takes it.

        Its shape is ``(out channels, in channels / groups, *kernel)``, and for a transposed convolution
        ``(in channels, out channels / groups, *kernel)``.
        """
        filters = self.basisexpansion(weights)
        if self.transposed:
            filters = filters.transpose(0, 1).contiguous()
        return filters.view(filters.shape[0], filters.shape[1], *self._kernel)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._plain_map:
            by_blocks = self._by_blocks(tensor)
            if by_blocks is not None:
                return by_blocks
        filters, bias = self._expanded()
        if self.transposed:
            return _TRANSPOSED[self.d](
                padded(tensor, self._beyond, self.padding_mode),
                filters,
                bias,
                self._stride,
                self._cropped,
                self._output_padding,
                self.groups,
                self._dilation,
            )
        padding: tuple[int, ...] = self._padding
        if self.padding_mode != "zeros" and any(padding):
            tensor = padded(tensor, padding, self.padding_mode)
            padding = self.d * (0,)
        return _CONV[self.d](tensor, filters, bias, self._stride, padding, self._dilation, self.groups)

    def _export(self) -> torch.nn.Module:
        filters, bias = self.expand_parameters()
        extra: dict[str, Any] = (
            {"output_padding": self._output_padding} if self.transposed else {"padding_mode": self.padding_mode}
        )
        plain = _MODULES[self.d, self.transposed](
            self.in_type.size,
            self.out_type.size,
            self._kernel,
            stride=self._stride,
            padding=self._cropped if self.transposed else self._padding,
            dilation=self._dilation,
            groups=self.groups,
            bias=bias is not None,
            device="meta",
            **extra,
        )
        plain.weight = torch.nn.Parameter(filters.detach().clone())
        if bias is not None:
            plain.bias = torch.nn.Parameter(bias.detach().clone())
        if any(self._beyond):
            return torch.nn.Sequential(padding_module(self._beyond, self.padding_mode), plain)
        return plain

    def extra_repr(self) -> str:
        """As escnn prints it."""
        text = f"{self.in_type}, {self.out_type}, kernel_size={self.kernel_size}, stride={self.stride}"
        if any(self._padding):
            text += f", padding={self.padding}"
        if self.transposed and self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode!r}"
        if any(n != 1 for n in self._dilation):
            text += f", dilation={self.dilation}"
        if any(self._output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.spacing != 1:
            text += f", spacing={self.spacing}"
        if self.low_error is not False:
            text += f", low_error={self.low_error}"
        if self.bias is None:
            text += ", bias=False"
        return text


class R2Conv(_GridConv):
    """An equivariant convolution of images.

    (K * f)(x) = sum_y K(y - x) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g, so turning the image turns the result.
    K is made of Gaussian rings times circular harmonics, by default escnn's (Weiler and Cesa, "General E(2)-equivariant
    steerable CNNs", 2019). Quarter turns and reflections that carry the grid to itself are exact.

    Args:
        in_type: the fields of the input, on R^2.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in pixels, one number or one for each axis (rows, columns) where the group keeps
            these apart; odd ones have a pixel at their centre.
        padding: pixels added around the image, one number or one for each axis, or ``"same"``.
        stride: the distance of output pixels.
        dilation: the distance of the kernel's cells.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in pixels.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in pixels.
        maximum_offset: accepted for escnn's sake; all frequencies up to the cut-off are used.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: takes the attributes of a basis kernel, by escnn's keys, and tells whether to keep it. One that reads
            ``radius``, ``sigma``, ``radial_idx``, ``j`` and ``irrep:frequency`` alone costs nothing; one that reads
            ``in_irrep``, ``out_irrep``, ``in_repr`` or ``out_repr`` too makes the layer see all fields as sums of irreps.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of pixels, one number or one for each axis (rows, columns) where the group keeps these apart. Only
            ratios count: rings and sigma are measured in the smallest of them.
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
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=3), 3)
        >>> conv(torch.randn(2, 1, 32, 32)).shape
        torch.Size([2, 12, 30, 30])
    """

    dimension: ClassVar[int] = 2

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


class R2ConvTransposed(_GridConv):
    """An equivariant transposed convolution of images: the adjoint of a convolution, for making images larger.

    (K * f)(x) = sum_y K(x - stride y) f(y) with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    Args:
        in_type: the fields of the input, on R^2.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernel in pixels, one number or one for each axis (rows, columns) where the group keeps
            these apart; odd ones have a pixel at their centre.
        padding: pixels removed around the output, one number or one for each axis.
        output_padding: pixels added at one end of each axis; any but 0 moves the centre and breaks exact equivariance.
        stride: the distance of the input's pixels in the output.
        dilation: the distance of the kernel's cells.
        groups: splits input and output fields into equal groups that do not mix.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings in pixels.
        frequencies_cutoff: the greatest frequency on a ring of radius r: a function of r, or a number c for c r.
        rings: radii of the rings in pixels.
        maximum_offset: accepted for escnn's sake; all frequencies up to the cut-off are used.
        recompute: accepted for escnn's sake; nothing is stale.
        basis_filter: see :class:`R2Conv`.
        initialize: whether to draw the weights; else they are zero.
        spacing: the distance of pixels, one number or one for each axis (rows, columns) where the group keeps these apart. Only
            ratios count: rings and sigma are measured in the smallest of them.
        low_error: whether to choose filters that turn more exactly; ``True`` or the greatest error of a filter, such as 0.05. See
            :class:`R2Conv`.
        padding_mode: how the input goes on beyond its edges: by ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises:
        FieldTypeError: if the types are not on one plane.
        ArgumentError: for sizes that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> nn.R2ConvTransposed(kind, kind, 3, padding=1, stride=2)(torch.randn(1, 8, 5, 5)).shape
        torch.Size([1, 8, 9, 9])
    """

    dimension: ClassVar[int] = 2
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
