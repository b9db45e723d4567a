"""How the flat weights of a layer become its filter: the constants for every pair of kinds of components."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, ArgumentTypeError, EmptyBasisError
from intertwine.group.constructions.components import Component, IrrepComponent, structure
from intertwine.group.constructions.induced_structure import InducedComponent
from intertwine.group.core.representation import Representation
from intertwine.kernels.kernel_basis import (
    RowBasis,
    as_induced,
    carried_input,
    row_basis,
    transported_functions,
    turned_functions,
)
from intertwine.kernels.points import point_moments
from intertwine.kernels.ring_functions import ScalarBasis
from intertwine.memory import remembered

ElementFilter = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, eq=False)
class Kind:
    """Equal components of a field type, wherever they occur.

    Attributes:
        component: one of them.
        channels: the channels of each in the field type, shape ``(copies, size)``.
        fields: the number of the field of each, shape ``(copies,)``.
        name: the name of the representation that they are parts of (of the first, where they differ).
    """

    component: Component
    channels: np.ndarray
    fields: np.ndarray
    name: str

    @property
    def copies(self) -> int:
        """How many there are."""
        return len(self.channels)


@dataclass(frozen=True, eq=False)
class MixKind:
    """Equal mixings in a field type.

    Attributes:
        matrix: the orthogonal matrix, shape ``(n, n)``.
        channels: the channels of each, shape ``(copies, n)``.
    """

    matrix: np.ndarray
    channels: np.ndarray


@dataclass(frozen=True, eq=False)
class Layout:
    """The channels of a field type by kinds.

    Attributes:
        kinds: the kinds of components, in the order in which they first occur.
        mixings: the kinds of mixings.
        representations: one for each field.
    """

    kinds: tuple[Kind, ...]
    mixings: tuple[MixKind, ...]
    representations: tuple[Representation, ...]

    @property
    def size(self) -> int:
        """The number of channels."""
        return sum(representation.size for representation in self.representations)

    @property
    def order(self) -> np.ndarray | None:
        """Positions in the sorted-by-kind order of the channels in their own order, ``None`` if nothing moves."""
        channels = np.concatenate([kind.channels.ravel() for kind in self.kinds])
        return None if (channels == np.arange(len(channels))).all() else np.argsort(channels)


@dataclass(frozen=True, eq=False)
class PairPlan:
    """The expansion for all pairs of one kind of input and one kind of output component.

    Attributes:
        start: where its weights begin in the flat weights.
        rows: the basis of the first row of the output component.
        functions: scalar functions carried to each block, shape ``(blocks, functions, cells)``.
        gather: channel of the first row for each channel of each row, shape ``(blocks, in copies * in size)``, if the input
            is a permutation and there is more than one row.
        dense: the input matrices instead, shape ``(blocks, in size, in size)``.
        transport: matrices inside the output blocks, shape ``(blocks, width, width)``, unless they are identities.
        energy: the mean energy of an output channel for weights of unit variance, per input copy.
    """

    source: Kind
    target: Kind
    start: int
    rows: RowBasis
    functions: np.ndarray
    gather: np.ndarray | None
    dense: np.ndarray | None
    transport: np.ndarray | None
    energy: float

    @property
    def stop(self) -> int:
        """Where its weights end."""
        return self.start + self.source.copies * self.target.copies * self.rows.size


@dataclass(frozen=True, eq=False)
class ExpansionPlan:
    """The expansion of a layer from flat weights to a filter of shape ``(out channels, in channels, cells)``.

    Attributes:
        pairs: plans by kind of output (outer) and input (inner).
        source: the layout of the input type.
        target: the layout of the output type.
        cells: the number of cells of the kernel.
        scalars: the scalar functions that the kernels are made of.
        made_by: the function and the arguments that make it, by which it is pickled; ``None`` with a filter of kernels.
    """

    pairs: tuple[tuple[PairPlan, ...], ...]
    source: Layout
    target: Layout
    cells: int
    scalars: ScalarBasis
    made_by: tuple[Callable[..., ExpansionPlan], tuple[Any, ...]] | None = None

    def __reduce__(self) -> Any:
        # Its tables are by far larger than what they are made of.
        return super().__reduce__() if self.made_by is None else self.made_by

    @property
    def weights(self) -> int:
        """The number of weights."""
        return self.pairs[-1][-1].stop


@dataclass(frozen=True, eq=False)
class _Occurrences:
    """A component with the name of its representation, or the matrix of a mixing, and where it occurs."""

    what: Any
    channels: list[np.ndarray]
    fields: list[int]


def _occurrences(listed: list[_Occurrences], what: Any, same: Callable[[Any, Any], bool]) -> _Occurrences:
    """The occurrences of a thing in a list of those known so far; new ones at its end if the thing is not among them."""
    for known in listed:
        if same(known.what, what):
            return known
    listed.append(_Occurrences(what, [], []))
    return listed[-1]


def _same_matrix(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and np.array_equal(a, b)


@remembered
def layout(representations: tuple[Representation, ...], spectral: bool = False) -> Layout:
    """The channels of a field type by kinds.

    Args:
        representations: one for each field.
        spectral: whether to see irreps only; kinds are then apart for different representations.
    """
    kinds: list[_Occurrences] = []
    mixings: list[_Occurrences] = []
    parts: dict[int, list[tuple[_Occurrences, np.ndarray]]] = {}

    def same_kind(a: tuple[Component, str], b: tuple[Component, str]) -> bool:
        return a[0].same_kind(b[0]) and (not spectral or a[1] == b[1])

    start = 0
    for field, rho in enumerate(representations):
        if id(rho) not in parts:
            found = structure(rho, spectral)
            parts[id(rho)] = [
                *((_occurrences(kinds, (part.component, rho.name), same_kind), part.channels) for part in found.parts),
                *((_occurrences(mixings, mixing.matrix, _same_matrix), mixing.channels) for mixing in found.mixings),
            ]
        for occurrences, channels in parts[id(rho)]:
            occurrences.channels.append(start + channels)
            occurrences.fields.append(field)
        start += rho.size
    return Layout(
        tuple(Kind(k.what[0], np.stack(k.channels), np.array(k.fields), k.what[1]) for k in kinds),
        tuple(MixKind(m.what, np.stack(m.channels)) for m in mixings),
        representations,
    )


def one_field(plan: ExpansionPlan) -> ExpansionPlan:
    """The expansion between the first fields, of types whose fields are equal.

    Args:
        plan: of all fields.
    """
    fields = len(plan.target.representations), len(plan.source.representations)

    def first(side: Layout, number: int) -> Layout:
        kinds = tuple(
            replace(kind, channels=kind.channels[: kind.copies // number], fields=kind.fields[: kind.copies // number])
            for kind in side.kinds
        )
        mixings = tuple(replace(kind, channels=kind.channels[: len(kind.channels) // number]) for kind in side.mixings)
        return Layout(kinds, mixings, side.representations[:1])

    target, source = first(plan.target, fields[0]), first(plan.source, fields[1])
    start, rows = 0, []
    for out_kind, row in zip(target.kinds, plan.pairs, strict=True):
        pairs = []
        for in_kind, pair in zip(source.kinds, row, strict=True):
            pairs.append(replace(pair, source=in_kind, target=out_kind, start=start))
            start = pairs[-1].stop
        rows.append(tuple(pairs))
    return replace(plan, pairs=tuple(rows), source=source, target=target, made_by=None)


def element_attributes(source: Kind, target: Kind, rows: RowBasis, scalars: ScalarBasis) -> list[dict[str, Any]]:
    """Attributes of each element of the basis of a pair, by escnn's keys.

    Args:
        source: the kind of the input.
        target: the kind of the output.
        rows: the basis.
        scalars: the scalar functions.
    """
    blocks = scalars.blocks
    radii = [ring.radius for ring in scalars.rings]
    of_function = [i for i, (_, _, where) in enumerate(blocks) for _ in range(where.stop - where.start)]
    found = []
    for element in range(rows.size):
        number = of_function[element % len(of_function)] if rows.functions is None else int(rows.functions[element])
        ring, order, _ = blocks[number]
        attributes: dict[str, Any] = {
            **ring.attributes(order),
            "idx": element,
            "radial_idx": radii.index(ring.radius),
            "shape": (target.component.size, source.component.size),
            "in_repr": source.name,
            "out_repr": target.name,
        }
        for side, kind in (("in", source), ("out", target)):
            if isinstance(kind.component, IrrepComponent):
                attributes[f"{side}_irrep"] = kind.component.irrep.id
        found.append(attributes)
    return found


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


def _energy(inside: Component, outside: Component, rows: RowBasis, grams: list[np.ndarray]) -> float:
    """The mean energy of an output channel for weights of unit variance, per input copy."""
    if rows.coefficients is None:
        return inside.size * float(sum(np.trace(gram) for gram in grams))
    energy = sum(float(((part @ grams[number]) * part).sum()) for number, _, part in rows.parts())
    return energy / outside.width


def _products(scalars: ScalarBasis, functions: np.ndarray) -> list[np.ndarray]:
    """Sums over the cells of products of the functions of each ring and order, the mean over the blocks."""
    found = []
    for _, _, where in scalars.blocks:
        flat = functions[:, where].transpose(1, 0, 2).reshape(where.stop - where.start, -1)
        found.append(flat @ flat.T / len(functions))
    return found


def _pair_constants(
    inside: Component, outside: Component
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """``gather``, ``dense`` and ``transport`` of a pair; see :class:`PairPlan`."""
    if not isinstance(outside, InducedComponent) or outside.count == 1:
        return None, None, None
    gather, matrices = carried_input(as_induced(inside), outside)
    moves_nothing = np.abs(outside.transport - np.eye(outside.width)).max() == 0
    return gather, matrices if gather is None else None, None if moves_nothing else outside.transport


@remembered
def expansion_plan(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    points_key: tuple[tuple[float, ...], ...],
    element_filter: ElementFilter | None = None,
) -> ExpansionPlan:
    """The expansion of a layer, computed once for equal layers.

    Args:
        action: the orthogonal action on R^d.
        in_representations: one for each input field.
        out_representations: one for each output field.
        scalars: the scalar functions.
        points_key: the kernel's cells, as tuples.
        element_filter: takes the attributes of a kernel between irreps and tells whether to keep it; all representations are
            then seen as sums of irreps.

    Raises:
        EmptyBasisError: if there is no equivariant kernel.
    """
    points = np.array(points_key, dtype=float).reshape(len(points_key), scalars.dimension)
    scalars = scalars.seen_on(points)
    if scalars.size == 0:
        raise EmptyBasisError(
            "no ring of the kernel meets a cell of the grid, so the basis of kernels is empty",
            hint="use an odd kernel size such as 3, or set rings, sigma and frequencies_cutoff",
        )
    given = (action, in_representations, out_representations, scalars)
    carried = partial(transported_functions, action, scalars=scalars, points=points)
    plan = _assembled(*given, len(points), carried, None, element_filter)
    return plan if element_filter is not None else replace(plan, made_by=(expansion_plan, (*given, points_key)))


@remembered
def point_plan(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    radial: str = "gaussian",
    element_filter: ElementFilter | None = None,
) -> ExpansionPlan:
    """The expansion of a kernel that is evaluated at points: K(x) = sum_f C_f phi_f(x), with the matrices C_f in place of cells.

    Args:
        action: the orthogonal action on R^d.
        in_representations: one for each input field.
        out_representations: one for each output field.
        scalars: the scalar functions phi.
        radial: the kind of their radial profiles; see :class:`intertwine.kernels.PointFunctions`.
        element_filter: see :func:`expansion_plan`.

    Raises:
        EmptyBasisError: if there is no equivariant kernel.
    """
    if scalars.size == 0:
        raise EmptyBasisError(
            "no ring has a frequency below its cut-off, so the basis of kernels is empty",
            hint="set rings, sigma and frequencies_cutoff",
        )
    moments = point_moments(scalars, radial)
    grams = [moments[where, where] for _, _, where in scalars.blocks]
    given = (action, in_representations, out_representations, scalars)
    carried = partial(turned_functions, action, scalars=scalars)
    plan = _assembled(*given, scalars.size, carried, grams, element_filter)
    return plan if element_filter is not None else replace(plan, made_by=(point_plan, (*given, radial)))


def _assembled(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    cells: int,
    functions_of: Callable[[Component], np.ndarray],
    grams: list[np.ndarray] | None,
    element_filter: ElementFilter | None,
) -> ExpansionPlan:
    """The plan for all pairs of kinds.

    The filter has as many columns as there are cells. ``functions_of`` gives the scalar functions carried to each block of an
    output component, shape ``(blocks, functions, cells)``; ``grams`` are the mean products of the scalar functions of each ring
    and order, by default their sums over the cells.
    """
    spectral = element_filter is not None
    source, target = layout(in_representations, spectral), layout(out_representations, spectral)
    carried: dict[int, np.ndarray] = {}
    products: dict[int, list[np.ndarray]] = {}
    start = 0
    pairs = []
    for out_kind in target.kinds:
        # Irreps have one block, so that their functions are all the same.
        shared = -1 if out_kind.component.count == 1 else id(out_kind)
        if shared not in carried:
            carried[shared] = functions_of(out_kind.component)
            products[shared] = grams or _products(scalars, carried[shared])
        row = []
        for in_kind in source.kinds:
            rows = row_basis(action, in_kind.component, out_kind.component, scalars)
            if element_filter is not None:
                attributes = element_attributes(in_kind, out_kind, rows, scalars)
                try:
                    mask = np.array([bool(element_filter(a)) for a in attributes], dtype=bool)
                except KeyError as error:
                    known = ", ".join(attributes[0])
                    raise ArgumentError(
                        f"basis_filter reads the attribute {error}, which a basis kernel does not have",
                        hint=f"it has {known}",
                    ) from None
                rows = rows.kept(mask)
            energy = _energy(in_kind.component, out_kind.component, rows, products[shared])
            constants = _pair_constants(in_kind.component, out_kind.component)
            pair = PairPlan(in_kind, out_kind, start, rows, carried[shared], *constants, energy)
            start = pair.stop
            row.append(pair)
        pairs.append(tuple(row))
    if not any(pair.energy for row in pairs for pair in row if pair.rows.size):
        raise EmptyBasisError(
            "no kernel of this size is equivariant for these field types: the basis of kernels is empty",
            hint=f"use {scalars.remedy}, or output fields that share irreps with the input",
        )
    return ExpansionPlan(tuple(pairs), source, target, cells, scalars)
