"""Attention to fields: each one is weighted by what the whole sample holds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentTypeError, Words
from intertwine.fields import FieldType
from intertwine.nn.attention.base import members_of_sets
from intertwine.nn.base.channel_blocks import Blocks, field_channels
from intertwine.nn.base.norms import norm_of
from intertwine.nn.base.type_preserving import TypePreserving


class SqueezeExcitation(TypePreserving):
    """Squeeze and excitation: each field times a number between 0 and 1 that the whole sample decides.

    An invariant of each field is averaged over all positions: the mean of its channels where the group only permutes them, else
    its norm. Two linear maps with a ReLU between them, and a sigmoid, make a gate for each field of these averages. Put it at
    the end of the inner part of a :class:`ResidualModule`. Where points are the items of the batch, with coordinates, all of
    them are one sample; call ``layer(x, batch=sets)`` with the number of the set of each point for several.

    Args:
        in_type: any fields.
        reduction: how many times fewer numbers there are between the two maps than fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=8)
        >>> conv = nn.R2Conv.spec(out={"regular": 8}, kernel_size=3, padding=1)
        >>> block = nn.ResidualModule(kind, [conv, nn.ReLU.spec(), conv, nn.SqueezeExcitation.spec(reduction=4)])
        >>> block(torch.randn(1, 32, 5, 5)).shape
        torch.Size([1, 32, 5, 5])

    References:
        Hu, Shen and Sun, "Squeeze-and-excitation networks", CVPR 2018.
    """

    settings = ("reduction",)
    uses_coords = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, reduction: int = 4) -> Iterator[Price]:
        """The two maps.

        Args:
            in_type: the type.
            reduction: how many times fewer numbers there are between them.
        """
        weights = 2.0 * len(in_type) * (len(in_type) // whole_at_least(reduction, "reduction") + 1)
        yield Price(20 * weights, 2e-8 * weights)

    def __init__(self, in_type: FieldType, reduction: int = 4) -> None:
        super().__init__(in_type)
        self.reduction = whole_at_least(reduction, "reduction")
        fields = len(in_type)
        between = max(1, fields // self.reduction)
        self.squeeze, self.excite = torch.nn.Linear(fields, between), torch.nn.Linear(between, fields)
        # Even kinds are of norms, odd ones of means.
        self._fields = Blocks(field_channels(in_type), [2 * rho.size + rho.is_permutation for rho in in_type])
        self.register_constant("field", np.repeat(np.arange(fields), [rho.size for rho in in_type]))

    def _compute(
        self, tensor: torch.Tensor, coords: torch.Tensor | None = None, batch: torch.Tensor | None = None
    ) -> torch.Tensor:
        if batch is not None and coords is None:
            raise ArgumentTypeError(
                "sets of points need coordinates",
                hint=Words(
                    "give in_type(features, coords); or leave batch out",
                    r="give coords to geometric_tensor(); or leave batch out",
                ),
            )
        parts = zip(self._fields.kinds, self._fields.split(tensor))
        found = self._fields.join_fields(
            [values.mean(dim=2) if kind % 2 else norm_of(values) for kind, (_, values) in parts]
        )
        found = found.flatten(2).mean(dim=2) if found.dim() > 2 else found
        members = None
        if batch is not None:
            members, counts = members_of_sets(batch, tensor.shape[0])
            found = found.new_zeros(len(counts), found.shape[1]).index_add(0, members, found) / counts[:, None]
        elif coords is not None:
            found = found.mean(dim=0, keepdim=True)
        gates = torch.sigmoid(self.excite(torch.relu(self.squeeze(found))))
        gates = gates if members is None else gates[members]
        each = gates.to(tensor.dtype).index_select(1, self.field)  # type: ignore[arg-type]
        return tensor * each.view(*each.shape, *(tensor.dim() - 2) * (1,))
