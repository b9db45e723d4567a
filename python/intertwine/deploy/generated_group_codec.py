"""Finite groups from generators as JSON, and back: by name where they have one, else by their generators."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import factorial
from typing import Any

import numpy as np
import torch

from intertwine.budget import Budget, Price
from intertwine.errors import ModelFileError
from intertwine.group import (
    AlternatingGroup,
    DicyclicGroup,
    GeneratedGroup,
    Group,
    MatrixGroup,
    PermutationGroup,
    PointGroup,
    SemidirectProduct,
    SymmetricGroup,
    TableGroup,
    alternating_group,
    dicyclic_group,
    point_group,
    symmetric_group,
)
from intertwine.group.catalogue.from_generators import MAX_ORDER
from intertwine.group.catalogue.prices import finite_price
from intertwine.group.core.finite import FiniteGroup

_BY_NUMBER: dict[str, tuple[type[GeneratedGroup], Callable[[int], GeneratedGroup]]] = {
    "symmetric": (SymmetricGroup, symmetric_group),
    "alternating": (AlternatingGroup, alternating_group),
    "dicyclic": (DicyclicGroup, dicyclic_group),
}


def encode_generated(
    group: Group, encode: Callable[[Group], dict[str, Any] | None], store: Callable[[torch.Tensor], str]
) -> dict[str, Any] | None:
    """A group from generators as JSON; ``None`` for any other.

    Args:
        group: the group.
        encode: encodes a factor.
        store: keeps a tensor and gives its name.
    """
    for name, (kind, _) in _BY_NUMBER.items():
        if type(group) is kind:
            return {"name": name, "n": group.__reduce__()[1][0]}  # type: ignore[index]
    if type(group) is PointGroup:
        return {"name": "point group", "symbol": group.name}
    if type(group) is SemidirectProduct:
        factors = [encode(group.N), encode(group.H)]
        if None in factors:
            return None
        return {
            "name": "semidirect product",
            "factors": factors,
            "action": store(torch.tensor(group.action)),
            "printed": group.name,
        }
    for name, kind in (("matrices", MatrixGroup), ("permutations", PermutationGroup), ("table", TableGroup)):
        if type(group) is kind:
            generators = torch.tensor(np.array(group.given))
            encoded: dict[str, Any] = {"name": name, "generators": store(generators), "printed": group.name}
            if group.names is not None:
                encoded["elements"] = list(group.names)
            return encoded
    return None


def decode_generated(
    value: dict[str, Any],
    decode: Callable[[dict[str, Any]], Group],
    tensor: Callable[[Any], torch.Tensor],
    budget: Budget,
) -> Group | None:
    """The group that was encoded; ``None`` if it is of another kind.

    Args:
        value: the JSON.
        decode: decodes a factor.
        tensor: finds a tensor of the file.
        budget: what the file may ask for.

    Raises:
        ModelFileError: if it asks for too large a group.
        GroupError: if there is no such group.
    """
    name = value["name"]
    if name in _BY_NUMBER:
        n = value["n"]
        if not isinstance(n, int) or not 1 <= n <= MAX_ORDER:
            raise ModelFileError(f"the file asks for a {name} group of n = {str(n)[:40]}")
        order = 4 * n if name == "dicyclic" else min(factorial(min(n, 10)), MAX_ORDER)
        budget.pay(finite_price(order), f"a {name} group of n = {n}")
        return _BY_NUMBER[name][1](n)
    if name == "point group":
        symbol = str(value["symbol"])[:40]
        numbers = [int(digits) for digits in re.findall("[0-9]{1,9}", symbol)]
        budget.pay(finite_price(4 * max(numbers, default=12)), f"the point group {symbol!r}")
        return point_group(symbol)
    if name == "semidirect product":
        factors = [decode(factor) for factor in value["factors"]]
        if len(factors) != 2 or not all(isinstance(factor, FiniteGroup) for factor in factors):
            raise ModelFileError("the file asks for a semidirect product of other than two finite groups")
        order = factors[0].order() * factors[1].order()
        budget.pay(finite_price(order), f"a group of {order} elements")
        action = tensor(value["action"]).numpy()
        return SemidirectProduct(factors[0], factors[1], action, str(value["printed"]))  # type: ignore[arg-type]
    if name not in ("matrices", "permutations", "table"):
        return None
    array = tensor(value["generators"]).numpy()
    printed = str(value["printed"])
    elements = value.get("elements")
    if name == "table":
        budget.pay(finite_price(len(array)), f"a group of {len(array)} elements")
        return TableGroup(array, printed, elements)
    count, points = len(array), array.shape[-1]
    # how many elements they generate is known once they are there: so many are looked for as are left to be asked for
    each = points if name == "permutations" else points**2
    most = MAX_ORDER
    while most > 1 and not budget.affords(finite_price(most) + _closing_price(most, count, each)):
        most = most * 3 // 4
    budget.pay(_closing_price(most, count, each), f"a group by {count} generators of shape {array.shape[1:]}")
    given = (array, printed, most) if name == "permutations" else (array, printed, most, elements)
    group = PermutationGroup(*given) if name == "permutations" else MatrixGroup(*given)
    budget.pay(finite_price(group.order()), f"a group of {group.order()} elements")
    return group


def _closing_price(order: int, generators: int, numbers: int) -> Price:
    """The elements that some generators of so many numbers each make, up to an order."""
    return Price(40.0 * order * generators * numbers, 2e-8 * order * generators * numbers + 1e-5 * order * generators)
