"""Writes the public names of every module of a peer library, which intertwine.compat answers to.

Run it in the environment with the peers: ``.venv-peers/bin/python tools/peer_names.py escnn`` (and ``e2cnn``). It writes
``python/intertwine/compat/PEER.json``.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import sys
import warnings
from pathlib import Path

OUT = Path(__file__).resolve().parents[1] / "python" / "intertwine" / "compat"


def names_of(module: str, peer: str) -> list[str]:
    """The public names of a module that belong to the peer, not to the libraries that it imports."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = importlib.import_module(module)
    except ImportError:  # the module needs a package that is not there
        return written_in(module, peer)
    listed = set(getattr(loaded, "__all__", ()))
    found = set()
    for name, value in vars(loaded).items():
        if name.startswith("__") or inspect.ismodule(value) or (name.startswith("_") and name not in listed):
            continue
        parts = value.values() if isinstance(value, dict) else [value]
        if name in listed or any(str(getattr(part, "__module__", "")).startswith(f"{peer}.") for part in parts):
            found.add(name)
    return sorted(found)


def written_in(module: str, peer: str) -> list[str]:
    """The same, read from the source."""
    path = Path(importlib.import_module(peer).__path__[0]).joinpath(*module.split(".")[1:])
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom) and (node.level or str(node.module).partition(".")[0] == peer):
            found |= {alias.asname or alias.name for alias in node.names if alias.name != "*"}
    return sorted(name for name in found if not name.startswith("_"))


def modules_of(peer: str) -> list[str]:
    """Every module of a package, also below those that cannot be imported."""
    root = Path(importlib.import_module(peer).__path__[0])
    found = [peer]
    for initial in root.rglob("__init__.py"):
        prefix = ".".join((peer, *initial.parent.relative_to(root).parts))
        found += [f"{prefix}.{info.name}" for info in pkgutil.iter_modules([str(initial.parent)])]
    return sorted(set(found))


def main(peer: str) -> None:
    """Writes the file of a peer."""
    package = importlib.import_module(peer)
    modules = {module: " ".join(names_of(module, peer)) for module in modules_of(peer)}
    text = json.dumps({"version": package.__version__, "modules": modules}, indent=0)
    (OUT / f"{peer}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
