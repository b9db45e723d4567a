"""The action on grids: exact on the lattice, scipy's spline elsewhere, differentiable throughout."""

import itertools

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform
from scipy.spatial.transform import Rotation
from torch._subclasses.fake_tensor import FakeTensorMode

from intertwine.errors import IntertwineError
from intertwine.gspaces import resample
from intertwine.gspaces.resample import act_on_grid, is_lattice_symmetry, memory_matrix


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def signed_permutations(d: int) -> list[np.ndarray]:
    eye = np.eye(d)
    return [
        np.array(signs)[:, None] * eye[list(order)]
        for order in itertools.permutations(range(d))
        for signs in itertools.product([1.0, -1.0], repeat=d)
    ]


def by_scipy(image: np.ndarray, matrix: np.ndarray, order: int) -> np.ndarray:
    """The reference: one call of scipy per channel, on the inverse map in memory order."""
    d = matrix.shape[0]
    inverse = memory_matrix(matrix).T
    centre = (np.array(image.shape[-d:]) - 1) / 2
    flat = image.reshape(-1, *image.shape[-d:])
    moved = [
        affine_transform(one, inverse, offset=centre - inverse @ centre, order=order, mode="constant") for one in flat
    ]
    return np.stack(moved).reshape(image.shape)


# ---- exact maps


@pytest.mark.parametrize("turns", range(-4, 9))
def test_quarter_turns_are_rot90(turns):
    image = torch.randn(2, 3, 5, 7)
    moved = act_on_grid(image, rotation(turns * np.pi / 2))
    assert torch.equal(moved, torch.rot90(image, turns, (-2, -1)))


