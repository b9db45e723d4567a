"""Heads: numbers, directions, tensors, places and pixels at the end of the ready networks, and their training."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, gspaces, models, nn, training
from intertwine.errors import ArgumentError, ArgumentTypeError, FieldTypeError

from ..contracts.cases import over

HEADS = {
    "numbers": nn.HeadNumbers.spec(n=2),
    "a direction": nn.HeadFields.spec(out={"vector": 1}),
    "a sum of tensors": nn.HeadFields.spec(out={"vector": 1, "trivial": 1}, reduce="sum"),
    "places": nn.HeadPoints.spec(n=2),
    "pixels": nn.Linear.spec(out={"trivial": 2}),
    "features": [],
}
SPACES = {
    "D4": lambda: gspaces.flipRot2dOnR2(4),
    "line": gspaces.flipOnR1,
    "SO(3)": gspaces.rot3dOnR3,
}


@over("head", HEADS)
@over("space", SPACES)
@over("size", [8, 9])
def test_heads_turn_with_the_lattice(head, space, size):
    space = SPACES[space]()
    options = {"widths": (1, 2), "size": size, "head": HEADS[head], "frequency": 1, "kernel_size": 3}
    pixels = head == "pixels"
    networks = [models.equivariant_cnn(1, gspace=space, downsample=not pixels, **options)]
    if space.dimensionality < 3:
        networks.append(models.equivariant_resnet(1, gspace=space, depths=(1, 1), downsample=not pixels, **options))
        networks.append(models.equivariant_unet(1, gspace=space, **options))
    x = torch.randn(2, 1, *(space.dimensionality * (size,)), dtype=torch.float64)
    for model in networks:
        model = model.double()
        model(x)
        report = model.eval().check_equivariance(x=x)
        assert max(row["error"] for row in report.table if row["exact"]) < 1e-11
        with torch.no_grad():
            assert torch.equal(deploy.load_bytes(deploy.save_bytes(model))(x), model(x))


def test_the_place_of_a_blob():
    places = torch.tensor([[3.0, 2.0], [-4.0, 0.0], [0.0, -5.0]])
    for side in (20, 21):
        axis = torch.arange(side) - (side - 1) / 2
        x = torch.stack(
            [torch.exp(-((axis[None, :] - px) ** 2 + (-axis[:, None] - py) ** 2) / 2) for px, py in places]
        )[:, None]
        head = nn.HeadPoints(nn.field_type(gspaces.rot2dOnR2(4), trivial=1))
        torch.nn.init.constant_(head.scores.weights, 50.0)
        assert torch.allclose(head(x), places, atol=0.1)


def blobs(n, side, generator):
    """Images of one blob each, and where its centre is."""
    places = 0.6 * side * (torch.rand(n, 2, generator=generator) - 0.5)
    axis = torch.arange(side) - (side - 1) / 2
    apart = (axis - places[:, :1, None]) ** 2 + (-axis[:, None] - places[:, 1:, None]) ** 2
    return torch.exp(-apart / 3)[:, None] + 0.05 * torch.randn(n, 1, side, side, generator=generator), places


@pytest.mark.parametrize("head", ["places", "a direction"])
def test_targets_turn_with_augmented_inputs(head):
    space = gspaces.flipRot2dOnR2(4)
    x, y = blobs(96, 12, torch.Generator().manual_seed(0))
    chosen = nn.HeadPoints.spec() if head == "places" else HEADS[head]
    model = models.equivariant_cnn(
        1, gspace=space, widths=(2, 4), kernel_size=3, size=12, head=chosen, downsample=head != "places"
    )
    for augment in (None, "rotations"):
        result = training.fit(model, x, y, epochs=12, learn_rate=0.02, seed=0, augment=augment, clip_norm=5.0)
        # In a network whose answer turns with its input, turned pairs teach the same: the error falls in both.
        assert result.history[-1]["rmse"] < (1.0 if head == "places" else 2.0)
    assert result.module(x[:3]).shape == y[:3].shape
    number = models.equivariant_cnn(1, gspace=space, widths=(2,), size=12, head=nn.HeadNumbers.spec(n=2))
    assert training.fit(number, x, y.abs(), epochs=1, seed=0, augment="rotations").stopped == "finished"


def test_wrong_heads():
    space = gspaces.rot2dOnR2(4)
    with pytest.raises(ArgumentError, match="Both a head"):
        models.equivariant_cnn(1, 10, space, head=nn.HeadPoints.spec())
    with pytest.raises(ArgumentTypeError, match="specification"):
        models.equivariant_cnn(1, gspace=space, head="points")
    with pytest.raises(FieldTypeError, match="a line, a plane or space"):
        nn.HeadPoints(nn.field_type(gspaces.no_base_space(space.fibergroup), regular=1))
    with pytest.raises(FieldTypeError, match="the same group"):
        nn.HeadFields(nn.field_type(space, regular=1), nn.field_type(gspaces.rot2dOnR2(8), vector=1))
