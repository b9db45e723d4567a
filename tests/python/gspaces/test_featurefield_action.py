"""Fields as NumPy arrays, moved by a space."""

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from intertwine import gspaces, nn
from intertwine.errors import IntertwineError

SPACES = [
    gspaces.rot2dOnR2(8),
    gspaces.flipRot2dOnR2(4),
    gspaces.rot2dOnR2(-1),
    gspaces.no_base_space(gspaces.rot2dOnR2(4).fibergroup),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_action_of_the_field_type(space, dtype):
    rng = np.random.default_rng(0)
    for rho in [space.trivial_repr, *space.irreps[:3]]:
        field = rng.standard_normal((2, rho.size, *(space.dimensionality * (7,)))).astype(dtype)
        kind = nn.FieldType(space, [rho])
        for g in space.testing_elements:
            moved = space.featurefield_action(field, rho, g)
            assert moved.dtype == dtype
            assert np.allclose(moved, kind.transform(torch.from_numpy(field), g).numpy(), atol=1e-5)


def test_quarter_turns_are_exact_and_others_are_scipys_splines():
    space = gspaces.rot2dOnR2(8)
    rng = np.random.default_rng(1)
    image = rng.standard_normal((1, 1, 6, 9))
    turn = space.fibergroup.element
    assert np.array_equal(space.featurefield_action(image, space.trivial_repr, turn(2))[0, 0], np.rot90(image[0, 0]))
    square = rng.standard_normal((1, 1, 9, 9))
    c, s = np.cos(np.pi / 4), np.sin(np.pi / 4)
    # In the order of the axes of memory, from the output to the input.
    back = np.array([[c, s], [-s, c]])
    centre = np.array([4.0, 4.0])
    expected = affine_transform(square[0, 0], back, centre - back @ centre, order=2, mode="constant")
    assert np.allclose(space.featurefield_action(square, space.trivial_repr, turn(1))[0, 0], expected, atol=1e-9)


def test_the_input_stays_as_it_is():
    space = gspaces.flipRot2dOnR2(4)
    field = np.ones((1, 8, 5, 5))
    field.setflags(write=False)
    space.featurefield_action(field, space.regular_repr, space.fibergroup.elements[3])
    counts = np.arange(25).reshape(1, 1, 5, 5)
    moved = space.featurefield_action(counts, space.trivial_repr, space.fibergroup.elements[1])
    assert np.array_equal(np.sort(moved.ravel()), np.arange(25))


def test_wrong_calls_are_refused():
    space, other = gspaces.rot2dOnR2(4), gspaces.rot2dOnR2(8)
    field, rho, g = np.zeros((1, 1, 3, 3)), space.trivial_repr, space.fibergroup.element(1)
    wrong = [
        (torch.zeros(1, 1, 3, 3), rho, g),
        (np.zeros((1, 2, 3, 3)), rho, g),
        (np.zeros((1, 1, 3)), rho, g),
        (np.array([["a"]]), rho, g),
        (field, other.trivial_repr, g),
        (field, rho, other.fibergroup.element(1)),
        (field, "trivial", g),
        (field, rho, 1),
    ]
    for arguments in wrong:
        with pytest.raises(IntertwineError):
            space.featurefield_action(*arguments)
    with pytest.raises(IntertwineError):
        other.featurefield_action(field, other.trivial_repr, other.fibergroup.element(1), order=9)
