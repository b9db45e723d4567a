"""Constructors and argument docstrings that several layer classes share."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar

_Constructor = TypeVar("_Constructor", bound=Callable[..., None])

_SECTION = re.compile(r"^[A-Z][\w ]*:$", re.MULTILINE)
_ARGUMENT = re.compile(r"^(    \*{0,2}(\w+): )", re.MULTILINE)


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
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    own, names = _descriptions(text), list(inspect.signature(cls.__init__).parameters)[1:]
    if not text or all(name in own for name in names):
        return
    described: dict[str, str] = {}
    for ancestor in reversed(cls.__mro__[1:]):
        described.update(_descriptions(inspect.cleandoc(vars(ancestor).get("__doc__") or "")))
    if not described:
        return
    described.update(own)
    lines = [described[name] for name in names if name in described]
    start, end = _arguments_section(text)
    cls.__doc__ = "\n".join([text[:start].rstrip(), "", "Args:", *lines, "", text[end:].lstrip()])


def _arguments_section(text: str) -> tuple[int, int]:
    """Where the section on arguments starts and ends; without one, where it belongs: before all others."""
    sections = list(_SECTION.finditer(text))
    starts = [section.start() for section in sections] + [len(text)]
    for number, section in enumerate(sections):
        if section.group() == "Args:":
            return starts[number], starts[number + 1]
    return starts[0], starts[0]


def _descriptions(text: str) -> dict[str, str]:
    """The part of a docstring about each argument."""
    start, end = _arguments_section(text)
    _, *parts = _ARGUMENT.split(text[start:end].rstrip())
    return {name: (given + words).rstrip() for given, name, words in zip(*3 * [iter(parts)])}
