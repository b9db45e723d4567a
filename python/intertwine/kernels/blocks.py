"""The expansion between kinds of components: pair by pair, or all pairs of one shape in one batched product."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch

from intertwine.kernels.cells import KEEP_UP_TO, BandProduct, CellFunctions
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.expansion_plan import ExpansionPlan, PairPlan
from intertwine.kernels.kernel_basis import RowBasis
from intertwine.kernels.orbits import Angular
from intertwine.kernels.ring_functions import ScalarBasis

_CARRY_UP_TO = 2**17
"""Scalar functions that have at most so many numbers are carried to each block when the module is built. Otherwise the
coefficients are turned at each call."""

_PLACE_UP_TO = 2**17
"""A filter of at most so many numbers is put in place row by row. Of a larger one the weights are, which are fewer."""

_MULTIPLY_UP_TO = 2**22
"""So many multiplications by zeros take no longer than the steps that they replace."""

_TURN_UP_TO = 64
"""So many functions of the plane are turned by one matrix; more of them pair by pair."""


class _Coefficients(ConstantModule):
    """The map from the weights of a pair of kinds to coefficients of the scalar functions, for a basis that is not free.

    A small basis is one matrix. A larger one has a matrix for each ring and order; together they are one batched product.
    """

    def __init__(self, basis: RowBasis) -> None:
        super().__init__()
        width, channels, functions = basis.shape
        solutions = basis.solutions or ()
        self._is_whole = basis.size * width * channels * functions <= KEEP_UP_TO
        if self._is_whole and basis.coefficients is not None:
            self.register_constant("matrix", basis.coefficients.reshape(basis.size, -1))
            return
        most, widest = max(map(len, solutions)), max(where.stop - where.start for where in basis.blocks)
        batch = np.zeros((len(solutions), most, width, channels, widest))
        # Places that are left over take any number: it is multiplied by 0.
        take, back = np.zeros((len(solutions), most), dtype=np.int64), np.empty(basis.size, dtype=np.int64)
        put, place = np.zeros((len(solutions), widest), dtype=np.int64), np.empty(functions, dtype=np.int64)
        for number, (start, where, part) in enumerate(zip(basis.starts, basis.blocks, solutions, strict=False)):
            count, size = len(part), where.stop - where.start
            batch[number, :count, :, :, :size] = part
            take[number, :count] = start + np.arange(count)
            back[start : start + count] = number * most + np.arange(count)
            put[number, :size] = np.arange(where.start, where.stop)
            place[where] = number * widest + np.arange(size)
        self.register_constant("batch", batch.reshape(len(solutions), most, -1))
        for name, index in (("take", take), ("back", back), ("put", put), ("place", place)):
            self.register_constant(name, index.ravel())

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The coefficients, shape ``(rows, width * channels * functions)``.

        Args:
            weights: shape ``(rows, elements)``.
        """
        if self._is_whole:
            return weights @ self.matrix  # type: ignore[operator]
        batch: torch.Tensor = self.batch  # type: ignore[assignment]
        rows, (blocks, most, _), widest = len(weights), batch.shape, len(self.put) // len(batch)  # type: ignore[arg-type]
        taken = weights.index_select(1, self.take).view(rows, blocks, most)  # type: ignore[arg-type]
        values = (taken.transpose(0, 1) @ batch).view(blocks, rows, -1, widest).permute(1, 2, 0, 3)
        return values.reshape(-1, blocks * widest).index_select(1, self.place).view(rows, -1)  # type: ignore[arg-type]

    def adjoint(self, values: torch.Tensor) -> torch.Tensor:
        """What the transposed map makes, shape ``(rows, elements)``.

        Args:
            values: shape ``(rows, width * channels * functions)``.
        """
        if self._is_whole:
            return values @ self.matrix.T  # type: ignore[operator]
        batch: torch.Tensor = self.batch  # type: ignore[assignment]
        rows, blocks, widest = len(values), len(batch), len(self.put) // len(batch)  # type: ignore[arg-type]
        put = values.view(-1, len(self.place)).index_select(1, self.put)  # type: ignore[arg-type]
        put = put.view(rows, -1, blocks, widest).permute(2, 0, 1, 3).reshape(blocks, rows, -1)
        taken = (put @ batch.transpose(1, 2)).transpose(0, 1).reshape(rows, -1)
        return taken.index_select(1, self.back)  # type: ignore[arg-type]


