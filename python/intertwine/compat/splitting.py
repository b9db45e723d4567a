"""Fields of escnn's sizes: channels that a change of basis joins stay together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from intertwine import group as groups
from intertwine import nn
from intertwine.compat.kinds import Kind
from intertwine.fields import FieldType
from intertwine.group import Representation
from intertwine.group.core.representation import block_diagonal
from intertwine.group.matrices.hom import connected_channels
from intertwine.group.matrices.labels import Label

_ZERO = 1e-8
"""Entries of a change of basis that are smaller join nothing."""


def _basis_of_whole(repr: Representation) -> tuple[list[Label], np.ndarray, np.ndarray]:
    """Irreps and change of basis; those of a restriction are the change of basis of the whole, times one of each irrep.

    Also, for each channel of the irreps, the number of the irrep of the whole that it comes from.
    """
    if repr._restricted is None:
        sizes = [repr.group.irrep(*label).size for label in repr.irreps]
        return repr.irreps, repr.change_of_basis, np.repeat(np.arange(len(sizes)), sizes)
    whole, id = repr._restricted
    irreps, basis, sources = _basis_of_whole(whole)
    parts = [whole.group.irrep(*label).restrict(id) for label in irreps]
    inner = block_diagonal([part.change_of_basis for part in parts])
    return [label for part in parts for label in part.irreps], basis @ inner, sources


def joined_channels(repr: Representation) -> list[list[int]]:
    """The sets of channels that the change of basis of escnn joins, in its order.

    Args:
        repr: the representation.
    """
    irreps, basis, sources = _basis_of_whole(repr)
    owner = np.repeat(np.arange(len(irreps)), [repr.group.irrep(*label).size for label in irreps])
    found = np.abs(basis) > _ZERO
    touched = np.stack([found[:, owner == n].any(axis=1) for n in range(len(irreps))])

    def place(block: list[int]) -> tuple[Any, ...]:
        columns = found[block].any(axis=0)
        # Of a group of order 2, escnn lists what is invariant first.
        kind = irreps[owner[columns].min()] if repr.group.order() == 2 else ()
        return (sources[columns].min(), kind, block[0])

    return sorted(connected_channels(touched.T @ touched), key=place)


def disentangle(repr: Representation) -> tuple[np.ndarray, list[Representation]]:
    """The change of channels that separates a representation into smaller ones, and these: as many as with escnn.

    Args:
        repr: the representation.
    """
    return groups.disentangle(repr, joined_channels(repr))


class DisentangleModule(metaclass=Kind):
    """Channels re-ordered so that fields fall apart, into fields of escnn's sizes; an ``nn.DisentangleModule``.

    Args:
        in_type: the type.
    """

    holds: ClassVar[Any] = staticmethod(lambda instance: isinstance(instance, nn.DisentangleModule))

    def __new__(cls, in_type: FieldType) -> Any:  # noqa: D102
        return nn.DisentangleModule(in_type, [joined_channels(rho) for rho in in_type.representations])
