"""Whether two values, or two modules, are the same through and through."""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.fields import FieldType
from intertwine.group import Group, GroupElement, Representation
from intertwine.gspaces import GSpace

REGISTRIES = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
"""The attributes in which torch keeps what has names in a module."""

_COMPILED = ("_compiled_call_impl", "_compile_kwargs", "_is_torch_compile")
"""What torch leaves on a module that it has compiled, which is compiled again where it is needed."""

_BY_VALUE = (str, bytes, bool, int, complex, type(None), torch.dtype, torch.device, slice, range, frozenset, set)
_SYMMETRY = (FieldType, GSpace, Representation, Group, GroupElement)


def derived_attributes(kind: type) -> set[str]:
    """The attributes of a class of modules that follow from the others, so that no file needs them.

    Args:
        kind: the class; it and its ancestors among the modules of intertwine list them as ``derived``.
    """
    from intertwine.kernels.constants import ConstantModule

    if not issubclass(kind, ConstantModule):
        return set(_COMPILED)
    return set(_COMPILED).union(*(vars(part).get("derived", ()) for part in kind.__mro__))


class Comparison:
    """Compares values by what they hold, however deep.

    Args:
        same_module: whether two modules that are met inside of values stand for the same.
    """

    def __init__(self, same_module: Callable[[torch.nn.Module, torch.nn.Module], bool]) -> None:
        self._same_module = same_module
        # What was found, or is assumed while it is looked into: values may refer to themselves. The values are kept, for
        # else another may take the place of one in memory.
        self._known: dict[tuple[int, int], tuple[Any, Any]] = {}

    def same(self, a: Any, b: Any) -> bool:
        """Whether two values are the same.

        Args:
            a: a value.
            b: another.
        """
        if a is b:
            return True
        key = (id(a), id(b))
        if key in self._known:
            return True
        self._known[key] = (a, b)
        same = self._compare(a, b)
        if not same:
            self._known.clear()  # what was found on the way may have been found by assuming this
        return same

    def _compare(self, a: Any, b: Any) -> bool:
        a, b = _plain(a), _plain(b)
        if isinstance(a, _SYMMETRY):
            # Equal ones need not be of one class: the file's space may be a general one.
            return bool(a == b)
        if type(a) is not type(b):
            return False
        if isinstance(a, float):
            return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
        if isinstance(a, _BY_VALUE):
            return a == b
        if isinstance(a, torch.Tensor):
            return same_tensor(a, b)
        if isinstance(a, np.ndarray):
            if a.dtype == object:
                return a.shape == b.shape and self.same(a.tolist(), b.tolist())
            return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        if isinstance(a, torch.nn.Module):
            return self._same_module(a, b)
        if type(a) in (list, tuple):
            return len(a) == len(b) and all(map(self.same, a, b))
        if type(a) is dict:
            return len(a) == len(b) and self.same(list(a), list(b)) and all(map(self.same, a.values(), b.values()))
        return self._same_code(a, b) if callable(a) else self._same_state(a, b)

    def _same_code(self, a: Any, b: Any) -> bool:
        if isinstance(a, types.FunctionType):
            return a.__code__ == b.__code__ and self.same(_held(a), _held(b))
        if isinstance(a, types.MethodType):
            return self.same(a.__func__, b.__func__) and self.same(a.__self__, b.__self__)
        if isinstance(a, functools.partial):
            return self.same((a.func, a.args, a.keywords), (b.func, b.args, b.keywords))
        if isinstance(a, (type, types.BuiltinFunctionType)):
            return a == b
        return self._same_state(a, b)

    def _same_state(self, a: Any, b: Any) -> bool:
        """Whether two objects of one class would be copied from the same."""
        try:
            one, other = a.__reduce_ex__(4), b.__reduce_ex__(4)
        except Exception:
            return False  # what tells nothing of what it holds may hold anything
        if isinstance(one, str) or isinstance(other, str):
            return one == other
        return self.same([_listed(part) for part in one], [_listed(part) for part in other])


def same_tensor(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors are of one kind and equal to the last bit, wherever they are.

    Args:
        a: a tensor.
        b: another.
    """
    if type(a) is not type(b) or a.dtype != b.dtype or a.shape != b.shape or a.layout != b.layout:
        return False
    if a.requires_grad != b.requires_grad or a.is_meta != b.is_meta:
        return False
    if a.is_meta or a.layout != torch.strided or a.is_quantized:
        return a is b
    a, b = a.detach(), b.detach()
    if a.device == b.device and a.data_ptr() == b.data_ptr() and a.stride() == b.stride():
        return True
    a, b = a.cpu().contiguous(), b.cpu().contiguous()
    return torch.equal(a.view(-1).view(torch.uint8), b.view(-1).view(torch.uint8))


def _plain(value: Any) -> Any:
    """A value as Python's own: numbers of NumPy, and shapes of torch."""
    if isinstance(value, np.generic):
        return value.item()
    return tuple(value) if isinstance(value, torch.Size) else value


def _held(function: types.FunctionType) -> list[Any]:
    """What a function has besides its code."""
    cells = [_content(cell) for cell in function.__closure__ or ()]
    return [function.__module__, cells, function.__defaults__, function.__kwdefaults__, function.__dict__]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty still
        return None


def _listed(part: Any) -> Any:
    return list(part) if hasattr(part, "__next__") else part
