"""Steerable partial differential operators: what they do to polynomials, how many there are, how exactly they turn."""

import numpy as np
import pytest
import torch

from intertwine import gspaces, nn
from intertwine.errors import ArgumentError, EmptyBasisError
from intertwine.kernels import differential_basis

PLANES = {
    "C1": gspaces.trivialOnR2,
    "C3": lambda: gspaces.rot2dOnR2(3),
    "C4": lambda: gspaces.rot2dOnR2(4),
    "C8": lambda: gspaces.rot2dOnR2(8),
    "mirror": gspaces.flip2dOnR2,
    "D3": lambda: gspaces.flipRot2dOnR2(3),
    "D4": lambda: gspaces.flipRot2dOnR2(4),
    "D6": lambda: gspaces.flipRot2dOnR2(6),
}


def one(space, out, inside="trivial", order=1, power=None, cls=nn.R2Diffop, kernel_size=5):
    """The only operator of an order (and a power of the Laplacian) between two kinds of fields, with weight 1."""
    op = cls(
        nn.field_type(space, **{inside: 1}),
        nn.field_type(space, **{out: 1}),
        kernel_size,
        bias=False,
        basis_filter=lambda a: a["order"] == order and (power is None or a["power"] == power),
    ).double()
    assert op.weights.numel() == 1
    with torch.no_grad():
        op.weights.fill_(1.0)
    return op


def grid(n):
    """Coordinates x and y of the cells of an image, y pointing up."""
    steps = torch.arange(n, dtype=torch.float64) - (n - 1) / 2
    y, x = torch.meshgrid(-steps, steps, indexing="ij")
    return x, y


def assert_multiple(found, wanted):
    """One is a multiple of the other."""
    factor = (found * wanted).sum() / (wanted * wanted).sum()
    assert factor.abs() > 1e-3
    torch.testing.assert_close(found, factor * wanted, rtol=1e-10, atol=1e-10)


SPACES = ("C4", "D4", "O(2)")


def plane(name):
    return gspaces.flipRot2dOnR2() if name == "O(2)" else PLANES[name]()


@pytest.mark.parametrize("name", SPACES)
def test_the_laplacian_and_its_square_of_a_polynomial(name):
    x, y = grid(9)
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    f = (x**4 + x**2 * y**2 + y**3 + 2 * x)[None, None]
    laplacian = one(plane(name), "trivial", order=2, power=1)
    assert_multiple(laplacian(f), (14 * x**2 + 2 * y**2 + 6 * y)[None, None][inside])
    square = one(plane(name), "trivial", order=4, power=2)
    assert_multiple(square(f), torch.full((1, 1, 5, 5), 32.0).double())


@pytest.mark.parametrize("name", ["D4", "O(2)"])
def test_gradient_and_divergence_of_polynomials(name):
    x, y = grid(7)
    inside = (slice(2, -2), slice(2, -2))
    f = x**3 * y - 2 * y**4 + x
    gradient = one(plane(name), "vector")
    assert_multiple(
        gradient(f[None, None]), torch.stack([3 * x**2 * y + 1, x**3 - 8 * y**3])[(None, slice(None), *inside)]
    )
    divergence = one(plane(name), "trivial", "vector")
    field = torch.stack([x**2 * y, x - y**3])
    assert_multiple(divergence(field[None]), (2 * x * y - 3 * y**2)[(None, None, *inside)])


def test_curl_of_a_polynomial_in_space():
    steps = torch.arange(5, dtype=torch.float64) - 2
    z, y, x = torch.meshgrid(-steps, -steps, steps, indexing="ij")
    field = torch.stack([y * z, x**2, x * y**2])
    curl = torch.stack([2 * x * y, y - y**2, 2 * x - z])[:, 1:-1, 1:-1, 1:-1]
    space = gspaces.rot3dOnR3()
    assert_multiple(one(space, "vector", "vector", cls=nn.R3Diffop, kernel_size=3)(field[None]), curl[None])


