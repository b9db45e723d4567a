"""Norms of fields, and of the blocks that the group permutes within a field, with finite gradients at zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.constructions.induced_structure import induced_components
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation

EPS = 1e-10
"""Norms up to this are taken for zero, as by escnn."""


def need_supported(in_type: FieldType, nonlinearity: str, layer: str) -> None:
    """Raises if a program took a non-linearity away from ``supported_nonlinearities`` of a field.

    Args:
        in_type: the fields.
        nonlinearity: ``"norm"`` or ``"gated"``.
        layer: the name of the layer, for the message.

    Raises:
        UnsupportedFieldError: naming the field.
    """
    for representation in in_type.representations:
        if not representation.supports(nonlinearity):
            raise UnsupportedFieldError(
                f"{layer} needs fields that support {nonlinearity!r}, which was taken away from {representation}"
            )


def smallest_square(dtype: torch.dtype) -> float:
    """The square of a norm that is taken for zero in a dtype.

    Args:
        dtype: of the features.
    """
    return max(EPS**2, torch.finfo(dtype).tiny)


def norm_of(values: torch.Tensor) -> torch.Tensor:
    """The norm over axis 2; its gradient at zero is zero.

    Args:
        values: shape ``(batch, blocks, size, *space)``.
    """
    # torch.linalg.vector_norm over a middle axis takes 50 times as long as this on a CPU.
    return values.square().sum(dim=2).clamp_min(torch.finfo(values.dtype).tiny).sqrt()


def subfields(representation: Representation, size: int | None = None) -> list[np.ndarray]:
    """The channels of each block of a field that the group carries to a block, as in an induced representation.

    A representation made by ``induced_representation`` remembers the size of its blocks; of any other one the smallest
    blocks are read off the matrices.

    Args:
        representation: of the field.
        size: of the blocks, if it is known.

    Raises:
        UnsupportedFieldError: if the blocks differ in size, or if the group does not permute blocks of the given size.
    """
    known = size if size is not None else representation._attributes.get("subfield_size")
    if known is not None and known > representation.size:
        raise UnsupportedFieldError(f"{representation.name} of {representation.group} has no block of {known} channels")
    if known is not None:
        blocks = [np.arange(start, start + known) for start in range(0, representation.size, known)]
        if representation.size % known or not _permuted(representation, known):
            raise UnsupportedFieldError(
                f"{representation.name} of {representation.group} does not permute blocks of {known} channels",
                hint="give the size of the representation that it was induced from",
            )
        return blocks
    if not isinstance(representation.group, FiniteGroup):
        for width in range(1, representation.size + 1):
            if representation.size % width == 0 and _permuted(representation, width):
                return subfields(representation, width)
    blocks = [np.asarray(block) for part in induced_components(representation) for block in part.channels]
    if len({len(block) for block in blocks}) > 1:
        raise UnsupportedFieldError(
            f"{representation.name} of {representation.group} falls into blocks of different sizes",
            hint="disentangle it first with DisentangleModule",
        )
    return sorted(blocks, key=lambda block: int(block[0]))


def _permuted(representation: Representation, width: int) -> bool:
    """Whether every element carries each block of consecutive channels to one block."""
    count = representation.size // width
    shape = (-1, count, width, count, width)
    finite = np.abs(representation.generator_matrices).reshape(shape).max(axis=(2, 4), initial=0.0) > 1e-9
    flow = np.abs(representation.lie_matrices).reshape(shape).max(axis=(2, 4), initial=0.0) > 1e-9
    return bool((finite.sum(axis=1) <= 1).all() and not (flow & ~np.eye(count, dtype=bool)).any())


class Subfields:
    """The blocks of all fields of a type.

    Args:
        in_type: the type.
        size: of the blocks: one for all fields, one for each, or ``None`` to find them.
        layer: the name of the layer, for messages.
    """

    def __init__(self, in_type: FieldType, size: Any, layer: str) -> None:
        given = list(size) if isinstance(size, (list, tuple)) else len(in_type) * [size]
        if len(given) != len(in_type) or any(not _is_size(entry) for entry in given):
            raise ArgumentError(
                f"{layer} needs one subfield_size, or one for each of {len(in_type)} fields, not {size!r}"
            )
        self.channels: list[np.ndarray] = []
        self.counts: list[int] = []
        sizes = []
        found: dict[int, list[np.ndarray]] = {}
        for representation, entry, start in zip(in_type.representations, given, in_type.fields_start, strict=True):
            if id(representation) not in found or entry is not None:
                found[id(representation)] = subfields(representation, entry)
            blocks = found[id(representation)]
            self.channels += [start + block for block in blocks]
            self.counts.append(len(blocks))
            sizes.append(len(blocks[0]))
        self.sizes = sizes
        self.field_of_block = np.repeat(np.arange(len(in_type)), self.counts)

    @property
    def recipe(self) -> int | list[int]:
        """The sizes in their shortest form: what a layer remembers, since a saved representation forgets them."""
        return self.sizes[0] if len(set(self.sizes)) == 1 else self.sizes


def _is_size(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1)
