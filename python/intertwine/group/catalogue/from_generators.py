"""Any finite group from its generators: orthogonal matrices, permutations, or a table of products."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from intertwine.checks import whole
from intertwine.errors import GroupError, Words
from intertwine.group.constructions.decomposition import named_representation
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.describe_motion import describe
from intertwine.group.matrices.element_matrices import DenseMatrices, Matrices, SignedPermutations
from intertwine.group.tables.cayley_table import check_table, closure
from intertwine.group.tables.characters import RealCharacters, real_characters
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
from intertwine.group.tables.real_irreps import real_irreps
from intertwine.group.tables.subgroups import sub_table
from intertwine.memory import remembered
from intertwine.suggestions import suggests

MAX_ORDER = 1000
"""The order below which generators must close, unless another one is stated."""

_EQUAL = 1e-9
"""Natural matrices that differ by less are equal."""

_NEAR = 1e-6
"""A matrix stands for an element whose matrix has a smaller squared distance from it."""


class GeneratedGroup(FiniteGroup):
    """A finite group whose irreps are found from its table of products and one faithful representation.

    Elements are numbers, in a stated order with the identity first. Irreps have labels ``(k,)``: the trivial one is ``(0,)``,
    then they go by size, then by their characters, the greater ones first, in the order of the elements; so a label
    depends on the order of the elements alone. A subgroup has as label the tuple of the numbers of elements that generate it:
    any such tuple is accepted, and stands for the first elements, in order, none of which is made of those before it.

    Args:
        name: how it prints.
        table: table of products, shape ``(order, order)``, with the identity as number 0.
        names: how the elements print; words in the generators by default.
    """

    PARAM: str = "int"
    PARAMETRIZATIONS: tuple[str, ...] = ("int",)
    FAMILY: ClassVar[str]
    """Groups of one family are equal if their tables and natural representations are, whatever they are called."""

    def __init__(self, name: str, table: np.ndarray, names: Sequence[str] | None = None) -> None:
        self._given_table = table
        self._names = None if names is None else tuple(names)
        super().__init__(name, continuous=False, abelian=bool((table == table.T).all()))

    # --- what a concrete class owes -------------------------------------------------------------------------------------

    @abstractmethod
    def _natural(self) -> Sequence[Matrices]:
        """Representations from which the irreps are split off, one of them faithful."""

    @cached_property
    @abstractmethod
    def natural_representation(self) -> Representation:
        """The faithful representation that the group was given by."""

    @abstractmethod
    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        """The subgroup that some elements generate, its elements breadth-first by words in them."""

    @property
    @abstractmethod
    def given(self) -> np.ndarray:
        """What the group was made of: its generators, or its table; read-only."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """How the elements print, in order, if it was said."""
        return self._names

    # --- the table -------------------------------------------------------------------------------------------------------

    def _build_table(self) -> np.ndarray:
        return self._given_table

    @cached_property
    def _values(self) -> tuple[Any, ...]:
        return tuple(range(len(self._given_table)))

    def _combine(self, a: int, b: int) -> int:
        return int(self.table[a, b])

    def _inverse(self, a: int) -> int:
        return int(self.inverses[a])

    def _to_canonical(self, value: Any, param: str) -> int:
        self._check_param(param)
        number = whole(value, f"an element of {self.name}")
        if not 0 <= number < len(self.table):
            raise GroupError(
                f"{self.name} has no element {{element}}",
                hint="its elements are {first} to {last}",
                positions={"element": number, "first": 0, "last": len(self.table) - 1},
            )
        return number

    def _from_canonical(self, value: int, param: str) -> Any:
        return value

    @cached_property
    def _words(self) -> tuple[str, ...]:
        steps = self.generator_numbers
        words: dict[int, list[int]] = {0: []}
        for g in closure(self.table, list(steps)):
            for k, step in enumerate(steps):
                words.setdefault(int(self.table[g, step]), [*words[g], k])
        return tuple(_word(words[g]) for g in range(self.order()))

    def _repr_value(self, value: int) -> str:
        return (self._names or self._words)[value]

    @cached_property
    def generator_numbers(self) -> tuple[int, ...]:
        """The numbers of the generators: the first elements, in order, none of which is made of those before it."""
        return self.generating_numbers(range(self.order()))

    @property
    def generators(self) -> list[GroupElement]:
        """The first elements, in order, none of which is made of those before it."""
        return [self._elements[g] for g in self.generator_numbers]

    # --- irreps ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _characters(self) -> RealCharacters:
        return real_characters(self.table, self.inverses, self.class_numbers)

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        characters = self._characters
        matrices = real_irreps(self.table, characters, self._natural())
        return tuple(
            IrreducibleRepresentation(self, (k,), f"irrep_{k}", _Listed(self, listed), size, kind)
            for k, (listed, size, kind) in enumerate(zip(matrices, characters.sizes, characters.types, strict=True))
        )

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The irrep with this label.

        Args:
            *id: its number; 0 is the trivial one.
        """
        irreps = self._irreps
        if len(id) != 1 or not isinstance(id[0], (int, np.integer)) or not 0 <= id[0] < len(irreps):
            raise self._irrep_error(id)
        return irreps[int(id[0])]

    # --- subgroups ---------------------------------------------------------------------------------------------------------

    def subgroup_id(self, id: Any) -> tuple[int, ...]:
        """The canonical label of a subgroup.

        Args:
            id: numbers of elements that generate it (or these elements).

        Raises:
            GroupError: if they are no elements.
        """
        given = id if isinstance(id, (tuple, list)) else (id,)
        hint = Words(
            "use numbers from {first} to {last}; list subgroups with group.subgroups()",
            r="use numbers from {first} to {last}; list subgroups with subgroups(G)",
        )
        bounds = {"first": 0, "last": self.order() - 1}
        numbers = []
        for g in given:
            if isinstance(g, bool) or not isinstance(g, (int, np.integer, GroupElement)):
                raise GroupError(
                    f"the label of a subgroup of {self.name} is a tuple of elements that generate it, not {id!r}",
                    hint=hint,
                    positions=bounds,
                )
            number = self.index(g) if isinstance(g, GroupElement) else int(g)
            if not 0 <= number < self.order():
                raise GroupError(
                    f"{self.name} has no element {{element}}", hint=hint, positions={"element": number, **bounds}
                )
            numbers.append(number)
        return self.generating_numbers(closure(self.table, numbers))

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        return _subgroup(self, self.subgroup_id(id), self._name, self._names)

    def _subgroup_name(self, numbers: Sequence[int]) -> str:
        listed = closure(self.table, list(numbers))
        name = structure_name(sub_table(self.table, listed))
        return f"{self.name}[{', '.join(str(g) for g in numbers)}]" if name.startswith("order") else name

    @property
    def subgroup_trivial_id(self) -> tuple[int, ...]:
        """The label of the subgroup that holds the identity alone."""
        return ()

    @property
    def subgroup_self_id(self) -> tuple[int, ...]:
        """The label of the group as its own subgroup."""
        return self.generator_numbers

    # --- values ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _table_bytes(self) -> bytes:
        return self.table.astype(np.int32).tobytes()

    def _key(self) -> Hashable:
        return self._table_bytes

    def _like(self, other: GeneratedGroup) -> bool:
        """Whether a group of the same family with the same table is equal."""
        return True

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, GeneratedGroup) or self.FAMILY != other.FAMILY:
            return NotImplemented
        return self._key() == other._key() and self._like(other)

    @cached_property
    def _hash(self) -> int:
        return hash((self.FAMILY, self._key()))

    def __hash__(self) -> int:
        return self._hash


