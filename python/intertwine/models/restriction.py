"""Trained models with less symmetry, and the same outputs."""

from __future__ import annotations

import copy
from typing import Any

import torch

from intertwine import nn
from intertwine.checks import is_whole
from intertwine.errors import ArgumentError, ArgumentTypeError, IntertwineError, UnsupportedFieldError
from intertwine.gspaces import GSpace
from intertwine.models.grid_parts import common_subgroup, subgroup_label
from intertwine.nn.base.hooks import function_of
from intertwine.nn.base.module import reference_tensor
from intertwine.nn.conv.expanded_module import ExpandedModule
from intertwine.nn.inspect.exporting import example_input
from intertwine.nn.norm.sample_norm import SampleNorm
from intertwine.suggestions import suggests

_PLAIN = (bool, int, float, str, type(None))
"""The types of settings that are carried over."""

_TOLERANCE = 1e-6
"""The largest part of a filter that the basis of the subgroup may lack: it holds that of the group, up to rounding."""


@suggests
def restrict_model(model: nn.SequentialModule, subgroup: Any, from_layer: int = 0) -> nn.SequentialModule:
    """A trained model whose layers from one on keep a subgroup alone: the same outputs now, less symmetry after more training.

    What commutes with a group commutes with its subgroups, so every filter is one of the subgroup's too. Its weights there are
    found by projection; all other parameters and statistics are copied, and so is what was changed since the model was built:
    frozen parameters, parts in eval mode, settings such as ``eps``, the precision.

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
            apart under the group, is not the library's, has hooks or added parts, or shares parameters with another one.

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
    _check_ties(layers[:from_layer], layers[from_layer:])
    smaller = _Subgroup(first.in_type.gspace, subgroup)
    before: list[Any] = copy.deepcopy(layers[:from_layer])
    step = nn.RestrictionModule(first.in_type, smaller.label_in(first.in_type.gspace)).train(model.training)
    restricted = nn.SequentialModule(*before, step, *(_restricted(layer, smaller) for layer in layers[from_layer:]))
    restricted.training = model.training  # its parts have modes of their own
    return restricted


def _check_ties(before: list[Any], after: list[Any]) -> None:
    """Refuses parameters that a layer which is restricted shares with another one."""
    seen = {id(parameter) for layer in before for parameter in layer.parameters()}
    for part in torch.nn.ModuleList(after).modules():
        for name, parameter in part.named_parameters(recurse=False):
            if id(parameter) in seen:
                raise UnsupportedFieldError(
                    f"{type(part).__name__} shares its {name} with another layer, which would no longer share them",
                    hint="give each layer parameters of its own",
                )
            seen.add(id(parameter))


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
        self.twins: dict[int, Any] = {}
        """What stands for modules that were restricted already, by their id: one layer twice is one layer afterwards."""

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
    if id(value) not in smaller.twins:
        smaller.twins[id(value)] = _twin(value, smaller)
    return smaller.twins[id(value)]


def _twin(value: torch.nn.Module, smaller: _Subgroup) -> torch.nn.Module:
    """A module for the subgroup, with all that this one has learned and become."""
    if not isinstance(value, nn.EquivariantModule):
        return copy.deepcopy(value)
    for part in value.modules() if value.holds == "nothing" else [value]:
        if (own := function_of(part)) is not None:
            raise UnsupportedFieldError(
                f"{type(value).__name__} has {own}, which its counterpart would not have",
                hint="take it away before restricting, and give it to the new model",
            )
    if isinstance(value, nn.RestrictionModule) and value.out_type is not None:
        in_type = _restricted(value.in_type, smaller)
        label = common_subgroup(in_type.gspace, value.out_type.gspace)
        return nn.RestrictionModule(in_type, label).train(value.training)
    if not type(value).__module__.startswith("intertwine."):
        raise UnsupportedFieldError(
            f"{type(value).__name__} is no layer of the library, so that it is not known how to restrict it"
        )
    arguments = {name: _restricted(entry, smaller) for name, entry in value.arguments.items()}
    try:
        twin: Any = _built(value, arguments)
    except IntertwineError as error:  # such as for the label of a subgroup, which the smaller group may not have
        raise UnsupportedFieldError(
            f"{type(value).__name__} cannot be restricted: {error.message}", hint="restrict behind it"
        ) from error
    twin.training = value.training
    if isinstance(value, nn.DisentangleModule) and twin.out_type != _restricted(value.out_type, smaller):
        raise _splits(value)
    if value.holds == "nothing":
        # in double precision, so that the outputs can be compared whatever the precision of the model
        exact, fresh = copy.deepcopy(value).double(), _built(value, value.arguments)
        held = [{*dict(each.named_modules()), *each.state_dict()} for each in (value, fresh)]
        if held[0] != held[1]:
            names = ", ".join(sorted(held[0] ^ held[1]))
            raise UnsupportedFieldError(
                f"{type(value).__name__} is not as it was built: {names} was added or taken away"
            )
        twin.double()
        for name, part in exact.named_modules():
            new = twin.get_submodule(name)
            _carry_over(part, new)
            _carry_settings_over(part, new, fresh.get_submodule(name))
        _need_same_output(exact, twin)
        reference = reference_tensor(value)
        twin.to(device=reference.device, dtype=reference.dtype)
    return twin


def _built(value: nn.EquivariantModule, arguments: dict[str, Any]) -> nn.EquivariantModule:
    """A module of the same class."""
    named = {name: entry for name, entry in arguments.items() if name != "args"}
    return type(value)(*arguments.get("args", ()), **named)


def _carry_settings_over(old: torch.nn.Module, new: torch.nn.Module, fresh: torch.nn.Module) -> None:
    """What was changed since a part was built: its mode, and plain attributes that differ from those of a fresh one."""
    new.training = old.training
    own = vars(torch.nn.Module())
    for name, given in vars(old).items():
        known = vars(fresh).get(name, fresh)
        if name not in own and (known is fresh or (isinstance(given, _PLAIN) and given != known)):
            setattr(new, name, given)
    frozen = {name for name, parameter in old.named_parameters(recurse=False) if not parameter.requires_grad}
    for name, parameter in new.named_parameters(recurse=False):
        parameter.requires_grad_(name not in frozen)


def _carry_over(old: Any, new: Any) -> None:
    """What one layer has learned, in double precision, as parameters of its counterpart for the subgroup."""
    with torch.no_grad():
        if isinstance(old, ExpandedModule) and isinstance(new, ExpandedModule):
            weights, residual = new.basisexpansion.project(old.basisexpansion(old.weights))
            if residual > _TOLERANCE:
                raise UnsupportedFieldError(
                    f"the filter of {type(old).__name__} is one of the subgroup's up to {residual:.2g} of its norm only"
                )
            new.weights.copy_(weights)
            if old.bias is not None and new.bias is not None and old._bias_expansion and new._bias_expansion:
                new.bias.copy_(new._bias_expansion.project(old._bias_expansion(old.bias)))
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
