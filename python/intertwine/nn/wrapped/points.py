"""Plain networks on points made equivariant to all rotations: by the axes of their variance, or by learned vectors."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch

from intertwine.budget import Price
from intertwine.checks import flag
from intertwine.errors import FieldTypeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group import O2, O3, SO2, SO3, Representation
from intertwine.group.constructions.orientation import determinant
from intertwine.kernels.constants import ConstantModule
from intertwine.kernels.torch_modes import without_autocast
from intertwine.nn.base.module import EquivariantModule, call_part
from intertwine.nn.base.sequential import SequentialModule
from intertwine.nn.conv.linear import Linear
from intertwine.nn.nonlinear.norm_nonlinearity import NormNonLinearity
from intertwine.nn.wrapped.turning import WrappedNet, mixed_channels

_MOST = 243
"""The largest tensor power of the vector in which an irrep is looked for."""

_GAP = 1e-4
"""Variances closer than this share of their sum count as equal."""


class RotatedFields(ConstantModule):
    """How rotation matrices, one for each sample, move fields: polynomials of the matrices, which have gradients.

    Every irrep of O(d) or SO(d) is a part of a tensor power of the vector, perhaps times the determinant.

    Args:
        type_: of the fields, without space.
        vector: the representation of the points.
    """

    def __init__(self, type_: FieldType, vector: Representation) -> None:
        super().__init__()
        self._terms: list[list[tuple[str, int, bool]]] = []
        order: list[np.ndarray] = []
        self._shapes: list[tuple[int, int]] = []
        starts = type_.fields_start
        for rho in dict.fromkeys(type_.representations):
            fields = [k for k, other in enumerate(type_.representations) if other == rho]
            order += [np.arange(starts[k], starts[k] + rho.size) for k in fields]
            self._shapes.append((len(fields), rho.size))
            terms, column = [], 0
            for id in rho.irreps:
                power, odd, part = _in_powers(vector, id)
                name = f"part{sum(map(len, self._terms)) + len(terms)}"
                self.register_constant(name, rho.change_of_basis[:, column : column + len(part)] @ part)
                terms.append((name, power, odd))
                column += len(part)
            self._terms.append(terms)
        chosen = np.concatenate(order)
        self.register_constant("order", chosen)
        self.register_constant("inverse", np.argsort(chosen))

    def forward(self, tensor: torch.Tensor, rotations: torch.Tensor, back: bool = False) -> torch.Tensor:
        """The fields moved by the rotations, or by their inverses.

        Args:
            tensor: shape ``(samples, channels)``.
            rotations: shape ``(samples, d, d)``, in single precision or better.
            back: whether by the inverses.
        """
        signs, powers = torch.linalg.det(rotations), {0: torch.ones_like(rotations[:, :1, :1])}
        for power in range(1, 1 + max(power for terms in self._terms for _, power, _ in terms)):
            product = torch.einsum("bij,bkl->bikjl", powers[power - 1], rotations)
            powers[power] = product.flatten(3).flatten(1, 2)
        moved, column = [], 0
        sorted_ = tensor.index_select(1, self.order).to(rotations.dtype)  # pyright: ignore[reportArgumentType, reportCallIssue]
        for terms, (count, size) in zip(self._terms, self._shapes, strict=True):
            matrix: Any = 0
            for name, power, odd in terms:
                part = getattr(self, name).to(rotations.dtype)
                term = part @ powers[power] @ part.T
                matrix = matrix + (term * signs[:, None, None] if odd else term)
            fields = sorted_[:, column : column + count * size].unflatten(1, (count, size))
            moved.append((fields @ (matrix if back else matrix.mT)).flatten(1))
            column += count * size
        return torch.cat(moved, dim=1).index_select(1, self.inverse).to(tensor.dtype)  # pyright: ignore[reportArgumentType]


def _in_powers(vector: Representation, id: tuple[int, ...]) -> tuple[int, bool, np.ndarray]:
    """The least power of a vector that holds an irrep, whether it is multiplied by the determinant, and the map to the irrep."""
    group, sign = vector.group, determinant(vector, "sign")
    wanted = [(id, False, np.eye(group.irrep(*id).size))]
    if not sign.is_trivial():
        product = group.irrep(*id).tensor(sign)
        wanted.append((product.irreps[0], True, product.change_of_basis))
    maps: dict[Any, np.ndarray] = {group.trivial_representation.irreps[0]: np.ones((1, 1))}
    newest, power = list(maps), 0
    while True:
        for other, odd, basis in wanted:
            if other in maps:
                return power, odd, basis @ maps[other]
        power += 1
        if vector.size**power > _MOST:
            break
        # Irreps of one power more lie in the products of those that were found last.
        last, newest = newest, []
        for known in last:
            product, column = group.irrep(*known).tensor(vector), 0
            for found in product.irreps:
                part = product.change_of_basis[:, column : column + group.irrep(*found).size].T
                column += len(part)
                if found not in maps:
                    maps[found] = part @ np.kron(maps[known], np.eye(vector.size))
                    newest.append(found)
    raise UnsupportedFieldError(
        f"irrep {id} of {group} is in no tensor power of the vector with up to {_MOST} entries",
        hint="use irreps of lower order",
    )


class RotatedNet(WrappedNet):
    """A network on points that rotations, one for each sample, turn back and forward."""

    needs_grid: ClassVar[bool] = False

    @classmethod
    def _turning_price(cls, type_: FieldType) -> Price:
        # The parts of tensor powers.
        irreps = float(sum(len(rho.irreps) for rho in set(type_.representations)))
        return Price(1e6 + 8 * irreps * _MOST * 64 + 100.0 * type_.size, 0.05 + 0.02 * irreps + 1e-4 * len(type_))

    def __init__(
        self, in_type: FieldType, out_type: FieldType | None, net: torch.nn.Module, centre: bool = True
    ) -> None:
        super().__init__(in_type, out_type, net)
        group, name = in_type.fibergroup, type(self).__name__
        if in_type.gspace.dimensionality or not isinstance(group, (SO2, O2, SO3, O3)):
            raise FieldTypeError(
                f"{name} takes fields without space of SO(2), O(2), SO(3) or O(3), not fields on {in_type.gspace.name}",
                hint="make their space with gspaces.no_base_space; for finite groups use FrameAverage or GroupAverage",
            )
        self.d = 2 if isinstance(group, (SO2, O2)) else 3
        irreps = group.standard_representation().irreps
        points = [k for k, rho in enumerate(in_type.representations) if rho.irreps == irreps]
        if not points:
            raise FieldTypeError(f"{name} needs points, fields of {irreps}, and {in_type} has none")
        vector = in_type.representations[points[0]]
        if any(in_type.representations[k] != vector for k in points):
            raise FieldTypeError(f"{name} needs points in the same coordinates", hint="use one representation for all")
        self._vector = vector
        self._proper = determinant(vector, "sign").is_trivial()
        self.centre = flag(centre, "centre")
        channels = np.concatenate([np.arange(self.d) + in_type.fields_start[k] for k in points])
        self.register_constant("points", channels)
        self.register_constant("means", _mean_matrix(channels, in_type.size, self.d))
        self._back = RotatedFields(in_type, vector)
        self._forth = None if self.out_type is None else RotatedFields(self.out_type, vector)

    @abstractmethod
    def _frames(self, tensor: torch.Tensor) -> torch.Tensor:
        """The rotations of each sample, shape ``(batch, frames, d, d)``."""

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        if self.centre:
            tensor = tensor - mixed_channels(self.means, tensor)  # pyright: ignore[reportArgumentType]
        frames = self._frames(tensor)
        samples, count = frames.shape[:2]
        each = frames.flatten(0, 1)
        repeated = tensor[:, None].expand(-1, count, -1).flatten(0, 1)
        output = self._run(self._back(repeated, each, back=True))
        if self._forth is not None:
            output = self._forth(output, each)
        return output.unflatten(0, (samples, count)).mean(dim=1)

    def _coordinates(self, tensor: torch.Tensor) -> torch.Tensor:
        """The points of each sample, shape ``(batch, points, d)``, in single precision or better."""
        found = tensor.index_select(1, self.points)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return found.unflatten(1, (-1, self.d)).to(torch.promote_types(tensor.dtype, torch.float32))

    def extra_repr(self) -> str:
        """The types."""
        return f"{self.in_type}, {self.out_type}" + ("" if self.centre else ", centre=False")


def _mean_matrix(channels: np.ndarray, size: int, d: int) -> np.ndarray:
    """The matrix from all channels to the mean of the points, written over each point."""
    spread = np.zeros((size, d))
    spread[channels, np.arange(len(channels)) % d] = 1.0
    return spread @ spread.T * (d / len(channels))


class PointFrameAverage(RotatedNet):
    """A plain network on sets of points, averaged over the axes of their variance: equivariant to all rotations.

    The frames of a set are the eigenvectors of the covariance of its points, with every choice of signs (for SO(d) those without
    a mirror): 2^d or 2^(d-1) rotations R. f(x) = mean over R of rho_out(R) f(rho_in(R)^T x). A network that does not depend on
    the order of points stays so.

    Where two variances are equal and not zero, as for a regular tetrahedron, the set has no axes of its own and the output
    depends on how it lies; gradients then take the axes as fixed. :meth:`is_degenerate` finds such sets. Points in a plane are
    fine, and so are points on a line for scalars and vectors.

    Args:
        in_type: fields without space of SO(2), O(2), SO(3) or O(3), such as n vectors for the coordinates of n points, and
            other features.
        out_type: fields of the output; ``None`` for numbers that rotations do not change.
        net: the network, from ``(batch, channels)`` to ``(batch, numbers)``.
        centre: whether points are measured from their mean, so that shifting all of them changes nothing.

    Raises:
        FieldTypeError: if there are no points, or the group is another one.
        UnsupportedFieldError: for irreps of high order.

    Example:
        >>> from intertwine import group, gspaces, nn
        >>> space = gspaces.no_base_space(group.o3_group(2))
        >>> five = nn.FieldType(space, 5 * [space.irrep(1, 1)])
        >>> net = torch.nn.Sequential(torch.nn.Linear(15, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3))
        >>> model = nn.PointFrameAverage(five, nn.FieldType(space, [space.irrep(1, 1)]), net)
        >>> model(torch.randn(7, 15)).shape
        torch.Size([7, 3])

    References:
        Puny et al., "Frame averaging for invariant and equivariant network design", ICLR 2022.
    """

    def __init__(
        self, in_type: FieldType, out_type: FieldType | None, net: torch.nn.Module, centre: bool = True
    ) -> None:
        super().__init__(in_type, out_type, net, centre)
        signs = [s for s in itertools.product((1.0, -1.0), repeat=self.d) if not self._proper or np.prod(s) > 0]
        self.register_constant("signs", np.array(signs))

    def _covariance(self, tensor: torch.Tensor) -> torch.Tensor:
        points = self._coordinates(tensor)
        points = points - points.mean(dim=1, keepdim=True)
        with without_autocast(tensor):
            return points.mT @ points

    def _frames(self, tensor: torch.Tensor) -> torch.Tensor:
        covariance = self._covariance(tensor)
        fixed = covariance.detach()
        same = self._equal_variances(fixed)[:, None, None]
        # Eigenvectors of equal eigenvalues have no derivative.
        distinct = torch.diag(torch.arange(1.0, self.d + 1, dtype=fixed.dtype, device=fixed.device))
        # Without the copies, which change the order in memory, inductor of torch 2.13 gives a wrong gradient.
        axes = torch.where(
            same,
            torch.linalg.eigh(fixed).eigenvectors.contiguous(),
            torch.linalg.eigh(covariance.where(~same, distinct)).eigenvectors.contiguous(),
        )
        if self._proper:
            last = axes[:, :, -1:] * torch.linalg.det(axes).sign().detach()[:, None, None]
            axes = torch.cat([axes[:, :, :-1], last], dim=2)
        signs: Any = self.signs
        return axes[:, None] * signs.to(axes.dtype)[:, None, :]

    def _equal_variances(self, covariance: torch.Tensor, zero: bool = True) -> torch.Tensor:
        """For which samples two eigenvalues are equal; whether two that are zero count."""
        values = torch.linalg.eigvalsh(covariance)
        least = _GAP * values.sum(dim=1, keepdim=True)
        equal = values.diff(dim=1) <= least
        return (equal if zero else equal & (values[:, 1:] > least)).any(dim=1)

    def is_degenerate(self, tensor: torch.Tensor) -> torch.Tensor:
        """Which samples have equal variances along two axes that are not zero, so that their frames are arbitrary.

        Args:
            tensor: shape ``(batch, channels)``.

        Returns:
            a boolean for each sample.
        """
        return self._equal_variances(self._covariance(tensor.detach()), zero=False)


class PointCanonicalised(RotatedNet):
    """A plain network on sets of points made equivariant by learned axes, which turn each set back.

    An equivariant network makes d vectors of the input (d - 1 for SO(d)); made orthonormal one after the other (Gram-Schmidt,
    for SO(d) completed to the right hand) they are a rotation R, and the output is rho_out(R) f(rho_in(R)^T x). All of it has
    gradients. Where the vectors vanish or depend on each other R is no rotation, but the output still turns with the input.

    Args:
        in_type: fields without space of SO(2), O(2), SO(3) or O(3), such as n vectors for the coordinates of n points, and
            other features.
        out_type: fields of the output; ``None`` for numbers that rotations do not change.
        net: the network, from ``(batch, channels)`` to ``(batch, numbers)``.
        axes: an equivariant module from ``in_type`` to these vectors, of the representation of the points; by default two linear
            layers and a nonlinearity of norms, whose weights differ from point to point.
        centre: whether points are measured from their mean, so that shifting all of them changes nothing.

    Raises:
        FieldTypeError: if there are no points, the group is another one, or the axes have another type.
        UnsupportedFieldError: for irreps of high order.

    Example:
        >>> from intertwine import group, gspaces, nn
        >>> space = gspaces.no_base_space(group.so3_group(2))
        >>> five = nn.FieldType(space, 5 * [space.irrep(1)])
        >>> nn.PointCanonicalised(five, None, torch.nn.Linear(15, 2))(torch.randn(7, 15)).shape
        torch.Size([7, 2])

    References:
        Kaba et al., "Equivariance with learned canonicalization functions", ICML 2023.
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType | None,
        net: torch.nn.Module,
        axes: EquivariantModule | None = None,
        centre: bool = True,
    ) -> None:
        super().__init__(in_type, out_type, net, centre)
        wanted = FieldType(in_type.gspace, (self.d - self._proper) * [self._vector])
        if axes is None:
            hidden = FieldType(in_type.gspace, 16 * [self._vector])
            layers = Linear(in_type, hidden), NormNonLinearity(hidden), Linear(hidden, wanted)
            axes = SequentialModule(*layers)
        given = (getattr(axes, "in_type", None), getattr(axes, "out_type", None))
        if given != (in_type, wanted):
            raise FieldTypeError(
                "PointCanonicalised needs axes from {in_type} to {wanted}, but they go from {given} to {found}",
                parts={"in_type": in_type, "wanted": wanted, "given": given[0], "found": given[1]},
            )
        self.axes = axes

    @property
    def arguments(self) -> dict[str, Any]:
        """Those of the constructor, with the network of the axes that was built."""
        return {**self._arguments, "axes": self.axes}

    def _frames(self, tensor: torch.Tensor) -> torch.Tensor:
        found = call_part(self.axes, tensor).unflatten(1, (-1, self.d))
        vectors = found.to(torch.promote_types(found.dtype, torch.float32)).unbind(dim=1)
        scale = found.detach().to(vectors[0].dtype).square().sum(dim=(1, 2)) + torch.finfo(vectors[0].dtype).tiny ** 0.5
        axes: list[torch.Tensor] = []
        for vector in vectors:
            for other in axes:
                vector = vector - (vector * other).sum(dim=1, keepdim=True) * other
            axes.append(vector / (vector.square().sum(dim=1) + 1e-10 * scale).sqrt()[:, None])
        if self._proper:
            first = axes[0]
            last = torch.stack([-first[:, 1], first[:, 0]], dim=1) if self.d == 2 else torch.linalg.cross(*axes)
            axes.append(last)
        return torch.stack(axes, dim=2)[:, None]
