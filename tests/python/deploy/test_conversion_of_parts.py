"""Converted layers on points, and models that keep a part of their symmetry from some layer on."""

import copy
import pickle

import pytest
import torch

from intertwine import deploy, gspaces, nn
from intertwine.compat.splitting import DisentangleModule
from intertwine.errors import ModelFileError


def restricted_network(m, spaces, disentangle, label):
    """Fields of D4, then of a subgroup."""
    space = spaces.flipRot2dOnR2(4)
    first = m.FieldType(space, [space.trivial_repr])
    hidden = m.FieldType(
        space, [space.regular_repr, space.irrep(1, 1), space.regular_repr, space.quotient_repr((0, 1))]
    )
    restrict = m.RestrictionModule(hidden, label)
    split = disentangle(restrict.out_type)
    smaller = restrict.out_type.gspace
    last = m.FieldType(smaller, 2 * [smaller.regular_repr])
    return m.SequentialModule(
        m.R2Conv(first, hidden, 5),
        restrict,
        split,
        m.NormNonLinearity(split.out_type),
        m.R2Conv(split.out_type, last, 3),
        m.InnerBatchNorm(last),
        m.ReLU(last),
    )


def restricted_norms(m, spaces, disentangle, label):
    """A batch norm of the fields that a restriction leaves, in training."""
    space = spaces.flipRot2dOnR2(4)
    hidden = m.FieldType(space, [space.regular_repr, space.trivial_repr, space.regular_repr])
    restrict = m.RestrictionModule(hidden, label)
    split = disentangle(restrict.out_type)
    return m.SequentialModule(restrict, split, m.InnerBatchNorm(split.out_type), m.ReLU(split.out_type))


@pytest.mark.peer
@pytest.mark.parametrize("label", [(None, 4), (None, 2), (0, 2), (1, 1)])
@pytest.mark.parametrize("build", [restricted_network, restricted_norms])
@pytest.mark.parametrize("training", [True, False])
def test_restricted_models_are_the_same(build, label, training):
    escnn = pytest.importorskip("escnn.nn")
    import escnn.gspaces as spaces

    torch.manual_seed(0)
    theirs = build(escnn, spaces, escnn.DisentangleModule, label)
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    ours = build(nn, gspaces, DisentangleModule, label)
    deploy.convert(copy.deepcopy(theirs.state_dict()), ours)
    assert [rho.size for rho in ours[-1].in_type] == [rho.size for rho in theirs[len(theirs) - 1].in_type]
    x = torch.randn(3, theirs.in_type.size, 9, 9)
    theirs.train(training)
    ours.train(training)
    expected, seen = theirs(theirs.in_type(x)).tensor, ours(ours.in_type(x)).tensor
    assert float((expected - seen).detach().abs().max()) <= 1e-5 * float(expected.detach().abs().max())


def test_the_finer_split_is_the_default_and_blocks_are_saved():
    restricted = nn.RestrictionModule(nn.field_type(gspaces.flipRot2dOnR2(4), regular=1), (None, 4)).out_type
    assert [rho.size for rho in nn.DisentangleModule(restricted).out_type] == [4, 4]
    layer = DisentangleModule(pickle.loads(pickle.dumps(restricted)))  # noqa: S301 - written here
    assert isinstance(layer, nn.DisentangleModule)
    again = deploy.load_bytes(deploy.save_bytes(layer))
    assert again.out_type == layer.out_type
    assert [rho.size for rho in again.out_type] == [8]
    layer.check_equivariance()


def points(d):
    return torch.cat([torch.zeros(1, d), 0.01 * torch.randn(1000, d), 2.0 * torch.randn(1000, d)])


def planar(m, spaces, **settings):
    space = spaces.rot2dOnR2(4)
    both = m.FieldType(space, [space.regular_repr, space.irrep(1)])
    last = m.FieldType(space, [space.regular_repr, space.trivial_repr])
    return m.R2PointConv(both, last, **{"n_rings": 3, "width": 2.0, "frequencies_cutoff": 3.0, **settings})


def spatial(m, spaces):
    space = spaces.rot3dOnR3()
    both = m.FieldType(space, [space.irrep(0), space.irrep(1)])
    return m.R3PointConv(both, both, n_rings=3, width=2.0, frequencies_cutoff=2.0)


def state_of(layer, d):
    """A state with the kernel at points, as the page on escnn says how to make it."""
    at = points(d)
    with torch.no_grad():
        return {**layer.state_dict(), "points": at, "filter": layer.expand_filter(at)}


@pytest.mark.peer
@pytest.mark.parametrize(("build", "d"), [(planar, 2), (spatial, 3)])
def test_layers_on_points_are_the_same(build, d):
    escnn = pytest.importorskip("escnn.nn")
    pytest.importorskip("torch_geometric")
    import escnn.gspaces as spaces

    torch.manual_seed(0)
    theirs, ours = build(escnn, spaces), build(nn, gspaces).eval()
    theirs.bias.data.normal_()
    theirs.eval()
    deploy.convert(state_of(theirs, d), ours)
    turns = [
        torch.block_diag(*[torch.tensor(deploy.irrep_order(r)).float() for r in t])
        for t in (ours.in_type, ours.out_type)
    ]
    x, at = torch.randn(20, ours.in_type.size), torch.randn(20, d)
    edges = torch.cartesian_prod(torch.arange(20), torch.arange(20)).T
    expected = theirs(theirs.in_type(x, at), edges).tensor @ turns[1].T
    torch.testing.assert_close(ours(ours.in_type(x @ turns[0].T, at), edges).tensor, expected, atol=1e-5, rtol=1e-5)


def test_a_kernel_at_points_is_enough():
    torch.manual_seed(0)
    one, other = planar(nn, gspaces), planar(nn, gspaces)
    one.bias.data.normal_()
    report = deploy.convert({key: value for key, value in state_of(one, 2).items() if key != "weights"}, other)
    assert report[0].residual < 1e-6
    torch.testing.assert_close(other.weights, one.weights, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("points"), "expand_filter"),
        (lambda state: state.update(points=state["points"][1001:], filter=state["filter"][1001:]), "apart"),
        (lambda state: state.update(points=state["points"][:9]), "at each"),
        (lambda state: state.update(filter=torch.randn_like(state["filter"])), "rings"),
    ],
)
def test_kernels_that_do_not_fit_are_refused(change, says):
    layer = planar(nn, gspaces)
    state = state_of(layer, 2)
    change(state)
    with pytest.raises(ModelFileError, match=says):
        deploy.convert(state, layer)


def test_other_rings_are_refused():
    with pytest.raises(ModelFileError, match="rings"):
        deploy.convert(state_of(planar(nn, gspaces, width=3.0), 2), planar(nn, gspaces))
