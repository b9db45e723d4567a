"""The continuous groups of the plane: rotations SO(2), and rotations with reflections O(2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from intertwine.checks import number, whole
from intertwine.errors import ArgumentError, GroupError
from intertwine.group.catalogue.cyclic_dihedral import (
    cyclic_group,
    rotations_and_reflections,
    split_plane_matrix,
    split_subgroup_label,
)
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement, listable
from intertwine.group.core.flipped import FlippedContinuousGroup, RotationGroup
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.memory import interned
from intertwine.suggestions import suggests

_FULL = 2 * np.pi
_SAME_ANGLE = 1e-9
_LARGEST_FREQUENCY = 512


def _normalised(angle: float) -> float:
    turned = float(angle) % _FULL
    return 0.0 if _FULL - turned < _SAME_ANGLE else turned


def _same_angle(a: float, b: float) -> bool:
    difference = abs(a - b) % _FULL
    return min(difference, _FULL - difference) < _SAME_ANGLE


class _IrrepMatrix:
    """R(k angle) diag(1, -1)^flip for a value that is an angle or ``(flip, angle)``; +1 or -1 for k = 0."""

    def __init__(self, frequency: int, flip_frequency: int = 1) -> None:
        self._frequency, self._flip_frequency = frequency, flip_frequency

    def __call__(self, value: Any) -> np.ndarray:
        flip, angle = value if isinstance(value, tuple) else (0, value)
        sign = -1.0 if flip and self._flip_frequency else 1.0
        if self._frequency == 0:
            return np.array([[sign]])
        c, s = np.cos(self._frequency * angle), np.sin(self._frequency * angle)
        return np.array([[c, -s * sign], [s, c * sign]])


def _planar_irrep(
    group: SO2 | O2, id: tuple[int, ...], name: str, matrix: _IrrepMatrix, type: str, **attributes: Any
) -> IrreducibleRepresentation:
    k = id[-1]
    lie = np.array([[[0.0, -k], [k, 0.0]]]) if k else np.zeros((1, 1, 1))
    size = 2 if k else 1
    return IrreducibleRepresentation(group, id, name, matrix, size, type, _lie=lie, frequency=k, **attributes)


class SO2(RotationGroup, ContinuousGroup):
    """The group of all rotations of the plane.

    Elements are angles (``param="radians"``) or 2 x 2 rotation matrices (``"MAT"``). The irrep of frequency 0 has size 1,
    those of frequency k > 0 have size 2 and type C. The subgroup with label M is C_M; -1 is the group itself.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> SO2(2).irreps()
        [SO(2)|[irrep_0]:1, SO(2)|[irrep_1]:2, SO(2)|[irrep_2]:2]
    """

    PARAM: str = "radians"
    IRREP_PARAMETERS: tuple[str, ...] = ("k",)
    PARAMETRIZATIONS: tuple[str, ...] = ("radians", "MAT")

    _trivial_and_whole_id = (1, -1)

    def __init__(self, maximum_frequency: int = 6) -> None:
        super().__init__("SO(2)", abelian=True, maximum_frequency=maximum_frequency)

    def _key(self) -> tuple[()]:
        return ()

    def __reduce__(self) -> tuple[Any, ...]:
        return (so2_group, (self._maximum_frequency,))

    def _combine(self, a: float, b: float) -> float:
        return _normalised(a + b)

    def _inverse(self, a: float) -> float:
        return _normalised(-a)

    def _equal(self, a: float, b: float) -> bool:
        return _same_angle(a, b)

    def _hash_value(self, value: float) -> int:
        # Equal elements differ by rounding, so that no function of the angle can tell them apart by a hash.
        return 0

    def _parse(self, value: Any, param: str, name: str) -> float:
        if param == "radians":
            return _normalised(_finite(value))
        flip, angle = split_plane_matrix(value, name)
        if flip:
            raise GroupError(f"{name} has no reflections", hint="use O(2)")
        return _normalised(angle)

    def _from_canonical(self, value: float, param: str) -> Any:
        return _IrrepMatrix(1)(value) if param == "MAT" else value

    def _repr_value(self, value: float) -> str:
        return repr(float(value))

    @property
    def identity(self) -> GroupElement:
        """The rotation by 0."""
        return self.element(0.0)

    @property
    def component_generators(self) -> list[GroupElement]:
        """None: the group is connected, so its Lie algebra generates it."""
        return []

    def sample(self, generator: np.random.Generator | None = None) -> GroupElement:
        """A random rotation."""
        return self.element(float(np.random.default_rng(generator).uniform(0, _FULL)))

    def testing_elements(self, n: int = 52) -> Iterable[GroupElement]:
        """Rotations by multiples of 2 pi / n.

        Args:
            n: their number.
        """
        return iter([self.element(_FULL * i / n) for i in range(n)])

    def grid(self, N: int, type: str = "regular", seed: int | None = None) -> list[GroupElement]:
        """Rotations to sample functions on the group.

        Args:
            N: their number.
            type: ``"regular"`` for multiples of 2 pi / N, ``"rand"`` for random ones.
            seed: of the random ones.
        """
        count = listable(N)
        if count < 1:
            raise ArgumentError(f"a grid needs at least one element, not N = {N}")
        if type == "regular":
            return list(self.testing_elements(count))
        if type == "rand":
            return [self.element(angle) for angle in np.random.default_rng(seed).uniform(0, _FULL, count).tolist()]
        raise ArgumentError(f"there is no grid of type {type!r}", hint="use 'regular' or 'rand'")

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Multiples of 2 pi / (degree + 1): their mean kills every frequency from 1 to degree."""
        count = degree + 1
        return self.grid(count), np.full(count, 1 / count)

    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """The rotation by an angle."""
        return self.element(angle)

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        if len(id) != 1:
            raise GroupError(f"an irrep of SO(2) has one number as its label, not {id}")
        return _so2_irrep(self._checked_frequency(id[0], _LARGEST_FREQUENCY))

    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps up to a frequency."""
        return [self.irrep(k) for k in range(frequency + 1)]

    def standard_representation(self) -> Representation:
        """The rotation matrices: the irrep of frequency 1."""
        return self.irrep(1)

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """C_M for a whole number M, or SO(2) itself for -1, with the maps of elements.

        Args:
            id: M.
        """
        M = whole(id[0] if isinstance(id, tuple) and len(id) == 1 else id, "the label of a subgroup of SO(2)")
        if M == -1:
            return self, lambda g: g, lambda g: g
        if M < 1:
            raise GroupError(f"SO(2) has no subgroup {M}", hint="use a number of rotations M, or -1 for all")
        group = cyclic_group(M)
        return group, lambda h: self.element(h.to("radians")), lambda g: _nearest_step(group, g.value, M)


class O2(FlippedContinuousGroup):
    """The group of all rotations and reflections of the plane.

    Elements are pairs ``(flip, angle)``: a reflection in the x-axis if ``flip`` is 1, followed by a rotation. The angle may be
    given as a rotation matrix (``param="MAT"``), or the whole as one orthogonal matrix. Irreps have labels ``(0, 0)`` and
    ``(1, 0)`` of size 1, and ``(1, k)`` of size 2 for frequencies k > 0. Subgroups have labels ``(None, M)`` for M rotations
    and ``(axis, M)`` for those with the reflection ``(1, axis)``; M = -1 stands for all rotations.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> O2(1).irreps()
        [O(2)|[irrep_0,0]:1, O(2)|[irrep_1,0]:1, O(2)|[irrep_1,1]:2]
    """

    PARAM: str = "radians"
    IRREP_PARAMETERS: tuple[str, ...] = ("j", "k")
    PARAMETRIZATIONS: tuple[str, ...] = ("radians", "MAT")

    _trivial_and_whole_id = ((None, 1), (0.0, -1))

    def __init__(self, maximum_frequency: int = 6) -> None:
        super().__init__("O(2)", abelian=False, maximum_frequency=maximum_frequency)

    @property
    def _rotations(self) -> SO2:
        return so2_group(self._maximum_frequency)

    @property
    def reflection(self) -> GroupElement:
        """The reflection in the x-axis."""
        return self._pair(1, self._rotations.identity)

    def _key(self) -> tuple[()]:
        return ()

    def __reduce__(self) -> tuple[Any, ...]:
        return (o2_group, (self._maximum_frequency,))

    def _split_matrix(self, matrix: Any) -> tuple[int, float]:
        flip, angle = split_plane_matrix(matrix, self.name)
        return flip, _normalised(angle)

    def testing_elements(self, n: int = 52) -> Iterable[GroupElement]:
        """Rotations by multiples of 2 pi / n, and reflections followed by them.

        Args:
            n: the number of rotations.
        """
        return iter(self._doubled(self._rotations.testing_elements(n)))

    def grid(self, N: int, type: str = "regular", seed: int | None = None) -> list[GroupElement]:
        """Elements to sample functions on the group: N rotations, and N reflections.

        Args:
            N: the number of each.
            type: ``"regular"`` for multiples of 2 pi / N, ``"rand"`` for random ones.
            seed: of the random ones.
        """
        return self._doubled(self._rotations.grid(N, type, seed))

    def grid_so2(self, N: int, type: str = "regular", seed: int | None = None) -> list[GroupElement]:
        """The rotations of ``grid`` alone.

        Args:
            N: their number.
            type: ``"regular"`` or ``"rand"``.
            seed: of the random ones.
        """
        return [self._pair(0, g) for g in self._rotations.grid(N, type, seed)]

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Degree + 1 rotations, and one reflection: all of them are conjugate."""
        count = degree + 1
        weights = np.full(count + 1, 0.5 / count)
        weights[-1] = 0.5
        return [*self.grid_so2(count), self.element((1, 0.0))], weights

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        if len(id) != 2:
            raise GroupError(f"an irrep of O(2) has two numbers as its label, not {id}")
        k = self._checked_frequency(id[1], _LARGEST_FREQUENCY)
        if id[0] not in (0, 1) or (id[0] == 0 and k > 0):
            raise GroupError(f"O(2) has no irrep {id}", hint="its irreps are (0, 0), (1, 0), (1, 1), (1, 2), ...")
        return _o2_irrep(int(id[0]), k)

    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps up to a frequency."""
        return [self.irrep(0, 0), *(self.irrep(1, k) for k in range(frequency + 1))]

    def standard_representation(self) -> Representation:
        """The orthogonal matrices: the irrep (1, 1)."""
        return self.irrep(1, 1)

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """The subgroup of M rotations (-1: all), with reflections if an axis is given, and the maps of elements.

        Args:
            id: ``(None, M)`` or ``(axis, M)``; the axis is the angle of the reflection ``(1, axis)``.
        """
        axis, M = split_subgroup_label(id, self.name, "use (None, M) or (axis, M)")
        if M != -1 and M < 1:
            raise GroupError(
                f"O(2) has no subgroup of {M} rotations", hint="use a number of rotations M, or -1 for all"
            )
        offset = 0.0 if axis is None else _finite(axis)
        group: Group
        if M == -1:
            group = self._rotations if axis is None else self
        else:
            group = rotations_and_reflections(M, axis is not None)
        mirror = axis is not None and M == 1

        def inclusion(element: GroupElement) -> GroupElement:
            value = element.value
            if mirror:
                return self.element((value, _normalised(value * offset)))
            if axis is None:
                return self.element((0, element.to("radians")))
            flip, angle = element.to("radians")
            return self.element((flip, _normalised(angle + flip * offset)))

        def restriction(element: GroupElement) -> GroupElement | None:
            flip, angle = element.value
            angle = _normalised(angle - flip * offset)
            if axis is None:
                if flip:
                    return None
                return group.element(angle) if M == -1 else _nearest_step(group, angle, M)
            if M == -1:
                return group.element((flip, angle))
            if mirror:
                return group.element(flip) if _same_angle(angle, 0.0) else None
            return _nearest_step(group, angle, M, flip)

        return group, inclusion, restriction


def _finite(value: Any) -> float:
    angle = number(value, "an angle in radians")
    if not np.isfinite(angle):
        raise GroupError(f"an angle in radians must be finite, not {value!r}")
    return angle


def _nearest_step(group: Group, angle: float, M: int, flip: int | None = None) -> GroupElement | None:
    """The element of C_M or D_M with this angle, if there is one."""
    step = round(angle * M / _FULL)
    if not _same_angle(angle, _FULL * step / M):
        return None
    return group.element(step % M if flip is None else (flip, step % M))


@interned
def _so2_irrep(k: int) -> IrreducibleRepresentation:
    return _planar_irrep(so2_group(), (k,), f"irrep_{k}", _IrrepMatrix(k), "C" if k else "R")


@interned
def _o2_irrep(j: int, k: int) -> IrreducibleRepresentation:
    return _planar_irrep(o2_group(), (j, k), f"irrep_{j},{k}", _IrrepMatrix(k, j), "R", flip_frequency=j)


_so2 = interned(SO2)
_o2 = interned(O2)


@suggests
def so2_group(maximum_frequency: int = 3) -> SO2:
    """The group SO(2) of all rotations of the plane.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; greater ones are built when asked for. Its default
            is escnn's, and differs from that of the class.

    Example:
        >>> so2_group().irrep(12)
        SO(2)|[irrep_12]:2
    """
    return _so2(whole(maximum_frequency, "maximum_frequency"))


@suggests
def o2_group(maximum_frequency: int = 3) -> O2:
    """The group O(2) of all rotations and reflections of the plane.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; greater ones are built when asked for. Its default
            is escnn's, and differs from that of the class.

    Example:
        >>> o2_group().element((1, 1.0))
        (-, 1.0)
    """
    return _o2(whole(maximum_frequency, "maximum_frequency"))
