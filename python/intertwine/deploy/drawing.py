"""Building modules whose random weights are replaced at once, without drawing them."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode


class NothingDrawn(TorchDispatchMode):
    """Inside of the block nothing is drawn from torch's global generators in this thread; what would be drawn is zero.

    Saving and restoring the generators' states would take numbers back that other threads have drawn meanwhile.

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

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch.Tag.nondeterministic_seeded not in func.tags or kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        if func._schema.is_mutable:
            return args[0].zero_()
        if args and isinstance(args[0], torch.Tensor):
            return torch.zeros_like(args[0])
        drawn = func(*args, **{**kwargs, "device": torch.device("meta")})
        return torch.zeros(drawn.shape, dtype=drawn.dtype, device=kwargs.get("device"))
