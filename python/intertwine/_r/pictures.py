"""Real images for R: scikit-learn's digits, and picture files through pillow."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

from intertwine import gspaces
from intertwine._r.crossing.values import on_disk
from intertwine._r.representations import standard
from intertwine.errors import ArgumentError, DataWarning, MissingDependencyError
from intertwine.group.catalogue.cyclic_dihedral import DihedralGroup
from intertwine.gspaces.resample import act_on_grid
from intertwine.training.data.augment import turn_images
from intertwine.training.data.files import MAX_PIXELS, read_image

_CHANNELS = {"grey": 1, "rgb": 3, "rgba": 4}


def digits() -> dict[str, np.ndarray]:
    """The handwritten digits that come with scikit-learn.

    Returns:
        `x`, uint8 of shape [1797, 8, 8] with values from 0 to 16, and `y`, int32 of shape [1797].
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise MissingDependencyError(
            "The digits come with scikit-learn, which is not installed.",
            hint="Install it with pip install scikit-learn",
        ) from error
    found: Any = load_digits()
    return {"x": found.images.astype(np.uint8), "y": found.target.astype(np.int32)}


def read(
    paths: list[str] | str,
    size: list[int] | None = None,
    channels: str = "grey",
    max_pixels: float = MAX_PIXELS,
    names: list[str] | str | None = None,
) -> np.ndarray:
    """Picture files as one array with values from 0 to 1.

    Args:
        paths: the files.
        size: height and width to resize to, or `None` if all are equal.
        channels: `"grey"`, `"rgb"` or `"rgba"`.
        max_pixels: a file of more pixels is refused.
        names: what the files are called in messages.

    Returns:
        float32 array of shape [files, channels, height, width].

    Raises:
        ArgumentError: if a file is no picture, or if sizes differ and none was asked for.
    """
    files = [paths] if isinstance(paths, str) else list(paths)
    shown = files if names is None else [names] if isinstance(names, str) else list(names)
    pictures: list[np.ndarray] = []
    several: list[str] = []
    for path, name in zip(files, shown, strict=True):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            chosen = None if size is None else (size[0], size[1])
            pictures.append(read_image(on_disk(path), _CHANNELS[channels], chosen, max_pixels=int(max_pixels)).numpy())
        if any(issubclass(warning.category, DataWarning) for warning in said):
            several.append(name)
        if pictures[-1].shape != pictures[0].shape:
            raise ArgumentError(
                f"The pictures differ in size: '{shown[0]}' is {_size(pictures[0])}, '{name}' is {_size(pictures[-1])}.",
                hint="Give the size to which each of them is resized, such as size = 64",
            )
    if several:
        more = f" and {len(several) - 3} more" if len(several) > 3 else ""
        warnings.warn(
            f"The first picture is read of each of {len(several)} files with several: {', '.join(several[:3])}{more}.",
            DataWarning,
            stacklevel=2,
        )
    return np.stack(pictures)


def _size(picture: np.ndarray) -> str:
    return " x ".join(str(n) for n in picture.shape[1:])


def move(pictures: torch.Tensor, matrix: torch.Tensor, order: int = 2) -> np.ndarray:
    """Move pictures about their centre by an orthogonal map of the plane or of space.

    Args:
        pictures: shape [pictures, channels, *spatial].
        matrix: shape [d, d], in the coordinates (x, y) or (x, y, z).
        order: order of the interpolating spline.

    Returns:
        The moved pictures.
    """
    return act_on_grid(pictures, matrix.numpy(), order=order).numpy()


def act(pictures: torch.Tensor, element: Any, space: Any = None, order: int = 2) -> np.ndarray:
    """Move pictures, volumes or signals as a group element moves a space.

    Args:
        pictures: shape [pictures, channels, *spatial].
        element: a group element.
        space: the space it acts in; by default the usual one of its group.
        order: order of the interpolating spline.

    Returns:
        The moved pictures.
    """
    dimension = pictures.dim() - 2
    if space is None:
        matrix = _plane_of(element.group).basespace_action(element) if dimension == 2 else _usual(element, dimension)
    else:
        matrix = space.basespace_action(element)
    if len(matrix) != dimension:
        moved = ("signals", "images", "volumes")[dimension - 1]
        raise ArgumentError(
            f"The element moves {len(matrix)} axes of space, but {moved} have {dimension}.",
            hint="Take an element of a space of as many axes, or say in which space it acts, with gs",
        )
    return act_on_grid(pictures, matrix, order=order).numpy()


def _usual(element: Any, dimension: int) -> np.ndarray:
    """The matrix by which an element moves the usual space of its group; the line has its mirror alone."""
    if dimension == 1 and element.group.order() == 2:
        return np.array([[1.0 if element == element.group.identity else -1.0]])
    return standard(element.group)(element)


def _plane_of(group: Any) -> Any:
    order = group.order()
    space = gspaces.flipRot2dOnR2(order // 2) if isinstance(group, DihedralGroup) else gspaces.rot2dOnR2(order)
    if space.fibergroup == group:
        return space
    raise ArgumentError(
        f"The group {group} has no usual way to act on images of the plane.",
        hint="Take an element of gspace_rot2d() or gspace_flip_rot2d(), or give gs, the space of the plane in which it acts",
    )


def turn(pictures: torch.Tensor, angles: torch.Tensor, order: int = 2) -> np.ndarray:
    """Pictures [pictures, channels, height, width], each turned counter-clockwise by its own angle in radians."""
    return turn_images(pictures, torch.rad2deg(angles), order=order).numpy()


def resize(pictures: torch.Tensor, size: list[int]) -> np.ndarray:
    """Pictures [pictures, channels, *spatial] of another size, within their range of values.

    Cubic interpolation goes axis by axis, so that volumes and signals are made of pictures.
    """
    resized = pictures
    for axis, length in enumerate(size, start=2):
        lines = resized.movedim(axis, -1)
        picture = lines.reshape(1, 1, -1, lines.shape[-1])
        picture = torch.nn.functional.interpolate(
            picture, size=(picture.shape[2], length), mode="bicubic", align_corners=False, antialias=True
        )
        resized = picture.reshape(*lines.shape[:-1], length).movedim(-1, axis)
    # cubics overshoot at edges, which would make ink darker than black
    return resized.clamp(pictures.amin(), pictures.amax()).numpy()


def moves(space: Any, elements: list[Any]) -> dict[str, list[Any]]:
    """What group elements do to the plane: the angle of a turn, or that of the axis of a mirror, in degrees."""
    matrices = [space.basespace_action(element) for element in elements]
    mirrored = [bool(np.linalg.det(matrix) < 0) for matrix in matrices]
    angles = [float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) for matrix in matrices]
    degrees = [(a / 2) % 180 if mirror else a % 360 for a, mirror in zip(angles, mirrored, strict=True)]
    return {"degrees": [round(a, 6) for a in degrees], "mirrored": mirrored}
