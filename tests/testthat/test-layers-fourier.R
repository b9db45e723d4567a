test_that("Fourier nonlinearities of continuous and finite groups are equivariant", {
  skip_if_no_python()
  for (gs in list(gspace_rot2d(N = Inf), gspace_rot2d(N = 8), gspace_flip_rot2d(N = Inf))) {
    rho <- fourier_repr(gs, frequency = 2)
    layer <- field_type(gs, 2 * rho) |> nonlin_fourier(N = 16)
    expect_s3_class(layer, "equivariant_module")
    expect_equal(layer$in_type, layer$out_type)
    expect_equivariant(layer, tolerance = 1e-4)
  }
})

test_that("R gives what Python gives", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = Inf), fourier_repr(gspace_rot2d(N = Inf), frequency = 2))
  x <- array(stats::rnorm(5 * 9), c(1, 5, 3, 3))
  python <- intertwine_py()$nn$FourierPointwise(type, N = 12L, `function` = "p_relu")
  expect_equal(nonlin_fourier(type, N = 12, fun = "relu")(x), python(x), tolerance = 1e-6)
})

test_that("specifications and refusals of Fourier nonlinearities", {
  skip_if_no_python()
  expect_output(print(nonlin_fourier(N = 8)), "nonlin_fourier(N = 8", fixed = TRUE)
  gs <- gspace_rot2d(N = Inf)
  expect_error(field_type(gs, irrep_1 = 1) |> nonlin_fourier(N = 0), class = "intertwine_error_argument")
  expect_error(field_type(gs, fourier_repr(gs)) |> nonlin_fourier(fun = "sine"), class = "intertwine_error")
  expect_error(fourier_repr("C4"), class = "intertwine_error_argument_type")
  expect_error(fourier_repr(gs, frequency = -1), class = "intertwine_error_argument")
})

test_that("antialiased maxima are equivariant, and are Python's", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  pool <- type |> pool_max_antialiased(kernel_size = 3, stride = 2, padding = 1)
  x <- array(stats::rnorm(4 * 81), c(1, 4, 9, 9))
  expect_equivariant(pool, x)
  python <- intertwine_py()$nn$PointwiseMaxPoolAntialiased2D(type, 3L, stride = 2L, padding = 1L)
  expect_equal(pool(x), python(x), tolerance = 1e-6)
})

test_that("functions on cosets have their Fourier nonlinearity", {
  skip_if_no_python()
  gs <- gspace_flip_rot2d(N = Inf)
  rho <- fourier_repr(gs, frequency = 2, rotations = 1, axis = 0)
  expect_lt(dim(rho)[1], dim(fourier_repr(gs, frequency = 2))[1])
  layer <- field_type(gs, 2 * rho) |> nonlin_fourier(N = 16, fun = "relu", rotations = 1, axis = 0)
  expect_equivariant(layer, tolerance = 1e-4)
  expect_snapshot(nonlin_fourier(N = 8, rotations = 1, axis = 0))
})

test_that("functions on the group are pooled by their maxima over windows", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = Inf)
  type <- field_type(gs, 2 * fourier_repr(gs, frequency = 2))
  pool <- pool_max_fourier(type, kernel_size = 2, N = 16)
  x <- array(rnorm(10 * 16), c(1, 10, 4, 4))
  expect_identical(dim(pool(x)), c(1L, 10L, 2L, 2L))
  same <- array(x[1, , 1, 1], c(1, 10, 4, 4))
  expect_equal(pool(same)[1, , 1, 1], x[1, , 1, 1], tolerance = 1e-4)
  uneven <- field_type(gs, vector = 1, trivial = 1)
  expect_error(pool_max_fourier(uneven, kernel_size = 2), class = "intertwine_error_unsupported_field")
  expect_s3_class(pool_max_fourier(kernel_size = 2), "layer_spec")
})
