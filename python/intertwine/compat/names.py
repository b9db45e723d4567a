"""The names of each peer, and what each of them is here."""

from __future__ import annotations

import importlib
import json
from fnmatch import fnmatchcase
from functools import cached_property
from importlib.resources import files
from typing import Any, NamedTuple

PEERS = ("escnn", "e2cnn")


class Name(NamedTuple):
    """What a name of a peer is here.

    Args:
        home: the module that holds it here; ``""`` if it is missing.
        name: its name there.
        reason: why it is missing, and what to use.
    """

    home: str
    name: str
    reason: str = ""


_CORE = ("intertwine.group", "intertwine.gspaces", "intertwine.nn")

_ADAPTERS: dict[str, tuple[str, ...]] = {
    "intertwine.compat.helpers": (
        "build_from_discrete_group_representation",
        "build_induced_representation",
        "build_quotient_representation",
        "build_regular_representation",
        "check_consecutive_numbers",
        "cycle_isclose",
        "direct_sum_factory",
        "groups_dict",
        "indexes_from_labels",
        "klein4_group",
    ),
    "intertwine.compat.grids": (
        "build_mask",
        "get_grid_coords",
        "linear_transform_array_3d",
        "linear_transform_array_nd",
        "rotate_array",
        "rotate_array_2d",
    ),
    "intertwine.compat.bases": (
        "BlocksBasisExpansion",
        "KernelBasis",
        "SteerableKernelBasis",
        "kernels_CN_act_R2",
        "kernels_DN_act_R2",
        "kernels_Flip_act_R2",
        "kernels_Ico_act_R3",
        "kernels_O2_act_R2",
        "kernels_O3_act_R3",
        "kernels_Octa_act_R3",
        "kernels_SO2_act_R2",
        "kernels_SO3_act_R3",
        "kernels_Trivial_act_R2",
        "kernels_on_point",
    ),
    "intertwine.compat.differences": (
        "DiscretizationArgs",
        "guaranteed_accuracy",
        "laplacian_power",
        "largest_possible_order",
        "load_cache",
        "multiply_polynomials",
        "order_filter",
        "required_points",
        "store_cache",
        "symmetric_points",
    ),
    "intertwine.compat.products": ("DirectProductGroup", "DoubleGroup"),
    "intertwine.compat.splitting": ("DisentangleModule", "disentangle"),
    "intertwine.compat.spaces": (
        "Flip2dOnR2",
        "FlipRot2dOnR2",
        "GeneralOnR2",
        "ModuleList",
        "Rot2dOnR2",
        "TrivialOnR2",
    ),
}
"""Names that a file of this package holds."""

_OTHERS: dict[str, tuple[str, str]] = {
    "BasisManager": ("intertwine.kernels", "KernelExpansion"),
    "EmptyBasisException": ("intertwine.errors", "EmptyBasisError"),
    "GATED_ID": ("intertwine.nn.nonlinear.gated", "GATED_ID"),
    "GATES_ID": ("intertwine.nn.nonlinear.gated", "GATES_ID"),
    "_IIDBatchNorm": ("intertwine.nn.norm.invariant_batchnorm", "IIDBatchNorm"),
    "_RdConv": ("intertwine.nn.conv.grid_conv", "_GridConv"),
    "_RdConvTransposed": ("intertwine.nn.conv.transposed_conv", "_ConvTransposed"),
    "deltaorthonormal_init": ("intertwine.nn.init", "deltaorthonormal_init"),
    "generalized_he_init": ("intertwine.nn.init", "generalized_he_init"),
}
"""Names whose value is one of ours that has another name, or is in a file that is not public."""

_BASIS = (
    "intertwine finds kernels by one solver, not by a class for each group: build the layer, whose basisexpansion has "
    "dimension() and get_basis_info(), or take the basis itself from intertwine.kernels.expansion_plan"
)
_MAPS = "group.subgroup(id) gives the subgroup and both maps between its elements and those of the group"
_NUMERICS = (
    "representations are split by an exact solver: use representation.irreps, group.disentangle and group.intertwiners"
)
_DIFFERENTIAL = (
    "one solver finds the operators of all groups: build nn.R2Diffop, whose basisexpansion has dimension() and "
    "get_basis_info(), or take the filters from intertwine.kernels.differential_basis"
)

