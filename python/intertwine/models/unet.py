"""Networks that give an answer for each cell of a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intertwine import nn
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import GridParts, Sides, Symmetries, grid_parts, halved, sides_of
from intertwine.models.parts import Head, ending_in_fields, first_space
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_unet(
    in_channels: int | nn.FieldType,
    out: Any = None,
    gspace: GSpace | None = None,
    *,
    widths: Sequence[int] = (8, 16, 32),
    kernel_size: int = 3,
    size: int | Sequence[int] | None = None,
    norm: str = "batch",
    padding_mode: str = "zeros",
    depth: int = 2,
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
    nonlinearity: str | None = None,
    frequency: int = 2,
    spacing: float | Sequence[float] = 1,
) -> nn.SequentialModule:
    """A U-Net for signals, images or volumes whose output moves with its input: f(g x) = g f(x), cell by cell.

    Each level has blocks of a convolution, a normalisation and a non-linearity, then goes to a grid of half the size, through the
    next level, and back by a transposed convolution; its fields are put beside those that come back. On a square lattice quarter
    turns and reflections are exact, for even and for odd sides; other elements are as good as the pixels allow.

    Args:
        in_channels: channels of the input, which the group does not mix; or fields, as in `equivariant_cnn`.
        out: how many numbers for each cell, such as one for each class; or fields, such as ``{"vector": 1}`` for a direction.
        gspace: the line, the plane or space with a finite group; `rot2dOnR2(8)` if left out.
        widths: regular fields in each level, from the finest on.
        kernel_size: an odd number.
        size: sides of the grid: one number, or one for each axis. It decides how each level is halved. If left out, the sides
            must be multiples of 2^(levels - 1).
        norm: ``"batch"``, ``"instance"``, ``"layer"``, ``"rms"`` or ``"field"``.
        padding_mode: how features go on beyond the edges: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        depth: blocks on each way through a level.
        restrict: levels from which on only a subgroup is kept, on the way down and all the way up; see `equivariant_cnn`.
        head: the specification of the last layers in place of ``out``, as in `equivariant_cnn`; `nn.HeadPoints.spec(n=5)` finds
            places.
        nonlinearity: as in `equivariant_cnn`.
        frequency: as there.
        spacing: the distance of cells, as there.

    Raises:
        ArgumentError: if an argument is out of range, or the grid cannot be halved so often.
        FieldTypeError: if the space has no grid, or ReLU is asked for on a continuous group.

    Example:
        >>> import torch
        >>> from intertwine import gspaces
        >>> model = equivariant_unet(1, 2, gspaces.rot2dOnR2(4), widths=(2, 4), size=9).eval()
        >>> x = torch.randn(1, 1, 9, 9)
        >>> bool(torch.allclose(model(x).rot90(1, (2, 3)), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015.
    """
    parts = grid_parts(
        first_space(in_channels, gspace), kernel_size, norm, padding_mode, nonlinearity, frequency, spacing
    )
    checked_levels(widths, depth)
    start = parts.input(in_channels)
    levels = _Levels(depth, Symmetries(restrict, len(widths)))
    sides = sides_of(size, parts.gspace.dimensionality)
    restriction, parts = levels.symmetries.before(0, parts)
    steps, _, last = levels.steps(parts, list(widths), sides, 0)
    end = ending_in_fields(head, lambda fields: last.linear(fields, kernel_size=1, bias=True), out)
    made: Any = nn.SequentialModule(start, *restriction, *steps, *end)
    return made


@dataclass(frozen=True)
class _Levels:
    """The levels of one network.

    Attributes:
        depth: blocks on each way through a level.
        symmetries: where the symmetry is restricted.
    """

    depth: int
    symmetries: Symmetries

    def steps(
        self, parts: GridParts, widths: list[int], sides: Sides, level: int
    ) -> tuple[list[nn.Spec], list[nn.Spec], GridParts]:
        """A level and those below it; the restrictions below it, which the way around it needs too; the parts at the end."""
        width, deeper = widths[0], widths[1:]
        blocks = [step for _ in range(self.depth) for step in parts.block(width)]
        if not deeper:
            return blocks, [], parts
        even, smaller = halved(sides, True, level)
        restriction, within = self.symmetries.before(level + 1, parts)
        inside, more, within = self.steps(within, deeper, smaller, level + 1)
        restrictions = [*restriction, *more]
        below = [parts.halving(even), *restriction, *inside, within.doubling(width, even)]
        around = nn.ConcatModule.spec(inner=below, shortcut=restrictions or None)
        back = [step for _ in range(self.depth) for step in within.block(width)]
        return [*blocks, around, *back], restrictions, within


def checked_levels(widths: Sequence[int], depth: int) -> None:
    """Raises unless the arguments of a U-Net are in range.

    Args:
        widths: of the levels.
        depth: of the levels.
    """
    if len(widths) == 0:
        raise ArgumentError("`widths` is empty", hint="give a number of fields for each level, such as (8, 16, 32)")
    for width in widths:
        whole_at_least(width, "widths")
    whole_at_least(depth, "depth")
