"""Many cases in one test: all run, and those that fail are named."""

from __future__ import annotations

import pytest
import torch

from .cases import over, share


def test_all_that_fail_are_named(request):
    ran = []

    @over("n", [1, 2, 3])
    def even(n):
        ran.append(n)
        assert n % 2 == 0

    with pytest.raises(
        pytest.fail.Exception, match=r"2 of 3 cases failed: 1; 3\n---- 1\n[\s\S]*\n---- 3\n[\s\S]*assert"
    ):
        even(request=request)
    assert ran == [1, 2, 3]


def test_pairs_are_made_and_each_begins_with_the_same_seed(request):
    found = []

    @over("a, b", [(1, 2), (3, 4)])
    @over("name", ["x", "y"], make=str.upper)
    def record(a, b, name):
        found.append((a, b, name, float(torch.rand(()))))

    record(request=request)
    assert [case[:3] for case in found] == [(1, 2, "X"), (1, 2, "Y"), (3, 4, "X"), (3, 4, "Y")]
    assert len({case[3] for case in found}) == 1


def test_a_test_whose_cases_are_all_skipped_is_skipped(request):
    @over("n", [1, 2])
    def absent(n):
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception, match="not here"):
        absent(request=request)


def test_an_expression_selects_among_the_cases(request, monkeypatch):
    ran = []

    @over("n", ["red", "green"])
    def record(n):
        ran.append(n)

    monkeypatch.setattr(request.config.option, "keyword", "red and not blue")
    record(request=request)
    assert ran == ["red"]
    monkeypatch.setattr(request.config.option, "keyword", request.node.name)
    record(request=request)
    assert ran == ["red", "red", "green"]


def test_shares_are_of_all_cases_and_never_empty(request, monkeypatch):
    cases = list(range(10))
    shares = {tuple(share(name, cases, 4)) for name in "abcdefghijklmnop"}
    assert shares == {tuple(cases[start::4]) for start in range(4)}
    assert all(len(share(name, [1], 4)) == 1 for name in "abcdefgh")
    ran = []

    @over("n", cases)
    def record(n):
        ran.append(n)

    monkeypatch.setattr(request.config.option, "one_in", 5)
    record(request=request)
    assert ran == share(request.node.originalname, cases, 5)
