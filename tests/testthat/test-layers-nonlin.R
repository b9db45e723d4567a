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

test_that("fields that a layer does not commute with are refused", {
  skip_if_no_python()
  vectors <- field_type(gspace_rot2d(N = 4), irrep_1 = 1)
  expect_error(nonlin_relu(vectors), class = "intertwine_error_unsupported_field")
  expect_error(pool_group(vectors), class = "intertwine_error_unsupported_field")
  expect_error(pool_avg(vectors, kernel_size = 0), class = "intertwine_error_argument")
  expect_error(pool_avg(vectors), "`kernel_size` is missing")
  expect_error(batchnorm_inner(vectors, affine = NA), class = "intertwine_error_argument")
})

test_that("layers for any fields are equivariant", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  vectors <- field_type(gs, irrep_1 = 3)
  layers <- list(
    nonlin_norm(vectors), nonlin_norm(vectors, fun = "squash"), nonlin_gated(field_type(gs, trivial = 2, irrep_1 = 2)),
    nonlin_concatenated(field_type(gs, irrep_2 = 2)), nonlin_vector_field(field_type(gs, regular = 2)),
    nonlin_pointwise(field_type(gs, regular = 2)), batchnorm_norm(vectors), batchnorm_gnorm(vectors), norm_field(vectors),
    batchnorm_iid(vectors), dropout_field(vectors), dropout_pointwise(field_type(gs, regular = 2)), pool_norm(vectors),
    pool_norm_max(vectors, kernel_size = 2), pool_adaptive_avg(vectors, output_size = 3),
    pool_adaptive_max(field_type(gs, regular = 1), output_size = c(3, 3)), r2_upsampling(vectors, scale_factor = 2),
    reshuffle_module(field_type(gs, trivial = 1, irrep_1 = 1), permutation = c(2, 1))
  )
  for (layer in layers) expect_equivariant(layer, size = 32)
})

test_that("the fields of two inputs are multiplied", {
  skip_if_no_python()
  gs <- gspace_rot3d()
  arrows <- field_type(gs, vector = 1)
  set.seed(1)
  dot <- equivariant_bilinear(arrows, arrows, out = c(trivial = 1), bias = FALSE)
  x <- matrix(rnorm(12), 4)
  z <- matrix(rnorm(12), 4)
  y <- as.array(dot(geometric_tensor(x, arrows), geometric_tensor(z, arrows)))
  expect_equal(c(y) / rowSums(x * z), rep(c(y)[1] / sum(x[1, ] * z[1, ]), 4), tolerance = 1e-4)
  expect_identical(n_parameters(equivariant_bilinear(arrows, arrows, out = c(vector = 1), bias = FALSE)), 1)
  expect_error(equivariant_bilinear(arrows, arrows, out = c(vector = 1), groups = 2), class = "intertwine_error_argument")
  expect_error(equivariant_bilinear(arrows, 3, out = c(vector = 1)), class = "intertwine_error_argument_type")
  expect_error(equivariant_bilinear(arrows, arrows, out = c(vector = 1), bais = FALSE), class = "intertwine_error")
})
