"""What people write around models of e2cnn, as in ``habits.py``: spaces are classes, elements numbers, irreps have names.

It runs on e2cnn itself and on intertwine under its names; both must print the same:
``python tests/python/compat/habits_of_e2cnn.py`` and
``python -m intertwine.compat --peer e2cnn tests/python/compat/habits_of_e2cnn.py``. The file ``habits_of_e2cnn.json`` holds what
e2cnn 0.2.3 prints.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import e2cnn.nn.init as init  # pyright: ignore[reportMissingImports]
import numpy as np
import torch
from e2cnn import gspaces, nn  # pyright: ignore[reportMissingImports]
from e2cnn.diffops import DiscretizationArgs, load_cache  # pyright: ignore[reportMissingImports]
from e2cnn.diffops.utils import (  # pyright: ignore[reportMissingImports]
    laplacian_power,
    largest_possible_order,
    required_points,
    symmetric_points,
)
from e2cnn.gspaces import *  # noqa: F403 - a habit  # pyright: ignore[reportMissingImports]

HABITS: dict[str, Callable[[], Any]] = {}


def habit(function: Callable[[], Any]) -> Callable[[], Any]:
    """Adds a function to the list."""
    HABITS[function.__name__] = function
    return function


def plain(value: Any) -> Any:
    """The value as JSON has it, with numbers rounded."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, torch.Size)):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return round(value, 4) + 0.0
    return value if isinstance(value, (int, str, bool, type(None))) else str(value)


def numbers(*shape: int) -> torch.Tensor:
    """Fixed numbers that are all different."""
    return torch.sin(torch.arange(float(np.prod(shape))) * 1.7).reshape(shape)


def c4() -> Any:
    return gspaces.Rot2dOnR2(N=4)


def d4() -> Any:
    return gspaces.FlipRot2dOnR2(N=4)


@habit
def spaces_are_classes() -> Any:
    spaces = [c4(), d4(), gspaces.Flip2dOnR2(), gspaces.TrivialOnR2(), gspaces.Rot2dOnR2(-1, maximum_frequency=3)]
    kinds = [GeneralOnR2, Rot2dOnR2, FlipRot2dOnR2, Flip2dOnR2]  # noqa: F405
    return [
        [isinstance(space, kind) for space in spaces[:3] for kind in kinds],
        [space.fibergroup.order() for space in spaces],
        [space.dimensionality for space in spaces],
    ]


@habit
def irreps_are_listed_by_name() -> Any:
    return [
        sorted(c4().irreps),
        sorted(d4().fibergroup.irreps),
        d4().fibergroup.irreps["irrep_1,1"].size,
        {name: psi.size for name, psi in c4().fibergroup.irreps.items()},
    ]


@habit
def invariant_parts_are_counted() -> Any:
    kind = nn.FieldType(d4(), [d4().regular_repr, d4().irrep(1, 1), d4().trivial_repr])
    irreps = kind.fibergroup.irreps
    return sum(irreps[name].is_trivial() for rho in kind.representations for name in rho.irreps)


@habit
def elements_are_numbers_and_pairs() -> Any:
    rotations, mirrors = c4().fibergroup, d4().fibergroup
    return [
        [rotations.combine(1, 3), rotations.inverse(1), rotations.equal(1, 1), rotations.is_element(3)],
        [mirrors.combine((1, 1), (0, 2)), mirrors.inverse((0, 1)), mirrors.equal((0, 1), (1, 1))],
        [len(rotations.elements), len(list(d4().testing_elements))],
    ]


@habit
def representations_are_called_with_numbers() -> Any:
    return [
        c4().regular_repr(1),
        c4().irrep(1)(2),
        d4().irrep(1, 1)((1, 0)),
        d4().regular_repr((1, 2)),
        d4().quotient_repr((None, 4))((1, 0)).shape,
        gspaces.Rot2dOnR2(-1, 2).irrep(1)(np.pi / 2),
        [c4().regular_repr.character(step) for step in range(4)],
    ]


