"""Which layers break exact equivariance on the grid, and which input sizes avoid it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.errors import ArgumentError, IntertwineError
from intertwine.nn.module import EquivariantModule
from intertwine.nn.sequential import SequentialModule
from intertwine.nn.sizes import sizes_of
from intertwine.scalars import plain_numbers
from intertwine.suggestions import suggests

_REACH = 12
"""How far from the asked size others are tried."""


@dataclass
class ShapePlan:
    """The sizes through a model, and where exact equivariance is lost.

    Attributes:
        input_size: of the input along each axis of space.
        rows: one dict for each layer: ``layer``, ``name``, ``input_size``, ``output_size``, ``exact``, ``reason``.
        sizes: input sizes nearby at which no layer breaks it (equal along all axes), nearest first.
    """

    input_size: tuple[int, ...]
    rows: list[dict[str, Any]]
    sizes: list[int] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether the whole model is exact on the grid."""
        return all(row["exact"] for row in self.rows)

    def __str__(self) -> str:
        lines = [f"input {' x '.join(map(str, self.input_size))}"]
        for row in self.rows:
            sizes = " x ".join(map(str, row["output_size"])) if row["output_size"] else "no grid"
            mark = "exact" if row["exact"] else f"BREAKS: {row['reason']}"
            lines.append(f"({row['layer']}) {row['name']}: {sizes}, {mark}")
        if not self.exact:
            near = ", ".join(map(str, self.sizes[:6])) or "none nearby"
            lines.append(f"exact input sizes: {near}")
        return "\n".join(lines)


def _layers(module: torch.nn.Module, prefix: str = "") -> Iterator[tuple[str, torch.nn.Module]]:
    if isinstance(module, SequentialModule):
        for number, child in enumerate(module):
            yield from _layers(
                child, f"{prefix}{number}." if isinstance(child, SequentialModule) else f"{prefix}{number}"
            )
    else:
        yield prefix, module


def _walk(model: EquivariantModule, size: tuple[int, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    shape: tuple[int, ...] = (2, model.in_type.size, *size)
    for label, layer in _layers(model):
        if not isinstance(layer, EquivariantModule):
            break
        before = shape[2:]
        problem = layer.shape_problem(before) if before else None
        shape = layer.evaluate_output_shape(shape)
        rows.append(
            {
                "layer": label,
                "name": type(layer).__name__,
                "input_size": before,
                "output_size": shape[2:],
                "exact": problem is None,
                "reason": problem,
            }
        )
    return rows


@suggests
@plain_numbers
def shape_plan(model: EquivariantModule, input_size: int | tuple[int, ...]) -> ShapePlan:
    """Which layers of a model break exact equivariance for inputs of some size, and which sizes avoid it.

    A layer with strides keeps the symmetry of the grid only if its windows lie evenly about the centre. Nothing is computed;
    sizes are followed on the meta device.

    Args:
        model: a module, or a sequence of them.
        input_size: of the input, one number or one for each axis of space.

    Raises:
        ArgumentError: if the model works on no grid.
        ShapeError: if the input is too small for it.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
        >>> plan = nn.shape_plan(nn.R2Conv(kind, kind, 3, stride=2), 32)
        >>> plan.exact, plan.sizes[:2]
        (False, [31, 33])
    """
    dimension = model.in_type.gspace.dimensionality
    if dimension == 0:
        raise ArgumentError(f"{type(model).__name__} works on plain vectors, so that there is no grid to plan for")
    size = sizes_of(input_size, dimension, "input_size", least=1)
    plan = ShapePlan(size, _walk(model, size))
    if plan.exact:
        plan.sizes = [size[0]] if len(set(size)) == 1 else []
        return plan
    for distance in range(_REACH + 1):
        for candidate in dict.fromkeys((size[0] - distance, size[0] + distance)):
            try:
                rows = _walk(model, dimension * (candidate,)) if candidate > 0 else []
            except IntertwineError:
                continue
            if rows and all(row["exact"] for row in rows):
                plan.sizes.append(candidate)
    return plan
