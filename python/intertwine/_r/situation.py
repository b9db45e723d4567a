"""What the session runs on, for `intertwine_sitrep()`."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import torch

import intertwine


def facts() -> dict[str, str | None]:
    """Versions and places, by name."""
    return {
        "python": platform.python_version(),
        "executable": sys.executable,
        "half": f"{intertwine.__version__}, {Path(intertwine.__file__ or '.').parent}",
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "scipy": _version("scipy"),
        "lightning": _version("lightning") or _version("lightning-fabric"),
        "device": _device(),
        "threads": str(torch.get_num_threads()),
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _device() -> str:
    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}"
    if torch.backends.mps.is_available():
        return "mps"
    return "cpu"
