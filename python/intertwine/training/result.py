"""What `fit` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch

Stopped = Literal["finished", "interrupted", "early", "callback", "diverged"]
"""Why training ended: all epochs done; Ctrl-C; no progress; a callback returned False; the loss became NaN."""

Row = dict[str, Any]
"""One line of a history: epoch (from 1), split, loss, metrics, batches, learn_rate, seconds."""


@dataclass(frozen=True)
class FitResult:
    """A trained module and how it came about.

    Args:
        module: the trained copy, in evaluation mode, on the device where the original is.
        history: one row for each epoch and split; an epoch that was cut short has a row for the batches it did.
        stopped: why training ended.
        seconds: how long it took.
        batches: how many steps the optimiser made.
        best_epoch: the epoch whose weights the module has, if early stopping chose one.
        n_classes: how many classes there are; `None` for numeric targets.
    """

    module: torch.nn.Module
    history: list[Row] = field(repr=False)
    stopped: Stopped
    seconds: float
    batches: int
    best_epoch: int | None = None
    n_classes: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were begun."""
        return max((row["epoch"] for row in self.history), default=0)

    @property
    def parameters(self) -> int:
        """How many trainable numbers the module has."""
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)
