"""Names of a peer give new modules with classes of ours; the library itself stays as it is."""

import importlib
import os
import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import intertwine
from intertwine import compat, errors, group, gspaces, nn


@pytest.fixture
def escnn() -> Iterator[types.ModuleType]:
    before = {
        name: dict(vars(sys.modules[name])) for name in ("intertwine.nn", "intertwine.group", "intertwine.gspaces")
    }
    yield compat.install("escnn")
    compat.uninstall("escnn")
    for name, attributes in before.items():
        now = vars(sys.modules[name])
        assert {k for k in attributes if now.get(k) is not attributes[k]} == set(), f"{name} was changed"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(intertwine.__file__).parents[1])
    settings = {**os.environ, "PYTHONPATH": root, **environment}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=settings, timeout=120)


def test_classes_are_ours(escnn: types.ModuleType) -> None:
    deep = importlib.import_module("escnn.nn.modules.conv.r2convolution")
    assert escnn.nn.R2Conv is deep.R2Conv is nn.R2Conv
    assert escnn.group.cyclic_group is group.cyclic_group
    assert escnn.gspaces.r2.rot2dOnR2 is gspaces.rot2dOnR2
    assert importlib.import_module("escnn.nn.modules.equivariant_module").EquivariantModule is nn.EquivariantModule
    assert sys.modules["intertwine.nn"] is nn is not escnn.nn
    assert escnn.__version__ == "1.0.11"
    assert compat.installed() == ["escnn"]


def test_it_is_gone_when_it_is_uninstalled(escnn: types.ModuleType) -> None:
    paths = os.environ.get("PYTHONPATH")
    compat.uninstall("escnn")
    assert not [name for name in sys.modules if name.partition(".")[0] == "escnn"]
    assert "INTERTWINE_COMPAT" not in os.environ
    assert os.environ.get("PYTHONPATH") != paths


def test_methods_of_escnn_are_there_while_it_is_installed(escnn: types.ModuleType) -> None:
    whole, plain = group.dihedral_group(6), nn.EquivariantModule
    assert escnn.group.Group._combine_subgroups(whole, (1, 3), (1, 1)) == (3, 1)  # pyright: ignore[reportAttributeAccessIssue]
    checked = plain.check_equivariance
    compat.uninstall("escnn")
    assert not hasattr(whole, "_combine_subgroups")
    assert not hasattr(gspaces.rot2dOnR2(4), "build_kernel_basis")
    assert plain.check_equivariance is not checked
    assert plain.check_equivariance.__module__ == "intertwine.nn.base.module"


def test_what_is_assigned_stays_in_the_module(escnn: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("escnn.nn.ReLU", "another")
    assert escnn.nn.ReLU == "another"
    assert nn.ReLU is importlib.import_module("escnn.nn.modules.nonlinearities.relu").ReLU
    importlib.reload(escnn.nn)
    assert escnn.nn.ReLU is nn.ReLU


def test_pickles_hold_our_names(escnn: types.ModuleType) -> None:
    space = escnn.gspaces.rot2dOnR2(4)
    written = pickle.dumps(escnn.nn.ReLU(escnn.nn.FieldType(space, [space.regular_repr])))
    assert b"escnn" not in written
    assert pickle.loads(written).in_type.size == 4  # noqa: S301 - written above


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("from escnn.nn import R2Cnv", "did you mean 'R2Conv'"),
        ("from escnn.kernels import WignerEckartBasis", "expansion_plan"),
        ("from escnn.group.groups.dihedralgroup import cn_to_dn", "group.subgroup"),
        ("import escnn.nn.modules.capsules", "has no 'capsules'"),
        ("from escnn.nn.init import he", "has no 'he'"),
    ],
)
def test_imports_of_what_is_missing_say_what_to_use(escnn: types.ModuleType, statement: str, says: str) -> None:
    with pytest.raises(errors.CompatibilityError, match=f"(?i){says}") as caught:
        exec(statement)
    assert isinstance(caught.value, ImportError)


