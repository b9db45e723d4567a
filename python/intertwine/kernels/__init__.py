"""Steerable kernels: scalar functions, the basis of equivariant kernels, and the expansion of weights into filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from intertwine.kernels.cache import FilterCache
from intertwine.kernels.expansion import KernelExpansion
from intertwine.kernels.expansion_plan import ExpansionPlan, expansion_plan, point_plan
from intertwine.kernels.fitting import FittedBasis, fitted_basis, turning_error, turning_errors
from intertwine.kernels.lattice import RADIAL_FUNCTIONS, DifferentialBasis, differential_basis
from intertwine.kernels.orbits import Orbit, axes_orbit
from intertwine.kernels.points import RADIALS, PointFunctions
from intertwine.kernels.ring_functions import Ring, ScalarBasis, orbit_basis, point_basis, scalar_basis, split_filter
from intertwine.suggestions import missing_name

__all__ = [
    "RADIALS",
    "RADIAL_FUNCTIONS",
    "DifferentialBasis",
    "ExpansionPlan",
    "FilterCache",
    "FittedBasis",
    "KernelExpansion",
    "Orbit",
    "PointFunctions",
    "Ring",
    "ScalarBasis",
    "axes_orbit",
    "differential_basis",
    "expansion_plan",
    "fitted_basis",
    "orbit_basis",
    "point_basis",
    "point_plan",
    "scalar_basis",
    "split_filter",
    "turning_error",
    "turning_errors",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        raise missing_name(__name__, name, __all__)
