"""Bases of steerable kernels between two induced components.

A kernel K is equivariant when K(g x) = rho_out(g) K(x) rho_in(g)^T for all g (Cohen, Geiger and Weiler, "A general theory of
equivariant CNNs on homogeneous spaces", 2019). Written in scalar functions phi(g x) = D(g) phi(x), its coefficients are
intertwiners from rho_in (x) D to rho_out. If rho_out = Ind_H^G sigma, the row block of the first coset determines all others,

    K_a(x) = T_a K_0(g_a^-1 x) rho_in(g_a)^T,

and K_0 is any element of Hom_H(rho_in (x) D, sigma). That space in turn splits over the H-orbits of blocks of rho_in: one
block of each orbit determines the rest, and has to commute with its stabiliser L in H only. For a regular representation H
and L are trivial, and K_0 is free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from intertwine.group.decomposition import decompose, finite_data
from intertwine.group.finite import FiniteGroup
from intertwine.group.hom import intertwiners
from intertwine.group.induced import InducedComponent
from intertwine.group.representation import Representation
from intertwine.kernels.harmonics import harmonic_action
from intertwine.kernels.scalar import ScalarBasis

_SOLVE_WHOLE = 64
"""Spaces of maps up to this size are solved as they are; larger ones are first split into irreps."""


@dataclass(frozen=True, eq=False)
class RowBasis:
    """A basis of K_0, the kernels into the first block of an induced component.

    Attributes:
        coefficients: shape ``(n, width of the out block, channels of the in component, scalar functions)``; ``None`` when
            every coefficient is free, n being their number.
        size: n.
        functions: the number of the ring-and-order block of each basis element, shape ``(n,)``; ``None`` when free.
    """

    coefficients: np.ndarray | None
    size: int
    functions: np.ndarray | None


def _order_action(group: FiniteGroup, action: Representation, elements: list[int], order: int) -> np.ndarray:
    return np.stack([harmonic_action(action.matrices[g], order) for g in elements])


def _solve(
    group: FiniteGroup, elements: tuple[int, ...], inside: np.ndarray, outside: np.ndarray, harmonic: np.ndarray
) -> np.ndarray:
    """Hom_L(inside (x) harmonic, outside) for matrices given at all elements of L, shape ``(n, out, in * harmonic)``.

    The dimension is known beforehand from the characters.
    """
    characters = np.einsum("gii,gjj,gkk->g", outside, inside, harmonic)
    dimension = round(float(characters.mean()))
    product = np.einsum("gij,gkl->gikjl", inside, harmonic)
    size = inside.shape[1] * harmonic.shape[1]
    product = product.reshape(len(elements), size, size)
    if dimension == 0:
        return np.zeros((0, outside.shape[1], size))
    if size * outside.shape[1] <= _SOLVE_WHOLE or len(elements) < group.order():
        generators = group.generating_numbers(elements)
        where = {element: position for position, element in enumerate(elements)}
        rows = [where[g] for g in generators]
        return intertwiners(product[rows], outside[rows], dimension=dimension)
    return _solve_on_irreps(group, product, outside)


def _solve_on_irreps(group: FiniteGroup, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Hom_G by Schur's lemma: maps between equal irreps, carried over by the changes of basis."""
    in_ids, in_basis = decompose(finite_data(group, inside))
    out_ids, out_basis = decompose(finite_data(group, outside))
    found = []
    row = 0
    for out_id in out_ids:
        height = group.irrep(*out_id).size
        column = 0
        for in_id in in_ids:
            width = group.irrep(*in_id).size
            if in_id == out_id:
                left, right = out_basis[:, row : row + height], in_basis[:, column : column + width]
                for endomorphism in group.irrep(*in_id).endomorphism_basis():
                    found.append(left @ endomorphism @ right.T / np.sqrt(height))
            column += width
        row += height
    return np.stack(found)


def row_basis(
    action: Representation, source: InducedComponent, target: InducedComponent, scalars: ScalarBasis
) -> RowBasis:
    """The canonical basis of kernels from a component into the first block of another.

    Args:
        action: the orthogonal action of the group on R^d.
        source: the component of the input.
        target: the component of the output.
        scalars: the scalar functions.

    Returns:
        the basis; its elements are ordered by ring, order, orbit of input blocks, and solution.
    """
    if target.is_free:
        return RowBasis(None, source.size * scalars.size, None)
    group, width = target.group, target.width
    orders = sorted({order for ring in scalars.rings for order in ring.orders})
    by_order = {order: _rows_of_order(group, action, source, target, order) for order in orders}
    elements, functions = [], []
    for number, (_, order, rows) in enumerate(scalars.blocks):
        solutions = by_order[order]
        block = np.zeros((len(solutions), width, source.size, scalars.size))
        block[..., rows] = solutions
        elements.append(block)
        functions += [number] * len(solutions)
    coefficients = np.concatenate(elements) if elements else np.zeros((0, width, source.size, scalars.size))
    return RowBasis(coefficients, len(coefficients), np.array(functions, dtype=int))


def _rows_of_order(
    group: FiniteGroup, action: Representation, source: InducedComponent, target: InducedComponent, order: int
) -> np.ndarray:
    """The solutions with harmonics of one order, shape ``(n, out width, in channels, harmonics)``."""
    stabilizer = np.array(target.stabilizer)
    harmonic = _order_action(group, action, list(target.stabilizer), order)
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
            spread[:, :, image] = np.einsum("st,ntwf,vw,ef->nsve", target.sigma[h], found, carried, harmonic[h])
        # One unit of weight makes the same energy in the row, however many blocks it is spread over.
        solutions.append((spread / np.sqrt(len(orbit))).reshape(len(found), target.width, source.size, functions))
    return np.concatenate(solutions)


def transported_functions(
    action: Representation, target: InducedComponent, scalars: ScalarBasis, points: np.ndarray
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
    return np.stack([scalars.evaluate(points @ action.matrices[g]) / norms for g in target.representatives])


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
