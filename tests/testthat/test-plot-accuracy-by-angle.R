test_that("accuracy is measured at each angle", {
  skip_if_no_python()
  set.seed(6)
  digits <- digits_data()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 5) |>
    nonlin_relu() |>
    head_classes()
  fitted <- fit(model, digits$x[1:200], digits$y[1:200], epochs = 2, learn_rate = 0.01)
  x <- digits$x[1001:1060]
  y <- digits$y[1001:1060]
  turned <- accuracy_by_angle(list(C4 = fitted, again = fitted), x, y, angles = c(0, 45, 90, 180))
  expect_s3_class(turned, "data.frame")
  expect_identical(levels(turned$model), c("C4", "again"))
  expect_equal(nrow(turned), 8)
  upright <- mean(predict(fitted, x) == y)
  expect_equal(turned$accuracy[turned$angle != 45], rep(upright, 6))
  withr::local_pdf(NULL)
  expect_invisible(plot(turned))
  expect_s3_class(ggplot2::autoplot(accuracy_by_angle(fitted, x, y, angles = 0)), "ggplot")

  expect_error(accuracy_by_angle(model, x, y), class = "intertwine_error_argument_type")
  expect_error(accuracy_by_angle(fitted, x, y[-1]), class = "intertwine_error_shape")
  expect_error(accuracy_by_angle(fitted, x, y, angles = "all"), class = "intertwine_error_argument")
  expect_error(accuracy_by_angle(fitted, as.array(x), y), class = "intertwine_error_argument_type")
})

test_that("labels at the ends of lines do not overlap", {
  rows <- data.frame(model = letters[1:4], angle = 360, accuracy = c(0.99, 0.98, 0.97, 0.3))
  y <- sort(spread_labels(rows)$label_y)
  expect_true(all(diff(y) >= 0.054))
  expect_lte(max(y), 1)
})
