"""Devices by name, checked before anything is moved to them."""

from __future__ import annotations

import torch

from intertwine.errors import ArgumentError


def available_devices() -> list[str]:
    """The kinds of device that torch can use here, the fastest first.

    Example:
        >>> available_devices()[-1]
        'cpu'
    """
    kinds = []
    if torch.cuda.is_available():
        kinds.append("cuda")
    if torch.backends.mps.is_available():
        kinds.append("mps")
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        kinds.append("xpu")
    return [*kinds, "cpu"]


def check_device(device: str | torch.device) -> torch.device:
    """The device of a name.

    Args:
        device: "auto" (the fastest there is), "cpu", "cuda", "cuda:1", "mps", ...

    Raises:
        ArgumentError: if there is no such device here.

    Example:
        >>> check_device("cpu")
        device(type='cpu')
    """
    here = available_devices()
    if device == "auto":
        return torch.device(here[0])
    use = f"use {', '.join(repr(name) for name in here)}" if len(here) > 1 else "use 'cpu'"
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ArgumentError(f"{device!r} names no device", hint=use) from error
    if found.type not in here:
        raise ArgumentError(f"the device {str(device)!r} is not available here", hint=use)
    if found.type == "cuda" and found.index is not None and found.index >= torch.cuda.device_count():
        raise ArgumentError(
            f"there is no device {str(device)!r}: the last one is 'cuda:{torch.cuda.device_count() - 1}'", hint=use
        )
    return found
