"""Non-linearities, normalisations, pools and structure beside escnn's: the same functions for the same parameters."""

from contextlib import nullcontext

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import EquivarianceWarning

pytestmark = pytest.mark.peer

SPACES = {
    "C4": lambda m: m.rot2dOnR2(4),
    "C8": lambda m: m.rot2dOnR2(8),
    "D4": lambda m: m.flipRot2dOnR2(4),
    "SO(2)": lambda m: m.rot2dOnR2(-1),
    "O(2)": lambda m: m.flipRot2dOnR2(-1),
}


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    pytest.importorskip("escnn.nn")
    import escnn

    return escnn


def regular(m, s, n=2):
    return m.FieldType(s, n * [s.regular_repr])


def vectors(m, s, n=3):
    return m.FieldType(s, n * [s.irrep(1) if s.fibergroup.name.startswith("C") else s.irrep(1, 1)])


def mixed(m, s):
    vector = s.irrep(1) if s.fibergroup.name.startswith("C") else s.irrep(1, 1)
    return m.FieldType(s, [s.regular_repr, vector, s.trivial_repr, vector])


def gated(m, s, n=2):
    return m.FieldType(s, n * [s.trivial_repr] + list(vectors(m, s, n).representations))


def sums(m, s):
    part = s.trivial_repr + s.irrep(1)
    return m.FieldType(s, 3 * [part])


# Those with parameters have them in the order of the fields; in escnn in the order of sizes, so fields of one size are compared.
MODULES = {
    "norm relu": lambda m, s: m.NormNonLinearity(vectors(m, s)),
    "norm relu of mixed fields": lambda m, s: m.NormNonLinearity(mixed(m, s), bias=False),
    "norm sigmoid": lambda m, s: m.NormNonLinearity(vectors(m, s), "n_sigmoid"),
    "norm softplus": lambda m, s: m.NormNonLinearity(mixed(m, s), "n_softplus", bias=False),
    "squash": lambda m, s: m.NormNonLinearity(mixed(m, s), "squash", bias=False),
    "gated": lambda m, s: m.GatedNonLinearity1(gated(m, s)),
    "gated, kept": lambda m, s: m.GatedNonLinearity1(gated(m, s), drop_gates=False),
    "gated by sizes": lambda m, s: m.GatedNonLinearity1(
        m.FieldType(s, 4 * [s.trivial_repr] + list(mixed(m, s).representations))
    ),
    "gated, uniform": lambda m, s: m.GatedNonLinearityUniform(sums(m, s)),
    "concatenated": lambda m, s: m.ConcatenatedNonLinearity(regular(m, s)),
    "vector field": lambda m, s: m.VectorFieldNonLinearity(regular(m, s)),
    "norm pool": lambda m, s: m.NormPool(mixed(m, s)),
    "norm max pool": lambda m, s: m.NormMaxPool(mixed(m, s), kernel_size=3, stride=2, padding=1),
    "adaptive average": lambda m, s: m.PointwiseAdaptiveAvgPool2D(regular(m, s), 4),
    "adaptive maximum": lambda m, s: m.PointwiseAdaptiveMaxPool(regular(m, s), (3, 5)),
    "antialiased maximum": lambda m, s: m.PointwiseMaxPoolAntialiased(
        regular(m, s), kernel_size=3, stride=2, padding=1
    ),
    "mask": lambda m, s: m.MaskModule(mixed(m, s), 9, margin=10.0),
    "reshuffle": lambda m, s: m.ReshuffleModule(mixed(m, s), [2, 0, 3, 1]),
    "upsampling": lambda m, s: m.R2Upsampling(mixed(m, s), scale_factor=2),
    "upsampling to a size": lambda m, s: m.R2Upsampling(mixed(m, s), size=(13, 17), align_corners=True),
    "upsampling, nearest": lambda m, s: m.R2Upsampling(mixed(m, s), scale_factor=2, mode="nearest"),
    "iid": lambda m, s: m.IIDBatchNorm2d(regular(m, s)),
    "iid of vectors": lambda m, s: m.IIDBatchNorm2d(vectors(m, s)),
    # of regular fields escnn's own fails, for want of contiguous memory
    "irreps of vectors": lambda m, s: m.GNormBatchNorm(vectors(m, s)),
}


# Of these ours warn that they treat the axes differently.
UNEVEN = ["adaptive maximum", "upsampling to a size"]


