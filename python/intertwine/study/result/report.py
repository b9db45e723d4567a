"""The report: the whole answer on one page, as HTML with its pictures embedded or as Markdown."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from intertwine.disk import write_whole
from intertwine.errors import ArgumentError
from intertwine.study.result.answer import Answer, Standing
from intertwine.study.result.figures import PICTURES
from intertwine.study.result.group_words import depth_in_words
from intertwine.study.result.numbers import gap_text, number_text, score_text, time_text
from intertwine.study.result.table import mean_rows
from intertwine.study.result.words import (
    CAPTIONS,
    MEANING,
    TRANSFORMS,
    beside,
    how_good,
    how_sure,
    thing,
    what_it_cannot_say,
    what_it_costs,
    which,
)

TITLE = "Which symmetry helps?"
_TITLES = {
    "schedules": "The candidates",
    "angles": "When test images are turned",
    "sizes": "With fewer training images",
    "cost": "Cost and score",
}
_VERDICTS = {
    "better": "worse",
    "equivalent": "as good",
    "undecided": "undecided",
    "samples": "undecided",
    "worse": "better",
    "failed": "failed",
}
_STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; color: #222; max-width: 56rem; margin: 2.5rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; margin-bottom: .3rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.answer { background: #eef5fa; border-left: 5px solid #0072B2; padding: .8rem 1.2rem; }
.answer p:first-child { font-size: 1.15rem; font-weight: 600; } p { margin: .5rem 0; }
img { max-width: 100%; height: auto; } figure { margin: 1rem 0; } figcaption { color: #555; font-size: .92rem; }
table { border-collapse: collapse; font-size: .9rem; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f6f6f6; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; line-height: 1.4; }
"""

Table = tuple[list[str], list[list[str]]]
Block = tuple[str, Any]
"""One part of the page: ("title" | "section" | "answer" | "text" | "list" | "picture" | "table" | "code", what it holds)."""


def write_report(answer: Answer, path: str | Path, code: Mapping[str, str]) -> None:
    """Write the report.

    Args:
        answer: of the study.
        path: the file, with the ending ``.html`` (pictures are in the file) or ``.md`` (pictures are in a folder beside it).
        code: the code of the winner by language, such as ``"Python"``.

    Raises:
        ArgumentError: for another ending.
        MissingDependencyError: if matplotlib is not installed.
    """
    target = Path(path)
    writers: dict[str, Callable[[list[Block], Path], str]] = {".html": _html, ".htm": _html, ".md": _markdown}
    if target.suffix.lower() not in writers:
        raise ArgumentError(
            f"a report is a web page or a Markdown file, not {target.name!r}", hint="end its name in .html or .md"
        )
    text = writers[target.suffix.lower()](page(answer, code), target)
    write_whole(target, text.encode(), "report")


def page(answer: Answer, code: Mapping[str, str]) -> list[Block]:
    """The parts of the report from top to bottom.

    Args:
        answer: of the study.
        code: the code of the winner by language.
    """
    one = thing(answer)
    blocks: list[Block] = [
        ("title", TITLE),
        ("answer", [which(answer), MEANING, how_good(answer), what_it_costs(answer)]),
        ("section", "By how much, and how sure"),
        ("list", [beside(answer, each) for each in answer.standings[1:]]),
        ("text", how_sure(answer)),
        ("section", "What the data cannot say"),
        ("list", what_it_cannot_say(answer)),
    ]
    blocks += [("section", "The names"), ("table", _names(answer))]
    for name in pictures_of(answer):
        blocks += [("section", _TITLES[name]), ("picture", (name, _png(answer, name), CAPTIONS[name]))]
    blocks += [("section", "All candidates"), ("table", _standings(answer)), ("table", _costs(answer))]
    others = _other_transforms(answer)
    if others[1]:
        blocks += [
            ("section", f"On test {one}s that are moved"),
            (
                "text",
                f"Scores on the same test {one}s moved in other ways, as means over trainings. They decide nothing here.",
            ),
            ("table", others),
        ]
    for language, lines in code.items():
        blocks += [("section", f"The winner in {language}"), ("code", (language.lower(), lines))]
    blocks += [("section", "How it was done"), ("list", _how(answer))]
    return blocks


def pictures_of(answer: Answer) -> list[str]:
    """The pictures for which the study has data.

    Args:
        answer: of the study.
    """
    sizes = {row["train_size"] for row in answer.rows if row["phase"] != "tuning"}
    without = {"angles": not answer.angles, "sizes": len(sizes) < 2, "cost": not answer.leader.operations}
    return [name for name in PICTURES if not without.get(name)]


def _png(answer: Answer, name: str) -> bytes:
    buffer = io.BytesIO()
    PICTURES[name](answer).savefig(buffer, format="png", dpi=130)
    return buffer.getvalue()


def _standings(answer: Answer) -> Table:
    share = answer.is_share
    rows = []
    for each in answer.standings:
        first = each is answer.leader
        gap = "" if first else gap_text(each.difference, share, unit=False)
        interval = (
            "" if first else f"{gap_text(each.low, share, unit=False)} to {gap_text(each.high, share, unit=False)}"
        )
        verdict = "the leader" if first else _VERDICTS.get(each.leader_is, each.leader_is)
        scores = [score_text(each.validation, share), score_text(each.test, share)]
        rows.append([str(each.rank), each.label, *scores, gap, interval, verdict, str(each.seeds)])
    return ["", "network", "validation", "test", "behind the leader", "interval", "verdict", "trainings"], rows


