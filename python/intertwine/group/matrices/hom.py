"""The solver: spaces of intertwiners as null spaces, in a canonical gauge.

For representations ``a`` and ``b`` of one group,

    Hom_G(a, b) = { X : b(g) X = X a(g) for the generators g of G },

which is linear in X. Splitting into irreps, Clebsch-Gordan coefficients, endomorphisms, biases, linear layers and steerable
kernels are all instances (Lang and Weiler, "A Wigner-Eckart theorem for group equivariant convolution kernels", 2021).
"""

from __future__ import annotations

import numpy as np

from intertwine.errors import RepresentationError
from intertwine.suggestions import suggests

Array = np.ndarray

_RELATIVE_RANK = 1e-8
"""Squared singular values below this share of the largest count as zero. The constraint of a finite-dimensional unitary
representation has a spectral gap, so no singular value lies near it."""

_TIE = 1e-6
"""Pivots within this relative distance tie, and the first index wins: rounding must not choose the basis."""

_SAME_EIGENVALUE = 1e-7
"""Sums of squares of derivatives whose eigenvalues differ by less are equal: for irreps they are far apart."""

_LARGE = 256
"""Systems of more unknowns are solved block by block, where the matrices have blocks: it takes longer to look for blocks than to
solve smaller ones."""

ENDOMORPHISMS = {"R": 1, "C": 2, "H": 4}
"""The dimension of the algebra of matrices that commute with a real irrep, by its type."""


def connected_channels(pattern: Array) -> list[list[int]]:
    """The connected components of a symmetric boolean pattern, each sorted, in the order of their first members.

    Args:
        pattern: shape ``(n, n)``: which channels are joined.
    """
    # Imported here: many groups never need it.
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(csr_array(pattern), directed=False)
    return [np.flatnonzero(labels == label).tolist() for label in range(count)]


def invariant_blocks(matrices: Array) -> list[list[int]]:
    """The finest sets of channels that the matrices (of generators) do not mix.

    Args:
        matrices: shape ``(generators, n, n)``.

    Returns:
        lists of channel numbers, each sorted, in the order of their first channels.
    """
    pattern = (matrices != 0).any(axis=0) if len(matrices) else np.zeros(matrices.shape[1:], dtype=bool)
    np.fill_diagonal(pattern, True)
    return connected_channels(pattern | pattern.T)


def canonical_basis(projector: Array, dimension: int) -> Array:
    """Orthonormal basis of the range of an orthogonal projector, the same on every machine.

    Pivoted Gram-Schmidt on the columns of the projector, which is itself free of any choice: each step takes the column with
    the greatest remaining norm, and the first one among ties.

    Args:
        projector: symmetric idempotent matrix, shape ``(n, n)``.
        dimension: its rank.

    Returns:
        basis vectors as rows, shape ``(dimension, n)``.
    """
    whole = [np.arange(len(projector))]
    basis = np.array([vector for _, vector in _pivoted([np.array(projector, dtype=float)], whole, dimension)])
    basis[np.abs(basis) < 1e-14] = 0.0
    return basis.reshape(dimension, len(projector))


def _pivoted(rests: list[Array], places: list[Array], dimension: int) -> list[tuple[int, Array]]:
    """Pivoted Gram-Schmidt on the columns of a block-diagonal matrix: for each step the block and the vector in it.

    Args:
        rests: the blocks.
        places: of their columns among all.
        dimension: how many steps.
    """
    rests = list(rests)
    norms = np.zeros(sum(len(place) for place in places))
    for rest, place in zip(rests, places, strict=True):
        norms[place] = np.einsum("ij,ij->j", rest, rest)
    block_of, column_of = (np.zeros(len(norms), dtype=int) for _ in range(2))
    for number, place in enumerate(places):
        block_of[place], column_of[place] = number, np.arange(len(place))
    bases = [np.zeros((min(dimension, len(rest)), len(rest))) for rest in rests]
    counts = [0] * len(rests)
    steps = []
    for _ in range(dimension):
        pivot = int(np.flatnonzero(norms >= norms.max() * (1 - _TIE))[0])
        number = block_of[pivot]
        rest, basis, done = rests[number], bases[number], counts[number]
        vector = rest[:, column_of[pivot]] / np.sqrt(norms[pivot])
        # One more pass against what is already there: the columns lose orthogonality digit by digit otherwise.
        vector = vector - basis[:done].T @ (basis[:done] @ vector)
        vector = vector / np.linalg.norm(vector)
        basis[done], counts[number] = vector, done + 1
        rests[number] = rest = rest - np.outer(vector, vector @ rest)
        norms[places[number]] = np.einsum("ij,ij->j", rest, rest)
        steps.append((number, vector))
    return steps


def canonical_line(vector: Array) -> Array:
    """The unit vector of a line in the gauge of ``canonical_basis``: positive where it is greatest, the first such place.

    Args:
        vector: a vector of the line, not 0.
    """
    squares = vector**2
    pivot = int(np.flatnonzero(squares >= squares.max() * (1 - _TIE))[0])
    result = vector * (np.sign(vector[pivot]) / np.linalg.norm(vector))
    result[np.abs(result) < 1e-14] = 0.0
    return result


