"""Which runs come next: seeds go where they decide."""

from __future__ import annotations

import math
from typing import NamedTuple

from intertwine.study.statistics.intervals import difference_moments
from intertwine.study.statistics.outcomes import Outcomes, Settings
from intertwine.study.statistics.verdicts import Verdict, claim_alpha, difference_on_test, leader, reachable, verdict_of

DOUBT = 2.0
"""A candidate may yet lead if its validation scores are within so many standard errors of the leader's and the margin."""


class Stop(NamedTuple):
    """Why a candidate gets no more seeds.

    Args:
        reason: "better", "equivalent" or "samples", as the kind of a verdict; "futile", the verdict would take more than the
            most seeds; "max_seeds"; "settled", said of the leader when all others have stopped; "failed".
        words: the reason in words.
    """

    reason: str
    words: str


def next_runs(outcomes: Outcomes, settings: Settings) -> list[tuple[str, int]]:
    """The runs of the next round as pairs of a candidate and a seed (seeds count from 1); empty at the end of the race.

    First `first_seeds` seeds of every candidate. Then, round by round, one more seed (from 16 on, one eighth more) of the
    leader and of each candidate that has not stopped. It depends on the outcomes alone, so an interrupted race goes on as if
    nothing had happened.
    """
    early = [
        (name, seed)
        for name in outcomes.candidates
        for seed in range(outcomes.seeds(name) + 1, settings.first_seeds + 1)
    ]
    if early or not outcomes.candidates:
        return early
    stopped = stops(outcomes, settings)
    runs = []
    for name in outcomes.candidates:
        if name not in stopped:
            done = outcomes.seeds(name)
            runs += [(name, seed) for seed in range(done + 1, min(done + max(done // 8, 1), settings.max_seeds) + 1)]
    return runs


def stops(outcomes: Outcomes, settings: Settings) -> dict[str, Stop]:
    """Why each candidate that gets no more seeds has stopped; candidates that go on are not in it.

    Seeds go on until the verdict beside the leader is decided, or until it is clear both that the most seeds would not decide
    it and that the candidate will not lead by more than the margin.
    """
    found = {name: Stop("failed", why) for name, why in outcomes.failed.items()}
    if not outcomes.candidates or min(map(outcomes.seeds, outcomes.candidates)) < settings.first_seeds:
        return found
    first = leader(outcomes)
    for name in outcomes.candidates:
        if name != first and (stop := _stop(outcomes, settings, first, name)):
            found[name] = stop
    if set(found) | {first} >= set(outcomes.candidates):
        found[first] = Stop("settled", "every other candidate has stopped")
    elif outcomes.seeds(first) >= settings.max_seeds:
        found[first] = Stop("max_seeds", f"all {settings.max_seeds} seeds are run")
    return found


def _stop(outcomes: Outcomes, settings: Settings, first: str, name: str) -> Stop | None:
    moments = difference_on_test(outcomes, first, name)
    verdict = verdict_of(outcomes, settings, first, name, moments)
    if verdict.kind in ("better", "equivalent"):
        return Stop(verdict.kind, _words(verdict, settings))
    if outcomes.seeds(name) >= settings.max_seeds:
        return Stop("max_seeds", f"all {settings.max_seeds} seeds are run")
    if verdict.kind == "worse" or _may_lead(outcomes, settings, first, name):
        return None
    if verdict.kind == "samples":
        return Stop("samples", _words(verdict, settings))
    if not reachable(moments, moments.radius(claim_alpha(outcomes, settings), settings.max_seeds), settings.margin):
        return Stop("futile", f"a verdict would take more than {settings.max_seeds} seeds")
    return None


def _may_lead(outcomes: Outcomes, settings: Settings, first: str, name: str) -> bool:
    """Whether by its validation scores a candidate may yet be better than the leader by more than the margin."""
    behind = difference_moments(outcomes.validation[first][:, None], outcomes.validation[name][:, None])
    return DOUBT * behind.seed_sd / math.sqrt(behind.seeds) - behind.mean > settings.margin


def _words(verdict: Verdict, settings: Settings) -> str:
    return {
        "better": f"{verdict.leader} is better",
        "equivalent": f"its mean differs from that of {verdict.leader} by at most {settings.margin:g}",
        "samples": "the test has too few samples to tell",
    }[verdict.kind]
