"""Where the data of a study comes from: arrays, data sets, and files of many kinds."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from intertwine.errors import ArgumentError, ArgumentTypeError, FileError, MissingDependencyError
from intertwine.study.design.samples import IN_MEMORY, ArraySamples, DatasetSamples, Samples, with_channels
from intertwine.study.rotated.digits import load_digits
from intertwine.training.data.batches import as_inputs, is_dataset
from intertwine.training.data.files import ImageFolder, read_image
from intertwine.training.data.idx import read_idx

_IDX = {
    "x": ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
    "y": ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
    "test_x": ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"),
    "test_y": ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"),
}


@dataclass
class Read:
    """What was read.

    Args:
        x: samples to learn from, and to test on if there are no others.
        y: their targets.
        test_x: samples to test on.
        test_y: their targets.
        group: what each of the first samples shows.
        labels: the names of the classes.
        notes: what the user should know.
    """

    x: Samples
    y: Any
    test_x: Samples | None = None
    test_y: Any = None
    group: Any = None
    labels: tuple[str, ...] | None = None
    notes: list[str] = field(default_factory=list)


def read_data(
    x: Any, y: Any = None, test: Any = None, group: Any = None, size: Any = None, channels: int | None = None
) -> Read:
    """The data in any of the forms that a study takes.

    Args:
        x: an array or tensor [n, channels, ...] (grey images may come as [n, height, width]); a torch `Dataset` of pairs; a
            mapping of arrays with the names of MedMNIST (``train_images``, ``train_labels``, ``test_images``, ...) or of
            columns (``file``, ``target``, and perhaps ``group`` and ``split``), such as a data frame; or a path: of a
            ``.npz`` file with such arrays, a ``.npy`` file of any size, a ``.csv`` table of image, ``.npy`` or NIfTI files, a
            folder with one folder of images for each class (or ``train`` and ``test`` with these), a folder of MNIST's IDX
            files. ``"digits"`` are scikit-learn's (``"./digits"`` is a folder).
        y: targets, or the path of a ``.npy`` file with them.
        test: a pair (x, y), a data set or a path of samples to test on.
        group: what each sample shows, [n].
        size: sides to bring images in files to.
        channels: of images in files.

    Raises:
        FileError: if a file is not there, damaged, or of a kind that is not known.
        ArgumentError, ArgumentTypeError, ShapeError: if the data are of another form.
    """
    if isinstance(size, int):
        size = (size, size)
    read = _read(x, y, size, channels)
    if test is not None:
        inputs, targets = test if isinstance(test, (tuple, list)) and len(test) == 2 else (test, None)
        held = _read(inputs, targets, size, channels)
        read.test_x, read.test_y = held.x, held.y
    if group is not None:
        read.group = group
    if read.y is None:
        raise ArgumentError("the data hold no targets", hint="give y, one class or measurement for each sample")
    return read


def _read(x: Any, y: Any, size: Any, channels: int | None) -> Read:
    if isinstance(x, (str, Path)):
        return _from_path(str(x), y, size, channels)
    if is_dataset(x):
        return _from_dataset(x)
    if hasattr(x, "to_dict") and hasattr(x, "columns"):  # a data frame
        x = {str(name): list(x[name]) for name in x.columns}
    if isinstance(x, Mapping):
        return _from_table(x, Path(), size, channels) if "file" in x else _from_arrays(x)
    return Read(_samples(x), y)


def _samples(x: Any) -> Samples:
    if isinstance(x, np.memmap) and x.filename is not None and x.flags.c_contiguous and type(x.base) is not np.memmap:
        return ArraySamples(x, str(x.filename), int(x.offset), as_given=True)
    if not isinstance(x, np.ndarray) and not isinstance(getattr(x, "tensor", x), torch.Tensor):
        x = np.asarray(x)
    array = x if isinstance(x, np.ndarray) else getattr(x, "tensor", x).detach().cpu().numpy()
    array = with_channels(array)
    as_inputs(array[:: max(1, len(array) - 1)] if array.nbytes > IN_MEMORY else array)
    return ArraySamples(array)


def _from_path(name: str, y: Any, size: Any, channels: int | None) -> Read:
    path = Path(name)
    if isinstance(y, (str, Path)):
        y = _numpy(Path(y))
    if name == "digits":
        return _digits(size)
    if not path.exists():
        raise FileError(f"there is no file or folder {name}")
    if path.is_dir():
        return _from_folder(path, size, channels)
    kind = path.suffix.lower()
    if kind == ".npz":
        return _from_arrays(_numpy(path))
    if kind == ".npy":
        return Read(ArraySamples(None, str(path), as_given=True), y)
    if kind == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise FileError(f"the table {path.name} is empty")
        return _from_table({key: [row[key] for row in rows] for key in rows[0]}, path.parent, size, channels)
    if "idx" in path.name:
        return Read(ArraySamples(with_channels(read_idx(path).numpy())), y)
    raise FileError(f"{path.name} is of a kind that is not known", hint="give a folder, .npz, .npy, .csv, or IDX files")


def _numpy(path: Path) -> Any:
    """The array in a .npy file, mapped into memory; or the arrays in a .npz file, by name."""
    try:
        if path.suffix.lower() == ".npy":
            return np.load(path, mmap_mode="c", allow_pickle=False)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except Exception as error:  # NumPy and zipfile raise many kinds for damaged files
        raise FileError(
            f"the file {path.name} cannot be read: {error}",
            hint="it may be damaged or cut short: make or download it again",
        ) from error


def _from_arrays(arrays: Mapping[str, Any]) -> Read:
    """Arrays with MedMNIST's names, or x and y."""
    if "train_images" not in arrays:
        if "x" not in arrays or "y" not in arrays:
            raise FileError(
                f"these arrays are named {', '.join(map(str, arrays))}",
                hint="name them x and y, or train_images, train_labels, ...",
            )
        test_x = _samples(arrays["test_x"]) if "test_x" in arrays else None
        return Read(_samples(arrays["x"]), arrays["y"], test_x, arrays.get("test_y"), arrays.get("group"))
    parts: dict[str, tuple[Any, Any]] = {}
    for part in ("train", "val", "test"):
        if f"{part}_images" in arrays:
            parts[part] = (arrays[f"{part}_images"], _squeezed(arrays[f"{part}_labels"]))
    notes = []
    x, labels = parts["train"]
    if "val" in parts:
        notes.append("the file's training and validation images are put together, and split anew for each seed")
        x, labels = np.concatenate([x, parts["val"][0]]), np.concatenate([labels, parts["val"][1]])
    test = parts.get("test")
    return Read(
        _samples(x), labels, None if test is None else _samples(test[0]), None if test is None else test[1], notes=notes
    )


