"""The base of all equivariant modules."""

from __future__ import annotations

import copy
import inspect
from abc import ABCMeta
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    EquivarianceWarning,
    FieldTypeError,
    ShapeError,
    UnsupportedFieldError,
    warn,
)
from intertwine.fields import FieldType, GeometricTensor
from intertwine.kernels.constants import ConstantModule
from intertwine.scalars import plain
from intertwine.suggestions import refuse_unknown

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement
    from intertwine.gspaces import GSpace
    from intertwine.nn.base.spec import Spec
    from intertwine.nn.inspect.equivariance import EquivarianceReport


@lru_cache(maxsize=512)
def _signature(cls: type) -> inspect.Signature:
    return inspect.signature(cls.__init__)


_Module = TypeVar("_Module", bound="EquivariantModule")
_Made = TypeVar("_Made")


class _ModuleType(ABCMeta):
    """What classes of modules are: their constructors receive Python's numbers, also where NumPy's are given."""

    def __call__(cls: type[_Made], *args: Any, **kwargs: Any) -> _Made:
        return type.__call__(cls, *map(plain, args), **{name: plain(value) for name, value in kwargs.items()})

    @property
    def __signature__(cls) -> inspect.Signature:
        found = _signature(cls)
        return found.replace(parameters=list(found.parameters.values())[1:], return_annotation=inspect.Signature.empty)


