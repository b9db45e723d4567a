r"""Losses and metrics: sums with weights, so that batches of unequal size add up to the right mean.

A measure maps a batch to a total and a weight; over the batches b of a data set its value is
$$ finish\left( \sum_b total_b / \sum_b weight_b \right). $$
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError

Kind = Literal["class", "numeric"]
"""What a target holds: numbers of classes, or measurements."""

IGNORE = -100
"""The class number of a target that is missing; numeric targets are missing where they are NaN."""

Measured = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Measure:
    """A named mean over a data set.

    Args:
        name: the column of the history.
        measure: from output [batch, ...] and target [batch, ...] to the batch's total and weight.
        finish: applied to the mean, such as a square root.
    """

    name: str
    measure: Callable[[torch.Tensor, torch.Tensor], Measured]
    finish: Callable[[float], float] = field(default=lambda mean: mean)


class Running:
    """The value of several measures over the batches seen so far."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = tuple(measures)
        self._totals = [0.0] * len(self._measures)
        self._weights = [0.0] * len(self._measures)

    def add(self, index: int, total: float, weight: float) -> None:
        """Add what a measure gave for one batch."""
        self._totals[index] += total
        self._weights[index] += weight

    def update(self, output: torch.Tensor, target: torch.Tensor, skip: int = 0) -> None:
        """Add one batch to all measures but the first `skip`."""
        for index in range(skip, len(self._measures)):
            total, weight = self._measures[index].measure(output, target)
            self.add(index, float(total), float(weight))

    def gather(self, total_of: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Add up over processes.

        Args:
            total_of: gives the sum of a tensor over all processes.
        """
        both = total_of(torch.tensor([self._totals, self._weights], dtype=torch.float64)).tolist()
        self._totals, self._weights = both

    def values(self) -> dict[str, float]:
        """Name and value of each measure; NaN where nothing was seen."""
        return {
            measure.name: measure.finish(total / weight) if weight > 0 else math.nan
            for measure, total, weight in zip(self._measures, self._totals, self._weights)
        }


def cross_entropy(class_weights: torch.Tensor | None = None) -> Measure:
    r"""Cross-entropy of class targets, -sum_i w(y_i) log p_i(y_i) / sum_i w(y_i), over samples or pixels i.

    Args:
        class_weights: w, shape [classes]; ones if left out. Targets equal to `IGNORE` have weight 0.
    """

    def measure(output: torch.Tensor, target: torch.Tensor) -> Measured:
        target = _class_target(output, target)
        weights = None if class_weights is None else class_weights.to(output)
        total = torch.nn.functional.cross_entropy(output, target, weight=weights, ignore_index=IGNORE, reduction="sum")
        valid = target[target != IGNORE]
        weight = torch.as_tensor(float(valid.numel())) if weights is None else weights[valid].sum()
        return total, weight.to(total)

    return Measure("loss", measure)


def _numeric(name: str, distance: Callable[[torch.Tensor], torch.Tensor], finish: Any = None) -> Measure:
    """Mean of a distance over the entries of a numeric target that are not NaN."""

    def measure(output: torch.Tensor, target: torch.Tensor) -> Measured:
        target = _numeric_target(output, target)
        valid = ~torch.isnan(target)
        # a masked NaN would still poison the gradient through 0 * NaN, so it is replaced before the difference
        difference = (output - torch.where(valid, target, output.detach())) * valid
        return distance(difference).sum(), valid.sum().to(output)

    return Measure(name, measure) if finish is None else Measure(name, measure, finish)


def _accuracy() -> Measure:
    def measure(output: torch.Tensor, target: torch.Tensor) -> Measured:
        target = _class_target(output, target)
        valid = target != IGNORE
        right = (output.argmax(dim=1) == target) & valid
        return right.sum(), valid.sum()

    return Measure("accuracy", measure)


def _class_target(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    expected = (output.shape[0], *output.shape[2:])
    if output.ndim < 2 or tuple(target.shape) != expected:
        raise ShapeError(
            f"the module gives {tuple(output.shape)}, so that class targets have shape {expected}, "
            f"but they have shape {tuple(target.shape)}",
            hint="give one class number for each sample, or for each pixel of the module's output",
        )
    return target.long()


def _numeric_target(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    if output.shape != target.shape:
        # [batch] against [batch, 1] would broadcast to [batch, batch] and train on nonsense
        if output.numel() != target.numel() or output.shape[0] != target.shape[0]:
            raise ShapeError(
                f"the module gives {tuple(output.shape)}, but the targets have shape {tuple(target.shape)}",
                hint="give one number for each number that the module gives",
            )
        target = target.reshape(output.shape)
    return target.to(output)


def _metric(name: str) -> Measure:
    makers: dict[str, Callable[[], Measure]] = {
        "accuracy": _accuracy,
        "mse": lambda: _numeric("mse", torch.square),
        "rmse": lambda: _numeric("rmse", torch.square, math.sqrt),
        "mae": lambda: _numeric("mae", torch.abs),
    }
    if name not in makers:
        raise ArgumentError(f"there is no metric {name!r}", hint=f"use one of {', '.join(makers)}, or a function")
    return makers[name]()


def resolve_loss(
    loss: str | Callable[..., torch.Tensor] | None, kind: Kind, class_weights: torch.Tensor | None = None
) -> Measure:
    """The measure that training minimises.

    Args:
        loss: `None` for cross-entropy of class targets and the squared error of numeric ones; "cross_entropy", "mse",
            "mae", "huber"; or a function from output and target to a mean.
        kind: what the targets hold.
        class_weights: shape [classes]; only with the cross-entropy.

    Raises:
        ArgumentError: if the loss has no such name or does not fit the targets.
    """
    if loss is None:
        loss = "cross_entropy" if kind == "class" else "mse"
    if callable(loss):
        if class_weights is not None:
            raise ArgumentError(
                "class weights act on the cross-entropy only, but loss is a function",
                hint="weight the classes inside of that function",
            )
        return _wrapped("loss", loss)
    if loss == "cross_entropy":
        if kind != "class":
            raise ArgumentError(
                "the cross-entropy needs class numbers, but the targets are measurements",
                hint="give whole numbers from 0, or use loss='mse'",
            )
        return cross_entropy(class_weights)
    distances: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "mse": torch.square,
        "mae": torch.abs,
        "huber": _huber,
    }
    if loss not in distances:
        raise ArgumentError(
            f"there is no loss {loss!r}", hint=f"use cross_entropy, {', '.join(distances)}, or a function"
        )
    if class_weights is not None:
        raise ArgumentError(f"class weights act on the cross-entropy only, but loss is {loss!r}")
    return _numeric("loss", distances[loss])


def _huber(difference: torch.Tensor) -> torch.Tensor:
    size = difference.abs()
    return torch.where(size < 1, 0.5 * size.square(), size - 0.5)


def _wrapped(name: str, function: Callable[..., Any]) -> Measure:
    def measure(output: torch.Tensor, target: torch.Tensor) -> Measured:
        value = torch.as_tensor(function(output, target))
        if value.numel() != 1:
            raise ShapeError(
                f"the function for {name} gives {tuple(value.shape)} values for a batch",
                hint="take the mean inside of the function",
            )
        count = torch.as_tensor(float(target.shape[0]))
        return value.reshape(()) * count.to(value.device), count

    return Measure(name, measure)


def resolve_metrics(
    metrics: str | Sequence[str] | Mapping[str, Callable[..., Any]] | None, kind: Kind
) -> tuple[Measure, ...]:
    """The measures that are reported beside the loss.

    Args:
        metrics: `None` for accuracy (class targets) or rmse (numeric ones); names out of "accuracy", "mse", "rmse",
            "mae"; or a dict from a name to a function of output and target that gives a mean.
        kind: what the targets hold.

    Raises:
        ArgumentError: if there is no such metric, or the name is taken by another column of the history.
    """
    if metrics is None:
        metrics = ["accuracy"] if kind == "class" else ["rmse"]
    if isinstance(metrics, str):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        found = [_metric(each) if isinstance(each, str) else _named(name, each) for name, each in metrics.items()]
    else:
        found = [_metric(each) for each in metrics]
    for each in found:
        if (each.name == "accuracy") != (kind == "class") and each.name in ("accuracy", "mse", "rmse", "mae"):
            raise ArgumentError(f"{each.name} does not fit {kind} targets", hint="leave metrics out for the default")
    return tuple(found)


def _named(name: str, function: Any) -> Measure:
    if name in ("epoch", "split", "loss", "seconds", "learn_rate", "batches"):
        raise ArgumentError(f"a metric cannot be called {name!r}: the history has such a column")
    if not callable(function):
        raise ArgumentTypeError(f"metric {name!r} is no function but {type(function).__name__}")
    return _wrapped(name, function)


def resolve_class_weights(
    class_weights: str | Sequence[float] | Mapping[int, float] | torch.Tensor | None,
    counts: torch.Tensor | None,
    n_classes: int,
) -> torch.Tensor | None:
    """Class weights as a tensor of shape [classes].

    Args:
        class_weights: `None`; "balanced" for n / (classes * count), which gives each class the same total weight; one
            number for each class; or a dict from class to weight (1 for the others).
        counts: how often each class occurs, shape [classes]; `None` if that is not known.
        n_classes: the number of classes.

    Raises:
        ArgumentError: if there are not as many weights as classes, or one is negative or not finite.
    """
    if class_weights is None:
        return None
    if isinstance(class_weights, str):
        if class_weights != "balanced":
            raise ArgumentError(f"`class_weights` {class_weights!r} is not known", hint="use 'balanced' or numbers")
        if counts is None:
            raise ArgumentError(
                "balanced class weights need the targets in memory", hint="give one weight for each class"
            )
        present = counts > 0
        weights = torch.zeros(n_classes, dtype=torch.float64)
        weights[present] = counts.sum() / (present.sum() * counts[present].double())
        return weights
    if isinstance(class_weights, Mapping):
        weights = torch.ones(n_classes, dtype=torch.float64)
        for index, value in class_weights.items():
            if not 0 <= int(index) < n_classes:
                raise ArgumentError(
                    f"`class_weights` names class {index}, but there are {n_classes} (0 to {n_classes - 1})"
                )
            weights[int(index)] = float(value)
    else:
        weights = torch.as_tensor(class_weights, dtype=torch.float64).reshape(-1)
    if weights.numel() != n_classes:
        raise ArgumentError(f"there are {n_classes} classes, but {weights.numel()} class weights")
    if not bool(torch.isfinite(weights).all()) or bool((weights < 0).any()) or float(weights.sum()) == 0:
        raise ArgumentError("class weights are numbers from 0 on, not all of them 0")
    return weights
