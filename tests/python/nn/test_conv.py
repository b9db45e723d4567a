"""What holds for convolutions and linear layers beyond the contract of every layer."""

import contextlib
import itertools

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import EmptyBasisError, EquivarianceWarning, IntertwineError, ShapeError
from intertwine.group import cyclic_group, dihedral_group
from intertwine.kernels.ring_functions import scalar_basis

from ..contracts.layers import (
    band,
    c4,
    c8,
    d4,
    hidden,
    lattice_symmetries,
    mirror,
    mixed,
    no_space,
    o2,
    pointwise,
    regulars,
    so2,
    trivials,
)
from ..contracts.lists import GSPACES
from ..contracts.processes import two_processes

PAIRS = {
    "C4": [(trivials, regulars), (regulars, regulars), (mixed, mixed), (hidden, mixed), (mixed, hidden)],
    "D4": [(trivials, regulars), (regulars, mixed), (mixed, mixed), (pointwise, hidden), (hidden, hidden)],
    "D4, axis 0": [(mixed, mixed), (regulars, trivials)],
    "flip": [(mixed, mixed), (regulars, hidden)],
    "flip, diagonal": [(mixed, mixed)],
    "C2": [(mixed, mixed)],
    "C8": [(mixed, mixed), (regulars, hidden)],
    "D8": [(mixed, regulars)],
    "C3": [(mixed, mixed)],
    "SO(2)": [(band, band), (trivials, band)],
    "O(2)": [(band, band), (trivials, band)],
    "O(2), axis 0": [(band, band)],
    "trivial": [(trivials, trivials)],
}
CASES = [(name, a, b, k) for name, pairs in PAIRS.items() for a, b in pairs for k in (1, 3, 5)]


def dimension(in_type, out_type, kernel_size):
    """The number of independent kernels, from characters and from the orders of harmonics on each ring alone."""
    space = in_type.gspace
    scalars = scalar_basis(2, kernel_size)
    total = 0.0
    elements = space.fibergroup.quadrature(40)[0] if space.fibergroup.continuous else space.fibergroup.elements
    for g in elements:
        A = space.basespace_action(g)
        angle, det = np.arctan2(A[1, 0], A[0, 0]), np.linalg.det(A)
        harmonic = 0.0
        for ring in scalars.rings:
            for order in ring.orders:
                harmonic += 1 if order == 0 else (2 * np.cos(order * angle) if det > 0 else 0.0)
        total += sum(r.character(g) for r in in_type) * sum(r.character(g) for r in out_type) * harmonic
    return round(total / len(elements))


@pytest.mark.parametrize(("name", "source", "target", "kernel_size"), CASES)
def test_filters_satisfy_the_constraint(name, source, target, kernel_size):
    space = {"SO(2)": so2, "O(2)": o2, "O(2), axis 0": lambda: gspaces.flipRot2dOnR2(axis=0.0)}.get(
        name, GSPACES.get(name)
    )()
    in_type, out_type = source(space), target(space)
    conv = nn.R2Conv(in_type, out_type, kernel_size=kernel_size, bias=False).double()
    assert conv.weights.numel() == dimension(in_type, out_type, kernel_size)
    assert conv.basisexpansion.dimension() == conv.weights.numel()
    filters, _ = conv.expand_parameters()
    assert filters.shape == (out_type.size, in_type.size, kernel_size, kernel_size)
    for g in lattice_symmetries(space):
        rho_out = torch.as_tensor(np.array(out_type.representation(g)))
        rho_in = torch.as_tensor(np.array(in_type.representation(g)))
        # k(g x) = rho_out(g) k(x) rho_in(g)^-1; acting on the grid gives k(g^-1 x)
        moved = nn.FieldType(space, [space.trivial_repr] * in_type.size).transform(filters, ~g)
        expected = torch.einsum("ab,bcxy,dc->adxy", rho_out, filters, rho_in)
        torch.testing.assert_close(moved, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("name", "source", "target"), [("C4", mixed, mixed), ("D4", mixed, hidden), ("D4", regulars, mixed)]
)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_weights_are_independent_and_span_all_solutions(name, source, target, kernel_size):
    space = GSPACES[name]()
    in_type, out_type = source(space), target(space)
    conv = nn.R2Conv(in_type, out_type, kernel_size=kernel_size, bias=False).double()
    n = conv.weights.numel()
    rows = []
    with torch.no_grad():
        for i in range(n):
            conv.weights.zero_()
            conv.weights[i] = 1.0
            rows.append(conv.expand_parameters()[0].flatten())
    basis = torch.stack(rows).numpy()
    assert np.linalg.matrix_rank(basis, tol=1e-6) == n
    if kernel_size == 1:
        # here every equivariant map is a kernel, so averaging any map over the group must stay in the span
        rng = np.random.default_rng(0)
        average = np.mean(
            [
                out_type.representation(g) @ m @ in_type.representation(g).T
                for m in [rng.standard_normal((out_type.size, in_type.size))]
                for g in space.fibergroup.elements
            ],
            axis=0,
        ).ravel()
        solution, *_ = np.linalg.lstsq(basis.T, average, rcond=None)
        np.testing.assert_allclose(basis.T @ solution, average, atol=1e-10)


