"""Convolutions on points: exact for every element, smooth in the coordinates, equal to the plain sum over edges."""

import types

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    EmptyBasisError,
    EquivarianceError,
    FieldTypeError,
    ShapeError,
)
from intertwine.kernels import Ring, ScalarBasis
from intertwine.kernels.points import RADIALS, PointFunctions
from intertwine.nn.conv.edge_sums import multiply_at_sources, sum_at_targets

CASES = {
    "SO(3)": (gspaces.rot3dOnR3, nn.R3PointConv, [(0,), (1,), (2,)], [(2,), (1,)]),
    "SO(3), narrow": (gspaces.rot3dOnR3, nn.R3PointConv, [(3,), (1,), (2,)], [(0,), (1,)]),
    "O(3)": (gspaces.flipRot3dOnR3, nn.R3PointConv, [(0, 0), (1, 1), (0, 2)], [(1, 1), (1, 0), (0, 2)]),
    "SO(2) about an axis": (lambda: gspaces.rot2dOnR3(-1), nn.R3PointConv, [(0,), (1,)], [(2,), (1,)]),
    "icosahedral": (gspaces.icoOnR3, nn.R3PointConv, [(0,), (1,)], [(2,), (1,)]),
    "octahedral, regular": (gspaces.octaOnR3, nn.R3PointConv, [(1,)], [None]),
    "octahedral, from regular": (gspaces.fullOctaOnR3, nn.R3PointConv, [None], [None]),
    "SO(2)": (lambda: gspaces.rot2dOnR2(-1), nn.R2PointConv, [(0,), (1,), (3,)], [(2,), (1,)]),
    "O(2)": (lambda: gspaces.flipRot2dOnR2(-1), nn.R2PointConv, [(0, 0), (1, 1)], [(1, 2), (1, 0)]),
    "C7": (lambda: gspaces.rot2dOnR2(7), nn.R2PointConv, [None], [None]),
}


def layer(name, **given):
    space, cls, ids, out_ids = CASES[name]
    space = space()

    def kind(labels):
        return nn.FieldType(space, [space.regular_repr if id is None else space.irrep(*id) for id in labels])

    torch.manual_seed(0)
    settings = {"width": 2.0, "n_rings": 3, "frequencies_cutoff": 1.5, **given}
    return cls(kind(ids), kind(out_ids), **settings).double()


def cloud(conv, points=25, seed=1):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(points, conv.in_type.size, generator=generator, dtype=torch.float64)
    coords = torch.randn(points, conv.d, generator=generator, dtype=torch.float64)
    return conv.in_type(x, coords), nn.radius_graph(coords, 1.5, loop=True)


def plain(conv, x, edges):
    """The convolution by its definition: a kernel for each edge."""
    kernels = conv.expand_filter(x.coords[edges[0]] - x.coords[edges[1]])
    messages = torch.einsum("eoi,ei->eo", kernels, x.tensor[edges[0]])
    total = torch.zeros(len(x.tensor), conv.out_type.size, dtype=torch.float64).index_add(0, edges[1], messages)
    if conv.aggr == "mean":
        total = total / torch.bincount(edges[1], minlength=len(total)).clamp(min=1)[:, None]
    bias = conv.expand_parameters()[1]
    return total if bias is None else total + bias


@pytest.mark.parametrize("radial", RADIALS)
@pytest.mark.parametrize("name", CASES)
def test_exact_for_every_element(name, radial):
    conv = layer(name, radial=radial)
    x, edges = cloud(conv)
    y = conv(x, edges)
    rng = np.random.default_rng(0)
    G = conv.in_type.fibergroup
    elements = [G.sample(rng) for _ in range(5)] if G.continuous else list(conv.in_type.testing_elements)[:8]
    for g in elements:
        moved = conv(x.transform(g), edges)
        assert torch.allclose(moved.tensor, y.transform(g).tensor, atol=1e-12)
        assert torch.equal(moved.coords, x.transform(g).coords)
    other = conv(conv.in_type(x.tensor, x.coords * 0.9), edges)
    assert float((y.tensor - other.tensor).detach().abs().max()) > 1e-3


@pytest.mark.parametrize("aggr", ["mean", "sum"])
@pytest.mark.parametrize("name", CASES)
def test_equal_to_the_sum_over_edges(name, aggr):
    conv = layer(name, aggr=aggr)
    x, edges = cloud(conv)
    edges = edges[:, torch.randperm(edges.shape[1], generator=torch.Generator().manual_seed(2))]
    assert torch.allclose(conv(x, edges).tensor, plain(conv, x, edges), atol=1e-12)


