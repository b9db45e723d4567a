"""Training any torch module on tensors or data sets."""

from __future__ import annotations

import contextlib
import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec

import torch

from intertwine.errors import (
    ArgumentError,
)
from intertwine.numpy_scalars import plain_numbers
from intertwine.training.data.augment import Augment, resolve_augment
from intertwine.training.data.batches import (
    as_source,
)
from intertwine.training.data.identity import (
    Identity,
    describe,
    identity_of_generator,
    identity_of_module,
    identity_of_optimizer,
)
from intertwine.training.data.pairing import Missing
from intertwine.training.data.turning import TargetType, Turner, type_of_target
from intertwine.training.engine.checkpoint import own_folder
from intertwine.training.engine.fabric import make_fabric
from intertwine.training.engine.heads import fill_heads
from intertwine.training.engine.modes import deferred_interrupt, parts_in_eval_mode, set_training_mode
from intertwine.training.engine.optimisers import OptimizerMaker, Schedule, make_optimizer, resolve_schedule, take_over
from intertwine.training.engine.preparation import (
    check_labels,
    check_settings,
    check_type_of_x,
    count_classes,
    count_samples,
    identity_of_data,
    probe,
    rotations_of,
    same_samples,
    split_validation,
    targets_of,
    try_measures,
    weights_of_classes,
)
from intertwine.training.engine.result import FitResult, Stopped
from intertwine.training.engine.run import OnBatch, Plan, Run, State
from intertwine.training.engine.streams import make_streams
from intertwine.training.engine.warnings_before import warn_of_frozen_statistics, warn_off_grid
from intertwine.training.measure.losses import LossFunction, Measures, resolve_loss
from intertwine.training.measure.metrics import Metrics, resolve_metrics

INHERITED = (
    "batch_size", "optimizer", "learn_rate", "weight_decay", "schedule", "loss", "metrics", "class_weights", "n_classes",
    "labels", "na", "augment", "target_type", "precision", "patience", "min_delta", "clip_norm",
)  # fmt: skip
"""The arguments that a fit takes over from a `FitResult` that it continues; of `validation`, only a fraction."""

_Arguments = ParamSpec("_Arguments")


