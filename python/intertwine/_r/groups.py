"""Groups and representations, labelled as R labels them: by frequency, flip, rotations and subgroups."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from intertwine import group as library
from intertwine._r.crossing.numpy_arrays import numbers
from intertwine._r.elements import group_of, is_with_inversion
from intertwine._r.tables import finite
from intertwine.errors import ArgumentError, GroupError
from intertwine.group import (
    O3,
    SO3,
    FiniteGroup,
    Group,
    GroupElement,
)
from intertwine.group.matrices.grids import sphere_grid as _sphere_grid

# --- groups ---------------------------------------------------------------------------------------------------------------


def cylinder(N: int, full: bool, max_frequency: int) -> Group:
    """The symmetries of a cylinder with N rotations, -1 for all: without or with half turns."""
    if N == -1:
        return (library.full_cylinder_group if full else library.cylinder_group)(max_frequency)
    return (library.full_cylinder_discrete_group if full else library.cylinder_discrete_group)(N)


def product_of(first: Any, second: Any, name: str | None) -> Group:
    """The direct product of two groups."""
    return library.direct_product(group_of(first), group_of(second), name)


def double(space: Any) -> Group:
    """The direct product of a group with itself."""
    return library.double_group(group_of(space))


def from_matrices(generators: list[Any], name: str | None, max_order: int) -> Group:
    """The group that orthogonal matrices generate."""
    matrices = [numbers(packed) for packed in generators]
    if len({matrix.shape for matrix in matrices}) > 1:
        shapes = ", ".join(sorted({" x ".join(str(n) for n in matrix.shape) for matrix in matrices}))
        raise GroupError(f"the generators must be matrices of one size, not of sizes {shapes}")
    return library.group_from_matrices(np.stack(matrices), name, max_order)


def from_permutations(generators: list[list[int]], name: str | None, max_order: int) -> Group:
    """The group that permutations generate."""
    return library.group_from_permutations([[int(k) for k in p] for p in generators], name, max_order)


def from_table(table: Any, names: list[str] | None, name: str | None) -> Group:
    """The group with a table of products, of numbers from zero."""
    products = numbers(table).astype(int)
    everyone = np.arange(len(products))
    for b in everyone:
        wrong = np.argwhere(products[products[:, b]] != products[everyone[:, None], products[b][None, :]])
        if len(wrong):
            a, c = wrong[0].tolist()
            first, second, third = (names[k] if names else str(k + 1) for k in (a, int(b), c))
            raise GroupError(
                f"the table is not associative: ({first} {second}) {third} is not {first} ({second} {third})"
            )
    return library.group_from_table(products, name, names)


def semidirect(N: Any, H: Any, action: Any, name: str | None) -> Group:
    """The semidirect product, the action as a table of numbers from zero, a row for each element of H."""
    normal, acting = group_of(N), group_of(H)
    for given in (normal, acting):
        finite(given, "semidirect product here")
    return library.semidirect_product(normal, acting, numbers(action).astype(int), name)  # type: ignore[arg-type]


def crystallographic() -> dict[str, list[Any]]:
    """The 32 crystallographic point groups: both symbols and orders."""
    groups = [library.point_group(symbol) for symbol in library.CRYSTALLOGRAPHIC]
    return {
        "schoenflies": [group.schoenflies for group in groups],
        "hermann_mauguin": [group.hermann_mauguin for group in groups],
        "order": [group.order() for group in groups],
    }


# --- elements -------------------------------------------------------------------------------------------------------------


def order(space: Any) -> float:
    """The number of elements; infinity for a continuous group."""
    count = group_of(space).order()
    return math.inf if count < 0 else float(count)


def identity(space: Any) -> GroupElement:
    """The neutral element."""
    return group_of(space).identity


def generators(space: Any) -> list[GroupElement]:
    """The generators, of a continuous group one for each component beside that of the identity."""
    return list(group_of(space).component_generators)


def centre(space: Any) -> list[GroupElement]:
    """The elements that commute with all others."""
    return list(finite(space, "finite list of central elements").centre)


def sample(space: Any, n: int, seed: int) -> list[GroupElement]:
    """Random elements."""
    group, generator = group_of(space), np.random.default_rng(seed)
    return [group.sample(generator) for _ in range(n)]


def testing_elements(space: Any) -> list[GroupElement]:
    """The elements on which equivariance is tested."""
    return list(group_of(space).testing_elements())


def grid(space: Any, type: str | None, N: int | None, seed: int) -> list[GroupElement]:
    """Elements to sample functions on the group."""
    group: Any = group_of(space)
    if type in (None, "rand"):
        if type is None and isinstance(group, FiniteGroup):
            return group.elements
        if type == "rand":
            return sample(space, _needed(N, type), seed)
    if isinstance(group, (SO3, O3)):
        return list(group.grid(type or "thomson", N=100 if type is None and N is None else N))
    if is_with_inversion(group):
        inner: dict[str, Any] = {
            "G2_" + key: value for key, value in (("type", type or "regular"), ("N", N)) if value is not None
        }
        return list(group.grid(G1_type="regular", **inner))
    if isinstance(group, library.DirectProductGroup):
        raise GroupError(
            f"{group} has no grid of type {type!r}", hint="use type = 'rand', or a grid of each of its parts"
        )
    if isinstance(group, FiniteGroup):
        return list(group.grid(type or "regular", N=N))
    return list(group.grid(_needed(N, type or "regular"), type or "regular"))


def _needed(N: int | None, type: str) -> int:
    if N is None:
        raise ArgumentError(f"a grid of type {type!r} needs N", hint="give the number of elements, such as N = 30")
    return N


def sphere_grid(type: str, N: int | None, M: int | None, seed: int) -> np.ndarray:
    """Points of the sphere, shape [points, 3]."""
    return _sphere_grid(type, N, M, seed if type == "rand" else None)


def quadrature(space: Any, degree: int) -> dict[str, Any]:
    """Elements and weights that integrate exactly what has at most a frequency."""
    group: Any = group_of(space)
    if isinstance(group, FiniteGroup):
        return {"elements": group.elements, "weights": np.full(group.order(), 1 / group.order())}
    members, weights = group.quadrature(degree)
    return {"elements": list(members), "weights": np.asarray(weights)}
