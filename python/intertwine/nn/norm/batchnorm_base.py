"""What normalisations have in common: weights and biases, running statistics, and the same as a batch norm of torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.checks import flag, statistics_settings
from intertwine.errors import UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.shared_constructors import describe_arguments
from intertwine.nn.base.type_preserving import TypePreserving
from intertwine.nn.norm.synchronise import Processes, SynchronisedModule


class AffineNorm(TypePreserving):
    """A normalisation that may learn a weight for each of its scales and a bias for each of its means."""

    settings = ("eps", "affine")
    prints_type_first = True
    weight: torch.nn.Parameter | None
    bias: torch.nn.Parameter | None

    @classmethod
    def scales_of(cls, in_type: FieldType) -> int:
        """How many scales a type has: one for each field.

        Args:
            in_type: the type.
        """
        return len(in_type)

    @classmethod
    def declared_tensors(
        cls, in_type: FieldType, affine: bool = True, **others: Any
    ) -> dict[str, tuple[int, ...] | None]:
        """One weight for each scale.

        Args:
            in_type: the type.
            affine: whether to learn weight and bias.
            **others: the other arguments of the constructor.
        """
        return {"weight": (cls.scales_of(in_type),)} if affine else {}

    def _set_parameters(self, affine: bool, means: int) -> None:
        self.affine = flag(affine, "affine")
        self.weight = torch.nn.Parameter(torch.ones(self.scales_of(self.in_type))) if affine else None
        self.bias = torch.nn.Parameter(torch.zeros(means)) if affine and means else None

    def reset_running_stats(self) -> None:
        """Forgets the running statistics, if the layer has them."""

    def reset_parameters(self) -> None:
        """Forgets the running statistics, sets weights to one and biases to zero."""
        self.reset_running_stats()
        if self.weight is not None:
            torch.nn.init.ones_(self.weight)
        if self.bias is not None:
            torch.nn.init.zeros_(self.bias)


class BatchNorm(AffineNorm, SynchronisedModule):
    """A normalisation by statistics of the batch, which it keeps for evaluation.

    Args:
        in_type: the type.
        eps: added to the variance.
        momentum: share of the new batch in the running statistics; ``None`` for the plain average over all batches.
        affine: whether to learn weight and bias.
        track_running_stats: whether to keep running statistics for use in eval mode.
    """

    settings = ("eps", "momentum", "affine", "track_running_stats")
    running_mean: torch.Tensor | None
    running_var: torch.Tensor | None
    num_batches_tracked: torch.Tensor | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        describe_arguments(cls)

    def __init__(
        self,
        in_type: FieldType,
        eps: float = 1e-05,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(in_type)
        self.eps, self.momentum = statistics_settings(eps, momentum)
        self.track_running_stats = flag(track_running_stats, "track_running_stats")
        means = self._count_means()
        self._set_parameters(affine, means)
        running = {
            "running_mean": torch.zeros(means) if means else None,
            "running_var": torch.ones(self.scales_of(in_type)),
            "num_batches_tracked": torch.tensor(0, dtype=torch.long),
        }
        for name, value in running.items():
            if value is None or not self.track_running_stats:
                setattr(self, name, None)
            else:
                self.register_buffer(name, value)

    def _prepare(self) -> None:
        sizes = self._scale_sizes()
        self._smallest = min(sizes)
        self._equal_size = self._smallest if max(sizes) == self._smallest else 0
        self.register_constant("kind_of_channel", np.repeat(np.arange(len(sizes)), sizes))
        self.register_constant("channels_of_scale", np.array(sizes))

    def _scale_sizes(self) -> list[int]:
        """The number of channels of each scale."""
        return [representation.size for representation in self.in_type.representations]

    @abstractmethod
    def _count_means(self) -> int:
        """How many means the layer takes, and so how many biases it has."""

    def _per_scale(self, channels: torch.Tensor) -> torch.Tensor:
        """The mean of a value over the channels of each scale."""
        if self._equal_size:
            return channels if self._equal_size == 1 else channels.view(-1, self._equal_size).mean(dim=1)
        sizes: torch.Tensor = self.channels_of_scale  # type: ignore[assignment]
        return channels.new_zeros(len(sizes)).index_add(0, self.kind_of_channel, channels) / sizes  # type: ignore[arg-type]

    def _scale_by_channel(self, scales: torch.Tensor) -> torch.Tensor:
        """For each channel the value of its scale."""
        return scales if self._equal_size == 1 else scales.index_select(0, self.kind_of_channel)  # type: ignore[arg-type]

    @abstractmethod
    def _mean_by_channel(self, means: torch.Tensor) -> torch.Tensor:
        """For each channel what the means give it."""

    @property
    def _synchronised(self) -> Processes | None:
        return self._processes if self.training else None

    @torch.no_grad()
    def _follow(self, mean: torch.Tensor | None, var: torch.Tensor | None) -> None:
        """Counts a batch of the training, and moves the running statistics towards its own, if it has some."""
        if not self.training or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        factor: Any = self.momentum
        if factor is None:
            factor = self.num_batches_tracked.to(self.running_var.dtype).reciprocal()
        for running, seen in ((self.running_mean, mean), (self.running_var, var)):
            if running is not None and seen is not None:
                running.lerp_(seen.to(running.dtype), factor)

    def _affine_by_channel(self, dtype: torch.dtype) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """The weight and bias of each channel."""
        weight = None if self.weight is None else self._scale_by_channel(self.weight).to(dtype)
        bias = None if self.bias is None else self._mean_by_channel(self.bias).to(dtype)
        return weight, torch.zeros_like(weight) if bias is None and weight is not None else bias

    def _normalised(self, tensor: torch.Tensor, mean: torch.Tensor | None, var: torch.Tensor) -> torch.Tensor:
        """The features less means and over roots of variances that are constants."""
        divisor = self._scale_by_channel(var)
        centre = torch.zeros_like(divisor) if mean is None else self._mean_by_channel(mean.to(var.dtype))
        return F.batch_norm(tensor, centre, divisor, *self._affine_by_channel(var.dtype), False, 0.0, self.eps)

    def reset_running_stats(self) -> None:
        """Forgets the running statistics."""
        if self.running_mean is not None:
            self.running_mean.zero_()
        if self.running_var is not None and self.num_batches_tracked is not None:
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def _export(self) -> torch.nn.Module:
        if self.running_var is None or self.num_batches_tracked is None:
            raise UnsupportedFieldError(
                "without running statistics the channels of a field are normalised together, which no plain batch norm does",
                hint=f"build {type(self).__name__} with track_running_stats=True to export it",
            )
        cls = torch_class("BatchNorm", self.in_type.gspace.dimensionality)
        plain = cls(self.in_type.size, self.eps, self.momentum, self.affine, True).to(self.running_var)
        spread = {
            "weight": self._scale_by_channel,
            "bias": self._mean_by_channel,
            "running_mean": self._mean_by_channel,
            "running_var": self._scale_by_channel,
        }
        with torch.no_grad():
            for name, by_channel in spread.items():
                own = getattr(self, name)
                if own is not None:
                    getattr(plain, name).copy_(by_channel(own))
            plain.num_batches_tracked.copy_(self.num_batches_tracked)
        return plain
