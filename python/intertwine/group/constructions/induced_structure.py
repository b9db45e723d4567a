"""Induced structure: what part of a representation is a permutation of smaller blocks.

A representation of a finite group whose matrices permute blocks of channels is a sum of induced representations
Ind_H^G sigma, one for each orbit of blocks: H keeps the orbit's first block, sigma is what H does inside it, and the other
blocks are its images. Regular representations have H = 1, quotient representations a trivial sigma, and irreps H = G. It is
read off the matrices, so it is found however a representation was made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import Matrices, SignedPermutations, snapped
from intertwine.group.matrices.hom import connected_channels
from intertwine.memory import remembered

_SAME_MATRIX = 1e-9
"""Matrices whose entries differ by less are equal."""


@dataclass(frozen=True, eq=False)
class InducedComponent:
    """A part Ind_H^G sigma of a representation.

    Attributes:
        group: the group G.
        channels: the channels of each block in the representation, shape ``(blocks, width)``.
        representatives: numbers of elements g_a that carry block 0 to block a, shape ``(blocks,)``; the first is the
            identity.
        stabilizer: numbers of the elements of H, sorted.
        sigma: the matrices of H on block 0, shape ``(|H|, width, width)``.
        transport: T_a, the matrix of g_a from block 0 to block a, shape ``(blocks, width, width)``.
        images: the block to which each element of G carries each block, shape ``(order, blocks)``.
        blocks: what each element of G does from each block to its image, shape ``(order, blocks, width, width)``.
    """

    group: FiniteGroup
    channels: np.ndarray
    representatives: np.ndarray
    stabilizer: tuple[int, ...]
    sigma: np.ndarray
    transport: np.ndarray
    images: np.ndarray
    blocks: np.ndarray

    @property
    def count(self) -> int:
        """The number of blocks, the index of H in G."""
        return self.channels.shape[0]

    @property
    def width(self) -> int:
        """The size of a block."""
        return self.channels.shape[1]

    @property
    def size(self) -> int:
        """The number of channels."""
        return self.channels.size

    @property
    def is_free(self) -> bool:
        """Whether H is trivial: the regular representation."""
        return len(self.stabilizer) == 1

    def same_kind(self, other: object) -> bool:
        """Whether another component has the same matrices (on other channels)."""
        return (
            isinstance(other, InducedComponent)
            and self.group == other.group
            and self.stabilizer == other.stabilizer
            and self.channels.shape == other.channels.shape
            and bool((self.images == other.images).all())
            and bool(np.abs(self.blocks - other.blocks).max(initial=0.0) < _SAME_MATRIX)
        )


def _block_system(matrices: np.ndarray) -> list[list[int]]:
    """The finest partition of the channels whose parts every matrix carries to parts.

    Two channels are in one part if some matrix maps both to one channel, or one channel to both. Parts are merged until each
    matrix (of the generators) maps every part to one part.
    """
    size = matrices.shape[-1]
    nonzero = (matrices != 0).astype(np.float32)
    if (nonzero.sum(axis=1) == 1).all():
        return [[channel] for channel in range(size)]
    together = np.eye(size, dtype=bool)
    while True:
        parts = connected_channels(together)
        # As floating-point numbers, of which BLAS makes products; they hold small whole numbers.
        member = np.zeros((len(parts), size), dtype=np.float32)
        for row, part in enumerate(parts):
            member[row, part] = 1
        grown = together.copy()
        for pattern in nonzero:
            # reach[a, b]: some channel of part b feeds some channel of part a.
            reach = ((member @ pattern @ member.T) > 0).astype(np.float32)
            for linked in (reach @ reach.T, reach.T @ reach):
                grown |= (member.T @ (linked > 0).astype(np.float32) @ member) > 0
        if (grown == together).all():
            return parts
        together = grown


@remembered
def induced_components(representation: Representation) -> tuple[InducedComponent, ...]:
    """The components Ind_H^G sigma of a representation of a finite group, in the order of their first channels.

    Args:
        representation: of a finite group.

    Example:
        >>> from intertwine.group import dihedral_group
        >>> group = dihedral_group(4)
        >>> [len(c.stabilizer) for c in induced_components(group.regular_representation + group.irrep(1, 1))]
        [1, 4]
    """
    group = representation.group
    if not isinstance(group, FiniteGroup):
        raise TypeError("induced components are read off the matrices of finite groups")
    matrices = representation.element_matrices
    if isinstance(matrices, SignedPermutations):
        parts, targets = [[channel] for channel in range(representation.size)], matrices.images
    else:
        generators = representation.generator_matrices
        parts = _block_system(generators) if len(generators) else [[channel] for channel in range(representation.size)]
        first = np.array([part[0] for part in parts])
        part_of = np.empty(representation.size, dtype=int)
        for number, part in enumerate(parts):
            part_of[part] = number
        # A channel's image lies in one part: the one with the largest entry in its column.
        targets = part_of[np.stack([np.abs(matrix[:, first]).argmax(axis=0) for matrix in matrices.dense])]
    done: set[int] = set()
    components = []
    for start in range(len(parts)):
        if start not in done:
            component = _component(group, matrices, parts, targets, start)
            done.update(np.unique(targets[:, start]).tolist())
            components.append(component)
    return tuple(components)


def _component(
    group: FiniteGroup, matrices: Matrices, parts: list[list[int]], targets: np.ndarray, start: int
) -> InducedComponent:
    orbit = np.unique(targets[:, start])
    orbit = np.concatenate([[start], orbit[orbit != start]])
    position = np.full(targets.shape[1], -1)
    position[orbit] = np.arange(len(orbit))
    representatives = np.array([int(np.flatnonzero(targets[:, start] == part)[0]) for part in orbit])
    stabilizer = np.flatnonzero(targets[:, start] == start)
    channels = np.array([parts[part] for part in orbit])
    images = position[targets[:, orbit]]
    if isinstance(matrices, SignedPermutations):
        carried = snapped(matrices.entries[:, channels[:, 0], None, None])
    else:
        elements, blocks = np.meshgrid(np.arange(group.order()), np.arange(len(orbit)), indexing="ij")
        rows, columns = channels[images], channels[blocks]
        carried = snapped(matrices.dense[elements[..., None, None], rows[..., :, None], columns[..., None, :]])
    return InducedComponent(
        group=group,
        channels=channels,
        representatives=representatives,
        stabilizer=tuple(int(h) for h in stabilizer),
        sigma=carried[stabilizer, 0],
        transport=carried[representatives, 0],
        images=images,
        blocks=carried,
    )
