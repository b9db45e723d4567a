"""The programs of docs/own-modules.md run as they stand, and print what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
import torch

PAGE = Path(__file__).resolve().parents[3] / "docs" / "own-modules.md"


@pytest.mark.skipif(not PAGE.is_file(), reason="the page is in the repository alone")
def test_the_page_runs():
    torch.manual_seed(0)
    # The fences of Markdown are no output.
    text = PAGE.read_text("utf-8").replace("```python\n", "\n").replace("```\n", "\n")
    examples = doctest.DocTestParser().get_doctest(text, {"__name__": "own_modules"}, PAGE.name, str(PAGE), 0)
    assert len(examples.examples) > 15
    failures: list[str] = []
    doctest.DocTestRunner().run(examples, out=failures.append)
    assert not failures, "".join(failures)