class EquivariantModule(ConstantModule, metaclass=_ModuleType):
    """A module that commutes with a group: f(g x) = g f(x), for features of ``in_type`` and ``out_type``.

    Library layers implement ``_compute`` on plain tensors. The base class checks types, unwraps and wraps: a
    :class:`GeometricTensor` gives a :class:`GeometricTensor`, a plain tensor gives a plain tensor. A subclass may instead
    override ``forward``; it then receives what it is called with.

    Attributes:
        in_type: the type of the input.
        out_type: the type of the output; ``None`` for plain features that the group does not change.
        derived: names of attributes that follow from the others, such as results kept for the next call. Model files hold all
            that a module has but these; a subclass lists its own, those of its ancestors count as well.
    """

    in_type: FieldType
    out_type: FieldType | None
    needs_grid: ClassVar[bool] = False
    """Whether the input must have exactly the space's axes, as for a convolution."""

    holds: ClassVar[Literal["nothing", "a sequence", "branches"]] = "nothing"
    """Whether it hands features on to modules that it was given, one after the other or side by side: then these answer for what
    happens to them."""

    needs: ClassVar[str] = "any fields"
    """What the fields of the input must be, so that the layer commutes with the group."""

    derived: ClassVar[tuple[str, ...]] = ("_arguments",)
    exports_parts: ClassVar[bool] = False
    """Whether exporting exports the parts one by one, so that those of torch stay what they are."""

    _arguments: dict[str, Any]
    _always_breaks: str | None = None
    """Why the layer is not exactly equivariant on any grid, if a setting of it breaks that."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__module__" not in vars(cls):  # of a class that R makes
            cls.__module__ = "__main__"

    def __new__(cls: type[_Module], *args: Any, **kwargs: Any) -> _Module:  # noqa: D102
        # Remembers the arguments of the constructor, whatever it is. A docstring here would make tools that write
        # documentation show this signature, (*args, **kwargs), in place of the constructor's.
        if kwargs:
            refuse_unknown(cls, kwargs)
        self = super().__new__(cls)  # pyright: ignore[reportArgumentType]
        arguments: dict[str, Any] = {}
        try:
            bound = _signature(cls).bind(self, *args, **kwargs)
        except TypeError:
            # The constructor itself will say what is wrong; unpickling passes no arguments at all.
            bound = None
        if bound is not None:
            itself = next(iter(bound.signature.parameters.values()))
            arguments = dict(bound.arguments)
            if itself.kind is inspect.Parameter.VAR_POSITIONAL:  # of a class that R makes, the module is one of them
                arguments[itself.name] = arguments[itself.name][1:]
            else:
                del arguments[itself.name]
        object.__setattr__(self, "_arguments", arguments)
        return self

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments with which the module was built, by name: what a saved model is rebuilt from."""
        return dict(self._arguments)

    @classmethod
    def refuses(cls, in_type: Any, **arguments: Any) -> str | None:
        """Why the layer cannot work on fields of a type, as its constructor says; ``None`` if it can.

        Whether fields are what the layer ``needs`` is computed from the matrices of their representations.

        Args:
            in_type: the type, or what else the constructor takes first.
            **arguments: others of the constructor.

        Example:
            >>> from intertwine import gspaces, nn
            >>> arrows = nn.field_type(gspaces.rot2dOnR2(4), vector=1)
            >>> nn.ReLU.needs
            'fields whose channels the group only permutes'
            >>> nn.NormNonLinearity.refuses(arrows) is None, nn.ReLU.refuses(arrows) is None
            (True, False)
        """
        build: Any = cls
        try:
            build(in_type, **arguments)
        except UnsupportedFieldError as error:
            return str(error)
        return None

    field_seconds: ClassVar[float] = 1e-5
    """What each field adds to the seconds that building takes; see `prices`."""

    field_bytes: ClassVar[float] = 200.0
    """What each field adds to the memory that building takes."""

    @classmethod
    def declares(cls, **arguments: Any) -> dict[str, tuple[int, ...] | None]:
        """Tensors of the state that are known before the layer is built, with their shapes, or ``None`` where these are not.

        A model file that does not hold them is refused at once.

        Args:
            **arguments: of the constructor, as the file gives them.
        """
        return {}

    @classmethod
    def prices(cls, **arguments: Any) -> Iterator[Price]:
        """What building the layer takes besides its fields, for a model file that asks for it.

        A layer whose constants grow with an argument, such as the cells of a mask, says so here, in steps: each is asked for
        once those before it are paid for, so that the first ones guard what is needed to know the next. They follow from the
        arguments alone.

        Args:
            **arguments: of the constructor, as the file gives them.
        """
        return iter(())

    @classmethod
    def spec(cls, **arguments: Any) -> Spec:
        """The layer without its input type, which :class:`SequentialModule` fills in from the layer before.

        Args:
            **arguments: those of the constructor but ``in_type``; ``out`` may describe ``out_type`` by numbers of fields, for
                example ``out={"regular": 8}``.

        Raises:
            ArgumentError: for an argument that the constructor has not.
        """
        from intertwine.nn.base.spec import Spec

        return Spec(cls, arguments)

    # --- calling ----------------------------------------------------------------------------------------------------------

    def forward(self, input: Any, *more: Any) -> Any:
        """The output for an input.

        Args:
            input: a :class:`GeometricTensor` of type ``in_type``, or a tensor of shape ``(batch, in_type.size, *space)``; a
                dict of them by label where ``in_type`` is a dict.
            *more: the other inputs where ``in_type`` is a tuple.

        Returns:
            the same kind: a :class:`GeometricTensor` of type ``out_type``, or a tensor; a dict of them where ``out_type`` is a
            dict.

        Raises:
            FieldTypeError: if the type is another one.
            ShapeError: if the shape does not fit.
        """
        if more or not isinstance(self.in_type, FieldType):
            return self._forward_several(input, *more)
        if isinstance(input, GeometricTensor):
            if input.type is not self.in_type and input.type != self.in_type:
                raise FieldTypeError(
                    f"{type(self).__name__} takes {self.in_type}, but was given {input.type}",
                    hint="build the layer for the output type of the layer before it",
                )
            self._check_axes(input.tensor)
            return self._wrapped(self._compute(input.tensor), input.coords)
        if not isinstance(input, torch.Tensor):
            raise ArgumentTypeError(
                f"{type(self).__name__} takes a tensor or a GeometricTensor, not {type(input).__name__}",
                hint="make a tensor of shape (batch, channels, *space), for example with torch.as_tensor",
            )
        if input.dim() < 2 or input.shape[1] != self.in_type.size:
            self.in_type.check_channels(input)
        self._check_axes(input)
        return self._compute(input)

    def _forward_several(self, *inputs: Any) -> Any:
        """The output of a module with several inputs: a tuple of types takes as many inputs, a dict of types takes a dict."""
        name = type(self).__name__
        types, given = several(self.in_type, inputs, name)
        tensors: dict[Any, torch.Tensor] = {}
        wrapped: list[GeometricTensor] = []
        for label, type_ in types.items():
            value = given[label]
            if isinstance(value, GeometricTensor):
                if value.type != type_:
                    raise FieldTypeError(
                        f"{name} takes {type_} as input {{input}}, but was given {value.type}",
                        positions={"input": label},
                    )
                if wrapped and not wrapped[0].has_same_coords(value):
                    raise ShapeError(f"the inputs of {name} live on different points")
                wrapped.append(value)
                value = value.tensor
            type_.check_channels(value)
            tensors[label] = value
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
        output = self._compute(tensors) if isinstance(self.in_type, dict) else self._compute(*tensors.values())
        return self._wrapped(output, wrapped[0].coords) if wrapped else output

    def _wrapped(self, output: Any, coords: torch.Tensor | None) -> Any:
        if self.out_type is None:
            return output
        if isinstance(self.out_type, dict):
            return {label: GeometricTensor(output[label], type_, coords) for label, type_ in self.out_type.items()}
        return GeometricTensor(output, self.out_type, coords)

    def _check_axes(self, tensor: torch.Tensor) -> None:
        if self.needs_grid and tensor.dim() != 2 + self.in_type.gspace.dimensionality:
            raise ShapeError(
                f"{type(self).__name__} takes tensors with {2 + self.in_type.gspace.dimensionality} axes "
                f"(batch, channels, {self.in_type.gspace.dimensionality} of space), but the shape is {tuple(tensor.shape)}",
                hint="add the missing axes, for example with tensor[None]",
            )

    def _compute(self, *tensors: Any) -> Any:
        """The output channels for the input channels: what a library layer implements."""
        raise FieldTypeError(
            f"{type(self).__name__} computes nothing",
            hint="a subclass of EquivariantModule overrides `forward` or `_compute`",
        )

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
        dtype = reference_of(self).dtype

        def probe(shape: Any) -> torch.Tensor:
            return torch.empty(tuple(int(n) for n in shape), device="meta", dtype=dtype)

        probes: list[Any] = [probe(shape) for shape in input_shapes]
        if by_label:
            probes.append({label: probe(shape) for label, shape in by_label.items()})
        with torch.no_grad():
            if type(self).forward is not EquivariantModule.forward and isinstance(self.in_type, FieldType):
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
            atol: absolute tolerance, which comes first for escnn's sake; features in its place are taken for ``x``.
            rtol: relative tolerance.
            assertion: whether a failure raises.
            verbose: accepted for escnn's sake; nothing is printed.
            device: accepted for escnn's sake; the module stays where it is.
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
        return self._always_breaks

    def _breaks_the_grid(self, problem: str, advice: str) -> None:
        """Warns of a setting with which the layer is not exactly equivariant, whatever the size, and keeps it for plans.

        Args:
            problem: what is wrong.
            advice: what to use instead.
        """
        object.__setattr__(self, "_always_breaks", problem)
        warn(f"{type(self).__name__} is not exactly equivariant: {problem}. {advice}", EquivarianceWarning)

    def _warn_if_uneven(self, **settings: tuple[int, ...]) -> None:
        """Warns if the layer treats axes of space differently that the group mixes.

        Args:
            **settings: numbers by axis, by the name of the argument.
        """
        uneven = _uneven(self.in_type, settings)
        if uneven:
            self._breaks_the_grid(
                f"{', '.join(uneven)} treats the axes of space differently, but {self.in_type.fibergroup} exchanges them",
                "Use equal numbers.",
            )

    def lift(self, element: GroupElement) -> GroupElement:
        """An element of the group that acts on the output, as the element of the input's group that it is.

        Args:
            element: of the output's group; the same as the input's, unless the module restricts the symmetry.
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


def several(in_type: Any, inputs: tuple[Any, ...], name: str) -> tuple[dict[Any, FieldType], dict[Any, Any]]:
    """The types and the inputs of a module with several, by label or by position.

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


