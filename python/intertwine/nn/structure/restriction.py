"""Changing what a feature map is taken for: restriction to a subgroup, disentangling, nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import restriction_prices, subgroup_prices
from intertwine.group.constructions.decomposition import disentangle
from intertwine.group.core.element import GroupElement
from intertwine.group.core.representation import Representation, block_diagonal
from intertwine.memory import remembered
from intertwine.nn.base.channel_blocks import ChannelChoice
from intertwine.nn.base.channel_map import channel_map
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.type_preserving import TypePreserving


@remembered
def _disentangle(
    representation: Representation, name: str, blocks: tuple[tuple[int, ...], ...] | None
) -> tuple[np.ndarray, list[Representation]]:
    # Equal representations may differ in name, and the parts print it.
    return disentangle(representation, None if blocks is None else [list(block) for block in blocks])


def _kept_channels(blocks: Any, fields: int) -> list[Any]:
    """For each field which channels stay together, as tuples."""
    try:
        found = [tuple(tuple(int(channel) for channel in block) for block in field) for field in blocks]
    except (TypeError, ValueError):
        raise ArgumentTypeError(
            f"blocks are lists of numbers of channels, one list of them for each field, not {blocks!r}"
        ) from None
    if len(found) != fields:
        raise ArgumentError(f"blocks of channels are needed for each of {fields} fields, not {len(found)}")
    return found


class IdentityModule(TypePreserving):
    """The identity: the output is the input.

    Args:
        in_type: the type.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.IdentityModule(nn.field_type(gspaces.rot2dOnR2(4), vector=1))(torch.tensor([[3.0, 4.0]])).tolist()
        [[3.0, 4.0]]
    """

    takes_any_basis: ClassVar[bool] = True

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    def _export(self) -> torch.nn.Module:
        return torch.nn.Identity()


class RestrictionModule(EquivariantModule):
    """The same channels as fields for a subgroup: from here on only that symmetry is kept.

    Args:
        in_type: the type.
        id: the label of the subgroup.

    Raises:
        GroupError: if there is no such subgroup.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.RestrictionModule(nn.field_type(gspaces.flipRot2dOnR2(4), regular=1), (0, 1))
        >>> layer.out_type
        [C2_on_R2[(3.141592653589793, 1)]: {D4:regular (x1)}(8)]
    """

    takes_any_basis: ClassVar[bool] = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, id: Any) -> Iterator[Price]:
        """The representations of the subgroup.

        Args:
            in_type: the type.
            id: the label of the subgroup.
        """
        group = in_type.fibergroup
        yield from subgroup_prices(group, id)
        subgroup = in_type.gspace.restrict(tuple(id) if isinstance(id, list) else id)[0].fibergroup
        yield from restriction_prices(group, subgroup, in_type.representations)

    def __init__(self, in_type: FieldType, id: Any) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "RestrictionModule")
        self.id = tuple(id) if isinstance(id, list) else id
        self.out_type = in_type.restrict(self.id)

    def lift(self, element: GroupElement) -> GroupElement:
        """An element of the subgroup, as one of the whole group.

        Args:
            element: of the subgroup.
        """
        _, inclusion, _ = self.in_type.gspace.restrict(self.id)
        lifted = inclusion(element)
        if lifted is None:
            raise GroupError(f"{element} is no element of the subgroup {self.id} of {self.in_type.fibergroup}")
        return lifted

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor

    def _export(self) -> torch.nn.Module:
        return torch.nn.Identity()

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, id={self.id}"


class DisentangleModule(EquivariantModule):
    """Channels re-ordered so that fields fall apart into the smallest ones that the group does not mix.

    After a restriction, for example, a regular field becomes several regular fields of the subgroup.

    Args:
        in_type: the type.
        blocks: for each field the sets of its channels that stay together; by default the smallest ones.

    Example:
        >>> from intertwine import gspaces, nn
        >>> restricted = nn.field_type(gspaces.rot2dOnR2(4), regular=1).restrict(2)
        >>> nn.DisentangleModule(restricted).out_type
        [C2_on_R2[(None, 2)]: {C4:regular_0 (x1), C4:regular_1 (x1)}(4)]
    """

    field_seconds = 6e-5
    takes_any_basis: ClassVar[bool] = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, blocks: list[list[list[int]]] | None = None) -> Iterator[Price]:
        """The parts of the representations, and the matrix that separates them.

        Args:
            in_type: the type.
            blocks: which channels of each field stay together.
        """
        group = in_type.fibergroup
        if not group.continuous:
            yield from restriction_prices(group, group, in_type.representations)
            if any(not rho.is_signed_permutation for rho in {id(rho): rho for rho in in_type.representations}.values()):
                yield Price(12.0 * in_type.size**2)
        else:
            yield Price(12.0 * in_type.size**2)

    def __init__(self, in_type: FieldType, blocks: list[list[list[int]]] | None = None) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "DisentangleModule")
        parts: list[Representation] = []
        matrices = []
        kept = len(in_type) * [None] if blocks is None else _kept_channels(blocks, len(in_type))
        for representation, together in zip(in_type.representations, kept, strict=True):
            matrix, pieces = _disentangle(representation, representation.name, together)
            matrices.append(matrix)
            parts += pieces
        self.out_type = FieldType(in_type.gspace, parts)
        starts = in_type.fields_start
        self._channels: ChannelChoice | None = None
        if all(np.isin(matrix, (0.0, 1.0)).all() for matrix in matrices):
            order = [start + matrix.argmax(axis=1) for start, matrix in zip(starts, matrices, strict=True)]
            self._channels = ChannelChoice(np.concatenate(order))
        else:
            self.register_constant("matrix", block_diagonal(matrices))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._channels is not None:
            return self._channels.of(tensor)
        matrix: torch.Tensor = self.matrix  # type: ignore[assignment]
        return torch.einsum("oc,bc...->bo...", matrix.to(tensor.dtype), tensor)

    def _export(self) -> torch.nn.Module:
        if self._channels is None:
            matrix: torch.Tensor = self.matrix  # type: ignore[assignment]
            return channel_map(matrix, self.in_type.gspace.dimensionality)
        if self._channels.bounds is None:
            raise UnsupportedFieldError("torch.nn has no layer that permutes channels")
        return torch.nn.Identity()
