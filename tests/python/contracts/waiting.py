"""Whether a layer waits for its device: to read a number there is to wait until all that is queued has been computed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any
from unittest import mock

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from intertwine.gspaces import resample

from .layers import LAYERS, build

DEVICE = "lazy"
"""Stands for any device: the only one besides the CPU for which autograd runs in every build of torch. Its tensors are fake,
shapes without numbers, so that whatever needs a number there (`item`, `equal`, `nonzero`, a mask, a condition) raises."""


class Watch(TorchDispatchMode):
    """Counts operations, and refuses copies between the device and the CPU in either direction."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.operations += 1
        if func is torch.ops.aten._to_copy.default or func is torch.ops.aten.copy_.default:
            source = args[0] if func is torch.ops.aten._to_copy.default else args[1]
            if source.device.type != out.device.type:
                raise RuntimeError(f"a copy from {source.device} to {out.device}")
        return out


def on_device(module: torch.nn.Module) -> torch.nn.Module:
    """The module, with fake tensors on the device in place of its own; call it in a mode of fake tensors."""
    for part in module.modules():
        for name, parameter in part._parameters.items():
            if parameter is not None:
                part._parameters[name] = torch.nn.Parameter(torch.empty_like(parameter, device=DEVICE))
        for name, buffer in part._buffers.items():
            if buffer is not None:
                part._buffers[name] = torch.empty_like(buffer, device=DEVICE)
    return module


def operations(module: torch.nn.Module, *inputs: torch.Tensor, backward: bool = True) -> int:
    """How many operations a call takes; raises if one of them waits."""
    # torch has no autocast for this device.
    with (
        mock.patch("torch.is_autocast_enabled", return_value=False),
        torch.set_grad_enabled(backward),
        Watch() as watch,
    ):
        y = module(*inputs)
        if backward:
            wanted = [value for value in (*inputs, *module.parameters()) if value.requires_grad]
            torch.autograd.grad(y.sum(), wanted, allow_unused=True)
    return watch.operations


@contextlib.contextmanager
def kept_tables(module: torch.nn.Module, x: torch.Tensor) -> Iterator[None]:
    """A module that moves images between their pixels has been called with their size: its tables are on the device.

    Fake tables are not kept, for they must not outlive their mode; so they are kept here until the end.
    """
    made = {name: functools.lru_cache(None)(getattr(resample, name)) for name in ("_prefilter", "_taps")}
    with mock.patch.multiple(resample, **made):
        if any(getattr(part, "interpolates", False) for part in module.modules()):
            with mock.patch("torch.is_autocast_enabled", return_value=False):
                module(x)
        yield


def never_waits(name: str) -> None:
    """Forward and backward in both modes, and evaluation without gradients twice, since caches look at the second call."""
    module = build(name)
    # Larger than elsewhere, since some layers compute large inputs in another way.
    side = LAYERS[name].side if LAYERS[name].fixed or not LAYERS[name].side else 33
    space = (side,) * module.in_type.gspace.dimensionality
    with FakeTensorMode(allow_non_fake_inputs=True):
        on_device(module)
        x = torch.empty(2, module.in_type.size, *space, device=DEVICE, requires_grad=True)
        with kept_tables(module, x):
            for training in (True, False):
                operations(module.train(training), x)
            for _ in range(2):
                operations(module, x, backward=False)
