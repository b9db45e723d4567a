"""Scalar functions on R^d from which kernels are made: Gaussian rings times harmonics, or orbits of points on spheres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from intertwine.checks import is_whole, whole_at_least
from intertwine.errors import ArgumentError, ArgumentTypeError
from intertwine.group.matrices.harmonics import harmonics_up_to
from intertwine.kernels.orbits import Angular, Factors, Orbit, angular_action, angular_size
from intertwine.memory import remembered

ElementFilter = Callable[[dict[str, Any]], bool]
"""Takes the attributes of a ring and order, or of a basis kernel, and tells whether to keep it."""

_ORIGIN = 1e-9
"""Points nearer than this to the origin have no direction: only order 0 lives there."""

_LARGEST_ORDER = 256
"""No ring of a kernel that fits in memory has cells enough to tell greater orders apart."""

_VANISHES = 1e-6
"""Functions whose norm over the cells of the kernel is smaller are dropped: their ring passes between the cells."""

_LEAST, _MOST = 1e-30, 1e30
"""The lengths that rings may have: squares of their ratios stay finite."""


@dataclass(frozen=True)
class Ring:
    """A Gaussian ring exp(-(|x| - radius)^2 / (2 sigma^2)) with harmonics up to some order, or with an orbit of points.

    Attributes:
        radius: where the ring lies, in cells.
        sigma: its width, in cells.
        orders: the orders l of its harmonics, or the orbit.
    """

    radius: float
    sigma: float
    orders: tuple[Angular, ...]

    def attributes(self, order: Angular) -> dict[str, Any]:
        """What is known of the functions of one order, by escnn's keys; an orbit has no frequency.

        Args:
            order: l, or the orbit.
        """
        found: dict[str, Any] = {"radius": self.radius, "sigma": self.sigma}
        if isinstance(order, Orbit):
            return {**found, "orbit": order.name}
        return {**found, "irrep:frequency": order, "j": (order,)}


class RingBlock(NamedTuple):
    """The functions of one ring and order.

    Attributes:
        ring: the ring.
        order: the order l of the harmonics, or the orbit.
        where: the numbers of the functions.
    """

    ring: Ring
    order: Angular
    where: slice


@dataclass(frozen=True)
class ScalarBasis:
    """The functions ring(|x|) Y_l(x / |x|); l > 0 is zero at the origin.

    They are numbered ring by ring, order by order, so the functions of one ring and order, which orthogonal matrices mix,
    lie together.

    Attributes:
        dimension: d of the space R^d.
        rings: the rings.
    """

    remedy: ClassVar[str] = "a larger kernel, more rings, higher frequencies_cutoff"
    """What gives more functions, for messages."""

    dimension: int
    rings: tuple[Ring, ...]

    @cached_property
    def blocks(self) -> list[RingBlock]:
        """The functions of each ring and order, in turn."""
        found = []
        start = 0
        for ring in self.rings:
            for order in ring.orders:
                stop = start + angular_size(self.dimension, order)
                found.append(RingBlock(ring, order, slice(start, stop)))
                start = stop
        return found

    @cached_property
    def size(self) -> int:
        """The number of functions."""
        return sum(angular_size(self.dimension, order) for ring in self.rings for order in ring.orders)

    def factors(self, points: np.ndarray) -> Factors:
        """The functions at some points, each as a product of a ring and a harmonic.

        Args:
            points: shape ``(points, d)``.
        """
        if any(isinstance(order, Orbit) for ring in self.rings for order in ring.orders):
            return self._orbit_factors(points)
        radii = np.sqrt((points**2).sum(axis=1))
        at_origin = radii < _ORIGIN
        directions = points / np.where(at_origin, 1.0, radii)[:, None]
        centres, widths = np.array([(ring.radius, ring.sigma) for ring in self.rings]).reshape(-1, 2).T[:, :, None]
        # A ring may be so thin that the square overflows: cells beside it get exp(-inf) = 0.
        with np.errstate(over="ignore"):
            radial = np.exp(-0.5 * ((radii - centres) / widths) ** 2)
        orders = sorted({order for ring in self.rings for order in ring.orders})  # type: ignore[type-var]
        angular = harmonics_up_to(directions, orders[-1] if orders else 0)  # type: ignore[arg-type]
        starts, sizes = {}, []
        for order in orders:
            starts[order] = len(sizes)
            sizes += len(angular[order]) * [len(angular[order])]  # type: ignore[index]
        numbers = {ring: number for number, ring in enumerate(self.rings)}
        of_first, of_second = np.empty(self.size, dtype=int), np.empty(self.size, dtype=int)
        for ring, order, rows in self.blocks:
            # The second half of the rings is zero at the origin.
            of_first[rows] = numbers[ring] + (len(self.rings) if order else 0)
            of_second[rows] = starts[order] + np.arange(rows.stop - rows.start)
        return Factors(
            np.concatenate([radial, np.where(at_origin, 0.0, radial)]),
            np.concatenate([angular[order] for order in orders] or [np.zeros((0, len(points)))]),  # type: ignore[index]
            of_first,
            of_second,
            np.array(sizes, dtype=float),
        )

    def _orbit_factors(self, points: np.ndarray) -> Factors:
        values = np.empty((self.size, len(points)))
        for ring, order, rows in self.blocks:
            if isinstance(order, Orbit):
                values[rows] = order.evaluate(points, ring.radius, ring.sigma)
            else:
                values[rows] = ScalarBasis(self.dimension, (replace(ring, orders=(order,)),)).evaluate(points)
        return Factors.of(values)

    def evaluate(self, points: np.ndarray) -> np.ndarray:
        """The functions at some points.

        Args:
            points: shape ``(points, d)``.

        Returns:
            shape ``(size, points)``.
        """
        return self.factors(points).products()

    def action(self, matrix: np.ndarray) -> list[np.ndarray]:
        """The matrices by which an orthogonal matrix A mixes the functions of each ring and order: phi(A x) = D(A) phi(x)."""
        return [angular_action(matrix, block.order) for block in self.blocks]

    def without_vanishing(self, points: np.ndarray) -> ScalarBasis:
        """The same basis without the rings and orders that vanish on all of these points.

        Args:
            points: shape ``(points, d)``.
        """
        norms = np.sqrt(self.factors(points).squares())
        kept: dict[Ring, list[Angular]] = {}
        for ring, order, rows in self.blocks:
            if norms[rows].max() > _VANISHES:
                kept.setdefault(ring, []).append(order)
        return replace(self, rings=tuple(replace(ring, orders=tuple(orders)) for ring, orders in kept.items()))

    def filtered(self, keep: ElementFilter) -> ScalarBasis:
        """The same basis with only the rings and orders that a filter keeps.

        Args:
            keep: takes the attributes ``radius``, ``sigma``, ``radial_idx`` and ``irrep:frequency`` of a ring and order, and
                tells whether to keep its functions.
        """
        rings = []
        for number, ring in enumerate(self.rings):
            orders = tuple(order for order in ring.orders if keep({**ring.attributes(order), "radial_idx": number}))
            if orders:
                rings.append(replace(ring, orders=orders))
        return replace(self, rings=tuple(rings))

    def norms(self, points: np.ndarray) -> np.ndarray:
        """For each function the root mean square over its order of the norms on these points, shape ``(size,)``.

        It is one number per ring and order, so dividing by it leaves the action of matrices as it is.
        """
        squares = self.factors(points).squares()
        for block in self.blocks:
            squares[block.where] = squares[block.where].mean()
        return np.sqrt(squares)


class _AskedError(Exception):
    """A filter asked for an attribute that a ring and order alone do not have."""


class _RingAttributes(dict):  # type: ignore[type-arg]
    def __missing__(self, key: str) -> Any:
        raise _AskedError(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key]


def split_filter(scalars: ScalarBasis, keep: ElementFilter) -> tuple[ScalarBasis, ElementFilter | None]:
    """The scalar functions that a filter keeps, if it reads rings and orders only; else the filter, for each basis kernel.

    Args:
        scalars: the scalar functions.
        keep: the filter.

    Raises:
        ArgumentTypeError: if the filter is no function.
    """
    if not callable(keep):
        raise ArgumentTypeError(f"basis_filter is a function of a dict of attributes, not {keep!r}")
    try:
        return scalars.filtered(lambda attributes: keep(_RingAttributes(attributes))), None
    except _AskedError:
        return scalars, keep


def default_cutoff(dimension: int, largest_ring: int) -> Callable[[float], float]:
    """The default (escnn's) for the greatest order of harmonics on a ring of a kernel.

    On the line and in the plane it is 0 at the origin, 2 on the outermost ring, and in between 2 r for odd r and 2 r - 1 for even
    r. In space it is R - r + 2. It is never more than 2 r.

    Args:
        dimension: d of the space R^d.
        largest_ring: the radius R of the outermost ring, in cells.
    """

    def cutoff(radius: float) -> float:
        if radius == 0.0:
            return 0
        if dimension == 3:
            return min(2 * radius, largest_ring - radius + 2)
        return min(2 * radius, 2 if radius == largest_ring else 2 * radius - (radius + 1) % 2)

    return cutoff


@remembered
def _rings(dimension: int, radii: tuple[float, ...], sigmas: tuple[float, ...], orders: tuple[int, ...]) -> ScalarBasis:
    largest = 1 if dimension == 1 else max(orders, default=0)
    return ScalarBasis(
        dimension,
        tuple(
            Ring(radius, sigma, tuple(range(min(order, largest) + 1)))
            for radius, sigma, order in zip(radii, sigmas, orders, strict=True)
            if order >= 0
        ),
    )


def _numbers(values: Any, name: str) -> list[float]:
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{name} must be a list of numbers, not {values!r}") from None


def _radii(
    dimension: int,
    kernel_size: int | tuple[int, ...],
    dilation: int,
    rings: list[float] | None,
    spacing: tuple[float, ...] | None,
) -> tuple[list[float], int]:
    """Radii of rings, checked, and half the length of the longest axis, from which default cut-offs are counted."""
    sizes = kernel_size if isinstance(kernel_size, tuple) else dimension * (kernel_size,)
    axes = list(zip(spacing or dimension * (1.0,), sizes, strict=True))
    farthest = dilation * np.sqrt(sum((unit * (n - 1) / 2) ** 2 for unit, n in axes))
    # Cells lie at whole distances along the axes: the rings meet those of the longest axis.
    reach = max(int(unit * ((n - 1) // 2) + 1e-9) for unit, n in axes)
    radii = [float(dilation * i) for i in range(reach + 1)] if rings is None else _numbers(rings, "rings")
    for radius in radii:
        if not 0 <= radius <= farthest + 1e-9:
            raise ArgumentError(
                f"a ring of radius {radius:g} was given for a kernel whose cells lie at most {farthest:g} from its centre",
                hint="use smaller rings or a larger kernel",
            )
    return radii, max(int(unit * (n // 2) + 1e-9) for unit, n in axes)


def point_basis(
    dimension: int,
    width: float | None = None,
    n_rings: int | None = None,
    rings: list[float] | None = None,
    sigma: list[float] | float | None = None,
    frequencies_cutoff: float | Callable[[float], float] | None = None,
) -> ScalarBasis:
    """Rings, widths and cut-offs for a kernel that is evaluated at points; escnn's by default.

    Args:
        dimension: d of the space R^d.
        width: radius of the outermost ring.
        n_rings: number of equally spaced rings from 0 to ``width``.
        rings: their radii, instead of ``width`` and ``n_rings``.
        sigma: widths of the rings, one or one for each; by default 0.6, 0.4 for the outermost, 0.005 at the origin.
        frequencies_cutoff: the greatest order on a ring of radius r: a function of r, or a number c for c r; by default 3 r.

    Raises:
        ArgumentError: unless the rings are given in one of the two ways, with radii that make sense.
    """
    if (width is None) != (n_rings is None) or (width is None) == (rings is None):
        raise ArgumentError(
            f"the rings are given by width and n_rings, or by rings alone, but width={width!r}, n_rings={n_rings!r} and "
            f"rings={rings!r} were given",
            hint="for example width=2.0, n_rings=3",
        )
    if rings is None:
        width = _numbers([width], "width")[0]
        if not is_whole(n_rings) or n_rings < 1 or not width > 0:
            raise ArgumentError(f"a positive width and a number of rings are needed, not {width!r} and {n_rings!r}")
        radii = [float(radius) for radius in np.linspace(0.0, width, whole_at_least(n_rings, "n_rings", most=10_000))]
    else:
        radii = _numbers(rings, "rings")
    for radius in radii:
        if not 0 <= radius <= _MOST:
            raise ArgumentError(f"the radius of a ring is a number from 0 to {_MOST:g}, not {radius:g}")
    cutoff = 3.0 if frequencies_cutoff is None else frequencies_cutoff
    return _from_rings(dimension, radii, sigma, cutoff, lambda radius: 3.0 * radius)


def _widths(radii: list[float], sigma: list[float] | float | None) -> list[float]:
    """Widths of rings, checked; escnn's by default."""
    if not radii:
        raise ArgumentError(
            "a kernel needs at least one ring, but rings is empty", hint="leave rings out for the default ones"
        )
    if sigma is None:
        widths = [0.6] * (len(radii) - 1) + [0.4]
        widths = [0.005 if radius == 0.0 else width for radius, width in zip(radii, widths, strict=True)]
    elif isinstance(sigma, (int, float)):
        widths = [float(sigma)] * len(radii)
    else:
        widths = _numbers(sigma, "sigma")
    if len(widths) != len(radii) or not all(_LEAST <= width <= _MOST for width in widths):
        raise ArgumentError(
            f"each of the {len(radii)} rings needs a positive sigma, from {_LEAST:g} to {_MOST:g}, but {widths} was given"
        )
    return widths


def scalar_basis(
    dimension: int,
    kernel_size: int | tuple[int, ...],
    dilation: int = 1,
    rings: list[float] | None = None,
    sigma: list[float] | float | None = None,
    frequencies_cutoff: float | Callable[[float], float] | None = None,
    spacing: tuple[float, ...] | None = None,
) -> ScalarBasis:
    """Rings, widths and cut-offs for a kernel; escnn's by default.

    Args:
        dimension: d of the space R^d.
        kernel_size: cells along each axis, one number or one for each axis in memory.
        dilation: distance of neighbouring cells.
        rings: radii; by default 0, 1, ... up to half of the kernel, times ``dilation``.
        sigma: widths of the rings, one or one for each; by default 0.6, 0.4 for the outermost, 0.005 at the origin.
        frequencies_cutoff: the greatest order on a ring of radius r: a function of r, or a number c for c r.
        spacing: the size of a cell along each axis in memory, in the unit of the rings; 1 by default.

    Raises:
        ArgumentError: for rings outside of the kernel or widths that are not positive.
    """
    radii, outermost = _radii(dimension, kernel_size, dilation, rings, spacing)
    return _from_rings(dimension, radii, sigma, frequencies_cutoff, default_cutoff(dimension, outermost))


def _from_rings(
    dimension: int,
    radii: list[float],
    sigma: list[float] | float | None,
    frequencies_cutoff: float | Callable[[float], float] | None,
    default: Callable[[float], float],
) -> ScalarBasis:
    """The basis on some rings, once its widths and cut-offs are checked."""
    widths = _widths(radii, sigma)
    cutoff: Callable[[float], float]
    if frequencies_cutoff is None:
        cutoff = default
    elif callable(frequencies_cutoff):
        cutoff = frequencies_cutoff
    elif isinstance(frequencies_cutoff, (int, float)):
        factor = float(frequencies_cutoff)
        cutoff = lambda radius: factor * radius  # noqa: E731
    else:
        raise ArgumentTypeError(
            f"frequencies_cutoff is a number or a function of the radius, not {frequencies_cutoff!r}"
        )
    greatest = [float(cutoff(radius)) for radius in radii]
    if not all(value <= _LARGEST_ORDER for value in greatest):
        raise ArgumentError(
            f"frequencies_cutoff gives orders up to {max(greatest):g}, but no grid tells more than {_LARGEST_ORDER} apart"
        )
    orders = tuple(int(np.floor(value + 1e-9)) for value in greatest)
    return _rings(dimension, tuple(radii), tuple(widths), orders)


def orbit_basis(
    orbit: Orbit,
    kernel_size: int | tuple[int, ...],
    dilation: int = 1,
    rings: list[float] | None = None,
    sigma: list[float] | float | None = None,
    spacing: tuple[float, ...] | None = None,
) -> ScalarBasis:
    """Gaussians around an orbit of points on spheres, and one at the origin; rings and widths are as for harmonics.

    Args:
        orbit: the points.
        kernel_size: cells along each axis, one number or one for each axis in memory.
        dilation: distance of neighbouring cells.
        rings: radii of the spheres.
        sigma: widths of the Gaussians, one or one for each ring.
        spacing: the distance of cells along each axis in memory, in the unit of the rings; 1 by default.

    Raises:
        ArgumentError: for rings outside of the kernel or widths that are not positive.
    """
    dimension = len(orbit.points[0])
    radii, _ = _radii(dimension, kernel_size, dilation, rings, spacing)
    widths = _widths(radii, sigma)
    return ScalarBasis(
        dimension,
        tuple(
            Ring(radius, width, (orbit,) if radius > _ORIGIN else (0,))
            for radius, width in zip(radii, widths, strict=True)
        ),
    )
