"""Using a trained module: predictions, scores and confusions, in batches that can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch

from intertwine import checks
from intertwine.errors import ArgumentError, ArgumentTypeError, ShapeError
from intertwine.numpy_scalars import plain_numbers
from intertwine.training.data.batches import Source, TensorSource, as_source, check_batch, scaled
from intertwine.training.data.pairing import IGNORE, Missing, align
from intertwine.training.data.turning import type_of_target
from intertwine.training.engine.devices import check_device
from intertwine.training.engine.modes import evaluation_mode
from intertwine.training.engine.preparation import check_type_of_x, probe
from intertwine.training.engine.run import plain_output
from intertwine.training.measure.losses import LossFunction, Measures, resolve_class_weights, resolve_loss
from intertwine.training.measure.metrics import Metrics, resolve_metrics

Poll = Callable[[dict[str, Any]], "bool | None"]
Response = Literal["response", "prob", "class", "features"]


@plain_numbers
def predict(
    module: torch.nn.Module,
    x: Any,
    *,
    type: Response = "response",
    batch_size: int = 256,
    poll: Poll | None = None,
    device: str | None = None,
) -> torch.Tensor:
    """What a module gives for each sample, in evaluation mode and without gradients.

    Args:
        module: any torch module that maps a batch to one tensor; it has its own mode again afterwards.
        x: inputs [batch, channels, ...], or a data set (targets in it are left alone).
        type: "response" (what the module gives), "prob" (its softmax over the channels), "class" (the number of the
            largest channel) or "features" (what the last linear layer receives).
        batch_size: samples at a time.
        poll: called after each batch with a dict (batch, batches); `False` stops with `KeyboardInterrupt`.
        device: where to compute; the module's own device if left out.

    Returns:
        A tensor on the CPU, samples first.

    Raises:
        ArgumentError, ArgumentTypeError, ShapeError: if x does not fit.
        KeyboardInterrupt: if `poll` returned `False`.

    Example:
        >>> import torch
        >>> predict(torch.nn.Linear(3, 2), torch.zeros(5, 3), type="prob").shape
        torch.Size([5, 2])
    """
    if type not in ("response", "prob", "class", "features"):
        raise ArgumentError(f"`type` must be 'response', 'prob', 'class' or 'features', not {type!r}")
    source, _ = _source(module, x, None, "mask", batch_size)
    outputs: list[torch.Tensor] = []
    with _features(module) if type == "features" else _nothing() as seen:

        def keep(output: torch.Tensor, target: torch.Tensor | None) -> None:
            outputs.append((output if seen is None else seen.pop()).cpu())

        _over(module, source, batch_size, poll, device, keep)
    result = torch.cat(outputs)
    if type in ("prob", "class"):
        if result.ndim < 2 or result.shape[1] < 2:
            raise ShapeError(
                f"the module gives {tuple(result.shape)}, one number a sample, which is no choice between classes",
                hint="use type='response' for measurements",
            )
        return result.softmax(dim=1) if type == "prob" else result.argmax(dim=1)
    return result


@plain_numbers
def evaluate(
    module: torch.nn.Module,
    x: Any,
    y: Any = None,
    *,
    loss: str | LossFunction | None = None,
    metrics: Metrics = None,
    class_weights: Sequence[float] | Mapping[int, float] | torch.Tensor | None = None,
    na: Missing = "error",
    batch_size: int = 256,
    poll: Poll | None = None,
    device: str | None = None,
) -> dict[str, float]:
    """Loss and metrics of a module on data, in evaluation mode.

    Args and errors as in `fit` and `predict`.

    Returns:
        The value of each measure by its name, "loss" first.

    Example:
        >>> import torch
        >>> sorted(evaluate(torch.nn.Linear(3, 2), torch.zeros(4, 3), [0, 1, 1, 0]))
        ['accuracy', 'loss']
    """
    source, kind = _source(module, x, y, na, batch_size)
    type_of_target(module, [y], None, callable(loss))
    if kind is None:
        raise ArgumentError("there is nothing to compare with: y is missing")
    width = _checked_width(module, source, kind)
    weights = resolve_class_weights(class_weights, None, width) if class_weights is not None else None
    measures = Measures(resolve_loss(loss, kind, weights), resolve_metrics(metrics, kind), na)

    def score(output: torch.Tensor, target: torch.Tensor | None) -> None:
        if target is not None:
            if not isinstance(source, TensorSource):
                check_batch(output, target, width if kind == "class" else None, na)
            measures.update(output, target.to(output.device))

    _over(module, source, batch_size, poll, device, score)
    return measures.values()


@plain_numbers
def confusion(
    module: torch.nn.Module,
    x: Any,
    y: Any = None,
    *,
    na: Missing = "error",
    batch_size: int = 256,
    poll: Poll | None = None,
    device: str | None = None,
) -> torch.Tensor:
    """How often each class was taken for which.

    Returns:
        int64 tensor [classes, classes]: rows are true classes, columns are predicted ones.

    Example:
        >>> import torch
        >>> confusion(torch.nn.Identity(), torch.eye(3), [0, 1, 1])
        tensor([[1, 0, 0],
                [0, 1, 1],
                [0, 0, 0]])
    """
    source, kind = _source(module, x, y, na, batch_size)
    if kind != "class":
        raise ArgumentError("a confusion table needs class targets")
    width = _checked_width(module, source, kind)
    table = torch.zeros(width * width, dtype=torch.int64)

    def count(output: torch.Tensor, target: torch.Tensor | None) -> None:
        if target is None:
            return
        if not isinstance(source, TensorSource):
            check_batch(output, target, width, na)
        scores, truth = align(output.cpu(), target.cpu(), "mask").without_missing
        table.add_(torch.bincount(truth * width + scores.argmax(dim=1), minlength=width * width))

    _over(module, source, batch_size, poll, device, count)
    return table.reshape(width, width)


def _source(module: Any, x: Any, y: Any, na: Missing, batch_size: int) -> tuple[Source, Any]:
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"`module` must be a torch module, not {type(module).__name__}")
    checks.whole_at_least(batch_size, "batch_size")
    source, kind = as_source(check_type_of_x(module, x), y, na)
    probe(module, source, None, None)
    return source, kind


def _checked_width(module: torch.nn.Module, source: Source, kind: Any) -> int:
    largest = None
    if kind == "class" and isinstance(source, TensorSource) and source.y is not None:
        known = source.y[source.y != IGNORE]
        largest = int(known.max()) + 1 if known.numel() else None
    return probe(module, source, kind, largest)


def _over(
    module: torch.nn.Module,
    source: Source,
    batch_size: int,
    poll: Poll | None,
    device: str | None,
    use: Callable[[torch.Tensor, torch.Tensor | None], None],
) -> None:
    """Give the output and the target of each batch to `use`.

    A function that calls back, and no generator: an abandoned generator would give the module its mode back late.
    """
    first = next(module.parameters(), None)
    dtype = torch.get_default_dtype() if first is None else first.dtype
    home = torch.device("cpu") if first is None else first.device
    place = home if device is None else check_device(device)
    count = source.n_batches(batch_size)
    try:
        module.to(place)
        with evaluation_mode(module):
            for done, (x, y) in enumerate(source.batches(batch_size), start=1):
                use(plain_output(module(scaled(x, dtype).to(place))), y)
                if poll is not None:
                    answer = poll({"batch": done, "batches": count})
                    if answer is not None and not answer:
                        raise KeyboardInterrupt("stopped by poll")
    finally:
        module.to(home)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


@contextmanager
def _features(module: torch.nn.Module) -> Iterator[list[torch.Tensor]]:
    """Collect what the last linear layer (or, without one, the last child) receives."""
    linear = [part for part in module.modules() if isinstance(part, torch.nn.Linear)]
    children = list(module.children())
    if not linear and not children:
        raise ArgumentError("the module is a single layer: it has no features before its output")
    seen: list[torch.Tensor] = []

    def keep(part: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        seen.append(plain_output(inputs[0]).detach())

    handle = (linear or children)[-1].register_forward_pre_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()
