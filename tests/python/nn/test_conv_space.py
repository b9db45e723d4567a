"""Convolutions on the line and in space: the constraint, numbers of weights, settings, what is refused."""

import itertools

import numpy as np
import pytest
import torch

from intertwine import group, gspaces, nn
from intertwine.errors import EmptyBasisError, EquivarianceWarning, FieldTypeError, IntertwineError
from intertwine.group.matrices.harmonics import harmonic_action
from intertwine.kernels import axes_orbit, orbit_basis, scalar_basis

from ..contracts.layers import (
    balls,
    band,
    cube,
    cubic,
    first_and_last,
    line,
    mixed,
    regulars,
    spatial,
    tetrahedron,
    trivials,
    upright,
)

ICO = gspaces.icoOnR3
UNEVEN = "ignore::intertwine.errors.EquivarianceWarning"

PAIRS = {
    "octahedral": (lambda: cubic(cube()), lambda: mixed(cube())),
    "octahedral, hidden": (lambda: regulars(cube(), 1), lambda: spatial(cube())),
    "SO(3)": (lambda: band(balls()), lambda: spatial(balls())),
    "O(3)": (lambda: band(gspaces.flipRot3dOnR3()), lambda: band(gspaces.flipRot3dOnR3())),
    "icosahedral": (lambda: first_and_last(ICO()), lambda: spatial(ICO())),
    "C4": (lambda: mixed(upright()), lambda: mixed(upright())),
    "SO(2)": (lambda: band(gspaces.rot2dOnR3()), lambda: band(gspaces.rot2dOnR3())),
    "D3": (lambda: mixed(gspaces.dihedralOnR3(3)), lambda: regulars(gspaces.dihedralOnR3(3))),
    "cone": (lambda: band(gspaces.conicalOnR3()), lambda: band(gspaces.conicalOnR3())),
    "full cylinder": (lambda: band(gspaces.fullCylindricalOnR3()), lambda: band(gspaces.fullCylindricalOnR3())),
    "tetrahedron": (lambda: regulars(tetrahedron(), 1), lambda: mixed(tetrahedron())),
    "cube with mirrors": (
        lambda: first_and_last(gspaces.fullOctaOnR3()),
        lambda: first_and_last(gspaces.fullOctaOnR3()),
    ),
    "inversion": (lambda: mixed(gspaces.invOnR3()), lambda: mixed(gspaces.invOnR3())),
    "no symmetry": (lambda: trivials(gspaces.trivialOnR3()), lambda: trivials(gspaces.trivialOnR3(), 3)),
    "line": (lambda: mixed(line()), lambda: mixed(line())),
    "line, no symmetry": (lambda: trivials(gspaces.trivialOnR1()), lambda: trivials(gspaces.trivialOnR1())),
}


def conv_of(kind):
    return nn.R1Conv if kind.gspace.dimensionality == 1 else nn.R3Conv


def dimension(in_type, out_type, kernel_size):
    """The number of independent kernels, from characters alone."""
    space = in_type.gspace
    scalars = scalar_basis(space.dimensionality, kernel_size)
    if isinstance(space.fibergroup, group.FiniteGroup):
        elements = space.fibergroup.elements
        weights = np.full(len(elements), 1 / len(elements))
    else:
        elements, weights = space.fibergroup.quadrature(9)
    total = 0.0
    for g, weight in zip(elements, weights, strict=True):
        A = space.basespace_action(g)
        harmonic = sum(np.trace(harmonic_action(A, order)) for ring in scalars.rings for order in ring.orders)
        total += weight * sum(r.character(g) for r in in_type) * sum(r.character(g) for r in out_type) * harmonic
    return round(total)


