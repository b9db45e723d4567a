"""What a model is made of and what it costs: types, shapes, parameters, operations, memory, exactness on the grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError, ArgumentTypeError, IntertwineError, ShapeError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.inspect.exactness import ExactnessChecker, ModelExactness
from intertwine.nn.inspect.kinds import PartKind, gathers, kind_of, walk
from intertwine.nn.inspect.planning import titled, verdict
from intertwine.nn.inspect.tracing import tensor_of
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests

_HEADINGS = ("layer", "output fields", "output", "parameters", "multiply-adds", "memory", "on the grid")


@dataclass(frozen=True)
class ModelSummary:
    """The layers of a model and what they cost, for one item of a batch.

    Attributes:
        model: the class of the model.
        input_type: the fields of the input, in words; ``None`` for a module without a type.
        input_shape: of one item, ``(channels, *space)``; ``None`` if no size was given.
        symmetry: how many of the group's elements carry the grid to itself, in words; ``None`` without a grid.
        table: one dict for each layer: ``layer`` (its name in the model), ``name`` (of its class), ``fields`` (of its output),
            ``output_shape``, ``parameters``, ``trainable``, ``multiply_adds`` (of convolutions and matrix products, with
            filters expanded), ``expansion`` (multiply-adds that expand the filters: at each step of training, once in
            evaluation), ``activation_bytes`` (of its output), ``parameter_bytes``, ``constant_bytes`` (tables that are no part
            of the state), ``exact`` (whether it keeps the symmetries of the grid; ``None`` where it is not known) and
            ``reason``. What depends on the size is ``None`` without one. A module that was written by hand comes after the
            layers in it, if it has parameters or operations of its own or does not keep the symmetries.
        exact: whether the whole model keeps the symmetries of the grid; ``None`` if that is not known, or without a grid.
        judged: whether that was asked.
    """

    model: str
    input_type: str | None
    input_shape: tuple[int, ...] | None
    symmetry: str | None
    table: list[dict[str, Any]] = field(default_factory=list)
    exact: bool | None = None
    judged: bool = False

    def _total(self, key: str) -> int:
        return sum(row[key] or 0 for row in self.table)

    @property
    def parameters(self) -> int:
        """The number of parameters."""
        return self._total("parameters")

    @property
    def multiply_adds(self) -> int:
        """Those of convolutions and matrix products, for one item."""
        return self._total("multiply_adds")

    @property
    def activation_bytes(self) -> int:
        """The memory of the outputs of all layers, for one item: what training keeps for the gradient, about."""
        return self._total("activation_bytes")

    @property
    def parameter_bytes(self) -> int:
        """The memory of the parameters."""
        return self._total("parameter_bytes")

    def __str__(self) -> str:
        lines = [f"{self.model}: {_number(self.parameters)} parameters ({_bytes(self.parameter_bytes)})"]
        if self.input_type is not None:
            lines.append(f"input: {self.input_type}")
        sized = self.input_shape is not None
        if sized:
            lines[-1 if self.input_type is not None else 0] += f", {_shape(self.input_shape)}"
        if self.symmetry is not None:
            lines.append(f"symmetry: {self.symmetry}")
        rows = [_HEADINGS, *(self._cells(row) for row in self.table)]
        kept = [0, 1, 2, 3, 4, 5, 6] if sized else [0, 1, 3]
        widths = {k: max(len(row[k]) for row in rows) for k in kept}
        for row in rows:
            cells = [row[k].rjust(widths[k]) if k in (3, 4, 5) else row[k].ljust(widths[k]) for k in kept]
            lines.append("  " + "  ".join(cells).rstrip())
        if sized:
            expansion = self._total("expansion")
            lines.append(
                f"for one item: {_number(self.multiply_adds)} multiply-adds, {_bytes(self.activation_bytes)} of activations"
            )
            if expansion:
                lines.append(f"to expand the filters: {_number(expansion)} multiply-adds for each batch in training")
            if self.judged:
                lines.append(self._verdict())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _verdict(self) -> str:
        if self.exact:
            return "exact on the grid"
        what = "unknown whether exact on the grid" if self.exact is None else "NOT exact on the grid"
        seen = [row for row in self.table if row["exact"] is False or (self.exact is None and row["reason"])]
        return f"{what}: see {', '.join(row['layer'] or row['name'] for row in seen)}"

    @staticmethod
    def _cells(row: dict[str, Any]) -> tuple[str, ...]:
        return (
            titled(row),
            row["fields"] or "plain",
            _shape(row["output_shape"]),
            _number(row["parameters"]),
            "" if row["multiply_adds"] is None else _number(row["multiply_adds"]),
            "" if row["activation_bytes"] is None else _bytes(row["activation_bytes"]),
            verdict(row),
        )


@suggests
@plain_numbers
def summary(model: torch.nn.Module, input_size: int | tuple[int, ...] | None = None) -> ModelSummary:
    """The layers of a model: types, output shapes, parameters, multiply-adds, memory, and exactness on the grid.

    Sizes are followed on the meta device: layers of the library compute nothing, whatever the model's size. Modules that were
    written by hand are run on noise, to measure whether they keep the symmetries of the grid (see :func:`shape_plan`).
    Multiply-adds are those of convolutions and matrix products, with filters expanded, for one item of a batch.

    Args:
        model: any module.
        input_size: of the input along each axis of space, one number for all axes; for a module that is not equivariant the
            shape of one item, ``(channels, *space)``. Without it the summary leaves out what depends on the size.

    Returns:
        a summary that prints as a table, with a ``table`` of all numbers.

    Raises:
        ArgumentTypeError: if it is no module.
        ArgumentError: if the size does not fit.
        ShapeError: if the input is too small.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> model = nn.SequentialModule(nn.R2Conv(kind, kind, 3), nn.ReLU(kind), nn.GroupPooling(kind))
        >>> found = nn.summary(model, 9)
        >>> found.table[-1]["output_shape"], found.parameters, found.multiply_adds, found.exact
        ((2, 7, 7), 98, 28224, True)
    """
    if not isinstance(model, torch.nn.Module):
        raise ArgumentTypeError(f"a summary is of a module, not of {type(model).__name__}")
    parts = list(_parts(model))
    runs = {path: _Run() for path, _, _ in parts}
    shape = None if input_size is None else _input_shape(model, input_size)
    judged: ModelExactness | None = None
    if shape is not None:
        checker = ExactnessChecker(model)
        # Of a batch, what grows with it is the cost of its items, and the rest that of the filters.
        once, twice = (_measured(checker, shape, batch) for batch in (8, 16))
        for path, run in runs.items():
            found, more = once.get(path, _Run()), twice.get(path, _Run())
            run.shape, run.bytes = found.shape, found.bytes // 8
            run.operations = (more.operations - found.operations) // 8
            run.expansion = 2 * found.operations - more.operations
        if len(shape) > 1 and any(isinstance(part, EquivariantModule) for part in model.modules()):
            judged = checker.at(shape)
    rows = [
        row
        for path, module, kind in parts
        if _tells(row := _row(path, module, runs[path], judged, shape is not None), module, kind)
    ]
    in_type = _in_type(model)
    return ModelSummary(
        type(model).__name__,
        fields_text(in_type),
        shape,
        None if in_type is None else _symmetry(in_type),
        rows,
        None if judged is None else judged.exact,
        judged is not None,
    )


@dataclass
class _Run:
    """What one layer did: the shape of its output without the batch, and what it took."""

    shape: tuple[int, ...] | None = None
    bytes: int = 0
    operations: int = 0
    expansion: int = 0


def _parts(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, PartKind]]:
    """The layers of a model and the modules that were written by hand, these after the layers in them."""
    held: list[tuple[str, torch.nn.Module, PartKind]] = []
    seen: set[int] = set()
    for path, module, kind in walk(model):
        if id(module) in seen:
            continue
        seen.add(id(module))
        while held and not (path.startswith(f"{held[-1][0]}.") or not held[-1][0]):
            yield held.pop()
        if kind == "own" or gathers(module):
            held.append((path, module, kind))
        elif kind != "container" or not any(True for _ in module.children()):
            yield path, module, kind
    yield from reversed(held)


def _tells(row: dict[str, Any], module: torch.nn.Module, kind: PartKind) -> bool:
    """Whether a row says something that those of the parts do not."""
    if kind != "own" or not any(True for _ in module.children()):
        return True
    return bool(row["parameters"] or row["multiply_adds"] or row["reason"])


def _in_type(model: torch.nn.Module) -> FieldType | None:
    """The type of a module's input; a module of another kind may have an attribute of that name, which says nothing."""
    in_type = model.in_type if isinstance(model, EquivariantModule) else None
    return in_type if isinstance(in_type, FieldType) else None


