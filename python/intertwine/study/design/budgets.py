"""Widths by which a network meets a budget: one factor for all blocks first, then single blocks."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from intertwine.errors import ArgumentError

Widths = tuple[float, ...]
Cost = Callable[[Widths], float]

CLOSE = 0.01
"""A budget that is met up to this share is met."""

_LARGEST = 2.0**16
_HALVINGS = 20


def scaled_widths(factor: float, proportions: Sequence[float], grains: Sequence[float]) -> Widths:
    """Widths in proportions, each a multiple of its grain.

    Args:
        factor: the width of a block whose proportion is 1.
        proportions: of the blocks.
        grains: of the blocks.
    """
    return _plain(grain * max(1, round(factor * part / grain)) for part, grain in zip(proportions, grains))


def closest_widths(
    cost: Cost, proportions: Sequence[float], grains: Sequence[float], budget: float, unit: str
) -> Widths:
    """The widths whose cost is nearest to a budget, and which are near to the proportions.

    All blocks are scaled by one factor, as far as their grains allow. While the cost is off by more than `CLOSE`, one block, or
    two together, are then made wider or narrower by one grain: those that bring it nearest; of those that bring it as near as
    `CLOSE`, the ones that change the proportions least. No block goes further than a third of its width or one grain.

    Numbers of parameters and operations are polynomials of degree 2 in the widths. So a few small networks tell the cost of
    all; it is measured again for the one that is found, and for each network on the way if it differs.

    Args:
        cost: of a network with some widths; it grows with each of them.
        proportions: of the widths.
        grains: the steps in which the width of each block can change, and the least it can be.
        budget: the cost that is wanted.
        unit: of the cost, for the message.

    Raises:
        ArgumentError: if even the narrowest network costs more than twice the budget.

    Example:
        >>> closest_widths(lambda widths: 90 * widths[0] * widths[1], (1, 2), (1, 1), 1100, "parameters")
        (2, 6)
    """
    cost = functools.cache(cost)
    least = cost(scaled_widths(0.0, proportions, grains))
    if least > 2 * budget:
        raise ArgumentError(f"the narrowest network costs {least:.6g} {unit}, but the budget is {budget:g}")
    told = _polynomial(cost, grains)
    found = _search(told, proportions, grains, budget)
    if abs(cost(found) - told(found)) > CLOSE * budget / 2:
        found = _search(cost, proportions, grains, budget)
    return found


def _polynomial(cost: Cost, grains: Sequence[float]) -> Cost:
    """The polynomial of degree 2 through the costs of some networks, no two blocks of which are equally wide."""
    points = []
    for steps in itertools.combinations_with_replacement(range(len(grains) + 1), 2):
        blocks = enumerate(grains, start=1)
        points.append(_plain(grain * (3 * block - 2 + steps.count(block)) for block, grain in blocks))
    weights = np.linalg.solve([_terms(point) for point in points], [cost(point) for point in points])
    return lambda widths: float(np.dot(_terms(widths), weights))


def _terms(widths: Widths) -> list[float]:
    """All products of two widths, the widths, and 1."""
    return [a * b for a, b in itertools.combinations_with_replacement((1.0, *widths), 2)]


def _search(cost: Cost, proportions: Sequence[float], grains: Sequence[float], budget: float) -> Widths:
    def off(widths: Widths) -> float:
        return cost(widths) - budget

    def scaled(factor: float) -> Widths:
        return scaled_widths(factor, proportions, grains)

    high = 1.0
    while off(scaled(high)) < 0 and high < _LARGEST:
        high *= 2
    low = high / 2 if off(scaled(high / 2)) < 0 else 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if off(scaled(middle)) < 0 else (low, middle)
    even = best = min(scaled(low), scaled(high), key=lambda widths: abs(off(widths)))

    def badness(widths: Widths) -> tuple[float, float]:
        changes = (abs(math.log(width / part)) for width, part in zip(widths, even))
        return max(abs(off(widths)), CLOSE * budget), sum(changes)

    room = [max(grain, width / 3) for width, grain in zip(even, grains)]
    while abs(off(best)) > CLOSE * budget:
        near = [
            widths
            for widths in _beside(best, grains)
            if all(abs(width - start) <= most for width, start, most in zip(widths, even, room))
        ]
        nearest = min((best, *near), key=badness)
        if nearest == best:
            break
        best = nearest
    return best


def _beside(widths: Widths, grains: Sequence[float]) -> Iterator[Widths]:
    """All widths of which one or two differ by a grain."""
    for steps in itertools.product((0, -1, 1), repeat=len(widths)):
        if 1 <= sum(map(abs, steps)) <= 2:
            moved = _plain(width + step * grain for width, step, grain in zip(widths, steps, grains))
            if all(width > grain / 2 for width, grain in zip(moved, grains)):
                yield moved


def _plain(widths: Iterable[float]) -> Widths:
    """Whole numbers as such."""
    return tuple(round(width) if math.isclose(width, round(width)) else width for width in widths)
