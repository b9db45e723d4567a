"""A checkpoint belongs to one run: what it refuses, what it survives, and that nothing is different afterwards."""

from __future__ import annotations

import errno
import functools
import math
import os
import re
import shutil
import signal
import threading

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset

from intertwine import disk, gspaces, nn, training
from intertwine.errors import ArgumentError, CheckpointError, IntertwineError, SampleError
from intertwine.training.data.identity import describe, differences, digest, identity_of_module
from intertwine.training.engine import checkpoint as checkpoints


def points(n=48, seed=0):
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed))
    return x, (x[:, 0] + x[:, 1] > 0).long()


def network(width=8, *, dropout=0.2, activation=torch.nn.ReLU, extra=False, norm=torch.nn.BatchNorm1d, bias=True):
    """A network with other weights each time, as a program that is started again has them."""
    layers = [
        torch.nn.Linear(3, width),
        norm(width),
        activation(),
        torch.nn.Dropout(dropout),
        torch.nn.Linear(width, 2, bias=bias),
    ]
    return torch.nn.Sequential(*layers, *([torch.nn.Linear(2, 2)] if extra else []))


def with_buffer(name, value):
    module = network()
    module.register_buffer(name, value)
    return module


def changed(module, change):
    change(module)
    return module


def steerable(kernel_size=3, **options):
    space = gspaces.rot2dOnR2(N=4)
    image = nn.FieldType(space, [space.trivial_repr])
    hidden = nn.FieldType(space, [space.regular_repr])
    return nn.SequentialModule(nn.R2Conv(image, hidden, kernel_size=kernel_size, **options), nn.HeadClasses(hidden, 2))


