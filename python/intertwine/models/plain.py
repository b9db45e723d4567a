"""The same networks of ordinary torch layers, without symmetry: what equivariant ones are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError
from intertwine.models.classifier import checked_blocks, last_padding
from intertwine.models.grid_parts import Sides, halved, odd, sides_of
from intertwine.models.resnet import checked_stages
from intertwine.models.unet import checked_levels
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.padding import padding_mode as checked_mode
from intertwine.nn.base.padding import padding_module
from intertwine.nn.structure.plain import PlainConcat, PlainResidual
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def plain_cnn(
    in_channels: int,
    n_classes: int,
    *,
    widths: Sequence[int] = (16, 32, 32),
    kernel_size: int | Sequence[int] = 5,
    size: int | Sequence[int] | None = None,
    dropout: float = 0.0,
    dimension: int = 2,
) -> torch.nn.Sequential:
    """`equivariant_cnn` of ordinary torch layers, without symmetry: what an equivariant one is compared with.

    Args:
        in_channels: channels of the images.
        n_classes: how many classes there are.
        widths: channels in each block.
        kernel_size: an odd number, or one for each block.
        size: as in `equivariant_cnn`; it makes no difference here but that of the same halving.
        dropout: share of the features that are dropped in training.
        dimension: 1 for signals, 2 for images, 3 for volumes.

    Raises:
        ArgumentError: if a number is out of range, or a kernel size even.

    Example:
        >>> import torch
        >>> plain_cnn(1, 10, widths=(4, 8))(torch.zeros(2, 1, 29, 29)).shape
        torch.Size([2, 10])
    """
    kernels = checked_blocks(n_classes, widths, kernel_size, dropout)
    whole_at_least(in_channels, "in_channels")
    layers = _Layers(dimension, "zeros")
    sides = sides_of(size, dimension)
    steps: list[torch.nn.Module] = []
    channels = in_channels
    for number, (width, kernel) in enumerate(zip(widths, kernels)):
        if number > 0:
            even, sides = halved(sides, False, number - 1)
            steps.append(layers.halving(even))
        padding = last_padding(kernel, sides, number == len(widths) - 1)
        steps += layers.block(channels, width, kernel, padding)
        channels = width
    return torch.nn.Sequential(*steps, *layers.ending(channels, n_classes, dropout))


@suggests
@plain_numbers
def plain_resnet(
    in_channels: int,
    n_classes: int,
    *,
    depths: Sequence[int] = (2, 2, 2),
    widths: Sequence[int] = (16, 32, 64),
    kernel_size: int = 3,
    size: int | Sequence[int] | None = None,
    bottleneck: bool = False,
    padding_mode: str = "zeros",
    dimension: int = 2,
) -> torch.nn.Sequential:
    """`equivariant_resnet` of ordinary torch layers, without symmetry.

    Args:
        in_channels: channels of the input.
        n_classes: how many classes (or numbers) there are.
        depths: residual blocks in each stage.
        widths: channels in each stage.
        kernel_size: an odd number.
        size: sides of the grid, as in `equivariant_resnet`.
        bottleneck: whether a block has its convolution between two 1 x 1 maps, on a quarter of the channels.
        padding_mode: how features go on beyond the edges.
        dimension: 1 for signals, 2 for images, 3 for volumes.

    Raises:
        ArgumentError: if an argument is out of range, or the grid cannot be halved so often.

    Example:
        >>> import torch
        >>> plain_resnet(1, 10, depths=(1, 1), widths=(4, 8))(torch.zeros(2, 1, 29, 29)).shape
        torch.Size([2, 10])
    """
    checked_stages(n_classes, depths, widths)
    whole_at_least(in_channels, "in_channels")
    layers = _Layers(dimension, padding_mode)
    sides, kernel = sides_of(size, dimension), odd(kernel_size)
    steps: list[torch.nn.Module] = layers.block(in_channels, widths[0], kernel)
    before = widths[0]
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if stage:
            even, sides = halved(sides, False, stage - 1)
            steps.append(layers.halving(even))
        for _ in range(depth):
            around = [] if before == width else layers.normed(before, width, 1)
            steps += [PlainResidual(layers.inner(before, width, kernel, bottleneck), around), torch.nn.ReLU()]
            before = width
    return torch.nn.Sequential(*steps, *layers.ending(before, n_classes))


@suggests
@plain_numbers
def plain_unet(
    in_channels: int,
    out: int,
    *,
    widths: Sequence[int] = (16, 32, 64),
    kernel_size: int = 3,
    size: int | Sequence[int] | None = None,
    padding_mode: str = "zeros",
    depth: int = 2,
    dimension: int = 2,
) -> torch.nn.Sequential:
    """`equivariant_unet` of ordinary torch layers, without symmetry.

    Args:
        in_channels: channels of the input.
        out: how many numbers for each cell.
        widths: channels in each level, from the finest on.
        kernel_size: an odd number.
        size: sides of the grid, as in `equivariant_unet`.
        padding_mode: how features go on beyond the edges, on the way up as well.
        depth: blocks on each way through a level.
        dimension: 1 for signals, 2 for images, 3 for volumes.

    Raises:
        ArgumentError: if an argument is out of range, or the grid cannot be halved so often.

    Example:
        >>> import torch
        >>> plain_unet(1, 2, widths=(4, 8), size=9)(torch.zeros(2, 1, 9, 9)).shape
        torch.Size([2, 2, 9, 9])
    """
    checked_levels(widths, depth)
    whole_at_least(in_channels, "in_channels")
    layers = _Layers(dimension, padding_mode)
    steps = _levels(layers, in_channels, widths, odd(kernel_size), sides_of(size, dimension), depth, 0)
    return torch.nn.Sequential(*steps, layers.of("Conv")(widths[0], whole_at_least(out, "out"), 1))


def _levels(
    layers: _Layers, channels: int, widths: Sequence[int], kernel: int, sides: Sides, depth: int, level: int
) -> list[torch.nn.Module]:
    """A level and those below it."""
    width = widths[0]
    blocks = [step for i in range(depth) for step in layers.block(width if i else channels, width, kernel)]
    if len(widths) == 1:
        return blocks
    even, smaller = halved(sides, True, level)
    inside = _levels(layers, width, widths[1:], kernel, smaller, depth, level + 1)
    around = PlainConcat([layers.halving(even), *inside, layers.doubling(widths[1], width, even)])
    back = [step for i in range(depth) for step in layers.block(width if i else 2 * width, width, kernel)]
    return [*blocks, around, *back]


class _Layers:
    """Layers of torch for one number of axes.

    Args:
        dimension: the number of axes of space.
        padding_mode: how features go on beyond the edges.
    """

    def __init__(self, dimension: int, padding_mode: str) -> None:
        if dimension not in (1, 2, 3):
            raise ArgumentError(f"`dimension` must be 1, 2 or 3, not {dimension!r}")
        self._dimension = dimension
        self._padding_mode = checked_mode(padding_mode)

    def of(self, name: str) -> Any:
        """The class of torch, by its name without the number of axes."""
        return torch_class(name, self._dimension)

    def normed(self, channels: int, width: int, kernel: int, padding: int | None = None) -> list[torch.nn.Module]:
        """A convolution and batch normalisation."""
        cells = kernel // 2 if padding is None else padding
        conv = self.of("Conv")(channels, width, kernel, padding=cells, bias=False, padding_mode=self._padding_mode)
        return [conv, self.of("BatchNorm")(width)]

    def block(self, channels: int, width: int, kernel: int, padding: int | None = None) -> list[torch.nn.Module]:
        """The same and ReLU."""
        return [*self.normed(channels, width, kernel, padding), torch.nn.ReLU()]

    def inner(self, channels: int, width: int, kernel: int, bottleneck: bool) -> list[torch.nn.Module]:
        """The part of a residual block that the input is added to."""
        if not bottleneck:
            return [*self.block(channels, width, kernel), *self.normed(width, width, kernel)]
        narrow = max(1, width // 4)
        return [*self.block(channels, narrow, 1), *self.block(narrow, narrow, kernel), *self.normed(narrow, width, 1)]

    def halving(self, even: bool) -> torch.nn.Module:
        """The grid at half the size."""
        return self.of("AvgPool")(2) if even else self.of("AvgPool")(3, 2, 1)

    def doubling(self, channels: int, width: int, even: bool) -> torch.nn.Module:
        """The grid at the size that it had before it was halved."""
        kernel, margin = (4, 2) if even else (3, 1)
        conv = self.of("ConvTranspose")
        if self._padding_mode == "zeros":
            return conv(channels, width, kernel, stride=2, padding=1, bias=False)
        # Torch's transposed convolutions know zeros only: what lies beyond the edges is added, and cut off behind them.
        beyond = padding_module(self._dimension * (margin,), self._padding_mode)
        return torch.nn.Sequential(beyond, conv(channels, width, kernel, stride=2, padding=1 + 2 * margin, bias=False))

    def ending(self, channels: int, n_classes: int, dropout: float = 0.0) -> list[torch.nn.Module]:
        """The mean over the grid, and a linear layer."""
        dropped = [torch.nn.Dropout(dropout)] if dropout else []
        return [self.of("AdaptiveAvgPool")(1), torch.nn.Flatten(), *dropped, torch.nn.Linear(channels, n_classes)]
