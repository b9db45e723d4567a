"""The base of layers whose output has the type of their input."""

from __future__ import annotations

from typing import Any, ClassVar

from intertwine.errors import ArgumentError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.base.shared_constructors import describe_arguments

PERMUTED = "fields whose channels the group only permutes"
"""What a layer ``needs`` that acts on each channel alone."""


class TypePreserving(EquivariantModule):
    """A layer that changes the values of fields, but not their type.

    A subclass declares what it needs and what it prints, and implements ``_compute``.

    Args:
        in_type: the type.

    Raises:
        FieldTypeError: if it is no field type.
        UnsupportedFieldError: if the layer needs permutations and the group does more to the channels.
    """

    alternative: ClassVar[str] = ""
    """The layer to use instead where the group does not only permute channels; empty for a layer that works there too."""

    settings: ClassVar[tuple[str, ...]] = ()
    """The attributes that are printed."""

    prints_type_first: ClassVar[bool] = False
    """Whether the type is printed before the settings, as escnn does for normalisations."""

    def __init__(self, in_type: FieldType) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = in_type
        if self.alternative:
            need_permutations(in_type, name, self.alternative)
        self._prepare()

    def _prepare(self) -> None:
        """Makes what follows from the type alone, before the other arguments are looked at."""

    def _shown(self) -> list[str]:
        """The settings as they are printed."""
        return [f"{name}={getattr(self, name)}" for name in self.settings]

    def extra_repr(self) -> str:
        """Settings and type."""
        shown = self._shown()
        if not shown:
            return super().extra_repr()
        return ", ".join([str(self.in_type), *shown] if self.prints_type_first else [*shown, f"type={self.in_type}"])


class GridLayer(TypePreserving):
    """A layer that makes a grid coarser or finer, smaller or larger.

    Args:
        in_type: the type; it has as many axes of space as the layer is meant for.

    Raises:
        ArgumentError: if it has not.
    """

    needs_grid: ClassVar[bool] = True
    only: ClassVar[int | None] = None
    """The number of axes of space for which the layer is meant; any by default."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        describe_arguments(cls)

    def __init__(self, in_type: FieldType) -> None:
        super().__init__(in_type)
        self.d = in_type.gspace.dimensionality
        if self.d == 0 or self.d != (self.only or self.d):
            wanted = f"{self.only} axes of space" if self.only else "space"
            raise ArgumentError(
                f"{type(self).__name__} needs {wanted}, but {{type}} has {self.d}", parts={"type": in_type}
            )


def need_permutations(in_type: FieldType, layer: str, instead: str, signed: bool = False) -> None:
    """Raises unless the group only permutes the channels of every field.

    Args:
        in_type: the type.
        layer: the name of the layer that needs it.
        instead: what the user can use.
        signed: whether it may also change their signs.

    Raises:
        UnsupportedFieldError: naming the first field that does not fit.
    """
    for representation in in_type.representations:
        if not representation.supports("concatenated" if signed else "pointwise"):
            raise UnsupportedFieldError(
                f"{layer} needs fields that it commutes with, but {representation.name} of {in_type.fibergroup} does not only "
                f"permute its channels{' and their signs' if signed else ''}",
                hint=f"use regular, quotient or trivial fields, or {instead}",
            )
