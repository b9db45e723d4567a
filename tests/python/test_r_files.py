"""The R sources stay files that one reads in one sitting, and each help page has a place on the web pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "R"
LINES = 400
SELECTORS = {"starts_with": "^{}", "ends_with": "{}$", "matches": "{}"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.R")), ids=lambda path: path.name)
def test_no_r_file_is_long(path: Path) -> None:
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LINES, f"{path.name} has {count} lines: split it by what a user does"


def chosen_by(entry: str, topic: str) -> bool:
    """Whether an entry of _pkgdown.yml, a name or a selector of pkgdown, chooses a help page."""
    call = re.fullmatch(r"(\w+)\(\"(.*)\"\)", entry)
    if call is None:
        return entry == topic
    text = call[2] if call[1] == "matches" else re.escape(call[2])
    return re.search(SELECTORS[call[1]].format(text), topic) is not None


def test_the_web_pages_list_every_help_page() -> None:
    entries = re.findall(r"^  - (.+)$", (ROOT / "_pkgdown.yml").read_text(encoding="utf-8"), re.MULTILINE)
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "man").glob("*.Rd")}
    topics = {
        stem: re.findall(r"^\\(?:name|alias)\{(.+)\}$", text, re.MULTILINE)
        for stem, text in pages.items()
        if r"\keyword{internal}" not in text
    }
    missing = [s for s, names in topics.items() if not any(chosen_by(entry, n) for entry in entries for n in names)]
    assert not missing, f"add to _pkgdown.yml: {', '.join(sorted(missing))}"
    every = [name for names in topics.values() for name in names] + ["intertwine-package"]
    idle = [entry for entry in entries if not any(chosen_by(entry, name) for name in every)]
    assert not idle, f"these of _pkgdown.yml choose nothing: {', '.join(idle)}"
