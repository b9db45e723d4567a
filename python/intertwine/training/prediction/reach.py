"""The receptive field of a network along an axis, and the steps at which it repeats itself: measured on the network."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import torch

from intertwine.errors import ArgumentError, IntertwineError, ShapeError
from intertwine.nn.base.module import reference_tensor
from intertwine.training.data.batches import scaled
from intertwine.training.engine.modes import evaluation_mode
from intertwine.training.engine.run import plain_output

STEPS = (1, 2, 4, 8, 16, 32, 3, 6, 12, 24, 64, 48, 5, 10, 20, 40, 7, 14, 28, 9, 18, 36, 25, 50, 128)
"""Products of strides that are tried, the usual ones first."""

_ACROSS = 32
"""Pixels. Axes across the measured one are shortened by multiples of it, to the first of these lengths that works."""

_FARTHEST = 8
"""The receptive field is measured on images up to this many times as long as a tile."""

_FAILURES = (IntertwineError, RuntimeError, ValueError, TypeError, IndexError)


@dataclass(frozen=True)
class Tiling:
    """Tiles along one axis, with which the pieces of a network's answer are those of the whole.

    Attributes:
        step: tiles begin at multiples of it: the product of the network's strides.
        length: of each tile; divided by ``step`` it leaves the same rest as the axis.
        before: pixels at the beginning of a tile that the tile before decides.
        after: pixels at its end that the next tile decides.
    """

    step: int
    length: int
    before: int = 0
    after: int = 0

    @property
    def advance(self) -> int:
        """Pixels from one tile to the next."""
        return (self.length - self.before - self.after) // self.step * self.step

    def starts(self, side: int) -> list[int]:
        """Where tiles begin along an axis; the last one ends with it.

        Args:
            side: pixels of the axis.

        Example:
            >>> Tiling(step=4, length=18, before=4, after=6).starts(30)
            [0, 8, 12]
        """
        last = max(side - self.length, 0)
        return sorted({*range(0, last, self.advance), last}) if last else [0]

    def valid_pixels(self, start: int, side: int) -> slice:
        """The pixels of the axis for which the answers of a tile count.

        Args:
            start: where the tile begins.
            side: pixels of the axis.
        """
        stop = min(start + self.length, side)
        return slice(start + (self.before if start else 0), stop - (self.after if stop < side else 0))


def tilings(
    module: torch.nn.Module, images: torch.Tensor, tile: int, overlap: int | None, device: str | None = None
) -> list[Tiling]:
    """Tiles along each axis of space with which a network gives what it gives for whole images.

    How far the network sees is measured with numbers that are none (NaN), which sums and maxima hand on; the steps at which it
    repeats itself are found by trying. What was found is then checked: tiles of a random image, long along the axis and
    short across, must give what the whole one gives.

    Args:
        module: gives one answer for each pixel.
        images: shape ``(batch, channels, *space)``.
        tile: pixels of the longest tile.
        overlap: pixels at each side of a tile that its neighbours decide; as many as needed if ``None``.
        device: where to compute; the module's own device if left out.

    Raises:
        ArgumentError: if there are no such tiles, saying why.
        ShapeError: if the module does not give one answer for each pixel.
    """
    space = tuple(images.shape[2:])
    if all(side <= tile for side in space):
        return [Tiling(1, side) for side in space]
    network = _Network(module, images, device)
    with evaluation_mode(network.twin):
        return [
            Tiling(1, side) if side <= tile else _along(network, space, axis, tile, overlap)
            for axis, side in enumerate(space)
        ]


class _Network:
    """A copy of a module, in double precision if it can be, so that equal and nearly equal are told apart."""

    def __init__(self, module: torch.nn.Module, images: torch.Tensor, device: str | None) -> None:
        first = reference_tensor(module)
        self.place = first.device if device is None else torch.device(device)
        self.twin, self.dtype, self.tolerance = copy.deepcopy(module).to(self.place).double(), torch.float64, 1e-9
        self.channels = images.shape[1]
        values = scaled(images[:1], torch.float64)
        self.low, self.high = float(values.amin()), float(values.amax())
        if not self.low < self.high:
            self.low, self.high = self.low - 1, self.high + 1
        try:
            with evaluation_mode(self.twin):
                self(self.noise(tuple(min(side, _ACROSS) for side in images.shape[2:])))
        except IntertwineError:
            pass
        except (RuntimeError, TypeError):
            # A tensor that stays in single precision; or another reason, which the next run will tell.
            self.twin, self.dtype, self.tolerance = copy.deepcopy(module).to(self.place), first.dtype, 1e-3

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return plain_output(self.twin(x.to(self.place, self.dtype))).double().cpu()

    def noise(self, space: tuple[int, ...], seed: int = 0) -> torch.Tensor:
        """A random image with values between the least and the greatest of the data."""
        generator = torch.Generator().manual_seed(seed)
        image = torch.rand(1, self.channels, *space, generator=generator, dtype=torch.float64)
        return self.low + (self.high - self.low) * image


@dataclass
class _Probe:
    """A random image that is long along one axis, and what the network gives for it."""

    network: _Network
    axis: int
    x: torch.Tensor
    whole: torch.Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.network(self.x)
        if self.whole.shape[2:] != self.x.shape[2:]:
            raise one_answer_for_each_pixel(self.whole.shape[2:], self.x.shape[2:])

    @property
    def side(self) -> int:
        return self.x.shape[2 + self.axis]

    def differs(self, seen: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Along the axis, where outputs are not the same."""
        scale = float(self.whole[self.whole.isfinite()].abs().amax()) if self.whole.isfinite().any() else 1.0
        near = torch.isclose(seen, wanted, rtol=0, atol=self.network.tolerance * scale, equal_nan=True)
        return (~near).movedim(2 + self.axis, 0).flatten(1).any(dim=1)

    def receptive_field(self, step: int) -> tuple[int, int] | None:
        """Pixels before and after an output pixel on which it depends; ``None`` if they reach the ends of the image."""
        place = self.side // 2 // step * step
        changed = torch.zeros(self.side, dtype=torch.bool)
        for seed, special in ((1, torch.nan), (2, None)):
            x = self.x.clone()
            other = self.network.noise(tuple(x.shape[2:]), seed) if special is None else torch.full_like(x, special)
            x.narrow(2 + self.axis, place, step).copy_(other.narrow(2 + self.axis, place, step))
            try:
                changed |= self.differs(self.network(x), self.whole)
            except _FAILURES:
                if special is None:
                    raise
        seen = torch.nonzero(changed).flatten().tolist() or [place]
        if seen[0] == 0 or seen[-1] == self.side - 1:
            return None
        return max(seen[-1] - (place + step - 1), 0), max(place - seen[0], 0)

    def same(self, tiling: Tiling) -> bool:
        """Whether tiles give what the whole gives."""
        starts = {*tiling.starts(self.side), tiling.step, 2 * tiling.step}
        for start in sorted(starts):
            if start + tiling.length > self.side:
                continue
            kept = tiling.valid_pixels(start, self.side)
            piece = self.network(self.x.narrow(2 + self.axis, start, tiling.length))
            if piece.shape[2 + self.axis] != tiling.length:
                return False
            inner = piece.narrow(2 + self.axis, kept.start - start, kept.stop - kept.start)
            if self.differs(inner, self.whole.narrow(2 + self.axis, kept.start, kept.stop - kept.start)).any():
                return False
        return True


