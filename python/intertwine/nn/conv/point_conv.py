"""Equivariant convolution on points: kernels evaluated along the edges of a graph."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.kernels import PointFunctions, ScalarBasis, point_basis, point_plan, split_filter
from intertwine.kernels.prices import plan_prices, plan_weights
from intertwine.nn.conv.edge_sums import multiply_at_sources, sum_at_targets
from intertwine.nn.conv.expanded_module import ExpandedModule
from intertwine.nn.conv.graph import edges_with_differences, is_graph

if TYPE_CHECKING:
    from intertwine.nn.inspect.equivariance import EquivarianceReport

_AGGREGATIONS = ("mean", "sum")


class _PointConv(ExpandedModule):
    """out(t) = mean over the edges (s, t) of K(x_s - x_t) f(s), with K(g x) = rho_out(g) K(x) rho_in(g)^T for all g.

    K(x) = sum_f C_f phi_f(x) with fixed scalar functions phi_f and matrices C_f made of the weights. So no kernel is computed for
    each edge. If the input has no more channels than the output, the sums over edges of phi_f(e) x(s) are computed at each node
    first, and multiplied by C_f there; if it has more, the features of each node are multiplied by C_f first.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space.
        groups: into how many equal groups the fields of input and output fall; each output sees its own group of inputs.
        bias: whether to add a bias to the invariant part of each field.
        sigma: widths of the rings, one or one for each; by default 0.6, 0.4 for the outermost, 0.005 at the origin.
        width: radius of the outermost ring.
        n_rings: number of equally spaced rings from 0 to ``width``.
        frequencies_cutoff: the greatest order of harmonics on a ring of radius r: a function of r, or a number c for c r; by
            default 3 r.
        rings: radii of the rings, instead of ``width`` and ``n_rings``.
        basis_filter: takes the attributes of a basis kernel, by escnn's keys, and tells whether to keep it.
        recompute: has no effect: no basis is stored on disk. Programs written for escnn may give it.
        initialize: whether to draw the weights; else they are zero.
        radial: ``"gaussian"`` rings; ``"normalized"``, which add up to 1 at every radius; ``"bessel"``, of growing frequency,
            which vanish smoothly from the outermost radius on, as energies and forces need.
        aggr: ``"mean"`` or ``"sum"`` over the edges of a point.
    """

    dimension: ClassVar[int]

    @classmethod
    def construction_prices(cls, in_type: FieldType, out_type: FieldType, **others: Any) -> Iterator[Price]:
        """The basis of kernels at points.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            **others: the other arguments of the constructor, of which some describe the rings.
        """
        rings = others.get("rings")
        count = float((others.get("n_rings") or 1) if rings is None else len(rings))
        yield Price(40 * count**2 + 1e5 * count, 2e-5 * count)
        scalars = cls._scalars(**others)
        yield Price(16.0 * scalars.size**2, 1e-5 * len(scalars.blocks) ** 2)
        action = in_type.gspace.basespace_action
        fields = cls._fields(in_type, out_type, others.get("groups", 1))
        yield from plan_prices(action, *fields, scalars, scalars.size)

    @classmethod
    def _number_of_weights(cls, in_type: FieldType, out_type: FieldType, **others: Any) -> int | None:
        action = in_type.gspace.basespace_action
        fields = cls._fields(in_type, out_type, others.get("groups", 1))
        return plan_weights(action, *fields, cls._scalars(**others))

    @classmethod
    def _scalars(cls, **others: Any) -> ScalarBasis:
        """The scalar functions for arguments of the constructor."""
        names = ("width", "n_rings", "rings", "sigma", "frequencies_cutoff")
        return point_basis(cls.dimension, **{name: others.get(name) for name in names})

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        groups: int = 1,
        bias: bool = True,
        sigma: list[float] | float | None = None,
        width: float | None = None,
        n_rings: int | None = None,
        frequencies_cutoff: float | Callable[[float], float] | None = None,
        rings: list[float] | None = None,
        basis_filter: Callable[[dict[str, Any]], bool] | None = None,
        recompute: bool = False,
        initialize: bool = True,
        radial: str = "gaussian",
        aggr: str = "mean",
    ) -> None:
        super().__init__()
        d = self.dimension
        self._set_types(in_type, out_type, d)
        if aggr not in _AGGREGATIONS:
            raise ArgumentError(f"the aggr {aggr!r} is unknown", hint=f"use one of {', '.join(_AGGREGATIONS)}")
        self.d, self.aggr, self.radial = d, aggr, radial
        self.groups = sizes_of(groups, 1, "groups", least=1)[0]
        self._need_equal_groups(in_type, "input")
        self._need_equal_groups(out_type, "output")
        scalars = point_basis(d, width, n_rings, rings, sigma, frequencies_cutoff)
        element_filter = None
        if basis_filter is not None:
            scalars, element_filter = split_filter(scalars, basis_filter)
        self._functions = PointFunctions(scalars, radial)
        plan = point_plan(
            in_type.gspace.basespace_action,
            *self._fields(in_type, out_type, self.groups),
            scalars,
            radial,
            element_filter,
        )
        self._set_expansion_and_parameters(plan, bias, initialize)
        # Aggregate where the features are narrower.
        self._gathers = in_type.size <= out_type.size

    @property
    def scalars(self) -> ScalarBasis:
        """The scalar functions of the kernels."""
        return self.basisexpansion.plan.scalars

    @property
    def basissampler(self) -> torch.nn.Module:
        """The basis of kernels, by escnn's name."""
        return self.basisexpansion

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The matrices C_f of shape ``(out channels, in channels, functions)``, and the bias of each channel or ``None``.

        Args:
            weights: their flat coefficients.
            bias: one number for each trivial irrep of the output.
        """
        matrices, expanded = super()._expand(weights, bias)
        if self.groups > 1:
            blocks = matrices.unflatten(0, (self.groups, -1))
            each = torch.eye(self.groups, dtype=blocks.dtype, device=blocks.device)
            matrices = torch.einsum("goif,gh->gohif", blocks, each).flatten(2, 3).flatten(0, 1)
        return matrices, expanded

    # --- calling ----------------------------------------------------------------------------------------------------------

    def forward(
        self,
        x: Any,
        edge_index: torch.Tensor | None = None,
        edge_delta: torch.Tensor | None = None,
        coords: torch.Tensor | None = None,
    ) -> Any:
        """The convolved features.

        Args:
            x: a :class:`GeometricTensor` with coordinates; a tensor of shape ``(points, channels)``; or a graph, PyTorch
                Geometric's ``Data``, with ``x``, ``edge_index`` and ``pos``.
            edge_index: for each edge its source (row 0) and its target (row 1), shape ``(2, edges)``.
            edge_delta: x_s - x_t of each edge, shape ``(edges, d)``; from the coordinates by default.
            coords: coordinates of the points, shape ``(points, d)``, for a plain tensor.

        Returns:
            the same kind as ``x``: a :class:`GeometricTensor` of type ``out_type`` on the same points, a tensor, or a copy of
            the graph with the new features.

        Raises:
            FieldTypeError: if the type is another one.
            ShapeError: if shapes do not fit.
            ArgumentError: for edges of points that are not there, or coordinates that are not finite. These numbers are
                checked on the CPU alone: a device would have to be waited for.
            ArgumentTypeError: for coordinates of a lower precision than the features (those of a higher one are rounded, after
                differences are taken).
        """
        name = type(self).__name__
        if is_graph(x):
            if edge_index is not None or edge_delta is not None or coords is not None:
                raise ArgumentTypeError(f"{name} takes a graph alone: it has its own edges and coordinates")
            graph = copy.copy(x)
            graph.x = self.forward(x.x, x.edge_index, None, x.pos)
            return graph
        if not isinstance(x, (torch.Tensor, GeometricTensor)):
            raise ArgumentTypeError(
                f"{name} takes a tensor, a GeometricTensor or a graph with x, edge_index and pos, not {type(x).__name__}"
            )
        features = self._unwrapped(x, self.in_type)
        own = x.coords if isinstance(x, GeometricTensor) else None
        edges, delta = edges_with_differences(
            name, features, edge_index, edge_delta, own if coords is None else coords, self.d
        )
        output = self._compute(features, edges[0], edges[1], delta)
        return self._wrapped(output, own) if isinstance(x, GeometricTensor) else output

    def _compute(
        self, features: torch.Tensor, sources: torch.Tensor, targets: torch.Tensor, edge_delta: torch.Tensor
    ) -> torch.Tensor:
        functions = self._functions(edge_delta.to(features.dtype))
        matrices, bias = self._kept("filter", self._expand)
        outs, ins, count = matrices.shape
        if self._gathers:
            sums = sum_at_targets(functions, features, sources, targets)
            output = F.linear(sums.flatten(1), matrices.transpose(1, 2).reshape(outs, count * ins))
        else:
            carried = F.linear(features, matrices.permute(2, 0, 1).reshape(count * outs, ins))
            output = multiply_at_sources(functions, carried.view(-1, count, outs), sources, targets)
        if self.aggr == "mean":
            ones = torch.ones_like(targets, dtype=output.dtype)
            degree = ones.new_zeros(output.shape[0]).index_add(0, targets, ones)
            output = output / degree.clamp(min=1.0)[:, None]
        return output if bias is None else output + bias

    # --- the kernel at points ---------------------------------------------------------------------------------------------

    def expand_filter(self, points: torch.Tensor) -> torch.Tensor:
        """The kernel K at some points, shape ``(points, out channels, in channels)``.

        Args:
            points: shape ``(points, d)``.
        """
        return torch.einsum("oif,pf->poi", self._kept("filter", self._expand)[0], self._functions(points))

    def expand_parameters(  # type: ignore[override]
        self, points: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The kernel at some points (without any, the matrices C_f), and the bias of each channel or ``None``.

        Args:
            points: shape ``(points, d)``.
        """
        matrices, bias = self._kept("filter", self._expand)
        return matrices if points is None else self.expand_filter(points), bias

    # --- asking -----------------------------------------------------------------------------------------------------------

    def evaluate_output_shape(self, *input_shapes: Any, **by_label: Any) -> Any:
        """``(points, out_type.size)`` for ``(points, in_type.size)``.

        Args:
            *input_shapes: one shape.
            **by_label: nothing.
        """
        if len(input_shapes) != 1 or by_label or len(input_shapes[0]) != 2 or input_shapes[0][1] != self.in_type.size:
            raise ShapeError(f"features on points have the shape (points, {self.in_type.size}), not {input_shapes}")
        return (int(input_shapes[0][0]), self.out_type.size)

    def check_equivariance(
        self,
        atol: float | None = None,
        rtol: float | None = None,
        *,
        x: torch.Tensor | GeometricTensor | None = None,
        edge_index: torch.Tensor | None = None,
        elements: list[GroupElement] | None = None,
        assertion: bool = True,
        **options: Any,
    ) -> EquivarianceReport:
        """The error of equivariance for each element, on a graph of random points.

        Args:
            atol: tolerance that is added to ``rtol``, relative to the largest output.
            rtol: the largest relative error that passes; 1e-4 in float32 and 1e-10 in float64 by default.
            x: a :class:`GeometricTensor` with coordinates to use instead.
            edge_index: its edges.
            elements: the elements to test; those of ``testing_elements`` by default.
            assertion: whether a failure raises.
            **options: accepted for the sake of other modules.

        Raises:
            EquivarianceError: if an element fails.
        """
        from intertwine.nn.inspect.equivariance import report_of

        dtype, device = self.weights.dtype, self.weights.device
        if x is None:
            generator = torch.Generator().manual_seed(0)
            reach = max(ring.radius + ring.sigma for ring in self.scalars.rings)
            coords = torch.randn(30, self.d, generator=generator, dtype=torch.float64) * reach / 1.5
            values = torch.randn(30, self.in_type.size, generator=generator, dtype=torch.float64)
            x = self.in_type(values.to(device, dtype), coords.to(device, dtype))
            edge_index = torch.cartesian_prod(torch.arange(30), torch.arange(30)).T.to(device)
        elif not isinstance(x, GeometricTensor) or x.coords is None or edge_index is None:
            raise ArgumentTypeError(
                f"{type(self).__name__} is tested with a GeometricTensor with coordinates, and with its edge_index"
            )
        chosen = list(self.in_type.testing_elements) if elements is None else elements
        mode = self.training
        self.eval()
        try:
            with torch.no_grad():
                base = self(x, edge_index)
                pairs = [(g, base.transform(g).tensor, self(x.transform(g), edge_index).tensor) for g in chosen]
        finally:
            self.train(mode)
        return report_of(self, pairs, tuple(x.shape), (atol or 0.0) + (rtol or 0.0), x.dtype, assertion)

    def _export(self) -> torch.nn.Module:
        """The operations on features, edges and the differences along them, for any numbers of points and edges."""
        from intertwine.nn.inspect.exporting import record

        like = self.weights.new_empty(0)
        edges = torch.tensor([[0, 1, 2, 2, 1], [1, 0, 0, 1, 2]], device=like.device)
        features, delta = like.new_ones(3, self.in_type.size), like.new_ones(edges.shape[1], self.d)
        return record(self, (features, edges, delta))

    def extra_repr(self) -> str:
        """As escnn prints it."""
        text = f"{self.in_type}, {self.out_type}"
        if self.radial != "gaussian":
            text += f", radial={self.radial!r}"
        if self.aggr != "mean":
            text += f", aggr={self.aggr!r}"
        return text + (", bias=False" if self.bias is None else "")


