"""Non-linearities and products in space: exact where they can be, and how far from it where a grid samples the group."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from intertwine import deploy, gspaces, nn
from intertwine.errors import ArgumentError, ArgumentTypeError, EmptyBasisError, FieldTypeError, GroupError, ShapeError
from intertwine.group import o3_group, so3_group
from intertwine.group.matrices.harmonics import harmonics

SPACES = {"SO(3)": gspaces.rot3dOnR3, "O(3)": gspaces.flipRot3dOnR3, "ico": gspaces.icoOnR3, "octa": gspaces.octaOnR3}


def elements(G, count=6):
    rng = np.random.default_rng(0)
    return [G.sample(rng) for _ in range(count)] if G.continuous else list(G.elements)[1 : count + 1]


def worst(layer, seed=0):
    """The greatest error of equivariance on fields without space, relative to the output."""
    x = torch.randn(20, layer.in_type.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    errors = []
    with torch.no_grad():
        y = layer(x)
        for g in elements(layer.in_type.fibergroup):
            moved = layer(layer.in_type.transform_fibers(x, g))
            errors.append(float((moved - layer.out_type.transform_fibers(y, g)).norm() / y.norm()))
    return max(errors)


def point(space):
    return gspaces.no_base_space(space.fibergroup)


# --- functions on the group and on the sphere

FOURIER = {
    "SO(3), 96 elements": (
        lambda: nn.FourierELU(point(gspaces.rot3dOnR3()), 2, so3_group().bl_irreps(2), type="thomson_cube", N=4),
        0.12,
    ),
    "SO(3), 192 elements": (
        lambda: nn.FourierELU(point(gspaces.rot3dOnR3()), 2, so3_group().bl_irreps(2), type="thomson_cube", N=8),
        0.03,
    ),
    "O(3), 192 elements": (
        lambda: nn.FourierPointwise(
            point(gspaces.flipRot3dOnR3()), 2, o3_group().bl_irreps(2), function="p_tanh", type="thomson_cube", N=4
        ),
        0.2,
    ),
    "sphere, 24 points": (
        lambda: nn.QuotientFourierELU(
            point(gspaces.rot3dOnR3()),
            (False, -1),
            2,
            so3_group().bl_irreps(2),
            grid=so3_group().sphere_grid("thomson_cube", N=1),
        ),
        0.04,
    ),
    "sphere, 96 points": (
        lambda: nn.QuotientFourierELU(
            point(gspaces.rot3dOnR3()),
            (False, -1),
            2,
            so3_group().bl_irreps(2),
            grid=so3_group().sphere_grid("thomson_cube", N=4),
        ),
        0.005,
    ),
    "octahedral": (lambda: nn.FourierPointwise(point(gspaces.octaOnR3()), 2, [(0,), (1,), (2,)]), 1e-12),
    "icosahedral": (lambda: nn.FourierELU(point(gspaces.icoOnR3()), 2, [(0,), (1,), (2,)]), 1e-12),
    "faces of the icosahedron": (
        lambda: nn.QuotientFourierPointwise(point(gspaces.icoOnR3()), (False, 3), 2, [(0,), (1,), (2,)]),
        1e-12,
    ),
}


@pytest.mark.parametrize("name", FOURIER)
def test_errors_of_functions_on_a_grid_of_the_group(name):
    build, bound = FOURIER[name]
    layer = build().double()
    assert worst(layer) < bound
    # It is no linear map, and not zero.
    x = torch.randn(5, layer.in_type.size, dtype=torch.float64)
    y = layer(x)
    bends = (layer(2 * x) - 2 * y).norm(), (layer(-x) + y).norm()
    assert float(max(bends) / y.norm()) > 1e-2


def test_finer_grids_have_smaller_errors():
    G = so3_group()
    errors = [
        worst(nn.FourierELU(point(gspaces.rot3dOnR3()), 1, G.bl_irreps(1), type="thomson_cube", N=n).double())
        for n in (1, 4, 12)
    ]
    assert errors[2] < errors[1] < errors[0]


@pytest.mark.parametrize("name", ["SO(3)", "O(3)"])
def test_a_fourier_transform_and_back(name):
    G = SPACES[name]().fibergroup
    fourier = nn.FourierTransform(G, G.bl_irreps(2), G.grid("thomson_cube", N=4)).double()
    x = torch.randn(3, 2 * fourier.representation.size, 4, dtype=torch.float64)
    samples = fourier.sample(x)
    assert samples.shape == (3, 2 * len(fourier.grid), 4)
    assert torch.allclose(fourier.coefficients(samples), x, atol=1e-6)
    # f(h^-1 g) has the coefficients rho(h) x.
    h = elements(G, 1)[0]
    shifted = nn.FourierTransform(G, G.bl_irreps(2), [~h @ g for g in fourier.grid]).double()
    moved = torch.einsum("oc,bfcs->bfos", torch.tensor(fourier.representation(h)), x.view(3, 2, -1, 4)).flatten(1, 2)
    assert torch.allclose(fourier.sample(moved), shifted.sample(x), atol=1e-12)


def test_bad_fourier_transforms_are_refused():
    G = so3_group()
    with pytest.raises(ArgumentError, match="infinitely"):
        nn.FourierTransform(G, [(0,)])
    with pytest.raises(ArgumentError):
        nn.FourierTransform(G, [], G.grid("thomson_cube", N=1))
    with pytest.raises(ArgumentTypeError):
        nn.FourierTransform("SO(3)", [(0,)])
    with pytest.raises(ShapeError):
        nn.FourierTransform(G, [(0,), (1,)], G.grid("thomson_cube", N=1)).sample(torch.zeros(1, 9))
    with pytest.raises(ArgumentTypeError):
        nn.FourierELU(gspaces.rot3dOnR3(), 1, [(0,)], grid=[1, 2])


# --- norms, gates, products


@pytest.mark.parametrize("name", SPACES)
def test_norms_and_gates_are_exact_in_space(name):
    space = point(SPACES[name]())
    irreps = [psi for psi in space.irreps if not psi.is_trivial()][:2]
    fields = nn.FieldType(space, [*irreps, irreps[0]])
    torch.manual_seed(0)
    assert worst(nn.NormNonLinearity(fields).double()) < 1e-12
    gated = nn.GatedNonLinearity1(nn.FieldType(space, 3 * [space.trivial_repr]) + fields)
    assert worst(gated.double()) < 1e-12


@pytest.mark.parametrize("name", SPACES)
def test_products_are_exact_and_quadratic(name):
    space = point(SPACES[name]())
    vector = space.irrep(1, 1) if name == "O(3)" else space.irrep(1)
    out = vector.tensor(vector)
    torch.manual_seed(0)
    layer = nn.TensorProductModule.construct(space, 3, vector, out).double()
    assert worst(layer) < 1e-12
    x = torch.randn(4, 9, dtype=torch.float64)
    assert torch.allclose(layer(3 * x), 9 * layer(x))
    # By its definition: the matrix of each field times the outer product of the field with itself.
    squares = torch.einsum("bci,bcj->bcij", x.view(4, 3, 3), x.view(4, 3, 3)).flatten(2)
    matrix = layer.expand_parameters().view(3, out.size, 9)
    assert torch.allclose(layer(x), torch.einsum("coi,bci->bco", matrix, squares).flatten(1))


def test_products_that_vanish_are_refused():
    space = point(gspaces.rot3dOnR3())
    with pytest.raises(EmptyBasisError, match="antisymmetric"):
        nn.TensorProductModule.construct(space, 2, space.irrep(1), space.irrep(1))
    with pytest.raises(EmptyBasisError):
        nn.TensorProductModule.construct(space, 2, space.irrep(1), space.irrep(4))
    with pytest.raises(GroupError):
        nn.TensorProductModule.construct(space, 2, gspaces.octaOnR3().irrep(1), space.irrep(2))
    one, two = nn.FieldType(space, [space.irrep(1)]), nn.FieldType(space, 2 * [space.irrep(2)])
    with pytest.raises(ArgumentError):
        nn.TensorProductModule(one, two)
    with pytest.raises(FieldTypeError):
        nn.TensorProductModule(one, nn.FieldType(gspaces.rot3dOnR3(), [space.irrep(2)]))


@pytest.mark.parametrize("kind", ["so3", "o3"])
def test_harmonic_polynomials(kind):
    layer = nn.HarmonicPolynomialR3(4, kind)
    assert worst(layer) < 1e-12
    x = torch.randn(6, 3, dtype=torch.float64)
    r = x.norm(dim=1)
    values = layer(x).split([1, 3, 5, 7, 9], dim=1)
    for l, part in enumerate(values):
        expected = torch.tensor(harmonics((x / r[:, None]).numpy(), l)).T * r[:, None] ** l
        assert torch.allclose(part, expected, atol=1e-12)
    assert nn.HarmonicPolynomialR3(2, so3_group(2)).out_type.size == 9
    for bad in (-1, 1.5, True):
        with pytest.raises(ArgumentError):
            nn.HarmonicPolynomialR3(bad)
    for bad in ("so2", gspaces.octaOnR3().fibergroup):
        with pytest.raises(GroupError):
            nn.HarmonicPolynomialR3(1, bad)


# --- less aliasing


def test_alias_free_layers_keep_smooth_fields_and_constants():
    space = gspaces.rot2dOnR2(8)
    kind = nn.field_type(space, regular=1)
    line = torch.linspace(-4, 4, 33, dtype=torch.float64)
    smooth = torch.exp(-(line[:, None] ** 2 + line**2) / 2).expand(1, 8, -1, -1)
    for factor in (2, 3, 4):
        layer = nn.AliasFree(nn.IdentityModule(kind), factor).double()
        assert float((layer(smooth) - smooth).abs().max()) < 2e-3
        constant = torch.ones(1, 8, 5, 6, dtype=torch.float64)
        assert torch.allclose(layer(constant), constant)
    same = nn.AliasFree(nn.ReLU(kind), 1).double()
    assert torch.equal(same(smooth), torch.relu(smooth))


def test_alias_free_relu_has_less_aliasing():
    """A wave that is near to the highest frequency, moved by half a pixel: after ReLU the two should be one function."""
    kind = nn.FieldType(gspaces.trivialOnR2(), [gspaces.trivialOnR2().trivial_repr])
    places = torch.arange(64, dtype=torch.float64)
    spectrum = torch.exp(-2j * torch.pi * torch.fft.fftfreq(64, dtype=torch.float64) * 0.5)

    def moved(x):
        return torch.fft.ifft(torch.fft.fft(x) * spectrum).real

    wave = torch.cos(2 * torch.pi * 20 / 64 * places).expand(1, 1, 64, 64)
    errors = []
    for layer in (nn.ReLU(kind), nn.AliasFree(nn.ReLU(kind), 2).double(), nn.AliasFree(nn.ReLU(kind), 4).double()):
        gap = (layer(moved(wave)) - moved(layer(wave)))[..., 16:48]
        errors.append(float(gap.norm()))
    assert errors[1] < 0.5 * errors[0]
    assert errors[2] < errors[1]


def test_what_alias_free_does_not_wrap():
    kind = nn.field_type(gspaces.rot2dOnR2(4), regular=1)
    with pytest.raises(ArgumentTypeError):
        nn.AliasFree(torch.nn.ReLU())
    with pytest.raises(FieldTypeError):
        nn.AliasFree(nn.ReLU(nn.field_type(point(gspaces.rot2dOnR2(4)), regular=1)))
    with pytest.raises(ShapeError):
        nn.AliasFree(nn.PointwiseMaxPool2D(kind, 2))(torch.randn(1, 4, 8, 8))
    with pytest.raises(ArgumentError):
        nn.AliasFree(nn.ReLU(kind), factor=0)


# --- linear layers over more axes


@pytest.mark.parametrize("extra", [(), (3,), (3, 2), (2, 3, 2, 2)])
def test_linear_layers_keep_further_axes(extra):
    space = point(gspaces.octaOnR3())
    layer = nn.Linear(
        nn.field_type(space, regular=1), nn.FieldType(space, [space.irrep(1), space.trivial_repr])
    ).double()
    x = torch.randn(4, 24, *extra, dtype=torch.float64)
    y = layer(x)
    assert y.shape == (4, 4, *extra)
    matrix, bias = layer.expand_parameters()
    assert torch.allclose(y, torch.einsum("oc,bc...->bo...", matrix, x) + bias.view(-1, *(len(extra) * (1,))))


# ---- products of two inputs


def test_a_bilinear_layer_is_that_of_torch_with_its_weights_tied():
    space = gspaces.flipRot2dOnR2(4)
    one, other = nn.field_type(space, regular=1, vector=2), nn.field_type(space, vector=1, trivial=3)
    layer = nn.Bilinear((one, other), one).double()
    torch.nn.init.normal_(layer.bias)
    matrix, bias = layer.expand_parameters()
    x, z = (torch.randn(6, kind.size, dtype=torch.float64) for kind in (one, other))
    plain = torch.nn.functional.bilinear(x, z, matrix.view(-1, one.size, other.size), bias)
    torch.testing.assert_close(layer(x, z), plain)
    wide = [part.view(2, 3, -1).transpose(1, 2).contiguous() for part in (x, z)]
    expected = plain.view(2, 3, -1).transpose(1, 2)
    torch.testing.assert_close(layer(*wide), expected)
    # One weight for each path that the representations allow.
    pairs = nn.FieldType(space, [a.tensor(b) for a in one for b in other])
    assert layer.weights.numel() == nn.Linear(pairs, one).weights.numel()


def test_a_bilinear_layer_of_regular_fields_of_48_elements(tmp_path):
    space = gspaces.fullOctaOnR3()
    rho = space.regular_repr
    kind = nn.FieldType(space, [rho])
    # A file may ask for it, which bounds the time and the memory that it takes.
    deploy.save(nn.Bilinear((kind, kind), kind), tmp_path / "layer.safetensors")
    layer = cast("nn.Bilinear", deploy.load(tmp_path / "layer.safetensors")).double()
    assert layer.weights.numel() == round(float((rho.characters**3).mean()))
    x, z = (torch.randn(2, 48, dtype=torch.float64) for _ in range(2))
    for g in space.testing_elements:
        turn = torch.tensor(rho(g)).T
        torch.testing.assert_close(layer(x @ turn, z @ turn), layer(x, z) @ turn, rtol=0, atol=1e-12)


def test_the_matrix_of_a_product_is_not_copied_for_each_sample():
    space = gspaces.octaOnR3()
    layer = nn.TensorProductModule.construct(space, 2, space.regular_repr, space.regular_repr)
    x = torch.randn(64, 48, requires_grad=True)
    sizes = []

    class Largest(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            sizes.extend(part.numel() for part in tree_leaves(made) if isinstance(part, torch.Tensor))
            return made

    with Largest():
        layer(x).square().sum().backward()
    products = 64 * 2 * 24 * 25 // 2
    assert max(sizes) <= max(products, layer.weights.numel() * 24)


def test_a_bilinear_layer_in_groups_pairs_fields():
    space = gspaces.rot3dOnR3()
    kind = nn.field_type(space, vector=3)
    whole = nn.Bilinear((kind, kind), kind, groups=3, bias=False).double()
    x, z = (torch.randn(4, 9, 2, 2, 2, dtype=torch.float64) for _ in range(2))
    y = whole(x, z)
    assert whole.weights.numel() == 3
    cross = torch.linalg.cross(x.unflatten(1, (3, 3)), z.unflatten(1, (3, 3)), dim=2).flatten(1, 2)
    # The only product of two vectors that is a vector.
    ratio = (y / cross).unflatten(1, (3, 3)).transpose(0, 1).flatten(1)
    torch.testing.assert_close(ratio, ratio[:, :1].expand_as(ratio))
    for given in ((kind, kind, kind), kind, (kind, nn.field_type(gspaces.octaOnR3(), vector=3))):
        with pytest.raises(FieldTypeError):
            nn.Bilinear(given, kind)
    with pytest.raises(ArgumentError, match="equal groups"):
        nn.Bilinear((kind, kind), kind, groups=2)
    with pytest.raises(EmptyBasisError):
        nn.Bilinear((nn.field_type(space, trivial=1), nn.field_type(space, trivial=1)), kind)


def test_a_bilinear_layer_between_other_layers():
    space = gspaces.rot2dOnR2(8)
    kind = nn.field_type(space, regular=2)
    both = nn.MergeModule([(nn.R2Conv(kind, kind, 3, padding=1), "x"), (nn.Bilinear((kind, kind), kind), ["x", "y"])])
    x = {label: torch.randn(2, 16, 5, 5) for label in "xy"}
    loaded = deploy.load_bytes(deploy.save_bytes(both))
    assert torch.equal(loaded(x), both(x))
    assert both.check_equivariance(size=5).passed
