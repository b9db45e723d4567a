"""Saving models to files that either language loads, and that cannot do anything but be loaded."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from intertwine.budget import Budget
from intertwine.deploy.argument_codec import STORED
from intertwine.deploy.assembly import FLOATING, Assembly, refuse_cycles, undisturbed
from intertwine.deploy.differences import Differences, check_tensors, ties
from intertwine.deploy.layers import named_classes, unwrapped
from intertwine.deploy.module_codec import Reader, Writer
from intertwine.deploy.safetensors_file import pack, read_bytes, unpack
from intertwine.disk import write_whole
from intertwine.errors import ArgumentError, GaugeError, IntertwineError, ModelFileError
from intertwine.gauge import GAUGE_VERSION

FORMATS = (1, 2)
"""The versions of the layout of the document that are read. 2 says what a module has become since it was built; a file that has
nothing of the kind to say is written as 1, so that older versions read it."""

_STATE = "state."

Classes = Mapping[str, type[torch.nn.Module]] | Iterable[type[torch.nn.Module]] | type[torch.nn.Module] | None
"""Classes of the user's own: one, several, or by the names that files have for them."""


def save_bytes(module: torch.nn.Module, extra: Mapping[str, Any] | None = None) -> bytes:
    """A module as bytes: its architecture as readable JSON, and its weights.

    The module is described, built again from the description on the spot, and compared in all that it holds: attributes,
    parameters, buffers, parts, modes, what is tied to what. What has changed since it was built is saved along with it; what a
    file cannot hold, such as a hook, is refused, so that a file always holds the whole model.

    Args:
        module: made of layers of `intertwine.nn`, of ordinary layers of `torch.nn`, and of modules of your own: subclasses of
            `nn.EquivariantModule`, or others that keep each argument of the constructor as an attribute of its name. Those are
            built again from their arguments when they are saved and when they are loaded. Of what `torch.compile` and torch's
            wrappers for several devices make of a module, the module itself is saved.
        extra: what to keep beside it (history, names of classes, size of the images, ...): numbers, text, truth values,
            `None`, and lists and dicts of them.

    Returns:
        A safetensors file; the same module gives the same bytes.

    Raises:
        ArgumentError: if the module holds functions, hooks or other things that no file can hold, or `extra` something else.

    Example:
        >>> import torch
        >>> data = save_bytes(torch.nn.Linear(3, 2), extra={"levels": ["cat", "dog"]})
        >>> load_bytes(data)
        Linear(in_features=3, out_features=2, bias=True)
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentError(f"`module` must be a torch module, not {type(module).__name__}")
    _check_extra(extra)
    module = unwrapped(module)
    try:
        refuse_cycles(module, Budget(0))
    except ModelFileError as error:
        raise ArgumentError(f"the model cannot be saved: {error.message}") from error
    check_tensors(module)
    writer = Writer()
    recipe = writer.write(module)
    with torch.inference_mode(False):
        state = _state(module)
    whole = {
        "dtype": _dtype(module, state),
        "training": module.training,
        "frozen": [name for name, parameter in module.named_parameters() if not parameter.requires_grad],
    }
    tied = ties(module)
    changes = _load_and_compare(module, writer, recipe, state, whole, tied)
    several = any(
        str(value.dtype) != f"torch.{whole['dtype']}" for value in state.values() if value.is_floating_point()
    )
    document = {
        "format": 2 if changes or tied or several else 1,
        "package": _version(),
        "gauge": GAUGE_VERSION,
        "module": recipe,
        **({"changes": changes} if changes else {}),
        **({"tied": tied} if tied else {}),
        **whole,
        "extra": {} if extra is None else dict(extra),
    }
    return pack({**writer.tensors, **{_STATE + name: value for name, value in state.items()}}, document)


def _load_and_compare(
    module: torch.nn.Module,
    writer: Writer,
    recipe: dict[str, Any],
    state: dict[str, torch.Tensor],
    whole: dict[str, Any],
    tied: dict[str, str],
) -> list[dict[str, Any]]:
    """Loads what is about to be written, and compares; gives what has changed since the module was built."""
    size = len(json.dumps(recipe)) + sum(
        v.numel() * v.element_size() for v in (*writer.tensors.values(), *state.values())
    )
    try:
        with undisturbed(bool(writer.classes)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were given when the model was built
            assembly = Assembly(Reader(writer.tensors, size, writer.classes), state, whole["dtype"], whole["training"])
            assembly.build(recipe)
            differences = Differences(module, writer, assembly)
            differences.find()
            assembly.finish(tied, whole["frozen"])
            differences.check()
    except ArgumentError:
        raise
    except ModelFileError as error:
        raise ArgumentError(
            f"the model cannot be saved, for its file could not be loaded: {error.message}", hint=error.hint
        ) from error
    except Exception as error:  # constructors of the user's own may raise anything
        raise ArgumentError(
            f"the model cannot be saved, for it could not be built again from its arguments: {_short(error)}",
            hint="check that the constructors of your own classes can be called again with the same arguments",
        ) from error
    return differences.changes


def _state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = {}
    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            raise ArgumentError(
                f"the state of the model holds {name}, a {type(value).__name__}, which a model file cannot hold",
                hint="keep it as a buffer or as an attribute instead of get_extra_state()",
            )
        if str(value.dtype).removeprefix("torch.") not in STORED:
            raise ArgumentError(f"{name} is a tensor of {value.dtype}, which a model file cannot hold")
        value = value.detach().cpu()
        # what was made in inference mode cannot be given to a parameter
        state[name] = value.clone() if value.is_inference() else value
    return state


def save(module: torch.nn.Module, path: str | Path, extra: Mapping[str, Any] | None = None) -> None:
    """Save a module to a file; an existing file is replaced only once the new one is whole.

    A link stays a link, and the file that it points to is written; a file that is there keeps its mode.

    Args and errors as in `save_bytes`.

    Raises:
        ModelFileError: if the file cannot be written, or is a folder, a pipe or a device.

    Example:
        >>> import pathlib, tempfile, torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save(torch.nn.Linear(3, 2), pathlib.Path(folder, "model.safetensors"))
        ...     load(pathlib.Path(folder, "model.safetensors"))
        Linear(in_features=3, out_features=2, bias=True)
    """
    write_whole(path, save_bytes(module, extra))


def load_bytes(
    data: bytes | bytearray | memoryview, name: str = "the file", classes: Classes = None
) -> torch.nn.Module:
    """The module in a file's bytes, on the CPU, in the mode in which it was saved.

    Nothing in the file is executed: it can only name layers that are known here, classes that you give, and their arguments.

    Args:
        data: what `save_bytes` gave.
        name: how errors call the file.
        classes: the classes of your own that the module is made of: one, a list of them, or a dict by the names that the file
            has for them, where those have changed. A class is found by its name; it is built from the arguments in the file, so
            that a file from someone else deserves no class whose constructor can do harm.

    Raises:
        ModelFileError: if it is no model file, damaged, cut short, of a newer format, or names what is not known.
        GaugeError: if its bases were computed in another gauge, so that its weights would mean another network.
        ArgumentTypeError: if `classes` holds something else.

    Example:
        >>> import torch
        >>> load_bytes(save_bytes(torch.nn.Sequential(torch.nn.Dropout(0.25)).eval())).training
        False
    """
    own = named_classes(classes)
    with torch.inference_mode(False):
        budget = Budget(len(data))
        tensors, document = _open(bytes(data), name, budget)
    values = {key: tensor for key, tensor in tensors.items() if not key.startswith(_STATE)}
    state = {key.removeprefix(_STATE): tensor for key, tensor in tensors.items() if key.startswith(_STATE)}
    try:
        module = _assemble(document, state, Reader(values, len(data), own, budget))
    except ModelFileError as error:
        raise error.with_message(type(error), f"{name} cannot be loaded: {error.message}") from error
    except IntertwineError as error:
        raise ModelFileError(f"{name} cannot be loaded: {error}") from error
    except Exception as error:
        # the checksum holds, so that the file is what its writer wrote: it does not fit this version, or is made up
        raise ModelFileError(
            f"{name} does not describe a model that this version can build: {_short(error)}",
            hint="update intertwine and torch, or save the model again",
        ) from error
    return module


def load(path: str | Path, classes: Classes = None) -> torch.nn.Module:
    """The module in a file, on the CPU, in the mode in which it was saved.

    Args:
        path: a file that `save` has written, in Python or in R.
        classes: the classes of your own that the module is made of, as in `load_bytes`.

    Raises:
        ModelFileError, GaugeError, ArgumentTypeError: as in `load_bytes`.
    """
    return load_bytes(*read_bytes(path), classes)


def read_extra(source: str | Path | bytes | bytearray) -> dict[str, Any]:
    """What was saved beside a module.

    Args:
        source: the path of a file, or its bytes.

    Raises:
        ModelFileError: as in `load_bytes`.
    """
    data, name = (bytes(source), "the file") if isinstance(source, (bytes, bytearray)) else read_bytes(source)
    extra = _open(data, name, Budget(len(data)))[1].get("extra")
    return extra if isinstance(extra, dict) else {}


def _open(data: bytes, name: str, budget: Budget) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    tensors, document = unpack(data, name, budget)
    if document.get("format") not in FORMATS:
        raise ModelFileError(
            f"{name} has format {document.get('format')}, but this version reads formats {' and '.join(map(str, FORMATS))}",
            hint=f"use the version of intertwine that wrote it ({document.get('package')}), or a newer one",
        )
    if document.get("gauge") != GAUGE_VERSION:
        raise GaugeError(
            f"{name} was saved in gauge {document.get('gauge')}, but this version computes bases in gauge "
            f"{GAUGE_VERSION}: its weights would mean another network",
            hint=f"load it with intertwine {document.get('package')}, which wrote it, or train it again",
        )
    return tensors, document


def _assemble(document: dict[str, Any], state: dict[str, torch.Tensor], reader: Reader) -> torch.nn.Module:
    with undisturbed(bool(reader.classes)):
        assembly = Assembly(reader, state, document["dtype"], document["training"])
        assembly.build(document["module"], whole=not document.get("changes"))
        for change in document.get("changes", ()):
            assembly.change(change)
        return assembly.finish(document.get("tied", {}), document["frozen"])


def _dtype(module: torch.nn.Module, state: dict[str, torch.Tensor]) -> str:
    """The dtype of the module as a whole: that of its first weights, or else of its first constants."""
    for tensor in (*state.values(), *module.buffers()):
        name = str(tensor.dtype).removeprefix("torch.")
        if name in FLOATING:
            return name
    return str(torch.get_default_dtype()).removeprefix("torch.")


def _check_extra(extra: Mapping[str, Any] | None) -> None:
    if extra is None:
        return
    if not isinstance(extra, Mapping):
        raise ArgumentError(f"`extra` must be a dict, not {type(extra).__name__}")
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
