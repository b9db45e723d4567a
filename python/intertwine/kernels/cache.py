"""A cache for filters that are expanded from parameters: valid as long as the parameters have the same values."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, TypeVar

import torch

_Result = TypeVar("_Result")


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


class FilterCache:
    """The filters that were last expanded from parameters, valid only while these equal the copies that were made of them.

    Version counters miss fused optimisers and writes through ``.data``, so values are compared. It is never saved, copied or
    traced.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[tuple[_Snapshot, _Snapshot | None], Any]] = {}

    def clear(self) -> None:
        """Forgets everything."""
        self._held.clear()

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
        if (
            torch.is_grad_enabled() or torch.compiler.is_compiling() or torch._C._is_tracing()  # pyright: ignore[reportAttributeAccessIssue]
        ):
            return expand(weights, bias)
        held = self._held.get(name)
        if held is not None:
            (one, two), result = held
            if one.same(weights) and (bias is None if two is None else two.same(bias)):
                return result
        result = expand(weights, bias)
        if _is_plain(weights) and (bias is None or _is_plain(bias)):
            self._held[name] = ((_Snapshot(weights), None if bias is None else _Snapshot(bias)), result)
        return result

    def __reduce__(self) -> tuple[type[FilterCache], tuple[()]]:
        return (FilterCache, ())

    def __deepcopy__(self, memo: dict[int, object]) -> FilterCache:
        return FilterCache()


def _is_plain(parameter: torch.Tensor) -> bool:
    """Whether it has numbers of its own, which it has not on the meta device and inside of torch.func."""
    return (
        type(parameter) in (torch.Tensor, torch.nn.Parameter)
        and parameter.device.type != "meta"
        and not torch._C._functorch.is_functorch_wrapped_tensor(parameter)  # pyright: ignore[reportAttributeAccessIssue]
    )
