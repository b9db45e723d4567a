"""What CONTRIBUTING.md says is done to a copy of the repository, and the contracts run on what that adds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "CONTRIBUTING.md"

pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="CONTRIBUTING.md is in the repository alone")


class Edit(NamedTuple):
    """A block of code whose first line says where it goes.

    ``# FILE, new``, ``# FILE, at the end``, ``# FILE, after: LINE``, ``# FILE, before: LINE`` or ``# FILE, in place of: LINE``.
    """

    section: str
    file: str
    where: str
    line: str | None
    code: str


def edits() -> list[Edit]:
    found = []
    for section in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.M)[1:]:
        for first, code in re.findall(r"^```(?:python|r)\n([^\n]*)\n(.*?)^```", section, re.M | re.S):
            place = re.fullmatch(r"# (\S+), (?:(new|at the end)|(after|before|in place of): (.+))", first)
            assert place, f"the block begins with {first!r}, which says no place"
            found.append(Edit(section.splitlines()[0], place[1], place[2] or place[3], place[4], code))
    return found


def commands() -> list[str]:
    """The lines of the shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S) if PAGE.is_file() else []
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def apply(edit: Edit, root: Path) -> None:
    path = root / edit.file
    assert path.exists() != (edit.where == "new"), f"{edit.file} is there already, or is not there"
    text = path.read_text("utf-8") if path.exists() else ""
    if edit.line is None:
        path.write_text(text + edit.code, "utf-8")
        return
    lines = text.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.strip() == edit.line]
    assert len(places) == 1, f"{edit.file} has {len(places)} lines {edit.line!r}: name another one in CONTRIBUTING.md"
    (place,) = places
    kept = {"after": [lines[place], edit.code], "before": [edit.code, lines[place]], "in place of": [edit.code]}[
        edit.where
    ]
    path.write_text("".join([*lines[:place], *kept, *lines[place + 1 :]]), "utf-8")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, with everything done that the page says."""
    root = tmp_path_factory.mktemp("scratch") / "intertwine"
    subprocess.run([ROOT / "tools" / "sources.sh", "copy", root], check=True, timeout=120)
    for edit in edits():
        apply(edit, root)
    return root


def run(root: Path, *command: str, **more: str) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(root / "python"),
        "INTERTWINE_PYTHON_PATH": str(root / "python"),
        **more,
    }
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pytest_in(root: Path, *arguments: str) -> int:
    """Runs tests of the copy and gives the number that passed."""
    said = run(root, sys.executable, "-m", "pytest", "-W", "error", "-q", "-p", "no:cacheprovider", *arguments)
    return int(re.findall(r"(\d+) passed", said)[-1])


def test_the_copy_passes_what_lint_says_of_its_code(scratch: Path) -> None:
    touched = sorted({edit.file for edit in edits() if edit.file.endswith(".py")})
    pytest.importorskip("ruff")
    run(scratch, sys.executable, "-m", "ruff", "check", *touched)
    run(scratch, sys.executable, "-m", "ruff", "format", "--check", *touched)


def test_a_group_that_is_added_runs_through_the_contracts(scratch: Path) -> None:
    files = ["tests/python/group/test_groups.py", "tests/python/group/test_representations.py"]
    assert pytest_in(scratch, *files, "-k", "V4") > 20
    assert pytest_in(scratch, "--doctest-modules", "python/intertwine/group/catalogue/families.py", "-k", "klein") == 1


def test_the_copy_is_in_its_layers(scratch: Path) -> None:
    touched = {Path(edit.file).name for edit in edits() if edit.file.startswith("python/")}
    assert pytest_in(scratch, "tests/python/test_layering.py", "-k", " or ".join(sorted(touched))) >= 8


LAYERS = {"SiLU": "silu", "FieldScale": "factor of each field"}
OF_LAYERS = " or ".join(f"({' and '.join(entry.split())})" for entry in LAYERS.values())


def test_layers_that_are_added_run_through_the_contracts(scratch: Path) -> None:
    assert pytest_in(scratch, "tests/python/nn/test_layers.py", "-k", OF_LAYERS) > 20
    modules = ["python/intertwine/nn/nonlinear/pointwise.py", "python/intertwine/nn/norm/field_scale.py"]
    assert pytest_in(scratch, "--doctest-modules", *modules, "-k", " or ".join(LAYERS)) == len(LAYERS)


@pytest.mark.slow
def test_layers_that_are_added_are_normal_modules(scratch: Path) -> None:
    paths = os.pathsep.join([str(scratch / "python"), str(scratch / "tests/python")])
    run(scratch, sys.executable, "-m", "contracts.table", PYTHONPATH=paths)
    table = (scratch / "docs/layers.md").read_text("utf-8")
    assert all(f"| `{name}` |" in table for name in LAYERS)
    files = ["tests/python/nn/test_properties.py", "tests/python/nn/test_wrong_calls.py"]
    assert pytest_in(scratch, *files, "-k", f"{OF_LAYERS} or table_in_the_docs or {' or '.join(LAYERS)}") > 20


def code_of(edit: Edit) -> int:
    """The lines of a block without blank ones, comments and docstrings."""
    text = re.sub(r'"""(?s:.*?)"""', "", edit.code) if edit.file.endswith(".py") else edit.code
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in text.splitlines())


def test_an_addition_takes_what_the_page_says() -> None:
    stated = re.findall(r"^\| (Add .+?) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE.read_text("utf-8"), re.M)
    counted = []
    for section in dict.fromkeys(edit.section for edit in edits()):
        blocks = [edit for edit in edits() if edit.section == section]
        lines = sum(bool(line.strip()) for edit in blocks for line in edit.code.splitlines())
        counted.append((section, len({edit.file for edit in blocks}), lines, sum(map(code_of, blocks))))
    assert counted == [(section, int(files), int(lines), int(code)) for section, files, lines, code in stated]


@pytest.mark.slow
def test_r_has_what_is_added(scratch: Path, tmp_path: Path) -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("there is no R here")
    here = {
        "R_LIBS": os.pathsep.join([str(tmp_path), os.environ.get("R_LIBS", "")]),
        "RETICULATE_PYTHON": sys.executable,
    }
    run(scratch, rscript, "tools/document.R", **here)
    run(scratch, "R", "CMD", "INSTALL", "--no-multiarch", f"--library={tmp_path}", ".", R_PROFILE_USER="", **here)
    touched = {Path(edit.file) for edit in edits() if edit.file.startswith("tests/testthat/")}
    tests = "|".join(["^names$", *(path.stem.removeprefix("test-") for path in sorted(touched))])
    code = (
        f"testthat::test_dir('tests/testthat', filter = '{tests}', package = 'intertwine', load_package = 'installed')"
    )
    said = run(scratch, rscript, "--vanilla", "-e", code, INTERTWINE_REQUIRE_PYTHON="true", NOT_CRAN="true", **here)
    assert "FAIL 0" in said


@pytest.mark.parametrize("command", commands())
def test_commands_name_what_exists(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"make ([a-z-]+)", command):
        assert re.search(rf"^{target}:", makefile, re.M), f"there is no target {target}"
    for path in re.findall(r"(?<![\w./-])((?:tests|tools|python)/[\w./-]+)", command):
        assert (ROOT / path).exists(), f"there is no {path}"
    for part in re.findall(r"tools/lint\.sh (\w+)", command):
        assert re.search(rf"^    {part}\)", (ROOT / "tools/lint.sh").read_text("utf-8"), re.M), (
            f"lint has no part {part}"
        )
    for name in re.findall(r"testthat\.R ([\w-]+)", command):
        assert (ROOT / f"tests/testthat/test-{name}.R").exists(), f"tests/testthat has no test-{name}.R"


def test_rooms_and_lists_that_the_page_names_exist() -> None:
    for path in re.findall(r"\]\(([\w./-]+)\)", PAGE.read_text("utf-8")):
        assert (ROOT / path).exists(), f"there is no {path}"
    lists = (ROOT / "tests/python/contracts/lists.py").read_text("utf-8")
    for name in ("GROUPS", "REPRESENTATIONS", "SPACES"):
        assert re.search(rf"^{name}\b", lists, re.M)
