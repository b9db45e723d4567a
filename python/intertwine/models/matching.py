"""Networks of comparable size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from intertwine.errors import ArgumentError
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests

Module = TypeVar("Module", bound=torch.nn.Module)


@suggests
def count_parameters(module: torch.nn.Module) -> int:
    """How many numbers of a module are trained.

    Example:
        >>> import torch
        >>> count_parameters(torch.nn.Linear(3, 2))
        8
    """
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@suggests
@plain_numbers
def match_parameters(
    build: Callable[[Sequence[int]], Module], budget: int, proportions: Sequence[float] = (1, 2, 2), limit: int = 512
) -> Module:
    """The network of a family whose number of parameters is nearest to a budget.

    The widths of the family are w, w p_2, w p_3, ... for a whole number w, rounded.

    Args:
        build: gives the network for its widths; more width means more parameters.
        budget: the number of parameters wanted.
        proportions: 1, p_2, p_3, ...
        limit: the largest w tried.

    Raises:
        ArgumentError: if even the narrowest network has more than twice the budget.

    Example:
        >>> from intertwine.models import plain_cnn
        >>> count_parameters(match_parameters(lambda widths: plain_cnn(1, 10, widths=widths), 20000))
        18765
    """
    best = build(_widths(1, proportions))
    if count_parameters(best) > 2 * budget:
        raise ArgumentError(
            f"the narrowest network has {count_parameters(best)} parameters, but the budget is {budget}"
        )
    for w in range(2, limit + 1):
        candidate = build(_widths(w, proportions))
        if abs(count_parameters(candidate) - budget) < abs(count_parameters(best) - budget):
            best = candidate
        if count_parameters(candidate) > budget:
            break
    return best


def _widths(w: int, proportions: Sequence[float]) -> list[int]:
    return [max(1, round(w * p / proportions[0])) for p in proportions]