def symmetric_powers(matrix, order):
    """The characters of homogeneous polynomials of degrees 0, ..., order: 1 / det(1 - t A) as a series in t."""
    trace, det = np.trace(matrix), np.linalg.det(matrix)
    found = [1.0, trace]
    for _ in range(order):
        found.append(trace * found[-1] - det * found[-2])
    return np.array(found[: order + 1])


@pytest.mark.parametrize("order", [0, 1, 2, 4])
@pytest.mark.parametrize("name", PLANES)
def test_the_number_of_operators_is_that_of_characters(name, order):
    space = PLANES[name]()
    elements = space.fibergroup.elements
    kinds = [*space.irreps, space.regular_repr]
    polynomials = np.array([symmetric_powers(space.basespace_action(g), order).sum() for g in elements])
    for source in kinds:
        for target in kinds:
            traces = np.array([source.character(g) * target.character(g) for g in elements])
            wanted = round(float((polynomials * traces).mean()))
            given = nn.FieldType(space, [source]), nn.FieldType(space, [target]), order + 1
            if wanted == 0:
                with pytest.raises(EmptyBasisError):
                    nn.R2Diffop(*given, maximum_order=order, bias=False)
            else:
                assert nn.R2Diffop(*given, maximum_order=order, bias=False).weights.numel() == wanted


@pytest.mark.parametrize("accuracy", [2, 4])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_error_of_other_angles_falls_with_the_distance_of_cells(order, accuracy):
    space = gspaces.rot2dOnR2(8)
    kinds = nn.field_type(space, trivial=1), nn.field_type(space, regular=1)
    torch.manual_seed(order)
    op = nn.R2Diffop(
        *kinds, accuracy=accuracy, maximum_order=order, bias=False, basis_filter=lambda a: a["order"] == order
    ).double()
    element = space.fibergroup.element(1)
    turn = torch.tensor(space.basespace_action(element))
    n = op._kernel[0]

    @torch.no_grad()
    def error(step):
        points = step * torch.stack(grid(n), dim=-1)
        images = [
            torch.sin(p[..., 0] + 0.7 * p[..., 1]) + torch.cos(1.3 * p[..., 1] - 0.4) for p in (points, points @ turn)
        ]
        straight, turned = (op(image[None, None])[..., 0, 0] for image in images)
        wanted = straight @ torch.tensor(kinds[1].representation(element)).T
        return float((turned - wanted).abs().max() / wanted.abs().max())

    errors = [error(step) for step in (0.4, 0.2, 0.1)]
    for coarse, fine in zip(errors, errors[1:], strict=False):
        assert coarse / fine == pytest.approx(2**accuracy, rel=0.15)
    assert errors[-1] < 0.02


@pytest.mark.parametrize("settings", [{"smoothing": 1.0}, {"smoothing": 1.5}], ids=str)
def test_smoothed_operators_are_derivatives_of_a_gaussian(settings):
    basis = differential_basis((5, 5), 1, 2, **settings)
    x, y = np.array(basis.cells).T
    s = settings["smoothing"]
    gaussian = np.exp(-(x**2 + y**2) / (2 * s**2))
    wanted = {
        (0, 0): [gaussian],
        (0, 1): [x / s * gaussian, y / s * gaussian],
        (0, 2): [(x**2 - y**2) / s**2 * gaussian, 2 * x * y / s**2 * gaussian],
        (1, 0): [((x**2 + y**2) / s**2 - 2) * gaussian],
    }
    values = basis.evaluate(np.array(basis.cells))
    for ring, order, rows in basis.blocks:
        np.testing.assert_allclose(values[rows], wanted[int(ring.radius), order], atol=1e-12)


