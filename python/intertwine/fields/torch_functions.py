"""The functions of torch that take geometric tensors: ``torch.cat``, ``torch.allclose`` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch

from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.fields.geometric_tensor import GeometricTensor, tensor_directsum


def _cat(tensors: Any, dim: int = 0) -> GeometricTensor:
    """Tensors one after the other: along the batch if they have one type, along the channels the sum of their types."""
    parts = list(tensors)
    for part in parts:
        if not isinstance(part, GeometricTensor):
            raise ArgumentTypeError(
                f"torch.cat needs geometric tensors alone here, but was given {type(part).__name__}"
            )
    first = parts[0]
    axis = dim if dim >= 0 else dim + first.dim()
    if axis == 1:
        return tensor_directsum(parts)
    for part in parts[1:]:
        if part.type != first.type:
            raise FieldTypeError(
                "torch.cat needs tensors of one type, but {first} and {second} were given",
                parts={"first": first.type, "second": part.type},
            )
        if (part.coords is None) != (first.coords is None):
            raise ShapeError("torch.cat needs coordinates with all tensors or with none")
    try:
        whole = torch.cat([part.tensor for part in parts], dim=dim)
    except (RuntimeError, IndexError) as error:
        raise ShapeError(f"the tensors do not fit together: {error}") from None
    coords = None if first.coords is None else torch.cat([part.coords for part in parts])  # type: ignore[misc]
    return GeometricTensor(whole, first.type, coords)


def _stack(tensors: Any, dim: int = 0) -> GeometricTensor:
    raise ShapeError(
        "torch.stack would make a new axis, which no field type describes",
        hint="use torch.cat to lengthen the batch, or torch.stack([x.tensor for x in ...])",
    )


def _allclose(a: Any, b: Any, **options: Any) -> bool:
    return _comparable(a, b) and torch.allclose(_plain(a), _plain(b), **options)


def _equal(a: Any, b: Any) -> bool:
    return _comparable(a, b) and torch.equal(_plain(a), _plain(b))


def _comparable(a: Any, b: Any) -> bool:
    both = isinstance(a, GeometricTensor) and isinstance(b, GeometricTensor)
    return not both or (a.is_compatible(b) and a.shape == b.shape)


def _plain(value: Any) -> torch.Tensor:
    return value.tensor if isinstance(value, GeometricTensor) else value


def _sum(a: Any, b: Any, *, alpha: float = 1) -> GeometricTensor:
    return a._add(alpha * b, 1) if isinstance(a, GeometricTensor) else (b if alpha == 1 else b * alpha)._add(a, 1)


def _difference(a: Any, b: Any, *, alpha: float = 1) -> GeometricTensor:
    return _sum(a, -b, alpha=alpha)


def _product(a: Any, b: Any) -> GeometricTensor:
    return a.__mul__(b) if isinstance(a, GeometricTensor) else b.__mul__(a)


HANDLERS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        torch.cat: _cat,
        torch.concat: _cat,
        torch.concatenate: _cat,
        torch.stack: _stack,
        torch.allclose: _allclose,
        torch.equal: _equal,
        torch.zeros_like: lambda x, **o: GeometricTensor(torch.zeros_like(x.tensor, **o), x.type, x.coords),
        **dict.fromkeys((torch.add, torch.Tensor.add, torch.Tensor.__add__, torch.Tensor.__radd__), _sum),
        **dict.fromkeys((torch.sub, torch.Tensor.sub, torch.Tensor.__sub__), _difference),
        **dict.fromkeys((torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__), _product),
    }
)
"""What the functions of torch do that know the types of geometric tensors."""