def test_reflections_are_flips():
    image = torch.randn(2, 3, 4, 6)
    assert torch.equal(act_on_grid(image, np.diag([-1.0, 1.0])), image.flip(-1))
    assert torch.equal(act_on_grid(image, np.diag([1.0, -1.0])), image.flip(-2))
    # (x, y) -> (y, x): the right upper corner stays where it is
    square = torch.arange(9.0).reshape(1, 1, 3, 3)
    swapped = act_on_grid(square, np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert swapped[0, 0, 0, 2] == square[0, 0, 0, 2]
    assert swapped[0, 0, 0, 0] == square[0, 0, 2, 2]


def test_vandermonde_image_turns_as_in_the_walk_through():
    image = torch.tensor([[0, 0, 0, 1], [1, 1, 1, 1], [8, 4, 2, 1], [27, 9, 3, 1]])[None, None]
    turns = [
        [[1, 1, 1, 1], [0, 1, 2, 3], [0, 1, 4, 9], [0, 1, 8, 27]],
        [[1, 3, 9, 27], [1, 2, 4, 8], [1, 1, 1, 1], [1, 0, 0, 0]],
        [[27, 8, 1, 0], [9, 4, 1, 0], [3, 2, 1, 0], [1, 1, 1, 1]],
        image[0, 0].tolist(),
    ]
    for dtype in (torch.int64, torch.float32, torch.bool):
        moved = image.to(dtype)
        for expected in turns:
            moved = act_on_grid(moved, rotation(np.pi / 2))
            assert torch.equal(moved[0, 0], torch.tensor(expected).to(dtype))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_exact_maps_agree_with_the_spline(d):
    image = torch.randn(1, 2, *[5] * d, dtype=torch.float64)
    for matrix in signed_permutations(d):
        assert is_lattice_symmetry(matrix)
        moved = act_on_grid(image, matrix)
        np.testing.assert_allclose(moved.numpy(), by_scipy(image.numpy(), matrix, 3), atol=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_exact_maps_compose_like_their_matrices(d):
    image = torch.randn(1, 2, *range(3, 3 + d))
    group = signed_permutations(d)
    for a, b in itertools.islice(itertools.product(group, group), 0, None, 7):
        assert torch.equal(act_on_grid(act_on_grid(image, b), a), act_on_grid(image, a @ b))


def test_volumes_are_ordered_minus_z_minus_y_x():
    volume = torch.zeros(1, 1, 3, 3, 3)
    volume[0, 0, 1, 1, 2] = 1.0  # the point (x, y, z) = (1, 0, 0)
    x_to_y = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    x_to_z = np.array([[0.0, 0.0, -1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert act_on_grid(volume, x_to_y)[0, 0, 1, 0, 1] == 1.0
    assert act_on_grid(volume, x_to_z)[0, 0, 0, 1, 1] == 1.0


def test_results_do_not_alias_a_flip_or_a_turn():
    image = torch.randn(1, 1, 3, 3)
    kept = image.clone()
    act_on_grid(image, rotation(np.pi / 2)).zero_()
    act_on_grid(image, np.diag([-1.0, 1.0])).zero_()
    assert torch.equal(image, kept)


def test_lattice_symmetry():
    assert is_lattice_symmetry(rotation(np.pi / 2))
    assert is_lattice_symmetry(np.zeros((0, 0)))
    assert not is_lattice_symmetry(rotation(np.pi / 4))
    assert not is_lattice_symmetry(np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert not is_lattice_symmetry(np.eye(2) + 1e-6)


# ---- splines


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("shape", [(9, 9), (8, 5), (1, 6), (2, 2)])
def test_images_match_scipy(order, shape):
    rng = np.random.default_rng(order)
    image = rng.standard_normal((2, 2, *shape))
    for matrix in (rotation(0.3), rotation(np.pi / 4) @ np.diag([1.0, -1.0]), rotation(-2.0)):
        moved = act_on_grid(torch.from_numpy(image), matrix, order=order)
        np.testing.assert_allclose(moved.numpy(), by_scipy(image, matrix, order), atol=1e-10)


@pytest.mark.parametrize("order", range(6))
@pytest.mark.parametrize("shape", [(5, 6, 7), (1, 4, 3)])
def test_volumes_match_scipy(order, shape):
    rng = np.random.default_rng(order)
    image = rng.standard_normal((1, 2, *shape))
    matrix = Rotation.from_rotvec([0.4, -0.9, 0.5]).as_matrix()
    for turned in (matrix, -matrix):
        moved = act_on_grid(torch.from_numpy(image), turned, order=order)
        np.testing.assert_allclose(moved.numpy(), by_scipy(image, turned, order), atol=1e-10)


def test_a_rotation_about_an_axis_keeps_the_outer_slices():
    # cos and sin leave 1e-17 in the row of the axis, which must not push the first slice out of the grid
    volume = torch.ones(1, 1, 5, 9, 9)
    for axis in ([0, 0, 1], [0, 0, -1]):
        matrix = Rotation.from_rotvec(np.pi / 4 * np.array(axis)).as_matrix()
        matrix[2, 2] -= 1e-12
        moved = act_on_grid(volume, matrix)
        torch.testing.assert_close(moved[..., 4, 4], torch.ones(1, 1, 5))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.bfloat16])
def test_dtypes_are_kept(dtype):
    image = torch.randn(1, 2, 6, 6).to(dtype)
    assert act_on_grid(image, rotation(0.5)).dtype == dtype
    assert act_on_grid(image, rotation(np.pi)).dtype == dtype


def test_float32_is_close_to_float64():
    image = torch.randn(2, 2, 11, 11, dtype=torch.float64)
    for order in range(6):
        exact = act_on_grid(image, rotation(0.7), order=order)
        torch.testing.assert_close(
            act_on_grid(image.float(), rotation(0.7), order=order), exact.float(), atol=1e-5, rtol=0
        )


@pytest.mark.parametrize("order", [0, 1, 2, 5])
def test_gradients(order):
    image = torch.randn(1, 2, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: act_on_grid(x, rotation(0.6), order=order), (image,))
    assert torch.autograd.gradcheck(lambda x: act_on_grid(x, rotation(np.pi / 2)), (image,))


@pytest.mark.parametrize("angle", [np.pi / 2, 0.6])
def test_function_transforms(angle):
    images = torch.randn(3, 2, 2, 5, 5)
    batched = torch.func.vmap(lambda x: act_on_grid(x, rotation(angle)))(images)
    one_by_one = torch.stack([act_on_grid(x, rotation(angle)) for x in images])
    torch.testing.assert_close(batched, one_by_one)
    jacobian = torch.func.jacrev(lambda x: act_on_grid(x, rotation(angle)))(torch.randn(1, 1, 3, 3))
    moved = act_on_grid(torch.eye(9).reshape(9, 1, 3, 3), rotation(angle)).reshape(9, 9).T
    torch.testing.assert_close(jacobian.reshape(9, 9), moved)


def test_any_number_of_leading_axes_and_no_samples():
    image = torch.randn(4, 5)
    moved = act_on_grid(image, rotation(0.4))
    torch.testing.assert_close(act_on_grid(image[None, None], rotation(0.4))[0, 0], moved)
    assert act_on_grid(torch.zeros(0, 3, 4, 4), rotation(0.4)).shape == (0, 3, 4, 4)
    assert act_on_grid(image, np.zeros((0, 0))).shape == (4, 5)


def test_meta_device():
    image = torch.empty(2, 3, 5, 7, device="meta")
    assert act_on_grid(image, rotation(np.pi / 2)).shape == (2, 3, 7, 5)
    assert act_on_grid(image, rotation(0.4)).shape == (2, 3, 5, 7)


# ---- bad input


@pytest.mark.parametrize(
    ("tensor", "matrix", "order", "builtin", "message"),
    [
        (np.zeros((1, 1, 3, 3)), np.eye(2), 2, TypeError, "torch.Tensor"),
        (torch.zeros(1, 1, 3, 3), np.ones((2, 2)), 2, ValueError, "orthogonal"),
        (torch.zeros(1, 1, 3, 3), np.full((2, 2), np.nan), 2, ValueError, "finite"),
        (torch.zeros(1, 1, 3, 3), np.ones((2, 3)), 2, ValueError, "square"),
        (torch.zeros(3), np.eye(2), 2, ValueError, "spatial"),
        (torch.zeros(1, 1, 3, 3), np.eye(2), 6, ValueError, "order"),
        (torch.zeros(1, 1, 3, 3), np.eye(2), -1, ValueError, "order"),
        (torch.zeros(1, 1, 3, 3), np.eye(2), True, ValueError, "order"),
        (torch.zeros(1, 1, 3, 3, dtype=torch.int64), rotation(0.3), 2, TypeError, "interpolation"),
    ],
)
def test_bad_input_is_refused(tensor, matrix, order, builtin, message):
    with pytest.raises(IntertwineError, match=message) as caught:
        act_on_grid(tensor, matrix, order=order)
    assert isinstance(caught.value, builtin)


# ---- side by side


@pytest.mark.peer
@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize("flip", [0, 1])
def test_planar_fields_move_as_in_escnn(turn, flip):
    gspaces = pytest.importorskip("escnn.gspaces")
    escnn_nn = pytest.importorskip("escnn.nn")
    space = gspaces.flipRot2dOnR2(8)
    kind = escnn_nn.FieldType(space, [space.trivial_repr])
    element = space.fibergroup.element((flip, turn))
    matrix = space.basespace_action(element)
    axis = torch.linspace(-1.0, 1.0, 21)
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    image = (torch.exp(-4 * ((x - 0.3) ** 2 + (y - 0.1) ** 2)) * (1 + x))[None, None]
    theirs = kind.transform(image, element)
    # escnn rounds the matrix to half precision before it interpolates
    tolerance = 0.0 if turn % 2 == 0 else 5e-3
    assert is_lattice_symmetry(matrix) == (turn % 2 == 0)
    torch.testing.assert_close(act_on_grid(image, matrix), theirs, atol=tolerance, rtol=0)


@pytest.mark.peer
def test_volumes_move_as_in_escnn():
    gspaces = pytest.importorskip("escnn.gspaces")
    escnn_nn = pytest.importorskip("escnn.nn")
    space = gspaces.fullOctaOnR3()
    kind = escnn_nn.FieldType(space, [space.trivial_repr])
    volume = torch.randn(1, 1, 3, 3, 3)
    for element in space.testing_elements:
        # their degree-1 irrep is ordered (y, z, x); basespace_action is the matrix on (x, y, z)
        matrix = space.basespace_action(element)
        assert torch.equal(act_on_grid(volume, matrix), kind.transform(volume, element))


def test_tables_stay_on_the_device_unless_a_mode_made_them():
    def tables(size):
        given = tuple(memory_matrix(rotation(0.3)).ravel().tolist()), (size, size), 2
        device = torch.device("cpu")
        return (*resample._taps(device, torch.float64, *given), *resample._prefilter(device, torch.float32, size, 2))

    def moved(x):
        return act_on_grid(x, rotation(0.3)).sum()

    with FakeTensorMode(allow_non_fake_inputs=True):
        assert moved(torch.ones(1, 1, 6, 6)).shape == ()
    with torch.inference_mode():
        moved(torch.ones(1, 1, 6, 6))
    torch.func.grad(moved)(torch.ones(1, 1, 7, 7))
    torch.func.vmap(moved)(torch.ones(2, 1, 8, 8))
    for size in (6, 7, 8):
        kept = tables(size)
        assert all(a is b for a, b in zip(kept, tables(size), strict=True))
        assert all(type(table) is torch.Tensor and not table.is_inference() for table in kept)
        x = torch.ones(1, 1, size, size, requires_grad=True)
        moved(x).backward()
        torch.testing.assert_close(x.grad, torch.func.grad(moved)(x.detach()))
        assert not any(torch._C._functorch.is_functorch_wrapped_tensor(table) for table in kept)


def test_a_compiled_move_takes_a_second_size():
    entries = tuple(memory_matrix(rotation(0.3)).ravel().tolist())
    compiled = torch.compile(resample.interpolate_on_grid, backend="eager", fullgraph=True)
    for size in (5, 6, 9):
        x = torch.randn(1, 1, size, size)
        torch.testing.assert_close(compiled(x, entries), resample.interpolate_on_grid(x, entries))
