"""Studies of symmetry for R: the study runs here and asks R from time to time, its results cross as columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from intertwine import deploy
from intertwine._r.crossing.values import on_disk
from intertwine._r.training import reply
from intertwine.errors import ArgumentError
from intertwine.study.answers import answer_of, winner_code
from intertwine.study.result.report import pictures_of
from intertwine.study.result.table import mean_rows
from intertwine.study.result.words import summary_lines
from intertwine.study.symmetry import SymmetryStudy, symmetry_study

_PATHS = ("x", "y", "test", "config", "folder")
_TOLD = ("event", "phase", "done", "left", "most", "seconds", "seconds_left_at_most", "leader", "open")


def run(options: Mapping[str, Any], on_progress: Callable[[Any], bool]) -> SymmetryStudy:
    """Run a study.

    Args:
        options: arguments of `symmetry_study`.
        on_progress: R's function for events; `False` stops.
    """
    chosen: dict[str, Any] = {
        name: on_disk(value) if name in _PATHS and isinstance(value, str) and value != "digits" else value
        for name, value in options.items()
    }
    return symmetry_study(**chosen, on_progress=lambda event: on_progress(_told(event)))


def go_on(study: SymmetryStudy, changes: Mapping[str, Any], on_progress: Callable[[Any], bool]) -> SymmetryStudy:
    """Go on with a study.

    Args:
        study: the study.
        changes: arguments of `SymmetryStudy.update`.
        on_progress: as in `run`.
    """
    return study.update(**changes, on_progress=lambda event: on_progress(_told(event)))


def record(study: SymmetryStudy) -> dict[str, Any]:
    """What R keeps of a study: plain values alone, so that it outlives the session.

    Args:
        study: finished or not.
    """
    found: dict[str, Any] = {
        "table": _columns(study.table()),
        "stopped": study.stopped,
        "notes": list(study.notes),
        "seconds": study.seconds,
        "folder": None if study.folder is None else str(study.folder),
        "settings": study.settings.plain(),
        "sample_size": list(study.data.pool.shape),
        "levels": None if study.data.labels is None else [str(label) for label in study.data.labels],
        "compared": False,
    }
    try:
        answer = answer_of(study)
    except ArgumentError:
        return found
    return found | {
        "compared": True,
        "ranks": _columns(answer.rank_rows()),
        "means": _columns(mean_rows(answer.rows)),
        "angles": _columns(list(answer.angles)),
        "words": summary_lines(answer),
        "pictures": pictures_of(answer),
        "code": winner_code(study),
        "metric": answer.metric,
        "judge": answer.judge,
        "margin": answer.margin,
        "alpha": answer.alpha,
        "n_train": float(answer.n_train),
        "n_test": float(answer.n_test),
    }


def ranks(study: SymmetryStudy, transform: str) -> dict[str, list[Any]]:
    """The order of the candidates on test samples that are moved in some way.

    Args:
        study: finished or not.
        transform: the way.
    """
    return _columns(answer_of(study, transform).rank_rows())


def report(study: SymmetryStudy, path: str) -> None:
    """Write the report.

    Args:
        study: finished or not.
        path: of the file.
    """
    study.report(on_disk(path))


def combine(study: SymmetryStudy, other: SymmetryStudy) -> SymmetryStudy:
    """One study of two.

    Args:
        study: the first.
        other: the second.
    """
    return study.combine(other)


def fit_best(
    study: SymmetryStudy,
    candidate: str | None,
    recipe: Mapping[str, Any],
    on_batch: Callable[[Any], bool] | None = None,
) -> dict[str, Any]:
    """Train a candidate on all samples but those of the test.

    Args:
        study: finished or not.
        candidate: by name; the leader if left out.
        recipe: arguments of `intertwine.training.fit` in place of the study's.
        on_batch: R's function for events; `False` stops.
    """
    return reply(study.fit_best(candidate, on_batch=on_batch, **recipe))


class BuilderOfR:
    """A builder of networks that is an R function. It runs in R's own process; to others, networks travel as model files.

    Args:
        function: R's function of schedule, width and seed. A text that it gives is the message of an error, which may not cross
            Python's frames.
        text: its code, by which a study knows it again.
    """

    def __init__(self, function: Callable[..., Any], text: str) -> None:
        self._function: Callable[..., Any] | None = function
        self.fingerprint = f"function of R: {text}"
        self._files: dict[tuple[Any, ...], bytes] = {}

    def __call__(self, schedule: Sequence[str] | None, width: int) -> torch.nn.Module:
        """A network, whose weights the seed of torch's generator governs.

        Args:
            schedule: the group of each block; ``None`` for the network without symmetry.
            width: how wide it is.
        """
        key = (None if schedule is None else tuple(schedule), width, torch.initial_seed())
        if key in self._files:
            return deploy.load_bytes(self._files[key])
        if self._function is None:
            raise ArgumentError("a network that an R function builds was not built before the study left R")
        module = self._function(None if schedule is None else list(schedule), width, float(key[2] % (2**31 - 1)))
        if isinstance(module, str):
            raise ArgumentError(f"the R function `backbone` failed: {module}")
        if not isinstance(module, torch.nn.Module):
            raise ArgumentError(f"`backbone` must give a module, not {type(module).__name__}")
        return module

    def keep(self, schedule: Sequence[str] | None, width: int, seeds: Sequence[int]) -> None:
        """Build networks now, for processes that have no R.

        Args:
            schedule: as above.
            width: as above.
            seeds: of torch's generator.
        """
        for seed in seeds:
            key = (None if schedule is None else tuple(schedule), width, seed)
            if key not in self._files:
                with torch.random.fork_rng(devices=[]):
                    torch.default_generator.manual_seed(seed)
                    self._files[key] = deploy.save_bytes(self(schedule, width))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_function": None}


def _told(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as R takes it."""
    return {
        name: float(event[name]) if isinstance(event[name], (int, float)) else event[name]
        for name in _TOLD
        if event.get(name) is not None
    }


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns. Whole numbers may be too large for R's integers: they cross as doubles, and what is missing as NaN."""
    return {name: [_plain(row[name]) for row in rows] for name in (rows[0] if rows else ())}


def _plain(value: Any) -> Any:
    if value is None:
        return math.nan
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
