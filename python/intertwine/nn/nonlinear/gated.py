"""Gated non-linearities: fields scaled by sigmoids of invariant channels."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.checks import flag
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.constructions.constructions import directsum
from intertwine.group.core.representation import Representation
from intertwine.nn.base.channel_blocks import Blocks, ChannelChoice, field_channels
from intertwine.nn.base.cpu_gradients import gated_half
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.norms import need_supported, subfields

GATES_ID, GATED_ID = "gate", "gated"


def _need_invariant(representation: Any, layer: str) -> None:
    if not representation.supports(GATES_ID):
        raise UnsupportedFieldError(
            f"{layer} needs gates that the group does not change, but {representation.name} of {representation.group} is no "
            f"trivial representation",
            hint="let trivial fields be the gates",
        )


class _Gated(EquivariantModule):
    """Blocks of channels times the sigmoids of gates."""

    _channels_per_gate = 1
    """The number of channels of a gate: a quotient field has as many as its field has blocks."""

    def _set_gates(self, blocks: list[np.ndarray], gate_of_block: np.ndarray, count: int) -> None:
        """Remembers the blocks and their gates.

        Args:
            blocks: the channels of each.
            gate_of_block: for each the channel of the gates that scales it.
            count: how many gates there are.
        """
        self._blocks = Blocks(blocks)
        self._gate_of_block = ChannelChoice(gate_of_block)
        self.bias = torch.nn.Parameter(torch.randn(count))

    def _open(self, gates: torch.Tensor) -> torch.Tensor:
        """The factors: sigmoids of the gates less their biases."""
        bias = self.bias if self._channels_per_gate == 1 else self.bias.repeat_interleave(self._channels_per_gate)
        return torch.sigmoid(gates - bias.view(-1, *((gates.dim() - 2) * (1,))))

    def _scale(self, features: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
        """Each block times its factor."""
        factors = self._gate_of_block.of(factors)
        parts = []
        for numbers, values in self._blocks.split(features):
            if numbers is None:
                chosen = factors
            elif isinstance(numbers, slice):
                chosen = factors[:, numbers]
            else:
                chosen = factors.index_select(1, numbers)
            parts.append(values * chosen.unsqueeze(2))
        return self._blocks.join(parts, features)


def _by_size(in_type: FieldType) -> np.ndarray:
    """The number of the gate of each gated field: gates are handed out by ascending size, as by escnn."""
    sizes = [representation.size for representation in in_type.representations]
    return np.argsort(np.argsort(sizes, kind="stable"), kind="stable")


class _Gated1(_Gated):
    """One input that holds the gates and the fields that they scale."""

    def __init__(
        self, in_type: FieldType, gates: list[str] | None = None, drop_gates: bool = True, **kwargs: object
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.drop_gates = flag(drop_gates, "drop_gates")
        if gates is None:
            if len(in_type) % 2:
                raise ArgumentError(
                    f"{name} takes the first half of the fields as gates, but {{type}} has {len(in_type)} fields",
                    hint='give gates=["gate", "gated", ...], one for each field',
                    parts={"type": in_type},
                )
            gates = len(in_type) // 2 * [GATES_ID] + len(in_type) // 2 * [GATED_ID]
        if isinstance(gates, str) or not isinstance(gates, (list, tuple)) or len(gates) != len(in_type):
            raise ArgumentError(
                f"{name} needs one of 'gate' and 'gated' for each of {len(in_type)} fields, not {gates!r}"
            )
        for label in gates:
            if not isinstance(label, str) or label not in (GATES_ID, GATED_ID):
                raise ArgumentError(f"{name} knows 'gate' and 'gated', not {label!r}")
        self._gate_fields = [number for number, label in enumerate(gates) if label == GATES_ID]
        self._gated_fields = [number for number, label in enumerate(gates) if label == GATED_ID]
        if len(self._gate_fields) != len(self._gated_fields) or not self._gate_fields:
            raise ArgumentError(
                f"{name} needs as many gates as gated fields, but {len(self._gate_fields)} and {len(self._gated_fields)} were "
                f"given"
            )
        channels = field_channels(in_type)
        of_gates = np.concatenate([channels[number] for number in self._gate_fields])
        of_features = np.concatenate([channels[number] for number in self._gated_fields])
        self._gates, self._features = ChannelChoice(of_gates), ChannelChoice(of_features)
        self.gated_type = in_type.index_select(self._gated_fields)
        self.out_type = self.gated_type if self.drop_gates else in_type
        both = np.concatenate([of_gates, of_features])
        self._gates_first = bool((both == np.arange(len(both))).all())
        self._back = None if self.drop_gates else ChannelChoice(np.argsort(both))
        self._prepare([in_type.representations[number] for number in self._gate_fields])

    @abstractmethod
    def _prepare(self, gates: list[Representation]) -> None:
        """Checks the gates, and hands them out to blocks of channels."""

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if self._gates_first:
            # One split, whose gradient is one concatenation.
            gates, features = tensor.split([tensor.shape[1] - self.gated_type.size, self.gated_type.size], dim=1)
        else:
            gates, features = self._gates.of(tensor), self._features.of(tensor)
        factors = self._open(gates)
        scaled = self._scale(features, factors)
        return scaled if self._back is None else self._back.of(torch.cat([factors, scaled], dim=1))

    def extra_repr(self) -> str:
        """Type and whether gates are dropped."""
        return f"{self.in_type}, drop_gates={self.drop_gates}"


class GatedNonLinearity1(_Gated1):
    """Fields times the sigmoids of trivial fields of the same input: x_i sigmoid(s_i - b_i).

    The gates s_i are trivial fields, so the factor is invariant and any field may be gated (Weiler et al., "3D steerable CNNs",
    2018). The gated fields with fewer channels take the first gates.

    Args:
        in_type: as many trivial fields (gates) as fields to be gated.
        gates: ``"gate"`` or ``"gated"`` for each field; by default the first half are gates.
        drop_gates: whether the output leaves the gates out; otherwise it holds their sigmoids in their places.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        ArgumentError: if gates and gated fields are not equally many.
        UnsupportedFieldError: if a gate is no trivial field.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.GatedNonLinearity1(nn.field_type(gspaces.rot2dOnR2(4), trivial=2, vector=2))
        >>> layer(torch.randn(1, 6, 5, 5)).shape
        torch.Size([1, 4, 5, 5])
    """

    needs: ClassVar[str] = "any fields, and a trivial field for each as its gate"

    def _prepare(self, gates: list[Representation]) -> None:
        for representation in gates:
            _need_invariant(representation, type(self).__name__)
        need_supported(self.gated_type, "gated", type(self).__name__)
        self._set_gates(field_channels(self.gated_type), _by_size(self.gated_type), len(self._gate_fields))
        one_size = len({representation.size for representation in self.gated_type.representations}) == 1
        self._in_halves = self._gates_first and one_size and self.drop_gates

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return gated_half(tensor, self.bias) if self._in_halves else super()._compute(tensor)


class InducedGatedNonLinearity1(_Gated1):
    """Blocks of induced fields times the sigmoids of quotient fields of the same input.

    The group permutes the blocks of Ind_H sigma as it does the channels of the quotient field of G/H, so channel a of a gate
    scales block a of its field.

    Args:
        in_type: as many quotient (or regular) fields as induced fields of the same number of blocks.
        gates: ``"gate"`` or ``"gated"`` for each field; by default the first half are gates.
        drop_gates: whether the output leaves the gates out.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        ArgumentError: if gates and gated fields are not equally many.
        UnsupportedFieldError: if the group does not permute the blocks of a field as the channels of its gate.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> halves = space.induced_repr(2, space.fibergroup.subgroup(2)[0].irrep(1))
        >>> layer = nn.InducedGatedNonLinearity1(nn.FieldType(space, [space.quotient_repr(2), halves]))
        >>> layer(torch.randn(1, 4)).shape
        torch.Size([1, 2])
    """

    needs: ClassVar[str] = "fields of blocks, and for each a field whose channels the group permutes in the same way"

    field_seconds = 7e-5

    def _prepare(self, gates: list[Representation]) -> None:
        name = type(self).__name__
        sizes = {gate.size for gate in gates}
        if len(sizes) > 1:
            raise ArgumentError(f"{name} needs gates of one size, but they have the sizes {sorted(sizes)}")
        count = sizes.pop()
        fields = self.gated_type.representations
        blocks: list[np.ndarray] = []
        for field, start in zip(fields, self.gated_type.fields_start, strict=True):
            if field.size % count:
                raise UnsupportedFieldError(
                    f"{field.name} of {field.group} has no {count} blocks for its gate's channels"
                )
            blocks += [start + block for block in subfields(field, field.size // count)]
        gate_of_field = _by_size(self.gated_type)
        for field, gate in zip(fields, gate_of_field, strict=True):
            _need_same_permutation(gates[gate], field, count, name)
        self._channels_per_gate = count
        gate_of_block = (gate_of_field[:, None] * count + np.arange(count)).ravel()
        self._set_gates(blocks, gate_of_block, len(self._gate_fields))


def _need_same_permutation(gate: Any, field: Any, count: int, layer: str) -> None:
    """Raises unless the group permutes the blocks of a field as it does the channels of its gate."""
    width = field.size // count
    moved = (
        np.abs(field.generator_matrices).reshape(-1, count, width, count, width).max(axis=(2, 4), initial=0.0) > 1e-9
    )
    if not gate.is_permutation or not np.array_equal(moved, gate.generator_matrices == 1):
        raise UnsupportedFieldError(
            f"{layer} needs gates whose channels the group permutes as the blocks of {field.name}, but {gate.name} of "
            f"{gate.group} is moved otherwise",
            hint="let the gate be the quotient field by the subgroup that the other field is induced from",
        )


class GatedNonLinearity2(_Gated):
    """Fields of one input times the sigmoids of the trivial fields of another: ``layer(gates, fields)``.

    Args:
        in_type: the type of the gates (trivial fields) and the type of the fields, equally many.
        **kwargs: accepted as by escnn, and not used.

    Raises:
        FieldTypeError: if these are not two types on one space.
        ArgumentError: if gates and fields are not equally many.
        UnsupportedFieldError: if a gate is no trivial field.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> layer = nn.GatedNonLinearity2((nn.field_type(space, trivial=2), nn.field_type(space, vector=2)))
        >>> layer(torch.randn(1, 2, 5, 5), torch.randn(1, 4, 5, 5)).shape
        torch.Size([1, 4, 5, 5])
    """

    needs: ClassVar[str] = "any fields, and a trivial field of the other input for each"

    def __init__(self, in_type: tuple[FieldType, FieldType], **kwargs: object) -> None:
        super().__init__()
        name = type(self).__name__
        if not isinstance(in_type, (tuple, list)) or len(in_type) != 2:
            raise FieldTypeError(f"{name} needs two field types: of the gates and of the fields")
        gates, fields = (check_field_type(type_, name) for type_ in in_type)
        if gates.gspace != fields.gspace:
            raise FieldTypeError(
                f"{name} needs types on one space, but {{gates}} and {{fields}} were given",
                parts={"gates": gates, "fields": fields},
            )
        if len(gates) != len(fields):
            raise ArgumentError(f"{name} needs as many gates as fields, but {len(gates)} and {len(fields)} were given")
        for representation in gates.representations:
            _need_invariant(representation, name)
        need_supported(fields, "gated", name)
        self.in_type = (gates, fields)  # type: ignore[assignment]
        self.out_type = fields
        self._set_gates(field_channels(fields), _by_size(fields), len(gates))

    def _compute(self, gates: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        return self._scale(tensor, self._open(gates))

    def extra_repr(self) -> str:
        """Both types."""
        return f"gates={self.in_type[0]}, type={self.in_type[1]}"  # type: ignore[index]


class GatedNonLinearityUniform(EquivariantModule):
    """Irreps gated by trivial irreps of the same field, for fields of one kind.

    The first half of the irreps of every field must be trivial: number i gates irrep i of the second half.

    Args:
        in_type: fields of one representation, a plain sum of irreps.
        gate: the function of the gates.

    Raises:
        UnsupportedFieldError: for other fields.

    Example:
        >>> from intertwine import gspaces, group, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> rho = group.directsum([space.trivial_repr, space.irrep(1)])
        >>> nn.GatedNonLinearityUniform(nn.FieldType(space, 2 * [rho]))(torch.randn(1, 6, 5, 5)).shape
        torch.Size([1, 4, 5, 5])
    """

    needs: ClassVar[str] = "equal fields, plain sums of trivial irreps and as many others"

    def __init__(self, in_type: FieldType, gate: Callable[[torch.Tensor], torch.Tensor] = torch.sigmoid) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "GatedNonLinearityUniform")
        if not callable(gate):
            raise ArgumentTypeError(f"the gate is a function such as torch.sigmoid, not {type(gate).__name__}")
        rho = in_type.representations[0]
        half = len(rho.irreps) // 2
        irreps = [rho.group.irrep(*id) for id in rho.irreps]
        fits = in_type.uniform and len(irreps) == 2 * half and np.allclose(rho.change_of_basis, np.eye(rho.size))
        if not fits or not all(irrep.is_trivial() for irrep in irreps[:half]):
            raise UnsupportedFieldError(
                "GatedNonLinearityUniform needs equal fields, plain sums of trivial irreps and then as many others, but "
                "{type} was given",
                hint="use GatedNonLinearity1, which takes gates and fields of any kind",
                parts={"type": in_type},
            )
        gated = irreps[half:]
        self.out_type = FieldType(in_type.gspace, len(in_type) * [directsum(list(gated))])
        self.n_gates, self._size, self.gate_function = half, rho.size, gate
        self._uniform = len({irrep.size for irrep in gated}) == 1
        self._irrep_size = gated[0].size
        if not self._uniform:
            self.register_constant("gate_of_channel", np.repeat(np.arange(half), [irrep.size for irrep in gated]))
        self.bias = torch.nn.Parameter(torch.randn(len(in_type), half))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        fields = tensor.unflatten(1, (len(self.in_type), self._size))
        gates, features = fields.split([self.n_gates, self._size - self.n_gates], dim=2)
        gates = self.gate_function(gates - self.bias.view(*self.bias.shape, *((tensor.dim() - 2) * (1,))))
        if self._uniform:
            gated = features.unflatten(2, (self.n_gates, self._irrep_size)) * gates.unsqueeze(3)
            return gated.flatten(1, 3)
        return (features * gates.index_select(2, self.gate_of_channel)).flatten(1, 2)  # type: ignore[arg-type]
