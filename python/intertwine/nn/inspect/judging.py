"""Which parts of a model keep the symmetries of the grid: known of layers, measured of everything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from intertwine.errors import FieldTypeError, IntertwineError, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.memory import remembered
from intertwine.nn.base.module import EquivariantModule, reference_of
from intertwine.nn.inspect.walking import (
    Call,
    Scalars,
    Sort,
    Trace,
    copied,
    entry_type,
    features,
    gathers,
    kind_of,
    lifted,
    plain,
    restrictions,
    sample,
    shadow,
    trace,
    walk,
)

TOLERANCE = 1e-6
"""The largest error, relative to the largest value, that counts as rounding: parts are measured in double precision, but may
compute in single precision inside. What breaks a symmetry shows in noise with errors from 1e-3 on."""

WORK = 5 * 10**10
"""Multiply-adds of a part that is still measured: some seconds on one core."""

_MUCH = 2 * 10**9
"""Multiply-adds from which a part is measured in single precision first, in a third of the time."""

_CLEAR = (1e-4, 1e-2)
"""Errors in single precision up to which it is rounding, and from which it is not: between them double precision decides."""


@dataclass
class Judgement:
    """What is known of one part.

    Attributes:
        call: of the part.
        exact: whether it keeps the symmetries of the grid; ``None`` if that is not known.
        reason: why not, or why it is not known.
        error: the largest relative error, where it was measured.
    """

    call: Call
    exact: bool | None
    reason: str | None = None
    error: float | None = None


@dataclass
class Judged:
    """What is known of a model on inputs of one size.

    Attributes:
        run: the run of the model.
        parts: the judgements on its parts; those of modules of the user's own come after those of what they hold.
    """

    run: Trace
    parts: list[Judgement]

    @property
    def exact(self) -> bool | None:
        """Whether the whole model keeps the symmetries of the grid."""
        return all_exact([part.exact for part in self.parts])

    def of(self, path: str) -> Judgement | None:
        """The judgement on a part, the worst if it was called several times.

        Args:
            path: of the part.
        """
        found = [part for part in self.parts if part.call.path == path]
        return min(found, key=lambda part: {False: 0, None: 1, True: 2}[part.exact], default=None)


def all_exact(verdicts: list[bool | None]) -> bool | None:
    """One broken part breaks the whole; one that is not known leaves it unknown.

    Args:
        verdicts: on the parts.
    """
    if False in verdicts:
        return False
    return None if None in verdicts else True


class Judge:
    """Judges a model at one size after the other.

    Args:
        model: any module.
        most: multiply-adds from which a part is not measured.
    """

    def __init__(self, model: torch.nn.Module, most: int = WORK) -> None:
        self.model, self.most = model, most
        self.in_type = entry_type(model)
        self._shadow: torch.nn.Module | None = None
        self._copies: dict[tuple[int, torch.dtype], torch.nn.Module] = {}
        self.work = 0
        """Multiply-adds of what was measured so far."""
        self.measures = any(kind in ("own", "torch") for _, _, kind in walk(model))
        self.dtype = reference_of(model).dtype

    def at(self, shape: tuple[int, ...]) -> Judged:
        """What is known of the parts for an input of some shape.

        Args:
            shape: ``(channels, *space)`` of one item.

        Raises:
            ShapeError: if a layer cannot take it.
        """
        run = self.run((2, *shape))
        if isinstance(run.error, IntertwineError):
            raise run.error
        parts = list(self._judged(run, run.root))
        if run.error is not None:
            failed = next((call for call in _all(run.root) if call.path == run.failed), run.root)
            parts.append(Judgement(failed, False, f"it cannot run on this size: {_first_line(run.error)}"))
        return Judged(run, parts)

    def exact_at(self, shape: tuple[int, ...]) -> bool | None:
        """Whether the whole model keeps the symmetries of the grid, found with as little work as possible.

        Args:
            shape: ``(channels, *space)`` of one item.
        """
        run = self.run((2, *shape))
        if run.error is not None or any(
            _of_layer(call).exact is False for call in _all(run.root) if call.kind == "layer"
        ):
            return False
        verdicts = []
        for call in self._maximal(run.root):
            found = self._measure(run, call)
            verdicts.append(
                None if found.error is None else found.error <= TOLERANCE or (None if not found.known else False)
            )
        return all_exact(verdicts)

    def _maximal(self, call: Call) -> Iterator[Call]:
        """The outermost parts that do not answer for themselves."""
        if call.kind == "container":
            for part in call.calls:
                yield from self._maximal(part)
        elif call.kind != "layer":
            yield call

    def _measure(self, run: Trace, call: Call) -> Measured:
        if _only_invariants(run, call):
            return Measured(0.0)
        if call.operations > self.most:
            return Measured(None, problem="unknown: too large to be measured here; check_equivariance() measures it")
        self.work += call.operations
        part = self.model.get_submodule(call.path)
        if call.operations > _MUCH:
            found = measured(run, call, self._copy(part, torch.float32), torch.float32)
            if found.error is not None and found.error <= _CLEAR[0]:
                return replace(found, error=0.0)
            if found.error is not None and found.error >= _CLEAR[1]:
                return found
        return measured(run, call, self._copy(part))

    def run(self, shape: tuple[int, ...], **options: Any) -> Trace:
        """A run of the model, without computing anything where that is possible.

        Args:
            shape: ``(batch, channels, *space)``.
            **options: those of :func:`trace`.
        """
        if self._shadow is None:
            self._shadow = shadow(self.model)
        options.setdefault("counted", self.measures)
        run = self._first(
            [
                (self._shadow, sample(self._shadow, shape, device="meta", dtype=self.dtype)),
                # It may be made for fields, though it has no type itself;
                (self._shadow, sample(self._shadow, shape, self.in_type, device="meta", dtype=self.dtype)),
                # or need numbers, or tensors that it makes on a device of its own.
                (None, sample(self.model, shape, dtype=torch.float64)),
                (None, sample(self.model, shape, self.in_type, dtype=torch.float64)),
            ],
            options,
        )
        if isinstance(self.in_type, FieldType):
            for value in run.root.inputs:
                if plain(value).dim() > 1 and plain(value).shape[1] == self.in_type.size:
                    run.sorts.setdefault(id(plain(value)), self.in_type)
        return run

    def _first(self, ways: list[tuple[torch.nn.Module | None, Any]], options: dict[str, Any]) -> Trace:
        """The first run that reaches its end or is refused by a layer; if there is none, the one that came furthest."""
        runs = []
        for model, x in ways:
            run = trace(model or self._copy(self.model), (x,), **options)
            if run.error is None or (isinstance(run.error, ShapeError) and not isinstance(run.error, FieldTypeError)):
                return run
            runs.append(run)
        return max(runs, key=lambda run: len(list(run.root.within())))

    def _copy(self, module: torch.nn.Module, dtype: torch.dtype = torch.float64) -> torch.nn.Module:
        key = (id(module), dtype)
        if key not in self._copies:
            self._copies[key] = copied(module, dtype)
        return self._copies[key]

    def _judged(self, run: Trace, call: Call) -> Iterator[Judgement]:
        if call.kind == "layer":
            yield _of_layer(call)
        elif call.kind == "container":
            for part in call.calls:
                yield from self._judged(run, part)
            if gathers(call.module):
                yield Judgement(call, True)
        elif run.error is None:
            yield from self._measured(run, call)

    def _measured(self, run: Trace, call: Call) -> Iterator[Judgement]:
        """The layers within a part that is not the library's, and the part itself."""
        layers = [_of_layer(part) for part in call.within() if part.kind == "layer"]
        yield from layers
        broken = [layer.call for layer in layers if layer.exact is False]
        if broken:
            # Nothing has to be measured: layers of the library know.
            yield Judgement(call, False, f"through {_listed(broken)}")
            return
        found = self._measure(run, call)
        if found.error is None or found.error <= TOLERANCE:
            yield Judgement(call, None if found.error is None else True, found.problem, found.error)
            return
        if call.kind == "torch":
            yield Judgement(
                call, False, f"{_name(call)} of torch knows no symmetry: error {found.error:.2g}", found.error
            )
            return
        guilty = list(self._looked_into(run, call, self.model.get_submodule(call.path)))
        yield from guilty
        where = _listed([part.call for part in guilty])
        if not found.known:
            reason = f"unknown: as scalars its result has the error {found.error:.2g}, and its type is not known"
            yield Judgement(call, None, reason + (f"; see {where}" if where else ""), found.error)
        elif where:
            yield Judgement(call, False, f"through {where}: error {found.error:.2g}", found.error)
        else:
            yield Judgement(call, False, f"its own forward is not equivariant: error {found.error:.2g}", found.error)

    def _looked_into(self, run: Trace, call: Call, part: torch.nn.Module) -> Iterator[Judgement]:
        """The parts within a part that are at fault, found by running it again."""
        inside = trace(self._copy(part), *_random(call))
        if inside.error is not None:
            return
        for value, seen in zip(inside.root.inputs, call.inputs):
            sort = run.sort(seen)
            if sort is not None:
                inside.sorts.setdefault(id(plain(value)), sort)
        for within in inside.root.calls:
            # Calls are of the copy, but their paths go on from that of the part.
            yield from self._suspects(inside, within, call.path)

    def _suspects(self, run: Trace, call: Call, prefix: str) -> Iterator[Judgement]:
        if call.kind == "layer":
            return
        if call.kind == "container":
            for part in call.calls:
                yield from self._suspects(run, part, prefix)
            return
        if _only_invariants(run, call):
            return
        found = measured(run, call, call.module)
        if found.error is None or found.error <= TOLERANCE or (not found.known and found.error == float("inf")):
            return
        deeper = [
            suspect for part in call.calls for suspect in self._suspects(run, part, prefix) if suspect.exact is False
        ]
        named = replace(call, path=f"{prefix}.{call.path}" if prefix else call.path)
        yield from deeper
        if call.kind == "torch":
            reason = f"{_name(call)} of torch knows no symmetry: error {found.error:.2g}"
        elif deeper:
            reason = f"through {_name(deeper[-1].call)} ({deeper[-1].call.path}): error {found.error:.2g}"
        else:
            reason = f"its own forward is not equivariant: error {found.error:.2g}"
        yield Judgement(named, False, reason, found.error)


