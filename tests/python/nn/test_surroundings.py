"""What programs around layers do, where it is not the same for each layer of the list: points, functions, threads."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, models, nn, study, training
from intertwine.numpy_scalars import without_numpy_scalars


def point_layer():
    space = gspaces.flipRot2dOnR2(4)
    fields = nn.field_type(space, regular=1, trivial=2)
    return nn.R2PointConv(fields, fields, width=2.0, n_rings=2).eval()


@pytest.mark.parametrize("over", ["features", "edges", "offsets", "coordinates", "all"])
def test_vmap_over_every_input_of_points(over):
    layer = point_layer()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, layer.in_type.size, generator=generator)
    edges = torch.randint(5, (3, 2, 9), generator=generator)
    coords = torch.randn(3, 5, 2, generator=generator)
    offsets = torch.randn(3, 9, 2, generator=generator)
    batched = {"features": (0, None, None), "edges": (None, 0, None), "offsets": (None, None, 0), "all": (0, 0, 0)}
    if over == "coordinates":

        def run(x, edges, coords):
            source, target = edges
            return layer(x, edges, coords.index_select(0, source) - coords.index_select(0, target))

        inputs, axes = (x, edges, coords), (0, 0, 0)
    else:
        run, inputs, axes = layer, (x, edges, offsets), batched[over]
    inputs = tuple(value if axis == 0 else value[0] for value, axis in zip(inputs, axes))
    together = torch.func.vmap(run, in_dims=axes)(*inputs)
    for k in range(3):
        alone = run(*(value[k] if axis == 0 else value for value, axis in zip(inputs, axes)))
        assert torch.allclose(together[k], alone, atol=1e-5)


LINEAR = torch.nn.Linear(2, 1)
SPACE = gspaces.rot2dOnR2(4)
CALLS = {
    "cyclic": (group.cyclic_group, (4,), {}),
    "dihedral": (group.dihedral_group, (6,), {}),
    "so2": (group.so2_group, (3,), {}),
    "so3": (group.so3_group, (2,), {}),
    "symmetric": (group.symmetric_group, (4,), {}),
    "irrep": (group.dihedral_group(6).irrep, (1, 2), {}),
    "element": (group.cyclic_group(8).element, (3,), {}),
    "spectral": (group.so2_group(3).spectral_regular_representation, ((0,), (1,)), {}),
    "band-limited": (group.so2_group(3).bl_regular_representation, (2,), {}),
    "quotient": (group.dihedral_group(6).quotient_representation, ((0, 2),), {}),
    "quotient of circles": (group.o3_group(2).bl_quotient_representation, (2, ("cone", -1)), {}),
    "induced": (group.dihedral_group(6).induced_representation, ((None, 3), group.cyclic_group(3).irrep(1)), {}),
    "restricted": (group.dihedral_group(6).restrict_representation, ((1, 2), group.dihedral_group(6).irrep(1, 1)), {}),
    "grid": (lambda **k: len(group.so3_group(2).grid(**k)), (), {"type": "rand", "N": 5, "seed": 1}),
    "subgroup": (lambda id: str(group.dihedral_group(6).subgroup(id)[0]), ((None, 3),), {}),
    "plane": (gspaces.rot2dOnR2, (), {"N": 8}),
    "all turns": (gspaces.rot2dOnR2, (), {"N": -1, "maximum_frequency": 3}),
    "mirrors": (gspaces.flip2dOnR2, (), {"axis": 0.5}),
    "mirrors and turns": (gspaces.flipRot2dOnR2, (), {"N": 4, "axis": 0.5}),
    "turns in space": (gspaces.rot2dOnR3, (), {"n": 4}),
    "cylinder": (gspaces.fullCylindricalOnR3, (), {"n": 4, "axis": 0.5}),
    "by label": (gspaces.GSpace2D, ((None, 4),), {}),
    "label in space": (gspaces.GSpace3D, ((("cone"), 4),), {}),
    "balls": (gspaces.rot3dOnR3, (), {"maximum_frequency": 2}),
    "fields": (nn.field_type, (SPACE,), {"regular": 2, "trivial": 1}),
    "graph": (nn.radius_graph, (torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), 1.5), {"loop": True}),
    "few neighbours": (nn.radius_graph, (torch.eye(3), 2.0), {"max_neighbours": 1}),
    "turned images": (training.turn_images, (torch.ones(1, 1, 3, 3), 45.0), {"order": 1}),
    "plain network": (lambda *a, **k: repr(models.plain_cnn(*a, **k)), (1, 3), {"widths": [4, 8]}),
    "network": (lambda *a, **k: repr(models.equivariant_cnn(*a, **k)), (1, 3, SPACE), {"widths": [2, 3]}),
    "training": (
        lambda **k: training.fit(LINEAR, torch.eye(2), torch.ones(2), seed=0, **k).history[-1]["loss"],
        (),
        {"epochs": 2, "batch_size": 2, "learn_rate": 0.5, "weight_decay": 0.5, "clip_norm": 1.0, "patience": 2},
    ),
    "prediction": (training.predict, (torch.nn.Identity(), torch.eye(2)), {"batch_size": 1}),
}


def as_numpy(value, whole, real):
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return (np.int8 if value < 0 and whole is np.uint8 else whole)(value)
    if isinstance(value, float):
        return real(value)
    if type(value) in (list, tuple):
        return type(value)(as_numpy(item, whole, real) for item in value)
    return value


@pytest.mark.parametrize("kinds", [(np.int64, np.float64), (np.int8, np.float32), (np.uint8, np.float16)], ids=str)
@pytest.mark.parametrize("name", CALLS)
def test_functions_take_numbers_of_numpy(name, kinds):
    function, args, options = CALLS[name]
    expected = function(*args, **options)
    given = [value if isinstance(value, torch.Tensor) else as_numpy(value, *kinds) for value in args]
    found = function(*given, **{key: as_numpy(value, *kinds) for key, value in options.items()})
    if isinstance(expected, torch.Tensor):
        assert torch.equal(found, expected)
    else:
        assert found == expected
        assert repr(found) == repr(expected)


def test_what_holds_no_number_of_numpy_comes_back_itself():
    for value in ([1, 2], (1, (2.0, "text")), {"a": [1]}, np.arange(3), "text", None, torch.ones(2)):
        assert without_numpy_scalars(value) is value
    assert without_numpy_scalars({"a": (np.int8(1), [np.float32(0.5)])}) == {"a": (1, [0.5])}
    assert type(without_numpy_scalars(np.uint64(2**63))) is int


TAKE_NUMBERS = [
    pytest.param(function, id=f"{home.__name__.partition('.')[2]}.{name}")
    for home in (nn, models, training, study)
    for name in home.__all__
    if inspect.isfunction(function := getattr(home, name))
    and re.search(
        r"\b(int|float)\b", " ".join(str(p.annotation) for p in inspect.signature(function).parameters.values())
    )
]


@pytest.mark.parametrize("function", TAKE_NUMBERS)
def test_every_function_of_numbers_goes_through_the_one_conversion(function):
    converts = hasattr(function, "__wrapped__") and function.__wrapped__.__name__ == function.__name__
    assert converts or function is nn.field_type, "decorate it with scalars.plain_numbers"
