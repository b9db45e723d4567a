"""Methods that escnn has besides its public ones: classes of ours have them while a peer is installed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import wraps
from math import ceil, sqrt
from typing import Any

import numpy as np
import torch

from intertwine.compat.bases import SteerableKernelBasis, kernels_on_point
from intertwine.compat.subgroups import combine_subgroups, process_subgroup_id
from intertwine.errors import EquivarianceError
from intertwine.fields import FieldType
from intertwine.group import CyclicGroup, DihedralGroup, Group, GroupElement, Representation
from intertwine.gspaces import GSpace
from intertwine.nn import EquivariantModule, ReshuffleModule
from intertwine.nn.nonlinear.fourier import FourierLayer


def _tensor_product_irreps(self: Group, J: Any, l: Any) -> list[tuple[Any, int]]:
    """The irreps in the product of two, each with how often it occurs."""
    first, second = (self.irrep(*(id if isinstance(id, tuple) else (id,))) for id in (J, l))
    return list(Counter(first.tensor(second).irreps).items())


def _irreps_multiplicities(self: Representation) -> dict[Any, int]:
    """How often each irrep occurs."""
    return defaultdict(int, Counter(self.irreps))


def _build_quotient_representations(self: CyclicGroup | DihedralGroup) -> None:
    """Makes the quotient representations for the smaller numbers of rotations, which ``group.representations`` then lists."""
    order = self.rotation_order
    for n in (n for n in range(2, ceil(sqrt(order))) if order % n == 0):
        for id in [n] if isinstance(self, CyclicGroup) else [(0, n), (1, n)]:
            self.quotient_representation(id)


def _indices(self: ReshuffleModule) -> torch.Tensor:
    """For each output channel the number of its input channel."""
    channels = torch.arange(self.in_type.size)
    return self._channels.of(channels.to(next(self.buffers(), channels).device)[None])[0]


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


@torch.no_grad()
def check_fourier_equivariance(
    self: Any, atol: float = 1e-5, rtol: float = 2e-2, assert_raise: bool = True
) -> np.ndarray:
    """The relative errors of a layer that is equivariant up to sampling, in the norm of each field, for 100 random elements.

    Args:
        self: the layer.
        atol: errors below it count as zero.
        rtol: their mean and standard deviation together stay below it for each element.
        assert_raise: whether a failure raises.

    Raises:
        EquivarianceError: naming the element.
    """
    space, random = self.in_type.gspace, np.random.default_rng(0)
    shape = (128, len(self.in_type), self.rho.size, *space.dimensionality * (3,))
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(self.A)
    owner = np.repeat(np.arange(len(self.rho.irreps)), [space.irrep(*label).size for label in self.rho.irreps])
    trivial = [space.irrep(*self.rho.irreps[number]).is_trivial() for number in owner]
    # Their average is positive, so that functions such as ReLU do not give zero.
    x[:, :, trivial] = x[:, :, trivial].abs()
    x = self.in_type(x.flatten(1, 2))
    whole, found = self(x), []
    for element in (space.fibergroup.sample(random) for _ in range(100)):
        outputs = whole.transform_fibers(element), self(x.transform_fibers(element))
        a, b = (output.tensor.unflatten(1, (len(self.out_type), -1)) for output in outputs)
        error = (a - b).norm(dim=2)
        relative = torch.where(error < atol, 0.0, error) / (a.norm(dim=2) * b.norm(dim=2)).sqrt()
        size = float(relative.mean() + relative.std(correction=0))
        if assert_raise and not size < rtol:
            raise EquivarianceError(
                f"{type(self).__name__} is not equivariant: for {element} the relative error is {size:.2g}, more than "
                f"rtol={rtol} allows",
                hint="sample at more elements",
            )
        found.append(relative.flatten().cpu().numpy())
    return np.concatenate(found)


def _with_numbers(self: DihedralGroup, id: Any) -> Any:
    """As ours; the axis may be False for 0 and True for 1."""
    if isinstance(id, tuple) and id and isinstance(id[0], bool):
        id = (int(id[0]), *id[1:])
    return _of_dihedral(self, id)


_of_dihedral = DihedralGroup._subgroup_elements


def _rename(self: Representation, name: str) -> None:
    self._name = name


_own_name: Any = Representation.name

_made = GSpace.__init__


@wraps(_made)
def _with_own_action(
    self: GSpace, fibergroup: Group, dimensionality: int, name: str, action: Representation | None = None
) -> None:
    """As ours; a space of a program's own may say its action by the property ``basespace_action`` alone."""
    if action is None and type(self).basespace_action is not GSpace.basespace_action:
        self._fibergroup = fibergroup
        action = self.basespace_action
    _made(self, fibergroup, dimensionality, name, action)


ADDED: tuple[tuple[type, str, Any], ...] = (
    (Group, "_process_subgroup_id", process_subgroup_id),
    (Group, "_combine_subgroups", combine_subgroups),
    (Group, "_tensor_product_irreps", _tensor_product_irreps),
    (Representation, "_irreps_multiplicities", property(_irreps_multiplicities)),
    (CyclicGroup, "_build_quotient_representations", _build_quotient_representations),
    (DihedralGroup, "_build_quotient_representations", _build_quotient_representations),
    (ReshuffleModule, "indices", property(_indices)),
    (FourierLayer, "check_equivariance", check_fourier_equivariance),
    (GSpace, "build_kernel_basis", build_kernel_basis),
    (GSpace, "build_fiber_intertwiner_basis", build_fiber_intertwiner_basis),
)
"""What classes of ours do not have otherwise."""


REPLACED: tuple[tuple[type, str, Any, Any], ...] = (
    (EquivariantModule, "check_equivariance", check_equivariance, _checked_by_us),
    (DihedralGroup, "_subgroup_elements", _with_numbers, _of_dihedral),
    (GSpace, "__init__", _with_own_action, _made),
    # A name tells nothing apart, so programs may give another one.
    (Representation, "name", _own_name.setter(_rename), _own_name),
)
"""What classes of ours do in escnn's way, and in theirs."""


def add() -> None:
    """Gives the classes these methods."""
    for cls, name, value in ADDED:
        setattr(cls, name, value)
    for cls, name, value, _ in REPLACED:
        setattr(cls, name, value)


def take_away() -> None:
    """Takes them away again."""
    for cls, name, _ in ADDED:
        if name in vars(cls):
            delattr(cls, name)
    for cls, name, _, own in REPLACED:
        setattr(cls, name, own)
