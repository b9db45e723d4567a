"""Pointwise non-linearities of functions on the group that are given by their Fourier coefficients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F

from intertwine.errors import ArgumentError, ArgumentTypeError, UnsupportedFieldError
from intertwine.fields import FieldType
from intertwine.group.element import GroupElement
from intertwine.group.representation import Representation
from intertwine.gspaces import GSpace
from intertwine.kernels.precision import exactly
from intertwine.nn.module import EquivariantModule

_FUNCTIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "p_relu": F.relu,
    "p_elu": F.elu,
    "p_sigmoid": torch.sigmoid,
    "p_tanh": torch.tanh,
}
_IN_PLACE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "p_relu": F.relu_,
    "p_elu": F.elu_,
    "p_sigmoid": torch.sigmoid_,
    "p_tanh": torch.tanh_,
}
_REGULARISER = 1e-8


class _Fourier(EquivariantModule):
    """Sample on a grid of elements, apply a function, and project back on the irreps."""

    needs: ClassVar[str] = (
        "Fourier coefficients of functions on the group, or on a quotient of it: plain sums of irreps"
    )

    takes_more: ClassVar[bool] = True
    """A specification may have arguments of the group's ``grid``."""

    def _start(
        self,
        gspace: GSpace | FieldType,
        subgroup_id: Any,
        channels: int | None,
        irreps: Sequence[Any] | None,
        grid: tuple[tuple[Any, ...], dict[str, Any]] | list[GroupElement],
        function: str,
        inplace: bool,
        out_irreps: Sequence[Any] | None,
        normalize: bool,
    ) -> None:
        name = type(self).__name__
        if isinstance(gspace, FieldType):
            given = gspace
            channels, irreps = len(given), list(dict.fromkeys(given.representations[0].irreps))
            gspace = given.gspace
        else:
            given = None
        if not isinstance(gspace, GSpace):
            raise ArgumentTypeError(f"{name} needs a space or a field type first, not {type(gspace).__name__}")
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1 or not irreps:
            raise ArgumentError(
                f"{name} needs a number of channels and a list of irreps, not {channels!r} and {irreps!r}"
            )
        if function not in _FUNCTIONS:
            raise ArgumentError(f"{name} has no function {function!r}", hint=f"use one of {', '.join(_FUNCTIONS)}")
        group = gspace.fibergroup
        self._regular = subgroup_id is None
        self._subgroup_id = group.subgroup_trivial_id if self._regular else subgroup_id
        labels = [group.get_irrep_id(psi) for psi in irreps]
        rho = self._spectral(group, labels)
        self.rho = rho
        self.in_type = FieldType(gspace, channels * [rho])
        if given is not None and given != self.in_type:
            raise UnsupportedFieldError(
                f"{name} needs equal fields of Fourier coefficients, but {given} was given",
                hint=f"use {self.in_type}, or NormNonLinearity",
            )
        wanted = labels if out_irreps is None else [group.get_irrep_id(psi) for psi in out_irreps]
        self.rho_out = rho if out_irreps is None else self._spectral(group, wanted)
        self.out_type = self.in_type if out_irreps is None else FieldType(gspace, channels * [self.rho_out])
        elements = grid if isinstance(grid, list) else group.grid(*grid[0], **grid[1])  # type: ignore[attr-defined]
        sampling = self._sampling(group, labels, rho, elements, normalize)
        extended = wanted + [label for label in labels if label not in wanted]
        behind = self._sampling(group, extended, self._spectral(group, extended), elements, normalize)
        # The least squares fit with escnn's regulariser, so that a grid that is too small does no harm.
        inverse = np.linalg.solve(behind.T @ behind + _REGULARISER * np.eye(behind.shape[1]), behind.T)
        self.register_constant("A", sampling)
        self.register_constant("Ainv", inverse[: self.rho_out.size])
        self.function, self._inplace = function, bool(inplace)

    def _spectral(self, group: Any, labels: list[Any]) -> Representation:
        if self._regular:
            return group.spectral_regular_representation(*labels)
        return group.spectral_quotient_representation(self._subgroup_id, *labels)

    def _sampling(
        self, group: Any, labels: list[Any], rho: Representation, elements: list[GroupElement], normalize: bool
    ) -> np.ndarray:
        """The values of the irreps' coefficients at the elements of the grid, shape ``(grid, size)``."""
        space = group.homspace(self._subgroup_id)
        parts = []
        for label in labels:
            delta = space.scalar_basis(group.identity, group.irrep(*label))[..., 0]
            # escnn weights irreps by the root of their size on the group, and equally on its quotients.
            parts.append((delta * (np.sqrt(delta.shape[0]) if self._regular else 1.0)).T.ravel())
        kernel = np.concatenate(parts)
        if normalize:
            kernel = kernel / np.linalg.norm(kernel)
        return np.stack([rho(element) @ kernel for element in elements])

    def _remember_grid(self, group: Any, grid: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
        """Names the arguments of the grid, so that the module can be rebuilt from its arguments."""
        self._arguments.pop("grid_args", None)
        named = dict(inspect.signature(group.grid).bind(*grid[0], **grid[1]).arguments)
        self._arguments.pop("grid_kwargs", None)
        if named:
            self._arguments["grid_kwargs"] = named

    def _compute(self, tensor: torch.Tensor) -> torch.Tensor:
        sampling: torch.Tensor = self.A.to(tensor.dtype)  # type: ignore[operator, union-attr, assignment]
        inverse: torch.Tensor = self.Ainv.to(tensor.dtype)  # type: ignore[operator, union-attr, assignment]
        coefficients = tensor.unflatten(1, (len(self.in_type), self.rho.size))
        flat = coefficients.flatten(3) if coefficients.dim() > 3 else coefficients.unsqueeze(3)
        with exactly(tensor):
            # The samples are ours alone, so the function may overwrite them.
            samples = _IN_PLACE[self.function](torch.matmul(sampling, flat))
            values = torch.matmul(inverse, samples)
        return values.reshape(tensor.shape[0], values.shape[1] * values.shape[2], *tensor.shape[2:])

    def extra_repr(self) -> str:
        """Function, grid and types."""
        return f"function={self.function}, grid={len(self.A)}, {self.in_type} -> {self.out_type}"  # type: ignore[arg-type]


def _unpacked(grid_kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the grid, also where ``module.arguments`` gives them under one name."""
    inner = grid_kwargs.get("grid_kwargs")
    if not isinstance(inner, dict):
        return grid_kwargs
    return {**{name: value for name, value in grid_kwargs.items() if name != "grid_kwargs"}, **inner}


def _need_grid(group: Any, grid: tuple[tuple[Any, ...], dict[str, Any]], name: str) -> None:
    try:
        inspect.signature(group.grid).bind(*grid[0], **grid[1])
    except (AttributeError, TypeError) as error:
        raise ArgumentError(
            f"{name} cannot make a grid of {group} from these arguments: {error}", hint="give for example N=16"
        ) from None


class FourierPointwise(_Fourier):
    """A function of one number on functions on the group, which are given by their Fourier coefficients.

    The coefficients x of some irreps are sampled on a grid of elements, f(g) = k^T rho(g)^T x with k the coefficients of a
    delta function, the function is applied to each sample, and the result is projected back by least squares (Cesa, Lang and
    Weiler, "A program to build E(N)-equivariant steerable CNNs", 2022). It is exactly equivariant to the elements that carry
    the grid to itself, and to others the better the finer the grid is.

    Args:
        gspace: the space; or a field type of such coefficients, which then gives channels and irreps.
        channels: the number of functions.
        irreps: labels of the irreps of the coefficients.
        *grid_args: for ``group.grid``.
        function: ``"p_relu"``, ``"p_elu"``, ``"p_sigmoid"`` or ``"p_tanh"``.
        inplace: accepted for escnn's sake; the samples are overwritten in any case, the input never is.
        out_irreps: labels of the irreps of the output; those of the input by default.
        normalize: whether to scale k to norm 1.
        **grid_kwargs: for ``group.grid``, such as ``N=16``.

    Raises:
        ArgumentError: for another function, or arguments that make no grid.
        UnsupportedFieldError: for a field type of other fields.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(-1)
        >>> layer = nn.FourierPointwise(space, 2, [(0,), (1,), (2,)], N=16)
        >>> layer(torch.randn(1, 10, 5, 5)).shape
        torch.Size([1, 10, 5, 5])
    """

    def __init__(
        self,
        gspace: GSpace | FieldType,
        channels: int | None = None,
        irreps: Sequence[Any] | None = None,
        *grid_args: Any,
        function: str = "p_relu",
        inplace: bool = True,
        out_irreps: Sequence[Any] | None = None,
        normalize: bool = True,
        **grid_kwargs: Any,
    ) -> None:
        super().__init__()
        grid = (grid_args, _unpacked(grid_kwargs))
        if isinstance(gspace, (GSpace, FieldType)):
            group = gspace.fibergroup
            _need_grid(group, grid, type(self).__name__)
            self._remember_grid(group, grid)
        self._start(gspace, None, channels, irreps, grid, function, inplace, out_irreps, normalize)


class FourierELU(FourierPointwise):
    """:class:`FourierPointwise` with the function ELU.

    Args:
        gspace: the space; or a field type of Fourier coefficients.
        channels: the number of functions.
        irreps: labels of the irreps of the coefficients.
        *grid_args: for ``group.grid``.
        inplace: accepted for escnn's sake.
        out_irreps: labels of the irreps of the output.
        normalize: whether to scale the delta function to norm 1.
        **grid_kwargs: for ``group.grid``.
    """

    def __init__(
        self,
        gspace: GSpace | FieldType,
        channels: int | None = None,
        irreps: Sequence[Any] | None = None,
        *grid_args: Any,
        inplace: bool = True,
        out_irreps: Sequence[Any] | None = None,
        normalize: bool = True,
        **grid_kwargs: Any,
    ) -> None:
        super().__init__(
            gspace,
            channels,
            irreps,
            *grid_args,
            function="p_elu",
            inplace=inplace,
            out_irreps=out_irreps,
            normalize=normalize,
            **grid_kwargs,
        )


class QuotientFourierPointwise(_Fourier):
    """:class:`FourierPointwise` of functions on the cosets of a subgroup.

    Args:
        gspace: the space; or a field type of such coefficients, which then gives channels and irreps.
        subgroup_id: the label of the subgroup.
        channels: the number of functions.
        irreps: labels of the irreps of the coefficients.
        *grid_args: for ``group.grid``.
        grid: elements to sample at, instead.
        function: ``"p_relu"``, ``"p_elu"``, ``"p_sigmoid"`` or ``"p_tanh"``.
        inplace: accepted for escnn's sake.
        out_irreps: labels of the irreps of the output; those of the input by default.
        normalize: whether to scale the delta function to norm 1.
        **grid_kwargs: for ``group.grid``, such as ``N=16``.

    Raises:
        ArgumentError: for another function, or arguments that make no grid.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.flipRot2dOnR2(-1)
        >>> layer = nn.QuotientFourierPointwise(space, (0.0, 1), 2, [(0, 0), (1, 1)], N=16)
        >>> layer(torch.randn(1, 6, 5, 5)).shape
        torch.Size([1, 6, 5, 5])
    """

    def __init__(
        self,
        gspace: GSpace | FieldType,
        subgroup_id: Any,
        channels: int | None = None,
        irreps: Sequence[Any] | None = None,
        *grid_args: Any,
        grid: list[GroupElement] | None = None,
        function: str = "p_relu",
        inplace: bool = True,
        out_irreps: Sequence[Any] | None = None,
        normalize: bool = True,
        **grid_kwargs: Any,
    ) -> None:
        super().__init__()
        if subgroup_id is None:
            raise ArgumentError("a subgroup is needed", hint="use FourierPointwise for functions on the whole group")
        arguments = (grid_args, _unpacked(grid_kwargs))
        if grid is None and isinstance(gspace, (GSpace, FieldType)):
            group = gspace.fibergroup
            _need_grid(group, arguments, type(self).__name__)
            self._remember_grid(group, arguments)
        elements = arguments if grid is None else list(grid)
        self._start(gspace, subgroup_id, channels, irreps, elements, function, inplace, out_irreps, normalize)


class QuotientFourierELU(QuotientFourierPointwise):
    """:class:`QuotientFourierPointwise` with the function ELU.

    Args:
        gspace: the space; or a field type of Fourier coefficients.
        subgroup_id: the label of the subgroup.
        channels: the number of functions.
        irreps: labels of the irreps of the coefficients.
        *grid_args: for ``group.grid``.
        grid: elements to sample at, instead.
        inplace: accepted for escnn's sake.
        out_irreps: labels of the irreps of the output.
        normalize: whether to scale the delta function to norm 1.
        **grid_kwargs: for ``group.grid``.
    """

    def __init__(
        self,
        gspace: GSpace | FieldType,
        subgroup_id: Any,
        channels: int | None = None,
        irreps: Sequence[Any] | None = None,
        *grid_args: Any,
        grid: list[GroupElement] | None = None,
        inplace: bool = True,
        out_irreps: Sequence[Any] | None = None,
        normalize: bool = True,
        **grid_kwargs: Any,
    ) -> None:
        super().__init__(
            gspace,
            subgroup_id,
            channels,
            irreps,
            *grid_args,
            grid=grid,
            function="p_elu",
            inplace=inplace,
            out_irreps=out_irreps,
            normalize=normalize,
            **grid_kwargs,
        )
