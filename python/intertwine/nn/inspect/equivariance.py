"""Measuring equivariance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from intertwine.checks import sizes_of
from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    EquivarianceError,
    EquivarianceWarning,
    GroupError,
    IntertwineError,
    ShapeError,
    warn,
)
from intertwine.fields import FieldType, GeometricTensor
from intertwine.nn.base.module import EquivariantModule, call_part, reference_tensor
from intertwine.nn.base.windows import size_text
from intertwine.nn.inspect.by_part import by_part
from intertwine.nn.inspect.exactness import ExactnessChecker
from intertwine.nn.inspect.joined import Joined, is_single
from intertwine.nn.inspect.kinds import fixed_sizes
from intertwine.nn.inspect.moving import moved, relative_error, symmetry_of
from intertwine.nn.inspect.tracing import InvariantFeatures
from intertwine.numpy_scalars import plain_numbers
from intertwine.suggestions import suggests

if TYPE_CHECKING:
    from intertwine.group.core.element import GroupElement

_SIZES = {1: (33, 32, 31, 34, 29, 30), 2: (33, 32, 31, 34, 29, 30), 3: (11, 10, 9, 12, 13, 14, 25, 24, 33)}
_SMALL_SIZES = (5, 4, 3, 2, 1)
"""For what takes none of the others, such as padding up to a size."""

"""Sizes to try, by the dimension of space: layers with strides keep exact symmetry at some parities of the size only."""


class EquivarianceReport(list):
    """The errors of equivariance: a list of pairs (element, relative error).

    Attributes:
        table: one dict for each element: ``element``, ``error``, ``exact`` (whether the grid carries it without
            interpolation), ``passed`` (``None`` where it was interpolated), ``sizes`` (for which sizes of the input ``passed``
            holds, each with one number for each axis of space).
        sizes: one dict for each size that was tried: ``size``, ``error`` (the greatest of an exact element), ``passed``.
        layers: one dict for each part, if that was asked or the module failed: ``layer`` (its name in the module), ``name``
            (of its class), ``exact`` and ``interpolated`` error up to and including it (the largest over the elements; ``None``
            without such elements, or where the type of what it gives is not known).
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
        self.sizes: list[dict[str, Any]] = [{"size": input_shape[2:], "error": self.worst, "passed": self.passed}]
        for row in table:
            row["sizes"] = [input_shape[2:]]

    @property
    def passed(self) -> bool:
        """Whether no element that acts exactly on the grid has a greater error than the tolerance."""
        return all(row["passed"] is not False for row in self.table)

    @property
    def worst(self) -> float:
        """The greatest error among the elements that act exactly."""
        return max((row["error"] for row in self.table if row["exact"]), default=0.0)


def _moved(
    value: torch.Tensor, type_: FieldType | InvariantFeatures, element: GroupElement, order: int
) -> torch.Tensor:
    turned = moved(value, type_, element, order)
    if turned is None:
        raise ShapeError(
            f"a module gives a tensor of shape {tuple(value.shape)}, but its out_type is {{type}}",
            parts={"type": type_},
        )
    return turned


