"""Compact Lie groups: what follows from their Lie algebra and one element of each component."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.checks import is_whole, whole
from intertwine.errors import ArgumentError, GroupError
from intertwine.group.core.group import Group
from intertwine.group.matrices.harmonics import circle_derivative
from intertwine.group.matrices.labels import Label, band_limit

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement
    from intertwine.group.core.irrep import IrreducibleRepresentation
    from intertwine.group.core.representation import Representation


class ContinuousGroup(Group):
    """A compact Lie group: ``generators`` reach every connected component, the Lie algebra generates that of the identity.

    Its irreps are listed up to ``maximum_frequency``, which is no part of its identity; any other is built when asked for. The
    Lie algebra has a basis whose one-parameter subgroups close after 2 pi.
    """

    lie_dimension: int = 1
    """The dimension of the group."""

    def __init__(self, name: str, abelian: bool, maximum_frequency: int) -> None:
        super().__init__(name, continuous=True, abelian=abelian)
        self._maximum_frequency = whole(maximum_frequency, "maximum_frequency")
        if self._maximum_frequency < 0:
            raise ArgumentError(f"maximum_frequency is at least 0, not {maximum_frequency}")

    @property
    def maximum_frequency(self) -> int:
        """The greatest frequency that ``irreps()`` lists."""
        return self._maximum_frequency

    @property
    def generators(self) -> list[GroupElement]:
        """None: finitely many elements do not generate a continuous group.

        Raises:
            GroupError: always.
        """
        raise GroupError(
            f"finitely many elements do not generate the continuous group {self.name}",
            hint="component_generators generate it together with the Lie algebra",
        )

    def frequency(self, id: Label) -> int:
        """The frequency of an irrep, by its label.

        Args:
            id: the label, whose last number is the frequency unless the group says otherwise.
        """
        return id[-1]

    def _checked_frequency(self, frequency: Any, greatest: int) -> int:
        """A frequency of an irrep as a whole number from 0 to the greatest one."""
        if not is_whole(frequency) or not 0 <= frequency <= greatest:
            raise GroupError(
                f"{self.name} has no irrep of frequency {frequency!r}",
                hint=f"frequencies are whole numbers from 0 to {greatest}",
            )
        return int(frequency)

    @abstractmethod
    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps up to a frequency, the trivial one first."""

    @abstractmethod
    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Elements and weights by which the mean over the group of a function is found.

        Args:
            degree: the mean is exact for matrix coefficients of irreps of frequency up to this one.

        Returns:
            the elements, and weights that add up to 1.
        """

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Elements and weights by which the mean of a function is found that is equal on conjugate elements.

        Weyl's integration formula needs fewer elements than ``quadrature``; characters are such functions.

        Args:
            degree: the mean is exact for characters of irreps of frequency up to this one.

        Returns:
            the elements, and weights that add up to 1.
        """
        return self.quadrature(degree)

    @abstractmethod
    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """The element exp(angle X) for a basis vector X of the Lie algebra.

        Args:
            axis: the number of X.
            angle: in radians; the element is the identity again at 2 pi.
        """

    def derivatives(self, matrix: Callable[[GroupElement], np.ndarray], degree: int) -> np.ndarray:
        """The derivatives at the identity of a representation along the basis of the Lie algebra.

        Args:
            matrix: the matrix of an element, of shape ``(n, n)``.
            degree: the greatest frequency of its entries along a one-parameter subgroup.

        Returns:
            shape ``(lie_dimension, n, n)``.
        """
        size = len(matrix(self.identity))
        found = np.zeros((self.lie_dimension, size, size))
        angles, numbers = circle_derivative(degree)
        for axis in range(self.lie_dimension):
            for angle, number in zip(angles, numbers, strict=True):
                found[axis] += number * matrix(self.one_parameter(axis, float(angle)))
        return found

    def harmonic_irrep(self, action: Representation, order: int) -> IrreducibleRepresentation | None:
        """The irrep that is the action on the harmonics of one order, matrix by matrix, if there is one.

        Args:
            action: the orthogonal action on R^d.
            order: the order l of the harmonics.
        """
        return None

    def coupling(
        self, a: IrreducibleRepresentation, b: IrreducibleRepresentation, c: IrreducibleRepresentation
    ) -> np.ndarray | None:
        """The canonical basis of Hom(a (x) b, c) in closed form, where one is known; otherwise ``None``.

        Args:
            a: an irrep of size n.
            b: an irrep of size m.
            c: an irrep of size k.

        Returns:
            shape ``(dimension, k, n, m)``, as ``intertwiners`` gives it.
        """
        return None

    def irreps(self) -> list[IrreducibleRepresentation]:
        """The irreps up to ``maximum_frequency``, the trivial one first."""
        return self.irreps_up_to(self._maximum_frequency)

    def bl_irreps(self, L: int) -> list[Label]:
        """Labels of the irreps of frequency up to L.

        Args:
            L: the greatest frequency.
        """
        return [irrep.id for irrep in self.irreps_up_to(band_limit(L))]
