"""Reads the library's imports: each layer may use only the layers before it (docs/architecture.md)."""

import ast
import functools
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from .contracts.cases import over

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intertwine"

# Every row may import from the rows above it; parts of one row not from each other.
LAYERS: list[set[str]] = [
    {"errors", "gauge", "public", "numpy_scalars"},
    {"budget", "checks"},
    {"disk", "memory", "suggestions"},
    {"group"},
    {"kernels"},
    {"gspaces"},
    {"fields"},
    {"nn"},
    {"models", "testing", "plot", "deploy", "training"},
    {"study"},
    {"_r", "compat", "__main__"},
]
# Within a part, a file's folder says what it may import: from its own room and from the rooms before it ("" is the part's root).
ROOMS: dict[str, list[str]] = {
    "group": ["matrices", "tables", "core", "constructions", "catalogue"],
    "nn": ["", "base", "structure", "conv", "nonlinear", "norm", "pool", "attention", "wrapped", "heads", "inspect"],
    "training": ["data", "measure", "engine", "prediction"],
    "study": ["rotated", "statistics", "design", "runs", "result", ""],
    "_r": ["crossing", ""],
}
# Families of layers: none imports from a sister, although one comes first.
SISTERS = {"conv", "nonlinear", "norm", "pool"}
# Members of the catalogue of groups: each may import those before it, for the subgroups of groups are groups of it.
CATALOGUE = [
    "cyclic_dihedral",
    "so2_o2",
    "generated_group",
    "from_generators",
    "point_groups",
    "families",
    "products",
    "embedding",
    "spatial_group",
    "solids",
    "spatial_subgroups",
    "so3_o3",
    "other_libraries",
    "prices",
]
# Imports within a function that point up: a method of a class offers what is built on top of the class. No other may.
FACADES = {
    ("group/core/finite.py", "group.constructions.constructions"): "regular_representation",
    ("group/core/group.py", "group.constructions.constructions"): "restrict_representation",
    ("group/core/group.py", "group.constructions.induction"): "induced_representation",
    ("group/core/group.py", "group.constructions.homspace"): "homspace",
    ("group/core/representation.py", "group.constructions.constructions"): "sums and products by + and tensor",
    ("group/core/representation.py", "group.constructions.decomposition"): "homomorphism_space",
    ("group/catalogue/solids.py", "group.catalogue.point_groups"): "subgroups of the octahedron by their symbols",
    ("nn/base/module.py", "nn.inspect.equivariance"): "check_equivariance",
    ("nn/base/module.py", "nn.inspect.exporting"): "export",
    ("nn/base/module.py", "nn.structure.skip"): "sums by +",
    ("nn/base/sequential.py", "nn.inspect.exporting"): "export",
    ("nn/conv/point_conv.py", "nn.inspect.equivariance"): "check_equivariance, on points",
    ("nn/conv/point_conv.py", "nn.inspect.exporting"): "export, on points",
}
# The same between parts.
UPWARD = {("gspaces/gspace.py", "intertwine.fields.FieldType"): "GSpace.type"}
MOST_FILES, MOST_LINES = 15, 450
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
NUMERIC = {"numpy", "scipy"}
# Which third-party packages a part may import beside torch, numpy and scipy.
EXTRAS = {
    "deploy": {"safetensors"},
    "models": set(),
    "plot": {"matplotlib"},
    "study": {
        *("matplotlib", "sklearn", "PIL", "joblib", "cloudpickle", "nibabel", "pandas", "pyarrow"),
        *("tomli", "filelock", "lightning", "lightning_fabric"),
    },
    "training": {"filelock", "lightning", "torchmetrics", "PIL"},
    "_r": {"matplotlib", "PIL", "sklearn"},
}

FILES = sorted(PACKAGE.rglob("*.py"))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file, which many tests read."""
    return ast.parse(path.read_text(encoding="utf-8"))


def part_of(path: Path) -> str:
    """The layer that a file is in: ``nn`` for nn/conv/grid_conv.py, ``errors`` for errors.py, "" for the package itself."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a file imports, at its top or within a function."""
    return iter(_imported(path))


