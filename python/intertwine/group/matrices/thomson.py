"""Thomson's problem: points as far from each other as equal charges would settle.

One solver serves four kinds of sets, each the orbit of a few points under a finite group A of orthogonal matrices:

========================  ==========================================  ===============
kind                      the group A                                 points in it
========================  ==========================================  ===============
``sphere``                1                                           n
``sphere_cube``           the rotations of the cube                   24 n
``rotations``             1 and -1 on quaternions                     n
``rotations_cube``        products by the cube's 48 unit quaternions  24 n
========================  ==========================================  ===============

On quaternions q and -q are one rotation, so a set of n rotations is one of 2 n charges on the 3-sphere in R^4. The sets
of moderate size are slow to find and ship with the package, as ``tools/thomson_tables.py`` found them.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from intertwine.group.matrices.polyhedral import canonical_sign, left_product, polyhedral_rotations
from intertwine.group.matrices.rotations import rotation_of_quaternion
from intertwine.memory import remembered

TABLE = "thomson.npz"
"""The file of the sets that ship with the package, beside this module."""

SHIPPED = {"sphere": 128, "sphere_cube": 16, "rotations": 128, "rotations_cube": 16}
"""For each kind the greatest n that ships."""

_STARTS = 8
"""Starts for a set that does not ship: the lowest local minima differ by less than 1e-4 of their energy."""


def coulomb_energy(points: np.ndarray) -> float:
    """The energy of unit charges: the sum of 1 / |p - q| over all pairs.

    Args:
        points: shape ``(n, d)``.

    Example:
        >>> coulomb_energy(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]]))
        0.5
    """
    first, second = np.triu_indices(len(points), k=1)
    return float((1 / np.linalg.norm(points[first] - points[second], axis=1)).sum())


@remembered
def symmetry(kind: str) -> np.ndarray:
    """The matrices of the group whose orbits a kind of sets consists of, the identity first.

    Args:
        kind: a key of `SHIPPED`.

    Returns:
        shape ``(order, d, d)``; read-only.
    """
    if kind == "sphere":
        group = np.eye(3)[None]
    elif kind == "sphere_cube":
        group = np.rint(rotation_of_quaternion(polyhedral_rotations("cube"))) + 0.0
    else:
        half = np.eye(4)[None] if kind == "rotations" else left_product(polyhedral_rotations("cube"))
        group = np.concatenate([half, -half])
    group.flags.writeable = False
    return group


def _energy(flat: np.ndarray, group: np.ndarray) -> tuple[float, np.ndarray]:
    """Energy of the orbit of points v / |v|, and its derivative by v."""
    order, d, _ = group.shape
    v = flat.reshape(-1, d)
    length = np.linalg.norm(v, axis=1, keepdims=True)
    x = v / length
    images = (x @ group.swapaxes(1, 2)).reshape(-1, d)
    square = np.maximum(2 - 2 * (x @ images.T), 1e-14)
    np.fill_diagonal(square, np.inf)  # the identity is first: no point repels itself
    inverse = 1 / np.sqrt(square)
    slope = order * (inverse / square) @ images
    slope -= (slope * x).sum(axis=1, keepdims=True) * x
    return order / 2 * float(inverse.sum()), (slope / length).ravel()


def minimise(kind: str, n: int, starts: int) -> np.ndarray:
    """The best of several local minima of the Coulomb energy, each found from random points.

    Starting points depend on kind, n and the number of the start alone, so equal arguments give equal sets.

    Args:
        kind: a key of `SHIPPED`.
        n: the number of points of which the set is the orbit.
        starts: how many random starts.

    Returns:
        unit vectors, shape ``(n, d)``. The first is the pole (``sphere``) or the identity (``rotations``, ``rotations_cube``).

    Source:
        Liu and Nocedal, "On the limited memory BFGS method for large scale optimization", 1989, for the method.
    """
    from scipy.optimize import minimize  # slow to import, and not needed for what ships

    group = symmetry(kind)
    d = group.shape[1]
    options = {"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 20}
    found = []
    for start in range(starts):
        rng = np.random.default_rng([list(SHIPPED).index(kind), n, start])
        first = rng.standard_normal(n * d)
        found.append(minimize(_energy, first, (group,), "L-BFGS-B", jac=True, options=options))
    lowest = min(result.fun for result in found)
    best = next(result for result in found if result.fun <= lowest * (1 + 1e-12))  # of equals the first
    points = best.x.reshape(n, d)
    return _posed(kind, points / np.linalg.norm(points, axis=1, keepdims=True))


def _posed(kind: str, points: np.ndarray) -> np.ndarray:
    """The same set, moved as a whole so that it holds the pole or the identity; the energy stays."""
    if kind == "sphere":
        pole = np.array([0.0, 0.0, 1.0])
        mirror = points[0] - pole
        if mirror @ mirror > 0:
            points = points - 2 * np.outer(points @ mirror, mirror) / (mirror @ mirror)
        points[0] = pole
    elif kind.startswith("rotations"):
        # A product from the right commutes with the symmetries, which are products from the left.
        inverse = points[0] * [-1, -1, -1, 1]
        points = left_product(points) @ inverse
        points[0] = [0, 0, 0, 1]
        points = canonical_sign(points)
    return points


@remembered
def _table(kind: str) -> np.ndarray:
    """All shipped sets of one kind below each other: n = 1, then n = 2, ..."""
    with files("intertwine.group.matrices").joinpath(TABLE).open("rb") as file, np.load(file) as tables:
        return tables[kind]


@remembered
def thomson_points(kind: str, n: int) -> np.ndarray:
    """A nearly uniform set: from the package if it ships, otherwise found once and kept in memory.

    Args:
        kind: a key of `SHIPPED`.
        n: the number of points of which the set is the orbit.

    Returns:
        unit vectors, shape ``(n, 3)`` or ``(24 n, 3)``, or unit quaternions (order x, y, z, w), shape ``(n, 4)`` or
        ``(24 n, 4)``; read-only. The symmetry of the cube is exact.

    Source:
        Thomson, "On the structure of the atom", 1904.

    Example:
        >>> tetrahedron = thomson_points("sphere", 4)
        >>> round(coulomb_energy(tetrahedron), 6)
        3.674235
    """
    if n <= SHIPPED[kind]:
        first = n * (n - 1) // 2
        points = _table(kind)[first : first + n].astype(np.float64)
    else:
        points = minimise(kind, n, _STARTS)
    # The tables are of single precision, and moving a set costs its last digit.
    points = points / np.linalg.norm(points, axis=1, keepdims=True)
    if kind.endswith("cube"):
        group = symmetry(kind)[:24]  # of the 48 matrices on quaternions the other half only changes signs
        points = (points @ group.swapaxes(1, 2)).reshape(-1, points.shape[1])
    points.flags.writeable = False
    return points
