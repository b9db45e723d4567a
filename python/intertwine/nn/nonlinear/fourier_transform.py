"""Functions on a group: their Fourier coefficients, their samples on a grid of elements, and what these cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import flag
from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.group.catalogue.prices import irrep_price, splitting_price, subgroup_prices
from intertwine.group.catalogue.so3_o3 import O3, SO3
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.torch_modes import without_autocast

_REGULARISER = 1e-8


def listed(value: Any) -> list[Any]:
    """The value as a list; an empty one if it is none."""
    return list(value) if isinstance(value, (list, tuple, range)) else []


def irrep_id(group: Any, label: Any) -> tuple[Any, ...]:
    """The label of an irrep, given by it or by itself."""
    if not isinstance(label, (IrreducibleRepresentation, int, tuple, list)) or isinstance(label, bool):
        raise ArgumentTypeError(f"an irrep of {group} or its label is needed, not {label!r}")
    return group.get_irrep_id(label)


def _least_squares(samples: np.ndarray) -> np.ndarray:
    return np.linalg.solve(samples.T @ samples + _REGULARISER * np.eye(samples.shape[1]), samples.T)


class FourierTransform(ConstantModule):
    """Between the Fourier coefficients of functions on a group, or on its cosets, and their samples on a grid of elements.

    A function is sampled as f(g) = k^T rho(g)^T x, with x its coefficients and k those of a delta function; the coefficients
    are found from samples by least squares. On a grid that is fine enough one undoes the other.

    Args:
        group: the group, or a space with one.
        irreps: labels of the irreps.
        grid: elements to sample at; all elements of a finite group by default.
        subgroup_id: the label of a subgroup H: functions on G / H; on G by default.
        normalize: whether to scale k to norm 1.

    Attributes:
        group: the group.
        irreps: labels of the irreps.
        grid: the elements.
        representation: how the group acts on the coefficients.

    Raises:
        ArgumentError: without irreps or without elements.

    Example:
        >>> from intertwine import nn
        >>> from intertwine.group import so3_group
        >>> G = so3_group(2)
        >>> fourier = nn.FourierTransform(G, G.bl_irreps(2), G.grid("thomson_cube", N=4)).double()
        >>> x = torch.randn(1, 35, dtype=torch.float64)
        >>> samples = fourier.sample(x)
        >>> samples.shape, bool(torch.allclose(fourier.coefficients(samples), x, atol=1e-6))
        (torch.Size([1, 96]), True)
    """

    @classmethod
    def construction_prices(
        cls,
        group: Group | GSpace,
        irreps: Sequence[Any],
        grid: Sequence[GroupElement] | None = None,
        subgroup_id: Any = None,
        normalize: bool = True,
    ) -> Iterator[Price]:
        """The irreps, and their values on the grid.

        Args:
            group: the group, or a space with one.
            irreps: labels of the irreps.
            grid: elements to sample at.
            subgroup_id: the label of a subgroup.
            normalize: whether to scale the delta function.
        """
        group = group.fibergroup if isinstance(group, GSpace) else group
        count = group.order() if grid is None else len(grid)
        return spectral_prices(group, irreps, subgroup_id, count, moves=False)

    def __init__(
        self,
        group: Group | GSpace,
        irreps: Sequence[Any],
        grid: Sequence[GroupElement] | None = None,
        subgroup_id: Any = None,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        group = group.fibergroup if isinstance(group, GSpace) else group
        if not isinstance(group, Group):
            raise ArgumentTypeError(f"FourierTransform needs a group or a space, not {type(group).__name__}")
        self.group = group
        self._regular = subgroup_id is None
        self._subgroup_id = group.subgroup_trivial_id if self._regular else subgroup_id
        self.irreps = [irrep_id(group, psi) for psi in listed(irreps)]
        if grid is None:
            if group.continuous:
                raise ArgumentError(
                    f"{group} has infinitely many elements: give a grid of them", hint="make one with group.grid(...)"
                )
            grid = list(group.elements)
        self.grid = list(grid)
        if not self.irreps or not self.grid:
            raise ArgumentError("FourierTransform needs at least one irrep and one element of the grid")
        self.representation = self.spectral(self.irreps)
        self._normalize = flag(normalize, "normalize")
        samples = self.sampling(self.irreps)
        self.register_constant("A", samples)
        self.register_constant("Ainv", _least_squares(samples))

    def spectral(self, labels: list[Any]) -> Representation:
        """How the group acts on the coefficients of some irreps.

        Args:
            labels: of the irreps.
        """
        if self._regular:
            return self.group.spectral_regular_representation(*labels)
        return self.group.spectral_quotient_representation(self._subgroup_id, *labels)

    def sampling(self, labels: list[Any]) -> np.ndarray:
        """The values of the coefficients of some irreps on the grid, shape ``(grid, size)``.

        Args:
            labels: of the irreps.
        """
        space = self.group.homspace(self._subgroup_id)
        irreps = [self.group.irrep(*label) for label in labels]
        parts = []
        for irrep in irreps:
            delta = space.scalar_basis(self.group.identity, irrep)[..., 0]
            # escnn weights irreps by the root of their size on the group, and equally on its quotients.
            parts.append((delta * (np.sqrt(delta.shape[0]) if self._regular else 1.0)).T)
        if self._normalize:
            norm = np.sqrt(sum((part**2).sum() for part in parts))
            parts = [part / norm for part in parts]
        # The representation is the plain sum of the irreps, each as often as it occurs.
        rows = [
            np.concatenate([(part @ irrep(element).T).ravel() for irrep, part in zip(irreps, parts, strict=True)])
            for element in self.grid
        ]
        return np.stack(rows)

    def analysis(self, labels: list[Any]) -> np.ndarray:
        """The least squares fit with escnn's regulariser, so that a grid that is too small does no harm, ``(size, grid)``.

        Args:
            labels: of the irreps.
        """
        return _least_squares(self.masters["A"].numpy() if labels == self.irreps else self.sampling(labels))

    def sample(self, coefficients: torch.Tensor) -> torch.Tensor:
        """The samples on the grid of functions that are given by their coefficients.

        Args:
            coefficients: shape ``(batch, functions * size, *space)``.

        Returns:
            shape ``(batch, functions * grid, *space)``.
        """
        return self._apply_matrix(self.A, coefficients)  # type: ignore[arg-type]

    def coefficients(self, samples: torch.Tensor) -> torch.Tensor:
        """The coefficients of functions that are given by their samples on the grid.

        Args:
            samples: shape ``(batch, functions * grid, *space)``.

        Returns:
            shape ``(batch, functions * size, *space)``.
        """
        return self._apply_matrix(self.Ainv, samples)  # type: ignore[arg-type]

    @staticmethod
    def _apply_matrix(matrix: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() < 2 or tensor.shape[1] % matrix.shape[1]:
            raise ShapeError(
                f"axis {{axis}} must hold a multiple of {matrix.shape[1]} numbers, but the shape is {tuple(tensor.shape)}",
                positions={"axis": 1},
            )
        functions = tensor.shape[1] // matrix.shape[1]
        values = tensor.reshape(tensor.shape[0], functions, matrix.shape[1], -1)
        with without_autocast(tensor):
            result = torch.matmul(matrix.to(tensor.dtype), values)
        return result.reshape(tensor.shape[0], functions * matrix.shape[0], *tensor.shape[2:])


def spectral_prices(
    group: Group, irreps: Sequence[Any], subgroup_id: Any, count: float, moves: bool = True
) -> Iterator[Price]:
    """What a Fourier transform takes.

    Args:
        group: the group.
        irreps: labels of the irreps.
        subgroup_id: the label of the subgroup whose cosets the functions live on; ``None`` for the group itself.
        count: the number of elements to sample at.
        moves: whether the samples are compared with those of the moved grid.
    """
    labels = [tuple(label) if isinstance(label, (list, tuple)) else (label,) for label in irreps]
    for label in labels:
        yield irrep_price(group, label)
    sizes = [group.irrep(*label).size for label in labels]
    spatial = isinstance(group, (SO3, O3))
    yield from subgroup_prices(group, subgroup_id)
    subgroup = None if subgroup_id is None else group.subgroup(subgroup_id)[0]
    order = 1 if subgroup is None else subgroup.order()
    whole = 0.0
    for size in sizes:
        one = 4e-4 + (2e-8 * (size / 2 + 1) ** 4 if spatial else 0.0)
        samples = 5.0 * size + 10 if order < 0 else float(order)
        yield splitting_price(size, min(size, 8), 2 * size if order < 0 else order, int(samples))
        yield Price(24 * count * size, (6 * samples + count) * one)
        whole += size * (size if order == 1 else 1 if order < 0 else size // order + 1)
    yield Price(
        40.0 * whole**2 + (60 * whole + 2000) * count + (40.0 * count**2 if moves else 0.0),
        1e-9 * (whole**2 * (whole + count)) + 5e-5 * count + (2e-8 * count**2 * (whole + 10) if moves else 0.0),
    )


def grid_prices(group: Group, grid: dict[str, Any]) -> tuple[float, Price]:
    """How many elements a grid has at most, and what it takes to find them.

    Args:
        group: the group.
        grid: the arguments of its ``grid``.
    """
    kind = str(grid.get("type", ""))
    given = max((float(abs(n)) for n in grid.values() if isinstance(n, (int, float))), default=1.0)
    if not isinstance(group, (SO3, O3)):
        count = given if group.continuous else max(given, float(group.order()))
        return 2 * count, Price(3000 * count, 3e-5 * count)
    cube = "cube" in kind
    # three of the sets have a number of their own, and the mirror images double those of O(3)
    count = (24 * given if cube else max(given, 60.0)) * (2 if isinstance(group, O3) else 1)
    search = given if "thomson" in kind and given > (16 if cube else 128) else 0.0
    return count, Price(
        3000 * count + (2400 if cube else 100) * search**2, 1e-4 * count + (1.2e-4 if cube else 2e-6) * search**3
    )
