"""Tables of finite groups for R: products, characters, conjugacy classes, subgroups; positions count from one."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine._r.crossing.labels import label_text, name_text
from intertwine._r.elements import group_of, texts
from intertwine.errors import GroupError
from intertwine.group import FiniteGroup


def finite(space: Any, what: str) -> FiniteGroup:
    """The group of a space, which must be finite.

    Raises:
        GroupError: for a continuous group.
    """
    group = group_of(space)
    if isinstance(group, FiniteGroup):
        return group
    raise GroupError(
        f"{group} has infinitely many elements, so it has no {what}", hint="take a finite subgroup with restrict()"
    )


def cayley(space: Any) -> dict[str, Any]:
    """The table of products and the names of the elements."""
    group = finite(space, "table of products")
    return {"table": (group.table + 1).astype(np.int32), "names": texts(group.elements), "group": str(group)}


def characters(space: Any) -> dict[str, Any]:
    """The characters of the irreps on the conjugacy classes."""
    group = finite(space, "finite table of characters")
    table = group.character_table
    return {
        "values": np.asarray(table.values),
        "irreps": [name_text(psi) for psi in table.irreps],
        "types": [psi.type for psi in table.irreps],
        "classes": texts(list(table.representatives)),
        "sizes": [int(n) for n in table.sizes],
        "orders": [int(n) for n in table.orders],
        "group": str(group),
    }


def classes(space: Any) -> list[list[Any]]:
    """The conjugacy classes."""
    return [list(members) for members in finite(space, "finite list of conjugacy classes").conjugacy_classes]


def subgroups(space: Any) -> list[dict[str, Any]]:
    """One subgroup of each class of conjugate ones."""
    group = finite(space, "finite list of subgroups")
    members = group.elements
    return [
        {
            "name": found.name,
            "order": int(found.order),
            "conjugates": int(found.conjugates),
            "generators": texts([members[g] for g in group.generating_numbers(found.elements)]),
            "label": found.id,
        }
        for found in group.subgroups()
    ]


def frequencies(space: Any, irreps: Any) -> dict[str, Any]:
    """What a picture of irreps shows: matrices of each at all elements of a finite group, with names."""
    group = finite(space, "finite list of matrices")
    return {
        "matrices": [np.asarray(psi.matrices) for psi in irreps],
        "labels": [label_text(psi.id) for psi in irreps],
        "elements": texts(group.elements),
    }
