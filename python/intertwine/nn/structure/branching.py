"""Taking fields apart and putting them together: permutations, branches, and modules side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, Position, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.nn.base.channel_blocks import ChannelChoice, field_channels
from intertwine.nn.base.module import EquivariantModule, call_part, check_field_type, with_coords


def _listed(value: Any) -> list[Any]:
    """The value as a list; an empty one if it is none."""
    try:
        return list(value)
    except TypeError:
        return []


class ReshuffleModule(EquivariantModule):
    """The fields in another order.

    Args:
        in_type: the type.
        permutation: for each output field the number of its input field.

    Raises:
        ArgumentError: if it is no permutation of the fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.ReshuffleModule(nn.field_type(gspaces.rot2dOnR2(4), trivial=1, vector=1), [1, 0])
        >>> layer(torch.tensor([[1.0, 2.0, 3.0]])).tolist()
        [[2.0, 3.0, 1.0]]
    """

    takes_any_basis: ClassVar[bool] = True

    def __init__(self, in_type: FieldType, permutation: list[int]) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "ReshuffleModule")
        order = _listed(permutation)
        if any(not is_whole(n) for n in order) or sorted(order) != list(range(len(in_type))):
            positions: dict[str, Position] = {"first": 0, "last": len(in_type) - 1}
            given = repr(permutation)
            if all(type(n) is int for n in order):
                given, positions["given"] = "{given}", order
            raise ArgumentError(
                f"a permutation of the fields {{first}} to {{last}} is needed, not {given}", positions=positions
            )
        self.out_type = in_type.index_select(order)
        channels = field_channels(in_type)
        self._channels = ChannelChoice(np.concatenate([channels[number] for number in order]))

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._channels.of(tensor)


class BranchingModule(EquivariantModule):
    """The fields sorted by labels into a dict of several features.

    Args:
        in_type: the type.
        labels: one for each field.
        reshuffle: within a label fields keep their order (0 or False, 1 or True), or are sorted by size (2), as in escnn.

    Raises:
        ArgumentError: if there is not one label for each field.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.BranchingModule(nn.field_type(gspaces.rot2dOnR2(4), trivial=1, vector=1), ["a", "b"])
        >>> {label: part.tolist() for label, part in layer(torch.tensor([[1.0, 2.0, 3.0]])).items()}
        {'a': [[1.0]], 'b': [[2.0, 3.0]]}
    """

    takes_any_basis: ClassVar[bool] = True

    def __init__(self, in_type: FieldType, labels: list[str], reshuffle: int = 0) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "BranchingModule")
        labels = [] if isinstance(labels, str) else _listed(labels)
        if len(labels) != len(in_type) or not all(isinstance(label, str) for label in labels):
            raise ArgumentError(f"one label (a text) is needed for each of {len(in_type)} fields, not {labels!r}")
        if not isinstance(reshuffle, int) or reshuffle not in (0, 1, 2):
            raise ArgumentError(f"reshuffle is 0, 1 or 2, not {reshuffle!r}")
        sizes = [representation.size for representation in in_type.representations]
        channels = field_channels(in_type)
        types: dict[str, FieldType] = {}
        self._channels = torch.nn.ModuleList()
        # escnn sorts by label first, so with any reshuffling labels come in their order.
        for label in sorted(set(labels)) if reshuffle else dict.fromkeys(labels):
            fields = [n for n, other in enumerate(labels) if other == label]
            if reshuffle == 2:
                fields.sort(key=lambda n: sizes[n])
            types[label] = in_type.index_select(fields)
            self._channels.append(ChannelChoice(np.concatenate([channels[n] for n in fields])))
        self.out_type = types  # type: ignore[assignment]

    def _compute(self, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
        labels: Any = self.out_type
        return {label: choice.of(tensor) for label, choice in zip(labels, self._channels)}  # type: ignore[operator]


class MergeModule(EquivariantModule):
    """Modules side by side, each on the features with its labels; their outputs become the fields of one feature.

    Args:
        modules: pairs of a module and the label of its input, or a list of labels for a module with several inputs.

    Raises:
        FieldTypeError: if modules live on different spaces, or want different types of one label.

    Example:
        >>> from intertwine import gspaces, nn
        >>> type_ = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
        >>> layer = nn.MergeModule([(nn.ReLU(type_), "a"), (nn.GroupPooling(type_), "b")])
        >>> layer({"a": torch.randn(1, 4), "b": torch.randn(1, 4)}).shape
        torch.Size([1, 5])
    """

    holds = "branches"
    uses_coords = True
    out_type: FieldType

    def __init__(self, modules: list[tuple[EquivariantModule, str | list[str]]]) -> None:
        super().__init__()
        if not isinstance(modules, (list, tuple)) or not modules:
            raise ArgumentError("MergeModule needs at least one pair of a module and a label")
        types: dict[str, FieldType] = {}
        fields: list[Any] = []
        self._inputs: list[list[str]] = []
        for number, (module, labels) in enumerate(_pairs(modules)):
            taken = module.in_type if isinstance(module.in_type, tuple) else (module.in_type,)
            if len(taken) != len(labels):
                raise ArgumentError(
                    f"{type(module).__name__} takes {len(taken)} input(s), but {len(labels)} label(s) were given"
                )
            for label, type_ in zip(labels, taken, strict=True):
                if types.setdefault(label, type_) != type_:
                    raise FieldTypeError(
                        f"modules want different types of {label!r}: {{type}} and {{other}}",
                        parts={"type": types[label], "other": type_},
                    )
            if not isinstance(module.out_type, FieldType):
                raise FieldTypeError(f"{type(module).__name__} gives no fields that could be merged")
            fields.append(module.out_type)
            self._inputs.append(labels)
            self.add_module(f"submodule_{number}", module)
        spaces = {type_.gspace for type_ in [*types.values(), *fields]}
        if len(spaces) > 1:
            raise FieldTypeError(f"the modules live on different spaces: {', '.join(sorted(s.name for s in spaces))}")
        self.in_type = types  # type: ignore[assignment]
        self.gspace = fields[0].gspace
        self.out_type = FieldType(self.gspace, [rho for type_ in fields for rho in type_.representations])

    def _compute(self, tensors: dict[str, torch.Tensor], coords: torch.Tensor | None = None) -> Any:
        types: Any = self.in_type
        outputs = []
        for number, labels in enumerate(self._inputs):
            module: Any = self._modules[f"submodule_{number}"]
            given = (with_coords(tensors[label], types[label], coords) for label in labels)
            outputs.append(call_part(module, *given))
        parts = [output.tensor if isinstance(output, GeometricTensor) else output for output in outputs]
        sizes = [(part.shape[0], *part.shape[2:]) for part in parts]
        if any(size != sizes[0] for size in sizes):
            raise ShapeError(
                f"modules whose outputs are merged must give them on one grid, but they give the shapes "
                f"{', '.join(str(tuple(part.shape)) for part in parts)}",
                hint="give their strides and paddings the same effect on the size",
            )
        placed = [output for output in outputs if isinstance(output, GeometricTensor) and output.coords is not None]
        if any(not placed[0].has_same_coords(output) for output in placed):
            raise ShapeError("modules whose outputs are merged must give them on the same points, but these differ")
        return with_coords(torch.cat(parts, dim=1), self.out_type, placed[0].coords if placed else coords)

    def extra_repr(self) -> str:
        """Nothing: the modules print."""
        return ""


def _pairs(modules: Iterable[Any]) -> list[tuple[EquivariantModule, list[str]]]:
    pairs = []
    for pair in modules:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], EquivariantModule):
            raise ArgumentTypeError(f"pairs of an equivariant module and a label are needed, not {type(pair).__name__}")
        labels = [pair[1]] if isinstance(pair[1], str) else pair[1]
        if not isinstance(labels, (list, tuple)) or not all(isinstance(label, str) for label in labels):
            raise ArgumentTypeError(f"a label or a list of labels (texts) is needed, not {pair[1]!r}")
        pairs.append((pair[0], list(labels)))
    return pairs


class MultipleModule(EquivariantModule):
    """The fields sorted by labels, each label given to its module, and the outputs merged: branching, then merging.

    Args:
        in_type: the type.
        labels: one for each field.
        modules: pairs of a module and the label (or labels) of its input; together they take every label.
        reshuffle: see :class:`BranchingModule`.

    Raises:
        ArgumentError: if the labels of fields and modules are not the same.
        FieldTypeError: if a module takes another type than the fields with its label have.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> type_ = nn.field_type(space, regular=1, vector=1)
        >>> relu, norm = nn.ReLU(nn.field_type(space, regular=1)), nn.NormNonLinearity(nn.field_type(space, vector=1))
        >>> nn.MultipleModule(type_, ["a", "b"], [(relu, "a"), (norm, "b")])(torch.randn(1, 6)).shape
        torch.Size([1, 6])
    """

    holds = "a sequence"
    uses_coords = True

    def __init__(
        self,
        in_type: FieldType,
        labels: list[str],
        modules: list[tuple[EquivariantModule, str | list[str]]],
        reshuffle: int = 0,
    ) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "MultipleModule")
        branching = BranchingModule(in_type, labels, reshuffle)
        merging = MergeModule(modules)
        given: Any = branching.out_type
        wanted: Any = merging.in_type
        if set(given) != set(wanted):
            raise ArgumentError(f"fields have the labels {sorted(given)}, but the modules take {sorted(wanted)}")
        for label, type_ in wanted.items():
            if given[label] != type_:
                raise FieldTypeError(
                    f"the fields with label {label!r} are {{given}}, but their module takes {{type}}",
                    parts={"given": given[label], "type": type_},
                )
        self.branching, self.merging = branching, merging
        self.gspace = in_type.gspace
        self.out_type = merging.out_type

    def _compute(self, tensor: torch.Tensor, coords: torch.Tensor | None = None) -> Any:
        return self.merging(self.branching(with_coords(tensor, self.in_type, coords)))

    def extra_repr(self) -> str:
        """Nothing: the modules print."""
        return ""
