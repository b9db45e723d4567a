"""The parts that ready networks on a grid share: convolutions, halving and doubling of the grid, restriction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from intertwine import nn
from intertwine.checks import number, whole_at_least
from intertwine.errors import ArgumentError, FieldTypeError, Words
from intertwine.gspaces import GSpace, rot2dOnR2
from intertwine.models.parts import Parts, field_settings

BLUR = 0.66
"""Width in pixels of the blur before every second pixel is dropped: the usual choice for halving an image."""

_CONVS: dict[int, tuple[Any, Any]] = {
    1: (nn.R1Conv, nn.R1ConvTransposed),
    2: (nn.R2Conv, nn.R2ConvTransposed),
    3: (nn.R3Conv, nn.R3ConvTransposed),
}
_POOLS: dict[int, tuple[Any, Any]] = {
    1: (nn.PointwiseAvgPool, nn.PointwiseAvgPoolAntialiased),
    2: (nn.PointwiseAvgPool2D, nn.PointwiseAvgPoolAntialiased2D),
    3: (nn.PointwiseAvgPool3D, nn.PointwiseAvgPoolAntialiased3D),
}

AnyParts = TypeVar("AnyParts", bound=Parts)
Sides = tuple[int, ...] | None


@dataclass(frozen=True)
class GridParts(Parts):
    """The layers of one network on a grid.

    Attributes:
        kernel_size: of the convolutions.
        padding_mode: how features go on beyond the edges of the grid.
        spacing: the distance of cells, one number or one for each axis.
    """

    kernel_size: int
    padding_mode: str
    spacing: float | tuple[float, ...] = 1

    def linear(
        self, out: Any, kernel_size: int | None = None, bias: bool = False, padding: int | None = None
    ) -> nn.Spec:
        """A convolution that keeps the size of the grid, unless another padding is given.

        Args:
            out: the fields that it puts out.
            kernel_size: an odd number, if it is not the network's.
            bias: whether it has one; a normalisation behind it would take it out again.
            padding: cells around the grid, if not half of the kernel.
        """
        kernel = self.kernel_size if kernel_size is None else kernel_size
        cells = kernel // 2 if padding is None else padding
        cls = _CONVS[self.gspace.dimensionality][0]
        return cls.spec(out=out, kernel_size=kernel, padding=cells, bias=bias, **self._grid())

    def _grid(self) -> dict[str, Any]:
        """What all convolutions share; the spacing only where it is not 1, as in networks that were saved without it."""
        spacing = {} if self.spacing == 1 else {"spacing": self.spacing}
        return {"padding_mode": self.padding_mode, **spacing}

    def halving(self, even: bool) -> nn.Spec:
        """The grid at half the size, in a way that keeps its centre and so its symmetries.

        Even sides: the means of pairs of cells. Odd sides: a blur, read at every second cell from the first to the last.

        Args:
            even: whether the sides are.
        """
        mean, blur = _POOLS[self.gspace.dimensionality]
        if even:
            return mean.spec(kernel_size=2)
        return blur.spec(sigma=BLUR, stride=2, padding_mode=self.padding_mode)

    def doubling(self, width: int, even: bool) -> nn.Spec:
        """The grid at the size that it had before it was halved, by a transposed convolution.

        Args:
            width: the number of fields that it puts out.
            even: whether the sides were.
        """
        cls = _CONVS[self.gspace.dimensionality][1]
        return cls.spec(out=self.fields(width), kernel_size=4 if even else 3, stride=2, padding=1, **self._grid())


def grid_parts(
    gspace: GSpace | None,
    kernel_size: Any,
    norm: str,
    padding_mode: str,
    nonlinearity: str | None = None,
    frequency: int = 2,
    spacing: float | Sequence[float] = 1,
) -> GridParts:
    """The parts for a space, once the arguments are in range.

    Args:
        gspace: a line, a plane or space with a group; ``None`` for the plane with eight rotations.
        kernel_size: an odd number.
        norm: a key of ``NORMS``.
        padding_mode: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        nonlinearity: as in `field_settings`.
        frequency: the same.
        spacing: the distance of cells.

    Raises:
        FieldTypeError: if there is no grid.
        ArgumentError: if another argument is out of range.
    """
    space = rot2dOnR2(8) if gspace is None else gspace
    if not isinstance(space, GSpace) or space.dimensionality == 0:
        raise FieldTypeError(
            "images need a plane, and volumes space, but not {space}",
            hint="make one with gspaces.rot2dOnR2(8) or gspaces.octaOnR3()",
            parts={"space": space},
        )
    units = spacing if isinstance(spacing, (int, float)) else tuple(spacing)
    return GridParts(*field_settings(space, norm, nonlinearity, frequency), odd(kernel_size), padding_mode, units)


def odd(value: Any, name: str = "kernel_size") -> int:
    """An odd number from 1 on.

    Args:
        value: what was given.
        name: of the argument.

    Raises:
        ArgumentError: for anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or value % 2 == 0:
        raise ArgumentError(f"`{name}` holds {value!r} where an odd number belongs", hint="use 3, 5 or 7")
    return value


