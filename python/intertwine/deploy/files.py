"""Saving models to files that either language loads, and that cannot do anything but be loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from intertwine.deploy.container import pack, read_bytes, unpack
from intertwine.deploy.recipe import Reader, Writer
from intertwine.disk import write_whole
from intertwine.errors import ArgumentError, GaugeError, IntertwineError, ModelFileError
from intertwine.gauge import GAUGE_VERSION

FORMAT = 1
"""The version of the layout of the document; raised when older versions could not read it any more."""

_STATE = "state."


def save_bytes(module: torch.nn.Module, extra: Mapping[str, Any] | None = None) -> bytes:
    """A module as bytes: its architecture as readable JSON, and its weights.

    Args:
        module: made of layers of `intertwine.nn` and of ordinary layers of `torch.nn`.
        extra: what to keep beside it (history, names of classes, size of the images, ...): numbers, text, truth values,
            `None`, and lists and dicts of them.

    Returns:
        A safetensors file; the same module gives the same bytes.

    Raises:
        ArgumentError: if the module holds functions, classes of your own or hooks, or `extra` something else.

    Example:
        >>> import torch
        >>> data = save_bytes(torch.nn.Linear(3, 2), extra={"levels": ["cat", "dog"]})
        >>> load_bytes(data)
        Linear(in_features=3, out_features=2, bias=True)
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError(f"only a torch module can be saved, but was given {type(module).__name__}")
    _check_extra(extra)
    writer = Writer()
    recipe = writer.write(module)
    state = {_STATE + name: value for name, value in module.state_dict().items()}
    document = {
        "format": FORMAT,
        "package": _version(),
        "gauge": GAUGE_VERSION,
        "module": recipe,
        "dtype": _dtype(module),
        "training": module.training,
        "frozen": [name for name, parameter in module.named_parameters() if not parameter.requires_grad],
        "extra": {} if extra is None else dict(extra),
    }
    return pack({**writer.tensors, **state}, document)


def save(module: torch.nn.Module, path: str | Path, extra: Mapping[str, Any] | None = None) -> None:
    """Save a module to a file; an existing file is replaced only once the new one is whole.

    Args and errors as in `save_bytes`.

    Raises:
        ModelFileError: if the file cannot be written.

    Example:
        >>> import pathlib, tempfile, torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(torch.nn.Linear(3, 2), pathlib.Path(folder, "model.safetensors"))
        ...     load(pathlib.Path(folder, "model.safetensors"))
        Linear(in_features=3, out_features=2, bias=True)
    """
    write_whole(path, save_bytes(module, extra))


