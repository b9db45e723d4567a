"""Prediction tile by tile is prediction at once."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from intertwine import gspaces, nn, training
from intertwine.errors import ArgumentError, ShapeError
from intertwine.training.prediction.reach import tilings

from ..contracts.pixels import PIXELS, WHOLE


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
    assert [(t.before, t.after) for t in tilings(MODEL, x, 9, None)] == [(2, 2), (2, 2)]
    tiled = training.predict_tiled(MODEL, x, tile=9, type=kind)
    whole = training.predict(MODEL, x, type=kind)
    assert tiled.dtype == whole.dtype
    assert torch.allclose(tiled, whole, atol=1e-12)


def made(entry, seed=0):
    torch.manual_seed(seed)
    return entry.build().double().eval()


@pytest.mark.parametrize("name", PIXELS)
def test_tiles_of_every_network_make_the_whole(name):
    module = made(PIXELS[name])
    for size in PIXELS[name].sizes:
        x = torch.randn(2, 1, *size, dtype=torch.float64)
        whole = training.predict(module, x)
        for tile in (PIXELS[name].tile, PIXELS[name].tile + 3):
            tiled = training.predict_tiled(module, x, tile=tile)
            assert (tiled - whole).abs().max() <= 1e-12 * whole.abs().max()
    assert module.last.weight.dtype == torch.float64 if hasattr(module, "last") else True


@pytest.mark.parametrize("name", WHOLE)
def test_networks_without_such_tiles_are_refused(name):
    module, size = made(WHOLE[name]), WHOLE[name].sizes[0]
    x = torch.randn(1, 1, *size, dtype=torch.float64)
    with pytest.raises(ArgumentError, match="whole images give") as raised:
        training.predict_tiled(module, x, tile=WHOLE[name].tile)
    enough = re.search(r"at least (\d+) pixels", str(raised.value))
    assert bool(enough) == name.startswith("tile")
    if enough:
        tiled = training.predict_tiled(module, x, tile=int(enough[1]))
        assert torch.allclose(tiled, training.predict(module, x), atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_networks_in_other_precisions(dtype):
    module = made(PIXELS["pooled"]).to(dtype)
    x = torch.randn(1, 1, 62, 40)
    tiled, whole = training.predict_tiled(module, x, tile=30), training.predict(module, x)
    assert torch.allclose(tiled, whole, atol=1e-5 if dtype == torch.float32 else 0.05)
    assert next(module.parameters()).dtype == dtype


def test_a_network_that_keeps_single_precision():
    class Single(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel = torch.randn(1, 1, 5, 5)  # no buffer, so that it stays as it is

        def forward(self, x):
            return torch.nn.functional.conv2d(x, self.kernel, padding=2)

    module, x = Single(), torch.randn(1, 1, 40, 40)
    assert torch.allclose(training.predict_tiled(module, x, tile=12), module(x), atol=1e-5)


def test_images_of_8_bits_and_images_of_one_value():
    module = made(PIXELS["pooled"]).float()
    for x in (torch.randint(0, 255, (1, 1, 62, 40), dtype=torch.uint8), torch.ones(1, 1, 62, 40)):
        tiled, whole = training.predict_tiled(module, x, tile=30), training.predict(module, x)
        assert torch.allclose(tiled, whole, atol=1e-5)


def test_an_overlap_that_is_too_small_is_refused_and_a_larger_one_is_used():
    module, x = made(PIXELS["pooled"]), torch.randn(1, 1, 62, 60, dtype=torch.float64)
    with pytest.raises(ArgumentError, match="at least 8"):
        training.predict_tiled(module, x, tile=32, overlap=7)
    tiled = training.predict_tiled(module, x, tile=32, overlap=11)
    assert torch.allclose(tiled, training.predict(module, x), atol=1e-12)


def test_what_is_measured_is_what_an_output_depends_on():
    layers = [
        torch.nn.Conv2d(1, 2, 5, padding=2),
        torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(2, 2, 3, padding=2, dilation=2),
        torch.nn.Upsample(scale_factor=2, mode="bilinear"),
        torch.nn.Conv2d(2, 1, (3, 1), padding=(1, 0)),
    ]
    module = torch.nn.Sequential(*layers).double()
    x = torch.randn(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    (rows, columns) = tilings(module, x.detach(), 40, None)
    assert rows.step == columns.step == 2
    far: dict[int, list[int]] = {0: [], 1: []}
    for place in (32, 33):
        (gradient,) = torch.autograd.grad(module(x)[0, 0, place, place], x)
        for axis, places in enumerate(torch.nonzero(gradient[0, 0], as_tuple=True)):
            far[axis] += [int(place - places.min()), int(places.max() - place)]
    # tiles begin at even pixels, from where some see one pixel less far
    assert max(far[0]) - 1 <= max(rows.before, rows.after) <= max(far[0]) + 2
    assert max(far[1]) - 1 <= max(columns.before, columns.after) <= max(far[1]) + 2


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
        training.predict_tiled(torch.nn.Conv2d(1, 1, 3), torch.zeros(1, 1, 20, 20), tile=8)


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