def test_translations_and_the_order_of_edges_do_not_matter():
    conv = layer("SO(3)")
    x, edges = cloud(conv)
    moved = conv(conv.in_type(x.tensor, x.coords + 5.0), edges.flip(1))
    assert torch.allclose(moved.tensor, conv(x, edges).tensor, atol=1e-12)


@pytest.mark.parametrize("name", ["SO(3)", "SO(3), narrow", "octahedral, regular", "C7"])
def test_two_derivatives_in_coordinates_also_where_points_coincide(name):
    conv = layer(name)
    x, _ = cloud(conv, points=5)
    coords = x.coords.clone()
    coords[1] = coords[0]
    edges = torch.cartesian_prod(torch.arange(5), torch.arange(5)).T
    apart = edges[:, (edges[0] != edges[1]) & ~((edges[0] < 2) & (edges[1] < 2))]
    smooth = x.coords.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda c: conv(x.tensor, apart, coords=c), smooth)
    assert torch.autograd.gradgradcheck(lambda c: conv(x.tensor, apart, coords=c).square().sum(), smooth)
    coords.requires_grad_()
    (force,) = torch.autograd.grad(conv(x.tensor, edges, coords=coords).square().sum(), coords, create_graph=True)
    (second,) = torch.autograd.grad(force.square().sum(), coords)
    assert torch.isfinite(force).all()
    assert torch.isfinite(second).all()


def test_forces_turn_with_the_points():
    space = gspaces.flipRot3dOnR3()
    conv = layer("O(3)", radial="bessel", aggr="sum")
    x, edges = cloud(conv)
    last = nn.R3PointConv(
        conv.out_type, nn.FieldType(space, [space.trivial_repr]), rings=[0.5, 1.5], sigma=0.5
    ).double()

    def forces(x):
        coords = x.coords.clone().requires_grad_()
        energy = last(conv(conv.in_type(x.tensor, coords), edges), edges, coords=coords).tensor.sum()
        return torch.autograd.grad(energy, coords)[0]

    g = space.fibergroup.sample(np.random.default_rng(3))
    turn = torch.tensor(space.basespace_action(g))
    assert torch.allclose(forces(x.transform(g)), forces(x) @ turn.T, atol=1e-12)
    assert float(forces(x).abs().max()) > 1e-3


def test_bessel_profiles_vanish_smoothly_at_the_end():
    functions = PointFunctions(ScalarBasis(3, (Ring(1.0, 0.5, (0,)), Ring(2.0, 0.5, (0, 1)))), "bessel").double()
    r = torch.tensor([[1.999, 0, 0], [2.0, 0, 0], [3.0, 0, 0]], dtype=torch.float64, requires_grad=True)
    values = functions(r)
    assert float(values[0].detach().abs().max()) < 1e-8
    assert not values[1:].any()
    normalised = PointFunctions(ScalarBasis(3, (Ring(1.0, 0.5, (0,)), Ring(2.0, 0.5, (0,)))), "normalized").double()
    far = normalised(torch.tensor([[0.3, 0, 0], [90.0, 0, 0]], dtype=torch.float64))
    assert torch.allclose(far.sum(dim=1), torch.ones(2, dtype=torch.float64))


# --- sums over edges


@pytest.mark.parametrize("nodes", [1, 7, 60])
@pytest.mark.parametrize("edges", [0, 1, 300])
def test_sums_over_edges(nodes, edges):
    generator = torch.Generator().manual_seed(edges)
    # Squares of uniform numbers: some nodes have very many edges, some none.
    ends = (torch.rand(2, edges, generator=generator) ** 3 * nodes).long()
    functions = torch.randn(edges, 3, generator=generator, dtype=torch.float64).requires_grad_()
    x = torch.randn(nodes, 4, generator=generator, dtype=torch.float64).requires_grad_()
    z = torch.randn(nodes, 3, 2, generator=generator, dtype=torch.float64).requires_grad_()
    expected = torch.zeros(nodes, 3, 4, dtype=torch.float64)
    other = torch.zeros(nodes, 2, dtype=torch.float64)
    for e in range(edges):
        s, t = ends[:, e]
        expected[t] += functions[e, :, None].detach() * x[s].detach()
        other[t] += functions[e].detach() @ z[s].detach()
    assert torch.allclose(sum_at_targets(functions, x, *ends), expected)
    assert torch.allclose(multiply_at_sources(functions, z, *ends), other)
    if nodes <= 7 and edges <= 1:
        assert torch.autograd.gradcheck(lambda f, v: sum_at_targets(f, v, *ends), (functions, x))
        assert torch.autograd.gradcheck(lambda f, v: multiply_at_sources(f, v, *ends), (functions, z))


