fitted_digits <- local({
  fitted <- NULL
  function() {
    if (is.null(fitted)) {
      digits <- digits_data()
      set.seed(4)
      model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
        r2_conv(out = c(regular = 4), kernel_size = 3, padding = 1) |>
        nonlin_relu() |>
        r2_conv(out = c(regular = 4), kernel_size = 5) |>
        nonlin_relu() |>
        head_classes()
      fitted <<- fit(model, digits$x[1:400], digits$y[1:400], epochs = 4, learn_rate = 0.01)
    }
    fitted
  }
})

test_that("predict() gives classes, probabilities, scores and features", {
  skip_if_no_python()
  digits <- digits_data()
  x <- digits$x[1001:1020]
  fitted <- fitted_digits()
  class <- predict(fitted, x)
  prob <- predict(fitted, x, type = "prob")
  scores <- predict(fitted, x, type = "response")
  expect_identical(levels(class), levels(digits$y))
  expect_equal(rowSums(prob), rep(1, 20), tolerance = 1e-6)
  expect_identical(colnames(prob), levels(digits$y))
  expect_equal(as.integer(class), max.col(prob, "first"))
  expect_equal(exp(scores) / rowSums(exp(scores)), prob, tolerance = 1e-5)
  expect_equal(nrow(predict(fitted, x, type = "features")), 20)
  expect_identical(predict(fitted, as.array(x)), class)
  expect_identical(predict(fitted, x, batch_size = 3), class)
})

test_that("a network of C4 answers alike on turned images", {
  skip_if_no_python()
  digits <- digits_data()
  x <- digits$x[1001:1020]
  fitted <- fitted_digits()
  expect_equal(
    predict(fitted, transform(x, angle = pi / 2), type = "prob"),
    predict(fitted, x, type = "prob"),
    tolerance = 1e-4
  )
})

test_that("names of images stay with their predictions", {
  skip_if_no_python()
  digits <- digits_data()
  x <- images(list(one = digits$x[[1]], two = digits$x[[2]]))
  fitted <- fitted_digits()
  expect_named(predict(fitted, x), c("one", "two"))
  expect_identical(rownames(predict(fitted, x, type = "prob")), c("one", "two"))
})

test_that("augment() puts predictions beside the truth", {
  skip_if_no_python()
  digits <- digits_data()
  test <- 1001:1010
  both <- augment(fitted_digits(), digits$x[test], digits$y[test])
  expect_identical(names(both), c(".truth", ".pred_class", paste0(".pred_", 0:9)))
  expect_identical(both$.truth, digits$y[test])
  expect_identical(both$.pred_class, predict(fitted_digits(), digits$x[test]))
  expect_error(augment(fitted_digits(), digits$x[test], digits$y[1:3]), class = "intertwine_error_shape")
})

test_that("modules predict, too", {
  skip_if_no_python()
  module <- field_type(gspace_rot2d(N = 4), trivial = 1) |> r2_conv(out = c(regular = 1), kernel_size = 3)
  x <- images(array(stats::runif(2 * 25), c(2, 5, 5)))
  expect_equal(dim(predict(module, x)), c(2, 4, 3, 3))
  expect_equal(predict(module, x), module(as.array(x)), tolerance = 1e-6)
})

test_that("what does not fit is refused", {
  skip_if_no_python()
  fitted <- fitted_digits()
  expect_error(predict(fitted, images(array(0, c(1, 3, 8, 8)), "nchw")), class = "intertwine_error_shape")
  expect_error(predict(fitted, c(1, 2)), class = "intertwine_error_shape")
  expect_error(predict(fitted, "x"), class = "intertwine_error_argument_type")
  expect_error(predict(fitted, digits_data()$x[integer()]), class = "intertwine_error_shape")
  expect_error(predict(fitted, digits_data()$x[1], type = "klass"), class = "intertwine_error_argument")
  numbers <- fitted
  numbers[["kind"]] <- "numeric"
  expect_error(predict(numbers, digits_data()$x[1], type = "prob"), class = "intertwine_error_argument")
})

# Answers for each pixel; what an answer depends on is at most three pixels away.
pixel_model <- function(out = c(trivial = 3)) {
  set.seed(8)
  field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3, padding = 1) |>
    nonlin_relu() |>
    r2_conv(out = out, kernel_size = 5, padding = 2)
}

test_that("tiles of large images give what the whole images give", {
  skip_if_no_python()
  set.seed(9)
  x <- images(array(stats::runif(2 * 45 * 38), c(2, 45, 38)))
  model <- pixel_model()
  for (type in c("response", "prob", "class")) {
    whole <- predict(model, x, type = type)
    expect_equal(predict(model, x, type = type, tile = 16), whole, tolerance = 1e-5)
    expect_equal(predict(model, x, type = type, tile = 11, overlap = 4, batch_size = 1), whole, tolerance = 1e-5)
    # larger than the images
    expect_equal(predict(model, x, type = type, tile = 128), whole, tolerance = 1e-5)
  }
  # an overlap that is too small would change the result
  expect_error(predict(model, x, tile = 15, overlap = 0), "at least 3", class = "intertwine_error_argument")
})

