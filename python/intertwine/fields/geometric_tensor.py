"""Tensors that know how a group acts on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils import _pytree as pytree

from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.fields.field_type import FieldType

if TYPE_CHECKING:
    from intertwine.group.element import GroupElement


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

    def __getitem__(self, slices: Any) -> GeometricTensor:
        """A part: the first index takes items of the batch, the second takes *fields*, the others take points.

        Single numbers keep their axis, so the result is a feature map again.
        """
        if not isinstance(slices, tuple):
            slices = (slices,)
        if Ellipsis in [s for s in slices if s is Ellipsis]:
            where = next(i for i, s in enumerate(slices) if s is Ellipsis)
            fill = self.tensor.dim() - (len(slices) - 1)
            slices = slices[:where] + fill * (slice(None),) + slices[where + 1 :]
        if len(slices) > self.tensor.dim():
            raise ShapeError(f"{len(slices)} indices were given for {self.tensor.dim()} axes")
        slices = tuple(slice(s, s + 1 or None) if isinstance(s, int) else s for s in slices)
        tensor, type_ = self.tensor, self.type
        if len(slices) > 1:
            numbers = self._fields(slices[1])
            if not numbers:
                raise ShapeError("the index selects no field")
            type_ = self.type.index_select(numbers)
            if numbers != list(range(len(self.type))):
                starts, ends = self.type.fields_start, self.type.fields_end
                contiguous = all(b == a + 1 for a, b in zip(numbers, numbers[1:], strict=False))
                if contiguous:
                    tensor = tensor[:, int(starts[numbers[0]]) : int(ends[numbers[-1]])]
                else:
                    channels = [c for n in numbers for c in range(int(starts[n]), int(ends[n]))]
                    tensor = tensor[:, channels]
        rest = (slices[0], slice(None), *slices[2:])
        coords = self.coords[slices[0]] if self.coords is not None else None
        return GeometricTensor(tensor[rest], type_, coords)

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
                f"fields of {self.type} are chosen by their numbers 0 to {len(every) - 1}, but {index!r} was given"
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
            self.coords.shape == other.coords.shape and torch.allclose(self.coords, other.coords)
        )

    def is_compatible(self, other: GeometricTensor) -> bool:
        """Whether two tensors can be added.

        Args:
            other: the other one.
        """
        return self.type == other.type and self.has_same_coords(other)

    def _add(self, other: object, sign: int) -> GeometricTensor:
        if isinstance(other, torch.Tensor):
            self.type.check_channels(other)
            other = GeometricTensor(other, self.type, self.coords)
        if not isinstance(other, GeometricTensor):
            return NotImplemented
        if not self.is_compatible(other):
            raise FieldTypeError(f"only tensors of one type can be added, but {self.type} and {other.type} were given")
        return GeometricTensor(torch.add(self.tensor, other.tensor, alpha=sign), self.type, self.coords)

    def __add__(self, other: object) -> GeometricTensor:
        return self._add(other, 1)

    def __radd__(self, other: object) -> GeometricTensor:
        return self._add(other, 1)

    def __sub__(self, other: object) -> GeometricTensor:
        return self._add(other, -1)

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

    def __rmul__(self, other: object) -> GeometricTensor:
        return self.__mul__(other)

    def __truediv__(self, other: object) -> GeometricTensor:
        if not isinstance(other, (int, float, torch.Tensor)):
            return NotImplemented
        return self * (1 / other)

    def __len__(self) -> int:
        return len(self.tensor)

    def __repr__(self) -> str:
        inner = repr(self.tensor)[:-1].replace("\n", "\n  ")
        return f"g_{inner}, {self.type!r})"


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