@dataclass
class Measured:
    """The error of a part.

    Attributes:
        error: the largest, relative to the largest value; ``None`` if it could not be measured.
        known: whether the type of what it gives is known; if not, it was taken for scalars or for what it took.
        problem: why it could not be measured.
    """

    error: float | None
    known: bool = True
    problem: str | None = None


def measured(run: Trace, call: Call, module: torch.nn.Module, dtype: torch.dtype = torch.float64) -> Measured:
    """How far a part is from keeping the symmetries of the grid, by running it on noise and on moved noise.

    Args:
        run: in which it was called.
        call: with its inputs, which tell shapes and types.
        module: the part, or a copy of it.
        dtype: its precision.
    """
    sorts = [run.sort(value) for value in call.inputs if plain(value).is_floating_point()]
    if not sorts or any(sort is None for sort in sorts) or any(_on_points(value) for value in call.inputs):
        return Measured(None, problem="unknown: the types of its inputs are not known")
    wanted = [run.sort(value) for value in call.outputs]
    pairs = _pairs(call, sorts, wanted)  # pyright: ignore[reportArgumentType]
    if pairs is None:
        return Measured(None, problem="unknown: its output has another group than its input")
    if not pairs:
        return Measured(0.0)
    try:
        with torch.no_grad():
            given = _random(call, dtype)
            base = features(module(*given[0], **given[1]))
            errors: dict[int, list[float]] = {}
            for element, before in pairs:
                moved = _moved(given, sorts, before)  # pyright: ignore[reportArgumentType]
                again = features(module(*moved[0], **moved[1]))
                if len(again) != len(base):
                    return Measured(float("inf"))
                for number, (value, seen) in enumerate(zip(base, again)):
                    sort = (
                        value.type
                        if isinstance(value, GeometricTensor)
                        else wanted[number]
                        if number < len(wanted)
                        else None
                    )
                    # What is not known is taken for scalars, or for fields like those that went in.
                    guesses: list[Any] = [sort] if sort is not None else [Scalars(sorts[0].gspace), sorts[0]]  # type: ignore[union-attr]
                    errors.setdefault(number, []).append(min(_error(value, seen, guess, element) for guess in guesses))
    except (IntertwineError, RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        return Measured(None, problem=f"unknown: it does not run on noise ({_first_line(error)})")
    worst = max((error for found in errors.values() for error in found), default=0.0)
    if not all(bool(plain(value).isfinite().all()) for value in base):
        return Measured(None, problem="unknown: noise gives it values that are not finite")
    if any(plain(value).numel() and not bool(plain(value).any()) for value in base):
        return Measured(None, problem="unknown: it gives nothing but zeros, which every symmetry keeps")
    return Measured(worst, known=all(sort is not None for sort in wanted))


def moved(value: Any, sort: Sort | None, element: GroupElement, order: int = 2) -> torch.Tensor | None:
    """What an element makes of features; ``None`` if their type is not known.

    Args:
        value: the features.
        sort: their type.
        element: the element.
        order: of the interpolating splines.
    """
    if isinstance(value, GeometricTensor) and value.coords is not None:
        return value.transform(element).tensor
    tensor = plain(value)
    if isinstance(sort, Scalars):
        dimension = sort.gspace.dimensionality
        if not dimension or tensor.dim() != 2 + dimension or element.group != sort.gspace.fibergroup:
            return tensor
        trivial: tuple[Representation, ...] = (sort.gspace.trivial_repr,)
        sort = FieldType(sort.gspace, tensor.shape[1] * trivial)
    if (
        not isinstance(sort, FieldType)
        or tensor.dim() < 2
        or tensor.shape[1] != sort.size
        or element.group != sort.fibergroup
    ):
        return None
    if tensor.dim() == 2:
        return sort.transform_fibers(tensor, element)
    if tensor.dim() != 2 + sort.gspace.dimensionality:
        return None
    turned = sort.transform(tensor, element, order=order)
    return turned[0] if isinstance(turned, tuple) else turned


def _error(value: Any, seen: Any, sort: Sort, element: GroupElement) -> float:
    expected = moved(value, sort, element)
    seen = plain(seen)
    if expected is None or expected.shape != seen.shape or not expected.is_floating_point():
        return float("inf")
    if not expected.numel():
        return 0.0
    scale = float(expected.abs().max())
    difference = float((expected - seen).abs().max())
    return difference / scale if scale > 0 else difference


def _moved(given: tuple[Any, Any], sorts: list[Sort], element: GroupElement) -> tuple[Any, Any]:
    types = iter(sorts)

    def move(value: Any) -> Any:
        if not isinstance(value, (torch.Tensor, GeometricTensor)) or not plain(value).is_floating_point():
            return value
        turned = moved(value, next(types), element)
        if turned is None:
            raise ShapeError("an input has another shape than its type")
        return GeometricTensor(turned, value.type) if isinstance(value, GeometricTensor) else turned

    return _mapped(move, given)


def _mapped(function: Any, value: Any) -> Any:
    return pytree.tree_map(function, value, is_leaf=lambda leaf: isinstance(leaf, GeometricTensor))


def _random(call: Call, dtype: torch.dtype = torch.float64) -> tuple[Any, Any]:
    """Noise in place of the inputs of a call."""
    generator = torch.Generator().manual_seed(0)

    def noise(value: Any) -> Any:
        if not isinstance(value, (torch.Tensor, GeometricTensor)):
            return value
        tensor = plain(value)
        if not tensor.is_floating_point():
            if tensor.device.type == "meta":
                raise ShapeError("an input holds whole numbers")
            return value
        made = torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(dtype)
        return GeometricTensor(made, value.type) if isinstance(value, GeometricTensor) else made

    return _mapped(noise, (call.args, call.kwargs))


def _pairs(call: Call, sorts: list[Sort], wanted: list[Sort | None]) -> list[tuple[GroupElement, GroupElement]] | None:
    """Elements that act without interpolation: on the output, and on the input."""
    inside = sorts[0].gspace
    if any(sort.gspace.fibergroup != inside.fibergroup for sort in sorts):
        return None
    typed = [sort.gspace for sort in wanted if isinstance(sort, FieldType)]
    fewer = restrictions(call)
    outside: Any = typed[0] if typed else inside
    if not typed and fewer:
        outside = fewer[-1].module.out_type.gspace  # type: ignore[union-attr]
    module = call.module
    if (
        not typed
        and not fewer
        and isinstance(module, EquivariantModule)
        and type(module).lift is not EquivariantModule.lift
    ):
        outside = module.symmetry
    pairs = []
    for element in exact_generators(outside):
        before = element if outside.fibergroup == inside.fibergroup and not fewer else lifted(call, element)
        if before is None or before.group != inside.fibergroup:
            return None
        pairs.append((element, before))
    return pairs


@remembered
def exact_generators(space: GSpace) -> tuple[GroupElement, ...]:
    """Elements that generate all that act without interpolation: what these keep, all keep.

    Args:
        space: with its group.

    Example:
        >>> from intertwine import gspaces
        >>> exact_generators(gspaces.rot2dOnR2(8)), len(exact_generators(gspaces.flipRot2dOnR2(4)))
        ((2[2pi/8],), 2)
    """
    group = space.fibergroup
    if isinstance(group, FiniteGroup):
        if all(space.is_exact(element) for element in group.generators):
            return tuple(group.generators)
        numbers = [group.index(element) for element in space.exact_elements]
        return tuple(group.elements[number] for number in group.generating_numbers(numbers))
    elements = [element for element in space.exact_elements if element != group.identity]
    if not space.dimensionality:
        return tuple(elements[:4])
    # Signed permutations of the coordinates generate each other; what moves no point is taken as it is.
    signs = {element: np.rint(space.basespace_action(element)).astype(int) for element in elements}
    identity = np.eye(space.dimensionality, dtype=int)
    moving = [element for element in elements if (signs[element] != identity).any()]
    found: list[GroupElement] = [element for element in elements if (signs[element] == identity).all()][:4]
    reached_signs = {identity.tobytes()}
    for element in moving:
        if signs[element].tobytes() not in reached_signs:
            found.append(element)
            reached_signs = _closure([signs[other] for other in found])
    return tuple(found)


def _closure(matrices: list[np.ndarray]) -> set[bytes]:
    """The products of matrices of whole numbers."""
    reached = {matrix.tobytes(): matrix for matrix in [np.eye(len(matrices[0]), dtype=int)]}
    fresh = list(reached.values())
    while fresh:
        products = {(a @ b).tobytes(): a @ b for a in fresh for b in matrices}
        fresh = [matrix for key, matrix in products.items() if key not in reached]
        reached.update({matrix.tobytes(): matrix for matrix in fresh})
    return set(reached)


def _of_layer(call: Call) -> Judgement:
    problem = call.module.shape_problem(call.size) if isinstance(call.module, EquivariantModule) and call.size else None
    return Judgement(call, problem is None, problem)


def _only_invariants(run: Trace, call: Call) -> bool:
    """Whether all that goes into a module without types is invariant, and no space is left: so is what comes out."""
    if isinstance(call.module, EquivariantModule):
        return False
    for value in call.inputs:
        sort, tensor = run.sort(value), plain(value)
        invariant = isinstance(sort, Scalars) or (isinstance(sort, FieldType) and sort.is_invariant)
        if not invariant or any(n > 1 for n in tensor.shape[2:]):
            return False
    return bool(call.inputs)


def _on_points(value: Any) -> bool:
    return isinstance(value, GeometricTensor) and value.coords is not None


def _all(call: Call) -> Iterator[Call]:
    yield call
    yield from call.within()


def _name(call: Call) -> str:
    return type(call.module).__name__


def _listed(calls: list[Call]) -> str:
    return " and ".join(dict.fromkeys(f"{_name(call)} ({call.path})" for call in calls))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def has_own(model: torch.nn.Module) -> bool:
    """Whether a model holds modules of the user's own.

    Args:
        model: any module.
    """
    return any(kind_of(part) == "own" for part in model.modules())
