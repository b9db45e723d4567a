"""The one function that R calls through, seen from Python."""

import collections
import json
import warnings

import numpy as np
import pytest
import torch

from intertwine._r.crossing.calls import call, describe, resolve
from intertwine._r.crossing.polling import Interrupted, Poll, polled, with_callbacks
from intertwine._r.crossing.values import plain, snake, tuples
from intertwine.errors import ArgumentError, FieldTypeError, GaugeError, GroupError


def test_a_value_comes_back_with_ok():
    assert call(lambda x: x + 1, [1]) == ("ok", 2)
    assert call(lambda: "x", None, None) == ("ok", "x")
    assert call(lambda *, a: a, None, {"a": 3}) == ("ok", 3)
    assert call("group.cyclic_group", [4])[1].order() == 4


def test_an_exception_comes_back_as_data():
    def fail():
        raise GroupError("C4 has no element 9", hint="use 0 to 3")

    status, error = call(fail)
    assert status == "error"
    assert error["class"] == ["group", "value"]
    assert error["message"] == "C4 has no element 9."
    assert error["hint"] == "Use 0 to 3."
    assert error["python"] == "GroupError"
    assert "in fail" in error["traceback"]


@pytest.mark.parametrize(
    ("error", "names"),
    [
        (ValueError("x"), ["value"]),
        (KeyError("x"), ["key", "lookup"]),
        (FieldTypeError("x"), ["field_type", "type"]),
        (GaugeError("x"), ["gauge", "model_file", "value"]),
        (RuntimeError(), ["runtime"]),
        (KeyboardInterrupt(), ["keyboard_interrupt"]),
    ],
)
def test_conditions_are_named_after_the_exception_and_its_bases(error, names):
    described = describe(error)
    assert described["class"] == names
    assert described["message"]


def test_an_error_without_hint_has_none():
    assert describe(ArgumentError("text"))["hint"] is None


def test_warnings_come_along():
    def warn():
        warnings.warn("careful", UserWarning, stacklevel=1)
        return 1

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert call(warn) == ("ok", 1, [{"class": "user_warning", "message": "careful"}])


def test_names_are_found_inside_the_package_alone():
    assert resolve("errors.GroupError") is GroupError
    status, error = call("nothing.of.the.kind")
    assert status == "error"
    assert error["class"][0] == "module_not_found"
    assert call("os.system", ["true"])[0] == "error"


def test_values_become_plain():
    assert plain(2**31) == float(2**31)
    assert isinstance(plain(2**31), float)
    assert plain(torch.Size([2, 3])) == [2, 3]
    assert plain((1, 2.5)) == [1.0, 2.5]
    assert all(isinstance(v, float) for v in plain([1, 2.5]))
    assert plain([True, False]) == [True, False]
    assert plain(np.float32(1.5)) == 1.5
    assert plain(np.bool_(True)) is True
    assert type(plain(torch.__version__)) is str
    assert plain(collections.OrderedDict(a=1)) == {"a": 1}
    assert plain({"a": [np.int64(3)]}) == {"a": [3]}
    record = plain(np.eye(2))
    assert record["array"] == "double"
    assert record["dims"] == [2.0, 2.0]


def test_names_and_tuples():
    assert snake("GroupElement") == "group_element"
    assert snake("R2Conv") == "r2_conv"
    assert tuples([1, [2, 3]]) == (1, (2, 3))


def test_a_poll_is_throttled_and_final():
    asked = []

    def ask(name, event):
        asked.append((name, event))
        return len(asked) < 2

    poll = Poll(ask, every=1000)
    assert poll("on_batch", 1)
    assert asked == []
    assert poll("on_epoch", {"n": 2**40}, now=True)
    assert asked == [("on_epoch", {"n": float(2**40)})]
    assert not poll("on_epoch", now=True)
    assert not poll("on_epoch", now=True)
    assert len(asked) == 2


def test_callbacks_are_passed_by_name():
    def count(n, on_batch, on_epoch):
        return [on_epoch(i) for i in range(n)] + [on_batch(0)]

    result = with_callbacks(count, [3], {}, lambda name, event: event != 1, ["on_batch"], ["on_epoch"], 0.1)
    assert result == [True, False, False, False]


def test_a_module_can_be_stopped_from_inside():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))

    def forever():
        while True:
            model(torch.zeros(1, 2))

    with pytest.raises(Interrupted):
        polled(forever, None, None, lambda name, event: False, [model])
    assert call(polled, [forever, None, None, lambda name, event: False, [model]]) == ("interrupt",)
    # The hooks are gone.
    model(torch.zeros(1, 2))


def test_unforeseen_errors_are_told_apart_by_their_cause() -> None:
    def cause(target: object, *args: object) -> str:
        return call(target, list(args))[1]["cause"]

    def own() -> None:
        raise ValueError("mine")

    assert cause("group.cyclic_group", 0) == "known"
    assert cause(json.loads, "{") == "internal"
    assert cause(open, "/nowhere/at/all") == "file"
    assert cause(own) == "code"
    reply = call(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3, 2)), [torch.zeros(1, 4)])
    assert (reply[1]["cause"], reply[1]["subject"]) == ("module", "Linear")
