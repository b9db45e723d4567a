"""Linear maps of channels by Schur's lemma: one small matrix for each irrep instead of one large one for all channels."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch

from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.expansion import KernelExpansion
from intertwine.kernels.expansion_plan import ExpansionPlan
from intertwine.kernels.torch_modes import is_readable, without_autocast

_ADVANTAGE = 4.0
"""The block form is used if it needs this many times fewer multiplications, because its blocks are small and it copies the
features twice."""

_POINTS = 1024
"""The block form is used from this many positions (batch times space) on; below, the overhead of small products dominates."""


class _IrrepBlock(NamedTuple):
    """The copies of one irrep: their number and first column in the output and in the input."""

    size: int
    is_real_type: bool
    out_copies: int
    out_start: int
    in_copies: int
    in_start: int


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
        source_basis, target_basis = _sorted_basis(sources[0]), _sorted_basis(targets[0])
        self.register_constant("source_basis", source_basis[0])
        self.register_constant("target_basis", target_basis[0])
        self._sizes = (targets[0].size, sources[0].size)
        self._parts: list[_IrrepBlock] = []
        # The number of channels of each irrep of the input, in the order in which they lie side by side.
        self._widths = [copies * group.irrep(*id).size for id, (copies, _) in source_basis[1].items()]
        self._where = [list(source_basis[1]).index(id) if id in source_basis[1] else -1 for id in target_basis[1]]
        for id, (out_copies, out_start) in target_basis[1].items():
            in_copies, in_start = source_basis[1].get(id, (0, 0))
            irrep = group.irrep(*id)
            is_real_type = irrep.sum_of_squares_constituents == 1
            self._parts.append(_IrrepBlock(irrep.size, is_real_type, out_copies, out_start, in_copies, in_start))
        # For vectors the first entries of all copies of an irrep lie together, then the second ones, and so on.
        self.register_constant("source_rows", source_basis[0][:, _by_entries(group, source_basis[1])])
        self.register_constant("target_rows", target_basis[0][:, _by_entries(group, target_basis[1])])
        trivial = group.trivial_representation.id
        self._invariant = list(target_basis[1]).index(trivial) if trivial in target_basis[1] else -1
        copies, first = target_basis[1].get(trivial, (0, 0))
        self.register_constant("invariant", target_basis[0][:, first : first + copies])
        direct = _direct_blocks(plan, self)
        self._direct = direct is not None
        if direct is not None:
            self.register_constant("direct", direct)

    @staticmethod
    def is_cheaper(plan: ExpansionPlan) -> bool:
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
    def is_cheaper_for(tensor: torch.Tensor) -> bool:
        """Whether the features have enough positions for the block form.

        Args:
            tensor: shape ``(batch, channels, *space)``.
        """
        return tensor.numel() >= _POINTS * tensor.shape[1] and not torch.is_autocast_enabled(tensor.device.type)

    def blocks_from_weights(self, weights: torch.Tensor, expansion: KernelExpansion) -> torch.Tensor:
        """The numbers of all blocks of the matrix with some weights.

        Args:
            weights: flat.
            expansion: makes the matrix of them.
        """
        if not self._direct:
            return self.blocks_from_matrix(expansion(weights)[:, :, 0])
        outs, ins = self._fields
        with without_autocast(weights):
            numbers = weights.view(outs * ins, -1) @ self.direct  # type: ignore[operator]
        shapes = [(part.shape[1], part.shape[3]) for part in self._blocks_by_irrep(numbers.flatten())]
        split = numbers.split([rows * columns for rows, columns in shapes], dim=1)
        parts = [
            part.view(outs, ins, *shape).transpose(1, 2).reshape(-1) for part, shape in zip(split, shapes, strict=True)
        ]
        return torch.cat(parts)

    def blocks_from_matrix(self, matrix: torch.Tensor) -> torch.Tensor:
        """The numbers of all blocks of a matrix, one after the other.

        Args:
            matrix: W, shape ``(out channels, in channels)``.
        """
        outs, ins = self._fields
        m, n = self._sizes
        with without_autocast(matrix):
            inner = matrix.view(outs, m, ins * n).transpose(1, 2) @ self.target_basis  # type: ignore[operator]
            inner = inner.view(outs, ins, n, m).transpose(2, 3) @ self.source_basis  # type: ignore[operator]
        parts = []
        for size, is_real_type, out_copies, out_start, in_copies, in_start in self._parts:
            if not in_copies:
                continue
            block = inner[:, :, out_start : out_start + out_copies * size, in_start : in_start + in_copies * size]
            block = block.reshape(outs, ins, out_copies, size, in_copies, size)
            if is_real_type:
                parts.append(block.diagonal(dim1=3, dim2=5).mean(-1).permute(0, 2, 1, 3).reshape(-1))
            else:
                parts.append(block.permute(0, 2, 3, 1, 4, 5).reshape(-1))
        return torch.cat(parts)

    def forward(self, blocks: torch.Tensor, tensor: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """W applied to the channels of features, and an invariant bias added.

        Args:
            blocks: from ``blocks_from_weights``.
            tensor: shape ``(batch, channels, *space)``.
            bias: one number for each channel of the output, invariant under the group. It is added to the trivial irreps,
                where it has few numbers.

        Returns:
            shape ``(batch, out channels, *space)``.
        """
        outs = self._fields[0]
        m = self._sizes[0]
        space = tensor.shape[2:]
        # Shape (fields, copies of the trivial irrep).
        invariant_bias = None if bias is None else bias.view(outs, m) @ self.invariant  # type: ignore[operator]
        if not space:
            return self._on_vectors(blocks, tensor, invariant_bias)
        columns = tensor.flatten(2)
        # One item of the batch after the other, so that intermediate results stay in the processor's cache. A device gets all
        # at once: it has cores for them.
        few = columns.shape[0] == 1 or columns.shape[2] < _POINTS // 2
        batched = few or torch.compiler.is_compiling() or not is_readable(columns)
        if batched:
            result = self._on_columns(blocks, columns, invariant_bias)
        else:
            result = torch.cat([self._on_columns(blocks, item, invariant_bias) for item in columns.split(1)])
        return result.view(tensor.shape[0], outs * m, *space)

    def _blocks_by_irrep(self, blocks: torch.Tensor) -> list[torch.Tensor]:
        """The blocks by irreps, shape ``(outs, copies, ins, copies)`` each."""
        outs, ins = self._fields
        parts, start = [], 0
        for size, is_real_type, out_copies, _, in_copies, _ in self._parts:
            width = 1 if is_real_type else size
            shape = (outs, out_copies * width, ins, in_copies * width)
            count = shape[0] * shape[1] * shape[2] * shape[3]
            parts.append(blocks[start : start + count].view(shape))
            start += count
        return parts

    def _on_columns(self, blocks: torch.Tensor, columns: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """W applied to columns, shape ``(batch, channels, points)``."""
        outs, ins = self._fields
        m, n = self._sizes
        batch, _, points = columns.shape
        inner = self.source_basis.T @ columns.reshape(batch, ins, n, points)  # type: ignore[operator, union-attr]
        rows = []
        # One split instead of many slices: its gradient is one concatenation.
        split = inner.split(self._widths, dim=2)
        by_irrep = self._blocks_by_irrep(blocks)
        for number, (where, part, block) in enumerate(zip(self._where, self._parts, by_irrep, strict=True)):
            copies = part.out_copies * part.size
            if where < 0:
                row = inner.new_zeros(batch, outs, copies, points)
            else:
                values = split[where].reshape(batch, block.shape[2] * block.shape[3], -1)
                row = (block.flatten(2).flatten(0, 1) @ values).view(batch, outs, copies, points)
            rows.append(row if bias is None or number != self._invariant else row + bias[..., None])
        result = self.target_basis @ torch.cat(rows, dim=2)  # type: ignore[operator]
        return result.view(batch, outs * m, points)

    def _on_vectors(self, blocks: torch.Tensor, vectors: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """W applied to vectors, shape ``(batch, channels)``: fields are the last axis, so that no block is copied."""
        outs, ins = self._fields
        m, n = self._sizes
        batch = vectors.shape[0]
        turn: torch.Tensor = self.source_rows  # type: ignore[assignment]
        back: torch.Tensor = self.target_rows  # type: ignore[assignment]
        inner = torch.bmm(turn.T.expand(batch, -1, -1), vectors.reshape(batch, ins, n).transpose(1, 2))
        split = inner.flatten(1).split([width * ins for width in self._widths], dim=1)
        pieces = []
        by_irrep = self._blocks_by_irrep(blocks)
        for number, (where, part, block) in enumerate(zip(self._where, self._parts, by_irrep, strict=True)):
            if where < 0:
                found = [inner.new_zeros(batch, part.out_copies * part.size * outs)]
            else:
                matrix = block.permute(3, 2, 1, 0).flatten(2).flatten(0, 1)
                found = [piece @ matrix for piece in split[where].split(len(matrix), dim=1)]
            if bias is not None and number == self._invariant:
                found[0] = found[0] + bias.T.flatten()
            pieces += found
        outer = torch.cat(pieces, dim=1).view(batch, -1, outs)
        return torch.bmm(outer.transpose(1, 2), back.T.expand(batch, -1, -1)).reshape(batch, outs * m)


def _by_entries(group: Group, where: dict[tuple[int, ...], tuple[int, int]]) -> list[int]:
    """The columns of ``_sorted_basis`` with the first entries of all copies of an irrep together, then the second ones, ..."""
    order: list[int] = []
    for id, (copies, first) in where.items():
        irrep = group.irrep(*id)
        columns = np.arange(first, first + copies * irrep.size).reshape(copies, irrep.size)
        order += (columns.T if irrep.sum_of_squares_constituents == 1 else columns).ravel().tolist()
    return order


def _direct_blocks(plan: ExpansionPlan, blocks: SchurBlocks) -> np.ndarray | None:
    """The numbers of the blocks for each weight of one pair of fields, where a field is one component; else ``None``."""
    source, target = plan.source, plan.target
    if len(source.kinds) != 1 or len(target.kinds) != 1 or source.mixings or target.mixings:
        return None
    if source.kinds[0].copies != len(source.representations) or target.kinds[0].copies != len(target.representations):
        return None
    if source.order is not None or target.order is not None:
        return None
    expansion = KernelExpansion(plan).double()
    pair = plan.pairs[0][0]
    outs, ins = blocks._fields
    twin = copy.deepcopy(blocks).double()
    # Each weight gets a pair of fields of its own, so that few expansions are enough for all weights.
    rows: list[np.ndarray] = []
    for first in range(0, pair.basis.size, outs * ins):
        units = range(first, min(first + outs * ins, pair.basis.size))
        weights = torch.zeros(outs * ins, pair.basis.size, dtype=torch.float64)
        for number, unit in enumerate(units):
            weights[number, unit] = 1.0
        parts = twin._blocks_by_irrep(twin.blocks_from_matrix(expansion(weights.flatten())[:, :, 0]))
        flat = torch.cat([part.transpose(1, 2).reshape(outs * ins, -1) for part in parts], dim=1)
        rows.append(flat[: len(units)].numpy())
    return np.concatenate(rows)


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
