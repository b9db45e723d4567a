"""Planes as e2cnn has them: groups list their irreps by name, and elements are plain values."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from intertwine.errors import IntertwineError
from intertwine.group import Group, IrreducibleRepresentation, Representation
from intertwine.group.core.group import ElementMap
from intertwine.gspaces import GSpace, GSpace2D
from intertwine.memory import remembered


class IrrepsByName(dict[Any, IrreducibleRepresentation]):
    """The irreps of a group by name, as e2cnn lists them; as a function it gives their list, as groups of ours do.

    The names in ``representation.irreps`` are labels here, so labels are keys, too.

    Args:
        group: the group.
    """

    def __init__(self, group: Group) -> None:
        self._listed = [taking_values(psi) for psi in group.irreps()]
        self._of = group.irrep
        super().__init__({psi.name: psi for psi in self._listed})

    def __missing__(self, key: Any) -> IrreducibleRepresentation:
        if not isinstance(key, tuple):
            raise KeyError(key)
        return taking_values(self._of(*key))

    def __call__(self) -> list[IrreducibleRepresentation]:  # noqa: D102
        return list(self._listed)


class _TakesValues:
    """A representation that is called with elements or with their values."""

    _group: Group

    def __call__(self, element: Any) -> np.ndarray:
        return super().__call__(self._group.element(element))  # type: ignore[misc]


class _HasValues:
    """A group as e2cnn has them: irreps by name, and products of elements that are plain values."""

    _plain: Group

    @property
    def irreps(self) -> IrrepsByName:
        """The irreps by name."""
        return _irreps(self._plain)

    def __eq__(self, other: object) -> bool:
        return Group.__eq__(self._plain, getattr(other, "_plain", other))  # type: ignore[arg-type]

    def __hash__(self) -> int:
        return hash(self._plain)

    def __reduce__(self) -> Any:
        return with_values, (self._plain,)

    def irrep(self, *id: Any, **named: Any) -> Any:
        """An irrep.

        Args:
            *id: its label.
            **named: the same by name.
        """
        return taking_values(self._plain.irrep(*id, **named))

    @property
    def trivial_representation(self) -> Any:
        """The irrep of size 1 that is 1 everywhere."""
        return taking_values(self._plain.trivial_representation)

    @property
    def regular_representation(self) -> Any:
        """The representation that permutes the elements."""
        return taking_values(self._plain.regular_representation)

    def quotient_representation(self, subgroup_id: Any, *args: Any, **named: Any) -> Any:
        """The representation that permutes the cosets of a subgroup.

        Args:
            subgroup_id: the label of the subgroup.
            *args: see :class:`intertwine.group.Group`.
            **named: see :class:`intertwine.group.Group`.
        """
        return taking_values(self._plain.quotient_representation(subgroup_id, *args, **named))

    @property
    def representations(self) -> dict[str, Any]:
        """The representations by name."""
        return {name: taking_values(rho) for name, rho in self._plain.representations.items()}

    def combine(self, e1: Any, e2: Any) -> Any:
        """The product of two elements.

        Args:
            e1: the second to act, or its value.
            e2: the first, or its value.
        """
        return (self._plain.element(e1) @ self._plain.element(e2)).value

    def inverse(self, element: Any) -> Any:
        """The inverse of an element.

        Args:
            element: the element, or its value.
        """
        return (~self._plain.element(element)).value

    def equal(self, e1: Any, e2: Any) -> bool:
        """Whether two elements are equal.

        Args:
            e1: an element, or its value.
            e2: another.
        """
        return self._plain.element(e1) == self._plain.element(e2)

    def is_element(self, element: Any) -> bool:
        """Whether a value is that of an element.

        Args:
            element: the value.
        """
        try:
            self._plain.element(element)
        except IntertwineError:
            return False
        return True


def _as(value: Any, base: type, **more: Any) -> Any:
    """The same value as one of a class that knows more. It shares what has been computed, and is equal to it."""
    cls = type(value)
    # Groups are of a class of classes of their own.
    found = object.__new__(
        types.new_class(cls.__name__, (base, cls), exec_body=lambda body: body.update(__module__=cls.__module__))
    )
    vars(found).update(vars(value), **more)
    return found


def taking_values(representation: Representation) -> Any:
    """A representation of ours that is called with plain values, too.

    Args:
        representation: the representation.
    """
    if isinstance(representation, _TakesValues):
        return representation
    return _taking_values(representation, representation.name, type(representation))


@remembered
def _taking_values(representation: Representation, name: str, cls: type) -> Any:
    # Equal representations may have different names.
    return _as(representation, _TakesValues, _group=with_values(representation.group))


@remembered
def with_values(group: Group) -> Any:
    """A group of ours as those of e2cnn are.

    Args:
        group: the group.
    """
    if isinstance(group, _HasValues):
        return group
    return _as(group, _HasValues, _plain=group)


@remembered
def _irreps(group: Group) -> IrrepsByName:
    return IrrepsByName(group)


class PlaneOfE2cnn(GSpace2D):
    """A plane of ours whose group has irreps by name, and whose fields are moved by plain values."""

    @property
    def fibergroup(self) -> Group:
        """The group."""
        return with_values(self._fibergroup)

    @property
    def basespace_action(self) -> Representation:
        """The orthogonal matrices of the group."""
        return taking_values(super().basespace_action)

    @property
    def irreps(self) -> Any:
        """The irreps by name."""
        return with_values(self._fibergroup).irreps

    @property
    def axis(self) -> float | None:
        """The angle of the first mirror, in radians; ``None`` without mirrors."""
        return None if self.sg_id[0] is None else self.sg_id[0] / 2

    def featurefield_action(self, input: np.ndarray, repr: Representation, element: Any, order: int = 2) -> np.ndarray:
        """A feature field moved by an element.

        Args:
            input: the field.
            repr: its representation.
            element: the element, or its value.
            order: of the interpolating spline.
        """
        return super().featurefield_action(input, repr, self._fibergroup.element(element), order)

    def restrict(self, id: Any) -> tuple[GSpace, ElementMap, ElementMap]:
        """The plane with a subgroup, and maps of elements, which may be given by their values.

        Args:
            id: the label of the subgroup.
        """
        space, inclusion, restriction = super().restrict(id)
        smaller = PlaneOfE2cnn(space.sg_id, self._maximum_frequency)  # type: ignore[attr-defined]

        def into(element: Any) -> Any:
            return inclusion(space.fibergroup.element(element)).value  # type: ignore[union-attr]

        def back(element: Any) -> Any:
            found = restriction(self._fibergroup.element(element))
            return None if found is None else found.value

        return smaller, into, back

    def __reduce__(self) -> Any:
        return PlaneOfE2cnn, (self.sg_id, self._maximum_frequency)
