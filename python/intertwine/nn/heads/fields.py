"""From fields on space to fields of the whole: numbers, directions, tensors, points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from intertwine.budget import Price
from intertwine.checks import MOST_CHANNELS, choice, whole_at_least
from intertwine.errors import FieldTypeError
from intertwine.fields import FieldType, field_type
from intertwine.gspaces import no_base_space
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.conv.linear import Linear
from intertwine.nn.heads.classes import HeadClasses

_REDUCTIONS = ("mean", "sum")


def _without_space(fields: FieldType) -> FieldType:
    """The same fields of a whole image, not of its cells."""
    return FieldType(no_base_space(fields.fibergroup), fields.representations)


class HeadNumbers(HeadClasses):
    """The end of a regression: an invariant of each field, its mean over space, and numbers that the group does not change.

    It computes what :class:`HeadClasses` does, but its output is typed: trivial fields. So the targets of a training are
    known not to turn with the inputs.

    Args:
        in_type: any fields.
        n: how many numbers.
        bias: whether they have a bias.

    Example:
        >>> from intertwine import gspaces, nn
        >>> head = nn.HeadNumbers(nn.field_type(gspaces.rot2dOnR2(4), regular=6), 2)
        >>> head(torch.randn(3, 24, 7, 7)).shape, head.out_type.is_invariant
        (torch.Size([3, 2]), True)
    """

    def __init__(self, in_type: FieldType, n: int = 1, bias: bool = True) -> None:
        super().__init__(in_type, whole_at_least(n, "n", most=MOST_CHANNELS), bias)
        self.out_type = _without_space(_invariant(in_type, n))


class HeadFields(EquivariantModule):
    """The mean or the sum of fields over space, mapped to fields of the whole: a direction or a tensor for each image.

    y = W mean_x f(x) + b with rho_out(g) W = W rho_in(g), so that y(g f) = rho_out(g) y(f).

    Args:
        in_type: any fields.
        out_type: the fields of the output, of the same group; with ``spec``, ``out={"vector": 1}`` describes them.
        reduce: ``"mean"`` or ``"sum"`` over space.
        bias: whether to add a bias to the invariant part of each field.

    Raises:
        FieldTypeError: if the output has another group.
        EmptyBasisError: if only 0 is equivariant.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> head = nn.HeadFields(nn.field_type(space, regular=6), nn.field_type(space, vector=1))
        >>> head(torch.randn(3, 24, 7, 7)).shape
        torch.Size([3, 2])
    """

    @classmethod
    def construction_prices(cls, in_type: FieldType, out_type: FieldType, **others: Any) -> Iterator[Price]:
        """Its map.

        Args:
            in_type: the fields of the input.
            out_type: those of the output.
            **others: the other arguments of the constructor.
        """
        yield from Linear.construction_prices(_without_space(in_type), _without_space(out_type))

    def __init__(self, in_type: FieldType, out_type: FieldType, reduce: str = "mean", bias: bool = True) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "HeadFields")
        check_field_type(out_type, "HeadFields", "out_type")
        if out_type.fibergroup != in_type.fibergroup:
            raise FieldTypeError(
                "HeadFields takes fields of {group} to fields of {other}",
                hint="give both the same group",
                parts={"group": in_type.fibergroup, "other": out_type.fibergroup},
            )
        self.reduce = choice(reduce, _REDUCTIONS, "HeadFields", "reduction")
        self.out_type = _without_space(out_type)
        self.map = Linear(_without_space(in_type), self.out_type, bias=bias)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() > 2:
            cells = tensor.flatten(2)
            tensor = cells.mean(dim=2) if self.reduce == "mean" else cells.sum(dim=2)
        return self.map(tensor)

    def extra_repr(self) -> str:
        """Both types and the reduction."""
        return f"{self.in_type} -> {self.out_type}, {self.reduce}"


class HeadPoints(EquivariantModule):
    """The most likely places of an image or volume: p = sum_x x exp(s(x)) / sum_x exp(s(x)), a point for each map s of scores.

    The scores are an equivariant linear map of the fields to numbers that the group does not change, so p turns with the image.
    Coordinates are counted from the centre, in cells: x to the right, y up, z towards the first slice. That is exact for every
    motion of the lattice, for even and for odd sides.

    Args:
        in_type: fields on a line, a plane or space.
        n: how many points.

    Raises:
        FieldTypeError: if there is no space.
        EmptyBasisError: if the fields have no invariant part.

    Example:
        >>> from intertwine import gspaces, nn
        >>> head = nn.HeadPoints(nn.field_type(gspaces.rot2dOnR2(4), trivial=1))
        >>> _ = torch.nn.init.ones_(head.scores.weights)
        >>> image = torch.zeros(1, 1, 5, 5)
        >>> image[0, 0, 1, 4] = 50.0  # right of the centre by two cells, above it by one
        >>> head(image).detach()
        tensor([[2., 1.]])
    """

    needs_grid = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, n: int = 1) -> Iterator[Price]:
        """Its map of scores.

        Args:
            in_type: the fields of the input.
            n: how many points.
        """
        yield Price(1e3 * float(n), 1e-6 * float(n))
        yield from Linear.construction_prices(in_type, _invariant(in_type, 1))

    def __init__(self, in_type: FieldType, n: int = 1) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "HeadPoints")
        space = in_type.gspace
        if space.dimensionality == 0:
            raise FieldTypeError(
                "HeadPoints needs fields on a line, a plane or space, not {type}", parts={"type": in_type}
            )
        self.n = whole_at_least(n, "n", most=MOST_CHANNELS)
        # A bias would add one number to all scores of a point, which changes no weight.
        self.scores = Linear(in_type, _invariant(in_type, n), bias=False)
        self.out_type = _without_space(field_type(space, vector=n))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        sides = tensor.shape[2:]
        weights = self.scores(tensor).flatten(2).softmax(dim=2).unflatten(2, sides)
        axes = range(len(sides))
        found = []
        for axis in reversed(axes):
            places = torch.arange(sides[axis], dtype=tensor.dtype, device=tensor.device) - (sides[axis] - 1) / 2
            # Memory counts rows and slices against their mathematical direction.
            places = places if axis == len(sides) - 1 else -places
            others = [2 + other for other in axes if other != axis]
            found.append((weights.sum(dim=others) if others else weights) @ places)
        return torch.stack(found, dim=2).flatten(1)

    def extra_repr(self) -> str:
        """Type and number of points."""
        return f"{self.in_type}, n={self.n}"


def _invariant(in_type: FieldType, n: int) -> FieldType:
    return FieldType(in_type.gspace, n * [in_type.fibergroup.trivial_representation])
