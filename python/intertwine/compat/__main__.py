"""Runs a program that was written for a peer: ``python -m intertwine.compat [--peer NAME] program.py ...``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from intertwine.compat.finder import install

USAGE = """usage: python -m intertwine.compat [--peer escnn|e2cnn]... (program.py | -m module | -c code) [argument]...

Runs a program that imports escnn (or e2cnn) with intertwine in its place."""


def main(arguments: list[str]) -> None:
    """Runs a program.

    Args:
        arguments: those of the command line, without the name of the command.
    """
    peers: list[str] = []
    while arguments[:1] == ["--peer"] and len(arguments) > 1:
        peers.append(arguments[1])
        arguments = arguments[2:]
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(f"{USAGE}\n")
        return
    if not arguments or (arguments[0].startswith("-") and (arguments[0] not in ("-m", "-c") or len(arguments) < 2)):
        sys.exit(USAGE)
    for peer in peers or ["escnn"]:
        install(peer)
    what, rest = arguments[0], arguments[1:]
    if what == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif what == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        if not Path(what).exists():
            sys.exit(f"there is no file {what!r}")
        sys.argv = arguments
        # As python program.py does: modules beside the program can be imported, those of the working directory cannot.
        sys.path[0] = str(Path(what).resolve().parent)
        runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