def test_tracing_gives_the_same():
    conv = layer("SO(3)").eval()
    x, edges = cloud(conv)
    delta = x.coords[edges[0]] - x.coords[edges[1]]
    expected = conv(x.tensor, edges, delta)
    compiled = torch.compile(conv, backend="eager", fullgraph=True)
    assert torch.allclose(compiled(x.tensor, edges, delta), expected, atol=1e-12)
    jacobian = torch.func.jacrev(lambda v: conv(v, edges, delta).sum())(x.tensor)
    (gradient,) = torch.autograd.grad(conv(leaf := x.tensor.clone().requires_grad_(), edges, delta).sum(), leaf)
    assert torch.allclose(jacobian, gradient, atol=1e-12)


# --- what goes in and out


def test_the_same_kind_comes_back():
    conv = layer("SO(3)")
    x, edges = cloud(conv)
    y = conv(x, edges)
    assert y.type == conv.out_type
    assert y.coords is x.coords
    assert torch.equal(conv(x.tensor, edges, coords=x.coords), y.tensor)
    assert torch.equal(conv(x.tensor, edges.int(), x.coords[edges[0]] - x.coords[edges[1]]), y.tensor)
    graph = types.SimpleNamespace(x=x.tensor, edge_index=edges, pos=x.coords, y=3)
    convolved = conv(graph)
    assert torch.equal(convolved.x, y.tensor)
    assert convolved.y == 3
    assert graph.x is x.tensor
    assert conv.evaluate_output_shape((25, conv.in_type.size)) == (25, conv.out_type.size)


def test_points_without_edges_get_the_bias():
    conv = layer("SO(3), narrow")
    with torch.no_grad():
        conv.bias.fill_(2.0)
    x, _ = cloud(conv, points=3)
    y = conv(x, torch.zeros(2, 0, dtype=torch.long)).tensor
    assert torch.equal(y, conv.expand_parameters()[1].expand(3, -1))


def test_bad_input_is_refused():
    conv = layer("SO(3)")
    x, edges = cloud(conv)
    wrong = edges.clone()
    wrong[0, 3] = 25
    with pytest.raises(ArgumentError, match="node 25"):
        conv(x, wrong)
    wrong[0, 3] = -1
    with pytest.raises(ArgumentError, match="node -1"):
        conv(x, wrong)
    with pytest.raises(ArgumentTypeError, match="whole numbers"):
        conv(x, edges.float())
    with pytest.raises(ShapeError, match="sources above targets"):
        conv(x, edges.T)
    with pytest.raises(ArgumentTypeError, match="edge_index"):
        conv(x)
    coords = x.coords.clone()
    coords[4, 1] = float("nan")
    with pytest.raises(ArgumentError, match="row 4"):
        conv(conv.in_type(x.tensor, coords), edges)
    with pytest.raises(ArgumentError, match="row 4"):
        nn.radius_graph(coords, 1.0)
    with pytest.raises(ArgumentTypeError, match="coordinates"):
        conv(conv.in_type(x.tensor), edges)
    with pytest.raises(ShapeError):
        conv(x.tensor, edges, coords=x.coords[:, :2])
    with pytest.raises(ShapeError):
        conv(x.tensor, edges, x.coords)
    with pytest.raises(ShapeError):
        conv(x.tensor[:, 1:], edges, coords=x.coords)
    with pytest.raises(FieldTypeError):
        conv(conv.out_type(torch.randn(25, conv.out_type.size, dtype=torch.float64), x.coords), edges)
    with pytest.raises(ArgumentTypeError):
        conv([1, 2], edges)