def load_bytes(data: bytes | bytearray | memoryview, name: str = "the file") -> torch.nn.Module:
    """The module in a file's bytes, on the CPU, in the mode in which it was saved.

    Nothing in the file is executed: it can only name layers that are known here, and their arguments.

    Args:
        data: what `save_bytes` gave.
        name: how errors call the file.

    Raises:
        ModelFileError: if it is no model file, damaged, cut short, of a newer format, or names what is not known.
        GaugeError: if its bases were computed in another gauge, so that its weights would mean another network.
    """
    tensors, document = _open(bytes(data), name)
    values = {key: tensor for key, tensor in tensors.items() if not key.startswith(_STATE)}
    state = {key.removeprefix(_STATE): tensor for key, tensor in tensors.items() if key.startswith(_STATE)}
    try:
        module = _assemble(document, values, state, len(data))
    except ModelFileError as error:
        raise type(error)(f"{name} cannot be loaded: {error.message}", hint=error.hint) from error
    except IntertwineError as error:
        raise ModelFileError(f"{name} cannot be loaded: {error}") from error
    except (RuntimeError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        # the checksum holds, so that the file is what its writer wrote: it does not fit this version, or is made up
        raise ModelFileError(
            f"{name} does not describe a model that this version can build: {_short(error)}",
            hint="update intertwine and torch, or save the model again",
        ) from error
    return module


def load(path: str | Path) -> torch.nn.Module:
    """The module in a file, on the CPU, in the mode in which it was saved.

    Args:
        path: a file that `save` has written, in Python or in R.

    Raises:
        ModelFileError, GaugeError: as in `load_bytes`.
    """
    return load_bytes(*read_bytes(path))


def read_extra(source: str | Path | bytes | bytearray) -> dict[str, Any]:
    """What was saved beside a module.

    Args:
        source: the path of a file, or its bytes.

    Raises:
        ModelFileError: as in `load_bytes`.
    """
    data, name = (bytes(source), "the file") if isinstance(source, (bytes, bytearray)) else read_bytes(source)
    extra = _open(data, name)[1].get("extra")
    return extra if isinstance(extra, dict) else {}


def _open(data: bytes, name: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    tensors, document = unpack(data, name)
    if document.get("format") != FORMAT:
        raise ModelFileError(
            f"{name} has format {document.get('format')}, but this version reads format {FORMAT}",
            hint=f"use the version of intertwine that wrote it ({document.get('package')}), or a newer one",
        )
    if document.get("gauge") != GAUGE_VERSION:
        raise GaugeError(
            f"{name} was saved in gauge {document.get('gauge')}, but this version computes bases in gauge "
            f"{GAUGE_VERSION}: its weights would mean another network",
            hint=f"load it with intertwine {document.get('package')}, which wrote it, or train it again",
        )
    return tensors, document


def _assemble(
    document: dict[str, Any], values: dict[str, torch.Tensor], state: dict[str, torch.Tensor], size: int
) -> torch.nn.Module:
    dtype = getattr(torch, _known_dtype(document["dtype"]))
    with torch.random.fork_rng(devices=[]):  # the weights that layers draw at first are replaced by those of the file
        module = Reader(values, size).read(document["module"])
    module.load_state_dict(state, strict=True, assign=True)
    left = [name for name, p in module.named_parameters() if p.is_meta]
    left += [name for name, b in module.named_buffers() if b.is_meta]
    if left:
        raise ModelFileError(f"the file holds no values for {', '.join(left[:3])}")
    module.to(dtype)
    frozen = set(document["frozen"])
    for name, parameter in module.named_parameters():
        parameter.requires_grad_(name not in frozen and parameter.is_floating_point())
    return module.train(bool(document["training"]))


def _dtype(module: torch.nn.Module) -> str:
    dtypes = {tensor.dtype for tensor in module.state_dict().values() if tensor.is_floating_point()}
    if len(dtypes) > 1:
        raise ArgumentError(
            f"the module mixes {' and '.join(sorted(map(str, dtypes)))}", hint="bring it to one dtype with .float()"
        )
    return str(dtypes.pop() if dtypes else torch.get_default_dtype()).removeprefix("torch.")


def _known_dtype(name: Any) -> str:
    if name not in ("float16", "bfloat16", "float32", "float64"):
        raise ModelFileError(f"the file asks for numbers of type {name!r}, which this version does not know")
    return name


def _check_extra(extra: Mapping[str, Any] | None) -> None:
    if extra is None:
        return
    if not isinstance(extra, Mapping):
        raise ArgumentError(f"`extra` is a dict, but was {type(extra).__name__}")
    try:
        same = json.loads(json.dumps(dict(extra)))
    except (TypeError, ValueError) as error:
        raise ArgumentError(
            f"`extra` holds what JSON cannot hold ({error})", hint="use numbers, text, lists and dicts"
        ) from error
    if list(same) != list(extra):
        raise ArgumentError("the names in `extra` are not all text")


def _version() -> str:
    try:
        return metadata.version("intertwine")
    except metadata.PackageNotFoundError:
        # inside of the R package the Python code is not an installed distribution
        from intertwine import __version__

        return __version__


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) < 300 else text[:300] + "..."
