"""The file: safetensors, with a document in its header and a checksum over all of it.

    8 bytes     length of the header, little-endian
    header      JSON: where each tensor lies, and under `__metadata__` the document (a string of JSON) and its checksum
    payload     the tensors' bytes

Any safetensors reader finds the weights. Nothing in the file is ever executed, and no more memory is taken than the file
is long.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from intertwine.budget import Budget, Price, modules_price
from intertwine.disk import as_path, open_ordinary
from intertwine.errors import ArgumentError, ModelFileError

HEADER_LIMIT = 100_000_000
"""The longest header in bytes, as in safetensors itself."""

_DOCUMENT = "intertwine"
_A_CLASS = b'{\\"class\\":'
_CHECKSUM = "sha256"
_AGAIN = "get the file again from where it came, or save the model again"

_STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive, such as torch.save writes", "load its weights with torch.load(weights_only=True)"),
    (b"\x80", "a Python pickle, which could run any code", "load it where it was made and save it with save()"),
    (b"\x1f\x8b", "a gzip archive, such as saveRDS() writes", "read it with readRDS(), or unpack it first"),
    (b"\x89HDF", "an HDF5 file", "save the model with intertwine's save()"),
)


def pack(tensors: Mapping[str, torch.Tensor], document: Mapping[str, Any]) -> bytes:
    """A file's bytes; the same content gives the same bytes.

    Args:
        tensors: by name, on any device.
        document: what JSON can hold.
    """
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in sorted(tensors.items())}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    data = safetensors.torch.save(plain)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    payload = memoryview(data)[8 + size :]
    metadata = {"format": "pt", _DOCUMENT: text, _CHECKSUM: _checksum(text, header, payload)}
    whole = json.dumps({"__metadata__": metadata, **header}, ensure_ascii=False, separators=(",", ":")).encode()
    whole += b" " * (-len(whole) % 8)  # the tensors begin at a multiple of 8, as readers that map the file expect
    if len(whole) > HEADER_LIMIT:
        raise ArgumentError(
            f"what is to be saved beside the weights takes {len(whole)} bytes, but {HEADER_LIMIT} is the most",
            hint="save less in extra",
        )
    return len(whole).to_bytes(8, "little") + whole + payload


def unpack(
    data: bytes, name: str = "the file", budget: Budget | None = None
) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors and the document in a file's bytes, both as they were written.

    Args:
        data: the bytes.
        name: how errors call the file.
        budget: what the file may ask for; by default all that its size allows.

    Raises:
        ModelFileError: if it is anything else than a whole and unchanged file of `pack`.
    """
    budget = Budget(len(data)) if budget is None else budget
    header, text, payload = _header(data, name, budget)
    budget.pay(_json_price(text.encode("utf-8", "surrogatepass")), "a description")
    # the checksum cannot cover the metadata that it is part of, so that those are compared as a whole
    expected = {"format": "pt", _DOCUMENT: text, _CHECKSUM: _checksum(text, _entries(header), payload)}
    if header["__metadata__"] != expected:
        raise ModelFileError(f"{name} is damaged: its content does not match its checksum", hint=_AGAIN)
    try:
        tensors = safetensors.torch.load(data)
        document = json.loads(text)
    except Exception as error:  # the checksum holds, so that whoever wrote the file wrote nonsense
        raise ModelFileError(f"{name} holds what no model file holds: {error}", hint=_AGAIN) from error
    if not isinstance(document, dict):
        raise ModelFileError(f"{name} holds no description of a model", hint=_AGAIN)
    return tensors, document


def _header_size(start: bytes, length: int, name: str) -> int:
    """How long the header is, if these are the first bytes of a model file of this length."""
    for magic, what, hint in _STRANGERS:
        # the first bytes of a model file are a length, which may look like any of these: but then a header follows
        if start.startswith(magic) and start[8:9] != b"{":
            raise ModelFileError(f"{name} is no model file but {what}; it was not opened", hint=hint)
    if length < 8:
        raise ModelFileError(f"{name} is cut short: it has {length} bytes", hint=_AGAIN)
    size = int.from_bytes(start[:8], "little")
    if start[8:9] not in (b"{", b""):
        raise ModelFileError(
            f"{name} is no model file: it has no safetensors header", hint="give a file that save() has written"
        )
    if size > min(length - 8, HEADER_LIMIT):
        raise ModelFileError(
            f"{name} is cut short or damaged: its header should be {size} bytes long, but {length - 8} follow",
            hint=_AGAIN,
        )
    return size


def _json_price(text: bytes) -> Price:
    """What the objects take that JSON describes: an empty one takes 30 times as much as its two brackets."""
    objects, lists, items = text.count(b"{"), text.count(b"["), text.count(b",") + text.count(b":")
    full = objects - text.count(b"{}")
    taken = 72 * objects + 184 * full + 96 * lists + 40 * items + 32 * text.count(b'"')
    return Price(2.0 * len(text) + taken, 1e-8 * len(text) + 2e-7 * (objects + lists + items))


def _header(data: bytes, name: str, budget: Budget) -> tuple[dict[str, Any], str, memoryview]:
    size = _header_size(data[:9], len(data), name)
    budget.pay(_json_price(data[8 : 8 + size]), "a header")
    # a glance at how many modules are described, before all the text is read
    modules = data.count(_A_CLASS, 8, 8 + size)
    budget.need(modules_price(modules), f"{modules} modules")
    try:
        header = json.loads(data[8 : 8 + size].decode("utf-8"))
        # RecursionError: brackets nested as deep as the header is long
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{name} is damaged: its header cannot be read ({error})", hint=_AGAIN) from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or not all(isinstance(metadata.get(k), str) for k in (_DOCUMENT, _CHECKSUM)):
        raise ModelFileError(
            f"{name} is a safetensors file without a description of the model",
            hint="build the module yourself and load the weights into it with safetensors.torch.load_model",
        )
    return header, metadata[_DOCUMENT], memoryview(data)[8 + size :]


def _entries(header: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in header.items() if name != "__metadata__"}


def _checksum(text: str, entries: dict[str, Any], payload: memoryview) -> str:
    digest = hashlib.sha256()
    for part in (text, json.dumps(entries, sort_keys=True)):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    digest.update(payload)
    return digest.hexdigest()


def read_bytes(path: str | Path) -> tuple[bytes, str]:
    """A file's bytes and its name.

    Raises:
        ModelFileError: if there is no such file, or it cannot be read.
        ArgumentTypeError: if the path is no path.
    """
    path = as_path(path)
    name = f"'{path.name}'"
    with open_ordinary(path) as file:
        length = os.fstat(file.fileno()).st_size
        try:
            # what is no model file is refused by its first bytes, however long it is
            start = file.read(9)
            _header_size(start, length, name)
            return start + file.read(), name
        except (MemoryError, OverflowError) as error:
            raise ModelFileError(f"{path} is larger than the memory: {length} bytes", hint=_AGAIN) from error
        except OSError as error:
            raise ModelFileError(
                f"the model file {path} cannot be read: {error.strerror}", hint="check the disk that it lies on"
            ) from error
