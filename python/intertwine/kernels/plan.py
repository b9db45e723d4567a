"""How the flat weights of a layer become its filter: the constants for every pair of kinds of components."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from intertwine.errors import EmptyBasisError
from intertwine.group.induced import InducedComponent, induced_components
from intertwine.group.representation import Representation
from intertwine.kernels.scalar import ScalarBasis
from intertwine.kernels.steerable import RowBasis, carried_input, row_basis, transported_functions


@dataclass(frozen=True, eq=False)
class Kind:
    """Equal components of a field type, wherever they occur.

    Attributes:
        component: one of them.
        channels: the channels of each in the field type, shape ``(copies, size)``.
    """

    component: InducedComponent
    channels: np.ndarray

    @property
    def copies(self) -> int:
        """How many there are."""
        return len(self.channels)


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
        out_order: for each channel of the output type its position among the channels sorted by kind, unless the same.
        in_order: the same for the input.
        scalars: the scalar functions that the kernels are made of.
    """

    pairs: tuple[tuple[PairPlan, ...], ...]
    out_order: np.ndarray | None
    in_order: np.ndarray | None
    out_size: int
    in_size: int
    cells: int
    scalars: ScalarBasis

    @property
    def weights(self) -> int:
        """The number of weights."""
        return self.pairs[-1][-1].stop


def kinds(representations: tuple[Representation, ...]) -> list[Kind]:
    """The kinds of components of a field type, in the order in which they first occur.

    Args:
        representations: one for each field.
    """
    found: list[tuple[InducedComponent, list[np.ndarray]]] = []
    start = 0
    known: dict[int, list[tuple[int, np.ndarray]]] = {}
    for representation in representations:
        entry = known.get(id(representation))
        if entry is None:
            entry = []
            for component in induced_components(representation):
                alike = (n for n, (other, _) in enumerate(found) if other.same_kind(component))
                position = next(alike, len(found))
                if position == len(found):
                    found.append((component, []))
                entry.append((position, component.channels.ravel()))
            known[id(representation)] = entry
        for position, channels in entry:
            found[position][1].append(start + channels)
        start += representation.size
    return [Kind(component, np.stack(channels)) for component, channels in found]


def _order(parts: list[Kind]) -> np.ndarray | None:
    """Positions in the sorted-by-kind order of the channels in their own order, ``None`` if nothing moves."""
    channels = np.concatenate([kind.channels.ravel() for kind in parts])
    if (channels == np.arange(len(channels))).all():
        return None
    return np.argsort(channels)


def _pair_constants(
    action: Representation,
    inside: InducedComponent,
    outside: InducedComponent,
    scalars: ScalarBasis,
    points: np.ndarray,
) -> tuple[RowBasis, np.ndarray, np.ndarray | None, np.ndarray | None, np.ndarray | None, float]:
    rows = row_basis(action, inside, outside, scalars)
    functions = transported_functions(action, outside, scalars, points)
    gather: np.ndarray | None = None
    dense: np.ndarray | None = None
    if outside.count > 1:
        gather, matrices = carried_input(inside, outside)
        dense = matrices if gather is None else None
    identity = np.eye(outside.width)
    transport = None if np.abs(outside.transport - identity).max() == 0 else outside.transport
    gram = np.einsum("afx,agx->fg", functions, functions) / outside.count
    if rows.coefficients is None:
        energy = inside.size * float(np.trace(gram))
    else:
        energy = float(np.einsum("nscf,fg,nscg->", rows.coefficients, gram, rows.coefficients)) / outside.width
    return rows, functions, gather, dense, transport, energy


@lru_cache(maxsize=512)
def expansion_plan(
    action: Representation,
    in_representations: tuple[Representation, ...],
    out_representations: tuple[Representation, ...],
    scalars: ScalarBasis,
    points_key: tuple[tuple[float, ...], ...],
) -> ExpansionPlan:
    """The expansion of a layer, computed once for equal layers.

    Args:
        action: the orthogonal action on R^d.
        in_representations: one for each input field.
        out_representations: one for each output field.
        scalars: the scalar functions.
        points_key: the kernel's cells, as tuples.

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
    sources, targets = kinds(in_representations), kinds(out_representations)
    start = 0
    pairs = []
    for target in targets:
        row = []
        for source in sources:
            constants = _pair_constants(action, source.component, target.component, scalars, points)
            pair = PairPlan(source, target, start, *constants)
            start = pair.stop
            row.append(pair)
        pairs.append(tuple(row))
    if start == 0:
        raise EmptyBasisError(
            "no kernel of this size is equivariant for these field types: the basis of kernels is empty",
            hint="use a larger kernel, higher frequencies_cutoff, or output fields that share irreps with the input",
        )
    return ExpansionPlan(
        tuple(pairs),
        _order(targets),
        _order(sources),
        sum(r.size for r in out_representations),
        sum(r.size for r in in_representations),
        len(points),
        scalars,
    )
