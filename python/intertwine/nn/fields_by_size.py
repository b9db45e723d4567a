"""Channels seen as fields: views of shape (batch, fields, channels of a field, *space)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from intertwine.fields import FieldType
from intertwine.kernels.constants import ConstantModule


class FieldsBySize(ConstantModule):
    """The fields of a type grouped by the number of their channels; one group needs no copy at all.

    Args:
        in_type: the type.
    """

    def __init__(self, in_type: FieldType) -> None:
        super().__init__()
        sizes = np.array([representation.size for representation in in_type.representations])
        self._sizes = tuple(int(size) for size in np.unique(sizes))
        self._counts = tuple(int((sizes == size).sum()) for size in self._sizes)
        if len(self._sizes) > 1:
            starts = in_type.fields_start
            order = []
            for size in self._sizes:
                numbers = np.flatnonzero(sizes == size)
                channels = starts[numbers][:, None] + np.arange(size)
                self.register_constant(f"numbers_{size}", numbers)
                self.register_constant(f"channels_{size}", channels.ravel())
                order.append(channels.ravel())
            self.register_constant("back", np.argsort(np.concatenate(order)))
            self.register_constant("fields_back", np.argsort(np.argsort(sizes, kind="stable"), kind="stable"))

    @property
    def smallest(self) -> int:
        """The number of channels of the smallest field."""
        return self._sizes[0]

    def split(self, tensor: torch.Tensor) -> Iterator[tuple[torch.Tensor | None, torch.Tensor]]:
        """For each size the numbers of its fields (``None``: all of them) and their channels.

        Args:
            tensor: shape ``(batch, channels, *space)``.

        Returns:
            views of shape ``(batch, fields, size, *space)``.
        """
        if len(self._sizes) == 1:
            yield None, tensor.unflatten(1, (self._counts[0], self._sizes[0]))
            return
        for size, count in zip(self._sizes, self._counts, strict=True):
            channels: torch.Tensor = getattr(self, f"channels_{size}")
            yield getattr(self, f"numbers_{size}"), tensor.index_select(1, channels).unflatten(1, (count, size))

    def join(self, parts: list[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
        """The channels of all fields in their own order.

        Args:
            parts: as from ``split``.
            like: the tensor that was split.
        """
        if len(parts) == 1:
            return parts[0].reshape(like.shape)
        return torch.cat([part.flatten(1, 2) for part in parts], dim=1).index_select(1, self.back)  # type: ignore[arg-type]

    def join_fields(self, parts: list[torch.Tensor]) -> torch.Tensor:
        """One channel for each field, in the order of the fields.

        Args:
            parts: for each size, shape ``(batch, fields, *space)``.
        """
        if len(parts) == 1:
            return parts[0]
        return torch.cat(parts, dim=1).index_select(1, self.fields_back)  # type: ignore[arg-type]
