"""Intervals, verdicts and the race on seeded numbers, whose truth is known."""

import dataclasses

import numpy as np
import pytest

from intertwine.errors import IntertwineError
from intertwine.study.statistics import (
    Outcomes,
    Settings,
    difference_interval,
    leader,
    next_runs,
    score_intervals,
    simulate,
    stops,
    t_threshold,
    verdicts,
)
from intertwine.study.statistics.intervals import log_evidence, t_thresholds
from intertwine.study.statistics.simulation import race

from ..contracts.cases import over

SETTINGS = Settings(margin=0.03)


def scores(means: dict, seeds: int = 20, samples: int = 400, seed: int = 0, spread: float = 0.02) -> Outcomes:
    """Candidates that recognise images at given rates: images are hard or easy for all, seeds good or bad for each."""
    rng = np.random.default_rng(seed)
    hard, test = rng.normal(0, 0.2, samples), {}
    for name, mean in means.items():
        rates = mean + hard + rng.normal(0, spread, (seeds, 1)) + rng.normal(0, 0.05, samples)
        test[name] = rng.random((seeds, samples)) < rates
    return Outcomes({name: right.mean(1) + rng.normal(0, 0.01, seeds) for name, right in test.items()}, test)


def first_seeds(outcomes: Outcomes, counts: dict) -> Outcomes:
    return Outcomes(
        {name: outcomes.validation[name][:n] for name, n in counts.items()},
        {name: outcomes.test[name][:n] for name, n in counts.items()},
    )


@over("alpha", [0.05, 0.004])
def test_thresholds_are_where_the_evidence_is_one_over_alpha(alpha):
    n = np.array([4.0, 20.0, 300.0])
    t = np.array([t_threshold(int(seeds), alpha) for seeds in n])
    assert np.exp(log_evidence(t**2 / (n - 1), n)) == pytest.approx(1 / alpha, rel=1e-6)
    assert (np.diff(t_thresholds(alpha)[4:] / np.sqrt(np.arange(4, 513))) < 0).all()  # more seeds, narrower intervals
    assert t_threshold(1, alpha) == np.inf
    assert t_threshold(600, alpha) == pytest.approx(t_threshold(512, alpha), rel=0.01)


def test_no_number_of_seeds_misleads_too_often():
    """40,000 times up to 40 seeds of a normal distribution, stopped at the first look at which 0 lies outside."""
    draws = np.random.default_rng(1).normal(3.0, 2.0, (40_000, 40)) - 3.0
    n = np.arange(1, 41)
    mean = draws.cumsum(1) / n
    variance = ((draws**2).cumsum(1) / n - mean**2) * n / np.maximum(n - 1, 1)
    t = np.abs(mean[:, 1:]) / np.sqrt(variance[:, 1:] / n[1:])
    ever = (t > t_thresholds(0.1)[2:41]).any(axis=1).mean()
    fixed = (t[:, [3, 8, 18, 38]] > 1.9).any(axis=1).mean()
    assert 0.02 < ever < 0.1  # 0.04: the rest is for seeds beyond 40
    assert fixed > 0.1


def test_intervals_cover_seeds_and_samples():
    """Differences with a part of the seed, of the image, and of both: few images, so that their part is the larger one."""
    rng, covered, without = np.random.default_rng(2), 0, 0
    for _ in range(600):
        first = rng.normal(0, 0.02, (8, 1)) + rng.normal(0, 1, 40) + rng.normal(0, 0.2, (8, 40))
        found = difference_interval(first, rng.normal(0, 0.2, (8, 40)), alpha=0.1)
        covered += found.low <= 0 <= found.high
        without += abs(found.estimate) <= found.seed_part
        assert found.high - found.estimate == pytest.approx(np.hypot(found.seed_part, found.sample_part))
    assert covered / 600 > 0.88
    assert without / 600 < 0.6


