"""Every public name of the peers is one of ours, an adapter, or missing for a reason."""

import ast
import importlib
import inspect

import pytest

from intertwine import compat

TABLES = {peer: compat.table(peer) for peer in compat.PEERS}
MODULES = [(peer, module) for peer, table in TABLES.items() for module in table.modules]


def test_the_tables_are_of_these_versions() -> None:
    assert {peer: table.version for peer, table in TABLES.items()} == {"escnn": "1.0.11", "e2cnn": "0.2.3"}
    assert sum(len(table.names(module)) for table in TABLES.values() for module in table.modules) > 3000


@pytest.mark.parametrize(("peer", "module"), MODULES)
def test_none_is_missing_without_a_reason(peer: str, module: str) -> None:
    for name, entry in TABLES[peer].names(module).items():
        if entry.home:
            TABLES[peer].value(entry)
        else:
            assert len(entry.reason) > 10, f"{module}.{name} is missing without a reason"


def test_layers_groups_and_spaces_are_all_here() -> None:
    escnn = TABLES["escnn"]
    for module in ("escnn.group", "escnn.gspaces", "escnn.nn", "escnn.nn.init"):
        missing = [name for name, entry in escnn.names(module).items() if not entry.home]
        assert missing == []
    e2cnn = TABLES["e2cnn"]
    for module in ("e2cnn.gspaces", "e2cnn.nn", "e2cnn.group"):
        assert [name for name, entry in e2cnn.names(module).items() if not entry.home] == []


def test_reasons_name_what_there_is() -> None:
    """What a reason says to use exists: dotted names of ours resolve."""
    reasons = {
        entry.reason
        for table in TABLES.values()
        for module in table.modules
        for entry in table.names(module).values()
        if entry.reason
    }
    for reason in reasons:
        for word in reason.replace("(", " ").replace(",", " ").replace(":", " ").split():
            first, _, rest = word.strip(".").partition(".")
            if first in ("nn", "intertwine") and rest:
                home, _, name = (f"intertwine.{word}" if first == "nn" else word).strip(".").rpartition(".")
                assert hasattr(importlib.import_module(home), name), f"{word} in {reason!r}"


def test_adapters_are_used() -> None:
    """No adapter is left over."""
    used = {
        (entry.home, entry.name)
        for table in TABLES.values()
        for module in table.modules
        for entry in table.names(module).values()
    }
    for home in ("bases", "differences", "helpers", "grids", "spaces"):
        module = importlib.import_module(f"intertwine.compat.{home}")
        tree = ast.parse(inspect.getsource(module))
        made = {n.name for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name[0] != "_"}
        assert {name for name in made if (module.__name__, name) not in used} == set()
