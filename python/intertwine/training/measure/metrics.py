"""Metrics of a whole epoch: their values do not depend on how it was cut into batches."""

from __future__ import annotations

import copy
import importlib
import math
import re
import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, MissingDependencyError, ShapeError
from intertwine.training.data.pairing import Pair, TargetKind

MetricFunction = Callable[[torch.Tensor, torch.Tensor], Any]
"""From output and target of a whole epoch, as `Pair.without_missing` has them, to a number."""

Metrics = str | MetricFunction | Sequence[Any] | Mapping[str, Any] | None
"""A name, a function, an object of torchmetrics; a list of those; or a dict of them by the name of their column."""

TAKEN = ("epoch", "split", "loss", "seconds", "learn_rate", "batches")
"""Columns of the history that no metric can be called like."""


class Metric(ABC):
    """A number that sums up the pairs of output and target of an epoch.

    Args:
        name: the column of the history.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def update(self, pair: Pair) -> None:
        """Add a batch in which some target is known."""

    @abstractmethod
    def value(self) -> float:
        """The number for all batches since the last reset; NaN without any."""

    @abstractmethod
    def reset(self) -> None:
        """Forget all batches."""

    @abstractmethod
    def share(self, fabric: Any) -> None:
        """Let the next `value` be that of all processes together; each of them calls this."""


class _Mean(Metric):
    """The mean of a number for each target, such as its squared error.

    A sum and a count: the defaults of `fit` need no more than this, and so not torchmetrics, which takes a second to
    import and five times as long for each batch.

    Args:
        name: the column of the history.
        numbers: from output and target to the sum of the numbers of known targets, and how many these are.
        finish: applied to the mean, such as a square root.
    """

    def __init__(
        self,
        name: str,
        numbers: Callable[[Pair], tuple[torch.Tensor, int]],
        finish: Callable[[float], float] | None = None,
    ) -> None:
        super().__init__(name)
        self._numbers, self._finish = numbers, finish
        self.reset()

    def update(self, pair: Pair) -> None:
        total, count = self._numbers(pair)
        self._total += float(total)
        self._count += count

    def value(self) -> float:
        if self._count == 0:
            return math.nan
        mean = self._total / self._count
        return mean if self._finish is None else self._finish(mean)

    def reset(self) -> None:
        self._total, self._count = 0.0, 0

    def share(self, fabric: Any) -> None:
        sums = torch.tensor([self._total, self._count], dtype=torch.float64)
        self._total, count = fabric.all_reduce(sums.to(fabric.device), reduce_op="sum").tolist()
        self._count = round(count)


class _OfEpoch(Metric):
    """A function of all outputs and targets of the epoch, which wait on the CPU until it is over.

    Args:
        name: the column of the history.
        function: from output and target to a number.
    """

    def __init__(self, name: str, function: MetricFunction) -> None:
        super().__init__(name)
        self._function = function
        self.reset()

    def update(self, pair: Pair) -> None:
        output, target = pair.without_missing
        self._outputs.append(output.cpu())
        self._targets.append(target.cpu())

    def value(self) -> float:
        if not self._outputs:
            return math.nan
        try:
            output, target = torch.cat(self._outputs), torch.cat(self._targets)
        except RuntimeError as error:
            raise ShapeError(
                f"the metric {self.name!r} is that of a whole epoch, but its samples have different sizes: {error}",
                hint="give samples of one size, or an object of torchmetrics, which adds them up by itself",
            ) from error
        # one tensor in place of many, for the next call
        self._outputs, self._targets = [output], [target]
        return as_number(self.name, self._function(output, target))

    def reset(self) -> None:
        self._outputs: list[torch.Tensor] = []
        self._targets: list[torch.Tensor] = []

    def share(self, fabric: Any) -> None:
        gather = _torchmetrics("utilities.distributed").gather_all_tensors
        for parts in (self._outputs, self._targets):
            parts[:] = [part.cpu() for part in gather(torch.cat(parts).to(fabric.device))]


class _OfLibrary(Metric):
    """A metric of torchmetrics, which receives class scores as probabilities.

    Probabilities, for torchmetrics decides for each batch anew whether its numbers are that or scores.

    Args:
        name: the column of the history.
        make: gives the metric, once it is known how many outputs there are.
    """

    def __init__(self, name: str, make: Callable[[int], Any]) -> None:
        super().__init__(name)
        self._make = make
        self._metric: Any = None
        self._seen = False

    def update(self, pair: Pair) -> None:
        self._add(*pair.without_missing)

    def _add(self, output: torch.Tensor, target: torch.Tensor) -> None:
        if self._metric is None:
            self._metric = self._make(output.shape[1] if output.ndim > 1 else 1)
            # evaluating in one of several processes must not wait for the others
            self._shared, self._metric.distributed_available_fn = self._metric.distributed_available_fn, _alone
        if self._metric.device != output.device:
            self._metric.to(output.device)
        if not target.is_floating_point():
            output = output.softmax(dim=1)
        try:
            self._metric.update(output, target)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise ShapeError(
                f"the metric {self.name!r} cannot take outputs of shape {tuple(output.shape)} with targets of shape "
                f"{tuple(target.shape)}: {error}",
                hint="class metrics of torchmetrics are multiclass ones here, with num_classes the number of outputs",
            ) from error
        self._seen = True

    def value(self) -> float:
        if not self._seen:
            return math.nan
        return as_number(self.name, self._metric.compute())

    def reset(self) -> None:
        self._seen = False
        if self._metric is not None:
            self._metric.reset()
            self._metric.distributed_available_fn = _alone

    def share(self, fabric: Any) -> None:
        # its own way to add up over processes, at the next compute()
        self._metric.distributed_available_fn = self._shared


def _alone() -> bool:
    return False


def as_number(name: str, value: Any) -> float:
    """The value of a metric as a number.

    Raises:
        ShapeError: if it is several numbers.
        ArgumentTypeError: if it is none.
    """
    size = getattr(value, "size", None) if not isinstance(value, torch.Tensor) else value.numel()
    if isinstance(size, int) and size != 1:
        raise ShapeError(f"the metric {name!r} must give one number, not {size}", hint="average them")
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"the metric {name!r} must give a number, not {type(value).__name__}") from error


def _right(pair: Pair) -> tuple[torch.Tensor, int]:
    # no class is like a missing one
    return (pair.output.argmax(dim=1) == pair.target).sum(), pair.count


def _squares(pair: Pair) -> tuple[torch.Tensor, int]:
    output, target = pair.without_missing
    return (output - target).square().sum(), pair.count


def _sizes(pair: Pair) -> tuple[torch.Tensor, int]:
    output, target = pair.without_missing
    return (output - target).abs().sum(), pair.count


def _angles(pair: Pair) -> tuple[torch.Tensor, int]:
    """Angles in radians between vectors on the second axis, 2 atan2(|u - v|, |u + v|) for unit vectors (Kahan)."""
    output, target = (torch.nn.functional.normalize(x.double(), dim=1) for x in pair.vectors)
    angles = 2 * torch.atan2((output - target).norm(dim=1), (output + target).norm(dim=1))
    known = target.norm(dim=1) > 0
    return (angles * known).sum(), int(known.sum())


def _auroc(output: torch.Tensor, target: torch.Tensor) -> float:
    """The mean over the classes that occur; torchmetrics would count 0 for the others."""
    n_classes = output.shape[1]
    occurring = torch.bincount(target.reshape(-1), minlength=n_classes) > 0
    if int(occurring.sum()) < 2:
        return math.nan
    function = _torchmetrics("functional.classification").multiclass_auroc
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        areas = function(output.softmax(dim=1), target, n_classes, average="none", validate_args=False)
    return float(areas[occurring].mean())


class _R2(_OfLibrary):
    """In double precision, for it takes the difference of large sums; all numbers count alike."""

    def _add(self, output: torch.Tensor, target: torch.Tensor) -> None:
        if output.device.type == "mps":
            output, target = output.cpu(), target.cpu()
        self._count = target.numel() + (self._count if self._seen else 0)
        super()._add(output.double().reshape(-1), target.double().reshape(-1))

    def value(self) -> float:
        return super().value() if self._seen and self._count > 1 else math.nan


def _multiclass(kind: str, **settings: Any) -> Callable[[str], Metric]:
    def make(n_classes: int) -> Any:
        of_kind = getattr(_torchmetrics("classification"), kind)
        return of_kind(num_classes=n_classes, validate_args=False, **settings)

    return lambda name: _OfLibrary(name, make)


def _torchmetrics(part: str) -> Any:
    try:
        return importlib.import_module(f"torchmetrics.{part}")
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "this metric needs torchmetrics, which is not installed", hint="install it with: pip install torchmetrics"
        ) from error


NAMED: dict[str, tuple[TargetKind, Callable[[str], Metric]]] = {
    "accuracy": ("class", lambda name: _Mean(name, _right)),
    "balanced_accuracy": ("class", _multiclass("MulticlassRecall", average="macro")),
    "f1": ("class", _multiclass("MulticlassF1Score", average="macro")),
    "precision": ("class", _multiclass("MulticlassPrecision", average="macro")),
    "recall": ("class", _multiclass("MulticlassRecall", average="macro")),
    "iou": ("class", _multiclass("MulticlassJaccardIndex", average="macro")),
    "dice": ("class", _multiclass("MulticlassF1Score", average="macro")),
    "kappa": ("class", _multiclass("MulticlassCohenKappa")),
    "mcc": ("class", _multiclass("MulticlassMatthewsCorrCoef")),
    "auroc": ("class", lambda name: _OfEpoch(name, _auroc)),
    "mse": ("numeric", lambda name: _Mean(name, _squares)),
    "rmse": ("numeric", lambda name: _Mean(name, _squares, math.sqrt)),
    "mae": ("numeric", lambda name: _Mean(name, _sizes)),
    "angular_error": ("numeric", lambda name: _Mean(name, _angles)),
    "r2": ("numeric", lambda name: _R2(name, lambda n: _torchmetrics("regression").R2Score())),
}
"""The metrics that are known by name: what targets they need, and how they are made for a column.