def reference_of(module: torch.nn.Module) -> torch.Tensor:
    """A tensor of the dtype, and on the device, in which a module computes.

    That is its first parameter of floating point numbers; of a module without any a buffer, running statistics or constants.

    Args:
        module: any module.
    """
    for tensors in (module.parameters(), module.buffers()):
        for tensor in tensors:
            if tensor.is_floating_point():
                return tensor
    return torch.empty(0)


def compute(module: torch.nn.Module, *tensors: torch.Tensor) -> torch.Tensor:
    """What a module gives for plain tensors, as a plain tensor.

    Args:
        module: a library layer, or a user's, which is promised a :class:`GeometricTensor` for each input.
        *tensors: its inputs.
    """
    if not isinstance(module, EquivariantModule) or type(module).forward is EquivariantModule.forward:
        return module(*tensors)
    types, given = several(module.in_type, tensors, type(module).__name__)
    output = module(*(GeometricTensor(given[label], type_) for label, type_ in types.items()))
    return output.tensor if isinstance(output, GeometricTensor) else output


def need_permutations(in_type: FieldType, layer: str, instead: str, signed: bool = False) -> None:
    """Raises unless the group only permutes the channels of every field.

    Args:
        in_type: the type.
        layer: the name of the layer that needs it.
        instead: what the user can use.
        signed: whether it may also change their signs.

    Raises:
        UnsupportedFieldError: naming the first field that does not fit.
    """
    for representation in in_type.representations:
        if not (representation.is_signed_permutation if signed else representation.is_permutation):
            raise UnsupportedFieldError(
                f"{layer} needs fields that it commutes with, but {representation.name} of {in_type.fibergroup} does not only "
                f"permute its channels{' and their signs' if signed else ''}",
                hint=f"use regular, quotient or trivial fields, or {instead}",
            )


