"""The scalar functions at the cells of a kernel, and products with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.orbits import Factors
from intertwine.kernels.ring_functions import ScalarBasis
from intertwine.memory import remembered

_NEGLIGIBLE = 1e-14
"""Smaller values of functions of norm 1 become 0. Many of them are denormal in float32, where products with them are slow."""

_CELLS_PER_BAND = 4.0
"""A kernel has one band for so many cells along an axis."""

_WORTH = 0.75
"""Bands are cut if they hold no more than this share of all numbers."""

KEEP_UP_TO = 2**20
"""Tables of at most so many numbers are kept. Larger ones are made from their factors when they are needed."""


class Band(NamedTuple):
    """Cells at similar distances from the centre, and the functions that do not vanish on all of them.

    Attributes:
        cells: positions in the cells sorted by their distance.
        functions: their numbers.
    """

    cells: slice
    functions: slice


@dataclass(frozen=True, eq=False)
class CellFunctions:
    """Scalar functions at the cells of a kernel, normalised per ring and order.

    A ring touches only the cells near it. So the cells are cut into bands by their distance from the centre, each with a range of
    functions; what the others are there is left out.

    Attributes:
        factors: the functions, as products of two factors.
        order: the cells sorted by their distance.
        bands: what is not zero; one band of all cells in their own order if cutting saves little.
        is_identity: whether the cells are the functions themselves.
    """

    factors: Factors
    order: np.ndarray
    bands: tuple[Band, ...]
    is_identity: bool = False

    @classmethod
    def themselves(cls, count: int) -> CellFunctions:
        """Functions that stand in the place of cells.

        Args:
            count: how many there are.
        """
        everything = Band(slice(0, count), slice(0, count))
        return cls(Factors.of(np.eye(count)), np.arange(count), (everything,), True)

    @property
    def shape(self) -> tuple[int, int]:
        """The numbers of functions and cells."""
        return len(self.factors.of_first), self.factors.first.shape[1]

    @property
    def numbers(self) -> int:
        """How many numbers the bands hold."""
        return sum(
            (band.cells.stop - band.cells.start) * (band.functions.stop - band.functions.start) for band in self.bands
        )

    @cached_property
    def dense(self) -> np.ndarray:
        """All functions at all cells, shape ``(functions, cells)``."""
        return self.factors.products()

    def gram(self, functions: slice) -> np.ndarray:
        """The sums over the cells of products of some functions.

        Args:
            functions: their numbers.
        """
        values = self.factors.products(functions)
        return values @ values.T


@remembered
def cell_functions(scalars: ScalarBasis, points_key: tuple[tuple[float, ...], ...]) -> CellFunctions:
    """The scalar functions at the cells of a kernel, normalised per ring and order.

    Args:
        scalars: the functions; none of them vanishes on all cells.
        points_key: the cells, as tuples.
    """
    points = np.array(points_key, dtype=float).reshape(len(points_key), scalars.dimension)
    factors = scalars.factors(points)
    scale = np.sqrt(factors.sizes)
    norms = np.ones(len(factors.first))
    norms[factors.of_first] = scalars.norms(points) * scale[factors.of_second]
    first = factors.first / norms[:, None]
    first[np.abs(first) < _NEGLIGIBLE] = 0.0
    factors = factors._replace(first=first, second=factors.second * scale[:, None])
    return CellFunctions(factors, *_bands(factors, points))


def _bands(factors: Factors, points: np.ndarray) -> tuple[np.ndarray, tuple[Band, ...]]:
    """The cells in the order of the bands, and the bands."""
    cells, functions = len(points), len(factors.of_first)
    radii = np.sqrt((points**2).sum(axis=1))
    order = np.argsort(radii, kind="stable")
    number = round(cells ** (1 / points.shape[1]) / _CELLS_PER_BAND)
    edges = np.searchsorted(radii[order], np.linspace(0, radii.max(), number + 1)[1:-1]) if number > 1 else []
    found, numbers = [], 0
    touched = factors.first[:, order] != 0
    for cut in np.split(np.arange(cells), edges):
        if len(cut):
            used = np.flatnonzero(touched[:, cut[0] : cut[-1] + 1].any(axis=1)[factors.of_first])
            where = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)
            found.append(Band(slice(int(cut[0]), int(cut[-1]) + 1), where))
            numbers += len(cut) * (where.stop - where.start)
    if numbers > _WORTH * cells * functions:
        return np.arange(cells), (Band(slice(0, cells), slice(0, functions)),)
    return order, tuple(found)


class BandProduct(ConstantModule):
    """The product of coefficients with elements at the cells of a kernel, band by band.

    Args:
        functions: the scalar functions. They are the elements unless others are given.
        elements: for each band a range of elements, and their values at its cells, shape ``(elements, width, cells)``.
        count: the number of all elements.
    """

    def __init__(
        self,
        functions: CellFunctions,
        elements: list[tuple[slice, np.ndarray]] | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__()
        self._count = functions.shape[0] if count is None else count
        self._width = 1
        self._cells = [band.cells for band in functions.bands]
        self._elements = [band.functions for band in functions.bands]
        self._factors = False
        if elements is not None:
            self._elements = [where for where, _ in elements]
            for number, (_, values) in enumerate(elements):
                self._width = values.shape[1]
                self.register_constant(f"band_{number}", values.reshape(len(values), self._width * values.shape[2]))
        elif functions.numbers <= KEEP_UP_TO:
            for number, band in enumerate(functions.bands):
                values = functions.factors.products(band.functions, functions.order[band.cells])
                self.register_constant(f"band_{number}", values)
        else:
            self._factors = True
            self.register_constant("first", functions.factors.first[:, functions.order])
            self.register_constant("second", functions.factors.second[:, functions.order])
            self.register_constant("of_first", functions.factors.of_first)
            self.register_constant("of_second", functions.factors.of_second)
        if len(functions.bands) > 1:
            self.register_constant("order", functions.order)
            self.register_constant("place", np.argsort(functions.order))

    def _band(self, number: int) -> torch.Tensor:
        """The elements of a band at its cells, shape ``(elements, width * cells)``."""
        if not self._factors:
            return getattr(self, f"band_{number}")
        elements, cells = self._elements[number], self._cells[number]
        first = self.first[:, cells].index_select(0, self.of_first[elements])  # type: ignore[index, operator]
        return first * self.second[:, cells].index_select(0, self.of_second[elements])  # type: ignore[index, operator]

    def forward(self, coefficients: torch.Tensor) -> torch.Tensor:
        """The sums of the elements, shape ``(rows, width, cells)``.

        Args:
            coefficients: shape ``(rows, elements)``.
        """
        rows = len(coefficients)
        if len(self._cells) == 1:
            return (coefficients @ self._band(0)).view(rows, self._width, -1)
        parts = [
            (coefficients[:, elements] @ self._band(number)).view(rows, self._width, -1)
            for number, elements in enumerate(self._elements)
        ]
        flat = torch.cat(parts, dim=2).view(rows * self._width, -1)
        return flat.index_select(1, self.place).view(rows, self._width, -1)  # type: ignore[arg-type]

    def adjoint(self, values: torch.Tensor) -> torch.Tensor:
        """What the transposed map makes, shape ``(rows, elements)``.

        Args:
            values: shape ``(rows, width, cells)``.
        """
        rows = len(values)
        if len(self._cells) == 1:
            return values.reshape(rows, -1) @ self._band(0).T
        values = values.reshape(rows * self._width, -1).index_select(1, self.order)  # type: ignore[arg-type]
        values = values.view(rows, self._width, -1)
        result = values.new_zeros(rows, self._count)
        for number, (elements, cells) in enumerate(zip(self._elements, self._cells, strict=True)):
            result[:, elements].addmm_(values[:, :, cells].reshape(rows, -1), self._band(number).T)
        return result
