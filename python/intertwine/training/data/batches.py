"""What `fit`, `predict` and `evaluate` accept as data, checked before anything starts."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from intertwine.errors import ArgumentError, ArgumentTypeError, SampleError, ShapeError
from intertwine.training.data.pairing import IGNORE, Missing, TargetKind

Batch = tuple[torch.Tensor, "torch.Tensor | None"]

_SCALES = {torch.uint8: 255.0, torch.uint16: 65535.0}
_CHUNK = 1 << 24


def as_inputs(x: Any) -> torch.Tensor:
    """Inputs as a tensor [batch, channels, ...], checked to be finite.

    Images of 8 or 16 bits (uint8, uint16) may stay as they are; `scaled` brings each batch to 0..1 later, so that they
    take no more memory than they have to.

    Raises:
        ArgumentError: if there are no samples, or a value is missing or infinite.
        ArgumentTypeError: if it is nothing like an array of numbers.
        ShapeError: if there is no channel axis.
    """
    tensor = _tensor(getattr(x, "tensor", x), "x")
    if tensor.ndim < 2:
        raise ShapeError(
            f"`x` has shape {tuple(tensor.shape)}, but inputs are [batch, channels, ...]",
            hint="add the channel axis with x[:, None]",
        )
    if tensor.numel() == 0:
        raise ArgumentError(f"`x` has shape {tuple(tensor.shape)}: there is nothing to work on")
    if tensor.is_complex() or (not tensor.is_floating_point() and tensor.dtype not in _SCALES):
        raise ArgumentTypeError(
            f"`x` holds {str(tensor.dtype).removeprefix('torch.')}, which has no natural scale",
            hint="convert it with x.float() and divide by the largest value",
        )
    if tensor.is_floating_point():
        _check_finite(tensor, "x")
    return tensor


def as_targets(y: Any, n: int, missing: Missing = "error") -> tuple[torch.Tensor, TargetKind]:
    """Targets as a tensor, and what they hold.

    Whole numbers and truth values are class numbers from 0; floating-point numbers are measurements.

    Args:
        y: shape [batch], [batch, outputs] or, for each pixel, [batch, height, width].
        n: how many samples there are.
        missing: with "mask", `IGNORE` (classes) and NaN (measurements) mark a missing target.

    Raises:
        ArgumentError: if there are not n of them, one is missing and that is an error, or a class is negative.
        ArgumentTypeError: if it is nothing like an array of numbers.
    """
    if missing not in ("error", "mask"):
        raise ArgumentError(f"`na` must be 'error' or 'mask', not {missing!r}")
    tensor = _tensor(getattr(y, "tensor", y), "y")
    if tensor.ndim == 0 or tensor.shape[0] != n:
        given = 1 if tensor.ndim == 0 else tensor.shape[0]
        raise ArgumentError(f"there are {n} samples in x, but {given} targets in y")
    if tensor.is_complex():
        raise ArgumentTypeError("`y` holds complex numbers", hint="give class numbers or real measurements")
    if tensor.is_floating_point():
        if missing == "error":
            _check_finite(tensor, "y", hint='leave such samples out, or use na="mask"')
        elif bool(torch.isinf(tensor).any()):
            raise ArgumentError("`y` holds infinite values")
        return tensor, "numeric"
    classes = tensor.long()
    known = classes[classes != IGNORE] if missing == "mask" else classes
    if known.numel() == 0:
        raise ArgumentError("every target in y is missing")
    if int(known.min()) < 0:
        raise ArgumentError(
            "`y` holds the class number {class}, but classes count from {first}",
            hint=f'mark missing targets with {IGNORE} and use na="mask"',
            positions={"class": int(known.min()), "first": 0},
        )
    return classes, "class"


def class_counts(targets: torch.Tensor, n_classes: int) -> torch.Tensor:
    """How often each class occurs, shape [classes]."""
    return torch.bincount(targets[targets != IGNORE].reshape(-1), minlength=n_classes)


def scaled(x: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A batch in the module's dtype, images of 8 or 16 bits brought to 0..1."""
    divisor = _SCALES.get(x.dtype)
    x = x.to(dtype)
    return x if divisor is None else x / divisor


