"""Bases of steerable kernels by escnn's names, over point convolutions and linear layers of ours."""
# ruff: noqa: N816 - the names of escnn

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from intertwine import gspaces, nn
from intertwine.errors import ArgumentError, EmptyBasisError
from intertwine.group import Representation
from intertwine.gspaces import GSpace

Keep = Callable[[dict[str, Any]], bool] | None

_SMALLEST_NORM = 1e-2
"""Functions that are smaller at the points are left out, as by escnn."""


class KernelBasis(torch.nn.Module):
    """Kernels that are functions of a point, with matrices as values.

    Args:
        dim: the number of kernels.
        shape: rows and columns of the matrices.
    """

    def __init__(self, dim: int, shape: tuple[int, int]) -> None:
        super().__init__()
        self.dim, self.shape = dim, shape

    def __len__(self) -> int:
        return self.dim

    @abstractmethod
    def sample(self, points: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """The kernels at some points, shape ``(points, kernels, rows, columns)``.

        Args:
            points: shape ``(points, d)``.
            out: where to write the result.
        """

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        """The same as `sample`.

        Args:
            points: shape ``(points, d)``.
        """
        return self.sample(points)


class SteerableKernelBasis(KernelBasis):
    """A basis of the equivariant kernels from one representation to another.

    Args:
        layer: whose kernels they are: a point convolution, or a linear layer.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__(layer.weights.numel(), (layer.out_type.size, layer.in_type.size))
        self.layer = layer

    @classmethod
    def of_space(
        cls,
        space: GSpace,
        in_repr: Representation,
        out_repr: Representation,
        radii: Sequence[float],
        sigma: Sequence[float] | float,
        maximum_frequency: int | None,
        keep: Keep,
    ) -> SteerableKernelBasis:
        """The basis for the group of a space.

        Args:
            space: the plane or R^3.
            in_repr: of the input.
            out_repr: of the output.
            radii: of the rings.
            sigma: their widths.
            maximum_frequency: the greatest; ``None`` for what each ring can hold.
            keep: which functions to keep, by their attributes.
        """
        build: Any = nn.R2PointConv if space.dimensionality == 2 else nn.R3PointConv
        greatest = None if maximum_frequency is None else (lambda radius: maximum_frequency)
        widths = list(sigma) if isinstance(sigma, (list, tuple, np.ndarray)) else sigma
        layer = build(
            space.type(in_repr),
            space.type(out_repr),
            bias=False,
            rings=list(radii),
            sigma=widths,
            frequencies_cutoff=greatest,
            basis_filter=keep,
            initialize=False,
        )
        return cls(layer)

    def sample(self, points: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
        """The kernels at some points, shape ``(points, kernels, rows, columns)``.

        Args:
            points: shape ``(points, d)``; of a space without points only their number counts.
            out: where to write the result.
        """
        layer = self.layer
        each = torch.eye(self.dim, dtype=layer.weights.dtype, device=points.device)
        if isinstance(layer, nn.Linear):
            one = torch.stack([layer._expand(weights)[0] for weights in each])
            found = one.expand(len(points), *one.shape)
        else:
            functions = layer._functions(points.to(each.dtype))
            matrices = torch.stack([layer.basisexpansion(weights) for weights in each])
            found = torch.einsum("boif,pf->pboi", matrices, functions)
        return found if out is None else out.copy_(found)


def _planar(flip: bool, N: int | None) -> Any:
    """The function of a planar group.

    Args:
        flip: whether there are reflections.
        N: the number of rotations, -1 for all, ``None`` for as many as the group has.
    """

    def kernels(
        in_repr: Representation,
        out_repr: Representation,
        radii: Sequence[float],
        sigma: Sequence[float] | float,
        maximum_frequency: int | None = None,
        axis: float = np.pi / 2,
        filter: Keep = None,
    ) -> SteerableKernelBasis:
        order = in_repr.group.rotation_order if N is None else N  # type: ignore[attr-defined]
        space = gspaces.flip2dOnR2(axis) if flip and order == 1 else None
        if space is None:
            space = gspaces.flipRot2dOnR2(order, axis=axis) if flip else gspaces.rot2dOnR2(order)
        return SteerableKernelBasis.of_space(space, in_repr, out_repr, radii, sigma, maximum_frequency, filter)

    return kernels


def _spatial(make: Callable[[], GSpace]) -> Any:
    """The function of a group of space.

    Args:
        make: makes the space.
    """

    def kernels(
        in_repr: Representation,
        out_repr: Representation,
        radii: Sequence[float],
        sigma: Sequence[float] | float,
        maximum_frequency: int | None = 5,
        filter: Keep = None,
    ) -> SteerableKernelBasis:
        return SteerableKernelBasis.of_space(make(), in_repr, out_repr, radii, sigma, maximum_frequency, filter)

    return kernels


kernels_SO2_act_R2 = _planar(False, -1)
kernels_O2_act_R2 = _planar(True, -1)
kernels_CN_act_R2 = _planar(False, None)
kernels_DN_act_R2 = _planar(True, None)
kernels_Flip_act_R2 = _planar(True, 1)
kernels_Trivial_act_R2 = _planar(False, 1)
kernels_SO3_act_R3 = _spatial(gspaces.rot3dOnR3)
kernels_O3_act_R3 = _spatial(gspaces.flipRot3dOnR3)
kernels_Octa_act_R3 = _spatial(gspaces.octaOnR3)
kernels_Ico_act_R3 = _spatial(gspaces.icoOnR3)


def kernels_on_point(in_repr: Representation, out_repr: Representation) -> SteerableKernelBasis:
    """A basis of the matrices that commute with two representations.

    Args:
        in_repr: of the columns.
        out_repr: of the rows.
    """
    space = gspaces.no_base_space(in_repr.group)
    return SteerableKernelBasis(nn.Linear(space.type(in_repr), space.type(out_repr), bias=False, initialize=False))


class BlocksBasisExpansion(torch.nn.Module):
    """Filters from weights, by a basis for each pair of a kind of input field and one of output field.

    Each function has the norm that keeps the variance of a field. Weights come by pairs, and in each by output field, input field
    and function.

    Args:
        in_reprs: the input fields.
        out_reprs: the output fields.
        basis_generator: makes the basis of a pair, as ``space.build_fiber_intertwiner_basis`` does.
        points: where filters are sampled, shape ``(points, d)``.
        basis_filter: none, because the functions have no attributes here.
        recompute: has no effect: nothing is stored between layers.
    """

    def __init__(
        self,
        in_reprs: Sequence[Representation],
        out_reprs: Sequence[Representation],
        basis_generator: Callable[[Representation, Representation], KernelBasis],
        points: np.ndarray,
        basis_filter: Keep = None,
        recompute: bool = False,
    ) -> None:
        super().__init__()
        if basis_filter is not None:
            raise ArgumentError(
                "functions have no attributes here by which to filter them", hint="use the basis_filter of a layer"
            )
        at = torch.as_tensor(np.asarray(points), dtype=torch.get_default_dtype())
        self._shape = (sum(rho.size for rho in out_reprs), sum(rho.size for rho in in_reprs), len(at))
        self._pairs: list[tuple[torch.Tensor, torch.Tensor, int]] = []
        rows, columns = _channels(out_reprs), _channels(in_reprs)
        for number, (to, source) in enumerate((to, source) for to in rows for source in columns):
            try:
                functions = basis_generator(source, to).sample(at).permute(1, 2, 3, 0)
            except EmptyBasisError:
                continue
            norms = functions.flatten(1).norm(dim=1)
            kept = norms > _SMALLEST_NORM
            scaled = functions[kept] * (to.size**0.5 / norms[kept])[:, None, None, None]
            self.register_buffer(f"functions_{number}", scaled.detach(), persistent=False)
            self._pairs.append((rows[to], columns[source], number))

    def _parts(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """For each pair the channels of its fields and its functions."""
        return ((rows, columns, getattr(self, f"functions_{number}")) for rows, columns, number in self._pairs)

    def dimension(self) -> int:
        """How many weights there are."""
        return sum(len(rows) * len(columns) * len(functions) for rows, columns, functions in self._parts())

    def variances(self) -> torch.Tensor:
        """The variance of each weight that keeps the variance of the input."""
        terms = torch.zeros(self._shape[0])
        for rows, columns, functions in self._parts():
            terms[rows.flatten()] += len(columns) * len(functions)
        parts = [
            (1 / terms[rows[:, 0]])[:, None].expand(-1, len(columns) * len(functions)).flatten()
            for rows, columns, functions in self._parts()
        ]
        return torch.cat(parts) if parts else torch.zeros(0)

    def forward(self, weights: torch.Tensor) -> torch.Tensor:
        """The filter, shape ``(output channels, input channels, points)``.

        Args:
            weights: as many as ``dimension()`` says.
        """
        found = weights.new_zeros(self._shape)
        start = 0
        for rows, columns, functions in self._parts():
            count = len(rows) * len(columns) * len(functions)
            own = weights[start : start + count].view(len(rows), len(columns), len(functions))
            block = torch.einsum("abf,foip->aboip", own, functions.to(weights.dtype))
            found[rows[:, None, :, None], columns[None, :, None, :]] = block
            start += count
        return found


def _channels(reprs: Sequence[Representation]) -> dict[Representation, torch.Tensor]:
    """The channels of all fields of each kind, shape ``(fields, size)``."""
    held: dict[Representation, list[list[int]]] = {}
    start = 0
    for rho in reprs:
        held.setdefault(rho, []).append([*range(start, start + rho.size)])
        start += rho.size
    return {rho: torch.tensor(channels) for rho, channels in held.items()}
