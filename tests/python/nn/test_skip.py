"""Ways around a part of a network."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, gspaces, nn, training
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError, ShapeError

from ..contracts.cases import over

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


def test_the_sum_of_modules_is_seen_by_every_tool(tmp_path):
    conv, deep = CONV.build(KIND), nn.SequentialModule(KIND, CONV, nn.ReLU.spec(), CONV)
    both = conv + deep
    x = torch.randn(1, 16, 7, 7)
    torch.testing.assert_close(both(x), conv(x) + deep(x))
    torch.testing.assert_close((conv + conv + deep)(x), 2 * conv(x) + deep(x))
    torch.testing.assert_close((conv + nn.ReLU.spec())(x), conv(x) + x.relu())
    assert {"inner", "shortcut.0", "shortcut.2"} <= {row["layer"] for row in nn.summary(both, 7).table}
    assert nn.shape_plan(both, 6).exact
    assert both.check_equivariance(size=5).passed
    deploy.save(both, tmp_path / "sum.safetensors")
    torch.testing.assert_close(deploy.load(tmp_path / "sum.safetensors")(x), both(x))
    torch.testing.assert_close(both.export()(x), both(x))
    image = torch.randn(1, 16, 20, 20)
    torch.testing.assert_close(training.predict_tiled(both, image, tile=12), both(image).detach())


def test_sums_of_other_things_are_refused():
    conv = CONV.build(KIND)
    other = nn.Bilinear((KIND, KIND), KIND)
    with pytest.raises(FieldTypeError, match="give the same fields"):
        conv + nn.GroupPooling.spec()
    with pytest.raises(FieldTypeError, match="take the same fields"):
        conv + nn.ReLU(KIND + KIND)
    for pair in ((conv, other), (other, conv)):
        with pytest.raises(FieldTypeError, match="one field type"):
            pair[0] + pair[1]
    with pytest.raises(FieldTypeError, match="one field type"):
        conv + nn.SequentialModule(KIND, nn.GroupPooling.spec(), nn.HeadClasses.spec(n=2))
    for wrong in (1.0, torch.nn.ReLU(), None):
        with pytest.raises(ArgumentTypeError, match="cannot be added"):
            conv + wrong


def unpadded(depth):
    """A U-Net whose convolutions are not padded."""
    conv = nn.R2Conv.spec(out={"regular": 2}, kernel_size=3)
    if not depth:
        return [conv, nn.ReLU.spec()]
    deep = [nn.PointwiseAvgPool2D.spec(kernel_size=2), *unpadded(depth - 1), nn.R2Upsampling.spec(scale_factor=2)]
    return [conv, nn.ReLU.spec(), nn.ConcatModule.spec(inner=deep, crop=True), conv]


def test_a_unet_of_unpadded_convolutions_keeps_its_centre():
    net = nn.SequentialModule(KIND, *unpadded(2)).double()
    assert [size for size in range(22, 40) if nn.shape_plan(net, size).exact] == [22, 26, 30, 34, 38]
    assert net.check_equivariance(size=22).passed
    plan = nn.shape_plan(net, 25)
    assert not plan.exact
    assert plan.sizes[:3] == [26, 22, 30]
    assert "half a cell" in str(plan)
    x = torch.randn(1, 16, 22, 22, dtype=torch.float64)
    conv, _, join, _ = net
    first = conv(x).relu()
    torch.testing.assert_close(join(first)[:, :16], first[..., 8:-8, 8:-8])


def test_a_crop_that_would_move_the_centre_is_refused():
    even = nn.ResidualModule(KIND, nn.R2Conv(KIND, KIND, 4), crop=True)
    with pytest.raises(ShapeError, match=r"never gives \(6, 6\).*half a cell"):
        even(torch.randn(1, 16, 9, 9))
    assert "crop" not in nn.ResidualModule(KIND, CONV).arguments
    flat = nn.field_type(gspaces.no_base_space(SPACE.fibergroup), regular=1)  # nothing to crop
    assert nn.ConcatModule(flat, nn.ReLU.spec(), crop=True)(torch.randn(2, 8)).shape == (2, 16)


@over("name", ["CropModule", "PadModule"])
def test_sizes_around_the_centre(name):
    cls, kind = getattr(nn, name), nn.field_type(SPACE, trivial=1)
    x = torch.arange(25.0).view(1, 1, 5, 5)
    inner, outer = x[..., 1:-1, 1:-1], torch.nn.functional.pad(x, (1, 1, 1, 1))
    expected = inner if name == "CropModule" else outer
    for layer in (cls(kind, 1), cls(kind, size=expected.shape[-1])):
        assert torch.equal(layer(x), expected)
        assert nn.shape_plan(layer, 5).exact
    for size in (4, 6, 7 if name == "CropModule" else 3):
        with pytest.raises(ShapeError, match="both ends"):
            cls(kind, size=size)(x)
    for given in ({}, {"cells": 1, "size": 3}):
        with pytest.raises(ArgumentError, match="either cells or size"):
            cls(kind, **given)


def test_padding_modes_and_what_is_too_much():
    kind = nn.field_type(SPACE, regular=1)
    x = torch.randn(1, 8, 4, 4, dtype=torch.float64)
    for mode in ("zeros", "reflect", "replicate", "circular"):
        layer = nn.PadModule(kind, 2, padding_mode=mode)
        wide = torch.nn.functional.pad(x, (2, 2, 2, 2), "constant" if mode == "zeros" else mode)
        assert torch.equal(layer(x), wide)
        assert torch.equal(nn.export(layer)(x), wide)
        assert layer.check_equivariance(x=x).passed
    with pytest.raises(ShapeError, match="reflect"):
        nn.PadModule(kind, 4, padding_mode="reflect")(x)
    with pytest.raises(ShapeError, match="nothing would be left"):
        nn.CropModule(kind, 2)(x)


def test_squeeze_and_excitation_is_that_of_torch_on_permuted_fields():
    kind = nn.field_type(SPACE, regular=4)
    layer = nn.SqueezeExcitation(kind, reduction=2)
    x = torch.randn(2, 32, 5, 5)
    means = x.view(2, 4, -1).mean(dim=2)
    gates = torch.sigmoid(layer.excite(torch.relu(layer.squeeze(means))))
    torch.testing.assert_close(layer(x), (x.view(2, 4, -1) * gates[..., None]).view_as(x))
    mixed = nn.SqueezeExcitation(nn.field_type(SPACE, regular=1, vector=2, trivial=1)).double()
    assert mixed.check_equivariance(size=5).passed
    # Points are one sample.
    type_ = mixed.in_type
    points = torch.randn(7, type_.size, dtype=torch.float64)
    placed = mixed(nn.GeometricTensor(points, type_, torch.randn(7, 2, dtype=torch.float64)))
    torch.testing.assert_close(placed.tensor, mixed(points.T[None, :, :, None])[0, :, :, 0].T)
    # Or several, each weighted by its own.
    x = type_(points, torch.randn(7, 2, dtype=torch.float64))
    sets = torch.tensor([5, 2, 5, 5, 2, 2, 2])
    together = mixed(x, batch=sets).tensor
    for number in (2, 5):
        alone = mixed(type_(points[sets == number], x.coords[sets == number])).tensor
        torch.testing.assert_close(together[sets == number], alone)
    with pytest.raises(ArgumentTypeError, match="need coordinates"):
        mixed(points, batch=sets)
