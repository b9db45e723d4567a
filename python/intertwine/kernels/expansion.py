"""From flat weights to filters, in torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.plan import ExpansionPlan, PairPlan


class _PairExpansion(ConstantModule):
    """The expansion for all pairs of one kind of input and one kind of output component."""

    def __init__(self, plan: PairPlan) -> None:
        super().__init__()
        self._range = (plan.start, plan.stop)
        self._copies = (plan.target.copies, plan.source.copies)
        self._blocks, self._width = plan.target.component.count, plan.target.component.width
        self._in_size = plan.source.component.size
        self._free = plan.rows.coefficients is None
        self.register_constant("functions", plan.functions)
        if plan.rows.coefficients is not None:
            self.register_constant("coefficients", plan.rows.coefficients.reshape(plan.rows.size, -1))
        if plan.gather is not None:
            steps = torch.arange(self._copies[1])[:, None] * self._in_size
            index = torch.as_tensor(plan.gather)[:, None, :] + steps[None]
            self.register_constant("gather", index.reshape(-1))
        if plan.dense is not None:
            self.register_constant("dense", plan.dense)
        if plan.transport is not None:
            self.register_constant("transport", plan.transport)
        self._moves = "gather" if plan.gather is not None else "dense" if plan.dense is not None else ""
        self._turns = plan.transport is not None

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter between these components, shape ``(out channels, in channels, cells)``."""
        functions: torch.Tensor = self.functions  # type: ignore[assignment]
        outs, ins = self._copies
        blocks, width, count = self._blocks, self._width, functions.shape[1]
        weights = weights[self._range[0] : self._range[1]]
        if self._free:
            row = weights.view(outs, ins * self._in_size, count)
        else:
            row = weights.view(outs * ins, -1) @ self.coefficients  # type: ignore[operator]
            row = row.view(outs, ins, width, self._in_size, count).transpose(1, 2)
            row = row.reshape(outs * width, ins * self._in_size, count)
        # The weights are small: carry them to every row first, and meet the functions of that row last.
        if self._moves == "gather":
            carried = row.index_select(1, self.gather)  # type: ignore[arg-type]
            carried = carried.view(outs, width, blocks, ins * self._in_size, count)
        elif self._moves == "dense":
            split = row.view(outs, width, ins, self._in_size, count)
            carried = torch.einsum("owibf,acb->owaicf", split, self.dense)  # type: ignore[arg-type]
            carried = carried.reshape(outs, width, blocks, ins * self._in_size, count)
        else:
            carried = row.view(outs, width, 1, ins * self._in_size, count)
        turned = torch.einsum("avw,owacf->oavcf", self.transport, carried) if self._turns else carried.transpose(1, 2)  # type: ignore[arg-type]
        turned = turned.reshape(outs, blocks, width * ins * self._in_size, count)
        filters = turned.view(-1, count) @ functions[0] if blocks == 1 else turned @ functions
        return filters.view(outs * blocks * width, ins * self._in_size, -1)


