"""Long calls that can be stopped from R.

R suspends interrupts while Python runs, for an interrupt that reaches Python under older versions of reticulate ends
the R process. A long call therefore asks R from time to time, through a function that R gives it, whether to go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from intertwine._r.crossing.values import plain

if TYPE_CHECKING:
    import torch


class Interrupted(BaseException):
    """R asked a polled call to stop."""


class Poll:
    """Asks R whether to go on, at most once in `every` seconds.

    Args:
        ask: the R function; it receives the name of a callback and its event, and returns `False` to stop.
        every: seconds between two questions that may be left out; questions that may not do not count.

    Once R has said no, every further question has the same answer.
    """

    def __init__(self, ask: Callable[[str, Any], Any], every: float = 0.1) -> None:
        self._ask = ask
        self._every = every
        self._last = time.monotonic()
        self.stopped = False

    def __call__(self, name: str = "poll", event: Any = None, now: bool = False) -> bool:
        """True to go on; `now` asks even if the last question was a moment ago."""
        if self.stopped:
            return False
        moment = time.monotonic()
        if now or moment - self._last >= self._every:
            if not now:
                # forced questions leave the clock alone, or frequent ones would never let the others have their turn
                self._last = moment
            # `None` counts as going on: R functions called for their effect often return NULL.
            self.stopped = self._ask(name, plain(event)) is False
        return not self.stopped

    def callback(self, name: str, always: bool) -> Callable[..., bool]:
        """A callback for a function that calls it with an event and stops when it returns `False`."""

        def on_event(event: Any = None) -> bool:
            return self(name, event, now=always)

        return on_event

    def check(self, *_: Any) -> None:
        """Raise `Interrupted` when R wants to stop."""
        if not self():
            raise Interrupted


def with_callbacks(
    target: Callable[..., Any] | str,
    args: Any,
    kwargs: Any,
    ask: Callable[[str, Any], Any],
    throttled: list[str],
    always: list[str],
    every: float,
) -> Any:
    """Call `target` with callbacks that ask R: those in `throttled` now and then, those in `always` each time."""
    from intertwine._r.crossing.calls import resolve

    function = resolve(target) if isinstance(target, str) else target
    poll = Poll(ask, every)
    callbacks = {name: poll.callback(name, name in always) for name in [*throttled, *always]}
    return function(*(args or ()), **(kwargs or {}), **callbacks)


def polled(
    target: Callable[..., Any] | str, args: Any, kwargs: Any, ask: Callable[[str, Any], Any], modules: Any
) -> Any:
    """Call `target` while every submodule of `modules` asks R before its forward pass whether to go on.

    This makes any call that runs modules stoppable, without the code that it runs knowing.
    """
    from intertwine._r.crossing.calls import resolve

    function = resolve(target) if isinstance(target, str) else target
    poll = Poll(ask)
    with ExitStack() as stack:
        for module in _submodules(modules):
            stack.callback(module.register_forward_pre_hook(poll.check).remove)
        return function(*(args or ()), **(kwargs or {}))


def _submodules(modules: Any) -> Iterable[torch.nn.Module]:
    import torch

    given = modules if isinstance(modules, (list, tuple)) else [modules]
    for module in given:
        if isinstance(module, torch.nn.Module):
            yield from module.modules()