@pytest.mark.parametrize("radial", ["ga", "mq", "imq", "iq"])
def test_radial_differences_are_exact_for_interpolants(radial):
    functions = {
        "ga": lambda r2: np.exp(-r2),
        "mq": lambda r2: np.sqrt(1 + r2),
        "imq": lambda r2: 1 / np.sqrt(1 + r2),
        "iq": lambda r2: 1 / (1 + r2),
    }
    basis = differential_basis((5, 5), 1, 2, radial=radial)
    cells = np.array(basis.cells)
    monomials = np.array([cells[:, 0] ** a * cells[:, 1] ** b for a in range(3) for b in range(3 - a)])
    weights = np.linalg.svd(monomials)[2][-1]

    def f(x, y):
        squares = (x - cells[:, 0]) ** 2 + (y - cells[:, 1]) ** 2
        return float(weights @ functions[radial](squares)) + 2 * x**2 - y**2 + 3 * x

    h = 1e-3
    on_cells = np.array([f(x, y) for x, y in cells])
    gradient = [(f(h, 0) - f(-h, 0)) / (2 * h), (f(0, h) - f(0, -h)) / (2 * h)]
    laplacian = [(f(h, 0) + f(-h, 0) + f(0, h) + f(0, -h) - 4 * f(0, 0)) / h**2]
    found = {(int(ring.radius), order): basis.evaluate(cells)[rows] @ on_cells for ring, order, rows in basis.blocks}
    np.testing.assert_allclose(found[0, 0], [f(0, 0)], atol=1e-9)
    np.testing.assert_allclose(found[0, 1], gradient, atol=1e-5)
    np.testing.assert_allclose(found[1, 0], laplacian, atol=1e-5)


def test_two_of_size_order_and_accuracy_give_the_third():
    kind = nn.field_type(PLANES["C4"](), trivial=1)

    def sizes(**settings):
        op = nn.R2Diffop(kind, kind, **settings)
        return op.kernel_size, op.maximum_order

    assert sizes(kernel_size=3) == (3, 2)
    assert sizes(kernel_size=1) == (1, 0)
    assert sizes(kernel_size=5, accuracy=4) == (5, 2)
    assert sizes(kernel_size=5, accuracy=3) == (5, 2)
    assert sizes(maximum_order=2) == (3, 2)
    assert sizes(maximum_order=3, accuracy=4) == (6, 3)
    assert sizes(maximum_order=2, accuracy=3) == (5, 2)
    assert sizes(kernel_size=7, maximum_order=2) == (7, 2)


def test_what_makes_no_sense_is_refused():
    kind = nn.field_type(PLANES["D4"](), trivial=1)
    for settings, words in (
        ({}, "needs kernel_size or maximum_order"),
        ({"kernel_size": 3, "maximum_order": 1, "accuracy": 2}, "determine the third"),
        ({"kernel_size": 3, "maximum_order": 3}, "need more than 3 cells"),
        ({"kernel_size": 3, "accuracy": 5}, "no differences of accuracy 5"),
        ({"maximum_order": 21}, "lost in rounding"),
        ({"kernel_size": 3, "smoothing": 0}, "positive number"),
        ({"kernel_size": 3, "smoothing": 1.0, "rbffd": True}, "two kinds of filters"),
        ({"kernel_size": 3, "rbffd": True, "radial_basis_function": "phs3"}, "no radial_basis_function 'phs3'"),
        ({"kernel_size": 3, "angle_offset": 0.3}, "not equivariant to the reflections"),
    ):
        with pytest.raises(ArgumentError, match=words):
            nn.R2Diffop(kind, kind, **settings)
    turned = nn.field_type(PLANES["C4"](), trivial=1)
    assert nn.R2Diffop(turned, turned, 3, angle_offset=0.3).weights.numel() == 2


def test_layers_on_one_space_keep_their_own_settings():
    kind = nn.field_type(PLANES["C8"](), regular=1)
    first = nn.R2Diffop(kind, kind, 5, maximum_order=2)
    others = {"maximum_power": 0}, {"smoothing": 1.0}, {"rbffd": True}
    fewer, smooth, radial = (nn.R2Diffop(kind, kind, 5, maximum_order=2, **settings) for settings in others)
    assert fewer.weights.numel() < first.weights.numel()
    with torch.no_grad():
        for other in (smooth, radial):
            other.load_state_dict(first.state_dict())
            assert (other.filter - first.filter).abs().max() > 0.01
