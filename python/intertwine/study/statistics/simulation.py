"""Studies resampled from a recorded pool of runs: how often the rule is wrong, and what the race saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from intertwine.study.statistics.outcomes import Outcomes, Settings
from intertwine.study.statistics.race import next_runs
from intertwine.study.statistics.verdicts import Verdict, leader, verdicts


@dataclass(frozen=True)
class Simulation:
    """What came out of many studies.

    Args:
        studies: how many.
        false_claims: share of studies with any verdict that the truth contradicts.
        right_named: share of studies whose leader is within the margin of the best candidate.
        runs: mean number of runs of a race.
        grid_runs: runs of the full grid.
        decided: share of verdicts that claim something at the end of a race.
        grid_right_named: as `right_named`, of the full grid on the same seeds.
        grid_decided: as `decided`, of the full grid.
    """

    studies: int
    false_claims: float
    right_named: float
    runs: float
    grid_runs: int
    decided: float
    grid_right_named: float
    grid_decided: float


def simulate(
    pool: Outcomes,
    settings: Settings,
    studies: int = 1000,
    seed: int = 0,
    *,
    resample_samples: bool = True,
    on_study: Callable[[int], None] | None = None,
) -> Simulation:
    """Races on seeds and test samples drawn with replacement from a pool; the pool's means are the truth.

    Args:
        pool: every candidate with the same number of seeds.
        settings: of each study.
        studies: how many.
        seed: of the draws.
        resample_samples: whether the samples of the test are drawn, too.
        on_study: called with the number of each study when it is done.
    """
    truth = {name: float(scores.mean()) for name, scores in pool.test.items()}
    least = max(truth.values()) - settings.margin
    rows = []
    for study in range(studies):
        grid = draw(pool, settings.max_seeds, np.random.default_rng([seed, study]), resample_samples)
        outcomes = race(grid, settings)
        claims, all_claims = verdicts(outcomes, settings), verdicts(grid, settings)
        rows.append(
            (
                any(contradicts(claim, truth, settings.margin) for claim in claims),
                truth[leader(outcomes)] >= least,
                sum(map(outcomes.seeds, outcomes.candidates)),
                sum(claim.decided for claim in claims) / max(len(claims), 1),
                truth[leader(grid)] >= least,
                sum(claim.decided for claim in all_claims) / max(len(claims), 1),
            )
        )
        if on_study:
            on_study(study)
    false, right, runs, decided, grid_right, grid_decided = np.mean(rows, axis=0).tolist()
    grid_runs = len(pool.candidates) * settings.max_seeds
    return Simulation(studies, false, right, runs, grid_runs, decided, grid_right, grid_decided)


def draw(pool: Outcomes, seeds: int, rng: np.random.Generator, resample_samples: bool = True) -> Outcomes:
    """Seeds, and samples of the test, drawn with replacement, the same for all candidates."""
    least = min(map(pool.seeds, pool.candidates))
    rows = rng.integers(least, size=seeds)
    samples = next(iter(pool.test.values())).shape[1]
    columns = rng.integers(samples, size=samples) if resample_samples else np.arange(samples)
    return Outcomes(
        {name: scores[rows] for name, scores in pool.validation.items()},
        {name: scores[np.ix_(rows, columns)] for name, scores in pool.test.items()},
    )


def race(grid: Outcomes, settings: Settings) -> Outcomes:
    """What a race would have run of a full grid."""
    done: Mapping[str, int] = dict.fromkeys(grid.candidates, 0)
    while True:
        outcomes = Outcomes(
            {name: scores[: done[name]] for name, scores in grid.validation.items()},
            {name: scores[: done[name]] for name, scores in grid.test.items()},
        )
        runs = next_runs(outcomes, settings)
        if not runs:
            return outcomes
        done = {name: max([done[name]] + [seed for one, seed in runs if one == name]) for name in done}


def contradicts(claim: Verdict, truth: Mapping[str, float], margin: float) -> bool:
    """Whether a verdict claims what is not so."""
    difference = truth[claim.leader] - truth[claim.candidate]
    return {
        "better": difference <= 0,
        "worse": difference >= 0,
        "equivalent": abs(difference) > margin,
    }.get(claim.kind, False)
