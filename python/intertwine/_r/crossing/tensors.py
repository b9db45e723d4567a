"""Arithmetic of torch tensors as R writes it: positions, recycling and names of functions are R's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "%%": operator.mod,
    "%/%": operator.floordiv,
}
_COMPARISON: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LOGIC: dict[str, Callable[[Any, Any], Any]] = {"&": torch.logical_and, "|": torch.logical_or}
_SAME_NAME = (
    "abs sign sqrt floor trunc exp expm1 log log2 log10 log1p cos sin tan acos asin atan cosh sinh tanh "
    "acosh asinh atanh lgamma digamma"
)
_MATH: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    **{name: getattr(torch, name) for name in _SAME_NAME.split()},
    "ceiling": torch.ceil,
    "gamma": lambda x: torch.exp(torch.lgamma(x)),
    "trigamma": lambda x: torch.polygamma(1, x),
}
_RUNNING: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "cumsum": lambda x: x.cumsum(0),
    "cumprod": lambda x: x.cumprod(0),
    "cummax": lambda x: x.cummax(0).values,
    "cummin": lambda x: x.cummin(0).values,
}


def operate(op: str, a: Any, b: Any = None) -> torch.Tensor:
    """What an operator of R gives for tensors and numbers of one shape; a single number goes with every shape.

    Args:
        op: how R writes the operator.
        a: a tensor or a number.
        b: likewise; `None` for an operator with one argument.

    Raises:
        ShapeError: if the shapes differ, for R does not broadcast.
    """
    if b is None:
        return {"-": operator.neg, "+": operator.pos, "!": torch.logical_not}[op](_countable(a) if op != "!" else a)
    a, b = _together(op, a, b)
    if op in _LOGIC:
        return _LOGIC[op](torch.as_tensor(a), torch.as_tensor(b))
    if op in _ARITHMETIC:
        return _ARITHMETIC[op](_countable(a), _countable(b))
    return _COMPARISON[op](a, b)


def _together(op: str, a: Any, b: Any) -> tuple[Any, Any]:
    if not (isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor)):
        return a, b
    if a.shape != b.shape:
        if a.numel() == 1 and a.ndim < 2:
            a = a.reshape(())
        elif b.numel() == 1 and b.ndim < 2:
            b = b.reshape(())
        else:
            raise ShapeError(
                f"`{op}` needs tensors of one shape, but has one of shape {tuple(a.shape)} and one of shape {tuple(b.shape)}",
                hint="nothing is recycled; repeat the smaller one with x$expand_as(y) if that is meant",
            )
    return a, b


def _countable(x: Any) -> Any:
    """R counts with truth values, torch does not."""
    return x.long() if isinstance(x, torch.Tensor) and x.dtype == torch.bool else x


def number_like(values: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Numbers of R in the dtype and on the device that they have beside a tensor."""
    if values.dtype != torch.bool:
        values = values.to(torch.result_type(other, 1.0))
    return values.to(other.device)


def math(name: str, x: torch.Tensor, extra: float | None = None) -> torch.Tensor:
    """A function of R's group `Math`.

    Args:
        name: how R writes it.
        x: a tensor.
        extra: the base of "log", the digits of "round".
    """
    x = _countable(x)
    if name == "round":
        return torch.round(x, decimals=int(extra or 0)) if x.is_floating_point() else x
    if name == "log" and extra is not None:
        return torch.log(x) / torch.log(torch.tensor(extra, dtype=torch.float64)).to(x)
    if name in _RUNNING:
        if x.ndim > 1:
            raise ShapeError(
                f"the function {name}() needs a vector, but has a tensor of shape {tuple(x.shape)}",
                hint="take one row or column",
            )
        return _RUNNING[name](x)
    if name not in _MATH:
        raise ArgumentTypeError(
            f"the function {name}() is not defined for tensors", hint="look for it among the functions of torch"
        )
    return _MATH[name](x)


def summary(name: str, values: Sequence[Any], without_missing: bool) -> torch.Tensor:
    """A function of R's group `Summary`, or the mean, of all numbers together.

    Args:
        name: how R writes it.
        values: tensors and numbers.
        without_missing: whether NaN counts for nothing.
    """
    tensors = [value for value in values if isinstance(value, torch.Tensor)]
    flat = [_flat(value, tensors[0]) for value in values]
    x = flat[0] if len(flat) == 1 else torch.cat(flat)
    if without_missing and x.is_floating_point():
        x = x[~torch.isnan(x)]
    if name in ("all", "any"):
        return getattr(x.bool(), name)()
    x = _countable(x)
    if name == "mean":
        return (x if x.is_floating_point() else x.to(torch.get_default_dtype())).mean()
    if name in ("max", "min", "range") and x.numel() == 0:
        raise ArgumentError(f"the {name}() of no numbers is not defined")
    return torch.stack([x.min(), x.max()]) if name == "range" else getattr(x, name)()


def _flat(value: Any, like: torch.Tensor) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.reshape(-1)
    return number_like(torch.as_tensor(value).reshape(-1), like)


def part(x: torch.Tensor, positions: Sequence[Any], drop: bool) -> torch.Tensor:
    """The part at positions along each axis, as R's `[`.

    Args:
        x: a tensor.
        positions: for each axis, numbers from 0 on, or `None` for all.
        drop: whether axes of length 1 are dropped, up to the last.
    """
    for axis, chosen in enumerate(positions):
        if chosen is not None:
            x = x.index_select(axis, torch.as_tensor(_list(chosen), dtype=torch.long, device=x.device))
    if not drop:
        return x
    kept = [side for side in x.shape if side != 1]
    return x.reshape(kept or [1])


def part_of_all(x: torch.Tensor, positions: Any) -> torch.Tensor:
    """The numbers at positions of the tensor as one vector in R's order, whose first index runs fastest.

    Args:
        x: a tensor.
        positions: numbers from 0 on, or a tensor of truth values with the shape of x.

    Raises:
        ShapeError: if the truth values have another shape.
    """
    if isinstance(positions, torch.Tensor):
        if positions.dtype != torch.bool:
            raise ArgumentTypeError(
                "positions in a tensor are R numbers or a tensor of truth values", hint="convert them with as.array()"
            )
        if positions.shape != x.shape:
            raise ShapeError(f"the truth values have shape {tuple(positions.shape)}, but the tensor {tuple(x.shape)}")
        return _in_order(x)[_in_order(positions).to(x.device)]
    return _in_order(x)[torch.as_tensor(_list(positions), dtype=torch.long, device=x.device)]


def _in_order(x: torch.Tensor) -> torch.Tensor:
    return x.permute(*range(x.ndim - 1, -1, -1)).reshape(-1)


def _list(positions: Any) -> list[int]:
    return [int(place) for place in (positions if isinstance(positions, list) else [positions])]
