test_that("the number of cores is told and set", {
  skip_if_no_python()
  before <- intertwine_threads()
  withr::defer(intertwine_threads(before))
  expect_identical(intertwine_threads(1), before)
  expect_identical(intertwine_threads(), 1L)
  expect_invisible(intertwine_threads(1))
  expect_error(intertwine_threads(0), class = "intertwine_error_argument")
})
