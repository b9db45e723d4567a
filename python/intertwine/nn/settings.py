"""Numbers and flags among the arguments of layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, ArgumentTypeError

_GREATEST = float(torch.finfo(torch.float32).max)


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


def number(value: Any, name: str, least: float = -_GREATEST, most: float = _GREATEST) -> float:
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
        bounds = f"at least {least:g}" if most == _GREATEST else f"between {least:g} and {most:g}"
        raise ArgumentError(f"{name} must be {'finite' if least == -_GREATEST else bounds}, not {value!r}")
    return float(value)


LOW_ERROR = 0.1
"""The bound of ``low_error=True``."""


def low_error_bound(value: Any) -> float | None:
    """The greatest error of the filters of a convolution, ``None`` for whatever filters taken at points have.

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
