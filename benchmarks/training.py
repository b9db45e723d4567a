"""The loop of `training.fit` beside a bare loop of torch and beside lightning's `Trainer`.

    python benchmarks/training.py [--rounds 5] [--only step|start|resume|signal]

Prints markdown tables: milliseconds of a training step, seconds from the call to the first batch, whether a training
that was cut short and taken up again ends like one that was not, and what Ctrl-C leaves behind.
Rows of `Trainer` are left out where pytorch-lightning is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from intertwine import gspaces, nn, training

HAS_TRAINER = importlib.util.find_spec("pytorch_lightning") is not None
BATCH = 16


def points(n: int = 1600) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(0))
    return x, (x[:, 0] > 0).long()


def images(n: int = 160) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.rand(n, 1, 29, 29, generator=torch.Generator().manual_seed(0))
    return x, (x.mean((1, 2, 3)) > 0.5).long()


def small() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 16),
        torch.nn.BatchNorm1d(16),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(16, 2),
    )


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    space = gspaces.rot2dOnR2(N=8)
    image = nn.FieldType(space, [space.trivial_repr])
    hidden = nn.FieldType(space, 4 * [space.regular_repr])
    return nn.SequentialModule(
        nn.R2Conv(image, hidden, kernel_size=5),
        nn.InnerBatchNorm(hidden),
        nn.ReLU(hidden),
        nn.R2Conv(hidden, hidden, kernel_size=5),
        nn.InnerBatchNorm(hidden),
        nn.ReLU(hidden),
        nn.HeadClasses(hidden, 2),
    )


CASES = {"network of three points": (small, points), "C8 network, 29 x 29": (network, images)}


def bare(module: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int, moments: list[float]) -> None:
    """What a user would write by hand, with the accuracy and the mean loss that a history has."""
    optimizer = torch.optim.Adam(module.parameters())
    module.train()
    for _ in range(epochs):
        total, right = 0.0, 0
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            output = module(x[chosen])
            output = getattr(output, "tensor", output)
            loss = torch.nn.functional.cross_entropy(output, y[chosen])
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(chosen)
            right += int((output.detach().argmax(1) == y[chosen]).sum())
            moments.append(time.perf_counter())


def ours(module: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, epochs: int, moments: list[float]) -> None:
    training.fit(
        module,
        x,
        y,
        epochs=epochs,
        batch_size=BATCH,
        seed=0,
        device="cpu",
        on_batch=lambda event: moments.append(time.perf_counter()),
    )


def trainer_parts(module: torch.nn.Module, moments: list[float]) -> tuple[Any, Any, Any]:
    """The wrapper and the callback that `fit` would need around `Trainer`."""
    import pytorch_lightning as lightning

    class Wrapped(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def training_step(self, batch: Any, index: int) -> Any:
            x, y = batch
            output = self.module(x)
            output = getattr(output, "tensor", output)
            loss = torch.nn.functional.cross_entropy(output, y)
            accuracy = (output.detach().argmax(1) == y).float().mean()
            self.log_dict({"loss": loss, "accuracy": accuracy}, on_step=False, on_epoch=True, batch_size=len(x))
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters())

    class Watch(lightning.Callback):
        def on_train_batch_end(self, *args: Any) -> None:
            moments.append(time.perf_counter())

    return lightning, Wrapped(), Watch()


def with_trainer(
    module: torch.nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    epochs: int,
    moments: list[float],
    callbacks: tuple[Any, ...] = (),
    resume: Path | None = None,
    **options: Any,
) -> Any:
    lightning, wrapped, watch = trainer_parts(module, moments)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x, y),
        batch_size=BATCH,
        shuffle=True,
        generator=torch.Generator().manual_seed(0),
    )
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    quiet["enable_checkpointing"] = any(type(each).__name__ == "ModelCheckpoint" for each in callbacks)
    run = lightning.Trainer(max_epochs=epochs, callbacks=[watch, *callbacks], **quiet, **options)
    run.fit(wrapped, data, ckpt_path=resume)
    return run


LOOPS: dict[str, Callable[..., Any]] = {"bare torch": bare, "training.fit": ours}
if HAS_TRAINER:
    LOOPS["Trainer"] = with_trainer


def step(rounds: int) -> None:
    print("\n| step, ms (of bare torch) | " + " | ".join(LOOPS) + " |")
    print("|---|" + "---|" * len(LOOPS))
    for name, (make, data) in CASES.items():
        found: dict[str, list[float]] = {loop: [] for loop in LOOPS}
        for _ in range(rounds):
            for loop, run in LOOPS.items():
                moments: list[float] = []
                run(make(), *data(), 4, moments)
                found[loop].append(1e3 * (moments[-1] - moments[9]) / (len(moments) - 10))
        ratios = {loop: [a / b for a, b in zip(times, found["bare torch"])] for loop, times in found.items()}
        cells = [f"{statistics.median(found[loop]):.2f} ({statistics.median(ratios[loop]):.2f})" for loop in LOOPS]
        print(f"| {name} | " + " | ".join(cells) + " |")


START = """
import time, sys
sys.path.insert(0, {folder!r})
import training as bench
moments = []
module, data = bench.small(), bench.points(64)
begin = time.perf_counter()
bench.LOOPS[{loop!r}](module, *data, 1, moments)
print(moments[0] - begin)
"""


def start(rounds: int) -> None:
    print("\n| seconds from the call to the first batch, imports included | first | second in the same process |")
    print("|---|---|---|")
    for loop in LOOPS:
        first, second = [], []
        for _ in range(rounds):
            script = START.format(folder=str(Path(__file__).parent), loop=loop)
            again = script + script.split("moments = []")[1].join(["moments = []", ""])
            out = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=True).stdout
            a, b = out.split()
            first.append(float(a))
            second.append(float(b))
        print(f"| {loop} | {statistics.median(first):.2f} | {statistics.median(second):.3f} |")


def same(a: torch.nn.Module, b: torch.nn.Module) -> str:
    return "equal" if all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters())) else "different"


def resume(rounds: int) -> None:
    x, y = points(160)
    print("\n| weights after a stop and a resumption | at the end of an epoch | within an epoch |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"epochs": 4, "batch_size": BATCH, "seed": 1, "device": "cpu"}
        whole = training.fit(small(), x, y, **options).module
        cells = []
        for name, batches in (("end", 20), ("within", 25)):
            place = Path(folder) / name
            seen: list[Any] = []
            training.fit(
                small(), x, y, **options, checkpoint=place, on_batch=lambda e: seen.append(e) or len(seen) < batches
            )
            cells.append(same(whole, training.fit(small(), x, y, **options, checkpoint=place, resume=True).module))
        print("| training.fit | " + " | ".join(cells) + " |")
    if not HAS_TRAINER:
        return
    from pytorch_lightning.callbacks import ModelCheckpoint

    with tempfile.TemporaryDirectory() as folder:
        whole = small()
        torch.manual_seed(1)
        with_trainer(whole, x, y, 4, [])
        cells = []
        for name, limit in (("end", {"epochs": 2}), ("within", {"epochs": 4, "max_steps": 25})):
            place = Path(folder) / name
            first, rest = small(), small()
            torch.manual_seed(1)
            saver = ModelCheckpoint(dirpath=place, every_n_train_steps=1, save_last=True)
            with_trainer(first, x, y, **limit, moments=[], callbacks=(saver,))
            torch.manual_seed(1)
            with_trainer(rest, x, y, 4, [], resume=place / "last.ckpt")
            cells.append(same(whole, rest))
        print("| Trainer | " + " | ".join(cells) + " |")


SIGNAL = """
import json, os, signal, sys
sys.path.insert(0, {folder!r})
import training as bench
class Press(list):
    def append(self, moment):
        super().append(moment)
        if len(self) == 3:
            os.kill(os.getpid(), signal.SIGINT)
moments = Press()
module = bench.small()
before = signal.getsignal(signal.SIGINT)
import atexit
atexit.register(lambda: print(json.dumps([len(moments), str(signal.getsignal(signal.SIGINT) is before)])))
bench.LOOPS[{loop!r}](module, *bench.points(160), 4, moments)
print("returned")
"""


def interrupts(rounds: int) -> None:
    print("\n| Ctrl-C in the third batch | batches | gives a result | handler as before |")
    print("|---|---|---|---|")
    for loop in LOOPS:
        script = SIGNAL.format(folder=str(Path(__file__).parent), loop=loop)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        lines = done.stdout.split("\n")
        batches, handler = json.loads(next(line for line in lines if line.startswith("[")))
        print(f"| {loop} | {batches} | {'yes' if 'returned' in lines else 'no, it exits'} | {handler} |")


PARTS = {"step": step, "start": start, "resume": resume, "signal": interrupts}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    for name, part in PARTS.items():
        if given.only in (None, name):
            part(given.rounds)


if __name__ == "__main__":
    main()
