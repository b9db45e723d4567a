"""The order of the trainings: learning rates first, then the race, then smaller training sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from intertwine.errors import CheckpointError
from intertwine.study.design.settings import Settings
from intertwine.study.runs.executors import Serial, Workers
from intertwine.study.runs.progress import Stop, Watch
from intertwine.study.runs.records import RunResult, RunSpec, StudyResults
from intertwine.study.runs.store import Store
from intertwine.study.statistics import Settings as Question
from intertwine.study.statistics import leader, next_runs, stops

TUNING_SEED = 0


@dataclass
class Race:
    """The trainings of a study, in their order; those that are there already are not repeated.

    Args:
        settings: of the study.
        results: all that is known; it grows.
        full_size: samples that are learned from.
        runner: where trainings run.
        store: where they are written, if anywhere.
        watch: the clock, and who is told.
        notes: what the user should know; it grows.
    """

    settings: Settings
    results: StudyResults
    full_size: int
    runner: Serial | Workers
    store: Store | None
    watch: Watch
    notes: list[str] = field(default_factory=list)
    _fresh: list[float] = field(default_factory=list)

    def run(self) -> str:
        """All trainings. Ctrl-C, the callback, the time limit and a full disk end it early.

        Returns:
            ``"finished"``, ``"interrupted"``, ``"callback"``, ``"time"`` or ``"disk"``.
        """
        reason = "finished"
        try:
            self._tune()
            self._race()
            self._sizes()
        except KeyboardInterrupt:
            reason = "interrupted"
        except Stop as stop:
            reason = stop.reason
        except CheckpointError as error:
            reason = "disk"
            self.notes.append(f"{error.message} The trainings that were written before are kept.")
        finally:
            self.runner.close(now=reason != "finished")
            self.watch.close(reason)
        return reason

    def _tune(self) -> None:
        rates = self.settings.learn_rates
        if len(rates) > 1:
            self._all(
                [
                    RunSpec(each.name, "tuning", self.full_size, TUNING_SEED, rate)
                    for rate in rates
                    for each in self.results.candidates
                ]
            )

    def _race(self) -> None:
        rates = chosen_rates(self.results, self.settings)
        asked = question(self.settings)
        while True:
            outcomes = self.results.outcomes(self.full_size, self.settings.judge)
            wanted = [
                RunSpec(name, "race", self.full_size, seed, rates[name]) for name, seed in next_runs(outcomes, asked)
            ]
            if not wanted or not self._all(wanted):
                return

    def _sizes(self) -> None:
        sizes = [size for size in self.settings.train_sizes if size < self.full_size]
        outcomes = self.results.outcomes(self.full_size, self.settings.judge)
        if not sizes or not outcomes.candidates:
            return
        stopped = stops(outcomes, question(self.settings))
        worse = {name for name, stop in stopped.items() if stop.reason in ("better", "failed")}
        rates = chosen_rates(self.results, self.settings)
        # rivals stay: a learning curve without them answers no question
        kept = [each for each in self.results.candidates if each.name not in worse or each.kind != "schedule"]
        kept = [each for each in kept if each.name not in outcomes.failed]
        for size in sorted(sizes, reverse=True):
            seeds = range(1, self.settings.size_seeds + 1)
            self._all([RunSpec(each.name, "sizes", size, seed, rates[each.name]) for seed in seeds for each in kept])

    def _all(self, specs: Sequence[RunSpec]) -> bool:
        """Runs those of some trainings that are not there; whether there were any that had not been asked for before."""
        new = [spec for spec in specs if spec.key not in self.results.results]
        if not new:
            return False
        left = len(new)
        self._tell({"event": "round", "phase": new[0].phase}, left)
        for result in self.runner.run(new, self.watch.poll):
            if self.store is not None:
                self.store.save(result)
            self.results.add(result)
            self._fresh.append(result.seconds)
            left -= 1
            self._log(result)
            self._tell({"event": "run", "result": result, "phase": result.spec.phase}, left)
        return True

    def _log(self, result: RunResult) -> None:
        spec = result.spec
        scores = {
            f"{name}/{part}": getattr(score, part)
            for name, score in result.transforms.items()
            for part in ("validation", "test")
        }
        metrics = {**scores, "seconds": result.seconds, "seed": spec.seed, "learn_rate": spec.learn_rate}
        # loggers keep letters, digits, spaces and dashes as they are, but none keeps a bar
        name = spec.candidate.replace(" | ", "-")
        known = {f"{name}/{key}": float(value) for key, value in metrics.items() if not np.isnan(value)}
        self.watch.log(known, len(self.results.results))

    def _tell(self, event: dict[str, Any], left: int) -> None:
        if self.watch.on_progress is None:
            return
        most = max_runs(self.settings, len(self.results.candidates), self.full_size)
        seconds = float(np.nanmean(self._fresh)) if self._fresh and not np.isnan(self._fresh).all() else float("nan")
        done = len(self.results.results)
        self.watch.tell(
            {
                **event,
                "done": done,
                "left": left,
                "most": most,
                "seconds": self.watch.seconds,
                "seconds_left": seconds * left / self.runner.workers,
                "seconds_left_at_most": seconds * max(0, most - done) / self.runner.workers,
                **self._standing(),
            }
        )

    def _standing(self) -> dict[str, Any]:
        """Which candidate leads, and how many others are open."""
        outcomes = self.results.outcomes(self.full_size, self.settings.judge)
        if not outcomes.candidates or not any(map(outcomes.seeds, outcomes.candidates)):
            return {"leader": None, "open": len(outcomes.candidates)}
        asked = question(self.settings)
        first = leader(outcomes)
        stopped = stops(outcomes, asked)
        return {"leader": first, "open": sum(name not in stopped for name in outcomes.candidates if name != first)}


def question(settings: Settings) -> Question:
    """What the statistics are asked for.

    Args:
        settings: of the study.
    """
    return Question(
        alpha=settings.alpha, margin=settings.margin, first_seeds=settings.first_seeds, max_seeds=settings.max_seeds
    )


def chosen_rates(results: StudyResults, settings: Settings) -> dict[str, float]:
    """The learning rate of each candidate: that of the best validation score of its tuning, the smaller one of equals.

    Args:
        results: with the trainings of the tuning.
        settings: of the study.
    """
    found: dict[str, float] = {}
    for each in results.candidates:
        own = results.of(lambda spec, each=each: spec.phase == "tuning" and spec.candidate == each.name)
        scored = [
            (result.transforms[settings.judge].validation, -result.spec.learn_rate)
            for result in own
            if settings.judge in result.transforms
        ]
        found[each.name] = -max(scored)[1] if scored else settings.learn_rates[0]
    return found


def max_runs(settings: Settings, candidates: int, full_size: int) -> int:
    """How many trainings a study has at most.

    Args:
        settings: of the study.
        candidates: how many there are.
        full_size: samples that are learned from.
    """
    rates, sizes = len(settings.learn_rates), sum(size < full_size for size in settings.train_sizes)
    return candidates * ((rates if rates > 1 else 0) + settings.max_seeds + sizes * settings.size_seeds)


Made = Callable[[], RunResult]
