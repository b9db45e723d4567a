"""From a study to its answer: what the pictures, the words and the report are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.errors import ArgumentError
from intertwine.study.design.backbones import Backbone
from intertwine.study.design.candidates import Candidate
from intertwine.study.design.schedules import label
from intertwine.study.result import Answer, Network, python_code, r_code, standings
from intertwine.study.result.table import angle_rows, binned_angles
from intertwine.study.runs.loop import question

if TYPE_CHECKING:
    from intertwine.study.symmetry import SymmetryStudy

_TOLD = ("epochs", "batch_size", "budget", "learn_rates", "backbone", "depth", "validation_share", "max_seeds", "seed")


def answer_of(study: SymmetryStudy, transform: str | None = None) -> Answer:
    """The answer of a study.

    Args:
        study: finished or not.
        transform: of the test samples; the one that decides if left out.

    Raises:
        ArgumentError: if no candidate has been trained yet.
    """
    settings, table = study.settings, study.table()
    judge = settings.judge if transform is None else transform
    outcomes = study.outcomes(transform=judge)
    if not any(map(outcomes.seeds, outcomes.candidates)):
        raise ArgumentError(
            "the study has compared no candidates yet", hint="go on with update(), or with the same call and folder"
        )
    own = [row for row in table if row["phase"] == "race" and row["transform"] in (judge, "")]
    schedules = {each.name: each.schedule for each in study.candidates}
    share = study.results.metric == "accuracy"
    bounds = (0.0, 1.0) if share else (-math.inf, math.inf)
    order = standings(outcomes, question(settings), own, schedules, bounds)
    return Answer(
        standings=order,
        rows=table,
        metric=study.results.metric,
        judge=judge,
        margin=settings.margin,
        alpha=settings.alpha,
        n_train=len(study.data.pool),
        n_test=len(study.data.test),
        angles=_angles(study),
        dimension=study.dimension,
        stopped=study.stopped,
        settings=told(study),
    )


def told(study: SymmetryStudy) -> dict[str, Any]:
    """What was fixed for all candidates, in words for the report.

    Args:
        study: finished or not.
    """
    plain = study.settings.plain()
    return {name: _told(plain[name]) for name in _TOLD} | {"trainings": len(study.results.results)}


def winner_code(study: SymmetryStudy, candidate: str | None = None) -> dict[str, str]:
    """The code of a candidate in Python and R, ready to paste.

    Args:
        study: finished or not.
        candidate: by name; the leader if left out.
    """
    name = study.leader() if candidate is None else candidate
    chosen = next(each for each in study.candidates if each.name == name)
    settings = study.settings
    training: dict[str, Any] = {
        "epochs": settings.epochs, "batch_size": settings.batch_size, "learn_rate": study.learn_rates[name],
    }  # fmt: skip
    more = {key: value for key, value in settings.recipe.items() if key not in ("labels", "n_classes")}
    training |= {key: value for key, value in more.items() if isinstance(value, (str, int, float, bool))}
    if isinstance(settings.loss, str):
        training["loss"] = settings.loss
    network = _network(chosen, study, training)
    if network is None:
        own = f"schedule {label(chosen.schedule)}" if chosen.schedule else "no schedule"
        built = f"is built by your own function, with {own} and width {chosen.width}"
        if isinstance(chosen.builder, Backbone):
            built = f"is that of the group of one element as layers of torch, with widths {chosen.width}"
        note = f"The network {built}, and trained with"
        lines = [f"# {note}", *(f"#   {key} = {value}" for key, value in training.items())]
        python = "\n".join([*lines, "fitted = study.fit_best()", ""])
        return {"Python": python, "R": "\n".join([*lines, "fitted <- study_best(study)", ""])}
    return {"Python": python_code(network), "R": r_code(network)}


def _network(chosen: Candidate, study: SymmetryStudy, training: Mapping[str, Any]) -> Network | None:
    builder = chosen.builder
    family = builder.family(chosen.schedule) if isinstance(builder, Backbone) else None
    if not isinstance(builder, Backbone) or family is None:
        return None
    if chosen.kind == "augmented":
        training = {**training, "augment": "rotations"}
    return Network(
        family=family,
        dimension=builder.dimension,
        channels=builder.channels,
        outputs=builder.outputs,
        size=builder.size,
        schedule=chosen.schedule,
        widths=chosen.width if isinstance(chosen.width, tuple) else (chosen.width,),
        options=builder.choices,
        training=training,
    )


def _angles(study: SymmetryStudy) -> list[dict[str, Any]]:
    """Scores by angle: of test images that were all turned by given angles, or each by an angle of its own."""
    given = angle_rows(row for row in study.table() if row["phase"] == "race")
    degrees = study.test_angles
    if given or degrees is None:
        return given
    scores = study.outcomes(transform="rotations").test
    return binned_angles({name: np.asarray(each).mean(axis=0) for name, each in scores.items() if len(each)}, degrees)


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
