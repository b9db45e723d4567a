"""Modules one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, Words
from intertwine.fields import FieldType
from intertwine.group.core.element import GroupElement
from intertwine.gspaces import GSpace
from intertwine.nn.base.module import EquivariantModule, call_part, with_coords
from intertwine.nn.base.spec import Spec

_STEP = Words("step", r="layer")


class SequentialModule(EquivariantModule):
    """Modules one after the other; the type of each must be what the one before it gives.

    The first argument may be a field type: then the others may be specifications, whose input types are inferred. Ordinary
    torch modules may follow once the fields are invariant (all trivial); from there on features are plain tensors and
    ``out_type`` is ``None``.

    Args:
        *args: modules; or a field type and then modules and specifications.

    Raises:
        FieldTypeError: if types do not fit.

    Example:
        >>> from intertwine import gspaces, nn
        >>> model = nn.SequentialModule(
        ...     nn.field_type(gspaces.rot2dOnR2(4), trivial=1),
        ...     nn.R2Conv.spec(out={"regular": 2}, kernel_size=3),
        ...     nn.ReLU.spec(),
        ...     nn.GroupPooling.spec(),
        ... )
        >>> model(torch.randn(1, 1, 5, 5)).shape
        torch.Size([1, 2, 3, 3])
    """

    exports_parts: ClassVar[bool] = True
    uses_coords: ClassVar[bool] = True
    holds = "a sequence"

    def __init__(self, *args: FieldType | EquivariantModule | Spec | torch.nn.Module) -> None:
        super().__init__()
        steps = list(args)
        if not steps:
            raise ArgumentError("a sequence needs at least one module")
        first = steps[0]
        if isinstance(first, FieldType):
            self.in_type = first
            del steps[0]
        elif isinstance(first, EquivariantModule):
            self.in_type = first.in_type
        else:
            raise FieldTypeError(
                f"a sequence starts with a field type or an equivariant module, not {type(first).__name__}",
                hint="write SequentialModule(field_type, spec, spec, ...)",
            )
        self.out_type = self.in_type
        for step in steps:
            self.append(step)  # type: ignore[arg-type]

    @property
    def arguments(self) -> dict[str, Any]:
        """The modules (under ``args``), and the input type first."""
        return {"args": (self.in_type, *self)}

    def append(self, module: EquivariantModule | Spec | torch.nn.Module) -> SequentialModule:
        """Adds a module at the end.

        Args:
            module: a module whose input type is the sequence's output type, a specification, or a torch module behind
                invariant fields.

        Returns:
            the sequence itself.

        Raises:
            FieldTypeError: if it does not fit; nothing is added then.
        """
        position = len(self)
        at = {"step": position}
        if isinstance(module, Spec):
            if self.out_type is None:
                raise FieldTypeError(
                    f"{module.name} needs fields, but the sequence gives plain tensors at {{word}} {{step}}",
                    positions=at,
                    parts={"word": _STEP},
                )
            module = module.build(self.out_type)
        if isinstance(module, EquivariantModule):
            if module.in_type != self.out_type:
                raise FieldTypeError(
                    f"{{word}} {{step}}, {type(module).__name__}, takes {{type}}, but the {{word}} before gives {{given}}",
                    parts={
                        "word": _STEP,
                        "type": module.in_type,
                        "given": "plain numbers" if self.out_type is None else self.out_type,
                    },
                    hint=Words(
                        "make its in_type the out_type of the module before it",
                        r="append layers without a type: they take it from what comes before",
                    ),
                    positions=at,
                )
            self.out_type = module.out_type
        elif isinstance(module, torch.nn.Module):
            if self.out_type is not None and not self.out_type.is_invariant:
                raise FieldTypeError(
                    f"{{word}} {{step}}, {type(module).__name__}, is an ordinary torch module, "
                    "but the features {type} change under the group",
                    parts={"word": _STEP, "type": self.out_type},
                    hint="put an invariant map such as GroupPooling before it",
                    positions=at,
                )
            self.out_type = None
        else:
            raise ArgumentTypeError(
                f"{{word}} {{step}} is {type(module).__name__}, which is no module", positions=at, parts={"word": _STEP}
            )
        self.add_module(str(position), module)
        return self

    def lift(self, element: GroupElement) -> GroupElement:
        """The element of the input's group that corresponds to an element of the output's group.

        Args:
            element: an element of the output's group.
        """
        for module in reversed(list(self)):
            if isinstance(module, EquivariantModule):
                element = module.lift(element)
        return element

    @property
    def symmetry(self) -> GSpace:
        """The space with the group to which the whole sequence is equivariant."""
        for module in reversed(list(self)):
            if isinstance(module, EquivariantModule):
                return module.symmetry
        return self.in_type.gspace

    def __len__(self) -> int:
        """The number of modules."""
        return len(self._modules)

    def __iter__(self) -> Iterator[torch.nn.Module]:
        return iter(self._modules.values())  # type: ignore[arg-type]

    def __getitem__(self, idx: int | slice) -> Any:
        """A module, or a sequence of some of them.

        Args:
            idx: its number, or a slice.
        """
        modules = list(self)
        if isinstance(idx, slice):
            chosen = modules[idx]
            if not chosen or not isinstance(chosen[0], EquivariantModule):
                raise ArgumentError(f"the part {idx} of the sequence does not start with an equivariant module")
            return SequentialModule(*chosen)
        return modules[idx]

    def _compute(self, tensor: torch.Tensor, coords: torch.Tensor | None = None) -> Any:
        features = with_coords(tensor, self.in_type, coords)
        for module in self._modules.values():
            features = call_part(module, features)  # type: ignore[arg-type]
        return features

    def _export(self) -> torch.nn.Module:
        from intertwine.nn.inspect.exporting import example_input, export, record

        # Between branching and merging features are dicts, which only a graph of both hands on.
        groups: list[list[Any]] = []
        for module in self:
            if groups and isinstance(getattr(groups[-1][-1], "out_type", None), dict):
                groups[-1].append(module)
            else:
                groups.append([module])
        if len(groups) == 1 and len(groups[0]) > 1:
            return record(self, example_input(self))
        return torch.nn.Sequential(*(export(SequentialModule(*g) if len(g) > 1 else g[0]) for g in groups))

    def extra_repr(self) -> str:
        """Nothing: the modules print."""
        return ""
