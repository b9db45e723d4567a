"""`predict`, `evaluate`, `confusion`: values, modes given back, interrupts."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from intertwine import training
from intertwine.errors import ArgumentError, ShapeError


def network():
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(), torch.nn.Linear(8, 4)
    )


def data(n=30):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, generator=generator), torch.randint(4, (n,), generator=generator)


def test_batches_do_not_matter():
    module, (x, _) = network(), data()
    whole = training.predict(module, x, batch_size=30)
    assert torch.allclose(training.predict(module, x, batch_size=7), whole, atol=1e-6)
    assert torch.allclose(whole, module.eval()(x), atol=1e-6)


def test_modes_are_given_back_one_by_one():
    module, (x, _) = network(), data()
    module[1].eval()
    training.predict(module, x)
    assert [part.training for part in module] == [True, False, True, True]
    assert torch.is_grad_enabled()


def test_types():
    module, (x, _) = network(), data()
    response = training.predict(module, x)
    assert torch.allclose(training.predict(module, x, type="prob"), response.softmax(1))
    assert torch.equal(training.predict(module, x, type="class"), response.argmax(1))
    assert training.predict(module, x, type="features").shape == (30, 8)
    with pytest.raises(ArgumentError, match="type"):
        training.predict(module, x, type="poem")


@pytest.mark.parametrize("function", [training.predict, training.evaluate, training.confusion])
def test_poll_stops_and_nothing_is_half_changed(function):
    module, (x, y) = network(), data()
    module[1].eval()
    state = {k: v.clone() for k, v in module.state_dict().items()}
    given = (x,) if function is training.predict else (x, y)
    with pytest.raises(KeyboardInterrupt):
        function(module, *given, batch_size=5, poll=lambda event: event["batch"] < 3)
    assert [part.training for part in module] == [True, False, True, True]
    assert torch.is_grad_enabled()
    assert all(torch.equal(v, state[k]) for k, v in module.state_dict().items())
    assert not any(part._forward_pre_hooks for part in module.modules())


def test_evaluate_is_the_mean_over_the_samples():
    module, (x, y) = network(), data()
    scores = training.evaluate(module, x, y, batch_size=7, metrics={"top": "accuracy"})
    output = module.eval()(x)
    assert scores["loss"] == pytest.approx(float(torch.nn.functional.cross_entropy(output, y).detach()), rel=1e-5)
    assert scores["top"] == pytest.approx(float((output.argmax(1) == y).float().mean()))


def test_evaluate_numbers():
    module = torch.nn.Linear(3, 1)
    x, _ = data()
    scores = training.evaluate(module, x, module(x).detach()[:, 0] + 2, metrics=["rmse", "mae", "mse"])
    assert scores == pytest.approx({"loss": 4, "rmse": 2, "mae": 2, "mse": 4}, rel=1e-4)


def test_confusion_counts():
    module, (x, y) = network(), data()
    table = training.confusion(module, x, y, batch_size=8)
    assert table.sum() == 30
    assert table.diag().sum() / 30 == pytest.approx(training.evaluate(module, x, y)["accuracy"])
    assert torch.equal(table.sum(1), torch.bincount(y, minlength=4))


def test_bad_input():
    module, (x, y) = network(), data()
    with pytest.raises(ShapeError, match="cannot take"):
        training.predict(module, x[:, :2])
    with pytest.raises(ShapeError, match="5 classes"):
        training.evaluate(module, x, y + 1)
    with pytest.raises(ArgumentError, match="batch_size"):
        training.predict(module, x, batch_size=0)
    with pytest.raises(ArgumentError, match="y is missing"):
        training.evaluate(module, x)
    with pytest.raises(ArgumentError, match="class targets"):
        training.confusion(module, x, y.float())


@pytest.mark.parametrize("device", ["abacus", "cuda:-1", "", "meta"])
@pytest.mark.parametrize("function", [training.predict, training.evaluate, training.confusion])
def test_a_device_that_is_not_here_is_refused_before_anything_moves(function: Any, device: str) -> None:
    module, x, y = torch.nn.Linear(3, 2), torch.zeros(4, 3), [0, 1, 1, 0]
    data = (x,) if function is training.predict else (x, y)
    with pytest.raises(ArgumentError, match=r"Use '\w+'"):
        function(module, *data, device=device)
    assert module.weight.device.type == "cpu"
