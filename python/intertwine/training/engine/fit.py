"""Training any torch module on tensors or data sets."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec

import torch

from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    ClassCountError,
    ClassCountWarning,
    FieldTypeError,
    IntertwineError,
    MissingHeadError,
    ShapeError,
    warn,
)
from intertwine.nn.base.windows import size_text
from intertwine.scalars import plain_numbers
from intertwine.training.data.augment import Augment, resolve_augment
from intertwine.training.data.batches import (
    DatasetSource,
    Source,
    TensorSource,
    as_source,
    check_batch,
    class_counts,
    is_dataset,
    scaled,
)
from intertwine.training.data.identity import Identity, describe, of_optimizer, of_source, of_stream
from intertwine.training.data.identity import of_module as identity_of_module
from intertwine.training.data.pairing import IGNORE, Kind, Missing, align
from intertwine.training.data.turning import TargetType, Turner, make_turner, type_of_target
from intertwine.training.engine.cautions import warn_of_frozen_statistics, warn_off_grid
from intertwine.training.engine.checkpoint import own_folder
from intertwine.training.engine.fabric import make_fabric
from intertwine.training.engine.heads import fill_heads
from intertwine.training.engine.modes import asleep, deferred_interrupt, evaluation_mode, wake
from intertwine.training.engine.optimisers import OptimizerMaker, Schedule, make_optimizer, resolve_schedule, take_over
from intertwine.training.engine.result import FitResult, Progress, Stopped
from intertwine.training.engine.run import OnBatch, Plan, Run, State, plain_output
from intertwine.training.engine.streams import make_streams
from intertwine.training.measure.losses import LossFunction, Measures, resolve_class_weights, resolve_loss
from intertwine.training.measure.metrics import Metrics, resolve_metrics

CARRIED = (
    "batch_size", "optimizer", "learn_rate", "weight_decay", "schedule", "loss", "metrics", "class_weights", "n_classes",
    "labels", "na", "augment", "target_type", "precision", "patience", "min_delta", "clip_norm",
)  # fmt: skip
"""The arguments of `fit` that a fit which goes on from another one takes over; of `validation`, a fraction."""

_Arguments = ParamSpec("_Arguments")


def _going_on(fit: Callable[_Arguments, FitResult]) -> Callable[_Arguments, FitResult]:
    """Gives a fit that goes on from another one the settings of that one, where they are not given anew."""

    @functools.wraps(fit)
    def with_settings(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> FitResult:
        first: Any = args[0] if args else kwargs.get("module")
        given: Any = {**first.settings, **kwargs} if isinstance(first, FitResult) else kwargs
        return fit(*args, **given)  # pyright: ignore[reportCallIssue]

    return with_settings


@_going_on
@plain_numbers
def fit(
    module: torch.nn.Module | FitResult,
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
    labels: Sequence[str] | None = None,
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

    A `FitResult` in the place of the module is gone on from: with its weights, its optimiser and streams of random numbers as
    they were at its end, its history and epoch numbers, and all settings that are not given anew. A fraction for
    validation holds out the same samples again.

    Loss and metrics receive output and target in shapes that belong together, without missing targets, as
    `intertwine.training.data.pairing.align` says. All input is checked before the first batch. The same seed gives the same
    history. Ctrl-C, and a callback that returns `False`, end the training at the next batch boundary, with the module
    and the history as they are then.

    Args:
        module: any torch module that maps a batch to one tensor (heads without a number of classes are filled), or the
            result of another fit. Parts in eval mode inside of a module in training mode stay there, so that running
            statistics of frozen layers do.
        x: inputs [batch, channels, ...] (tensor, array or geometric tensor), or a torch `Dataset` of pairs. Images of
            type uint8 and uint16 are scaled to 0..1.
        y: class numbers from 0, or measurements; for each sample or for each pixel.
        epochs: passes over the data, in addition to those of a fit that is gone on from.
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
        labels: the names of the classes; those that a data set calls `levels` or `classes` if left out.
        na: "error", or "mask" to leave missing targets (-100 for classes, NaN for measurements) out.
        augment: "rotations", which moves each sample by a random element of the module's own group (by a random angle if
            it has none), or a function of (x, y, generator) that returns (x, y). With "rotations" the targets turn with the
            inputs, by their type: see `target_type`. Pixels of targets that come from outside of the image are
            left out of loss and metrics, as those with `na="mask"` are.
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
        checkpoint: a folder for a checkpoint after each epoch whose loss and weights are finite. No other run may use it
            meanwhile.
        resume: go on from the checkpoint in that folder, if there is one: with its seed, its split and its best weights. It
            has to be of the same run (data, labels, module, settings), but for the number of epochs, patience and callbacks.
        workers: processes that load a data set.
        fabric: a launched `Fabric` of your own, for several devices or processes: each trains on its share of the batches.

    Returns:
        The trained copy in evaluation mode, with its history.

    Raises:
        ArgumentError, ArgumentTypeError, ShapeError: if the data do not fit the module or an argument is out of range.
        CheckpointError: if the checkpoint belongs to another run, the folder is in use, or it cannot be written.
        SampleError: if a sample cannot be loaded.
        MissingDependencyError: if lightning's Fabric is not installed.

    Example:
        >>> import torch
        >>> x = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        >>> result = fit(torch.nn.Linear(3, 2), x, (x[:, 0] > 0).long(), epochs=20, learn_rate=0.1, seed=1)
        >>> result.stopped, result.history[-1]["accuracy"] > 0.9
        ('finished', True)
    """
    settings = {name: value for name, value in locals().items() if name in CARRIED}
    if isinstance(validation, float):
        settings["validation"] = validation
    former = module if isinstance(module, FitResult) else None
    given: Any = former.module if former is not None else module
    _check_settings(given, epochs, batch_size, patience, clip_norm, resume, checkpoint)
    source, kind = as_source(of_module(given, x), y, na, workers)
    target = type_of_target(given, _targets(y, validation), target_type, callable(loss))
    if kind is None:
        raise ArgumentError("there is nothing to learn: y is missing", hint="give one target for each sample")
    if fabric is not None and fabric.world_size > 1 and seed is None:
        raise ArgumentError("several processes need one seed", hint="give seed")
    with own_folder(checkpoint, fabric is None or fabric.is_global_zero) as folder:
        saved = folder.read() if folder is not None and resume else None
        streams = make_streams(seed, generator, _same_samples(former, source), saved)
        named = of_stream(streams.stream)
        train, held = _validation(given, source, kind, validation, na, workers, streams.splitter())
        labels = _labels(labels, source, kind)
        classes = count_classes([source, held], kind, n_classes or (len(labels) if labels else None))
        # deep copies of the argument, never the argument: a failed or stopped fit leaves it as it was
        trained = copy.deepcopy(given)
        with streams.filling():
            fill_heads(trained, classes)
        home = next((p.device for p in trained.parameters()), torch.device("cpu"))
        width = probe(trained, source, kind, classes, named=labels is not None)
        warn_off_grid(trained, tuple(source.first()[0].shape[2:]))
        frozen = asleep(trained) if former is None or former.progress is None else frozenset(former.progress.asleep)
        wake(trained, frozen)
        warn_of_frozen_statistics(trained)
        weights = _class_weights(class_weights, train, kind, width)
        changes = resolve_augment(augment, lambda: _rotations(trained, x, source, kind, target))
        # turned targets have gaps at the edges, whatever is to be done about those of the data
        gaps = isinstance(changes, Turner) and changes.leaves_gaps
        measures = Measures(resolve_loss(loss, kind, weights), resolve_metrics(metrics, kind), "mask" if gaps else na)
        _try_measures(trained, source, measures)
        optimiser = make_optimizer(trained, optimizer, learn_rate, float(weight_decay))
        if former is not None and former.progress is not None:
            take_over(optimiser, trained, former.progress.optimizer)
        engine = make_fabric(device, precision) if fabric is None else fabric
        state = State() if former is None else State(former.epochs, former.batches, former.seconds, [*former.history])
        identity: Identity = {}
        if folder is not None:
            identity = {
                **_identity_of_data(source, held, validation, labels),
                **identity_of_module(trained),
                **of_optimizer(optimiser),
                **{name: describe(settings[name]) for name in _SETTINGS},
                "class_weights": describe(weights),
                "precision": str(getattr(engine.strategy.precision, "precision", precision)),
                "processes": str(engine.world_size),
                "parts in eval mode": describe(sorted(frozen)),
                "epochs before": str(state.epoch),
                "seed": named,
            }
        if folder is not None and saved is not None:
            if seed is None and generator is None:
                identity["seed"] = saved["identity"]["seed"]
            folder.check(saved["identity"], identity)
        plan = Plan(
            train=train,
            validation=held,
            before=state.epoch,
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
            checkpoint=folder,
            about={"identity": identity, "start": streams.start},
        )
        with streams.running(), deferred_interrupt() as interrupt:
            streams.resume()
            run = Run(engine, trained, optimiser, plan, streams.stream, interrupt, state)

            def result(stopped: Stopped) -> FitResult:
                trained.zero_grad(set_to_none=True)
                return FitResult(
                    module=trained.to(home).eval(),
                    history=run.state.history,
                    stopped=stopped,
                    seconds=run.state.seconds,
                    batches=run.state.batches,
                    best_epoch=run.state.best_epoch if run.moved or patience is not None else None,
                    n_classes=plan.n_classes,
                    labels=labels,
                    seed=streams.stream.initial_seed(),
                    planned=plan.last,
                    samples=_count(source),
                    settings=settings,
                    progress=run.progress(),
                )

            if saved is not None:
                run.resume(saved)
            try:
                return result(run.go())
            except Exception as error:
                _attach(error, result("failed"))
                raise


