"""Non-linearities of each channel and of its negative."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, cast

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import choice
from intertwine.errors import UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.catalogue.prices import representation_price, splitting_price
from intertwine.group.constructions.constructions import directsum
from intertwine.group.constructions.decomposition import named_representation
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.element_matrices import SignedPermutations, as_signed_permutations
from intertwine.memory import remembered
from intertwine.nn.base.module import EquivariantModule, check_field_type

_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "c_relu": torch.relu,
    "c_sigmoid": torch.sigmoid,
    "c_tanh": torch.tanh,
}


@remembered
def _concatenated(representation: Representation, name: str) -> Representation:
    """The permutation of channels and their negatives: an entry 1 becomes the identity, an entry -1 a swap."""
    group = representation.group
    if not isinstance(group, FiniteGroup):
        return directsum([group.trivial_representation, group.trivial_representation], name=f"concatenated_{name}")
    permutations = cast("SignedPermutations", as_signed_permutations(representation.element_matrices))
    swapped = (permutations.entries < 0).astype(int)
    images = 2 * permutations.images[:, :, None] + np.stack([swapped, 1 - swapped], axis=2)
    return named_representation(group, SignedPermutations(images.reshape(group.order(), -1)), f"concatenated_{name}")


class ConcatenatedNonLinearity(EquivariantModule):
    """f(x) and f(-x) of each channel, side by side.

    Where the group permutes channels up to signs, it permutes the channels and their negatives, so the output fields are
    permutations of twice the size (Shang et al., "Understanding and improving convolutional neural networks via concatenated
    rectified linear units", 2016).

    Args:
        in_type: fields whose channels the group permutes up to signs.
        function: ``"c_relu"``, ``"c_sigmoid"`` or ``"c_tanh"``.

    Raises:
        ArgumentError: for another function.
        UnsupportedFieldError: for other fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.ConcatenatedNonLinearity(nn.field_type(gspaces.rot2dOnR2(2), irrep_1=1))
        >>> layer(torch.tensor([[-2.0]])).tolist()
        [[0.0, 2.0]]
    """

    needs: ClassVar[str] = "fields whose channels a finite group permutes up to signs"

    @classmethod
    def construction_prices(cls, in_type: FieldType, function: str = "c_relu") -> Iterator[Price]:
        """The representations of twice as many channels.

        Args:
            in_type: the type.
            function: its name.
        """
        group = in_type.fibergroup
        for size in {rho.size for rho in in_type.representations}:
            yield representation_price(group, 2 * size)
            if not group.continuous:
                yield splitting_price(2 * size, min(2 * size, 8), group.order(), group.order())

    def __init__(self, in_type: FieldType, function: str = "c_relu") -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "ConcatenatedNonLinearity")
        self.function = choice(function, _FUNCTIONS, "ConcatenatedNonLinearity", "function")
        for rho in in_type.representations:
            if not rho.supports("concatenated") or (rho.group.continuous and not rho.is_trivial()):
                raise UnsupportedFieldError(
                    "ConcatenatedNonLinearity needs fields whose channels a finite group permutes up to signs, but "
                    f"{rho.name} of {rho.group} is none",
                    hint="use regular, quotient or trivial fields or signs, or NormNonLinearity",
                )
        doubled = [_concatenated(representation, representation.name) for representation in in_type.representations]
        self.out_type = FieldType(in_type.gspace, doubled)

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return _FUNCTIONS[self.function](torch.stack([tensor, -tensor], dim=2).flatten(1, 2))

    def extra_repr(self) -> str:
        """Function and type."""
        return f"function={self.function}, type={self.in_type}"
