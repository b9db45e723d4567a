# Quarter turns of space, which are exact, and a small input: there is nothing else to see.
quarter_turns <- function(gs) {
  lapply(list(c(1, 0, 0), c(0, 1, 0), c(0, 0, 1)), function(axis) group_element(gs, angle = pi / 2, axis = axis))
}

expect_turns <- function(module, size = 5) {
  channels <- n_channels(module$in_type)
  x <- array(stats::rnorm(channels * size^3), c(1, channels, size, size, size))
  expect_equivariant(module, x = x, elements = quarter_turns(module$in_type$gspace), tolerance = 1e-8)
}

test_that("volumes are convolved, and the rotations of the cube are exact", {
  skip_if_no_python()
  conv <- field_type(gspace_octa(), trivial = 1) |> r3_conv(out = c(regular = 1), kernel_size = 3, padding = "same")
  expect_equal(dim(conv(mri_data())), c(1, 24, 25, 41, 33))
  expect_turns(conv)
  gs <- gspace_rot3d()
  vectors <- field_type(gs, trivial = 1) |> r3_conv(out = list(trivial = 1, irrep(gs, frequency = 1)), kernel_size = 5)
  expect_turns(vectors)
  up <- vectors$out_type |> r3_conv_transposed(out = c(trivial = 1), kernel_size = 3, stride = 2, padding = 1)
  expect_equal(dim(up(array(0, c(1, 4, 5, 5, 5)))), c(1, 1, 9, 9, 9))
})

test_that("icosahedral kernels, signals and products", {
  skip_if_no_python()
  gs <- gspace_ico()
  conv <- field_type(gs, trivial = 1) |> r3_ico_conv(out = irrep(gs, frequency = 1), kernel_size = 3, samples = "dodeca")
  expect_identical(conv$samples, "dodeca")
  half <- group_element(gs, angle = pi, axis = c(0, 0, 1))
  expect_equivariant(conv, x = array(stats::rnorm(125), c(1, 1, 5, 5, 5)), elements = half, tolerance = 1e-10)
  up <- conv$out_type |> r3_ico_conv_transposed(out = c(trivial = 1), kernel_size = 3, stride = 2, padding = 1)
  expect_equal(dim(up(array(0, c(1, 3, 3, 3, 3)))), c(1, 1, 5, 5, 5))
  line <- field_type(gspace_flip1d(), trivial = 1) |>
    r1_conv(out = c(regular = 2), kernel_size = 5, padding = "same") |>
    nonlin_relu() |>
    pool_avg(kernel_size = 3) |>
    r1_conv_transposed(out = c(trivial = 1), kernel_size = 3, stride = 3)
  expect_equivariant(line, tolerance = 1e-12, size = 33)
  rotations <- gspace_rot3d()
  product <- field_type(rotations, 2 * irrep(rotations, frequency = 1)) |>
    tensor_product_module(out = 2 * irrep(rotations, frequency = 2))
  x <- geometric_tensor(array(stats::rnorm(2 * 6 * 27), c(2, 6, 3, 3, 3)), product$in_type, dtype = "float64")
  product$double()
  g <- group_element(rotations, angle = pi / 2, axis = c(0, 1, 0))
  expect_equal(as.array(product(transform(x, g))), as.array(transform(product(x), g)), tolerance = 1e-12)
})

test_that("voxels that are no cubes are taken where the group keeps the axes apart", {
  skip_if_no_python()
  axis <- field_type(gspace_axis3d(N = 4), trivial = 1) |>
    r3_conv(out = c(regular = 1), kernel_size = c(3, 5, 5), spacing = c(2, 1, 1))
  expect_equal(dim(axis(array(0, c(1, 1, 5, 7, 7)))), c(1, 4, 3, 3, 3))
  expect_error(
    r3_conv(field_type(gspace_octa(), trivial = 1), out = c(regular = 1), kernel_size = 3, spacing = c(2, 1, 1)),
    class = "intertwine_error"
  )
})

test_that("pooling, upsampling, masks and heads take volumes", {
  skip_if_no_python()
  type <- field_type(gspace_octa(), regular = 1)
  x <- array(stats::rnorm(24 * 125), c(1, 24, 5, 5, 5))
  size <- function(module) dim(module(x))[-(1:2)]
  expect_equal(size(pool_avg(type, kernel_size = 5)), c(1, 1, 1))
  expect_equal(size(pool_max(type, kernel_size = 3, stride = 1)), c(3, 3, 3))
  # As large along each axis as in the plane.
  plane <- field_type(gspace_rot2d(N = 4), regular = 1) |> pool_max_antialiased(kernel_size = 3, stride = 2, padding = 1)
  side <- dim(plane(array(0, c(1, 4, 5, 5))))[3]
  expect_equal(size(pool_max_antialiased(type, kernel_size = 3, stride = 2, padding = 1)), rep(side, 3))
  expect_equal(size(pool_avg_antialiased(type, sigma = 0.6, stride = 2)), c(3, 3, 3))
  expect_equal(size(pool_adaptive_avg(type, output_size = 2)), c(2, 2, 2))
  expect_equal(size(r3_upsampling(type, scale_factor = 2)), c(10, 10, 10))
  expect_equal(size(mask_module(type, S = 5)), c(5, 5, 5))
  expect_equal(dim(head_classes(type, n = 3)(x)), c(1, 3))
  model <- type |> pool_max(kernel_size = 3, stride = 2) |> batchnorm_inner() |> nonlin_elu()
  expect_turns(model)
})

