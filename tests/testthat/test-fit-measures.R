test_that("pixels and directions have losses and metrics by name", {
  skip_if_no_python()
  set.seed(1)
  x <- array(rnorm(8 * 12 * 12), c(8, 1, 12, 12))
  pixels <- array(ifelse(x[, 1, , ] > 1, "spot", "ground"), c(8, 12, 12))
  gray <- field_type(gspace_rot2d(4), trivial = 1)
  net <- r2_conv(gray, out = c(trivial = 2), kernel_size = 1)
  result <- fit(net, x, pixels, loss = "dice", metrics = c("iou", "dice"), epochs = 20, learn_rate = 0.1, seed = 1)
  last <- tail(result$history, 1)
  expect_gt(last$dice, 0.9)
  expect_lt(last$iou, last$dice)
  arrows <- r2_conv(field_type(gspace_rot2d(4), trivial = 1), out = c(vector = 1), kernel_size = 3, padding = 1)
  # the gradient, by central differences on a periodic grid
  step <- function(x, axis, by) {
    n <- dim(x)[axis]
    at <- (seq_len(n) - 1 + by) %% n + 1
    if (axis == 3) x[, , at, , drop = FALSE] else x[, , , at, drop = FALSE]
  }
  slopes <- array(0, c(8, 2, 12, 12))
  slopes[, 1, , ] <- step(x, 4, 1) - step(x, 4, -1)
  slopes[, 2, , ] <- step(x, 3, -1) - step(x, 3, 1)
  result <- fit(arrows, x, slopes, loss = "cosine", metrics = "angular_error", epochs = 30, learn_rate = 0.1, seed = 1)
  expect_lt(tail(result$history$angular_error, 1), 0.6)
  expect_lt(tail(result$history$angular_error, 1), result$history$angular_error[1])
})
