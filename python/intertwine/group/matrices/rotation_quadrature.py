"""Rotations and weights by which means over SO(3) are found; rotations are unit quaternions."""

from __future__ import annotations

import numpy as np

from intertwine.group.matrices.harmonics import sphere_quadrature
from intertwine.group.matrices.rotations import about, multiply

_Y, _Z = np.eye(3)[1:]


def pole_to(point: np.ndarray) -> np.ndarray:
    """The rotation that carries the z-axis to a point: by its polar angle about y, then by its azimuth about z.

    Args:
        point: a unit vector, shape ``(3,)``.
    """
    polar, azimuth = np.arccos(np.clip(point[2], -1.0, 1.0)), np.arctan2(point[1], point[0])
    return multiply(about(_Z, azimuth), about(_Y, polar))


def haar_rule(degree: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Rotations and weights that are exact for matrix coefficients: points of the sphere, each with equal turns about it.

    Args:
        degree: the greatest frequency of the coefficients.
    """
    points, weights = sphere_quadrature(degree)
    count = degree + 1
    turns = [about(_Z, 2 * np.pi * k / count) for k in range(count)]
    poles = [pole_to(point) for point in points]
    return [multiply(pole, turn) for pole in poles for turn in turns], np.repeat(weights / count, count)


def class_rule(degree: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Rotations about z with weights 1 - cos(angle) that are exact for class functions (Weyl's integration formula).

    Args:
        degree: the greatest frequency of the functions.
    """
    count = degree + 2
    angles = 2 * np.pi * np.arange(1, count) / count
    return [about(_Z, angle) for angle in angles], (1 - np.cos(angles)) / count
