"""Where the output of a module and its target meet: what every loss and every metric receives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import torch

from intertwine.errors import ArgumentError, ShapeError, Words

TargetKind = Literal["class", "numeric"]
"""What a target holds: numbers of classes, or measurements."""

Missing = Literal["error", "mask"]
"""What to do with missing targets: refuse them, or leave them out of loss and metrics."""

IGNORE = -100
"""The class number of a target that is missing; numeric targets are missing where they are NaN."""

_MASK = "leave such samples out, or use na='mask'"


@dataclass(frozen=True)
class Pair:
    """Output and target in shapes that belong together.

    Args:
        output: shape [batch, ...] of measurements, [batch, classes, ...] of classes.
        target: shape [batch, ...]; with a mask, some of it may be missing.
        known: where the target is not missing, bool, shape of the target; `None` without a mask.
    """

    output: torch.Tensor
    target: torch.Tensor
    known: torch.Tensor | None = None

    @cached_property
    def count(self) -> int:
        """How many targets are known."""
        return self.target.numel() if self.known is None else int(self.known.sum())

    @cached_property
    def without_missing(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Output and target without what is missing.

        Without a mask they are as they are; with one, measurements are two vectors, classes an output
        [known, classes] and a target [known].
        """
        if self.known is None:
            return self.output, self.target
        place = self.known.reshape(-1).nonzero().squeeze(1)
        output = self.output.reshape(-1)
        if self.output.shape != self.target.shape:
            output = self.output.movedim(1, -1).reshape(-1, self.output.shape[1])
        # several times faster than indexing with truth values
        return output.index_select(0, place), self.target.reshape(-1).index_select(0, place)

    @cached_property
    def vectors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Output and target as rows of their channels, shape [vectors, channels], where all channels of a target are known.

        Raises:
            ShapeError: if there is no axis of channels.
        """
        if self.target.ndim < 2:
            raise ShapeError(
                f"directions have their components on the second axis, but the targets have shape {_text(self.target)}",
                hint="give targets [batch, components, ...]",
            )
        output, target = (x.movedim(1, -1).reshape(-1, x.shape[1]) for x in (self.output, self.target))
        if self.known is None:
            return output, target
        place = self.known.movedim(1, -1).reshape(target.shape).all(dim=1).nonzero().squeeze(1)
        return output.index_select(0, place), target.index_select(0, place)

    def detach(self) -> Pair:
        """The same without gradients."""
        twin = replace(self, output=self.output.detach())
        if "without_missing" in self.__dict__:
            output, target = self.without_missing
            twin.__dict__.update(without_missing=(output.detach(), target), count=self.count)
        return twin


def align(output: torch.Tensor, target: torch.Tensor, missing: Missing = "error") -> Pair:
    """Output and target of the same samples in shapes that belong together; nothing is broadcast.

    Whole numbers are class numbers, floating-point numbers are measurements. Axes of length 1 count for nothing: where
    the shapes differ by such axes alone, both lose them.

    * Measurements: both have the same shape [batch, ...] and dtype (that of the output, at least float32).
    * Classes: the output has shape [batch, classes, ...], the target [batch, ...], dtype int64.

    Args:
        output: what the module gives, shape [batch, ...].
        target: shape [batch, ...], on the device of the output.
        missing: with "mask", `IGNORE` (classes) and NaN (measurements) mark a missing target.

    Raises:
        ShapeError: if they do not belong together.
        ArgumentError: if a target is missing and that is an error, or there is no such class.

    Example:
        >>> import torch
        >>> pair = align(torch.zeros(3, 1, 1, 1), torch.ones(3, dtype=torch.float64))
        >>> pair.output.shape, pair.target.shape, pair.target.dtype
        (torch.Size([3]), torch.Size([3]), torch.float32)
        >>> align(torch.zeros(3, 4), torch.tensor([2, IGNORE, 0]), "mask").without_missing[1]
        tensor([2, 0])
    """
    if output.ndim == 0 or target.ndim == 0 or output.shape[0] != target.shape[0]:
        raise ShapeError(
            f"the module gives outputs of shape {_text(output)}, but the targets have shape {_text(target)}: these are not "
            "as many samples",
            hint="the first axis of both counts the samples of a batch",
        )
    if target.is_floating_point():
        return _numeric(output, target, missing)
    return _classes(output, target, missing)


def _numeric(output: torch.Tensor, target: torch.Tensor, missing: Missing) -> Pair:
    if output.shape != target.shape:
        # [batch] beside [batch, 1] would broadcast to [batch, batch], and train on nonsense
        output_, target_ = _squeezed(output), _squeezed(target)
        if output_.shape != target_.shape:
            raise ShapeError(
                f"the module gives outputs of shape {_text(output)}, but the targets have shape {_text(target)}",
                hint=_numeric_hint(output_, target_),
            )
        output, target = output_, target_
    # sums of half precision lose small differences
    dtype = torch.promote_types(output.dtype, torch.float32)
    output, target = output.to(dtype), target.to(dtype)
    if missing == "mask":
        return Pair(output, target, ~torch.isnan(target))
    if bool(torch.isnan(target).any()):
        raise ArgumentError("some targets are missing (NaN)", hint=_MASK)
    return Pair(output, target)


def _classes(output: torch.Tensor, target: torch.Tensor, missing: Missing) -> Pair:
    n_classes = output.shape[1] if output.ndim > 1 else 1
    if n_classes < 2:
        raise ShapeError(
            f"the module gives outputs of shape {_text(output)}, one number where targets hold a class: that is no choice "
            "between classes",
            hint="give it one output for each class (two for yes and no), or give the targets as measurements, in "
            "floating-point numbers",
        )
    if tuple(target.shape) != (output.shape[0], *output.shape[2:]):
        output_, target_ = _squeezed(output, keep=2), _squeezed(target)
        if tuple(target_.shape) != (output_.shape[0], *output_.shape[2:]):
            expected = (output.shape[0], *output.shape[2:])
            raise ShapeError(
                f"the module gives outputs of shape {_text(output)}, so that class targets have shape {expected}, "
                f"but they have shape {_text(target)}",
                hint="give one class number for each sample, or for each pixel of the module's output; measurements are "
                "floating-point numbers",
            )
        output, target = output_, target_
    output, target = output.to(torch.promote_types(output.dtype, torch.float32)), target.long()
    known = target != IGNORE if missing == "mask" else None
    if target.numel():
        lowest, highest = torch.stack(
            torch.aminmax(target if known is None else target.masked_fill(~known, 0))
        ).tolist()
        if lowest < 0 or highest >= n_classes:
            raise ArgumentError(
                f"the targets hold the class number {{class}}, but the module gives {n_classes} outputs, for the classes "
                "{first} to {last}",
                hint=_MASK if lowest == IGNORE else None,
                positions={"class": lowest if lowest < 0 else highest, "first": 0, "last": n_classes - 1},
            )
    return Pair(output, target, known)


def _squeezed(tensor: torch.Tensor, keep: int = 1) -> torch.Tensor:
    """The tensor without its axes of length 1 behind the first `keep`."""
    return tensor.reshape(*tensor.shape[:keep], *(side for side in tensor.shape[keep:] if side != 1))


def _numeric_hint(output: torch.Tensor, target: torch.Tensor) -> str | Words:
    if output.numel() == target.numel():
        return "the axes of the targets have to be those of the output, in the same order"
    if output.ndim > 1 and target.ndim == 1:
        return Words(
            "give one number for each number that the module gives; class numbers are whole numbers, not floating-point ones",
            r="give one number for each number that the module gives; give classes as factor(y)",
        )
    return "give one number for each number that the module gives"


def _text(tensor: torch.Tensor) -> Any:
    return tuple(tensor.shape)
