"""A tree of modules as JSON, and back."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from typing import Any

import torch

from intertwine.deploy.layers import CONTAINERS, class_name, find_class, torch_arguments
from intertwine.deploy.values import MAX_WINDOW, Decoder, Encoder
from intertwine.errors import ArgumentError, IntertwineError, ModelFileError
from intertwine.fields import FieldType

MAX_MODULES = 10_000
"""The most modules that a file may ask for."""

_WINDOWS = ("kernel_size", "stride", "padding", "dilation")


class Writer:
    """Describes a tree of modules.

    Example:
        >>> import torch
        >>> Writer().write(torch.nn.Linear(3, 2, bias=False))
        {'class': 'torch.nn.Linear', 'arguments': {'in_features': 3, 'out_features': 2, 'bias': False}}
    """

    def __init__(self) -> None:
        self._encoder = Encoder(self._write)
        self._seen: dict[int, int] = {}

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors among the arguments."""
        return self._encoder.tensors

    def write(self, module: torch.nn.Module) -> dict[str, Any]:
        """The description of a module.

        Raises:
            ArgumentError: if the module is or holds something that a file cannot hold.
        """
        _refuse_shared_parameters(module)
        return self._write(module, "the model")

    def _write(self, module: torch.nn.Module, where: str) -> dict[str, Any]:
        if id(module) in self._seen:
            return {"again": self._seen[id(module)]}
        self._seen[id(module)] = len(self._seen)
        name = class_name(module, where)
        _refuse_hooks(module, where)
        if name.removeprefix("torch.nn.") in CONTAINERS:
            children = {
                key: self._write(child, f"{key} in {where}")
                for key, child in module._modules.items()
                if child is not None
            }
            return {"class": name, "children": children}
        arguments: Any = torch_arguments(module) if name.startswith("torch.nn.") else module.arguments
        encoded = {
            key: self._encoder.encode(value, f"the argument {key} of {name.rpartition('.')[2]} ({where})")
            for key, value in arguments.items()
        }
        return {"class": name, "arguments": encoded}


class Reader:
    """Builds a tree of modules from its description.

    Args:
        tensors: the tensors among the arguments.
        size: how many bytes the file has.
    """

    def __init__(self, tensors: dict[str, torch.Tensor], size: int) -> None:
        self._size = size
        self._decoder = Decoder(tensors, self.read)
        self._made: list[torch.nn.Module | None] = []

    def read(self, recipe: Any) -> torch.nn.Module:
        """The module that a description describes, with weights that mean nothing yet.

        Raises:
            ModelFileError: if it names what is not known, or asks for what cannot be built.
        """
        if not isinstance(recipe, dict):
            raise ModelFileError("the file describes no module where one belongs")
        if "again" in recipe:
            return self._again(recipe["again"])
        kind = find_class(recipe.get("class"))
        position = len(self._made)
        if position >= MAX_MODULES:
            raise ModelFileError(f"the file asks for more than {MAX_MODULES} modules")
        self._made.append(None)
        module = self._build(kind, recipe)
        self._made[position] = module
        return module

    def _again(self, number: Any) -> torch.nn.Module:
        found = self._made[number] if isinstance(number, int) and 0 <= number < len(self._made) else None
        if found is None:
            raise ModelFileError("the file refers to a module that it has not described before")
        return found

    def _build(self, kind: type[torch.nn.Module], recipe: dict[str, Any]) -> torch.nn.Module:
        if "children" in recipe:
            if kind.__name__ not in CONTAINERS:
                raise ModelFileError(f"the file gives children to {kind.__name__}, which takes none")
            return _container(kind, {key: self.read(child) for key, child in recipe["children"].items()})
        arguments = {key: self._decoder.decode(value) for key, value in recipe["arguments"].items()}
        _check_windows(arguments)
        self._check_size(arguments)
        try:
            # of the constructor, not of the class: before Python 3.11.4 the signature of a class is that of its __new__
            signature = inspect.signature(kind.__init__)
            itself = next(iter(signature.parameters))
            bound = inspect.BoundArguments(signature, OrderedDict([(itself, None), *arguments.items()]))
            # on the meta device a layer takes no memory, whatever size the file claims for it; layers of intertwine need
            # their constants, and their size has just been compared with that of the file
            with torch.device("meta" if kind.__module__.startswith("torch.") else "cpu"):
                return kind(*bound.args[1:], **bound.kwargs)
        except IntertwineError as error:
            raise ModelFileError(f"the file asks for a {kind.__name__} that cannot be: {error.message}") from error

    def _check_size(self, arguments: dict[str, Any]) -> None:
        """Refuse a map between fields of which the file cannot hold the weights.

        A space of intertwiners has at least size_in * size_out / |G|^2 dimensions or so, and each takes some bytes.
        """
        types = [value for value in arguments.values() if isinstance(value, FieldType)]
        if len(types) < 2:
            return
        product = types[0].size * types[1].size
        if product > max(self._size, 1 << 20) * max(types[0].fibergroup.order(), 8) ** 2:
            raise ModelFileError("the file asks for a layer whose weights it is too short to hold")


def _container(kind: type[torch.nn.Module], children: dict[str, torch.nn.Module]) -> torch.nn.Module:
    made = kind()
    for key, child in children.items():
        made.add_module(key, child)
    return made


def _check_windows(arguments: dict[str, Any]) -> None:
    for name in _WINDOWS:
        value = arguments.get(name)
        sizes = value if isinstance(value, (list, tuple)) else [value]
        if any(isinstance(size, (int, float)) and abs(size) > MAX_WINDOW for size in sizes):
            raise ModelFileError(f"the file asks for a layer with {name} {value}, but {MAX_WINDOW} is the most")


def _refuse_hooks(module: torch.nn.Module, where: str) -> None:
    if module._forward_hooks or module._forward_pre_hooks:
        raise ArgumentError(
            f"{where} has forward hooks, which are functions that a model file cannot hold",
            hint="remove the hooks before saving",
        )


def _refuse_shared_parameters(module: torch.nn.Module) -> None:
    # modules that occur twice are written once; one parameter in two different modules would come back as two
    owners: dict[int, str] = {}
    for name, part in module.named_modules():
        for key, parameter in part._parameters.items():
            if parameter is None:
                continue
            full = f"{name}.{key}" if name else key
            if id(parameter) in owners:
                raise ArgumentError(
                    f"{full} and {owners[id(parameter)]} are one parameter, which a model file cannot express",
                    hint="share the module instead of its parameter",
                )
            owners[id(parameter)] = full
