"""The R sources stay files that one reads in one sitting."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "R"
LINES = 400


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.R")), ids=lambda path: path.name)
def test_no_r_file_is_long(path: Path) -> None:
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LINES, f"{path.name} has {count} lines: split it by what a user does"
