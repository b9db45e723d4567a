"""Warnings before a training: sizes at which the model is not exact, and frozen layers whose statistics change."""

from __future__ import annotations

import torch

from intertwine.errors import EquivarianceWarning, IntertwineError, StatisticsWarning, Words, shift_positions, warn
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.base.windows import size_text
from intertwine.nn.inspect.planning import plan_within

_LITTLE = 10**9
"""Modules written by hand are measured before a training up to this many multiply-adds: a fraction of a second."""


def warn_off_grid(module: torch.nn.Module, size: tuple[int, ...]) -> None:
    """Warns if a model is not exactly equivariant on inputs of a size.

    Args:
        module: any module.
        size: of the input along each axis of space.
    """
    space = getattr(getattr(module, "in_type", None), "gspace", None)
    if not isinstance(module, EquivariantModule) or space is None or not size or len(size) != space.dimensionality:
        return
    try:
        plan = plan_within(module, size, _LITTLE)
    except IntertwineError:
        # The first run of the model reports what it cannot take.
        return
    if plan.exact is not False:
        return
    row = next(row for row in plan.rows if row["exact"] is False)
    near = ", ".join(map(str, plan.sizes[:4]))
    advice = f"Exact sizes nearby: {near}" if near else "shape_plan() says which layers lose it"
    warn(
        f"the model is not exactly equivariant on inputs of size {size_text(size)}: layer {{layer}} ({row['name']}): "
        f"{{reason}}. {advice}. Pad or crop the data, or change that layer.",
        EquivarianceWarning,
        positions={"layer": row["layer"]},
        parts={"reason": Words(row["reason"], r=shift_positions(row["reason"], first=1))},
    )


def warn_of_frozen_statistics(module: torch.nn.Module) -> None:
    """Warns of normalisations whose weights are frozen while their running statistics still follow the data.

    Args:
        module: any module, as it is trained: parts in eval mode keep their statistics.
    """
    if not any(p.requires_grad for p in module.parameters()):
        return
    frozen = [
        name or type(part).__name__
        for name, part in module.named_modules()
        if getattr(part, "num_batches_tracked", None) is not None
        and part.training
        and any(True for _ in part.parameters())
        and not any(p.requires_grad for p in part.parameters())
    ]
    if frozen:
        named = ", ".join(frozen[:3]) + (", ..." if len(frozen) > 3 else "")
        warn(
            f"the weights of {len(frozen)} batch normalisations are frozen ({named}), but their running statistics follow "
            "the new data, so that the frozen layers change what they compute. Call eval() on these parts of a model that is "
            "itself in training mode: fit() leaves them there.",
            StatisticsWarning,
        )
