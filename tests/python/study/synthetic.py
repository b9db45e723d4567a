"""A study that was never run: results drawn from a seeded generator, for tests of tables, pictures and words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from intertwine.study.result.answer import Answer, Standing, schedule_label

CANDIDATES: dict[str, tuple[str, tuple[str, ...] | None, float]] = {
    "D4 | D4 | C1": ("schedule", ("D4", "D4", "C1"), 0.962),
    "D4 | D4 | D1": ("schedule", ("D4", "D4", "D1"), 0.957),
    "C4 | C4 | C1": ("schedule", ("C4", "C4", "C1"), 0.951),
    "D4 | C1 | C1": ("schedule", ("D4", "C1", "C1"), 0.948),
    "D4 | C4 | C1": ("schedule", ("D4", "C4", "C1"), 0.955),
    "plain": ("plain", None, 0.933),
    "augmented": ("augmented", None, 0.871),
    "C4": ("schedule", ("C4",) * 3, 0.872),
    "D4": ("schedule", ("D4",) * 3, 0.842),
}


def synthetic_answer(seed: int = 0, *, metric: str = "accuracy", sizes: tuple[int, ...] = (100, 300, 1000)) -> Answer:
    """An answer with all of its parts, such as a study of digits might give."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    standings: list[Standing] = []
    best = 0.0
    for rank, (name, (kind, schedule, truth)) in enumerate(CANDIDATES.items(), start=1):
        seeds = (12, 12, 9, 7, 12, 4, 3, 3, 3)[rank - 1]
        runs = [(sizes[-1], "race", k) for k in range(1, seeds + 1)]
        runs += [(size, "sizes", k) for size in sizes[:-1] for k in range(1, 4)]
        scores = []
        for size, phase, k in runs:
            test = truth - 0.12 * math.log10(sizes[-1] / size) + 0.008 * generator.standard_normal()
            scores += [test] if phase == "race" else []
            for transform in ("as_is", "rotations"):
                turned = {"as_is": 0.0}.get(transform, 0.03 if kind == "augmented" or name in ("C4", "D4") else 0.35)
                rows.append({
                    "candidate": name, "kind": kind, "schedule": schedule_label(schedule) if schedule else "",
                    "phase": phase, "train_size": size, "seed": k, "learn_rate": 0.01, "transform": transform,
                    "metric": metric, "validation": test + 0.004, "test": test - turned, "n_test": 450,
                    "parameters": 19_000 + 100 * rank, "operations": 1_000_000 * rank, "seconds": 2.0 + rank / 10,
                    "memory_mb": 300.0, "equivariance_error": 0.0 if name == "D4" else 0.1, "status": "ok", "message": "",
                })  # fmt: skip
        mean = float(np.mean(scores))
        best = mean if rank == 1 else best
        gap, half = best - mean, 0.02 / math.sqrt(seeds)
        verdict = "" if rank == 1 else "better" if gap > half else "equivalent" if gap + half < 0.01 else "undecided"
        counts = {"parameters": 19_000 + 100 * rank, "operations": 1_000_000 * rank}
        scores_of = {"validation": mean + 0.004, "test": mean, "test_low": mean - half, "test_high": mean + half}
        beside = {"leader_is": verdict, "difference": gap, "low": gap - half, "high": gap + half}
        beside |= {"more_seeds": 14 if verdict == "undecided" else None, "more_samples": None, "reason": ""}
        costs = {"seconds": 2.0 + rank / 10, "memory_mb": 300.0, "equivariance_error": 0.0, "learn_rate": 0.01}
        standings.append(Standing(rank, name, kind, schedule, seeds, **scores_of, **beside, **counts, **costs))
    angles = [
        {"candidate": each.candidate, "degrees": float(degrees), "score": each.test - _loss(each, degrees)}
        for each in standings
        for degrees in range(0, 360, 15)
    ]
    return Answer(
        standings, rows, metric, "as_is", 0.01, 0.05, sizes[-1], 450, angles, settings={"epochs": 8, "batch_size": 64}
    )


def _loss(each: Standing, degrees: float) -> float:
    """How much is lost on images that are turned by an angle."""
    if each.candidate in ("C4", "D4"):
        return 0.04 * math.sin(2 * math.radians(degrees)) ** 2
    return 0.05 if each.kind == "augmented" else 0.65 * math.sin(math.radians(degrees / 2)) ** 0.8
