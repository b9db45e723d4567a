"""A tree of modules as JSON, and back."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch

from intertwine.deploy.layers import CONTAINERS, arguments_of, class_name, find_class
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
        self.tensors: dict[str, torch.Tensor] = {}
        """The tensors among the arguments."""
        self.classes: dict[str, type[torch.nn.Module]] = {}
        """The classes of the user's own, by the names that the file has for them."""
        self._encoder = Encoder(self.tensors, self.write, self._class_name)
        self._plain = Encoder(self.tensors, _refuse_module, self._class_name, share=False)
        self._seen: dict[int, int] = {}

    def write(self, module: torch.nn.Module, where: str = "the model") -> dict[str, Any]:
        """The description of a module.

        Args:
            module: the module.
            where: what it is, for the error.

        Raises:
            ArgumentError: if the module is or holds something that a file cannot hold.
        """
        if id(module) in self._seen:
            return {"again": self._seen[id(module)]}
        self._seen[id(module)] = len(self._seen)
        name = self._class_name(type(module), where)
        if name.removeprefix("torch.nn.") in CONTAINERS:
            children = {
                key: self.write(child, f"{key} in {where}")
                for key, child in module._modules.items()
                if child is not None
            }
            return {"class": name, "children": children}
        encoded = {
            key: self._encoder.encode(value, f"the argument {key} of {name.rpartition('.')[2]} ({where})")
            for key, value in arguments_of(module, where).items()
        }
        return {"class": name, "arguments": encoded}

    def value(self, value: Any, where: str) -> Any:
        """Plain data that a module has beside its arguments.

        Args:
            value: the data.
            where: what it is, for the error.

        Raises:
            ArgumentError: if it is or holds something that a file cannot hold.
        """
        return self._plain.encode(value, where)

    def can_name(self, kind: type[torch.nn.Module]) -> bool:
        """Whether a file has a name for a class of modules."""
        try:
            class_name(kind, "")
        except ArgumentError:
            return False
        return True

    def mark(self) -> int:
        """A point to which `forget` goes back."""
        return len(self.tensors)

    def forget(self, mark: int) -> None:
        """Drops the tensors that were kept since.

        Args:
            mark: what `mark` gave.
        """
        for name in list(self.tensors)[mark:]:
            del self.tensors[name]

    def _class_name(self, kind: type[torch.nn.Module], where: str) -> str:
        name, own = class_name(kind, where)
        if own and self.classes.setdefault(name, kind) is not kind:
            raise ArgumentError(
                f"the model has parts of two classes that are both called {name}, between which a model file cannot tell",
                hint="build the model again, or give the classes names of their own",
            )
        return name


def _refuse_module(module: torch.nn.Module, where: str) -> Any:
    raise ArgumentError(f"{where} is a module, which a model file cannot hold there")


class Reader:
    """Builds a tree of modules from its description.

    Args:
        tensors: the tensors among the arguments.
        size: how many bytes the file has.
        classes: the classes of the user's own that the description may name, by their names.
    """

    def __init__(
        self, tensors: dict[str, torch.Tensor], size: int, classes: Mapping[str, type[torch.nn.Module]] | None = None
    ) -> None:
        self._size = size
        self.classes = {} if classes is None else classes
        self._decoder = Decoder(tensors, self.read, lambda name: find_class(name, self.classes))
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
        kind = find_class(recipe.get("class"), self.classes)
        position = len(self._made)
        if position >= MAX_MODULES:
            raise ModelFileError(f"the file asks for more than {MAX_MODULES} modules")
        self._made.append(None)
        module = self._build(kind, recipe)
        self._made[position] = module
        return module

    def value(self, value: Any) -> Any:
        """Plain data that `Writer.value` has written.

        Raises:
            ModelFileError: if it is something else.
        """
        return self._decoder.decode(value)

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
            itself = next(iter(signature.parameters.values()))
            if itself.kind is inspect.Parameter.VAR_POSITIONAL:  # as of classes that R makes
                arguments[itself.name] = (None, *arguments.get(itself.name, ()))
                named = OrderedDict(arguments)
            else:
                named = OrderedDict([(itself.name, None), *arguments.items()])
            bound = inspect.BoundArguments(signature, named)
            # on the meta device a layer takes no memory, whatever size the file claims for it; layers of intertwine need
            # their constants, and their size has just been compared with that of the file
            with torch.device("meta" if getattr(kind, "__module__", "").startswith("torch.") else "cpu"):
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
