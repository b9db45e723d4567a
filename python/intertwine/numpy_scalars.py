"""Numbers of NumPy as those of Python: the one conversion that arguments go through."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


def without_numpy_scalars(value: Any) -> Any:
    """A value with Python's numbers in place of NumPy's scalars, also within lists, tuples and dicts.

    Numbers of 8 bits would overflow in sums, and files, labels and printed forms would depend on the width.

    Args:
        value: anything; what holds no scalar of NumPy comes back itself.

    Example:
        >>> import numpy as np
        >>> without_numpy_scalars([np.int8(3), (np.float32(0.5), np.bool_(True)), "text"])
        [3, (0.5, True), 'text']
    """
    if isinstance(value, np.generic):
        return value.item() if isinstance(value, (np.bool_, np.integer, np.floating)) else value
    kind = type(value)
    if kind is list or kind is tuple:
        made = [without_numpy_scalars(item) for item in value]
        return value if all(a is b for a, b in zip(made, value)) else kind(made)
    if kind is dict:
        made = {without_numpy_scalars(key): without_numpy_scalars(item) for key, item in value.items()}
        same = all(a is b and made[a] is value[b] for a, b in zip(made, value))
        return value if same else made
    return value


def plain_numbers(function: _Function) -> _Function:
    """A function that receives Python's numbers where it is called with NumPy's.

    Args:
        function: any.

    Example:
        >>> import numpy as np
        >>> plain_numbers(lambda n: type(n).__name__)(np.uint8(3))
        'int'
    """

    @functools.wraps(function)
    def converted(*args: Any, **kwargs: Any) -> Any:
        return function(*without_numpy_scalars(args), **without_numpy_scalars(kwargs))

    return converted  # type: ignore[return-value]
