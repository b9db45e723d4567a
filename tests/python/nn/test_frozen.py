"""Freezing: filters are expanded once while it lasts, and every write that can be known ends it."""

from __future__ import annotations

import copy
import gc

import pytest
import torch
from torch.optim.optimizer import _global_optimizer_post_hooks as HOOKS

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentTypeError
from intertwine.kernels import FilterCache
from intertwine.kernels import cache as cache_module

from ..contracts.copies import reloaded

SPACE = gspaces.rot2dOnR2(4)
GRAY = nn.field_type(SPACE, trivial=1)
FIELDS = nn.field_type(SPACE, regular=2)


def network():
    torch.manual_seed(0)
    return nn.SequentialModule(nn.R2Conv(GRAY, FIELDS, 3), nn.ReLU(FIELDS), nn.R2Conv(FIELDS, FIELDS, 1)).eval()


def out(model):
    with torch.no_grad():
        return model(torch.ones(1, 1, 5, 5) + torch.arange(5.0))


class Expansions:
    """Counts how often filters are expanded."""

    def __init__(self, monkeypatch):
        self.count = 0
        kept = nn.R2Conv._expand

        def counted(layer, *args):
            self.count += 1
            return kept(layer, *args)

        monkeypatch.setattr(nn.R2Conv, "_expand", counted)


def test_nothing_is_expanded_or_compared_while_frozen(monkeypatch):
    expected = out(network())
    seen = Expansions(monkeypatch)
    model = network()
    with nn.frozen(model):
        monkeypatch.setattr(torch, "equal", None)
        for _ in range(3):
            assert (out(model) - expected).abs().max() == 0
        assert seen.count == 2
    assert not nn.is_frozen(model)


def step(kind, **options):
    def change(model):
        optimiser = kind(model.parameters(), lr=0.1, **options)
        model(torch.ones(1, 1, 5, 5)).sum().backward()
        optimiser.step()

    return change


def assign(model):
    model[0].weights = torch.nn.Parameter(2 * model[0].weights.detach())


def assign_data(model):
    model[0].weights.data = 2 * model[0].weights.data


CHANGES = {
    "sgd": step(torch.optim.SGD),
    "adam": step(torch.optim.Adam),
    "fused": step(torch.optim.Adam, fused=True),
    "foreach": step(torch.optim.AdamW, foreach=True),
    "load": lambda model: model.load_state_dict({k: 2 * v for k, v in model.state_dict().items()}),
    "assign in load": lambda model: model.load_state_dict(
        {k: 2 * v for k, v in model.state_dict().items()}, assign=True
    ),
    "another parameter": assign,
    "other data": assign_data,
    "half and back": lambda model: (
        model.half().float().load_state_dict({k: 2 * v for k, v in model.state_dict().items()})
    ),
    "train, then in place": lambda model: (model.train(), model[0].weights.data.mul_(2), model.eval()),
    "thaw, then in place": lambda model: (nn.thaw(model), model[0].weights.data.mul_(2)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_write_that_can_be_known_is_seen(name):
    model = nn.freeze(network())
    before = out(model)
    CHANGES[name](model)
    twin = network()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(out(model), out(twin))
    assert not torch.equal(out(model), before)


def test_a_step_on_other_weights_leaves_a_model_frozen():
    model, other = nn.freeze(network()), network()
    out(model)
    step(torch.optim.SGD)(other)
    assert nn.is_frozen(model)
    step(torch.optim.SGD)(model)
    assert not all(cache.frozen for cache in (model[0]._cache, model[2]._cache))


def test_a_write_in_place_is_the_users_to_tell():
    model = nn.freeze(network())
    before = out(model)
    model[0].weights.data.mul_(2)
    assert torch.equal(out(model), before)
    assert not torch.equal(out(nn.thaw(model)), before)


def test_gradients_copies_and_files_are_those_of_a_model_that_is_not_frozen():
    model = nn.freeze(network())
    out(model)
    x = torch.ones(1, 1, 5, 5)
    model(x).sum().backward()
    assert model[0].weights.grad is not None
    for twin in (copy.deepcopy(model), reloaded(model)):
        assert not nn.is_frozen(twin)
        twin[0].weights.data.mul_(2)
        assert not torch.equal(out(twin), out(model))


def test_frozen_blocks_nest_and_leave_what_they_found():
    model = network()
    with nn.frozen(model):
        with nn.frozen(model):
            pass
        assert nn.is_frozen(model)
    assert not nn.is_frozen(model)
    nn.freeze(model)
    with nn.frozen(model):
        pass
    assert nn.is_frozen(model)
    with pytest.raises(ArgumentTypeError, match="module"):
        nn.freeze(3)


def test_predictions_and_validation_are_frozen_only_while_they_run(monkeypatch):
    model = torch.nn.Sequential(network(), torch.nn.Flatten(), torch.nn.Linear(8 * 9, 2))
    x, y = torch.randn(12, 1, 5, 5), torch.arange(12) % 2
    seen = Expansions(monkeypatch)
    training.predict(model, x, batch_size=2)
    assert seen.count <= 2 * 2  # once to try a sample, once for all batches
    assert not nn.is_frozen(model)
    result = training.fit(model, x, y, epochs=3, batch_size=4, validation=0.5, seed=0, learn_rate=0.1)
    assert not nn.is_frozen(result.module)
    again = training.evaluate(result.module, x, y)
    assert again["loss"] > 0


def test_other_devices_keep_nothing_unless_frozen(monkeypatch):
    monkeypatch.setattr(cache_module, "_is_plain", lambda parameter: True)
    cache, made = FilterCache(), []
    weights = torch.nn.Parameter(torch.ones(3))

    class Elsewhere:
        type = "cuda"

    class Tensor(torch.nn.Parameter):
        device = Elsewhere()  # type: ignore[assignment]

    there = Tensor(weights.data)
    with torch.no_grad():
        for _ in range(2):
            cache.get("filter", lambda a, b: made.append(a), there)
        assert len(made) == 2
        cache.freeze()
        for _ in range(2):
            cache.get("filter", lambda a, b: made.append(a), there)
    assert len(made) == 3


def test_the_hook_on_optimisers_is_there_only_while_something_is_frozen():
    gc.collect()
    step(torch.optim.SGD)(network())  # those that were frozen are gone by now
    before = len(HOOKS)
    model = nn.freeze(network())
    assert len(HOOKS) == before + 1
    nn.thaw(model)
    assert len(HOOKS) == before
