"""The order of the candidates, from the scores and what was measured beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from intertwine.study.result.answer import Standing
from intertwine.study.statistics import Outcomes, Settings, leader, score_intervals, verdicts


def standings(
    outcomes: Outcomes,
    settings: Settings,
    rows: Sequence[Mapping[str, Any]],
    schedules: Mapping[str, tuple[str, ...] | None],
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> list[Standing]:
    """The candidates: the leader, then the others by their difference to it on test images, then those that failed.

    Args:
        outcomes: the scores that decide.
        settings: what the study asks.
        rows: the rows of these trainings in the tidy table.
        schedules: the schedule of each candidate, or ``None``.
        bounds: between which all scores lie: intervals end there.
    """
    least, most = bounds
    widest = most - least
    first = leader(outcomes)
    said = {verdict.candidate: verdict for verdict in verdicts(outcomes, settings)}
    spans = score_intervals(outcomes, settings)
    order = [first, *sorted(said, key=lambda name: said[name].difference.estimate), *outcomes.failed]
    out = []
    for rank, name in enumerate(order, start=1):
        own = [row for row in rows if row["candidate"] == name]
        verdict, span = said.get(name), spans.get(name)
        failed = name in outcomes.failed
        gap = verdict.difference if verdict else None
        out.append(
            Standing(
                rank=rank,
                candidate=name,
                kind=next((row["kind"] for row in own), "schedule"),
                schedule=schedules.get(name),
                seeds=0 if failed else outcomes.seeds(name),
                validation=math.nan if failed else float(np.mean(outcomes.validation[name])),
                test=math.nan if failed else float(np.mean(outcomes.test[name])),
                test_low=max(span.low, least) if span else math.nan,
                test_high=min(span.high, most) if span else math.nan,
                leader_is="failed" if failed else verdict.kind if verdict else "",
                difference=gap.estimate if gap else math.nan if failed else 0.0,
                low=max(gap.low, -widest) if gap else math.nan,
                high=min(gap.high, widest) if gap else math.nan,
                more_seeds=verdict.more_seeds if verdict else None,
                more_samples=verdict.more_samples if verdict else None,
                reason=outcomes.failed.get(name, ""),
                parameters=int(_first(own, "parameters") or 0),
                operations=int(_first(own, "operations") or 0),
                seconds=float(np.mean([row["seconds"] for row in own])) if own else math.nan,
                memory_mb=float(max((row["memory_mb"] for row in own), default=math.nan)),
                equivariance_error=float(max((row["equivariance_error"] for row in own), default=math.nan)),
                learn_rate=float(_first(own, "learn_rate") or math.nan),
            )
        )
    return out


def _first(rows: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((row[name] for row in rows), None)
