"""Measuring equivariance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from intertwine.errors import EquivarianceError, GroupError, ShapeError
from intertwine.fields import FieldType, GeometricTensor

if TYPE_CHECKING:
    from intertwine.group.element import GroupElement
    from intertwine.nn.module import EquivariantModule
    from intertwine.nn.sequential import SequentialModule

_SIZES = {1: (33, 32, 31, 34, 29, 30), 2: (33, 32, 31, 34, 29, 30), 3: (11, 10, 9, 12, 13, 14, 25, 24, 33)}
"""Sizes to try, by the dimension of space: layers with strides keep exact symmetry at some parities of the size only."""


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
    radius = torch.stack(grids).square().sum(dim=0).sqrt()
    window = torch.clamp(1.25 - 1.25 * radius, 0, 1)
    frequencies = torch.meshgrid(*(dimension * [torch.fft.fftfreq(size, dtype=torch.float64)]), indexing="ij")
    square = torch.stack(frequencies).square().sum(dim=0)
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
        # A mask, for example, is made for one size.
        wanted = (sizes for m in module.modules() if isinstance(sizes := getattr(m, "input_sizes", None), tuple))
        inputs = [_probe(in_type, size, dtype, place) for size in next(wanted, _SIZES[in_type.gspace.dimensionality])]
    given_tolerance = (atol or 0.0) + (rtol or 0.0)
    tolerance = given_tolerance or (1e-10 if dtype == torch.float64 else 1e-4)
    chosen = _pairs(module, elements)
    modes = {m: m.training for m in module.modules()}
    best: EquivarianceReport | None = None
    try:
        module.eval()
        with torch.no_grad():
            for number, value in enumerate(inputs):
                try:
                    report = _report(module, value, chosen, tolerance, order)
                except ShapeError:
                    # Deep models need larger inputs.
                    if best is None and number == len(inputs) - 1:
                        raise
                    continue
                if best is None or report.worst < best.worst:
                    best = report
                if best.passed:
                    break
            if best is None:
                raise EquivarianceError("there was no input to test with")
            if (layers or not best.passed) and isinstance(module, SequentialModule):
                value = next(v for v in inputs if tuple(v.shape) == best.input_shape)
                best.layers = _by_layer(module, value, chosen, order)
    finally:
        for submodule, mode in modes.items():
            submodule.training = mode
    if assertion and not best.passed:
        row = max((r for r in best.table if r["exact"]), key=lambda r: r["error"])
        where = type(module).__name__
        culprit = next((r for r in best.layers if r["exact"] is not None and r["exact"] > tolerance), None)
        if culprit is not None:
            where = f"step {culprit['layer']} ({culprit['name']}) of {where}"
        raise EquivarianceError(
            f"{where} is not equivariant: for {row['element']} the relative error is {row['error']:.2g}, "
            f"more than {tolerance:.2g}, on an input of shape {best.input_shape}",
            hint="look for strides that do not divide the image evenly, or positions that are treated differently; "
            "check_equivariance(module, layers=True, assertion=False).layers has the error of each layer",
        )
    return best


def report_of(
    module: torch.nn.Module,
    outputs: list[tuple[GroupElement, torch.Tensor, torch.Tensor]],
    input_shape: tuple[int, ...],
    tolerance: float,
    dtype: torch.dtype,
    assertion: bool,
) -> EquivarianceReport:
    """The report on outputs that should be equal, where every element acts exactly.

    Args:
        module: the module.
        outputs: for each element g f(x) and f(g x).
        input_shape: the shape of the input.
        tolerance: the largest relative error that passes; 0 for the default.
        dtype: of the input.
        assertion: whether a failure raises.

    Raises:
        EquivarianceError: if an element fails.
    """
    tolerance = tolerance or (1e-10 if dtype == torch.float64 else 1e-4)
    table = []
    for element, expected, seen in outputs:
        error = _error(expected, seen)
        table.append({"element": element, "error": error, "exact": True, "passed": error <= tolerance})
    report = EquivarianceReport(table, [], input_shape, tolerance)
    if assertion and not report.passed:
        row = max(table, key=lambda r: r["error"])
        raise EquivarianceError(
            f"{type(module).__name__} is not equivariant: for {row['element']} the relative error is {row['error']:.2g}, "
            f"more than {tolerance:.2g}, on an input of shape {input_shape}"
        )
    return report


def _pairs(module: EquivariantModule, elements: list[GroupElement] | None) -> list[tuple[GroupElement, GroupElement]]:
    """Elements of the group that the module keeps, each with what it is in the group of the input."""
    kept = module.symmetry
    every = [(element, module.lift(element)) for element in kept.testing_elements]
    if elements is None:
        return every
    pairs = []
    for element in elements:
        if element.group == kept.fibergroup:
            pairs.append((element, module.lift(element)))
            continue
        found = next((pair for pair in every if pair[1] == element), None)
        if found is None:
            raise GroupError(
                f"{element} of {element.group} is no symmetry of this module, which keeps {kept.fibergroup}",
                hint="test elements of the group of the module's output",
            )
        pairs.append(found)
    return pairs


def _report(
    module: EquivariantModule,
    value: torch.Tensor,
    pairs: list[tuple[GroupElement, GroupElement]],
    tolerance: float,
    order: int,
) -> EquivarianceReport:
    in_type, out_type = module.in_type, module.out_type
    base = _run(module, value, in_type)
    table = []
    for element, lifted in pairs:
        exact = in_type.gspace.is_exact(lifted)
        seen = _run(module, _moved(value, in_type, lifted, order), in_type)
        error = _error(_moved(base, out_type, element, order), seen)
        passed = (error <= tolerance) if exact else None
        table.append({"element": lifted, "error": error, "exact": exact, "passed": passed})
    return EquivarianceReport(table, [], tuple(value.shape), tolerance)


def _by_layer(
    module: SequentialModule, value: torch.Tensor, pairs: list[tuple[GroupElement, GroupElement]], order: int
) -> list[dict[str, Any]]:
    in_type = module.in_type
    layers = list(module)
    # What each tested element is in the group that acts behind each layer: found from the end backwards.
    behind = [[element for element, _ in pairs]]
    for layer in reversed(layers):
        lift = getattr(layer, "lift", None)
        behind.insert(0, [lift(element) if lift else element for element in behind[0]])
    base: torch.Tensor = value
    moved = [_moved(value, in_type, lifted, order) for _, lifted in pairs]
    type_: FieldType | None = in_type
    rows = []
    for number, layer in enumerate(layers):
        base = _run(layer, base, type_)
        moved = [_run(layer, held, type_) for held in moved]
        type_ = getattr(layer, "out_type", None)
        errors: dict[bool, list[float]] = {True: [], False: []}
        for (_, lifted), element, held in zip(pairs, behind[number + 1], moved, strict=True):
            error = _error(_moved(base, type_, element, order), held)
            errors[in_type.gspace.is_exact(lifted)].append(error)
        rows.append(
            {
                "layer": number,
                "name": type(layer).__name__,
                "exact": max(errors[True], default=None),
                "interpolated": max(errors[False], default=None),
            }
        )
    return rows
