"""The ready networks: exact symmetry, matched sizes, what they refuse."""

from __future__ import annotations

import pytest
import torch

from intertwine import deploy, gspaces, models, nn, training
from intertwine.errors import ArgumentError, FieldTypeError, ShapeError

SPACES = {
    "C4": (lambda: gspaces.rot2dOnR2(4), False),
    "D4": (lambda: gspaces.flipRot2dOnR2(4), True),
    "flips": (gspaces.flip2dOnR2, True),
    "C8": (lambda: gspaces.rot2dOnR2(8), False),
    "C1": (gspaces.trivialOnR2, False),
}


@pytest.mark.parametrize("space", ["C4", "D4", "C8"])
@pytest.mark.parametrize("size", [9, 14, 17, 28, 29])
def test_quarter_turns_are_exact(space, size):
    make, reflects = SPACES[space]
    model = models.equivariant_cnn(2, 3, make(), widths=(2, 3, 4), kernel_size=3, size=size).double()
    x = torch.randn(4, 2, size, size, dtype=torch.float64)
    model(x)
    model.eval()
    with torch.no_grad():
        answer = model(x)
        for quarter in (1, 2, 3):
            assert torch.allclose(model(x.rot90(quarter, (2, 3))), answer, atol=1e-12)
        assert torch.allclose(model(x.flip(3)), answer, atol=1e-12) == reflects
        assert not torch.allclose(model(x.roll(1, 3)), answer, atol=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_exact_after_training_and_after_loading(space):
    make, reflects = SPACES[space]
    model = models.equivariant_cnn(1, None, make(), widths=(2, 4), kernel_size=3, size=9)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(48, 1, 9, 9, generator=generator)
    y = torch.randint(3, (48,), generator=generator)
    result = training.fit(model, x, y, epochs=2, seed=0)
    loaded = deploy.load_bytes(deploy.save_bytes(result.module))
    with torch.no_grad():
        if space in ("C4", "D4", "C8"):
            assert torch.allclose(loaded(x.rot90(1, (2, 3))), loaded(x), atol=1e-5)
        if reflects:
            assert torch.allclose(loaded(x.flip(3)), loaded(x), atol=1e-5)
        assert torch.equal(loaded(x), result.module(x))


def test_report_of_equivariance():
    model = models.equivariant_cnn(1, 3, gspaces.rot2dOnR2(4), widths=(2, 3), kernel_size=3, size=9)
    assert len(list(model.check_equivariance(x=torch.randn(2, 1, 9, 9)))) > 0


@pytest.mark.parametrize("size", [None, 8, 9, 28, 29])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_shapes(size, dropout):
    x = torch.zeros(2, 3, size or 29, size or 29)
    widths = (2, 4, 4)
    equivariant = models.equivariant_cnn(
        3, 5, gspaces.rot2dOnR2(4), widths=widths, kernel_size=(5, 3, 3), size=size, dropout=dropout
    )
    plain = models.plain_cnn(3, 5, widths=widths, kernel_size=(5, 3, 3), size=size, dropout=dropout)
    assert equivariant(x).shape == plain(x).shape == (2, 5)


@pytest.mark.parametrize("budget", [3000, 20_000])
def test_matched_sizes(budget):
    networks = [
        models.match_parameters(lambda widths: models.plain_cnn(1, 10, widths=widths), budget),
        models.match_parameters(
            lambda widths: models.equivariant_cnn(1, 10, gspaces.rot2dOnR2(4), widths=widths), budget
        ),
    ]
    for network in networks:
        assert abs(models.count_parameters(network) / budget - 1) < 0.35


def test_bad_input():
    space = gspaces.rot2dOnR2(4)
    with pytest.raises(ArgumentError, match="odd"):
        models.equivariant_cnn(1, 10, space, kernel_size=4)
    with pytest.raises(ArgumentError, match="kernel sizes"):
        models.plain_cnn(1, 10, kernel_size=(3, 3))
    with pytest.raises(ArgumentError, match="widths"):
        models.equivariant_cnn(1, 10, space, widths=())
    with pytest.raises(ArgumentError, match="n_classes"):
        models.plain_cnn(1, 0)
    with pytest.raises(ArgumentError, match="dropout"):
        models.plain_cnn(1, 2, dropout=1.0)
    with pytest.raises(FieldTypeError, match="plane"):
        models.equivariant_cnn(1, 10, gspaces.no_base_space(space.fibergroup))
    with pytest.raises(ArgumentError, match="narrowest"):
        models.match_parameters(lambda widths: models.plain_cnn(1, 10, widths=widths), 10)


GRIDS = {
    "plane, even": (lambda: gspaces.rot2dOnR2(4), (16, 16)),
    "plane, odd": (lambda: gspaces.flipRot2dOnR2(8), (17, 17)),
    "space, even": (gspaces.octaOnR3, (8, 8, 8)),
    "space, odd": (gspaces.octaOnR3, (7, 7, 7)),
    "line, even": (gspaces.flipOnR1, (12,)),
    "line, odd": (gspaces.flipOnR1, (13,)),
}


def lattice_moves(x):
    """A quarter turn, or for signals the mirror."""
    return x.flip(2) if x.dim() == 3 else x.rot90(1, (x.dim() - 2, x.dim() - 1))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_unets_move_with_their_input(name, norm):
    make, size = GRIDS[name]
    for padding_mode in ("zeros", "circular"):
        model = models.equivariant_unet(
            2, 3, make(), widths=(2, 3, 2), size=size, norm=norm, padding_mode=padding_mode
        ).double()
        x = torch.randn(2, 2, *size, dtype=torch.float64)
        model(x)
        model.eval()
        with torch.no_grad():
            answer = model(x)
            assert answer.shape == (2, 3, *size)
            assert torch.allclose(model(lattice_moves(x)), lattice_moves(answer), atol=1e-12)
        assert nn.shape_plan(model, size).exact


def test_unets_of_any_multiple_of_their_levels():
    model = models.equivariant_unet(1, {"vector": 1}, gspaces.rot2dOnR2(4), widths=(2, 2, 2)).double().eval()
    for size in (8, 12, 20):
        x = torch.randn(1, 1, size, size, dtype=torch.float64)
        with torch.no_grad():
            turned = model.out_type.transform_fibers(model(x), model.symmetry.fibergroup.element(1)).rot90(1, (2, 3))
            assert torch.allclose(model(x.rot90(1, (2, 3))), turned, atol=1e-12)
    with pytest.raises(ShapeError, match="different sizes"):
        model(torch.randn(1, 1, 10, 10, dtype=torch.float64))


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("bottleneck", [False, True])
def test_resnets_do_not_see_lattice_moves(name, bottleneck):
    make, size = GRIDS[name]
    model = models.equivariant_resnet(
        1, 3, make(), depths=(1, 2, 1), widths=(4, 4, 8), size=size, bottleneck=bottleneck
    ).double()
    x = torch.randn(3, 1, *size, dtype=torch.float64)
    model(x)
    model.eval()
    with torch.no_grad():
        assert torch.allclose(model(lattice_moves(x)), model(x), atol=1e-12)
    loaded = deploy.load_bytes(deploy.save_bytes(model))
    assert torch.equal(loaded(x), model(x))


@pytest.mark.parametrize("build", [models.equivariant_resnet, models.equivariant_cnn])
def test_symmetry_is_given_up_half_way(build):
    space = gspaces.flipRot2dOnR2(4)
    model = build(1, 3, space, widths=(2, 2, 2), size=29, restrict={1: (None, 4), 2: 1}).double().eval()
    assert model.symmetry.fibergroup.order() == 1
    widths = [part.out_type.size for part in model.modules() if isinstance(part, nn.InnerBatchNorm)]
    assert set(widths) == {16}
    x = torch.randn(1, 1, 29, 29, dtype=torch.float64)
    with torch.no_grad():
        assert not torch.allclose(model(x.rot90(1, (2, 3))), model(x), atol=1e-9)
    half = build(1, 3, space, widths=(2, 2, 2), size=29, restrict={1: (None, 4)}).double().eval()
    with torch.no_grad():
        assert torch.allclose(half(x.rot90(1, (2, 3))), half(x), atol=1e-12)
        assert not torch.allclose(half(x.flip(3)), half(x), atol=1e-9)
    with pytest.raises(ArgumentError, match="stages from 0 to 2"):
        build(1, 3, space, widths=(2, 2, 2), restrict={5: (None, 4)})


CONTINUOUS = {"SO(2)": gspaces.rot2dOnR2, "SO(3)": gspaces.rot3dOnR3, "O(3)": gspaces.flipRot3dOnR3}


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("nonlinearity", ["gated", "fourier"])
def test_fields_of_continuous_groups(name, nonlinearity):
    options = {"widths": (1, 2), "kernel_size": 3, "size": 8, "nonlinearity": nonlinearity, "frequency": 1}
    space = CONTINUOUS[name]()
    x = torch.randn(2, 1, *(space.dimensionality * (8,)), dtype=torch.float64)
    networks = [
        models.equivariant_cnn(1, 3, space, dropout=0.1, **options),
        models.equivariant_resnet(1, 3, space, depths=(1, 1), **options),
        models.equivariant_unet(1, 3, space, depth=1, **options),
    ]
    for model in networks:
        model = model.double()
        model(x)
        model.eval()
        with torch.no_grad():
            answer, moved = model(x), model(lattice_moves(x))
            wanted = lattice_moves(answer) if answer.dim() > 2 else answer
            assert torch.allclose(moved, wanted, atol=1e-12)
        assert torch.equal(deploy.load_bytes(deploy.save_bytes(model))(x), model(x))


def test_unets_give_up_symmetry_at_a_level():
    space = gspaces.flipRot2dOnR2(4)
    model = models.equivariant_unet(1, {"vector": 1}, space, widths=(2, 2, 2), size=13, restrict={1: (None, 4), 2: 2})
    model = model.double().eval()
    x = torch.randn(1, 1, 13, 13, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(model(x.rot90(2, (2, 3))), -model(x).rot90(2, (2, 3)), atol=1e-12)
        assert not torch.allclose(model(x.rot90(1, (2, 3))).abs(), model(x).rot90(1, (2, 3)).flip(1).abs(), atol=1e-9)


@pytest.mark.parametrize("size", [12, 13])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_plain_networks_have_the_same_shapes(dimension, size):
    x = torch.zeros(1, 2, *(dimension * (size,)))
    options = {"widths": (2, 3, 4), "size": size, "dimension": dimension}
    assert models.plain_cnn(2, 5, kernel_size=3, **options)(torch.cat([x, x])).shape == (2, 5)
    for bottleneck in (False, True):
        net = models.plain_resnet(2, 5, depths=(1, 2, 1), bottleneck=bottleneck, **options)
        assert net(torch.cat([x, x])).shape == (2, 5)
    unet = models.plain_unet(2, 3, **options)
    assert unet(torch.cat([x, x])).shape == (2, 3, *x.shape[2:])
    for model in (net.eval(), unet.eval()):
        again = deploy.load_bytes(deploy.save_bytes(model))
        with torch.no_grad():
            assert torch.equal(again(x + 1.0), model(x + 1.0))


@pytest.mark.parametrize("size", [16, 17])
def test_plain_networks_cost_what_those_without_symmetry_do(size):
    space, x = gspaces.trivialOnR2(), torch.zeros(8, 1, size, size)
    pairs = [
        (models.equivariant_unet(1, 2, space, size=size), models.plain_unet(1, 2, widths=(8, 16, 32), size=size)),
        (models.equivariant_resnet(1, 2, space, size=size), models.plain_resnet(1, 2, widths=(8, 16, 32), size=size)),
    ]
    for equivariant, plain in pairs:
        assert abs(models.count_operations(equivariant, x) / models.count_operations(plain, x) - 1) < 0.05


def test_a_plain_unet_on_a_periodic_grid_moves_its_output_with_its_input():
    x = torch.randn(1, 1, 16, 16, dtype=torch.float64)
    model = models.plain_unet(1, 2, widths=(2, 3, 4), size=16, padding_mode="circular").double().eval()
    with torch.no_grad():
        assert torch.allclose(model(x.roll((4, 8), (2, 3))), model(x).roll((4, 8), (2, 3)), atol=1e-12)


@pytest.mark.parametrize("mode", ["circular", "reflect", "replicate"])
@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_padded_plain_unet_is_saved(dimension, size, mode):
    model = models.plain_unet(1, 2, widths=(2, 3), size=size, padding_mode=mode, depth=1, dimension=dimension)
    x = torch.randn(2, 1, *(dimension * (size,)))
    model(x)  # statistics that are not those of the start
    again = deploy.load_bytes(deploy.save_bytes(model.eval()))
    assert repr(again) == repr(model)
    with torch.no_grad():
        assert torch.equal(again(x), model(x))


def test_volumes_are_classified():
    model = models.equivariant_cnn(1, 3, gspaces.octaOnR3(), widths=(1, 2), kernel_size=3, size=9).double().eval()
    x = torch.randn(1, 1, 9, 9, 9, dtype=torch.float64)
    with torch.no_grad():
        assert torch.allclose(model(lattice_moves(x)), model(x), atol=1e-12)


def test_grids_that_cannot_be_halved():
    with pytest.raises(ArgumentError, match="8 x 9 cannot be halved"):
        models.equivariant_unet(1, 2, gspaces.rot2dOnR2(4), size=(8, 9))
    with pytest.raises(ArgumentError, match="cannot be halved"):
        models.equivariant_unet(1, 2, gspaces.rot2dOnR2(4), widths=(1, 1, 1, 1), size=2)
    with pytest.raises(FieldTypeError, match="continuous"):
        models.equivariant_unet(1, 2, gspaces.rot2dOnR2(), nonlinearity="relu")
    with pytest.raises(ArgumentError, match="no output"):
        models.equivariant_unet(1)
    with pytest.raises(ArgumentError, match="as many"):
        models.equivariant_resnet(1, 2, widths=(2, 2))


def test_budgets_of_operations_and_time():
    x = torch.zeros(1, 1, 17, 17)

    def family(widths):
        return models.equivariant_resnet(1, 3, gspaces.rot2dOnR2(4), depths=(1, 1), widths=widths, size=17)

    net = models.match_budget(family, operations=4e6, example=x, proportions=(1, 2))
    assert abs(models.count_operations(net, x) / 4e6 - 1) < 0.2
    assert net.training
    timed = models.match_budget(family, seconds=1e-9 + models.time_forward(net, x), example=x, proportions=(1, 2))
    assert models.count_parameters(timed) > 0
    with pytest.raises(ArgumentError, match="ne budget is needed"):
        models.match_budget(family)
    with pytest.raises(ArgumentError, match="needs an input"):
        models.match_budget(family, operations=1e6)
