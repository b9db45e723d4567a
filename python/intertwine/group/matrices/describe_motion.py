"""Orthogonal matrices of at most three dimensions in words: turns, axes, mirrors."""

from __future__ import annotations

import numpy as np

_WHOLE = 1e-6


def describe(matrix: np.ndarray) -> str:
    """An orthogonal matrix in words: the angle and axis of a turn, the normal of a mirror.

    An improper matrix of R^3 that is neither a mirror nor the inversion is a turn followed by the inversion.

    Args:
        matrix: shape ``(n, n)`` with n at most 3.

    Example:
        >>> describe(np.diag([-1.0, -1.0, 1.0])), describe(np.diag([1.0, 1.0, -1.0]))
        ('180 deg about (0, 0, 1)', 'mirror of (0, 0, 1)')
    """
    size = len(matrix)
    if np.allclose(matrix, np.eye(size), atol=_WHOLE):
        return "identity"
    if np.allclose(matrix, -np.eye(size), atol=_WHOLE) and size != 2:
        return "inversion" if size == 3 else "mirror"
    proper = np.linalg.det(matrix) > 0
    if size == 2:
        angle = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        return f"{_number(angle)} deg" if proper else f"mirror in {_number((angle / 2) % 180)} deg"
    turn = matrix if proper else -matrix
    axis, angle = axis_angle(turn)
    direction = direction_text(axis)
    if proper:
        return f"{_number(angle)} deg about {direction}"
    if abs(angle - 180) < _WHOLE:
        return f"mirror of {direction}"
    return f"{_number(angle)} deg about {direction}, inverted"


def axis_angle(turn: np.ndarray) -> tuple[np.ndarray, float]:
    """The axis and the angle in degrees, from -180 to 180, of a rotation of R^3 by more than nothing.

    The first of the last non-zero coordinates of the axis is positive, so that every line through the origin has one.

    Args:
        turn: rotation matrix, shape ``(3, 3)``.
    """
    cosine = float(np.clip((np.trace(turn) - 1) / 2, -1, 1))
    projector = ((turn + turn.T) / 2 - cosine * np.eye(3)) / (1 - cosine)
    column = projector[:, int(np.argmax(np.diag(projector) > np.diag(projector).max() - _WHOLE))]
    axis = column / np.linalg.norm(column)
    last = next(k for k in (2, 1, 0) if abs(axis[k]) > _WHOLE)
    axis = axis * np.sign(axis[last])
    skew = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    sine = float(skew @ axis)
    angle = float(np.degrees(np.arctan2(sine, cosine)))
    return axis, 180.0 if abs(abs(angle) - 180) < _WHOLE else angle


def _number(value: float) -> str:
    return f"{round(value, 4) + 0.0:g}"


def direction_text(axis: np.ndarray) -> str:
    """A direction of space in coordinates: small whole numbers if there are such, else three decimals.

    Args:
        axis: a unit vector, shape ``(3,)``.
    """
    scaled = axis / min(abs(x) for x in axis if abs(x) > _WHOLE)
    if np.allclose(scaled, np.rint(scaled), atol=_WHOLE) and np.abs(scaled).max() < 10:
        return "(" + ", ".join(str(int(x)) for x in np.rint(scaled)) + ")"
    return "(" + ", ".join(f"{round(float(x), 3) + 0.0:g}" for x in axis) + ")"
