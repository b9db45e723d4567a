"""Reads the library's imports: each layer may use only the layers before it (design, section 4)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intertwine"

# Every row may import from the rows above it; parts of one row not from each other.
LAYERS: list[set[str]] = [
    {"errors", "gauge", "scalars"},
    {"budget"},
    {"disk", "memory", "suggestions"},
    {"group"},
    {"kernels"},
    {"gspaces"},
    {"fields"},
    {"nn"},
    {"models", "testing", "plot", "deploy", "training"},
    {"study", "cli", "__main__"},
    {"_r"},
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
NUMERIC = {"numpy", "scipy"}
# Which third-party packages a part may import beside torch, numpy and scipy.
EXTRAS = {
    "deploy": {"safetensors"},
    "models": set(),
    "plot": {"matplotlib"},
    "study": {"matplotlib", "sklearn", "PIL"},
    "training": {"filelock", "lightning", "torchmetrics", "PIL"},
    "_r": {"matplotlib", "PIL", "sklearn"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    """The layer that a file is in: ``nn`` for nn/conv.py, ``errors`` for errors.py, "" for the package itself."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a file imports, at its top or within a function."""
    here = ("intertwine", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = list(here[: len(here) - node.level]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def calls_of(path: Path, name: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(PACKAGE.parent)}:{line}"


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_every_part_has_a_layer(path: Path) -> None:
    assert part_of(path) in {"", *RANK}, f"{part_of(path)} is in no layer: add it to LAYERS where it belongs"


def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    if not part:
        return  # the package's own __init__ gathers what is public
    back = []
    for line, name in imported(path):
        target = name.split(".")[1] if name.startswith("intertwine.") else None
        if target in RANK and target != part and RANK[target] >= RANK[part]:
            back.append(f"{where(path, line)} imports {name}")
    assert not back, f"{part} may not import what comes after it: {back}"


def test_third_party_packages_are_the_declared_ones(path: Path) -> None:
    part = part_of(path)
    allowed = {"intertwine", *NUMERIC, *EXTRAS.get(part, set())}
    if not part or RANK[part] >= RANK["kernels"]:
        allowed.add("torch")
    foreign = [
        f"{where(path, line)} imports {name}"
        for line, name in imported(path)
        if name.split(".")[0] not in allowed and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert not foreign, f"{part or 'intertwine'} may import only {sorted(allowed)}: {foreign}"


def test_no_star_imports(path: Path) -> None:
    assert not [where(path, line) for line, name in imported(path) if name.endswith(".*")]


def test_nothing_prints(path: Path) -> None:
    """R prints, and so do programs; a library returns (output from Python does not reach an R document)."""
    if part_of(path) in {"cli", "__main__"}:
        return
    assert not [where(path, line) for line in calls_of(path, "print")]


def test_no_bare_assert(path: Path) -> None:
    """An assert says nothing to a user and vanishes under ``python -O``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [where(path, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Assert)]
