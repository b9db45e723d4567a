"""No setting leaves the grid in silence: what is not exactly equivariant warns when it is built, or is refused."""

import inspect
import itertools
import warnings

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import EquivarianceWarning, IntertwineError

from ..contracts.layers import relative_error

PLANE, UPRIGHT, LINE = gspaces.rot2dOnR2(4), gspaces.rot2dOnR3(4), gspaces.flipOnR1()
BY_AXIS = {
    "kernel_size": (1, 3),
    "stride": (1, 2),
    "padding": (1, 0),
    "output_padding": (1, 0),
    "dilation": (1, 2),
    "output_size": (2, 3),
    "size": (11, 9),
    "cells": (1, 2),
    "spacing": (1, 2),
}
"""Settings that may differ between axes."""

SETTINGS = {"kernel_size": 3, "stride": 2, "sigma": 0.4, "output_size": 3, "S": 5}
LAYERS = {
    name: cls
    for name in nn.__all__
    if inspect.isclass(cls := getattr(nn, name))
    and issubclass(cls, nn.EquivariantModule)
    and cls.needs_grid
    and "net" not in inspect.signature(cls.__init__).parameters
}
CASES = [
    (name, key) for name, cls in LAYERS.items() for key in BY_AXIS if key in inspect.signature(cls.__init__).parameters
]


def build(name, **given):
    cls = LAYERS[name]
    space = gspaces.icoOnR3() if "Ico" in name else UPRIGHT if "3" in name else LINE if "R1" in name else PLANE
    kind = nn.field_type(space, trivial=1)
    parameters = inspect.signature(cls.__init__).parameters
    required = [key for key, p in parameters.items() if p.default is inspect.Parameter.empty]
    chosen = {key: SETTINGS[key] for key in required if key in SETTINGS}
    if "Upsampling" in name and not given:
        chosen["scale_factor"] = 2
    if name in ("CropModule", "PadModule") and not given:
        chosen["cells"] = 1
    if "Diffop" in name and "kernel_size" not in given:
        chosen["kernel_size"] = 3
    if "out_type" in required:
        chosen["out_type"] = kind
    return cls(in_type=kind, **{**chosen, **given})


@pytest.mark.parametrize(("name", "key"), CASES)
def test_axes_that_the_group_exchanges_are_treated_alike_or_that_is_said(name, key):
    if "R1" in name:
        return  # one axis
    dimension = 3 if "3" in name else 2
    uneven = (*BY_AXIS[key], BY_AXIS[key][-1])[:2] if dimension == 2 else (BY_AXIS[key][0], *BY_AXIS[key])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            given = {"stride": 2, "dilation": 2} if key == "output_padding" else {}
            module = build(name, **{**given, key: uneven})
        except IntertwineError:
            return
    assert [w.category for w in caught] == [EquivarianceWarning] * len(caught)
    assert caught, f"{name}({key}={uneven}) says nothing"
    assert caught[0].filename == __file__
    assert module.shape_problem(dimension * (9,)), "plans do not say so"
    assert not nn.shape_plan(module, 13 if name == "CropModule" else 9).exact


