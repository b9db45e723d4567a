"""Layers of torch by the number of axes of space, and a linear map of channels as one of them."""

from __future__ import annotations

from typing import Any

import torch


def torch_class(name: str, dimension: int) -> Any:
    """The class of ``torch.nn`` for a number of axes of space, such as ``AvgPool2d``; without space the class for one axis.

    Args:
        name: of the class, without the number.
        dimension: the number of axes of space.
    """
    return getattr(torch.nn, f"{name}{max(dimension, 1)}d")


def channel_map(matrix: torch.Tensor, dimension: int) -> torch.nn.Module:
    """A matrix on the channels as a plain torch module.

    Args:
        matrix: shape ``(out, in)``.
        dimension: the number of axes of space.
    """
    cls: Any = torch_class("Conv", dimension) if dimension else torch.nn.Linear
    out_size, in_size = matrix.shape
    plain = cls(in_size, out_size, *(() if dimension == 0 else (1,)), bias=False)
    plain.weight = torch.nn.Parameter(matrix.clone().reshape(out_size, in_size, *(dimension * (1,))))
    return plain
