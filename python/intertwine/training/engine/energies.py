"""Training networks on points to give energies, and forces."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine import nn
from intertwine.checks import choice, number, whole_at_least
from intertwine.errors import ArgumentError, ShapeError
from intertwine.nn.base.module import reference_tensor
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests
from intertwine.training.data.pairing import align
from intertwine.training.data.point_sets import (
    PointSets,
    energies_and_forces,
    need_invariants,
    run_on_points,
    sums_over_points,
    takes_edges,
)
from intertwine.training.engine.modes import deferred_interrupt, own_random_stream
from intertwine.training.engine.result import Row, Stopped

_GAIN = 0.1
"""How wide the network starts, beside what least squares have left to it."""


@dataclass(frozen=True)
class EnergyFit:
    """What `fit_energies` returns.

    Args:
        module: the trained copy, in evaluation mode.
        history: the loss of each epoch.
        stopped: why training ended.
        start: the loss before the first step.
    """

    module: torch.nn.Module
    history: list[Row] = field(repr=False)
    stopped: Stopped
    start: float


@suggests
@plain_numbers
def fit_energies(
    module: torch.nn.Module,
    sets: PointSets,
    energies: torch.Tensor,
    forces: torch.Tensor | None = None,
    *,
    epochs: int = 100,
    batch_size: int | None = 32,
    learn_rate: float = 0.01,
    energy_weight: float = 1.0,
    force_weight: float = 1.0,
    aggregate: str = "sum",
    start: str = "least_squares",
    seed: int = 0,
    on_epoch: Callable[[Row], Any] | None = None,
) -> EnergyFit:
    """A trained copy of a network on points, whose output summed over the points of a set is the set's energy.

    The loss is energy_weight mean (E - E')^2 + force_weight mean |F - F'|^2, the second where forces are given. Adam, with a
    learning rate that falls to zero along a cosine.

    With ``start="least_squares"`` three things happen before the first step, if the module is a sequence from a convolution on
    points to such a convolution or `nn.Linear`: (1) a linear model of the same invariants, a multiple of each feature of a point
    and of each ring of its neighbours, is fitted by least squares and stands beside the network, so that the training begins
    where this model ends; (2) the network is scaled to what is left; (3) each linear layer in it is scaled so that its output
    has size one on the data. Sums over neighbours and points otherwise start many times too wide.

    Args:
        module: ends with one trivial field for each energy; it stays as it is.
        sets: the points.
        energies: shape ``(sets,)`` or ``(sets, numbers)``.
        forces: shape ``(points, d)``, for one energy; ``None`` to learn energies alone.
        epochs: passes over the sets.
        batch_size: sets in a batch; ``None`` for all at once.
        learn_rate: at the start.
        energy_weight: the weight of energies in the loss.
        force_weight: the weight of forces.
        aggregate: ``"sum"`` or ``"mean"`` over the points of a set.
        start: ``"least_squares"``, or ``"as_given"`` to begin with the module as it is.
        seed: of the order of batches, and of dropout.
        on_epoch: called with the epoch and its loss; `False` stops.

    Returns:
        the trained module, for `run_on_points` and `forces`: with a linear model beside it, a `nn.ResidualModule`.

    Raises:
        FieldTypeError: if the output is not one invariant field for each energy.
        ShapeError: if the numbers do not fit the sets.
        ArgumentError: for energies that are not finite, or an argument that is out of range.

    Example:
        >>> from intertwine import gspaces, nn
        >>> gen = torch.Generator().manual_seed(0)
        >>> places = [torch.randn(n, 3, generator=gen) for n in (3, 4, 5, 6)]
        >>> energies = torch.stack([torch.exp(-torch.pdist(place)).sum() for place in places])
        >>> kind = nn.field_type(gspaces.rot3dOnR3(), trivial=1)
        >>> sets = PointSets.of(kind, [torch.ones(len(place), 1) for place in places], places, radius=4.0)
        >>> conv = nn.R3PointConv.spec(out={"trivial": 4}, width=4.0, n_rings=5, radial="bessel", aggr="sum")
        >>> last = nn.R3PointConv.spec(out={"trivial": 1}, width=4.0, n_rings=5, radial="bessel", aggr="sum")
        >>> fitted = fit_energies(nn.SequentialModule(kind, conv, nn.ELU.spec(), last), sets, energies, epochs=5)
        >>> fitted.stopped, len(fitted.history)
        ('finished', 5)
    """
    whole_at_least(epochs, "epochs")
    if batch_size is not None:
        whole_at_least(batch_size, "batch_size")
    choice(aggregate, ("sum", "mean"), "fit_energies", "aggregate")
    choice(start, ("least_squares", "as_given"), "fit_energies", "start")
    weights = number(energy_weight, "energy_weight", least=0.0), number(force_weight, "force_weight", least=0.0)
    if not number(learn_rate, "learn_rate") > 0 or sum(weights) == 0:
        raise ArgumentError("learn_rate must be positive, and so must one of energy_weight and force_weight")
    task = _Task.of(module, sets, energies, forces, aggregate, weights)
    trained: Any = copy.deepcopy(module)
    linear, scale = None, 1.0
    if start == "least_squares" and _can_start(trained):
        linear, task, scale = _left_over(trained, task)
        with torch.no_grad():
            _scale_layers(trained, task)
    with own_random_stream(int(seed)):
        history, first, stopped = _trained(trained, task, epochs, batch_size, learn_rate, scale, on_epoch)
    if linear is not None:
        with torch.no_grad():
            _multiply(trained[-1], scale)
        trained = nn.ResidualModule(trained.in_type, trained, linear)
    return EnergyFit(trained.eval(), history, stopped, first)


@dataclass(frozen=True)
class _Task:
    """Sets with what is to be learned, in the precision of the module."""

    sets: PointSets
    energies: torch.Tensor
    forces: torch.Tensor | None
    aggregate: str
    weights: tuple[float, float]

    @staticmethod
    def of(
        module: torch.nn.Module,
        sets: PointSets,
        energies: Any,
        forces: Any,
        aggregate: str,
        weights: tuple[float, float],
    ) -> _Task:
        reference = reference_tensor(module)
        y = torch.as_tensor(energies)
        y = (y[:, None] if y.dim() == 1 else y).to(reference)
        if y.dim() != 2 or len(y) != len(sets):
            raise ShapeError(f"there are {len(sets)} sets, but the energies have the shape {tuple(y.shape)}")
        need_invariants(module, y.shape[1])
        coords: Any = sets.x.coords
        if forces is not None:
            forces = torch.as_tensor(forces).to(reference)
            if tuple(forces.shape) != tuple(coords.shape) or y.shape[1] != 1 or aggregate != "sum":
                raise ShapeError(
                    f"forces belong to one energy, a sum over points with coordinates of shape {tuple(coords.shape)}, but their "
                    f"shape is {tuple(forces.shape)}, that of energies {tuple(y.shape)}, and the aggregate is {aggregate!r}"
                )
        if not torch.isfinite(y).all() or (forces is not None and not torch.isfinite(forces).all()):
            raise ArgumentError("energies and forces must be finite", hint="leave other sets out")
        return _Task(sets.to(reference), y, forces, aggregate, weights)

    def part(self, chosen: torch.Tensor) -> _Task:
        """Some of the sets, in increasing order."""
        chosen = chosen.sort().values
        forces = None if self.forces is None else self.forces[self.sets.points_of(chosen)]
        return _Task(self.sets.part(chosen), self.energies[chosen], forces, self.aggregate, self.weights)

    def doubled(self) -> _Task:
        """The same in double precision."""
        forces = None if self.forces is None else self.forces.double()
        return _Task(self.sets.to(torch.float64), self.energies.double(), forces, self.aggregate, self.weights)

    def outputs(self, module: torch.nn.Module, training: bool = False) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Energies and forces of a module."""
        if self.forces is None:
            return sums_over_points(module, self.sets, self.aggregate), None
        return energies_and_forces(module, self.sets, training)

    def loss(self, module: torch.nn.Module) -> torch.Tensor:
        """The weighted squared errors of a module."""
        energies, forces = self.outputs(module, training=True)
        pair = align(energies, self.energies)
        total = self.weights[0] * torch.nn.functional.mse_loss(pair.output, pair.target)
        if forces is not None and self.forces is not None:
            total = total + self.weights[1] * (forces - self.forces).square().sum(dim=1).mean()
        return total

    def rows(self, energies: torch.Tensor, forces: torch.Tensor | None) -> torch.Tensor:
        """Energies and forces as one vector, whose squared norm is their part of the loss."""
        parts = [energies.flatten() * (self.weights[0] / max(energies.numel(), 1)) ** 0.5]
        if forces is not None:
            parts.append(forces.flatten() * (self.weights[1] / max(len(forces), 1)) ** 0.5)
        return torch.cat(parts)


def _trained(
    module: torch.nn.Module,
    task: _Task,
    epochs: int,
    batch_size: int | None,
    learn_rate: float,
    scale: float,
    on_epoch: Callable[[Row], Any] | None,
) -> tuple[list[Row], float, Stopped]:
    """The history of the training, its first loss and why it ended; losses are told in units of what was given."""
    module.train()
    optimizer = torch.optim.Adam(module.parameters(), lr=learn_rate)
    count = len(task.sets)
    size = count if batch_size is None else min(batch_size, count)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * -(-count // size))
    history: list[Row] = []
    first = float("nan")
    with deferred_interrupt() as interrupt:
        for epoch in range(1, epochs + 1):
            total = 0.0
            for chosen in torch.randperm(count).split(size) if size < count else [None]:
                optimizer.zero_grad()
                loss = (task if chosen is None else task.part(chosen)).loss(module)
                value = float(loss.detach())
                first = value * scale**2 if not history and total == 0.0 else first
                total += value * (count if chosen is None else len(chosen)) / count
                if not torch.isfinite(loss):
                    return history, first, "diverged"
                loss.backward()
                optimizer.step()
                schedule.step()
                if interrupt.requested:
                    return history, first, "interrupted"
            history.append({"epoch": epoch, "loss": total * scale**2})
            if on_epoch is not None and on_epoch(dict(history[-1])) is False:
                return history, first, "callback"
    return history, first, "finished"


# ---- the start


def _can_start(module: Any) -> bool:
    """Whether a module is a sequence from a convolution on points to a linear layer."""
    parts = list(module) if isinstance(module, nn.SequentialModule) else []
    return len(parts) > 1 and hasattr(parts[0], "scalars") and takes_edges(parts[0]) and _is_linear(parts[-1])


def _is_linear(part: Any) -> bool:
    """Whether a layer is linear in its weights, beside a bias."""
    return isinstance(part, nn.Linear) or (hasattr(part, "scalars") and takes_edges(part))


def _left_over(module: Any, task: _Task) -> tuple[nn.ResidualModule, _Task, float]:
    """The linear model of the same invariants, what it leaves over in units of its size, and this size."""
    first = module[0]
    given = {**first.arguments, "in_type": module.in_type, "out_type": module.out_type, "groups": 1, "bias": False}
    rings = type(first)(**{**given, "initialize": False})
    linear = nn.ResidualModule(module.in_type, rings, nn.Linear(module.in_type, module.out_type))
    exact = copy.deepcopy(linear).double()
    wide = task.doubled()
    parameters = list(exact.parameters())
    for parameter in parameters:
        torch.nn.init.zeros_(parameter)
    columns = []
    for parameter in parameters:
        for place in range(parameter.numel()):
            with torch.no_grad():
                parameter.view(-1)[place] = 1.0
            energies, forces = wide.outputs(exact)
            columns.append(wide.rows(energies.detach(), forces))
            with torch.no_grad():
                parameter.view(-1)[place] = 0.0
    found = _ridge(torch.stack(columns, dim=1), wide.rows(wide.energies, wide.forces))
    with torch.no_grad():
        for parameter, values in zip(parameters, found.split([p.numel() for p in parameters]), strict=True):
            parameter.copy_(values.view_as(parameter))
    linear.load_state_dict(exact.state_dict())
    linear.to(task.energies)
    energies, forces = task.outputs(linear)
    rest = task.energies - energies.detach()
    left = None if task.forces is None or forces is None else task.forces - forces
    scale = max(float(rest.square().mean().sqrt()), 1e-6 * float(task.energies.abs().max()), 1e-30)
    scaled = _Task(task.sets, rest / scale, None if left is None else left / scale, task.aggregate, task.weights)
    return linear, scaled, scale


def _ridge(matrix: torch.Tensor, goal: torch.Tensor) -> torch.Tensor:
    """Least squares with the penalty of the least generalised cross-validation error (Golub, Heath and Wahba, 1979)."""
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    parts, best, solution = left.T @ goal, float("inf"), torch.zeros(matrix.shape[1], dtype=matrix.dtype)
    outside = float(goal.square().sum() - parts.square().sum())
    for power in range(17):
        penalty = values[0] ** 2 * 10.0**-power
        shares = values.square() / (values.square() + penalty)
        free = 1 - float(shares.sum()) / len(goal)
        error = (outside + float(((1 - shares) * parts).square().sum())) / max(free, 1e-3) ** 2
        if error < best and float(penalty) > 0:
            best, solution = error, right.T @ (parts * values / (values.square() + penalty))
    return solution.to(matrix.device)


def _scale_layers(module: Any, task: _Task) -> None:
    """Scales each convolution so that its output has size one on the data, and the last so that sums over points are small."""
    x: Any = task.sets.x
    for part in module:
        if _is_linear(part):
            size = float(run_on_points(part, x, task.sets.edges, task.sets.members).tensor.square().mean().sqrt())
            _multiply(part, 1 / size if size > 0 else 1.0)
        x = run_on_points(part, x, task.sets.edges, task.sets.members)
    size = float(sums_over_points(module, task.sets, task.aggregate).square().mean().sqrt())
    _multiply(module[-1], _GAIN / size if size > 0 else 1.0)


def _multiply(conv: Any, factor: float) -> None:
    """Multiplies what a convolution gives by a number."""
    conv.weights.mul_(factor)
    if conv.bias is not None:
        conv.bias.mul_(factor)
