"""Measuring equivariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from intertwine.errors import EquivarianceError
from intertwine.fields import FieldType, GeometricTensor

if TYPE_CHECKING:
    from intertwine.group.element import GroupElement
    from intertwine.nn.module import EquivariantModule

_SIZES = (33, 32, 31, 34, 29, 30)
"""Image sizes to try: layers with strides keep exact symmetry at some parities of the size only."""


class EquivarianceReport(list):
    """The errors of equivariance: a list of pairs (element, relative error).

    Attributes:
        table: one dict for each element: ``element``, ``error``, ``exact`` (whether the grid carries it without
            interpolation), ``passed`` (``None`` where it was interpolated).
        layers: for a sequence, one dict for each layer: ``layer``, ``name``, ``exact`` and ``interpolated`` error up to and
            including it (the largest over the elements; ``None`` without such elements).
        input_shape: the shape of the input that was used.
        tolerance: the largest relative error that passes.
    """

    def __init__(
        self,
        table: list[dict[str, Any]],
        layers: list[dict[str, Any]],
        input_shape: tuple[int, ...],
        tolerance: float,
    ) -> None:
        super().__init__((row["element"], row["error"]) for row in table)
        self.table = table
        self.layers = layers
        self.input_shape = input_shape
        self.tolerance = tolerance

    @property
    def passed(self) -> bool:
        """Whether no element that acts exactly on the grid has a greater error than the tolerance."""
        return all(row["passed"] is not False for row in self.table)

    @property
    def worst(self) -> float:
        """The greatest error among the elements that act exactly."""
        return max((row["error"] for row in self.table if row["exact"]), default=0.0)


def _moved(value: torch.Tensor, type_: FieldType | None, element: GroupElement, order: int) -> torch.Tensor:
    if type_ is None:
        return value
    if value.dim() == 2:
        return type_.transform_fibers(value, element)
    moved = type_.transform(value, element, order=order)
    return moved[0] if isinstance(moved, tuple) else moved


def _run(module: torch.nn.Module, value: torch.Tensor, type_: FieldType | None) -> torch.Tensor:
    from intertwine.nn.module import EquivariantModule

    wrap = isinstance(module, EquivariantModule) and type(module).forward is not EquivariantModule.forward
    result = module(GeometricTensor(value, type_) if wrap and type_ is not None else value)
    return result.tensor if isinstance(result, GeometricTensor) else result


def _error(expected: torch.Tensor, seen: torch.Tensor) -> float:
    if expected.shape != seen.shape:
        return float("inf")
    scale = float(expected.abs().max())
    difference = float((expected - seen).abs().max())
    return difference / scale if scale > 0 else difference


def _probe(type_: FieldType, size: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A smooth random input that vanishes towards the edge, the same at every call."""
    dimension = type_.gspace.dimensionality
    generator = torch.Generator().manual_seed(0)
    if dimension == 0:
        return torch.randn(4, type_.size, generator=generator, dtype=torch.float64).to(device, dtype)
    noise = torch.randn(2, type_.size, *(dimension * (size,)), generator=generator, dtype=torch.float64)
    line = torch.linspace(-1, 1, size, dtype=torch.float64)
    grids = torch.meshgrid(*(dimension * [line]), indexing="ij")
    radius = torch.sqrt(sum(grid**2 for grid in grids))  # type: ignore[arg-type]
    window = torch.clamp(1.25 - 1.25 * radius, 0, 1)
    frequencies = torch.meshgrid(*(dimension * [torch.fft.fftfreq(size, dtype=torch.float64)]), indexing="ij")
    square = sum(f**2 for f in frequencies)
    low_pass = torch.exp(-square / (2 * 0.08**2))
    axes = tuple(range(2, 2 + dimension))
    smooth = torch.fft.ifftn(torch.fft.fftn(noise, dim=axes) * low_pass, dim=axes).real
    smooth = smooth / smooth.std()
    return (smooth * window).to(device, dtype)