test_that("networks on volumes and signals are fitted, and predict", {
  skip_if_no_python()
  set.seed(3)
  n <- 24
  kind <- factor(rep(c("ball", "shell"), n / 2))
  grid <- as.matrix(expand.grid(1:7, 1:7, 1:7)) - 4
  radius <- sqrt(rowSums(grid^2))
  x <- array(0, c(n, 7, 7, 7))
  for (i in seq_len(n)) {
    shape <- if (kind[i] == "ball") radius < 2.4 else radius > 1.9 & radius < 3.1
    x[i, , , ] <- shape + stats::rnorm(343, sd = 0.1)
  }
  model <- field_type(gspace_octa(), trivial = 1) |>
    r3_conv(out = c(trivial = 4), kernel_size = 3) |>
    nonlin_relu() |>
    head_classes()
  volumes <- images(x, "ndhw")
  fitted <- fit(model, volumes, kind, epochs = 15, learn_rate = 0.05, verbose = FALSE)
  expect_gt(mean(predict(fitted, volumes) == kind), 0.9)
  turned <- transform(volumes, group_element(gspace_octa(), angle = pi / 2, axis = c(1, 0, 0)))
  expect_equal(predict(fitted, turned, type = "prob"), predict(fitted, volumes, type = "prob"), tolerance = 1e-4)
})

test_that("alias-free layers act on a finer grid, and harmonics turn by irreps", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 1)
  layer <- type |> alias_free(nonlin_relu())
  expect_equivariant(layer)
  x <- array(stats::rnorm(4 * 81), c(1, 4, 9, 9))
  expect_false(isTRUE(all.equal(layer(x), nonlin_relu(type)(x))))
  # A function that makes no new frequencies passes a factor of one unchanged.
  expect_equal(alias_free(type, nonlin_relu(), factor = 1)(x), nonlin_relu(type)(x))
  spec <- alias_free(nonlin_relu())
  expect_equal(length(sequential_module(type, spec, pool_group())), 2)
  expect_snapshot(spec)
  expect_error(alias_free(type, 3), class = "intertwine_error_argument_type")
  harmonics <- harmonic_polynomial(2)
  points <- matrix(stats::rnorm(15), 5)
  g <- group_element(so3_group(), angle = 1, axis = c(1, 2, 3))
  turned <- points %*% t(as.matrix(g))
  # Vectors themselves are degree one.
  expect_equal(harmonics(points)[, 2:4], points, tolerance = 1e-5)
  expect_equal(
    harmonics(turned), harmonics(points) %*% t(sphere_repr(so3_group(), frequency = 2)(g)), tolerance = 1e-5
  )
})

test_that("Fourier transforms go there and back", {
  skip_if_no_python()
  G <- so3_group()
  grid <- group_sample(G, 60)
  fourier <- fourier_transform(G, frequency = 1, elements = grid)
  coefficients <- matrix(stats::rnorm(20), 2)
  expect_equal(dim(fourier_sample(fourier, coefficients)), c(2, 60))
  expect_equal(fourier_coefficients(fourier, fourier_sample(fourier, coefficients)), coefficients, tolerance = 1e-5)
  finite <- fourier_transform(cyclic_group(8), frequency = 4)
  expect_equal(fourier_coefficients(finite, fourier_sample(finite, as.numeric(1:8))), 1:8, tolerance = 1e-6)
  expect_error(fourier_transform(G, frequency = 1), class = "intertwine_error")
  gs <- gspace_rot3d()
  layer <- field_type(gs, 2 * fourier_repr(gs, frequency = 1)) |> nonlin_fourier(N = 2)
  sphere <- field_type(gs, 2 * sphere_repr(gs, frequency = 2)) |> nonlin_fourier(rotations = Inf)
  expect_turns(layer, 3)
  expect_turns(sphere, 3)
})

test_that("separable convolutions have fewer weights, and are equivariant", {
  skip_if_no_python()
  type <- field_type(gspace_octa(), regular = 2)
  depthwise <- type |> depthwise_conv(kernel_size = 3, padding = "same")
  separable <- type |> separable_conv(out = c(regular = 2), kernel_size = 3)
  full <- type |> r3_conv(out = c(regular = 2), kernel_size = 3)
  expect_lt(n_parameters(separable), n_parameters(full))
  expect_true(depthwise$out_type == type)
  expect_turns(depthwise)
  expect_turns(separable)
  signals <- field_type(gspace_flip1d(), regular = 2, trivial = 1)
  expect_equivariant(separable_conv(signals, out = c(regular = 1), kernel_size = 3))
  spec <- separable_conv(out = c(regular = 2), kernel_size = 3)
  expect_identical(format(spec), "separable_conv(out = c(regular = 2), kernel_size = 3)")
})

test_that("the switch of low errors reaches volumes", {
  skip_if_no_python()
  type <- field_type(gspace_rot3d(), trivial = 1)
  conv <- type |> r3_conv(out = c(trivial = 1), kernel_size = 5, low_error = TRUE)
  expect_true(conv$low_error)
  expect_error(r3_conv(type, out = c(trivial = 1), kernel_size = 5, low_error = 2), class = "intertwine_error")
})
