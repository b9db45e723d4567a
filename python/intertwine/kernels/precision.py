"""Constant matrices in full precision, also inside of autocast."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def without_autocast(tensor: torch.Tensor) -> AbstractContextManager[None]:
    """A context in which autocast does not round matrices, and with them the symmetry.

    Args:
        tensor: what is computed with.
    """
    device = tensor.device.type
    if device == "meta" or not torch.is_autocast_enabled(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)  # type: ignore[return-value]
