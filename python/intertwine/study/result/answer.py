"""What a study has come to: the candidates in their order, and what can be said of each beside the leader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Standing:
    """One candidate in the final order.

    Args:
        rank: 1 for the leader, which is chosen on validation images.
        candidate: its name.
        kind: ``"schedule"``, ``"plain"`` or ``"augmented"``.
        schedule: the group that is kept in each block, from the input to the answer.
        seeds: how many trainings it has had.
        validation: mean score on validation images.
        test: mean score on test images.
        test_low: lower end of the interval of the mean score on test images.
        test_high: upper end.
        leader_is: what can be said of the leader beside it, on test images: ``"better"``, ``"equivalent"``, ``"worse"``,
            ``"undecided"``, ``"samples"`` (the test has too few images to tell); ``""`` for the leader itself, and
            ``"failed"`` if the candidate was never trained to an end.
        difference: score of the leader minus its own, on test images.
        low: lower end of the interval of `difference`.
        high: upper end.
        more_seeds: how many more trainings of each would decide an undecided verdict, if that can be told.
        more_samples: how many more test images would decide a verdict ``"samples"``, if that can be told.
        reason: why it has failed.
        parameters: numbers that are learned.
        operations: multiplications and additions for one image.
        seconds: of one training, mean.
        memory_mb: of one training, greatest.
        equivariance_error: how much the answers change when an image is moved by the candidate's symmetry.
        learn_rate: the learning rate that was chosen for it.
    """

    rank: int
    candidate: str
    kind: str
    schedule: tuple[str, ...] | None
    seeds: int
    validation: float
    test: float
    test_low: float
    test_high: float
    leader_is: str
    difference: float
    low: float
    high: float
    more_seeds: int | None
    more_samples: int | None
    reason: str
    parameters: int
    operations: int
    seconds: float
    memory_mb: float
    equivariance_error: float
    learn_rate: float

    @property
    def label(self) -> str:
        """The schedule, shortened if it is constant; or what else it is called."""
        return schedule_label(self.schedule) if self.schedule else self.candidate


@dataclass(frozen=True)
class Answer:
    """Everything that pictures and words are made of.

    Args:
        standings: the candidates in their order, the leader first.
        rows: the tidy table of the study, a row for each training and transform of the test images.
        angles: accuracy by angle: candidate, degrees, score; empty if the test images were not turned.
        metric: ``"accuracy"``; ``"loss"``, ``"mse"`` or ``"mae"`` (scores are then minus the loss); or the name of another score.
        judge: the transform of the test images that decides.
        margin: the difference that matters.
        alpha: the share of studies in which an interval may be wrong.
        n_train: images for training and validation.
        n_test: test images.
        dimension: of the images: 1 for signals, 2 for images, 3 for volumes.
        stopped: ``"finished"``, or why the study ended before: ``"time"``, ``"interrupted"``, ``"callback"``, ``"disk"``.
        settings: what else was fixed for all candidates, for the last page of the report.
    """

    standings: Sequence[Standing]
    rows: Sequence[Mapping[str, Any]]
    metric: str
    judge: str
    margin: float
    alpha: float
    n_train: int
    n_test: int
    angles: Sequence[Mapping[str, Any]] = ()
    dimension: int = 2
    stopped: str = "finished"
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def leader(self) -> Standing:
        """The candidate that is best on validation images."""
        return self.standings[0]

    @property
    def compared(self) -> list[Standing]:
        """All candidates that were trained to an end, but for the leader."""
        return [each for each in self.standings[1:] if each.leader_is != "failed"]

    @property
    def is_share(self) -> bool:
        """Whether scores are shares from 0 to 1, which are shown in percent."""
        return self.metric == "accuracy"

    @property
    def score_name(self) -> str:
        """What the scores are: the higher the better."""
        return f"minus the {self.metric}" if self.metric in ("loss", "mse", "mae") else self.metric

    def rank_rows(self) -> list[dict[str, Any]]:
        """The order of the candidates, a row for each."""
        return [
            {**asdict(each), "schedule": schedule_label(each.schedule) if each.schedule else ""}
            for each in self.standings
        ]


def schedule_label(schedule: Sequence[str]) -> str:
    """A schedule in one line.

    Args:
        schedule: the group of each block.

    Example:
        >>> schedule_label(("D4", "D4", "C1")), schedule_label(("C4", "C4"))
        ('D4 | D4 | C1', 'C4')
    """
    return schedule[0] if len(set(schedule)) == 1 else " | ".join(schedule)
