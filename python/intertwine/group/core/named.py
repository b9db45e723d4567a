"""Representations by their names."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intertwine.group.core.representation import Representation


class Named(dict[str, "Representation"]):
    """Representations by name, where the name of a quotient representation says which subgroup it is of.

    Args:
        quotient: makes the quotient representation for the label of a subgroup.
    """

    def __init__(self, quotient: Callable[[Any], Representation]) -> None:
        super().__init__()
        self._quotient = quotient

    def __missing__(self, name: str) -> Representation:
        label = re.fullmatch(r"quotient\[(.*)\]", name) if isinstance(name, str) else None
        try:
            if label is not None:
                return self._quotient(ast.literal_eval(label[1]))
        except (SyntaxError, ValueError):  # no label, or that of no subgroup
            pass
        raise KeyError(name)
