"""The switch for filters that turn more exactly: on photographs, beside the defaults, in files and words."""

import numpy as np
import pytest
import torch

from intertwine import deploy, gspaces, nn
from intertwine.errors import ArgumentError, ArgumentTypeError, EmptyBasisError
from intertwine.kernels.lattice import lattice_points

PIXEL, CROPS = 4, 40


@pytest.fixture(scope="module", name="scenes")
def fixture_scenes():
    """Spline coefficients of photographs behind a Gaussian lens of half a pixel."""
    from scipy import ndimage
    from sklearn.datasets import load_sample_images

    gray = [picture.astype(float).mean(axis=-1) for picture in load_sample_images().images]
    blurred = [ndimage.gaussian_filter((g - g.mean()) / g.std(), PIXEL / 2, mode="reflect") for g in gray]
    return [ndimage.spline_filter(g, order=5) for g in blurred]


def crops(scenes, side, degrees):
    """Crops about the same points of the photographs, with the camera turned."""
    from scipy import ndimage

    rng = np.random.default_rng(0)
    y, x = np.meshgrid(*2 * [np.arange(side) - (side - 1) / 2], indexing="ij")
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    seen = PIXEL * np.stack([s * x + c * y, c * x - s * y])
    found = []
    for scene in scenes:
        middle = rng.uniform(0.2, 0.8, (CROPS, 2)) * np.array(scene.shape)
        places = (middle[:, :, None, None] + seen).swapaxes(0, 1)
        found.append(ndimage.map_coordinates(scene, places, order=5, prefilter=False, mode="mirror"))
    return torch.tensor(np.concatenate(found)[:, None], dtype=torch.float32)


