toy <- function(n = 40) {
  list(x = images(array(stats::runif(n * 49), c(n, 7, 7))), y = factor(rep(c("a", "b"), length.out = n)))
}

toy_model <- function() {
  field_type(gspace_rot2d(N = 4), trivial = 1) |>
    r2_conv(out = c(regular = 2), kernel_size = 3) |>
    head_classes(n = 2)
}

test_that("callbacks hear of each epoch and may stop", {
  skip_if_no_python()
  data <- toy()
  heard <- list()
  listen <- function(logs) {
    heard[[length(heard) + 1]] <<- logs
    logs$epoch < 3
  }
  fitted <- fit(toy_model(), data$x, data$y, epochs = 9, callbacks = listen)
  expect_identical(fitted$stopped, "callback")
  expect_equal(vapply(heard, function(logs) logs$epoch, 0), 1:3)
  expect_true(all(c("loss", "accuracy", "seconds") %in% names(heard[[1]])))
  expect_equal(nrow(fitted$history), 3)
})

test_that("callbacks may come as a list", {
  skip_if_no_python()
  data <- toy()
  counts <- c(epoch = 0, batch = 0)
  fit(toy_model(), data$x, data$y, epochs = 2, callbacks = list(
    function(logs) counts["epoch"] <<- counts["epoch"] + 1,
    callback_function(on_batch_end = function(logs) counts["batch"] <<- counts["batch"] + 1)
  ))
  expect_equal(counts[["epoch"]], 2)
})

test_that("the error of a callback arrives as parent", {
  skip_if_no_python()
  data <- toy()
  failing <- function(logs) rlang::abort("my metric failed", class = "my_metric_error")
  condition <- expect_error(
    fit(toy_model(), data$x, data$y, callbacks = failing),
    class = "intertwine_error_callback"
  )
  expect_s3_class(condition$parent, "my_metric_error")
})

test_that("training stops early at the best weights", {
  skip_if_no_python()
  data <- toy()
  fitted <- fit(
    toy_model(), data$x, data$y,
    epochs = 100, validation = 0.5, learn_rate = 0.1, callbacks = callback_stop_early(patience = 2)
  )
  expect_identical(fitted$stopped, "early")
  held <- fitted$history[fitted$history$split == "validation", ]
  expect_equal(fitted$best_epoch, which.min(held$loss))
})

test_that("a checkpoint is gone on from", {
  skip_if_no_python()
  data <- toy()
  folder <- withr::local_tempdir()
  model <- toy_model()
  fit(model, data$x, data$y, epochs = 2, callbacks = callback_checkpoint(folder))
  more <- fit(model, data$x, data$y, epochs = 4, callbacks = callback_checkpoint(folder))
  expect_equal(max(more$history$epoch), 4)
  expect_equal(nrow(more$history), 4)
})

test_that("a diverging loss is mentioned", {
  skip_if_no_python()
  data <- toy()
  expect_warning(
    fitted <- fit(toy_model(), data$x * 1e18, data$y, epochs = 30, learn_rate = 1e18, optimizer = "sgd"),
    class = "intertwine_warning_diverged"
  )
  expect_identical(fitted$stopped, "diverged")
})

test_that("Ctrl-C stops cleanly, twenty times in a row, and history is kept", {
  skip_if_no_python()
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  script <- c(
    "data <- list(x = images(array(runif(64 * 169), c(64, 13, 13))), y = factor(rep(c('a', 'b'), 32)))",
    "model <- field_type(gspace_rot2d(N = 4), trivial = 1) |>",
    "  r2_conv(out = c(regular = 2), kernel_size = 5) |> head_classes(n = 2)",
    sprintf("folder <- '%s'", folder),
    "cat(Sys.getpid(), file = file.path(folder, 'pid'))",
    "for (round in 1:20) {",
    "  begun <- function(logs) file.create(file.path(folder, paste0('begun', round)))",
    "  fitted <- suppressWarnings(fit(model, data$x, data$y, epochs = 1e6, batch_size = 8, callbacks = begun))",
    "  cat(round, fitted$stopped, nrow(fitted$history) > 0, all(is.finite(fitted$history$loss)), '\\n')",
    "}",
    "cat('still alive\\n')"
  )
  interrupt <- function() {
    limit <- Sys.time() + 60
    for (round in 1:20) {
      begun <- file.path(folder, paste0("begun", round))
      while (!file.exists(begun) && Sys.time() < limit) Sys.sleep(0.02)
      if (!file.exists(begun)) break
      tools::pskill(as.integer(readLines(file.path(folder, "pid"), warn = FALSE)), tools::SIGINT)
    }
  }
  output <- r_session(script, meanwhile = interrupt)
  expect_identical(utils::tail(output, 1), "still alive")
  expect_length(grep("interrupted TRUE TRUE", output), 20)
})

test_that("callbacks print", {
  expect_snapshot({
    callback_function(on_epoch_end = print)
    callback_stop_early(patience = 3)
    callback_checkpoint("folder")
  })
  expect_error(callback_function("print"), class = "intertwine_error_argument_type")
  expect_error(callback_stop_early(0), class = "intertwine_error_argument")
})
