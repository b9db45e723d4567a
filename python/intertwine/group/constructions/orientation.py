"""What a mirror does to orientation: the determinant of a representation, and its product with another."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from intertwine.group.constructions.constructions import tensor_product
from intertwine.group.constructions.decomposition import continuous_representation, named_representation
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.memory import remembered


def renamed(rho: Representation, name: str) -> Representation:
    """The same matrices under another name; equal to what it was made of.

    Args:
        rho: the representation.
        name: the name that it prints.
    """
    given: Any = rho.element_matrices if isinstance(rho.group, FiniteGroup) else rho._given_matrices
    return Representation(rho.group, name, rho.irreps, rho.change_of_basis, _matrices=given)


@remembered
def determinant(rho: Representation, name: str) -> Representation:
    """The sign det rho(g), a representation of size 1: -1 where rho mirrors.

    Args:
        rho: a representation.
        name: the name that it prints.

    Example:
        >>> from intertwine.group import dihedral_group
        >>> sign = determinant(dihedral_group(4).irrep(1, 1), "pseudoscalar")
        >>> sign, sign.irreps
        (D4|[pseudoscalar]:1, [(1, 0)])
    """
    group = rho.group
    if isinstance(group, FiniteGroup):
        signs = np.rint(np.linalg.det(rho.matrices))
        return named_representation(group, signs[:, None, None], name)
    lie = np.zeros((len(rho.lie_matrices), 1, 1))

    def sign(g: GroupElement) -> np.ndarray:
        return np.rint(np.linalg.det(rho(g))).reshape(1, 1)

    return continuous_representation(cast("ContinuousGroup", group), sign, 0, name, lie)


@remembered
def with_determinant(rho: Representation, name: str) -> Representation:
    """The representation det(rho(g)) rho(g): that of rho, with another sign where it mirrors.

    Args:
        rho: the representation that is multiplied by its determinant.
        name: how the product prints.

    Example:
        >>> from intertwine.group import cyclic_group
        >>> with_determinant(cyclic_group(2).irrep(1), "pseudovector").irreps
        [(0,)]
    """
    sign = determinant(rho, "determinant")
    return renamed(rho if sign.is_trivial() else tensor_product(sign, rho), name)
