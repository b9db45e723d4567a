"""A slice of ``make fuzz``, and that no layer and no setting is missing from it."""

from __future__ import annotations

from functools import cache

import pytest

from intertwine import nn

from .arguments import parameters_without_generator
from .checks import configuration
from .modules import GENERATORS, LAYERS


@cache
def outcome_of(number):
    return configuration(seed=0, number=number)


@pytest.mark.parametrize("number", range(32))
def test_what_is_accepted_without_a_warning_holds(number):
    outcome = outcome_of(number)
    assert outcome.kind != "failed", f"{outcome.layer} on {outcome.space}: {outcome.detail}"


def test_some_are_accepted_and_some_are_not():
    kinds = [outcome_of(number).kind for number in range(32)]
    assert {"accepted", "warned", "refused"} <= set(kinds)
    assert kinds.count("accepted") > 10


def test_every_layer_has_a_generator():
    assert set(GENERATORS) - set(LAYERS) == {"depthwise_conv", "separable_conv"}
    for name, cls in LAYERS.items():
        if name not in GENERATORS:
            assert parameters_without_generator(cls, {"in_type"}) == [], name


def test_a_layer_that_is_not_equivariant_is_found(monkeypatch):
    from . import checks

    class Broken(nn.IdentityModule):
        def _compute(self, tensor):
            return tensor * (1 + tensor.abs().cumsum(-1)) if tensor.dim() > 2 else tensor.cumsum(-1)

    monkeypatch.setattr(checks, "off_the_grid", lambda case: None)
    monkeypatch.setattr(checks, "CHOICES", ["IdentityModule"])
    monkeypatch.setitem(checks.LAYERS, "IdentityModule", Broken)
    kinds = [configuration(seed=0, number=number).kind for number in range(12)]
    assert kinds.count("failed") > 6
