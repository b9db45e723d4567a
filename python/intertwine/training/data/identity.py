"""What a training run is: the data, the module and the settings that its checkpoint belongs to.

An identity is a dict from names to short texts, such as `{"x.shape": "(96, 3)", "batch_size": "32"}`. Two runs are the same
if their identities are equal; what differs between them can be named.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import random
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import ConcatDataset, IterableDataset, Subset, TensorDataset

from intertwine.training.data.batches import Source, TensorSource

Identity = dict[str, str]

WHOLE = 1 << 32
"""Tensors of up to so many bytes are read whole; of larger ones, `BLOCKS` blocks that lie evenly between both ends."""

BLOCKS = 4096
SAMPLES = 16
"""How many samples of a data set are loaded to know it again."""

_CHUNK = 1 << 24
_DEPTH = 6
_LISTS = ("files", "samples", "imgs", "paths")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_INSIDE = re.compile(r"^(torch\.nn|torch\.optim|intertwine)\.(\w+\.)+")
_ABSENT = "nothing"


def differences(saved: Identity, now: Identity) -> list[str]:
    """What differs between two identities, in words; empty if nothing does.

    Example:
        >>> differences({"batch_size": "32", "x.content": "a1"}, {"batch_size": "16", "x.content": "b2"})
        ['batch_size was 32 and is 16 now', 'x holds other values']
    """
    names = [name for name in {**saved, **now} if saved.get(name) != now.get(name)]
    # of data with another shape it goes without saying that the values differ
    known = {name.rpartition(".")[0] for name in names if not name.endswith(".content")}
    found = []
    for name in names:
        owner, _, last = name.rpartition(".")
        if last != "content":
            before, after = saved.get(name, _ABSENT), now.get(name, _ABSENT)
            found.append(f"{name} was {_short(before, after)} and is {_short(after, before)} now")
        elif owner not in known:
            found.append(f"{owner} holds other values")
    return found


def _short(text: str, other: str, length: int = 80) -> str:
    """As much of a text as shows what differs from another one."""
    if len(text) <= length:
        return text
    same = next((i for i, (one, two) in enumerate(zip(text, other)) if one != two), min(len(text), len(other)))
    begin = max(0, min(same - length // 2, len(text) - length))
    return ("..." if begin else "") + text[begin : begin + length] + ("..." if begin + length < len(text) else "")


def identity_of_source(name: str, source: Source) -> Identity:
    """The identity of data: sizes, types and content of tensors; length, files and some samples of a data set.

    Args:
        name: what to call it, such as "x" or "validation x".
        source: the data.
    """
    if not isinstance(source, TensorSource):
        return {f"{name}.{key}": text for key, text in _of_dataset(source.dataset).items()}
    found = _of_tensor(name, source.x)
    if source.y is not None:
        found |= _of_tensor(name[:-1] + "y", source.y)
    return found


def identity_of_module(module: torch.nn.Module) -> Identity:
    """The identity of a module: the class and the settings of each part, the names, shapes and types of its state.

    The values of the weights are no part of it, for a program that is started again begins with others.
    """
    found = {f"module.{path}" if path else "module": _of_part(part) for path, part in module.named_modules()}
    trained = {name for name, value in module.named_parameters() if value.requires_grad}
    for name, value in module.state_dict(keep_vars=True).items():
        if isinstance(value, torch.Tensor):
            what = "parameter" if name in trained else "frozen" if isinstance(value, torch.nn.Parameter) else "buffer"
            found[f"state.{name}"] = f"{what} {tuple(value.shape)} {_dtype(value)}"
        else:
            found[f"state.{name}"] = type(value).__name__
    return found


def identity_of_optimizer(optimizer: torch.optim.Optimizer) -> Identity:
    """The identity of an optimiser: its class and the settings of its groups."""
    found = {"optimizer": _class(type(optimizer))}
    for number, group in enumerate(optimizer.param_groups):
        prefix = "optimizer." if number == 0 else f"optimizer.{number}."
        for key, value in group.items():
            if key != "params":
                found["learn_rate" if prefix + key == "optimizer.lr" else prefix + key] = describe(value)
    return found


def identity_of_generator(generator: torch.Generator) -> str:
    """A generator's seed and, if it has been used, a digest of its state."""
    seed = generator.initial_seed()
    fresh = torch.Generator(generator.device).manual_seed(seed)
    state = generator.get_state()
    return str(seed) if torch.equal(state, fresh.get_state()) else f"{seed}, used before, {digest([state])}"


