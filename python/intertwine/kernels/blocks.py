"""The expansion between sums of irreps: blocks of one shape in one batched product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.expansion_plan import ComponentKind, ExpansionPlan

_SAMPLE_UP_TO = 2**20
"""Bases that have at most so many numbers are sampled once."""


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
                        basis[number, :count] = pair.basis.sampled(pair.functions[0]).reshape(count, -1)
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
        """Whether all components are irreps, and their sampled bases hold at most ``_SAMPLE_UP_TO`` numbers.

        Args:
            plan: the constants.
        """
        pairs = [pair for row in plan.pairs for pair in row]
        if any(pair.target.component.count > 1 or pair.basis.coefficients is None for pair in pairs):
            return False
        sizes = [(pair.basis.size, pair.target.component.size, pair.source.component.size) for pair in pairs]
        widest = max(a for a, _, _ in sizes) * max(b for _, b, _ in sizes) * max(c for _, _, c in sizes)
        return widest * len(pairs) * plan.cells <= _SAMPLE_UP_TO

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
