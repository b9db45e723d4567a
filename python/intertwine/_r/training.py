"""Training for R: long calls that are polled, histories as columns, callbacks as R functions."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from intertwine import models, nn, training
from intertwine._r import layers
from intertwine._r.crossing.values import on_disk
from intertwine._r.fields import field_type
from intertwine._r.subgroups import subgroup_label
from intertwine.gspaces import GSpace
from intertwine.training.data.pairing import IGNORE
from intertwine.training.engine.checkpoint import has_checkpoint
from intertwine.training.engine.heads import fill_heads
from intertwine.training.engine.modes import own_random_stream
from intertwine.training.measure.metrics import name_of


def fit(
    module: torch.nn.Module,
    x: Any,
    y: torch.Tensor | None,
    options: Mapping[str, Any],
    on_batch: Callable[[Any], bool],
    on_epoch: Callable[[Any], bool],
    augment: Callable[[Any, Any], Any] | str | None = None,
    draw: int = 0,
    former: training.FitResult | None = None,
    code: str = "",
) -> dict[str, Any]:
    """Train a copy of a module, asking R from time to time.

    Args:
        module: what to train.
        x: inputs.
        y: targets.
        options: what else `training.fit` takes; `None` leaves its default.
        on_batch: R's function for the events of batches; it also tells whether to continue.
        on_epoch: likewise for those of epochs.
        augment: a name, or an R function of inputs and targets of a batch that gives the changed ones, `None` to stop.
        draw: the seed if the options have none and neither a checkpoint nor a former fit has one.
        former: the fit that is continued; `module` has its weights.
        code: of the augmentation.

    Returns:
        The trained module and what happened. An error during the training has it as its `reply`.
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    if isinstance(chosen.get("checkpoint"), str):
        chosen["checkpoint"] = on_disk(chosen["checkpoint"])
    module = with_classes(module, options.get("n_classes"), int(chosen.get("seed", draw)))
    has_stream = former is not None and former.progress is not None and former.progress.random is not None
    if "seed" not in chosen and not has_stream and not (chosen.get("resume") and has_checkpoint(chosen["checkpoint"])):
        chosen["seed"] = int(draw)
    changer = Changer(augment, code) if callable(augment) else None
    # R has merged the settings of the former fit with those that are given now
    start = module if former is None else dataclasses.replace(former, module=module, settings={})
    try:
        result = training.fit(
            start,
            x,
            y,
            on_batch=lambda event: on_batch(event) is not False and not (changer and changer.failed),
            on_epoch=on_epoch,
            augment=augment if isinstance(augment, str) else changer,
            **chosen,
        )
    except Exception as error:
        result = getattr(error, "result", None)
        if isinstance(result, training.FitResult):
            error.reply = reply(result)  # pyright: ignore[reportAttributeAccessIssue]
        raise
    return reply(result)


def reply(result: training.FitResult) -> dict[str, Any]:
    """A fit as R takes it."""
    return {
        "result": result,
        "module": result.module,
        "history": columns(result.history),
        "stopped": result.stopped,
        "seconds": result.seconds,
        "batches": float(result.batches),
        "best_epoch": result.best_epoch,
        "n_classes": result.n_classes,
        "planned": float(result.planned),
        "samples": None if result.samples is None else float(result.samples),
        "seed": float(result.seed or 0),
        "parameters": float(result.parameters),
    }


def progress(result: training.FitResult) -> bytearray:
    """Where a fit ended, as bytes."""
    file = io.BytesIO()
    torch.save(None if result.progress is None else vars(result.progress), file)
    return bytearray(file.getvalue())


def revived(
    module: torch.nn.Module, kept: Mapping[str, Any], history: Any, bytes_: bytearray | None
) -> training.FitResult:
    """A fit of an earlier session, as one that can be continued.

    Args:
        module: with its weights.
        kept: what R has kept of it: seconds, batches, samples, seed.
        history: its columns.
        bytes_: what `progress` gave; `None` if that was not kept, so that the optimiser starts afresh.
    """
    if bytes_ is None:
        start = None if kept.get("seed") is None else torch.Generator().manual_seed(int(kept["seed"])).get_state()
        ended = training.Progress(optimizer=None, random=None, start=start)
    else:
        ended = training.Progress(**torch.load(io.BytesIO(bytes(bytes_)), weights_only=True))
    return training.FitResult(
        module=module,
        history=rows(history),
        stopped="finished",
        seconds=float(kept["seconds"]),
        batches=int(kept["batches"]),
        samples=None if kept.get("samples") is None else int(kept["samples"]),
        progress=ended,
    )


