"""The usual names of finite groups, recognised by their tables of products."""

from __future__ import annotations

import numpy as np

from intertwine.group.tables.cayley_table import closure, conjugates, element_orders
from intertwine.group.tables.subgroups import sub_table


def structure_name(table: np.ndarray) -> str:
    """The usual name of a group up to isomorphism, or ``"order n"`` for one that has none here.

    Cyclic and abelian groups, dihedral and dicyclic ones, symmetric and alternating ones up to five points, products of these
    with C2, and semidirect products of two cyclic groups of coprime orders are named.

    Args:
        table: table of products, shape ``(order, order)``.

    Example:
        >>> from intertwine.group import dihedral_group
        >>> structure_name(dihedral_group(4).table)
        'D4'
    """
    order = len(table)
    orders = element_orders(table)
    inverses = np.argmax(table == 0, axis=1)
    if (table == table.T).all():
        return _abelian_name(orders)
    for name, test in (("D", _is_dihedral), ("Dic", _is_dicyclic)):
        n = test(table, orders)
        if n:
            return "Q8" if (name, n) == ("Dic", 2) else f"{name}{n}"
    counts = dict(zip(*(values.tolist() for values in np.unique(orders, return_counts=True)), strict=True))
    known = {
        12: {"A4": {1: 1, 2: 3, 3: 8}},
        24: {"S4": {1: 1, 2: 9, 3: 8, 4: 6}},
        60: {"A5": {1: 1, 2: 15, 3: 20, 5: 24}},
        120: {"S5": {1: 1, 2: 25, 3: 20, 4: 30, 5: 24, 6: 20}},
    }
    for name, expected in known.get(order, {}).items():
        if counts == expected:
            return name
    return _times_two(table, orders) or _metacyclic(table, orders, inverses) or f"order {order}"


def _abelian_name(orders: np.ndarray) -> str:
    """The invariant factors, from the numbers of elements whose order divides a prime power."""
    order = len(orders)
    factors: list[int] = []
    remaining, prime = order, 2
    while remaining > 1:
        if remaining % prime:
            prime += 1
            continue
        exponent = 0
        while remaining % prime == 0:
            remaining //= prime
            exponent += 1
        # The p-part has as many cyclic factors of order at least p^k as this count's k-th step in powers of p.
        logs = [0]
        for k in range(1, exponent + 1):
            logs.append(round(np.log(int((prime**k % orders == 0).sum())) / np.log(prime)))
        steps = [b - a for a, b in zip(logs, logs[1:])]
        powers = sorted((prime ** sum(step > j for step in steps) for j in range(steps[0])), reverse=True)
        factors += [1] * (len(powers) - len(factors))
        factors = [f * (powers[k] if k < len(powers) else 1) for k, f in enumerate(factors)]
    return " x ".join(f"C{f}" for f in reversed(factors)) if factors else "C1"


def _outside(table: np.ndarray, g: int) -> np.ndarray:
    """The elements that are no powers of an element."""
    return np.setdiff1d(np.arange(len(table)), closure(table, [g]))


def _is_dihedral(table: np.ndarray, orders: np.ndarray) -> int:
    for g in np.flatnonzero(2 * orders == len(table)).tolist():
        if (orders[_outside(table, g)] == 2).all():
            return len(table) // 2
    return 0


def _is_dicyclic(table: np.ndarray, orders: np.ndarray) -> int:
    for a in np.flatnonzero(2 * orders == len(table)).tolist():
        outside = _outside(table, a)
        # b a b^-1 = a^-1, that is b a = a^-1 b
        inverts = table[outside, a] == table[int(np.argmax(table[a] == 0)), outside]
        if len(table) % 4 == 0 and (orders[outside] == 4).all() and inverts.all():
            return len(table) // 4
    return 0


def _times_two(table: np.ndarray, orders: np.ndarray) -> str | None:
    """The name of the group as a product with C2: a central involution, and a subgroup of index 2 without it."""
    central = (table == table.T).all(axis=1)
    squares = closure(table, np.unique(np.diagonal(table)).tolist())
    for z in np.flatnonzero(central & (orders == 2)).tolist():
        # Subgroups of index 2 hold all squares; the largest subgroup that holds them and not z is one.
        kernel = set(squares)
        if z in kernel:
            continue
        chosen = np.unique(np.diagonal(table)).tolist()
        for g in range(len(table)):
            if g not in kernel:
                larger = set(closure(table, [*chosen, g]))
                if z not in larger:
                    chosen, kernel = [*chosen, g], larger
        if 2 * len(kernel) == len(table):
            name = structure_name(sub_table(table, sorted(kernel)))
            if not name.startswith("order"):
                return f"C2 x {name}"
    return None


def _metacyclic(table: np.ndarray, orders: np.ndarray, inverses: np.ndarray) -> str | None:
    """The name as a semidirect product of two cyclic groups of coprime orders."""
    order = len(table)
    moved = conjugates(table, inverses)
    for g in np.argsort(-orders, kind="stable").tolist():
        n = int(orders[g])
        if n == 1 or order % n or np.gcd(n, order // n) != 1:
            continue
        inside = np.zeros(order, dtype=bool)
        inside[closure(table, [g])] = True
        if inside[moved[:, g]].all() and (orders == order // n).any():
            return f"C{n} : C{order // n}"
    return None
