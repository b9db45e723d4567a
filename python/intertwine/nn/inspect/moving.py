"""What symmetries do to features, and which symmetries act on the two ends of a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from intertwine.fields import FieldType, GeometricTensor
from intertwine.group.core.element import GroupElement
from intertwine.group.core.finite import FiniteGroup
from intertwine.group.core.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.memory import remembered
from intertwine.nn.base.module import EquivariantModule
from intertwine.nn.inspect.kinds import has_own_lift, kind_of, walk
from intertwine.nn.inspect.tracing import Call, FeatureType, InvariantFeatures, tensor_of


def moved(value: Any, type_: FeatureType | None, element: GroupElement, order: int = 2) -> torch.Tensor | None:
    """What an element makes of features; ``None`` if their type is not known.

    Args:
        value: the features.
        type_: their type.
        element: the element.
        order: of the interpolating splines.
    """
    if isinstance(value, GeometricTensor) and value.coords is not None:
        return value.transform(element).tensor
    tensor = tensor_of(value)
    if isinstance(type_, InvariantFeatures):
        dimension = type_.gspace.dimensionality
        if not dimension or tensor.dim() != 2 + dimension or element.group != type_.gspace.fibergroup:
            return tensor
        trivial: tuple[Representation, ...] = (type_.gspace.trivial_repr,)
        type_ = FieldType(type_.gspace, tensor.shape[1] * trivial)
    if (
        not isinstance(type_, FieldType)
        or tensor.dim() < 2
        or tensor.shape[1] != type_.size
        or element.group != type_.fibergroup
    ):
        return None
    if tensor.dim() == 2:
        return type_.transform_fibers(tensor, element)
    if tensor.dim() != 2 + type_.gspace.dimensionality:
        return None
    turned = type_.transform(tensor, element, order=order)
    return turned[0] if isinstance(turned, tuple) else turned


def relative_error(expected: torch.Tensor | None, seen: torch.Tensor) -> float:
    """The greatest difference, relative to the greatest value that was expected; infinite where the two cannot be compared.

    Args:
        expected: the right values; ``None`` if they are not known.
        seen: those that were computed.
    """
    if expected is None or expected.shape != seen.shape or not expected.is_floating_point():
        return float("inf")
    if not expected.numel():
        return 0.0
    scale = float(expected.abs().max())
    difference = float((expected - seen).abs().max())
    return difference / scale if scale > 0 else difference


@remembered
def exact_generators(space: GSpace) -> tuple[GroupElement, ...]:
    """Elements that generate all that act without interpolation: what these keep, all keep.

    Args:
        space: with its group.

    Example:
        >>> from intertwine import gspaces
        >>> exact_generators(gspaces.rot2dOnR2(8)), len(exact_generators(gspaces.flipRot2dOnR2(4)))
        ((2[2pi/8],), 2)
    """
    group = space.fibergroup
    if isinstance(group, FiniteGroup):
        if all(space.is_exact(element) for element in group.generators):
            return tuple(group.generators)
        numbers = [group.index(element) for element in space.exact_elements]
        return tuple(group.elements[number] for number in group.generating_numbers(numbers))
    elements = [element for element in space.exact_elements if element != group.identity]
    if not space.dimensionality:
        return tuple(elements[:4])
    # Signed permutations of the coordinates generate each other; what moves no point is taken as it is.
    signs = {element: np.rint(space.basespace_action(element)).astype(int) for element in elements}
    identity = np.eye(space.dimensionality, dtype=int)
    moving = [element for element in elements if (signs[element] != identity).any()]
    found: list[GroupElement] = [element for element in elements if (signs[element] == identity).all()][:4]
    reached_signs = {identity.tobytes()}
    for element in moving:
        if signs[element].tobytes() not in reached_signs:
            found.append(element)
            reached_signs = _closure([signs[other] for other in found])
    return tuple(found)


def _closure(matrices: list[np.ndarray]) -> set[bytes]:
    """The products of matrices of whole numbers."""
    reached = {matrix.tobytes(): matrix for matrix in [np.eye(len(matrices[0]), dtype=int)]}
    fresh = list(reached.values())
    while fresh:
        products = {(a @ b).tobytes(): a @ b for a in fresh for b in matrices}
        fresh = [matrix for key, matrix in products.items() if key not in reached]
        reached.update({matrix.tobytes(): matrix for matrix in fresh})
    return set(reached)


def lifted(call: Call, element: GroupElement) -> GroupElement | None:
    """An element of the group that acts on what a part gave, in the group that acts on what it took.

    Args:
        call: of the part.
        element: of the group of its output.

    Returns:
        the element; ``None`` if it is not known how the groups belong together.
    """
    module: Any = call.module
    steps = [call] if has_own_lift(module) or not call.calls else restrictions(call)
    for step in reversed(steps):
        if isinstance(step.module, EquivariantModule):
            element = step.module.lift(element)
    return element


def symmetry_of(module: EquivariantModule) -> tuple[GSpace, Callable[[GroupElement], GroupElement]]:
    """The space with the group that a module keeps, and the map of its elements into the group of the input.

    A module that was written by hand need not tell that a layer in it restricts the symmetry.

    Args:
        module: an equivariant module with one input.
    """
    steps = [part for _, part, kind in walk(module) if kind == "layer" and _changes_space(part)]
    if not steps or (has_own_lift(module) and kind_of(module) != "container"):
        return module.symmetry, module.lift
    last: Any = steps[-1]
    kept = last.out_type.gspace if module.out_type is None else module.out_type.gspace

    def lift(element: GroupElement) -> GroupElement:
        for step in reversed(steps):
            if element.group == step.out_type.fibergroup:  # type: ignore[union-attr]
                element = step.lift(element)  # type: ignore[operator]
        return element

    return kept, lift


def restrictions(call: Call) -> list[Call]:
    """The layers within a call behind which fewer symmetries act, in order.

    Args:
        call: of a part.
    """
    return [part for part in call.within() if part.kind == "layer" and _changes_space(part.module)]


def _changes_space(module: torch.nn.Module) -> bool:
    source, target = getattr(module, "in_type", None), getattr(module, "out_type", None)
    return isinstance(source, FieldType) and isinstance(target, FieldType) and source.gspace != target.gspace