def test_bad_settings_are_refused():
    space = gspaces.rot3dOnR3()
    kind, vector = nn.FieldType(space, [space.trivial_repr]), nn.FieldType(space, [space.irrep(3)])
    for given in ({}, {"width": 1.0}, {"width": 1.0, "n_rings": 2, "rings": [1.0]}, {"width": -1.0, "n_rings": 2}):
        with pytest.raises(ArgumentError):
            nn.R3PointConv(kind, kind, **given)
    for given in ({"rings": []}, {"rings": [-1.0]}, {"rings": [1.0], "sigma": 0.0}, {"rings": [1.0], "radial": "x"}):
        with pytest.raises(ArgumentError):
            nn.R3PointConv(kind, kind, **given)
    for given in ({"groups": 2}, {"aggr": "max"}):
        with pytest.raises(ArgumentError):
            nn.R3PointConv(kind, kind, rings=[1.0], **given)
    with pytest.raises(EmptyBasisError):
        nn.R3PointConv(kind, vector, rings=[0.0])
    with pytest.raises(EmptyBasisError):
        nn.R3PointConv(kind, vector, rings=[1.0], frequencies_cutoff=2.0)
    with pytest.raises(FieldTypeError, match="one space"):
        nn.R3PointConv(kind, nn.field_type(gspaces.octaOnR3(), trivial=1), rings=[1.0])
    with pytest.raises(FieldTypeError, match="dimension"):
        nn.R2PointConv(kind, kind, rings=[1.0])


def test_an_error_of_equivariance_is_found():
    conv = layer("SO(3)")
    assert conv.check_equivariance().worst < 1e-12
    angular = conv._functions.angular_of_function
    angular.copy_(angular.roll(1))
    with pytest.raises(EquivarianceError):
        conv.check_equivariance()


def test_a_basis_filter_keeps_what_it_says():
    whole, some = layer("SO(3)"), layer("SO(3)", basis_filter=lambda a: a["irrep:frequency"] < 2)
    assert 0 < some.weights.numel() < whole.weights.numel()
    even = layer("SO(3)", basis_filter=lambda a: a["in_irrep"] == (0,))
    x, edges = cloud(even)
    y = even(x, edges).tensor
    assert torch.equal(
        y, even(even.in_type(torch.cat([x.tensor[:, :1], 7 * x.tensor[:, 1:]], dim=1), x.coords), edges).tensor
    )


# --- radius graphs


def neighbours(coords, radius, batch=None):
    distance = torch.cdist(coords, coords)
    close = (distance <= radius) & ~torch.eye(len(coords), dtype=torch.bool)
    if batch is not None:
        close &= batch[:, None] == batch[None]
    return {(int(s), int(t)) for s, t in close.nonzero()}


@pytest.mark.parametrize("d", [1, 2, 3])
def test_radius_graphs(d):
    coords = torch.randn(60, d, dtype=torch.float64, generator=torch.Generator().manual_seed(d))
    batch = torch.arange(60) % 3
    edges = nn.radius_graph(coords, 0.7)
    assert {tuple(e) for e in edges.T.tolist()} == neighbours(coords, 0.7)
    split = nn.radius_graph(coords, 0.7, batch)
    assert {tuple(e) for e in split.T.tolist()} == neighbours(coords, 0.7, batch)
    loops = nn.radius_graph(coords, 0.7, loop=True)
    assert {tuple(e) for e in loops.T.tolist()} == neighbours(coords, 0.7) | {(i, i) for i in range(60)}
    few = nn.radius_graph(coords, 0.7, max_neighbours=3)
    assert torch.bincount(few[1], minlength=60).max() == 3
    for target in range(60):
        near = sorted(
            (float((coords[s] - coords[target]).norm()), s) for s, t in neighbours(coords, 0.7) if t == target
        )
        assert sorted(few[0, few[1] == target].tolist()) == sorted(s for _, s in near[:3])


def test_neighbours_that_are_equally_far_are_kept_or_dropped_together():
    square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0], [0.5, 0.0]])
    edges = nn.radius_graph(square, 1.1, max_neighbours=2)
    assert edges[0, edges[1] == 0].tolist() == [5]


LATTICES = {
    "square": (np.eye(2), [[0, 0]], (1.0, np.sqrt(2), np.sqrt(5))),
    "triangular": (np.array([[1, 0], [0.5, np.sqrt(3) / 2]]), [[0, 0]], (1.0, np.sqrt(3), 2.0)),
    "honeycomb": (np.array([[1, 0], [0.5, np.sqrt(3) / 2]]), [[0, 0], [1 / 3, 1 / 3]], (1 / np.sqrt(3), 1.0)),
    "cubic": (np.eye(3), [[0, 0, 0]], (1.0, np.sqrt(2), np.sqrt(3))),
    "diamond": (
        np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]),
        [[0, 0, 0], [0.25, 0.25, 0.25]],
        (np.sqrt(3) / 4, np.sqrt(2) / 2),
    ),
}