def timeless(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def same(a, b):
    """Weights, history and best epoch, bit by bit."""
    assert repr(timeless(a.history)) == repr(timeless(b.history))  # for NaN is equal to nothing
    assert a.best_epoch == b.best_epoch
    assert a.batches == b.batches
    one, two = a.module.state_dict(), b.module.state_dict()
    assert one.keys() == two.keys()
    for name in one:
        assert torch.equal(one[name], two[name]), name


def loss_of(power):
    return lambda output, target: torch.nn.functional.cross_entropy(output, target) ** power


def noisy(strength):
    return lambda x, y, generator: (x + strength * torch.randn(x.shape, generator=generator), y)


BASE = {"epochs": 2, "batch_size": 16, "seed": 1, "validation": 0.25, "labels": ("no", "yes")}


def data(change=None):
    x, y = points()
    if change is not None:
        change(x, y)
    return x, y


def set_at(which, index, value):
    def change(x, y):
        (x if which == "x" else y)[index] = value

    return change


# name: (module, data, options, words of the refusal)
MISMATCHES = {
    "one pixel of x": (network, lambda: data(set_at("x", (40, 2), 0.5)), {}, "x holds other values"),
    "the order of the samples": (network, lambda: tuple(t.flip(0) for t in points()), {}, "x holds other values"),
    "one more sample": (network, lambda: points(49), {}, r"x\.shape was \(48, 3\) and is \(49, 3\)"),
    "the dtype of x": (network, lambda: (points()[0].double(), points()[1]), {}, r"x\.dtype was float32 and is float64"),
    "one target": (network, lambda: data(set_at("y", 7, 1 - points()[1][7])), {}, "y holds other values"),
    "a data set in place of tensors": (network, lambda: (TensorDataset(*points()), None), {}, "x.class was nothing"),
    "other labels": (network, data, {"labels": ("yes", "no")}, "labels was"),
    "no labels": (network, data, {"labels": None}, "labels was .* and is None"),
    "wider layers": (lambda: network(9), data, {}, r"state\.0\.weight was parameter \(8, 3\)"),
    "one more layer": (lambda: network(extra=True), data, {}, r"module\.5 was nothing and is torch"),
    "one layer less": (lambda: torch.nn.Sequential(*network()[:3], network()[4]), data, {},
                       r"module\.4 was .* and is nothing"),
    "no bias": (lambda: network(bias=False), data, {}, r"state\.4\.bias was .* and is nothing"),
    "another activation": (lambda: network(activation=torch.nn.ELU), data, {}, r"module\.2 was .*ReLU.* and is .*ELU"),
    "other dropout": (lambda: network(dropout=0.3), data, {}, r"module\.3 was .*p=0.2.* and is .*p=0.3"),
    "other statistics": (lambda: network(norm=torch.nn.LayerNorm), data, {},
                         r"state\.1\.running_mean was buffer \(8,\) float32 and is nothing"),
    "another epsilon": (lambda: changed(network(), lambda m: setattr(m[1], "eps", 1e-3)), data, {}, "eps=1e-05"),
    "a buffer more": (lambda: with_buffer("scale", torch.ones(3)), data, {}, r"state\.scale was nothing"),
    "a frozen layer": (lambda: changed(network(), lambda m: m[0].requires_grad_(False)), data, {}, "is frozen"),
    "a layer in eval mode": (lambda: changed(network(), lambda m: m[1].eval()), data, {}, r"eval mode was \[\] and is \['1'\]"),
    "another class of module": (lambda: steerable(), lambda: (torch.rand(48, 1, 5, 5), points()[1]), {}, "R2Conv"),
    "the precision of the weights": (lambda: network().double(), data, {}, "float64"),
    "batch_size": (network, data, {"batch_size": 12}, "batch_size was 16 and is 12"),
    "seed": (network, data, {"seed": 2}, "seed was 1 and is 2"),
    "a generator of another seed": (network, data, {"seed": None, "generator": torch.Generator().manual_seed(3)}, "seed"),
    "the held-out part": (network, data, {"validation": 0.5}, "validation was 0.25 and is 0.5"),
    "no validation": (network, data, {"validation": None}, "validation was 0.25 and is None"),
    "data for validation": (network, data, {"validation": points(9, 5)}, "validation was 0.25 and is data of its own"),
    "optimizer": (network, data, {"optimizer": "sgd"}, "optimizer was .*Adam and is .*SGD"),
    "an optimizer of one's own": (network, data, {"optimizer": functools.partial(torch.optim.Adam, betas=(0.5, 0.9))},
                                  r"optimizer\.betas was \[0\.9, 0\.999\] and is \[0\.5"),
    "learn_rate": (network, data, {"learn_rate": 0.01}, "learn_rate was 0.001 and is 0.01"),
    "weight_decay": (network, data, {"weight_decay": 0.1}, "weight_decay was 0.* and is 0.1"),
    "schedule": (network, data, {"schedule": "cosine"}, "schedule was 'constant' and is 'cosine'"),
    "loss": (network, data, {"loss": loss_of(1)}, "loss was None and is function"),
    "metrics": (network, data, {"metrics": []}, "metrics was None"),
    "class_weights": (network, data, {"class_weights": "balanced"}, "class_weights was None"),
    "augment": (network, data, {"augment": noisy(0.1)}, "augment was None"),
    "clip_norm": (network, data, {"clip_norm": 1.0}, "clip_norm was None and is 1.0"),
    "na": (network, data, {"na": "mask"}, "na was 'error' and is 'mask'"),
    "precision": (network, data, {"precision": "bf16-mixed"}, "precision was .* and is bf16-mixed"),
    "a module that was trained before": (lambda: training.fit(network(), *data(), **BASE), data, {}, "epochs before was 0"),
}  # fmt: skip


@pytest.fixture(scope="module", name="written")
def fixture_written(tmp_path_factory):
    """A checkpoint after two epochs."""
    folder = tmp_path_factory.mktemp("run")
    training.fit(network(), *data(), **BASE, checkpoint=folder)
    return folder


@pytest.mark.parametrize("case", MISMATCHES)
def test_what_differs_is_refused_by_name(case, written, tmp_path):
    module, samples, options, words = MISMATCHES[case]
    folder = shutil.copytree(written, tmp_path / "run")
    before = (folder / checkpoints.FILE).read_bytes()
    seen = []
    with pytest.raises(CheckpointError, match="belongs to another run") as caught:
        training.fit(
            module(),
            *samples(),
            **{**BASE, "epochs": 4, "resume": True, **options},
            checkpoint=folder,
            on_batch=seen.append,
        )
    assert re.search(words, "; ".join(caught.value.differences))
    assert caught.value.differences[0] in str(caught.value)
    assert "another folder" in str(caught.value)
    assert not seen
    assert (folder / checkpoints.FILE).read_bytes() == before


SAME = {
    "nothing": {},
    "more epochs": {"epochs": 3},
    "fewer epochs": {"epochs": 1},
    "no seed": {"seed": None},
    "a generator of the same seed": {"seed": None, "generator": lambda: torch.Generator().manual_seed(1)},
    "patience": {"patience": 3, "min_delta": 0.1},
    "callbacks": {"on_epoch": print, "on_batch": lambda event: None},
    "labels as a list": {"labels": ["no", "yes"]},
    "the usual learning rate by its number": {"learn_rate": 1e-3},
}


@pytest.mark.parametrize("case", SAME)
def test_what_does_not_matter_is_not_refused(case, written, tmp_path):
    folder = shutil.copytree(written, tmp_path / "run")
    options = {name: value() if name == "generator" else value for name, value in SAME[case].items()}
    result = training.fit(network(), *data(), **{**BASE, "resume": True, **options}, checkpoint=folder)
    assert result.epochs == max(2, options.get("epochs", 2))
    assert result.seed == 1
    assert result.labels == ("no", "yes")


def test_settings_that_are_functions_are_known_by_what_they_do():
    assert describe(loss_of(1)) == describe(loss_of(1)) != describe(loss_of(2))
    assert describe(functools.partial(noisy, 1)) != describe(functools.partial(noisy, 2))
    assert describe(torch.nn.CrossEntropyLoss()) == describe(torch.nn.CrossEntropyLoss())
    weighted = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0]))
    assert describe(torch.nn.CrossEntropyLoss()) != describe(weighted)
    assert describe(torch.nn.CrossEntropyLoss()) != describe(torch.nn.CrossEntropyLoss(label_smoothing=0.1))