class KernelExpansion(ConstantModule):
    """The linear map from the flat weights of a layer to its filter.

    Args:
        plan: its constants.
    """

    def __init__(self, plan: ExpansionPlan) -> None:
        super().__init__()
        self._plan = _Shared(plan)
        self._rows: list[list[str]] = []
        for r, row in enumerate(plan.pairs):
            names = []
            for c, pair in enumerate(row):
                if pair.rows.size:
                    name = f"pair_{r}_{c}"
                    self.add_module(name, _PairExpansion(pair))
                    names.append(name)
                else:
                    names.append("")
            self._rows.append(names)
        for name, order in (("out_order", plan.out_order), ("in_order", plan.in_order)):
            if order is not None:
                self.register_constant(name, order)

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
        if weights.device.type != "meta" and torch.is_autocast_enabled(weights.device.type):
            # In full precision: autocast would round the basis, and with it the symmetry.
            with torch.autocast(weights.device.type, enabled=False):
                return self._expanded(weights)
        return self._expanded(weights)

    def _expanded(self, weights: torch.Tensor) -> torch.Tensor:
        plan = self.plan
        rows = []
        for names, pairs in zip(self._rows, plan.pairs, strict=True):
            parts = []
            for name, pair in zip(names, pairs, strict=True):
                if name:
                    parts.append(self._modules[name](weights))  # type: ignore[misc]
                else:
                    parts.append(weights.new_zeros(pair.target.channels.size, pair.source.channels.size, plan.cells))
            rows.append(parts[0] if len(parts) == 1 else torch.cat(parts, dim=1))
        filters = rows[0] if len(rows) == 1 else torch.cat(rows, dim=0)
        if plan.in_order is not None:
            filters = filters.index_select(1, self.in_order)  # type: ignore[arg-type]
        if plan.out_order is not None:
            filters = filters.index_select(0, self.out_order)  # type: ignore[arg-type]
        return filters

    def variances(self) -> torch.Tensor:
        """The variance of each weight for which the layer keeps the variance of white input, shape ``(dimension(),)``.

        Each kind of input component contributes in proportion to its channels, each of its weights equally:
        closed form, from the energies of the basis (He et al., "Delving deep into rectifiers", 2015, for this basis).
        """
        plan = self.plan
        result = torch.empty(plan.weights, dtype=torch.float64)
        for row in plan.pairs:
            present = [pair for pair in row if pair.rows.size]
            channels = sum(pair.source.channels.size for pair in present)
            for pair in present:
                share = pair.source.channels.size / channels
                result[pair.start : pair.stop] = share / (pair.source.copies * pair.energy)
        return result

    def get_basis_info(self) -> Iterator[dict[str, Any]]:
        """Attributes of each weight in turn: its ring and order (where its kernel has one), and its kinds of fields."""
        number = 0
        for row in self.plan.pairs:
            for pair in row:
                yield from _describe(pair, self.plan, number)
                number = pair.stop


class _Shared:
    """A plan, shared by the copies of a layer."""

    def __init__(self, plan: ExpansionPlan) -> None:
        self.plan = plan

    def __deepcopy__(self, memo: dict[int, object]) -> _Shared:
        return self


def _describe(pair: PairPlan, plan: ExpansionPlan, number: int) -> Iterator[dict[str, Any]]:
    blocks = plan.scalars.blocks
    of_function = [i for i, (_, _, rows) in enumerate(blocks) for _ in range(rows.stop - rows.start)]
    for out_copy in range(pair.target.copies):
        for in_copy in range(pair.source.copies):
            for position in range(pair.rows.size):
                where = (
                    of_function[position % len(of_function)]
                    if pair.rows.functions is None
                    else pair.rows.functions[position]
                )
                ring, order, _ = blocks[int(where)]
                yield {
                    "id": number,
                    "radius": ring.radius,
                    "sigma": ring.sigma,
                    "irrep:frequency": order,
                    "shape": (pair.target.component.size, pair.source.component.size),
                    "out_channels": tuple(int(c) for c in pair.target.channels[out_copy]),
                    "in_channels": tuple(int(c) for c in pair.source.channels[in_copy]),
                }
                number += 1


class FilterCache:
    """The last expanded filter, good only while the weights equal the copy that it was made of.

    Version counters miss fused optimisers and writes through ``.data``, so values are compared. It is never saved, copied or
    traced.
    """

    def __init__(self) -> None:
        self._weights: torch.Tensor | None = None
        self._filter: torch.Tensor | None = None

    def clear(self) -> None:
        """Forgets the filter."""
        self._weights = self._filter = None

    def get(self, weights: torch.Tensor, expand: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """The filter of these weights, from memory where that is safe.

        Args:
            weights: flat weights.
            expand: makes the filter of them.
        """
        if not self._safe(weights):
            return expand(weights)
        held = self._weights
        if (
            held is None
            or self._filter is None
            or held.dtype != weights.dtype
            or held.device != weights.device
            or not torch.equal(held, weights)
        ):
            self._filter = expand(weights)
            self._weights = weights.detach().clone()
        return self._filter

    @staticmethod
    def _safe(weights: torch.Tensor) -> bool:
        return not (
            torch.is_grad_enabled()
            or torch.compiler.is_compiling()
            or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]
            or type(weights) not in (torch.Tensor, torch.nn.Parameter)
            or weights.device.type == "meta"
            or torch._C._functorch.is_functorch_wrapped_tensor(weights)  # pyright: ignore[reportAttributeAccessIssue]
        )

    def __reduce__(self) -> tuple[type[FilterCache], tuple[()]]:
        return (FilterCache, ())

    def __deepcopy__(self, memo: dict[int, object]) -> FilterCache:
        return FilterCache()
