test_that("evaluate() and confusion_table() agree with predict()", {
  skip_if_no_python()
  set.seed(5)
  digits <- digits_data()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 5) |>
    nonlin_relu() |>
    head_classes()
  fitted <- fit(model, digits$x[1:200], digits$y[1:200], epochs = 2, learn_rate = 0.01)
  x <- digits$x[1001:1100]
  y <- digits$y[1001:1100]
  guess <- predict(fitted, x)
  scores <- evaluate(fitted, x, y)
  expect_named(scores, c("loss", "accuracy"))
  expect_equal(scores[["accuracy"]], mean(guess == y))
  prob <- predict(fitted, x, type = "prob")
  expect_equal(scores[["loss"]], mean(-log(prob[cbind(1:100, as.integer(y))])), tolerance = 1e-4)
  counts <- confusion_table(fitted, x, y)
  expect_equal(unclass(counts), unclass(table(truth = y, predicted = guess)), ignore_attr = TRUE)
  expect_identical(dimnames(counts), list(truth = levels(y), predicted = levels(y)))
  expect_identical(evaluate(fitted, x, as.character(y)), scores)
  expect_named(evaluate(fitted$module, x, y), c("loss", "accuracy"))
})

test_that("what does not fit is refused", {
  skip_if_no_python()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |> head_classes(n = 2)
  x <- images(array(0, c(4, 5, 5)))
  expect_error(evaluate(model, x, factor(c("a", "b"))), class = "intertwine_error_shape")
  expect_error(confusion_table(model, x, c(0.1, 0.2, 0.3, 0.4)), class = "intertwine_error_argument")
  expect_error(confusion_table("model", x, 1:4), class = "intertwine_error_argument_type")
  fitted <- fit(model, x, factor(c("a", "b", "a", "b")), epochs = 1)
  expect_error(evaluate(fitted, x, factor(c("a", "b", "c", "b"))), class = "intertwine_error_argument")
})

test_that("whole numbers are taken as positions of levels, and that is said where they may be labels", {
  skip_if_no_python()
  model <- field_type(gspace_rot2d(N = 4), trivial = 1) |> head_classes()
  x <- images(array(rnorm(100), c(4, 5, 5)))
  y <- factor(c(3, 5, 3, 5))
  fitted <- fit(model, x, y, epochs = 1)
  expect_warning(scores <- evaluate(fitted, x, as.integer(y)), class = "intertwine_warning_levels")
  expect_identical(scores, evaluate(fitted, x, y))
  expect_error(evaluate(fitted, x, as.double(y)), class = "intertwine_error_argument_type")
  counted <- fit(model, x, c(1L, 2L, 1L, 2L), epochs = 1)
  expect_silent(scores <- evaluate(counted, x, c(1, 2, 1, 2)))
  expect_identical(scores, evaluate(counted, x, c(1L, 2L, 1L, 2L)))
})

test_that("the device is used, and refused if it is not there", {
  skip_if_no_python()
  module <- field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(trivial = 2), kernel_size = 3) |>
    head_classes(n = 2)
  x <- array(rnorm(4 * 25), c(4, 1, 5, 5))
  y <- factor(c("a", "b", "a", "b"))
  expect_identical(evaluate(module, x, y, device = "cpu"), evaluate(module, x, y))
  for (wrong in c("abacus", "meta")) {
    expect_error(evaluate(module, x, y, device = wrong), class = "intertwine_error_argument")
    expect_error(confusion_table(module, x, y, device = wrong), class = "intertwine_error_argument")
    expect_error(predict(module, x, device = wrong), class = "intertwine_error_argument")
    expect_error(fit(module, x, y, device = wrong), class = "intertwine_error_argument")
  }
})