@pytest.mark.parametrize("build", [mixed, hidden, pointwise])
def test_bias_is_invariant(build):
    space = d4()
    kind = build(space)
    conv = nn.R2Conv(kind, kind, kernel_size=3).double()
    copies = sum(rho.multiplicity((0, 0)) for rho in kind)
    assert conv.bias.numel() == copies
    with torch.no_grad():
        conv.bias.normal_()
        conv.weights.zero_()
    y = conv(torch.randn(1, kind.size, 5, 5, dtype=torch.float64))[0, :, 0, 0].detach().numpy()
    for g in space.fibergroup.elements:
        np.testing.assert_allclose(kind.representation(g) @ y, y, atol=1e-12)
    assert np.abs(y).max() > 0


def test_no_bias_where_nothing_is_invariant():
    space = c4()
    kind = nn.FieldType(space, [space.irrep(1)])
    conv = nn.R2Conv(kind, kind, kernel_size=3)
    assert conv.bias is None or conv.bias.numel() == 0
    assert nn.R2Conv(trivials(space), regulars(space), 3, bias=False).bias is None


@pytest.mark.parametrize(
    ("source", "target", "space"),
    [
        (trivials, regulars, c4),
        (regulars, regulars, d4),
        (mixed, mixed, d4),
        (mixed, mixed, c8),
        (hidden, mixed, c4),
        (mixed, regulars, mirror),
    ],
)
@pytest.mark.parametrize("kernel_size", [1, 3, 5])
def test_initial_variance(source, target, space, kernel_size):
    torch.manual_seed(0)
    in_type, out_type = (nn.FieldType(space(), 8 * build(space()).representations) for build in (source, target))
    x = torch.randn(64, in_type.size, kernel_size, kernel_size)
    values = [nn.R2Conv(in_type, out_type, kernel_size=kernel_size, bias=False)(x).flatten() for _ in range(4)]
    variance = torch.cat(values).var().item()
    # white input keeps its variance
    assert 0.75 < variance < 1.3


def test_initialisation_can_be_left_out():
    conv = nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=3, initialize=False)
    assert not conv.weights.any()


UNEVEN = "ignore::intertwine.errors.EquivarianceWarning"


@pytest.mark.filterwarnings(UNEVEN)
@pytest.mark.parametrize(
    "settings",
    [
        {"padding": (1, 1)},
        {"padding": (0, 2)},
        {"stride": (2, 1)},
        {"stride": 2, "padding": 1},
        {"dilation": 2, "padding": (2, 2)},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": 1, "padding_mode": "circular"},
        {"padding": 1, "padding_mode": "replicate"},
    ],
    ids=str,
)
def test_fault_4_settings_of_torch(settings):
    conv = nn.R2Conv(mixed(c4()), regulars(c4()), kernel_size=3, **settings).double().eval()
    filters, bias = conv.expand_parameters()
    plain = torch.nn.Conv2d(conv.in_type.size, conv.out_type.size, 3, **settings).double()
    with torch.no_grad():
        plain.weight.copy_(filters)
        plain.bias.copy_(bias)
    x = torch.randn(2, conv.in_type.size, 8, 9, dtype=torch.float64)
    torch.testing.assert_close(conv(x), plain(x), atol=1e-12, rtol=0)
    assert tuple(conv.evaluate_output_shape((2, conv.in_type.size, 8, 9))) == tuple(plain(x).shape)
    exported = conv.export()
    torch.testing.assert_close(exported(x), plain(x), atol=1e-12, rtol=0)


@pytest.mark.filterwarnings(UNEVEN)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)},
        {"dilation": 2, "padding": 1},
        {"bias": False},
    ],
    ids=str,
)
def test_transposed_settings_of_torch(settings):
    conv = nn.R2ConvTransposed(mixed(c4()), regulars(c4()), kernel_size=3, **settings).double().eval()
    exported = conv.export()
    plain = torch.nn.ConvTranspose2d(conv.in_type.size, conv.out_type.size, 3, **settings).double()
    with torch.no_grad():
        plain.weight.copy_(exported.weight)
        if plain.bias is not None:
            plain.bias.copy_(exported.bias)
    x = torch.randn(2, conv.in_type.size, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(conv(x), plain(x), atol=1e-12, rtol=0)
    assert tuple(conv.evaluate_output_shape(tuple(x.shape))) == tuple(plain(x).shape)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 0},
        {"kernel_size": "3"},
        {"stride": 0},
        {"padding": -1},
        {"output_padding": -1},
        {"output_padding": 1},
        {"output_padding": "one"},
        {"dilation": 0},
        {"groups": 3},
    ],
    ids=str,
)
def test_bad_arguments_of_transposed_layers_are_refused(arguments):
    with pytest.raises(IntertwineError) as caught:
        nn.R2ConvTransposed(trivials(c4()), regulars(c4()), **{"kernel_size": 3, **arguments})
    assert len(str(caught.value)) > 15


