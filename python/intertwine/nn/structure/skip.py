"""Connections around a part of a network: its input is added to its output, or put beside it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch

from intertwine.checks import flag
from intertwine.errors import ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.nn.base.module import EquivariantModule, call_part, check_field_type, with_coords
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.base.spec import Spec
from intertwine.nn.structure.borders import cropped, even_margins

Inner = EquivariantModule | Spec | Sequence[EquivariantModule | Spec]


class _SkipModule(EquivariantModule):
    """A part of a network, and a way around it.

    Args:
        in_type: the type.
        inner: the part: a module, a specification, or a list of them, one after the other.
        shortcut: what the other way does, given likewise; ``None`` for nothing.
        crop: whether the way that ends on the larger grid is cropped to the other one around its centre.
    """

    holds = "branches"
    uses_coords = True
    out_type: FieldType

    def __init__(self, in_type: FieldType, inner: Inner, shortcut: Inner | None = None, crop: bool = False) -> None:
        super().__init__()
        name = type(self).__name__
        self.crop = flag(crop, "crop")
        self.in_type = check_field_type(in_type, name)
        self.inner = _built(inner, in_type)
        self.shortcut = None if shortcut is None else _built(shortcut, in_type)
        kept = in_type if self.shortcut is None else self.shortcut.out_type
        if not isinstance(kept, FieldType) or not isinstance(self.inner.out_type, FieldType):
            raise FieldTypeError(f"{name} needs parts that give fields", hint="put HeadClasses behind it")
        self.out_type = self._joined_type(kept, self.inner.out_type)

    @property
    def arguments(self) -> dict[str, Any]:
        """The type and the modules that were built for it."""
        found = {"in_type": self.in_type, "inner": self.inner, "shortcut": self.shortcut, "crop": self.crop}
        return {name: value for name, value in found.items() if value is not None and value is not False}

    @abstractmethod
    def _joined_type(self, kept: FieldType, changed: FieldType) -> FieldType:
        """The type of both ways together; raises where they do not fit."""

    @abstractmethod
    def _join(self, kept: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
        """Both ways together."""

    def _compute(self, tensor: torch.Tensor, coords: torch.Tensor | None = None) -> Any:
        features = with_coords(tensor, self.in_type, coords)
        changed: Any = call_part(self.inner, features)
        kept: Any = features if self.shortcut is None else call_part(self.shortcut, features)
        if isinstance(changed, GeometricTensor) and isinstance(kept, GeometricTensor):
            if not kept.has_same_coords(changed):
                raise ShapeError(f"the ways through {type(self).__name__} end on different points")
            return with_coords(self._join_checked(kept.tensor, changed.tensor), self.out_type, changed.coords)
        return self._join_checked(kept, changed)

    def _join_checked(self, kept: Any, changed: Any) -> torch.Tensor:
        if self.crop and kept.dim() == changed.dim():
            # TorchScript knows no minimum of sizes.
            size = tuple(a if a < b else b for a, b in zip(kept.shape[2:], changed.shape[2:], strict=True))
            name = type(self).__name__
            kept, changed = (cropped(way, even_margins(way.shape[2:], size, -1, name)) for way in (kept, changed))
        if kept.shape[2:] != changed.shape[2:]:
            raise ShapeError(
                f"the ways through {type(self).__name__} end on grids of different sizes: {tuple(kept.shape[2:])} around the "
                f"part, {tuple(changed.shape[2:])} through it",
                hint="pad convolutions by half of their kernel, and let both ways have the same strides; or crop=True",
            )
        return self._join(kept, changed)

    def lift(self, element: GroupElement) -> GroupElement:
        """The element of the input's group that corresponds to an element of the output's group.

        Args:
            element: an element of the output's group.
        """
        return self.inner.lift(element)

    def extra_repr(self) -> str:
        """Nothing: the modules print."""
        return ""


def _built(part: Inner, in_type: FieldType) -> EquivariantModule:
    """The module for a type; several parts make a sequence."""
    parts: Any = part if isinstance(part, (list, tuple)) else [part]
    sequence: Any = SequentialModule(in_type, *parts)
    return sequence[0] if len(sequence) == 1 else sequence


class ResidualModule(_SkipModule):
    """A part of a network whose input is added to its output: out = x + inner(x).

    Args:
        in_type: any fields.
        inner: the part: a module, a specification, or a list of them, one after the other.
        shortcut: what happens to x before it is added, given likewise, where the part changes the type or the size.
        crop: whether the larger of the two is cropped to the smaller one around its centre, as where convolutions are not
            padded.

    Raises:
        FieldTypeError: if the types of both ways differ.
        ShapeError: when called, if their sizes differ; with ``crop``, if they differ by an odd number of cells.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> conv = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3, padding=1)
        >>> block = nn.ResidualModule(kind, [conv, nn.ReLU.spec(), conv])
        >>> block(torch.randn(1, 8, 5, 5)).shape
        torch.Size([1, 8, 5, 5])

        The sum of two modules is one of these: the first is the part, the second the way around it.

        >>> first, second = conv.build(kind), nn.ReLU(kind)
        >>> (first + second)(torch.randn(1, 8, 5, 5)).shape
        torch.Size([1, 8, 5, 5])

    References:
        He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    def _joined_type(self, kept: FieldType, changed: FieldType) -> FieldType:
        if kept != changed:
            raise FieldTypeError(
                "ResidualModule adds {kept} to {changed}, which are different types",
                hint="give a shortcut to the same type, such as nn.R2Conv.spec(out=..., kernel_size=1)",
                parts={"kept": kept, "changed": changed},
            )
        return changed

    def _join(self, kept: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
        return kept + changed


def sum_of_modules(first: EquivariantModule, second: EquivariantModule | Spec) -> ResidualModule:
    """Two modules on one input, their outputs added: ``first + second``.

    Args:
        first: the module through which the sum is made.
        second: the module around it, or its specification.

    Raises:
        ArgumentTypeError: if the second is neither.
        FieldTypeError: if they do not take the same fields, or do not give the same.
    """
    if isinstance(second, Spec) and isinstance(first.in_type, FieldType):
        second = second.build(first.in_type)
    if not isinstance(second, EquivariantModule):
        raise ArgumentTypeError(
            f"{type(first).__name__} and {type(second).__name__} cannot be added",
            hint="add an equivariant module, or the specification of one",
        )
    for what, types in (("take", (first.in_type, second.in_type)), ("give", (first.out_type, second.out_type))):
        if not all(isinstance(type_, FieldType) for type_ in types):
            raise FieldTypeError(
                f"modules that are added take fields and give fields, but one does not {what} one field type"
            )
        if types[0] != types[1]:
            raise FieldTypeError(
                f"modules that are added {what} the same fields, but {{first}} and {{second}} differ",
                hint="build both for the same types",
                parts={"first": types[0], "second": types[1]},
            )
    return ResidualModule(first.in_type, first, second)


class ConcatModule(_SkipModule):
    """A part of a network whose input is put beside its output: the fields of x, then those of inner(x).

    This is the connection of a U-Net, whose inner part goes to coarser grids and comes back.

    Args:
        in_type: any fields.
        inner: the part: a module, a specification, or a list of them, one after the other.
        shortcut: what happens to x before, given likewise.
        crop: whether the larger of the two is cropped to the smaller one around its centre, as where convolutions are not
            padded.

    Raises:
        FieldTypeError: if the part ends on another space.
        ShapeError: when called, if the sizes of both ways differ; with ``crop``, if by an odd number of cells.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> deep = [nn.PointwiseAvgPool2D.spec(kernel_size=2), nn.R2Upsampling.spec(scale_factor=2)]
        >>> nn.ConcatModule(kind, deep)(torch.randn(1, 8, 6, 6)).shape
        torch.Size([1, 16, 6, 6])

    References:
        Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image segmentation", MICCAI 2015.
    """

    def _joined_type(self, kept: FieldType, changed: FieldType) -> FieldType:
        if kept.gspace != changed.gspace:
            raise FieldTypeError(
                f"ConcatModule puts fields on {kept.gspace.name} beside fields on {changed.gspace.name}",
                hint="restrict the symmetry before it",
            )
        return kept + changed

    def _join(self, kept: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
        return torch.cat([kept, changed], dim=1)
