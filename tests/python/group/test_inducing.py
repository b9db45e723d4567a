"""Inducing from subgroups with finitely many cosets of continuous groups."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import GroupError
from intertwine.group import (
    ContinuousGroup,
    cyclic_group,
    cylinder_group,
    dihedral_group,
    direct_product,
    double_group,
    full_cylinder_group,
    o2_group,
    o3_group,
    so2_group,
    so3_group,
)

from ..contracts.copies import reloaded

O2_ALL, O3_ALL = o2_group().subgroup_self_id, o3_group().subgroup_self_id

PAIRS: dict[str, tuple[ContinuousGroup, Any, int]] = {
    "SO(2) in O(2)": (o2_group(), (None, -1), 2),
    "O(2) in O(2)": (o2_group(), O2_ALL, 1),
    "SO(3) in O(3)": (o3_group(), "so3", 2),
    "O(3) in O(3)": (o3_group(), O3_ALL, 1),
    "SO(2) in C2 x SO(2)": (cylinder_group(), (1, -1), 2),
    "SO(2) in C2 x O(2)": (full_cylinder_group(), (1, (None, -1)), 4),
    "C2 x SO(2) in C2 x O(2)": (full_cylinder_group(), (2, (None, -1)), 2),
    "SO(2) in SO(2) x C3": (direct_product(so2_group(), cyclic_group(3)), (-1, 1), 3),
    "SO(2) x a mirror in SO(2) x D3": (direct_product(so2_group(), dihedral_group(3)), (-1, (0, 1)), 3),
    "C2 x SO(3) in C4 x SO(3)": (direct_product(cyclic_group(4), so3_group()), (2, "so3"), 2),
    "SO(2) x O(2) in O(2) x O(2)": (double_group(o2_group()), ((None, -1), O2_ALL), 2),
}


@pytest.fixture(params=PAIRS)
def pair(request):
    G, id, index = PAIRS[request.param]
    H = G.subgroup(id)[0]
    return G, id, index, H


def some_irreps(H, count=4):
    return [*H.irreps_up_to(1)[:count], H.irreps_up_to(2)[-1]]


def test_the_matrices_multiply_like_the_group_and_are_those_of_the_irreps(pair):
    G, id, index, H = pair
    rng = np.random.default_rng(0)
    for sigma in [*some_irreps(H), H.irreps()[0] + H.irreps()[1]]:
        rho = G.induced_representation(id, sigma)
        assert rho.size == index * sigma.size
        assert rho.attributes["subfield_size"] == sigma.size
        for _ in range(3):
            g, h = G.sample(rng), G.sample(rng)
            np.testing.assert_allclose(rho(g) @ rho(h), rho(g @ h), atol=1e-12)
        blocks = [G.irrep(*label) for label in rho.irreps]
        for g in (G.sample(rng), *G.component_generators):
            inside = np.zeros((rho.size, rho.size))
            start = 0
            for psi in blocks:
                stop = start + psi.size
                inside[start:stop, start:stop] = psi(g)
                start = stop
            np.testing.assert_allclose(rho.change_of_basis @ inside @ rho.change_of_basis.T, rho(g), atol=1e-12)
        again = reloaded(rho)
        assert again == rho
        np.testing.assert_allclose(again(g), rho(g), atol=1e-12)


def test_characters_are_the_sums_over_the_cosets(pair):
    G, id, index, H = pair
    restriction = G.subgroup(id)[2]
    quotient = G.quotient_representation(id)
    rng = np.random.default_rng(1)
    # One element of each coset: where the first of the cosets goes.
    found = {}
    for g in [G.identity, *(G.sample(rng) for _ in range(60))]:
        found.setdefault(int(np.argmax(quotient(g)[:, 0])), g)
    assert len(found) == index
    for sigma in some_irreps(H):
        rho = G.induced_representation(id, sigma)
        for _ in range(4):
            g = G.sample(rng)
            moved = [restriction(~r @ g @ r) for r in found.values()]
            assert rho.character(g) == pytest.approx(sum(sigma.character(h) for h in moved if h is not None), abs=1e-11)


def test_frobenius_reciprocity(pair):
    G, id, _, H = pair
    for sigma in some_irreps(H):
        induced = G.induced_representation(id, sigma)
        for psi in G.irreps_up_to(2):
            up = induced.multiplicity(psi.id) * psi.sum_of_squares_constituents
            down = psi.restrict(id).multiplicity(sigma.id) * sigma.sum_of_squares_constituents
            assert up == down


def test_cosets_are_permuted_exactly(pair):
    G, id, index, _ = pair
    quotient = G.quotient_representation(id)
    assert quotient.size == index
    assert quotient.is_permutation
    assert "pointwise" in quotient.supported_nonlinearities
    for g in itertools.islice(G.testing_elements(), 60):
        assert np.isin(quotient(g), (0.0, 1.0)).all()


def test_representatives_choose_the_blocks():
    G, H = o2_group(), so2_group()
    first, second = G.element((0, 0.3)), G.element((1, 0.7))
    rho = G.induced_representation((None, -1), H.irrep(1), [second, first])
    g = G.element((0, 0.4))
    np.testing.assert_allclose(rho(g)[2:, 2:], H.irrep(1)(H.element(0.4)), atol=1e-12)
    np.testing.assert_allclose(rho(g)[:2, :2], H.irrep(1)(H.element(-0.4)), atol=1e-12)
    np.testing.assert_allclose(rho(second @ ~first)[:2, 2:], np.eye(2), atol=1e-12)
    with pytest.raises(GroupError, match="each of the 2 cosets needs exactly one"):
        G.induced_representation((None, -1), H.irrep(1), [first, G.element((0, 0.1))])


def test_inducing_in_stages():
    G = full_cylinder_group()
    middle, bottom = (2, (None, -1)), (1, (None, -1))
    H, K = G.subgroup(middle)[0], G.subgroup(bottom)[0]
    inside = next(id for id in [(1, -1)] if H.subgroup(id)[0] == K)
    for sigma in K.irreps_up_to(2):
        at_once = G.induced_representation(bottom, sigma)
        in_stages = G.induced_representation(middle, H.induced_representation(inside, sigma))
        assert sorted(at_once.irreps) == sorted(in_stages.irreps)


@pytest.mark.parametrize(
    ("G", "id"),
    [
        (so2_group(), 4),
        (o2_group(), (0.0, 4)),
        (so3_group(), (False, -1)),
        (o3_group(), (False, "octa")),
        (cylinder_group(), (2, 3)),
    ],
    ids=str,
)
def test_infinitely_many_cosets_are_refused(G, id):
    with pytest.raises(GroupError, match=r"infinitely many cosets.*bl_quotient"):
        G.quotient_representation(id)
    with pytest.raises(GroupError, match="homspace"):
        G.induced_representation(id, G.subgroup(id)[0].irreps()[0])


def test_a_representation_of_another_group_is_refused():
    with pytest.raises(GroupError, match="is SO\\(2\\)"):
        o2_group().induced_representation((None, -1), so3_group().irrep(1))


def exact_elements(gspace):
    group = gspace.fibergroup
    if group == o2_group():
        return [group.element((f, k * np.pi / 2)) for f in (0, 1) for k in range(4)]
    cube, inclusion, _ = group.subgroup((True, "octa")) if group == o3_group() else group.subgroup("octa")
    return [inclusion(g) for g in list(cube.elements)[::7]]


@pytest.mark.parametrize("gspace", [gspaces.flipRot2dOnR2(-1), gspaces.flipRot3dOnR3()], ids=str)
def test_layers_take_induced_fields(gspace):
    torch.manual_seed(0)
    group, plane = gspace.fibergroup, gspace.dimensionality == 2
    id, H = ((None, -1), so2_group()) if plane else ("so3", so3_group())
    induced, quotient = group.induced_representation(id, H.irrep(1)), group.quotient_representation(id)
    fields, signs = nn.FieldType(gspace, [induced] * 2), nn.FieldType(gspace, [quotient] * 2)
    conv = nn.R2Conv if plane else nn.R3Conv
    layers = [
        conv(fields, signs, kernel_size=3, padding=1),
        nn.ReLU(signs),
        nn.GroupPooling(signs),
        conv(fields, fields, kernel_size=3, padding=1),
        nn.InducedNormNonLinearity(fields),
        nn.InducedNormBatchNorm(fields),
        nn.InducedNormPool(fields),
        nn.NormNonLinearity(fields),
    ]
    for layer in layers:
        layer = layer.double().eval()
        x = nn.GeometricTensor(torch.randn(1, layer.in_type.size, *[7] * gspace.dimensionality).double(), layer.in_type)
        y = layer(x)
        assert float(y.tensor.detach().std()) > 1e-3
        for g in exact_elements(gspace):
            torch.testing.assert_close(layer(x.transform(g)).tensor, y.transform(g).tensor, atol=1e-10, rtol=0)
