"""Products of fields with themselves and with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, cast

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.budget import Price
from intertwine.checks import sizes_of
from intertwine.errors import ArgumentError, EmptyBasisError, FieldTypeError, GroupError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import representation_price, splitting_price
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.core.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.kernels import ExpansionPlan, KernelExpansion
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.base.channel_blocks import field_channels
from intertwine.nn.base.module import check_field_type
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


def _product_prices(left: Representation, right: Representation) -> Iterator[Price]:
    """What it takes to split the product of two representations into irreps."""
    group, size = left.group, left.size * right.size
    if not group.continuous and left.is_signed_permutation and right.is_signed_permutation:
        # Kept as permutations, and split orbit by orbit: an orbit has no more channels than the group has elements.
        orbit, most = min(size, group.order()), max(irrep.size for irrep in group.irreps())
        yield Price(36.0 * size**2 + 40.0 * group.order() * size, 1e-6 * size**2 + 2.5e-10 * size**3)
        yield splitting_price(orbit, most, len(group.irreps()), 0)
        return
    yield representation_price(group, size)
    frequency = greatest_frequency(left) + greatest_frequency(right) + 1 if group.continuous else 0
    irreps = frequency or len(group.irreps())
    widest = [max(group.irrep(*id).size for id in rho.irreps) for rho in (left, right)] if group.continuous else [0]
    most = int(np.prod(widest)) or max(irrep.size for irrep in group.irreps())
    yield splitting_price(size, most, irreps, 4 * irreps if group.continuous else 0)


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
        source = in_type.representations[0]
        yield from _product_prices(source, source)
        size = source.size**2
        # `_has_symmetric_part` makes the matrix of all products once.
        yield Price(60.0 * out_type.size * size, 1e-7 * out_type.size * size)
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
        count = len(self.in_type)
        # Fields first, and all positions of all samples as columns: one product for each field, whose matrix no sample copies.
        fields = tensor.unflatten(1, (count, -1)).movedim(0, 2).flatten(2)
        left, right = cast("torch.Tensor", self.left), cast("torch.Tensor", self.right)
        matrix = self._kept("matrix", self._expand)[0].view(count, -1, len(left))
        with without_autocast(tensor):
            products = fields.index_select(1, left) * fields.index_select(1, right)
            result = torch.bmm(matrix.to(products.dtype), products)
        result = result.unflatten(2, (tensor.shape[0], *tensor.shape[2:])).movedim(2, 0)
        return result.reshape(tensor.shape[0], self.out_type.size, *tensor.shape[2:])

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}"


class Bilinear(ExpandedModule):
    """An equivariant bilinear layer of two inputs: y = W (x (x) z) + b, with W in Hom_G(rho_x (x) rho_z, rho_y).

    Each field of one input times each of the other, and an equivariant map of the products: all paths that the Clebsch-Gordan
    coefficients allow, with a weight for each. It is to ``torch.nn.Bilinear`` what :class:`Linear` is to ``torch.nn.Linear``.
    Call it as ``layer(x, z)``; it acts at each position of space. :class:`TensorProductModule` multiplies fields by themselves.

    Args:
        in_type: the types of the two inputs.
        out_type: the fields of the output.
        bias: whether to add a bias to the invariant part of each field.
        groups: the number of groups into which the fields of both inputs and of the output fall: products are taken within a
            group. With as many groups as fields, each field meets its partner.
        initialize: whether to draw the weights; else they are zero.

    Raises:
        FieldTypeError: if the types are not on one space, or not two.
        ArgumentError: if fields do not fall into such groups.
        EmptyBasisError: if only 0 is equivariant.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot3dOnR3()
        >>> many, arrow = nn.field_type(space, trivial=4, vector=4), nn.field_type(space, vector=1)
        >>> layer = nn.Bilinear((many, arrow), many)
        >>> layer(torch.randn(2, 16), torch.randn(2, 3)).shape, layer.weights.numel()
        (torch.Size([2, 16]), 48)

    References:
        Thomas et al., "Tensor field networks", 2018.
    """

    takes_any_basis: ClassVar[bool] = False

    @classmethod
    def construction_prices(
        cls, in_type: tuple[FieldType, FieldType], out_type: FieldType, groups: int = 1, **others: Any
    ) -> Iterator[Price]:
        """The products of representations, and the basis of maps from them.

        Args:
            in_type: the types of the two inputs.
            out_type: the fields of the output.
            groups: the number of groups.
            **others: the other arguments of the constructor.
        """
        sources = [cls._fields(type_, out_type, groups)[0] for type_ in in_type]
        for left in set(sources[0]):
            for right in set(sources[1]):
                yield from _product_prices(left, right)
        pairs = float(np.prod([sum(rho.size for rho in fields) for fields in sources]))
        yield Price(100.0 * pairs + 300.0 * len(sources[0]) * len(sources[1]), 1e-7 * pairs)
        yield from matrix_prices(_products(*sources), cls._fields(out_type, out_type)[1])

    def __init__(
        self,
        in_type: tuple[FieldType, FieldType],
        out_type: FieldType,
        bias: bool = True,
        groups: int = 1,
        initialize: bool = True,
    ) -> None:
        super().__init__()
        if not isinstance(in_type, (tuple, list)) or len(in_type) != 2:
            raise FieldTypeError("Bilinear needs two field types for its inputs")
        self.groups = sizes_of(groups, 1, "groups", least=1)[0]
        types = [check_field_type(type_, "Bilinear") for type_ in in_type]
        for type_, what in zip(
            (*types, check_field_type(out_type, "Bilinear", "out_type")), ("first", "second", "output")
        ):
            self._set_types(type_, out_type)
            self._need_equal_groups(type_, what)
        left, right = (type_.index_select(list(range(len(type_) // self.groups))) for type_ in types)
        products = FieldType(out_type.gspace, _products(left.representations, right.representations))
        self._set_types(products, out_type)
        try:
            plan = matrix_plan(*self._fields(products, out_type))
        except EmptyBasisError as error:
            message = "Bilinear needs output fields that share irreps with the products of its inputs' fields, but there are none"
            hint = "for products of two equal fields, trivial fields are among these"
            raise EmptyBasisError(message, hint=hint) from error
        self._set_expansion_and_parameters(plan, bias, initialize)
        self._schur = None
        # Columns of W: the channels of each pair of fields after those of the pair before.
        channels = [field_channels(type_) for type_ in (left, right)]
        pairs = [(one[:, None] * right.size + other).ravel() for one in channels[0] for other in channels[1]]
        self.register_constant("columns", np.argsort(np.concatenate(pairs)))
        self.in_type, self.out_type = tuple(types), out_type  # type: ignore[assignment]

    @property
    def space(self) -> GSpace:
        """The space on which the fields live."""
        return self.out_type.gspace

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """W of shape ``(out channels, first channels of a group * second ones)``, and the bias of each channel or ``None``.

        Args:
            weights: flat coefficients of W.
            bias: one number for each trivial irrep of the output.
        """
        filters, expanded = super()._expand(weights, bias)
        return filters[:, :, 0].index_select(1, cast("torch.Tensor", self.columns)), expanded

    def _compute(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        matrix, bias = self._kept("matrix", self._expand)
        # Positions are rows, so that the gradient of W is one product.
        rows = [part.movedim(1, -1).unflatten(-1, (self.groups, -1)) for part in (first, second)]
        products = (rows[0].unsqueeze(-1) * rows[1].unsqueeze(-2)).flatten(-2)
        if self.groups == 1:
            return F.linear(products.squeeze(-2), matrix, bias).movedim(-1, 1)
        with without_autocast(first):
            by_group = matrix.unflatten(0, (self.groups, -1)).to(products.dtype)
            whole = torch.einsum("...gp,gop->...go", products, by_group).flatten(-2)
        return (whole if bias is None else whole + bias).movedim(-1, 1)

    def extra_repr(self) -> str:
        """The types."""
        first, second = cast("tuple[FieldType, FieldType]", self.in_type)
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return f"{first}, {second} -> {self.out_type}{groups}" + (", bias=False" if self.bias is None else "")


def _products(left: Sequence[Representation], right: Sequence[Representation]) -> tuple[Representation, ...]:
    """The product of each representation with each other one, equal ones made once."""
    made = {(a, b): a.tensor(b) for a in set(left) for b in set(right)}
    return tuple(made[a, b] for a in left for b in right)
