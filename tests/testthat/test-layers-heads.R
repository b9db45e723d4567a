test_that("heads give numbers, directions and places", {
  skip_if_no_python()
  set.seed(1)
  fields <- field_type(gspace_flip_rot2d(N = 4), regular = 3)
  x <- array(stats::rnorm(2 * 24 * 36), c(2, 24, 6, 6))
  expect_equal(dim(head_numbers(fields, n = 2)(x)), c(2, 2))
  expect_equal(dim(head_fields(fields, out = c(vector = 1, trivial = 1), reduce = "sum")(x)), c(2, 3))
  for (head in list(head_numbers(fields), head_fields(fields, out = c(vector = 1)), head_points(fields, n = 2))) {
    expect_equivariant(head)
  }
  points <- head_points(field_type(gspace_rot2d(N = 4), trivial = 1))
  scores <- array(0, c(1, 1, 5, 7))
  scores[1, 1, 2, 7] <- 1e3 * sign(c(as.array(points$scores$weights)))
  expect_equal(c(points(scores)), c(7 - (7 + 1) / 2, (5 + 1) / 2 - 2), tolerance = 1e-6)
  expect_error(head_fields(fields), class = "intertwine_error_missing_argument")
  expect_error(head_fields(fields, c(vector = 1), reduce = "max"), class = "intertwine_error_argument")
})
