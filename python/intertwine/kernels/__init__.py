"""Steerable kernels: scalar functions, the basis of equivariant kernels, and the expansion of weights into filters."""

from __future__ import annotations

from intertwine.kernels.cache import FilterCache
from intertwine.kernels.expansion import KernelExpansion
from intertwine.kernels.plan import ExpansionPlan, expansion_plan, split_filter
from intertwine.kernels.scalar import Ring, ScalarBasis, scalar_basis

__all__ = [
    "ExpansionPlan",
    "FilterCache",
    "KernelExpansion",
    "Ring",
    "ScalarBasis",
    "expansion_plan",
    "scalar_basis",
    "split_filter",
]
