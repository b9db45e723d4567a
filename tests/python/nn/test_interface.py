"""The names, parameters and defaults of escnn's ``nn``: a program written against them finds them all here."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest
import torch

from intertwine import gspaces, nn

INTERFACE = json.loads((Path(__file__).parent / "peer_interface.json").read_text())
"""What `inspect` says of the peer: parameters are names, or pairs of a name and a default as Python writes it."""

CLASSES = INTERFACE["classes"]
MEMBERS = [(name, member) for name, found in CLASSES.items() for member in found["members"]]

OTHER_DEFAULTS = {
    # tolerances follow the dtype, nothing is printed whatever `verbose` says, and a module stays on its device
    "check_equivariance": {"atol", "rtol", "verbose", "device"},
}
BY_NAME = {"assert_raise", "full_space_action"}
"""Third parameters of single layers of the peer; here all layers have one signature, in which they are keywords."""

POSITIONAL = {
    # the base class takes several inputs as they come; programs call modules by position, as those of torch
    ("GatedNonLinearity2", "forward"),
}


def written(parameters):
    return [tuple(entry) if isinstance(entry, list) else (entry, None) for entry in parameters]


def ours(function):
    return inspect.signature(function).parameters


def value_of(text):
    """A default as the peer's `inspect` prints it."""
    if text == "torch.sigmoid":
        return torch.sigmoid
    return eval(text, {})  # noqa: S307 - literals of a file beside this one


def check(parameters, expected, free_defaults=()):
    names = list(parameters)
    position = 0
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    positional = [
        name
        for name, p in parameters.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY) and name != "self"
    ]
    keyword_only = False
    for name, default in expected:
        if name.startswith("**"):
            assert takes_any, f"no {name}"
            continue
        if name.startswith("*"):
            assert any(p.kind is p.VAR_POSITIONAL for p in parameters.values()), f"no {name}"
            keyword_only = True
            continue
        if name not in names:
            assert takes_any, f"no parameter {name!r}: {names}"
            continue
        if not keyword_only and name not in BY_NAME:
            assert positional[position] == name, f"{name!r} is not number {position}: {positional}"
            position += 1
        found = parameters[name].default
        if default is None:
            continue
        assert found is not inspect.Parameter.empty, f"{name!r} has no default"
        if name not in free_defaults:
            assert found == value_of(default), f"{name!r} is {found!r} by default, and {default} there"
    for name, parameter in parameters.items():
        extra = name != "self" and name not in {entry.lstrip("*") for entry, _ in expected}
        needed = parameter.default is inspect.Parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        )
        assert not (extra and needed), f"{name!r} must be given here, and is unknown there"


@pytest.mark.parametrize("name", CLASSES)
def test_constructors(name):
    assert name in nn.__all__
    check(ours(getattr(nn, name).__init__), written(CLASSES[name]["parameters"]))


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_members(name, member):
    cls = getattr(nn, name)
    declared = {key for part in cls.__mro__ for key in getattr(part, "__annotations__", {})}
    assert hasattr(cls, member) or member in declared, f"{name}.{member} is missing"
    expected = CLASSES[name]["members"][member]
    if expected is None:
        return
    if (name, member) in POSITIONAL:
        kinds = [parameter.kind for parameter in ours(getattr(cls, member)).values()]
        assert inspect.Parameter.VAR_POSITIONAL in kinds
        return
    found = getattr(cls, member)
    assert callable(found), f"{name}.{member} is no method"
    check(ours(found), written(expected), OTHER_DEFAULTS.get(member, ()))


def test_the_peers_ways_of_asking_for_a_check():
    space = gspaces.rot2dOnR2(4)
    relu = nn.ReLU(nn.field_type(space, regular=1))
    uneven = nn.PointwiseAvgPool2D(nn.field_type(space, regular=1), 2, stride=2)
    image = torch.randn(1, 4, 7, 7)
    for options in ({"assertion": False, "verbose": True, "device": "cpu"}, {"assert_raise": False}):
        assert not uneven.check_equivariance(x=image, **options).passed
    with pytest.raises(AssertionError):
        uneven.check_equivariance(1e-6, 1e-5, x=image)
    report = relu.check_equivariance(full_space_action=False)
    assert report.passed
    assert report.input_shape == (3, 4, 1, 1)


@pytest.mark.parametrize("name", INTERFACE["functions"])
def test_functions(name):
    found = getattr(nn, name, None) or getattr(nn.init, name)
    check(ours(found), written(INTERFACE["functions"][name]))


LAYERS = [
    cls for name in nn.__all__ if inspect.isclass(cls := getattr(nn, name)) and issubclass(cls, nn.EquivariantModule)
]


@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_help_describes_every_argument(cls):
    text = inspect.getdoc(cls)
    for name in inspect.signature(cls).parameters:
        assert len(re.findall(rf"^    \*{{0,2}}{name}: \S", text, re.MULTILINE)) == 1, f"{cls.__name__}: {name}"
