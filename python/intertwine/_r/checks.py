"""Checks of equivariance as R shows them."""

from __future__ import annotations

import copy
from typing import Any

import torch

from intertwine._r import points
from intertwine._r.elements import texts
from intertwine.errors import ArgumentError, position_text, shift_positions
from intertwine.fields import GeometricTensor
from intertwine.nn import check_equivariance
from intertwine.nn.base.windows import size_text
from intertwine.training.data.point_sets import takes_edges


def equivariance(
    module: Any,
    x: Any,
    elements: Any,
    tolerance: float,
    layers: bool,
    edges: Any = None,
    sizes: Any = None,
    members: Any = None,
) -> dict[str, Any]:
    """Errors in double precision: rows for the elements and for the parts of the module.

    Args:
        module: the module, which stays as it is.
        x: features, or `None` for smooth random ones.
        elements: the elements to check, or `None` for those that the group suggests.
        tolerance: the largest relative error that passes.
        layers: whether to look at each part of the module.
        edges: for features on points, the edges of their graph.
        sizes: of random features: a list of sizes, each of one number or one for each axis of space.
        members: for features on points, the graph of each.
    """
    if takes_edges(module) or getattr(x, "coords", None) is not None:
        if sizes is not None:
            raise ArgumentError("features on points have no size", hint="leave the size out")
        return points.equivariance(module, x, edges, elements, tolerance, members)
    twin = copy.deepcopy(module).double()
    if isinstance(x, GeometricTensor):
        x = GeometricTensor(x.tensor.detach().double(), x.type, x.coords)
    elif isinstance(x, torch.Tensor):
        x = x.detach().double()
    chosen = list(elements) if elements is not None else None
    size = None if sizes is None else [n[0] if len(n) == 1 else tuple(n) for n in sizes]
    report = check_equivariance(twin, x, chosen, size=size, rtol=tolerance, assertion=False, layers=layers)
    return {
        "rows": [
            {
                "element": text,
                "error": float(row["error"]),
                "exact": bool(row["exact"]),
                "sizes": ", ".join(map(size_text, row["sizes"])),
            }
            for text, row in zip(texts([row["element"] for row in report.table]), report.table, strict=True)
        ],
        "layers": [
            {
                "position": number + 1,
                "part": part_name(row["layer"]),
                "kind": row["name"],
                "exact": _number(row["exact"]),
                "interpolated": _number(row["interpolated"]),
            }
            for number, row in enumerate(report.layers if layers else [])
        ],
        "shape": [int(n) for n in report.input_shape],
        "sizes": [
            {"size": size_text(entry["size"]), "error": float(entry["error"]), "passed": entry["passed"]}
            for entry in report.sizes
        ],
    }


def shape_plan(module: Any, size: list[int]) -> dict[str, Any]:
    """Sizes through a module, where exactness is lost, and sizes nearby at which it is not."""
    from intertwine.nn import shape_plan as plan_of

    plan = plan_of(module, size[0] if len(size) == 1 else tuple(size))
    rows = [
        {
            "part": part_name(row["layer"]),
            "kind": row["name"],
            "input": size_text(row["input_size"]),
            "output": size_text(row["output_size"]),
            "exact": row["exact"],
            "reason": None if row["reason"] is None else shift_positions(row["reason"], first=1),
        }
        for row in plan.rows
    ]
    return {"rows": rows, "exact": plan.exact, "sizes": [int(n) for n in plan.sizes]}


def part_name(path: str) -> str:
    """The name of a part within its model, with positions that count from one.

    Example:
        >>> part_name("1.blocks.0.conv")
        '2.blocks.1.conv'
    """
    return position_text(path, first=1)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
