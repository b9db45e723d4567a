"""A linear map of channels in torch's own modules."""

from __future__ import annotations

from typing import Any

import torch


def channel_map(matrix: torch.Tensor, dimension: int) -> torch.nn.Module:
    """A matrix on the channels as a plain torch module.

    Args:
        matrix: shape ``(out, in)``.
        dimension: the number of axes of space.
    """
    cls: Any = {0: torch.nn.Linear, 1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}[dimension]
    out_size, in_size = matrix.shape
    plain = cls(in_size, out_size, *(() if dimension == 0 else (1,)), bias=False)
    plain.weight = torch.nn.Parameter(matrix.clone().reshape(out_size, in_size, *(dimension * (1,))))
    return plain
