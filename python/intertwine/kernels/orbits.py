"""What scalar functions are made of: factors, and orbits of points, the second source of them for kernels of finite groups.

Around each point p_i of an orbit lies a small Gaussian, phi_i(x) = exp(-|x - r p_i|^2 / (2 sigma^2)) for a ring of radius r. An
element of the group carries points to points: phi(A x) = P(A) phi(x) with a permutation matrix P(A) where harmonics have D_l(A).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.harmonics import harmonic_action, harmonic_lie, harmonic_size
from intertwine.memory import remembered

_SAME_POINT = 1e-6
"""Points nearer to each other than this count as equal."""


class Factors(NamedTuple):
    """Functions at some points as products of two factors, of which there are far fewer: phi_f = first[a_f] second[b_f].

    Attributes:
        first: such as rings, shape ``(rows, points)``.
        second: such as harmonics, shape ``(rows, points)``.
        of_first: the number a_f for each function.
        of_second: the number b_f for each function.
        sizes: how many of the second factors share their mean square, for each of them.
    """

    first: np.ndarray
    second: np.ndarray
    of_first: np.ndarray
    of_second: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Factors:
        """Functions that are no products: the second factor is 1.

        Args:
            values: shape ``(functions, points)``.
        """
        count, points = values.shape
        return cls(values, np.ones((1, points)), np.arange(count), np.zeros(count, dtype=int), np.ones(1))

    def products(
        self, functions: slice | np.ndarray = slice(None), points: slice | np.ndarray = slice(None)
    ) -> np.ndarray:
        """Some of the functions at some of the points.

        Args:
            functions: which; all by default.
            points: at which; all by default.
        """
        return self.first[self.of_first[functions]][:, points] * self.second[self.of_second[functions]][:, points]

    def squares(self) -> np.ndarray:
        """The sum of the squares of each function."""
        return (self.first**2 @ (self.second**2).T)[self.of_first, self.of_second]


@dataclass(frozen=True)
class Orbit:
    """Unit vectors that a group permutes.

    Attributes:
        name: how the set is called.
        points: the unit vectors.
    """

    name: str
    points: tuple[tuple[float, ...], ...]

    @cached_property
    def _points(self) -> np.ndarray:
        return np.array(self.points)

    def evaluate(self, points: np.ndarray, radius: float, sigma: float) -> np.ndarray:
        """Gaussians around the points of the orbit on a sphere.

        Args:
            points: where, shape ``(points, d)``.
            radius: of the sphere.
            sigma: the width of the Gaussians.

        Returns:
            shape ``(points of the orbit, points)``.
        """
        squares = ((radius * self._points[:, None] - points[None]) ** 2).sum(axis=2)
        return np.exp(-0.5 * squares / sigma**2)

    def action(self, matrix: np.ndarray) -> np.ndarray:
        """The permutation P(A) with phi(A x) = P(A) phi(x).

        Args:
            matrix: an orthogonal matrix A, or several, shape ``(..., d, d)``.

        Returns:
            shape ``(..., points, points)``, of zeros and ones.

        Raises:
            ArgumentError: if A does not carry the points to themselves.
        """
        matrix = np.asarray(matrix, dtype=float)
        moved = self._points @ matrix  # the rows are A^-1 p_i
        near = ((moved[..., :, None, :] - self._points) ** 2).sum(axis=-1) < _SAME_POINT**2
        if not (near.sum(axis=-1) == 1).all():
            raise ArgumentError(
                f"the group does not carry the {len(self.points)} points {self.name!r} to themselves",
                hint="use the group whose orbit they are, or R3Conv, which needs no points",
            )
        return near.astype(float)


Angular = int | Orbit
"""What scalar functions do on a ring: the order of harmonics, or an orbit of points."""


def angular_size(dimension: int, angular: Angular) -> int:
    """The number of functions of one order, or of one orbit.

    Args:
        dimension: d of the space R^d.
        angular: the order or the orbit.
    """
    return len(angular.points) if isinstance(angular, Orbit) else harmonic_size(dimension, angular)


def angular_action(matrix: np.ndarray, angular: Angular) -> np.ndarray:
    """The matrix D(A) with phi(A x) = D(A) phi(x).

    Args:
        matrix: an orthogonal matrix A, or several, shape ``(..., d, d)``.
        angular: the order or the orbit.
    """
    return angular.action(matrix) if isinstance(angular, Orbit) else harmonic_action(matrix, angular)


def angular_lie(lie: np.ndarray, angular: Angular) -> np.ndarray:
    """The derivative of D along a Lie algebra that acts on R^d; no orbit of points has one.

    Args:
        lie: skew matrices, shape ``(k, d, d)``.
        angular: the order or the orbit.
    """
    if isinstance(angular, Orbit):
        return np.zeros((0, len(angular.points), len(angular.points)))
    return harmonic_lie(lie, angular)


@remembered
def axes_orbit(action: Representation, fold: int, name: str) -> Orbit:
    """The points at the ends of the axes of all rotations of some order.

    Args:
        action: the action of a finite group on R^3.
        fold: the order of the rotations.
        name: how to call the set.

    Raises:
        ArgumentError: if there are none.

    Example:
        >>> from intertwine.group import octa_group
        >>> len(axes_orbit(octa_group().standard_representation, 4, "octahedron").points)
        6
    """
    ends: list[np.ndarray] = []
    matrices = action.matrices if isinstance(action.group, FiniteGroup) and action.size == 3 else np.zeros((0, 3, 3))
    for matrix in matrices:
        powers = np.stack([np.linalg.matrix_power(matrix, k) for k in range(fold)])
        order = next((k for k in range(1, fold) if np.abs(powers[k] - np.eye(3)).max() < _SAME_POINT), fold)
        if order < fold or np.abs(matrix @ powers[-1] - np.eye(3)).max() > _SAME_POINT or np.linalg.det(matrix) < 0:
            continue
        # The mean of the powers of a rotation is the projector on its axis.
        projector = powers.mean(axis=0)
        axis = projector[:, int(np.diag(projector).argmax())]
        axis = axis / np.linalg.norm(axis)
        for end in (axis, -axis):
            if not any(np.abs(end - other).max() < _SAME_POINT for other in ends):
                ends.append(end)
    if not ends:
        raise ArgumentError(
            f"{action.group} has no {fold}-fold axes in space, whose ends are the points {name!r}",
            hint="use a group with such axes, for example that of icoOnR3()",
        )
    return Orbit(name, tuple(tuple(float(x) for x in np.where(np.abs(end) < 1e-12, 0.0, end)) for end in ends))
