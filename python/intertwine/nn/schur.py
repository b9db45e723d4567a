"""Linear maps of channels by Schur's lemma: one small matrix for each irrep instead of one large one for all channels."""

from __future__ import annotations

import numpy as np
import torch

from intertwine.group.representation import Representation
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.plan import ExpansionPlan
from intertwine.kernels.precision import exactly

_ADVANTAGE = 4.5
"""The block form must need this many times fewer multiplications: its blocks are small, and it copies the features twice."""

_POINTS = 1024
"""Below so many vectors the time goes into the overhead of many small products."""


class SchurBlocks(ConstantModule):
    """A matrix W with rho_out(g) W = W rho_in(g), applied in the coordinates of the irreps.

    With rho = Q (sum of irreps) Q^T for every field, W is zero there between different irreps, and between the copies of one
    irrep it is one number times an endomorphism (Schur's lemma). For F regular fields of a group G this needs
    F |G|^2 + F^2 sum d^3 multiplications a point instead of F^2 |G|^2.

    Args:
        plan: the basis of W; the fields of the input have one representation, and so have those of the output.
    """

    def __init__(self, plan: ExpansionPlan) -> None:
        super().__init__()
        sources, targets = plan.source.representations, plan.target.representations
        self._fields = (len(targets), len(sources))
        group = sources[0].group
        inside, outside = _sorted_basis(sources[0]), _sorted_basis(targets[0])
        self.register_constant("inside", inside[0])
        self.register_constant("outside", outside[0])
        self._sizes = (targets[0].size, sources[0].size)
        # For each irrep: its size, whether a number will do, and copies and start in the output and in the input.
        self._parts: list[tuple[int, bool, int, int, int, int]] = []
        for id, (out_copies, out_start) in outside[1].items():
            in_copies, in_start = inside[1].get(id, (0, 0))
            irrep = group.irrep(*id)
            simple = irrep.sum_of_squares_constituents == 1
            self._parts.append((irrep.size, simple, out_copies, out_start, in_copies, in_start))

    @staticmethod
    def pays(plan: ExpansionPlan) -> bool:
        """Whether the block form needs so many fewer multiplications that it is faster.

        Args:
            plan: the basis of a matrix.
        """
        sources, targets = plan.source.representations, plan.target.representations
        if any(r is not sources[0] and r != sources[0] for r in sources):
            return False
        if any(r is not targets[0] and r != targets[0] for r in targets):
            return False
        n, m = sources[0].size, targets[0].size
        cost = len(sources) * n * n + len(targets) * m * m
        group = sources[0].group
        for id in set(sources[0].irreps) & set(targets[0].irreps):
            irrep = group.irrep(*id)
            block = len(sources) * sources[0].multiplicity(id) * len(targets) * targets[0].multiplicity(id)
            cost += block * irrep.size * (1 if irrep.sum_of_squares_constituents == 1 else irrep.size)
        return len(sources) * n * len(targets) * m > _ADVANTAGE * cost

    @staticmethod
    def worth(tensor: torch.Tensor) -> bool:
        """Whether there are vectors enough in the features.

        Args:
            tensor: shape ``(batch, channels, *space)``.
        """
        return tensor.numel() >= _POINTS * tensor.shape[1] and not torch.is_autocast_enabled(tensor.device.type)

    def blocks(self, matrix: torch.Tensor) -> torch.Tensor:
        """The numbers of all blocks of a matrix, one after the other.

        Args:
            matrix: W, shape ``(out channels, in channels)``.
        """
        outs, ins = self._fields
        m, n = self._sizes
        with exactly(matrix):
            inner = matrix.view(outs, m, ins * n).transpose(1, 2) @ self.outside  # type: ignore[operator]
            inner = inner.view(outs, ins, n, m).transpose(2, 3) @ self.inside  # type: ignore[operator]
        parts = []
        for size, simple, out_copies, out_start, in_copies, in_start in self._parts:
            if not in_copies:
                continue
            block = inner[:, :, out_start : out_start + out_copies * size, in_start : in_start + in_copies * size]
            block = block.reshape(outs, ins, out_copies, size, in_copies, size)
            if simple:
                parts.append(block.diagonal(dim1=3, dim2=5).mean(-1).permute(0, 2, 1, 3).reshape(-1))
            else:
                parts.append(block.permute(0, 2, 3, 1, 4, 5).reshape(-1))
        return torch.cat(parts)

    def forward(self, blocks: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        """W applied to the channels of features.

        Args:
            blocks: from ``blocks``.
            tensor: shape ``(batch, channels, *space)``.

        Returns:
            shape ``(batch, out channels, *space)``.
        """
        outs, ins = self._fields
        m, n = self._sizes
        space = tensor.shape[2:]
        # Plain vectors are columns of one matrix.
        columns = tensor.flatten(2) if space else tensor.T[None]
        batch, _, points = columns.shape
        inner = self.inside.T @ columns.reshape(batch, ins, n, points)  # type: ignore[operator, union-attr]
        rows, start = [], 0
        for size, simple, out_copies, _, in_copies, in_start in self._parts:
            if not in_copies:
                rows.append(inner.new_zeros(batch, outs, out_copies * size, points))
                continue
            width = 1 if simple else size
            shape = (outs * out_copies * width, ins * in_copies * width)
            block = blocks[start : start + shape[0] * shape[1]].view(shape)
            start += shape[0] * shape[1]
            part = inner[:, :, in_start : in_start + in_copies * size]
            part = part.reshape(batch, shape[1], size // width * points)
            rows.append((block @ part).view(batch, outs, out_copies * size, points))
        result = self.outside @ torch.cat(rows, dim=2)  # type: ignore[operator]
        result = result.view(batch, outs * m, points)
        return result.view(batch, outs * m, *space) if space else result[0].T


def _sorted_basis(
    representation: Representation,
) -> tuple[np.ndarray, dict[tuple[int, ...], tuple[int, int]]]:
    """Q with the copies of each irrep side by side, and for each irrep the number of its copies and its first column."""
    columns: dict[tuple[int, ...], list[int]] = {}
    start = 0
    for id in representation.irreps:
        size = representation.group.irrep(*id).size
        columns.setdefault(id, []).extend(range(start, start + size))
        start += size
    where, first = {}, 0
    for id, numbers in columns.items():
        where[id] = (len(numbers) // representation.group.irrep(*id).size, first)
        first += len(numbers)
    order = [number for numbers in columns.values() for number in numbers]
    return representation.change_of_basis[:, order], where
