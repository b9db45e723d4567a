"""Batch normalisation by statistics that no orthogonal representation changes."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from intertwine.errors import ShapeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.channel_map import channel_map
from intertwine.nn.base.norms import Subfields
from intertwine.nn.norm.batchnorm_base import BatchNorm
from intertwine.nn.norm.irrep_coordinates import IrrepCoordinates
from intertwine.nn.norm.moments import channel_moments


class InvariantBatchNorm(BatchNorm):
    """A batch normalisation by means of invariant vectors and mean squares, which no orthogonal representation changes.

    The statistics of a batch are constants to the gradient, as in escnn.
    """

    field_seconds = 4e-5
    field_bytes = 1200.0

    def _prepare(self) -> None:
        super()._prepare()
        trivial = self._expand_means()
        self._trivial = trivial if trivial is not None and trivial.count else None

    def _count_means(self) -> int:
        return 0 if self._trivial is None else self._trivial.count

    def _expand_means(self) -> BiasExpansion | None:
        """The map from the means to the channels."""
        return BiasExpansion(self.in_type)

    def _mean_square(self, mean: torch.Tensor, var: torch.Tensor) -> torch.Tensor:
        """What each channel adds to the square of its scale."""
        return var

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """The means of the trivial irreps (if there are any) and the variance for each scale."""
        mean, var, values = channel_moments(tensor, self._synchronised)
        means = None if self._trivial is None else self._trivial.project(mean)
        return means, self._per_scale(self._mean_square(mean, var)) * (values / (values - 1))

    @torch.no_grad()
    def _statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """The means and variances to normalise by; in training mode the running ones follow."""
        if not self.training and self.running_var is not None:
            return self.running_mean, self.running_var
        if tensor.numel() == 0 and self._synchronised is None:
            # As torch does it: an empty batch is counted and leaves the running statistics alone.
            self._follow(None, None)
            empty = tensor.new_ones(self.scales_of(self.in_type))
            return self.running_mean, empty if self.running_var is None else self.running_var
        if tensor.numel() // tensor.shape[1] <= 1:
            raise ShapeError(
                f"one value for each channel is too little to normalise, in a batch of shape {tuple(tensor.shape)}",
                hint="use a larger batch, or eval mode",
            )
        mean, var = self._batch_statistics(tensor.detach())
        self._follow(mean, var)
        return mean, var

    def _mean_by_channel(self, means: torch.Tensor) -> torch.Tensor:
        return means if self._trivial is None else self._trivial(means)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._normalised(tensor, *self._statistics(tensor))


class IIDBatchNorm(InvariantBatchNorm):
    """Batch normalisation with one variance for each field, over batch, space and the field's channels.

    The mean is the projection on the invariant vectors of the field, the only mean that is equivariant; the variance is the
    mean of those of the channels, the trace of the covariance over the size, which no orthogonal matrix changes. There is one
    weight for each field and one bias for each trivial irrep. The statistics of a batch are constants to the gradient, as in
    escnn.

    Args:
        in_type: any fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.IIDBatchNorm2d(nn.field_type(gspaces.rot2dOnR2(4), regular=1, vector=1))
        >>> layer(torch.randn(3, 6, 5, 5)).shape
        torch.Size([3, 6, 5, 5])
    """

    axes: ClassVar[tuple[int, ...] | None] = None
    """How many axes the input may have."""

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if self.axes is not None and tensor.dim() not in self.axes:
            raise ShapeError(
                f"{type(self).__name__} takes tensors with {' or '.join(map(str, self.axes))} axes, but the shape is "
                f"{tuple(tensor.shape)}",
                hint="IIDBatchNorm1d, 2d and 3d are for one, two and three axes of space",
            )


class IIDBatchNorm1d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of features without space or on a line.

    Features have the shape ``(batch, channels)`` or ``(batch, channels, length)``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.IIDBatchNorm1d(nn.field_type(gspaces.no_base_space(gspaces.rot2dOnR2(4).fibergroup), regular=1))
        >>> layer(torch.randn(3, 4)).shape
        torch.Size([3, 4])
    """

    axes = (2, 3)


class IIDBatchNorm2d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of images, shape ``(batch, channels, height, width)``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.IIDBatchNorm2d(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.randn(3, 4, 5, 5)).shape
        torch.Size([3, 4, 5, 5])
    """

    axes = (4,)


class IIDBatchNorm3d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of volumes, shape ``(batch, channels, depth, height, width)``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.IIDBatchNorm3d(nn.field_type(gspaces.octaOnR3(), trivial=1))
        >>> layer(torch.randn(3, 1, 5, 5, 5)).shape
        torch.Size([3, 1, 5, 5, 5])
    """

    axes = (5,)