@dataclass(frozen=True)
class TensorSource:
    """Samples in memory (or in a memory-mapped array).

    Args:
        x: shape [batch, channels, ...].
        y: the targets, or `None`.
    """

    x: torch.Tensor
    y: torch.Tensor | None = None

    def __len__(self) -> int:
        return self.x.shape[0]

    def n_batches(self, batch_size: int) -> int | None:
        """How many batches `batches` gives."""
        return len(_bounds(len(self), batch_size))

    def batches(
        self, batch_size: int, generator: torch.Generator | None = None, rank: int = 0, world: int = 1
    ) -> Iterator[Batch]:
        """The samples in batches.

        Args:
            batch_size: samples in a batch.
            generator: draws the order of the samples; `None` keeps it.
            rank: the number of this process.
            world: how many processes share the samples.
        """
        order = None if generator is None else torch.randperm(len(self), generator=generator)
        bounds = _bounds(len(self), batch_size)
        # each process takes as many batches as every other, for they wait for each other at each of them
        for start, stop in bounds[: len(bounds) // world * world][rank::world]:
            chosen: Any = slice(start, stop) if order is None else order[start:stop]
            yield _taken(self.x, chosen), None if self.y is None else self.y[chosen]

    def first(self) -> Batch:
        """The first sample as a batch of one."""
        return self.x[:1], None if self.y is None else self.y[:1]

    def split(self, fraction: float, generator: torch.Generator) -> tuple[TensorSource, TensorSource]:
        """A random part without, and a random part with, `fraction` of the samples."""
        held = max(1, round(fraction * len(self)))
        if held >= len(self):
            raise ArgumentError(f"validation={fraction} leaves none of {len(self)} samples to train on")
        order = torch.randperm(len(self), generator=generator)
        return self._at(order[held:]), self._at(order[:held])

    def _at(self, chosen: torch.Tensor) -> TensorSource:
        return TensorSource(_taken(self.x, chosen), None if self.y is None else self.y[chosen])


def _taken(x: torch.Tensor, chosen: Any) -> torch.Tensor:
    # the first versions of torch that know uint16 cannot index it: the same bits are taken as int16
    return x.view(torch.int16)[chosen].view(torch.uint16) if x.dtype == torch.uint16 else x[chosen]


@dataclass(frozen=True)
class DatasetSource:
    """Samples that a torch data set loads when they are needed, so that there may be more than memory holds.

    Args:
        dataset: gives pairs of an input [channels, ...] and a target, or inputs alone.
        workers: processes that load; 0 loads in this one.
    """

    dataset: Any
    workers: int = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def n_batches(self, batch_size: int) -> int | None:
        """How many batches `batches` gives; `None` for a stream."""
        if isinstance(self.dataset, IterableDataset) or not hasattr(self.dataset, "__len__"):
            return None
        return -(-len(self) // batch_size)

    def batches(
        self, batch_size: int, generator: torch.Generator | None = None, rank: int = 0, world: int = 1
    ) -> Iterator[Batch]:
        """The samples in batches; a stream keeps its own order."""
        stream = self.n_batches(batch_size) is None
        # the loader draws a seed for its workers even when there are none: without a generator of its own it would
        # take that from the global stream and so change what dropout does
        own = torch.Generator().manual_seed(0) if generator is None else generator
        loader = DataLoader(
            self.dataset,
            batch_size=batch_size,
            shuffle=False if stream else generator is not None,
            generator=own,
            num_workers=self.workers,
            worker_init_fn=_leave_interrupts_to_the_main_process if self.workers else None,
        )
        count = self.n_batches(batch_size)
        for number, item in enumerate(_loaded(loader)):
            if number % world == rank and (count is None or number < count // world * world):
                yield _as_batch(item)

    def first(self) -> Batch:
        """The first sample as a batch of one."""
        for batch in self.batches(1):
            return batch
        raise ArgumentError("the data set is empty")

    def split(self, fraction: float, generator: torch.Generator) -> tuple[DatasetSource, DatasetSource]:
        """A random part without, and a random part with, `fraction` of the samples."""
        if self.n_batches(1) is None:
            raise ArgumentError("a stream cannot be split", hint="give a second data set as validation")
        held = max(1, round(fraction * len(self)))
        if held >= len(self):
            raise ArgumentError(f"validation={fraction} leaves none of {len(self)} samples to train on")
        order = torch.randperm(len(self), generator=generator).tolist()
        subset = torch.utils.data.Subset
        return (
            DatasetSource(subset(self.dataset, order[held:]), self.workers),
            DatasetSource(subset(self.dataset, order[:held]), self.workers),
        )


Source = TensorSource | DatasetSource


def is_dataset(x: Any) -> bool:
    """Whether x loads its samples itself: a torch `Dataset`, or anything with `__len__` and `__getitem__` like one."""
    return isinstance(x, Dataset) or (
        hasattr(x, "__getitem__") and hasattr(x, "__len__") and hasattr(x, "levels") and not hasattr(x, "shape")
    )


def as_source(x: Any, y: Any = None, missing: Missing = "error", workers: int = 0) -> tuple[Source, TargetKind | None]:
    """A source of batches for x and y, and what the targets hold (`None` without targets).

    Raises:
        ArgumentError, ArgumentTypeError, ShapeError: as `as_inputs` and `as_targets`.
    """
    if is_dataset(x):
        if y is not None:
            raise ArgumentError("a data set gives its own targets", hint="leave y out")
        if not isinstance(x, IterableDataset) and hasattr(x, "__len__") and len(x) == 0:
            raise ArgumentError("the data set is empty")
        source = DatasetSource(x, workers)
        target = source.first()[1]
        if target is None:
            return source, None
        return source, "numeric" if target.is_floating_point() else "class"
    inputs = as_inputs(x)
    if y is None:
        return TensorSource(inputs), None
    targets, kind = as_targets(y, inputs.shape[0], missing)
    return TensorSource(inputs, targets), kind


def check_batch(x: torch.Tensor, y: torch.Tensor | None, n_classes: int | None, missing: Missing) -> None:
    """Refuse a loaded batch that a tensor in memory would have been refused for.

    Raises:
        ArgumentError: if an input is not finite, a target is missing and that is an error, or a class is out of range.
    """
    if x.is_floating_point():
        _check_finite(x, "x")
    if y is None:
        return
    if y.is_floating_point():
        if missing == "error":
            _check_finite(y, "y")
        return
    known = y[y != IGNORE] if missing == "mask" else y
    if n_classes is not None and known.numel() and not 0 <= int(known.min()) <= int(known.max()) < n_classes:
        worst = int(known.min()) if int(known.min()) < 0 else int(known.max())
        raise ArgumentError(
            f"`y` holds the class number {{class}}, but there are {n_classes} classes ({{first}} to {{last}})",
            positions={"class": worst, "first": 0, "last": n_classes - 1},
        )


def _tensor(value: Any, name: str) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    try:
        array = np.asarray(value)
        if array.dtype == object or array.dtype.kind not in "biufc":
            raise TypeError(f"dtype {array.dtype}")
        if array.dtype == np.float16 or array.dtype.itemsize > 16:
            array = array.astype(np.float32)
        if any(stride < 0 for stride in array.strides) or not array.dtype.isnative:
            array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
        if not array.flags.writeable:
            array = array.copy()
        return torch.from_numpy(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentTypeError(
            f"`{name}` is no tensor or array of numbers but {type(value).__name__} ({error})",
            hint="give a torch tensor, a NumPy array or a torch Dataset"
            if name == "x"
            else "give class numbers from 0, or measurements; turn labels into class numbers first",
        ) from error


def _check_finite(tensor: torch.Tensor, name: str, hint: str | None = None) -> None:
    flat = tensor.reshape(-1) if tensor.is_contiguous() else tensor
    # in chunks: the mask of a whole data set would take a quarter of its memory again
    parts: Sequence[torch.Tensor] = flat.split(_CHUNK) if flat.ndim == 1 else [flat]
    if all(bool(torch.isfinite(part).all()) for part in parts):
        return
    bad = [i for i in range(tensor.shape[0]) if not bool(torch.isfinite(tensor[i]).all())]
    raise ArgumentError(
        f"`{name}` holds missing (NaN) or infinite values, first in sample {{sample}} ({len(bad)} of {tensor.shape[0]} "
        "samples)",
        hint=hint or "replace them or leave these samples out",
        positions={"sample": bad[0]},
    )


def _bounds(n: int, batch_size: int) -> list[tuple[int, int]]:
    starts = list(range(0, n, batch_size))
    # batch normalisation cannot train on a single sample: a lone last one joins the batch before it
    if len(starts) > 1 and n - starts[-1] == 1 and batch_size > 1:
        starts.pop()
    return [(start, stop) for start, stop in zip(starts, [*starts[1:], n])]


def _leave_interrupts_to_the_main_process(number: int) -> None:
    # Ctrl-C reaches every process of the terminal, and would end the workers before the batch that is being computed
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _loaded(loader: DataLoader[Any]) -> Iterator[Any]:
    """What a loader gives; what goes wrong in it is an error of a sample.

    Raises:
        SampleError: if a sample cannot be loaded.
    """
    items = iter(loader)
    while True:
        try:
            item = next(items)
        except StopIteration:
            return
        except Exception as error:  # whatever the data set raises
            # an error from another process has the text of its traceback, whose last line says what it was
            said = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
            last = next((line for line in reversed(said.splitlines()) if line.strip()), said).strip()
            name, _, rest = last.partition(": ")
            reason = rest if name.startswith("intertwine.") and rest else last
            raise SampleError(
                f"a sample cannot be loaded: {reason}",
                hint=getattr(error, "hint", None) or "check what the data set gives for each of its positions",
            ) from error
        yield item


def _as_batch(item: Any) -> Batch:
    if isinstance(item, torch.Tensor):
        return item, None
    if isinstance(item, (list, tuple)) and len(item) in (1, 2) and all(isinstance(i, torch.Tensor) for i in item):
        target = item[1] if len(item) == 2 else None
        if target is not None and not target.is_floating_point():
            target = target.long()
        return item[0], target
    raise ArgumentTypeError(
        "the data set gives something that is neither an input nor a pair of input and target",
        hint="give (tensor [channels, ...], class number or measurement) for each sample",
    )
