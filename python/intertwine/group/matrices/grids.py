"""Sets of rotations of space and of points of the sphere, by name.

Both functions here read a table of types: what each is built from, and how. Sets that ship with the package or have a closed
form are there at once; the others are found when they are asked for, the same in every process.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, ArgumentTypeError
from intertwine.group.matrices.polyhedral import polyhedral_orbit, polyhedral_rotations
from intertwine.group.matrices.sphere_points import fibonacci, healpix, hopf, longitude_latitude
from intertwine.group.matrices.thomson import thomson_points

Seed = int | np.random.Generator | np.random.RandomState | None
"""What random sets start from; ``None`` is another set each time."""

_Recipe = tuple[tuple[str, ...], Callable[..., np.ndarray]]


def _random_directions(count: int, dimension: int, seed: Seed) -> np.ndarray:
    """Uniform on the sphere in R^dimension: the normal distribution looks the same from every side."""
    if isinstance(seed, np.random.RandomState):
        generator = np.random.Generator(seed._bit_generator)
    else:
        generator = np.random.default_rng(seed)
    points = generator.standard_normal((count, dimension))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _hopf_grid(N: int) -> np.ndarray:
    """HEALPix points and angles, as many of each as make the steps along the sphere and around it most alike."""
    # A pixel of 12 s^2 is as wide as the step of m angles for m = 2 s sqrt(3 pi).
    ideal = float(np.cbrt(N / (24 * np.sqrt(3 * np.pi))))
    smaller = max(1, int(ideal))
    side = smaller if ideal**2 < smaller * (smaller + 1) else smaller + 1
    return hopf(healpix(side), max(1, round(N / (12 * side**2))))


def _fibonacci_grid(N: int) -> np.ndarray:
    """Points of Fibonacci's spiral and angles, with equal steps along the sphere and around it."""
    # n points have the spacing sqrt(4 pi / n), m angles 2 pi / m; equal for m^3 = pi n m.
    turns = max(1, round(float(np.cbrt(np.pi * N))))
    return hopf(fibonacci(max(1, round(N / turns))), turns)


def _longlat(N: int, M: int) -> np.ndarray:
    if M < 2:
        raise ArgumentError(f"a longlat grid has both poles, but M is {M}", hint="use M = 2 or more latitudes")
    return longitude_latitude(N, M)


_ROTATIONS: Mapping[str, _Recipe] = {
    "rand": (("N", "seed"), lambda N, seed: _random_directions(N, 4, seed)),
    "thomson": (("N",), lambda N: thomson_points("rotations", N)),
    "thomson_cube": (("N",), lambda N: thomson_points("rotations_cube", N)),
    "ico": ((), lambda: polyhedral_rotations("ico")),
    "cube": ((), lambda: polyhedral_rotations("cube")),
    "tetra": ((), lambda: polyhedral_rotations("tetra")),
    "hopf": (("N",), _hopf_grid),
    "fibonacci": (("N",), _fibonacci_grid),
}

_POINTS: Mapping[str, _Recipe] = {
    "rand": (("N", "seed"), lambda N, seed: _random_directions(N, 3, seed)),
    "thomson": (("N",), lambda N: thomson_points("sphere", N)),
    "thomson_cube": (("N",), lambda N: thomson_points("sphere_cube", N)),
    "ico": ((), lambda: polyhedral_orbit("ico")),
    "cube": ((), lambda: polyhedral_orbit("cube")),
    "tetra": ((), lambda: polyhedral_orbit("tetra")),
    "healpix": (("N",), lambda N: healpix(N)),
    "fibonacci": (("N",), lambda N: fibonacci(N)),
    "longlat": (("N", "M"), _longlat),
}


def _whole(value: Any, least: int, subject: str, kind: str, hint: str | None = None) -> int:
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(f"{subject} is {kind}, not {value!r}", hint=hint) from None
    if number < least:
        raise ArgumentError(f"{subject} is {number}", hint=f"use {least} or more")
    return number


def _argument(type: str, name: str, value: Any) -> Any:
    if name != "seed":
        if value is None:
            raise ArgumentError(
                f"a grid of type {type!r} needs {name}", hint=f"give the number {name}, such as {name} = 30"
            )
        return _whole(value, 1, f"{name} of a grid", "a whole number")
    if value is None or isinstance(value, np.random.Generator | np.random.RandomState):
        return value
    return _whole(value, 0, "the seed", "a whole number or a generator of numpy", "use seed = 0, for instance")


