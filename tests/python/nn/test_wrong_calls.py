"""Thousands of wrong calls of every planar layer: each is refused in words, or gives what it should; never anything else."""

import functools
import inspect
import itertools
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intertwine import group, gspaces, nn
from intertwine.errors import IntertwineError
from intertwine.nn.nonlinear.pointwise import ChannelFunction

from ..contracts.cases import over

C4, C8, D4, SO2 = gspaces.rot2dOnR2(4), gspaces.rot2dOnR2(8), gspaces.flipRot2dOnR2(4), gspaces.rot2dOnR2(-1)
REGULAR = nn.field_type(C4, regular=2)
VECTORS = nn.field_type(C4, irrep_1=2)
MIXED = nn.field_type(C4, trivial=2, irrep_1=2)
SIGNS = nn.field_type(C4, irrep_2=2)
BAND = SO2.fibergroup.bl_regular_representation(2)
CIRCLE = nn.FieldType(SO2, 2 * [BAND])
UNIFORM = nn.FieldType(C4, 2 * [group.directsum([C4.trivial_repr, C4.irrep(1)])])
HALF = nn.FieldType(C4, 2 * [C4.induced_repr(2, C4.fibergroup.subgroup(2)[0].irrep(1))])
HALVES = nn.FieldType(C4, 2 * [C4.quotient_repr(2)]) + HALF

# For every layer the arguments of a call that is right.
RIGHT = {
    nn.R2Conv: {"in_type": REGULAR, "out_type": MIXED, "kernel_size": 3, "padding": 1},
    nn.R2Diffop: {"in_type": REGULAR, "out_type": MIXED, "kernel_size": 3, "padding": 1},
    nn.R2ConvTransposed: {"in_type": REGULAR, "out_type": MIXED, "kernel_size": 3, "stride": 2},
    nn.Linear: {"in_type": REGULAR, "out_type": MIXED},
    nn.TensorProductModule: {"in_type": REGULAR, "out_type": REGULAR},
    nn.R2Upsampling: {"in_type": VECTORS, "scale_factor": 2},
    **{cls: {"in_type": REGULAR} for cls in ChannelFunction.__subclasses__()},
    nn.PointwiseNonLinearity: {"in_type": REGULAR, "function": "p_tanh"},
    nn.ConcatenatedNonLinearity: {"in_type": SIGNS, "function": "c_relu"},
    nn.NormNonLinearity: {"in_type": VECTORS, "function": "n_relu"},
    nn.InducedNormNonLinearity: {"in_type": HALF},
    nn.GatedNonLinearity1: {"in_type": MIXED},
    nn.InducedGatedNonLinearity1: {"in_type": HALVES},
    nn.GatedNonLinearityUniform: {"in_type": UNIFORM},
    nn.VectorFieldNonLinearity: {"in_type": REGULAR},
    nn.FourierPointwise: {"gspace": SO2, "channels": 2, "irreps": [(0,), (1,)], "N": 8},
    nn.FourierELU: {"gspace": CIRCLE, "N": 8},
    nn.FourierMaxPool: {"in_type": CIRCLE, "kernel_size": 2, "N": 8},
    nn.QuotientFourierPointwise: {"gspace": SO2, "subgroup_id": 2, "channels": 2, "irreps": [(0,), (2,)], "N": 8},
    nn.InnerBatchNorm: {"in_type": REGULAR},
    nn.IIDBatchNorm2d: {"in_type": MIXED},
    nn.NormBatchNorm: {"in_type": VECTORS},
    nn.GNormBatchNorm: {"in_type": MIXED},
    nn.InducedNormBatchNorm: {"in_type": HALF},
    nn.FieldNorm: {"in_type": VECTORS},
    nn.LayerNorm: {"in_type": VECTORS},
    nn.RMSNorm: {"in_type": VECTORS},
    nn.InstanceNorm: {"in_type": MIXED},
    nn.GroupNorm: {"in_type": MIXED, "num_groups": 2},
    nn.PointwiseAvgPool2D: {"in_type": MIXED, "kernel_size": 2},
    nn.PointwiseMaxPool2D: {"in_type": REGULAR, "kernel_size": 2},
    nn.PointwiseAvgPoolAntialiased2D: {"in_type": MIXED, "sigma": 0.6, "stride": 2},
    nn.PointwiseMaxPoolAntialiased2D: {"in_type": REGULAR, "kernel_size": 2},
    nn.PointwiseAdaptiveAvgPool2D: {"in_type": MIXED, "output_size": 2},
    nn.PointwiseAdaptiveMaxPool2D: {"in_type": REGULAR, "output_size": 2},
    nn.NormMaxPool: {"in_type": VECTORS, "kernel_size": 2},
    nn.GroupPooling: {"in_type": REGULAR},
    nn.SubgroupPooling: {"in_type": REGULAR, "subgroup_id": 2},
    nn.NormPool: {"in_type": VECTORS},
    nn.InducedNormPool: {"in_type": HALF},
    nn.FieldDropout: {"in_type": VECTORS},
    nn.PointwiseDropout: {"in_type": REGULAR},
    nn.CropModule: {"in_type": VECTORS, "size": 3},
    nn.PadModule: {"in_type": VECTORS, "cells": 1},
    nn.MaskModule: {"in_type": VECTORS, "S": 7},
    nn.IdentityModule: {"in_type": VECTORS},
    nn.ReshuffleModule: {"in_type": MIXED, "permutation": [3, 1, 0, 2]},
    nn.BranchingModule: {"in_type": MIXED, "labels": ["a", "b", "a", "b"]},
    nn.RestrictionModule: {"in_type": REGULAR, "id": 2},
    nn.DisentangleModule: {"in_type": REGULAR},
    nn.Attention: {"in_type": MIXED},
    nn.SqueezeExcitation: {"in_type": MIXED, "reduction": 2},
    nn.NeighbourAttention: {"in_type": REGULAR, "reach": 1},
    nn.WindowAttention: {"in_type": REGULAR, "window": 2},
    nn.ResidualModule: {"in_type": REGULAR, "inner": nn.ReLU(REGULAR)},
    nn.ConcatModule: {"in_type": REGULAR, "inner": nn.ReLU(REGULAR)},
    nn.HeadClasses: {"in_type": REGULAR, "n": 3},
    nn.HeadNumbers: {"in_type": REGULAR, "n": 3},
    nn.HeadFields: {"in_type": REGULAR, "out_type": VECTORS},
    nn.HeadPoints: {"in_type": REGULAR, "n": 2},
    nn.GroupAverage: {"in_type": REGULAR, "out_type": None, "net": torch.nn.Identity(), "samples": 2},
    nn.FrameAverage: {"in_type": REGULAR, "out_type": REGULAR, "net": torch.nn.Identity()},
    nn.Canonicalised: {"in_type": REGULAR, "out_type": REGULAR, "net": torch.nn.Identity(), "prior": 0.1},
}
# Functions of the user's: what they raise is their own.
FUNCTIONS = {"gate", "basis_filter", "frequencies_cutoff"}

