"""Groups of pairs (flip, rotation): D_N, O(2) and O(3) over C_N, SO(2) and SO(3)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from intertwine.checks import whole
from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import Group


class RotationGroup(Group):
    """A group of rotations: C_N, SO(2) or SO(3), also as the rotations inside of D_N, O(2) or O(3)."""

    @abstractmethod
    def _parse(self, value: Any, param: str, name: str) -> Any:
        """The canonical value of a rotation in an element of the group called ``name``."""

    def _to_canonical(self, value: Any, param: str) -> Any:
        self._check_param(param)
        return self._parse(value, param, self.name)


class FlippedGroup(Group):
    """A group of rotations together with one flip: a mirror of the plane, or the inversion of space.

    A canonical value is a pair ``(flip, rotation)``: the flip if ``flip`` is 1, followed by the rotation, whose value is
    canonical in the group of the rotations. A mirror inverts the rotations, the inversion commutes with them.
    """

    FLIP: ClassVar[str] = "flip"
    """What messages call the flip."""

    FLIP_INVERTS: ClassVar[bool] = True
    """Whether flip, rotation, flip is the inverse rotation."""

    @property
    @abstractmethod
    def _rotations(self) -> Any:
        """The group of the rotations."""

    @abstractmethod
    def _split_matrix(self, matrix: Any) -> tuple[int, Any]:
        """Flip and rotation of an orthogonal matrix."""

    def _combine(self, a: tuple[int, Any], b: tuple[int, Any]) -> tuple[int, Any]:
        second = -b[1] if a[0] and self.FLIP_INVERTS else b[1]
        return (a[0] ^ b[0], self._rotations._combine(a[1], second))

    def _inverse(self, a: tuple[int, Any]) -> tuple[int, Any]:
        return a if a[0] and self.FLIP_INVERTS else (a[0], self._rotations._inverse(a[1]))

    def _equal(self, a: tuple[int, Any], b: tuple[int, Any]) -> bool:
        return a[0] == b[0] and self._rotations._equal(a[1], b[1])

    def _hash_value(self, value: tuple[int, Any]) -> int:
        return hash((value[0], self._rotations._hash_value(value[1])))

    def _to_canonical(self, value: Any, param: str) -> tuple[int, Any]:
        self._check_param(param)
        is_pair = isinstance(value, (tuple, list)) and len(value) == 2
        if param == "MAT" and not is_pair and not isinstance(value, tuple):
            return self._split_matrix(value)
        if not is_pair:
            raise ArgumentTypeError(f"an element of {self.name} is a pair ({self.FLIP}, rotation), not {value!r}")
        flip = whole(value[0], f"the {self.FLIP} of an element of {self.name}")
        if flip not in (0, 1):
            raise GroupError(f"the {self.FLIP} of an element of {self.name} is 0 or 1, not {flip}")
        if param != "MAT":
            return (flip, self._rotations._parse(value[1], param, self.name))
        reflects, rotation = self._split_matrix(value[1])
        if reflects:
            raise GroupError("the second of the pair must be a rotation matrix", hint="give the matrix alone")
        return (flip, rotation)

    def _from_canonical(self, value: tuple[int, Any], param: str) -> Any:
        return (value[0], self._rotations._from_canonical(value[1], param))

    def _repr_value(self, value: tuple[int, Any]) -> str:
        return f"({'-' if value[0] else '+'}, {self._rotations._repr_value(value[1])})"

    def _pair(self, flip: int, rotation: GroupElement) -> GroupElement:
        """The flip (if ``flip`` is 1), followed by a rotation."""
        return GroupElement._from_canonical_value((flip, rotation._value), self)

    @property
    def component_generators(self) -> list[GroupElement]:
        """Generators of the rotations, and the flip."""
        rotations = self._rotations
        return [*(self._pair(0, g) for g in rotations.component_generators), self._pair(1, rotations.identity)]


class FlippedContinuousGroup(FlippedGroup, ContinuousGroup):
    """O(2) and O(3): grids, quadratures and samples of the rotations, extended to both components."""

    def _doubled(self, rotations: Iterable[GroupElement]) -> list[GroupElement]:
        """Rotations, then the same rotations after the flip."""
        listed = list(rotations)
        return [self._pair(flip, g) for flip in (0, 1) for g in listed]

    def _doubled_rule(self, rule: tuple[list[GroupElement], np.ndarray]) -> tuple[list[GroupElement], np.ndarray]:
        elements, weights = rule
        return self._doubled(elements), np.concatenate([weights, weights]) / 2

    @property
    def identity(self) -> GroupElement:
        """The rotation by 0."""
        return self._pair(0, self._rotations.identity)

    def sample(self, generator: np.random.Generator | None = None) -> GroupElement:
        """A random element.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
        """
        generator = np.random.default_rng(generator)
        flip = int(generator.integers(2))
        return self._pair(flip, self._rotations.sample(generator))

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """The quadrature of the rotations, and the same after the flip."""
        return self._doubled_rule(self._rotations.quadrature(degree))

    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """The element exp(angle X) for a basis vector X of the Lie algebra of the rotations."""
        return self._pair(0, self._rotations.one_parameter(axis, angle))
