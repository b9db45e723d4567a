"""Families of layers: classes whose constructors share arguments, and the words that describe them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

_Constructor = TypeVar("_Constructor", bound=Callable[..., None])

_SECTION = re.compile(r"^[A-Z][\w ]*:$", re.MULTILINE)
_ARGUMENT = re.compile(r"^    (\w+): ", re.MULTILINE)


def constructor(declared: _Constructor) -> _Constructor:
    """A constructor that gives its arguments, by name, to the method ``_build``, which does the work for the whole family.

    Args:
        declared: names the arguments with their order, types and defaults; it has no body.
    """
    return _giving_to_build(inspect.signature(declared))


def without(init: _Constructor, names: tuple[str, ...]) -> _Constructor:
    """The same constructor without some arguments, which keep the defaults of ``_build``.

    Args:
        init: made by `constructor`.
        names: the arguments that are left out.
    """
    signature = inspect.signature(init)
    kept = [parameter for name, parameter in signature.parameters.items() if name not in names]
    return _giving_to_build(signature.replace(parameters=kept))


def _giving_to_build(signature: inspect.Signature) -> Any:
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            given = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}(): {error}") from None
        given.apply_defaults()
        del given.arguments["self"]
        self._build(**given.arguments)

    init.__name__, init.__signature__ = "__init__", signature  # type: ignore[attr-defined]
    return init


def describe_arguments(cls: type) -> None:
    """Completes the docstring of a class: arguments that it does not describe are described as by the classes before it.

    Args:
        cls: the class; its docstring may have a section ``Args:`` with the arguments that differ.
    """
    described: dict[str, str] = {}
    for ancestor in reversed(cls.__mro__):
        described.update(_descriptions(vars(ancestor).get("__doc__")))
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    names = [name for name in inspect.signature(cls.__init__).parameters if name in described]
    if not text or not names:
        return
    section = "Args:\n" + "".join(f"    {name}: {described[name]}\n" for name in names)
    start, end = _arguments_section(text)
    cls.__doc__ = f"{text[:start].rstrip()}\n\n{section}\n{text[end:].lstrip()}"


def _arguments_section(text: str) -> tuple[int, int]:
    """Where the section on arguments starts and ends; without one, where it belongs: before all others."""
    sections = list(_SECTION.finditer(text))
    starts = [section.start() for section in sections] + [len(text)]
    for number, section in enumerate(sections):
        if section.group() == "Args:":
            return starts[number], starts[number + 1]
    return starts[0], starts[0]


def _descriptions(docstring: str | None) -> dict[str, str]:
    """What a docstring says of each argument."""
    text = inspect.cleandoc(docstring or "")
    start, end = _arguments_section(text)
    _, *parts = _ARGUMENT.split(text[start:end])
    return {name: words.rstrip() for name, words in zip(parts[::2], parts[1::2], strict=True)}
