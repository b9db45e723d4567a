"""The loop of training: epochs of batches, and every way in which it may end."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from intertwine.errors import ArgumentError, ModelFileError, ShapeError
from intertwine.training.augment import Augment
from intertwine.training.data import DatasetSource, Source, check_batch, scaled
from intertwine.training.engine import quiet
from intertwine.training.measures import Measures
from intertwine.training.modes import Interrupt, asleep, evaluation_mode, wake
from intertwine.training.optimisers import Schedule
from intertwine.training.pairing import Missing
from intertwine.training.result import Row, Stopped

Event = dict[str, Any]
OnBatch = Callable[[Event], "bool | None"]


class StopTraining(Exception):  # noqa: N818 - it is no error: training ends as it was asked to
    """Ends the training at a batch boundary."""

    def __init__(self, reason: Stopped) -> None:
        super().__init__(reason)
        self.reason: Stopped = reason


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first batch."""

    train: Source
    validation: Source | None
    epochs: int
    batch_size: int
    measures: Measures
    augment: Augment | None
    schedule: Schedule
    missing: Missing
    n_classes: int | None
    on_batch: OnBatch | None
    on_epoch: OnBatch | None
    patience: int | None
    min_delta: float
    clip_norm: float | None
    checkpoint: Path | None


@dataclass
class State:
    """What changes during training, and what a checkpoint holds beside the weights."""

    epoch: int = 0
    batches: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    best: float = math.inf
    best_epoch: int | None = None
    best_weights: dict[str, torch.Tensor] | None = None