def _input_shape(model: torch.nn.Module, input_size: Any) -> tuple[int, ...]:
    in_type = _in_type(model)
    if in_type is not None:
        dimension = in_type.gspace.dimensionality
        if dimension == 0:
            return (in_type.size,)
        return (in_type.size, *sizes_of(input_size, dimension, "input_size", least=1))
    given = input_size if isinstance(input_size, (tuple, list)) else (input_size,)
    if not given or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in given):
        raise ArgumentError(
            f"{type(model).__name__} is no equivariant module, so that input_size is the shape of one item, not {input_size!r}",
            hint="give (channels, height, width)",
        )
    return tuple(given)


def _measured(checker: ExactnessChecker, shape: tuple[int, ...], batch: int) -> dict[str, _Run]:
    run = checker.run((batch, *shape), count_operations=True)
    if run.error is not None:
        if isinstance(run.error, IntertwineError):
            raise run.error
        where = f"{type(checker.model).__name__} cannot run on an input of shape {shape}"
        raise ShapeError(f"{where}: {run.error}") from run.error
    runs: dict[str, _Run] = {}
    for call in [run.root, *run.root.within()]:
        part = runs.setdefault(call.path, _Run())
        part.operations += call.operations - sum(inner.operations for inner in call.calls)
        given = {id(tensor_of(value)) for inner in call.calls for value in inner.outputs}
        outputs = [tensor_of(value) for value in call.outputs]
        part.bytes += sum(value.numel() * value.element_size() for value in outputs if id(value) not in given)
        part.shape = tuple(outputs[0].shape[1:]) if outputs else None
    return runs