NUMBERS = st.one_of(
    st.integers(-3, 6),
    st.floats(-3, 6),
    st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.0, 1j, True, False]),
    st.sampled_from([np.int64(2), np.float32(0.5), np.array([1, 2]), np.array(3), torch.tensor(2), torch.zeros(2, 2)]),
)
# Letters of all kinds: hypothesis would first read the whole of Unicode.
LETTERS = "aZ_0 .,:*/\\\"'\n\0\u00e9\u2297\U0001f600"
THINGS = st.one_of(
    st.none(),
    NUMBERS,
    st.text(LETTERS, max_size=5),
    st.binary(max_size=3),
    st.lists(NUMBERS, max_size=4),
    st.tuples(NUMBERS, NUMBERS),
    st.lists(st.text(LETTERS, max_size=2), max_size=4),
    st.dictionaries(st.text(LETTERS, max_size=2), NUMBERS, max_size=2),
    st.sampled_from([REGULAR, VECTORS, SIGNS, nn.field_type(C8, regular=1), nn.field_type(D4, regular=1), CIRCLE]),
    st.sampled_from([C4, D4, C4.regular_repr, C4.fibergroup, C4.fibergroup.element(1), object(), int, nn.ReLU]),
)
HUGE_NUMBERS = [2**31, 2**63, -(2**63), 10**30, 1e300]
HUGE = st.sampled_from(HUGE_NUMBERS)


# Strategies are made once: hypothesis takes as long to look a new one over as to draw from it.
@functools.cache
def changes_of(cls):
    return st.lists(st.sampled_from(arguments_of(cls)), min_size=1, max_size=2, unique=True)


def arguments_of(cls):
    parameters = inspect.signature(cls.__init__).parameters.values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [p.name for p in parameters if p.name != "self" and p.kind not in kinds]
    return names + (["N"] if "N" in RIGHT[cls] else [])