def test_attributes_that_are_missing_say_what_to_use(escnn: types.ModuleType) -> None:
    assert not hasattr(escnn.nn, "R2Cnv")
    with pytest.raises(errors.MissingNameError, match="expansion_plan"):
        _ = escnn.kernels.WignerEckartBasis
    assert "init" in dir(escnn.nn)
    assert "WignerEckartBasis" not in dir(escnn.kernels)


def test_everything_of_a_module_can_be_imported(escnn: types.ModuleType) -> None:
    found: dict[str, object] = {}
    exec("from escnn.group import *\nfrom escnn.kernels import *\nfrom escnn.nn import *", found)
    assert found["O2"] is group.O2
    assert found["ELU"] is nn.ELU


def test_other_libraries_are_refused() -> None:
    with pytest.raises(errors.ArgumentError, match="Did you mean 'escnn'"):
        compat.install("esnn")


def test_the_peer_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = types.ModuleType("escnn")
    real.__file__ = "/there/escnn/__init__.py"
    monkeypatch.setitem(sys.modules, "escnn", real)
    with pytest.raises(errors.CompatibilityError, match="/there/escnn"):
        compat.install("escnn")
    assert compat.installed() == []
    assert sys.modules["escnn"] is real


def test_the_peer_is_hidden_afterwards(tmp_path: Path) -> None:
    package = tmp_path / "escnn"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('the peer was imported')")
    (package / "own.py").write_text("")
    program = tmp_path / "program.py"
    program.write_text(
        "import escnn, intertwine.nn\n"
        "assert escnn.nn.ReLU is intertwine.nn.ReLU\n"
        "try:\n    import escnn.own\nexcept ImportError as error:\n    print(error)\n"
    )
    done = run("-m", "intertwine.compat", str(program))
    assert done.returncode == 0, done.stderr
    assert "has no 'own'" in done.stdout


def test_the_library_does_not_load_it() -> None:
    program = "import sys, intertwine.nn, intertwine.deploy; print([n for n in sys.modules if n.startswith('intertwine.compat')])"
    assert run("-c", program).stdout.strip() == "[]"


WORKERS = """
import sys
import torch
import joblib
from escnn import gspaces, nn

space = gspaces.rot2dOnR2(4)
TYPE = nn.FieldType(space, [space.regular_repr])

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 2
    def __getitem__(self, number):
        import escnn.nn.modules.equivariant_module as deep
        assert issubclass(nn.ReLU, deep.EquivariantModule)
        return torch.full((4,), float(number))

def size(number):
    from escnn.nn import FieldType
    return number * TYPE.size * (FieldType is nn.FieldType)

if __name__ == "__main__":
    assert sys.argv[1:] == ["--flag", "-m"]
    loader = torch.utils.data.DataLoader(Data(), num_workers=1, multiprocessing_context="spawn")
    print([float(batch[0, 0]) for batch in loader], joblib.Parallel(n_jobs=2)(joblib.delayed(size)(n) for n in (1, 2)))
"""


def test_workers_know_the_names(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(WORKERS)
    behind = tmp_path / "behind"
    behind.mkdir()
    (behind / "sitecustomize.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')")
    root = str(Path(intertwine.__file__).parents[1])
    done = run("-m", "intertwine.compat", str(program), "--flag", "-m", PYTHONPATH=os.pathsep.join([root, str(behind)]))
    assert done.stdout.strip() == "[0.0, 1.0] [4, 8]", done.stderr
    assert len((tmp_path / "ran").read_text()) >= 3, "a sitecustomize of the user's own runs in each process, too"


def test_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "from escnn.nn.modules.pooling.pointwise_max import PointwiseMaxPool\n"
        "def test_name():\n    assert callable(PointwiseMaxPool)\n"
    )
    done = run("-m", "intertwine.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path))
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    code = "import e2cnn; print(e2cnn.gspaces.Rot2dOnR2(4).fibergroup.order())"
    assert run("-m", "intertwine.compat", "--peer", "e2cnn", "-c", code).stdout.strip() == "4"
    assert "usage" in run("-m", "intertwine.compat").stderr
    assert "there is no file" in run("-m", "intertwine.compat", "absent.py").stderr
