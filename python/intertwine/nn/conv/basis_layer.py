"""Layers whose filter or matrix is expanded from the coefficients of a basis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch

from intertwine.checks import flag
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.kernels import ExpansionPlan, FilterCache, KernelExpansion
from intertwine.nn.base.bias import BiasExpansion
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.conv.schur import SchurBlocks
from intertwine.nn.init import generalized_he_init


class ExpandedModule(EquivariantModule):
    """A layer with flat ``weights`` in a basis of intertwiners, and a ``bias`` for each trivial irrep of the output.

    What they expand to is computed at each call in training. In eval mode without gradients it is kept while the parameters
    stay equal, and dropped when the module is switched, moved or loaded.
    """

    derived: ClassVar[tuple[str, ...]] = ("_cache",)
    out_type: FieldType
    weights: torch.nn.Parameter
    bias: torch.nn.Parameter | None
    basisexpansion: KernelExpansion

    @classmethod
    def declares(cls, **arguments: Any) -> dict[str, tuple[int, ...] | None]:
        """The weights.

        Args:
            **arguments: of the constructor.
        """
        return {"weights": None}

    def _set_parameters(self, plan: ExpansionPlan, bias: bool, initialize: bool) -> None:
        """Makes the parameters.

        Args:
            plan: the basis.
            bias: whether to have one.
            initialize: whether to draw the weights; else they are zero.
        """
        bias, initialize = flag(bias, "bias"), flag(initialize, "initialize")
        self.basisexpansion = KernelExpansion(plan)
        self.weights = torch.nn.Parameter(torch.zeros(plan.weights))
        self._bias_expansion = BiasExpansion(self.out_type) if bias else None
        if self._bias_expansion is not None and self._bias_expansion.count:
            self.bias = torch.nn.Parameter(torch.zeros(self._bias_expansion.count))
        else:
            self.bias = None
        self._schur = SchurBlocks(plan) if plan.cells == 1 and SchurBlocks.is_cheaper(plan) else None
        self._cache = FilterCache()
        if initialize:
            generalized_he_init(self.weights, self.basisexpansion)

    def _expand(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter as the layer uses it."""
        return self.basisexpansion(weights)

    def _expand_all(self, weights: torch.Tensor, bias: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor | None]:
        return self._expand(weights), self._expand_bias(bias)

    def _expand_bias(self, bias: torch.Tensor | None) -> torch.Tensor | None:
        return None if bias is None or self._bias_expansion is None else self._bias_expansion(bias)

    def _expanded(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The filter as the layer uses it, and the bias of each channel, from memory where that is safe."""
        if self.training:
            return self._expand_all(self.weights, self.bias)
        return self._cache.get("filter", self._expand_all, self.weights, self.bias)

    def _schur_blocks(
        self, weights: torch.Tensor, bias: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self._schur is None:
            raise ArgumentError("this layer has no block form")
        return self._schur.blocks_of(weights, self.basisexpansion), self._expand_bias(bias)

    def _by_blocks(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """The output of a map of channels alone by Schur's lemma, where that is faster; else ``None``."""
        if self._schur is None or not self._schur.is_cheaper_for(tensor):
            return None
        if self.training:
            blocks, bias = self._schur_blocks(self.weights, self.bias)
        else:
            blocks, bias = self._cache.get("blocks", self._schur_blocks, self.weights, self.bias)
        return self._schur(blocks, tensor, bias)

    def expand_parameters(self) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the parameters expand to, as torch takes it: the filter (or matrix), and the bias of each channel or ``None``."""
        return self._expand_all(self.weights, self.bias)

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

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        self._cache.clear()
        super()._load_from_state_dict(*args, **kwargs)
