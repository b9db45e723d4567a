"""The finder: new modules under a peer's name, which hold classes of ours."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from intertwine.compat.names import PEERS, table
from intertwine.errors import ArgumentError, CompatibilityError, MissingNameError
from intertwine.suggestions import did_you_mean

VARIABLE = "INTERTWINE_COMPAT"
"""The environment variable by which processes that this one starts know what to install."""

_ADDITIONS = "intertwine.compat.additions"

_STARTUP = str(Path(__file__).parent / "startup")


class PeerModule(ModuleType):
    """A module of a peer: its attributes are objects of ours.

    What is assigned to it, as tests do, stays in this module: the library itself does not change.
    """

    def __getattr__(self, name: str) -> object:
        peer = self.__name__.partition(".")[0]
        child = f"{self.__name__}.{name}"
        if child in table(peer).modules and peer in installed():
            return importlib.import_module(child)
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        message, hint = _missing(self.__name__, name)
        raise MissingNameError(message, hint=hint)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        # Functions of a program that go to joblib's workers carry the modules that they use.
        return importlib.import_module, (self.__name__,)

    def __dir__(self) -> list[str]:
        start = f"{self.__name__}."
        modules = table(self.__name__.partition(".")[0]).modules
        children = {name[len(start) :].partition(".")[0] for name in modules if name.startswith(start)}
        return sorted({*vars(self), *children})


class PeerFinder(MetaPathFinder, Loader):
    """Finds the modules of a peer, before any other finder does.

    Every module is a package without files. So ``from escnn.nn.init import name`` asks this finder for a name that the module
    does not hold, and the error says what to use.

    Args:
        peer: the name of the library.
    """

    def __init__(self, peer: str) -> None:
        self.peer = peer

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What to load for a name.

        Args:
            fullname: of the module.
            path: has no effect.
            target: has no effect.

        Raises:
            CompatibilityError: for a name of the peer that is not here.
        """
        home, _, name = fullname.rpartition(".")
        if fullname.partition(".")[0] != self.peer:
            return None
        if fullname in table(self.peer).modules:
            return ModuleSpec(fullname, self, origin="intertwine.compat", is_package=True)
        if name.startswith("__"):
            return None
        raise _cannot_import(home, name, fullname)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A new module.

        Args:
            spec: what to load.
        """
        return PeerModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Fills a module, also one that is loaded once more.

        Args:
            module: to fill.
        """
        names = table(self.peer)
        if "." in module.__name__:
            # Later than install(), which runs at the start of processes that may never need torch.
            importlib.import_module(_ADDITIONS).add()
        found = {name: names.value(entry) for name, entry in names.names(module.__name__).items() if entry.home}
        vars(module).update(found)
        vars(module)["__all__"] = sorted(found)
        vars(module)["__doc__"] = f"The names of {module.__name__}, which give what intertwine has in their place."
        if module.__name__ in (self.peer, f"{self.peer}.__about__"):
            vars(module)["__version__"] = names.version


def _missing(module: str, name: str) -> tuple[str, str]:
    """Why a module has not a name, and what to do."""
    peer = module.partition(".")[0]
    known = table(peer).names(module)
    if name in known:
        return f"the name {name!r} of {module} is not part of intertwine", known[name].reason
    there = [each for each, entry in known.items() if entry.home]
    hint = did_you_mean(name, there) or f"the page docs/coming-from-escnn.md says what there is in place of {peer}"
    return f"the module {module} of {peer} {table(peer).version} has no {name!r}", hint


def _cannot_import(module: str, name: str, fullname: str) -> CompatibilityError:
    error = CompatibilityError(*_missing(module, name))
    error.name = fullname
    return error


def installed() -> list[str]:
    """The peers that are installed."""
    return [finder.peer for finder in sys.meta_path if isinstance(finder, PeerFinder)]


def install(peer: str = "escnn", children: bool = True) -> ModuleType:
    """Lets a peer's name, and every public path below it, give what intertwine has in its place.

    Modules under these names are new objects; nothing of the library is changed, and no module of it gets a second name. Call it
    before the program imports the peer. A second call does nothing.

    Args:
        peer: ``"escnn"`` or ``"e2cnn"``.
        children: whether processes that this one starts do the same, such as workers that load data; for this the environment
            variables ``INTERTWINE_COMPAT`` and ``PYTHONPATH`` are set.

    Returns:
        the module, as ``import escnn`` gives it.

    Raises:
        ArgumentError: for the name of another library.
        CompatibilityError: if the peer itself has been imported.

    Example:
        >>> escnn = install("escnn")
        >>> escnn.gspaces.rot2dOnR2(4)
        C4_on_R2[(None, 4)]
        >>> uninstall("escnn")
    """
    if peer not in PEERS:
        raise ArgumentError(
            f"there are no names of {peer!r}", hint=did_you_mean(str(peer), PEERS) or f"use one of {', '.join(PEERS)}"
        )
    there = sys.modules.get(peer)
    if there is not None and not isinstance(there, PeerModule):
        raise CompatibilityError(
            f"{peer} itself has been imported from {getattr(there, '__file__', None) or 'elsewhere'}, so that its classes "
            "and those of intertwine would meet under one name",
            hint=f"install before the first import of {peer}, or run python -m intertwine.compat program.py",
        )
    if peer not in installed():
        sys.meta_path.insert(0, PeerFinder(peer))
        importlib.invalidate_caches()
    if children:
        _tell_children(installed())
    return importlib.import_module(peer)


def uninstall(peer: str) -> None:
    """Takes the names of a peer away again.

    Objects that a program holds stay what they are.

    Args:
        peer: its name.
    """
    sys.meta_path[:] = [each for each in sys.meta_path if not (isinstance(each, PeerFinder) and each.peer == peer)]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == peer and isinstance(module, PeerModule):
            del sys.modules[name]
    if not installed() and _ADDITIONS in sys.modules:
        importlib.import_module(_ADDITIONS).take_away()
    if VARIABLE in os.environ:
        _tell_children(installed())


def _tell_children(peers: list[str]) -> None:
    """Sets the environment by which a process that starts runs ``startup/sitecustomize.py``."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != _STARTUP]
    if peers:
        os.environ[VARIABLE] = ",".join(reversed(peers))
        os.environ["PYTHONPATH"] = os.pathsep.join([_STARTUP, *paths])
        return
    os.environ.pop(VARIABLE, None)
    if paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    else:
        os.environ.pop("PYTHONPATH", None)
