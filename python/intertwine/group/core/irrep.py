"""Irreducible representations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from intertwine.errors import RepresentationError
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import Matrices, snapped
from intertwine.group.matrices.hom import ENDOMORPHISMS
from intertwine.group.matrices.labels import Label, as_label


class IrreducibleRepresentation(Representation):
    """A real irreducible representation: one that no change of basis splits.

    The matrices that commute with it form the real numbers, the complex numbers or the quaternions: its ``type`` is
    ``"R"``, ``"C"`` or ``"H"``.

    Args:
        group: the group.
        id: its label, a tuple of whole numbers.
        name: the name that it prints.
        representation: its matrices: a function of an element's canonical value, a dict by element, or all matrices of a finite
            group in the order of its elements, shape ``(order, size, size)``.
        size: the size of its matrices.
        type: ``"R"``, ``"C"`` or ``"H"``.
        supported_nonlinearities: taken as escnn takes it and not used: what is supported is computed.
        character: taken as escnn takes it and not used: characters are traces.
        **kwargs: attributes, for example ``frequency``.
    """

    irreducible = True

    def __init__(
        self,
        group: Group,
        id: Label,
        name: str,
        representation: dict[GroupElement, np.ndarray] | np.ndarray | Matrices | Callable[[Any], np.ndarray],
        size: int,
        type: str,
        supported_nonlinearities: Iterable[str] = (),
        character: object = None,
        *,
        _lie: np.ndarray | None = None,
        **kwargs: Any,
    ) -> None:
        self._given_lie = _lie
        if type not in ENDOMORPHISMS:
            raise RepresentationError(f"an irrep has type 'R', 'C' or 'H', not {type!r}")
        self._id = as_label(id)
        self._type = type
        self._size = int(size)
        if isinstance(representation, dict):
            by_value = {group._hash_value(g._value): np.asarray(m, dtype=float) for g, m in representation.items()}
            matrices: Any = lambda value: by_value[group._hash_value(value)]  # noqa: E731
        else:
            matrices = representation
        super().__init__(group, name, [self._id], np.eye(self._size), _matrices=matrices, **kwargs)

    def _irreps_size(self) -> int:
        return self._size

    @property
    def id(self) -> Label:
        """The label of the irrep."""
        return self._id

    @property
    def type(self) -> str:
        """``"R"``, ``"C"`` or ``"H"``: the algebra of the matrices that commute with it."""
        return self._type

    @property
    def sum_of_squares_constituents(self) -> int:
        """The dimension of that algebra: 1, 2 or 4."""
        return ENDOMORPHISMS[self._type]

    @cached_property
    def _trivial(self) -> bool:
        return self._size == 1 and bool((self._matrices_to_test == 1.0).all()) and not self.lie_matrices.any()

    @cached_property
    def lie_matrices(self) -> np.ndarray:
        """The derivatives along a basis of the Lie algebra, shape ``(dimension of the group, size, size)``."""
        return np.zeros((0, self._size, self._size)) if self._given_lie is None else self._given_lie

    def is_trivial(self) -> bool:
        """Whether it is 1 everywhere."""
        return self._trivial

    def contains_trivial(self) -> bool:
        """Whether it is 1 everywhere."""
        return self._trivial

    @cached_property
    def is_invariant(self) -> bool:
        """Whether it is 1 everywhere."""
        return self._trivial

    @cached_property
    def _endomorphisms(self) -> np.ndarray:
        from intertwine.group.matrices.hom import intertwiners

        generators, lie = self.generator_matrices, self.lie_matrices
        basis = intertwiners(generators, generators, a_lie=lie, b_lie=lie, dimension=self.sum_of_squares_constituents)
        # The solver scales to trace(X^T X) = 1; here X^T X = 1, and the first matrix is the identity.
        return snapped(basis * np.sqrt(self._size))

    def endomorphism_basis(self) -> np.ndarray:
        """A basis of the matrices that commute with it, the identity first, shape ``(dimension, size, size)``."""
        return self._endomorphisms

    def __reduce__(self) -> tuple[Callable[..., Representation], tuple[Any, ...]]:
        return (_irrep, (self._group, self._id))


def _irrep(group: Group, id: Label) -> IrreducibleRepresentation:
    return group.irrep(*id)
