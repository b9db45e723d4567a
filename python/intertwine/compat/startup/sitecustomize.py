"""What a process does first that was started by one with `intertwine.compat`: it installs the same names.

Python runs a module of this name when it starts. `install` puts this folder on the path of the processes that it starts.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path


def _run_the_one_behind() -> None:
    """Runs the module of the same name that this one hides, if there is one."""
    here = Path(__file__).resolve().parent
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if Path(path or ".").resolve() != here])
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(module_from_spec(spec))


def _install() -> None:
    peers = [peer for peer in os.environ.get("INTERTWINE_COMPAT", "").split(",") if peer]
    if not peers:
        return
    if find_spec("intertwine") is None:
        sys.path.append(str(Path(__file__).resolve().parents[3]))
    try:
        from intertwine.compat import install
    except ImportError:
        return  # a Python without NumPy, say, which has no use for the names either
    for peer in peers:
        install(peer)


_run_the_one_behind()
_install()
