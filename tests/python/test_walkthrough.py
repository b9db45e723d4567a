"""The walk-through: the exact numbers of the first issue, alike in Python and in R through reticulate."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

EXACT = """\
group C1
group C4
group C2
group D4
C4|[irrep_0]:1
C4|[irrep_1]:2
C4|[irrep_2]:1
C4|[regular]:4
1[2pi/4]
irrep 1 at a quarter turn: 0 -1 1 0
regular representation: 0 0 0 1 1 0 0 0 0 1 0 0 0 0 1 0
conv: 2 12 30 30
turned by 90 degrees: 1 1 1 1 0 1 2 3 0 1 4 9 0 1 8 27
turned by 180 degrees: 1 3 9 27 1 2 4 8 1 1 1 1 1 0 0 0
turned by 270 degrees: 27 8 1 0 9 4 1 0 3 2 1 0 1 1 1 1
turned by 360 degrees: 0 0 0 1 1 1 1 1 8 4 2 1 27 9 3 1
equivariant: 1
model: 1 4 11 11
spatial pooling: 1 4 1 1
""".splitlines()

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are in the repository alone")


@pytest.fixture(scope="module")
def python_lines() -> list[str]:
    pytest.importorskip("sklearn")
    # A process of its own: a group lists the representations that were made of it before, as in escnn.
    run = subprocess.run(
        [sys.executable, str(EXAMPLES / "walkthrough.py")], capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def values(lines: list[str], name: str) -> list[list[float]]:
    return [[float(v) for v in line.split(": ")[1].split()] for line in lines if line.startswith(name + ":")]


def test_the_numbers_are_those_of_the_issue(python_lines: list[str]) -> None:
    assert python_lines[: len(EXACT)] == EXACT
    four, turned = values(python_lines, "four numbers")[0], values(python_lines, "of the turned image")
    # the channels of a regular field move on by one place, and the greatest of them stays
    assert turned[0] == pytest.approx(four[-1:] + four[:-1], abs=2e-4)
    assert turned[1] == pytest.approx(values(python_lines, "one number")[0], abs=2e-4)
    assert values(python_lines, "accuracy above one half") == [[1]]
    assert values(python_lines, "same scores in the mirror") == [[1]]
    assert values(python_lines, "same scores turned") == [[0]]


def test_the_same_program_in_r_through_reticulate_prints_the_same(python_lines: list[str]) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("there is no R here")
    here = {**os.environ, "RETICULATE_PYTHON": sys.executable}
    # reticulate 1.28 leaves the arrays of NumPy 2 unconverted, with or without a word
    probe = "quit(status = !is.array(reticulate::import('numpy')$zeros(c(2L, 2L))))"
    if subprocess.run([rscript, "-e", probe], env=here, capture_output=True, check=False).returncode != 0:
        pytest.skip("R has no reticulate that works with this Python")
    script = EXAMPLES / "walkthrough-reticulate.R"
    run = subprocess.run([rscript, str(script)], env=here, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    theirs = run.stdout.splitlines()
    assert theirs[: len(EXACT)] == EXACT
    assert len(theirs) == len(python_lines)
    for ours, other in zip(python_lines[len(EXACT) :], theirs[len(EXACT) :], strict=True):
        name, numbers = ours.split(": ")
        assert other.split(": ")[0] == name
        # trained weights may differ in the last digits where the two sides use other numbers of threads
        assert [float(v) for v in other.split(": ")[1].split()] == pytest.approx(
            [float(v) for v in numbers.split()], abs=2e-3
        )
