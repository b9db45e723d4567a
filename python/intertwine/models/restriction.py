"""Trained models with less symmetry, and the same outputs."""

from __future__ import annotations

import copy
from typing import Any

import torch

from intertwine import nn
from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, UnsupportedFieldError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import common_subgroup, subgroup_label
from intertwine.nn.conv.expanded_module import ExpandedModule
from intertwine.nn.inspect.exporting import example_input
from intertwine.nn.norm.sample_norm import SampleNorm
from intertwine.suggestions import suggests

_TOLERANCE = 1e-6
"""The largest part of a filter that the basis of the subgroup may lack: it holds that of the group, up to rounding."""


@suggests
def restrict_model(model: nn.SequentialModule, subgroup: Any, from_layer: int = 0) -> nn.SequentialModule:
    """A trained model whose layers from one on keep a subgroup alone: the same outputs now, less symmetry after more training.

    What commutes with a group commutes with its subgroups, so every filter is one of the subgroup's too. Its weights there are
    found by projection; all other parameters and statistics are copied.

    Args:
        model: a sequence of layers; it stays as it is.
        subgroup: the label of the subgroup, or a space with it.
        from_layer: the number of the first layer, from 0, that is restricted.

    Returns:
        a new sequence: the layers before, a `RestrictionModule`, the layers from there on for the restricted fields.

    Raises:
        ArgumentTypeError: if the model is no `SequentialModule`.
        ArgumentError: if there is no such layer, or the subgroup's motions are not among those of the group.
        UnsupportedFieldError: if a layer is built for the group itself, as Fourier layers are, depends on how its fields fall
            apart under the group, or is not the library's.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.flipRot2dOnR2(4), trivial=1)
        >>> net = nn.SequentialModule(kind, nn.R2Conv.spec(out={"regular": 2}, kernel_size=3), nn.ReLU.spec())
        >>> less = restrict_model(net, (None, 4), from_layer=1)
        >>> x = torch.randn(1, 1, 5, 5)
        >>> bool(torch.allclose(less(x), net(x), atol=1e-5)), less.symmetry.fibergroup.order()
        (True, 4)
    """
    if not isinstance(model, nn.SequentialModule):
        raise ArgumentTypeError(
            f"restrict_model takes a SequentialModule, not {type(model).__name__}",
            hint="build the model with nn.SequentialModule, or restrict its parts one by one",
        )
    layers = list(model)
    if not is_whole(from_layer) or not 0 <= from_layer < len(layers):
        raise ArgumentError(
            f"from_layer must be the number of a layer, {{first}} to {{last}}, not {from_layer!r}",
            positions={"first": 0, "last": len(layers) - 1},
        )
    first = layers[from_layer]
    if not isinstance(first, nn.EquivariantModule):
        raise ArgumentError("the layers from there on are ordinary torch modules, which have no symmetry")
    smaller = _Subgroup(first.in_type.gspace, subgroup)
    before: list[Any] = [copy.deepcopy(layer) for layer in layers[:from_layer]]
    step = nn.RestrictionModule(first.in_type, smaller.label_in(first.in_type.gspace))
    restricted = nn.SequentialModule(*before, step, *(_restricted(layer, smaller) for layer in layers[from_layer:]))
    return restricted.train(model.training)


class _Subgroup:
    """What is left of the group of each space of a model.

    Args:
        space: the first one.
        subgroup: the label of a subgroup of its group, or a space with it.
    """

    def __init__(self, space: GSpace, subgroup: Any) -> None:
        label = subgroup_label(space, subgroup)
        self._labels = {space: label}
        self._space = space.restrict(label)[0]

    def label_in(self, space: GSpace) -> Any:
        """The label of what is left: of the elements whose motions of space are those of the subgroup.

        Args:
            space: one that the model has after a restriction of its own.
        """
        if space not in self._labels:
            self._labels[space] = common_subgroup(space, self._space)
        return self._labels[space]


