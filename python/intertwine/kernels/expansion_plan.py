"""The constants of the linear map from the flat weights of a layer to its filter.

``layout`` groups the components of a field type by kind: a ``ComponentKind`` is one component with the channels of all its
copies. For each pair of an input kind and an output kind, ``PairPlan`` holds the basis of kernels, and what moves a kernel from
the first block of the output component to the others. The weights of a pair are contiguous, in the order (output copy, input
copy, basis element). ``ExpansionPlan`` is the table of all pairs: ``expansion_plan`` makes it for grids, ``point_plan`` for
points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from intertwine.errors import ArgumentError, EmptyBasisError
from intertwine.group.constructions.components import Component, IrrepComponent, component_structure
from intertwine.group.constructions.induced_structure import InducedComponent
from intertwine.group.core.representation import Representation
from intertwine.kernels.cells import CellFunctions, cell_functions
from intertwine.kernels.kernel_basis import (
    RowBasis,
    as_induced,
    carried_input,
    row_basis,
    turns,
)
from intertwine.kernels.orbits import Angular
from intertwine.kernels.points import point_moments
from intertwine.kernels.ring_functions import ElementFilter, ScalarBasis
from intertwine.memory import remembered


@dataclass(frozen=True, eq=False)
class ComponentKind:
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
class MixingKind:
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

    kinds: tuple[ComponentKind, ...]
    mixings: tuple[MixingKind, ...]
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
        basis: the basis of kernels into the first block of the output component.
        turns: for each order of harmonics how the functions are carried to each block, shape ``(blocks, size, size)``;
            ``None`` if there is one block.
        gather: channel of the first row for each channel of each row, shape ``(blocks, in copies * in size)``, if the input
            is a permutation and there is more than one row.
        dense: the input matrices instead, shape ``(blocks, in size, in size)``.
        transport: matrices inside the output blocks, shape ``(blocks, width, width)``, unless they are identities.
        energy: the mean energy of an output channel for weights of unit variance, per input copy.
    """

    source: ComponentKind
    target: ComponentKind
    start: int
    basis: RowBasis
    turns: dict[Angular, np.ndarray] | None
    gather: np.ndarray | None
    dense: np.ndarray | None
    transport: np.ndarray | None
    energy: float

    @property
    def stop(self) -> int:
        """Where its weights end."""
        return self.start + self.source.copies * self.target.copies * self.basis.size


