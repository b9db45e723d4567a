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

ENDOMORPHISMS = {"R": 1, "C": 2, "H": 4}
"""The dimension of the algebra of matrices that commute with a real irrep, by its type."""


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
    return _pivoted(np.array(projector, dtype=float), dimension)


def _pivoted(rest: Array, dimension: int) -> Array:
    """Pivoted Gram-Schmidt on columns, the vectors as rows."""
    basis = np.zeros((dimension, rest.shape[0]))
    for k in range(dimension):
        norms = np.einsum("ij,ij->j", rest, rest)
        column = int(np.flatnonzero(norms >= norms.max() * (1 - _TIE))[0])
        vector = rest[:, column] / np.sqrt(norms[column])
        # One more pass against what is already there: the columns lose orthogonality digit by digit otherwise.
        vector = vector - basis[:k].T @ (basis[:k] @ vector)
        vector = vector / np.linalg.norm(vector)
        basis[k] = vector
        rest = rest - np.outer(vector, vector @ rest)
    basis[np.abs(basis) < 1e-14] = 0.0
    return basis


def _canonical_basis_of_range(vectors: Array) -> Array:
    """The same as ``canonical_basis(vectors @ vectors.T, ...)`` for orthonormal columns, by their coordinates alone."""
    basis = _pivoted(vectors.T, vectors.shape[1]) @ vectors.T
    basis[np.abs(basis) < 1e-14] = 0.0
    return basis


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
    n, height, rows = a.shape[-1], b.shape[-1], None
    if a_lie is not None and b_lie is not None:
        rows = _rows_by_casimir(a_lie, b_lie, b)
    if rows is not None:
        b, b_lie = rows.T @ b @ rows, rows.T @ b_lie @ rows
    m = b.shape[-1]
    normal = np.zeros((m * n, m * n))
    eye_n, eye_m = np.eye(n), np.eye(m)
    for matrix_a, matrix_b in zip(a, b, strict=True):
        # |b X - X a|^2 for orthogonal a and b, as a quadratic form in vec(X) (row-major).
        mixed = np.kron(matrix_b, matrix_a)
        normal += 2 * np.eye(m * n) - mixed - mixed.T
    if a_lie is not None and b_lie is not None:
        for matrix_a, matrix_b in zip(a_lie, b_lie, strict=True):
            constraint = np.kron(matrix_b, eye_n) - np.kron(eye_m, matrix_a.T)
            normal += constraint.T @ constraint
    values, vectors = np.linalg.eigh(normal)
    found = int(np.count_nonzero(values <= _RELATIVE_RANK * values.max(initial=1.0)))
    if dimension is not None and found != dimension:
        raise RepresentationError(
            f"the space of intertwiners has dimension {found} but the characters say {dimension}",
            hint="check that the matrices are orthogonal and multiply like the group",
        )
    null = vectors[:, :found]
    if rows is not None:
        null = np.einsum("ij,jnk->ink", rows, null.reshape(m, n, found)).reshape(height * n, found)
    return _canonical_basis_of_range(null).reshape(found, height, n)


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
