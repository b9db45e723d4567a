"""The script that runs a checkout's tests on escnn and here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "tools" / "peer_tests.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("peer_tests", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKOUT = """
import unittest
from escnn import gspaces
from escnn.nn import FieldType, ReLU

class Own(unittest.TestCase):
    def test_passes(self):
        space = gspaces.rot2dOnR2(4)
        ReLU(FieldType(space, [space.regular_repr])).check_equivariance()
    def test_fails(self):
        self.assertEqual(gspaces.rot2dOnR2(4).fibergroup.order(), 5)
    def test_of_internals(self):
        from escnn.kernels import WignerEckartBasis
    @unittest.skip("not today")
    def test_is_skipped(self):
        pass
"""


def test_a_checkout_is_run(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "test" / "test_own.py"
    file.parent.mkdir()
    file.write_text(CHECKOUT)
    ours = script.run([sys.executable, "-m", "intertwine.compat", "-m", "pytest"], tmp_path, file, 120, [])
    by_name = {name.rpartition("::")[2]: outcome.passed for name, outcome in ours.items()}
    assert by_name == {"test_passes": True, "test_fails": False, "test_of_internals": False, "test_is_skipped": None}
    theirs = {name: script.Outcome(True, 10.0) for name in ours}
    found = script.compare(theirs, ours)
    assert [found[key] for key in ("pass on escnn", "of these about internals", "pass here", "fail here")] == [
        4,
        1,
        1,
        2,
    ]
    assert next(iter(found["failures"].values())).endswith("AssertionError: 4 != 5")


def test_a_file_that_takes_too_long_counts_as_failed(script: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "test_own.py"
    file.write_text("import time\ndef test_slow():\n    time.sleep(60)\n")
    ours = script.run([sys.executable, "-m", "pytest"], tmp_path, file, 2, [])
    found = script.compare({"test_own.py::test_own::test_slow": script.Outcome(True, 1.0)}, ours)
    assert list(found["failures"].values()) == ["longer than 2 seconds"]
