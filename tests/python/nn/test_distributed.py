"""Training in two processes does what training in one does."""

from __future__ import annotations

import copy

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import ArgumentTypeError

from ..contracts.copies import reloaded
from ..contracts.distributed import two_processes

pytestmark = pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch without gloo")


def test_two_processes_learn_as_one_with_the_doubled_batch():
    found = two_processes("loss curves")
    assert len(found["alone"]) == 20
    assert found["alone"][-1] < found["alone"][0]
    assert max(abs(a - b) for a, b in zip(found["alone"], found["together"])) < 1e-10
    assert found["identical"]
    assert found["to one process"] < 1e-9


def test_synchronised_statistics():
    found = two_processes("several steps")
    assert found["keys"]
    assert found["output"] < 1e-10
    assert found["state"] < 1e-10


def test_a_process_without_items_still_sums_with_the_other():
    errors = two_processes("each class")["one process without items"]
    assert max(errors.values()) < 1e-12, errors


def test_one_process_alone_notices_nothing():
    kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
    torch.manual_seed(0)
    plain = nn.InnerBatchNorm(kind)
    synchronised = nn.synchronise_batchnorm(copy.deepcopy(plain))
    x = torch.randn(4, 8, 5, 5, requires_grad=True)
    torch.testing.assert_close(synchronised(x), plain(x))
    torch.testing.assert_close(synchronised.running_var, plain.running_var)
    again = reloaded(synchronised)
    torch.testing.assert_close(again(x), plain(x))
    assert list(synchronised.state_dict()) == list(plain.state_dict())
    assert isinstance(nn.synchronise_batchnorm(torch.nn.BatchNorm2d(3)), torch.nn.SyncBatchNorm)
    with pytest.raises(ArgumentTypeError):
        nn.synchronise_batchnorm("model")
