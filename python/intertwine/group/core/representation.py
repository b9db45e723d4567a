"""Real orthogonal representations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from intertwine.errors import ArgumentTypeError, GroupError, RepresentationError
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.matrices.element_matrices import (
    Deferred,
    DenseMatrices,
    Matrices,
    SignedPermutations,
    compact,
    snapped,
)
from intertwine.group.matrices.labels import Label, as_label

_EQUAL = 1e-9
"""Matrices that differ by less than this are the same matrix."""


def block_diagonal(blocks: Iterable[np.ndarray]) -> np.ndarray:
    """Square blocks along the diagonal of one matrix, shapes ``(n_i, n_i)`` to ``(sum n_i, sum n_i)``."""
    blocks = list(blocks)
    size = sum(block.shape[-1] for block in blocks)
    result = np.zeros((*blocks[0].shape[:-2], size, size))
    start = 0
    for block in blocks:
        stop = start + block.shape[-1]
        result[..., start:stop, start:stop] = block
        start = stop
    return result


class Representation:
    """A real representation rho(g) = Q (psi_1(g) + ... + psi_n(g)) Q^-1 of a group.

    ``psi_i`` are irreps. Q is orthogonal, unless a program gives another matrix: such fields work in convolutions and linear
    layers alone. ``rho(g)`` is a matrix of shape ``(size, size)``; a representation that is a permutation has entries of
    exactly 0 and 1. Its properties (``is_permutation``, ``contains_trivial()``, ...) are computed from its matrices.
    Representations are immutable values: equal if group, irreps and Q are equal.

    Args:
        group: the group.
        name: the name that it prints.
        irreps: labels of the irreps that it contains, in the order of their blocks.
        change_of_basis: Q, shape ``(size, size)``, orthogonal or at least invertible.
        supported_nonlinearities: taken as escnn takes it and not used: what is supported is computed.
        representation: taken as escnn takes it and checked: matrices by element, or a function of the element.
        character: taken as escnn takes it and not used: characters are traces.
        change_of_basis_inv: taken as escnn takes it and not used: the inverse is computed.
        **kwargs: attributes to remember under ``attributes``.

    Raises:
        RepresentationError: if Q has no inverse or the wrong size, or the given matrices are others.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> group = cyclic_group(4)
        >>> group.regular_representation
        C4|[regular]:4
        >>> group.irrep(1)(group.element(1)).tolist()
        [[0.0, -1.0], [1.0, 0.0]]
    """

    irreducible: bool = False

    _restricted: tuple[Representation, Any] | None = None
    """The representation of a larger group that was restricted to this one, and the label of the subgroup."""

    def __init__(
        self,
        group: Group,
        name: str,
        irreps: Iterable[Label],
        change_of_basis: np.ndarray,
        supported_nonlinearities: Iterable[str] = (),
        representation: dict[GroupElement, np.ndarray] | Callable[[GroupElement], np.ndarray] | None = None,
        character: object = None,
        change_of_basis_inv: np.ndarray | None = None,
        *,
        _matrices: np.ndarray | Matrices | Deferred | Callable[[Any], np.ndarray] | None = None,
        **kwargs: Any,
    ) -> None:
        self._group = group
        self._name = name
        self._irreps = tuple(as_label(id) for id in irreps)
        self._attributes = kwargs
        basis = snapped(np.array(change_of_basis, dtype=float))
        size = self._irreps_size()
        if basis.shape != (size, size):
            raise RepresentationError(
                f"the irreps of {name!r} add up to size {size} but its change of basis has shape {basis.shape}"
            )
        self._change_of_basis, self._change_of_basis_inv = basis, basis.T
        self._orthogonal = np.allclose(basis @ basis.T, np.eye(size), atol=1e-6)
        if not self._orthogonal:
            if not np.isfinite(basis).all() or not np.linalg.cond(basis) < 1 / _EQUAL:
                raise RepresentationError(f"the change of basis of {name!r} has no inverse, or one of huge numbers")
            self._change_of_basis_inv = snapped(np.linalg.inv(basis))
        self._given_matrices = _matrices
        if representation is not None and not self.irreducible:
            self._check_given(representation)

    def _irreps_size(self) -> int:
        return sum(self._group.irrep(*id).size for id in self._irreps)

    def _check_given(self, given: dict[GroupElement, np.ndarray] | Callable[[GroupElement], np.ndarray]) -> None:
        for element in self.group.component_generators:
            matrix = given[element] if isinstance(given, dict) else given(element)
            if not np.allclose(matrix, self(element), atol=1e-6):
                raise RepresentationError(
                    f"the matrix given for {element} is not the one that irreps and change of basis make",
                    hint="leave `representation` out, or correct `irreps` and `change_of_basis`",
                )

    # --- what it is -------------------------------------------------------------------------------------------------------

    @property
    def group(self) -> Group:
        """The group."""
        return self._group

    @property
    def name(self) -> str:
        """The name that it prints."""
        return self._name

    @property
    def irreps(self) -> list[Label]:
        """The labels of the irreps that it contains, in the order of their blocks."""
        return list(self._irreps)

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """What was remembered about it, for example its frequency; a program may add notes of its own.

        Notes belong to this object: no result depends on them, and equal representations have their own.
        """
        return dict(self._attributes)

    @property
    def size(self) -> int:
        """The size of its matrices."""
        return self._change_of_basis.shape[0]

    @property
    def change_of_basis(self) -> np.ndarray:
        """Q in rho = Q (sum of irreps) Q^T, shape ``(size, size)``; read-only."""
        return self._change_of_basis

    @property
    def change_of_basis_inv(self) -> np.ndarray:
        """The inverse of Q: its transpose, if Q is orthogonal; read-only."""
        return self._change_of_basis_inv

    @property
    def is_orthogonal(self) -> bool:
        """Whether Q is orthogonal, so that all matrices are."""
        return self._orthogonal

    @property
    def orthogonal_form(self) -> Representation:
        """The representation itself if Q is orthogonal, else the sum of its irreps: other coordinates for the same fields."""
        if self._orthogonal:
            return self
        return Representation(self._group, f"{self._name}_irreps", self._irreps, np.eye(self.size))

    @property
    def representation(self) -> Representation:
        """The representation itself, as a function of elements."""
        return self

    # --- its matrices -----------------------------------------------------------------------------------------------------

    @cached_property
    def element_matrices(self) -> Matrices:
        """The matrices of all elements of a finite group, stored as signed permutations if they are such and large, else densely.

        Raises:
            GroupError: for a continuous group.
        """
        if not isinstance(self._group, FiniteGroup):
            raise GroupError(
                f"{self._group} has infinitely many elements", hint="call the representation at one element"
            )
        given = self._given_matrices
        if isinstance(given, Deferred):
            return compact(given.make())
        if isinstance(given, (np.ndarray, DenseMatrices, SignedPermutations)):
            return compact(given)
        basis, inverse = self._change_of_basis, self._change_of_basis_inv
        irreps = [] if given is not None else [self._group.irrep(*id).matrices for id in self._irreps]
        # One matrix at a time: the intermediate arrays are several times as large as the result.
        result = np.empty((self._group.order(), self.size, self.size))
        for number, value in enumerate(self._group._values):
            result[number] = (
                basis @ block_diagonal([m[number] for m in irreps]) @ inverse if given is None else given(value)
            )
        return compact(result)

    @property
    def matrices(self) -> np.ndarray:
        """All matrices of a representation of a finite group, shape ``(order, size, size)``; read-only.

        Those of large permutations are made anew each time: ask for single ones, or ask once.

        Raises:
            GroupError: for a continuous group.
        """
        return self.element_matrices.dense

    def _matrix(self, value: Any) -> np.ndarray:
        if callable(self._given_matrices):
            return snapped(self._given_matrices(value))
        # Each irrep is evaluated once, however often it occurs.
        matrices = {id: self._group.irrep(*id)._matrix(value) for id in dict.fromkeys(self._irreps)}
        blocks = block_diagonal([matrices[id] for id in self._irreps])
        return snapped(self._change_of_basis @ blocks @ self._change_of_basis_inv)

    def __call__(self, element: GroupElement) -> np.ndarray:
        """The matrix of an element, shape ``(size, size)``; read-only.

        Raises:
            GroupError: if it is an element of another group.
        """
        if not isinstance(element, GroupElement):
            raise ArgumentTypeError(
                f"a representation is called with a group element, but {type(element).__name__} was given",
                hint="make one with group.element(value)",
            )
        if element.group != self._group:
            raise GroupError(
                f"{{element}} is an element of {element.group}, but this is a representation of {self._group}",
                parts={"element": element},
            )
        if isinstance(self._group, FiniteGroup):
            return self.element_matrices.at(self._group.index(element))
        return self._matrix(element._value)

    @cached_property
    def generator_matrices(self) -> np.ndarray:
        """The matrices of the generators, shape ``(generators, size, size)``."""
        generators = self._group.component_generators
        if not generators:
            return np.zeros((0, self.size, self.size))
        return np.stack([self(element) for element in generators])

    @cached_property
    def lie_matrices(self) -> np.ndarray:
        """The derivatives along a basis of the Lie algebra, shape ``(dimension of the group, size, size)``.

        The dimension is 0 for a finite group.
        """
        if not self._group.continuous:
            return np.zeros((0, self.size, self.size))
        blocks = block_diagonal([self._group.irrep(*id).lie_matrices for id in self._irreps])
        return snapped(self._change_of_basis @ blocks @ self._change_of_basis_inv)

    @cached_property
    def characters(self) -> np.ndarray:
        """The traces of all matrices of a representation of a finite group, shape ``(order,)``."""
        return self.element_matrices.characters

    def character(self, e: GroupElement) -> float:
        """The trace of the matrix of an element."""
        return float(np.trace(self(e)))

    # --- what it can do ---------------------------------------------------------------------------------------------------

    @cached_property
    def is_permutation(self) -> bool:
        """Whether every matrix permutes the channels: then it commutes with any function of one channel."""
        return bool(np.isin(self._matrices_to_test, (0.0, 1.0)).all()) and not self.lie_matrices.any()

    @cached_property
    def is_signed_permutation(self) -> bool:
        """Whether every matrix permutes the channels up to signs."""
        return bool(np.isin(self._matrices_to_test, (0.0, 1.0, -1.0)).all()) and not self.lie_matrices.any()

    @property
    def _matrices_to_test(self) -> np.ndarray:
        """The matrices of the generators, or the identity if there are none: what is a permutation here is one everywhere."""
        return self.generator_matrices if len(self.generator_matrices) else np.eye(self.size)[None]

    def is_trivial(self) -> bool:
        """Whether every matrix is 1 (of size 1): a representation by one invariant channel."""
        return self.size == 1 and self.contains_trivial()

    @cached_property
    def is_invariant(self) -> bool:
        """Whether every matrix is the identity: its channels do not change at all."""
        return all(self._group.irrep(*id).is_trivial() for id in self._irreps)

    def contains_trivial(self) -> bool:
        """Whether some combination of its channels is invariant."""
        return any(self._group.irrep(*id).is_trivial() for id in self._irreps)

    def multiplicity(self, irrep: Label) -> int:
        """How often it contains an irrep.

        Args:
            irrep: the label of the irrep.
        """
        identifier = self._group.get_irrep_id(irrep)
        return sum(id == identifier for id in self._irreps)

    @cached_property
    def supported_nonlinearities(self) -> set[str]:
        """What commutes with it, in escnn's words, computed from its matrices; a program may take some away.

        What is added has no effect: layers also ask the matrices. Like ``attributes``, the set belongs to this object.
        """
        return set(self._computed_nonlinearities)

    @cached_property
    def _computed_nonlinearities(self) -> frozenset[str]:
        supported = {"norm": True, "gated": True}
        supported["gate"] = self.is_trivial()
        supported["pointwise"] = self.is_permutation or self.is_trivial()
        supported["concatenated"] = self.is_signed_permutation
        finite = isinstance(self._group, FiniteGroup) and self._group.vector_label is not None
        supported["vectorfield"] = finite and self == self._group.regular_representation
        return frozenset(word for word, holds in supported.items() if holds)

    def supports(self, nonlinearity: str) -> bool:
        """Whether a non-linearity commutes with it, and was not taken away from ``supported_nonlinearities``.

        Args:
            nonlinearity: ``"pointwise"``, ``"concatenated"``, ``"norm"``, ``"gated"``, ``"gate"`` or ``"vectorfield"``.
        """
        return nonlinearity in self._computed_nonlinearities and nonlinearity in self.supported_nonlinearities

    # --- what is made of it -----------------------------------------------------------------------------------------------

    def __add__(self, other: Representation) -> Representation:
        """The direct sum with another representation."""
        from intertwine.group.constructions.constructions import directsum

        return directsum([self, other])

    def tensor(self, other: Representation) -> Representation:
        """The tensor product (Kronecker products of the matrices) with another representation."""
        from intertwine.group.constructions.constructions import tensor_product

        return tensor_product(self, other)

    def restrict(self, id: Any) -> Representation:
        """The same matrices as a representation of a subgroup.

        Args:
            id: the label of the subgroup.
        """
        return self._group.restrict_representation(id, self)

    def endomorphism_basis(self) -> np.ndarray:
        """A basis of the matrices that commute with it, shape ``(dimension, size, size)``."""
        from intertwine.group.constructions.decomposition import homomorphism_space

        return homomorphism_space(self, self)

    # --- values -----------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Representation):
            return NotImplemented
        return (
            self._irreps == other._irreps
            and self._group == other._group
            and bool(np.abs(self._change_of_basis - other._change_of_basis).max(initial=0.0) < _EQUAL)
        )

    def __hash__(self) -> int:
        return hash((self._group, self._irreps))

    def __repr__(self) -> str:
        return f"{self._group.name}|[{self._name}]:{self.size}"

    def __copy__(self) -> Representation:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Representation:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        given = None
        if self._given_matrices is not None and isinstance(self._group, FiniteGroup) and not self.is_signed_permutation:
            given = self.matrices
        built = (self._group, self._name, self._irreps, self._change_of_basis, given, self._attributes)
        kept = ("attributes", "supported_nonlinearities", "_restricted")
        notes = {name: vars(self)[name] for name in kept if name in vars(self)}
        return (_rebuild, built, notes or None)


def _rebuild(
    group: Group,
    name: str,
    irreps: tuple[Label, ...],
    change_of_basis: np.ndarray,
    matrices: np.ndarray | None,
    attributes: dict[str, Any],
) -> Representation:
    # Permutations come back exactly from these alone; their matrices would be by far the most of what is written.
    return Representation(group, name, irreps, change_of_basis, _matrices=matrices, **attributes)


def need_representations(values: Iterable[object], what: str) -> None:
    """Raises unless all values are representations.

    Args:
        values: what was given.
        what: what they are needed for, for the message.

    Raises:
        ArgumentTypeError: naming the type of the first value that is not a representation.
    """
    for value in values:
        if not isinstance(value, Representation):
            raise ArgumentTypeError(
                f"{what} needs representations, but {type(value).__name__} was given",
                hint="take them from a group: group.irrep(1), group.regular_representation, ...",
            )
