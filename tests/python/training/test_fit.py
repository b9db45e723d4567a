"""`fit`: what it learns, how it stops, that it repeats itself, and what it refuses."""

from __future__ import annotations

import contextlib
import inspect
import math
import os
import signal

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset, TensorDataset

from intertwine import gspaces, nn, training
from intertwine.errors import (
    ArgumentError,
    ArgumentTypeError,
    ClassCountError,
    ClassCountWarning,
    IntertwineError,
    MissingHeadError,
    ModelFileError,
    ShapeError,
)

from ..contracts.cases import over


def points(n=96, seed=0):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] + x[:, 1] > 0).long()


def network(outputs=2):
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 16),
        torch.nn.BatchNorm1d(16),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(16, outputs),
    )


def timeless(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


class Pixels(torch.nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, outputs, 3, padding=1)

    def forward(self, x):
        return self.conv(x)


class TestLearning:
    def test_learns_classes_and_leaves_the_argument_alone(self):
        module = network()
        before = {k: v.clone() for k, v in module.state_dict().items()}
        result = training.fit(module, *points(), epochs=15, learn_rate=0.02, seed=1, validation=points(64, 9))
        assert result.stopped == "finished"
        assert result.history[-1]["accuracy"] > 0.9
        assert result.batches == 45
        assert result.epochs == 15
        assert result.n_classes == 2
        assert not result.module.training
        assert module.training
        assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
        assert all(p.grad is None for p in result.module.parameters())

    def test_history_has_a_row_for_each_epoch_and_split(self):
        history = training.fit(network(), *points(), epochs=2, validation=0.25, seed=0).history
        assert [(row["epoch"], row["split"]) for row in history] == [
            (1, "train"), (1, "validation"), (2, "train"), (2, "validation"),
        ]  # fmt: skip
        assert list(history[0]) == ["epoch", "split", "loss", "accuracy", "batches", "learn_rate", "seconds"]

    @pytest.mark.parametrize("shape", [(96,), (96, 1)])
    def test_learns_numbers(self, shape):
        x, _ = points()
        y = (x @ torch.tensor([1.0, -2.0, 0.5])).reshape(shape)
        result = training.fit(torch.nn.Linear(3, 1), x, y, epochs=60, learn_rate=0.05, seed=0)
        assert result.history[-1]["rmse"] < 0.05
        assert result.n_classes is None

    def test_learns_pixels(self):
        x = torch.rand(24, 1, 6, 6, generator=torch.Generator().manual_seed(0))
        y = (x[:, 0] > 0.5).long()
        result = training.fit(Pixels(2), x, y, epochs=30, batch_size=8, learn_rate=0.1, seed=0)
        assert result.history[-1]["accuracy"] > 0.95

    @pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd", "rmsprop", torch.optim.Adagrad])
    def test_optimizers(self, optimizer):
        history = training.fit(network(), *points(), epochs=6, optimizer=optimizer, weight_decay=1e-4, seed=0).history
        assert history[-1]["loss"] < history[0]["loss"]

    @pytest.mark.parametrize("schedule", ["constant", "cosine", "onecycle", lambda progress: 1 - progress])
    def test_schedules(self, schedule):
        history = training.fit(network(), *points(), epochs=4, schedule=schedule, seed=0).history
        rates = [row["learn_rate"] for row in history]
        assert rates[-1] == 1e-3 if schedule == "constant" else rates[-1] < rates[1]

    def test_images_of_eight_and_sixteen_bits_are_scaled(self):
        x = torch.randint(0, 256, (16, 1, 6, 6), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
        y = torch.zeros(16, 6, 6)
        scaled = training.predict(Pixels(1).requires_grad_(False), x)
        assert scaled.abs().max() < 3
        same = training.fit(Pixels(1), x, y, epochs=1, seed=0, metrics="mae").history
        wide = training.fit(Pixels(1), x.to(torch.int32).numpy().astype(np.uint16) * 257, y, epochs=1, seed=0)
        assert len(same) == len(wide.history) == 1

    def test_float64_and_precision(self):
        x, y = points()
        assert training.fit(network().double(), x, y, epochs=1, seed=0).module[0].weight.dtype == torch.float64
        assert training.fit(network(), x, y, epochs=1, seed=0, precision="bf16-mixed").stopped == "finished"

    def test_a_lone_last_sample_is_no_batch(self):
        assert training.fit(network(), *points(33), epochs=1, batch_size=16, seed=0).batches == 2


class TestWeightsAndMasks:
    def test_masked_targets_do_not_count(self):
        x, y = points(64)
        holes = y.clone()
        holes[::2] = training.IGNORE
        a = training.evaluate(network(), x, holes, na="mask")
        b = training.evaluate(network(), x[1::2], y[1::2])
        assert a == pytest.approx(b, rel=1e-5)

    def test_masked_measurements_give_finite_gradients(self):
        x, _ = points(64)
        y = x[:, :1].clone()
        y[::3] = math.nan
        result = training.fit(torch.nn.Linear(3, 1), x, y, na="mask", epochs=2, seed=0)
        assert all(math.isfinite(row["loss"]) for row in result.history)
        y[:] = math.nan
        everything = training.fit(torch.nn.Linear(3, 1), x, y, na="mask", epochs=1, seed=0)
        assert all(torch.isfinite(p).all() for p in everything.module.parameters())

    def test_class_weights_shift_the_choice(self):
        x, y = points(200)
        x = x * 0
        heavy = training.fit(network(), x, y, class_weights=[1.0, 50.0], epochs=20, learn_rate=0.05, seed=0)
        assert training.predict(heavy.module, x, type="class").float().mean() == 1

    def test_balanced_weights_are_those_of_the_definition(self):
        from intertwine.training.measure.losses import resolve_class_weights

        weights = resolve_class_weights("balanced", torch.tensor([30, 10]), 2)
        assert weights.tolist() == pytest.approx([40 / 60, 2.0])


class TestRepeats:
    def test_same_seed_same_history(self):
        runs = [training.fit(network(), *points(), epochs=3, validation=0.2, seed=5) for _ in range(2)]
        assert timeless(runs[0].history) == timeless(runs[1].history)
        assert all(torch.equal(a, b) for a, b in zip(runs[0].module.parameters(), runs[1].module.parameters()))

    def test_other_seed_other_history(self):
        a, b = (training.fit(network(), *points(), epochs=1, seed=seed).history for seed in (1, 2))
        assert timeless(a) != timeless(b)

    def test_the_global_generators_are_left_alone(self):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002 - the point is that nothing reads it
        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 2))
        torch.set_rng_state(before[0])
        training.fit(module, *points(), epochs=1, seed=0)
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002

    def test_without_a_seed_the_global_generator_governs(self):
        histories = []
        for _ in range(2):
            module = network()
            torch.manual_seed(7)
            histories.append(timeless(training.fit(module, *points(), epochs=1).history))
        assert histories[0] == histories[1]

    def test_a_generator_does_the_same_as_its_seed(self):
        generator = torch.Generator().manual_seed(4)
        a = training.fit(network(), *points(), epochs=1, generator=generator)
        b = training.fit(network(), *points(), epochs=1, seed=4)
        assert timeless(a.history) == timeless(b.history)

    def test_resumed_training_is_the_same_as_unbroken_training(self, tmp_path):
        whole = training.fit(network(), *points(), epochs=4, seed=1)
        stop = {"on_epoch": lambda row: row["epoch"] < 2}
        first = training.fit(network(), *points(), epochs=4, seed=1, checkpoint=tmp_path, **stop)
        assert first.stopped == "callback"
        rest = training.fit(network(), *points(), epochs=4, checkpoint=tmp_path, resume=True)
        assert timeless(rest.history) == timeless(whole.history)

    def test_a_checkpoint_that_is_no_checkpoint(self, tmp_path):
        (tmp_path / "last.ckpt").write_bytes(b"no checkpoint")
        with pytest.raises(ModelFileError, match="resume"):
            training.fit(network(), *points(), epochs=1, seed=1, checkpoint=tmp_path, resume=True)