@pytest.mark.parametrize("kernel_size", [1, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_filters_satisfy_the_constraint(name, kernel_size):
    in_type, out_type = (build() for build in PAIRS[name])
    space = in_type.gspace
    d = space.dimensionality
    conv = conv_of(in_type)(in_type, out_type, kernel_size, bias=False).double()
    assert conv.weights.numel() == dimension(in_type, out_type, kernel_size)
    filters, _ = conv.expand_parameters()
    assert filters.shape == (out_type.size, in_type.size, *(d * (kernel_size,)))
    for g in space.exact_elements:
        rho_out = torch.as_tensor(np.array(out_type.representation(g)))
        rho_in = torch.as_tensor(np.array(in_type.representation(g)))
        # k(g x) = rho_out(g) k(x) rho_in(g)^-1; acting on the grid gives k(g^-1 x)
        moved = nn.FieldType(space, [space.trivial_repr] * in_type.size).transform(filters, ~g)
        expected = torch.einsum("ab,bc...,dc->ad...", rho_out, filters, rho_in)
        torch.testing.assert_close(moved, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["octahedral", "SO(3)", "icosahedral", "line", "C4"])
def test_initial_variance(name):
    torch.manual_seed(0)
    in_type, out_type = (build() for build in PAIRS[name])
    wide = [nn.FieldType(t.gspace, 6 * list(t.representations)) for t in (in_type, out_type)]
    x = torch.randn(48, wide[0].size, *(in_type.gspace.dimensionality * (3,)))
    values = [conv_of(in_type)(*wide, 3, bias=False)(x).flatten() for _ in range(6)]
    assert 0.7 < torch.cat(values).var().item() < 1.4


@pytest.mark.filterwarnings(UNEVEN)
@pytest.mark.parametrize(
    "settings",
    [
        {"padding": (0, 1, 2)},
        {"stride": (1, 2, 2)},
        {"dilation": 2, "padding": 2},
        {"padding": "same"},
        {"padding": 1, "padding_mode": "replicate"},
        {"padding": 1, "padding_mode": "circular"},
        {"groups": 2, "bias": False},
    ],
    ids=str,
)
def test_settings_of_torch(settings):
    kind = trivials(upright(), 4)
    conv = nn.R3Conv(kind, kind, 3, **settings).double().eval()
    filters, bias = conv.expand_parameters()
    plain = torch.nn.Conv3d(4, 4, 3, **settings).double()
    with torch.no_grad():
        plain.weight.copy_(filters)
        if bias is not None:
            plain.bias.copy_(bias)
    x = torch.randn(2, 4, 5, 6, 7, dtype=torch.float64)
    torch.testing.assert_close(conv(x), plain(x), atol=1e-12, rtol=0)
    torch.testing.assert_close(conv.export()(x), plain(x), atol=1e-12, rtol=0)
    assert tuple(conv.evaluate_output_shape((2, 4, 5, 6, 7))) == tuple(plain(x).shape)


@pytest.mark.filterwarnings(UNEVEN)
@pytest.mark.parametrize(
    "settings", [{"stride": 2, "padding": 1, "output_padding": 1}, {"stride": (2, 3, 3)}, {"dilation": 2}], ids=str
)
def test_transposed_settings_of_torch(settings):
    kind = trivials(upright(), 3)
    conv = nn.R3ConvTransposed(kind, kind, 3, **settings).double().eval()
    plain = torch.nn.ConvTranspose3d(3, 3, 3, **settings).double()
    exported = conv.export()
    with torch.no_grad():
        plain.weight.copy_(exported.weight)
        plain.bias.copy_(exported.bias)
    x = torch.randn(1, 3, 3, 4, 4, dtype=torch.float64)
    torch.testing.assert_close(conv(x), plain(x), atol=1e-12, rtol=0)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("make", [lambda: (nn.R1Conv, line()), lambda: (nn.R3Conv, cube())])
def test_same_padding_keeps_the_size(make, dilation):
    layer, space = make()
    conv = layer(trivials(space), trivials(space), 3, padding="same", dilation=dilation)
    size = space.dimensionality * (6,)
    assert conv(torch.zeros(1, 2, *size)).shape == (1, 2, *size)
    for wrong in ({"kernel_size": 4}, {"kernel_size": 3, "stride": 2}):
        if dilation == 1:
            with pytest.raises(IntertwineError, match="same"):
                layer(trivials(space), trivials(space), padding="same", **wrong)


def test_only_axes_that_the_group_keeps_apart_may_differ():
    slices = mixed(upright())
    nn.R3Conv(slices, slices, (1, 3, 3))
    nn.R3Conv(slices, slices, 3, spacing=(3, 1, 1))
    nn.R3Conv(slices, slices, 3, stride=(1, 2, 2))
    columns = trivials(gspaces.flip2dOnR2())
    nn.R2Conv(columns, columns, (5, 3), spacing=(1.0, 2.0))
    for wrong in ({"kernel_size": (3, 1, 3)}, {"kernel_size": 3, "spacing": (1, 1, 2)}):
        with pytest.raises(IntertwineError, match="mixes"):
            nn.R3Conv(slices, slices, **wrong)
    for kind in (trivials(cube()), trivials(balls()), trivials(gspaces.fullOctaOnR3())):
        for wrong in ({"kernel_size": (1, 3, 3)}, {"kernel_size": 3, "spacing": (2, 1, 1)}):
            with pytest.raises(IntertwineError, match="axes"):
                nn.R3Conv(kind, kind, **wrong)
    with pytest.warns(EquivarianceWarning):
        nn.R3Conv(slices, slices, 3, stride=(1, 2, 1))


def test_wide_voxels_see_the_kernel_where_they_are():
    kind = spatial(upright())
    fine = nn.R3Conv(kind, kind, 5, bias=False).double()
    coarse = nn.R3Conv(kind, kind, (3, 5, 5), spacing=(3.0, 1.5, 1.5), bias=False).double()

    def rows(conv):
        with torch.no_grad():
            return torch.stack([conv._expand(w)[0] for w in torch.eye(conv.weights.numel(), dtype=torch.float64)])

    seen, own = rows(fine)[:, :, :, ::2].flatten(1).T, rows(coarse).flatten(1).T
    assert fine.weights.numel() == coarse.weights.numel()
    for a, b in ((seen, own), (own, seen)):
        solution = torch.linalg.lstsq(a, b, driver="gelsd").solution
        torch.testing.assert_close(a @ solution, b, atol=1e-8, rtol=0)


def test_a_flat_kernel_acts_on_slices():
    kind = regulars(upright(), 1)
    conv = nn.R3Conv(kind, kind, (1, 3, 3), padding=(0, 1, 1)).double().eval()
    x = torch.randn(1, 4, 3, 6, 6, dtype=torch.float64)
    y = conv(x)
    x[:, :, 1] += 1
    assert torch.equal(conv(x)[:, :, [0, 2]], y[:, :, [0, 2]])


@pytest.mark.parametrize("samples", ["ico", "dodeca", "icosidodeca"])
@pytest.mark.parametrize("space", [gspaces.icoOnR3, gspaces.fullIcoOnR3])
def test_points_move_with_the_group_anywhere(space, samples):
    action = space().basespace_action
    orbit = axes_orbit(action, {"ico": 5, "dodeca": 3, "icosidodeca": 2}[samples], samples)
    assert len(orbit.points) == {"ico": 12, "dodeca": 20, "icosidodeca": 30}[samples]
    scalars = orbit_basis(orbit, 5)
    points = np.random.default_rng(0).standard_normal((20, 3))
    for matrix in action.matrices:
        P = orbit.action(matrix)
        blocks = scalars.action(matrix)
        assert np.isin(P, (0.0, 1.0)).all()
        moved = [D @ scalars.evaluate(points)[rows] for D, (_, _, rows) in zip(blocks, scalars.blocks, strict=True)]
        np.testing.assert_allclose(scalars.evaluate(points @ matrix.T), np.concatenate(moved), atol=1e-12)


def test_filters_of_points_by_ring():
    kind = spatial(ICO())
    whole = nn.R3IcoConv(kind, kind, 5)
    inner = nn.R3IcoConv(kind, kind, 5, basis_filter=lambda a: a["radius"] < 1.5)
    assert 0 < inner.weights.numel() < whole.weights.numel()
    info = next(whole.basisexpansion.get_basis_info())
    assert {"radius", "sigma", "radial_idx"} <= set(info)
    with pytest.raises(IntertwineError, match="irrep:frequency"):
        nn.R3IcoConv(kind, kind, 3, basis_filter=lambda a: a["irrep:frequency"] < 1)


def test_basis_filters_by_frequency():
    kind = band(balls())
    low = nn.R3Conv(kind, kind, 3, basis_filter=lambda a: a["irrep:frequency"] <= 1)
    high = nn.R3Conv(kind, kind, 3, basis_filter=lambda a: a["irrep:frequency"] > 1)
    assert low.weights.numel() + high.weights.numel() == nn.R3Conv(kind, kind, 3).weights.numel()


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.R3Conv(trivials(cube()), trivials(gspaces.icoOnR3()), 3),
        lambda: nn.R3Conv(trivials(line()), trivials(line()), 3),
        lambda: nn.R1Conv(trivials(cube()), trivials(cube()), 3),
        lambda: nn.R3Conv(trivials(gspaces.flip2dOnR2()), trivials(gspaces.flip2dOnR2()), 3),
        lambda: nn.R3Conv("trivial", trivials(cube()), 3),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 2),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 0),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), (3, 3)),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, rings=[0.0, 3.0]),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, rings=[]),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, sigma=-1.0),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, frequencies_cutoff=100.0),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, padding="valid"),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, spacing=0),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, spacing="1"),
        lambda: nn.R3Conv(trivials(cube()), trivials(cube()), 3, groups=3),
        lambda: nn.R3Conv(first_and_last(balls()), trivials(balls()), 1, frequencies_cutoff=0.0, rings=[5.0]),
        lambda: nn.R3IcoConv(trivials(cube()), trivials(cube()), 3),
        lambda: nn.R3IcoConv(trivials(ICO()), trivials(ICO()), 3, samples="cube"),
        lambda: nn.R3IcoConv(trivials(balls()), trivials(balls()), 3),
        lambda: nn.R3Upsampling(trivials(cube()), scale_factor=2, mode="bicubic"),
        lambda: nn.depthwise_conv(trivials(cube()), 3, groups=2),
        lambda: nn.depthwise_conv(trivials(gspaces.no_base_space(group.cyclic_group(2))), 3),
    ],
)
def test_what_cannot_be_is_refused_at_construction(make):
    with pytest.raises(IntertwineError) as caught:
        make()
    assert len(str(caught.value)) > 20


