"""Networks that classify images, with and without symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from intertwine import nn
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import Sides, Symmetries, grid_parts, halved, odd, sides_of
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_cnn(
    in_channels: int,
    n_classes: int | None,
    gspace: GSpace | None = None,
    *,
    widths: Sequence[int] = (8, 16, 16),
    kernel_size: int | Sequence[int] = 5,
    size: int | Sequence[int] | None = None,
    dropout: float = 0.0,
    padding_mode: str = "zeros",
    restrict: Mapping[int, Any] | None = None,
) -> nn.SequentialModule:
    """A classifier of images that gives the same answer however the image is turned (or reflected) by the group.

    Blocks of a convolution, batch normalisation and ReLU on regular fields, with the image halved between the blocks; then
    an invariant of each field, its mean over the image, and a linear layer. Quarter turns and reflections of square images
    are exact, other elements as good as the pixels allow. On a line or in space it classifies signals or volumes.

    Args:
        in_channels: channels of the images, which the group does not mix: 1 for grey, 3 for colour.
        n_classes: how many classes there are; `None` lets `intertwine.training.engine.fit` fill it.
        gspace: the plane (or the line, or space) with its group; `rot2dOnR2(8)` if left out.
        widths: regular fields in each block.
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

    Raises:
        ArgumentError: if a number is out of range, or a kernel size even.
        FieldTypeError: if `gspace` has no grid, or its group is continuous.

    Example:
        >>> import torch
        >>> from intertwine import gspaces
        >>> model = equivariant_cnn(1, 10, gspaces.rot2dOnR2(4), widths=(2, 4), kernel_size=3).eval()
        >>> x = torch.randn(1, 1, 29, 29)
        >>> bool(torch.allclose(model(x), model(x.rot90(1, (2, 3))), atol=1e-5))
        True
    """
    kernels = _checked(in_channels, n_classes, widths, kernel_size, dropout)
    parts = grid_parts(gspace, kernels[0], "batch", padding_mode)
    sides = sides_of(size, parts.gspace.dimensionality)
    symmetries = Symmetries(parts.gspace, restrict, len(widths))
    start = nn.field_type(parts.gspace, trivial=in_channels)
    steps: list[Any] = []
    for number, (width, kernel) in enumerate(zip(widths, kernels)):
        if number > 0:
            even, sides = halved(sides, False, number - 1)
            steps.append(parts.halving(even))
        steps += symmetries.before(number)
        padding = _padding(kernel, sides, number == len(widths) - 1)
        steps += parts.block(width * symmetries.factor, kernel, padding)
    if dropout == 0:
        steps.append(nn.HeadClasses.spec(n=n_classes))
        return _sequence(start, steps)
    if n_classes is None:
        raise ArgumentError("dropout needs the number of classes", hint="give n_classes")
    steps.append(nn.GroupPooling.spec())
    mean = getattr(torch.nn, f"AdaptiveAvgPool{parts.gspace.dimensionality}d")(1)
    ending = [mean, torch.nn.Flatten(), torch.nn.Dropout(dropout)]
    ending.append(torch.nn.Linear(widths[-1] * symmetries.factor, n_classes))
    return _sequence(start, [*steps, *ending])


@suggests
@plain_numbers
def plain_cnn(
    in_channels: int,
    n_classes: int,
    *,
    widths: Sequence[int] = (16, 32, 32),
    kernel_size: int | Sequence[int] = 5,
    size: int | None = None,
    dropout: float = 0.0,
) -> torch.nn.Sequential:
    """The same network of ordinary torch layers, without symmetry: what an equivariant one is compared with.

    Args:
        in_channels: channels of the images.
        n_classes: how many classes there are.
        widths: channels in each block.
        kernel_size: an odd number, or one for each block.
        size: as in `equivariant_cnn`; it makes no difference here but that of the same halving.
        dropout: share of the features that are dropped in training.

    Raises:
        ArgumentError: if a number is out of range, or a kernel size even.

    Example:
        >>> import torch
        >>> plain_cnn(1, 10, widths=(4, 8))(torch.zeros(2, 1, 29, 29)).shape
        torch.Size([2, 10])
    """
    kernels = _checked(in_channels, n_classes, widths, kernel_size, dropout)
    layers: list[torch.nn.Module] = []
    channels = in_channels
    for number, (width, kernel) in enumerate(zip(widths, kernels)):
        if number > 0:
            odd = size is None or size % 2 == 1
            layers.append(torch.nn.AvgPool2d(3, 2, 1) if odd else torch.nn.AvgPool2d(2))
            size = None if size is None else (size + 1) // 2
        padding = _padding(kernel, None if size is None else (size,), number == len(widths) - 1)
        layers.append(torch.nn.Conv2d(channels, width, kernel, padding=padding, bias=False))
        layers += [torch.nn.BatchNorm2d(width), torch.nn.ReLU()]
        channels = width
    layers += [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
    if dropout:
        layers.append(torch.nn.Dropout(dropout))
    return torch.nn.Sequential(*layers, torch.nn.Linear(channels, n_classes))


def _sequence(start: nn.FieldType, steps: list[Any]) -> nn.SequentialModule:
    made: Any = nn.SequentialModule(start, *steps)
    return made


def _padding(kernel: int, sides: Sides, last: bool) -> int:
    """Zeros around the image: half of the kernel, but none for the last block of images of known size.

    There the filter should see all of a shape at once: its orientations then compete for the whole, and not for each
    pixel on its own, where a 6 and a 9 look more alike (measured: 2 to 3 in 100 digits).
    """
    return 0 if last and sides is not None and min(sides) >= kernel else kernel // 2


def _checked(
    in_channels: int, n_classes: int | None, widths: Sequence[int], kernel_size: int | Sequence[int], dropout: float
) -> list[int]:
    """The kernel size of each block, once all arguments are in range."""
    for name, value in (("in_channels", in_channels), ("n_classes", n_classes), *(("widths", w) for w in widths)):
        if value is not None or name != "n_classes":
            whole_at_least(value, name)
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
