"""One configuration: built, and held to every promise that the library makes of it."""

from __future__ import annotations

import copy
import signal
import traceback
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine import deploy, nn
from intertwine.errors import EquivarianceWarning, IntertwineError, UnsupportedFieldError
from intertwine.fields import FieldType, GeometricTensor

from .modules import CHOICES, FUNCTIONS, GENERATORS, LAYERS, plain
from .spaces import SPACES, Draw

TOLERANCE = 1e-9
ELEMENTS = 5
"""How many elements are tested of a group that has more."""


@dataclass
class Outcome:
    """What became of a configuration.

    Attributes:
        seed: which run.
        number: which configuration of it.
        layer: its name.
        space: the name of its space.
        kind: ``accepted``, ``warned``, ``refused`` or ``failed``.
        detail: why.
        worst: the greatest error of equivariance.
        notes: what was refused on the way.
    """

    seed: int
    number: int
    layer: str = ""
    space: str = ""
    kind: str = "refused"
    detail: str = ""
    worst: float = 0.0
    notes: list[str] = field(default_factory=list)


class TookTooLongError(Exception):
    """A configuration that does not end."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raises in the block once it has taken so many seconds of a processor, which other processes do not change."""

    def stop(number: int, frame: types.FrameType | None) -> None:
        raise TookTooLongError(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


class BrokenError(Exception):
    """A promise that does not hold."""


def types_of(kind: Any) -> list[FieldType]:
    """The types of an input or an output, in order."""
    if isinstance(kind, dict):
        return list(kind.values())
    return list(kind) if isinstance(kind, (tuple, list)) else [kind]


class Case:
    """A module with an input, and the elements under which it must be exact."""

    def __init__(self, module: nn.EquivariantModule, draw: Draw) -> None:
        self.module = module.double()
        self.types = types_of(module.in_type)
        space = self.types[0].gspace
        self.points = any(
            isinstance(part, (nn.R1PointConv, nn.R2PointConv, nn.R3PointConv)) for part in module.modules()
        )
        self.random = any(getattr(part, "p", 0) for part in module.modules() if "Dropout" in type(part).__name__)
        generator = torch.Generator().manual_seed(draw.randrange(2**31))
        self.edges: torch.Tensor | None = None
        if self.points:
            self.size: tuple[int, ...] = ()
            coords = torch.randn(9, space.dimensionality, generator=generator, dtype=torch.float64)
            self.edges = nn.radius_graph(coords, 1.5, loop=True)
            values = torch.randn(9, self.types[0].size, generator=generator, dtype=torch.float64)
            self.inputs: list[Any] = [GeometricTensor(values, self.types[0], coords)]
            return
        most = {0: 1, 1: 12, 2: 11, 3: 6}[space.dimensionality]
        sides = [part.S for part in module.modules() if isinstance(part, nn.MaskModule)]
        side = sides[0] if sides else draw.randint(1, most)
        self.size = space.dimensionality * (side,)
        if draw.flip(0.25) and not sides:
            self.size = tuple(draw.randint(1, most) for _ in self.size)
        scale = draw.choice([1.0, 1.0, 1e-2, 1e2])
        self.inputs = [
            scale * torch.randn(3, kind.size, *self.size, generator=generator, dtype=torch.float64)
            for kind in self.types
        ]

    def call(self, module: torch.nn.Module, inputs: list[Any]) -> list[torch.Tensor]:
        """The outputs of a module, with random numbers repeated."""
        torch.manual_seed(0)
        inputs = [x.clone() if isinstance(x, torch.Tensor) else x for x in inputs]  # some layers work in place
        if isinstance(self.module.in_type, dict):
            output = module(dict(zip(self.module.in_type, inputs, strict=True)))
        elif self.points and not isinstance(module, nn.EquivariantModule):
            x, edges = inputs[0], self.edges
            output = module(x.tensor, edges, x.coords[edges[0]] - x.coords[edges[1]])
        elif self.points:
            output = module(*inputs, self.edges)
        else:
            output = module(*inputs)
        values = list(output.values()) if isinstance(output, dict) else [output]
        return [getattr(value, "tensor", value) for value in values]

    def run(self, module: torch.nn.Module, inputs: list[Any]) -> list[torch.Tensor]:
        """The same by a copy, whose running statistics may change, without gradients."""
        with torch.no_grad():
            return self.call(copy.deepcopy(module), inputs)

    def elements(self, draw: Draw) -> list[tuple[Any, Any]]:
        """Elements of the group of the output, each as one of the group of the input."""
        module = self.module
        space = types_of(module.out_type)[0].gspace if module.out_type is not None else self.types[0].gspace
        if self.points:
            found = list(space.fibergroup.testing_elements())
        else:
            found = space.exact_elements
        if (
            space.fibergroup.continuous
            and not space.dimensionality
            and any("A" in part._buffers for part in module.modules())
        ):
            # No finite grid of samples has all symmetries of such a group, and there is no lattice that says which it needs.
            found = [space.fibergroup.identity]
        pairs = [(g, module.lift(g)) for g in found]
        if not self.points:
            pairs = [pair for pair in pairs if self.types[0].gspace.is_exact(pair[1])]
        return pairs if len(pairs) <= ELEMENTS else draw.sample(pairs, ELEMENTS)

    def error(self, module: nn.EquivariantModule, pairs: list[tuple[Any, Any]]) -> float:
        """The greatest error of equivariance, relative to the largest output."""
        worst = 0.0
        outputs = self.run(module, self.inputs)
        if any(not torch.isfinite(value).all() for value in outputs):
            raise BrokenError("output that is not finite")
        for g, lifted in pairs:
            if self.points:
                moved: list[Any] = [x.transform(lifted) for x in self.inputs]
            else:
                moved = [kind.transform(x, lifted) for kind, x in zip(self.types, self.inputs, strict=True)]
            found = self.run(module, moved)
            outer = [None] * len(outputs) if module.out_type is None else types_of(module.out_type)
            for kind, before, after in zip(outer, outputs, found, strict=True):
                if kind is None:
                    expected = before
                elif before.dim() == 2:
                    expected = kind.transform_fibers(before, g)
                else:
                    expected = kind.transform(before, g)
                worst = max(worst, relative(expected, after, self.floor))
        return worst

    @property
    def floor(self) -> float:
        """What counts as zero beside the input: outputs that vanish exactly are sums of large numbers."""
        return max(1e-6, *(1e-5 * float(getattr(x, "tensor", x).abs().max()) for x in self.inputs))


def relative(expected: torch.Tensor, found: torch.Tensor, floor: float = 1e-6) -> float:
    """The greatest difference, relative to the greatest value."""
    if expected.shape != found.shape:
        return float("inf")
    if not expected.numel():
        return 0.0
    return float((expected - found).abs().max()) / max(float(expected.abs().max()), floor)


def built(draw: Draw, outcome: Outcome) -> nn.EquivariantModule | None:
    """A random module; the outcome says what it is, and why there is none."""
    outcome.layer = draw.choice(CHOICES)
    thing: Any = LAYERS.get(outcome.layer) or FUNCTIONS[outcome.layer]
    for _ in range(6):
        outcome.space = draw.choice(list(SPACES))
        space = SPACES[outcome.space]()
        torch.manual_seed(draw.randrange(2**31))
        try:
            return GENERATORS.get(outcome.layer, plain)(draw, space, thing)
        except IntertwineError as error:
            outcome.detail = f"{type(error).__name__}: {error}"
    return None


def off_the_grid(case: Case) -> str | None:
    """Why the library says that the module is not exact at the size of the input."""
    if case.points or not case.size or not isinstance(case.module.in_type, FieldType):
        return None
    plan = nn.shape_plan(case.module, case.size)
    return None if plan.exact else "; ".join(str(row["reason"]) for row in plan.rows if not row["exact"])


def step(case: Case) -> None:
    """Two steps of training."""
    parameters = [p for p in case.module.parameters() if p.requires_grad]
    if not parameters:
        return
    optimiser = torch.optim.Adam(parameters, lr=0.02)
    case.module.train()
    for _ in range(2):
        optimiser.zero_grad()
        outputs = case.call(case.module, case.inputs)
        targets = [torch.linspace(-1, 1, y.numel(), dtype=y.dtype).reshape(y.shape) for y in outputs]
        loss = sum((y - target).square().mean() for y, target in zip(outputs, targets, strict=True))
        if isinstance(loss, torch.Tensor) and loss.requires_grad:
            loss.backward()
            optimiser.step()


def check(case: Case, draw: Draw, outcome: Outcome) -> None:
    """Raises `BrokenError` with the first promise that does not hold."""
    module, pairs = case.module, case.elements(draw)

    def exact(what: str, candidate: nn.EquivariantModule) -> None:
        error = case.error(candidate, pairs)
        outcome.worst = max(outcome.worst, error)
        if not error <= TOLERANCE:
            raise BrokenError(f"{what}: error {error:.1e}")

    def same(what: str, candidate: torch.nn.Module, inputs: list[Any] = case.inputs) -> None:
        for ours, theirs in zip(case.run(module, inputs), case.run(candidate, inputs), strict=True):
            if not relative(ours, theirs, case.floor) <= TOLERANCE:
                raise BrokenError(f"{what}: another output, by {relative(ours, theirs, case.floor):.1e}")

    exact("eval", module.eval())
    if not case.random:
        exact("train", module.train())
    step(case)
    exact("eval after a step", module.eval())
    if not case.random:
        exact("train after a step", module.train())
    module.eval()
    twin = copy.deepcopy(module)
    same("copy", twin)
    exact("copy", twin)
    try:
        loaded = deploy.load_bytes(deploy.save_bytes(module))
    except IntertwineError as error:
        if "filter" not in str(error):
            raise BrokenError(f"file: {type(error).__name__}: {error}") from error
        outcome.notes.append("not saved: a function of the user's")
    else:
        same("file", loaded)
        exact("file", loaded)
    try:
        interpolates = any(getattr(part, "interpolates", False) for part in module.modules())
        example = tuple(getattr(x, "tensor", x) for x in case.inputs) if interpolates else None
        exported = nn.export(module, example)
    except UnsupportedFieldError as error:
        outcome.notes.append(f"not exported: {error}")
    else:
        same("export", exported)


def configuration(seed: int, number: int, limit: int = 60) -> Outcome:
    """Builds and checks one configuration.

    Args:
        seed: of the run.
        number: which configuration of it.
        limit: seconds until it counts as failed.
    """
    draw, outcome = Draw(f"{seed}/{number}"), Outcome(seed, number)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with time_limit(limit):
                module = built(draw, outcome)
                if module is None:
                    return outcome
                case = Case(module, draw)
                try:
                    case.run(module.eval(), case.inputs)
                    reason = off_the_grid(case)
                except IntertwineError as error:
                    outcome.detail = f"{type(error).__name__}: {error}"
                    return outcome
                said = next((str(w.message) for w in caught if issubclass(w.category, EquivarianceWarning)), reason)
                if said is not None:
                    outcome.kind, outcome.detail = "warned", said
                    return outcome
                outcome.detail = f"{module!r}"[:600] + f" on {case.size}"
                check(case, draw, outcome)
                outcome.kind = "accepted"
        except Exception as error:
            outcome.kind = "failed"
            where = "" if isinstance(error, BrokenError) else "".join(traceback.format_exception(error)[-4:])
            outcome.detail += f"\n    {type(error).__name__}: {error}\n{where}"
    return outcome
