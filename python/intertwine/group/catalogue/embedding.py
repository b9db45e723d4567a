"""Subgroups of O(3): abstract groups in a standard position in space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from intertwine.errors import GroupError
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.matrices.element_matrices import snapped

if TYPE_CHECKING:
    from intertwine.group.catalogue.products import DirectProductGroup
    from intertwine.group.core.element import GroupElement

_SAME_MATRIX = 1e-6


def index_of_matrix(matrices: np.ndarray, matrix: np.ndarray) -> int | None:
    """The number of the matrix in a list that equals a given one up to rounding, ``None`` if none does.

    Args:
        matrices: shape ``(n, 3, 3)``.
        matrix: shape ``(3, 3)``.
    """
    differences = np.abs(matrices - matrix).max(axis=(1, 2))
    number = int(differences.argmin())
    return number if differences[number] < _SAME_MATRIX else None


def conjugated(matrices: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A^-1 M A.

    Args:
        matrices: shape ``(..., 3, 3)``.
        frame: A, orthogonal, shape ``(3, 3)``.
    """
    return frame.T @ matrices @ frame


def axial_matrix(element: GroupElement, flip: float) -> np.ndarray:
    """How an element of a planar group acts on space: as on the plane across the z-axis, and along it.

    Args:
        element: an element of C_N, D_N, SO(2) or O(2).
        flip: the factor of the z-axis for reflections of the plane: -1 makes them half turns of space, 1 makes them mirrors.

    Returns:
        shape ``(3, 3)``.
    """
    value = element.to("MAT")
    flipped, rotation = value if isinstance(value, tuple) else (0, value)
    matrix = np.eye(3)
    matrix[:2, :2] = rotation
    if flipped:
        matrix[:, 1] *= -1
        matrix[2, 2] = flip
    return matrix


def axial_matrices(group: FiniteGroup, axis: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The matrices of C_N or D_N as rotations about an axis, and half turns about axes across.

    Args:
        group: C_N or D_N.
        axis: the axis of the rotations.
        across: the axis of the half turn ``(1, 0)``, orthogonal to the other.

    Returns:
        shape ``(order, 3, 3)``.
    """
    z, x = axis / np.linalg.norm(axis), across / np.linalg.norm(across)
    frame = np.stack([x, np.cross(z, x), z], axis=1)
    return snapped(frame @ np.stack([axial_matrix(g, -1.0) for g in group.elements]) @ frame.T)


class Embedding(ABC):
    """A group as orthogonal matrices of space.

    Args:
        group: the group.
    """

    def __init__(self, group: Group) -> None:
        self.group = group

    @abstractmethod
    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element, shape ``(3, 3)``."""

    @abstractmethod
    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix, ``None`` if no element has that matrix."""


class TableEmbedding(Embedding):
    """A finite group by the matrices of all its elements.

    Args:
        group: the group.
        matrices: shape ``(order, 3, 3)``.
    """

    def __init__(self, group: FiniteGroup, matrices: np.ndarray) -> None:
        super().__init__(group)
        self._matrices = matrices

    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element."""
        return self._matrices[cast("FiniteGroup", self.group).index(element)]

    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix."""
        number = index_of_matrix(self._matrices, matrix)
        return None if number is None else cast("FiniteGroup", self.group)._elements[number]


class AxialEmbedding(Embedding):
    """C_N, D_N, SO(2) or O(2) about the z-axis.

    Args:
        group: the group.
        flip: what reflections of the plane do to the z-axis: -1 or 1.
    """

    def __init__(self, group: Group, flip: float = -1.0) -> None:
        super().__init__(group)
        self._flip = flip

    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element."""
        return axial_matrix(element, self._flip)

    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix."""
        planar, along = matrix[:2, :2], matrix[2, 2]
        flipped = np.linalg.det(planar) < 0
        goal = self._flip if flipped else 1.0
        outside = max(np.abs(matrix[2, :2]).max(), np.abs(matrix[:2, 2]).max(), abs(along - goal))
        if outside > _SAME_MATRIX:
            return None
        try:
            return self.group.element(planar, "MAT")
        except GroupError:
            return None


class RotationEmbedding(Embedding):
    """SO(3), or O(3), as it is.

    Args:
        group: the group.
        to_matrix: the matrix of a canonical value.
        from_matrix: the element with an orthogonal matrix, ``None`` if no element has that matrix.
    """

    def __init__(
        self,
        group: Group,
        to_matrix: Callable[[Any], np.ndarray],
        from_matrix: Callable[[np.ndarray], GroupElement | None],
    ) -> None:
        super().__init__(group)
        self._to_matrix, self._from_matrix = to_matrix, from_matrix

    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element."""
        return self._to_matrix(element._value)

    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix."""
        return self._from_matrix(matrix)


class InversionEmbedding(Embedding):
    """C_2 x K, where the first part is the inversion and K consists of rotations.

    Args:
        group: the product.
        inner: K.
    """

    def __init__(self, group: DirectProductGroup, inner: Embedding) -> None:
        super().__init__(group)
        self._inner = inner

    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element."""
        inverted, rotation = cast("DirectProductGroup", self.group).split_element(element)
        return (-1.0) ** inverted.value * self._inner.matrix(rotation)

    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix."""
        product = cast("DirectProductGroup", self.group)
        inverted = int(np.linalg.det(matrix) < 0)
        rotation = self._inner.find(-matrix if inverted else matrix)
        return None if rotation is None else product.pair_elements(product.G1.element(inverted), rotation)


@dataclass(frozen=True, eq=False)
class Placed:
    """An embedding moved by a rotation A: the matrices A^-1 M A.

    Attributes:
        embedding: the embedding.
        frame: A, shape ``(3, 3)``.
    """

    embedding: Embedding
    frame: np.ndarray

    def matrix(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element."""
        return snapped(conjugated(self.embedding.matrix(element), self.frame))

    def find(self, matrix: np.ndarray) -> GroupElement | None:
        """The element with a matrix, ``None`` if no element has that matrix."""
        return self.embedding.find(conjugated(matrix, self.frame.T))