class GNormBatchNorm(InvariantBatchNorm):
    """Batch normalisation of the irreps in each field: one mean square for each irrep.

    In the coordinates where a field is a sum of irreps, each irrep is divided by the root of its mean square over batch, space
    and its channels; trivial irreps are first freed of their mean, and have a bias. By Schur's lemma this is the most general
    such scaling for irreps of real type. The statistics of a batch are constants to the gradient, as in escnn.

    Args:
        in_type: any fields.
        eps: added to the mean square.
        affine: whether to learn one weight for each irrep and one bias for each trivial irrep.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.GNormBatchNorm(nn.field_type(gspaces.rot2dOnR2(4), regular=2)).weight.shape
        torch.Size([6])
    """

    @classmethod
    def scales_of(cls, in_type: FieldType) -> int:
        """How many scales a type has: one for each irrep.

        Args:
            in_type: the type.
        """
        return sum(len(rho.irreps) for rho in in_type.representations)

    def _prepare(self) -> None:
        super()._prepare()
        self._basis = IrrepCoordinates(self.in_type)
        trivial = np.repeat([irrep.is_trivial() for irrep in self._irreps()], self._scale_sizes())
        self.register_constant("trivial_channel", trivial.astype(float))

    def _irreps(self) -> tuple[IrreducibleRepresentation, ...]:
        return tuple(self.in_type.fibergroup.irrep(*label) for label in self.in_type.irreps)

    def _scale_sizes(self) -> list[int]:
        return [irrep.size for irrep in self._irreps()]

    def _expand_means(self) -> BiasExpansion:
        return BiasExpansion(FieldType(self.in_type.gspace, self._irreps()))

    def _mean_square(self, mean: torch.Tensor, var: torch.Tensor) -> torch.Tensor:
        return var + mean.square() * (1 - self.trivial_channel.to(mean.dtype))  # type: ignore[operator, union-attr]

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        inner = self._basis(tensor)
        return self._basis(self._normalised(inner, *self._statistics(inner)), back=True)

    def _export(self) -> torch.nn.Module:
        coordinates = torch.diag(torch.ones_like(self.trivial_channel))  # type: ignore[arg-type]
        matrix = self._basis(coordinates, back=True).T
        inner = super()._export()
        if all(self._basis._same):
            return inner
        dimension = self.in_type.gspace.dimensionality
        return torch.nn.Sequential(channel_map(matrix.T, dimension), inner, channel_map(matrix, dimension))


class _NormBatchNorm(InvariantBatchNorm):
    """Fields divided by the root of the mean square of their channels."""

    needs: ClassVar[str] = "fields without invariant vectors"

    settings = ("eps", "momentum", "affine")

    def __init__(self, in_type: FieldType, eps: float, momentum: float | None, affine: bool) -> None:
        super().__init__(in_type, eps, momentum, affine, True)
        for representation in in_type.representations:
            if representation.contains_trivial():
                raise UnsupportedFieldError(
                    f"{type(self).__name__} needs fields without invariant vectors, whose mean is zero, but "
                    f"{representation.name} of {in_type.fibergroup} has one",
                    hint="use InnerBatchNorm for regular, quotient and trivial fields, or IIDBatchNorm2d for any",
                )

    def _expand_means(self) -> None:
        return None

    def _count_blocks(self, counts: list[int]) -> None:
        self.register_constant("blocks_of_field", np.array(counts, dtype=float))

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        mean, var, values = channel_moments(tensor, self._synchronised)
        values = values * self.blocks_of_field.to(var.dtype)  # type: ignore[operator, union-attr]
        return None, self._per_scale(var + mean.square()) * (values / (values - 1))


class NormBatchNorm(_NormBatchNorm):
    """Batch normalisation of fields without invariant vectors: each is divided by the root of its mean square.

    The mean of such a field is zero, and the mean of |x|^2 / size is its variance. The statistics of a batch are constants to
    the gradient, as in escnn. In training mode a batch is normalised by its own statistics, where escnn takes the running ones,
    which differ from call to call.

    Args:
        in_type: fields that contain no trivial irrep.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics; ``None`` for the plain average over all batches.
        affine: whether to learn one weight for each field.

    Raises:
        UnsupportedFieldError: for fields with invariant vectors.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.NormBatchNorm(nn.field_type(gspaces.rot2dOnR2(8), vector=2))
        >>> layer(torch.randn(3, 4, 5, 5)).shape
        torch.Size([3, 4, 5, 5])
    """

    def __init__(
        self, in_type: FieldType, eps: float = 1e-05, momentum: float | None = 0.1, affine: bool = True
    ) -> None:
        super().__init__(in_type, eps, momentum, affine)
        self._count_blocks(len(in_type) * [1])


class InducedNormBatchNorm(_NormBatchNorm):
    """:class:`NormBatchNorm` of induced fields, with the blocks of a field counted as so many values.

    Args:
        in_type: fields made by ``induced_representation`` that contain no trivial irrep.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics; ``None`` for the plain average over all batches.
        affine: whether to learn one weight for each field.
        subfield_size: the number of channels of a block, where it is not known: for all fields, or one for each.

    Raises:
        UnsupportedFieldError: for fields with invariant vectors, or that are no equal blocks.
    """

    needs: ClassVar[str] = "fields without invariant vectors, of equal blocks that the group permutes"

    def __init__(
        self,
        in_type: FieldType,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        subfield_size: int | list[int] | None = None,
    ) -> None:
        super().__init__(in_type, eps, momentum, affine)
        found = Subfields(in_type, subfield_size, type(self).__name__)
        self._arguments["subfield_size"] = found.recipe
        self._count_blocks(found.counts)
