"""What can be said of each candidate beside the leader."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.study.statistics.intervals import (
    TABLE,
    Interval,
    Moments,
    difference_moments,
    score_interval,
    t_thresholds,
)
from intertwine.study.statistics.outcomes import Outcomes, Settings

Kind = Literal["better", "equivalent", "worse", "undecided", "samples"]


@dataclass(frozen=True)
class Verdict:
    """One candidate beside the leader, on the test.

    Args:
        candidate: its name.
        leader: name of the candidate with the best validation scores.
        kind: "better", the leader has the higher mean; "equivalent", their means differ by no more than the margin;
            "worse", the candidate has the higher mean in spite of the validation scores; "undecided"; "samples", undecided,
            and the test has too few samples to tell, however many seeds are run.
        difference: the leader's mean score minus the candidate's.
        more_seeds: how many more seeds than their common ones would settle an undecided verdict, if mean and spread stayed as
            they are; None if decided or if no number would.
        more_runs: the runs for that, of the candidate and the leader.
        more_samples: how many more samples of the test would settle a verdict "samples", if the mean stayed as it is; None
            otherwise, or if no number would.
    """

    candidate: str
    leader: str
    kind: Kind
    difference: Interval
    more_seeds: int | None = None
    more_runs: int | None = None
    more_samples: int | None = None

    @property
    def decided(self) -> bool:
        """Whether it claims something."""
        return self.kind in ("better", "equivalent", "worse")


def claim_alpha(outcomes: Outcomes, settings: Settings) -> float:
    """The part of alpha for each comparison with the leader, by the number of candidates that entered."""
    return settings.alpha / max(outcomes.entered - 1, 1)


def leader(outcomes: Outcomes) -> str:
    """The best mean validation score among the candidates with the most seeds; the first of equals.

    Raises:
        ArgumentError: if all candidates have failed.
    """
    if not outcomes.candidates:
        raise ArgumentError("no candidate is left", hint="; ".join(f"{k}: {why}" for k, why in outcomes.failed.items()))
    most = max(map(outcomes.seeds, outcomes.candidates))
    running = [name for name in outcomes.candidates if outcomes.seeds(name) == most]
    return max(running, key=lambda name: float(np.mean(outcomes.validation[name])) if most else 0.0)


def verdicts(outcomes: Outcomes, settings: Settings) -> list[Verdict]:
    """The verdict of each other candidate that has run, in the order in which they entered.

    All of them hold together, at every look, with probability 1 - alpha.

    Raises:
        ArgumentError: if all candidates have failed.
    """
    first = leader(outcomes)
    return [
        verdict_of(outcomes, settings, first, name, difference_on_test(outcomes, first, name))
        for name in outcomes.candidates
        if name != first and outcomes.seeds(name)
    ]


def difference_on_test(outcomes: Outcomes, first: str, name: str) -> Moments:
    """Of the differences of the leader's and a candidate's test scores."""
    return difference_moments(outcomes.test[first], outcomes.test[name])


def verdict_of(outcomes: Outcomes, settings: Settings, first: str, name: str, moments: Moments) -> Verdict:
    """The verdict of one candidate beside the leader."""
    alpha = claim_alpha(outcomes, settings)
    interval = moments.interval(alpha)
    kind = kind_of(interval.estimate, moments.radius(alpha), settings.margin)
    if kind != "undecided":
        return Verdict(name, first, kind, interval)
    if not reachable(moments, interval.sample_part, settings.margin):
        return Verdict(name, first, "samples", interval, more_samples=samples_needed(interval, settings.margin))
    needed = seeds_needed(moments, settings.margin, alpha)
    if needed is None:
        return Verdict(name, first, "undecided", interval)
    runs = sum(max(needed - outcomes.seeds(one), 0) for one in (first, name))
    return Verdict(name, first, "undecided", interval, needed - moments.seeds, runs)


def kind_of(mean: float, radius: float, margin: float) -> Kind:
    """What an interval for the leader's mean minus the candidate's says."""
    if abs(mean) + radius <= margin:
        return "equivalent"
    if abs(mean) <= radius:
        return "undecided"
    return "better" if mean > 0 else "worse"


def reachable(moments: Moments, radius: float, margin: float) -> bool:
    """Whether an interval of some radius would settle the verdict, if the mean stays or moves by one standard error of seeds."""
    if moments.seeds < 2:
        return True
    error = moments.seed_sd / math.sqrt(moments.seeds)
    return any(kind_of(moments.mean + step * error, radius, margin) != "undecided" for step in (-1, 0, 1))


def seeds_needed(moments: Moments, margin: float, alpha: float) -> int | None:
    """The least number of seeds that would settle the verdict if mean and spread stayed as they are; None beyond `TABLE`."""
    first = max(moments.seeds, 2)
    seed_parts = moments.seed_sd * t_thresholds(alpha)[first:] / np.sqrt(np.arange(first, TABLE + 1))
    room = max(abs(moments.mean), margin - abs(moments.mean))
    enough = np.hypot(seed_parts, moments.sample_part(alpha)) < room
    return first + int(enough.argmax()) if enough.any() else None


def samples_needed(interval: Interval, margin: float) -> int | None:
    """How many more samples would settle the verdict for endless seeds if the mean stayed as it is; None if no number would."""
    room = max(abs(interval.estimate), margin - abs(interval.estimate))
    if room <= 0:
        return None
    return max(math.ceil(interval.samples * ((interval.sample_part / room) ** 2 - 1)), 1)


def score_intervals(outcomes: Outcomes, settings: Settings) -> dict[str, Interval]:
    """An interval for the mean test score of each candidate that has run.

    All of them hold together, at every look, with probability 1 - alpha.
    """
    alpha = settings.alpha / max(outcomes.entered, 1)
    return {name: score_interval(scores, alpha) for name, scores in outcomes.test.items() if len(scores)}
