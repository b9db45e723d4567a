molecule <- function(name = "CH3OH", gs = gspace_flip_rot3d(), dtype = "float64") {
  atoms <- molecules_data(name)$atoms
  place <- as.matrix(atoms[c("x", "y", "z")])
  features <- outer(atoms$element, c("H", "C", "O"), "==") + 0
  geometric_tensor(features, field_type(gs, trivial = 3), coords = place, dtype = dtype)
}

test_that("features on points carry their coordinates", {
  skip_if_no_python()
  x <- molecule()
  expect_equal(dim(x), c(6, 3))
  expect_equal(dim(point_coords(x)), c(6, 3))
  expect_match(format(x), "6 x 3 on points")
  expect_equal(point_coords(x[2:3]), point_coords(x)[2:3, ])
  expect_equal(point_coords(x[, 2]), point_coords(x))
  expect_equal(point_coords(2 * x), point_coords(x))
  g <- group_element(gspace_flip_rot3d(), angle = 1, axis = c(0, 1, 1))
  expect_equal(point_coords(transform(x, g)), point_coords(x) %*% t(as.matrix(g)))
  on_grid <- geometric_tensor(matrix(1, 3, 3), field_type(gspace_rot2d(4), trivial = 1))
  expect_error(point_coords(on_grid), class = "intertwine_error_argument")
  expect_error(
    geometric_tensor(matrix(1, 2, 1), field_type(gspace_rot3d(), trivial = 1), coords = matrix(c(1, NA, 3, 4, 5, 6), 2)),
    class = "intertwine_error_missing_values"
  )
  expect_error(
    geometric_tensor(matrix(1, 2, 1), field_type(gspace_rot3d(), trivial = 1), coords = matrix(1, 3, 3)),
    class = "intertwine_error_shape"
  )
})

test_that("the graph of neighbours counts from one", {
  skip_if_no_python()
  line <- cbind(c(0, 1, 2, 10), 0)
  expect_equal(radius_graph(line, 1.5), cbind(from = c(2, 1, 3, 2), to = c(1, 2, 2, 3)))
  expect_type(radius_graph(line, 1.5), "integer")
  expect_equal(nrow(radius_graph(line, 0.5)), 0)
  expect_equal(nrow(radius_graph(line, 0.5, loop = TRUE)), 4)
  expect_equal(radius_graph(line, 20, batch = c("a", "b", "a", "b"))[, "from"], c(3, 4, 1, 2))
  expect_equal(nrow(radius_graph(line, 20, max_neighbours = 1)), 3)
  expect_equal(radius_graph(molecule("H2O"), 1.2), radius_graph(point_coords(molecule("H2O")), 1.2))
  expect_error(radius_graph(line, 0), class = "intertwine_error_argument")
  expect_error(radius_graph(line, 1, batch = 1:3), class = "intertwine_error_shape")
  expect_error(radius_graph("a", 1), class = "intertwine_error_argument_type")
  expect_error(radius_graph(replace(line, 2, Inf), 1), class = "intertwine_error_missing_values")
})

test_that("convolutions on points are exact for every element of the group", {
  skip_if_no_python()
  set.seed(1)
  gs <- gspace_flip_rot3d()
  x <- molecule()
  edges <- radius_graph(x, 3)
  model <- x$type |>
    r3_point_conv(out = list(trivial = 8, 4 * standard_repr(gs)), width = 3, n_rings = 4) |>
    batchnorm_iid() |>
    nonlin_norm() |>
    r3_point_conv(out = list(trivial = 1, standard_repr(gs)), rings = c(0, 1, 2, 3), aggr = "sum", radial = "bessel")
  model$double()
  model$eval()
  out <- model(x, edges)
  expect_s3_class(out, "geometric_tensor")
  expect_equal(point_coords(out), point_coords(x))
  g <- group_element(gs, angle = 0.7, axis = c(1, 2, -1))
  expect_equal(as.array(model(transform(x, g), edges)), as.array(transform(out, g)), tolerance = 1e-10)
  # Data frames of edges, by name, and in another order.
  reversed <- as.data.frame(edges)[rev(seq_len(nrow(edges))), ]
  expect_equal(as.array(model(x, edges = reversed)), as.array(out), tolerance = 1e-10)
  expect_equivariant(model, tolerance = 1e-10)
  expect_equivariant(model, x = x, edges = edges, tolerance = 1e-10)
  # Points are named by their positions: the features of an atom depend on the atoms that it is joined to alone.
  first <- as.array(model(x[1:2], rbind(c(2, 1), c(1, 2))))
  expect_equal(dim(first), c(2, 4))
})