@habit
def fields_are_turned_by_numbers() -> Any:
    kind = nn.FieldType(c4(), [c4().regular_repr, c4().irrep(1)])
    x = nn.GeometricTensor(numbers(1, 6, 3, 3), kind)
    mirrored = nn.GeometricTensor(numbers(1, 2, 3, 3), nn.FieldType(d4(), [d4().irrep(1, 1)]))
    return [x.transform(1).tensor, x.transform(3).tensor, mirrored.transform((1, 0)).tensor]


@habit
def arrays_are_turned_by_numbers() -> Any:
    field = numbers(1, 2, 3, 3).numpy()
    return [
        c4().featurefield_action(field, c4().irrep(1), 1),
        d4().featurefield_action(field, d4().irrep(1, 1), (1, 1)),
    ]


@habit
def equivariance_is_looked_at_by_hand() -> Any:
    space = c4()
    conv = nn.R2Conv(nn.FieldType(space, [space.trivial_repr]), nn.FieldType(space, 2 * [space.regular_repr]), 3)
    x = nn.GeometricTensor(numbers(1, 1, 7, 7), conv.in_type)
    errors = [(conv(x.transform(r)).tensor - conv(x).transform(r).tensor).abs().max() < 1e-4 for r in range(4)]
    return [bool(error) for error in errors]


@habit
def spaces_are_restricted() -> Any:
    space, into, back = d4().restrict((None, 2))
    rotations, include, _ = c4().restrict(2)
    return [space.fibergroup.order(), into(1), back((0, 2)), back((1, 0)), rotations.fibergroup.order(), include(1)]


@habit
def types_of_fields() -> Any:
    space = d4()
    kind = nn.FieldType(space, 2 * [space.regular_repr] + [space.irrep(1, 1)])
    return [kind.size, len(kind), (kind + kind).size, kind.index_select([2, 0]).size, kind == kind + kind]


@habit
def pooling_and_upsampling() -> Any:
    space = c4()
    kind = nn.FieldType(space, [space.regular_repr])
    x = nn.GeometricTensor(numbers(1, 4, 5, 5), kind)
    return [
        nn.PointwiseMaxPool(kind, 2)(x).tensor.flatten(),
        nn.PointwiseAvgPoolAntialiased(kind, 0.66, stride=2)(x).tensor.flatten(),
        nn.GroupPooling(kind)(x).tensor.flatten(),
        nn.NormPool(kind)(x).tensor.flatten(),
        nn.R2Upsampling(kind, 2)(x).shape,
    ]


@habit
def non_linearities() -> Any:
    space = c4()
    kind = nn.FieldType(space, [space.irrep(1), space.irrep(1)])
    x = nn.GeometricTensor(numbers(1, 4, 2, 1), kind)
    gates = nn.FieldType(space, 2 * [space.trivial_repr]) + kind
    y = nn.GeometricTensor(numbers(1, 6, 2, 1), gates)
    return [
        nn.NormNonLinearity(kind, "n_sigmoid", bias=False)(x).tensor.flatten(),
        nn.GatedNonLinearity1(gates, bias=False)(y).tensor.flatten(),
        nn.ELU(nn.FieldType(space, [space.regular_repr]))(
            nn.GeometricTensor(numbers(1, 4, 1, 2), nn.FieldType(space, [space.regular_repr]))
        ).tensor.flatten(),
    ]


@habit
def lists_of_modules() -> Any:
    space = c4()
    kind = nn.FieldType(space, [space.regular_repr])
    blocks = nn.ModuleList([nn.ReLU(kind), nn.InnerBatchNorm(kind)])
    return [len(blocks), [type(block).__name__ for block in blocks], len(blocks.state_dict()) > 0]


