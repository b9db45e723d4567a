"""The continuous groups of space: rotations SO(3), and rotations with the inversion O(3)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from intertwine.checks import whole
from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.catalogue.embedding import Embedding, Placed, RotationEmbedding
from intertwine.group.catalogue.spatial_subgroups import (
    cone,
    full_tetrahedral,
    rotation_position,
    rotations,
    with_inversion,
)
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.clebsch_gordan import real_coupling
from intertwine.group.matrices.grids import rotation_grid, sphere_grid
from intertwine.group.matrices.harmonics import harmonic_action, harmonic_lie, largest_order, sphere_quadrature
from intertwine.group.matrices.labels import Label
from intertwine.group.matrices.rotations import (
    ROTATION_PARAMETRIZATIONS,
    about,
    from_quaternion,
    invert,
    matrix_quaternion,
    multiply,
    quaternion_matrix,
    repr_rotation,
    same_rotation,
    to_quaternion,
)
from intertwine.memory import interned
from intertwine.suggestions import suggests

_AXES = np.eye(3)

_TURNS = np.array(
    [
        [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ]
)
"""The derivatives of the rotations about x, y and z."""

_IDENTITY = about(_AXES[2], 0.0)


# --- the groups -----------------------------------------------------------------------------------------------------------


class _SpatialGroup(ContinuousGroup):
    """What SO(3) and O(3) share."""

    PARAM: str = "Q"
    PARAMETRIZATIONS: tuple[str, ...] = ROTATION_PARAMETRIZATIONS
    lie_dimension: int = 3

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
        """The element with an orthogonal matrix, ``None`` if there is none."""

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

    def testing_elements(self, n: int = 3) -> Iterable[GroupElement]:
        """The rotations of the icosahedron (and their products with the inversion).

        Args:
            n: accepted for escnn's sake.
        """
        return iter(self.grid("ico"))  # type: ignore[attr-defined]

    @abstractmethod
    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        """The element that is a rotation."""

    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """The rotation by an angle about the x-, y- or z-axis (0, 1 or 2)."""
        return self._rotation(about(_AXES[axis], angle))

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
        return [self._rotation(_pole_to(point)) for point in points]

    def _moved(self, quaternions: np.ndarray, adj: Any) -> list[np.ndarray]:
        by = (
            None
            if adj is None
            else self.element(adj)._value
            if isinstance(adj, GroupElement)
            else to_quaternion(adj, "Q")
        )
        by = by[1] if isinstance(by, tuple) else by
        if by is None or same_rotation(by, _IDENTITY):
            return [to_quaternion(q, "Q") for q in quaternions]
        return [multiply(multiply(invert(by), to_quaternion(q, "Q")), by) for q in quaternions]


def _pole_to(point: np.ndarray) -> np.ndarray:
    """The rotation that carries the z-axis to a point: by its polar angle about y, then by its azimuth about z."""
    polar, azimuth = np.arccos(np.clip(point[2], -1.0, 1.0)), np.arctan2(point[1], point[0])
    return multiply(about(_AXES[2], azimuth), about(_AXES[1], polar))


def _haar_grid(degree: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Quaternions and weights, exact for matrix coefficients of frequency up to a degree.

    Points of the sphere that are exact up to the degree, each with equal steps about it.
    """
    points, weights = sphere_quadrature(degree)
    count = degree + 1
    turns = [about(_AXES[2], 2 * np.pi * k / count) for k in range(count)]
    poles = [_pole_to(point) for point in points]
    return [multiply(pole, turn) for pole in poles for turn in turns], np.repeat(weights / count, count)


