"""Transformers on grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from intertwine import nn
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import Sides, Symmetries, grid_parts, sides_of
from intertwine.models.parts import Head, ending, first_space
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def equivariant_transformer(
    in_channels: int | nn.FieldType,
    n_classes: int | None = None,
    gspace: GSpace | None = None,
    *,
    width: int = 8,
    depth: int = 4,
    heads: int = 2,
    patch: int = 4,
    size: int | Sequence[int] | None = None,
    reach: int | None = 2,
    window: int | None = None,
    expansion: int = 2,
    dropout: float = 0.0,
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
    nonlinearity: str | None = None,
    frequency: int = 2,
) -> nn.SequentialModule:
    """A vision transformer for signals, images or volumes whose answer does not change under the group, or turns with the input.

    A convolution makes fields of each patch, in such a way that the grid of patches keeps the centre; then `transformer_block`s,
    a layer norm, and `HeadClasses` or another head. On a square lattice quarter turns and reflections are exact.

    Args:
        in_channels: channels of the input, which the group does not mix; or fields, as in `equivariant_cnn`.
        n_classes: how many classes there are; ``None`` lets `intertwine.training.engine.fit` fill it.
        gspace: the line, the plane or space with its group; `rot2dOnR2(8)` if left out.
        width: fields of each patch.
        depth: how many blocks.
        heads: of the attention; the number divides the width.
        patch: the distance of patches in cells.
        size: sides of the grid. Either all are multiples of ``patch``: then patches lie side by side; or all are multiples and
            one more: then patches overlap, around every ``patch``-th cell from the first to the last. If left out, they are
            taken for multiples.
        reach: each patch attends to those at most so many patches away, with a bias for the offset; ``None`` for all patches,
            without a bias.
        window: attention within windows of so many patches instead, shifted in every second block.
        expansion: how many times as many fields there are between the two maps of a block.
        dropout: the share of weights of the attention that are dropped in training.
        restrict: blocks before which only a subgroup is kept, as in `equivariant_cnn`.
        head: the specification of the last layers, as in `equivariant_cnn`.
        nonlinearity: as in `equivariant_cnn`; fields of irreps are scaled by functions of their norms here.
        frequency: of the irreps, at most.

    Raises:
        ArgumentError: if an argument is out of range, or patches do not fit the grid.
        FieldTypeError: if the space has no grid.

    Example:
        >>> import torch
        >>> from intertwine import gspaces
        >>> model = equivariant_transformer(1, 10, gspaces.rot2dOnR2(4), width=4, depth=2, size=17).eval()
        >>> x = torch.randn(1, 1, 17, 17)
        >>> bool(torch.allclose(model(x), model(x.rot90(1, (2, 3))), atol=1e-5))
        True

    References:
        Dosovitskiy et al., "An image is worth 16 x 16 words", ICLR 2021.
    """
    parts = grid_parts(first_space(in_channels, gspace), 1, "layer", "zeros", nonlinearity, frequency)
    if n_classes is not None:
        whole_at_least(n_classes, "n_classes")
    whole_at_least(depth, "depth")
    d = parts.gspace.dimensionality
    kernel, padding = _patches(sides_of(size, d), whole_at_least(patch, "patch"))
    embedding = parts.linear(parts.fields(whole_at_least(width, "width")), kernel, bias=True, padding=padding)
    # A kernel of two cells needs a ring through them: the usual ones meet none.
    rings = {"rings": [d**0.5 / 2], "frequencies_cutoff": 3.0} if kernel == 2 else {}
    model: Any = nn.SequentialModule(parts.input(in_channels), embedding.with_arguments(stride=patch, **rings))
    symmetries = Symmetries(restrict, depth)
    for number in range(depth):
        restriction, parts = symmetries.before(number, parts)
        for step in restriction:
            model.append(step)
        function = parts.activation()[0] if nonlinearity == "fourier" else None
        shifted = window is not None and number % 2 == 1
        near = {"reach": reach} if window is None else {"window": window, "shifted": shifted}
        options = {"expansion": expansion, "dropout": dropout, "nonlinearity": function}
        model.append(nn.transformer_block(model.out_type, heads, **near, **options))
    for step in [nn.LayerNorm.spec(), *ending(head, nn.HeadClasses.spec(n=n_classes), n_classes)]:
        model.append(step)
    return model


def _patches(sides: Sides, patch: int) -> tuple[int, int]:
    """The size of the kernel that makes fields of patches, and its padding, so that the grid of patches keeps the centre."""
    if sides is None or all(side % patch == 0 for side in sides):
        return patch, 0
    if all(side % patch == 1 for side in sides):
        return 2 * (patch // 2) + 1, patch // 2
    near = patch * max(1, round(sides[0] / patch))
    raise ArgumentError(
        f"a grid of {' x '.join(map(str, sides))} has no grid of patches {patch} apart with the same centre",
        hint=f"use sides that are all multiples of {patch}, such as {near}, or all one more, such as {near + 1}",
    )
