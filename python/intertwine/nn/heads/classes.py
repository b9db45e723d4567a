"""From fields to numbers that the group does not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from intertwine.budget import Price
from intertwine.checks import flag, sizes_of
from intertwine.errors import ArgumentError, UnsupportedFieldError, Words
from intertwine.fields import FieldType
from intertwine.nn.base.channel_blocks import FieldsBySize
from intertwine.nn.base.channel_map import torch_class
from intertwine.nn.base.module import EquivariantModule, check_field_type
from intertwine.nn.pool.invariant import export_field_maximum


class HeadClasses(EquivariantModule):
    """The end of a classifier: an invariant of each field, its mean over space, and one score for each class.

    The invariant is the greatest channel of a field that the group permutes, and the norm of any other field.

    Args:
        in_type: any fields.
        n: the number of classes (or of numbers to predict); ``None`` leaves it to :meth:`fill`, which ``fit`` calls with the
            number of classes in its targets.
        bias: whether the scores have a bias.

    Example:
        >>> from intertwine import gspaces, nn
        >>> head = nn.HeadClasses(nn.field_type(gspaces.rot2dOnR2(4), regular=6), 10)
        >>> head(torch.randn(3, 24, 7, 7)).shape
        torch.Size([3, 10])
    """

    @classmethod
    def declared_tensors(
        cls, in_type: FieldType, n: int | None = None, **others: Any
    ) -> dict[str, tuple[int, ...] | None]:
        """The weights of the scores.

        Args:
            in_type: the type.
            n: the number of classes.
            **others: the other arguments of the constructor.
        """
        return {} if n is None else {"linear.weight": (n, len(in_type))}

    @classmethod
    def construction_prices(cls, in_type: FieldType, n: int | None = None, bias: bool = True) -> Iterator[Price]:
        """Its scores: a weight for each field and class.

        Args:
            in_type: the type.
            n: the number of classes.
            bias: whether the scores have a bias.
        """
        if n is not None:
            weights = float(n) * (len(in_type) + 1)
            yield Price(8 * weights, 1e-8 * weights)

    def __init__(self, in_type: FieldType, n: int | None = None, bias: bool = True) -> None:
        super().__init__()
        self.in_type = check_field_type(in_type, "HeadClasses")
        self.n: int | None = None
        self.out_type = None
        self._has_bias = flag(bias, "bias")
        self._fields = FieldsBySize(in_type)
        norms = [not representation.is_permutation for representation in in_type.representations]
        self._all_max, self._any_norm = not any(norms), any(norms)
        if self._any_norm:
            self.register_constant("takes_norm", torch.tensor(norms, dtype=torch.float64))
        self.linear: torch.nn.Linear | None = None
        if n is not None:
            self.fill(n)

    @property
    def is_open(self) -> bool:
        """Whether the number of classes is still unknown, so that the head cannot be called yet."""
        return self.linear is None

    def fill(self, n: int) -> HeadClasses:
        """Gives the head its number of classes, and new weights.

        Args:
            n: the number of classes.

        Returns:
            the head itself.
        """
        self.n = sizes_of(n, 1, "n", least=1)[0]
        self.linear = torch.nn.Linear(len(self.in_type), self.n, bias=self._has_bias)
        self._arguments["n"] = self.n
        return self

    def _filled(self) -> torch.nn.Linear:
        if self.linear is None:
            raise ArgumentError(
                "the number of classes of the head is not known yet",
                hint=Words(
                    "give n, call head.fill(n), or let fit() fill it from the classes of y",
                    r="give n, or let fit() fill it from the classes of y",
                ),
            )
        return self.linear

    def invariants(self, tensor: torch.Tensor) -> torch.Tensor:
        """One invariant for each field, averaged over space: the features that the scores are made of.

        Args:
            tensor: shape ``(batch, channels, *space)``.

        Returns:
            shape ``(batch, fields)``.
        """
        greatest = self._fields.join_fields([values.amax(dim=2) for _, values in self._fields.split(tensor)])
        if self._any_norm:
            squares = self._fields.join_fields([values.square().sum(dim=2) for _, values in self._fields.split(tensor)])
            # The square root has no slope at 0.
            norms = (squares + torch.finfo(squares.dtype).eps).sqrt()
            mask: torch.Tensor = self.takes_norm  # type: ignore[assignment]
            mask = mask.to(tensor.dtype).view(1, -1, *((greatest.dim() - 2) * (1,)))
            greatest = greatest + mask * (norms - greatest)
        return greatest.flatten(2).mean(dim=2) if greatest.dim() > 2 else greatest

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._filled()(self.invariants(tensor))

    def _export(self) -> torch.nn.Module:
        if self._any_norm:
            raise UnsupportedFieldError(
                "norms of fields have no plain torch module",
                hint="let the head follow regular fields, or call GroupPooling first",
            )
        dimension = self.in_type.gspace.dimensionality
        parts: list[torch.nn.Module] = [export_field_maximum(self.in_type)]
        if dimension:
            parts += [torch_class("AdaptiveAvgPool", dimension)(1), torch.nn.Flatten(1)]
        return torch.nn.Sequential(*parts, self._filled())

    def extra_repr(self) -> str:
        """Type and number of classes."""
        return f"{self.in_type}, n={self.n}"