def _row(path: str, module: torch.nn.Module, run: _Run, judged: ModelExactness | None, sized: bool) -> dict[str, Any]:
    # The parts of a user's module have rows of their own.
    whole = kind_of(module) in ("layer", "torch")
    parameters = list(module.parameters(recurse=whole))
    saved = set(module.state_dict())
    constants = [buffer for key, buffer in module.named_buffers(recurse=whole) if key not in saved]
    found = None if judged is None else judged.of(path)
    reason, exact = (None, None) if found is None else (found.reason, found.exact)
    return {
        "layer": path,
        "name": type(module).__name__,
        "fields": fields_text(getattr(module, "out_type", None)),
        "output_shape": run.shape,
        "parameters": sum(p.numel() for p in parameters),
        "trainable": sum(p.numel() for p in parameters if p.requires_grad),
        "multiply_adds": run.operations if sized else None,
        "expansion": run.expansion if sized else None,
        "activation_bytes": run.bytes if sized else None,
        "parameter_bytes": sum(p.numel() * p.element_size() for p in parameters),
        "constant_bytes": sum(b.numel() * b.element_size() for b in constants),
        "exact": exact,
        "reason": reason,
    }


def _symmetry(in_type: FieldType) -> str | None:
    space = in_type.gspace
    if not space.dimensionality:
        return None
    elements = list(space.testing_elements)
    exact = sum(space.is_exact(element) for element in elements)
    which = "elements tested" if space.fibergroup.continuous else "elements"
    return f"{space.fibergroup} on R^{space.dimensionality}, {exact} of {len(elements)} {which} exact on the grid"


def fields_text(type_: Any) -> str | None:
    """The fields of a type in words; ``None`` if it is no type.

    Args:
        type_: a field type, a dict of types, or anything else.

    Example:
        >>> from intertwine import gspaces, nn
        >>> fields_text(nn.field_type(gspaces.rot2dOnR2(4), regular=2, trivial=1))
        '2 regular + 1 irrep_0'
    """
    if isinstance(type_, dict):
        return "; ".join(f"{label}: {fields_text(part)}" for label, part in type_.items())
    if not isinstance(type_, FieldType):
        return None
    counts: dict[str, int] = {}
    for representation in type_.representations:
        counts[representation.name] = counts.get(representation.name, 0) + 1
    return " + ".join(f"{count} {name}" for name, count in counts.items())


def _shape(shape: tuple[int, ...] | None) -> str:
    return "" if shape is None else " x ".join(map(str, shape))


def _number(count: int) -> str:
    return f"{count:,}"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"
