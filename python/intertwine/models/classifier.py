"""Convolutional networks of a few blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from intertwine import nn
from intertwine.checks import flag, whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import Sides, Symmetries, checked_widths, grid_parts, halved, odd, sides_of
from intertwine.models.parts import Head, ending, first_space
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_cnn(
    in_channels: int | nn.FieldType,
    n_classes: int | None = None,
    gspace: GSpace | None = None,
    *,
    widths: Sequence[float] = (8, 16, 16),
    kernel_size: int | Sequence[int] = 5,
    size: int | Sequence[int] | None = None,
    dropout: float = 0.0,
    padding_mode: str = "zeros",
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
    downsample: bool = True,
    nonlinearity: str | None = None,
    frequency: int = 2,
    spacing: float | Sequence[float] = 1,
) -> nn.SequentialModule:
    """A classifier of images that gives the same answer however the image is turned (or reflected) by the group.

    Blocks of a convolution, batch normalisation and a non-linearity, with the image halved between the blocks; then an invariant
    of each field, its mean over the image, and a linear layer. Another head gives measurements, directions, or places, which turn
    with the image. Quarter turns and reflections of square images are exact, other elements as good as the pixels allow. On a
    line or in space it takes signals or volumes: with `rot3dOnR3()` it is an SE(3) network.

    Args:
        in_channels: channels of the images, which the group does not mix: 1 for grey, 3 for colour; or fields, such as
            `nn.field_type(gspace, vector=1)` for a flow.
        n_classes: how many classes there are; `None` lets `intertwine.training.engine.fit` fill it.
        gspace: the plane (or the line, or space) with its group; `rot2dOnR2(8)` if left out.
        widths: regular fields in each block: whole numbers, but behind a restriction also parts of a field of the group
            before it, such as 2.5, for the nearest number of fields of the subgroup.
        kernel_size: an odd number, or one for each block.
        size: side of the images in pixels, or one for each axis. It decides how they are halved: odd sides by a blur read
            at every second pixel, even ones by the mean of 2 x 2 pixels; only so the centre stays in place and quarter
            turns exact. If left out, the sides are taken to be odd, such as 29, 57 or 113. The last convolution has no
            padding if the image is known to be large enough there, so that its filters see shapes as a whole.
        dropout: share of the features that are dropped in training.
        padding_mode: how images go on beyond their edges in all layers: ``"zeros"``, ``"reflect"``, ``"replicate"`` or
            ``"circular"``.
        restrict: blocks before which only a subgroup is kept, by their number from 0, with the label of the subgroup or a space
            with it; the number of fields grows by the index of the subgroup, so that the number of channels stays.
        head: the specification of the last layer (or several) in place of the classes: `nn.HeadNumbers.spec(n=2)` for
            measurements that the group does not change, `nn.HeadFields.spec(out={"vector": 1})` for directions or tensors,
            `nn.HeadPoints.spec()` for a place, `nn.Linear.spec(out={"trivial": 2})` with ``downsample=False`` for an answer for
            each cell, ``[]`` for the features.
        downsample: whether the grid is halved between the blocks.
        nonlinearity: ``"relu"`` on regular fields (finite groups); ``"gated"`` on irreps, each scaled by a sigmoid; or
            ``"fourier"``, ELU on samples of functions on a continuous group. By default the first, or the second for a
            continuous group such as that of `rot3dOnR3()`. A field is then all irreps up to the frequency.
        frequency: of the irreps, at most.
        spacing: the distance of cells: one number, or one for each axis, such as (2, 1, 1) for voxels that are twice as high as
            wide; the group must keep them apart, as `rot2dOnR3(4)` does.

    Raises:
        ArgumentError: if a number is out of range, or a kernel size even.
        FieldTypeError: if `gspace` has no grid, or ReLU is asked for on a continuous group.

    Example:
        >>> import torch
        >>> from intertwine import gspaces
        >>> model = equivariant_cnn(1, 10, gspaces.rot2dOnR2(4), widths=(2, 4), kernel_size=3).eval()
        >>> x = torch.randn(1, 1, 29, 29)
        >>> bool(torch.allclose(model(x), model(x.rot90(1, (2, 3))), atol=1e-5))
        True
    """
    kernels = checked_blocks(n_classes, widths, kernel_size, dropout, restrict)
    parts = grid_parts(
        first_space(in_channels, gspace), kernels[0], "batch", padding_mode, nonlinearity, frequency, spacing
    )
    sides = sides_of(size, parts.gspace.dimensionality)
    flag(downsample, "downsample")
    symmetries = Symmetries(restrict, len(widths))
    start = parts.input(in_channels)
    steps: list[Any] = []
    for number, (width, kernel) in enumerate(zip(widths, kernels)):
        if number > 0 and downsample:
            even, sides = halved(sides, False, number - 1)
            steps.append(parts.halving(even))
        restriction, parts = symmetries.before(number, parts)
        padding = last_padding(kernel, sides, downsample and number == len(widths) - 1)
        steps += [*restriction, *parts.block(width, kernel, padding)]
    usual = nn.HeadClasses.spec(n=n_classes)
    if dropout == 0 or head is not None:
        dropped = [nn.FieldDropout.spec(p=dropout)] if dropout else []
        return _sequence(start, [*steps, *dropped, *ending(head, usual, n_classes)])
    if n_classes is None:
        raise ArgumentError("dropout needs the number of classes", hint="give n_classes")
    fields = parts.fields(widths[-1])
    if not all(rho.is_permutation for rho in fields.representations):
        return _sequence(start, [*steps, nn.FieldDropout.spec(p=dropout), usual])
    mean = getattr(torch.nn, f"AdaptiveAvgPool{parts.gspace.dimensionality}d")(1)
    invariant = [nn.GroupPooling.spec(), mean, torch.nn.Flatten(), torch.nn.Dropout(dropout)]
    return _sequence(start, [*steps, *invariant, torch.nn.Linear(len(fields), n_classes)])


def _sequence(start: nn.FieldType, steps: list[Any]) -> nn.SequentialModule:
    made: Any = nn.SequentialModule(start, *steps)
    return made


def last_padding(kernel: int, sides: Sides, last: bool) -> int:
    """Zeros around the image: half of the kernel, but none for the last block of images of known size.

    There the filter should see all of a shape at once: its orientations then compete for the whole, and not for each
    pixel on its own, where a 6 and a 9 look more alike (measured: 2 to 3 in 100 digits).

    Args:
        kernel: its size.
        sides: of the grid, if they are known.
        last: whether it is the last block of a network that halves the grid.
    """
    return 0 if last and sides is not None and min(sides) >= kernel else kernel // 2


def checked_blocks(
    n_classes: int | None,
    widths: Sequence[float],
    kernel_size: int | Sequence[int],
    dropout: float,
    restrict: Mapping[int, Any] | None = None,
) -> list[int]:
    """The kernel size of each block, once all arguments are in range.

    Args:
        n_classes: of the answer, or ``None``.
        widths: of the blocks.
        kernel_size: one odd number, or one for each block.
        dropout: a share.
        restrict: what is restricted before which block.
    """
    if n_classes is not None:
        whole_at_least(n_classes, "n_classes")
    checked_widths(widths, restrict)
    if len(widths) == 0:
        raise ArgumentError("`widths` is empty", hint="give a number of fields for each block, such as (8, 16, 16)")
    kernels = [kernel_size] * len(widths) if isinstance(kernel_size, int) else list(kernel_size)
    if len(kernels) != len(widths):
        raise ArgumentError(f"there are {len(widths)} blocks, but {len(kernels)} kernel sizes")
    for kernel in kernels:
        odd(kernel)
    if not 0 <= dropout < 1:
        raise ArgumentError(f"`dropout` must be a share from 0 to 1, not {dropout}")
    return kernels