F1 (also called Dice), IoU (Jaccard), precision, recall and the area under the ROC curve are means over the classes (macro),
each class against all others. The angular error is the mean angle in radians between vectors on the second axis, where the
target is not zero. The others of measurements pool all numbers of all samples.
"""


def resolve_metrics(metrics: Metrics, kind: TargetKind) -> tuple[Metric, ...]:
    """The metrics that are reported beside the loss.

    Args:
        metrics: `None` for accuracy (class targets) or rmse (numeric ones); a name out of `NAMED`; a function from output
            and target of a whole epoch, as `Pair.without_missing` has them, to a number; an object of
            torchmetrics, which is copied; a list of those; or a dict of them, whose keys are the names of the columns.
        kind: what the targets hold.

    Raises:
        ArgumentError: if there is no such metric, it does not fit the targets, or its name is taken.
        ArgumentTypeError: if it is something else.
    """
    if metrics is None:
        metrics = "accuracy" if kind == "class" else "rmse"
    found = [_metric(name, each, kind) for name, each in _pairs(metrics)]
    for number, each in enumerate(found):
        if each.name in TAKEN:
            raise ArgumentError(f"a metric cannot be called {each.name!r}: the history has such a column")
        if each.name in [other.name for other in found[:number]]:
            raise ArgumentError(
                f"two metrics are called {each.name!r}", hint="give each a name of its own: {'name': metric}"
            )
    return tuple(found)


def _pairs(metrics: Any) -> list[tuple[str, Any]]:
    """Name and metric of all that was given, which may be a mixture."""
    flat: list[tuple[str | None, Any]] = []
    for each in metrics if _is_list(metrics) else [metrics]:
        if _is_collection(each) or isinstance(each, Mapping):
            flat += each.items()
        else:
            flat.append((None, each))
    return [(name_of(each, place) if name is None else str(name), each) for place, (name, each) in enumerate(flat, 1)]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _library() -> Any:
    # whoever has an object of torchmetrics has imported it
    return sys.modules.get("torchmetrics")


def _is_collection(value: Any) -> bool:
    library = _library()
    return library is not None and isinstance(value, library.MetricCollection)


def name_of(metric: Any, place: int) -> str:
    """What the column of a metric is called that was given no name, at this place of a list."""
    if isinstance(metric, str):
        return metric
    own = getattr(metric, "__name__", None) or getattr(getattr(metric, "func", None), "__name__", None)
    if own is None and isinstance(metric, torch.nn.Module):
        own = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(metric).__name__).lower()
    return own if isinstance(own, str) and own.isidentifier() else f"metric_{place}"


def _metric(name: str, metric: Any, kind: TargetKind) -> Metric:
    library = _library()
    if library is not None and isinstance(metric, library.Metric):
        own = copy.deepcopy(metric)
        own.reset()
        return _OfLibrary(name, lambda n_outputs: own)
    if callable(metric) and not isinstance(metric, type):
        return _OfEpoch(name, metric)
    if not isinstance(metric, str):
        raise ArgumentTypeError(
            f"the metric {name!r} is {'a class' if isinstance(metric, type) else type(metric).__name__}",
            hint="give a name, a function of output and target, or an object of torchmetrics, made with its settings",
        )
    if metric not in NAMED:
        raise ArgumentError(
            f"there is no metric {metric!r}", hint=f"use one of {', '.join(NAMED)}, a function, or one of torchmetrics"
        )
    wanted, make = NAMED[metric]
    if wanted != kind:
        raise ArgumentError(
            f"the metric {metric!r} does not fit {kind} targets",
            hint=f"use one of {', '.join(name for name, (fits, _) in NAMED.items() if fits == kind)}",
        )
    return make(name)