@functools.cache
def things_for(name):
    found = THINGS | HUGE
    return found.filter(lambda value: not callable(value)) if name in FUNCTIONS else found


def build(cls, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(**arguments)


@functools.cache
def right(cls):
    return build(cls, RIGHT[cls])


def works(module):
    """Runs a module that was built: it must give finite numbers, or refuse the input in words."""
    x = torch.randn(2, module.in_type.size, 7, 7)
    try:
        y = module(x)
    except IntertwineError as error:
        assert str(error)  # noqa: PT017
        return
    for part in y.values() if isinstance(y, dict) else [y]:
        assert isinstance(part, torch.Tensor)
        assert part.shape[0] == 2
        assert bool(torch.isfinite(part).all())


@pytest.mark.parametrize("cls", RIGHT, ids=lambda cls: cls.__name__)
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_wrong_arguments(cls, data):
    changed = data.draw(changes_of(cls), label="names")
    arguments = dict(RIGHT[cls])
    for name in changed:
        arguments[name] = data.draw(things_for(name), label=name)
    try:
        module = build(cls, arguments)
    except IntertwineError as error:
        assert str(error)  # noqa: PT017
        return
    works(module)


@over("cls", RIGHT, ids=lambda cls: cls.__name__)
def test_huge_numbers(cls):
    parameters = inspect.signature(cls.__init__).parameters
    names = arguments_of(cls)
    flags = {name: not p.default for name, p in parameters.items() if isinstance(p.default, bool) and name in names}
    for name, value, flipped in itertools.product(names, HUGE_NUMBERS, [None, *flags]):
        arguments = {**RIGHT[cls], **({flipped: flags[flipped]} if flipped else {}), name: value}
        try:
            module = build(cls, arguments)
        except IntertwineError:
            continue
        works(module)


@dataclass(frozen=True)
class Fields:
    """Samples of the layer's own type, or of another one, with or without it."""

    space: tuple[int, int]
    of: nn.FieldType | None = None
    plain: bool = False


SHAPES = st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 12]), max_size=5).map(tuple)
SPACES = st.tuples(st.integers(0, 9), st.integers(0, 9))
OTHERS = st.sampled_from([REGULAR, VECTORS, nn.field_type(C8, regular=1), nn.field_type(D4, regular=1)])
INPUTS = st.one_of(
    THINGS,
    SHAPES.map(torch.zeros),
    st.builds(Fields, SPACES, plain=st.just(True)),
    st.builds(Fields, SPACES),
    st.builds(Fields, SPACES, OTHERS),
)


@pytest.mark.parametrize("cls", RIGHT, ids=lambda cls: cls.__name__)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_wrong_inputs(cls, data):
    module = right(cls)
    kind = module.in_type
    x = data.draw(INPUTS, label="input")
    if isinstance(x, Fields):
        sample = torch.randn(2 if x.plain else 1, (x.of or kind).size, *x.space)
        x = sample if x.plain else nn.GeometricTensor(sample, x.of or kind)
    try:
        y = module(x)
    except IntertwineError as error:
        assert str(error)  # noqa: PT017
        return
    tensor = getattr(x, "tensor", x)
    assert isinstance(tensor, torch.Tensor)
    assert tensor.shape[1] == kind.size
    for part in y.values() if isinstance(y, dict) else [y]:
        assert getattr(part, "tensor", part).shape[0] == tensor.shape[0]
    assert isinstance(y, (torch.Tensor, nn.GeometricTensor, dict))


def test_every_planar_layer_is_called_wrongly():
    names = {cls.__name__ for cls in RIGHT}
    layers = {
        name
        for name in nn.__all__
        if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.EquivariantModule)
    }
    # Volumes, layers of several inputs or modules, and the general classes behind the ones for images.
    elsewhere = {name for name in layers if name.endswith(("3D", "3d", "1d")) or name.startswith(("R3", "R1"))} | {
        "EquivariantModule",
        "SequentialModule",
        "MergeModule",
        "MultipleModule",
        "GatedNonLinearity2",
        "Bilinear",
        "QuotientFourierELU",
        "R2PointConv",
        "HarmonicPolynomialR3",
        "AliasFree",
        "PointCanonicalised",
        "PointFrameAverage",
        *(name.removesuffix("2D") for name in names if name.endswith("2D")),
        "IIDBatchNorm",
    }
    assert layers - names - elsewhere == set()
