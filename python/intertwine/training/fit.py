"""Training any torch module on tensors or data sets."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, IntertwineError, ShapeError
from intertwine.training.augment import Augment, resolve_augment
from intertwine.training.cautions import warn_of_frozen_statistics, warn_off_grid
from intertwine.training.data import (
    DatasetSource,
    Source,
    TensorSource,
    as_source,
    check_batch,
    class_counts,
    is_dataset,
    scaled,
)
from intertwine.training.engine import make_fabric
from intertwine.training.heads import fill_heads
from intertwine.training.measures import LossFunction, Measures, resolve_class_weights, resolve_loss
from intertwine.training.metrics import Metrics, resolve_metrics
from intertwine.training.modes import asleep, deferred_interrupt, evaluation_mode, own_random_stream, wake
from intertwine.training.optimisers import OptimizerMaker, Schedule, make_optimizer, resolve_schedule
from intertwine.training.pairing import IGNORE, Kind, Missing, align
from intertwine.training.result import FitResult
from intertwine.training.run import OnBatch, Plan, Run, plain_output
from intertwine.training.turning import TargetType, Turner, make_turner, type_of_target


def fit(
    module: torch.nn.Module,
    x: Any,
    y: Any = None,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    optimizer: str | OptimizerMaker = "adam",
    learn_rate: float | None = None,
    weight_decay: float = 0.0,
    schedule: str | Schedule = "constant",
    loss: str | LossFunction | None = None,
    metrics: Metrics = None,
    validation: float | tuple[Any, Any] | Any | None = None,
    class_weights: str | Sequence[float] | Mapping[int, float] | torch.Tensor | None = None,
    n_classes: int | None = None,
    na: Missing = "error",
    augment: str | Augment | None = None,
    target_type: TargetType | None = None,
    seed: int | None = None,
    generator: torch.Generator | None = None,
    device: str = "auto",
    precision: str | None = None,
    on_batch: OnBatch | None = None,
    on_epoch: OnBatch | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    clip_norm: float | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
    workers: int = 0,
    fabric: Any = None,
) -> FitResult:
    """Train a copy of a module; the module itself stays as it is.

    Loss and metrics receive output and target in shapes that belong together, without missing targets, as
    `intertwine.training.pairing.align` says. All input is checked before the first batch. The same seed gives the same
    history. Ctrl-C, and a callback that returns `False`, end the training at the next batch boundary, with the module
    and the history as they are then.

    Args:
        module: any torch module that maps a batch to one tensor. Heads without a number of classes are filled. Parts in eval
            mode inside of a module in training mode stay there, so that running statistics of frozen layers do.
        x: inputs [batch, channels, ...] (tensor, array or geometric tensor), or a torch `Dataset` of pairs. Images of
            type uint8 and uint16 are scaled to 0..1.
        y: class numbers from 0, or measurements; for each sample or for each pixel.
        epochs: passes over the data.
        batch_size: samples in a batch.
        optimizer: "adam", "adamw", "rmsprop", "sgd", or a function from parameters to an optimizer.
        learn_rate: `None` for the optimizer's usual one.
        weight_decay: strength of the pull of all weights towards 0.
        schedule: of the learning rate: "constant", "cosine", "onecycle", or a function that gives the factor of
            `learn_rate` for the progress of the training, a number from 0 (first batch) to below 1, before each batch.
        loss: `None` (cross-entropy for classes, squared error for measurements); "cross_entropy", "mse", "mae",
            "huber"; or a function of output and target that gives their mean loss, with torch alone.
        metrics: `None` (accuracy or rmse); for classes "accuracy", "balanced_accuracy", "f1", "precision", "recall" (means
            over the classes), "kappa", "mcc", "auroc", for measurements "mse", "rmse", "mae", "r2"; a function of output and
            target that gives a number; an object of torchmetrics; a list of those, or a dict by the name of the column. All
            are those of a whole epoch: a function receives all its outputs and targets, which wait in memory until then.
        validation: a fraction of the samples to hold out, a pair (x, y), or a data set.
        class_weights: "balanced", one weight for each class, or a dict.
        n_classes: how many classes there are, if the targets do not show all of them.
        na: "error", or "mask" to leave missing targets (-100 for classes, NaN for measurements) out.
        augment: "rotations", which moves each sample by a random element of the module's own group (by a random angle if
            it has none), or a function of (x, y, generator) that returns (x, y). With "rotations" the targets turn with the
            inputs, by their type: see `target_type`. Pixels of targets that come from outside of the image are missing.
        target_type: how the targets in `y` move when the inputs are turned: their field type, such as
            `nn.field_type(gspace, vector=1)` for a direction for each sample or pixel, or "invariant". Needed where nothing
            else says it; a module's `out_type`, and `y` as a geometric tensor, do. Without one, classes are invariant
            (those of pixels move with these), and so is one number behind an invariant head.
        seed: of everything random here; drawn from torch's global generator if left out.
        generator: in place of a seed.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        precision: "32-true", "64-true", "16-mixed", "bf16-mixed"; `None` keeps the module's own dtype.
        on_batch: called after each batch with a dict (split, epoch, epochs, batch, batches, loss, learn_rate,
            seconds); `False` stops.
        on_epoch: called after each epoch with its last row of the history; `False` stops.
        patience: stop when the (validation) loss has not improved for so many epochs, and keep the best weights.
        min_delta: by how much it has to improve.
        clip_norm: the largest norm of the gradient.
        checkpoint: a folder for a checkpoint after each epoch.
        resume: go on from the checkpoint in that folder, if there is one.
        workers: processes that load a data set.
        fabric: a launched `Fabric` of your own, for several devices or processes: each trains on its share of the batches.

    Returns:
        The trained copy in evaluation mode, with its history.

    Raises:
        ArgumentError, ArgumentTypeError, ShapeError: if the data do not fit the module or an argument is out of range.
        MissingDependencyError: if lightning's Fabric is not installed.

    Example:
        >>> import torch
        >>> x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        >>> result = fit(torch.nn.Linear(3, 2), x, (x[:, 0] > 0).long(), epochs=20, learn_rate=0.1, seed=1)
        >>> result.stopped, result.history[-1]["accuracy"] > 0.9
        ('finished', True)
    """
    _check_settings(module, epochs, batch_size, patience, clip_norm, resume, checkpoint)
    source, kind = as_source(of_module(module, x), y, na, workers)
    target = type_of_target(module, _targets(y, validation), target_type, callable(loss))
    if kind is None:
        raise ArgumentError("there is nothing to learn: y is missing", hint="give one target for each sample")
    if fabric is not None and fabric.world_size > 1 and seed is None:
        raise ArgumentError("several processes need one seed", hint="give seed")
    stream = _generator(seed, generator)
    train, held = _validation(module, source, kind, validation, na, workers, stream)
    classes = count_classes([source, held], kind, n_classes)
    # deep copies of the argument, never the argument: a failed or stopped fit leaves it as it was
    trained = copy.deepcopy(module)
    with own_random_stream(_draw(stream)):
        fill_heads(trained, classes)
    home = next((p.device for p in trained.parameters()), torch.device("cpu"))
    width = probe(trained, source, kind, classes)
    warn_off_grid(trained, tuple(source.first()[0].shape[2:]))
    wake(trained, asleep(trained))
    warn_of_frozen_statistics(trained)
    counts = None
    if kind == "class" and isinstance(train, TensorSource) and train.y is not None:
        counts = class_counts(train.y, width)
    weights = resolve_class_weights(class_weights, counts, width) if kind == "class" else None
    if class_weights is not None and kind != "class":
        raise ArgumentError("class weights need class targets, but y holds measurements")
    changes = resolve_augment(augment, lambda: _rotations(trained, x, source, kind, target))
    # turned targets have gaps at the edges, whatever is to be done about those of the data
    gaps = isinstance(changes, Turner) and changes.leaves_gaps
    measures = Measures(resolve_loss(loss, kind, weights), resolve_metrics(metrics, kind), "mask" if gaps else na)
    _try_measures(trained, source, measures)
    plan = Plan(
        train=train,
        validation=held,
        epochs=epochs,
        batch_size=batch_size,
        measures=measures,
        augment=changes,
        schedule=resolve_schedule(schedule),
        missing=na,
        n_classes=width if kind == "class" else None,
        on_batch=on_batch,
        on_epoch=on_epoch,
        patience=patience,
        min_delta=float(min_delta),
        clip_norm=clip_norm,
        checkpoint=None if checkpoint is None else _folder(checkpoint),
    )
    optimiser = make_optimizer(trained, optimizer, learn_rate, float(weight_decay))
    engine = make_fabric(device, precision) if fabric is None else fabric
    with own_random_stream(_draw(stream)), deferred_interrupt() as interrupt:
        run = Run(engine, trained, optimiser, plan, stream, interrupt)
        if resume and plan.checkpoint is not None:
            run.resume(plan.checkpoint)
        stopped = run.go()
    trained.zero_grad(set_to_none=True)
    return FitResult(
        module=trained.to(home).eval(),
        history=run.state.history,
        stopped=stopped,
        seconds=run.state.seconds,
        batches=run.state.batches,
        best_epoch=run.state.best_epoch,
        n_classes=plan.n_classes,
    )


def _targets(y: Any, validation: Any) -> list[Any]:
    """The targets of training and validation, as they were given."""
    return [y, validation[1]] if isinstance(validation, (tuple, list)) and len(validation) == 2 else [y]


def _rotations(module: torch.nn.Module, x: Any, source: Source, kind: Kind, target: TargetType | None) -> Augment:
    first, y = source.first()
    output = _one_output(module, first)
    if y is None:
        raise ShapeError("the data set gives inputs without targets", hint="give pairs of input and target")
    align(output, y.to(output.device))
    return make_turner(module, x, kind, target, (scaled(first, output.dtype), y), tuple(output.shape))


def count_classes(sources: Sequence[Source | None], kind: Kind, n_classes: int | None) -> int | None:
    """How many classes the targets have: as told, as the data set says, or one more than the largest class number.

    Raises:
        ArgumentError: if a class number is out of the range that was told.
    """
    if kind != "class":
        if n_classes is not None:
            raise ArgumentError("`n_classes` needs class targets, but y holds measurements")
        return None
    largest = -1
    named: int | None = None
    for source in sources:
        if isinstance(source, TensorSource) and source.y is not None:
            known = source.y[source.y != IGNORE]
            largest = max(largest, int(known.max()) if known.numel() else -1)
        elif isinstance(source, DatasetSource):
            names = getattr(source.dataset, "levels", None) or getattr(source.dataset, "classes", None)
            named = len(names) if names is not None else named
    if n_classes is not None and largest >= n_classes:
        raise ArgumentError(
            f"`y` holds the class number {largest}, but there are {n_classes} classes (0 to {n_classes - 1})"
        )
    if n_classes is not None:
        return n_classes
    return max(largest + 1, named or 0) or None


def probe(module: torch.nn.Module, source: Source, kind: Kind | None, n_classes: int | None) -> int:
    """Run one sample through the module before anything starts, and give the number of its output channels.

    Raises:
        ShapeError: if the module cannot take the input, or gives too few outputs for the classes.
    """
    x, y = source.first()
    if not isinstance(source, TensorSource):
        check_batch(x, y, None, "mask")
    output = _one_output(module, x)
    channels = output.shape[1] if output.ndim > 1 else 1
    if kind == "class" and n_classes is not None and n_classes > channels:
        raise ShapeError(
            f"`y` holds {n_classes} classes (the largest class number is {n_classes - 1}), but the module gives "
            f"{channels} outputs",
            hint=f"give it {n_classes} outputs, or check the class numbers, which count from 0",
        )
    return channels


def _one_output(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    first = next(module.parameters(), None)
    dtype = torch.get_default_dtype() if first is None else first.dtype
    with evaluation_mode(module):
        try:
            return plain_output(module(scaled(x, dtype).to("cpu" if first is None else first.device)))
        except IntertwineError:
            raise
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise ShapeError(
                f"the module cannot take x with {tuple(x.shape[1:])} values a sample: {error}",
                hint="check the number of channels and the size of the images",
            ) from error


def _try_measures(module: torch.nn.Module, source: Source, measures: Measures) -> None:
    """Find out before the training, not at its end, whether outputs and targets fit together."""
    x, y = source.first()
    if y is not None:
        output = _one_output(module, x)
        measures.try_out(output, y.to(output.device))


def _check_settings(
    module: Any,
    epochs: int,
    batch_size: int,
    patience: int | None,
    clip_norm: float | None,
    resume: bool,
    checkpoint: str | Path | None,
) -> None:
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"only a torch module can be trained, but was given {type(module).__name__}")
    for name, value in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        if value is None and name == "patience":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ArgumentError(f"`{name}` is a whole number from 1 on, but was {value!r}")
    if clip_norm is not None and not (math.isfinite(clip_norm) and clip_norm > 0):
        raise ArgumentError(f"`clip_norm` is a number above 0, but was {clip_norm!r}")
    if resume and checkpoint is None:
        raise ArgumentError("`resume` needs the folder of the checkpoint", hint="give checkpoint as well")


def of_module(module: torch.nn.Module, x: Any) -> Any:
    """X itself, once a geometric tensor is known to have the module's own field type."""
    given, wanted = getattr(x, "type", None), getattr(module, "in_type", None)
    if hasattr(x, "tensor") and given is not None and wanted is not None and given != wanted:
        raise FieldTypeError(f"`x` has field type {given}, but the module takes {wanted}")
    return x


