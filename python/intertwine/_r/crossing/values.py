"""Values that R's automatic conversion would get wrong, put right before they leave Python.

The conversion turns integers beyond 2**31 into other integers without a word, keeps subclasses of the builtins
(`torch.Size`, version strings) as Python objects, and leaves NumPy arrays unconverted where it was built for another
NumPy. So results become exact builtins here, and arrays become `arrays.pack` records.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from intertwine._r.crossing.numpy_arrays import pack_numpy

_INTEGER_LIMIT = 2**31
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def on_disk(name: str) -> str:
    """The name of a file from R, which is UTF-8, as this Python opens it.

    In a locale without UTF-8, such as ``LC_ALL=C``, an embedded Python takes names for ASCII, and other bytes for surrogates.

    Example:
        >>> on_disk("model.safetensors")
        'model.safetensors'
    """
    return os.fsdecode(name.encode())


def from_disk(text: str) -> str:
    """A text with names as `on_disk` makes them, as R reads it.

    Example:
        >>> from_disk(bytes([98, 195, 164, 117, 109]).decode("ascii", "surrogateescape")) == chr(98) + chr(228) + "um"
        True
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def plain(value: Any) -> Any:
    """The value in a form that crosses to R unharmed; objects of the library and tensors stay what they are."""
    if value is None or isinstance(value, (bool, bytearray)):
        return value
    kind = type(value)
    if kind is int:
        return value if -_INTEGER_LIMIT < value < _INTEGER_LIMIT else float(value)
    if kind is str or kind is float:
        return value
    if isinstance(value, np.ndarray):
        return pack_numpy(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping) and kind.__module__ in {"builtins", "collections"}:
        return {str(k): plain(v) for k, v in value.items()}
    if kind in (list, tuple) or (kind.__name__, kind.__module__) == ("Size", "torch"):
        return _sequence(value)
    if isinstance(value, str) and kind is not str:
        return str(value)
    return value


def _sequence(values: Any) -> list[Any]:
    items = [plain(v) for v in values]
    numbers = [v for v in items if isinstance(v, (int, float)) and not isinstance(v, bool)]
    # A list of integers and floats would arrive as an R list, one of floats as a vector.
    if len(numbers) == len(items) and any(isinstance(v, float) for v in items):
        return [float(v) for v in items]
    return items


def snake(name: str) -> str:
    """`GroupElement` as `group_element`, `R2Conv` as `r2_conv`."""
    return _WORD.sub("_", name).lower()


def tuples(value: Any) -> Any:
    """R vectors arrive as lists; sizes, paddings and ids are tuples in Python."""
    return tuple(tuples(v) for v in value) if isinstance(value, list) else value


def shape(tensor: Any) -> list[int]:
    """The dimensions of a tensor, as R integers."""
    return [int(n) for n in tensor.shape]
