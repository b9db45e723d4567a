"""The tidy table of a study on the disk, and its means."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from intertwine.disk import write_whole
from intertwine.errors import MissingDependencyError

MEAN_OVER = ("candidate", "kind", "schedule", "phase", "train_size", "transform", "metric")
"""Columns that say which rows are trainings of one thing."""


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table as comma-separated values, each number in full.

    Args:
        rows: dicts with the same keys.
    """
    buffer = io.StringIO()
    # names of columns come from the first row: all rows have the same
    writer = csv.DictWriter(buffer, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def write_csv(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write a table as comma-separated values.

    Args:
        rows: dicts with the same keys.
        path: the file.
    """
    write_whole(path, csv_text(rows).encode(), "table")


def write_parquet(rows: Sequence[Mapping[str, Any]], path: str | Path) -> None:
    """Write a table as Parquet, with the types of its columns.

    Args:
        rows: dicts with the same keys.
        path: the file.

    Raises:
        MissingDependencyError: if pyarrow is not installed.
    """
    try:
        from pyarrow import Table, parquet  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise MissingDependencyError("Parquet files are written by pyarrow", hint="pip install pyarrow") from error
    buffer = io.BytesIO()
    parquet.write_table(Table.from_pylist([dict(row) for row in rows]), buffer)
    write_whole(path, buffer.getvalue(), "table")


def mean_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over trainings, with their standard errors.

    Args:
        rows: the tidy table.

    Returns:
        A row for each candidate, phase, train size and transform: its names, `mean` and `std_err` of the score on test
        images, `n` trainings, the mean on validation images, and mean `seconds`. Trainings that failed, and those of the
        tuning of learning rates, do not count.
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["status"] != "failed" and row["phase"] != "tuning":
            groups.setdefault(tuple(row[name] for name in MEAN_OVER), []).append(row)
    out = []
    for key, members in groups.items():
        scores = np.array([row["test"] for row in members], dtype=float)
        out.append(
            dict(zip(MEAN_OVER, key))
            | {
                "mean": float(scores.mean()),
                "std_err": standard_error(scores),
                "n": len(members),
                "validation": float(np.mean([row["validation"] for row in members])),
                "seconds": float(np.mean([row["seconds"] for row in members])),
            }
        )
    return out


def standard_error(values: np.ndarray) -> float:
    """The standard error of a mean; not a number for a single value.

    Args:
        values: float [n].
    """
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def angle_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Mean scores by angle, where all test images were turned by one angle after the other.

    Args:
        rows: the tidy table; the transforms of these rows are numbers of degrees. Images as they are count as 0 degrees.
    """
    means = [
        row for row in mean_rows(rows) if row["transform"] == "as_is" or row["transform"].replace(".", "").isdigit()
    ]
    if len({row["transform"] for row in means}) < 3:
        return []
    return [
        {
            "candidate": row["candidate"],
            "degrees": 0.0 if row["transform"] == "as_is" else float(row["transform"]),
            "score": row["mean"],
        }
        for row in means
    ]


def binned_angles(scores: Mapping[str, np.ndarray], degrees: np.ndarray, most: int = 24) -> list[dict[str, Any]]:
    """Mean scores by angle, where each test image was turned by an angle of its own.

    Sectors are as many as leave 20 images in each, but at least 8; they lie around 0 degrees and its multiples.

    Args:
        scores: by candidate, the mean score of each test image: [n].
        degrees: by which each image was turned: [n].
        most: how many sectors at most.
    """
    count = max(8, min(most, len(degrees) // 20))
    sector = np.round(degrees * count / 360).astype(int) % count
    return [
        {"candidate": name, "degrees": 360.0 * k / count, "score": float(values[sector == k].mean())}
        for name, values in scores.items()
        for k in range(count)
        if (sector == k).any()
    ]
