"""Layers beside escnn's: numbers of weights, spans of filters, exact functions, printed forms."""

import itertools

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    pytest.importorskip("escnn.nn")
    import escnn

    return escnn


SPACES = {
    "trivial": lambda m: m.trivialOnR2(),
    "C2": lambda m: m.rot2dOnR2(2),
    "C3": lambda m: m.rot2dOnR2(3),
    "C4": lambda m: m.rot2dOnR2(4),
    "C6": lambda m: m.rot2dOnR2(6),
    "C8": lambda m: m.rot2dOnR2(8),
    "flip": lambda m: m.flip2dOnR2(),
    "flip, axis 0": lambda m: m.flip2dOnR2(axis=0.0),
    "D2": lambda m: m.flipRot2dOnR2(2),
    "D3": lambda m: m.flipRot2dOnR2(3),
    "D4": lambda m: m.flipRot2dOnR2(4),
    "D4, axis 0": lambda m: m.flipRot2dOnR2(4, axis=0.0),
}


def fields(space):
    """Irreps, the regular representation, and a quotient."""
    G = space.fibergroup
    found = [space.irrep(*psi.id) for psi in G.irreps()]
    found.append(space.regular_repr)
    if str(G) in ("C4", "C8", "C6"):
        found.append(space.quotient_repr(2))
    if str(G) in ("D4", "D3"):
        found += [space.quotient_repr((None, G.rotation_order)), space.quotient_repr((0, 1))]
    return found


def filters(conv, count):
    """All basis filters as rows; in float32, because escnn's layers share the constants that ``.double()`` would cast."""
    rows = []
    conv.train()
    with torch.no_grad():
        for i in range(count):
            conv.weights.zero_()
            conv.weights[i] = 1.0
            found = conv.expand_parameters()[0]
            rows.append(found.flatten().double().numpy())
    return np.stack(rows)


def outside(a, b):
    """How far the rows of a are from the span of the rows of b, relative to their norms."""
    solution, *_ = np.linalg.lstsq(b.T, a.T, rcond=1e-9)
    return np.abs(b.T @ solution - a.T).max() / np.abs(a).max()


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("name", SPACES)
def test_the_same_filters(escnn, name, kernel_size):
    ours, theirs = SPACES[name](gspaces), SPACES[name](escnn.gspaces)
    mine, other = fields(ours), fields(theirs)
    pairs = list(itertools.product(range(len(mine)), repeat=2))
    for i, j in pairs if kernel_size <= 3 else pairs[:: 3 if len(pairs) > 12 else 1]:
        types = [nn.FieldType(ours, [mine[k]]) for k in (i, j)]
        their_types = [escnn.nn.FieldType(theirs, [other[k]]) for k in (i, j)]
        try:
            conv = escnn.nn.R2Conv(*their_types, kernel_size=kernel_size, bias=False, initialize=False)
            expected = conv.weights.numel()
        except (AttributeError, ValueError, AssertionError):
            expected = 0  # they fail in their own ways where no kernel exists
        if not expected:
            with pytest.raises(nn_errors()):
                nn.R2Conv(*types, kernel_size=kernel_size, bias=False)
            continue
        own = nn.R2Conv(*types, kernel_size=kernel_size, bias=False).double()
        assert own.weights.numel() == expected, (mine[i], mine[j])
        if expected <= 150:
            a, b = filters(own, expected), filters(conv, expected)
            assert outside(a, b) < 1e-6, (mine[i], mine[j])
            assert outside(b, a) < 1e-6, (mine[i], mine[j])


