two_kinds <- function() field_type(gspace_rot2d(N = 8), regular = 2, irrep_1 = 1)

test_that("each label of fields has its own layer", {
  skip_if_no_python()
  labels <- c("scalar", "scalar", "vector")
  layer <- multiple_module(two_kinds(), labels, list(scalar = nonlin_relu(), vector = nonlin_norm(bias = FALSE)))
  expect_equivariant(layer)
  x <- array(stats::rnorm(18 * 9), c(1, 18, 3, 3))
  expect_equal(layer(x)[, 1:16, , ], pmax(x[, 1:16, , ], 0), tolerance = 1e-6)
  blocks <- list(scalar = sequential_module(nonlin_relu(), pool_group()), vector = pool_norm(field_type(
    gspace_rot2d(N = 8),
    irrep_1 = 1
  )))
  pooled <- two_kinds() |> multiple_module(labels, blocks)
  expect_equal(dim(pooled(x)), c(1, 3, 3, 3))
  expect_equivariant(pooled)
})

test_that("branches come as a list, and are merged again", {
  skip_if_no_python()
  type <- two_kinds()
  x <- geometric_tensor(array(stats::rnorm(18 * 9), c(1, 18, 3, 3)), type)
  branches <- branching_module(type, labels = c("a", "b", "a"))
  parts <- branches(x)
  expect_setequal(names(parts), c("a", "b"))
  expect_equal(dim(as.array(parts$a)), c(1, 10, 3, 3))
  merged <- merge_module(a = identity_module(parts$a$type), b = pool_group(parts$b$type))(parts)
  expect_equal(as.array(merged)[, 1:8, , ], as.array(x)[, 1:8, , ], tolerance = 1e-6)
  expect_error(branches(as.array(x)), class = "intertwine_error_argument_type")
})

test_that("features are gated by others, and by parts of themselves", {
  skip_if_no_python()
  gs <- gspace_rot2d(N = 4)
  vectors <- field_type(gs, irrep_1 = 2)
  gates <- field_type(gs, trivial = 2)
  set.seed(1)
  layer <- nonlin_gated_by(vectors, gates = gates)
  set.seed(1)
  expect_equal(as.array(nonlin_gated_by(vectors, gates = gates)$bias), as.array(layer$bias))
  x <- array(stats::rnorm(4 * 9), c(1, 4, 3, 3))
  s <- array(stats::rnorm(2 * 9), c(1, 2, 3, 3))
  y <- as.array(layer(geometric_tensor(s, gates), geometric_tensor(x, vectors)))
  factor <- stats::plogis(s[1, 1, , ] - as.array(layer$bias)[1])
  expect_equal(y[1, 1, , ], x[1, 1, , ] * factor, tolerance = 1e-5)
  expect_error(layer(s, x), class = "intertwine_error_argument_type")
  uniform <- field_type(gs, 2 * direct_sum(trivial_repr(gs), irrep(gs, frequency = 1)))
  for (fun in c("sigmoid", "tanh", "relu")) expect_equivariant(nonlin_gated_uniform(uniform, fun = fun))
  expect_error(nonlin_gated_uniform(uniform, fun = "sine"), class = "intertwine_error_argument")
})

test_that("channels in a row are pooled by an ordinary module", {
  skip_if_no_python()
  model <- field_type(gspace_rot2d(N = 4), regular = 4) |>
    pool_group() |>
    pool_max_channels(size = 2)
  x <- array(stats::rnorm(16), c(1, 16, 1, 1))
  expect_equal(c(model(x)), c(max(x[1:8]), max(x[9:16])), tolerance = 1e-6)
})

test_that("specifications and refusals of branches", {
  skip_if_no_python()
  expect_snapshot({
    multiple_module(labels = c("a", "b"), parts = list(a = nonlin_relu(), b = nonlin_norm(fun = "squash")))
    branching_module(labels = c("a", "b"))
    pool_max_channels(size = 2)
    nonlin_gated_uniform(fun = "tanh")
    multiple_module(two_kinds(), c("a", "a", "b"), list(a = nonlin_relu(), b = nonlin_norm()))
    show_error(multiple_module(two_kinds(), c("a", "a", "b"), list(a = nonlin_relu())))
    show_error(multiple_module(two_kinds(), c("a", "b"), list(a = nonlin_relu(), b = nonlin_norm())))
    show_error(multiple_module(two_kinds(), 1:3, list(a = nonlin_relu())))
    show_error(multiple_module(two_kinds(), c("a", "a", "b"), list(nonlin_relu())))
    show_error(multiple_module(two_kinds(), c("a", "a", "b"), list(a = 1, b = 2)))
    show_error(merge_module(nonlin_relu()))
    show_error(merge_module(a = nonlin_relu()))
    show_error(nonlin_gated_by(3, two_kinds()))
  })
})
