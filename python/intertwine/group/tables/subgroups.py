"""All subgroups of a finite group up to conjugacy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from intertwine.group.tables.cayley_table import conjugates, element_orders


@dataclass(frozen=True)
class SubgroupClass:
    """A class of conjugate subgroups of a finite group.

    Attributes:
        id: the label of one of them, for ``group.subgroup(id)``.
        name: its structure, for example ``"D4"`` or ``"C2 x C2"``.
        order: the number of its elements.
        conjugates: how many subgroups the class holds; 1 for a normal one.
        elements: the numbers of its elements.
    """

    id: Any
    name: str
    order: int
    conjugates: int
    elements: tuple[int, ...]

    @property
    def normal(self) -> bool:
        """Whether it is conjugate to no other subgroup."""
        return self.conjugates == 1

    def __repr__(self) -> str:
        others = "normal" if self.normal else f"{self.conjugates} conjugates"
        return f"{self.name} {self.id}: order {self.order}, {others}"


def subgroup_classes(table: np.ndarray, inverses: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """One subgroup of each conjugacy class of subgroups, and the sizes of the classes.

    Every subgroup is that of a smaller one and one more element of prime power order, and up to conjugacy the smaller one
    may be taken from the list: so each subgroup found is extended by each cyclic subgroup of prime power order.

    Args:
        table: table of products, shape ``(order, order)``.
        inverses: the number of each element's inverse.

    Returns:
        the numbers of the elements in increasing order, and the number of conjugates; by order, then by elements.
    """
    order = len(table)
    moved = conjugates(table, inverses)
    steps = _prime_power_generators(table)
    seen: set[bytes] = set()
    found: list[tuple[np.ndarray, int]] = []

    def add(member: np.ndarray) -> bool:
        if np.packbits(member).tobytes() in seen:
            return False
        orbit = {row.tobytes() for row in np.packbits(member[moved], axis=1)}
        seen.update(orbit)
        found.append((np.flatnonzero(member), len(orbit)))
        return True

    trivial = np.zeros(order, dtype=bool)
    trivial[0] = True
    add(trivial)
    bases: list[tuple[np.ndarray, list[int]]] = [(trivial, [])]
    for base, generators in bases:
        done = base.copy()
        for step in steps:
            if done[step]:
                continue
            member = _extended(table, base, [*generators, step])
            if _is_prime(int(member.sum()) // int(base.sum())):
                # No subgroup lies between the two, so every other new element generates the same one.
                done |= member
            if add(member):
                bases.append((member, [*generators, step]))
    found.sort(key=lambda entry: (len(entry[0]), entry[0].tolist()))
    return found


def _is_prime(n: int) -> bool:
    return n > 1 and all(n % p for p in range(2, int(n**0.5) + 1))


def _prime_power_generators(table: np.ndarray) -> list[int]:
    """One generator, the first, of each cyclic subgroup of prime power order."""
    orders = element_orders(table)
    chosen = []
    covered = np.zeros(len(table), dtype=bool)
    for g in range(1, len(table)):
        n = int(orders[g])
        prime = next(p for p in range(2, n + 1) if n % p == 0)
        while n % prime == 0:
            n //= prime
        if n == 1 and not covered[g]:
            chosen.append(g)
            power, k = g, 1
            while power:
                if k % prime:
                    covered[power] = True
                power, k = int(table[power, g]), k + 1
    return chosen


def _extended(table: np.ndarray, base: np.ndarray, generators: list[int]) -> np.ndarray:
    """The members of the subgroup that some elements generate, all but the last of which generate the base."""
    members = np.flatnonzero(base)
    extended = base.copy()
    # The larger group is a union of cosets gH, which the generators permute from the left.
    moves = table[generators]
    frontier = [0]
    while frontier:
        fresh = []
        for g in moves[:, frontier].ravel().tolist():
            if not extended[g]:
                extended[table[g, members]] = True
                fresh.append(g)
        frontier = fresh
    return extended


def sub_table(table: np.ndarray, numbers: list[int]) -> np.ndarray:
    """The table of a subgroup, its elements numbered anew.

    Args:
        table: table of products of the group.
        numbers: the elements of the subgroup in their new order.
    """
    position = np.zeros(len(table), dtype=int)
    position[numbers] = np.arange(len(numbers))
    return position[table[np.ix_(numbers, numbers)]]
