"""Points of the sphere by formula: HEALPix, Fibonacci's spiral, longitudes and latitudes; and their lift to rotations."""

from __future__ import annotations

import numpy as np


def _on_sphere(z: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    radius = np.sqrt((1 - z) * (1 + z))
    return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), z], axis=-1)


def healpix(side: int) -> np.ndarray:
    r"""The centres of the HEALPix pixels, ring by ring from the north pole to the south pole.

    Ring i of the northern cap, 1 <= i < s, lies at z = 1 - i^2 / (3 s^2) and has 4 i pixels; ring i of the belt,
    s <= i <= 3 s, lies at z = 4/3 - 2 i / (3 s) and has 4 s; the southern cap mirrors the northern one. All pixels have one area.

    Args:
        side: s, the pixels along a side of each of the 12 base pixels; any whole number from 1 on.

    Returns:
        unit vectors, shape ``(12 side^2, 3)``, in HEALPix's ring order.

    Source:
        Gorski et al., "HEALPix: a framework for high-resolution discretization and fast analysis of data distributed on
        the sphere", 2005, equations 4 to 9.

    Example:
        >>> healpix(1)[:, 2].round(12).tolist()[3:6]
        [0.666666666667, 0.0, 0.0]
    """
    ring = np.arange(1, 4 * side)
    north = np.minimum(ring, 4 * side - ring)  # the ring itself, or its mirror image
    cap = north < side
    count = 4 * np.minimum(north, side)
    z = np.where(cap, 1 - north**2 / (3 * side**2), 4 / 3 - 2 * north / (3 * side))
    z = np.where(ring > 2 * side, -z, z)
    shift = np.where(cap | ((north - side) % 2 == 0), 0.5, 0.0)
    first = np.cumsum(count) - count
    step = np.arange(count.sum()) - np.repeat(first, count)
    longitude = 2 * np.pi * (step + np.repeat(shift, count)) / np.repeat(count, count)
    return _on_sphere(np.repeat(z, count), longitude)


def fibonacci(count: int) -> np.ndarray:
    """Points on a spiral from pole to pole: equal steps in z, each turned by the golden angle.

    Args:
        count: the number of points.

    Returns:
        unit vectors, shape ``(count, 3)``; point i stands for a band of height 2 / count around the z-axis.

    Source:
        Gonzalez, "Measurement of areas on a sphere using Fibonacci and latitude-longitude lattices", 2010.

    Example:
        >>> fibonacci(4)[:, 2].tolist()
        [0.75, 0.25, -0.25, -0.75]
    """
    index = np.arange(count)
    return _on_sphere(1 - (2 * index + 1) / count, np.pi * (3 - 5**0.5) * index)


def longitude_latitude(longitudes: int, latitudes: int) -> np.ndarray:
    """The crossings of equally spaced meridians and parallels, and each pole once.

    Args:
        longitudes: the number of meridians.
        latitudes: the number of parallels, both poles included, from 2 on.

    Returns:
        unit vectors, shape ``(2 + longitudes (latitudes - 2), 3)``, from the north pole to the south pole.

    Example:
        >>> longitude_latitude(4, 3).round(12).tolist()[1:3]
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    angle = np.pi * np.arange(1, latitudes - 1) / (latitudes - 1)
    turn = 2 * np.pi * np.arange(longitudes) / longitudes
    between = _on_sphere(np.repeat(np.cos(angle), longitudes), np.tile(turn, latitudes - 2))
    return np.concatenate([[[0.0, 0.0, 1.0]], between, [[0.0, 0.0, -1.0]]])


def hopf(points: np.ndarray, turns: int) -> np.ndarray:
    """Rotations from points of the sphere and equally spaced angles, through the Hopf fibration.

    A rotation brings the pole (0, 0, 1) to a point u; those that bring it to the same u differ by a turn about the pole
    beforehand. Each rotation here is such a turn, by t, followed by the shortest rotation from the pole to u. The uniform
    measure on rotations is the product of those of u and t, so that uniform points and angles give uniform rotations.

    Args:
        points: unit vectors u, shape ``(n, 3)``.
        turns: the number of angles t.

    Returns:
        unit quaternions, order x, y, z, w, shape ``(n turns, 4)``, the angle varying fastest.

    Source:
        Yershova, Jain, LaValle and Mitchell, "Generating uniform incremental grids on SO(3) using the Hopf fibration", 2010.

    Example:
        >>> hopf(np.array([[0.0, 0.0, 1.0]]), 2).round(12).tolist()
        [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]]
    """
    x, y, z = (points[:, axis, None] for axis in range(3))
    near, far = np.sqrt((1 + z) / 2), np.sqrt((1 - z) / 2)  # cos and sin of half the angle between pole and point
    half = np.pi * np.arange(turns) / turns
    across = half - np.arctan2(y, x)
    coordinates = np.broadcast_arrays(
        far * np.sin(across), far * np.cos(across), near * np.sin(half), near * np.cos(half)
    )
    return np.stack(coordinates, axis=-1).reshape(-1, 4)
