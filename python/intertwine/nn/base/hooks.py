"""Hooks: functions of the user that modules and tensors call. A copy of another class would lose them."""

from __future__ import annotations

from typing import Any

import torch

HOOKS = tuple(name for name in vars(torch.nn.Module()) if "hook" in name)
"""The attributes in which torch keeps functions that run before or after something else."""


def hooks_of(module: torch.nn.Module, kind: str) -> Any:
    """The hooks of a module of one kind; the numbers that torch gives them carry no meaning.

    Args:
        module: the module.
        kind: one of `HOOKS`.
    """
    held = vars(module).get(kind)
    if not isinstance(held, dict):
        return held
    if kind.endswith(
        ("_with_kwargs", "_always_called")
    ):  # The dict holds the numbers of hooks that are called in this way.
        hooks = vars(module).get("_forward_pre_hooks" if "pre_hooks" in kind else "_forward_hooks", {})
        return [number in held for number in hooks]
    return list(held.values())


def named_hooks(kind: str) -> str:
    """A kind of hooks as errors call it.

    Args:
        kind: one of `HOOKS`.
    """
    return kind.strip("_").replace("_", " ")


def function_of(module: torch.nn.Module) -> str | None:
    """What of the user runs when a module runs: a kind of hooks, or a method of this one object; ``None`` without any.

    Args:
        module: the module.
    """
    for kind in HOOKS:
        if kind != "_is_full_backward_hook" and hooks_of(module, kind):
            return f"hooks ({named_hooks(kind)})"
    for name in ("forward", "_compute"):
        if name in vars(module):
            return f"a {name}() of its own, which its class does not have"
    return None


def tensor_has_hooks(tensor: torch.Tensor) -> bool:
    """Whether functions run when a tensor gets its gradient.

    Args:
        tensor: a parameter, for example.
    """
    return bool(tensor._backward_hooks or getattr(tensor, "_post_accumulate_grad_hooks", None))
