"""Upper bounds for the memory (bytes) and the time (seconds) of building groups and representations.

The factors are measured, and rounded up generously.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from intertwine.budget import Price
from intertwine.group.catalogue.products import DirectProductGroup
from intertwine.group.catalogue.so3_o3 import O3, SO3
from intertwine.group.constructions.decomposition import greatest_frequency
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation
from intertwine.group.matrices.labels import Label


def finite_price(order: float) -> Price:
    """The table, classes and irreps of a finite group.

    Args:
        order: the number of elements.
    """
    return Price(bytes=100.0 * order**2, seconds=6e-6 * order**2 + 2e-9 * order**3)


def continuous_price(spatial: bool, frequency: int) -> Price:
    """A continuous group of the plane or of space, with the irreps that it lists.

    Args:
        spatial: whether it is SO(3) or O(3).
        frequency: the greatest frequency that it lists.
    """
    if not spatial:
        return Price(bytes=4e3 * frequency, seconds=2e-4 * frequency)
    # each list of irreps asks for the Lie algebra at all of them
    return Price(bytes=20.0 * frequency**4, seconds=1e-7 * float(frequency) ** 6)


def irrep_price(group: Group, label: Label) -> Price:
    """One irrep of a group; those of finite groups come with the group.

    Args:
        group: the group.
        label: of the irrep.
    """
    if not group.continuous:
        return Price(seconds=1e-6)
    if isinstance(group, DirectProductGroup):
        return irrep_price(group.G1, label[0]) + irrep_price(group.G2, label[1]) + Price(seconds=1e-3)
    greatest = max((abs(part) for part in label if isinstance(part, int)), default=0)
    if isinstance(group, (SO3, O3)):
        return Price(bytes=50.0 * (greatest + 1) ** 4, seconds=1e-7 * float(greatest + 1) ** 5 + 2e-4)
    return Price(bytes=1e3, seconds=2e-4)


def regular_price(order: int) -> Price:
    """The regular representation of a finite group, with its matrices at all elements.

    Args:
        order: the number of elements.
    """
    return Price(bytes=8.8 * order**3 + 60.0 * order**2, seconds=3e-8 * order**3)


def representation_price(group: Group, size: int) -> Price:
    """A representation with its matrices at all elements, or at the generators of a continuous group.

    Args:
        group: the group.
        size: of the matrices.
    """
    work = 4e-10 * size**3
    if group.continuous:
        return Price(bytes=100.0 * size**2, seconds=5 * work + 1e-8 * size**2)
    order = group.order()
    return Price(bytes=8.8 * order * size**2 + 60.0 * size**2, seconds=order * (3e-8 * size**2 + work) + 2 * work)


def subgroup_prices(group: Group, id: Any) -> Iterator[Price]:
    """What it takes to find a subgroup by its label.

    Args:
        group: the group.
        id: the label; ``None`` for none.
    """
    numbers = [float(n) for n in _numbers(id) if n > 1]
    if group.continuous and numbers:
        yield finite_price(max(numbers) * 2)


def restriction_prices(group: Group, subgroup: Group, representations: Iterable[Representation]) -> Iterator[Price]:
    """What it takes to see representations of a group as ones of a subgroup.

    Args:
        group: the group.
        subgroup: the subgroup.
        representations: of the group.
    """
    spatial = isinstance(group, (SO3, O3))
    for representation in {id(rho): rho for rho in representations}.values():
        size = representation.size
        greatest = max((greatest_frequency(representation), 1)) if group.continuous else 1
        if subgroup.continuous:
            irreps, samples, widest = 2 * greatest + 2, 10 * greatest + 10, min(size, 2 * greatest + 1)
        else:
            irreps, samples = len(subgroup.irreps()), subgroup.order()
            widest = min(size, max(irrep.size for irrep in subgroup.irreps()))
        yield splitting_price(size, widest, irreps, samples)
        yield Price(seconds=samples * (4e-4 + (4e-8 * float(greatest + 1) ** 4 if spatial else 0.0)))


def _numbers(id: Any) -> list[float]:
    if isinstance(id, (list, tuple)):
        return [n for part in id for n in _numbers(part)]
    return [id] if isinstance(id, (int, float)) and not isinstance(id, bool) else []


def splitting_price(size: int, irrep: int, irreps: int, samples: int) -> Price:
    """The splitting of a representation into irreps.

    Args:
        size: of the representation.
        irrep: the size of the greatest irrep.
        irreps: how many different ones may occur.
        samples: at how many elements the representation is read.
    """
    system = float(size * irrep)
    return Price(
        bytes=40.0 * system**2 + 16.0 * samples * size**2,
        seconds=irreps * (2e-9 * system**3 + 2e-4) + samples * (2e-9 * size**3 + 2e-8 * size**2 + 2e-4),
    )
