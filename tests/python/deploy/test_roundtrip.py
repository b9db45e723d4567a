"""Models come back from their files as they were."""

from __future__ import annotations

import json
import math
import os
import stat

import numpy as np
import pytest
import safetensors
import torch

from intertwine import deploy, gspaces, models, nn
from intertwine.errors import ArgumentError, GaugeError, ModelFileError
from intertwine.group import change_basis, double_group, so2_group, so3_group

from ..contracts.layers import LAYERS, build, features
from ..contracts.lists import FINITE, GSPACES
from ..contracts.lists import SPACES as ALL_SPACES


def sequence(space):
    regular = space.regular_repr
    return nn.SequentialModule(
        nn.field_type(space, trivial=2),
        nn.R2Conv.spec(out={"regular": 3}, kernel_size=3, padding=1),
        nn.InnerBatchNorm.spec(),
        nn.ReLU.spec(),
        nn.PointwiseAvgPoolAntialiased2D.spec(sigma=0.66, stride=2),
        nn.R2Conv.spec(out=[regular, space.irreps[-1], regular + space.trivial_repr], kernel_size=3),
        nn.HeadClasses.spec(n=4),
        torch.nn.Softmax(dim=1),
    )


SPACES = {
    "C1": gspaces.trivialOnR2,
    "C4": lambda: gspaces.rot2dOnR2(4),
    "C6": lambda: gspaces.rot2dOnR2(6),
    "flips": gspaces.flip2dOnR2,
    "D4": lambda: gspaces.flipRot2dOnR2(4),
    "D3 on a slant": lambda: gspaces.flipRot2dOnR2(3, axis=0.3),
    "quaternions": GSPACES["two mirrors, by quaternions"],
}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("saved_in_training", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equivariant_networks(tmp_path, space, saved_in_training, dtype):
    model = sequence(SPACES[space]()).to(dtype)
    x = torch.randn(3, 2, 9, 9, dtype=dtype)
    model(x)  # so that the running statistics are not those of a new network
    model.train(saved_in_training)
    deploy.save(model, tmp_path / "model")
    loaded = deploy.load(tmp_path / "model")
    assert loaded.training == saved_in_training
    assert str(loaded) == str(model)
    assert list(loaded.state_dict()) == list(model.state_dict())
    assert loaded.in_type == model.in_type
    for mode in (False, True):
        assert torch.equal(loaded.train(mode)(x), model.train(mode)(x))
    assert [p.requires_grad for p in loaded.parameters()] == [p.requires_grad for p in model.parameters()]


@pytest.mark.parametrize("name", [name for name, layer in LAYERS.items() if layer.public])
def test_every_layer_comes_back(name):
    module = build(name)
    x = features(name, module)
    torch.manual_seed(5)
    loaded = deploy.load_bytes(deploy.save_bytes(module))
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(torch.rand(1), drawn)  # loading draws no random numbers
    assert loaded.in_type == module.in_type
    assert loaded.out_type == module.out_type
    for mode in (True, False):
        assert torch.equal(loaded.train(mode)(x), module.train(mode)(x))
    assert torch.equal(loaded.double()(x.double()), module.double()(x.double()))


SPATIAL = {
    "SO(3)": gspaces.rot3dOnR3,
    "O(3)": gspaces.flipRot3dOnR3,
    "O(2) of space": gspaces.dihedralOnR3,
    "cylinder": gspaces.cylindricalOnR3,
    "full cylinder": gspaces.fullCylindricalOnR3,
    "cone, moved": lambda: gspaces.conicalOnR3(adjoint=so3_group().element([0.3, 0.2, 0.1], "EV")),
    "I": gspaces.icoOnR3,
    "C2 x O": gspaces.fullOctaOnR3,
    "SO(2) twice": lambda: gspaces.no_base_space(double_group(so2_group(1))),
}


@pytest.mark.parametrize("name", SPATIAL)
def test_every_space_comes_back(name):
    space = SPATIAL[name]()
    module = nn.IdentityModule(nn.FieldType(space, [*space.irreps, space.irreps[0] + space.irreps[-1]]))
    data = deploy.save_bytes(module)
    loaded = deploy.load_bytes(data)
    assert loaded.in_type == module.in_type
    assert str(loaded.in_type) == str(module.in_type)
    assert type(loaded.in_type.fibergroup) is type(space.fibergroup)
    assert loaded.in_type.fibergroup.irreps() == space.fibergroup.irreps()
    assert deploy.save_bytes(loaded) == data


@pytest.mark.parametrize("name", ALL_SPACES)
def test_vectors_of_every_space_come_back(name):
    kind = nn.field_type(ALL_SPACES[name](), trivial=1, vector=2, pseudovector=1, pseudoscalar=1)
    data = deploy.save_bytes(nn.IdentityModule(kind))
    loaded = deploy.load_bytes(data).in_type
    assert loaded == kind
    assert str(loaded) == str(kind)
    for g in list(kind.testing_elements)[:8]:
        torch.testing.assert_close(loaded.fiber_representation(g), kind.fiber_representation(g), atol=1e-7, rtol=0)
    assert deploy.save_bytes(deploy.load_bytes(data)) == data


@pytest.mark.parametrize("name", FINITE)
def test_every_finite_group_comes_back(name):
    space = gspaces.no_base_space(FINITE[name]())
    module = nn.IdentityModule(nn.FieldType(space, space.irreps))
    data = deploy.save_bytes(module)
    loaded = deploy.load_bytes(data)
    assert loaded.in_type == module.in_type
    assert str(loaded.in_type) == str(module.in_type)
    assert type(loaded.in_type.fibergroup) is type(space.fibergroup)
    assert str(loaded.in_type.fibergroup.elements) == str(space.fibergroup.elements)
    assert deploy.save_bytes(loaded) == data


@pytest.mark.filterwarnings("ignore::intertwine.errors.EquivarianceWarning")  # any elements will do here
@pytest.mark.parametrize("name", ["C8", "D4", "SO(2)", "O(2)", "SO(3)", "O(3)"])
def test_grids_of_elements_come_back(name):
    rng = np.random.default_rng(0)
    space = {
        "C8": lambda: gspaces.rot2dOnR2(8),
        "D4": lambda: gspaces.flipRot2dOnR2(4),
        "SO(2)": lambda: gspaces.rot2dOnR2(-1),
        "O(2)": lambda: gspaces.flipRot2dOnR2(-1),
        "SO(3)": gspaces.rot3dOnR3,
        "O(3)": gspaces.flipRot3dOnR3,
    }[name]()
    G = space.fibergroup
    elements = [G.sample(rng) for _ in range(12)] if G.continuous else list(G.elements)[:5]
    layer = nn.FourierELU(space, 2, [psi.id for psi in space.irreps[:3]], grid=elements)
    loaded = deploy.load_bytes(deploy.save_bytes(layer))
    assert loaded.arguments["grid"] == elements
    assert torch.equal(loaded.A, layer.A)


def test_bytes_are_reproducible_and_small():
    model = models.equivariant_cnn(1, 10, gspaces.rot2dOnR2(8), widths=(8, 16, 16))
    data = deploy.save_bytes(model, {"b": 1, "a": 2})
    assert data == deploy.save_bytes(model, {"b": 1, "a": 2})
    assert data == deploy.save_bytes(deploy.load_bytes(data), {"b": 1, "a": 2})
    weights = sum(v.numel() * v.element_size() for v in model.state_dict().values())
    assert len(data) < 1.2 * weights


def test_a_representation_of_ones_own():
    space = gspaces.rot2dOnR2(4)
    angle = 0.3
    matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    rho = change_basis(space.irrep(1), matrix @ np.diag([1.0, -1.0]), "mirrored")
    model = nn.R2Conv(nn.field_type(space, regular=1), nn.FieldType(space, [rho, rho]), 3)
    loaded = deploy.load_bytes(deploy.save_bytes(model))
    x = torch.randn(1, 4, 5, 5)
    assert torch.equal(loaded(x), model(x))
    assert loaded.out_type == model.out_type
    assert loaded.out_type.representations[0].name == "mirrored"


def test_restriction_half_way_up():
    space = gspaces.flipRot2dOnR2(4)
    below = nn.field_type(space, regular=2)
    restriction = nn.RestrictionModule(below, (0, 1))
    model = nn.SequentialModule(restriction, nn.DisentangleModule(restriction.out_type))
    x = torch.randn(1, below.size, 5, 5)
    assert torch.equal(deploy.load_bytes(deploy.save_bytes(model))(x), model(x))


PLAIN = {
    "conv": lambda: torch.nn.Conv2d(2, 4, (3, 1), stride=2, padding="valid", dilation=1, groups=2, bias=False),
    "transposed": lambda: torch.nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1),
    "norms": lambda: torch.nn.Sequential(
        torch.nn.BatchNorm2d(2, affine=False, momentum=None), torch.nn.GroupNorm(1, 2), torch.nn.InstanceNorm2d(2)
    ),
    "layer norm": lambda: torch.nn.LayerNorm([2, 9, 9], bias=False),
    "activations": lambda: torch.nn.Sequential(
        torch.nn.LeakyReLU(0.3), torch.nn.PReLU(2), torch.nn.Softplus(beta=2.0), torch.nn.Hardtanh(-2.0, 3.0)
    ),
    "pools": lambda: torch.nn.Sequential(
        torch.nn.MaxPool2d(2, stride=1), torch.nn.AvgPool2d(3, 1, 1), torch.nn.AdaptiveAvgPool2d((3, None))
    ),
    "shapes": lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Unflatten(1, (2, 81)), torch.nn.Linear(81, 3)),
    "upsample": lambda: torch.nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "one layer twice": lambda: torch.nn.Sequential(*[torch.nn.Conv2d(2, 2, 3)] * 2),
}


