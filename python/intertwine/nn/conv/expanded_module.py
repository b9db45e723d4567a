"""Layers whose filter or matrix is expanded from the coefficients of a basis."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch

from intertwine.checks import flag, sizes_of
from intertwine.errors import ArgumentError, FieldTypeError, ModelFileError
from intertwine.fields import FieldType
from intertwine.group.core.representation import Representation, block_diagonal
from intertwine.gspaces import GSpace
from intertwine.kernels import ExpansionPlan, FilterCache, KernelExpansion
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.conv.schur import SchurBlocks
from intertwine.nn.init import generalized_he_init

_Made = TypeVar("_Made")

_OF_PEERS = re.compile(r"_?basis(expansion|sampler)\.|(bias_expansion|expanded_bias|filter|matrix)$")
"""Names in the state of a layer of escnn or e2cnn."""


class ExpandedModule(EquivariantModule):
    """A layer with flat ``weights`` in a basis of intertwiners, and a ``bias`` for each trivial irrep of the output.

    In training the filter and the bias of each channel are expanded at each call. In eval mode without gradients they are kept
    while the parameters stay equal, and dropped when the module is switched, moved or loaded.
    """

    derived: ClassVar[tuple[str, ...]] = ("_cache",)
    out_type: FieldType
    weights: torch.nn.Parameter
    bias: torch.nn.Parameter | None
    basisexpansion: KernelExpansion
    groups: int = 1
    takes_any_basis: ClassVar[bool] = True

    @classmethod
    def declared_tensors(cls, **arguments: Any) -> dict[str, tuple[int, ...] | None]:
        """The weights.

        Args:
            **arguments: of the constructor.
        """
        count = cls._number_of_weights(**arguments)
        return {"weights": None if count is None else (count,)}

    @classmethod
    def _number_of_weights(cls, **arguments: Any) -> int | None:
        """How many weights a layer with such arguments has; ``None`` where this is not known before it is built."""
        return None

    def _set_types(self, in_type: Any, out_type: Any, dimension: int | None = None) -> None:
        """Sets the types of input and output, if they are on one space.

        Args:
            in_type: of the input.
            out_type: of the output.
            dimension: of the space; ``None`` for any.

        Raises:
            FieldTypeError: if they are no field types, or on other spaces.
        """
        name = type(self).__name__
        self.in_type = check_field_type(in_type, name)
        self.out_type = check_field_type(out_type, name, "out_type")
        space = in_type.gspace
        if space != out_type.gspace:
            raise FieldTypeError(
                f"{name} needs input and output fields on one space, but {{in_type}} and {{out_type}} were given",
                hint="restrict the input with RestrictionModule, or make the output type on its space",
                parts={"in_type": in_type, "out_type": out_type},
            )
        if dimension is not None and space.dimensionality != dimension:
            raise FieldTypeError(
                f"{name} works on R^{dimension}, but {{space}} is of dimension {space.dimensionality}",
                hint=f"use {re.sub(r'R[123](Ico)?', f'R{space.dimensionality}', name, count=1)} there, or a space of dimension "
                f"{dimension}",
                parts={"space": space},
            )

    def _set_expansion_and_parameters(self, plan: ExpansionPlan, bias: bool, initialize: bool) -> None:
        """Makes the parameters.

        Args:
            plan: the basis.
            bias: whether to have one.
            initialize: whether to draw the weights; else they are zero.
        """
        bias, initialize = flag(bias, "bias"), flag(initialize, "initialize")
        self._set_bases(len(plan.source.representations))
        self.basisexpansion = KernelExpansion(plan)
        self.weights = torch.nn.Parameter(torch.zeros(plan.weights))
        self._bias_expansion = BiasExpansion(self.out_type) if bias else None
        if self._bias_expansion is not None and self._bias_expansion.count:
            self.bias = torch.nn.Parameter(torch.zeros(self._bias_expansion.count))
        else:
            self.bias = None
        self._schur = SchurBlocks(plan) if plan.cells == 1 and not self._skew and SchurBlocks.is_cheaper(plan) else None
        self._cache = FilterCache()
        if initialize:
            generalized_he_init(self.weights, self.basisexpansion)

    def _set_bases(self, in_fields: int) -> None:
        """Makes the matrices that carry filters between the orthogonal forms of fields to the fields themselves.

        Args:
            in_fields: how many fields of the input a filter takes.
        """
        sources, targets = self.in_type.representations[:in_fields], self.out_type.representations
        self._skew = not all(rho.is_orthogonal for rho in (*sources, *targets))
        if self._skew:
            left = [np.eye(rho.size) if rho.is_orthogonal else rho.change_of_basis for rho in targets]
            right = [np.eye(rho.size) if rho.is_orthogonal else rho.change_of_basis_inv for rho in sources]
            self.register_constant("_left", block_diagonal(left))
            self.register_constant("_right", block_diagonal(right))

    def _need_equal_groups(self, type_: FieldType, what: str) -> None:
        """Raises unless the fields fall into ``groups`` equal groups."""
        fields, rest = divmod(len(type_), self.groups)
        parts = (type_.representations[i * fields : (i + 1) * fields] for i in range(self.groups))
        # The numbers are compared first, so that no more groups than fields are compared.
        if rest or not fields or any(part != type_.representations[:fields] for part in parts):
            raise ArgumentError(
                f"the {len(type_)} {what} fields {{type}} do not fall into {self.groups} equal groups",
                hint="use a number of groups that divides the fields into equal parts",
                parts={"type": type_},
            )

    @staticmethod
    def _fields(
        in_type: FieldType, out_type: FieldType, groups: int = 1
    ) -> tuple[tuple[Representation, ...], tuple[Representation, ...]]:
        """The fields of the input and of the output that a filter connects, in orthogonal form.

        All outputs share one group of inputs.
        """
        parts = sizes_of(groups, 1, "groups", least=1)[0]
        sources = in_type.representations[: max(1, len(in_type) // parts)]
        return tuple(rho.orthogonal_form for rho in sources), tuple(rho.orthogonal_form for rho in out_type)

    # --- what the parameters expand to ------------------------------------------------------------------------------------

    def _expand(
        self, weights: torch.Tensor, bias: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The filter as the layer uses it, and the bias of each channel or ``None``.

        Args:
            weights: flat coefficients of the filter.
            bias: one number for each trivial irrep of the output.
        """
        expanded = None if bias is None or self._bias_expansion is None else self._bias_expansion(bias)
        filters = self.basisexpansion(weights)
        if self._skew:
            left, right = (matrix.to(filters.dtype) for matrix in (self._left, self._right))  # type: ignore[union-attr]
            filters = torch.einsum("po,oic,iq->pqc", left, filters, right)
        return filters, expanded

    def expand_parameters(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the parameters expand to, as torch takes it: the filter (or matrix), and the bias of each channel or ``None``."""
        return self._expand(self.weights, self.bias)

    @property
    def space(self) -> GSpace:
        """The space on which the fields live."""
        return self.in_type.gspace

    @property
    def bias_expansion(self) -> torch.Tensor | None:
        """The matrix by which the bias becomes one of each channel, shape ``(channels, bias)``; ``None`` without bias."""
        if self.bias is None or self._bias_expansion is None:
            return None
        with torch.no_grad():
            columns = [self._bias_expansion(one) for one in torch.eye(self._bias_expansion.count).to(self.bias)]
        return torch.stack(columns, dim=1)

    @property
    def expanded_bias(self) -> torch.Tensor | None:
        """The bias of each channel, or ``None``."""
        return self._expand(self.weights, self.bias)[1]

    def _kept(self, name: str, make: Callable[..., _Made]) -> _Made:
        """What is made of the weights and the bias, from memory where that is safe.

        Args:
            name: of what is made.
            make: makes it, such as `_expand`.
        """
        if self.training:
            return make(self.weights, self.bias)
        return self._cache.get(name, make, self.weights, self.bias)

    def _expand_blocks(
        self, weights: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self._schur is None:
            raise ArgumentError("this layer has no block form")
        expanded = None if bias is None or self._bias_expansion is None else self._bias_expansion(bias)
        return self._schur.blocks_from_weights(weights, self.basisexpansion), expanded

    def _by_blocks(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The output of a map of channels alone by Schur's lemma, where that is faster; else ``None``."""
        if self._schur is None or not self._schur.is_cheaper_for(tensor):
            return None
        blocks, bias = self._kept("blocks", self._expand_blocks)
        return self._schur(blocks, tensor, bias)

    def train(self, mode: bool = True) -> ExpandedModule:
        """Switches between training and eval mode.

        Args:
            mode: whether to train.
        """
        self._cache.clear()
        super().train(mode)
        return self

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> ExpandedModule:
        self._cache.clear()
        super()._apply(fn, recurse)
        return self

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any) -> None:
        self._cache.clear()
        theirs = [key for key in state_dict if key.startswith(prefix) and _OF_PEERS.match(key, len(prefix))]
        if any(key not in self.state_dict(prefix=prefix) for key in theirs):
            # Even their weights, which may be as many as ours, are coefficients of another basis.
            raise ModelFileError(
                f"the state holds {theirs[0]!r}, as layers of escnn and e2cnn do, whose weights mean something else here",
                hint="load it with deploy.convert(state_dict, model)",
            )
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)  # type: ignore[arg-type]
