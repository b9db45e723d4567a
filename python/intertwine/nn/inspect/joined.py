"""Modules with several inputs or outputs, as modules with one of each: for tools that look at them from outside."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.errors import ArgumentTypeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.nn.base.module import EquivariantModule, match_inputs


def is_single(module: Any) -> bool:
    """Whether a module takes one kind of fields and gives one, or plain tensors.

    Args:
        module: an equivariant module.
    """
    return isinstance(module.in_type, FieldType) and isinstance(module.out_type, (FieldType, type(None)))


class Joined(EquivariantModule):
    """The same module with its inputs side by side in one tensor, and its outputs too.

    Args:
        module: takes a tuple or a dict of fields, or gives a dict.
    """

    holds = "a sequence"

    def __init__(self, module: EquivariantModule) -> None:
        super().__init__()
        self.module = module
        self._types = by_label(module.in_type)
        self._out_types = by_label(module.out_type)
        self.in_type = _sum(list(self._types.values()))
        self.out_type = _sum(list(self._out_types.values())) if self._out_types else None

    @property
    def symmetry(self) -> Any:
        """That of the module."""
        return self.module.symmetry if self.out_type is None else self.out_type.gspace

    def lift(self, element: Any) -> Any:
        """As the module does.

        Args:
            element: of the group of the output.
        """
        return self.module.lift(element)

    def join(self, inputs: Any) -> torch.Tensor:
        """Inputs as the module takes them, side by side.

        Args:
            inputs: a tuple or a dict of features.
        """
        if isinstance(inputs, (torch.Tensor, GeometricTensor)):
            inputs = (inputs,)
        given = inputs if isinstance(inputs, tuple) else (inputs,)
        _, values = match_inputs(self.module.in_type, given, type(self.module).__name__)
        tensors = [getattr(values[label], "tensor", values[label]) for label in self._types]
        if not all(isinstance(tensor, torch.Tensor) for tensor in tensors):
            raise ArgumentTypeError(f"{type(self.module).__name__} takes features, not {type(inputs).__name__}")
        return torch.cat(tensors, dim=1)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        sizes = [type_.size for type_ in self._types.values()]
        features = {
            label: GeometricTensor(part, type_)
            for (label, type_), part in zip(self._types.items(), tensor.split(sizes, dim=1), strict=True)
        }
        output: Any = (
            self.module(features) if isinstance(self.module.in_type, dict) else self.module(*features.values())
        )
        if isinstance(output, dict):
            return torch.cat([getattr(output[label], "tensor", output[label]) for label in self._out_types], dim=1)
        return getattr(output, "tensor", output)


def by_label(types: Any) -> dict[Any, FieldType]:
    """The types of a module's inputs or outputs by their labels, or by their numbers.

    Args:
        types: one type, a tuple or a dict of them, or ``None``.
    """
    if types is None:
        return {}
    if isinstance(types, dict):
        return types
    return dict(enumerate(types if isinstance(types, (tuple, list)) else (types,)))


def _sum(types: list[FieldType]) -> FieldType:
    return FieldType(types[0].gspace, [rho for type_ in types for rho in type_.representations])