def _restricted(value: Any, smaller: _Subgroup) -> Any:
    """A module, a type, or a collection of them, for the subgroup; anything else as it is."""
    if isinstance(value, nn.FieldType):
        return value.restrict(smaller.label_in(value.gspace))
    if isinstance(value, GSpace):
        raise UnsupportedFieldError(
            "a layer that is built for its group, as Fourier layers are, cannot be restricted",
            hint="restrict behind it",
        )
    if isinstance(value, (list, tuple)):
        return type(value)(_restricted(entry, smaller) for entry in value)
    if isinstance(value, dict):
        return {key: _restricted(entry, smaller) for key, entry in value.items()}
    if not isinstance(value, torch.nn.Module):
        return value
    if not isinstance(value, nn.EquivariantModule):
        return copy.deepcopy(value)
    if isinstance(value, nn.RestrictionModule) and value.out_type is not None:
        in_type = _restricted(value.in_type, smaller)
        return nn.RestrictionModule(in_type, common_subgroup(in_type.gspace, value.out_type.gspace))
    if not type(value).__module__.startswith("intertwine."):
        raise UnsupportedFieldError(
            f"{type(value).__name__} is no layer of the library, so that it is not known how to restrict it"
        )
    arguments = {name: _restricted(entry, smaller) for name, entry in value.arguments.items()}
    several = arguments.pop("args", ())
    twin: Any = type(value)(*several, **arguments)
    if isinstance(value, nn.DisentangleModule) and twin.out_type != _restricted(value.out_type, smaller):
        raise _splits(value)
    if value.holds == "nothing":
        for name, part in value.named_modules():
            _carry_over(part, twin.get_submodule(name))
        _need_same_output(value, twin)
    return twin


def _carry_over(old: Any, new: Any) -> None:
    """What one layer has learned, as parameters of its counterpart for the subgroup."""
    with torch.no_grad():
        new.to(next((p for p in old.parameters(recurse=False)), torch.empty(0)))
        if isinstance(old, ExpandedModule) and isinstance(new, ExpandedModule):
            exact = copy.deepcopy(old).double()
            weights, residual = new.basisexpansion.project(exact.basisexpansion(exact.weights))
            if residual > _TOLERANCE:
                raise UnsupportedFieldError(
                    f"the filter of {type(old).__name__} is one of the subgroup's up to {residual:.2g} of its norm only"
                )
            new.weights.copy_(weights)
            if exact.bias is not None and new.bias is not None and exact._bias_expansion and new._bias_expansion:
                new.bias.copy_(new._bias_expansion.project(exact._bias_expansion(exact.bias)))
            return
        own = dict(old.named_parameters(recurse=False)) | dict(old.named_buffers(recurse=False))
        for name in old.state_dict():
            if name in own:
                found = own[name]
                if name == "bias" and isinstance(old, (SampleNorm, nn.FieldNorm)) and old._trivial and new._trivial:
                    found = new._trivial.project(old._trivial(found))
                if getattr(new, name).shape != found.shape:
                    raise _splits(old)
                getattr(new, name).copy_(found)


def _need_same_output(old: nn.EquivariantModule, new: nn.EquivariantModule) -> None:
    """Raises unless both do the same in evaluation: a few layers depend on how fields fall apart under the group."""
    pair = [copy.deepcopy(module).eval() for module in (old, new)]
    inputs = [torch.randn_like(value) for value in example_input(pair[0]) if isinstance(value, torch.Tensor)]
    if not inputs:
        return
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        outputs = [module(*inputs) for module in pair]
    if isinstance(outputs[0], torch.Tensor) and not torch.allclose(*outputs, rtol=1e-3, atol=1e-4):
        raise _splits(old)


def _splits(module: torch.nn.Module) -> UnsupportedFieldError:
    return UnsupportedFieldError(
        f"{type(module).__name__} depends on how its fields fall apart, and under the subgroup they fall apart further",
        hint="restrict behind it, or use fields whose channels the group permutes",
    )
