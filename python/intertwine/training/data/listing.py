"""Which files of a folder are images of which class, and what is left out."""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from intertwine.errors import DataWarning, FileError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm", ".ppm")
"""Files that are taken for images."""

_FEW = 3
"""How many names of each kind a warning gives."""

HIDDEN = "hidden"
EMPTY = "empty"
CYCLE = "a link to a folder that holds it"
NOTHING = "a link to nothing"
UNREADABLE = "not readable"
SPECIAL = "neither a file nor a folder"
BESIDE = "beside the folders of the classes"
NO_IMAGES = "a class without images"


def shown(name: str | Path) -> str:
    r"""A name as text that can always be printed: bytes that are no UTF-8 as their numbers.

    Args:
        name: the name of a file or folder.

    Example:
        >>> shown("caf\udce9.png")
        'caf\\xe9.png'
    """
    return os.fsencode(str(name)).decode("utf-8", "backslashreplace")


class LeftOut:
    """What is left out of a folder, by reason, and other remarks: one warning in all."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = {}
        self._remarks: list[str] = []

    def add(self, reason: str, name: str) -> None:
        """Notes one file or folder, by its path within the root."""
        self._names.setdefault(reason, []).append(name)

    def remark(self, text: str) -> None:
        """Notes something else."""
        self._remarks.append(text)

    def warn(self, root: Path) -> None:
        """Warns if there is anything to say."""
        parts = []
        for reason, names in self._names.items():
            few = ", ".join(shown(name) for name in sorted(names)[:_FEW])
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            parts.append(f"{len(names)} {reason} ({few}{more})")
        count = sum(len(names) for names in self._names.values())
        said = [f"{count} left out of {shown(root)}: {'; '.join(parts)}"] if parts else []
        said += self._remarks
        if said:
            warnings.warn(". ".join(said) + ".", DataWarning, stacklevel=4)


def is_image(name: str) -> bool:
    """Whether a file of this name is taken for an image."""
    return name.lower().endswith(SUFFIXES)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or was made by a system for itself."""
    return name.startswith(".") or name == "__MACOSX"


def _holds(folder: str, inner: str) -> bool:
    return inner == folder or inner.startswith(folder.rstrip(os.sep) + os.sep)


def _has_images(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(is_image(entry.name) for entry in entries)
    except OSError:
        return False


def _folders(root: Path, left_out: LeftOut) -> list[str]:
    """The names of the folders of the classes, sorted."""
    found: dict[str, str] = {}
    beside: list[str] = []
    top = os.path.realpath(root)
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir():
                real = os.path.realpath(entry.path)
                if is_hidden(entry.name):
                    if _has_images(entry.path):
                        left_out.add(HIDDEN, entry.name)
                elif _holds(real, top):
                    left_out.add(CYCLE, entry.name)
                else:
                    found[entry.name] = real
            elif is_image(entry.name):
                beside.append(entry.name)
    for name in beside if found else ():
        left_out.add(HIDDEN if is_hidden(name) else BESIDE, name)
    seen: dict[str, str] = {}
    for name in sorted(found):
        if found[name] in seen:
            raise FileError(
                f"the classes {shown(seen[found[name]])!r} and {shown(name)!r} in {shown(root)} are one and the same folder",
                hint="remove the link, or give the classes by levels=",
            )
        seen[found[name]] = name
    return sorted(found)


def _files(root: Path, level: str, left_out: LeftOut) -> Iterator[str]:
    """The images in the folder of a class and below it, as paths within the root with slashes."""
    start = os.path.realpath(root / level)
    waiting: list[tuple[str, tuple[str, ...]]] = [(level, (os.path.realpath(root), start))]
    while waiting:
        inside, above = waiting.pop()
        try:
            with os.scandir(root / inside) as found:
                entries = list(found)
        except OSError as error:
            if inside == level:
                raise FileError(
                    f"the folder of class {shown(level)!r} in {shown(root)} cannot be read: {error.strerror}",
                    hint="change its permissions, or move it elsewhere",
                ) from error
            left_out.add(UNREADABLE, inside)
            continue
        for entry in entries:
            name = f"{inside}/{entry.name}"
            image = is_image(entry.name)
            if entry.is_dir():
                real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
                if is_hidden(entry.name):
                    if _has_images(entry.path):
                        left_out.add(HIDDEN, name)
                elif any(_holds(real, folder) for folder in above):
                    left_out.add(CYCLE, name)
                else:
                    waiting.append((name, (*above, real)))
            elif not image:
                continue
            elif is_hidden(entry.name):
                left_out.add(HIDDEN, name)
            elif entry.is_file():
                if entry.stat().st_size:
                    yield name
                else:
                    left_out.add(EMPTY, name)
            else:
                left_out.add(NOTHING if entry.is_symlink() and not os.path.exists(entry.path) else SPECIAL, name)


def _same_but_for_case(levels: Sequence[str], left_out: LeftOut) -> None:
    seen: dict[str, str] = {}
    for level in levels:
        plain = unicodedata.normalize("NFC", level).casefold()
        if plain in seen:
            left_out.remark(
                f"The classes {shown(seen[plain])!r} and {shown(level)!r} differ in case or in the form of their letters alone, "
                "and many file systems take them for one"
            )
        seen.setdefault(plain, level)


def list_images(root: Path, levels: Sequence[str] | None) -> tuple[list[str], list[tuple[str, int]]]:
    """The classes in a folder, and its images with the numbers of their classes.

    Hidden files and folders, files without content, links that lead back or nowhere, folders within a class that cannot be read,
    images beside the folders of the classes and classes without images are left out, with one warning that counts them.

    Args:
        root: the folder.
        levels: the classes in their order; the names of the folders that hold images, sorted, if ``None``.

    Returns:
        the classes; the images as paths within the root, sorted within their class.

    Raises:
        FileError: if the folder of a class is missing or cannot be read, or two classes are one folder.
    """
    left_out = LeftOut()
    try:
        names = _folders(root, left_out) if levels is None else list(levels)
    except PermissionError as error:
        raise FileError(f"the folder {shown(root)} cannot be read: {error.strerror}") from error
    kept: list[str] = []
    files: list[tuple[str, int]] = []
    for name in names:
        if not (root / name).is_dir():
            raise FileError(f"there is no folder for class {name!r} in {shown(root)}")
        inside = sorted(_files(root, name, left_out))
        if levels is None and not inside:
            left_out.add(NO_IMAGES, name)
            continue
        files += [(file, len(kept)) for file in inside]
        kept.append(name)
    _same_but_for_case(kept, left_out)
    if files:
        left_out.warn(root)
    return [shown(name) for name in kept], files
