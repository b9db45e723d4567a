"""Generators and tables: checks of what users give, and the group that generators generate, with its table."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.checks import whole
from intertwine.errors import ArgumentTypeError, GroupError
from intertwine.group.tables.real_irreps import polished, residual

_ORTHOGONAL = 1e-6
"""Generators may miss orthogonality by this much; the group's matrices are polished to rounding."""

_SAME_SQUARED_DISTANCE = 1e-9
"""Matrices of one group whose squared distance is smaller are the same element. The 710th power of a rotation by one radian is
nearly, but not, the identity: its squared distance is 7e-9."""

_SNAP = 1e-11
"""Entries nearer than this to one that the generators hold, or to 0, 1/2, sqrt(3)/2 or 1, are set to it."""


def order_bound(max_order: Any) -> int:
    """The order below which generators must close, as a whole number of at least 1.

    Args:
        max_order: what was given.
    """
    bound = whole(max_order, "the greatest order of a group")
    if bound < 1:
        raise GroupError(f"the greatest order of a group must be at least 1, not {bound}")
    return bound


def realified(matrices: np.ndarray) -> np.ndarray:
    """Real matrices for complex ones: each entry a + b i becomes the block [[a, -b], [b, a]].

    Products stay products, and unitary matrices become orthogonal ones.

    Args:
        matrices: shape ``(..., n, n)``.

    Returns:
        shape ``(..., 2 n, 2 n)``; real matrices, or complex ones without imaginary parts, come back as they are.
    """
    if not np.iscomplexobj(matrices):
        return matrices
    if not matrices.imag.any():
        return matrices.real
    return np.kron(matrices.real, np.eye(2)) + np.kron(matrices.imag, np.array([[0.0, -1.0], [1.0, 0.0]]))


def _as_array(value: Any, kind: type, what: str, hint: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """What was given as an array, and the same as numbers of a kind (complex ones stay complex)."""
    try:
        given = np.array(value)
        return given, given.astype(complex if kind is float and np.iscomplexobj(given) else kind)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentTypeError(what, hint=hint) from None


def orthogonal_generators(generators: Any) -> np.ndarray:
    """The generators as one array, each replaced by the nearest orthogonal matrix; read-only.

    Complex matrices are taken as the real ones of twice the size, see ``realified``.

    Args:
        generators: what was given.

    Raises:
        GroupError: if they are no square matrices of one size, or one is not orthogonal (unitary, if it is complex).
    """
    what = "the generators of a matrix group are square matrices of one size"
    _, given = _as_array(generators, float, what, "give a list of n x n matrices")
    if given.ndim != 3 or given.shape[1] != given.shape[2] or 0 in given.shape:
        raise GroupError(
            f"the generators of a matrix group are square matrices of one size, but shape {given.shape} was given",
            hint="give a list of n x n matrices: shape (generators, n, n)",
        )
    array = realified(given).copy()
    kind, product = ("unitary", "A A^*") if array.shape != given.shape else ("orthogonal", "A A^T")
    for number, matrix in enumerate(array):
        error = np.abs(matrix @ matrix.T - np.eye(len(matrix))).max() if np.isfinite(matrix).all() else np.inf
        if not error < _ORTHOGONAL:
            raise GroupError(
                f"generator {{generator}} is not {kind}: {product} misses the identity by {error:.3g}",
                hint=f"change coordinates so that all generators are {kind}, with entries to full precision",
                positions={"generator": number},
            )
        if error > 1e-14:
            u, _, vt = np.linalg.svd(matrix)
            array[number] = u @ vt
    array.flags.writeable = False
    return array


def permutation_generators(generators: Any) -> np.ndarray:
    """The generators as one array of whole numbers; read-only.

    Args:
        generators: what was given.

    Raises:
        GroupError: if they are of several lengths, or one is no permutation.
    """
    what = "the generators of a permutation group are sequences of whole numbers of one length"
    given, array = _as_array(generators, np.int64, what, "give the images of 0, ..., n - 1 under each generator")
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] == 0:
        raise GroupError(
            f"the generators of a permutation group are sequences of one length, but shape {array.shape} was given",
            hint="give a list of permutations: shape (generators, n)",
        )
    for number, (images, original) in enumerate(zip(array, given, strict=True)):
        if (np.sort(images) != np.arange(len(images))).any() or (images != original).any():
            raise GroupError(
                "generator {generator} is no permutation: {images}",
                hint="each of {first}, ..., {last} must occur exactly once",
                positions={
                    "generator": number,
                    "images": original.tolist(),
                    "first": 0,
                    "last": len(images) - 1,
                },
            )
    array.flags.writeable = False
    return array


def square_table(table: Any) -> np.ndarray:
    """A table of products as a square array of numbers of elements.

    Args:
        table: what was given.

    Raises:
        GroupError: if it is no square, or an entry is not the number of an element.
    """
    given, array = _as_array(table, np.int64, "a table of products is a square of whole numbers")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise GroupError(f"a table of products is a square, but shape {array.shape} was given")
    if (array != given).any() or (array < 0).any() or (array >= len(array)).any():
        raise GroupError(
            f"a table of {len(array)} elements holds the whole numbers {{first}} to {{last}} only",
            positions={"first": 0, "last": len(array) - 1},
        )
    return array