@dataclass(frozen=True, eq=False)
class ExpansionPlan:
    """The expansion of a layer from flat weights to a filter of shape ``(out channels, in channels, cells)``.

    Attributes:
        pairs: plans by kind of output (outer) and input (inner).
        source: the layout of the input type.
        target: the layout of the output type.
        cells: the number of cells of the kernel.
        scalars: the scalar functions that the kernels are made of.
        functions: their values at the cells.
        made_by: the function and the arguments that make it, by which it is pickled; ``None`` with a filter of kernels.
    """

    pairs: tuple[tuple[PairPlan, ...], ...]
    source: Layout
    target: Layout
    cells: int
    scalars: ScalarBasis
    functions: CellFunctions
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
def layout(representations: tuple[Representation, ...], irreps_only: bool = False) -> Layout:
    """The channels of a field type by kinds.

    Args:
        representations: one for each field.
        irreps_only: whether to see irreps only; kinds are then apart for different representations.
    """
    kinds: list[_Occurrences] = []
    mixings: list[_Occurrences] = []
    parts: dict[int, list[tuple[_Occurrences, np.ndarray]]] = {}

    def same_kind(a: tuple[Component, str], b: tuple[Component, str]) -> bool:
        return a[0].same_kind(b[0]) and (not irreps_only or a[1] == b[1])

    start = 0
    for field, rho in enumerate(representations):
        if id(rho) not in parts:
            found = component_structure(rho, irreps_only)
            parts[id(rho)] = [
                *((_occurrences(kinds, (part.component, rho.name), same_kind), part.channels) for part in found.parts),
                *((_occurrences(mixings, mixing.matrix, _same_matrix), mixing.channels) for mixing in found.mixings),
            ]
        for occurrences, channels in parts[id(rho)]:
            occurrences.channels.append(start + channels)
            occurrences.fields.append(field)
        start += rho.size
    return Layout(
        tuple(ComponentKind(k.what[0], np.stack(k.channels), np.array(k.fields), k.what[1]) for k in kinds),
        tuple(MixingKind(m.what, np.stack(m.channels)) for m in mixings),
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


def element_attributes(
    source: ComponentKind, target: ComponentKind, basis: RowBasis, scalars: ScalarBasis
) -> list[dict[str, Any]]:
    """Attributes of each element of the basis of a pair, by escnn's keys.

    Args:
        source: the kind of the input.
        target: the kind of the output.
        basis: the basis.
        scalars: the scalar functions.
    """
    blocks = scalars.blocks
    radii = [ring.radius for ring in scalars.rings]
    of_function = [i for i, block in enumerate(blocks) for _ in range(block.where.stop - block.where.start)]
    if basis.block_of_element is None:
        numbers = [of_function[element % len(of_function)] for element in range(basis.size)]
    else:
        numbers = basis.block_of_element.tolist()
    found = []
    for element, number in enumerate(numbers):
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


def _energy(
    source: Component,
    target: Component,
    basis: RowBasis,
    turned: dict[Angular, np.ndarray] | None,
    scalars: ScalarBasis,
    gram: Callable[[int], np.ndarray],
    trace: float,
) -> float:
    """The mean energy of an output channel for weights of unit variance, per input copy."""
    if basis.solutions is None:
        # Turning does not change a trace.
        return source.size * trace
    energy = 0.0
    for number, part in enumerate(basis.solutions):
        if len(part):
            products = gram(number)
            if turned is not None:
                turn = turned[scalars.blocks[number].order]
                products = (turn @ products @ turn.swapaxes(1, 2)).mean(axis=0)
            energy += float(((part @ products) * part).sum())
    return energy / target.width


def _pair_constants(
    source: Component, target: Component
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]:
    """``gather``, ``dense`` and ``transport`` of a pair; see :class:`PairPlan`."""
    if not isinstance(target, InducedComponent) or target.count == 1:
        return None, None, None
    moves_nothing = np.abs(target.transport - np.eye(target.width)).max() == 0
    return *carried_input(as_induced(source), target), None if moves_nothing else target.transport


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
    scalars = scalars.without_vanishing(points)
    if scalars.size == 0:
        raise EmptyBasisError(
            "no ring of the kernel meets a cell of the grid, so the basis of kernels is empty",
            hint="use an odd kernel size such as 3, or set rings, sigma and frequencies_cutoff",
        )
    given = (action, in_representations, out_representations, scalars)
    functions = cell_functions(scalars, points_key)
    # Each function has norm 1.
    plan = _assembled(*given, functions, functions.gram, float(scalars.size), element_filter)
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
    given = (action, in_representations, out_representations, scalars)
    functions = CellFunctions.themselves(scalars.size)
    plan = _assembled(*given, functions, lambda at: moments[at, at], float(np.trace(moments)), element_filter)
    return plan if element_filter is not None else replace(plan, made_by=(point_plan, (*given, radial)))


def _assembled(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    functions: CellFunctions,
    gram: Callable[[slice], np.ndarray],
    trace: float,
    element_filter: ElementFilter | None,
) -> ExpansionPlan:
    """The plan for all pairs of kinds.

    ``gram`` gives the products of some scalar functions, summed over the cells, and ``trace`` the sum of the squares of all.
    """
    irreps_only = element_filter is not None
    source, target = layout(in_representations, irreps_only), layout(out_representations, irreps_only)
    grams: dict[int, Any] = {}

    def gram_of_block(number: int) -> Any:
        if number not in grams:
            grams[number] = gram(scalars.blocks[number].where)
        return grams[number]

    start = 0
    pairs = []
    for out_kind in target.kinds:
        turned = turns(action, out_kind.component, scalars)
        row = []
        for in_kind in source.kinds:
            basis = row_basis(action, in_kind.component, out_kind.component, scalars)
            if element_filter is not None:
                attributes = element_attributes(in_kind, out_kind, basis, scalars)
                try:
                    mask = np.array([bool(element_filter(a)) for a in attributes], dtype=bool)
                except KeyError as error:
                    known = ", ".join(attributes[0])
                    raise ArgumentError(
                        f"basis_filter reads the attribute {error}, which a basis kernel does not have",
                        hint=f"it has {known}",
                    ) from None
                basis = basis.select(mask)
            energy = _energy(in_kind.component, out_kind.component, basis, turned, scalars, gram_of_block, trace)
            constants = _pair_constants(in_kind.component, out_kind.component)
            pair = PairPlan(in_kind, out_kind, start, basis, turned, *constants, energy)
            start = pair.stop
            row.append(pair)
        pairs.append(tuple(row))
    if not any(pair.energy for row in pairs for pair in row if pair.basis.size):
        raise EmptyBasisError(
            "no kernel of this size is equivariant for these field types: the basis of kernels is empty",
            hint=f"use {scalars.remedy}, or output fields that share irreps with the input",
        )
    return ExpansionPlan(tuple(pairs), source, target, functions.shape[1], scalars, functions)
