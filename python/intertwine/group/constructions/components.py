"""The decomposition of a representation for kernels: irreps and induced representations, each with its channels.

First the channels are split into sets that the group does not mix. Within such a set the matrices may permute blocks of channels:
then the set is an induced representation Ind_H^G sigma. Otherwise it is an irrep, or it is Q (sum of irreps) Q^T with an
orthogonal matrix Q; ``Mixing`` holds this Q.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

import numpy as np

from intertwine.group.constructions.decomposition import decompose, finite_data
from intertwine.group.constructions.induced_structure import InducedComponent, induced_components
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.labels import Label
from intertwine.memory import remembered

_SAME_MATRIX = 1e-9
"""Matrices whose entries differ by less are equal."""


@dataclass(frozen=True, eq=False)
class IrrepComponent:
    """A part of a representation that is an irrep.

    Attributes:
        irrep: the irrep.
    """

    irrep: IrreducibleRepresentation

    @property
    def group(self) -> Group:
        """The group."""
        return self.irrep.group

    count: ClassVar[int] = 1
    """The number of blocks."""

    @property
    def size(self) -> int:
        """The number of channels."""
        return self.irrep.size

    width = size

    @property
    def is_free(self) -> bool:
        """Whether the stabiliser of the block is trivial: only in the trivial group."""
        return self.irrep.group.order() == 1

    @cached_property
    def induced(self) -> InducedComponent:
        """The same as an induced component with one block, even where smaller ones could be seen; for finite groups."""
        matrices = self.irrep.matrices
        order, width = len(matrices), self.width
        return InducedComponent(
            group=cast("FiniteGroup", self.irrep.group),
            channels=np.arange(width)[None],
            representatives=np.zeros(1, dtype=int),
            stabilizer=tuple(range(order)),
            sigma=matrices,
            transport=np.eye(width)[None],
            images=np.zeros((order, 1), dtype=int),
            blocks=matrices[:, None],
        )

    def same_kind(self, other: Component) -> bool:
        """Whether another component is the same irrep."""
        return isinstance(other, IrrepComponent) and self.irrep == other.irrep


Component = IrrepComponent | InducedComponent


@dataclass(frozen=True, eq=False)
class Part:
    """A component and where it is.

    Attributes:
        component: the component.
        channels: its channels, shape ``(component.size,)``.
    """

    component: Component
    channels: np.ndarray


@dataclass(frozen=True, eq=False)
class Mixing:
    """Channels that are an orthogonal matrix times those of the parts.

    Attributes:
        channels: the channels, shape ``(n,)``.
        matrix: Q with (channels) = Q (channels of the parts), shape ``(n, n)``.
    """

    channels: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class Structure:
    """A representation as parts and mixings.

    Attributes:
        parts: its components.
        mixings: what carries the channels of the parts to those of the representation, where they differ.
    """

    parts: tuple[Part, ...]
    mixings: tuple[Mixing, ...]


def _irreps_in_order(group: Group, ids: list[Label], channels: np.ndarray) -> list[Part]:
    parts, start = [], 0
    for id in ids:
        irrep = group.irrep(*id)
        parts.append(Part(IrrepComponent(irrep), channels[start : start + irrep.size]))
        start += irrep.size
    return parts


def _spectral(representation: Representation) -> Structure:
    """The representation as a sum of irreps, also where the group permutes blocks of channels."""
    channels = np.arange(representation.size)
    parts = _irreps_in_order(representation.group, representation.irreps, channels)
    basis = representation.change_of_basis
    if np.abs(basis - np.eye(len(basis))).max(initial=0.0) == 0:
        return Structure(tuple(parts), ())
    return Structure(tuple(parts), (Mixing(channels, basis),))


@remembered
def component_structure(representation: Representation, irreps_only: bool = False) -> Structure:
    """The parts and mixings of a representation.

    Args:
        representation: the representation.
        irreps_only: whether to see irreps only, also where the group permutes blocks.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> group = cyclic_group(4)
        >>> [part.component.count for part in component_structure(group.regular_representation + group.irrep(1)).parts]
        [4, 2]
        >>> len(component_structure(group.regular_representation, irreps_only=True).parts)
        3
    """
    group = representation.group
    if irreps_only or not isinstance(group, FiniteGroup):
        return _spectral(representation)
    parts: list[Part] = []
    mixings: list[Mixing] = []
    for component in induced_components(representation):
        channels = component.channels.ravel()
        if component.count > 1 or component.is_free:
            parts.append(Part(component, channels))
            continue
        matrices = representation.element_matrices.block(channels.tolist()).dense
        alike = (
            irrep
            for irrep in group.irreps()
            if irrep.size == component.width and np.abs(irrep.matrices - matrices).max() < _SAME_MATRIX
        )
        irrep = next(alike, None)
        if irrep is not None:
            parts.append(Part(IrrepComponent(irrep), channels))
        else:
            ids, basis = decompose(finite_data(group, matrices))
            parts += _irreps_in_order(group, ids, channels)
            mixings.append(Mixing(channels, basis))
    return Structure(tuple(parts), tuple(mixings))


__all__ = ["Component", "InducedComponent", "IrrepComponent", "Mixing", "Part", "Structure", "component_structure"]
