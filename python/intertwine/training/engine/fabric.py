"""The engine below `fit`: lightning's Fabric, imported on first use and kept quiet."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from intertwine.errors import ArgumentError, MissingDependencyError
from intertwine.training.engine.devices import check_device

# `lightning-fabric` alone imports in about a second beside torch; the whole of `lightning` takes four.
_HOMES = ("lightning_fabric", "lightning.fabric")

PRECISIONS = ("32-true", "64-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true")
"""The names under which Fabric knows its precisions."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Fabric's notices and advice off the user's console inside of the block."""
    loggers = [logging.getLogger(name) for name in ("lightning", *_HOMES)]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning.*")
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels):
                logger.setLevel(level)


@contextmanager
def _torchmetrics_later() -> Iterator[None]:
    """Spare those who use no metric of torchmetrics its import, which takes a second.

    Fabric, while it is imported, wants to know which version there is, and imports torchmetrics for that. A module that
    has the version and nothing else answers as well.
    """
    spec = None if "torchmetrics" in sys.modules else importlib.util.find_spec("torchmetrics")
    if spec is None:
        yield
        return
    version = ModuleType("torchmetrics")
    version.__spec__ = spec
    version.__dict__["__version__"] = importlib.metadata.version("torchmetrics")
    sys.modules["torchmetrics"] = version
    try:
        yield
    finally:
        del sys.modules["torchmetrics"]


def fabric_class() -> Any:
    """Fabric, from whichever of its two packages is installed.

    Raises:
        MissingDependencyError: if neither is.
    """
    for home in _HOMES:
        try:
            with quiet(), _torchmetrics_later():
                module = importlib.import_module(home)
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("lightning"):
                raise
            continue
        return module.Fabric
    raise MissingDependencyError(
        "training needs lightning's Fabric, which is not installed",
        hint="install it with: pip install lightning-fabric",
    )


def make_fabric(device: str = "auto", precision: str | None = None) -> Any:
    """A Fabric on one device.

    Args:
        device: "auto" (the fastest there is), "cpu", "cuda", "cuda:1", "mps", ...
        precision: one of `PRECISIONS`, or `None` to leave the module's own dtype alone.

    Raises:
        ArgumentError: if the device or the precision is not available here.
        MissingDependencyError: if Fabric is not installed.
    """
    if precision is not None and precision not in PRECISIONS:
        raise ArgumentError(
            f"`precision` must be one of {', '.join(PRECISIONS)}, not {precision!r}",
            hint="leave it out to train in the module's own dtype",
        )
    place = check_device(device)
    devices: Any = 1 if place.index is None or place.type == "cpu" else [place.index]
    fabric = fabric_class()
    try:
        with quiet():
            made = fabric(accelerator=place.type, devices=devices, precision=precision)
            made.launch()
    except Exception as error:  # Fabric raises several kinds here: all mean that this device cannot be used
        raise ArgumentError(f"device {device!r} cannot be used here: {error}", hint='use "auto" or "cpu"') from error
    return made


@contextmanager
def shared_fabric(
    meeting: Path, rank: int, processes: int, device: str = "cpu", precision: str | None = None
) -> Iterator[Any]:
    """A Fabric that processes of one machine share, each with a device of its own: the `fabric` of `fit` in all of them.

    Args:
        meeting: a file by which the processes find each other, which none has made yet.
        rank: the number of this process, from 0.
        processes: how many there are.
        device: "cpu" or "cuda"; process k has the GPU k.
        precision: as in `make_fabric`.

    Raises:
        ArgumentError: if the device is not available here.
        MissingDependencyError: if Fabric is not installed.
    """
    kind, fabric = check_device(device).type, fabric_class()
    home = fabric.__module__.rpartition(".")[0]
    environment = importlib.import_module(f"{home}.plugins.environments").LightningEnvironment()
    before = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = str(rank)  # tells Fabric that the processes are there already
    backend = "gloo" if kind == "cpu" else "nccl"
    torch.distributed.init_process_group(backend, f"file://{meeting}", rank=rank, world_size=processes)
    try:
        with quiet():
            made = fabric(
                accelerator=kind, devices=processes, strategy="ddp", plugins=[environment], precision=precision
            )
            made.launch()
        yield made
    finally:
        torch.distributed.destroy_process_group()
        os.environ.pop("LOCAL_RANK")
        if before is not None:
            os.environ["LOCAL_RANK"] = before
