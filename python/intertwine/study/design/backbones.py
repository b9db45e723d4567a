"""Networks that a study trains: one family for each backbone, from a schedule and a width to a module."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.checks import choice
from intertwine.errors import ArgumentError
from intertwine.models import equivariant_cnn, equivariant_resnet, equivariant_unet, plain_cnn
from intertwine.study.design.schedules import Schedule, space_of
from intertwine.suggestions import unknown_argument

STEPS = 4
"""Widths grow by so many steps from one multiple of the proportions to the next, so that budgets are met closely."""

_FAMILIES: dict[str, Callable[..., Any]] = {
    "cnn": equivariant_cnn,
    "resnet": equivariant_resnet,
    "unet": equivariant_unet,
}


@dataclass(frozen=True)
class Backbone:
    """A family of networks.

    Args:
        name: ``"cnn"``, ``"resnet"`` or ``"unet"``.
        dimension: of the data: 1, 2 or 3.
        channels: of the data.
        outputs: classes, or numbers that are measured.
        size: sides of the grid.
        proportions: of the widths of the blocks.
        options: further arguments of the family.
    """

    name: str
    dimension: int
    channels: int
    outputs: int
    size: tuple[int, ...]
    proportions: tuple[float, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        choice(self.name, _FAMILIES, "a study", "backbone")
        taken = ("in_channels", "n_classes", "gspace", "widths", "size", "out", "restrict")
        takes = [name for name in inspect.signature(_FAMILIES[self.name]).parameters if name not in taken]
        for name in self.options:
            if name not in takes:
                raise unknown_argument(f"the backbone {self.name!r}", name, takes)

    def widths(self, width: int) -> list[int]:
        """The widths of the blocks.

        Args:
            width: in quarters of the proportions.
        """
        return [max(1, round(width / STEPS * part)) for part in self.proportions]

    def __call__(self, schedule: Schedule | None, width: int) -> torch.nn.Module:
        """A network.

        Args:
            schedule: the group of each block; ``None`` for the plain network.
            width: in quarters of the proportions.
        """
        if schedule is None:
            return self._plain(width)
        space = space_of(schedule[0], self.dimension)
        changes = [k for k in range(1, len(schedule)) if schedule[k] != schedule[k - 1]]
        return self._build(space, width, {k: space_of(schedule[k], self.dimension) for k in changes})

    def _plain(self, width: int) -> torch.nn.Module:
        options = dict(self.options)
        if self.name == "cnn" and self.dimension == 2 and set(options) <= {"kernel_size", "dropout"}:
            side = self.size[0]
            return plain_cnn(self.channels, self.outputs, widths=self.widths(width), size=side, **options)
        # the network for the group of one element as layers of torch, whose filters are free
        plain = self._build(space_of("C1", self.dimension), width, {}).export().train()
        for part in plain.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
        return plain

    def _build(self, space: Any, width: int, restrict: Mapping[int, Any]) -> Any:
        widths = self.widths(width)
        more: dict[str, Any] = {"widths": widths, "size": list(self.size), **self.options}
        if restrict:
            if self.name == "unet":
                raise ArgumentError("a U-Net keeps one group in all blocks", hint="give schedules of one group")
            more["restrict"] = restrict
        if self.name == "resnet":
            more.setdefault("depths", (2,) * len(widths))
        return _FAMILIES[self.name](self.channels, self.outputs, space, **more)


def proportions_of(given: Sequence[float], depth: int) -> tuple[float, ...]:
    """The widths of the blocks beside each other.

    Args:
        given: by the user; empty for widths that double.
        depth: how many blocks there are.

    Raises:
        ArgumentError: if they are not as many as the blocks.
    """
    if not given:
        return tuple(float(2**k) for k in range(depth))
    if len(given) != depth or any(not part > 0 for part in given):
        raise ArgumentError(f"`proportions` must be {depth} numbers above 0, one for each block, not {tuple(given)}")
    return tuple(map(float, given))