def error(layer, upright, turned):
    """The error at the middle pixel, where nothing is interpolated, as the median over channels."""
    g = layer.in_type.gspace.fibergroup.element(1)
    rho = torch.tensor(layer.out_type.representation(g), dtype=torch.float32)
    with torch.no_grad():
        before, after = (layer(x)[..., x.shape[-1] // 2, x.shape[-1] // 2] for x in (upright, turned))
    expected = before @ rho.T
    return (
        ((after - expected).square().mean(dim=0) / (expected - expected.mean(dim=0)).square().mean(dim=0))
        .sqrt()
        .median()
    )


def conv(N, kernel_size, fields=8, seed=0, **settings):
    space = gspaces.rot2dOnR2(N)
    torch.manual_seed(seed)
    ends = nn.field_type(space, trivial=1), nn.field_type(space, regular=fields)
    return nn.R2Conv(*ends, kernel_size, padding=kernel_size // 2, **settings)


def network(N, kernel_size, factor=1, seed=0, **settings):
    space = gspaces.rot2dOnR2(N)
    torch.manual_seed(seed)
    first, inner = nn.field_type(space, trivial=1), nn.field_type(space, regular=4)
    settings = {"padding": kernel_size // 2, **settings}
    layers = [nn.R2Conv(first, inner, kernel_size, **settings)]
    for _ in range(2):
        layers.append(nn.ReLU(inner) if factor == 1 else nn.AliasFree(nn.ReLU(inner), factor))
        layers.append(nn.R2Conv(inner, inner, kernel_size, **settings))
    return nn.SequentialModule(*layers)


@pytest.mark.parametrize(("N", "degrees"), [(8, 45), (12, 30), (16, 22.5)])
def test_layers_turn_more_exactly_on_photographs(scenes, N, degrees):
    x = [crops(scenes, 11, angle) for angle in (0, degrees)]
    for kernel_size in (5, 7):
        errors = [
            np.median([error(conv(N, kernel_size, seed=seed, low_error=low), *x) for seed in range(3)])
            for low in (False, True)
        ]
        assert errors[1] < 0.85 * errors[0], (kernel_size, errors)


@pytest.mark.parametrize(("N", "degrees"), [(8, 45), (12, 30), (16, 22.5)])
def test_networks_of_small_kernels_turn_twice_as_exactly(scenes, N, degrees):
    x = [crops(scenes, 13, angle) for angle in (0, degrees)]
    errors = [
        np.median([error(network(N, 3, seed=seed, low_error=low), *x) for seed in range(5)]) for low in (False, True)
    ]
    assert errors[1] < 0.6 * errors[0], errors


def test_alias_free_layers_and_fitted_filters_add_up(scenes):
    x = [crops(scenes, 31, angle) for angle in (0, 45)]
    alone = np.median([error(network(8, 3, seed=seed, low_error=True), *x) for seed in range(4)])
    both = np.median([error(network(8, 3, 2, seed=seed, low_error=True), *x) for seed in range(4)])
    default = np.median([error(network(8, 3, seed=seed), *x) for seed in range(4)])
    assert both < 0.85 * alone
    assert both < 0.4 * default


def test_quarter_turns_stay_exact():
    for space in (gspaces.rot2dOnR2(4), gspaces.flipRot2dOnR2(4), gspaces.octaOnR3()):
        cls = nn.R2Conv if space.dimensionality == 2 else nn.R3Conv
        kind = nn.field_type(space, regular=1, trivial=1)
        layer = cls(kind, kind, 3, low_error=0.2).double()
        x = torch.randn(1, kind.size, *space.dimensionality * (6,), dtype=torch.float64)
        with torch.no_grad():
            y = layer(x)
            for g in space.fibergroup.elements:
                wrong = layer(kind.transform(x, g)) - kind.transform(y, g)
                assert float(wrong.abs().max()) < 1e-12 * float(y.abs().max())


def test_filters_satisfy_the_constraint_for_all_rotations():
    """K(g x) = rho_out(g) K(x) rho_in(g)^T, where K(g x) is made of the filters as they turn: phi(g x) = D(g) phi(x)."""
    for N in (8, 16):
        space = gspaces.rot2dOnR2(N)
        kind = nn.field_type(space, regular=1, irrep_1=1)
        layer = nn.R2Conv(kind, kind, 5, low_error=True, bias=False).double()
        scalars = layer.basisexpansion.plan.scalars
        filters = layer.expand_parameters()[0].detach().numpy().reshape(kind.size, kind.size, -1)
        values = scalars.evaluate(lattice_points(2, (5, 5), (1, 1)))
        parts = np.linalg.lstsq(values.T, filters.reshape(-1, values.shape[1]).T, rcond=None)
        coefficients = parts[0].T.reshape(kind.size, kind.size, -1)
        np.testing.assert_allclose(coefficients @ values, filters, atol=1e-10)
        g = space.fibergroup.element(1)
        rho = kind.representation(g)
        turned = [
            coefficients[..., rows] @ D
            for (_, _, rows), D in zip(scalars.blocks, scalars.action(space.basespace_action(g)), strict=True)
        ]
        expected = np.einsum("ij,jkf,lk->ilf", rho, coefficients, rho)
        np.testing.assert_allclose(np.concatenate(turned, axis=-1), expected, atol=1e-9)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 7])
def test_without_the_switch_filters_are_as_before(kernel_size):
    one, other = conv(8, kernel_size), conv(8, kernel_size, low_error=False)
    assert torch.equal(one.expand_parameters()[0], other.expand_parameters()[0])
    assert "low_error" not in repr(one)
    assert "low_error=True" in repr(conv(8, kernel_size, low_error=True))


def test_the_switch_is_in_model_files():
    for low in (True, 0.05):
        layer = conv(8, 5, low_error=low).eval()
        again = deploy.load_bytes(deploy.save_bytes(layer))
        assert again.low_error == low
        x = torch.randn(1, 1, 9, 9)
        assert torch.equal(again(x), layer(x))


def test_bounds_leave_orders_out():
    weights = {low: conv(8, 3, fields=1, low_error=low).weights.numel() for low in (False, 0.2, True, 0.03)}
    assert weights == {False: 6, 0.2: 6, True: 4, 0.03: 2}


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan")])
def test_bounds_lie_between_0_and_1(value):
    with pytest.raises(ArgumentError, match=r"(?i)low_error"):
        conv(8, 3, low_error=value)


@pytest.mark.parametrize("value", ["yes", None, [0.1]])
def test_other_settings_are_refused(value):
    with pytest.raises(ArgumentTypeError, match=r"(?i)low_error"):
        conv(8, 3, low_error=value)


def test_a_bound_that_leaves_nothing_says_so():
    space = gspaces.rot2dOnR2(8)
    with pytest.raises(EmptyBasisError, match=r"(?i)low_error"):
        nn.R2Conv(nn.field_type(space, trivial=1), nn.FieldType(space, [space.irrep(2)]), 3, low_error=True)
