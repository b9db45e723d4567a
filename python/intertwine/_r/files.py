"""Model files for R."""

from __future__ import annotations

from typing import Any

import torch

from intertwine import deploy


def save(module: torch.nn.Module, path: str, extra: dict[str, Any] | None = None) -> None:
    """Write a module, with what R keeps beside it."""
    deploy.save(module, path, extra=extra)


def load(path: str) -> dict[str, Any]:
    """The module of a file and, if it is that of a fit, the rest of the fit."""
    module = deploy.load(path)
    extra = deploy.read_extra(path) or {}
    return {"module": module, "fit": extra.get("fit")}


def to_bytes(module: torch.nn.Module) -> bytearray:
    """A module as bytes."""
    return bytearray(deploy.save_bytes(module))


def from_bytes(data: bytearray) -> torch.nn.Module:
    """The module in these bytes."""
    return deploy.load_bytes(bytes(data))