def check_equivariance(
    module: EquivariantModule,
    x: torch.Tensor | GeometricTensor | None = None,
    elements: list[GroupElement] | None = None,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    assertion: bool = True,
    order: int = 2,
    layers: bool = False,
    verbose: bool = False,
    device: str | None = None,
) -> EquivarianceReport:
    """Runs a module on an input and on the moved input, and compares: is f(g x) = g f(x)?

    The error for g is max |f(g x) - g f(x)| / max |g f(x)|. Elements that carry the pixel grid to itself act exactly, and only
    these can fail; for the others the input and the output are interpolated, and their error is reported.
    The module runs in eval mode and is left as it was.

    Args:
        module: the module.
        x: the input; a smooth random one by default, of a size at which strides keep the symmetry, if there is one.
        elements: elements to test; those of ``testing_elements`` by default.
        atol: tolerance that is added to ``rtol``, relative to the largest output.
        rtol: the largest relative error that passes; 1e-4 in float32 and 1e-10 in float64 by default.
        assertion: whether a failure raises.
        order: of the interpolating splines.
        layers: whether to report each layer of a sequence too.
        verbose: accepted for escnn's sake; nothing is printed.
        device: accepted for escnn's sake; the module stays where it is.

    Returns:
        the errors.

    Raises:
        EquivarianceError: if an element that acts exactly fails.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=1), 3)
        >>> nn.check_equivariance(conv).passed
        True
    """
    from intertwine.nn.sequential import SequentialModule

    in_type = module.in_type
    reference = next((p for p in module.parameters() if p.is_floating_point()), torch.empty(0))
    dtype, place = reference.dtype, reference.device
    if x is not None:
        given = x.tensor if isinstance(x, GeometricTensor) else x
        in_type.check_channels(given)
        inputs = [given.to(place)]
        dtype = given.dtype
    elif in_type.gspace.dimensionality == 0:
        inputs = [_probe(in_type, 0, dtype, place)]
    else:
        inputs = [_probe(in_type, size, dtype, place) for size in _SIZES]
    given_tolerance = (atol or 0.0) + (rtol or 0.0)
    tolerance = given_tolerance or (1e-10 if dtype == torch.float64 else 1e-4)
    chosen = list(in_type.testing_elements) if elements is None else list(elements)
    modes = {m: m.training for m in module.modules()}
    best: EquivarianceReport | None = None
    try:
        module.eval()
        with torch.no_grad():
            for value in inputs:
                report = _report(module, value, chosen, tolerance, order)
                if best is None or report.worst < best.worst:
                    best = report
                if best.passed:
                    break
            if best is None:
                raise EquivarianceError("there was no input to test with")
            if layers and isinstance(module, SequentialModule):
                value = next(v for v in inputs if tuple(v.shape) == best.input_shape)
                best.layers = _by_layer(module, value, chosen, order)
    finally:
        for submodule, mode in modes.items():
            submodule.training = mode
    if assertion and not best.passed:
        row = max((r for r in best.table if r["exact"]), key=lambda r: r["error"])
        raise EquivarianceError(
            f"{type(module).__name__} is not equivariant: for {row['element']} the relative error is {row['error']:.2g}, more than "
            f"{tolerance:.2g}, on an input of shape {best.input_shape}",
            hint="look for strides that do not divide the image evenly, positions that are treated differently, or plain modules "
            "before the invariant map; check_equivariance(module, layers=True, assertion=False).layers tells which layer it is",
        )
    return best


def _report(
    module: EquivariantModule, value: torch.Tensor, elements: list[GroupElement], tolerance: float, order: int
) -> EquivarianceReport:
    in_type, out_type = module.in_type, module.out_type
    base = _run(module, value, in_type)
    table = []
    for element in elements:
        exact = in_type.gspace.is_exact(element)
        seen = _run(module, _moved(value, in_type, element, order), in_type)
        expected = _moved(base, _type_for(out_type, module), _carried(element, in_type, out_type), order)
        error = _error(expected, seen)
        table.append(
            {"element": element, "error": error, "exact": exact, "passed": (error <= tolerance) if exact else None}
        )
    return EquivarianceReport(table, [], tuple(value.shape), tolerance)


def _type_for(out_type: FieldType | None, module: torch.nn.Module) -> FieldType | None:
    return out_type


def _carried(element: GroupElement, in_type: FieldType, out_type: FieldType | None) -> GroupElement:
    return element


def _by_layer(
    module: Any, value: torch.Tensor, elements: list[GroupElement], order: int
) -> list[dict[str, Any]]:
    rows = []
    in_type = module.in_type
    values = {None: value, **{element: _moved(value, in_type, element, order) for element in elements}}
    type_: FieldType | None = in_type
    for number, layer in enumerate(module):
        values = {element: _run(layer, held, type_) for element, held in values.items()}
        type_ = layer.out_type if hasattr(layer, "out_type") else None
        errors: dict[bool, list[float]] = {True: [], False: []}
        for element in elements:
            error = _error(_moved(values[None], type_, element, order), values[element])
            errors[in_type.gspace.is_exact(element)].append(error)
        rows.append(
            {
                "layer": number,
                "name": type(layer).__name__,
                "exact": max(errors[True], default=None),
                "interpolated": max(errors[False], default=None),
            }
        )
    return rows
