"""A tree of modules as JSON, and back."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from intertwine.budget import Budget, Price, modules_price
from intertwine.deploy.argument_codec import Decoder, Encoder
from intertwine.deploy.groups import MOST
from intertwine.deploy.layers import CONTAINERS, arguments_of, class_name, find_class
from intertwine.errors import ArgumentError, IntertwineError, ModelFileError
from intertwine.fields import FieldType
from intertwine.nn import EquivariantModule


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
        # In the order of the constructor: a module that was rebuilt is written as the first one, to the byte.
        order = {key: number for number, key in enumerate(inspect.signature(type(module).__init__).parameters)}
        arguments = sorted(arguments_of(module, where).items(), key=lambda item: order.get(item[0], len(order)))
        encoded = {
            key: self._encoder.encode(value, f"the argument {key} of {name.rpartition('.')[2]} ({where})")
            for key, value in arguments
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


@dataclass(eq=False)
class Described:
    """A module that a file describes, with all that building it needs.

    Attributes:
        kind: its class.
        arguments: those of the constructor, in which descriptions stand for modules.
        children: of a container, by name.
        made: the module, once it is there.
    """

    kind: type[torch.nn.Module]
    arguments: dict[str, Any]
    children: dict[str, Described] | None
    made: torch.nn.Module | None = None


class Reader:
    """Builds a tree of modules from its description.

    What a description asks for is read and paid for as a whole before the first module is built, so that a file that asks for
    too much is refused at once.

    Args:
        tensors: the tensors among the arguments.
        size: how many bytes the file has.
        classes: the classes of the user's own that the description may name, by their names.
        budget: what is left of what the file may ask for; by default all that its size allows.
    """

    def __init__(
        self,
        tensors: dict[str, torch.Tensor],
        size: int,
        classes: Mapping[str, type[torch.nn.Module]] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.classes = {} if classes is None else classes
        self.budget = Budget(size) if budget is None else budget
        self._decoder = Decoder(tensors, self._described, lambda name: find_class(name, self.classes), self.budget)
        self._listed: list[Described | None] = []
        self._counts: dict[int, int] = {}

    def read(self, recipe: Any, stored: Mapping[str, torch.Tensor] | None = None) -> torch.nn.Module:
        """The module that a description describes, with weights that mean nothing yet.

        Args:
            recipe: the description.
            stored: the tensors that the file holds for it by name, where these must be those of the description.

        Raises:
            ModelFileError: if it names what is not known, or asks for what cannot be built.
        """
        count = _modules_in(recipe)
        self.budget.pay(modules_price(count), f"{count} modules")
        described = self._described(recipe)
        if stored is not None:
            _check_stored(described, stored)
        return self._build(described)

    def value(self, value: Any) -> Any:
        """Plain data that `Writer.value` has written.

        Raises:
            ModelFileError: if it is something else.
        """
        return self._with_modules(self._decoder.decode(value))

    # --- what is asked for ------------------------------------------------------------------------------------------------

    def _described(self, recipe: Any) -> Described:
        if not isinstance(recipe, dict):
            raise ModelFileError("the file describes no module where one belongs")
        if "again" in recipe:
            return self._again(recipe["again"])
        kind = find_class(recipe.get("class"), self.classes)
        position = len(self._listed)
        self._listed.append(None)
        if "children" in recipe:
            if kind.__name__ not in CONTAINERS:
                raise ModelFileError(f"the file gives children to {kind.__name__}, which takes none")
            children = {key: self._described(child) for key, child in recipe["children"].items()}
            found = Described(kind, {}, children)
        else:
            arguments = {key: self._decoder.decode(value) for key, value in recipe["arguments"].items()}
            found = Described(kind, arguments, None)
            self._pay(found)
        self._listed[position] = found
        self._count(found)
        return found

    def _again(self, number: Any) -> Described:
        found = self._listed[number] if isinstance(number, int) and 0 <= number < len(self._listed) else None
        if found is None:
            raise ModelFileError("the file refers to a module that it has not described before")
        self._pay_for_visits(self._counts[id(found)])
        return found

    def _pay_for_visits(self, times: int) -> None:
        # whatever goes through a module meets a part as often as there are ways to it
        self.budget.pay(visit_price(times), "modules inside of one another so often")

    def _count(self, found: Described) -> None:
        inside = [*(found.children or {}).values(), *_descriptions(found.arguments)]
        # a part that is met again was counted where it stands
        self._counts[id(found)] = 1 + sum(self._counts[id(part)] for part in inside)

    def _pay(self, found: Described) -> None:
        kind, arguments = found.kind, found.arguments
        if kind.__module__.startswith("torch."):
            placed = [name for name in ("device", "dtype") if name in arguments]
            if placed:
                raise ModelFileError(f"the file gives the argument {placed[0]} to {kind.__name__}, which no file does")
            return
        what = f"a layer {kind.__name__}"
        fields = sum(len(type_) for type_ in _types(arguments))
        memory, work = getattr(kind, "field_bytes", 200.0), getattr(kind, "field_seconds", 1e-5)
        self.budget.pay(Price(1e4 + memory * fields, 3e-4 + work * fields), what)
        prices = getattr(kind, "construction_prices", None)
        if prices is None or not kind.__module__.startswith("intertwine."):
            return
        try:
            for price in prices(**_named(kind, arguments)):
                self.budget.pay(price, what)
        except ModelFileError:
            raise
        except IntertwineError as error:
            raise ModelFileError(f"the file asks for a {kind.__name__} that cannot be: {error.message}") from error

    # --- building ---------------------------------------------------------------------------------------------------------

    def _build(self, described: Described) -> torch.nn.Module:
        if described.made is None:
            described.made = self._built(described)
        return described.made

    def _with_modules(self, value: Any) -> Any:
        if isinstance(value, Described):
            return self._build(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self._with_modules(item) for item in value)
        if isinstance(value, dict):
            return type(value)((key, self._with_modules(item)) for key, item in value.items())
        return value

    def _built(self, described: Described) -> torch.nn.Module:
        kind = described.kind
        if described.children is not None:
            made = kind()
            for key, child in described.children.items():
                made.add_module(key, self._build(child))
            return made
        arguments = self._with_modules(described.arguments)
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
            # on the meta device a layer of torch takes no memory, whatever size the file claims for it
            with torch.device("meta" if getattr(kind, "__module__", "").startswith("torch.") else "cpu"):
                return kind(*bound.args[1:], **bound.kwargs)
        except IntertwineError as error:
            raise ModelFileError(f"the file asks for a {kind.__name__} that cannot be: {error.message}") from error


def _modules_in(recipe: Any) -> int:
    """How many modules a description describes, by a glance at it."""
    count, left = 0, [recipe]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            count += "class" in value
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    return count


def visit_price(times: int) -> Price:
    """What it takes to go through modules, each as often as there are ways to it.

    Args:
        times: how often that is in all.
    """
    return Price(seconds=5e-5 * float(min(times, MOST)))


def _named(kind: type[torch.nn.Module], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as `construction_prices` takes them: what goes into ``**kwargs`` by its own names."""
    named = dict(arguments)
    for parameter in inspect.signature(kind.__init__).parameters.values():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD and isinstance(named.get(parameter.name), dict):
            named.update(named.pop(parameter.name))
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL and parameter.name == "args":
            named.pop("args", None)
    return named


