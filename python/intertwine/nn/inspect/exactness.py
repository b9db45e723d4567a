"""Which parts of a model are exactly equivariant on the grid: layers of the library know, everything else is measured."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from intertwine.errors import CentreError, FieldTypeError, IntertwineError, ShapeError
from intertwine.fields import FieldType, GeometricTensor
from intertwine.nn.base.module import EquivariantModule, reference_tensor
from intertwine.nn.inspect.kinds import entry_type, expects_geometric_tensor, gathers, walk
from intertwine.nn.inspect.measuring import Measured, first_line, measured, noise_like
from intertwine.nn.inspect.tracing import Call, InvariantFeatures, Trace, tensor_of, trace

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
class PartExactness:
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
class ModelExactness:
    """What is known of a model on inputs of one size.

    Attributes:
        run: the run of the model.
        parts: what is known of each part; a user's module comes after its own parts.
    """

    run: Trace
    parts: list[PartExactness]

    @property
    def exact(self) -> bool | None:
        """Whether the whole model keeps the symmetries of the grid."""
        return all_exact([part.exact for part in self.parts])

    def of(self, path: str) -> PartExactness | None:
        """What is known of a part; the worst if it was called several times.

        Args:
            path: of the part.
        """
        found = [part for part in self.parts if part.call.path == path]
        return min(found, key=lambda part: {False: 0, None: 1, True: 2}[part.exact], default=None)


def all_exact(parts: list[bool | None]) -> bool | None:
    """Whether a model is exact: one broken part breaks it, and one unknown part leaves it unknown.

    Args:
        parts: what is known of each part.
    """
    if False in parts:
        return False
    return None if None in parts else True


class ExactnessChecker:
    """Finds out for one size after the other whether a model is exactly equivariant.

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
        self.dtype = reference_tensor(model).dtype

    def at(self, shape: tuple[int, ...]) -> ModelExactness:
        """What is known of the parts for an input of some shape.

        Args:
            shape: ``(channels, *space)`` of one item.

        Raises:
            ShapeError: if a layer cannot take it.
        """
        run = self.run((2, *shape))
        if isinstance(run.error, IntertwineError) and not isinstance(run.error, CentreError):
            raise run.error
        parts = list(self._judged(run, run.root))
        if run.error is not None:
            failed = next((call for call in _all(run.root) if call.path == run.failed), run.root)
            parts.append(PartExactness(failed, False, f"it cannot run on this size: {first_line(run.error)}"))
        return ModelExactness(run, parts)

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
        parts = []
        for call in self._maximal(run.root):
            found = self._measure(run, call)
            parts.append(
                None if found.error is None else found.error <= TOLERANCE or (None if not found.known else False)
            )
        return all_exact(parts)

    def _maximal(self, call: Call) -> Iterator[Call]:
        """The outermost parts that must be measured."""
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
            self._shadow = copy.deepcopy(self.model).to("meta").eval()
        options.setdefault("count_operations", self.measures)
        run = self._first(
            [
                (self._shadow, _sample(self._shadow, shape, device="meta", dtype=self.dtype)),
                # The model may expect fields although it has no type itself.
                (self._shadow, _sample(self._shadow, shape, self.in_type, device="meta", dtype=self.dtype)),
                # It may need real numbers, or make tensors on a device of its own.
                (None, _sample(self.model, shape, dtype=torch.float64)),
                (None, _sample(self.model, shape, self.in_type, dtype=torch.float64)),
            ],
            options,
        )
        if isinstance(self.in_type, FieldType):
            for value in run.root.inputs:
                if tensor_of(value).dim() > 1 and tensor_of(value).shape[1] == self.in_type.size:
                    run.types.setdefault(id(tensor_of(value)), self.in_type)
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
            self._copies[key] = copy.deepcopy(module).cpu().to(dtype).eval()
        return self._copies[key]

    def _judged(self, run: Trace, call: Call) -> Iterator[PartExactness]:
        if call.kind == "layer":
            yield _of_layer(call)
        elif call.kind == "container":
            for part in call.calls:
                yield from self._judged(run, part)
            if gathers(call.module):
                yield PartExactness(call, True)
        elif run.error is None:
            yield from self._measured(run, call)

    def _measured(self, run: Trace, call: Call) -> Iterator[PartExactness]:
        """The layers within a part that is not the library's, and the part itself."""
        layers = [_of_layer(part) for part in call.within() if part.kind == "layer"]
        yield from layers
        broken = [layer.call for layer in layers if layer.exact is False]
        if broken:
            # Nothing has to be measured: layers of the library know.
            yield PartExactness(call, False, f"through {_listed(broken)}")
            return
        found = self._measure(run, call)
        if found.error is None or found.error <= TOLERANCE:
            yield PartExactness(call, None if found.error is None else True, found.problem, found.error)
            return
        inexact = (
            [] if call.kind == "torch" else list(self._looked_into(run, call, self.model.get_submodule(call.path)))
        )
        yield from inexact
        where = _listed([part.call for part in inexact])
        if found.known or call.kind == "torch":
            yield PartExactness(call, False, _reason(call, found.error, where), found.error)
            return
        reason = f"unknown: as scalars its result has the error {found.error:.2g}, and its type is not known"
        yield PartExactness(call, None, reason + (f"; see {where}" if where else ""), found.error)

    def _looked_into(self, run: Trace, call: Call, part: torch.nn.Module) -> Iterator[PartExactness]:
        """The parts within a part that are at fault, found by running it again."""
        inside = trace(self._copy(part), *noise_like(call))
        if inside.error is not None:
            return
        for value, seen in zip(inside.root.inputs, call.inputs):
            type_ = run.type_of(seen)
            if type_ is not None:
                inside.types.setdefault(id(tensor_of(value)), type_)
        for within in inside.root.calls:
            # Calls are of the copy, but their paths go on from that of the part.
            yield from self._inexact_parts(inside, within, call.path)

    def _inexact_parts(self, run: Trace, call: Call, prefix: str) -> Iterator[PartExactness]:
        if call.kind == "layer":
            return
        if call.kind == "container":
            for part in call.calls:
                yield from self._inexact_parts(run, part, prefix)
            return
        if _only_invariants(run, call):
            return
        found = measured(run, call, call.module)
        if found.error is None or found.error <= TOLERANCE or (not found.known and found.error == float("inf")):
            return
        deeper = [
            inner for part in call.calls for inner in self._inexact_parts(run, part, prefix) if inner.exact is False
        ]
        yield from deeper
        named = replace(call, path=f"{prefix}.{call.path}" if prefix else call.path)
        where = _listed([deeper[-1].call] if deeper else [])
        yield PartExactness(named, False, _reason(call, found.error, where), found.error)


