"""How targets move when their inputs are turned: by the type of what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from intertwine.errors import ArgumentError, FieldTypeError, ShapeError, Words
from intertwine.fields import FieldType
from intertwine.group import FiniteGroup, GroupElement
from intertwine.gspaces import GSpace, rot2dOnR2
from intertwine.gspaces.resample import act_on_grid, memory_matrix
from intertwine.nn import EquivariantModule
from intertwine.training.data.pairing import IGNORE, TargetKind

TargetType = FieldType | Literal["invariant"]
"""The field type of a target, or "invariant" for numbers (of a sample or of each pixel) that no turn changes."""

_UNKNOWN = Words(
    "give target_type='invariant' if no turn changes these numbers, or their field type, such as "
    "nn.field_type(gspace, vector=1) for a direction",
    r='give target_type = "invariant" if no turn changes these numbers, or their field type, such as '
    "field_type(gs, vector = 1) for a direction",
)


def type_of_target(
    module: torch.nn.Module, targets: Iterable[Any], target_type: Any, own_loss: bool
) -> TargetType | None:
    """What the targets of a module are: as told, as their geometric tensor says, or as the module puts out.

    Args:
        module: the module.
        targets: those of training and validation, some of which may be geometric tensors.
        target_type: as told; `None` if it was not.
        own_loss: whether a loss of the user's own compares them, which may compare things of different types.

    Returns:
        The type; `None` if nothing says it.

    Raises:
        ArgumentError: if `target_type` is neither a field type nor "invariant".
        FieldTypeError: if two of them contradict each other.
    """
    if target_type is not None and target_type != "invariant" and not isinstance(target_type, FieldType):
        raise ArgumentError(
            f"`target_type` must be a field type or 'invariant', not {target_type!r}",
            hint=Words(
                "for a direction give nn.field_type(gspace, vector=1)",
                r="for a direction give field_type(gs, vector = 1)",
            ),
        )
    told = target_type
    for target in targets:
        carried = getattr(target, "type", None)
        if not isinstance(carried, FieldType):
            continue
        if told is not None and not _agree(told, carried):
            raise FieldTypeError(
                "`y` has field type {type}, but `target_type` or another target says {told}",
                hint="leave target_type out, or give the same",
                parts={"type": carried, "told": told},
            )
        told = carried
    out_type = getattr(module, "out_type", None)
    if not isinstance(out_type, FieldType):
        return told
    if told is not None and not own_loss and not _agree(told, out_type):
        raise FieldTypeError(
            "the module puts out {type}, but the targets are {told}",
            hint="give the last layer the type of the targets; on planes and in space with mirrors a direction is "
            "{vector}, not an irrep",
            parts={"vector": Words("vector=1", r="vector = 1"), "type": out_type, "told": told},
        )
    return out_type if told is None else told


def _agree(first: TargetType, second: TargetType) -> bool:
    """Whether the group moves the channels of both alike, whatever the space or the order of the irreps."""
    if isinstance(first, FieldType) and isinstance(second, FieldType):
        return first.fibergroup == second.fibergroup and first.size == second.size and _same_matrices(first, second)
    return all(not isinstance(kind, FieldType) or kind.is_invariant for kind in (first, second))


def _same_matrices(a: FieldType, b: FieldType) -> bool:
    return all(
        np.allclose(getattr(a.representation, name), getattr(b.representation, name), atol=1e-9)
        for name in ("generator_matrices", "lie_matrices")
    )


@dataclass(frozen=True)
class Turner:
    """Moves a batch of inputs and targets by random elements of a group, each sample by its own.

    Args:
        in_type: of the inputs.
        target_type: of the targets.
        space: whose group the elements are drawn from, and which moves the pixels of the targets.
        module: whose group holds that group.
        kind: what the targets hold.
        outputs: shape of what the module gives for one sample.
        order: of the splines that interpolate the inputs.
    """

    in_type: FieldType
    target_type: TargetType
    space: GSpace
    module: torch.nn.Module | None
    kind: TargetKind
    outputs: tuple[int, ...]
    order: int = 2

    def __call__(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs and targets moved; pixels of targets that come from outside of the image are missing there.

        Args:
            x: shape [batch, channels, ...].
            y: the targets.
            generator: draws the elements.
        """
        # groups draw from NumPy's generators: one that ours seeds
        source = np.random.default_rng(int(torch.randint(2**31 - 1, (), generator=generator)))
        chosen = [self.space.fibergroup.sample(source) for _ in range(x.shape[0])]
        planes, has_space = self._as_fields(y)
        x, planes = x.clone(), planes.clone()
        for element, which in _alike(chosen):
            x[which] = _moved(self.in_type, x[which], self._of_input(element), self.order)
            planes[which] = self._move(planes[which], element, has_space)
        return x, planes.reshape(y.shape)

    @property
    def leaves_gaps(self) -> bool:
        """Whether some pixels of moved targets come from outside of the image, where nothing is known."""
        group = self.space.fibergroup
        exact = isinstance(group, FiniteGroup) and len(self.space.exact_elements) == group.order()
        return len(self.outputs) > 2 and not exact

    def check(self, x: torch.Tensor, y: torch.Tensor) -> None:
        """Find out on one sample whether inputs and targets can be moved.

        Args:
            x: shape [1, channels, ...].
            y: its target.

        Raises:
            ShapeError: if the target has not the channels of its type, or turns would change the shape of an image.
        """
        for sizes, space in ((x.shape[2:], self.in_type.gspace), (self._as_fields(y)[0].shape[2:], self.space)):
            if len(set(sizes)) > 1 and isinstance(space.fibergroup, FiniteGroup):
                for element in space.exact_elements:
                    order = np.abs(memory_matrix(space.basespace_action(element))).argmax(axis=1)
                    if [sizes[i] for i in order] != list(sizes):
                        raise ShapeError(
                            f"{element} of {{space}} swaps the sides {tuple(sizes)}, so that such images do not fit in one batch",
                            hint="pad or cut the images to equal sides",
                            parts={"space": space},
                        )
        self(x, y, torch.Generator().manual_seed(0))

    def _of_input(self, element: GroupElement) -> GroupElement:
        return element if self.module is None else self.module.lift(element)  # type: ignore[operator]

    def _as_fields(self, y: torch.Tensor) -> tuple[torch.Tensor, bool]:
        """The targets as [batch, channels, *space], and whether they have positions or belong to the whole sample."""
        d = self.space.dimensionality
        if self.kind == "class":
            return self._class_fields(y, d)
        wanted = (y.shape[0], *self.outputs[1:])
        if y[:1].numel() == int(np.prod(wanted[1:])):
            y = y.reshape(wanted)
        channels = self.target_type.size if isinstance(self.target_type, FieldType) else None
        first = y.shape[1] if y.ndim > 1 else 1
        if y.ndim == 1 and channels in (None, 1):
            return y[:, None], False
        if y.ndim in (2, 2 + d) and channels in (None, first):
            return y, y.ndim > 2
        if y.ndim == 1 + d and channels in (None, 1):
            return y[:, None], True
        raise ShapeError(
            f"targets of type {self.target_type} cannot have shape {tuple(y.shape)}",
            hint=f"give {'any number of' if channels is None else channels} channels on the second axis, for each sample or "
            "for each pixel",
        )

    def _class_fields(self, y: torch.Tensor, d: int) -> tuple[torch.Tensor, bool]:
        if y.ndim == 1 or (y.ndim == 2 and len(self.outputs) <= 2):
            return y.reshape(y.shape[0], -1), False
        if y.ndim in (1 + d, 2 + d):
            return (y[:, None] if y.ndim == 1 + d else y), True
        raise ShapeError(
            f"class targets of a space of dimension {d} cannot have shape {tuple(y.shape)}",
            hint="give one class number for each sample, or for each pixel",
        )

    def _move(self, y: torch.Tensor, element: GroupElement, has_space: bool) -> torch.Tensor:
        matrix = self.space.basespace_action(element) if has_space and self.space.dimensionality else None
        if self.kind == "class":
            return _move_classes(y, self._of_classes(element), matrix)
        rho = None
        if isinstance(self.target_type, FieldType) and not self.target_type.is_invariant:
            rho = self.target_type.representation(element)
        return _move_values(y, rho, matrix)

    def _of_classes(self, element: GroupElement) -> np.ndarray | None:
        """The class that each class becomes."""
        if not isinstance(self.target_type, FieldType) or self.target_type.is_invariant:
            return None
        return np.abs(self.target_type.representation(element)).argmax(axis=0)