def whole_turns(scalars: ScalarBasis, turns: dict[Angular, np.ndarray]) -> np.ndarray:
    """How all functions are carried to each block, shape ``(blocks, functions, functions)``.

    Args:
        scalars: the functions.
        turns: the matrices by order.
    """
    whole = np.zeros((len(next(iter(turns.values()))), scalars.size, scalars.size))
    for _, order, where in scalars.blocks:
        whole[:, where, where] = turns[order]
    return whole


class PairExpansion(ConstantModule):
    """The expansion for all pairs of one kind of input and one kind of output component.

    Args:
        plan: the constants of the layer.
        pair: those of these components.

    Attributes:
        needs_product: whether the coefficients are multiplied by the scalar functions at the cells.
    """

    def __init__(self, plan: ExpansionPlan, pair: PairPlan) -> None:
        super().__init__()
        basis = pair.basis
        self._range = (pair.start, pair.stop)
        self._copies = (pair.target.copies, pair.source.copies)
        self._blocks, self._width = pair.target.component.count, pair.target.component.width
        self._in_size, self._count = pair.source.component.size, plan.scalars.size
        self._sampled = self._sample(plan.functions, basis) if self._blocks == 1 else None
        self._coefficients = None
        if self._sampled is None and basis.solutions is not None:
            self._coefficients = _Coefficients(basis)
        self._moves = "gather" if pair.gather is not None else "dense" if pair.dense is not None else ""
        if pair.gather is not None:
            steps = np.arange(self._copies[1])[:, None] * self._in_size
            index = (pair.gather[:, None, :] + steps).reshape(self._blocks, -1)
            back = np.argsort(index, axis=1) + index.shape[1] * np.arange(self._blocks)[:, None]
            self.register_constant("gather", index.ravel())
            self.register_constant("back", back.ravel())
        if pair.dense is not None:
            self.register_constant("dense", pair.dense)
        self._mixes = pair.transport is not None
        if pair.transport is not None:
            self.register_constant("transport", pair.transport)
        self._turns = "" if pair.turns is None else self._set_turns(plan, pair.turns)
        self.needs_product = self._sampled is None and self._turns != "carried" and not plan.functions.is_identity

    def _sample(self, functions: CellFunctions, basis: RowBasis) -> BandProduct | None:
        """The basis at the cells, if it is not free and takes little memory."""
        if basis.solutions is None:
            return None
        numbers = 0
        for band in functions.bands:
            elements = basis.touched(band.functions)
            numbers += (elements.stop - elements.start) * (band.cells.stop - band.cells.start)
        # The elements are far fewer than the functions that they are made of.
        if numbers * self._width * self._in_size > 2 * KEEP_UP_TO:
            return None
        tables = []
        for band in functions.bands:
            cells = functions.order[band.cells]
            values = basis.sampled(lambda block, at=cells: functions.factors.products(block, at), band.functions)
            tables.append(
                (basis.touched(band.functions), values.reshape(len(values), self._width * self._in_size, len(cells)))
            )
        return BandProduct(functions, tables, basis.size)

    def _set_turns(self, plan: ExpansionPlan, turns: dict[Angular, np.ndarray]) -> str:
        """How the coefficients are turned for each block, or the functions, where there are few."""
        blocks, count, functions = plan.scalars.blocks, self._count, plan.functions
        is_few = self._blocks * count * functions.shape[1] <= _CARRY_UP_TO and not functions.is_identity
        if count > _TURN_UP_TO and not is_few and all(turn.shape[1] <= 2 for turn in turns.values()):
            direct, cross = np.zeros((2, self._blocks, count))
            partner = np.arange(count)
            for _, order, where in blocks:
                turn = turns[order]
                direct[:, where] = np.einsum("aii->ai", turn)
                if turn.shape[1] == 2:
                    cross[:, where] = turn[:, (1, 0), (0, 1)]
                    partner[where] = partner[where][::-1]
            self.register_constant("direct", direct[:, None])
            self.register_constant("cross", cross[:, None])
            self.register_constant("partners", np.concatenate([np.arange(count), partner]))
            return "pairs"
        whole = whole_turns(plan.scalars, turns)
        if is_few:
            whole = whole @ functions.dense
            if self._copies[0] * whole.size <= _CARRY_UP_TO:
                # A batched product would make these copies at each call.
                whole = np.broadcast_to(whole, (self._copies[0], *whole.shape))
        self.register_constant("turn", whole)
        return "carried" if is_few else "matrix"

    def _spread(self, values: torch.Tensor) -> torch.Tensor:
        """The axes in the order of the filter: from (copies, width, channels, ...) to ``(out rows, in channels, ...)``."""
        outs, ins = self._copies
        values = values.view(outs, ins, self._width, self._in_size, -1).transpose(1, 2)
        return values.reshape(outs * self._width, ins * self._in_size, -1)

    def _gathered(self, values: torch.Tensor) -> torch.Tensor:
        """The axes back in the order of the copies, shape ``(copies, ...)``."""
        outs, ins = self._copies
        values = values.view(outs, self._width, ins, self._in_size, -1).transpose(1, 2)
        return values.reshape(outs * ins, -1)

    def forward(self, weights: torch.Tensor, product: BandProduct | None) -> torch.Tensor:
        """The filter between these components, shape ``(out channels, in channels, cells)``.

        Args:
            weights: flat, of the layer.
            product: with the scalar functions at the cells.
        """
        outs, ins = self._copies
        blocks, width, channels, count = self._blocks, self._width, ins * self._in_size, self._count
        weights = weights[self._range[0] : self._range[1]]
        if self._sampled is not None:
            return self._spread(self._sampled(weights.view(outs * ins, -1)))
        if self._coefficients is None:
            row = weights.view(outs, channels, count)
        else:
            row = self._spread(self._coefficients(weights.view(outs * ins, -1)))
        if self._turns == "pairs":
            # The second half are the partners, by which each is turned.
            row = row.index_select(2, self.partners)  # type: ignore[arg-type]
        # The weights are small: they are carried to every row first, then multiplied by the functions of that row.
        if self._moves == "gather":
            row = row.index_select(1, self.gather)  # type: ignore[arg-type]
            values = row.view(outs, width, blocks, channels, -1)
        elif self._moves == "dense":
            split = row.view(outs, width, ins, self._in_size, -1)
            values = torch.einsum("owibf,acb->owaicf", split, self.dense)  # type: ignore[arg-type]
            values = values.reshape(outs, width, blocks, channels, -1)
        else:
            values = row.view(outs, width, 1, channels, -1)
        if self._mixes:
            values = torch.einsum("avw,owacf->oavcf", self.transport, values)  # type: ignore[arg-type]
        else:
            values = values.transpose(1, 2)
        values = values.reshape(outs, blocks, width * channels, -1)
        if self._turns == "pairs":
            values = torch.addcmul(values[..., :count] * self.direct, values[..., count:], self.cross)  # type: ignore[operator, arg-type]
        elif self._turns:
            values = values @ self.turn  # type: ignore[operator]
        if product is not None and self.needs_product:
            values = product(values.view(-1, count))
        return values.view(outs * blocks * width, channels, -1)

    def adjoint(self, filters: torch.Tensor, product: BandProduct | None) -> torch.Tensor:
        """What the transposed map makes, the weights of this pair, flat.

        Args:
            filters: shape ``(out channels, in channels, cells)``.
            product: with the scalar functions at the cells.
        """
        outs, ins = self._copies
        blocks, width, channels, count = self._blocks, self._width, ins * self._in_size, self._count
        if self._sampled is not None:
            return self._sampled.adjoint(self._gathered(filters).view(outs * ins, width * self._in_size, -1)).flatten()
        values = filters
        if product is not None and self.needs_product:
            values = product.adjoint(values.reshape(outs * blocks * width * channels, 1, -1))
        values = values.reshape(outs, blocks, width * channels, -1)
        if self._turns == "pairs":
            values = torch.cat([values * self.direct, values * self.cross], dim=3)  # type: ignore[operator]
        elif self._turns:
            values = values @ self.turn.mT  # type: ignore[operator, union-attr]
        values = values.view(outs, blocks, width, channels, -1)
        if self._mixes:
            values = torch.einsum("avw,oavcf->owacf", self.transport, values)  # type: ignore[arg-type]
        else:
            values = values.transpose(1, 2)
        if self._moves == "gather":
            values = values.reshape(outs * width, blocks * channels, -1).index_select(1, self.back)  # type: ignore[arg-type]
            values = values.view(outs * width, blocks, channels, -1).sum(1)
        elif self._moves == "dense":
            split = values.reshape(outs, width, blocks, ins, self._in_size, -1)
            values = torch.einsum("owaicf,acb->owibf", split, self.dense)  # type: ignore[arg-type]
        values = values.reshape(outs * width, channels, -1)
        if self._turns == "pairs":
            values = values[..., :count] + values[..., count:].index_select(2, self.partners[count:])  # type: ignore[index]
        if self._coefficients is None:
            return values.flatten()
        return self._coefficients.adjoint(self._gathered(values)).flatten()


