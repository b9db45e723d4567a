"""Models of escnn, converted: the same outputs; and what does not fit is refused."""

import copy

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from intertwine import deploy, gspaces, nn
from intertwine.errors import ArgumentTypeError, EquivarianceWarning, ModelFileError
from intertwine.group import ico_group, o3_group, octa_group, so3_group


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    pytest.importorskip("escnn.nn")
    import escnn

    return escnn


def plane_network(m, spaces):
    """A planar CNN of regular fields of C8."""
    space = spaces.rot2dOnR2(8)
    first = m.FieldType(space, 2 * [space.trivial_repr])
    hidden = m.FieldType(space, 3 * [space.regular_repr])
    last = m.FieldType(space, 2 * [space.regular_repr])
    return m.SequentialModule(
        m.R2Conv(first, hidden, 5, padding=2),
        m.InnerBatchNorm(hidden),
        m.ReLU(hidden),
        m.R2Conv(hidden, hidden, 3, padding=1, stride=2),
        m.InnerBatchNorm(hidden),
        m.ELU(hidden),
        m.R2Conv(hidden, last, 3, bias=False),
        m.GroupPooling(last),
    )


def block(N):
    """The block of the wide residual network of escnn's examples: two convolutions and a shortcut."""

    def build(m, spaces):
        space = spaces.flipRot2dOnR2(N)
        inner = m.FieldType(space, 2 * [space.regular_repr])
        outer = m.FieldType(space, 3 * [space.regular_repr])

        class Block(m.EquivariantModule):
            def __init__(self):
                super().__init__()
                self.in_type, self.out_type = inner, outer
                self.bn1 = m.InnerBatchNorm(inner)
                self.relu1 = m.ReLU(inner, inplace=False)
                self.conv1 = m.R2Conv(inner, outer, 3, padding=1, stride=2, bias=False)
                self.bn2 = m.InnerBatchNorm(outer)
                self.relu2 = m.ReLU(outer, inplace=False)
                self.conv2 = m.R2Conv(outer, outer, 3, padding=1, bias=False)
                self.shortcut = m.R2Conv(inner, outer, 1, stride=2, bias=False)

            def forward(self, x):
                normed = self.relu1(self.bn1(x))
                out = self.conv2(self.relu2(self.bn2(self.conv1(normed))))
                return out + self.shortcut(normed)

            def evaluate_output_shape(self, input_shape):
                return input_shape

        return Block()

    return build


def mixed_network(m, spaces):
    """Fields of several kinds, unordered, with every normalisation that goes with them."""
    space = spaces.flipRot2dOnR2(4)
    first = m.FieldType(space, [space.trivial_repr])
    mixed = m.FieldType(
        space, [space.regular_repr, space.irrep(1, 1), space.trivial_repr, space.regular_repr, space.irrep(1, 1)]
    )
    vectors = m.FieldType(space, [space.irrep(1, 1), space.irrep(1, 0), space.irrep(1, 1)])
    irreps = m.FieldType(space, [space.trivial_repr, space.irrep(1, 1), space.trivial_repr])
    return m.SequentialModule(
        m.R2Conv(first, mixed, 3),
        m.IIDBatchNorm2d(mixed),
        m.NormNonLinearity(mixed),
        m.R2Conv(mixed, irreps, 3),
        m.GNormBatchNorm(irreps),
        m.R2Conv(irreps, vectors, 3),
        m.NormBatchNorm(vectors),
        m.NormNonLinearity(vectors, bias=False),
        m.R2ConvTransposed(vectors, mixed, 3, stride=2),
    )


def gated_network(m, spaces):
    """Irreps of SO(2), gated."""
    space = spaces.rot2dOnR2(-1, maximum_frequency=3)
    first = m.FieldType(space, [space.trivial_repr])
    fields = m.FieldType(space, [space.irrep(1), space.irrep(2), space.irrep(1)])
    gates = m.FieldType(space, 3 * [space.trivial_repr])
    return m.SequentialModule(
        m.R2Conv(first, gates + fields, 5),
        m.GatedNonLinearity1(gates + fields),
        m.R2Conv(fields, fields, 5),
        m.NormPool(fields),
    )


MODELS = {
    "C8": plane_network,
    "D4 block": block(4),
    "D8 block": block(8),
    "mixed": mixed_network,
    "gated": gated_network,
}


def shaken(model, batches):
    """The model after some steps in training, so that nothing is at its start."""
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
    for batch in batches:
        optimiser.zero_grad()
        model(model.in_type(batch)).tensor.square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.add_(0.1 * torch.randn_like(parameter))
    return model


