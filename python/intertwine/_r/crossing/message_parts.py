"""The parts of messages as R users read them."""

from __future__ import annotations

import functools

from intertwine.errors import Words


@functools.singledispatch
def in_r(part: object) -> str:
    """A part of a message in R's words. Files that know a kind of value register its words.

    Args:
        part: a value that a message speaks of.

    Example:
        >>> in_r(Words("group.irreps()", r="irreps(G)")), in_r((2, 3)), in_r(None), in_r("text")
        ('irreps(G)', '2 x 3', 'NULL', 'text')
    """
    return str(part)


@in_r.register
def _(part: Words) -> str:
    return part.r


@in_r.register
def _(part: tuple) -> str:  # type: ignore[type-arg]
    return " x ".join(map(in_r, part))


@in_r.register
def _(part: None) -> str:
    return "NULL"


@in_r.register
def _(part: bool) -> str:
    return "TRUE" if part else "FALSE"
