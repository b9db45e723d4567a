"""The built R package has the Python code without its docstrings, and nothing else is different."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools/without_docstrings.py"


def without_texts(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.dump(tree, include_attributes=False)


def test_the_code_is_the_same_and_where_it_was():
    emptied = runpy.run_path(str(SCRIPT))["emptied"]
    sources = [path.read_text("utf-8") for path in sorted((ROOT / "python/intertwine/fields").glob("*.py"))]
    sources.append('class A:\n    """Überschrift,\n\n    zwei Zeilen."""\n\n    b = "ü"  # ü\n    """Of b."""\n')
    for source in sources:
        text = emptied(source)
        assert without_texts(text) == without_texts(source)
        assert len(text.splitlines()) == len(source.splitlines())
        assert not any(ast.get_docstring(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef))
