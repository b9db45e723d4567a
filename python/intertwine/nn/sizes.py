"""Whole numbers for the axes of space."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError

_MOST = 2**31 - 1
"""Kernels of torch count in 32 bits."""


def need_room(
    name: str, shape: tuple[int, ...], window: tuple[int, ...], padding: tuple[int, ...], mode: str = "zeros"
) -> None:
    """Raises unless a window fits into the padded input.

    Args:
        name: the layer's name, for the message.
        shape: of the input, ``(batch, channels, *space)``.
        window: cells that the window spans along each axis.
        padding: cells added on both sides of each axis.
        mode: how they are filled.

    Raises:
        ShapeError: naming the sizes.
    """
    for size, width, margin in zip(shape[2:], window, padding, strict=True):
        if size + 2 * margin < width:
            raise ShapeError(
                f"{name} has a window of {width} cells, but the input has the shape {tuple(shape)} and {margin} cells of padding",
                hint="use larger images, padding, or a smaller kernel",
            )
        if (mode == "circular" and margin > size) or (mode == "reflect" and margin >= size):
            raise ShapeError(
                f"{name} pads {margin} cells by {mode} values, but the input has the shape {tuple(shape)}",
                hint="use larger images or padding_mode='zeros'",
            )


def least_room(window: tuple[int, ...], padding: tuple[int, ...], mode: str = "zeros") -> int:
    """A number of cells that is enough for a window along every axis.

    Args:
        window: cells that the window spans along each axis.
        padding: cells added on both sides of each axis.
        mode: how they are filled.
    """
    beyond = {"circular": 0, "reflect": 1}.get(mode)
    return max(
        max(width - 2 * margin, 0 if beyond is None else margin + beyond)
        for width, margin in zip(window, padding, strict=True)
    )


def off_centre(
    size: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]
) -> str | None:
    """Why windows on a grid do not lie evenly about its centre; ``None`` if they do.

    The windows cover the padded axis of n cells evenly if (n - window) is a multiple of the stride.

    Args:
        size: cells along each axis.
        window: cells of a window along each axis.
        stride: distance of windows.
        padding: cells added at both ends.
    """
    for n, width, step, margin in zip(size, window, stride, padding, strict=True):
        left = (n + 2 * margin - width) % step
        if left:
            return (
                f"windows of {width} at a distance of {step} leave {left} of the {n + 2 * margin} cells over, "
                "all at one end"
            )
    return None


def size_text(size: tuple[int, ...]) -> str:
    """A size as messages name it, such as ``28 x 28``.

    Args:
        size: along each axis of space.
    """
    return " x ".join(map(str, size)) if size else "no grid"


def sizes_of(value: Any, dimension: int, name: str, *, least: int) -> tuple[int, ...]:
    """One whole number for each axis of space.

    Args:
        value: one number, or one for each axis.
        dimension: the number of axes.
        name: the argument's name, for the message.
        least: the smallest value allowed.

    Raises:
        ArgumentTypeError: if it is no whole number.
        ArgumentError: if it is too small, or there are too many or too few.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else dimension * (value,)
    for entry in values:
        if isinstance(entry, bool) or not isinstance(entry, (int, np.integer)):
            raise ArgumentTypeError(f"{name} must be a whole number or one for each axis, not {value!r}")
        if entry < least:
            raise ArgumentError(f"{name} must be at least {least}, not {value!r}")
        if entry > _MOST:
            raise ArgumentError(f"{name} must be at most {_MOST}, not {value!r}")
    if len(values) != dimension:
        raise ArgumentError(
            f"{name} needs one number for each of the {dimension} axes of space, but {value!r} was given"
        )
    return tuple(int(entry) for entry in values)


def relative_sizes(value: Any, dimension: int, name: str) -> tuple[float, ...]:
    """One positive number for each axis of space, divided by the smallest of them.

    Args:
        value: one number, or one for each axis.
        dimension: the number of axes.
        name: the argument's name, for the message.

    Raises:
        ArgumentTypeError: if it is no number.
        ArgumentError: if one is not positive, or there are too many or too few.
    """
    values = tuple(value) if isinstance(value, (tuple, list)) else dimension * (value,)
    if any(isinstance(entry, bool) or not isinstance(entry, (int, float, np.number)) for entry in values):
        raise ArgumentTypeError(f"{name} must be a number or one for each axis, not {value!r}")
    if len(values) != dimension or not all(0 < entry < np.inf for entry in values):
        raise ArgumentError(f"{name} needs one positive number for each of the {dimension} axes, not {value!r}")
    return tuple(float(entry / min(values)) for entry in values)
