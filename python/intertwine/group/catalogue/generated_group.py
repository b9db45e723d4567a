"""Finite groups whose irreps are found from their table of products: the base class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from intertwine.errors import GroupError, Words
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import DenseMatrices, Matrices
from intertwine.group.tables.cayley_table import closure
from intertwine.group.tables.characters import RealCharacters, real_characters
from intertwine.group.tables.isomorphism_names import structure_name
from intertwine.group.tables.real_irreps import real_irreps
from intertwine.group.tables.subgroups import sub_table
from intertwine.memory import remembered


class GeneratedGroup(FiniteGroup):
    """A finite group whose irreps are found from its table of products and one faithful representation.

    Elements are numbers, in a stated order with the identity first. Irreps have labels ``(k,)``: the trivial one is ``(0,)``,
    then they go by size, then by their characters, the greater ones first, in the order of the elements; so a label
    depends on the order of the elements alone. A subgroup has as label the tuple of the numbers of elements that generate it:
    any such tuple is accepted, and stands for the first elements, in order, none of which is made of those before it.

    Args:
        name: the name that it prints.
        table: table of products, shape ``(order, order)``, with the identity as number 0.
        names: how the elements print; words in the generators by default.
    """

    PARAM: str = "int"
    PARAMETRIZATIONS: tuple[str, ...] = ("int",)
    _given: np.ndarray
    FAMILY: ClassVar[str]
    """Groups of one family are equal if their tables and natural representations are, whatever they are called."""

    def __init__(self, name: str, table: np.ndarray, names: Sequence[str] | None = None) -> None:
        self._given_table = table
        self._names = None if names is None else tuple(names)
        super().__init__(name, continuous=False, abelian=bool((table == table.T).all()))

    # --- what a concrete class defines -----------------------------------------------------------------------------------

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
    def given(self) -> np.ndarray:
        """What the group was made of: its generators, or its table; read-only."""
        return self._given

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

    def _to_canonical(self, value: Any, param: str) -> int:
        self._check_param(param)
        return self.checked_number(value)

    def _from_canonical(self, value: int, param: str) -> Any:
        return value

    @cached_property
    def _element_names(self) -> tuple[str, ...]:
        steps = self.generator_numbers
        words: dict[int, list[int]] = {0: []}
        for g in closure(self.table, list(steps)):
            for k, step in enumerate(steps):
                words.setdefault(int(self.table[g, step]), [*words[g], k])
        return tuple(_product_text(words[g]) for g in range(self.order()))

    def _repr_value(self, value: int) -> str:
        return (self._names or self._element_names)[value]

    @cached_property
    def generator_numbers(self) -> tuple[int, ...]:
        """The numbers of the generators: the first elements, in order, none of which is made of those before it."""
        return self.generating_numbers(range(self.order()))

    @property
    def component_generators(self) -> list[GroupElement]:
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
            IrreducibleRepresentation(self, (k,), f"irrep_{k}", DenseMatrices(listed), size, kind)
            for k, (listed, size, kind) in enumerate(zip(matrices, characters.sizes, characters.types, strict=True))
        )

    # --- subgroups ---------------------------------------------------------------------------------------------------------

    def subgroup_id(self, id: Any) -> tuple[int, ...]:
        """The canonical label of a subgroup.

        Args:
            id: numbers of elements that generate it (or these elements).

        Raises:
            GroupError: if they are no elements.
        """
        given = id if isinstance(id, (tuple, list)) else (id,)
        if any(isinstance(g, bool) or not isinstance(g, (int, np.integer, GroupElement)) for g in given):
            raise GroupError(
                f"the label of a subgroup of {self.name} is a tuple of elements that generate it, not {id!r}",
                hint=Words(
                    "use numbers from {first} to {last}; list subgroups with group.subgroups()",
                    r="use numbers from {first} to {last}; list subgroups with subgroups(G)",
                ),
                positions={"first": 0, "last": self.order() - 1},
            )
        numbers = [self.index(g) if isinstance(g, GroupElement) else self.checked_number(g) for g in given]
        return self.generating_numbers(closure(self.table, numbers))

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        return _subgroup(self, self.subgroup_id(id), self._name, self._names)

    def _names_of(self, numbers: Sequence[int]) -> list[str] | None:
        """How some elements print, if it was said."""
        return None if self._names is None else [self._names[g] for g in numbers]

    def _subgroup_name(self, numbers: Sequence[int]) -> str:
        listed = closure(self.table, list(numbers))
        name = structure_name(sub_table(self.table, listed))
        return f"{self.name}[{', '.join(str(g) for g in numbers)}]" if name.startswith("order") else name

    @property
    def _trivial_and_whole_id(self) -> tuple[tuple[int, ...], tuple[int, ...]]:  # pyright: ignore[reportIncompatibleVariableOverride]
        return (), self.generator_numbers

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


def _product_text(steps: list[int]) -> str:
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
