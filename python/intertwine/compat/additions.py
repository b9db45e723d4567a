"""Methods that escnn has besides its public ones: classes of ours have them while a peer is installed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import wraps
from typing import Any

import numpy as np
import torch

from intertwine import group as groups
from intertwine.compat.bases import SteerableKernelBasis, kernels_on_point
from intertwine.errors import EquivarianceError, GroupError
from intertwine.fields import FieldType
from intertwine.group import Group, GroupElement, Representation
from intertwine.gspaces import GSpace
from intertwine.nn import EquivariantModule

_SPATIAL = (groups.SO3, groups.O3)


def _process_subgroup_id(self: Group, id: Any) -> Any:
    """The label of a subgroup in full: of SO(3) and O(3) with the element by which the subgroup is turned."""
    if not isinstance(self, _SPATIAL):
        return id
    label = id if isinstance(id, tuple) else (id,)
    if isinstance(self, groups.O3) and label[0] in ("so3", "o3"):
        label = (label[0] == "o3", "so3", *label[1:])
    return label if isinstance(label[-1], GroupElement) else (*label, self.identity)


def _combine_subgroups(self: Group, sg_id1: Any, sg_id2: Any) -> Any:
    """The label in this group of a subgroup of a subgroup.

    Raises:
        GroupError: for groups whose labels are no numbers of rotations and axes.
    """
    subgroup = self.subgroup(sg_id1)[0]
    subgroup.subgroup(sg_id2)
    if sg_id1 == self.subgroup_self_id:
        return sg_id2
    if isinstance(self, groups.DirectProductGroup) and all(
        isinstance(i, tuple) and len(i) == 2 for i in (sg_id1, sg_id2)
    ):
        pairs = zip((self.G1, self.G2), sg_id1, sg_id2, strict=True)
        return tuple(_combine_subgroups(part, first, second) for part, first, second in pairs)
    if isinstance(self, (groups.CyclicGroup, groups.SO2)):
        return sg_id2
    if isinstance(self, (groups.DihedralGroup, groups.O2)):
        axis, count = sg_id1
        if axis is None:
            return (None, sg_id2)
        if count == 1:
            return (axis, 1) if sg_id2 == 2 else (None, 1)
        turn, smaller = sg_id2
        if turn is None:
            return (None, smaller)
        # Axes of a dihedral group are steps between its own mirrors, those of O(2) are angles.
        if isinstance(self, groups.DihedralGroup):
            return (axis + turn * (self.rotation_order // count), smaller)
        return (axis + turn * (1 if count == -1 else 2 * np.pi / count), smaller)
    raise GroupError(
        f"labels of subgroups of subgroups of {self} are not combined", hint="restrict one after the other"
    )


def _tensor_product_irreps(self: Group, J: Any, l: Any) -> list[tuple[Any, int]]:
    """The irreps in the product of two, each with how often it occurs."""
    first, second = (self.irrep(*(id if isinstance(id, tuple) else (id,))) for id in (J, l))
    return list(Counter(first.tensor(second).irreps).items())


def _irreps_multiplicities(self: Representation) -> dict[Any, int]:
    """How often each irrep occurs."""
    return defaultdict(int, Counter(self.irreps))


def build_kernel_basis(
    self: GSpace,
    in_repr: Representation,
    out_repr: Representation,
    sigma: float | Sequence[float],
    rings: Sequence[float],
    **kwargs: Any,
) -> SteerableKernelBasis:
    """A basis of the equivariant kernels between two representations.

    Args:
        self: the space.
        in_repr: of the input.
        out_repr: of the output.
        sigma: widths of the rings.
        rings: their radii.
        **kwargs: ``maximum_frequency`` and ``filter``.
    """
    greatest, keep = kwargs.get("maximum_frequency"), kwargs.get("filter")
    return SteerableKernelBasis.of_space(self, in_repr, out_repr, rings, sigma, greatest, keep)


def build_fiber_intertwiner_basis(
    self: GSpace, in_repr: Representation, out_repr: Representation
) -> SteerableKernelBasis:
    """A basis of the matrices that commute with two representations.

    Args:
        self: the space.
        in_repr: of the columns.
        out_repr: of the rows.
    """
    return kernels_on_point(in_repr, out_repr)


_checked_by_us = EquivariantModule.check_equivariance


@wraps(_checked_by_us)
def check_equivariance(self: EquivariantModule, atol: Any = None, rtol: Any = None, *args: Any, **kwargs: Any) -> Any:
    """As ours; tolerances are those of each number, ``|a - b| <= atol + rtol |b|``, for elements that act exactly."""
    report = _checked_by_us(self, atol, rtol, *args, **kwargs)
    asked = [value for value in (atol, rtol) if isinstance(value, (int, float))]
    raises = kwargs.get("assertion", args[0] if args else True) and kwargs.get("assert_raise", True)
    types = (self.in_type, self.out_type)
    if not asked or not raises or not all(isinstance(type_, FieldType) for type_ in types):
        return report
    x = torch.randn(report.input_shape, generator=torch.Generator().manual_seed(0)).to(
        next(self.parameters(), torch.empty(0))
    )
    mode = self.training
    self.eval()
    try:
        with torch.no_grad():
            for row in report.table:
                _check_numbers(self, x, row["element"], atol or 0.0, rtol or 0.0)
    finally:
        self.train(mode)
    return report


def _check_numbers(layer: EquivariantModule, x: torch.Tensor, element: GroupElement, atol: float, rtol: float) -> None:
    """Raises if a number of the output differs by more than the tolerances, for an element that acts exactly."""
    field = layer.in_type(x)
    if element.group != layer.in_type.fibergroup or not layer.in_type.gspace.is_exact(element):
        return
    if layer.out_type is None or layer.out_type.fibergroup != element.group:
        return
    a, b = layer(field).transform(element).tensor, layer(field.transform(element)).tensor
    if not torch.allclose(a, b, atol=atol, rtol=rtol):
        raise EquivarianceError(
            f"{type(layer).__name__} is not equivariant: for {element} numbers differ by up to {float((a - b).abs().max()):.2g}, "
            f"more than atol={atol} and rtol={rtol} allow"
        )


ADDED: tuple[tuple[type, str, Any], ...] = (
    (Group, "_process_subgroup_id", _process_subgroup_id),
    (Group, "_combine_subgroups", _combine_subgroups),
    (Group, "_tensor_product_irreps", _tensor_product_irreps),
    (Representation, "_irreps_multiplicities", property(_irreps_multiplicities)),
    (GSpace, "build_kernel_basis", build_kernel_basis),
    (GSpace, "build_fiber_intertwiner_basis", build_fiber_intertwiner_basis),
)
"""What classes of ours do not have otherwise."""


def add() -> None:
    """Gives the classes these methods, and checks of equivariance escnn's tolerances."""
    for cls, name, value in ADDED:
        setattr(cls, name, value)
    EquivariantModule.check_equivariance = check_equivariance  # type: ignore[method-assign]


def take_away() -> None:
    """Takes them away again."""
    for cls, name, _ in ADDED:
        if name in vars(cls):
            delattr(cls, name)
    EquivariantModule.check_equivariance = _checked_by_us  # type: ignore[method-assign]
