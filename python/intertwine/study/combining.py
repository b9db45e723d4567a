"""Two studies of the same data as one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from intertwine.errors import ArgumentError
from intertwine.study.design.schedules import label
from intertwine.study.runs.records import StudyResults

if TYPE_CHECKING:
    from intertwine.study.symmetry import SymmetryStudy

_MAY_DIFFER = ("schedules", "spaces", "most_schedules", "rivals", "max_seeds", "time_limit", "parallel", "train_sizes")


def combined(study: SymmetryStudy, other: SymmetryStudy) -> SymmetryStudy:
    """One study of the candidates and the trainings of two.

    Args:
        study: the first.
        other: the second.

    Raises:
        ArgumentError: if data or settings differ, or a name means two networks.
    """
    if study.data.identity() != other.data.identity():
        raise ArgumentError(
            "the studies are of other data, so that their scores cannot be compared", hint="give both the same data"
        )
    mine, theirs = study.settings.plain(), other.settings.plain()
    differing = [name for name in mine if name not in _MAY_DIFFER and mine[name] != theirs[name]]
    if differing:
        name = differing[0]
        raise ArgumentError(
            f"the studies differ in {', '.join(differing)}: {name} is {mine[name]!r} in one and {theirs[name]!r} in the other",
            hint="make both with the same settings",
        )
    candidates = {each.name: each for each in other.candidates} | {each.name: each for each in study.candidates}
    for each in other.candidates:
        same = candidates[each.name]
        if (each.kind, each.schedule, each.width) != (same.kind, same.schedule, same.width):
            raise ArgumentError(f"the candidate {each.name} is another network in each of the studies")
    job, second = study._job, other._job
    if job is None or second is None:
        raise ArgumentError(
            "a study without its data cannot be combined", hint="run symmetry_study again with its folder"
        )
    if job.largest != second.largest:
        raise ArgumentError(
            f"rivals are moved, and equivariance is measured, by {job.largest} in one study and by {second.largest} in the other",
            hint="give both the same largest group",
        )
    order = dict.fromkeys(each.name for each in (*study.candidates, *other.candidates))
    results = StudyResults([candidates[name] for name in order], study.results.metric)
    for each in (*other.results.ordered(), *study.results.ordered()):
        results.add(each)
    settings = dataclasses.replace(
        study.settings,
        schedules=tuple(label(each.schedule) for each in results.candidates if each.schedule),
        rivals=tuple(each.name for each in results.candidates if each.schedule is None),
        max_seeds=max(study.settings.max_seeds, other.settings.max_seeds),
        train_sizes=tuple(sorted({*study.settings.train_sizes, *other.settings.train_sizes})),
    )
    return dataclasses.replace(
        study,
        settings=settings,
        results=results,
        notes=[*dict.fromkeys([*study.notes, *other.notes])],
        seconds=study.seconds + other.seconds,
        folder=None,
        _resources={**study._resources, "folder": None},
        _job=dataclasses.replace(job, candidates={each.name: each for each in results.candidates}),
    )
