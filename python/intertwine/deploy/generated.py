"""Finite groups from generators as JSON, and back: by name where they have one, else by their generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

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
from intertwine.group.finite import FiniteGroup

_MAX_POINTS = 256
_MAX_GENERATORS = 64

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
    max_order: int,
) -> Group | None:
    """The group that was encoded; ``None`` if it is of another kind.

    Args:
        value: the JSON.
        decode: decodes a factor.
        tensor: finds a tensor of the file.
        max_order: the order above which a group is refused.

    Raises:
        ModelFileError: if it asks for too large a group.
        GroupError: if there is no such group.
    """
    name = value["name"]
    if name in _BY_NUMBER:
        n = value["n"]
        if not isinstance(n, int) or not 1 <= n <= max_order:
            raise ModelFileError(f"the file asks for a {name} group of n = {str(n)[:40]}")
        return _small(_BY_NUMBER[name][1](n), max_order)
    if name == "point group":
        return _small(point_group(str(value["symbol"])[:40]), max_order)
    if name == "semidirect product":
        factors = [decode(factor) for factor in value["factors"]]
        if len(factors) != 2 or not all(isinstance(factor, FiniteGroup) for factor in factors):
            raise ModelFileError("the file asks for a semidirect product of other than two finite groups")
        if factors[0].order() * factors[1].order() > max_order:
            raise ModelFileError(f"the file asks for a group of more than {max_order} elements")
        action = tensor(value["action"]).numpy()
        return SemidirectProduct(factors[0], factors[1], action, str(value["printed"]))  # type: ignore[arg-type]
    if name not in ("matrices", "permutations", "table"):
        return None
    array = tensor(value["generators"]).numpy()
    printed = str(value["printed"])
    elements = value.get("elements")
    if array.shape[0] > (max_order if name == "table" else _MAX_GENERATORS) or max(array.shape) > _MAX_POINTS:
        raise ModelFileError(f"the file asks for a group by {array.shape[0]} generators of shape {array.shape[1:]}")
    if name == "permutations":
        return PermutationGroup(array, printed, max_order)
    if name == "table":
        return TableGroup(array, printed, elements)
    return MatrixGroup(array, printed, max_order, elements)


def _small(group: Group, max_order: int) -> Group:
    if group.order() > max_order:
        raise ModelFileError(f"the file asks for {group}, but holds groups of up to {max_order} elements")
    return group