@pytest.mark.parametrize("name", LAYERS)
def test_even_settings_say_nothing(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(name)


# ---- grids of elements


def turns(n):
    return [gspaces.rot2dOnR2().fibergroup.element(2 * np.pi * k / n) for k in range(n)]


GRIDS = {
    "N=6 of SO(2)": (gspaces.rot2dOnR2(), {"N": 6}, False),
    "N=8 of SO(2)": (gspaces.rot2dOnR2(), {"N": 8}, True),
    "N=6 of O(2)": (gspaces.flipRot2dOnR2(), {"N": 6}, False),
    "N=8 of O(2)": (gspaces.flipRot2dOnR2(), {"N": 8}, True),
    "a mirror alone, D4": (gspaces.flipRot2dOnR2(4), {"grid": [(0, 0), (1, 0)]}, False),
    "all, D4": (gspaces.flipRot2dOnR2(4), {}, True),
    "half, C8": (gspaces.rot2dOnR2(8), {"grid": [0, 2, 4, 6]}, True),
    "a third, C12": (gspaces.rot2dOnR2(12), {"grid": [0, 3, 6, 9]}, True),
    "thirds, C12": (gspaces.rot2dOnR2(12), {"grid": [0, 4, 8]}, False),
    "thomson, SO(3)": (gspaces.rot3dOnR3(), {"type": "thomson", "N": 8}, False),
    "cube, SO(3)": (gspaces.rot3dOnR3(), {"type": "thomson_cube", "N": 1}, True),
    "thirds, C3": (gspaces.rot2dOnR2(3), {"grid": [0, 1]}, True),
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_grid_without_the_symmetries_of_the_lattice_is_said(name):
    space, given, exact = GRIDS[name]
    given = dict(given)
    if "grid" in given:
        given["grid"] = [space.fibergroup.element(value) for value in given["grid"]]
    irreps = [psi.id for psi in space.irreps][:3]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer = nn.FourierPointwise(space, 1, irreps, **given).double()
    assert [w.category for w in caught] == [EquivarianceWarning] * (not exact)
    assert (layer.shape_problem((5, 5, 5)) is None) == exact
    x = torch.randn(2, layer.in_type.size, *(space.dimensionality * (3,)), dtype=torch.float64)
    y = layer(x)
    errors = [
        relative_error(layer(layer.in_type.transform(x, g)), layer.out_type.transform(y, g))
        for g in space.exact_elements
    ]
    assert (max(errors) < 1e-10) == exact
    if not exact:
        # what the warning says to do
        wide = [g @ h for g in space.exact_elements for h in layer.grid]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            layer.use_grid(wide)
        assert layer.shape_problem((5, 5, 5)) is None


def test_a_grid_of_cosets_is_told_by_its_cosets():
    space = gspaces.flipRot2dOnR2(4)
    G = space.fibergroup
    mirror = (None, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one_of_each = [G.element((0, 0)), G.element((1, 0))]
        nn.QuotientFourierPointwise(space, mirror, 1, [(0, 0), (1, 0)], grid=one_of_each)
    with pytest.warns(EquivarianceWarning):
        nn.QuotientFourierPointwise(space, mirror, 1, [(0, 0), (1, 0)], grid=one_of_each[:1])


def test_irreps_of_the_output_tell_elements_apart_as_well():
    space = gspaces.flipRot2dOnR2(2)
    G, ids = space.fibergroup, [psi.id for psi in space.irreps]
    x = torch.randn(3, 1, 3, 3, dtype=torch.float64)
    outcomes = set()
    for given, wanted, count in itertools.product(ids, ids, (1, 2, 3)):
        for grid in itertools.combinations(G.elements, count):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                layer = nn.FourierPointwise(space, 1, [given], grid=list(grid), out_irreps=[wanted]).double()
            y = layer(x)
            errors = [
                (layer(layer.in_type.transform(x, g)) - layer.out_type.transform(y, g)).abs().max()
                for g in space.exact_elements
            ]
            assert max(errors) < 1e-12 or caught, (given, wanted, grid)
            outcomes.add((bool(max(errors) < 1e-12), bool(caught)))
    assert {(True, False), (False, True)} <= outcomes


def test_a_group_without_a_lattice_has_no_exact_grid_and_no_warning():
    space = gspaces.no_base_space(gspaces.rot2dOnR2().fibergroup)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.FourierPointwise(space, 1, [(0,), (1,)], N=7)


# ---- sizes


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
def test_a_plan_knows_at_which_sizes_interpolation_is_even(mode):
    kind = nn.field_type(PLANE, trivial=1)
    for target in range(3, 13):
        layer = nn.R2Upsampling(kind, size=target, mode=mode).double()
        for n in range(2, 10):
            x = torch.randn(1, 1, n, n, dtype=torch.float64)
            same = relative_error(layer(x.rot90(1, (2, 3))), layer(x).rot90(1, (2, 3))) < 1e-12
            assert same == (layer.shape_problem((n, n)) is None), (n, target)


def test_outputs_that_cannot_be_merged_are_refused():
    kind = nn.field_type(PLANE, trivial=2)
    one = nn.field_type(PLANE, trivial=1)
    module = nn.MultipleModule(kind, ["a", "b"], [(nn.R2Conv(one, one, 3), "a"), (nn.IdentityModule(one), "b")])
    with pytest.raises(IntertwineError, match="on one grid"):
        module(torch.zeros(1, 2, 5, 5))
