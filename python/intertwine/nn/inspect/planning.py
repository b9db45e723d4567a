"""Which layers break exact equivariance on the grid, and which input sizes avoid it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError, ArgumentTypeError, IntertwineError
from intertwine.fields import FieldType
from intertwine.nn.base.windows import size_text
from intertwine.nn.inspect.exactness import WORK, ExactnessChecker, PartExactness, all_exact
from intertwine.nn.inspect.tracing import tensor_of
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests

_REACH = 12
"""How far from the asked size others are tried."""


@dataclass
class ShapePlan:
    """The sizes through a model, and where exact equivariance is lost.

    Attributes:
        input_size: of the input along each axis of space.
        rows: one dict for each layer: ``layer`` (its name in the model), ``name`` (of its class), ``input_size``,
            ``output_size``, ``exact`` (``None`` where it is not known), ``reason``. A module that was written by hand comes
            after the layers in it.
        sizes: input sizes nearby at which the whole model is exact (equal along all axes), nearest first.
    """

    input_size: tuple[int, ...]
    rows: list[dict[str, Any]]
    sizes: list[int] = field(default_factory=list)

    @property
    def exact(self) -> bool | None:
        """Whether the whole model is exact on the grid; ``None`` if that is not known."""
        return all_exact([row["exact"] for row in self.rows])

    def __str__(self) -> str:
        lines = [f"input {size_text(self.input_size)}"]
        lines += [f"{titled(row)}: {size_text(row['output_size'])}, {verdict(row)}" for row in self.rows]
        if self.exact is False:
            near = ", ".join(map(str, self.sizes[:6])) or "none nearby"
            lines.append(f"exact input sizes: {near}")
        return "\n".join(lines)


def titled(row: dict[str, Any]) -> str:
    """The name of a part of a model and of its class.

    Args:
        row: with ``layer`` and ``name``.
    """
    return f"({row['layer']}) {row['name']}" if row["layer"] else row["name"]


def verdict(row: dict[str, Any]) -> str:
    """Whether a part of a model is exact, in words.

    Args:
        row: with ``exact`` and ``reason``.
    """
    if row["exact"] is None:
        return row["reason"] or ""
    return "exact" if row["exact"] else f"BREAKS: {row['reason']}"


def _rows(parts: list[PartExactness]) -> list[dict[str, Any]]:
    """One row for each part; of several calls it describes the first one that is not exact."""
    rows: dict[str, dict[str, Any]] = {}
    for part in parts:
        outputs = [tuple(tensor_of(value).shape) for value in part.call.outputs]
        row = {
            "layer": part.call.path,
            "name": type(part.call.module).__name__,
            "input_size": part.call.size,
            "output_size": outputs[0][2:] if outputs else (),
            "exact": part.exact,
            "reason": part.reason,
        }
        before = rows.get(part.call.path)
        if before is None or (before["exact"] is not False and part.exact is not True):
            rows[part.call.path] = row
    return list(rows.values())


@suggests
@plain_numbers
def shape_plan(model: torch.nn.Module, input_size: int | tuple[int, ...]) -> ShapePlan:
    """Which layers of a model break exact equivariance for inputs of some size, and which sizes avoid it.

    A layer with strides keeps the symmetry of the grid only if its windows lie evenly about the centre. Sizes are followed on
    the meta device. Layers of the library know whether they are exact. A module that was written by hand, or a layer of torch
    that is given a grid, is run on noise and on moved noise, and its error is measured. What cannot be measured is *unknown*.

    Args:
        model: a module, or a sequence of them; one that is no equivariant module takes the channels that the first equivariant
            module in it takes.
        input_size: of the input, one number or one for each axis of space.

    Raises:
        ArgumentTypeError: if there is no equivariant module in it.
        ArgumentError: if the model works on no grid.
        ShapeError: if the input is too small for it.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
        >>> plan = nn.shape_plan(nn.R2Conv(kind, kind, 3, stride=2), 32)
        >>> plan.exact, plan.sizes[:2]
        (False, [31, 33])
    """
    return plan_within(model, input_size, WORK)


def plan_within(model: torch.nn.Module, input_size: int | tuple[int, ...], work: int) -> ShapePlan:
    """The plan that some work allows: what takes more is unknown.

    Args:
        model: as in :func:`shape_plan`.
        input_size: as in :func:`shape_plan`.
        work: multiply-adds from which a part is not measured, and further sizes are not looked for.
    """
    checker = ExactnessChecker(model, work) if isinstance(model, torch.nn.Module) else None
    if checker is None or not isinstance(checker.in_type, FieldType):
        raise ArgumentTypeError(
            f"a plan is of an equivariant module with one input, not of {type(model).__name__}",
            hint="plan the equivariant module inside of it",
        )
    dimension, channels = checker.in_type.gspace.dimensionality, checker.in_type.size
    if dimension == 0:
        raise ArgumentError(f"{type(model).__name__} works on plain vectors, so that there is no grid to plan for")
    size = sizes_of(input_size, dimension, "input_size", least=1)
    plan = ShapePlan(size, _rows(checker.at((channels, *size)).parts))
    if plan.exact is not False:
        plan.sizes = [size[0]] if plan.exact and len(set(size)) == 1 else []
        return plan
    for distance in range(_REACH + 1):
        for candidate in dict.fromkeys((size[0] - distance, size[0] + distance)):
            if candidate < 1 or checker.work > work:
                continue
            try:
                exact = checker.exact_at((channels, *(dimension * (candidate,))))
            except IntertwineError:
                continue
            if exact:
                plan.sizes.append(candidate)
    return plan
