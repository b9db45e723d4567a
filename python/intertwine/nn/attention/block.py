"""The transformer's block."""

from __future__ import annotations

from typing import Any

from intertwine.checks import whole_at_least
from intertwine.errors import ArgumentError, ArgumentTypeError
from intertwine.fields import FieldType
from intertwine.nn.attention.attention import Attention
from intertwine.nn.attention.grid import NeighbourAttention, WindowAttention
from intertwine.nn.base.module import check_field_type
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.base.spec import Spec
from intertwine.nn.conv.linear import Linear
from intertwine.nn.nonlinear.norm_nonlinearity import NormNonLinearity
from intertwine.nn.nonlinear.pointwise import ELU
from intertwine.nn.norm.sample_norm import LayerNorm
from intertwine.nn.structure.skip import ResidualModule
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


@suggests
@plain_numbers
def transformer_block(
    in_type: FieldType,
    heads: int | str = 1,
    *,
    reach: int | None = None,
    window: int | None = None,
    shifted: bool = False,
    expansion: int = 2,
    nonlinearity: Spec | None = None,
    dropout: float = 0.0,
) -> SequentialModule:
    """A block of a transformer: x + attention(norm(x)), then the same with two maps and a non-linearity at each position.

    Args:
        in_type: any fields.
        heads: of the attention: how many, or ``"permuted"``.
        reach: for attention to a neighbourhood, see `NeighbourAttention`.
        window: for attention within windows, see `WindowAttention`. With neither, every position attends to all.
        shifted: whether the windows are shifted.
        expansion: how many times as many fields there are between the two maps.
        nonlinearity: the specification of a layer; `ELU` if left out where the group only permutes channels, else
            `NormNonLinearity`.
        dropout: the share of weights of the attention that are dropped in training.

    Raises:
        ArgumentError: if both `reach` and `window` are given, or the heads cannot share the fields.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> block = nn.transformer_block(nn.field_type(gspaces.rot2dOnR2(4), regular=4), heads=2, reach=1)
        >>> block(torch.randn(1, 16, 5, 5)).shape
        torch.Size([1, 16, 5, 5])

    References:
        Vaswani et al., "Attention is all you need", NeurIPS 2017.
    """
    check_field_type(in_type, "transformer_block")
    if reach is not None and window is not None:
        raise ArgumentError("transformer_block takes either reach or window, not both")
    if nonlinearity is not None and not isinstance(nonlinearity, Spec):
        raise ArgumentTypeError("nonlinearity must be the specification of a layer", hint="for example nn.ReLU.spec()")
    attention: Any = Attention.spec(heads=heads, dropout=dropout)
    if reach is not None:
        attention = NeighbourAttention.spec(heads=heads, dropout=dropout, reach=reach)
    if window is not None:
        attention = WindowAttention.spec(heads=heads, dropout=dropout, window=window, shifted=shifted)
    wide = FieldType(in_type.gspace, whole_at_least(expansion, "expansion") * list(in_type.representations))
    permuted = all(representation.is_permutation for representation in in_type.representations)
    function = nonlinearity or (ELU.spec() if permuted else NormNonLinearity.spec())
    maps = [LayerNorm.spec(), Linear.spec(out_type=wide), function, Linear.spec(out_type=in_type)]
    return SequentialModule(
        ResidualModule(in_type, [LayerNorm.spec(), attention]),
        ResidualModule(in_type, maps),
    )
