"""Handwritten digits that come with scikit-learn: real images, nothing to download."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, MissingDependencyError
from intertwine.numpy_scalars import plain_numbers


@dataclass(frozen=True)
class Digits:
    """Images and their labels, split into a part to learn from and a part to be tested on.

    Args:
        train_x: float32 [n, 1, size, size], from 0 to 1.
        train_y: int64 [n], from 0 to 9.
        test_x: float32 [m, 1, size, size].
        test_y: int64 [m].
    """

    train_x: torch.Tensor
    train_y: torch.Tensor
    test_x: torch.Tensor
    test_y: torch.Tensor


@plain_numbers
def enlarge(images: torch.Tensor, size: int) -> torch.Tensor:
    """Square images enlarged to the largest square inside of the disc of a canvas, so that turning loses nothing.

    Args:
        images: shape [n, channels, side, side].
        size: side of the canvas in pixels. An odd one has a pixel in its centre, on which strided layers stay exact.

    Returns:
        Shape [n, channels, size, size], zero around the images.

    Example:
        >>> import torch
        >>> enlarge(torch.ones(1, 1, 8, 8), 21).sum(dim=(2, 3)).item()
        169.0
    """
    if images.ndim != 4 or images.shape[-1] != images.shape[-2]:
        raise ArgumentError(f"square images [n, channels, side, side] are needed, not {tuple(images.shape)}")
    # of the same parity as the canvas, so that the image can be centred without a shift by half a pixel
    inner = math.floor(size / math.sqrt(2))
    inner -= (size - inner) % 2
    if inner < 1:
        raise ArgumentError(f"a canvas of {size} pixels is too small")
    resized = torch.nn.functional.interpolate(images, size=(inner, inner), mode="bicubic", align_corners=False)
    margin = (size - inner) // 2
    return torch.nn.functional.pad(resized.clamp(images.min(), images.max()), (margin,) * 4)


@plain_numbers
def load_digits(size: int = 17, test: int = 500, seed: int = 0) -> Digits:
    """Scikit-learn's 1797 digits, enlarged and split at random.

    Args:
        size: side of the images in pixels.
        test: how many images are for testing.
        seed: of the split.

    Raises:
        ArgumentError: if nothing would be left to train on.
        MissingDependencyError: if scikit-learn is not installed.

    Source:
        E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998).
    """
    try:
        from sklearn import datasets
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "the digits come with scikit-learn, which is not installed",
            hint="install it with: pip install scikit-learn",
        ) from error
    bunch: Any = datasets.load_digits()
    raw = torch.from_numpy(np.asarray(bunch["images"], dtype=np.float32))[:, None] / 16.0
    labels = torch.from_numpy(np.asarray(bunch["target"], dtype=np.int64))
    if not 0 < test < len(labels):
        raise ArgumentError(f"`test` must be a number of images from 1 to {len(labels) - 1}, not {test}")
    images = enlarge(raw, size)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    held, kept = order[:test], order[test:]
    return Digits(images[kept], labels[kept], images[held], labels[held])
