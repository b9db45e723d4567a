"""Field types and geometric tensors, as R makes them and looks at them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch

from intertwine import gspaces
from intertwine._r.crossing.arrays import unpack
from intertwine._r.crossing.message_parts import in_r
from intertwine._r.crossing.values import snake
from intertwine._r.spaces import space_name
from intertwine.errors import ArgumentTypeError, ShapeError
from intertwine.fields import field_type as make_type
from intertwine.fields.field_type import FieldType
from intertwine.fields.geometric_tensor import GeometricTensor
from intertwine.group import Group, GroupElement, Representation


def field_type(space: Any, names: list[str], values: list[Any]) -> FieldType:
    """A field type of numbers by name and of representations, in the order in which they were given.

    Args:
        space: a space, or a group, which then acts on vectors without positions.
        names: for each entry a name, empty for representations.
        values: for each entry how many there are, or a list of representations.
    """
    gspace = gspaces.no_base_space(space) if isinstance(space, Group) else space
    fields: list[Representation] = []
    for name, value in zip(names, values):
        if not name:
            fields.extend(value)
        elif value:
            fields.extend(make_type(gspace, **{name: value}).representations)
    return FieldType(gspace, fields)


def channels(value: Any) -> int:
    """The number of channels of a type, or of a tensor's type."""
    return getattr(value, "type", value).size


def representations(value: FieldType) -> list[Representation]:
    """The fields of a type."""
    return list(value.representations)


def subset(value: FieldType, positions: list[int]) -> FieldType:
    """The type with these fields alone; positions count from zero."""
    return FieldType(value.gspace, [value.representations[i] for i in positions])


def field(value: FieldType, position: int) -> Representation:
    """One field of a type."""
    return value.representations[position]


def concatenate(types: list[FieldType]) -> FieldType:
    """The fields of one type after those of another."""
    total = types[0]
    for other in types[1:]:
        total = total + other
    return total


def facts(value: FieldType) -> dict[str, Any]:
    """What the printed form of a type shows: runs of equal fields."""
    runs = [(rho, len(list(run))) for rho, run in groupby(value.representations)]
    return {
        "space": space_name(value.gspace),
        "names": [_field_name(rho) for rho, _ in runs],
        "sizes": [rho.size for rho, _ in runs],
        "counts": [count for _, count in runs],
        "channels": value.size,
    }


@in_r.register
def _(value: FieldType) -> str:
    """`C4 on R^2: 2 x regular + 1 x trivial = 9 channels`."""
    found = facts(value)
    terms = " + ".join(f"{count} x {name}" for count, name in zip(found["counts"], found["names"]))
    return f"{found['space']}: {terms} = {value.size} channel{'' if value.size == 1 else 's'}"


def _field_name(rho: Representation) -> str:
    return "trivial" if rho.size == 1 and rho.is_trivial() and not rho.name.startswith("pseudo") else rho.name


def geometric_tensor(tensor: Any, type: Any, coords: Any = None) -> GeometricTensor:
    """A tensor with the type of its channels."""
    if isinstance(tensor, GeometricTensor):
        return GeometricTensor(tensor.tensor, type, coords if coords is not None else tensor.coords)
    if not isinstance(tensor, torch.Tensor):
        raise ArgumentTypeError(f"a tensor is needed, but {snake(tensor.__class__.__name__)} was given")
    return GeometricTensor(tensor, type, coords)


def received(data: bytearray, dims: Any, wire: str, dtype: str, device: Any, type: Any) -> GeometricTensor:
    """An R array with the type of its channels, in one crossing."""
    return GeometricTensor(unpack(data, dims, wire, dtype, device), type)


def transform(value: GeometricTensor, element: GroupElement) -> GeometricTensor:
    """The tensor under a group element: positions and channels move."""
    return value.transform(element)


def arithmetic(operator: str, first: Any, second: Any) -> Any:
    """Sums of tensors of one type and shape, and multiples of a tensor."""
    both = isinstance(first, GeometricTensor) and isinstance(second, GeometricTensor)
    if both and first.type == second.type:
        _check_shapes(first.tensor, second.tensor)
    if operator == "+":
        return first + second
    if operator == "-":
        return first + second * -1 if second is not None else first * -1
    return second * first if isinstance(first, (int, float)) else first * second


def _check_shapes(first: torch.Tensor, second: torch.Tensor) -> None:
    # one sample goes with each of several, as in torch
    sizes = {len(first), len(second)}
    if first.shape[1:] != second.shape[1:] or (len(sizes) > 1 and 1 not in sizes):
        raise ShapeError(
            "only tensors of one shape can be added, but {first} and {second} were given",
            hint="nothing is recycled: take as many samples of one as the other has, x[i]",
            parts={"first": tuple(first.shape), "second": tuple(second.shape)},
        )


def close(first: Any, second: Any, tolerance: float) -> bool:
    """Whether two tensors have one type and equal values."""
    if first.type != second.type or first.shape != second.shape:
        return False
    a, b = first.tensor.detach().double(), second.tensor.detach().double()
    scale = float(a.abs().mean()) if a.numel() else 0.0
    worst = float((a - b).abs().mean()) if a.numel() else 0.0
    return worst <= tolerance * (scale if scale > tolerance else 1.0)


def select(value: GeometricTensor, samples: Any, fields: Any) -> GeometricTensor:
    """Some samples and some fields of a tensor; positions count from zero, `None` takes all."""
    tensor, type, coords = value.tensor, value.type, value.coords
    if samples is not None:
        chosen = [int(i) for i in samples]
        tensor = tensor[chosen]
        coords = None if coords is None else coords[chosen]
    if fields is not None:
        starts = [0]
        for rho in type.representations:
            starts.append(starts[-1] + rho.size)
        keep = [c for i in fields for c in range(starts[int(i)], starts[int(i) + 1])]
        tensor, type = tensor[:, keep], subset(type, [int(i) for i in fields])
    return GeometricTensor(tensor, type, coords)


def dimensionality(value: Any) -> int:
    """The number of dimensions of the space on which a type, or the input of a module, lives."""
    type = getattr(value, "in_type", value)
    return int(type.gspace.dimensionality)
