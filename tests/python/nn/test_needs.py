"""No non-linearity breaks the symmetry in silence: whatever the coordinates of a field, a layer is equivariant or refuses it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import ArgumentError, EmptyBasisError, UnsupportedFieldError

from ..contracts.cases import over
from ..contracts.lists import REPRESENTATIONS, turned


def signs(rho):
    """The same with every second channel negated."""
    return group.change_basis(rho, np.diag([(-1.0) ** k for k in range(rho.size)]), f"signed {rho.name}")


def shuffled(rho):
    """The same with the channels in another order."""
    order = np.random.default_rng(3).permutation(rho.size)
    return group.change_basis(rho, np.eye(rho.size)[order], f"shuffled {rho.name}")


COORDINATES = {"": lambda rho: rho, "turned ": turned, "signed ": signs, "shuffled ": shuffled}
FIELDS = {
    f"{prefix}{name}": (lambda make=make, change=change: change(make()))
    for name, make in REPRESENTATIONS.items()
    for prefix, change in COORDINATES.items()
}

POINTWISE = {
    "ReLU": (nn.ReLU, torch.relu),
    "ELU": (nn.ELU, torch.nn.functional.elu),
    "LeakyReLU": (nn.LeakyReLU, torch.nn.functional.leaky_relu),
    "p_relu": (lambda t: nn.PointwiseNonLinearity(t, "p_relu"), torch.relu),
    "p_elu": (lambda t: nn.PointwiseNonLinearity(t, "p_elu"), torch.nn.functional.elu),
    "p_sigmoid": (lambda t: nn.PointwiseNonLinearity(t, "p_sigmoid"), torch.sigmoid),
    "p_tanh": (lambda t: nn.PointwiseNonLinearity(t, "p_tanh"), torch.tanh),
}

OTHERS = {
    "c_relu": nn.ConcatenatedNonLinearity,
    "c_tanh": lambda t: nn.ConcatenatedNonLinearity(t, "c_tanh"),
    "n_relu": nn.NormNonLinearity,
    "squash": lambda t: nn.NormNonLinearity(t, "squash", bias=False),
    "norms of blocks": nn.InducedNormNonLinearity,
    "gated": lambda t: nn.GatedNonLinearity1(gates_for(t) + t),
    "gated, gates of the same kind": lambda t: nn.GatedNonLinearity1(t + t),
    "gated blocks": lambda t: nn.InducedGatedNonLinearity1(t + t),
    "gated by another": lambda t: nn.MultipleModule(
        gates_for(t) + t,
        2 * ["gates"] + 2 * ["fields"],
        [(nn.GatedNonLinearity2((gates_for(t), t)), ["gates", "fields"])],
    ),
    "gated, uniform": nn.GatedNonLinearityUniform,
    "vectors": nn.VectorFieldNonLinearity,
    "group pooling": nn.GroupPooling,
    "pooling over a subgroup": lambda t: nn.SubgroupPooling(t, _half(t.fibergroup)),
    "norm pooling": nn.NormPool,
    "norm pooling of blocks": nn.InducedNormPool,
    "batch norm": nn.InnerBatchNorm,
    "batch norm, iid": nn.IIDBatchNorm1d,
    "batch norm, of irreps": nn.GNormBatchNorm,
    "batch norm, of norms": nn.NormBatchNorm,
    "batch norm, of norms of blocks": nn.InducedNormBatchNorm,
    "normalised": nn.FieldNorm,
    "normalised samples": nn.LayerNorm,
    "normalised samples, field by field": nn.InstanceNorm,
    "fourier": lambda t: nn.FourierPointwise(t),
    "fourier elu": lambda t: nn.FourierELU(t),
    "attention": nn.Attention,
    "attention to fields": nn.SqueezeExcitation,
    "head": lambda t: nn.HeadClasses(t, 3),
    "head of numbers": nn.HeadNumbers,
    "head of fields": lambda t: nn.HeadFields(t, t),
    "disentangle": nn.DisentangleModule,
    "bilinear": lambda t: nn.MultipleModule(
        t + t, 2 * ["first"] + 2 * ["second"], [(nn.Bilinear((t, t), t), ["first", "second"])]
    ),
}

LARGEST_OF_PRODUCTS = 16
"""Products of two fields of more channels have too many for a test that goes over all representations."""


def _half(group_):
    """The label of the first subgroup that is not trivial, or of the group where it has infinitely many elements."""
    if group_.continuous or group_.order() == 1:
        return group_.subgroup_self_id
    return next(kind.id for kind in group_.subgroups() if kind.order > 1)


# Layers for any field take any field.
NEVER_REFUSED = (
    "n_relu",
    "squash",
    "gated",
    "gated by another",
    "norm pooling",
    "batch norm, iid",
    "batch norm, of irreps",
    "normalised",
)


def gates_for(type_):
    return nn.FieldType(type_.gspace, len(type_) * [type_.gspace.trivial_repr])


@lru_cache(maxsize=512)
def type_of(name):
    rho = FIELDS[name]()
    return nn.FieldType(gspaces.no_base_space(rho.group), [rho, rho])


@torch.no_grad()
def error_of(function, in_type, out_type):
    """The greatest relative error over generators; functions of batches keep their statistics in training."""
    x = torch.randn(5, in_type.size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = function(x)
    errors = [0.0]
    for g in in_type.fibergroup.generators:
        moved = function(in_type.transform_fibers(x, g))
        expected = y if out_type is None else out_type.transform_fibers(y, g)
        errors.append(float((moved - expected).abs().max() / expected.abs().max().clamp_min(1e-3)))
    return max(errors)


@pytest.mark.parametrize("layer", POINTWISE)
@over("name", FIELDS)
def test_functions_of_channels_are_refused_exactly_where_they_break_the_symmetry(name, layer):
    build, function = POINTWISE[layer]
    in_type = type_of(name)
    breaks = error_of(function, in_type, in_type) > 1e-6
    if breaks:
        with pytest.raises(UnsupportedFieldError, match=r"need.*(permute|sign).*(Use|use)"):
            build(in_type)
    else:
        assert error_of(build(in_type).double(), in_type, in_type) < 1e-10


@pytest.mark.parametrize("layer", OTHERS)
@over("name", FIELDS)
def test_other_layers_are_equivariant_or_refuse(name, layer):
    in_type = type_of(name)
    if layer == "bilinear" and in_type.size > LARGEST_OF_PRODUCTS:
        return
    try:
        module = OTHERS[layer](in_type)
    except (UnsupportedFieldError, ArgumentError, EmptyBasisError) as error:
        assert layer not in NEVER_REFUSED
        assert "need" in str(error) or "block" in str(error) or "coefficient" in str(error)  # noqa: PT017
        return
    module = module.double().train()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    out_type = getattr(module, "out_type", None)
    assert error_of(module, module.in_type, out_type) < 1e-9


@over("name", [name for name in FIELDS if "C8" in name or "D4" in name])
def test_maxima_over_space(name):
    rho = FIELDS[name]()
    space = gspaces.rot2dOnR2(8) if rho.group == group.cyclic_group(8) else gspaces.flipRot2dOnR2(4)
    if rho.group != space.fibergroup:
        pytest.skip("of another group")
    in_type = nn.FieldType(space, [rho])
    x = torch.randn(2, rho.size, 7, 7, dtype=torch.float64)
    for cls, *arguments in (
        (nn.PointwiseMaxPool2D, 3, 2),
        (nn.PointwiseMaxPoolAntialiased2D, 3, 2),
        (nn.PointwiseAdaptiveMaxPool2D, 1),
        (nn.PointwiseDropout, 0.0),
    ):
        try:
            module = cls(in_type, *arguments).double()
        except UnsupportedFieldError:
            assert not rho.is_permutation
            continue
        assert module.check_equivariance(x=x).passed


def test_what_layers_need_is_stated():
    for name in nn.__all__:
        cls = getattr(nn, name)
        if isinstance(cls, type) and issubclass(cls, nn.EquivariantModule):
            assert isinstance(cls.needs, str)
            assert cls.needs
    assert nn.ReLU.needs == nn.ELU.needs
    type_ = nn.field_type(gspaces.rot2dOnR2(4), irrep_1=1)
    with pytest.raises(UnsupportedFieldError, match="permute"):
        nn.ReLU(type_)
    assert nn.ReLU.refuses(type_) is not None
    assert "permute" in nn.ReLU.refuses(type_)
    assert nn.NormNonLinearity.refuses(type_) is None
    assert nn.PointwiseNonLinearity.refuses(nn.field_type(gspaces.flip2dOnR2(), irrep_1=1), function="p_tanh") is None
    assert nn.PointwiseNonLinearity.refuses(nn.field_type(gspaces.flip2dOnR2(), irrep_1=1)) is not None
