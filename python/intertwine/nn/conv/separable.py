"""Separable convolutions: each field on its own over space, then all fields at each point."""

from __future__ import annotations

from typing import Any

from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.conv.convolutions import R1Conv, R2Conv, R3Conv
from intertwine.nn.conv.grid_conv import _GridConv
from intertwine.nn.structure.branching import MultipleModule
from intertwine.numpy_scalars import plain_numbers

_CONVOLUTIONS: dict[int, type[_GridConv]] = {1: R1Conv, 2: R2Conv, 3: R3Conv}


@plain_numbers
def depthwise_conv(in_type: FieldType, kernel_size: int | tuple[int, ...], **settings: Any) -> EquivariantModule:
    """A convolution in which every field sees itself alone.

    Equal fields are the groups of one convolution. Where there are several kinds of fields, each kind has its own; the output
    then holds the fields by kinds.

    Args:
        in_type: the fields, on R^1, R^2 or R^3.
        kernel_size: the width of the kernels, as for the convolution of that space.
        **settings: others of that convolution, such as ``padding``, ``stride`` or ``bias``.

    Raises:
        ArgumentError: without space.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2, vector=1)
        >>> nn.depthwise_conv(kind, 3, padding=1)(torch.randn(1, 10, 5, 5)).shape
        torch.Size([1, 10, 5, 5])
    """
    check_field_type(in_type, "depthwise_conv")
    if in_type.gspace.dimensionality not in _CONVOLUTIONS:
        raise ArgumentError(
            "depthwise_conv needs space, but {type} has none", hint="use Linear", parts={"type": in_type}
        )
    if "groups" in settings:
        raise ArgumentError("depthwise_conv sets groups itself: one for each field", hint="leave groups out")
    convolution: Any = _CONVOLUTIONS[in_type.gspace.dimensionality]
    kinds = list(dict.fromkeys(in_type.representations))
    parts = []
    for number, kind in enumerate(kinds):
        count = sum(other == kind for other in in_type.representations)
        type_ = FieldType(in_type.gspace, count * [kind])
        parts.append((convolution(type_, type_, kernel_size, groups=count, **settings), f"kind {number}"))
    if len(parts) == 1:
        return parts[0][0]
    labels = [f"kind {kinds.index(representation)}" for representation in in_type.representations]
    return MultipleModule(in_type, labels, parts)


@plain_numbers
def separable_conv(
    in_type: FieldType, out_type: FieldType, kernel_size: int | tuple[int, ...], *, bias: bool = True, **settings: Any
) -> EquivariantModule:
    """A depthwise convolution, then a map of fields at each point: far fewer weights and multiplications than a full one.

    Args:
        in_type: the fields of the input, on R^1, R^2 or R^3.
        out_type: the fields of the output, on the same space.
        kernel_size: the width of the kernels.
        bias: whether to add a bias to the invariant part of each field of the output.
        **settings: others of the convolution over space, such as ``padding`` or ``stride``.

    Raises:
        ArgumentError: without space.
        EmptyBasisError: if input and output fields share no irrep.

    Source: Sifre, "Rigid-motion scattering for image classification", 2014; Chollet, "Xception", 2017.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.octaOnR3(), regular=4)
        >>> full, separable = nn.R3Conv(kind, kind, 3), nn.separable_conv(kind, kind, 3)
        >>> [sum(p.numel() for p in m.parameters()) for m in (full, separable)]
        [3844, 1348]
    """
    spatial = depthwise_conv(in_type, kernel_size, bias=False, **settings)
    check_field_type(out_type, "separable_conv", "out_type")
    pointwise: Any = _CONVOLUTIONS[in_type.gspace.dimensionality]
    return SequentialModule(spatial, pointwise(spatial.out_type, out_type, 1, bias=bias))


__all__ = ["depthwise_conv", "separable_conv"]
