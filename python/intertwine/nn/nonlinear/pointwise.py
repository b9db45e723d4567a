"""Non-linearities that act on each channel alone."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import flag, number
from intertwine.errors import ArgumentError
from intertwine.fields import FieldType
from intertwine.nn.base.module import EquivariantModule, check_field_type, need_permutations


class _Pointwise(EquivariantModule):
    """A function of one channel; it commutes with permutations of the channels."""

    needs: ClassVar[str] = "fields whose channels the group only permutes"

    def __init__(self, in_type: FieldType, odd: bool = False) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, type(self).__name__)
        self.out_type = in_type
        need_permutations(in_type, type(self).__name__, "NormNonLinearity", signed=odd)


class ReLU(_Pointwise):
    """The rectifier max(x, 0) on each channel.

    Args:
        in_type: regular, quotient or trivial fields.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.ReLU(nn.field_type(gspaces.rot2dOnR2(4), regular=1))
        >>> layer(torch.tensor([[-1.0, 0.0, 1.0, 2.0]])).tolist()
        [[0.0, 0.0, 1.0, 2.0]]
    """

    def __init__(self, in_type: FieldType, inplace: bool = False) -> None:
        super().__init__(in_type)
        self._inplace = flag(inplace, "inplace")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.relu(tensor, inplace=self._inplace)

    def _export(self) -> torch.nn.Module:
        return torch.nn.ReLU(inplace=self._inplace)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"inplace={self._inplace}, type={self.in_type}"


class ELU(_Pointwise):
    """The function x for x > 0 and alpha (exp(x) - 1) below, on each channel.

    Args:
        in_type: regular, quotient or trivial fields.
        alpha: the limit for small x, negated.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    def __init__(self, in_type: FieldType, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(in_type)
        self.alpha = number(alpha, "alpha")
        self._inplace = flag(inplace, "inplace")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.elu(tensor, self.alpha, inplace=self._inplace)

    def _export(self) -> torch.nn.Module:
        return torch.nn.ELU(self.alpha, inplace=self._inplace)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"alpha={self.alpha}, inplace={self._inplace}, type={self.in_type}"


class LeakyReLU(_Pointwise):
    """The function x for x > 0 and slope * x below, on each channel.

    Args:
        in_type: regular, quotient or trivial fields.
        negative_slope: the slope below 0.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    def __init__(self, in_type: FieldType, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(in_type)
        self.negative_slope = number(negative_slope, "negative_slope")
        self._inplace = flag(inplace, "inplace")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(tensor, self.negative_slope, inplace=self._inplace)

    def _export(self) -> torch.nn.Module:
        return torch.nn.LeakyReLU(self.negative_slope, inplace=self._inplace)

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"negative_slope={self.negative_slope}, inplace={self._inplace}, type={self.in_type}"


_FUNCTIONS: dict[str, Any] = {
    "p_relu": torch.nn.ReLU,
    "p_elu": torch.nn.ELU,
    "p_sigmoid": torch.nn.Sigmoid,
    "p_tanh": torch.nn.Tanh,
}


class PointwiseNonLinearity(_Pointwise):
    """One of several functions on each channel.

    Args:
        in_type: regular, quotient or trivial fields; for ``"p_tanh"``, as tanh(-x) = -tanh(x), also fields whose channels the
            group permutes up to signs.
        function: ``"p_relu"``, ``"p_elu"``, ``"p_sigmoid"`` or ``"p_tanh"``.

    Raises:
        ArgumentError: for another function.
        UnsupportedFieldError: for fields whose channels the group does not only permute.
    """

    needs: ClassVar[str] = "fields whose channels the group only permutes; for p_tanh, which is odd, also up to signs"

    def __init__(self, in_type: FieldType, function: str = "p_relu") -> None:
        super().__init__(in_type, odd=isinstance(function, str) and function == "p_tanh")
        if not isinstance(function, str) or function not in _FUNCTIONS:
            raise ArgumentError(
                f"there is no pointwise function {function!r}", hint=f"use one of {', '.join(_FUNCTIONS)}"
            )
        self.function = function
        self._module = _FUNCTIONS[function]()

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._module(tensor)

    def _export(self) -> torch.nn.Module:
        return _FUNCTIONS[self.function]()

    def extra_repr(self) -> str:
        """As escnn prints it."""
        return f"function={self.function}, type={self.in_type}"
