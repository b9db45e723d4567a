"""Arrays as raw bytes, seen from Python."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from intertwine._r.crossing.arrays import DTYPES, Inbox, dtype_name, dtype_named, pack, unpack
from intertwine.errors import ArgumentError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=5, min_side=0, max_side=4)


def as_r_sends(array, dtype):
    """The bytes of an array in the order in which R holds them."""
    return bytearray(np.asarray(array, dtype).tobytes(order="F"))


def as_r_reads(record):
    kinds = {"double": "f8", "float": "f4", "integer": "i4", "logical": "i4", "complex": "c16"}
    values = np.frombuffer(bytes(record["data"]), kinds[record["array"]])
    return values.reshape([int(n) for n in record["dims"]], order="F")


@settings(deadline=None, max_examples=60)
@given(hnp.arrays(np.float64, SHAPES, elements=st.floats(-1e6, 1e6)))
def test_doubles_cross_unchanged(array):
    tensor = unpack(as_r_sends(array, "f8"), list(array.shape), "double", "float64")
    assert tuple(tensor.shape) == array.shape
    assert tensor.is_contiguous()
    assert np.array_equal(tensor.numpy(), array)
    assert np.array_equal(as_r_reads(pack(tensor)), array)


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.int32, SHAPES))
def test_integers_cross_unchanged(array):
    tensor = unpack(as_r_sends(array, "i4"), list(array.shape), "integer", "int32")
    assert np.array_equal(tensor.numpy(), array)
    assert np.array_equal(as_r_reads(pack(tensor)), array)


@pytest.mark.parametrize("name", sorted(DTYPES))
def test_every_dtype_goes_in_and_out(name):
    values = np.array([[0, 1, 1], [1, 0, 1]])
    tensor = unpack(as_r_sends(values, "f8"), [2, 3], "double", name)
    assert tensor.dtype is DTYPES[name]
    assert np.array_equal(as_r_reads(pack(tensor)), values)


def test_the_store_is_not_shared():
    data = as_r_sends(np.arange(6.0), "f8")
    tensor = unpack(data, [2, 3], "double", "float64")
    copy = tensor.clone()
    data[:] = bytes(len(data))
    assert torch.equal(tensor, copy)


def test_odd_tensors_come_out():
    base = torch.arange(24.0).reshape(2, 3, 4)
    for tensor in [
        base.permute(2, 0, 1),
        base[:, ::2],
        base.requires_grad_(),
        torch.tensor(5.0),
        torch.eye(2).to_sparse(),
    ]:
        dense = tensor.detach().to_dense() if tensor.layout != torch.strided else tensor.detach()
        assert np.array_equal(as_r_reads(pack(tensor)), dense.numpy())


def test_numpy_arrays_of_any_strides_come_out():
    array = np.arange(24.0).reshape(2, 3, 4)
    for view in [array[::-1], array.T, array[:, 1], np.float64(3)]:
        assert np.array_equal(as_r_reads(pack(view)), np.asarray(view))


def test_large_arrays_arrive_and_leave_in_pieces():
    array = np.random.default_rng(0).normal(size=(3, 5, 7))
    data = as_r_sends(array, "f8")
    inbox = Inbox(float(len(data)))
    for start in range(0, len(data), 40):
        inbox.add(data[start : start + 40])
    tensor = inbox.tensor([3, 5, 7], "double", "float64")
    assert np.array_equal(tensor.numpy(), array)
    record = pack(tensor, limit=40.0)
    assert record["data"] is None
    outbox = record["outbox"]
    pieces = [outbox.piece(float(s), float(s + 40)) for s in range(0, int(outbox.size()), 40)]
    assert b"".join(pieces) == bytes(data)


def test_dtypes_have_names():
    assert dtype_named("bfloat16") is torch.bfloat16
    assert dtype_name(torch.zeros(1, dtype=torch.int8)) == "int8"
    assert dtype_name(torch.nn.Linear(1, 1).double()) == "float64"
    assert dtype_name(torch.nn.ReLU()) == "float32"
    with pytest.raises(ArgumentError, match="no dtype"):
        dtype_named("float31")