def nn_errors():
    from intertwine.errors import EmptyBasisError

    return EmptyBasisError


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_same_filters_of_continuous_groups(escnn, mirrored, kernel_size):
    spaces = [(m.flipRot2dOnR2 if mirrored else m.rot2dOnR2)(-1, maximum_frequency=4) for m in (gspaces, escnn.gspaces)]
    ids = [psi.id for psi in spaces[0].irreps if psi.attributes["frequency"] <= 3]
    for a, b in itertools.product(ids, repeat=2):
        kinds = [(m.FieldType(s, [s.irrep(*a)]), m.FieldType(s, [s.irrep(*b)])) for m, s in zip((nn, escnn.nn), spaces)]
        try:
            conv = escnn.nn.R2Conv(*kinds[1], kernel_size=kernel_size, bias=False, initialize=False)
        except (AttributeError, ValueError, AssertionError):
            with pytest.raises(nn_errors()):
                nn.R2Conv(*kinds[0], kernel_size=kernel_size, bias=False)
            continue
        own = nn.R2Conv(*kinds[0], kernel_size=kernel_size, bias=False).double()
        assert own.weights.numel() == conv.weights.numel(), (a, b)
        if own.weights.numel():
            rows = filters(own, own.weights.numel()), filters(conv, conv.weights.numel())
            # escnn takes float32 angles times the frequency: its values carry 1e-6 of rounding at frequency 6
            assert outside(*rows) < 5e-6, (a, b)
            assert outside(*rows[::-1]) < 5e-6, (a, b)


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("name", ["C4", "D4", "C8", "flip"])
def test_the_same_number_of_weights_for_stacks_of_fields(escnn, name, kernel_size):
    counts = []
    for module, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        space = SPACES[name](spaces)
        wide = module.FieldType(space, 3 * [space.regular_repr] + 2 * [space.trivial_repr])
        conv = module.R2Conv(wide, wide, kernel_size=kernel_size)
        counts.append((conv.weights.numel(), conv.bias.numel()))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_same_filters_with_settings(escnn, dilation):
    for settings in (
        {"frequencies_cutoff": 2.0},
        {"rings": [0.0, 1.0]},
        {"sigma": [0.1, 0.5, 0.5]},
        {"frequencies_cutoff": lambda r: 3 * r},
    ):
        rows = []
        for module, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
            space = spaces.flipRot2dOnR2(4)
            types = (module.FieldType(space, [space.irrep(1, 1)]), module.FieldType(space, [space.regular_repr]))
            conv = module.R2Conv(*types, kernel_size=5, dilation=dilation, bias=False, **settings)
            rows.append(filters(conv.double() if module is nn else conv, conv.weights.numel()))
        assert rows[0].shape == rows[1].shape, settings
        assert outside(rows[0], rows[1]) < 1e-6
        # where a harmonic is seen by far cells alone, escnn scales up the float32 rounding of the near ones
        assert outside(rows[1], rows[0]) < (1e-6 if dilation == 1 else 1e-3)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_the_same_transposed_filters(escnn, kernel_size):
    spaces = [SPACES["D4"](m) for m in (gspaces, escnn.gspaces)]
    for a, b in itertools.product(range(len(fields(spaces[0]))), repeat=2):
        kinds = [
            (m.FieldType(s, [fields(s)[a]]), m.FieldType(s, [fields(s)[b]])) for m, s in zip((nn, escnn.nn), spaces)
        ]
        try:
            other = escnn.nn.R2ConvTransposed(*kinds[1], kernel_size=kernel_size, bias=False, initialize=False)
        except (AttributeError, ValueError, AssertionError):
            other = None
        if other is None or not other.weights.numel():
            with pytest.raises(nn_errors()):
                nn.R2ConvTransposed(*kinds[0], kernel_size=kernel_size, bias=False)
            continue
        own = nn.R2ConvTransposed(*kinds[0], kernel_size=kernel_size, bias=False).double()
        assert own.weights.numel() == other.weights.numel()
        if own.weights.numel() <= 60:
            x = torch.randn(1, kinds[0][0].size, 4, 4)
            rows = []
            for conv, image in ((own, x.double()), (other, x)):
                with torch.no_grad():
                    for i in range(conv.weights.numel()):
                        conv.weights.zero_()
                        conv.weights[i] = 1.0
                        rows.append(conv(conv.in_type(image)).tensor.flatten().double().numpy())
            n = len(rows) // 2
            assert outside(np.stack(rows[:n]), np.stack(rows[n:])) < 2e-6, (a, b)
            assert outside(np.stack(rows[n:]), np.stack(rows[:n])) < 2e-6, (a, b)


def both(escnn, build, space="D4"):
    yield build(nn, SPACES[space](gspaces))
    yield build(escnn.nn, SPACES[space](escnn.gspaces))


def regular(module, space, n=2):
    return module.FieldType(space, n * [space.regular_repr])