@pytest.mark.parametrize("settings", [{"padding": (0, 2)}, {"stride": (2, 1)}], ids=str)
def test_settings_that_break_the_symmetry_warn(settings):
    with pytest.warns(EquivarianceWarning, match="axes"):
        nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=3, **settings)


def test_groups_are_separate():
    space = c4()
    conv = nn.R2Conv(regulars(space, 4), regulars(space, 2), kernel_size=3, groups=2, bias=False).eval()
    x = torch.randn(1, 16, 5, 5)
    y = conv(x)
    x[:, 8:] = 0
    assert torch.equal(conv(x)[:, :4], y[:, :4])
    assert not torch.equal(conv(x)[:, 4:], y[:, 4:])
    with pytest.raises(IntertwineError):
        nn.R2Conv(regulars(space, 3), regulars(space, 2), kernel_size=3, groups=2)
    with pytest.raises(IntertwineError):
        nn.R2Conv(regulars(space, 2) + trivials(space, 2), regulars(space, 2), kernel_size=3, groups=2)


def test_rings_sigmas_and_cutoffs_are_taken():
    space = c4()
    args = (trivials(space, 1), regulars(space, 1), 5)
    default = nn.R2Conv(*args).weights.numel()
    assert nn.R2Conv(*args, frequencies_cutoff=0.0).weights.numel() < default
    assert nn.R2Conv(*args, frequencies_cutoff=3.0).weights.numel() > default
    assert (
        nn.R2Conv(*args, frequencies_cutoff=lambda r: 3 * r).weights.numel()
        == nn.R2Conv(*args, frequencies_cutoff=3.0).weights.numel()
    )
    assert nn.R2Conv(*args, rings=[0.0, 1.0]).weights.numel() < default
    wide = nn.R2Conv(*args, sigma=1.0)
    assert wide.weights.numel() == default
    filtered = nn.R2Conv(*args, basis_filter=lambda d: d["radius"] < 1.5)
    assert 0 < filtered.weights.numel() < default
    for conv in (wide, filtered):
        x = torch.randn(1, 1, 5, 5)
        g = space.fibergroup.element(1)
        y = conv(conv.in_type.transform(x, g))
        torch.testing.assert_close(y, conv.out_type.transform(conv(x), g), atol=1e-5, rtol=0)


def test_basis_info_describes_every_weight():
    conv = nn.R2Conv(mixed(d4()), regulars(d4()), kernel_size=3)
    info = list(conv.basisexpansion.get_basis_info())
    assert len(info) == conv.weights.numel()
    assert {"radius", "sigma", "irrep:frequency"} <= set(info[0])


@pytest.mark.parametrize("space", [c4, c8, d4])
def test_linear_layers_span_all_homomorphisms(space):
    base = gspaces.no_base_space(space().fibergroup)
    from intertwine.group import homomorphism_space

    in_type, out_type = mixed(base), hidden(base)
    layer = nn.Linear(in_type, out_type, bias=False).double()
    expected = homomorphism_space(in_type.representation, out_type.representation)
    assert layer.weights.numel() == len(expected)
    matrix, _ = layer.expand_parameters()
    assert matrix.shape == (out_type.size, in_type.size)
    for g in base.fibergroup.elements:
        a, b = np.array(in_type.representation(g)), np.array(out_type.representation(g))
        np.testing.assert_allclose(b @ matrix.detach().numpy(), matrix.detach().numpy() @ a, atol=1e-12)
    x = torch.randn(3, in_type.size, dtype=torch.float64)
    torch.testing.assert_close(layer(x), x @ matrix.T, atol=1e-12, rtol=0)


def test_linear_layers_start_with_unit_variance():
    torch.manual_seed(0)
    kind = nn.FieldType(no_space(), 16 * mixed(no_space()).representations)
    x = torch.randn(64, kind.size)
    variance = torch.stack([nn.Linear(kind, kind, bias=False)(x) for _ in range(4)]).var().item()
    assert 0.75 < variance < 1.3