@habit
def filters_in_eval_mode() -> Any:
    space = c4()
    conv = nn.R2Conv(nn.FieldType(space, [space.trivial_repr]), nn.FieldType(space, [space.regular_repr]), 5).eval()
    exported = conv.export()
    x = numbers(1, 1, 7, 7)
    same = torch.allclose(exported(x), conv(nn.GeometricTensor(x, conv.in_type)).tensor, atol=1e-4)
    return [conv.filter.shape, type(exported).__name__, same]


@habit
def operators_have_so_many_weights() -> Any:
    found = []
    for space in (c4(), gspaces.Rot2dOnR2(8), gspaces.Rot2dOnR2(-1, 3)):
        kind = nn.FieldType(space, [space.trivial_repr, space.irrep(1)])
        found += [
            nn.R2Diffop(kind, kind, **settings).weights.numel()
            for settings in (
                {"kernel_size": 3},
                {"maximum_order": 3},
                {"kernel_size": 5, "accuracy": 4},
            )
        ]
    return found


@habit
def operators_have_such_sizes() -> Any:
    kind = nn.FieldType(c4(), [c4().trivial_repr])
    x = nn.GeometricTensor(numbers(2, 1, 9, 9), kind)
    found = []
    for settings in ({"kernel_size": 3}, {"maximum_order": 2, "accuracy": 4}, {"kernel_size": 5, "accuracy": 4}):
        op = nn.R2Diffop(kind, kind, padding=1, **settings)
        found.append([op.kernel_size, op(x).shape, op.evaluate_output_shape((2, 1, 9, 9))])
    return found


@habit
def the_laplacian_of_an_image() -> Any:
    kind = nn.FieldType(d4(), [d4().trivial_repr])
    op = nn.R2Diffop(kind, kind, 3, bias=False)
    found = []
    for number in range(len(op.weights)):
        op.weights.data[:] = 0.0
        op.weights.data[number] = 1.0
        y = op(nn.GeometricTensor(numbers(1, 1, 5, 5), kind)).tensor.flatten()
        flat = op(nn.GeometricTensor(torch.ones(1, 1, 3, 3), kind)).tensor.item()
        found.append([bool(abs(flat) < 1e-5), y / y[0]])
    return found


@habit
def operators_are_trained_and_exported() -> Any:
    kind = nn.FieldType(c4(), [c4().regular_repr])
    op = nn.R2Diffop(kind, kind, 3, padding=1, cache=False, basisexpansion="blocks")
    init.generalized_he_init(op.weights.data, op.basisexpansion)
    x = numbers(1, 4, 5, 5)
    op(nn.GeometricTensor(x, kind)).tensor.pow(2).sum().backward()
    op.eval()
    same = torch.allclose(op.export()(x), op(nn.GeometricTensor(x, kind)).tensor, atol=1e-4)
    return [op.weights.grad.abs().sum().item() > 0, same]


@habit
def what_is_around_operators() -> Any:
    settings = DiscretizationArgs(method="gauss", smoothing=1.5)
    sizes = [[required_points(order, accuracy) for order in range(4)] for accuracy in (1, 2, 3, 4)]
    orders = [[largest_possible_order(points, accuracy) for points in (4, 5, 6)] for accuracy in (1, 2, 3, 4)]
    return [
        settings.method,
        settings.smoothing,
        settings.phi,
        sizes,
        orders,
        symmetric_points(4, 2),
        laplacian_power(2),
    ]


@habit
def operators_too_large_are_refused() -> Any:
    kind = nn.FieldType(c4(), [c4().trivial_repr])
    found = []
    for settings in (
        {"kernel_size": 3, "maximum_order": 2, "accuracy": 2},
        {"kernel_size": 3, "smoothing": 1.0, "rbffd": True},
    ):
        try:
            nn.R2Diffop(kind, kind, **settings)
            found.append("taken")
        except ValueError:
            found.append("refused")
    load_cache("nowhere/diffops.pickle")
    return found


def main() -> None:
    """Prints the results."""
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    found = {}
    for name, function in HABITS.items():
        try:
            found[name] = plain(function())
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"
    sys.stdout.write("\n" + json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
