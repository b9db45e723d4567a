"""Bases of steerable kernels between two components of representations.

A kernel K is equivariant when K(g x) = rho_out(g) K(x) rho_in(g)^T for all g (Cohen, Geiger and Weiler, "A general theory of
equivariant CNNs on homogeneous spaces", 2019). Written in scalar functions phi(g x) = D(g) phi(x), its coefficients are
intertwiners from rho_in (x) D to rho_out. Between irreps this system is solved directly.

If rho_out = Ind_H^G sigma, the row block of the first coset determines all others,

    K_a(x) = T_a K_0(g_a^-1 x) rho_in(g_a)^T,

and K_0 is any element of Hom_H(rho_in (x) D, sigma). That space in turn splits over the H-orbits of blocks of rho_in: one
block of each orbit determines the rest, and has to commute with its stabiliser L in H only. For a regular representation H
and L are trivial, and K_0 is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from intertwine.group.constructions.components import Component, IrrepComponent
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.constructions.induced_structure import InducedComponent
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation, block_diagonal
from intertwine.group.matrices.hom import intertwiners
from intertwine.kernels.orbits import Angular, Orbit, angular_action, angular_lie, angular_size
from intertwine.kernels.ring_functions import ScalarBasis
from intertwine.memory import remembered

if TYPE_CHECKING:
    from intertwine.group.core.continuous import ContinuousGroup
    from intertwine.group.core.element import GroupElement


@dataclass(frozen=True, eq=False)
class RowBasis:
    """A basis of K_0, the kernels into the first block of a component.

    Attributes:
        coefficients: shape ``(n, width of the out block, channels of the in component, scalar functions)``; ``None`` when
            every coefficient is free, n being their number.
        size: n.
        functions: the number of the ring-and-order block of each basis element, shape ``(n,)``; ``None`` when free.
        blocks: the scalar functions of each ring-and-order block; an element is made of those of one.
    """

    coefficients: np.ndarray | None
    size: int
    functions: np.ndarray | None
    blocks: tuple[slice, ...]

    def parts(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """For each ring-and-order block its number, the numbers of its elements, and their coefficients of its functions."""
        if self.coefficients is None or self.functions is None:
            return
        for number, where in enumerate(self.blocks):
            elements = np.flatnonzero(self.functions == number)
            if len(elements):
                yield number, elements, self.coefficients[elements][..., where]

    def sampled(self, functions: np.ndarray) -> np.ndarray:
        """The elements at some points, of a basis that is not free.

        Args:
            functions: the scalar functions there, shape ``(scalar functions, points)``.

        Returns:
            shape ``(n, width of the out block, channels of the in component, points)``.
        """
        shape = (0, 0, 0) if self.coefficients is None else self.coefficients.shape[:3]
        values = np.zeros((*shape, functions.shape[1]))
        for number, elements, coefficients in self.parts():
            values[elements] = coefficients @ functions[self.blocks[number]]
        return values

    def kept(self, mask: np.ndarray) -> RowBasis:
        """The basis without some elements.

        Args:
            mask: whether to keep each, shape ``(size,)``.
        """
        if self.coefficients is None or self.functions is None or mask.all():
            return self
        return RowBasis(self.coefficients[mask], int(mask.sum()), self.functions[mask], self.blocks)


def row_basis(action: Representation, source: Component, target: Component, scalars: ScalarBasis) -> RowBasis:
    """The canonical basis of kernels from a component into the first block of another.

    Args:
        action: the orthogonal action of the group on R^d.
        source: the component of the input.
        target: the component of the output.
        scalars: the scalar functions.

    Returns:
        the basis; its elements are ordered by ring, order, orbit of input blocks, and solution.
    """
    blocks = tuple(rows for _, _, rows in scalars.blocks)
    if target.is_free:
        return RowBasis(None, source.size * scalars.size, None, blocks)
    orders = dict.fromkeys(order for ring in scalars.rings for order in ring.orders)
    by_order: dict[Angular, np.ndarray] = {}
    for order in orders:
        if isinstance(source, IrrepComponent) and isinstance(target, IrrepComponent):
            by_order[order] = irrep_kernels(action, source.irrep, target.irrep, order)
        else:
            by_order[order] = _rows_of_order(action, as_induced(source), as_induced(target), order)
    elements, functions = [], []
    for number, (_, order, rows) in enumerate(scalars.blocks):
        solutions = by_order[order]
        block = np.zeros((len(solutions), target.width, source.size, scalars.size))
        block[..., rows] = solutions
        elements.append(block)
        functions += [number] * len(solutions)
    coefficients = np.concatenate(elements) if elements else np.zeros((0, target.width, source.size, scalars.size))
    return RowBasis(coefficients, len(coefficients), np.array(functions, dtype=int), blocks)


def as_induced(component: Component) -> InducedComponent:
    """A component of a representation of a finite group as an induced one; an irrep has one block.

    Args:
        component: the component.
    """
    return component.induced if isinstance(component, IrrepComponent) else component


_DEGREE_STEP = 16
"""Degrees of quadrature are rounded up to multiples of this, so that few sets of characters serve all."""


@remembered
def _haar(group: Group, degree: int) -> tuple[tuple[GroupElement, ...], np.ndarray]:
    elements, weights = cast("FiniteGroup | ContinuousGroup", group).class_quadrature(degree)
    return tuple(elements), weights


@remembered
def _characters(representation: Representation, degree: int) -> np.ndarray:
    if isinstance(representation.group, FiniteGroup):
        return representation.characters
    return np.array([representation.character(g) for g in _haar(representation.group, degree)[0]])


@remembered
def _harmonic_characters(action: Representation, order: Angular, degree: int) -> np.ndarray:
    elements, _ = _haar(action.group, degree)
    return np.array([np.trace(angular_action(action(g), order)) for g in elements])


def _closed_form(
    action: Representation, source: IrreducibleRepresentation, target: IrreducibleRepresentation, order: Angular
) -> np.ndarray | None:
    """The kernels from known coefficients, where the harmonics are an irrep of the group; otherwise ``None``."""
    if isinstance(action.group, FiniteGroup) or isinstance(order, Orbit):
        return None
    group = cast("ContinuousGroup", action.group)
    harmonic = group.harmonic_irrep(action, order)
    return None if harmonic is None else group.coupling(source, harmonic, target)


@remembered
def irrep_kernels(
    action: Representation, source: IrreducibleRepresentation, target: IrreducibleRepresentation, order: Angular
) -> np.ndarray:
    """Hom_G(source (x) D_l, target): the kernels of one order of harmonics between two irreps.

    The dimension is known beforehand from the characters.

    Args:
        action: the action on R^d.
        source: the irrep of the input.
        target: the irrep of the output.
        order: l, or the orbit.

    Returns:
        shape ``(n, target size, source size, functions)``.
    """
    group = action.group
    closed = _closed_form(action, source, target, order)
    if closed is not None:
        return closed
    degree = 0
    if not isinstance(group, FiniteGroup) and not isinstance(order, Orbit):
        degree = greatest_frequency(source) + greatest_frequency(target) + order
        degree = -(-degree // _DEGREE_STEP) * _DEGREE_STEP
    traces = _characters(source, degree) * _characters(target, degree) * _harmonic_characters(action, order, degree)
    dimension = round(float(_haar(group, degree)[1] @ traces))
    functions = angular_size(action.size, order)
    shape = (dimension, target.size, source.size, functions)
    if dimension == 0:
        return np.zeros(shape)
    harmonic = [angular_action(matrix, order) for matrix in action.generator_matrices]
    inside = [np.kron(a, d) for a, d in zip(source.generator_matrices, harmonic, strict=True)]
    size = source.size * functions
    lie = [
        np.kron(a, np.eye(functions)) + np.kron(np.eye(source.size), d)
        for a, d in zip(source.lie_matrices, angular_lie(action.lie_matrices, order), strict=True)
    ]
    found = intertwiners(
        np.array(inside).reshape(-1, size, size),
        target.generator_matrices,
        a_lie=np.array(lie).reshape(-1, size, size),
        b_lie=target.lie_matrices,
        dimension=dimension,
    ).reshape(shape)
    found.flags.writeable = False
    return found


def _solve(
    group: FiniteGroup, elements: tuple[int, ...], inside: np.ndarray, outside: np.ndarray, harmonic: np.ndarray
) -> np.ndarray:
    """Hom_L(inside (x) harmonic, outside) for matrices given at all elements of L, shape ``(n, out, in * harmonic)``.

    The dimension is known beforehand from the characters.
    """
    characters = np.einsum("gii,gjj,gkk->g", outside, inside, harmonic)
    dimension = round(float(characters.mean()))
    size = inside.shape[1] * harmonic.shape[1]
    if dimension == 0:
        return np.zeros((0, outside.shape[1], size))
    where = {element: position for position, element in enumerate(elements)}
    rows = [where[g] for g in group.generating_numbers(elements)]
    product = np.einsum("gij,gkl->gikjl", inside[rows], harmonic[rows]).reshape(len(rows), size, size)
    return intertwiners(product, outside[rows], dimension=dimension)


def _rows_of_order(
    action: Representation, source: InducedComponent, target: InducedComponent, order: Angular
) -> np.ndarray:
    """The solutions with harmonics of one order, shape ``(n, out width, in channels, harmonics)``."""
    group = target.group
    stabilizer = np.array(target.stabilizer)
    harmonic = np.stack([angular_action(action.matrices[g], order) for g in target.stabilizer])
    functions = harmonic.shape[1]
    images = source.images[stabilizer]
    solutions = []
    seen: set[int] = set()
    for block in range(source.count):
        if block in seen:
            continue
        keeps = np.flatnonzero(images[:, block] == block)
        little = tuple(int(h) for h in stabilizer[keeps])
        inside = source.blocks[list(little), block]
        found = _solve(group, little, inside, target.sigma[keeps], harmonic[keeps])
        found = found.reshape(len(found), target.width, source.width, functions)
        spread = np.zeros((len(found), target.width, source.count, source.width, functions))
        orbit = np.unique(images[:, block])
        seen.update(orbit.tolist())
        for image in orbit:
            h = int(np.flatnonzero(images[:, block] == image)[0])
            carried = source.blocks[stabilizer[h], block]
            # Small matrices: two plain products are many times faster than one einsum over four arrays.
            right = np.kron(carried, harmonic[h]).T
            flat = target.sigma[h] @ found.reshape(len(found), target.width, len(right)) @ right
            spread[:, :, image] = flat.reshape(found.shape)
        # One unit of weight makes the same energy in the row, however many blocks it is spread over.
        solutions.append((spread / np.sqrt(len(orbit))).reshape(len(found), target.width, source.size, functions))
    return np.concatenate(solutions)


def transported_functions(
    action: Representation, target: Component, scalars: ScalarBasis, points: np.ndarray
) -> np.ndarray:
    """phi(g_a^-1 x) at the kernel's cells for each block a, normalised per ring and order.

    Args:
        action: the action on R^d.
        target: the component of the output.
        scalars: the scalar functions.
        points: the cells, shape ``(cells, d)``.

    Returns:
        shape ``(blocks, functions, cells)``.
    """
    norms = scalars.norms(points)[:, None]
    if isinstance(target, IrrepComponent):
        return (scalars.evaluate(points) / norms)[None]
    return np.stack([scalars.carried(action.matrices[g], points) / norms for g in target.representatives])


def turned_functions(action: Representation, target: Component, scalars: ScalarBasis) -> np.ndarray:
    """phi(g_a^-1 x) in terms of phi(x) for each block a: phi_f(g_a^-1 x) = sum_c D_a[f, c] phi_c(x).

    Args:
        action: the action on R^d.
        target: the component of the output.
        scalars: the scalar functions.

    Returns:
        shape ``(blocks, functions, functions)``.
    """
    if isinstance(target, IrrepComponent):
        return np.eye(scalars.size)[None]
    return np.stack([block_diagonal(scalars.action(action.matrices[g].T)) for g in target.representatives])


def carried_input(source: InducedComponent, target: InducedComponent) -> tuple[np.ndarray | None, np.ndarray]:
    """What rho_in(g_a)^T does to the input channels of a row, for each block a of the output.

    Args:
        source: the component of the input.
        target: the component of the output.

    Returns:
        a gather, if rho_in is a permutation: ``index[a, c]`` is the channel of row 0 that becomes channel c of row a; and
        the dense matrices of rho_in(g_a), shape ``(blocks, size, size)``.
    """
    representatives = target.representatives
    size, width = source.size, source.width
    dense = np.zeros((len(representatives), source.count, width, source.count, width))
    for a, g in enumerate(representatives):
        for block in range(source.count):
            dense[a, source.images[g, block], :, block, :] = source.blocks[g, block]
    dense = dense.reshape(len(representatives), size, size)
    if np.isin(dense, (0.0, 1.0)).all():
        return dense.argmax(axis=2), dense
    return None, dense
