"""Equivariant linear layers."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.fields import FieldType
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation
from intertwine.kernels import ExpansionPlan, Ring, ScalarBasis, expansion_plan
from intertwine.kernels.prices import plan_prices, plan_weights
from intertwine.kernels.torch_modes import is_traced
from intertwine.memory import remembered
from intertwine.nn.base.channel_map import channel_map
from intertwine.nn.conv.expanded_module import ExpandedModule

_POINT = ScalarBasis(1, (Ring(0.0, 1.0, (0,)),))
"""The constant function on a point: a linear layer is a kernel with one cell, on a line that the group does not move."""

_POSITIONS = 100
"""From so many positions on a product for each sample is faster than one for all."""


@remembered
def _trivial_action(group: Group) -> Representation:
    """The action of a group on the line that moves nothing: with it a linear layer is a convolution with one cell."""
    return Representation(group, "still", [group.trivial_representation.id], np.eye(1))


def matrix_plan(
    in_representations: tuple[Representation, ...], out_representations: tuple[Representation, ...]
) -> ExpansionPlan:
    """The basis of Hom_G(rho_in, rho_out) for two lists of fields.

    Args:
        in_representations: one for each input field.
        out_representations: one for each output field.

    Raises:
        EmptyBasisError: if only 0 is equivariant.
    """
    group = in_representations[0].group
    return expansion_plan(_trivial_action(group), in_representations, out_representations, _POINT, ((0.0,),))


def matrix_prices(
    in_representations: tuple[Representation, ...], out_representations: tuple[Representation, ...]
) -> Iterator[Price]:
    """What `matrix_plan` takes.

    Args:
        in_representations: one for each input field.
        out_representations: one for each output field.
    """
    return plan_prices(_trivial_action(in_representations[0].group), in_representations, out_representations, _POINT, 1)


class Linear(ExpandedModule):
    """An equivariant linear layer on the channels: y = W x + b with rho_out(g) W = W rho_in(g).

    Channels are on axis 1, as everywhere. Further axes, of space or of anything else (time, heads, points of a set), are kept,
    and the same map is applied at each position: ``(batch, channels, *extra)`` gives
    ``(batch, out channels, *extra)``. Unlike escnn's, it takes fields on any space, where it is a convolution of kernel size 1.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space.
        bias: whether to add a bias to the invariant part of each field.
        basisexpansion: has no effect. Programs written for escnn may give it.
        recompute: has no effect: no basis is stored on disk. Programs written for escnn may give it.
        initialize: whether to draw the weights; else they are zero.

    Raises:
        FieldTypeError: if the types are not on one space.
        EmptyBasisError: if only 0 is equivariant.

    Example:
        >>> from intertwine import gspaces, group, nn
        >>> space = gspaces.no_base_space(group.cyclic_group(8))
        >>> layer = nn.Linear(nn.field_type(space, regular=2), nn.field_type(space, regular=3))
        >>> layer(torch.randn(5, 16)).shape, layer.weights.numel()
        (torch.Size([5, 24]), 48)
    """

    @classmethod
    def _number_of_weights(cls, in_type: FieldType, out_type: FieldType, **others: Any) -> int | None:
        return plan_weights(_trivial_action(in_type.fibergroup), *cls._fields(in_type, out_type), _POINT)

    @classmethod
    def construction_prices(cls, in_type: FieldType, out_type: FieldType, **others: Any) -> Iterator[Price]:
        """The basis of equivariant maps.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            **others: the other arguments of the constructor.
        """
        return matrix_prices(*cls._fields(in_type, out_type))

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        bias: bool = True,
        basisexpansion: str = "blocks",
        recompute: bool = False,
        initialize: bool = True,
    ) -> None:
        super().__init__()
        self._set_types(in_type, out_type)
        self._set_expansion_and_parameters(matrix_plan(*self._fields(in_type, out_type)), bias, initialize)

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """W of shape ``(out channels, in channels)``, and the bias of each channel or ``None``.

        Args:
            weights: flat coefficients of W.
            bias: one number for each trivial irrep of the output.
        """
        filters, expanded = super()._expand(weights, bias)
        return filters[:, :, 0], expanded

    @property
    def matrix(self) -> torch.Tensor:
        """W of shape ``(out channels, in channels)``."""
        return self._kept("matrix", self._expand)[0]

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        by_blocks = self._by_blocks(tensor)
        if by_blocks is not None:
            return by_blocks
        matrix, bias = self._kept("matrix", self._expand)
        if tensor.dim() == 2:
            return F.linear(tensor, matrix, bias)
        last = tensor.movedim(1, -1)
        if self._is_cheaper_by_sample(tensor) and not last.is_contiguous():
            # No copy is made with the channels last; the gradient of W has a part for each sample.
            samples, each = tensor.flatten(2).transpose(1, 2), matrix.T.expand(tensor.shape[0], -1, -1)
            out = torch.bmm(samples, each) if bias is None else torch.baddbmm(bias, samples, each)
            return out.transpose(1, 2).unflatten(2, tensor.shape[2:])
        return F.linear(last, matrix, bias).movedim(-1, 1)

    def _is_cheaper_by_sample(self, tensor: torch.Tensor) -> bool:
        """Whether one product for each sample, rather than one for all, is faster, and its gradient not large."""
        positions = prod(tensor.shape[2:])
        return not is_traced() and positions >= _POSITIONS and 2 * positions >= self.out_type.size

    def _export(self) -> torch.nn.Module:
        matrix, bias = self.expand_parameters()
        return channel_map(matrix, self.in_type.gspace.dimensionality, bias)

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}" + (", bias=False" if self.bias is None else "")
