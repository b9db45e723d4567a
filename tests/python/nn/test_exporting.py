"""Models of all kinds become plain torch modules."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import ArgumentError, ArgumentTypeError

from ..contracts.layers import relative_error


def kind(n=2):
    return nn.field_type(gspaces.rot2dOnR2(4), regular=n)


def steps():
    return [
        nn.R2Conv(nn.field_type(gspaces.rot2dOnR2(4), trivial=1), kind(), 3),
        nn.InnerBatchNorm(kind()),
        nn.NormNonLinearity(kind()),
        nn.R2Conv(kind(), kind(), 3),
        nn.GroupPooling(kind()),
    ]


class Residual(torch.nn.Module):
    """A module of one's own that passes plain tensors on."""

    def __init__(self):
        super().__init__()
        self.branch = nn.R2Conv(kind(), kind(), 3, padding=1)
        self.more = torch.nn.ModuleList([nn.ReLU(kind()), torch.nn.Dropout(0.5)])
        self.scale = torch.nn.Parameter(torch.tensor(0.5))
        self.nothing = None

    def forward(self, x):
        for module in self.more:
            x = module(x)
        return x + self.scale * self.branch(x)


class Wrapping(torch.nn.Module):
    """One that makes fields of its input, as in the peer's tutorials."""

    def __init__(self):
        super().__init__()
        self.input_type = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
        self.body = nn.SequentialModule(*steps())
        self.head = torch.nn.Linear(2, 3)

    def forward(self, x):
        return self.head(self.body(self.input_type(x)).tensor.mean(dim=(2, 3)))


class OwnLayer(nn.EquivariantModule):
    """An equivariant module of one's own, which is promised fields."""

    def __init__(self):
        super().__init__()
        self.in_type = self.out_type = kind()
        self.conv = nn.R2Conv(kind(), kind(), 3, padding=1)

    def forward(self, x):
        return self.conv(x) + x


MODELS = {
    "a sequence": lambda: nn.SequentialModule(*steps()),
    "a sequence of torch": lambda: torch.nn.Sequential(*steps(), torch.nn.Flatten(), torch.nn.Linear(50, 2)),
    "sequences in each other": lambda: nn.SequentialModule(
        *steps(), torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Flatten()))
    ),
    "a module of one's own": lambda: torch.nn.Sequential(steps()[0], Residual(), nn.GroupPooling(kind())),
    "an equivariant module of one's own": lambda: nn.SequentialModule(steps()[0], OwnLayer()),
    "a dictionary": lambda: torch.nn.Sequential(*torch.nn.ModuleDict(dict(zip("abcde", steps()))).values()),
    "nothing equivariant": lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2)),
}


@pytest.mark.parametrize("name", MODELS)
def test_mixed_models(name):
    torch.manual_seed(0)
    model = MODELS[name]()
    x = torch.randn(3, 1, 9, 9)
    model(x)  # running statistics of its own
    state = {key: value.clone() for key, value in model.state_dict().items()}
    plain = nn.export(model)
    assert model.training
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    assert not any(type(part).__module__.startswith("intertwine") for part in plain.modules())
    assert not any(part.training for part in plain.modules())
    expected = model.eval()(x)
    torch.testing.assert_close(plain(x), expected, atol=1e-5, rtol=1e-5)
    for parameter in plain.parameters():  # the copy shares nothing
        parameter.data.zero_()
    assert torch.equal(model(x), expected)
    if name != "a module of one's own":
        assert type(plain) in (torch.nn.Sequential, torch.fx.GraphModule)


def test_a_module_that_makes_fields_is_recorded_from_an_example():
    model = Wrapping().eval()
    with pytest.raises(ArgumentError, match="example"):
        nn.export(model)
    plain = nn.export(model, torch.zeros(2, 1, 9, 9))
    assert isinstance(plain, torch.fx.GraphModule)
    for shape in ((1, 1, 9, 9), (5, 1, 14, 11)):
        x = torch.randn(shape)
        assert relative_error(plain(x), model(x)) < 1e-5


