"""Windows on a grid: whether they fit into it, lie evenly about its centre, and treat alike what the group exchanges."""

from __future__ import annotations

from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, ShapeError
from intertwine.fields import FieldType


def need_window_fits(
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


def need_output(
    name: str,
    shape: tuple[int, ...],
    window: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    output_padding: tuple[int, ...],
) -> None:
    """Raises if a transposed convolution would leave nothing.

    Args:
        name: the layer's name, for the message.
        shape: of the input, ``(batch, channels, *space)``.
        window: cells that the kernel spans along each axis.
        stride: distance of the input's cells in the output.
        padding: cells taken away on both sides of each axis.
        output_padding: cells added at one end of each axis.

    Raises:
        ShapeError: naming the sizes.
    """
    axes = zip(shape[2:], window, stride, padding, output_padding, strict=True)
    left = tuple((n - 1) * step + width - 2 * cut + more for n, width, step, cut, more in axes)
    if min(left) < 1:
        raise ShapeError(
            f"{name} with padding {padding} takes away all {shape[2:]} cells and more: {left} would be left",
            hint="use larger images, or less padding",
        )


def same_padding(name: str, window: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    """The padding for which the output is as large as the input.

    Args:
        name: the layer's name, for the message.
        window: cells that the kernel spans along each axis.
        stride: distance of output cells.

    Raises:
        ArgumentError: if there is none that is the same on both sides.
    """
    if any(step != 1 for step in stride):
        raise ArgumentError(f"{name} with padding='same' needs stride 1, not {stride}")
    if any(width % 2 == 0 for width in window):
        raise ArgumentError(
            f"{name} with padding='same' needs as many cells on both sides, but a kernel that spans {window} cells would have "
            "one more on one side, which is not equivariant",
            hint="use an odd kernel_size",
        )
    return tuple(width // 2 for width in window)


def smallest_input(window: tuple[int, ...], padding: tuple[int, ...], mode: str = "zeros") -> int:
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


def uneven_windows(
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


def uneven_settings(in_type: FieldType, settings: dict[str, tuple[Any, ...]]) -> list[str]:
    """The settings that differ between axes of space that the group mixes.

    Args:
        in_type: the type.
        settings: numbers by axis in memory, by the name of the argument.
    """
    action = in_type.gspace.basespace_action
    moving = np.concatenate([action.generator_matrices, action.lie_matrices])[:, ::-1, ::-1]
    mixed = (np.abs(moving) > 1e-9).any(axis=0) if len(moving) else np.zeros(2 * (action.size,), dtype=bool)
    return [
        f"{name}={values}"
        for name, values in settings.items()
        if any(values[i] != values[j] for i, j in zip(*np.nonzero(mixed), strict=True))
    ]


def refuse_uneven(in_type: FieldType, layer: str, **settings: tuple[Any, ...]) -> None:
    """Raises if settings differ between axes of space that the group mixes.

    Args:
        in_type: the type.
        layer: the name of the layer.
        **settings: numbers by axis, by the name of the argument.

    Raises:
        ArgumentError: naming the settings.
    """
    uneven = uneven_settings(in_type, settings)
    if uneven:
        raise ArgumentError(
            f"{layer} with {', '.join(uneven)} treats the axes of space (in memory) differently, but {in_type.fibergroup} "
            "mixes them: no kernel of that shape is equivariant",
            hint="use equal numbers along these axes, or a group that leaves them apart, such as rot2dOnR3 for slices",
        )


def size_text(size: tuple[int, ...]) -> str:
    """A size as messages name it, such as ``28 x 28``.

    Args:
        size: along each axis of space.
    """
    return " x ".join(map(str, size)) if size else "no grid"
