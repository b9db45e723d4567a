"""Bases of steerable kernels by escnn's names, over point convolutions and linear layers of ours."""
# ruff: noqa: N816 - the names of escnn

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from intertwine import gspaces, nn
from intertwine.group import Representation
from intertwine.gspaces import GSpace

Keep = Callable[[dict[str, Any]], bool] | None


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
