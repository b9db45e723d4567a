"""What a fit finds out of its data and its module before the first batch, and what it refuses."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from intertwine.checks import whole_at_least
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
from intertwine.training.data.augment import Augment
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
from intertwine.training.data.identity import Identity, describe, identity_of_source
from intertwine.training.data.pairing import IGNORE, Missing, TargetKind, align
from intertwine.training.data.turning import TargetType, make_turner
from intertwine.training.engine.modes import evaluation_mode
from intertwine.training.engine.result import FitResult, Progress
from intertwine.training.engine.run import plain_output
from intertwine.training.measure.losses import Measures, resolve_class_weights


def count_samples(source: Source) -> int | None:
    """How many samples there are; `None` for a stream."""
    return None if source.n_batches(1) is None else len(source)


def same_samples(former: FitResult | None, source: Source) -> Progress | None:
    """Where a former fit ended; its held-out samples mean something for as many samples only."""
    if former is None or former.progress is None or former.samples == count_samples(source):
        return None if former is None else former.progress
    return dataclasses.replace(former.progress, start=None)


def check_labels(labels: Sequence[str] | None, source: Source, kind: TargetKind) -> tuple[str, ...] | None:
    """The names of the classes, as given or as the data set has them, each once; `None` without names."""
    if labels is None and isinstance(source, DatasetSource):
        labels = getattr(source.dataset, "levels", None) or getattr(source.dataset, "classes", None)
    if labels is None:
        return None
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ArgumentTypeError(f"`labels` must hold one name for each class, not be {labels!r}")
    if kind != "class":
        raise ArgumentError("`labels` needs class targets, but y holds measurements")
    names = tuple(str(label) for label in labels)
    if len(set(names)) != len(names):
        raise ArgumentError("two classes in `labels` have one name", hint="give each class a name of its own")
    return names


def weights_of_classes(class_weights: Any, train: Source, kind: TargetKind, width: int) -> torch.Tensor | None:
    """One weight for each class, from the counts of the training samples where "balanced" is asked for."""
    if kind != "class":
        if class_weights is not None:
            raise ArgumentError("class weights need class targets, but y holds measurements")
        return None
    counts = None
    if isinstance(train, TensorSource) and train.y is not None:
        counts = class_counts(train.y, width)
    return resolve_class_weights(class_weights, counts, width)


def identity_of_data(source: Source, held: Source | None, validation: Any, labels: tuple[str, ...] | None) -> Identity:
    """What a checkpoint must have in common with the data of the run that resumes it."""
    found = {**identity_of_source("x", source), "labels": describe(labels)}
    if held is None or isinstance(validation, (int, float)):
        return {**found, "validation": describe(validation)}
    return {**found, "validation": "data of its own", **identity_of_source("validation x", held)}


def targets_of(y: Any, validation: Any) -> list[Any]:
    """The targets of training and validation, as they were given."""
    return [y, validation[1]] if isinstance(validation, (tuple, list)) and len(validation) == 2 else [y]


def rotations_of(
    module: torch.nn.Module, x: Any, source: Source, kind: TargetKind, target: TargetType | None
) -> Augment:
    """The augmentation by the module's own group, for the shapes of the first sample and its output."""
    first, y = source.first()
    output = one_output(module, first)
    if y is None:
        raise ShapeError("the data set gives inputs without targets", hint="give pairs of input and target")
    align(output, y.to(output.device))
    return make_turner(module, x, kind, target, (scaled(first, output.dtype), y), tuple(output.shape))


def count_classes(sources: Sequence[Source | None], kind: TargetKind, n_classes: int | None) -> int | None:
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
    module: torch.nn.Module, source: Source, kind: TargetKind | None, n_classes: int | None, named: bool = False
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
    output = one_output(module, x)
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
            f"`y` holds {n_classes} classes, but the module gives {channels} output{'s' * (channels != 1)}",
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


