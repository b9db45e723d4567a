"""Layers without their input types, so that a sequence can infer them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from intertwine.errors import ArgumentError
from intertwine.fields import FieldType, as_field_type
from intertwine.suggestions import named_arguments, unknown_argument

if TYPE_CHECKING:
    from intertwine.nn.base.module import EquivariantModule


class Spec:
    """A layer that waits for its input type.

    Args:
        cls: the class of the layer.
        arguments: the constructor's arguments but ``in_type``; ``out`` may describe ``out_type``.

    Example:
        >>> from intertwine import gspaces, nn
        >>> spec = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3)
        >>> spec.build(nn.field_type(gspaces.rot2dOnR2(4), trivial=1)).out_type.size
        8
    """

    def __init__(self, cls: type[Any], arguments: dict[str, Any]) -> None:
        self._cls = cls
        self._arguments = dict(arguments)
        names, _ = named_arguments(cls)
        allowed = [name for name in names if name != "in_type"] + (["out"] if "out_type" in names else [])
        for name in self._arguments:
            if name not in allowed and not getattr(cls, "takes_more", False):
                raise unknown_argument(cls.__name__, name, allowed)
        if "out" in self._arguments and "out_type" in self._arguments:
            raise ArgumentError("give either out or out_type, not both")

    @property
    def name(self) -> str:
        """The name of the layer's class."""
        return self._cls.__name__

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that are already there."""
        return dict(self._arguments)

    def with_arguments(self, **arguments: Any) -> Spec:
        """The same with more (or other) arguments.

        Args:
            **arguments: the constructor's arguments.
        """
        return Spec(self._cls, {**self._arguments, **arguments})

    def build(self, in_type: FieldType) -> EquivariantModule:
        """The layer for an input type.

        Args:
            in_type: the type of the input.
        """
        arguments = dict(self._arguments)
        if "out" in arguments:
            arguments["out_type"] = as_field_type(in_type.gspace, arguments.pop("out"))
        try:
            inspect.signature(self._cls.__init__).bind(None, in_type, **arguments)
        except TypeError as error:
            raise ArgumentError(
                f"{self.name} cannot be built: {error}", hint=f"write {self.name}.spec(...) with it"
            ) from None
        return self._cls(in_type, **arguments)  # type: ignore[call-arg]

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{self.name}.spec({inner})"