_SETTINGS = ("batch_size", "loss", "metrics", "na", "augment", "target_type", "clip_norm", "schedule")


def _attach(error: Exception, result: FitResult) -> None:
    """Gives an error what was learned until then."""
    with contextlib.suppress(AttributeError, TypeError):  # some classes take no attributes
        error.result = result  # pyright: ignore[reportAttributeAccessIssue]
        note = getattr(error, "add_note", None)  # from Python 3.11 on
        if note is not None:
            note("The attribute `result` of this error holds the module and the history until then.")


def _count(source: Source) -> int | None:
    return None if source.n_batches(1) is None else len(source)


def _same_samples(former: FitResult | None, source: Source) -> Progress | None:
    """Where a former fit ended; its held-out samples mean something for as many samples only."""
    if former is None or former.progress is None or former.samples == _count(source):
        return None if former is None else former.progress
    return dataclasses.replace(former.progress, start=None)


def _labels(labels: Sequence[str] | None, source: Source, kind: Kind) -> tuple[str, ...] | None:
    if labels is None and isinstance(source, DatasetSource):
        labels = getattr(source.dataset, "levels", None) or getattr(source.dataset, "classes", None)
    if labels is None or isinstance(labels, str):
        if labels is not None:
            raise ArgumentTypeError("`labels` holds one name for each class, but was a text")
        return None
    if kind != "class":
        raise ArgumentError("`labels` needs class targets, but y holds measurements")
    names = tuple(str(label) for label in labels)
    if len(set(names)) != len(names):
        raise ArgumentError("two classes in `labels` have one name", hint="give each class a name of its own")
    return names


