"""Records of arrays on their way to R, without torch: what groups and representations need."""

from __future__ import annotations

from typing import Any

import numpy as np


def pack_numpy(array: np.ndarray, limit: float = 2.0**30) -> dict[str, Any]:
    """A NumPy array as a record that R's `from_py_array()` reads; it may be read-only or have any strides."""
    kinds = {
        "b": ("logical", np.int32),
        "i": ("integer", np.int32),
        "u": ("integer", np.int32),
        "c": ("complex", np.complex128),
    }
    kind, wire = kinds.get(array.dtype.kind, ("double", np.float64))
    if array.dtype.kind in "iu" and array.dtype.itemsize > 2 and array.dtype != np.int32:
        kind, wire = "double", np.float64
    data = bytearray(array.astype(wire).tobytes(order="F"))
    return record(kind, list(array.shape), data, limit)


def unpack_numpy(data: bytearray, dims: list[int] | int, wire: str) -> np.ndarray:
    """The array that R sent: its bytes, its dimensions, and the kind of number that the bytes hold.

    The result has the dimensions of the R array, is C-contiguous, and owns its memory.
    """
    shape = [int(dims)] if isinstance(dims, (int, float)) else [int(n) for n in dims]
    kind = {"double": np.float64, "float": np.float32, "integer": np.int32, "raw": np.uint8}[wire]
    return np.frombuffer(data, dtype=kind).reshape(shape, order="F").copy(order="C")


def record(kind: str, shape: list[int], data: bytearray, limit: float) -> dict[str, Any]:
    """Bytes in R's order with their kind and dimensions; above `limit` bytes an `Outbox` in place of the bytes."""
    whole = len(data) <= limit
    return {
        "array": kind,
        "dims": [float(n) for n in shape],
        "data": data if whole else None,
        "outbox": None if whole else Outbox(data),
    }


class Outbox:
    """The bytes of an array that leaves in pieces."""

    def __init__(self, data: bytearray) -> None:
        self._data = data

    def size(self) -> float:
        return float(len(self._data))

    def piece(self, start: float, stop: float) -> bytearray:
        return self._data[int(start) : int(stop)]


def numbers(packed: Any) -> np.ndarray:
    """The array in a record that R sent: a mapping of `data`, `dims` and `wire`."""
    return unpack_numpy(packed["data"], packed["dims"], packed["wire"])
