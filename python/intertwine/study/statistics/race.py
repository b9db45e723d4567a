"""Which runs come next: seeds go where they decide."""

from __future__ import annotations

import math
from typing import NamedTuple

from intertwine.study.statistics.intervals import difference_moments
from intertwine.study.statistics.outcomes import Outcomes, Settings
from intertwine.study.statistics.verdicts import Verdict, kind_of, leader, pair_alpha, seeds_needed, verdict_of


class Stop(NamedTuple):
    """Why a candidate gets no more seeds.

    Args:
        reason: "better", "equivalent", "worse" or "samples", as the kind of a verdict; "futile", the verdict would take more
            than the most seeds; "max_seeds"; "settled", said of the leader when all others have stopped; "failed".
        words: the reason in words.
    """

    reason: str
    words: str


def next_runs(outcomes: Outcomes, settings: Settings) -> list[tuple[str, int]]:
    """The runs of the next round as pairs of a candidate and a seed (seeds count from 1); empty at the end of the race.

    First `first_seeds` seeds of every candidate. Then, round by round, one more seed (from 16 on, one eighth more) of the
    leader and of each candidate whose verdict is open. It depends on the outcomes alone, so an interrupted race goes on as if
    nothing had happened.
    """
    early = [
        (name, seed)
        for name in outcomes.candidates
        for seed in range(outcomes.seeds(name) + 1, settings.first_seeds + 1)
    ]
    if early:
        return early
    if not outcomes.candidates:
        return []
    first = leader(outcomes)
    stopped = stops(outcomes, settings)
    running = [name for name in outcomes.candidates if name not in stopped]
    if running in ([], [first]):
        return []
    runs = []
    for name in running:
        done = outcomes.seeds(name)
        runs += [(name, seed) for seed in range(done + 1, min(done + max(done // 8, 1), settings.max_seeds) + 1)]
    return runs


def stops(outcomes: Outcomes, settings: Settings) -> dict[str, Stop]:
    """Why each candidate that gets no more seeds has stopped; candidates that go on are not in it."""
    found = {name: Stop("failed", why) for name, why in outcomes.failed.items()}
    if not outcomes.candidates or min(map(outcomes.seeds, outcomes.candidates)) < settings.first_seeds:
        return found
    first, alpha = leader(outcomes), pair_alpha(outcomes, settings)
    for name in outcomes.candidates:
        if name != first and (stop := _stop(outcomes, settings, alpha, first, name)):
            found[name] = stop
    if set(found) | {first} >= set(outcomes.candidates):
        found[first] = Stop("settled", "every other candidate has stopped")
    elif outcomes.seeds(first) >= settings.max_seeds:
        found[first] = Stop("max_seeds", f"all {settings.max_seeds} seeds are run")
    return found


def _stop(outcomes: Outcomes, settings: Settings, alpha: float, first: str, name: str) -> Stop | None:
    verdict = verdict_of(outcomes, settings, alpha, first, name)
    if verdict.settled:
        return Stop(verdict.kind, _words(verdict, settings))
    if outcomes.seeds(name) >= settings.max_seeds:
        return Stop("max_seeds", f"all {settings.max_seeds} seeds are run")
    if _futile(outcomes, settings, alpha, first, name):
        return Stop("futile", f"a verdict would take more than {settings.max_seeds} seeds")
    return None


def _words(verdict: Verdict, settings: Settings) -> str:
    return {
        "better": f"{verdict.leader} is better",
        "equivalent": f"its mean differs from that of {verdict.leader} by at most {settings.margin:g}",
        "worse": f"it is better than {verdict.leader} on the test",
        "samples": "the test has too few samples to tell",
    }[verdict.kind]


def _futile(outcomes: Outcomes, settings: Settings, alpha: float, first: str, name: str) -> bool:
    """Whether the most seeds would not settle the verdict, even if the mean lay one standard error nearer to one."""
    moments = difference_moments(outcomes.test[first], outcomes.test[name])
    error = moments.seed_sd / math.sqrt(moments.seeds)
    for mean in (moments.mean - error, moments.mean, moments.mean + error):
        radius = math.hypot(*moments.parts(alpha, settings.max_seeds))
        if kind_of(mean - radius, mean + radius, settings.margin) != "undecided":
            return False
    return seeds_needed(moments, settings.margin, alpha, settings.max_seeds) is None
