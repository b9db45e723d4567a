"""Rotations of space as unit quaternions, and all other ways to write them (scipy's ``Rotation`` converts)."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from intertwine.errors import ArgumentError, GroupError

_AXES = ("xyz", "xzy", "yxz", "yzx", "zxy", "zyx", "xyx", "xzx", "yxy", "yzy", "zxz", "zyz")

ROTATION_PARAMETRIZATIONS = ("Q", "MAT", "EV", *_AXES, *(axes.upper() for axes in _AXES))
"""``Q``: unit quaternion (x, y, z, w); ``MAT``: 3 x 3 matrix; ``EV``: axis times angle; three letters: Euler angles about these
axes, fixed ones in small letters, those of the body in capitals (all angles in radians)."""

_TOLERANCE = 1e-5
"""How far a given quaternion or matrix may be from a rotation before it is refused."""

_SAME_QUATERNION = 1e-8
"""Unit quaternions nearer than this are the same rotation."""


def finite_array(value: Any, shape: tuple[int, ...], param: str) -> np.ndarray:
    """A rotation in some parametrisation as a fresh array.

    Args:
        value: what was given.
        shape: the shape of a rotation in the parametrisation.
        param: the parametrisation, for the message.

    Raises:
        GroupError: unless it holds finite numbers in that shape.
    """
    try:
        # scipy takes no read-only arrays.
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != shape or not np.isfinite(array).all():
        size = " x ".join(str(n) for n in shape)
        raise GroupError(f"a rotation in the parametrisation {param!r} is {size} finite numbers, not {value!r}")
    return array


def _fixed(quaternion: np.ndarray) -> np.ndarray:
    """The unit quaternion of the pair (q, -q) whose last number that is not 0 is positive; read-only."""
    quaternion = quaternion / np.linalg.norm(quaternion) + 0.0
    significant = quaternion[np.abs(quaternion) > 1e-12]
    if significant[-1] < 0:
        quaternion = 0.0 - quaternion
    quaternion.flags.writeable = False
    return quaternion


def to_quaternion(value: Any, param: str) -> np.ndarray:
    """The canonical unit quaternion of a rotation, read-only.

    Args:
        value: the rotation.
        param: one of ``ROTATION_PARAMETRIZATIONS``.

    Raises:
        GroupError: if that is no rotation.
    """
    if param == "Q":
        quaternion = finite_array(value, (4,), param)
        if abs(np.linalg.norm(quaternion) - 1) > _TOLERANCE:
            raise GroupError(
                f"a quaternion of norm {np.linalg.norm(quaternion):.6g} is no rotation",
                hint="divide it by its norm; the order is x, y, z, w",
            )
        return _fixed(quaternion)
    if param == "MAT":
        matrix = finite_array(value, (3, 3), param)
        if np.abs(matrix @ matrix.T - np.eye(3)).max() > _TOLERANCE or np.linalg.det(matrix) < 0:
            raise GroupError(
                f"a rotation is an orthogonal 3 x 3 matrix of determinant 1, not {matrix.tolist()}",
                hint="for matrices of determinant -1 use O(3)",
            )
        return matrix_quaternion(matrix)
    if param == "EV":
        return _fixed(Rotation.from_rotvec(finite_array(value, (3,), param)).as_quat())
    if param not in ROTATION_PARAMETRIZATIONS:
        raise ArgumentError(
            f"rotations have no parametrisation {param!r}", hint=f"use one of {', '.join(ROTATION_PARAMETRIZATIONS)}"
        )
    return _fixed(Rotation.from_euler(param, finite_array(value, (3,), param)).as_quat())


def from_quaternion(quaternion: np.ndarray, param: str) -> np.ndarray:
    """A rotation in another parametrisation; read-only.

    Args:
        quaternion: a unit quaternion.
        param: one of ``ROTATION_PARAMETRIZATIONS``.
    """
    if param == "Q":
        return quaternion
    if param == "MAT":
        result = rotation_of_quaternion(quaternion)
    elif param == "EV":
        result = Rotation.from_quat(np.array(quaternion)).as_rotvec()
    else:
        with warnings.catch_warnings():
            # Where two axes fall together the angles are not unique; one choice is as good as another.
            warnings.simplefilter("ignore")
            result = Rotation.from_quat(np.array(quaternion)).as_euler(param)
    result.flags.writeable = False
    return result


def rotation_of_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """The rotation matrices of unit quaternions.

    Args:
        quaternion: shape ``(..., 4)``, in the order x, y, z, w.

    Returns:
        shape ``(..., 3, 3)``.
    """
    # Numbers of Python are ten times as fast as arrays without axes.
    x, y, z, w = quaternion.tolist() if quaternion.ndim == 1 else (quaternion[..., i] for i in range(4))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.array(rows) if quaternion.ndim == 1 else np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def matrix_quaternion(matrix: np.ndarray) -> np.ndarray:
    """The canonical unit quaternion of a rotation matrix, read-only.

    Args:
        matrix: shape ``(3, 3)``, orthogonal up to rounding.
    """
    return _fixed(Rotation.from_matrix(np.array(matrix)).as_quat())


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of two rotations: first b, then a.

    Args:
        a: a unit quaternion.
        b: a unit quaternion.
    """
    ax, ay, az, aw = a.tolist()
    bx, by, bz, bw = b.tolist()
    return _fixed(
        np.array(
            [
                aw * bx + ax * bw + ay * bz - az * by,
                aw * by - ax * bz + ay * bw + az * bx,
                aw * bz + ax * by - ay * bx + az * bw,
                aw * bw - ax * bx - ay * by - az * bz,
            ]
        )
    )


def invert(a: np.ndarray) -> np.ndarray:
    """The inverse of a rotation.

    Args:
        a: a unit quaternion.
    """
    return _fixed(a * np.array([-1.0, -1.0, -1.0, 1.0]))


def same_rotation(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two unit quaternions are one rotation.

    Args:
        a: a unit quaternion.
        b: a unit quaternion.
    """
    return bool(min(np.abs(a - b).max(), np.abs(a + b).max()) < _SAME_QUATERNION)


def about(axis: Any, angle: float) -> np.ndarray:
    """The rotation by an angle about an axis, counter-clockwise for one at whom the axis points.

    Args:
        axis: a vector of R^3, of any length but 0.
        angle: in radians.

    Returns:
        the unit quaternion.
    """
    direction = np.asarray(axis, dtype=float)
    direction = direction / np.linalg.norm(direction)
    return _fixed(np.array([*(np.sin(angle / 2) * direction), np.cos(angle / 2)]))


def array_as_text(array: np.ndarray) -> str:
    """Numbers in NumPy's default form, so that an element prints the same whatever print options a user has set.

    Args:
        array: what to print.
    """
    return np.array2string(
        array,
        separator=", ",
        precision=8,
        threshold=1000,
        edgeitems=3,
        max_line_width=1000,
        suppress_small=False,
        sign="-",
        floatmode="maxprec",
        formatter={},  # pyright: ignore[reportArgumentType]
        legacy=False,
    )


def repr_rotation(quaternion: np.ndarray) -> str:
    """A rotation as the rows of its matrix.

    Args:
        quaternion: a unit quaternion.
    """
    return _printed(quaternion.tobytes())


@lru_cache(maxsize=1024)
def _printed(numbers: bytes) -> str:
    matrix = rotation_of_quaternion(np.frombuffer(numbers))
    matrix = np.where(np.abs(matrix) < 1e-12, 0.0, matrix)
    return array_as_text(matrix)[1:-1].replace("\n ", "\n")
