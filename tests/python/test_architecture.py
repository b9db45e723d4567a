"""docs/architecture.md: the files and names exist, what it says is passed is passed, and the picture is that of the imports."""

from __future__ import annotations

import ast
import re
import runpy
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch

import intertwine
from intertwine import deploy, group, gspaces, memory, nn, training

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "intertwine"
PAGE = ROOT / "docs" / "architecture.md"
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
]

pytestmark = pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="the tools are in the repository alone")


def walks() -> dict[str, list[tuple[str, str]]]:
    """The rows of the tables by heading: files and names."""
    found = {}
    for section in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)[1:]:
        rows = re.findall(r"^\| `(\S+)` \| (.+?) \|", section, re.M)
        if rows:
            found[section.splitlines()[0]] = [
                (file, name) for file, cell in rows for name in re.findall(r"`(.+?)`", cell)
            ]
    return found


def defined(path: Path) -> set[str]:
    """The functions and classes of a file."""
    text = path.read_text("utf-8")
    if path.suffix == ".R":
        return set(re.findall(r"^([\w.]+) <- function", text, re.M))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in ast.parse(text).body if isinstance(node, kinds)}


def passed(program: Callable[[], Any]) -> set[tuple[str, str]]:
    """The files and outermost names of the functions of the core that a program calls."""
    home, calls = f"{Path(intertwine.__file__).parent}/", set()
    names = {
        (str(path.relative_to(PACKAGE)), line): node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        for line in range(
            min([node, *node.decorator_list], key=lambda part: part.lineno).lineno, (node.end_lineno or 0) + 1
        )
    }

    def note(frame: FrameType, event: str, arg: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(home):
            inside = file.removeprefix(home)
            calls.add((inside, names.get((inside, frame.f_code.co_firstlineno), "")))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        program()
    finally:
        sys.setprofile(before)
    return calls


def network(*more: Any) -> nn.SequentialModule:
    conv = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3)
    in_type = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
    return nn.SequentialModule(in_type, conv, nn.InnerBatchNorm.spec(), nn.ReLU.spec(), nn.GroupPooling.spec(), *more)


def a_weight() -> None:
    memory.clear_caches()
    fields = nn.field_type(gspaces.rot2dOnR2(8), regular=2)
    nn.R2Conv(fields, fields, kernel_size=5).expand_parameters()


def a_tensor() -> None:
    model = network()
    model(nn.GeometricTensor(torch.randn(2, 1, 8, 8), model.in_type))


def an_array() -> None:
    from intertwine._r.crossing import calls

    pixels = bytearray(np.zeros(2 * 64).tobytes())
    x = calls.call("_r.crossing.arrays.unpack", [pixels, [2, 1, 8, 8], "double", "float32"])[1]
    arguments = ["_r.training.predict", [network(nn.HeadClasses.spec(n=3)), x, "class", 256], {}]
    reply = calls.call("_r.crossing.polling.with_callbacks", [*arguments, lambda *_: True, ["poll"], [], 0.1])
    assert reply[0] == "ok", reply


def generators() -> None:
    memory.clear_caches()
    square = group.group_from_matrices([[[0, -1], [1, 0]], [[1, 0], [0, -1]]], "square")
    assert len(square.regular_representation.irreps) == 6
    gspaces.gspace(square, square.natural_representation)


def a_fit() -> None:
    training.fit(network(nn.HeadClasses.spec()), torch.randn(20, 1, 8, 8), torch.arange(20) % 3, epochs=1)


def a_model() -> None:
    with tempfile.TemporaryDirectory() as folder:
        deploy.save(network(), Path(folder, "model.safetensors"))
        deploy.load(Path(folder, "model.safetensors"))


PROGRAMS = {
    "A weight becomes a filter": a_weight,
    "A tensor passes a sequence": a_tensor,
    "An R array passes `predict()`": an_array,
    "Generators become a group": generators,
    "`fit()` trains a network": a_fit,
    "A model becomes a file, and a model again": a_model,
}


def test_every_walk_has_a_program() -> None:
    assert list(walks()) == list(PROGRAMS)


@pytest.mark.parametrize("heading", PROGRAMS)
def test_files_and_names_exist(heading: str) -> None:
    for file, name in walks()[heading]:
        path = ROOT / file if file.startswith("R/") else PACKAGE / file
        assert path.is_file(), f"there is no {file}"
        assert name in defined(path), f"{file} defines no {name}"


@pytest.mark.parametrize("heading", PROGRAMS)
@pytest.mark.filterwarnings("ignore::intertwine.errors.EquivarianceWarning")
def test_the_value_passes_what_the_page_names(heading: str) -> None:
    calls = passed(PROGRAMS[heading])
    missed = [
        (file, name) for file, name in walks()[heading] if not file.startswith("R/") and (file, name) not in calls
    ]
    assert not missed, f"{heading}: these are not called: {missed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_and_links_of_a_page_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for name in re.findall(r"`([\w./-]+\.(?:py|R|md|sh|json|toml|yml))`", text):
        places = (ROOT / name, PACKAGE / name, *([*PACKAGE.rglob(name)] if "/" not in name else []))
        assert any(place.is_file() for place in places), f"there is no {name}"
    for link in re.findall(r"\]\((?!https?:)([\w./-]+)\)", text):
        assert (page.parent / link).exists(), f"there is no {link}"


def test_the_picture_is_that_of_the_imports(tmp_path: Path) -> None:
    draw = runpy.run_path(str(ROOT / "tools" / "rooms.py"))["draw"]
    assert draw() == (PAGE.parent / "rooms.svg").read_text("utf-8"), "python tools/rooms.py draws it anew"
