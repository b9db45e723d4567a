"""Batch normalisation by statistics that no orthogonal representation changes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.checks import flag, statistics_settings
from intertwine.errors import ShapeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.precision import without_autocast
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.channel_blocks import Blocks, field_channels
from intertwine.nn.base.channel_map import channel_map
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.norms import Subfields
from intertwine.nn.norm.synchronise import Processes, SynchronisedModule


def _moments(
    tensor: torch.Tensor, centred: bool, processes: Processes | None
) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """The mean of each channel over batch and space, its mean square about the mean or about zero, and how many values."""
    flat = tensor.flatten(2) if tensor.dim() > 2 else tensor.unsqueeze(2)
    values: Any = flat.shape[0] * flat.shape[2]
    # Sums over the last axis first: reductions over several axes at once are several times slower on a CPU.
    if processes is not None:
        values = processes.total(flat.new_tensor(float(values)))
        mean = processes.total(flat.sum(dim=2).sum(dim=0)) / values
    else:
        mean = flat.mean(dim=2).mean(dim=0)
    about = flat - mean.view(-1, 1) if centred else flat
    norms = torch.linalg.vector_norm(about, dim=2).square()
    if processes is not None:
        return mean, processes.total(norms.sum(dim=0)) / values, values
    return mean, norms.mean(dim=0) / flat.shape[2], values


def _kinds(matrices: list[np.ndarray]) -> tuple[list[int], list[np.ndarray]]:
    """The different ones among some matrices, and for each matrix its number among these."""
    known: list[np.ndarray] = []
    kinds = []
    for matrix in matrices:
        found = (k for k, m in enumerate(known) if m is matrix or (m.shape == matrix.shape and np.allclose(m, matrix)))
        kind = next(found, len(known))
        if kind == len(known):
            known.append(matrix)
        kinds.append(kind)
    return kinds, known


def field_kinds(in_type: FieldType) -> tuple[list[int], list[np.ndarray]]:
    """For each field its kind, and for each kind its invariant vectors, shape ``(size, number)``.

    Args:
        in_type: the type.
    """
    vectors: dict[int, np.ndarray] = {}
    for representation in in_type.representations:
        if id(representation) not in vectors:
            columns, position = [], 0
            for irrep in (representation.group.irrep(*label) for label in representation.irreps):
                if irrep.is_trivial():
                    columns.append(position)
                position += irrep.size
            vectors[id(representation)] = representation.change_of_basis[:, columns]
    return _kinds([vectors[id(representation)] for representation in in_type.representations])


class IrrepCoordinates(ConstantModule):
    """Channels in the bases where fields are sums of irreps, and back; nothing is done where they are so already.

    Args:
        in_type: the type.
    """

    def __init__(self, in_type: FieldType) -> None:
        super().__init__()
        kinds, known = _kinds([representation.change_of_basis for representation in in_type.representations])
        self._same = [bool(np.allclose(basis, np.eye(len(basis)))) for basis in known]
        self._blocks = Blocks(field_channels(in_type), kinds)
        for kind, basis in enumerate(known):
            if not self._same[kind]:
                self.register_constant(f"basis_{kind}", basis)

    def forward(self, tensor: torch.Tensor, back: bool = False) -> torch.Tensor:
        """The coordinates for irreps.

        Args:
            tensor: shape ``(batch, channels, *space)``.
            back: whether the tensor holds these coordinates and the channels are wanted.
        """
        if all(self._same):
            return tensor
        parts = []
        for kind, (_, values) in zip(self._blocks.kinds, self._blocks.split(tensor), strict=True):
            if self._same[kind]:
                parts.append(values)
                continue
            basis: torch.Tensor = getattr(self, f"basis_{kind}").to(tensor.dtype)
            flat = values.flatten(3) if values.dim() > 3 else values[..., None]
            with without_autocast(tensor):
                parts.append(torch.matmul(basis if back else basis.T, flat).view(values.shape))
        return self._blocks.join(parts, tensor)


class _Normalisation(EquivariantModule, SynchronisedModule):
    """The common part: parameters, running statistics, and one scale and shift for each channel.

    The statistics of a batch are constants to the gradient, as in escnn.
    """

    field_seconds = 4e-5
    field_bytes = 1200.0

    @classmethod
    def declares(cls, in_type: FieldType, affine: bool = True, **others: Any) -> dict[str, tuple[int, ...] | None]:
        """The weights.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return {"weight": None} if affine else {}

    def _start(
        self, in_type: FieldType, eps: float, momentum: float | None, affine: bool, track: bool, kinds: np.ndarray
    ) -> None:
        """Remembers the settings; ``kinds`` has for each channel the number of the scale that it is divided by."""
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = in_type
        self.eps, self.momentum = statistics_settings(eps, momentum)
        self.affine, self.track_running_stats = flag(affine, "affine"), flag(track, "track_running_stats")
        self._count = int(kinds.max()) + 1
        self._shares = bool((np.bincount(kinds) == 1).all())
        self.register_constant("kind_of_channel", kinds)
        self.register_constant("share", 1.0 / np.bincount(kinds)[kinds])
        self.weight = torch.nn.Parameter(torch.ones(self._count)) if affine else None

    def _with_mean(self, trivial: BiasExpansion) -> None:
        self._trivial = trivial if trivial.count else None
        has_bias = self.affine and self._trivial is not None
        self.bias = torch.nn.Parameter(torch.zeros(trivial.count)) if has_bias else None

    def _with_running(self) -> None:
        trivial = getattr(self, "_trivial", None)
        if self.track_running_stats:
            if trivial is None:
                self.running_mean = None
            else:
                self.register_buffer("running_mean", torch.zeros(trivial.count))
            self.register_buffer("running_var", torch.ones(self._count))
            self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))
        else:
            self.running_mean = self.running_var = self.num_batches_tracked = None

    def reset_running_stats(self) -> None:
        """Forgets the running statistics."""
        if self.running_mean is not None:
            self.running_mean.zero_()
        if self.running_var is not None and self.num_batches_tracked is not None:
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forgets the running statistics, weights and biases."""
        self.reset_running_stats()
        if self.weight is not None:
            torch.nn.init.ones_(self.weight)
        if self.bias is not None:
            torch.nn.init.zeros_(self.bias)

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        """The means of the trivial irreps (if there are any) and the variance for each scale."""
        raise NotImplementedError

    @property
    def _synchronised(self) -> Processes | None:
        return self._processes if self.training else None

    def _per_scale(self, channels: torch.Tensor) -> torch.Tensor:
        """The mean of a value over the channels of each scale."""
        if self._shares:
            return channels
        shared = channels * self.share.to(channels.dtype)  # type: ignore[operator, union-attr]
        return channels.new_zeros(self._count).index_add(0, self.kind_of_channel, shared)  # type: ignore[arg-type]

    def _need_several(self, tensor: torch.Tensor, values: int) -> None:
        if values <= 1:
            raise ShapeError(
                f"one value for each channel is too little to normalise, in a batch of shape {tuple(tensor.shape)}",
                hint="use a larger batch, or eval mode",
            )

    @torch.no_grad()
    def _statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        if not self.training and self.running_var is not None:
            return self.running_mean, self.running_var
        if tensor.numel() == 0 and self._synchronised is None:
            return self._statistics_of_nothing(tensor)
        self._need_several(tensor, tensor.numel() // tensor.shape[1])
        mean, var = self._batch_statistics(tensor.detach())
        if self.training and self.running_var is not None and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            factor: Any = 1.0 / self.num_batches_tracked if self.momentum is None else float(self.momentum)
            for running, seen in ((self.running_mean, mean), (self.running_var, var)):
                if running is not None and seen is not None:
                    running.add_((seen.to(running.dtype) - running) * factor)
        return mean, var

    def _statistics_of_nothing(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        # as torch does it: an empty batch is counted and leaves the running statistics alone
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        if self.running_var is not None:
            return self.running_mean, self.running_var
        return None, tensor.new_ones(self._count)

    def _normalised(self, tensor: torch.Tensor) -> torch.Tensor:
        mean, var = self._statistics(tensor)
        trivial = self._trivial
        kinds: torch.Tensor = self.kind_of_channel  # type: ignore[assignment]
        dtype = var.dtype

        def spread(values: torch.Tensor | None) -> torch.Tensor | None:
            return values if values is None or self._shares else values.index_select(0, kinds)

        centre = torch.zeros_like(kinds, dtype=dtype) if mean is None or trivial is None else trivial(mean.to(dtype))
        shift = None if self.bias is None or trivial is None else trivial(self.bias)
        weight = spread(self.weight)
        if shift is None and weight is not None:
            shift = torch.zeros_like(weight)
        divisor: Any = spread(var)
        return F.batch_norm(tensor, centre, divisor, weight, shift, False, 0.0, self.eps)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._normalised(tensor)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return (
            f"{self.in_type}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _export(self) -> torch.nn.Module:
        if self.running_var is None:
            raise UnsupportedFieldError(
                "without running statistics the channels of a field are normalised together, which no plain batch norm does",
                hint=f"build {type(self).__name__} with track_running_stats=True to export it",
            )
        cls: Any = {2: torch.nn.BatchNorm2d, 3: torch.nn.BatchNorm3d}.get(
            self.in_type.gspace.dimensionality, torch.nn.BatchNorm1d
        )
        plain = cls(self.in_type.size, self.eps, self.momentum, self.affine, True)
        kinds: torch.Tensor = self.kind_of_channel  # type: ignore[assignment]
        with torch.no_grad():
            plain.running_var = self.running_var[kinds].clone()
            zeros = torch.zeros_like(plain.running_var)
            centre = self._trivial(self.running_mean) if self._trivial is not None else zeros
            plain.running_mean = centre.clone()
            if self.weight is not None:
                plain.weight.data = self.weight[kinds].clone()
                shift = self._trivial(self.bias) if self._trivial is not None and self.bias is not None else zeros
                plain.bias.data = shift.clone()
            if self.num_batches_tracked is not None:
                plain.num_batches_tracked.copy_(self.num_batches_tracked)
        return plain


def _field_of_channel(in_type: FieldType) -> np.ndarray:
    return np.repeat(np.arange(len(in_type)), [representation.size for representation in in_type.representations])


class IIDBatchNorm(_Normalisation):
    """Batch normalisation with one variance for each field, over batch, space and the field's channels.

    The mean is the projection on the invariant vectors of the field, the only mean that is equivariant; the variance is the
    mean of those of the channels, the trace of the covariance over the size, which no orthogonal matrix changes. There is one
    weight for each field and one bias for each trivial irrep. The statistics of a batch are constants to the gradient, as in
    escnn.

    Args:
        in_type: any fields.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics; ``None`` for the plain average over all batches.
        affine: whether to learn weight and bias.
        track_running_stats: whether to keep running statistics for use in eval mode.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.IIDBatchNorm2d(nn.field_type(gspaces.rot2dOnR2(4), regular=1, vector=1))
        >>> layer(torch.randn(3, 6, 5, 5)).shape
        torch.Size([3, 6, 5, 5])
    """

    axes: ClassVar[tuple[int, ...] | None] = None
    """How many axes the input may have."""

    @classmethod
    def declares(cls, in_type: FieldType, affine: bool = True, **others: Any) -> dict[str, tuple[int, ...] | None]:
        """The weights.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return {"weight": (len(in_type),)} if affine else {}

    def __init__(
        self,
        in_type: FieldType,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        check_field_type(in_type, type(self).__name__)
        self._start(in_type, eps, momentum, affine, track_running_stats, _field_of_channel(in_type))
        self._with_mean(BiasExpansion(in_type))
        self._with_running()

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if self.axes is not None and tensor.dim() not in self.axes:
            raise ShapeError(
                f"{type(self).__name__} takes tensors with {' or '.join(map(str, self.axes))} axes, but the shape is "
                f"{tuple(tensor.shape)}",
                hint="IIDBatchNorm1d, 2d and 3d are for one, two and three axes of space",
            )

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        mean, var, values = _moments(tensor, True, self._synchronised)
        return (
            None if self._trivial is None else self._trivial.project(mean),
            self._per_scale(var) * (values / (values - 1)),
        )


class IIDBatchNorm1d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of features without space or on a line, shape ``(batch, channels)`` or with one more axis.

    Args:
        in_type: any fields.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics.
        affine: whether to learn weight and bias.
        track_running_stats: whether to keep running statistics.
    """

    axes = (2, 3)


class IIDBatchNorm2d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of images, shape ``(batch, channels, height, width)``.

    Args:
        in_type: any fields.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics.
        affine: whether to learn weight and bias.
        track_running_stats: whether to keep running statistics.
    """

    axes = (4,)


class IIDBatchNorm3d(IIDBatchNorm):
    """:class:`IIDBatchNorm` of volumes, shape ``(batch, channels, depth, height, width)``.

    Args:
        in_type: any fields.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics.
        affine: whether to learn weight and bias.
        track_running_stats: whether to keep running statistics.
    """

    axes = (5,)


class GNormBatchNorm(_Normalisation):
    """Batch normalisation of the irreps in each field: one mean square for each irrep.

    In the coordinates where a field is a sum of irreps, each irrep is divided by the root of its mean square over batch, space
    and its channels; trivial irreps are first freed of their mean, and have a bias. By Schur's lemma this is the most general
    such scaling for irreps of real type. The statistics of a batch are constants to the gradient, as in escnn.

    Args:
        in_type: any fields.
        eps: added to the mean square.
        momentum: share of the new batch in the running statistics; ``None`` for the plain average over all batches.
        affine: whether to learn one weight for each irrep and one bias for each trivial irrep.
        track_running_stats: whether to keep running statistics for use in eval mode.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.GNormBatchNorm(nn.field_type(gspaces.rot2dOnR2(4), regular=2)).weight.shape
        torch.Size([6])
    """

    @classmethod
    def declares(cls, in_type: FieldType, affine: bool = True, **others: Any) -> dict[str, tuple[int, ...] | None]:
        """The weights.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return {"weight": (sum(len(rho.irreps) for rho in in_type.representations),)} if affine else {}

    def __init__(
        self,
        in_type: FieldType,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        check_field_type(in_type, "GNormBatchNorm")
        irreps = [in_type.fibergroup.irrep(*id) for id in in_type.irreps]
        sizes = [irrep.size for irrep in irreps]
        self._start(in_type, eps, momentum, affine, track_running_stats, np.repeat(np.arange(len(irreps)), sizes))
        self._basis = IrrepCoordinates(in_type)
        trivial = np.repeat([irrep.is_trivial() for irrep in irreps], sizes)
        self.register_constant("trivial_channel", trivial.astype(float))
        self._with_mean(BiasExpansion(FieldType(in_type.gspace, tuple(irreps))))
        self._with_running()

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        mean, var, values = _moments(tensor, True, self._synchronised)
        square = var + mean.square() * (1 - self.trivial_channel.to(mean.dtype))  # type: ignore[operator, union-attr]
        return (
            None if self._trivial is None else self._trivial.project(mean),
            self._per_scale(square) * (values / (values - 1)),
        )

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._basis(self._normalised(self._basis(tensor)), back=True)

    def _export(self) -> torch.nn.Module:
        coordinates = torch.eye(self.in_type.size, device=self.kind_of_channel.device)  # type: ignore[arg-type]
        matrix = self._basis(coordinates.to(self.share.dtype), back=True).T  # type: ignore[union-attr, arg-type]
        inner = super()._export()
        if all(self._basis._same):
            return inner
        dimension = self.in_type.gspace.dimensionality
        return torch.nn.Sequential(channel_map(matrix.T, dimension), inner, channel_map(matrix, dimension))


class _NormBatchNorm(_Normalisation):
    """Fields divided by the root of the mean square of their channels."""

    needs: ClassVar[str] = "fields without invariant vectors"

    def _begin(self, in_type: FieldType, eps: float, momentum: float | None, affine: bool, counts: list[int]) -> None:
        name = type(self).__name__
        check_field_type(in_type, name)
        for representation in in_type.representations:
            if representation.contains_trivial():
                raise UnsupportedFieldError(
                    f"{name} needs fields without invariant vectors, whose mean is zero, but {representation.name} of "
                    f"{in_type.fibergroup} has one",
                    hint="use InnerBatchNorm for regular, quotient and trivial fields, or IIDBatchNorm2d for any",
                )
        self._start(in_type, eps, momentum, affine, True, _field_of_channel(in_type))
        self.register_constant("blocks_of_field", np.array(counts, dtype=float))
        self._trivial = None
        self.bias = None
        self._with_running()

    def _batch_statistics(self, tensor: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
        _, squares, values = _moments(tensor, False, self._synchronised)
        values = values * self.blocks_of_field.to(squares.dtype)  # type: ignore[operator, union-attr]
        return None, self._per_scale(squares) * (values / (values - 1))

    def extra_repr(self) -> str:
        """Settings and type."""
        return f"{self.in_type}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}"


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
        super().__init__()
        check_field_type(in_type, "NormBatchNorm")
        self._begin(in_type, eps, momentum, affine, len(in_type) * [1])


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
        super().__init__()
        check_field_type(in_type, "InducedNormBatchNorm")
        found = Subfields(in_type, subfield_size, "InducedNormBatchNorm")
        self._arguments["subfield_size"] = found.recipe
        self._begin(in_type, eps, momentum, affine, found.counts)
