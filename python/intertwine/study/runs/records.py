"""What a training is asked for and what came out of it; all of them as one tidy table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from intertwine.study.design.candidates import Candidate
from intertwine.study.design.schedules import label
from intertwine.study.statistics import Outcomes

Phase = Literal["tuning", "race", "sizes"]
Status = Literal["ok", "diverged", "failed"]

COLUMNS = (
    "candidate", "kind", "schedule", "phase", "train_size", "seed", "learn_rate", "transform", "metric", "validation", "test",
    "n_test", "parameters", "operations", "seconds", "memory_mb", "equivariance_error", "status", "message",
)  # fmt: skip
"""Of the tidy table."""

MEASURED = ("seconds", "memory_mb")
"""The columns that differ when a study is repeated."""


@dataclass(frozen=True)
class RunSpec:
    """One training.

    Args:
        candidate: its name.
        phase: ``"tuning"`` of the learning rate, ``"race"``, or ``"sizes"`` of training sets.
        train_size: samples that are learned from.
        seed: 0 for tuning, from 1 on otherwise; fixes the split, the order, and the first weights.
        learn_rate: of the optimiser.
    """

    candidate: str
    phase: Phase
    train_size: int
    seed: int
    learn_rate: float

    @property
    def key(self) -> str:
        """A short text that is the same in every process."""
        text = f"{self.candidate}\0{self.phase}\0{self.train_size}\0{self.seed}\0{self.learn_rate!r}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TransformScore:
    """Scores on samples that were moved in one way; the higher the better.

    Args:
        validation: mean over the samples that candidates are chosen by.
        test: mean over the samples that are reported on.
        test_scores: of each of these, float32 [n].
    """

    validation: float
    test: float
    test_scores: np.ndarray


@dataclass(frozen=True)
class RunResult:
    """What came out of a training.

    Args:
        spec: what was asked for.
        status: ``"ok"``; ``"diverged"``: the loss was not finite any more, and the last good weights count; ``"failed"``.
        message: what went wrong, or what else is to be said.
        seconds: the training took, without the tests.
        memory_mb: the most memory that the process took; NaN where the system does not say.
        parameters: numbers that are trained.
        operations: multiply-adds for one sample.
        equivariance_error: by how much the answer changes relative to itself when a sample is moved by the largest group of
            the study.
        transforms: scores by the name of the transform.
    """

    spec: RunSpec
    status: Status
    message: str = ""
    seconds: float = float("nan")
    memory_mb: float = float("nan")
    parameters: int = 0
    operations: int = 0
    equivariance_error: float = float("nan")
    transforms: Mapping[str, TransformScore] = field(default_factory=dict)


@dataclass
class StudyResults:
    """All trainings of a study.

    Args:
        candidates: that were compared.
        metric: the name of the score.
        results: the trainings, by their keys.
    """

    candidates: Sequence[Candidate]
    metric: str
    results: dict[str, RunResult] = field(default_factory=dict)

    def add(self, result: RunResult) -> None:
        """Takes one more training in.

        Args:
            result: of the training.
        """
        self.results[result.spec.key] = result

    def of(self, keep: Callable[[RunSpec], bool]) -> list[RunResult]:
        """Some trainings, in the order of the table.

        Args:
            keep: which ones.
        """
        return [result for result in self.ordered() if keep(result.spec)]

    def ordered(self) -> list[RunResult]:
        """All trainings in an order that does not depend on which ended first."""
        place = {each.name: number for number, each in enumerate(self.candidates)}
        phases = {"tuning": 0, "race": 1, "sizes": 2}

        def key(result: RunResult) -> tuple[Any, ...]:
            spec = result.spec
            return phases[spec.phase], spec.train_size, spec.seed, place[spec.candidate], spec.learn_rate

        return sorted(self.results.values(), key=key)

    def table(self) -> list[dict[str, Any]]:
        """The tidy table: a row for each training and transform, with `COLUMNS`."""
        by_name = {each.name: each for each in self.candidates}
        rows: list[dict[str, Any]] = []
        for result in self.ordered():
            spec, candidate = result.spec, by_name[result.spec.candidate]
            scores: Mapping[str, TransformScore | None] = result.transforms or {"": None}
            for name, score in scores.items():
                values = (
                    spec.candidate, candidate.kind, label(candidate.schedule) if candidate.schedule else "", spec.phase,
                    spec.train_size, spec.seed, spec.learn_rate, name, self.metric,
                    float("nan") if score is None else score.validation, float("nan") if score is None else score.test,
                    0 if score is None else len(score.test_scores), result.parameters, result.operations, result.seconds,
                    result.memory_mb, result.equivariance_error, result.status, result.message,
                )  # fmt: skip
                rows.append(dict(zip(COLUMNS, values, strict=True)))
        return rows

    def failures(self, phase: Phase) -> dict[str, str]:
        """The candidates that a failed training drops, with the reason: one of the race, or every training in its tuning.

        Args:
            phase: ``"tuning"``, ``"race"`` or ``"sizes"``.
        """
        found: dict[str, str] = {}
        for each in self.candidates:
            own = self.of(lambda spec, each=each: spec.candidate == each.name and spec.phase == phase)
            bad = [result for result in own if result.status == "failed"]
            if bad and (phase != "tuning" or len(bad) == len(own)):
                found[each.name] = bad[0].message
        return found

    def outcomes(self, train_size: int, transform: str, phase: Phase = "race") -> Outcomes:
        """The scores of each candidate for the seeds 1, 2, ... without a gap, for the statistics; with those that failed.

        Args:
            train_size: samples that were learned from.
            transform: of the test samples.
            phase: ``"race"`` or ``"sizes"``.
        """
        failed = self.failures("tuning") | self.failures(phase)
        found: dict[str, list[TransformScore]] = {each.name: [] for each in self.candidates if each.name not in failed}
        for result in self.of(lambda spec: (spec.phase, spec.train_size) == (phase, train_size)):
            own = found.get(result.spec.candidate)
            if own is not None and transform in result.transforms and result.spec.seed == len(own) + 1:
                own.append(result.transforms[transform])
        samples = next((len(score.test_scores) for own in found.values() for score in own), 0)
        return Outcomes(
            {name: np.array([score.validation for score in own]) for name, own in found.items()},
            {
                name: np.array([score.test_scores for score in own], dtype=np.float32).reshape(len(own), samples)
                for name, own in found.items()
            },
            failed,
        )
