"""What the continuous groups of space share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from intertwine.group.catalogue.embedding import Embedding, Placed, RotationEmbedding
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.grids import sphere_grid
from intertwine.group.matrices.harmonics import harmonic_action, harmonic_lie
from intertwine.group.matrices.rotation_quadrature import pole_to
from intertwine.group.matrices.rotations import ROTATION_PARAMETRIZATIONS, rotation_of_quaternion
from intertwine.memory import remembered

_TURNS = np.array(
    [
        [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ]
)
"""The derivatives of the rotations about x, y and z."""


_LARGEST_KEPT = 8
"""Matrices of orders up to this are kept: 2,048 of them are 5 MB."""


class SpatialGroup(ContinuousGroup):
    """What SO(3) and O(3) share: how elements are written, grids, the standard representation."""

    PARAM: str = "Q"
    PARAMETRIZATIONS: tuple[str, ...] = ROTATION_PARAMETRIZATIONS
    lie_dimension: int = 3

    _pole_stabiliser: tuple[Any, ...]
    """The label of the subgroup of all elements that leave the z-axis in place, point by point."""

    def _key(self) -> tuple[()]:
        return ()

    def _subgroup_maps(self, placed: Placed) -> tuple[Group, ElementMap, ElementMap]:
        def inclusion(element: GroupElement) -> GroupElement | None:
            return self._from_matrix(placed.matrix(element))

        def restriction(element: GroupElement) -> GroupElement | None:
            return placed.find(self._matrix_of(element._value))

        return placed.embedding.group, inclusion, restriction

    @abstractmethod
    def _from_matrix(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with an orthogonal matrix, ``None`` if no element has that matrix."""

    @abstractmethod
    def _matrix_of(self, value: Any) -> np.ndarray:
        """The orthogonal matrix of a canonical value."""

    @property
    def _embedding(self) -> Embedding:
        return RotationEmbedding(self, self._matrix_of, self._from_matrix)

    def rotation_of(self, element: GroupElement) -> np.ndarray:
        """The unit quaternion of an element, without the inversion.

        Args:
            element: an element of the group.
        """
        value = self.element(element)._value
        return value[1] if isinstance(value, tuple) else value

    @abstractmethod
    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        """The element that is a rotation."""

    @abstractmethod
    def standard_representation(self) -> Representation:
        """The orthogonal matrices of the group: an irrep of frequency 1."""

    def sphere_grid(
        self, type: str, N: int | None = None, M: int | None = None, seed: Any = None, adj: GroupElement | None = None
    ) -> list[GroupElement]:
        """Points of the sphere, each as a rotation that carries the z-axis there.

        Args:
            type: see :func:`intertwine.group.matrices.grids.sphere_grid`.
            N: how many (or about how many), where the type has a choice; longitudes for ``"longlat"``.
            M: latitudes for ``"longlat"``.
            seed: of random ones.
            adj: an element a: the points become a^-1 p.
        """
        points = sphere_grid(type, N, M, seed)
        if adj is not None:
            points = points @ self._matrix_of(self.element(adj)._value)
        return [self._rotation(pole_to(point)) for point in points]

    def bl_sphere_representation(self, L: int) -> Representation:
        """The functions on the sphere of frequency up to L.

        Args:
            L: the greatest frequency.
        """
        return self.bl_quotient_representation(L, self._pole_stabiliser)


class _WignerMatrix:
    """D_l of a rotation, times the sign of the inversion to the power j, for quaternions or pairs of inversion and quaternion."""

    def __init__(self, order: int, parity: int) -> None:
        self._order, self._parity = order, parity

    def __call__(self, value: Any) -> np.ndarray:
        inverted, quaternion = value if isinstance(value, tuple) else (0, value)
        matrix = _wigner_matrix(quaternion.tobytes(), self._order)
        return -matrix if inverted and self._parity else matrix


def _wigner_matrix(numbers: bytes, order: int) -> np.ndarray:
    """D_l of a rotation; the last small ones are kept, because many representations are asked for the same elements."""
    return (_kept_matrix if order <= _LARGEST_KEPT else _kept_matrix.__wrapped__)(numbers, order)


@remembered
def _kept_matrix(numbers: bytes, order: int) -> np.ndarray:
    matrix = harmonic_action(rotation_of_quaternion(np.frombuffer(numbers)), order)
    matrix.flags.writeable = False
    return matrix


def wigner_irrep(
    group: SpatialGroup, id: tuple[int, ...], name: str, parity: int, **attributes: Any
) -> IrreducibleRepresentation:
    """The irrep of SO(3) or O(3) on the harmonics of one order, times the sign of the inversion to some power.

    Args:
        group: the group.
        id: the label of the irrep; its last number is the order of the harmonics.
        name: the name that it prints.
        parity: the power of the sign of the inversion.
        **attributes: what the irrep remembers besides its frequency.
    """
    l = id[-1]
    lie = harmonic_lie(_TURNS, l)
    matrix = _WignerMatrix(l, parity)
    return IrreducibleRepresentation(group, id, name, matrix, 2 * l + 1, "R", _lie=lie, frequency=l, **attributes)
