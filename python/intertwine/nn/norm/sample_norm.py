"""Normalisations of each sample by itself: over its fields, its positions, or both."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.checks import number, whole_at_least
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.cpu_gradients import divided_by_pooled_root, divided_by_root, inverse_root
from intertwine.nn.norm.batchnorm_base import AffineNorm
from intertwine.nn.norm.irrep_coordinates import field_kinds

HALF = (torch.float16, torch.bfloat16)


class SampleNorm(AffineNorm):
    """A normalisation of groups of fields of one sample, at each position or over all positions.

    The layer subtracts the mean m of each group along its invariant direction u, then divides by the root mean square::

        y = x - m u,   m = <u, x> / <u, u>,   out = y / sqrt(mean(y^2) + eps) * weight + bias

    u is the projection of (1, ..., 1) on the invariant vectors, so that m is the mean of the channels where the group only
    permutes them, and zero where there is no invariant vector. u and the norm are invariant, so the layer commutes with
    every orthogonal representation.

    Args:
        in_type: the type.
        eps: added to the mean square.
        affine: whether to learn one weight for each field and one bias for each trivial irrep.
        groups: into how many groups of consecutive fields the fields fall; ``None`` if each field is a group.
    """

    centred: ClassVar[bool] = True
    """Whether the layer subtracts the mean."""

    pools_positions: ClassVar[bool] = True
    """Whether a group's statistics are those of all positions together."""

    def __init__(self, in_type: FieldType, eps: float, affine: bool, groups: int | None = 1) -> None:
        super().__init__(in_type)
        self.eps = number(eps, "eps", 0.0)
        groups = len(in_type) if groups is None else whole_at_least(groups, "num_groups")
        if len(in_type) % groups:
            divisors = [str(n) for n in range(1, len(in_type) + 1) if len(in_type) % n == 0]
            raise ArgumentError(
                f"`num_groups` is {groups}, which does not divide the {len(in_type)} fields",
                hint=f"use one of {', '.join(divisors)}",
            )
        self._groups = groups
        fields = np.arange(len(in_type))
        field = fields.repeat([representation.size for representation in in_type.representations])
        group = field // (len(fields) // groups)
        sizes = np.bincount(group, minlength=groups)
        self._equal = bool((sizes == sizes[0]).all())
        if len(fields) > 1:
            self.register_constant("_field", field)
        if groups > 1:
            self.register_constant("_group", group)
        if not self._equal:
            self.register_constant("_sizes", sizes.astype(float))
        trivial = BiasExpansion(in_type)
        self._trivial = trivial if trivial.count and self.centred else None
        self._set_parameters(affine, trivial.count if self.centred else 0)
        direction = _invariant_ones(in_type)
        self._plain_mean = self.centred and bool(np.allclose(direction, 1.0))
        self._own_mean = self.centred and not self._plain_mean and bool(np.any(np.abs(direction) > 1e-9))
        if self._own_mean:
            lengths = np.bincount(group, direction**2, groups)
            self.register_constant("_direction", direction)
            # The mean of u x over a group's channels, divided by the mean of u^2; a group without direction has mean zero.
            self.register_constant("_share", np.where(lengths > 1e-9, sizes / np.maximum(lengths, 1e-9), 0.0))

    def _mean(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over the channels of each group, shape ``(batch, groups, *space)``."""
        if self._groups == 1:
            return values.mean(dim=1, keepdim=True)
        if self._equal:
            return values.unflatten(1, (self._groups, -1)).mean(dim=2)
        sums = values.new_zeros(values.shape[0], self._groups, *values.shape[2:])
        return sums.index_add(1, self._group, values) / _by_channel(self._sizes, values)  # type: ignore[arg-type]

    def _spread(self, values: torch.Tensor) -> torch.Tensor:
        """The value of its group for each channel."""
        return values if self._groups == 1 else values.index_select(1, self._group)  # type: ignore[arg-type]

    def _invariant_mean(self, values: torch.Tensor) -> torch.Tensor | None:
        """For each channel the mean that is subtracted: m u."""
        if self._plain_mean:
            return self._spread(self._mean(values))
        if not self._own_mean:
            return None
        direction, share = _by_channel(self._direction, values), _by_channel(self._share, values)  # type: ignore[arg-type]
        return direction * self._spread(self._mean(direction * values) * share)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dtype in HALF:
            return self._normalised(tensor.float()).to(tensor.dtype)
        return self._normalised(tensor)

    def _normalised(self, values: torch.Tensor) -> torch.Tensor:
        weight, bias = (_cast(each, values) for each in self._affine_by_channel())
        if not self.pools_positions or values.dim() == 2:
            return self._at_each_position(values, weight, bias)
        if self._plain_mean and self._equal:
            return torch.group_norm(values, self._groups, weight, bias, self.eps)
        if self._plain_mean or self._own_mean:
            shift: Any = self._invariant_mean(values.mean(dim=tuple(range(2, values.dim()))))
            values = values - shift[(..., *(values.dim() - 2) * (None,))]
        values = divided_by_pooled_root(values, weight, self.eps, lambda square: self._spread(self._mean(square)))
        return values if bias is None else values + _by_channel(bias, values)

    def _at_each_position(
        self, values: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None
    ) -> torch.Tensor:
        """The output where every position has statistics of its own."""
        if self._plain_mean and self._groups == 1 and self.eps:
            return torch.layer_norm(values.movedim(1, -1), values.shape[1:2], weight, bias, self.eps).movedim(-1, 1)
        shift = self._invariant_mean(values)
        if shift is not None:
            values = values - shift
        if self._groups == 1:
            values = divided_by_root(values, weight, self.eps)
        else:
            values = values * self._spread(inverse_root(self._mean(values.square()), self.eps))
            values = values if weight is None else values * _by_channel(weight, values)
        return values if bias is None else values + _by_channel(bias, values)

    def _affine_by_channel(self) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Weight and bias of each channel."""
        weight = self.weight
        if weight is not None:
            weight = weight.index_select(0, self._field) if len(weight) > 1 else weight.expand(self.in_type.size)  # type: ignore[arg-type]
        bias = None if self.bias is None or self._trivial is None else self._trivial(self.bias)
        return weight, bias


def _by_channel(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """One value for each channel, in the dtype of the features, to be broadcast over the batch and over space."""
    cast: torch.Tensor = _cast(values, like)  # type: ignore[assignment]
    return cast.view(-1, *((like.dim() - 2) * (1,)))


def _cast(values: torch.Tensor | None, like: torch.Tensor) -> torch.Tensor | None:
    """The same in the dtype of the features, if there are any."""
    # A cast that changes nothing would fix the dtype in an exported graph.
    return values if values is None or values.dtype == like.dtype else values.to(like.dtype)


def _invariant_ones(in_type: FieldType) -> np.ndarray:
    """The projection of (1, ..., 1) on the invariant vectors, shape ``(in_type.size,)``."""
    kinds, vectors = field_kinds(in_type)
    ones = [found @ found.sum(axis=0) for found in vectors]
    return np.concatenate([ones[kind] for kind in kinds])


class LayerNorm(SampleNorm):
    """Layer normalisation: all fields together at each position, with mean zero and mean square one.

    The mean is along the invariant vectors, so that the layer commutes with every representation. It is the mean of the
    channels where the group only permutes them: then this is torch's ``LayerNorm`` over the channels. Nothing depends on other
    samples or positions.

    Args:
        in_type: any fields.
        eps: added to the mean square.
        affine: whether to learn one weight for each field and one bias for each trivial irrep.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.LayerNorm(nn.field_type(gspaces.rot2dOnR2(4), vector=1, trivial=1))
        >>> layer(torch.tensor([[3.0, 4.0, 7.0]])).square().mean().round().item()
        1.0

    References:
        Ba, Kiros and Hinton, "Layer normalization", 2016.
    """

    pools_positions = False

    def __init__(self, in_type: FieldType, eps: float = 1e-05, affine: bool = True) -> None:
        super().__init__(in_type, eps, affine)


class RMSNorm(SampleNorm):
    """Normalisation by the root mean square of all fields at each position; the mean stays.

    Args:
        in_type: any fields.
        eps: added to the mean square.
        affine: whether to learn one weight for each field.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.RMSNorm(nn.field_type(gspaces.rot2dOnR2(4), vector=1))
        >>> layer(torch.tensor([[3.0, 4.0]])).square().mean().round().item()
        1.0

    References:
        Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
    """

    centred = False
    pools_positions = False

    def __init__(self, in_type: FieldType, eps: float = 1e-05, affine: bool = True) -> None:
        super().__init__(in_type, eps, affine)


class InstanceNorm(SampleNorm):
    """Instance normalisation: each field over all positions of its sample, with mean zero and mean square one.

    Where points are the items of the batch, each point is a sample.

    Args:
        in_type: any fields.
        eps: added to the mean square.
        affine: whether to learn one weight for each field and one bias for each trivial irrep.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.InstanceNorm(nn.field_type(gspaces.rot2dOnR2(4), regular=2))
        >>> layer(torch.randn(1, 8, 5, 5))[:, :4].square().mean().round().item()
        1.0

    References:
        Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016.
    """

    @classmethod
    def declared_tensors(
        cls, in_type: FieldType, affine: bool = False, **others: Any
    ) -> dict[str, tuple[int, ...] | None]:
        """One weight for each field, if there are weights.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return super().declared_tensors(in_type, affine=affine, **others)

    def __init__(self, in_type: FieldType, eps: float = 1e-05, affine: bool = False) -> None:
        super().__init__(in_type, eps, affine, groups=None)


class GroupNorm(SampleNorm):
    """Group normalisation: consecutive fields over all positions of their sample, with mean zero and mean square one.

    One group normalises the whole sample; as many groups as fields are `InstanceNorm`. The mean is along the invariant
    vectors: where the group only permutes channels, this is torch's ``GroupNorm``.

    Args:
        in_type: any fields.
        num_groups: how many groups; it divides the number of fields.
        eps: added to the mean square.
        affine: whether to learn one weight for each field and one bias for each trivial irrep.

    Raises:
        ArgumentError: if `num_groups` does not divide the number of fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.GroupNorm(nn.field_type(gspaces.rot2dOnR2(4), vector=4), num_groups=2)
        >>> layer(torch.randn(1, 8, 5, 5))[:, :4].square().mean().round().item()
        1.0

    References:
        Wu and He, "Group normalization", ECCV 2018.
    """

    settings = ("num_groups", "eps", "affine")

    def __init__(self, in_type: FieldType, num_groups: int, eps: float = 1e-05, affine: bool = True) -> None:
        super().__init__(in_type, eps, affine, num_groups)
        self.num_groups = num_groups
