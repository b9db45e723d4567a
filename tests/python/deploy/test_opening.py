"""Opening a file costs what the file is worth: short files that ask for much are refused at once, and what can be saved opens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from intertwine import deploy, gspaces, nn
from intertwine.budget import LEAST_BYTES, LEAST_SECONDS, Budget, Price
from intertwine.deploy.layers import equivariant_layers
from intertwine.deploy.module_codec import Reader
from intertwine.errors import ModelFileError

from ..contracts import hostile
from ..contracts.layers import LAYERS, build

SECONDS, MEGABYTES = 1.0, 256.0
BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "opening.py"


def _opened(*arguments: str) -> list[dict]:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_files_by_hand_are_refused_at_once():
    rows = _opened("--hand")
    assert len(rows) == len(hostile.BY_HAND) >= 40
    # processor time, for other processes may be at work here
    wrong = [row for row in rows if row["outcome"] != "refused" or row["seconds"] > SECONDS or row["MB"] > MEGABYTES]
    assert not wrong


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.parametrize("one_in", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_every_numeric_argument_of_every_layer(one_in):
    rows = _opened("--generated", "--one-in", str(one_in))
    assert len(rows) > 2000 // one_in
    assert {row["outcome"] for row in rows} == {"opened", "refused"}
    assert not [row for row in rows if row["MB"] > MEGABYTES or row["seconds"] > 3 * SECONDS]
    assert len([row for row in rows if row["seconds"] > SECONDS]) <= 2  # where the first of a kind fills caches


def test_every_layer_is_among_those_that_are_generated():
    named = {name.partition("(")[0].partition(" ")[0] for name, _ in hostile.generated()}
    # their arguments are modules
    assert set(equivariant_layers()) - named <= {"MergeModule", "SequentialModule"}


def _spent(data: bytes, monkeypatch) -> Price:
    budgets = []

    class Watched(Budget):
        def __init__(self, size):
            super().__init__(size)
            budgets.append(self)

    monkeypatch.setattr("intertwine.deploy.files.Budget", Watched)
    deploy.load_bytes(data)
    return budgets[-1].spent


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if layer.public])
def test_every_layer_is_far_below_what_any_file_may_ask_for(name, monkeypatch):
    spent = _spent(deploy.save_bytes(build(name)), monkeypatch)
    assert 0 < spent.seconds < LEAST_SECONDS / 30
    assert 0 < spent.bytes < LEAST_BYTES / 30


def test_what_is_asked_for_does_not_depend_on_what_was_opened_before(monkeypatch):
    data = deploy.save_bytes(build("conv, regular, C8") if "conv, regular, C8" in LAYERS else build("head"))
    first, second = _spent(data, monkeypatch), _spent(data, monkeypatch)
    assert first == second


def test_a_large_kernel_opens():
    space = gspaces.rot2dOnR2(8)
    layer = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=1), 41)
    again = deploy.load_bytes(deploy.save_bytes(layer))
    assert torch.equal(again.weights, layer.weights)


def test_what_is_too_much_to_open_is_not_saved():
    space = gspaces.rot2dOnR2(4)
    layer = nn.MaskModule(nn.field_type(space, trivial=1), 2500)
    from intertwine.errors import ArgumentError

    with pytest.raises(ArgumentError, match="memory") as caught:
        deploy.save_bytes(layer)
    assert "smaller" in str(caught.value)


def test_a_price_that_is_no_number_is_too_much():
    for price in (Price(float("nan")), Price(0.0, float("nan")), Price(float("inf"))):
        with pytest.raises(ModelFileError):
            Budget(10).pay(price, "a layer")


def test_longer_files_may_ask_for_more():
    price = Price(2 * LEAST_BYTES, 2 * LEAST_SECONDS)
    assert not Budget(1000).affords(price)
    assert Budget(10**7).affords(price)


def test_all_is_paid_before_anything_is_built(monkeypatch):
    mask = hostile.layer("MaskModule", in_type=hostile.on_plane(hostile.TRIVIAL), S=10)
    huge = hostile.layer("MaskModule", in_type=hostile.on_plane(hostile.TRIVIAL), S=10**6)
    built = []
    monkeypatch.setattr(nn.MaskModule, "__init__", lambda *a, **k: built.append(a))
    with pytest.raises(ModelFileError):
        Reader({}, 1000).read(hostile.sequence(mask, huge))
    assert not built
