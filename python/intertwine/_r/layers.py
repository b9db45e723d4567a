"""Layers and sequences as R makes them, runs them and looks at them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from intertwine import nn
from intertwine._r.checks import part_name
from intertwine._r.crossing import arrays
from intertwine._r.crossing.values import tuples
from intertwine._r.elements import group_of
from intertwine._r.fields import field_type
from intertwine._r.spaces import space_name
from intertwine._r.subgroups import subgroup_label
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, shift_positions
from intertwine.group import O3, SO3

Record = dict[str, Any]


@contextlib.contextmanager
def seeded(seed: float | None) -> Iterator[None]:
    """Random numbers from this seed inside, and the stream of before outside; without a seed nothing changes."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        yield


def grow(start: Any, parts: list[Record]) -> Any:
    """The layer on a field type, or the sequence of a module and the layers after it.

    Args:
        start: a field type or a module.
        parts: what R's `part_record()` makes: a finished module, or the kind, arguments and seed of one.
    """
    in_type, modules = _start(start)
    return _build(in_type, modules, parts, single=True)


def sequence(start: Any, parts: list[Record]) -> Any:
    """The same, as a sequence even if it has one layer or none."""
    in_type, modules = _start(start)
    return _build(in_type, modules, parts, single=False)


def add(first: Any, second: Any) -> Any:
    """The sum of two modules; the second may be parts, as `grow` takes them."""
    return first + (_build(first.in_type, [], second, single=True) if isinstance(second, list) else second)


def _start(start: Any) -> tuple[nn.FieldType, list[torch.nn.Module]]:
    if isinstance(start, nn.FieldType):
        return start, []
    return start.in_type, _layers_of(start)


def _build(in_type: nn.FieldType, modules: list[torch.nn.Module], parts: list[Record], single: bool) -> Any:
    type: Any = getattr(modules[-1], "out_type", None) if modules else in_type
    modules = list(modules)
    for part in parts:
        module = _module(part, type)
        modules.extend(_layers_of(module))
        type = getattr(module, "out_type", None)
    if single and len(modules) == 1:
        return modules[0]
    return nn.SequentialModule(in_type, *modules)


def _layers_of(module: torch.nn.Module) -> list[torch.nn.Module]:
    return list(module) if isinstance(module, nn.SequentialModule) else [module]


def _module(part: Record, in_type: Any) -> torch.nn.Module:
    if "kind" not in part:
        return part["module"]
    kind = part["kind"]
    if in_type is None:
        raise FieldTypeError(
            f"{kind} needs a field type, but what comes before it puts out plain tensors",
            hint="put equivariant layers before the ordinary torch modules",
        )
    arguments = {name: _argument(name, value, in_type) for name, value in part["arguments"].items()}
    with seeded(part.get("seed")):
        return _MAKERS.get(kind, _ordinary)(kind, in_type, arguments)


def _argument(name: str, value: Any, in_type: nn.FieldType) -> Any:
    if name == "out" and isinstance(value, dict):
        return field_type(in_type.gspace, value["names"], value["values"])
    return tuples(value)


#: The functions of these layers have a prefix in Python.
_PREFIXES = {
    "ConcatenatedNonLinearity": "c_",
    "FourierPointwise": "p_",
    "InducedNormNonLinearity": "n_",
    "NormNonLinearity": "n_",
    "PointwiseNonLinearity": "p_",
    "QuotientFourierPointwise": "p_",
}