@pytest.mark.peer
@pytest.mark.parametrize("mode", ["fresh", "train", "eval"])
@pytest.mark.parametrize("name", MODELS)
def test_a_converted_model_gives_the_same(escnn, name, mode):
    torch.manual_seed(0)
    theirs = MODELS[name](escnn.nn, escnn.gspaces)
    theirs = shaken(theirs, torch.randn(3, 4, theirs.in_type.size, 17, 17))
    if mode == "train":
        theirs.train()
    if mode == "eval":
        theirs.eval()
    state = copy.deepcopy(theirs.state_dict())
    ours = MODELS[name](nn, gspaces)
    report = deploy.convert(state, ours)
    assert max(row.residual for row in report if row.residual is not None) < 1e-5
    theirs.eval()
    ours.eval()
    x = torch.randn(2, ours.in_type.size, 17, 17)
    with torch.no_grad():
        expected, seen = theirs(theirs.in_type(x)).tensor, ours(ours.in_type(x)).tensor
    assert float((expected - seen).abs().max()) <= 1e-4 * float(expected.abs().max())


@pytest.mark.peer
def test_other_names_are_matched_in_order(escnn):
    torch.manual_seed(0)
    theirs = plane_network(escnn.nn, escnn.gspaces).eval()
    ours = plane_network(nn, gspaces)
    state = {f"backbone.{key}": value for key, value in theirs.state_dict().items()}
    deploy.convert(state, ours)
    x = torch.randn(1, 2, 17, 17)
    with torch.no_grad():
        expected = theirs(theirs.in_type(x)).tensor
        assert float((expected - ours.eval()(x)).abs().max()) < 1e-4 * float(expected.abs().max())


@pytest.mark.peer
@pytest.mark.parametrize("group", ["so3", "o3"])
def test_orders_of_the_irreps_of_rotations(escnn, group):
    ours = so3_group(4) if group == "so3" else o3_group(4)
    theirs = escnn.group.so3_group(4) if group == "so3" else escnn.group.o3_group(4)
    for degree in range(5):
        for id in [(degree,)] if group == "so3" else [(0, degree), (1, degree)]:
            matrix = deploy.irrep_order(ours.irrep(*id))
            for value in np.random.default_rng(0).normal(size=(3, 4)):
                value = value / np.linalg.norm(value)
                parts = value if group == "so3" else (1, value)
                g, h = ours.element(parts, "Q"), theirs.element(parts, "Q")
                expected = matrix @ theirs.irrep(*id)(h) @ matrix.T
                assert np.abs(ours.irrep(*id)(g) - expected).max() < 1e-6, (id, ours.irrep(*id)(g), expected)


@pytest.mark.peer
def test_linear_layers_of_so3(escnn):
    torch.manual_seed(0)

    def build(m, group, spaces):
        space = spaces.no_base_space(group)
        a = m.FieldType(space, [group.irrep(l) for l in (0, 1, 2, 1)])
        b = m.FieldType(space, [group.irrep(l) for l in (2, 0, 1, 0)])
        return m.Linear(a, b)

    theirs = build(escnn.nn, escnn.group.so3_group(2), escnn.gspaces)
    ours = build(nn, so3_group(2), gspaces)
    with torch.no_grad():
        theirs.bias.normal_()
    deploy.convert(theirs.state_dict(), ours)
    x = torch.randn(5, ours.in_type.size)
    into = torch.tensor(deploy.irrep_order(ours.in_type.representation), dtype=torch.float32)
    out = torch.tensor(deploy.irrep_order(ours.out_type.representation), dtype=torch.float32)
    with torch.no_grad():
        expected = theirs(theirs.in_type(x)).tensor @ out.T
        assert torch.allclose(ours(x @ into.T), expected, atol=1e-5)


def rotations_network(m, space, layer):
    """Non-linearities on the sphere and on the rotations, between layers that mix the irreps of SO(3)."""
    G = space.fibergroup
    first = m.FieldType(space, [space.trivial_repr, space.irrep(1)])
    sphere = m.QuotientFourierELU(
        space, (False, -1), 3, irreps=G.bl_irreps(2), grid=G.sphere_grid(type="thomson", N=16), inplace=True
    )
    turns = m.FourierELU(space, 2, irreps=G.bl_irreps(1), type="thomson_cube", N=1, inplace=True)
    last = m.FieldType(space, [space.irrep(1), space.trivial_repr, space.irrep(2)])
    return m.SequentialModule(
        layer(first, sphere.in_type),
        sphere,
        layer(sphere.out_type, turns.in_type),
        turns,
        layer(turns.out_type, last),
        m.NormPool(last),
    )


def assert_same_up_to_order(theirs, ours, x):
    into, out = (
        torch.block_diag(*(torch.tensor(deploy.irrep_order(rho), dtype=x.dtype) for rho in kind.representations))
        for kind in (ours.in_type, ours.out_type)
    )
    with torch.no_grad():
        expected = torch.einsum("oc,bc...->bo...", out, theirs.eval()(theirs.in_type(x)).tensor)
        moved = torch.einsum("oc,bc...->bo...", into, x)
        for model in (ours.eval(), deploy.load_bytes(deploy.save_bytes(ours)).eval()):
            assert float((model(moved) - expected).abs().max()) < 1e-4 * float(expected.abs().max())


