"""What a study tells while it runs, and when it has to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


@dataclass
class Watch:
    """The clock of a study, and who is told.

    Args:
        on_progress: called with events.
        time_limit: in seconds.
    """

    on_progress: OnProgress | None = None
    time_limit: float | None = None
    start: float = field(default_factory=time.monotonic)
    _last: float = 0.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self.start

    def poll(self) -> None:
        """Raises `Stop` when the time is up or the callback says so; tells ten times a second at most that the study is alive."""
        now = time.monotonic()
        if self.time_limit is not None and now - self.start > self.time_limit:
            raise Stop("time")
        if self.on_progress is not None and now - self._last >= _OFTEN:
            self.tell({"event": "alive", "seconds": now - self.start})

    def tell(self, event: dict[str, Any]) -> None:
        """Calls the callback.

        Args:
            event: what happened.
        """
        self._last = time.monotonic()
        if self.on_progress is not None and self.on_progress(event) is False:
            raise Stop("callback")