test_that("convolutions on points of the plane and the line", {
  skip_if_no_python()
  for (made in list(
    list(gspace_rot2d(N = 8), r2_point_conv, 2), list(gspace_flip1d(), r1_point_conv, 1)
  )) {
    conv <- field_type(made[[1]], trivial = 2) |> made[[2]](out = c(regular = 1), width = 2, n_rings = 3)
    expect_equivariant(conv, tolerance = 1e-10)
    place <- matrix(stats::rnorm(10 * made[[3]]), 10)
    x <- geometric_tensor(matrix(1, 10, 2), conv$in_type, coords = place)
    expect_equal(nrow(as.array(conv(x, radius_graph(place, 2)))), 10)
  }
})

test_that("energies do not change and forces turn", {
  skip_if_no_python()
  set.seed(2)
  gs <- gspace_flip_rot3d()
  x <- molecule()
  edges <- radius_graph(x, 3)
  model <- x$type |>
    r3_point_conv(out = list(trivial = 6), width = 3, n_rings = 4, radial = "bessel") |>
    nonlin_elu() |>
    r3_point_conv(out = c(trivial = 1), width = 3, n_rings = 4, radial = "bessel")
  model$double()
  found <- point_forces(model, x, edges)
  g <- group_element(gs, angle = 2, axis = c(1, 0, 1))
  turned <- point_forces(model, transform(x, g), edges)
  expect_equal(turned$energy, found$energy, tolerance = 1e-10)
  expect_equal(turned$forces, found$forces %*% t(as.matrix(g)), tolerance = 1e-10)
  # Minus the gradient, by differences.
  place <- point_coords(x)
  energy <- function(place) {
    sum(as.array(model(geometric_tensor(as.array(x), x$type, coords = place, dtype = "float64"), edges)))
  }
  step <- replace(0 * place, cbind(2, 3), 1e-5)
  expect_equal(-(energy(place + step) - energy(place - step)) / 2e-5, found$forces[2, 3], tolerance = 1e-6)
  expect_equal(colSums(found$forces), c(0, 0, 0), tolerance = 1e-10)
  vectors <- x$type |> r3_point_conv(out = standard_repr(gs), width = 3, n_rings = 4)
  expect_error(point_forces(vectors, molecule(dtype = "float32"), edges), class = "intertwine_error_field_type")
})

test_that("what makes no graph is refused", {
  skip_if_no_python()
  x <- molecule(dtype = "float32")
  conv <- x$type |> r3_point_conv(out = c(trivial = 1), width = 3, n_rings = 4)
  refused <- function(edges, class = "intertwine_error_argument_type") expect_error(conv(x, edges = edges), class = class)
  refused(matrix(c(1, 7), 1), "intertwine_error_position")
  refused(matrix(c(0, 1), 1), "intertwine_error_position")
  refused(matrix(c(1, 1.5), 1))
  refused(1:2)
  refused(t(radius_graph(x, 3)))
  expect_error(conv(as.array(x), radius_graph(x, 3)), class = "intertwine_error_argument_type")
  expect_error(r3_point_conv(x$type, out = c(trivial = 1)), class = "intertwine_error_argument")
  expect_error(conv(x), class = "intertwine_error")
  expect_snapshot(error = TRUE, conv(x, cbind(1, 9)))
})

test_that("networks on points are trained, and stay equivariant", {
  skip_if_no_python()
  data <- molecules_data(c("H2O", "CH4", "CO2", "CH3OH", "C2H6"))
  atoms <- data$atoms
  gs <- gspace_flip_rot3d()
  type <- field_type(gs, trivial = 3)
  x <- geometric_tensor(outer(atoms$element, c("H", "C", "O"), "==") + 0, type, coords = atoms[c("x", "y", "z")])
  edges <- radius_graph(x, 3, batch = atoms$molecule, loop = TRUE)
  set.seed(1)
  model <- type |>
    r3_point_conv(out = list(trivial = 4, 2 * standard_repr(gs)), width = 3, n_rings = 3) |>
    nonlin_norm(fun = "squash") |>
    r3_point_conv(out = c(trivial = 1), width = 3, n_rings = 3)
  before <- as.array(model(x, edges))
  y <- c(0.5, -1, 1, 0.2, -0.3)
  fitted <- fit_points(model, x, edges, atoms$molecule, y, epochs = 150, learn_rate = 0.02)
  found <- rowsum(as.array(fitted$module(x, edges)), atoms$molecule, reorder = FALSE)
  expect_lt(max(abs(found - y)), 0.1)
  expect_equal(nrow(fitted$history), 150)
  expect_lt(fitted$history$loss[150], fitted$history$loss[1] / 10)
  expect_equal(as.array(model(x, edges)), before)
  expect_equivariant(fitted$module, tolerance = 1e-10)
  expect_s3_class(fitted, "points_fit")
  # Of any size: the start is that of least squares.
  large <- fit_points(model, x, edges, atoms$molecule, 1000 * y, epochs = 3, batch_size = 2)
  expect_lt(large$history$loss[3], 1e6 * stats::var(y))
  mean_fitted <- fit_points(model, x, edges, atoms$molecule, y, aggregate = "mean", epochs = 2)
  expect_equal(nrow(mean_fitted$history), 2)
  expect_error(fit_points(model, x, edges, atoms$molecule[-1], y), class = "intertwine_error_shape")
  expect_error(fit_points(model, x, edges, atoms$molecule, y[-1]), class = "intertwine_error_shape")
  expect_error(fit_points(model, x, edges, atoms$molecule, cbind(y, y)), class = "intertwine_error_field_type")
})

