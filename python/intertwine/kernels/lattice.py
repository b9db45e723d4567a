"""The cells of a kernel as points of R^d."""

from __future__ import annotations

import numpy as np

from intertwine.memory import remembered


@remembered
def lattice_points(dimension: int, kernel_size: tuple[int, ...], dilation: tuple[float, ...]) -> np.ndarray:
    """Coordinates of the cells of a kernel about its centre, in the order in which a kernel lies in memory.

    Coordinates are those of mathematics: the last axis in memory is x; before it come y and z, which point up although rows and
    slices count down.

    Args:
        dimension: d.
        kernel_size: the number of cells along each axis of the kernel in memory.
        dilation: the distance of neighbouring cells along each axis.

    Returns:
        shape ``(cells, d)``; read-only.
    """
    axes = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(kernel_size, dilation, strict=True)]
    x, *others = reversed(np.meshgrid(*axes, indexing="ij"))
    points = np.stack([x.ravel(), *(-axis.ravel() for axis in others)], axis=1) + 0.0
    points.flags.writeable = False
    return points
