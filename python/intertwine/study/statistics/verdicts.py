"""What can be said of each candidate beside the leader."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.study.statistics.intervals import Interval, Moments, difference_moments, score_interval
from intertwine.study.statistics.outcomes import Outcomes, Settings

Kind = Literal["better", "equivalent", "worse", "undecided", "samples"]

MOST_SEEDS = 512
"""Projections do not look further."""


@dataclass(frozen=True)
class Verdict:
    """One candidate beside the leader, on the test.

    Args:
        candidate: its name.
        leader: name of the candidate with the best validation scores.
        kind: "better", the leader has the higher mean; "equivalent", their means differ by no more than the margin;
            "worse", the candidate has the higher mean in spite of the validation scores; "undecided"; "samples", the test has
            too few samples to tell, however many seeds are run.
        difference: the leader's mean score minus the candidate's.
        more_seeds: how many more seeds of both would settle an undecided verdict, as the scores are now; None if decided or
            if it is not to be reached.
        more_runs: the runs for that, of the candidate and the leader.
        more_samples: how many more samples of the test would settle a verdict "samples", as the scores are now.
    """

    candidate: str
    leader: str
    kind: Kind
    difference: Interval
    more_seeds: int | None = None
    more_runs: int | None = None
    more_samples: int | None = None

    @property
    def settled(self) -> bool:
        """Whether more seeds would not change it."""
        return self.kind != "undecided"


def pair_alpha(outcomes: Outcomes, settings: Settings) -> float:
    """The part of alpha for each pair of the candidates that entered."""
    return settings.alpha / max(outcomes.entered * (outcomes.entered - 1) // 2, 1)


def leader(outcomes: Outcomes) -> str:
    """The best mean validation score among the candidates with the most seeds; the first of equals.

    Raises:
        ArgumentError: if all candidates have failed.
    """
    if not outcomes.candidates:
        raise ArgumentError("no candidate is left", hint="; ".join(f"{k}: {why}" for k, why in outcomes.failed.items()))
    most = max(outcomes.seeds(name) for name in outcomes.candidates)
    running = [name for name in outcomes.candidates if outcomes.seeds(name) == most]
    return max(running, key=lambda name: float(np.mean(outcomes.validation[name])) if most else 0.0)


def verdicts(outcomes: Outcomes, settings: Settings) -> list[Verdict]:
    """The verdict of each other candidate, in the order in which they entered.

    All of them hold together, at every look, with probability 1 - alpha.
    """
    first, alpha = leader(outcomes), pair_alpha(outcomes, settings)
    return [
        verdict_of(outcomes, settings, alpha, first, name)
        for name in outcomes.candidates
        if name != first and outcomes.seeds(name)
    ]


def verdict_of(outcomes: Outcomes, settings: Settings, alpha: float, first: str, name: str) -> Verdict:
    """The verdict of one candidate beside the leader."""
    moments = difference_moments(outcomes.test[first], outcomes.test[name])
    interval = moments.interval(alpha)
    kind = kind_of(interval.low, interval.high, settings.margin)
    if kind != "undecided":
        return Verdict(name, first, kind, interval)
    sample = interval.sample_part
    if kind_of(moments.mean - sample, moments.mean + sample, settings.margin) == "undecided":
        needed = samples_needed(moments, settings.margin, alpha)
        return Verdict(name, first, "samples", interval, more_samples=needed)
    needed = seeds_needed(moments, settings.margin, alpha)
    if needed is None:
        return Verdict(name, first, "undecided", interval)
    runs = sum(max(needed - outcomes.seeds(one), 0) for one in (first, name))
    return Verdict(name, first, "undecided", interval, needed - moments.seeds, runs)


def kind_of(low: float, high: float, margin: float) -> Kind:
    """What an interval for the leader's mean minus the candidate's says."""
    if -margin <= low and high <= margin:
        return "equivalent"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "undecided"


def seeds_needed(moments: Moments, margin: float, alpha: float, most: int = MOST_SEEDS) -> int | None:
    """The least number of seeds that would settle the verdict if mean and spread stayed as they are; None beyond `most`."""
    for seeds in range(max(moments.seeds, 2), most + 1):
        radius = math.hypot(*moments.parts(alpha, seeds))
        if kind_of(moments.mean - radius, moments.mean + radius, margin) != "undecided":
            return seeds
    return None


def samples_needed(moments: Moments, margin: float, alpha: float) -> int | None:
    """How many more samples would settle the verdict for endless seeds if the mean stayed as it is; None if none would."""
    room = max(abs(moments.mean), margin - abs(moments.mean))
    if room <= 0:
        return None
    sample = moments.parts(alpha, moments.seeds)[1]
    return math.ceil(moments.samples * ((sample / room) ** 2 - 1))


def score_intervals(outcomes: Outcomes, settings: Settings) -> dict[str, Interval]:
    """An interval for the mean test score of each candidate; all hold together, at every look, with probability 1 - alpha."""
    alpha = settings.alpha / outcomes.entered
    return {name: score_interval(outcomes.test[name], alpha) for name in outcomes.candidates if outcomes.seeds(name)}