@pytest.mark.parametrize("lattice", LATTICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_turned_crystal_has_the_same_graph(lattice, dtype):
    vectors, base, distances = LATTICES[lattice]
    d = len(vectors)
    generator = torch.Generator().manual_seed(3)
    for trial in range(12):
        scale = float(10 ** (4 * torch.rand(1, generator=generator, dtype=torch.float64) - 2))
        cells = torch.cartesian_prod(*d * [torch.arange(5)]).double() - (2 if trial % 2 else 0)
        cells = torch.cat([cells + torch.tensor(part, dtype=torch.float64) for part in base])
        points = (scale * cells @ torch.tensor(vectors, dtype=torch.float64)).to(dtype)
        turn = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0].to(dtype)
        moved = points @ turn.T
        again = moved.flip(0) @ turn.T  # in another order, and turned twice
        for distance in distances:
            for most in (None, 3):
                edges = nn.radius_graph(points, distance * scale, max_neighbours=most)
                assert torch.equal(nn.radius_graph(moved, distance * scale, max_neighbours=most), edges)
                wide = nn.radius_graph(moved.double(), distance * scale, max_neighbours=most)
                assert torch.equal(wide, edges)
                found = len(points) - 1 - nn.radius_graph(again, distance * scale, max_neighbours=most)
                assert {tuple(e) for e in found.T.tolist()} == {tuple(e) for e in edges.T.tolist()}
            # all pairs at this very distance are there
            ideal = (cells @ torch.tensor(vectors, dtype=torch.float64)).unsqueeze(0)
            close = torch.cdist(ideal, ideal, compute_mode="donot_use_mm_for_euclid_dist")[0] < distance * 1.001
            assert nn.radius_graph(points, distance * scale).shape[1] == int(close.sum()) - len(points)


def test_the_precision_of_other_graphs_of_the_batch_does_not_matter():
    near = torch.tensor([[0.0], [1.0], [1.0 + 1e-4]])
    batch = torch.tensor([0, 0, 0, 1])
    both = nn.radius_graph(torch.cat([near, torch.tensor([[1e5]])]), 1.0, batch)
    assert torch.equal(both, nn.radius_graph(near, 1.0))
    assert both.shape[1] == 4


def test_bad_graphs_are_refused():
    coords = torch.randn(5, 2)
    for radius in (0, -1.0, float("nan"), "x", True):
        with pytest.raises(ArgumentError):
            nn.radius_graph(coords, radius)
    with pytest.raises(ArgumentError):
        nn.radius_graph(coords, 1.0, max_neighbours=0)
    with pytest.raises(ShapeError):
        nn.radius_graph(coords, 1.0, torch.zeros(4))
    with pytest.raises(ShapeError):
        nn.radius_graph(coords[0], 1.0)
    with pytest.raises(ArgumentTypeError):
        nn.radius_graph(coords.long(), 1.0)
    assert nn.radius_graph(coords[:0], 1.0).shape == (2, 0)


# --- beside escnn


@pytest.mark.peer
@pytest.mark.parametrize("name", ["SO(3)", "O(3)", "icosahedral", "SO(2)", "O(2)", "C7"])
def test_the_same_kernels_as_escnn(name):
    escnn = pytest.importorskip("escnn")
    from escnn.kernels import EmptyBasisException  # noqa: F401
    from escnn.nn.modules.basismanager import BlocksBasisSampler

    theirs = {
        "SO(3)": lambda m: m.rot3dOnR3(),
        "O(3)": lambda m: m.flipRot3dOnR3(),
        "icosahedral": lambda m: m.icoOnR3(),
        "SO(2)": lambda m: m.rot2dOnR2(-1, maximum_frequency=4),
        "O(2)": lambda m: m.flipRot2dOnR2(-1, maximum_frequency=4),
        "C7": lambda m: m.rot2dOnR2(7),
    }[name](escnn.gspaces)
    conv = layer(name)
    _, _, ids, out_ids = CASES[name]

    def fields(labels):
        return [theirs.regular_repr if id is None else theirs.irrep(*id) for id in labels]

    rings, sigmas = [0.0, 1.0, 2.0], [0.005, 0.6, 0.4]
    sampler = BlocksBasisSampler(
        fields(ids),
        fields(out_ids),
        lambda a, b: theirs.build_kernel_basis(a, b, sigmas, rings, maximum_frequency=3),
        basis_filter=lambda d: d["irrep:frequency" if "irrep:frequency" in d else "frequency"] <= 1.5 * d["radius"],
    )
    assert conv.weights.numel() == sampler.dimension()
    if name == "icosahedral":
        return  # their irreps have coordinates of their own
    points = torch.randn(40, conv.d, generator=torch.Generator().manual_seed(0))
    points[0] *= 0.002  # where the ring at the origin is
    other = torch.stack([sampler(w, points).flatten() for w in torch.eye(sampler.dimension())]).double().detach()
    with torch.no_grad():
        own = torch.stack(
            [
                torch.einsum("oif,pf->poi", conv.basisexpansion(w), conv._functions(points.double())).flatten()
                for w in torch.eye(sampler.dimension(), dtype=torch.float64)
            ]
        )
    if name in ("SO(3)", "O(3)"):
        # Their harmonics have another order: compare after the change of order on both sides.
        from intertwine import deploy

        into = torch.tensor(deploy.irrep_order(conv.in_type.representation))
        out = torch.tensor(deploy.irrep_order(conv.out_type.representation))
        split = other.view(len(other), 40, conv.out_type.size, conv.in_type.size)
        other = torch.einsum("po,koi->kpi", out, split.flatten(0, 1)).matmul(into.T).view(len(other), -1)
    for a, b in ((own, other), (other, own)):
        rest = a - a @ torch.linalg.pinv(b) @ b
        assert float(rest.norm(dim=1).max() / a.norm(dim=1).min()) < 1e-4


