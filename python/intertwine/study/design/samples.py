"""Samples by their numbers: in memory, in files that are mapped into memory, or loaded one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch.utils.data import Dataset

from intertwine.errors import FileError, ShapeError

IN_MEMORY = 1 << 30
"""Samples of up to so many bytes are held in memory or in one file; larger ones are loaded batch by batch."""

AT_ONCE = 1 << 26
"""Samples of up to so many bytes are read at once, on their way to a network or a file."""


class Samples(Protocol):
    """Inputs that are taken by their numbers."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        ...

    def __len__(self) -> int:
        """How many there are."""
        ...

    def take(self, numbers: np.ndarray) -> torch.Tensor:
        """Some of them as one tensor [batch, channels, ...].

        Args:
            numbers: which ones, from 0.
        """
        ...


@dataclass
class ArraySamples:
    """Samples in an array, or in a NumPy file that is mapped into memory: only its name travels to other processes.

    Args:
        array: [n, channels, ...]; opened again where it is in a file.
        path: of the file, if it is in one.
        offset: where the numbers begin in a raw file; ``None`` for a NumPy file.
        as_given: whether the array in the file needs `with_channels`.
    """

    array: np.ndarray | None
    path: str | None = None
    offset: int | None = None
    as_given: bool = False
    shape: tuple[int, ...] = field(init=False)
    _raw: tuple[str, tuple[int, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._raw = ("", ()) if self.array is None else (self.array.dtype.str, tuple(self.array.shape))
        if self.array is not None and self.as_given:
            self.array = with_channels(self.array)
        self.shape = tuple(self.values.shape[1:])

    @property
    def values(self) -> np.ndarray:
        """The array."""
        if self.array is None:
            path = str(self.path)
            try:
                if self.offset is None:
                    array = np.load(path, mmap_mode="c", allow_pickle=False)
                else:
                    dtype, shape = self._raw
                    array = np.memmap(path, dtype, "c", self.offset, shape)
            except (OSError, ValueError, EOFError) as error:
                raise FileError(
                    f"the file {Path(path).name} cannot be read as an array: {error}",
                    hint="it may have been cut short: make it again",
                ) from error
            self.array = with_channels(array) if self.as_given else array
        return self.array  # pyright: ignore[reportReturnType]

    def __len__(self) -> int:
        return self.values.shape[0]

    def take(self, numbers: np.ndarray) -> torch.Tensor:
        """Some samples as one tensor.

        Args:
            numbers: which ones, from 0.
        """
        return torch.from_numpy(np.ascontiguousarray(self.values[numbers]))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "array": self.array if self.path is None else None}


@dataclass
class DatasetSamples:
    """Samples that a data set loads one by one.

    Args:
        dataset: gives inputs, or pairs of an input and a target.
    """

    dataset: Any
    shape: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.shape = tuple(_input(self.dataset[0]).shape)

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, numbers: np.ndarray) -> torch.Tensor:
        """Some samples as one tensor.

        Args:
            numbers: which ones, from 0.
        """
        return torch.stack([_input(self.dataset[int(number)]) for number in numbers])


@dataclass
class MovedSamples:
    """Samples that are moved when they are taken.

    Args:
        samples: as they are.
        move: a function of samples and their numbers.
    """

    samples: Samples
    move: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.samples.shape

    def __len__(self) -> int:
        return len(self.samples)

    def take(self, numbers: np.ndarray) -> torch.Tensor:
        """Some samples as one tensor, moved.

        Args:
            numbers: which ones, from 0.
        """
        return self.move(self.samples.take(numbers), numbers)


class Pairs(Dataset):
    """Some samples with their targets, as a torch data set.

    Args:
        samples: all of them.
        y: all targets.
        numbers: which ones.
    """

    def __init__(self, samples: Samples, y: torch.Tensor, numbers: np.ndarray) -> None:
        self._samples, self._y, self._numbers = samples, y, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        number = self._numbers[index]
        return self._samples.take(np.array([number]))[0], self._y[number]


def _input(item: Any) -> torch.Tensor:
    found = item[0] if isinstance(item, (tuple, list)) else item
    return torch.as_tensor(found)


def with_channels(array: np.ndarray) -> np.ndarray:
    """Samples with an axis of channels; three axes are grey images if these are square, and signals otherwise.

    Args:
        array: [n, channels, ...], [n, side, side] or [n, side, side, channels]; it is not copied.

    Raises:
        ShapeError: if there are fewer than three axes.
    """
    if array.ndim == 3 and array.shape[1] == array.shape[2]:
        return array[:, None]
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[1] == array.shape[2] != array.shape[3]:
        return np.moveaxis(array, 3, 1)
    if array.ndim < 3:
        raise ShapeError(
            f"`x` has shape {array.shape}, but samples are [n, channels, ...]", hint="add the missing axes"
        )
    return array


def pieces(numbers: np.ndarray, samples: Samples, most: int = 512) -> Iterator[np.ndarray]:
    """Numbers in pieces, whose samples take no more than `AT_ONCE` bytes as float32.

    Args:
        numbers: all of them.
        samples: that they belong to.
        most: numbers in a piece.
    """
    size = max(1, min(most, AT_ONCE // (4 * max(1, math.prod(samples.shape)))))
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def n_bytes(samples: Samples, dtype: torch.dtype | None = None) -> int:
    """How much memory all samples take.

    Args:
        samples: the samples.
        dtype: as numbers of this type; as they are if left out.
    """
    size = samples.take(np.array([0])).element_size() if dtype is None else torch.empty((), dtype=dtype).element_size()
    return len(samples) * int(np.prod(samples.shape)) * size


def gathered(samples: Samples, path: Path | None = None) -> ArraySamples:
    """All samples in memory, or in a NumPy file.

    Args:
        samples: the samples.
        path: of the file; ``None`` for memory.
    """
    first = samples.take(np.array([0]))[0].numpy()
    shape = (len(samples), *first.shape)
    array = np.empty(shape, first.dtype) if path is None else open_memmap(path, "w+", first.dtype, shape)
    for numbers in pieces(np.arange(len(samples)), samples):
        array[numbers] = samples.take(numbers).numpy()
    if path is None:
        return ArraySamples(array)
    array.flush()  # pyright: ignore[reportAttributeAccessIssue]
    return ArraySamples(None, str(path))