def _squeezed(labels: Any) -> np.ndarray:
    array = np.asarray(labels)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _digits(size: Any) -> Read:
    digits = load_digits(17 if size is None else int(size[0]))
    return Read(
        _samples(digits.train_x), digits.train_y, _samples(digits.test_x), digits.test_y, labels=tuple("0123456789")
    )


def _from_folder(path: Path, size: Any, channels: int | None) -> Read:
    found = {
        key: next((file for name in names for file in sorted(path.glob(f"{name}*"))), None)
        for key, names in _IDX.items()
    }
    if found["x"] is not None and found["y"] is not None:
        read = {key: None if file is None else read_idx(file).numpy() for key, file in found.items()}
        samples = {key: None if read[key] is None else _samples(read[key]) for key in ("x", "test_x")}
        return Read(samples["x"], read["y"], samples["test_x"], read["test_y"])  # pyright: ignore[reportArgumentType]
    archives = sorted(path.glob("*.npz"))
    if len(archives) == 1:
        return _from_arrays(_numpy(archives[0]))
    inside = {entry.name for entry in path.iterdir() if entry.is_dir()}
    if "train" in inside and "test" in inside:
        train = _from_dataset(ImageFolder(path / "train", size=size, channels=channels))
        first: ImageFolder = train.x.dataset  # pyright: ignore[reportAttributeAccessIssue]
        test = ImageFolder(path / "test", size=first.size, channels=first.channels, levels=first.levels)
        held = _from_dataset(test)
        return Read(train.x, train.y, held.x, held.y, labels=train.labels)
    return _from_dataset(ImageFolder(path, size=size, channels=channels))


def _from_dataset(dataset: Any) -> Read:
    if not hasattr(dataset, "__len__"):
        raise ArgumentError("a study cannot split a stream", hint="give a data set with a length")
    labels = getattr(dataset, "levels", None) or getattr(dataset, "classes", None)
    return Read(DatasetSamples(dataset), _targets_of(dataset), labels=tuple(map(str, labels)) if labels else None)


