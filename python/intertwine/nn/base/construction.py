"""How modules are built, and how they are described so that they can be built again."""

from __future__ import annotations

import inspect
from abc import ABCMeta
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from intertwine.budget import Price
from intertwine.errors import ModelFileError, UnsupportedFieldError
from intertwine.kernels.constants import ConstantModule
from intertwine.nn.base.shared_constructors import describe_arguments
from intertwine.numpy_scalars import without_numpy_scalars
from intertwine.suggestions import refuse_unknown

if TYPE_CHECKING:
    from intertwine.nn.base.spec import Spec


@lru_cache(maxsize=512)
def _signature(cls: type) -> inspect.Signature:
    return inspect.signature(cls.__init__)


_Module = TypeVar("_Module", bound="Constructed")
_Made = TypeVar("_Made")


class _ModuleType(ABCMeta):
    """The class of module classes: it converts NumPy's numbers among the arguments of a constructor to Python's."""

    def __call__(cls: type[_Made], *args: Any, **kwargs: Any) -> _Made:
        made = type.__call__(cls, *without_numpy_scalars(args), **without_numpy_scalars(kwargs))
        made._check_bases()
        return made

    @property
    def __signature__(cls) -> inspect.Signature:
        found = _signature(cls)
        return found.replace(parameters=list(found.parameters.values())[1:], return_annotation=inspect.Signature.empty)


class Constructed(ConstantModule, metaclass=_ModuleType):
    """A module that remembers the arguments of its constructor, and tells what building it takes.

    Attributes:
        derived: names of attributes that follow from the others, such as results kept for the next call. Model files hold all
            that a module has but these; a subclass lists its own, those of its ancestors count as well.
    """

    derived: ClassVar[tuple[str, ...]] = ("_arguments",)

    takes_any_basis: ClassVar[bool] = False
    """Whether it works on fields whose representation is not orthogonal; see ``Representation.is_orthogonal``."""

    _arguments: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__module__" not in vars(cls):  # reticulate::PyClass() in R makes classes without it
            cls.__module__ = "__main__"
        if cls.__module__.startswith("intertwine."):
            describe_arguments(cls)

    def __new__(cls: type[_Module], *args: Any, **kwargs: Any) -> _Module:  # noqa: D102
        # Remembers the arguments of the constructor of any subclass. With a docstring here, tools that write documentation
        # would show this signature, (*args, **kwargs), in place of the constructor's.
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
            if itself.kind is inspect.Parameter.VAR_POSITIONAL:  # In a class that R makes, the module is one of them.
                arguments[itself.name] = arguments[itself.name][1:]
            else:
                del arguments[itself.name]
        object.__setattr__(self, "_arguments", arguments)
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_arguments" not in state:
            raise ModelFileError(
                f"this pickle holds a {type(self).__name__} that intertwine did not write",
                hint="of a model of escnn or e2cnn save the state_dict() there, and load it here with deploy.convert",
            )
        super().__setstate__(state)

    def _check_bases(self) -> None:
        """Raises for fields that are not orthogonal, if the module changes features itself and takes none."""
        if (
            self.takes_any_basis
            or getattr(self, "takes_fields", True)
            or getattr(self, "holds", "nothing") != "nothing"
        ):
            return
        types = getattr(self, "in_type", ())
        types = types.values() if isinstance(types, dict) else types if isinstance(types, tuple) else (types,)
        for type_ in types:
            if not getattr(type_, "is_orthogonal", True):
                skew = next(representation for representation in type_ if not representation.is_orthogonal)
                raise UnsupportedFieldError(
                    f"{type(self).__name__} needs fields whose matrices are orthogonal, but {skew} is none",
                    hint="use it after a convolution or a linear layer, which take any fields and give others",
                )

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments with which the module was built, by name: what a saved model is rebuilt from."""
        return dict(self._arguments)

    @classmethod
    def refuses(cls, in_type: Any, **arguments: Any) -> str | None:
        """Why the layer cannot work on fields of a type, as its constructor says; ``None`` if it can.

        The answer is computed from the matrices of the representations; ``needs`` says in words what they must be.

        Args:
            in_type: the type, or whatever the constructor takes first.
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
    """What each field adds to the seconds that building takes; see `construction_prices`."""

    field_bytes: ClassVar[float] = 200.0
    """What each field adds to the memory that building takes."""

    @classmethod
    def declared_tensors(cls, **arguments: Any) -> dict[str, tuple[int, ...] | None]:
        """The tensors that the state dict certainly has, by name, with their shapes (``None`` if a shape is not known).

        A model file that does not hold them is refused at once.

        Args:
            **arguments: of the constructor, as the file gives them.
        """
        return {}

    @classmethod
    def construction_prices(cls, **arguments: Any) -> Iterator[Price]:
        """Upper bounds for the memory and time of the layer's constants; a model file that asks for more is refused.

        A layer whose constants grow with an argument, such as the cells of a mask, yields their prices here, step by step. The
        caller compares each price with its budget before it asks for the next one, so that an early price protects the
        computation of a later one. Prices depend on the arguments alone.

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
            ArgumentError: for an argument that the constructor does not have.
        """
        from intertwine.nn.base.spec import Spec

        return Spec(cls, arguments)