@pytest.mark.parametrize(
    "options",
    [{"kernel_size": 5}, {"bias": False}, {"padding": 1}, {"padding": 1, "padding_mode": "circular"}, {"stride": 2}],
    ids=str,
)
def test_equivariant_layers_are_known_by_their_arguments(options):
    assert not differences(identity_of_module(steerable()), identity_of_module(steerable()))
    assert differences(identity_of_module(steerable()), identity_of_module(steerable(**options)))


def test_evaluating_a_module_does_not_make_it_another_one():
    module = steerable()
    before = identity_of_module(module)
    training.predict(module, torch.rand(2, 1, 5, 5))
    assert identity_of_module(module) == before


class TestDataOfAllKinds:
    """Data sets are known again, in another process too, and told apart."""

    def refused(self, tmp_path, one, two, words=None, **options):
        run = {"epochs": 1, "seed": 0, "batch_size": 4, "checkpoint": tmp_path / "run"}
        module = options.pop("module", network)
        training.fit(module(), one(), **run, **options)
        again = training.fit(module(), one(), **run, **options, resume=True)
        assert again.epochs == 1
        with pytest.raises(CheckpointError, match=words):
            training.fit(module(), two(), **run, **options, resume=True)

    def test_tensors_in_a_data_set(self, tmp_path):
        other = points(12)[0].clone()
        other[5, 1] += 1
        self.refused(
            tmp_path,
            lambda: TensorDataset(*points(12)),
            lambda: TensorDataset(other, points(12)[1]),
            "x holds other values",
        )

    def test_parts_of_a_data_set(self, tmp_path):
        whole = TensorDataset(*points(12))
        self.refused(
            tmp_path, lambda: Subset(whole, range(8)), lambda: Subset(whole, range(4, 12)), "x holds other values"
        )

    def test_data_sets_one_after_the_other(self, tmp_path):
        a, b = TensorDataset(*points(6)), TensorDataset(*points(6, 1))
        self.refused(tmp_path, lambda: ConcatDataset([a, b]), lambda: ConcatDataset([b, a]), "x holds other values")

    def test_a_data_set_of_the_users(self, tmp_path):
        class Mine(Dataset):
            def __init__(self, shift, n=12):
                self.shift, self.n = shift, n

            def __len__(self):
                return self.n

            def __getitem__(self, index):
                return points(12)[0][index] + self.shift, points(12)[1][index]

        self.refused(tmp_path, lambda: Mine(0), lambda: Mine(1), "x holds other values")
        shutil.rmtree(tmp_path / "run")
        self.refused(tmp_path, lambda: Mine(0), lambda: Mine(0, n=11), r"x\.samples was 12 and is 11")

    def test_samples_that_are_changed_at_random(self, tmp_path):
        class Noisy(Dataset):
            def __init__(self, size):
                self.size = size

            def __len__(self):
                return 12

            def __getitem__(self, index):
                noise = np.random.default_rng().normal(size=self.size)  # seeded by the system
                return torch.as_tensor(noise, dtype=torch.float32), torch.tensor(index % 2)

        self.refused(
            tmp_path,
            lambda: Noisy(3),
            lambda: Noisy(4),
            "x holds other values",
            module=Anything,
        )

    def test_the_global_generators_are_left_alone(self):
        from intertwine.training.data.batches import DatasetSource
        from intertwine.training.data.identity import identity_of_source

        before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
        identity_of_source("x", DatasetSource(Subset(TensorDataset(*points(4)), [0])))
        assert torch.equal(before[0], torch.get_rng_state())
        assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002

    def test_a_stream(self, tmp_path):
        class Stream(IterableDataset):
            def __init__(self, seed):
                self.seed = seed

            def __iter__(self):
                return iter(zip(*points(12, self.seed)))

        self.refused(tmp_path, lambda: Stream(0), lambda: Stream(1), "x holds other values")

    @pytest.mark.parametrize("change", ["renamed", "changed", "removed", "added", "moved to another class"])
    def test_a_folder_of_images(self, tmp_path, change):
        image = pytest.importorskip("PIL.Image")
        folder = tmp_path / "images"
        for number in range(8):
            place = folder / "ab"[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            image.fromarray(np.full((5, 5), 20 * number, np.uint8)).save(place / f"{number}.png")

        def other():
            first = folder / "a" / "2.png"
            if change == "renamed":
                first.rename(folder / "a" / "3.png")
            elif change == "changed":  # by one pixel, so that the size stays as it is
                about = first.stat()
                image.fromarray(np.full((5, 5), 41, np.uint8)).save(first)
                os.utime(first, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
            elif change == "removed":
                first.unlink()
            elif change == "added":
                shutil.copy(first, folder / "a" / "9.png")
            else:
                first.rename(folder / "b" / "2.png")
            return training.ImageFolder(folder)

        self.refused(
            tmp_path,
            lambda: training.ImageFolder(folder),
            other,
            "x",
            module=lambda: torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25, 2)),
        )

    def test_a_folder_that_was_moved_as_a_whole_is_the_same(self, tmp_path):
        image = pytest.importorskip("PIL.Image")
        for name in "ab":
            (tmp_path / "images" / name).mkdir(parents=True)
            image.fromarray(np.full((5, 5), 20, np.uint8)).save(tmp_path / "images" / name / "1.png")
        before = training.ImageFolder(tmp_path / "images").fingerprint()
        (tmp_path / "images").rename(tmp_path / "moved")
        assert training.ImageFolder(tmp_path / "moved").fingerprint() == before

    def test_of_what_is_larger_than_memory_blocks_are_read(self, monkeypatch):
        from intertwine.training.data import identity

        monkeypatch.setattr(identity, "WHOLE", 1 << 12)
        monkeypatch.setattr(identity, "BLOCKS", 8)
        big = torch.arange(40_000, dtype=torch.float32).reshape(10_000, 4)
        read = list(identity._blocks(big))
        assert 7 <= len(read) <= 8
        assert torch.equal(read[0][0], big[0])
        assert torch.equal(read[-1][-1], big[-1])
        other = big.clone()
        other[0, 0] = 7
        assert digest([big]) == digest([big.clone()]) != digest([other])

    @pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.bfloat16, torch.float64])
    def test_digests_of_all_types(self, dtype):
        one = torch.tensor([[0, 1], [1, 0]]).to(dtype)
        assert digest([one]) == digest([one.clone()]) == digest([one.t().contiguous().t()]) != digest([1 - one.float()])