def _sample(model: torch.nn.Module, shape: tuple[int, ...], type_: FieldType | None = None, **options: Any) -> Any:
    """Random features as a model takes them.

    Args:
        model: any module.
        shape: ``(batch, channels, *space)``.
        type_: their type; ``None`` for a :class:`GeometricTensor` only where the module is promised one.
        **options: dtype and device.
    """
    device = options.get("device")
    if device is not None and torch.device(device).type == "meta":
        x = torch.empty(shape, **options)
    else:
        x = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(**options)
    if type_ is None and expects_geometric_tensor(model):
        type_ = model.in_type  # type: ignore[assignment]
    return GeometricTensor(x, type_) if isinstance(type_, FieldType) and shape[1] == type_.size else x


def _of_layer(call: Call) -> PartExactness:
    problem = call.module.shape_problem(call.size) if isinstance(call.module, EquivariantModule) and call.size else None
    return PartExactness(call, problem is None, problem)


def _only_invariants(run: Trace, call: Call) -> bool:
    """Whether all that goes into a module without types is invariant, and no space is left: so is what comes out."""
    if isinstance(call.module, EquivariantModule):
        return False
    for value in call.inputs:
        type_, tensor = run.type_of(value), tensor_of(value)
        invariant = isinstance(type_, InvariantFeatures) or (isinstance(type_, FieldType) and type_.is_invariant)
        if not invariant or any(n > 1 for n in tensor.shape[2:]):
            return False
    return bool(call.inputs)


def _all(call: Call) -> Iterator[Call]:
    yield call
    yield from call.within()


def _name(call: Call) -> str:
    return type(call.module).__name__


def _reason(call: Call, error: float, where: str) -> str:
    """Why a part is not equivariant.

    Args:
        call: of the part.
        error: that was measured.
        where: the parts in it that are at fault, in words.
    """
    if call.kind == "torch":
        return f"{_name(call)} of torch knows no symmetry: error {error:.2g}"
    what = f"through {where}" if where else "its own forward is not equivariant"
    return f"{what}: error {error:.2g}"


def _listed(calls: list[Call]) -> str:
    return " and ".join(dict.fromkeys(f"{_name(call)} ({call.path})" for call in calls))
