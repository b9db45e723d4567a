"""What every object of the library can do from R: be printed, compared, counted and taken apart."""

from __future__ import annotations

from typing import Any


def text(value: Any) -> str:
    """The printed form."""
    return str(value)


def itself(value: Any) -> Any:
    """The object alone, for R wraps no objects inside of lists."""
    return value


def equal(first: Any, second: Any) -> bool:
    """Whether two objects are the same mathematical object."""
    return bool(first == second)


def count(value: Any) -> int:
    """The number of parts."""
    return len(value)


def item(value: Any, index: int) -> Any:
    """The part at this position, counted from zero."""
    return list(value)[index]
