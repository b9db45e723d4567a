"""What `fit` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

Stopped = Literal["finished", "interrupted", "early", "callback", "diverged", "failed"]
"""Why training ended: all epochs done; Ctrl-C; no progress; a callback returned False; the loss, its gradient or the weights
were no longer finite; an error, which carries the result as its attribute `result`."""

Row = dict[str, Any]
"""One line of a history: epoch (from 1), split, loss, metrics, batches, learn_rate, seconds."""


@dataclass(frozen=True)
class Progress:
    """The state at the end of a fit, beside its weights, from which another fit continues.

    Args:
        optimizer: the moments of the optimiser; `None` if they belong to other weights than those of the result.
        random: the states of the random numbers; `None` if they are not known any more.
        start: the state of the generator at the start, which drew the held-out samples; `None` if there is none.
        asleep: the parts of the module that were in eval mode during training.
    """

    optimizer: dict[str, Any] | None
    random: dict[str, Any] | None
    start: torch.Tensor | None
    asleep: tuple[str, ...] = ()


@dataclass(frozen=True)
class FitResult:
    """A trained module and how it came about.

    Args:
        module: the trained copy, in evaluation mode, on the device where the original is.
        history: one row for each epoch and split; an epoch that was cut short has a row for the batches it did.
        stopped: why training ended.
        seconds: how long it took.
        batches: how many steps the optimiser made.
        best_epoch: the epoch whose weights the module has, if early stopping chose one or the training diverged (`None`
            then for the weights of the start).
        n_classes: how many classes there are; `None` for numeric targets.
        labels: the names of the classes, if they are known.
        seed: of everything random.
        planned: the number of the last epoch that was asked for.
        samples: how many samples there were, those held out among them; `None` for a stream.
        settings: the arguments of `fit` that a fit which continues this one takes over.
        progress: where it ended.
    """

    module: torch.nn.Module
    history: list[Row] = field(repr=False)
    stopped: Stopped
    seconds: float
    batches: int
    best_epoch: int | None = None
    n_classes: int | None = None
    labels: tuple[str, ...] | None = None
    seed: int | None = None
    planned: int = 0
    samples: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    progress: Progress | None = field(default=None, repr=False)

    @property
    def epochs(self) -> int:
        """How many epochs were begun."""
        return max((row["epoch"] for row in self.history), default=0)

    @property
    def parameters(self) -> int:
        """How many trainable numbers the module has."""
        return sum(p.numel() for p in self.module.parameters() if p.requires_grad)
