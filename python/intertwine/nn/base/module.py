"""The base of all equivariant modules."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    EquivarianceWarning,
    FieldTypeError,
    ShapeError,
    UnsupportedFieldError,
    Words,
    warn,
)
from intertwine.fields import FieldType, GeometricTensor
from intertwine.nn.base.construction import Constructed
from intertwine.nn.base.windows import uneven_settings

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement
    from intertwine.gspaces import GSpace
    from intertwine.nn.inspect.equivariance import EquivarianceReport


class EquivariantModule(Constructed):
    """A module that commutes with a group: f(g x) = g f(x), for features of ``in_type`` and ``out_type``.

    Library layers implement ``_compute`` on plain tensors. The base class checks types, unwraps and wraps: a
    :class:`GeometricTensor` gives a :class:`GeometricTensor` on the same points, a plain tensor gives a plain tensor. A subclass
    may instead override ``forward``; it then receives what it is called with, and a :class:`GeometricTensor` from the modules of
    the library that hold it. It may set ``needs``, ``needs_grid``, ``uses_coords``, ``holds`` and ``exports_parts``, see there.

    Attributes:
        in_type: the type of the input.
        out_type: the type of the output; ``None`` for plain features that the group does not change.
    """

    in_type: FieldType
    out_type: FieldType | None
    needs_grid: ClassVar[bool] = False
    """Whether the input must have exactly the space's axes, as for a convolution."""

    holds: ClassVar[Literal["nothing", "a sequence", "branches"]] = "nothing"
    """Whether it passes features to modules that it was given, one after the other or side by side. Then tools look at these
    modules one by one."""

    needs: ClassVar[str] = "any fields"
    """What the fields of the input must be, so that the layer commutes with the group."""

    exports_parts: ClassVar[bool] = False
    """Whether ``export`` exports the parts one by one, so that modules of torch stay as they are."""

    takes_fields: ClassVar[bool] = False
    """Whether the class has a ``forward`` of its own, which is promised a :class:`GeometricTensor`; see `call_part`."""

    uses_coords: ClassVar[bool] = False
    """Whether ``_compute`` also takes the coordinates of the points, as ``coords``, where there are any."""

    _never_exact_reason: str | None = None
    """Why the layer is not exactly equivariant on any grid; ``None`` unless a setting breaks that."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        takes_fields = cls.forward is not EquivariantModule.forward
        if takes_fields != cls.takes_fields:
            cls.takes_fields = takes_fields

    # --- calling ----------------------------------------------------------------------------------------------------------

    def forward(self, input: Any, *more: Any, **named: Any) -> Any:
        """The output for an input.

        Args:
            input: a :class:`GeometricTensor` of type ``in_type``, or a tensor of shape ``(batch, in_type.size, *space)``; a
                dict of them by label where ``in_type`` is a dict.
            *more: the other inputs where ``in_type`` is a tuple.
            **named: what a layer takes besides, such as the sets of points of :class:`Attention`.

        Returns:
            the same kind: a :class:`GeometricTensor` of type ``out_type``, or a tensor; a dict of them where ``out_type`` is a
            dict.

        Raises:
            FieldTypeError: if the type is another one.
            ShapeError: if the shape does not fit.
        """
        if more or not isinstance(self.in_type, FieldType):
            return self._forward_several(input, *more, **named)
        tensor = self._unwrapped(input, self.in_type)
        self._check_axes(tensor)
        if not isinstance(input, GeometricTensor):
            return self._compute(tensor, **named)
        return self._wrapped(self._compute(tensor, **named, **self._points(input.coords)), input.coords)

    def _unwrapped(self, value: Any, type_: FieldType, label: Any = None) -> torch.Tensor:
        """The tensor of features that must have a type.

        Args:
            value: the features.
            type_: their type.
            label: the label of the input, if the module has several; for the message.
        """
        if isinstance(value, GeometricTensor):
            if value.type is not type_ and value.type != type_:
                raise FieldTypeError(
                    f"{type(self).__name__} takes {{type}}{'' if label is None else ' as input {input}'}, but was given "
                    "{given}",
                    hint="build the layer for the output type of the layer before it",
                    positions=None if label is None else {"input": label},
                    parts={"type": type_, "given": value.type},
                )
            return value.tensor
        if not isinstance(value, torch.Tensor):
            raise ArgumentTypeError(
                f"{type(self).__name__} takes a tensor or a GeometricTensor, not {type(value).__name__}",
                hint=Words(
                    "make a tensor of shape (batch, channels, *space), for example with torch.as_tensor",
                    r="make an array [batch, channel, height, width]",
                ),
            )
        if value.dim() < 2 or value.shape[1] != type_.size:
            type_.check_channels(value)
        return value

    def _points(self, coords: torch.Tensor | None) -> dict[str, torch.Tensor]:
        """The coordinates as ``_compute`` takes them."""
        return {"coords": coords} if self.uses_coords and coords is not None else {}

    def _forward_several(self, *inputs: Any) -> Any:
        """The output of a module with several inputs: a tuple of types takes as many inputs, a dict of types takes a dict."""
        name = type(self).__name__
        types, given = match_inputs(self.in_type, inputs, name)
        tensors: dict[Any, torch.Tensor] = {}
        wrapped: list[GeometricTensor] = []
        for label, type_ in types.items():
            value = given[label]
            tensors[label] = self._unwrapped(value, type_, label)
            if isinstance(value, GeometricTensor):
                if wrapped and not wrapped[0].has_same_coords(value):
                    raise ShapeError(f"the inputs of {name} live on different points")
                wrapped.append(value)
        shapes = [(tensor.shape[0], *tensor.shape[2:]) for tensor in tensors.values()]
        if any(shape != shapes[0] for shape in shapes):
            raise ShapeError(
                f"the inputs of {name} must have the same batch and space, but their shapes are "
                f"{[tuple(tensor.shape) for tensor in tensors.values()]}"
            )
        if wrapped and len(wrapped) < len(tensors):
            raise ArgumentTypeError(
                f"{name} takes either plain tensors or GeometricTensors, but was given some of each"
            )
        coords = wrapped[0].coords if wrapped else None
        arguments = (tensors,) if isinstance(self.in_type, dict) else tuple(tensors.values())
        output = self._compute(*arguments, **self._points(coords))
        return self._wrapped(output, coords) if wrapped else output

    def _wrapped(self, output: Any, coords: torch.Tensor | None) -> Any:
        if self.out_type is None or isinstance(output, GeometricTensor):
            return output
        if isinstance(self.out_type, dict):
            return {label: GeometricTensor(output[label], type_, coords) for label, type_ in self.out_type.items()}
        return GeometricTensor(output, self.out_type, coords)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        if self.needs_grid and tensor.dim() != 2 + (d := self.in_type.gspace.dimensionality):
            fewer = Words("add the missing axes, as in tensor[None]", r="add the missing ones: dim(x) <- c(1, dim(x))")
            more = f"give data of R^{d}, or build the network on R^{tensor.dim() - 2}"
            raise ShapeError(
                f"{type(self).__name__} takes tensors with {2 + d} axes (batch, channels, {d} of space), but the shape is "
                f"{tuple(tensor.shape)}",
                hint=fewer if tensor.dim() < 2 + d else more,
            )

    def _compute(self, *tensors: Any, **points: Any) -> Any:
        """The output channels for the input channels: what a library layer implements.

        Args:
            *tensors: one for each input, or a dict of them.
            **points: the coordinates, as ``coords``, for a layer that uses them.
        """
        raise FieldTypeError(
            f"{type(self).__name__} computes nothing",
            hint="a subclass of EquivariantModule overrides `forward` or `_compute`",
        )

    def __add__(self, other: Any) -> EquivariantModule:
        """Both modules on one input, their outputs added: a :class:`ResidualModule`.

        Args:
            other: a module of the same types, or its specification.

        Raises:
            FieldTypeError: if the types differ.
        """
        from intertwine.nn.structure.skip import sum_of_modules

        return sum_of_modules(self, other)

    # --- asking -----------------------------------------------------------------------------------------------------------

    def evaluate_output_shape(self, *input_shapes: Any, **by_label: Any) -> Any:
        """The shape of the output for an input of some shape, found without computing (on the meta device).

        Args:
            *input_shapes: ``(batch, in_type.size, *space)``; one for each input of a module with several.
            **by_label: the same by label, for a module that takes a dict.

        Returns:
            the shape; a dict of shapes for a module that gives a dict.
        """
        twin = copy.deepcopy(self).to("meta").eval()
        dtype = reference_tensor(self).dtype

        def probe(shape: Any) -> torch.Tensor:
            return torch.empty(tuple(int(n) for n in shape), device="meta", dtype=dtype)

        probes: list[Any] = [probe(shape) for shape in input_shapes]
        if by_label:
            probes.append({label: probe(shape) for label, shape in by_label.items()})
        with torch.no_grad():
            if self.takes_fields and isinstance(self.in_type, FieldType):
                probes = [GeometricTensor(value, self.in_type) for value in probes]
            output = twin(*probes)
        if isinstance(output, dict):
            return {label: tuple(value.shape) for label, value in output.items()}
        return tuple(output.shape)

    def check_equivariance(
        self,
        atol: float | torch.Tensor | GeometricTensor | None = None,
        rtol: float | None = None,
        assertion: bool = True,
        verbose: bool = False,
        device: str | None = None,
        *,
        x: torch.Tensor | GeometricTensor | None = None,
        elements: list[GroupElement] | None = None,
        assert_raise: bool = True,
        full_space_action: bool = True,
        **options: Any,
    ) -> EquivarianceReport:
        """The error of equivariance for each element of the group, by running the module.

        See :func:`intertwine.nn.check_equivariance`.

        Args:
            atol: absolute tolerance. Programs written for escnn give it first; features in its place are taken for ``x``.
            rtol: relative tolerance.
            assertion: whether a failure raises.
            verbose: has no effect: nothing is printed. Programs written for escnn may give it.
            device: has no effect: the module stays where it is. Programs written for escnn may give it.
            x: the input to use.
            elements: the elements to test.
            assert_raise: the same as ``assertion``, as some layers of escnn call it.
            full_space_action: whether the group also moves space; if not, the module is run on a single cell.
            **options: others of that function, such as ``size``.
        """
        from intertwine.nn.inspect.equivariance import check_equivariance

        tolerance: Any = atol
        if isinstance(atol, (torch.Tensor, GeometricTensor, dict, tuple)):
            if x is not None:
                raise ArgumentError("two inputs were given, one in the place of atol", hint="give one input as x=")
            x, tolerance = atol, None  # type: ignore[assignment]
        if x is None and not full_space_action and options.get("size") is None:
            x = torch.randn(3, self.in_type.size, *(self.in_type.gspace.dimensionality * (1,)))
        raises = assertion and assert_raise
        return check_equivariance(self, x, elements, atol=tolerance, rtol=rtol, assertion=raises, **options)

    def _export(self) -> torch.nn.Module:
        """The layer as modules of ``torch.nn``; raises UnsupportedFieldError where torch has none that do the same."""
        raise UnsupportedFieldError(f"torch.nn has no layer like {type(self).__name__}")

    def export(self) -> torch.nn.Module:
        """The same function as a plain torch module, in eval mode, for use without intertwine.

        Where ``torch.nn`` has no layer that does the same, the operations are recorded as a ``torch.fx.GraphModule``. For
        models that are no equivariant modules themselves see :func:`intertwine.nn.export`.

        Raises:
            ArgumentError: if hooks hang on what is replaced.
        """
        from intertwine.nn.inspect.exporting import example_input, record, refuse_hooks

        refuse_hooks(self, inside=not self.exports_parts)
        self.eval()
        try:
            exported = self._export()
        except UnsupportedFieldError:
            exported = record(self, example_input(self))
        for part in exported.modules():
            part.training = False
        return exported

    def shape_problem(self, size: tuple[int, ...]) -> str | None:
        """Why the module breaks exact equivariance on a grid of some size; ``None`` if it does not.

        Args:
            size: of the input along each axis of space.
        """
        return self._never_exact_reason

    def _warn_never_exact(self, problem: str, advice: str) -> None:
        """Warns that a setting breaks exact equivariance at every size, and keeps the reason for :func:`shape_plan`.

        Args:
            problem: what is wrong.
            advice: what to use instead.
        """
        object.__setattr__(self, "_never_exact_reason", problem)
        warn(f"{type(self).__name__} is not exactly equivariant: {problem}. {advice}", EquivarianceWarning)

    def _warn_if_uneven(self, **settings: tuple[int, ...]) -> None:
        """Warns if the layer treats axes of space differently that the group mixes.

        Args:
            **settings: numbers by axis, by the name of the argument.
        """
        uneven = uneven_settings(self.in_type, settings)
        if uneven:
            self._warn_never_exact(
                f"{', '.join(uneven)} treats the axes of space differently, but {self.in_type.fibergroup} exchanges them",
                "Use equal numbers.",
            )

    def lift(self, element: GroupElement) -> GroupElement:
        """The element of the input's group that corresponds to an element of the output's group.

        Args:
            element: an element of the output's group, which is the input's unless the module restricts the symmetry.
        """
        return element

    @property
    def symmetry(self) -> GSpace:
        """The space with the group to which the module is equivariant: that of the output, if it has a type."""
        return self.in_type.gspace if self.out_type is None else self.out_type.gspace

    def extra_repr(self) -> str:
        """The type, as printed."""
        return str(self.in_type) if hasattr(self, "in_type") else ""

    def __repr__(self) -> str:
        lines = [self.extra_repr()] if self.extra_repr() else []
        for name, module in self._modules.items():
            if module is not None and not name.startswith("_") and name != "basisexpansion":
                lines.append(f"({name}): " + repr(module).replace("\n", "\n  "))
        if len(lines) == 1 and self.extra_repr():
            return f"{self._get_name()}({lines[0]})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{self._get_name()}()"


def match_inputs(in_type: Any, inputs: tuple[Any, ...], name: str) -> tuple[dict[Any, FieldType], dict[Any, Any]]:
    """The types and the inputs of a module that takes several, by label or by position.

    Args:
        in_type: a type, a tuple of types or a dict of types.
        inputs: what the module was called with.
        name: of the module, for the message.

    Raises:
        ArgumentTypeError: if the number or the labels do not fit.
    """
    if isinstance(in_type, dict):
        given = inputs[0] if len(inputs) == 1 else None
        if not isinstance(given, dict) or any(label not in given for label in in_type):
            raise ArgumentTypeError(
                f"{name} takes one dict with the labels {', '.join(map(str, in_type))}",
                hint="BranchingModule makes such a dict of fields",
            )
        return in_type, given
    types = tuple(in_type) if isinstance(in_type, (tuple, list)) else (in_type,)
    if len(inputs) != len(types):
        raise ArgumentTypeError(f"{name} takes {len(types)} input(s), but {len(inputs)} were given")
    return dict(enumerate(types)), dict(enumerate(inputs))


def reference_tensor(module: torch.nn.Module) -> torch.Tensor:
    """A tensor of the dtype, and on the device, in which a module computes.

    That is its first floating point parameter, or else its first floating point buffer (running statistics, constants).

    Args:
        module: any module.
    """
    for tensors in (module.parameters(), module.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor
    return torch.empty(0)


def with_coords(tensor: torch.Tensor, type_: FieldType, coords: torch.Tensor | None) -> torch.Tensor | GeometricTensor:
    """Features with their type and coordinates, if there are coordinates; else the plain tensor.

    Args:
        tensor: the features.
        type_: their type.
        coords: of the points.
    """
    return tensor if coords is None else GeometricTensor(tensor, type_, coords)


def call_part(module: torch.nn.Module, *features: torch.Tensor | GeometricTensor) -> Any:
    """Calls a module within another module, and returns its output in the kind of the input (tensor or field).

    Args:
        module: a library layer; a user's with a ``forward`` of its own, which is promised a :class:`GeometricTensor` for each
            input; or an ordinary module, which takes plain tensors.
        *features: its inputs.
    """
    if not isinstance(module, EquivariantModule):
        return module(*(value.tensor if isinstance(value, GeometricTensor) else value for value in features))
    if not module.takes_fields or isinstance(features[0], GeometricTensor):
        return module(*features)
    types, given = match_inputs(module.in_type, features, type(module).__name__)
    output = module(*(GeometricTensor(given[label], type_) for label, type_ in types.items()))
    return output.tensor if isinstance(output, GeometricTensor) else output


def check_field_type(value: Any, layer: str, argument: str = "in_type") -> FieldType:
    """The value if it is a field type.

    Args:
        value: what was given.
        layer: the name of the layer, for the message.
        argument: the name of the argument.

    Raises:
        FieldTypeError: otherwise.
    """
    if not isinstance(value, FieldType):
        raise FieldTypeError(
            f"{layer} needs a field type as {argument}, not {type(value).__name__}",
            hint="make one with nn.FieldType(space, [representations]) or nn.field_type(space, regular=8)",
        )
    return value