def _probe(type_: FieldType, size: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A smooth random input that vanishes towards the edge, the same at every call."""
    dimension = len(size)
    generator = torch.Generator().manual_seed(0)
    if dimension == 0:
        return torch.randn(4, type_.size, generator=generator, dtype=torch.float64).to(device, dtype)
    noise = torch.randn(2, type_.size, *size, generator=generator, dtype=torch.float64)
    grids = torch.meshgrid(*(torch.linspace(-1, 1, n, dtype=torch.float64) for n in size), indexing="ij")
    radius = torch.stack(grids).square().sum(dim=0).sqrt()
    window = torch.clamp(1.25 - 1.25 * radius, 0, 1)
    frequencies = torch.meshgrid(*(torch.fft.fftfreq(n, dtype=torch.float64) for n in size), indexing="ij")
    square = torch.stack(frequencies).square().sum(dim=0)
    low_pass = torch.exp(-square / (2 * 0.08**2))
    axes = tuple(range(2, 2 + dimension))
    smooth = torch.fft.ifftn(torch.fft.fftn(noise, dim=axes) * low_pass, dim=axes).real
    smooth = smooth / smooth.std()
    return (smooth * window).to(device, dtype)


@suggests
@plain_numbers
def check_equivariance(
    module: EquivariantModule,
    x: torch.Tensor | GeometricTensor | None = None,
    elements: list[GroupElement] | None = None,
    *,
    size: int | tuple[int, ...] | list[Any] | None = None,
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

    A module with strides is equivariant at some sizes of the input only. Without ``x`` and ``size`` an odd and an even size are
    tried: the module passes if it is equivariant at one of them, a warning says where it is not, and the report's ``sizes`` and
    the ``sizes`` in its table say for which the answer holds. With ``size`` it must be equivariant at each that is given.

    Args:
        module: the module.
        x: the input; a smooth random one by default.
        elements: elements to test; those of ``testing_elements`` by default.
        size: of that random input: one number or a tuple with one for each axis of space, or a list of such sizes.
        atol: tolerance that is added to ``rtol``, relative to the largest output.
        rtol: the largest relative error that passes; 1e-4 in float32 and 1e-10 in float64 by default.
        assertion: whether a failure raises.
        order: of the interpolating splines.
        layers: whether to report each part of the module too, down to the layers of the library and of torch.
        verbose: accepted as by escnn; nothing is printed.
        device: accepted as by escnn; the module stays where it is.

    Returns:
        the errors.

    Raises:
        EquivarianceError: if an element that acts exactly fails.
        ArgumentError: for both an input and a size, or a size where there is no space.

    Warns:
        EquivarianceWarning: if the module passes at one of the sizes tried by default, but not at another.

    Example:
        >>> from intertwine import gspaces, nn
        >>> space = gspaces.rot2dOnR2(4)
        >>> conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=1), 3)
        >>> nn.check_equivariance(conv).passed
        True
        >>> strided = nn.R2Conv(conv.in_type, conv.out_type, 3, stride=2)
        >>> [nn.check_equivariance(strided, size=n, assertion=False).passed for n in (27, 28)]
        [True, False]
    """
    if not isinstance(module, EquivariantModule) or getattr(module, "in_type", None) is None:
        raise ArgumentTypeError(
            f"a check is of an equivariant module, which has an in_type, not of {type(module).__name__}",
            hint="check the equivariant modules in it, or see what nn.summary(model, input_size) knows of the whole",
        )
    if not is_single(module):
        joined = Joined(module)
        module, x = joined, None if x is None else joined.join(x)
    in_type = module.in_type
    reference = reference_tensor(module)
    dtype, place = reference.dtype, reference.device
    chosen = _pairs(module, elements)
    inputs: Iterator[torch.Tensor]
    if x is not None:
        if size is not None:
            raise ArgumentError("the size is that of x", hint="give x or size")
        tensor = x.tensor if isinstance(x, GeometricTensor) else x
        if not isinstance(tensor, torch.Tensor):
            raise ArgumentTypeError(f"the input x is a tensor or a GeometricTensor, not {type(x).__name__}")
        in_type.check_channels(tensor)
        inputs = iter([tensor.to(place)])
        dtype = tensor.dtype
    else:
        sizes = _sizes_to_try(module, size)
        inputs = (_probe(in_type, n, dtype, place) for n in sizes)
    tolerance = _tolerance((atol or 0.0) + (rtol or 0.0), dtype)
    modes = {m: m.training for m in module.modules()}
    try:
        module.eval()
        with torch.no_grad():
            given = x is not None or size is not None
            try:
                best, value = _at_sizes(module, inputs, chosen, tolerance, order, each=given)
            except ShapeError as refused:
                if given:
                    raise
                small = (_probe(in_type, in_type.gspace.dimensionality * (n,), dtype, place) for n in _SMALL_SIZES)
                try:
                    best, value = _at_sizes(module, small, chosen, tolerance, order, each=False)
                except ShapeError:
                    raise refused from None
            if layers or not best.passed:
                best.layers = by_part(module, value, chosen, order)
    finally:
        for submodule, mode in modes.items():
            submodule.training = mode
    if x is None and size is None and best.passed:
        _warn_of_sizes(module, best)
    if assertion and not best.passed:
        hint = "check_equivariance(module, layers=True, assertion=False).layers has the error after each part"
        raise _broken(module, best, _fault(module, best), hint)
    return best


def _tolerance(given: float, dtype: torch.dtype) -> float:
    """The tolerance that was given, or that of the precision."""
    return given or (1e-10 if dtype == torch.float64 else 1e-4)


def _row(element: GroupElement, error: float, exact: bool, tolerance: float) -> dict[str, Any]:
    return {"element": element, "error": error, "exact": exact, "passed": error <= tolerance if exact else None}


def _broken(
    module: torch.nn.Module, report: EquivarianceReport, fault: str = "", hint: str | None = None
) -> EquivarianceError:
    """The error for a module that does not pass.

    Args:
        module: the module.
        report: on it.
        fault: which part is at fault, in words.
        hint: what to do.
    """
    row = max((r for r in report.table if r["exact"]), key=lambda r: r["error"])
    return EquivarianceError(
        f"{type(module).__name__} is not equivariant: for {row['element']} the relative error is {row['error']:.2g}, "
        f"more than {report.tolerance:.2g}, on an input of shape {report.input_shape}{fault}",
        hint=hint,
    )


def _sizes_to_try(module: EquivariantModule, size: Any) -> list[tuple[int, ...]]:
    """The sizes of random inputs: those that were asked for, or as many as may be needed."""
    dimension = module.in_type.gspace.dimensionality
    if size is not None:
        if dimension == 0:
            raise ArgumentError(f"{type(module).__name__} works on plain vectors, which have no size")
        listed = size if isinstance(size, list) else [size]
        if not listed:
            raise ArgumentError("the list of sizes is empty", hint="give for example size=28, or size=[28, 29]")
        return [sizes_of(entry, dimension, "size", least=1) for entry in listed]
    if dimension == 0:
        return [()]
    return [dimension * (n,) for n in fixed_sizes(module) or _SIZES[dimension]]


def _at_sizes(
    module: EquivariantModule,
    inputs: Iterator[torch.Tensor],
    pairs: list[tuple[GroupElement, GroupElement]],
    tolerance: float,
    order: int,
    *,
    each: bool,
) -> tuple[EquivarianceReport, torch.Tensor]:
    """The report on inputs of several sizes, and the input of the size that it is about.

    Args:
        module: the module.
        inputs: one of each size.
        pairs: elements to test, see ``_pairs``.
        tolerance: the largest relative error that passes.
        order: of the interpolating splines.
        each: whether it must pass at each size; else inputs are tried until it passes at one and both parities are known.
    """
    found: list[tuple[EquivarianceReport, torch.Tensor]] = []
    refused: ShapeError | None = None
    for value in inputs:
        # Elements that are interpolated decide nothing: of these one size is enough.
        tested = pairs if not found else [pair for pair in pairs if module.in_type.gspace.is_exact(pair[1])]
        if not tested:
            break
        try:
            found.append((_report(module, value, tested, tolerance, order), value))
        except ShapeError as error:
            # Deep models need larger inputs.
            if each:
                raise
            refused = error
            continue
        odd = {bool(report.input_shape[-1] % 2) for report, _ in found}
        if not each and len(odd) == 2 and any(report.passed for report, _ in found):
            break
    if not found:
        raise refused or EquivarianceError("there was no input to test with")
    # The size to report on in detail: one that passes, or where each must pass one that does not.
    ranked = sorted(found, key=lambda pair: -pair[0].worst if each else (not pair[0].passed, pair[0].worst))
    best, value = ranked[0]
    return _merged_report(best, [tried for tried, _ in found], tolerance), value


def _merged_report(best: EquivarianceReport, tried: list[EquivarianceReport], tolerance: float) -> EquivarianceReport:
    """One report on all sizes: the table of the best size, and for each element the sizes with the same result."""
    # Interpolated elements were tested at the first size alone.
    decided = iter([row for row in best.table if row["exact"]])
    rows = [dict(next(decided) if row["exact"] else row) for row in tried[0].table]
    sizes = [row["sizes"] for row in rows]
    report = EquivarianceReport(rows, [], best.input_shape, tolerance)
    report.sizes = [entry for each in tried for entry in each.sizes]
    for row, first in zip(rows, sizes, strict=True):
        row["sizes"] = first
    tables = [(each.input_shape[2:], [row for row in each.table if row["exact"]]) for each in tried]
    for place, row in enumerate(row for row in rows if row["exact"]):
        row["sizes"] = [size for size, table in tables if table[place]["passed"] == row["passed"]]
    return report


def _warn_of_sizes(module: EquivariantModule, report: EquivarianceReport) -> None:
    """Warns if a module that passed is not equivariant at another size that was tried."""
    failed = [entry for entry in report.sizes if not entry["passed"]]
    if not failed:
        return
    passed = " and ".join(size_text(entry["size"]) for entry in report.sizes if entry["passed"])
    broken = " and ".join(f"{size_text(entry['size'])} (error {entry['error']:.2g})" for entry in failed)
    warn(
        f"{type(module).__name__} is equivariant on inputs of size {passed}, but not on {broken}. Check it at the size of your "
        "data with size=, and see shape_plan() for sizes at which it is exact.",
        EquivarianceWarning,
    )


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
    tolerance = _tolerance(tolerance, dtype)
    table = [_row(element, relative_error(expected, seen), True, tolerance) for element, expected, seen in outputs]
    report = EquivarianceReport(table, [], input_shape, tolerance)
    if assertion and not report.passed:
        raise _broken(module, report)
    return report


def _pairs(module: EquivariantModule, elements: list[GroupElement] | None) -> list[tuple[GroupElement, GroupElement]]:
    """Elements of the group that the module keeps, each with what it is in the group of the input."""
    kept, lift = symmetry_of(module)
    every = [(element, lift(element)) for element in kept.testing_elements]
    if elements is None:
        return every
    pairs = []
    for element in elements:
        if element.group == kept.fibergroup:
            pairs.append((element, lift(element)))
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
    in_type, out_type = module.in_type, module.out_type or InvariantFeatures(symmetry_of(module)[0])
    base = call_part(module, value)
    table = []
    for element, lifted in pairs:
        exact = in_type.gspace.is_exact(lifted)
        seen = call_part(module, _moved(value, in_type, lifted, order))
        error = relative_error(_moved(base, out_type, element, order), seen)
        table.append(_row(lifted, error, exact, tolerance))
    return EquivarianceReport(table, [], tuple(value.shape), tolerance)


def _fault(module: torch.nn.Module, report: EquivarianceReport) -> str:
    """Which part is at fault, in words."""
    try:
        judged = ExactnessChecker(module).at(report.input_shape[1:])
    except IntertwineError:
        judged = None
    broken = [] if judged is None else [part for part in judged.parts if part.exact is False]
    if broken:
        call = broken[0].call
        part = f"{call.path} ({type(call.module).__name__}): " if call.path else ""
        return f". At fault is {part}{broken[0].reason}"
    first = next((row for row in report.layers if row["exact"] is not None and row["exact"] > report.tolerance), None)
    return "" if first is None or not first["layer"] else f". It is lost in {first['layer']} ({first['name']})"