def one_answer_for_each_pixel(given: tuple[int, ...], wanted: tuple[int, ...]) -> ShapeError:
    """The error of a network that changes sizes.

    Args:
        given: pixels along each axis of what it gives.
        wanted: of what it takes.
    """
    answers = f"{' x '.join(map(str, given))} pixels" if given else "one answer"
    return ShapeError(
        f"the module gives {answers} for {' x '.join(map(str, wanted))} pixels, but tiles need one answer for each pixel",
        hint="pad its convolutions by half of their kernels, and bring strides back by up-sampling",
    )


def _along(network: _Network, space: tuple[int, ...], axis: int, tile: int, overlap: int | None) -> Tiling:
    """The tiling along one axis with which tiles give what the whole image gives, found by running the network."""
    side = space[axis]
    probes: dict[int, _Probe] = {}
    failure: Exception | None = None
    refusal: ArgumentError | None = None
    tried = False
    for step in STEPS:
        rest = side % step
        if side < 2 * step + rest:
            continue
        try:
            field, probe = _receptive_field(network, space, axis, step, max(tile, 2 * step + rest), probes)
            if field is None:
                refusal = refusal or _sees_too_far(probe.side // 2 - step, axis)
                if not tried:
                    break
                continue
            before, after = field[0], field[1] + rest
            least = before + after + step
            least += (rest - least) % step
            found = Tiling(step, max(tile - (tile - side) % step, least), before, after)
            if found.length < side:
                if probe.side < found.length + step:
                    probe = _probe(network, space, axis, min(side, found.length + 2 * step), probes)
                tried = True
                if not probe.same(found):
                    continue
        except _FAILURES as error:
            failure = failure or error
            continue
        if found.length < side:
            return _with_overlap(found, least, overlap, axis, tile)
        # Nothing was tried: another step may be the right one.
        refusal = refusal or _too_small(found, axis, tile, "predict the images whole")
    if refusal is not None and not tried:
        raise refusal
    if isinstance(failure, ShapeError) and not tried:
        raise failure
    if failure is not None and not tried:
        raise ShapeError(f"the network runs on no part of the images: {failure}") from failure
    raise _nothing_fits(axis)


def _with_overlap(found: Tiling, least: int, overlap: int | None, axis: int, tile: int) -> Tiling:
    """The tiling with the overlap that was asked for, if it is large enough and the tiles are, too."""
    chosen = found if overlap is None else Tiling(found.step, found.length, overlap, overlap)
    needed = max(found.before, found.after)
    if overlap is not None and overlap < needed:
        raise ArgumentError(
            f"an overlap of {overlap} pixels is too small for what whole images give: {_sees(found)}",
            hint=f"leave `overlap` out, or make it at least {needed}",
            positions={"axis": axis},
        )
    if found.length > tile or chosen.advance < 1:
        enough = (least if overlap is None else 2 * overlap + found.step) + found.step - 1
        raise _too_small(found, axis, tile, f"use tiles of at least {enough} pixels")
    return chosen


def _sees_too_far(pixels: int, axis: int) -> ArgumentError:
    return ArgumentError(
        f"no tiles give what whole images give: an answer depends on inputs more than {pixels} pixels away along axis {{axis}} "
        "of space",
        hint="layers that look at the whole image, such as instance normalisation, adaptive pooling or attention, have to see "
        "it whole; a network that sees this far needs larger tiles",
        positions={"axis": axis},
    )


def _nothing_fits(axis: int) -> ArgumentError:
    return ArgumentError(
        "no tiles give what whole images give along axis {axis} of space: wherever a part of an image begins, the network gives "
        "something else for it than for that part of the whole",
        hint="padding by the opposite side, or up-sampling that aligns corners, depends on the size of the image: predict "
        "images whole",
        positions={"axis": axis},
    )


def _sees(tiling: Tiling) -> str:
    strides = f", and its strides are {tiling.step} pixels together" if tiling.step > 1 else ""
    return (
        f"the network sees {tiling.before} pixels before and {tiling.after} after each pixel along axis {{axis}} of space"
        + strides
    )


def _too_small(tiling: Tiling, axis: int, tile: int, hint: str) -> ArgumentError:
    return ArgumentError(
        f"tiles of {tile} pixels are too small for what whole images give: {_sees(tiling)}",
        hint=hint,
        positions={"axis": axis},
    )


def _receptive_field(
    network: _Network, space: tuple[int, ...], axis: int, step: int, tile: int, probes: dict[int, _Probe]
) -> tuple[tuple[int, int] | None, _Probe]:
    """The receptive field along an axis (pixels before and after), measured on images of growing length until they hold it."""
    side, length = space[axis], 2 * tile
    while True:
        # longer than the image, too: how far a network sees may not show within a small one
        probe = _probe(network, space, axis, length - (length - side) % step, probes)
        field = probe.receptive_field(step)
        if field is not None or length >= _FARTHEST * tile:
            return field, probe
        length *= 2


def _probe(network: _Network, space: tuple[int, ...], axis: int, length: int, probes: dict[int, _Probe]) -> _Probe:
    if length not in probes:
        problem: Exception | None = None
        for more in range(5):
            sizes = [min(side, _ACROSS // 2 + (side - _ACROSS // 2) % _ACROSS + more * _ACROSS) for side in space]
            sizes[axis] = length
            try:
                probes[length] = _Probe(network, axis, network.noise(tuple(sizes)))
                break
            except _FAILURES as error:
                problem = problem or error
        else:
            raise problem or ShapeError("the images have no pixels")
    return probes[length]


def windows(tilings: list[Tiling], space: tuple[int, ...]) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...]]]:
    """The tiles of an image, each with the pixels for which its answers count.

    Args:
        tilings: one for each axis.
        space: pixels along each axis.
    """
    for place in product(*(tiling.starts(side) for tiling, side in zip(tilings, space, strict=True))):
        parts = list(zip(tilings, place, space, strict=True))
        yield (
            tuple(slice(start, min(start + tiling.length, side)) for tiling, start, side in parts),
            tuple(tiling.valid_pixels(start, side) for tiling, start, side in parts),
        )
