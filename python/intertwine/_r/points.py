"""Features on points, and graphs of them; plain networks made equivariant."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from intertwine import nn, training
from intertwine._r.elements import texts
from intertwine.errors import ArgumentTypeError
from intertwine.nn.inspect.equivariance import report_of
from intertwine.training.data.point_sets import run_on_points, takes_edges
from intertwine.training.engine.modes import own_random_stream


def graph(coords: torch.Tensor, radius: float, batch: Any, loop: bool, most: Any) -> np.ndarray:
    """The edges between points that are at most a radius apart, as numbers from 0 on, shape ``(2, edges)``."""
    return nn.radius_graph(coords, radius, batch, loop, most).cpu().numpy()


def run(module: Any, x: Any, edges: torch.Tensor | None, members: torch.Tensor | None = None) -> Any:
    """A module's output for features on points; see `run_on_points`."""
    return run_on_points(module, x, edges, members)


def forces(module: Any, x: Any, edges: torch.Tensor, members: torch.Tensor | None, count: int) -> dict[str, Any]:
    """The sum of a module's invariant output over each graph, and minus its gradient with respect to the coordinates.

    Args:
        module: ends with one trivial field.
        x: features with coordinates.
        edges: numbers from 0 on, shape ``(2, edges)``.
        members: the graph of each point, from 0 on; all are one by default.
        count: the number of graphs.

    Raises:
        FieldTypeError: unless the output is invariant.
        ArgumentTypeError: without coordinates.
    """
    members = torch.zeros(len(x), dtype=torch.int64, device=x.device) if members is None else members.to(x.device)
    energies, found = training.forces(module, training.PointSets(x, edges, members, count))
    return {"energy": energies.tolist(), "forces": found.cpu().numpy()}


def equivariance(
    module: Any, x: Any, edges: Any, elements: Any, tolerance: float, members: Any = None
) -> dict[str, Any]:
    """Errors in double precision of a module on points, where every element acts exactly.

    Args:
        module: the module, which stays as it is.
        x: features with coordinates, or `None` for random ones on a cloud of 30 points.
        edges: its edges.
        elements: the elements to check, or `None` for those that the group suggests.
        tolerance: the largest relative error that passes.
        members: the graph of each point; all are one by default.
    """
    twin = copy.deepcopy(module).double().eval()
    in_type = twin.in_type
    if x is None:
        convs = [part for part in twin.modules() if takes_edges(part) and hasattr(part, "scalars")]
        reach = max(ring.radius + ring.sigma for conv in convs for ring in conv.scalars.rings)
        generator = torch.Generator().manual_seed(0)
        coords = torch.randn(30, in_type.gspace.dimensionality, generator=generator, dtype=torch.float64) * reach / 1.5
        x = in_type(torch.randn(30, in_type.size, generator=generator, dtype=torch.float64), coords)
        edges = nn.radius_graph(coords, 3 * reach, loop=True)
    elif x.coords is None or (edges is None and takes_edges(twin)):
        raise ArgumentTypeError(
            "a network on points is checked with features that have coordinates, and with edges",
            hint="leave both out for a random cloud of points",
        )
    x = nn.GeometricTensor(x.tensor.detach().double(), x.type, x.coords.detach().double())
    chosen = list(in_type.testing_elements) if elements is None else list(elements)
    pairs = []
    with torch.no_grad():
        base = run(twin, x, edges, members)
        for g in chosen:
            moved = run(twin, x.transform(g), edges, members)
            still = base.transform(g).tensor if isinstance(base, nn.GeometricTensor) else base
            pairs.append((g, still, getattr(moved, "tensor", moved)))
    report = report_of(twin, pairs, tuple(x.shape), tolerance, torch.float64, False)
    return {
        "rows": [
            {"element": text, "error": float(row["error"]), "exact": bool(row["exact"]), "sizes": "points"}
            for text, row in zip(texts(chosen), report.table, strict=True)
        ],
        "layers": [],
        "shape": [int(n) for n in report.input_shape],
        "sizes": [],
    }


def fit(
    module: Any,
    x: Any,
    edges: torch.Tensor,
    graphs: torch.Tensor,
    y: torch.Tensor,
    forces: torch.Tensor | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """A trained copy of a module, see `fit_energies`.

    Args:
        module: ends with trivial fields, one for each column of y.
        x: features with coordinates, of all graphs.
        edges: numbers from 0 on, shape ``(2, edges)``.
        graphs: the graph of each point, from 0 on.
        y: shape ``(graphs, numbers)``.
        forces: shape ``(points, d)``, if they are to be learned.
        **settings: other arguments of `fit_energies`.
    """
    found = training.fit_energies(module, training.PointSets(x, edges, graphs, len(y)), y, forces, **settings)
    return {"module": found.module, "loss": [row["loss"] for row in found.history], "start": found.start}


# ---- plain networks


def make_equivariant(method: str, in_type: Any, out_type: Any, net: Any, settings: dict[str, Any], seed: float) -> Any:
    """The network in a module that is equivariant.

    Args:
        method: ``"average"``, ``"frames"`` or ``"canonical"``.
        in_type: the fields of the input.
        out_type: the fields of the output.
        net: the network.
        settings: of the method.
        seed: of the weights that a learned pose starts with.
    """
    on_points = in_type.gspace.dimensionality == 0 and in_type.fibergroup.continuous
    kinds: dict[str, Any] = {
        "average": nn.GroupAverage,
        "frames": nn.PointFrameAverage if on_points else nn.FrameAverage,
        "canonical": nn.PointCanonicalised if on_points else nn.Canonicalised,
    }
    if on_points and "scores" in settings:
        settings["axes"] = settings.pop("scores")
    with own_random_stream(int(seed)):
        return kinds[method](in_type, out_type, net, **settings)


def lift(conv: Any, in_type: Any, out_type: Any) -> dict[str, Any]:
    """The group convolution with the weights of an ordinary one, and what is lost."""
    layer, rest = nn.lift_conv(conv, in_type, out_type)
    return {"layer": layer, "residual": float(rest)}


def project(layer: Any, inputs: str) -> dict[str, Any]:
    """The ordinary convolution with the weights of the identity, and what is lost."""
    conv, rest = nn.project_conv(layer, inputs)
    return {"conv": conv, "residual": float(rest)}
