"""Any group that acts orthogonally on the line, the plane or space."""

from __future__ import annotations

from intertwine.errors import ArgumentTypeError, RepresentationError, Words
from intertwine.group.catalogue.from_generators import MatrixGroup
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation
from intertwine.gspaces.gspace import GSpace
from intertwine.suggestions import suggests


@suggests
def gspace(group: Group, action: Representation | None = None, name: str | None = None) -> GSpace:
    """The space R^1, R^2 or R^3 with any group that acts on it orthogonally.

    The action need not be faithful: elements that leave every point in place may still act on features.

    Args:
        group: the group.
        action: its orthogonal matrices on the space, in the coordinates x (right), y (up), z; the natural representation
            of a group of matrices by default.
        name: how the space prints.

    Raises:
        RepresentationError: if the action is of another group, or no matrices of size 1 to 3.

    Example:
        >>> from intertwine.group import point_group, symmetric_group
        >>> gspace(point_group("Td")), gspace(symmetric_group(3), symmetric_group(3).irrep(2))
        (Td_on_R3, S3_on_R2[irrep_2])
    """
    if not isinstance(group, Group):
        raise ArgumentTypeError(f"a group is needed, not {group!r}", hint="make one, for example point_group('Td')")
    label = ""
    if action is None:
        if not isinstance(group, MatrixGroup):
            raise RepresentationError(
                f"{group} is not given by matrices, so it must be said how it acts",
                hint=Words(
                    "give a representation of size 1, 2 or 3 as action, for example one of group.irreps()",
                    r="give a representation of size 1, 2 or 3 as `action`, for example one of irreps(G)",
                ),
            )
        action = group.natural_representation
    elif not isinstance(action, Representation):
        raise ArgumentTypeError(
            f"the action must be a representation of {group}, not {type(action).__name__}",
            hint=Words(
                "take one of group.irreps(), or make one with directsum or change_basis",
                r="take one of irreps(G), or make one with direct_sum() or change_basis()",
            ),
        )
    elif not isinstance(group, MatrixGroup) or action != group.natural_representation:
        label = f"[{action.name}]"
    if not 1 <= action.size <= 3:
        raise RepresentationError(
            f"the action must have size 1, 2 or 3, but {action} was given", hint="spaces are R^1, R^2 and R^3"
        )
    return GSpace(group, action.size, name or f"{group}_on_R{action.size}{label}", action)


__all__ = ["gspace"]
