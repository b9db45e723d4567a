"""Splitting representations: into irreps, and into the finest blocks of their matrices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from intertwine.errors import GroupError, RepresentationError
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation, need_representations
from intertwine.group.matrices.element_matrices import DenseMatrices, Matrices, snapped
from intertwine.group.matrices.hom import ENDOMORPHISMS, intertwiners, invariant_blocks
from intertwine.group.matrices.labels import Label
from intertwine.suggestions import suggests

if TYPE_CHECKING:
    from intertwine.group.core.continuous import ContinuousGroup
    from intertwine.group.core.element import GroupElement
    from intertwine.group.core.group import Group
    from intertwine.group.core.irrep import IrreducibleRepresentation


@dataclass(frozen=True, eq=False)
class RepresentationData:
    """A representation given by its generators and characters, before it is split into irreps.

    Attributes:
        group: the group.
        generators: matrices of the generators, shape ``(generators, n, n)``.
        lie: derivatives along the Lie algebra, shape ``(dimension of the group, n, n)``.
        elements: elements over which to average characters.
        weights: their weights.
        characters: the traces at these elements.
        candidates: the irreps that may occur.
    """

    group: Group
    generators: np.ndarray
    lie: np.ndarray
    elements: tuple[GroupElement, ...]
    weights: np.ndarray
    characters: np.ndarray
    candidates: tuple[IrreducibleRepresentation, ...]

    @property
    def size(self) -> int:
        """The size n of the matrices."""
        return self.generators.shape[-1]

    def multiplicity(self, irrep: IrreducibleRepresentation) -> int:
        """How often an irrep is contained: the mean of chi chi_irrep over the group, divided by e.

        Args:
            irrep: the irrep, whose commuting matrices have dimension e.

        Raises:
            RepresentationError: if the characters are of no representation.
        """
        group = self.group
        own = (
            irrep.characters
            if isinstance(group, FiniteGroup)
            else np.array([irrep.character(g) for g in self.elements])
        )
        value = float(self.weights @ (self.characters * own)) / ENDOMORPHISMS[irrep.type]
        count = round(value)
        if abs(value - count) > 1e-6 or count < 0:
            raise RepresentationError(
                f"the characters contain {irrep.name} {value:.6g} times, which is no whole number",
                hint="check that the matrices multiply like the group",
            )
        return count


def finite_data(group: FiniteGroup, matrices: np.ndarray | Matrices) -> RepresentationData:
    """The data of a representation of a finite group.

    Args:
        group: the group.
        matrices: all its matrices, shape ``(order, n, n)``; or what keeps them.
    """
    order = group.order()
    found = DenseMatrices(matrices) if isinstance(matrices, np.ndarray) else matrices
    generators = np.zeros((len(group.generator_numbers), found.size, found.size))
    for k, number in enumerate(group.generator_numbers):
        generators[k] = found.at(number)
    return RepresentationData(
        group,
        generators,
        np.zeros((0, found.size, found.size)),
        group._elements,
        np.full(order, 1 / order),
        found.characters,
        tuple(group.irreps()),
    )


def continuous_data(
    group: ContinuousGroup, matrix: Callable[[GroupElement], np.ndarray], lie: np.ndarray, degree: int
) -> RepresentationData:
    """The data of a representation of a continuous group.

    Args:
        group: the group.
        matrix: the matrix of an element.
        lie: derivatives along the Lie algebra, shape ``(dimension of the group, n, n)``.
        degree: the greatest frequency in it.
    """
    elements, weights = group.class_quadrature(2 * degree)
    generators = [matrix(g) for g in group.component_generators]
    return RepresentationData(
        group,
        np.stack(generators) if generators else np.zeros((0, *lie.shape[1:])),
        lie,
        tuple(elements),
        weights,
        np.array([np.trace(matrix(g)) for g in elements]),
        tuple(group.irreps_up_to(degree)),
    )


def greatest_frequency(representation: Representation) -> int:
    """The greatest frequency of the irreps in a representation of a continuous group.

    Args:
        representation: the representation.
    """
    return max(representation.group.frequency(id) for id in representation.irreps)  # type: ignore[attr-defined]


def restricted_data(group: Group, id: Any, representation: Representation) -> RepresentationData:
    """The data of a representation restricted to a subgroup.

    Args:
        group: the group.
        id: the label of the subgroup.
        representation: a representation of the group.
    """
    subgroup, inclusion, _ = group.subgroup(id)

    def matrix(element: GroupElement) -> np.ndarray:
        lifted = inclusion(element)
        if lifted is None:
            raise GroupError(f"{element} of {subgroup} is not in {group}")
        return representation(lifted)

    if isinstance(subgroup, FiniteGroup):
        return finite_data(subgroup, snapped(np.stack([matrix(h) for h in subgroup.elements])))
    smaller = cast("ContinuousGroup", subgroup)
    degree = greatest_frequency(representation)
    return continuous_data(smaller, matrix, smaller.derivatives(matrix, degree), degree)


def _irrep_embeddings(irrep: IrreducibleRepresentation, data: RepresentationData, multiplicity: int) -> np.ndarray:
    """Isometries from an irrep into a representation with orthogonal images, side by side: shape ``(size, images)``."""
    maps = intertwiners(
        irrep.generator_matrices,
        data.generators,
        a_lie=irrep.lie_matrices,
        b_lie=data.lie,
        dimension=multiplicity * ENDOMORPHISMS[irrep.type],
    )
    # The embeddings side by side, of which the first `stop` columns are there.
    found, stop = np.zeros((data.size, multiplicity * irrep.size)), 0
    for candidate in maps:
        earlier = found[:, :stop]
        rest = candidate - earlier @ (earlier.T @ candidate)
        scale = np.linalg.norm(rest) / np.sqrt(irrep.size)
        if scale > 1e-3:
            found[:, stop : stop + irrep.size] = rest / scale
            stop += irrep.size
        if stop == found.shape[1]:
            break
    return found[:, :stop]


def decompose(data: RepresentationData) -> tuple[list[Label], np.ndarray]:
    """The irreps in a representation, and Q with rho = Q (sum of irreps) Q^T.

    The columns of Q that belong to an irrep psi are embeddings from Hom_G(psi, rho) with orthogonal images.

    Args:
        data: the representation.

    Returns:
        labels of the irreps in the order of their blocks, and Q of shape ``(n, n)``.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> group = cyclic_group(4)
        >>> irreps, q = decompose(finite_data(group, group.regular_representation.matrices))
        >>> irreps
        [(0,), (1,), (2,)]
    """
    labels: list[Label] = []
    columns: list[np.ndarray] = []
    for irrep in data.candidates:
        count = data.multiplicity(irrep)
        if count:
            columns.append(_irrep_embeddings(irrep, data, count))
            labels += [irrep.id] * count
    basis = np.concatenate(columns, axis=1) if columns else np.zeros((0, 0))
    if basis.shape[1] != data.size:
        raise RepresentationError(
            f"the irreps found add up to size {basis.shape[1]} of {data.size}",
            hint="check that the matrices are orthogonal and multiply like the group",
        )
    return labels, basis


@suggests
def homomorphism_space(rho1: Representation, rho2: Representation) -> np.ndarray:
    """A basis of the space Hom_G(rho1, rho2) of equivariant linear maps.

    Solved on irreps (Schur's lemma) and carried over by the changes of basis.

    Args:
        rho1: a representation of size n.
        rho2: a representation of the same group, of size m.

    Returns:
        the basis, shape ``(dimension, m, n)``.

    Raises:
        GroupError: if the groups differ.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> regular = cyclic_group(4).regular_representation
        >>> homomorphism_space(regular, regular).shape
        (4, 4, 4)
    """
    need_representations([rho1, rho2], "a space of homomorphisms")
    if rho1.group != rho2.group:
        raise GroupError(f"representations of one group are needed, but {rho1} and {rho2} were given")
    maps = []
    row = 0
    for out_id in rho2.irreps:
        height = rho2.group.irrep(*out_id).size
        column = 0
        for in_id in rho1.irreps:
            width = rho1.group.irrep(*in_id).size
            if in_id == out_id:
                left = rho2.change_of_basis[:, row : row + height]
                right = rho1.change_of_basis_inv[column : column + width]
                for endomorphism in rho1.group.irrep(*in_id).endomorphism_basis():
                    maps.append(left @ endomorphism @ right)
            column += width
        row += height
    if not maps:
        return np.zeros((0, rho2.size, rho1.size))
    return np.stack(maps)


@suggests
def disentangle(repr: Representation, blocks: list[list[int]] | None = None) -> tuple[np.ndarray, list[Representation]]:
    """The change of channels that separates a representation into a direct sum of smaller ones.

    The new representations are rho_i, with P rho(g) P^T = rho_1(g) + ... + rho_n(g) for a permutation P: channels that the
    matrices do not mix are put together. Restricting a regular representation to a subgroup, for example, gives several
    regular ones.

    Args:
        repr: the representation.
        blocks: which channels to keep together, each channel once; by default as few as the matrices allow.

    Returns:
        P of shape ``(size, size)``, and the list of representations; the representation alone, if it is not orthogonal.

    Raises:
        RepresentationError: if the matrices mix channels of different blocks.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> disentangle(cyclic_group(4).regular_representation.restrict(2))[1]
        [C2|[C4:regular_0]:2, C2|[C4:regular_1]:2]
    """
    group = repr.group
    finest = invariant_blocks(np.concatenate([repr.generator_matrices, repr.lie_matrices]))
    kept = finest if blocks is None else blocks
    if (len(kept) == 1 and blocks is None) or not repr.is_orthogonal:
        return np.eye(repr.size), [repr]
    order = [channel for block in kept for channel in block]
    place = {channel: number for number, block in enumerate(kept) for channel in block}
    if sorted(order) != list(range(repr.size)) or any(len({place[c] for c in block}) > 1 for block in finest):
        raise RepresentationError(f"the blocks {kept} of channels are none that {repr} keeps apart")
    if not isinstance(group, FiniteGroup):
        if blocks is None:
            return snapped(repr.change_of_basis.T), [group.irrep(*id) for id in repr.irreps]
        return np.eye(repr.size)[order], [_continuous_part(repr, block, n) for n, block in enumerate(kept)]
    parts = []
    for number, block in enumerate(kept):
        parts.append(named_representation(group, repr.element_matrices.block(block), f"{repr.name}_{number}"))
    return np.eye(repr.size)[order], parts


def _continuous_part(repr: Representation, block: list[int], number: int) -> Representation:
    """The part of a representation of a continuous group on some channels."""
    chosen = np.ix_(block, block)
    lie = repr.lie_matrices[:, chosen[0], chosen[1]]
    owner = cast("ContinuousGroup", repr.group)
    name = f"{repr.name}_{number}"
    return continuous_representation(owner, lambda g: repr(g)[chosen], greatest_frequency(repr), name, lie)


def named_representation(
    group: FiniteGroup, matrices: np.ndarray | Matrices, name: str, **attributes: Any
) -> Representation:
    """A representation of a finite group from all its matrices, split into irreps.

    Args:
        group: the group.
        matrices: shape ``(order, n, n)``, orthogonal; or what keeps them.
        name: the name that it prints.
        **attributes: what the representation remembers besides.
    """
    labels, basis = decompose(finite_data(group, matrices))
    return Representation(group, name, labels, basis, _matrices=matrices, **attributes)


def continuous_representation(
    group: ContinuousGroup,
    matrix: Callable[[GroupElement], np.ndarray],
    degree: int,
    name: str,
    lie: np.ndarray | None = None,
    **attributes: Any,
) -> Representation:
    """A representation of a continuous group from the matrix of each element, split into irreps.

    Args:
        group: the group.
        matrix: the matrix of an element, orthogonal.
        degree: the greatest frequency in it.
        name: the name that it prints.
        lie: derivatives along the Lie algebra, where they are known.
        **attributes: what the representation takes besides.
    """
    derivatives = group.derivatives(matrix, degree) if lie is None else lie
    labels, basis = decompose(continuous_data(group, matrix, derivatives, degree))
    return Representation(group, name, labels, basis, **attributes)
