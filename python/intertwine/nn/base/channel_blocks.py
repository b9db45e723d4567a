"""Channels seen as blocks of equal sizes: views of shape (batch, blocks, channels of a block, *space)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from intertwine.fields import FieldType
from intertwine.kernels.constants import ConstantModule


class _Run(NamedTuple):
    """Consecutive blocks of one size (or all blocks of one kind): their number, their size, and the first block (or the kind)."""

    count: int
    size: int
    first: int


class Blocks(ConstantModule):
    """A partition of the channels into blocks, grouped by the number of their channels.

    Blocks that lie one behind the other are views and are never copied; only blocks whose sizes alternate are gathered.

    Args:
        channels: the channels of each block.
        kinds: a number for each block, to group by instead; blocks of one kind have one size.
    """

    def __init__(self, channels: Sequence[np.ndarray], kinds: Sequence[int] | None = None) -> None:
        super().__init__()
        widths = np.array([len(block) for block in channels])
        sizes = widths if kinds is None else np.asarray(kinds)
        self._sizes = tuple(int(size) for size in np.unique(sizes))
        self._smallest = int(widths.min())
        order = np.concatenate(channels)
        cuts = np.flatnonzero(np.diff(sizes)) + 1
        bounds = list(zip([0, *cuts.tolist()], [*cuts.tolist(), len(sizes)], strict=True))
        self._in_order = bool((order == np.arange(len(order))).all()) and len(bounds) <= 2 * len(self._sizes) + 2
        self._runs: tuple[_Run, ...]
        if self._in_order:
            self._runs = tuple(_Run(b - a, int(widths[a]), a) for a, b in bounds)
            self.kinds = tuple(int(sizes[a]) for a, _ in bounds)
            return
        self.kinds = self._sizes
        self._runs = tuple(
            _Run(int((sizes == size).sum()), int(widths[sizes == size][0]), size) for size in self._sizes
        )
        gathered = []
        for size in self._sizes:
            numbers = np.flatnonzero(sizes == size)
            found = np.concatenate([channels[number] for number in numbers])
            self.register_constant(f"numbers_{size}", numbers)
            self.register_constant(f"channels_{size}", found)
            gathered.append(found)
        self.register_constant("back", np.argsort(np.concatenate(gathered)))
        self.register_constant("fields_back", np.argsort(np.argsort(sizes, kind="stable"), kind="stable"))

    @property
    def smallest(self) -> int:
        """The number of channels of the smallest block."""
        return self._smallest

    def split(self, tensor: torch.Tensor) -> Iterator[tuple[torch.Tensor | slice | None, torch.Tensor]]:
        """The blocks of each size in turn.

        Args:
            tensor: shape ``(batch, channels, *space)``.

        Returns:
            pairs of the numbers of the blocks (``None`` for all, a slice, or an index tensor) and their channels, shape
            ``(batch, blocks, size, *space)``.
        """
        if not self._in_order:
            for count, size, kind in self._runs:
                channels: torch.Tensor = getattr(self, f"channels_{kind}")
                yield getattr(self, f"numbers_{kind}"), tensor.index_select(1, channels).unflatten(1, (count, size))
            return
        if len(self._runs) == 1:
            yield None, tensor.unflatten(1, self._runs[0][:2])
            return
        # One split, whose gradient is one concatenation; that of several narrow views is a sum of padded tensors.
        pieces = tensor.split([count * size for count, size, _ in self._runs], dim=1)
        for (count, size, first), piece in zip(self._runs, pieces, strict=True):
            yield slice(first, first + count), piece.unflatten(1, (count, size))

    def join(self, parts: list[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """The channels of all blocks in their own order.

        Args:
            parts: as from ``split``.
            like: the tensor that was split.
        """
        if len(parts) == 1 and self._in_order:
            return parts[0].reshape(like.shape)
        whole = torch.cat([part.flatten(1, 2) for part in parts], dim=1)
        return whole if self._in_order else whole.index_select(1, self.back)  # type: ignore[arg-type]

    def join_fields(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """One channel for each block, in the order of the blocks.

        Args:
            parts: for each part, shape ``(batch, blocks, *space)``.
        """
        whole = parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
        return whole if self._in_order else whole.index_select(1, self.fields_back)  # type: ignore[arg-type]


class FieldsBySize(Blocks):
    """The fields of a type grouped by the number of their channels; one size needs no copy at all.

    Args:
        in_type: the type.
    """

    def __init__(self, in_type: FieldType) -> None:
        super().__init__(field_channels(in_type))


def field_channels(in_type: FieldType) -> list[np.ndarray]:
    """The channels of each field.

    Args:
        in_type: the type.
    """
    return [np.arange(start, end) for start, end in zip(in_type.fields_start, in_type.fields_end, strict=True)]


def part_of(values: torch.Tensor, numbers: torch.Tensor | slice | None, dimensions: int) -> torch.Tensor:
    """One value for each block of a part, to be broadcast over the batch and over space.

    Args:
        values: one for each block.
        numbers: of the blocks, as from ``split``.
        dimensions: the number of axes behind the blocks.
    """
    chosen = values if numbers is None else values[numbers]
    return chosen.view(-1, *(dimensions * (1,)))


class ChannelChoice(ConstantModule):
    """Some of the channels in some order: a view where they lie one behind the other.

    Args:
        channels: the number of each.
    """

    def __init__(self, channels: np.ndarray) -> None:
        super().__init__()
        self.bounds: tuple[int, int] | None = (int(channels[0]), len(channels))
        """The first channel and the number of channels, where they lie one behind the other."""
        if (np.diff(channels) != 1).any():
            self.bounds = None
            self.register_constant("channels", channels)

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """These channels of a tensor.

        Args:
            tensor: shape ``(batch, channels, *space)``.
        """
        if self.bounds is None:
            return tensor.index_select(1, self.channels)  # type: ignore[arg-type]
        return tensor if self.bounds[1] == tensor.shape[1] else tensor.narrow(1, *self.bounds)