def test_several_inputs_and_dicts():
    vectors, gates = nn.field_type(gspaces.rot2dOnR2(4), irrep_1=2), nn.field_type(gspaces.rot2dOnR2(4), trivial=2)
    gated = nn.GatedNonLinearity2((gates, vectors))
    a, b = torch.randn(3, 2, 5, 5), torch.randn(3, 4, 5, 5)
    assert relative_error(gated.export()(a, b), gated(a, b)) < 1e-5
    branching = nn.BranchingModule(vectors + gates, ["v", "v", "g", "g"])
    merging = nn.MergeModule([(nn.NormNonLinearity(vectors), "v"), (nn.IdentityModule(gates), "g")])
    x = torch.randn(3, 6, 7, 5)
    parts = branching.export()(x)
    assert {key: torch.equal(value, branching(x)[key]) for key, value in parts.items()} == {"v": True, "g": True}
    assert relative_error(merging.export()(parts), merging(parts)) < 1e-5


def test_what_cannot_be_exported_says_so():
    with pytest.raises(ArgumentTypeError):
        nn.export("model")
    with pytest.raises(ArgumentError, match="example"):
        nn.export(steps()[0], torch.zeros(1, 3, 9, 9))
    with pytest.raises(ArgumentError, match="classes"):
        nn.HeadClasses(kind()).export()


def test_loads_where_intertwine_is_not_installed(tmp_path):
    model = nn.SequentialModule(*steps()).eval()
    x = torch.randn(2, 1, 9, 9)
    torch.save({"model": nn.export(model), "x": x, "y": model(x).detach()}, tmp_path / "plain.pt")
    program = """
import sys
sys.modules["intertwine"] = None  # any import of it fails
import torch
saved = torch.load(sys.argv[1], weights_only=False)
sys.exit(0 if torch.allclose(saved["model"](saved["x"]), saved["y"], atol=1e-5) else 1)
"""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "plain.pt")], env=environment, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def hook(*args, **kwargs):
    return None


def on_a_parameter(module):
    next(module.parameters()).register_hook(hook)


def on_a_gradient(module):
    next(module.parameters()).register_post_accumulate_grad_hook(hook)


def of_this_one(module):
    module.forward = hook


HOOKED = {
    **{
        name: lambda module, name=name: getattr(module, name)(hook)
        for name in (
            "register_forward_hook",
            "register_forward_pre_hook",
            "register_full_backward_hook",
            "register_full_backward_pre_hook",
            "register_state_dict_post_hook",
            "register_state_dict_pre_hook",
            "register_load_state_dict_pre_hook",
            "register_load_state_dict_post_hook",
        )
    },
    "a parameter's": on_a_parameter,
    "a gradient's": on_a_gradient,
    "a forward of one's own": of_this_one,
}


@pytest.mark.parametrize("which", HOOKED)
def test_hooks_are_not_left_behind(which):
    for make in (
        lambda: nn.SequentialModule(*steps()),
        lambda: torch.nn.Sequential(*steps()),
        lambda: nn.SequentialModule(nn.SequentialModule(*steps())),
    ):
        model = make()
        first = next(part for part in model.modules() if isinstance(part, nn.R2Conv))
        HOOKED[which](first)
        with pytest.raises(ArgumentError, match="would not have"):
            nn.export(model)
        with pytest.raises(ArgumentError, match="would not have"):
            nn.export(model, torch.zeros(1, 1, 9, 9))
    inside = nn.NormNonLinearity(nn.field_type(gspaces.rot2dOnR2(4), irrep_1=2))
    inside._modules["_more"] = torch.nn.Linear(1, 1)
    HOOKED[which](inside._modules["_more"])
    with pytest.raises(ArgumentError, match="would not have"):
        inside.export()


def test_hooks_of_parts_that_stay_are_carried():
    seen = []
    model = nn.SequentialModule(*steps(), torch.nn.Flatten(), torch.nn.ReLU())
    model[len(model) - 1].register_forward_hook(lambda *args: seen.append(1))
    nn.export(model)(torch.zeros(1, 1, 9, 9))
    assert seen == [1]


def test_an_export_for_one_size_takes_any_batch_and_names_its_size():
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    model = nn.GroupAverage(nn.field_type(gspaces.rot2dOnR2(8), trivial=1), None, net).eval()
    plain = nn.export(model, torch.zeros(1, 1, 7, 9))  # one sample, which the exporter alone would take for a constant
    x = torch.randn(3, 1, 7, 9)
    assert torch.allclose(plain(x), model(x), atol=1e-6)
    with pytest.raises(RuntimeError, match="images of 7 x 9 pixels"):
        plain(torch.randn(3, 1, 9, 7))
