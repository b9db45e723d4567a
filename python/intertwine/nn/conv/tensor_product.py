"""Products of fields with themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, cast

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.errors import ArgumentError, EmptyBasisError, GroupError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import representation_price, splitting_price
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.core.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.kernels import ExpansionPlan, KernelExpansion
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.conv.expanded_module import ExpandedModule
from intertwine.nn.conv.linear import matrix_plan, matrix_prices

_ZERO = 1e-5
"""Entries of a matrix that are no greater are rounding."""


def _has_symmetric_part(plan: ExpansionPlan, size: int) -> bool:
    """Whether some map of the plan is not zero on x (x) x; one map with generic weights decides it."""
    with torch.device("cpu"):
        expansion = KernelExpansion(plan).double()
        weights = torch.linspace(1, 2, plan.weights, dtype=torch.float64).sqrt()
        whole = expansion(weights).view(-1, size, size)
    return float((whole + whole.transpose(1, 2)).abs().max()) > _ZERO


class TensorProductModule(ExpandedModule):
    """Each field times itself, and an equivariant map of the products: y = W (x (x) x) with W in Hom_G(rho (x) rho, rho').

    A non-linearity of degree 2, exactly equivariant for every group (Kondor, Lin and Trivedi, "Clebsch-Gordan nets", 2018).

    Args:
        in_type: fields of one representation.
        out_type: as many fields, of one representation.
        initialize: whether to draw the weights; else they are zero.

    Raises:
        FieldTypeError: if the types are not on one space.
        UnsupportedFieldError: if the fields of a type are not of one representation.
        ArgumentError: if the numbers of fields differ.
        EmptyBasisError: if only 0 is equivariant, or all products are antisymmetric, so that they vanish.

    Example:
        >>> from intertwine import gspaces, group, nn
        >>> space = gspaces.rot3dOnR3()
        >>> layer = nn.TensorProductModule.construct(space, 4, space.irrep(1), space.irrep(2))
        >>> layer(torch.randn(2, 12, 5, 5, 5)).shape
        torch.Size([2, 20, 5, 5, 5])
    """

    takes_any_basis: ClassVar[bool] = False

    @classmethod
    def construction_prices(cls, in_type: FieldType, out_type: FieldType, initialize: bool = True) -> Iterator[Price]:
        """The product of the input's representation with itself, and the basis of maps from it.

        Args:
            in_type: the fields of the input.
            out_type: the fields of the output.
            initialize: whether to draw the weights.
        """
        source, group = in_type.representations[0], in_type.fibergroup
        size = source.size**2
        yield representation_price(group, size)
        irreps = 2 * greatest_frequency(source) + 1 if group.continuous else len(group.irreps())
        samples = 4 * irreps if group.continuous else 0
        widest = max(group.irrep(*id).size for id in source.irreps) ** 2 if group.continuous else 0
        widest = widest or max(irrep.size for irrep in group.irreps())
        # `_has_symmetric_part` makes the matrix of all products once.
        yield Price(60.0 * out_type.size * size, 1e-7 * out_type.size * size)
        yield splitting_price(size, widest, irreps, samples)
        yield from matrix_prices((source.tensor(source),), out_type.representations)

    def __init__(self, in_type: FieldType, out_type: FieldType, initialize: bool = True) -> None:
        super().__init__()
        self._set_types(in_type, out_type)
        for type_ in (in_type, out_type):
            if not type_.uniform:
                raise UnsupportedFieldError(
                    "TensorProductModule needs fields of one representation, but {type} was given",
                    hint="split them with MultipleModule",
                    parts={"type": type_},
                )
        if len(in_type) != len(out_type):
            raise ArgumentError(
                f"TensorProductModule needs as many fields in as out, but {len(in_type)} and {len(out_type)} were given"
            )
        source = in_type.representations[0]
        plan = matrix_plan((source.tensor(source),), out_type.representations)
        # x_i x_j is x_j x_i: each product is taken once.
        left, right = np.triu_indices(source.size)
        self.register_constant("left", left)
        self.register_constant("right", right)
        self.register_constant("other", np.where(left == right, 0.0, 1.0))
        self._set_expansion_and_parameters(plan, False, initialize)
        if not _has_symmetric_part(plan, source.size):
            raise EmptyBasisError(
                f"every equivariant product of {source.name} with itself into {out_type.representations[0].name} is "
                "antisymmetric, so that it is zero for one field",
                hint="take an output that shares irreps with the symmetric square of the input",
            )

    @classmethod
    def construct(
        cls,
        gspace: GSpace,
        channels: int,
        in_repr: Representation,
        out_repr: Representation,
        initialize: bool = True,
    ) -> TensorProductModule:
        """The module for some fields of one representation each.

        Args:
            gspace: the space.
            channels: the number of fields.
            in_repr: the representation of each in the input.
            out_repr: the same in the output.
            initialize: whether to draw the weights.

        Raises:
            GroupError: for representations of another group.
        """
        for representation in (in_repr, out_repr):
            if representation.group != gspace.fibergroup:
                raise GroupError(f"{representation} is no representation of {gspace.fibergroup}")
        return cls(FieldType(gspace, channels * [in_repr]), FieldType(gspace, channels * [out_repr]), initialize)

    def _expand(self, weights: torch.Tensor, bias: torch.Tensor | None = None) -> tuple[torch.Tensor, None]:
        """W of shape ``(out channels, products of pairs)``; there is no bias.

        Args:
            weights: flat coefficients of W.
            bias: none.
        """
        size = self.in_type.representations[0].size
        whole = self.basisexpansion(weights)[:, :, 0].view(-1, size, size)
        left, right = cast("torch.Tensor", self.left), cast("torch.Tensor", self.right)
        other = cast("torch.Tensor", self.other).to(whole.dtype)
        return whole[:, left, right] + whole[:, right, left] * other, None

    def expand_parameters(self) -> torch.Tensor:  # type: ignore[override]
        """W of all fields below each other, shape ``(out_type.size, size of a field squared)``."""
        return self.basisexpansion(self.weights)[:, :, 0]

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        fields = tensor.unflatten(1, (len(self.in_type), -1)).flatten(3) if tensor.dim() > 2 else None
        if fields is None:
            fields = tensor.unflatten(1, (len(self.in_type), -1)).unsqueeze(3)
        left, right = cast("torch.Tensor", self.left), cast("torch.Tensor", self.right)
        matrix = self._kept("matrix", self._expand)[0].view(len(self.in_type), -1, len(left))
        with without_autocast(tensor):
            products = fields.index_select(2, left) * fields.index_select(2, right)
            result = torch.matmul(matrix.to(products.dtype), products)
        return result.reshape(tensor.shape[0], self.out_type.size, *tensor.shape[2:])

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}"
