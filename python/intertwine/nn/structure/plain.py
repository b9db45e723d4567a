"""Connections around a part of an ordinary network, as model files may name them."""

from __future__ import annotations

from collections.abc import Iterable

import torch


class PlainResidual(torch.nn.Module):
    """A part, with its input added, which may go through layers of its own.

    Args:
        inner: the layers of the part.
        around: those that the input goes through.
    """

    def __init__(self, inner: Iterable[torch.nn.Module], around: Iterable[torch.nn.Module]) -> None:
        super().__init__()
        self.inner, self.around = torch.nn.Sequential(*inner), torch.nn.Sequential(*around)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both ways together."""
        return self.around(x) + self.inner(x)


class PlainConcat(torch.nn.Module):
    """A part, with its input beside its output.

    Args:
        inner: the layers of the part.
    """

    def __init__(self, inner: Iterable[torch.nn.Module]) -> None:
        super().__init__()
        self.inner = torch.nn.Sequential(*inner)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Both ways together."""
        return torch.cat([x, self.inner(x)], dim=1)
