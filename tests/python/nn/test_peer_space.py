"""Convolutions of volumes beside escnn's: numbers of weights and spans of filters over pairs of irreps."""

import itertools

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import EmptyBasisError
from intertwine.group.catalogue.other_libraries import escnn_order

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module", name="escnn")
def fixture_escnn():
    pytest.importorskip("escnn.nn")
    import escnn

    return escnn


SPACES = {
    "SO(3)": lambda m: m.rot3dOnR3(),
    "O(3)": lambda m: m.flipRot3dOnR3(),
    "octahedral": lambda m: m.octaOnR3(),
    "icosahedral": lambda m: m.icoOnR3(),
    "full octahedral": lambda m: m.fullOctaOnR3(),
    "C4": lambda m: m.rot2dOnR3(4),
    "SO(2)": lambda m: m.rot2dOnR3(),
    "D3": lambda m: m.dihedralOnR3(3),
    "O(2), dihedral": lambda m: m.dihedralOnR3(),
    "D4, conical": lambda m: m.conicalOnR3(4),
    "O(2), conical": lambda m: m.conicalOnR3(),
    "mirror": lambda m: m.mirOnR3(),
    "full cylinder, 3": lambda m: m.fullCylindricalOnR3(3),
    "full cylinder": lambda m: m.fullCylindricalOnR3(),
    "cylinder, 2": lambda m: m.cylindricalOnR3(2),
    "cylinder": lambda m: m.cylindricalOnR3(),
    "inversion": lambda m: m.invOnR3(),
    "trivial": lambda m: m.trivialOnR3(),
}


def their_filters(conv):
    """All basis filters, shape ``(weights, out, in, cells)``; in float32, as escnn has them."""
    rows = []
    conv.train()
    with torch.no_grad():
        for i in range(conv.weights.numel()):
            conv.weights.zero_()
            conv.weights[i] = 1.0
            found = conv.expand_parameters()[0]
            rows.append(found.flatten(2).double().numpy())
    return np.stack(rows)


def our_filters(conv):
    eye = torch.eye(conv.weights.numel(), dtype=torch.float64)
    with torch.no_grad():
        return np.stack([conv.double()._expand(row)[0].flatten(2).numpy() for row in eye])


