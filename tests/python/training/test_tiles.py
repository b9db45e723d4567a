"""Prediction tile by tile is prediction at once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, ShapeError
from intertwine.training.tiles import reach


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


@pytest.mark.parametrize("kind", ["response", "prob", "class"])
def test_the_overlap_is_found_and_all_types_are_there(kind):
    x = torch.randn(2, 1, 31, 23, dtype=torch.float64)
    assert reach(MODEL) == 2
    tiled = training.predict_tiled(MODEL, x, tile=9, type=kind)
    whole = training.predict(MODEL, x, type=kind)
    assert tiled.dtype == whole.dtype
    assert torch.allclose(tiled, whole, atol=1e-12)


def test_the_reach_bounds_what_an_output_depends_on():
    layers = [
        torch.nn.Conv2d(1, 2, 5, padding=2),
        torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(2, 2, 3, padding=2, dilation=2),
        torch.nn.Upsample(scale_factor=2, mode="bilinear"),
        torch.nn.Conv2d(2, 1, (3, 1), padding=(1, 0)),
    ]
    module = torch.nn.Sequential(*layers).double()
    x = torch.randn(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x)[0, 0, 32, 32], x)
    rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
    seen = int(max((rows - 32).abs().max(), (columns - 32).abs().max()))
    assert seen <= reach(module) <= 3 * seen


def test_a_type_that_tiles_have_not():
    with pytest.raises(ArgumentError, match="features"):
        training.predict_tiled(MODEL, torch.zeros(1, 1, 20, 20), tile=8, type="features")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["response", "class"])
def test_one_answer_for_an_image(kind):
    module = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with pytest.raises(ShapeError, match="each pixel"):
        training.predict_tiled(module, torch.zeros(1, 3, 20, 20), tile=8, type=kind)


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