@pytest.mark.parametrize("name", PLAIN)
def test_layers_of_torch(name):
    module = PLAIN[name]().eval()
    loaded = deploy.load_bytes(deploy.save_bytes(module))
    x = torch.randn(2, 2, 9, 9)
    assert torch.equal(loaded(x), module(x))
    assert str(loaded) == str(module)


def test_one_layer_twice_is_still_one():
    loaded = deploy.load_bytes(deploy.save_bytes(PLAIN["one layer twice"]()))
    assert loaded[0] is loaded[1]


def test_frozen_parameters_stay_frozen():
    module = torch.nn.Sequential(torch.nn.Linear(2, 3).requires_grad_(False), torch.nn.Linear(3, 1))
    loaded = deploy.load_bytes(deploy.save_bytes(module))
    assert [p.requires_grad for p in loaded.parameters()] == [False, False, True, True]


def test_a_head_without_classes():
    space = gspaces.rot2dOnR2(4)
    model = nn.HeadClasses(nn.field_type(space, regular=2))
    assert deploy.load_bytes(deploy.save_bytes(model)).is_open


def test_extra(tmp_path):
    extra = {
        "levels": ["Katze", "Übung", "猫", ""],
        "history": [{"epoch": 1, "loss": 0.1 + 0.2}],
        "size": [1, 29, 29],
        "none": None,
        "yes": True,
    }
    deploy.save(torch.nn.Linear(2, 1), tmp_path / "model", extra=extra)
    assert deploy.read_extra(tmp_path / "model") == extra
    assert deploy.read_extra((tmp_path / "model").read_bytes()) == extra
    assert deploy.read_extra(deploy.save_bytes(torch.nn.Linear(2, 1))) == {}