def _inherits_settings(fit: Callable[_Arguments, FitResult]) -> Callable[_Arguments, FitResult]:
    """Lets a fit that continues a `FitResult` use its settings, unless they are given again."""

    @functools.wraps(fit)
    def with_settings(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> FitResult:
        first: Any = args[0] if args else kwargs.get("module")
        given: Any = {**first.settings, **kwargs} if isinstance(first, FitResult) else kwargs
        return fit(*args, **given)  # pyright: ignore[reportCallIssue]

    return with_settings


@_inherits_settings
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

    If `module` is a `FitResult`, training continues from it: with its weights, the state of its optimiser and of its random
    generators, its history and epoch numbers, and all settings that are not given again. A fraction for validation holds out
    the same samples again.

    Loss and metrics receive output and target in shapes that belong together, without missing targets, as
    `intertwine.training.data.pairing.align` says. A part of the module with a method `added_loss`, such as the prior of
    `nn.Canonicalised`, adds what it returns to the loss of each step; the history leaves it out. All input is checked
    before the first batch. The same seed gives the same history. Ctrl-C, and a callback that returns `False`, end the
    training at the next batch boundary, with the module and the history as they are then.

    Args:
        module: any torch module that maps a batch to one tensor (heads without a number of classes are filled), or the
            result of another fit. Parts in eval mode inside of a module in training mode stay there, so that running
            statistics of frozen layers do.
        x: inputs [batch, channels, ...] (tensor, array or geometric tensor), or a torch `Dataset` of pairs. Images of
            type uint8 and uint16 are scaled to 0..1.
        y: class numbers from 0, or measurements; for each sample or for each pixel.
        epochs: passes over the data, in addition to those of a `FitResult` that is continued.
        batch_size: samples in a batch.
        optimizer: "adam", "adamw", "rmsprop", "sgd", or a function from parameters to an optimizer.
        learn_rate: `None` for the optimizer's usual one.
        weight_decay: strength of the pull of all weights towards 0.
        schedule: of the learning rate: "constant", "cosine", "onecycle", or a function that gives the factor of
            `learn_rate` for the progress of the training, a number from 0 (first batch) to below 1, before each batch.
        loss: `None` (cross-entropy for classes, squared error for measurements); "cross_entropy", "focal", "dice" for
            classes; "mse", "mae", "huber", "cosine" (of directions) for measurements; or a function of output and target
            that gives their mean loss, with torch alone.
        metrics: `None` (accuracy or rmse); for classes "accuracy", "balanced_accuracy", "f1", "precision", "recall", "iou",
            "dice" (means over the classes), "kappa", "mcc", "auroc", for measurements "mse", "rmse", "mae", "r2",
            "angular_error" (radians, of vectors on the second axis); a function of output and target that gives a number;
            an object of torchmetrics; a list of those, or a dict by the name of the column. All are those of a whole epoch:
            a function receives all its outputs and targets, which wait in memory until then.
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
        resume: continue from the checkpoint in that folder, if there is one: with its seed, its split and its best weights. The
            run must be the same (data, labels, module, settings); only the number of epochs, patience and callbacks may differ.
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
    arguments = locals().copy()
    settings = {name: value for name, value in arguments.items() if name in INHERITED}
    if isinstance(validation, float):
        settings["validation"] = validation
    former = module if isinstance(module, FitResult) else None
    ended = None if former is None else former.progress
    given: Any = former.module if former is not None else module
    check_settings(given, arguments)
    source, kind = as_source(check_type_of_x(given, x), y, na, workers)
    target = type_of_target(given, targets_of(y, validation), target_type, callable(loss))
    if kind is None:
        raise ArgumentError("there is nothing to learn: y is missing", hint="give one target for each sample")
    if fabric is not None and fabric.world_size > 1 and seed is None:
        raise ArgumentError("several processes need one seed", hint="give seed")
    with own_folder(checkpoint, fabric is None or fabric.is_global_zero) as folder:
        saved = folder.read() if folder is not None and resume else None
        streams = make_streams(seed, generator, same_samples(former, source), saved)
        seed_text = identity_of_generator(streams.stream)
        train, validation_source = split_validation(
            given, source, kind, validation, na, workers, streams.validation_generator()
        )
        labels = check_labels(labels, source, kind)
        classes = count_classes([source, validation_source], kind, n_classes or (len(labels) if labels else None))
        # deep copies of the argument, never the argument: a failed or stopped fit leaves it as it was
        trained = copy.deepcopy(given)
        with streams.seeded_for_heads():
            fill_heads(trained, classes)
        device_before = next((p.device for p in trained.parameters()), torch.device("cpu"))
        n_outputs = probe(trained, source, kind, classes, named=labels is not None)
        warn_off_grid(trained, tuple(source.first()[0].shape[2:]))
        eval_parts = parts_in_eval_mode(trained) if ended is None else frozenset(ended.asleep)
        set_training_mode(trained, eval_parts)
        warn_of_frozen_statistics(trained)
        weights = weights_of_classes(class_weights, train, kind, n_outputs)
        changes = resolve_augment(augment, lambda: rotations_of(trained, x, source, kind, target))
        # turned targets have gaps at the edges, whatever is to be done about those of the data
        has_gaps = isinstance(changes, Turner) and changes.leaves_gaps
        measures = Measures(
            resolve_loss(loss, kind, weights), resolve_metrics(metrics, kind), "mask" if has_gaps else na
        )
        try_measures(trained, source, measures)
        optimiser = make_optimizer(trained, optimizer, learn_rate, float(weight_decay))
        if ended is not None:
            take_over(optimiser, trained, ended.optimizer)
        used_fabric = make_fabric(device, precision) if fabric is None else fabric
        state = State() if former is None else State(former.epochs, former.batches, former.seconds, [*former.history])
        identity: Identity = {}
        if folder is not None:
            identity = {
                **identity_of_data(source, validation_source, validation, labels),
                **identity_of_module(trained),
                **identity_of_optimizer(optimiser),
                **{name: describe(settings[name]) for name in _IDENTIFYING},
                "class_weights": describe(weights),
                "precision": str(getattr(used_fabric.strategy.precision, "precision", precision)),
                "processes": str(used_fabric.world_size),
                "parts in eval mode": describe(sorted(eval_parts)),
                "epochs before": str(state.epoch),
                "seed": seed_text,
            }
        if folder is not None and saved is not None:
            if seed is None and generator is None:
                identity["seed"] = saved["identity"]["seed"]
            folder.check(saved["identity"], identity)
        plan = Plan(
            train=train,
            validation=validation_source,
            before=state.epoch,
            epochs=epochs,
            batch_size=batch_size,
            measures=measures,
            augment=changes,
            schedule=resolve_schedule(schedule),
            missing=na,
            n_classes=n_outputs if kind == "class" else None,
            on_batch=on_batch,
            on_epoch=on_epoch,
            patience=patience,
            min_delta=float(min_delta),
            clip_norm=clip_norm,
            checkpoint=folder,
            checkpoint_header={"identity": identity, "start": streams.start},
        )
        with streams.seeded_for_training(), deferred_interrupt() as interrupt:
            streams.resume()
            run = Run(used_fabric, trained, optimiser, plan, streams.stream, interrupt, state)

            def result(stopped: Stopped) -> FitResult:
                trained.zero_grad(set_to_none=True)
                return FitResult(
                    module=trained.to(device_before).eval(),
                    history=run.state.history,
                    stopped=stopped,
                    seconds=run.state.seconds,
                    batches=run.state.batches,
                    best_epoch=run.state.best_epoch if run.rolled_back or patience is not None else None,
                    n_classes=plan.n_classes,
                    labels=labels,
                    seed=streams.stream.initial_seed(),
                    planned=plan.last,
                    samples=count_samples(source),
                    settings=settings,
                    progress=run.progress(),
                )

            if saved is not None:
                run.resume(saved)
            try:
                return result(run.train())
            except Exception as error:
                _attach(error, result("failed"))
                raise


_IDENTIFYING = ("batch_size", "loss", "metrics", "na", "augment", "target_type", "clip_norm", "schedule")


def _attach(error: Exception, result: FitResult) -> None:
    """Attaches the result until then to an error."""
    with contextlib.suppress(AttributeError, TypeError):  # some classes take no attributes
        error.result = result  # pyright: ignore[reportAttributeAccessIssue]
        note = getattr(error, "add_note", None)  # from Python 3.11 on
        if note is not None:
            note("The attribute `result` of this error holds the module and the history until then.")
