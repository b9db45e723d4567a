test_that("a check is a data frame that prints its verdict", {
  skip_if_no_python()
  set.seed(5)
  conv <- field_type(gspace_rot2d(N = 8), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  check <- check_equivariance(conv)
  expect_s3_class(check, c("equivariance_check", "data.frame"))
  expect_identical(nrow(check), 8L)
  expect_identical(check$exact, rep(c(TRUE, FALSE), 4))
  expect_identical(check$passed, rep(c(TRUE, NA), 4))
  expect_lt(max(check$error[check$exact]), 1e-12)
  expect_snapshot(print(check), transform = function(x) sub("[0-9.]+e[-+][0-9]+(?=  )", "<error>", x, perl = TRUE))
  expect_s3_class(check[check$exact, ], "data.frame", exact = TRUE)
})

test_that("interpolated elements count if they are asked for, and elements can be chosen", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 8)
  conv <- field_type(gs, trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  expect_identical(sum(!check_equivariance(conv, interpolated = TRUE)$passed), 4L)
  expect_identical(nrow(check_equivariance(conv, elements = group_element(gs, rotation = 2))), 1L)
  expect_identical(nrow(check_equivariance(conv, elements = group_elements(gs)[1:2])), 2L)
  expect_error(check_equivariance(conv, elements = 90), class = "intertwine_error_argument_type")
})

test_that("layers are reported, and the module stays as it was", {
  skip_if_no_python()
  model <- seven_layers()
  check <- check_equivariance(model, layers = TRUE)
  layers <- attr(check, "layers")
  expect_identical(layers$position, as.numeric(1:7))
  expect_identical(layers$layer[1:3], c("r2_conv", "batchnorm_inner", "nonlin_relu"))
  expect_true(all(layers$exact < 1e-10))
  expect_true(model$training)
  expect_identical(py_call_checked("_r.arrays.dtype_name", list(model)), "float32")
})

test_that("own features can be used", {
  skip_if_no_python()
  model <- seven_layers()
  x <- array(rnorm(17^2), c(1, 1, 17, 17))
  expect_true(all(check_equivariance(model, x)$passed))
  expect_true(all(check_equivariance(model, geometric_tensor(x, model$in_type))$passed))
  # A stride that does not fit the size breaks the symmetry, and the check says so.
  broken <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2)
  check <- check_equivariance(broken, array(rnorm(64), c(1, 1, 8, 8)))
  expect_false(all(check$passed))
  expect_match(format(check)[1], "NOT equivariant")
})

test_that("the expectation succeeds and fails", {
  skip_if_no_python()
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3, stride = 2)
  expect_success(expect_equivariant(conv, array(rnorm(81), c(1, 1, 9, 9))))
  expect_failure(expect_equivariant(conv, array(rnorm(64), c(1, 1, 8, 8))), "NOT equivariant")
})

test_that("specifications and others are refused", {
  expect_error(check_equivariance(nonlin_relu()), class = "intertwine_error_argument_type")
  expect_error(check_equivariance(3), class = "intertwine_error_argument_type")
})

test_that("of many elements the worst are printed", {
  skip_if_no_python()
  gs <- gspace_flip_rot3d()
  conv <- field_type(gs, trivial = 1) |> r3_point_conv(out = c(trivial = 1), width = 2, n_rings = 3)
  check <- check_equivariance(conv)
  expect_equal(nrow(check), 120)
  lines <- format(check)
  expect_length(lines, 6)
  expect_match(lines[6], "116 more elements")
  expect_s3_class(ggplot2::autoplot(check), "ggplot")
})
