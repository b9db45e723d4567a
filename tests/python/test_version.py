"""One version in all places."""

import re
from pathlib import Path

import pytest

import intertwine

ROOT = Path(__file__).resolve().parents[2]
VERSION_LINES = {
    "DESCRIPTION": r"^Version: (\S+)$",
    "pyproject.toml": r'^version = "([^"]+)"$',
    "NEWS.md": r"^# intertwine (\S+)$",
}


@pytest.mark.parametrize("name", VERSION_LINES)
def test_version_is_the_package_s(name: str) -> None:
    found = re.search(VERSION_LINES[name], (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{name} states no version"
    assert found.group(1) == intertwine.__version__
