"""Random changes of the training batches."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.gspaces.resample import act_on_grid

Augment = Callable[[torch.Tensor, torch.Tensor, torch.Generator], tuple[torch.Tensor, torch.Tensor]]
"""From inputs, targets and a generator to inputs and targets of one batch."""


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


def resolve_augment(augment: str | Augment | None, module: torch.nn.Module) -> Augment | None:
    """The augmentation that `fit` was asked for.

    Args:
        augment: `None`; "rotations" for a random element of the module's own group for each sample (a random angle
            for a module without a group); or a function of inputs, targets and generator.
        module: the module in training.

    Raises:
        ArgumentError, ArgumentTypeError: if it is something else.
    """
    if augment is None:
        return None
    if callable(augment):
        return augment
    if not isinstance(augment, str):
        raise ArgumentTypeError(
            f"`augment` is 'rotations' or a function, but was {type(augment).__name__}",
            hint="give a function of (x, y, generator) that returns (x, y)",
        )
    if augment != "rotations":
        raise ArgumentError(f"there is no augmentation {augment!r}", hint="use 'rotations' or a function")
    in_type = getattr(module, "in_type", None)
    if in_type is None or isinstance(in_type, tuple):
        return _random_angles
    return _random_elements(in_type)


def _random_angles(x: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    degrees = 360.0 * torch.rand(x.shape[0], generator=generator, dtype=torch.float64)
    return turn_images(x, degrees, order=1), _turn_targets(y, degrees)


def _turn_targets(y: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    if y.ndim < 3:
        return y
    # classes of pixels have no values in between: the nearest pixel is taken
    planes = y[:, None].double() if y.ndim == 3 else y.double()
    turned = turn_images(planes, degrees, order=0).to(y.dtype)
    return turned[:, 0] if y.ndim == 3 else turned


def _random_elements(in_type: Any) -> Augment:
    space = in_type.gspace
    group = space.fibergroup

    def augment(x: torch.Tensor, y: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        # groups draw from NumPy's generators: one that ours seeds
        source = np.random.default_rng(int(torch.randint(2**31 - 1, (), generator=generator)))
        chosen = [group.sample(source) for _ in range(x.shape[0])]
        x, y = x.clone(), y.clone()
        # samples that a finite group moves alike are moved together
        alike: dict[Any, list[int]] = {}
        for number, element in enumerate(chosen):
            alike.setdefault(element, []).append(number)
        for element, which in alike.items():
            x[which] = in_type.transform(x[which], element)
            if y.ndim >= 3:
                planes = y[which][:, None] if y.ndim == 3 else y[which]
                moved = act_on_grid(planes.double(), space.basespace_action(element), order=0).to(y.dtype)
                y[which] = moved[:, 0] if y.ndim == 3 else moved
        return x, y

    return augment
