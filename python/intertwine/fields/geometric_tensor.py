"""Tensors that know how a group acts on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from intertwine.checks import need_real_coords
from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.fields.field_type import FieldType
from intertwine.suggestions import suggests

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement


class GeometricTensor:
    """A feature map with its field type.

    Args:
        tensor: shape ``(batch, channels, *space)``, or ``(points, channels)`` with ``coords``.
        type: the field type, of as many channels.
        coords: coordinates of points, shape ``(points, d)``.

    Raises:
        FieldTypeError: if ``type`` is no field type.
        ShapeError: if the shape does not fit.

    Example:
        >>> import torch
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> x = nn.field_type(space, trivial=1)(torch.arange(4.0).reshape(1, 1, 2, 2))
        >>> x.transform(space.fibergroup.element(1)).tensor.flatten().tolist()
        [1.0, 3.0, 0.0, 2.0]
    """

    __slots__ = ("coords", "tensor", "type")

    tensor: torch.Tensor
    type: FieldType
    coords: torch.Tensor | None

    def __init__(self, tensor: torch.Tensor, type: FieldType, coords: torch.Tensor | None = None) -> None:
        if not isinstance(type, FieldType):
            raise FieldTypeError(
                f"a field type is needed, not {type.__class__.__name__}", hint="make one with nn.field_type()"
            )
        type.check_channels(tensor)
        if coords is not None:
            if not isinstance(coords, torch.Tensor):
                raise ArgumentTypeError(f"coordinates are a torch tensor, not {coords.__class__.__name__}")
            need_real_coords(coords)
            expected = (tensor.shape[0], type.gspace.dimensionality)
            if tensor.dim() != 2 or tuple(coords.shape) != expected:
                raise ShapeError(
                    f"features of shape {tuple(tensor.shape)} on points need coordinates of shape {expected}, "
                    f"not {tuple(coords.shape)}"
                )
        self.tensor = tensor
        self.type = type
        self.coords = coords

    @property
    def shape(self) -> torch.Size:
        """The shape of the tensor."""
        return self.tensor.shape

    def size(self, dim: int | None = None) -> torch.Size | int:
        """The shape of the tensor, or one entry of it.

        Args:
            dim: an axis.
        """
        return self.tensor.size() if dim is None else self.tensor.size(dim)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the tensor."""
        return self.tensor.dtype

    @property
    def device(self) -> torch.device:
        """The device of the tensor."""
        return self.tensor.device

    def dim(self) -> int:
        """The number of axes."""
        return self.tensor.dim()

    def to(self, *args: Any, **kwargs: Any) -> GeometricTensor:
        """The same with the tensor (and coordinates) moved or cast; takes what ``torch.Tensor.to`` takes."""
        coords = None if self.coords is None else self.coords.to(*args, **kwargs)
        return GeometricTensor(self.tensor.to(*args, **kwargs), self.type, coords)

    def detach(self) -> GeometricTensor:
        """The same without its history of gradients."""
        return GeometricTensor(self.tensor.detach(), self.type, self.coords)

    # --- what the group does ----------------------------------------------------------------------------------------------

    def transform(self, element: GroupElement, order: int = 2) -> GeometricTensor:
        """The feature map moved by an element: (g f)(x) = rho(g) f(g^-1 x).

        Quarter turns and reflections of the grid are exact. Other elements interpolate.

        Args:
            element: g.
            order: of the interpolating spline.
        """
        moved = self.type.transform(self.tensor, element, self.coords, order)
        if isinstance(moved, tuple):
            return GeometricTensor(moved[0], self.type, moved[1])
        return GeometricTensor(moved, self.type)

    def transform_fibers(self, element: GroupElement) -> GeometricTensor:
        """The channels mixed by an element; points stay where they are.

        Args:
            element: g.
        """
        return GeometricTensor(self.type.transform_fibers(self.tensor, element), self.type, self.coords)

    def restrict(self, id: Any) -> GeometricTensor:
        """The same tensor as fields for a subgroup.

        Args:
            id: the label of the subgroup.
        """
        return GeometricTensor(self.tensor, self.type.restrict(id), self.coords)

    # --- parts ------------------------------------------------------------------------------------------------------------

    def split(self, breaks: list[int] | None = None) -> list[GeometricTensor]:
        """The fields cut into several tensors.

        Args:
            breaks: numbers of fields before which to cut; every field alone by default.
        """
        cuts = list(range(1, len(self.type))) if breaks is None else list(breaks)
        if cuts != sorted(cuts) or any(not 0 <= cut <= len(self.type) for cut in cuts):
            raise ShapeError(f"the cuts must be ascending numbers of the {len(self.type)} fields, not {breaks}")
        bounds = [0, *cuts, len(self.type)]
        return [self[:, start:stop] for start, stop in zip(bounds, bounds[1:], strict=False) if stop > start]

    def _normalised_index(self, slices: Any) -> tuple[Any, ...]:
        """One index for each of the first axes, single numbers as slices."""
        if not isinstance(slices, tuple):
            slices = (slices,)
        if Ellipsis in [s for s in slices if s is Ellipsis]:
            where = next(i for i, s in enumerate(slices) if s is Ellipsis)
            fill = self.tensor.dim() - (len(slices) - 1)
            slices = slices[:where] + fill * (slice(None),) + slices[where + 1 :]
        if len(slices) > self.tensor.dim():
            raise ShapeError(f"{len(slices)} indices were given for {self.tensor.dim()} axes")
        return tuple(slice(s, s + 1 or None) if isinstance(s, int) else s for s in slices)

    def _part(self, slices: Any) -> tuple[tuple[Any, ...], list[int]]:
        """What an index selects: an index for each of the first axes of the tensor, and the numbers of the fields."""
        first, *rest = self._normalised_index(slices)
        every = list(range(len(self.type)))
        fields = self._fields(rest.pop(0)) if rest else every
        if not fields:
            raise ShapeError("the index selects no field")
        if fields == every:
            return (first, slice(None), *rest), fields
        starts, ends = self.type.fields_start, self.type.fields_end
        channels: Any = [c for n in fields for c in range(int(starts[n]), int(ends[n]))]
        if channels == list(range(channels[0], channels[-1] + 1)):
            channels = slice(channels[0], channels[-1] + 1)
        return (first, channels, *rest), fields

    def __getitem__(self, slices: Any) -> GeometricTensor:
        """A part: the first index takes items of the batch, the second takes *fields*, the others take points.

        Single numbers keep their axis, so the result is a feature map again.
        """
        (first, channels, *rest), fields = self._part(slices)
        type_ = self.type if channels == slice(None) else self.type.index_select(fields)
        tensor = self.tensor[:, channels][(first, slice(None), *rest)]
        return GeometricTensor(tensor, type_, None if self.coords is None else self.coords[first])

    def __setitem__(self, slices: Any, value: Any) -> None:
        """Overwrites a part, chosen as by ``x[...]``: the second index takes *fields*.

        Args:
            slices: the part.
            value: a geometric tensor of the part's type, a tensor of its shape, or a number.

        Raises:
            FieldTypeError: if the value has another type.
        """
        part, fields = self._part(slices)
        if isinstance(value, GeometricTensor):
            expected = self.type.index_select(fields)
            if value.type != expected:
                raise FieldTypeError(
                    "the part has the type {type}, but the value has {given}",
                    parts={"type": expected, "given": value.type},
                )
            value = value.tensor
        try:
            self.tensor[part] = value
        except (RuntimeError, TypeError, IndexError) as error:
            raise ShapeError(f"the value does not fit into the part: {error}") from None

    def __iter__(self) -> Iterator[GeometricTensor]:
        """The items of the batch, each as a batch of one."""
        return (self[number] for number in range(len(self.tensor)))

    def _fields(self, index: Any) -> list[int]:
        every = list(range(len(self.type)))
        if isinstance(index, slice):
            return every[index]
        if isinstance(index, torch.Tensor):
            index = index.tolist()
        try:
            if all(isinstance(i, bool) for i in index):
                return [n for n, keep in zip(every, index, strict=True) if keep]
            return [every[i] for i in index]
        except (TypeError, IndexError, ValueError):
            raise ShapeError(
                f"fields of {{type}} are chosen by their numbers {{first}} to {{last}}, but {index!r} was given",
                positions={"first": 0, "last": len(every) - 1},
                parts={"type": self.type},
            ) from None

    # --- arithmetic -------------------------------------------------------------------------------------------------------

    def has_same_coords(self, other: GeometricTensor) -> bool:
        """Whether two tensors live on the same points.

        Args:
            other: the other one.
        """
        if self.coords is None or other.coords is None:
            return self.coords is None and other.coords is None
        return self.coords is other.coords or bool(
            self.coords.shape == other.coords.shape and torch.allclose(self.coords, other.coords.to(self.coords))
        )

    def is_compatible(self, other: GeometricTensor) -> bool:
        """Whether two tensors can be added.

        Args:
            other: the other one.
        """
        return self.type == other.type and self.has_same_coords(other)

    def _addend_tensor(self, other: object) -> torch.Tensor | None:
        """The tensor of an addend that fits this one; ``None`` if it is neither a tensor nor a GeometricTensor.

        Raises:
            FieldTypeError: if it has another type, or other points.
        """
        if isinstance(other, torch.Tensor):
            self.type.check_channels(other)
            return other
        if not isinstance(other, GeometricTensor):
            return None
        if not self.is_compatible(other):
            raise FieldTypeError(
                "only tensors of one type can be added, but {first} and {second} were given",
                parts={"first": self.type, "second": other.type},
            )
        return other.tensor

    def _add(self, other: object, sign: int) -> GeometricTensor:
        addend = self._addend_tensor(other)
        if addend is None:
            return NotImplemented
        return GeometricTensor(torch.add(self.tensor, addend, alpha=sign), self.type, self.coords)

    def __add__(self, other: object) -> GeometricTensor:
        return self._add(other, 1)

    __radd__ = __add__

    def __sub__(self, other: object) -> GeometricTensor:
        return self._add(other, -1)

    def _add_in_place(self, other: object, sign: int) -> GeometricTensor:
        addend = self._addend_tensor(other)
        if addend is None:
            return NotImplemented
        self.tensor = self.tensor.add_(addend, alpha=sign)
        return self

    def __iadd__(self, other: object) -> GeometricTensor:
        return self._add_in_place(other, 1)

    def __isub__(self, other: object) -> GeometricTensor:
        return self._add_in_place(other, -1)

    def __imul__(self, other: object) -> GeometricTensor:
        scaled = self.__mul__(other)
        if scaled is NotImplemented:
            return NotImplemented
        self.tensor = self.tensor.mul_(other)  # type: ignore[arg-type]
        return self

    def __itruediv__(self, other: object) -> GeometricTensor:
        if not isinstance(other, (int, float, torch.Tensor)):
            return NotImplemented
        return self.__imul__(1 / other)

    def __rmatmul__(self, other: object) -> GeometricTensor:
        """``g @ x`` mixes the channels by a group element, as ``x.transform_fibers(g)``."""
        from intertwine.group.core.element import GroupElement

        return self.transform_fibers(other) if isinstance(other, GroupElement) else NotImplemented

    def __eq__(self, other: object) -> Any:
        """For each number whether it is equal to that of another tensor of the type (or to one number), as in torch."""
        if isinstance(other, GeometricTensor):
            if not self.is_compatible(other) or self.tensor.shape != other.tensor.shape:
                return False
            other = other.tensor
        if not isinstance(other, (int, float, torch.Tensor)):
            return NotImplemented
        return torch.eq(self.tensor, other)

    __hash__ = object.__hash__

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """``torch.cat`` along the batch or the channels, ``torch.allclose``, ``torch.equal`` and the like."""
        from intertwine.fields.torch_functions import HANDLERS

        handler = HANDLERS.get(func)
        if handler is None:
            name = getattr(func, "__name__", str(func))
            raise ArgumentTypeError(
                f"torch.{name} does not know the types of geometric tensors",
                hint="use x.tensor, and wrap the result with a field type: type(result)",
            )
        return handler(*args, **(kwargs or {}))

    def __neg__(self) -> GeometricTensor:
        return GeometricTensor(-self.tensor, self.type, self.coords)

    def __mul__(self, other: object) -> GeometricTensor:
        """The product with a number, or with one number for each item of the batch (a tensor with 1 elsewhere)."""
        if isinstance(other, torch.Tensor) and not self._scales_evenly(other):
            raise FieldTypeError(
                f"a tensor of shape {tuple(other.shape)} would scale channels differently, which is not equivariant",
                hint="multiply by a number or by a tensor of shape (batch, 1, ...)",
            )
        if not isinstance(other, (int, float, torch.Tensor)):
            return NotImplemented
        return GeometricTensor(self.tensor * other, self.type, self.coords)

    def _scales_evenly(self, factor: torch.Tensor) -> bool:
        """Whether a factor is the same for all channels and points of an item of the batch."""
        if factor.numel() == 1:
            return True
        return factor.dim() == self.tensor.dim() and all(n == 1 for n in factor.shape[1:])

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> GeometricTensor:
        if not isinstance(other, (int, float, torch.Tensor)):
            return NotImplemented
        return self * (1 / other)

    def __len__(self) -> int:
        return len(self.tensor)

    def __repr__(self) -> str:
        inner = repr(self.tensor)[:-1].replace("\n", "\n  ")
        return f"g_{inner}, {self.type!r})"