def test_no_kernel_between_fields_that_share_nothing():
    space = balls()
    with pytest.raises(EmptyBasisError, match="empty"):
        nn.R3Conv(nn.FieldType(space, [space.irrep(1)]), trivials(space), 1)
    with pytest.raises(FieldTypeError, match=r"R\^3"):
        nn.R3Conv(trivials(line()), trivials(line()), 3)


@pytest.mark.parametrize("kind", [lambda: mixed(line()), lambda: cubic(cube()), lambda: mixed(upright())])
def test_separable_layers(kind):
    in_type = kind()
    space = in_type.gspace
    model = nn.separable_conv(in_type, trivials(space, 3), 3, padding=1).double()
    depthwise = nn.depthwise_conv(in_type, 3, padding=1, bias=False).double()
    x = torch.randn(2, in_type.size, *(space.dimensionality * (4,)), dtype=torch.float64)
    for g in space.exact_elements:
        for module in (model, depthwise):
            moved = module(in_type.transform(x, g))
            torch.testing.assert_close(moved, module.out_type.transform(module(x), g), atol=1e-12, rtol=0)
    # Each field of the output hangs on one of the input.
    with torch.no_grad():
        for start, end in zip(in_type.fields_start, in_type.fields_end, strict=True):
            alone = torch.zeros_like(x)
            alone[:, start:end] = x[:, start:end]
            seen = depthwise(alone).abs().amax(dim=(0, *range(2, x.dim()))) > 0
            ends = zip(depthwise.out_type.fields_start, depthwise.out_type.fields_end, strict=True)
            assert sum(bool(seen[a:b].any()) for a, b in ends) == 1
    full = conv_of(in_type)(in_type, trivials(space, 3), 3)
    assert full.out_type == model.out_type


