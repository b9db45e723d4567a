"""Attention between the positions of a grid that are near each other: neighbourhoods, or windows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import flag, whole_at_least
from intertwine.errors import ArgumentError, FieldTypeError
from intertwine.fields import FieldType
from intertwine.kernels.torch_modes import is_traced
from intertwine.nn.attention.base import AttentionBase, heads_at_most
from intertwine.nn.base.padding import padded
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.windows import need_window_fits
from intertwine.nn.conv.convolutions import R1Conv, R2Conv, R3Conv

_CONVOLUTIONS: dict[int, Any] = {1: R1Conv, 2: R2Conv, 3: R3Conv}
_FARTHEST = 2**30 - 1
"""How far a kernel of offsets may reach: torch counts the cells of an axis with 31 bits."""
_MOST_PAIRS = 2**28
"""Pairs of cells of a window, for which the layer has a table of offsets: 2 GiB."""


class GridAttention(AttentionBase):
    """Attention between positions of a grid that are near each other, with a bias that depends on their offset.

    Args:
        in_type: any fields on a line, a plane or space.
        heads: how many; the number divides the number of fields of each kind. ``"permuted"`` for heads that the group permutes.
        dropout: the share of weights that are dropped in training.
        bias: whether the maps of queries, values and outputs have biases.
        position_bias: whether each head learns a bias for each offset, a function that the group leaves as it is.
        width: of the kernel of offsets.
    """

    needs_grid = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, heads: int | str = 1, **others: Any) -> Iterator[Price]:
        """The maps and the kernel of offsets.

        Args:
            in_type: the fields of the input.
            heads: how many.
            **others: the other arguments of the constructor.
        """
        yield from super().construction_prices(in_type, heads, **others)
        width, space = cls._width(**others), in_type.gspace
        one, many = FieldType(space, [space.trivial_repr]), heads_at_most(in_type, heads)
        yield Price(200.0 * many.size)
        if space.dimensionality in _CONVOLUTIONS:
            yield from _CONVOLUTIONS[space.dimensionality].construction_prices(one, many, width)

    @classmethod
    @abstractmethod
    def _width(cls, **given: Any) -> int:
        """The width of the kernel of offsets, by the arguments of the constructor."""

    def __init__(
        self, in_type: FieldType, heads: int | str, dropout: float, bias: bool, position_bias: bool, width: int
    ) -> None:
        super().__init__(in_type, heads, dropout, bias)
        self.d = in_type.gspace.dimensionality
        if self.d not in _CONVOLUTIONS:
            raise FieldTypeError(
                f"{type(self).__name__} needs a grid, but {{type}} has no space",
                hint="use Attention",
                parts={"type": in_type},
            )
        self._check_width(width)
        # A function of the offset whose values change as the heads do is a kernel from a trivial field to that of the heads.
        self.position: Any = None
        if flag(position_bias, "position_bias"):
            one = FieldType(in_type.gspace, [in_type.gspace.trivial_repr])
            self.position = _CONVOLUTIONS[self.d](one, self.head_type, width, bias=False, initialize=False)

    def _check_width(self, width: int) -> None:
        """Refuses a kernel of offsets that is too wide, before anything is built.

        Args:
            width: of the kernel.
        """

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        name, shape, one = type(self).__name__, tuple(tensor.shape), self.d * (1,)
        need_window_fits(name, shape, one, self.d * (0,))
        need_window_fits(name, shape, one, self._margin, self._margin_mode)

    @property
    def _margin(self) -> tuple[int, ...]:
        """Cells that the layer reads beyond the edges of the grid."""
        return self.d * (0,)

    @property
    def _margin_mode(self) -> str:
        """What these hold."""
        return "zeros"

    def _position_bias(self) -> torch.Tensor | None:
        """The bias of each head for each offset, shape ``(heads, offsets)``."""
        return None if self.position is None else self.position.expand_parameters()[0].flatten(1)


class NeighbourAttention(GridAttention):
    """Attention of every position of a grid to the positions around it.

    The neighbourhood has its centre at the position, so that symmetries of the lattice stay exact for every size of the grid.

    Args:
        in_type: any fields on a line, a plane or space.
        reach: how many cells the neighbourhood reaches along each axis, to both sides.
        heads: how many; the number divides the number of fields of each kind. ``"permuted"`` for heads that the group permutes.
        position_bias: whether each head learns a bias for each offset, a function that the group leaves as it is.
        padding_mode: how the grid goes on beyond its edges. With ``"zeros"`` nothing is there: these cells get no weight.
        dropout: the share of weights that are dropped in training.
        bias: whether the maps of queries, values and outputs have biases.

    Raises:
        ArgumentError: if the heads cannot share the fields.
        FieldTypeError: without a grid.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.NeighbourAttention(nn.field_type(gspaces.rot2dOnR2(4), regular=2), reach=1)
        >>> layer(torch.randn(1, 8, 6, 6)).shape
        torch.Size([1, 8, 6, 6])

    References:
        Ramachandran et al., "Stand-alone self-attention in vision models", NeurIPS 2019.
    """

    settings = ("reach", "heads", "dropout")

    @classmethod
    def _width(cls, reach: int = 1, **given: Any) -> int:
        return 2 * whole_at_least(reach, "reach", most=_FARTHEST) + 1

    def __init__(
        self,
        in_type: FieldType,
        reach: int = 1,
        heads: int | str = 1,
        position_bias: bool = True,
        padding_mode: str = "zeros",
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        super().__init__(in_type, heads, dropout, bias, position_bias, self._width(reach))
        self.reach = int(reach)
        self.padding_mode = checked_mode(padding_mode)

    @property
    def _margin(self) -> tuple[int, ...]:
        """The reach, along each axis."""
        return self.d * (self.reach,)

    @property
    def _margin_mode(self) -> str:
        """How the grid goes on."""
        return self.padding_mode

    def _around(self, tensor: torch.Tensor) -> torch.Tensor:
        """The cells around each cell: ``(batch, channels, *space)`` gives ``(batch, channels, positions, offsets)``."""
        width = 2 * self.reach + 1
        cells = padded(tensor, self._margin, self.padding_mode)
        for axis in range(self.d):
            cells = cells.unfold(2 + axis, width, 1)
        return cells.reshape(*tensor.shape[:2], prod(tensor.shape[2:]), width**self.d)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        query, key, value = self._projected(tensor)
        # Each position is a sample of its own for torch: one query, and as many keys as there are offsets.
        query = query.flatten(3).movedim(2, 3).unsqueeze(3)
        key, value = (
            self._around(part.flatten(1, 2)).unflatten(1, (self.head_type.size, -1)).movedim(2, 4)
            for part in (key, value)
        )
        bias = self._position_bias()
        mask = None if bias is None else bias[:, None, None, :]
        if self.padding_mode == "zeros":
            inside = self._around(tensor.new_ones(1, 1, *tensor.shape[2:]))[0, 0, :, None, :]
            beyond = torch.zeros_like(inside).masked_fill(inside == 0, -torch.inf)
            mask = beyond if mask is None else mask + beyond
        attended = self._attend(query, key, value, mask).squeeze(3).movedim(3, 2)
        return self._mapped_back(attended.reshape(tensor.shape[0], self.output.in_type.size, *tensor.shape[2:]))


class WindowAttention(GridAttention):
    """Attention within the windows of a partition of the grid.

    The partition has its centre at that of the grid: windows at the edges may reach beyond it, by as much on both sides. Shifted,
    it is moved by half a window, as in a Swin transformer, and again has its centre there; two layers, one of them shifted, let
    neighbouring windows exchange what they know. Symmetries of the lattice are exact if such a partition exists: for windows of
    an even number of cells on sides of an even number, for odd windows on any.

    Args:
        in_type: any fields on a line, a plane or space.
        window: how many cells a window has along each axis.
        heads: how many; the number divides the number of fields of each kind. ``"permuted"`` for heads that the group permutes.
        shifted: whether the partition is moved by half a window, which must have an even number of cells.
        position_bias: whether each head learns a bias for each offset, a function that the group leaves as it is.
        dropout: the share of weights that are dropped in training.
        bias: whether the maps of queries, values and outputs have biases.

    Raises:
        ArgumentError: if the heads cannot share the fields, or an odd window is shifted.
        FieldTypeError: without a grid.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.WindowAttention(nn.field_type(gspaces.rot2dOnR2(4), regular=2), window=4, shifted=True)
        >>> layer(torch.randn(1, 8, 10, 10)).shape
        torch.Size([1, 8, 10, 10])

    References:
        Liu et al., "Swin transformer: hierarchical vision transformer using shifted windows", ICCV 2021.
    """

    settings = ("window", "shifted", "heads", "dropout")

    @classmethod
    def construction_prices(
        cls, in_type: FieldType, heads: int | str = 1, window: int = 4, **others: Any
    ) -> Iterator[Price]:
        """The same, and the offset of each pair of cells of a window.

        Args:
            in_type: the fields of the input.
            heads: how many.
            window: how many cells a window has along each axis.
            **others: the other arguments of the constructor.
        """
        pairs = float(whole_at_least(window, "window")) ** (2 * in_type.gspace.dimensionality)
        yield Price(40 * pairs, 1e-7 * pairs)
        yield from super().construction_prices(in_type, heads, window=window, **others)

    @classmethod
    def _width(cls, window: int = 4, **given: Any) -> int:
        return 2 * whole_at_least(window, "window", most=_FARTHEST) - 1

    def _check_width(self, width: int) -> None:
        side, most = (width + 1) // 2, int(_MOST_PAIRS ** (1 / (2 * self.d)) + 1e-9)
        if side > most:
            raise ArgumentError(
                f"a window of {side} cells along each axis has too many pairs of cells: {most} is the most here",
                hint="use a smaller window, or NeighbourAttention",
            )

    def __init__(
        self,
        in_type: FieldType,
        window: int = 4,
        heads: int | str = 1,
        shifted: bool = False,
        position_bias: bool = True,
        dropout: float = 0.0,
        bias: bool = True,
    ) -> None:
        side = whole_at_least(window, "window")
        super().__init__(in_type, heads, dropout, bias, position_bias, self._width(side))
        self.window, self.shifted = side, flag(shifted, "shifted")
        if shifted and side % 2:
            raise ArgumentError(
                f"a window of {side} cells cannot be shifted by half of its size", hint="use an even number of cells"
            )
        cells = np.indices(self.d * (side,)).reshape(self.d, -1)
        offsets = cells[:, None, :] - cells[:, :, None] + side - 1
        self.register_constant("offsets", np.ravel_multi_index(tuple(offsets), self.d * (2 * side - 1,)).ravel())

    def _partition(self, size: Sequence[int]) -> list[tuple[int, int, int]]:
        """For each axis the number of windows, and the cells that are added before and behind it, so that windows fill it."""
        found = []
        for n in size:
            count = (n + self.window - 1) // self.window + self.shifted
            count += (count + n) % 2 * (self.window % 2)  # odd windows are centred with one more, where needed
            before = (count * self.window - n) // 2
            found.append((count, before, count * self.window - n - before))
        return found

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the layer breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        if any(before != behind for _, before, behind in self._partition(size)):
            return f"windows of {self.window} cells have no partition of {size} cells with its centre in the middle"
        return super().shape_problem(size)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        partition = self._partition(tensor.shape[2:])
        parts = [self._windows(part, partition) for part in self._projected(tensor)]
        bias = self._position_bias()
        area = self.window**self.d
        mask = None if bias is None else bias.index_select(1, self.offsets).view(-1, area, area)  # type: ignore[arg-type]
        if _reaches_beyond(partition):
            inside = self._windows(tensor.new_ones(1, 1, 1, *tensor.shape[2:]), partition)[0, :, :, None, :, 0]
            beyond = torch.zeros_like(inside).masked_fill(inside == 0, -torch.inf)
            mask = beyond if mask is None else mask + beyond
        attended = self._attend(parts[0], parts[1], parts[2], mask)
        return self._mapped_back(self._joined(attended, tensor.shape, partition))

    def _windows(self, tensor: torch.Tensor, partition: list[tuple[int, int, int]]) -> torch.Tensor:
        """``(batch, heads, channels, *space)`` gives ``(batch, windows, heads, cells, channels)``."""
        if _reaches_beyond(partition):
            tensor = F.pad(tensor, [n for _, before, behind in reversed(partition) for n in (before, behind)])
        counts = [count for count, _, _ in partition]
        cells = tensor.reshape(*tensor.shape[:3], *(n for count in counts for n in (count, self.window)))
        axes = range(3, 3 + 2 * self.d)
        order = (0, *axes[::2], 1, *axes[1::2], 2)
        area = self.window**self.d
        return cells.permute(order).reshape(tensor.shape[0], prod(counts), tensor.shape[1], area, tensor.shape[2])

    def _joined(self, attended: torch.Tensor, shape: torch.Size, partition: list[tuple[int, int, int]]) -> torch.Tensor:
        """The windows as one grid again, with the channels of all heads: the way back of ``_windows``."""
        counts = [count for count, _, _ in partition]
        heads, channels = attended.shape[2], attended.shape[4]
        cells = attended.reshape(shape[0], *counts, heads, *(self.d * (self.window,)), channels)
        order = [axis for pair in zip(range(1, 1 + self.d), range(2 + self.d, 2 + 2 * self.d)) for axis in pair]
        sides = [count * self.window for count in counts]
        whole = cells.permute(0, *order, 1 + self.d, 2 + 2 * self.d).reshape(shape[0], *sides, heads * channels)
        for axis, (n, (_, before, _)) in enumerate(zip(shape[2:], partition, strict=True)):
            whole = whole.narrow(1 + axis, before, n)
        return whole.movedim(-1, 1)


def _reaches_beyond(partition: list[tuple[int, int, int]]) -> bool:
    """Whether windows reach beyond the edges of the grid; where sizes are not known yet, they may."""
    return is_traced() or any(before or behind for _, before, behind in partition)