def sides_of(size: int | Sequence[int] | None, dimension: int) -> Sides:
    """The sides of the grid; ``None`` if they are not known.

    Args:
        size: one number, one for each axis, or ``None``.
        dimension: the number of axes.

    Raises:
        ArgumentError: if they are no whole numbers from 1 on, or too many or too few.
    """
    if size is None:
        return None
    sides = dimension * (size,) if isinstance(size, int) else tuple(size)
    if len(sides) != dimension or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in sides):
        raise ArgumentError(f"`size` must be a whole number of at least 1, or one for each axis, not {size!r}")
    return sides


def halved(sides: Sides, even_if_unknown: bool, level: int) -> tuple[bool, Sides]:
    """Whether the sides are even, and what they are after they were halved.

    Args:
        sides: of the grid, if they are known.
        even_if_unknown: what they are taken for if they are not.
        level: how often they were halved before, for the message.

    Raises:
        ArgumentError: if some sides are even and others odd, or too short.
    """
    if sides is None:
        return even_if_unknown, None
    if len({n % 2 for n in sides}) > 1 or min(sides) < 2:
        where = f", which the size becomes after it was halved {level} time(s)," if level else ""
        raise ArgumentError(
            f"a grid of {' x '.join(map(str, sides))}{where} cannot be halved with its centre in place",
            hint="use sides that are all even or all odd, such as 32 or 33, or fewer levels",
        )
    return sides[0] % 2 == 0, tuple((n + 1) // 2 for n in sides)


def checked_widths(widths: Sequence[float], restrict: Mapping[int, Any] | None = None) -> None:
    """Raises unless widths are whole numbers of fields; behind a restriction they may be any numbers above 0.

    Args:
        widths: of the blocks or stages.
        restrict: what is restricted before which of them.
    """
    parts = False
    for stage, width in enumerate(widths):
        parts = parts or stage in (restrict or {})
        if not parts:
            whole_at_least(width, "widths")
        elif not number(width, "widths") > 0:
            raise ArgumentError(f"`widths` must hold numbers above 0, not {width!r}")


class Symmetries:
    """The groups of a network that gives up a part of its symmetry on the way.

    Args:
        restrict: for each stage before which the symmetry is restricted, the label of the subgroup, or a space with it.
        stages: how many there are.

    Raises:
        ArgumentError: if `restrict` names a stage that there is not.
    """

    def __init__(self, restrict: Mapping[int, Any] | None, stages: int) -> None:
        self._steps = dict(restrict or {})
        if any(isinstance(stage, bool) or stage not in range(stages) for stage in self._steps):
            raise ArgumentError(f"`restrict` names stages from 0 to {stages - 1}, not {sorted(self._steps, key=str)}")

    def before(self, stage: int, parts: AnyParts) -> tuple[list[nn.Spec], AnyParts]:
        """The layers that restrict the symmetry before a stage, and the parts from there on.

        Args:
            stage: its number.
            parts: those until there.
        """
        if stage not in self._steps:
            return [], parts
        label = subgroup_label(parts.gspace, self._steps[stage])
        smaller = dataclasses.replace(parts, gspace=parts.gspace.restrict(label)[0])
        return [nn.RestrictionModule.spec(id=label), nn.DisentangleModule.spec()], smaller


def subgroup_label(space: GSpace, subgroup: Any) -> Any:
    """The label of a subgroup that is given by its label, or by a space with it.

    Args:
        space: with the group.
        subgroup: the label, or a space with less symmetry.

    Raises:
        ArgumentError: if the space's motions are not some of those of the group.
    """
    if not isinstance(subgroup, GSpace):
        return subgroup
    group: Any = space.fibergroup
    numbers = _shared_motions(space, subgroup)
    if len(numbers) != subgroup.fibergroup.order():
        raise ArgumentError(
            "{subgroup} has motions that {space} has not",
            hint="restrict to a space whose symmetries are some of those before it",
            parts={"subgroup": subgroup, "space": space},
        )
    return group._id_of_subgroup(numbers)


def common_subgroup(space: GSpace, other: GSpace) -> Any:
    """The label of those elements of a group whose motions another group has too.

    Args:
        space: with the group.
        other: with the other one.
    """
    group: Any = space.fibergroup
    return group._id_of_subgroup(_shared_motions(space, other))


def _shared_motions(space: GSpace, other: GSpace) -> list[int]:
    """The numbers of the elements of a group that move space as some element of another group does."""
    if space.fibergroup.order() < 0 or other.fibergroup.order() < 0:
        raise ArgumentError(
            "motions can only be compared between finite groups",
            hint=Words("give the label of a subgroup", "name it as in restrict(): list(rotations = 4)"),
        )
    motions = np.stack([other.basespace_action(g) for g in other.fibergroup.elements])
    return [
        number
        for number, g in enumerate(space.fibergroup.elements)
        if (np.abs(motions - space.basespace_action(g)).max(axis=(1, 2), initial=0.0) < 1e-9).any()
    ]
