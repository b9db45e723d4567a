"""The continuous groups of space: rotations SO(3), and rotations with the inversion O(3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from intertwine.checks import whole
from intertwine.errors import GroupError
from intertwine.group.catalogue.embedding import Placed
from intertwine.group.catalogue.spatial_group import SpatialGroup, wigner_irrep
from intertwine.group.catalogue.spatial_subgroups import (
    cone,
    full_tetrahedral,
    rotation_position,
    rotations,
    with_inversion,
)
from intertwine.group.core.element import GroupElement, listable
from intertwine.group.core.flipped import FlippedContinuousGroup, RotationGroup
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.clebsch_gordan import real_coupling
from intertwine.group.matrices.grids import rotation_grid
from intertwine.group.matrices.harmonics import LARGEST_SPATIAL_ORDER
from intertwine.group.matrices.rotation_quadrature import class_rule, haar_rule
from intertwine.group.matrices.rotations import (
    about,
    finite_array,
    from_quaternion,
    invert,
    matrix_quaternion,
    multiply,
    repr_rotation,
    rotation_of_quaternion,
    same_rotation,
    to_quaternion,
)
from intertwine.memory import interned
from intertwine.suggestions import suggests

_AXES = np.eye(3)

_IDENTITY = about(_AXES[2], 0.0)


class SO3(RotationGroup, SpatialGroup):
    """The group of all rotations of space.

    Elements are unit quaternions (``param="Q"``, in the order x, y, z, w), 3 x 3 matrices (``"MAT"``), axes times angles
    (``"EV"``) or Euler angles (three letters, as in scipy). The irrep of frequency l has size 2 l + 1 and type R; it acts on the
    harmonics of order l in the order of :mod:`intertwine.group.matrices.harmonics`, so that of frequency 1 is the vector
    (x, y, z).

    Labels of subgroups:

    ===================================  ======================================================================================
    ``"so3"``                            the group itself
    ``"ico"``, ``"octa"``, ``"tetra"``   the rotations of a solid
    ``(False, n)``                       n rotations about the z-axis; n = -1: all
    ``(True, n)``                        these, and half turns about n axes orthogonal to z, one of which is the x-axis
    ``(2 a, n)``                         the same, but one of these axes has the angle a to the x-axis (``2 a`` is a float)
    ``(..., g)``                         the conjugate subgroup g^-1 H g, for an element g
    ===================================  ======================================================================================

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> SO3(2).irreps()
        [SO(3)|[irrep_0]:1, SO(3)|[irrep_1]:3, SO(3)|[irrep_2]:5]
    """

    IRREP_PARAMETERS: tuple[str, ...] = ("l",)
    _trivial_and_whole_id = ((False, 1), "so3")
    _pole_stabiliser = (False, -1)

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

    def _parse(self, value: Any, param: str, name: str) -> np.ndarray:
        return to_quaternion(value, param)

    def _from_canonical(self, value: np.ndarray, param: str) -> np.ndarray:
        return from_quaternion(value, param)

    def _repr_value(self, value: np.ndarray) -> str:
        return repr_rotation(value)

    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        return GroupElement._from_canonical_value(quaternion, self)

    def _matrix_of(self, value: np.ndarray) -> np.ndarray:
        return rotation_of_quaternion(value)

    def _from_matrix(self, matrix: np.ndarray) -> GroupElement | None:
        return (
            None if np.linalg.det(matrix) < 0 else GroupElement._from_canonical_value(matrix_quaternion(matrix), self)
        )

    @property
    def identity(self) -> GroupElement:
        """The rotation by 0."""
        return GroupElement._from_canonical_value(_IDENTITY, self)

    @property
    def component_generators(self) -> list[GroupElement]:
        """None: the group is connected, so its Lie algebra generates it."""
        return []

    def sample(self, generator: np.random.Generator | None = None, param: str = "Q") -> GroupElement:
        """A random rotation.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
            param: taken as escnn takes it; elements are the same in all parametrisations.
        """
        return self.grid("rand", 1, np.random.default_rng(generator))[0]

    def testing_elements(self, n: int = 3) -> Iterable[GroupElement]:
        """The rotations of the icosahedron.

        Args:
            n: taken as escnn takes it; it changes nothing.
        """
        return iter(self.grid("ico"))

    def grid(
        self, type: str, N: int | None = None, seed: Any = None, adj: Any = None, parametrization: str = "Q"
    ) -> list[GroupElement]:
        """Rotations to sample functions on the group.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`.
            N: how many (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: taken as escnn takes it; elements are the same in all of them.
        """
        rotations = [to_quaternion(q, "Q") for q in rotation_grid(type, N if N is None else listable(N), seed)]
        by = self.rotation_of(adj) if isinstance(adj, GroupElement) else adj
        if by is not None and not same_rotation(by, _IDENTITY):
            rotations = [multiply(multiply(invert(by), q), by) for q in rotations]
        return [GroupElement._from_canonical_value(q, self) for q in rotations]

    def quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Points of a quadrature of the sphere, each with degree + 1 turns about it."""
        quaternions, weights = haar_rule(degree)
        return [GroupElement._from_canonical_value(q, self) for q in quaternions], weights

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """Degree + 1 rotations about the z-axis, with the weights of Weyl's formula."""
        quaternions, weights = class_rule(degree)
        return [GroupElement._from_canonical_value(q, self) for q in quaternions], weights

    def one_parameter(self, axis: int, angle: float) -> GroupElement:
        """The rotation by an angle about the x-, y- or z-axis (0, 1 or 2)."""
        return self._rotation(about(_AXES[axis], angle))

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        if len(id) != 1:
            raise GroupError(f"an irrep of SO(3) has one number as its label, not {id}")
        return _so3_irrep(self._checked_frequency(id[0], LARGEST_SPATIAL_ORDER))

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


class O3(FlippedContinuousGroup, SpatialGroup):
    """The group of all orthogonal matrices of space: rotations, and rotations followed by the inversion x -> -x.

    Elements are pairs ``(inversion, rotation)`` with an inversion of 0 or 1 and the rotation in a parametrisation of
    :class:`SO3`; ``"MAT"`` takes the whole orthogonal matrix too. Irreps have labels ``(j, l)``: l is the frequency, and j tells
    whether the inversion changes the sign. The vector (x, y, z) is (1, 1), the harmonics of order l are (l mod 2, l).

    Labels of subgroups:

    =====================  ====================================================================================================
    ``"o3"``, ``"so3"``    the group itself, and its rotations
    ``(False, ...)``       the subgroup of :class:`SO3` whose label follows
    ``(True, ...)``        the product of that subgroup with the inversion
    ``("cone", n)``        n rotations about the z-axis and mirrors through it, one of which contains the x-axis
    ``("cone", 2 a, n)``   the same, but one of the mirrors has the angle a to the x-axis
    ``"fulltetra"``        all symmetries of the tetrahedron, T_d
    ``(..., g)``           the conjugate subgroup g^-1 H g, for an element g
    =====================  ====================================================================================================

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists.

    Example:
        >>> O3(1).irreps()
        [O(3)|[irrep_0,0]:1, O(3)|[irrep_1,0]:1, O(3)|[irrep_0,1]:3, O(3)|[irrep_1,1]:3]
    """

    IRREP_PARAMETERS: tuple[str, ...] = ("j", "l")
    FLIP = "inversion"
    FLIP_INVERTS = False
    _trivial_and_whole_id = ((False, False, 1), "o3")
    _pole_stabiliser = ("cone", -1)

    def __init__(self, maximum_frequency: int = 3) -> None:
        super().__init__("O(3)", abelian=False, maximum_frequency=maximum_frequency)

    def __reduce__(self) -> tuple[Any, ...]:
        return (o3_group, (self._maximum_frequency,))

    @property
    def _rotations(self) -> SO3:
        return so3_group(self._maximum_frequency)

    def _split_matrix(self, matrix: Any) -> tuple[int, np.ndarray]:
        array = finite_array(matrix, (3, 3), "MAT")
        inverted = int(np.linalg.det(array) < 0)
        return (inverted, to_quaternion(-array if inverted else array, "MAT"))

    def _repr_value(self, value: tuple[int, np.ndarray]) -> str:
        rows = repr_rotation(value[1]).split("\n")
        marks = ("     ", "(-), " if value[0] else "(+), ", "     ")
        return "\n".join(mark + row for mark, row in zip(marks, rows, strict=True))

    def _matrix_of(self, value: tuple[int, np.ndarray]) -> np.ndarray:
        return (-1.0) ** value[0] * rotation_of_quaternion(value[1])

    def _rotation(self, quaternion: np.ndarray) -> GroupElement:
        return GroupElement._from_canonical_value((0, quaternion), self)

    def _from_matrix(self, matrix: np.ndarray) -> GroupElement:
        inverted = int(np.linalg.det(matrix) < 0)
        return GroupElement._from_canonical_value((inverted, matrix_quaternion(-matrix if inverted else matrix)), self)

    @property
    def inversion(self) -> GroupElement:
        """The inversion x -> -x."""
        return GroupElement._from_canonical_value((1, _IDENTITY), self)

    def sample(self, generator: np.random.Generator | None = None, param: str = "Q") -> GroupElement:
        """A random rotation, with the inversion or without.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
            param: taken as escnn takes it; elements are the same in all parametrisations.
        """
        return super().sample(generator)

    def testing_elements(self, n: int = 3) -> Iterable[GroupElement]:
        """The rotations of the icosahedron, and their products with the inversion.

        Args:
            n: taken as escnn takes it; it changes nothing.
        """
        return iter(self.grid("ico"))

    def grid(
        self, type: str, N: int | None = None, seed: Any = None, adj: Any = None, parametrization: str = "Q"
    ) -> list[GroupElement]:
        """Elements to sample functions on the group: a grid of rotations, and the same after the inversion.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`; ``"rand"`` gives N random elements.
            N: how many rotations (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: taken as escnn takes it; elements are the same in all of them.
        """
        if type != "rand":
            return self._doubled(self._rotation_grid(type, N, seed, adj))
        generator = np.random.default_rng(seed)
        rotations = self._rotation_grid(type, N, generator, adj)
        flips = generator.integers(2, size=len(rotations)).tolist()
        return [self._pair(flip, g) for flip, g in zip(flips, rotations, strict=True)]

    def grid_so3(
        self, type: str, N: int | None = None, seed: Any = None, adj: Any = None, parametrization: str = "Q"
    ) -> list[GroupElement]:
        """The rotations of ``grid`` alone.

        Args:
            type: see :func:`intertwine.group.matrices.grids.rotation_grid`.
            N: how many (or about how many), where the type has a choice.
            seed: of random ones.
            adj: an element a: the grid becomes a^-1 g a.
            parametrization: taken as escnn takes it; elements are the same in all of them.
        """
        return [self._pair(0, g) for g in self._rotation_grid(type, N, seed, adj)]

    def _rotation_grid(self, type: str, N: int | None, seed: Any, adj: Any) -> list[GroupElement]:
        by = self.rotation_of(adj) if isinstance(adj, GroupElement) else adj
        return self._rotations.grid(type, N, seed, by)

    def class_quadrature(self, degree: int) -> tuple[list[GroupElement], np.ndarray]:
        """The class quadrature of SO(3), and the same after the inversion."""
        return self._doubled_rule(self._rotations.class_quadrature(degree))

    def _irrep_of(self, *id: Any) -> IrreducibleRepresentation:
        if len(id) != 2:
            raise GroupError(f"an irrep of O(3) has two numbers as its label, not {id}")
        if isinstance(id[0], bool) or id[0] not in (0, 1):
            raise GroupError(f"O(3) has no irrep {id}", hint="the first number of its label is 0 or 1")
        return _o3_irrep(int(id[0]), self._checked_frequency(id[1], LARGEST_SPATIAL_ORDER))

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

    def subgroup(self, id: Any) -> tuple[Group, ElementMap, ElementMap]:
        """A subgroup, the map of its elements into this group, and the map back.

        Args:
            id: its label; see the class.
        """
        parts = list(id) if isinstance(id, (tuple, list)) else [id]
        first = parts[0] if parts and isinstance(parts[0], str) else None
        if first == "cone":
            return self._subgroup_maps(cone(parts[1:], id, self._maximum_frequency))
        if first == "fulltetra":
            return self._subgroup_maps(full_tetrahedral(parts[1:], id))
        if first in ("o3", "so3"):
            parts = [first == "o3", "so3", *parts[1:]]
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
            inner = self._embedding if parts[0] else self._rotations._embedding
        else:
            inner = (with_inversion if parts[0] else rotations)(position, self._maximum_frequency)
        return self._subgroup_maps(Placed(inner, position.moved_by))


@interned
def _so3_irrep(l: int) -> IrreducibleRepresentation:
    return wigner_irrep(so3_group(), (l,), f"irrep_{l}", 0)


@interned
def _o3_irrep(j: int, l: int) -> IrreducibleRepresentation:
    return wigner_irrep(o3_group(), (j, l), f"irrep_{j},{l}", j, inv_frequency=j)


_so3 = interned(SO3)
_o3 = interned(O3)


@suggests
def so3_group(maximum_frequency: int = 2) -> SO3:
    """The group SO(3) of all rotations of space.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; greater ones are built when asked for.

    Example:
        >>> so3_group().irrep(4)
        SO(3)|[irrep_4]:9
    """
    return _so3(whole(maximum_frequency, "maximum_frequency"))


@suggests
def o3_group(maximum_frequency: int = 2) -> O3:
    """The group O(3) of all rotations of space and their products with the inversion.

    Args:
        maximum_frequency: the greatest frequency that ``irreps()`` lists; greater ones are built when asked for. Its default
            is escnn's, and differs from that of the class.

    Example:
        >>> o3_group().inversion
             [1., 0., 0.],
        (-), [0., 1., 0.],
             [0., 0., 1.]
    """
    return _o3(whole(maximum_frequency, "maximum_frequency"))
