"""The rotations of the regular solids as unit quaternions, in closed form.

A quaternion (x, y, z, w) and its negative are the same rotation; here w is positive, or else the first of x, y, z that is not
zero. The product is Hamilton's: the rotation of ``p q`` is that of q followed by that of p. Source: Conway and Smith,
"On quaternions and octonions", 2003, chapter 3.
"""

from __future__ import annotations

import itertools

import numpy as np

from intertwine.memory import remembered

GOLDEN = (1 + 5**0.5) / 2
"""The golden ratio, the length of a diagonal of a regular pentagon over its side."""

SOLIDS = {"ico": 60, "cube": 24, "tetra": 12}
"""The solids by name, with the number of their rotations."""

_IDENTITY = (0.0, 0.0, 0.0, 1.0)


def canonical_sign(quaternions: np.ndarray) -> np.ndarray:
    """Of q and -q the one whose first number among w, x, y, z that is not zero is positive.

    Args:
        quaternions: shape ``(n, 4)``, order x, y, z, w.

    Example:
        >>> canonical_sign(np.array([[0.6, 0.0, 0.0, -0.8], [0.0, -1.0, 0.0, 0.0]])).tolist()
        [[-0.6, 0.0, 0.0, 0.8], [0.0, 1.0, 0.0, 0.0]]
    """
    leading = quaternions[:, [3, 0, 1, 2]]
    first = (leading != 0).argmax(axis=1)
    sign = np.where(np.take_along_axis(leading, first[:, None], axis=1) < 0, -1.0, 1.0)
    return quaternions * sign + 0.0  # adding 0 turns -0 into 0


def left_product(quaternions: np.ndarray) -> np.ndarray:
    """The matrices L(p) with p q = L(p) q.

    Args:
        quaternions: p, shape ``(..., 4)``, order x, y, z, w.

    Returns:
        shape ``(..., 4, 4)``.
    """
    x, y, z, w = np.moveaxis(quaternions, -1, 0)
    rows = [[w, -z, y, x], [z, w, -x, y], [-y, x, w, z], [-x, -y, -z, w]]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _signed(values: tuple[float, ...], even: bool = False) -> set[tuple[float, ...]]:
    """All arrangements of the numbers, or the even ones, with all signs."""
    found = set()
    for order in itertools.permutations(range(len(values))):
        swaps = sum(a > b for a, b in itertools.combinations(order, 2))
        if even and swaps % 2:
            continue
        for signs in itertools.product((1.0, -1.0), repeat=len(values)):
            found.add(tuple(signs[k] * values[order[k]] + 0.0 for k in range(len(values))))
    return found


@remembered
def polyhedral_rotations(solid: str) -> np.ndarray:
    """The rotations that a regular solid has for symmetries.

    The cube has its faces across the axes x, y, z. The tetrahedron stands within it, its 2-fold axes are x, y, z. The
    icosahedron has its vertices at the cyclic arrangements of (golden ratio, 0, 1) and all signs; z is one of its 2-fold axes.

    Args:
        solid: "ico", "cube" or "tetra".

    Returns:
        unit quaternions, order x, y, z, w, shape ``(60 or 24 or 12, 4)``, by growing angle, the identity first; read-only.

    Example:
        >>> polyhedral_rotations("tetra")[:2].tolist()
        [[0.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5]]
    """
    units = _signed(_IDENTITY) | _signed((0.5, 0.5, 0.5, 0.5))
    if solid == "cube":
        units |= _signed((0.5**0.5, 0.5**0.5, 0.0, 0.0))
    elif solid == "ico":
        units |= _signed((GOLDEN / 2, 0.5, (GOLDEN - 1) / 2, 0.0), even=True)
    distinct = set(map(tuple, canonical_sign(np.array(sorted(units))).tolist()))
    rotations = np.array(sorted(distinct, key=lambda q: (q[3], *q[:3]), reverse=True))
    rotations.flags.writeable = False
    return rotations


@remembered
def polyhedral_orbit(solid: str) -> np.ndarray:
    """The points to which the rotations of a solid bring (0, 0, 1).

    They are the centres of the 30 edges of the icosahedron, of the 6 faces of the cube, of the 6 edges of the tetrahedron.

    Args:
        solid: "ico", "cube" or "tetra".

    Returns:
        unit vectors, shape ``(30 or 6, 3)``, by falling z, the pole first; read-only.

    Example:
        >>> polyhedral_orbit("cube").tolist()[:3]
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    points = _signed((0.0, 0.0, 1.0))
    if solid == "ico":
        points |= _signed((GOLDEN / 2, 0.5, (GOLDEN - 1) / 2), even=True)
    orbit = np.array(sorted(points, key=lambda p: (p[2], p[0], p[1]), reverse=True))
    orbit.flags.writeable = False
    return orbit
