"""The parts of a model: layers of the library, containers, layers of torch, and modules of the user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch.nn.utils.parametrize import is_parametrized

from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule

PartKind = Literal["layer", "container", "torch", "own"]

TORCH_CONTAINERS = (torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict)

_HARMLESS = frozenset({"evaluate_output_shape", "extra_repr", "check_equivariance", "export", "arguments", "needs"})
"""Names that a subclass may define without computing anything else than the class that it extends (and all of ``__x__``)."""

_BASES = (torch.nn.Module, EquivariantModule)


def kind_of(module: torch.nn.Module) -> PartKind:
    """Whose code a module runs, and so what is known of its equivariance.

    A ``layer`` is one of this library, whose tests guarantee its equivariance. A ``container`` only passes features on to its
    parts. ``torch`` is a layer of ``torch.nn``, which has no types. Everything else is a user's ``own``: a class with a
    ``forward`` or a ``_compute`` of its own, a layer with hooks, or a layer that holds such a module.

    Args:
        module: any module.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
        >>> conv, plain = nn.R2Conv(kind, kind, 3), torch.nn.Conv2d(1, 1, 3)
        >>> kind_of(conv), kind_of(nn.SequentialModule(conv)), kind_of(plain)
        ('layer', 'container', 'torch')
    """
    found = _kind_of_class(module)
    if found == "layer" and any(kind_of(child) == "own" for child in module.children()):
        return "own"
    return found


def _kind_of_class(module: torch.nn.Module) -> PartKind:
    hooks = [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]
    # Hooks of the library only record.
    hooked = any(not str(getattr(hook, "__module__", "")).startswith("intertwine.") for hook in hooks)
    if hooked or any(name in vars(module) for name in ("forward", "_compute")):
        return "own"
    # A parametrised layer is the layer, with other weights.
    for cls in type(module).__mro__[is_parametrized(module) :]:
        if cls in _BASES:
            return "own"
        home = cls.__module__
        if home.startswith("intertwine."):
            return "layer" if getattr(cls, "holds", "nothing") == "nothing" else "container"
        if home.startswith("torch.nn."):
            return "container" if cls in TORCH_CONTAINERS else "torch"
        own = {name for name in vars(cls) if not (name.startswith("__") and name.endswith("__"))}
        if home.startswith("torch.") or not own <= _HARMLESS | {"_abc_impl"} or "__call__" in vars(cls):
            return "own"
    return "own"


def walk(module: torch.nn.Module, path: str = "") -> Iterator[tuple[str, torch.nn.Module, PartKind]]:
    """The parts of a model in the order in which they are held, each before the parts that it is made of.

    Layers of the library and of torch are not taken apart.

    Args:
        module: any module.
        path: its name, before which those of its parts are put.
    """
    kind = kind_of(module)
    yield path, module, kind
    if kind in ("container", "own"):
        for name, child in module.named_children():
            yield from walk(child, f"{path}.{name}" if path else name)


def gathers(module: torch.nn.Module) -> bool:
    """Whether a container joins what its parts give.

    Args:
        module: any module.
    """
    return kind_of(module) == "container" and getattr(module, "holds", None) == "branches"


def expects_geometric_tensor(module: torch.nn.Module) -> bool:
    """Whether a module is promised a :class:`GeometricTensor`: an equivariant one with a user's ``forward``.

    Args:
        module: any module.
    """
    if not isinstance(module, EquivariantModule) or not module.takes_fields:
        return False
    owner = next(cls for cls in type(module).__mro__ if "forward" in vars(cls))
    return not owner.__module__.startswith("intertwine.")


def has_own_lift(module: torch.nn.Module) -> bool:
    """Whether a module says itself which elements of the input's group act on its output.

    Args:
        module: any module.
    """
    return isinstance(module, EquivariantModule) and type(module).lift is not EquivariantModule.lift


def entry_type(model: torch.nn.Module) -> FieldType | None:
    """The type of the fields that a model takes: its own, or that of the first equivariant module in it.

    Args:
        model: any module.
    """
    for _, module, _ in walk(model):
        in_type = getattr(module, "in_type", None) if isinstance(module, EquivariantModule) else None
        if in_type is not None:
            return in_type if isinstance(in_type, FieldType) else None
    return None


def fixed_sizes(module: torch.nn.Module) -> tuple[int, ...] | None:
    """The only sizes of images that a model takes, if a part of it, such as a mask, is made for them.

    Args:
        module: any module.
    """
    found = (getattr(part, "input_sizes", None) for part in module.modules())
    return next((sizes for sizes in found if isinstance(sizes, tuple)), None)