# ---- refusals


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_size": 0},
        {"kernel_size": -1},
        {"kernel_size": 2.5},
        {"kernel_size": "3"},
        {"kernel_size": None},
        {"kernel_size": True},
        {"kernel_size": (3, 5)},
        {"kernel_size": float("nan")},
        {"padding": -1},
        {"padding": 1.5},
        {"padding": (1, 1, 1)},
        {"padding": "same?"},
        {"stride": 0},
        {"stride": -2},
        {"stride": "fast"},
        {"dilation": 0},
        {"groups": 0},
        {"groups": 3},
        {"padding_mode": "sideways"},
        {"sigma": 0.0},
        {"sigma": [1.0]},
        {"rings": [9.0]},
        {"rings": []},
        {"frequencies_cutoff": "all"},
        {"basis_filter": "none"},
        {"basis_filter": lambda d: False},
    ],
    ids=lambda arguments: ", ".join(arguments),
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(IntertwineError) as caught:
        nn.R2Conv(trivials(c4()), regulars(c4()), **{"kernel_size": 3, **arguments})
    assert len(str(caught.value)) > 15


def test_kernel_size_two_has_an_empty_basis():
    with pytest.raises(EmptyBasisError, match="odd"):
        nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=2)


def test_types_that_no_kernel_connects_are_refused():
    space = c4()
    with pytest.raises(EmptyBasisError):
        nn.R2Conv(trivials(space), nn.FieldType(space, [space.irrep(1)]), kernel_size=1)


@pytest.mark.parametrize(
    "types",
    [
        (lambda: (trivials(c4()), regulars(c8()))),
        (lambda: (trivials(c4()), regulars(gspaces.rot2dOnR2(N=2)))),
        (lambda: (c4(), regulars(c4()))),
        (lambda: (trivials(c4()), None)),
        (lambda: (trivials(c4()), [c4().regular_repr])),
        (lambda: (trivials(no_space()), regulars(no_space()))),
    ],
)
def test_types_that_do_not_fit_are_refused(types):
    in_type, out_type = types()
    with pytest.raises(IntertwineError):
        nn.R2Conv(in_type, out_type, kernel_size=3)


def test_linear_refuses_what_does_not_fit():
    space = no_space()
    for arguments in [
        (trivials(space), regulars(gspaces.no_base_space(cyclic_group(4)))),
        (None, regulars(space)),
        (space, space),
    ]:
        with pytest.raises(IntertwineError):
            nn.Linear(*arguments)
    G = gspaces.no_base_space(dihedral_group(4))
    with pytest.raises(EmptyBasisError):
        nn.Linear(trivials(G), nn.FieldType(G, [G.irrep(1, 1)]))


def test_images_smaller_than_the_kernel_are_refused():
    conv = nn.R2Conv(trivials(c4()), regulars(c4()), kernel_size=5)
    with pytest.raises(IntertwineError, match="kernel"):
        conv(torch.zeros(1, 2, 3, 3))


# ---- determinism


def test_fault_2_layers_are_the_same_bytes_in_every_process():
    one, other = two_processes()
    assert one["filters"] == other["filters"]
    assert one["weights"] == other["weights"]


def test_equal_layers_share_their_constants():
    first = nn.R2Conv(regulars(d4()), regulars(d4()), kernel_size=5)
    second = nn.R2Conv(regulars(gspaces.flipRot2dOnR2(N=4)), regulars(d4()), kernel_size=5)
    second.load_state_dict(first.state_dict())
    x = torch.randn(1, 16, 7, 7)
    assert torch.equal(first(x), second(x))


def test_equal_fields_that_are_made_in_several_ways():
    space = gspaces.trivialOnR2()
    same = [space.induced_repr(1, space.trivial_repr), space.regular_repr, space.trivial_repr]
    kind = nn.FieldType(space, same)
    assert same[0] == same[1] == same[2]
    for one, other in ((kind, nn.FieldType(space, 4 * [space.trivial_repr])), (kind, kind)):
        conv = nn.R2Conv(one, other, 3)
        assert conv(torch.randn(1, one.size, 5, 5)).shape == (1, other.size, 3, 3)


def test_images_too_small_for_a_transposed_convolution_are_refused():
    kind = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
    for size, stride, padding in itertools.product((1, 3, 4), (1, 2, 3), (0, 1, 2, 3)):
        conv = nn.R2ConvTransposed(kind, kind, size, padding=padding, stride=stride)
        for n in range(1, 7):
            left = (n - 1) * stride + size - 2 * padding
            if left < 1:
                with pytest.raises(ShapeError, match="would be left"):
                    conv(torch.zeros(1, 1, n, n))
            else:
                assert conv(torch.zeros(1, 1, n, n)).shape == (1, 1, left, left)


def test_images_too_small_for_a_blur_are_refused():
    kind = nn.field_type(gspaces.rot2dOnR2(4), trivial=1)
    for padding in (0, 1):
        pool = nn.PointwiseMaxPoolAntialiased(kind, 3, 1, padding)
        for n in range(1, 6):
            with contextlib.suppress(ShapeError):
                assert min(pool(torch.zeros(1, 1, n, n)).shape) > 0
