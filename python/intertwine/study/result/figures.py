"""The pictures of a study: accuracy by angle, by the number of images, schedules as staircases, cost against accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from intertwine.errors import ArgumentError, MissingDependencyError
from intertwine.study.result.answer import Answer, Standing
from intertwine.study.result.group_words import group_size
from intertwine.study.result.table import mean_rows
from intertwine.study.result.words import thing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEADER, PLAIN, AUGMENTED = "#0072B2", "#D55E00", "#E69F00"
OTHERS = ("#009E73", "#CC79A7", "#56B4E9", "#999999", "#B8A900", "#444444", "#7B3294", "#A6761D")
VERDICTS = {
    "better": ("#D55E00", "the leader is better"),
    "equivalent": ("#009E73", "as good, within the margin"),
    "undecided": ("#8A8A8A", "undecided"),
    "samples": ("#8A8A8A", "too few test images to tell"),
    "worse": ("#CC79A7", "better than the leader"),
}
"""Colour and words of what can be said of the leader beside a candidate."""
MOST_LINES = 6
"""Lines in one picture that can still be told apart."""


def plot_schedules(answer: Answer) -> Figure:
    """Each candidate as a staircase, from the input to the answer, beside the interval of its difference to the leader.

    The higher a step, the more movements of the image the block treats alike. Beside it, the dot is the difference in score
    on test images, the bar its interval, and the grey band the margin within which differences do not matter.

    Args:
        answer: of the study.
    """
    shown = [answer.leader, *answer.compared]
    figure = _figure(9.2, 1.5 + 0.5 * len(shown))
    stairs, bars = figure.subplots(1, 2, sharey=True, width_ratios=(1, 1.25))
    _draw_stairs(stairs, shown)
    unit, scale = ("points" if answer.is_share else "score"), _scale(answer)
    bars.axvspan(-answer.margin * scale, answer.margin * scale, color="0.93", zorder=0)
    bars.axvline(0, color="0.55", linewidth=0.8, zorder=1)
    bars.plot(0, 0, "D", color=LEADER, markersize=7)
    beside = {"xycoords": ("axes fraction", "data"), "va": "center", "fontsize": 9, "annotation_clip": False}
    bars.annotate("the leader", (1.03, 0), color=LEADER, **beside)
    for row, each in enumerate(shown[1:], start=1):
        colour, words = VERDICTS.get(each.leader_is, VERDICTS["undecided"])
        low, high = -each.high * scale, -each.low * scale
        if np.isfinite([low, high]).all():
            bars.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="round")
        bars.plot(-each.difference * scale, row, "o", color=colour, markersize=6)
        bars.annotate(words, (1.03, row), color=colour, **beside)
    bars.set_xlabel(f"difference to the leader on test {thing(answer)}s, {unit}")
    bars.set_ylim(len(shown) - 0.45, -0.75)
    bars.spines[["left", "top", "right"]].set_visible(False)
    bars.tick_params(axis="y", left=False, labelleft=False)
    bars.grid(axis="x", color="0.92")
    return figure


def plot_angles(answer: Answer) -> Figure:
    """Accuracy on test images that are turned, by the angle, around a circle.

    Args:
        answer: of the study.

    Raises:
        ArgumentError: if the study had no turned test images.
    """
    if not answer.angles:
        raise ArgumentError(
            "the test images of this study were not turned", hint='give transforms=("as_is", "rotations")'
        )
    figure = _figure(6.6, 6.0)
    axes: Any = figure.add_subplot(projection="polar", theta_offset=np.pi / 2)
    names = {at["candidate"] for at in answer.angles}
    means = {name: float(np.mean([at["score"] for at in answer.angles if at["candidate"] == name])) for name in names}
    for each in shown_in_lines(answer, means):
        points = sorted((at["degrees"], at["score"]) for at in answer.angles if at["candidate"] == each.candidate)
        if points:
            degrees, scores = np.array([*points, points[0]]).T
            axes.plot(np.radians(degrees), scores * _scale(answer), label=each.label, **_line(answer, each))
    if answer.is_share:
        axes.set_ylim(0, 100)
        axes.set_yticks([20, 40, 60, 80, 100], [f"{tick}%" for tick in (20, 40, 60, 80, 100)], fontsize=8, color="0.4")
        axes.set_rlabel_position(-22.5)
    axes.grid(color="0.88")
    axes.spines["polar"].set_color("0.8")
    axes.set_xticks(np.radians(range(0, 360, 45)), ["upright", *(f"{angle}°" for angle in range(45, 360, 45))])
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def plot_sizes(answer: Answer) -> Figure:
    """The score by the number of images that a network learns from.

    Args:
        answer: of the study.

    Raises:
        ArgumentError: if the study had one number of training images alone.
    """
    means = [row for row in mean_rows(answer.rows) if row["transform"] == answer.judge and row["phase"] != "tuning"]
    sizes = sorted({row["train_size"] for row in means})
    if len(sizes) < 2:
        raise ArgumentError(
            "this study had one number of training images", hint="give train_sizes=, such as (100, 300, 1000)"
        )
    figure = _figure(7.2, 4.4)
    axes = figure.subplots()
    ends = []
    # candidates that were dropped have no scores for fewer images
    least = {row["candidate"]: row["mean"] for row in means if row["train_size"] == sizes[0]}
    for each in shown_in_lines(answer, least):
        own = sorted((at["train_size"], at["mean"], at["std_err"]) for at in means if at["candidate"] == each.candidate)
        x, score, error = (np.array(column, dtype=float) for column in zip(*own))
        score, error = score * _scale(answer), np.nan_to_num(error) * _scale(answer)
        style = _line(answer, each)
        axes.fill_between(x, score - error, score + error, color=style["color"], alpha=0.15, linewidth=0)
        axes.plot(x, score, "o-", markersize=4, **style)
        ends.append((x[-1], score[-1], each.label, style["color"]))
    axes.set_xscale("log")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel(f"training {thing(answer)}s")
    axes.set_ylabel(_score_name(answer))
    _labels_at_the_right(axes, ends)
    return figure


def plot_cost(answer: Answer) -> Figure:
    """Score against cost: the operations for one image, on a logarithmic axis.

    Bars are intervals of the mean score.

    Args:
        answer: of the study.
    """
    figure = _figure(7.2, 4.4)
    from matplotlib.ticker import EngFormatter, LogLocator

    axes = figure.subplots()
    ends = []
    for each in (answer.leader, *answer.compared):
        colour = _colour(answer, each)
        score, low, high = (value * _scale(answer) for value in (each.test, each.test_low, each.test_high))
        axes.plot([each.operations] * 2, [low, high], color=colour, linewidth=2)
        axes.plot(each.operations, score, "D" if each is answer.leader else "o", color=colour, markersize=6)
        ends.append((each.operations, score, each.label, colour))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.xaxis.set_minor_formatter(EngFormatter())
    axes.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.set_xlabel(f"operations for one {thing(answer)} (k: thousand, M: million, G: billion)")
    axes.set_ylabel(_score_name(answer))
    _labels_at_the_right(axes, ends)
    return figure


PICTURES: dict[str, Callable[[Answer], Any]] = {
    "schedules": plot_schedules,
    "angles": plot_angles,
    "sizes": plot_sizes,
    "cost": plot_cost,
}
"""The pictures by their names, in the order of the report."""


def shown_in_lines(answer: Answer, scores: Mapping[str, float] | None = None) -> list[Standing]:
    """The candidates that pictures with lines show: the leader, the rivals, and the best of the others.

    Args:
        answer: of the study.
        scores: which are the best, by candidate: those without one are not shown; by rank if left out.
    """
    known = [each for each in answer.compared if scores is None or each.candidate in scores]
    rivals = [each for each in known if each.kind != "schedule"]
    others = [each for each in known if each.kind == "schedule"]
    if scores is not None:
        others.sort(key=lambda each: -scores[each.candidate])
    kept = [answer.leader, *rivals, *others[: max(0, MOST_LINES - 1 - len(rivals))]]
    return sorted(kept, key=lambda each: each.rank)


def _figure(width: float, height: float) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependencyError("pictures are drawn by matplotlib", hint="pip install matplotlib") from error
    return Figure(figsize=(width, height), dpi=110, layout="constrained")


def _draw_stairs(axes: Axes, shown: Sequence[Standing]) -> None:
    """A staircase for each candidate: a block of the network is a step, its height the size of the group."""
    depth = max((len(each.schedule) for each in shown if each.schedule), default=1)
    sizes = sorted({group_size(name) for each in shown for name in each.schedule or ("C1",)})
    for row, each in enumerate(shown):
        schedule = each.schedule or ("C1",) * depth
        colour = LEADER if row == 0 else "#7A8794"
        width = depth / len(schedule)
        for block, name in enumerate(schedule):
            height = 0.1 + 0.56 * (sizes.index(group_size(name)) / max(1, len(sizes) - 1))
            axes.bar(
                block * width,
                -height,
                width * 0.96,
                row + 0.36,
                align="edge",
                color=colour if each.schedule else "0.85",
            )
            if each.schedule:
                inside = height > 0.3
                axes.text(
                    (block + 0.48) * width, row + 0.36 - (height / 2 if inside else height + 0.12), name,
                    ha="center", va="center", fontsize=8.5, color="white" if inside else "0.25",
                )  # fmt: skip
        if not each.schedule:
            axes.text(0.02, row + 0.08, each.label, fontsize=9, color="0.25", va="center")
    axes.set_xlim(0, depth)
    axes.set_xticks(np.arange(depth) + 0.48, [f"block {block + 1}" for block in range(depth)])
    axes.set_xlabel("from the image to the answer")
    axes.tick_params(left=False, labelleft=False, bottom=False)
    axes.spines[:].set_visible(False)


def _labels_at_the_right(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Names in a column at the right end, pushed apart where they would overlap, each joined to its point."""
    axes.grid(color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    low, high = axes.get_ylim()
    gap = 0.062 * (high - low)
    order = sorted(range(len(ends)), key=lambda k: ends[k][1])
    heights = [ends[k][1] for k in order]
    for _ in range(200):
        for k in range(len(heights) - 1):
            lack = gap - (heights[k + 1] - heights[k])
            if lack > 1e-9:
                heights[k] -= lack / 2
                heights[k + 1] += lack / 2
    beyond = max(0.0, heights[-1] - high)
    for k, height in zip(order, heights):
        height = height - beyond
        x, y, label, colour = ends[k]
        axes.annotate(
            label, (x, y), (1.03, (height - low) / (high - low)), textcoords="axes fraction", color=colour, fontsize=9,
            va="center", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "0.8", "linewidth": 0.7, "shrinkA": 2, "shrinkB": 5},
        )  # fmt: skip
    axes.set_ylim(low, high)


def _line(answer: Answer, each: Standing) -> dict[str, Any]:
    return {"color": _colour(answer, each), "linewidth": 2.6 if each is answer.leader else 1.5}


def _colour(answer: Answer, each: Standing) -> str:
    """The colour of a candidate, the same in all pictures."""
    if each is answer.leader:
        return LEADER
    place = sum(other.kind == "schedule" and other.rank < each.rank for other in answer.compared)
    return {"plain": PLAIN, "augmented": AUGMENTED}.get(each.kind, OTHERS[place % len(OTHERS)])


def _scale(answer: Answer) -> float:
    return 100.0 if answer.is_share else 1.0


def _score_name(answer: Answer) -> str:
    return f"{answer.score_name} on test {thing(answer)}s" + (", %" if answer.is_share else "")
