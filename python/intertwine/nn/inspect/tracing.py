"""Runs of models: which part is given what, of which type, and in which order."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from intertwine.fields import FieldType, GeometricTensor
from intertwine.gspaces import GSpace
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.inspect.kinds import PartKind, walk


@dataclass(frozen=True)
class InvariantFeatures:
    """The type of plain numbers: the group moves them with space at most, and does not change them."""

    gspace: GSpace


FeatureType = FieldType | InvariantFeatures


@dataclass(eq=False)
class Call:
    """One call of a part.

    Attributes:
        path: the part's name in the model; of a shared part the first.
        module: the part.
        kind: see :func:`kind_of`.
        parent: the call within which it happened.
        args: what it was called with.
        kwargs: what it was called with by name.
        output: what it gave.
        calls: those within it.
        operations: of convolutions and matrix products within it, if they were counted.
    """

    path: str
    module: torch.nn.Module
    kind: PartKind
    parent: Call | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    output: Any = None
    calls: list[Call] = field(default_factory=list)
    operations: int = 0

    @property
    def inputs(self) -> list[Any]:
        """The tensors that it was called with."""
        return tensors_in((self.args, self.kwargs))

    @property
    def outputs(self) -> list[Any]:
        """The tensors that it gave."""
        return tensors_in(self.output)

    @property
    def size(self) -> tuple[int, ...]:
        """Of the first input along each axis of space."""
        return tuple(self.inputs[0].shape[2:]) if self.inputs else ()

    def within(self) -> Iterator[Call]:
        """The calls within it, in the order in which they began."""
        for call in self.calls:
            yield call
            yield from call.within()


@dataclass
class Trace:
    """A run of a model.

    Attributes:
        root: the call of the model itself.
        types: the types of tensors that are known, by ``id``: those of fields, of what layers took and what they gave.
        error: what ended the run, if it did not reach the end.
        failed: the path of the innermost part in which that happened.
    """

    root: Call
    types: dict[int, FeatureType] = field(default_factory=dict)
    error: Exception | None = None
    failed: str = ""

    def type_of(self, tensor: Any) -> FeatureType | None:
        """The type of a tensor; ``None`` where it is not known.

        Args:
            tensor: one that took part in the run.
        """
        return tensor.type if isinstance(tensor, GeometricTensor) else self.types.get(id(tensor))


def tensors_in(value: Any) -> list[Any]:
    """The tensors in nested tuples, lists and dicts; a :class:`GeometricTensor` is one.

    Args:
        value: anything.
    """
    leaves = pytree.tree_leaves(value, is_leaf=lambda leaf: isinstance(leaf, GeometricTensor))
    return [leaf for leaf in leaves if isinstance(leaf, (torch.Tensor, GeometricTensor))]


def tensor_of(value: torch.Tensor | GeometricTensor) -> torch.Tensor:
    """The tensor without its type.

    Args:
        value: with or without one.
    """
    return value.tensor if isinstance(value, GeometricTensor) else value


def trace(
    model: torch.nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any] | None = None,
    *,
    count_operations: bool = False,
    on_call_end: Callable[[Call], None] | None = None,
) -> Trace:
    """Runs a model and records what each of its parts was given and gave.

    Args:
        model: any module; it is called as it is (on the meta device nothing is computed).
        args: what to call it with.
        kwargs: what to call it with by name.
        count_operations: whether multiply-adds are counted.
        on_call_end: called at the end of each call of a part.

    Returns:
        the run; an error that ended it is in it, and not raised.
    """
    stack: list[Call] = []
    root = Call("", model, "own", None, args, kwargs or {})
    found = Trace(root)
    started: dict[int, int] = {}
    counter = Counter()
    handles = []

    def watch(path: str, module: torch.nn.Module, kind: PartKind) -> None:
        def before(_: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            call = Call(path, module, kind, stack[-1] if stack else None, args, kwargs)
            if call.parent is None:
                found.root = call
            else:
                call.parent.calls.append(call)
            stack.append(call)
            _note_inputs(found, call)
            started[id(call)] = counter.total

        def after(_: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
            call = stack.pop()
            call.output = output
            call.operations = counter.total - started.pop(id(call))
            _note_outputs(found, call)
            if on_call_end is not None:
                on_call_end(call)

        handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
        handles.append(module.register_forward_hook(after, with_kwargs=True))

    parts: dict[int, tuple[str, torch.nn.Module, PartKind]] = {}
    for path, module, kind in walk(model):
        parts.setdefault(id(module), (path, module, kind))
    try:
        for path, module, kind in parts.values():
            watch(path, module, kind)
        with torch.no_grad(), counter if count_operations else contextlib.nullcontext():
            model(*args, **(kwargs or {}))
    except Exception as error:
        found.error, found.failed = error, stack[-1].path if stack else ""
    finally:
        for handle in handles:
            handle.remove()
    return found


class Counter(TorchDispatchMode):
    """Counts the multiply-adds of convolutions and matrix products, by the formulas of torch's own counter.

    That one looks into every operation: on a wide ResNet of 28 layers it adds 0.27 s to a run on the meta device of 0.23 s, and
    this adds 0.05 s.

    Attributes:
        total: so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=output) // 2
        return output


def _typed(types: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of a type and a tensor, for one type, a tuple or a dict of them."""
    if isinstance(types, dict):
        values = values[0] if isinstance(values, tuple) and len(values) == 1 else values
        if isinstance(values, dict):
            yield from ((types[label], values[label]) for label in types if label in values)
    elif isinstance(types, (tuple, list)):
        yield from zip(types, values if isinstance(values, tuple) else (values,))
    elif isinstance(values, tuple) and values:
        yield types, values[0]
    else:
        yield types, values


def _note(found: Trace, value: Any, type_: Any) -> None:
    if isinstance(value, GeometricTensor):
        found.types[id(value.tensor)] = value.type
    elif isinstance(value, torch.Tensor) and (
        isinstance(type_, InvariantFeatures)
        or (isinstance(type_, FieldType) and value.dim() > 1 and value.shape[1] == type_.size)
    ):
        found.types.setdefault(id(value), type_)


def _note_inputs(found: Trace, call: Call) -> None:
    for value in call.inputs:
        _note(found, value, None)
    if isinstance(call.module, EquivariantModule):
        for type_, value in _typed(getattr(call.module, "in_type", None), call.args):
            _note(found, value, type_)


def _note_outputs(found: Trace, call: Call) -> None:
    for value in call.outputs:
        _note(found, value, None)
    module = call.module
    if isinstance(module, EquivariantModule):
        out_type = getattr(module, "out_type", None)
        if out_type is None and isinstance(getattr(module, "in_type", None), FieldType):
            out_type = InvariantFeatures(module.symmetry)
        for type_, value in _typed(out_type, call.output):
            _note(found, value, type_)
    elif _follows_invariants(call):
        spaces = [type_.gspace for value in call.inputs if (type_ := found.type_of(tensor_of(value))) is not None]
        for value in call.outputs:
            _note(found, value, InvariantFeatures(spaces[0]) if spaces else None)


def _follows_invariants(call: Call) -> bool:
    """Whether an ordinary module is part of a sequence: there it follows invariant fields, so its output is invariant."""
    parent = call.parent
    while parent is not None and parent.kind == "container":
        if isinstance(parent.module, EquivariantModule):
            return True
        parent = parent.parent
    return False
