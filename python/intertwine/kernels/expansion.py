"""The linear map from the flat weights of a layer to its filter, as a torch module."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from intertwine.kernels.blocks import BlockExpansion, PairExpansion
from intertwine.kernels.cells import BandProduct
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.expansion_plan import ExpansionPlan, MixingKind, element_attributes, one_field
from intertwine.kernels.torch_modes import has_values, is_traced, without_autocast

_DENSE_UP_TO = 2**19
"""One step of the expansion takes as long as a product of so many multiplications."""


class _Mixer(ConstantModule):
    """An orthogonal matrix on some channels of a filter, along one of its first two axes."""

    def __init__(self, kind: MixingKind, size: int, axis: int) -> None:
        super().__init__()
        self._axis = axis
        self._copies, self._width = kind.channels.shape
        channels = kind.channels.ravel()
        self._all = len(channels) == size and bool((channels == np.arange(size)).all())
        self.register_constant("matrix", kind.matrix)
        if not self._all:
            self.register_constant("channels", channels)

    def forward(self, filters: torch.Tensor) -> torch.Tensor:
        """The filter with these channels mixed."""
        return self._mixed(filters, self.matrix)  # type: ignore[arg-type]

    def adjoint(self, filters: torch.Tensor) -> torch.Tensor:
        """The same by the transposed matrix."""
        return self._mixed(filters, self.matrix.T)  # type: ignore[arg-type, union-attr, operator]

    def _mixed(self, filters: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
        part = filters if self._all else filters.index_select(self._axis, self.channels)  # type: ignore[arg-type]
        split = part.unflatten(self._axis, (self._copies, self._width))
        equation = "ij,mj...->mi..." if self._axis == 0 else "ij,omj...->omi..."
        mixed = torch.einsum(equation, matrix, split).flatten(self._axis, self._axis + 1)
        return mixed if self._all else filters.index_copy(self._axis, self.channels, mixed)  # type: ignore[arg-type]


class _FieldExpansion(ConstantModule):
    """The expansion between small equal fields: one dense product with the basis of a pair of fields.

    The basis holds many zeros. For small fields that costs less than the greater number of steps of the sparse form.
    """

    def __init__(self, plan: ExpansionPlan) -> None:
        super().__init__()
        one = one_field(plan)
        outs, ins = len(plan.target.representations), len(plan.source.representations)
        index = []
        for row in plan.pairs:
            for pair in row:
                shape = (outs, pair.target.copies // outs, ins, pair.source.copies // ins, pair.basis.size)
                numbers = pair.start + np.arange(pair.stop - pair.start).reshape(shape)
                index.append(numbers.transpose(0, 2, 1, 3, 4).reshape(outs * ins, -1))
        whole = np.concatenate(index, axis=1)
        self._shape = (outs, ins, one.target.size, one.source.size, plan.cells)
        self._in_order = bool((whole.ravel() == np.arange(whole.size)).all())
        if not self._in_order:
            self.register_constant("index", whole.ravel())
            self.register_constant("back", np.argsort(whole.ravel()))
        # Also where the layer is built on the meta device, its constants are numbers.
        with torch.no_grad(), torch.device("cpu"):
            single = KernelExpansion(one, by_fields=False).to(torch.float64)
            basis = [single(unit) for unit in torch.eye(one.weights, dtype=torch.float64)]
        self.register_constant("basis", torch.stack(basis).flatten(1))

    @staticmethod
    def is_cheaper(plan: ExpansionPlan) -> bool:
        """Whether the fields are equal and so small that this is faster.

        Args:
            plan: its constants.
        """
        sides = plan.target.representations, plan.source.representations
        if any(other is not side[0] and other != side[0] for side in sides for other in side):
            return False
        # Equal matrices may still be made in several ways, such as the regular representation as an induced one.
        for side in (plan.target, plan.source):
            for kind in side.kinds:
                if len(set(np.bincount(kind.fields, minlength=len(side.representations)))) > 1:
                    return False
        steps = sum(len(row) for row in plan.pairs) + sum(len(side.mixings) for side in (plan.target, plan.source))
        numbers = plan.weights * sides[0][0].size * sides[1][0].size * plan.cells
        return steps > 1 and numbers <= _DENSE_UP_TO * steps

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter, shape ``(out channels, in channels, cells)``.

        Args:
            weights: flat.
        """
        outs, ins, rows, columns, cells = self._shape
        spread = weights if self._in_order else weights.index_select(0, self.index)  # type: ignore[arg-type]
        values = spread.view(outs * ins, -1) @ self.basis  # type: ignore[operator]
        values = values.view(outs, ins, rows, columns, cells).transpose(1, 2)
        return values.reshape(outs * rows, ins * columns, cells)

    def adjoint(self, filters: torch.Tensor) -> torch.Tensor:
        """What the transposed map makes of filters, flat weights.

        Args:
            filters: shape ``(out channels, in channels, cells)``.
        """
        outs, ins, rows, columns, cells = self._shape
        values = filters.view(outs, rows, ins, columns, cells).transpose(1, 2).reshape(outs * ins, -1)
        spread = (values @ self.basis.T).flatten()  # type: ignore[operator, union-attr]
        return spread if self._in_order else spread.index_select(0, self.back)  # type: ignore[arg-type]


