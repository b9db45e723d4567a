"""Kernels and fields as R draws them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError
from intertwine.kernels.lattice import lattice_points


def basis(module: Any, in_field: int, out_field: int, most: int) -> dict[str, Any]:
    """Sampled kernels of the basis between one input and one output field.

    If there are more than ``most``, every ring and frequency is kept before a second kernel of the same ring and frequency.

    Args:
        module: a convolution on a grid or on points.
        in_field: the position of the input field, from 0.
        out_field: the position of the output field, from 0.
        most: the largest number of kernels.

    Returns:
        ``kernels`` of shape [elements, out channels, in channels, *cells], with ``radius`` and ``frequency`` of each (-1 where
        it has none), what the radius is (``ring``: of differential operators the power of the Laplacian), the ``total`` number of
        elements, the names of both fields, and the ``levels`` of z of the slices.

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
        key = (round(float(info["radius"]), 6), int(info.get("irrep:frequency", -1)))
        ranked.append((seen[key], *key, int(info["id"])))
        seen[key] += 1
    chosen = sorted(sorted(ranked)[:most], key=lambda row: (row[1], row[2], row[0]))
    rows, columns = _channels(target.representations, out_field), _channels(source.representations, in_field)
    kernels = []
    sample, levels = _sampler(module)
    weights = torch.zeros_like(module.weights.detach())
    with torch.no_grad():
        for *_, number in chosen:
            weights[number] = 1.0
            kernels.append(sample(weights)[rows, columns].double().cpu().numpy())
            weights[number] = 0.0
    return {
        "kernels": np.stack(kernels),
        "radius": [float(row[1]) for row in chosen],
        "frequency": [int(row[2]) for row in chosen],
        "ring": "power" if "power" in infos[0] else "radius",
        "total": len(infos),
        "in_name": source.representations[in_field].name,
        "out_name": target.representations[out_field].name,
        "levels": levels,
    }


def expanded(module: Any) -> dict[str, Any]:
    """The filter that the present weights make, and the fields of its rows and columns.

    Returns:
        ``kernels`` of shape [out channels, in channels, *cells], names and sizes of the fields on each side, and the ``levels``
        of z of the slices.
    """
    plan = module.basisexpansion.plan
    with torch.no_grad():
        sample, levels = _sampler(module)
        filters = sample(module.weights).double().cpu().numpy()
    return {
        "kernels": filters,
        "in_names": [rep.name for rep in plan.source.representations],
        "in_sizes": [int(rep.size) for rep in plan.source.representations],
        "out_names": [rep.name for rep in plan.target.representations],
        "out_sizes": [int(rep.size) for rep in plan.target.representations],
        "levels": levels,
    }


def fields(type: Any) -> list[dict[str, Any]]:
    """How to draw each field of a type: as a colour, as an arrow, or channel by channel.

    Returns:
        for each field its name, size and kind: ``"scalar"``, ``"vector"`` if it moves as the space does, ``"regular"``, or
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
        elif rep.size == space.dimensionality and _moves_as(rep, space.basespace_action, elements):
            kind = "vector"
        elif rep.name == "regular":
            kind, members = "regular", list(type.fibergroup.elements)
        found.append({"name": rep.name, "size": int(rep.size), "kind": kind, "elements": members})
    return found


def _moves_as(rep: Any, action: Any, elements: list[Any]) -> bool:
    """Whether two representations have the same matrices for all these elements."""
    return all(np.allclose(rep(g), action(g), atol=1e-6) for g in elements)


def _channels(representations: Any, field: int) -> slice:
    start = sum(rep.size for rep in representations[:field])
    return slice(start, start + representations[field].size)


_CELLS, _SLICES = 25, 5
"""Cells along each axis at which kernels on points are sampled, and slices across z."""


def _sampler(module: Any) -> tuple[Callable[[torch.Tensor], torch.Tensor], list[float]]:
    """What makes kernels [out channels, in channels, *cells] of weights, and the z of its slices, from the top."""
    expansion = module.basisexpansion
    if hasattr(module, "_kernel"):
        size = module._kernel
        units = np.broadcast_to(np.asarray(getattr(module, "spacing", 1), dtype=float), (len(size),))
        steps = [gap * unit for gap, unit in zip(module._dilation, units / units.min(), strict=True)]
        points = lattice_points(module.d, size, tuple(float(step) for step in steps))
        return lambda weights: expansion(weights).reshape(*expansion(weights).shape[:2], *size), _levels(points, size)
    reach = max(ring.radius + 1.5 * ring.sigma for ring in module.scalars.rings)
    size = (_SLICES, _CELLS, _CELLS)[3 - module.d :]
    steps = [2 * reach / (n + 1) for n in size]
    points = lattice_points(module.d, size, tuple(steps))
    functions = module._functions(torch.from_numpy(np.array(points)).to(module.weights))

    def sample(weights: torch.Tensor) -> torch.Tensor:
        return torch.einsum("oif,pf->oip", expansion(weights), functions).unflatten(2, size)

    return sample, _levels(points, size)


def _levels(points: np.ndarray, size: tuple[int, ...]) -> list[float]:
    """The z of each slice in memory; none in the plane."""
    if len(size) < 3:
        return []
    return [float(z) for z in points.reshape(*size, 3)[:, 0, 0, 2]]
