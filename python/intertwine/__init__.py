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

from intertwine import errors, group, gspaces, nn
from intertwine.gauge import GAUGE_VERSION

__version__ = "0.1.0"

__all__ = ["GAUGE_VERSION", "__version__", "errors", "group", "gspaces", "nn"]
