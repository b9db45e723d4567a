"""Equivariant convolution on grids: what the convolutions of every dimension share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import low_error_bound, relative_sizes, sizes_of
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.kernels import ScalarBasis, expansion_plan, fitted_basis, scalar_basis, split_filter
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.prices import fitting_price, lattice_price, plan_prices, plan_weights
from intertwine.nn.base.channel_map import torch_class, with_values
from intertwine.nn.base.padding import padded
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.shared_constructors import without
from intertwine.nn.base.windows import need_window_fits, refuse_uneven, same_padding, smallest_input, uneven_windows
from intertwine.nn.conv.expanded_module import ExpandedModule

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}


class _GridConv(ExpandedModule):
    """A convolution whose filter solves K(g x) = rho_out(g) K(x) rho_in(g)^-1; its transpose derives from it.

    The flat ``weights`` are coefficients of a basis of such filters: Gaussian rings times harmonics, times intertwiners. The
    filter is expanded from them at each call in training, and once in eval mode without gradients.

    Subclasses say what their ``dimension`` is and which arguments of their family they lack; their docstrings describe only the
    arguments that differ.
    """

    needs_grid: ClassVar[bool] = True
    dimension: ClassVar[int]
    transposed: ClassVar[bool] = False

    def __init_subclass__(cls, lacks: tuple[str, ...] = (), **kwargs: Any) -> None:
        if lacks:
            cls.__init__ = without(cls.__init__, lacks)
        super().__init_subclass__(**kwargs)

    @classmethod
    def construction_prices(
        cls,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        groups: int = 1,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        **others: Any,
    ) -> Iterator[Price]:
        """The basis of kernels on the cells.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            kernel_size: the width of the kernel.
            groups: into how many parts the fields fall.
            spacing: the distance of cells.
            low_error: whether filters are fitted.
            **others: the other arguments of the constructor, of which some describe the rings.
        """
        d, rings = cls.dimension, others.get("rings")
        kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        cells = prod(float(width) for width in kernel)
        units = relative_sizes(spacing, d, "spacing")
        yield lattice_price(
            cells, max(u * n for u, n in zip(units, kernel, strict=True)) if rings is None else len(rings)
        )
        scalars = cls._scalars(in_type, kernel, units, **others)
        if low_error_bound(low_error) is not None:
            yield fitting_price(scalars, int(cells))
        action = in_type.gspace.basespace_action
        yield from plan_prices(action, *cls._fields(in_type, out_type, groups), scalars, int(cells))

    @classmethod
    def _number_of_weights(
        cls,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        groups: int = 1,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        **others: Any,
    ) -> int | None:
        # Which filters are kept when they are fitted is only known afterwards.
        if low_error_bound(low_error) is not None or in_type.fibergroup.continuous:
            return None
        d = cls.dimension
        kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        units = relative_sizes(spacing, d, "spacing")
        points = lattice_points(d, kernel, tuple(others.get("dilation", 1) * unit for unit in units))
        scalars = cls._scalars(in_type, kernel, units, **others).without_vanishing(points)
        return plan_weights(in_type.gspace.basespace_action, *cls._fields(in_type, out_type, groups), scalars)

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
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        **others: Any,
    ) -> ScalarBasis:
        """The scalar functions that the kernels are made of."""
        return scalar_basis(cls.dimension, kernel, dilation, rings, sigma, frequencies_cutoff, units)

    # --- building ---------------------------------------------------------------------------------------------------------

    def _build(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int | tuple[int, ...],
        *,
        padding: int | tuple[int, ...] | str,
        stride: int | tuple[int, ...],
        dilation: int,
        padding_mode: str,
        groups: int,
        bias: bool,
        initialize: bool,
        output_padding: int | tuple[int, ...] = 0,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        spacing: float | tuple[float, ...] = 1,
        low_error: bool | float = False,
        **ring_settings: Any,
    ) -> None:
        """Builds the layer; the arguments are those of the constructors in ``convolutions.py``.

        Those that `_scalars` takes, and those that are accepted without effect, come as ``ring_settings``.
        """
        super().__init__()
        name, d = type(self).__name__, self.dimension
        self._set_types(in_type, out_type, d)
        self.d = d
        self._set_grid(kernel_size, stride, dilation, padding, output_padding, padding_mode)
        self.groups = sizes_of(groups, 1, "groups", least=1)[0]
        self._need_equal_groups(in_type, "input")
        self._need_equal_groups(out_type, "output")
        units = relative_sizes(spacing, d, "spacing")
        refuse_uneven(in_type, name, kernel_size=self._kernel, spacing=units)
        self.spacing, self.low_error = spacing, low_error
        points = lattice_points(d, self._kernel, tuple(s * u for s, u in zip(self._dilation, units, strict=True)))
        cells = tuple(map(tuple, points.tolist()))
        bound = low_error_bound(low_error)
        scalars = self._scalars(in_type, self._kernel, units, dilation=self._dilation[0], **ring_settings)
        if bound is not None:
            scalars = fitted_basis(scalars, cells, bound)
        element_filter = None
        if basis_filter is not None:
            scalars, element_filter = split_filter(scalars, basis_filter)
        source, target = self._fields(in_type, out_type, self.groups)
        plan = expansion_plan(in_type.gspace.basespace_action, source, target, scalars, cells, element_filter)
        self._set_expansion_and_parameters(plan, bias, initialize)
        steps = (*self._stride, *(1 + n for n in self._padding), *(1 + n for n in self._output_padding), self.groups)
        self._plain_map = self._schur is not None and all(n == 1 for n in steps)

    def _set_grid(
        self,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...],
        dilation: int,
        padding: int | tuple[int, ...] | str,
        output_padding: int | tuple[int, ...],
        padding_mode: str,
    ) -> None:
        """Sets the sizes, by axis and as they were given, and how many cells the layer needs."""
        d = self.d
        self._kernel = sizes_of(kernel_size, d, "kernel_size", least=1)
        self.kernel_size = self._kernel[0] if len(set(self._kernel)) == 1 else self._kernel
        self.stride, self.dilation, self.padding, self.output_padding = stride, dilation, padding, output_padding
        self._stride = sizes_of(stride, d, "stride", least=1)
        self._dilation = d * sizes_of(dilation, 1, "dilation", least=1)
        # The cells that the kernel spans along each axis.
        self._window = tuple(step * (width - 1) + 1 for step, width in zip(self._dilation, self._kernel, strict=True))
        if isinstance(padding, str) and padding == "same":
            self._padding = same_padding(type(self).__name__, self._window, self._stride)
        else:
            self._padding = sizes_of(padding, d, "padding", least=0)
        self._output_padding = sizes_of(output_padding, d, "output_padding", least=0)
        limits = map(max, self._stride, self._dilation)
        if any(n and n >= limit for n, limit in zip(self._output_padding, limits, strict=True)):
            raise ArgumentError(
                f"output_padding {output_padding} must be smaller than stride {stride} or dilation {dilation}"
            )
        self._warn_if_uneven(stride=self._stride, padding=self._padding)
        if any(self._output_padding):
            self._warn_never_exact(
                f"output_padding={output_padding} adds cells at one end only", "Use output_padding=0."
            )
        self.padding_mode = checked_mode(padding_mode)
        # The cells of the input beyond its edges that reach the output, and the cells that it must have along each axis.
        self._outer_margin, self._least_size = self._margin_and_least_size()

    def _margin_and_least_size(self) -> tuple[tuple[int, ...], int]:
        """How many cells beyond each edge the layer makes up itself, and how many cells the input must have."""
        return self.d * (0,), smallest_input(self._window, self._padding, self.padding_mode)

    # --- calling ----------------------------------------------------------------------------------------------------------

    def _check_axes(self, tensor: torch.Tensor) -> None:
        shape, room = tensor.shape, self._least_size
        # The usual case first and in one go: this runs with cold caches after each convolution.
        if len(shape) == 2 + self.d:
            for size in shape[2:]:
                if size < room:
                    break
            else:
                return
        super()._check_axes(tensor)
        self._raise_too_small(tuple(shape))

    def _raise_too_small(self, shape: tuple[int, ...]) -> None:
        """Raises if an input is too small."""
        need_window_fits(type(self).__name__, shape, self._window, self._padding, self.padding_mode)

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        return self._never_exact_reason or uneven_windows(size, self._window, self._stride, self._padding)

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The filter as torch takes it, and the bias of each channel or ``None``.

        The filter has the shape ``(out channels, in channels / groups, *kernel)``.

        Args:
            weights: flat coefficients of the filter.
            bias: one number for each trivial irrep of the output.
        """
        filters, expanded = super()._expand(weights, bias)
        return filters.view(*filters.shape[:2], *self._kernel), expanded

    @property
    def filter(self) -> torch.Tensor:
        """The filter as torch takes it, ``(out channels, in channels / groups, *kernel)``.

        A transposed convolution has the first two the other way round.
        """
        return self._kept("filter", self._expand)[0]

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._plain_map:
            by_blocks = self._by_blocks(tensor)
            if by_blocks is not None:
                return by_blocks
        filters, bias = self._kept("filter", self._expand)
        padding: tuple[int, ...] = self._padding
        if self.padding_mode != "zeros" and any(padding):
            tensor = padded(tensor, padding, self.padding_mode)
            padding = self.d * (0,)
        return _CONV[self.d](tensor, filters, bias, self._stride, padding, self._dilation, self.groups)

    def _export(self) -> torch.nn.Module:
        return self._exported("Conv", padding=self._padding, padding_mode=self.padding_mode)

    def _exported(self, name: str, **settings: Any) -> torch.nn.Module:
        """The layer of torch with a name (without its dimension) and with the filter and the bias of this layer."""
        filters, bias = self.expand_parameters()
        plain = torch_class(name, self.d)(
            self.in_type.size,
            self.out_type.size,
            self._kernel,
            stride=self._stride,
            dilation=self._dilation,
            groups=self.groups,
            bias=bias is not None,
            device="meta",
            **settings,
        )
        return with_values(plain, filters, bias)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        text = f"{self.in_type}, {self.out_type}, kernel_size={self.kernel_size}, stride={self.stride}"
        said = {
            "padding": any(self._padding),
            "padding_mode": self.transposed and self.padding_mode != "zeros",
            "dilation": any(n != 1 for n in self._dilation),
            "output_padding": any(self._output_padding),
            "groups": self.groups != 1,
            "spacing": self.spacing != 1,
            "low_error": self.low_error is not False,
        }
        for name, is_said in said.items():
            if is_said:
                value = getattr(self, name)
                text += f", {name}={repr(value) if name == 'padding_mode' else value}"
        return text if self.bias is not None else f"{text}, bias=False"
