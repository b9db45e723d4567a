"""Labels of subgroups as escnn writes them, and labels of subgroups of subgroups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from intertwine import group as groups
from intertwine.errors import GroupError
from intertwine.group import FiniteGroup, Group, GroupElement

_SPATIAL = (groups.SO3, groups.O3)


def process_subgroup_id(self: Group, id: Any) -> Any:
    """The label of a subgroup in full: of groups of space with the element by which the subgroup is turned.

    Args:
        self: the group.
        id: the label.
    """
    if not isinstance(self, (*_SPATIAL, groups.Icosahedral, groups.Octahedral)):
        return id
    label = id if isinstance(id, tuple) else (id,)
    if isinstance(self, groups.O3) and label[0] in ("so3", "o3"):
        label = (label[0] == "o3", "so3", *label[1:])
    return label if isinstance(label[-1], GroupElement) else (*label, self.identity)


def combine_subgroups(self: Group, sg_id1: Any, sg_id2: Any) -> Any:
    """The label in this group of a subgroup of a subgroup.

    Args:
        self: the group.
        sg_id1: the label of the subgroup.
        sg_id2: the label in the subgroup.

    Raises:
        GroupError: for groups whose labels are no numbers of rotations and axes.
    """
    subgroup = self.subgroup(sg_id1)[0]
    subgroup.subgroup(sg_id2)
    if sg_id1 == self.subgroup_self_id:
        return sg_id2
    if isinstance(self, groups.DirectProductGroup) and all(
        isinstance(i, tuple) and len(i) == 2 for i in (sg_id1, sg_id2)
    ):
        pairs = zip((self.G1, self.G2), sg_id1, sg_id2, strict=True)
        return tuple(combine_subgroups(part, first, second) for part, first, second in pairs)
    if isinstance(self, (groups.CyclicGroup, groups.SO2)):
        return sg_id2
    if isinstance(self, (groups.DihedralGroup, groups.O2)):
        return _of_plane(self, sg_id1, sg_id2)
    if isinstance(self, (*_SPATIAL, groups.Icosahedral, groups.Octahedral)):
        return _of_space(self, sg_id1, sg_id2)
    raise GroupError(
        f"labels of subgroups of subgroups of {self} are not combined", hint="restrict one after the other"
    )


def _of_plane(group: groups.DihedralGroup | groups.O2, first: Any, second: Any) -> Any:
    axis, count = first
    if axis is None:
        return (None, second)
    if count == 1:
        return (axis, 1) if second == 2 else (None, 1)
    turn, smaller = second
    if turn is None:
        return (None, smaller)
    # Axes of a dihedral group are steps between its own mirrors, those of O(2) are angles.
    if isinstance(group, groups.DihedralGroup):
        return (axis + turn * (group.rotation_order // count), smaller)
    return (axis + turn * (1 if count == -1 else 2 * np.pi / count), smaller)


def _of_space(group: Any, first: Any, second: Any) -> Any:
    """The label whose maps are those of the two subgroups, one after the other: the standard subgroup, turned by an element."""
    middle, outer, _ = group.subgroup(first)
    inner, into_middle, _ = middle.subgroup(second)
    parts = list(inner.testing_elements())
    wanted = [outer(into_middle(part)) for part in parts]
    for label in _standard_labels(group, inner):
        try:
            found, inclusion, _ = group.subgroup(label)
        except GroupError:
            continue
        if found == inner:
            turned = _element_between(group, wanted, [inclusion(part) for part in parts])
            if turned is not None:
                return (*label, turned)
    raise GroupError(
        f"the subgroup {second!r} of the subgroup {first!r} of {group} has no label of its own",
        hint="restrict one after the other",
    )


def _standard_labels(group: Group, inner: Group) -> Iterator[tuple[Any, ...]]:
    """The labels of subgroups that could be equal to a group."""
    order = -1 if inner.order() < 1 else inner.order()
    counts = [-1] if inner.continuous else [order // part for part in (1, 2, 4) if order % part == 0]
    rotations = [(kind,) for kind in ("so3", "ico", "octa", "tetra")] + [(f, n) for n in counts for f in (False, True)]
    if not isinstance(group, groups.O3):
        yield from rotations
        return
    yield from ((inverted, *label) for inverted in (False, True) for label in rotations)
    yield from (("cone", n) for n in counts)
    yield ("fulltetra",)


def _element_between(group: Any, wanted: list[GroupElement], standard: list[GroupElement]) -> GroupElement | None:
    """An element a with a^-1 s a = w for all pairs; ``None`` if there is none."""
    if isinstance(group, FiniteGroup):
        pairs = list(zip(wanted, standard, strict=True))
        return next((a for a in group.elements if all(s @ a == a @ w for w, s in pairs)), None)
    action = group.standard_representation()
    inside, moved = (np.stack([action(element) for element in elements]) for elements in (standard, wanted))
    maps = groups.intertwiners(moved, inside)
    if not len(maps):
        return None
    # The orthogonal part of an invertible map between orthogonal representations is one of these maps, too.
    for start in (np.eye(3), np.cos(np.arange(9.0)).reshape(3, 3)):
        left, sizes, right = np.linalg.svd(np.einsum("kij,k->ij", maps, np.einsum("kij,ij->k", maps, start)))
        if sizes[-1] > 1e-3:
            matrix = left @ right
            return group.element(
                (0, matrix * np.linalg.det(matrix)) if isinstance(group, groups.O3) else matrix * np.linalg.det(matrix),
                "MAT",
            )
    return None
