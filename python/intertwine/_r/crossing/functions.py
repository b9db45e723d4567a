"""Functions of R users that Python calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from intertwine.errors import IntertwineError


class FunctionOfRFailedError(IntertwineError, RuntimeError):
    """An R function raised an error; R has kept the condition, and raises it again once Python is back."""


class FunctionOfR:
    """A function of an R user.

    An R error must not cross Python's frames, so that the function on R's side keeps the condition and gives `NULL`.

    Args:
        function: R's function.
        name: what the user calls it.
        text: its code, by which a checkpoint knows it again.
    """

    def __init__(self, function: Callable[..., Any], name: str, text: str = "") -> None:
        self._function = function
        self.__name__ = name
        self.fingerprint = f"{name}: {text}"

    def __call__(self, *args: Any) -> Any:
        value = self._function(*args)
        if value is None:
            raise FunctionOfRFailedError(f"the R function {self.__name__} failed")
        return value
