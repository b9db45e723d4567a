hostile <- list(
  class = c("class", "truth", "class_2", "x"),
  spaces = c("a b", "a.b", "a_b", ""),
  unicode = c("\u00e9", "e\u0301", "\u65e5\u672c", "a\nb"),
  numbers = c("1", "01", "1.0", "TRUE"),
  reserved = c("NA", "NULL", ".pred", ".pred_class")
)

test_that("names of columns never collide, and stay where they are free", {
  expect_identical(column_names(c("a", "b")), c("a", "b"))
  expect_identical(column_names(c("a", "a", "a_2")), c("a", "a_3", "a_2"))
  expect_identical(column_names(c("a", NA, "NA"), "a"), c("a_2", "NA", "NA_2"))
  for (words in c(hostile, list(c("a", "a", "", "", NA, NA)))) {
    for (taken in list(character(), words, ".pred_class")) {
      made <- column_names(words, taken)
      expect_false(anyDuplicated(c(made, setdiff(taken, made))) > 0)
      expect_false(any(made %in% taken))
    }
  }
})

test_that("levels of any name survive training, prediction, augment() and confusion_table()", {
  skip_if_no_python()
  set.seed(1)
  module <- reticulate::import("torch")$nn$Linear(2L, 4L)
  data <- data.frame(.pred_class = rnorm(8), .truth = rnorm(8))
  for (levels in hostile) {
    y <- factor(rep(levels, 2), levels = levels)
    fitted <- fit(module, data, y, epochs = 1, verbose = FALSE)
    expect_identical(fitted$levels, levels)
    expect_identical(colnames(predict(fitted, data, type = "prob")), levels)
    expect_identical(levels(predict(fitted, data)), levels)
    expect_identical(dimnames(confusion_table(fitted, data, y)), list(truth = levels, predicted = levels))
    bare <- augment(fitted, as.matrix(data), y)
    expect_false(anyDuplicated(names(bare)) > 0)
    expect_identical(names(bare)[1:2], c(".truth", ".pred_class"))
    expect_length(bare, 6)
    expect_equal(unname(rowSums(bare[3:6])), rep(1, 8), tolerance = 1e-6)
    expect_warning(beside <- augment(fitted, data, y), class = "intertwine_warning_columns")
    expect_identical(beside[1:2], data)
    expect_false(anyDuplicated(names(beside)) > 0)
  }
})

test_that("a missing level is refused", {
  expect_error(
    as_targets(addNA(factor(c("a", NA)))), "has a level that is missing", class = "intertwine_error_levels"
  )
})

test_that("metrics keep their names in history, tidy() and glance()", {
  skip_if_no_python()
  module <- reticulate::import("torch")$nn$Linear(2L, 1L)
  metrics <- list("my metric" = "mae", "validation_loss" = "rmse", "epochs" = "mse", "seconds " = "r2")
  fitted <- fit(
    module, matrix(rnorm(24), 12), rnorm(12),
    epochs = 1, verbose = FALSE, metrics = metrics, validation = 0.25
  )
  expect_true(all(names(metrics) %in% names(fitted$history)))
  expect_true(all(names(metrics) %in% tidy(fitted)$metric))
  expect_false(anyDuplicated(names(glance(fitted))) > 0)
  expect_identical(nrow(glance(fitted)), 1L)
})

test_that("the columns of a table are found by name, and others are left out", {
  skip_if_no_python()
  set.seed(1)
  net <- field_type(gspace_none(cyclic_group(2)), regular = 2) |> equivariant_linear(out = c(trivial = 1))
  fitted <- fit(net, iris[1:4], iris$Sepal.Length, epochs = 1, verbose = FALSE)
  expected <- predict(fitted, iris[1:4])
  expect_identical(predict(fitted, iris[5:1]), expected)
  expect_identical(predict(fitted, as.matrix(iris[4:1])), expected)
  expect_named(augment(fitted, iris), c(names(iris), ".pred"))
  path <- withr::local_tempfile(fileext = ".safetensors")
  intertwine_save(fitted, path)
  expect_identical(predict(intertwine_load(path), iris), expected)
  expect_identical(evaluate(fitted, iris[5:1], 1:150), evaluate(fitted, iris[1:4], as.double(1:150)))
})
