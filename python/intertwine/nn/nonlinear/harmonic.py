"""Harmonic polynomials of points."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from intertwine.budget import Price
from intertwine.errors import ArgumentError, GroupError
from intertwine.fields import FieldType
from intertwine.group.catalogue.so3_o3 import O3, SO3, o3_group, so3_group
from intertwine.group.core.group import Group
from intertwine.group.matrices.harmonics import solid_harmonics
from intertwine.gspaces import no_base_space
from intertwine.nn.base.module import EquivariantModule

_GROUPS = {"so3": so3_group, "o3": o3_group}


class HarmonicPolynomialR3(EquivariantModule):
    """The harmonic polynomials |x|^l Y_l(x / |x|) of points of space, for l = 0, ..., L: (L + 1)^2 numbers a point.

    Those of one degree are an irrep; see :mod:`intertwine.group.matrices.harmonics` for their order and scale.

    Args:
        L: the greatest degree.
        group: ``"so3"``, ``"o3"``, or one of these groups.

    Raises:
        ArgumentError: if L is no whole number from 0 on.
        GroupError: for another group.

    Example:
        >>> from intertwine import nn
        >>> nn.HarmonicPolynomialR3(2)(torch.tensor([[0.0, 0.0, 2.0]])).round(decimals=4).tolist()
        [[1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 4.0]]
    """

    @classmethod
    def construction_prices(cls, L: int, group: Group | str = "so3") -> Iterator[Price]:
        """The irreps up to the greatest degree, and the representation that is their sum.

        Args:
            L: the greatest degree.
            group: its group.
        """
        yield Price(100.0 * (float(L) + 1) ** 4, 2e-7 * (float(L) + 1) ** 6)

    def __init__(self, L: int, group: Group | str = "so3") -> None:
        super().__init__()
        if isinstance(L, bool) or not isinstance(L, int) or L < 0:
            raise ArgumentError(f"the greatest degree L is a whole number from 0 on, not {L!r}")
        if isinstance(group, str):
            if group not in _GROUPS:
                raise GroupError(f"the group is 'so3' or 'o3', not {group!r}")
            group = _GROUPS[group](L)
        if not isinstance(group, (SO3, O3)):
            raise GroupError(f"harmonic polynomials need SO(3) or O(3), not {group}")
        self.L, self.G = L, group
        self.gspace = no_base_space(group)
        self.rho = group.bl_sphere_representation(L)
        self.in_type = FieldType(self.gspace, [group.standard_representation()])
        self.out_type = FieldType(self.gspace, [self.rho])

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        x, y, z = tensor[:, 0], tensor[:, 1], tensor[:, 2]
        return torch.stack([column for degree in solid_harmonics(x, y, z, self.L) for column in degree], dim=1)

    def extra_repr(self) -> str:
        """Degree and type."""
        return f"L={self.L}, {self.in_type} -> {self.out_type}"
