"""Checkpoints: one folder for one run, with a file that is always whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import torch

from intertwine.disk import write_whole
from intertwine.errors import ArgumentError, CheckpointError, ModelFileError
from intertwine.gauge import GAUGE_VERSION
from intertwine.training.data.identity import Identity, differences

FORMAT = 2
"""Of the file; a change of what it holds is a new number."""

FILE, LOCK = "last.ckpt", "run.lock"

_AGAIN = "delete it, or start again with resume=False"
_SHOWN = 8


@dataclass(frozen=True)
class Checkpoint:
    """The folder of a run, which no other run may use at the same time.

    Args:
        folder: where it is.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """The file that holds the state after the last good epoch."""
        return self.folder / FILE

    def read(self) -> dict[str, Any] | None:
        """What the file holds; `None` if there is none.

        Raises:
            CheckpointError: if it is no checkpoint, or one of another version.
        """
        if not self.path.exists():
            return None
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            form = content.get("format")
        except Exception as error:  # whatever is wrong with the file, the user has one thing to do about it
            raise CheckpointError(f"the checkpoint {self.path} cannot be resumed: {error}", hint=_AGAIN) from error
        for name, found, known in (("format", form, FORMAT), ("gauge", content.get("gauge"), GAUGE_VERSION)):
            if found != known:
                raise CheckpointError(
                    f"the checkpoint {self.path} has {name} {found}, which this version cannot resume "
                    f"(it has {name} {known})",
                    hint=_AGAIN,
                )
        return content

    def write(self, content: Mapping[str, Any]) -> None:
        """Put a new state in the place of the old one, which stays where it is if that fails.

        Raises:
            CheckpointError: if it cannot be written.
        """
        whole = {"format": FORMAT, "gauge": GAUGE_VERSION, **content}
        try:
            write_whole(self.path, lambda file: torch.save(whole, file), what="checkpoint")
        except ModelFileError as error:
            raise CheckpointError(error.message, hint=error.hint) from error
        except RuntimeError as error:  # torch's writer says so where the file takes no more
            raise CheckpointError(
                f"the checkpoint {self.path} cannot be written: {error}", hint="free some space on the disk"
            ) from error

    def check(self, saved: Identity, now: Identity) -> None:
        """Raise unless this is the run that wrote the file.

        Raises:
            CheckpointError: if something differs; it says what.
        """
        found = differences(saved, now)
        if not found:
            return
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise CheckpointError(
            f"the checkpoint {self.path} belongs to another run: {'; '.join(found[:_SHOWN])}{more}",
            hint="use another folder for this run, or start again with resume=False",
            differences=found,
        )


def has_checkpoint(folder: str | Path) -> bool:
    """Whether there is something to resume in a folder."""
    return Checkpoint(Path(folder)).path.exists()


@contextlib.contextmanager
def own_folder(folder: str | Path | None, alone: bool = True) -> Iterator[Checkpoint | None]:
    """A folder for the checkpoint of one run, made if there is none and locked until the block is left.

    Args:
        folder: where it is to be; `None` for no checkpoint.
        alone: whether this process is the one that writes, of several that train together.

    Raises:
        ArgumentError: if it is a file.
        CheckpointError: if another run uses it, or nothing can be written there.
    """
    if folder is None:
        yield None
        return
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ArgumentError(f"`checkpoint` names a file, {place.name}, but needs a folder")
    if not alone:
        yield Checkpoint(place)
        return
    try:
        place.mkdir(parents=True, exist_ok=True)
        # the system gives the lock back when the process ends, however it ends
        lock = filelock.FileLock(place / LOCK)
        lock.acquire(timeout=0)
    except (filelock.Timeout, RuntimeError) as error:
        raise CheckpointError(
            f"another run uses the folder {place} for its checkpoint", hint="wait for it to end, or use another folder"
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint cannot be written into the folder {place}: {error.strerror}",
            hint="check the folder and its permissions, or use another one",
        ) from error
    try:
        for left in place.glob(".*.part"):  # of a run that was killed while it wrote
            with contextlib.suppress(OSError):
                left.unlink()
        yield Checkpoint(place)
    finally:
        lock.release()
