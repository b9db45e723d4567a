"""The scores of a study's runs, and what the study asks of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from intertwine.checks import number, whole_at_least
from intertwine.errors import ArgumentError


@dataclass(frozen=True)
class Settings:
    """What a study asks.

    Args:
        alpha: how often, at most, a study may make any false claim.
        margin: the difference of scores that does not matter.
        first_seeds: seeds that each candidate gets before the first decision, at least 2.
        max_seeds: seeds that a candidate gets at most.
    """

    alpha: float = 0.05
    margin: float = 0.01
    first_seeds: int = 3
    max_seeds: int = 20

    def __post_init__(self) -> None:
        number(self.alpha, "`alpha`", 1e-12, 0.5)
        number(self.margin, "`margin`", 0.0)
        whole_at_least(self.first_seeds, "first_seeds", 2)
        whole_at_least(self.max_seeds, "max_seeds", self.first_seeds)


@dataclass(frozen=True)
class Outcomes:
    """The scores of all runs that are compared: one training size, one transform of the images.

    All candidates share seeds (the same split, the same order) and the samples of the test. Candidate k has run seeds 1 to n_k.

    Args:
        validation: for each candidate the mean score of each seed on its validation samples: [n_k].
        test: for each candidate the score of each seed on each test sample: [n_k, samples].
        failed: candidates that entered and dropped out, with the reason. They count among the comparisons.
    """

    validation: Mapping[str, np.ndarray]
    test: Mapping[str, np.ndarray]
    failed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        validation = {name: np.asarray(scores, dtype=np.float64) for name, scores in self.validation.items()}
        test = {name: np.asarray(scores) for name, scores in self.test.items()}
        if list(validation) != list(test):
            raise ArgumentError(f"validation and test name other candidates: {list(validation)} and {list(test)}")
        if both := set(test) & set(self.failed):
            raise ArgumentError(f"{sorted(both)} cannot have scores and have failed")
        for name, scores in test.items():
            if scores.ndim != 2 or validation[name].shape != scores.shape[:1] or (len(scores) and not scores.shape[1]):
                raise ArgumentError(
                    f"{name!r} has validation scores of shape {validation[name].shape} and test scores of shape "
                    f"{scores.shape}, where [seeds] and [seeds, samples] are needed"
                )
            if not (np.isfinite(validation[name]).all() and np.isfinite(scores).all()):
                raise ArgumentError(f"scores of {name!r} are not finite", hint="name it in `failed` with the reason")
        if len({scores.shape[1] for scores in test.values() if len(scores)}) > 1:
            raise ArgumentError("candidates were tested on different numbers of samples")
        object.__setattr__(self, "validation", validation)
        object.__setattr__(self, "test", test)

    @property
    def candidates(self) -> list[str]:
        """Those that have not failed, in the order in which they entered."""
        return list(self.test)

    @property
    def entered(self) -> int:
        """How many candidates entered the study."""
        return len(self.test) + len(self.failed)

    def seeds(self, candidate: str) -> int:
        """How many seeds a candidate has run."""
        return len(self.validation[candidate])
