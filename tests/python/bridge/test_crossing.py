"""The crossing itself: R and Python in one process."""

import numpy as np
import pytest
import torch


def test_arrays_go_to_r_and_back(r):
    assert r("x <- array(rnorm(120), c(2, 3, 4, 5)); identical(as.array(as_torch(x, dtype = 'float64')), x)")[0]
    assert r("x <- array(1:24, 2:4); identical(as.array(as_torch(x, dtype = 'int32')), x)")[0]
    assert r("x <- matrix(c(TRUE, FALSE), 2, 3); identical(as.array(as_torch(x, dtype = 'bool')), x)")[0]
    assert r(
        "x <- matrix(complex(real = 1:4, imaginary = 4:1), 2); identical(as.array(as_torch(x, dtype = 'complex128')), x)"
    )[0]


def test_nothing_is_shared(r):
    assert r(
        "x <- matrix(c(1, 2, 3, 4), 2); y <- x + 0; t <- as_torch(x, dtype = 'float64'); t$add_(100); identical(x, y)"
    )[0]


def test_numpy_never_crosses_as_numpy(r):
    # Under NumPy 2, an array that leaks through the bridge would stay a Python object.
    assert r("is.matrix(regular_repr(gspace_rot2d(N = 4))(group_element(cyclic_group(4), rotation = 1)))")[0]
    assert r(
        "is.double(irrep(gspace_flip_rot2d(N = 3), frequency = 1)(group_element(dihedral_group(3), rotation = 1)))"
    )[0]


def test_the_walk_through_gives_the_numbers_of_python(r):
    from intertwine import gspaces, nn

    space = gspaces.rot2dOnR2(4)
    element = space.fibergroup.element(1)
    names = list(r("format(representations(gspace_rot2d(N = 4)))"))
    assert names == [str(rho) for rho in space.representations.values()]
    r("gs <- gspace_rot2d(N = 4); g <- group_element(gs, rotation = 1)")
    assert np.array_equal(np.array(r("regular_repr(gs)(g)")), space.regular_repr(element))
    image = np.array([[0, 0, 0, 1], [1, 1, 1, 1], [8, 4, 2, 1], [27, 9, 3, 1]], dtype=float)
    x = nn.GeometricTensor(torch.tensor(image)[None, None].float(), nn.field_type(space, trivial=1))
    r("x <- geometric_tensor(outer(0:3, 3:0, '^'), field_type(gs, trivial = 1))")
    for _ in range(4):
        x = x.transform(element)
        r("x <- transform(x, g)")
        assert np.array_equal(np.array(r("as.matrix(x)")), x.tensor[0, 0].numpy())


def test_a_layer_is_the_same_in_both_languages(r):
    from intertwine import gspaces, nn

    space = gspaces.rot2dOnR2(4)
    # R draws torch's seed from its own generator: take the same one here.
    r("set.seed(11); seed <- intertwine:::draw_seed(); set.seed(11)")
    r("conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 3), kernel_size = 5)")
    torch.manual_seed(int(r("seed")[0]))
    conv = nn.R2Conv(nn.field_type(space, trivial=1), nn.field_type(space, regular=3), kernel_size=5)
    r("x <- array(rnorm(162), c(2, 1, 9, 9)); y <- conv(x)")
    x = torch.tensor(np.array(r("x")).reshape(tuple(r("dim(x)")), order="A"), dtype=torch.float32)
    expected = conv(x).detach().numpy()
    assert np.allclose(np.array(r("y")), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("code", "name", "text"),
    [
        ("cyclic_group(0)", "intertwine_error_argument", "`N` must be a whole number"),
        ("irrep(cyclic_group(4), frequency = 3)", "intertwine_error_group", "no irrep"),
        ("as_torch(c(1, NA))", "intertwine_error_missing_values", "1 missing value"),
        ("as_torch(list(1))", "intertwine_error_argument_type", "not a list"),
        (
            "r2_conv(field_type(gspace_rot2d(4), trivial = 1), out = c(regular = 1), kernel_size = 2)",
            "intertwine_error_empty_basis",
            "",
        ),
        (
            "nonlin_relu(field_type(gspace_rot2d(4), trivial = 1))(array(0, c(1, 2, 3, 3)))",
            "intertwine_error_shape",
            "channel",
        ),
        (
            "nonlin_relu(field_type(gspace_rot2d(4), irrep_1 = 1))",
            "intertwine_error_unsupported_field",
            "nonlin_relu() needs",
        ),
    ],
)
def test_errors_are_classed_conditions(condition, code, name, text):
    found = condition(code)
    assert found[0] == name
    assert "intertwine_error" in found
    assert "rlang_error" in found
    assert text in found[-1]


def test_python_exceptions_never_show_their_python_face(condition):
    found = condition("field_type(gspace_rot2d(4), regular = 1)(array(0, c(1, 3, 2, 2)))")
    assert found[0] == "intertwine_error_shape"
    assert "C4_on_R2" not in found[-1]
    assert "axis 1" not in found[-1]


def test_python_errors_do_not_break_the_session(r, condition):
    for _ in range(20):
        assert "intertwine_error" in condition("irrep(cyclic_group(4), frequency = 9)")
    assert r("group_order(cyclic_group(4))")[0] == 4


def test_objects_are_the_python_objects(r):
    from intertwine.group import cyclic_group

    assert r("class(cyclic_group(4))[1]")[0] == "cyclic_group"
    assert "finite_group" in r("class(cyclic_group(4))")
    assert r(
        "identical(reticulate::py_id(cyclic_group(4)), reticulate::py_id(intertwine_py()$group$cyclic_group(4L)))"
    )[0] == (cyclic_group(4) is cyclic_group(4))


def test_large_numbers_survive(r):
    assert r("intertwine:::py_call_checked(reticulate::py_eval('lambda: 2 ** 40')) == 2^40")[0]
