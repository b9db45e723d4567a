"""What a study compares: settings, schedules, candidates, data of all kinds, splits, moved samples."""

from __future__ import annotations

import copy
import csv
import gzip
import struct
import sys
import time
import types

import numpy as np
import pytest
import torch
from torch.utils.data import TensorDataset

from intertwine import nn, study, training
from intertwine.__main__ import main
from intertwine.errors import (
    ArgumentError,
    DataWarning,
    FileError,
    MissingDependencyError,
    ShapeError,
    UnknownArgumentError,
)
from intertwine.models import count_operations, count_parameters
from intertwine.study.design import settings as settings_file
from intertwine.study.design.backbones import Backbone
from intertwine.study.design.budgets import closest_widths
from intertwine.study.design.candidates import propose_candidates
from intertwine.study.design.plan import make_plan, prepare_data
from intertwine.study.design.schedules import contains, label, parse, propose_schedules, space_of
from intertwine.study.design.settings import Settings, read_settings, write_toml
from intertwine.study.design.sources import read_data
from intertwine.study.design.splits import first_share, spread

from ..contracts.cases import over
from .small import SMALL, crosses, small, steady


def test_settings_survive_toml(tmp_path):
    (tmp_path / "networks.py").write_text("def build(schedule, width):\n    return width\n")
    settings = Settings(
        schedules=["D4", "D4 | C4 | C1"],
        transforms=["as_is", 45],
        budget={"operations": 1e6},
        recipe={"clip_norm": 1.0},
    )
    path = tmp_path / "study.toml"
    path.write_text(write_toml(settings.plain()) + '[backbone_options]\n"kernel_size" = [5, 3, 3]\n')
    told, data = read_settings(path)
    assert data == {}
    again = Settings(**told)
    assert again.backbone_options == {"kernel_size": [5, 3, 3]}
    assert {**again.plain(), "backbone_options": {}} == settings.plain()
    path.write_text('backbone = "networks.py:build"\ndata = "networks.py"\n')
    told, data = read_settings(path)
    assert told["backbone"](None, 3) == 3
    assert data["data"] == str(tmp_path / "networks.py")


