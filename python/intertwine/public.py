"""Sets ``__module__`` of public classes and functions to the public module that users import them from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def publish(home: str, names: Iterable[str], namespace: dict[str, Any]) -> None:
    """Lets classes and functions name the module that users import them from, whichever file they are in.

    Pickles then hold the public name, and remain readable when files move.

    Args:
        home: the name of the public module.
        names: what is public in it.
        namespace: its globals.

    Example:
        >>> from intertwine import group
        >>> group.GroupElement.__module__
        'intertwine.group'
    """
    for name in names:
        value = namespace[name]
        if str(getattr(value, "__module__", "")).startswith(f"{home}.") and hasattr(value, "__qualname__"):
            value.__module__ = home
