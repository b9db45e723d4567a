"""Prediction for each pixel of images that are too large to go through a module in one piece."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch

from intertwine.errors import ArgumentError, ShapeError
from intertwine.training.data import as_inputs
from intertwine.training.predict import Poll, predict


def predict_tiled(
    module: torch.nn.Module,
    x: Any,
    *,
    tile: int,
    overlap: int,
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
        overlap: pixels at each side of a tile that neighbours decide.
        batch_size: tiles at a time.
        poll: as in `predict`; batches are counted over all tiles.
        device: as in `predict`.

    Returns:
        float tensor [batch, outputs, *space] on the CPU.

    Raises:
        ArgumentError: if the tiles are not larger than their overlaps.
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
    images = as_inputs(x)
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
        output = predict(module, piece, batch_size=batch_size, poll=watch, device=device)
        if output.shape[2:] != piece.shape[2:]:
            raise ShapeError(
                f"the module gives {tuple(output.shape[2:])} for {tuple(piece.shape[2:])} pixels, but tiles need one answer "
                "for each pixel",
                hint="pad its convolutions by half of their kernels, and do without strides",
            )
        if result is None:
            result = output.new_empty(images.shape[0], output.shape[1], *space)
        kept = [_kept(part, side, overlap) for part, side in zip(window, space)]
        inner = tuple(slice(k.start - w.start, k.stop - w.start) for k, w in zip(kept, window))
        result[(slice(None), slice(None), *kept)] = output[(slice(None), slice(None), *inner)]
    if result is None:
        raise ArgumentError("the images have no pixels")
    return result


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
