"""The expansion between kinds of components: pair by pair, or all pairs of irreps of one shape in one batched product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from intertwine.kernels.cells import KEEP_UP_TO, BandProduct, CellFunctions
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.expansion_plan import ComponentKind, ExpansionPlan, PairPlan
from intertwine.kernels.kernel_basis import RowBasis
from intertwine.kernels.orbits import Angular

_CARRY_UP_TO = 2**16
"""Scalar functions that have at most so many numbers are carried to each block when the module is built. Otherwise the
coefficients are turned at each call."""

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
        if numbers * self._width * self._in_size > KEEP_UP_TO:
            return None
        tables = []
        for band in functions.bands:
            cells = functions.order[band.cells]
            values = basis.sampled(lambda block, at=cells: functions.factors.products(block, at), band.functions)
            tables.append((basis.touched(band.functions), values.reshape(len(values), -1, len(cells))))
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
        whole = np.zeros((self._blocks, count, count))
        for _, order, where in blocks:
            whole[:, where, where] = turns[order]
        self.register_constant("turn", whole @ functions.dense if is_few else whole)
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
            values = values @ self.turn.transpose(1, 2)  # type: ignore[operator, union-attr]
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


@dataclass(frozen=True, eq=False)
class _KindBatch:
    """Kinds of one size that occur equally often.

    Attributes:
        numbers: the numbers of the kinds in their layout.
        copies: how often each occurs.
        size: the size of each component.
    """

    numbers: tuple[int, ...]
    copies: int
    size: int


def _batches_of(kinds: tuple[ComponentKind, ...]) -> list[_KindBatch]:
    found: dict[tuple[int, int], list[int]] = {}
    for number, kind in enumerate(kinds):
        found.setdefault((kind.copies, kind.component.size), []).append(number)
    return [_KindBatch(tuple(numbers), copies, size) for (copies, size), numbers in found.items()]


class _Side:
    """The channels of the input or of the output, batch by batch.

    Where all kinds occur equally often, as in equal fields, the copies are the outermost axis: then most types need no
    reordering in the end.
    """

    def __init__(self, kinds: tuple[ComponentKind, ...]) -> None:
        self.batches = _batches_of(kinds)
        self.copies_outermost = len({kind.copies for kind in kinds}) == 1
        parts = [
            np.stack([kinds[number].channels for number in batch.numbers], axis=1 if self.copies_outermost else 0)
            for batch in self.batches
        ]
        if self.copies_outermost:
            channels = np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1).ravel()
        else:
            channels = np.concatenate([part.ravel() for part in parts])
        self.size = len(channels)
        self.permutation = None if (channels == np.arange(len(channels))).all() else np.argsort(channels)

    def split(self, batch: _KindBatch) -> tuple[int, int]:
        """The copies of the kinds of a batch, if they are an axis of their own, and the other channels."""
        copies = batch.copies if self.copies_outermost else 1
        return copies, len(batch.numbers) * batch.size * batch.copies // copies


class BlockExpansion(ConstantModule):
    """The map from flat weights to the filter between irreps.

    Pairs of irreps of equal sizes and numbers of copies have blocks of one shape: one batched product makes them all, and one
    permutation puts them in place. Shorter bases of a batch are filled up with zeros.

    Args:
        plan: its constants; ``is_applicable(plan)`` holds.
    """

    def __init__(self, plan: ExpansionPlan) -> None:
        super().__init__()
        self._out, self._in = _Side(plan.target.kinds), _Side(plan.source.kinds)
        self._cells = plan.cells
        everything = slice(0, plan.scalars.size)
        taken: list[np.ndarray] = []
        # For each pair of batches the number of basis elements, 0 if there is none.
        self._elements: list[list[int]] = []
        for i, outs in enumerate(self._out.batches):
            counts = []
            for j, ins in enumerate(self._in.batches):
                pairs = [plan.pairs[r][c] for r in outs.numbers for c in ins.numbers]
                elements = max(pair.basis.size for pair in pairs)
                counts.append(elements)
                if not elements:
                    continue
                basis = np.zeros((len(pairs), elements, outs.size * ins.size * plan.cells))
                index = np.zeros((len(pairs), outs.copies * ins.copies, elements), dtype=np.int64)
                for number, pair in enumerate(pairs):
                    count = pair.basis.size
                    if count:
                        basis[number, :count] = pair.basis.sampled(
                            plan.functions.dense.__getitem__, everything
                        ).reshape(count, -1)
                    index[number, :, :count] = pair.start + np.arange(pair.stop - pair.start).reshape(
                        outs.copies * ins.copies, count
                    )
                self.register_constant(f"basis_{i}_{j}", basis)
                taken.append(index.ravel())
            self._elements.append(counts)
        index = np.concatenate(taken)
        self._in_order = len(index) == plan.weights and bool((index == np.arange(len(index))).all())
        if not self._in_order:
            self.register_constant("index", index)
        for axis, side in enumerate((self._out, self._in)):
            if side.permutation is not None:
                self.register_constant(f"order_{axis}", side.permutation)

    @staticmethod
    def is_applicable(plan: ExpansionPlan) -> bool:
        """Whether all components are irreps, and their sampled bases hold at most ``KEEP_UP_TO`` numbers.

        Args:
            plan: the constants.
        """
        pairs = [pair for row in plan.pairs for pair in row]
        if any(pair.target.component.count > 1 or pair.basis.solutions is None for pair in pairs):
            return False
        sizes = [(pair.basis.size, pair.target.component.size, pair.source.component.size) for pair in pairs]
        widest = max(a for a, _, _ in sizes) * max(b for _, b, _ in sizes) * max(c for _, _, c in sizes)
        return widest * len(pairs) * plan.cells <= KEEP_UP_TO

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter in the order of the channels, shape ``(out channels, in channels, cells)``.

        Args:
            weights: flat.
        """
        spread = weights if self._in_order else weights.index_select(0, self.index)  # type: ignore[arg-type]
        rows, start = [], 0
        for i, outs in enumerate(self._out.batches):
            row = []
            for j, ins in enumerate(self._in.batches):
                shape = (len(outs.numbers), len(ins.numbers), outs.copies, ins.copies, outs.size, ins.size, self._cells)
                split = (*self._out.split(outs), *self._in.split(ins), self._cells)
                elements = self._elements[i][j]
                if not elements:
                    row.append(weights.new_zeros(split))
                    continue
                count = shape[0] * shape[1] * shape[2] * shape[3] * elements
                part = spread[start : start + count].view(shape[0] * shape[1], shape[2] * shape[3], elements)
                start += count
                values = (part @ getattr(self, f"basis_{i}_{j}")).view(shape)
                out_axes = (2, 0, 4) if self._out.copies_outermost else (0, 2, 4)
                in_axes = (3, 1, 5) if self._in.copies_outermost else (1, 3, 5)
                row.append(values.permute(*out_axes, *in_axes, 6).reshape(split))
            rows.append(row[0] if len(row) == 1 else torch.cat(row, dim=3))
        filters = rows[0] if len(rows) == 1 else torch.cat(rows, dim=1)
        filters = filters.reshape(self._out.size, self._in.size, self._cells)
        if self._in.permutation is not None:
            filters = filters.index_select(1, self.order_1)  # type: ignore[arg-type]
        if self._out.permutation is not None:
            filters = filters.index_select(0, self.order_0)  # type: ignore[arg-type]
        return filters
