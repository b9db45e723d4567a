"""The scalar functions of kernels at points of R^d, in torch, with derivatives of every order at every point."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError
from intertwine.group.matrices.harmonics import powers, solid_harmonics
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.ring_functions import ScalarBasis

_NEAR = 1e-9
"""Points nearer than this to the origin have no direction: only order 0 lives there."""

_STEPS = 20001
"""Steps of the quadrature of radial profiles, of which the narrowest is 0.005 wide."""


def _gaussian(radii: torch.Tensor, centres: torch.Tensor, sigmas: torch.Tensor) -> torch.Tensor:
    return torch.exp(-0.5 * ((radii - centres) / sigmas) ** 2)


def _normalized(radii: torch.Tensor, centres: torch.Tensor, sigmas: torch.Tensor) -> torch.Tensor:
    # A softmax of the exponents: far from all rings the plain quotient would be 0 / 0.
    return torch.softmax(-0.5 * ((radii - centres) / sigmas) ** 2, dim=-1)


def _sinc(x: torch.Tensor) -> torch.Tensor:
    """sin(pi x) / (pi x), with second derivatives also at 0, where torch's own gives none."""
    y = math.pi * x
    near = y.abs() < 1e-2
    square = y.square()
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42))
    away = torch.where(near, torch.ones_like(y), y)
    return torch.where(near, series, torch.sin(away) / away)


def _bessel(radii: torch.Tensor, centres: torch.Tensor, sigmas: torch.Tensor) -> torch.Tensor:
    cutoff = centres.max()
    numbers = torch.arange(1, centres.shape[-1] + 1, dtype=radii.dtype, device=radii.device)
    x = torch.clamp(radii / cutoff, max=1.0)
    # The polynomial that is 1 at 0 and vanishes at the cut-off with its first two derivatives (Klicpera et al., 2020).
    envelope = 1 - 10 * x**3 + 15 * x**4 - 6 * x**5
    return _sinc(numbers * x) * envelope


_Profile = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

RADIALS: dict[str, _Profile] = {"gaussian": _gaussian, "normalized": _normalized, "bessel": _bessel}
"""Kinds of radial profiles: functions of the radii, shape ``(points, 1)``, and of the rings' radii and widths."""


def _profiles(radial: str) -> _Profile:
    if radial not in RADIALS:
        raise ArgumentError(f"there are no radial profiles {radial!r}", hint=f"use one of {', '.join(RADIALS)}")
    return RADIALS[radial]


