"""Tables, pictures, words and reports of studies."""

import csv
import dataclasses
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from intertwine.errors import ArgumentError, MissingDependencyError
from intertwine.study.design.backbones import Backbone
from intertwine.study.result import (
    PICTURES,
    Network,
    mean_rows,
    python_code,
    r_code,
    standings,
    summary_lines,
    write_csv,
    write_parquet,
    write_report,
)
from intertwine.study.result.report import pictures_of
from intertwine.study.result.words import beside, what_it_cannot_say, what_it_costs
from intertwine.study.statistics import Outcomes, Settings, verdicts

from .synthetic import synthetic_answer


def outcomes() -> Outcomes:
    generator = np.random.default_rng(3)
    rates = {"D4": 0.95, "C1": 0.6, "plain": 0.94}
    test = {name: generator.random((8, 300)) < rate for name, rate in rates.items()}
    return Outcomes({name: scores.mean(1) for name, scores in test.items()}, test, {"C8": "it did not fit"})


ROWS = [
    {"candidate": name, "kind": "plain" if name == "plain" else "schedule", "parameters": 10, "operations": 20}
    | {"seconds": seconds, "memory_mb": 2.0, "equivariance_error": 0.0, "learn_rate": 0.01}
    for name in ("D4", "C1", "plain")
    for seconds in (1.0, 3.0)
]


def test_the_order_has_the_leader_first_and_what_failed_last() -> None:
    order = standings(outcomes(), Settings(margin=0.02), ROWS, {"D4": ("D4",) * 3})
    assert [each.candidate for each in order] == ["D4", "plain", "C1", "C8"]
    assert [each.rank for each in order] == [1, 2, 3, 4]
    assert order[0].leader_is == ""
    assert order[2].leader_is == "better"
    assert order[3].leader_is == "failed"
    assert order[3].reason == "it did not fit"
    assert order[0].schedule == ("D4",) * 3
    assert order[0].seconds == 2.0
    said = {verdict.candidate: verdict for verdict in verdicts(outcomes(), Settings(margin=0.02))}
    assert (order[1].low, order[1].high) == (said["plain"].difference.low, said["plain"].difference.high)


def test_means_are_over_trainings_that_did_not_fail() -> None:
    rows = [dict(row) for row in synthetic_answer().rows if row["candidate"] == "plain" and row["phase"] == "race"]
    rows[0] |= {"status": "failed", "test": float("nan")}
    kept = [row["test"] for row in rows[1:] if row["transform"] == "as_is"]
    [as_is] = [row for row in mean_rows(rows) if row["transform"] == "as_is"]
    assert as_is["n"] == len(kept)
    assert as_is["mean"] == pytest.approx(np.mean(kept))
    assert as_is["std_err"] == pytest.approx(np.std(kept, ddof=1) / len(kept) ** 0.5)


def test_csv_holds_every_number_in_full(tmp_path: Path) -> None:
    rows = synthetic_answer().rows
    write_csv(rows, tmp_path / "study.csv")
    with (tmp_path / "study.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == list(rows[0])
    assert len(read) == len(rows)
    assert all(float(a["test"]) == b["test"] and a["schedule"] == b["schedule"] for a, b in zip(read, rows))


def test_parquet_keeps_types_or_says_what_is_missing(tmp_path: Path) -> None:
    rows = synthetic_answer().rows
    try:
        import pyarrow.parquet
    except ImportError:
        with pytest.raises(MissingDependencyError, match="pyarrow"):
            write_parquet(rows, tmp_path / "study.parquet")
        return
    write_parquet(rows, tmp_path / "study.parquet")
    assert pyarrow.parquet.read_table(tmp_path / "study.parquet").to_pylist() == [dict(row) for row in rows]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_show_the_candidates(name: str) -> None:
    pytest.importorskip("matplotlib")
    answer = synthetic_answer()
    figure = PICTURES[name](answer)
    figure.canvas.draw()
    words = {text.get_text() for text in figure.findobj(lambda part: hasattr(part, "get_text"))}
    assert {"plain", "augmented"} <= words
    assert ("the leader" if name == "schedules" else answer.leader.label) in words


def test_intervals_in_the_picture_are_those_of_the_answer() -> None:
    pytest.importorskip("matplotlib")
    answer = synthetic_answer()
    bars = PICTURES["schedules"](answer).axes[1]
    drawn = [line.get_xdata() for line in bars.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 2]
    assert np.allclose(drawn, [[-100 * each.high, -100 * each.low] for each in answer.compared])


def test_pictures_without_data_say_what_to_give() -> None:
    pytest.importorskip("matplotlib")
    bare = dataclasses.replace(synthetic_answer(sizes=(1000,)), angles=())
    assert pictures_of(bare) == ["schedules", "cost"]
    with pytest.raises(ArgumentError, match="train_sizes"):
        PICTURES["sizes"](bare)
    with pytest.raises(ArgumentError, match="transforms"):
        PICTURES["angles"](bare)


def test_words_name_symmetry_depth_difference_and_interval() -> None:
    answer = synthetic_answer()
    decided = [each for each in answer.standings if each.leader_is != "undecided"]
    answer = dataclasses.replace(answer, standings=decided)
    lines = summary_lines(answer)
    assert lines[0] == (
        "Take the network D4 | D4 | C1, which knows quarter turns and mirror images in the first 2 of 3 blocks, and no "
        "symmetry above."
    )
    plain = next(each for each in answer.compared if each.kind == "plain")
    assert f"better than plain by {100 * plain.difference:.1f} points" in " ".join(lines)
    assert f"(between {100 * plain.low:.1f} and {100 * plain.high:.1f} points)" in " ".join(lines)


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ({"leader_is": "equivalent"}, "is as good as D4 | D4 | C1, within the margin"),
        ({"leader_is": "undecided", "more_seeds": 1}, "About 1 more training of each would decide"),
        ({"leader_is": "samples", "more_samples": 900}, "about 900 more would"),
        ({"leader_is": "worse", "difference": -0.02, "low": -0.03, "high": -0.01}, "better by 2.0 points (between 1.0 and 3.0"),
        ({"leader_is": "failed", "reason": "no memory"}, "has no result: no memory"),
    ],
)  # fmt: skip
def test_words_of_each_verdict(verdict: dict[str, object], said: str) -> None:
    answer = synthetic_answer()
    assert said in beside(answer, dataclasses.replace(answer.standings[1], **verdict))