def test_shape_plans_of_signals_and_volumes():
    for space, layer in ((line(), nn.R1Conv), (cube(), nn.R3Conv)):
        kind = trivials(space)
        model = nn.SequentialModule(layer(kind, kind, 3), layer(kind, kind, 3, stride=2))
        plan = nn.shape_plan(model, 10)
        assert not plan.exact
        assert plan.rows[0]["output_size"] == space.dimensionality * (8,)
        assert set(plan.sizes[:2]) == {9, 11}
        assert nn.shape_plan(model, 9).exact


def test_interpolated_elements_are_reported_and_small():
    kind = trivials(balls(), 1)
    conv = nn.R3Conv(kind, spatial(balls()), 5, padding=2)
    report = conv.check_equivariance()
    rough = [row for row in report.table if not row["exact"]]
    assert rough
    assert all(row["passed"] is None and row["error"] < 0.3 for row in rough)
    assert report.passed


def test_volumes_turn_there_and_back():
    space = balls()
    kind = spatial(space)
    grids = torch.meshgrid(*(3 * [torch.linspace(-1, 1, 21, dtype=torch.float64)]), indexing="ij")
    bump = torch.exp(-8 * sum(g**2 for g in grids))
    x = kind(torch.stack([bump * g for g in (*grids, torch.ones_like(bump))])[None])
    for order, bound in ((1, 0.1), (2, 0.02), (3, 0.01)):
        g = space.fibergroup.element([0.3, -0.5, 0.2], "EV")
        back = x.transform(g, order=order).transform(~g, order=order)
        assert float((back.tensor - x.tensor).abs().max() / x.tensor.abs().max()) < bound
    for g, h in itertools.product(cube().exact_elements[:6], repeat=2):
        kind = cubic(cube())
        y = torch.randn(1, kind.size, 2, 3, 4)
        twice = kind.transform(kind.transform(y, h), g)
        torch.testing.assert_close(twice, kind.transform(y, g @ h), atol=1e-5, rtol=0)


def test_flat_kernels_of_which_some_functions_vanish_are_built():
    # The function z, which is all that some irreps share, is zero on a flat kernel.
    space = gspaces.gspace(group.point_group("D3"))
    source = nn.field_type(space, trivial=1)
    sign = next(psi for psi in space.irreps if psi.size == 1 and not psi.is_trivial())
    only_vectors = {"frequencies_cutoff": 1.0, "rings": [0.0, 1.0], "basis_filter": lambda kernel: kernel["j"] != (0,)}
    conv = nn.R3Conv(source, nn.FieldType(space, [space.trivial_repr, sign]), (1, 3, 3), rings=[0.0, 1.0], sigma=0.3)
    assert torch.isfinite(conv.weights).all()
    assert torch.isfinite(conv(torch.randn(1, 1, 3, 5, 5))).all()
    with pytest.raises(EmptyBasisError):
        nn.R3Conv(source, nn.FieldType(space, [sign]), (1, 3, 3), sigma=0.3, **only_vectors)
