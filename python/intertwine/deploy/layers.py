"""The classes that a model file may name: the layers of intertwine.nn, and these of torch.nn."""

from __future__ import annotations

import inspect
from typing import Any

import torch

from intertwine.errors import ArgumentError, ModelFileError

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
"""Classes of torch.nn that are no more than their children."""

_NAMES = """
    Identity Linear Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d BatchNorm1d
    BatchNorm2d BatchNorm3d InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm LayerNorm LocalResponseNorm
    ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Softplus Softsign Tanh Sigmoid LogSigmoid Hardtanh
    Hardswish Hardsigmoid Softmax Softmax2d LogSoftmax Threshold Dropout Dropout1d Dropout2d Dropout3d
    AlphaDropout MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d
    AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d Flatten Unflatten Upsample
    PixelShuffle ZeroPad2d ReflectionPad2d ReplicationPad2d CircularPad2d
"""

TORCH_LAYERS = frozenset(_NAMES.split())
"""Layers of torch.nn whose constructor's arguments are also their attributes, and which hold no code of the user's."""

_PLACEMENT = ("device", "dtype")


def torch_arguments(module: torch.nn.Module) -> dict[str, Any]:
    """The constructor's arguments of a layer of `TORCH_LAYERS`, those left at their default left out.

    Leaving defaults out lets a file from a newer torch be read by an older one that lacks an argument.
    """
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name in ("self", *_PLACEMENT) or name.startswith("_"):
            continue
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        value = getattr(module, name, inspect.Parameter.empty)
        if value is inspect.Parameter.empty:
            if parameter.default is inspect.Parameter.empty:
                raise ArgumentError(f"{type(module).__name__} does not tell its argument {name!r}")
            continue
        if name == "bias":
            value = value is not None and value is not False
        if parameter.default is inspect.Parameter.empty or not _same(value, parameter.default):
            arguments[name] = value
    return arguments


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def class_name(module: torch.nn.Module, where: str) -> str:
    """The name of a module's class in a model file.

    Args:
        module: the module.
        where: what it is, for the error.

    Raises:
        ArgumentError: if it is not among the classes that may be loaded.
    """
    kind = type(module)
    name = kind.__name__
    if (name in TORCH_LAYERS or name in CONTAINERS) and getattr(torch.nn, name, None) is kind:
        return f"torch.nn.{name}"
    if equivariant_layers().get(name) is kind:
        return f"intertwine.nn.{name}"
    raise ArgumentError(
        f"{where} is of the class {kind.__module__}.{kind.__qualname__}, which a model file cannot hold: files name "
        "layers that every installation has, and nothing in them is ever executed",
        hint="build the model out of intertwine.nn and torch.nn layers, or save its state_dict() alone",
    )


def find_class(name: Any) -> type[torch.nn.Module]:
    """The class that a model file names.

    Raises:
        ModelFileError: if it is not among the classes that may be loaded.
    """
    home, _, short = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if home == "torch.nn" and (short in TORCH_LAYERS or short in CONTAINERS) and hasattr(torch.nn, short):
        return getattr(torch.nn, short)
    if home == "intertwine.nn" and short in equivariant_layers():
        return equivariant_layers()[short]
    raise ModelFileError(
        f"the file asks for the class {name!r}, which this version does not load from files",
        hint="update intertwine, if the file comes from a newer version of it",
    )


def equivariant_layers() -> dict[str, type[torch.nn.Module]]:
    """The public module classes of intertwine.nn, by name."""
    from intertwine import nn

    return {
        name: found
        for name in nn.__all__
        if isinstance(found := getattr(nn, name), type)
        and issubclass(found, torch.nn.Module)
        and found.__module__.startswith("intertwine.nn")
        and found is not nn.EquivariantModule
    }
