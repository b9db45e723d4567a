"""Field types: what each channel of a feature map is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from intertwine.checks import is_whole, need_real_coords
from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    FieldTypeError,
    GroupError,
    NoFieldsError,
    ShapeError,
    Words,
)
from intertwine.group.constructions.constructions import directsum
from intertwine.group.core.element import GroupElement
from intertwine.group.core.group import Group
from intertwine.group.core.representation import Representation, block_diagonal
from intertwine.gspaces.gspace import GSpace
from intertwine.gspaces.resample import act_on_grid
from intertwine.suggestions import Suggesting, did_you_mean

if TYPE_CHECKING:
    from intertwine.fields.geometric_tensor import GeometricTensor


class FieldType(Suggesting):
    """The type of a stack of feature fields: a space, and one representation for each field.

    The channels of field i transform by its representation rho_i, and the points of the space by the group's action:
    (g f)(x) = rho(g) f(g^-1 x) with rho = rho_1 + ... + rho_n.

    Args:
        gspace: the space.
        representations: one for each field, of the space's group.

    Raises:
        FieldTypeError: if something else than representations is given.
        GroupError: if a representation is of another group.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> nn.FieldType(space, 2 * [space.regular_repr] + [space.irrep(1)])
        [C4_on_R2[(None, 4)]: {regular (x2), irrep_1 (x1)}(10)]
    """

    def __init__(self, gspace: GSpace, representations: tuple[Representation, ...] | list[Representation]) -> None:
        if not isinstance(gspace, GSpace):
            raise FieldTypeError(
                f"a space is needed, not {type(gspace).__name__}", hint="make one with gspaces.rot2dOnR2(4)"
            )
        if isinstance(representations, Representation):
            raise FieldTypeError(
                "one representation was given where a list is needed", hint="write FieldType(space, [representation])"
            )
        if isinstance(representations, str) or not isinstance(representations, Iterable):
            raise FieldTypeError(f"a list of representations is needed, not {representations!r}")
        representations = tuple(representations)
        if not representations:
            raise NoFieldsError("a field type needs at least one field")
        for representation in representations:
            if not isinstance(representation, Representation):
                raise FieldTypeError(f"a list of representations is needed, but it holds {representation!r}")
            if representation.group != gspace.fibergroup:
                raise GroupError(
                    f"the space has the group {gspace.fibergroup}, but {representation} is a representation of "
                    f"{representation.group}",
                    hint=Words(
                        "take representations from the space: space.regular_repr, space.irrep(1), ...",
                        r="take representations from the space: regular_repr(gs), irrep(gs, frequency = 1), ...",
                    ),
                )
        self._gspace = gspace
        self._representations = representations
        # Plain attributes, not cached properties: a lock inside of those stops torch.compile on Python before 3.12.
        self._size = sum(representation.size for representation in representations)
        self.is_orthogonal = all(representation.is_orthogonal for representation in representations)

    @property
    def gspace(self) -> GSpace:
        """The space."""
        return self._gspace

    @property
    def fibergroup(self) -> Group:
        """The group."""
        return self._gspace.fibergroup

    @property
    def representations(self) -> tuple[Representation, ...]:
        """One representation for each field."""
        return self._representations

    @property
    def size(self) -> int:
        """The number of channels."""
        return self._size

    @property
    def uniform(self) -> bool:
        """Whether all fields have the same representation."""
        return all(representation == self._representations[0] for representation in self._representations)

    @property
    def irreps(self) -> list[tuple[int, ...]]:
        """The labels of the irreps of all fields, in order."""
        return [id for representation in self._representations for id in representation.irreps]

    @cached_property
    def representation(self) -> Representation:
        """The representation of all channels together, the direct sum."""
        return directsum(list(self._representations))

    @property
    def change_of_basis(self) -> torch.Tensor:
        """The change of basis of that direct sum, shape ``(size, size)``."""
        matrix = block_diagonal([representation.change_of_basis for representation in self._representations])
        return torch.tensor(matrix, dtype=torch.get_default_dtype())

    @property
    def change_of_basis_inv(self) -> torch.Tensor:
        """The inverse of ``change_of_basis``, shape ``(size, size)``."""
        matrix = block_diagonal([representation.change_of_basis_inv for representation in self._representations])
        return torch.tensor(matrix, dtype=torch.get_default_dtype())

    def get_dense_change_of_basis(self) -> torch.Tensor:
        """The same as ``change_of_basis``, by escnn's name."""
        return self.change_of_basis

    def get_dense_change_of_basis_inv(self) -> torch.Tensor:
        """The same as ``change_of_basis_inv``, by escnn's name."""
        return self.change_of_basis_inv

    @cached_property
    def _bounds(self) -> np.ndarray:
        return np.cumsum([0, *(representation.size for representation in self._representations)])

    @property
    def fields_start(self) -> np.ndarray:
        """The first channel of each field."""
        return self._bounds[:-1].copy()

    @property
    def fields_end(self) -> np.ndarray:
        """The channel after the last of each field."""
        return self._bounds[1:].copy()

    def fields_names(self) -> list[str]:
        """The name of each field's representation."""
        return [representation.name for representation in self._representations]

    @property
    def testing_elements(self) -> Iterable[GroupElement]:
        """Elements on which equivariance is tested."""
        return self._gspace.testing_elements

    @cached_property
    def is_invariant(self) -> bool:
        """Whether no channel changes under the group."""
        return all(representation.is_invariant for representation in self._representations)

    # --- other types ------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """The number of fields."""
        return len(self._representations)

    def __iter__(self) -> Any:
        return iter(self._representations)

    def __getitem__(self, item: int | slice) -> Representation | FieldType:
        if isinstance(item, slice):
            return FieldType(self._gspace, self._representations[item])
        return self._representations[item]

    def __add__(self, other: FieldType) -> FieldType:
        """The fields of both types, one after the other."""
        if not isinstance(other, FieldType):
            return NotImplemented
        if other.gspace != self.gspace:
            raise FieldTypeError(
                "field types on one space are needed, but {first} and {second} were given",
                parts={"first": self, "second": other},
            )
        return FieldType(self._gspace, self._representations + other._representations)

    def index_select(self, index: Iterable[int]) -> FieldType:
        """The type of some of the fields.

        Args:
            index: numbers of fields.
        """
        try:
            chosen = [self._representations[i] for i in index]
        except (TypeError, IndexError):
            raise ArgumentError(
                f"fields have the numbers {{first}} to {{last}}, but {index!r} was given",
                positions={"first": 0, "last": len(self) - 1},
            ) from None
        return FieldType(self._gspace, chosen)

    def sorted(self) -> FieldType:
        """The same fields, sorted by the sizes of their representations."""
        return FieldType(self._gspace, sorted(self._representations, key=lambda representation: representation.size))

    def group_by_labels(self, labels: list[str]) -> dict[str, FieldType]:
        """The type of the fields with each label.

        Args:
            labels: one for each field.
        """
        if len(labels) != len(self):
            raise ArgumentError(f"{len(labels)} labels were given for {len(self)} fields")
        groups: dict[str, list[int]] = {}
        for number, label in enumerate(labels):
            groups.setdefault(label, []).append(number)
        return {label: self.index_select(numbers) for label, numbers in groups.items()}

    def restrict(self, id: Any) -> FieldType:
        """The same channels as fields for a subgroup; what the space names, such as a vector, keeps its name.

        Args:
            id: the label of the subgroup.
        """
        space, _, _ = self._gspace.restrict(id)
        return FieldType(space, [self._restricted(rho, space, id) for rho in self._representations])

    def _restricted(self, rho: Representation, space: GSpace, id: Any) -> Representation:
        named = _NAMED_BY_SPACE.get(rho.name) if self._gspace.dimensionality else None
        return named(space) if named is not None and rho == named(self._gspace) else rho.restrict(id)

    # --- what the group does ----------------------------------------------------------------------------------------------

    def fiber_representation(self, element: GroupElement) -> torch.Tensor:
        """The matrix by which an element mixes the channels, shape ``(size, size)``."""
        matrix = block_diagonal([representation(element) for representation in self._representations])
        return torch.tensor(matrix, dtype=torch.get_default_dtype())

    def transform_fibers(self, input: torch.Tensor, element: GroupElement) -> torch.Tensor:
        """The channels mixed by an element; points stay where they are.

        Args:
            input: shape ``(batch, size, *space)``.
            element: g.

        Returns:
            rho(g) applied to the channels, same shape; exact where rho(g) is a permutation.
        """
        self.check_channels(input)
        matrix = block_diagonal([representation(element) for representation in self._representations])
        if np.isin(matrix, (0.0, 1.0)).all():
            return input[:, matrix.argmax(axis=1)]
        weights = torch.tensor(matrix, dtype=input.dtype, device=input.device)
        return torch.einsum("oc,bc...->bo...", weights, input)

    def transform(
        self, input: torch.Tensor, element: GroupElement, coords: torch.Tensor | None = None, order: int = 2
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """A feature map moved by an element: (g f)(x) = rho(g) f(g^-1 x).

        Args:
            input: shape ``(batch, size, *space)`` on a grid, or ``(points, size)`` with ``coords``.
            element: g.
            coords: coordinates of points, shape ``(points, d)``; they are moved instead of the grid.
            order: of the interpolating spline, where g does not carry the grid to itself (else nothing is interpolated).

        Returns:
            the moved features, and the moved coordinates if there are any.
        """
        mixed = self.transform_fibers(input, element)
        if self._gspace.dimensionality == 0:
            return mixed
        matrix = self._gspace.basespace_action(element)
        if coords is None and input.dim() != 2 + self._gspace.dimensionality:
            raise ShapeError(
                f"a field on R^{self._gspace.dimensionality} has {2 + self._gspace.dimensionality} axes, "
                f"but the shape {tuple(input.shape)} was given",
                hint="transform_fibers moves the channels alone",
            )
        if coords is not None:
            need_real_coords(coords)
            turn = torch.tensor(matrix, dtype=coords.dtype, device=coords.device)
            return mixed, coords @ turn.T
        return act_on_grid(mixed, matrix, order)

    def __call__(self, tensor: torch.Tensor, coords: torch.Tensor | None = None) -> GeometricTensor:
        """A tensor with this type.

        Args:
            tensor: shape ``(batch, size, *space)``.
            coords: coordinates, for features on points.
        """
        from intertwine.fields.geometric_tensor import GeometricTensor

        return GeometricTensor(tensor, self, coords)

    def check_channels(self, tensor: torch.Tensor) -> None:
        """Raises unless a tensor has the channels (and axes) of this type.

        Args:
            tensor: shape ``(batch, size, *space)``.

        Raises:
            ArgumentTypeError: if it is no tensor.
            ShapeError: if the shape does not fit.
        """
        if not isinstance(tensor, torch.Tensor):
            raise ArgumentTypeError(f"a torch tensor is needed, not {type(tensor).__name__}")
        if tensor.dim() < 2 or tensor.shape[1] != self.size:
            space = "".join(f", {axis}" for axis in ("depth", "height", "width")[3 - self._gspace.dimensionality :])
            raise ShapeError(
                f"a tensor of shape {tuple(tensor.shape)} was given where axis {{axis}} must hold the {self.size} channels of "
                "{type}",
                hint=self._axis_hint(tensor),
                positions={"axis": 1},
                parts={"type": self, "layout": Words("(batch, channels, *space)", r=f"[batch, channel{space}]")},
            )

    def _axis_hint(self, tensor: torch.Tensor) -> str | Words:
        d = self._gspace.dimensionality
        if tensor.dim() == d + 2 > 2 and tensor.shape[-1] == self.size:
            order, last = (0, d + 1, *range(1, d + 1)), "the channels seem to be last: "
            turned = f"aperm(x, c({', '.join(str(axis + 1) for axis in order)}))"
            layout = f'say so with images(x, "nhwc"), or {turned}' if d == 2 else f"{turned} puts them second"
            return Words(f"{last}tensor.permute{order} puts them on the second axis", r=last + layout)
        if tensor.dim() == 2 and d:
            return "rows of numbers are features on points; on a grid the shape is {layout}"
        return Words(
            "put the channels on the second axis: {layout}", r="put the channels in the second dimension: {layout}"
        )

    # --- values -----------------------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, FieldType):
            return NotImplemented
        return self._gspace == other._gspace and self._representations == other._representations

    @cached_property
    def _hash(self) -> int:
        return hash((self._gspace, self._representations))

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        counts = [(name, len(list(group))) for name, group in groupby(self.fields_names())]
        return f"[{self._gspace.name}: {{{', '.join(f'{name} (x{n})' for name, n in counts)}}}({self.size})]"

    def __copy__(self) -> FieldType:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> FieldType:
        return self

    def __reduce__(self) -> tuple[type[FieldType], tuple[GSpace, tuple[Representation, ...]]]:
        return (FieldType, (self._gspace, self._representations))


_NAMED_BY_SPACE: dict[str, Callable[[GSpace], Representation]] = {
    "trivial": lambda gspace: gspace.trivial_repr,
    "vector": lambda gspace: gspace.standard_repr,
    "pseudovector": lambda gspace: gspace.pseudovector_repr,
    "pseudoscalar": lambda gspace: gspace.pseudoscalar_repr,
}
"""Fields by names that mean the same on every space; all others are names of the group's representations."""


def _named(gspace: GSpace, name: str) -> Representation:
    if name in _NAMED_BY_SPACE:
        return _NAMED_BY_SPACE[name](gspace)
    known = gspace.representations
    if name in known:
        return known[name]
    for candidate in known.values():
        if candidate.name.replace(",", "_") == name:
            return candidate
    names = [
        *(_NAMED_BY_SPACE if gspace.dimensionality else ["trivial"]),
        *gspace.fibergroup.standard_representations(),
    ]
    raise ArgumentError(
        f"{{space}} has no representation named {name!r}",
        hint=did_you_mean(name, names) or f"use {', '.join(names)}, or give representations",
        parts={"space": gspace},
    )


def field_type(gspace: GSpace, *representations: Representation, **multiplicities: int) -> FieldType:
    """A field type from representations and from numbers of fields by name.

    Args:
        gspace: the space.
        *representations: one for each field, first.
        **multiplicities: numbers of fields: ``trivial``, ``regular``, the name of an irrep (``irrep_1``); or ``vector``,
            ``pseudovector`` and ``pseudoscalar``, which the space itself defines
            (:attr:`intertwine.gspaces.GSpace.standard_repr`): gradients, flows and forces are vectors, curls of planar
            fields pseudoscalars, curls in space pseudovectors.

    Raises:
        ArgumentError: if there is no such name.
        RepresentationError: if a vector is asked for where there is no space.

    Example:
        >>> from intertwine import gspaces, nn
        >>> nn.field_type(gspaces.rot2dOnR2(4), regular=2, trivial=1)
        [C4_on_R2[(None, 4)]: {regular (x2), irrep_0 (x1)}(9)]
        >>> nn.field_type(gspaces.flipRot2dOnR2(4), vector=1, pseudoscalar=1)
        [D4_on_R2[(3.141592653589793, 4)]: {vector (x1), pseudoscalar (x1)}(3)]
    """
    if not isinstance(gspace, GSpace):
        raise FieldTypeError(
            f"a space is needed, not {type(gspace).__name__}", hint="make one with gspaces.rot2dOnR2(4)"
        )
    found = list(representations)
    for name, count in multiplicities.items():
        if not is_whole(count) or count < 0:
            raise ArgumentError(f"the number of {name} fields must be a whole number of at least 0, not {count!r}")
        found += int(count) * [_named(gspace, name)]
    return FieldType(gspace, found)


def as_field_type(gspace: GSpace, out: FieldType | Mapping[str, int] | Iterable[Representation]) -> FieldType:
    """A field type from any description of one.

    Args:
        gspace: the space on which it lives.
        out: a field type, numbers of fields by name, or representations.
    """
    if isinstance(out, FieldType):
        return out
    if isinstance(out, Mapping):
        return field_type(gspace, **{str(name): count for name, count in out.items()})
    if isinstance(out, Representation):
        return FieldType(gspace, [out])
    return FieldType(gspace, out)  # type: ignore[arg-type]
