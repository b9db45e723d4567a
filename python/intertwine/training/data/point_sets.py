"""Sets of points of different sizes, such as molecules, and modules that run on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from intertwine import nn
from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError, Words
from intertwine.suggestions import suggests

_ON_GRIDS = (nn.IIDBatchNorm1d, nn.IIDBatchNorm2d, nn.IIDBatchNorm3d)


@dataclass(frozen=True)
class PointSets:
    """Sets of points of different sizes, one after the other.

    Args:
        x: the features of all points, with their coordinates.
        edges: the edges within the sets, shape ``(2, edges)``, see :func:`intertwine.nn.radius_graph`.
        members: the set of each point, from 0 on, shape ``(points,)``.
        count: the number of sets.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot3dOnR3(), trivial=1)
        >>> sets = PointSets.of(kind, [torch.ones(2, 1), torch.ones(5, 1)], [torch.randn(2, 3), torch.randn(5, 3)], radius=2.0)
        >>> len(sets), len(sets.part([1]).x)
        (2, 5)
    """

    x: nn.GeometricTensor
    edges: torch.Tensor
    members: torch.Tensor
    count: int

    def __post_init__(self) -> None:
        coords, points = self.x.coords, len(self.x)
        if coords is None:
            raise ArgumentTypeError(
                "sets of points need features with coordinates",
                hint=Words("give coords to in_type(...)", r="give coords to geometric_tensor()"),
            )
        if tuple(self.members.shape) != (points,):
            raise ShapeError(
                f"`members` must have a number for each of {points} points, not {tuple(self.members.shape)}"
            )

    @classmethod
    def of(
        cls,
        in_type: nn.FieldType,
        features: Sequence[torch.Tensor],
        coords: Sequence[torch.Tensor],
        radius: float,
        loop: bool = False,
    ) -> PointSets:
        """The sets with all edges up to a radius.

        Args:
            in_type: the type of the features.
            features: of each set, shape ``(points, channels)``.
            coords: of each set, shape ``(points, d)``.
            radius: the greatest distance of neighbours.
            loop: whether points are their own neighbours.

        Raises:
            ShapeError: if features and coordinates do not belong together.
        """
        sizes = [len(part) for part in coords]
        if [len(part) for part in features] != sizes:
            raise ShapeError(f"the sets have {sizes} coordinates, but {[len(part) for part in features]} features")
        places = torch.cat(list(coords))
        members = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)).to(places.device)
        edges = nn.radius_graph(places, radius, members, loop)
        return cls(in_type(torch.cat(list(features)), places), edges, members, len(sizes))

    def __len__(self) -> int:
        return self.count

    @property
    def sizes(self) -> torch.Tensor:
        """The number of points of each set."""
        return torch.bincount(self.members, minlength=self.count)

    def points_of(self, chosen: Sequence[int] | torch.Tensor) -> torch.Tensor:
        """Which points belong to some of the sets, a boolean for each.

        Args:
            chosen: the numbers of the sets.
        """
        wanted = torch.zeros(self.count, dtype=torch.bool, device=self.members.device)
        wanted[torch.as_tensor(chosen, device=self.members.device)] = True
        return wanted[self.members]

    def part(self, chosen: Sequence[int] | torch.Tensor) -> PointSets:
        """Some of the sets, numbered in the order in which they stand here.

        Args:
            chosen: their numbers.
        """
        kept = self.points_of(chosen)
        place = kept.cumsum(0) - 1
        coords: Any = self.x.coords
        x = nn.GeometricTensor(self.x.tensor[kept], self.x.type, coords[kept])
        edges = place[self.edges[:, kept[self.edges[0]]]]
        members = self.members[kept].unique(return_inverse=True)[1]
        return PointSets(x, edges, members, len(chosen))

    def to(self, *args: Any) -> PointSets:
        """The same in another precision, or on another device.

        Args:
            *args: as of ``torch.Tensor.to``.
        """
        coords: Any = self.x.coords
        x = nn.GeometricTensor(self.x.tensor.to(*args), self.x.type, coords.to(*args))
        return PointSets(x, self.edges.to(x.device), self.members.to(x.device), self.count)

    def at(self, coords: torch.Tensor) -> PointSets:
        """The same with other coordinates and the same edges.

        Args:
            coords: shape ``(points, d)``.
        """
        return PointSets(nn.GeometricTensor(self.x.tensor, self.x.type, coords), self.edges, self.members, self.count)


def takes_edges(module: torch.nn.Module) -> bool:
    """Whether a module is a convolution on points, or holds one.

    Args:
        module: any module.
    """
    return any(isinstance(part, (nn.R1PointConv, nn.R2PointConv, nn.R3PointConv)) for part in module.modules())


@suggests
def run_on_points(
    module: torch.nn.Module, x: Any, edges: torch.Tensor | None, members: torch.Tensor | None = None
) -> Any:
    """A module's output for features on points. Within sequences and residual modules only convolutions need the edges.

    Args:
        module: a convolution on points, a sequence, a way around, or any other layer.
        x: a :class:`GeometricTensor` with coordinates.
        edges: shape ``(2, edges)``; ``None`` for a module without convolutions.
        members: the set of each point, shape ``(points,)``, for attention, squeeze and excitation within the sets; all points
            are one by default.

    Raises:
        ArgumentTypeError: if a convolution has no edges.

    Returns:
        a :class:`GeometricTensor`, or a tensor behind ordinary modules of torch.
    """
    if isinstance(module, nn.SequentialModule):
        for part in module:
            x = run_on_points(part, x, edges, members)
        return x
    if isinstance(module, nn.ResidualModule) and (takes_edges(module) or members is not None):
        kept = x if module.shortcut is None else run_on_points(module.shortcut, x, edges, members)
        return kept + run_on_points(module.inner, x, edges, members)
    if isinstance(module, (nn.Attention, nn.SqueezeExcitation)) and members is not None:
        return module(x, batch=members)
    if takes_edges(module):
        if edges is None:
            raise ArgumentTypeError(
                f"{type(module).__name__} needs the edges between the points",
                hint=Words("make them with nn.radius_graph(coords, radius)", r="make them with radius_graph()"),
            )
        return module(x, edges)
    if isinstance(x, nn.GeometricTensor) and not isinstance(module, nn.EquivariantModule):
        # An ordinary module of torch, behind invariant fields.
        x = x.tensor
    if isinstance(module, _ON_GRIDS) and isinstance(x, nn.GeometricTensor) and x.coords is not None:
        # Points are a grid of one cell each.
        cells = x.tensor.reshape(*x.shape, *(x.type.gspace.dimensionality * (1,)))
        return nn.GeometricTensor(module(cells).flatten(1), x.type, x.coords)
    return module(x)


def sums_over_points(module: torch.nn.Module, sets: PointSets, aggregate: str = "sum") -> torch.Tensor:
    """The output of a module, summed or averaged over the points of each set, shape ``(sets, numbers)``.

    Args:
        module: gives numbers for each point.
        sets: the points.
        aggregate: ``"sum"`` or ``"mean"``.

    Raises:
        ShapeError: if it gives something else.
    """
    output = run_on_points(module, sets.x, sets.edges, sets.members)
    values = output.tensor if isinstance(output, nn.GeometricTensor) else output
    if not isinstance(values, torch.Tensor) or values.ndim == 0 or len(values) != len(sets.members):
        found = tuple(values.shape) if isinstance(values, torch.Tensor) else type(values).__name__
        raise ShapeError(
            f"the module gives outputs of shape {found}, but there are {len(sets.members)} points",
            hint="it has to give numbers for each point",
        )
    total = values.new_zeros(len(sets), *values.shape[1:]).index_add(0, sets.members, values)
    if aggregate == "sum":
        return total
    return total / sets.sizes.clamp(min=1).to(total.dtype).reshape(-1, *(1 for _ in values.shape[1:]))


def need_invariants(module: torch.nn.Module, count: int | None = None) -> None:
    """Raises if a module with a type gives fields that the group changes, or another number of them.

    Args:
        module: any module.
        count: how many numbers it has to give; any if left out.

    Raises:
        FieldTypeError: then.
    """
    out_type = getattr(module, "out_type", None)
    if out_type is None or (out_type.is_invariant and count in (None, out_type.size)):
        return
    if count is None:
        raise FieldTypeError(
            "forces need an energy, which the group does not change, but the output is {type}",
            hint="end the network with trivial fields",
            parts={"type": out_type},
        )
    raise FieldTypeError(
        "the output must be a trivial field for each number of y, but it is {type}",
        hint=Words(
            f"end the network with out={{'trivial': {count}}}",
            r=f"end the network with r3_point_conv(out = c(trivial = {count}), ...)",
        ),
        parts={"type": out_type},
    )


def energies_and_forces(
    module: torch.nn.Module, sets: PointSets, training: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Energies of sets, and minus the gradient of their sum; with ``training`` both have gradients with respect to weights.

    Args:
        module: gives one number for each point.
        sets: the points.
        training: whether the result is to be differentiated.
    """
    coords: Any = sets.x.coords
    with torch.enable_grad():
        coords = coords.detach().clone().requires_grad_(True)
        energies = sums_over_points(module, sets.at(coords))
        (gradient,) = torch.autograd.grad(energies.sum(), coords, create_graph=training)
    return (energies, -gradient) if training else (energies.detach(), -gradient)


@suggests
def forces(module: torch.nn.Module, sets: PointSets) -> tuple[torch.Tensor, torch.Tensor]:
    """Energies of sets of points, and the forces: F_i = -dE/dx_i, which turn with the points.

    The energy of a set is the sum of a module's output over its points. Convolutions with ``radial="bessel"`` make energies
    without jumps. The module runs in evaluation mode.

    Args:
        module: ends with one trivial field.
        sets: the points.

    Returns:
        the energies, shape ``(sets,)``, and the forces, shape ``(points, d)``.

    Raises:
        FieldTypeError: if the output is not one invariant field.
        ShapeError: if there is not one number for each point.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot3dOnR3(), trivial=1)
        >>> net = nn.R3PointConv(kind, kind, width=2.0, n_rings=4, radial="bessel")
        >>> energy, force = forces(net, PointSets.of(kind, [torch.ones(4, 1)], [torch.randn(4, 3)], radius=2.0))
        >>> energy.shape, force.shape
        (torch.Size([1]), torch.Size([4, 3]))
    """
    need_invariants(module)
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        energies, found = energies_and_forces(module, sets)
    finally:
        for part, mode in modes.items():
            part.training = mode
    return energies.flatten(1).sum(dim=1), found