test_that("forces are learned with energies", {
  skip_if_no_python()
  gs <- gspace_flip_rot3d()
  set.seed(4)
  place <- matrix(stats::rnorm(60), 20)
  graph <- rep(1:5, each = 4)
  # springs between all pairs: energy and forces by hand
  springs <- function(p) sum((stats::dist(p) - 1)^2) / 2
  pull <- function(p) {
    t(vapply(seq_len(nrow(p)), function(i) {
      away <- sweep(-p[-i, ], 2, p[i, ], "+")
      length <- sqrt(rowSums(away^2))
      -colSums(away * (length - 1) / length)
    }, numeric(3)))
  }
  parts <- split(seq_len(20), graph)
  y <- vapply(parts, function(k) springs(place[k, ]), 0)
  forces <- do.call(rbind, lapply(parts, function(k) pull(place[k, ])))
  x <- geometric_tensor(matrix(1, 20), field_type(gs, trivial = 1), coords = place)
  edges <- radius_graph(x, 6, batch = graph)
  model <- x$type |>
    r3_point_conv(out = c(trivial = 6), width = 6, n_rings = 6, radial = "bessel", aggr = "sum") |>
    nonlin_elu() |>
    r3_point_conv(out = c(trivial = 1), width = 6, n_rings = 6, radial = "bessel", aggr = "sum")
  fitted <- fit_points(model, x, edges, graph, unname(y), forces = forces, epochs = 5, force_weight = 2)
  found <- point_forces(fitted$module, x, edges)
  expect_lt(mean((found$forces - forces)^2), 0.3 * mean(forces^2))
  expect_equal(dim(found$forces), c(20, 3))
  expect_error(fit_points(model, x, edges, graph, unname(y), forces = forces[-1, ]), class = "intertwine_error_shape")
})

test_that("outputs of points and targets of graphs meet in one shape", {
  skip_if_no_python()
  torch <- reticulate::import("torch")
  gs <- gspace_flip_rot3d()
  place <- rbind(diag(3), -diag(3))
  x <- geometric_tensor(cbind(1:6), field_type(gs, trivial = 1), coords = place)
  edges <- radius_graph(x, radius = 2)
  graph <- rep(1:3, each = 2)
  y <- c(2, -1, 1)
  start <- torch$nn$Linear(1L, 1L)
  # one number for each point, in whatever shape: the same training
  shaped <- list(
    start, torch$nn$Sequential(start, torch$nn$Flatten(0L)), torch$nn$Sequential(start, torch$nn$Unflatten(1L, list(1L, 1L)))
  )
  losses <- lapply(shaped, function(module) {
    fit_points(module, x, edges, graph, y, epochs = 5)$history$loss
  })
  expect_equal(losses[[2]], losses[[1]], tolerance = 1e-6)
  expect_equal(losses[[3]], losses[[1]], tolerance = 1e-6)
  two <- torch$nn$Linear(1L, 2L)
  expect_error(fit_points(two, x, edges, graph, y, epochs = 1), class = "intertwine_error_shape")
  whole <- torch$nn$Sequential(torch$nn$Flatten(0L), torch$nn$Linear(6L, 3L))
  expect_error(fit_points(whole, x, edges, graph, y, epochs = 1), class = "intertwine_error_shape")
})

test_that("numbers of graphs are matched by name", {
  graph <- factor(c("b", "b", "a", "c"))
  take <- function(y) numbers_of_graphs(y, graph, NULL)
  right <- matrix(c(1, 2, 3))
  expect_identical(take(c(1, 2, 3)), right)
  expect_identical(take(c(c = 3, b = 2, a = 1)), right)
  expect_identical(take(matrix(c(3, 1, 2), dimnames = list(c("c", "a", "b")))), right)
  expect_identical(take(data.frame(e = c(3, 1, 2), row.names = c("c", "a", "b"))), right)
  expect_identical(take(data.frame(e = c(1, 2, 3))), right)
  expect_error(take(c(a = 1, b = 2, x = 3)), "\"x\"", class = "intertwine_error_levels")
  expect_error(take(c(a = 1, a = 2, c = 3)), "twice", class = "intertwine_error_levels")
  expect_error(take(c(a = 1, b = 2)), class = "intertwine_error_shape")
  expect_error(take(c(1, NA, 2)), class = "intertwine_error_shape")
  expect_error(take(data.frame(e = letters[1:3])), class = "intertwine_error_argument_type")
  expect_error(
    numbers_of_graphs(1:4, factor(graph, levels = c("a", "b", "c", "d")), NULL), "\"d\"",
    class = "intertwine_error_levels"
  )
})
