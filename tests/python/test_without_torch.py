"""Groups, spaces and what R asks of them need NumPy and SciPy alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import intertwine

SOURCE = str(Path(intertwine.__file__).resolve().parents[1])


def run(program: str) -> str:
    environment = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_groups_do_not_import_torch() -> None:
    out = run("import sys, intertwine.group, intertwine.gspaces, intertwine._r; print('torch' in sys.modules)")
    assert out.strip() == "False"


BLOCKED = """
import importlib.abc, sys

# A None in sys.modules would also stop scipy, which looks there for arrays of torch.
class NoTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, NoTorch())
import numpy as np
import intertwine
from intertwine import group, gspaces
from intertwine._r import call

def ask(*given, **named):
    reply = call(given[0], list(given[1:]), named)
    assert reply[0] == "ok", reply
    return reply[1]

for build in (
    group.octa_group, group.so3_group, group.quaternion_group, lambda: group.point_group("Td"),
    lambda: group.direct_product(group.cyclic_group(3), group.symmetric_group(3)), lambda: group.dihedral_group(4),
    group.o3_group, group.full_ico_group,
):
    G = build()
    g = ask("_r.groups.sample", G, 1, 1)[0]
    for rho in G.irreps():
        record = ask("_r.representations.matrix", rho, g)
        found = np.frombuffer(record["data"]).reshape([int(n) for n in record["dims"]], order="F")
        assert np.array_equal(found, rho(g)), rho
        ask("_r.representations.facts", rho)
    assert ask("_r.elements.text", g)
    assert (ask("_r.elements.product", g, g) == g @ g) is True
    ask("_r.groups.order", G)
    if G.order() > 0:
        ask("_r.tables.cayley", G), ask("_r.tables.characters", G), ask("_r.tables.classes", G)
        ask("_r.tables.subgroups", G), ask("_r.representations.regular", G)
for name in gspaces.__all__:
    build = getattr(gspaces, name)
    if name not in ("gspace", "no_base_space") and not isinstance(build, type):
        ask("_r.spaces.facts", build())

status, error = call("nn.R2Conv", [])
assert status == "error" and error["class"][0] == "missing_dependency", error
assert "torch" in error["message"] and "install_intertwine" in error["hint"]
assert ask("_r.crossing.sitrep.has_torch") is False
assert ask("_r.crossing.sitrep.facts")["torch"].startswith("not available")
try:
    intertwine.nn
except ImportError:
    print("done")
"""


def test_groups_work_without_torch() -> None:
    assert run(BLOCKED).strip() == "done"


def test_networks_are_there_when_asked_for() -> None:
    assert intertwine.nn.R2Conv.__module__ == "intertwine.nn"
    assert "nn" in dir(intertwine)
    with pytest.raises(AttributeError, match="has no"):
        intertwine.nothing  # noqa: B018