class _Rows(NamedTuple):
    """The filter of a pair of kinds as one product, in rows of all cells that are put in place afterwards.

    Attributes:
        pair: the pair.
        table: what the weights are multiplied by, shape ``(elements, rows of an element, cells)``.
        places: the number of each row in the filter, shape ``(groups of weights, rows of an element)``.
    """

    pair: PairPlan
    table: np.ndarray
    places: np.ndarray


def _is_carried_by_rows(pair: PairPlan) -> bool:
    """Whether every row of the filter is a free combination of scalar functions, carried to a block."""
    return pair.basis.solutions is None and pair.dense is None and pair.transport is None


def _rows_of(plan: ExpansionPlan, pair: PairPlan) -> _Rows:
    outs, ins, channels = pair.target.channels, pair.source.channels, plan.source.size
    if _is_carried_by_rows(pair):
        functions = plan.functions.dense
        carried = functions[None] if pair.turns is None else whole_turns(plan.scalars, pair.turns) @ functions
        gather = np.arange(ins.shape[1])[None] if pair.gather is None else pair.gather
        to = np.argsort(gather, axis=1).T
        places = outs[:, None, None, :] * channels + ins[None][..., to]
        return _Rows(pair, carried.transpose(1, 0, 2), places.reshape(-1, len(carried)))
    places = (outs[:, None, :, None] * channels + ins[None, :, None, :]).reshape(len(outs) * len(ins), -1)
    size = pair.basis.size
    if pair.target.component.count == 1:
        table = pair.basis.sampled(plan.functions.dense.__getitem__, slice(0, plan.scalars.size))
    else:
        # The copies of one output are the elements of the basis.
        copies = replace(pair.target, channels=np.zeros((size, outs.shape[1]), dtype=int))
        one = replace(pair, start=0, source=replace(pair.source, channels=ins[:1]), target=copies)
        with torch.no_grad(), torch.device("cpu"):
            single = PairExpansion(plan, one).to(torch.float64)
            product = BandProduct(plan.functions).to(torch.float64) if single.needs_product else None
            table = single(torch.eye(size, dtype=torch.float64).flatten(), product).numpy()
    return _Rows(pair, table.reshape(size, -1, plan.cells), places)


