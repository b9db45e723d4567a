"""Where trainings run: in this process, in processes of joblib's loky, or on any `concurrent.futures.Executor`."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intertwine.errors import ArgumentError, ArgumentTypeError, MissingDependencyError
from intertwine.study.runs.one_run import Interrupted, Job, perform, perform_from, write_job
from intertwine.study.runs.records import RunResult, RunSpec

TRIES = 3
"""How often a training is submitted whose worker gets lost."""

_WAIT = 0.2
_UNKNOWN_WORKERS = 8

Poll = Callable[[], None]
"""Called from time to time; raises to stop."""


class Serial:
    """Trainings one after another in this process."""

    workers = 1

    def __init__(self, job: Job) -> None:
        self._job = job

    def run(self, specs: Sequence[RunSpec], poll: Poll) -> Iterator[RunResult]:
        """The results of trainings, each as soon as it is there.

        Args:
            specs: the trainings.
            poll: called after each batch.
        """
        stopped: list[BaseException] = []

        def tick(event: dict[str, Any]) -> bool:
            try:
                poll()
            except BaseException as error:  # it passes through the training engine as a wish to stop
                stopped.append(error)
            return not stopped

        for spec in specs:
            poll()
            try:
                yield perform(self._job, spec, tick)
            except Interrupted:
                raise (stopped[0] if stopped else KeyboardInterrupt) from None

    def close(self, now: bool = False) -> None:
        """Nothing is left behind.

        Args:
            now: whether running trainings are given up.
        """


@dataclass
class _Task:
    spec: RunSpec
    tries: int = 0


class Workers:
    """Trainings in other processes or on other machines.

    Args:
        job: of the study.
        folder: for the file with the job, which all workers can read.
        executor: where to submit; `None` for processes of joblib's loky.
        workers: how many trainings run at once. Those that several devices share have a process for each.

    Raises:
        ArgumentError: if an executor that was given would have to start the processes of one training together.
    """

    def __init__(self, job: Job, folder: Path, executor: Executor | None, workers: int) -> None:
        self._devices = job.plan.settings.devices
        if self._devices > 1 and executor is not None:
            raise ArgumentError(
                f"an executor does not promise to run the {self._devices} processes of one training at once",
                hint="leave out `executor` or `devices`",
            )
        self._path = folder / "job.pkl"
        self._digest = write_job(job, self._path)
        self._given = executor
        self._made: Any = None
        self.workers = workers if executor is None else _workers_of(executor)

    def run(self, specs: Sequence[RunSpec], poll: Poll) -> Iterator[RunResult]:
        """The results of trainings, each as soon as it is there.

        Args:
            specs: the trainings.
            poll: called several times a second.
        """
        waiting = [_Task(spec) for spec in specs]
        running: dict[Future[Any], _Task] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    task = waiting.pop(0)
                    task.tries += 1
                    running[self._submit(task.spec)] = task
                poll()
                done, _ = wait(running, timeout=_WAIT, return_when=FIRST_COMPLETED)
                lost: list[_Task] = []
                for future in done:
                    task = running.pop(future)
                    error = _error_of(future)
                    if error is None:
                        result = future.result()
                        if result is not None:
                            yield result
                        continue
                    # a training says in its result what goes wrong in it: an error here is one of its worker
                    self._made = None
                    if task.tries < TRIES:
                        lost.append(task)
                        continue
                    text = f"its worker was lost {task.tries} times: {type(error).__name__}: {error}"
                    yield RunResult(task.spec, "failed", text)
                waiting = lost + waiting
                if lost:
                    time.sleep(_WAIT)
        finally:
            for future in running:
                future.cancel()

    def close(self, now: bool = False) -> None:
        """Ends the processes that were made for this study.

        Args:
            now: whether running trainings are given up.
        """
        if self._made is not None:
            self._made.shutdown(wait=True, kill_workers=now)
            self._made = None

    def _submit(self, spec: RunSpec) -> Future[Any]:
        for attempt in range(TRIES):
            try:
                if self._devices == 1:
                    return self._executor().submit(perform_from, str(self._path), self._digest, spec)
                meeting = str(self._path.with_name(f"meeting-{uuid.uuid4().hex}"))
                parts = [
                    self._executor().submit(perform_from, str(self._path), self._digest, spec, meeting, rank)
                    for rank in range(self._devices)
                ]
                return parts[0]  # a process that is lost takes the whole pool with it
            except RuntimeError:  # the pool broke between two submissions
                self._made = None
                if attempt == TRIES - 1 or self._given is not None:
                    raise
        raise RuntimeError

    def _executor(self) -> Any:
        if self._given is not None:
            return self._given
        if self._made is None:
            self._made = _loky(self.workers * self._devices)
        return self._made


def _loky(workers: int) -> Any:
    try:
        from joblib.externals.loky import ProcessPoolExecutor
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "training in several processes needs joblib, which is not installed",
            hint="install it with: pip install joblib",
        ) from error
    # each process has one thread, and what importing torch costs is paid once
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return ProcessPoolExecutor(max_workers=workers, env=one)


def _error_of(future: Future[Any]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _workers_of(executor: Executor) -> int:
    """How many trainings an executor works on at once, as far as it says."""
    if not callable(getattr(executor, "submit", None)):
        raise ArgumentTypeError(
            f"`executor` is {type(executor).__name__}, which has no submit",
            hint="give a concurrent.futures.Executor, such as dask.distributed.Client().get_executor()",
        )
    known = getattr(executor, "_max_workers", None)
    if isinstance(known, int):
        return max(1, known)
    client = getattr(executor, "_client", None)
    if client is not None:
        with contextlib.suppress(Exception):  # a cluster that is just starting knows none of its workers yet
            return max(1, sum(client.ncores().values()))
    return _UNKNOWN_WORKERS
