"""Features on points, and graphs of them, as R makes them and looks at them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from intertwine import nn
from intertwine._r.elements import texts
from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.nn.inspect.equivariance import report_of
from intertwine.training.engine.run import plain_output
from intertwine.training.measure.losses import Measures, resolve_loss


def graph(coords: torch.Tensor, radius: float, batch: Any, loop: bool, most: Any) -> np.ndarray:
    """The edges between points that are at most a radius apart, as numbers from 0 on, shape ``(2, edges)``."""
    return nn.radius_graph(coords, radius, batch, loop, most).cpu().numpy()


def takes_edges(module: torch.nn.Module) -> bool:
    """Whether a module is a convolution on points, or a sequence that holds one."""
    return any(isinstance(part, (nn.R1PointConv, nn.R2PointConv, nn.R3PointConv)) for part in module.modules())


def run(module: Any, x: Any, edges: torch.Tensor) -> Any:
    """A module's output for features on points; in sequences only convolutions need the edges.

    Args:
        module: a convolution on points, a sequence, or any other layer.
        x: features with coordinates.
        edges: numbers from 0 on, shape ``(2, edges)``.
    """
    if isinstance(module, nn.SequentialModule):
        for part in module:
            x = run(part, x, edges)
        return x
    if takes_edges(module):
        return module(x, edges)
    if isinstance(x, nn.GeometricTensor) and not isinstance(module, nn.EquivariantModule):
        # An ordinary module of torch, behind invariant fields.
        x = x.tensor
    if isinstance(module, _ON_GRIDS) and isinstance(x, nn.GeometricTensor) and x.coords is not None:
        # Points are a grid of one cell each.
        cells = x.tensor.reshape(*x.shape, *(x.type.gspace.dimensionality * (1,)))
        return nn.GeometricTensor(module(cells).flatten(1), x.type, x.coords)
    return module(x)


_ON_GRIDS = (nn.IIDBatchNorm1d, nn.IIDBatchNorm2d, nn.IIDBatchNorm3d)


def forces(module: Any, x: Any, edges: torch.Tensor) -> dict[str, Any]:
    """The sum of a module's invariant output, and minus its gradient with respect to the coordinates.

    Raises:
        FieldTypeError: unless the output is invariant.
        ArgumentTypeError: without coordinates.
    """
    out_type = getattr(module, "out_type", None)
    if out_type is not None and not all(rho.is_trivial() for rho in out_type.representations):
        raise FieldTypeError(
            "forces need an energy, which the group does not change, but the output is {type}",
            hint="end the network with trivial fields",
            parts={"type": out_type},
        )
    if x.coords is None:
        raise ArgumentTypeError("forces need features on points", hint="give coords to geometric_tensor()")
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        coords = x.coords.detach().clone().requires_grad_(True)
        output = run(module, nn.GeometricTensor(x.tensor.detach(), x.type, coords), edges)
        energy = getattr(output, "tensor", output).sum()
        (gradient,) = torch.autograd.grad(energy, coords)
    finally:
        for part, mode in modes.items():
            part.training = mode
    return {"energy": float(energy.detach()), "forces": (-gradient).cpu().numpy()}


def equivariance(module: Any, x: Any, edges: Any, elements: Any, tolerance: float) -> dict[str, Any]:
    """Errors in double precision of a module on points, where every element acts exactly.

    Args:
        module: the module, which stays as it is.
        x: features with coordinates, or `None` for random ones on a cloud of 30 points.
        edges: its edges.
        elements: the elements to check, or `None` for those that the group suggests.
        tolerance: the largest relative error that passes.
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
    elif x.coords is None or edges is None:
        raise ArgumentTypeError(
            "a network on points is checked with features that have coordinates, and with edges",
            hint="leave both out for a random cloud of points",
        )
    x = nn.GeometricTensor(x.tensor.detach().double(), x.type, x.coords.detach().double())
    chosen = list(in_type.testing_elements) if elements is None else list(elements)
    pairs = []
    with torch.no_grad():
        base = run(twin, x, edges)
        for g in chosen:
            moved = run(twin, x.transform(g), edges)
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
    *,
    aggregate: str,
    epochs: int,
    learn_rate: float,
    seed: float,
    on_epoch: Any = None,
) -> dict[str, Any]:
    """A trained copy of a module whose invariant output, summed or averaged over the points of each graph, is to be y.

    Adam on the mean squared error over all graphs at once, with a learning rate that falls to zero along a cosine.

    Args:
        module: ends with trivial fields, one for each column of y.
        x: features with coordinates, of all graphs.
        edges: numbers from 0 on, shape ``(2, edges)``.
        graphs: the graph of each point, from 0 on.
        y: shape ``(graphs, numbers)``.
        aggregate: ``"sum"`` or ``"mean"``.
        epochs: steps.
        learn_rate: at the start.
        seed: of what is random in the module, such as dropout.
        on_epoch: called with the number of the epoch and the loss; `False` stops.

    Raises:
        FieldTypeError: unless the output is as many invariant fields as y has columns.
    """
    trained = copy.deepcopy(module).train()
    out_type = getattr(trained, "out_type", None)
    if out_type is not None and (
        out_type.size != y.shape[1] or not all(r.is_trivial() for r in out_type.representations)
    ):
        raise FieldTypeError(
            "the output must be a trivial field for each number of y, but it is {type}",
            hint=f"end the network with r3_point_conv(out = c(trivial = {y.shape[1]}), ...)",
            parts={"type": out_type},
        )
    reference = next(trained.parameters())
    x = nn.GeometricTensor(x.tensor.to(reference), x.type, x.coords.to(reference))
    y = y.to(reference)
    sizes = torch.bincount(graphs, minlength=len(y)).to(reference).clamp(min=1)
    measures = Measures(resolve_loss("mse"))
    optimizer = torch.optim.Adam(trained.parameters(), lr=learn_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(epochs, 1))
    losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        for epoch in range(epochs):
            optimizer.zero_grad()
            output = run(trained, x, edges)
            found = _per_graph(plain_output(output), graphs, sizes, aggregate)
            loss = measures.step(found, y)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if on_epoch is not None and on_epoch({"epoch": epoch + 1, "loss": losses[-1]}) is False:
                break
    return {"module": trained.eval(), "loss": losses}


def _per_graph(values: torch.Tensor, graphs: torch.Tensor, sizes: torch.Tensor, aggregate: str) -> torch.Tensor:
    """The sum or mean of the outputs of the points of each graph."""
    if values.ndim == 0 or len(values) != len(graphs):
        raise ShapeError(
            f"the module gives outputs of shape {tuple(values.shape)}, but there are {len(graphs)} points",
            hint="it has to give numbers for each point",
        )
    total = values.new_zeros(len(sizes), *values.shape[1:]).index_add(0, graphs, values)
    return total if aggregate == "sum" else total / sizes.reshape(-1, *(1 for _ in values.shape[1:]))
