"""Any finite group from its generators: orthogonal matrices, permutations, or a table of products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from intertwine.errors import GroupError, Words
from intertwine.group.catalogue.generated_group import GeneratedGroup
from intertwine.group.constructions.decomposition import named_representation
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.describe_motion import describe
from intertwine.group.matrices.element_matrices import DenseMatrices, Matrices, SignedPermutations
from intertwine.group.tables.cayley_table import closure, need_group_table
from intertwine.group.tables.closure import (
    close_matrices,
    close_permutations,
    cycles,
    identity_first,
    order_bound,
    orthogonal_generators,
    permutation_generators,
    realified,
    square_table,
)
from intertwine.group.tables.isomorphism_names import structure_name
from intertwine.group.tables.subgroups import sub_table
from intertwine.suggestions import suggests

MAX_ORDER = 1000
"""The order below which generators must close, unless another one is stated."""

_EQUAL = 1e-9
"""Natural matrices that differ by less are equal."""

_NEAR = 1e-6
"""A matrix stands for an element whose matrix has a smaller squared distance from it."""


class MatrixGroup(GeneratedGroup):
    """The finite group that orthogonal matrices generate.

    Elements are numbers (``param="int"``) or matrices (``"MAT"``). Their order is breadth-first by words in the generators:
    the identity, the generators as given, then the products of each element so far with each generator on its right; what
    is there already is skipped. An irreducible natural representation is an irrep as it was given.

    Args:
        generators: orthogonal matrices of one size, shape ``(generators, n, n)``. Complex unitary ones are taken as real ones of
            twice the size, with the block [[a, -b], [b, a]] for each entry a + b i.
        name: the name that it prints.
        max_order: the order below which they must close.
        names: how the elements print, in order.

    Raises:
        GroupError: if a generator is not orthogonal, or they do not close below ``max_order``.

    Example:
        >>> group = MatrixGroup([[[0, -1], [1, 0]], [[1, 0], [0, -1]]], "square")
        >>> group.order(), group.elements[1], group.irreps()[-1]
        (8, 90 deg, square|[irrep_4]:2)
    """

    PARAMETRIZATIONS: tuple[str, ...] = ("int", "MAT")
    FAMILY: ClassVar[str] = "matrices"

    def __init__(
        self,
        generators: Any,
        name: str | None = None,
        max_order: int = MAX_ORDER,
        names: Sequence[str] | None = None,
    ) -> None:
        self._given = orthogonal_generators(generators)
        self._max_order = order_bound(max_order)
        self._matrices, table = close_matrices(self._given, self._max_order)
        super().__init__(name or f"MatrixGroup({len(table)})", table, names)

    def _natural(self) -> Sequence[Matrices]:
        return [DenseMatrices(self._matrices)]

    @cached_property
    def natural_representation(self) -> Representation:
        """The given matrices as a representation."""
        for irrep in self.irreps():
            if irrep.size == self._matrices.shape[-1] and np.abs(irrep.matrices - self._matrices).max() < _EQUAL:
                return irrep
        return named_representation(self, self._matrices, "natural")

    def _to_canonical(self, value: Any, param: str) -> int:
        if param != "MAT":
            return super()._to_canonical(value, param)
        try:
            matrix = realified(np.asarray(value))
            matrix = matrix.astype(float)
        except (TypeError, ValueError):
            matrix = np.zeros(0)
        shape = self._matrices.shape[1:]
        if matrix.shape == shape and np.isfinite(matrix).all():
            distances = ((self._matrices - matrix) ** 2).sum(axis=(1, 2))
            number = int(np.argmin(distances))
            if distances[number] < _NEAR:
                return number
        raise GroupError(
            f"{self.name} has no element with the matrix {value!r}",
            hint=f"its elements are {self.order()} orthogonal matrices of shape {shape}",
        )

    def _from_canonical(self, value: int, param: str) -> Any:
        return self._matrices[value] if param == "MAT" else value

    @cached_property
    def _element_names(self) -> tuple[str, ...]:
        if self._matrices.shape[-1] <= 3:
            return tuple(describe(matrix) for matrix in self._matrices)
        return super()._element_names

    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        size = self._matrices.shape[-1]
        generators = self._matrices[list(numbers)] if numbers else np.eye(size)[None]
        names = self._names_of(closure(self.table, list(numbers)))
        return MatrixGroup(generators, self._subgroup_name(numbers), self._max_order, names)

    def _like(self, other: GeneratedGroup) -> bool:
        return (
            isinstance(other, MatrixGroup)
            and self._matrices.shape == other._matrices.shape
            and bool(np.abs(self._matrices - other._matrices).max() < _EQUAL)
        )

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (type(self), (self._given, self._name, self._max_order, self._names))


class PermutationGroup(GeneratedGroup):
    """The finite group that permutations of 0, ..., n - 1 generate.

    A permutation p is the sequence of the images p[0], ..., p[n - 1]; the product p q takes j to p[q[j]]. Elements are
    numbers (``param="int"``) or permutations (``"permutation"``), in an order that is breadth-first by words in the generators:
    the identity, the generators as given, then the products of each element so far with each generator on its right. They
    print as cycles.

    Args:
        generators: permutations of one length.
        name: the name that it prints.
        max_order: the order below which they must close.

    Raises:
        GroupError: if a generator is no permutation, or they do not close below ``max_order``.

    Example:
        >>> group = PermutationGroup([(1, 0, 2), (1, 2, 0)])
        >>> group.elements
        [(), (0 1), (0 1 2), (1 2), (0 2), (0 2 1)]
    """

    PARAMETRIZATIONS: tuple[str, ...] = ("int", "permutation")
    FAMILY: ClassVar[str] = "permutations"

    def __init__(self, generators: Any, name: str | None = None, max_order: int = MAX_ORDER) -> None:
        self._given = permutation_generators(generators)
        self._max_order = order_bound(max_order)
        self._permutations, table = close_permutations(self._given, self._max_order)
        super().__init__(name or f"PermutationGroup({len(table)})", table)

    def _natural(self) -> Sequence[Matrices]:
        return [SignedPermutations(self._permutations)]

    @cached_property
    def natural_representation(self) -> Representation:
        """The permutation matrices on the points as a representation: rho(p) e_j = e_p[j]."""
        return named_representation(self, SignedPermutations(self._permutations), "natural")

    @cached_property
    def _by_permutation(self) -> dict[tuple[int, ...], int]:
        return {tuple(p): number for number, p in enumerate(self._permutations.tolist())}

    def _to_canonical(self, value: Any, param: str) -> int:
        if param != "permutation":
            return super()._to_canonical(value, param)
        try:
            number = self._by_permutation.get(tuple(int(k) for k in value if k == int(k)))
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None:
            raise GroupError(
                f"{self.name} has no element that is {{given}}",
                hint="give the images of {first}, ..., {last} under one of its elements",
                positions={"first": 0, "last": self._permutations.shape[1] - 1},
                parts={"given": Words(f"the permutation {value!r}", r="this permutation")},
            )
        return number

    def _from_canonical(self, value: int, param: str) -> Any:
        return tuple(self._permutations[value].tolist()) if param == "permutation" else value

    @cached_property
    def _element_names(self) -> tuple[str, ...]:
        return tuple(cycles(p) for p in self._permutations.tolist())

    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        points = self._permutations.shape[1]
        generators = self._permutations[list(numbers)] if numbers else np.arange(points)[None]
        return PermutationGroup(generators, self._subgroup_name(numbers), self._max_order)

    def _like(self, other: GeneratedGroup) -> bool:
        return isinstance(other, PermutationGroup) and np.array_equal(self._permutations, other._permutations)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (type(self), (self._given, self._name, self._max_order))


class TableGroup(GeneratedGroup):
    """The finite group with a table of products (a Cayley table).

    Elements are the numbers of the table. If its identity is another one than number 0, it is moved to the front and the
    others keep their order.

    Args:
        table: ``table[i][j]`` is the number of the product of elements i and j, shape ``(order, order)``.
        name: the name that it prints.
        names: how the elements print, in the order of the table.

    Raises:
        GroupError: if the table is no Latin square, has no identity, or is not associative.

    Example:
        >>> klein = TableGroup([[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0]], names=["1", "a", "b", "ab"])
        >>> klein.element(1) @ klein.element(2), klein.irreps()[3]
        (ab, TableGroup(4)|[irrep_3]:1)
    """

    FAMILY: ClassVar[str] = "table"

    def __init__(self, table: Any, name: str | None = None, names: Sequence[str] | None = None) -> None:
        array, moved = identity_first(square_table(table))
        need_group_table(array)
        if names is not None:
            names = [str(label) for label in names]
            if len(names) != len(array):
                raise GroupError(f"{len(names)} names were given for {len(array)} elements")
            names = [names[g] for g in moved]
        array.flags.writeable = False
        self._given = array
        super().__init__(name or f"TableGroup({len(array)})", array, names)

    def _natural(self) -> Sequence[Matrices]:
        regular = SignedPermutations(self.table)
        if self.abelian:
            return [regular]
        # Most irreps occur once among the functions on the cosets of some cyclic subgroup. There they are found from fewer
        # points, and no basis has to be chosen between equal copies.
        firsts = np.unique(self.class_numbers, return_index=True)[1][1:]
        cyclic = {tuple(sorted(closure(self.table, [g]))) for g in firsts.tolist()}
        return [*(self._on_cosets(numbers) for numbers in sorted(cyclic, key=lambda h: (-len(h), h))), regular]

    def _on_cosets(self, numbers: Sequence[int]) -> Matrices:
        firsts, coset_of = self.coset_numbers(numbers)
        return SignedPermutations(coset_of[self.table[:, firsts]])

    @cached_property
    def natural_representation(self) -> Representation:
        """The regular representation."""
        return self.regular_representation

    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        listed = closure(self.table, list(numbers))
        return TableGroup(sub_table(self.table, listed), self._subgroup_name(numbers), self._names_of(listed))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (type(self), (self.table, self._name, self._names))


GENERATED = "generated"
"""The first part of the labels of subgroups by their elements, for groups whose own labels are of another kind."""


def generated_subgroup(group: FiniteGroup, numbers: Sequence[Any]) -> tuple[TableGroup, np.ndarray]:
    """The subgroup that some elements of any finite group generate, by its table.

    Args:
        group: the group.
        numbers: the numbers of the elements.

    Returns:
        the subgroup, and the number in the group of each of its elements.

    Raises:
        GroupError: if there are no elements of these numbers.
    """
    steps = [group.checked_number(number) for number in numbers]
    listed = closure(group.table, list(group.generating_numbers(group.closure(steps))))
    table = sub_table(group.table, listed)
    name = structure_name(table)
    return TableGroup(table, f"{group}{steps}" if name.startswith("order") else name), np.array(listed)


@suggests
def group_from_matrices(generators: Any, name: str | None = None, max_order: int = MAX_ORDER) -> MatrixGroup:
    """The finite group that orthogonal matrices generate.

    Args:
        generators: orthogonal matrices of one size, shape ``(generators, n, n)``. Complex unitary ones are taken as real ones of
            twice the size, with the block [[a, -b], [b, a]] for each entry a + b i.
        name: the name that it prints.
        max_order: the order below which they must close.

    Raises:
        GroupError: if a generator is not orthogonal, or they do not close below ``max_order``.

    Example:
        >>> group_from_matrices([[[0, -1], [1, 0]]], "quarter turns").elements
        [identity, 90 deg, 180 deg, -90 deg]
    """
    return MatrixGroup(generators, name, max_order)


@suggests
def group_from_permutations(generators: Any, name: str | None = None, max_order: int = MAX_ORDER) -> PermutationGroup:
    """The finite group that permutations of 0, ..., n - 1 generate.

    Args:
        generators: permutations of one length, each as the sequence of the images of 0, ..., n - 1.
        name: the name that it prints.
        max_order: the order below which they must close.

    Raises:
        GroupError: if a generator is no permutation, or they do not close below ``max_order``.

    Example:
        >>> group_from_permutations([(1, 2, 3, 0)]).elements
        [(), (0 1 2 3), (0 2)(1 3), (0 3 2 1)]
    """
    return PermutationGroup(generators, name, max_order)


@suggests
def group_from_table(table: Any, name: str | None = None, names: Sequence[str] | None = None) -> TableGroup:
    """The finite group with a table of products (a Cayley table).

    Args:
        table: ``table[i][j]`` is the number of the product of elements i and j, shape ``(order, order)``.
        name: the name that it prints.
        names: how the elements print, in the order of the table.

    Raises:
        GroupError: if the table is no Latin square, has no identity, or is not associative.

    Example:
        >>> group_from_table([[0, 1], [1, 0]], "Z2").irreps()
        [Z2|[irrep_0]:1, Z2|[irrep_1]:1]
    """
    return TableGroup(table, name, names)
