"""The classes that a model file may name: the layers of intertwine.nn, these of torch.nn, and what the user hands over."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, MissingClassError, ModelFileError, Words

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
"""Classes of torch.nn that are no more than their children."""

_NAMES = """
    Identity Linear Bilinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d BatchNorm1d
    BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm LayerNorm
    LocalResponseNorm ReLU ReLU6 LeakyReLU PReLU ELU SELU CELU GELU SiLU Mish Softplus Softsign Tanh Sigmoid LogSigmoid Hardtanh
    Hardswish Hardsigmoid Softmax Softmax2d LogSoftmax Threshold Dropout Dropout1d Dropout2d Dropout3d
    AlphaDropout MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d AdaptiveAvgPool1d AdaptiveAvgPool2d
    AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d Flatten Unflatten Upsample
    PixelShuffle ZeroPad1d ZeroPad2d ZeroPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d
    ReplicationPad3d CircularPad1d CircularPad2d CircularPad3d
"""

TORCH_LAYERS = frozenset(_NAMES.split())
"""Layers of torch.nn whose constructor's arguments are also their attributes, and which hold no code of the user's."""

_PLACEMENT = ("device", "dtype")


def arguments_of(module: torch.nn.Module, where: str) -> dict[str, Any]:
    """The arguments with which a module was built, or could have been.

    A layer of intertwine and each subclass of `EquivariantModule` remember them. Layers of torch, and modules of the user's that
    follow its custom, have them as attributes of the same name; whether those built the module, comparing tells.

    Args:
        module: the module.
        where: what it is, for the error.

    Raises:
        ArgumentError: if the module does not tell them.
    """
    kept = getattr(module, "arguments", None)
    if isinstance(kept, dict):
        return kept
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(type(module).__init__).parameters.items():
        if name in ("self", *_PLACEMENT) or name.startswith("_"):
            continue
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        value = getattr(module, name, inspect.Parameter.empty)
        if value is inspect.Parameter.empty:
            if parameter.default is inspect.Parameter.empty:
                raise ArgumentError(
                    f"{where}, a {type(module).__name__}, does not tell with which {name!r} it was built, so that a model file "
                    "cannot hold it",
                    hint=f"keep the argument in __init__ (self.{name} = {name}), or derive the class from "
                    "nn.EquivariantModule, which remembers all of them",
                )
            continue
        if name == "bias":
            value = value is not None and value is not False
        # Leaving defaults out lets a file from a newer torch be read by an older one that lacks an argument.
        if parameter.default is inspect.Parameter.empty or not _same(value, parameter.default):
            arguments[name] = value
    return arguments


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and not isinstance(a, (torch.Tensor, np.ndarray)) and a == b


def class_name(kind: type[torch.nn.Module], where: str) -> tuple[str, bool]:
    """The name of a module's class in a model file, and whether it is the user's own.

    Args:
        kind: the class.
        where: what is of it, for the error.

    Raises:
        ArgumentError: if files cannot name it.
    """
    name = kind.__name__
    if (name in TORCH_LAYERS or name in CONTAINERS) and getattr(torch.nn, name, None) is kind:
        return f"torch.nn.{name}", False
    if _own_classes().get(name) is kind:
        return f"intertwine.nn.{name}", False
    full = _full_name(kind)
    if full.startswith(("torch.", "intertwine.")):
        raise ArgumentError(f"{where} is of the class {full}, which a model file cannot hold", hint=_what_to_do(kind))
    return full, True


def _full_name(kind: type) -> str:
    # classes that R makes have no module
    return f"{getattr(kind, '__module__', None) or '__main__'}.{kind.__qualname__}"


def _what_to_do(kind: type[torch.nn.Module]) -> str:
    if kind.__name__.startswith("Parametrized"):
        return "remove the parametrisation: torch.nn.utils.parametrize.remove_parametrizations(module, name)"
    if kind.__name__ in WRAPPERS:
        return "save the module inside of it"
    if issubclass(kind, (torch.fx.GraphModule, torch.jit.ScriptModule)):
        return "save the model that it was made of; torch.save() or torch.export.save() keep what was recorded"
    return "build the model out of intertwine.nn and torch.nn layers, or save its state_dict() alone"


WRAPPERS = ("OptimizedModule", "DataParallel", "DistributedDataParallel")
"""Classes of torch that run the one module inside of them."""


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """The module inside of what `torch.compile` or torch's ways of running on several devices have made of it.

    Args:
        module: any module.
    """
    while type(module).__name__ in WRAPPERS and type(module).__module__.startswith("torch."):
        module = getattr(module, "_orig_mod", None) or module.module  # pyright: ignore[reportAssignmentType]
    return module


def find_class(name: Any, own: Mapping[str, type[torch.nn.Module]]) -> type[torch.nn.Module]:
    """The class that a model file names.

    Args:
        name: what the file says.
        own: the classes of the user's that it may name, by their names.

    Raises:
        ModelFileError: if it is not among the classes that may be loaded.
    """
    home, _, short = name.rpartition(".") if isinstance(name, str) else ("", "", "")
    if home == "torch.nn" and (short in TORCH_LAYERS or short in CONTAINERS) and hasattr(torch.nn, short):
        return getattr(torch.nn, short)
    if home == "intertwine.nn" and short in _own_classes():
        return _own_classes()[short]
    if home and name in own:
        return own[name]
    if not home or f"{home}.".startswith(("torch.", "intertwine.")):
        raise ModelFileError(
            f"the file asks for the class {name!r}, which this version does not load from files",
            hint="update intertwine, if the file comes from a newer version of it",
        )
    # a class may have moved to another file since, or have been written into a notebook then
    alike = [kind for full, kind in own.items() if full.rpartition(".")[2] == short]
    if len(alike) == 1:
        return alike[0]
    raise MissingClassError(
        f"the file holds a module of the class {name!r}, which is not of intertwine",
        hint=Words(
            f"if the file is yours, define the class and give it: load(path, classes=[{short}])",
            r=f"if the file is yours, define the class and give it: intertwine_load(path, classes = list({short}))",
        ),
    )


def named_classes(classes: Any) -> dict[str, type[torch.nn.Module]]:
    """The user's classes by name.

    Args:
        classes: a class, several, or a dict of classes by the names that files have for them.

    Raises:
        ArgumentTypeError: if one is no class of modules.
    """
    if classes is None:
        return {}
    if isinstance(classes, type):
        classes = [classes]
    if not isinstance(classes, (Mapping, Iterable)):
        raise ArgumentTypeError(f"`classes` must be a list of classes, not {type(classes).__name__}")
    listed = classes.items() if isinstance(classes, Mapping) else [(None, kind) for kind in classes]
    found: dict[str, type[torch.nn.Module]] = {}
    for name, kind in listed:
        if not isinstance(kind, type) or not issubclass(kind, torch.nn.Module):
            raise ArgumentTypeError(
                f"`classes` holds {kind!r}, which is no class of torch modules", hint="give the classes, not modules"
            )
        found[_full_name(kind) if name is None else str(name)] = kind
    return found


@lru_cache(maxsize=1)
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


@lru_cache(maxsize=1)
def _own_classes() -> dict[str, type[torch.nn.Module]]:
    """The classes of intertwine that a file may name: its public layers, and the parts of ordinary networks."""
    from intertwine.nn.structure.plain import PlainConcat, PlainResidual

    return {**equivariant_layers(), "PlainConcat": PlainConcat, "PlainResidual": PlainResidual}