class _Linear(torch.autograd.Function):
    """The map from weights to filters, or its transpose, each of which is the derivative of the other.

    The usual derivative of a gather adds up by atomic operations on GPUs. Each gather here has an inverse.
    """

    @staticmethod
    def forward(values: torch.Tensor, expansion: KernelExpansion, transposed: bool) -> torch.Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        with without_autocast(values):
            return expansion.transposed(values) if transposed else expansion.expanded(values)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        _, ctx.expansion, ctx.transposed = inputs

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _Linear.apply(gradient, ctx.expansion, not ctx.transposed), None, None  # type: ignore[no-untyped-call]

    @staticmethod
    def jvp(ctx: Any, tangent: torch.Tensor, *_: Any) -> torch.Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return _Linear.apply(tangent, ctx.expansion, ctx.transposed)  # type: ignore[no-untyped-call]


class KernelExpansion(ConstantModule):
    """The linear map from the flat weights of a layer to its filter.

    When it is built, one of three forms is chosen: ``_FieldExpansion`` if all fields of a side are equal, and so small that the
    number of steps decides; ``BlockExpansion`` if all tables are small; else one ``PairExpansion`` for each pair of kinds.

    Args:
        plan: its constants.
        by_fields: whether small equal fields may be expanded by one dense product.
    """

    def __init__(self, plan: ExpansionPlan, by_fields: bool = True) -> None:
        super().__init__()
        self._plan = _Shared(plan)
        self._mixers: list[str] = []
        self._rows: list[list[str]] = []
        self._product: BandProduct | None = None
        self._fields = _FieldExpansion(plan) if by_fields and _FieldExpansion.is_cheaper(plan) else None
        self._blocks = BlockExpansion(plan) if self._fields is None and BlockExpansion.is_applicable(plan) else None
        if self._fields is not None:
            return
        for axis, side in enumerate((plan.target, plan.source)):
            for number, kind in enumerate(side.mixings):
                self.add_module(f"mixer_{axis}_{number}", _Mixer(kind, side.size, axis))
                self._mixers.append(f"mixer_{axis}_{number}")
        if self._blocks is not None:
            return
        for r, row in enumerate(plan.pairs):
            names = []
            for c, pair in enumerate(row):
                if pair.basis.size:
                    name = f"pair_{r}_{c}"
                    self.add_module(name, PairExpansion(plan, pair))
                    names.append(name)
                else:
                    names.append("")
            self._rows.append(names)
        if any(self._modules[name].needs_product for names in self._rows for name in names if name):  # type: ignore[union-attr]
            self._product = BandProduct(plan.functions)
        for axis, side in enumerate((plan.target, plan.source)):
            if side.order is not None:
                self.register_constant(f"order_{axis}", side.order)
                self.register_constant(f"back_{axis}", np.argsort(side.order))
        self._sorted = (plan.target.order is None, plan.source.order is None)

    @property
    def plan(self) -> ExpansionPlan:
        """The constants."""
        return self._plan.plan

    def dimension(self) -> int:
        """The number of weights."""
        return self.plan.weights

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter.

        Args:
            weights: flat, shape ``(dimension(),)``.

        Returns:
            shape ``(out channels, in channels, cells)``.
        """
        if self._has_own_derivative(weights):
            return _Linear.apply(weights, self, False)  # type: ignore[no-untyped-call]
        with without_autocast(weights):
            return self.expanded(weights)

    def _has_own_derivative(self, weights: torch.Tensor) -> bool:
        """Whether `_Linear` is faster: on a CPU its calls take longer than the steps that they save, unless these are large."""
        if self._product is None and weights.device.type == "cpu":
            return False
        # What is traced must not come to `has_values`, which cannot be compiled.
        return not is_traced() and torch.is_grad_enabled() and weights.requires_grad and has_values(weights)

    def expanded(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter, step by step.

        Args:
            weights: flat.
        """
        if self._fields is not None:
            return self._fields(weights)
        filters = self._pairs(weights) if self._blocks is None else self._blocks(weights)
        for name in self._mixers:
            filters = self._modules[name](filters)  # type: ignore[misc]
        return filters

    def _pairs(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter pair by pair of kinds of components."""
        plan = self.plan
        rows = []
        for names, pairs in zip(self._rows, plan.pairs, strict=True):
            parts = []
            for name, pair in zip(names, pairs, strict=True):
                if name:
                    parts.append(self._modules[name](weights, self._product))  # type: ignore[misc]
                else:
                    parts.append(weights.new_zeros(pair.target.channels.size, pair.source.channels.size, plan.cells))
            rows.append(parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))
        filters = rows[0] if len(rows) == 1 else torch.cat(rows, dim=0)
        if not self._sorted[1]:
            filters = filters.index_select(1, self.order_1)  # type: ignore[arg-type]
        if not self._sorted[0]:
            filters = filters.index_select(0, self.order_0)  # type: ignore[arg-type]
        return filters

    def transposed(self, filters: torch.Tensor) -> torch.Tensor:
        """What the transposed map makes of filters, flat weights.

        Args:
            filters: shape ``(out channels, in channels, cells)``.
        """
        filters = filters.contiguous()
        if self._fields is not None:
            return self._fields.adjoint(filters)
        for name in reversed(self._mixers):
            filters = self._modules[name].adjoint(filters)  # type: ignore[union-attr, operator]
        if self._blocks is not None:
            return self._blocks.adjoint(filters)
        for axis, is_sorted in enumerate(self._sorted):
            if not is_sorted:
                filters = filters.index_select(axis, getattr(self, f"back_{axis}"))
        plan, parts = self.plan, []
        heights = [kind.channels.size for kind in plan.target.kinds]
        widths = [kind.channels.size for kind in plan.source.kinds]
        for names, row in zip(self._rows, filters.split(heights), strict=True):
            for name, part in zip(names, row.split(widths, dim=1), strict=True):
                if name:
                    parts.append(self._modules[name].adjoint(part, self._product))  # type: ignore[union-attr, operator]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def variances(self) -> torch.Tensor:
        """The variance of each weight for which the layer keeps the variance of white input, shape ``(dimension(),)``.

        Each kind of input component contributes in proportion to its channels, each of its weights equally:
        closed form, from the energies of the basis (He et al., "Delving deep into rectifiers", 2015, for this basis).
        """
        plan = self.plan
        result = torch.empty(plan.weights, dtype=torch.float64)
        for row in plan.pairs:
            present = [pair for pair in row if pair.basis.size]
            channels = sum(pair.source.channels.size for pair in present)
            for pair in present:
                share = pair.source.channels.size / channels
                # Functions that vanish on all cells, as z does on a flat kernel, have weights without effect.
                result[pair.start : pair.stop] = share / (pair.source.copies * pair.energy) if pair.energy else 0.0
        return result

    def project(self, filters: torch.Tensor, tolerance: float = 1e-12) -> tuple[torch.Tensor, float]:
        """The weights whose filter is nearest to a given one: least squares by LSQR, in float64 on the CPU.

        Args:
            filters: shape ``(out channels, in channels, cells)``.
            tolerance: of the residual and of the gradient, relative to the filter.

        Returns:
            the weights, and the norm of what no weights can make over the norm of the filter.
        """
        # Imported here: only conversion and initialisation need it.
        from scipy.sparse.linalg import LinearOperator, lsqr

        exact = copy.deepcopy(self).to("cpu", torch.float64)
        goal = filters.detach().to("cpu", torch.float64)

        def expand(weights: np.ndarray) -> np.ndarray:
            with torch.no_grad():
                return exact(torch.from_numpy(weights.ravel())).flatten().numpy()

        def adjoint(values: np.ndarray) -> np.ndarray:
            weights = torch.zeros(self.dimension(), dtype=torch.float64, requires_grad=True)
            with torch.enable_grad():
                (gradient,) = torch.autograd.grad(exact(weights), weights, torch.from_numpy(values).view(goal.shape))
            return gradient.numpy()

        shape = (goal.numel(), self.dimension())
        operator = LinearOperator(shape, matvec=expand, rmatvec=adjoint, dtype=np.float64)  # pyright: ignore[reportCallIssue]
        weights, *_ = lsqr(operator, goal.flatten().numpy(), atol=tolerance, btol=tolerance, conlim=0)
        rest, whole = goal.flatten() - torch.from_numpy(expand(weights)), float(goal.norm())
        return torch.from_numpy(weights).to(filters.device), float(rest.norm()) / whole if whole else 0.0

    def get_basis_info(self) -> Iterator[dict[str, Any]]:
        """Attributes of each weight in turn, by escnn's keys: ring, frequency, irreps and where they are.

        A weight of a field that the group permutes belongs to no pair of irreps, and has no keys for them.
        """
        number = 0
        for row in self.plan.pairs:
            for pair in row:
                attributes = element_attributes(pair.source, pair.target, pair.basis, self.plan.scalars)
                for out_copy in range(pair.target.copies):
                    for in_copy in range(pair.source.copies):
                        for element in attributes:
                            yield {
                                **element,
                                "id": number,
                                "in_irreps_position": int(pair.source.channels[in_copy, 0]),
                                "out_irreps_position": int(pair.target.channels[out_copy, 0]),
                                "in_field_position": int(pair.source.fields[in_copy]),
                                "out_field_position": int(pair.target.fields[out_copy]),
                            }
                            number += 1


class _Shared:
    """A plan, shared by the copies of a layer."""

    def __init__(self, plan: ExpansionPlan) -> None:
        self.plan = plan

    def __deepcopy__(self, memo: dict[int, object]) -> _Shared:
        return self
