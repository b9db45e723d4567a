"""What a study that was run says of itself: order, words, pictures, report, code, two studies as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from intertwine.errors import ArgumentError
from intertwine.study import SymmetryStudy, symmetry_study
from intertwine.study.result.report import pictures_of
from intertwine.study.statistics import verdicts


def bars() -> tuple[torch.Tensor, torch.Tensor]:
    """Bars that stand or lie."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.zeros(80, 1, 9, 9), torch.arange(80) % 2
    for image, kind in zip(x, y):
        place = int(torch.randint(1, 8, (), generator=generator))
        image[0, 1:8, place] += kind
        image[0, place, 1:8] += 1 - kind
    return x, y


def run(**changes: object) -> SymmetryStudy:
    settings: dict[str, object] = {
        "schedules": ["C4", "D1"], "rivals": ["plain"], "depth": 2, "budget": {"parameters": 500}, "learn_rates": [0.03],
        "epochs": 3, "transforms": ["as_is", "rotations"], "max_seeds": 3, "train_sizes": [24], "size_seeds": 2,
    }  # fmt: skip
    return symmetry_study(*bars(), **{**settings, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def study() -> SymmetryStudy:
    return run()


def test_the_order_is_that_of_the_statistics(study: SymmetryStudy) -> None:
    ranks = study.rank_results()
    assert ranks[0]["candidate"] == study.leader()
    said = {verdict.candidate: verdict.kind for verdict in study.verdicts()}
    assert {row["candidate"]: row["leader_is"] for row in ranks[1:]} == said
    assert all(-1 <= row["low"] <= row["difference"] <= row["high"] <= 1 for row in ranks[1:])
    turned = study.rank_results("rotations")
    scores = study.outcomes(transform="rotations").test
    assert turned[0]["test"] == pytest.approx(scores[turned[0]["candidate"]].mean())


def test_the_answer_has_all_parts(study: SymmetryStudy) -> None:
    answer = study.answer()
    assert pictures_of(answer) == ["schedules", "angles", "sizes", "cost"]
    assert {row["candidate"] for row in answer.angles} == {"C4", "D1", "plain"}
    assert (answer.n_train, answer.n_test) == (60, 20)
    means = study.collect_metrics()
    assert {row["n"] for row in means if row["phase"] == "sizes"} == {2}
    assert study.leader() in study.summary()


def test_angles_are_means_over_the_images_of_a_sector(study: SymmetryStudy) -> None:
    degrees = study.test_angles
    assert degrees is not None
    upright = (degrees < 22.5) | (degrees >= 337.5)
    scores = study.outcomes(transform="rotations").test["plain"].mean(axis=0)
    [row] = [row for row in study.answer().angles if row["candidate"] == "plain" and row["degrees"] == 0]
    assert row["score"] == pytest.approx(scores[upright].mean())


def test_pictures_report_and_files(study: SymmetryStudy, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for figure in (study.plot_schedules(), study.plot_angles(), study.plot_sizes(), study.plot_cost()):
        figure.canvas.draw()
    study.report(tmp_path / "study.html")
    study.write_csv(tmp_path / "study.csv")
    assert "Which symmetry helps?" in (tmp_path / "study.html").read_text("utf-8")
    assert len((tmp_path / "study.csv").read_text("utf-8").splitlines()) == len(study.table()) + 1


def test_code_builds_the_candidate(study: SymmetryStudy) -> None:
    x, y = bars()
    for candidate in study.candidates:
        names: dict[str, object] = {"x": x, "y": y}
        exec(study.code(candidate.name)["Python"], names)
        made, own = names["model"], candidate.build()
        assert isinstance(made, torch.nn.Module)
        assert {name: value.shape for name, value in made.state_dict().items()} == {
            name: value.shape for name, value in own.state_dict().items()
        }


def test_two_studies_are_one(study: SymmetryStudy) -> None:
    more = run(schedules=["C4", "C4 | C1"], rivals=[], max_seeds=4)
    both = study + more
    assert [each.name for each in both.candidates] == ["C4", "D1", "plain", "C4 | C1"]
    keys = {result.spec.key for part in (study, more) for result in part.results.ordered()}
    assert {result.spec.key for result in both.results.ordered()} == keys
    longer = both.update(max_seeds=4)
    assert len(longer.results.ordered()) >= len(keys)
    assert {verdict.candidate for verdict in verdicts(longer.outcomes(), study_question(longer))} == {
        each.name for each in both.candidates if each.name != longer.leader()
    }


def study_question(study: SymmetryStudy):
    from intertwine.study.runs.loop import question

    return question(study.settings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"epochs": 2}, "differ in epochs: epochs is 3"), ({"seed": 1}, "other data"), ({"schedules": ["D4"]}, "moved")],
)
def test_studies_that_differ_are_not_put_together(study: SymmetryStudy, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        study.combine(run(**{"train_sizes": [], **changes}))


def test_fit_best_can_be_watched(study: SymmetryStudy) -> None:
    seen: list[object] = []
    result = study.fit_best("plain", epochs=1, on_batch=seen.append)
    assert seen
    assert len(result.history) == 1
    assert np.isfinite(result.history[0]["loss"])
