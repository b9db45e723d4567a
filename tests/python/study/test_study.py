"""The comparison on turned digits, in small."""

from __future__ import annotations

import pytest
import torch

from intertwine import study, training
from intertwine.errors import ArgumentError

pytest.importorskip("sklearn")


def small():
    whole = study.load_digits(9)
    return study.Digits(whole.train_x[:160], whole.train_y[:160], whole.test_x[:60], whole.test_y[:60])


def test_the_digits_are_split_the_same_way_each_time():
    a, b = study.load_digits(17), study.load_digits(17)
    assert torch.equal(a.train_x, b.train_x)
    assert (len(a.train_x), len(a.test_x)) == (1297, 500)
    assert a.train_x.min() == 0
    assert a.train_x.max() <= 1
    assert set(a.test_y.tolist()) == set(range(10))


@pytest.mark.parametrize("size", [9, 17, 18, 29])
def test_turning_loses_nothing(size):
    """All ink lies inside of the disc that the turned image keeps."""
    x = study.load_digits(size).test_x
    axis = torch.arange(size) - (size - 1) / 2
    outside = axis[:, None] ** 2 + axis[None, :] ** 2 > (size / 2) ** 2
    assert float(x[:, 0, outside].abs().sum()) == 0
    there_and_back = training.turn_images(training.turn_images(x[:20], 90), -90)
    assert torch.equal(there_and_back, x[:20])


def test_table_and_angles():
    events = []
    result = study.rotated_digits(
        ["plain", "C4"],
        budget=2000,
        degrees=(0, 90, 45),
        data=small(),
        epochs=8,
        on_batch=lambda name, event: events.append((name, event["epoch"])),
    )
    assert [row["network"] for row in result.rows] == ["plain", "C4"]
    assert list(result.rows[0]) == ["network", "parameters", "seconds", "upright", "turned"]
    assert {name for name, _ in events} == {"plain", "C4"}
    by = {(row["network"], row["degrees"]): row["accuracy"] for row in result.angles}
    # a C4 network cannot tell quarter turns apart: this is no matter of training
    assert by["C4", 0] == by["C4", 90] == result.rows[1]["upright"]
    again = study.rotated_digits(["plain", "C4"], budget=2000, degrees=(0,), data=small(), epochs=8)
    assert [row["turned"] for row in again.rows] == [row["turned"] for row in result.rows]


def test_a_stop_keeps_what_was_done():
    result = study.rotated_digits(
        ["plain", "C4"], budget=2000, degrees=(0,), data=small(), on_batch=lambda name, event: False
    )
    assert [row["network"] for row in result.rows] == ["plain"]
    assert result.fits["plain"].batches == 1


def test_networks_come_close_to_their_budget():
    from intertwine.models import count_parameters

    for name in study.NETWORKS:
        assert abs(count_parameters(study.make_network(name)) / 20_000 - 1) < 0.15


def test_bad_input():
    with pytest.raises(ArgumentError, match="C8"):
        study.make_network("magic")
    with pytest.raises(ArgumentError, match="too small"):
        study.enlarge(torch.zeros(1, 1, 8, 8), 1)
    with pytest.raises(ArgumentError, match="square"):
        study.accuracy_by_angle(torch.nn.Identity(), torch.zeros(1, 1, 3, 4), torch.zeros(1))
    with pytest.raises(ArgumentError, match="test"):
        study.load_digits(9, test=2000)


@pytest.mark.slow
def test_the_point_of_it_all():
    rows = {row["network"]: row for row in study.rotated_digits(degrees=()).rows}
    for name in ("C4", "C8", "D4"):
        assert rows[name]["upright"] > rows["plain"]["upright"] - 0.03
        assert rows[name]["turned"] > rows["plain"]["turned"] + 0.3
