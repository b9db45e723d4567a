"""Elements of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from intertwine.checks import whole
from intertwine.errors import ArgumentError, ArgumentTypeError, GroupError, Words

if TYPE_CHECKING:
    from intertwine.group.core.group import Group

_MOST_ELEMENTS = 1_000_000
"""Of a grid: more take minutes to list."""


def listable(count: Any) -> int:
    """The number of elements of a grid, refused before any is made if there are too many.

    Args:
        count: the number that was given.

    Raises:
        ArgumentTypeError: if it is no whole number.
        ArgumentError: if it is too large.
    """
    count = whole(count, "the number N of elements of a grid")
    if count > _MOST_ELEMENTS:
        raise ArgumentError(f"a grid of {count} elements is too large", hint=f"use at most {_MOST_ELEMENTS}")
    return count


class GroupElement:
    """An element of a group, immutable and hashable; it prints as its group writes it.

    Args:
        g: its value, in the parametrisation ``param``.
        group: the group.
        param: one of ``group.PARAMETRIZATIONS``; the group's own (``group.PARAM``) by default.

    ``g @ h`` is the product, ``~g`` the inverse, ``g ** n`` a power.

    Raises:
        GroupError: if no element of the group has that value.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> g = cyclic_group(4).element(1)
        >>> g, g @ g, ~g, g.to("radians")
        (1[2pi/4], 2[2pi/4], 3[2pi/4], 1.5707963267948966)
    """

    __slots__ = ("_group", "_value")

    def __init__(self, g: Any, group: Group, param: str | None = None) -> None:
        object.__setattr__(self, "_group", group)
        object.__setattr__(self, "_value", group._to_canonical(g, param or group.PARAM))

    @classmethod
    def _from_canonical_value(cls, value: Any, group: Group) -> GroupElement:
        """An element from a value that is canonical already."""
        element = cls.__new__(cls)
        object.__setattr__(element, "_group", group)
        object.__setattr__(element, "_value", value)
        return element

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("group elements are immutable")

    @property
    def group(self) -> Group:
        """The group of this element."""
        return self._group

    @property
    def value(self) -> Any:
        """The value in the group's own parametrisation ``param``."""
        return self._group._from_canonical(self._value, self._group.PARAM)

    @property
    def param(self) -> str:
        """The name of the parametrisation of ``value``."""
        return self._group.PARAM

    def to(self, param: str) -> Any:
        """The value in another parametrisation.

        Args:
            param: one of ``group.PARAMETRIZATIONS``.
        """
        self._group._check_param(param)
        return self._group._from_canonical(self._value, param)

    def _same_group(self, other: object) -> GroupElement:
        if not isinstance(other, GroupElement):
            raise ArgumentTypeError(f"a group element is needed, but {type(other).__name__} was given")
        if other._group != self._group:
            raise GroupError(
                f"elements of one group are needed, but {self} is of {self._group} and {other} of {other._group}",
                hint=Words(
                    "map one of them into the other group with the maps that group.subgroup(id) returns",
                    r="map one of them into the other group with subgroup_maps()",
                ),
            )
        return other

    def __matmul__(self, other: GroupElement) -> GroupElement:
        if hasattr(other, "transform_fibers"):
            # A tensor of fields: it says itself how the element acts on it.
            return NotImplemented
        other = self._same_group(other)
        return GroupElement._from_canonical_value(self._group._combine(self._value, other._value), self._group)

    def __invert__(self) -> GroupElement:
        return GroupElement._from_canonical_value(self._group._inverse(self._value), self._group)

    def __pow__(self, exponent: int) -> GroupElement:
        base = self if exponent >= 0 else ~self
        result = self._group.identity
        for _ in range(abs(exponent)):
            result = result @ base
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GroupElement):
            return NotImplemented
        return self._group == other._group and self._group._equal(self._value, other._value)

    def __hash__(self) -> int:
        return hash((self._group, self._group._hash_value(self._value)))

    def __repr__(self) -> str:
        return self._group._repr_value(self._value)

    def __reduce__(self) -> tuple[Any, tuple[Any, Group]]:
        return (GroupElement._from_canonical_value, (self._value, self._group))

    def __copy__(self) -> GroupElement:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> GroupElement:
        return self