class R1PointConv(_PointConv):
    """An equivariant convolution of features on points of the line.

    out(t) = mean over the edges (s, t) of K(x_s - x_t) f(s), with K(g x) = rho_out(g) K(x) rho_in(g)^T: moving the points turns
    the result, exactly, for every g. K is made of radial profiles times 1 and the sign, and is smooth enough in the
    coordinates for forces; where two points coincide only order 0 is there, and all derivatives are finite.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 1.
        ArgumentError: for rings that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> from intertwine import group, gspaces, nn
        >>> space = gspaces.GSpace(group.cyclic_group(2), 1, 'mirrored line', group.cyclic_group(2).irrep(1))
        >>> conv = nn.R1PointConv(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), width=2.0, n_rings=3)
        >>> x = conv.in_type(torch.randn(50, 1), torch.randn(50, 1))
        >>> conv(x, nn.radius_graph(x.coords, radius=2.0)).shape
        torch.Size([50, 1])
    """

    dimension: ClassVar[int] = 1


class R2PointConv(_PointConv):
    """An equivariant convolution of features on points of the plane.

    out(t) = mean over the edges (s, t) of K(x_s - x_t) f(s), with K(g x) = rho_out(g) K(x) rho_in(g)^T: moving the points turns
    the result, exactly, for every g. K is made of radial profiles times circular harmonics, and is smooth enough in the
    coordinates for forces; where two points coincide only order 0 is there, and all derivatives are finite.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 2.
        ArgumentError: for rings that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(8)
        >>> conv = nn.R2PointConv(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), width=2.0, n_rings=3)
        >>> x = conv.in_type(torch.randn(50, 1), torch.randn(50, 2))
        >>> conv(x, nn.radius_graph(x.coords, radius=2.0)).shape
        torch.Size([50, 2])
    """

    dimension: ClassVar[int] = 2


class R3PointConv(_PointConv):
    """An equivariant convolution of features on points of space.

    out(t) = mean over the edges (s, t) of K(x_s - x_t) f(s), with K(g x) = rho_out(g) K(x) rho_in(g)^T: moving the points turns
    the result, exactly, for every g. K is made of radial profiles times spherical harmonics, and is smooth enough in the
    coordinates for forces; where two points coincide only order 0 is there, and all derivatives are finite.

    Raises:
        FieldTypeError: if the types are not on one space of dimension 3.
        ArgumentError: for rings that make no sense.
        EmptyBasisError: if there is no equivariant kernel.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot3dOnR3()
        >>> conv = nn.R3PointConv(nn.field_type(space, trivial=1), nn.field_type(space, vector=1), width=2.0, n_rings=3)
        >>> x = conv.in_type(torch.randn(50, 1), torch.randn(50, 3))
        >>> conv(x, nn.radius_graph(x.coords, radius=2.0)).shape
        torch.Size([50, 3])
    """

    dimension: ClassVar[int] = 3
