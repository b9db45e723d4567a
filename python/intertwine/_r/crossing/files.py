"""Model files for R."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import torch

from intertwine import deploy
from intertwine._r.crossing.values import on_disk
from intertwine.deploy.safetensors_file import read_bytes
from intertwine.disk import open_ordinary
from intertwine.errors import ModelFileError


def save(module: torch.nn.Module, path: str, extra: dict[str, Any] | None = None) -> None:
    """Write a module, with what R keeps beside it."""
    deploy.save(module, on_disk(path), extra=extra)


def load(path: str, classes: Any = None) -> dict[str, Any]:
    """The module of a file and, if it is that of a fit, the rest of the fit and the bytes of the file.

    Args:
        path: of the file.
        classes: those of the user's own that the module is made of.
    """
    data, name = read_bytes(on_disk(path))
    module = deploy.load_bytes(data, name, classes)
    fit = deploy.read_extra(data).get("fit")
    return {"module": module, "fit": fit, "state": None if fit is None else bytearray(data)}


def to_bytes(module: torch.nn.Module) -> bytearray:
    """A module as bytes."""
    return bytearray(deploy.save_bytes(module))


def from_bytes(data: bytearray) -> torch.nn.Module:
    """The module in these bytes."""
    return deploy.load_bytes(bytes(data))


def convert(module: torch.nn.Module, state: Any, tolerance: float | None) -> dict[str, Any]:
    """A copy of a module with the weights of one of escnn's, and what became of each layer.

    Args:
        module: ours.
        state: the other one's state by name, or the file that holds it.
        tolerance: the largest residual that passes, or `None`.
    """
    if isinstance(state, str):
        state = _state_of(state)
    converted = copy.deepcopy(module)
    layers = deploy.convert(state, converted, tolerance)
    return {
        "module": converted,
        "layers": [{"name": layer.name, "kind": layer.kind, "residual": layer.residual} for layer in layers],
    }


def _state_of(path: str) -> Any:
    """The tensors in a file of torch, of which nothing is executed."""
    try:
        with open_ordinary(on_disk(path)) as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    except ModelFileError:
        raise
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ModelFileError(
            f"'{path}' is no file of tensors that can be read: {str(error).splitlines()[0] if str(error) else error!r}",
            hint="write it with torch.save(model.state_dict(), path)",
        ) from error
