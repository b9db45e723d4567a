"""Kinds of fields, their invariant vectors, and the coordinates in which they are sums of irreps."""

from __future__ import annotations

import numpy as np
import torch

from intertwine.fields import FieldType
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.base.channel_blocks import Blocks, field_channels


def _kinds(matrices: list[np.ndarray]) -> tuple[list[int], list[np.ndarray]]:
    """The different ones among some matrices, and for each matrix its number among these."""
    known: list[np.ndarray] = []
    kinds = []
    for matrix in matrices:
        found = (k for k, m in enumerate(known) if m is matrix or (m.shape == matrix.shape and np.allclose(m, matrix)))
        kind = next(found, len(known))
        if kind == len(known):
            known.append(matrix)
        kinds.append(kind)
    return kinds, known


def field_kinds(in_type: FieldType) -> tuple[list[int], list[np.ndarray]]:
    """For each field its kind, and for each kind its invariant vectors, shape ``(size, number)``.

    Args:
        in_type: the type.
    """
    vectors: dict[int, np.ndarray] = {}
    for representation in in_type.representations:
        if id(representation) not in vectors:
            columns, position = [], 0
            for irrep in (representation.group.irrep(*label) for label in representation.irreps):
                if irrep.is_trivial():
                    columns.append(position)
                position += irrep.size
            vectors[id(representation)] = representation.change_of_basis[:, columns]
    return _kinds([vectors[id(representation)] for representation in in_type.representations])


class IrrepCoordinates(ConstantModule):
    """Channels in the bases where fields are sums of irreps, and back; fields that are such sums already are left as they are.

    Args:
        in_type: the type.
    """

    def __init__(self, in_type: FieldType) -> None:
        super().__init__()
        kinds, known = _kinds([representation.change_of_basis for representation in in_type.representations])
        self._same = [bool(np.allclose(basis, np.eye(len(basis)))) for basis in known]
        self._blocks = Blocks(field_channels(in_type), kinds)
        for kind, basis in enumerate(known):
            if not self._same[kind]:
                self.register_constant(f"basis_{kind}", basis)

    def forward(self, tensor: torch.Tensor, back: bool = False) -> torch.Tensor:
        """The coordinates for irreps.

        Args:
            tensor: shape ``(batch, channels, *space)``.
            back: whether the tensor holds these coordinates and the channels are wanted.
        """
        if all(self._same):
            return tensor
        parts = []
        for kind, (_, values) in zip(self._blocks.kinds, self._blocks.split(tensor), strict=True):
            if self._same[kind]:
                parts.append(values)
                continue
            basis: torch.Tensor = getattr(self, f"basis_{kind}").to(tensor.dtype)
            flat = values.flatten(3) if values.dim() > 3 else values[..., None]
            with without_autocast(tensor):
                parts.append(torch.matmul(basis if back else basis.T, flat).view(values.shape))
        return self._blocks.join(parts, tensor)
