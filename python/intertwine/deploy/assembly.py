"""Modules out of what a file holds: built from a recipe, changed as their originals were after building, given their weights."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from intertwine.budget import Budget
from intertwine.deploy.drawing import NothingDrawn
from intertwine.deploy.module_codec import Reader, visit_price
from intertwine.errors import ModelFileError
from intertwine.kernels.constants import ConstantModule

FLOATING = ("float16", "bfloat16", "float32", "float64")
"""The dtypes that a module as a whole may have."""

_RESERVED = (frozenset(vars(torch.nn.Module())) - {"training"}) | {"_masters"}


class Assembly:
    """Builds the module of a file, step by step; saving takes the same steps to see what comes of them.

    Args:
        reader: builds modules from recipes.
        state: the parameters and buffers by name.
        dtype: that of the module as a whole.
        training: whether the module as a whole is in training mode.
    """

    def __init__(self, reader: Reader, state: Mapping[str, torch.Tensor], dtype: Any, training: Any) -> None:
        self._reader = reader
        self._state = state
        self._dtype = known_dtype(dtype)
        self._training = bool(training)
        self.root = torch.nn.Module()

    def build(self, recipe: Any, whole: bool = False) -> None:
        """Builds the module of a recipe, with weights that mean nothing yet.

        Args:
            recipe: the description.
            whole: whether nothing has changed since the original was built, so that the tensors of the file must be those that
                the recipe declares.
        """
        self.root = self._part(recipe, self._state if whole else None)

    def _part(self, recipe: Any, stored: Mapping[str, torch.Tensor] | None = None) -> torch.nn.Module:
        return self._reader.read(recipe, stored).to(self._dtype).train(self._training)

    def change(self, change: Any) -> None:
        """Changes a part of the module as the original was changed after it was built.

        Args:
            change: what `Differences` found.

        Raises:
            ModelFileError: if there is no such part, or it cannot be changed so.
        """
        where = change["at"]
        part = part_at(self.root, where)
        if "children" in change:
            _set(part._modules, change["children"], self._child)
            refuse_cycles(self.root, self._reader.budget)
        if "parameters" in change:
            _set(part._parameters, change["parameters"], lambda name, _: self._placeholder(where, name))
        if "dtype" in change:
            dtype = known_dtype(change["dtype"])
            part._apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor, recurse=False)
        for name, value in change.get("constants", {}).items():
            if not isinstance(part, ConstantModule):
                raise ModelFileError(f"the file gives constants to {where!r}, which takes none")
            part.set_master(str(name), None if value is None else self._tensor(value))
        if "buffers" in change:
            _set(
                part._buffers,
                change["buffers"],
                lambda name, value: self._stored(where, name) if value == "state" else self._tensor(value),
            )
            part._non_persistent_buffers_set = {str(name) for name in change["buffers"]["transient"]}
        for name in change.get("removed", ()):
            part.__dict__.pop(_attribute(name), None)
        for name, value in change.get("attributes", {}).items():
            part.__dict__[_attribute(name)] = self._reader.value(value)

    def _child(self, name: str, value: Any) -> torch.nn.Module:
        return part_at(self.root, value["at"]) if "at" in value else self._part(value)

    def _tensor(self, value: Any) -> torch.Tensor:
        found = self._reader.value(value)
        if not isinstance(found, torch.Tensor):
            raise ModelFileError("the file holds something else where a tensor belongs")
        return found

    def _stored(self, where: str, name: str) -> torch.Tensor:
        full = f"{where}.{name}" if where else name
        if full not in self._state:
            raise ModelFileError(f"the file holds no values for {full}")
        return torch.empty_like(self._state[full], device="meta")

    def _placeholder(self, where: str, name: str) -> torch.nn.Parameter:
        value = self._stored(where, name)
        return torch.nn.Parameter(value, value.is_floating_point() or value.is_complex())

    def finish(self, tied: Mapping[str, str], frozen: Any) -> torch.nn.Module:
        """Gives the module its weights.

        Args:
            tied: names of parameters and buffers, and the names of those that they are.
            frozen: the names of the parameters that need no gradient.

        Raises:
            ModelFileError: if there are no values for some of them.
        """
        module = self.root
        module.load_state_dict(dict(self._state), strict=True, assign=True)
        for name, first in tied.items():
            (registry, key), (others, other) = _registry(module, name), _registry(module, first)
            one, same = registry[key], others[other]
            if one is None or same is None or (one.shape, one.dtype) != (same.shape, same.dtype):
                raise ModelFileError(f"the file says that {name} is {first}, which it cannot be")
            registry[key] = same
        left = [name for name, p in module.named_parameters() if p.is_meta]
        left += [name for name, b in module.named_buffers() if b.is_meta]
        if left:
            raise ModelFileError(f"the file holds no values for {', '.join(left[:3])}")
        frozen = set(frozen)
        for name, parameter in module.named_parameters():
            differentiable = parameter.is_floating_point() or parameter.is_complex()
            parameter.requires_grad_(name not in frozen and differentiable)
        return module


@contextlib.contextmanager
def undisturbed(own_classes: bool = False) -> Iterator[None]:
    """A context in which modules are built without drawing random weights, outside of inference mode.

    Args:
        own_classes: whether classes of the user's are built. Their constructors may draw from Python's and NumPy's generators,
            so the states of these are restored afterwards; otherwise not, because other threads may draw from them.
    """
    plain = random.getstate() if own_classes else None
    legacy = np.random.get_state() if own_classes else None  # noqa: NPY002
    try:
        with NothingDrawn(own_classes), torch.inference_mode(False):
            yield
    finally:
        if plain is not None and legacy is not None:
            random.setstate(plain)
            np.random.set_state(legacy)  # noqa: NPY002


def known_dtype(name: Any) -> torch.dtype:
    """A floating-point dtype by its name.

    Args:
        name: what the file holds.

    Raises:
        ModelFileError: if it is none.
    """
    if name not in FLOATING:
        raise ModelFileError(f"the file asks for numbers of type {name!r}, which this version does not know")
    return getattr(torch, name)


def part_at(root: torch.nn.Module, where: Any) -> torch.nn.Module:
    """The part of a module at a place, such as ``"0.conv"``; the module itself at ``""``.

    Args:
        root: the module.
        where: the place.

    Raises:
        ModelFileError: if there is none.
    """
    part: torch.nn.Module | None = root
    for name in where.split(".") if where else ():
        part = None if part is None else part._modules.get(name)
    if part is None:
        raise ModelFileError(f"the file speaks of the part {where!r}, which the model has not")
    return part


def _registry(root: torch.nn.Module, name: str) -> tuple[dict[str, Any], str]:
    where, _, key = name.rpartition(".")
    part = part_at(root, where)
    for registry in (part._parameters, part._buffers):
        if key in registry:
            return registry, key
    raise ModelFileError(f"the file speaks of {name!r}, which the model has not")


def _set(registry: dict[str, Any], change: Any, make: Any) -> None:
    """Gives a registry of torch its entries, in their order: those that are new, and those that it has."""
    found = dict(registry)
    for name, value in change["new"].items():
        found[name] = None if value is None else make(name, value)
    names = change["names"]
    for name in names:
        if not isinstance(name, str) or not name or "." in name or name not in found:
            raise ModelFileError(f"the file lists {str(name)[:40]!r}, which it does not describe")
    registry.clear()
    registry.update((name, found[name]) for name in names)


def _attribute(name: Any) -> str:
    if not isinstance(name, str) or name in _RESERVED or (name.startswith("__") and name.endswith("__")):
        raise ModelFileError(f"the file sets the attribute {str(name)[:40]!r}, which is not for files to set")
    return name


def refuse_cycles(root: torch.nn.Module, budget: Budget) -> None:
    """Refuses modules that are parts of themselves, or whose parts are met more often than a file may ask for.

    Args:
        root: the module.
        budget: what a file may ask for.

    Raises:
        ModelFileError: if it is one.
    """
    counts: dict[int, int] = {}

    def count(module: torch.nn.Module, above: frozenset[int]) -> int:
        if id(module) in above:
            raise ModelFileError("there is a module that is a part of itself")
        if id(module) not in counts:
            inside = above | {id(module)}
            counts[id(module)] = 1 + sum(count(part, inside) for part in module._modules.values() if part is not None)
        return counts[id(module)]

    budget.pay(visit_price(count(root, frozenset())), "modules inside of one another so often")
