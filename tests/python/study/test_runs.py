"""Trainings of a study: written as they end, gone on with, on several processes, and what goes wrong in them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from intertwine import disk, study
from intertwine.errors import ArgumentError, CheckpointError, DataWarning, UnknownArgumentError
from intertwine.study.design import plan, samples, sources
from intertwine.study.runs import one_run, progress

from .small import SMALL, crosses, small, steady

HERE = Path(__file__).resolve()


@pytest.fixture(scope="module")
def whole():
    return small()


class Killed(BaseException):
    """Nothing of the library may catch it."""


def test_every_training_is_there_once_and_the_table_is_tidy(whole):
    table = whole.table()
    assert whole.stopped == "finished"
    assert {row["phase"] for row in table} == {"tuning", "race"}
    keys = [(row["candidate"], row["phase"], row["seed"], row["learn_rate"], row["transform"]) for row in table]
    assert len(keys) == len(set(keys))
    assert {row["status"] for row in table} == {"ok"}
    quarter = {(r["seed"], r["transform"]): r["test"] for r in table if r["candidate"] == "C4" and r["phase"] == "race"}
    for seed in (1, 2):
        assert quarter[seed, "as_is"] == pytest.approx(quarter[seed, "quarter_turns"], abs=0.11)
    exact = [row["equivariance_error"] for row in table if row["candidate"] == "C4"]
    assert max(exact) < 1e-5


def test_the_same_call_gives_the_same_table_and_repeats_nothing(whole, tmp_path, monkeypatch):
    first = small(folder=tmp_path)
    assert steady(first.table()) == steady(whole.table())
    monkeypatch.setattr(one_run, "_train", None)
    again = small(folder=tmp_path)
    assert again.table() == first.table()
    assert json.dumps(again.settings.plain()) == json.dumps(first.settings.plain())


def test_killed_at_any_write_it_goes_on_where_it_was(whole, tmp_path, monkeypatch):
    """The k-th file that is put in its place never is; then the same call again, until the study ends."""
    rng, writes, replace = np.random.default_rng(1), 0, os.replace
    while True:
        left = int(rng.integers(1, 12))

        def dying(source, target):
            nonlocal left, writes
            left, writes = left - 1, writes + 1
            if left == 0:
                raise Killed
            replace(source, target)

        monkeypatch.setattr(os, "replace", dying)
        try:
            result = small(folder=tmp_path)
            break
        except Killed:
            continue
    assert writes > 20
    assert steady(result.table()) == steady(whole.table())


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from small import small
study = small(folder=sys.argv[2], parallel=int(sys.argv[3]), on_progress=lambda event: print(event["event"], flush=True))
print("finished", flush=True)
"""


def killed_at_random(folder, parallel, moments, seed):
    """Starts the study in a process of its own and kills it at random moments; then lets it end."""
    rng, kills = np.random.default_rng(seed), 0
    while True:
        command = [sys.executable, "-c", PROGRAM, str(HERE.parent), str(folder), str(parallel)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert process.stdout is not None
        line = process.stdout.readline()
        if kills < moments and line.strip() != "finished":
            time.sleep(rng.uniform(0, 0.7))
            kills += process.poll() is None
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            continue
        text, _ = process.communicate(timeout=300)
        assert process.returncode == 0
        assert text.rstrip().endswith("finished") or line.strip() == "finished"
        return kills


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 2])
def test_killed_at_random_moments_the_table_is_the_same(whole, tmp_path, parallel):
    assert killed_at_random(tmp_path, parallel, 3, parallel) > 0
    assert steady(small(folder=tmp_path).table()) == steady(whole.table())


@pytest.mark.slow
def test_processes_give_the_same_table(whole, tmp_path):
    assert steady(small(parallel=2).table()) == steady(whole.table())


def test_other_data_and_settings_are_refused(tmp_path):
    small(folder=tmp_path, max_seeds=2, learn_rates=[0.01])
    x, y = crosses(seed=1)
    with pytest.raises(CheckpointError, match="x holds other values"):
        study.symmetry_study(x, y, **{**SMALL, "max_seeds": 2, "learn_rates": [0.01]}, folder=tmp_path)
    with pytest.raises(CheckpointError, match="epochs was 2 and is 3 now"):
        small(folder=tmp_path, max_seeds=2, learn_rates=[0.01], epochs=3)
    more = small(folder=tmp_path, max_seeds=3, learn_rates=[0.01])
    assert more.stopped == "finished"


