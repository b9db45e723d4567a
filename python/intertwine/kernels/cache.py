"""A cache for filters that are expanded from parameters: valid as long as the parameters have the same values."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from intertwine.kernels.torch_modes import has_values, is_traced

_Result = TypeVar("_Result")


class _Place:
    """One parameter and where its numbers lie."""

    __slots__ = ("_address", "dtype", "parameter")

    def __init__(self, parameter: torch.Tensor) -> None:
        self.parameter, self.dtype, self._address = parameter, parameter.dtype, parameter.data_ptr()

    def in_place(self, parameter: torch.Tensor | None) -> bool:
        """Whether this is that parameter, with its numbers at the same address; their values are not looked at."""
        if parameter is None or parameter is not self.parameter:
            return False
        return parameter.dtype is self.dtype and parameter.data_ptr() == self._address


class _Snapshot:
    """One parameter and its numbers at a time.

    Two blocks of bytes are compared in a quarter of the time of two tensors, and a NaN equals itself there. In a small layer all
    of this runs with cold caches after each convolution, so that what the processor need not touch is left out.
    """

    __slots__ = ("_address", "_bytes", "_live", "_size", "_tensor", "dtype", "parameter")

    def __init__(self, parameter: torch.Tensor) -> None:
        self.parameter, self.dtype, self._size = parameter, parameter.dtype, parameter.numel()
        plain = parameter.detach()
        self._tensor: torch.Tensor | None = None
        if plain.device.type == "cpu" and plain.is_contiguous() and self._size:
            self._address = plain.data_ptr()
            # A view of NumPy would keep the storage from being resized, as FSDP does it. This one owns nothing; it is read only
            # while the parameter lies there.
            self._live = (ctypes.c_char * (self._size * plain.element_size())).from_address(self._address)
            self._bytes = bytearray(self._live)
        else:
            self._address = 0
            self._tensor = plain.clone()

    def same(self, parameter: torch.Tensor | None) -> bool:
        """Whether this is that parameter, with those numbers."""
        if parameter is None or parameter is not self.parameter:
            return False
        if parameter.dtype is not self.dtype or parameter.numel() != self._size:
            return False
        saved = self._tensor
        if saved is None:
            # At another address the live view is of memory that the parameter has left.
            return parameter.data_ptr() == self._address and parameter.is_contiguous() and self._bytes == self._live
        return parameter.device == saved.device and parameter.shape == saved.shape and torch.equal(saved, parameter)


class _Watch:
    """Thaws frozen caches after a step of an optimiser that changes their parameters; watches only while there are some."""

    def __init__(self) -> None:
        self._caches: weakref.WeakSet[FilterCache] = weakref.WeakSet()
        self._hook: Any = None

    def add(self, cache: FilterCache) -> None:
        self._caches.add(cache)
        if self._hook is None:
            self._hook = register_optimizer_step_post_hook(self._after_step)

    def remove(self, cache: FilterCache) -> None:
        self._caches.discard(cache)
        self._rest()

    def _rest(self) -> None:
        if not self._caches and self._hook is not None:
            self._hook.remove()
            self._hook = None

    def _after_step(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        moved = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        for cache in [*self._caches]:
            if cache.holds(moved):
                cache.clear()
        self._rest()


_WATCH = _Watch()


class FilterCache:
    """The filters that were last expanded from parameters, valid only while these equal the copies that were made of them.

    Version counters miss fused optimisers and writes through ``.data``, so values are compared on the CPU. On other devices a
    comparison would wait for all that is queued there, so that nothing is kept. A frozen cache does not look at the values.
    It is never saved, copied or traced.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[Any, Any], Any]] = {}
        self.frozen = False

    def clear(self) -> None:
        """Forgets everything, and thaws: values are compared again."""
        self._held.clear()
        if self.frozen:
            self.frozen = False
            _WATCH.remove(self)

    def freeze(self) -> None:
        """From now on what is kept counts as good as long as the parameters are the same tensors at the same place.

        `clear` and steps of optimisers on these parameters thaw it. What was kept before is forgotten.
        """
        if not self.frozen:
            self._held.clear()
            self.frozen = True
            _WATCH.add(self)

    def holds(self, parameters: set[int]) -> bool:
        """Whether something was made of one of these parameters, given by their ``id``."""
        return any(
            part is not None and id(part.parameter) in parameters for parts, _ in self._held.values() for part in parts
        )

    def get(
        self,
        name: str,
        expand: Callable[..., _Result],
        weights: torch.Tensor,
        bias: torch.Tensor | None = None,
    ) -> _Result:
        """The expansion of parameters, from the cache where that is safe.

        Args:
            name: the name of the entry.
            expand: computes the result.
            weights: the first parameter of ``expand``.
            bias: its second parameter; ``None`` without one.
        """
        if torch.is_grad_enabled() or is_traced():
            return expand(weights, bias)
        held = self._held.get(name)
        if held is not None:
            (one, two), result = held
            if self.frozen:
                if one.in_place(weights) and (bias is None if two is None else two.in_place(bias)):
                    return result
            elif one.same(weights) and (bias is None if two is None else two.same(bias)):
                return result
        result = expand(weights, bias)
        on_host = weights.device.type == "cpu"
        if (self.frozen or on_host) and _is_plain(weights) and (bias is None or _is_plain(bias)):
            taken = _Place if self.frozen else _Snapshot
            self._held[name] = ((taken(weights), None if bias is None else taken(bias)), result)
        return result

    def __reduce__(self) -> tuple[type[FilterCache], tuple[()]]:
        return (FilterCache, ())

    def __deepcopy__(self, memo: dict[int, object]) -> FilterCache:
        return FilterCache()


def _is_plain(parameter: torch.Tensor) -> bool:
    """Whether it is no subclass of a tensor, and its values can be read."""
    return type(parameter) in (torch.Tensor, torch.nn.Parameter) and has_values(parameter)
