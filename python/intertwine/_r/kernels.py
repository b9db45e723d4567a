"""Kernels and fields as R draws them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError


def basis(module: Any, in_field: int, out_field: int, most: int) -> dict[str, Any]:
    """Sampled kernels of the basis between one input and one output field.

    If there are more than ``most``, every ring and frequency is kept before a second kernel of the same ring and frequency.

    Args:
        module: a convolution.
        in_field: the position of the input field, from 0.
        out_field: the position of the output field, from 0.
        most: the largest number of kernels.

    Returns:
        ``kernels`` of shape [elements, out channels, in channels, height, width], with ``radius`` and ``frequency`` of each,
        the ``total`` number of elements, and the names of both fields.

    Raises:
        ArgumentError: if no kernel joins the two fields.
    """
    expansion = module.basisexpansion
    source, target = expansion.plan.source, expansion.plan.target
    infos = [
        info
        for info in expansion.get_basis_info()
        if info["in_field_position"] == in_field and info["out_field_position"] == out_field
    ]
    if not infos:
        raise ArgumentError(
            f"No equivariant kernel joins input field {in_field + 1} to output field {out_field + 1}.",
            hint='Look at other fields, or at the whole filter with what = "filter"',
        )
    seen: Counter[tuple[float, int]] = Counter()
    ranked = []
    for info in infos:
        key = (round(float(info["radius"]), 6), int(info["irrep:frequency"]))
        ranked.append((seen[key], *key, int(info["id"])))
        seen[key] += 1
    chosen = sorted(sorted(ranked)[:most], key=lambda row: (row[1], row[2], row[0]))
    rows, columns = _channels(target.representations, out_field), _channels(source.representations, in_field)
    kernels = []
    weights = torch.zeros_like(module.weights.detach())
    with torch.no_grad():
        for *_, number in chosen:
            weights[number] = 1.0
            kernels.append(_square(module, expansion(weights))[rows, columns].double().cpu().numpy())
            weights[number] = 0.0
    return {
        "kernels": np.stack(kernels),
        "radius": [float(row[1]) for row in chosen],
        "frequency": [int(row[2]) for row in chosen],
        "total": len(infos),
        "in_name": source.representations[in_field].name,
        "out_name": target.representations[out_field].name,
    }


def expanded(module: Any) -> dict[str, Any]:
    """The filter that the present weights make, and the fields of its rows and columns.

    Returns:
        ``kernels`` of shape [out channels, in channels, height, width], and names and sizes of the fields on each side.
    """
    plan = module.basisexpansion.plan
    with torch.no_grad():
        filters = _square(module, module.basisexpansion(module.weights)).double().cpu().numpy()
    return {
        "kernels": filters,
        "in_names": [rep.name for rep in plan.source.representations],
        "in_sizes": [int(rep.size) for rep in plan.source.representations],
        "out_names": [rep.name for rep in plan.target.representations],
        "out_sizes": [int(rep.size) for rep in plan.target.representations],
    }


def fields(type: Any) -> list[dict[str, Any]]:
    """How to draw each field of a type: as a colour, as an arrow, or channel by channel.

    Returns:
        for each field its name, size and kind: ``"scalar"``, ``"vector"`` if it moves as the plane does, ``"regular"``, or
        ``"other"``; and the elements of the channels of a regular field.
    """
    space = type.gspace
    elements = list(space.testing_elements)
    found = []
    for rep in type.representations:
        kind = "other"
        members: list[Any] = []
        if rep.size == 1:
            kind = "scalar"
        elif rep.size == 2 and all(np.allclose(rep(g), space.basespace_action(g), atol=1e-6) for g in elements):
            kind = "vector"
        elif rep.name == "regular":
            kind, members = "regular", list(type.fibergroup.elements)
        found.append({"name": rep.name, "size": int(rep.size), "kind": kind, "elements": members})
    return found


def _channels(representations: Any, field: int) -> slice:
    start = sum(rep.size for rep in representations[:field])
    return slice(start, start + representations[field].size)


def _square(module: Any, filters: torch.Tensor) -> torch.Tensor:
    return filters.reshape(*filters.shape[:2], module.kernel_size, module.kernel_size)
