"""Representations made of others: sums, products, regular, quotient, induced and restricted ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from intertwine.errors import ArgumentError, GroupError, RepresentationError
from intertwine.group.constructions.decomposition import (
    continuous_representation,
    decompose,
    greatest_frequency,
    named_representation,
    restricted_data,
)
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation, block_diagonal, need_representations
from intertwine.group.matrices.element_matrices import (
    Deferred,
    Matrices,
    SignedPermutations,
    direct_sum,
    kronecker,
    snapped,
)
from intertwine.group.matrices.hom import ENDOMORPHISMS
from intertwine.group.matrices.labels import Label, SubgroupKey
from intertwine.memory import remembered
from intertwine.suggestions import suggests

if TYPE_CHECKING:
    from intertwine.group.core.continuous import ContinuousGroup


@suggests
def directsum(
    reprs: list[Representation], change_of_basis: np.ndarray | None = None, name: str | None = None
) -> Representation:
    """The direct sum of representations, their matrices along the diagonal.

    Args:
        reprs: representations of one group.
        change_of_basis: an invertible matrix A; the result is A (rho_1 + ... + rho_n) A^-1. Give an orthogonal one: fields of
            others work in convolutions and linear layers alone.
        name: the name that it prints.

    Raises:
        ArgumentError: for an empty list.
        GroupError: if the groups differ.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> group = cyclic_group(4)
        >>> directsum([group.irrep(0), group.irrep(1)])
        C4|[[irrep_0]_[irrep_1]]:3
    """
    if not reprs:
        raise ArgumentError("a direct sum needs at least one representation")
    need_representations(reprs, "a direct sum")
    group = reprs[0].group
    for other in reprs:
        if other.group != group:
            raise GroupError(f"a direct sum needs representations of one group, but {reprs[0]} and {other} were given")
    basis = block_diagonal([r.change_of_basis for r in reprs])
    if change_of_basis is not None:
        matrix = np.asarray(change_of_basis, dtype=float)
        if matrix.shape != basis.shape:
            raise RepresentationError(f"the change of basis has shape {matrix.shape}, but {basis.shape} is needed")
        basis = matrix @ basis
    irreps = [id for r in reprs for id in r.irreps]
    matrices = None
    if change_of_basis is None and isinstance(group, FiniteGroup):
        matrices = _Sum(tuple(reprs))
    return Representation(group, name or "_".join(f"[{r.name}]" for r in reprs), irreps, basis, _matrices=matrices)


class _Sum(Deferred):
    """The block-diagonal matrices of several representations."""

    def __init__(self, parts: tuple[Representation, ...]) -> None:
        self._parts = parts

    def make(self) -> Matrices:
        return direct_sum([part.element_matrices for part in self._parts])


@suggests
def change_basis(
    repr: Representation, change_of_basis: np.ndarray, name: str, supported_nonlinearities: list[str] | None = None
) -> Representation:
    """The same representation in other coordinates: A rho(g) A^-1.

    Args:
        repr: the representation rho.
        change_of_basis: an invertible matrix A, shape ``(size, size)``. Give an orthogonal one: fields of others work in
            convolutions and linear layers alone.
        name: the name that it prints.
        supported_nonlinearities: taken as escnn takes it and not used: what is supported is computed.
    """
    matrix = np.asarray(change_of_basis, dtype=float)
    if matrix.shape != (repr.size, repr.size):
        raise RepresentationError(
            f"the change of basis has shape {matrix.shape}, but {(repr.size, repr.size)} is needed"
        )
    return Representation(repr.group, name, repr.irreps, matrix @ repr.change_of_basis)


@suggests
def tensor_product(a: Representation, b: Representation) -> Representation:
    """The tensor product: Kronecker products of the matrices, split into irreps by the solver.

    Args:
        a: a representation of a finite group.
        b: another one of the same group.

    Example:
        >>> from intertwine.group import dihedral_group
        >>> vector = dihedral_group(4).irrep(1, 1)
        >>> tensor_product(vector, vector).irreps
        [(0, 0), (1, 0), (1, 2), (0, 2)]
    """
    need_representations([a, b], "a tensor product")
    # Equal representations may differ in name, and the product prints its factors and its group.
    return _tensor_product(a, b, a.name, b.name, a.group.name)


@remembered
def _tensor_product(a: Representation, b: Representation, a_name: str, b_name: str, printed: str) -> Representation:
    if a.group != b.group:
        raise GroupError(f"a tensor product needs representations of one group, but {a} and {b} were given")
    group = a.group
    if not (a.is_orthogonal and b.is_orthogonal):
        basis = np.kron(a.change_of_basis, b.change_of_basis)
        plain = [Representation(group, rho.name, rho.irreps, np.eye(rho.size)) for rho in (a, b)]
        return change_basis(tensor_product(*plain), basis, f"{a_name} X {b_name}")
    if not isinstance(group, FiniteGroup):
        pairs = zip(a.lie_matrices, b.lie_matrices, strict=True)
        lie = np.stack([np.kron(x, np.eye(b.size)) + np.kron(np.eye(a.size), y) for x, y in pairs])
        degree = greatest_frequency(a) + greatest_frequency(b)
        owner = cast("ContinuousGroup", group)
        return continuous_representation(owner, lambda g: np.kron(a(g), b(g)), degree, f"{a_name} X {b_name}", lie)
    matrices = kronecker(a.element_matrices, b.element_matrices)
    return named_representation(group, matrices, f"{a_name} X {b_name}")


def regular_representation(group: FiniteGroup) -> Representation:
    """The permutation of a finite group's elements by the group: rho(g) e_h = e_gh.

    Its change of basis holds the matrix coefficients sqrt(d / order) psi(g)_ij of the irreps (Peter and Weyl): for each
    irrep as many columns j as its matrices have independent ones over its commuting matrices.

    Args:
        group: the finite group.
    """
    labels: list[Label] = []
    columns: list[np.ndarray] = []
    for irrep in group.irreps():
        scale = np.sqrt(irrep.size / group.order())
        copies = irrep.size // ENDOMORPHISMS[irrep.type]
        for j in _independent_columns(irrep.endomorphism_basis(), copies):
            columns.append(scale * irrep.matrices[:, :, j])
            labels.append(irrep.id)
    return Representation(
        group, "regular", labels, np.concatenate(columns, axis=1), _matrices=SignedPermutations(group.table)
    )


def _independent_columns(endomorphisms: np.ndarray, copies: int) -> list[int]:
    """Unit vectors whose images under the commuting matrices are independent: the columns that carry new functions."""
    size = endomorphisms.shape[-1]
    if len(endomorphisms) == 1:
        return list(range(size))
    chosen: list[int] = []
    span = np.zeros((size, 0))
    for j in range(size):
        images = endomorphisms[:, :, j].T
        if np.linalg.matrix_rank(np.concatenate([span, images], axis=1), tol=1e-6) == span.shape[1] + images.shape[1]:
            chosen.append(j)
            span = np.concatenate([span, images], axis=1)
        if len(chosen) == copies:
            break
    return chosen


def restricted_representation(group: Group, id: Any, repr: Representation) -> Representation:
    """A representation of a group as one of a subgroup: the same matrices, split into the subgroup's irreps.

    Args:
        group: the group.
        id: the label of the subgroup.
        repr: a representation of the group.
    """
    need_representations([repr], "a restriction")
    # Equal representations may be restrictions of different ones.
    return _restricted(group, SubgroupKey(id), repr, repr.name, group.name, _wholes(repr))


def _wholes(repr: Representation) -> tuple[tuple[Representation, SubgroupKey], ...]:
    """What a representation was restricted from, one after the other."""
    if repr._restricted is None:
        return ()
    whole, id = repr._restricted
    return ((whole, SubgroupKey(id)), *_wholes(whole))


@remembered
def _restricted(
    group: Group,
    key: SubgroupKey,
    repr: Representation,
    name: str,
    printed: str,
    wholes: tuple[tuple[Representation, SubgroupKey], ...],
) -> Representation:
    found = _as_of_subgroup(group, key.id, repr, f"{printed}:{name}")
    found._restricted = (repr, key.id)
    return found


def _as_of_subgroup(group: Group, id: Any, repr: Representation, label: str) -> Representation:
    if repr.group != group:
        raise GroupError(f"a representation of {group} is needed, but {repr} is of {repr.group}")
    if not repr.is_orthogonal:
        return change_basis(_as_of_subgroup(group, id, repr.orthogonal_form, label), repr.change_of_basis, label)
    if isinstance(group, FiniteGroup):
        subgroup, numbers = group._subgroup_elements(id)
        return named_representation(subgroup, repr.element_matrices.take(numbers), label)
    subgroup, inclusion, _ = group.subgroup(id)
    if isinstance(subgroup, FiniteGroup):
        matrices = snapped(np.stack([repr(cast("GroupElement", inclusion(h))) for h in subgroup.elements]))
        return named_representation(subgroup, matrices, label)
    labels, basis = decompose(restricted_data(group, id, repr))
    return Representation(subgroup, label, labels, basis)
