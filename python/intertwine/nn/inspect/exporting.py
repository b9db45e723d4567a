"""Models as plain torch modules, for use without intertwine."""

from __future__ import annotations

import copy
import inspect
import operator
import warnings
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, IntertwineError
from intertwine.fields import FieldType
from intertwine.nn.base.hooks import function_of, tensor_has_hooks
from intertwine.nn.base.module import EquivariantModule, reference_tensor
from intertwine.nn.inspect.joined import by_label
from intertwine.nn.inspect.kinds import TORCH_CONTAINERS, expects_geometric_tensor, fixed_sizes
from intertwine.nn.inspect.tracing import tensor_of
from intertwine.suggestions import suggests

_SIDES = (9, 8, 17, 16, 33, 32, 65, 64, 129, 128, 5, 4, 3, 2, 1)
"""Sizes of images that are tried for an example: large enough, and odd or even as the strides of the module need."""


@suggests
def export(module: torch.nn.Module, example: Any = None) -> torch.nn.Module:
    """The same function as a plain torch module, in eval mode: nothing of intertwine is left in it.

    Equivariant modules become layers of ``torch.nn`` (a convolution with its expanded filter, ...), or, where torch has none,
    recorded graphs of torch's operations; containers of torch and modules of your own keep their class, with their children
    replaced. A module of your own whose ``forward`` wraps tensors into :class:`GeometricTensor` cannot keep it: give an
    example of its input, and the whole module is recorded as one graph. The module itself stays as it is.

    Args:
        module: any module.
        example: a plain tensor (or a tuple of them) as the module takes it; batch and sizes may differ in later calls. Plain
            networks that are made equivariant by moves between pixels (C8, say) need one, and then take images of its size only.

    Returns:
        the plain module. It pickles, loads where intertwine is not installed, and takes any batch size and any space that the
        module takes.

    Raises:
        ArgumentError: if the example cannot be run or is missing, a module that holds types cannot be replaced part by part,
            or a part that is replaced has hooks, which would be left behind. Parts that are kept keep theirs.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
        >>> model = torch.nn.Sequential(nn.R2Conv(kind, kind, 3), nn.ReLU(kind), torch.nn.Flatten())
        >>> nn.export(model)
        Sequential(
          (0): Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1))
          (1): ReLU()
          (2): Flatten(start_dim=1, end_dim=-1)
        )
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"a module is needed, not {type(module).__name__}")
    for name, parameter in module.named_parameters():
        if tensor_has_hooks(parameter):
            raise _hooked(f"the parameter {name}", "hooks")
    twin = copy.deepcopy(module).eval()
    if example is not None:
        return record(twin, example if isinstance(example, tuple) else (example,))
    return _plain(twin).eval()


def _plain(module: torch.nn.Module) -> torch.nn.Module:
    if isinstance(module, EquivariantModule):
        return module.export()
    if not any(isinstance(part, EquivariantModule) for part in module.modules()):
        return module
    held = [name for name, value in vars(module).items() if isinstance(value, FieldType)]
    if held and type(module) not in TORCH_CONTAINERS:
        raise ArgumentError(
            f"{type(module).__name__} holds the field type {held[0]}, so that its forward takes more than plain tensors",
            hint="give an example of its input: export(module, torch.zeros(1, channels, height, width))",
        )
    twin = copy.copy(module)
    twin._modules = {name: None if part is None else _plain(part) for name, part in module._modules.items()}
    return twin


def refuse_hooks(module: torch.nn.Module, inside: bool = True) -> None:
    """Raises if a module that is about to be replaced has hooks of the user.

    Args:
        module: the module.
        inside: whether its parts are replaced along with it.

    Raises:
        ArgumentError: if there are any.
    """
    for name, part in module.named_modules() if inside else [("", module)]:
        found = function_of(part)
        if found is not None:
            raise _hooked(f"{type(part).__name__}{f' ({name})' if name else ''}", found)
    for name, parameter in module.named_parameters(recurse=inside):
        if tensor_has_hooks(parameter):
            raise _hooked(f"the parameter {name}", "hooks")


def _hooked(what: str, found: str) -> ArgumentError:
    return ArgumentError(
        f"{what} has {found}, which the exported module would not have",
        hint="remove it before the export, and register it on the exported module",
    )


def example_input(module: EquivariantModule) -> tuple[Any, ...]:
    """Plain features as a module takes them, of a size that it works on.

    Args:
        module: the module.

    Raises:
        ArgumentError: if it works on none of the sizes that are tried.
    """
    types = by_label(module.in_type)
    dimension = next(iter(types.values())).gspace.dimensionality
    reference = reference_tensor(module)
    problem: Exception | None = None
    for side in fixed_sizes(module) or _SIDES if dimension else (0,):
        made = [
            torch.zeros(2, type_.size, *(dimension * (side,)), dtype=reference.dtype, device=reference.device)
            for type_ in types.values()
        ]
        inputs: tuple[Any, ...] = (dict(zip(types, made)),) if isinstance(module.in_type, dict) else tuple(made)
        try:
            with torch.no_grad():
                _Plainly(module)(*inputs)
        except (IntertwineError, RuntimeError) as error:
            problem = error
            continue
        return inputs
    raise ArgumentError(f"{type(module).__name__} runs on no image of up to {max(_SIDES)} pixels: {problem}")


class _Plainly(torch.nn.Module):
    """A module from plain tensors to plain tensors, whether or not its ``forward`` wants fields."""

    def __init__(self, module: torch.nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any) -> Any:
        module: Any = self.module
        if expects_geometric_tensor(module) and isinstance(module.in_type, dict):
            inputs = ({label: type_(inputs[0][label]) for label, type_ in module.in_type.items()},)
        elif expects_geometric_tensor(module):
            inputs = tuple(type_(value) for type_, value in zip(by_label(module.in_type).values(), inputs, strict=True))
        output = module(*inputs)
        if isinstance(output, dict):
            return {label: tensor_of(value) for label, value in output.items()}
        return tensor_of(output)


def record(module: torch.nn.Module, inputs: tuple[Any, ...]) -> torch.fx.GraphModule:
    """A module in eval mode as a graph of torch's own operations, for any batch size and any space.

    Args:
        module: the module.
        inputs: an example of what it takes.

    Raises:
        ArgumentError: if the module cannot be run on it, or has hooks.
    """
    refuse_hooks(module)
    module = _Plainly(module.eval())
    inputs = _two_samples(inputs)
    try:
        with torch.no_grad():
            output = module(*inputs)
    except Exception as error:
        raise ArgumentError(f"{type(module.module).__name__} cannot be run on the example: {error}") from error
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch's own, about itself
        program = torch.export.export(module, inputs, dynamic_shapes=(tuple(map(_free, inputs)),), strict=False)
        options = inspect.signature(program.module).parameters
        traced: Any = program.module(check_guards=False) if "check_guards" in options else program.module()
    # A fresh graph: that of the exporter remembers how it was made, with objects that do not pickle.
    plain = torch.fx.Graph()
    results: Any = plain.graph_copy(traced.graph, {})
    if isinstance(output, torch.Tensor) and all(isinstance(value, torch.Tensor) for value in inputs):
        results = results[0]
    else:
        plain.set_codegen(traced.graph._codegen)  # which takes dicts of tensors apart
    plain.output(results)
    for node in plain.find_nodes(op="placeholder"):
        _say_fixed_sizes(plain, node, type(module.module).__name__)
    for node in plain.nodes:
        node.meta.clear()  # shapes of the example, and names of files
        _name_for_torchscript(node)
    graph = torch.fx.GraphModule(traced, plain, type(module.module).__name__)
    for parameter in graph.parameters():
        parameter.requires_grad_(True)
    for part in graph.modules():
        part.training = False
    return graph


def _two_samples(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """An example of one sample, twice: the exporter takes the size 1 for a constant, and so would refuse other batches."""
    single = all(isinstance(value, torch.Tensor) and value.dim() > 0 and len(value) == 1 for value in inputs)
    return tuple(torch.cat([value, value]) for value in inputs) if single else inputs


def _say_fixed_sizes(graph: torch.fx.Graph, given: torch.fx.Node, name: str) -> None:
    """Let a graph refuse in words images of another size, where it was recorded for one only."""
    from torch.fx.experimental.symbolic_shapes import is_concrete_int  # which brings sympy

    shape = getattr(given.meta.get("val"), "shape", ())
    fixed = {axis: int(size) for axis, size in enumerate(shape) if axis > 1 and is_concrete_int(size) and size > 1}
    message = f"{name} was exported with an example, for images of {' x '.join(map(str, fixed.values()))} pixels"
    with graph.inserting_before(given.next):
        for axis, size in fixed.items():
            holds = graph.call_function(operator.eq, (graph.call_method("size", (given, axis)), size))
            graph.call_function(torch.ops.aten._assert_scalar, (holds, message))


def _name_for_torchscript(node: torch.fx.Node) -> None:
    """Write an operation as TorchScript knows it: by the name that its overloads share, and sizes as a method of tensors."""
    if node.op != "call_function" or not isinstance(node.target, torch._ops.OpOverload):
        return
    if node.target is torch.ops.aten.sym_size.int:
        node.op, node.target = "call_method", "size"
    else:
        node.target = node.target.overloadpacket


def _free(value: Any) -> Any:
    """The axes of an example that may have another size in later calls: all but the channels, which numbers of nodes have not."""
    if isinstance(value, dict):
        return {label: _free(part) for label, part in value.items()}
    if not isinstance(value, torch.Tensor):
        return None
    return {axis: torch.export.Dim.AUTO for axis in range(value.dim()) if axis != 1 or not value.is_floating_point()}