def _uneven(in_type: FieldType, settings: dict[str, tuple[Any, ...]]) -> list[str]:
    """The settings that differ between axes of space which the group mixes; axes are counted as in memory."""
    action = in_type.gspace.basespace_action
    moving = np.concatenate([action.generator_matrices, action.lie_matrices])[:, ::-1, ::-1]
    mixed = (np.abs(moving) > 1e-9).any(axis=0) if len(moving) else np.zeros(2 * (action.size,), dtype=bool)
    return [
        f"{name}={values}"
        for name, values in settings.items()
        if any(values[i] != values[j] for i, j in zip(*np.nonzero(mixed), strict=True))
    ]


def refuse_uneven(in_type: FieldType, layer: str, **settings: tuple[Any, ...]) -> None:
    """Raises if settings differ between axes of space that the group mixes.

    Args:
        in_type: the type.
        layer: the name of the layer.
        **settings: numbers by axis, by the name of the argument.

    Raises:
        ArgumentError: naming the settings.
    """
    uneven = _uneven(in_type, settings)
    if uneven:
        raise ArgumentError(
            f"{layer} with {', '.join(uneven)} treats the axes of space (in memory) differently, but {in_type.fibergroup} "
            "mixes them: no kernel of that shape is equivariant",
            hint="use equal numbers along these axes, or a group that leaves them apart, such as rot2dOnR3 for slices",
        )


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
