"""The random numbers of a training run, and where a run that goes on takes them from."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch

from intertwine.errors import ArgumentError, ArgumentTypeError
from intertwine.training.engine.modes import own_random_stream, set_random_state
from intertwine.training.engine.result import Progress


@dataclass(frozen=True)
class Streams:
    """The random numbers of a run.

    Args:
        stream: draws the order of the samples, what is held out, and the seed of torch's global generator.
        start: the state of the generator that draws what is held out.
        goes_on: the states that another fit ended with.
    """

    stream: torch.Generator
    start: torch.Tensor
    goes_on: dict[str, Any] | None = None

    def splitter(self) -> torch.Generator:
        """The generator that draws what is held out: the stream itself, unless another run has drawn it before."""
        if torch.equal(self.start, self.stream.get_state()):
            return self.stream
        return _from_state(self.start)

    def filling(self) -> AbstractContextManager[None]:
        """Torch's global generator as it should be while a module is completed."""
        return own_random_stream(self._draw())

    def running(self) -> AbstractContextManager[None]:
        """Torch's global generator as it should be while a module is trained; `resume` comes next."""
        return own_random_stream(self._draw())

    def resume(self) -> None:
        """Go on with the random numbers of another fit, if there is one."""
        if self.goes_on is not None:
            set_random_state(self.goes_on, self.stream)

    def _draw(self) -> int:
        return 0 if self.goes_on is not None else int(torch.randint(2**31 - 1, (), generator=self.stream))


def make_streams(
    seed: int | None,
    generator: torch.Generator | None,
    former: Progress | None,
    saved: dict[str, Any] | None,
) -> Streams:
    """The random numbers of a run.

    What is held out is drawn as the checkpoint or the former fit has drawn it, so that no such sample is trained on later.

    Args:
        seed: of everything random; drawn from torch's global generator if left out and nothing else says it.
        generator: in place of a seed.
        former: where a fit ended that is gone on from.
        saved: what a checkpoint holds that is resumed.

    Raises:
        ArgumentError, ArgumentTypeError: if seed and generator are both given, or one is of another kind.
    """
    if generator is not None:
        if seed is not None:
            raise ArgumentError("`seed` and generator say the same thing", hint="give one of them")
        if not isinstance(generator, torch.Generator):
            raise ArgumentTypeError(f"`generator` is a torch.Generator, but was {type(generator).__name__}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ArgumentTypeError(f"`seed` is a whole number, but was {seed!r}")
    goes_on = former.random if former is not None and seed is None and generator is None else None
    if generator is not None:
        stream = generator
    elif seed is not None:
        stream = torch.Generator().manual_seed(seed)
    elif goes_on is not None:
        stream = _from_state(goes_on["generator"])
    elif saved is not None:
        stream = _from_state(saved["start"])
    else:
        stream = torch.Generator().manual_seed(int(torch.randint(2**31 - 1, ())))
    start = stream.get_state()
    if saved is not None:
        start = saved["start"]
    elif former is not None and former.start is not None:
        start = former.start
    return Streams(stream, start, goes_on)


def _from_state(state: torch.Tensor) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(state)
    return generator
