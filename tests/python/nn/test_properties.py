"""Every layer has every property of a normal module of PyTorch, or a reason why not: see ``docs/layers.md``."""

from __future__ import annotations

import pytest

from ..contracts.cases import over
from ..contracts.layers import LAYERS, REPRESENTATIVES
from ..contracts.properties import PROPERTIES
from ..contracts.table import FILE, entries_of_classes, render

EXTENT = {
    title: ([] if found.slow else REPRESENTATIVES if found.heavy else LAYERS) for title, found in PROPERTIES.items()
}
"""The entries that run by default: in the order of the list."""


def check(title, name):
    found = PROPERTIES[title]
    (found.exception(name) or found).check(name)


@pytest.mark.parametrize("title", [title for title, names in EXTENT.items() if names])
@over("name", LAYERS)
def test_property(title, name):
    if name in EXTENT[title]:
        check(title, name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "name"), [(title, name) for title, names in EXTENT.items() for name in LAYERS if name not in names]
)
def test_property_at_length(title, name):
    check(title, name)


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
