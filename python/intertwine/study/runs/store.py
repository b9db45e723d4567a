"""The folder of a study: its settings, what its data were, and a file for each training, written as it ends."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from intertwine.disk import write_whole
from intertwine.errors import ArgumentError, CheckpointError, MissingDependencyError, ModelFileError
from intertwine.study.runs.records import RunResult, RunSpec, TransformScore
from intertwine.training.data.identity import Identity, describe, differences

FORMAT = 1
"""Of the files; a change of what they hold is a new number."""

_SHOWN = 8


@dataclass(frozen=True)
class Store:
    """The folder of a study, which no other study may use at the same time.

    Args:
        folder: where it is.
    """

    folder: Path

    @property
    def runs(self) -> Path:
        """The folder of the trainings."""
        return self.folder / "runs"

    def check(self, now: Identity) -> None:
        """Notes what the study is; raises if another one has been here.

        Args:
            now: data and settings, as short texts by name.

        Raises:
            CheckpointError: if something differs, naming what; if the folder cannot be read or written.
        """
        path = self.folder / "data.json"
        if not path.exists():
            self._write(path, json.dumps({"format": FORMAT, "identity": now}, indent=1).encode())
            return
        try:
            saved = json.loads(path.read_text("utf-8"))
            before, form = saved["identity"], saved["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"the file {path} cannot be read: {error}", hint="use another folder") from error
        found = differences(before, now) if form == FORMAT else [f"the format was {form} and is {FORMAT} now"]
        if found:
            more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            raise CheckpointError(
                f"the folder {self.folder} belongs to another study: {'; '.join(found[:_SHOWN])}{more}",
                hint="use another folder for this study, or the data and settings of that one",
                differences=found,
            )

    def note(self, name: str, text: str) -> None:
        """Writes a text beside the trainings.

        Args:
            name: of the file.
            text: its content.
        """
        self._write(self.folder / name, text.encode())

    def save(self, result: RunResult) -> None:
        """Writes a training whole, or not at all.

        Args:
            result: of the training.

        Raises:
            CheckpointError: if it cannot be written.
        """
        arrays, path = io.BytesIO(), self.runs / result.spec.key
        np.savez_compressed(arrays, **{name: score.test_scores for name, score in result.transforms.items()})  # pyright: ignore[reportArgumentType]
        content = arrays.getvalue()
        record = {
            **asdict(result),
            "transforms": {name: [score.validation, score.test] for name, score in result.transforms.items()},
            "scores": hashlib.sha256(content).hexdigest(),
        }
        # the text comes last: a training counts when it is there
        self._write(path.with_suffix(".npz"), content)
        self._write(path.with_suffix(".json"), json.dumps({"format": FORMAT, **record}, indent=1).encode())

    def load(self) -> tuple[dict[str, RunResult], list[str]]:
        """All trainings that were written whole, by their keys, and what is wrong with others."""
        found: dict[str, RunResult] = {}
        notes = []
        for path in sorted(self.runs.glob("*.json")):
            try:
                result = _read(path)
            except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
                notes.append(f"the file {path.name} of a training is damaged and made again: {error}")
            else:
                found[result.spec.key] = result
        return found, notes

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_whole(path, content, what="file of the study")
        except ModelFileError as error:
            raise CheckpointError(error.message, hint=error.hint) from error


def _read(path: Path) -> RunResult:
    record = json.loads(path.read_text("utf-8"))
    if record.pop("format") != FORMAT:
        raise ValueError("it is of another version")
    content = path.with_suffix(".npz").read_bytes()
    if hashlib.sha256(content).hexdigest() != record.pop("scores"):
        raise ValueError("its scores are not those that were written")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        scores = {
            name: TransformScore(validation, test, arrays[name])
            for name, (validation, test) in record["transforms"].items()
        }
    result = RunResult(**{**record, "spec": RunSpec(**record["spec"]), "transforms": scores})
    if result.spec.key != path.stem:
        raise ValueError("it belongs to another training")
    return result


@contextlib.contextmanager
def own_store(folder: str | Path | None) -> Iterator[Store | None]:
    """The folder of a study, made if there is none and locked until the block is left.

    Args:
        folder: where it is to be; ``None`` for a study that is not written.

    Raises:
        ArgumentError: if it is a file.
        CheckpointError: if another study uses it, or nothing can be written there.
    """
    if folder is None:
        yield None
        return
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise ArgumentError(f"`folder` names a file, {place.name}, but needs a folder")
    try:
        import filelock
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "a study in a folder needs filelock, which is not installed", hint="install it with: pip install filelock"
        ) from error
    try:
        (place / "runs").mkdir(parents=True, exist_ok=True)
        # the system gives the lock back when the process ends, however it ends
        lock = filelock.FileLock(place / "study.lock")
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise CheckpointError(
            f"another study uses the folder {place}", hint="wait for it to end, or use another folder"
        ) from error
    except OSError as error:
        raise CheckpointError(
            f"the study cannot be written into the folder {place}: {error.strerror}",
            hint="check the folder and its permissions, or use another one",
        ) from error
    try:
        for left in (*place.glob(".*.part"), *place.glob("runs/.*.part")):  # of a study that was killed while it wrote
            with contextlib.suppress(OSError):
                left.unlink()
        for left in place.glob("work*"):
            shutil.rmtree(left, ignore_errors=True)
        yield Store(place)
    finally:
        lock.release()


def identity_of_settings(settings: Mapping[str, Any], candidates: Mapping[str, str]) -> Identity:
    """Settings and candidates as short texts.

    Args:
        settings: by name.
        candidates: what each is, by name.
    """
    return {name: describe(value) for name, value in settings.items()} | {
        f"candidate {name}": text for name, text in candidates.items()
    }