def _items(value: Any) -> Iterator[Any]:
    """All that lists, tuples and dicts hold."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _items(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _items(item)
    else:
        yield value


def _descriptions(arguments: dict[str, Any]) -> list[Described]:
    return [item for item in _items(arguments) if isinstance(item, Described)]


def _types(arguments: dict[str, Any]) -> list[FieldType]:
    return [item for item in _items(arguments) if isinstance(item, FieldType)]


def _check_stored(described: Described, stored: Mapping[str, torch.Tensor]) -> None:
    """Refuses a file whose tensors are not those that its description declares, as far as that is known before building.

    Layers of torch are built on the meta device, which tells names and shapes; other layers declare what they know. Whether all
    the others fit is told by loading them.
    """

    def check(part: Described, where: str) -> None:
        children = part.children
        if part.kind.__name__ == "SequentialModule":
            parts = [item for item in part.arguments.get("args", ()) if isinstance(item, Described)]
            children = {str(number): item for number, item in enumerate(parts)}
        if children is not None:
            for name, child in children.items():
                check(child, f"{where}{name}.")
        elif part.kind.__module__.startswith("torch."):
            if part.made is None:
                with torch.device("meta"):
                    part.made = part.kind(**part.arguments)
            for name, tensor in part.made.state_dict().items():
                compare(where + name, tuple(tensor.shape))
        elif issubclass(part.kind, EquivariantModule) and part.kind.__module__.startswith("intertwine."):
            for name, shape in part.kind.declared_tensors(**_named(part.kind, part.arguments)).items():
                compare(where + name, shape)

    def compare(name: str, shape: tuple[int, ...] | None) -> None:
        found = stored.get(name)
        if found is None or shape not in (None, tuple(found.shape)):
            described = "" if shape is None else f" of shape {shape}"
            held = "nothing of that name" if found is None else f"the shape {tuple(found.shape)}"
            raise ModelFileError(f"the file describes {name}{described}, but holds {held}")

    check(described, "")