def test_any_safetensors_reader_finds_the_weights(tmp_path):
    module = torch.nn.Linear(2, 1)
    deploy.save(module, tmp_path / "model.safetensors")
    with safetensors.safe_open(str(tmp_path / "model.safetensors"), framework="pt") as file:
        assert torch.equal(file.get_tensor("state.weight"), module.weight)
        assert json.loads(file.metadata()["intertwine"])["format"] == 1


def filtered():
    fields = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
    return nn.R2Conv(fields, fields, 3, basis_filter=lambda info: True)


REFUSED = {
    "a layer with a function": (filtered, "basis_filter"),
    "no module": (lambda: "model", "torch module"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_file_cannot_hold_is_refused_when_saving(tmp_path, name):
    make, words = REFUSED[name]
    with pytest.raises(ArgumentError, match=words):
        deploy.save(make(), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extra", [{"f": print}, {"x": torch.zeros(1)}, {1: "a"}, ["a"]])
def test_extra_of_other_kinds_is_refused(extra):
    with pytest.raises(ArgumentError, match="extra"):
        deploy.save_bytes(torch.nn.Linear(1, 1), extra)


def test_an_old_file_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    path = tmp_path / "model"
    deploy.save(torch.nn.Linear(2, 1), path, {"which": "old"})

    def fail(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(ModelFileError, match="No space"):
            deploy.save(torch.nn.Linear(2, 1), path, {"which": "new"})
    assert deploy.read_extra(path) == {"which": "old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]
    deploy.save(torch.nn.Linear(2, 1), path, {"which": "new"})
    assert deploy.read_extra(path) == {"which": "new"}
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_no_such_folder(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be written"):
        deploy.save(torch.nn.Linear(2, 1), tmp_path / "absent" / "model")
    with pytest.raises(ModelFileError, match="cannot be read"):
        deploy.load(tmp_path / "absent")
    with pytest.raises(ModelFileError, match="folder"):
        deploy.load(tmp_path)


def test_another_gauge_is_an_error(monkeypatch):
    from intertwine.deploy import files

    data = deploy.save_bytes(torch.nn.Linear(2, 1))
    monkeypatch.setattr(files, "GAUGE_VERSION", files.GAUGE_VERSION + 1)
    with pytest.raises(GaugeError, match="gauge"):
        deploy.load_bytes(data)
    with pytest.raises(GaugeError):
        deploy.read_extra(data)
