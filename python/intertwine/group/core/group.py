"""The base class of all groups."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.errors import ArgumentError, GroupError, Words
from intertwine.group.core.element import GroupElement
from intertwine.group.matrices.labels import Label, band_limit
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import Suggesting

if TYPE_CHECKING:
    from intertwine.group.constructions.homspace import HomSpace
    from intertwine.group.core.irrep import IrreducibleRepresentation
    from intertwine.group.core.representation import Representation

ElementMap = Callable[[GroupElement], "GroupElement | None"]
"""A map of the elements of one group into another; ``None`` where there is no image."""


class Group(Suggesting, ABC):
    """A compact group: its elements, its irreps, and everything that follows from them.

    A concrete group stores each element as a *canonical value*, in one form of its own (C_N: a number of steps; D_N: a pair;
    SO(2): an angle; SO(3): a unit quaternion). ``GroupElement._value`` holds it. Users see ``value``, which is the same in the
    parametrisation ``PARAM``, and ``to(param)``. Private methods that take ``a``, ``b`` or ``value`` work on canonical values.
    Groups are immutable: two groups built in the same way are equal and hash equally; copies are the same object, and pickles
    hold how they were built.

    Args:
        name: how the group prints.
        continuous: whether it has infinitely many elements.
        abelian: whether all elements commute.
    """

    PARAM: str = "int"
    PARAMETRIZATIONS: tuple[str, ...] = ("int",)
    IRREP_PARAMETERS: tuple[str, ...] = ()
    """The names of the parts of an irrep's label, by which they may be given."""

    def __init__(self, name: str, continuous: bool, abelian: bool) -> None:
        self._name = name
        self._continuous = continuous
        self._abelian = abelian

    @property
    def name(self) -> str:
        """The name that the group prints."""
        return self._name

    @property
    def continuous(self) -> bool:
        """Whether the group has infinitely many elements."""
        return self._continuous

    @property
    def abelian(self) -> bool:
        """Whether all elements commute."""
        return self._abelian

    # --- what a concrete group defines -----------------------------------------------------------------------------------

    @abstractmethod
    def _key(self) -> Hashable:
        """The discrete content by which groups of one class are compared."""

    @abstractmethod
    def _combine(self, a: Any, b: Any) -> Any:
        """The product of two canonical values."""

    @abstractmethod
    def _inverse(self, a: Any) -> Any:
        """The inverse of a canonical value."""

    @abstractmethod
    def _to_canonical(self, value: Any, param: str) -> Any:
        """The canonical value, or a ``GroupError`` if no element has that value."""

    @abstractmethod
    def _from_canonical(self, value: Any, param: str) -> Any:
        """A canonical value in the parametrisation ``param``."""

    @abstractmethod
    def _repr_value(self, value: Any) -> str:
        """How an element prints."""

    @property
    @abstractmethod
    def identity(self) -> GroupElement:
        """The neutral element."""

    @property
    @abstractmethod
    def component_generators(self) -> list[GroupElement]:
        """Elements that, together with the Lie algebra if the group is continuous, generate it."""

    @property
    @abstractmethod
    def generators(self) -> list[GroupElement]:
        """Elements whose products are the whole group; a continuous group refuses."""

    @abstractmethod
    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The real irreducible representation with this label."""

    @abstractmethod
    def irreps(self) -> list[IrreducibleRepresentation]:
        """All irreps of a finite group; those of low frequency of a continuous one."""

    @abstractmethod
    def sample(self, generator: np.random.Generator | None = None) -> GroupElement:
        """A random element, uniform over the group (Haar measure).

        Args:
            generator: the NumPy generator to draw from; a fresh one by default. NumPy's global state is never read.
        """

    @abstractmethod
    def testing_elements(self) -> Iterable[GroupElement]:
        """Elements on which equivariance is tested: all of a small group."""

    @abstractmethod
    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """A subgroup, the map of its elements into this group, and the map back (``None`` outside of the subgroup).

        Args:
            id: the label of the subgroup; see the class of the group.
        """

    _trivial_and_whole_id: tuple[Any, Any]
    """The labels of the trivial subgroup, and of the group as its own subgroup."""

    # --- what follows ---------------------------------------------------------------------------------------------------

    @property
    def subgroup_trivial_id(self) -> Any:
        """The label of the subgroup that holds the identity alone."""
        return self._trivial_and_whole_id[0]

    @property
    def subgroup_self_id(self) -> Any:
        """The label of the group as its own subgroup."""
        return self._trivial_and_whole_id[1]

    def irrep(self, *id: Any, **named: Any) -> IrreducibleRepresentation:
        """The real irreducible representation with this label.

        Args:
            *id: the parts of the label; see the class of the group.
            **named: parts of the label by their names in ``IRREP_PARAMETERS``.

        Raises:
            GroupError: if there is no such irrep.
        """
        if named:
            left = self.IRREP_PARAMETERS[len(id) :]
            id = (*id, *(named.pop(name) for name in left if name in named))
            if named:
                raise GroupError(
                    f"an irrep of {self.name} has no {next(iter(named))!r} in its label",
                    hint=f"its label is ({', '.join(self.IRREP_PARAMETERS)})" if self.IRREP_PARAMETERS else None,
                )
        return self._irrep_of(*id)

    def grid(self, *args: Any, **kwargs: Any) -> list[GroupElement]:
        """Elements to sample functions on the group; see the class of the group for the arguments."""
        raise GroupError(
            f"{self.name} has no grids",
            hint=Words(
                "use group.sample(), or group.elements of a finite group",
                r="use group_sample(), or group_elements(G) of a finite group",
            ),
        )

    def order(self) -> int:
        """The number of elements, ``-1`` if there are infinitely many."""
        return -1

    @property
    def elements(self) -> list[GroupElement]:
        """All elements, the identity first.

        Raises:
            GroupError: for a continuous group.
        """
        raise GroupError(
            f"{self.name} has infinitely many elements",
            hint=Words(
                "use group.testing_elements(), group.sample() or group.grid()",
                r="use group_testing_elements(), group_sample() or group_grid()",
            ),
        )

    def element(self, element: Any, param: str | None = None) -> GroupElement:
        """The element with this value.

        Args:
            element: the value.
            param: its parametrisation, one of ``PARAMETRIZATIONS``; ``PARAM`` by default.

        Raises:
            GroupError: if there is no such element.
        """
        if isinstance(element, GroupElement):
            if element.group != self:
                raise GroupError(
                    f"{{element}} is an element of {element.group}, not of {self.name}",
                    parts={"element": element},
                    hint=Words(
                        "map it with the maps that group.subgroup(id) returns",
                        r="map it with subgroup_maps()",
                    ),
                )
            return element
        return GroupElement(element, self, param)

    @property
    def trivial_representation(self) -> IrreducibleRepresentation:
        """The irrep of size 1 that is 1 everywhere."""
        for irrep in self.irreps():
            if irrep.is_trivial():
                return irrep
        raise GroupError(f"{self.name} lists no trivial irrep")

    @property
    def regular_representation(self) -> Representation:
        """The permutation of the group's elements by the group: rho(g) e_h = e_gh, of size ``order()``."""
        raise GroupError(
            f"{self.name} is continuous and has no finite regular representation",
            hint="use a band-limited representation or a finite subgroup",
        )

    @cached_property
    def representations(self) -> dict[str, Representation]:
        """Representations by name: the irreps, the regular one of a finite group, and those that were made by this object.

        A program may add its own. They belong to this object: an equal group, and one that was unpickled, have theirs.
        """
        # a plain dict, which reticulate converts to a list
        return {**self.standard_representations(), **vars(self).get("_made", {})}

    def standard_representations(self) -> dict[str, Representation]:
        """The representations that need no further choice, by name: the irreps, and the regular one of a finite group."""
        named: dict[str, Representation] = {irrep.name: irrep for irrep in self.irreps()}
        if not self.continuous:
            named["regular"] = self.regular_representation
        return named

    def _named(self, made: Representation) -> Representation:
        """A representation that was made, which from now on is found by its name."""
        for held in (vars(self).setdefault("_made", {}), vars(self).get("representations", {})):
            held.setdefault(made.name, made)
        return made

    @plain_numbers
    def restrict_representation(self, id: Any, repr: Representation) -> Representation:
        """A representation of this group seen as one of a subgroup.

        Args:
            id: the label of the subgroup.
            repr: a representation of this group.
        """
        from intertwine.group.constructions.constructions import restricted_representation

        return restricted_representation(self, id, repr)

    @plain_numbers
    def quotient_representation(
        self, subgroup_id: Any, representatives: list[GroupElement] | None = None, name: str | None = None
    ) -> Representation:
        """The permutation of the cosets gH of a subgroup H by the group; its size is their number.

        Args:
            subgroup_id: the label of H; in a continuous group it must hold the component of the identity.
            representatives: one element of each coset; their order is the order of the channels.
            name: the name that it prints.

        Raises:
            GroupError: if there are infinitely many cosets; see ``bl_quotient_representation``.
        """
        return self.induced_representation(subgroup_id, None, representatives, name=name or f"quotient[{subgroup_id}]")

    @plain_numbers
    def induced_representation(
        self,
        subgroup_id: Any,
        repr: Representation | None,
        representatives: list[GroupElement] | None = None,
        name: str | None = None,
    ) -> Representation:
        """The representation induced from a representation of a subgroup H with finitely many cosets.

        Args:
            subgroup_id: the label of H; in a continuous group it must hold the component of the identity, as SO(2) in O(2).
            repr: a representation of H (``None``: the trivial one).
            representatives: one element of each coset gH; their order is the order of the blocks.
            name: the name that it prints.

        Raises:
            GroupError: if there are infinitely many cosets; see ``bl_induced_representation``.
        """
        from intertwine.group.constructions.induction import induced_representation

        return self._named(induced_representation(self, subgroup_id, repr, representatives, name))

    @plain_numbers
    def homspace(self, id: Any) -> HomSpace:
        """The homogeneous space of the cosets of a subgroup.

        Args:
            id: the label of the subgroup.
        """
        from intertwine.group.constructions.homspace import HomSpace

        return HomSpace(self, id)

    @plain_numbers
    def spectral_regular_representation(self, *irreps: Any, name: str | None = None) -> Representation:
        """The functions on the group that transform by some irreps: each as often as its size over its type's dimension.

        Args:
            *irreps: labels of irreps (or irreps).
            name: the name that it prints.
        """
        listed = "|".join(str(irrep) for irrep in irreps)
        return self.spectral_quotient_representation(
            self.subgroup_trivial_id, *irreps, name=name or f"regular_[{listed}]"
        )

    @plain_numbers
    def spectral_quotient_representation(
        self, subgroup_id: Any, *irreps: Any, name: str | None = None
    ) -> Representation:
        """The functions on the cosets of a subgroup that transform by some irreps, as a sum of irreps.

        Args:
            subgroup_id: the label of the subgroup.
            *irreps: labels of irreps (or irreps).
            name: the name that it prints.

        Raises:
            GroupError: if none of the irreps occurs in these functions.
        """
        listed = "|".join(str(irrep) for irrep in irreps)
        label = name or f"quotient[{subgroup_id}]_[{listed}]"
        found = self.homspace(subgroup_id).induced_representation(None, list(irreps), label)
        if found is None:
            raise GroupError(
                f"no function on the cosets of {subgroup_id} in {self.name} transforms by the irreps {listed}"
            )
        return self._named(found)

    def bl_irreps(self, L: int) -> list[Label]:
        """Labels of the irreps of frequency up to L; irreps of a group without frequencies are all there.

        Args:
            L: the greatest frequency.

        Raises:
            ArgumentError: if L is negative.
        """
        limit = band_limit(L)
        return [irrep.id for irrep in self.irreps() if irrep._attributes.get("frequency", 0) <= limit]

    @plain_numbers
    def bl_regular_representation(self, L: int) -> Representation:
        """The functions on the group of frequency up to L: each irrep as often as its size over its type's dimension.

        Args:
            L: the greatest frequency.
        """
        return self.spectral_regular_representation(*self.bl_irreps(L), name=f"regular_{L}")

    @plain_numbers
    def bl_quotient_representation(self, L: int, subgroup_id: Any, name: str | None = None) -> Representation:
        """The functions on the cosets of a subgroup, of frequency up to L.

        Args:
            L: the greatest frequency.
            subgroup_id: the label of the subgroup.
            name: the name that it prints.
        """
        return self.spectral_quotient_representation(
            subgroup_id, *self.bl_irreps(L), name=name or f"quotient[{subgroup_id}]_{L}"
        )

    @plain_numbers
    def bl_induced_representation(self, L: int, repr: IrreducibleRepresentation, subgroup_id: Any) -> Representation:
        """The fields on the cosets of a subgroup that an irrep of it induces, of frequency up to L.

        Args:
            L: the greatest frequency.
            repr: an irrep of the subgroup.
            subgroup_id: the label of the subgroup.

        Raises:
            GroupError: if there is no such field up to that frequency.
        """
        name = f"induced[{subgroup_id}][{repr.name}]_{L}"
        found = self.homspace(subgroup_id).induced_representation(repr, list(self.bl_irreps(L)), name)
        if found is None:
            raise GroupError(
                f"no field induced from {repr} has a frequency up to {L}", hint="raise L, or take another irrep"
            )
        return found

    def get_irrep_id(self, psi: Any) -> Label:
        """The label of an irrep, given the irrep or its label."""
        identifier = getattr(psi, "id", psi)
        if isinstance(identifier, int):
            identifier = (identifier,)
        return self.irrep(*identifier).id

    def _check_param(self, param: str) -> None:
        if param not in self.PARAMETRIZATIONS:
            raise ArgumentError(
                f"{self.name} has no parametrisation {param!r}", hint=f"use one of {', '.join(self.PARAMETRIZATIONS)}"
            )

    def _equal(self, a: Any, b: Any) -> bool:
        return a == b

    def _hash_value(self, value: Any) -> int:
        return hash(value)

    # --- values -----------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Group):
            return NotImplemented
        return self is other or (type(self) is type(other) and self._key() == other._key())

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._key()))

    def __repr__(self) -> str:
        return self.name

    def __copy__(self) -> Group:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Group:
        return self
