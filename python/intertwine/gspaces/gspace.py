"""A base space R^d on which a group acts orthogonally."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.errors import ArgumentTypeError, GroupError, IntertwineError, RepresentationError, ShapeError
from intertwine.group.constructions.orientation import determinant, renamed, with_determinant
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import ElementMap, Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.suggestions import Suggesting, suggests

if TYPE_CHECKING:
    from intertwine.fields import FieldType

_LATTICE = 1e-9


class GSpace(Suggesting):
    """A space R^d and a group that acts on it by orthogonal matrices, leaving the origin in place.

    Args:
        fibergroup: the group.
        dimensionality: d, from 0 (no space, as for vectors of features) to 3.
        name: the name that it prints.
        action: the orthogonal matrices of the group on R^d; ``None`` if d is 0.

    Raises:
        RepresentationError: if the action has another size than d or is of another group.
    """

    def __init__(self, fibergroup: Group, dimensionality: int, name: str, action: Representation | None = None) -> None:
        if (dimensionality == 0) != (action is None) or (action is not None and action.size != dimensionality):
            raise RepresentationError(
                f"a space of dimension {dimensionality} needs an action of that size, but {action} was given"
            )
        if action is not None and action.group != fibergroup:
            raise RepresentationError(f"the action must be a representation of {fibergroup}, but {action} was given")
        if action is not None and not action.is_orthogonal:
            raise RepresentationError(f"the matrices of the action {action} must be orthogonal")
        self._fibergroup = fibergroup
        self._dimensionality = int(dimensionality)
        self._name = name
        self._action = action

    @property
    def fibergroup(self) -> Group:
        """The group."""
        return self._fibergroup

    @property
    def dimensionality(self) -> int:
        """The dimension d of the space R^d."""
        return self._dimensionality

    @property
    def name(self) -> str:
        """How it prints."""
        return self._name

    @property
    def basespace(self) -> str:
        """The space without the group, as text.

        Example:
            >>> from intertwine import gspaces
            >>> gspaces.rot2dOnR2(4).basespace
            'R^2'
        """
        return f"R^{self._dimensionality}"

    @property
    def basespace_action(self) -> Representation:
        """The orthogonal matrices of the group on R^d, in the coordinates x (right), y (up).

        Raises:
            RepresentationError: if there is no space (d = 0).
        """
        if self._action is None:
            raise RepresentationError(f"{self.name} has no base space on which {self.fibergroup} could act")
        return self._action

    def is_exact(self, element: GroupElement) -> bool:
        """Whether an element carries the pixel (or voxel) grid to itself, so that it acts without interpolation.

        Args:
            element: an element of ``fibergroup``.
        """
        if self._action is None:
            return True
        matrix = np.abs(self._action(element))
        return bool((np.minimum(matrix, np.abs(matrix - 1)) < _LATTICE).all())

    @property
    def exact_elements(self) -> list[GroupElement]:
        """The elements that act without interpolation on a grid of pixels or voxels; they form a subgroup.

        Of a continuous group, those among the ``testing_elements`` and the signed permutations of the coordinates.

        Example:
            >>> from intertwine import gspaces
            >>> gspaces.rot2dOnR2(8).exact_elements
            [0[2pi/8], 2[2pi/8], 4[2pi/8], 6[2pi/8]]
        """
        if isinstance(self.fibergroup, FiniteGroup):
            return [g for g in self.fibergroup.elements if self.is_exact(g)]
        found = [g for g in self.testing_elements if self.is_exact(g)]
        for g in self._signed_permutations():
            if g not in found:
                found.append(g)
        return found

    def _signed_permutations(self) -> list[GroupElement]:
        """The elements of a continuous group of matrices that act by signed permutations of the coordinates."""
        action, d = self._action, self.dimensionality
        if action is None or len(action.irreps) != 1 or "MAT" not in self.fibergroup.PARAMETRIZATIONS:
            return []
        found = []
        for order in itertools.permutations(range(d)):
            for signs in itertools.product((1.0, -1.0), repeat=d):
                matrix = np.eye(d)[list(order)] * signs
                own = action.change_of_basis.T @ matrix @ action.change_of_basis
                try:
                    element = self.fibergroup.element(own, "MAT")
                except IntertwineError:
                    continue
                if np.allclose(action(element), matrix, atol=_LATTICE):
                    found.append(element)
        return found

    def featurefield_action(
        self, input: np.ndarray, repr: Representation, element: GroupElement, order: int = 2
    ) -> np.ndarray:
        """A feature field moved by an element of the group: f'(x) = rho(g) f(g^-1 x).

        :meth:`intertwine.nn.FieldType.transform` does the same for tensors. Elements that carry the grid to itself are exact,
        and a quarter turn of a rectangle swaps its sides.

        Args:
            input: the field, shape ``(batch, repr.size, *others, *space)``; other axes, such as time, are kept.
            repr: how the group acts on the channels.
            element: of ``fibergroup``.
            order: of the spline between the samples, 0 to 5.

        Returns:
            the moved field, of the input's dtype (float64 for whole numbers that must be interpolated or mixed).

        Raises:
            GroupError: if the representation or the element is of another group.
            ShapeError: if the shape does not fit.
            ArgumentTypeError: if the input is no array of numbers.

        Example:
            >>> from intertwine import gspaces
            >>> space = gspaces.rot2dOnR2(4)
            >>> image = np.arange(4.0).reshape(1, 1, 2, 2)
            >>> space.featurefield_action(image, space.trivial_repr, space.fibergroup.element(1))[0, 0].tolist()
            [[1.0, 3.0], [0.0, 2.0]]
        """
        for given, kind in ((repr, Representation), (element, GroupElement)):
            if not isinstance(given, kind):
                raise ArgumentTypeError(f"a {kind.__name__} is needed, not {type(given).__name__}")
            if given.group != self.fibergroup:
                raise GroupError(f"{self} has the group {self.fibergroup}, but {given} is of {given.group}")
        if not isinstance(input, np.ndarray) or input.dtype.kind not in "iufc":
            raise ArgumentTypeError(
                f"a NumPy array of numbers is needed, not {type(input).__name__}",
                hint="for tensors use FieldType.transform",
            )
        if input.ndim < 2 + self.dimensionality or input.shape[1] != repr.size:
            raise ShapeError(
                f"a field of {repr} on {self} has the shape (batch, {repr.size}, others, {self.dimensionality} axes of space), "
                f"but {input.shape} was given"
            )
        values = input if input.dtype.kind in "fc" else input.astype(np.float64)
        turned = np.einsum("oi,bi...->bo...", repr(element), values).astype(values.dtype, copy=False)
        if self._action is None:
            return turned
        # Groups and spaces are there without torch; moving images needs it.
        import torch

        from intertwine.gspaces.resample import act_on_grid

        return act_on_grid(torch.from_numpy(np.ascontiguousarray(turned)), self._action(element), order).numpy()

    def type(self, *representations: Representation) -> FieldType:
        """The type of fields on this space.

        Args:
            *representations: one for each field.

        Raises:
            FieldTypeError: if something else than representations is given.

        Example:
            >>> from intertwine import gspaces
            >>> space = gspaces.rot2dOnR2(4)
            >>> space.type(space.regular_repr, space.irrep(1))
            [C4_on_R2[(None, 4)]: {regular (x1), irrep_1 (x1)}(6)]
        """
        # Groups and spaces are there without torch; types of tensors need it.
        from intertwine.fields import FieldType

        return FieldType(self, representations)

    # --- representations --------------------------------------------------------------------------------------------------

    @property
    def trivial_repr(self) -> IrreducibleRepresentation:
        """The irrep that is 1 everywhere."""
        return self.fibergroup.trivial_representation

    @cached_property
    def standard_repr(self) -> Representation:
        """A vector: an arrow in the coordinates x (right), y (up), z, which the group moves as it moves the space.

        rho(g) is the matrix of ``basespace_action``: gradients, velocities, forces, displacements. Where there are mirrors, this
        is in general none of the irreps: ``irrep(1, 1)`` of a plane is mirrored in another axis.

        Raises:
            RepresentationError: if there is no space (d = 0), whose vectors could be.

        Example:
            >>> from intertwine import gspaces
            >>> space = gspaces.flipRot2dOnR2(4)
            >>> mirror = space.fibergroup.element((1, 0))
            >>> space.standard_repr(mirror).tolist(), space.irrep(1, 1)(mirror).tolist()
            ([[-1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, -1.0]])
        """
        return renamed(self._for_directions("vector"), "vector")

    @cached_property
    def pseudovector_repr(self) -> Representation:
        """A pseudovector (axial vector): a vector that a mirror turns around, rho(g) = det A(g) A(g).

        In R^3 a curl: vorticity, angular velocity, torque, magnetic field. In R^2 a vector turned by 90 degrees, such as the
        gradient of a stream function makes a velocity of it. On the line it does not change at all.

        Raises:
            RepresentationError: if there is no space (d = 0).
        """
        return with_determinant(self._for_directions("pseudovector"), "pseudovector")

    @cached_property
    def pseudoscalar_repr(self) -> Representation:
        """A pseudoscalar: a number whose sign changes under mirrors, rho(g) = det A(g).

        In R^2 a curl, such as vorticity; in R^3 a helicity or a handedness; on the line an arrow.

        Raises:
            RepresentationError: if there is no space (d = 0).

        Example:
            >>> from intertwine import gspaces
            >>> gspaces.flipRot2dOnR2(4).pseudoscalar_repr.irreps
            [(1, 0)]
        """
        return determinant(self._for_directions("pseudoscalar"), "pseudoscalar")

    def _for_directions(self, kind: str) -> Representation:
        if self._action is None:
            raise RepresentationError(
                f"there is no {kind} on {self.name}: it has no base space, so nothing says how {self.fibergroup} moves one",
                hint="take a space such as gspaces.flipRot2dOnR2(4), or give the representation itself",
            )
        return self._action

    @property
    def regular_repr(self) -> Representation:
        """The permutation of the group's elements by the group."""
        return self.fibergroup.regular_representation

    def irrep(self, *id: int) -> IrreducibleRepresentation:
        """The irrep with this label.

        Args:
            *id: its label.
        """
        return self.fibergroup.irrep(*id)

    @property
    def irreps(self) -> list[IrreducibleRepresentation]:
        """The irreps of the group."""
        return self.fibergroup.irreps()

    def quotient_repr(self, subgroup_id: Any) -> Representation:
        """The permutation of the cosets of a subgroup.

        Args:
            subgroup_id: its label.
        """
        return self.fibergroup.quotient_representation(subgroup_id)  # type: ignore[attr-defined]

    def induced_repr(self, subgroup_id: Any, repr: Representation) -> Representation:
        """The representation induced from one of a subgroup.

        Args:
            subgroup_id: the label of the subgroup.
            repr: its representation.
        """
        return self.fibergroup.induced_representation(subgroup_id, repr)  # type: ignore[attr-defined]

    @property
    def representations(self) -> dict[str, Representation]:
        """The representations of the group by name: the irreps, the regular one, those that were made, and a program's own."""
        return self.fibergroup.representations

    @property
    def testing_elements(self) -> Iterable[GroupElement]:
        """Elements on which equivariance is tested."""
        return self.fibergroup.testing_elements()

    # --- subgroups --------------------------------------------------------------------------------------------------------

    def restrict(self, id: Any) -> tuple[GSpace, ElementMap, ElementMap]:
        """The same space with a subgroup acting on it.

        Args:
            id: the label of the subgroup.

        Returns:
            the space, the map of the subgroup's elements into the group, and the map back (``None`` outside).
        """
        subgroup, inclusion, restriction = self.fibergroup.subgroup(id)
        action = None if self._action is None else self._action.restrict(id)
        name = f"{subgroup}_on_R{self.dimensionality}[{self.name}:{id}]"
        return GSpace(subgroup, self.dimensionality, name, action), inclusion, restriction

    # --- values -----------------------------------------------------------------------------------------------------------

    def _key(self) -> Hashable:
        return (self._fibergroup, self._dimensionality)

    @cached_property
    def _generator_action(self) -> np.ndarray:
        if self._action is None:
            return np.zeros((0, 0, 0))
        return np.concatenate([self._action.generator_matrices, self._action.lie_matrices])

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, GSpace):
            return NotImplemented
        return self._key() == other._key() and bool(
            np.abs(self._generator_action - other._generator_action).max(initial=0.0) < _LATTICE
        )

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return self.name

    def __copy__(self) -> GSpace:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> GSpace:
        return self


class GSpace0D(GSpace):
    """No space: features are plain vectors on which the group acts.

    Args:
        G: the group.
    """

    def __init__(self, G: Group) -> None:
        super().__init__(G, 0, str(G))

    def restrict(self, id: Any) -> tuple[GSpace, ElementMap, ElementMap]:
        """The same with a subgroup.

        Args:
            id: the label of the subgroup.
        """
        subgroup, inclusion, restriction = self.fibergroup.subgroup(id)
        return GSpace0D(subgroup), inclusion, restriction

    def __reduce__(self) -> tuple[Callable[[Group], GSpace0D], tuple[Group]]:
        return (GSpace0D, (self.fibergroup,))


@suggests
def no_base_space(G: Group) -> GSpace0D:
    """No space, only features on which the group acts: for :class:`intertwine.nn.Linear` and vectors.

    Args:
        G: the group.

    Raises:
        GroupError: if that is no group.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> no_base_space(cyclic_group(8))
        C8
    """
    if not isinstance(G, Group):
        raise GroupError(f"a group is needed, not {G!r}", hint="make one, for example with cyclic_group(8)")
    return GSpace0D(G)
