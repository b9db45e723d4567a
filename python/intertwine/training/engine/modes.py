"""Context managers that change the training mode, the random state or the handler of Ctrl-C, and restore them afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from intertwine.nn import frozen


@contextmanager
def evaluation_mode(module: torch.nn.Module) -> Iterator[None]:
    """The module in evaluation mode, frozen and without gradients; afterwards each submodule has its own mode again.

    `module.train()` afterwards would also put submodules into training mode that the user had frozen with `.eval()`.

    Example:
        >>> import torch
        >>> net = torch.nn.Sequential(torch.nn.Dropout(), torch.nn.Dropout().eval())
        >>> with evaluation_mode(net):
        ...     net[0].training
        False
        >>> net[0].training, net[1].training
        (True, False)
    """
    modes = [(part, part.training) for part in module.modules()]
    try:
        module.eval()
        with torch.no_grad(), frozen(module):
            yield
    finally:
        for part, mode in modes:
            part.training = mode


def parts_in_eval_mode(module: torch.nn.Module) -> frozenset[str]:
    """The parts in eval mode inside of a module in training mode: their user has frozen them.

    Args:
        module: any module. One that is in eval mode itself, as a trained model is, has no such parts.
    """
    if not module.training:
        return frozenset()
    return frozenset(name for name, part in module.named_modules() if not part.training)


def set_training_mode(module: torch.nn.Module, eval_parts: frozenset[str]) -> None:
    """Training mode for all parts of a module but some.

    Args:
        module: any module.
        eval_parts: the names of the parts that are set to eval mode.

    Example:
        >>> import torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1).eval())
        >>> frozen = parts_in_eval_mode(net)
        >>> set_training_mode(net.eval(), frozen)
        >>> net[0].training, net[1].training
        (True, False)
    """
    module.train()  # a user's class may override it, to keep some of its parts in eval mode
    for name, part in module.named_modules():
        if name in eval_parts:
            part.training = False


@contextmanager
def own_random_stream(seed: int) -> Iterator[None]:
    """Torch's global generators seeded inside of the block (dropout draws from them) and restored after it."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def random_state(generator: torch.Generator) -> dict[str, Any]:
    """The states of a generator and of torch's global ones, as `set_random_state` takes them."""
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"generator": generator.get_state(), "global": torch.get_rng_state(), "devices": devices}


def set_random_state(state: dict[str, Any], generator: torch.Generator) -> None:
    """Restore the states that `random_state` returned."""
    generator.set_state(state["generator"])
    torch.set_rng_state(state["global"])
    if len(state["devices"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["devices"])


class Interrupt:
    """Whether Ctrl-C was pressed since the block of `deferred_interrupt` was entered."""

    def __init__(self) -> None:
        self.requested = False

    def handle(self, signum: int, frame: Any) -> None:
        """The first Ctrl-C waits for the end of the batch; the second one is not held back any longer."""
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Hold Ctrl-C back until the caller looks at it, so that no optimiser step is left half done.

    Only Python's own handler is replaced, and only in the main thread: a program that handles the signal itself
    (R does, through reticulate) keeps its handler.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is not signal.default_int_handler:
        yield interrupt
        return
    try:
        signal.signal(signal.SIGINT, interrupt.handle)
        yield interrupt
    finally:
        # a handler that was put in place inside of the block, by a callback say, stays
        if signal.getsignal(signal.SIGINT) == interrupt.handle:
            signal.signal(signal.SIGINT, before)