class TestStops:
    @pytest.mark.parametrize("after", range(1, 21))
    def test_on_batch_stops_at_any_batch(self, after):
        seen = []
        result = training.fit(
            network(),
            *points(),
            epochs=4,
            batch_size=16,
            seed=0,
            on_batch=lambda e: seen.append(e) or len(seen) < after,
        )
        assert result.stopped == "callback"
        assert result.batches == len(seen) == after
        assert sum(row["batches"] for row in result.history) == after
        assert seen[-1]["epoch"] == (after - 1) // 6 + 1
        assert training.predict(result.module, points()[0]).isfinite().all()

    def test_the_same_weights_as_at_that_batch(self):
        """A stop leaves the weights of the last whole step, whatever comes after it."""
        a, b = (
            training.fit(network(), *points(), epochs=1, batch_size=16, seed=0, on_batch=lambda e: e["batch"] < 3)
            for _ in range(2)
        )
        assert torch.equal(a.module[0].weight, b.module[0].weight)

    def test_keyboard_interrupt_raised_inside(self):
        class Interrupting(torch.nn.Linear):
            calls = 0

            def forward(self, x):
                type(self).calls += 1
                if self.training and type(self).calls > 6:
                    raise KeyboardInterrupt
                return super().forward(x)

        result = training.fit(Interrupting(3, 2), *points(), epochs=5, batch_size=32, seed=0)
        assert result.stopped == "interrupted"
        assert result.history[-1]["batches"] >= 1

    def test_ctrl_c_waits_for_the_batch_and_gives_the_handler_back(self):
        before = signal.getsignal(signal.SIGINT)

        def press(event):
            if event["batch"] == 2:
                os.kill(os.getpid(), signal.SIGINT)

        result = training.fit(network(), *points(), epochs=5, batch_size=16, seed=0, on_batch=press)
        assert result.stopped == "interrupted"
        assert result.batches == 2
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_handler_of_the_host_program_is_left_alone(self):
        pressed = []
        before = signal.signal(signal.SIGINT, lambda *args: pressed.append(args))
        try:
            result = training.fit(
                network(), *points(), epochs=1, seed=0, on_batch=lambda e: os.kill(os.getpid(), signal.SIGINT)
            )
        finally:
            signal.signal(signal.SIGINT, before)
        assert result.stopped == "finished"
        assert len(pressed) == 3

    def test_an_error_in_a_callback_is_the_users(self):
        def fail(event):
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError, match="mine"):
            training.fit(network(), *points(), epochs=1, on_batch=fail)

    def test_on_epoch_stops(self):
        result = training.fit(network(), *points(), epochs=9, seed=0, on_epoch=lambda row: row["epoch"] < 3)
        assert (result.stopped, result.epochs) == ("callback", 3)

    def test_patience_keeps_the_best_weights(self):
        x, y = points()
        result = training.fit(
            network(), x, y, epochs=50, learn_rate=0.05, seed=0, patience=2, validation=(x, 1 - y), batch_size=32
        )
        assert result.stopped == "early"
        losses = {row["epoch"]: row["loss"] for row in result.history if row["split"] == "validation"}
        assert result.best_epoch == min(losses, key=losses.__getitem__)
        assert training.evaluate(result.module, x, 1 - y)["loss"] == pytest.approx(losses[result.best_epoch], rel=1e-4)

    def test_a_loss_that_explodes_ends_the_training(self):
        x, _ = points()
        result = training.fit(torch.nn.Linear(3, 1), x, x[:, 0], optimizer="sgd", learn_rate=1e30, epochs=50, seed=0)
        assert result.stopped == "diverged"
        assert len(result.history) < 50


