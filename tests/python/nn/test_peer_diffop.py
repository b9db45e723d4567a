"""Differential operators beside those of e2cnn: how many there are, and the spans of their filters."""

import inspect

import numpy as np
import pytest
import torch

from intertwine import deploy, gspaces, nn
from intertwine.errors import ModelFileError

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

GROUPS = ["C1", "C3", "C4", "C8", "D1", "D2", "D3", "D4", "D6", "SO(2)", "O(2)"]


@pytest.fixture(scope="module", name="e2cnn")
def fixture_e2cnn():
    pytest.importorskip("e2cnn.nn")
    import e2cnn

    return e2cnn


def spaces(e2cnn, name):
    theirs = e2cnn.gspaces
    if name == "SO(2)":
        return gspaces.rot2dOnR2(-1, 3), theirs.Rot2dOnR2(-1, 3)
    if name == "O(2)":
        return gspaces.flipRot2dOnR2(-1, 3), theirs.FlipRot2dOnR2(-1, 3)
    n = int(name[1:])
    if n == 1:
        return (
            (gspaces.trivialOnR2(), theirs.TrivialOnR2())
            if name[0] == "C"
            else (gspaces.flip2dOnR2(), theirs.Flip2dOnR2())
        )
    if name[0] == "C":
        return gspaces.rot2dOnR2(n), theirs.Rot2dOnR2(n)
    return gspaces.flipRot2dOnR2(n), theirs.FlipRot2dOnR2(n)


def kinds(ours, theirs):
    """Equal representations of both."""
    irreps = [
        psi
        for name, psi in theirs.irreps.items()
        if "frequency" not in psi.attributes or psi.attributes["frequency"] < 3
    ]
    found = []
    for psi in irreps:
        frequency = psi.attributes.get("frequency", 0)
        label = (psi.attributes["flip_frequency"], frequency) if "flip_frequency" in psi.attributes else (frequency,)
        found.append((ours.irrep(*label), psi))
    if ours.fibergroup.order() > 0:
        found.append((ours.regular_repr, theirs.regular_repr))
    return found


def filters(op):
    """The filter of each weight, shape ``(weights, out, in, height, width)``."""
    found = []
    with torch.no_grad():
        for number in range(op.weights.numel()):
            op.weights.zero_()
            op.weights[number] = 1.0
            found.append(op.expand_parameters()[0].double().numpy())
    return np.array(found)


def residual(a, b):
    """How much of each row of b does not lie in the span of the rows of a."""
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    q = np.linalg.svd(a, full_matrices=False)[2]
    return float(np.abs(b - b @ q.T @ q).max() / np.abs(b).max())


@pytest.mark.parametrize(
    "settings", [{"kernel_size": 3}, {"kernel_size": 5, "maximum_order": 3}, {"maximum_order": 4}], ids=str
)
@pytest.mark.parametrize("name", GROUPS)
def test_spans_are_those_of_e2cnn(e2cnn, name, settings):
    ours, theirs = spaces(e2cnn, name)
    pairs = kinds(ours, theirs)
    compared = 0
    for source in pairs:
        for target in pairs:
            try:
                other = e2cnn.nn.R2Diffop(
                    e2cnn.nn.FieldType(theirs, [source[1]]),
                    e2cnn.nn.FieldType(theirs, [target[1]]),
                    bias=False,
                    **settings,
                )
            except (ValueError, e2cnn.kernels.EmptyBasisException):
                continue
            except RuntimeError:
                # Some of its masks are bytes, which torch does not take any more.
                continue
            own = nn.R2Diffop(nn.FieldType(ours, [source[0]]), nn.FieldType(ours, [target[0]]), bias=False, **settings)
            assert own.weights.numel() == other.weights.numel()
            # e2cnn exchanges the axes of its differences: what it takes for d/dx is -d/dy. So its operators commute with
            # rotations, but not with reflections.
            turned = np.rot90(filters(other), axes=(-2, -1))
            assert residual(filters(own.double()), turned) < 2e-6
            compared += 1
    assert compared >= len(pairs)


def test_arguments_are_those_of_e2cnn(e2cnn):
    own, other = (list(inspect.signature(library.R2Diffop).parameters.values()) for library in (nn, e2cnn.nn))
    assert [(one.name, one.default) for one in own] == [(one.name, one.default) for one in other]


def test_e2cnn_is_not_equivariant_to_reflections_and_this_is(e2cnn):
    ours, theirs = spaces(e2cnn, "D4")
    own = nn.R2Diffop(nn.FieldType(ours, [ours.regular_repr]), nn.FieldType(ours, [ours.regular_repr]), 3)
    assert max(error for _, error in own.check_equivariance()) < 1e-5
    kind = e2cnn.nn.FieldType(theirs, [theirs.regular_repr])
    other = e2cnn.nn.R2Diffop(kind, kind, 3)
    torch.manual_seed(0)
    x = e2cnn.nn.GeometricTensor(torch.randn(1, 8, 7, 7), kind)
    with torch.no_grad():
        for element, least, most in (((0, 1), 0.0, 1e-5), ((1, 0), 0.1, 10.0)):
            error = other(x).transform(element).tensor - other(x.transform(element)).tensor
            assert least <= float(error.abs().max() / other(x).tensor.abs().max()) < most


@pytest.mark.parametrize("name", ["C4", "C8", "D4"])
def test_states_of_e2cnn_convert(e2cnn, name):
    ours, theirs = spaces(e2cnn, name)

    def model(library, space):
        gray, wide = (library.FieldType(space, [rho]) for rho in (space.trivial_repr, space.regular_repr))
        return library.SequentialModule(library.R2Conv(gray, wide, 5), library.R2Diffop(wide, wide, 3, padding=1))

    torch.manual_seed(0)
    other, own = model(e2cnn.nn, theirs).eval(), model(nn, ours).eval()
    x = torch.randn(2, 1, 9, 9)
    if name == "D4":
        # Its operators are not equivariant to reflections.
        with pytest.raises(ModelFileError, match="R2Diffop"):
            deploy.convert(other.state_dict(), own)
        return
    deploy.convert(other.state_dict(), own)
    with torch.no_grad():
        wanted = other(e2cnn.nn.GeometricTensor(x, other.in_type)).tensor
        torch.testing.assert_close(own(x), wanted, rtol=0, atol=1e-5)
