"""Positions in messages are data: from 0 in Python, from 1 where the bridge to R tells them."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import intertwine
from intertwine import nn
from intertwine._r import fields as _fields  # noqa: F401 - it knows the words for field types
from intertwine._r.crossing.calls import describe
from intertwine.errors import ArgumentError, EquivarianceWarning, IntertwineError, Words
from intertwine.fields import field_type
from intertwine.group import group_from_matrices, group_from_permutations, group_from_table
from intertwine.gspaces import rot2dOnR2
from intertwine.nn.conv.graph import check_edges, need_finite
from intertwine.training import fit


def _model(outputs: int) -> torch.nn.Module:
    return torch.nn.Linear(2, outputs)


PROGRAMS: dict[str, Callable[[], object]] = {
    "coordinates": lambda: need_finite(torch.tensor([[0.0], [torch.nan]]), "coords"),
    "edges": lambda: check_edges(torch.tensor([[0, 3], [1, 1]]), 3),
    "steps": lambda: nn.SequentialModule(
        nn.ReLU(field_type(rot2dOnR2(4), regular=1)), nn.ReLU(field_type(rot2dOnR2(4), regular=2))
    ),
    "axis": lambda: field_type(rot2dOnR2(4), trivial=1)(torch.zeros(1, 2, 3, 3)),
    "fields": lambda: field_type(rot2dOnR2(4), trivial=2).index_select([3]),
    "order": lambda: nn.ReshuffleModule(field_type(rot2dOnR2(4), trivial=2), [0, 2]),
    "generators": lambda: group_from_matrices([np.eye(2), 2 * np.eye(2)]),
    "permutations": lambda: group_from_permutations([[0, 1], [1, 1]]),
    "table": lambda: group_from_table([[0, 1], [1, 1]]),
    "samples": lambda: fit(_model(1), torch.tensor([[0.0, 0.0], [torch.nan, 0.0]]), torch.zeros(2)),
    "classes": lambda: fit(_model(2), torch.zeros(3, 2), torch.tensor([0, 1, 2])),
    "told classes": lambda: fit(_model(2), torch.zeros(3, 2), torch.tensor([0, 1, 2]), n_classes=2),
    "weights": lambda: fit(_model(2), torch.zeros(2, 2), torch.tensor([0, 1]), class_weights={2: 1.0}),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_positions_are_data_and_r_counts_from_one(name: str) -> None:
    with pytest.raises(IntertwineError) as caught:
        PROGRAMS[name]()
    error = caught.value
    assert error.positions
    told = describe(error)
    for key, position in error.positions.items():
        assert str(position) in str(error)
        shifted = [n + 1 for n in position] if isinstance(position, list) else position + 1
        assert told["positions"][key] == str(shifted)
        assert str(shifted) in f"{told['message']} {told['hint']}"
    assert copy.copy(error).text_for(first=1) == error.text_for(first=1)


def test_paths_and_warnings_count_too() -> None:
    warning = EquivarianceWarning("layer {layer} is not exact", {"layer": "1.blocks.0.conv"})
    assert str(warning) == "Layer 1.blocks.0.conv is not exact."
    assert warning.text_for(first=1) == "Layer 2.blocks.1.conv is not exact."


def test_each_language_has_its_words_for_parts_of_messages() -> None:
    type_ = field_type(rot2dOnR2(4), trivial=2, regular=1)
    error = ArgumentError("{type} at {row}", Words("see a.b", r="see a_b()"), {"row": 0}, {"type": type_})
    assert (error.message, error.hint) == (f"{type_} at 0.", "See a.b.")
    told = describe(error)
    assert told["message"] == "C4 on R^2: 2 x trivial + 1 x regular = 6 channels at 1."
    assert told["hint"] == "See a_b()."
    again = copy.copy(error)
    renamed = error.with_message(ArgumentError, "{type} at {row}")
    assert again.text_for(first=0) == error.text_for(first=0) == renamed.text_for(first=0)


def test_braces_of_other_text_stay() -> None:
    error = ArgumentError("{a} of {row}", positions={"row": 1})
    assert str(error) == "{a} of 1."


_SPOKEN = re.compile(r"\b(row|column|sample|node|axis|step|generator|class number|input field) $", re.IGNORECASE)


def _spoken(tree: ast.AST) -> list[str]:
    """Texts that name a place right before a value that is written into them."""
    found = []
    for text in ast.walk(tree):
        if isinstance(text, ast.JoinedStr):
            for before, after in zip(text.values, text.values[1:], strict=False):
                if isinstance(before, ast.Constant) and isinstance(after, ast.FormattedValue):
                    found += [hit[0] for hit in [_SPOKEN.search(str(before.value))] if hit]
    return found


def test_no_message_writes_a_position_into_its_text() -> None:
    """It would be told to R users as it counts in Python."""
    folder = Path(intertwine.__file__).parent
    paths = [path for path in sorted(folder.rglob("*.py")) if not {"_r", "study"} & set(path.parts)]
    found = {path.name: hits for path in paths if (hits := _spoken(ast.parse(path.read_text("utf-8"))))}
    assert not found
    assert _spoken(ast.parse("f'in row {n}'")) == ["row "]