def test_intervals_follow_scale_sign_and_order():
    rng = np.random.default_rng(3)
    one, two = rng.normal(0, 1, (2, 9, 30))
    found = difference_interval(one, two)
    ends = np.array([found.low, found.high])
    swapped = difference_interval(two, one)
    assert [-swapped.high, -swapped.low] == pytest.approx(ends)
    scaled = difference_interval(5 + 3 * one, 5 + 3 * two)
    assert [scaled.low, scaled.high] == pytest.approx(3 * ends)
    rows, columns = rng.permutation(9), rng.permutation(30)
    moved = difference_interval(one[rows][:, columns], two[rows][:, columns])
    assert [moved.low, moved.high] == pytest.approx(ends)


def test_equal_networks_are_equivalent_and_one_seed_says_nothing():
    test = scores({"a": 0.8}).test["a"]
    twins = Outcomes(dict.fromkeys("ab", test.mean(1)), dict.fromkeys("ab", test))
    [verdict] = verdicts(first_seeds(twins, {"a": 3, "b": 3}), SETTINGS)
    assert (verdict.kind, verdict.leader, verdict.difference.seed_part) == ("equivalent", "a", 0.0)
    assert 0 < verdict.difference.high < 0.01  # an image that would tell them apart may not have been among those
    [verdict] = verdicts(first_seeds(twins, {"a": 1, "b": 1}), SETTINGS)
    assert (verdict.kind, verdict.difference.high) == ("undecided", np.inf)


def test_equal_differences_in_a_few_seeds_prove_little():
    """By chance two networks may differ by as much in each of three seeds; how their answers vary tells that it is chance."""
    rng = np.random.default_rng(4)
    one, two = (rng.random((3, 200)) < 0.5 for _ in range(2))
    for right, count in ((one, 104), (two, 98)):
        for row in right:
            row[:] = rng.permutation(np.arange(200) < count)
    found = difference_interval(one, two)
    assert found.estimate == pytest.approx(0.03)
    assert found.low < 0 < found.high


def test_verdicts_name_what_is_so():
    outcomes = scores({"best": 0.8, "near": 0.8, "bad": 0.6}, samples=6000, spread=0.01)
    assert [(v.candidate, v.leader, v.kind) for v in verdicts(outcomes, SETTINGS)] == [
        ("near" if leader(outcomes) == "best" else "best", leader(outcomes), "equivalent"),
        ("bad", leader(outcomes), "better"),
    ]
    turned = Outcomes({"bad": [0.9] * 20, "best": [0.8] * 20}, {name: outcomes.test[name] for name in ("bad", "best")})
    assert [v.kind for v in verdicts(turned, SETTINGS)] == ["worse"]
    few = Outcomes(outcomes.validation, {name: right[:, :60] for name, right in outcomes.test.items()})
    verdict = verdicts(few, SETTINGS)[0]
    assert verdict.kind == "samples"
    assert verdict.more_samples > 0


