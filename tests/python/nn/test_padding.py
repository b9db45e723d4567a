"""How layers go on beyond the edges of a grid: every layer with a margin has all modes, each exactly equivariant."""

import inspect

import pytest
import torch

from intertwine import deploy, gspaces, models, nn
from intertwine.errors import ArgumentError, ShapeError

from ..contracts.layers import relative_error

PLANE, LINE, SPACE = gspaces.flipRot2dOnR2(4), gspaces.flipOnR1(), gspaces.octaOnR3()
MODES = ("zeros", "reflect", "replicate", "circular")
SETTINGS = {
    "PointwiseAvgPool": {"kernel_size": 3, "stride": 2, "padding": 1},
    "PointwiseMaxPool": {"kernel_size": 3, "stride": 2, "padding": 1},
    "NormMaxPool": {"kernel_size": 3, "stride": 2, "padding": 1},
    "PointwiseAvgPoolAntialiased": {"sigma": 0.4, "stride": 2},
    "PointwiseMaxPoolAntialiased": {"kernel_size": 3, "stride": 2, "padding": 1, "sigma": 0.3},
    "Transposed": {"kernel_size": 3, "stride": 2, "padding": 1},
    "Conv": {"kernel_size": 3, "stride": 2, "padding": 1},
    "Diffop": {"kernel_size": 3, "stride": 2, "padding": 1},
    "Upsampling": {"scale_factor": 2},
}
LAYERS = {
    name: cls
    for name in nn.__all__
    if inspect.isclass(cls := getattr(nn, name))
    and issubclass(cls, nn.EquivariantModule)
    and {"padding", "scale_factor"} & set(inspect.signature(cls.__init__).parameters)
}


def settings_of(name):
    return next(
        given for key, given in SETTINGS.items() if key == name.removesuffix("2D").removesuffix("3D") or key in name[2:]
    )


def layer(name, mode, **changed):
    cls = LAYERS[name]
    space = SPACE if "3" in name else LINE if name.startswith("R1") else PLANE
    if "Ico" in name:
        space = gspaces.icoOnR3()
    kind = nn.field_type(space, trivial=1) if "3" in name else nn.field_type(space, regular=1, trivial=1)
    given = {**settings_of(name), **changed, "padding_mode": mode}
    torch.manual_seed(0)
    return (
        cls(kind, kind, **given) if "out_type" in inspect.signature(cls.__init__).parameters else cls(kind, **given)
    ).double()


def image(module, side=5):
    space = module.in_type.gspace.dimensionality * (side,)
    return torch.randn(2, module.in_type.size, *space, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_with_a_margin_has_all_modes(name):
    assert "padding_mode" in inspect.signature(LAYERS[name].__init__).parameters
    with pytest.raises(ArgumentError, match="'constant' is unknown"):
        layer(name, "constant")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", LAYERS)
def test_modes_are_exact_and_survive(name, mode):
    module = layer(name, mode).eval()
    x = image(module)
    with torch.no_grad():
        y = module(x)
        assert y.shape == layer(name, "replicate" if "Upsampling" in name else "zeros")(x).shape
        assert module.evaluate_output_shape(tuple(x.shape)) == tuple(y.shape)
        for g in module.in_type.gspace.exact_elements:
            moved = module(module.in_type.transform(x, g))
            assert relative_error(moved, module.out_type.transform(y, g)) < 1e-12
        assert relative_error(nn.export(module)(x), y) < 1e-12
        assert torch.equal(deploy.load_bytes(deploy.save_bytes(module))(x), y)
    usual = "replicate" if "Upsampling" in name else "zeros"
    prints_it = "Transposed" in name or not ("Conv" in name or "Diffop" in name)
    assert ("padding_mode" in repr(module)) == (mode != usual and prints_it)


def shifted(x, by):
    axes = tuple(range(2, x.dim()))
    return torch.roll(x, len(axes) * (by,), axes)


@pytest.mark.parametrize("name", LAYERS)
def test_what_is_circular_commutes_with_shifts(name):
    # On a torus, at sizes that the layer keeps, or doubles or halves: nothing knows where the edge is.
    for by_two in (False, True):
        up = "Transposed" in name or "Upsampling" in name
        if name.endswith("Upsampling"):
            module = layer(name, "circular", scale_factor=2 if by_two else 3)
            steps = (1, 2 if by_two else 3)
        elif up and by_two:
            continue  # no symmetric transposed convolution makes 2 n of n cells with a kernel of odd width
        else:
            # Where the margin counts twice, for the maximum and for the blur, the window that keeps the size is 5.
            twice = {"kernel_size": 5} if "MaxPoolAntialiased" in name else {}
            changed = {} if "AvgPoolAntialiased" in name else {"padding": 1, **twice}
            module = layer(name, "circular", stride=2 if by_two else 1, **changed)
            steps = (2, 1) if by_two else (1, 1)
        x = image(module.eval(), 6)
        with torch.no_grad():
            y = module(x)
            assert relative_error(module(shifted(x, steps[0])), shifted(y, steps[1])) < 1e-12


@pytest.mark.parametrize("mode", MODES[1:])
@pytest.mark.parametrize("name", [name for name in LAYERS if "Pool" in name or "Upsampling" in name])
def test_an_even_image_stays_even_where_it_goes_on(name, mode):
    module = layer(name, mode)
    ones = torch.ones_like(image(module))
    assert torch.allclose(module(ones), torch.ones_like(module(ones)))


@pytest.mark.parametrize("mode", MODES[1:])
def test_a_transposed_convolution_is_that_of_the_larger_image(mode):
    module = layer("R2ConvTransposed", mode, padding=0).eval()
    x = image(module, 7)
    plain = layer("R2ConvTransposed", "zeros", padding=0).eval()
    wider = torch.nn.functional.pad(x, (3, 3, 3, 3), mode=mode)
    with torch.no_grad():
        assert relative_error(module(x), plain(wider)[..., 6:-6, 6:-6]) < 1e-12


def test_modes_that_do_not_fit_are_refused():
    kind = nn.field_type(PLANE, trivial=1)
    for given in ({"scale_factor": 1.5}, {"size": 9}, {"scale_factor": 2, "align_corners": True}):
        with pytest.raises(ArgumentError, match="whole scale_factor"):
            nn.R2Upsampling(kind, padding_mode="circular", **given)
    with pytest.raises(ShapeError, match="reflect"):
        nn.PointwiseAvgPool(kind, 3, 1, 2, padding_mode="reflect")(torch.zeros(1, 1, 2, 2))
    with pytest.raises(ShapeError, match="circular"):
        nn.R2ConvTransposed(kind, kind, 5, padding_mode="circular")(torch.zeros(1, 1, 3, 3))


def test_a_whole_model_on_a_torus():
    model = (
        models.equivariant_cnn(1, 3, PLANE, widths=(2, 2), kernel_size=3, size=16, padding_mode="circular")
        .double()
        .eval()
    )
    x = torch.randn(1, 1, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        features = model[:4](x)
        assert relative_error(model[:4](shifted(x, 2)), shifted(features, 1)) < 1e-12
    assert not nn.shape_plan(model, 16).rows[0]["reason"]
