"""What the ways to make a plain network equivariant share: types, the network, and how elements turn its inputs and outputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, ShapeError
from intertwine.fields import FieldType
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import block_diagonal
from intertwine.gspaces.resample import interpolate_on_grid, is_lattice_symmetry, memory_matrix
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.base.module import EquivariantModule, call_part, check_field_type


def mixed_channels(matrices: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    """Channels mixed by a matrix, in the precision of the features.

    Args:
        matrices: shape ``(channels, channels)``, or one for each sample.
        tensor: shape ``(batch, channels, *space)``.
    """
    with without_autocast(tensor):
        equation = "oc,bc...->bo..." if matrices.dim() == 2 else "boc,bc...->bo..."
        return torch.einsum(equation, matrices.to(tensor.dtype), tensor)


class Turns(ConstantModule):
    """How chosen elements of a finite group turn fields of a type: channels, and pixels where there is space.

    Args:
        type_: of the fields.
        elements: the elements.
    """

    def __init__(self, type_: FieldType, elements: Sequence[GroupElement]) -> None:
        super().__init__()
        space = type_.gspace
        self.dimension = space.dimensionality
        matrices = np.stack([block_diagonal([rho(g) for rho in type_]) for g in elements])
        self._permutes = bool(np.isin(matrices, (0.0, 1.0)).all())
        self._mixes = not (matrices == np.eye(type_.size)).all()
        if self._mixes:
            self.register_constant("channels", matrices.argmax(axis=2) if self._permutes else matrices)
        self._orders: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._entries: dict[int, tuple[float, ...]] = {}
        for position, g in enumerate(elements if self.dimension else ()):
            matrix = space.basespace_action(g)
            if is_lattice_symmetry(matrix):
                self._orders[position] = _order_and_flips(matrix)
            else:
                self._entries[position] = tuple(memory_matrix(matrix).ravel().tolist())

    @property
    def interpolates(self) -> bool:
        """Whether an element moves images between their pixels, by tables for each size of images."""
        return bool(self._entries)

    def forward(self, tensor: torch.Tensor, position: int) -> torch.Tensor:
        """The features turned by one of the elements; those without space are mixed alone.

        Args:
            tensor: shape ``(batch, channels, *space)``, or ``(batch, channels)``.
            position: of the element.
        """
        if self._mixes:
            channels: Any = self.channels[position]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]
            tensor = tensor.index_select(1, channels) if self._permutes else mixed_channels(channels, tensor)
        if not self.dimension or tensor.dim() == 2:
            return tensor
        if position in self._entries:
            return interpolate_on_grid(tensor, self._entries[position])
        axes, flips = self._orders[position]
        turned = tensor.permute(axes)
        return turned.flip(flips) if flips else turned


def _order_and_flips(matrix: np.ndarray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How a symmetry of the lattice moves pixels: by an order of the axes of a tensor and those that are flipped."""
    moved = np.round(memory_matrix(matrix)).astype(int)
    source = np.abs(moved).argmax(axis=1)
    flips = tuple(2 + i for i, j in enumerate(source) if moved[i, j] < 0)
    return (0, 1, *(2 + int(j) for j in source)), flips


class WrappedNet(EquivariantModule):
    """A plain network in a module that is equivariant.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output, on the same space; ``None`` for numbers that the group does not change.
        net: the network.
    """

    needs_grid: ClassVar[bool] = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, out_type: FieldType | None, **others: Any) -> Iterator[Price]:
        """What turns the input and the output.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            **others: the other arguments of the constructor.
        """
        for type_ in (in_type, out_type):
            if isinstance(type_, FieldType):
                yield cls._turning_price(type_)

    @classmethod
    @abstractmethod
    def _turning_price(cls, type_: FieldType) -> Price:
        """What it takes to build what turns fields of a type."""

    def __init__(self, in_type: FieldType, out_type: FieldType | None, net: torch.nn.Module) -> None:
        super().__init__()
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = None if out_type is None else check_field_type(out_type, name, "out_type")
        if self.out_type is not None and self.out_type.gspace != in_type.gspace:
            raise FieldTypeError(
                f"{name} keeps the symmetry, but its input lives on {in_type.gspace.name} and its output on "
                f"{self.out_type.gspace.name}",
                hint="give types on one space; outputs without pixels are fields on it as well",
            )
        self.net = self._need_module(net, "net")

    def _need_module(self, value: Any, argument: str) -> torch.nn.Module:
        """The value if it is a module."""
        if not isinstance(value, torch.nn.Module):
            raise ArgumentTypeError(
                f"{type(self).__name__} needs a torch module as {argument}, not {type(value).__name__}"
            )
        return value

    def _need_content(self, tensor: torch.Tensor) -> None:
        if 0 in tensor.shape[1:]:
            raise ShapeError(
                f"{type(self).__name__} needs samples that hold something, not the shape {tuple(tensor.shape)}"
            )

    def _run(self, tensor: torch.Tensor) -> torch.Tensor:
        """What the network gives, once its shape is one of the fields."""
        output = call_part(self.net, tensor)
        output = getattr(output, "tensor", output)
        name, type_ = type(self).__name__, self.out_type
        if not isinstance(output, torch.Tensor) or output.shape[:1] != tensor.shape[:1]:
            found = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
            raise ShapeError(
                f"{name} needs a network that gives one row for each of {len(tensor)} samples, not {found}"
            )
        if type_ is not None and (
            output.dim() not in (2, 2 + type_.gspace.dimensionality) or output.shape[1] != type_.size
        ):
            raise ShapeError(
                f"the network in {name} gives the shape {tuple(output.shape)}, but its fields have {type_.size} channels on "
                "the second axis",
                hint="give the out_type that the network has, or None for numbers that do not turn",
            )
        return output


class FiniteWrappedNet(WrappedNet):
    """The same for a finite group, whose elements turn the input back and the output forward.

    Args:
        in_type: the fields of the input.
        out_type: the fields of the output.
        net: the network.
    """

    @classmethod
    def _turning_price(cls, type_: FieldType) -> Price:
        # The matrices of all elements.
        order = max(type_.fibergroup.order(), 1)
        entries = float(order) * type_.size**2
        return Price(24 * entries, 1e-4 * order * (1 + len(type_)) + 2e-8 * entries)

    def __init__(self, in_type: FieldType, out_type: FieldType | None, net: torch.nn.Module) -> None:
        super().__init__(in_type, out_type, net)
        group = in_type.fibergroup
        if not isinstance(group, FiniteGroup):
            raise FieldTypeError(
                f"{type(self).__name__} goes over all elements of a group, and {group} has infinitely many",
                hint="use a finite subgroup, such as gspaces.rot2dOnR2(8), or for points PointFrameAverage",
            )
        self._back = Turns(in_type, [~g for g in group.elements])
        self._forth = None if self.out_type is None else Turns(self.out_type, group.elements)

    @property
    def order(self) -> int:
        """The number of elements."""
        return self.in_type.fibergroup.order()

    def _export(self) -> torch.nn.Module:
        if self._back.interpolates:
            raise ArgumentError(
                f"{type(self).__name__} moves images between their pixels, by tables that are made for one size of images",
                hint="give the export an example, of the size that it shall take",
            )
        return super()._export()

    def _forward_turned(self, output: torch.Tensor, position: int) -> torch.Tensor:
        """The output turned by an element; numbers that do not turn as they are."""
        return output if self._forth is None else self._forth(output, position)
