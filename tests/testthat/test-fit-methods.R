# A fit as fit() makes it, without Python.
paper_fit <- function(stopped = "finished") {
  history <- data.frame(
    epoch = rep(1:3, each = 2), split = rep(c("train", "validation"), 3),
    loss = c(2, 2.1, 1, 1.2, 0.5, 0.9), accuracy = c(0.1, 0.1, 0.5, 0.4, 0.9, 0.8),
    batches = 4L, learn_rate = 0.001, seconds = 0.1
  )
  structure(
    list(
      history = history, levels = c("a", "b"), kind = "class", input_size = c(1L, 8L, 8L), stopped = stopped,
      seconds = 1.24, batches = 12, best_epoch = NULL, parameters = 1234, settings = list(epochs = 3L),
      state = raw(0), live = new.env()
    ),
    class = "intertwine_fit"
  )
}

test_that("a fit prints what it is and how it went", {
  expect_snapshot({
    paper_fit()
    paper_fit("interrupted")
    str(paper_fit())
  })
})

test_that("tidy() has a row for each epoch, split and measure", {
  rows <- tidy(paper_fit())
  expect_identical(names(rows), c("epoch", "split", "metric", "value"))
  expect_equal(nrow(rows), 12)
  expect_equal(rows$value[1:4], c(2, 0.1, 2.1, 0.1))
  expect_identical(as.data.frame(paper_fit()), paper_fit()$history)
})

test_that("glance() sums up in one row", {
  row <- glance(paper_fit())
  expect_equal(nrow(row), 1)
  expect_equal(row$epochs, 3)
  expect_equal(row$loss, 0.5)
  expect_equal(row$validation_accuracy, 0.8)
  expect_identical(row$stopped, "finished")
})

test_that("$ names parts exactly", {
  fitted <- paper_fit()
  expect_error(fitted$stat, "state", class = "intertwine_error_missing_name")
  expect_error(fitted[["stat"]], class = "intertwine_error_missing_name")
  expect_false("live" %in% names(fitted))
  expect_error(fitted$module, class = "intertwine_error_dead_pointer")
})

test_that("charts are drawn", {
  chart <- ggplot2::autoplot(paper_fit())
  expect_s3_class(chart, "ggplot")
  expect_silent(ggplot2::ggplot_build(chart))
  withr::local_pdf(NULL)
  expect_invisible(plot(paper_fit()))
})
