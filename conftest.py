"""Lets pytest run the examples of a class or function where it is written, whichever module it says that it is imported from."""

from __future__ import annotations

import ast
import doctest
import functools
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

_BY_NAME = doctest.DocTestFinder._from_module  # type: ignore[attr-defined]


@functools.cache
def _classes_of(file: str) -> frozenset[str]:
    return frozenset(
        n.name for n in ast.parse(Path(file).read_text(encoding="utf-8")).body if isinstance(n, ast.ClassDef)
    )


def _is_written_in(self: doctest.DocTestFinder, module: ModuleType | None, thing: Any) -> bool:
    if module is not None and inspect.isfunction(thing) and thing.__module__.startswith("intertwine"):
        return inspect.unwrap(thing).__code__.co_filename == module.__file__
    if module is not None and inspect.isclass(thing) and thing.__module__.startswith("intertwine"):
        home = f"{module.__name__}.".startswith(f"{thing.__module__}.")
        return home and thing.__qualname__ in _classes_of(str(module.__file__))
    return _BY_NAME(self, module, thing)


doctest.DocTestFinder._from_module = _is_written_in  # type: ignore[attr-defined]
