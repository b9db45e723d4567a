"""Intervals over seeds and samples of a test that hold at every look."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import special

EFFECTS = {1.0: 0.6, 30.0: 0.2, 1000.0: 0.2}
"""Prior variances of a difference, in units of its variance between seeds, and their weights: the large ones for few seeds."""

TABLE = 512
"""Thresholds up to this number of seeds are computed at once; projections do not look further."""


@dataclass(frozen=True)
class Interval:
    """A mean, and how far it may be off.

    Args:
        estimate: the mean over seeds and samples.
        low: lower end.
        high: upper end.
        seed_part: how far the mean over more seeds may lie from this one, on these samples.
        sample_part: how far the mean over other samples may lie from that.
        seeds: how many seeds went in.
        samples: how many samples of the test.
    """

    estimate: float
    low: float
    high: float
    seed_part: float
    sample_part: float
    seeds: int
    samples: int


@dataclass(frozen=True)
class Moments:
    """What an interval needs to know of scores [seeds, samples]: their mean, and its spread by seeds and by samples.

    Args:
        mean: over all.
        seed_sd: standard deviation of the mean of one seed over these samples.
        sample_se: standard error of the mean over samples, of a network averaged over all seeds.
        seeds: how many.
        samples: how many.
    """

    mean: float
    seed_sd: float
    sample_se: float
    seeds: int
    samples: int

    @classmethod
    def of(cls, scores: np.ndarray, unit: float) -> Moments:
        """From scores [seeds, samples]; `unit` is the largest difference that one sample can show.

        Scores are m + seed + sample + rest. The variance of the rest is known well from few seeds. It bounds the spread of a
        seed's mean from below, and it is taken off the spread over samples, for it is part of the former.
        """
        seeds, samples = scores.shape
        mean = float(scores.mean())
        centred = scores - mean
        by_seed, by_sample = centred.mean(axis=1), centred.mean(axis=0)
        seed_squares, sample_squares = float(by_seed @ by_seed), float(by_sample @ by_sample)
        total = float(np.einsum("ij,ij->", centred, centred))
        degrees = (seeds - 1) * max(samples - 1, 1)
        rest = max(total - samples * seed_squares - seeds * sample_squares, 0.0) / degrees if seeds > 1 else 0.0
        seed_sd = math.sqrt(max(seed_squares / (seeds - 1), rest / samples)) if seeds > 1 else math.inf
        spread = max(sample_squares / max(samples - 1, 1) - rest / seeds, 0.0) / samples
        return cls(mean, seed_sd, math.sqrt(spread + (unit / samples) ** 2), seeds, samples)

    def interval(self, alpha: float) -> Interval:
        """The interval that leaves out the true mean, at any number of seeds whatever, with probability at most `alpha`."""
        radius = self.radius(alpha)
        seed, sample = self.seed_part(alpha, self.seeds), self.sample_part(alpha)
        return Interval(self.mean, self.mean - radius, self.mean + radius, seed, sample, self.seeds, self.samples)

    def radius(self, alpha: float, seeds: int | None = None) -> float:
        """Half of the interval's width; had there been some other number of seeds with the same spread, if one is given."""
        return math.hypot(self.seed_part(alpha, self.seeds if seeds is None else seeds), self.sample_part(alpha))

    def seed_part(self, alpha: float, seeds: int) -> float:
        """The part of the radius that more seeds would make smaller."""
        if seeds < 2:
            return math.inf
        return self.seed_sd / math.sqrt(seeds) * t_threshold(seeds, alpha) if self.seed_sd else 0.0

    def sample_part(self, alpha: float) -> float:
        """The part of the radius that more samples of the test would make smaller."""
        return self.sample_se * float(special.stdtrit(max(self.samples - 1, 1), 1 - alpha / 2))


def log_evidence(square: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The logarithm of the e-value of a t statistic against the mean for which it was computed.

    E_n = mean over g of (1 + n g)^(-1/2) ((1 + u) / (1 + u / (1 + n g)))^(n/2), u = t^2 / (n - 1), for the prior variances g and
    the weights of `EFFECTS`. Under a normal distribution of any variance it is a martingale in n with mean 1 (Lai 1976; Wang
    and Ramdas 2024), so it ever exceeds 1 / alpha with probability at most alpha.

    Args:
        square: t^2 / (n - 1).
        seeds: n.
    """
    growth = 1.0 + seeds[..., None] * np.array(list(EFFECTS))
    u = square[..., None]
    each = -0.5 * np.log(growth) + 0.5 * seeds[..., None] * (np.log1p(u) - np.log1p(u / growth))
    return np.asarray(special.logsumexp(each, axis=-1, b=np.array(list(EFFECTS.values()))))


def t_threshold(seeds: int, alpha: float) -> float:
    """The t statistic that a true mean exceeds at any of 2, 3, ... seeds with probability at most `alpha`; infinite if none does.

    Example:
        >>> [round(t_threshold(seeds, 0.05), 1) for seeds in (3, 5, 10, 20)]
        [18.7, 7.0, 4.2, 3.6]
    """
    if seeds <= TABLE:
        return float(t_thresholds(alpha)[seeds])
    return float(_solve(np.array([seeds]), alpha)[0])


@functools.lru_cache(maxsize=64)
def t_thresholds(alpha: float) -> np.ndarray:
    """`t_threshold` for 0, 1, ..., `TABLE` seeds."""
    table = np.concatenate([[math.inf, math.inf], _solve(np.arange(2, TABLE + 1), alpha)])
    table.setflags(write=False)
    return table


def _solve(seeds: np.ndarray, alpha: float) -> np.ndarray:
    """Bisection on the logarithm of t^2 / (n - 1), in which the evidence grows."""
    n = seeds.astype(np.float64)
    low, high = np.full(n.shape, -20.0), np.full(n.shape, 60.0)
    for _ in range(80):
        middle = (low + high) / 2
        shown = log_evidence(np.exp(middle), n) >= -math.log(alpha)
        low, high = np.where(shown, low, middle), np.where(shown, middle, high)
    never = log_evidence(np.exp(np.full(n.shape, 60.0)), n) < -math.log(alpha)
    return np.where(never, math.inf, np.sqrt(np.exp(high) * (n - 1)))


def unit_of(*scores: np.ndarray) -> float:
    """The largest difference that one sample can show: 1 for right or wrong, else the range of the scores."""
    if all(one.dtype == np.bool_ or ((one == 0) | (one == 1)).all() for one in scores):
        return 1.0
    return max(float(one.max()) for one in scores) - min(float(one.min()) for one in scores)


def difference_moments(first: np.ndarray, second: np.ndarray) -> Moments:
    """The moments of paired differences, first minus second, over the seeds that both have: arrays [seeds, samples]."""
    seeds = min(len(first), len(second))
    first, second = first[:seeds], second[:seeds]
    return Moments.of(first.astype(np.float64) - second, unit_of(first, second))


def difference_interval(first: np.ndarray, second: np.ndarray, alpha: float = 0.05) -> Interval:
    """An interval for the mean score of the first minus that of the second, paired over seeds, at every look.

    Args:
        first: scores [seeds, samples].
        second: scores [seeds, samples]; the same samples, seeds in the same order. Seeds that the other lacks are left out.
        alpha: probability that the interval ever leaves out the true difference.
    """
    return difference_moments(first, second).interval(alpha)


def score_interval(scores: np.ndarray, alpha: float = 0.05) -> Interval:
    """An interval for the mean score [seeds, samples] of one candidate, at every look."""
    return Moments.of(scores.astype(np.float64), unit_of(scores)).interval(alpha)