def test_projections_hold_if_nothing_changes():
    outcomes = scores({"a": 0.8, "b": 0.76}, seeds=4, samples=6000)
    [verdict] = verdicts(outcomes, SETTINGS)
    assert verdict.kind == "undecided"
    assert verdict.more_runs == 2 * verdict.more_seeds
    more = -(-verdict.more_seeds // 4) + 1  # each seed again and again: mean and spread stay
    later = Outcomes(
        {name: np.tile(values, 1 + more) for name, values in outcomes.validation.items()},
        {name: np.tile(values, (1 + more, 1)) for name, values in outcomes.test.items()},
    )
    assert verdicts(later, SETTINGS)[0].decided


def test_the_race_spends_seeds_where_they_decide():
    grid = scores({"good": 0.8, "close": 0.77, "bad": 0.5, "worse": 0.3}, samples=4000)
    done = race(grid, SETTINGS)
    assert max(done.seeds("bad"), done.seeds("worse")) <= 5 < done.seeds("close") <= done.seeds(leader(done))
    assert {name: stop.reason for name, stop in stops(done, SETTINGS).items()} | {"close": ""} == {
        "good": "settled",
        "close": "",
        "bad": "better",
        "worse": "better",
    }
    assert done.seeds("close") < 20
    counts = {name: done.seeds(name) for name in done.candidates}
    assert race(grid, SETTINGS).seeds("close") == counts["close"]
    assert next_runs(done, SETTINGS) == []


def test_an_interrupted_race_goes_on_as_if_nothing_had_happened():
    grid = scores({"a": 0.8, "b": 0.78, "c": 0.5}, samples=300)
    counts, rounds = dict.fromkeys("abc", 0), []
    while runs := next_runs(first_seeds(grid, counts), SETTINGS):
        rounds.append(runs)
        for name, seed in runs:
            assert seed == counts[name] + 1
            counts[name] = seed
    assert rounds[0] == [(name, seed) for name in "abc" for seed in (1, 2, 3)]
    assert counts == {name: race(grid, SETTINGS).seeds(name) for name in "abc"}
    nothing = Outcomes(dict.fromkeys("abc", ()), dict.fromkeys("abc", np.empty((0, 0))))
    assert next_runs(nothing, SETTINGS) == rounds[0]
    lost = {**dict.fromkeys("abc", 3), "b": 1}
    assert next_runs(first_seeds(grid, lost), SETTINGS) == [("b", 2), ("b", 3)]


def test_a_failed_candidate_counts_and_says_why():
    outcomes = scores({"a": 0.8, "b": 0.7, "c": 0.6})
    failed = Outcomes(outcomes.validation, outcomes.test, {"d": "the loss was not finite"})
    assert stops(failed, SETTINGS)["d"] == ("failed", "the loss was not finite")
    widths = [
        {v.candidate: v.difference.high - v.difference.low for v in verdicts(one, SETTINGS)}
        for one in (outcomes, failed)
    ]
    assert widths[1]["b"] > widths[0]["b"]
    assert list(score_intervals(failed, SETTINGS)) == ["a", "b", "c"]
    alone = Outcomes({"a": outcomes.validation["a"]}, {"a": outcomes.test["a"]}, {"b": "out of memory"})
    assert (verdicts(alone, SETTINGS), next_runs(alone, SETTINGS)) == ([], [])
    with pytest.raises(IntertwineError, match=r"(?i)no candidate is left"):
        leader(Outcomes({}, {}, {"b": "out of memory"}))


def test_resampled_studies_of_one_network_under_several_names_claim_little():
    pool = scores(dict.fromkeys("abcd", 0.8), seeds=40, samples=200)
    level = {
        name: right - right.mean() for name, right in pool.test.items()
    }  # the pool's means are the truth, and equal
    found = simulate(Outcomes(pool.validation, level), dataclasses.replace(SETTINGS, max_seeds=10), studies=60)
    assert found.false_claims <= 0.1
    assert found.right_named == found.grid_right_named == 1
    assert found.runs < found.grid_runs == 40


def test_a_resampled_study_finds_the_best():
    found = simulate(scores({"a": 0.85, "b": 0.7, "c": 0.5}, seeds=40, samples=2000), SETTINGS, studies=20)
    assert (found.false_claims, found.right_named, found.decided) == (0, 1, 1)
    assert found.runs < found.grid_runs / 2


@over(
    "make, message",
    [
        (lambda: Settings(first_seeds=1), "first_seeds"),
        (lambda: Settings(first_seeds=5, max_seeds=4), "max_seeds"),
        (lambda: Settings(margin=-1.0), "margin"),
        (lambda: Outcomes({"a": [0.1]}, {"b": np.ones((1, 3))}), "other candidates"),
        (lambda: Outcomes({"a": [0.1, 0.2]}, {"a": np.ones((1, 3))}), r"\[seeds, samples\]"),
        (lambda: Outcomes({"a": [0.1]}, {"a": np.ones((1, 0))}), r"\[seeds, samples\]"),
        (lambda: Outcomes({"a": [np.nan]}, {"a": np.ones((1, 3))}), "not finite"),
        (lambda: Outcomes({"a": [1], "b": [1]}, {"a": np.ones((1, 3)), "b": np.ones((1, 4))}), "numbers of samples"),
        (lambda: Outcomes({"a": [0.1]}, {"a": np.ones((1, 3))}, {"a": "lost"}), "cannot have scores"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_judged_is_refused(make, message):
    with pytest.raises(IntertwineError, match=f"(?i){message}"):
        make()