_MISSING: dict[str, str] = {
    "kernels_*": _BASIS,
    "normalized_kernels_*": _BASIS,
    "*Basis": _BASIS,
    "SparseOrbitBasis*": _BASIS,
    "*Solution": _BASIS,
    "GaussianRadialProfile*": "the rings of a layer are its arguments rings= and sigma=",
    "HarmonicPolynomialR3Generator": "nn.HarmonicPolynomialR3 evaluates the polynomials",
    "NormalizedR3Conv": "use nn.R3Conv",
    "circular_harmonics": "intertwine.kernels.PointFunctions evaluates circular harmonics at points",
    "offset_iterator": _BASIS,
    "retrieve_indices": _BASIS,
    "*BasisExpansion": _BASIS,
    "*BasisSampler": "point convolutions need no sampler: use nn.R2PointConv or nn.R3PointConv",
    "block_basisexpansion": _BASIS,
    "block_basissampler": _BASIS,
    "normalize_basis": _BASIS,
    "compute_basis_params": "rings, sigma and frequencies_cutoff of a layer have escnn's defaults: leave them out",
    "bandlimiting_filter": "give the layer frequencies_cutoff=, or basis_filter= with a function of your own",
    "*_to_*": _MAPS,
    "inclusion*": _MAPS,
    "restrict": _MAPS,
    "restrict_left": _MAPS,
    "restrict_right": _MAPS,
    "restriction": _MAPS,
    "restrict_irrep": "representation.restrict(id) gives the restricted representation",
    "build_*_map": _MAPS,
    "build_trivial_subgroup_maps": _MAPS,
    "build_trivial_character": "group.trivial_representation has the character",
    "build_trivial_irrep": "use group.trivial_representation",
    "tensor_product_irrep*": "use the representations' tensor(), or group.direct_product(G1, G2).irrep(id1, id2)",
    "build_irrep_from_generators": "group.group_from_matrices makes a group with all its irreps from generators",
    "generate_irrep_matrices_from_generators": "group.group_from_matrices makes a group with all its irreps from generators",
    "thomson_*": "group.grid('thomson', N) and group.sphere_grid('thomson', N) give these points",
    "find_rotation_pole2point": "SO3.element takes Euler angles, matrices, quaternions and rotation vectors",
    "check_parametrization": "Group.PARAMETRIZATIONS lists the names",
    "check_spherical_harmonics*": "it is a check of escnn's own; the coefficients here are solved exactly",
    "test_kron": "it is a check of escnn's own",
    "UnderconstrainedIrrepDecompositionSystem": f"nothing here can raise it; {_NUMERICS}",
    "build_sylvester_constraint": _NUMERICS,
    "find_intertwiner_basis_sylvester": "use group.intertwiners",
    "find_orthogonal_matrix": _NUMERICS,
    "find_irreps_multiplicities_finitegroup": _NUMERICS,
    "decompose_representation*": _NUMERICS,
    "compute_change_of_basis*": _NUMERICS,
    "compute_irrep_embeddings_general": _NUMERICS,
    "null": "use scipy.linalg.null_space",
    "sparse_allclose": "use numpy.allclose",
    "BatchNorm4d": "nn.InnerBatchNorm keeps its statistics itself",
    "FixedConv2D": "nn.PointwiseMaxPoolAntialiased blurs by itself",
    "dropout_field": "use nn.FieldDropout",
    "IDENTITY": "use group.identity",
    "PARAMETRIZATION*": "each group lists its own: group.PARAMETRIZATIONS",
    "LaplaceProfile": _DIFFERENTIAL,
    "diffops_*": _DIFFERENTIAL,
    "discretize_*": _DIFFERENTIAL,
    "display_*": "basisexpansion.get_basis_info() of nn.R2Diffop describes the operators",
    "prettify_exponent": "basisexpansion.get_basis_info() of nn.R2Diffop describes the operators",
    "eval_polys": _DIFFERENTIAL,
    "expand_binomial": _DIFFERENTIAL,
    "fd_weights": _DIFFERENTIAL,
    "gaussian_derivative": _DIFFERENTIAL,
    "*cheby": _DIFFERENTIAL,
    "transform_polynomial": _DIFFERENTIAL,
}
"""Patterns of names that are missing, and what to use."""

_PRIVATE = "it is a helper inside of {peer}: elements have to(), @ and ~, and groups grid(), sphere_grid() and irrep()"


class Table:
    """Every public name of a peer, by module; see ``tools/peer_names.py``.

    Args:
        peer: its name.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer

    @cached_property
    def _content(self) -> dict[str, Any]:
        return json.loads(files("intertwine.compat").joinpath(f"{self.peer}.json").read_text(encoding="utf-8"))

    @property
    def version(self) -> str:
        """The version of the peer that has these names."""
        return self._content["version"]

    @property
    def modules(self) -> dict[str, str]:
        """The names of each module, in a line."""
        return self._content["modules"]

    def names(self, module: str) -> dict[str, Name]:
        """What each name of a module is here.

        Args:
            module: its full name.
        """
        return {name: self._look_up(module, name) for name in self.modules.get(module, "").split()}

    def value(self, entry: Name) -> Any:
        """The object.

        Args:
            entry: one that is not missing.
        """
        return getattr(importlib.import_module(entry.home), entry.name)

    def _look_up(self, module: str, name: str) -> Name:
        for home, held in _ADAPTERS.items():
            if name in held and _ONLY.get(home, self.peer) == self.peer:
                own = f"{name}_{self.peer}"
                return Name(home, own if own in _APART else name)
        if name in _OTHERS:
            return Name(*_OTHERS[name])
        for pattern, reason in _MISSING.items():
            if fnmatchcase(name, pattern):
                return Name("", "", reason)
        if name.startswith("_"):
            return Name("", "", _PRIVATE.format(peer=self.peer))
        for home in _CORE:
            if name in importlib.import_module(home).__all__:
                return Name(home, name)
        return Name("", "")


_ONLY = {
    "intertwine.compat.bases": "escnn",
    "intertwine.compat.differences": "e2cnn",
    "intertwine.compat.spaces": "e2cnn",
}
"""Files with names of one peer."""

_APART = {"build_mask_e2cnn", "get_grid_coords_e2cnn"}
"""Adapters whose arguments differ between the peers."""


_TABLES = {peer: Table(peer) for peer in PEERS}


def table(peer: str) -> Table:
    """The names of a peer.

    Args:
        peer: its name.
    """
    return _TABLES[peer]
