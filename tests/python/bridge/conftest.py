"""R inside of this Python process, so that both sides of the crossing can be looked at."""

import atexit
import os
import sys
import warnings
from pathlib import Path

import pytest


def has_shared_python():
    """Whether this process loaded Python from a library of its own, which is where reticulate looks for it."""
    maps = Path("/proc/self/maps")
    return not maps.exists() or "libpython" in maps.read_text()


@pytest.fixture(scope="session")
def r():
    """A function that runs R code; the package is attached, and reticulate uses this very Python."""
    os.environ["RETICULATE_PYTHON"] = sys.executable
    # R's garbage collector would free Python objects while rpy2 has released Python's lock, which reticulate 1.28
    # does not take: with this much room to start with, R collects nothing for as long as these tests last.
    os.environ.update(R_NSIZE="40000000", R_VSIZE="2000M")
    pytest.importorskip("rpy2")
    if not has_shared_python():
        pytest.skip("reticulate 1.28 cannot join a Python that has its library built in, as Debian's has")
    with warnings.catch_warnings():
        # rpy2 warns of a fault in reticulate that is fixed in every version that intertwine accepts.
        warnings.simplefilter("ignore")
        import rpy2.robjects as robjects
        from rpy2.rinterface_lib import callbacks, embedded

        # R's end would release a lock that reticulate has taken: leave it to the end of the process.
        atexit.unregister(embedded.endr)
        callbacks.consolewrite_warnerror = lambda text: None
        robjects.r("suppressWarnings(suppressMessages(library(intertwine)))")
        robjects.r("stopifnot(intertwine_available())")
    return robjects.r


@pytest.fixture
def condition(r):
    """A function that runs R code which must fail, and returns the classes and the message of its condition."""

    def run(code):
        r(f".condition <- tryCatch({{{code}; NULL}}, error = identity)")
        found = r("if (is.null(.condition)) character() else c(class(.condition), conditionMessage(.condition))")
        return list(found)

    return run