def test_point_groups_of_ones_own():
    """A group that is given by its generators alone, with an action on R^3."""
    space = gspaces.GSpace(
        group.dihedral_group(5), 3, "D5", group.dihedral_group(5).irrep(1, 1) + group.dihedral_group(5).irrep(1, 0)
    )
    kind = nn.FieldType(space, [space.regular_repr])
    conv = nn.R3PointConv(kind, kind, width=1.5, n_rings=2).double()
    assert conv.check_equivariance().worst < 1e-12


# ---- mixed dtypes


def test_coordinates_of_a_lower_precision_than_the_features_are_refused():
    space = gspaces.rot2dOnR2(4)
    conv = nn.R2PointConv(nn.field_type(space, trivial=1), nn.field_type(space, regular=1), width=1.0, n_rings=2)
    features, coords = torch.randn(5, 1), torch.randn(5, 2)
    edges = nn.radius_graph(coords, 3.0)
    expected = conv(conv.in_type(features, coords), edges).tensor
    # a higher one is rounded
    assert torch.allclose(conv(conv.in_type(features, coords.double()), edges).tensor, expected, atol=1e-5)
    with pytest.raises(ArgumentTypeError, match="float16"):
        conv(conv.in_type(features, coords.half()), edges)
    conv = conv.double()
    with pytest.raises(ArgumentTypeError, match=r"float32.*lower precision"):
        conv(features.double(), edges, coords=coords)
    delta = coords[edges[0]] - coords[edges[1]]
    with pytest.raises(ArgumentTypeError, match="lower precision"):
        conv(features.double(), edges, delta)
    with pytest.raises(ArgumentTypeError, match="int64"):
        conv(features.double(), edges, coords=coords.long())


def test_coordinates_that_are_whole_numbers_cannot_be_turned():
    kind = nn.field_type(gspaces.rot2dOnR2(8), trivial=1)
    with pytest.raises(ArgumentTypeError, match="int64"):
        nn.GeometricTensor(torch.randn(3, 1), kind, torch.zeros(3, 2, dtype=torch.int64))
    with pytest.raises(ArgumentTypeError, match="int64"):
        kind.transform(torch.randn(3, 1), kind.fibergroup.element(1), torch.zeros(3, 2, dtype=torch.int64))


def test_a_convolution_on_points_exports_for_graphs_of_any_size():
    space = gspaces.flipRot2dOnR2(4)
    for out in ({"trivial": 2}, {"regular": 2}):
        conv = nn.R2PointConv(nn.field_type(space, regular=1), nn.field_type(space, **out), width=1.5, n_rings=2)
        plain = nn.export(conv)
        assert not any(type(part).__module__.startswith("intertwine") for part in plain.modules())
        for points in (1, 4, 11):
            coords, features = torch.randn(points, 2), torch.randn(points, 8)
            edges = nn.radius_graph(coords, 1.5, loop=True)
            delta = coords[edges[0]] - coords[edges[1]]
            assert torch.allclose(plain(features, edges, delta), conv(features, edges, delta), atol=1e-5)
