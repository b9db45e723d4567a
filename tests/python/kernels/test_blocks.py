"""Blocks of irreps in batches give the filter that pairs of kinds give one by one."""

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.group import directsum
from intertwine.kernels.blocks import BlockExpansion
from intertwine.kernels.expansion import _FieldExpansion


def uniform(space, copies, *labels):
    return nn.FieldType(space, copies * [directsum([space.irrep(*label) for label in labels])])


def apart(space, *counted):
    return nn.FieldType(space, [space.irrep(*label) for count, *label in counted for _ in range(count)])


SO2, O2, C8 = gspaces.rot2dOnR2(-1), gspaces.flipRot2dOnR2(-1), gspaces.rot2dOnR2(8)
PAIRS = {
    "equal fields": (uniform(SO2, 3, (0,), (1,), (2,)), uniform(SO2, 2, (0,), (1,), (3,))),
    "sizes that alternate": (uniform(SO2, 2, (1,), (0,), (2,), (0,)), uniform(SO2, 2, (0,), (1,), (0,))),
    "irreps by themselves": (apart(SO2, (2, 0), (2, 1)), apart(SO2, (2, 0), (2, 1), (2, 2))),
    "as many as you like": (apart(SO2, (1, 0), (3, 1), (2, 2)), apart(SO2, (2, 1), (1, 0))),
    "reflections": (uniform(O2, 2, (0, 0), (1, 1)), uniform(O2, 3, (1, 0), (1, 1), (1, 2))),
    "a finite group": (uniform(C8, 2, (0,), (1,), (4,)), apart(C8, (2, 4), (1, 3), (2, 0))),
    "one pair": (apart(O2, (2, 1, 1)), apart(O2, (3, 1, 1))),
    "blocks without a kernel": (apart(O2, (1, 0, 0), (1, 1, 1)), apart(O2, (1, 1, 0), (1, 0, 0))),
    "a change of basis": (
        nn.FieldType(SO2, 2 * [SO2.fibergroup.bl_regular_representation(2)]),
        nn.FieldType(SO2, [SO2.fibergroup.bl_regular_representation(1), SO2.irrep(2)]),
    ),
}


EQUAL = {
    "sums of irreps": (uniform(SO2, 3, (0,), (1,), (1,)), uniform(SO2, 2, (1,), (0,), (3,))),
    "sums of irreps of a finite group": (uniform(C8, 2, (0,), (1,), (2,)), uniform(C8, 3, (2,), (1,))),
    "a regular field and its parts": (uniform(C8, 2, (0,), (3,)), nn.FieldType(C8, 2 * [C8.regular_repr])),
    "a change of basis": (
        nn.FieldType(SO2, 2 * [SO2.fibergroup.bl_regular_representation(2)]),
        nn.FieldType(SO2, [SO2.fibergroup.bl_regular_representation(1)]),
    ),
}


def assert_same_filters(ours, theirs):
    torch.manual_seed(0)
    theirs.load_state_dict(ours.state_dict())
    filters = [layer.double().expand_parameters()[0] for layer in (ours, theirs)]
    assert torch.allclose(*filters, rtol=0, atol=1e-13)
    values = torch.randn_like(filters[0])
    gradients = [
        torch.autograd.grad((f * values).sum(), layer.weights)[0]
        for f, layer in zip(filters, (ours, theirs), strict=True)
    ]
    assert torch.allclose(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_blocks_and_pairs_give_one_filter(name, kernel_size, monkeypatch):
    monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
    ours = nn.R2Conv(*PAIRS[name], kernel_size)
    assert ours.basisexpansion._blocks is not None
    monkeypatch.setattr(BlockExpansion, "is_applicable", staticmethod(lambda plan: False))
    theirs = nn.R2Conv(*PAIRS[name], kernel_size, initialize=False)
    assert theirs.basisexpansion._blocks is None
    assert_same_filters(ours, theirs)


@pytest.mark.parametrize("name", EQUAL)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_equal_fields_and_pairs_give_one_filter(name, kernel_size, monkeypatch):
    ours = nn.R2Conv(*EQUAL[name], kernel_size)
    assert ours.basisexpansion._fields is not None
    monkeypatch.setattr(_FieldExpansion, "is_cheaper", staticmethod(lambda plan: False))
    theirs = nn.R2Conv(*EQUAL[name], kernel_size, initialize=False)
    assert theirs.basisexpansion._fields is None
    assert_same_filters(ours, theirs)


def test_equal_fields_on_the_meta_device():
    with torch.device("meta"):
        layer = nn.R2Conv(*EQUAL["sums of irreps"], 3)
    layer.to_empty(device="cpu")
    twin = nn.R2Conv(*EQUAL["sums of irreps"], 3)
    assert torch.equal(layer.basisexpansion._fields.basis, twin.basisexpansion._fields.basis)


def test_fields_that_the_group_permutes_go_by_pairs():
    kind = nn.FieldType(C8, [C8.regular_repr, C8.irrep(1)])
    expansion = nn.R2Conv(kind, kind, 3).basisexpansion
    assert expansion._blocks is None
    assert expansion._fields is None
