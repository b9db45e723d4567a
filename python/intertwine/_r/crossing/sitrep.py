"""What the session runs on, for `intertwine_sitrep()`."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import intertwine


def facts() -> dict[str, str | None]:
    """Versions and places, by name."""
    try:
        import torch
    except ImportError as error:
        found: dict[str, str | None] = {"torch": f"not available: {error}. Groups work, networks do not."}
    else:
        found = {
            "torch": str(torch.__version__),
            "device": _device(torch),
            "threads": str(torch.get_num_threads()),
        }
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "half": f"{intertwine.__version__}, {Path(intertwine.__file__ or '.').parent}",
        "torch": found.pop("torch"),
        "numpy": np.__version__,
        "scipy": _version("scipy"),
        "lightning": _version("lightning") or _version("lightning-fabric"),
        **found,
    }


def has_torch() -> bool:
    """Whether networks can be built; groups and spaces need no torch."""
    try:
        import torch  # noqa: F401
    except ImportError:
        return False
    return True


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
