"""Every layer has every property of a normal module of PyTorch, or a reason why not: see ``docs/layers.md``."""

from __future__ import annotations

import pytest

from ..contracts.layers import LAYERS
from ..contracts.properties import PROPERTIES

CASES = [
    pytest.param(title, name, marks=[pytest.mark.slow] if found.slow else [])
    for title, found in PROPERTIES.items()
    for name in LAYERS
]


@pytest.mark.parametrize(("title", "name"), CASES)
def test_property(title, name):
    found = PROPERTIES[title]
    exception = found.exception(name)
    (exception or found).check(name)
