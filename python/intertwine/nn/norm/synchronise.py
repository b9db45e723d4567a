"""Batch statistics over all processes of a distributed training."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
import torch.distributed as dist

from intertwine.errors import ArgumentTypeError
from intertwine.suggestions import suggests

Module = TypeVar("Module", bound=torch.nn.Module)


class _Sum(torch.autograd.Function):
    """The sum of a tensor over the processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, value: torch.Tensor, group: Any) -> torch.Tensor:
        ctx.group = group
        total = value.clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None]:
        total = grads[0].contiguous().clone()
        dist.all_reduce(total, group=ctx.group)
        return total, None


class Processes:
    """The processes over which a layer takes its statistics; copies of a layer share them.

    Args:
        group: a process group of ``torch.distributed``; ``None`` for all processes.
    """

    def __init__(self, group: Any = None) -> None:
        self.group = group

    def __deepcopy__(self, memo: dict[int, Any]) -> Processes:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A process group belongs to its program: what is unpickled takes all processes of the new one.
        return Processes, ()

    def total(self, value: torch.Tensor) -> torch.Tensor:
        """The sum of a value over the processes; the value itself where there are no others.

        Args:
            value: of the same shape in every process.
        """
        if not (dist.is_available() and dist.is_initialized()):
            return value
        return _Sum.apply(value, self.group)  # type: ignore[return-value]


class SynchronisedModule(torch.nn.Module):
    """A module whose batch statistics may be those of all processes: see :func:`synchronise_batchnorm`."""

    _processes: Processes | None = None


@suggests
def synchronise_batchnorm(module: Module, process_group: Any = None) -> Module:
    """Lets all batch normalisations of a model take their statistics over all processes of a distributed training.

    What ``torch.nn.SyncBatchNorm.convert_sync_batchnorm`` is for layers of torch: it is called here for those, and layers
    of intertwine learn to sum over processes, on CPUs as on GPUs. Parameters, running statistics and their names stay as they
    are. Wrap the result in ``DistributedDataParallel`` as usual. Without a process group running, and in eval mode, nothing
    changes.

    Args:
        module: the model.
        process_group: the processes; all of them by default.

    Returns:
        the model, changed in place; batch normalisations of torch are replaced by ``SyncBatchNorm``, which runs on GPUs alone.

    Raises:
        ArgumentTypeError: if it is no module.

    Example:
        >>> from intertwine import gspaces, nn
        >>> kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2)
        >>> model = nn.synchronise_batchnorm(nn.SequentialModule(nn.R2Conv(kind, kind, 3), nn.InnerBatchNorm(kind)))
        >>> model(torch.randn(2, 8, 5, 5)).shape
        torch.Size([2, 8, 3, 3])
    """
    if not isinstance(module, torch.nn.Module):
        raise ArgumentTypeError(f"a module is needed, not {type(module).__name__}")
    for part in module.modules():
        if isinstance(part, SynchronisedModule):
            part._processes = Processes(process_group)
    return torch.nn.SyncBatchNorm.convert_sync_batchnorm(module, process_group)  # type: ignore[return-value]
