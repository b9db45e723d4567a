"""The label of a subgroup of a subgroup gives the maps of both, one after the other, also where escnn's does not."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from intertwine import compat, errors, group

SO3, O3, ICO = group.so3_group(1), group.o3_group(1), group.ico_group()
TURN = SO3.element(np.array([0.6, 0.0, 0.0, 0.8]), "Q")
TURNED = O3.element((1, np.array([0.0, 0.6, 0.0, 0.8])), "Q")

CASES: list[tuple[group.Group, Any, Any]] = [
    (SO3, ("ico", TURN), (False, 5)),
    (SO3, ("ico", TURN), (True, 3, ICO.elements[7])),
    (SO3, ("ico",), "tetra"),
    (SO3, ("octa", TURN), (True, 4)),
    (SO3, (False, 6), 3),
    (ICO, (True, 5), (None, 5)),
    (ICO, ("ico", ICO.elements[9]), "tetra"),
    (O3, ("cone", -1, TURNED), (0.5, 3)),
    (O3, (True, "ico", TURNED), (1, (False, 3))),
    (O3, (True, True, 4), (1, (None, 4))),
]


@pytest.fixture
def peer() -> Iterator[None]:
    assert compat.install("escnn").group.Group is group.Group
    yield
    compat.uninstall("escnn")


@pytest.mark.usefixtures("peer")
def test_combined_labels_give_the_maps_one_after_the_other() -> None:
    for whole, first, second in CASES:
        middle, outer, _ = whole.subgroup(first)
        inner, inside, _ = middle.subgroup(second)
        label = whole._combine_subgroups(first, second)  # type: ignore[attr-defined]
        found, inclusion, _ = whole.subgroup(label)
        assert found == inner
        assert all(inclusion(e) == outer(inside(e)) for e in inner.testing_elements()), (first, second)
    with pytest.raises(errors.GroupError, match="has no label of its own"):
        O3._combine_subgroups("fulltetra", (1,))  # type: ignore[attr-defined]
