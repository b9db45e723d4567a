"""Finite groups: everything that follows from the table of products."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.checks import whole
from intertwine.errors import GroupError
from intertwine.group.core.character_table import CharacterTable
from intertwine.group.core.element import GroupElement, listable
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.matrices.labels import Label
from intertwine.group.tables.cayley_table import (
    class_numbers,
    closure,
    derived_subgroup,
    element_orders,
    generating_numbers,
    whole_where_near,
)
from intertwine.group.tables.isomorphism_names import structure_name
from intertwine.group.tables.subgroups import SubgroupClass, sub_table, subgroup_classes

if TYPE_CHECKING:
    from intertwine.group.core.irrep import IrreducibleRepresentation
    from intertwine.group.core.representation import Representation


MOST_ELEMENTS = 10_000
"""A group keeps its table of products, which grows as the square of its order."""


def need_moderate_order(order: int, name: str) -> None:
    """Raises for a group of more elements than one keeps a table of.

    Args:
        order: the number of elements.
        name: the name of the group.

    Raises:
        GroupError: if there are more than ``MOST_ELEMENTS``.
    """
    if order > MOST_ELEMENTS:
        raise GroupError(
            f"{name} of {order if order < 10**9 else 'very many'} elements is too large: {MOST_ELEMENTS} is the most",
            hint="use a continuous group, such as so2_group() or o2_group(), or a smaller one",
        )


class FiniteGroup(Group):
    """A group with finitely many elements, in one stated order with the identity first.

    Elements are numbered 0 to ``order() - 1`` in that order; all derived objects (regular, quotient and induced
    representations, cosets, subgroups) work on these numbers.
    """

    @cached_property
    @abstractmethod
    def _values(self) -> tuple[Any, ...]:
        """The canonical values of all elements in order, the identity first."""

    @abstractmethod
    def _build_table(self) -> np.ndarray:
        """``table[i, j]`` is the number of the product of elements i and j."""

    @abstractmethod
    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        """The subgroup as a group of its own, and the number in this group of each of its elements."""

    @cached_property
    def table(self) -> np.ndarray:
        """The multiplication table, shape ``(order, order)``, of element numbers; read-only."""
        table = self._build_table()
        table.flags.writeable = False
        return table

    @cached_property
    def inverses(self) -> np.ndarray:
        """The number of the inverse of each element; read-only."""
        inverses = np.argmax(self.table == 0, axis=1)
        inverses.flags.writeable = False
        return inverses

    def _combine(self, a: Any, b: Any) -> Any:
        return self._values[int(self.table[self._numbers[a], self._numbers[b]])]

    def _inverse(self, a: Any) -> Any:
        return self._values[int(self.inverses[self._numbers[a]])]

    @cached_property
    def _numbers(self) -> dict[Any, int]:
        return {value: number for number, value in enumerate(self._values)}

    def index(self, element: GroupElement) -> int:
        """The number of an element.

        Raises:
            GroupError: if it is an element of another group.
        """
        if element.group != self:
            raise GroupError(f"{{element}} is an element of {element.group}, not of {self}", parts={"element": element})
        return self._numbers[element._value]

    def checked_number(self, value: Any) -> int:
        """The number of an element, by which it may be given.

        Args:
            value: what was given.

        Raises:
            GroupError: if no element has that number.
        """
        number = whole(value, f"an element of {self.name}")
        if not 0 <= number < self.order():
            raise GroupError(
                f"{self.name} has no element {{element}}",
                hint="its elements are {first} to {last}",
                positions={"element": number, "first": 0, "last": self.order() - 1},
            )
        return number

    def order(self) -> int:
        """The number of elements."""
        return len(self._values)

    @cached_property
    def _elements(self) -> tuple[GroupElement, ...]:
        return tuple(GroupElement._from_canonical_value(value, self) for value in self._values)

    @property
    def elements(self) -> list[GroupElement]:
        """All elements, the identity first."""
        return list(self._elements)

    @property
    def identity(self) -> GroupElement:
        """The neutral element."""
        return self._elements[0]

    def sample(self, generator: np.random.Generator | None = None) -> GroupElement:
        """A random element, each equally likely."""
        return self._elements[int(np.random.default_rng(generator).integers(self.order()))]

    def testing_elements(self) -> Iterable[GroupElement]:
        """All elements."""
        return iter(self._elements)

    def grid(self, type: str = "regular", N: int | None = None) -> list[GroupElement]:
        """Elements to sample functions on the group.

        Args:
            type: ``"regular"`` for all elements, ``"rand"`` for ``N`` random ones.
            N: the number of random elements.
        """
        if type == "regular":
            return self.elements
        if type == "rand" and N is not None:
            generator = np.random.default_rng()
            return [self.sample(generator) for _ in range(listable(N))]
        raise GroupError(
            f"{self.name} has no grid of type {type!r} with N = {N}", hint="use 'regular', or 'rand' with N"
        )

    def quadrature(self, degree: int = 0) -> tuple[list[GroupElement], np.ndarray]:
        """All elements with equal weights: the mean is exact for every function.

        Args:
            degree: accepted as by continuous groups.
        """
        return self.elements, np.full(self.order(), 1 / self.order())

    class_quadrature = quadrature

    @property
    def generators(self) -> list[GroupElement]:
        """Elements whose products are the whole group."""
        return self.component_generators

    @cached_property
    def generator_numbers(self) -> tuple[int, ...]:
        """The numbers of the generators."""
        return tuple(self.index(g) for g in self.component_generators)

    def generating_numbers(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """The numbers of elements that generate a subgroup: in increasing order, each one that those before it do not generate.

        Args:
            numbers: the numbers of all elements of a subgroup.
        """
        return tuple(generating_numbers(self.table, sorted({int(number) for number in numbers})))

    def closure(self, generators: Iterable[int]) -> set[int]:
        """The numbers of the elements of the subgroup that some elements generate.

        Args:
            generators: numbers of elements.
        """
        return set(closure(self.table, [int(g) for g in generators]))

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """A subgroup, the map of its elements into this group, and the map back (``None`` outside of the subgroup).

        Raises:
            GroupError: if there is no such subgroup.
        """
        subgroup, numbers = self._subgroup_elements(id)
        back = {int(number): position for position, number in enumerate(numbers)}

        def inclusion(element: GroupElement) -> GroupElement:
            return self._elements[int(numbers[subgroup.index(element)])]

        def restriction(element: GroupElement) -> GroupElement | None:
            position = back.get(self.index(element))
            return None if position is None else subgroup._elements[position]

        return subgroup, inclusion, restriction

    # --- conjugacy --------------------------------------------------------------------------------------------------------

    @cached_property
    def class_numbers(self) -> np.ndarray:
        """The number of the conjugacy class of each element, classes in the order of their first elements; read-only."""
        numbers = class_numbers(self.table, self.inverses)
        numbers.flags.writeable = False
        return numbers

    @property
    def conjugacy_classes(self) -> list[list[GroupElement]]:
        """The classes of elements that are conjugate to each other, that of the identity first."""
        numbers = self.class_numbers
        return [[self._elements[g] for g in np.flatnonzero(numbers == k)] for k in range(int(numbers.max()) + 1)]

    @cached_property
    def element_orders(self) -> np.ndarray:
        """The least n > 0 with g^n = 1 for each element g, in the order of the elements; read-only."""
        orders = element_orders(self.table)
        orders.flags.writeable = False
        return orders

    @property
    def centre(self) -> list[GroupElement]:
        """The elements that commute with all others."""
        return [self._elements[g] for g in np.flatnonzero((self.table == self.table.T).all(axis=1))]

    @property
    def derived_subgroup(self) -> list[GroupElement]:
        """The elements of the subgroup that the commutators a b a^-1 b^-1 generate."""
        return [self._elements[g] for g in derived_subgroup(self.table, self.inverses)]

    @cached_property
    def character_table(self) -> CharacterTable:
        """The characters of the irreps, one column by conjugacy class."""
        firsts = np.unique(self.class_numbers, return_index=True)[1]
        values = whole_where_near(np.stack([irrep.characters[firsts] for irrep in self._irreps]))
        values.flags.writeable = False
        return CharacterTable(
            self._irreps,
            tuple(self._elements[g] for g in firsts),
            tuple(np.bincount(self.class_numbers).tolist()),
            tuple(self.element_orders[firsts].tolist()),
            values,
        )

    def subgroups(self) -> list[SubgroupClass]:
        """One subgroup of each conjugacy class of subgroups, by order: its label, structure and number of conjugates.

        Meant for groups of moderate order: a fraction of a second for the usual ones of up to 120 elements.
        """
        return list(self._subgroup_classes)

    @cached_property
    def _subgroup_classes(self) -> tuple[SubgroupClass, ...]:
        return tuple(
            SubgroupClass(
                self._id_of_subgroup(numbers.tolist()),
                structure_name(sub_table(self.table, numbers.tolist())),
                len(numbers),
                count,
                tuple(numbers.tolist()),
            )
            for numbers, count in subgroup_classes(self.table, self.inverses)
        )

    def _id_of_subgroup(self, numbers: list[int]) -> Any:
        """The label of the subgroup that has these elements; by default, elements that generate it."""
        return self.generating_numbers(numbers)

    def coset_numbers(self, numbers: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """The left cosets gH of a subgroup H, numbered in the order of their first elements.

        Args:
            numbers: the numbers of the elements of H.

        Returns:
            the number of the first element of each coset, and the number of the coset of each element.
        """
        first = self.table[:, sorted({int(n) for n in numbers})].min(axis=1)
        return np.unique(first, return_inverse=True)

    @property
    def vector_label(self) -> Label | None:
        """The irrep of the vectors of the plane that a regular field can point along; ``None`` if there is none."""
        return None

    @cached_property
    def _regular(self) -> Representation:
        from intertwine.group.constructions.constructions import regular_representation

        return regular_representation(self)

    @property
    def regular_representation(self) -> Representation:
        """The permutation of the group's elements by the group: rho(g) e_h = e_gh."""
        return self._regular

    def _irrep_error(self, id: tuple[Any, ...]) -> GroupError:
        labels = ", ".join(str(irrep.id) for irrep in self.irreps())
        return GroupError(f"{self.name} has no irrep {id}", hint=f"its irreps are {labels}")

    def irreps(self) -> list[IrreducibleRepresentation]:
        """All irreps, the trivial one first."""
        return list(self._irreps)

    @cached_property
    def _irreps_by_label(self) -> dict[Label, IrreducibleRepresentation]:
        return {irrep.id: irrep for irrep in self._irreps}

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        numbers = all(isinstance(part, (int, np.integer)) for part in id)
        found = self._irreps_by_label.get(id) if numbers else None
        if found is None:
            raise self._irrep_error(id)
        return found

    @cached_property
    @abstractmethod
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        """All irreps, built once."""
