"""Deep classifiers made of residual blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intertwine import nn
from intertwine.checks import flag, whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import GridParts, Symmetries, checked_widths, grid_parts, halved, sides_of
from intertwine.models.parts import Head, ending, first_space
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_resnet(
    in_channels: int | nn.FieldType,
    n_classes: int | None = None,
    gspace: GSpace | None = None,
    *,
    depths: Sequence[int] = (2, 2, 2),
    widths: Sequence[float] = (8, 16, 32),
    kernel_size: int = 3,
    size: int | Sequence[int] | None = None,
    bottleneck: bool = False,
    norm: str = "batch",
    padding_mode: str = "zeros",
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
    downsample: bool = True,
    nonlinearity: str | None = None,
    frequency: int = 2,
    spacing: float | Sequence[float] = 1,
) -> nn.SequentialModule:
    """A residual network for signals, images or volumes whose answer does not change under the group, or turns with the input.

    A first block, then stages of residual blocks, with the grid halved before each stage but the first, then `HeadClasses` or
    another head. On a square lattice quarter turns and reflections are exact, for even and for odd sides.

    Args:
        in_channels: channels of the input, which the group does not mix; or fields, as in `equivariant_cnn`.
        n_classes: how many classes there are; ``None`` lets `intertwine.training.engine.fit` fill it.
        gspace: the line, the plane or space with a finite group; `rot2dOnR2(8)` if left out.
        depths: residual blocks in each stage.
        widths: regular fields in each stage, as in `equivariant_cnn`; widen them for a wide ResNet.
        kernel_size: an odd number.
        size: sides of the grid: one number, or one for each axis. It decides how the grid is halved. If left out, the sides
            are taken to be odd, such as 29 or 57.
        bottleneck: whether a block has its convolution between two 1 x 1 maps, on a quarter of the fields.
        norm: ``"batch"``, ``"instance"``, ``"layer"``, ``"rms"`` or ``"field"``.
        padding_mode: how features go on beyond the edges: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        restrict: stages before which only a subgroup is kept, by their number from 0, with the label of the subgroup or a space
            with it; the number of fields grows by the index of the subgroup, so that the number of channels stays.
        head: the specification of the last layers, as in `equivariant_cnn`.
        downsample: whether the grid is halved between the stages.
        nonlinearity: as in `equivariant_cnn`.
        frequency: as there.
        spacing: the distance of cells, as there.

    Raises:
        ArgumentError: if an argument is out of range, or the grid cannot be halved so often.
        FieldTypeError: if the space has no grid, or ReLU is asked for on a continuous group.
        GroupError: if there is no such subgroup.

    Example:
        >>> import torch
        >>> from intertwine import gspaces
        >>> model = equivariant_resnet(1, 10, gspaces.rot2dOnR2(4), depths=(1, 1), widths=(2, 4)).eval()
        >>> x = torch.randn(1, 1, 13, 13)
        >>> bool(torch.allclose(model(x), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
        Zagoruyko and Komodakis, "Wide residual networks", BMVC 2016.
    """
    parts = grid_parts(
        first_space(in_channels, gspace), kernel_size, norm, padding_mode, nonlinearity, frequency, spacing
    )
    flag(downsample, "downsample")
    checked_stages(n_classes, depths, widths, restrict)
    symmetries = Symmetries(restrict, len(widths))
    sides = sides_of(size, parts.gspace.dimensionality)
    start = parts.input(in_channels)
    steps: list[Any] = parts.block(widths[0])
    before = widths[0]
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True)):
        if stage and downsample:
            even, sides = halved(sides, False, stage - 1)
            steps.append(parts.halving(even))
        restriction, parts = symmetries.before(stage, parts)
        steps += restriction
        for _ in range(depth):
            same = before == width and not restriction
            steps += [_residual(parts, width, bottleneck, same), *parts.activation()]
            before, restriction = width, []
    made: Any = nn.SequentialModule(start, *steps, *ending(head, nn.HeadClasses.spec(n=n_classes), n_classes))
    return made


def _residual(parts: GridParts, width: float, bottleneck: bool, same: bool) -> nn.Spec:
    """One residual block; unless the fields stay the same, a 1 x 1 map goes around it."""
    if bottleneck:
        narrow = max(1, width // 4)
        inner = [*parts.block(narrow, 1), *parts.block(narrow), *parts.normed(width, 1)]
    else:
        inner = [*parts.block(width), *parts.normed(width)]
    return nn.ResidualModule.spec(inner=inner, shortcut=None if same else parts.normed(width, 1))


def checked_stages(
    n_classes: int | None,
    depths: Sequence[int],
    widths: Sequence[float],
    restrict: Mapping[int, Any] | None = None,
) -> None:
    """Raises unless the arguments of a residual network are in range.

    Args:
        n_classes: of the answer, or ``None``.
        depths: of the stages.
        widths: of the stages.
        restrict: what is restricted before which stage.
    """
    if n_classes is not None:
        whole_at_least(n_classes, "n_classes")
    if not len(widths) or len(widths) != len(depths):
        raise ArgumentError(f"`depths` and `widths` name {len(depths)} and {len(widths)} stages, which must be as many")
    for depth in depths:
        whole_at_least(depth, "depths")
    checked_widths(widths, restrict)
