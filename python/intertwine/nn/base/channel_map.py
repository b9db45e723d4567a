"""Layers of torch by the number of axes of space, with given values, and a linear map of channels as one of them."""

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


def with_values(plain: Any, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.nn.Module:
    """A module of torch with given values; made on the meta device, it draws no random numbers for its own.

    Args:
        plain: the module.
        weight: in place of its weight.
        bias: in place of its bias.
    """
    plain.weight = torch.nn.Parameter(weight.detach().clone())
    if bias is not None:
        plain.bias = torch.nn.Parameter(bias.detach().clone())
    return plain


def channel_map(matrix: torch.Tensor, dimension: int, bias: torch.Tensor | None = None) -> torch.nn.Module:
    """A matrix on the channels as a plain torch module.

    Args:
        matrix: shape ``(out, in)``.
        dimension: the number of axes of space.
        bias: one number for each output channel.
    """
    cls: Any = torch_class("Conv", dimension) if dimension else torch.nn.Linear
    out_size, in_size = matrix.shape
    plain = cls(in_size, out_size, *(() if dimension == 0 else (1,)), bias=bias is not None, device="meta")
    return with_values(plain, matrix.reshape(out_size, in_size, *(dimension * (1,))), bias)
