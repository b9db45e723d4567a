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

test_that("positions of fields count from one", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), trivial = 1, irrep_1 = 1)
  expect_identical(format(reshuffle_module(type, permutation = c(2, 1))$out_type[[1]]), "C4|[irrep_1]:2")
  expect_error(reshuffle_module(type, permutation = c(0, 1)), class = "intertwine_error_argument")
})

test_that("masks keep the disc", {
  skip_if_no_python()
  mask <- mask_module(field_type(gspace_rot2d(N = 4), trivial = 1), S = 9)
  masked <- mask(matrix(1, 9, 9))[1, 1, , ]
  expect_equal(masked[5, 5], 1, tolerance = 1e-3)
  expect_lt(masked[1, 1], 0.5)
})

test_that("images go on beyond their edges in pools, transposed convolutions and up-sampling, and exports keep it", {
  skip_if_no_python()
  set.seed(2)
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  x <- array(rnorm(4 * 36), c(1, 4, 6, 6))
  shift <- function(x, by) {
    to <- function(n) (seq_len(n) - by - 1) %% n + 1
    x[, , to(dim(x)[3]), to(dim(x)[4]), drop = FALSE]
  }
  layers <- list(
    pool_avg(type, 3, 1, 1, padding_mode = "circular"), pool_max(type, 3, 1, 1, padding_mode = "circular"),
    pool_norm_max(type, 3, 1, 1, padding_mode = "circular"), pool_avg_antialiased(type, 0.4, 1, padding_mode = "circular"),
    pool_max_antialiased(type, 5, 1, 1, padding_mode = "circular"),
    r2_conv_transposed(type, c(regular = 1), 3, padding = 1, padding_mode = "circular")
  )
  for (layer in layers) {
    expect_true(all(check_equivariance(layer, size = 6)$passed))
    expect_equal(as.array(layer(shift(x, 1))), shift(as.array(layer(x)), 1), tolerance = 1e-5)
  }
  up <- r2_upsampling(type, scale_factor = 2, padding_mode = "circular")
  expect_equal(as.array(up(shift(x, 1))), shift(as.array(up(x)), 2), tolerance = 1e-5)
  expect_error(pool_avg(type, 3, padding_mode = "mirror"), "reflect", class = "intertwine_error_argument")
  expect_error(r2_upsampling(type, size = 9, padding_mode = "circular"), class = "intertwine_error_argument")
})