def _targets_of(dataset: Any) -> Any:
    """All targets: listed by the data set, or taken from its samples."""
    if isinstance(dataset, ImageFolder):
        return np.array([number for _, number in dataset.files])
    for name in ("targets", "labels"):
        listed = getattr(dataset, name, None)
        if listed is not None and len(listed) == len(dataset):
            return _squeezed(listed)
    tensors = getattr(dataset, "tensors", None)
    if isinstance(tensors, tuple) and len(tensors) == 2:
        return tensors[1]
    targets = []
    for number in range(len(dataset)):  # of each pair only the target stays in memory
        item = dataset[number]
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise ArgumentTypeError("the data set gives no targets", hint="give pairs of an input and a target")
        targets.append(torch.as_tensor(item[1]))
    return torch.stack(targets)


class FileTable(Dataset):
    """Samples in files of their own: images, ``.npy`` arrays, NIfTI volumes.

    Args:
        files: their paths.
        size: sides to bring images to; those of the first one if left out.
        channels: of images.
    """

    def __init__(self, files: list[Path], size: Any = None, channels: int | None = None) -> None:
        self.files = files
        self.size, self.channels = size, channels
        if size is None and self._reader(files[0]) is _image:
            first = self[0]
            self.size, self.channels = tuple(first.shape[1:]), first.shape[0]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        path = self.files[index]
        if not path.is_file():
            raise FileError(f"there is no file {path}")
        return self._reader(path)(path, self.size, self.channels)

    @staticmethod
    def _reader(path: Path) -> Callable[..., torch.Tensor]:
        if path.suffix == ".npy":
            return _array
        return _volume if path.name.endswith((".nii", ".nii.gz")) else _image


def _image(path: Path, size: Any, channels: int | None) -> torch.Tensor:
    return read_image(path, channels, None if size is None else (int(size[0]), int(size[1])))


def _array(path: Path, size: Any, channels: int | None) -> torch.Tensor:
    found = torch.from_numpy(np.array(_numpy(path), dtype=np.float32))
    return found if found.ndim > 2 else found[None]


def _volume(path: Path, size: Any, channels: int | None) -> torch.Tensor:
    """A NIfTI volume as [channels, z, y, x]: axes of the file are x, y, z and perhaps channels."""
    try:
        import nibabel  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "reading NIfTI needs nibabel, which is not installed", hint="install it with: pip install nibabel"
        ) from error
    try:
        image: Any = nibabel.load(path)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except Exception as error:  # nibabel raises many kinds for damaged files
        raise FileError(f"the file {path.name} cannot be read as NIfTI: {error}") from error
    values = values[..., None] if values.ndim == 3 else values
    # from (x, y, z) to memory, in which y and z count down
    return torch.from_numpy(np.ascontiguousarray(values.transpose(3, 2, 1, 0)[:, ::-1, ::-1]))


def _from_table(table: Mapping[str, Any], folder: Path, size: Any, channels: int | None) -> Read:
    for name in ("file", "target"):
        if name not in table:
            raise ArgumentError(
                f"the table has no column {name!r}", hint=f"its columns are {', '.join(map(str, table))}"
            )
    files = [folder / str(file) for file in table["file"]]
    y, labels = _coded(list(table["target"]))
    group = np.asarray(table["group"]) if "group" in table else None
    whole = FileTable(files, size, channels)
    if "split" not in table:
        return Read(DatasetSamples(whole), y, group=group, labels=labels)
    split = np.asarray(table["split"])
    if unknown := set(split.tolist()) - {"train", "val", "test"}:
        raise ArgumentError(f"the column 'split' holds {sorted(map(str, unknown))}", hint="use train, val and test")
    kept, held = np.flatnonzero(split != "test"), np.flatnonzero(split == "test")
    parts = [
        FileTable([files[k] for k in chosen], whole.size, whole.channels) for chosen in (kept, held) if len(chosen)
    ]
    test_x = DatasetSamples(parts[1]) if len(parts) > 1 else None
    own = None if group is None else group[kept]
    if group is not None and set(group[kept].tolist()) & set(group[held].tolist()):
        raise ArgumentError("some groups are both in the training and in the test part of the table")
    return Read(DatasetSamples(parts[0]), y[kept], test_x, y[held] if len(held) else None, own, labels)


def _coded(targets: list[Any]) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Targets as class numbers with their names, or as measurements: texts that are no numbers are names of classes."""
    try:
        numbers = [float(target) for target in targets]
    except (TypeError, ValueError):
        levels, codes = np.unique([str(target) for target in targets], return_inverse=True)
        return codes.reshape(-1), tuple(map(str, levels))
    whole = all(float(number).is_integer() and number >= 0 for number in numbers) and not any(
        "." in str(t) for t in targets
    )
    return (np.array(numbers, dtype=int), None) if whole else (np.array(numbers, dtype=np.float32), None)
