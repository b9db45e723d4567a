"""Freezing: a promise that weights stay as they are, so that evaluation need not look at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from intertwine.errors import ArgumentTypeError
from intertwine.kernels import FilterCache
from intertwine.suggestions import suggests

_Module = TypeVar("_Module", bound=torch.nn.Module)


def _caches(module: torch.nn.Module) -> list[FilterCache]:
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"only a torch module can be frozen, but {type(module).__name__} was given")
    found = (getattr(part, "_cache", None) for part in module.modules())
    return [cache for cache in found if isinstance(cache, FilterCache)]


@suggests
def freeze(module: _Module) -> _Module:
    """Promises that the weights of a module stay as they are: in eval mode without gradients, filters are expanded once.

    Without this, each layer compares its weights with a copy at every call on the CPU, and expands them at every call on other
    devices, where a comparison would wait for the device. `predict()`, `evaluate()` and the validation of `fit()` freeze a
    module while they run.

    What ends it: `train()` and `eval()`, loading a state, moving or casting the module, a step of an optimiser on its weights,
    other tensors in the place of its parameters or their data, and `thaw`. Nobody sees writes in place: ``weight.mul_(2)``,
    ``weight.data[0] = 1``, writes through NumPy or DLPack, and copies by collectives. Call `thaw` after them.

    Args:
        module: any torch module; all equivariant layers in it are frozen.

    Returns:
        The module itself.

    Raises:
        ArgumentTypeError: if it is no module.

    Example:
        >>> from intertwine import gspaces, nn
        >>> fields = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> model = nn.freeze(nn.R2Conv(fields, fields, 3).eval())
        >>> nn.is_frozen(model), nn.is_frozen(model.train())
        (True, False)
    """
    for cache in _caches(module):
        cache.freeze()
    return module


@suggests
def thaw(module: _Module) -> _Module:
    """Ends what `freeze` promised; filters are expanded anew from the weights as they are now.

    Args:
        module: any torch module.

    Returns:
        The module itself.

    Example:
        >>> from intertwine import gspaces, nn
        >>> fields = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> nn.is_frozen(nn.thaw(nn.freeze(nn.R2Conv(fields, fields, 3).eval())))
        False
    """
    for cache in _caches(module):
        cache.clear()
    return module


@suggests
def is_frozen(module: torch.nn.Module) -> bool:
    """Whether some layer of a module is frozen, see `freeze`.

    Args:
        module: any torch module.
    """
    return any(cache.frozen for cache in _caches(module))


@suggests
@contextmanager
def frozen(module: torch.nn.Module) -> Iterator[None]:
    """Freezes a module for a while, see `freeze`; layers that were frozen before remain so.

    Args:
        module: any torch module.

    Example:
        >>> from intertwine import gspaces, nn
        >>> fields = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> model = nn.R2Conv(fields, fields, 3).eval()
        >>> with nn.frozen(model), torch.no_grad():
        ...     y = model(torch.randn(1, 8, 5, 5))
        >>> nn.is_frozen(model)
        False
    """
    own = [cache for cache in _caches(module) if not cache.frozen]
    for cache in own:
        cache.freeze()
    try:
        yield
    finally:
        for cache in own:
            if cache.frozen:
                cache.clear()
