"""What fit() says once before it starts."""

from __future__ import annotations

import warnings

import torch

from intertwine import gspaces, nn
from intertwine.errors import EquivarianceWarning, StatisticsWarning
from intertwine.training import fit

SPACE = gspaces.rot2dOnR2(4)


def strided():
    return nn.SequentialModule(
        nn.field_type(SPACE, trivial=1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        nn.InnerBatchNorm.spec(),
        nn.R2Conv.spec(out={"regular": 1}, kernel_size=3, stride=2),
        nn.HeadClasses.spec(n=2),
    )


def data(side):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 1, side, side, generator=generator), torch.arange(8) % 2


def said(module, side, **given):
    x, y = given.pop("data", None) or data(side)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fit(module, x, y, seed=1, **{"epochs": 2, **given})
    return result, [w for w in caught if issubclass(w.category, (EquivarianceWarning, StatisticsWarning))]


def test_a_size_off_the_grid_is_said_once():
    _, caught = said(strided(), 10)
    assert [w.category for w in caught] == [EquivarianceWarning]
    message = str(caught[0].message)
    assert "10 x 10" in message
    assert "R2Conv" in message
    assert "Exact sizes nearby: 9, 11" in message
    assert caught[0].filename == __file__
    assert said(strided(), 9)[1] == []
    # what has no grid, or is no equivariant module, is none of this
    x, y = torch.randn(8, 3), torch.arange(8) % 2
    fit(torch.nn.Linear(3, 2), x, y, epochs=1, seed=1)


def frozen(module):
    for part in list(module)[:2]:
        part.requires_grad_(False)
    return module


def test_frozen_normalisations_that_follow_the_data_are_said():
    module = frozen(strided())
    result, caught = said(module, 9)
    assert [w.category for w in caught] == [StatisticsWarning]
    assert "1 batch normalisations are frozen (1)" in str(caught[0].message)
    assert not torch.equal(result.module[1].running_var, module[1].running_var)


def test_parts_in_eval_mode_stay_there():
    module = frozen(strided())
    module[1].eval()
    result, caught = said(module, 9)
    assert caught == []
    assert torch.equal(result.module[1].running_var, module[1].running_var)
    assert torch.equal(result.module[1].running_mean, module[1].running_mean)
    # a trained model is in eval mode as a whole, and trains on as a whole
    again, _ = said(strided().eval(), 9)
    assert not torch.equal(again.module[1].running_var, torch.ones(2))


def test_a_class_may_keep_parts_asleep_itself():
    class Backbone(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.head = torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 2)

        def train(self, mode=True):
            super().train(mode)
            self.norm.eval()
            return self

        def forward(self, x):
            return self.head(self.norm(x))

    result, caught = said(Backbone(), 9, data=(5 + torch.randn(8, 3), torch.arange(8) % 2))
    assert caught == []
    assert torch.equal(result.module.norm.running_mean, torch.zeros(3))
