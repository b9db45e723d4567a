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

test_that("pooling over a subgroup leaves what the others do", {
  skip_if_no_python()
  type <- field_type(gspace_flip_rot2d(N = 4), regular = 2)
  x <- array(rnorm(16 * 9), c(1, 16, 3, 3))
  pool <- pool_subgroup(type, rotations = 4)
  expected <- apply(matrix(x[1, , 1, 1], 4), 2, max)
  expect_equal(pool(x)[1, , 1, 1], expected, tolerance = 1e-6)
  expect_equivariant(pool)
  expect_equivariant(pool_subgroup(type, rotations = 1, axis = 0, mode = "mean"))
  expect_error(pool_subgroup(type, rotations = 4, mode = "median"), class = "intertwine_error_argument")
  expect_error(pool_subgroup(field_type(gspace_rot2d(N = 4), vector = 1), rotations = 2),
    class = "intertwine_error_unsupported_field"
  )
  expect_match(format(pool_subgroup(rotations = 4)), "pool_subgroup(rotations = 4)", fixed = TRUE)
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

test_that("images are cropped and padded around their centre", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), trivial = 1)
  x <- array(seq_len(25), c(1, 1, 5, 5))
  expect_equal(crop_module(type, cells = 1)(x), x[, , 2:4, 2:4, drop = FALSE])
  expect_equal(crop_module(type, size = 3)(x), x[, , 2:4, 2:4, drop = FALSE])
  padded <- pad_module(type, size = 7)(x)
  expect_equal(padded[, , 2:6, 2:6, drop = FALSE], x)
  expect_equal(sum(padded), sum(x))
  round <- pad_module(type, cells = 2, padding_mode = "circular")(x)
  expect_equal(round[1, 1, 1:2, 3:7], x[1, 1, 4:5, 1:5])
  expect_error(crop_module(type, size = 4)(x), "half a cell", class = "intertwine_error_centre")
  expect_error(crop_module(type), "cells or size", class = "intertwine_error_argument")
  expect_s3_class(pad_module(cells = 1), "layer_spec")
  expect_equivariant(pad_module(type, cells = 2, padding_mode = "reflect"))
})
