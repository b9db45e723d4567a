"""Prediction for each pixel of images that are too large to go through a module in one piece."""

from __future__ import annotations

from typing import Any, Literal

import torch

from intertwine.errors import ArgumentError
from intertwine.numpy_scalars import plain_numbers
from intertwine.training.data.batches import as_inputs
from intertwine.training.prediction.predict import Poll, predict
from intertwine.training.prediction.reach import one_answer_for_each_pixel, tilings, windows


@plain_numbers
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

    The result is that of the whole image, except for rounding: tiles begin at multiples of the product of the module's strides,
    and of each only the part is kept that depends on no pixel outside of it. Both are measured on the module, and checked on
    random images. A module that looks at the whole image (instance normalisation, adaptive pooling, attention, circular
    padding, up-sampling that aligns corners) has no such tiles and is refused.

    Args:
        module: gives [batch, outputs, *space] for [batch, channels, *space].
        x: images or volumes [batch, channels, *space].
        tile: the longest side of a tile.
        overlap: pixels at each side of a tile that neighbours decide; as many as needed if left out, and no fewer.
        type: as in `predict`.
        batch_size: tiles at a time.
        poll: as in `predict`; batches are counted over all tiles.
        device: as in `predict`.

    Returns:
        tensor [batch, outputs, *space], for type "class" [batch, *space], on the CPU.

    Raises:
        ArgumentError: if tiles of this size or overlap cannot give what the whole image gives, saying why; or the type
            is another.
        ShapeError: if the module does not give one answer for each pixel.
        KeyboardInterrupt: if `poll` returned `False`.

    Example:
        >>> import torch
        >>> conv = torch.nn.Conv2d(1, 2, 3, padding=1)
        >>> x = torch.randn(1, 1, 50, 40)
        >>> whole, tiled = conv(x), predict_tiled(conv, x, tile=16)
        >>> bool(torch.allclose(whole, tiled, atol=1e-5))
        True
    """
    if type not in ("response", "prob", "class"):
        raise ArgumentError(f"`type` must be 'response', 'prob' or 'class' for tiles, not {type!r}")
    images = as_inputs(x)
    if isinstance(tile, bool) or not isinstance(tile, int) or not 0 <= 2 * (overlap or 0) < tile:
        raise ArgumentError(
            f"tiles of {tile} pixels with an overlap of {overlap or 0} leave nothing",
            hint="let tile exceed twice the overlap",
        )
    space = tuple(images.shape[2:])
    places = list(windows(tilings(module, images, tile, overlap, device), space))
    result: torch.Tensor | None = None
    for number, (window, kept) in enumerate(places):
        piece = images[(slice(None), slice(None), *window)]
        watch = None if poll is None else _counted(poll, number, len(places))
        output = predict(module, piece, type=type, batch_size=batch_size, poll=watch, device=device)
        # classes have no axis of outputs
        leading = 1 if type == "class" else 2
        if output.shape[leading:] != piece.shape[2:]:
            raise one_answer_for_each_pixel(output.shape[leading:], piece.shape[2:])
        if result is None:
            result = output.new_empty(images.shape[0], *output.shape[1:leading], *space)
        inner = tuple(slice(k.start - w.start, k.stop - w.start) for k, w in zip(kept, window, strict=True))
        result[(..., *kept)] = output[(..., *inner)]
    if result is None:
        raise ArgumentError("the images have no pixels")
    return result


def _counted(poll: Poll, number: int, count: int) -> Poll:
    def watch(event: dict[str, Any]) -> bool | None:
        within, batches = event["batch"], event["batches"]
        return poll({"batch": number * batches + within, "batches": count * batches})

    return watch
