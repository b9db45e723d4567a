"""What it takes to refuse files that ask for much: seconds, and memory above the start, each in a process of its own.

    python benchmarks/opening.py            # the files by hand
    python benchmarks/opening.py --all      # and every numeric argument of every layer, very large, in one process

A file is opened under a limit of the address space; the table ends with the slowest and the largest.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

LIMIT = 2**32
"""Bytes of address space above the start."""


def open_all(names: Iterable[str] | None, one_in: int = 1) -> None:
    """Opens files and prints what it took, one line of JSON each; where no names are given, one in so many of the generated."""
    from tests.python.contracts import hostile

    from intertwine import deploy
    from intertwine.errors import ModelFileError

    recipes = (
        islice(hostile.generated(), 0, None, one_in)
        if names is None
        else ((name, hostile.BY_HAND[name]) for name in names)
    )
    warnings.simplefilter("ignore")
    deploy.load_bytes(hostile.file((hostile.torch_layer("ReLU"), {})))
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + LIMIT
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for name, recipe in recipes:
        data = hostile.file(recipe)
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        before = _resident("VmRSS")
        start = time.process_time()
        try:
            deploy.load_bytes(data)
            outcome = "opened"
        except ModelFileError as error:
            outcome = "refused" if error.message else "refused without words"
        except BaseException as error:
            outcome = f"{type(error).__name__}: {error}"[:120]
        seconds = time.process_time() - start  # other processes may be at work here
        found = {"name": name, "bytes": len(data), "seconds": seconds, "MB": (_resident("VmHWM") - before) / 1e6}
        print(json.dumps({**found, "outcome": outcome}), flush=True)


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(which))


def measure(arguments: list[str]) -> list[dict[str, object]]:
    """What a process that opens files prints."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        found.append({"name": str(arguments)[:60], "bytes": 0, "seconds": 0, "MB": 0, "outcome": done.stderr[-300:]})
    return found


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="also every numeric argument of every layer")
    parser.add_argument("--open", help="opens one file in this process (for the script itself)")
    parser.add_argument(
        "--generated", action="store_true", help="opens those that are generated (for the script itself)"
    )
    parser.add_argument("--hand", action="store_true", help="opens all by hand in this process (for the tests)")
    parser.add_argument("--one-in", type=int, default=1, help="of those that are generated (for the tests)")
    given = parser.parse_args()
    from tests.python.contracts import hostile

    if given.open is not None or given.generated or given.hand:
        open_all(None if given.generated else hostile.BY_HAND if given.hand else [given.open], given.one_in)
        return

    rows: list[dict[str, object]] = []
    print(f"{'file':45s} {'bytes':>9s} {'seconds':>8s} {'MB':>6s}  outcome")
    for name in hostile.BY_HAND:
        for row in measure(["--open", name]):
            rows.append(row)
            print("{name:45.45s} {bytes:9d} {seconds:8.3f} {MB:6.0f}  {outcome}".format(**row), flush=True)
    _maxima(rows)
    if given.all:
        rows = measure(["--generated"])
        slow = sorted(rows, key=lambda row: -float(str(row["seconds"])))[:10]
        large = sorted(rows, key=lambda row: -float(str(row["MB"])))[:10]
        for row in slow + large + [row for row in rows if row["outcome"] not in ("opened", "refused")]:
            print("{name:45.45s} {bytes:9d} {seconds:8.3f} {MB:6.0f}  {outcome}".format(**row))
        _maxima(rows)


def _maxima(rows: list[dict[str, object]]) -> None:
    for outcome in sorted({str(row["outcome"]) for row in rows}):
        some = [row for row in rows if row["outcome"] == outcome]
        seconds = max(float(str(row["seconds"])) for row in some)
        size = max(float(str(row["MB"])) for row in some)
        print(f"{len(some)} files {outcome}: at most {seconds:.2f} s and {size:.0f} MB above the start")


if __name__ == "__main__":
    main()
