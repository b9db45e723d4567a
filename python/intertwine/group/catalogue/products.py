"""Direct products of groups, and of a group with itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from functools import cached_property
from typing import Any, ClassVar, cast

import numpy as np

from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError
from intertwine.group.catalogue.from_generators import GENERATED, generated_subgroup
from intertwine.group.constructions.product_irreps import number_of_parts, product_irrep
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement, listable
from intertwine.group.core.finite import FiniteGroup, need_moderate_order
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.matrices.labels import Label, as_label
from intertwine.memory import interned
from intertwine.suggestions import suggests


class DirectProductGroup(Group):
    """The group of pairs (g1, g2) of elements of two groups, multiplied part by part.

    Elements are pairs of values; a parametrisation ``"[p1 | p2]"`` names one for each part. The irreps have labels
    ``(id1, id2, i)`` of irreps of the two groups: over the real numbers the tensor product of two irreps may fall apart, and i
    counts its parts. Subgroups have pairs of labels: the product of a subgroup of each group; of a finite product also
    ``("generated", i, j, ...)`` with the numbers of elements that generate it.

    Make it with :func:`direct_product`.
    """

    IRREP_PARAMETERS: tuple[str, ...] = ("id1", "id2", "i")

    def __init__(self, G1: Group, G2: Group, name: str | None = None) -> None:
        # What a finite or a continuous product needs of its groups, they have.
        self._G1: Any = G1
        self._G2: Any = G2
        self._given_name = name
        printed, abelian = name or f"{G1.name} X {G2.name}", G1.abelian and G2.abelian
        continuous = [g for g in (G1, G2) if isinstance(g, ContinuousGroup)]
        if continuous:
            ContinuousGroup.__init__(cast("Any", self), printed, abelian, max(g.maximum_frequency for g in continuous))
            self.lie_dimension = sum(g.lie_dimension for g in continuous)
        else:
            need_moderate_order(G1.order() * G2.order(), printed)
            super().__init__(printed, continuous=False, abelian=abelian)
        pairs = itertools.product(G1.PARAMETRIZATIONS, G2.PARAMETRIZATIONS)
        self._params_of_parts = {f"[{a} | {b}]": (a, b) for a, b in pairs}
        self.PARAM, self.PARAMETRIZATIONS = f"[{G1.PARAM} | {G2.PARAM}]", tuple(self._params_of_parts)

    @property
    def G1(self) -> Group:
        """The first group."""
        return self._G1

    @property
    def G2(self) -> Group:
        """The second group."""
        return self._G2

    @property
    def given_name(self) -> str | None:
        """The name that was given to it, if any."""
        return self._given_name

    def _key(self) -> tuple[Group, Group]:
        return (self._G1, self._G2)

    def __reduce__(self) -> tuple[Any, ...]:
        return (direct_product, (self._G1, self._G2, self._given_name))

    # --- elements -----------------------------------------------------------------------------------------------------------

    def _to_canonical(self, value: Any, param: str) -> tuple[Any, Any]:
        self._check_param(param)
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ArgumentTypeError(f"an element of {self.name} is a pair of elements, not {value!r}")
        first, second = (
            group.element(part)._value if isinstance(part, GroupElement) else group._to_canonical(part, name)
            for group, part, name in zip((self._G1, self._G2), value, self._params_of_parts[param], strict=True)
        )
        return (first, second)

    def _from_canonical(self, value: tuple[Any, Any], param: str) -> tuple[Any, Any]:
        self._check_param(param)
        first, second = self._params_of_parts[param]
        return (self._G1._from_canonical(value[0], first), self._G2._from_canonical(value[1], second))

    def _combine(self, a: tuple[Any, Any], b: tuple[Any, Any]) -> tuple[Any, Any]:
        return (self._G1._combine(a[0], b[0]), self._G2._combine(a[1], b[1]))

    def _inverse(self, a: tuple[Any, Any]) -> tuple[Any, Any]:
        return (self._G1._inverse(a[0]), self._G2._inverse(a[1]))

    def _equal(self, a: tuple[Any, Any], b: tuple[Any, Any]) -> bool:
        return self._G1._equal(a[0], b[0]) and self._G2._equal(a[1], b[1])

    def _hash_value(self, value: tuple[Any, Any]) -> int:
        return hash((self._G1._hash_value(value[0]), self._G2._hash_value(value[1])))

    def _repr_value(self, value: tuple[Any, Any]) -> str:
        return f"{self._G1._repr_value(value[0])} ; {self._G2._repr_value(value[1])}"

    def pair_elements(self, g1: GroupElement, g2: GroupElement) -> GroupElement:
        """The element (g1, g2).

        Args:
            g1: an element of the first group.
            g2: an element of the second group.

        Raises:
            GroupError: if one is of another group.
        """
        return GroupElement._from_canonical_value((self._G1.element(g1)._value, self._G2.element(g2)._value), self)

    def split_element(self, g: GroupElement) -> tuple[GroupElement, GroupElement]:
        """The parts of an element.

        Args:
            g: an element of the product.
        """
        first, second = self.element(g)._value
        return GroupElement._from_canonical_value(first, self._G1), GroupElement._from_canonical_value(second, self._G2)

    def inclusion1(self, g1: GroupElement) -> GroupElement:
        """The pair of an element of the first group with the identity.

        Args:
            g1: an element of the first group.
        """
        return self.pair_elements(g1, self._G2.identity)

    def inclusion2(self, g2: GroupElement) -> GroupElement:
        """The pair of the identity with an element of the second group.

        Args:
            g2: an element of the second group.
        """
        return self.pair_elements(self._G1.identity, g2)

    @property
    def component_generators(self) -> list[GroupElement]:
        """The generators of both groups."""
        first = [self.inclusion1(g) for g in self._G1.component_generators]
        return first + [self.inclusion2(g) for g in self._G2.component_generators]

    def testing_elements(self) -> Iterable[GroupElement]:
        """All pairs of the elements on which the two groups are tested."""
        pairs = itertools.product(list(self._G1.testing_elements()), list(self._G2.testing_elements()))
        return (self.pair_elements(a, b) for a, b in pairs)

    def grid(self, type: str | None = None, N: int | None = None, **kwargs: Any) -> list[GroupElement]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Elements to sample functions on the product.

        Args:
            type: ``"rand"`` for ``N`` random pairs; otherwise all pairs of a grid of each group.
            N: the number of random pairs.
            **kwargs: arguments of the grids of the two groups, with the prefixes ``G1_`` and ``G2_``.
        """
        if type == "rand":
            if N is None:
                raise ArgumentError("a random grid needs the number N of its elements")
            generator = np.random.default_rng(kwargs.get("seed"))
            return [self.sample(generator) for _ in range(listable(N))]
        grids = [
            group.grid(**{key[3:]: value for key, value in kwargs.items() if key.startswith(prefix)})
            for prefix, group in (("G1_", self._G1), ("G2_", self._G2))
        ]
        unknown = [key for key in kwargs if not key.startswith(("G1_", "G2_"))]
        if unknown or type is not None:
            raise ArgumentError(
                f"a grid of {self.name} has no argument {unknown[0] if unknown else 'type=' + repr(type)}",
                hint="start the arguments of the two groups' grids with G1_ and G2_, or use type='rand'",
            )
        return [self.pair_elements(a, b) for a, b in itertools.product(*grids)]

    def sample(self, generator: np.random.Generator | None = None) -> GroupElement:
        """A random pair."""
        drawn = np.random.default_rng(generator)
        return self.pair_elements(self._G1.sample(drawn), self._G2.sample(drawn))

    # --- irreps -------------------------------------------------------------------------------------------------------------

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        if len(id) not in (2, 3):
            raise GroupError(f"an irrep of {self.name} has the label (id1, id2, i), not {id}")
        first, second = (as_label(part if isinstance(part, (tuple, list)) else (part,)) for part in id[:2])
        psi1, psi2 = self._G1.irrep(*first), self._G2.irrep(*second)
        number = id[2] if len(id) == 3 else 0
        parts = number_of_parts(psi1, psi2)
        if not is_whole(number) or not 0 <= number < parts:
            raise GroupError(
                f"the product of {psi1} and {psi2} has no part {number!r}", hint=f"its parts are 0 to {parts - 1}"
            )
        return product_irrep(self, psi1, psi2, int(number), self.name)

    def _pairs(
        self, first: list[IrreducibleRepresentation], second: list[IrreducibleRepresentation]
    ) -> list[IrreducibleRepresentation]:
        pairs = itertools.product(first, second)
        return [self.irrep(a.id, b.id, i) for a, b in pairs for i in range(number_of_parts(a, b))]

    def bl_irreps(self, L: int) -> list[Label]:
        """Labels of the parts of the products of irreps of frequency up to L.

        Args:
            L: the greatest frequency in either group.
        """
        lists = [[g.irrep(*id) for id in g.bl_irreps(L)] for g in (self._G1, self._G2)]
        return [psi.id for psi in self._pairs(*lists)]

    # --- subgroups ----------------------------------------------------------------------------------------------------------

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """The product of a subgroup of each group, with the maps of elements; the other one where one is trivial.

        Args:
            id: a pair of labels.
        """
        return self._subgroup_maps(id)

    def _subgroup_maps(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        if not isinstance(id, (tuple, list)) or len(id) != 2:
            raise GroupError(
                f"the label of a subgroup of {self.name} is a pair of labels, not {id!r}",
                hint=f"use one of {self._G1} and one of {self._G2}; subgroup_trivial_id and subgroup_self_id name the extremes",
            )
        first, second = id
        H1, into1, back1 = self._G1.subgroup(first)
        H2, into2, back2 = self._G2.subgroup(second)
        kept = 2 if H1.order() == 1 else 1 if H2.order() == 1 else 0
        H: Any = (direct_product(H1, H2), H1, H2)[kept]

        def inclusion(element: GroupElement) -> GroupElement:
            if kept:
                parts = (element, H2.identity) if kept == 1 else (H1.identity, element)
            else:
                parts = H.split_element(element)
            return self.pair_elements(into1(parts[0]), into2(parts[1]))

        def restriction(element: GroupElement) -> GroupElement | None:
            a, b = self.split_element(element)
            h1, h2 = back1(a), back2(b)
            if h1 is None or h2 is None:
                return None
            return (h1, h2)[kept - 1] if kept else H.pair_elements(h1, h2)

        return H, inclusion, restriction

    @property
    def _trivial_and_whole_id(self) -> tuple[Any, Any]:  # pyright: ignore[reportIncompatibleVariableOverride]
        trivial, whole = zip(self._G1._trivial_and_whole_id, self._G2._trivial_and_whole_id, strict=True)
        return trivial, whole

    @property
    def subgroup1_id(self) -> tuple[Any, Any]:
        """The label of the first group as a subgroup."""
        return (self._G1.subgroup_self_id, self._G2.subgroup_trivial_id)

    @property
    def subgroup2_id(self) -> tuple[Any, Any]:
        """The label of the second group as a subgroup."""
        return (self._G1.subgroup_trivial_id, self._G2.subgroup_self_id)


class FiniteProductGroup(FiniteGroup, DirectProductGroup):
    """A direct product of two finite groups; the second part of its elements counts fastest."""

    # The parts multiply faster than the table of all pairs.
    _combine, _inverse = DirectProductGroup._combine, DirectProductGroup._inverse  # pyright: ignore[reportAssignmentType]
    _irrep_of = DirectProductGroup._irrep_of  # pyright: ignore[reportAssignmentType]

    @cached_property
    def _values(self) -> tuple[Any, ...]:
        return tuple(itertools.product(self._G1._values, self._G2._values))

    def _build_table(self) -> np.ndarray:
        pairs = self._G1.table[:, None, :, None] * self._G2.order() + self._G2.table[None, :, None, :]
        return pairs.reshape(self.order(), self.order())

    def grid(self, type: str | None = None, N: int | None = None, **kwargs: Any) -> list[GroupElement]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Elements to sample functions on the product: all of them, ``N`` random ones, or pairs of two grids."""
        if type in (None, "regular") and not kwargs:
            return self.elements
        return DirectProductGroup.grid(self, type, N, **kwargs)

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(self._pairs(self._G1.irreps(), self._G2.irreps()))

    def _id_of_subgroup(self, numbers: list[int]) -> Any:
        return (GENERATED, *self.generating_numbers(numbers))

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        if isinstance(id, (tuple, list)) and id and id[0] == GENERATED:
            return generated_subgroup(self, id[1:])
        smaller, inclusion, _ = cast("tuple[FiniteGroup, Any, Any]", self._subgroup_maps(id))
        return smaller, np.array([self.index(inclusion(h)) for h in smaller.elements])


class ContinuousProductGroup(DirectProductGroup, ContinuousGroup):
    """A direct product of two groups of which at least one is continuous; frequencies add up."""

    @property
    def identity(self) -> GroupElement:
        """The pair of the identities."""
        return self.pair_elements(self._G1.identity, self._G2.identity)

    def frequency(self, id: Label) -> int:
        """The sum of the frequencies of the two irreps (0 for irreps of a finite group)."""
        parts = zip((self._G1, self._G2), id[:2], strict=True)
        return sum(g.frequency(label) for g, label in parts if isinstance(g, ContinuousGroup))

    def irreps(self) -> list[IrreducibleRepresentation]:
        """The parts of all products of the irreps that the two groups list."""
        return self._pairs(self._G1.irreps(), self._G2.irreps())

    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps whose frequencies add up to at most this one."""
        lists = [
            g.irreps_up_to(frequency) if isinstance(g, ContinuousGroup) else g.irreps() for g in (self._G1, self._G2)
        ]
        return [psi for psi in self._pairs(*lists) if self.frequency(psi.id) <= frequency]

    def _product_rule(self, rule: str, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        rules = (
            getattr(g, rule if isinstance(g, ContinuousGroup) else "quadrature")(degree) for g in (self._G1, self._G2)
        )
        (first, u), (second, v) = rules
        return [self.pair_elements(a, b) for a, b in itertools.product(first, second)], np.outer(u, v).ravel()

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """All pairs of the quadratures of the two groups."""
        return self._product_rule("quadrature", degree)

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """All pairs of the quadratures of class functions of the two groups."""
        return self._product_rule("class_quadrature", degree)

    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """An element of a one-parameter subgroup of the first group, then of the second."""
        first = self._G1.lie_dimension if isinstance(self._G1, ContinuousGroup) else 0
        if axis < first:
            return self.inclusion1(self._G1.one_parameter(axis, angle))
        return self.inclusion2(self._G2.one_parameter(axis - first, angle))


class DoubleGroup(DirectProductGroup):
    """The direct product of a group with itself; its subgroup ``"diagonal"`` holds the pairs (g, g).

    Make it with :func:`double_group`.
    """

    DIAGONAL: ClassVar[str] = "diagonal"

    def __init__(self, G: Group, name: str | None = None) -> None:
        super().__init__(G, G, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return (double_group, (self._G1, self._given_name))

    @property
    def subgroup_diagonal_id(self) -> str:
        """The label of the subgroup of the pairs (g, g)."""
        return self.DIAGONAL

    def _subgroup_maps(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        if id == self.subgroup_self_id:
            return self, lambda g: g, lambda g: g
        if not isinstance(id, str) or id != self.DIAGONAL:
            return super()._subgroup_maps(id)

        def restriction(element: GroupElement) -> GroupElement | None:
            first, second = self.split_element(element)
            return first if first == second else None

        return self._G1, lambda g: self.pair_elements(g, g), restriction


class FiniteDoubleGroup(DoubleGroup, FiniteProductGroup):
    """The direct product of a finite group with itself."""


class ContinuousDoubleGroup(DoubleGroup, ContinuousProductGroup):
    """The direct product of a continuous group with itself."""


@interned
def _product(kind: str, groups: tuple[Group, ...], name: str | None, frequencies: tuple[int, ...]) -> Any:
    finite = all(isinstance(g, FiniteGroup) for g in groups)
    if kind == "double":
        return (FiniteDoubleGroup if finite else ContinuousDoubleGroup)(*groups, name)
    return (FiniteProductGroup if finite else ContinuousProductGroup)(*groups, name)


def _listed_frequencies(*groups: object) -> tuple[int, ...]:
    """The greatest frequencies that groups list: no part of their identity, but a product made of them lists accordingly."""
    for group in groups:
        if not isinstance(group, Group):
            raise ArgumentTypeError(
                f"a product of groups needs groups, but {type(group).__name__} was given",
                hint="make one, for example with cyclic_group(4)",
            )
    return tuple(g.maximum_frequency if isinstance(g, ContinuousGroup) else -1 for g in groups)


@suggests
def direct_product(G1: Group, G2: Group, name: str | None = None) -> DirectProductGroup:
    """The direct product of two groups.

    Args:
        G1: the first group.
        G2: the second group.
        name: the name that it prints.

    Raises:
        ArgumentTypeError: if one is no group.

    Example:
        >>> from intertwine.group import cyclic_group, so2_group
        >>> group = direct_product(cyclic_group(2), so2_group(1))
        >>> group.irreps()
        [C2 X SO(2)|[irrep_[(0,),(0,)](0)]:1, C2 X SO(2)|[irrep_[(0,),(1,)](0)]:2, \
C2 X SO(2)|[irrep_[(1,),(0,)](0)]:1, C2 X SO(2)|[irrep_[(1,),(1,)](0)]:2]
    """
    return _product("direct", (G1, G2), name, _listed_frequencies(G1, G2))


@suggests
def double_group(G: Group, name: str | None = None) -> DoubleGroup:
    """The direct product of a group with itself, with the pairs (g, g) as the subgroup ``"diagonal"``.

    Args:
        G: the group.
        name: the name that it prints.

    Raises:
        ArgumentTypeError: if it is no group.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> double_group(cyclic_group(3)).irrep((1,), (1,)).restrict("diagonal").irreps
        [(1,)]
    """
    return _product("double", (G,), name, _listed_frequencies(G))
