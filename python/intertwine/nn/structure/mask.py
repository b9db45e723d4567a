"""A round window around the centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import number, sizes_of
from intertwine.errors import ArgumentError, ShapeError
from intertwine.fields import FieldType
from intertwine.nn.base.type_preserving import TypePreserving


class MaskModule(TypePreserving):
    """The input times a disc (or ball) that falls off smoothly at its edge.

    With c = (S - 1) / 2 and t = c (1 - margin / 100), the factor at distance r of the centre is 1 for r <= t and
    exp((t^2 - r^2) / sigma^2) beyond. It hides the corners, which a rotation would carry out of the image.

    Args:
        in_type: any fields.
        S: the size of the input along every axis of space.
        margin: how much smaller the disc is, in percent of half the size.
        sigma: the width of the edge, in cells.

    Raises:
        ArgumentError: for sizes and widths that make no disc.

    Example:
        >>> from intertwine import gspaces, nn
        >>> layer = nn.MaskModule(nn.field_type(gspaces.rot2dOnR2(4), trivial=1), 5)
        >>> (100 * layer(torch.ones(1, 1, 5, 5))[0, 0, 0]).round().int().tolist()
        [37, 78, 100, 78, 37]
    """

    needs_grid: ClassVar[bool] = True
    takes_any_basis: ClassVar[bool] = True
    settings = ("S", "margin", "sigma")
    prints_type_first = True

    @classmethod
    def construction_prices(cls, in_type: FieldType, S: int, **others: Any) -> Iterator[Price]:
        """Its constants: one number for each cell.

        Args:
            in_type: the type.
            S: the size of the input.
            **others: the other arguments of the constructor.
        """
        cells = float(S) ** in_type.gspace.dimensionality
        yield Price(80 * cells, 1e-7 * cells)

    def __init__(self, in_type: FieldType, S: int, margin: float = 0.0, sigma: float = 2.0) -> None:
        super().__init__(in_type)
        dimension = in_type.gspace.dimensionality
        if dimension == 0:
            raise ArgumentError("MaskModule needs space, but {type} has none", parts={"type": in_type})
        self.S = sizes_of(S, 1, "S", least=1)[0]
        if not 0 <= number(margin, "margin") <= 100 or not number(sigma, "sigma") > 0:
            raise ArgumentError(
                f"MaskModule needs a margin of 0 to 100 and a positive sigma, not {margin!r} and {sigma!r}"
            )
        self.margin, self.sigma = float(margin), float(sigma)
        self.input_sizes = (self.S,)
        centre = (self.S - 1) / 2
        squares = (np.arange(self.S) - centre) ** 2
        distance = sum(np.meshgrid(*(dimension * [squares]), indexing="ij"))
        threshold = (centre * (1 - self.margin / 100)) ** 2
        # A width whose square underflows is a sharp edge, which a tiny one makes too.
        mask = np.exp(np.minimum((threshold - distance) / max(self.sigma**2, 1e-300), 0.0))
        self.register_constant("mask", mask[None, None])

    def _check_axes(self, tensor: torch.Tensor) -> None:
        super()._check_axes(tensor)
        if any(size != self.S for size in tensor.shape[2:]):
            raise ShapeError(
                f"MaskModule is made for inputs of size {self.S} along each axis, but the shape is {tuple(tensor.shape)}",
                hint=f"build it with S={tensor.shape[-1]}",
            )

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor * self.mask.to(tensor.dtype)  # type: ignore[operator, union-attr]
