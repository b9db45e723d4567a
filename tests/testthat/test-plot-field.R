test_that("scalars, arrows, regular and other fields are drawn", {
  skip_if_no_python()
  withr::local_pdf(NULL)
  set.seed(1)
  gs <- gspace_rot2d(N = 8)
  type <- field_type(gs, trivial = 2, irrep_1 = 1, regular = 1, irrep_2 = 1)
  x <- geometric_tensor(array(stats::rnorm(2 * 14 * 63), c(2, 14, 7, 9)), type)
  expect_invisible(plot(x))
  expect_silent(plot(x, sample = 2, fields = c(3, 4), title = "two fields"))
  expect_silent(plot(x, max = 1))
  expect_silent(plot(0 * x))
  expect_error(plot(x, sample = 3), class = "intertwine_error_position")
  expect_error(plot(x, fields = 6), class = "intertwine_error_position")
  points <- geometric_tensor(matrix(1, 2, 3), field_type(gspace_none(cyclic_group(4)), trivial = 3))
  expect_error(plot(points), class = "intertwine_error_shape")
})

test_that("fields that turn like arrows are known", {
  skip_if_no_python()
  kinds <- function(type) vapply(py_call_checked("_r.kernels.fields", list(type)), function(kind) kind$kind, "")
  expect_identical(
    kinds(field_type(gspace_rot2d(N = 8), trivial = 1, irrep_1 = 1, irrep_2 = 1, regular = 1)),
    c("scalar", "vector", "other", "regular")
  )
  expect_identical(kinds(field_type(gspace_rot2d(N = Inf), irrep_1 = 1)), "vector")
})
