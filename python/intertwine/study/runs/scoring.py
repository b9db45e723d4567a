"""A score for each sample, and how much an answer changes when its sample is moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.checks import choice
from intertwine.errors import ShapeError
from intertwine.gspaces.resample import act_on_grid
from intertwine.study.design.plan import Data
from intertwine.study.design.samples import Samples, pieces
from intertwine.study.design.schedules import space_of
from intertwine.study.design.transforms import GridMove, PointMove
from intertwine.training import predict
from intertwine.training.data.batches import scaled
from intertwine.training.data.pairing import Missing, TargetKind, align

Score = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From output and target to one number for each sample, the higher the better."""

_KINDS: dict[TargetKind, tuple[str, ...]] = {"class": ("accuracy", "loss"), "numeric": ("mse", "mae")}
_PIECE = 4096
_PROBES, _MOTIONS = 16, 16


def metric_name(metric: str | Callable[..., Any] | None, kind: TargetKind) -> str:
    """The name of a score.

    Args:
        metric: its name, a function, or ``None`` for the usual one.
        kind: of the targets.

    Raises:
        ArgumentError: if there is no such score for these targets.
    """
    if callable(metric):
        return getattr(metric, "__name__", "score")
    return choice(_KINDS[kind][0] if metric is None else metric, _KINDS[kind], "a study of such targets", "metric")


def scores_of(
    module: torch.nn.Module,
    samples: Samples,
    y: torch.Tensor,
    numbers: np.ndarray,
    metric: Callable[..., Any] | str,
    na: Missing,
) -> np.ndarray:
    """The score of each of some samples, float32.

    Args:
        module: that answers.
        samples: all of them.
        y: all targets.
        numbers: of the samples that are scored.
        metric: the name of a score, or a function of output and target.
        na: as in `intertwine.training.fit`.
    """
    found = []
    for piece in pieces(numbers, samples, _PIECE):
        output, target = predict(module, samples.take(piece), batch_size=256), y[piece]
        values = metric(output, target) if callable(metric) else _score(output, target, metric, na)
        values = torch.as_tensor(values, dtype=torch.float32)
        if tuple(values.shape) != (len(piece),):
            raise ShapeError(
                f"the metric gives shape {tuple(values.shape)} for {len(piece)} samples",
                hint="give one score for each sample",
            )
        found.append(values.numpy())
    return np.concatenate(found)


def _score(output: torch.Tensor, target: torch.Tensor, metric: str, na: Missing) -> torch.Tensor:
    pair = align(output, target, na)
    out, wanted = pair.output, pair.target
    known = torch.ones_like(wanted, dtype=torch.bool) if pair.known is None else pair.known
    if metric == "accuracy":
        values = (out.argmax(1) == wanted).float()
    elif metric == "loss":
        values = -torch.nn.functional.cross_entropy(out, wanted.clamp(min=0), reduction="none")
    else:
        error = out - wanted.masked_fill(~known, 0.0)
        values = -(error.abs() if metric == "mae" else error.square())
    values, known = values.reshape(len(values), -1), known.reshape(len(known), -1)
    # diverged outputs are worse than any other, but must not turn all means into NaN
    values = torch.nan_to_num(values, nan=-1e6, neginf=-1e6).clamp(min=-1e6).masked_fill(~known, 0.0)
    return values.sum(1) / known.sum(1).clamp(min=1)


def equivariance_error(module: torch.nn.Module, x: torch.Tensor, group: str, data: Data) -> float:
    """By how much the answers change, relative to themselves, when the samples are moved by a group.

    Args:
        module: whose answers do not change when samples are moved, or move along with them.
        x: some samples.
        group: by name.
        data: of the study. Where answers are given for each place, only motions that the grid keeps exactly count.

    Returns:
        the root of the mean square over motions and samples, 0 for an exact symmetry; NaN where it cannot be told.
    """
    x, dense = scaled(x[:_PROBES], torch.float32), data.dense
    if not data.points and len(set(x.shape[2:])) > 1:
        return float("nan")
    space: Any = space_of(group, data.dimension)
    elements = [
        g for g in (space.exact_elements if dense else space.fibergroup.elements) if g != space.fibergroup.identity
    ]
    plain = predict(module, x)
    changes = []
    for g in elements[:: -(-len(elements) // _MOTIONS) or 1]:
        matrix = space.basespace_action(g)
        everywhere = np.tile(matrix, (len(x), 1, 1))
        moved = predict(module, (PointMove if data.points else GridMove)(everywhere)(x, np.arange(len(x))))
        changes.append((moved - (act_on_grid(plain, matrix) if dense else plain)).square().mean())
    if not changes or not float(plain.square().mean()) > 0:
        return float("nan")
    return float((torch.stack(changes).mean() / plain.square().mean()).sqrt())
