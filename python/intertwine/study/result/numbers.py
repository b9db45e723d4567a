"""Numbers as readers expect them."""

from __future__ import annotations

import math


def number_text(value: float) -> str:
    """A large number, shortened.

    Args:
        value: a number of at least 0.

    Example:
        >>> [number_text(value) for value in (950, 6_393, 19_440, 2_000_000, 3.5e9)]
        ['950', '6,393', '19.4 thousand', '2 million', '3.5 billion']
    """
    for least, size, name in ((1e9, 1e9, "billion"), (1e6, 1e6, "million"), (1e4, 1e3, "thousand")):
        if value >= least:
            return f"{value / size:.3g} {name}"
    return f"{value:,.0f}"


def score_text(value: float, share: bool) -> str:
    """A score: in percent if it is a share.

    Args:
        value: the score.
        share: whether it is a share from 0 to 1.
    """
    return f"{100 * value:.1f}%" if share else f"{value:.3g}"


def gap_text(value: float, share: bool, *, unit: bool = True) -> str:
    """A difference of scores: in points (of a hundred) if they are shares.

    Args:
        value: the difference.
        share: whether scores are shares from 0 to 1.
        unit: whether to say "points".
    """
    if not share:
        return f"{value:.3g}"
    points = f"{100 * value:.1f}"
    if points.lstrip("-") == "0.0":
        points = "0.0" if round(100 * value, 2) == 0 else f"{100 * value:.2f}"
    return f"{points} point{'' if points == '1.0' else 's'}" if unit else points


def time_text(seconds: float) -> str:
    """A time span.

    Args:
        seconds: how long it is.

    Example:
        >>> time_text(0.42), time_text(42.2), time_text(600)
        ('0.42 s', '42 s', '10 min')
    """
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
