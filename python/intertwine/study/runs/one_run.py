"""One training of one candidate, from the split to the scores."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from intertwine.errors import FileError, IntertwineError, IntertwineWarning
from intertwine.gspaces import flipRot2dOnR2, rot2dOnR2
from intertwine.models import count_parameters
from intertwine.nn import FieldType
from intertwine.study.design.candidates import Candidate
from intertwine.study.design.plan import Plan
from intertwine.study.design.samples import IN_MEMORY, Pairs
from intertwine.study.design.schedules import DEFAULTS, contains, space_of
from intertwine.study.design.splits import missing_classes
from intertwine.study.design.transforms import PointMove
from intertwine.study.runs.records import RunResult, RunSpec, TransformScore
from intertwine.study.runs.scoring import equivariance_error, metric_name, scores_of
from intertwine.training import FitResult, fit
from intertwine.training.data.turning import Turner
from intertwine.training.engine.fabric import shared_fabric

Tick = Callable[[dict[str, Any]], "bool | None"]


class Interrupted(Exception):  # noqa: N818 - it is no error: the training was asked to stop
    """A training that was stopped before its end, so that it does not count."""


@dataclass
class Job:
    """What all trainings of a study need; it travels to other processes once, as a file.

    Args:
        plan: data and splits.
        candidates: by name.
        metric: the name of a score, or a function.
        largest: the largest group of the study, by name, that rivals are moved by.
    """

    plan: Plan
    candidates: dict[str, Candidate]
    metric: Any
    largest: str


def make_job(plan: Plan, candidates: Sequence[Candidate]) -> Job:
    """What all trainings need, with the largest group of the schedules, or the usual one of the dimension.

    Args:
        plan: data and splits.
        candidates: all of them.
    """
    data, largest = plan.data, ""
    groups = [each.schedule[0] for each in candidates if each.schedule]
    if data.dimension:
        largest = (groups or DEFAULTS[data.dimension])[0]
        for group in groups:
            largest = group if contains(group, largest, data.dimension) else largest
    metric = plan.settings.metric or metric_name(None, data.kind)
    return Job(plan, {each.name: each for each in candidates}, metric, largest)


def perform(job: Job, spec: RunSpec, tick: Tick | None = None, fabric: Any = None) -> RunResult:
    """One training. Whatever goes wrong in it is said in its result.

    Args:
        job: of the study.
        spec: which training.
        tick: called after each batch; ``False`` stops.
        fabric: that several processes share, if they train together.

    Raises:
        Interrupted: if it was stopped; in all processes but the first of several, when they have trained.
    """
    candidate = job.candidates[spec.candidate]
    common = {"spec": spec, "parameters": candidate.parameters, "operations": candidate.operations}
    try:
        with _one_thread(), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", IntertwineWarning)
            found = _train(job, candidate, spec, tick, fabric)
        told = [str(each.message) for each in said if issubclass(each.category, IntertwineWarning)]
        return RunResult(
            **{**common, **found, "message": " ".join(dict.fromkeys(filter(None, [found["message"], *told])))}
        )
    except Interrupted:
        raise
    except IntertwineError as error:
        return RunResult(**common, status="failed", message=error.message)
    except Exception as error:  # whatever a network or a data set of the user's raises
        return RunResult(**common, status="failed", message=f"{type(error).__name__}: {error}")


def perform_from(path: str, digest: str, spec: RunSpec, meeting: str = "", rank: int = 0) -> RunResult | None:
    """One training in another process, or its part of one that several processes share.

    Args:
        path: of the file with the job.
        digest: of its content.
        spec: which training.
        meeting: a file by which processes that train together find each other.
        rank: the number of this one among them.

    Returns:
        its result; ``None`` if it was stopped, and in all processes but the first.
    """
    with contextlib.suppress(ValueError):  # where it is not the main thread that works, nothing is to be changed
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = _open_job(path, digest)
    recipe = job.plan.settings.recipe
    place = {"device": recipe.get("device", "cpu"), "precision": recipe.get("precision")}
    devices = job.plan.settings.devices
    shared = shared_fabric(Path(meeting), rank, devices, **place) if meeting else contextlib.nullcontext()
    try:
        with shared as fabric:
            return perform(job, spec, fabric=fabric)
    except Interrupted:
        return None


@functools.lru_cache(maxsize=1)
def _open_job(path: str, digest: str) -> Job:
    import cloudpickle

    content = Path(path).read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileError(f"the file {path} is not the one that the study wrote")
    return cloudpickle.loads(content)


def write_job(job: Job, path: Path) -> str:
    """Writes a job for other processes.

    Args:
        job: of the study.
        path: of the file.

    Returns:
        a digest of its content.
    """
    import cloudpickle

    content = cloudpickle.dumps(job)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def fitted(
    job: Job,
    candidate: Candidate,
    numbers: np.ndarray,
    learn_rate: float,
    seed: int,
    tick: Tick | None,
    fabric: Any = None,
) -> FitResult:
    """A candidate that has learned from some samples of the pool.

    Args:
        job: of the study.
        candidate: which one.
        numbers: of the samples.
        learn_rate: of the optimiser.
        seed: of the weights and the order.
        tick: called after each batch; ``False`` stops.
        fabric: that several processes share, if they train together: each has its part of every batch.
    """
    plan, settings = job.plan, job.plan.settings
    data = plan.data
    own = seed_of_weights(settings.seed, seed)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(own)
        module = candidate.build()
    x, y = _training_data(plan, numbers)
    recipe = {"device": "cpu", **settings.recipe}
    if data.n_classes is not None:
        recipe["n_classes"] = data.n_classes
    if candidate.kind == "augmented":
        recipe["augment"] = _mover(job)
    size = settings.batch_size if fabric is None else settings.batch_size // fabric.world_size
    return fit(
        module, x, y, epochs=settings.epochs, batch_size=size, learn_rate=learn_rate, loss=settings.loss, seed=own,
        on_batch=tick, fabric=fabric, **recipe,
    )  # fmt: skip


def seed_of_weights(study: int, seed: int) -> int:
    """The seed of torch's generator from which all candidates draw their weights and their order in a training.

    Args:
        study: the seed of the study.
        seed: that of the training.
    """
    return int(np.random.SeedSequence([study, seed, 5]).generate_state(1)[0])


def _train(job: Job, candidate: Candidate, spec: RunSpec, tick: Tick | None, fabric: Any) -> dict[str, Any]:
    plan, data = job.plan, job.plan.data
    kept, held = plan.split(spec.seed, spec.train_size)
    message = ""
    if data.n_classes is not None and data.y.ndim == 1:
        gone = missing_classes(data.y.numpy(), kept, data.n_classes)
        if gone:
            names = [data.labels[number] if data.labels else str(number) for number in gone]
            message = f"no sample to learn from is of class {', '.join(names)}"
    _forget_peak()
    start = time.perf_counter()
    result = fitted(job, candidate, kept, spec.learn_rate, spec.seed, tick, fabric)
    seconds = time.perf_counter() - start
    if result.stopped in ("callback", "interrupted") or not (fabric is None or fabric.is_global_zero):
        raise Interrupted
    scores = {}
    for name, move in plan.moves.items():
        # moved targets have gaps where they come from outside
        na = "mask" if data.dense and move is not None else plan.settings.recipe.get("na", "error")
        everything = np.arange(len(data.test))
        validation = scores_of(result.module, plan.pool[name], plan.pool_y[name], np.sort(held), job.metric, na)
        test = scores_of(result.module, plan.test[name], plan.test_y[name], everything, job.metric, na)
        scores[name] = TransformScore(float(validation.mean()), float(test.mean()), test)
    diverged = result.stopped == "diverged"
    if diverged:
        message = f"the loss was not finite after {result.batches} batches: the last good weights count"
    probes = plan.test["as_is"].take(np.arange(min(16, len(data.test))))
    return {
        "status": "diverged" if diverged else "ok",
        "message": message,
        "seconds": seconds,
        "memory_mb": _peak_mb(),
        "parameters": count_parameters(result.module),
        "equivariance_error": equivariance_error(result.module, probes, job.largest, data)
        if job.largest
        else float("nan"),
        "transforms": scores,
    }


def _training_data(plan: Plan, numbers: np.ndarray) -> tuple[Any, Any]:
    pool, y = plan.pool["as_is"], plan.data.y
    first = pool.take(numbers[:1])
    if first.nbytes * len(numbers) > IN_MEMORY:
        return Pairs(pool, y, numbers), None
    return pool.take(numbers), y[numbers]


def _mover(job: Job) -> Any:
    """Moves training samples by the largest group of the study; by any angle, if rotations by any angle are judged."""
    data, judge = job.plan.data, job.plan.settings.judge
    space = space_of(job.largest, data.dimension)
    if judge not in ("as_is", "mirrors", "quarter_turns") and data.dimension == 2:
        space = flipRot2dOnR2() if job.largest.startswith("D") else rot2dOnR2()
    if data.points:
        return PointMover(space)
    kind = FieldType(space, data.pool.shape[0] * (space.trivial_repr,))
    outputs = (1, data.outputs, *(data.sizes if data.dense else ()))
    return Turner(kind, "invariant", space, None, data.kind, outputs, order=1)


@dataclass(frozen=True)
class PointMover:
    """Moves each cloud of points by a random element of a group.

    Args:
        space: with the group.
    """

    space: Any

    def __call__(
        self, x: torch.Tensor, y: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The moved clouds, and their targets.

        Args:
            x: [batch, points, coordinates].
            y: the targets.
            generator: draws the elements.
        """
        source = np.random.default_rng(int(torch.randint(2**31 - 1, (), generator=generator)))
        matrices = [self.space.basespace_action(self.space.fibergroup.sample(source)) for _ in range(len(x))]
        return PointMove(np.stack(matrices))(x, np.arange(len(x))), y


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _forget_peak() -> None:
    """Lets the system measure the peak of memory anew, where it can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    return float("nan")
