"""The random generators of a training run, also of a run that continues another one."""

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
        saved_states: the states at the end of the fit that this run continues.
    """

    stream: torch.Generator
    start: torch.Tensor
    saved_states: dict[str, Any] | None = None

    def validation_generator(self) -> torch.Generator:
        """The generator that draws what is held out: the stream itself, unless another run has drawn it before."""
        if torch.equal(self.start, self.stream.get_state()):
            return self.stream
        return _from_state(self.start)

    def seeded_for_heads(self) -> AbstractContextManager[None]:
        """A context in which torch's global generator is seeded for the weights of new heads."""
        return own_random_stream(self._draw())

    def seeded_for_training(self) -> AbstractContextManager[None]:
        """A context in which torch's global generator is seeded for the training; call `resume` in it first."""
        return own_random_stream(self._draw())

    def resume(self) -> None:
        """Restore the random states of the fit that this run continues, if there is one."""
        if self.saved_states is not None:
            set_random_state(self.saved_states, self.stream)

    def _draw(self) -> int:
        return 0 if self.saved_states is not None else int(torch.randint(2**31 - 1, (), generator=self.stream))


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
        former: the end of the fit that this run continues.
        saved: the content of the checkpoint that is resumed.

    Raises:
        ArgumentError, ArgumentTypeError: if seed and generator are both given, or one is of another kind.
    """
    if generator is not None:
        if seed is not None:
            raise ArgumentError("`seed` and generator say the same thing", hint="give one of them")
        if not isinstance(generator, torch.Generator):
            raise ArgumentTypeError(f"`generator` must be a torch.Generator, not {type(generator).__name__}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        raise ArgumentTypeError(f"`seed` must be a whole number, not {seed!r}")
    saved_states = former.random if former is not None and seed is None and generator is None else None
    if generator is not None:
        stream = generator
    elif seed is not None:
        stream = torch.Generator().manual_seed(seed)
    elif saved_states is not None:
        stream = _from_state(saved_states["generator"])
    elif saved is not None:
        stream = _from_state(saved["start"])
    else:
        stream = torch.Generator().manual_seed(int(torch.randint(2**31 - 1, ())))
    start = stream.get_state()
    if saved is not None:
        start = saved["start"]
    elif former is not None and former.start is not None:
        start = former.start
    return Streams(stream, start, saved_states)


def _from_state(state: torch.Tensor) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(state)
    return generator
