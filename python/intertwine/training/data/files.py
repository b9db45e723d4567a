"""Images in files: one image, or a folder of more of them than memory holds."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from intertwine.errors import ArgumentError, DataWarning, FileError, MissingDependencyError
from intertwine.numpy_scalars import plain_numbers
from intertwine.training.data.identity import describe, identity_of_files
from intertwine.training.data.listing import list_images, shown

MAX_PIXELS = 50_000_000
"""Images of more pixels are not read unless a greater limit is given: half a megabyte of PNG may unfold to gigabytes."""

_CHANNELS = {1: "L", 3: "RGB", 4: "RGBA"}

_LIMIT = threading.Lock()
"""Pillow's own limit is a variable of its module: where a greater one is asked for, it is set while a header is read."""


@plain_numbers
def read_image(
    path: str | Path,
    channels: int | None = None,
    size: tuple[int, int] | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
) -> torch.Tensor:
    """An image file as a float tensor.

    Images of 8 bits are divided by 255, images of 16 bits by 65535; floating-point images stay as they are. An image is turned
    upright if the camera noted how it was held. Of a file with several images (an animation, pages) the first is read.

    Args:
        path: the file.
        channels: 1 for grey, 3 for colour, 4 for colour and opacity; grey or colour as in the file if left out.
        size: (height, width) to resample to.
        max_pixels: an image of more pixels, by its header, is refused before it is unpacked.

    Returns:
        float32 tensor [channels, height, width].

    Raises:
        FileError: if there is no such file, it cannot be read as an image, or it is too large.
        MissingDependencyError: if pillow is not installed.

    Warns:
        DataWarning: if there are several images in the file.
    """
    if channels not in (None, *_CHANNELS):
        raise ArgumentError(f"`channels` must be 1, 3 or 4, not {channels}")
    if not max_pixels >= 1:
        raise ArgumentError(f"`max_pixels` must be a number of at least 1, not {max_pixels}")
    tensor, note = _read(Path(path), channels, max_pixels)
    if note is not None:
        warnings.warn(note, DataWarning, stacklevel=2)
    return _resized(tensor, size)


def open_image(path: Path, max_pixels: int, take: Callable[[Any, Any], Any]) -> Any:
    """What is taken of an image file.

    Args:
        path: the file.
        max_pixels: an image of more pixels, by its header, is refused before it is unpacked.
        take: a function of Pillow's image, as it is in the file and upright as it is seen.

    Raises:
        FileError: if there is no such file, it cannot be read as an image, or it is too large.
    """
    pillow = _pillow()
    name = shown(path.name)
    if not path.is_file():
        raise FileError(f"what is at {shown(path)} is no file" if path.exists() else f"there is no file {shown(path)}")
    try:
        with _opened(pillow, path, max_pixels) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise _too_large(f"the image {name} has {width} x {height} pixels", max_pixels)
            image.load()
            return take(image, _upright(image))
    except FileError:
        raise
    except (pillow.DecompressionBombError, pillow.DecompressionBombWarning) as error:
        raise _too_large(f"the image {name} has very many pixels", max_pixels) from error
    except Exception as error:  # Pillow's readers raise all kinds of errors for damaged files.
        raise FileError(
            f"the file {name} cannot be read as an image: {shown(str(error)) or type(error).__name__}"
        ) from error


def _read(path: Path, channels: int | None, max_pixels: int) -> tuple[torch.Tensor, str | None]:
    """The image [channels, height, width] in its own size, and what there is to say of it."""

    def take(image: Any, upright: Any) -> tuple[np.ndarray, bool]:
        several = image.format != "MPO" and getattr(image, "is_animated", False)
        return _array(upright, channels), several

    array, several = open_image(path, max_pixels, take)
    tensor = torch.from_numpy(array)
    tensor = tensor[None] if tensor.ndim == 2 else tensor.permute(2, 0, 1).contiguous()
    if channels in (3, 4) and tensor.shape[0] == 1:
        tensor = tensor.expand(3, -1, -1)
        tensor = torch.cat([tensor, torch.ones_like(tensor[:1])]) if channels == 4 else tensor.contiguous()
    return tensor, f"the file {shown(path.name)} holds several images, of which the first is read" if several else None


def _too_large(what: str, max_pixels: int) -> FileError:
    return FileError(
        f"{what}, and images of up to {int(max_pixels)} pixels are read",
        hint="make it smaller, or give a greater max_pixels",
    )


