"""Products of groups by the names of their classes and their keys, as escnn makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from intertwine import group as groups
from intertwine.compat.kinds import Kind
from intertwine.errors import ArgumentError
from intertwine.group import Group
from intertwine.suggestions import did_you_mean

_MADE_BY: Mapping[str, Callable[..., Group]] = MappingProxyType(
    {
        "CyclicGroup": groups.cyclic_group,
        "DihedralGroup": groups.dihedral_group,
        "SO2": groups.so2_group,
        "O2": groups.o2_group,
        "SO3": groups.so3_group,
        "O3": groups.o3_group,
        "Icosahedral": groups.ico_group,
        "Octahedral": groups.octa_group,
    }
)


def _group(given: str | Group, prefix: str, keys: dict[str, Any]) -> Group:
    """A group by the name of its class and those of its keys that begin with a prefix."""
    if isinstance(given, Group):
        return given
    own = {key[len(prefix) :]: value for key, value in keys.items() if key.startswith(prefix)}
    if given == "DirectProductGroup":
        return DirectProductGroup(**own)
    if given == "DoubleGroup":
        return DoubleGroup(**own)
    if given not in _MADE_BY:
        raise ArgumentError(f"there is no class of groups {given!r}", hint=did_you_mean(str(given), _MADE_BY))
    return _MADE_BY[given](**own)


class DirectProductGroup(metaclass=Kind):
    """The direct product of two groups; a ``group.DirectProductGroup``.

    Args:
        G1: the name of the class of the first group, or the group.
        G2: the same of the second.
        name: how the product prints.
        **groups_keys: the keys of the groups, such as ``G1_N=4``.
    """

    holds: ClassVar[Any] = staticmethod(lambda instance: isinstance(instance, groups.DirectProductGroup))

    def __new__(cls, G1: str | Group, G2: str | Group, name: str | None = None, **groups_keys: Any) -> Any:  # noqa: D102
        return groups.direct_product(_group(G1, "G1_", groups_keys), _group(G2, "G2_", groups_keys), name)


class DoubleGroup(metaclass=Kind):
    """The direct product of a group with itself; a ``group.DoubleGroup``.

    Args:
        G: the name of the class of the group, or the group.
        name: how the product prints.
        **group_keys: the keys of the group, such as ``G_N=4``.
    """

    holds: ClassVar[Any] = staticmethod(lambda instance: isinstance(instance, groups.DoubleGroup))

    def __new__(cls, G: str | Group, name: str | None = None, **group_keys: Any) -> Any:  # noqa: D102
        return groups.double_group(_group(G, "G_", group_keys), name)