def _angle_rule(degree: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Rotations about z with weights 1 - cos(angle): Weyl's formula for class functions of frequency up to a degree."""
    count = degree + 2
    angles = 2 * np.pi * np.arange(1, count) / count
    return [about(_AXES[2], angle) for angle in angles], (1 - np.cos(angles)) / count


class SO3(_SpatialGroup):
    """The group of all rotations of space.

    Elements are unit quaternions (``param="Q"``, in the order x, y, z, w), 3 x 3 matrices (``"MAT"``), axes times angles
    (``"EV"``) or Euler angles (three letters, as in scipy). The irrep of frequency l has size 2 l + 1 and type R; it acts on the
    harmonics of order l in the order of :mod:`intertwine.group.matrices.harmonics`, so that of frequency 1 is the vector
    (x, y, z).

    Subgroups have labels ``"so3"``, ``"ico"``, ``"octa"``, ``"tetra"``, ``(False, n)`` for n rotations about the z-axis,
    ``(True, n)`` with half turns about n axes across besides, the x-axis among them; -1 stands for all rotations, and an angle
    in place of ``True`` is twice that of an axis across to the x-axis. One more part, an element a, stands for the conjugate
    subgroup a^-1 H a.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> SO3(2).irreps()
        [SO(3)|[irrep_0]:1, SO(3)|[irrep_1]:3, SO(3)|[irrep_2]:5]
    """

    IRREP_PARAMETERS: tuple[str, ...] = ("l",)

    def __init__(self, maximum_frequency: int = 2) -> None:
        super().__init__("SO(3)", abelian=False, maximum_frequency=maximum_frequency)

    def __reduce__(self) -> tuple[Any, ...]:
        return (so3_group, (self._maximum_frequency,))

    def _combine(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return multiply(a, b)

    def _inverse(self, a: np.ndarray) -> np.ndarray:
        return invert(a)

    def _equal(self, a: np.ndarray, b: np.ndarray) -> bool:
        return same_rotation(a, b)

    def _hash_value(self, value: np.ndarray) -> int:
        # Equal elements differ by rounding, so that no function of the numbers can tell them apart by a hash.
        return 0

    def _to_canonical(self, value: Any, param: str) -> np.ndarray:
        self._check_param(param)
        return to_quaternion(value, param)

    def _from_canonical(self, value: np.ndarray, param: str) -> np.ndarray:
        return from_quaternion(value, param)

    def _repr_value(self, value: np.ndarray) -> str:
        return repr_rotation(value)

    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        return GroupElement._of(quaternion, self)

    def _matrix_of(self, value: np.ndarray) -> np.ndarray:
        return quaternion_matrix(value)

    def _from_matrix(self, matrix: np.ndarray) -> GroupElement | None:
        return None if np.linalg.det(matrix) < 0 else GroupElement._of(matrix_quaternion(matrix), self)

    @property
    def identity(self) -> GroupElement:
        """The rotation by 0."""
        return GroupElement._of(_IDENTITY, self)

    @property
    def generators(self) -> list[GroupElement]:
        """None besides the Lie algebra: the group is connected."""
        return []

    def sample(self, generator: np.random.Generator | None = None, param: str = "Q") -> GroupElement:
        """A random rotation.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
            param: accepted for escnn's sake.
        """
        generator = np.random.default_rng() if generator is None else generator
        return GroupElement._of(to_quaternion(rotation_grid("rand", 1, generator)[0], "Q"), self)

    def grid(
        self,
        type: str,
        N: int | None = None,
        seed: Any = None,
        adj: Any = None,
        parametrization: str = "Q",
    ) -> list[GroupElement]:
        """Rotations to sample functions on the group.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`.
            N: how many (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: accepted for escnn's sake; elements are the same in all of them.
        """
        return [GroupElement._of(q, self) for q in self._moved(rotation_grid(type, N, seed), adj)]

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Points of a quadrature of the sphere, each with degree + 1 turns about it."""
        quaternions, weights = _haar_grid(degree)
        return [GroupElement._of(q, self) for q in quaternions], weights

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Degree + 1 rotations about the z-axis, with the weights of Weyl's formula."""
        quaternions, weights = _angle_rule(degree)
        return [GroupElement._of(q, self) for q in quaternions], weights

    def frequency(self, id: Label) -> int:
        """The frequency of an irrep, by its label."""
        return id[0]

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The irrep of frequency l.

        Args:
            *id: the frequency l.
        """
        if len(id) != 1:
            raise GroupError(f"an irrep of SO(3) has one number as its label, not {id}")
        return _so3_irrep(_checked_order(id[0], "SO(3)"))

    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps up to a frequency."""
        return [self.irrep(l) for l in range(frequency + 1)]

    def harmonic_irrep(self, action: Representation, order: int) -> IrreducibleRepresentation | None:
        """The irrep of frequency l, if the action is by the rotation matrices."""
        return self.irrep(order) if action == self.irrep(1) else None

    def coupling(
        self, a: IrreducibleRepresentation, b: IrreducibleRepresentation, c: IrreducibleRepresentation
    ) -> np.ndarray | None:
        """The real Clebsch-Gordan coefficients."""
        return real_coupling(a.id[0], b.id[0], c.id[0])

    def standard_representation(self) -> Representation:
        """The rotation matrices: the irrep of frequency 1."""
        return self.irrep(1)

    def bl_sphere_representation(self, L: int) -> Representation:
        """The functions on the sphere of frequency up to L.

        Args:
            L: the greatest frequency.
        """
        return self.bl_quotient_representation(L, (False, -1))

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """A subgroup, the map of its elements into this group, and the map back.

        Args:
            id: its label; see the class.
        """
        position = rotation_position(id)
        if position.is_everything:
            return self, lambda g: g, lambda g: g
        inner = self._embedding if position.kind == "so3" else rotations(position, self._maximum_frequency)
        return self._subgroup_maps(Placed(inner, position.moved_by))

    @property
    def subgroup_trivial_id(self) -> tuple[bool, int]:
        """The label of the subgroup that holds the identity alone."""
        return (False, 1)

    @property
    def subgroup_self_id(self) -> str:
        """The label of the group as its own subgroup."""
        return "so3"


def _signed_matrix(value: tuple[int, np.ndarray]) -> np.ndarray:
    return (-1.0) ** value[0] * quaternion_matrix(value[1])


class O3(_SpatialGroup):
    """The group of all orthogonal matrices of space: rotations, and rotations followed by the inversion x -> -x.

    Elements are pairs ``(inversion, rotation)`` with an inversion of 0 or 1 and the rotation in a parametrisation of
    :class:`SO3`; ``"MAT"`` takes the whole orthogonal matrix too. Irreps have labels ``(j, l)``: l is the frequency, and j tells
    whether the inversion changes the sign. The vector (x, y, z) is (1, 1), the harmonics of order l are (l mod 2, l).

    Subgroups have labels ``(False, ...)`` for those of SO(3) and ``(True, ...)`` for their products with the inversion,
    followed by the label of the subgroup of :class:`SO3`; ``("cone", n)`` for n rotations about the z-axis and mirrors through
    it, the one with the x-axis among them, or ``("cone", a, n)`` with a mirror at the angle a / 2 to it; ``"fulltetra"`` for
    T_d; ``"so3"`` and ``"o3"``. One more part, an element a, stands for the conjugate subgroup a^-1 H a.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> O3(1).irreps()
        [O(3)|[irrep_0,0]:1, O(3)|[irrep_1,0]:1, O(3)|[irrep_0,1]:3, O(3)|[irrep_1,1]:3]
    """

    IRREP_PARAMETERS: tuple[str, ...] = ("j", "l")

    def __init__(self, maximum_frequency: int = 3) -> None:
        super().__init__("O(3)", abelian=False, maximum_frequency=maximum_frequency)

    def __reduce__(self) -> tuple[Any, ...]:
        return (o3_group, (self._maximum_frequency,))

    def _combine(self, a: tuple[int, np.ndarray], b: tuple[int, np.ndarray]) -> tuple[int, np.ndarray]:
        return (a[0] ^ b[0], multiply(a[1], b[1]))

    def _inverse(self, a: tuple[int, np.ndarray]) -> tuple[int, np.ndarray]:
        return (a[0], invert(a[1]))

    def _equal(self, a: tuple[int, np.ndarray], b: tuple[int, np.ndarray]) -> bool:
        return a[0] == b[0] and same_rotation(a[1], b[1])

    def _hash_value(self, value: tuple[int, np.ndarray]) -> int:
        return value[0]

    def _to_canonical(self, value: Any, param: str) -> tuple[int, np.ndarray]:
        self._check_param(param)
        if param == "MAT" and not isinstance(value, tuple):
            try:
                matrix = np.asarray(value, dtype=float)
            except (TypeError, ValueError):
                matrix = np.zeros(0)
            if matrix.shape == (3, 3):
                inverted = int(np.linalg.det(matrix) < 0)
                return (inverted, to_quaternion(-matrix if inverted else matrix, "MAT"))
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ArgumentTypeError(f"an element of O(3) is a pair (inversion, rotation), not {value!r}")
        inverted = whole(value[0], "the inversion of an element of O(3)")
        if inverted not in (0, 1):
            raise GroupError(f"the inversion of an element of O(3) is 0 or 1, not {inverted}")
        return (inverted, to_quaternion(value[1], param))

    def _from_canonical(self, value: tuple[int, np.ndarray], param: str) -> tuple[int, np.ndarray]:
        return (value[0], from_quaternion(value[1], param))

    def _repr_value(self, value: tuple[int, np.ndarray]) -> str:
        rows = repr_rotation(value[1]).split("\n")
        marks = ("     ", "(-), " if value[0] else "(+), ", "     ")
        return "\n".join(mark + row for mark, row in zip(marks, rows, strict=True))

    def _matrix_of(self, value: tuple[int, np.ndarray]) -> np.ndarray:
        return _signed_matrix(value)

    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        return GroupElement._of((0, quaternion), self)

    def _from_matrix(self, matrix: np.ndarray) -> GroupElement:
        inverted = int(np.linalg.det(matrix) < 0)
        return GroupElement._of((inverted, matrix_quaternion(-matrix if inverted else matrix)), self)

    @property
    def identity(self) -> GroupElement:
        """The rotation by 0."""
        return GroupElement._of((0, _IDENTITY), self)

    @property
    def inversion(self) -> GroupElement:
        """The inversion x -> -x."""
        return GroupElement._of((1, _IDENTITY), self)

    @property
    def generators(self) -> list[GroupElement]:
        """The inversion, one element of the other component."""
        return [self.inversion]

    def sample(self, generator: np.random.Generator | None = None, param: str = "Q") -> GroupElement:
        """A random rotation, with the inversion or without.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
            param: accepted for escnn's sake.
        """
        generator = np.random.default_rng() if generator is None else generator
        inverted = int(generator.integers(2))
        return GroupElement._of((inverted, to_quaternion(rotation_grid("rand", 1, generator)[0], "Q")), self)

    def grid(
        self,
        type: str,
        N: int | None = None,
        seed: Any = None,
        adj: Any = None,
        parametrization: str = "Q",
    ) -> list[GroupElement]:
        """Elements to sample functions on the group: a grid of rotations, and the same after the inversion.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`; ``"rand"`` gives N random elements.
            N: how many rotations (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: accepted for escnn's sake; elements are the same in all of them.
        """
        if type == "rand":
            generator = np.random.default_rng(seed)
            quaternions = self._moved(rotation_grid(type, N, generator), adj)
            flips = generator.integers(2, size=len(quaternions)).tolist()
            return [GroupElement._of((flip, q), self) for flip, q in zip(flips, quaternions, strict=True)]
        quaternions = self._moved(rotation_grid(type, N, seed), adj)
        return [GroupElement._of((flip, q), self) for flip in (0, 1) for q in quaternions]

    def grid_so3(
        self,
        type: str,
        N: int | None = None,
        seed: Any = None,
        adj: Any = None,
        parametrization: str = "Q",
    ) -> list[GroupElement]:
        """The rotations of ``grid`` alone.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`.
            N: how many (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: accepted for escnn's sake; elements are the same in all of them.
        """
        return [GroupElement._of((0, q), self) for q in self._moved(rotation_grid(type, N, seed), adj)]

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """That of SO(3), without and with the inversion."""
        return self._doubled(*_haar_grid(degree))

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """That of SO(3), without and with the inversion."""
        return self._doubled(*_angle_rule(degree))

    def _doubled(self, quaternions: list[np.ndarray], weights: np.ndarray) -> tuple[list[GroupElement], np.ndarray]:
        elements = [GroupElement._of((flip, q), self) for flip in (0, 1) for q in quaternions]
        return elements, np.concatenate([weights, weights]) / 2

    def frequency(self, id: Label) -> int:
        """The frequency of an irrep, by its label."""
        return id[1]

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        """The irrep of parity j and frequency l.

        Args:
            *id: j, which is 1 if the inversion changes the sign, and l.
        """
        if len(id) != 2:
            raise GroupError(f"an irrep of O(3) has two numbers as its label, not {id}")
        if isinstance(id[0], bool) or id[0] not in (0, 1):
            raise GroupError(f"O(3) has no irrep {id}", hint="the first number of its label is 0 or 1")
        return _o3_irrep(int(id[0]), _checked_order(id[1], "O(3)"))

    def irreps_up_to(self, frequency: int) -> list[IrreducibleRepresentation]:
        """All irreps up to a frequency, by frequency."""
        return [self.irrep(j, l) for l in range(frequency + 1) for j in (0, 1)]

    def harmonic_irrep(self, action: Representation, order: int) -> IrreducibleRepresentation | None:
        """The irrep (l mod 2, l), if the action is by the orthogonal matrices."""
        return self.irrep(order % 2, order) if action == self.irrep(1, 1) else None

    def coupling(
        self, a: IrreducibleRepresentation, b: IrreducibleRepresentation, c: IrreducibleRepresentation
    ) -> np.ndarray | None:
        """The real Clebsch-Gordan coefficients, where the parities agree."""
        if (a.id[0] + b.id[0] - c.id[0]) % 2:
            return np.zeros((0, c.size, a.size, b.size))
        return real_coupling(a.id[1], b.id[1], c.id[1])

    def standard_representation(self) -> Representation:
        """The orthogonal matrices: the irrep (1, 1)."""
        return self.irrep(1, 1)

    def bl_sphere_representation(self, L: int) -> Representation:
        """The functions on the sphere of frequency up to L.

        Args:
            L: the greatest frequency.
        """
        return self.bl_quotient_representation(L, ("cone", -1))

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """A subgroup, the map of its elements into this group, and the map back.

        Args:
            id: its label; see the class.
        """
        parts = list(id) if isinstance(id, (tuple, list)) else [id]
        first = parts[0] if parts else None
        if first == "o3":
            parts = [True, "so3", *parts[1:]]
        elif first == "so3":
            parts = [False, "so3", *parts[1:]]
        first = parts[0] if parts else None
        if isinstance(first, str) and first == "cone":
            return self._subgroup_maps(cone(parts[1:], id, self._maximum_frequency))
        if isinstance(first, str) and first == "fulltetra":
            return self._subgroup_maps(full_tetrahedral(parts[1:], id))
        if len(parts) < 2 or not isinstance(parts[0], (bool, np.bool_)):
            raise GroupError(
                f"O(3) has no subgroup {id!r}",
                hint="use (False, ...) for a subgroup of SO(3), (True, ...) for its product with the inversion, ('cone', n), "
                "'fulltetra', 'so3' or 'o3'",
            )
        position = rotation_position(tuple(parts[1:]))
        if position.is_everything and parts[0]:
            return self, lambda g: g, lambda g: g
        if position.kind == "so3":
            inner = self._embedding if parts[0] else so3_group(self._maximum_frequency)._embedding
        else:
            inner = (with_inversion if parts[0] else rotations)(position, self._maximum_frequency)
        return self._subgroup_maps(Placed(inner, position.moved_by))

    @property
    def subgroup_trivial_id(self) -> tuple[bool, bool, int]:
        """The label of the subgroup that holds the identity alone."""
        return (False, False, 1)

    @property
    def subgroup_self_id(self) -> str:
        """The label of the group as its own subgroup."""
        return "o3"


# --- irreps ---------------------------------------------------------------------------------------------------------------


class _Wigner:
    """D_l of a rotation, times the sign of the inversion to the power j, for quaternions or pairs of inversion and quaternion."""

    def __init__(self, order: int, parity: int) -> None:
        self._order, self._parity = order, parity

    def __call__(self, value: Any) -> np.ndarray:
        inverted, quaternion = value if isinstance(value, tuple) else (0, value)
        matrix = harmonic_action(quaternion_matrix(quaternion), self._order)
        return -matrix if inverted and self._parity else matrix


def _checked_order(l: Any, group: str) -> int:
    greatest = largest_order(3)
    if isinstance(l, bool) or not isinstance(l, (int, np.integer)) or l < 0 or (greatest is not None and l > greatest):
        raise GroupError(
            f"{group} has no irrep of frequency {l!r}", hint=f"frequencies are whole numbers from 0 to {greatest}"
        )
    return int(l)


@interned
def _so3_irrep(l: int) -> IrreducibleRepresentation:
    lie = harmonic_lie(_TURNS, l)
    return IrreducibleRepresentation(
        so3_group(), (l,), f"irrep_{l}", _Wigner(l, 0), 2 * l + 1, "R", _lie=lie, frequency=l
    )


@interned
def _o3_irrep(j: int, l: int) -> IrreducibleRepresentation:
    lie = harmonic_lie(_TURNS, l)
    return IrreducibleRepresentation(
        o3_group(), (j, l), f"irrep_{j},{l}", _Wigner(l, j), 2 * l + 1, "R", _lie=lie, frequency=l, inv_frequency=j
    )


_so3 = interned(SO3)
_o3 = interned(O3)


@suggests
def so3_group(maximum_frequency: int = 2) -> SO3:
    """The group SO(3) of all rotations of space.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; others are there all the same.

    Example:
        >>> so3_group().irrep(4)
        SO(3)|[irrep_4]:9
    """
    return _so3(whole(maximum_frequency, "maximum_frequency"))


@suggests
def o3_group(maximum_frequency: int = 2) -> O3:
    """The group O(3) of all rotations of space and their products with the inversion.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; others are there all the same.

    Example:
        >>> o3_group().inversion
             [1., 0., 0.],
        (-), [0., 1., 0.],
             [0., 0., 1.]
    """
    return _o3(whole(maximum_frequency, "maximum_frequency"))


__all__ = ["O3", "SO3", "o3_group", "so3_group"]
