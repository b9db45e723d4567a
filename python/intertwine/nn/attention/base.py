"""What all attention has in common: the maps, and the heads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import flag, number, whole_at_least
from intertwine.errors import ArgumentError, ShapeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import representation_price
from intertwine.group.constructions.decomposition import named_representation
from intertwine.group.constructions.induced_structure import induced_components
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.matrices.element_matrices import SignedPermutations
from intertwine.nn.base.channel_blocks import ChannelChoice
from intertwine.nn.base.type_preserving import TypePreserving
from intertwine.nn.conv.linear import Linear

PERMUTED = "permuted"
"""What ``heads`` is where the group permutes the heads."""


class AttentionBase(TypePreserving):
    """Attention with several heads, whose scores are inner products of fields.

    Equivariant maps make a query, a key and a value of each position, for each head a whole type of fields. Representations are
    orthogonal, so the inner product of query and key does not change when both are turned; nor does a bias that depends on
    invariants of the offset between their positions. Values are averaged with the weights that follow, and mapped back.

    With ``heads="permuted"`` there is a head for each channel of a regular field instead (for each block of channels that the
    group permutes): it sees this channel of all fields. The group permutes the heads, so that their scores need not be
    invariant: one head may look to the left where another one looks up. The bias is then a function of the offset whose values
    are permuted likewise.

    Args:
        in_type: any fields; for permuted heads, fields of one representation that permutes blocks of channels.
        heads: how many, or ``"permuted"``.
        dropout: the share of weights that are dropped in training.
        bias: whether the maps of queries, values and outputs have biases.
    """

    settings = ("heads", "dropout")

    @classmethod
    def construction_prices(cls, in_type: FieldType, heads: int | str = 1, **others: Any) -> Iterator[Price]:
        """The maps.

        Args:
            in_type: the fields of the input.
            heads: how many, or ``"permuted"``.
            **others: the other arguments of the constructor.
        """
        for _ in range(4):
            yield from Linear.construction_prices(in_type, in_type)
        if is_permuted(heads):
            yield representation_price(in_type.fibergroup, in_type.representations[0].size)

    def __init__(self, in_type: FieldType, heads: int | str = 1, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__(in_type)
        self.dropout = number(dropout, "dropout", 0.0, 1.0)
        flag(bias, "bias")
        self.heads = heads
        if is_permuted(heads):
            between = in_type
            self.head_type, order = _permuted_heads(in_type)
            self._by_head, self._by_field = ChannelChoice(order), ChannelChoice(np.argsort(order))
        else:
            self.heads = count = whole_at_least(heads, "heads")
            between = FieldType(in_type.gspace, count * _head_fields(in_type, count))
            self.head_type = FieldType(in_type.gspace, count * [in_type.gspace.trivial_repr])
        self.query, self.value = (Linear(in_type, between, bias=bias) for _ in range(2))
        # A bias of the keys would add one number to all scores of a query, which changes no weight.
        self.key = Linear(in_type, between, bias=is_permuted(heads) and bias)
        self.output = Linear(between, in_type, bias=bias)

    def _projected(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        """Query, key and value, each of shape ``(batch, heads, channels of a head, *space)``."""
        parts = [layer(tensor) for layer in (self.query, self.key, self.value)]
        if is_permuted(self.heads):
            parts = [self._by_head.of(part) for part in parts]
        return [part.unflatten(1, (self.head_type.size, -1)) for part in parts]

    def _mapped_back(self, attended: torch.Tensor) -> torch.Tensor:
        """The output for the channels of all heads, one head after the other: shape ``(batch, channels, *space)``."""
        return self.output(self._by_field.of(attended) if is_permuted(self.heads) else attended)

    def _attend(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None
    ) -> torch.Tensor:
        """Torch's attention, of shape ``(..., positions, channels)``; a mask is added to the scores."""
        share = self.dropout if self.training else 0.0
        mask = None if mask is None else mask.to(query.dtype)
        if query.dim() == 5 and torch.compiler.is_exporting():  # ONNX knows four axes
            around = query.shape[1:3]
            if mask is not None:
                mask = mask.expand(*around, *mask.shape[-2:]).flatten(0, 1)
            query, key, value = (part.flatten(1, 2) for part in (query, key, value))
            return F.scaled_dot_product_attention(query, key, value, attn_mask=mask).unflatten(1, around)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=share)

    @abstractmethod
    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        """The output channels."""


def members_of_sets(batch: torch.Tensor, points: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The set of each point, counted from 0 without gaps, and how many points each set has.

    Args:
        batch: the number of the set of each point.
        points: how many there are.

    Raises:
        ShapeError: if there is not one number for each point.
    """
    if not isinstance(batch, torch.Tensor) or tuple(batch.shape) != (points,) or batch.is_floating_point():
        given = tuple(batch.shape) if isinstance(batch, torch.Tensor) else type(batch).__name__
        raise ShapeError(f"batch must have one whole number for each of the {points} points, not {given}")
    _, members, counts = torch.unique(batch, return_inverse=True, return_counts=True)
    return members, counts


def is_permuted(heads: Any) -> bool:
    """Whether the group permutes the heads; what is neither a number nor the word is refused as a number.

    Args:
        heads: how many, or ``"permuted"``.
    """
    return isinstance(heads, str) and heads == PERMUTED


def heads_at_most(in_type: FieldType, heads: int | str) -> FieldType:
    """The type of the heads for prices: as it is, or one that takes more.

    Args:
        in_type: the fields of the input.
        heads: how many, or ``"permuted"``.
    """
    if is_permuted(heads):
        return in_type.index_select([0])
    return FieldType(in_type.gspace, whole_at_least(heads, "heads") * [in_type.gspace.trivial_repr])


def _head_fields(in_type: FieldType, heads: int) -> list[Any]:
    """The fields of one head: of each kind its share.

    Raises:
        ArgumentError: if the number of heads does not divide the number of fields of each kind.
    """
    kinds = list(dict.fromkeys(in_type.representations))
    counts = [in_type.representations.count(kind) for kind in kinds]
    if any(count % heads for count in counts):
        raise ArgumentError(
            f"{heads} heads cannot share {', '.join(f'{count} x {kind.name}' for count, kind in zip(counts, kinds))}",
            hint="let the number of heads divide the number of fields of each kind",
        )
    return [kind for count, kind in zip(counts, kinds) for _ in range(count // heads)]


def _permuted_heads(in_type: FieldType) -> tuple[FieldType, np.ndarray]:
    """How the group permutes the heads, and the channels of all fields, one head after the other.

    Raises:
        UnsupportedFieldError: if the fields are not of one representation that permutes blocks of one size.
    """
    rho = in_type.representations[0]
    components = induced_components(rho) if isinstance(rho.group, FiniteGroup) and in_type.uniform else ()
    if len({component.width for component in components}) != 1:
        raise UnsupportedFieldError(
            "permuted heads need fields of one representation that permutes its channels, but {type} was given",
            hint="use regular or quotient fields, or a number of heads",
            parts={"type": in_type},
        )
    blocks = np.concatenate([component.channels for component in components])
    starts = rho.size * np.arange(len(in_type))
    permutations = [
        named_representation(component.group, SignedPermutations(component.images), f"heads of {rho.name}")
        for component in components
    ]
    return FieldType(in_type.gspace, permutations), (blocks[:, None] + starts[:, None]).ravel()
