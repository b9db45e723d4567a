"""The names and parameters of escnn's ``group`` and ``gspaces`` (facts of its interface, October 2024) are all here."""

import inspect
import json
from pathlib import Path

import pytest

from intertwine import group, gspaces

INTERFACE = json.loads((Path(__file__).parent / "interface.json").read_text())
MODULES = {"group": group, "gspaces": gspaces}
ENTRIES = [(module, name) for module, entries in INTERFACE.items() for name in entries]

# The bases of kernels are escnn's internals (`escnn.kernels`).
INTERNAL = {"build_kernel_basis", "build_fiber_intertwiner_basis"}

# Groups are made by their factories: these constructors take groups, not the names of classes.
MADE_BY_FACTORIES = {"DirectProductGroup", "DoubleGroup"}


def accepts(function, parameters, irrep_names=()):
    found = inspect.signature(function).parameters
    anything = any(p.kind is p.VAR_KEYWORD for p in found.values())
    for name, default in parameters:
        if name.startswith("*"):
            continue
        assert name in found or name in irrep_names or (anything and not irrep_names), f"{function} takes no {name}"
        if name in found and default is not None and found[name].default is not inspect.Parameter.empty:
            expected = "()" if default == "[]" else default.strip("'")
            assert str(found[name].default) == expected, (function, name)


@pytest.mark.parametrize(("module", "name"), ENTRIES)
def test_names_and_parameters(module, name):
    facts, ours = INTERFACE[module][name], getattr(MODULES[module], name)
    if facts["kind"] == "def":
        accepts(ours, facts["args"])
        order = list(inspect.signature(ours).parameters)
        assert order[: len(facts["args"])] == [p for p, _ in facts["args"]]
        return
    if name not in MADE_BY_FACTORIES:
        accepts(ours, facts["args"])
    for member, parameters in facts["members"].items():
        if member in INTERNAL:
            continue
        assert hasattr(ours, member), f"{name} has no {member}"
        if parameters is not None and callable(getattr(ours, member)):
            names = getattr(ours, "IRREP_PARAMETERS", ()) if member == "irrep" else ()
            accepts(getattr(ours, member), parameters, names)