def make_turner(
    module: torch.nn.Module,
    x: Any,
    kind: TargetKind,
    target_type: TargetType | None,
    sample: tuple[torch.Tensor, torch.Tensor],
    outputs: tuple[int, ...],
) -> Turner:
    """What turns the batches of a training, once it is known how everything moves.

    Args:
        module: the module in training.
        x: the inputs as they were given; a geometric tensor carries its type.
        kind: what the targets hold.
        target_type: as `type_of_target` found it.
        sample: the first input and target.
        outputs: shape of what the module gives for it.

    Raises:
        ArgumentError: if the type of the targets is not known.
        FieldTypeError: if the targets have another group than the inputs.
        ShapeError: if shapes do not fit.
    """
    in_type = getattr(module, "in_type", None)
    if isinstance(in_type, tuple):
        raise ArgumentError(
            "a module of several inputs has no rotations for one", hint="give a function as augment in their place"
        )
    if in_type is None:
        in_type = getattr(x, "type", None)
    if target_type is None:
        target_type = _type_of_numbers(module, kind, outputs)
    if kind == "class" and not _permutes(target_type):
        raise FieldTypeError(
            f"the scores of the classes are {target_type}, which the group does not permute",
            hint="end the network with invariant fields, or with regular ones if it turns a class into another",
        )
    order = 2
    if not isinstance(in_type, FieldType):
        order = 1  # half the time, and nothing that a plain network could tell
        in_type = _pictures(module, sample[0], target_type)
    space, lifted = _space_of(module, in_type, target_type)
    turner = Turner(in_type, target_type, space, module if lifted else None, kind, outputs, order)
    turner.check(*sample)
    return turner


