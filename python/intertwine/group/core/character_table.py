"""The table of characters of a finite group, as it prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement
    from intertwine.group.core.irrep import IrreducibleRepresentation


@dataclass(frozen=True, eq=False)
class CharacterTable:
    """The characters of the real irreps of a finite group: one row by irrep, one column by conjugacy class.

    The rows are orthogonal under the sizes of the classes: the mean of chi_i chi_j over the group is e_i [i = j], where e is
    1, 2 or 4 by the type of the irrep. A complex irrep and its conjugate share one real row, so the table is square only
    if every element is conjugate to its inverse.

    Attributes:
        irreps: the irreps of the rows.
        representatives: the first element of each class.
        sizes: the number of elements of each class.
        orders: the order of the elements of each class.
        values: the characters, shape ``(irreps, classes)``; read-only.
    """

    irreps: tuple[IrreducibleRepresentation, ...]
    representatives: tuple[GroupElement, ...]
    sizes: tuple[int, ...]
    orders: tuple[int, ...]
    values: np.ndarray

    def __array__(self, dtype: object = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.values, dtype=dtype)  # type: ignore[call-overload]

    def __repr__(self) -> str:
        head = ["", *(str(g) for g in self.representatives)]
        rows = [["size", *(str(n) for n in self.sizes)], ["order", *(str(n) for n in self.orders)]]
        for irrep, line in zip(self.irreps, self.values, strict=True):
            rows.append([f"{irrep.name} ({irrep.type})", *(f"{value:.4g}" for value in line)])
        widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
        return "\n".join(
            "  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths)))
            for row in [head, *rows]
        )
