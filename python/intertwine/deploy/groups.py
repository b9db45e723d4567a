"""Groups as JSON, and back: by name and size, by their factors, or by their generators."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import torch

from intertwine.budget import Budget, Price
from intertwine.deploy.generated_group_codec import decode_generated, encode_generated
from intertwine.errors import ModelFileError
from intertwine.group import (
    O2,
    O3,
    SO2,
    SO3,
    ContinuousGroup,
    CyclicGroup,
    DihedralGroup,
    DirectProductGroup,
    DoubleGroup,
    Group,
    Icosahedral,
    Octahedral,
    cyclic_group,
    dihedral_group,
    direct_product,
    double_group,
    ico_group,
    o2_group,
    o3_group,
    octa_group,
    so2_group,
    so3_group,
)
from intertwine.group.catalogue.prices import continuous_price, finite_price

_CONTINUOUS: dict[str, tuple[type[ContinuousGroup], Callable[[int], Group]]] = {
    "SO2": (SO2, so2_group),
    "O2": (O2, o2_group),
    "SO3": (SO3, so3_group),
    "O3": (O3, o3_group),
}
_BY_ORDER: dict[str, tuple[type[Group], Callable[[int], Group], int]] = {
    "cyclic": (CyclicGroup, cyclic_group, 1),
    "dihedral": (DihedralGroup, dihedral_group, 2),
}
_NAMED: dict[str, tuple[type[Group], Callable[[], Group]]] = {
    "octahedral": (Octahedral, octa_group),
    "icosahedral": (Icosahedral, ico_group),
}


MOST = 2**40
"""Whole numbers of files are no greater than this."""

_LABEL = 2**16


def whole(value: Any, low: int, high: int = MOST) -> int:
    """A whole number of a file.

    Args:
        value: what the file holds.
        low: the least that is accepted.
        high: the greatest that is accepted.

    Raises:
        ModelFileError: if it is none, or out of range.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ModelFileError(f"the file holds {str(value)[:40]} where a whole number from {low} to {high} belongs")
    return value


def label(value: Any, depth: int = 4) -> tuple[Any, ...]:
    """The label of an irrep in a file: lists of whole numbers and of such lists.

    Args:
        value: what the file holds.
        depth: how deep lists may lie in lists.

    Raises:
        ModelFileError: if it is no label.
    """
    if not isinstance(value, list) or len(value) > 8 or depth == 0:
        raise ModelFileError(f"the file holds {str(value)[:40]} where the label of an irrep belongs")
    return tuple(label(part, depth - 1) if isinstance(part, list) else whole(part, -_LABEL, _LABEL) for part in value)


def encode_group(group: Group, store: Callable[[torch.Tensor], str]) -> dict[str, Any] | None:
    """A group as JSON; ``None`` if it is of a kind that a file cannot hold.

    Args:
        group: the group.
        store: keeps a tensor and gives its name.
    """
    for name, (kind, _) in _CONTINUOUS.items():
        if isinstance(group, kind) and type(group) is kind:
            return {"name": name, "maximum_frequency": group.maximum_frequency}
    for name, (kind, _, share) in _BY_ORDER.items():
        if type(group) is kind:
            return {"name": name, "N": group.order() // share}
    for name, (kind, _) in _NAMED.items():
        if type(group) is kind:
            return {"name": name}
    if isinstance(group, DirectProductGroup):
        parts = [group.G1] if isinstance(group, DoubleGroup) else [group.G1, group.G2]
        factors = [encode_group(part, store) for part in parts]
        return None if None in factors else {"name": "product", "factors": factors, "printed": group.given_name}
    return encode_generated(group, lambda factor: encode_group(factor, store), store)


def decode_group(value: dict[str, Any], tensor: Callable[[Any], torch.Tensor], budget: Budget, depth: int = 4) -> Group:
    """The group that was encoded.

    Args:
        value: the JSON.
        tensor: finds a tensor of the file.
        budget: what the file may ask for.
        depth: how deep products may lie in products.

    Raises:
        ModelFileError: if it asks for a group that is too large or not known.
        GroupError: if there is no such group.
    """
    name = value["name"]
    if depth == 0:
        raise ModelFileError("the file asks for products of groups that lie too deep in one another")
    if name in _CONTINUOUS:
        frequency = whole(value["maximum_frequency"], 0)
        budget.pay(continuous_price(name in ("SO3", "O3"), frequency), f"a group with frequencies up to {frequency}")
        return _CONTINUOUS[name][1](frequency)
    if name in _BY_ORDER:
        number = whole(value["N"], 1)
        order = number * _BY_ORDER[name][2]
        budget.pay(finite_price(order), f"a group of {order} elements")
        return _BY_ORDER[name][1](number)
    if name in _NAMED:
        return _NAMED[name][1]()
    if name == "product":
        return _product(value, tensor, budget, depth)
    found = decode_generated(value, lambda factor: decode_group(factor, tensor, budget, depth - 1), tensor, budget)
    if found is None:
        raise ModelFileError(f"the file asks for the group {str(name)[:40]!r}, which this version does not know")
    return found


def stated_order(value: Any) -> int:
    """The order of a group or of the group of a space, as far as its description tells; else 1.

    Args:
        value: the JSON.
    """
    if not isinstance(value, dict):
        return 1
    if "group" in value:
        return stated_order(value["group"])
    number = value.get("rotations", value.get("N"))
    if isinstance(number, int):
        return number * (2 if value.get("axis") is not None or value.get("name") == "dihedral" else 1)
    orders = [stated_order(factor) for factor in value.get("factors", ())]
    return prod(orders) * (orders[0] if value.get("name") == "product" and len(orders) == 1 else 1)


def _product(value: dict[str, Any], tensor: Callable[[Any], torch.Tensor], budget: Budget, depth: int) -> Group:
    factors = value["factors"]
    if not isinstance(factors, list) or len(factors) not in (1, 2):
        raise ModelFileError("the file asks for a product of other than one or two groups")
    groups = [decode_group(factor, tensor, budget, depth - 1) for factor in factors]
    if any(group.continuous for group in groups):
        # it lists the products of all that its factors list
        counts = [len(group.irreps()) for group in groups]
        sizes = [max(irrep.size for irrep in group.irreps()) for group in groups]
        pairs, size = counts[0] * counts[-1], float(sizes[0] * sizes[-1])
        budget.pay(Price(pairs * (200 * size**2 + 5e3), pairs * (1e-3 + 1e-8 * size**3)), "a product of groups")
    else:
        order = groups[0].order() * groups[-1].order()
        budget.pay(finite_price(order), f"a group of {order} elements")
    printed = value["printed"]
    printed = None if printed is None else str(printed)[:80]
    return double_group(groups[0], printed) if len(groups) == 1 else direct_product(groups[0], groups[1], printed)
