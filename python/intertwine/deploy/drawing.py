"""Building modules whose weights are replaced at once, without drawing them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class NothingDrawn(TorchFunctionMode):
    """Inside of the block nothing is drawn from torch's global generators in this thread; what would be drawn is zero.

    Args:
        needed: whether to draw from a generator of its own instead, for constructors that may not get along with zeros, such as
            one that inverts a matrix.

    Saving and restoring the generators' states would take numbers back that other threads have drawn meanwhile. A mode that sees
    functions, not one that sees the operations below them: the latter imports torch's compiler, which takes three seconds.

    Example:
        >>> import torch
        >>> torch.manual_seed(0).initial_seed()
        0
        >>> before = torch.get_rng_state()
        >>> with NothingDrawn():
        ...     layer = torch.nn.Linear(3, 2)
        >>> torch.equal(torch.get_rng_state(), before)
        True
    """

    def __init__(self, needed: bool = False) -> None:
        super().__init__()
        self._needed = needed
        # one for all, for who draws until it fits must not get the same for ever
        self._generator = torch.Generator().manual_seed(0)

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        if kwargs.get("generator") is not None or not _draws(name):
            return func(*args, **kwargs)
        kwargs.pop("generator", None)
        if not self._needed:
            if name.endswith("_"):  # of a tensor, or of torch.nn.init
                with torch.no_grad():
                    return (args[0] if args else kwargs["tensor"]).zero_()
            if name in ("rand", "randn"):
                return torch.zeros(*args, **kwargs)
        try:
            return func(*args, **kwargs, generator=self._generator)
        except (TypeError, RuntimeError):  # takes no generator, or none of the CPU
            tensor = args[0] if args else next(iter(kwargs.values()))
            return tensor.zero_() if name.endswith("_") else torch.zeros_like(tensor)


@lru_cache(maxsize=4096)
def _draws(name: str) -> bool:
    """Whether a function of torch draws random numbers, as torch says of the operation of that name."""
    if name in ("kaiming_uniform_", "trunc_normal_"):
        return True
    operation = getattr(torch.ops.aten, name, None) if name and not name.startswith("__") else None
    if operation is None:
        return False
    overloads = (getattr(operation, overload) for overload in operation.overloads())
    return any(torch.Tag.nondeterministic_seeded in overload.tags for overload in overloads)
