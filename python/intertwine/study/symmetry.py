"""The study of symmetries: which group, down to which depth, for data of one's own."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, DataWarning
from intertwine.numpy_scalars import plain_numbers
from intertwine.study.answers import answer_of, winner_code
from intertwine.study.combining import combined
from intertwine.study.design.candidates import Candidate, propose_candidates
from intertwine.study.design.plan import Data, make_plan, prepare_data
from intertwine.study.design.settings import FREE, NAMES, Settings, read_settings, write_toml
from intertwine.study.design.sources import read_data
from intertwine.study.design.transforms import angles_of
from intertwine.study.result import Answer, Presented
from intertwine.study.runs.executors import Serial, Workers
from intertwine.study.runs.loop import Race, chosen_rates, question
from intertwine.study.runs.one_run import Job, fitted, make_job, seed_of_weights
from intertwine.study.runs.progress import OnProgress, Watch, as_loggers
from intertwine.study.runs.records import StudyResults
from intertwine.study.runs.scoring import metric_name
from intertwine.study.runs.store import identity_of_settings, own_store
from intertwine.study.statistics import Outcomes, Verdict
from intertwine.study.statistics import leader as best_on_validation
from intertwine.study.statistics import verdicts as all_verdicts
from intertwine.suggestions import unknown_argument
from intertwine.training import FitResult

_ARGUMENTS = ("x", "y", "test", "group", "config", "folder", "executor", "on_progress", "logger", "size", "channels")


@dataclass
class SymmetryStudy(Presented):
    """A study, finished or not.

    Args:
        settings: what was asked.
        data: the samples.
        results: all trainings.
        full_size: samples that the candidates of the race learn from.
        stopped: ``"finished"``, ``"time"``, ``"interrupted"``, ``"callback"`` or ``"disk"``.
        notes: what the user should know: schedules that were left out, classes without samples, damaged files.
        seconds: that the last call took.
        folder: where it is written.
    """

    settings: Settings
    data: Data = field(repr=False)
    results: StudyResults = field(repr=False)
    full_size: int
    stopped: str
    notes: list[str]
    seconds: float
    folder: Path | None
    _resources: dict[str, Any] = field(default_factory=dict, repr=False)
    _job: Job | None = field(default=None, repr=False)

    @property
    def candidates(self) -> list[Candidate]:
        """All that were compared."""
        return list(self.results.candidates)

    @property
    def dimension(self) -> int:
        """Of the samples: 1 for signals, 2 for images, 3 for volumes, 0 if they lie on no grid."""
        return self.data.dimension

    @property
    def learn_rates(self) -> dict[str, float]:
        """The learning rate that was chosen for each candidate."""
        return chosen_rates(self.results, self.settings)

    @property
    def test_angles(self) -> np.ndarray | None:
        """By how many degrees each test sample is turned in the transform ``"rotations"``; ``None`` without it."""
        return None if self._job is None else angles_of(self._job.plan.moves.get("rotations"))

    def outcomes(self, train_size: int | None = None, transform: str | None = None) -> Outcomes:
        """The scores by candidate, seed and test sample.

        Args:
            train_size: samples that were learned from; those of the race if left out.
            transform: of the test samples; the one that decides if left out.
        """
        size = self.full_size if train_size is None else train_size
        phase = "race" if size == self.full_size else "sizes"
        return self.results.outcomes(size, self.settings.judge if transform is None else transform, phase)

    def verdicts(self, transform: str | None = None) -> list[Verdict]:
        """What can be said of each candidate beside the leader, on test samples.

        Args:
            transform: of these; the one that decides if left out. Verdicts hold together for one transform.
        """
        return all_verdicts(self.outcomes(transform=transform), question(self.settings))

    def leader(self) -> str:
        """The candidate that is best on validation samples."""
        return best_on_validation(self.outcomes())

    def table(self) -> list[dict[str, Any]]:
        """All trainings, a row for each and each transform."""
        return self.results.table()

    def answer(self, transform: str | None = None) -> Answer:
        """What the pictures, the words and the report are made of.

        Args:
            transform: of the test samples; the one that decides if left out.
        """
        return answer_of(self, transform)

    def code(self, candidate: str | None = None) -> dict[str, str]:
        """The code of a candidate in Python and R, ready to paste.

        Args:
            candidate: by name; the leader if left out.
        """
        return winner_code(self, candidate)

    def update(self, **changes: Any) -> SymmetryStudy:
        """The same study with more trainings; those that there are already are not repeated.

        Args:
            **changes: ``max_seeds``, ``time_limit``, ``parallel``, and ``executor``, ``on_progress`` as in `symmetry_study`.
        """
        return _study(
            self.settings,
            self.data,
            {**self._resources, "folder": self.folder},
            self.results,
            list(self.notes),
            changes,
        )

    def combine(self, other: SymmetryStudy) -> SymmetryStudy:
        """One study of the candidates and the trainings of two; so does ``+``.

        Args:
            other: a study of the same data, whose trainings have the same settings.

        Raises:
            ArgumentError: if data or settings differ.
        """
        return combined(self, other)

    __add__ = combine

    def fit_best(
        self,
        candidate: str | None = None,
        *,
        on_batch: Callable[[dict[str, Any]], bool | None] | None = None,
        **recipe: Any,
    ) -> FitResult:
        """The winner, trained on all samples but those of the test.

        Args:
            candidate: another one by name.
            on_batch: as in `intertwine.training.fit`.
            **recipe: arguments of `intertwine.training.fit` in place of the study's.
        """
        name = self.leader() if candidate is None else candidate
        known = {each.name: each for each in self.candidates}
        if name not in known:
            raise unknown_argument("the study", name, known)
        if self._job is None:
            raise ArgumentError("this study has no data any more", hint="run symmetry_study again with its folder")
        settings = self.settings
        changes = {key: recipe.pop(key) for key in ("epochs", "batch_size", "loss") if key in recipe}
        settings = dataclasses.replace(settings, **changes, recipe={**settings.recipe, **recipe})
        job = dataclasses.replace(self._job, plan=dataclasses.replace(self._job.plan, settings=settings))
        everything = np.arange(len(self.data.pool))
        return fitted(job, known[name], everything, self.learn_rates[name], settings.seed, on_batch)


@plain_numbers
def symmetry_study(
    x: Any = None,
    y: Any = None,
    *,
    test: Any = None,
    group: Any = None,
    size: Any = None,
    channels: int | None = None,
    config: str | Path | None = None,
    folder: str | Path | None = None,
    executor: Executor | None = None,
    on_progress: OnProgress | None = None,
    logger: Any = None,
    **settings: Any,
) -> SymmetryStudy:
    """Which symmetry suits the data, down to which depth of the network, and how sure that is.

    Networks of equal cost are trained: with a group in all blocks, with schedules that give up symmetry from block to block,
    without symmetry, and without symmetry on moved images. Each is tuned alike. Seeds are shared by all (the same split, the
    same order), and trainings are added where they decide. Candidates are chosen on validation samples and reported on test
    samples.

    Args:
        x: samples, in one of many forms: see `intertwine.study.design.sources.read_data`. Left out if `config` says where
            they are.
        y: targets, one for each sample: class numbers from 0, or measurements.
        test: samples to test on, as a pair (x, y); otherwise a share of the samples is set apart.
        group: what each sample shows, so that all views of one thing stay on one side of every split.
        size: sides to bring images in files to.
        channels: of images in files.
        config: a TOML file with the same names, but `data` and `target` for `x` and `y`; arguments come before it.
        folder: where the trainings are written as they end. The same call with the same folder goes on where it stopped, and
            ends with the same table as if it had not (times and memory apart).
        executor: a `concurrent.futures.Executor`, such as that of a dask client; `folder` must be one that its workers can
            read.
        on_progress: called with a mapping (event, done, left, most, seconds, seconds_left, leader, open, ...); ``False``
            stops.
        logger: a logger of lightning, such as `lightning.fabric.loggers.TensorBoardLogger`, or a list of them.
        **settings: those of `intertwine.study.Settings`.

    Returns:
        the study, with what there is until then if it was stopped.

    Raises:
        UnknownArgumentError: for a setting that there is not, with the nearest ones.
        ArgumentError, ArgumentTypeError, ShapeError, FileError: if data or settings do not fit.
        CheckpointError: if the folder belongs to another study, or is in use.

    Example:
        >>> import torch
        >>> x = torch.zeros(60, 1, 9, 9)
        >>> y = torch.arange(60) % 2
        >>> x[y == 1, :, 2:7, 4] = x[y == 0, :, 4, 2:7] = 1.0
        >>> study = symmetry_study(
        ...     x, y, schedules=["C4", "D1"], rivals=["plain"], depth=2, learn_rates=[0.01], epochs=2, budget={"parameters": 500},
        ...     transforms=["as_is"], max_seeds=3)
        >>> study.stopped, len(study.table())
        ('finished', 9)
    """
    told: dict[str, Any] = {}
    places: dict[str, Any] = {}
    if config is not None:
        told, places = read_settings(config)
    for name in settings:
        if name not in NAMES:
            raise unknown_argument("the function symmetry_study", name, (*_ARGUMENTS, *NAMES))
    asked = Settings(**{**told, **settings})
    given = {"test": test, "group": group, "size": size, "channels": channels}
    given = {name: places.get(name) if value is None else value for name, value in given.items()}
    x = places.get("data") if x is None else x
    if x is None:
        raise ArgumentError("there are no data", hint="give x and y, or a config that names them")
    data = prepare_data(read_data(x, places.get("target") if y is None else y, **given), asked)
    resources = {"folder": folder, "executor": executor, "on_progress": on_progress, "logger": logger}
    return _study(asked, data, resources, None, list(data.notes), {})


def _study(
    settings: Settings,
    data: Data,
    resources: dict[str, Any],
    known: StudyResults | None,
    notes: list[str],
    changes: Mapping[str, Any],
) -> SymmetryStudy:
    own = {name: changes[name] for name in changes if name in resources}
    for name in changes:
        if name not in (*FREE, *resources):
            raise unknown_argument("update", name, (*FREE, *resources))
    settings = settings.with_changes({name: value for name, value in changes.items() if name not in own})
    resources = {**resources, **own}
    watch = Watch(resources["on_progress"], settings.time_limit, as_loggers(resources["logger"]))
    with own_store(resources["folder"]) as store, contextlib.ExitStack() as stack:
        with torch.random.fork_rng(devices=[]):
            candidates, more = propose_candidates(settings, data)
        notes = [*dict.fromkeys([*notes, *more])]
        results = StudyResults(
            candidates, metric_name(settings.metric, data.kind), dict(known.results) if known else {}
        )
        if store is not None:
            store.check(_identity(settings, data, candidates))
            store.note("study.toml", write_toml(settings.plain()))
            saved, damaged = store.load()
            notes += damaged
            for result in saved.values():
                results.add(result)
        separate = settings.parallel > 1 or settings.devices > 1 or resources["executor"] is not None
        work = stack.enter_context(_work_folder(resources["folder"])) if separate else None
        if separate:
            _keep_networks(candidates, settings)
        plan = make_plan(data, settings, work)
        job = make_job(plan, candidates)
        runner = Serial(job) if work is None else Workers(job, work, resources["executor"], settings.parallel)
        race = Race(settings, results, plan.full_size, runner, store, watch, notes)
        stopped = race.run()
        notes += watch.notes
        for note in notes:
            if note not in more:
                warnings.warn(DataWarning(note), stacklevel=3)
        if work is not None:
            job = make_job(make_plan(data, settings, None), candidates)
        folder = None if resources["folder"] is None else Path(resources["folder"])
        return SymmetryStudy(
            settings, data, results, plan.full_size, stopped, notes, watch.seconds, folder, resources, job
        )


def _identity(settings: Settings, data: Data, candidates: list[Candidate]) -> dict[str, str]:
    asked = {name: getattr(settings, name) for name in NAMES if name not in FREE}
    networks = {each.name: f"{each.kind} width {each.width} with {each.parameters} parameters" for each in candidates}
    return {**data.identity(), **identity_of_settings(asked, networks)}


def _keep_networks(candidates: list[Candidate], settings: Settings) -> None:
    """Lets builders that other processes cannot run, such as functions of R, build all networks here and now."""
    seeds = [seed_of_weights(settings.seed, seed) for seed in range(settings.max_seeds + 1)]
    for each in candidates:
        keep = getattr(each.builder, "keep", None)
        if callable(keep):
            keep(each.schedule, each.width, seeds)


@contextlib.contextmanager
def _work_folder(folder: str | Path | None) -> Iterator[Path]:
    """A folder for what other processes read, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="work", dir=folder, ignore_cleanup_errors=True) as name:
        yield Path(name)
