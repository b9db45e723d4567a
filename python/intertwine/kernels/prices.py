"""Upper bounds for the memory (bytes) and the time (seconds) of building bases of kernels.

The factors are measured, and rounded up generously.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from intertwine.budget import Price
from intertwine.group.catalogue.so2_o2 import O2, SO2
from intertwine.group.catalogue.so3_o3 import O3, SO3
from intertwine.group.constructions.components import Component, IrrepComponent
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.kernels.cells import KEEP_UP_TO
from intertwine.kernels.expansion_plan import layout
from intertwine.kernels.lattice import CellBasis
from intertwine.kernels.orbits import Orbit, angular_action, angular_size
from intertwine.kernels.ring_functions import ScalarBasis

_A_WEIGHT = 40.0
"""Bytes for each weight: its variance, what it is drawn as, and where it goes in the filter."""


def lattice_price(cells: float, rings: float) -> Price:
    """The cells of a kernel, and at each the value of at least one function a ring.

    Args:
        cells: how many there are.
        rings: how many there are.
    """
    return Price(bytes=300.0 * cells + 24.0 * rings * cells, seconds=3e-6 * cells + 2e-5 * rings)


def fitting_price(scalars: ScalarBasis, cells: int) -> Price:
    """The filters nearest to the scalar functions, on the cells of a kernel.

    Args:
        scalars: the functions.
        cells: how many cells there are.
    """
    return Price(
        bytes=40.0 * cells**2, seconds=3e-10 * float(cells) ** 3 + len(scalars.blocks) * (3e-9 * cells**2 + 6e-3)
    )


def plan_prices(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    cells: int,
) -> Iterator[Price]:
    """The constants of a layer between some fields, and the module that holds them.

    Args:
        action: the action on R^d.
        in_representations: one for each input field.
        out_representations: one for each output field.
        scalars: the scalar functions.
        cells: the cells of the kernel.
    """
    functions, blocks = scalars.size, scalars.blocks
    # rings and harmonics at the cells, each order of which has one size; and what of their products is kept
    harmonics = float(sum({block.order: block.where.stop - block.where.start for block in blocks}.values()))
    factors, kept = (2 * len(scalars.rings) + harmonics) * cells, float(min(functions * cells, KEEP_UP_TO))
    if isinstance(scalars, CellBasis) or any(isinstance(block.order, Orbit) for block in blocks):
        factors = float(functions * cells)
    yield Price(bytes=60.0 * factors + 24.0 * kept, seconds=6e-7 * factors + 6e-8 * kept + 2e-4 * len(blocks))
    sizes_of_sides = [float(sum(rho.size for rho in side)) for side in (in_representations, out_representations)]
    # a map of all channels has about so many weights at least
    yield Price(bytes=4.0 * sizes_of_sides[0] * sizes_of_sides[1] / max(action.group.order(), 8) ** 2)
    yield Price(bytes=200.0 * (len(in_representations) + len(out_representations)))
    different = [len({id(rho): rho for rho in side}) for side in (in_representations, out_representations)]
    orders = list(dict.fromkeys(block.order for block in blocks))
    yield Price(seconds=different[0] * different[1] * (2e-4 * len(orders) + 2e-5 * len(blocks)))
    source, target = layout(in_representations), layout(out_representations)
    pairs = len(source.kinds) * len(target.kinds)
    yield Price(bytes=3e3 * pairs, seconds=pairs * (5e-5 * len(orders) + 2e-5 * len(blocks) + 3e-4))
    if isinstance(action.group, (SO2, O2)):
        # characters at the elements of quadratures, of which there is one for some degrees each
        sides = [max(greatest_frequency(rho) for rho in side) for side in (in_representations, out_representations)]
        degree = sum(sides) + max((order for order in orders if not isinstance(order, Orbit)), default=0) + 1.0
        yield Price(seconds=4e-5 * len(orders) * min(pairs, degree / 16 + 1) * degree)
    if action.size == 3:
        # harmonics are turned by what they are at the points of a quadrature, all lower orders with them
        greatest = np.array([float(order) for order in orders if not isinstance(order, Orbit)])
        times = 8 if action.group.continuous else action.group.order()
        yield Price(
            bytes=60.0 * float((greatest + 1).max(initial=0.0)) ** 4,
            seconds=1e-8 * times * (pairs + 1) * float(((greatest + 1) ** 4).sum()),
        )
    counts = np.array([sum(block.order == order for block in blocks) for order in orders], dtype=float)
    sizes = np.array([angular_size(action.size, order) for order in orders], dtype=float)
    traces = _traces(action, orders)
    for out_kind in target.kinds:
        out = out_kind.component
        if out.count > 1:
            numbers = float(out.count * functions * min(functions, cells))
            if action.size <= 2 and numbers > KEEP_UP_TO:
                numbers = float(KEEP_UP_TO + 8 * out.count * functions)
            yield Price(bytes=24.0 * numbers, seconds=6e-8 * numbers)
        for in_kind in source.kinds:
            size = in_kind.component.size
            weights = in_kind.copies * out_kind.copies
            if out.count > 1:
                yield Price(bytes=16.0 * out.count * size * (size + in_kind.copies))
            if out.is_free:
                yield Price(bytes=_A_WEIGHT * weights * size * functions)
                continue
            dimensions = _dimensions(action, in_kind.component, out, traces, orders)
            rows = float(dimensions @ counts)
            width = out.width * size
            # coefficients of all functions, and the kernels at all cells
            yield Price(
                bytes=(6.0 * functions + 12.0 * max(cells, functions)) * rows * width + _A_WEIGHT * weights * rows,
                seconds=3e-9 * rows * width * (functions + 4 * cells) + float((4e-10 * (width * sizes) ** 3).sum()),
            )


def _traces(action: Representation, orders: list[Any]) -> np.ndarray | None:
    """The characters of the harmonics of some orders, shape ``(orders, order of the group)``, if the group is finite."""
    if not isinstance(action.group, FiniteGroup):
        return None
    matrices = action.matrices
    signs = np.sign(np.linalg.det(matrices))
    traces = np.einsum("gii->g", matrices)
    found = []
    for order in orders:
        if isinstance(order, Orbit):
            found.append(np.einsum("gii->g", np.asarray(angular_action(matrices, order))))
        elif action.size == 1:
            found.append(signs**order)
        elif action.size == 2:
            angle = np.arccos(np.clip(traces / 2, -1, 1))
            found.append(np.ones(len(signs)) if order == 0 else np.where(signs > 0, 2 * np.cos(order * angle), 0.0))
        else:
            # where A is a mirror -A is a rotation, and the minus changes the sign of odd orders
            angle = np.arccos(np.clip((signs * traces - 1) / 2, -1, 1))
            rotation = 1 + 2 * np.cos(np.arange(1, order + 1)[:, None] * angle).sum(axis=0)
            found.append(signs**order * rotation)
    return np.array(found).reshape(len(orders), len(matrices))


def plan_weights(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
) -> int | None:
    """The number of weights of a layer between some fields, from characters alone; ``None`` for continuous groups.

    Args:
        action: the action on R^d.
        in_representations: one for each input field.
        out_representations: one for each output field.
        scalars: the scalar functions that do not vanish on the cells.
    """
    if not isinstance(action.group, FiniteGroup):
        return None
    orders = list(dict.fromkeys(block.order for block in scalars.blocks))
    counts = np.array([sum(block.order == order for block in scalars.blocks) for order in orders])
    traces = _traces(action, orders)
    total = 0
    for out_kind in layout(out_representations).kinds:
        for in_kind in layout(in_representations).kinds:
            rows = int(_dimensions(action, in_kind.component, out_kind.component, traces, orders) @ counts)
            total += in_kind.copies * out_kind.copies * rows
    return total


def _characters(component: Component) -> np.ndarray:
    """The characters of a component of a representation of a finite group."""
    if isinstance(component, IrrepComponent):
        return component.irrep.characters
    stay = component.images == np.arange(component.count)
    return (stay * np.einsum("gbii->gb", component.blocks)).sum(axis=1)


def _dimensions(
    action: Representation, source: Component, target: Component, traces: np.ndarray | None, orders: list[Any]
) -> np.ndarray:
    """The number of kernels of each order; of a continuous group so many at most."""
    if traces is None:
        return np.array([_coupled(action, source, target, order) for order in orders])
    if isinstance(target, IrrepComponent):
        weights = target.irrep.characters * _characters(source)
        return np.maximum(np.rint(traces @ weights / len(weights)), 0.0)
    stabilizer = list(target.stabilizer)
    weights = np.einsum("gii->g", target.sigma) * _characters(source)[stabilizer]
    return np.maximum(np.rint(traces[:, stabilizer] @ weights / len(weights)), 0.0)


def _coupled(action: Representation, source: Component, target: Component, order: Any) -> float:
    """How many kernels of an order there are at most between two irreps of a continuous group."""
    if isinstance(order, Orbit) or not isinstance(source, IrrepComponent) or not isinstance(target, IrrepComponent):
        return float(target.width * source.size)
    group = action.group
    a, b = (group.frequency(one.irrep.id) for one in (target, source))  # type: ignore[attr-defined]
    if isinstance(group, (SO2, O2)) and action.size == 2:
        return 2.0 * (order == abs(a - b)) + 2.0 * (order == a + b)
    if isinstance(group, (SO3, O3)):
        return float(abs(a - b) <= order <= a + b)
    return float(min(source.size, target.size)) * 2
