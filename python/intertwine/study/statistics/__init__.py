"""What the scores of a study say: intervals that hold at every look, verdicts, and which runs come next.

NumPy and SciPy only. Scores are higher where they are better.

Example:
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> test = {name: rng.random((6, 400)) < rate for name, rate in {"D4": 0.9, "C1": 0.5}.items()}
    >>> outcomes = Outcomes({name: scores.mean(1) for name, scores in test.items()}, test)
    >>> [(verdict.candidate, verdict.kind) for verdict in verdicts(outcomes, Settings(margin=0.05))]
    [('C1', 'better')]
"""

from intertwine.study.statistics.intervals import Interval, difference_interval, score_interval, t_threshold
from intertwine.study.statistics.outcomes import Outcomes, Settings
from intertwine.study.statistics.race import next_runs, stops
from intertwine.study.statistics.simulation import Simulation, simulate
from intertwine.study.statistics.verdicts import Verdict, leader, score_intervals, verdicts

__all__ = [
    "Interval",
    "Outcomes",
    "Settings",
    "Simulation",
    "Verdict",
    "difference_interval",
    "leader",
    "next_runs",
    "score_interval",
    "score_intervals",
    "simulate",
    "stops",
    "t_threshold",
    "verdicts",
]