def _costs(answer: Answer) -> Table:
    rows = [
        [
            each.label,
            number_text(each.parameters),
            number_text(each.operations),
            time_text(each.seconds),
            f"{each.memory_mb:.0f} MB",
            f"{each.learn_rate:g}",
            f"{each.equivariance_error:.1e}",
        ]
        for each in answer.standings
        if each.leader_is != "failed"
    ]
    return [
        "network",
        "parameters",
        "operations",
        "one training",
        "memory",
        "learning rate",
        "equivariance error",
    ], rows


def _other_transforms(answer: Answer) -> Table:
    size = max((row["train_size"] for row in answer.rows), default=0)
    means = {
        (row["candidate"], row["transform"]): row
        for row in mean_rows(row for row in answer.rows if row["phase"] == "race" and row["train_size"] == size)
    }
    named = [name for name in dict.fromkeys(key[1] for key in means) if name in TRANSFORMS and name != answer.judge]
    head = ["network", *(TRANSFORMS[name] for name in named)]
    rows = []
    for each in (answer.leader, *answer.compared) if named else ():
        scores = [means.get((each.candidate, name)) for name in named]
        rows.append([each.label, *(score_text(at["mean"], answer.is_share) if at else "" for at in scores)])
    return head, rows


def _names(answer: Answer) -> Table:
    return ["name", "what the network knows"], [[each.label, _knows(answer, each)] for each in answer.standings]


def _knows(answer: Answer, each: Standing) -> str:
    if each.schedule:
        return depth_in_words(each.schedule, answer.dimension)
    rivals = {
        "plain": "no symmetry",
        "augmented": "no symmetry, but its training images are turned or mirrored at random",
    }
    return rivals.get(each.kind, "what its maker has built in")


def _how(answer: Answer) -> list[str]:
    one = thing(answer)
    lines = [
        f"{answer.n_train} {one}s for training and validation, {answer.n_test} for the test; every candidate sees the same "
        f"split and the same order of {one}s in its training of the same number (paired).",
        "Each candidate chose its learning rate among the same ones, in trainings that count for nothing else.",
        "The leader is chosen on validation images, all differences are measured on test images.",
    ]
    return lines + [f"{name.replace('_', ' ')}: {value}" for name, value in answer.settings.items()]


def _html(blocks: list[Block], target: Path) -> str:
    out = [f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{TITLE}</title>']
    out.append(f'<meta name="viewport" content="width=device-width">\n<style>{_STYLE}</style>\n</head>\n<body>')
    say = html.escape
    for kind, what in blocks:
        if kind in ("title", "section", "text"):
            tag = {"title": "h1", "section": "h2", "text": "p"}[kind]
            out.append(f"<{tag}>{say(what)}</{tag}>")
        elif kind == "answer":
            out.append('<div class="answer">' + "".join(f"<p>{say(line)}</p>" for line in what) + "</div>")
        elif kind == "list":
            out.append("<ul>" + "".join(f"<li>{say(line)}</li>" for line in what) + "</ul>")
        elif kind == "picture":
            name, png, caption = what
            data = base64.b64encode(png).decode()
            out.append(f'<figure><img alt="{name}" src="data:image/png;base64,{data}">')
            out.append(f"<figcaption>{say(caption)}</figcaption></figure>")
        elif kind == "table":
            out.append(_html_table(*what))
        else:
            out.append(f"<pre><code>{say(what[1])}</code></pre>")
    return "\n".join([*out, "</body>\n</html>\n"])


def _html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numeric = [all(not row[k] or row[k][0] in "-0123456789" for row in rows) for k in range(len(head))]
    style = [' class="number"' if each else "" for each in numeric]
    cells = "".join(f"<th{css}>{html.escape(name)}</th>" for css, name in zip(style, head))
    lines = ["".join(f"<td{css}>{html.escape(cell)}</td>" for css, cell in zip(style, row)) for row in rows]
    return f"<table><tr>{cells}</tr>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _markdown(blocks: list[Block], target: Path) -> str:
    folder = target.with_name(f"{target.stem}_files")
    out: list[str] = []
    for kind, what in blocks:
        if kind in ("title", "section", "text"):
            out.append({"title": "# ", "section": "## ", "text": ""}[kind] + _plain(what))
        elif kind == "answer":
            out.append(f"**{_plain(what[0])}**\n\n" + "\n\n".join(_plain(line) for line in what[1:]))
        elif kind == "list":
            out.append("\n".join(f"- {_plain(line)}" for line in what))
        elif kind == "picture":
            name, png, caption = what
            folder.mkdir(exist_ok=True)
            write_whole(folder / f"{name}.png", png, "picture")
            out.append(f"![{name}]({folder.name}/{name}.png)\n\n{_plain(caption)}")
        elif kind == "table":
            head, rows = what
            lines = [head, ["---"] * len(head), *rows]
            out.append("\n".join("| " + " | ".join(_plain(cell) for cell in line) + " |" for line in lines))
        else:
            out.append(f"```{what[0]}\n{what[1].rstrip()}\n```")
    return "\n\n".join(out) + "\n"


def _plain(text: str) -> str:
    """Text in which Markdown reads no signs of its own."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")