def one_output(module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The output of a module in evaluation mode for samples, or the error that says why they do not fit."""
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


def try_measures(module: torch.nn.Module, source: Source, measures: Measures) -> None:
    """Find out before the training, not at its end, whether outputs and targets fit together."""
    x, y = source.first()
    if y is not None:
        output = one_output(module, x)
        measures.try_out(output, y.to(output.device))


_WHOLE = {"epochs": 1, "batch_size": 1, "patience": 1, "n_classes": 1, "workers": 0}
_NUMBERS = ("learn_rate", "weight_decay", "min_delta", "clip_norm")
_FUNCTIONS = ("on_batch", "on_epoch")


def check_settings(module: Any, given: Mapping[str, Any]) -> None:
    """Raises for a fit's settings of the wrong type, or out of their range.

    Args:
        module: what is trained.
        given: all arguments of the fit by name.
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"`module` must be a torch module, not {type(module).__name__}")
    for name, least in _WHOLE.items():
        if given[name] is not None or name not in ("patience", "n_classes"):
            whole_at_least(given[name], name, least)
    for name in _NUMBERS:
        value = given[name]
        if value is not None and (isinstance(value, bool) or not hasattr(type(value), "__float__")):
            raise ArgumentTypeError(f"`{name}` must be a number, not {value!r}")
    if not math.isfinite(given["min_delta"]):
        raise ArgumentError(f"`min_delta` must be a finite number, not {given['min_delta']!r}")
    clip_norm, checkpoint = given["clip_norm"], given["checkpoint"]
    if clip_norm is not None and not (math.isfinite(clip_norm) and clip_norm > 0):
        raise ArgumentError(f"`clip_norm` must be a number above 0, not {clip_norm!r}")
    for name in _FUNCTIONS:
        if given[name] is not None and not callable(given[name]):
            raise ArgumentTypeError(f"`{name}` must be a function, not {given[name]!r}")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise ArgumentTypeError(f"`checkpoint` must be the path of a folder, not {checkpoint!r}")
    if given["resume"] and checkpoint is None:
        raise ArgumentError("`resume` needs the folder of the checkpoint", hint="give checkpoint as well")


def check_type_of_x(module: torch.nn.Module, x: Any) -> Any:
    """X itself, once a geometric tensor is known to have the module's own field type."""
    given, wanted = getattr(x, "type", None), getattr(module, "in_type", None)
    if hasattr(x, "tensor") and given is not None and wanted is not None and given != wanted:
        raise FieldTypeError(
            "`x` has field type {given}, but the module takes {wanted}", parts={"given": given, "wanted": wanted}
        )
    return x


def split_validation(
    module: torch.nn.Module,
    source: Source,
    kind: TargetKind,
    validation: Any,
    missing: Missing,
    workers: int,
    stream: torch.Generator,
) -> tuple[Source, Source | None]:
    """The samples to train on and those to validate on: a fraction held out by the stream, or data of their own."""
    if validation is None:
        return source, None
    if isinstance(validation, (int, float)) and not isinstance(validation, bool):
        if not 0 < validation < 1:
            raise ArgumentError(f"`validation` must be a fraction between 0 and 1, not {validation}")
        return source.split(float(validation), stream)
    if is_dataset(validation):
        held, other = as_source(validation, None, missing, workers)
    elif isinstance(validation, (tuple, list)) and len(validation) == 2:
        held, other = as_source(check_type_of_x(module, validation[0]), validation[1], missing)
    else:
        raise ArgumentTypeError(
            f"`validation` must be a fraction, a pair (x, y) or a data set, not {type(validation).__name__}"
        )
    if other != kind:
        raise ArgumentError(f"the targets in y are of kind {kind}, but those in validation are {other or 'missing'}")
    a, b = source.first()[0].shape[1:], held.first()[0].shape[1:]
    if a != b and isinstance(source, TensorSource):
        raise ShapeError(f"the samples in x have shape {tuple(a)}, but those in validation {tuple(b)}")
    return source, held
