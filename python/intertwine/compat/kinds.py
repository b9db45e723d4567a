"""Classes of a peer whose instances are objects of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Kind(type):
    """A class of a peer: calling it makes an object of ours, and ``isinstance`` tells which objects are of the kind."""

    holds: Callable[[Any], bool]

    def __instancecheck__(cls, instance: object) -> bool:
        return cls.holds(instance)
