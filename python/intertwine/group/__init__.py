"""Groups, their elements and their representations."""

from __future__ import annotations

from intertwine.group.building import change_basis, directsum, tensor_product
from intertwine.group.classes import CharacterTable
from intertwine.group.continuous import O2, SO2, ContinuousGroup, o2_group, so2_group
from intertwine.group.decomposition import disentangle, homomorphism_space
from intertwine.group.element import GroupElement
from intertwine.group.finite import FiniteGroup
from intertwine.group.generated import (
    GeneratedGroup,
    MatrixGroup,
    PermutationGroup,
    TableGroup,
    group_from_matrices,
    group_from_permutations,
    group_from_table,
)
from intertwine.group.group import Group
from intertwine.group.hom import intertwiners
from intertwine.group.homspace import HomSpace
from intertwine.group.irrep import IrreducibleRepresentation
from intertwine.group.named import (
    AlternatingGroup,
    DicyclicGroup,
    SemidirectProduct,
    SymmetricGroup,
    alternating_group,
    dicyclic_group,
    quaternion_group,
    quaternion_matrix,
    semidirect_product,
    symmetric_group,
)
from intertwine.group.planar import CyclicGroup, DihedralGroup, cyclic_group, dihedral_group, trivial_group
from intertwine.group.point_groups import CRYSTALLOGRAPHIC, PointGroup, point_group
from intertwine.group.representation import Representation
from intertwine.group.subgroups import SubgroupClass

__all__ = [
    "CRYSTALLOGRAPHIC",
    "AlternatingGroup",
    "CharacterTable",
    "ContinuousGroup",
    "CyclicGroup",
    "DicyclicGroup",
    "DihedralGroup",
    "FiniteGroup",
    "GeneratedGroup",
    "Group",
    "GroupElement",
    "HomSpace",
    "IrreducibleRepresentation",
    "MatrixGroup",
    "O2",
    "PermutationGroup",
    "PointGroup",
    "Representation",
    "SO2",
    "SemidirectProduct",
    "SubgroupClass",
    "SymmetricGroup",
    "TableGroup",
    "alternating_group",
    "change_basis",
    "cyclic_group",
    "dicyclic_group",
    "dihedral_group",
    "directsum",
    "disentangle",
    "group_from_matrices",
    "group_from_permutations",
    "group_from_table",
    "homomorphism_space",
    "intertwiners",
    "o2_group",
    "point_group",
    "quaternion_group",
    "quaternion_matrix",
    "semidirect_product",
    "so2_group",
    "symmetric_group",
    "tensor_product",
    "trivial_group",
]