class BlockExpansion(ConstantModule):
    """The map from flat weights to the filter with few steps: a product for all pairs of one shape, and one permutation of rows.

    Shorter bases of a batch are filled up with zeros.

    Args:
        plan: its constants; ``is_applicable(plan)`` holds.
    """

    def __init__(self, plan: ExpansionPlan) -> None:
        super().__init__()
        self._shape = (plan.target.size, plan.source.size, plan.cells)
        alike: dict[tuple[int, ...], list[_Rows]] = {}
        for pair in (pair for row in plan.pairs for pair in row if pair.basis.size):
            rows = _rows_of(plan, pair)
            alike.setdefault(rows.places.shape, []).append(rows)
        taken, places = [], []
        self._batches: list[tuple[int, int, int]] = []
        for number, batch in enumerate(alike.values()):
            groups, most = len(batch[0].places), max(len(rows.table) for rows in batch)
            table = np.zeros((len(batch), most, batch[0].table[0].size))
            index = np.full((len(batch), groups, most), -1)
            for one, filled, rows in zip(table, index, batch, strict=True):
                one[: len(rows.table)] = rows.table.reshape(len(rows.table), -1)
                weights = np.arange(rows.pair.start, rows.pair.stop)
                filled[:, : len(rows.table)] = weights.reshape(groups, -1)
                places.append(rows.places.ravel())
            taken.append(index.ravel())
            self._batches.append((len(batch), groups, most))
            self.register_constant(f"table_{number}", table)
        index, where = np.concatenate(taken), np.concatenate(places)
        self._in_order = bool(np.array_equal(index, np.arange(plan.weights)))
        if not self._in_order:
            # Weights that are missing are multiplied by 0.
            self.register_constant("take", np.maximum(index, 0))
            back = np.empty(plan.weights, dtype=np.int64)
            back[index[index >= 0]] = np.flatnonzero(index >= 0)
            self.register_constant("take_back", back)
        # Where there is no kernel a row of zeros is taken, the last one.
        self._is_full = len(where) == plan.target.size * plan.source.size
        rows_of_filter = np.full(plan.target.size * plan.source.size, len(where))
        rows_of_filter[where] = np.arange(len(where))
        self._in_place = bool(np.array_equal(rows_of_filter, np.arange(len(where))))
        if not self._in_place:
            self.register_constant("place", rows_of_filter)
            self.register_constant("place_back", where)

    @staticmethod
    def is_applicable(plan: ExpansionPlan) -> bool:
        """Whether the tables are small, and no product takes much longer than the sparse form.

        Args:
            plan: the constants.
        """
        pairs = [pair for row in plan.pairs for pair in row]
        widest = most = whole = 0
        for pair in pairs:
            component, size = pair.target.component, pair.source.component.size
            if _is_carried_by_rows(pair):
                numbers = plan.scalars.size * component.count
                whole += pair.target.channels.size * pair.source.channels.size
            else:
                numbers = pair.basis.size * component.size * size
                if component.count > 1:
                    most += numbers * pair.source.copies * pair.target.copies
            widest = max(widest, numbers)
        return (
            widest * len(pairs) * plan.cells <= KEEP_UP_TO
            and most * plan.cells <= _MULTIPLY_UP_TO
            and whole * plan.cells <= _PLACE_UP_TO
        )

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter in the order of the channels, shape ``(out channels, in channels, cells)``.

        Args:
            weights: flat.
        """
        cells = self._shape[2]
        spread = weights if self._in_order else weights.index_select(0, self.take)  # type: ignore[arg-type]
        sizes = [batch * groups * most for batch, groups, most in self._batches]
        parts = [
            (part.view(shape) @ getattr(self, f"table_{number}")).view(-1, cells)
            for number, (part, shape) in enumerate(zip(spread.split(sizes), self._batches, strict=True))
        ]
        if not self._is_full:
            parts.append(weights.new_zeros(1, cells))
        rows = parts[0] if len(parts) == 1 else torch.cat(parts)
        if not self._in_place:
            rows = rows.index_select(0, self.place)  # type: ignore[arg-type]
        return rows.view(self._shape)

    def adjoint(self, filters: torch.Tensor) -> torch.Tensor:
        """What the transposed map makes of filters, flat weights.

        Args:
            filters: shape ``(out channels, in channels, cells)``.
        """
        rows = filters.reshape(-1, self._shape[2])
        if not self._in_place:
            rows = rows.index_select(0, self.place_back)  # type: ignore[arg-type]
        tables = [getattr(self, f"table_{number}") for number in range(len(self._batches))]
        sizes = [
            batch * groups * table.shape[2] // self._shape[2]
            for (batch, groups, _), table in zip(self._batches, tables, strict=True)
        ]
        parts = [
            (part.reshape(batch, groups, -1) @ table.transpose(1, 2)).flatten()
            for part, (batch, groups, _), table in zip(rows.split(sizes), self._batches, tables, strict=True)
        ]
        spread = parts[0] if len(parts) == 1 else torch.cat(parts)
        return spread if self._in_order else spread.index_select(0, self.take_back)  # type: ignore[arg-type]
