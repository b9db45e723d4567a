#!/usr/bin/env python3
"""Runs the tests of a program that was written for escnn, on escnn and on intertwine, and compares.

usage: tools/peer_tests.py CHECKOUT [--tests FOLDER] [--peer-python PYTHON] [--seconds N] [--json FILE] [-- PYTEST ARGUMENT ...]

CHECKOUT is a folder that you have, for example of escnn itself (its tests are in the folder ``test``) or of a library that builds
on it; nothing of it is copied. PYTHON is an interpreter with escnn and pytest (``.venv-peers/bin/python`` after
``tools/setup.sh system peers``). Each file of tests runs in a process of its own, for at most N seconds on each side.

The table tells how many tests pass on escnn, how many of these pass here, and in which time. Those that fail here are listed with
the reason. A test that needs a name that intertwine has not is said to be about internals of escnn, and counted apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any, NamedTuple

INTERNAL = ("CompatibilityError", "MissingNameError")
"""Errors for names of escnn that are not part of intertwine."""


class Outcome(NamedTuple):
    """What became of a test.

    Args:
        passed: whether it passed; ``None`` if it was skipped.
        seconds: how long it ran.
        reason: the last line of the error.
    """

    passed: bool | None
    seconds: float
    reason: str = ""


WHOLE = "(the file)"
"""In place of a test: what became of a file as a whole."""


def outcomes(report: Path, file: str) -> dict[str, Outcome]:
    """What became of each test of a file, by names such as ``test/test_nn.py::TestConv::test_so2``.

    Args:
        report: what pytest wrote as JUnit XML.
        file: with the tests.
    """
    found: dict[str, Outcome] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - written by our own process
        owner = case.get("classname", "")
        name = f"{file}::{owner.rpartition('.')[2]}::{case.get('name')}" if owner else f"{file}::{WHOLE}"
        wrong = [part for part in case if part.tag in ("failure", "error")]
        skipped = any(part.tag == "skipped" for part in case)
        lines = (wrong[0].get("message") or wrong[0].text or "").strip().splitlines() if wrong else []
        seconds = float(case.get("time", 0))
        found[name] = Outcome(None if skipped else not wrong, seconds, lines[0][:200] if lines else "")
    return found


def run(command: list[str], checkout: Path, file: Path, seconds: float, more: list[str]) -> dict[str, Outcome]:
    """Runs one file of tests.

    Args:
        command: of pytest.
        checkout: the folder to run in.
        file: with the tests.
        seconds: at most so long.
        more: further arguments of pytest.
    """
    label = str(file.relative_to(checkout))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        arguments = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}", *more, str(file)]
        settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            subprocess.run(
                [*command, *arguments], cwd=checkout, env=settings, timeout=seconds, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired:
            return {f"{label}::{WHOLE}": Outcome(False, seconds, f"longer than {seconds:g} seconds")}
        if not report.exists():
            return {f"{label}::{WHOLE}": Outcome(False, 0.0, "pytest did not start")}
        return outcomes(report, label)


def compare(theirs: dict[str, Outcome], ours: dict[str, Outcome]) -> dict[str, Any]:
    """The figures: of the tests that pass on escnn, how many pass here.

    Args:
        theirs: what became of each test on escnn.
        ours: the same on intertwine.
    """
    passing = [name for name, outcome in theirs.items() if outcome.passed]
    absent = Outcome(False, 0.0, "it was not run")
    # A file that cannot be imported has one outcome for all its tests.
    here = {name: ours.get(name) or ours.get(f"{name.partition('::')[0]}::{WHOLE}", absent) for name in passing}
    internal = {n: o.reason for n, o in here.items() if o.passed is False and any(e in o.reason for e in INTERNAL)}
    failing = {n: o.reason for n, o in here.items() if not o.passed and n not in internal}
    return {
        "tests": len(theirs),
        "pass on escnn": len(passing),
        "of these about internals": len(internal),
        "pass here": len(passing) - len(internal) - len(failing),
        "fail here": len(failing),
        "seconds on escnn": round(sum(theirs[name].seconds for name in passing), 1),
        "seconds here": round(sum(outcome.seconds for outcome in here.values()), 1),
        "internals": internal,
        "failures": failing,
    }


def main(arguments: list[str]) -> int:
    """Runs the tests and prints the table.

    Args:
        arguments: of the command line.
    """
    own, _, more = (
        (arguments, "", [])
        if "--" not in arguments
        else (arguments[: arguments.index("--")], "--", arguments[arguments.index("--") + 1 :])
    )
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--tests", default="test", help="the folder of tests in the checkout")
    parser.add_argument("--peer-python", default=".venv-peers/bin/python")
    parser.add_argument("--seconds", type=float, default=600, help="for each file on each side")
    parser.add_argument("--json", type=Path, help="where to write all outcomes")
    given = parser.parse_args(own)
    checkout = given.checkout.resolve()
    files = sorted(path for name in ("test_*.py", "*_test.py") for path in (checkout / given.tests).rglob(name))
    if not files:
        sys.stderr.write(f"there are no tests in {checkout / given.tests}\n")
        return 2
    peer = [str(Path(given.peer_python).absolute()), "-m", "pytest"]
    here = [sys.executable, "-m", "intertwine.compat", "-m", "pytest"]
    theirs: dict[str, Outcome] = {}
    ours: dict[str, Outcome] = {}
    for file in files:
        began = time.monotonic()
        theirs.update(run(peer, checkout, file, given.seconds, more))
        ours.update(run(here, checkout, file, given.seconds, more))
        sys.stderr.write(f"{file.relative_to(checkout)}: {time.monotonic() - began:.0f} s\n")
    found = compare(theirs, ours)
    for key, value in found.items():
        if not isinstance(value, dict):
            sys.stdout.write(f"{key:26} {value}\n")
    for title in ("internals", "failures"):
        for name, reason in found[title].items():
            sys.stdout.write(f"{title}: {name}: {reason}\n")
    if given.json:
        given.json.write_text(
            json.dumps({"table": found, "escnn": theirs, "intertwine": ours}, indent=1), encoding="utf-8"
        )
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
