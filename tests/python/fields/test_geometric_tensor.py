"""Tensors of fields used as torch tensors are: joined, indexed, overwritten, compared, added in place."""

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import FieldTypeError, IntertwineError, ShapeError


def fields():
    return nn.field_type(gspaces.rot2dOnR2(4), regular=2, irrep_1=1)


def tensor(batch=2, seed=0):
    type_ = fields()
    return type_(torch.randn(batch, type_.size, 5, 5, generator=torch.Generator().manual_seed(seed)))


def test_cat_along_the_batch_keeps_the_type():
    x, y = tensor(2), tensor(3, seed=1)
    whole = torch.cat([x, y])
    assert whole.type == x.type
    assert torch.equal(whole.tensor, torch.cat([x.tensor, y.tensor]))
    for function in (torch.concat, torch.concatenate):
        assert torch.equal(function([x, y]), whole)


def test_cat_along_the_channels_adds_the_types():
    x = tensor()
    for axis in (1, -3):
        whole = torch.cat([x, x[:, 0]], dim=axis)
        assert whole.type == x.type + x.type.index_select([0])
        assert whole.shape[1] == whole.type.size


def test_cat_and_stack_refuse_what_has_no_type():
    x = tensor()
    with pytest.raises(FieldTypeError):
        torch.cat([x, x[:, 0]])
    with pytest.raises(IntertwineError, match=r"torch\.cat"):
        torch.stack([x, x])
    with pytest.raises(IntertwineError):
        torch.cat([x, x.tensor])
    with pytest.raises(ShapeError):
        torch.cat([x, x[:, :, :3]])
    with pytest.raises(IntertwineError, match=r"x\.tensor"):
        torch.relu(x)


def test_cat_joins_points():
    type_ = fields()
    x = nn.GeometricTensor(torch.randn(4, type_.size), type_, torch.randn(4, 2))
    y = nn.GeometricTensor(torch.randn(3, type_.size), type_, torch.randn(3, 2))
    assert torch.equal(torch.cat([x, y]).coords, torch.cat([x.coords, y.coords]))
    with pytest.raises(ShapeError):
        torch.cat([x, type_(torch.randn(3, type_.size))])


def test_parts_are_overwritten_by_fields():
    x, y = tensor(), tensor(seed=1)
    expected = x.tensor.clone()
    x[0, 1] = 1.0
    expected[0, 4:8] = 1.0
    x[:, [2]] = y[:, 2]
    expected[:, 8:] = y.tensor[:, 8:]
    x[1, :, 2:4] = 0.0
    expected[1, :, 2:4] = 0.0
    assert torch.equal(x.tensor, expected)
    with pytest.raises(FieldTypeError):
        x[:, 0] = y[:, 2]
    with pytest.raises(ShapeError):
        x[:, 0] = torch.zeros(7)


def test_items_of_the_batch_one_by_one():
    x = tensor(3)
    items = list(x)
    assert [item.shape[0] for item in items] == [1, 1, 1]
    assert torch.equal(torch.cat(items), x)


def test_in_place_arithmetic():
    x, y = tensor(), tensor(seed=1)
    held, expected = x.tensor, x.tensor.clone()
    x += y
    x *= 2.0
    x -= y
    x /= 4.0
    torch.testing.assert_close(x.tensor, ((expected + y.tensor) * 2 - y.tensor) / 4)
    assert x.tensor is held
    with pytest.raises(FieldTypeError):
        x += y[:, 0]
    with pytest.raises(FieldTypeError):
        x *= torch.randn(1, 10, 1, 1)


def test_comparison_is_elementwise_as_in_torch():
    x, y = tensor(), tensor(seed=1)
    assert (x == x).all()
    assert not (x == y).all()
    assert (x == x[:, 0]) is False
    assert torch.allclose(x, x)
    assert not torch.equal(x, y)
    assert len({x, y}) == 2


def test_plain_tensors_on_the_left():
    x = tensor()
    ones = torch.ones_like(x.tensor)
    torch.testing.assert_close((ones + x).tensor, ones + x.tensor)
    torch.testing.assert_close((ones - x).tensor, ones - x.tensor)
    torch.testing.assert_close((torch.tensor(2.0) * x).tensor, 2 * x.tensor)


def test_elements_act_from_the_left():
    x = tensor()
    g = x.type.fibergroup.element(1)
    assert torch.equal(g @ x, x.transform_fibers(g))
