"""The command line: ``python -m intertwine study FOLDER``."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intertwine.errors import IntertwineError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: the words behind ``python -m intertwine``; those of the shell if left out.

    Returns:
        the exit status: 0; 1 if the study was stopped before it could answer; 2 after an error that is told.
    """
    parser = argparse.ArgumentParser(prog="python -m intertwine", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    study = commands.add_parser(
        "study", help="which symmetry suits the data, down to which depth, and how sure that is"
    )
    study.add_argument("place", type=Path, help="a TOML file, or a folder with study.toml or with the data themselves")
    study.add_argument("--folder", type=Path, help="where the study is written; beside the TOML file if left out")
    study.add_argument("--parallel", type=int, help="how many processes train at once")
    study.add_argument("--time-limit", type=float, help="in seconds")
    study.add_argument("--quiet", action="store_true", help="tell nothing while it runs")
    given = parser.parse_args(arguments)
    try:
        return _study(given)
    except IntertwineError as error:
        print(f"intertwine: {error}", file=sys.stderr)
        return 2


def _study(given: argparse.Namespace) -> int:
    from intertwine.study import symmetry_study

    place: Path = given.place
    config = place if place.suffix == ".toml" else place / "study.toml"
    if place.suffix == ".toml" and not place.is_file():
        print(f"intertwine: there is no file {place}", file=sys.stderr)
        return 2
    folder = given.folder or (config.parent if config.is_file() else place) / "study"
    more: dict[str, Any] = {"parallel": given.parallel, "time_limit": given.time_limit}
    more = {name: value for name, value in more.items() if value is not None}
    told = None if given.quiet else _tell
    if config.is_file():
        study = symmetry_study(config=config, folder=folder, on_progress=told, **more)
    else:
        study = symmetry_study(str(place), folder=folder, on_progress=told, **more)
    if not any(result.spec.phase == "race" for result in study.results.results.values()):
        print(f"The study was stopped ({study.stopped}) before any candidates were compared; the same command goes on.")
        return 1
    study.write_csv(folder / "table.csv")
    print(study.summary())
    if importlib.util.find_spec("matplotlib") is not None:
        study.report(folder / "report.html")
        print(f"The report is {folder / 'report.html'},", end=" ")
    print(f"the table {folder / 'table.csv'}.")
    return 0


def _tell(event: dict[str, Any]) -> None:
    if event["event"] != "run":
        return
    spec = event["result"].spec
    left = event["seconds_left"]
    print(
        f"{event['done']:4d} trainings, {spec.candidate} (seed {spec.seed}, {spec.phase}): {event['result'].status}; "
        f"leader {event['leader'] or '-'}, {event['open']} open; {left:.0f} s left in this round",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
