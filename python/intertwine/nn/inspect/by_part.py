"""The errors of the parts of a model, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from intertwine.fields import GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.nn.inspect.kinds import expects_geometric_tensor, gathers
from intertwine.nn.inspect.moving import moved, relative_error, restrictions
from intertwine.nn.inspect.tracing import Call, Trace, tensor_of, trace


def by_part(
    module: torch.nn.Module, value: torch.Tensor, pairs: list[tuple[GroupElement, GroupElement]], order: int
) -> list[dict[str, Any]]:
    """The largest error of what each part of a module gives, for exact and for interpolated elements.

    Args:
        module: the module; a single layer has no parts.
        value: the input.
        pairs: elements to test, each with what it is in the group of the input.
        order: of the interpolating splines.

    Returns:
        a dict for each part in the order in which they end: ``layer`` (its name in the model), ``name`` (of its class), and
        the errors ``exact`` and ``interpolated`` (``None`` without such elements, or where the type is not known).
    """
    in_type: Any = module.in_type
    held: list[tuple[Call, list[torch.Tensor]]] = []

    def run(x: torch.Tensor, seen: Callable[[Call], None]) -> Trace:
        return trace(
            module, (GeometricTensor(x, in_type) if expects_geometric_tensor(module) else x,), on_call_end=seen
        )

    # Layers in place may change what was given before.
    base = run(value, lambda call: held.append((call, [tensor_of(part).clone() for part in call.outputs])))
    sorts = [[base.type_of(part) for part in call.outputs] for call, _ in held]
    if base.error is not None or base.root.kind == "layer":
        return []
    errors: list[dict[bool, list[float | None]]] = [{True: [], False: []} for _ in held]
    for element, before in pairs:
        known = _in_each_group(base.root, element, before)
        exact = in_type.gspace.is_exact(before)
        again: list[list[torch.Tensor]] = []
        run(
            moved(value, in_type, before, order),  # pyright: ignore[reportArgumentType]
            lambda call, again=again: again.append([tensor_of(part).clone() for part in call.outputs]),
        )
        for number, (seen, (_, wanted)) in enumerate(zip(again, held)):
            for given, part, sort in zip(seen, wanted, sorts[number]):
                there = None if sort is None else known.get(sort.gspace.fibergroup)
                turned = None if there is None else moved(part, sort, there, order)
                errors[number][exact].append(None if turned is None else relative_error(turned, given))
    rows: dict[str, dict[str, Any]] = {}
    for (call, _), found in zip(held, errors, strict=True):
        if call.kind == "container" and not gathers(call.module):
            continue
        row: dict[str, Any] = {"layer": call.path, "name": type(call.module).__name__}
        for key, is_exact in (("exact", True), ("interpolated", False)):
            values = [error for error in found[is_exact] if error is not None]
            row[key] = max(values) if values and len(values) == len(found[is_exact]) else None
        rows[call.path] = row
    return list(rows.values())


def _in_each_group(root: Call, element: GroupElement, before: GroupElement) -> dict[Any, GroupElement]:
    """A tested element in each group that acts within a run, found from the end backwards."""
    known = {before.group: before, element.group: element}
    for call in reversed(restrictions(root)):
        step: Any = call.module
        there = known.get(step.out_type.fibergroup)
        if there is not None:
            known.setdefault(step.in_type.fibergroup, step.lift(there))
    return known
