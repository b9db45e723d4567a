"""Running a few lines in a fresh Python process, to see what depends on the process and its random states."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import intertwine

SOURCE = str(Path(intertwine.__file__).resolve().parents[1])


def run_in_fresh_process(program: str, seed: int = 0) -> str:
    """What ``program`` writes to stdout, in a process with other hashes and another state of NumPy's generator."""
    environment = {
        **os.environ,
        "PYTHONHASHSEED": str(seed),
        "PYTHONPATH": os.pathsep.join([SOURCE, os.environ.get("PYTHONPATH", "")]),
    }
    prelude = f"import numpy as np\nnp.random.seed({seed})\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + program],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout
