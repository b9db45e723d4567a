"""When R is asked whether to go on; R itself is played by a Python function."""

from types import SimpleNamespace
from typing import Any

import pytest

from intertwine._r.crossing import polling


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until `clock.tick(seconds)`."""

    class Clock:
        now = 0.0

        def tick(self, seconds: float) -> None:
            self.now += seconds

    it = Clock()
    monkeypatch.setattr(polling, "time", SimpleNamespace(monotonic=lambda: it.now))
    return it


def train_for(clock: Any, epochs: int, seconds: float):
    """A training that calls both callbacks in each epoch."""

    def train(on_batch: Any, on_epoch: Any) -> int:
        for done in range(epochs):
            for _ in range(4):
                clock.tick(seconds / 4)
                if not on_batch({"epoch": done + 1}):
                    return done
            if not on_epoch({"epoch": done + 1}):
                return done
        return epochs

    return train


@pytest.mark.parametrize("seconds", [0.02, 0.09, 0.5])
def test_epochs_shorter_than_the_interval_leave_their_batches_their_turns(clock, seconds):
    asked: list[str] = []

    def ask(name: str, event: Any) -> None:
        asked.append(name)

    done = polling.with_callbacks(train_for(clock, 50, seconds), [], {}, ask, ["on_batch"], ["on_epoch"], 0.1)
    assert done == 50
    assert asked.count("on_epoch") == 50
    # at least one question in two intervals, at most one in each
    intervals = 50 * seconds / 0.1
    assert min(intervals / 2, 100) <= asked.count("on_batch") <= intervals + 1


def test_a_no_to_either_callback_is_the_last_question(clock):
    for stop in ("on_batch", "on_epoch"):
        asked: list[str] = []

        def ask(name: str, event: Any, stop: str = stop, asked: list[str] = asked) -> bool:
            asked.append(name)
            return name != stop

        assert polling.with_callbacks(train_for(clock, 50, 0.05), [], {}, ask, ["on_batch"], ["on_epoch"], 0.1) < 50
        assert asked.count(stop) == 1
        assert asked[-1] == stop
