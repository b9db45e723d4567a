"""What a study tells while it runs, and when it has to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from intertwine.errors import ArgumentTypeError

OnProgress = Callable[[dict[str, Any]], "bool | None"]
"""Called with an event; ``False`` stops the study."""

_OFTEN = 0.1


class Stop(Exception):  # noqa: N818 - it is no error
    """The end of a study before it is finished.

    Args:
        reason: ``"time"`` or ``"callback"``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def as_loggers(logger: Any) -> list[Any]:
    """Loggers of lightning, or of anything else with `log_metrics(metrics, step)`.

    Args:
        logger: one, a list of them, or ``None``.

    Raises:
        ArgumentTypeError: if one cannot log.
    """
    found = [] if logger is None else list(logger) if isinstance(logger, (list, tuple)) else [logger]
    for each in found:
        if not callable(getattr(each, "log_metrics", None)):
            raise ArgumentTypeError(
                f"`logger` is {type(each).__name__}, which has no log_metrics",
                hint="give one of lightning, such as lightning.fabric.loggers.TensorBoardLogger(folder)",
            )
    return found


@dataclass
class Watch:
    """The clock of a study, and who is told.

    Args:
        on_progress: called with events.
        time_limit: in seconds.
        loggers: of lightning, that are told the scores of each training.
        notes: what went wrong with these.
    """

    on_progress: OnProgress | None = None
    time_limit: float | None = None
    loggers: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.start

    def poll(self) -> None:
        """Raises `Stop` when the time is up or the callback says so, which is told at most ten times a second."""
        now = time.monotonic()
        if self.time_limit is not None and now - self.start > self.time_limit:
            raise Stop("time")
        if self.on_progress is not None and now - self._last >= _OFTEN:
            self.tell({"event": "alive", "seconds": now - self.start})

    def log(self, metrics: dict[str, float], step: int) -> None:
        """Tells the loggers.

        Args:
            metrics: numbers by name.
            step: how many trainings have ended.
        """
        self._each("log_metrics", metrics, step)

    def close(self, reason: str) -> None:
        """Tells the loggers that the study has ended, in the words of lightning's trainer.

        Args:
            reason: as `SymmetryStudy.stopped`.
        """
        self._each("finalize", "success" if reason == "finished" else "failed")

    def _each(self, method: str, *arguments: Any) -> None:
        """Calls a method of each logger. One that fails (a full disk, a server that is gone) must not cost any training."""
        for logger in list(self.loggers):
            try:
                getattr(logger, method, lambda *_: None)(*arguments)
            except Exception as error:
                self.loggers.remove(logger)
                name = type(logger).__name__
                self.notes.append(f"{name} failed and was told no more: {type(error).__name__}: {error}")

    def tell(self, event: dict[str, Any]) -> None:
        """Calls the callback.

        Args:
            event: what happened.
        """
        self._last = time.monotonic()
        if self.on_progress is not None and self.on_progress(event) is False:
            raise Stop("callback")
