"""Images in files: one image, or a folder of more of them than memory holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from intertwine.errors import ArgumentError, MissingDependencyError
from intertwine.scalars import plain_numbers
from intertwine.training.identity import describe, of_files

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm", ".ppm")
"""Files that `ImageFolder` takes for images."""


@plain_numbers
def read_image(path: str | Path, channels: int | None = None, size: tuple[int, int] | None = None) -> torch.Tensor:
    """An image file as a float tensor.

    Images of 8 bits are divided by 255, images of 16 bits by 65535; floating-point images stay as they are. Opacity is
    left out.

    Args:
        path: the file.
        channels: 1 for grey, 3 for colour; as in the file if left out.
        size: (height, width) to resample to.

    Returns:
        float32 tensor [channels, height, width].

    Raises:
        ArgumentError: if the file cannot be read as an image.
        MissingDependencyError: if pillow is not installed.
    """
    if channels not in (None, 1, 3):
        raise ArgumentError(f"`channels` is 1 or 3, but was {channels}")
    pillow = _pillow()
    path = Path(path)
    try:
        with pillow.open(path) as image:
            image.load()
            array = _array(image, channels)
    except FileNotFoundError as error:
        raise ArgumentError(f"there is no file {path}") from error
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise ArgumentError(f"{path.name} cannot be read as an image: {error}") from error
    tensor = torch.from_numpy(array)
    tensor = tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1).contiguous()
    if channels == 3 and tensor.shape[0] == 1:
        tensor = tensor.expand(3, -1, -1).contiguous()
    if size is not None and tuple(tensor.shape[1:]) != tuple(size):
        tensor = torch.nn.functional.interpolate(
            tensor[None], size=tuple(size), mode="bilinear", antialias=True, align_corners=False
        )[0]
    return tensor


class ImageFolder(Dataset):
    """A folder with one folder of images for each class; images are read when they are needed.

    Args:
        folder: holds folders whose names are the classes.
        channels: 1 for grey, 3 for colour; as in the first image if left out.
        size: (height, width) to resample to; the size of the first image if left out.
        levels: the classes in their order; the names of the folders, sorted, if left out.
        files: the images to take, in this order, as paths within the folder that begin with the class; all if left out.
            Without a class in any of them (`levels` is empty then) there are images alone and no targets.
        transform: a function applied to each image [channels, height, width].

    Raises:
        ArgumentError: if there are no images, a folder is missing for a class, or a file belongs to no class.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        channels: int | None = None,
        size: tuple[int, int] | None = None,
        levels: Sequence[str] | None = None,
        files: Sequence[str] | None = None,
        transform: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise ArgumentError(f"there is no folder {root}")
        found = sorted(entry.name for entry in root.iterdir() if entry.is_dir()) if levels is None else levels
        self.levels: tuple[str, ...] = tuple(found)
        self.files: tuple[tuple[Path, int], ...] = tuple(
            _all_files(root, self.levels) if files is None else _these_files(root, files, self.levels)
        )
        if not self.files:
            raise ArgumentError(
                f"there are no images in {root}", hint="it should hold one folder of images for each class"
            )
        first = read_image(self.files[0][0], channels)
        self.channels: int = 3 if first.shape[0] == 3 else 1
        self.size: tuple[int, int] = (first.shape[1], first.shape[2]) if size is None else (size[0], size[1])
        self._root = root
        self._transform = transform

    def fingerprint(self) -> str:
        """A text that is another one as soon as a file is renamed, changed, added or removed: by names, sizes and times."""
        inside = of_files([path for path, _ in self.files], self._root)
        return f"{inside} {self.levels} {self.channels} {self.size} {describe(self._transform)}"

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor] | torch.Tensor:
        path, number = self.files[index]
        image = read_image(path, self.channels, self.size)
        if self._transform is not None:
            image = self._transform(image)
        return (image, torch.tensor(number)) if self.levels else image


def _all_files(root: Path, levels: Sequence[str]) -> Iterator[tuple[Path, int]]:
    for number, name in enumerate(levels):
        if not (root / name).is_dir():
            raise ArgumentError(f"there is no folder for class {name!r} in {root}")
        for file in sorted((root / name).rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                yield file, number


def _these_files(root: Path, files: Sequence[str], levels: Sequence[str]) -> Iterator[tuple[Path, int]]:
    numbers = {name: number for number, name in enumerate(levels)}
    for file in files:
        name = Path(file).parts[0]
        if levels and name not in numbers:
            raise ArgumentError(f"the file {file} belongs to none of the classes {', '.join(levels)}")
        yield root / file, numbers.get(name, -1)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "reading images needs pillow, which is not installed", hint="install it with: pip install pillow"
        ) from error
    return Image


def _array(image: Any, channels: int | None) -> np.ndarray:
    """The image's values as float32: [height, width] or [height, width, 3]."""
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        return np.asarray(image).astype(np.float32) / 65535.0
    if image.mode == "I":
        # pillow gives 16-bit files this mode as well, and no other whole numbers of 32 bits occur in practice
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > 65535):
            raise ValueError("it holds whole numbers of 32 bits, which have no natural scale")
        return values.astype(np.float32) / 65535.0
    if image.mode == "F":
        return np.array(image, dtype=np.float32)
    grey = image.mode in ("1", "L", "LA", "La") if channels is None else channels == 1
    return np.asarray(image.convert("L" if grey else "RGB")).astype(np.float32) / 255.0
