"""What prints does not depend on how NumPy and torch were told to print arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import GroupError
from intertwine.group import FiniteGroup, Group

from ..contracts.layers import LAYERS, build
from ..contracts.lists import FINITE, GSPACES, REPRESENTATIONS
from .test_continuous import GROUPS as CONTINUOUS

GROUPS: dict[str, Callable[[], Group]] = {**FINITE, **CONTINUOUS}

NUMPY = [
    {
        "precision": 1,
        "threshold": 1,
        "edgeitems": 1,
        "linewidth": 10,
        "suppress": True,
        "sign": "+",
        "floatmode": "fixed",
    },
    {"formatter": {"all": lambda value: "?"}},
    {"legacy": "1.13"},
]


@contextmanager
def hostile(**options: Any) -> Iterator[None]:
    """NumPy's and torch's options as no one expects them."""
    torch.set_printoptions(precision=1, threshold=1, edgeitems=1, linewidth=10, sci_mode=True)
    try:
        with np.printoptions(**options):
            yield
    finally:
        torch.set_printoptions(profile="default")


def printed(*values: object) -> list[str]:
    return [text for value in values for text in (repr(value), str(value), f"{value}")]


def check(make: Callable[[], list[object]]) -> None:
    """Raises unless what was made, and what is made anew, prints alike under all options."""
    made = make()
    expected = printed(*made)
    for options in NUMPY:
        with hostile(**options):
            assert printed(*made) == expected
            assert printed(*make()) == expected


def of_group(G: Group) -> list[object]:
    elements = G.elements[:12] if isinstance(G, FiniteGroup) else list(G.testing_elements())[:12]
    random = [G.sample(np.random.default_rng(0)) for _ in range(2)]
    finite: list[object] = [G.character_table, *G.subgroups()] if isinstance(G, FiniteGroup) and G.order() <= 24 else []
    return [G, *elements, *random, G.irreps(), G.homspace(G.subgroup_trivial_id), *finite]


@pytest.mark.parametrize("name", GROUPS)
def test_groups_elements_and_irreps(name):
    check(lambda: of_group(GROUPS[name]()))


def test_representations():
    check(lambda: [build() for build in REPRESENTATIONS.values()])


def test_spaces_and_types():
    spaces = [
        *(build() for build in GSPACES.values()),
        gspaces.rot2dOnR2(-1),
        gspaces.rot3dOnR3(),
        gspaces.flipRot3dOnR3(),
    ]
    check(lambda: [value for space in spaces for value in (space, nn.FieldType(space, [space.trivial_repr] * 3))])


def test_errors_that_name_an_element():
    inverted = group.o3_group().element((1, [0.3, -0.5, 0.2]), "EV")

    def message() -> list[object]:
        with pytest.raises(GroupError) as caught:
            group.so3_group().element(inverted)
        return [str(caught.value)]

    check(message)


def test_an_element_of_o3_prints_as_its_matrix():
    with np.printoptions(linewidth=10, precision=1):
        lines = str(group.o3_group().element((1, [0.0, 0.0, np.pi / 2]), "EV")).splitlines()
    assert lines == ["     [ 0., -1.,  0.],", "(-), [ 1.,  0.,  0.],", "     [ 0.,  0.,  1.]"]


def test_layers():
    made = [build(name) for name in LAYERS]
    check(lambda: made)
