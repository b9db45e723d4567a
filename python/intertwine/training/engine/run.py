"""The loop of training: epochs of batches, and every way in which it may end."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from intertwine.errors import ArgumentError, CheckpointError, ShapeError
from intertwine.training.data.augment import Augment
from intertwine.training.data.batches import DatasetSource, Source, check_batch, scaled
from intertwine.training.data.pairing import Missing
from intertwine.training.engine.checkpoint import Checkpoint
from intertwine.training.engine.fabric import quiet
from intertwine.training.engine.modes import (
    Interrupt,
    evaluation_mode,
    parts_in_eval_mode,
    random_state,
    set_random_state,
    set_training_mode,
)
from intertwine.training.engine.optimisers import Schedule, moments
from intertwine.training.engine.result import Progress, Row, Stopped
from intertwine.training.measure.losses import Measures

Event = dict[str, Any]
OnBatch = Callable[[Event], "bool | None"]


class StopTraining(Exception):  # noqa: N818 - it is no error: training ends as it was asked to
    """Ends the training at a batch boundary."""

    def __init__(self, reason: Stopped) -> None:
        super().__init__(reason)
        self.reason: Stopped = reason


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first batch.

    `epochs` counts those of this training; they come after the `before` epochs of the fit that it continues. `checkpoint_header`
    identifies the run (its identity, the state of the generator at the start) and is written into each checkpoint.
    """

    train: Source
    validation: Source | None
    before: int
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
    checkpoint: Checkpoint | None
    checkpoint_header: Mapping[str, Any]

    @property
    def last(self) -> int:
        """The number of the last epoch."""
        return self.before + self.epochs


@dataclass
class State:
    """What changes during training, and what a checkpoint holds beside the weights."""

    epoch: int = 0
    batches: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    best: float = math.inf
    best_epoch: int | None = None