@suggests
def tensor_directsum(tensors: list[GeometricTensor]) -> GeometricTensor:
    """The channels of several tensors, one after the other: a tensor of the sum of their types.

    Args:
        tensors: of equal shapes but for the channels, on equal points.

    Raises:
        ShapeError: if they do not fit.
    """
    if not tensors:
        raise ShapeError("at least one tensor is needed")
    for other in tensors:
        if not isinstance(other, GeometricTensor):
            raise ArgumentTypeError(f"a list of geometric tensors is needed, but it holds {other.__class__.__name__}")
    first = tensors[0]
    for other in tensors[1:]:
        if not first.has_same_coords(other):
            raise ShapeError("the tensors live on different points")
        if (first.shape[0], *first.shape[2:]) != (other.shape[0], *other.shape[2:]):
            raise ShapeError(f"tensors of shapes {tuple(first.shape)} and {tuple(other.shape)} do not fit together")
    total = first.type
    for other in tensors[1:]:
        total = total + other.type
    return GeometricTensor(torch.cat([t.tensor for t in tensors], dim=1), total, first.coords)


def _flatten(value: GeometricTensor) -> tuple[list[Any], tuple[FieldType, bool]]:
    if value.coords is None:
        return [value.tensor], (value.type, False)
    return [value.tensor, value.coords], (value.type, True)


def _unflatten(values: Any, context: Any) -> GeometricTensor:
    # Tracers put placeholders in the leaves, so nothing is checked here.
    result = object.__new__(GeometricTensor)
    result.type, has_coords = context
    result.tensor, result.coords = values if has_coords else (*values, None)
    return result


pytree.register_pytree_node(GeometricTensor, _flatten, _unflatten, serialized_type_name="intertwine.GeometricTensor")
