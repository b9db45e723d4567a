"""How torch runs the surrounding code: under autocast, while it is traced, or inside of torch.func."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch


def without_autocast(tensor: torch.Tensor) -> AbstractContextManager[None]:
    """A context in which autocast does not round matrices, and with them the symmetry.

    Args:
        tensor: what is computed with.
    """
    device = tensor.device.type
    if device == "meta" or not torch.is_autocast_enabled(device):
        return nullcontext()
    return torch.autocast(device, enabled=False)  # type: ignore[return-value]


def is_traced() -> bool:
    """Whether torch compiles or traces the code, so that its path may not depend on values."""
    return torch.compiler.is_compiling() or torch._C._is_tracing()  # pyright: ignore[reportAttributeAccessIssue]


def has_values(tensor: torch.Tensor) -> bool:
    """Whether the values of a tensor can be read, which is not so on the meta device and inside of ``torch.func``.

    Args:
        tensor: any.
    """
    return tensor.device.type != "meta" and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)  # pyright: ignore[reportAttributeAccessIssue]


def is_readable(tensor: torch.Tensor) -> bool:
    """Whether the values of a tensor can be read at once: on a device one would wait for all that is queued there.

    Args:
        tensor: any.
    """
    return tensor.device.type == "cpu" and has_values(tensor)