@over(
    "given, message",
    [
        ({"max_seed": 5}, "max_seeds"),
        ({"recipe": {"weight_decays": 1.0}}, "weight_decay"),
        ({"budget": {"parameter": 5}}, "parameters"),
        ({"transforms": ["rotation"]}, "rotations"),
        ({"schedules": ["D4 | C8"]}, "no subgroup"),
        ({"schedules": ["Q4"]}, "no group 'Q4'"),
        ({"schedules": ["D4 | C4 | C1"]}, "2 blocks"),
        ({"judge": "mirrors"}, "none of the transforms"),
        ({"rivals": ["plane"]}, "plain"),
        ({"backbone": "cn"}, "cnn"),
        ({"backbone_options": {"kernel": 3}}, "kernel_size"),
        ({"schedules": ["C4"], "rivals": []}, "two candidates"),
        ({"first_seeds": 5, "max_seeds": 4}, "first 5 seeds"),
        ({"metric": "mse"}, "accuracy"),
        ({"dimension": 3}, "clouds of points"),
        ({"logger": 3}, "log_metrics"),
        ({"learn_rates": [0.0]}, "above 0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_settings_are_refused_with_what_is_meant(given, message):
    with pytest.raises((ArgumentError, ShapeError, TypeError), match=message):
        small(**given)


def test_a_misspelled_name_in_a_file_names_the_nearest(tmp_path):
    (tmp_path / "study.toml").write_text("epoch = 3\n")
    with pytest.raises(UnknownArgumentError, match="epochs"):
        read_settings(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_text("epochs = = 3\n")
    with pytest.raises(FileError, match="no TOML"):
        read_settings(tmp_path / "study.toml")


def test_python_310_reads_toml_with_tomli(monkeypatch):
    monkeypatch.setattr(settings_file.sys, "version_info", (3, 10))
    monkeypatch.setitem(sys.modules, "tomli", None)
    with pytest.raises(MissingDependencyError, match="tomli"):
        settings_file._toml()
    there = types.ModuleType("tomli")
    monkeypatch.setitem(sys.modules, "tomli", there)
    assert settings_file._toml() is there


def test_proposals_descend_along_subgroups():
    for spaces, dimension in ((["D4"], 2), (["D8"], 2), (["Oh"], 3), (["D1"], 1), (["C4v"], 3)):
        proposal = propose_schedules(spaces, 3, dimension, 50)
        assert proposal.schedules[0] == (spaces[0],) * 3
        assert not proposal.left_out
        assert len(set(proposal.schedules)) == len(proposal.schedules)
        for schedule in proposal.schedules:
            assert parse(label(schedule), 3, dimension) == schedule
    assert len(propose_schedules(["D4"], 3, 2, 9).left_out) > 0
    assert contains("D8", "D4", 2)
    assert not contains("D4", "C8", 2)


@pytest.mark.parametrize(
    ("budget", "amount", "most"), [("parameters", 20000, 3), ("parameters", 3000, 6), ("operations", 5e5, 6)]
)
def test_budgets_are_met(budget, amount, most):
    x, y = torch.zeros(60, 1, 9, 9), torch.arange(60) % 10
    for space, schedules in (("D4", 9), ("C8", 3))[budget == "operations" :]:
        settings = Settings(spaces=space, budget={budget: amount})
        found, notes = propose_candidates(settings, prepare_data(read_data(x, y), settings))
        assert len(found) == schedules + 2
        assert any("schedules are tried" in note for note in notes) == (space == "D4")
        for each in found:
            module = each.build().eval()
            assert getattr(each, budget) == (
                count_parameters(module) if budget == "parameters" else count_operations(module, x[:1])
            )
            assert abs(getattr(each, budget) / amount - 1) <= most / 100, each


@pytest.mark.parametrize(("name", "sizes"), [("cnn", (9,)), ("resnet", (9, 9)), ("unet", (9, 9))])
def test_rivals_without_symmetry_are_of_ordinary_layers(name, sizes):
    backbone = Backbone(name, len(sizes), 2, 3, sizes, (1.0, 2.0))
    plain = backbone(None, (2, 3))
    assert not any(isinstance(part, nn.EquivariantModule) for part in plain.modules())
    by_group = backbone(("C1", "C1"), (2, 3))
    x = torch.randn(2, 2, *sizes)
    assert plain(x).shape == by_group(x).shape == (2, 3, *(sizes if name == "unet" else ()))


def test_a_backbone_takes_a_head():
    head = nn.HeadNumbers.spec(n=4)
    backbone = Backbone("cnn", 2, 1, 4, (9, 9), (1.0, 2.0), {"head": head, "kernel_size": 3})
    x = torch.randn(2, 1, 9, 9)
    assert backbone(("C4", "C1"), (1, 0.75))(x).shape == backbone(None, (2, 3))(x).shape == (2, 4)


def test_widths_are_found_though_the_cost_is_no_polynomial():
    def cost(widths):
        return 50 * widths[0] * widths[1] + (500 if widths[0] % 2 else 0)

    assert closest_widths(cost, (1, 2), (1, 1), 2500, "parameters") == (5, 8)
    with pytest.raises(ArgumentError, match="550 parameters"):
        closest_widths(cost, (1, 2), (1, 1), 200, "parameters")


def npz(folder, x, y):
    parts = {"train": slice(0, 50), "val": slice(50, 60), "test": slice(60, 80)}
    images = (255 * (x[:, 0] - x.min()) / (x.max() - x.min())).numpy().astype(np.uint8)
    named = {f"{part}_images": images[rows] for part, rows in parts.items()}
    named |= {f"{part}_labels": y.numpy()[rows, None] for part, rows in parts.items()}
    np.savez(folder / "small.npz", **named)
    return folder / "small.npz"


def idx(folder, x, y):
    images = (255 * (x[:, 0] - x.min()) / (x.max() - x.min())).numpy().astype(np.uint8)
    for name, rows in (("train", slice(0, 60)), ("t10k", slice(60, 80))):
        for kind, array in (("images-idx3", images[rows]), ("labels-idx1", y[rows].numpy().astype(np.uint8))):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb") as file:
                file.write(head + array.tobytes())
    return folder


def classes(folder, x, y):
    image = pytest.importorskip("PIL.Image")
    pixels = (255 * (x[:, 0] - x.min()) / (x.max() - x.min())).numpy().astype(np.uint8)
    for number in range(len(x)):
        place = folder / "images" / f"class {int(y[number])}"
        place.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels[number]).save(place / f"{number:03d}.png")
    return folder / "images"


def table(folder, x, y):
    rows = ["file,target,group,split"]
    for number in range(len(x)):
        np.save(folder / f"{number}.npy", x[number].numpy())
        split = "test" if number % 10 < 2 else "train"
        rows.append(f"{number}.npy,{'upright' if y[number] else 'flat'},{number // 2},{split}")
    (folder / "table.csv").write_text("\n".join(rows))
    return folder / "table.csv"


def nifti(folder, x, y):
    nibabel = pytest.importorskip("nibabel")
    for number in range(len(x)):
        volume = np.repeat(x[number, 0].numpy()[:, :, None], 9, axis=2)
        nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), folder / f"{number}.nii.gz")
    return {"file": [str(folder / f"{number}.nii.gz") for number in range(len(x))], "target": y.tolist()}


def mapped(folder, x, y):
    np.save(folder / "x.npy", x.numpy())
    np.save(folder / "y.npy", y.numpy())
    return folder / "x.npy", folder / "y.npy"


def raw(folder, x, y):
    x.numpy().tofile(folder / "x.raw")
    return np.memmap(folder / "x.raw", np.float32, "r", shape=tuple(x.shape)), y


SOURCES = {
    "npz": npz,
    "idx": idx,
    "folder of classes": classes,
    "table": table,
    "nifti": nifti,
    "npy": mapped,
    "memmap": raw,
    "dataset": lambda folder, x, y: TensorDataset(x, y),
    "data set of numbers": lambda folder, x, y: [*TensorDataset(x, y)] and TensorDataset(x, y.float()),
    "arrays without channels": lambda folder, x, y: (x[:, 0].numpy(), y.numpy()),
    "volumes": lambda folder, x, y: (x[:, :, None].expand(-1, -1, 9, -1, -1).contiguous(), y),
    "signals": lambda folder, x, y: (x[:, 0, :, :7], y),
}


@over("name", SOURCES)
def test_data_come_from(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    given = SOURCES[name](folder, *crosses())
    x, y = given if isinstance(given, tuple) else (given, None)
    data = prepare_data(read_data(x, y), Settings())
    assert len(data.pool) + len(data.test) == 80
    assert data.kind == ("numeric" if "numbers" in name else "class")
    sizes = {"nifti": (9, 9, 9), "volumes": (9, 9, 9), "signals": (7,)}.get(name, (9, 9))
    assert data.sizes == sizes
    assert data.dimension == len(sizes)
    assert data.pool.take(np.array([0, 3])).shape[1:] == data.pool.shape
    again = prepare_data(read_data(x, y), Settings())
    assert again.identity() == data.identity()


def test_a_study_of_files_is_that_of_their_arrays(tmp_path):
    files = study.symmetry_study(*mapped(tmp_path, *crosses()), **SMALL)
    assert steady(files.table()) == steady(small().table())


@over("name", ["npz", "npy", "idx", "table", "nifti"])
def test_files_that_are_cut_short_are_said(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    given = SOURCES[name](folder, *crosses())
    x, y = given if isinstance(given, tuple) else (given, None)
    victim = {"npz": "small.npz", "npy": "x.npy", "idx": "train-images-idx3-ubyte.gz", "table": "7.npy"}.get(
        name, "3.nii.gz"
    )
    content = (folder / victim).read_bytes()
    (folder / victim).write_bytes(content[: len(content) // 2])
    settings = Settings(transforms=["as_is"])
    with pytest.raises((ArgumentError, FileError), match=f"(?i){victim}"):
        make_plan(prepare_data(read_data(x, y), settings), settings, None)


def test_splits_are_stratified_and_leak_nothing():
    y = np.repeat(np.arange(4), [40, 20, 20, 20])
    rng = np.random.default_rng(0)
    held, kept = first_share(spread(y, None, rng), 25)
    assert np.bincount(y[held]).tolist() == [10, 5, 5, 5]
    assert sorted([*held, *kept]) == list(range(100))
    group = np.arange(100) // 5
    held, kept = first_share(spread(y, group, rng), 25)
    assert not set(group[held]) & set(group[kept])
    assert len(held) == 25
    x = torch.randn(100, 1, 5, 5)
    settings = Settings(transforms=["as_is"], validation_share=0.25)
    plan = make_plan(prepare_data(read_data(x, y, group=group), settings), settings, None)
    for seed in (1, 2):
        kept, held = plan.split(seed, 30)
        assert plan.data.group is not None
        assert not set(plan.data.group[held]) & set(plan.data.group[kept])
        more, same = plan.split(seed, 40)
        assert (held == same).all()
        assert set(kept) < set(more)
    with pytest.raises(ArgumentError, match="cannot be split"):
        first_share(spread(y, np.zeros(100), rng), 25)


def test_a_missing_class_is_said():
    x, y = crosses()
    y[:2] = torch.tensor([2, 2])
    with pytest.warns(DataWarning, match="hold none of class 2"):
        study.symmetry_study(x, y, test=(x[2:], y[2:]), **{**SMALL, "time_limit": 1e-9})


def test_samples_are_moved_the_same_way_each_time():
    x, y = crosses()
    settings = Settings(transforms=["as_is", "rotations", "quarter_turns", "mirrors", 90])
    data = prepare_data(read_data(x, y), settings)
    one, two = (make_plan(data, settings, None) for _ in range(2))
    numbers = np.arange(len(data.test))
    as_is = one.test["as_is"].take(numbers)
    for name in one.moves:
        assert torch.equal(one.test[name].take(numbers), two.test[name].take(numbers))
    assert torch.equal(one.test["mirrors"].take(numbers), as_is.flip(3))
    assert torch.equal(one.test["90"].take(numbers), as_is.rot90(1, (2, 3)))
    result = small(transforms=["as_is", "rotations"], time_limit=1e-9)
    assert result.test_angles is not None
    turned = training.turn_images(result._job.plan.test["as_is"].take(numbers), torch.tensor(result.test_angles))
    assert torch.allclose(turned, result._job.plan.test["rotations"].take(numbers), atol=1e-5)


def test_measurements_and_own_metrics():
    x, y = crosses()

    def closeness(output, target):
        return 1 / (1 + (output.reshape(-1) - target).abs())

    for metric in (None, "mae", closeness):
        result = study.symmetry_study(
            x, y.float(), **{**SMALL, "metric": metric, "max_seeds": 2, "learn_rates": [0.01]}
        )
        assert result.results.metric == {None: "mse", "mae": "mae"}.get(metric, "closeness")
        assert all((row["test"] > 0) == (metric is closeness) for row in result.table())


@pytest.mark.slow
def test_targets_of_places_move_with_their_images():
    x, _ = crosses(24)
    y = (x[:, 0] > 0.8).long()
    settings = {
        **SMALL,
        "backbone": "unet",
        "backbone_options": {},
        "budget": {"parameters": 1500},
        "max_seeds": 2,
        "epochs": 1,
    }
    settings |= {"transforms": ["as_is", "quarter_turns", "rotations"], "learn_rates": [0.01]}
    result = study.symmetry_study(x, y, **{**settings, "schedules": ["C4"], "rivals": ["augmented"]})
    rows = [row for row in result.table() if row["candidate"] == "C4"]
    assert {row["status"] for row in rows} == {"ok"}
    by = {(row["seed"], row["transform"]): row["test"] for row in rows}
    assert by[1, "quarter_turns"] == pytest.approx(by[1, "as_is"], abs=1e-6)
    assert max(row["equivariance_error"] for row in rows) < 1e-5


def clouds(schedule, width):
    return Cloud(0 if schedule is None else 1)


class Cloud(torch.nn.Module):
    """Reads the lengths of the points, which no rotation changes; or their coordinates."""

    def __init__(self, invariant):
        super().__init__()
        self.invariant = invariant
        self.linear = torch.nn.Linear(5 if invariant else 15, 2)

    def forward(self, x):
        return self.linear(x.norm(dim=2) if self.invariant else x.flatten(1))


def test_clouds_of_points():
    x, y = torch.randn(60, 5, 3), torch.arange(60) % 2
    x[y == 1] *= 2
    result = study.symmetry_study(
        x, y, dimension=3, backbone=clouds, schedules=["O"], rivals=["plain", "augmented"], budget={"width": 1}, max_seeds=2,
        first_seeds=2, learn_rates=[0.03], epochs=3, transforms=["as_is", "rotations"], judge="rotations",
    )  # fmt: skip
    by = {(row["candidate"], row["transform"], row["seed"]): row["test"] for row in result.table()}
    assert by["O", "rotations", 1] == by["O", "as_is", 1]
    errors = {row["candidate"]: row["equivariance_error"] for row in result.table()}
    assert errors["O"] < 1e-5 < errors["plain"]


def test_spaces_have_names_in_each_dimension():
    orders = {
        ("D1", 1): 2,
        ("D4", 2): 8,
        ("C8", 2): 8,
        ("D1", 2): 2,
        ("Oh", 3): 48,
        ("C4v", 3): 8,
        ("D4", 3): 8,
        ("Cs", 3): 2,
    }
    assert {key: space_of(*key).fibergroup.order() for key in orders} == orders


def test_loggers_are_told():
    class Logger:
        def __init__(self):
            self.told, self.ended = [], None

        def log_metrics(self, metrics, step):
            self.told.append((step, metrics))

        def finalize(self, status):
            self.ended = status

    class Broken(Logger):
        def log_metrics(self, metrics, step):
            super().log_metrics(metrics, step)
            raise OSError("the server is gone")

    logger, broken = Logger(), Broken()
    with pytest.warns(DataWarning, match="Broken failed and was told no more: OSError: the server is gone"):
        found = small(logger=[broken, logger], learn_rates=[0.01], max_seeds=2)
    assert [step for step, _ in logger.told] == list(range(1, 7))
    assert "C4/as_is/test" in logger.told[0][1]
    assert logger.ended == "success"
    assert found.stopped == "finished"
    assert len(broken.told) == 1


def read_events(folder):
    """The numbers in the event files of TensorBoard, by tag: pairs of a step and a value."""
    from tensorboardX.proto.event_pb2 import Event

    found = {}
    for path in sorted(folder.rglob("events.*")):
        content = path.read_bytes()
        while content:  # length, its checksum, the event, its checksum
            end = 12 + int.from_bytes(content[:8], "little")
            event = Event.FromString(content[12:end])
            content = content[end + 4 :]
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def test_lightnings_loggers_write_what_the_table_says(tmp_path):
    pytest.importorskip("tensorboardX")
    lightning = pytest.importorskip("lightning_fabric.loggers")
    loggers = [lightning.TensorBoardLogger(tmp_path / "board"), lightning.CSVLogger(tmp_path / "csv")]
    first = small(logger=loggers, learn_rates=[0.01], max_seeds=2, schedules=["C4 | C1", "D1"], on_progress=after(3))
    assert first.stopped == "callback"
    time.sleep(1.1)  # tensorboardX names its files by the second, and a second file would take the place of the first
    both = first.update(on_progress=None)
    assert len(both.results.results) == 6
    events = read_events(tmp_path / "board")
    for row in both.table():
        tag = f"{row['candidate'].replace(' | ', '-')}/{row['transform']}/test"
        assert min(abs(value - row["test"]) for _, value in events[tag]) < 1e-6
    assert {step for told in events.values() for step, _ in told} == set(range(1, 7))
    [path] = (tmp_path / "csv").rglob("metrics.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["C4-C1/seed"]) for row in rows if row["C4-C1/seed"]] == [1, 2]


def after(trainings):
    """A callback that stops a study when so many trainings have ended."""
    return lambda event: event["event"] != "run" or event["done"] < trainings


def test_a_mapped_file_with_channels_last_is_the_same_in_other_processes(tmp_path):
    images = np.random.default_rng(0).random((4, 6, 6, 3), dtype=np.float32)
    np.save(tmp_path / "x.npy", images)
    for given in (np.load(tmp_path / "x.npy", mmap_mode="c"), tmp_path / "x.npy"):
        x = read_data(given, [0, 1, 0, 1]).x
        for samples in (x, copy.copy(x)):  # a copy opens the file again, as another process does
            assert samples.shape == (3, 6, 6)
            assert np.array_equal(samples.take(np.arange(4)), images.transpose(0, 3, 1, 2))


def test_the_command_line(tmp_path, capsys):
    x, y = crosses()
    np.savez(tmp_path / "data.npz", x=x.numpy(), y=y.numpy())
    settings = {**SMALL, "learn_rates": [0.01], "max_seeds": 2, "budget": {"width": 1}, "schedules": ["C4"]}
    (tmp_path / "study.toml").write_text(write_toml({"data": "data.npz", **settings}))
    assert main(["study", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "4 trainings" in told
    assert (tmp_path / "study" / "table.csv").read_text().count("\n") == 9
    assert (tmp_path / "study" / "report.html").exists()
    (tmp_path / "study.toml").write_text("epoch = 3\n")
    assert main(["study", str(tmp_path / "study.toml")]) == 2
    assert "epochs" in capsys.readouterr().err