class Run:
    """One training run.

    Args:
        fabric: lightning's engine.
        module: the copy that is trained.
        optimizer: of its parameters.
        plan: what to do.
        generator: draws order and augmentation.
        interrupt: looked at after each batch.
    """

    def __init__(
        self,
        fabric: Any,
        module: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        plan: Plan,
        generator: torch.Generator,
        interrupt: Interrupt,
    ) -> None:
        self.plan = plan
        self.state = State()
        self._fabric = fabric
        self._generator = generator
        self._interrupt = interrupt
        with quiet():
            self._module, self._optimizer = fabric.setup(module, optimizer)
        self._plain = module
        self._asleep = asleep(module)
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        first = next(module.parameters())
        self._dtype, self._device = first.dtype, first.device
        self._begin = time.perf_counter()

    def go(self) -> Stopped:
        """Train until there is a reason to stop, and return it; the history holds what was done in any case."""
        self._begin = time.perf_counter() - self.state.seconds
        try:
            while self.state.epoch < self.plan.epochs:
                self.state.epoch += 1
                self._one_epoch()
        except StopTraining as stop:
            return stop.reason
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            self.state.seconds = time.perf_counter() - self._begin
            self._restore_best()
        return "finished"

    def _one_epoch(self) -> None:
        row = self._train()
        if self.plan.validation is not None:
            row = self._validate(self.plan.validation)
        if self.plan.checkpoint is not None:
            self._save(self.plan.checkpoint)
        if self.plan.on_epoch is not None and _says_stop(self.plan.on_epoch(dict(row))):
            raise StopTraining("callback")
        if not math.isfinite(row["loss"]):
            raise StopTraining("diverged")
        self._judge(row)

    def _train(self) -> Row:
        plan, fabric = self.plan, self._fabric
        self._module.train()
        wake(self._plain, self._asleep)
        plan.measures.reset()
        count = plan.train.n_batches(plan.batch_size)
        share = None if count is None else count // fabric.world_size
        if share == 0:
            raise ArgumentError(f"{count} batches are too few for {fabric.world_size} processes")
        begin = time.perf_counter()
        done = 0
        # one draw in each process, whatever the batches of each of them take: the order has to stay the same in all
        noise = torch.Generator().manual_seed(
            int(torch.randint(2**31 - 1, (), generator=self._generator)) + fabric.global_rank
        )
        batches = plan.train.batches(plan.batch_size, self._generator, fabric.global_rank, fabric.world_size)
        try:
            for x, y in batches:
                rate = self._set_rate(done, share)
                loss = self._step(x, y, noise)
                done += 1
                self.state.batches += 1
                self._ask("train", done, share, loss, rate)
        finally:
            if done:
                self._record("train", begin, done)
        if not done:
            raise ArgumentError("the data set gives no samples")
        return self.state.history[-1]

    def _step(self, x: torch.Tensor, y: torch.Tensor | None, noise: torch.Generator) -> float:
        plan = self.plan
        x, target = self._prepare(x, y, plan.train)
        if plan.augment is not None:
            x, target = plan.augment(x, target, noise)
        x, target = x.to(self._device), target.to(self._device)
        self._optimizer.zero_grad(set_to_none=True)
        loss = plan.measures.step(plain_output(self._module(x)), target)
        self._fabric.backward(loss)
        if plan.clip_norm is not None:
            self._fabric.clip_gradients(self._plain, self._optimizer, max_norm=plan.clip_norm)
        self._optimizer.step()
        return float(loss.detach())

    def _validate(self, source: Source) -> Row:
        plan = self.plan
        plan.measures.reset()
        count = source.n_batches(plan.batch_size)
        begin = time.perf_counter()
        done = 0
        with evaluation_mode(self._module):
            for x, y in source.batches(plan.batch_size):
                x, target = self._prepare(x, y, source)
                plan.measures.update(plain_output(self._module(x.to(self._device))), target.to(self._device))
                done += 1
                self._ask("validation", done, count, None, None)
        self._record("validation", begin, done)
        return self.state.history[-1]

    def _prepare(self, x: torch.Tensor, y: torch.Tensor | None, source: Source) -> tuple[torch.Tensor, torch.Tensor]:
        if y is None:
            raise ShapeError("the data set gives inputs without targets", hint="give pairs of input and target")
        if isinstance(source, DatasetSource):  # what is in memory was checked before the first batch
            check_batch(x, y, self.plan.n_classes, self.plan.missing)
        return scaled(x, self._dtype), y

    def _ask(self, split: str, done: int, count: int | None, loss: float | None, rate: float | None) -> None:
        if self.plan.on_batch is not None:
            event: Event = {
                "split": split,
                "epoch": self.state.epoch,
                "epochs": self.plan.epochs,
                "batch": done,
                "batches": count,
                "loss": loss,
                "learn_rate": rate,
                "seconds": time.perf_counter() - self._begin,
            }
            if _says_stop(self.plan.on_batch(event)):
                raise StopTraining("callback")
        if self._interrupt.requested:
            raise StopTraining("interrupted")

    def _set_rate(self, done: int, count: int | None) -> float:
        within = 0.0 if count is None else done / count
        factor = self.plan.schedule((self.state.epoch - 1 + within) / self.plan.epochs)
        for group, rate in zip(self._optimizer.param_groups, self._rates):
            group["lr"] = rate * factor
        return self._optimizer.param_groups[0]["lr"]

    def _record(self, split: str, begin: float, done: int) -> None:
        # every process validates on all samples, so that only the sums of the training are parts of a whole
        if split == "train":
            self.plan.measures.share(self._fabric)
        self.state.history.append(
            {
                "epoch": self.state.epoch,
                "split": split,
                **self.plan.measures.values(),
                "batches": done,
                "learn_rate": self._optimizer.param_groups[0]["lr"],
                "seconds": time.perf_counter() - begin,
            }
        )

    def _judge(self, row: Row) -> None:
        """Keep the best weights, and stop once they are `patience` epochs old."""
        if self.plan.patience is None:
            return
        state = self.state
        if row["loss"] < state.best - self.plan.min_delta:
            state.best, state.best_epoch = row["loss"], state.epoch
            state.best_weights = copy.deepcopy(self._plain.state_dict())
        elif state.best_epoch is not None and state.epoch - state.best_epoch >= self.plan.patience:
            raise StopTraining("early")

    def _restore_best(self) -> None:
        if self.state.best_weights is not None:
            self._plain.load_state_dict(self.state.best_weights)

    def _save(self, folder: Path) -> None:
        """Write a checkpoint beside the old one and then put it in its place, so that one of them is always whole."""
        state = self.state
        state.seconds = time.perf_counter() - self._begin
        content = {
            "module": self._module,
            "optimizer": self._optimizer,
            "state": {k: v for k, v in vars(state).items() if v is not None},
            "generator": self._generator.get_state(),
            "global_generator": torch.get_rng_state(),
        }
        partial = folder / "last.ckpt.part"
        with quiet():
            self._fabric.save(partial, content)
        if self._fabric.is_global_zero:
            os.replace(partial, folder / "last.ckpt")
        self._fabric.barrier()

    def resume(self, folder: Path) -> None:
        """Go on from the checkpoint in a folder, if there is one.

        Raises:
            ModelFileError: if it cannot be read or belongs to another module.
        """
        path = folder / "last.ckpt"
        if not path.exists():
            return
        content: dict[str, Any] = {"module": self._module, "optimizer": self._optimizer}
        try:
            with quiet():
                rest = self._fabric.load(path, content, strict=False, weights_only=True)
            for name, value in rest["state"].items():
                setattr(self.state, name, value)
            self._generator.set_state(rest["generator"])
            torch.set_rng_state(rest["global_generator"])
        except Exception as error:  # whatever is wrong with the file, the user has one thing to do about it
            raise ModelFileError(
                f"the checkpoint {path.name} cannot be resumed: {error}",
                hint="delete it, or use resume=False",
            ) from error


def plain_output(output: Any) -> torch.Tensor:
    """The tensor that a module gives, out of its geometric tensor if it is in one."""
    tensor = getattr(output, "tensor", output)
    if not isinstance(tensor, torch.Tensor):
        raise ShapeError(
            f"the module gives {type(output).__name__}, but a tensor is needed",
            hint="wrap it in a module that returns one tensor",
        )
    return tensor


def _says_stop(answer: Any) -> bool:
    # `None` goes on: callbacks that only look at the event return nothing
    return answer is not None and not answer