def describe(value: Any, depth: int = _DEPTH) -> str:
    """A short text that is equal for equal settings, in every process.

    Functions are known by their code and by what they hold on to that does not change (numbers, texts, tensors, functions),
    tensors by their content, other objects by their public attributes. An object may have a `fingerprint` of its own, a
    text or a function without arguments that gives one.
    """
    own = getattr(value, "fingerprint", None)
    if own is not None and not isinstance(value, type):
        return str(own() if callable(own) else own)
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, torch.dtype, torch.device, Path)):
        return repr(value)
    if isinstance(value, (torch.Tensor, np.ndarray)):
        tensor = torch.as_tensor(value)
        return f"tensor {tuple(tensor.shape)} {_dtype(tensor)} {digest([tensor])}"
    if depth == 0:
        return _class(type(value))
    inner = functools.partial(describe, depth=depth - 1)
    if isinstance(value, torch.nn.Module):
        state = {name: inner(each) for name, each in value.state_dict().items()}
        return f"{_class(type(value))} {_hash({**identity_of_module(value), **state})}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{inner(key)}: {inner(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(inner, value)) + "]"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(inner, value))) + "}"
    if isinstance(value, functools.partial):
        return f"partial {inner(value.func)} {inner(value.args)} {inner(value.keywords)}"
    if isinstance(value, types.MethodType):
        return f"{inner(value.__func__)} of {inner(value.__self__)}"
    if isinstance(value, types.FunctionType):
        # a list that a function adds to while it is used would make it another function each time
        held = [
            cell.cell_contents
            if isinstance(
                cell.cell_contents, (bool, int, float, str, tuple, torch.Tensor, np.ndarray, types.FunctionType)
            )
            else type(cell.cell_contents)
            for cell in value.__closure__ or ()
            if cell != types.CellType()
        ]
        parts = [_of_code(value.__code__), inner(held), inner(value.__defaults__), inner(value.__kwdefaults__)]
        return f"function {value.__qualname__} {_hash(parts)}"
    if isinstance(value, (type, types.BuiltinFunctionType)):
        return _class(value)
    public = {k: v for k, v in getattr(value, "__dict__", {}).items() if not k.startswith("_")}
    if public and type(value).__module__.partition(".")[0] != "intertwine":
        return f"{_class(type(value))} {inner(public)}"
    # types, spaces and groups print all that makes them what they are
    return f"{_class(type(value))} {_ADDRESS.sub('', repr(value))}"


def digest(tensors: Iterable[torch.Tensor]) -> str:
    """A digest of the content of tensors; of tensors beyond `WHOLE` bytes, that of evenly spaced blocks."""
    found = hashlib.sha256()
    for tensor in tensors:
        for block in _blocks(tensor.detach()):
            found.update(block.cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]


