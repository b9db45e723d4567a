"""Ways around a part of a network."""

from __future__ import annotations

import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import FieldTypeError, ShapeError

SPACE = gspaces.flipRot2dOnR2(4)
KIND = nn.field_type(SPACE, regular=2)
CONV = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3, padding=1)


def test_the_input_is_added_or_put_beside():
    x = torch.randn(2, 16, 5, 5)
    conv = CONV.build(KIND)
    torch.testing.assert_close(nn.ResidualModule(KIND, conv)(x), x + conv(x))
    torch.testing.assert_close(nn.ConcatModule(KIND, conv)(x), torch.cat([x, conv(x)], dim=1))
    other = CONV.build(KIND)
    torch.testing.assert_close(nn.ResidualModule(KIND, [conv, nn.ReLU(KIND)], other)(x), other(x) + conv(x).relu())


def test_types_and_sizes_of_both_ways_must_agree():
    wider = nn.R2Conv.spec(out={"regular": 3}, kernel_size=3, padding=1)
    with pytest.raises(FieldTypeError, match="different types"):
        nn.ResidualModule(KIND, wider)
    with pytest.raises(ShapeError, match=r"\(5, 5\) around the part, \(3, 3\) through it"):
        nn.ResidualModule(KIND, nn.R2Conv.spec(out={"regular": 2}, kernel_size=3))(torch.randn(1, 16, 5, 5))
    with pytest.raises(FieldTypeError, match="beside fields on"):
        nn.ConcatModule(KIND, nn.RestrictionModule.spec(id=(None, 4)))
    with pytest.raises(FieldTypeError, match="give fields"):
        nn.ResidualModule(KIND, nn.HeadClasses.spec(n=2))


def test_restriction_on_both_ways():
    restrict = nn.RestrictionModule.spec(id=(None, 4))
    block = nn.ResidualModule(KIND, [restrict, nn.FieldDropout.spec()], restrict)
    assert block.symmetry.fibergroup.order() == 4
    assert block.check_equivariance(size=5).passed


def test_points_keep_their_coordinates():
    kind = nn.field_type(gspaces.flipRot2dOnR2(4), regular=1)
    x = nn.GeometricTensor(torch.randn(6, 8), kind, torch.randn(6, 2))
    out = nn.ResidualModule(kind, nn.ReLU.spec())(x)
    assert torch.equal(out.coords, x.coords)
    torch.testing.assert_close(out.tensor, x.tensor + x.tensor.relu())


def test_tools_look_inside():
    net = nn.SequentialModule(KIND, nn.ResidualModule.spec(inner=[CONV, nn.ReLU.spec(), CONV]), nn.GroupPooling.spec())
    paths = [row["layer"] for row in nn.summary(net, 7).table]
    assert "0.inner.0" in paths
    assert "0.inner.2" in paths
    assert nn.shape_plan(net, 6).exact
    strided = [nn.R2Conv.spec(out={"regular": 2}, kernel_size=3, padding=1, stride=2)]
    net = nn.SequentialModule(KIND, nn.ResidualModule.spec(inner=strided, shortcut=strided))
    assert nn.shape_plan(net, 7).exact
    assert nn.shape_plan(net, 8).exact is False
    assert all(size % 2 for size in nn.shape_plan(net, 8).sizes)
