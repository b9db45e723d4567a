"""Building finite groups with all of their irreps, each in a fresh process, side by side with escnn where it has them.

    python benchmarks/groups.py [--only NAME] [--repeat 3]

Prints a markdown table: the time to build the group and its irreps after the library is imported, and the time within which it
must be built. escnn is left out where it is not installed; it keeps tables on disk, so its first build ever takes longer than
the one that is shown.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A group to build.

    Attributes:
        ours: an expression of the group in ``intertwine.group``.
        limit: seconds within which it must be there, if a limit is set.
        theirs: an expression of the group in ``escnn.group``, if it has it.
    """

    ours: str
    limit: float | None = None
    theirs: str | None = None


CASES: dict[str, Case] = {
    "D3": Case("point_group('D3')", 0.020),
    "D6h": Case("point_group('D6h')", 0.020),
    "Td": Case("point_group('Td')", 0.020),
    "octahedral": Case("point_group('O')", 0.020, "octa_group()"),
    "full octahedral": Case("point_group('Oh')", 0.020, "full_octa_group()"),
    "icosahedral": Case("point_group('I')", 0.050, "ico_group()"),
    "full icosahedral": Case("point_group('Ih')", 0.050, "full_ico_group()"),
    "S4": Case("symmetric_group(4)", 0.020),
    "S5": Case("symmetric_group(5)", 1.0),
    "S5 by its table": Case("group_from_table(symmetric_group(5).table)", 1.0),
    "S6": Case("symmetric_group(6)"),
    "quaternions": Case("quaternion_group()", 0.020),
    "C120 by its table": Case("group_from_table(cyclic_group(120).table)", 1.0),
    "subgroups of S5": Case("symmetric_group(5)", 1.0),
    "subgroups of Oh": Case("point_group('Oh')", 1.0),
    "subgroups of Ih": Case("point_group('Ih')", 1.0),
}

PROGRAM = """
import time, warnings
warnings.simplefilter("ignore")
from {library}.group import *
started = time.perf_counter()
group = {expression}
found = group.{ask}()
print("SECONDS", time.perf_counter() - started)
"""


def seconds(library: str, expression: str, ask: str, repeat: int) -> float:
    """The median time over fresh processes.

    Args:
        library: ``"intertwine"`` or ``"escnn"``.
        expression: makes the group.
        ask: the method of the group to call.
        repeat: how many processes.
    """
    program = PROGRAM.format(library=library, expression=expression, ask=ask)
    times = []
    for _ in range(repeat):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        times.append(float(done.stdout.rpartition("SECONDS")[2]))
    return statistics.median(times)


def shown(value: float | None) -> str:
    """Seconds as text."""
    return "" if value is None else f"{1000 * value:.1f} ms"


def main() -> int:
    """Prints the table; the exit status tells whether every group was there in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES, help="one group alone")
    parser.add_argument("--repeat", type=int, default=5, help="fresh processes for each group")
    arguments = parser.parse_args()
    has_escnn = importlib.util.find_spec("escnn") is not None
    late = []
    sys.stdout.write("| group | intertwine | limit | escnn | ratio |\n|---|---:|---:|---:|---:|\n")
    for name, case in CASES.items():
        if arguments.only not in (None, name):
            continue
        ask = "subgroups" if name.startswith("subgroups") else "irreps"
        ours = seconds("intertwine", case.ours, ask, arguments.repeat)
        theirs = seconds("escnn", case.theirs, ask, 1) if has_escnn and case.theirs else None
        ratio = "" if theirs is None else f"{theirs / ours:.0f}"
        sys.stdout.write(f"| {name} | {shown(ours)} | {shown(case.limit)} | {shown(theirs)} | {ratio} |\n")
        sys.stdout.flush()
        if case.limit is not None and ours > case.limit:
            late.append(name)
    if late:
        sys.stdout.write(f"\nnot in time: {', '.join(late)}\n")
    return bool(late)


if __name__ == "__main__":
    sys.exit(main())
