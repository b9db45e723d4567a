"""Maps from fields to features that the group does not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import choice, whole
from intertwine.errors import ArgumentError, ShapeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import subgroup_prices
from intertwine.group.core.representation import Representation
from intertwine.nn.base.channel_blocks import Blocks, FieldsBySize
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.cpu_gradients import greatest
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.norms import Subfields, norm_of
from intertwine.nn.base.type_preserving import PERMUTED, need_permutations


class InvariantPool(EquivariantModule):
    """A layer that makes one invariant channel of each field.

    Args:
        in_type: the type.
        **kwargs: accepted as by escnn, and not used.
    """

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, type(self).__name__)
        self.out_type = FieldType(in_type.gspace, len(in_type) * (in_type.gspace.trivial_repr,))
        self._fields = FieldsBySize(in_type)


class GroupPooling(InvariantPool):
    """The greatest channel of each field: one invariant channel for each field.

    Args:
        in_type: regular, quotient or trivial fields.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.GroupPooling(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.tensor([[3.0, 1.0, 4.0, 1.0]])).tolist()
        [[4.0]]
    """

    needs = PERMUTED

    def __init__(self, in_type: FieldType, **kwargs: object) -> None:
        super().__init__(in_type)
        need_permutations(in_type, type(self).__name__, "NormPool")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._fields.join_fields([greatest(values) for _, values in self._fields.split(tensor)])

    def _export(self) -> torch.nn.Module:
        return export_field_maximum(self.in_type)


class SubgroupPooling(EquivariantModule):
    """The greatest channel, or the mean of the channels, of each coset of a subgroup: fields on the cosets.

    The channels of a regular field are a function on the group G. For a subgroup H the layer gives a function on the cosets,
    y(g H) = max { x(g h) : h in H }, which is the quotient field of H. It does not change under H, and the whole group acts on
    what is left: of a regular field of rotations and mirrors, pooled over the rotations, one channel for each side of the
    mirror. A quotient field of a smaller subgroup is pooled likewise. With H = G this is :class:`GroupPooling`.

    Args:
        in_type: regular or quotient fields of a finite group.
        subgroup_id: the label of the subgroup.
        mode: ``"max"`` or ``"mean"``.

    Raises:
        GroupError: if there is no such subgroup.
        UnsupportedFieldError: for fields that are no functions on the group, or on cosets of a subgroup of H.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.flipRot2dOnR2(4)
        >>> layer = nn.SubgroupPooling(nn.field_type(space, regular=1), (None, 4))
        >>> layer(torch.arange(8.0)[None]).tolist(), layer.out_type.representations == (space.quotient_repr((None, 4)),)
        ([[3.0, 7.0]], True)
    """

    needs: ClassVar[str] = "regular fields, or quotient fields of a smaller subgroup"

    @classmethod
    def construction_prices(cls, in_type: FieldType, subgroup_id: Any, mode: str = "max") -> Iterator[Price]:
        """What every element does to the channels of each kind of field.

        Args:
            in_type: the type.
            subgroup_id: the label of the subgroup.
            mode: how channels are pooled.
        """
        group = in_type.fibergroup
        yield from subgroup_prices(group, subgroup_id)
        yield Price(0.0, 3e-4 * len(in_type))
        if not group.continuous:
            for rho in set(in_type.representations):
                yield Price(
                    10.0 * group.order() * rho.size + 100 * rho.size**2, group.order() * (1e-4 + 1e-8 * rho.size**2)
                )

    def __init__(self, in_type: FieldType, subgroup_id: Any, mode: str = "max") -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "SubgroupPooling")
        self.subgroup_id = tuple(subgroup_id) if isinstance(subgroup_id, list) else subgroup_id
        self.mode = choice(mode, ("max", "mean"), "SubgroupPooling", "mode")
        if in_type.fibergroup.continuous:
            raise UnsupportedFieldError(
                f"SubgroupPooling needs fields of a finite group, not of {in_type.fibergroup}", hint="use NormPool"
            )
        need_permutations(in_type, "SubgroupPooling", "NormPool")
        quotient = in_type.gspace.quotient_repr(self.subgroup_id)
        self.out_type = FieldType(in_type.gspace, len(in_type) * [quotient])
        kinds = {id(rho): _cosets(rho, quotient, self.subgroup_id) for rho in in_type.representations}
        starts = zip(in_type.representations, in_type.fields_start, strict=True)
        self._cosets = Blocks([start + coset for rho, start in starts for coset in kinds[id(rho)]])

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        pool = greatest if self.mode == "max" else _mean
        return self._cosets.join_fields([pool(values) for _, values in self._cosets.split(tensor)])

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type} -> {self.out_type}, mode={self.mode}"


def _mean(values: torch.Tensor) -> torch.Tensor:
    return values.mean(dim=2)


def _cosets(rho: Representation, quotient: Representation, subgroup_id: Any) -> list[np.ndarray]:
    """For each channel of the quotient field of a subgroup the channels of a field that are its coset.

    Both are sets that the group permutes. The channel of the quotient that the subgroup keeps stands for the subgroup's orbit
    of a channel of the field, and g times the one for g times the other.

    Args:
        rho: permutes the channels of the field.
        quotient: permutes the cosets.
        subgroup_id: the label of the subgroup.

    Raises:
        UnsupportedFieldError: if the field has no such channel.
    """
    group = rho.group
    subgroup, inclusion, _ = group.subgroup(subgroup_id)
    inside = {inclusion(h) for h in subgroup.elements}
    elements = list(group.elements)
    moved, cosets = (np.stack([action(g).argmax(axis=0) for g in elements]) for action in (rho, quotient))
    kept = np.array([g in inside for g in elements])
    first = np.flatnonzero((cosets[kept] == np.arange(quotient.size)).all(axis=0))[0]
    # Where an element outside of the subgroup keeps a channel, that channel is in two cosets.
    free = np.flatnonzero((moved[~kept] != np.arange(rho.size)).all(axis=0))
    if not len(free) or len(np.unique(moved[:, free[0]])) < rho.size:
        raise UnsupportedFieldError(
            f"SubgroupPooling needs functions on {group}, or on cosets of a subgroup of {subgroup_id}, but {rho.name} is none",
            hint="use regular fields, split fields with MultipleModule, or use GroupPooling",
        )
    return [np.unique(moved[cosets[:, first] == coset, free[0]]) for coset in range(quotient.size)]


class NormPool(InvariantPool):
    """The norm of each field: one invariant channel for each field.

    Every orthogonal representation keeps the norm. Its gradient at zero is zero.

    Args:
        in_type: any fields.
        **kwargs: accepted as by escnn, and not used.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.NormPool(nn.field_type(gspaces.rot2dOnR2(4), vector=1))(torch.tensor([[3.0, 4.0]])).tolist()
        [[5.0]]
    """

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._fields.join_fields([norm_of(values) for _, values in self._fields.split(tensor)])


class InducedNormPool(InvariantPool):
    """The greatest norm among the blocks of each induced field: one invariant channel for each field.

    Args:
        in_type: fields made by ``induced_representation``, or others whose blocks are found in their matrices.
        subfield_size: the number of channels of a block, where it is not known: for all fields, or one for each.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        UnsupportedFieldError: for fields that are no equal blocks.

    Example:
        >>> from intertwine import gspaces, nn
        >>> arrows = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
        >>> nn.InducedNormPool(arrows, subfield_size=2)(torch.tensor([[3.0, 4.0]])).tolist()
        [[5.0]]
    """

    needs: ClassVar[str] = "fields of equal blocks that the group permutes"

    field_seconds = 7e-5

    def __init__(self, in_type: FieldType, subfield_size: int | list[int] | None = None, **kwargs: object) -> None:
        super().__init__(in_type)
        found = Subfields(in_type, subfield_size, type(self).__name__)
        self._arguments["subfield_size"] = found.recipe
        self._blocks = Blocks(found.channels)
        ends = np.cumsum(found.counts).tolist()
        self._fields = Blocks([np.arange(end - count, end) for end, count in zip(ends, found.counts, strict=True)])

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        norms = self._blocks.join_fields([norm_of(values) for _, values in self._blocks.split(tensor)])
        return self._fields.join_fields([greatest(values) for _, values in self._fields.split(norms)])


class MaxPoolChannels(torch.nn.Module):
    """The greatest of every ``kernel_size`` channels in a row; an ordinary torch module.

    Args:
        kernel_size: the number of channels.

    Example:
        >>> from intertwine import nn
        >>> nn.MaxPoolChannels(2)(torch.tensor([[3.0, 1.0, 4.0, 1.0]])).tolist()
        [[3.0, 4.0]]
    """

    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = whole(kernel_size, "kernel_size")
        if self.kernel_size < 1:
            raise ArgumentError(f"kernel_size must be at least 1, not {kernel_size}")

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The maxima, shape ``(batch, channels / kernel_size, *space)``.

        Args:
            input: shape ``(batch, channels, *space)``.
        """
        if input.dim() < 2 or input.shape[1] % self.kernel_size:
            raise ShapeError(
                f"MaxPoolChannels needs a multiple of {self.kernel_size} channels, but the shape is {tuple(input.shape)}"
            )
        return greatest(input.unflatten(1, (-1, self.kernel_size)))

    def extra_repr(self) -> str:
        """The number of channels."""
        return f"kernel_size={self.kernel_size}"


def export_field_maximum(in_type: FieldType) -> torch.nn.Module:
    """The maximum over each field's channels, of plain torch modules.

    Args:
        in_type: fields of one size.

    Raises:
        UnsupportedFieldError: if the fields have different sizes.
    """
    sizes = {representation.size for representation in in_type.representations}
    if len(sizes) > 1:
        raise UnsupportedFieldError(
            "fields of different sizes cannot be pooled by plain torch modules",
            hint="pool one size at a time before the export",
        )
    size = sizes.pop()
    dimension = in_type.gspace.dimensionality
    if size == 1:
        return torch.nn.Identity()
    if dimension == 0:
        return torch.nn.MaxPool1d(size)
    if dimension == 3:
        # No pool of torch has four axes.
        raise UnsupportedFieldError("volumes cannot be pooled over channels by plain torch modules")
    # Windows of fixed size: TorchScript knows no adaptive ones that leave axes alone.
    pool = torch_class("MaxPool", dimension + 1)((size, *(dimension * (1,))))
    return torch.nn.Sequential(torch.nn.Unflatten(1, (len(in_type), size)), pool, torch.nn.Flatten(1, 2))