def test_words_name_the_cheaper_network_and_what_is_open() -> None:
    answer = synthetic_answer()
    first, second, third = answer.standings[:3]
    cheaper = dataclasses.replace(second, leader_is="equivalent", operations=first.operations // 4)
    changed = dataclasses.replace(
        answer, standings=[first, cheaper, dataclasses.replace(third, leader_is="samples")], stopped="time"
    )
    assert "as good within the margin, with 25% of the operations" in what_it_costs(changed)
    assert any(third.label in line for line in what_it_cannot_say(changed))
    assert "its time was up" in what_it_cannot_say(changed)[0]


def test_losses_are_no_percents() -> None:
    answer = synthetic_answer(metric="mse")
    assert "%" not in " ".join(summary_lines(answer)).replace("95%", "").replace("17%", "")


class Page(HTMLParser):
    """The tags of a page that are open, and all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_file_with_its_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    answer = synthetic_answer()
    path = tmp_path / "report.html"
    write_report(answer, path, {"Python": "x <- 1 & 2\n"})
    text = path.read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert not page.open
    assert page.seen.count("img") == 4
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]*)"', text))
    assert "x &lt;- 1 &amp; 2" in text
    assert list(tmp_path.iterdir()) == [path]
    assert all(f"<td>{each.label}</td>" in text for each in answer.standings)


def test_markdown_has_its_pictures_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_report(synthetic_answer(), tmp_path / "report.md", {"R": "library(intertwine)\n"})
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\]\((report_files/\w+\.png)\)", text)
    assert len(pictures) == 4
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    assert "```r\nlibrary(intertwine)\n```" in text


def test_reports_have_one_of_two_endings(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"\.html or \.md"):
        write_report(synthetic_answer(), tmp_path / "report.pdf", {})


TRAINING = {"epochs": 1, "batch_size": 8, "learn_rate": 0.01, "schedule": "onecycle"}
CNN = Network("equivariant_cnn", 2, 1, 3, (9, 9), ("D4", "D4", "D1"), (2, 2, 4), {"kernel_size": 3}, TRAINING)


@pytest.mark.parametrize(
    ("backbone", "size", "schedule", "widths", "options"),
    [
        ("cnn", (9, 9), ("D4", "D4", "D1"), (2, 2, 4), {"kernel_size": 3}),
        ("cnn", (9, 9), None, (2, 2, 4), {"kernel_size": 3, "dropout": 0.2}),
        ("cnn", (9,), ("D1", "C1", "C1"), (2, 2, 4), {}),
        ("cnn", (9,), None, (2, 2, 4), {}),
        ("cnn", (9, 9, 9), ("Oh", "C4", "C1"), (1, 1, 1), {}),
        ("cnn", (9, 9, 9), None, (1, 1, 1), {}),
        ("resnet", (9, 9), ("D4", "D4", "D1"), (2, 2, 4), {"depths": (1, 1, 1)}),
        ("resnet", (9, 9), None, (4, 4, 8), {"bottleneck": True}),
        ("unet", (9, 9), ("D4", "D4"), (2, 2), {"depth": 1}),
        ("unet", (9, 9), None, (2, 4), {"padding_mode": "reflect"}),
        ("unet", (9, 9, 9), None, (2, 4), {}),
    ],
)  # fmt: skip
def test_code_of_the_winner_builds_the_network_of_the_study(
    backbone: str, size: tuple[int, ...], schedule: Any, widths: Any, options: dict[str, Any]
) -> None:
    import torch

    builder = Backbone(backbone, len(size), 1, 3, size, tuple(map(float, widths)), options)
    family = builder.family(schedule)
    assert family is not None
    network = Network(family, len(size), 1, 3, size, schedule, widths, builder.choices, TRAINING)
    torch.manual_seed(1)
    expected = builder(schedule, widths)
    wanted = (12, *size) if backbone == "unet" else (12,)
    generator = torch.Generator().manual_seed(0)
    names: dict[str, Any] = {
        "x": torch.rand(12, 1, *size, generator=generator),
        "y": torch.arange(3).repeat_interleave(math.prod(wanted) // 3).reshape(wanted),
    }
    torch.manual_seed(1)
    exec(python_code(network), names)
    state = names["model"].state_dict()  # fit() trains a copy
    assert state.keys() == expected.state_dict().keys()
    assert all(torch.equal(state[key], value) for key, value in expected.state_dict().items())
    assert repr(names["model"]) == repr(expected)
    assert names["fitted"].module(names["x"][:2]).shape == (2, 3, *wanted[1:])


def test_code_in_r_counts_blocks_from_one() -> None:
    assert r_code(CNN) == (
        "library(intertwine)\n\n# x: images(), y: a factor or measurements\nfitted <- equivariant_cnn(\n  x, y,\n"
        '  group = gspace_flip_rot2d(N = 4),\n  restrict = list("3" = gspace_flip2d()),\n  widths = c(2, 2, 4),\n'
        '  kernel_size = 3,\n  epochs = 1,\n  batch_size = 8,\n  learn_rate = 0.01,\n  schedule = "onecycle"\n)\n'
    )
