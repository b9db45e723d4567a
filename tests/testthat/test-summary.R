model <- function() {
  field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 5, stride = 2) |>
    batchnorm_inner() |>
    nonlin_relu() |>
    head_classes(n = 3)
}

test_that("a summary tells layers, types and parameters", {
  skip_if_no_python()
  found <- summary(model())
  expect_s3_class(found, c("module_summary", "data.frame"))
  expect_named(found, c("layer", "input", "output", "parameters"))
  expect_identical(nrow(found), 4L)
  expect_identical(sum(found$parameters), n_parameters(model()))
  expect_true(is.na(found$output[[4]]))
})

test_that("with a size it tells shapes, operations, memory and exactness", {
  skip_if_no_python()
  found <- summary(model(), size = 29)
  expect_identical(found$shape, c("8 x 13 x 13", "8 x 13 x 13", "8 x 13 x 13", "3"))
  expect_identical(found$multiply_adds[[1]], 8 * 25 * 13 * 13)
  expect_identical(found$memory[[1]], 4 * 8 * 13 * 13)
  expect_identical(found$exact, rep(TRUE, 4))
  even <- summary(model(), size = c(28, 28))
  expect_identical(even$exact, c(FALSE, TRUE, TRUE, TRUE))
  expect_match(even$reason[[1]], "windows of 5")
  expect_true(all(is.na(found$reason)))
  # one image more costs nothing: the numbers are of one item
  expect_identical(found$exact, shape_plan(model(), 29)$exact)
})

test_that("summaries print readably", {
  skip_if_no_python()
  expect_snapshot({
    summary(model())
    summary(model(), size = 29)
    summary(model(), size = 28)
    summary(field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3))
    summary(model())["parameters"]
  })
})

test_that("one layer alone has a summary, and wrong sizes are refused", {
  skip_if_no_python()
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  expect_identical(nrow(summary(conv, size = 5)), 1L)
  expect_error(summary(conv, size = 2), class = "intertwine_error_shape")
  expect_error(summary(conv, size = 0), class = "intertwine_error_argument")
  expect_error(summary(conv, size = "large"), class = "intertwine_error")
})