def rows(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A history of R's columns as rows; whole numbers are whole again."""
    found = []
    for values in zip(*(column if isinstance(column, list) else [column] for column in columns.values())):
        row = dict(zip(columns, values))
        found.append({**row, "epoch": int(row["epoch"]), "batches": int(row["batches"])})
    return found


def more_arguments() -> list[str]:
    """The names that R's `fit()` passes on in its dots: those of `training.fit` but the callbacks and what R says otherwise."""
    said = ("module", "x", "y", "on_batch", "on_epoch", "n_classes", "labels")
    return [name for name in inspect.signature(training.fit).parameters if name not in said]


def network(
    family: str,
    in_channels: Any,
    outputs: Any,
    space: Any,
    seed: float,
    parameters: int | None,
    widths: Any,
    options: Any,
    restrict: Any = None,
    head: Any = None,
) -> torch.nn.Module:
    """A ready network, with weights that R's random numbers govern.

    Args:
        family: name of a function of `intertwine.models`.
        in_channels: channels of the input, or its fields.
        outputs: how many numbers it gives, for each sample or cell; or fields, as R names them.
        space: the grid's space with its group; `None` for ordinary layers, and without a grid.
        seed: of the weights.
        parameters: how many parameters to come near to, with widths in these proportions; `None` takes the widths.
        widths: fields (or channels) of each block; R sends one alone as a plain number.
        options: what else the builder takes.
        restrict: pairs of a stage, from 0, and a space with less symmetry, or what `subgroup_label` takes.
        head: the last layers in place of the usual one, as R's `part_record()` makes them.
    """
    chosen = dict(options)
    start = () if space is None else (space,)
    named = outputs if isinstance(outputs, Mapping) else None
    first = in_channels.gspace if isinstance(in_channels, nn.FieldType) else space
    if named is not None and not restrict:
        outputs = field_type(first, named["names"], named["values"])
    if restrict:
        chosen["restrict"] = _restrictions(first, restrict)
    blocks = widths if isinstance(widths, list) else [widths]
    heads = chosen.get("heads")
    make: Any = getattr(models, family)

    def build(widths: Sequence[int]) -> torch.nn.Module:
        sizes: Any = {"widths": widths}
        if heads is not None:
            # One width, which the heads share.
            sizes = {"width": widths[0] if parameters is None else heads * widths[0]}
        if head is None and (named is None or not restrict):
            return make(in_channels, outputs, *start, **sizes, **chosen)
        body = make(in_channels, None, *start, **sizes, head=[], **chosen)
        if head is not None:
            return layers.grow(body, head)
        fields = field_type(body.out_type.gspace, named["names"], named["values"])  # pyright: ignore[reportOptionalSubscript]
        return body.append(nn.Linear.spec(out=fields))

    with own_random_stream(int(seed)):
        return build(blocks) if parameters is None else models.match_parameters(build, parameters, blocks)


def _restrictions(space: Any, pairs: Any) -> dict[int, Any]:
    """Spaces with less symmetry, or labels of subgroups, by stage: each of the group that is left before."""
    found: dict[int, Any] = {}
    for stage, less in sorted(pairs, key=lambda pair: pair[0]):
        found[int(stage)] = less if isinstance(less, GSpace) else subgroup_label(space, *less)
        space = less if isinstance(less, GSpace) else space.restrict(found[int(stage)])[0]
    return found


def with_classes(module: torch.nn.Module, n_classes: int | None, seed: int) -> torch.nn.Module:
    """The module, or a copy whose open heads have the number of classes, with weights that the seed governs."""
    if n_classes is None or not any(getattr(part, "is_open", False) for part in module.modules()):
        return module
    with own_random_stream(seed):
        return fill_heads(copy.deepcopy(module), n_classes)


class Changer:
    """An augmentation by an R function of inputs and targets of a batch.

    Args:
        change: gives the changed ones, or `None` if it failed; R has kept its condition then.
        code: of the function, by which a checkpoint knows it again.
    """

    def __init__(
        self, change: Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor] | None], code: str = ""
    ) -> None:
        self._change = change
        self.fingerprint = code
        self.failed = False

    def __call__(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        moved = None if self.failed else self._change(x, y)
        if moved is None:
            self.failed = True
            return x, y
        return moved[0].to(x), moved[1].to(y)


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """A history as columns: numbers as floats, so that none of them turns into something else on the way."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    found: dict[str, list[Any]] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        found[name] = [v if isinstance(v, str) else float("nan") if v is None else float(v) for v in values]
    return found


def predict(
    module: torch.nn.Module, x: Any, kind: Any, batch_size: int, poll: Any, device: str | None = None
) -> np.ndarray | None:
    """Predictions; class numbers count from one. `None` if R wants to stop."""
    with contextlib.suppress(KeyboardInterrupt):
        result = training.predict(module, x, type=kind, batch_size=batch_size, poll=poll, device=device)
        return (result + 1 if kind == "class" else result).numpy()
    return None


def predict_tiled(
    module: torch.nn.Module,
    x: Any,
    kind: Any,
    tile: int,
    overlap: int | None,
    batch_size: int,
    poll: Any,
    device: str | None = None,
) -> np.ndarray | None:
    """Predictions for each pixel, tile by tile; class numbers count from one. `None` if R wants to stop."""
    with contextlib.suppress(KeyboardInterrupt):
        result = training.predict_tiled(
            module, x, tile=tile, overlap=overlap, type=kind, batch_size=batch_size, poll=poll, device=device
        )
        return (result + 1 if kind == "class" else result).numpy()
    return None


def evaluate(module: torch.nn.Module, x: Any, y: Any, options: Mapping[str, Any], poll: Any) -> dict[str, float] | None:
    """Loss and metrics by name; `None` if R wants to stop."""
    chosen = {name: value for name, value in options.items() if value is not None}
    with contextlib.suppress(KeyboardInterrupt):
        return training.evaluate(module, x, y, poll=poll, **chosen)
    return None


def confusion(
    module: torch.nn.Module, x: Any, y: Any, na: Any, batch_size: int, poll: Any, device: str | None = None
) -> np.ndarray | None:
    """The confusion table, rows for true classes; `None` if R wants to stop."""
    with contextlib.suppress(KeyboardInterrupt):
        return training.confusion(module, x, y, na=na, batch_size=batch_size, poll=poll, device=device).numpy()
    return None


def image_folder(
    path: str,
    files: list[str] | str,
    levels: list[str] | str | None,
    channels: int,
    size: list[int],
    max_pixels: float,
    asked: bool,
    masks: Any = None,
) -> training.ImageFolder | training.MaskFolder:
    """Images that are read when they are needed; `files` begin with their class, `levels` is `None` without classes.

    `masks` is the folder of the masks with the values that are classes. `asked` tells whether a user gave the size: if not, it is
    that of the first image, and a warning says which differs.
    """
    if masks is not None:
        where, values = masks
        chosen = [int(value) for value in (values if isinstance(values, list) else [values])]
        masked = _masks(path, where, files, channels, size, max_pixels, chosen)
        masked.images.size_was_asked_for = asked
        return masked
    folder = training.ImageFolder(
        on_disk(path),
        files=[on_disk(file) for file in _strings(files)],
        levels=[on_disk(level) for level in _strings(levels)],
        channels=channels,
        size=(size[0], size[1]),
        max_pixels=int(max_pixels),
    )
    if not asked:
        folder.size_was_asked_for = False
    return folder


def mask_levels(
    path: str, masks: str, files: list[str] | str, channels: int, size: list[int], max_pixels: float
) -> list[str]:
    """The values that occur in the masks of some images, as texts."""
    return list(_masks(path, masks, files, channels, size, max_pixels).levels)


def _masks(
    path: str,
    masks: str,
    files: list[str] | str,
    channels: int,
    size: list[int],
    max_pixels: float,
    values: list[int] | None = None,
) -> training.MaskFolder:
    return training.MaskFolder(
        on_disk(path),
        on_disk(masks),
        channels=channels,
        size=(size[0], size[1]),
        values=values,
        files=[on_disk(file) for file in _strings(files)],
        max_pixels=int(max_pixels),
    )


def image_size(path: str, channels: int, max_pixels: float) -> list[int]:
    """Height and width of an image file."""
    return [int(n) for n in training.read_image(on_disk(path), channels, max_pixels=int(max_pixels)).shape[1:]]


def _strings(value: list[str] | str | None) -> list[str]:
    """R sends a vector of length one as a plain string."""
    return [] if value is None else [value] if isinstance(value, str) else value


def metric_name(metric: Any, place: int) -> str:
    """What the column of a Python function or an object of torchmetrics is called."""
    return name_of(metric, place)


def holds_classes(target: torch.Tensor) -> bool:
    """Whether a target of a batch holds class numbers."""
    return not target.is_floating_point()


def class_numbers(codes: torch.Tensor) -> torch.Tensor:
    """R's codes, which count from one and hold -1 where one is missing, as class numbers."""
    return torch.where(codes < 0, IGNORE, codes.long() - 1)


def threads(n: int | None = None) -> int:
    """The number of threads before the call, which sets it to `n` if that is given."""
    before = torch.get_num_threads()
    if n is not None:
        torch.set_num_threads(n)
    return before
