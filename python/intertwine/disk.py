"""Files on disk: read without waiting for what never ends, written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from intertwine.errors import ArgumentTypeError, ModelFileError

_WHY = {
    errno.ENOSPC: "free some space on the disk, or use another folder",
    errno.EDQUOT: "free some space on the disk, or use another folder",
    errno.EFBIG: "free some space on the disk, or use another folder",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ELOOP: "the links in its path lead in a circle",
    errno.ENOENT: "check the path",
}


def open_ordinary(path: str | Path) -> BinaryIO:
    """An ordinary file, open for reading; devices and pipes are refused at once, for they may never end.

    Args:
        path: of the file.

    Raises:
        ModelFileError: if there is no such file, or it is something else.
        ArgumentTypeError: if the path is no path.
    """
    path = as_path(path)
    try:
        # a device may act when it is opened, so that it is looked at first; between the two it may have been replaced by a
        # pipe, which does not keep this one waiting
        _check_ordinary(os.stat(path), path)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
    except ModelFileError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(error, path, "read") from error
    try:
        _check_ordinary(os.fstat(file.fileno()), path)
    except BaseException:
        file.close()
        raise
    return file


def write_whole(
    path: str | Path, data: bytes | memoryview | Callable[[BinaryIO], object], what: str = "model file"
) -> None:
    """Write a file whole or not at all: a crash on the way leaves the old one in its place.

    A link stays a link, and the file that it points to is written. A file that was there keeps its mode and, where the system
    lets it, its owner and group; a new one gets the mode of any new file.

    Args:
        path: of the file.
        data: its content, or a function that writes it into a file.
        what: the kind of file, for messages.

    Raises:
        ModelFileError: if it cannot be written, or is no ordinary file.
        ArgumentTypeError: if the path is no path.
    """
    path = as_path(path)
    partial: Path | None = None
    try:
        target = Path(os.path.realpath(path))
        old = _what_is_there(target, path)
        # of no more than some letters: the name of the file itself may be as long as names can be
        partial = target.parent / f".{secrets.token_hex(8)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(partial, flags, 0o666 if old is None else 0o600)
        with os.fdopen(descriptor, "wb") as file:
            if old is not None:
                _take_over(file.fileno(), old)
            if callable(data):
                data(file)
            else:
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
        partial = None
        _sync_folder(target.parent)
    except ModelFileError:
        raise
    except (OSError, ValueError) as error:
        raise _failed(error, path, "written", what) from error
    finally:
        if partial is not None:
            with contextlib.suppress(OSError):  # where it could not be made, there is nothing to remove
                partial.unlink(missing_ok=True)


def as_path(path: str | Path) -> Path:
    """A path, as text or as a path.

    Args:
        path: what was given.

    Raises:
        ArgumentTypeError: if it is neither.
        ModelFileError: if it is empty.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentTypeError(f"a path is text, but was {type(path).__name__}", hint="give the name of a file")
    found = Path(path)
    if isinstance(path, str) and not path:
        raise ModelFileError("the name of the file is empty", hint="give the name of a file")
    return found


def _what_is_there(target: Path, path: Path) -> os.stat_result | None:
    try:
        about = os.stat(target)
    except FileNotFoundError:
        return None
    _check_ordinary(about, path)
    if not os.access(target, os.W_OK):
        raise ModelFileError(f"{path} is protected from being written", hint="change its mode, or use another name")
    return about


def _check_ordinary(about: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise ModelFileError(f"{path} is a folder, not a model file", hint="give the name of a file in it")
    if not stat.S_ISREG(about.st_mode):
        raise ModelFileError(
            f"{path} is no ordinary file", hint="devices, pipes and sockets are neither read nor written"
        )


def _take_over(descriptor: int, old: os.stat_result) -> None:
    """Gives a new file the owner, the group and the mode of the one whose place it takes, or less."""
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if not hasattr(os, "fchown"):  # on Windows, where files have no modes to speak of
        return
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError:
            try:
                os.fchown(descriptor, -1, old.st_gid)
            except OSError:
                mode &= 0o707  # another group than the one that could read the file
    os.fchmod(descriptor, mode)


def _sync_folder(folder: Path) -> None:
    """Makes the new name last, as the content does already."""
    with contextlib.suppress(
        OSError
    ):  # some systems cannot open a folder, or have nothing to do; the file is in its place
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(error: OSError | ValueError, path: Path, done: str, what: str = "model file") -> ModelFileError:
    shown = str(path).encode("utf-8", "replace").decode().replace("\0", "\\0")
    if len(shown) > 200:
        shown = f"{shown[:200]}..."
    if not isinstance(error, OSError):  # a zero in the path, or letters that no name can hold
        return ModelFileError(f"there can be no file {shown!r}: {error}", hint="use another name")
    hint = _WHY.get(error.errno or 0, "check the folder and its permissions")
    return ModelFileError(f"the {what} {shown} cannot be {done}: {error.strerror}", hint=hint)