class Anything(torch.nn.Module):
    """Takes any number of inputs."""

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(1, 2)

    def forward(self, x):
        return self.head(x.mean(1, keepdim=True))


class TestJudgedIsSaved:
    """The state that is judged is the state that is saved, and the one that callbacks find."""

    def run(self, folder=None, **options):
        # two epochs get better, then all get worse: the best one is known beforehand
        x, y = points()
        given = {"epochs": 8, "batch_size": 16, "seed": 0, "learn_rate": 0.05, "validation": (x[:16], 1 - y[:16])}
        return training.fit(network(), x, y, **{**given, "checkpoint": folder, **options})

    def best_of(self, result):
        losses = {row["epoch"]: row["loss"] for row in result.history if row["split"] == "validation"}
        return min(losses, key=losses.__getitem__)

    def loss_of(self, result):
        x, y = points()
        return training.evaluate(result.module, x[:16], 1 - y[:16])["loss"]

    @pytest.mark.parametrize("stop", [1, 2, 3])
    def test_a_callback_that_stops_at_the_best_epoch_gives_its_weights(self, stop):
        torch.manual_seed(0)
        result = self.run(patience=5, on_epoch=lambda row: row["epoch"] < stop)
        assert result.stopped == "callback"
        best = self.best_of(result)
        assert result.best_epoch == best
        losses = {row["epoch"]: row["loss"] for row in result.history if row["split"] == "validation"}
        assert self.loss_of(result) == pytest.approx(losses[best], rel=1e-6)

    def test_callbacks_find_the_state_that_they_hear_of_in_the_folder(self, tmp_path):
        def look(row):
            saved = checkpoints.Checkpoint(tmp_path).read()
            assert saved["state"]["epoch"] == row["epoch"]
            assert saved["state"]["history"][-1]["loss"] == row["loss"]
            assert saved["state"]["best"] <= row["loss"]
            assert (saved["best"] is None) == (saved["state"]["best_epoch"] == row["epoch"])

        torch.manual_seed(0)
        self.run(tmp_path, patience=20, on_epoch=look)

    @pytest.mark.parametrize("stop", [1, 2, 3, 4])
    def test_resuming_keeps_the_best_weights(self, tmp_path, stop):
        torch.manual_seed(0)
        whole = self.run(patience=2)
        assert whole.stopped == "early"
        torch.manual_seed(0)
        self.run(tmp_path, patience=2, on_epoch=lambda row: row["epoch"] < stop)
        again = self.run(tmp_path, patience=2, resume=True)
        same(whole, again)
        assert again.stopped == "early"

    @pytest.mark.parametrize("patience", [None, 2])
    def test_resuming_a_finished_run_changes_nothing(self, tmp_path, patience):
        first = self.run(tmp_path, patience=patience)
        path = tmp_path / checkpoints.FILE
        before = path.read_bytes(), path.stat().st_mtime_ns
        batches = []
        again = self.run(tmp_path, patience=patience, resume=True, on_batch=batches.append)
        same(first, again)
        assert (again.stopped, again.seconds > 0) == (first.stopped, True)
        assert not batches
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before

    def test_more_epochs_go_on(self, tmp_path):
        torch.manual_seed(0)
        whole = self.run(epochs=5)
        torch.manual_seed(0)
        self.run(tmp_path, epochs=2)
        same(whole, self.run(tmp_path, epochs=5, resume=True))

    def test_more_patience_goes_on(self, tmp_path):
        torch.manual_seed(0)
        whole = self.run(patience=4)
        torch.manual_seed(0)
        assert self.run(tmp_path, patience=1).stopped == "early"
        same(whole, self.run(tmp_path, patience=4, resume=True))

    def test_no_held_out_sample_is_ever_trained_on(self, tmp_path):
        seen = []

        def look(x, y, generator):
            seen.append(x.clone())
            return x, y

        x, y = points()
        options = {"batch_size": 12, "validation": 0.25, "augment": look, "checkpoint": tmp_path}
        training.fit(network(), x, y, **options, epochs=1, seed=3)
        torch.manual_seed(17)
        result = training.fit(network(), x, y, **options, epochs=3, resume=True)
        options.pop("checkpoint")
        training.fit(result, x, y, epochs=2, seed=5)
        assert len(torch.unique(torch.cat(seen), dim=0)) == 36

    def test_one_seed_for_the_whole_run(self, tmp_path):
        torch.manual_seed(0)
        whole = self.run(epochs=4, seed=None)
        torch.manual_seed(0)
        self.run(tmp_path, epochs=2, seed=None)
        torch.manual_seed(99)
        same(whole, self.run(tmp_path, epochs=4, seed=None, resume=True))


