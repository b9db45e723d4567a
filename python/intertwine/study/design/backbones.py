"""Networks that a study trains: one family for each backbone, from a schedule and a width to a module."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.checks import choice
from intertwine.errors import ArgumentError
from intertwine.models import equivariant_cnn, equivariant_resnet, equivariant_unet, plain_cnn, plain_resnet, plain_unet
from intertwine.study.design.budgets import Widths, scaled_widths
from intertwine.study.design.schedules import Schedule, space_of
from intertwine.suggestions import unknown_argument

_FAMILIES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "cnn": (equivariant_cnn, plain_cnn),
    "resnet": (equivariant_resnet, plain_resnet),
    "unet": (equivariant_unet, plain_unet),
}
"""Each family of networks, and its rival of ordinary layers."""


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
        takes = [name for name in inspect.signature(_FAMILIES[self.name][0]).parameters if name not in taken]
        for name in self.options:
            if name not in takes:
                raise unknown_argument(f"the backbone {self.name!r}", name, takes)

    def grains(self, schedule: Schedule | None) -> list[float]:
        """The steps in which the widths of the blocks can change: one field of the group of each block.

        Args:
            schedule: the group of each block; ``None`` for the plain network.
        """
        if schedule is None:
            return [1] * len(self.proportions)
        orders = [space_of(name, self.dimension).fibergroup.order() for name in schedule]
        return [order / orders[0] if order < orders[0] else 1 for order in orders]

    def widths(self, schedule: Schedule | None, factor: float) -> Widths:
        """The widths of the blocks in their proportions.

        Args:
            schedule: the group of each block; ``None`` for the plain network.
            factor: the width of a block whose proportion is 1.
        """
        return scaled_widths(factor, self.proportions, self.grains(schedule))

    def __call__(self, schedule: Schedule | None, widths: Widths) -> torch.nn.Module:
        """A network.

        Args:
            schedule: the group of each block; ``None`` for the plain network.
            widths: of the blocks, in fields of the first group.
        """
        if schedule is None:
            return self._plain(widths)
        space = space_of(schedule[0], self.dimension)
        changes = [k for k in range(1, len(schedule)) if schedule[k] != schedule[k - 1]]
        return self._build(space, widths, {k: space_of(schedule[k], self.dimension) for k in changes})

    @property
    def choices(self) -> dict[str, Any]:
        """The arguments of the family beside channels, outputs, sides and widths."""
        depths = {"depths": (2,) * len(self.proportions)} if self.name == "resnet" else {}
        return {**depths, **self.options}

    def family(self, schedule: Schedule | None) -> str | None:
        """The function of `intertwine.models` that builds the network; ``None`` if options leave the plain one without.

        Args:
            schedule: the group of each block; ``None`` for the plain network.
        """
        function = _FAMILIES[self.name][schedule is None]
        known = schedule is not None or set(self.choices) <= set(inspect.signature(function).parameters)
        return function.__name__ if known else None

    def _plain(self, widths: Widths) -> torch.nn.Module:
        if self.family(None) is not None:
            plain = _FAMILIES[self.name][1]
            return plain(self.channels, self.outputs, dimension=self.dimension, **self._arguments(widths))
        # the network for the group of one element as layers of torch, whose filters are free
        plain = self._build(space_of("C1", self.dimension), widths, {}).export().train()
        for part in plain.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
        return plain

    def _build(self, space: Any, widths: Widths, restrict: Mapping[int, Any]) -> Any:
        more = self._arguments(widths)
        if restrict:
            if self.name == "unet":
                raise ArgumentError("a U-Net keeps one group in all blocks", hint="give schedules of one group")
            more["restrict"] = restrict
        outputs = None if "head" in more else self.outputs
        return _FAMILIES[self.name][0](self.channels, outputs, space, **more)

    def _arguments(self, widths: Widths) -> dict[str, Any]:
        return {"widths": widths, "size": list(self.size), **self.choices}


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
