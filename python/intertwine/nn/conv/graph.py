"""Graphs of neighbouring points."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError, Words
from intertwine.fields import GeometricTensor
from intertwine.kernels.torch_modes import is_readable, is_traced
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests


def check_coords(coords: Any, what: str = "coords") -> torch.Tensor:
    """The coordinates, if they are a matrix of finite numbers.

    Args:
        coords: shape ``(points, d)``.
        what: their name, for the message.

    Raises:
        ArgumentTypeError: if they are no tensor of floating point numbers.
        ShapeError: if they are no matrix.
        ArgumentError: if a coordinate is NaN or infinite.
    """
    if not isinstance(coords, torch.Tensor) or not coords.is_floating_point():
        found = coords.dtype if isinstance(coords, torch.Tensor) else type(coords).__name__
        raise ArgumentTypeError(f"{what} must be a tensor of floating point numbers, not {found}")
    if coords.dim() != 2:
        raise ShapeError(f"{what} must have the shape (points, dimensions), not {tuple(coords.shape)}")
    need_finite(coords, what)
    return coords


def need_finite(values: torch.Tensor, what: str) -> None:
    """Raises for coordinates on the CPU that are NaN or infinite; a device is not waited for.

    Args:
        values: shape ``(rows, d)``.
        what: their name, for the message.
    """
    if not is_readable(values):
        return
    finite = torch.isfinite(values.detach())
    if not bool(finite.all()):
        row = int((~finite).any(dim=1).nonzero()[0, 0])
        raise ArgumentError(
            f"{what} must be finite, but row {{row}} is {values[row].tolist()}",
            hint="drop or mend such points first",
            positions={"row": row},
        )


def check_edges(edge_index: Any, nodes: int) -> torch.Tensor:
    """The edges, if they join nodes that are there. On a device their numbers are not read; torch checks them when it uses them.

    Args:
        edge_index: whole numbers, shape ``(2, edges)``: sources, targets.
        nodes: how many nodes there are.

    Raises:
        ArgumentTypeError: if they are no whole numbers.
        ShapeError: for another shape.
        ArgumentError: for a node that is not there.
    """
    if not isinstance(edge_index, torch.Tensor):
        raise ArgumentTypeError(f"edge_index is a tensor of whole numbers, not {type(edge_index).__name__}")
    if edge_index.dtype not in (torch.int64, torch.int32):
        raise ArgumentTypeError(
            f"edge_index is a tensor of whole numbers, not of {edge_index.dtype}", hint="convert it with .long()"
        )
    if edge_index.dim() != 2 or edge_index.shape[0] != 2:
        raise ShapeError(
            f"edge_index must have the shape (2, edges), sources above targets, not {tuple(edge_index.shape)}",
            hint="transpose it with .T" if edge_index.dim() == 2 and edge_index.shape[1] == 2 else None,
        )
    if edge_index.numel() and is_readable(edge_index):
        low, high = (int(bound) for bound in torch.aminmax(edge_index))
        if low < 0 or high >= nodes:
            bad = low if low < 0 else high
            raise ArgumentError(
                f"edge_index holds the node {{node}}, but the {nodes} nodes have the numbers {{first}} to {{last}}",
                hint="number the nodes of a batch of graphs through: add the number of nodes before each graph",
                positions={"node": bad, "first": 0, "last": nodes - 1},
            )
    return edge_index.long()


def is_graph(value: Any) -> bool:
    """Whether something is a graph as PyTorch Geometric's ``Data`` holds it.

    Args:
        value: anything.
    """
    return not isinstance(value, (torch.Tensor, GeometricTensor)) and all(
        hasattr(value, name) for name in ("x", "edge_index", "pos")
    )


def _need_precision(name: str, features: torch.Tensor, edge_delta: torch.Tensor) -> None:
    """Raises for coordinates that are no floating point numbers, or of a lower precision than the features.

    Under autocast this is not checked: there a layer may widen the features, which is not the user's mistake.
    """
    if not edge_delta.is_floating_point():
        raise ArgumentTypeError(
            f"{name} needs coordinates that are floating point numbers, not {edge_delta.dtype}",
            hint="convert them, for example with coords.float()",
        )
    if torch.finfo(edge_delta.dtype).eps > torch.finfo(features.dtype).eps and not torch.is_autocast_enabled(
        features.device.type
    ):
        raise ArgumentTypeError(
            f"{name} was given features of {features.dtype}, but coordinates of {edge_delta.dtype}: the output would be exact to "
            "the lower precision only",
            hint="convert one of them, for example with coords.to(features.dtype)",
        )


def edges_with_differences(
    name: str,
    features: torch.Tensor,
    edge_index: torch.Tensor | None,
    edge_delta: torch.Tensor | None,
    coords: torch.Tensor | None,
    dimension: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The edges of a graph and the differences x_s - x_t along them, if they fit the features.

    Numbers are checked on the CPU, except while a model is traced.

    Args:
        name: the layer's name, for messages.
        features: shape ``(points, channels)``.
        edge_index: sources and targets, shape ``(2, edges)``.
        edge_delta: the differences, shape ``(edges, d)``; from the coordinates by default.
        coords: shape ``(points, d)``.
        dimension: d.

    Raises:
        ShapeError: if shapes do not fit.
        ArgumentError: for edges of points that are not there, or coordinates that are not finite.
        ArgumentTypeError: if edges or coordinates are missing, or of a lower precision than the features.
    """
    points = features.shape[0]
    if features.dim() != 2:
        raise ShapeError(
            f"features on points have the shape (points, channels), not {tuple(features.shape)}",
            hint="points have no grid: leave sizes out, and give a matrix of features",
        )
    if edge_index is None:
        raise ArgumentTypeError(
            f"{name} needs the edges of the graph{{argument}}",
            hint=Words(
                "make them, for example with nn.radius_graph",
                r="make them with radius_graph() and write module(x, edges)",
            ),
            parts={"argument": Words(": edge_index", r="")},
        )
    tracing = is_traced()
    if not tracing:
        edge_index = check_edges(edge_index, points)
    if edge_delta is None:
        if coords is None:
            raise ArgumentTypeError(
                f"{name} needs coordinates: give a GeometricTensor with coords, or edge_delta",
                hint="for example out = conv(in_type(features, coords), edge_index)",
            )
        if tuple(coords.shape) != (points, dimension):
            raise ShapeError(
                f"{points} points need coordinates of shape {(points, dimension)}, not {tuple(coords.shape)}"
            )
        if not tracing:
            need_finite(coords, "coords")
        edge_delta = coords.index_select(0, edge_index[0]) - coords.index_select(0, edge_index[1])
    elif tuple(edge_delta.shape) != (edge_index.shape[1], dimension):
        raise ShapeError(
            f"{edge_index.shape[1]} edges need edge_delta of shape {(edge_index.shape[1], dimension)}, "
            f"not {tuple(edge_delta.shape)}"
        )
    elif not tracing:
        need_finite(edge_delta, "edge_delta")
    if not tracing:
        _need_precision(name, features, edge_delta)
    return edge_index, edge_delta


