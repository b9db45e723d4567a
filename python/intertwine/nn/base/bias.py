"""Biases: the invariant vectors of a field type."""

from __future__ import annotations

import numpy as np
import torch

from intertwine.fields import FieldType
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.torch_modes import without_autocast


class BiasExpansion(ConstantModule):
    """The map from one number for each trivial irrep in a type to a bias for each channel: Hom_G(1, rho).

    Args:
        out_type: the type.
    """

    def __init__(self, out_type: FieldType) -> None:
        super().__init__()
        columns, rows, values = [], [], []
        count, start = 0, 0
        for representation in out_type.representations:
            position = 0
            for id in representation.irreps:
                irrep = representation.group.irrep(*id)
                if irrep.is_trivial():
                    column = representation.change_of_basis[:, position]
                    used = np.flatnonzero(column)
                    rows.append(start + used)
                    columns.append(np.full(len(used), count))
                    values.append(column[used])
                    count += 1
                position += irrep.size
            start += representation.size
        self.count = count
        self._size = out_type.size
        if count:
            row, column, value = np.concatenate(rows), np.concatenate(columns), np.concatenate(values)
            # Most types have one invariant vector a field, so that no channel belongs to two numbers: then it is a gather.
            self._gather = len(np.unique(row)) == len(row)
            if self._gather:
                number, scale = np.zeros(start, dtype=np.int64), np.zeros(start)
                number[row], scale[row] = column, value
                self.register_constant("number", number)
                self.register_constant("scale", scale)
            else:
                dense = np.zeros((start, count))
                dense[row, column] = value
                self.register_constant("matrix", dense)

    def forward(self, bias: torch.Tensor) -> torch.Tensor:
        """The bias of each channel, shape ``(out_type.size,)``.

        Args:
            bias: one number for each trivial irrep.
        """
        if self._gather:
            return bias.index_select(0, self.number) * self.scale  # type: ignore[arg-type]
        with without_autocast(bias):
            return self.matrix @ bias  # type: ignore[operator]

    def project(self, channels: torch.Tensor) -> torch.Tensor:
        """The invariant part of one value for each channel, as one number for each trivial irrep: the transposed map.

        Args:
            channels: shape ``(out_type.size,)``.
        """
        if self._gather:
            zeros = channels.new_zeros(self.count)
            return zeros.index_add(0, self.number, channels * self.scale.to(channels.dtype))  # type: ignore[arg-type, operator, union-attr]
        with without_autocast(channels):
            return self.matrix.T.to(channels.dtype) @ channels  # type: ignore[operator, union-attr]