@functools.cache
def _imported(path: Path) -> list[tuple[int, str]]:
    return list(_imports(path))


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of everything that a file imports, at its top or within a function."""
    here = ("intertwine", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(tree_of(path)):
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
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
    ]


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(PACKAGE.parent)}:{line}"


over_files = over("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


@over_files
def test_every_part_has_a_layer(path: Path) -> None:
    assert part_of(path) in {"", *RANK}, f"{part_of(path)} is in no layer: add it to LAYERS where it belongs"


@over_files
def test_imports_point_down(path: Path) -> None:
    part = part_of(path)
    if not part:
        return  # the package's own __init__ gathers what is public
    back, ran, file = [], at_the_top(path), str(path.relative_to(PACKAGE))
    for line, name in imported(path):
        if line not in ran and (file, name) in UPWARD:
            continue
        target = name.split(".")[1] if name.startswith("intertwine.") else None
        if target in RANK and target != part and RANK[target] >= RANK[part]:
            back.append(f"{where(path, line)} imports {name}")
    assert not back, f"{part} may not import what comes after it: {back}"


def room_of(part: str, rest: list[str]) -> str:
    """The room of a file or module of a part: its folder, or "" for the part's root."""
    return rest[0] if len(rest) > 1 and (PACKAGE / part / rest[0]).is_dir() else ""


def at_the_top(path: Path) -> set[int]:
    """The lines of the imports that run when the file is imported."""
    return {node.lineno for node in tree_of(path).body if hasattr(node, "lineno")}


def for_types_only(path: Path) -> set[int]:
    """The lines of imports that never run: those of annotations."""
    tests = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.If)]
    inside = [node for node in tests if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"]
    return {line for node in inside for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def neighbours(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line and path within the part of what a file imports from its own part: ``["conv", "graph"]`` in nn."""
    part = part_of(path)
    for line, name in imported(path):
        names = name.split(".")
        if names[:2] == ["intertwine", part] and len(names) > 2:
            where_ = PACKAGE / part
            rest = [n for k, n in enumerate(names[2:]) if k == 0 or (where_.joinpath(*names[2 : 2 + k])).is_dir()]
            yield line, rest


@over_files
def test_rooms_are_in_order(path: Path) -> None:
    part = part_of(path)
    rooms = ROOMS.get(part)
    inside = list(path.relative_to(PACKAGE).with_suffix("").parts[1:])
    if rooms is None or inside == ["__init__"]:
        return  # the part's own __init__ gathers what is public
    home, types = room_of(part, inside), for_types_only(path)
    back, ran = [], at_the_top(path)
    for line, target in neighbours(path):
        room = room_of(part, target)
        if line in types:
            continue
        up = rooms.index(room) > rooms.index(home) or ({room, home} <= SISTERS and room != home)
        if "catalogue" == room == home and target[1] in CATALOGUE:
            up = CATALOGUE.index(target[1]) > CATALOGUE.index(inside[1])
        edge = (str(path.relative_to(PACKAGE)), ".".join([part, *target]))
        if up and (line in ran or edge not in FACADES):
            back.append(f"{where(path, line)} imports {'.'.join(target)}")
    assert not back, f"a file of {part}/{home} may not import what comes after it: {back}"


def test_no_facade_is_listed_in_vain() -> None:
    for file, target in FACADES:
        found = {".".join([file.split("/")[0], *rest]) for _, rest in neighbours(PACKAGE / file)}
        assert target in found, f"{file} imports {target} no more: take it off the list"


def test_no_import_is_allowed_to_point_up_in_vain() -> None:
    for file, target in UPWARD:
        assert target in {name for _, name in imported(PACKAGE / file)}, f"{file} imports {target} no more"


def test_imports_at_the_top_have_no_cycle() -> None:
    modules = {".".join(("intertwine", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in FILES}
    graph = {}
    for name, path in modules.items():
        ran, found = at_the_top(path), set()
        for line, target in imported(path):
            if line in ran:
                found |= {m for m in (target, target.rpartition(".")[0]) if m in modules and m != name}
        graph[name] = found
    assert list(TopologicalSorter(graph).static_order())


@over_files
def test_folders_and_files_are_small(path: Path) -> None:
    assert len(list(path.parent.glob("*.py"))) <= MOST_FILES, f"{path.parent.name} has too many files: make rooms"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    name = str(path.relative_to(PACKAGE))
    assert lines <= MOST_LINES, f"{name} has {lines} lines: take it apart"


@over_files
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


@over_files
def test_no_star_imports(path: Path) -> None:
    assert not [where(path, line) for line, name in imported(path) if name.endswith(".*")]


@over_files
def test_nothing_prints(path: Path) -> None:
    """R prints, and so do programs; a library returns (output from Python does not reach an R document)."""
    if part_of(path) == "__main__":
        return
    assert not [where(path, line) for line in calls_of(path, "print")]


@over_files
def test_no_bare_assert(path: Path) -> None:
    """An assert says nothing to a user and vanishes under ``python -O``."""
    tree = tree_of(path)
    assert not [where(path, node.lineno) for node in ast.walk(tree) if isinstance(node, ast.Assert)]