def _type_of_numbers(module: torch.nn.Module, kind: TargetKind, outputs: tuple[int, ...]) -> TargetType:
    """The type of targets of which nothing is said: that of classes, and of single numbers behind invariant fields."""
    if kind == "class":
        return "invariant"
    if not isinstance(module, EquivariantModule):
        raise ArgumentError(
            "nothing says how the targets in y move when the images are turned: the module has no group", hint=_UNKNOWN
        )
    if len(outputs) > 1 and outputs[1] > 1:
        raise ArgumentError(
            f"the module ends in {outputs[1]} invariant numbers: turned images may need other targets, which it cannot learn",
            hint=Words(*(words + " as the last layer" for words in _UNKNOWN)),
        )
    return "invariant"


def _permutes(target_type: TargetType) -> bool:
    """Whether the group carries each class to one class: permutes their scores, or leaves them alone."""
    if not isinstance(target_type, FieldType):
        return True
    return target_type.is_invariant or all(rho.is_permutation for rho in target_type.representations)


def _pictures(module: torch.nn.Module, x: torch.Tensor, target_type: TargetType) -> FieldType:
    """Plain pictures, whose channels do not mix, for a module that has no type."""
    space = target_type.gspace if isinstance(target_type, FieldType) else rot2dOnR2()
    inside = next((part.in_type for part in module.modules() if isinstance(part, EquivariantModule)), None)
    fields = isinstance(inside, FieldType) and inside.size == x.shape[1] and not inside.is_invariant
    if fields or space.dimensionality == 0 or x.ndim != 2 + space.dimensionality:
        raise ShapeError(
            f"nothing says how x of shape {tuple(x.shape)} moves"
            + (f", whose channels may be {inside}" if fields else f" on {space}"),
            hint="give x as a geometric tensor, whose type says how it moves",
        )
    return FieldType(space, x.shape[1] * (space.trivial_repr,))


