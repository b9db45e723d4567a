"""Steerable kernels: scalar functions, the basis of equivariant kernels, and the expansion of weights into filters."""

from __future__ import annotations

from intertwine.kernels.cache import FilterCache
from intertwine.kernels.expansion import KernelExpansion
from intertwine.kernels.plan import ExpansionPlan, expansion_plan, point_plan, split_filter
from intertwine.kernels.points import RADIALS, PointFunctions
from intertwine.kernels.scalar import Ring, ScalarBasis, point_basis, scalar_basis

__all__ = [
    "RADIALS",
    "ExpansionPlan",
    "FilterCache",
    "KernelExpansion",
    "PointFunctions",
    "Ring",
    "ScalarBasis",
    "expansion_plan",
    "point_basis",
    "point_plan",
    "scalar_basis",
    "split_filter",
]