class Explodes(torch.nn.Module):
    """A network whose loss or gradient is not finite from some step on."""

    def __init__(self, after, what):
        super().__init__()
        self.inner = torch.nn.Linear(3, 2)
        self.after, self.what = after, what
        self.register_buffer("steps", torch.tensor(0))

    def forward(self, x):
        output = self.inner(x)
        if self.training:
            self.steps += 1
            if self.steps > self.after:
                if self.what == "loss":
                    return output * math.inf
                if self.what == "gradient":  # the root has an infinite slope at 0
                    return output + (output * 0).abs().sqrt()
        elif self.what == "validation" and self.steps > self.after:
            return output * math.nan
        return output


class TestDivergence:
    @pytest.mark.parametrize("clip_norm", [None, 1.0])
    @pytest.mark.parametrize("what", ["loss", "gradient", "validation"])
    def test_the_best_finite_module_comes_back(self, what, clip_norm, tmp_path):
        x, y = points()
        options = {"batch_size": 16, "seed": 0, "clip_norm": clip_norm, "validation": (x, y), "learn_rate": 0.01}
        module = Explodes(7, what)
        good = training.fit(module, x, y, epochs=2, **options)
        result = training.fit(module, x, y, epochs=9, **options, checkpoint=tmp_path)
        assert result.stopped == "diverged"
        assert result.best_epoch == 2
        assert torch.equal(result.module.inner.weight, good.module.inner.weight)
        assert all(value.isfinite().all() for value in result.module.state_dict().values())
        assert max(row["epoch"] for row in result.history) == 3
        saved = checkpoints.Checkpoint(tmp_path).read()
        assert saved["state"]["epoch"] == 2
        again = training.fit(module, x, y, epochs=9, **options, checkpoint=tmp_path, resume=True)
        assert again.stopped == "diverged"
        same(result, again)

    def test_before_the_first_epoch_ends(self, tmp_path):
        module = Explodes(0, "gradient")
        result = training.fit(module, *points(), epochs=2, seed=0, checkpoint=tmp_path)
        assert (result.stopped, result.best_epoch, result.batches) == ("diverged", None, 0)
        assert torch.equal(result.module.inner.weight, module.inner.weight)
        assert not (tmp_path / checkpoints.FILE).exists()
        assert [row["batches"] for row in result.history] == [0]

    @pytest.mark.parametrize("stop", [None, 1])
    def test_weights_that_the_last_step_made_infinite(self, stop, tmp_path):
        """The loss of that step was finite, and no other one comes."""
        x, _ = points(16)
        result = training.fit(
            torch.nn.Linear(3, 1), x, 1e30 * x[:, 0], optimizer="sgd", learn_rate=1e30, epochs=1, batch_size=16, seed=0,
            loss=lambda o, t: (o - t).abs().mean(), metrics=[],
            checkpoint=tmp_path, on_batch=None if stop is None else lambda event: False,
        )  # fmt: skip
        huge = all(p.isfinite().all() for p in result.module.parameters())
        assert huge
        if result.stopped == "diverged":
            assert not (tmp_path / checkpoints.FILE).exists()

    def test_infinite_masks_are_meant(self):
        module = network()
        module.register_buffer("mask", torch.tensor([0.0, -math.inf]))
        assert training.fit(module, *points(), epochs=1, seed=0).stopped == "finished"

    def test_large_but_finite_gradients_are_no_divergence(self):
        x, _ = points()
        result = training.fit(
            torch.nn.Linear(3, 1), x, x[:, 0], epochs=1, seed=0, learn_rate=1e-30, optimizer="sgd",
            loss=lambda o, t: 1e25 * (o - t).abs().mean(), metrics=[],
        )  # fmt: skip
        assert result.stopped == "finished"


