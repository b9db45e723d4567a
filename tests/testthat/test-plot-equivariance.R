test_that("errors of elements and of layers become points", {
  check <- structure(
    data.frame(
      element = c("0", "1", "2"), error = c(0, 0.2, 0.5), exact = c(TRUE, FALSE, TRUE), passed = c(TRUE, NA, FALSE)
    ),
    class = c("equivariance_check", "data.frame"), tolerance = 1e-6,
    layers = data.frame(
      position = 1:2, layer = c("r2_conv", "nonlin_relu"), exact = c(1e-15, 0.5), interpolated = c(0.1, NaN)
    )
  )
  points <- equivariance_points(check)
  expect_identical(nrow(points), 6L)
  expect_identical(as.character(points$kind[1:3]), c("on the grid", "interpolated", "on the grid, FAILED"))
  expect_identical(points$kind[points$label == "2 nonlin_relu"], "on the grid, FAILED")
  expect_true(all(points$error > 0))
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::ggplot_build(ggplot2::autoplot(check))$plot, "ggplot")
})

test_that("a check is drawn", {
  skip_if_no_python()
  skip_if_not_installed("ggplot2")
  withr::local_pdf(NULL)
  conv <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  expect_invisible(plot(check_equivariance(conv)))
})