test_that("tiles follow the strides of a network, or are refused", {
  skip_if_no_python()
  set.seed(12)
  gs <- gspace_rot2d(N = 4)
  model <- field_type(gs, trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 5, padding = 2) |>
    nonlin_relu() |>
    pool_max(kernel_size = 2) |>
    r2_conv(out = c(regular = 2), kernel_size = 3, padding = 1) |>
    r2_upsampling(scale_factor = 2) |>
    r2_conv(out = c(trivial = 2), kernel_size = 3, padding = 1)
  x <- images(array(stats::runif(62 * 48), c(1, 62, 48)))
  expect_equal(predict(model, x, tile = 31), predict(model, x), tolerance = 1e-5)
  expect_error(predict(model, x, tile = 12), "Tiles of 12 pixels are too small", class = "intertwine_error_argument")
  torch <- reticulate::import("torch")
  global <- torch$nn$Sequential(torch$nn$Conv2d(1L, 2L, 3L, padding = 1L), torch$nn$InstanceNorm2d(2L))
  expect_error(predict(global, x, tile = 24), "whole images give", class = "intertwine_error_argument")
})

test_that("fits predict classes of pixels in tiles", {
  skip_if_no_python()
  set.seed(10)
  x <- images(array(stats::runif(4 * 20 * 20), c(4, 20, 20)))
  y <- factor(ifelse(as.array(x, "nhw") > 0.5, "bright", "dark"))
  dim(y) <- c(4, 20, 20)
  fitted <- fit(pixel_model(c(trivial = 2)), x, y, epochs = 2, learn_rate = 0.02)
  class <- predict(fitted, x, tile = 10)
  expect_identical(levels(class), c("bright", "dark"))
  expect_identical(dim(class), c(4L, 20L, 20L))
  expect_identical(class, predict(fitted, x))
  prob <- predict(fitted, x, type = "prob", tile = 10)
  expect_equal(prob, predict(fitted, x, type = "prob"), tolerance = 1e-5)
  expect_identical(dimnames(prob)[[2]], c("bright", "dark"))
})

test_that("volumes are tiled, too", {
  skip_if_no_python()
  torch <- reticulate::import("torch")
  module <- torch$nn$Conv3d(1L, 2L, 3L, padding = 1L)
  x <- array(stats::rnorm(9 * 10 * 11), c(1, 1, 9, 10, 11))
  expect_equal(predict(module, x, tile = 6), predict(module, x), tolerance = 1e-5)
})

test_that("tiles that cannot be are refused before anything is computed", {
  skip_if_no_python()
  model <- pixel_model()
  x <- images(array(0, c(1, 30, 30)))
  expect_error(predict(model, x, tile = 0), class = "intertwine_error_argument")
  expect_error(predict(model, x, tile = c(8, 8)), class = "intertwine_error_argument")
  expect_error(predict(model, x, tile = "large"), class = "intertwine_error_argument")
  expect_error(predict(model, x, tile = 8, overlap = 4), "leave nothing", class = "intertwine_error_argument")
  expect_error(predict(model, x, tile = 8, overlap = -1), class = "intertwine_error_argument")
  # the layers see three pixels far
  expect_error(predict(model, x, tile = 6), "sees 3 pixels", class = "intertwine_error_argument")
  expect_error(predict(model, x, overlap = 2), "needs `tile`", class = "intertwine_error_argument")
  expect_error(predict(model, x, tile = 8, type = "features"), class = "intertwine_error_argument")
  expect_error(predict(fitted_digits(), digits_data()$x[1:2], tile = 30), "each pixel", class = "intertwine_error_shape")
  linear <- reticulate::import("torch")$nn$Linear(3L, 2L)
  expect_error(predict(linear, matrix(0, 2, 3), tile = 8), class = "intertwine_error_shape")
})

test_that("measurements are predicted as a vector, or with one column for each output", {
  skip_if_no_python()
  set.seed(1)
  torch <- reticulate::import("torch")
  x <- matrix(stats::rnorm(60), 20)
  y <- cbind(east = x[, 1], north = x[, 2])
  pixel <- function(outputs) torch$nn$Sequential(torch$nn$Linear(3L, outputs), torch$nn$Unflatten(1L, list(outputs, 1L, 1L)))
  one <- fit(pixel(1L), x, y[, 1], epochs = 1)
  expect_null(dim(predict(one, x)))
  expect_length(predict(one, x), 20)
  expect_named(augment(one, x), ".pred")
  expect_named(augment(one, x, y[, 1]), c(".truth", ".pred"))
  for (model in list(torch$nn$Linear(3L, 2L), pixel(2L))) {
    two <- fit(model, x, y, epochs = 1)
    expect_equal(dim(predict(two, x)), c(20, 2))
    expect_identical(colnames(predict(two, x)), c("east", "north"))
    expect_named(augment(two, x, y), c(".truth_east", ".truth_north", ".pred_east", ".pred_north"))
    expect_identical(augment(two, x)$.pred_north, unname(predict(two, x)[, 2]))
    plain <- fit(model, x, unname(y), epochs = 1)
    expect_null(colnames(predict(plain, x)))
    expect_named(augment(plain, x), c(".pred_1", ".pred_2"))
  }
  frame <- fit(torch$nn$Linear(3L, 2L), x, as.data.frame(y), epochs = 1)
  expect_identical(frame$outputs, c("east", "north"))
  expect_named(
    augment(frame, as.data.frame(x), as.data.frame(y)),
    c("V1", "V2", "V3", ".truth_east", ".truth_north", ".pred_east", ".pred_north")
  )
  expect_error(augment(frame, x, y[-1, ]), class = "intertwine_error_shape")
  # one number is no choice between classes
  expect_error(predict(one$module, x, type = "prob"), class = "intertwine_error_shape")
})

test_that("a data frame is no image, and the error says what is", {
  skip_if_no_python()
  type <- field_type(gspace_rot2d(N = 4), trivial = 1)
  model <- sequential_module(type, r2_conv(c(regular = 2), 3), pool_group(), head_classes(2))
  pixels <- as.data.frame(matrix(runif(2 * 64), 2))
  expect_error(predict(model, pixels), "takes images, which are arrays.*images\\(array", class = "intertwine_error_shape")
})
