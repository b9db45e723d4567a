"""How well a network recognises images that are turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from intertwine.errors import ArgumentError
from intertwine.numpy_scalars import plain_numbers
from intertwine.training import evaluate, turn_images


@plain_numbers
def random_angles(n: int, seed: int = 0) -> torch.Tensor:
    """Angles in degrees, uniform over the circle: float64 [n]."""
    return 360.0 * torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@plain_numbers
def accuracy_by_angle(
    module: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    degrees: Sequence[float] = tuple(range(0, 360, 15)),
    *,
    batch_size: int = 256,
    poll: Callable[[dict[str, Any]], bool | None] | None = None,
) -> list[dict[str, float]]:
    """The accuracy on all images turned by one angle, for each of several angles.

    Args:
        module: a classifier.
        x: images [n, channels, size, size].
        y: class numbers [n].
        degrees: angles, counter-clockwise.
        batch_size: images at a time.
        poll: as in `intertwine.training.prediction.predict`.

    Returns:
        One row (degrees, accuracy) for each angle.
    """
    if x.shape[-1] != x.shape[-2]:
        raise ArgumentError("only square images can be turned by any angle")
    return [
        {
            "degrees": float(angle),
            "accuracy": evaluate(
                module, turn_images(x, float(angle)), y, metrics="accuracy", batch_size=batch_size, poll=poll
            )["accuracy"],
        }
        for angle in degrees
    ]
