"""Groups, their elements and their representations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.errors import InsufficientIrrepsException, UnderconstrainedCGSystem
from intertwine.group.catalogue.cyclic_dihedral import (
    CyclicGroup,
    DihedralGroup,
    cyclic_group,
    dihedral_group,
    trivial_group,
)
from intertwine.group.catalogue.families import (
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
from intertwine.group.catalogue.from_generators import (
    MatrixGroup,
    PermutationGroup,
    TableGroup,
    group_from_matrices,
    group_from_permutations,
    group_from_table,
)
from intertwine.group.catalogue.generated_group import GeneratedGroup
from intertwine.group.catalogue.point_groups import CRYSTALLOGRAPHIC, PointGroup, point_group
from intertwine.group.catalogue.products import DirectProductGroup, DoubleGroup, direct_product, double_group
from intertwine.group.catalogue.so2_o2 import O2, SO2, o2_group, so2_group
from intertwine.group.catalogue.so3_o3 import O3, SO3, o3_group, so3_group
from intertwine.group.catalogue.solids import Icosahedral, Octahedral, ico_group, octa_group
from intertwine.group.catalogue.spatial_subgroups import (
    cylinder_discrete_group,
    cylinder_group,
    full_cylinder_discrete_group,
    full_cylinder_group,
    full_ico_group,
    full_octa_group,
)
from intertwine.group.constructions.constructions import change_basis, directsum, tensor_product
from intertwine.group.constructions.decomposition import disentangle, homomorphism_space
from intertwine.group.constructions.homspace import HomSpace
from intertwine.group.core.character_table import CharacterTable
from intertwine.group.core.continuous import ContinuousGroup
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.group import Group
from intertwine.group.core.irrep import IrreducibleRepresentation
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.hom import intertwiners
from intertwine.group.matrices.plane_matrices import chi, psi, psichi
from intertwine.group.tables.subgroups import SubgroupClass
from intertwine.public import publish
from intertwine.suggestions import missing_name

__all__ = [
    "AlternatingGroup",
    "CRYSTALLOGRAPHIC",
    "CharacterTable",
    "ContinuousGroup",
    "CyclicGroup",
    "DicyclicGroup",
    "DihedralGroup",
    "DirectProductGroup",
    "DoubleGroup",
    "FiniteGroup",
    "GeneratedGroup",
    "Group",
    "GroupElement",
    "HomSpace",
    "Icosahedral",
    "InsufficientIrrepsException",
    "IrreducibleRepresentation",
    "MatrixGroup",
    "O2",
    "O3",
    "Octahedral",
    "PermutationGroup",
    "PointGroup",
    "Representation",
    "SO2",
    "SO3",
    "SemidirectProduct",
    "SubgroupClass",
    "SymmetricGroup",
    "TableGroup",
    "UnderconstrainedCGSystem",
    "alternating_group",
    "change_basis",
    "chi",
    "cyclic_group",
    "cylinder_discrete_group",
    "cylinder_group",
    "dicyclic_group",
    "dihedral_group",
    "direct_product",
    "directsum",
    "disentangle",
    "double_group",
    "full_cylinder_discrete_group",
    "full_cylinder_group",
    "full_ico_group",
    "full_octa_group",
    "group_from_matrices",
    "group_from_permutations",
    "group_from_table",
    "homomorphism_space",
    "ico_group",
    "intertwiners",
    "o2_group",
    "o3_group",
    "octa_group",
    "point_group",
    "psi",
    "psichi",
    "quaternion_group",
    "quaternion_matrix",
    "semidirect_product",
    "so2_group",
    "so3_group",
    "symmetric_group",
    "tensor_product",
    "trivial_group",
]

publish(__name__, __all__, globals())

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