def _validation(
    module: torch.nn.Module,
    source: Source,
    kind: Kind,
    validation: Any,
    missing: Missing,
    workers: int,
    stream: torch.Generator,
) -> tuple[Source, Source | None]:
    if validation is None:
        return source, None
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        if not 0 < validation < 1:
            raise ArgumentError(f"`validation` is a fraction between 0 and 1, but was {validation}")
        return source.split(float(validation), stream)
    if is_dataset(validation):
        held, other = as_source(validation, None, missing, workers)
    elif isinstance(validation, (tuple, list)) and len(validation) == 2:
        held, other = as_source(of_module(module, validation[0]), validation[1], missing)
    else:
        raise ArgumentTypeError(
            f"`validation` is a fraction, a pair (x, y) or a data set, but was {type(validation).__name__}"
        )
    if other != kind:
        raise ArgumentError(f"the targets in y are of kind {kind}, but those in validation are {other or 'missing'}")
    a, b = source.first()[0].shape[1:], held.first()[0].shape[1:]
    if a != b and isinstance(source, TensorSource):
        raise ShapeError(f"the samples in x have shape {tuple(a)}, but those in validation {tuple(b)}")
    return source, held


def _generator(seed: int | None, generator: torch.Generator | None) -> torch.Generator:
    if generator is not None:
        if seed is not None:
            raise ArgumentError("`seed` and generator say the same thing", hint="give one of them")
        if not isinstance(generator, torch.Generator):
            raise ArgumentTypeError(f"`generator` is a torch.Generator, but was {type(generator).__name__}")
        return generator
    if seed is None:
        seed = int(torch.randint(2**31 - 1, ()))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ArgumentTypeError(f"`seed` is a whole number, but was {seed!r}")
    return torch.Generator().manual_seed(seed)


def _draw(stream: torch.Generator) -> int:
    return int(torch.randint(2**31 - 1, (), generator=stream))


def _folder(checkpoint: str | Path) -> Path:
    folder = Path(checkpoint)
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"`checkpoint` names a file, {folder.name}, but needs a folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
