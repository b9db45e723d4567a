"""The finite groups of the plane: rotations C_N, and rotations with reflections D_N."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from intertwine.checks import number, whole
from intertwine.errors import GroupError
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup, need_moderate_order
from intertwine.group.core.flipped import FlippedGroup, RotationGroup
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.matrices.labels import Label
from intertwine.memory import interned
from intertwine.suggestions import suggests

_ANGLE_TOLERANCE = 1e-6


def turn(step: int, order: int, flip: int = 0) -> np.ndarray:
    """The matrix R(2 pi step / order) diag(1, -1)^flip; multiples of a quarter turn have entries of exactly 0, 1 and -1.

    Args:
        step: number of steps.
        order: steps in a full turn.
        flip: 1 for a reflection in the x-axis first.

    Returns:
        shape ``(2, 2)``.
    """
    angle = 2 * np.pi * (step % order) / order
    quarter, rest = divmod(4 * (step % order), order)
    if rest == 0:
        c, s = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[quarter]
    else:
        c, s = float(np.cos(angle)), float(np.sin(angle))
    sign = -1.0 if flip else 1.0
    return np.array([[c, -s * sign], [s, c * sign]])


def _order(N: Any, group: str, elements: int = 1) -> int:
    N = whole(N, f"the order N of {group}")
    if N < 1:
        raise GroupError(f"{group} needs a whole number N of at least 1, but N = {N} was given")
    need_moderate_order(elements * N, group)
    return N


def split_subgroup_label(id: Any, name: str, hint: str) -> tuple[Any, int]:
    """The axis and the number of rotations in the label of a subgroup of D_N or O(2).

    Args:
        id: what was given.
        name: the name of the group, for the message.
        hint: the labels that there are, for the message.

    Raises:
        GroupError: if it is no pair.
        ArgumentTypeError: if the number of rotations is no whole number.
    """
    if not isinstance(id, (tuple, list)) or len(id) != 2:
        raise GroupError(f"the label of a subgroup of {name} is a pair, not {id!r}", hint=hint)
    return id[0], whole(id[1], f"the number of rotations in a subgroup of {name}")


def rotations_and_reflections(M: int, reflections: bool) -> FiniteGroup:
    """C_M, or D_M with reflections; one reflection alone makes C_2.

    Args:
        M: the number of rotations.
        reflections: whether there are as many reflections.
    """
    if not reflections:
        return cyclic_group(M)
    return cyclic_group(2) if M == 1 else dihedral_group(M)


def split_plane_matrix(matrix: Any, name: str) -> tuple[int, float]:
    """Flip and rotation angle of an orthogonal matrix R(angle) diag(1, -1)^flip.

    Args:
        matrix: what was given.
        name: the name of the group, for the message.

    Raises:
        GroupError: if it is no orthogonal 2 x 2 matrix.
    """
    try:
        array = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != (2, 2) or not np.allclose(array @ array.T, np.eye(2), atol=_ANGLE_TOLERANCE):
        raise GroupError(
            f"an element of {name} in the parametrisation 'MAT' is an orthogonal 2 x 2 matrix, not {matrix!r}"
        )
    return int(np.linalg.det(array) < 0), float(np.arctan2(array[1, 0], array[0, 0]))


class _IrrepMatrix:
    """R(2 pi k step / N) diag(1, -1)^flip for a value ``step`` or ``(flip, step)``; +1 or -1 for k = 0 and k = N / 2."""

    def __init__(self, frequency: int, order: int, flip_frequency: int = 1) -> None:
        self._frequency, self._order, self._flip_frequency = frequency, order, flip_frequency

    @property
    def size(self) -> int:
        """1 for k = 0 and k = N / 2, otherwise 2."""
        return 1 if 2 * self._frequency % self._order == 0 else 2

    def __call__(self, value: Any) -> np.ndarray:
        flip, step = value if isinstance(value, tuple) else (0, value)
        if self.size == 2:
            return turn(self._frequency * step, self._order, flip)
        negative = bool(step % 2 and self._frequency) != bool(flip and self._flip_frequency)
        return np.array([[-1.0 if negative else 1.0]])


class CyclicGroup(RotationGroup, FiniteGroup):
    """The group C_N of the rotations of the plane by multiples of 2 pi / N.

    Elements are whole numbers of steps 0 to N - 1 (``param="int"``), angles (``"radians"``) or 2 x 2 rotation matrices
    (``"MAT"``). The irreps have the frequencies k = 0 to N / 2: size 1 for k = 0 and k = N / 2, else 2 and of type C. The
    subgroup with label M is C_M, for each divisor M of N.

    Args:
        N: the number of rotations.

    Example:
        >>> group = CyclicGroup(8)
        >>> group.element(3.0 * np.pi / 4, "radians"), group.irreps()
        (3[2pi/8], [C8|[irrep_0]:1, C8|[irrep_1]:2, C8|[irrep_2]:2, C8|[irrep_3]:2, C8|[irrep_4]:1])
    """

    PARAM: str = "int"
    IRREP_PARAMETERS: tuple[str, ...] = ("k",)
    PARAMETRIZATIONS: tuple[str, ...] = ("int", "radians", "MAT")

    def __init__(self, N: int) -> None:
        self.N = _order(N, "a cyclic group")
        self._trivial_and_whole_id = (1, self.N)
        super().__init__(f"C{self.N}", continuous=False, abelian=True)

    @property
    def rotation_order(self) -> int:
        """The number N of rotations."""
        return self.N

    @property
    def vector_label(self) -> Label | None:
        """The irrep of frequency 1."""
        return (1,) if self.N > 1 else None

    def _key(self) -> int:
        return self.N

    def __reduce__(self) -> tuple[Any, ...]:
        return (cyclic_group, (self.N,))

    @cached_property
    def _values(self) -> tuple[int, ...]:
        return tuple(range(self.N))

    def _build_table(self) -> np.ndarray:
        steps = np.arange(self.N)
        return (steps[:, None] + steps[None, :]) % self.N

    def _combine(self, a: int, b: int) -> int:
        return (a + b) % self.N

    def _inverse(self, a: int) -> int:
        return -a % self.N

    def _parse(self, value: Any, param: str, name: str) -> int:
        if param == "int":
            return whole(value, f"the rotation of an element of {name}") % self.N
        flip, angle = split_plane_matrix(value, name) if param == "MAT" else (0, value)
        if flip:
            raise GroupError(f"{name} has no reflections", hint="use a dihedral group")
        steps = number(angle, f"the angle of an element of {name}") * self.N / (2 * np.pi)
        if not np.isfinite(steps) or abs(steps - round(steps)) > _ANGLE_TOLERANCE * self.N:
            raise GroupError(
                f"{name} has no rotation by {float(angle):.6g} radians",
                hint=f"its rotations are multiples of 2 pi / {self.N}",
            )
        return round(steps) % self.N

    def _from_canonical(self, value: int, param: str) -> Any:
        if param == "MAT":
            return turn(value, self.N)
        return 2 * np.pi * value / self.N if param == "radians" else value

    def _repr_value(self, value: int) -> str:
        return f"{value}[2pi/{self.N}]"

    @property
    def component_generators(self) -> list[GroupElement]:
        """One rotation by 2 pi / N."""
        return [self.element(1)] if self.N > 1 else []

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(self._build_irrep(k) for k in range(self.N // 2 + 1))

    def _build_irrep(self, k: int) -> IrreducibleRepresentation:
        matrix = _IrrepMatrix(k, self.N)
        kind = "R" if matrix.size == 1 else "C"
        return IrreducibleRepresentation(self, (k,), f"irrep_{k}", matrix, matrix.size, kind, frequency=k)

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        M = id[0] if isinstance(id, tuple) and len(id) == 1 else id
        M = whole(M, f"the label of a subgroup of {self.name}")
        if M < 1 or self.N % M:
            raise GroupError(
                f"{self.name} has no subgroup {M}",
                hint=f"the labels are the divisors of {self.N}: the numbers of rotations that are kept",
            )
        return cyclic_group(M), np.arange(M) * (self.N // M)

    def _id_of_subgroup(self, numbers: list[int]) -> int:
        return len(numbers)


class DihedralGroup(FlippedGroup, FiniteGroup):
    """The group D_N of N rotations and N reflections of the plane.

    Elements are pairs ``(flip, step)``: a reflection in the x-axis if ``flip`` is 1, followed by a rotation by
    2 pi step / N. The rotation may be given in steps (``param="int"``), as an angle (``"radians"``) or as a rotation matrix
    (``"MAT"``; there the whole 2 x 2 orthogonal matrix is accepted too). Irreps have labels ``(j, k)``: j tells the parity
    under reflections, k the frequency. Subgroups have labels ``(None, M)`` for the M rotations, and ``(axis, M)`` for those
    with the reflection (1, axis); ``(axis, 1)`` is the reflection alone, as C2.

    Args:
        N: the number of rotations.

    Example:
        >>> group = DihedralGroup(4)
        >>> group.element((1, 1)), group.irreps()[2]
        ((-, 1[2pi/4]), D4|[irrep_1,1]:2)
    """

    PARAM: str = "int"
    IRREP_PARAMETERS: tuple[str, ...] = ("j", "k")
    PARAMETRIZATIONS: tuple[str, ...] = ("int", "radians", "MAT")

    def __init__(self, N: int) -> None:
        self.N = _order(N, "a dihedral group", 2)
        self._trivial_and_whole_id = ((None, 1), (0, self.N))
        super().__init__(f"D{self.N}", continuous=False, abelian=self.N <= 2)

    @property
    def rotation_order(self) -> int:
        """The number N of rotations."""
        return self.N

    @property
    def vector_label(self) -> Label | None:
        """The irrep of frequency 1."""
        return (1, 1) if self.N > 2 else None

    @cached_property
    def _rotations(self) -> CyclicGroup:
        return cyclic_group(self.N)

    @property
    def reflection(self) -> GroupElement:
        """The reflection in the x-axis."""
        return self._pair(1, self._rotations.identity)

    def _key(self) -> int:
        return self.N

    def __reduce__(self) -> tuple[Any, ...]:
        return (dihedral_group, (self.N,))

    @cached_property
    def _values(self) -> tuple[tuple[int, int], ...]:
        return tuple((flip, step) for flip in (0, 1) for step in range(self.N))

    def _build_table(self) -> np.ndarray:
        flip, step = np.divmod(np.arange(2 * self.N), self.N)
        steps = (step[:, None] + (1 - 2 * flip[:, None]) * step[None, :]) % self.N
        return (flip[:, None] ^ flip[None, :]) * self.N + steps

    def _split_matrix(self, matrix: Any) -> tuple[int, int]:
        flip, angle = split_plane_matrix(matrix, self.name)
        return flip, self._rotations._parse(angle, "radians", self.name)

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        N = self.N
        labels = [(0, 0), (1, 0), *((1, k) for k in range(1, (N - 1) // 2 + 1))]
        if N % 2 == 0:
            labels += [(1, N // 2), (0, N // 2)]
        return tuple(self._build_irrep(*label) for label in labels)

    def _build_irrep(self, j: int, k: int) -> IrreducibleRepresentation:
        matrix = _IrrepMatrix(k, self.N, j)
        return IrreducibleRepresentation(
            self, (j, k), f"irrep_{j},{k}", matrix, matrix.size, "R", frequency=k, flip_frequency=j
        )

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        axis, M = split_subgroup_label(
            id, self.name, "use (None, M) for M rotations, (axis, M) to keep reflections too"
        )
        if M < 1 or self.N % M:
            raise GroupError(f"{self.name} has no subgroup of {M} rotations", hint=f"use a divisor of {self.N}")
        ratio = self.N // M
        rotations = np.arange(M) * ratio
        if axis is None:
            return rotations_and_reflections(M, False), rotations
        axis = whole(axis, f"the axis of a subgroup of {self.name}")
        if not 0 <= axis < self.N:
            raise GroupError(
                f"{self.name} has no reflection {axis}", hint=f"the axis is a number from 0 to {self.N - 1}"
            )
        reflections = self.N + (rotations + axis) % self.N
        return rotations_and_reflections(M, True), np.concatenate([rotations, reflections])

    def _id_of_subgroup(self, numbers: list[int]) -> tuple[int | None, int]:
        reflections = [number - self.N for number in numbers if number >= self.N]
        return (min(reflections), len(reflections)) if reflections else (None, len(numbers))


_cyclic = interned(CyclicGroup)
_dihedral = interned(DihedralGroup)


@suggests
def cyclic_group(N: int) -> CyclicGroup:
    """The group C_N of N rotations of the plane.

    Args:
        N: the number of rotations, at least 1.

    Example:
        >>> cyclic_group(4).elements
        [0[2pi/4], 1[2pi/4], 2[2pi/4], 3[2pi/4]]
    """
    return _cyclic(_order(N, "a cyclic group"))


@suggests
def dihedral_group(N: int) -> DihedralGroup:
    """The group D_N of N rotations and N reflections of the plane.

    Args:
        N: the number of rotations, at least 1.

    Example:
        >>> dihedral_group(2).elements
        [(+, 0[2pi/2]), (+, 1[2pi/2]), (-, 0[2pi/2]), (-, 1[2pi/2])]
    """
    return _dihedral(_order(N, "a dihedral group", 2))


@suggests
def trivial_group() -> CyclicGroup:
    """The group of the identity alone, as C_1."""
    return cyclic_group(1)