def _ordinary(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    make: Any = getattr(nn, kind)
    if kind in _PREFIXES:
        name = arguments.pop("fun")
        arguments["function"] = name if name == "squash" else _PREFIXES[kind] + name
        if name == "squash":
            # it has no threshold
            arguments["bias"] = False
    if "out" in arguments:
        return make(in_type, arguments.pop("out"), **arguments)
    return make(in_type, **arguments)


def _restriction(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    label = subgroup_label(in_type, *(arguments.pop(name, None) for name in ("rotations", "axis", "subgroup")))
    return getattr(nn, kind)(in_type, label, **arguments)


def _batchnorm_iid(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """The batch normalisation of torch for the dimension of the space."""
    return _ordinary(f"{kind}{max(in_type.gspace.dimensionality, 1)}d", in_type, arguments)


def _reshuffled(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    return getattr(nn, kind)(in_type, list(arguments["permutation"]))


def _induced(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """R speaks of the size of blocks."""
    size = arguments.pop("block_size", None)
    return _ordinary(kind, in_type, {**arguments, "subfield_size": list(size) if isinstance(size, tuple) else size})


def _fourier(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """Functions on the group, or on the cosets of a subgroup, with a grid that suits the group."""
    group: Any = in_type.fibergroup
    label: Any = None
    if "grid" in arguments:
        arguments["type"] = arguments.pop("grid")
    named = [arguments.pop(name, None) for name in ("rotations", "axis", "subgroup")]
    if any(name is not None for name in named):
        label = subgroup_label(in_type, *named)
    if isinstance(group, (SO3, O3)):
        grid = arguments.pop("type", "thomson_cube")
        number = arguments.pop("N", None if grid in _WITHOUT_NUMBER else 4)
        make = group.sphere_grid if label is not None and label[-1] == -1 else group.grid
        arguments["grid"] = make(grid, number)
    elif group.continuous:
        arguments.setdefault("N", 16)
    else:
        arguments.pop("N", None)
    if "fun" in arguments:
        arguments["function"] = _PREFIXES[kind] + arguments.pop("fun")
    return getattr(nn, kind)(in_type, **({} if label is None else {"subgroup_id": label}), **arguments)


_WITHOUT_NUMBER = ("ico", "cube", "tetra")


def fourier_transform(space: Any, frequency: int, elements: Any, subgroup: Any) -> torch.nn.Module:
    """Between functions on a group, or on the cosets of a subgroup, and their Fourier coefficients up to a frequency."""
    group: Any = group_of(space)
    label = None if all(part is None for part in subgroup) else subgroup_label(space, *subgroup)
    chosen = None if elements is None else list(elements)
    return nn.FourierTransform(group, group.bl_irreps(frequency), chosen, label).double()


def fourier_apply(transform: Any, way: str, values: torch.Tensor) -> torch.Tensor:
    """Samples of coefficients, or coefficients of samples."""
    return getattr(transform, way)(values)


def _alias_free(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """The layer inside is built for the same fields."""
    records = arguments.pop("layer")
    return getattr(nn, kind)(_build(in_type, [], list(records), single=True), **arguments)


def _skip(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """Both ways are built for the same fields."""
    ways = {"inner": arguments.pop("layer"), "shortcut": arguments.pop("shortcut", None)}
    built = {name: _build(in_type, [], list(way), single=True) for name, way in ways.items() if way is not None}
    return getattr(nn, kind)(in_type, **built, **arguments)


def _attention(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """The kind of attention follows from what was said about who attends to whom."""
    if "reach" in arguments and "window" in arguments:
        raise ArgumentError("only one of `reach` and `window` may be given")
    chosen = "NeighbourAttention" if "reach" in arguments else "WindowAttention" if "window" in arguments else kind
    if chosen != "WindowAttention":
        arguments.pop("shifted", None)
    if chosen != "Attention" and {"width", "n_rings"} & set(arguments):
        raise ArgumentError("`width` is for points, `reach` and `window` are for grids: give one of them")
    return getattr(nn, chosen)(in_type, **arguments)


def _transformer(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """The non-linearity is a specification, since it is built for more fields."""
    given = arguments.pop("nonlinearity", None)
    if given is not None:
        record = next(iter(given))
        if len(given) != 1 or "kind" not in record:
            raise ArgumentError(
                "`nonlinearity` must be the specification of one layer", hint="for example nonlin_relu()"
            )
        arguments["nonlinearity"] = _Waiting(record)
    return nn.transformer_block(in_type, **arguments)


class _Waiting(nn.Spec):
    """A layer of R that waits for its input type.

    Args:
        record: what R's `part_record()` makes.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(getattr(nn, record["kind"]), {})
        self._record = record

    def build(self, in_type: nn.FieldType) -> Any:
        """The layer for an input type.

        Args:
            in_type: the type of the input.
        """
        return _module(self._record, in_type)


_GATES = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


def _gated_uniform(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    name = arguments["fun"]
    if name not in _GATES:
        raise ArgumentError(f"{name!r} is no function of gates", hint=f"use one of {', '.join(_GATES)}")
    return getattr(nn, kind)(in_type, _GATES[name])


def _branching(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    return getattr(nn, kind)(in_type, list(arguments["labels"]))


def _multiple(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    """Each part is built for the fields with its label."""
    labels = list(arguments["labels"])
    types: Any = nn.BranchingModule(in_type, labels).out_type
    parts: Record = arguments["parts"]
    if set(parts) != set(types):
        raise ArgumentError(f"fields have the labels {sorted(types)}, but the parts are for {sorted(parts)}")
    modules: Any = []
    for label, records in parts.items():
        modules.append((_build(types[label], [], list(records), single=True), label))
    return getattr(nn, kind)(in_type, labels, modules)


def _max_channels(kind: str, in_type: nn.FieldType, arguments: Record) -> torch.nn.Module:
    return getattr(nn, kind)(arguments["size"])


def merge(modules: Any, labels: Any) -> torch.nn.Module:
    """Modules side by side, each with the label of its input."""
    return nn.MergeModule(list(zip(modules, labels)))


def gated_by(in_type: nn.FieldType, gates: nn.FieldType, seed: float) -> torch.nn.Module:
    """Fields of one input gated by another."""
    with seeded(seed):
        return nn.GatedNonLinearity2((gates, in_type))


def bilinear(in_type: nn.FieldType, other: nn.FieldType, arguments: Record, seed: float) -> torch.nn.Module:
    """Products of fields of two inputs."""
    given = {name: _argument(name, value, in_type) for name, value in arguments.items()}
    with seeded(seed):
        return nn.Bilinear((in_type, other), given.pop("out"), **given)


_MAKERS = {
    "AliasFree": _alias_free,
    "Attention": _attention,
    "BranchingModule": _branching,
    "ConcatModule": _skip,
    "FourierMaxPool": _fourier,
    "FourierPointwise": _fourier,
    "GatedNonLinearityUniform": _gated_uniform,
    "IIDBatchNorm": _batchnorm_iid,
    "InducedNormBatchNorm": _induced,
    "InducedNormNonLinearity": _induced,
    "InducedNormPool": _induced,
    "MaxPoolChannels": _max_channels,
    "MultipleModule": _multiple,
    "QuotientFourierPointwise": _fourier,
    "ReshuffleModule": _reshuffled,
    "ResidualModule": _skip,
    "RestrictionModule": _restriction,
    "SubgroupPooling": _restriction,
    "transformer_block": _transformer,
}


def run(module: Any, x: Any, *more: Any) -> Any:
    """The module's output for a geometric tensor or a torch tensor, of the same kind."""
    if not isinstance(x, (torch.Tensor, nn.GeometricTensor, dict)):
        raise ArgumentTypeError(
            f"features are needed, but {type(x).__name__} was given", hint="make them with geometric_tensor()"
        )
    return module(x, *more)


def run_cast(module: Any, x: Any) -> Any:
    """The module's output for values from R, which need no gradients, in the module's own precision and place."""
    with torch.no_grad():
        if isinstance(x, torch.Tensor):
            x = x.to(device=_device_of(module), dtype=arrays.dtype_named(arrays.dtype_name(module)))
        result = module(x)
    if isinstance(result, dict):
        raise ArgumentTypeError(
            f"{type(module).__name__} gives several features, which are no array",
            hint="give it a geometric_tensor(); then they come as a list",
        )
    return getattr(result, "tensor", result)


def run_array(module: Any, data: bytearray, dims: Any, wire: str, dtype: str, limit: float) -> Record:
    """The module's output for an R array as a record that R reads, in one crossing."""
    return arrays.pack(run_cast(module, arrays.unpack(data, dims, wire, dtype)), limit)


def _device_of(module: torch.nn.Module) -> torch.device | None:
    for tensor in [*module.parameters(), *module.buffers()]:
        return tensor.device
    return None


def n_parameters(module: torch.nn.Module) -> float:
    """The number of values that training adjusts."""
    return float(sum(p.numel() for p in module.parameters() if p.requires_grad))


def part_of_sequence(sequence: nn.SequentialModule, positions: list[int]) -> nn.SequentialModule:
    """The sequence of some of the modules, which stay the same objects."""
    modules = list(sequence)
    return nn.SequentialModule(*(modules[int(position)] for position in positions))


def export(module: Any, example: torch.Tensor | None = None) -> torch.nn.Module:
    """The same function as an ordinary torch module; the module itself stays as it is."""
    return nn.export(module, example)


def table(module: torch.nn.Module) -> list[Record]:
    """A record for each layer: its kind, its types, its parameters."""
    return [_row(layer) for layer in _layers_of(module)]


def summary(module: torch.nn.Module, size: list[int] | None = None) -> Record:
    """What the layers are and, for an input of some size, what they cost."""
    found = nn.summary(module, None if size is None else size[0] if len(size) == 1 else tuple(size))
    rows = []
    for row in found.table:
        numbers = ("multiply_adds", "activation_bytes", "parameter_bytes", "expansion")
        rows.append(
            {
                **_row(module.get_submodule(row["layer"])),
                "part": part_name(row["layer"]),
                "parameters": float(row["trainable"]),
                **{name: None if row[name] is None else float(row[name]) for name in numbers},
                "shape": None if row["output_shape"] is None else " x ".join(map(str, row["output_shape"])),
                "exact": row["exact"],
                "reason": None if row["reason"] is None else shift_positions(row["reason"], first=1),
            }
        )
    return {"rows": rows, "symmetry": found.symmetry, "exact": found.exact, "judged": found.judged}


def start_text(module: torch.nn.Module) -> str | None:
    """The type of a module's input, in words."""
    return _type_text(getattr(module, "in_type", None))


def _row(layer: torch.nn.Module) -> Record:
    return {
        "kind": type(layer).__name__,
        "input": _type_text(getattr(layer, "in_type", None)),
        "out": _type_text(getattr(layer, "out_type", None)),
        "detail": _detail(layer),
        "parameters": n_parameters(layer),
        "ours": isinstance(layer, nn.EquivariantModule),
        "open": bool(getattr(layer, "is_open", False)),
    }


def _type_text(type: Any) -> str | None:
    if type is None:
        return None
    if isinstance(type, dict):
        return "; ".join(f"{label}: {_type_text(part)}" for label, part in type.items())
    if isinstance(type, (tuple, list)):
        return "; ".join(str(_type_text(part)) for part in type)
    return f"{space_name(type.gspace)}: {type_terms(type)}"


def type_terms(type: nn.FieldType) -> str:
    """`8 x regular + 2 x trivial (34 channels)`."""
    from intertwine._r.fields import facts

    found = facts(type)
    terms = " + ".join(f"{count} x {name}" for count, name in zip(found["counts"], found["names"]))
    return f"{terms} ({type.size} channel{'' if type.size == 1 else 's'})"


_SHOWN = {"kernel_size": None, "stride": 1, "padding": 0, "dilation": 1, "groups": 1}


def _detail(layer: torch.nn.Module) -> str:
    shown: list[str] = []
    for name, usual in _SHOWN.items():
        value = getattr(layer, name, None)
        if isinstance(value, (tuple, list)) and len(set(value)) == 1:
            value = value[0]
        if value is not None and value != usual and not callable(value):
            shown.append(f"{name.removesuffix('_size')} {value}")
    return ", ".join(shown)
