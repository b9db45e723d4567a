"""Empties the docstrings of the Python files in a folder: python tools/without_docstrings.py FOLDER.

For the built R package, whose users read the pages of R: R CMD check notes packages of more than 5 MB. Every other line stays
as it is and where it is, so that errors name the lines of the sources.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path


def emptied(source: str) -> str:
    """The source with "" in place of each text that stands alone, in as many lines.

    Args:
        source: of a Python file.

    Example:
        >>> emptied('x = 1' + chr(10) + '\"\"\"Two' + chr(10) + 'lines.\"\"\"' + chr(10) + 'y = 2')
        'x = 1\\n""\\n\\ny = 2'
    """
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    found = b"".join(lines)
    texts = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    for node in sorted(texts, key=lambda node: node.lineno, reverse=True):
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        first, last = starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column
        found = found[:first] + b'""' + b"\n" * (end_line - node.lineno) + found[last:]
    return found.decode()


def main(folder: str) -> None:
    """Empties the docstrings of all files of a folder in place."""
    for path in Path(folder).rglob("*.py"):
        source = path.read_text("utf-8")
        text = emptied(source)
        if len(text.splitlines()) != len(source.splitlines()):
            raise SystemExit(f"{path}: lines have moved")
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
