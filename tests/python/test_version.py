"""One version in all places."""

import re
import sys
from pathlib import Path

import pytest

import intertwine

ROOT = Path(__file__).resolve().parents[2]
VERSION_LINES = {
    "DESCRIPTION": r"^Version: (\S+)$",
    "pyproject.toml": r'^version = "([^"]+)"$',
    "NEWS.md": r"^# intertwine (\S+)$",
    "CITATION.cff": r"^version: (\S+)$",
}


@pytest.mark.parametrize("name", VERSION_LINES)
def test_version_is_the_package_s(name: str) -> None:
    found = re.search(VERSION_LINES[name], (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None, f"{name} states no version"
    assert found.group(1) == intertwine.__version__


def test_both_citations_are_the_same_work() -> None:
    cff, r = ((ROOT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "inst/CITATION"))
    for ours, theirs in ((r'^title: "(.+)"$', r'title = "(.+)"'), (r"^  - name: (.+)$", r'person\("(.+)"\)')):
        assert re.findall(ours, cff, re.M) == re.findall(theirs, r) != []
    year = re.findall(r"^YEAR: (\d+)$", (ROOT / "LICENSE").read_text(encoding="utf-8"), re.M)
    assert re.findall(r'year = "(\d+)"', r) == year != []


def test_r_asks_python_for_what_pyproject_declares() -> None:
    if sys.version_info < (3, 11):
        pytest.skip("the standard library reads TOML from Python 3.11 on")
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *(project["optional-dependencies"][name] for name in ("train", "plot", "data"))]
    declared = {requirement for group in groups for requirement in group}
    listed = re.search(
        r"^python_packages <- c\((.*?)^\)", (ROOT / "R/install.R").read_text(encoding="utf-8"), re.S | re.M
    )
    assert listed is not None
    named = re.findall(r'"?([a-z-]+)"? = "([^"]+)"', listed.group(1))
    assert {name + version for name, version in named} == declared


def test_r_and_python_promise_the_same_versions() -> None:
    promised = re.search(r"^SystemRequirements: (.*)$", (ROOT / "DESCRIPTION").read_text(encoding="utf-8"), re.M)
    assert promised is not None
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    python = re.search(r'^requires-python = ">=([^"]+)"', project, re.M)
    torch = re.search(r'"torch>=([^"]+)"', project)
    assert python is not None
    assert torch is not None
    assert promised.group(1) == f"Python (>= {python.group(1)}), PyTorch (>= {torch.group(1)})"


def test_every_part_is_an_attribute_of_the_package() -> None:
    parts = {path.parent.name for path in (ROOT / "python/intertwine").glob("*/__init__.py")} - {"_r"}
    assert parts <= set(intertwine.__all__)
    for part in parts:
        assert getattr(intertwine, part).__name__ == f"intertwine.{part}"


def test_continuous_integration_tries_the_versions_that_are_promised() -> None:
    project, workflow = ((ROOT / name).read_text("utf-8") for name in ("pyproject.toml", ".github/workflows/ci.yml"))
    for floor, tried in (
        (r'^requires-python = ">=([^"]+)"', r'python: \["([\d.]+)"'),
        (r'"torch>=([^"]+)"', r"oldest\) wanted='torch==([\d.]+)\.\*'"),
        (r'"numpy>=([^"]+)"', r'numpy: \["([\d.]+)"'),
    ):
        assert re.findall(floor, project, re.M)[0] == re.findall(tried, workflow)[0]


def test_hooks_are_the_parts_of_lint_and_ci_runs_them_all() -> None:
    lint, hooks = ((ROOT / name).read_text("utf-8") for name in ("tools/lint.sh", ".pre-commit-config.yaml"))
    parts = re.findall(r"^PARTS=\((.+)\)$", lint, re.M)[0].split()
    assert parts
    assert set(parts) == set(re.findall(r"^      - id: (\w+)$", hooks, re.M))
    assert all(re.search(rf"^    {part}\)", lint, re.M) for part in parts)
    assert "make lint" in (ROOT / ".ci/run").read_text("utf-8")