@contextmanager
def _opened(pillow: Any, path: Path, max_pixels: int) -> Iterator[Any]:
    if pillow.MAX_IMAGE_PIXELS is None or max_pixels <= pillow.MAX_IMAGE_PIXELS:
        image = pillow.open(path)
    else:
        with _LIMIT:
            before = pillow.MAX_IMAGE_PIXELS
            pillow.MAX_IMAGE_PIXELS = None
            try:
                image = pillow.open(path)
            finally:
                pillow.MAX_IMAGE_PIXELS = before
    with image:
        yield image


def _upright(image: Any) -> Any:
    """The image as it is seen: turned as the camera noted."""
    from PIL import ImageOps

    try:
        turned = image.getexif().get(0x0112, 1) != 1
    except Exception:  # What a camera noted may be damaged, and is no reason to refuse its image.
        return image
    return ImageOps.exif_transpose(image) if turned else image


def _resized(tensor: torch.Tensor, size: tuple[int, int] | None) -> torch.Tensor:
    if size is None or tuple(tensor.shape[1:]) == tuple(size):
        return tensor
    return torch.nn.functional.interpolate(
        tensor[None], size=tuple(size), mode="bilinear", antialias=True, align_corners=False
    )[0]


class ImageFolder(Dataset):
    """A folder with one folder of images for each class; images are read when they are needed.

    Hidden files and folders (``.git``, ``.ipynb_checkpoints``), files without content, links that lead back to a folder above
    or nowhere, images beside the folders of the classes and classes without images are left out, with one warning that counts
    them and names a few.

    Args:
        folder: holds folders whose names are the classes.
        channels: 1 for grey, 3 for colour; as in the first image if left out.
        size: (height, width) to resample to; the size of the first image if left out, with a warning at the first image of
            another size.
        levels: the classes in their order; the names of the folders, sorted, if left out.
        files: the images to take, in this order, as paths within the folder that begin with the class; all if left out.
            Without a class in any of them (`levels` is empty then) there are images alone and no targets.
        transform: a function applied to each image [channels, height, width].
        max_pixels: images of more pixels are refused when they are read.

    Raises:
        FileError: if there are no images, a folder is missing for a class or cannot be read, or an image cannot be read.
        ArgumentError: if a file belongs to no class.
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
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        root = Path(folder)
        if not root.is_dir():
            raise FileError(f"there is no folder {shown(root)}")
        if files is None:
            found, inside = list_images(root, levels)
            listed = [(root / file, number) for file, number in inside]
        else:
            found = sorted(entry.name for entry in root.iterdir() if entry.is_dir()) if levels is None else levels
            listed = list(_these_files(root, files, found))
        self.levels: tuple[str, ...] = tuple(found)
        self.files: tuple[tuple[Path, int], ...] = tuple(listed)
        if not self.files:
            raise FileError(
                f"there are no images in {shown(root)}", hint="it should hold one folder of images for each class"
            )
        first = read_image(self.files[0][0], channels, max_pixels=max_pixels)
        self.channels: int = first.shape[0]
        self.max_pixels = max_pixels
        self.size_was_asked_for = size is not None
        self._told: set[str] = set()
        self.size: tuple[int, int] = (first.shape[1], first.shape[2]) if size is None else (size[0], size[1])
        self._root = root
        self._transform = transform

    def fingerprint(self) -> str:
        """A text that is another one as soon as a file is renamed, changed, added or removed: by names, sizes and times."""
        inside = identity_of_files([path for path, _ in self.files], self._root)
        return f"{inside} {self.levels} {self.channels} {self.size} {describe(self._transform)}"

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor] | torch.Tensor:
        path, number = self.files[index]
        own, note = _read(path, self.channels, self.max_pixels)
        if note is not None:
            self._tell("several", note)
        if tuple(own.shape[1:]) != self.size and not self.size_was_asked_for:
            height, width = own.shape[1:]
            self._tell(
                "size",
                f"the image {shown(path.name)} has {height} x {width} pixels: it is resampled to "
                f"{self.size[0]} x {self.size[1]}, the size of the first image; give size to say which",
            )
        image = _resized(own, self.size)
        if self._transform is not None:
            image = self._transform(image)
        return (image, torch.tensor(number)) if self.levels else image

    def _tell(self, what: str, text: str) -> None:
        """Warns at the first image of a kind alone."""
        if what not in self._told:
            self._told.add(what)
            warnings.warn(text, DataWarning, stacklevel=3)


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
    if image.mode == "P" and "transparency" in image.info:
        # Pillow asks for this step where several colours of a palette are transparent.
        image = image.convert("RGBA")
    wanted = channels or (1 if image.mode in ("1", "L", "LA", "La") else 3)
    return np.asarray(image.convert(_CHANNELS[wanted])).astype(np.float32) / 255.0
