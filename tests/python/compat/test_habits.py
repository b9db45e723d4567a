"""What people write around models of escnn and e2cnn gives the same results here."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import intertwine

PROGRAMS = [Path(__file__).with_name(name) for name in ("habits.py", "habits_of_values.py", "habits_of_e2cnn.py")]
PEERS = ["escnn", "escnn", "e2cnn"]
PRINTED: list[dict[str, Any]] = [json.loads(p.with_suffix(".json").read_text(encoding="utf-8")) for p in PROGRAMS]


def run(*arguments: str) -> dict[str, Any]:
    settings = {**os.environ, "PYTHONPATH": str(Path(intertwine.__file__).parents[1])}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=settings, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def ours() -> list[dict[str, Any]]:
    return [
        run("-m", "intertwine.compat", "--peer", p, str(program)) for p, program in zip(PEERS, PROGRAMS, strict=True)
    ]


def assert_equal(found: Any, expected: Any) -> None:
    """Numbers are equal but for what escnn rounds in float32, everything else exactly."""
    if isinstance(expected, list) and isinstance(found, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_equal(one, other)
    elif isinstance(expected, dict) and isinstance(found, dict):
        assert found.keys() == expected.keys()
        for key in expected:
            assert_equal(found[key], expected[key])
    elif isinstance(expected, float):
        np.testing.assert_allclose(found, expected, atol=2e-4)
    else:
        assert found == expected


def test_each_habit_is_run(ours: list[dict[str, Any]]) -> None:
    assert [list(found) for found in ours] == [list(printed) for printed in PRINTED]
    assert sum(map(len, ours)) >= 95


@pytest.mark.parametrize(("number", "name"), [(n, name) for n, printed in enumerate(PRINTED) for name in printed])
def test_the_result_is_that_of_the_peer(ours: list[dict[str, Any]], number: int, name: str) -> None:
    assert_equal(ours[number][name], PRINTED[number][name])


@pytest.mark.peer
@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_the_peer_prints_what_is_stored(number: int) -> None:
    assert_equal(run(str(PROGRAMS[number])), PRINTED[number])
