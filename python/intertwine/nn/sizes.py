"""Whole numbers for the axes of space."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, ArgumentTypeError


def sizes_of(value: Any, dimension: int, name: str, *, least: int) -> tuple[int, ...]:
    """One whole number for each axis of space.

    Args:
        value: one number, or one for each axis.
        dimension: the number of axes.
        name: the argument's name, for the message.
        least: the smallest value allowed.

    Raises:
        ArgumentTypeError: if it is no whole number.
        ArgumentError: if it is too small, or there are too many or too few.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else dimension * (value,)
    for entry in values:
        if isinstance(entry, bool) or not isinstance(entry, (int, np.integer)):
            raise ArgumentTypeError(f"{name} must be a whole number or one for each axis, not {value!r}")
        if entry < least:
            raise ArgumentError(f"{name} must be at least {least}, not {value!r}")
    if len(values) != dimension:
        raise ArgumentError(
            f"{name} needs one number for each of the {dimension} axes of space, but {value!r} was given"
        )
    return tuple(int(entry) for entry in values)
