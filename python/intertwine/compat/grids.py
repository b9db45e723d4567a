"""Functions of the peers on grids, over those of ours."""

from __future__ import annotations

import numpy as np
import torch

from intertwine import gspaces, nn
from intertwine.gspaces.resample import act_on_grid


def _moved(x: np.ndarray, matrix: np.ndarray, order: int = 2) -> np.ndarray:
    return act_on_grid(torch.from_numpy(np.ascontiguousarray(x)), np.asarray(matrix, dtype=float), order).numpy()


def rotate_array_2d(x: np.ndarray, angle: float) -> np.ndarray:
    """Images turned counter-clockwise about their centre.

    Args:
        x: shape ``(..., height, width)``.
        angle: in radians.
    """
    c, s = np.cos(angle), np.sin(angle)
    return _moved(x, np.array([[c, -s], [s, c]]))


rotate_array = rotate_array_2d


def linear_transform_array_nd(x: np.ndarray, trafo: np.ndarray, exact: bool = True, order: int = 2) -> np.ndarray:
    """Images or volumes moved by an orthogonal matrix about their centre.

    Args:
        x: shape ``(..., *space)``.
        trafo: the matrix, in the coordinates x, y, z.
        exact: has no effect: what carries the grid to itself is exact.
        order: of the spline between the samples.
    """
    return _moved(x, trafo, order)


linear_transform_array_3d = linear_transform_array_nd


def get_grid_coords(d: int, kernel_size: int, dilation: int = 1) -> np.ndarray:
    """The coordinates x (right), y (up), z of the cells of a kernel, shape ``(kernel_size^d, d)``.

    Args:
        d: the dimension of the space.
        kernel_size: the number of cells along each axis.
        dilation: the distance of the cells.
    """
    steps = dilation * (np.arange(kernel_size) - (kernel_size - 1) / 2)
    memory = np.meshgrid(*(d * [steps]), indexing="ij")
    # The last axis of memory is x; the others point against theirs.
    axes = [memory[d - 1], *(-axis for axis in reversed(memory[: d - 1]))]
    return np.stack([axis.ravel() for axis in axes], axis=1)


def get_grid_coords_e2cnn(kernel_size: int, dilation: int = 1) -> np.ndarray:
    """The coordinates x (right), y (up) of the cells of a kernel, shape ``(2, kernel_size^2)``.

    Args:
        kernel_size: the number of cells along each axis.
        dilation: the distance of the cells.
    """
    return get_grid_coords(2, kernel_size, dilation).T


def build_mask(
    s: int, dim: int = 2, margin: float = 2.0, sigma: float = 2.0, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """A disc (or ball) that falls off at its edge, shape ``(1, 1, *space)``.

    Args:
        s: the size along each axis.
        dim: the dimension of the space, 2 or 3.
        margin: how much smaller it is, in percent of half the size.
        sigma: the width of the edge, in cells.
        dtype: of the result.
    """
    space = gspaces.trivialOnR2() if dim == 2 else gspaces.trivialOnR3()
    mask = nn.MaskModule(nn.FieldType(space, [space.trivial_repr]), s, margin, sigma)
    return mask.masters["mask"].to(dtype)


def build_mask_e2cnn(s: int, margin: float = 2.0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """The same for images, with an edge 2 cells wide.

    Args:
        s: the size along each axis.
        margin: how much smaller it is, in percent of half the size.
        dtype: of the result.
    """
    return build_mask(s, 2, margin, 2.0, dtype)
