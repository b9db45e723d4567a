"""Short files that ask for much: by hand, and by every numeric argument of every layer and torch layer that a file may name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

import torch

from intertwine import deploy
from intertwine.deploy.layers import CONTAINERS, TORCH_LAYERS, equivariant_layers
from intertwine.deploy.safetensors_file import pack
from intertwine.gauge import GAUGE_VERSION

from .layers import LAYERS

Recipe = tuple[Any, dict[str, torch.Tensor]]

HUGE = (10**4, 10**6, 10**9, 2**31 - 1)


def document(module: Any) -> dict[str, Any]:
    """The description of a file whose module is described so."""
    return {
        "format": 1,
        "package": "0",
        "gauge": GAUGE_VERSION,
        "module": module,
        "dtype": "float32",
        "training": True,
        "frozen": [],
        "extra": {},
    }


def file(recipe: Recipe) -> bytes:
    """A file with a valid checksum that describes a module so."""
    return pack(recipe[1], document(recipe[0]))


def layer(name: str, **arguments: Any) -> dict[str, Any]:
    """The description of a layer."""
    return {"class": f"intertwine.nn.{name}", "arguments": arguments}


def torch_layer(name: str, **arguments: Any) -> dict[str, Any]:
    """The description of a layer of torch."""
    return {"class": f"torch.nn.{name}", "arguments": arguments}


def on_plane(representation: Any, count: int = 1, rotations: Any = 4, axis: Any = None) -> dict[str, Any]:
    """Fields on the plane."""
    space = {"space": "R2", "axis": axis, "rotations": rotations}
    if rotations == "all":
        space["maximum_frequency"] = 2
    return {"field_type": [[representation, count]], "gspace": space}


def of_group(group: dict[str, Any], representation: Any = None) -> dict[str, Any]:
    """One field of a group, without space."""
    found = representation or {"name": "regular"}
    return {"field_type": [[found, 1]], "gspace": {"space": "R0", "group": group}}


def in_space(label: list[int], name: str = "SO3", frequency: int = 2) -> dict[str, Any]:
    """One irrep of the rotations of space."""
    group = {"name": name, "maximum_frequency": frequency}
    vector = {"irrep": [1] if name == "SO3" else [1, 1]}
    space = {"space": "R3", "group": group, "name": "balls", "action": vector}
    return {"field_type": [[{"irrep": label}, 1]], "gspace": space}


REGULAR, TRIVIAL, TURNING = {"name": "regular"}, {"irrep": [0]}, {"irrep": [1]}


def sequence(*children: Any) -> dict[str, Any]:
    """A container of torch."""
    return {"class": "torch.nn.Sequential", "children": {str(n): child for n, child in enumerate(children)}}


def nested(levels: int, width: int = 2) -> dict[str, Any]:
    """Containers that hold the one before them several times."""
    described = torch_layer("ReLU")
    # numbers are given from the outside to the inside: the innermost is the last
    for level in range(levels, 0, -1):
        described = sequence(described, *((width - 1) * [{"again": level}]))
    return described


def conv(**arguments: Any) -> dict[str, Any]:
    """A convolution of one regular field."""
    return layer(
        "R2Conv", **{"in_type": on_plane(REGULAR), "out_type": on_plane(REGULAR), "kernel_size": 3, **arguments}
    )


def spectral(**arguments: Any) -> dict[str, Any]:
    """A Fourier layer of all rotations of the plane."""
    space = {"gspace": {"space": "R2", "axis": None, "rotations": "all", "maximum_frequency": 2}}
    given = {"gspace": space, "channels": 1, "irreps": [0, 1], "grid_kwargs": {"dict": {"N": 8}}, **arguments}
    return layer("FourierPointwise", **given)


def _tensor(*shape: int) -> dict[str, torch.Tensor]:
    return {"value.0": torch.eye(shape[0], dtype=torch.float64) if len(shape) == 2 else torch.zeros(shape)}


def around(*parts: Any, name: str = "PlainConcat", **arguments: Any) -> dict[str, Any]:
    """A connection around a part of an ordinary network, as files have it."""
    return layer(name, inner={"module": sequence(*parts)}, **arguments)


def around_itself(levels: int) -> dict[str, Any]:
    """Connections that hold the one before them twice."""
    described = torch_layer("ReLU")
    for level in range(levels, 0, -1):
        # each level is two modules, the connection and what holds its parts
        described = around(described, {"again": 2 * level})
    return described


BY_HAND: dict[str, Recipe] = {
    "containers in containers, 20 levels": (nested(20), {}),
    "containers in containers, 60 levels": (nested(60), {}),
    "containers in containers, eight times": (nested(12, 8), {}),
    "sequences in sequences": (nested(40, 3), {}),
    "200,000 empty containers": (sequence(*(200_000 * [sequence()])), {}),
    "torch: linear with a device": (torch_layer("Linear", in_features=10**5, out_features=10**5, device="cpu"), {}),
    "torch: linear of 10^12 weights": (torch_layer("Linear", in_features=10**6, out_features=10**6), {}),
    "torch: bilinear": (torch_layer("Bilinear", in1_features=10**5, in2_features=10**5, out_features=10**5), {}),
    "torch: convolution with a dtype": (
        torch_layer("Conv3d", in_channels=999, out_channels=999, kernel_size=99, dtype={"dtype": "float64"}),
        {},
    ),
    "torch: batch norm on a device": (torch_layer("BatchNorm1d", num_features=10**9, device={"device": "cpu"}), {}),
    "a head of 3e8 classes": (layer("HeadClasses", in_type=on_plane(TRIVIAL), n=3 * 10**8), {}),
    "a mask of 14,000": (layer("MaskModule", in_type=on_plane(TRIVIAL), S=14_000), {}),
    "a mask of 2e9": (layer("MaskModule", in_type=on_plane(TRIVIAL), S=2 * 10**9), {}),
    "a blur of sigma 2,000": (
        layer("PointwiseAvgPoolAntialiased2D", in_type=on_plane(TRIVIAL), sigma=2000.0, stride=2),
        {},
    ),
    "a blur without end": (
        layer("PointwiseAvgPoolAntialiased2D", in_type=on_plane(TRIVIAL), sigma=1e300, stride=2),
        {},
    ),
    "a blurred maximum": (
        layer("PointwiseMaxPoolAntialiased2D", in_type=on_plane(TRIVIAL), kernel_size=3, sigma=2000.0),
        {},
    ),
    "1e8 rings of points": (
        layer("R2PointConv", in_type=on_plane(TRIVIAL), out_type=on_plane(TRIVIAL), width=5.0, n_rings=10**8),
        {},
    ),
    "5,000 rings of points": (
        layer("R2PointConv", in_type=on_plane(TRIVIAL), out_type=on_plane(TRIVIAL), width=5.0, n_rings=5000),
        {},
    ),
    "polynomials of degree 60": (layer("HarmonicPolynomialR3", L=60), {}),
    "polynomials of degree 10^9": (layer("HarmonicPolynomialR3", L=10**9), {}),
    "a kernel of 255": (conv(kernel_size=255), {"state.weights": torch.zeros(1)}),
    "a kernel of 101": (conv(kernel_size=101), {"state.weights": torch.zeros(1)}),
    "a kernel of 10^9": (conv(kernel_size=10**9), {"state.weights": torch.zeros(1)}),
    "a kernel of 1 x 10^6": (conv(kernel_size={"tuple": [1, 10**6]}), {"state.weights": torch.zeros(1)}),
    "a fitted kernel of 99": (conv(kernel_size=99, low_error=True), {"state.weights": torch.zeros(1)}),
    "rings without weights": (conv(kernel_size=41), {}),
    "high orders on rings": (
        conv(kernel_size=41, frequencies_cutoff=200.0, in_type=on_plane(TURNING), out_type=on_plane(TURNING)),
        {"state.weights": torch.zeros(1)},
    ),
    "a kernel of volumes": (
        layer("R3Conv", in_type=in_space([1]), out_type=in_space([1]), kernel_size=99),
        {"state.weights": torch.zeros(1)},
    ),
    "a kernel between irreps of frequency 60": (
        layer("R3Conv", in_type=in_space([60]), out_type=in_space([60]), kernel_size=5),
        {"state.weights": torch.zeros(1)},
    ),
    "10,000 regular fields to 10,000": (
        conv(in_type=on_plane(REGULAR, 10_000), out_type=on_plane(REGULAR, 10_000)),
        {"state.weights": torch.zeros(1)},
    ),
    "a line of 100,000 cells": (
        layer(
            "R1Conv",
            in_type={
                **of_group({"name": "cyclic", "N": 2}),
                "gspace": {"space": "R1", "group": {"name": "cyclic", "N": 2}, "name": "line", "action": TURNING},
            },
            out_type={
                **of_group({"name": "cyclic", "N": 2}),
                "gspace": {"space": "R1", "group": {"name": "cyclic", "N": 2}, "name": "line", "action": TURNING},
            },
            kernel_size=100_001,
        ),
        {"state.weights": torch.zeros(1)},
    ),
    "a grid of 1e7": (spectral(grid_kwargs={"dict": {"N": 10**7}}), {}),
    "a grid of 30,000": (spectral(grid_kwargs={"dict": {"N": 30_000}}), {}),
    "a grid by position": (spectral(grid_kwargs={"dict": {}}, grid_args={"tuple": [10**8]}), {}),
    "an irrep of frequency 10^4": (spectral(irreps=[0, 10**4]), {}),
    "10^7 channels": (spectral(channels=10**7), {}),
    "electrons that repel": (
        layer(
            "FourierPointwise",
            gspace={"gspace": in_space([1])["gspace"]},
            channels=1,
            irreps=[0, 1],
            grid_kwargs={"dict": {"type": "thomson", "N": 2000}},
        ),
        {},
    ),
    "the group up to frequency 30": (
        layer(
            "FourierPointwise",
            gspace={"gspace": in_space([1])["gspace"]},
            channels=1,
            irreps=list(range(31)),
            grid_kwargs={"dict": {"type": "hopf", "N": 100}},
        ),
        {},
    ),
    "an identity of 10^9 fields": (layer("IdentityModule", in_type=on_plane(TRIVIAL, 10**9)), {}),
    "identities of a million fields": (
        sequence(*(40 * [layer("IdentityModule", in_type=on_plane(TRIVIAL, 10**6))])),
        {},
    ),
    "norms of a million fields": (layer("GNormBatchNorm", in_type=on_plane(REGULAR, 10**6)), {}),
    "parts of a million fields": (layer("DisentangleModule", in_type=on_plane(REGULAR, 10**6)), {}),
    "many layers, each of which is fine": (
        sequence(*(300 * [layer("MaskModule", in_type=on_plane(TRIVIAL), S=200)])),
        {},
    ),
    "many other layers, each of which is fine": (
        sequence(*(150 * [spectral(grid_kwargs={"dict": {"N": 600}})])),
        {},
    ),
    "a filter of 10^9 taps": (
        layer("AliasFree", module={"module": layer("ReLU", in_type=on_plane(REGULAR))}, factor=10**5, radius=10**4),
        {},
    ),
    "a cyclic group of 10^9": (layer("ReLU", in_type=on_plane(REGULAR, rotations=10**9)), {}),
    "a regular field of 900 elements": (layer("ReLU", in_type=on_plane(REGULAR, rotations=900)), {}),
    "a dihedral group of 3,000": (layer("ReLU", in_type=on_plane(REGULAR, rotations=1500, axis=0.0)), {}),
    "a symmetric group of 10^6": (layer("ReLU", in_type=of_group({"name": "symmetric", "n": 10**6})), {}),
    "a dicyclic group of 1,000": (layer("ReLU", in_type=of_group({"name": "dicyclic", "n": 250})), {}),
    "a point group of 10^8": (layer("ReLU", in_type=of_group({"name": "point group", "symbol": "D99999999h"})), {}),
    "products of products": (
        layer(
            "ReLU",
            in_type=of_group(
                functools.reduce(
                    lambda group, _: {"name": "product", "factors": [group, group], "printed": None},
                    range(3),
                    {"name": "cyclic", "N": 8},
                )
            ),
        ),
        {},
    ),
    "products of rotations of space": (
        layer(
            "IdentityModule",
            in_type=of_group(
                {"name": "product", "factors": 2 * [{"name": "SO3", "maximum_frequency": 9}], "printed": None},
                {"irrep": [[9], [9], 0]},
            ),
        ),
        {},
    ),
    "permutations of 5,000 points": (
        layer("ReLU", in_type=of_group({"name": "permutations", "generators": "value.0", "printed": "p"})),
        {"value.0": torch.stack([torch.roll(torch.arange(5000), 1), torch.arange(5000).flip(0)])},
    ),
    "a table of 900": (
        layer("ReLU", in_type=of_group({"name": "table", "generators": "value.0", "printed": "t"})),
        {"value.0": ((torch.arange(900)[:, None] + torch.arange(900)) % 900).to(torch.int16)},
    ),
    "matrices of a group without end": (
        layer("ReLU", in_type=of_group({"name": "matrices", "generators": "value.0", "printed": "m"})),
        {
            "value.0": torch.tensor([[[0.6, -0.8], [0.8, 0.6]], [[1.0, 0.0], [0.0, -1.0]]], dtype=torch.float64),
        },
    ),
    "rotations of space up to 10^4": (layer("IdentityModule", in_type=in_space([0], frequency=10**4)), {}),
    "rotations of space up to 60": (layer("GroupPooling", in_type=in_space([0], frequency=60)), {}),
    "rotations and mirrors up to 60": (layer("IdentityModule", in_type=in_space([0, 0], "O3", 60)), {}),
    "an irrep of frequency 64": (layer("NormNonLinearity", in_type=in_space([64])), {}),
    "a sum of 50,000 irreps": (
        layer(
            "IdentityModule",
            in_type=on_plane({"name": "sum", "irreps": 50_000 * [[0]]}),
        ),
        {},
    ),
    "1,500 irreps of 128 elements": (
        layer("NormNonLinearity", in_type=on_plane({"name": "sum", "irreps": 1500 * [[1]]}, rotations=128)),
        {},
    ),
    "a change of basis at 200 elements": (
        layer(
            "NormNonLinearity",
            in_type=on_plane({"name": "mixed", "irreps": 600 * [[0]], "change_of_basis": "value.0"}, rotations=200),
        ),
        _tensor(600, 600),
    ),
    "a restriction to 10^9 rotations": (
        layer("RestrictionModule", in_type=on_plane(TURNING, rotations="all"), id=10**9),
        {},
    ),
    "a restriction of frequency 60": (
        layer("RestrictionModule", in_type=in_space([60]), id={"tuple": [False, -1]}),
        {},
    ),
    "a tensor product of regular fields": (
        layer(
            "TensorProductModule",
            in_type=on_plane(REGULAR, rotations=64, axis=0.0),
            out_type=on_plane(REGULAR, rotations=64, axis=0.0),
        ),
        {"state.weights": torch.zeros(1)},
    ),
    "a way around a number": (layer("PlainConcat", inner=10**30), {}),
    "a way around nothing": (layer("PlainConcat", inner=None), {}),
    "a way around a text": (layer("PlainResidual", inner="ReLU", around=[]), {}),
    "a way around numbers": (layer("PlainResidual", inner=[1, -2], around=[]), {}),
    "a way around fields": (layer("PlainConcat", inner=on_plane(TRIVIAL)), {}),
    "a way around what is not given": (layer("PlainResidual", around=[]), {}),
    "a way around itself": (around({"again": 0}), {}),
    "ways around ways, 40 levels": (around_itself(40), {}),
    "a way around 10^12 weights": (around(torch_layer("Linear", in_features=10**6, out_features=10**6)), {}),
    "a way around -3 channels": (around(torch_layer("Conv2d", in_channels=-3, out_channels=2, kernel_size=3)), {}),
    "a way around a kernel of -3": (around(torch_layer("Conv3d", in_channels=2, out_channels=2, kernel_size=-3)), {}),
    "a way around a kernel of 10^9": (
        around(torch_layer("Conv3d", in_channels=10**9, out_channels=10**9, kernel_size=10**9)),
        {},
    ),
    "ways around a million layers": (around(*(10**6 * [torch_layer("ReLU")])), {}),
    "a JSON of empty objects": (3_000_000 * [{}], {}),
    "a JSON of empty lists": (3_000_000 * [[]], {}),
    "lists in lists in an argument": (
        layer("ReshuffleModule", in_type=on_plane(TRIVIAL), permutation=2_000_000 * [[]]),
        {},
    ),
    "a slice of a tensor that is not there": (layer("IdentityModule", in_type={"tensor": "value.9"}), {}),
}
"""Files that must be refused at once, whatever they are about."""


def _described(name: str) -> Any:
    """The arguments of a layer of the contract list, as a file has them."""
    import json

    data = deploy.save_bytes(LAYERS[name].build())
    size = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["intertwine"])["module"]


@functools.cache
def _examples() -> dict[str, dict[str, Any]]:
    """One description of each layer of the contract list, by class."""
    found: dict[str, dict[str, Any]] = {}
    for d in (1, 2, 3):
        group = {"name": "cyclic", "N": 2}
        action = {"name": "mirrors", "irreps": d * [[1]]}
        kind = {**of_group(group), "gspace": {"space": f"R{d}", "group": group, "name": "mirrored", "action": action}}
        point = layer(f"R{d}PointConv", in_type=kind, out_type=kind, width=2.0, n_rings=3)
        found[point["class"]] = point
    found["intertwine.nn.FourierTransform"] = layer(
        "FourierTransform", group={"group": {"name": "cyclic", "N": 8}}, irreps=[[0], [1]]
    )
    found["intertwine.nn.MaxPoolChannels"] = layer("MaxPoolChannels", kernel_size=2)
    found["intertwine.nn.RestrictionModule"] = layer("RestrictionModule", in_type=on_plane(TURNING, 1, "all"), id=4)
    for name, example in LAYERS.items():
        for described in _parts(_described(name)) if example.public else ():
            if "arguments" in described:
                found.setdefault(described["class"], described)
    return found


def _parts(described: Any) -> Iterator[dict[str, Any]]:
    if isinstance(described, dict):
        if "class" in described:
            yield described
        for value in described.values():
            yield from _parts(value)
    elif isinstance(described, list):
        for value in described:
            yield from _parts(value)


def _numeric(kind: type) -> Iterator[str]:
    """The arguments of a constructor that may be numbers, by their annotations."""
    for parameter in inspect.signature(kind.__init__).parameters.values():
        words = str(parameter.annotation)
        if parameter.name != "self" and any(word in words for word in ("int", "float", "Any", "Sequence")):
            yield parameter.name


def generated() -> Iterator[tuple[str, Recipe]]:
    """Every layer that a file may name, with each numeric argument in turn very large; the next layer is among them."""
    examples = _examples()
    for name, kind in equivariant_layers().items():
        described = examples.get(f"intertwine.nn.{name}")
        if described is None:
            continue
        for argument in _numeric(kind):
            for value in HUGE:
                changed = {**described, "arguments": {**described["arguments"], argument: value}}
                yield f"{name}({argument}={value})", (changed, {"state.weights": torch.zeros(1)})
                listed = {**described, "arguments": {**described["arguments"], argument: [value, value]}}
                yield f"{name}({argument}=[{value}, {value}])", (listed, {})
        for count in (10**5, 10**8):
            changed = _with_many_fields(described, count)
            if changed is not None:
                yield f"{name} of {count} fields", (changed, {"state.weights": torch.zeros(1)})
    for name in sorted(TORCH_LAYERS - set(CONTAINERS)):
        kind = getattr(torch.nn, name)
        needed = {
            p.name: 8 for p in list(inspect.signature(kind.__init__).parameters.values())[1:] if p.default is p.empty
        }
        for argument in list(inspect.signature(kind.__init__).parameters)[1:]:
            for value in HUGE[1::2]:
                arguments = {key: v for key, v in {**needed, argument: value}.items() if key not in ("args", "kwargs")}
                yield f"torch {name}({argument}={value})", (torch_layer(name, **arguments), {})


def _with_many_fields(described: dict[str, Any], count: int) -> dict[str, Any] | None:
    arguments = {key: _many(value, count) for key, value in described["arguments"].items()}
    return {**described, "arguments": arguments} if arguments != described["arguments"] else None


def _many(value: Any, count: int) -> Any:
    if isinstance(value, dict) and "field_type" in value:
        return {**value, "field_type": [[value["field_type"][0][0], count]]}
    if isinstance(value, dict) and "tuple" in value:
        return {"tuple": [_many(item, count) for item in value["tuple"]]}
    return value
