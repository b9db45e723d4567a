"""Bases of steerable kernels between two components of representations.

A kernel K is equivariant if K(g x) = rho_out(g) K(x) rho_in(g)^T for all g (Cohen, Geiger and Weiler, "A general theory of
equivariant CNNs on homogeneous spaces", 2019). Let phi be a vector of scalar functions with phi(g x) = D(g) phi(x), and
K(x) = C phi(x). Then C is an intertwiner from rho_in (x) D to rho_out. Between irreps ``irrep_kernels`` solves for C.

If rho_out = Ind_H^G sigma, then K consists of one row of blocks K_a for each coset g_a H, and

    K_a(x) = T_a K_0(g_a^-1 x) rho_in(g_a)^T,

so K_0 determines K (``RowBasis``). K_0 may be any element of Hom_H(rho_in (x) D, sigma). This space is a sum over the H-orbits of
blocks of rho_in: one block of each orbit determines the rest, and commutes with its stabiliser L in H (``_rows_of_order``). For a
regular representation H and L are trivial, and every coefficient of K_0 is free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from intertwine.group.constructions.components import Component, IrrepComponent
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.constructions.induced_structure import InducedComponent
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
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

    Each element is made of the functions of one ring and order, and the elements of one ring and order follow each other.

    Attributes:
        size: the number of elements.
        shape: width of the out block, channels of the in component, scalar functions.
        blocks: the numbers of the scalar functions of each ring and order.
        solutions: for each ring and order the coefficients of its functions, shape ``(n, out width, in channels, functions)``;
            ``None`` when every coefficient is free.
    """

    size: int
    shape: tuple[int, int, int]
    blocks: tuple[slice, ...]
    solutions: tuple[np.ndarray, ...] | None

    @cached_property
    def starts(self) -> np.ndarray:
        """The number of the first element of each ring and order, and at last the number of all, if they are not free."""
        return np.cumsum([0, *map(len, self.solutions or ())])

    @property
    def block_of_element(self) -> np.ndarray | None:
        """The number of the ring and order of which each element is made, shape ``(size,)``; ``None`` when free."""
        return None if self.solutions is None else np.repeat(np.arange(len(self.blocks)), np.diff(self.starts))

    @cached_property
    def coefficients(self) -> np.ndarray | None:
        """All coefficients, shape ``(size, *shape)``; ``None`` when free."""
        if self.solutions is None:
            return None
        values = np.zeros((self.size, *self.shape))
        for start, where, part in zip(self.starts, self.blocks, self.solutions, strict=False):
            values[start : start + len(part), :, :, where] = part
        return values

    def touched(self, functions: slice) -> slice:
        """The numbers of the elements that are made of some functions.

        Args:
            functions: the numbers of the functions.
        """
        first = sum(block.stop <= functions.start for block in self.blocks)
        last = sum(block.start < functions.stop for block in self.blocks)
        return slice(int(self.starts[first]), int(self.starts[max(first, last)]))

    def sampled(self, values: Callable[[slice], np.ndarray], functions: slice) -> np.ndarray:
        """The elements that are made of some functions at some points, of a basis that is not free.

        Args:
            values: gives functions there by their numbers, shape ``(functions, points)``.
            functions: the numbers of the functions.

        Returns:
            shape ``(elements, width of the out block, channels of the in component, points)``.
        """
        wanted = self.touched(functions)
        parts = [
            part @ values(block)
            for start, block, part in zip(self.starts, self.blocks, self.solutions or (), strict=False)
            if len(part) and wanted.start <= start < wanted.stop
        ]
        return np.concatenate(parts) if parts else np.zeros((0, *self.shape[:2], values(slice(0, 0)).shape[1]))

    def select(self, mask: np.ndarray) -> RowBasis:
        """The basis without some elements.

        Args:
            mask: whether to keep each, shape ``(size,)``.
        """
        if self.solutions is None or mask.all():
            return self
        parts = zip(self.starts, self.solutions, strict=False)
        kept = tuple(part[mask[start : start + len(part)]] for start, part in parts)
        return replace(self, size=int(mask.sum()), solutions=kept)


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
    blocks = tuple(block.where for block in scalars.blocks)
    shape = (target.width, source.size, scalars.size)
    if target.is_free:
        return RowBasis(source.size * scalars.size, shape, blocks, None)
    orders = dict.fromkeys(order for ring in scalars.rings for order in ring.orders)
    by_order: dict[Angular, np.ndarray] = {}
    for order in orders:
        if isinstance(source, IrrepComponent) and isinstance(target, IrrepComponent):
            by_order[order] = irrep_kernels(action, source.irrep, target.irrep, order)
        else:
            by_order[order] = _rows_of_order(action, as_induced(source), as_induced(target), order)
    solutions = tuple(by_order[block.order] for block in scalars.blocks)
    return RowBasis(sum(map(len, solutions)), shape, blocks, solutions)


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
    """Elements and weights for means over the group, exact for class functions of frequencies up to ``degree``."""
    elements, weights = cast("FiniteGroup | ContinuousGroup", group).class_quadrature(degree)
    return tuple(elements), weights


