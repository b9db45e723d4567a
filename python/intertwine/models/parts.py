"""The parts that all ready networks share: fields of a width, normalisation and non-linearity, heads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from intertwine import nn
from intertwine.checks import choice, whole_at_least
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError
from intertwine.group import O3, SO3
from intertwine.gspaces import GSpace

NORMS: dict[str, Any] = {
    "batch": nn.InnerBatchNorm,
    "instance": nn.InstanceNorm,
    "layer": nn.LayerNorm,
    "rms": nn.RMSNorm,
    "field": nn.FieldNorm,
}
"""The normalisations by name."""

_BATCH_NORMS: dict[int, Any] = {
    0: nn.IIDBatchNorm1d,
    1: nn.IIDBatchNorm1d,
    2: nn.IIDBatchNorm2d,
    3: nn.IIDBatchNorm3d,
}
"""Batch norms of fields that the group does not only permute, by the number of axes of space."""

NONLINEARITIES = ("relu", "gated", "fourier")

Head = nn.Spec | Sequence[nn.Spec]
"""The end of a network: the specification of a layer, or several; none leaves the fields as they are."""


@dataclass(frozen=True)
class Parts(ABC):
    """The layers of one network.

    Attributes:
        gspace: the space with the group that the network has left.
        start: the space that it begins with.
        norm: the name of the normalisation; ``None`` for none.
        nonlinearity: one of ``NONLINEARITIES``, or ``None`` for the usual one of the group.
        frequency: the greatest frequency of irreps, for fields made of them.
    """

    gspace: GSpace
    start: GSpace
    norm: str | None
    nonlinearity: str | None
    frequency: int

    @abstractmethod
    def linear(
        self, out: Any, kernel_size: int | None = None, bias: bool = False, padding: int | None = None
    ) -> nn.Spec:
        """An equivariant linear layer.

        Args:
            out: the fields that it puts out.
            kernel_size: on a grid, if it is not the network's.
            bias: whether it has one.
            padding: cells around a grid, if not half of the kernel.
        """

    def input(self, channels: int | nn.FieldType) -> nn.FieldType:
        """The fields of the input: channels that the group does not mix, or fields.

        Args:
            channels: how many, or fields on the space where the network begins.

        Raises:
            FieldTypeError: if they are fields on another space.
        """
        if not isinstance(channels, nn.FieldType):
            return nn.field_type(self.start, trivial=whole_at_least(channels, "in_channels"))
        if channels.gspace != self.start:
            raise FieldTypeError(
                "the input has fields on {space}, but the network begins on {other}",
                hint="leave gspace out, or give the same",
                parts={"space": channels.gspace, "other": self.start},
            )
        return channels

    def _kind(self, space: GSpace) -> str:
        """The non-linearity, and with it the fields, on a space."""
        finite = space.fibergroup.order() > 0
        if self.nonlinearity == "gated" or (self.nonlinearity is None and not finite):
            return "gated"
        return "relu" if finite else "fourier"

    def _field(self, space: GSpace) -> list[Any]:
        """The representations of one field: the regular one, the irreps up to the frequency, or the regular one cut off there."""
        group, kind = space.fibergroup, self._kind(space)
        if kind == "relu":
            return [group.regular_representation]
        if kind == "fourier":
            return [group.bl_regular_representation(self.frequency)]
        return [group.irrep(*label) for label in group.bl_irreps(self.frequency)]

    def fields(self, width: float) -> nn.FieldType:
        """The fields of a layer; the less symmetry is left, the more, so that the number of channels stays.

        Args:
            width: how many there are before any restriction.
        """
        sizes = [sum(rho.size for rho in self._field(space)) for space in (self.start, self.gspace)]
        count = max(1, round(width * sizes[0] / sizes[1]))
        return nn.FieldType(self.gspace, [rho for rho in self._field(self.gspace) for _ in range(count)])

    def normed(
        self, out: float | nn.FieldType, kernel_size: int | None = None, padding: int | None = None
    ) -> list[nn.Spec]:
        """A linear layer and a normalisation.

        Args:
            out: a number of fields, or fields.
            kernel_size: as in ``linear``.
            padding: as in ``linear``.
        """
        fields = out if isinstance(out, nn.FieldType) else self.fields(out)
        if self.norm is None:
            return [self.linear(fields, kernel_size, bias=True, padding=padding)]
        norm = NORMS[self.norm]
        if self.norm == "batch" and not all(rho.is_permutation for rho in fields.representations):
            norm = _BATCH_NORMS[self.gspace.dimensionality]
        return [self.linear(fields, kernel_size, padding=padding), norm.spec()]

    def block(self, width: float, kernel_size: int | None = None, padding: int | None = None) -> list[nn.Spec]:
        """The same and a non-linearity.

        Args:
            width: the number of fields.
            kernel_size: as in ``linear``.
            padding: as in ``linear``.
        """
        if self._kind(self.gspace) != "gated":
            return [*self.normed(width, kernel_size, padding), *self.activation()]
        fields = self.fields(width)
        gates = nn.FieldType(self.gspace, len(fields) * [self.gspace.trivial_repr])
        return [*self.normed(gates + fields, kernel_size, padding), nn.GatedNonLinearity1.spec()]

    def activation(self) -> list[nn.Spec]:
        """The non-linearity of fields alone, behind a sum; gates need channels of their own, so there is none."""
        kind = self._kind(self.gspace)
        if kind == "gated":
            return []
        if kind == "relu":
            return [nn.ReLU.spec()]
        turns_in_space = isinstance(self.gspace.fibergroup, (SO3, O3))
        grid: dict[str, Any] = {"type": "thomson_cube", "N": 4} if turns_in_space else {"N": 4 * (self.frequency + 1)}
        return [nn.FourierELU.spec(**grid)]


def first_space(in_channels: Any, gspace: GSpace | None) -> GSpace | None:
    """The space where a network begins: that of the fields of its input, unless one is given.

    Args:
        in_channels: a number of channels, or fields.
        gspace: the space that was given.
    """
    return in_channels.gspace if gspace is None and isinstance(in_channels, nn.FieldType) else gspace


def field_settings(
    space: GSpace, norm: str | None, nonlinearity: str | None, frequency: int
) -> tuple[GSpace, GSpace, str | None, str | None, int]:
    """What all parts hold, once it is in range.

    Args:
        space: where the network begins.
        norm: a key of ``NORMS``, or ``None``.
        nonlinearity: ``"relu"`` on regular fields of a finite group; ``"gated"`` on irreps; ``"fourier"``, ELU on samples
            of functions on a continuous group; ``None`` for the first, or on a continuous group the second.
        frequency: of the irreps.

    Raises:
        ArgumentError: for an unknown name, or a frequency below 0.
        FieldTypeError: if the group is continuous, for which there are no regular fields.
    """
    if norm is not None:
        choice(norm, NORMS, "the network", "normalisation")
    if nonlinearity is not None:
        choice(nonlinearity, NONLINEARITIES, "the network", "non-linearity")
    if nonlinearity == "relu" and space.fibergroup.order() < 0:
        raise FieldTypeError(
            f"{space.fibergroup} is continuous, but ReLU needs regular fields, which finite groups have",
            hint='use "gated" or "fourier", or a finite group',
        )
    return space, space, norm, nonlinearity, whole_at_least(frequency, "frequency", least=0)


def ending(head: Head | None, usual: nn.Spec, out: Any) -> list[nn.Spec]:
    """The last layers of a network: its head, or the usual one.

    Args:
        head: as the user gave it.
        usual: what stands there without one.
        out: what the user gave to the usual one; ``None`` for nothing.

    Raises:
        ArgumentTypeError: if the head is no specification.
        ArgumentError: if both a head and outputs are given.
    """
    if head is None:
        return [usual]
    if out is not None:
        raise ArgumentError(f"both a head and {out!r} outputs are given", hint="the head alone says what it puts out")
    steps = [head] if isinstance(head, nn.Spec) else list(head)
    if not all(isinstance(step, nn.Spec) for step in steps):
        raise ArgumentTypeError(
            "head must be the specification of a layer, or several",
            hint='for example nn.HeadFields.spec(out={"vector": 1})',
        )
    return steps


def ending_in_fields(head: Head | None, linear: Callable[[Any], nn.Spec], out: Any) -> list[nn.Spec]:
    """The last layers of a network that puts out fields: its head, or a linear layer.

    Args:
        head: as the user gave it.
        linear: the specification of the linear layer to some fields.
        out: how many numbers that the group does not change; or fields; ``None`` with a head.

    Raises:
        ArgumentError: if neither is given, or both.
    """
    if out is None and head is None:
        raise ArgumentError("the network has no output", hint="give out, such as 2 or {'vector': 1}, or a head")
    fields = {"trivial": whole_at_least(out, "out")} if isinstance(out, (int, float)) else out
    return ending(head, linear(fields), out)