def identity_first(table: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The table with the identity as number 0 and the other elements in their order, and the old number of each element.

    Args:
        table: shape ``(order, order)``.

    Raises:
        GroupError: if there is no identity.
    """
    everyone = np.arange(len(table))
    identity = np.flatnonzero((table == everyone).all(axis=1) & (table == everyone[:, None]).all(axis=0))
    if not len(identity):
        raise GroupError(
            "the table has no identity: no element e with e g = g = g e for all g",
            hint="one row and the column of the same number must list the elements in order",
        )
    moved = [int(identity[0]), *(g for g in range(len(table)) if g != identity[0])]
    position = np.argsort(moved)
    return position[table[np.ix_(moved, moved)]], moved


def _too_many(what: str, max_order: int) -> GroupError:
    return GroupError(
        f"the {what} generate more than {max_order} elements",
        hint="check that the generators are of finite order, or state a greater max_order",
    )


def close_matrices(generators: np.ndarray, max_order: int) -> tuple[np.ndarray, np.ndarray]:
    """All products of orthogonal matrices, breadth-first by words, and their table of products; read-only.

    Args:
        generators: shape ``(generators, n, n)``.
        max_order: the greatest number of elements.

    Returns:
        shapes ``(order, n, n)`` and ``(order, order)``.

    Raises:
        GroupError: if there are more.
    """
    size = generators.shape[-1]
    exact = np.unique(np.concatenate([np.abs(generators).ravel(), [0.0, 0.5, 1.0, np.sqrt(3) / 2]]))
    found = np.eye(size)[None]
    start, steps = 0, []
    while start < len(found):
        products = _at_exact((found[start:, None] @ generators).reshape(-1, size, size), exact)
        flat = products.reshape(len(products), -1)
        fresh: list[int] = []
        numbers = np.full(len(products), -1)
        near = flat @ found.reshape(len(found), -1).T
        best = np.argmax(near, axis=1)
        there = 2 * (size - near[np.arange(len(flat)), best]) < _SAME_SQUARED_DISTANCE
        numbers[there] = best[there]
        among = flat @ flat.T
        for k in np.flatnonzero(~there).tolist():
            if numbers[k] < 0:
                same = (2 * (size - among[k]) < _SAME_SQUARED_DISTANCE) & ~there
                numbers[same] = len(found) + len(fresh)
                fresh.append(k)
        steps.append(numbers.reshape(-1, len(generators)))
        start = len(found)
        if start + len(fresh) > max_order:
            raise _too_many("matrices", max_order)
        found = np.concatenate([found, products[fresh]])
    numbers = np.concatenate(steps)
    table = _table_of_steps(numbers)
    given = np.unique(numbers[0]).tolist()
    if residual(found, table, given) > 1e-14:
        found = polished(found, table, given)
    found.flags.writeable = False
    return found, table


def _at_exact(matrices: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The matrices with entries at rounding distance from the given ones (or their negatives) put there."""
    size = np.abs(matrices)
    above = np.clip(np.searchsorted(values, size), 1, len(values) - 1)
    nearest = np.where(values[above] - size < size - values[above - 1], values[above], values[above - 1])
    return np.where(np.abs(nearest - size) < _SNAP, np.copysign(nearest, matrices), matrices) + 0.0


def close_permutations(generators: np.ndarray, max_order: int) -> tuple[np.ndarray, np.ndarray]:
    """All products of permutations, breadth-first by words, and their table of products; read-only.

    Args:
        generators: shape ``(generators, n)``.
        max_order: the greatest number of elements.

    Returns:
        shapes ``(order, n)`` and ``(order, order)``.

    Raises:
        GroupError: if there are more.
    """
    points = generators.shape[1]
    numbers = {np.arange(points).tobytes(): 0}
    found, steps = [np.arange(points)], []
    position = 0
    while position < len(found):
        products = found[position][generators]
        row = []
        for product in products:
            number = numbers.setdefault(product.tobytes(), len(found))
            if number == len(found):
                if number >= max_order:
                    raise _too_many("permutations", max_order)
                found.append(product)
            row.append(number)
        steps.append(row)
        position += 1
    permutations = np.stack(found)
    permutations.flags.writeable = False
    return permutations, _table_of_steps(np.array(steps))


def _table_of_steps(steps: np.ndarray) -> np.ndarray:
    """The table of products, given those with the generators on the right, shape ``(order, generators)``."""
    order = len(steps)
    table = np.full((order, order), -1, dtype=np.int64)
    table[:, 0] = np.arange(order)
    known = np.zeros(order, dtype=bool)
    known[0] = True
    # Elements are in breadth-first order, so each is a known one times a generator.
    for g in range(order):
        for k, product in enumerate(steps[g].tolist()):
            if not known[product]:
                known[product] = True
                table[:, product] = steps[table[:, g], k]
    table.flags.writeable = False
    return table


def cycles(permutation: list[int]) -> str:
    """A permutation as cycles.

    Args:
        permutation: the images of 0, 1, ...

    Example:
        >>> cycles([1, 0, 3, 4, 2])
        '(0 1)(2 3 4)'
    """
    seen: set[int] = set()
    parts = []
    for start in range(len(permutation)):
        cycle = []
        while start not in seen:
            seen.add(start)
            cycle.append(start)
            start = permutation[start]
        if len(cycle) > 1:
            parts.append("(" + " ".join(str(k) for k in cycle) + ")")
    return "".join(parts) or "()"
