"""Turning a field on a pixel grid: exact where the lattice allows it, splines elsewhere.

An orthogonal map ``M`` of R^d acts on a scalar field by ``out(p) = in(M^-1 p)``, the origin being the centre
of the grid. A signed permutation of the axes carries a grid to a grid, so that it only flips and permutes the
samples. Any other map needs values between the samples: they come from the B-spline through the samples, zero
outside of the grid. Both are linear in the samples, so that they are differentiable and work under
``torch.func`` and on any device.

Axes. The last axis of an array is x and points to the right. Every axis before it points *against* its
mathematical axis: the second last is -y (rows of an image go down), the third last is -z. So the order is
``[..., x]``, ``[..., -y, x]``, ``[..., -z, -y, x]``, and a rotation from x to y is counter-clockwise as seen.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from math import comb, factorial, isqrt
from typing import Any

import numpy as np
import torch

from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.memory import remembered

__all__ = ["act_on_grid", "interpolate_on_grid", "is_lattice_symmetry", "memory_matrix"]

_EXACT = 1e-9
"""Entries this close to -1, 0, 1 count as such; points this far outside of the grid count as inside."""

_AT_ONCE = 2**18
"""Up to so many numbers the taps of all samples are gathered together: a gather for each tap costs more than its numbers."""

_ORTHOGONAL = 1e-6
_MAX_ORDER = 5


def is_lattice_symmetry(matrix: np.ndarray) -> bool:
    """Whether a map carries the square, cubic, ... lattice onto itself: a signed permutation of the axes.

    Args:
        matrix: array of shape (d, d).

    Returns:
        True if every row and every column has one entry that is 1 or -1 and zeros elsewhere, within 1e-9.

    Raises:
        ShapeError: if ``matrix`` is not square.

    Example:
        >>> import numpy as np
        >>> is_lattice_symmetry(np.array([[0.0, -1.0], [1.0, 0.0]]))
        True
        >>> is_lattice_symmetry(np.array([[0.6, -0.8], [0.8, 0.6]]))
        False
    """
    square = _square(matrix)
    rounded = np.round(square)
    if not np.all(np.abs(square - rounded) <= _EXACT):
        return False
    return bool(np.all(np.abs(rounded).sum(axis=0) == 1) and np.all(np.abs(rounded).sum(axis=1) == 1))


def memory_matrix(matrix: np.ndarray) -> np.ndarray:
    """An orthogonal map in the order and signs of an array's axes, where y and z count downwards.

    With ``T`` the map from (x, y, z) to memory order (-z, -y, x), this is ``T M T^-1``.

    Args:
        matrix: array of shape (d, d), in mathematical coordinates.

    Returns:
        float64 array of shape (d, d).

    Example:
        >>> import numpy as np
        >>> quarter = np.array([[0.0, -1.0], [1.0, 0.0]])  # counter-clockwise
        >>> memory_matrix(quarter) @ [0.0, 1.0]  # the pixel on the right moves up: to a smaller row
        array([-1.,  0.])
    """
    square = _square(matrix)
    signs = -np.ones(square.shape[0])
    signs[-1:] = 1.0
    # adding 0.0 turns the -0.0 of the products into 0.0
    return signs[:, None] * square[::-1, ::-1] * signs[None, :] + 0.0


def act_on_grid(tensor: torch.Tensor, matrix: np.ndarray, order: int = 2) -> torch.Tensor:
    """Move a field on a grid by an orthogonal map about the centre of the grid: ``out(p) = in(matrix^-1 p)``.

    Signed permutation matrices are exact: the samples are permuted, nothing is interpolated, and a quarter
    turn of a rectangular image swaps its sizes, as ``torch.rot90`` does. Any other matrix keeps the sizes and
    evaluates the B-spline of the given order through the samples, zero outside of the grid, with the values
    of ``scipy.ndimage.affine_transform(..., mode="constant", order=order)``.

    Args:
        tensor: shape [..., *spatial] with d spatial axes, ordered (x,), (-y, x) or (-z, -y, x); usually
            [B, C, H, W].
        matrix: orthogonal array of shape (d, d) in mathematical coordinates (x, y, z).
        order: order of the spline, 0 (nearest sample) to 5; unused where the map is exact.

    Returns:
        A tensor of the same dtype and device, [..., *spatial'], where the sizes are permuted like the axes if
        the map is exact and otherwise stay.

    Raises:
        ShapeError: if ``matrix`` is not square or the tensor has fewer axes than it.
        ArgumentError: if ``matrix`` is not orthogonal or ``order`` is not one of 0..5.
        ArgumentTypeError: if ``tensor`` is no tensor, or holds whole numbers and has to be interpolated.

    Source:
        M. Unser, "Splines: a perfect fit for signal and image processing", IEEE Signal Processing Magazine 16
        (1999).

    Example:
        >>> import numpy as np, torch
        >>> quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
        >>> act_on_grid(torch.tensor([[[[0, 1], [2, 3]]]]), quarter)[0, 0]
        tensor([[1, 3],
                [0, 2]])
    """
    if not isinstance(tensor, torch.Tensor):
        raise ArgumentTypeError(
            f"only a torch.Tensor can be moved, but was given {type(tensor).__name__}",
            hint="convert it with torch.as_tensor(x)",
        )
    if not is_whole(order) or not 0 <= order <= _MAX_ORDER:
        raise ArgumentError(f"The order of the spline is a whole number from 0 to {_MAX_ORDER}, but was {order!r}.")
    moved = memory_matrix(matrix)
    d = moved.shape[0]
    if tensor.ndim < d:
        raise ShapeError(
            f"A {d} x {d} matrix moves {d} spatial axes, but the tensor has shape {tuple(tensor.shape)}.",
            hint="Give a tensor of shape [batch, channels, *spatial].",
        )
    if not np.allclose(moved @ moved.T, np.eye(d), atol=_ORTHOGONAL, rtol=0.0):
        raise ArgumentError(
            "The matrix that acts on the grid is not orthogonal.", hint="Give a rotation or reflection."
        )
    if is_lattice_symmetry(moved):
        return _permute(tensor, np.round(moved).astype(int))
    return interpolate_on_grid(tensor, tuple(moved.ravel().tolist()), int(order))


def _square(matrix: np.ndarray) -> np.ndarray:
    """The matrix as a float64 array, refused unless it is square and finite."""
    square = np.asarray(matrix, dtype=np.float64)
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ShapeError(f"A map of the grid is a square matrix, but was given an array of shape {square.shape}.")
    if not np.all(np.isfinite(square)):
        raise ArgumentError("The matrix that acts on the grid holds values that are not finite.")
    return square


def _permute(tensor: torch.Tensor, moved: np.ndarray) -> torch.Tensor:
    """Exact action of a signed permutation: axis i of the result is axis ``source[i]``, flipped or not."""
    d = moved.shape[0]
    lead = tensor.ndim - d
    source = np.abs(moved).argmax(axis=1) if d else []
    axes = [*range(lead), *(lead + int(j) for j in source)]
    flipped = [lead + i for i, j in enumerate(source) if moved[i, j] < 0]
    result = tensor.permute(axes) if axes != sorted(axes) else tensor
    return result.flip(flipped) if flipped else result.contiguous()


def interpolate_on_grid(tensor: torch.Tensor, entries: tuple[float, ...], order: int = 2) -> torch.Tensor:
    """Evaluate the spline through the samples at the points ``moved^-1 p``, one weighted gather per tap, or one for all.

    The part of :func:`act_on_grid` that a compiler of torch can follow, for the matrix is a tuple of numbers.

    Args:
        tensor: shape [..., *spatial] with d spatial axes.
        entries: the d * d entries of :func:`memory_matrix`, row by row.
        order: order of the spline, 0 to 5.

    Returns:
        A tensor of the same shape, dtype and device.

    Raises:
        ArgumentTypeError: if ``tensor`` holds whole numbers.

    Example:
        >>> import torch
        >>> interpolate_on_grid(torch.ones(1, 1, 3, 3), (0.6, 0.8, -0.8, 0.6)).shape
        torch.Size([1, 1, 3, 3])
    """
    if not (tensor.is_floating_point() or tensor.is_complex()):
        raise ArgumentTypeError(
            f"This map needs interpolation, which a tensor of dtype {tensor.dtype} cannot hold.",
            hint="Convert it with tensor.float().",
        )
    d = isqrt(len(entries))
    # Tables are made for these sizes, also where torch traces for any: an index is a number to a compiler, too.
    spatial = tuple(operator.index(size) for size in tensor.shape[-d:])
    lead = tensor.shape[:-d]
    if tensor.numel() == 0:
        return tensor.clone()
    coefficients = tensor
    if order > 1:
        for axis, size in enumerate(spatial, start=-d):
            if size > 1:
                (filtering,) = _prefilter(tensor.device, tensor.dtype, size, order)
                coefficients = torch.matmul(coefficients.transpose(axis, -1), filtering.T).transpose(axis, -1)
    flat = coefficients.reshape(*lead, -1)
    indices, weights = _taps(tensor.device, torch.float64, entries, spatial, order)
    if flat.numel() * (order + 1) ** d <= _AT_ONCE:
        index, weight = indices[0], weights[0]
        for axis in range(1, d):
            index = (index[:, None] * spatial[axis] + indices[axis]).flatten(0, 1)
            weight = (weight[:, None] * weights[axis]).flatten(0, 1)
        taps = flat.index_select(-1, index.flatten()).unflatten(-1, index.shape)
        return (taps * weight.to(tensor.dtype)).sum(dim=-2).reshape(*lead, *spatial)
    result = torch.zeros_like(flat)
    # one tap at a time: gathering all (order + 1)^d at once would hold that many copies of the input
    for tap in np.ndindex(*[order + 1] * d):
        index = torch.zeros_like(indices[0, 0])
        weight = torch.ones_like(weights[0, 0])
        for axis, step in enumerate(tap):
            index = index * spatial[axis] + indices[axis, step]
            weight = weight * weights[axis, step]
        result = result + flat.index_select(-1, index) * weight.to(tensor.dtype)
    return result.reshape(*lead, *spatial)


def _kept_on_devices(make: Callable[..., tuple[np.ndarray, ...]]) -> Callable[..., tuple[torch.Tensor, ...]]:
    """Tables that stay on each device where they are used: a function of the device, the precision and what they are made from.

    A compiler of torch takes them for constants: the mark is that of ``torch.compiler.assume_constant_result``, which would load
    the compiler at once.

    Args:
        make: makes arrays from values that can be compared.
    """
    made = remembered(make)

    def moved(device: torch.device, dtype: torch.dtype, *values: Any) -> tuple[torch.Tensor, ...]:
        tables = map(torch.from_numpy, made(*values))
        return tuple(table.to(device, dtype if table.is_floating_point() else table.dtype) for table in tables)

    kept = remembered(moved)

    @functools.wraps(make)
    def on_device(device: torch.device, dtype: torch.dtype, *values: Any) -> tuple[torch.Tensor, ...]:
        # Tables made for inference could not be used in training later on.
        with torch.inference_mode(False):
            return (moved if has_modes() else kept)(device, dtype, *values)

    on_device._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return on_device


def has_modes() -> bool:
    """Whether torch makes fake or traced tensors, or those of ``torch.func``: they must not outlive what made them."""
    inside_func = torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue]
    return inside_func or torch._C._len_torch_dispatch_stack() > 0  # pyright: ignore[reportAttributeAccessIssue]


@_kept_on_devices
def _prefilter(size: int, order: int) -> tuple[np.ndarray]:
    """Matrix [size, size] from samples to the coefficients of the spline through them, mirrored at both ends.

    scipy's constant mode mirrors as well: its zeros start behind the last sample, not in the spline itself.
    """
    # Imported here: it takes longer than the rest of this package, and exact turns never need it.
    from scipy.ndimage import spline_filter1d

    columns = spline_filter1d(np.eye(size), order, axis=0, output=np.float64, mode="mirror")
    return (np.ascontiguousarray(columns),)


@_kept_on_devices
def _taps(entries: tuple[float, ...], spatial: tuple[int, ...], order: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and weights of the taps along each axis for each output sample.

    Returns:
        int64 and float64 arrays of shape [d, order + 1, samples]; the weights of axis 0 vanish for
        samples that come from outside of the grid.
    """
    d = len(spatial)
    inverse = np.array(entries).reshape(d, d).T
    centre = (np.array(spatial, dtype=np.float64) - 1.0) / 2.0
    places = np.stack(np.meshgrid(*[np.arange(n, dtype=np.float64) for n in spatial], indexing="ij"))
    places = places.reshape(d, -1) - centre[:, None]
    points = inverse @ places + centre[:, None]
    last = np.array(spatial, dtype=np.float64)[:, None] - 1.0
    inside = np.all((points >= -_EXACT) & (points <= last + _EXACT), axis=0)
    points = np.clip(points, 0.0, last)
    first = np.floor(points if order % 2 else points + 0.5) - order // 2
    steps = first[:, None, :] + np.arange(order + 1)[None, :, None]
    weights = _bspline(steps - points[:, None, :], order)
    weights[0] *= inside
    indices = np.stack([_mirror(steps[axis].astype(np.int64), n) for axis, n in enumerate(spatial)])
    return indices, weights


def _bspline(x: np.ndarray, order: int) -> np.ndarray:
    """Centred cardinal B-spline of the given order: ``1/n! sum_k (-1)^k C(n+1, k) (x + (n+1)/2 - k)_+^n``."""
    if order == 0:
        return np.ones_like(x)  # the one tap is the nearest sample, whichever side a tie falls
    # the spline is even, and its left half has the short sum, hence the least cancellation
    left = -np.abs(x) + (order + 1) / 2.0
    total = np.zeros_like(x)
    for k in range(order // 2 + 2):
        total += (-1) ** k * comb(order + 1, k) * np.maximum(left - k, 0.0) ** order
    return total / factorial(order)


def _mirror(index: np.ndarray, size: int) -> np.ndarray:
    """Indices reflected at the first and the last sample: d c b | a b c d | c b a."""
    if size == 1:
        return np.zeros_like(index)
    period = 2 * size - 2
    folded = np.mod(index, period)
    return np.where(folded < size, folded, period - folded)