class TestDatasets:
    def test_map_style(self):
        x, y = points()
        a = training.fit(network(), TensorDataset(x, y), epochs=2, seed=0, validation=TensorDataset(x, y))
        assert a.history[-1]["split"] == "validation"
        assert a.batches == 6

    def test_stream(self):
        x, y = points(50)

        class Stream(IterableDataset):
            def __iter__(self):
                return iter(zip(x, y))

        events = []
        result = training.fit(network(), Stream(), epochs=2, batch_size=20, seed=0, on_batch=events.append)
        assert result.batches == 6
        assert events[0]["batches"] is None

    def test_bad_values_are_found_on_the_way(self):
        x, y = points(64)
        x[40, 1] = math.nan
        with pytest.raises(ArgumentError, match="NaN"):
            training.fit(network(), TensorDataset(x, y), epochs=1, seed=0)

    def test_a_fraction_of_a_data_set(self):
        x, y = points(40)
        history = training.fit(network(), TensorDataset(x, y), epochs=1, validation=0.25, batch_size=10, seed=0).history
        assert [row["batches"] for row in history] == [3, 1]


class TestAugment:
    def test_a_function_sees_each_batch(self):
        sizes = []

        def augment(x, y, generator):
            sizes.append(len(x))
            return x + 0.01 * torch.randn(x.shape, generator=generator), y

        runs = [training.fit(network(), *points(), epochs=2, seed=0, augment=augment) for _ in range(2)]
        assert sizes == [32] * 12
        assert timeless(runs[0].history) == timeless(runs[1].history)

    def test_rotations_turn_images_and_pixel_targets_together(self):
        x = torch.zeros(8, 1, 9, 9)
        x[:, :, 2:4, 4:7] = 1
        result = training.fit(
            Pixels(2), x, x[:, 0].long(), epochs=40, learn_rate=0.1, augment="rotations", seed=0, batch_size=8
        )
        assert result.history[-1]["accuracy"] > 0.95

    def test_unknown(self):
        with pytest.raises(ArgumentError, match="rotations"):
            training.fit(network(), *points(), augment="shears")


