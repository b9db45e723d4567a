"""Two processes that train together over gloo, each on its half of every batch; what they find, as JSON."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

TESTS = Path(__file__).parents[1]


def _difference(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).abs().max() / b.abs().max().clamp_min(1e-3)) if a.numel() else 0.0


def _gathered(value: torch.Tensor) -> list[torch.Tensor]:
    found = [torch.empty_like(value) for _ in range(2)]
    torch.distributed.all_gather(found, value.contiguous())
    return found


def _half(x: torch.Tensor) -> torch.Tensor:
    return x.chunk(2)[torch.distributed.get_rank()]


def each_class() -> dict[str, Any]:
    """What :func:`each_layer` finds for one entry of each class."""
    from .layers import REPRESENTATIVES

    return each_layer(sorted(REPRESENTATIVES))  # in one order in both processes


def other_layers() -> dict[str, Any]:
    """What :func:`each_layer` finds for the entries that repeat a class."""
    from .layers import LAYERS, REPRESENTATIVES

    return each_layer([name for name in LAYERS if name not in REPRESENTATIVES])


def each_layer(names: list[str]) -> dict[str, Any]:
    """For each of these layers: does one step of DDP give what the whole batch gives in one process?

    Args:
        names: of entries of the list.
    """
    from torch.nn.parallel import DistributedDataParallel

    from intertwine import nn

    from .layers import build, features

    found: dict[str, Any] = {}
    for name in names:
        alone = build(name).double().train()
        x = features(name, alone, batch=4, dtype=torch.float64)
        expected = alone(x)
        probe = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        together = nn.synchronise_batchnorm(build(name).double().train())
        has_parameters = any(p.requires_grad for p in together.parameters())
        module: Any = DistributedDataParallel(together) if has_parameters else together
        output = module(_half(x))
        errors = {"output": _difference(torch.cat(_gathered(output.detach())), expected.detach())}
        if has_parameters:
            (expected * probe).sum().div(2).backward()  # DDP takes the mean over the processes
            (output * _half(probe)).sum().backward()
            for (key, a), b in zip(together.named_parameters(), alone.parameters()):
                if a.grad is None or b.grad is None:
                    errors[f"no gradient of {key}"] = 1.0
                    continue
                errors[f"gradient of {key}"] = _difference(a.grad, b.grad)
                errors[f"{key} in both"] = _difference(*_gathered(a.grad))
        for (key, a), b in zip(together.named_buffers(), alone.buffers()):
            errors[f"buffer {key}"] = _difference(a.double(), b.double())
        found[name] = errors
    found["one process without items"] = _uneven_shares()
    return found


def _uneven_shares() -> dict[str, float]:
    """Errors of a batch norm when one process has the whole batch and the other none of it."""
    from intertwine import nn

    from .layers import build, features

    alone = build("batch norm").double().train()
    x = features("batch norm", alone, batch=4, dtype=torch.float64)
    together = nn.synchronise_batchnorm(copy.deepcopy(alone))
    share = x if torch.distributed.get_rank() == 0 else x[:0]
    probe = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    inputs = (x.clone().requires_grad_(), share.clone().requires_grad_())
    outputs = (alone(inputs[0]), together(inputs[1]))
    for output in outputs:
        (output * probe[: len(output)]).sum().backward()
    count = len(share)
    return {
        "output": _difference(outputs[1].detach(), outputs[0].detach()[:count]),
        "gradient": _difference(inputs[1].grad, inputs[0].grad[:count]),  # type: ignore[arg-type, index]
        "running variance": _difference(together.running_var, alone.running_var),  # type: ignore[arg-type]
    }


def loss_curves() -> dict[str, Any]:
    """Twenty steps without batch normalisation: the mean loss of two processes, and the loss of one with both halves."""
    from torch.nn.parallel import DistributedDataParallel

    from intertwine import gspaces, nn

    def model() -> torch.nn.Module:
        torch.manual_seed(0)
        space = gspaces.flipRot2dOnR2(4)
        return nn.SequentialModule(
            nn.field_type(space, trivial=1),
            nn.R2Conv.spec(out={"regular": 3}, kernel_size=5),
            nn.ReLU.spec(),
            nn.PointwiseAvgPoolAntialiased2D.spec(sigma=0.66, stride=2),
            nn.R2Conv.spec(out={"regular": 3}, kernel_size=3),
            nn.FieldNorm.spec(),
            nn.ReLU.spec(),
            nn.HeadClasses.spec(n=3),
        ).double()

    def train(module: torch.nn.Module, take: Any) -> list[torch.Tensor]:
        optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
        generator = torch.Generator().manual_seed(1)
        losses = []
        for _ in range(20):
            x = torch.randn(8, 1, 13, 13, generator=generator, dtype=torch.float64)
            y = (x.mean(dim=(1, 2, 3)) > 0).long()
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(take(x)), take(y))
            loss.backward()
            optimiser.step()
            losses.append(loss.detach())
        return losses

    one, two = model(), model()
    alone = train(one, lambda value: value)
    halves = train(DistributedDataParallel(two), _half)
    curve = [float(torch.stack(_gathered(loss.reshape(1))).mean()) for loss in halves]
    parameters = torch.cat([p.detach().flatten() for p in two.parameters()])
    mine, other = _gathered(parameters)
    single = torch.cat([p.detach().flatten() for p in one.parameters()])
    return {
        "alone": [float(loss) for loss in alone],
        "together": curve,
        "identical": torch.equal(mine, other),
        "to one process": _difference(parameters, single),
    }


def several_steps() -> dict[str, Any]:
    """Training with synchronised batch normalisation, copied and saved on the way: still what one process does."""
    from torch.nn.parallel import DistributedDataParallel

    from intertwine import gspaces, nn

    def model() -> torch.nn.Module:
        torch.manual_seed(0)
        kind = nn.field_type(gspaces.rot2dOnR2(4), regular=2, trivial=1)
        return nn.SequentialModule(
            nn.R2Conv(nn.field_type(kind.gspace, trivial=1), kind, 3),
            nn.InnerBatchNorm(kind, momentum=None),
            nn.ReLU(kind),
            nn.R2Conv(kind, kind, 3),
            nn.IIDBatchNorm2d(kind),
            nn.GroupPooling(kind),
        ).double()

    one, two = model(), copy.deepcopy(nn.synchronise_batchnorm(model()))
    results = []
    for module, take in ((one, lambda value: value), (DistributedDataParallel(two), _half)):
        optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
        generator = torch.Generator().manual_seed(3)
        for _ in range(5):
            x = take(torch.randn(6, 1, 9, 9, generator=generator, dtype=torch.float64))
            optimiser.zero_grad()
            module(x).square().mean().backward()
            optimiser.step()
        results.append(module.eval())
    x = torch.randn(2, 1, 9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    states = zip(one.state_dict().values(), two.state_dict().values())
    return {
        "output": _difference(results[1](x).detach(), results[0](x).detach()),
        "state": max(_difference(b.double(), a.double()) for a, b in states),
        "keys": list(one.state_dict()) == list(two.state_dict()),
    }


TASKS = {"each class": each_class, "loss curves": loss_curves, "several steps": several_steps}
"""What two processes do one after the other: to start them takes seconds."""

LONG_TASKS = {"other layers": other_layers}


def two_processes(task: str) -> Any:
    """What the first of two processes finds in a task.

    Args:
        task: its name in ``TASKS`` or ``LONG_TASKS``.
    """
    return _found("LONG_TASKS" if task in LONG_TASKS else "TASKS")[task]


@lru_cache(maxsize=2)
def _found(tasks: str) -> dict[str, Any]:
    import intertwine

    path = [str(TESTS), str(Path(intertwine.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    with tempfile.TemporaryDirectory() as folder:
        meeting, result = Path(folder, "meeting"), Path(folder, "result")
        program = f"from contracts import distributed as d; d.run(d.{tasks}, {str(meeting)!r}, {str(result)!r})"
        started = [
            subprocess.Popen(
                [sys.executable, "-c", program],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "RANK": str(rank), "OMP_NUM_THREADS": "1"},
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]
        errors = [process.communicate(timeout=600)[1] for process in started]
        if any(process.returncode for process in started):
            raise RuntimeError("\n".join(errors))
        return json.loads(result.read_text())


def run(tasks: dict[str, Callable[[], dict[str, Any]]], meeting: str, result: str) -> None:
    """One of the processes.

    Args:
        tasks: what it does.
        meeting: a file in which the processes find each other.
        result: the file that the first one writes.
    """
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    torch.distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
    found = {name: task() for name, task in tasks.items()}
    if rank == 0:
        Path(result).write_text(json.dumps(found))
    torch.distributed.barrier()  # neither process closes its connections while the other one still uses them
    torch.distributed.destroy_process_group()
    # gloo's threads may outlive the group, and C++ aborts the process when the interpreter destroys one that runs.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