@suggests
@plain_numbers
def radius_graph(
    coords: torch.Tensor,
    radius: float,
    batch: torch.Tensor | None = None,
    loop: bool = False,
    max_neighbours: int | None = None,
) -> torch.Tensor:
    """The edges between all points that are at most a radius apart, found with a k-d tree on the CPU.

    Distances are compared within the precision of the coordinates, so that turned points have the same graph: in a crystal,
    where many points are as far apart as the radius, they count as neighbours however they are turned.

    Args:
        coords: shape ``(points, d)``.
        radius: the greatest distance. A distance greater by less than what turning the points in their precision changes (16
            machine epsilons of the points' greatest norm) counts as equal.
        batch: the number of the graph of each point, shape ``(points,)``; points of different graphs are not joined.
        loop: whether to join each point to itself.
        max_neighbours: keep only so many incoming edges a point, from the nearest ones; if only some of several equally distant
            edges would fit, all of these are dropped, so that the graph does not depend on how space is turned.

    Returns:
        sources and targets, shape ``(2, edges)``, sorted by target, then by source.

    Raises:
        ArgumentError: for a radius that is not positive, or coordinates that are not finite.

    Example:
        >>> radius_graph(torch.tensor([[0.0, 0.0], [1.0, 0.0], [5.0, 0.0]]), radius=2.0)
        tensor([[1, 0],
                [0, 1]])
    """
    # Imported here: exact layers on grids never need it.
    from scipy.spatial import KDTree

    check_coords(coords)
    on_host = coords.detach().cpu()
    need_finite(on_host, "coords")
    if isinstance(radius, bool) or not isinstance(radius, (int, float)) or not 0 < radius < float("inf"):
        raise ArgumentError(f"the radius is a positive number, not {radius!r}")
    if max_neighbours is not None and (
        isinstance(max_neighbours, bool) or not isinstance(max_neighbours, int) or max_neighbours < 1
    ):
        raise ArgumentError(f"max_neighbours is a number from 1 on, not {max_neighbours!r}")
    points = on_host.to(torch.float64).numpy()
    if batch is not None and (not isinstance(batch, torch.Tensor) or tuple(batch.shape) != (len(points),)):
        raise ShapeError(f"batch must have one number for each of the {len(points)} points")
    graphs = np.zeros(len(points), dtype=np.int64) if batch is None else batch.detach().cpu().numpy()
    parts = []
    slack = np.zeros(len(points))
    for graph in np.unique(graphs):
        members = np.flatnonzero(graphs == graph)
        own = points[members]
        slack[members] = tolerance = _slack(own, coords.dtype, float(radius))
        pairs = KDTree(own).query_pairs(radius + tolerance, output_type="ndarray").astype(np.int64)
        parts.append(members[pairs].reshape(-1, 2))
    pairs = np.concatenate(parts) if parts else np.zeros((0, 2), dtype=np.int64)
    edges = np.concatenate([pairs, pairs[:, ::-1]])
    if loop:
        edges = np.concatenate([edges, np.repeat(np.arange(len(points)), 2).reshape(-1, 2)])
    edges = edges[np.lexsort((edges[:, 0], edges[:, 1]))]
    if max_neighbours is not None and len(edges):
        edges = edges[_nearest(points, edges, max_neighbours, slack)]
    return torch.from_numpy(np.ascontiguousarray(edges.T)).to(coords.device)