@remembered
def _characters(representation: Representation, degree: int) -> np.ndarray:
    """The characters of a representation at these elements."""
    if isinstance(representation.group, FiniteGroup):
        return representation.characters
    return np.array([representation.character(g) for g in _haar(representation.group, degree)[0]])


@remembered
def _harmonic_characters(action: Representation, order: Angular, degree: int) -> np.ndarray:
    """The characters of the harmonics of one order at these elements."""
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
    product = [np.kron(a, d) for a, d in zip(source.generator_matrices, harmonic, strict=True)]
    size = source.size * functions
    lie = [
        np.kron(a, np.eye(functions)) + np.kron(np.eye(source.size), d)
        for a, d in zip(source.lie_matrices, angular_lie(action.lie_matrices, order), strict=True)
    ]
    found = intertwiners(
        np.array(product).reshape(-1, size, size),
        target.generator_matrices,
        a_lie=np.array(lie).reshape(-1, size, size),
        b_lie=target.lie_matrices,
        dimension=dimension,
    ).reshape(shape)
    found.flags.writeable = False
    return found


def _solve(
    group: FiniteGroup, elements: tuple[int, ...], source: np.ndarray, target: np.ndarray, harmonic: np.ndarray
) -> np.ndarray:
    """Hom_L(source (x) harmonic, target) for matrices given at all elements of L, shape ``(n, out, in * harmonic)``.

    The dimension is known beforehand from the characters.
    """
    characters = np.einsum("gii,gjj,gkk->g", target, source, harmonic)
    dimension = round(float(characters.mean()))
    size = source.shape[1] * harmonic.shape[1]
    if dimension == 0:
        return np.zeros((0, target.shape[1], size))
    where = {element: position for position, element in enumerate(elements)}
    rows = [where[g] for g in group.generating_numbers(elements)]
    product = np.einsum("gij,gkl->gikjl", source[rows], harmonic[rows]).reshape(len(rows), size, size)
    return intertwiners(product, target[rows], dimension=dimension)


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
    # One block of each H-orbit is solved for. The other blocks of the orbit are its images.
    for block in range(source.count):
        if block in seen:
            continue
        fixes_block = np.flatnonzero(images[:, block] == block)
        block_stabilizer = tuple(int(h) for h in stabilizer[fixes_block])
        source_matrices = source.blocks[list(block_stabilizer), block]
        solved = _solve(group, block_stabilizer, source_matrices, target.sigma[fixes_block], harmonic[fixes_block])
        solved = solved.reshape(len(solved), target.width, source.width, functions)
        row_solutions = np.zeros((len(solved), target.width, source.count, source.width, functions))
        orbit = np.unique(images[:, block])
        seen.update(orbit.tolist())
        for image in orbit:
            h = int(np.flatnonzero(images[:, block] == image)[0])
            # Small matrices: two plain products are many times faster than one einsum over four arrays.
            input_and_harmonics = np.kron(source.blocks[stabilizer[h], block], harmonic[h]).T
            flat = (
                target.sigma[h]
                @ solved.reshape(len(solved), target.width, len(input_and_harmonics))
                @ input_and_harmonics
            )
            row_solutions[:, :, image] = flat.reshape(solved.shape)
        # One unit of weight makes the same energy in the row, however many blocks it is spread over.
        row_solutions /= np.sqrt(len(orbit))
        solutions.append(row_solutions.reshape(len(solved), target.width, source.size, functions))
    return np.concatenate(solutions)


def turns(action: Representation, target: Component, scalars: ScalarBasis) -> dict[Angular, np.ndarray] | None:
    """How the functions of each order are carried to each block: phi_f(g_a^-1 x) = sum_c D_a[f, c] phi_c(x).

    Args:
        action: the action on R^d.
        target: the component of the output.
        scalars: the scalar functions.

    Returns:
        by order the matrices D_a, shape ``(blocks, size, size)``; ``None`` if there is one block.
    """
    if isinstance(target, IrrepComponent) or target.count == 1:
        return None
    back = np.stack([action.matrices[g].T for g in target.representatives])
    return {order: angular_action(back, order) for order in dict.fromkeys(block.order for block in scalars.blocks)}


def carried_input(source: InducedComponent, target: InducedComponent) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What rho_in(g_a)^T does to the input channels of a row, for each block a of the output.

    Args:
        source: the component of the input.
        target: the component of the output.

    Returns:
        a gather, if rho_in is a permutation: ``index[a, c]`` is the channel of row 0 that becomes channel c of row a; otherwise
        the dense matrices of rho_in(g_a), shape ``(blocks, size, size)``.
    """
    representatives = list(target.representatives)
    count, width = source.count, source.width
    images, blocks = source.images[representatives], source.blocks[representatives]
    rows = np.arange(len(representatives))[:, None]
    if np.isin(blocks, (0.0, 1.0)).all():
        index = np.empty((len(representatives), count, width), dtype=np.int64)
        index[rows, images] = np.arange(count)[:, None] * width + blocks.argmax(axis=3)
        return index.reshape(len(representatives), -1), None
    dense = np.zeros((len(representatives), count, width, count, width))
    dense[rows, images, :, np.arange(count)] = blocks
    return None, dense.reshape(len(representatives), source.size, source.size)
