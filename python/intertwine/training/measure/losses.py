r"""Loss and metrics over the batches of an epoch.

The loss is the mean over all targets, whatever the batches: with the mean $m_b$ and the weight $w_b$ of each batch b,
$$ \sum_b w_b m_b / \sum_b w_b. $$
Metrics are those of the whole epoch (see `intertwine.training.measure.metrics`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError, Words
from intertwine.training.data.pairing import IGNORE, Missing, Pair, TargetKind, align
from intertwine.training.measure.metrics import Metric

LossFunction = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From output and target, as `Pair.without_missing` has them, to their mean loss."""

Loss = Callable[[Pair], "tuple[torch.Tensor, float]"]
"""From output and target to their mean loss and its weight."""


class Measures:
    """Loss and metrics of the batches seen so far; each receives output and target as `align` pairs them.

    Args:
        loss: as `resolve_loss` gives it.
        metrics: as `resolve_metrics` gives them.
        missing: with "mask", missing targets are left out.
    """

    def __init__(self, loss: Loss, metrics: Sequence[Metric] = (), missing: Missing = "error") -> None:
        self._loss = loss
        self._metrics = tuple(metrics)
        self._missing: Missing = missing
        self.reset()

    def reset(self) -> None:
        """Forget all batches."""
        self._total, self._weight, self._batches = 0.0, 0.0, 0
        for metric in self._metrics:
            metric.reset()

    def step(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Add a batch, and give its mean loss, to go down from.

        A batch whose targets are all missing has the loss 0, so that it leaves the weights alone.

        Raises:
            ShapeError: if output and target do not belong together, or the loss is not one number.
            ArgumentTypeError: if the loss has no gradient although the output has one.
        """
        pair = align(output, target, self._missing)
        if pair.count == 0:
            return pair.without_missing[0].sum()
        loss, weight = self._loss(pair)
        self._total += float(loss.detach()) * weight
        self._weight += weight
        self._batches += 1
        with torch.no_grad():
            pair = pair.detach()
            for metric in self._metrics:
                metric.update(pair)
        return loss

    def update(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Add a batch that nothing is learned from."""
        with torch.no_grad():
            self.step(output, target)

    def try_out(self, output: torch.Tensor, target: torch.Tensor) -> None:
        """Find out whether output and target fit, and whether the loss has a gradient, and forget them again."""
        with torch.enable_grad():
            self.step(output.detach().requires_grad_(output.is_floating_point()), target)
        self.reset()

    def share(self, fabric: Any) -> None:
        """Let `values` be those of all processes together, each of which calls this, and then `values`.

        Args:
            fabric: the launched `Fabric` whose processes have seen different batches.
        """
        if fabric.world_size == 1:
            return
        blind = float(self._batches == 0)
        sums = torch.tensor([self._total, self._weight, blind], dtype=torch.float64, device=fabric.device)
        self._total, self._weight, blind = fabric.all_reduce(sums, reduce_op="sum").tolist()
        for metric in self._metrics:
            # a process that saw no target has nothing to share: then the metrics are those of no batch
            metric.reset() if blind else metric.share(fabric)

    def values(self) -> dict[str, float]:
        """Name and value of the loss and of each metric; NaN where nothing was seen."""
        found = {"loss": self._total / self._weight if self._weight > 0 else math.nan}
        for metric in self._metrics:
            found[metric.name] = metric.value()
        return found


def cross_entropy(class_weights: torch.Tensor | None = None) -> Loss:
    r"""Cross-entropy of class targets, -sum_i w(y_i) log p_i(y_i) / sum_i w(y_i), over samples or pixels i.

    Args:
        class_weights: w, shape [classes]; ones if left out.
    """
    # torch leaves the missing ones out itself, which for many pixels takes a fifth of the time that it takes to drop them

    def loss(pair: Pair) -> tuple[torch.Tensor, float]:
        if class_weights is None:
            mean = torch.nn.functional.cross_entropy(pair.output, pair.target, ignore_index=IGNORE)
            return mean, float(pair.count)
        weights = class_weights.to(pair.output)
        total = torch.nn.functional.cross_entropy(
            pair.output, pair.target, weight=weights, ignore_index=IGNORE, reduction="sum"
        )
        target = pair.target.reshape(-1)
        weight = weights[target if pair.known is None else target[pair.known.reshape(-1)]].sum()
        # classes of weight 0 alone: nothing to learn, rather than 0 / 0
        return total / weight.clamp(min=torch.finfo(weight.dtype).tiny), float(weight)

    return loss


def focal(pair: Pair) -> tuple[torch.Tensor, float]:
    r"""Focal loss of class targets, the mean of -(1 - p_y)^2 log p_y: what is right already counts for little.

    Source: Lin et al., "Focal loss for dense object detection", 2017, with gamma = 2.
    """
    output, target = pair.without_missing
    surprise = torch.nn.functional.cross_entropy(output, target, reduction="none")
    return ((1 - (-surprise).exp()).square() * surprise).mean(), float(pair.count)


def soft_dice(pair: Pair) -> tuple[torch.Tensor, float]:
    r"""One minus the mean over the classes c of the batch of 2 sum_i p_ic t_ic / sum_i (p_ic + t_ic), over all pixels i.

    Classes of few pixels count as much as others. Source: Milletari et al., "V-Net", 2016, without their squares.
    """
    output, target = pair.without_missing
    probability = output.softmax(dim=1).movedim(1, -1).flatten(end_dim=-2)
    truth = torch.nn.functional.one_hot(target.reshape(-1), output.shape[1]).to(probability)
    size = truth.sum(dim=0)
    shares = 2 * (probability * truth).sum(dim=0) / (probability.sum(dim=0) + size)
    return 1 - shares[size > 0].mean(), float(pair.count)


def one_minus_cosine(pair: Pair) -> tuple[torch.Tensor, float]:
    r"""The mean of 1 - cos of the angle between output and target, vectors on the second axis; targets of zero are left out."""
    output, target = pair.vectors
    length = target.norm(dim=1)
    cosine = torch.nn.functional.cosine_similarity(output, target, dim=1)
    known = length > 0
    return ((1 - cosine) * known).sum() / known.sum().clamp(min=1), float(known.sum())


_DISTANCES: dict[str, LossFunction] = {
    "mse": torch.nn.functional.mse_loss,
    "mae": torch.nn.functional.l1_loss,
    "huber": torch.nn.functional.huber_loss,
}


_OF_CLASSES: dict[str, Loss] = {"focal": focal, "dice": soft_dice}
_OF_MEASUREMENTS: dict[str, Loss] = {"cosine": one_minus_cosine}


def _distance(function: LossFunction) -> Loss:
    return lambda pair: (function(*pair.without_missing), float(pair.count))


def resolve_loss(
    loss: str | LossFunction | None = None, kind: TargetKind = "numeric", class_weights: torch.Tensor | None = None
) -> Loss:
    """The loss that training minimises.

    Args:
        loss: `None` for cross-entropy of class targets and the squared error of numeric ones; "cross_entropy", "focal",
            "dice" for classes; "mse", "mae", "huber", "cosine" (directions) for measurements; or a function from output
            and target, as `Pair.without_missing` has them, to their mean.
        kind: what the targets hold.
        class_weights: shape [classes]; only with the cross-entropy.

    Raises:
        ArgumentError: if the loss has no such name or does not fit the targets.
    """
    if loss is None:
        loss = "cross_entropy" if kind == "class" else "mse"
    if class_weights is not None and loss != "cross_entropy":
        raise ArgumentError(
            f"class weights act on the cross-entropy only, but loss is {'a function' if callable(loss) else repr(loss)}",
            hint="weight the classes inside of that function" if callable(loss) else None,
        )
    if callable(loss):
        return _of_function(loss)
    classes = {"cross_entropy": cross_entropy(class_weights), **_OF_CLASSES}
    measurements = {**{name: _distance(function) for name, function in _DISTANCES.items()}, **_OF_MEASUREMENTS}
    if not isinstance(loss, str) or loss not in {**classes, **measurements}:
        raise ArgumentError(
            f"there is no loss {loss!r}", hint=f"use {', '.join([*classes, *measurements])}, or a function"
        )
    if loss in classes and kind != "class":
        raise ArgumentError(
            f"the loss {loss!r} needs class numbers, but the targets are measurements",
            hint="give whole numbers from 0, or use loss='mse'",
        )
    if loss in measurements and kind == "class":
        raise ArgumentError(
            f"the loss {loss!r} needs measurements, but the targets are class numbers",
            hint=Words(
                "leave the loss out for the cross-entropy, or give the targets as floating-point numbers",
                r="leave the loss out for the cross-entropy, or give the targets as numbers of type double",
            ),
        )
    return {**classes, **measurements}[loss]


def _of_function(function: LossFunction) -> Loss:
    def loss(pair: Pair) -> tuple[torch.Tensor, float]:
        output, target = pair.without_missing
        value: Any = function(output, target)
        if output.requires_grad and not (isinstance(value, torch.Tensor) and value.requires_grad):
            given = "a tensor without a gradient" if isinstance(value, torch.Tensor) else type(value).__name__
            raise ArgumentTypeError(
                f"the loss function gives {given}, which nothing can be learned from: it left torch on the way",
                hint="compute it from the output itself, with torch alone: copied or detached values have no gradient",
            )
        value = torch.as_tensor(value)
        if value.numel() != 1:
            raise ShapeError(
                f"the loss function gives {tuple(value.shape)} values for a batch",
                hint="take the mean inside of the function",
            )
        return value.reshape(()), float(pair.count)

    return loss


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
        ArgumentTypeError: if they are no numbers.
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
                    f"`class_weights` names class {{class}}, but there are {n_classes} ({{first}} to {{last}})",
                    positions={"class": int(index), "first": 0, "last": n_classes - 1},
                )
            weights[int(index)] = float(value)
    else:
        try:
            weights = torch.as_tensor(class_weights, dtype=torch.float64).reshape(-1)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ArgumentTypeError(
                f"`class_weights` must be 'balanced' or one number for each class, not {class_weights!r}"
            ) from error
    if weights.numel() != n_classes:
        raise ArgumentError(f"there are {n_classes} classes, but {weights.numel()} class weights")
    if not bool(torch.isfinite(weights).all()) or bool((weights < 0).any()) or float(weights.sum()) == 0:
        raise ArgumentError("class weights must be numbers of at least 0, and not all of them 0")
    return weights
