"""Folders as they are found on disks, each with what is to be made of it; the tests in R make them by this file as well."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image


def picture(path: Path, shape: tuple[int, ...] = (5, 5), value: int = 100, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, value, dtype=np.uint8)).save(path, **options)


def two_classes(root: Path) -> None:
    for name in ("cat", "dog"):
        for k in range(2):
            picture(root / name / f"{k}.png")


def bomb(path: Path, width: int = 13000, height: int = 13000) -> None:
    """A small PNG that says that it has very many pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(bytes(width // 8 + 1) * 64, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


@dataclass
class Folder:
    """One folder.

    Attributes:
        make: fills an empty folder, in which there are two classes of two images already.
        says: what the warning or the error holds; nothing is said if it is empty.
        refused: whether there is an error.
        classes: the classes that are found.
        count: the number of images that are found.
        reads: whether the error or the warning comes only when the images are read.
        bare: whether there is nothing in the folder before.
    """

    make: Callable[[Path], object]
    says: str = ""
    refused: bool = False
    classes: list[str] = field(default_factory=lambda: ["cat", "dog"])
    count: int = 4
    reads: bool = False
    bare: bool = False


def notebook(root: Path) -> None:
    picture(root / ".ipynb_checkpoints" / "0-checkpoint.png")
    picture(root / "cat" / ".ipynb_checkpoints" / "0-checkpoint.png")


def repository(root: Path) -> None:
    (root / ".git" / "objects").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref")


def system_files(root: Path) -> None:
    (root / "cat" / ".DS_Store").write_bytes(b"x")
    (root / "cat" / "Thumbs.db").write_bytes(b"x")
    (root / "cat" / "notes.txt").write_text("x")


def truncated(root: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 60), dtype=np.uint8)
    Image.fromarray(noise).save(root / "cat" / "2.png")
    whole = (root / "cat" / "2.png").read_bytes()
    (root / "cat" / "2.png").write_bytes(whole[: len(whole) // 2])


def animated(root: Path) -> None:
    frames = [Image.fromarray(np.full((5, 5), 60 * k, dtype=np.uint8)) for k in range(3)]
    frames[0].save(root / "cat" / "2.gif", save_all=True, append_images=frames[1:])


def pages(root: Path) -> None:
    frames = [Image.fromarray(np.full((5, 5), 60 * k, dtype=np.uint8)) for k in range(2)]
    frames[0].save(root / "cat" / "2.tif", save_all=True, append_images=frames[1:])


def transparent_palette(root: Path) -> None:
    image = Image.fromarray(np.full((5, 5, 3), 100, dtype=np.uint8)).quantize(4)
    image.save(root / "cat" / "2.png", transparency=bytes([0, 128, 255, 255]))


def not_unicode(root: Path) -> None:
    picture(root / "cat" / "2.png")
    os.rename(os.fsencode(root / "cat" / "2.png"), os.fsencode(root / "cat") + b"/caf\xe9.png")


def same_folder(root: Path) -> None:
    os.symlink(root / "dog", root / "wolf")


FOLDERS: dict[str, Folder] = {
    "nothing wrong": Folder(lambda root: None),
    "notebook checkpoints": Folder(notebook, "hidden"),
    "a repository": Folder(repository),
    "system files": Folder(system_files),
    "resource forks": Folder(lambda root: picture(root / "cat" / "._0.png"), "1 hidden"),
    "archive of a Mac": Folder(lambda root: picture(root / "__MACOSX" / "0.png"), "1 hidden"),
    "a link to the folder itself": Folder(
        lambda root: os.symlink(root, root / "again"), "link to a folder that holds it"
    ),
    "a link to the parent": Folder(
        lambda root: os.symlink("..", root / "cat" / "up"), "link to a folder that holds it"
    ),
    "a link far above": Folder(lambda root: os.symlink("/", root / "cat" / "all"), "link to a folder that holds it"),
    "links in a ring": Folder(
        lambda root: (os.symlink(root / "dog", root / "cat" / "x"), os.symlink(root / "cat", root / "dog" / "y")),
        "2 a link to a folder that holds it",
        count=8,
    ),
    "a link to nothing": Folder(lambda root: os.symlink("absent", root / "cat" / "gone.png"), "link to nothing"),
    "two classes that are one folder": Folder(same_folder, "one and the same folder", refused=True),
    "an empty file": Folder(lambda root: (root / "cat" / "zero.png").touch(), "1 empty"),
    "a class without images": Folder(lambda root: (root / "eel").mkdir(), "a class without"),
    "classes that differ in case": Folder(
        lambda root: picture(root / "Cat" / "0.png"), "differ in case", classes=["Cat", "cat", "dog"], count=5
    ),
    "images beside the classes": Folder(lambda root: picture(root / "loose.png"), "beside"),
    "a pipe": Folder(lambda root: os.mkfifo(root / "cat" / "pipe.png"), "1 "),
    "a folder called an image": Folder(lambda root: picture(root / "cat" / "deep.png" / "0.png"), count=5),
    "nested folders": Folder(lambda root: picture(root / "cat" / "a" / "b" / "c" / "0.png"), count=5),
    "no folder of a class": Folder(lambda root: (root / "readme.txt").write_text("x"), "no ", refused=True, bare=True),
    "a file that is no image": Folder(
        lambda root: (root / "cat" / "2.png").write_text("no image"), "2.png", refused=True, count=5, reads=True
    ),
    "an image cut off": Folder(truncated, "2.png", refused=True, count=5, reads=True),
    "an image bomb": Folder(lambda root: bomb(root / "cat" / "2.png"), "max_pixels", refused=True, count=5, reads=True),
    "a larger bomb": Folder(
        lambda root: bomb(root / "cat" / "2.png", 60000, 60000), "max_pixels", refused=True, count=5, reads=True
    ),
    "an animation": Folder(animated, "first", count=5, reads=True),
    "pages": Folder(pages, "first", count=5, reads=True),
    "a palette with opacity": Folder(transparent_palette, count=5, reads=True),
    "an image of another size": Folder(
        lambda root: picture(root / "dog" / "2.png", (7, 4)), "size", count=5, reads=True
    ),
    "four colours for print": Folder(
        lambda root: Image.new("CMYK", (5, 5), (0, 100, 200, 0)).save(root / "cat" / "2.jpg"), count=5, reads=True
    ),
    "colour and opacity": Folder(lambda root: picture(root / "cat" / "2.png", (5, 5, 4)), count=5, reads=True),
}

NOT_UNICODE = Folder(not_unicode, "no UTF-8")
"""Python reads such a file; R, whose texts cannot hold its name, leaves it out."""


def make(name: str, root: str | Path) -> Folder:
    """Makes one of them."""
    root = Path(root)
    folder = NOT_UNICODE if name == "a name that is no UTF-8" else FOLDERS[name]
    if not folder.bare:
        two_classes(root)
    folder.make(root)
    return folder
