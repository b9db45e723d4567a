"""Summaries of models say what is there."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from intertwine import gspaces, nn
from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError

from ..contracts.layers import LAYERS, build, c8, classifier, d4, features, network, regulars, trivials
from .test_tutorials import C8SteerableCNN, WideResNet


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name):
    module = build(name)
    x = features(name, module)
    found = nn.summary(module, LAYERS[name].side or None)
    assert found.parameters == sum(p.numel() for p in module.parameters())
    assert found.parameter_bytes == 4 * found.parameters
    if LAYERS[name].side:
        assert found.input_shape == tuple(x.shape[1:])
        assert found.table[-1]["output_shape"] == tuple(module(x).shape[1:])
        assert all(row["multiply_adds"] >= 0 <= row["expansion"] for row in found.table)
        plan = nn.shape_plan(module, LAYERS[name].side) if not LAYERS[name].plain else None
        assert plan is None or found.exact == plan.exact
    assert module.training  # and nothing else has changed
    lines = str(found).splitlines()
    assert repr(found) == str(found)
    assert len(lines) >= 2 + len(found.table)


def flops(module, x):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(x)
    return counter.get_total_flops()


@pytest.mark.parametrize("make", [lambda: network(c8()), lambda: classifier(d4())])
def test_operations_are_those_of_the_exported_model(make):
    model = make()
    found = nn.summary(model, 21)
    plain = nn.export(model)
    assert found.multiply_adds == flops(plain, torch.zeros(1, 1, 21, 21)) // 2
    assert found._total("expansion") > 0
    outputs = []
    for layer in plain.modules():
        if not any(True for _ in layer.children()):
            layer.register_forward_hook(lambda _, args, y: outputs.append(4 * y.numel()))
    plain(torch.zeros(1, 1, 21, 21))
    assert sum(outputs) >= found.activation_bytes > 0.5 * sum(outputs)  # pooling is several modules when exported


def test_where_exactness_is_lost():
    kind = nn.field_type(gspaces.rot2dOnR2(8), regular=1)
    model = nn.SequentialModule(nn.R2Conv(kind, kind, 3, stride=2), nn.ReLU(kind), nn.R2Conv(kind, kind, 3))
    even, odd = nn.summary(model, 32), nn.summary(model, (33, 33))
    assert [row["exact"] for row in even.table] == [False, True, True]
    assert not even.exact
    assert odd.exact
    assert "BREAKS" in str(even)
    assert "NOT exact" in str(even)
    assert "exact on the grid" in str(odd).splitlines()[-1]
    assert "4 of 8 elements" in even.symmetry
    structure = nn.summary(model)
    assert structure.exact is None
    assert structure.table[0]["output_shape"] is None
    assert structure.parameters == even.parameters


def test_models_of_ones_own():
    for model, shape in ((C8SteerableCNN(), (1, 29, 29)), (WideResNet(), (3, 17, 17))):
        found = nn.summary(model, shape)
        assert found.parameters == sum(p.numel() for p in model.parameters())
        assert found.input_shape == shape
        assert {"R2Conv", "InnerBatchNorm"} <= {row["name"] for row in found.table}
        assert found.table[-1]["output_shape"] == (10,)
        single = copy.deepcopy(model).eval()
        flops(single, torch.zeros(1, *shape))  # filters are kept from here on
        assert found.multiply_adds == flops(single, torch.zeros(1, *shape)) // 2


def test_without_space_and_without_symmetry():
    linear = nn.summary(build("linear, mixed"), 1)
    assert linear.symmetry is None
    assert linear.table[0]["multiply_adds"] > 0
    plain = nn.summary(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten()), (1, 5, 5))
    assert plain.input_type is None
    assert plain.multiply_adds == 2 * 9 * 9
    assert plain.exact is None


def test_wrong_arguments():
    conv = nn.R2Conv(trivials(d4()), regulars(d4()), 5)
    with pytest.raises(ArgumentTypeError):
        nn.summary("model", 5)
    with pytest.raises(ShapeError):
        nn.summary(conv, 3)
    for size in (0, (3, 3, 3), "large", -1):
        with pytest.raises((ArgumentError, ArgumentTypeError)):
            nn.summary(conv, size)
    with pytest.raises(ArgumentError, match="channels"):
        nn.summary(torch.nn.Conv2d(1, 2, 3), ())