def _grid(recipes: Mapping[str, _Recipe], what: str, type: Any, **given: Any) -> np.ndarray:
    if not isinstance(type, str):
        raise ArgumentTypeError(f"the type of a grid is a string, not {type!r}", hint=f"use one of {list(recipes)}")
    if type not in recipes:
        raise ArgumentError(f"there is no grid of type {type!r} of {what}", hint=f"use one of {list(recipes)}")
    takes, build = recipes[type]
    for name, value in given.items():
        if value is not None and name not in takes:
            hint = f"it takes {' and '.join(takes)}" if takes else f"it has {len(build())} elements; leave {name} out"
            raise ArgumentError(f"a grid of type {type!r} of {what} takes no {name}", hint=hint)
    return build(**{name: _argument(type, name, given[name]) for name in takes})


def rotation_grid(type: str, N: int | None = None, seed: Seed = None) -> np.ndarray:
    """Rotations of space, spread evenly or at random.

    ================  ==========  =================================================================================
    type              number      what
    ================  ==========  =================================================================================
    "rand"            N           independent and uniform
    "thomson"         N           nearly uniform: the quaternions and their negatives repel each other; holds the
                                  identity
    "thomson_cube"    24 N        the same with the symmetry of the cube: g x is in the set for every rotation g of
                                  the cube and every x in the set
    "ico"             60          the rotations of the icosahedron, the identity first
    "cube"            24          the rotations of the cube with its faces across x, y, z, the identity first
    "tetra"           12          those of the tetrahedron in that cube, the identity first
    "hopf"            about N     HEALPix points and angles through the Hopf fibration; 12 at least
    "fibonacci"       about N     Fibonacci's spiral and angles through the Hopf fibration
    ================  ==========  =================================================================================

    Args:
        type: one of those above.
        N: the number as above; not for "ico", "cube", "tetra".
        seed: for "rand" only: a whole number, or a generator of numpy, which is advanced. Without it the set is another one
            each time; numpy's global state is neither read nor changed.

    Returns:
        unit quaternions, shape ``(number, 4)``, in the order x, y, z, w of `scipy.spatial.transform.Rotation`. Sets that are
        kept in memory are read-only.

    Raises:
        ArgumentError: for an unknown type, or a number that is missing, not needed or below 1.
        ArgumentTypeError: for a number that is not whole, or an invalid seed.

    Source:
        see `thomson_points` and `hopf`.

    Example:
        >>> rotation_grid("thomson", 96).shape
        (96, 4)
        >>> rotation_grid("cube")[0].tolist()
        [0.0, 0.0, 0.0, 1.0]
    """
    return _grid(_ROTATIONS, "rotations", type, N=N, seed=seed)


def sphere_grid(type: str, N: int | None = None, M: int | None = None, seed: Seed = None) -> np.ndarray:
    """Points of the unit sphere, spread evenly or at random.

    ================  ===============  ============================================================================
    type              number           what
    ================  ===============  ============================================================================
    "rand"            N                independent and uniform
    "thomson"         N                nearly uniform: the points repel each other; holds (0, 0, 1)
    "thomson_cube"    24 N             the same with the rotations of the cube for exact symmetries
    "ico"             30               where the rotations of the icosahedron bring (0, 0, 1): centres of its edges
    "cube"            6                where those of the cube bring it: centres of its faces
    "tetra"           6                where those of the tetrahedron bring it: centres of its edges
    "healpix"         12 N^2           centres of the HEALPix pixels of side N
    "fibonacci"       N                Fibonacci's spiral around the z-axis
    "longlat"         2 + N (M - 2)    N longitudes by M latitudes, of which the first and the last are the poles
    ================  ===============  ============================================================================

    Args:
        type: one of those above.
        N: the number as above; not for "ico", "cube", "tetra".
        M: for "longlat" only: the number of latitudes, 2 or more.
        seed: for "rand" only, as in `rotation_grid`.

    Returns:
        unit vectors, shape ``(number, 3)``. Sets that are kept in memory are read-only.

    Raises:
        ArgumentError: for an unknown type, or a number that is missing, not needed or too small.
        ArgumentTypeError: for a number that is not whole, or an invalid seed.

    Source:
        see `thomson_points`, `healpix` and `fibonacci`.

    Example:
        >>> sphere_grid("ico").shape
        (30, 3)
        >>> sphere_grid("longlat", N=8, M=5).shape
        (26, 3)
    """
    return _grid(_POINTS, "the sphere", type, N=N, M=M, seed=seed)
