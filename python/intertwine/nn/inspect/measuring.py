"""Measuring how far a part of a model is from keeping the symmetries of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from intertwine.errors import IntertwineError, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.nn.inspect.kinds import has_own_lift
from intertwine.nn.inspect.moving import exact_generators, lifted, moved, relative_error, restrictions
from intertwine.nn.inspect.tracing import Call, FeatureType, InvariantFeatures, Trace, tensor_of, tensors_in


@dataclass
class Measured:
    """The error of a part.

    Attributes:
        error: the largest, relative to the largest value; ``None`` if it could not be measured.
        known: whether the type of its output is known; if not, it was taken for scalars or for the type of its input.
        problem: why it could not be measured.
    """

    error: float | None
    known: bool = True
    problem: str | None = None


def measured(run: Trace, call: Call, module: torch.nn.Module, dtype: torch.dtype = torch.float64) -> Measured:
    """How far a part is from keeping the symmetries of the grid, by running it on noise and on moved noise.

    Args:
        run: in which it was called.
        call: with its inputs, which tell shapes and types.
        module: the part, or a copy of it.
        dtype: its precision.
    """
    types = [run.type_of(value) for value in call.inputs if tensor_of(value).is_floating_point()]
    if not types or any(type_ is None for type_ in types) or any(_is_on_points(value) for value in call.inputs):
        return Measured(None, problem="unknown: the types of its inputs are not known")
    wanted = [run.type_of(value) for value in call.outputs]
    pairs = _pairs(call, types, wanted)  # pyright: ignore[reportArgumentType]
    if pairs is None:
        return Measured(None, problem="unknown: its output has another group than its input")
    if not pairs:
        return Measured(0.0)
    try:
        with torch.no_grad():
            given = noise_like(call, dtype)
            base = tensors_in(module(*given[0], **given[1]))
            unknown = max(len(base) - len(wanted), 0) * [None]
            errors = [0.0]
            for element, before in pairs:
                turned = _moved(given, types, before)  # pyright: ignore[reportArgumentType]
                again = tensors_in(module(*turned[0], **turned[1]))
                if len(again) != len(base):
                    return Measured(float("inf"))
                for value, seen, known in zip(base, again, [*wanted, *unknown]):
                    type_ = value.type if isinstance(value, GeometricTensor) else known
                    # What is not known is taken for scalars, or for fields like those that went in.
                    guesses: list[Any] = [type_]
                    if type_ is None:
                        guesses = [InvariantFeatures(types[0].gspace), types[0]]  # type: ignore[union-attr]
                    expected = [moved(value, guess, element) for guess in guesses]
                    errors.append(min(relative_error(guess, tensor_of(seen)) for guess in expected))
    except (IntertwineError, RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        return Measured(None, problem=f"unknown: it does not run on noise ({first_line(error)})")
    if not all(bool(tensor_of(value).isfinite().all()) for value in base):
        return Measured(None, problem="unknown: noise gives it values that are not finite")
    if any(tensor_of(value).numel() and not bool(tensor_of(value).any()) for value in base):
        return Measured(None, problem="unknown: it gives nothing but zeros, which every symmetry keeps")
    # np.max gives NaN if any error is NaN; max() would not.
    return Measured(float(np.max(errors)), known=all(type_ is not None for type_ in wanted))


def _moved(given: tuple[Any, Any], types: list[FeatureType], element: GroupElement) -> tuple[Any, Any]:
    remaining = iter(types)

    def move(value: Any) -> Any:
        if not isinstance(value, (torch.Tensor, GeometricTensor)) or not tensor_of(value).is_floating_point():
            return value
        turned = moved(value, next(remaining), element)
        if turned is None:
            raise ShapeError("an input has another shape than its type")
        return GeometricTensor(turned, value.type) if isinstance(value, GeometricTensor) else turned

    return _mapped(move, given)


def _mapped(function: Any, value: Any) -> Any:
    return pytree.tree_map(function, value, is_leaf=lambda leaf: isinstance(leaf, GeometricTensor))


def noise_like(call: Call, dtype: torch.dtype = torch.float64) -> tuple[Any, Any]:
    """Noise in place of the inputs of a call.

    Args:
        call: of a part.
        dtype: the precision of the noise.
    """
    generator = torch.Generator().manual_seed(0)

    def noise(value: Any) -> Any:
        if not isinstance(value, (torch.Tensor, GeometricTensor)):
            return value
        tensor = tensor_of(value)
        if not tensor.is_floating_point():
            if tensor.device.type == "meta":
                raise ShapeError("an input holds whole numbers")
            return value
        made = torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(dtype)
        return GeometricTensor(made, value.type) if isinstance(value, GeometricTensor) else made

    return _mapped(noise, (call.args, call.kwargs))


def _pairs(
    call: Call, types: list[FeatureType], wanted: list[FeatureType | None]
) -> list[tuple[GroupElement, GroupElement]] | None:
    """Elements that act without interpolation: on the output, and on the input."""
    source = types[0].gspace
    if any(type_.gspace.fibergroup != source.fibergroup for type_ in types):
        return None
    typed = [type_.gspace for type_ in wanted if isinstance(type_, FieldType)]
    fewer = restrictions(call)
    target: Any = typed[0] if typed else source
    if not typed and fewer:
        target = fewer[-1].module.out_type.gspace  # type: ignore[union-attr]
    module: Any = call.module
    if not typed and not fewer and has_own_lift(module):
        target = module.symmetry
    pairs = []
    for element in exact_generators(target):
        before = element if target.fibergroup == source.fibergroup and not fewer else lifted(call, element)
        if before is None or before.group != source.fibergroup:
            return None
        pairs.append((element, before))
    return pairs


def first_line(error: Exception) -> str:
    """What an error says, without what follows its first line.

    Args:
        error: the error.
    """
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _is_on_points(value: Any) -> bool:
    return isinstance(value, GeometricTensor) and value.coords is not None
