"""What a study shows of itself: order, means, words, pictures, the report, files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intertwine.study.result.answer import Answer
from intertwine.study.result.figures import plot_angles, plot_cost, plot_schedules, plot_sizes
from intertwine.study.result.report import write_report
from intertwine.study.result.table import mean_rows, write_csv, write_parquet
from intertwine.study.result.words import summary_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Presented(ABC):
    """A study that can be looked at: everything here follows from its answer, its table, and the code of its winner."""

    @abstractmethod
    def answer(self, transform: str | None = None) -> Answer:
        """What the pictures, the words and the report are made of.

        Args:
            transform: of the test samples; the one that decides if left out.
        """

    @abstractmethod
    def table(self) -> list[dict[str, Any]]:
        """All trainings, a row for each and each transform."""

    @abstractmethod
    def code(self, candidate: str | None = None) -> dict[str, str]:
        """The code of a candidate by language, ready to paste.

        Args:
            candidate: by name; the leader if left out.
        """

    def rank_results(self, transform: str | None = None) -> list[dict[str, Any]]:
        """The candidates in their order, a row for each: scores, the difference to the leader with its interval, and the cost.

        Args:
            transform: of the test samples; the one that decides if left out.
        """
        return self.answer(transform).rank_rows()

    def collect_metrics(self) -> list[dict[str, Any]]:
        """Mean scores over trainings with their standard errors, a row for each candidate, train size and transform."""
        return mean_rows(self.table())

    def summary(self) -> str:
        """The answer in words."""
        return "\n".join(summary_lines(self.answer()))

    def report(self, path: str | Path) -> None:
        """Writes the whole answer as one page, with pictures and the code of the winner.

        Args:
            path: of the file, which ends in ``.html`` (pictures are in it) or ``.md`` (pictures are in a folder beside it).
        """
        write_report(self.answer(), path, self.code())

    def plot_schedules(self) -> Figure:
        """Each candidate as a staircase, beside the interval of its difference to the leader: a figure of matplotlib."""
        return plot_schedules(self.answer())

    def plot_angles(self) -> Figure:
        """The score on turned test images by the angle, around a circle: a figure of matplotlib."""
        return plot_angles(self.answer())

    def plot_sizes(self) -> Figure:
        """The score by the number of training samples: a figure of matplotlib."""
        return plot_sizes(self.answer())

    def plot_cost(self) -> Figure:
        """The score against the operations for one sample: a figure of matplotlib."""
        return plot_cost(self.answer())

    def write_csv(self, path: str | Path) -> None:
        """Writes the table as comma-separated values.

        Args:
            path: of the file.
        """
        write_csv(self.table(), path)

    def write_parquet(self, path: str | Path) -> None:
        """Writes the table as Parquet; this needs pyarrow.

        Args:
            path: of the file.
        """
        write_parquet(self.table(), path)