def outside(a, b):
    """How far the rows of a are from the span of the rows of b, relative to their norms."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    a, b = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (a, b))
    solution, *_ = np.linalg.lstsq(b.T, a.T, rcond=1e-9)
    return np.linalg.norm(b.T @ solution - a.T, axis=0).max()


def built(make):
    """The layer, or nothing where no kernel exists; escnn then fails in its own ways."""
    try:
        conv = make()
    except (AttributeError, ValueError, AssertionError):
        return None
    return conv if conv.weights.numel() else None


def same_filters(own, conv, source, target, tolerance):
    C_in, C_out = escnn_order(source), escnn_order(target)
    ours = np.einsum("ab,nbcx,dc->nadx", C_out, our_filters(own), C_in)
    theirs = their_filters(conv)
    assert outside(ours, theirs) < tolerance
    assert outside(theirs, ours) < tolerance


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("name", SPACES)
def test_the_same_filters(escnn, name, kernel_size):
    ours, theirs = SPACES[name](gspaces), SPACES[name](escnn.gspaces)
    ids = [psi.id for psi in theirs.irreps][:6]
    pairs = list(itertools.product(ids, repeat=2))
    for a, b in pairs if kernel_size == 3 else pairs[::3]:
        kinds = [m.FieldType(s, [s.irrep(*id)]) for m, s in ((nn, ours), (escnn.nn, theirs)) for id in (a, b)]
        try:
            conv = built(lambda k=kinds: escnn.nn.R3Conv(*k[2:], kernel_size, bias=False, initialize=False))
        except escnn.group.InsufficientIrrepsException:
            continue  # escnn lists too few irreps of its products for its own coefficients
        if conv is None:
            with pytest.raises(EmptyBasisError):
                nn.R3Conv(*kinds[:2], kernel_size, bias=False)
            continue
        own = nn.R3Conv(*kinds[:2], kernel_size, bias=False)
        assert own.weights.numel() == conv.weights.numel(), (a, b)
        same_filters(own, conv, ours.irrep(*a), ours.irrep(*b), 1e-6)


@pytest.mark.parametrize(("name", "theirs_of"), [("ico", "dodeca"), ("dodeca", "ico"), ("icosidodeca", "icosidodeca")])
def test_the_same_filters_of_points(escnn, name, theirs_of):
    # What escnn's documentation calls the icosahedron has 12 points; in its code the two names are exchanged.
    ours, theirs = gspaces.icoOnR3(), escnn.gspaces.icoOnR3()
    ids = [psi.id for psi in ours.irreps]
    for a, b in list(itertools.product(ids, repeat=2))[::2]:
        kinds = [m.FieldType(s, [s.irrep(*id)]) for m, s in ((nn, ours), (escnn.nn, theirs)) for id in (a, b)]
        conv = built(lambda k=kinds: escnn.nn.R3IcoConv(*k[2:], 3, bias=False, initialize=False, samples=theirs_of))
        if conv is None:
            with pytest.raises(EmptyBasisError):
                nn.R3IcoConv(*kinds[:2], 3, bias=False, samples=name)
            continue
        own = nn.R3IcoConv(*kinds[:2], 3, bias=False, samples=name)
        assert own.weights.numel() == conv.weights.numel(), (a, b)
        same_filters(own, conv, ours.irrep(*a), ours.irrep(*b), 2e-5)


@pytest.mark.parametrize("dilation", [1, 2])
def test_the_same_filters_with_settings(escnn, dilation):
    for settings in (
        {"frequencies_cutoff": 2.0},
        {"rings": [0.0, 1.0]},
        {"sigma": [0.1, 0.5, 0.5]},
        {"frequencies_cutoff": lambda r: 1.0 if r else 0.0},
    ):
        spaces = gspaces.rot3dOnR3(), escnn.gspaces.rot3dOnR3()
        kinds = [m.FieldType(s, [s.irrep(1)]) for m, s in zip((nn, escnn.nn), spaces)]
        conv = escnn.nn.R3Conv(kinds[1], kinds[1], 5, dilation=dilation, bias=False, initialize=False, **settings)
        own = nn.R3Conv(kinds[0], kinds[0], 5, dilation=dilation, bias=False, **settings)
        assert own.weights.numel() == conv.weights.numel()
        same_filters(own, conv, spaces[0].irrep(1), spaces[0].irrep(1), 1e-6)


def test_the_same_numbers_of_weights_of_regular_fields(escnn):
    counts = []
    for module, spaces in ((nn, gspaces), (escnn.nn, escnn.gspaces)):
        space = spaces.octaOnR3()
        kind = module.FieldType(space, [space.regular_repr])
        conv = module.R3Conv(kind, kind, 3, initialize=False)
        counts.append((conv.weights.numel(), conv.bias.numel()))
    assert counts[0] == counts[1]


def test_transposed_layers_have_the_same_weights(escnn):
    spaces = gspaces.octaOnR3(), escnn.gspaces.octaOnR3()
    kinds = [m.FieldType(s, [s.irrep(1), s.irrep(2)]) for m, s in zip((nn, escnn.nn), spaces)]
    ours = nn.R3ConvTransposed(kinds[0], kinds[0], 3, padding=1, stride=2)
    theirs = escnn.nn.R3ConvTransposed(kinds[1], kinds[1], 3, padding=1, stride=2, initialize=False)
    assert ours.weights.numel() == theirs.weights.numel()
    shape = (1, 5, 4, 4, 4)
    assert tuple(ours(torch.zeros(shape)).shape) == tuple(theirs.evaluate_output_shape(shape))
