"""The rotation groups of the Platonic solids."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from intertwine.checks import is_whole
from intertwine.errors import GroupError
from intertwine.group.catalogue.cyclic_dihedral import cyclic_group, dihedral_group
from intertwine.group.catalogue.embedding import axial_matrices, conjugated, index_of_matrix
from intertwine.group.catalogue.from_generators import GENERATED, generated_subgroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import snapped
from intertwine.group.matrices.harmonics import harmonic_action
from intertwine.group.matrices.hom import canonical_basis
from intertwine.group.matrices.polyhedral import GOLDEN, polyhedral_rotations
from intertwine.group.matrices.rotations import (
    ROTATION_PARAMETRIZATIONS,
    about,
    array_as_text,
    from_quaternion,
    matrix_quaternion,
    rotation_of_quaternion,
    to_quaternion,
)
from intertwine.memory import interned
from intertwine.suggestions import suggests


class PolyhedralGroup(FiniteGroup):
    """The rotations that carry a Platonic solid to itself.

    Elements are unit quaternions (``param="Q"``, in the order x, y, z, w), 3 x 3 matrices (``"MAT"``), axes times angles
    (``"EV"``) or Euler angles (three letters, as in scipy). Two-fold axes are x, y and z. Elements are listed by growing angle,
    the identity first.

    Subgroups have the group's own name, ``(False, n)`` for the n rotations about one n-fold axis, ``(True, n)`` for these and the
    half turns about axes across it, and ``(True, 1)`` for one such half turn. One more part, an element a of the group, stands
    for the conjugate subgroup a^-1 H a; an element g alone, ``(g,)``, for the rotations that it generates, and
    ``("generated", i, j, ...)`` for what the elements of these numbers generate.
    """

    PARAM: str = "Q"
    IRREP_PARAMETERS: tuple[str, ...] = ("l",)
    PARAMETRIZATIONS: tuple[str, ...] = ROTATION_PARAMETRIZATIONS

    _frequencies: dict[int, int]
    """For each irrep the least order of harmonics in which it occurs."""

    _label: str
    _solid: str
    _generating: tuple[np.ndarray, ...]
    _axes: dict[int, tuple[np.ndarray, np.ndarray]]
    """For each n an n-fold axis, and a two-fold axis across it."""

    def __init__(self, name: str) -> None:
        self._trivial_and_whole_id = ((False, 1), self._label)
        super().__init__(name, continuous=False, abelian=False)

    def _key(self) -> tuple[()]:
        return ()

    @cached_property
    def rotation_matrices(self) -> np.ndarray:
        """The rotation matrices of all elements, shape ``(order, 3, 3)``; read-only."""
        return snapped(rotation_of_quaternion(polyhedral_rotations(self._solid)))

    @cached_property
    def _values(self) -> tuple[int, ...]:
        return tuple(range(len(self.rotation_matrices)))

    @cached_property
    def _quaternions(self) -> tuple[np.ndarray, ...]:
        return tuple(matrix_quaternion(matrix) for matrix in self.rotation_matrices)

    def _build_table(self) -> np.ndarray:
        flat = self.rotation_matrices.reshape(self.order(), 9)
        products = np.einsum("aij,bjk->abik", self.rotation_matrices, self.rotation_matrices).reshape(-1, 9)
        # The matrix with the greatest inner product is the nearest.
        return (products @ flat.T).argmax(axis=1).reshape(self.order(), self.order())

    def _to_canonical(self, value: Any, param: str) -> int:
        self._check_param(param)
        number = index_of_matrix(self.rotation_matrices, rotation_of_quaternion(to_quaternion(value, param)))
        if number is None:
            raise GroupError(
                f"{self.name} has no rotation {value!r} (parametrisation {param!r})",
                hint="its axes are those of a solid whose two-fold axes are x, y and z",
            )
        return number

    def _from_canonical(self, value: int, param: str) -> np.ndarray:
        self._check_param(param)
        return self.rotation_matrices[value] if param == "MAT" else from_quaternion(self._quaternions[value], param)

    def _repr_value(self, value: int) -> str:
        return f"array({array_as_text(self._quaternions[value])})"

    @property
    def component_generators(self) -> list[GroupElement]:
        """Rotations about two axes that generate the group."""
        return [self.element(q) for q in self._generating]

    def sample(self, generator: np.random.Generator | None = None, param: str = "Q") -> GroupElement:
        """A random rotation, each equally likely.

        Args:
            generator: the NumPy generator to draw from; a fresh one by default.
            param: taken as escnn takes it; it changes nothing.
        """
        return super().sample(generator)

    def change_param(self, element: Any, p_from: str, p_to: str) -> np.ndarray:
        """A rotation in another parametrisation.

        Args:
            element: its value.
            p_from: the parametrisation of the value.
            p_to: the one that is wanted.
        """
        self._check_param(p_from)
        self._check_param(p_to)
        return from_quaternion(to_quaternion(element, p_from), p_to)

    @property
    def standard_representation(self) -> Representation:
        """The rotation matrices: the irrep of the vector (x, y, z)."""
        return self.irrep(1)

    @abstractmethod
    def _irrep_matrices(self) -> dict[int, np.ndarray]:
        """The matrices of all irreps by label, the trivial one first, shape ``(order, size, size)`` each."""

    @cached_property
    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(
            IrreducibleRepresentation(
                self, (k,), f"irrep_{k}", matrices, matrices.shape[1], "R", frequency=self._frequencies[k]
            )
            for k, matrices in self._irrep_matrices().items()
        )

    def _subgroup_elements(self, id: Any) -> tuple[FiniteGroup, np.ndarray]:
        parts = list(id) if isinstance(id, (tuple, list)) else [id]
        if parts and parts[0] == GENERATED:
            return generated_subgroup(self, parts[1:])
        if len(parts) == 1 and isinstance(parts[0], GroupElement):
            return self._generated_by(self.index(self.element(parts[0])))
        frame = np.eye(3)
        if parts and isinstance(parts[-1], GroupElement):
            frame = self.rotation_matrices[self.index(self.element(parts.pop()))]
        if parts == [self._label]:
            group, matrices = self, self.rotation_matrices
        elif parts == ["tetra"]:
            from intertwine.group.catalogue.point_groups import point_group

            group = point_group("T")
            matrices = np.asarray(group.natural_representation.matrices)
        else:
            group, matrices = self._axial(parts, id)
        numbers = [index_of_matrix(self.rotation_matrices, matrix) for matrix in conjugated(matrices, frame)]
        return group, np.array(numbers, dtype=int)

    def _id_of_subgroup(self, numbers: list[int]) -> Any:
        return (GENERATED, *self.generating_numbers(numbers))

    def _generated_by(self, number: int) -> tuple[FiniteGroup, np.ndarray]:
        numbers, power = [0], number
        while power:
            numbers.append(power)
            power = int(self.table[power, number])
        return cyclic_group(len(numbers)), np.array(numbers)

    def _axial(self, parts: list[Any], id: Any) -> tuple[FiniteGroup, np.ndarray]:
        n = parts[1] if len(parts) == 2 else None
        known = len(parts) == 2 and isinstance(parts[0], bool) and isinstance(n, int) and (n in self._axes or n == 1)
        if not known:
            orders = ", ".join(str(k) for k in sorted({1, *self._axes}))
            raise GroupError(
                f"{self.name} has no subgroup {id!r}",
                hint=f"use {self._label!r}, or (False, n) or (True, n) for n = {orders}; an element of the group may follow",
            )
        n = int(n or 1)
        axis, across = self._axes[n if n > 1 else 2]
        if n == 1:
            group = cyclic_group(2 if parts[0] else 1)
            return group, axial_matrices(group, axis=across, across=axis)
        group = dihedral_group(n) if parts[0] else cyclic_group(n)
        return group, axial_matrices(group, axis=axis, across=across)


_Z = np.array([0.0, 0.0, 1.0])
_X = np.array([1.0, 0.0, 0.0])
_DIAGONAL = np.array([1.0, 1.0, 1.0])
_ACROSS = np.array([1.0, -1.0, 0.0])


class Octahedral(PolyhedralGroup):
    """The group O of the 24 rotations of the cube, whose faces point along x, y and z.

    The irrep 0 is trivial, 1 the vector (x, y, z), 3 the sign by which a rotation changes x y z, -1 their product, and 2 acts on
    (x^2 - y^2, (2 z^2 - x^2 - y^2) / sqrt(3)).

    Example:
        >>> Octahedral().irreps()
        [Octahedral|[irrep_0]:1, Octahedral|[irrep_1]:3, Octahedral|[irrep_-1]:3, Octahedral|[irrep_2]:2, Octahedral|[irrep_3]:1]
    """

    _frequencies = {0: 0, 1: 1, -1: 2, 2: 2, 3: 3}
    _label = "octa"
    _solid = "cube"
    _generating = (about(_Z, np.pi / 2), about(_DIAGONAL, 2 * np.pi / 3))
    _axes = {2: (_Z, _X), 3: (_DIAGONAL, _ACROSS), 4: (_Z, _X)}

    def __init__(self) -> None:
        super().__init__("Octahedral")

    def __reduce__(self) -> tuple[Any, ...]:
        return (octa_group, ())

    def _irrep_matrices(self) -> dict[int, np.ndarray]:
        vector = self.rotation_matrices
        # A rotation of the cube permutes the coordinates and changes their signs; it changes x y z by all these signs.
        sign = snapped(vector.sum(axis=2).prod(axis=1)[:, None, None])
        second = harmonic_action(vector, 2)[:, [[0], [4]], [[0, 4]]]
        return {0: np.ones((24, 1, 1)), 1: vector, -1: sign * vector, 2: snapped(second), 3: sign}

    @property
    def cube_vertices_representation(self) -> Representation:
        """The permutation of the 8 vertices of the cube (or faces of the octahedron)."""
        return self.quotient_representation((False, 3), name="cube_vertices")

    @property
    def cube_faces_representation(self) -> Representation:
        """The permutation of the 6 faces of the cube (or vertices of the octahedron)."""
        return self.quotient_representation((False, 4), name="cube_faces")

    @property
    def cube_edges_representation(self) -> Representation:
        """The permutation of the 12 edges of the cube (or of the octahedron)."""
        return self.quotient_representation((self.element(about([1.0, 1.0, 0.0], np.pi)),), name="cube_edges")


class Icosahedral(PolyhedralGroup):
    """The group I of the 60 rotations of the icosahedron whose vertices are (phi, 0, 1) and its images.

    The irrep 0 is trivial, 1 the vector (x, y, z), 2 acts on the harmonics of order 2, and those of order 3 split into the
    irreps 3 (of size 3) and 4 (of size 4).

    Example:
        >>> [irrep.size for irrep in Icosahedral().irreps()]
        [1, 3, 5, 3, 4]
    """

    _frequencies = {0: 0, 1: 1, 2: 2, 3: 3, 4: 3}
    _label = "ico"
    _solid = "ico"
    _generating = (about([GOLDEN, 0.0, 1.0], 2 * np.pi / 5), about(_Z, np.pi))
    _axes = {
        2: (_Z, _X),
        3: (_DIAGONAL, np.array([1 / GOLDEN, -GOLDEN, 1.0])),
        5: (np.array([GOLDEN, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])),
    }

    def __init__(self) -> None:
        super().__init__("Icosahedral")

    def __reduce__(self) -> tuple[Any, ...]:
        return (ico_group, ())

    def _irrep_matrices(self) -> dict[int, np.ndarray]:
        vector = self.rotation_matrices
        third = harmonic_action(vector, 3)
        # sqrt(5) -> -sqrt(5) carries the vector to the irrep 3; so does the seventh power, which exchanges 72 and 144 degrees.
        powers = vector
        for _ in range(6):
            powers = powers @ vector
        conjugate = np.einsum("gii->g", powers)
        found = {0: np.ones((60, 1, 1)), 1: vector, 2: snapped(harmonic_action(vector, 2))}
        for label, size, characters in ((3, 3, conjugate), (4, 4, np.einsum("gii->g", third) - conjugate)):
            basis = canonical_basis(np.tensordot(characters, third, axes=1) * size / 60, size)
            found[label] = snapped(basis @ third @ basis.T)
        return found

    def bl_irreps(self, L: int) -> list[tuple[int, ...]]:
        """Labels of the irreps up to L.

        Args:
            L: the greatest label, from 0 to 4.
        """
        if not is_whole(L) or not 0 <= L <= 4:
            raise GroupError(f"the irreps of {self.name} are numbered 0 to 4, so L = {L!r} names none")
        return [(label,) for label in range(int(L) + 1)]

    @property
    def ico_vertices_representation(self) -> Representation:
        """The permutation of the 12 vertices of the icosahedron (or faces of the dodecahedron)."""
        return self.quotient_representation((False, 5), name="ico_vertices")

    @property
    def ico_faces_representation(self) -> Representation:
        """The permutation of the 20 faces of the icosahedron (or vertices of the dodecahedron)."""
        return self.quotient_representation((False, 3), name="ico_faces")

    @property
    def ico_edges_representation(self) -> Representation:
        """The permutation of the 30 edges of the icosahedron (or of the dodecahedron)."""
        return self.quotient_representation((False, 2), name="ico_edges")


@suggests
@interned
def octa_group() -> Octahedral:
    """The group O of the 24 rotations of the cube and the octahedron.

    Example:
        >>> octa_group().order()
        24
    """
    return Octahedral()


@suggests
@interned
def ico_group() -> Icosahedral:
    """The group I of the 60 rotations of the icosahedron and the dodecahedron.

    Example:
        >>> ico_group().order()
        60
    """
    return Icosahedral()