def filled(module):
    """Parameters that are easy to tell apart, in their order."""
    with torch.no_grad():
        learned = [(name, p) for name, p in module.named_parameters() if p.requires_grad and p.numel()]
        for number, (_, parameter) in enumerate(sorted(learned, key=lambda pair: pair[0][-6:])):
            line = torch.linspace(-0.5, 0.7, parameter.numel()) + 0.3 * (1 + number)
            parameter.copy_(line.reshape(parameter.shape))
    return module


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("space", ["C4", "C8"])
@pytest.mark.parametrize("name", MODULES)
def test_the_same_functions_and_gradients(escnn, name, space, mode):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        uneven = m is nn and name in UNEVEN
        with pytest.warns(EquivarianceWarning, match="axes of space") if uneven else nullcontext():
            module = filled(MODULES[name](m, SPACES[space](spaces))).train(mode == "train")
        torch.manual_seed(0)
        x = torch.randn(3, module.in_type.size, 9, 9, requires_grad=True)
        y = module(module.in_type(x)).tensor
        (y * torch.randn(y.shape)).sum().backward()
        found.append((y.detach(), x.grad))
        if mode == "train" and "iid" in name:
            found[-1] += (module.eval()(module.in_type(x)).tensor.detach(),)
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("space", ["C8", "D4"])
def test_norm_batch_norm_in_eval_mode(escnn, space):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        module = m.NormBatchNorm(vectors(m, SPACES[space](spaces)))
        torch.manual_seed(0)
        for _ in range(3):
            x = torch.randn(4, module.in_type.size, 5, 5) * 2
            module.train()(module.in_type(x))
        found.append(module.eval()(module.in_type(x)).tensor.detach())
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("function", ["p_relu", "p_elu", "p_sigmoid", "p_tanh"])
@pytest.mark.parametrize(
    ("space", "irreps", "options"),
    [
        ("SO(2)", [(0,), (1,), (2,), (3,)], {"N": 16}),
        ("SO(2)", [(0,), (1,)], {"N": 8, "normalize": False}),
        ("SO(2)", [(0,), (1,), (2,)], {"N": 12, "out_irreps": [(0,), (1,)]}),
        ("O(2)", [(0, 0), (1, 0), (1, 1), (1, 2)], {"N": 12}),
        ("D4", [(0, 0), (1, 0), (1, 1)], {"type": "regular", "N": 4}),
    ],
)
def test_fourier(escnn, space, irreps, options, function):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        module = m.FourierPointwise(SPACES[space](spaces), 3, irreps, function=function, inplace=False, **options)
        torch.manual_seed(0)
        found.append(module(module.in_type(torch.randn(2, module.in_type.size, 5, 5))).tensor)
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("axis", [0.0, 1.0])
def test_fourier_on_a_quotient(escnn, axis):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        module = m.QuotientFourierELU(SPACES["O(2)"](spaces), (axis, 1), 2, [(0, 0), (1, 1), (1, 2)], N=16)
        torch.manual_seed(0)
        found.append(module(module.in_type(torch.randn(2, module.in_type.size, 5, 5))).tensor)
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


def test_induced_norms(escnn):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        space = SPACES["D4"](spaces)
        turns = space.fibergroup.subgroup((None, 4))[0]
        field = space.induced_repr((None, 4), turns.irrep(1))
        type_ = m.FieldType(space, 2 * [field])
        torch.manual_seed(0)
        x = torch.randn(2, type_.size, 5, 5)
        found.append(
            (m.InducedNormPool(type_)(type_(x)).tensor, m.InducedNormNonLinearity(type_)(type_(x)).tensor.detach())
        )
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_branches(escnn):
    found = []
    for m, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        space = SPACES["C4"](spaces)
        type_ = mixed(m, space)
        labels = ["a", "b", "c", "b"]
        parts = m.BranchingModule(type_, labels).out_type
        module = m.MultipleModule(
            type_,
            labels,
            [
                (m.NormNonLinearity(parts["b"]), "b"),
                (m.ReLU(parts["a"]), "a"),
                (m.GatedNonLinearity2((parts["c"], parts["c"])), ["c", "c"]),
            ],
        )
        filled(module)
        torch.manual_seed(0)
        found.append(module(type_(torch.randn(2, type_.size, 5, 5))).tensor.detach())
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)
