"""The finite groups of the plane: rotations C_N, and rotations with reflections D_N."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from intertwine.checks import number, whole
from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup, check_order
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.matrices.labels import Label
from intertwine.memory import interned
from intertwine.suggestions import suggests

_ANGLE_TOLERANCE = 1e-6


def turn(step: int, order: int, flip: int = 0) -> np.ndarray:
    """The matrix R(2 pi step / order) diag(1, -1)^flip, exact at multiples of a quarter and a sixth turn where it can be.

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
    check_order(elements * N, group)
    return N


def _step(angle: Any, order: int, name: str) -> int:
    """The number of steps of an angle in radians."""
    steps = number(angle, f"the angle of an element of {name}") * order / (2 * np.pi)
    if not np.isfinite(steps) or abs(steps - round(steps)) > _ANGLE_TOLERANCE * order:
        raise GroupError(
            f"{name} has no rotation by {float(angle):.6g} radians",
            hint=f"its rotations are multiples of 2 pi / {order}",
        )
    return round(steps) % order


def matrix_angle(matrix: Any, name: str) -> tuple[int, float]:
    """Flip and rotation angle of an orthogonal matrix R(angle) diag(1, -1)^flip."""
    try:
        array = np.asarray(matrix, dtype=float)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != (2, 2) or not np.allclose(array @ array.T, np.eye(2), atol=_ANGLE_TOLERANCE):
        raise GroupError(
            f"an element of {name} in the parametrisation 'MAT' is an orthogonal 2 x 2 matrix, not {matrix!r}"
        )
    return int(np.linalg.det(array) < 0), float(np.arctan2(array[1, 0], array[0, 0]))


