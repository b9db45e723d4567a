"""Labels of irreps: whole numbers in tuples, nested for the irreps of products."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, RepresentationError

Label = tuple[Any, ...]
"""A label of an irrep: a tuple of whole numbers and of such tuples."""


def as_label(id: Any) -> Label:
    """A label with lists as tuples and NumPy's numbers as Python's.

    Args:
        id: a list or tuple of whole numbers and of such lists.

    Raises:
        RepresentationError: if it holds anything else.

    Example:
        >>> as_label([[1], (0, np.int64(2)), 0])
        ((1,), (0, 2), 0)
    """
    if not isinstance(id, (tuple, list)):
        raise RepresentationError(
            f"the label of an irrep is a tuple of whole numbers, not {id!r}", hint="write (1,) for the label 1"
        )
    return tuple(_part(part, id) for part in id)


def _part(part: Any, id: Any) -> Any:
    if isinstance(part, (tuple, list)):
        return as_label(part)
    if not is_whole(part):
        raise RepresentationError(f"the label of an irrep holds whole numbers, but {id!r} was given")
    return int(part)


def band_limit(L: Any) -> int:
    """A band limit as a whole number.

    Args:
        L: what was given.

    Raises:
        ArgumentTypeError: if it is no whole number.
        ArgumentError: if it is negative.
    """
    if not is_whole(L):
        raise ArgumentTypeError(f"a band limit is a whole number, not {L!r}")
    if L < 0:
        raise ArgumentError(f"a band limit is at least 0, not {L}")
    return int(L)


class SubgroupKey:
    """A label of a subgroup as a key of a cache: ``False`` is not ``0``, and ``True`` not ``1.0``, as they are for Python.

    Args:
        id: the label, hashable but for lists.

    Example:
        >>> SubgroupKey((False, 4)) == SubgroupKey((0.0, 4)), SubgroupKey([None, 2]) == SubgroupKey((None, 2))
        (False, True)
    """

    __slots__ = ("_key", "id")

    def __init__(self, id: Any) -> None:
        self.id = id
        self._key = _typed(id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SubgroupKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def _typed(id: Any) -> Any:
    if isinstance(id, (tuple, list)):
        return tuple(_typed(part) for part in id)
    if isinstance(id, np.generic):
        id = id.item()
    return (type(id).__name__, id)
