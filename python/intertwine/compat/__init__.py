"""Programs that were written for escnn or e2cnn, unchanged.

``install("escnn")`` lets ``import escnn``, and every public path below it, give new modules that hold the classes of intertwine:
``escnn.nn.R2Conv`` *is* ``intertwine.nn.R2Conv``. A program that cannot be edited runs with
``python -m intertwine.compat program.py``, its tests with ``python -m intertwine.compat -m pytest``. Nothing in the rest of the
library knows of this package, and ``import intertwine`` does not load it.

Example:
    >>> from intertwine import compat, nn
    >>> escnn = compat.install("escnn")
    >>> from escnn.nn.modules.conv.r2convolution import R2Conv  # pyright: ignore[reportMissingImports]
    >>> R2Conv is nn.R2Conv
    True
    >>> compat.uninstall("escnn")
"""

from __future__ import annotations

from intertwine.compat.finder import PeerModule, install, installed, uninstall
from intertwine.compat.names import PEERS, Name, table

__all__ = ["PEERS", "Name", "PeerModule", "install", "installed", "table", "uninstall"]