class CyclicGroup(FiniteGroup):
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
        super().__init__(f"C{self.N}", continuous=False, abelian=True)

    @property
    def rotation_order(self) -> int:
        """The number N of rotations."""
        return self.N

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

    def _to_canonical(self, value: Any, param: str) -> int:
        self._check_param(param)
        if param == "MAT":
            flip, angle = matrix_angle(value, self.name)
            if flip:
                raise GroupError(f"{self.name} has no reflections", hint="use a dihedral group")
            return _step(angle, self.N, self.name)
        if param == "radians":
            return _step(value, self.N, self.name)
        return whole(value, f"an element of {self.name}") % self.N

    def _from_canonical(self, value: int, param: str) -> Any:
        if param == "MAT":
            return turn(value, self.N)
        return 2 * np.pi * value / self.N if param == "radians" else value

    def _repr_value(self, value: int) -> str:
        return f"{value}[2pi/{self.N}]"

    @property
    def generators(self) -> list[GroupElement]:
        """One rotation by 2 pi / N."""
        return [self.element(1)] if self.N > 1 else []

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(self._build_irrep(k) for k in range(self.N // 2 + 1))

    def _build_irrep(self, k: int) -> IrreducibleRepresentation:
        N = self.N
        if k == 0 or 2 * k == N:
            sign = -1.0 if k else 1.0
            return IrreducibleRepresentation(self, (k,), f"irrep_{k}", _SignMatrix(sign), 1, "R", frequency=k)
        return IrreducibleRepresentation(self, (k,), f"irrep_{k}", _TurnMatrix(k, N), 2, "C", frequency=k)

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The irrep of frequency k, from 0 to N / 2.

        Args:
            *id: the frequency k.
        """
        if len(id) != 1 or not isinstance(id[0], (int, np.integer)) or not 0 <= id[0] <= self.N // 2:
            raise self._irrep_error(id)
        return self._irreps[int(id[0])]

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

    @property
    def subgroup_trivial_id(self) -> int:
        """The label of the subgroup that holds the identity alone."""
        return 1

    @property
    def subgroup_self_id(self) -> int:
        """The label of the group as its own subgroup."""
        return self.N


class DihedralGroup(FiniteGroup):
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
        super().__init__(f"D{self.N}", continuous=False, abelian=self.N <= 2)

    @property
    def rotation_order(self) -> int:
        """The number N of rotations."""
        return self.N

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

    def _combine(self, a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
        return (a[0] ^ b[0], (a[1] + (-b[1] if a[0] else b[1])) % self.N)

    def _inverse(self, a: tuple[int, int]) -> tuple[int, int]:
        return a if a[0] else (0, -a[1] % self.N)

    def _to_canonical(self, value: Any, param: str) -> tuple[int, int]:
        self._check_param(param)
        if param == "MAT" and not isinstance(value, (tuple, list)):
            flip, angle = matrix_angle(value, self.name)
            return (flip, _step(angle, self.N, self.name))
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ArgumentTypeError(f"an element of {self.name} is a pair (flip, rotation), not {value!r}")
        flip = whole(value[0], f"the flip of an element of {self.name}")
        if flip not in (0, 1):
            raise GroupError(f"the flip of an element of {self.name} is 0 or 1, not {flip}")
        if param == "MAT":
            reflects, angle = matrix_angle(value[1], self.name)
            if reflects:
                raise GroupError("the second of the pair must be a rotation matrix", hint="give the matrix alone")
            return (flip, _step(angle, self.N, self.name))
        if param == "radians":
            return (flip, _step(value[1], self.N, self.name))
        return (flip, whole(value[1], f"the rotation of an element of {self.name}") % self.N)

    def _from_canonical(self, value: tuple[int, int], param: str) -> Any:
        if param == "MAT":
            return (value[0], turn(value[1], self.N))
        return (value[0], 2 * np.pi * value[1] / self.N) if param == "radians" else value

    def _repr_value(self, value: tuple[int, int]) -> str:
        return f"({'-' if value[0] else '+'}, {value[1]}[2pi/{self.N}])"

    @property
    def generators(self) -> list[GroupElement]:
        """One rotation by 2 pi / N, and the reflection in the x-axis."""
        flip = self.element((1, 0))
        return [self.element((0, 1)), flip] if self.N > 1 else [flip]

    @cached_property
    def _irreps_by_label(self) -> dict[Label, IrreducibleRepresentation]:
        N = self.N
        labels = [(0, 0), (1, 0), *((1, k) for k in range(1, (N - 1) // 2 + 1))]
        if N % 2 == 0:
            labels += [(1, N // 2), (0, N // 2)]
        return {label: self._build_irrep(*label) for label in labels}

    def _build_irrep(self, j: int, k: int) -> IrreducibleRepresentation:
        name = f"irrep_{j},{k}"
        if k == 0 or 2 * k == self.N:
            matrix = _SignMatrix(-1.0 if k else 1.0, -1.0 if j else 1.0)
            return IrreducibleRepresentation(self, (j, k), name, matrix, 1, "R", frequency=k, flip_frequency=j)
        return IrreducibleRepresentation(
            self, (j, k), name, _TurnMatrix(k, self.N), 2, "R", frequency=k, flip_frequency=j
        )

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(self._irreps_by_label.values())

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The irrep of reflection parity j and frequency k.

        Args:
            *id: j and k.
        """
        if len(id) != 2 or not all(isinstance(k, (int, np.integer)) for k in id):
            raise self._irrep_error(id)
        found = self._irreps_by_label.get((int(id[0]), int(id[1])))
        if found is None:
            raise self._irrep_error(id)
        return found

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        if not isinstance(id, (tuple, list)) or len(id) != 2:
            raise GroupError(
                f"the label of a subgroup of {self.name} is a pair, not {id!r}",
                hint="use (None, M) for M rotations, (axis, M) to keep reflections too",
            )
        axis, M = id
        M = whole(M, f"the number of rotations in a subgroup of {self.name}")
        if M < 1 or self.N % M:
            raise GroupError(f"{self.name} has no subgroup of {M} rotations", hint=f"use a divisor of {self.N}")
        ratio = self.N // M
        rotations = np.arange(M) * ratio
        if axis is None:
            return cyclic_group(M), rotations
        axis = whole(axis, f"the axis of a subgroup of {self.name}")
        if not 0 <= axis < self.N:
            raise GroupError(
                f"{self.name} has no reflection {axis}", hint=f"the axis is a number from 0 to {self.N - 1}"
            )
        reflections = self.N + (rotations + axis) % self.N
        return (cyclic_group(2) if M == 1 else dihedral_group(M)), np.concatenate([rotations, reflections])

    def _id_of_subgroup(self, numbers: list[int]) -> tuple[int | None, int]:
        reflections = [number - self.N for number in numbers if number >= self.N]
        return (min(reflections), len(reflections)) if reflections else (None, len(numbers))

    @property
    def subgroup_trivial_id(self) -> tuple[None, int]:
        """The label of the subgroup that holds the identity alone."""
        return (None, 1)

    @property
    def subgroup_self_id(self) -> tuple[int, int]:
        """The label of the group as its own subgroup."""
        return (0, self.N)


class _SignMatrix:
    """rotation^step * reflection^flip as a 1 x 1 matrix."""

    def __init__(self, rotation: float, reflection: float = 1.0) -> None:
        self._rotation, self._reflection = rotation, reflection

    def __call__(self, value: Any) -> np.ndarray:
        flip, step = value if isinstance(value, tuple) else (0, value)
        return np.array([[(self._rotation if step % 2 else 1.0) * (self._reflection if flip else 1.0)]])


class _TurnMatrix:
    """R(2 pi k step / N) diag(1, -1)^flip."""

    def __init__(self, frequency: int, order: int) -> None:
        self._frequency, self._order = frequency, order

    def __call__(self, value: Any) -> np.ndarray:
        flip, step = value if isinstance(value, tuple) else (0, value)
        return turn(self._frequency * step, self._order, flip)


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
