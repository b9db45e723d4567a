"""2 x 2 matrices of rotations and reflections, by the names of escnn's interface."""

from __future__ import annotations

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.suggestions import suggests


@suggests
def psi(theta: float, k: int = 1, gamma: float = 0.0) -> np.ndarray:
    """The rotation matrix of the angle k theta + gamma.

    Args:
        theta: an angle in radians.
        k: a frequency.
        gamma: an angle to add, in radians.

    Returns:
        shape ``(2, 2)``.

    Example:
        >>> psi(np.pi / 2).round(12).tolist()
        [[0.0, -1.0], [1.0, 0.0]]
    """
    angle = k * theta + gamma
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


@suggests
def chi(s: int) -> np.ndarray:
    """The reflection diag(1, -1) in the x-axis for s = 1, the identity for s = 0.

    Args:
        s: 0 or 1.

    Returns:
        shape ``(2, 2)``.

    Raises:
        ArgumentError: for any other s.

    Example:
        >>> chi(1).tolist()
        [[1.0, 0.0], [0.0, -1.0]]
    """
    if s not in (0, 1):
        raise ArgumentError(f"s tells whether to reflect: it is 0 or 1, not {s!r}")
    return np.diag([1.0, -1.0 if s else 1.0])


@suggests
def psichi(theta: float, s: int, k: int = 1, gamma: float = 0.0) -> np.ndarray:
    """A reflection if s = 1, then a rotation: psi(theta, k, gamma) chi(s).

    Args:
        theta: an angle in radians.
        s: 0 or 1.
        k: a frequency.
        gamma: an angle to add, in radians.

    Returns:
        shape ``(2, 2)``.

    Example:
        >>> (psichi(np.pi / 2, 1).round(12) + 0.0).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    return psi(theta, k, gamma) @ chi(s)
