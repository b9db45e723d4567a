"""Prediction tile by tile is prediction at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, ShapeError


def network():
    space = gspaces.rot2dOnR2(4)
    return nn.SequentialModule(
        nn.field_type(space, trivial=1),
        nn.R2Conv.spec(out={"regular": 2}, kernel_size=3, padding=1),
        nn.ReLU.spec(),
        nn.R2Conv.spec(out={"trivial": 3}, kernel_size=3, padding=1),
    ).double()


MODEL = network()


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(3, 40),
    width=st.integers(3, 40),
    tile=st.integers(5, 16),
    overlap=st.just(2),
    n=st.integers(1, 2),
)
def test_tiles_make_the_whole(height, width, tile, overlap, n):
    x = torch.randn(n, 1, height, width, dtype=torch.float64)
    tiled = training.predict_tiled(MODEL, x, tile=tile, overlap=overlap)
    assert torch.allclose(tiled, training.predict(MODEL, x), atol=1e-12)


def test_a_module_that_shrinks_images():
    with pytest.raises(ShapeError, match="each pixel"):
        training.predict_tiled(torch.nn.Conv2d(1, 1, 3), torch.zeros(1, 1, 20, 20), tile=8, overlap=1)


def test_tiles_without_a_middle():
    with pytest.raises(ArgumentError, match="overlap"):
        training.predict_tiled(MODEL, torch.zeros(1, 1, 20, 20), tile=8, overlap=4)


def test_poll():
    events = []
    x = torch.zeros(1, 1, 20, 20)
    training.predict_tiled(MODEL, x, tile=12, overlap=2, poll=events.append)
    assert [event["batch"] for event in events] == [1, 2, 3, 4]
    with pytest.raises(KeyboardInterrupt):
        training.predict_tiled(MODEL, x, tile=12, overlap=2, poll=lambda event: False)
