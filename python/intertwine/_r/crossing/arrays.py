"""Arrays between R and torch, as raw bytes.

R stores arrays with the first index running fastest, torch with the last. Both keep the order of their dimensions
here: element `[i, j, k]` in Python is element `[i + 1, j + 1, k + 1]` in R. Nothing is shared between the two sides, so
neither can change the other's values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from intertwine._r.crossing.numpy_arrays import pack_numpy, record
from intertwine.errors import ArgumentError

_WIRE = {"double": torch.float64, "float": torch.float32, "integer": torch.int32, "raw": torch.uint8}
_COMPLEX = {"complex": torch.complex128}

DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "bool": torch.bool,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}


def dtype_named(name: str) -> torch.dtype:
    """The torch dtype of this name."""
    if name not in DTYPES:
        of_r = "R's double is float64, its integer int32 and its logical bool"
        raise ArgumentError(f"There is no dtype '{name}'.", hint=f"Use one of {', '.join(DTYPES)}; {of_r}.")
    return DTYPES[name]


def dtype_name(value: Any) -> str:
    """The name of the dtype of a tensor, or of the first floating-point parameter or buffer of a module."""
    return str(_dtype_of(value)).removeprefix("torch.")


def _dtype_of(value: Any) -> torch.dtype:
    if isinstance(value, torch.Tensor):
        return value.dtype
    if isinstance(value, torch.nn.Module):
        for tensor in [*value.parameters(), *value.buffers()]:
            if tensor.is_floating_point():
                return tensor.dtype
        return torch.get_default_dtype()
    return _dtype_of(value.tensor)


def unpack(
    data: bytearray, dims: list[int] | int, wire: str, dtype: str = "float32", device: str | None = None
) -> torch.Tensor:
    """The tensor that R sent: its bytes, its dimensions, and the kind of number that the bytes hold.

    The result is C-contiguous, has the dimensions of the R array, and owns its memory.
    """
    shape = [int(dims)] if isinstance(dims, (int, float)) else [int(n) for n in dims]
    source = {**_WIRE, **_COMPLEX}[wire]
    flat = torch.frombuffer(data, dtype=source) if len(data) else torch.empty(0, dtype=source)
    tensor = flat.reshape(shape[::-1]).permute(tuple(range(len(shape) - 1, -1, -1)))
    return tensor.to(device=place(device), dtype=dtype_named(dtype)).contiguous()


def cast(tensor: torch.Tensor, dtype: str | None, device: str | None) -> torch.Tensor:
    """The tensor with another kind of number, or elsewhere; `None` leaves it."""
    return tensor.to(device=place(device), dtype=None if dtype is None else dtype_named(dtype))


def place(device: str | None) -> torch.device | None:
    """The device of a name; `None` for where the tensor is."""
    if device is None:
        return None
    from intertwine.training.engine.devices import check_device

    return check_device(device)


class Inbox:
    """A store that pieces of an array are written into, one after another."""

    def __init__(self, size: float) -> None:
        self.data = bytearray(int(size))
        self._at = 0

    def add(self, piece: bytearray) -> None:
        self.data[self._at : self._at + len(piece)] = piece
        self._at += len(piece)

    def tensor(self, dims: list[int], wire: str, dtype: str, device: str | None = None) -> torch.Tensor:
        return unpack(self.data, dims, wire, dtype, device)


def pack(value: Any, limit: float = 2.0**30) -> dict[str, Any]:
    """A tensor or NumPy array as a record that R's `from_py_array()` reads: bytes, dims and kind.

    Above `limit` bytes the record holds an `Outbox` in place of the bytes.
    """
    if not isinstance(value, torch.Tensor):
        return pack_numpy(np.asarray(value), limit)
    tensor = value.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    kind, wire = _kind(tensor.dtype)
    count = tensor.numel()
    data = bytearray(count * torch.empty((), dtype=wire).element_size())
    if count:
        turned = tensor.permute(tuple(range(tensor.ndim - 1, -1, -1)))
        # One copy does it all: the order of the dimensions, the kind of number, and the device.
        torch.frombuffer(data, dtype=wire).view(turned.shape).copy_(turned)
    return record(kind, list(tensor.shape), data, limit)


def _kind(dtype: torch.dtype) -> tuple[str, torch.dtype]:
    """What R reads the values as, and the type of number that the bytes hold."""
    if dtype is torch.bool:
        return "logical", torch.int32
    if dtype.is_complex:
        return "complex", torch.complex128
    if dtype.is_floating_point:
        return ("double", torch.float64) if dtype is torch.float64 else ("float", torch.float32)
    if dtype is torch.int64:
        # R has no 64-bit integers; doubles hold every whole number up to 2**53.
        return "double", torch.float64
    return "integer", torch.int32


def pack_features(value: Any, limit: float = 2.0**30) -> dict[str, Any]:
    """The record of a geometric tensor."""
    return pack(value.tensor, limit)