@suggests
def intertwiners(
    a: Array, b: Array, *, a_lie: Array | None = None, b_lie: Array | None = None, dimension: int | None = None
) -> Array:
    """Canonical orthonormal basis of the space of intertwiners from ``a`` to ``b``.

    Args:
        a: matrices of ``a`` at the generators, shape ``(generators, n, n)``, orthogonal.
        b: matrices of ``b`` at the same generators, shape ``(generators, m, m)``, orthogonal.
        a_lie: derivatives of ``a`` along a basis of the Lie algebra, shape ``(k, n, n)``, for continuous groups.
        b_lie: the same for ``b``.
        dimension: the dimension known from characters; a different result is an error.

    Returns:
        the basis X_1, X_2, ..., shape ``(dimension, m, n)``, with ``trace(X_i^T X_j) = [i = j]``.

    Raises:
        RepresentationError: if the null space has another dimension than the characters say.

    Example:
        >>> import numpy as np
        >>> turn = np.array([[[0.0, -1.0], [1.0, 0.0]]])
        >>> intertwiners(turn, turn).round(3).tolist()
        [[[0.707, 0.0], [0.0, 0.707]], [[0.0, 0.707], [-0.707, 0.0]]]
    """
    n, m = a.shape[-1], b.shape[-1]
    lie = np.zeros((0, m, m)) if b_lie is None else b_lie
    blocks = [np.arange(m)]
    if m * n > _LARGE:
        blocks = [np.array(block) for block in invariant_blocks(np.concatenate([b, lie]))]
    # Equal blocks share their solutions.
    solved: dict[bytes, Array] = {}
    spaces = []
    for block in blocks:
        of_b, of_lie = b[:, block[:, None], block], lie[:, block[:, None], block]
        key = of_b.tobytes() + of_lie.tobytes()
        if key not in solved:
            solved[key] = _null_space(a, of_b, a_lie, None if b_lie is None else of_lie)
        spaces.append(solved[key])
    found = sum(space.shape[1] for space in spaces)
    if dimension is not None and found != dimension:
        raise RepresentationError(
            f"the space of intertwiners has dimension {found} but the characters say {dimension}",
            hint="check that the matrices are orthogonal and multiply like the group",
        )
    # The gauge of `canonical_basis` for the projector on all of them, by coordinates in each block alone.
    places = [(block[:, None] * n + np.arange(n)).ravel() for block in blocks]
    basis = np.zeros((found, m, n))
    for row, (number, vector) in zip(basis, _pivoted([space.T for space in spaces], places, found), strict=True):
        part = vector @ spaces[number].T
        part[np.abs(part) < 1e-14] = 0.0
        row[blocks[number]] = part.reshape(-1, n)
    return basis


def _null_space(a: Array, b: Array, a_lie: Array | None, b_lie: Array | None) -> Array:
    """Orthonormal intertwiners, as columns vec(X) (row-major)."""
    n, height, rows = a.shape[-1], b.shape[-1], None
    if a_lie is not None and b_lie is not None:
        rows = _rows_by_casimir(a_lie, b_lie, b)
    if rows is not None:
        b, b_lie = rows.T @ b @ rows, rows.T @ b_lie @ rows
    m = b.shape[-1]
    normal = np.zeros((m * n, m * n))
    eye_n, eye_m = np.eye(n), np.eye(m)
    for matrix_a, matrix_b in zip(a, b, strict=True):
        # |b X - X a|^2 for orthogonal a and b, as a quadratic form in vec(X).
        mixed = np.kron(matrix_b, matrix_a)
        normal += 2 * np.eye(m * n) - mixed - mixed.T
    if a_lie is not None and b_lie is not None:
        for matrix_a, matrix_b in zip(a_lie, b_lie, strict=True):
            constraint = np.kron(matrix_b, eye_n) - np.kron(eye_m, matrix_a.T)
            normal += constraint.T @ constraint
    values, vectors = np.linalg.eigh(normal)
    found = int(np.count_nonzero(values <= _RELATIVE_RANK * values.max(initial=1.0)))
    null = vectors[:, :found]
    if rows is not None:
        null = np.einsum("ij,jnk->ink", rows, null.reshape(m, n, found)).reshape(height * n, found)
    return null


def _rows_by_casimir(a_lie: Array, b_lie: Array, b: Array) -> Array | None:
    """Orthonormal vectors, as columns, that span what intertwiners map into; ``None`` where that is not known to be less.

    Intertwiners carry the sum of squares of the derivatives of ``a`` to that of ``b``. If the first is a multiple of the
    identity, as for irreps, their images lie in an eigenspace of the second, which is a far smaller representation.
    """
    of_a, of_b = (np.einsum("kij,kil->jl", lie, lie) for lie in (a_lie, b_lie))
    value = float(of_a[0, 0])
    if not len(a_lie) or np.abs(of_a - value * np.eye(len(of_a))).max() > _SAME_EIGENVALUE:
        return None
    values, vectors = np.linalg.eigh(of_b)
    rows = vectors[:, np.abs(values - value) < _SAME_EIGENVALUE * max(1.0, value)]
    if rows.shape[1] == len(of_b):
        return None
    moved = np.concatenate([b_lie, b]) @ rows
    leaves = moved - rows @ (rows.T @ moved)
    return rows if np.abs(leaves).max(initial=0.0) < _SAME_EIGENVALUE else None
