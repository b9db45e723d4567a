"""The programs in the README run as they stand."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNERS = {"python": [sys.executable, "-c"], "r": ["Rscript", "-e"]}
PROGRAMS = re.findall(r"^```(r|python)\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_there_is_one_of_each_language() -> None:
    assert sorted(language for language, _ in PROGRAMS) == ["python", "r"]


@pytest.mark.parametrize(("language", "program"), PROGRAMS, ids=[language for language, _ in PROGRAMS])
def test_program_runs(language: str, program: str, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    if language == "r" and not (shutil.which("Rscript") and (ROOT / ".Rlib" / "intertwine").is_dir()):
        pytest.skip("the R package is not installed: make setup")
    assert len(program.splitlines()) <= 25
    environment = {**os.environ, "R_LIBS": str(ROOT / ".Rlib"), "RETICULATE_PYTHON": sys.executable}
    done = subprocess.run(
        [*RUNNERS[language], program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "digits.safetensors").stat().st_size > 0
    if language == "python":
        # The program prints its accuracy on turned digits last: what it saved is a network that was trained. It sets no
        # seed, and guessing would give 0.1.
        assert float(re.findall(r"tensor\(([0-9.]+)\)", done.stdout)[-1]) > 0.7
