test_that("features on points are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  gs <- gspace_rot3d()
  atoms <- molecules_data("CH3OH")$atoms
  place <- as.matrix(atoms[c("x", "y", "z")])
  type <- field_type(gs, trivial = 1, irrep_1 = 1, irrep_2 = 1)
  x <- geometric_tensor(matrix(stats::rnorm(6 * 9), 6), type, coords = place)
  expect_invisible(plot(x))
  expect_silent(plot(x, edges = radius_graph(x, 1.6), labels = atoms$element, fields = 2, title = "arrows", view = c(0, 90)))
  expect_silent(plot(0 * x))
  expect_error(plot(x, labels = "C"), class = "intertwine_error_argument")
  expect_error(plot(x, edges = cbind(1, 7)), class = "intertwine_error_position")
  expect_error(plot(x, view = "top"), class = "intertwine_error_argument")
  plane <- geometric_tensor(matrix(1:4, 4), field_type(gspace_rot2d(4), trivial = 1), coords = matrix(1:8, 4))
  expect_silent(plot(plane))
})

test_that("the view is a rotation, and starts from the front", {
  expect_equal(crossprod(view_axes(c(33, 12))), diag(3))
  expect_equal(det(view_axes(c(33, 12))), 1)
  # Right is x, up is z, and near is -y.
  expect_equal(view_axes(c(0, 0)), cbind(c(1, 0, 0), c(0, 0, 1), c(0, -1, 0)))
  # From above: up is y.
  expect_equal(view_axes(c(0, 90)), diag(3))
})
