"""Folders of images with a mask for each: a class for each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from intertwine.errors import ArgumentError, FileError
from intertwine.numpy_scalars import plain_numbers
from intertwine.training.data.files import MAX_PIXELS, ImageFolder, open_image
from intertwine.training.data.identity import identity_of_files
from intertwine.training.data.listing import list_images, shown
from intertwine.training.data.pairing import IGNORE


class MaskFolder(Dataset):
    """Images of a folder, and the masks of another: a class for each pixel, read when they are needed.

    A mask is an image file of the same name as its image, up to the ending, with one channel: its grey values, or the numbers of
    its palette, are the classes. Masks are resampled to the nearest pixel.

    Args:
        folder: of the images.
        masks: the folder of the masks.
        channels: of the images: 1 for grey, 3 for colour; as in the first image if left out.
        size: (height, width) to resample images and masks to; the size of the first image if left out.
        values: the values in the masks that are classes, in their order; other pixels are missing. If left out, all that occur in
            the masks, which are read once.
        files: the images to take, as paths within the folder; all if left out.
        max_pixels: images of more pixels are refused when they are read.

    Raises:
        FileError: if there are no images, an image has no mask, or a file cannot be read.
        ArgumentError: if a mask has several channels.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> root = Path(tempfile.mkdtemp())
        >>> for name in ("images", "masks"):
        ...     (root / name).mkdir()
        ...     Image.new("L", (4, 4), 255).save(root / name / "a.png")
        >>> data = MaskFolder(root / "images", root / "masks", values=(0, 255))
        >>> data[0][0].shape, data[0][1].unique(), data.levels
        (torch.Size([1, 4, 4]), tensor([1]), ('0', '255'))
    """

    @plain_numbers
    def __init__(
        self,
        folder: str | Path,
        masks: str | Path,
        *,
        channels: int | None = None,
        size: tuple[int, int] | None = None,
        values: Sequence[int] | None = None,
        files: Sequence[str] | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        root, other = Path(folder), Path(masks)
        for place in (root, other):
            if not place.is_dir():
                raise FileError(f"there is no folder {shown(place)}")
        chosen = list_images(root, ["."])[1] if files is None else [(file, 0) for file in files]
        names = [name for name, _ in chosen]
        self.images = ImageFolder(root, channels=channels, size=size, levels=[], files=names, max_pixels=max_pixels)
        beside = {str(Path(name).with_suffix("")): other / name for name, _ in list_images(other, ["."])[1]}
        stems = [str(Path(name).with_suffix("")) for name in names]
        lacking = [name for name, stem in zip(names, stems, strict=True) if stem not in beside]
        if lacking:
            raise FileError(
                f"the image {shown(lacking[0])} has no mask in {shown(other)}",
                hint="a mask has the name of its image; its ending may be another",
            )
        self.masks = tuple(beside[stem] for stem in stems)
        self._root = other
        if values is None:
            found = {int(value) for path in self.masks for value in np.unique(self._values(path))}
            if len(found) > 256:
                raise ArgumentError(
                    f"the masks hold {len(found)} different values, which are no classes", hint="give values"
                )
            values = sorted(found)
        self.values = tuple(values)
        self.levels: tuple[str, ...] = tuple(str(value) for value in self.values)
        self.channels, self.size = self.images.channels, self.images.size

    def _values(self, path: Path) -> np.ndarray:
        """The numbers in a mask, shape ``(height, width)``."""
        values = open_image(path, self.images.max_pixels, lambda _, upright: np.array(upright))
        if values.ndim != 2:
            raise ArgumentError(
                f"the mask {shown(path.name)} has {values.shape[2]} channels", hint="masks are grey or have a palette"
            )
        return values

    def fingerprint(self) -> str:
        """A text that is another one as soon as a file or a setting is."""
        return f"{self.images.fingerprint()} {identity_of_files(list(self.masks), self._root)} {self.values}"

    def __len__(self) -> int:
        return len(self.masks)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image: Any = self.images[index]
        values = self._values(self.masks[index]).astype(np.int64)
        classes = torch.full(values.shape, IGNORE)
        for number, value in enumerate(self.values):
            classes[torch.from_numpy(values == value)] = number
        if tuple(classes.shape) != tuple(self.size):
            classes = torch.nn.functional.interpolate(classes[None, None].float(), size=self.size, mode="nearest")[0, 0]
        return image, classes.long()
