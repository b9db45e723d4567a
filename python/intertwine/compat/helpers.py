"""Small functions of the peers, over values of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from intertwine import group as groups
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.group import FiniteGroup, Group, GroupElement, IrreducibleRepresentation, Representation
from intertwine.group.constructions.decomposition import named_representation

groups_dict: Mapping[str, type[Group]] = MappingProxyType(
    {
        cls.__name__: cls
        for cls in (
            groups.CyclicGroup,
            groups.DihedralGroup,
            groups.SO2,
            groups.O2,
            groups.SO3,
            groups.O3,
            groups.Icosahedral,
            groups.Octahedral,
            groups.DirectProductGroup,
            groups.DoubleGroup,
        )
    }
)
"""The classes of groups by name."""

Parts = tuple[list[IrreducibleRepresentation], np.ndarray, np.ndarray]


def klein4_group() -> Group:
    """Klein's four-group, as a product of two groups of order 2."""
    return groups.direct_product(groups.cyclic_group(2), groups.cyclic_group(2), name="Klein4")


def cycle_isclose(a: Any, b: Any, S: float, rtol: float = 1e-9, atol: float = 1e-11) -> Any:
    """Whether numbers on a circle are equal.

    Args:
        a: a number, or an array.
        b: another.
        S: the length of the circle.
        rtol: relative tolerance.
        atol: absolute tolerance.
    """
    half = S / 2
    return np.isclose((np.asarray(a) - b + half) % S, half, rtol=rtol, atol=atol)


def _parts(representation: Representation) -> Parts:
    matrix = representation.change_of_basis
    return [representation.group.irrep(*id) for id in representation.irreps], matrix, matrix.T


def build_regular_representation(group: Group) -> Parts:
    """The irreps of the regular representation, its change of basis and the inverse.

    Args:
        group: a finite group.
    """
    return _parts(group.regular_representation)


def build_quotient_representation(group: Group, subgroup_id: Any) -> Parts:
    """The same of a quotient representation.

    Args:
        group: a finite group.
        subgroup_id: the label of the subgroup.
    """
    return _parts(group.quotient_representation(subgroup_id))


def build_induced_representation(
    group: Group, subgroup_id: Any, repr: Representation, representatives: list[GroupElement] | None = None
) -> Parts:
    """The same of an induced representation.

    Args:
        group: a finite group.
        subgroup_id: the label of the subgroup.
        repr: its representation.
        representatives: one element of each coset.
    """
    return _parts(group.induced_representation(subgroup_id, repr, representatives))


def build_from_discrete_group_representation(
    representation: dict[GroupElement, np.ndarray],
    name: str,
    group: FiniteGroup,
    supported_nonlinearities: Sequence[str] = (),
) -> Representation:
    """A representation of a finite group, from the matrix of each element.

    Args:
        representation: the matrices, by element.
        name: how it prints.
        group: the group.
        supported_nonlinearities: has no effect: what a representation supports follows from its matrices.
    """
    matrices = np.stack([np.asarray(representation[element], dtype=float) for element in group.elements])
    return named_representation(group, matrices, name)


def direct_sum_factory(
    irreps: Sequence[IrreducibleRepresentation],
    change_of_basis: np.ndarray,
    change_of_basis_inv: np.ndarray | None = None,
) -> Callable[[GroupElement], np.ndarray]:
    """The function g -> Q (psi_1(g) + ... + psi_n(g)) Q^-1.

    Args:
        irreps: the irreps psi_i.
        change_of_basis: Q.
        change_of_basis_inv: its inverse.
    """
    if not irreps:
        raise ArgumentError("a direct sum needs at least one irrep")
    total = groups.directsum(list(irreps))
    inverse = np.linalg.inv(change_of_basis) if change_of_basis_inv is None else change_of_basis_inv
    return lambda element: change_of_basis @ total(element) @ inverse


def indexes_from_labels(in_type: FieldType, labels: Sequence[Any]) -> dict[Any, tuple[bool, list[int], list[int]]]:
    """Where the fields with each label are: whether side by side, their numbers, and the range or the numbers of their channels.

    Args:
        in_type: the type.
        labels: one for each field.
    """
    if len(labels) != len(in_type):
        raise ArgumentError(f"{len(labels)} labels were given for {len(in_type)} fields")
    numbers: dict[Any, list[int]] = {}
    for number, label in enumerate(labels):
        numbers.setdefault(label, []).append(number)
    starts, ends = in_type.fields_start, in_type.fields_end
    return {
        label: (
            check_consecutive_numbers(held),
            held,
            [channel for number in held for channel in range(starts[number], ends[number])],
        )
        for label, held in numbers.items()
    }


def check_consecutive_numbers(list: Sequence[int]) -> bool:  # noqa: A002 - their argument's name
    """Whether whole numbers, in any order, leave no gap.

    Args:
        list: the numbers.
    """
    return sorted(list) == [*range(min(list), max(list) + 1)]