def _blocks(tensor: torch.Tensor) -> Iterator[torch.Tensor]:
    if tensor.numel() == 0:
        return
    if tensor.ndim == 0:
        yield tensor.reshape(1)
        return
    row = max(1, tensor.element_size() * tensor.numel() // tensor.shape[0])
    step = max(1, _CHUNK // row)
    starts: Iterable[int] = range(0, tensor.shape[0], step)
    if row * tensor.shape[0] > WHOLE:
        step = max(1, WHOLE // (row * BLOCKS * 16))
        starts = sorted({round(i * (tensor.shape[0] - step) / (BLOCKS - 1)) for i in range(BLOCKS)})
    for start in starts:
        yield tensor[start : start + step]


def _of_tensor(name: str, tensor: torch.Tensor) -> Identity:
    return {
        f"{name}.shape": str(tuple(tensor.shape)),
        f"{name}.dtype": _dtype(tensor),
        f"{name}.content": digest([tensor]),
    }


def _of_dataset(dataset: Any) -> Identity:
    own = getattr(dataset, "fingerprint", None)
    found: Identity = {"class": _class(type(dataset))}
    if hasattr(dataset, "__len__") and not isinstance(dataset, IterableDataset):
        found["samples"] = str(len(dataset))
    if own is not None:
        return found | {"content": str(own() if callable(own) else own)}
    if isinstance(dataset, TensorDataset):
        shapes = {f"{i}.shape": str(tuple(t.shape)) for i, t in enumerate(dataset.tensors)}
        return found | shapes | {"content": digest(dataset.tensors)}
    if isinstance(dataset, Subset):
        return found | {"content": _hash([_of_dataset(dataset.dataset), list(map(int, dataset.indices))])}
    if isinstance(dataset, ConcatDataset):
        return found | {"content": _hash([_of_dataset(each) for each in dataset.datasets])}
    classes = getattr(dataset, "classes", None)
    if isinstance(classes, (list, tuple)):
        found["classes"] = describe(classes)
    files = _files(dataset)
    if files:
        found["files"] = identity_of_files(files, getattr(dataset, "root", None))
    found["content"] = _sampled(dataset)
    return found


def identity_of_files(files: Iterable[str | Path], root: Any = None) -> str:
    """A digest of the names, sizes and times of change of files: cheap, however much they hold."""
    found = hashlib.sha256()
    for file in files:
        name = os.path.relpath(file, root) if isinstance(root, (str, Path)) else str(file)
        try:
            about = os.stat(file)
            found.update(f"{name}\0{about.st_size}\0{about.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        except OSError:
            found.update(f"{name}\0gone\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()[:16]


def _files(dataset: Any) -> list[str]:
    """The files that a data set lists, as those of torchvision do: paths, or pairs that begin with one."""
    for name in _LISTS:
        listed = getattr(dataset, name, None)
        if isinstance(listed, (list, tuple)) and listed:
            paths = [each[0] if isinstance(each, (list, tuple)) and each else each for each in listed]
            if all(isinstance(path, (str, Path)) for path in paths):
                return [str(path) for path in paths]
    return []


def _sampled(dataset: Any) -> str:
    """A digest of some samples; of their shapes alone if they are others each time they are loaded."""
    one, two = (_hash([_content(item) for item in _samples(dataset)]) for _ in range(2))
    return one if one == two else _hash([_shape(item) for item in _samples(dataset)])


def _samples(dataset: Any) -> Iterator[Any]:
    with _seeded():
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
            yield from itertools.islice(iter(dataset), SAMPLES)
            return
        last = len(dataset) - 1
        for index in sorted({round(i * last / (SAMPLES - 1)) for i in range(SAMPLES)}):
            yield dataset[index]


@contextmanager
def _seeded() -> Iterator[None]:
    """All global generators seeded inside of the block, for samples that are changed at random, and restored after it."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002 - a data set of the user's may draw from it
    with torch.random.fork_rng():
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002


def _content(item: Any) -> Any:
    return [_content(each) for each in item] if isinstance(item, (list, tuple)) else describe(item)


def _shape(item: Any) -> Any:
    if isinstance(item, (list, tuple)):
        return [_shape(each) for each in item]
    return [tuple(item.shape), _dtype(item)] if isinstance(item, torch.Tensor) else type(item).__name__


def _of_part(part: torch.nn.Module) -> str:
    """The class of a part with what it was built with, or else with its public attributes that are plain."""
    arguments = getattr(part, "arguments", None)
    settings = dict(arguments) if isinstance(arguments, dict) else {}
    settings |= {
        name: value
        for name, value in vars(part).items()
        if not name.startswith("_") and name != "training" and _is_plain(value)
    }
    inside = ", ".join(f"{name}={_setting(settings[name])}" for name in sorted(settings))
    return f"{_class(type(part))}({inside})"


def _setting(value: Any) -> str:
    if isinstance(value, torch.nn.Module):  # it is a part of its own
        return _class(type(value))
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_setting, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_setting(each)}" for key, each in value.items()) + "}"
    return describe(value)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str, torch.dtype))


def _of_code(code: types.CodeType) -> str:
    constants = [_of_code(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    return _hash([code.co_code.hex(), constants, code.co_names])


def _hash(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _class(kind: Any) -> str:
    # in which file of a library a class lives is nothing that a reader looks for
    return _INSIDE.sub(r"\1.", f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))


def _dtype(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")