class _Listed:
    """One matrix for each element of a finite group."""

    def __init__(self, group: FiniteGroup, matrices: np.ndarray) -> None:
        self._group, self._matrices = group, matrices

    def __call__(self, value: Any) -> np.ndarray:
        return self._matrices[self._group._numbers[value]]


def _word(steps: list[int]) -> str:
    if not steps:
        return "1"
    runs: list[list[int]] = []
    for step in steps:
        if runs and runs[-1][0] == step:
            runs[-1][1] += 1
        else:
            runs.append([step, 1])
    letters = "abcdefghijklmnopqrstuvwxyz"
    return " ".join((letters[k] if k < 26 else f"g{k}") + (f"^{n}" if n > 1 else "") for k, n in runs)


@remembered
def _subgroup(
    group: GeneratedGroup, id: tuple[int, ...], name: str, names: tuple[str, ...] | None
) -> tuple[GeneratedGroup, np.ndarray]:
    # Equal groups may print in different ways, and what is made of one prints like it: so these are part of the key.
    numbers = np.array(closure(group.table, list(id)))
    numbers.flags.writeable = False
    if len(numbers) == group.order():
        everyone = np.arange(group.order())
        everyone.flags.writeable = False
        return group, everyone
    return group._generated(id), numbers


class MatrixGroup(GeneratedGroup):
    """The finite group that orthogonal matrices generate.

    Elements are numbers (``param="int"``) or matrices (``"MAT"``). Their order is breadth-first by words in the generators:
    the identity, the generators as given, then the products of each element so far with each generator on its right; what
    is there already is skipped. An irreducible natural representation is an irrep as it was given.

    Args:
        generators: orthogonal matrices of one size, shape ``(generators, n, n)``. Complex unitary ones are taken as real ones of
            twice the size, with the block [[a, -b], [b, a]] for each entry a + b i.
        name: how it prints.
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

    @property
    def given(self) -> np.ndarray:
        """The generators as they were given; read-only."""
        return self._given

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
    def _words(self) -> tuple[str, ...]:
        if self._matrices.shape[-1] <= 3:
            return tuple(describe(matrix) for matrix in self._matrices)
        return super()._words

    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        size = self._matrices.shape[-1]
        generators = self._matrices[list(numbers)] if numbers else np.eye(size)[None]
        listed = closure(self.table, list(numbers))
        names = None if self._names is None else [self._names[g] for g in listed]
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
        name: how it prints.
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

    @property
    def given(self) -> np.ndarray:
        """The generators as they were given; read-only."""
        return self._given

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
                f"{self.name} has no element that is the permutation {value!r}",
                hint=f"give the images of 0, ..., {self._permutations.shape[1] - 1} under one of its elements",
            )
        return number

    def _from_canonical(self, value: int, param: str) -> Any:
        return tuple(self._permutations[value].tolist()) if param == "permutation" else value

    @cached_property
    def _words(self) -> tuple[str, ...]:
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
        name: how it prints.
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
        check_table(array)
        if names is not None:
            names = [str(label) for label in names]
            if len(names) != len(array):
                raise GroupError(f"{len(names)} names were given for {len(array)} elements")
            names = [names[g] for g in moved]
        array.flags.writeable = False
        super().__init__(name or f"TableGroup({len(array)})", array, names)

    @property
    def given(self) -> np.ndarray:
        """The table of products; read-only."""
        return self.table

    def _natural(self) -> Sequence[Matrices]:
        regular = SignedPermutations(self.table)
        if self.abelian:
            return [regular]
        # Most irreps occur just once among the functions on the cosets of some cyclic subgroup: fewer points, and no choice.
        firsts = np.unique(self.class_numbers, return_index=True)[1][1:]
        cyclic = {tuple(sorted(closure(self.table, [g]))) for g in firsts.tolist()}
        return [*(self._on_cosets(numbers) for numbers in sorted(cyclic, key=lambda h: (-len(h), h))), regular]

    def _on_cosets(self, numbers: Sequence[int]) -> Matrices:
        cosets = self.left_cosets(numbers)
        coset_of = np.empty(self.order(), dtype=int)
        for position, coset in enumerate(cosets):
            coset_of[coset] = position
        return SignedPermutations(coset_of[self.table[:, [int(coset[0]) for coset in cosets]]])

    @cached_property
    def natural_representation(self) -> Representation:
        """The regular representation."""
        return self.regular_representation

    def _generated(self, numbers: Sequence[int]) -> GeneratedGroup:
        listed = closure(self.table, list(numbers))
        names = None if self._names is None else [self._names[g] for g in listed]
        return TableGroup(sub_table(self.table, listed), self._subgroup_name(numbers), names)

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
    steps = [whole(number, f"an element of {group}") for number in numbers]
    if not all(0 <= step < group.order() for step in steps):
        raise GroupError(
            f"{group} has no elements {{steps}}",
            hint="they are numbered from {first} to {last}",
            positions={"steps": steps, "first": 0, "last": group.order() - 1},
        )
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
        name: how it prints.
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
        name: how it prints.
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
        name: how it prints.
        names: how the elements print, in the order of the table.

    Raises:
        GroupError: if the table is no Latin square, has no identity, or is not associative.

    Example:
        >>> group_from_table([[0, 1], [1, 0]], "Z2").irreps()
        [Z2|[irrep_0]:1, Z2|[irrep_1]:1]
    """
    return TableGroup(table, name, names)
