"""Networks without a grid: on vectors of any representation, and on points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intertwine import nn
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError
from intertwine.gspaces import GSpace, flipRot3dOnR3
from intertwine.models.grid_parts import Symmetries
from intertwine.models.parts import Head, Parts, ending_in_fields, field_settings, first_space
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests

_CONVS: dict[int, Any] = {1: nn.R1PointConv, 2: nn.R2PointConv, 3: nn.R3PointConv}


@dataclass(frozen=True)
class FreeParts(Parts):
    """The layers of a network without a grid.

    Attributes:
        layer: the class of its linear layers.
        settings: of these.
    """

    layer: Any
    settings: Mapping[str, Any]

    def linear(
        self, out: Any, kernel_size: int | None = None, bias: bool = False, padding: int | None = None
    ) -> nn.Spec:
        """A linear layer; the arguments of a grid have no effect.

        Args:
            out: the fields that it puts out.
            kernel_size: has no effect.
            bias: whether it has one.
            padding: has no effect.
        """
        return self.layer.spec(out=out, bias=bias, **self.settings)


@suggests
@plain_numbers
def equivariant_mlp(
    in_type: nn.FieldType,
    out: Any = None,
    *,
    widths: Sequence[int] = (16, 16),
    norm: str | None = None,
    nonlinearity: str | None = None,
    frequency: int = 2,
    dropout: float = 0.0,
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
) -> nn.SequentialModule:
    """A perceptron with several layers on any representation: y(rho_in(g) x) = rho_out(g) y(x).

    Blocks of an equivariant linear map, a normalisation if one is asked for, and a non-linearity, then a linear map. On a space
    with positions it acts on each.

    Args:
        in_type: the fields of the input.
        out: how many numbers that the group does not change; or fields, such as ``{"irrep_1": 2}``.
        widths: fields in each block.
        norm: ``"batch"``, ``"layer"``, ``"rms"`` or ``"field"``; none by default.
        nonlinearity: as in `equivariant_cnn`: ``"relu"`` on regular fields, ``"gated"`` on irreps, or ``"fourier"``.
        frequency: of the irreps, at most.
        dropout: the share of fields that are dropped in training.
        restrict: blocks before which only a subgroup is kept, as in `equivariant_cnn`.
        head: the specification of the last layers in place of ``out``.

    Raises:
        ArgumentError: if an argument is out of range.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, group, nn
        >>> space = gspaces.no_base_space(group.so3_group(2))
        >>> kind = nn.FieldType(space, 4 * [space.irrep(1)])
        >>> equivariant_mlp(kind, [space.irrep(1)], widths=(8, 8))(torch.randn(5, 12)).shape
        torch.Size([5, 3])
    """
    if not isinstance(in_type, nn.FieldType):
        raise ArgumentTypeError(
            f"equivariant_mlp takes the field type of its input, not {type(in_type).__name__}",
            hint="make one with nn.field_type(space, regular=4)",
        )
    parts = FreeParts(*field_settings(in_type.gspace, norm, nonlinearity, frequency), nn.Linear, {})
    dropped = [nn.FieldDropout.spec(p=dropout)] if dropout else []
    return _stack(parts, in_type, out, widths, restrict, head, dropped)


@suggests
@plain_numbers
def point_network(
    in_channels: int | nn.FieldType,
    out: Any = None,
    gspace: GSpace | None = None,
    *,
    radius: float,
    widths: Sequence[int] = (8, 8),
    n_rings: int = 4,
    radial: str = "bessel",
    aggr: str = "mean",
    norm: str | None = None,
    nonlinearity: str | None = None,
    frequency: int = 1,
    restrict: Mapping[int, Any] | None = None,
    head: Head | None = None,
) -> nn.SequentialModule:
    """A network on point clouds and graphs whose output turns with the points, for every element of the group.

    Blocks of a convolution on points, a normalisation if one is asked for, and a non-linearity; then a linear map of each point's
    fields. Its input are features with coordinates and the edges of a graph, as `intertwine.nn.radius_graph` makes them: each
    convolution takes both.

    Args:
        in_channels: numbers for each point that the group does not mix; or fields.
        out: how many numbers for each point that the group does not change; or fields, such as ``{"vector": 1}`` for a force.
        gspace: the line, the plane or space with any group; `flipRot3dOnR3()` if left out.
        radius: how far the edges reach.
        widths: fields in each block: all irreps up to the frequency, or regular fields of a finite group.
        n_rings: of the kernels, between 0 and the radius.
        radial: ``"bessel"``, so that nothing jumps when a neighbour comes or goes; ``"gaussian"`` or ``"normalized"``.
        aggr: ``"mean"`` or ``"sum"`` over the neighbours.
        norm: ``"layer"``, ``"rms"`` or ``"field"``; none by default.
        nonlinearity: as in `equivariant_cnn`.
        frequency: of the irreps, at most.
        restrict: blocks before which only a subgroup is kept, as in `equivariant_cnn`.
        head: the specification of the last layers in place of ``out``; ``[]`` for the features.

    Raises:
        ArgumentError: if an argument is out of range.
        FieldTypeError: if there is no space.

    Example:
        >>> import torch
        >>> from intertwine import nn
        >>> model = point_network(2, {"vector": 1}, radius=2.0)
        >>> coords = torch.randn(9, 3)
        >>> edges = nn.radius_graph(coords, 2.0)
        >>> x = model.in_type(torch.randn(9, 2), coords)
        >>> for layer in model:
        ...     x = layer(x, edges) if isinstance(layer, nn.R3PointConv) else layer(x)
        >>> x.shape
        torch.Size([9, 3])

    References:
        Thomas et al., "Tensor field networks", 2018.
    """
    space = first_space(in_channels, gspace) or flipRot3dOnR3()
    if not isinstance(space, GSpace) or space.dimensionality == 0:
        raise FieldTypeError(
            "points need a line, a plane or space, not {space}",
            hint="make one with gspaces.flipRot3dOnR3()",
            parts={"space": space},
        )
    if norm in ("batch", "instance"):
        raise ArgumentError(f"a network on points has no norm {norm!r}", hint='use "layer", "rms" or "field"')
    settings = {"width": radius, "n_rings": n_rings, "radial": radial, "aggr": aggr}
    conv = _CONVS[space.dimensionality]
    parts = FreeParts(*field_settings(space, norm, nonlinearity, frequency), conv, settings)
    return _stack(parts, parts.input(in_channels), out, widths, restrict, head, [])


def _stack(
    parts: Any,
    in_type: nn.FieldType,
    out: Any,
    widths: Sequence[int],
    restrict: Mapping[int, Any] | None,
    head: Head | None,
    dropped: list[nn.Spec],
) -> nn.SequentialModule:
    """Blocks and a linear map, or another head."""
    if len(widths) == 0:
        raise ArgumentError("`widths` is empty", hint="give a number of fields for each block, such as (16, 16)")
    symmetries = Symmetries(restrict, len(widths))
    steps: list[Any] = []
    for number, width in enumerate(widths):
        restriction, parts = symmetries.before(number, parts)
        steps += [*restriction, *parts.block(whole_at_least(width, "widths")), *dropped]
    end = ending_in_fields(head, lambda fields: nn.Linear.spec(out=fields), out)
    made: Any = nn.SequentialModule(in_type, *steps, *end)
    return made