@pytest.mark.peer
@pytest.mark.parametrize("training", [True, False])
def test_fourier_layers_of_so3_take_over_the_grid(escnn, training):
    torch.manual_seed(0)
    spaces = (gspaces.no_base_space(so3_group(2)), escnn.gspaces.no_base_space(escnn.group.so3_group(2)))
    ours, theirs = (rotations_network(m, s, m.Linear) for m, s in zip((nn, escnn.nn), spaces))
    theirs.train(training)
    deploy.convert(theirs.state_dict(), ours)
    assert_same_up_to_order(theirs, ours, torch.randn(9, 4))


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore:QuotientFourierELU is not exactly:intertwine.errors.EquivarianceWarning")
def test_a_network_of_se3(escnn):
    torch.manual_seed(0)

    def build(m, spaces):
        return rotations_network(m, spaces.rot3dOnR3(), lambda a, b: m.R3Conv(a, b, kernel_size=5, padding=2, stride=2))

    with pytest.warns(EquivarianceWarning, match="QuotientFourierELU is not exactly"):
        ours = build(nn, gspaces)
    theirs = build(escnn.nn, escnn.gspaces)
    report = deploy.convert(theirs.state_dict(), ours)
    assert max(row.residual for row in report) < 1e-5
    assert_same_up_to_order(theirs, ours, torch.randn(1, 4, 9, 9, 9))


SOLIDS = {
    "octahedral": lambda m: m.octaOnR3(),
    "full octahedral": lambda m: m.fullOctaOnR3(),
    "icosahedral": lambda m: m.icoOnR3(),
}


@pytest.mark.peer
@pytest.mark.parametrize("hidden", ["regular", "irreps"])
@pytest.mark.parametrize("name", SOLIDS)
def test_networks_of_solids(escnn, name, hidden):
    """Equal spans: the numbers of weights are equal, and our basis makes their filters."""
    torch.manual_seed(0)

    def build(m, spaces):
        space = SOLIDS[name](spaces)
        irreps = list(space.fibergroup.irreps())
        a = m.FieldType(space, [space.trivial_repr, irreps[1]])
        b = m.FieldType(space, [space.regular_repr] if hidden == "regular" else irreps)
        # Of larger groups escnn takes minutes.
        kernel = 3 if name == "octahedral" or hidden == "irreps" else 1
        return m.SequentialModule(m.R3Conv(a, b, 3, padding=1), m.R3Conv(b, b, kernel), m.R3Conv(b, a, 1))

    ours, theirs = build(nn, gspaces), build(escnn.nn, escnn.gspaces)
    report = deploy.convert(theirs.state_dict(), ours)
    assert max(row.residual for row in report) < 1e-5
    for mine, other in zip(ours.children(), theirs.children()):
        assert mine.weights.numel() == other.weights.numel()
    assert_same_up_to_order(theirs, ours, torch.randn(1, ours.in_type.size, 5, 5, 5))


# --- without a peer


@pytest.mark.parametrize(("make", "symbol"), [(octa_group, "O"), (ico_group, "I")])
def test_regular_fields_of_solids_in_scipys_order(make, symbol):
    G, listed = make(), Rotation.create_group(symbol)
    order = deploy.irrep_order(G.regular_representation)
    for rotation in listed[[3, 7, 20]]:
        products = (rotation * listed).as_quat()
        # The channel of h moves to the channel of g h.
        to = (np.abs(products @ listed.as_quat().T) > 1 - 1e-9).astype(float).T
        g = G.element(rotation.as_quat(), "Q")
        assert np.abs(G.regular_representation(g) - order @ to @ order.T).max() < 1e-12


def pair():
    space = gspaces.rot2dOnR2(4)
    a, b = nn.field_type(space, trivial=1), nn.field_type(space, regular=2)
    return nn.R2Conv(a, b, 3)


def test_a_filter_alone_is_enough():
    torch.manual_seed(0)
    one, other = pair(), pair()
    with torch.no_grad():
        one.bias.normal_()
    filters, bias = one.expand_parameters()
    state = {"filter": filters.detach(), "expanded_bias": bias.detach()}
    report = deploy.convert(state, other)
    assert report[0].residual < 1e-6
    assert torch.allclose(other.weights, one.weights, atol=1e-6)
    assert torch.allclose(other.bias, one.bias, atol=1e-6)


def test_a_filter_that_is_not_equivariant_is_refused_and_nothing_changes():
    conv = pair()
    before = conv.weights.detach().clone()
    state = {"filter": torch.randn(8, 1, 3, 3), "expanded_bias": torch.zeros(8)}
    with pytest.raises(ModelFileError, match="of its norm"):
        deploy.convert(state, conv)
    assert torch.equal(conv.weights, before)
    assert deploy.convert(state, conv, tolerance=None)[0].residual > 0.1


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"filter": torch.zeros(8, 1, 5, 5), "expanded_bias": torch.zeros(8)},
        {"filter": torch.zeros(8, 1, 3, 3)},
        {"other.weight": torch.zeros(3)},
    ],
)
def test_states_that_do_not_fit_are_refused(state):
    with pytest.raises(ModelFileError):
        deploy.convert(state, pair())


def test_something_else_is_refused():
    with pytest.raises(ArgumentTypeError):
        deploy.convert("model.pt", pair())
    with pytest.raises(ArgumentTypeError):
        deploy.convert({}, "model")
