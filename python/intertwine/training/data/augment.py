"""Random changes of the training batches."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.gspaces.resample import act_on_grid
from intertwine.numpy_scalars import plain_numbers

Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], tuple[torch.Tensor, torch.Tensor]]
"""From inputs, targets and a generator to inputs and targets of one batch."""


@plain_numbers
def turn_images(x: torch.Tensor, degrees: float | torch.Tensor, order: int = 3) -> torch.Tensor:
    """Images turned counter-clockwise about their centre; exact at multiples of 90 degrees.

    Args:
        x: shape [batch, channels, height, width], float.
        degrees: one angle, or one for each image (shape [batch]).
        order: of the spline between the pixels, 0 to 5.

    Returns:
        Shape of x; what turns in from outside is 0.

    Example:
        >>> import torch
        >>> turn_images(torch.tensor([[[[0.0, 1.0], [2.0, 3.0]]]]), 90)[0, 0]
        tensor([[1., 3.],
                [0., 2.]])
    """
    if x.ndim != 4:
        raise ShapeError(f"images are [batch, channels, height, width], but x has shape {tuple(x.shape)}")
    angles = torch.as_tensor(degrees, dtype=torch.float64).reshape(-1)
    if angles.numel() == 1:
        return _turn(x, float(angles), order)
    if angles.numel() != x.shape[0]:
        raise ArgumentError(f"there are {x.shape[0]} images, but {angles.numel()} angles")
    if x.shape[-1] != x.shape[-2] and bool((angles.remainder(180) == 90).any()):
        raise ShapeError("quarter turns swap height and width, so that such images do not fit in one batch")
    return torch.cat([_turn(image[None], float(angle), order) for image, angle in zip(x, angles)])


def _turn(x: torch.Tensor, degrees: float, order: int) -> torch.Tensor:
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    return act_on_grid(x, np.array([[c, -s], [s, c]]), order=order)


def resolve_augment(augment: str | Augment | None, rotations: Callable[[], Augment]) -> Augment | None:
    """The augmentation that `fit` was asked for.

    Args:
        augment: `None`; "rotations" for a random element of the module's own group for each sample (a random angle
            for a module without a group); or a function of inputs, targets and generator.
        rotations: makes the former.

    Raises:
        ArgumentError, ArgumentTypeError: if it is something else.
    """
    if augment is None:
        return None
    if callable(augment):
        return augment
    if not isinstance(augment, str):
        raise ArgumentTypeError(
            f"`augment` must be 'rotations' or a function, not {type(augment).__name__}",
            hint="give a function of (x, y, generator) that returns (x, y)",
        )
    if augment != "rotations":
        raise ArgumentError(f"there is no augmentation {augment!r}", hint="use 'rotations' or a function")
    return rotations()