class Vanishes(Dataset):
    def __init__(self, folder, missing=None):
        self.folder = folder

    def __len__(self):
        return 24

    def __getitem__(self, index):
        return torch.load(self.folder / f"{index}.pt", weights_only=True), torch.tensor(index % 2)


class TestTrouble:
    """What goes wrong on the way is a classed error that has the module and the history so far."""

    def holds_a_result(self, error, epochs):
        assert isinstance(error, IntertwineError)
        result = error.result
        assert result.stopped == "failed"
        assert max(row["epoch"] for row in result.history) >= epochs
        assert not result.module.training
        assert training.predict(result.module, points()[0]).isfinite().all()
        # and it can be gone on from
        assert training.fit(result, *points(24), epochs=1, batch_size=8).epochs > epochs

    def test_a_full_disk(self, tmp_path, monkeypatch):
        written = disk.write_whole

        def full(path, data, what):
            if torch.load(path, weights_only=True)["state"]["epoch"] < 2 if path.exists() else True:
                return written(path, data, what)

            def no_space(file):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            return written(path, no_space, what)

        monkeypatch.setattr(checkpoints, "write_whole", full)
        with pytest.raises(CheckpointError, match="No space left") as caught:
            training.fit(network(), *points(24), epochs=5, seed=0, checkpoint=tmp_path)
        self.holds_a_result(caught.value, 3)
        assert checkpoints.Checkpoint(tmp_path).read()["state"]["epoch"] == 2
        assert sorted(entry.name for entry in tmp_path.iterdir()) == [checkpoints.FILE, checkpoints.LOCK]

    def test_files_that_may_not_be_so_large(self, tmp_path):
        """What the system says within torch's own writer."""
        resource = pytest.importorskip("resource")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)

        def limit(row):
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))

        try:
            with pytest.raises(CheckpointError, match="cannot be written") as caught:
                training.fit(network(), *points(24), epochs=5, seed=0, checkpoint=tmp_path, on_epoch=limit)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        self.holds_a_result(caught.value, 2)
        assert checkpoints.Checkpoint(tmp_path).read()["state"]["epoch"] == 1

    def test_a_folder_that_vanishes(self, tmp_path):
        folder = tmp_path / "run"

        def remove(row):
            if row["epoch"] == 2:
                shutil.rmtree(folder)

        with pytest.raises(CheckpointError, match="cannot be written") as caught:
            training.fit(network(), *points(24), epochs=5, seed=0, checkpoint=folder, on_epoch=remove)
        self.holds_a_result(caught.value, 3)

    def test_a_folder_that_cannot_be_written(self, tmp_path, monkeypatch):
        import filelock

        def denied(self, *args, **kwargs):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(filelock.FileLock, "acquire", denied)
        batches = []
        with pytest.raises(CheckpointError, match="Permission denied"):
            training.fit(network(), *points(24), checkpoint=tmp_path, on_batch=batches.append)
        assert not batches

    @pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
    def test_a_place_where_no_folder_can_be(self):
        with pytest.raises(CheckpointError, match="cannot be written"):
            training.fit(network(), *points(24), checkpoint="/proc/self/run")

    def test_a_second_run_in_the_folder(self, tmp_path):
        seen = []

        def second(row):
            try:
                training.fit(network(), *points(24), epochs=1, seed=0, checkpoint=tmp_path)
            except CheckpointError as error:
                seen.append(str(error))

        training.fit(network(), *points(24), epochs=1, seed=0, checkpoint=tmp_path, on_epoch=second)
        thread = []
        training.fit(
            network(), *points(24), epochs=1, seed=0, checkpoint=tmp_path,
            on_epoch=lambda row: (thread.append(threading.Thread(target=second, args=(row,))), thread[0].start(),
                                  thread[0].join()),
        )  # fmt: skip
        assert len(seen) == 2
        assert all("another run uses the folder" in text.lower() for text in seen)
        # the lock is free again
        training.fit(network(), *points(24), epochs=1, seed=0, checkpoint=tmp_path)

    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_sample_that_vanishes(self, workers, tmp_path):
        x, _ = points(24)
        for number in range(24):
            torch.save(x[number].clone(), tmp_path / f"{number}.pt")

        def remove(row):
            (tmp_path / "5.pt").unlink()

        with pytest.raises(SampleError, match="cannot be loaded") as caught:
            training.fit(
                network(), Vanishes(tmp_path), epochs=3, batch_size=8, seed=0, workers=workers, on_epoch=remove
            )
        assert "Traceback" not in str(caught.value)
        self.holds_a_result(caught.value, 1)

    def test_an_image_that_vanishes(self, tmp_path):
        image = pytest.importorskip("PIL.Image")
        for number in range(8):
            place = tmp_path / "ab"[number % 2]
            place.mkdir(exist_ok=True)
            image.fromarray(np.full((5, 5), 20 * number, np.uint8)).save(place / f"{number}.png")
        module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(25, 2))
        with pytest.raises(SampleError, match=r"There is no file .*2\.png") as caught:
            training.fit(
                module,
                training.ImageFolder(tmp_path),
                epochs=3,
                seed=0,
                on_epoch=lambda row: (tmp_path / "a/2.png").unlink(),
            )
        assert caught.value.result.history[0]["batches"] == 1

    def test_errors_of_the_user_hold_it_too(self):
        def fail(row):
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError, match="mine") as caught:
            training.fit(network(), *points(24), epochs=3, seed=0, on_epoch=fail)
        assert caught.value.result.epochs == 1

    def test_files_of_other_kinds(self, tmp_path):
        run = {"epochs": 1, "seed": 0, "checkpoint": tmp_path, "resume": True}
        path = tmp_path / checkpoints.FILE
        for content in (b"", b"no checkpoint", b"PK\x03\x04"):
            path.write_bytes(content)
            with pytest.raises(CheckpointError, match="cannot be resumed"):
                training.fit(network(), *points(24), **run)
        for content in ({"module": {}}, [1], {"format": 1}):
            torch.save(content, path)
            with pytest.raises(CheckpointError, match="resume"):
                training.fit(network(), *points(24), **run)

    def test_a_checkpoint_of_another_gauge(self, tmp_path, monkeypatch):
        run = {"epochs": 1, "seed": 0, "checkpoint": tmp_path}
        training.fit(network(), *points(24), **run)
        monkeypatch.setattr(checkpoints, "GAUGE_VERSION", -1)
        with pytest.raises(CheckpointError, match="gauge"):
            training.fit(network(), *points(24), **run, resume=True)

    def test_a_file_in_place_of_the_folder(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(ArgumentError, match="needs a folder"):
            training.fit(network(), *points(24), checkpoint=tmp_path / "file")


class TestGoingOn:
    def run(self, module=None, epochs=5, n=48, **options):
        torch.manual_seed(0)
        return training.fit(network() if module is None else module, *points(n), epochs=epochs, **options)

    @pytest.mark.parametrize(
        "options",
        [{}, {"validation": 0.25}, {"augment": noisy(0.1)}, {"optimizer": "sgd"}],
        ids=lambda options: " ".join(options),
    )
    def test_two_fits_are_one(self, options):
        options = {"batch_size": 12, "seed": 4, "learn_rate": 0.02, "weight_decay": 1e-3, **options}
        whole = self.run(epochs=5, **options)
        two = self.run(self.run(epochs=2, **options), epochs=3)
        same(whole, two)
        assert two.planned == whole.planned == 5

    def test_what_is_given_anew_is_new(self):
        first = self.run(epochs=1, seed=0, batch_size=12, optimizer="sgd", learn_rate=0.5, loss="cross_entropy")
        rest = self.run(first, epochs=1, learn_rate=0.25)
        assert [row["learn_rate"] for row in rest.history] == [0.5, 0.25]
        assert [row["batches"] for row in rest.history] == [4, 4]
        assert rest.settings["optimizer"] == "sgd"
        other = self.run(first, epochs=1, optimizer="adam", learn_rate=None)
        assert other.history[-1]["learn_rate"] == 1e-3

    def test_the_former_fit_stays_as_it_is(self):
        first = self.run(epochs=1, seed=0)
        before = {k: v.clone() for k, v in first.module.state_dict().items()}
        self.run(first, epochs=2)
        assert first.epochs == 1
        assert len(first.history) == 1
        assert all(torch.equal(v, before[k]) for k, v in first.module.state_dict().items())

    def test_it_has_checkpoints_of_its_own(self, tmp_path):
        first = self.run(epochs=2, seed=0)
        whole = self.run(first, epochs=3)
        self.run(first, epochs=3, checkpoint=tmp_path, on_epoch=lambda row: row["epoch"] < 4)
        same(whole, self.run(first, epochs=3, checkpoint=tmp_path, resume=True))

    def test_frozen_parts_stay_frozen(self):
        options = {"batch_size": 12, "seed": 4}
        whole = self.run(changed(network(), lambda m: m[1].eval()), epochs=3, **options)
        module = changed(network(), lambda m: m[1].eval())
        first = self.run(module, epochs=1, **options)
        rest = self.run(first, epochs=2)
        assert torch.equal(rest.module[1].running_mean, torch.zeros(8))
        assert rest.batches == whole.batches

    def test_a_cosine_begins_anew(self):
        first = self.run(epochs=2, seed=0, schedule="cosine", learn_rate=0.1)
        rest = self.run(first, epochs=2)
        rates = [row["learn_rate"] for row in rest.history]
        assert rates[:2] == rates[2:]


class TestInterrupts:
    def test_the_handler_is_what_it_was_after_errors(self):
        before = signal.getsignal(signal.SIGINT)

        def fail(event):
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            training.fit(network(), *points(), epochs=1, on_batch=fail)
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_thread_leaves_the_handler_alone(self):
        before, seen = signal.getsignal(signal.SIGINT), []
        results = []

        def train():
            look = {"on_batch": lambda event: seen.append(signal.getsignal(signal.SIGINT))}
            results.append(training.fit(network(), *points(), epochs=1, seed=0, **look))

        thread = threading.Thread(target=train)
        thread.start()
        thread.join()
        assert results[0].stopped == "finished"
        assert all(handler is before for handler in seen)
        assert signal.getsignal(signal.SIGINT) is before

    def test_a_handler_that_a_callback_puts_in_place_stays(self):
        before = signal.getsignal(signal.SIGINT)
        mine = lambda *args: None  # noqa: E731
        try:
            training.fit(
                network(), *points(), epochs=1, on_epoch=lambda row: signal.signal(signal.SIGINT, mine) and None
            )
            assert signal.getsignal(signal.SIGINT) is mine
        finally:
            signal.signal(signal.SIGINT, before)

    def test_during_validation(self):
        x, y = points()

        def press(event):
            if event["split"] == "validation":
                os.kill(os.getpid(), signal.SIGINT)

        result = training.fit(network(), x, y, epochs=5, validation=(x, y), seed=0, on_batch=press)
        assert (result.stopped, result.epochs) == ("interrupted", 1)

    def test_with_processes_that_load(self):
        """Ctrl-C reaches them as well, for it goes to all of a terminal."""
        import multiprocessing

        def press(event):
            for child in multiprocessing.active_children():
                os.kill(child.pid, signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

        data = TensorDataset(*points())
        result = training.fit(network(), data, epochs=5, batch_size=4, seed=0, workers=1, on_batch=press)
        assert (result.stopped, result.batches) == ("interrupted", 1)