class PointFunctions(ConstantModule):
    """The functions phi_f(x) = ring_f(|x|) Y_f(x / |x|) at any points, differentiable in them.

    Orders l > 0 are zero at the origin, and so are their derivatives there, which no direction singles out.

    Args:
        scalars: the rings and orders.
        radial: the profiles: ``"gaussian"`` rings exp(-(r - r_i)^2 / (2 sigma_i^2)); ``"normalized"``, the same over their sum;
            ``"bessel"``, sinc(i r / R) for ring number i with R the greatest radius, times a polynomial with which they
            vanish smoothly at R.

    Example:
        >>> from intertwine.kernels import Ring, ScalarBasis
        >>> functions = PointFunctions(ScalarBasis(3, (Ring(1.0, 0.5, (0, 1)),)))
        >>> functions(torch.tensor([[0.0, 0.0, 1.0]])).round(decimals=4).tolist()
        [[1.0, 0.0, 0.0, 1.0]]
    """

    def __init__(self, scalars: ScalarBasis, radial: str = "gaussian") -> None:
        super().__init__()
        self._dimension = scalars.dimension
        self._radial = _profiles(radial)
        if radial == "bessel" and not max((ring.radius for ring in scalars.rings), default=0.0) > 0:
            raise ArgumentError("bessel profiles need a ring of positive radius: where they end")
        orders = sorted({block.order for block in scalars.blocks if isinstance(block.order, int)})
        self._orders = orders
        starts, start = {}, 0
        sizes = {block.order: block.where.stop - block.where.start for block in scalars.blocks}
        for order in orders:
            starts[order] = start
            start += sizes[order]
        rings, angular = [], []
        for block in scalars.blocks:
            rings += sizes[block.order] * [scalars.rings.index(block.ring)]
            angular += [starts[block.order] + m for m in range(sizes[block.order])]
        self.register_constant("radii", np.array([ring.radius for ring in scalars.rings]))
        self.register_constant("sigmas", np.array([ring.sigma for ring in scalars.rings]))
        self.register_constant("ring_of_function", np.array(rings, dtype=np.int64))
        self.register_constant("angular_of_function", np.array(angular, dtype=np.int64))

    def _angular(self, unit: torch.Tensor, away: torch.Tensor) -> torch.Tensor:
        """The harmonics of all orders, shape ``(points, sum of sizes)``."""
        largest = self._orders[-1]
        one = torch.ones_like(away)
        if self._dimension == 1:
            by_order = [[one], [unit[:, 0]]]
        elif self._dimension == 2:
            by_order = [list(pair) for pair in powers(unit[:, 0], unit[:, 1], largest)]
            by_order[0] = [one]
        else:
            by_order = solid_harmonics(unit[:, 0], unit[:, 1], unit[:, 2], largest)
        columns = []
        for order in self._orders:
            # At the origin the unit vector is 0, but the recursion of even orders does not end at 0 by itself in every case.
            columns += [column if order == 0 else column * away for column in by_order[order]]
        return torch.stack(columns, dim=1)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """The functions, shape ``(points, functions)``.

        Args:
            points: shape ``(points, d)``.
        """
        square = points.square().sum(dim=1)
        near = square < _NEAR**2
        # Both branches of a `where` are differentiated, so that the root must not see 0 in either.
        length = torch.where(near, torch.ones_like(square), square).sqrt()
        away = (~near).to(points.dtype)
        unit = points / length[:, None] * away[:, None]
        radial = self._radial((length * away)[:, None], self.radii.to(points.dtype), self.sigmas.to(points.dtype))  # type: ignore[operator, union-attr]
        angular = self._angular(unit, away)
        return radial.index_select(1, self.ring_of_function) * angular.index_select(1, self.angular_of_function)  # type: ignore[arg-type]


def point_moments(scalars: ScalarBasis, radial: str = "gaussian") -> np.ndarray:
    """The mean products of the scalar functions over a ball that reaches to the outer edge of the outermost ring.

    Args:
        scalars: the rings and orders.
        radial: the kind of profiles.

    Returns:
        shape ``(functions, functions)``.
    """
    reach = max(ring.radius + ring.sigma for ring in scalars.rings)
    r = torch.linspace(0.0, reach, _STEPS, dtype=torch.float64)
    centres = torch.tensor([ring.radius for ring in scalars.rings], dtype=torch.float64)
    sigmas = torch.tensor([ring.sigma for ring in scalars.rings], dtype=torch.float64)
    values = _profiles(radial)(r[:, None], centres, sigmas).numpy()
    weights = r.numpy() ** (scalars.dimension - 1)
    products = values.T @ (values * (weights / weights.sum())[:, None])
    gram = np.zeros((scalars.size, scalars.size))
    numbers = {ring: number for number, ring in reversed(list(enumerate(scalars.rings)))}
    alike: dict[Any, list[tuple[int, slice]]] = {}
    for ring, order, rows in scalars.blocks:
        alike.setdefault(order, []).append((numbers[ring], rows))
    for blocks in alike.values():
        size = blocks[0][1].stop - blocks[0][1].start
        of_rings = [number for number, _ in blocks]
        means = products[np.ix_(of_rings, of_rings)] / size
        starts = np.array([rows.start for _, rows in blocks])
        for m in range(size):
            gram[np.ix_(starts + m, starts + m)] = means
    return gram
