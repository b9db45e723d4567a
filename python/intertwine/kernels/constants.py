"""Constants of modules: buffers that are not saved, and that are cast from an exact float64 original after each `.to()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch


class _Master:
    """A constant in float64 or int64, shared by all copies of a module."""

    __slots__ = ("value",)

    def __init__(self, value: torch.Tensor) -> None:
        self.value = value

    def __deepcopy__(self, memo: dict[int, object]) -> _Master:
        return self


class ConstantModule(torch.nn.Module):
    """A module with constants that follow its device and dtype but are no part of its state.

    Each cast starts from the float64 master: going to half precision and back, or through the meta device, loses nothing.

    Attributes:
        derived: names of attributes that can be computed from the others, such as caches. Model files leave them out. A subclass
            lists its own; those of its base classes count as well.
    """

    derived: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self._masters: dict[str, _Master] = {}

    def register_constant(self, name: str, value: np.ndarray | torch.Tensor) -> None:
        """Adds a constant as a buffer that is not saved.

        Args:
            name: the attribute that holds it, in the module's dtype.
            value: its exact value, float64 or whole numbers.
        """
        # The master lies in memory also while a module is built on the meta device.
        master = torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value, device="cpu")
        self._masters[name] = _Master(master)
        cast = master.to(torch.get_default_dtype()) if master.is_floating_point() else master
        self.register_buffer(name, cast.to(torch.empty(0).device), persistent=False)

    @property
    def masters(self) -> dict[str, torch.Tensor]:
        """The exact values of the constants by name."""
        return {name: master.value for name, master in self._masters.items()}

    def set_master(self, name: str, value: torch.Tensor | None) -> None:
        """Changes the exact value that later casts start from; the buffer itself stays as it is.

        Args:
            name: of the constant.
            value: its exact value; ``None`` if it is no constant any more.
        """
        if value is None:
            self._masters.pop(name, None)
        else:
            self._masters[name] = _Master(value)

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> ConstantModule:
        super()._apply(fn, recurse)
        for name, master in self._masters.items():
            held = self._buffers[name]
            if held is not None:
                self._buffers[name] = master.value.to(device=held.device, dtype=held.dtype)
        return self