def nan_input():
    x, y = points()
    x[5, 0] = math.nan
    return x, y


BAD = {
    "length": (lambda: (points()[0], points()[1][:-1]), {}, ArgumentError, "96 samples in x, but 95"),
    "nan": (nan_input, {}, ArgumentError, "sample 5"),
    "empty": (lambda: (torch.zeros(0, 3), torch.zeros(0, dtype=torch.long)), {}, ArgumentError, "nothing"),
    "label": (lambda: (points()[0], points()[1] + 5), {}, ShapeError, "7 classes"),
    "negative": (lambda: (points()[0], points()[1] - 1), {}, ArgumentError, "count from 0"),
    "channels": (lambda: (points()[0][:, :2], points()[1]), {}, ShapeError, "cannot take x"),
    "no channel": (lambda: (points()[0][:, 0], points()[1]), {}, ShapeError, "channel"),
    "words": (lambda: (points()[0], ["a"] * 96), {}, ArgumentTypeError, "class numbers"),
    "no y": (lambda: (points()[0], None), {}, ArgumentError, "y is missing"),
    "whole numbers": (lambda: (points()[0].long(), points()[1]), {}, ArgumentTypeError, "scale"),
    "complex": (lambda: (points()[0] * 1j, points()[1]), {}, ArgumentTypeError, "scale"),
    "target shape": (lambda: (points()[0], torch.zeros(96, 3)), {}, ShapeError, "targets have shape"),
    "nan target": (lambda: (points()[0], torch.full((96, 2), math.nan)), {}, ArgumentError, "mask"),
    "epochs": (points, {"epochs": 0}, ArgumentError, "epochs"),
    "batch size": (points, {"batch_size": 2.5}, ArgumentError, "batch_size"),
    "optimizer": (points, {"optimizer": "magic"}, ArgumentError, "adam"),
    "rate": (points, {"learn_rate": -1.0}, ArgumentError, "learn_rate"),
    "loss": (points, {"loss": "magic"}, ArgumentError, "cross_entropy"),
    "loss of numbers": (points, {"loss": "mse"}, ArgumentError, "needs measurements"),
    "metric": (points, {"metrics": ["magic"]}, ArgumentError, "accuracy"),
    "metric kind": (points, {"metrics": "rmse"}, ArgumentError, "does not fit"),
    "schedule": (points, {"schedule": "magic"}, ArgumentError, "cosine"),
    "validation": (points, {"validation": 1.5}, ArgumentError, "fraction"),
    "validation shape": (points, {"validation": (torch.zeros(4, 2), [0, 1, 0, 1])}, ShapeError, "validation"),
    "weights": (points, {"class_weights": [1.0, 2.0, 3.0]}, ArgumentError, "class weights"),
    "device": (points, {"device": "abacus"}, ArgumentError, "abacus"),
    "precision": (points, {"precision": "7"}, ArgumentError, "precision"),
    "two seeds": (points, {"seed": 1, "generator": torch.Generator()}, ArgumentError, "seed"),
    "resume": (points, {"resume": True}, ArgumentError, "checkpoint"),
    "n_classes": (points, {"n_classes": 1}, ArgumentError, "1 classes"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_before_the_first_batch(case):
    make, options, kind, words = BAD[case]
    module = network()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    batches = []
    with pytest.raises(kind, match=words) as caught:
        training.fit(module, *make(), **{"epochs": 1, "on_batch": batches.append, **options})
    assert isinstance(caught.value, IntertwineError)
    assert not batches
    assert module.training
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


def test_only_modules_are_trained():
    with pytest.raises(ArgumentTypeError, match="torch module"):
        training.fit("net", *points())


def test_missing_engine(monkeypatch):
    import importlib

    from intertwine.errors import MissingDependencyError

    def absent(name, package=None):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingDependencyError, match="pip install"):
        training.fit(network(), *points(), epochs=1)


def test_nothing_is_written_to_the_console(capfd):
    training.fit(network(), *points(), epochs=1, seed=0)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == ""


def _in_one_process(fabric, folder):
    torch.set_num_threads(1)
    result = training.fit(torch.nn.Linear(3, 2), *points(), epochs=2, batch_size=16, seed=0, fabric=fabric)
    torch.save((timeless(result.history), result.module.state_dict()), folder / f"{fabric.global_rank}.pt")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_two_processes_train_one_network(tmp_path):
    lightning_fabric = pytest.importorskip("lightning_fabric")
    fabric = lightning_fabric.Fabric(accelerator="cpu", devices=2, strategy="ddp_fork")
    fabric.launch(_in_one_process, tmp_path)
    (a, weights_a), (b, weights_b) = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert a == b
    assert [row["batches"] for row in a] == [3, 3]
    assert all(torch.equal(weights_a[name], weights_b[name]) for name in weights_a)


def test_a_forgotten_head_and_other_numbers_of_classes_are_said() -> None:
    space = gspaces.rot2dOnR2(4)
    body = nn.SequentialModule(
        nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=2), 3),
        nn.GroupPooling(nn.field_type(space, regular=2)),
    )
    x, classes = torch.randn(6, 1, 5, 5), torch.tensor([0, 1, 2] * 2)
    for y in (classes, torch.randn(6)):
        with pytest.raises(MissingHeadError, match="3 x 3 places"):
            training.fit(body, x, y, epochs=1)
    labels = ["a", "b", "c"]
    flat = x.reshape(6, 25)
    with pytest.raises(ClassCountError, match="3 classes, but the module gives 2"):
        training.fit(torch.nn.Linear(25, 2), flat, classes, labels=labels, epochs=1)
    with pytest.warns(ClassCountWarning, match="last 2"):
        training.fit(torch.nn.Linear(25, 5), flat, classes, labels=labels, epochs=1)
    # without names, later data may hold more classes
    training.fit(torch.nn.Linear(25, 5), flat, classes, epochs=1)


STRANGE = ("a", [1], float("nan"), -1, True, object(), {})
ARGUMENTS = [name for name in inspect.signature(training.fit).parameters if name not in ("module", "x", "y", "fabric")]


@over("name", ARGUMENTS)
@over("value", STRANGE)
def test_strange_values_of_arguments_are_taken_or_refused_by_name(name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.suppress(IntertwineError):
        training.fit(network(), *points(), **{"epochs": 1, name: value})
