"""Checks of arguments: each gives the value as Python's own, or raises an error that names the argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeGuard

import numpy as np

from intertwine.errors import ArgumentError, ArgumentTypeError

GREATEST = float(np.finfo(np.float32).max)
MOST_CHANNELS = 1_000_000
"""Fields or outputs of a layer that counts them: lists of more take more memory than their numbers."""
_MOST_CELLS = 2**31 - 1
"""The largest size of an axis: the kernels of torch index with 32 bits."""


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether a value is a whole number of Python or NumPy; True and False are none.

    Args:
        value: what was given.
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def whole(value: Any, what: str) -> int:
    """The value as a whole number.

    Args:
        value: what was given.
        what: what it is, for the message.

    Raises:
        ArgumentTypeError: if it is none.
    """
    if not is_whole(value):
        raise ArgumentTypeError(f"{what} must be a whole number, not {value!r}")
    return int(value)


def flag(value: Any, name: str) -> bool:
    """A flag.

    Args:
        value: True or False; 0 and 1 count as well.
        name: the argument's name, for the message.

    Raises:
        ArgumentTypeError: for anything else.
    """
    if isinstance(value, (bool, np.bool_)) or (isinstance(value, int) and value in (0, 1)):
        return bool(value)
    raise ArgumentTypeError(f"{name} must be True or False, not {value!r}")


def whole_at_least(value: Any, name: str, least: int = 1, most: int | None = None) -> int:
    """A whole number of at least some size.

    Args:
        value: the number.
        name: the argument's name, for the message.
        least: the smallest value allowed.
        most: the greatest value allowed, if there is one.

    Raises:
        ArgumentError: for anything else.
    """
    if not is_whole(value) or value < least:
        raise ArgumentError(f"`{name}` must be a whole number of at least {least}, not {value!r}")
    if most is not None and value > most:
        raise ArgumentError(f"`{name}` must be at most {most}, not {value!r}")
    return int(value)


def number(value: Any, name: str, least: float = -GREATEST, most: float = GREATEST) -> float:
    """A finite number.

    Args:
        value: the number.
        name: the argument's name, for the message.
        least: the smallest value allowed.
        most: the greatest value allowed.

    Raises:
        ArgumentTypeError: if it is no number.
        ArgumentError: if it is too small or too large, or not a number at all.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"{name} must be a number, not {value!r}")
    if not least <= value <= most:
        bounds = f"at least {least:g}" if most == GREATEST else f"between {least:g} and {most:g}"
        raise ArgumentError(f"{name} must be {'finite' if least == -GREATEST else bounds}, not {value!r}")
    return float(value)


def choice(value: Any, known: Iterable[str], name: str, what: str) -> str:
    """One of several names.

    Args:
        value: what was given.
        known: the names that there are.
        name: the layer's name, for the message.
        what: what is named, for the message.

    Raises:
        ArgumentError: for another name.
    """
    known = list(known)
    if not isinstance(value, str) or value not in known:
        raise ArgumentError(f"{name} has no {what} {value!r}", hint=f"use one of {', '.join(known)}")
    return value


LOW_ERROR = 0.1
"""The bound of ``low_error=True``."""


def low_error_bound(value: Any) -> float | None:
    """The greatest turning error that a filter may have; ``None`` if filters are sampled at points, whatever their error.

    Args:
        value: False, True, or the bound.

    Raises:
        ArgumentError: for a bound outside of 0 to 1.
        ArgumentTypeError: for anything else.
    """
    if isinstance(value, (bool, np.bool_)):
        return LOW_ERROR if value else None
    bound = number(value, "low_error", 0.0, 1.0)
    if not 0 < bound < 1:
        raise ArgumentError(
            f"low_error is True, False, or a bound between 0 and 1, not {value!r}",
            hint=f"low_error=True is a bound of {LOW_ERROR}",
        )
    return bound


def statistics_settings(eps: Any, momentum: Any) -> tuple[float, float | None]:
    """The numbers of a batch normalisation.

    Args:
        eps: added to variances; positive.
        momentum: between 0 and 1, or ``None``.

    Raises:
        ArgumentError: for other numbers.
        ArgumentTypeError: for what is no number.
    """
    if not number(eps, "eps") > 0:
        raise ArgumentError(f"eps must be positive, not {eps!r}")
    return float(eps), None if momentum is None else number(momentum, "momentum", 0.0, 1.0)


def angle(value: Any, what: str) -> float:
    """A finite angle in radians.

    Args:
        value: what was given.
        what: what it is, for the message.

    Raises:
        ArgumentError: if it is none.
    """
    if not isinstance(value, (int, float, np.floating)) or not np.isfinite(value):
        raise ArgumentError(f"{what} is an angle in radians, not {value!r}")
    return float(value)


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
        if not is_whole(entry):
            raise ArgumentTypeError(f"{name} must be a whole number or one for each axis, not {value!r}")
        if entry < least:
            raise ArgumentError(f"{name} must be at least {least}, not {value!r}")
        if entry > _MOST_CELLS:
            raise ArgumentError(f"{name} must be at most {_MOST_CELLS}, not {value!r}")
    if len(values) != dimension:
        raise ArgumentError(
            f"{name} needs one number for each of the {dimension} axes of space, but {value!r} was given"
        )
    return tuple(int(entry) for entry in values)


def relative_sizes(value: Any, dimension: int, name: str) -> tuple[float, ...]:
    """One positive number for each axis of space, divided by the smallest of them.

    Args:
        value: one number, or one for each axis.
        dimension: the number of axes.
        name: the argument's name, for the message.

    Raises:
        ArgumentTypeError: if it is no number.
        ArgumentError: if one is not positive, or there are too many or too few.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else dimension * (value,)
    if any(isinstance(entry, bool) or not isinstance(entry, (int, float, np.number)) for entry in values):
        raise ArgumentTypeError(f"{name} must be a number or one for each axis, not {value!r}")
    if len(values) != dimension or not all(0 < entry < np.inf for entry in values):
        raise ArgumentError(f"{name} needs one positive number for each of the {dimension} axes, not {value!r}")
    return tuple(float(entry / min(values)) for entry in values)


def need_real_coords(coords: Any) -> None:
    """Raises for coordinates that are no floating point numbers.

    Args:
        coords: of points.

    Raises:
        ArgumentTypeError: naming the dtype.
    """
    if not coords.is_floating_point():
        raise ArgumentTypeError(
            f"coordinates are floating point numbers, but were given as {coords.dtype}, which cannot be turned",
            hint="convert them, for example with coords.float()",
        )
