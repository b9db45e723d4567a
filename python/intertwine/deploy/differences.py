"""The changes to a module since it was built, other than its weights: found by building a twin from its recipe and comparing."""

from __future__ import annotations

from typing import Any

import torch

from intertwine.deploy.assembly import Assembly, part_at
from intertwine.deploy.comparing import REGISTRIES, Comparison, derived_attributes, same_tensor
from intertwine.deploy.module_codec import Writer
from intertwine.errors import ArgumentError, Words
from intertwine.kernels.constants import ConstantModule
from intertwine.nn.base.hooks import HOOKS, hooks_of, named_hooks, tensor_has_hooks

_COMPARED_SEPARATELY = (*HOOKS, *REGISTRIES, "_masters")
"""Attributes of modules that have a comparison of their own."""

_SET_BACK = Words(
    "set it back before saving and again after loading, or give it to the constructor of a class of your own "
    "(see the argument `classes` of load)",
    r="set it back before saving and again after loading, or give it to the constructor of a class of your own "
    "(see the argument `classes` of intertwine_load())",
)

_TORCH_PREFIXES = ("_dynamo", "_ddp")
"""The names of attributes that torch itself writes on parameters begin with these."""


class Differences:
    """Walks through a module and its twin, which was built from the recipe, and makes the twin the same.

    Args:
        module: the module that is saved.
        writer: has described it.
        assembly: has built the twin from that.
    """

    def __init__(self, module: torch.nn.Module, writer: Writer, assembly: Assembly) -> None:
        self._module = module
        self._writer = writer
        self._assembly = assembly
        self._parts = {id(part) for part in module.modules()}
        self._places: dict[int, str] = {}
        self._twins: dict[int, torch.nn.Module] = {}
        self._matched_twins: set[int] = set()
        self._complete = False
        self._comparison = Comparison(self._same_module)
        self.changes: list[dict[str, Any]] = []
        """The changes that make the twin the same, as the file holds them."""

    def find(self) -> None:
        """Finds the changes, and makes them to the twin as loading will.

        Raises:
            ArgumentError: if there is one that a file cannot hold.
        """
        self._make_same(self._module, self._assembly.root, "", described=True)

    # --- finding ----------------------------------------------------------------------------------------------------------

    def _make_same(self, part: torch.nn.Module, twin: torch.nn.Module, where: str, described: bool) -> None:
        """Makes a part of the twin the same as that of the module.

        Args:
            part: of the module.
            twin: of the twin, and of the same class.
            where: both are.
            described: whether the twin was built from a description of this very part.
        """
        known, values = len(self.changes), self._writer.mark()
        try:
            self._make_attributes_same(part, twin, where)
        except ArgumentError:
            if described:
                raise
            if not self._writer.can_name(type(part)):
                raise
            # It may have replaced another part of its class: then a description of its own says what it is.
            del self.changes[known:]
            self._writer.forget(values)
            self._replace(part, where)
            return
        self._places[id(part)], self._twins[id(part)] = where, twin
        self._matched_twins.add(id(twin))
        self._make_children_same(part, twin, where)

    def _replace(self, part: torch.nn.Module, where: str) -> None:
        above, _, name = where.rpartition(".")
        recipe = self._writer.write(part, named(where))
        names = list(part_at(self._assembly.root, above)._modules)
        self._change(above, children={"names": names, "new": {name: recipe}})
        self._make_same(part, part_at(self._assembly.root, where), where, described=True)

    def _make_children_same(self, part: torch.nn.Module, twin: torch.nn.Module, where: str) -> None:
        mine, theirs = part._modules, twin._modules
        empty = {name: None for name, child in mine.items() if child is None or theirs.get(name) is None}
        if list(mine) != list(theirs) or any(theirs[name] is not None or mine[name] is not None for name in empty):
            # the places first; new parts are described below
            self._change(where, children={"names": list(mine), "new": empty})
        for name, child in mine.items():
            if child is None:
                continue
            place, other = _joined(where, name), theirs[name]
            if id(child) in self._places:
                if other is not self._twins[id(child)]:
                    again = {"at": self._places[id(child)]}
                    self._change(where, children={"names": list(mine), "new": {name: again}})
            elif other is None or type(other) is not type(child) or id(other) in self._matched_twins:
                self._replace(child, place)
            else:
                self._make_same(child, other, place, described=False)

    def _change(self, where: str, **change: Any) -> None:
        self.changes.append({"at": where, **change})
        self._assembly.change(self.changes[-1])

    def _make_attributes_same(self, part: torch.nn.Module, twin: torch.nn.Module, where: str) -> None:
        """Makes the attributes of a part the same; its weights and its children come later."""
        name = named(where)
        self._check_hooks(part, twin, name)
        mine, theirs = part._parameters, twin._parameters
        new = {key: _state(value) for key, value in mine.items() if key not in theirs or _other(value, theirs[key])}
        if new or list(mine) != list(theirs):
            self._change(where, parameters={"names": list(mine), "new": new})
        dtype = _dtype_of_constants(part)
        if dtype is not None and dtype != _dtype_of_constants(twin):
            self._change(where, dtype=str(dtype).removeprefix("torch."))
        self._make_constants_same(part, twin, where)
        self._make_buffers_same(part, twin, where)
        ignored = {*_COMPARED_SEPARATELY, *derived_attributes(type(part))}
        removed = sorted(key for key in vars(twin) if key not in vars(part) and key not in ignored)
        if removed:
            self._change(where, removed=removed)
        changed = [
            key
            for key, value in vars(part).items()
            if key not in ignored and not (key in vars(twin) and self._comparison.same(value, vars(twin)[key]))
        ]
        if changed:
            values = {key: self._value(vars(part)[key], f"the attribute {key!r} of {name}") for key in sorted(changed)}
            self._change(where, attributes=values)

    def _make_constants_same(self, part: torch.nn.Module, twin: torch.nn.Module, where: str) -> None:
        mine, theirs = _masters(part), _masters(twin)
        new: dict[str, Any] = {key: None for key in theirs if key not in mine}
        for key, value in mine.items():
            if key not in theirs or not same_tensor(value, theirs[key]):
                new[key] = self._value(value, f"the constant {key!r} of {named(where)}")
        if new:
            self._change(where, constants=new)

    def _make_buffers_same(self, part: torch.nn.Module, twin: torch.nn.Module, where: str) -> None:
        mine, theirs, transient = part._buffers, twin._buffers, part._non_persistent_buffers_set
        new: dict[str, Any] = {}
        for key, buffer in mine.items():
            other = theirs.get(key)
            if key not in transient or buffer is None:
                if key not in theirs or _other(buffer, other):
                    new[key] = _state(buffer)
            elif other is None or not same_tensor(buffer, other):
                new[key] = self._value(buffer, f"the buffer {key!r} of {named(where)}")
        if new or list(mine) != list(theirs) or transient != twin._non_persistent_buffers_set:
            self._change(where, buffers={"names": list(mine), "new": new, "transient": sorted(transient)})

    def _value(self, value: Any, what: str) -> Any:
        try:
            return self._writer.value(value, what)
        except ArgumentError as error:
            raise ArgumentError(
                f"{error.message.rstrip('.')}; it was set after the module was built",
                hint=_SET_BACK,
            ) from error

    def _check_hooks(self, part: torch.nn.Module, twin: torch.nn.Module, name: str) -> None:
        for kind in HOOKS:
            if not self._comparison.same(hooks_of(part, kind), hooks_of(twin, kind)):
                raise ArgumentError(
                    f"{name} has hooks ({named_hooks(kind)}), which are functions that a model file cannot hold",
                    hint="remove the hooks before saving, and register them again after loading",
                )

    def _same_module(self, one: torch.nn.Module, other: torch.nn.Module) -> bool:
        """Whether a module that an attribute refers to is at the same place as that of the twin."""
        if id(one) in self._parts:
            # the places of all parts are known only after the walk; then `check` compares again
            return self._twins[id(one)] is other if self._complete else True
        return type(one) is type(other) and self._comparison.same(vars(one), vars(other))

    # --- checking ---------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Compares everything, now that the twin has its weights.

        Raises:
            ArgumentError: if anything differs.
        """
        self._complete = True
        self._comparison = Comparison(self._same_module)
        for name, part in self._module.named_modules():
            difference = self._difference(part, self._twins[id(part)])
            if difference is not None:
                raise ArgumentError(
                    f"{named(name)} would not come back from a model file as it is: {difference}",
                    hint=_SET_BACK,
                )
            self._check_hooks(part, self._twins[id(part)], named(name))
        if ties(self._module) != ties(self._assembly.root):
            raise ArgumentError("the model shares parameters or buffers in a way that a model file cannot express")

    def _difference(self, part: torch.nn.Module, twin: torch.nn.Module) -> str | None:
        """What differs between a part and its twin, if anything."""
        if type(part) is not type(twin) or list(part._modules) != list(twin._modules):
            return "other parts are in it"
        for key, child in part._modules.items():
            if (None if child is None else self._twins[id(child)]) is not twin._modules[key]:
                return f"its part {key!r} is another one"
        for mine, theirs in ((part._parameters, twin._parameters), (part._buffers, twin._buffers)):
            if list(mine) != list(theirs):
                return f"it has the tensors {', '.join(mine)}"
            for key, value in mine.items():
                other = theirs[key]
                if value is not other and (value is None or other is None or not same_tensor(value, other)):
                    return f"its tensor {key!r} differs in values, kind or `requires_grad`"
        if part._non_persistent_buffers_set != twin._non_persistent_buffers_set:
            return "other buffers belong to its state"
        if not self._comparison.same(_masters(part), _masters(twin)):
            return "its constants differ"
        ignored = {*_COMPARED_SEPARATELY, *derived_attributes(type(part))}
        for key in sorted({*vars(part), *vars(twin)} - ignored):
            missing = key not in vars(part) or key not in vars(twin)
            if missing or not self._comparison.same(vars(part)[key], vars(twin)[key]):
                return f"its attribute {key!r} differs"
        return None


def ties(module: torch.nn.Module) -> dict[str, str]:
    """The parameters and buffers that are the same tensor as one before them, by name, and the name of that one.

    Args:
        module: the module.
    """
    first: dict[int, str] = {}
    found: dict[str, str] = {}
    for where, part in module.named_modules():
        constants = _masters(part)
        for key, tensor in (*part._parameters.items(), *part._buffers.items()):
            if tensor is None or key in constants:
                continue
            name = _joined(where, key)
            if id(tensor) in first:
                found[name] = first[id(tensor)]
            else:
                first[id(tensor)] = name
    return found


def check_tensors(module: torch.nn.Module) -> None:
    """Refuses parameters and buffers that are more than their values.

    Args:
        module: the module.

    Raises:
        ArgumentError: if they have hooks or attributes of their own, or lie in the memory of one another.
    """
    spans: list[tuple[str, int, int, str, bool]] = []
    seen: set[int] = set()
    for where, part in module.named_modules():
        held = {
            key: tensor for key, tensor in (*part._parameters.items(), *part._buffers.items()) if tensor is not None
        }
        plain = {key: value for key, value in vars(part).items() if isinstance(value, torch.Tensor)}
        for key, tensor in {**held, **plain}.items():
            if id(tensor) in seen or key in _masters(part):
                continue
            seen.add(id(tensor))
            name = _joined(where, key)
            if key in held:
                _check_tensor(tensor, name)
            if tensor.numel() and tensor.layout == torch.strided and not tensor.is_meta:
                reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride()))
                start = tensor.data_ptr()
                end = start + (reach + 1) * tensor.element_size()
                spans.append((str(tensor.device), start, end, name, key in held))
    _check_spans(sorted(spans))


def _check_spans(spans: list[tuple[str, int, int, str, bool]]) -> None:
    """Refuses tensors of the state that overlap with others; each with device, start, end, name, and whether it is state."""
    ends: dict[tuple[str, bool], tuple[int, str]] = {}
    for device, start, end, name, held in spans:
        for other_held in (True, False) if held else (True,):
            last, other = ends.get((device, other_held), (0, ""))
            if start < last:
                raise ArgumentError(
                    f"{name} and {other} lie in the same memory, which a model file cannot express",
                    hint="make one a copy with .clone(), or use one parameter for both",
                )
        if end > ends.get((device, held), (0, ""))[0]:
            ends[device, held] = (end, name)


def _check_tensor(tensor: torch.Tensor, name: str) -> None:
    if tensor.is_meta:
        raise ArgumentError(f"{name} has no values, for it is on the meta device", hint="give the module weights first")
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise ArgumentError(f"{name} is a sparse or quantised tensor, which a model file cannot hold")
    if tensor_has_hooks(tensor):
        raise ArgumentError(
            f"{name} has hooks, which are functions that a model file cannot hold",
            hint="remove the hooks before saving, and register them again after loading",
        )
    marks = [key for key in getattr(tensor, "__dict__", {}) if not key.startswith(_TORCH_PREFIXES)]
    if marks:
        raise ArgumentError(
            f"the tensor {name} has the attribute {marks[0]!r}, which a model file cannot hold",
            hint=f"remove it before saving: del module.{name}.{marks[0]}",
        )


def named(where: str) -> str:
    """A part as errors call it.

    Args:
        where: its place.
    """
    return f"the part {where!r} of the model" if where else "the model"


def _joined(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _state(value: torch.Tensor | None) -> str | None:
    return None if value is None else "state"


def _other(value: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    """Whether a tensor needs another place than that which is there."""
    if value is None or other is None:
        return value is not other
    return value.shape != other.shape


def _masters(part: torch.nn.Module) -> dict[str, torch.Tensor]:
    return part.masters if isinstance(part, ConstantModule) else {}


def _dtype_of_constants(part: torch.nn.Module) -> torch.dtype | None:
    for key in part._non_persistent_buffers_set:
        buffer = part._buffers.get(key)
        if key in _masters(part) and buffer is not None and buffer.is_floating_point():
            return buffer.dtype
    return None