def test_a_full_disk_is_said_and_finished_trainings_are_kept(whole, tmp_path, monkeypatch):
    written, write = [], disk.write_whole

    def full(path, data, what="model file"):
        written.append(path)
        if len(written) > 9:
            monkeypatch.setattr(os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
        write(path, data, what)

    monkeypatch.setattr(study.runs.store, "write_whole", full)
    with pytest.warns(DataWarning, match="No space left"):
        result = small(folder=tmp_path)
    assert result.stopped == "disk"
    monkeypatch.undo()
    kept = len(list((tmp_path / "runs").glob("*.json")))
    assert kept == 3
    assert steady(small(folder=tmp_path).table()) == steady(whole.table())


def test_damaged_files_are_said_and_made_again(whole, tmp_path):
    small(folder=tmp_path)
    files = sorted((tmp_path / "runs").glob("*"))
    cut, changed = [next(f for f in files if f.suffix == end) for end in (".json", ".npz")]
    cut.write_bytes(cut.read_bytes()[:40])
    files[-1].write_bytes(b"")
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    with pytest.warns(DataWarning, match="damaged"):
        again = small(folder=tmp_path)
    assert steady(again.table()) == steady(whole.table())


def test_a_stop_keeps_what_was_done(tmp_path):
    events = []

    def stop(event):
        events.append(event)
        return len([e for e in events if e["event"] == "run"]) < 4

    result = small(folder=tmp_path, on_progress=stop)
    assert result.stopped == "callback"
    assert len(result.results.results) == 4
    runs = [event for event in events if event["event"] == "run"]
    assert [event["done"] for event in runs] == [1, 2, 3, 4]
    assert runs[-1]["left"] == 2
    assert runs[-1]["seconds_left"] > 0
    assert small(time_limit=1e-6).stopped == "time"


@pytest.mark.parametrize("end", ["callback", "interrupted"])
def test_a_training_that_is_stopped_does_not_count(whole, tmp_path, monkeypatch, end):
    monkeypatch.setattr(progress, "_OFTEN", 0.0)
    seen = []

    def stop(event):
        seen.append(event["event"])
        if seen.count("run") == 2 and seen[-3:] == ["alive"] * 3:  # before the third training, and after its batches
            if end == "callback":
                return False
            signal.raise_signal(signal.SIGINT)
        return True

    result = small(folder=tmp_path, on_progress=stop)
    assert result.stopped == end
    assert [run.status for run in result.results.results.values()] == ["ok", "ok"]
    assert steady(small(folder=tmp_path).table()) == steady(whole.table())


class Lazy(torch.utils.data.Dataset):
    """Pairs that are made when they are asked for; it counts how many of its samples are held at once."""

    def __init__(self, x, y):
        self.x, self.y, self.held, self.most = x, y, 0, 0

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        found = self.x[index].clone()
        self.held += 1
        self.most = max(self.most, self.held)
        weakref.finalize(found, self._let_go)
        return found, self.y[index]

    def _let_go(self):
        self.held -= 1


FEW = 20


@pytest.fixture(scope="module")
def sample_by_sample():
    """A study of data in memory whose networks learn from samples that are taken one by one, in the order of that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_run, "IN_MEMORY", 0)
        return small(max_seeds=2, learn_rates=[0.01])


def scores(result):
    columns = ("candidate", "seed", "transform", "validation", "test", "n_test", "train_size")
    return [[row[column] for column in columns] for row in result.table()]


@pytest.mark.parametrize("form", ["data set", "file", "grey file", "mapped", "mapped, read only", "part of a file"])
def test_data_beyond_the_limits_are_read_a_few_at_a_time(sample_by_sample, tmp_path, monkeypatch, form):
    x, y = crosses()
    for module in (plan, sources, one_run):
        monkeypatch.setattr(module, "IN_MEMORY", 0)
    monkeypatch.setattr(samples, "AT_ONCE", FEW * 4 * x[0].numel())
    taken = []
    take = samples.ArraySamples.take
    monkeypatch.setattr(samples.ArraySamples, "take", lambda self, n: taken.append(len(n)) or take(self, n))
    path = tmp_path / "x.npy"
    np.save(path, x[:, 0] if form == "grey file" else x)
    lazy = Lazy(x, y)
    given = {
        "mapped": lambda: np.load(path, mmap_mode="c"),
        "mapped, read only": lambda: np.load(path, mmap_mode="r"),
        "part of a file": lambda: np.load(path, mmap_mode="c")[:],
    }.get(form, lambda: path)()
    changes = {"max_seeds": 2, "learn_rates": [0.01], "folder": tmp_path / "study"}
    settings = {**SMALL, **changes}
    found = study.symmetry_study(*((lazy,) if form == "data set" else (given, y)), **settings)
    assert found.stopped == "finished"
    assert {run.status for run in found.results.results.values()} == {"ok"}
    assert lazy.most <= FEW if form == "data set" else max(taken) <= FEW
    assert scores(found) == scores(sample_by_sample)


def test_ctrl_c_ends_with_what_there_is():
    def press(event):
        if event["event"] == "run" and event["done"] == 3:
            signal.raise_signal(signal.SIGINT)

    result = small(on_progress=press)
    assert result.stopped == "interrupted"
    assert len(result.results.results) == 3


def plain_or_bad(schedule, width):
    """A builder whose networks for D1 cannot train, and whose plain network diverges."""
    layers = [torch.nn.Flatten(), torch.nn.Linear(81, 2)]
    if schedule == ("D1",):
        layers.insert(1, Fails())
    if schedule is None:
        layers.append(Grows())
    return torch.nn.Sequential(*layers)


class Fails(torch.nn.Module):
    def forward(self, x):
        if self.training:
            raise RuntimeError("it does not work")
        return x


class Grows(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += self.training
        return x if self.calls < 3 or not self.training else x * float("nan")


def test_what_fails_or_diverges_ends_nothing():
    result = small(
        backbone=plain_or_bad,
        backbone_options={},
        schedules=["C4", "D1", "C2"],
        depth=1,
        budget={"width": 1},
        max_seeds=2,
    )
    status = {row["candidate"]: (row["status"], row["message"]) for row in result.table()}
    assert status["C4"][0] == "ok"
    assert status["D1"] == ("failed", "RuntimeError: it does not work")
    assert status["plain"][0] == "diverged"
    assert "not finite" in status["plain"][1]
    outcomes = result.outcomes()
    assert list(outcomes.failed) == ["D1"]
    assert outcomes.seeds("plain") == 2
    assert {verdict.candidate for verdict in result.verdicts()} | {result.leader()} == {"C4", "C2", "plain"}


def test_update_adds_trainings_and_fit_best_trains_the_winner():
    first = small(time_limit=1e-6).update(time_limit=None, max_seeds=2)
    more = first.update(max_seeds=3)
    assert first.stopped == more.stopped == "finished"
    assert steady(more.table())[: len(first.table())] == steady(first.table())
    with pytest.raises(UnknownArgumentError, match="max_seeds"):
        first.update(max_seed=4)
    fitted = first.fit_best(epochs=1)
    assert fitted.samples == len(first.data.pool)


@pytest.mark.slow
def test_a_worker_of_dask_that_dies_is_replaced(whole, tmp_path):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed = []

        def kill(event):
            if event["event"] == "run" and event["done"] == 2 and not killed:
                killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        result = small(executor=client.get_executor(), folder=tmp_path, on_progress=kill)
    assert killed
    assert steady(result.table()) == steady(whole.table())


@pytest.mark.slow
def test_a_training_that_kills_its_worker_three_times_has_failed():
    parent = os.getpid()

    def dies_in_workers(schedule, width):
        if os.getpid() != parent and schedule == ("D1",):
            os.kill(os.getpid(), signal.SIGKILL)
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(81, 2))

    changes = {"backbone_options": {}, "depth": 1, "budget": {"width": 1}, "max_seeds": 2, "learn_rates": [0.01]}
    result = small(backbone=dies_in_workers, parallel=2, **changes)
    status = {row["candidate"]: row["status"] for row in result.table()}
    assert status == {"C4": "ok", "D1": "failed", "plain": "ok"}
    assert np.isfinite([row["test"] for row in result.table() if row["status"] == "ok"]).all()


def linear(schedule, width):
    """A network without batch normalisation, which takes its statistics from the share of each device."""
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(81, 2))


@pytest.mark.slow
def test_a_training_that_two_devices_share_is_that_of_one(tmp_path):
    settings = {
        "backbone": linear, "backbone_options": {}, "schedules": ["C4"], "rivals": ["plain"], "depth": 1,
        "budget": {"width": 1}, "max_seeds": 2, "learn_rates": [0.01], "batch_size": 16, "metric": "loss",
    }  # fmt: skip
    alone, shared = small(**settings), small(**settings, devices=2, folder=tmp_path)
    assert shared.stopped == "finished"
    for one, two in zip(alone.table(), shared.table(), strict=True):
        assert (two["status"], two["message"]) == ("ok", "")
        assert two["test"] == pytest.approx(one["test"], abs=1e-5)


def test_devices_share_whole_batches_and_start_together():
    with pytest.raises(ArgumentError, match="3 devices cannot share"):
        small(devices=3)
    with ThreadPoolExecutor(2) as executor, pytest.raises(ArgumentError, match="2 processes of one training at once"):
        small(devices=2, executor=executor)