def _class_weights(class_weights: Any, train: Source, kind: Kind, width: int) -> torch.Tensor | None:
    if kind != "class":
        if class_weights is not None:
            raise ArgumentError("class weights need class targets, but y holds measurements")
        return None
    counts = None
    if isinstance(train, TensorSource) and train.y is not None:
        counts = class_counts(train.y, width)
    return resolve_class_weights(class_weights, counts, width)


def _identity_of_data(source: Source, held: Source | None, validation: Any, labels: tuple[str, ...] | None) -> Identity:
    found = {**of_source("x", source), "labels": describe(labels)}
    if held is None or isinstance(validation, (int, float)):
        return {**found, "validation": describe(validation)}
    return {**found, "validation": "data of its own", **of_source("validation x", held)}


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
            f"`y` holds the class number {{class}}, but there are {n_classes} classes ({{first}} to {{last}})",
            positions={"class": largest, "first": 0, "last": n_classes - 1},
        )
    if n_classes is not None:
        return n_classes
    return max(largest + 1, named or 0) or None


def probe(
    module: torch.nn.Module, source: Source, kind: Kind | None, n_classes: int | None, named: bool = False
) -> int:
    """Run one sample through the module before anything starts, and give the number of its output channels.

    Args:
        module: what is trained.
        source: of the samples.
        kind: of the targets.
        n_classes: how many classes there are, as far as is known.
        named: whether these have names, so that there are no others.

    Raises:
        ShapeError: if the module cannot take the input, or gives too few outputs for the classes.
    """
    x, y = source.first()
    if not isinstance(source, TensorSource):
        check_batch(x, y, None, "mask")
    output = _one_output(module, x)
    channels = output.shape[1] if output.ndim > 1 else 1
    places = tuple(side for side in output.shape[2:] if side != 1)
    if y is not None and y.ndim == 1 and places:
        raise MissingHeadError(
            f"the module gives {channels} numbers for each of {size_text(tuple(output.shape[2:]))} places, but `y` holds one "
            f"{'class' if kind == 'class' else 'number'} for each sample",
            hint="end the module with a head that brings the places together, such as HeadClasses",
        )
    if kind == "class" and n_classes is not None and n_classes > channels:
        raise ClassCountError(
            f"`y` holds {n_classes} classes, but the module gives {channels} outputs",
            hint=f"give it {n_classes} outputs, or check the class numbers, which count from {{first}}",
            positions={"first": 0},
        )
    if kind == "class" and named and n_classes is not None and n_classes < channels:
        warn(
            f"`y` holds {n_classes} classes, but the module gives {channels} outputs: no sample teaches it the last "
            f"{channels - n_classes}. A head without a number of classes takes it from y.",
            ClassCountWarning,
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
