test_that("attention to all, to neighbours and within windows commutes with the group", {
  skip_if_no_python()
  type <- field_type(gspace_flip_rot2d(N = 4), regular = 2, vector = 2)
  for (layer in list(attention(type, heads = 2), attention(type, reach = 1), attention(type, heads = 2, window = 3))) {
    expect_equivariant(layer, size = 6)
  }
  shifted <- attention(type, window = 4, shifted = TRUE)
  expect_equivariant(shifted, size = 6)
  expect_true(grepl("windows of 4 cells", paste(format(shape_plan(shifted, 7)), collapse = " ")))
  set.seed(1)
  block <- type |> transformer_block(heads = 2, reach = 1, nonlinearity = nonlin_norm(fun = "squash"))
  expect_equivariant(block, size = 5)
  expect_equal(dim(block(array(0, c(1, 20, 5, 5)))), c(1, 20, 5, 5))
  spec <- sequential_module(transformer_block(window = 2), pool_group())
  expect_equivariant(field_type(gspace_rot2d(N = 4), regular = 2) |> spec(), size = 6)
})

test_that("the group permutes the heads of regular fields", {
  skip_if_no_python()
  type <- field_type(gspace_flip_rot2d(N = 4), regular = 2)
  expect_equivariant(attention(type, heads = "permuted", reach = 1), size = 5)
  expect_equivariant(attention(type, heads = "permuted"), size = 4)
  mixed <- field_type(gspace_flip_rot2d(N = 4), regular = 1, trivial = 1)
  expect_error(attention(mixed, heads = "permuted"), "ermuted heads", class = "intertwine_error")
  expect_error(attention(type, heads = "other"), class = "intertwine_error")
})

test_that("points attend with a bias by offset", {
  skip_if_no_python()
  type <- field_type(gspace_rot3d(), trivial = 1, vector = 1)
  x <- geometric_tensor(matrix(rnorm(24), 6), type, coords = matrix(rnorm(18), 6))
  layer <- attention(type, width = 2, n_rings = 3)
  g <- group_element(gspace_rot3d(), axis = c(0, 0, 1), angle = 1)
  expect_equal(as.array(layer(transform(x, g))), as.array(transform(layer(x), g)), tolerance = 1e-5)
  expect_error(layer(matrix(rnorm(24), 6)), "needs coordinates", class = "intertwine_error")
  expect_error(attention(type, width = 2, reach = 1), "for points", class = "intertwine_error")
})

test_that("points attend within their sets", {
  skip_if_no_python()
  type <- field_type(gspace_rot3d(), trivial = 4, vector = 1)
  values <- matrix(rnorm(56), 8)
  place <- matrix(rnorm(24), 8)
  on_points <- function(rows) geometric_tensor(values[rows, ], type, coords = place[rows, ])
  sets <- factor(c("b", "a", "b", "b", "a", "a", "b", "a"))
  x <- on_points(1:8)
  model <- sequential_module(
    type, residual(sequential_module(norm_layer(), attention(width = 2, n_rings = 3))), squeeze_excitation(reduction = 2)
  )
  apart <- function(out) as.array(model(on_points(sets == out)))
  together <- as.array(model(x, batch = sets))
  expect_equal(together[sets == "a", ], apart("a"), tolerance = 1e-5)
  expect_equal(together[sets == "b", ], apart("b"), tolerance = 1e-5)
  expect_gt(max(abs(together - as.array(model(x)))), 1e-4)
  expect_equal(as.array(model(x, batch = as.integer(sets) * 7)), together)
  expect_equal(as.array(model(x, radius_graph(x, 1, batch = sets), batch = sets)), together)
  expect_equivariant(model, x = x, batch = sets)
  expect_error(model(x, batch = sets[1:3]), "each of the 8 points", class = "intertwine_error_shape")
  expect_error(model(x, batch = list(1)), class = "intertwine_error_argument_type")
  expect_error(model(values, batch = sets), "with coordinates", class = "intertwine_error_argument_type")
  expect_error(check_equivariance(model, batch = sets), "no points", class = "intertwine_error")
  expect_error(predict(model, x), "points with coordinates", class = "intertwine_error_argument_type")
})

test_that("a network with attention has energies and forces for each graph", {
  skip_if_no_python()
  type <- field_type(gspace_rot3d(), trivial = 2)
  values <- matrix(rnorm(14), 7)
  place <- matrix(rnorm(21), 7)
  sets <- c("x", "x", "x", "y", "y", "y", "y")
  model <- sequential_module(
    type, r3_point_conv(out = c(trivial = 4), width = 3, n_rings = 3, radial = "bessel"), attention(width = 2),
    r3_point_conv(out = c(trivial = 1), width = 3, n_rings = 3, radial = "bessel")
  )
  model$double()
  forces <- function(rows, ...) {
    x <- geometric_tensor(values[rows, ], type, coords = place[rows, ], dtype = "float64")
    point_forces(model, x, radius_graph(x, 3, batch = sets[rows]), ...)
  }
  found <- forces(1:7, batch = sets)
  first <- forces(1:3)
  second <- forces(4:7)
  expect_equal(found$energy, c(x = first$energy, y = second$energy), tolerance = 1e-10)
  expect_equal(found$forces, rbind(first$forces, second$forces), tolerance = 1e-10)
  on_points <- geometric_tensor(values, type, coords = place)
  expect_error(model(on_points, batch = sets), "needs the edges", class = "intertwine_error_argument_type")
})

test_that("specifications and refusals of attention", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 3)
  expect_snapshot({
    attention(heads = 2, reach = 1)
    transformer_block(window = 4, shifted = TRUE)
    show_error(attention(type, heads = 2))
    show_error(attention(type, reach = 1, window = 2))
    show_error(attention(type, window = 3, shifted = TRUE))
    show_error(attention(type, reach = 0))
    show_error(transformer_block(type, nonlinearity = 3))
  })
})

test_that("fields are weighted by what the whole sample holds", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), regular = 2, vector = 2)
  set.seed(1)
  layer <- squeeze_excitation(type, reduction = 2)
  x <- array(rnorm(12 * 25), c(1, 12, 5, 5))
  gates <- layer(x) / x
  expect_true(all(gates > 0 & gates < 1))
  expect_equal(gates[1, 1:4, , ], array(gates[1, 1, 1, 1], c(4, 5, 5)), tolerance = 1e-4)
  expect_equivariant(layer)
  expect_error(squeeze_excitation(type, reduction = 0), class = "intertwine_error_argument")
})