@pytest.mark.parametrize(
    "build",
    [
        lambda m, s: m.ReLU(regular(m, s)),
        lambda m, s: m.ELU(regular(m, s), alpha=0.3),
        lambda m, s: m.LeakyReLU(regular(m, s)),
        lambda m, s: m.InnerBatchNorm(regular(m, s)),
        lambda m, s: m.GroupPooling(regular(m, s)),
        lambda m, s: m.PointwiseAvgPool2D(regular(m, s), kernel_size=3, stride=2, padding=1),
        lambda m, s: m.PointwiseMaxPool2D(regular(m, s), kernel_size=2),
        lambda m, s: m.PointwiseAvgPoolAntialiased2D(regular(m, s), sigma=0.66, stride=2),
        lambda m, s: m.PointwiseAvgPoolAntialiased2D(regular(m, s), sigma=1.3, stride=2, padding=1),
        lambda m, s: m.IdentityModule(regular(m, s)),
        lambda m, s: m.RestrictionModule(regular(m, s), (0, 2)),
    ],
)
@pytest.mark.parametrize("mode", ["train", "eval"])
def test_the_same_functions(escnn, build, mode):
    x = torch.randn(3, 16, 9, 9)
    results = []
    for module in both(escnn, build):
        module.train(mode == "train")
        y = module(module.in_type(x))
        results.append(y.tensor)
        assert tuple(y.shape) == tuple(module.evaluate_output_shape((3, 16, 9, 9)))
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-5)


def test_running_statistics_are_the_same(escnn):
    x = torch.randn(4, 16, 5, 5) * 3 + 1
    found = []
    for module in both(escnn, lambda m, s: m.InnerBatchNorm(regular(m, s))):
        module.train()
        for _ in range(3):
            module(module.in_type(x))
        found.append(module.eval()(module.in_type(x)).tensor)
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["C4", "D4", "C3"])
def test_initial_variances_are_the_same(escnn, name):
    variances = []
    for module in (nn, escnn.nn):
        space = SPACES[name](gspaces if module is nn else escnn.gspaces)
        kind = module.FieldType(space, 6 * [space.regular_repr])
        x = torch.randn(64, kind.size, 5, 5)
        torch.manual_seed(0)
        values = [
            module.R2Conv(kind, kind, kernel_size=5, bias=False).train()(kind(x)).tensor.detach() for _ in range(5)
        ]
        variances.append(torch.stack(values).var().item())
    assert variances[0] == pytest.approx(variances[1], rel=0.15)


@pytest.mark.parametrize(
    "build",
    [
        lambda m, s: m.R2Conv(regular(m, s), regular(m, s, 1), kernel_size=3),
        lambda m, s: m.R2Conv(regular(m, s), regular(m, s, 1), kernel_size=5, stride=2, padding=2, bias=False),
        lambda m, s: m.R2Conv(regular(m, s), regular(m, s, 2), kernel_size=3, dilation=2, groups=2),
        lambda m, s: m.R2ConvTransposed(regular(m, s), regular(m, s, 1), kernel_size=3, stride=2, padding=1),
        lambda m, s: m.ReLU(regular(m, s)),
        lambda m, s: m.ReLU(regular(m, s), inplace=True),
        lambda m, s: m.ELU(regular(m, s)),
        lambda m, s: m.SequentialModule(
            m.R2Conv(regular(m, s), regular(m, s, 1), kernel_size=3), m.ReLU(regular(m, s, 1))
        ),
    ],
)
def test_printed_layers(escnn, build):
    ours, theirs = both(escnn, build)
    assert repr(ours) == repr(theirs)


def test_a_program_for_escnn_runs_after_its_imports_are_changed(escnn):
    shapes = []
    for module, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        torch.manual_seed(0)
        r2_act = spaces.rot2dOnR2(N=8)
        in_type = module.FieldType(r2_act, [r2_act.trivial_repr])
        out_type = module.FieldType(r2_act, 4 * [r2_act.regular_repr])
        block = module.SequentialModule(
            module.R2Conv(in_type, out_type, kernel_size=5, padding=2, bias=False),
            module.InnerBatchNorm(out_type),
            module.ReLU(out_type, inplace=True),
            module.PointwiseAvgPool(out_type, kernel_size=2),
        )
        gpool = module.GroupPooling(block.out_type)
        x = module.GeometricTensor(torch.randn(4, 1, 29, 29), in_type)
        y = gpool(block(x)).tensor
        shapes.append((tuple(y.shape), block.out_type.size, repr(block.out_type)))
        part = module.SequentialModule(block[0], block[1], block[2]).eval()
        torch.testing.assert_close(part.export()(x.tensor), part(x).tensor, atol=1e-5, rtol=1e-4)
    assert shapes[0] == shapes[1]
