"""Non-linearities that act on each channel alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from intertwine.checks import choice, flag, number
from intertwine.fields import FieldType
from intertwine.nn.base.type_preserving import PERMUTED, TypePreserving, need_permutations


class ChannelFunction(TypePreserving):
    """A function of one channel, which commutes with permutations of the channels.

    A subclass names the settings, and the layer of torch that takes them by name; its constructor gives their defaults.

    Args:
        in_type: regular, quotient or trivial fields.
        **given: the settings: ``inplace`` is a flag, the others are numbers.
    """

    needs = PERMUTED
    alternative = "NormNonLinearity"
    torch_layer: ClassVar[type[torch.nn.Module]]
    inplace: bool

    def __init__(self, in_type: FieldType, **given: Any) -> None:
        super().__init__(in_type)
        for name in self.settings:
            setattr(self, name, (flag if name == "inplace" else number)(given[name], name))

    def _export(self) -> torch.nn.Module:
        return self.torch_layer(**{name: getattr(self, name) for name in self.settings})


class ReLU(ChannelFunction):
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

    torch_layer = torch.nn.ReLU
    settings = ("inplace",)

    def __init__(self, in_type: FieldType, inplace: bool = False) -> None:
        super().__init__(in_type, inplace=inplace)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.relu(tensor, self.inplace)


class ELU(ChannelFunction):
    """The function x for x > 0 and alpha (exp(x) - 1) below, on each channel.

    Args:
        in_type: regular, quotient or trivial fields.
        alpha: the limit for small x, negated.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.ELU(nn.field_type(gspaces.rot2dOnR2(2), regular=1), alpha=0.5)
        >>> layer(torch.tensor([[-100.0, 3.0]])).tolist()
        [[-0.5, 3.0]]
    """

    torch_layer = torch.nn.ELU
    alpha: float
    settings = ("alpha", "inplace")

    def __init__(self, in_type: FieldType, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(in_type, alpha=alpha, inplace=inplace)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.elu(tensor, self.alpha, self.inplace)


class LeakyReLU(ChannelFunction):
    """The function x for x > 0 and slope * x below, on each channel.

    Args:
        in_type: regular, quotient or trivial fields.
        negative_slope: the slope below 0.
        inplace: whether to overwrite the input.

    Raises:
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.LeakyReLU(nn.field_type(gspaces.rot2dOnR2(2), regular=1), negative_slope=0.5)
        >>> layer(torch.tensor([[-2.0, 3.0]])).tolist()
        [[-1.0, 3.0]]
    """

    torch_layer = torch.nn.LeakyReLU
    negative_slope: float
    settings = ("negative_slope", "inplace")

    def __init__(self, in_type: FieldType, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(in_type, negative_slope=negative_slope, inplace=inplace)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(tensor, self.negative_slope, self.inplace)


_FUNCTIONS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], type[torch.nn.Module]]] = {
    "p_relu": (F.relu, torch.nn.ReLU),
    "p_elu": (F.elu, torch.nn.ELU),
    "p_sigmoid": (torch.sigmoid, torch.nn.Sigmoid),
    "p_tanh": (torch.tanh, torch.nn.Tanh),
}


class PointwiseNonLinearity(TypePreserving):
    """One of several functions on each channel.

    Args:
        in_type: regular, quotient or trivial fields; for ``"p_tanh"``, as tanh(-x) = -tanh(x), also fields whose channels the
            group permutes up to signs.
        function: ``"p_relu"``, ``"p_elu"``, ``"p_sigmoid"`` or ``"p_tanh"``.

    Raises:
        ArgumentError: for another function.
        UnsupportedFieldError: for fields whose channels the group does not only permute.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.PointwiseNonLinearity(nn.field_type(gspaces.rot2dOnR2(2), irrep_1=1), "p_tanh")
        >>> layer(torch.tensor([[0.0]])).tolist()
        [[0.0]]
    """

    needs: ClassVar[str] = "fields whose channels the group only permutes; for p_tanh, which is odd, also up to signs"
    settings = ("function",)

    def __init__(self, in_type: FieldType, function: str = "p_relu") -> None:
        super().__init__(in_type)
        self.function = choice(function, _FUNCTIONS, type(self).__name__, "function")
        need_permutations(in_type, type(self).__name__, ChannelFunction.alternative, signed=function == "p_tanh")

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return _FUNCTIONS[self.function][0](tensor)

    def _export(self) -> torch.nn.Module:
        return _FUNCTIONS[self.function][1]()
