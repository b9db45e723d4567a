"""Heads whose number of classes is left to the data."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.errors import ArgumentError


def fill_heads(module: torch.nn.Module, n_classes: int | None) -> torch.nn.Module:
    """The module with every open head built for the number of classes.

    Raises:
        ArgumentError: if a head is open and the targets have no classes to fill it with.
    """
    fill: Any = getattr(module, "fill", None)
    if not callable(fill) or not getattr(module, "is_open", False):
        return module
    if n_classes is None:
        raise ArgumentError(
            "the head of the module has no number of outputs, and the targets are no classes",
            hint="give the head its number of outputs",
        )
    filled: torch.nn.Module = fill(n_classes)
    return filled
