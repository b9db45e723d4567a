"""Names that do not exist: every public module, function and constructor says which one was probably meant."""

from __future__ import annotations

import importlib
import inspect

import pytest

import intertwine
from intertwine import errors, gspaces, nn
from intertwine.group import Group
from intertwine.suggestions import nearest

MODULES = [
    "intertwine",
    *(f"intertwine.{part}" for part in ("deploy", "group", "gspaces", "models", "nn", "study", "training")),
]

FREE = {"Representation", "IrreducibleRepresentation", "field_type"}
"""What takes attributes or numbers of fields by any name."""

OWN_DOMAIN = {"GeometricTensor"}
"""Made in every call of a layer, where a check of names would cost."""

CALLABLES = {
    f"{module}.{name}": getattr(importlib.import_module(f"intertwine.{module}"), name)
    for module in ("group", "gspaces", "models", "nn")
    for name in importlib.import_module(f"intertwine.{module}").__all__
    if name not in FREE | OWN_DOMAIN and callable(getattr(importlib.import_module(f"intertwine.{module}"), name))
}


def plain_data(value: object) -> bool:
    """Whether a class only holds results, which nobody constructs."""
    return isinstance(value, type) and not issubclass(
        value, (nn.EquivariantModule, Group, nn.FieldType, gspaces.GSpace)
    )


@pytest.mark.parametrize("module", MODULES)
def test_modules_suggest_names(module):
    found = importlib.import_module(module)
    for name in found.__all__:
        if name.startswith("__"):
            continue
        wrong = name.swapcase()
        if hasattr(found, wrong):
            continue
        with pytest.raises(AttributeError, match=f"has no '{wrong}'. Did you mean .*'{name}'") as caught:
            getattr(found, wrong)
        assert isinstance(caught.value, errors.MissingNameError)
    with pytest.raises(AttributeError, match="List what there is"):
        found.zzzzqqqq  # noqa: B018
    assert not hasattr(found, "__wrapped__")


@pytest.mark.parametrize("name", [name for name, value in CALLABLES.items() if not plain_data(value)])
def test_calls_suggest_arguments(name):
    function = CALLABLES[name]
    parameters = inspect.signature(function).parameters.values()
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        with pytest.raises(errors.UnknownArgumentError, match="has no argument 'zzzzqqqq'") as caught:
            function(zzzzqqqq=1)
        assert isinstance(caught.value, TypeError)
        assert isinstance(caught.value, ValueError)
    elif not isinstance(function, type) or getattr(function, "takes_more", False):
        # What it does not know goes to a convolution, or to the grid of a group.
        return
    known = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name[0] != "_"]
    for argument in known:
        wrong = argument[:-1] + argument[-1] * 2
        with pytest.raises(errors.UnknownArgumentError, match=f"Did you mean .*'{argument}'"):
            function(**{wrong: 1})


def test_the_issue_of_names():
    space = gspaces.rot2dOnR2(4)
    fields = nn.field_type(space, regular=1)
    with pytest.raises(AttributeError, match="Did you mean 'rot2dOnR2'"):
        gspaces.rot2donR2  # noqa: B018
    with pytest.raises(TypeError, match="Did you mean 'kernel_size'"):
        nn.R2Conv(fields, fields, kernel=3)
    with pytest.raises(ValueError, match="Did you mean 'kernel_size'"):
        nn.R2Conv.spec(kernel=3)
    with pytest.raises(ValueError, match="Did you mean 'regular'"):
        nn.field_type(space, regulr=1)
    with pytest.raises(ImportError):
        from intertwine.nn import R2conv  # noqa: F401


def test_layers_that_ignore_arguments_say_so():
    gates = nn.field_type(gspaces.rot2dOnR2(4), trivial=1, regular=1)
    with pytest.raises(TypeError, match="Did you mean 'drop_gates'"):
        nn.GatedNonLinearity1(gates, drop_gate=False)
    with pytest.warns(UserWarning, match="GatedNonLinearity1 ignores the argument 'verbose'"):
        nn.GatedNonLinearity1(gates, verbose=True)


def test_a_user_s_own_module_takes_what_it_wants():
    class Mine(nn.EquivariantModule):
        def __init__(self, in_type, **options):
            super().__init__()
            self.in_type = self.out_type = in_type
            self.options = options

    fields = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
    assert Mine(fields, anything=3).options == {"anything": 3}


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("rot2d", "rot2dOnR2"),
        ("rot2DonR2", "rot2dOnR2"),
        ("fliprot2dOnR2", "flipRot2dOnR2"),
        ("flip_rot2d_on_r2", "flipRot2dOnR2"),
        ("trivialonR3", "trivialOnR3"),
    ],
)
def test_the_nearest_name_comes_first(wrong, meant):
    assert nearest(wrong, gspaces.__all__)[0] == meant


def test_nothing_is_suggested_for_what_is_like_nothing():
    assert nearest("quaternion", intertwine.__all__) == []
