"""Optimisers and learning rates by name."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

from intertwine.errors import ArgumentError

OptimizerMaker = Callable[[Iterable[torch.nn.Parameter]], torch.optim.Optimizer]
Schedule = Callable[[float], float]

LEARN_RATES = {"adam": 1e-3, "adamw": 1e-3, "rmsprop": 1e-3, "sgd": 1e-2}
"""The optimisers that are known by name, with their usual learning rates."""


def make_optimizer(
    module: torch.nn.Module, optimizer: str | OptimizerMaker, learn_rate: float | None, weight_decay: float
) -> torch.optim.Optimizer:
    """An optimiser of the module's parameters.

    Args:
        module: what is trained.
        optimizer: "adam", "adamw", "rmsprop", "sgd" (with Nesterov momentum 0.9), or a function from parameters to an
            optimiser.
        learn_rate: `None` for the usual one of `LEARN_RATES`.
        weight_decay: strength of the pull towards zero.

    Raises:
        ArgumentError: if there is no such optimiser, a number is out of range, or there is nothing to train.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    if not parameters:
        raise ArgumentError("the module has no parameters that can be trained", hint="thaw some with requires_grad_()")
    if learn_rate is not None and not (math.isfinite(learn_rate) and learn_rate > 0):
        raise ArgumentError(f"`learn_rate` must be a number above 0, not {learn_rate}")
    if not (math.isfinite(weight_decay) and weight_decay >= 0):
        raise ArgumentError(f"`weight_decay` must be a number of at least 0, not {weight_decay}")
    if callable(optimizer):
        made = optimizer(parameters)
        if not isinstance(made, torch.optim.Optimizer):
            raise ArgumentError(f"the optimizer function gave {type(made).__name__}, not an optimizer")
        return made
    if not isinstance(optimizer, str) or optimizer not in LEARN_RATES:
        raise ArgumentError(f"there is no optimizer {optimizer!r}", hint=f"use one of {', '.join(LEARN_RATES)}")
    rate = LEARN_RATES[optimizer] if learn_rate is None else float(learn_rate)
    if optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True, weight_decay=weight_decay)
    makers = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop}
    return makers[optimizer](parameters, lr=rate, weight_decay=weight_decay)


def moments(optimizer: torch.optim.Optimizer, module: torch.nn.Module) -> dict[str, Any]:
    """What an optimiser has found out about the parameters of a module, for `take_over`."""
    names = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
    return {"class": type(optimizer).__qualname__, "names": names, "state": optimizer.state_dict()["state"]}


def take_over(optimizer: torch.optim.Optimizer, module: torch.nn.Module, found: dict[str, Any] | None) -> None:
    """Go on with the moments of an optimiser of the same kind for the same parameters; its own settings stay.

    Args:
        optimizer: a new one.
        module: whose parameters it has.
        found: what `moments` gave; nothing is taken over if it is of another kind or for other parameters.
    """
    now = moments(optimizer, module)
    if found is not None and (found["class"], found["names"]) == (now["class"], now["names"]):
        # a copy, for the optimiser changes its moments in place, and the other fit keeps those that it ended with
        state = copy.deepcopy(found["state"])
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def resolve_schedule(schedule: str | Schedule) -> Schedule:
    """A factor of the learning rate as a function of the progress through the training, from 0 to 1.

    Args:
        schedule: "constant"; "cosine", half a cosine down to 0; "onecycle", up over the first fifth and then down along
            a cosine; or such a function, called before each batch.

    Raises:
        ArgumentError: if there is no such schedule.
    """
    if callable(schedule):
        return _checked(schedule)
    known: dict[str, Schedule] = {"constant": lambda progress: 1.0, "cosine": _cosine, "onecycle": _one_cycle}
    if not isinstance(schedule, str) or schedule not in known:
        raise ArgumentError(f"there is no schedule {schedule!r}", hint=f"use one of {', '.join(known)}, or a function")
    return known[schedule]


def _checked(schedule: Schedule) -> Schedule:
    def factor(progress: float) -> float:
        value: Any = schedule(progress)
        if isinstance(value, torch.Tensor) and value.numel() == 1:
            value = value.item()
        if not isinstance(value, (int, float)) or not (math.isfinite(value) and value >= 0):
            raise ArgumentError(f"`schedule` must give a factor of at least 0, but gave {value!r} at {progress:g}")
        return float(value)

    return factor


def _cosine(progress: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


def _one_cycle(progress: float, rise: float = 0.2) -> float:
    if progress < rise:
        return 0.05 + 0.95 * progress / rise
    return _cosine((progress - rise) / (1.0 - rise))
