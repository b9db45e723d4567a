test_that("the pointwise layers keep the type and commute with the group", {
  skip_if_no_python()
  type <- field_type(gspace_flip_rot2d(N = 4), regular = 2, trivial = 1)
  for (spec in list(nonlin_relu(), nonlin_elu(), nonlin_leaky_relu(), batchnorm_inner(), identity_module())) {
    layer <- spec(type)
    expect_true(layer$out_type == type)
    expect_equivariant(layer)
  }
})

test_that("rectified units are what they are called", {
  skip_if_no_python()
  relu <- nonlin_relu(field_type(gspace_rot2d(N = 4), regular = 1))
  x <- array(rnorm(36), c(1, 4, 3, 3))
  expect_equal(relu(x), pmax(x, 0), tolerance = 1e-6)
})

test_that("batch normalisation gives fields of mean zero and unit variance", {
  skip_if_no_python()
  norm <- batchnorm_inner(field_type(gspace_rot2d(N = 4), regular = 1), eps = 1e-12)
  norm$double()
  x <- array(rnorm(5 * 4 * 9, mean = 3, sd = 2), c(5, 4, 3, 3))
  y <- norm(x)
  expect_equal(mean(y), 0)
  expect_equal(mean(y^2), 1)
})

test_that("pooling over positions averages windows", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  x <- array(rnorm(4 * 36), c(1, 4, 6, 6))
  pooled <- pool_avg(type, kernel_size = 6)(x)
  expect_equal(dim(pooled), c(1, 4, 1, 1))
  expect_equal(c(pooled), apply(x, 2, mean), tolerance = 1e-6)
  expect_equal(dim(pool_avg(type, kernel_size = 2)(x)), c(1, 4, 3, 3))
  expect_equal(dim(pool_avg(type, kernel_size = 3, stride = 1, padding = 1)(x)), c(1, 4, 6, 6))
  expect_equal(dim(pool_avg_antialiased(type, sigma = 0.66, stride = 2)(array(0, c(1, 4, 7, 7)))), c(1, 4, 4, 4))
  expect_equivariant(pool_avg_antialiased(type, sigma = 0.66, stride = 2), size = 33)
})

test_that("the largest of windows is taken", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  x <- array(rnorm(4 * 36), c(1, 4, 6, 6))
  expect_equal(c(pool_max(type, kernel_size = 6)(x)), apply(x, 2, max), tolerance = 1e-6)
  expect_equal(nonlin_leaky_relu(type, negative_slope = 0.5)(x), ifelse(x > 0, x, x / 2), tolerance = 1e-6)
  expect_equal(nonlin_elu(type)(x), ifelse(x > 0, x, exp(x) - 1), tolerance = 1e-6)
})

test_that("pooling over the group is invariant", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 2)
  pool <- pool_group(type)
  x <- array(rnorm(8 * 9), c(1, 8, 3, 3))
  expect_equal(pool(x)[1, 1, , ], apply(x[1, 1:4, , ], 2:3, max), tolerance = 1e-6)
  expect_equivariant(pool)
})

test_that("fields that a layer does not commute with are refused", {
  skip_if_no_python()
  vectors <- field_type(gspace_rot2d(N = 4), irrep_1 = 1)
  expect_error(nonlin_relu(vectors), class = "intertwine_error_unsupported_field")
  expect_error(pool_group(vectors), class = "intertwine_error_unsupported_field")
  expect_error(pool_avg(vectors, kernel_size = 0), class = "intertwine_error_argument")
  expect_error(pool_avg(vectors), "`kernel_size` is missing")
  expect_error(batchnorm_inner(vectors, affine = NA), class = "intertwine_error_argument")
})
