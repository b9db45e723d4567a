"""Reading the IDX format, in which MNIST and its relatives are published."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import torch

from intertwine.errors import ArgumentError

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_PIECE = 1 << 20


def read_idx(path: str | Path) -> torch.Tensor:
    """The array in an IDX file, gzipped or not.

    Args:
        path: the file.

    Returns:
        A tensor in the file's shape: uint8 for images and labels of MNIST.

    Raises:
        ArgumentError: if there is no such file, or it is no whole IDX file. No more memory is taken than the file has
            data, whatever its header promises.

    Source:
        http://yann.lecun.com/exdb/mnist/

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "labels")
        ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]))
        ...     read_idx(file)
        tensor([7, 9], dtype=torch.uint8)
    """
    path = Path(path)
    if not path.is_file():
        raise ArgumentError(f"there is no file {path}")
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not zipped:
                return _read(raw, path.name)
            with gzip.GzipFile(fileobj=raw) as unzipped:
                return _read(cast(BinaryIO, unzipped), path.name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArgumentError(f"{path.name} is a damaged gzip file: {error}", hint="download it again") from error


def _read(file: BinaryIO, name: str) -> torch.Tensor:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise ArgumentError(f"the file {name} is no IDX file: it begins with {magic.hex() or 'nothing'}")
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        raise ArgumentError(f"the file {name} is cut short: its header ends early", hint="download it again")
    shape = struct.unpack(f">{magic[3]}I", sizes)
    dtype = np.dtype(_TYPES[magic[2]])
    expected = math.prod(shape) * dtype.itemsize
    data = bytearray()
    # piece by piece: asking for the promised size at once would reserve it before a short file is found out
    while len(data) <= expected and (piece := file.read(min(_PIECE, expected + 1 - len(data)))):
        data += piece
    if len(data) != expected:
        found = "more" if len(data) > expected else f"only {len(data)}"
        raise ArgumentError(
            f"the file {name} promises {' x '.join(map(str, shape))} values ({expected} bytes), but holds {found}",
            hint="download it again",
        )
    array = np.frombuffer(data, dtype=dtype).reshape(shape)
    return torch.from_numpy(array.astype(dtype.newbyteorder("="), copy=not dtype.isnative))
