"""Networks that give an answer for each cell of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from intertwine import nn
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import GridParts, Sides, grid_parts, halved, sides_of
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_unet(
    in_channels: int,
    out: Any,
    gspace: GSpace | None = None,
    *,
    widths: Sequence[int] = (8, 16, 32),
    kernel_size: int = 3,
    size: int | Sequence[int] | None = None,
    norm: str = "batch",
    padding_mode: str = "zeros",
) -> nn.SequentialModule:
    """A U-Net for signals, images or volumes whose output moves with its input: f(g x) = g f(x), cell by cell.

    Each level has two blocks of a convolution, a normalisation and ReLU on regular fields, then goes to a grid of half the
    size, through the next level, and back by a transposed convolution; its fields are put beside those that come back. On a
    square lattice quarter turns and reflections are exact, for even and for odd sides; other elements are as good as the
    pixels allow.

    Args:
        in_channels: channels of the input, which the group does not mix.
        out: how many numbers for each cell, such as one for each class; or fields, such as ``{"vector": 1}`` for a direction.
        gspace: the line, the plane or space with a finite group; `rot2dOnR2(8)` if left out.
        widths: regular fields in each level, from the finest on.
        kernel_size: an odd number.
        size: sides of the grid: one number, or one for each axis. It decides how each level is halved. If left out, the sides
            must be multiples of 2^(levels - 1).
        norm: ``"batch"``, ``"instance"``, ``"layer"``, ``"rms"`` or ``"field"``.
        padding_mode: how features go on beyond the edges: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Raises:
        ArgumentError: if an argument is out of range, or the grid cannot be halved so often.
        FieldTypeError: if the space has no grid, or its group is continuous.

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
    parts = grid_parts(gspace, kernel_size, norm, padding_mode)
    whole_at_least(in_channels, "in_channels")
    if len(widths) == 0:
        raise ArgumentError("`widths` is empty", hint="give a number of fields for each level, such as (8, 16, 32)")
    for width in widths:
        whole_at_least(width, "widths")
    fields = {"trivial": whole_at_least(out, "out")} if isinstance(out, (int, float)) else out
    steps: list[Any] = _levels(parts, list(widths), sides_of(size, parts.gspace.dimensionality), 0)
    last = parts.conv(fields, kernel_size=1, bias=True)
    made: Any = nn.SequentialModule(nn.field_type(parts.gspace, trivial=in_channels), *steps, last)
    return made


def _levels(parts: GridParts, widths: list[int], sides: Sides, level: int) -> list[nn.Spec]:
    """A level and those below it."""
    width, deeper = widths[0], widths[1:]
    blocks = [*parts.block(width), *parts.block(width)]
    if not deeper:
        return blocks
    even, smaller = halved(sides, True, level)
    below = [parts.halving(even), *_levels(parts, deeper, smaller, level + 1), parts.doubling(width, even)]
    return [*blocks, nn.ConcatModule.spec(inner=below), *parts.block(width), *parts.block(width)]
