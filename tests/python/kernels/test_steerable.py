"""The constraint of steerable kernels, anywhere in space, and the dimension from characters."""

import itertools

import numpy as np
import pytest

from intertwine import gspaces
from intertwine.group import cyclic_group, dihedral_group
from intertwine.group.constructions.induced_structure import induced_components
from intertwine.group.matrices.harmonics import harmonic_action, harmonics
from intertwine.kernels.kernel_basis import irrep_kernels, row_basis
from intertwine.kernels.lattice import lattice_points
from intertwine.kernels.ring_functions import scalar_basis

from ..contracts.lists import ACTIONS, turned
from ..contracts.processes import two_processes


def fields(G):
    """Representations of each kind: irreps, regular, quotient, induced, turned."""
    yield from G.irreps()
    yield G.regular_representation
    if G.order() > 1:
        yield G.quotient_representation(G.subgroup_self_id)
        yield G.regular_representation + G.irreps()[-1]
        yield turned(G.irreps()[0] + G.irreps()[-1])
    if G.order() > 20:
        return
    if cyclic_group(8) == G:
        yield G.quotient_representation(4)
    if dihedral_group(4) == G:
        yield G.quotient_representation((1, 2))
        yield G.induced_representation((None, 4), cyclic_group(4).irrep(1))
        yield G.induced_representation((1, 1), cyclic_group(2).irrep(1))
    if dihedral_group(3) == G:
        yield turned(G.regular_representation)


def kernel(basis, action, source, target, scalars, weights):
    """K(x) of one pair of components from the basis of its first row, written out from the definition."""
    if basis.coefficients is None:
        first = weights.reshape(1, source.size, scalars.size)
    else:
        first = np.einsum("n,nwcf->wcf", weights, basis.coefficients)
    carry = dense_input(source)

    def at(points):
        rows = []
        for a, g in enumerate(target.representatives):
            phi = scalars.evaluate(points @ action.matrices[g])
            row = np.einsum("wcf,fp->wcp", first, phi)
            rows.append(np.einsum("vw,wcp,dc->vdp", target.transport[a], row, carry[g]))
        return np.concatenate(rows)

    return at


def dense_input(component):
    """The component's matrices in the order of its own channels."""
    order, count, width = len(component.images), component.count, component.width
    dense = np.zeros((order, count, width, count, width))
    for g in range(order):
        for b in range(count):
            dense[g, component.images[g, b], :, b, :] = component.blocks[g, b]
    return dense.reshape(order, component.size, component.size)


def dimension(action, source, target, scalars):
    """The number of independent kernels, from characters alone."""
    rho_in, rho_out = dense_input(source), dense_input(target)
    total = 0.0
    for g, matrix in enumerate(action.matrices):
        harmonic = sum(np.trace(block) for block in scalars.action(matrix))
        total += np.trace(rho_in[g]) * np.trace(rho_out[g]) * harmonic
    return round(total / len(action.matrices))


@pytest.mark.parametrize("name", ACTIONS)
def test_components_put_a_representation_together(name):
    G = ACTIONS[name]().group
    for rho in fields(G):
        components = induced_components(rho)
        channels = np.concatenate([c.channels.ravel() for c in components])
        assert sorted(channels) == list(range(rho.size))
        for c in components:
            np.testing.assert_allclose(
                dense_input(c), rho.matrices[:, c.channels.ravel()][:, :, c.channels.ravel()], atol=1e-12
            )
            others = np.setdiff1d(np.arange(rho.size), c.channels.ravel())
            assert not rho.matrices[:, c.channels.ravel()][:, :, others].round(12).any()


# In space kernel size 5 has the orders of kernel size 3.
@pytest.mark.parametrize(
    ("name", "kernel_size"), [(n, k) for n, action in ACTIONS.items() for k in (1, 3, 5) if k < 5 or action().size < 3]
)
def test_constraint_and_rank(name, kernel_size):
    action = ACTIONS[name]()
    rng = np.random.default_rng(0)
    d = action.size
    points = rng.standard_normal((60, d)) * kernel_size / 3
    points[:2] *= 0.002  # the ring at the origin is narrow
    scalars = scalar_basis(d, kernel_size).without_vanishing(lattice_points(d, d * (kernel_size,), d * (1,)))
    seen = []
    for rho_in in fields(action.group):
        for rho_out in fields(action.group):
            for source in induced_components(rho_in):
                for target in induced_components(rho_out):
                    if any(source.same_kind(s) and target.same_kind(t) for s, t in seen):
                        continue
                    seen.append((source, target))
                    check_pair(action, source, target, scalars, points, rng)


def check_pair(action, source, target, scalars, points, rng):
    basis = row_basis(action, source, target, scalars)
    size = basis.size
    assert size == dimension(action, source, target, scalars), (source, target)
    if not size:
        return
    K = kernel(basis, action, source, target, scalars, rng.standard_normal(size))
    here = K(points)
    rho_in, rho_out = dense_input(source), dense_input(target)
    # What holds for generators holds for their products.
    for g in action.group.generating_numbers(range(len(action.matrices))):
        matrix = action.matrices[g]
        moved = np.einsum("ij,jkp,lk->ilp", rho_out[g], here, rho_in[g])
        np.testing.assert_allclose(K(points @ matrix.T), moved, atol=1e-10)
    if size <= 40:
        columns = [kernel(basis, action, source, target, scalars, e)(points).ravel() for e in np.eye(size)]
        assert np.linalg.matrix_rank(np.stack(columns), tol=1e-8) == size


def test_fault_2_bases_are_the_same_bytes_in_every_process():
    one, other = two_processes()
    assert one["kernels"] == other["kernels"]


@pytest.mark.parametrize(
    "space", [gspaces.rot2dOnR2(), gspaces.flipRot2dOnR2(), gspaces.flipRot2dOnR2(axis=0.3)], ids=str
)
def test_constraint_for_continuous_groups(space):
    G, action = space.fibergroup, space.basespace_action
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, 2 * np.pi, 5)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    elements, weights = G.quadrature(20)
    for rho_in, rho_out in itertools.product(G.irreps()[:5], repeat=2):
        for order in range(8):
            found = irrep_kernels(action, rho_in, rho_out, order)
            traces = [
                rho_in.character(g) * rho_out.character(g) * np.trace(harmonic_action(action(g), order))
                for g in elements
            ]
            assert len(found) == round(float(np.dot(weights, traces)))
            if not len(found):
                continue
            here = np.einsum("noif,fp->noip", found, harmonics(directions, order))
            flat = here.reshape(len(found), -1)
            assert np.linalg.matrix_rank(flat, tol=1e-8) == len(found)
            for g in [G.sample(rng) for _ in range(3)]:
                there = np.einsum("noif,fp->noip", found, harmonics(directions @ action(g).T, order))
                moved = np.einsum("ab,nbcp,dc->nadp", rho_out(g), here, rho_in(g))
                np.testing.assert_allclose(there, moved, atol=1e-12)
