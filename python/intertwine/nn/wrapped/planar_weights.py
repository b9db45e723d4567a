"""Trained weights of ordinary convolutions in group convolutions, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from intertwine.checks import choice
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError
from intertwine.fields import FieldType
from intertwine.group.core.finite import FiniteGroup
from intertwine.gspaces.resample import act_on_grid
from intertwine.kernels.lattice import lattice_points
from intertwine.nn.conv.convolutions import R1Conv, R2Conv, R3Conv
from intertwine.nn.conv.grid_conv import _GridConv
from intertwine.suggestions import suggests

_PAIRS: dict[type, Any] = {torch.nn.Conv1d: R1Conv, torch.nn.Conv2d: R2Conv, torch.nn.Conv3d: R3Conv}
_PLAIN: dict[int, Any] = {1: torch.nn.Conv1d, 2: torch.nn.Conv2d, 3: torch.nn.Conv3d}

_WIDTH = 0.1
"""Width of rings that reach the cells of one distance alone."""


def _copies(type_: FieldType, fields: int, what: str) -> int:
    """How many channels a field has, if there are so many fields, all regular or all trivial."""
    size = type_.size // max(len(type_), 1)
    same = all(rho.is_trivial() if size == 1 else rho == type_.gspace.regular_repr for rho in type_.representations)
    if not isinstance(type_.fibergroup, FiniteGroup) or not same or len(type_) != fields:
        raise FieldTypeError(
            f"the {what} needs {fields} fields of a finite group, all trivial or all regular, not {{type}}",
            hint=f"use nn.field_type(space, regular={fields})",
            parts={"type": type_},
        )
    return size


@suggests
def lift_conv(conv: torch.nn.Module, in_type: FieldType, out_type: FieldType, **options: Any) -> tuple[Any, float]:
    """A group convolution with the trained weights of an ordinary one.

    Each output channel becomes a regular field, whose channel g has the filter turned by g. Trivial inputs (the first layer) are
    seen by all of these. Regular inputs are seen orientation by orientation: channel g of the output sees channel g of the
    input alone. So channel e of a stack of such layers, with pointwise functions between, computes what the ordinary stack
    computes, and channel g the same in a turned frame; training then mixes orientations.

    Args:
        conv: a ``torch.nn.Conv1d``, ``Conv2d`` or ``Conv3d`` with zeros or another padding, and one group.
        in_type: a trivial or a regular field for each input channel.
        out_type: a regular field for each output channel.
        **options: of the basis: ``rings``, ``sigma``, ``frequencies_cutoff``, ``low_error``. Where all elements carry the grid
            to itself, the rings are by default those of single cells, so that every filter is there.

    Returns:
        the layer, and the part of the filter that its basis lacks, as a share of its norm: zero up to rounding for groups that
        carry the grid to itself, and more for others, whose turned filters fall between the cells.

    Raises:
        ArgumentTypeError: if it is no convolution of torch.
        FieldTypeError: if the types do not fit.
        ArgumentError: for several groups.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> planar = torch.nn.Conv2d(3, 5, 3, padding=1)
        >>> layer, rest = lift_conv(planar, nn.field_type(space, trivial=3), nn.field_type(space, regular=5))
        >>> x = torch.randn(1, 3, 8, 8)
        >>> bool(torch.allclose(layer(x)[:, ::4], planar(x), atol=1e-5)), rest < 1e-5
        (True, True)
    """
    pair = next((pair for kind, pair in _PAIRS.items() if isinstance(conv, kind)), None)
    if pair is None:
        raise ArgumentTypeError(f"lift_conv takes a convolution of torch.nn, not {type(conv).__name__}")
    given: Any = conv
    if given.groups != 1:
        raise ArgumentError(f"lift_conv takes a convolution with one group, not {given.groups}")
    if _copies(out_type, given.out_channels, "output") == 1 and out_type.fibergroup.order() > 1:
        raise FieldTypeError("a lifted convolution gives regular fields", hint="pool them behind it")
    inner = _copies(in_type, given.in_channels, "input")
    space = in_type.gspace
    if all(space.is_exact(g) for g in space.fibergroup.elements) and not options:
        options = _single_cells(given.kernel_size)
    layer = pair(
        in_type,
        out_type,
        given.kernel_size,
        stride=given.stride,
        padding=given.padding,
        dilation=given.dilation[0],
        padding_mode=given.padding_mode,
        bias=given.bias is not None,
        initialize=False,
        **options,
    )
    weight = given.weight.detach().to("cpu", torch.float64)
    turned = [act_on_grid(weight, space.basespace_action(g)) for g in space.fibergroup.elements]
    order = len(turned)
    filters = weight.new_zeros(len(out_type), order, len(in_type), inner, *weight.shape[2:])
    for k, filter_ in enumerate(turned):
        filters[:, k, :, k if inner > 1 else 0] = filter_
    flat = filters.reshape(out_type.size, in_type.size, -1)
    weights, rest = layer.basisexpansion.project(flat)
    with torch.no_grad():
        layer.to(given.weight)
        layer.weights.copy_(weights)
        if given.bias is not None:
            values = given.bias.detach().repeat_interleave(order)
            layer.bias.copy_(layer._bias_expansion.project(values))
    return layer, rest


def _single_cells(kernel: tuple[int, ...]) -> dict[str, Any]:
    """Rings that reach the cells of one distance each, with enough harmonics for all of these."""
    radii = np.linalg.norm(lattice_points(len(kernel), kernel, (1.0,) * len(kernel)), axis=1)
    _, places, counts = np.unique(radii.round(6), return_index=True, return_counts=True)
    rings = [float(r) for r in radii[places]]
    most, least = int(counts.max()), min((r for r in rings if r > 0), default=1.0)
    return {
        "rings": rings,
        "sigma": len(rings) * [_WIDTH],
        "frequencies_cutoff": (most if len(kernel) == 2 else 4) / least,
    }


@suggests
def project_conv(layer: _GridConv, inputs: str = "identity") -> tuple[Any, float]:
    """An ordinary convolution with the weights that a group convolution has for the identity.

    Args:
        layer: a convolution on a grid between trivial and regular fields of a finite group.
        inputs: what becomes of the channels of a regular input: ``"identity"`` keeps that of the identity, so that
            `lift_conv` is undone; ``"sum"`` adds the filters of all, which is what the layer does to fields whose channels
            are equal.

    Returns:
        a ``torch.nn.Conv1d``, ``Conv2d`` or ``Conv3d``, and how far the filters of the identity are from what it keeps of them,
        as a share of their norm.

    Raises:
        ArgumentTypeError: if it is no convolution on a grid.
        FieldTypeError: for other fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> layer = nn.R2Conv(nn.field_type(space, trivial=3), nn.field_type(space, regular=5), 3)
        >>> planar, rest = project_conv(layer)
        >>> x = torch.randn(1, 3, 8, 8)
        >>> bool(torch.allclose(layer(x)[:, ::4], planar(x), atol=1e-5)), rest
        (True, 0.0)
    """
    if not isinstance(layer, _GridConv) or layer.transposed:
        raise ArgumentTypeError(f"project_conv takes a convolution on a grid, not {type(layer).__name__}")
    choice(inputs, ("identity", "sum"), "project_conv", "rule for inputs")
    sizes = _copies(layer.out_type, len(layer.out_type), "output"), _copies(layer.in_type, len(layer.in_type), "input")
    group: Any = layer.in_type.fibergroup
    identity = list(group.elements).index(group.identity)
    with torch.no_grad():
        filters, bias = layer.expand_parameters()
    rows = filters.unflatten(0, (-1, sizes[0]))[:, identity if sizes[0] > 1 else 0].unflatten(1, (-1, sizes[1]))
    place = identity if sizes[1] > 1 else 0
    kept = rows[:, :, place] if inputs == "identity" else rows.sum(dim=2)
    back = torch.zeros_like(rows)
    if inputs == "identity":
        back[:, :, place] = kept
    else:
        back += kept[:, :, None] / sizes[1]
    whole = float(rows.norm())
    conv = _PLAIN[layer.in_type.gspace.dimensionality](
        len(layer.in_type),
        len(layer.out_type),
        rows.shape[3:],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        bias=bias is not None,
        padding_mode=layer.padding_mode,
    )
    with torch.no_grad():
        conv.to(filters).weight.copy_(kept)
        if bias is not None:
            conv.bias.copy_(bias.unflatten(0, (-1, sizes[0]))[:, identity if sizes[0] > 1 else 0])
    return conv, float((rows - back).norm()) / whole if whole else 0.0
