"""Attention of every position to every position: of a grid, of a set, of points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from intertwine.budget import Price
from intertwine.errors import ArgumentTypeError, FieldTypeError, Words
from intertwine.fields import FieldType
from intertwine.kernels import PointFunctions, point_basis, point_plan
from intertwine.kernels.prices import plan_prices
from intertwine.nn.attention.base import AttentionBase, heads_at_most, members_of_sets
from intertwine.nn.conv.expanded_module import ExpandedModule


class _PointBias(ExpandedModule):
    """A function of offsets for each head: the kernel of a convolution on points, from a trivial field to that of the heads.

    Args:
        in_type: a trivial field.
        out_type: how the group acts on the heads.
        width: radius of the outermost ring.
        n_rings: how many rings.
    """

    def __init__(self, in_type: FieldType, out_type: FieldType, width: float, n_rings: int) -> None:
        super().__init__()
        self._set_types(in_type, out_type)
        scalars = point_basis(in_type.gspace.dimensionality, width, n_rings, None, None, None)
        self._functions = PointFunctions(scalars)
        fields = self._fields(in_type, out_type)
        plan = point_plan(in_type.gspace.basespace_action, *fields, scalars, "gaussian", None)
        self._set_expansion_and_parameters(plan, bias=False, initialize=False)

    def of(self, offsets: torch.Tensor) -> torch.Tensor:
        """The numbers of all heads, shape ``(offsets, heads)``.

        Args:
            offsets: shape ``(offsets, d)``.
        """
        matrix = self._kept("filter", self._expand)[0][:, 0]
        return self._functions(offsets.to(matrix.dtype)) @ matrix.T


class Attention(AttentionBase):
    """Attention of every position to every position of its sample.

    Axes behind the channels are positions: those of a grid, or, without space, the members of a set. Where points are the items
    of the batch, with coordinates, all of them are one set;
    call ``layer(x, batch=sets)`` with the number of the set of each point for several. Give ``width`` for a bias
    that depends on the offset between two points.

    Args:
        in_type: any fields; for permuted heads, fields of one representation that permutes blocks of channels.
        heads: how many; the number divides the number of fields of each kind. ``"permuted"`` for heads that the group permutes.
        dropout: the share of weights that are dropped in training.
        bias: whether the maps of queries, values and outputs have biases.
        width: for points with coordinates: how far the bias by offset reaches, the radius of its outermost ring; ``None`` for
            no such bias.
        n_rings: the number of equally spaced rings from 0 to ``width``.

    Raises:
        ArgumentError: if the heads cannot share the fields.
        UnsupportedFieldError: for permuted heads, if the group does not permute the channels.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.Attention(nn.field_type(gspaces.rot2dOnR2(4), regular=4), heads=2)
        >>> layer(torch.randn(1, 16, 5, 5)).shape
        torch.Size([1, 16, 5, 5])

        Two sets of points, of 20 and 30:

        >>> layer = nn.Attention(nn.field_type(gspaces.rot3dOnR3(), trivial=2, vector=2), width=2.0)
        >>> x = layer.in_type(torch.randn(50, 8), torch.randn(50, 3))
        >>> layer(x, batch=(torch.arange(50) >= 20).long()).shape
        torch.Size([50, 8])

    References:
        Vaswani et al., "Attention is all you need", NeurIPS 2017.
        Fuchs, Worrall, Fischer and Welling, "SE(3)-transformers", NeurIPS 2020.
        Romero and Cordonnier, "Group equivariant stand-alone self-attention for vision", ICLR 2021.
    """

    uses_coords = True

    @classmethod
    def construction_prices(
        cls,
        in_type: FieldType,
        heads: int | str = 1,
        width: float | None = None,
        n_rings: int = 4,
        **others: Any,
    ) -> Iterator[Price]:
        """The maps and the bias.

        Args:
            in_type: the fields of the input.
            heads: how many, or ``"permuted"``.
            width: how far the bias reaches.
            n_rings: the number of its rings.
            **others: the other arguments of the constructor.
        """
        yield from super().construction_prices(in_type, heads, **others)
        space = in_type.gspace
        if width is not None and space.dimensionality:
            yield Price(40.0 * n_rings**2 + 1e5 * n_rings, 2e-5 * n_rings)
            scalars = point_basis(space.dimensionality, width, n_rings, None, None, None)
            many = heads_at_most(in_type, heads).representations
            yield from plan_prices(space.basespace_action, (space.trivial_repr,), many, scalars, scalars.size)

    def __init__(
        self,
        in_type: FieldType,
        heads: int | str = 1,
        dropout: float = 0.0,
        bias: bool = True,
        width: float | None = None,
        n_rings: int = 4,
    ) -> None:
        super().__init__(in_type, heads, dropout, bias)
        self.position: _PointBias | None = None
        if width is not None:
            space = in_type.gspace
            if not space.dimensionality:
                raise FieldTypeError(
                    "a bias by offset needs space, but {type} has none", hint="leave width out", parts={"type": in_type}
                )
            self.position = _PointBias(FieldType(space, [space.trivial_repr]), self.head_type, width, n_rings)

    def _compute(
        self, tensor: torch.Tensor, coords: torch.Tensor | None = None, batch: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The output channels.

        Args:
            tensor: shape ``(batch, channels, *positions)``; on points ``(points, channels)``.
            coords: of the points.
            batch: the number of the set of each point, shape ``(points,)``; all are one set by default.
        """
        if coords is not None:
            return self._on_points(tensor, coords, batch)
        if batch is not None or self.position is not None:
            raise ArgumentTypeError(
                "Attention needs coordinates for a bias by offset, and for several sets of points",
                hint=Words(
                    "give in_type(features, coords); or leave width and batch out",
                    r="give coords to geometric_tensor(); or leave width and batch out",
                ),
            )
        parts = [part.flatten(3).transpose(2, 3) for part in self._projected(tensor[..., None])]
        attended = self._attend(*parts, mask=None).transpose(1, 2).flatten(2).transpose(1, 2)
        return self._mapped_back(attended.reshape(*attended.shape[:2], *tensor.shape[2:]))

    def _on_points(self, tensor: torch.Tensor, coords: torch.Tensor, batch: torch.Tensor | None) -> torch.Tensor:
        """The same on points, of which those of one set attend to each other."""
        places, inside = None, None
        if batch is not None:
            places, inside = _places(batch, tensor.shape[0])
            tensor, coords = (
                values.new_zeros(*inside.shape, values.shape[1]).index_put(places, values)
                for values in (tensor, coords)
            )
        else:
            tensor, coords = tensor[None], coords[None]
        parts = [part.transpose(2, 3) for part in self._projected(tensor.transpose(1, 2))]
        mask = None
        if self.position is not None:
            offsets = coords[:, None] - coords[:, :, None]
            numbers = self.position.of(offsets.flatten(0, 2))
            mask = numbers.unflatten(0, offsets.shape[:3]).permute(0, 3, 1, 2)
        if inside is not None:
            beyond = torch.zeros_like(inside, dtype=tensor.dtype).masked_fill(~inside, -torch.inf)[:, None, None, :]
            mask = beyond if mask is None else mask + beyond
        attended = self._attend(*parts, mask=mask).transpose(2, 3)
        output = self._mapped_back(attended.flatten(1, 2)).transpose(1, 2)
        return output[0] if places is None else output[places]


def _places(batch: torch.Tensor, points: int) -> tuple[tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The set of each point and its place in it, and which places of a table of all sets are taken.

    Args:
        batch: the number of the set of each point.
        points: how many there are.

    Raises:
        ShapeError: if there is not one number for each point.
    """
    members, counts = members_of_sets(batch, points)
    order = torch.argsort(members, stable=True)
    within = torch.arange(points, device=batch.device) - (counts.cumsum(0) - counts)[members[order]]
    places = torch.empty_like(members).index_copy(0, order, within)
    width = int(counts.max()) if points else 0
    return (members, places), torch.arange(width, device=batch.device) < counts[:, None]
