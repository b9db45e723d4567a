"""intertwine: group-equivariant neural networks for Python and R.

Example:
    >>> import torch
    >>> from intertwine import gspaces, nn
    >>> space = gspaces.rot2dOnR2(N=4)
    >>> gray = nn.field_type(space, trivial=1)
    >>> conv = nn.R2Conv(gray, nn.field_type(space, regular=3), kernel_size=3)
    >>> conv(torch.randn(2, 1, 32, 32)).shape
    torch.Size([2, 12, 30, 30])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from intertwine import errors, group, gspaces
from intertwine.gauge import GAUGE_VERSION
from intertwine.suggestions import missing_name

if TYPE_CHECKING:
    from intertwine import compat, deploy, fields, kernels, models, nn, study, training

__version__ = "0.1.0"

__all__ = [
    "GAUGE_VERSION",
    "__version__",
    "compat",
    "deploy",
    "errors",
    "fields",
    "group",
    "gspaces",
    "kernels",
    "models",
    "nn",
    "study",
    "training",
]

_ON_DEMAND = frozenset({"compat", "deploy", "fields", "kernels", "models", "nn", "study", "training"})


def __getattr__(name: str) -> Any:
    # Groups and spaces need NumPy and SciPy alone, so torch waits for the first network.
    if name in _ON_DEMAND:
        return importlib.import_module(f"intertwine.{name}")
    raise missing_name(__name__, name, __all__)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
