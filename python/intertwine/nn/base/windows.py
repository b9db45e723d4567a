"""Windows on a grid: whether they fit into it, and whether they lie evenly about its centre."""

from __future__ import annotations

from intertwine.errors import ShapeError


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
