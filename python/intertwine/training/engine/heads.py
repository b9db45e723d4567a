"""Heads whose number of classes is left to the data."""

from __future__ import annotations

import torch

from intertwine.errors import ArgumentError, Words
from intertwine.nn import HeadClasses


def fill_heads(module: torch.nn.Module, n_classes: int | None) -> torch.nn.Module:
    """The module, with every head that has no number of classes yet filled in place.

    Raises:
        ArgumentError: if a head is open and the targets have no classes to fill it with.
    """
    for part in module.modules():
        if isinstance(part, HeadClasses) and part.is_open:
            if n_classes is None:
                raise ArgumentError(
                    Words(
                        "the head of the module has no number of outputs, and the targets are no classes",
                        r="head_classes() has no number of outputs, and `y` holds measurements",
                    ),
                    hint=Words(
                        "give the head its number of outputs, n, for measurements; or give the targets as whole numbers if "
                        "they are classes",
                        r="give it a number of outputs, head_classes(n = 1); or, if these are classes, give factor(y)",
                    ),
                )
            part.fill(n_classes)
    return module