def _space_of(module: torch.nn.Module, in_type: FieldType, target_type: TargetType) -> tuple[GSpace, bool]:
    """The space whose elements move the targets, and whether the module has to say which elements they are of its input."""
    if not isinstance(target_type, FieldType):
        return in_type.gspace, False
    space, out_type = target_type.gspace, getattr(module, "out_type", None)
    if space == in_type.gspace or (space.dimensionality == 0 and space.fibergroup == in_type.fibergroup):
        return in_type.gspace, False
    if isinstance(out_type, FieldType) and space == out_type.gspace and hasattr(module, "lift"):
        return space, True
    raise FieldTypeError(
        "the targets are fields of {space}, but the inputs of {other}",
        hint="give both the same group",
        parts={"space": space, "other": in_type.gspace},
    )


def _alike(elements: list[GroupElement]) -> list[tuple[GroupElement, list[int]]]:
    """The elements with the numbers of the samples that they move: a finite group moves many alike."""
    if elements[0].group.continuous:
        return [(element, [number]) for number, element in enumerate(elements)]
    found: dict[GroupElement, list[int]] = {}
    for number, element in enumerate(elements):
        found.setdefault(element, []).append(number)
    return list(found.items())


def _moved(in_type: FieldType, x: torch.Tensor, element: GroupElement, order: int) -> torch.Tensor:
    moved = in_type.transform(x, element, order=order)
    return moved[0] if isinstance(moved, tuple) else moved


def move_targets(y: torch.Tensor, kind: TargetKind, matrix: np.ndarray) -> torch.Tensor:
    """Targets of pixels, moved along with their images; missing where they come from outside.

    Args:
        y: class numbers [batch, *space], or measurements [batch, channels, *space] that no motion mixes.
        kind: what they hold.
        matrix: the motion.
    """
    return _move_classes(y, None, matrix) if kind == "class" else _move_values(y, None, matrix)


def _move_classes(y: torch.Tensor, become: np.ndarray | None, matrix: np.ndarray | None) -> torch.Tensor:
    """Class numbers moved to the nearest pixel, for there is nothing in between; missing where they come from outside."""
    if become is not None:
        table = torch.as_tensor(become, dtype=y.dtype, device=y.device)
        y = torch.where(y == IGNORE, y, table[y.clamp(min=0)])
    if matrix is None:
        return y
    # outside is 0, so that no class and no missing one may be it
    moved = act_on_grid((y - IGNORE + 1).double(), matrix, order=0).to(y.dtype)
    return torch.where(moved == 0, IGNORE, moved + IGNORE - 1)


def _move_values(y: torch.Tensor, rho: np.ndarray | None, matrix: np.ndarray | None) -> torch.Tensor:
    """Measurements moved: channels mixed by rho, positions by the matrix; what a missing value reaches is missing."""
    missing = torch.isnan(y)
    some = bool(missing.any())
    parts = [_mixed(y.masked_fill(missing, 0.0), rho)]
    if some:
        parts.append(_mixed(missing.to(y.dtype), None if rho is None else np.abs(rho)))
    # 1 inside of the image and 0 outside, in the same pass as the values
    moved = torch.cat([*parts, torch.ones_like(y[:, :1])], dim=1)
    if matrix is not None:
        # next to a hole only the nearest pixels may count: longer splines carry it into the whole image
        moved = act_on_grid(moved, matrix, order=1 if some else 2)
    lost = moved[:, -1:] < 0.5
    if some:
        lost = lost | (moved[:, y.shape[1] : -1] > 1e-9)
    return moved[:, : y.shape[1]].masked_fill(lost, torch.nan)


def _mixed(y: torch.Tensor, rho: np.ndarray | None) -> torch.Tensor:
    if rho is None:
        return y
    return torch.einsum("oc,bc...->bo...", torch.tensor(rho, dtype=y.dtype, device=y.device), y)
