"""Prediction for each pixel of images that are too large to go through a module in one piece."""

from __future__ import annotations

import math
from itertools import product
from typing import Any, Literal

import torch

from intertwine.errors import ArgumentError, ShapeError
from intertwine.training.data import as_inputs
from intertwine.training.predict import Poll, predict


def predict_tiled(
    module: torch.nn.Module,
    x: Any,
    *,
    tile: int,
    overlap: int | None = None,
    type: Literal["response", "prob", "class"] = "response",
    batch_size: int = 16,
    poll: Poll | None = None,
    device: str | None = None,
) -> torch.Tensor:
    """What a module gives for each pixel, computed tile by tile.

    Of each tile only the part that is `overlap` pixels away from its neighbours is kept. If no output depends on pixels
    further away than that, the result is that of the whole image, except for rounding.

    Args:
        module: gives [batch, outputs, *space] for [batch, channels, *space].
        x: images or volumes [batch, channels, *space].
        tile: side of a tile.
        overlap: pixels at each side of a tile that neighbours decide; the `reach` of the module if left out.
        type: as in `predict`.
        batch_size: tiles at a time.
        poll: as in `predict`; batches are counted over all tiles.
        device: as in `predict`.

    Returns:
        tensor [batch, outputs, *space], for type "class" [batch, *space], on the CPU.

    Raises:
        ArgumentError: if the tiles are not larger than their overlaps, or the type is another.
        ShapeError: if the module does not keep the sizes.
        KeyboardInterrupt: if `poll` returned `False`.

    Example:
        >>> import torch
        >>> conv = torch.nn.Conv2d(1, 2, 3, padding=1)
        >>> x = torch.randn(1, 1, 50, 40)
        >>> whole, tiled = conv(x), predict_tiled(conv, x, tile=16, overlap=1)
        >>> bool(torch.allclose(whole, tiled, atol=1e-5))
        True
    """
    if type not in ("response", "prob", "class"):
        raise ArgumentError(f"`type` is 'response', 'prob' or 'class' for tiles, but was {type!r}")
    images = as_inputs(x)
    if overlap is None:
        overlap = reach(module)
    if isinstance(tile, bool) or not isinstance(tile, int) or not 0 <= overlap < tile / 2:
        raise ArgumentError(
            f"tiles of {tile} pixels with an overlap of {overlap} leave nothing",
            hint="let tile exceed twice the overlap",
        )
    space = images.shape[2:]
    places = list(product(*(_starts(side, tile, overlap) for side in space)))
    result: torch.Tensor | None = None
    for number, place in enumerate(places):
        window = tuple(slice(start, min(start + tile, side)) for start, side in zip(place, space))
        piece = images[(slice(None), slice(None), *window)]
        watch = None if poll is None else _counted(poll, number, len(places))
        output = predict(module, piece, type=type, batch_size=batch_size, poll=watch, device=device)
        # classes have no axis of outputs
        leading = 1 if type == "class" else 2
        if output.shape[leading:] != piece.shape[2:]:
            raise ShapeError(
                f"the module gives {_pixels(output.shape[leading:])} for {_pixels(piece.shape[2:])}, but tiles need one "
                "answer for each pixel",
                hint="pad its convolutions by half of their kernels, and do without strides",
            )
        if result is None:
            result = output.new_empty(images.shape[0], *output.shape[1:leading], *space)
        kept = [_kept(part, side, overlap) for part, side in zip(window, space)]
        inner = tuple(slice(k.start - w.start, k.stop - w.start) for k, w in zip(kept, window))
        result[(..., *kept)] = output[(..., *inner)]
    if result is None:
        raise ArgumentError("the images have no pixels")
    return result


def reach(module: torch.nn.Module) -> int:
    """How many pixels away from an output pixel inputs still count: an upper bound, from the windows of all layers.

    Windows of layers on coarser grids count as many pixels of the image as the strides before them make of them. What a
    layer does over the whole image, such as an instance normalisation, has no bound and is left out.

    Example:
        >>> import torch
        >>> conv = torch.nn.Conv2d(1, 1, 5, padding=2)
        >>> reach(torch.nn.Sequential(conv, torch.nn.ReLU(), torch.nn.Conv2d(1, 1, 3, dilation=2, padding=2)))
        4
    """
    total, scale = 0, 1
    for part in module.modules():
        total += scale * _window_reach(part)
        scale *= max(1, *_sizes(getattr(part, "stride", 1)))
    return total


def _window_reach(part: torch.nn.Module) -> int:
    widths = _sizes(getattr(part, "kernel_size", None))
    if widths:
        steps = _sizes(getattr(part, "dilation", 1)) or [1]
        return max(widths) // 2 * max(steps)
    sigma = getattr(part, "sigma", None)
    if isinstance(sigma, float):
        # a blur, whose window is at most four standard deviations wide to each side
        return math.ceil(4 * sigma)
    # interpolation between neighbours
    return 2 if isinstance(getattr(part, "scale_factor", None), (int, float, tuple)) else 0


def _sizes(value: Any) -> list[int]:
    values = value if isinstance(value, (tuple, list)) else [value]
    return [size for size in values if isinstance(size, int)]


def _pixels(shape: torch.Size) -> str:
    return f"{' x '.join(str(side) for side in shape)} pixels" if shape else "one answer"


def _starts(side: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along an axis: all of one size, the last one flush with the end."""
    last = max(side - tile, 0)
    return sorted({*range(0, last, tile - 2 * overlap), last})


def _kept(part: slice, side: int, overlap: int) -> slice:
    start = part.start + (overlap if part.start > 0 else 0)
    return slice(start, part.stop - (overlap if part.stop < side else 0))


def _counted(poll: Poll, number: int, count: int) -> Poll:
    def watch(event: dict[str, Any]) -> bool | None:
        within, batches = event["batch"], event["batches"]
        return poll({"batch": number * batches + within, "batches": count * batches})

    return watch
