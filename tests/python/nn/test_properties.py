"""Every layer has every property of a normal module of PyTorch, or a reason why not: see ``docs/layers.md``."""

from __future__ import annotations

import pytest

from ..contracts.layers import LAYERS, REPRESENTATIVES
from ..contracts.properties import PROPERTIES
from ..contracts.table import FILE, entries_of_classes, render

CASES = [
    pytest.param(
        title,
        name,
        marks=[pytest.mark.slow] if found.slow or (found.heavy and name not in REPRESENTATIVES) else [],
    )
    for title, found in PROPERTIES.items()
    for name in LAYERS
    if not found.together
]


@pytest.mark.parametrize(("title", "name"), CASES)
def test_property(title, name):
    found = PROPERTIES[title]
    exception = found.exception(name)
    (exception or found).check(name)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["each class", "all"])
@pytest.mark.parametrize("title", [title for title, found in PROPERTIES.items() if found.together])
def test_property_of_all_layers(title, every):
    found = PROPERTIES[title]
    problems = {}
    for name in LAYERS if every else REPRESENTATIVES:
        try:
            (found.exception(name) or found).check(name)
        except Exception as error:
            problems[name] = error
    assert not problems


def test_the_table_in_the_docs_is_what_is_tested():
    text = render()
    assert FILE.read_text() == text, "write it anew: PYTHONPATH=python:tests/python python -m contracts.table"
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    assert len({len(row) for row in rows}) == 1
    assert all(cell.strip() for row in rows for cell in row)
    assert len(rows) == 2 + len(entries_of_classes())


def test_every_layer_has_settings_under_contract():
    assert all(entries_of_classes().values())


def test_exceptions_are_of_some_layer():
    for found in PROPERTIES.values():
        for exception in found.exceptions:
            assert any(exception.holds_for(name) for name in LAYERS), exception.reason
