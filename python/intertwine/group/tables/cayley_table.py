"""Conjugacy classes, orders of elements, centre and derived subgroup: what follows from a table of products alone."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from intertwine.errors import GroupError

_WHOLE = 1e-9
"""Characters nearer than this to a whole number are rounded to it."""


def closure(table: np.ndarray, generators: list[int]) -> list[int]:
    """The elements that some elements generate, breadth-first by words in them, the identity first.

    Args:
        table: table of products, shape ``(order, order)``, of a group whose identity is number 0.
        generators: numbers of elements.

    Returns:
        the numbers of the elements in the order in which the words 1, a, b, ..., aa, ab, ... reach them.
    """
    reached = np.zeros(len(table), dtype=bool)
    reached[0] = True
    order = [0]
    frontier = [0]
    steps = table[:, generators]
    while frontier:
        fresh: list[int] = []
        for g in steps[frontier].ravel().tolist():
            if not reached[g]:
                reached[g] = True
                fresh.append(g)
        order += fresh
        frontier = fresh
    return order


def generating_numbers(table: np.ndarray, numbers: Iterable[int] | None = None) -> list[int]:
    """Numbers of elements that generate a group: the first ones, in order, none of which is made of those before it.

    Args:
        table: table of products, shape ``(order, order)``, of a group whose identity is number 0.
        numbers: the elements of a subgroup, to choose from those; by default of the whole group.
    """
    chosen: list[int] = []
    reached = {0}
    for g in range(len(table)) if numbers is None else numbers:
        if g not in reached:
            chosen.append(g)
            reached = set(closure(table, chosen))
    return chosen


def class_numbers(table: np.ndarray, inverses: np.ndarray) -> np.ndarray:
    """The number of the conjugacy class of each element; classes are numbered in the order of their first elements.

    Args:
        table: table of products, shape ``(order, order)``.
        inverses: the number of each element's inverse.

    Returns:
        shape ``(order,)``.
    """
    first = conjugates(table, inverses).min(axis=0)
    return np.unique(first, return_inverse=True)[1].reshape(-1)


def conjugates(table: np.ndarray, inverses: np.ndarray) -> np.ndarray:
    """``conjugates[g, x]`` is the number of g x g^-1, shape ``(order, order)``.

    Args:
        table: table of products, shape ``(order, order)``.
        inverses: the number of each element's inverse.
    """
    return table[table, inverses[:, None]]


def element_orders(table: np.ndarray) -> np.ndarray:
    """The least n > 0 with g^n = 1 for each element g, shape ``(order,)``.

    Args:
        table: table of products, shape ``(order, order)``.
    """
    everyone = np.arange(len(table))
    orders = np.zeros(len(table), dtype=int)
    power, n = everyone, 1
    while not orders.all():
        orders[(power == 0) & (orders == 0)] = n
        power, n = table[power, everyone], n + 1
    return orders


def derived_subgroup(table: np.ndarray, inverses: np.ndarray) -> list[int]:
    """The numbers of the elements of the subgroup that the commutators a b a^-1 b^-1 generate, in increasing order.

    Args:
        table: table of products, shape ``(order, order)``.
        inverses: the number of each element's inverse.
    """
    commutators = table[table, inverses[table.T]]
    return sorted(closure(table, np.unique(commutators).tolist()))


def whole_where_near(values: np.ndarray) -> np.ndarray:
    """The values with those at rounding distance from a whole number put there.

    Args:
        values: any array.
    """
    nearest = np.rint(values)
    return np.where(np.abs(values - nearest) < _WHOLE, nearest, values) + 0.0


def check_table(table: np.ndarray) -> None:
    """Raises unless a table is that of a group whose identity is number 0.

    Args:
        table: products by number, shape ``(order, order)``.

    Raises:
        GroupError: naming the row, the column or the triple that contradicts.
    """
    order = len(table)
    everyone = np.arange(order)
    for axis, what in ((1, "row"), (0, "column")):
        wrong = np.flatnonzero((np.sort(table, axis=axis) != (everyone if axis else everyone[:, None])).any(axis=axis))
        if len(wrong):
            raise GroupError(
                f"{what} {{line}} of the table is no permutation of the elements: it is no Latin square",
                hint="every element must occur exactly once in every row and column, as {first} to {last}",
                positions={"line": int(wrong[0]), "first": 0, "last": order - 1},
            )
    # Light's test: the g with (a g) b = a (g b) for all a and b are closed under products, so generators suffice.
    for g in generating_numbers(table):
        wrong = np.argwhere(table[table[:, g]] != table[everyone[:, None], table[g][None, :]])
        if len(wrong):
            a, b = (int(k) for k in wrong[0])
            raise GroupError(
                "the table is not associative: ({a} {g}) {b} = {left}, but {a} ({g} {b}) = {right}",
                positions={
                    "a": a,
                    "g": int(g),
                    "b": b,
                    "left": int(table[table[a, g], b]),
                    "right": int(table[a, table[g, b]]),
                },
            )
