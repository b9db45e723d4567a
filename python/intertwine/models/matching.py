"""Networks of comparable size."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.flop_counter import FlopCounterMode

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
def count_operations(module: torch.nn.Module, example: torch.Tensor) -> int:
    """The multiply-adds of convolutions and matrix products of a module in evaluation, for one input.

    Args:
        module: any module; it stays in its mode.
        example: the input, shape ``(batch, channels, *space)``; its values do not matter.

    Example:
        >>> count_operations(torch.nn.Conv2d(1, 2, 3, padding=1), torch.zeros(1, 1, 5, 5))
        450
    """
    with FlopCounterMode(display=False) as counter, torch.no_grad(), _evaluating(module), _without_gradients(module):
        module(example)
    return counter.get_total_flops() // 2


@suggests
@plain_numbers
def time_forward(module: torch.nn.Module, example: torch.Tensor, repetitions: int = 5) -> float:
    """The seconds that a module takes for one input in evaluation: the median of some runs.

    Args:
        module: any module; it stays in its mode.
        example: the input.
        repetitions: how many runs are timed, after one that is not.
    """
    times = []
    with torch.no_grad(), _evaluating(module):
        for _ in range(repetitions + 1):
            start = time.perf_counter()
            module(example)
            times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


@contextlib.contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextlib.contextmanager
def _without_gradients(module: torch.nn.Module) -> Iterator[None]:
    """The counter hooks tensors that ask for gradients, which fails for some weights that are the input of a part."""
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    try:
        for parameter in trained:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


@suggests
@plain_numbers
def match_budget(
    build: Callable[[Sequence[int]], Module],
    *,
    parameters: float | None = None,
    operations: float | None = None,
    seconds: float | None = None,
    example: torch.Tensor | None = None,
    proportions: Sequence[float] = (1, 2, 2),
    limit: int = 512,
) -> Module:
    """The network of a family whose cost is nearest to a budget: of parameters, of operations, or of time.

    The widths of the family are w, w p_2, w p_3, ... for a whole number w, rounded; the cost grows with w.

    Args:
        build: gives the network for its widths.
        parameters: how many numbers are trained.
        operations: how many multiply-adds one evaluation of the example takes.
        seconds: how long one evaluation of the example takes here, in seconds.
        example: an input, shape ``(batch, channels, *space)``, for operations and seconds.
        proportions: 1, p_2, p_3, ...
        limit: the largest w.

    Returns:
        the network, newly built.

    Raises:
        ArgumentError: unless there is one budget, with an example if it needs one; if even the narrowest network costs more
            than twice the budget.

    Example:
        >>> from intertwine.models import plain_cnn
        >>> x = torch.zeros(1, 1, 29, 29)
        >>> net = match_budget(lambda widths: plain_cnn(1, 10, widths=widths), operations=2e6, example=x)
        >>> count_operations(net, x)
        1975450
    """
    given = {"parameters": parameters, "operations": operations, "seconds": seconds}
    budgets = {name: value for name, value in given.items() if value is not None}
    if len(budgets) != 1:
        raise ArgumentError(
            f"one budget is needed, but {len(budgets)} were given", hint=f"give one of {', '.join(given)}"
        )
    [(name, budget)] = budgets.items()
    if name != "parameters" and example is None:
        raise ArgumentError(f"a budget of {name} needs an input to count for", hint="give example=, one input")

    def cost(module: torch.nn.Module) -> float:
        if example is None or name == "parameters":
            return count_parameters(module)
        return count_operations(module, example) if name == "operations" else time_forward(module, example)

    best = build(_widths(1, proportions))
    least = nearest = cost(best)
    if least > 2 * budget:
        verb = "has" if name == "parameters" else "takes"
        raise ArgumentError(f"the narrowest network {verb} {least:.6g} {name}, but the budget is {budget:g}")
    for w in range(2, limit + 1):
        candidate = build(_widths(w, proportions))
        found = cost(candidate)
        if abs(found - budget) < abs(nearest - budget):
            best, nearest = candidate, found
        if found > budget:
            break
    return best


@suggests
@plain_numbers
def match_parameters(
    build: Callable[[Sequence[int]], Module], budget: int, proportions: Sequence[float] = (1, 2, 2), limit: int = 512
) -> Module:
    """The network of a family whose number of parameters is nearest to a budget: `match_budget` with ``parameters=``.

    Args:
        build: gives the network for its widths; more width means more parameters.
        budget: the number of parameters wanted.
        proportions: 1, p_2, p_3, ...: the widths are w, w p_2, w p_3, ... for a whole number w, rounded.
        limit: the largest w.

    Raises:
        ArgumentError: if even the narrowest network has more than twice the budget.

    Example:
        >>> from intertwine.models import plain_cnn
        >>> count_parameters(match_parameters(lambda widths: plain_cnn(1, 10, widths=widths), 20000))
        18765
    """
    return match_budget(build, parameters=budget, proportions=proportions, limit=limit)


def _widths(w: int, proportions: Sequence[float]) -> list[int]:
    return [max(1, round(w * p / proportions[0])) for p in proportions]