def _slack(points: np.ndarray, dtype: torch.dtype, radius: float) -> float:
    """By how much a distance may change when points are turned in their precision.

    Each of d coordinates is a sum of d rounded products, so that a distance changes by less than 8 epsilons of the greatest norm
    for d up to 3; the points as they were given are as far from what they stand for.
    """
    if dtype == torch.float64 and (points == points.astype(np.float32)).all():
        # Numbers of single precision in a wider format, as they come out of a file or of R.
        dtype = torch.float32
    return 16 * torch.finfo(dtype).eps * (float(np.linalg.norm(points, axis=1).max()) + radius)


def _nearest(points: np.ndarray, edges: np.ndarray, count: int, slack: np.ndarray) -> np.ndarray:
    """Which edges are among the ``count`` nearest of their target, ties at the end dropped; edges are sorted by target."""
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    order = np.lexsort((length, edges[:, 1]))
    target, sorted_length = edges[order, 1], length[order]
    first = np.searchsorted(target, target, side="left")
    last = np.searchsorted(target, target, side="right") - 1
    # The length from which on edges of this target are one too many.
    beyond = np.minimum(first + count, last)
    limit = np.where(first + count <= last, sorted_length[beyond], np.inf)
    keep = np.zeros(len(edges), dtype=bool)
    keep[order] = sorted_length < limit - slack[target]
    return keep