class Run:
    """One training run.

    Args:
        fabric: lightning's engine.
        module: the copy that is trained.
        optimizer: of its parameters.
        plan: what to do.
        generator: draws order and augmentation.
        interrupt: looked at after each batch.
        state: where to start.

    Attributes:
        rolled_back: whether the module has the weights of an earlier step again.
    """

    def __init__(
        self,
        fabric: Any,
        module: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        plan: Plan,
        generator: torch.Generator,
        interrupt: Interrupt,
        state: State,
    ) -> None:
        self.plan = plan
        self.state = state
        self._fabric = fabric
        self._generator = generator
        self._interrupt = interrupt
        with quiet():
            self._module, self._optimizer = fabric.setup(module, optimizer)
        self._plain = module
        self._trained = [p for p in module.parameters() if p.requires_grad]
        self._adding: list[Any] = [part for part in module.modules() if hasattr(part, "added_loss")]
        self._eval_parts = parts_in_eval_mode(module)
        self._rates = [group["lr"] for group in self._optimizer.param_groups]
        first = next(module.parameters())
        self._dtype, self._device = first.dtype, first.device
        # a scaler for 16 bits meets infinite gradients as a matter of course, and leaves such steps out by itself
        self._scaler = getattr(fabric.strategy.precision, "scaler", None)
        # the best weights so far; those of the start before the first epoch
        self._best = self._weights()
        self.rolled_back = False
        # what is infinite from the start (a mask, say) is meant to be
        self._watched = [name for name, value in self._best.items() if _is_finite(value)]
        self._begin = time.perf_counter()

    def train(self) -> Stopped:
        """Train until there is a reason to stop, and return it; the history holds what was done in any case."""
        if self.state.epoch >= self.plan.last or self._patience_is_over():
            # a run that was resumed after its end: nothing changes
            return self._ended("early" if self._patience_is_over() else "finished")
        self._begin = time.perf_counter() - self.state.seconds
        reason: Stopped = "failed"
        try:
            while self.state.epoch < self.plan.last:
                self.state.epoch += 1
                self._one_epoch()
            reason = "finished"
        except StopTraining as stop:
            reason = stop.reason
        except KeyboardInterrupt:
            reason = "interrupted"
        finally:
            self.state.seconds = time.perf_counter() - self._begin
            reason = self._ended(reason)
        return reason

    def _ended(self, reason: Stopped) -> Stopped:
        """The reason, with the weights that belong to it in the module."""
        if reason != "diverged" and not self._has_finite_weights():
            reason = "diverged"
        if reason == "diverged" or (self.plan.patience is not None and self.state.best_epoch is not None):
            self._plain.load_state_dict(self._best)
            self.rolled_back = reason == "diverged" or self.state.best_epoch != self.state.epoch
        return reason

    def _one_epoch(self) -> None:
        """One pass. The state that is judged is the state that is saved, and the one that callbacks find."""
        plan = self.plan
        row = self._train()
        if plan.validation is not None:
            row = self._validate(plan.validation)
        good = math.isfinite(row["loss"]) and self._has_finite_weights()
        if good:
            self._keep_if_best(row["loss"])
            if plan.checkpoint is not None:
                self._save(plan.checkpoint)
        stops = plan.on_epoch is not None and _is_false(plan.on_epoch(dict(row)))
        if not good:
            raise StopTraining("diverged")
        if self._patience_is_over():
            raise StopTraining("early")
        if stops:
            raise StopTraining("callback")

    def _train(self) -> Row:
        plan, fabric = self.plan, self._fabric
        self._module.train()
        set_training_mode(self._plain, self._eval_parts)
        plan.measures.reset()
        count = plan.train.n_batches(plan.batch_size)
        share = None if count is None else count // fabric.world_size
        if share == 0:
            raise ArgumentError(f"{count} batches are too few for {fabric.world_size} processes")
        begin = time.perf_counter()
        done = 0
        diverged = False
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
                self._call_on_batch("train", done, share, loss, rate)
        except StopTraining as stop:
            diverged = stop.reason == "diverged"
            raise
        finally:
            if done or diverged:
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
        for added in (part.added_loss() for part in self._adding):
            loss = loss if added is None else loss + added
        self._fabric.backward(loss)
        value = float(loss.detach())
        # of several processes all have the same gradient, but each its own loss: they have to decide alike
        if not self._has_finite_gradient() or not (math.isfinite(value) or self._fabric.world_size > 1):
            raise StopTraining("diverged")
        self._optimizer.step()
        return value

    def _has_finite_gradient(self) -> bool:
        """Whether a step can be made; clips the gradient where that was asked for."""
        if self.plan.clip_norm is not None:
            norm = self._fabric.clip_gradients(
                self._plain, self._optimizer, max_norm=self.plan.clip_norm, error_if_nonfinite=False
            )
        elif self._scaler is not None:
            return True
        else:
            gradients = [p.grad for p in self._trained if p.grad is not None]
            if self._device.type == "cpu":
                # a sum costs a sixth of a norm here, and is finite only if all of its terms are; large ones are looked at
                return all(math.isfinite(each.sum()) or _is_finite(each) for each in gradients)
            # the largest entry, for the sum of squares of finite numbers may be infinite
            norm = torch.nn.utils.get_total_norm(gradients, norm_type=math.inf)
        return self._scaler is not None or bool(torch.isfinite(norm))

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
                self._call_on_batch("validation", done, count, None, None)
        self._record("validation", begin, done)
        return self.state.history[-1]

    def _prepare(self, x: torch.Tensor, y: torch.Tensor | None, source: Source) -> tuple[torch.Tensor, torch.Tensor]:
        if y is None:
            raise ShapeError("the data set gives inputs without targets", hint="give pairs of input and target")
        if isinstance(source, DatasetSource):  # what is in memory was checked before the first batch
            check_batch(x, y, self.plan.n_classes, self.plan.missing)
        return scaled(x, self._dtype), y

    def _call_on_batch(self, split: str, done: int, count: int | None, loss: float | None, rate: float | None) -> None:
        if self.plan.on_batch is not None:
            event: Event = {
                "split": split,
                "epoch": self.state.epoch,
                "epochs": self.plan.last,
                "batch": done,
                "batches": count,
                "loss": loss,
                "learn_rate": rate,
                "seconds": time.perf_counter() - self._begin,
            }
            if _is_false(self.plan.on_batch(event)):
                raise StopTraining("callback")
        if self._interrupt.requested:
            raise StopTraining("interrupted")

    def _set_rate(self, done: int, count: int | None) -> float:
        within = 0.0 if count is None else done / count
        factor = self.plan.schedule((self.state.epoch - self.plan.before - 1 + within) / self.plan.epochs)
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

    def _keep_if_best(self, loss: float) -> None:
        """Keep the weights if they are the best so far."""
        if loss < self.state.best - self.plan.min_delta:
            self.state.best, self.state.best_epoch = loss, self.state.epoch
            self._best = self._weights()

    def _patience_is_over(self) -> bool:
        """Whether the best weights are `patience` epochs old."""
        best, patience = self.state.best_epoch, self.plan.patience
        return patience is not None and best is not None and self.state.epoch - best >= patience

    def _weights(self) -> dict[str, Any]:
        return copy.deepcopy(self._plain.state_dict())

    def _has_finite_weights(self) -> bool:
        weights = self._plain.state_dict()
        return all(_is_finite(weights[name]) for name in self._watched)

    def _save(self, checkpoint: Checkpoint) -> None:
        self.state.seconds = time.perf_counter() - self._begin
        if self._fabric.is_global_zero:
            checkpoint.write(
                {
                    **self.plan.checkpoint_header,
                    "state": dict(vars(self.state)),
                    "module": self._plain.state_dict(),
                    # most often the best weights are those of this epoch
                    "best": None if self.state.best_epoch == self.state.epoch else self._best,
                    "optimizer": self._optimizer.state_dict(),
                    "scaler": None if self._scaler is None else self._scaler.state_dict(),
                    "random": random_state(self._generator),
                }
            )
        self._fabric.barrier()

    def resume(self, content: dict[str, Any]) -> None:
        """Continue from the content of a checkpoint.

        Raises:
            CheckpointError: if it does not fit.
        """
        try:
            self.state = State(**content["state"])
            self._plain.load_state_dict(content["module"])
            self._best = self._weights() if content["best"] is None else content["best"]
            self._optimizer.load_state_dict(content["optimizer"])
            if self._scaler is not None and content["scaler"] is not None:
                self._scaler.load_state_dict(content["scaler"])
            set_random_state(content["random"], self._generator)
        except (RuntimeError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"the checkpoint cannot be resumed: {error}", hint="start again with resume=False"
            ) from error

    def progress(self) -> Progress:
        """The state from which another fit can continue."""
        return Progress(
            # the moments of an optimiser belong to the weights of its last step
            optimizer=None if self.rolled_back else moments(self._optimizer.optimizer, self._plain),
            random=random_state(self._generator),
            start=self.plan.checkpoint_header["start"],
            asleep=tuple(sorted(self._eval_parts)),
        )


def _is_finite(value: Any) -> bool:
    """Whether numbers are finite, other things always."""
    floating = isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex())
    return not floating or bool(torch.isfinite(value).all())


def plain_output(output: Any) -> torch.Tensor:
    """The tensor that a module gives, out of its geometric tensor if it is in one."""
    tensor = getattr(output, "tensor", output)
    if not isinstance(tensor, torch.Tensor):
        raise ShapeError(
            f"the module gives {type(output).__name__}, but a tensor is needed",
            hint="wrap it in a module that returns one tensor",
        )
    return tensor


def _is_false(answer: Any) -> bool:
    # `None` continues: callbacks that only look at the event return nothing
    return answer is not None and not answer
