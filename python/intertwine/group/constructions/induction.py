"""Induced representations: from a subgroup with finitely many cosets to the group."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from intertwine.errors import GroupError, Words
from intertwine.group.constructions.decomposition import (
    continuous_representation,
    greatest_frequency,
    named_representation,
)
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import (
    DenseMatrices,
    Matrices,
    SignedPermutations,
    as_signed_permutations,
    snapped,
)


def induced_representation(
    group: Group,
    subgroup_id: Any,
    repr: Representation | None,
    representatives: list[GroupElement] | None = None,
    name: str | None = None,
) -> Representation:
    """The representation induced from a representation sigma of a subgroup H with finitely many cosets.

    With one element g_a of each coset, block (a, b) of rho(g) is sigma(g_a^-1 g g_b) where that lies in H, else 0.

    Args:
        group: the group: finite, or continuous if H holds the component of its identity, as SO(2) in O(2).
        subgroup_id: the label of H.
        repr: sigma, a representation of H (``None``: the trivial one).
        representatives: the g_a, in the order of the blocks; the first elements of the cosets by default.
        name: the name that it prints.

    Raises:
        GroupError: if there is no such subgroup, it has infinitely many cosets, sigma is of another group, or the
            representatives miss a coset.

    Example:
        >>> from intertwine.group import o2_group, so2_group
        >>> induced_representation(o2_group(), (None, -1), so2_group().irrep(1)).irreps
        [(1, 1), (1, 1)]
    """
    if isinstance(group, FiniteGroup):
        return _of_finite_group(group, subgroup_id, repr, representatives, name)
    return _of_continuous_group(cast("ContinuousGroup", group), subgroup_id, repr, representatives, name)


def _need_sigma(group: Group, subgroup_id: Any, subgroup: Group, sigma: Representation | None) -> Representation:
    if sigma is None:
        return subgroup.trivial_representation
    if sigma.group != subgroup:
        raise GroupError(
            "the subgroup{label} of {group} is {subgroup}, but {sigma} is of {other}",
            parts={
                "label": Words(f" {subgroup_id}", r=""),
                "group": group,
                "subgroup": subgroup,
                "sigma": sigma,
                "other": sigma.group,
            },
        )
    return sigma


def _not_one_of_each(given: int, cosets: int) -> GroupError:
    return GroupError(f"{given} representatives were given, but each of the {cosets} cosets needs exactly one")


def _of_finite_group(
    group: FiniteGroup,
    subgroup_id: Any,
    repr: Representation | None,
    representatives: list[GroupElement] | None,
    name: str | None,
) -> Representation:
    subgroup, numbers = group._subgroup_elements(subgroup_id)
    sigma = _need_sigma(group, subgroup_id, subgroup, repr)
    chosen, coset_of = group.coset_numbers(numbers)
    if representatives is not None:
        cosets = len(chosen)
        chosen = np.array([group.index(g) for g in representatives])
        if sorted(coset_of[chosen].tolist()) != list(range(cosets)):
            raise _not_one_of_each(len(representatives), cosets)
        coset_of = np.argsort(coset_of[chosen])[coset_of]
    label = name or f"induced[{subgroup_id}][{sigma.name}]"
    images = group.table[:, chosen]
    targets = coset_of[images]
    position_in_subgroup = np.full(group.order(), -1)
    position_in_subgroup[numbers] = np.arange(len(numbers))
    inside = position_in_subgroup[group.table[group.inverses[chosen[targets]], images]]
    matrices = _blocks_in_place(sigma.element_matrices, targets, inside)
    # Layers that take norms of blocks read the size of a block here: zeros in sigma's matrices would hide it.
    return named_representation(group, matrices, label, subfield_size=sigma.size)


def _blocks_in_place(sigma: Matrices, targets: np.ndarray, inside: np.ndarray) -> Matrices:
    """The matrices that carry block b to block ``targets[g, b]`` by that of the element ``inside[g, b]`` of the subgroup."""
    (order, blocks), size = targets.shape, sigma.size
    permutations = as_signed_permutations(sigma)
    if permutations is not None:
        images = (targets[:, :, None] * size + permutations.images[inside]).reshape(order, -1)
        signs = None if permutations.signs is None else permutations.signs[inside].reshape(order, -1)
        return SignedPermutations(images, signs)
    matrices = np.zeros((order, blocks, size, blocks, size))
    g, b = np.meshgrid(np.arange(order), np.arange(blocks), indexing="ij")
    matrices[g, targets, :, b, :] = sigma.dense[inside]
    return DenseMatrices(snapped(matrices.reshape(order, blocks * size, blocks * size)))


def _of_continuous_group(
    group: ContinuousGroup,
    subgroup_id: Any,
    repr: Representation | None,
    representatives: list[GroupElement] | None,
    name: str | None,
) -> Representation:
    subgroup, _, restriction = group.subgroup(subgroup_id)
    if not isinstance(subgroup, ContinuousGroup) or subgroup.lie_dimension < group.lie_dimension:
        raise GroupError(
            f"{subgroup} has infinitely many cosets in {group}: what it induces is infinite",
            hint=Words(
                "use group.bl_quotient_representation(L, subgroup_id), which keeps frequencies up to L",
                r="use spectral_quotient_repr(), which keeps frequencies up to one that you choose",
            )
            if repr is None
            else Words(
                "use group.homspace(subgroup_id).induced_representation(psi, irreps), which keeps some irreps only",
                r="use spectral_induced_repr(), which keeps some irreps only",
            ),
        )
    sigma = _need_sigma(group, subgroup_id, subgroup, repr)
    cosets = _cosets(group, restriction)
    if representatives is not None:
        chosen = [group.element(g) for g in representatives]
        met = sorted(_coset_of(g, cosets, restriction)[0] for g in chosen)
        if met != list(range(len(cosets))):
            raise _not_one_of_each(len(chosen), len(cosets))
        cosets = chosen
    matrices = _InducedMatrix(group, cosets, restriction, sigma)
    label = name or f"induced[{subgroup_id}][{sigma.name}]"
    return continuous_representation(
        group,
        lambda g: matrices(g._value),
        greatest_frequency(sigma),
        label,
        _matrices=matrices,
        subfield_size=sigma.size,
    )


def _cosets(group: ContinuousGroup, restriction: ElementMap) -> list[GroupElement]:
    """One element of each left coset of a subgroup that holds the component of the identity, the identity first.

    The generators of the group besides its Lie algebra meet all components, so their products meet all cosets.
    """
    found = [group.identity]
    for g in found:
        for step in group.component_generators:
            image = step @ g
            if all(restriction(~r @ image) is None for r in found):
                found.append(image)
    return found


def _coset_of(
    g: GroupElement, representatives: list[GroupElement], restriction: ElementMap
) -> tuple[int, GroupElement]:
    """The number a of the coset of an element, and h in the subgroup with g = g_a h."""
    for number, r in enumerate(representatives):
        h = restriction(~r @ g)
        if h is not None:
            return number, h
    raise GroupError(f"{g} is in no coset of the subgroup")


class _InducedMatrix:
    """The matrix of an induced representation of a continuous group at a value."""

    def __init__(
        self,
        group: ContinuousGroup,
        representatives: list[GroupElement],
        restriction: ElementMap,
        sigma: Representation,
    ) -> None:
        self._group, self._representatives, self._restriction, self._sigma = group, representatives, restriction, sigma

    def __call__(self, value: Any) -> np.ndarray:
        g = GroupElement._from_canonical_value(value, self._group)
        size, blocks = self._sigma.size, len(self._representatives)
        matrix = np.zeros((blocks, size, blocks, size))
        for b, r in enumerate(self._representatives):
            a, h = _coset_of(g @ r, self._representatives, self._restriction)
            matrix[a, :, b, :] = self._sigma(h)
        return matrix.reshape(blocks * size, blocks * size)
