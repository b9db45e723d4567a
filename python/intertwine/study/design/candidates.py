"""The candidates of a study: networks with a schedule of groups, and rivals without symmetry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from intertwine.errors import ArgumentError, IntertwineError
from intertwine.models import count_operations, count_parameters, match_budget
from intertwine.study.design.backbones import Backbone, proportions_of
from intertwine.study.design.budgets import Widths, closest_widths
from intertwine.study.design.plan import Data
from intertwine.study.design.schedules import DEFAULTS, Schedule, label, parse, propose_schedules
from intertwine.study.design.settings import Settings

Kind = Literal["schedule", "plain", "augmented"]
Builder = Callable[[Schedule | None, Any], torch.nn.Module]


@dataclass(frozen=True)
class Candidate:
    """One of the networks that are compared.

    Args:
        name: of the candidate.
        kind: ``"schedule"``, ``"plain"`` or ``"augmented"``.
        schedule: the group of each block; ``None`` for networks without symmetry.
        builder: gives the module for a schedule and a width.
        width: what the budget allows; the widths of all blocks for a `Backbone`.
        parameters: numbers that are trained.
        operations: multiply-adds for one sample; -1 if they could not be counted.
    """

    name: str
    kind: Kind
    schedule: Schedule | None
    builder: Builder = field(repr=False)
    width: int | Widths = 1
    parameters: int = 0
    operations: int = 0

    def build(self) -> torch.nn.Module:
        """A new module, whose weights torch's global generator draws."""
        return self.builder(self.schedule, self.width)


@dataclass(frozen=True)
class Dropped:
    """A candidate that cannot be built.

    Args:
        name: of the candidate.
        reason: why.
    """

    name: str
    reason: str


def propose_candidates(settings: Settings, data: Data) -> tuple[list[Candidate], list[str]]:
    """The candidates of a study, and what is to be said of others.

    Args:
        settings: of the study.
        data: of the study.
    """
    notes: list[str] = []
    dense = settings.backbone == "unet"
    if settings.schedules:
        schedules = list(dict.fromkeys(parse(each, settings.depth, data.dimension) for each in settings.schedules))
    else:
        spaces = settings.spaces or DEFAULTS.get(data.dimension, ())
        # a U-Net keeps one group in all blocks
        proposal = propose_schedules(spaces, 1 if dense else settings.depth, data.dimension, settings.most_schedules)
        schedules = [schedule * settings.depth if dense else schedule for schedule in proposal.schedules]
        if proposal.left_out:
            notes.append(
                f"{len(schedules)} of {len(schedules) + len(proposal.left_out)} schedules are tried (most_schedules); "
                f"left out are {'; '.join(map(label, proposal.left_out))}"
            )
    builder: Builder
    if callable(settings.backbone):
        builder = settings.backbone
    else:
        proportions = proportions_of(settings.proportions, settings.depth)
        channels, options = data.pool.shape[0], dict(settings.backbone_options)
        builder = Backbone(settings.backbone, data.dimension, channels, data.outputs, data.sizes, proportions, options)
    example = torch.zeros(1, *data.pool.shape)
    found, dropped = make_candidates(schedules, builder, settings, example, proposed=not settings.schedules)
    return found, notes + [f"the schedule {each.name} is left out: {each.reason}" for each in dropped]


def make_candidates(
    schedules: Sequence[Schedule], builder: Builder, settings: Settings, example: torch.Tensor, proposed: bool
) -> tuple[list[Candidate], list[Dropped]]:
    """The candidates, each as wide as the budget allows.

    Args:
        schedules: those that are compared.
        builder: gives the module for a schedule and a width.
        settings: of the study.
        example: one sample as a batch.
        proposed: whether the schedules were proposed; then those that cannot be built are left out.

    Returns:
        the candidates, and those that were left out.

    Raises:
        ArgumentError: if fewer than two candidates are left, or a schedule that the user named cannot be built.
    """
    found: list[Candidate] = []
    dropped: list[Dropped] = []
    for schedule in schedules:
        name = label(schedule)
        try:
            found.append(_matched(name, "schedule", schedule, builder, settings, example))
        except IntertwineError as error:
            if not proposed:
                raise error.with_message(
                    ArgumentError, f"the candidate {name} cannot be built: {error.message}"
                ) from error
            dropped.append(Dropped(name, error.message))
    plain: Candidate | None = None
    for rival in settings.rivals:
        plain = plain or _matched("plain", "plain", None, builder, settings, example)
        kind: Kind = "plain" if rival == "plain" else "augmented"
        found.append(Candidate(rival, kind, None, builder, plain.width, plain.parameters, plain.operations))
    if len(found) < 2:
        raise ArgumentError(
            f"a study compares two candidates at least, but there is {len(found)}",
            hint="name more schedules, or take rivals=('plain', 'augmented')",
        )
    return found, dropped


def _matched(
    name: str, kind: Kind, schedule: Schedule | None, builder: Builder, settings: Settings, example: torch.Tensor
) -> Candidate:
    [(what, amount)] = settings.budget.items()

    def cost(module: torch.nn.Module) -> float:
        return count_parameters(module) if what == "parameters" else count_operations(module, example)

    width: Any = int(amount)
    if isinstance(builder, Backbone):
        width = builder.widths(schedule, width)
        if what != "width":
            width = closest_widths(
                lambda widths: cost(builder(schedule, widths)),
                builder.proportions,
                builder.grains(schedule),
                float(amount),
                what,
            )
    elif what != "width":
        tried: list[tuple[int, Any]] = []

        def build(widths: Sequence[int]) -> torch.nn.Module:
            tried.append((widths[0], builder(schedule, widths[0])))
            return tried[-1][1]

        budget: dict[str, Any] = {what: float(amount)}
        nearest = match_budget(build, **budget, example=example, proportions=(1,))
        width = next(w for w, module in tried if module is nearest)
    module = builder(schedule, width)
    try:
        operations = count_operations(module, example)
    except (RuntimeError, NotImplementedError):  # a module of the user's may do what the counter does not know
        module.eval()(example)
        operations = -1
    return Candidate(name, kind, schedule, builder, width, count_parameters(module), operations)
